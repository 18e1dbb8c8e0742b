"""The ways that least walks take, as lines along streets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import shapely
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from qyp_geo.errors import NetworkError
from qyp_geo.network.build import Streets
from qyp_geo.network.exact import Floats, to_mm
from qyp_geo.network.kerbs import Kerbs
from qyp_geo.network.snap import Positions

Numbers = npt.NDArray[np.integer]

_REACHES_M = (1000.0, 8000.0, np.inf)
"""How far one searches at first, and again for what was not found so near."""

_TABLE_SIZE = 2_000_000
"""How many distances (from some nodes to all) are held at one time."""


class _Arcs(NamedTuple):
    """The shortest way from node to neighbouring node: `key` (from, to; ascending), and the way and its direction.

    `way` is an edge, or -1 for a link between kerbs, which takes no line to draw.
    """

    key: npt.NDArray[np.int64]
    way: Numbers
    backward: npt.NDArray[np.bool_]
    graph: scipy.sparse.csr_array


class _Choices(NamedTuple):
    """Ways to walk between the two of a pair: an access of each and, unless one stays on their edge, an end of each."""

    pair: Numbers
    access: Numbers
    end: Numbers
    node: Numbers
    legs_m: Floats

    def take(self, which: Numbers | npt.NDArray[np.bool_] | slice) -> _Choices:
        """Some of them."""
        return _Choices(self.pair[which], self.access[which], self.end[which], self.node[which], self.legs_m[which])


def routes_frame(
    streets: Streets, kerbs: Kerbs, lines: npt.NDArray[np.object_], origins: Positions, targets: Positions
) -> gpd.GeoDataFrame:
    """The least walk of each pair; `WalkNetwork.routes` says how."""
    if len(origins) != len(targets):
        raise NetworkError(f"routes: there are {len(origins)} origins, but {len(targets)} targets; give one of each")
    for at in (origins, targets):
        if at.start_xy is not None and len(at.start_xy) != len(at.owner):
            raise NetworkError(
                f"routes: positions have {len(at.owner)} accesses, but start_xy of {len(at.start_xy)}; give start_xy "
                "of the same accesses, or None"
            )
    access = _access_pairs(origins, targets)
    pair = origins.owner[access[:, 0]]
    walk_m = np.full(len(origins), np.inf)
    chosen = np.full((len(origins), 4), -1)  # accesses, and ends of their edges (-1: the walk stays on the edge)
    hops: list[Numbers] = [np.empty(0, np.int64)] * len(origins)

    beside = origins.edge[access[:, 0]] == targets.edge[access[:, 1]]
    a, b = access[beside].T
    along_m = origins.off_m[a] + np.abs(origins.along_m[a] - targets.along_m[b]) + targets.off_m[b]
    for k in _firsts_of_least(pair[beside], along_m):
        walk_m[pair[beside][k]] = along_m[k]
        chosen[pair[beside][k], :2] = access[beside][k]

    arcs = _arcs(streets, kerbs)
    choices = _choices(streets, origins, targets, access, pair)
    side = int(len(np.unique(choices.node[:, 1])) < len(np.unique(choices.node[:, 0])))  # search from fewer nodes
    order = np.argsort(choices.node[:, side], kind="stable")
    choices = choices.take(order)
    done_m = -1.0
    for reach_m in _REACHES_M:
        for these, far_m, trees, row in _searched(arcs, choices.take(walk_m[choices.pair] > done_m), side, reach_m):
            total_m = these.legs_m + far_m
            for k in _firsts_of_least(these.pair, total_m):
                p = these.pair[k]
                if total_m[k] < walk_m[p]:
                    walk_m[p] = total_m[k]
                    chosen[p] = *these.access[k], *these.end[k]
                    hops[p] = _way_back(trees[row[k]], these.node[k, 1 - side])[:: 1 if side else -1]
        done_m = reach_m  # whatever is nearer than this has been seen

    found = np.isfinite(walk_m)
    drawn = np.full(len(origins), None, dtype=object)
    for p in np.flatnonzero(found):
        drawn[p] = _draw(streets, lines, arcs, origins, targets, chosen[p], hops[p])
    columns = pd.DataFrame({"walk_m": np.where(found, to_mm(walk_m), np.nan)}, index=origins.labels.rename("origin"))
    return gpd.GeoDataFrame(columns, geometry=drawn, crs=origins.crs)


def _access_pairs(origins: Positions, targets: Positions) -> Numbers:
    """Every access of an origin with every access of its target, shape (pairs of accesses, 2)."""
    first = np.searchsorted(targets.owner, np.arange(len(targets) + 1))
    n = np.diff(first)[origins.owner]
    theirs = np.arange(n.sum()) + np.repeat(first[origins.owner] - np.cumsum(n) + n, n)
    return np.stack([np.repeat(np.arange(len(n)), n), theirs], axis=1)


def _choices(streets: Streets, origins: Positions, targets: Positions, access: Numbers, pair: Numbers) -> _Choices:
    """Every pair of accesses by way of either end of either edge."""
    end = np.array([(a, b) for a in (0, 1) for b in (0, 1)])
    access, pair, end = np.repeat(access, 4, axis=0), np.repeat(pair, 4), np.tile(end, (len(access), 1))
    node = np.empty_like(access)
    legs_m = np.zeros(len(access))
    for side, at in enumerate((origins, targets)):
        k, to = access[:, side], end[:, side]
        node[:, side] = streets.node[at.edge[k], to]
        legs_m += at.off_m[k] + np.where(to == 0, at.along_m[k], streets.length_m[at.edge[k]] - at.along_m[k])
    return _Choices(pair, access, end, node, legs_m)


def _searched(
    arcs: _Arcs, choices: _Choices, side: int, reach_m: float
) -> Iterator[tuple[_Choices, Floats, Numbers, Numbers]]:
    """Some choices at a time, sorted by their node on one side, and how far it is from there to the other.

    Also the trees of the searches, one row of each node on the one side, and the row that each choice needs.
    """
    sources, first = np.unique(choices.node[:, side], return_index=True)
    first = np.append(first, len(choices.pair))
    step = max(1, _TABLE_SIZE // arcs.graph.shape[0])
    for start in range(0, len(sources), step):
        stop = min(start + step, len(sources))
        far_m, previous = dijkstra(arcs.graph, indices=sources[start:stop], return_predecessors=True, limit=reach_m)
        these = choices.take(slice(first[start], first[stop]))
        row = np.searchsorted(sources[start:stop], these.node[:, side])
        yield these, far_m[row, these.node[:, 1 - side]], previous, row


def _arcs(streets: Streets, kerbs: Kerbs) -> _Arcs:
    """The shortest of the edges and links from node to node, in either direction."""
    n = streets.n_nodes
    ends = np.concatenate([streets.node, kerbs.link]).astype(np.int64)
    metres = np.concatenate([streets.length_m, kerbs.link_m])
    way = np.concatenate([np.arange(len(streets.length_m)), np.full(len(kerbs.link), -1)])
    backward = np.repeat([False, True], len(way))
    key = np.concatenate([ends[:, 0] * n + ends[:, 1], ends[:, 1] * n + ends[:, 0]])
    way, metres = np.tile(way, 2), np.tile(metres, 2)
    order = np.lexsort((metres, key))
    order = order[np.unique(key[order], return_index=True)[1]]
    key = key[order]
    graph = scipy.sparse.coo_array((metres[order], (key // n, key % n)), shape=(n, n)).tocsr()
    return _Arcs(key, way[order], backward[order], graph)


def _firsts_of_least(pair: Numbers, metres: Floats) -> Numbers:
    """Where the least of each pair stands; of several the first."""
    order = np.lexsort((metres, pair))
    return order[np.unique(pair[order], return_index=True)[1]]


def _way_back(previous: Numbers, node: int) -> Numbers:
    """The nodes from `node` back to the source of a search."""
    nodes = [node]
    while previous[nodes[-1]] >= 0:
        nodes.append(previous[nodes[-1]])
    return np.array(nodes, dtype=np.int64)


def _draw(
    streets: Streets,
    lines: npt.NDArray[np.object_],
    arcs: _Arcs,
    origins: Positions,
    targets: Positions,
    chosen: Numbers,
    nodes: Numbers,
) -> shapely.LineString:
    """The line of a walk: the leg to the street, the rest of its edge, edges, part of the last one, and the leg."""
    a, b = chosen[:2]
    here, there = lines[origins.edge[a]], lines[targets.edge[b]]
    if len(nodes):
        from_node, to_node = (np.inf if end else 0.0 for end in chosen[2:])
        steps = np.searchsorted(arcs.key, nodes[:-1] * streets.n_nodes + nodes[1:])
        steps = steps[arcs.way[steps] >= 0]
        ways = [
            substring(here, origins.along_m[a], from_node),
            *(lines[arcs.way[k]].reverse() if arcs.backward[k] else lines[arcs.way[k]] for k in steps),
            substring(there, to_node, targets.along_m[b]),
        ]
    else:
        ways = [substring(here, origins.along_m[a], targets.along_m[b])]
    legs = [at.xy[[k]] if at.start_xy is None else at.start_xy[[k]] for at, k in ((origins, a), (targets, b))]
    xy = np.concatenate([legs[0], *(shapely.get_coordinates(way) for way in ways), legs[1]])
    moves = np.append(True, (xy[1:] != xy[:-1]).any(axis=1))
    return shapely.LineString(xy[moves] if moves.sum() > 1 else xy[[0, 0]])
