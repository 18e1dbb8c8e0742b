"""The two searches, compiled on first use.

Both walk the compressed-sparse-row graph outward from the ends of the edges that their sources lie on, and touch only
what lies in reach. Arrays come in with the dtypes named here and C-contiguous, so that each kernel is compiled once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

from qyp_geo.network.exact import Floats, Ints


class Graph(NamedTuple):
    """Arcs by the node that they leave: `first_arc` (n + 1), then `head` and `arc_m` of each arc, both directions."""

    first_arc: Ints
    head: Ints
    arc_m: Floats


class Accesses(NamedTuple):
    """Positions on edges, sorted by owner: those of owner k are `first[k]` to `first[k + 1]`.

    `node` and `node_m`, shape (accesses, 2), are the two ends of the edge and the metres to each, off-network leg
    included.
    """

    first: Ints
    owner: Ints
    node: Ints
    node_m: Floats
    along_m: Floats
    off_m: Floats


class Sinks(NamedTuple):
    """Who waits at which node, how many metres from it: those of node k are `first[k]` to `first[k + 1]`."""

    first: Ints
    owner: Ints
    node_m: Floats


class Beside(NamedTuple):
    """Who lies on the same edge: for access k of the other side, those from `first[k]` to `last[k]`."""

    first: Ints
    last: Ints
    owner: Ints
    along_m: Floats
    off_m: Floats


class Scratch(NamedTuple):
    """Room for one search; a mark tells which entries belong to the current source. Marks come in as zeros."""

    node_m: Floats
    node_mark: Ints
    owner_m: Floats
    owner_mark: Ints
    owners: Ints


class Owned(NamedTuple):
    """The nearest target owner of each node and how far it is; comes in as -1, infinity, and -1.

    Of several targets at the same millimetre the one of lowest number wins. So besides its nearest owner a node keeps
    owners of lower number that come less than a millimetre later. These are few: the table `more_*` of the search
    holds them, chained by `more_next` from `last_more` of their node.
    """

    owner: Ints
    node_m: Floats
    last_more: Ints


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # what numba raises where it finds no folder that it may write to
        logging.getLogger(__name__).warning(
            "%s: no cache folder is writable, so the network search is compiled anew in every run (some seconds). "
            "Set NUMBA_CACHE_DIR to a writable folder to avoid it.",
            function.__name__,
        )
        return numba.njit(nogil=True)(function)


@numba.njit
def _push(keys: Any, items: Any, size: Any, key: Any, item: Any) -> Any:
    """Put `item` on the binary heap of `size` items, where the caller has made room, and return the new size."""
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if keys[parent] <= key:
            break
        keys[at] = keys[parent]
        items[at] = items[parent]
        at = parent
    keys[at] = key
    items[at] = item
    return size + 1


@numba.njit
def _drop_least(keys: Any, items: Any, size: Any) -> Any:
    """Take the first item off the heap of `size` items and return the new size."""
    size -= 1
    key = keys[size]
    item = items[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[at] = keys[child]
        items[at] = items[child]
        at = child
    keys[at] = key
    items[at] = item
    return size


@numba.njit
def _with_room(array: Any, size: Any) -> Any:
    """`array`, or a longer copy of it that holds `size` elements."""
    if size <= array.size:
        return array
    longer = np.empty(size + array.size, array.dtype)
    for k in range(array.size):  # a slice assignment takes far longer to compile
        longer[k] = array[k]
    return longer


@numba.njit
def _keep_less(scratch: Any, mark: Any, n_owners: Any, owner: Any, walk_m: Any) -> Any:
    """Note that `owner` is reached after `walk_m`, unless a lesser walk is known; return how many are reached."""
    if scratch.owner_mark[owner] != mark:
        scratch.owner_mark[owner] = mark
        scratch.owner_m[owner] = walk_m
        scratch.owners[n_owners] = owner
        return n_owners + 1
    scratch.owner_m[owner] = min(scratch.owner_m[owner], walk_m)
    return n_owners


@numba.njit
def _reach(scratch: Any, keys: Any, nodes: Any, size: Any, mark: Any, node: Any, m: Any) -> Any:
    """Put `node` on the heap, reached after `m`, unless a shorter way is known; return the heap's size."""
    if scratch.node_mark[node] == mark and m >= scratch.node_m[node]:
        return size
    scratch.node_mark[node] = mark
    scratch.node_m[node] = m
    return _push(keys, nodes, size, m, np.int64(node))


