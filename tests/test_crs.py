from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point

from qyp_geo.crs import (
    MAX_SCALE_ERROR,
    choose_crs,
    crs_of_datum,
    district_crs,
    scale_error,
    to_analysis,
    to_display,
)
from qyp_geo.datum import wgs84_to_bd09, wgs84_to_gcj02
from qyp_geo.errors import CrsError

LON, LAT = 115.8942, 28.6325
EAST, NORTH = 391869.5, 3169038.3  # the same point in EPSG:4548


def frame(x: float, y: float) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["here"]}, geometry=[Point(x, y)], index=["a"])


@pytest.mark.parametrize(
    ("datum", "x", "y"),
    [
        ("wgs84", LON, LAT),
        ("cgcs2000", LON, LAT),
        ("gcj02", *(float(v[0]) for v in wgs84_to_gcj02(np.array([LON]), np.array([LAT])))),
        ("bd09", *(float(v[0]) for v in wgs84_to_bd09(np.array([LON]), np.array([LAT])))),
        ("EPSG:4548", EAST, NORTH),
        ("EPSG:4527", EAST + 39e6, NORTH),
        ("EPSG:3857", 12901283.3, 3328954.2),
    ],
)
def test_one_point_in_every_datum_comes_to_one_place(datum: str, x: float, y: float) -> None:
    given = frame(x, y)
    moved = to_analysis(given, datum=datum, crs="EPSG:4548")
    assert moved.geometry.iloc[0].distance(Point(EAST, NORTH)) < 0.1  # the figures above are given to 0.1 m
    assert list(moved.index) == ["a"]
    assert moved.crs == "EPSG:4548"
    assert given.crs is None, "the argument is not written to"


def test_display_undoes_analysis() -> None:
    shown = to_display(to_analysis(frame(LON, LAT), datum="wgs84", crs="EPSG:4548"))
    assert shown.geometry.iloc[0].distance(Point(LON, LAT)) < 1e-9


@pytest.mark.parametrize("code", ["EPSG:4610", "EPSG:2384", "EPSG:4214", "EPSG:2436", "EPSG:4555"])
def test_xian80_and_beijing54_are_refused(code: str) -> None:
    with pytest.raises(CrsError, match="not public"):
        crs_of_datum(code)


def test_an_unknown_code_is_named() -> None:
    with pytest.raises(CrsError, match="EPSG:99999"):
        crs_of_datum("EPSG:99999")


def test_a_district_is_measured_in_metres() -> None:
    with pytest.raises(CrsError, match="projected CRS in metres"):
        district_crs("EPSG:4490")
    with pytest.raises(CrsError, match="projected CRS in metres"):
        district_crs("EPSG:2263")  # New York, in feet


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (115.9, 28.6, "EPSG:4548"),
        (116.33, 40.0, "EPSG:4548"),
        (114.06, 22.5, "EPSG:4547"),
        (24.94, 60.17, "EPSG:32635"),
    ],
)
def test_the_zone_of_a_place(lon: float, lat: float, crs: str) -> None:
    assert choose_crs(lon, lat) == crs
    assert scale_error(crs, lon, lat) < MAX_SCALE_ERROR


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4534", "EPSG:32635"])
def test_a_crs_made_for_elsewhere_shows_in_its_scale(crs: str) -> None:
    assert scale_error(crs, LON, LAT) > MAX_SCALE_ERROR
