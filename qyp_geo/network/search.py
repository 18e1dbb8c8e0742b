"""Walks between positions: the arrays that the compiled searches take, and their answers as tables."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse

from qyp_geo.errors import NetworkError
from qyp_geo.network.build import Streets
from qyp_geo.network.exact import MM_SLACK_M, Floats, Ints
from qyp_geo.network.kerbs import Kerbs
from qyp_geo.network.kernels import Accesses, Beside, Graph, Owned, Scratch, Sinks, nearest_of, walks_within
from qyp_geo.network.snap import Positions


def graph_of(streets: Streets, kerbs: Kerbs) -> Graph:
    """Both directions of every edge and of every link between kerbs, by the node they leave.

    An edge that ends where it begins leads nowhere.
    """
    ways = np.concatenate([streets.node, kerbs.link])
    length_m = np.concatenate([streets.length_m, kerbs.link_m])
    leads = ways[:, 0] != ways[:, 1]
    ways, length_m = ways[leads], length_m[leads]
    tail = np.concatenate([ways[:, 0], ways[:, 1]])
    order = np.argsort(tail, kind="stable")
    return Graph(
        first_arc=_firsts(tail, streets.n_nodes),
        head=np.concatenate([ways[:, 1], ways[:, 0]])[order],
        arc_m=np.concatenate([length_m, length_m])[order],
    )


def walks_table(
    streets: Streets,
    graph: Graph,
    origins: Positions,
    targets: Positions,
    *,
    within_m: float,
    threads: int | None,
    uncrossed: Graph | None,
) -> pd.DataFrame:
    """Every pair within `within_m`; `WalkNetwork.walks` says how. `uncrossed` is the graph without its links."""
    within_m = _limit(within_m)
    if threads is not None and threads < 1:
        raise NetworkError(f"threads: a number of threads is 1 or more (given: {threads})")
    walks = _from_fewer(streets, graph, origins, targets, within_m=within_m, threads=threads)
    origin = np.repeat(np.arange(len(origins)), np.diff(walks.indptr))
    columns = {
        "origin": origins.labels.take(origin),
        "target": targets.labels.take(walks.indices),
        "walk_m": walks.data,
    }
    if uncrossed is not None:
        without = _from_fewer(streets, uncrossed, origins, targets, within_m=within_m, threads=threads)
        columns["crosses_arterial"] = ~_holds(without, walks)
    return pd.DataFrame(columns, copy=False)


def nearest_table(
    streets: Streets,
    graph: Graph,
    origins: Positions,
    targets: Positions,
    *,
    within_m: float,
    uncrossed: Graph | None,
) -> pd.DataFrame:
    """The nearest target of each origin; `WalkNetwork.nearest` says how. `uncrossed` is the graph without its links."""
    within_m = _limit(within_m)
    nearest, walk_m = _nearest(streets, graph, origins, targets, within_m=within_m)
    if (nearest >= 0).all():
        target = targets.labels.take(nearest).array
    else:  # as objects, so that integers stay integers beside NaN
        target = pd.Series(targets.labels, dtype=object).reindex(nearest).array
    table = pd.DataFrame({"target": target, "walk_m": walk_m}, index=origins.labels.rename("origin"))
    if uncrossed is not None:
        # The first of the nearest targets stays the first of them as long as the walk to it is the same.
        without, without_m = _nearest(streets, uncrossed, origins, targets, within_m=within_m)
        table["crosses_arterial"] = (nearest >= 0) & ((nearest != without) | (walk_m != without_m))
    return table


def _nearest(
    streets: Streets, graph: Graph, origins: Positions, targets: Positions, *, within_m: float
) -> tuple[Ints, Floats]:
    """Number of the nearest target of each origin and the walk to it; -1 and NaN where none is within the limit."""
    n_nodes = streets.n_nodes
    nearest = np.full(len(origins), -1, np.int32)
    nearest_mm = np.full(len(origins), np.inf)
    nearest_of(
        graph,
        _accesses(streets, targets),
        _accesses(streets, origins),
        _beside(origins, targets),
        Owned(np.full(n_nodes, -1, np.int32), np.full(n_nodes, np.inf), np.full(n_nodes, -1, np.int32)),
        within_m + MM_SLACK_M,
        MM_SLACK_M,
        nearest,
        nearest_mm,
    )
    found = nearest_mm / 1000.0 <= within_m
    found &= nearest >= 0  # also where the limit is infinite
    return np.where(found, nearest, -1), np.where(found, nearest_mm / 1000.0, np.nan)


def _from_fewer(
    streets: Streets, graph: Graph, origins: Positions, targets: Positions, *, within_m: float, threads: int | None
) -> Any:
    """`walk_m` of every pair of origin (row) and target (column, ascending) within `within_m`, as a sparse matrix."""
    # Sums are exact in any order, so the walks are the same from either side: search from the side with fewer.
    if len(targets.owner) < len(origins.owner):
        walks = _pairs(streets, graph, targets, origins, within_m=within_m, threads=threads).T.tocsr()
    else:
        walks = _pairs(streets, graph, origins, targets, within_m=within_m, threads=threads)
    walks.sort_indices()  # targets in input order
    return walks


def _holds(matrix: Any, entries: Any) -> npt.NDArray[np.bool_]:
    """Which entries of one sparse matrix another of its shape has too, both with ascending columns."""
    places, theirs = (
        np.repeat(np.arange(m.shape[0], dtype=np.int64), np.diff(m.indptr)) * m.shape[1] + m.indices
        for m in (matrix, entries)
    )
    if not places.size:
        return np.zeros(theirs.size, dtype=bool)
    at = np.minimum(np.searchsorted(places, theirs), places.size - 1)
    return np.asarray((places[at] == theirs) & (matrix.data[at] == entries.data))


def _pairs(
    streets: Streets, graph: Graph, sources: Positions, sinks: Positions, *, within_m: float, threads: int | None
) -> Any:
    """`walk_m` of every pair of source (row) and sink (column) within `within_m`, as a sparse matrix."""
    shape = (len(sources), len(sinks))
    if 0 in shape:
        return scipy.sparse.csr_array(shape)
    threads = threads or os.cpu_count() or 1
    accesses = _accesses(streets, sources)
    waiting = _sinks(_accesses(streets, sinks), streets.n_nodes)
    beside = _beside(sources, sinks)

    def search(start: int, stop: int) -> tuple[Ints, Ints, Floats]:
        # Zeroed memory is handed out page by page as it is touched, so this costs only what a search reaches.
        scratch = Scratch(
            node_m=np.zeros(streets.n_nodes),
            node_mark=np.zeros(streets.n_nodes, np.int32),
            owner_m=np.zeros(len(sinks)),
            owner_mark=np.zeros(len(sinks), np.int32),
            owners=np.zeros(len(sinks), np.int32),
        )
        return walks_within(  # type: ignore[no-any-return]
            graph, accesses, waiting, beside, scratch, start, stop, within_m, within_m + MM_SLACK_M
        )

    bounds = np.unique(np.linspace(0, len(sources), 8 * threads + 1).astype(int)).tolist()
    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(search, bounds[:-1], bounds[1:]))
    count, sink, walk_m = (np.concatenate(arrays) for arrays in zip(*blocks, strict=True))
    first = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    return scipy.sparse.csr_array((walk_m, sink, first), shape=shape)


def _accesses(streets: Streets, at: Positions) -> Accesses:
    end_m = np.stack([at.along_m, streets.length_m[at.edge] - at.along_m], axis=1)
    return Accesses(
        first=_firsts(at.owner, len(at)),
        owner=at.owner,
        node=streets.node[at.edge],
        node_m=end_m + at.off_m[:, None],
        along_m=at.along_m,
        off_m=at.off_m,
    )


def _sinks(accesses: Accesses, n_nodes: int) -> Sinks:
    node = accesses.node.ravel()
    order = np.argsort(node, kind="stable")
    return Sinks(
        first=_firsts(node, n_nodes),
        owner=np.repeat(accesses.owner, 2)[order],
        node_m=accesses.node_m.ravel()[order],
    )


def _beside(asking: Positions, others: Positions) -> Beside:
    order = np.argsort(others.edge, kind="stable")
    edge = others.edge[order]
    return Beside(
        first=np.searchsorted(edge, asking.edge, side="left").astype(np.int32),
        last=np.searchsorted(edge, asking.edge, side="right").astype(np.int32),
        owner=others.owner[order],
        along_m=others.along_m[order],
        off_m=others.off_m[order],
    )


def _firsts(key: Ints, n: int) -> Ints:
    """Where each of the keys 0 to n begins once `key` is sorted, and where the last ends; shape (n + 1,)."""
    return np.concatenate([[0], np.cumsum(np.bincount(key, minlength=n))]).astype(np.int32)


def _limit(within_m: float) -> float:
    if not within_m >= 0:
        raise NetworkError(f"within_m: a limit is a number of metres, 0 or more (given: {within_m})")
    return float(within_m)  # the kernels are compiled for this type alone
