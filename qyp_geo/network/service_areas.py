"""Areas that are near reached streets: the pieces within a limit of a target, widened."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.errors import NetworkError
from qyp_geo.network.build import Streets
from qyp_geo.network.contours import Rings, contour, empty_field
from qyp_geo.network.exact import MM_SLACK_M, Floats, to_mm
from qyp_geo.network.kernels import Graph
from qyp_geo.network.search import Block, accesses_of, nodes_within
from qyp_geo.network.snap import Positions

Method = Literal["contour", "buffer"]
Geometries = npt.NDArray[np.object_]
Numbers = npt.NDArray[np.integer]

CELLS_PER_WIDTH = 5
"""Cells of a contour in one width, unless their size is given."""

QUARTER_SEGMENTS = 8
"""Straight segments that a buffer has in place of a quarter of a circle."""

_MOST_CELLS = 2000
"""Cells from the target to the farthest place: a field of (twice as many)² takes some hundred megabytes."""

_TARGETS_AT_ONCE = 64
"""Targets that one thread holds the pieces of at a time."""

_BLOCKS_PER_THREAD = 4

_LEAST_PART_M2 = 1e-6
"""Parts of a difference that are smaller are left where the outlines of two areas run along each other, but for rounding."""


class _Ends(NamedTuple):
    """Ends of edges, twice the edge and 1 more for its last: those at node k are `first[k]` to `first[k + 1]`."""

    first: Numbers
    end: Numbers


class _Doors(NamedTuple):
    """Accesses of some targets (numbered from 0)."""

    target: Numbers
    edge: Numbers
    along_m: Floats
    off_m: Floats


class _Pieces(NamedTuple):
    """Stretches within a limit: of which target, on which edge, from where to where along it."""

    target: Numbers
    edge: Numbers
    from_m: Floats
    to_m: Floats


def areas_frame(
    streets: Streets,
    graph: Graph,
    targets: Positions,
    *,
    within_m: float | Sequence[float],
    width_m: float,
    method: Method,
    cell_m: float | None,
) -> gpd.GeoDataFrame:
    """The area of each target and band; `WalkNetwork.service_areas` says how."""
    limits_m = _limits(within_m)
    width_m = _width(width_m)
    if method == "contour":
        cell_m = _cell(cell_m, width_m=width_m, farthest_m=limits_m[-1] + width_m)
        error_m, drawn = cell_m, f"a contour on a grid of {cell_m:g} m"
    elif method == "buffer":
        if cell_m is not None:
            raise NetworkError(f'cell_m: only method="contour" has cells; leave it out with "buffer" (given: {cell_m})')
        error_m = width_m * (1.0 - math.cos(math.pi / (4 * QUARTER_SEGMENTS))) + MM_SLACK_M
        drawn = f"a buffer with {QUARTER_SEGMENTS} segments in a quarter circle"
    else:
        raise NetworkError(f'method: service areas are drawn by "contour" or "buffer" (given: {method!r})')

    accesses = accesses_of(streets, targets)
    ends = _ends_by_node(streets)

    def areas(start: int, stop: int) -> Geometries:
        reached = nodes_within(graph, accesses, np.arange(start, stop, dtype=np.int32), within_m=limits_m[-1])
        mine = slice(accesses.first[start], accesses.first[stop])
        doors = _Doors(targets.owner[mine] - start, targets.edge[mine], targets.along_m[mine], targets.off_m[mine])
        segments = [
            _segments(streets, _pieces(streets, ends, reached, doors, limit_m), stop - start) for limit_m in limits_m
        ]
        if cell_m is None:
            return _bands(_buffers(segments, width_m=width_m))
        return _bands(_contours(segments, width_m=width_m, cell_m=cell_m))

    threads = os.cpu_count() or 1
    n_blocks = max(_BLOCKS_PER_THREAD * threads, math.ceil(len(targets) / _TARGETS_AT_ONCE))
    bounds = np.unique(np.linspace(0, len(targets), n_blocks + 1).astype(int)).tolist()
    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(areas, bounds[:-1], bounds[1:]))
    area = np.concatenate([np.empty((0, len(limits_m)), object), *blocks])

    from_m = (0.0, *limits_m[:-1])
    columns = {
        "target": targets.labels.repeat(len(limits_m)),
        "from_m": np.tile(from_m, len(targets)),
        "within_m": np.tile(limits_m, len(targets)),
        "method": method,
        "definition": [_definition(*band, width_m=width_m, drawn=drawn) for band in zip(from_m, limits_m, strict=True)]
        * len(targets),
        "area_m2": shapely.area(area.ravel()),
        "error_m": error_m,
    }
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=area.ravel(), crs=targets.crs)


def _ends_by_node(streets: Streets) -> _Ends:
    node = streets.node.ravel()
    return _Ends(np.concatenate([[0], np.cumsum(np.bincount(node, minlength=streets.n_nodes))]), np.argsort(node))


def _pieces(streets: Streets, ends: _Ends, reached: Block, doors: _Doors, limit_m: float) -> _Pieces:
    """What is within `limit_m` of targets: of edges from their ends, and around the doors of the targets."""
    near = reached.walk_m <= limit_m
    node = reached.found[near]
    first, n = ends.first[node], np.diff(ends.first)[node]
    end = ends.end[np.repeat(first - np.cumsum(n) + n, n) + np.arange(n.sum())]
    nth = np.repeat(np.arange(len(reached.owners)), reached.n_found)
    target = np.repeat(nth[near], n)
    rest_m = np.repeat(limit_m - reached.walk_m[near], n)

    order = np.argsort(target * (2 * len(streets.length_m)) + end)  # the two ends of an edge one after the other
    target, end, rest_m = target[order], end[order], rest_m[order]
    edge, is_last = end >> 1, (end & 1).astype(bool)
    length_m = streets.length_m[edge]
    from_first_m = np.minimum(rest_m, length_m)
    # From its last end an edge is drawn as far as it is not from its first.
    both = np.append(False, (edge[1:] == edge[:-1]) & (target[1:] == target[:-1]))[: len(edge)]
    done_m = np.where(both, np.roll(from_first_m, 1), 0.0)
    from_m = np.where(is_last, np.maximum(length_m - rest_m, done_m), 0.0)
    to_m = np.where(is_last, length_m, from_first_m)
    leads = from_m < to_m

    enters = to_mm(doors.off_m) <= limit_m  # also with nothing left to walk: then it is a mere point
    rest_m = np.maximum(limit_m - doors.off_m, 0.0)
    around = _Pieces(
        doors.target,
        doors.edge,
        np.maximum(doors.along_m - rest_m, 0.0),
        np.minimum(doors.along_m + rest_m, streets.length_m[doors.edge]),
    )
    from_ends = _Pieces(target, edge, from_m, to_m)
    return _Pieces(*(np.concatenate([a[leads], b[enters]]) for a, b in zip(from_ends, around, strict=True)))


def _segments(streets: Streets, pieces: _Pieces, n_targets: int) -> list[Floats]:
    """The straight segments of the pieces of each target, shape (segments, 4): x, y, x, y."""
    n = np.diff(streets.first_vertex)[pieces.edge] - 1
    stop = np.cumsum(n)
    piece = np.repeat(np.arange(len(n)), n)
    vertex = np.arange(n.sum()) + np.repeat(streets.first_vertex[pieces.edge] - stop + n, n)
    begin_xy, way = streets.xy[vertex], streets.xy[vertex + 1] - streets.xy[vertex]
    length_m = np.hypot(*way.T)
    end_m = np.cumsum(length_m)
    end_m -= np.repeat((end_m - length_m)[stop - n], n)  # from the beginning of its edge
    begin_m = end_m - length_m
    from_m, to_m = pieces.from_m[piece], pieces.to_m[piece]
    used = (end_m >= from_m) & (begin_m <= to_m)
    share = np.stack([from_m - begin_m, to_m - begin_m]) / length_m
    xy = begin_xy + share.clip(0.0, 1.0)[:, :, None] * way
    segments = np.concatenate(xy, axis=1)[used]
    target = pieces.target[piece[used]]
    order = np.argsort(target, kind="stable")
    return np.split(segments[order], np.searchsorted(target[order], np.arange(1, n_targets)))


def _buffers(segments: list[list[Floats]], *, width_m: float) -> Geometries:
    """The area within each limit, shape (targets, limits): every segment widened, and all of them joined."""
    areas = np.full((len(segments[0]), len(segments)), shapely.Polygon(), dtype=object)
    for column, of_targets in enumerate(segments):
        for row, of_target in enumerate(of_targets):
            if len(of_target):
                # One by one: bends of longer lines would be simplified by a hundredth of the width, and it is faster.
                lines = shapely.linestrings(of_target.reshape(-1, 2, 2))
                areas[row, column] = shapely.union_all(shapely.buffer(lines, width_m, quad_segs=QUARTER_SEGMENTS))
    return areas


def _contours(segments: list[list[Floats]], *, width_m: float, cell_m: float) -> Geometries:
    """The area within each limit, shape (targets, limits), all those of one target drawn into one field."""
    rings: list[Rings] = []
    for of_limits in zip(*segments, strict=True):
        field = empty_field(of_limits[-1], width_m=width_m, cell_m=cell_m)
        rings += [contour(field, s, width_m, cell_m) for s in of_limits]
    return _polygons(rings).reshape(-1, len(segments))


def _polygons(rings: list[Rings]) -> Geometries:
    """The area within each set of rings."""
    n_rings = [len(r.size) for r in rings]
    of = np.repeat(np.arange(len(rings)), n_rings)
    size = np.concatenate([r.size for r in rings])
    shell = np.concatenate([r.shell for r in rings]) + np.repeat(np.cumsum(n_rings) - n_rings, n_rings)
    order = np.argsort(shell, kind="stable")  # each shell, and then its holes
    first_xy = (np.cumsum(size) - size)[order]
    size, shell = size[order], shell[order]
    stop = np.cumsum(size)
    xy = np.concatenate([r.xy for r in rings])[np.arange(size.sum()) + np.repeat(first_xy - stop + size, size)]
    is_first = np.append(True, shell[1:] != shell[:-1])[: len(shell)]
    ring_offsets = np.append(0, stop)
    polygon_offsets = np.append(np.flatnonzero(is_first), len(shell))
    polygons = shapely.from_ragged_array(shapely.GeometryType.POLYGON, xy, (ring_offsets, polygon_offsets))
    return _joined(polygons, of[shell[is_first]], len(rings))


def _bands(areas: Geometries) -> Geometries:
    """What is in each area, but not in the one before; shape (targets, limits)."""
    bands = areas.copy()
    rests = shapely.difference(areas[:, 1:], areas[:, :-1])
    parts, of = shapely.get_parts(rests.ravel(), return_index=True)
    real = shapely.area(parts) >= _LEAST_PART_M2
    bands[:, 1:] = _joined(parts[real], of[real], rests.size).reshape(rests.shape)
    return bands


def _joined(polygons: Geometries, of: Numbers, n: int) -> Geometries:
    """The `n` areas that polygons belong to: a polygon, a multipolygon where it must be, or an empty polygon."""
    areas = np.full(n, shapely.Polygon(), dtype=object)
    single = np.bincount(of, minlength=n)[of] == 1
    areas[of[single]] = polygons[single]
    if not single.all():
        shapely.multipolygons(polygons[~single], indices=of[~single], out=areas)
    return areas


def _definition(from_m: float, limit_m: float, *, width_m: float, drawn: str) -> str:
    less = f", less the same for {from_m:.10g} m" if from_m else ""
    return (
        f"all within {width_m:.10g} m of the streets that a walk of {limit_m:.10g} m from the target, with its leg to "
        f"the street, reaches{less}; drawn as {drawn}"
    )


def _limits(within_m: float | Sequence[float]) -> list[float]:
    limits_m = [float(limit) for limit in np.atleast_1d(within_m)]
    if not limits_m or limits_m != sorted(set(limits_m)) or not (limits_m[0] >= 0 and limits_m[-1] < math.inf):
        raise NetworkError(
            "within_m: one limit in metres, 0 or more and not infinite, or several for nested bands, each larger than "
            f"the one before (given: {within_m})"
        )
    return limits_m


def _width(width_m: float) -> float:
    if not 0.0 < width_m < math.inf:
        raise NetworkError(f"width_m: streets are widened by a number of metres above 0 (given: {width_m})")
    return float(width_m)


def _cell(cell_m: float | None, *, width_m: float, farthest_m: float) -> float:
    least_m = farthest_m / _MOST_CELLS
    if cell_m is None:
        cell_m = width_m / CELLS_PER_WIDTH
    if not least_m <= cell_m <= width_m / 2:
        raise NetworkError(
            f"cell_m: the cells of a contour are at most half as large as the width, so {width_m / 2:g} m, and no "
            f"more than {_MOST_CELLS} of them reach from a target to the farthest place, so at least {least_m:g} m "
            f'(given: {cell_m:g}). Give another cell_m, a larger width_m, or method="buffer"'
        )
    return float(cell_m)