@numba.njit
def _search(
    graph: Any, sinks: Any, scratch: Any, keys: Any, nodes: Any, size: Any, mark: Any, n_owners: Any, reach_m: Any
) -> Any:
    """Go outward from the nodes on the heap; return how many owners are reached, and the heap's arrays for reuse."""
    while size > 0:
        m = keys[0]
        node = nodes[0]
        size = _drop_least(keys, nodes, size)
        if m > scratch.node_m[node]:
            continue
        for k in range(sinks.first[node], sinks.first[node + 1]):
            if m + sinks.node_m[k] <= reach_m:
                n_owners = _keep_less(scratch, mark, n_owners, sinks.owner[k], m + sinks.node_m[k])
        arcs = range(graph.first_arc[node], graph.first_arc[node + 1])
        keys = _with_room(keys, size + len(arcs))
        nodes = _with_room(nodes, size + len(arcs))
        for arc in arcs:
            if m + graph.arc_m[arc] <= reach_m:
                size = _reach(scratch, keys, nodes, size, mark, graph.head[arc], m + graph.arc_m[arc])
    return n_owners, keys, nodes


@_compiled
def walks_within(
    graph: Graph,
    sources: Accesses,
    sinks: Sinks,
    beside: Beside,
    scratch: Scratch,
    start: int,
    stop: int,
    within_m: float,
    reach_m: float,
) -> tuple[Ints, Ints, Floats]:
    """Every owner of a sink within `within_m` of each source owner from `start` to `stop`.

    Returns the number of sink owners of each source, their numbers in the order in which they were reached, and their
    `walk_m`. `reach_m` bounds the search and is larger than `within_m` by what rounding to the millimetre can take off.
    """
    count = np.zeros(stop - start, np.int32)
    found = np.empty(1024, np.int32)
    found_m = np.empty(1024, np.float64)
    n_found = 0
    keys = np.empty(1024, np.float64)
    nodes = np.empty(1024, np.int64)
    for source in range(start, stop):
        mark = source - start + 1
        n_owners = size = np.int64(0)
        accesses = range(sources.first[source], sources.first[source + 1])
        keys = _with_room(keys, 2 * len(accesses))
        nodes = _with_room(nodes, 2 * len(accesses))
        for access in accesses:
            for k in range(beside.first[access], beside.last[access]):
                along_m = abs(sources.along_m[access] - beside.along_m[k])
                walk_m = sources.off_m[access] + along_m + beside.off_m[k]
                n_owners = _keep_less(scratch, mark, n_owners, beside.owner[k], walk_m)
            for end in range(2):
                if sources.node_m[access, end] <= reach_m:
                    node, m = sources.node[access, end], sources.node_m[access, end]
                    size = _reach(scratch, keys, nodes, size, mark, node, m)
        n_owners, keys, nodes = _search(graph, sinks, scratch, keys, nodes, size, mark, n_owners, reach_m)
        found = _with_room(found, n_found + n_owners)
        found_m = _with_room(found_m, n_found + n_owners)
        for k in range(n_owners):
            owner = scratch.owners[k]
            walk_m = np.rint(scratch.owner_m[owner] * 1000.0) / 1000.0
            if walk_m <= within_m:
                found[n_found] = owner
                found_m[n_found] = walk_m
                n_found += 1
                count[source - start] += 1
    return count, found[:n_found].copy(), found_m[:n_found].copy()


@numba.njit
def _reach_owned(owned: Any, keys: Any, items: Any, size: Any, node: Any, owner: Any, m: Any, slack_m: Any) -> Any:
    """Put `node`, reached after `m` from `owner`, on the heap unless that cannot matter; return the heap's size."""
    if m < owned.node_m[node] or (m == owned.node_m[node] and owner < owned.owner[node]):
        owned.node_m[node] = m
        owned.owner[node] = owner
    elif owner >= owned.owner[node] or m > owned.node_m[node] + slack_m:
        return size
    return _push(keys, items, size, m, (np.int64(owner) << 32) | np.int64(node))


