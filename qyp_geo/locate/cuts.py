"""The least cost of serving all, by HiGHS, on sites alone: what serving a unit costs is told to it by cuts, as they are needed.

Where `D` is what the first enough-opened site of a unit costs, none of the sites that cost less being open makes the unit cost
`D`, and each that is open takes off what it is cheaper: ``cost >= D - sum((D - c) * opened)`` (Cornuejols, Nemhauser and Wolsey
1980; as Benders' cuts, Duran-Mateluna, Ales and Elloumi 2023). Few of these rows say all, so the model stays small.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from qyp_geo.locate.duals import Bound, bounded
from qyp_geo.locate.growing import Growing
from qyp_geo.locate.instance import Codes, Floats
from qyp_geo.locate.interchange import Sites, improved
from qyp_geo.locate.median_task import Task
from qyp_geo.locate.milp import Model, solve
from qyp_geo.locate.plan import relative_gap
from qyp_geo.network.kernels import compiled

_TOLERANCE: Final = 1e-6
"""What HiGHS lets a row be missed by, and what its "optimal" may be apart from the best, as a share."""

_HARDLY_OPEN: Final = 1e-9
_LIMITS: Final = 2
"""Rows of the model that come before all others: how many sites, and what they cost."""


class _Rows(NamedTuple):
    """The pairs of unit `i`, cheapest first, at ``first[i]:first[i + 1]``, of the sites that are not ruled out.

    Costs and charges are divided by `scale`.
    """

    first: npt.NDArray[np.int64]
    site: Codes
    cost: Floats
    charge: Floats
    scale: float


class _Cut(NamedTuple):
    """Rows ``cost of unit + sum((level - c) * opened) >= level``, one for each `unit` named."""

    unit: npt.NDArray[np.intp]
    level: Floats
    matrix: sparse.csr_array


class Closed(NamedTuple):
    """The best plan known in the end, what it costs (infinite where there is none), and what none costs less than."""

    chosen: Sites
    cost: float
    bound: float


def closed(task: Task, chosen: Sites, cost: float, bound: Bound, *, until: float, gap: float) -> Closed:
    """Close the gap between a plan and its bound, until it is at most `gap` or the clock (``perf_counter``) says `until`.

    First sites may be open in part. The duals of the cuts then say what each unit offers for being served, from which
    the Lagrangian rules out nearly all sites; whole ones are asked for among the rest.
    """
    known = Closed(chosen, cost, min(bound.cost, cost))
    if _near_enough(known, gap) or time.perf_counter() >= until:
        return known
    scale = max(min(cost, task.dearest) / max(1, len(task.units)), 1e-3)
    known, bound = _opened_in_part(task, known, bound, scale=scale, until=until, gap=gap)
    if _near_enough(known, gap) or known.bound == np.inf:
        return known
    return _opened_whole(task, known, bound, scale=scale, until=until, gap=gap)


def _near_enough(known: Closed, gap: float) -> bool:
    return bool(np.isfinite(known.cost)) and relative_gap(known.cost, known.bound) <= gap


def _opened_in_part(
    task: Task, known: Closed, bound: Bound, *, scale: float, until: float, gap: float
) -> tuple[Closed, Bound]:
    """The bound of the linear program, and what follows from its duals. `scale` is what costs are divided by.

    Costs go to HiGHS as multiples of their mean, since its tolerances are absolute.
    """
    rows = _rows(task, bound.ruled_out, scale)
    cuts = _first_cuts(task, rows, bound)
    growing = Growing(_model(task, rows, bound, cuts, whole=False))
    units = np.concatenate([cut.unit for cut in cuts])
    levels = np.concatenate([cut.level for cut in cuts])
    while not _near_enough(known, gap):
        answer = growing.solve(time_limit_s=until - time.perf_counter())
        if answer.status == "infeasible":
            return known._replace(bound=known.cost), bound
        if answer.status != "optimal" or answer.values is None:
            break
        known = known._replace(bound=max(known.bound, min(answer.bound * scale, known.cost)))
        opened, told = np.split(answer.values, [len(task.sites)])
        known = _better(task, known, opened)
        level, least = _served(rows, opened)
        missed = np.flatnonzero(least > told + _TOLERANCE * np.maximum(1.0, least))
        if not len(missed):
            offer = _offered(rows, growing.duals(), units, levels)
            bound = bounded(task, known.chosen, known.cost, before=replace(bound, offer=offer))
            return known._replace(bound=max(known.bound, min(bound.cost, known.cost))), bound
        cut = _cut(rows, missed, level[missed], len(task.sites))
        growing.add(cut.matrix, lower=cut.level)
        units, levels = np.append(units, cut.unit), np.append(levels, cut.level)
    return known, bound


def _offered(rows: _Rows, dual: Floats, units: npt.NDArray[np.intp], levels: Floats) -> Floats:
    """What each unit offers for being served, by the duals of the rows of `_model`: a Lagrangian as good as these."""
    reach = np.flatnonzero(np.isinf(rows.charge))
    paid = dual[-len(units) :]
    n_units = len(rows.charge)
    unpaid = np.maximum(0.0, 1.0 - np.bincount(units, weights=paid, minlength=n_units))
    offer = np.bincount(units, weights=paid * levels, minlength=n_units) + unpaid * _cheapest(rows)
    offer[reach] += dual[_LIMITS : _LIMITS + len(reach)]
    return np.asarray(rows.scale * offer, dtype=np.float64)


def _opened_whole(task: Task, known: Closed, bound: Bound, *, scale: float, until: float, gap: float) -> Closed:
    """The best plan of whole sites, by cuts that are added where it costs more than HiGHS was told."""
    rows = _rows(task, bound.ruled_out, scale)
    cuts = _first_cuts(task, rows, bound)
    while time.perf_counter() < until and not _near_enough(known, gap):
        model = _model(task, rows, bound, cuts, whole=True)
        start = _start(task, rows, known) if np.isfinite(known.cost) else None
        answer = solve(model, time_limit_s=until - time.perf_counter(), gap=gap, start=start)
        if answer.status == "infeasible":
            return known._replace(bound=known.cost)
        known = known._replace(bound=max(known.bound, min(answer.bound * scale, known.cost)))
        if answer.values is None:
            break
        opened, told = np.split(answer.values, [len(task.sites)])
        known = _better(task, known, opened)
        level, least = _served(rows, np.rint(opened))
        missed = np.flatnonzero(least > told + _TOLERANCE * np.maximum(1.0, least))
        if not len(missed):
            proven = answer.status == "optimal" and known.cost - known.bound <= _TOLERANCE * known.cost
            return known._replace(bound=known.cost) if proven else known
        cuts.append(_cut(rows, missed, level[missed], len(task.sites)))
    return known


def _better(task: Task, known: Closed, opened: Floats) -> Closed:
    """What exchanges make of the sites that are open most, if it is better than what is known."""
    found, cost = improved(task, _most_opened(task, opened))
    return known._replace(chosen=found, cost=cost) if cost < min(known.cost, task.dearest) else known


def _rows(task: Task, ruled_out: npt.NDArray[np.bool_], scale: float) -> _Rows:
    site = np.repeat(np.arange(len(task.sites), dtype=np.int32), np.diff(task.first))
    pairs = np.flatnonzero(~ruled_out[site])
    pairs = pairs[np.lexsort((site[pairs], task.cost[pairs], task.unit[pairs]))]
    ends = np.cumsum(np.bincount(task.unit[pairs], minlength=len(task.units)))
    return _Rows(np.concatenate(([0], ends)), site[pairs], task.cost[pairs] / scale, task.charge / scale, scale)


def _model(task: Task, rows: _Rows, bound: Bound, cuts: list[_Cut], *, whole: bool) -> Model:
    """Columns: is a site open, by site; what serving costs, by unit."""
    n_sites, n_units = len(task.sites), len(task.units)
    reach = np.flatnonzero(np.isinf(rows.charge))
    must_reach = sparse.csr_array((np.ones(len(rows.site)), rows.site, rows.first), shape=(n_units, n_sites))[reach]
    matrix = sparse.vstack(
        [
            _beside(sparse.csr_array(np.ones((1, n_sites))), n_units),
            _beside(sparse.csr_array(task.price[None]), n_units),
            _beside(must_reach, n_units),
            *(cut.matrix for cut in cuts),
        ],
        format="csr",
    )
    lower = np.concatenate([np.full(_LIMITS, -np.inf), np.ones(len(reach)), *(cut.level for cut in cuts)])
    upper = np.full(len(lower), np.inf)
    upper[:_LIMITS] = task.n_most, task.purse
    return Model(
        cost=np.repeat([0.0, 1.0], [n_sites, n_units]),
        lower=np.concatenate((bound.ruled_in.astype(np.float64), _cheapest(rows))),
        upper=np.concatenate(((~bound.ruled_out).astype(np.float64), np.full(n_units, np.inf))),
        integer=np.repeat([whole, False], [n_sites, n_units]),
        matrix=matrix,
        row_lower=lower,
        row_upper=upper,
    )


def _beside(sites: sparse.csr_array, n_units: int) -> sparse.csr_array:
    beside: sparse.csr_array = sparse.hstack([sites, sparse.csr_array((sites.shape[0], n_units))], format="csr")
    return beside


def _cheapest(rows: _Rows) -> Floats:
    """What serving costs at the least, by unit."""
    padded = np.append(rows.cost, np.inf)
    charge = np.where(np.isinf(rows.charge), 0.0, rows.charge)
    return np.where(np.diff(rows.first) > 0, padded[rows.first[:-1]], charge)


def _start(task: Task, rows: _Rows, known: Closed) -> Floats:
    opened = np.zeros(len(task.sites))
    opened[known.chosen] = 1.0
    return np.concatenate((opened, _served(rows, opened)[1]))


def _most_opened(task: Task, opened: Floats) -> Sites:
    """The forced sites and those that are open most, as many as there may be."""
    order = np.argsort(-opened[task.n_forced :], kind="stable") + task.n_forced
    order = order[opened[order] > _HARDLY_OPEN]
    left = task.purse - task.price[: task.n_forced].sum()
    order = order[np.cumsum(task.price[order]) <= left]
    return np.concatenate((np.arange(task.n_forced), order[: task.n_most - task.n_forced]))


def _first_cuts(task: Task, rows: _Rows, bound: Bound) -> list[_Cut]:
    """Cuts at the costs next to what units offer: with these alone the model is about as good as its Lagrangian."""
    units = np.arange(len(task.units))
    offer = bound.offer / rows.scale
    return [_cut(rows, units, _levels_about(rows, offer, beside), len(task.sites)) for beside in (-1, 0, 1)]


def _cut(rows: _Rows, units: npt.NDArray[np.intp], level: Floats, n_sites: int) -> _Cut:
    n_units = len(rows.charge)
    length = np.diff(rows.first)[units]
    row = np.repeat(np.arange(len(units)), length)
    pair = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + np.repeat(rows.first[units], length)
    cheaper = level[row] - rows.cost[pair]
    row, pair, cheaper = row[cheaper > 0], pair[cheaper > 0], cheaper[cheaper > 0]
    values = np.concatenate((cheaper, np.ones(len(units))))
    at = (np.concatenate((row, np.arange(len(units)))), np.concatenate((rows.site[pair], n_sites + units)))
    return _Cut(units, level, sparse.coo_array((values, at), shape=(len(units), n_sites + n_units)).tocsr())


def _levels_about(rows: _Rows, offer: Floats, beside: int) -> Floats:
    """Of each unit the cost that is first to reach its offer, or the one so many places `beside`."""
    within = np.repeat(offer, np.diff(rows.first)) > rows.cost
    sums = np.concatenate(([0], np.cumsum(within)))
    first, last = rows.first[:-1], rows.first[1:]
    place = np.maximum(first + (sums[last] - sums[first]) + beside, first)
    charged = place >= last
    dearest = np.append(rows.cost, 0.0)[np.maximum(last - 1, 0)]
    beyond = np.where(np.isinf(rows.charge), np.where(last > first, dearest, 0.0), rows.charge)
    return np.where(charged, beyond, np.append(rows.cost, 0.0)[np.where(charged, 0, place)])


@compiled
def _served_rows(rows: Any, opened: Any, level: Any, least: Any) -> None:
    for i in range(rows.charge.size):
        left, total, at = 1.0, 0.0, 0.0
        for pair in range(rows.first[i], rows.first[i + 1]):
            share = min(left, opened[rows.site[pair]])
            if share > 0.0:
                total += share * rows.cost[pair]
                at = rows.cost[pair]
                left -= share
            if left <= _HARDLY_OPEN:
                break
        if left > _HARDLY_OPEN and rows.charge[i] < np.inf:
            total += left * rows.charge[i]
            at = rows.charge[i]
        level[i], least[i] = at, total


def _served(rows: _Rows, opened: Floats) -> tuple[Floats, Floats]:
    """With sites open in part: of each unit the cost of the last site that serves it, and what serving it costs."""
    level, least = np.empty(len(rows.charge)), np.empty(len(rows.charge))
    _served_rows(rows, opened, level, least)
    return level, least
