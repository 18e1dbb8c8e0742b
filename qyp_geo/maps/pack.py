"""How data travels inside a page: columns of whole numbers and one JSON text, both gzip + base64.

Base64 has no character that means anything in HTML, JavaScript or Jinja, so what a name holds cannot matter to the page
that carries it. `page/common/unpack.js` is the other half.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

DECIMALS: Final = 6
"""Of a degree, unless a map says otherwise: a millionth is 0.11 m north, less east."""
_COLLECTION: Final = 7
_UNIT_SQUARE: Final = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.int64)

Column = list[int]
"""A column of the packed numbers: [where its bytes begin, how many numbers, how many planes of bytes]."""
Whole = npt.NDArray[np.int64]


class Packer:
    """Gathers columns of whole numbers into one block of bytes.

    Parameters
    ----------
    decimals
        To how many decimals of a degree coordinates are rounded where nothing else is said; they are packed as whole numbers of
        that unit.
    """

    def __init__(self, *, decimals: int = DECIMALS) -> None:
        self._bytes = bytearray()
        self._where: dict[bytes, int] = {}
        self._decimals = decimals

    def column(self, values: npt.ArrayLike) -> Column:
        """Add a column and return where it lies.

        Each number is kept as its difference from the one before, with the sign in the lowest bit, and the bytes of all
        numbers are laid out plane by plane: upper planes are nearly all zero, which is what gzip shortens best, and those that
        are all zero are left out. A column that was added before is not added again.

        Parameters
        ----------
        values
            Whole numbers below 2^29 in size, shape (n,).
        """
        whole = np.asarray(values, dtype=np.int64)
        steps = np.concatenate([whole[:1], whole[1:] - whole[:-1]])
        folded = ((steps << 1) ^ (steps >> 63)).astype("<u4")
        planes = (int(folded.max(initial=0)).bit_length() + 7) // 8
        data = folded.view(np.uint8).reshape(-1, 4).T[:planes].tobytes()
        start = self._where.setdefault(data, len(self._bytes))
        if start == len(self._bytes):
            self._bytes += data
        return [start, len(folded), planes]

    def points(self, points: gpd.GeoSeries, *, decimals: int | None = None) -> dict[str, Column | int]:
        """Add one position per row, with the decimals it is rounded to.

        Parameters
        ----------
        points
            In degrees; a missing or empty one counts as (0, 0).
        decimals
            Instead of the packer's own.
        """
        decimals = self._decimals if decimals is None else decimals
        shapes = np.asarray(points.array, dtype=object)
        known = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        xy = np.zeros((len(shapes), 2))
        xy[known] = shapely.get_coordinates(shapes[known])
        return {"decimals": decimals, **self._vertices(units(xy, decimals))}

    def shapes(self, geometry: gpd.GeoSeries, *, decimals: int | None = None) -> dict[str, Column | int]:
        """Add geometries of any type but collections.

        Parameters
        ----------
        geometry
            In degrees, none missing, none a GeometryCollection; an empty one has no paths.
        decimals
            Instead of the packer's own.

        Returns
        -------
        dict
            ``decimals`` that coordinates are rounded to; ``dimension`` (0 points, 1 lines, 2 polygons) and ``paths`` (how many
            paths) per geometry; ``size`` per path: how many vertices, negative where the path is a hole of the polygon before
            it (the closing vertex is left out); ``x``, ``y`` per vertex. Of vertices that rounding makes equal one is kept.
            Nothing is lost by rounding but holes: a line keeps its two ends, and a polygon that has no area left
            becomes the square of one unit that its middle lies in.
        """
        decimals = self._decimals if decimals is None else decimals
        shapes = np.asarray(geometry.array, dtype=object)
        parts, owner = shapely.get_parts(shapes, return_index=True)
        parts, owner = parts[~shapely.is_empty(parts)], owner[~shapely.is_empty(parts)]
        areal = shapely.get_dimensions(parts) == 2
        rings, polygon = shapely.get_rings(parts[areal], return_index=True)
        outer = np.diff(polygon, prepend=-1) != 0

        paths = np.concatenate([rings, parts[~areal]])
        path_owner = np.concatenate([owner[areal][polygon], owner[~areal]])
        hole = np.concatenate([~outer, np.zeros((~areal).sum(), dtype=bool)])
        closed = np.concatenate([np.ones(len(rings), dtype=bool), np.zeros((~areal).sum(), dtype=bool)])
        order = np.argsort(path_owner, kind="stable")
        paths, path_owner, hole, closed = paths[order], path_owner[order], hole[order], closed[order]

        xy, path = _rounded(paths, closed, decimals)
        flat = closed & ~_has_area(xy, path, len(paths))
        gone = flat & hole
        gone |= hole & flat[np.maximum.accumulate(np.where(hole, 0, np.arange(len(paths))))]
        square = np.flatnonzero(flat & ~hole)
        middles = shapely.get_coordinates(shapely.centroid(paths[square]))
        squares = np.floor(middles * 10**decimals).astype(np.int64)[:, None] + _UNIT_SQUARE
        kept = ~(gone | flat)[path]
        xy = np.concatenate([xy[kept], squares.reshape(-1, 2)])
        path = np.concatenate([path[kept], np.repeat(square, len(_UNIT_SQUARE))])
        xy = xy[np.argsort(path, kind="stable")]
        size = np.bincount(path, minlength=len(paths))
        return {
            "decimals": decimals,
            "dimension": self.column(shapely.get_dimensions(shapes)),
            "paths": self.column(np.bincount(path_owner[~gone], minlength=len(shapes))),
            "size": self.column(np.where(hole, -size, size)[~gone]),
            **self._vertices(xy),
        }

    def _vertices(self, xy: Whole) -> dict[str, Column]:
        return {"x": self.column(xy[:, 0]), "y": self.column(xy[:, 1])}

    def numbers(self) -> str:
        """Return all columns so far, ready for the page."""
        return _armour(bytes(self._bytes))


def pack_text(content: Mapping[str, object]) -> str:
    """Return JSON content, ready for the page; what is no UTF-8 (half of a surrogate pair) becomes a question mark."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _armour(text.encode("utf-8", errors="replace"))