@numba.njit
def _spread(graph: Any, targets: Any, owned: Any, reach_m: Any, slack_m: Any) -> Any:
    """Search outward from all targets at once; fills `owned` and returns `more_m`, `more_owner`, `more_next`."""
    n_more = size = np.int64(0)  # a bare 0 has a type of its own, for which all the rest would be compiled twice
    more_m = np.empty(16, np.float64)
    more_owner = np.empty(16, np.int32)
    more_next = np.empty(16, np.int32)
    keys = np.empty(1024 + 2 * targets.owner.size, np.float64)
    items = np.empty(keys.size, np.int64)  # owner and node in one
    for access in range(targets.owner.size):
        for end in range(2):
            if targets.node_m[access, end] <= reach_m:
                node, m = targets.node[access, end], targets.node_m[access, end]
                size = _reach_owned(owned, keys, items, size, node, targets.owner[access], m, slack_m)
    while size > 0:
        m = keys[0]
        owner = np.int32(items[0] >> 32)
        node = np.int32(items[0] & 0xFFFFFFFF)
        size = _drop_least(keys, items, size)
        if m != owned.node_m[node] or owner != owned.owner[node]:
            last = owned.last_more[node]
            lowest = more_owner[last] if last >= 0 else owned.owner[node]
            if owner >= lowest or m > owned.node_m[node] + slack_m:
                continue
            more_m = _with_room(more_m, n_more + 1)
            more_owner = _with_room(more_owner, n_more + 1)
            more_next = _with_room(more_next, n_more + 1)
            more_m[n_more] = m
            more_owner[n_more] = owner
            more_next[n_more] = last
            owned.last_more[node] = n_more
            n_more += 1
        arcs = range(graph.first_arc[node], graph.first_arc[node + 1])
        keys = _with_room(keys, size + len(arcs))
        items = _with_room(items, size + len(arcs))
        for arc in arcs:
            far_m = m + graph.arc_m[arc]
            if far_m <= reach_m:
                size = _reach_owned(owned, keys, items, size, graph.head[arc], owner, far_m, slack_m)
    return more_m, more_owner, more_next


@numba.njit
def _keep_nearer(nearest: Any, nearest_mm: Any, asking: Any, owner: Any, walk_m: Any) -> None:
    """Let `owner` be the nearest of `asking` where it is nearer by a millimetre, or as near and of lower number."""
    mm = np.rint(walk_m * 1000.0)
    if mm < nearest_mm[asking] or (mm == nearest_mm[asking] and owner < nearest[asking]):
        nearest_mm[asking] = mm
        nearest[asking] = owner


@_compiled
def nearest_of(
    graph: Graph,
    targets: Accesses,
    asking: Accesses,
    beside: Beside,
    owned: Owned,
    reach_m: float,
    slack_m: float,
    nearest: Ints,
    nearest_mm: Floats,
) -> None:
    """Find the target owner nearest to each owner of `asking`, and how far it is, in whole millimetres.

    The last two arrays are the answer; they come in as -1 and infinity, and stay so where no target is in reach.
    `slack_m` is one millimetre: walks that are reported as equal differ by less.
    """
    more_m, more_owner, more_next = _spread(graph, targets, owned, reach_m, slack_m)
    for access in range(asking.owner.size):
        one = asking.owner[access]
        for k in range(beside.first[access], beside.last[access]):
            walk_m = asking.off_m[access] + abs(asking.along_m[access] - beside.along_m[k]) + beside.off_m[k]
            _keep_nearer(nearest, nearest_mm, one, beside.owner[k], walk_m)
        for end in range(2):
            node, leg_m = asking.node[access, end], asking.node_m[access, end]
            if owned.owner[node] >= 0:
                _keep_nearer(nearest, nearest_mm, one, owned.owner[node], owned.node_m[node] + leg_m)
            k = owned.last_more[node]
            while k >= 0:
                _keep_nearer(nearest, nearest_mm, one, more_owner[k], more_m[k] + leg_m)
                k = more_next[k]
