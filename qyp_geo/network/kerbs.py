"""Two-sided streets: an edge for each kerb, joined at corners, and links where the street may be crossed.

A wide street is not crossed wherever one likes. Each of its edges becomes two, one per kerb, both with the length of
the centre line. Around a node the ends of edges part the ground into sectors, one between each end and the next. A
sector is a corner to stand on: a two-sided street keeps the corners on its two sides apart (its left kerb ends in the
one, its right kerb in the other), any other street joins them. Where crossing is allowed, the corners on the two sides
of a two-sided street are linked by a walk of its width::

    lane joins its corners          the two-sided street keeps north and south apart

               | lane |
          corner      corner                  all of the north is one corner here;
    ---left------------------left----         the south is another, linked to it by
     two-sided street ->                      `width_m` if one may cross at this node
    ---right-----------------right---
               corner

At a dead end there is one sector only, and one walks around it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import shapely
from shapely.ops import substring

from qyp_geo.errors import NetworkError
from qyp_geo.network.build import GRID_M, Lines, Streets, column, some
from qyp_geo.network.exact import Floats, Ints, to_units

CROSSING_REACH_M = 15.0
"""A crossing belongs to the node of a two-sided street, or to its centre line, that is no farther than this."""

_AHEAD_M = 0.01
"""How far before and behind a place on a line one looks to see where the line goes there."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kerbs:
    """Which edges are kerbs, and where the streets between them are crossed.

    Parameters
    ----------
    side
        1 for the left kerb of a two-sided street, seen in the direction of the edge, -1 for the right one, which is
        the edge after it; 0 for all other edges.
    half_width_m
        Metres from the centre line to the kerb; 0 for all other edges.
    link, link_m
        Pairs of nodes between which a street is crossed, shape (links, 2), and the metres of each, multiples of
        `UNIT_M`.
    """

    side: npt.NDArray[np.int8]
    half_width_m: Floats
    link: Ints
    link_m: Floats


def two_sides(lines: Lines, *, two_sided: str | None, width_m: str | float | None) -> tuple[Bools, Floats]:
    """Which lines are two-sided, and how wide those are in metres (0 the others), as their columns say.

    Raises
    ------
    NetworkError
        A column is missing, or what it says is not true or false, or no width.
    """
    if two_sided is None:
        if width_m is not None:
            raise NetworkError("width_m: only two-sided streets have a width; name their column with two_sided")
        return np.zeros(len(lines), dtype=bool), np.zeros(len(lines))
    given = column(lines, two_sided, what="lines", option="two_sided")
    odd = ~given.isin([True, False]).to_numpy()
    if odd.any():
        raise NetworkError(
            f"lines: {odd.sum()} are neither true nor false in column {two_sided!r}: {some(lines.index[odd])}"
        )
    is_two_sided = given.to_numpy(dtype=bool)
    if width_m is None:
        raise NetworkError("width_m: two-sided streets need their metres from kerb to kerb, a column or one figure")
    widths = column(lines, width_m, what="lines", option="width_m") if isinstance(width_m, str) else width_m
    metres = np.full(len(lines), pd.to_numeric(widths, errors="coerce"), dtype=float)
    wrong = is_two_sided & ~(np.isfinite(metres) & (metres > 0))
    if wrong.any():
        raise NetworkError(
            f"lines: {wrong.sum()} two-sided ones have no width_m, a number of metres above 0 (given: {width_m!r}): "
            f"{some(lines.index[wrong])}"
        )
    return is_two_sided, np.where(is_two_sided, metres, 0.0)


def without_kerbs(streets: Streets) -> Kerbs:
    """What is said of streets none of which is two-sided."""
    n_edges = len(streets.length_m)
    return Kerbs(np.zeros(n_edges, np.int8), np.zeros(n_edges), np.empty((0, 2), np.int32), np.empty(0))


