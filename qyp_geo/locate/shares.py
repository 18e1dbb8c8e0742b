"""Sites that can serve only so much, as a model: who is open, and what share of each demand unit walks where."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from qyp_geo.locate.instance import Bools, Floats, Instance
from qyp_geo.locate.milp import Model, solve

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Shares:
    """The pairs of usable sites and demand with weight, and what they may carry.

    Parameters
    ----------
    instance
        The question.
    pairs
        Numbers of these walks in the instance.
    weight
        By pair: that of its demand unit.
    capacity
        By site: its capacity, but no more than the weight of its pairs.
    """

    instance: Instance
    pairs: npt.NDArray[np.intp]
    weight: Floats
    capacity: Floats

    def model(self, objective: Floats, *, opened: Bools | None = None, served: float = 0.0, maximise: bool) -> Model:
        """Columns: each site, each pair. Rows: each unit, each site, each pair, the sites' number and cost, all served.

        Parameters
        ----------
        objective
            By column.
        opened
            The sites, where they are given: then limits on new ones are theirs, and nothing need be a whole number.
        served
            The weight that must be served at least.
        """
        instance, sites, pairs = self.instance, len(self.instance.sites), len(self.pairs)
        unit, site, pair = instance.unit[self.pairs], instance.site[self.pairs], np.arange(pairs)
        settled = instance.kept | instance.forced
        ones = np.ones(pairs)
        by_unit = sparse.csr_array((ones, (unit, pair)), shape=(len(instance.demand), pairs))
        by_site = sparse.csr_array((self.weight, (site, pair)), shape=(sites, pairs))
        of_pair = sparse.csr_array((ones, (pair, site)), shape=(pairs, sites))
        limits = sparse.csr_array(np.vstack((~instance.kept, new_cost(instance))).astype(np.float64))
        budget = math.inf if instance.budget is None else instance.budget * (1 + _ROUNDING)
        matrix = sparse.csr_array(
            sparse.vstack(
                (
                    sparse.hstack((sparse.csr_array((len(instance.demand), sites)), by_unit)),
                    sparse.hstack((-sparse.diags_array(self.capacity), by_site)),
                    sparse.hstack((-of_pair, sparse.eye_array(pairs))),
                    sparse.hstack((limits, sparse.csr_array((2, pairs)))),
                    sparse.csr_array(np.concatenate((np.zeros(sites), self.weight))[None]),
                )
            )
        )
        row_upper = np.zeros(matrix.shape[0])
        row_upper[: len(instance.demand)] = 1.0
        row_upper[-3:] = instance.new_sites, budget, math.inf
        row_lower = np.full(matrix.shape[0], -math.inf)
        row_lower[-1] = served
        least, most = (settled, instance.usable) if opened is None else (opened, opened)
        return Model(
            cost=objective,
            lower=np.concatenate((least.astype(np.float64), np.zeros(pairs))),
            upper=np.concatenate((most.astype(np.float64), ones)),
            integer=np.arange(sites + pairs) < (sites if opened is None else 0),
            matrix=matrix,
            row_lower=row_lower,
            row_upper=row_upper,
            maximise=maximise,
        )

    @property
    def all_served(self) -> Floats:
        """The objective that counts the weight served."""
        return np.concatenate((np.zeros(len(self.instance.sites)), self.weight))

    def serving(self, opened: Bools) -> Floats:
        """Columns that serve most from the sites `opened`."""
        answer = solve(self.model(self.all_served, opened=opened, maximise=True), time_limit_s=math.inf)
        assert answer.values is not None  # noqa: S101 -- to serve nobody is always allowed
        return answer.values


def shares_of(instance: Instance, capacity: Floats) -> Shares:
    """The pairs that can carry something."""
    pairs = np.flatnonzero(instance.usable[instance.site] & (instance.weight[instance.unit] > 0))
    weight = instance.weight[instance.unit[pairs]]
    reached = np.bincount(instance.site[pairs], weight, minlength=len(instance.sites))
    return Shares(instance=instance, pairs=pairs, weight=weight, capacity=np.minimum(capacity, reached))


def new_cost(instance: Instance) -> Floats:
    """By site: what opening it costs; 1 where no costs are given, 0 where it is kept."""
    return (~instance.kept).astype(np.float64) if instance.cost is None else instance.cost
