"""Who covers whom, without what is settled: kept and forced sites, demand out of reach, demand that is alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from qyp_geo.locate.instance import Bools, Codes, Floats, Instance
from qyp_geo.locate.swaps import Cover, search

_WORK = 6e7  # pairs looked at while searching: about a second, whatever the size
_ROUNDS = (20, 300)
_TRIES = 50
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Open:
    """What is left to decide.

    Parameters
    ----------
    base
        The weight that kept and forced sites cover.
    total
        The weight of all demand.
    site
        By column: the number of the site in the instance.
    reach
        Units by columns: 1 where the site covers the unit. Demand that the same sites cover is one unit.
    weight
        By unit.
    cost
        By column.
    most, budget
        How many sites may be added to the forced ones, and what they may cost together; may be infinite.
    """

    base: float
    total: float
    site: Codes
    reach: sparse.csr_array
    weight: Floats
    cost: Floats
    most: int
    budget: float

    def covered(self, chosen: Bools) -> float:
        """The weight that the chosen columns cover, beyond `base`."""
        return float(self.weight @ (self.reach @ chosen.astype(np.float64) > 0))

    def busy(self, chosen: Bools) -> Bools:
        """The chosen columns without those that cover nobody whom the others do not."""
        busy = chosen.copy()
        by_site = self.reach.T.tocsr()
        times = self.reach @ chosen.astype(np.float64)
        for column in np.flatnonzero(chosen):
            units = by_site.indices[by_site.indptr[column] : by_site.indptr[column + 1]]
            if (times[units] > 1).all():
                busy[column] = False
                times[units] -= 1
        return busy

    def only(self, columns: Bools) -> Open:
        """The same with some columns alone; what none of them covers keeps its (empty) row."""
        return Open(
            base=self.base,
            total=self.total,
            site=self.site[columns],
            reach=self.reach[:, np.flatnonzero(columns)].tocsr(),
            weight=self.weight,
            cost=self.cost[columns],
            most=self.most,
            budget=self.budget,
        )

    def opened(self, instance: Instance, chosen: Bools) -> Bools:
        """By site of the instance: kept, forced, or chosen."""
        opened = instance.kept | instance.forced
        opened[self.site[chosen]] = True
        return opened


def left_open(instance: Instance) -> Open:
    """What kept and forced sites leave to decide."""
    settled = np.zeros(len(instance.demand), dtype=np.bool_)
    settled[instance.unit[(instance.kept | instance.forced)[instance.site]]] = True
    pairs = instance.free[instance.site] & ~settled[instance.unit] & (instance.weight[instance.unit] > 0)
    site, inverse = np.unique(instance.site[pairs], return_inverse=True)
    rows: dict[bytes, int] = {}
    columns: list[Codes] = []
    alike, weight = [], []
    ends = np.concatenate(([0], np.cumsum(np.bincount(instance.unit[pairs], minlength=len(instance.demand)))))
    column: Codes = inverse.astype(np.int32)
    for unit in np.flatnonzero(np.diff(ends)):
        reached = column[ends[unit] : ends[unit + 1]]
        row = rows.setdefault(reached.tobytes(), len(rows))
        if row == len(columns):
            columns.append(reached)
        alike.append(row)
        weight.append(instance.weight[unit])
    lengths = [len(reached) for reached in columns]
    forced = instance.forced
    return Open(
        base=float(instance.weight[settled].sum()),
        total=float(instance.weight.sum()),
        site=site,
        reach=sparse.csr_array(
            (
                np.ones(sum(lengths)),
                np.concatenate([np.empty(0, dtype=np.int32), *columns]),
                np.concatenate(([0], np.cumsum(lengths, dtype=np.int32))),
            ),
            shape=(len(columns), len(site)),
        ),
        weight=np.bincount(
            np.asarray(alike, dtype=np.intp), np.asarray(weight, dtype=np.float64), minlength=len(columns)
        ).astype(np.float64),
        cost=np.ones(len(site)) if instance.cost is None else instance.cost[site],
        most=instance.new_sites - int(forced.sum()),
        budget=_budget(instance),
    )


def _budget(instance: Instance) -> float:
    if instance.budget is None or instance.cost is None:
        return math.inf
    slack = _ROUNDING * instance.budget  # .1 and .2 fit into .3
    return instance.budget + slack - float(instance.cost[instance.forced].sum())


def most_covering(question: Open) -> Bools:
    """Columns that cover much, by search."""
    return _searched(question, most=question.most, budget=question.budget, enough=math.inf)


def few_covering(question: Open, enough: float) -> Bools:
    """Cheap columns that cover `enough`, by search: each time with a little less to spend, until that fails."""
    best = _searched(question, most=len(question.site), budget=math.inf, enough=enough)
    step = 1.0 if whole(question.cost) else 1e-6 * float(question.cost[best].sum())
    for _ in range(_TRIES):
        spent = float(question.cost[best].sum())
        if spent <= 0:
            break
        cheaper = _searched(question, most=len(question.site), budget=spent - step, enough=enough)
        if question.covered(cheaper) < enough:
            break
        best = cheaper
    return best


def whole(values: Floats) -> bool:
    """Whether all are whole numbers, so that their sums are."""
    return bool((values == np.rint(values)).all())


def _searched(question: Open, *, most: int, budget: float, enough: float) -> Bools:
    if len(question.site) == 0:
        return np.zeros(0, dtype=np.bool_)
    by_site = question.reach.T.tocsr()
    cover = Cover(
        by_site.indptr.astype(np.int64),
        by_site.indices.astype(np.int32),
        question.weight,
        question.cost,
        most,
        budget,
        enough,
    )
    rounds = int(np.clip(_WORK / question.reach.nnz, *_ROUNDS))
    found: Bools = search(cover, np.random.default_rng(0), rounds)
    return found
