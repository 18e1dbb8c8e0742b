"""The search for a good cover: sites are added, swapped and shaken, by a fixed amount of work."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from qyp_geo.locate.instance import Bools, Codes, Floats
from qyp_geo.network.kernels import compiled


class Cover(NamedTuple):
    """What may be chosen: site `j` covers ``unit[first[j]:first[j + 1]]`` and costs ``cost[j]``.

    At most `most` sites, which cost at most `budget` together. `weight` is by unit; to cover `enough` of it will do.
    """

    first: npt.NDArray[np.int64]
    unit: Codes
    weight: Floats
    cost: Floats
    most: int
    budget: float
    enough: float


class _Choice(NamedTuple):
    """The sites chosen, and what swaps need to know of the units.

    `picked` holds the chosen sites and `total` their number, cost and weight covered. A unit is covered by `times`
    chosen sites whose numbers add up to `owners`: the site itself where it is one. `alone` is, by chosen site, the
    weight that no other chosen one covers.
    """

    chosen: Bools
    picked: Codes
    total: Floats
    times: Codes
    owners: npt.NDArray[np.int64]
    alone: Floats


_COUNT, _SPENT, _VALUE = 0, 1, 2
_SHAKEN = (2, 6)  # sites: a little, then more, so that no hollow is too deep
_TINY = 1e-9


@numba.njit
def _open(cover: Any, choice: Any, j: Any) -> None:
    choice.chosen[j] = True
    choice.picked[int(choice.total[_COUNT])] = j
    choice.total[_COUNT] += 1
    choice.total[_SPENT] += cover.cost[j]
    choice.alone[j] = 0.0
    for e in range(cover.first[j], cover.first[j + 1]):
        i = cover.unit[e]
        if choice.times[i] == 0:
            choice.alone[j] += cover.weight[i]
            choice.total[_VALUE] += cover.weight[i]
        elif choice.times[i] == 1:
            choice.alone[choice.owners[i]] -= cover.weight[i]
        choice.times[i] += 1
        choice.owners[i] += j


@numba.njit
def _close(cover: Any, choice: Any, at: Any) -> None:
    j = choice.picked[at]
    choice.chosen[j] = False
    choice.total[_COUNT] -= 1
    choice.total[_SPENT] -= cover.cost[j]
    choice.picked[at] = choice.picked[int(choice.total[_COUNT])]
    for e in range(cover.first[j], cover.first[j + 1]):
        i = cover.unit[e]
        choice.times[i] -= 1
        choice.owners[i] -= j
        if choice.times[i] == 0:
            choice.total[_VALUE] -= cover.weight[i]
        elif choice.times[i] == 1:
            choice.alone[choice.owners[i]] += cover.weight[i]


@numba.njit
def _fill(cover: Any, choice: Any) -> None:
    """Open what adds most for its cost, until nothing fits or it is enough."""
    while choice.total[_COUNT] < cover.most and choice.total[_VALUE] < cover.enough:
        best, best_rate = -1, 0.0
        for j in range(cover.cost.size):
            if choice.chosen[j] or choice.total[_SPENT] + cover.cost[j] > cover.budget:
                continue
            gain = 0.0
            for e in range(cover.first[j], cover.first[j + 1]):
                if choice.times[cover.unit[e]] == 0:
                    gain += cover.weight[cover.unit[e]]
            rate = gain / cover.cost[j] if cover.cost[j] > 0 else gain * 1e12
            if rate > best_rate:
                best, best_rate = j, rate
        if best < 0:
            return
        _open(cover, choice, best)


@numba.njit
def _descend(cover: Any, choice: Any, shared: Any, start: Any) -> None:
    """Add or swap while that covers more; sites are tried in turn from `start`."""
    n_sites = cover.cost.size
    j = start
    idle = 0
    while idle < n_sites and choice.total[_VALUE] < cover.enough:
        j = j + 1 if j + 1 < n_sites else 0
        idle += 1
        if choice.chosen[j]:
            continue
        gain = 0.0
        for e in range(cover.first[j], cover.first[j + 1]):
            i = cover.unit[e]
            if choice.times[i] == 0:
                gain += cover.weight[i]
            elif choice.times[i] == 1:
                shared[choice.owners[i]] += cover.weight[i]
        room = cover.budget - choice.total[_SPENT] - cover.cost[j]
        at, least = -2, gain - _TINY
        if choice.total[_COUNT] < cover.most and room >= 0 and gain > _TINY:
            at = -1
        for k in range(int(choice.total[_COUNT])):
            site = choice.picked[k]
            if at != -1 and room + cover.cost[site] >= 0 and choice.alone[site] - shared[site] < least:
                at, least = k, choice.alone[site] - shared[site]
            shared[site] = 0.0
        if at == -2:
            continue
        idle = 0
        if at >= 0:
            _close(cover, choice, at)
        _open(cover, choice, j)


@compiled
def search(cover: Any, random: Any, rounds: Any) -> Any:
    """Sites that cover much weight: greedy, then `rounds` of a shake and a descent by swaps.

    Parameters
    ----------
    cover
        A `Cover`.
    random
        A generator of numpy; one in the same state gives the same sites.
    rounds
        How often to shake.

    Returns
    -------
    Whether each site is chosen.
    """
    n_sites, n_units = cover.cost.size, cover.weight.size
    choice = _Choice(
        np.zeros(n_sites, np.bool_),
        np.zeros(n_sites, np.int32),
        np.zeros(3),
        np.zeros(n_units, np.int32),
        np.zeros(n_units, np.int64),
        np.zeros(n_sites),
    )
    shared = np.zeros(n_sites)
    least, most = _SHAKEN
    _fill(cover, choice)
    _descend(cover, choice, shared, 0)
    best, value = choice.chosen.copy(), choice.total[_VALUE]
    for turn in range(rounds):
        shaken = least + turn % (most - least + 1)
        if value >= cover.enough:
            break
        for _ in range(min(shaken, int(choice.total[_COUNT]))):
            _close(cover, choice, int(random.random() * choice.total[_COUNT]))
        for _ in range(shaken):
            j = int(random.random() * n_sites)
            fits = choice.total[_SPENT] + cover.cost[j] <= cover.budget and choice.total[_COUNT] < cover.most
            if fits and not choice.chosen[j]:
                _open(cover, choice, j)
        _descend(cover, choice, shared, int(random.random() * n_sites))
        if choice.total[_VALUE] >= value - _TINY:
            best, value = choice.chosen.copy(), choice.total[_VALUE]
            continue
        for at in range(int(choice.total[_COUNT]) - 1, -1, -1):
            if not best[choice.picked[at]]:
                _close(cover, choice, at)
        for j in range(n_sites):
            if best[j] and not choice.chosen[j]:
                _open(cover, choice, j)
    return best
