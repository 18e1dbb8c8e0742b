"""Sites exchanged one for another as long as serving all gets cheaper, and begun again from plans shaken a little.

The exchange of all pairs of a site in and a site out takes one look at each pair of demand and site: what a unit loses when its
site goes depends only on its second nearest (Whitaker 1983; Resende and Werneck 2007).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from qyp_geo.locate.instance import Codes, Floats
from qyp_geo.locate.median_task import Task
from qyp_geo.network.kernels import compiled

_LOOKS: Final = 300_000_000
"""Pairs of demand and site that a search looks at, about: work, not time, so that every machine finds the same plan."""

_LOOKS_A_SHAKE: Final = 8
"""Looks at each pair until no exchange helps any more, from a shaken plan, about."""

_MOST_SHAKES: Final = 200
_MOST_SHAKEN: Final = 3
"""Sites that are taken out at once."""

Sites = npt.NDArray[np.intp]


class _Offers(NamedTuple):
    """What a `Task` offers; its charge is finite."""

    first: npt.NDArray[np.int64]
    unit: Codes
    cost: Floats
    charge: Floats
    price: Floats
    purse: float
    n_forced: int


def searched(task: Task) -> tuple[Sites, float]:
    """The best plan that exchanges find: the sites of `task` to add, and what serving all costs.

    Where nobody may stay unreached and the plan leaves somebody, the cost is more than ``task.dearest``.
    """
    return _from(
        task, np.arange(task.n_forced), shakes=min(_MOST_SHAKES, _LOOKS // (_LOOKS_A_SHAKE * (task.cost.size + 1)))
    )


def improved(task: Task, chosen: Sites) -> tuple[Sites, float]:
    """The plan that exchanges lead to from `chosen`, whose first are those forced; never a dearer one."""
    return _from(task, chosen, shakes=0)


def _from(task: Task, chosen: Sites, *, shakes: int) -> tuple[Sites, float]:
    opened = np.full(max(task.n_most, len(chosen)), -1, dtype=np.intp)
    opened[: len(chosen)] = chosen
    draws = np.random.default_rng(0).random((shakes, 2 * _MOST_SHAKEN))
    offers = _Offers(task.first, task.unit, task.cost, task.finite_charge, task.price, task.purse, task.n_forced)
    total, n_opened = _search(offers, opened, len(chosen), draws)
    return opened[:n_opened].copy(), float(total)


@compiled
def _search(offers: Any, opened: Any, n_opened: Any, draws: Any) -> Any:
    """Improve ``opened[:n_opened]`` in place; return what serving all costs then, and how many are open."""
    n_sites = offers.first.size - 1
    total, n_opened = _descend(offers, opened, n_opened)
    trial = opened.copy()
    for shake in range(draws.shape[0]):
        if n_opened == offers.n_forced:
            break
        trial[:] = opened
        spent = 0.0
        for k in range(n_opened):
            spent += offers.price[trial[k]]
        for q in range(1 + shake % (draws.shape[1] // 2)):
            k = offers.n_forced + int(draws[shake, 2 * q] * (n_opened - offers.n_forced))
            site = int(draws[shake, 2 * q + 1] * n_sites)
            can = spent - offers.price[trial[k]] + offers.price[site] <= offers.purse
            for other in range(n_opened):
                can = can and trial[other] != site
            if can:
                spent += offers.price[site] - offers.price[trial[k]]
                trial[k] = site
        trial_total, n_trial = _descend(offers, trial, n_opened)
        if trial_total < total:
            total, n_opened = trial_total, n_trial
            opened[:] = trial
    return total, n_opened


@compiled
def _descend(offers: Any, opened: Any, n_opened: Any) -> Any:
    """Add or exchange whatever helps most, until nothing does. `opened` has room for as many sites as there may be."""
    n_units, n_sites, n_most = offers.charge.size, offers.first.size - 1, opened.size
    least, second = np.empty(n_units), np.empty(n_units)
    server = np.empty(n_units, np.int32)
    base, loss = np.empty(n_most), np.empty(n_most)
    is_open = np.zeros(n_sites, np.bool_)
    spent = 0.0
    for k in range(n_opened):
        is_open[opened[k]] = True
        spent += offers.price[opened[k]]
    while True:
        _nearest_two(offers, opened, n_opened, least, second, server)
        total = 0.0
        base[:] = 0.0
        for i in range(n_units):
            total += least[i]
            if server[i] >= 0:
                base[server[i]] += second[i] - least[i]
        best, best_in, best_out = -1e-12 * total, -1, -1
        for site in range(n_sites):
            if is_open[site]:
                continue
            loss[:] = base
            saved = _saved(offers, site, least, second, server, loss)
            if n_opened < n_most and -saved < best and spent + offers.price[site] <= offers.purse:
                best, best_in, best_out = -saved, site, n_opened
            for k in range(offers.n_forced, n_opened):
                if loss[k] - saved < best and spent - offers.price[opened[k]] + offers.price[site] <= offers.purse:
                    best, best_in, best_out = loss[k] - saved, site, k
        if best_in < 0:
            return total, n_opened
        if best_out == n_opened:
            n_opened += 1
        else:
            is_open[opened[best_out]] = False
            spent -= offers.price[opened[best_out]]
        opened[best_out] = best_in
        is_open[best_in] = True
        spent += offers.price[best_in]


@compiled
def _saved(offers: Any, site: Any, least: Any, second: Any, server: Any, loss: Any) -> Any:
    """What opening a site saves; in `loss`, what closing each of those open costs, goes down to what it costs then."""
    saved = 0.0
    for pair in range(offers.first[site], offers.first[site + 1]):
        i = offers.unit[pair]
        if offers.cost[pair] < least[i]:
            saved += least[i] - offers.cost[pair]
            if server[i] >= 0:
                loss[server[i]] -= second[i] - least[i]
        elif offers.cost[pair] < second[i] and server[i] >= 0:
            loss[server[i]] -= second[i] - offers.cost[pair]
    return saved


@compiled
def _nearest_two(offers: Any, opened: Any, n_opened: Any, least: Any, second: Any, server: Any) -> None:
    """Of each unit the least cost and the one after it, and the place in `opened` of the site of the least, or -1."""
    for i in range(offers.charge.size):
        least[i] = second[i] = offers.charge[i]
        server[i] = -1
    for k in range(n_opened):
        for pair in range(offers.first[opened[k]], offers.first[opened[k] + 1]):
            i = offers.unit[pair]
            if offers.cost[pair] < least[i]:
                second[i] = least[i]
                least[i] = offers.cost[pair]
                server[i] = k
            elif offers.cost[pair] < second[i]:
                second[i] = offers.cost[pair]
