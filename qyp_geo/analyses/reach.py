"""Every facility within a walk of every demand unit, by the walk that is judged."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qyp_geo.analyses.access import Facilities
from qyp_geo.analyses.gates import Numbers
from qyp_geo.analyses.judging import Floats
from qyp_geo.analyses.standing import Standing
from qyp_geo.network.search import WalksCSR


def walks_to_each(standing: Standing, facilities: Facilities, counts: Numbers, *, within_m: float) -> WalksCSR:
    """Find all of some facilities within a walk, which begins at the 小区出入口 in a gated estate, else at the door.

    Parameters
    ----------
    standing, facilities
        Where both stand.
    counts
        The facilities that count, by number, ascending.
    within_m
        The longest walk, inclusive.

    Returns
    -------
    WalksCSR
        By demand unit: places in ``counts``, ascending, and ``walk_m``. What lies in the same estate is reached without
        passing a gate, where that is less.
    """
    targets = facilities.at.take(counts)
    gated = np.flatnonzero(standing.estate >= 0)
    is_open = np.flatnonzero(standing.estate < 0)
    from_door = standing.net.walks_csr(standing.at.take(is_open), targets, within_m=within_m)
    from_gate = standing.net.walks_csr(standing.at_gates, targets, within_m=within_m)
    estate_row = standing.at_gates.labels.get_indexer(pd.Index(standing.estate[gated]))

    direct = facilities.direct[facilities.direct["facility"].isin(counts) & (facilities.direct["walk_m"] <= within_m)]
    found = [
        _of_rows(from_door, np.arange(len(is_open)), is_open),
        _of_rows(from_gate, estate_row, gated),
        (
            direct["unit"].to_numpy(),
            np.searchsorted(counts, direct["facility"].to_numpy()),
            direct["walk_m"].to_numpy(),
        ),
    ]
    unit, target, walk_m = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.lexsort((walk_m, target, unit))
    unit, target, walk_m = unit[order], target[order], walk_m[order]
    first = np.ones(len(unit), dtype=bool)
    first[1:] = (np.diff(unit) != 0) | (np.diff(target) != 0)
    n_found = np.bincount(unit[first], minlength=len(standing.points))
    indptr = np.concatenate([[0], np.cumsum(n_found)]).astype(np.int64)
    return WalksCSR(indptr, target[first].astype(np.int32), walk_m[first])


def _of_rows(walks: WalksCSR, rows: Numbers, units: Numbers) -> tuple[Numbers, Numbers, Floats]:
    """Return unit, target and walk of some rows of walks, each row the walks of one unit."""
    n_walks = np.diff(walks.indptr)[rows]
    begins = np.cumsum(n_walks) - n_walks
    at = np.repeat(walks.indptr[rows] - begins, n_walks) + np.arange(n_walks.sum())
    return np.repeat(units, n_walks), walks.target[at], walks.walk_m[at]
