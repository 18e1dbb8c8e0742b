"""Walks as tables: what the searches found, with the labels of origins and targets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.errors import NetworkError
from qyp_geo.network.build import Streets, some
from qyp_geo.network.exact import Floats
from qyp_geo.network.kernels import Graph, least_of_rows
from qyp_geo.network.search import Block, WalksCSR, blocks_within, nearest_to, walks_csr
from qyp_geo.network.snap import Positions

Decay = Callable[[Floats], Floats]
_Numbers = npt.NDArray[np.integer[Any]]

_MANY_TIMES_FEWER = 8
_TARGETS_AT_ONCE = 65_536


def require_limit(within_m: float) -> float:
    """The limit as a float; raise `NetworkError` if it is none."""
    if not within_m >= 0:
        raise NetworkError(f"within_m: a limit is a number of metres, 0 or more (given: {within_m})")
    return float(within_m)  # the kernels are compiled for this type alone


def require_threads(threads: int | None) -> int:
    """How many threads to search with; raise `NetworkError` if that is no number of them."""
    if threads is not None and threads < 1:
        raise NetworkError(f"threads: a number of threads is 1 or more (given: {threads})")
    return threads or os.cpu_count() or 1


def walks_table(
    streets: Streets,
    graph: Graph,
    origins: Positions,
    targets: Positions,
    *,
    within_m: float,
    threads: int,
    uncrossed: Graph | None,
) -> pd.DataFrame:
    """Every pair within `within_m`; `WalkNetwork.walks` says how. `uncrossed` is the graph without its links."""
    walks = walks_csr(streets, graph, origins, targets, within_m=within_m, threads=threads)
    origin = np.repeat(np.arange(len(origins), dtype=np.int32), np.diff(walks.indptr))
    columns = {
        "origin": pd.Categorical.from_codes(origin, origins.labels),
        "target": pd.Categorical.from_codes(walks.target, targets.labels),
        "walk_m": walks.walk_m,
    }
    if uncrossed is not None:
        without = walks_csr(streets, uncrossed, origins, targets, within_m=within_m, threads=threads)
        columns["crosses_arterial"] = ~_holds(without, walks, len(targets))
    return pd.DataFrame(columns, copy=False)


def nearest_table(
    streets: Streets,
    graph: Graph,
    origins: Positions,
    targets: Positions,
    *,
    within_m: float,
    threads: int,
    uncrossed: Graph | None,
) -> pd.DataFrame:
    """The nearest target of each origin; `WalkNetwork.nearest` says how. `uncrossed` is the graph without its links."""
    nearest, walk_m = nearest_to(streets, graph, origins, targets, within_m=within_m, threads=threads)
    if (nearest >= 0).all():
        target = targets.labels.take(nearest).array
    else:  # as objects, so that integers stay integers beside NaN
        target = pd.Series(targets.labels, dtype=object).reindex(nearest).array
    table = pd.DataFrame({"target": target, "walk_m": walk_m}, index=origins.labels.rename("origin"))
    if uncrossed is not None:
        # The first of the nearest targets stays the first of them as long as the walk to it is the same.
        without, without_m = nearest_to(streets, uncrossed, origins, targets, within_m=within_m, threads=threads)
        table["crosses_arterial"] = (nearest >= 0) & ((nearest != without) | (walk_m != without_m))
    return table


def tally_table(
    streets: Streets,
    graph: Graph,
    origins: Positions,
    targets: Positions,
    *,
    within_m: float,
    weights: pd.Series | pd.DataFrame | None,
    decay: Decay | None,
    threads: int,
) -> pd.DataFrame:
    """Counts and sums over the targets within `within_m`; `WalkNetwork.tally` says how."""
    if isinstance(weights, pd.Series):
        weights = weights.to_frame()
    weight = np.empty((len(targets), 0)) if weights is None else _weight_of(targets, weights)
    n_targets = np.zeros(len(origins), np.int64)
    sums = np.zeros((weight.shape[1], len(origins)))
    for origin, target, walk_m in _streamed(streets, graph, origins, targets, within_m=within_m, threads=threads):
        np.add.at(n_targets, origin, 1)
        factor = 1.0 if decay is None else decay(walk_m)
        for column, total in zip(weight.T, sums, strict=True):
            np.add.at(total, origin, column[target] * factor)  # one by one, in the order of the targets
    named = {} if weights is None else dict(zip(weights.columns, sums, strict=True))
    return pd.DataFrame({"n_targets": n_targets, **named}, index=origins.labels.rename("origin"))


def k_nearest_table(
    streets: Streets, graph: Graph, origins: Positions, targets: Positions, *, k: int, within_m: float, threads: int
) -> pd.DataFrame:
    """The `k` nearest targets of each origin; `WalkNetwork.k_nearest` says how."""
    if k < 1:
        raise NetworkError(f"k: the number of nearest targets wanted is 1 or more (given: {k})")
    near = [
        (block.owners, *least_of_rows(block.n_found, block.found, block.walk_m, min(k, len(targets))))
        for block in _by_origin(streets, graph, origins, targets, within_m=within_m, threads=threads)
    ]
    nothing = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    owners, n_kept, target, walk_m = (np.concatenate(arrays) for arrays in zip(nothing, *near, strict=True))
    origin = np.repeat(owners, n_kept)
    rank = np.arange(origin.size) - np.repeat(np.cumsum(n_kept) - n_kept, n_kept) + 1
    order = np.argsort(origin, kind="stable")
    return pd.DataFrame(
        {
            "origin": pd.Categorical.from_codes(origin[order], origins.labels),
            "rank": rank[order],
            "target": pd.Categorical.from_codes(target[order], targets.labels),
            "walk_m": walk_m[order],
        }
    )


def _by_origin(
    streets: Streets, graph: Graph, origins: Positions, targets: Positions, *, within_m: float, threads: int
) -> Iterator[Block]:
    """All pairs within `within_m` by blocks of origins; in one block where the search goes from few targets."""
    if _from_origins(origins, targets):
        yield from blocks_within(streets, graph, origins, targets, within_m=within_m, threads=threads)
    else:
        walks = walks_csr(streets, graph, origins, targets, within_m=within_m, threads=threads)
        count = np.diff(walks.indptr).astype(np.int32)
        yield Block(np.arange(len(origins), dtype=np.int32), count, walks.target, walks.walk_m)


def _from_origins(origins: Positions, targets: Positions) -> bool:
    """Whether a search that does not store all pairs goes from the origins, rather than from far fewer targets."""
    return len(origins.owner) <= _MANY_TIMES_FEWER * len(targets.owner)


def _streamed(
    streets: Streets, graph: Graph, origins: Positions, targets: Positions, *, within_m: float, threads: int
) -> Iterator[tuple[_Numbers, _Numbers, Floats]]:
    """Origin, target (numbers) and `walk_m` of all pairs within `within_m`, by blocks that are not held together.

    For each origin the targets come in ascending order, be they all in one block or in several: so sums over them have
    the same bits whichever side the search goes from, and whatever the blocks.
    """
    if _from_origins(origins, targets):
        for block in blocks_within(streets, graph, origins, targets, within_m=within_m, threads=threads):
            yield np.repeat(block.owners, block.n_found), block.found, block.walk_m
        return
    for start in range(0, len(targets), _TARGETS_AT_ONCE):
        numbers = np.arange(start, min(start + _TARGETS_AT_ONCE, len(targets)))
        back = walks_csr(streets, graph, targets.take(numbers), origins, within_m=within_m, threads=threads)
        yield back.target, np.repeat(numbers, np.diff(back.indptr)), back.walk_m


def _weight_of(targets: Positions, weights: pd.DataFrame) -> Floats:
    """The weights in the order of the targets; raise `NetworkError` where one has none."""
    if not weights.index.is_unique:
        raise NetworkError(
            f"weights: labels are given more than once: {some(weights.index[weights.index.duplicated()])}"
        )
    weight = weights.reindex(targets.labels)
    missing = weight.isna().any(axis=1).to_numpy()
    if missing.any():
        raise NetworkError(
            f"weights: {missing.sum()} targets have none: {some(targets.labels[missing])}. Give 0 if they weigh nothing"
        )
    return weight.to_numpy(np.float64)


def _holds(walks: WalksCSR, others: WalksCSR, n_targets: int) -> npt.NDArray[np.bool_]:
    """Which of the other walks are among some, as long as there."""
    places, theirs = (
        np.repeat(np.arange(len(w.indptr) - 1, dtype=np.int64), np.diff(w.indptr)) * n_targets + w.target
        for w in (walks, others)
    )
    if not places.size:
        return np.zeros(theirs.size, dtype=bool)
    at = np.minimum(np.searchsorted(places, theirs), places.size - 1)
    return np.asarray((places[at] == theirs) & (walks.walk_m[at] == others.walk_m))
