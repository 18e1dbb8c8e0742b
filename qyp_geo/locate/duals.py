"""How low the cost of serving all may lie at the least, by Lagrange's multipliers, and which sites that rules out.

Each unit offers a sum for being served. A site then collects what the units offer beyond its costs, and the sites that collect
most, with the sums of all units, bound the cost of any plan from below (Cornuejols, Fisher and Nemhauser 1977). The sums go up
where a unit is served by none and down where by several, in steps that shrink (Held, Wolfe and Crowder 1974).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qyp_geo.locate.instance import Bools, Floats
from qyp_geo.locate.interchange import Sites
from qyp_geo.locate.median_task import Task
from qyp_geo.network.kernels import compiled

_LOOKS: Final = 1_500_000_000
"""Pairs of demand and site that are looked at, at most: work, not time."""

_MOST_ROUNDS: Final = 2000
_PATIENCE: Final = 20
"""Rounds without a better bound after which the step shrinks."""

_SHRINK: Final = 0.6
_SHORTEST: Final = 0.002
_SLACK: Final = 1e-9
"""Share of the cost that stays out of the comparison, so that rounding rules out no site of the best plan known."""

_FREE, _IN, _OUT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Bound:
    """What was proven.

    Parameters
    ----------
    cost
        No plan serves all for less, or none for less than the plan given.
    offer
        What each unit offers for being served.
    ruled_in, ruled_out
        By site: no better plan than the one given is without it, or has it.
    """

    cost: float
    offer: Floats
    ruled_in: Bools
    ruled_out: Bools


def bounded(task: Task, chosen: Sites, cost: float, *, before: Bound | None = None) -> Bound:
    """The bound, given the best plan known, from the offers and with the sites ruled in and out `before`."""
    offer = _second_least(task, chosen) if before is None else before.offer.copy()
    state = np.full(len(task.sites), _FREE, dtype=np.int8)
    state[: task.n_forced] = _IN
    if before is not None:
        state[before.ruled_in] = _IN
        state[before.ruled_out] = _OUT
    least = _ascend(
        task.first, task.unit, task.cost, task.charge, state, task.n_most, min(cost, task.dearest), offer, _LOOKS
    )
    return Bound(cost=float(least), offer=offer, ruled_in=state == _IN, ruled_out=state == _OUT)


def _second_least(task: Task, chosen: Sites) -> Floats:
    """What the second nearest of the sites chosen would cost each unit: offers that are about right to begin with."""
    least, second = task.charge.copy(), task.charge.copy()
    for site in chosen:
        pairs = slice(task.first[site], task.first[site + 1])
        units = task.unit[pairs]
        second[units] = np.minimum(second[units], np.maximum(least[units], task.cost[pairs]))
        least[units] = np.minimum(least[units], task.cost[pairs])
    highest = np.zeros(len(task.units))
    np.maximum.at(highest, task.unit, task.cost)
    return np.where(np.isinf(second), highest, second)


@compiled
def _ascend(
    first: Any,
    unit: Any,
    cost: Any,
    charge: Any,
    state: Any,
    n_most: Any,
    known: Any,
    offer: Any,
    looks: Any,
) -> Any:
    """Return the bound; leave the offers it comes from in `offer`, and what is ruled in and out in `state`."""
    n_units, n_sites = charge.size, first.size - 1
    beyond = known * (1.0 + _SLACK)
    collected = np.zeros(n_sites)
    taken = np.zeros(n_sites, np.bool_)
    served = np.empty(n_units)
    best, best_offer = -np.inf, offer.copy()
    reach, stale = 1.0, 0
    for _ in range(_MOST_ROUNDS):
        bound = 0.0
        for i in range(n_units):
            bound += min(offer[i], charge[i])
            served[i] = 1.0 if offer[i] > charge[i] else 0.0
        taken[:] = state == _IN
        n_in = taken.sum()
        for site in np.flatnonzero(state != _OUT):
            total = 0.0
            for pair in range(first[site], first[site + 1]):
                total += max(offer[unit[pair]] - cost[pair], 0.0)
            collected[site] = total
            looks -= first[site + 1] - first[site]
            if taken[site]:
                bound -= total
        free = np.flatnonzero(state == _FREE)
        free = free[np.argsort(-collected[free], kind="mergesort")]
        n_taken = max(0, min(n_most - n_in, free.size))
        for k in range(n_taken):
            taken[free[k]] = True
            bound -= collected[free[k]]
        _rule(state, free, n_taken, collected, bound, beyond)

        stale = 0 if bound > best + 1e-7 * abs(best) else stale + 1
        if bound > best:
            best = bound
            best_offer[:] = offer
        if stale == _PATIENCE:
            reach, stale = reach * _SHRINK, 0
        for chosen in np.flatnonzero(taken):
            for pair in range(first[chosen], first[chosen + 1]):
                served[unit[pair]] += 1.0 if cost[pair] < offer[unit[pair]] else 0.0
        uneven = ((1.0 - served) ** 2).sum()
        if best >= known or uneven == 0.0 or reach < _SHORTEST or looks < 0:
            break
        step = reach * (known - bound) / uneven
        for i in range(n_units):
            offer[i] += step * (1.0 - served[i])
    offer[:] = best_offer
    return best


@compiled
def _rule(state: Any, free: Any, n_taken: Any, collected: Any, bound: Any, beyond: Any) -> None:
    """Rule out each site whose taking, and rule in each whose leaving, lifts the bound over what a plan is known for."""
    if free.size == n_taken:
        return
    for k in range(free.size):
        mine = collected[free[k]]
        if k < n_taken:
            if bound + mine - collected[free[n_taken]] > beyond:
                state[free[k]] = _IN
        elif n_taken == 0 or bound + collected[free[n_taken - 1]] - mine > beyond:
            state[free[k]] = _OUT