def cannot_be_drawn(geometry: gpd.GeoSeries) -> Sequence[str]:
    """Return the ids of what `Packer.shapes` does not take: missing geometries and collections."""
    shapes = np.asarray(geometry.array, dtype=object)
    bad = shapely.is_missing(shapes) | (shapely.get_type_id(shapes) == _COLLECTION)
    return [str(label) for label in geometry.index[bad]]


def units(degrees: npt.ArrayLike, decimals: int) -> Whole:
    """Return coordinates as whole numbers of the last of some decimals; any shape."""
    whole: Whole = np.rint(np.asarray(degrees, dtype=np.float64) * 10**decimals).astype(np.int64)
    return whole


def _rounded(
    paths: npt.NDArray[np.object_], closed: npt.NDArray[np.bool_], decimals: int
) -> tuple[Whole, npt.NDArray[np.intp]]:
    """Return the vertices of paths in whole units, and the path of each.

    The closing vertex of a ring is left out, and so is a vertex that equals the one before, but for the last of a line of which
    but one would be left.
    """
    degrees, path = shapely.get_coordinates(paths, return_index=True)
    xy = units(degrees, decimals)
    first, last = np.diff(path, prepend=-1) != 0, np.diff(path, append=len(paths)) != 0
    moves = first | (np.diff(xy, axis=0, prepend=xy[:1]) != 0).any(axis=1)
    alone = np.bincount(path[moves], minlength=len(paths)) == 1
    moves |= last & (alone & ~closed)[path]
    xy, path, first = xy[moves], path[moves], first[moves]
    # The last that is left of a ring is where it began.
    closing = (np.diff(path, append=len(paths)) != 0) & closed[path] & ~first
    return xy[~closing], path[~closing]


def _has_area(xy: Whole, path: npt.NDArray[np.intp], n_paths: int) -> npt.NDArray[np.bool_]:
    """Return which paths, closed, have an area other than zero."""
    x, y = (xy - xy[np.searchsorted(path, path)]).T  # from the first vertex of each
    step = np.flatnonzero(path[1:] == path[:-1])
    twice = np.zeros(n_paths, dtype=np.int64)
    np.add.at(twice, path[step], x[step] * y[step + 1] - x[step + 1] * y[step])
    has_area: npt.NDArray[np.bool_] = twice != 0
    return has_area


def _armour(data: bytes) -> str:
    """Gzip with no time in it, so that the same data gives the same page, then base64."""
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode("ascii")
