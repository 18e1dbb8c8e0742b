"""Outlines of what lies near street pieces: a field of distances on a grid, and its contour, compiled on first use.

The points of the grid have coordinates that are whole multiples of its cell, wherever a target is. A contour passes
between two neighbouring points of which one is in (as near as the width, or nearer) and the other is not; its vertex
there is interpolated, to the millimetre, and at least one away from either point. So two vertices never meet, rings
are simple, and areas only grow as more pieces are drawn into their field.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numba
import numpy as np

from qyp_geo.network.exact import Floats, Ints
from qyp_geo.network.kernels import compiled


class Rings(NamedTuple):
    """Closed rings, shells counter-clockwise and holes clockwise, each hole after its shell.

    `xy`, shape (vertices, 2), metres; `size`, the vertices of each ring, the first of them repeated at the end; and
    `shell`, the number of the ring that is its shell (its own for a shell).
    """

    xy: Floats
    size: Ints
    shell: Ints


class Field(NamedTuple):
    """Squared distances at the points of a grid, shape (rows, columns); `column` and `row` are those of its corner."""

    near_m2: Floats
    column: int
    row: int


def empty_field(segments: Floats, *, width_m: float, cell_m: float) -> Field:
    """A field around `segments`, shape (n, 4): x, y, x, y. Its border is farther than the width from all of them."""
    if not segments.size:
        return Field(np.empty((0, 0)), 0, 0)
    xy = segments.reshape(-1, 2)
    low = np.floor((xy.min(axis=0) - width_m) / cell_m).astype(int) - 1
    high = np.ceil((xy.max(axis=0) + width_m) / cell_m).astype(int) + 1
    columns, rows = (high - low + 1).tolist()
    return Field(np.full((rows, columns), np.inf), int(low[0]), int(low[1]))


@numba.njit
def _draw(field: Any, segments: Any, reach_m: Any, cell_m: Any) -> None:
    """Lower the field to the distance of the segments, at all points within `reach_m` of them."""
    near_m2 = field.near_m2
    rows, columns = near_m2.shape
    for k in range(segments.shape[0]):
        x = segments[k, 0] - field.column * cell_m
        y = segments[k, 1] - field.row * cell_m
        way_x = segments[k, 2] - segments[k, 0]
        way_y = segments[k, 3] - segments[k, 1]
        length_m2 = way_x * way_x + way_y * way_y
        per_m2 = 1.0 / length_m2 if length_m2 > 0.0 else 0.0
        low_y, high_y = min(y, y + way_y), max(y, y + way_y)
        for row in range(
            max(0, math.ceil((low_y - reach_m) / cell_m)), min(rows, math.floor((high_y + reach_m) / cell_m) + 1)
        ):
            at_y = row * cell_m - y
            from_share, to_share = 0.0, 1.0  # the part of the segment that is in reach of this row
            if way_y != 0.0:
                one, other = (at_y - reach_m) / way_y, (at_y + reach_m) / way_y
                from_share, to_share = max(0.0, min(one, other)), min(1.0, max(one, other))
            one, other = x + from_share * way_x, x + to_share * way_x
            for column in range(
                max(0, math.ceil((min(one, other) - reach_m) / cell_m)),
                min(columns, math.floor((max(one, other) + reach_m) / cell_m) + 1),
            ):
                at_x = column * cell_m - x
                share = min(1.0, max(0.0, (at_x * way_x + at_y * way_y) * per_m2))
                off_x, off_y = at_x - share * way_x, at_y - share * way_y
                near_m2[row, column] = min(near_m2[row, column], off_x * off_x + off_y * off_y)


@numba.njit
def _link(near_m2: Any, onward: Any, width_m: Any) -> Any:
    """Let each place where the contour passes between two points lead on to the next; return how many there are.

    Place 2p lies between point p and the one to the right of it, 2p + 1 between p and the one above. The inside is
    on the left of the way.
    """
    rows, columns = near_m2.shape
    width_m2 = width_m * width_m
    n_places = 0
    inside = np.empty(4, np.bool_)  # the corners of a cell, counter-clockwise from the lower left one
    place = np.empty(4, np.int64)  # between each corner and the next
    for row in range(rows - 1):
        for column in range(columns - 1):
            inside[0] = near_m2[row, column] <= width_m2
            inside[1] = near_m2[row, column + 1] <= width_m2
            inside[2] = near_m2[row + 1, column + 1] <= width_m2
            inside[3] = near_m2[row + 1, column] <= width_m2
            if inside[0] == inside[1] and inside[1] == inside[2] and inside[2] == inside[3]:
                continue
            point = row * columns + column
            place[0], place[1] = 2 * point, 2 * (point + 1) + 1
            place[2], place[3] = 2 * (point + columns), 2 * point + 1
            parted = False  # two opposite corners inside, and the middle of the cell is not
            if inside[0] == inside[2] and inside[1] == inside[3]:
                mean_m = math.sqrt(near_m2[row, column]) + math.sqrt(near_m2[row, column + 1])
                mean_m += math.sqrt(near_m2[row + 1, column + 1]) + math.sqrt(near_m2[row + 1, column])
                parted = mean_m > 4.0 * width_m
            for k in range(4):
                if inside[k] and not inside[(k + 1) & 3]:
                    end = k + 3 if parted else k + 1
                    while inside[end & 3] or not inside[(end + 1) & 3]:
                        end += 1
                    onward[place[k]] = place[end & 3]
                    n_places += 1
    return n_places


@compiled
def contour(field: Field, segments: Floats, width_m: float, cell_m: float) -> Rings:
    """Draw `segments` into the field, and return the outlines of all within `width_m` of what is drawn there.

    Parameters
    ----------
    field
        From `empty_field`, for these segments and all those that are drawn into it later.
    segments
        Shape (n, 4): x, y, x, y, metres. One may be a mere point.
    """
    # A point outside needs its distance too where its neighbour is inside; a hair more, so that rounding leaves none.
    _draw(field, segments, width_m + 1.01 * cell_m, cell_m)
    near_m2 = field.near_m2
    rows, columns = near_m2.shape
    onward = np.full(2 * rows * columns, -1, np.int32)
    n_places = _link(near_m2, onward, width_m)

    longest_mm = math.ceil(cell_m * 1000.0) - 1.0
    xy = np.empty((n_places + n_places // 4, 2), np.float64)
    size = np.empty(n_places // 4, np.int32)  # no ring has fewer than four places
    shell = np.empty(n_places // 4, np.int32)
    ring_at = np.full(rows * columns, -1, np.int32)  # the ring that passes to the right of each point
    n_xy = n_rings = 0
    for row in range(rows):
        left = -1  # the ring passed last in this row
        for column in range(columns):
            start = 2 * (row * columns + column)
            if onward[start] < 0:
                if ring_at[start >> 1] >= 0:
                    left = ring_at[start >> 1]
                continue
            first_xy = n_xy
            place = start
            while onward[place] >= 0:
                point = place >> 1
                at_row, at_column = point // columns, point % columns
                upward = place & 1
                if not upward:
                    ring_at[point] = n_rings
                here_m = math.sqrt(near_m2[at_row, at_column])
                there_m = math.sqrt(near_m2[at_row + upward, at_column + 1 - upward])
                mm = np.rint(1000.0 * cell_m * (width_m - here_m) / (there_m - here_m))
                along_m = min(max(mm, 1.0), longest_mm) / 1000.0
                xy[n_xy, 0] = (field.column + at_column) * cell_m + (1 - upward) * along_m
                xy[n_xy, 1] = (field.row + at_row) * cell_m + upward * along_m
                n_xy += 1
                following = onward[place]
                onward[place] = -1
                place = following
            xy[n_xy, 0], xy[n_xy, 1] = xy[first_xy, 0], xy[first_xy, 1]
            n_xy += 1
            size[n_rings] = n_xy - first_xy
            # In its lowest row a hole begins where one comes from the inside, out of the ring that was passed last.
            is_hole = near_m2[row, column] <= width_m * width_m
            shell[n_rings] = shell[left] if is_hole else n_rings
            left = n_rings
            n_rings += 1
    return Rings(xy[:n_xy], size[:n_rings], shell[:n_rings])
