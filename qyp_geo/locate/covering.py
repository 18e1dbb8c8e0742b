"""Is everybody within reach of so few sites: exchanges, then HiGHS on what cannot be left out of the question."""

from __future__ import annotations

import time
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from qyp_geo.locate.instance import Bools
from qyp_geo.locate.interchange import Sites, improved
from qyp_geo.locate.median_task import Task
from qyp_geo.locate.milp import Model, solve

Found = Literal["found", "none", "unknown"]

_MOST_COMPARED: Final = 20_000_000
"""Pairs of units, or of sites, with something in common that are compared at most."""


def covering(task: Task, *, until: float) -> tuple[Found, Sites]:
    """Sites that leave no unit to its charge, if there are any; ``unknown`` where ``perf_counter`` says `until` first.

    Parameters
    ----------
    task
        Its costs are 0, its charges more where a unit needs a new site.
    until
        When to stop asking HiGHS.
    """
    chosen, uncovered = improved(task, np.arange(task.n_forced))
    if uncovered == 0:
        return "found", chosen
    seconds = until - time.perf_counter()
    if seconds <= 0:
        return "unknown", chosen
    covers = sparse.csr_array(
        (np.ones(len(task.unit)), task.unit, task.first), shape=(len(task.sites), len(task.units))
    )
    needed = task.charge > 0
    needed[task.unit[: task.first[task.n_forced]]] = False
    free = np.arange(task.n_forced, len(task.sites))
    units, columns = _decisive(covers[free][:, np.flatnonzero(needed)].T.tocsr(), sites_too=np.isinf(task.purse))
    price = task.price[free[columns]]
    n_columns = len(columns)
    model = Model(
        cost=np.zeros(n_columns),
        lower=np.zeros(n_columns),
        upper=np.ones(n_columns),
        integer=np.ones(n_columns, dtype=np.bool_),
        matrix=sparse.vstack([units, sparse.csr_array(np.vstack((np.ones(n_columns), price)))], format="csr"),
        row_lower=np.concatenate((np.ones(units.shape[0]), [-np.inf, -np.inf])),
        row_upper=np.concatenate(
            (
                np.full(units.shape[0], np.inf),
                [task.n_most - task.n_forced, task.purse - task.price[: task.n_forced].sum()],
            )
        ),
    )
    answer = solve(model, time_limit_s=seconds)
    opened = answer.values
    if opened is not None:
        return "found", np.concatenate((chosen[: task.n_forced], free[columns[opened > 0.5]]))
    return ("none" if answer.status == "infeasible" else "unknown"), chosen


def _decisive(reached: sparse.csr_array, *, sites_too: bool) -> tuple[sparse.csr_array, npt.NDArray[np.intp]]:
    """The units (rows) and sites (columns) that decide, and the numbers of these sites.

    Who reaches all that another reaches is served with it; a site that serves no more than another can be left out,
    where it is no cheaper (Toregas and ReVelle 1973).
    """
    columns = np.arange(reached.shape[1])
    while True:
        before = reached.shape
        reached = reached[np.flatnonzero(~_holds_another(reached))]
        if sites_too:
            left = np.flatnonzero(~_held_by_another(reached.T.tocsr()))
            columns = columns[left]
            reached = reached[:, left]
        if reached.shape == before:
            return reached, columns


def _holds_another(rows: sparse.csr_array) -> Bools:
    """By row: does it hold all of another row, which is not the same or comes before it."""
    held, holder = _subsets(rows)
    holds = np.zeros(rows.shape[0], dtype=np.bool_)
    size = np.diff(rows.indptr)
    holds[holder[(size[held] < size[holder]) | (held < holder)]] = True
    return holds


def _held_by_another(rows: sparse.csr_array) -> Bools:
    """By row: is it held by another row, which is not the same or comes before it."""
    held, holder = _subsets(rows)
    is_held = np.zeros(rows.shape[0], dtype=np.bool_)
    size = np.diff(rows.indptr)
    is_held[held[(size[held] < size[holder]) | (holder < held)]] = True
    return is_held


def _subsets(rows: sparse.csr_array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs of different rows of which the second holds all that the first holds; none where there are too many."""
    if (np.diff(rows.T.tocsr().indptr).astype(np.float64) ** 2).sum() > _MOST_COMPARED:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    common = (rows @ rows.T).tocoo()
    one, other = common.coords
    whole = (common.data == np.diff(rows.indptr)[one]) & (one != other)
    return one[whole], other[whole]
