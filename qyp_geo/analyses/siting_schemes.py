"""The choice of sites: the best scheme with its proof, and others nearly as good that differ from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import sparse

from qyp_geo.analyses.access import Numbers
from qyp_geo.analyses.judging import Bools, Floats
from qyp_geo.analyses.siting_reach import Reach
from qyp_geo.locate import Plan, maximise_coverage

SCHEMES: Final = 3
"""How many different schemes a committee is shown."""
AS_GOOD: Final = 0.01
"""A scheme is as good as the best if its objective is less by no more than this share."""
_WORK: Final = 1e8
"""How much is looked at to find all schemes that are as good, in pairs of a group and a site: about a second."""
_EACH: Final = 2000
"""What one look costs beside its pairs."""
_MOST_FOUND: Final = 1000
"""So many schemes are enough to choose from."""
_ROUNDING: Final = 1e-9
_NUMERALS: Final = "一二三"


@dataclass(frozen=True, slots=True)
class Question:
    """Which sites to add so that most weight comes within reach, sites and groups of demand being numbers.

    Demand that an existing site serves already is not in it, and units that reach the same sites are one group: neither changes
    any answer, and both make the model small.

    Attributes
    ----------
    walks
        ``origin`` (group), ``target`` (site) and ``walk_m`` (0: only who reaches what matters).
    weight
        Of each group.
    sites
        Where something may be added.
    cost, budget
        By site, and what all may cost together; None without a budget.
    forced
        Sites that every scheme has.
    """

    walks: pd.DataFrame
    weight: pd.Series[float]
    sites: Sequence[int]
    cost: pd.Series[float] | None = None
    budget: float | None = None
    forced: tuple[int, ...] = ()

    @property
    def reaches(self) -> sparse.csr_array:
        """Which groups each site reaches, as ones, shape (sites, groups)."""
        return sparse.csr_array(
            (np.ones(len(self.walks)), (self.walks["target"], self.walks["origin"])),
            shape=(max(self.sites) + 1, len(self.weight)),
        )

    def best(self, new_sites: int) -> Plan:
        """Return the best choice of at most so many new sites, with its bound."""
        return maximise_coverage(
            self.walks,
            self.weight,
            new_sites=new_sites,
            candidates=self.sites,
            force=self.forced,
            cost=self.cost,
            budget=self.budget,
        )


def ask(
    near: Reach,
    weight: Floats,
    existing: Bools,
    *,
    cost: Floats | None = None,
    budget: float | None = None,
    forced: Sequence[int] = (),
) -> Question:
    """Put the question of the demand that no existing site serves.

    Parameters
    ----------
    near
        The walks within the limit.
    weight
        Of each demand unit.
    existing
        Which sites stand already, shape (sites,); all others may be added.
    cost, budget
        By site; and what all new ones may cost together.
    forced
        Sites that must be added, by number.
    """
    lacking = ~near.served(existing)
    pairs = np.flatnonzero(lacking[near.unit] & ~existing[near.site])
    unit, site = near.unit[pairs], near.site[pairs].astype(np.int64)
    groups: dict[bytes, int] = {}
    reached: list[tuple[int, ...]] = []
    total: list[float] = []
    for number, sites in zip(*_rows(unit, site), strict=True):
        group = groups.setdefault(sites.tobytes(), len(groups))
        if group == len(reached):
            reached.append(tuple(sites))
            total.append(0.0)
        total[group] += weight[number]
    free = [int(number) for number in np.flatnonzero(~existing)]
    walks = pd.DataFrame(
        {
            "origin": np.repeat(np.arange(len(reached)), [len(sites) for sites in reached]),
            "target": np.array([site for sites in reached for site in sites], dtype=np.int64),
        }
    ).assign(walk_m=0.0)
    return Question(
        walks=walks,
        weight=pd.Series(total, dtype=float),
        sites=free,
        cost=None if cost is None else pd.Series(cost[free], index=free),
        budget=budget,
        forced=tuple(forced),
    )


def _rows(unit: Numbers, site: Numbers) -> tuple[Numbers, list[Numbers]]:
    """Return each unit once, and the sites that it reaches."""
    units, first = np.unique(unit, return_index=True)
    return units, np.split(site, first[1:]) if len(units) else []


@dataclass(frozen=True, slots=True)
class Scheme:
    """Sites to add.

    Attributes
    ----------
    id, name
        What it is called.
    sites
        Their numbers, ascending.
    objective, bound
        The weight that they bring within reach, and what no choice of as many sites can pass.
    proven
        Whether the best scheme is proven to be the best.
    """

    id: str
    name: str
    sites: Numbers
    objective: float
    bound: float
    proven: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """The schemes to choose from.

    Attributes
    ----------
    best
        The best scheme that was found, with its bound.
    schemes
        The best and, of those as good with as many sites, the ones that differ most from it and from one another.
    n_as_good
        How many were found that are as good.
    all_found
        Whether these are all there are, and that is proven.
    next_bound
        Where they are all: what no other scheme of as many sites can pass; 0 where there is no other.
    """

    best: Plan
    schemes: list[Scheme]
    n_as_good: int
    all_found: bool
    next_bound: float


def choose(question: Question, best: Plan) -> Choice:
    """Find schemes as good as the best, with as many sites.

    Parameters
    ----------
    question
        What is asked.
    best
        Its best answer.
    """
    search = _Search(question, least=best.objective * (1.0 - AS_GOOD) * (1.0 - _ROUNDING))
    first = tuple(sorted(int(site) for site in best.chosen))
    search.found[first] = best.objective
    search.go(first)
    proven = best.status == "optimal"
    return Choice(
        best=best,
        schemes=[
            Scheme(f"S{n}", f"方案{_NUMERALS[n - 1]}", np.array(sites), search.found[sites], best.bound, proven)
            for n, sites in enumerate(_most_different(search.found, first, question), start=1)
        ],
        n_as_good=len(search.found),
        all_found=search.complete and proven,
        next_bound=search.next_bound,
    )


class _Search:
    """Looks for all choices of so many sites that bring no less than `least` within reach.

    Sites are taken in turn. What a site adds can only become less as others are added (Nemhauser, Wolsey & Fisher 1978): a
    choice that is begun cannot come to more than it has and the most that so many of the sites still to come would add now.
    """

    def __init__(self, question: Question, *, least: float) -> None:
        self.least = least
        self.found: dict[tuple[int, ...], float] = {}
        self.next_bound, self.complete = 0.0, True
        self._budget = math.inf if question.budget is None else question.budget * (1.0 + _ROUNDING)
        self._weight = question.weight.to_numpy()
        reaches = question.reaches
        alone = np.asarray(reaches @ self._weight, dtype=float)
        self._forced = np.array(question.forced, dtype=int)
        free = np.setdiff1d(question.sites, self._forced)
        self._free = free[np.argsort(-alone[free], kind="stable")]  # the best first: so most branches end early
        self._of_forced, self._reaches = reaches[self._forced], reaches[self._free]
        cost = np.zeros(len(alone))
        if question.cost is not None:
            cost[question.cost.index] = question.cost
        self._cost, self._forced_cost = cost[self._free], float(cost[self._forced].sum())
        self._looks_left = _WORK / (self._reaches.nnz + _EACH)

    def go(self, best: tuple[int, ...]) -> None:
        """Search, for choices of as many sites as the best has.

        Those that differ from the best in one site are looked at first, in case there are too many to look at all.
        """
        places = np.flatnonzero(np.isin(self._free, best))
        for out in places:
            kept = places[places != out]
            value, lacking = self._begun(kept)
            values = value + self._adds(lacking)
            values[kept] = 0.0
            self._end(tuple(kept.tolist()), 0, values, self._forced_cost + self._cost[kept].sum() + self._cost)
        value, lacking = self._begun(np.empty(0, dtype=int))
        if len(places):
            self._extend((), 0, len(places), value, lacking, self._forced_cost)

    def _begun(self, kept: Numbers) -> tuple[float, Floats]:
        """Return the weight that the forced sites and some others reach, and by group what they do not."""
        covered = (self._of_forced.sum(axis=0) > 0) | (self._reaches[kept].sum(axis=0) > 0)
        return float(self._weight[covered].sum()), np.where(covered, 0.0, self._weight)

    def _adds(self, lacking: Floats) -> Floats:
        """Return, by free site, how much of a weight it reaches."""
        self._looks_left -= 1
        return np.asarray(self._reaches @ lacking, dtype=float)

    def _extend(
        self, taken: tuple[int, ...], start: int, left: int, value: float, lacking: Floats, spent: float
    ) -> None:
        """Add `left` more to the places taken among the free sites, from `start` on; `lacking` is weight not yet reached."""
        adds = self._adds(lacking)
        if left == 1:
            self._end(taken, start, value + adds[start:], spent + self._cost[start:])
            return
        for place in range(start, len(adds) - left + 1):
            if self._looks_left < 0 or len(self.found) >= _MOST_FOUND:
                self.complete = False
                return
            most = value + np.partition(adds[place:], -left)[-left:].sum()
            if most < self.least:
                self.next_bound = max(self.next_bound, most)
                return
            if spent + self._cost[place] <= self._budget:
                still = lacking.copy()
                still[self._reaches.indices[self._reaches.indptr[place] : self._reaches.indptr[place + 1]]] = 0.0
                more = float(adds[place])
                self._extend((*taken, place), place + 1, left - 1, value + more, still, spent + self._cost[place])

    def _end(self, taken: tuple[int, ...], start: int, values: Floats, costs: Floats) -> None:
        """Note the choices that are complete with one more site."""
        values = np.where(costs <= self._budget, values, 0.0)
        for nth in np.flatnonzero(values >= self.least):
            sites = np.concatenate([self._forced, self._free[np.array([*taken, start + int(nth)])]])
            self.found.setdefault(tuple(sorted(sites.tolist())), float(values[nth]))
        self.next_bound = max(self.next_bound, values[values < self.least].max(initial=0.0))


def _most_different(
    found: dict[tuple[int, ...], float], first: tuple[int, ...], question: Question
) -> list[tuple[int, ...]]:
    """Return the first and, one after the other, the one that differs most from any taken; the better ones first.

    What counts is the weight that only one of two schemes brings within reach; where that is the same, the sites they share.
    """
    order = sorted(found, key=lambda sites: (-found[sites], sites))
    has = np.zeros((len(order), max(question.sites) + 1))
    for row, sites in enumerate(order):
        has[row, list(sites)] = 1.0
    serves = (has @ question.reaches) > 0
    weight = question.weight.to_numpy()
    taken = [order.index(first)]
    while len(taken) < min(SCHEMES, len(order)):
        apart = np.min([(serves != serves[row]) @ weight for row in taken], axis=0)
        shared = (has @ has[taken].T).max(axis=1)
        rest = np.setdiff1d(np.arange(len(order)), taken)
        taken.append(int(rest[np.lexsort((shared[rest], -apart[rest]))[0]]))
    return [first, *sorted((order[row] for row in taken[1:]), key=lambda sites: -found[sites])]
