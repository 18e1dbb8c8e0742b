"""Demand shared out among sites that can serve only so much, at the least cost: the model, and its solution by HiGHS."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from qyp_geo.locate.instance import Bools, Floats, Instance
from qyp_geo.locate.milp import Model, solve
from qyp_geo.locate.plan import assigned, nearest_open, relative_gap

_HARDLY: Final = 1e-7
"""A share of a unit below this is the solver's tolerance."""

_TOLERANCE: Final = 1e-6
_ROUNDING: Final = 1e-9
_HUGE: Final = 1e300


class Shared(NamedTuple):
    """The best plan found, what it costs, and what none costs less than.

    None and infinite where none was found; the bound is infinite, too, where there is none. `assignment` is as in
    `Plan`, of demand with weight.
    """

    opened: Bools | None
    assignment: pd.DataFrame | None
    cost: float
    bound: float


class Sharing(NamedTuple):
    """Columns: is a site open, by site; the share of a unit served, by pair; the share left unserved, by unit.

    Parameters
    ----------
    instance
        With capacities.
    pairs
        Numbers of the walks along which demand may be served.
    units
        Numbers of the demand with weight.
    scale
        What costs are divided by in the model.
    model
        The model, without rows that only sharpen it.
    """

    instance: Instance
    pairs: npt.NDArray[np.intp]
    units: npt.NDArray[np.intp]
    scale: float
    model: Model

    def fixed(self, opened: Bools) -> Model:
        """The model with just these sites open: a linear program."""
        n_sites = len(opened)
        sites = opened.astype(np.float64)
        lower = np.concatenate((sites, self.model.lower[n_sites:]))
        upper = np.concatenate((sites, self.model.upper[n_sites:]))
        return replace(self.model, lower=lower, upper=upper, integer=np.zeros_like(self.model.integer))

    def sharpened(self, values: Floats) -> npt.NDArray[np.intp]:
        """The pairs (places in `pairs`) whose share in `values` is greater than what of the site is open."""
        n_sites = len(self.instance.sites)
        share = values[n_sites : n_sites + len(self.pairs)]
        return np.flatnonzero(share > values[self.instance.site[self.pairs]] + _TOLERANCE)

    def links(self, places: npt.NDArray[np.intp]) -> sparse.csr_array:
        """Rows ``share of pair - open <= 0``."""
        row = np.arange(len(places))
        pair, site = len(self.instance.sites) + places, self.instance.site[self.pairs[places]].astype(np.intp)
        at = (np.concatenate((row, row)), np.concatenate((pair, site)))
        values = np.repeat([1.0, -1.0], len(places))
        return sparse.coo_array((values, at), shape=(len(places), self.model.matrix.shape[1])).tocsr()

    def assignment(self, values: Floats) -> pd.DataFrame:
        """Who walks where, by the values of a solution."""
        n_sites = len(self.instance.sites)
        share = values[n_sites : n_sites + len(self.pairs)]
        walked = np.flatnonzero(share > _HARDLY)
        pairs = self.pairs[walked]
        unit, site, walk_m = self.instance.unit[pairs], self.instance.site[pairs], self.instance.walk_m[pairs]
        rounded = np.where(share[walked] > 1 - _HARDLY, 1.0, share[walked])
        return assigned(self.instance, unit, site, walk_m, rounded)