def with_kerbs(
    streets: Streets, two_sided: Bools, width_m: Floats, crossings: npt.NDArray[np.object_] | None
) -> tuple[Streets, Kerbs, Bools]:
    """Give every two-sided edge two kerbs.

    Parameters
    ----------
    two_sided, width_m
        Of each edge: whether it is two-sided, and the metres from kerb to kerb.
    crossings
        Points at which two-sided streets may be crossed; without any they may be at every junction.

    Returns
    -------
    The edges, each kerb one of its own and nodes at the corners; what is said of them; and which of `crossings` are
    not near any two-sided street, shape (crossings,).
    """
    near = np.zeros(0 if crossings is None else len(crossings), dtype=bool)
    if crossings is None:
        allowed = np.bincount(streets.node.ravel(), minlength=streets.n_nodes) >= 3
    else:
        allowed, near, edge, along_m = _places_of(crossings, streets, two_sided)
        streets, cut_from = _cut(streets, edge, along_m)
        two_sided, width_m = two_sided[cut_from], width_m[cut_from]
        allowed = np.concatenate([allowed, np.ones(streets.n_nodes - len(allowed), dtype=bool)])

    before, after, any_corner = _corners(streets, two_sided)
    # Whoever leaves a node along an edge has the corner after it (counter-clockwise) to the left.
    left = np.stack([after[:, 0], before[:, 1]], axis=1)
    right = np.stack([before[:, 0], after[:, 1]], axis=1)
    edge = np.repeat(np.arange(len(two_sided)), 1 + two_sided)
    is_right = np.append(False, edge[1:] == edge[:-1])
    n_vertices = np.diff(streets.first_vertex)[edge]
    first_vertex = np.concatenate([[0], np.cumsum(n_vertices)])
    taken = np.repeat(streets.first_vertex[edge] - first_vertex[:-1], n_vertices) + np.arange(first_vertex[-1])
    kerbs = Streets(
        xy=streets.xy[taken],
        first_vertex=first_vertex,
        node=np.where(is_right[:, None], right[edge], left[edge]).astype(np.int32),
        length_m=streets.length_m[edge],
        part=streets.part[edge],
        part_line=streets.part_line,
        part_end=np.where(streets.part_end >= 0, any_corner[streets.part_end], -1).astype(np.int32),
        n_nodes=int(max(left.max(), right.max())) + 1,
    )
    over = (two_sided[:, None] & allowed[streets.node] & (before != after)).nonzero()
    said = Kerbs(
        side=np.where(two_sided[edge], np.where(is_right, -1, 1), 0).astype(np.int8),
        half_width_m=np.where(two_sided[edge], width_m[edge] / 2, 0.0),
        link=np.stack([before[over], after[over]], axis=1).astype(np.int32),
        link_m=to_units(width_m[over[0]]),
    )
    return kerbs, said, ~near


def _places_of(
    crossings: npt.NDArray[np.object_], streets: Streets, two_sided: Bools
) -> tuple[Bools, Bools, npt.NDArray[np.intp], Floats]:
    """The nodes at which crossings allow to cross, which crossings are of use, and the places on edges of the others.

    Nodes are ends of two-sided edges only: a crossing beside some lane's end is no less one of the street's middle.
    """
    allowed = np.zeros(streets.n_nodes, dtype=bool)
    node, end = np.unique(streets.node[two_sided], return_index=True)
    ends = np.stack([streets.first_vertex[:-1], streets.first_vertex[1:] - 1], axis=1)[two_sided].ravel()
    corner = shapely.STRtree(np.asarray(shapely.points(streets.xy[ends[end]])))
    at_node, nth = corner.query(crossings, predicate="dwithin", distance=CROSSING_REACH_M)
    allowed[node[nth]] = True

    edges = np.flatnonzero(two_sided)
    lines = streets.lines()[edges]
    near = np.isin(np.arange(len(crossings)), at_node)
    others = np.flatnonzero(~near)
    nth, on = shapely.STRtree(lines).query_nearest(crossings[others], max_distance=CROSSING_REACH_M, all_matches=False)
    near[others[nth]] = True
    along_m = to_units(shapely.line_locate_point(lines[on], crossings[others[nth]]))
    places = pd.DataFrame({"edge": edges[on], "along_m": along_m}).drop_duplicates().sort_values(["edge", "along_m"])
    return allowed, near, places["edge"].to_numpy(), places["along_m"].to_numpy()


