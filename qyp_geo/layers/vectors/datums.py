"""Whether the CRS that a file carries reads its coordinates as the same places as the declared datum does."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import pyproj

from qyp_geo.crs import crs_of_datum
from qyp_geo.declarations import LOCAL_DATUM
from qyp_geo.errors import CrsError
from qyp_geo.geodesy import NO_PUBLIC_PARAMETERS, is_closed, is_modern
from qyp_geo.layers.report import Report

_SAME_PLACE_DEGREES: Final = 1e-5  # a metre


def agrees(carried: pyproj.CRS | None, datum: str, frame: gpd.GeoDataFrame, report: Report) -> bool:
    """Whether what a file says of its coordinates agrees with what is declared; what does not is told.

    A file of no earth (an engineering CRS) says nothing. A local system goes by many names, so that only a file that says to be
    in a public one contradicts it.
    """
    if carried is None or carried.geodetic_crs is None:
        return True
    if datum == LOCAL_DATUM:
        if not is_modern(carried):
            return True
        report.declared(
            "source.datum",
            f"contradicts the file, whose coordinates are in {_named(carried)}",
            given=datum,
            remedy="If the file is in the local system, have it saved without a CRS; else declare the one it says",
        )
        return False
    declared = crs_of_datum(datum)
    if carried == declared or _same_places(carried, declared, frame):
        return True
    report.declared(
        "source.datum",
        f"contradicts the file, whose coordinates are in {_named(carried)}",
        given=f"{datum} (degrees)" if declared.is_geographic else f"{datum}, {declared.name}",
        remedy=_instead(carried),
    )
    return False


def _named(crs: pyproj.CRS) -> str:
    code = crs.to_epsg(min_confidence=60)
    return crs.name if code is None else f"EPSG:{code}, {crs.name}"


def _instead(carried: pyproj.CRS) -> str:
    code = carried.to_epsg(min_confidence=60)
    if is_closed(carried):
        return f"{_named(carried)} {NO_PUBLIC_PARAMETERS}"
    if code is None:
        return "Convert the file to CGCS2000"
    try:
        crs_of_datum(f"EPSG:{code}")
    except CrsError as error:
        return str(error)
    return f'If the file is right, declare datum = "EPSG:{code}"'


def _same_places(carried: pyproj.CRS, declared: pyproj.CRS, frame: gpd.GeoDataFrame) -> bool:
    code = carried.to_epsg(min_confidence=60)
    if code is not None and code == declared.to_epsg():
        return True
    if not (is_modern(carried) and is_modern(declared)):
        return False
    if carried.is_geographic or declared.is_geographic:
        return carried.is_geographic and declared.is_geographic
    west, south, east, north = frame.total_bounds
    try:
        places = [
            pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(
                (west + east) / 2, (south + north) / 2
            )
            for crs in (carried, declared)
            if crs.geodetic_crs is not None
        ]
    except pyproj.exceptions.ProjError:  # the file's description of itself is damaged
        return False
    return all(abs(a - b) < _SAME_PLACE_DEGREES for a, b in zip(*places, strict=True))
