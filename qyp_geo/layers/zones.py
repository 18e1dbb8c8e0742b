"""Zones of the Gauss-Krüger grid of China: with their number before the easting (39,391,000) or without (391,000).

EPSG has a code for each: 4527 is the three-degree zone 39 with its number, 4548 the same zone, named by its meridian 117° E.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from qyp_geo.crs import crs_of_datum

_PER_ZONE_M: Final = 1_000_000
_WITHIN_M: Final = (100_000, 900_000)  # an easting about the meridian, which is 500,000
_SIX_DEGREES: Final = range(13, 24)
_THREE_DEGREES: Final = range(25, 46)
_WITH_ZONE: Final = {zone: 4491 + n for n, zone in enumerate(_SIX_DEGREES)} | {
    zone: 4513 + n for n, zone in enumerate(_THREE_DEGREES)
}
_BY_MERIDIAN: Final = {zone: 4502 + n for n, zone in enumerate(_SIX_DEGREES)} | {
    zone: 4534 + n for n, zone in enumerate(_THREE_DEGREES)
}


def zone_of(datum: str) -> int | None:
    """Return the zone that a declared datum has before its eastings, 0 where it has none; None where it has no eastings."""
    crs = crs_of_datum(datum)
    operation = crs.coordinate_operation
    if not crs.is_projected or operation is None or "Transverse Mercator" not in operation.method_name:
        return None
    eastings = [parameter.value for parameter in operation.params if parameter.name == "False easting"]
    return int(float(eastings[0]) // _PER_ZONE_M) if eastings else None


def zones_of(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """Return the zone before the easting of each shape, 0 where there is none, -1 where it is no easting of such a grid."""
    west = shapely.bounds(shapes)[:, 0]
    zone, within = np.divmod(np.where(np.isfinite(west), west, -1.0), _PER_ZONE_M)
    known = np.isin(zone, [0, *_SIX_DEGREES, *_THREE_DEGREES])
    lower, upper = _WITHIN_M
    return np.where(known & (within >= lower) & (within <= upper), zone, -1.0).astype(np.int64)


def code_in_zone(datum: str, zone: int) -> str | None:
    """Return the code of the grid with this zone before its eastings, or of a declared grid without its own (zone 0)."""
    if zone:
        return f"EPSG:{_WITH_ZONE[zone]}" if zone in _WITH_ZONE else None
    declared = zone_of(datum)
    return f"EPSG:{_BY_MERIDIAN[declared]}" if declared in _BY_MERIDIAN else None
