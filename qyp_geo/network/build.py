"""From street lines to edges and nodes: where lines are joined, and what becomes of odd ones."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.errors import CrsError, NetworkError
from qyp_geo.network.exact import Floats, Ints, to_units

GRID_M = 1e-4
"""Vertices are the same one when their x and y agree after rounding to this; all then have the place of the first."""

Lines = gpd.GeoDataFrame | gpd.GeoSeries
_LINE_TYPES = ("LineString", "LinearRing", "MultiLineString")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What became of the lines that are not plain ones, by their index labels.

    Parameters
    ----------
    n_lines
        Lines given.
    multipart
        MultiLineStrings: each part is used as a line of its own, all under the one label.
    with_z
        Lines with heights, which are ignored: lengths are those of the plan.
    empty
        Missing or empty geometries (also a part of one): nothing to use.
    zero_length
        Lines, or parts, that never leave one point: nothing to use.
    duplicate
        Lines that run wholly, vertex by vertex in either direction, along streets already there: used once.
    overlapping
        Lines of which only some stretches do so: those stretches are used once.
    crossings_joined
        Vertices added where lines cross or touch; 0 unless that was asked for.
    crossings_unused
        Crossings, by their labels, that no two-sided street is near to; none where no street is two-sided.
    """

    n_lines: int
    multipart: pd.Index
    with_z: pd.Index
    empty: pd.Index
    zero_length: pd.Index
    duplicate: pd.Index
    overlapping: pd.Index
    crossings_joined: int
    crossings_unused: pd.Index


@dataclass(frozen=True, slots=True)
class Streets:
    """Lines cut into edges at their nodes. Edges are in the order of the lines, nodes in Hilbert order.

    Parameters
    ----------
    xy
        Vertices of all edges, one edge after the other, shape (vertices, 2), metres.
    first_vertex
        Where each edge begins in `xy`, shape (edges + 1,).
    node
        The nodes that each edge begins and ends at, shape (edges, 2).
    length_m
        Length of each edge, a multiple of `UNIT_M`.
    part, part_line
        The part (of a line) that each edge is cut from, and the position of its line in the input.
    part_end
        The nodes that each part begins and ends at, shape (parts, 2); -1 for parts without length.
    n_nodes
        Number of nodes.
    """

    xy: Floats
    first_vertex: npt.NDArray[np.int64]
    node: Ints
    length_m: Floats
    part: Ints
    part_line: Ints
    part_end: Ints
    n_nodes: int

    def lines(self) -> npt.NDArray[np.object_]:
        """The edges as LineStrings."""
        edge = np.repeat(np.arange(len(self.length_m)), np.diff(self.first_vertex))
        return np.asarray(shapely.linestrings(self.xy, indices=edge))


def some(labels: pd.Index | npt.NDArray[np.object_]) -> str:
    """The first few labels in words."""
    shown = ", ".join(repr(label) for label in labels[:5].tolist())
    return shown if len(labels) <= 5 else f"{shown} and {len(labels) - 5:,} more"


def column(frame: gpd.GeoDataFrame | gpd.GeoSeries, name: str, *, what: str, option: str) -> pd.Series:
    """The column that an option names; raise `NetworkError` if there is none of that name."""
    if isinstance(frame, gpd.GeoDataFrame) and name in frame.columns:
        return frame[name]
    columns = some(frame.columns) if isinstance(frame, gpd.GeoDataFrame) else "none, it is a GeoSeries"
    raise NetworkError(f"{what}: {option}={name!r} names no column (columns: {columns})")


def require_metres(lines: Lines) -> None:
    """Raise `CrsError` unless `lines` are in a projected reference system in metres."""
    crs = lines.crs
    if crs is None:
        raise CrsError("lines: they have no coordinate reference system; set the one they are in with set_crs")
    if not crs.is_projected:
        raise CrsError(f"lines: {crs.name} ({crs.to_string()}) is not projected; convert to one in metres with to_crs")
    units = {axis.unit_name for axis in crs.axis_info[:2] if axis.unit_conversion_factor != 1.0}
    if units:
        raise CrsError(f"lines: {crs.name} counts in {', '.join(units)}; convert to one in metres with to_crs")


