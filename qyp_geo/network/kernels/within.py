"""Every pair within a limit: one search for `LANES` sources at once, touching only what it reaches.

Sources that are neighbours reach nearly the same nodes. So one look at the graph serves all of them: a node has a row with the
metres in each lane, and the sums of a row are taken by a few instructions. There is no heap: rows wait for steps of about one
edge, and a row in which a lane gets shorter later goes out again, which is right for any length of a step.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np

from qyp_geo.network.exact import UNIT_M, Floats, Ints
from qyp_geo.network.kernels.inputs import Accesses, Beside, Graph, Sinks, compiled, with_room

LANES: Final = 16
"""Sources that are searched from at once."""

_STEPS: Final = 256
"""Steps that rows wait for at a time, before these come round; a power of two."""

_NEVER: Final = 1 << 62


class _Rows(NamedTuple):
    """Metres by lane, shape (rows, `LANES`), of the nodes or owners reached so far.

    `row_of` each of them is its row + 1, 0 if it has none; `item` is the reverse.
    """

    row_of: Ints
    item: Ints
    m: Floats


class _Waiting(NamedTuple):
    """Rows that wait for a step: `last` entry of each step, -1 if none (steps come round); `row`, and the entry `before`.

    `step_of` a row is the step that it waits for, `_NEVER` if none.
    """

    last: Ints
    row: Ints
    before: Ints
    step_of: Any


@numba.njit
def _rows(row_of: Any) -> Any:
    return _Rows(row_of, np.empty(1024, np.int32), np.empty((1024, LANES), np.float64))


@numba.njit
def _with_rows(rows: Any, n_rows: Any) -> Any:
    """`rows`, or a longer copy that holds `n_rows`."""
    if n_rows <= rows.item.size:
        return rows
    item = with_room(rows.item, n_rows)
    m = np.empty((item.size, LANES), np.float64)
    for row in range(rows.item.size):
        for lane in range(LANES):
            m[row, lane] = rows.m[row, lane]
    return _Rows(rows.row_of, item, m)


@numba.njit(inline="always")
def _new_row(rows: Any, row: Any, item: Any) -> None:
    rows.row_of[item] = row + 1
    rows.item[row] = item
    for lane in range(LANES):
        rows.m[row, lane] = np.inf


@numba.njit(inline="always")
def _lower(m: Any, row: Any, from_m: Any, from_row: Any, add_m: Any) -> Any:
    """Take in each lane the lesser of what is there and the walk by way of another row; return the least new one."""
    any_less = False
    for lane in range(LANES):
        any_less |= from_m[from_row, lane] + add_m < m[row, lane]
    least_m = np.inf
    if any_less:
        for lane in range(LANES):
            old_m, new_m = m[row, lane], from_m[from_row, lane] + add_m
            least_m = min(least_m, new_m if new_m < old_m else np.inf)
            m[row, lane] = min(old_m, new_m)
    return least_m


@numba.njit(inline="always")
def _wait(waiting: Any, n_entries: Any, row: Any, step: Any) -> Any:
    """Let `row` wait for a step, unless it waits for one as early; return how many entries there are."""
    if step < waiting.step_of[row]:
        waiting.step_of[row] = step
        at = step & (_STEPS - 1)
        waiting.row[n_entries] = row
        waiting.before[n_entries] = waiting.last[at]
        waiting.last[at] = n_entries
        n_entries += 1
    return n_entries


@numba.njit
def _spread_lanes(graph: Any, nodes: Any, waiting: Any, state: Any, reach_m: Any) -> Any:
    """Go outward in all lanes from the rows that wait, until none does: then true, or until room is short: then false.

    `state` holds how many nodes have rows, how many entries were made and how many are done, and the step. To be called
    again it takes longer arrays: arrays that change within the loop would make it several times as slow.
    """
    steps_per_m = 1.0 / (2.0**graph.step_bits * UNIT_M)
    here_m = np.empty((1, LANES), np.float64)
    n_rows, n_entries, n_done, step = state[0], state[1], state[2], state[3]
    while n_done < n_entries:
        at = step & (_STEPS - 1)
        while waiting.last[at] >= 0:
            row = np.int64(waiting.row[waiting.last[at]])
            node = nodes.item[row]
            arcs = range(graph.first_arc[node], graph.first_arc[node + 1])
            if n_rows + len(arcs) > nodes.item.size or n_entries + len(arcs) > waiting.row.size:
                state[0], state[1], state[2], state[3] = n_rows, n_entries, n_done, step
                return False
            waiting.last[at] = waiting.before[waiting.last[at]]
            n_done += 1
            if waiting.step_of[row] != step:
                continue  # it went out at an earlier step
            waiting.step_of[row] = _NEVER
            for lane in range(LANES):
                here_m[0, lane] = nodes.m[row, lane]
            for arc in arcs:
                far = np.int64(nodes.row_of[graph.head[arc]]) - 1
                if far < 0:
                    far = n_rows
                    _new_row(nodes, far, graph.head[arc])
                    waiting.step_of[far] = _NEVER
                    n_rows += 1
                least_m = _lower(nodes.m, far, here_m, 0, graph.arc_units[arc] * UNIT_M)
                if least_m <= reach_m:
                    # What lies farther ahead goes out early, and again.
                    to = min(max(step, np.int64(least_m * steps_per_m)), step + _STEPS - 1)
                    n_entries = _wait(waiting, n_entries, far, to)
        step += 1
    state[0] = n_rows
    return True


@numba.njit
def _reach_lanes(graph: Any, nodes: Any, n_rows: Any, reach_m: Any) -> Any:
    """Search outward in all lanes from the nodes that have rows; return all that are reached, and how many."""
    size = nodes.item.size
    entries = np.empty(4 * size, np.int32), np.empty(4 * size, np.int32)
    waiting = _Waiting(np.full(_STEPS, -1, np.int32), *entries, np.full(size, _NEVER, np.int64))
    state = np.zeros(4, np.int64)
    state[0] = n_rows
    for row in range(n_rows):
        least_m = np.inf
        for lane in range(LANES):
            least_m = min(least_m, nodes.m[row, lane])
        step = min(np.int64(least_m / (2.0**graph.step_bits * UNIT_M)), _STEPS - 1)
        state[1] = _wait(waiting, state[1], row, step)
    while not _spread_lanes(graph, nodes, waiting, state, reach_m):
        nodes = _with_rows(nodes, 2 * nodes.item.size)
        size = waiting.row.size
        waiting = _Waiting(
            waiting.last,
            with_room(waiting.row, 2 * size),
            with_room(waiting.before, 2 * size),
            with_room(waiting.step_of, nodes.item.size),
        )
    return nodes, state[0]


@numba.njit
def _meet(sinks: Any, nodes: Any, n_nodes: Any, owners: Any, n_owners: Any) -> Any:
    """Note in each lane who waits at the nodes that are reached; return the rows of owners, and how many there are."""
    n_sinks = np.int64(0)
    for row in range(n_nodes):
        n_sinks += sinks.first[nodes.item[row] + 1] - sinks.first[nodes.item[row]]
    owners = _with_rows(owners, n_owners + n_sinks)
    for row in range(n_nodes):
        node = nodes.item[row]
        nodes.row_of[node] = 0
        for k in range(sinks.first[node], sinks.first[node + 1]):
            its_row = np.int64(owners.row_of[sinks.owner[k]]) - 1
            if its_row < 0:
                its_row = n_owners
                _new_row(owners, its_row, sinks.owner[k])
                n_owners += 1
            _lower(owners.m, its_row, nodes.m, row, sinks.node_m[k])
    return owners, n_owners


@numba.njit
def _start_lane(
    sources: Any,
    source: Any,
    beside: Any,
    lane: Any,
    nodes: Any,
    n_nodes: Any,
    owners: Any,
    n_owners: Any,
    reach_m: Any,
) -> Any:
    """Note in a lane whom a source meets on its own edges, and the ends of these; return the rows, and how many."""
    for access in range(sources.first[source], sources.first[source + 1]):
        edge = sources.edge[access]
        owners = _with_rows(owners, n_owners + beside.first[edge + 1] - beside.first[edge])
        for k in range(beside.first[edge], beside.first[edge + 1]):
            row = np.int64(owners.row_of[beside.owner[k]]) - 1
            if row < 0:
                row = n_owners
                _new_row(owners, row, beside.owner[k])
                n_owners += 1
            along_m = abs(sources.along_m[access] - beside.along_m[k])
            owners.m[row, lane] = min(owners.m[row, lane], sources.off_m[access] + along_m + beside.off_m[k])
        nodes = _with_rows(nodes, n_nodes + 2)
        for end in range(2):
            node, m = sources.node[access, end], sources.node_m[access, end]
            if m <= reach_m:
                row = np.int64(nodes.row_of[node]) - 1
                if row < 0:
                    row = n_nodes
                    _new_row(nodes, row, node)
                    n_nodes += 1
                nodes.m[row, lane] = min(nodes.m[row, lane], m)
    return nodes, n_nodes, owners, n_owners


@numba.njit
def _sort_owners(owners: Any, n: Any, keys: Any) -> None:
    """Fill `keys` with owner and row of all rows, by owner, and forget the rows.

    A Shell sort with Ciura's gaps (2001): the library's own takes seconds to compile.
    """
    for row in range(n):
        keys[row] = np.int64(owners.item[row]) << 32 | row
        owners.row_of[owners.item[row]] = 0
    for gap in (701, 301, 132, 57, 23, 10, 4, 1):
        for k in range(gap, n):
            key = keys[k]
            at = k
            while at >= gap and keys[at - gap] > key:
                keys[at] = keys[at - gap]
                at -= gap
            keys[at] = key


@numba.njit
def _keep_within(
    owners_m: Any, lane: Any, keys: Any, n: Any, within_m: Any, found: Any, found_m: Any, n_found: Any
) -> Any:
    """Append those of a lane that are within the limit; return how many there are then."""
    for k in range(n):
        walk_m = np.rint(owners_m[keys[k] & 0xFFFFFFFF, lane] * 1000.0) / 1000.0
        found[n_found] = keys[k] >> 32
        found_m[n_found] = walk_m
        n_found += np.int64(walk_m <= within_m)  # what is too far is written over by the next
    return n_found


@compiled
def walks_within(
    graph: Graph,
    sources: Accesses,
    order: Ints,
    sinks: Sinks,
    beside: Beside,
    node_row: Ints,
    owner_row: Ints,
    found: Ints,
    found_m: Floats,
    within_m: float,
    reach_m: float,
) -> tuple[Ints, Ints, Floats]:
    """Every owner of a sink within `within_m` of each source owner of `order`.

    Returns the number of sink owners of each source, their numbers, ascending, and their `walk_m`. `reach_m` bounds
    the search and is larger than `within_m` by what rounding to the millimetre can take off; both are finite.
    `node_row` and `owner_row` come in as zeros, one per node and per owner of sinks, `found` and `found_m` of any equal
    length: the answer is in them where it fits.
    """
    count = np.zeros(order.size, np.int32)
    keys = np.empty(1024, np.int64)
    n_found = np.int64(0)  # a bare 0 has a type of its own, for which much would be compiled twice
    nodes, owners = _rows(node_row), _rows(owner_row)
    for begin in range(0, order.size, LANES):
        n_lanes = min(LANES, order.size - begin)
        n_nodes = n_owners = np.int64(0)
        for lane in range(n_lanes):
            nodes, n_nodes, owners, n_owners = _start_lane(
                sources, order[begin + lane], beside, lane, nodes, n_nodes, owners, n_owners, reach_m
            )
        nodes, n_nodes = _reach_lanes(graph, nodes, n_nodes, reach_m)
        owners, n_owners = _meet(sinks, nodes, n_nodes, owners, n_owners)
        keys = with_room(keys, n_owners)
        _sort_owners(owners, n_owners, keys)
        found = with_room(found, n_found + n_lanes * n_owners)
        found_m = with_room(found_m, n_found + n_lanes * n_owners)
        for lane in range(n_lanes):
            before = n_found
            n_found = _keep_within(owners.m, lane, keys, n_owners, within_m, found, found_m, n_found)
            count[begin + lane] = n_found - before
    return count, found[:n_found], found_m[:n_found]


@compiled
def place_rows(
    rows: Ints, count: Ints, found: Ints, found_m: Floats, indptr: Any, target: Ints, walk_m: Floats
) -> None:
    """Copy the walks of some rows, `count` for each, to where `indptr` says that those of the row begin."""
    at = 0
    for k in range(rows.size):
        to = indptr[rows[k]]
        for walk in range(count[k]):
            target[to + walk] = found[at + walk]
            walk_m[to + walk] = found_m[at + walk]
        at += count[k]


@compiled
def least_of_rows(count: Ints, found: Ints, found_m: Floats, k: int) -> tuple[Ints, Ints, Floats]:
    """The `k` least walks of each row, ascending; of equal ones those that come first. Returns what `walks_within` does."""
    n_kept = np.empty_like(count)
    kept = np.empty(min(found.size, k * count.size), np.int32)
    kept_m = np.empty(kept.size, np.float64)
    at = first = np.int64(0)
    for row in range(count.size):
        last = first
        for walk in range(at, at + count[row]):
            if last - first == k and found_m[walk] >= kept_m[last - 1]:
                continue
            last = min(last + 1, first + k)
            place = last - 1
            while place > first and kept_m[place - 1] > found_m[walk]:
                kept[place] = kept[place - 1]
                kept_m[place] = kept_m[place - 1]
                place -= 1
            kept[place] = found[walk]
            kept_m[place] = found_m[walk]
        n_kept[row] = last - first
        at += count[row]
        first = last
    return n_kept, kept[:first], kept_m[:first]
