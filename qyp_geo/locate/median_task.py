"""What a question of least walking comes down to, once kept sites and demand without weight are out of the way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qyp_geo.locate.instance import Bools, Codes, Floats, Instance

_ROUNDING = 1e-9
"""Share of a budget that adding up costs may take or give."""


@dataclass(frozen=True, slots=True)
class Task:
    """Choose sites so that the cost of serving all demand is least.

    A kept site serves at a cost that is known beforehand, as being unreached does; so both are one number, the charge.

    Parameters
    ----------
    sites, units
        Numbers, in the instance, of the sites that may be added (those forced first) and of the demand with weight.
    first, unit, cost
        The pairs of site `j` are at ``first[j]:first[j + 1]``: the unit, and what serving it from here costs. Only pairs
        that cost less than the charge.
    charge
        What serving a unit costs without any new site; infinite where there must be one.
    n_forced, n_most
        How many of the sites must be added, and at most may be.
    price, purse
        Of each site, and what all new ones together may cost.
    """

    sites: npt.NDArray[np.intp]
    units: npt.NDArray[np.intp]
    first: npt.NDArray[np.int64]
    unit: Codes
    cost: Floats
    charge: Floats
    n_forced: int
    n_most: int
    price: Floats
    purse: float

    @property
    def dearest(self) -> float:
        """More than any plan costs that leaves nobody unreached."""
        worst = np.where(np.isinf(self.charge), 0.0, self.charge)
        np.maximum.at(worst, self.unit, self.cost)
        return 1.0 + float(worst.sum())

    @property
    def finite_charge(self) -> Floats:
        """The charge; where there is none, so much that a plan that pays it costs more than any that does not."""
        return np.where(np.isinf(self.charge), self.dearest, self.charge)

    def value(self, chosen: npt.NDArray[np.intp]) -> float:
        """What serving all costs when the sites `chosen` are added; infinite where one that must be is not reached."""
        least = self.charge.copy()
        for site in chosen:
            pairs = slice(self.first[site], self.first[site + 1])
            least[self.unit[pairs]] = np.minimum(least[self.unit[pairs]], self.cost[pairs])
        return float(least.sum())

    def opened(self, instance: Instance, chosen: npt.NDArray[np.intp]) -> Bools:
        """By site of the instance: is it kept, or chosen here."""
        opened = instance.kept.copy()
        opened[self.sites[chosen]] = True
        return opened


def task_of(instance: Instance, pair_cost: Floats, unreached: Floats) -> Task:
    """The task in which a walk costs `pair_cost` (one for each walk), and a unit that nothing serves `unreached`."""
    charge = unreached.copy()
    by_kept = instance.kept[instance.site]
    np.minimum.at(charge, instance.unit[by_kept], pair_cost[by_kept])
    units = np.flatnonzero(instance.weight > 0)
    forced = np.flatnonzero(instance.forced)
    sites = np.concatenate((forced, np.flatnonzero(instance.free)))
    unit_number = np.full(len(instance.demand), -1, dtype=np.int32)
    unit_number[units] = np.arange(len(units), dtype=np.int32)
    site_number = np.full(len(instance.sites), -1, dtype=np.int32)
    site_number[sites] = np.arange(len(sites), dtype=np.int32)
    pairs = np.flatnonzero(
        (site_number[instance.site] >= 0) & (unit_number[instance.unit] >= 0) & (pair_cost < charge[instance.unit])
    )
    pairs = pairs[np.argsort(site_number[instance.site[pairs]], kind="stable")]
    site = site_number[instance.site[pairs]]
    price = np.zeros(len(sites)) if instance.cost is None else instance.cost[sites]
    purse = math.inf if instance.budget is None else instance.budget * (1 + _ROUNDING)
    affordable = np.count_nonzero(price[: len(forced)].sum() + np.cumsum(np.sort(price[len(forced) :])) <= purse)
    return Task(
        sites=sites,
        units=units,
        first=np.concatenate(([0], np.cumsum(np.bincount(site, minlength=len(sites))))),
        unit=unit_number[instance.unit[pairs]],
        cost=pair_cost[pairs],
        charge=charge[units],
        n_forced=len(forced),
        n_most=min(instance.new_sites, len(forced) + int(affordable)),
        price=price,
        purse=purse,
    )