def join_lines(lines: Lines, *, node_crossings: bool = False) -> tuple[Streets, BuildReport]:
    """Cut lines into edges wherever they share a vertex, end or interior.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in a projected reference system in metres.
    node_crossings
        Also give lines a common vertex where they meet without having one.

    Raises
    ------
    CrsError
        The reference system is missing, not projected, or not in metres.
    NetworkError
        Geometries that are no lines or have coordinates that are no numbers, or nothing is left.
    """
    require_metres(lines)
    geometry = np.asarray(lines.geometry.array, dtype=object)
    _require_lines(geometry, lines.index)
    parts, part_line = shapely.get_parts(geometry, return_index=True)
    xy, part, vertex = _vertices(*shapely.get_coordinates(parts, return_index=True))
    crossings_joined = 0
    if node_crossings:
        n_vertices = len(np.unique(vertex))
        xy, part, vertex = _vertices(*_with_crossings(xy, part, vertex))
        crossings_joined = len(np.unique(vertex)) - n_vertices

    start = np.flatnonzero(part[1:] == part[:-1])  # where each segment begins
    if not start.size:
        raise NetworkError(f"lines: none of the {len(geometry)} lines given has any length, so there is no network")
    is_node, repeats = _nodes(vertex, part, start)
    first_of_part = np.flatnonzero(np.diff(part[start], prepend=-1))
    last_of_part = np.append(first_of_part[1:], start.size) - 1
    run = np.flatnonzero(is_node[vertex[start]])  # stretches between nodes, by their first segment
    # Whoever enters a stretch between two nodes walks all of it: if its first segment was there before, all of it was.
    kept = ~repeats[run]
    seg_m = np.hypot(*(xy[start + 1] - xy[start]).T)
    run_m = np.add.reduceat(seg_m, run)
    begin = start[run]
    end = start[np.append(run[1:], start.size) - 1] + 1
    run_part = part[begin]

    node_of, n_nodes = _in_hilbert_order(xy, vertex, np.stack([begin, end], axis=1)[kept])
    long_part = part[start[first_of_part]]
    part_end = np.full((len(parts), 2), -1, np.int32)
    part_end[long_part, 0] = node_of[vertex[start[first_of_part]]]
    part_end[long_part, 1] = node_of[vertex[start[last_of_part] + 1]]
    count = (end - begin + 1)[kept]
    first_vertex = np.concatenate([[0], np.cumsum(count)])
    taken = np.repeat(begin[kept] - first_vertex[:-1], count) + np.arange(first_vertex[-1])
    streets = Streets(
        xy=xy[taken],
        first_vertex=first_vertex,
        node=np.stack([node_of[vertex[begin]], node_of[vertex[end]]], axis=1)[kept],
        length_m=to_units(run_m[kept]),
        part=run_part[kept].astype(np.int32),
        part_line=part_line.astype(np.int32),
        part_end=part_end,
        n_nodes=n_nodes,
    )
    return streets, _report(lines.index, geometry, parts, part_line, run_part, kept, crossings_joined)


def _require_lines(geometry: npt.NDArray[np.object_], index: pd.Index) -> None:
    kind = np.array([g.geom_type if g is not None else "LineString" for g in geometry], dtype=object)
    wrong = ~np.isin(kind, _LINE_TYPES)
    if wrong.any():
        found = ", ".join(sorted(set(kind[wrong])))
        raise NetworkError(f"lines: {wrong.sum()} are no lines but {found}: {some(index[wrong])}. Leave them out")
    xy, row = shapely.get_coordinates(geometry, return_index=True)
    odd = np.unique(row[~np.isfinite(xy).all(axis=1)])
    if odd.size:
        raise NetworkError(f"lines: {odd.size} have coordinates that are no finite numbers: {some(index[odd])}")


