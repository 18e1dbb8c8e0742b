"""The nearest of some targets: one search from all of them at once.

Metres and owner of a node are packed into one integer, its label, so that one comparison also decides between equals. There is
no heap: nodes wait for steps, and one that gets nearer later goes out again. Steps are gone through window by window, in each
from some nodes at a time, so that on large networks what is touched stays in the processor's cache.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np

from qyp_geo.network.exact import UNIT_M, Floats, Ints
from qyp_geo.network.kernels.inputs import Accesses, Beside, Edges, Graph, OnEdges, compiled, with_room

_CHUNK_BITS: Final = 7
_CHUNK: Final = 1 << _CHUNK_BITS
"""Items of a queue that lie side by side."""

_WINDOW_BITS: Final = 3
_WINDOW: Final = 1 << _WINDOW_BITS
"""Steps of the search that are gone through from some nodes, before it is the turn of others."""

_WINDOWS: Final = 64
"""Windows that nodes wait for at a time, before these come round."""

NO_LABEL: Final = 1 << 62
"""More than any label."""


class Labelling(NamedTuple):
    """How labels are made and ordered. The label of a node is its metres in `UNIT_M`, and in the last bits the owner.

    So the least label is that of the least metres, and at the same metres of the lowest owner. Of several targets at the
    same *millimetre* the one of lowest number wins, too; so labels of lower owners that are greater by less than a
    millimetre are kept as well. These are few: ties.

    Parameters
    ----------
    owner_bits, owner_mask
        How many bits the owner takes, and these bits.
    step_bits
        A label without these last bits is the step at which its node is gone out from.
    reach
        The greatest label that is looked for.
    slack
        A millimetre, as a label.
    most_arcs
        As many arcs as leave any node.
    at_once
        So many chunks of the nodes on the border of a window are gone out from together.
    """

    owner_bits: int
    owner_mask: int
    step_bits: int
    reach: int
    slack: int
    most_arcs: int
    at_once: int


class _Queue(NamedTuple):
    """Lists of nodes that share their room, which is handed out by chunks.

    `last` is the place in `items` of the last item of each list, -1 where it is empty; `before` the chunk before each
    chunk of a list, or the next unused one; `state` the first unused chunk, the number of chunks ever used, and the
    number of items.
    """

    last: Any
    items: Ints
    before: Any
    state: Any


class _Ties(NamedTuple):
    """Labels beside those of the nodes: `node`, `label`, and the one before of the same node, + 1, or 0.

    `state` is how many there are.
    """

    node: Ints
    label: Any
    before: Ints
    state: Any


@numba.njit
def _with_chunks(queue: Any, n_chunks: Any) -> Any:
    """`queue`, or a longer copy with room for `n_chunks` more than are used."""
    n_chunks += queue.state[1]
    if n_chunks <= queue.before.size:
        return queue
    before = with_room(queue.before, n_chunks)
    return _Queue(queue.last, with_room(queue.items, before.size * _CHUNK), before, queue.state)


@numba.njit
def _with_ties(ties: Any, n: Any) -> Any:
    """`ties`, or a longer copy with room for `n` more."""
    n += ties.state[0]
    if n <= ties.node.size:
        return ties
    node = with_room(ties.node, n)
    return _Ties(node, with_room(ties.label, node.size), with_room(ties.before, node.size), ties.state)


@numba.njit(inline="always")
def _push(queue: Any, to: Any, item: Any) -> None:
    """Put `item` at the end of a list of a queue, where the caller has made room."""
    at = queue.last[to] + 1
    if at & (_CHUNK - 1) == 0:
        chunk = queue.state[0]
        if chunk >= 0:
            queue.state[0] = queue.before[chunk]
        else:
            chunk = queue.state[1]
            queue.state[1] += 1
        queue.before[chunk] = (at >> _CHUNK_BITS) - 1
        at = chunk << _CHUNK_BITS
    queue.items[at] = item
    queue.last[to] = at
    queue.state[2] += 1


@numba.njit(inline="always")
def _take(queue: Any, of: Any, taken: Any) -> Any:
    """Move the last chunk of a list of a queue to `taken`; return how many items it had."""
    chunk = queue.last[of] >> _CHUNK_BITS
    n_items = queue.last[of] - (chunk << _CHUNK_BITS) + 1
    for k in range(n_items):
        taken[k] = queue.items[(chunk << _CHUNK_BITS) + k]
    queue.last[of] = ((queue.before[chunk] + 1) << _CHUNK_BITS) - 1
    queue.before[chunk] = queue.state[0]
    queue.state[0] = chunk
    queue.state[2] -= n_items
    return n_items


@numba.njit(inline="always")
def _list_of(label: Any, begin: Any, how: Any) -> Any:
    """The list in which a label's node waits, in the window that begins at a step: for a step of it, or a later window.

    Windows come round; what lies farther ahead waits for the last of them, and then again.
    """
    ahead = (label >> how.step_bits) - begin
    if ahead < _WINDOW:
        return ahead
    return _WINDOW + ((begin >> _WINDOW_BITS) + min(ahead >> _WINDOW_BITS, _WINDOWS - 1)) % _WINDOWS


@numba.njit(inline="always")
def _first_label(targets: Any, access: Any, end: Any, how: Any) -> Any:
    """The label that a target gives to an end of the edge that it lies on, `NO_LABEL` if none."""
    m = targets.node_m[access, end]
    if m == np.inf:
        return NO_LABEL
    label = np.int64(m / UNIT_M) << how.owner_bits | np.int64(targets.owner[access])
    return label if label <= how.reach else NO_LABEL


@numba.njit
def _go_through(graph: Any, labels: Any, queue: Any, begin: Any, how: Any) -> Any:
    """Go outward from the nodes that wait for the steps of a window, until none does: then true.

    False when room is short; see `_spread_lanes`.
    """
    taken = np.empty(_CHUNK, np.int32)
    for step in range(_WINDOW):
        while queue.last[step] >= 0:
            # A chunk of nodes fills no more chunks than these, and begins one in each list.
            if queue.state[1] + how.most_arcs + queue.last.size > queue.before.size:
                return False
            n_taken = _take(queue, step, taken)
            for k in range(n_taken):
                node = taken[k]
                label = labels[node]
                if label >> how.step_bits != begin + step:
                    continue  # it got nearer, and went out from an earlier step
                for arc in range(graph.first_arc[node], graph.first_arc[node + 1]):
                    far_label = label + (np.int64(graph.arc_units[arc]) << how.owner_bits)
                    if far_label < labels[graph.head[arc]] and far_label <= how.reach:
                        labels[graph.head[arc]] = far_label
                        _push(queue, _list_of(far_label, begin, how), graph.head[arc])
    return True


@numba.njit
def _spread(graph: Any, targets: Any, labels: Any, how: Any) -> None:
    """Search outward from all targets at once, and fill `labels`."""
    n_lists = _WINDOW + _WINDOWS
    queue = _Queue(np.full(n_lists, -1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64), np.zeros(3, np.int64))
    queue.state[0] = -1
    queue = _with_chunks(queue, 2 * (how.most_arcs + n_lists))
    for access in range(targets.owner.size):
        queue = _with_chunks(queue, 2)
        for end in range(2):
            node, label = targets.node[access, end], _first_label(targets, access, end, how)
            if label < labels[node]:
                labels[node] = label
                _push(queue, _list_of(label, np.int64(-_WINDOW), how), node)
    border = np.empty(_CHUNK, np.int32)
    begin = np.int64(0)  # the first step of the window
    while queue.state[2] > 0:
        window = _WINDOW + (begin >> _WINDOW_BITS) % _WINDOWS
        while queue.last[window] >= 0:
            n_chunks = 0
            while queue.last[window] >= 0 and n_chunks < how.at_once:
                n_chunks += 1
                n_border = _take(queue, window, border)
                queue = _with_chunks(queue, n_lists)
                for k in range(n_border):
                    label = labels[border[k]]
                    if label >> how.step_bits >= begin:  # else it got nearer, and went out from an earlier window
                        _push(queue, _list_of(label, begin, how), border[k])
            while not _go_through(graph, labels, queue, begin, how):
                queue = _with_chunks(queue, queue.before.size)
        begin += _WINDOW


@numba.njit
def _add_tie(ties: Any, labels: Any, node: Any, label: Any, how: Any) -> None:
    """Keep a label beside that of its node if it is less than a millimetre more, and its owner is of lower number."""
    if label & how.owner_mask < labels[node] & how.owner_mask and label < labels[node] + how.slack:
        ties.node[ties.state[0]] = node
        ties.label[ties.state[0]] = label
        ties.state[0] += 1


@numba.njit
def _ties_between(graph: Any, labels: Any, ties: Any, start: Any, how: Any) -> Any:
    """Keep the labels that nodes from `start` give to their neighbours as ties; return the node where room is short."""
    for node in range(start, labels.size):
        label = labels[node]
        if ties.state[0] + how.most_arcs > ties.node.size:
            return node
        if label < NO_LABEL:
            for arc in range(graph.first_arc[node], graph.first_arc[node + 1]):
                far_label = label + (np.int64(graph.arc_units[arc]) << how.owner_bits)
                theirs = labels[graph.head[arc]]
                # Each condition for itself holds often, both together hardly ever: one branch, which is foretold.
                if (far_label < theirs + how.slack) & (label & how.owner_mask < theirs & how.owner_mask):
                    _add_tie(ties, labels, graph.head[arc], far_label, how)
    return labels.size


@numba.njit
def _find_ties(graph: Any, targets: Any, labels: Any, last_tie: Any, how: Any) -> Any:
    """Find the ties of all nodes: return them, those of each node linked, the last by `last_tie`."""
    size = 1024 + how.most_arcs
    ties = _Ties(np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size, np.int32), np.zeros(1, np.int64))
    for access in range(targets.owner.size):
        ties = _with_ties(ties, 2)
        for end in range(2):
            _add_tie(ties, labels, targets.node[access, end], _first_label(targets, access, end, how), how)
    start = np.int64(0)
    while start < labels.size:
        ties = _with_ties(ties, how.most_arcs)
        start = _ties_between(graph, labels, ties, start, how)
    at = np.int64(0)
    while at < ties.state[0]:
        node, label = ties.node[at], ties.label[at]
        other = last_tie[node]
        while other > 0 and not _as_good(ties.label[other - 1], label, how):
            other = ties.before[other - 1]
        if other == 0:
            ties.before[at] = last_tie[node]
            last_tie[node] = at + 1
            ties = _with_ties(ties, how.most_arcs)
            for arc in range(graph.first_arc[node], graph.first_arc[node + 1]):
                far_label = label + (np.int64(graph.arc_units[arc]) << how.owner_bits)
                _add_tie(ties, labels, graph.head[arc], far_label, how)
        at += 1
    return ties


@numba.njit
def _as_good(one: Any, other: Any, how: Any) -> Any:
    """Whether a label is of no higher number and no farther than another."""
    return one & how.owner_mask <= other & how.owner_mask and one >> how.owner_bits <= other >> how.owner_bits


@numba.njit
def _keep_nearer(nearest: Any, nearest_mm: Any, asking: Any, owner: Any, walk_m: Any) -> None:
    """Let `owner` be the nearest of `asking` where it is nearer by a millimetre, or as near and of lower number."""
    mm = np.rint(walk_m * 1000.0)
    if mm < nearest_mm[asking] or (mm == nearest_mm[asking] and owner < nearest[asking]):
        nearest_mm[asking] = mm
        nearest[asking] = owner


@compiled
def labels_from(graph: Graph, targets: Accesses, how: Labelling, labels: Any, last_tie: Ints) -> tuple[Any, Ints]:
    """Label every node in reach with the nearest target owner and how far it is; return the ties.

    `labels` and `last_tie`, one per node, come in as `NO_LABEL` and 0. The ties are their labels and the place, + 1, of the
    one before of the same node, or 0; `last_tie` is that of its last.
    """
    _spread(graph, targets, labels, how)
    ties = _find_ties(graph, targets, labels, last_tie, how)
    n_ties = ties.state[0]
    return ties.label[:n_ties], ties.before[:n_ties]


@compiled
def nearest_of(
    asking: OnEdges,
    edges: Edges,
    beside: Beside,
    labels: Any,
    last_tie: Ints,
    tie_label: Any,
    tie_before: Ints,
    how: Labelling,
    start: int,
    stop: int,
    nearest: Ints,
    nearest_mm: Floats,
) -> None:
    """Read the target owner nearest to the owners of some accesses off the labels, and how far it is, in millimetres.

    The last two arrays, one per owner, come in as -1 and infinity, and stay so where no target is in reach. The accesses
    from `start` to `stop` are all of some owners.
    """
    for access in range(start, stop):
        one, edge = asking.owner[access], asking.edge[access]
        along_m, off_m = asking.along_m[access], asking.off_m[access]
        for k in range(beside.first[edge], beside.first[edge + 1]):
            walk_m = off_m + abs(along_m - beside.along_m[k]) + beside.off_m[k]
            _keep_nearer(nearest, nearest_mm, one, beside.owner[k], walk_m)
        for end in range(2):
            leg_m = off_m + (along_m if end == 0 else edges.length_m[edge] - along_m)
            node = edges.node[edge, end]
            label = labels[node]
            tie = last_tie[node]
            while label < NO_LABEL:
                walk_m = (label >> how.owner_bits) * UNIT_M + leg_m
                _keep_nearer(nearest, nearest_mm, one, label & how.owner_mask, walk_m)
                if tie == 0:
                    break
                label = tie_label[tie - 1]
                tie = tie_before[tie - 1]
            if along_m == 0.0:
                break  # the walk by way of the other end is longer by the edge
