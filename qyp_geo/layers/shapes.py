"""Whether each geometry is of the declared type, and sound."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.errors import Severity
from qyp_geo.layers.kinds import LINE, POINT, POLYGON
from qyp_geo.layers.report import Report

_FAMILIES: Final = {0: POINT, 4: POINT, 1: LINE, 2: LINE, 5: LINE, 3: POLYGON, 6: POLYGON}
_MULTIPOINT: Final = 4


def sound_shapes(frame: gpd.GeoDataFrame, allowed: frozenset[str], report: Report) -> gpd.GeoDataFrame:
    """Check each geometry's type, and repair what crosses itself.

    Parameters
    ----------
    frame
        In the district's CRS.
    allowed
        ``point``, ``line``, ``polygon``.
    report
        Is told of wrong types, of repairs, and of what cannot be repaired.
    """
    shapes = _single(frame.geometry.to_numpy())
    families = np.array(
        [_FAMILIES.get(int(number), "collection") for number in shapely.get_type_id(shapes)], dtype=object
    )
    wrong = ~np.isin(families, list(allowed))
    words = " or ".join(sorted(allowed))
    # Nobody asked the mappers of an extract for this geometry; who sent a file can be asked.
    severity: Severity = "error" if report.typed else "warning"
    left_out = "" if report.typed else ", left out"
    report.rows(
        frame.index[wrong],
        f"not a {words}{left_out}",
        given=families[wrong],
        remedy=f"Declare the geometry that the file holds, or give each row as a {words}" if report.typed else "",
        severity=severity,
    )
    several = ~wrong & (shapely.get_type_id(shapes) == _MULTIPOINT)
    report.rows(
        frame.index[several], f"several points in one{left_out}", remedy="Give each point a row", severity=severity
    )

    invalid = ~wrong & ~several & ~shapely.is_valid(shapes)
    shapes[invalid] = [
        _repaired(shape, family) for shape, family in zip(shapes[invalid], families[invalid], strict=True)
    ]
    lost = invalid & shapely.is_empty(shapes)
    if allowed == {LINE}:
        report.rows(frame.index[lost], "no length, left out", severity="warning")
    else:
        report.rows(
            frame.index[lost],
            f"geometry cannot be repaired{left_out}",
            remedy="Draw it again",
            severity=severity,
        )
    mended = invalid & ~lost
    report.rows(
        frame.index[mended],
        "crosses itself, repaired",
        severity="warning",
    )
    sound: gpd.GeoDataFrame = frame.set_geometry(shapes).loc[~wrong & ~several & ~lost]
    return sound


def _single(shapes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A collection of one is that one."""
    alone = (shapely.get_type_id(shapes) >= _MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
    return np.where(alone, shapely.get_geometry(shapes, 0), shapes)


def _repaired(shape: BaseGeometry, family: str) -> BaseGeometry:
    parts = shapely.get_parts(shapely.make_valid(shape))
    flat = shapely.get_parts(parts)
    kept = [part for part in flat if _FAMILIES.get(int(shapely.get_type_id(part))) == family]
    return shapely.union_all(kept) if kept else shapely.GeometryCollection()