def _cut(streets: Streets, edge: npt.NDArray[np.intp], along_m: Floats) -> tuple[Streets, npt.NDArray[np.intp]]:
    """Cut edges at places along them, which become the last nodes; also the edge that each piece is cut from."""
    n_edges = len(streets.length_m)
    cut_from = np.sort(np.concatenate([np.arange(n_edges), edge]))
    first = np.searchsorted(cut_from, np.arange(n_edges))  # the first piece of each edge
    is_last = np.append(cut_from[1:] != cut_from[:-1], True)
    new = streets.n_nodes + np.arange(len(edge), dtype=np.int32)
    node = streets.node[cut_from]
    node[~is_last, 1] = new
    node[1:][~is_last[:-1], 0] = new
    until_m = streets.length_m[cut_from]
    until_m[~is_last] = along_m
    from_m = np.append(0.0, until_m[:-1])
    from_m[first] = 0.0

    pieces = np.split(streets.xy, streets.first_vertex[1:-1])
    drawn = [pieces[e] for e in cut_from]
    for k in np.flatnonzero(~is_last | np.append(False, ~is_last[:-1])):
        stop_m = np.inf if is_last[k] else until_m[k]
        drawn[k] = shapely.get_coordinates(substring(shapely.LineString(drawn[k]), from_m[k], stop_m))
    cut = replace(
        streets,
        xy=np.concatenate(drawn),
        first_vertex=np.concatenate([[0], np.cumsum([len(xy) for xy in drawn])]),
        node=node,
        length_m=until_m - from_m,
        part=streets.part[cut_from],
        n_nodes=streets.n_nodes + len(edge),
    )
    return cut, cut_from


def _corners(streets: Streets, two_sided: Bools) -> tuple[Ints, Ints, Ints]:
    """The corners before and after each end of an edge, counter-clockwise, shape (edges, 2); and one of each node."""
    first, last = streets.first_vertex[:-1], streets.first_vertex[1:] - 1
    outward = np.stack([streets.xy[first + 1] - streets.xy[first], streets.xy[last - 1] - streets.xy[last]], axis=1)
    angle = np.arctan2(outward[..., 1], outward[..., 0]).ravel()
    node = streets.node.ravel()
    order = np.lexsort((angle, node))
    first_of_node = np.flatnonzero(np.diff(node[order], prepend=-1))
    last_of_node = np.append(first_of_node[1:], len(order)) - 1

    # Sector k lies between the k-th end of the order and the next one of its node.
    sector = np.arange(len(order))
    sector_before = np.append(0, sector[:-1])
    sector_before[first_of_node] = last_of_node
    joined = ~two_sided[order // 2]
    joins = scipy.sparse.coo_array(
        (np.ones(joined.sum(), np.int8), (sector_before[joined], sector[joined])), shape=(len(order), len(order))
    )
    corner = pd.factorize(scipy.sparse.csgraph.connected_components(joins, directed=False)[1])[0]
    before, after = np.empty((2, len(order)), np.int32)
    before[order], after[order] = corner[sector_before], corner
    any_corner = np.zeros(streets.n_nodes, np.int32)
    any_corner[node[order][first_of_node]] = corner[first_of_node]
    return before.reshape(-1, 2), after.reshape(-1, 2), any_corner


def side_of(lines: npt.NDArray[np.object_], points: npt.NDArray[np.object_]) -> npt.NDArray[np.int8]:
    """Side of each line on which its point stands: 1 left, -1 right, 0 on the line (to `GRID_M`) or its prolongation.

    At a bend the point is inside or outside of it; before the first and after the last vertex the line goes on
    straight.
    """
    along_m = shapely.line_locate_point(lines, points)
    length_m = shapely.length(lines)
    xy = shapely.get_coordinates(points)
    place, behind, ahead = (
        shapely.get_coordinates(shapely.line_interpolate_point(lines, np.clip(m, 0.0, length_m)))
        for m in (along_m, along_m - _AHEAD_M, along_m + _AHEAD_M)
    )
    came, goes = place - behind, ahead - place
    came = np.where(along_m[:, None] > 0, came, goes)
    goes = np.where(along_m[:, None] < length_m[:, None], goes, came)
    left_of_came, left_of_goes = (
        (way[:, 0] * (xy - place)[:, 1] - way[:, 1] * (xy - place)[:, 0]) / np.hypot(*way.T) for way in (came, goes)
    )
    turns_left = came[:, 0] * goes[:, 1] - came[:, 1] * goes[:, 0] > 0
    # Inside a bend to the left is what lies left of both its arms; of a bend to the right, left of either.
    left_m = np.where(turns_left, np.minimum(left_of_came, left_of_goes), np.maximum(left_of_came, left_of_goes))
    return np.where(np.abs(left_m) <= GRID_M, 0, np.sign(left_m)).astype(np.int8)