def _vertices(xy: Floats, part: npt.NDArray[np.intp]) -> tuple[Floats, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Number the vertices by place; drop those that repeat the one before them, and parts that are a mere point."""
    grid = np.rint(xy / GRID_M).astype(np.int64)
    x = pd.factorize(grid[:, 0])[0]
    y = pd.factorize(grid[:, 1])[0]
    vertex = pd.factorize(x * (y.max(initial=0) + 1) + y)[0]  # numbered as they first appear
    xy = xy[~pd.Series(vertex).duplicated().to_numpy()][vertex]
    moves = np.ones(len(vertex), dtype=bool)
    moves[1:] = (vertex[1:] != vertex[:-1]) | (part[1:] != part[:-1])
    xy, part, vertex = xy[moves], part[moves], vertex[moves]
    long = np.bincount(part)[part] > 1
    return xy[long], part[long], vertex[long]


def _with_crossings(
    xy: Floats, part: npt.NDArray[np.intp], vertex: npt.NDArray[np.intp]
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Add a vertex to every segment where another crosses it, and where a vertex lies on it to within `GRID_M`."""
    start = np.flatnonzero(part[1:] == part[:-1])
    segment = np.asarray(shapely.linestrings(np.stack([xy[start], xy[start + 1]], axis=1)))
    tree = shapely.STRtree(segment)
    a, b = tree.query(segment, predicate="crosses")
    a, b = a[a < b], b[a < b]
    crossing = shapely.get_coordinates(shapely.intersection(segment[a], segment[b]))
    place = xy[~pd.Series(vertex).duplicated().to_numpy()]
    lying, under = tree.query(shapely.points(place), predicate="dwithin", distance=GRID_M)

    point = np.concatenate([crossing, crossing, place[lying]])
    on = start[np.concatenate([a, b, under])]
    grid = np.rint(point / GRID_M)
    is_end = [(grid == np.rint(xy[on + end] / GRID_M)).all(axis=1) for end in (0, 1)]
    inside = ~(is_end[0] | is_end[1])
    point, on = point[inside], on[inside]
    way = xy[on + 1] - xy[on]
    share = ((point - xy[on]) * way).sum(axis=1) / (way * way).sum(axis=1)
    order = np.lexsort((np.concatenate([np.zeros(len(xy)), share]), np.concatenate([np.arange(len(xy)), on])))
    return np.concatenate([xy, point])[order], np.concatenate([part, part[on]])[order]


def _nodes(
    vertex: npt.NDArray[np.intp], part: npt.NDArray[np.intp], start: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which vertices are nodes, and which segments repeat an earlier one (in either direction).

    A node is an end of a line, a vertex where other than two different segments meet, or where a line turns back.
    """
    a, b = vertex[start], vertex[start + 1]
    n_vertices = int(vertex.max()) + 1
    repeats = pd.Series(np.minimum(a, b) * n_vertices + np.maximum(a, b)).duplicated().to_numpy()
    degree = np.bincount(np.concatenate([a[~repeats], b[~repeats]]), minlength=n_vertices)
    is_node = degree != 2
    is_node[vertex[:1]] = is_node[vertex[-1:]] = True
    is_node[vertex[1:][part[1:] != part[:-1]]] = True
    is_node[vertex[:-1][part[1:] != part[:-1]]] = True
    is_node[vertex[1:-1][(vertex[2:] == vertex[:-2]) & (part[2:] == part[:-2])]] = True
    return is_node, repeats


def _in_hilbert_order(xy: Floats, vertex: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]) -> tuple[Ints, int]:
    """The node number of each vertex (-1: none). Nodes that are near each other get near numbers, hence near memory."""
    used, at = np.unique(vertex[ends], return_index=True)
    place = xy[ends.ravel()[at]]
    distance = gpd.GeoSeries.from_xy(place[:, 0], place[:, 1]).hilbert_distance()
    node_of = np.full(int(vertex.max()) + 1, -1, np.int32)
    node_of[used[np.argsort(distance.to_numpy(), kind="stable")]] = np.arange(len(used))
    return node_of, len(used)


def _report(
    index: pd.Index,
    geometry: npt.NDArray[np.object_],
    parts: npt.NDArray[np.object_],
    part_line: npt.NDArray[np.intp],
    run_part: npt.NDArray[np.intp],
    kept: npt.NDArray[np.bool_],
    crossings_joined: int,
) -> BuildReport:
    n_lines = len(index)
    n_runs = np.bincount(part_line[run_part], minlength=n_lines)
    n_kept = np.bincount(part_line[run_part[kept]], minlength=n_lines)
    no_part = np.bincount(part_line, minlength=n_lines) == 0
    has_empty = np.bincount(part_line[shapely.is_empty(parts)], minlength=n_lines) > 0
    pointlike = ~shapely.is_empty(parts) & (np.bincount(run_part, minlength=len(parts)) == 0)
    return BuildReport(
        n_lines=n_lines,
        multipart=index[shapely.get_num_geometries(geometry) > 1],
        with_z=index[shapely.has_z(geometry)],
        empty=index[no_part | has_empty],
        zero_length=index[np.bincount(part_line[pointlike], minlength=n_lines) > 0],
        duplicate=index[(n_runs > 0) & (n_kept == 0)],
        overlapping=index[(n_kept > 0) & (n_kept < n_runs)],
        crossings_joined=crossings_joined,
        crossings_unused=pd.Index([]),
    )
