"""Searches between positions: the arrays that the compiled kernels take, and what they find, as arrays."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse

from qyp_geo.network.build import Streets
from qyp_geo.network.exact import MM_SLACK_M, UNIT_M, Floats, Ints
from qyp_geo.network.kerbs import Kerbs
from qyp_geo.network.kernels import (
    LANES,
    NO_LABEL,
    Accesses,
    Beside,
    Edges,
    Graph,
    Labelling,
    OnEdges,
    Sinks,
    labels_from,
    nearest_of,
    place_rows,
    walks_within,
)
from qyp_geo.network.snap import Positions

_FIT_IN_CACHE = 2_000_000
"""With more nodes than these, those that a search is at do not fit in the processor's cache."""

_MOST_ROWS = 4096
"""As many owners as one task searches from, so that their walks fit in memory."""

_ROOM_PER_ROW = 512
"""Walks from an owner, on average, for which room is laid out at once; more take longer."""


class WalksCSR(NamedTuple):
    """Every walk within a limit: those from origin k are `indptr[k]` to `indptr[k + 1]`.

    Parameters
    ----------
    indptr
        Shape (origins + 1,).
    target
        The targets, by their place in the labels, ascending for each origin; shape (walks,).
    walk_m
        Metres, to the millimetre; shape (walks,).
    """

    indptr: npt.NDArray[np.int64]
    target: Ints
    walk_m: Floats


class Block(NamedTuple):
    """The walks from some owners: how many there are from each, to whom (ascending), and `walk_m`."""

    owners: Ints
    n_found: Ints
    found: Ints
    walk_m: Floats


def graph_of(streets: Streets, kerbs: Kerbs) -> Graph:
    """Both directions of every edge and of every link between kerbs, by the node they leave.

    An edge that ends where it begins leads nowhere.
    """
    ways = np.concatenate([streets.node, kerbs.link])
    units = np.concatenate([streets.length_m, kerbs.link_m]) / UNIT_M
    mean = max(units.mean(), 1.0)
    leads = ways[:, 0] != ways[:, 1]
    ways, units = ways[leads], units[leads]
    tail = np.concatenate([ways[:, 0], ways[:, 1]])
    order = np.argsort(tail, kind="stable")
    return Graph(
        first_arc=_firsts(tail, streets.n_nodes),
        head=np.concatenate([ways[:, 1], ways[:, 0]])[order],
        arc_units=np.concatenate([units, units])[order].astype(np.uint32 if units.max(initial=0) < 2**32 else np.int64),
        step_bits=int(np.rint(np.log2(mean))),
    )


def walks_csr(
    streets: Streets, graph: Graph, origins: Positions, targets: Positions, *, within_m: float, threads: int
) -> WalksCSR:
    """Every pair of an origin and a target within `within_m`."""
    # Sums are exact in any order, so the walks are the same from either side: search from the side with fewer.
    if len(targets.owner) >= len(origins.owner):
        return _csr(blocks_within(streets, graph, origins, targets, within_m=within_m, threads=threads), len(origins))
    back = _csr(blocks_within(streets, graph, targets, origins, within_m=within_m, threads=threads), len(targets))
    turned = scipy.sparse.csc_array((back.walk_m, back.target, back.indptr), shape=(len(origins), len(targets))).tocsr()
    return WalksCSR(turned.indptr.astype(np.int64), turned.indices.astype(np.int32), turned.data)


def _csr(blocks: Iterator[Block], n_rows: int) -> WalksCSR:
    """The walks of all blocks, in the order of the rows."""
    found = list(blocks)
    count = np.zeros(n_rows, np.int64)
    for block in found:
        count[block.owners] = block.n_found
    indptr = np.concatenate([[0], np.cumsum(count)])
    walks = WalksCSR(indptr, np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float64))
    while found:  # what is placed is let go, so that the walks are not held twice
        place_rows(*found.pop(), *walks)
    return walks