def sharing(instance: Instance, pair_cost: Floats, unreached: Floats, *, within: Bools | None = None) -> Sharing:
    """The model in which serving a whole unit along a walk costs `pair_cost`, and leaving it unserved `unreached`.

    Parameters
    ----------
    instance
        With capacities.
    pair_cost
        One for each walk.
    unreached
        One for each demand unit; infinite where all of it must be served.
    within
        By walk: may demand be served along it. None: along all.
    """
    if instance.capacity is None:
        raise ValueError("nothing is to be shared out where sites have no capacity")
    units = np.flatnonzero(instance.weight > 0)
    usable = instance.usable[instance.site] & (instance.weight[instance.unit] > 0)
    pairs = np.flatnonzero(usable if within is None else usable & within)
    n_sites, n_pairs, n_units = len(instance.sites), len(pairs), len(units)
    unit, site = np.searchsorted(units, instance.unit[pairs]), instance.site[pairs]
    weight = instance.weight[instance.unit[pairs]]
    mean_weight = float(instance.weight[units].mean()) if n_units else 1.0
    capacity = np.minimum(instance.capacity, np.bincount(site, weights=weight, minlength=n_sites)) / mean_weight
    pair = n_sites + np.arange(n_pairs)
    left = n_sites + n_pairs + np.arange(n_units)
    price = np.zeros(n_sites) if instance.cost is None else instance.cost
    n_columns = n_sites + n_pairs + n_units

    def rows(row: npt.NDArray[np.intp], column: npt.NDArray[np.intp], value: Floats, n_rows: int) -> sparse.csr_array:
        return sparse.coo_array((value, (row, column)), shape=(n_rows, n_columns)).tocsr()

    everyone = rows(
        np.concatenate((unit, np.arange(n_units))), np.concatenate((pair, left)), np.ones(n_pairs + n_units), n_units
    )
    room = rows(
        np.concatenate((site, np.arange(n_sites))),
        np.concatenate((pair, np.arange(n_sites))),
        np.concatenate((weight / mean_weight, -capacity)),
        n_sites,
    )
    new = np.flatnonzero(~instance.kept)
    count = rows(np.zeros(len(new), dtype=np.intp), new, np.ones(len(new)), 1)
    spent = rows(np.zeros(len(new), dtype=np.intp), new, price[new], 1)
    purse = np.inf if instance.budget is None else instance.budget * (1 + _ROUNDING)
    must = np.isinf(unreached[units])
    scale = max(1.0, float(np.mean(np.concatenate((pair_cost[pairs], unreached[units][~must], [0.0])))))
    return Sharing(
        instance,
        pairs,
        units,
        scale,
        Model(
            cost=np.concatenate((np.zeros(n_sites), pair_cost[pairs], np.where(must, 0.0, unreached[units]))) / scale,
            lower=np.concatenate(((instance.kept | instance.forced).astype(np.float64), np.zeros(n_pairs + n_units))),
            upper=np.concatenate((instance.usable.astype(np.float64), np.ones(n_pairs), (~must).astype(np.float64))),
            integer=np.repeat([True, False], [n_sites, n_pairs + n_units]),
            matrix=sparse.vstack([everyone, room, count, spent], format="csr"),
            row_lower=np.concatenate((np.ones(n_units), np.full(n_sites + 2, -np.inf))),
            row_upper=np.concatenate((np.ones(n_units), np.zeros(n_sites), [instance.new_sites, purse])),
        ),
    )


def shared_out(asked: Sharing, starts: list[Bools], *, bound: float, until: float, gap: float) -> Shared:
    """The cheapest plan, given sets of sites to start from and a bound that holds; until ``perf_counter`` says `until`.

    Rows that keep the share of each pair below the opening of its site say nothing new of whole sites, but much of
    sites opened in part; those that a solution misses are added before whole sites are asked for.
    """
    best, cost = None, np.inf
    for opened in starts:
        answer = solve(asked.fixed(opened), time_limit_s=np.inf)  # a small linear program, not left to the clock
        if answer.status == "optimal" and answer.bound * asked.scale < cost:
            best, cost = answer.values, answer.bound * asked.scale
    model = asked.model
    while _left(until) and relative_gap(min(cost, _HUGE), bound) > gap:
        answer = solve(replace(model, integer=np.zeros_like(model.integer)), time_limit_s=_left(until))
        if answer.status != "optimal" or answer.values is None:
            break
        bound = max(bound, answer.bound * asked.scale)
        places = asked.sharpened(answer.values)
        if not len(places):
            break
        links = asked.links(places)
        model = replace(
            model,
            matrix=sparse.vstack([model.matrix, links], format="csr"),
            row_lower=np.append(model.row_lower, np.full(len(places), -np.inf)),
            row_upper=np.append(model.row_upper, np.zeros(len(places))),
        )
    if _left(until) and relative_gap(min(cost, _HUGE), bound) > gap:
        answer = solve(model, time_limit_s=_left(until), gap=gap, start=best)
        if answer.status == "infeasible":
            return Shared(None, None, np.inf, np.inf)
        bound = max(bound, answer.bound * asked.scale)
        if answer.values is not None and (found := float(model.cost @ answer.values) * asked.scale) < cost:
            best, cost = answer.values, found
        if answer.status == "optimal" and cost - bound <= _TOLERANCE * cost:
            bound = cost
    if best is None:
        return Shared(None, None, np.inf, bound)
    return Shared(best[: len(asked.instance.sites)] > 0.5, asked.assignment(best), cost, min(bound, cost))


def with_the_weightless(instance: Instance, opened: Bools, assignment: pd.DataFrame | None) -> pd.DataFrame:
    """`assignment` (None: of nobody), and demand of weight 0, which takes no room, at the nearest site."""
    nearest = nearest_open(instance, opened)
    if assignment is None:
        assignment = nearest[:0]
    weightless = instance.demand[instance.weight == 0]
    return pd.concat([assignment, nearest[nearest["origin"].isin(weightless)]], ignore_index=True)


def _left(until: float) -> float:
    """Seconds; 0 when the time is over."""
    return max(0.0, until - time.perf_counter())
