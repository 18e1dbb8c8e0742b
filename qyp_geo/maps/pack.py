"""How data travels inside a page: columns of whole numbers and one JSON text, both gzip + base64.

Base64 has no character that means anything in HTML, JavaScript or Jinja, so what a name holds cannot matter to the page
that carries it. `page/unpack.js` is the other half.
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

DEGREE_UNITS: Final = 1_000_000
"""Coordinates are whole millionths of a degree: 0.11 m north, less east."""
_COLLECTION: Final = 7

Column = list[int]
"""A column of the packed numbers: [where its bytes begin, how many numbers]."""


class Packer:
    """Gathers columns of whole numbers into one block of bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def column(self, values: npt.ArrayLike) -> Column:
        """Add a column and return where it lies.

        Each number is kept as its difference from the one before, with the sign in the lowest bit, and the four bytes of all
        numbers are laid out plane by plane: the upper planes are then nearly all zero, which is what gzip shortens best.

        Parameters
        ----------
        values
            Whole numbers below 2^29 in size, shape (n,).
        """
        whole = np.asarray(values, dtype=np.int64)
        steps = np.concatenate([whole[:1], whole[1:] - whole[:-1]])
        folded = ((steps << 1) ^ (steps >> 63)).astype("<u4")
        start = len(self._bytes)
        self._bytes += folded.view(np.uint8).reshape(-1, 4).T.tobytes()
        return [start, len(folded)]

    def points(self, points: gpd.GeoSeries) -> dict[str, Column]:
        """Add one position per row; `points` in degrees, an empty one counts as (0, 0)."""
        return {"x": self.column(_units(points.x)), "y": self.column(_units(points.y))}

    def shapes(self, geometry: gpd.GeoSeries) -> dict[str, Column]:
        """Add geometries of any type but collections.

        Parameters
        ----------
        geometry
            In degrees, none missing, none a GeometryCollection; an empty one has no paths.

        Returns
        -------
        dict
            ``dimension`` (0 points, 1 lines, 2 polygons) and ``paths`` (how many paths) per geometry; ``size`` per path: how
            many vertices, negative where the path is a hole of the polygon before it (the closing vertex is left out); ``x``,
            ``y`` per vertex.
        """
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

        xy, path = shapely.get_coordinates(paths, return_index=True)
        last = np.diff(path, append=len(paths)) != 0
        xy = xy[~(last & closed[path])]
        size = shapely.get_num_coordinates(paths) - closed
        return {
            "dimension": self.column(shapely.get_dimensions(shapes)),
            "paths": self.column(np.bincount(path_owner, minlength=len(shapes))),
            "size": self.column(np.where(hole, -size, size)),
            "x": self.column(_units(xy[:, 0])),
            "y": self.column(_units(xy[:, 1])),
        }

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


def _units(degrees: npt.ArrayLike) -> npt.NDArray[np.int64]:
    return np.rint(np.nan_to_num(np.asarray(degrees, dtype=np.float64)) * DEGREE_UNITS).astype(np.int64)


def _armour(data: bytes) -> str:
    """Gzip with no time in it, so that the same data gives the same page, then base64."""
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode("ascii")