def blocks_within(
    streets: Streets, graph: Graph, sources: Positions, sinks: Positions, *, within_m: float, threads: int
) -> Iterator[Block]:
    """Every pair of an owner of `sources` and one of `sinks` within `within_m`, by blocks, each source in one of them.

    Blocks are the same for any number of threads. Not many more than there are threads are held at a time.
    """
    if len(sources) == 0 or len(sinks) == 0:
        return
    accesses = accesses_of(streets, sources)
    waiting = _sinks(accesses_of(streets, sinks), streets.n_nodes)
    beside = _beside(sinks, len(streets.length_m))
    order = _by_place(accesses)
    finite_m = min(within_m, sys.float_info.max)
    n_rows = int(np.clip(len(order) // 16, 4 * LANES, _MOST_ROWS))

    def search(start: int) -> Block:
        owners = order[start : start + n_rows]
        return _search(graph, accesses, owners, waiting, beside, len(sinks), finite_m)

    with ThreadPoolExecutor(threads) as pool:
        yield from _in_turn(pool, search, range(0, len(order), n_rows), ahead=2 * threads)


def nodes_within(graph: Graph, sources: Accesses, owners: Ints, *, within_m: float) -> Block:
    """The nodes within a finite limit of some owners, with the metres to them."""
    n_nodes = len(graph.first_arc) - 1
    node = np.arange(n_nodes + 1, dtype=np.int32)
    none, no_m = np.zeros(0, np.int32), np.zeros(0)
    nobody = np.zeros(int(sources.edge.max(initial=0)) + 2, np.int32)
    waiting, beside = Sinks(node, node[:-1], np.zeros(n_nodes)), Beside(nobody, none, no_m, no_m)
    return _search(graph, sources, owners, waiting, beside, n_nodes, within_m)


def _search(
    graph: Graph, sources: Accesses, owners: Ints, sinks: Sinks, beside: Beside, n_sinks: int, within_m: float
) -> Block:
    # Memory is handed out page by page as it is touched, so this costs only what the search reaches.
    rows = np.zeros(len(graph.first_arc) - 1, np.int32), np.zeros(n_sinks, np.int32)
    room = np.empty(_ROOM_PER_ROW * len(owners), np.int32), np.empty(_ROOM_PER_ROW * len(owners), np.float64)
    return Block(
        owners, *walks_within(graph, sources, owners, sinks, beside, *rows, *room, within_m, within_m + MM_SLACK_M)
    )


def nearest_to(
    streets: Streets, graph: Graph, origins: Positions, targets: Positions, *, within_m: float, threads: int
) -> tuple[Ints, Floats]:
    """Number of the nearest target of each origin and the walk to it; -1 and NaN where none is within the limit."""
    accesses = accesses_of(streets, targets)
    owner_bits = max(len(targets) - 1, 1).bit_length()
    step_bits = max(graph.step_bits - 1, 0)
    farthest = NO_LABEL - 1 >> owner_bits
    how = Labelling(
        owner_bits=owner_bits,
        owner_mask=(1 << owner_bits) - 1,
        step_bits=step_bits + owner_bits,
        reach=int(min((within_m + MM_SLACK_M) / UNIT_M, farthest)) << owner_bits | (1 << owner_bits) - 1,
        slack=int(MM_SLACK_M / UNIT_M + 1) << owner_bits,
        most_arcs=int(np.diff(graph.first_arc).max()),
        at_once=2 if streets.n_nodes > _FIT_IN_CACHE else streets.n_nodes,
    )
    labels, last_tie = np.full(streets.n_nodes, NO_LABEL), np.zeros(streets.n_nodes, np.int32)
    ties = labels_from(graph, accesses, how, labels, last_tie)

    asking = OnEdges(origins.owner, origins.edge, origins.along_m, origins.off_m)
    edges, beside = Edges(streets.node, streets.length_m), _beside(targets, len(streets.length_m))
    nearest = np.full(len(origins), -1, np.int32)
    nearest_mm = np.full(len(origins), np.inf)

    def ask(start: int, stop: int) -> None:
        nearest_of(asking, edges, beside, labels, last_tie, *ties, how, start, stop, nearest, nearest_mm)

    bounds = np.searchsorted(origins.owner, np.linspace(0, len(origins), threads + 1).astype(int)).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(ask, bounds[:-1], bounds[1:]))
    found = nearest_mm / 1000.0 <= within_m
    found &= nearest >= 0  # also where the limit is infinite
    return np.where(found, nearest, -1), np.where(found, nearest_mm / 1000.0, np.nan)


def accesses_of(streets: Streets, at: Positions) -> Accesses:
    """Where the searches begin and end."""
    length_m = streets.length_m[at.edge]
    end_m = np.stack([at.along_m, length_m - at.along_m], axis=1)
    # Who stands at an end of an edge comes to the other end by way of the edge as well.
    end_m[at.along_m == 0, 1] = np.inf
    end_m[(at.along_m == length_m) & (length_m > 0), 0] = np.inf
    return Accesses(
        first=_firsts(at.owner, len(at)),
        owner=at.owner,
        edge=at.edge,
        node=streets.node[at.edge],
        node_m=end_m + at.off_m[:, None],
        along_m=at.along_m,
        off_m=at.off_m,
    )


def _sinks(accesses: Accesses, n_nodes: int) -> Sinks:
    access, end = np.nonzero(np.isfinite(accesses.node_m))
    node = accesses.node[access, end]
    order = np.argsort(node, kind="stable")
    return Sinks(
        first=_firsts(node, n_nodes),
        owner=accesses.owner[access[order]],
        node_m=accesses.node_m[access[order], end[order]],
    )


def _beside(others: Positions, n_edges: int) -> Beside:
    order = np.argsort(others.edge, kind="stable")
    return Beside(
        first=_firsts(others.edge, n_edges),
        owner=others.owner[order],
        along_m=others.along_m[order],
        off_m=others.off_m[order],
    )


def _by_place(accesses: Accesses) -> Ints:
    """The owners with accesses, neighbours beside each other: nodes are numbered in Hilbert order."""
    owner, at = np.unique(accesses.owner, return_index=True)
    return owner[np.argsort(accesses.node[at, 0], kind="stable")]


def _in_turn(pool: ThreadPoolExecutor, task: Callable[[int], Block], starts: range, *, ahead: int) -> Iterator[Block]:
    """The results of a task, in order; no more than `ahead` of them are held or under way."""
    waiting: deque[Future[Block]] = deque()
    for start in starts:
        if len(waiting) == ahead:
            yield waiting.popleft().result()
        waiting.append(pool.submit(task, start))
    while waiting:
        yield waiting.popleft().result()


def _firsts(key: Ints, n: int) -> Ints:
    """Where each of the keys 0 to n begins once `key` is sorted, and where the last ends; shape (n + 1,)."""
    return np.concatenate([[0], np.cumsum(np.bincount(key, minlength=n))]).astype(np.int32)
