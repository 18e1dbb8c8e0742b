"""The ground: outline, lakes, main axes and factories, in metres of EPSG:4548."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

CRS: Final = "EPSG:4548"
_TO_METRES: Final = pyproj.Transformer.from_crs("EPSG:4490", CRS, always_xy=True)

OUTLINE: Final = (
    (115.8905, 28.6580), (115.9060, 28.6590), (115.9200, 28.6578), (115.9330, 28.6582), (115.9365, 28.6520),
    (115.9420, 28.6500), (115.9440, 28.6420), (115.9490, 28.6390), (115.9510, 28.6290), (115.9495, 28.6200),
    (115.9370, 28.6172), (115.9335, 28.6060), (115.9330, 28.5960), (115.9225, 28.6030), (115.9110, 28.5950),
    (115.9000, 28.5870), (115.8930, 28.5915), (115.8885, 28.5985), (115.8880, 28.6080), (115.8825, 28.6170),
    (115.8800, 28.6260), (115.8838, 28.6390), (115.8880, 28.6480),
)  # fmt: skip
"""Published extent: 115.880–115.951°E, 28.587–28.659°N, narrowing to the south."""

METRO: Final = {
    "十字街": (115.901, 28.657), "京家山": (115.902, 28.642), "江铃": (115.903, 28.628), "施尧": (115.903, 28.619),
    "八大山人": (115.904, 28.605), "邓埠": (115.905, 28.593),
}  # fmt: skip
"""Stations of Line 3."""

GUANGZHOU_ROAD_LAT: Final = 28.624
_LAKES: Final = {
    "象湖": ((115.8858, 28.6410), (115.8892, 28.6425), (115.8915, 28.6385), (115.8903, 28.6330), (115.8910, 28.6275),
           (115.8873, 28.6252), (115.8838, 28.6280), (115.8840, 28.6345)),
    "梅湖": ((115.8895, 28.6160), (115.8945, 28.6150), (115.8965, 28.6105), (115.8950, 28.6050), (115.8970, 28.6005),
           (115.8935, 28.5985), (115.8905, 28.6030), (115.8898, 28.6100)),
}  # fmt: skip
_FACTORIES: Final = {
    "洪都老厂区": ((115.9065, 28.6262), (115.9165, 28.6262), (115.9165, 28.6338), (115.9065, 28.6338)),
    "江铃老厂区": ((115.9180, 28.6275), (115.9245, 28.6275), (115.9245, 28.6325), (115.9180, 28.6325)),
    "江联老厂区": ((115.9135, 28.6440), (115.9185, 28.6440), (115.9185, 28.6480), (115.9135, 28.6480)),
}  # fmt: skip


def place(lon: float, lat: float) -> tuple[float, float]:
    """Return a position in metres."""
    return _TO_METRES.transform(lon, lat)


def line(*positions: tuple[float, float]) -> LineString:
    """Return a line through positions in degrees."""
    return LineString([place(*position) for position in positions])


def area(positions: Sequence[tuple[float, float]]) -> Polygon:
    """Return an area whose corners are given in degrees."""
    return Polygon([place(*position) for position in positions])


def outline() -> Polygon:
    """Return the district."""
    return area(OUTLINE)


def lakes() -> dict[str, Polygon]:
    """Return the lakes, their shores rounded."""
    return {name: smooth(area(shore)) for name, shore in _LAKES.items()}


def factories() -> dict[str, Polygon]:
    """Return the old factory sites."""
    return {name: area(corners) for name, corners in _FACTORIES.items()}


def mask() -> gpd.GeoDataFrame:
    """Return ground that is on no page for residents: invented, where nobody lives and streets pass through."""
    corners = ((115.924, 28.6025), (115.929, 28.6025), (115.929, 28.6049), (115.924, 28.6049))
    return gpd.GeoDataFrame({"id": ["M1"], "name": ["不公开范围(示意)"]}, geometry=[area(corners)], crs=CRS)


def stations() -> dict[str, Point]:
    """Return the metro stations of Line 3."""
    return {name: Point(place(*position)) for name, position in METRO.items()}


def guangzhou_road() -> LineString:
    """Return 广州路, from shore to shore and beyond the east border."""
    lats = GUANGZHOU_ROAD_LAT + np.array([0.0004, 0.0, -0.0003, 0.0002, 0.0006])
    return line(*zip([115.8915, 115.902, 115.915, 115.932, 115.964], lats.tolist(), strict=True))


def jinggangshan_avenue() -> LineString:
    """Return the north–south axis above Line 3."""
    return line((115.9006, 28.6700), *METRO.values(), (115.9056, 28.5800))


def yingbin_avenue() -> LineString:
    """Return the second axis, bending to the south-east."""
    return line(
        (115.9064, 28.6700),
        (115.907, 28.658),
        (115.9095, 28.640),
        (115.9145, 28.624),
        (115.926, 28.600),
        (115.9300, 28.590),
    )


def railway() -> LineString:
    """Return the railway in the east, which few streets pass under."""
    return line(
        (115.9400, 28.6700),
        (115.9370, 28.6550),
        (115.9345, 28.6380),
        (115.9330, 28.6200),
        (115.9300, 28.6060),
        (115.9270, 28.5850),
    )


def canal() -> LineString:
    """Return the north–south canal (南北连通渠) of the south."""
    return line((115.9128, 28.6236), (115.9118, 28.6150), (115.9124, 28.6040), (115.9112, 28.5900))


def commercial_corridor() -> LineString:
    """Return the centre line of the commercial corridor, 西起司马庙立交,东至解放东路: some five kilometres in the north."""
    return line(
        (115.8925, 28.6535),
        (115.9015, 28.6530),
        (115.9100, 28.6540),
        (115.9210, 28.6515),
        (115.9330, 28.6500),
        (115.9433, 28.6490),
    )


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """Return the polygons that a shape consists of, the largest first."""
    parts = [part for part in shapely.get_parts(shape).tolist() if isinstance(part, Polygon) and not part.is_empty]
    return sorted(parts, key=lambda part: -part.area)


def smooth(polygon: Polygon) -> Polygon:
    """Round the corners of a shore."""
    rounded = polygon.buffer(-90, quad_segs=6).buffer(180, quad_segs=6).buffer(-90, quad_segs=6)
    return polygons(shapely.simplify(rounded, 2.0))[0]


def ecological_corridor(district: Polygon) -> Polygon:
    """Return the 人文生态走廊: the land and water around both lakes, widened until it has the 11 km² of the plan."""
    spine = shapely.union_all([*lakes().values(), line((115.8868, 28.6245), (115.8898, 28.6160))])
    narrow, wide = 0.0, 3000.0
    for _ in range(40):
        width = (narrow + wide) / 2
        if spine.buffer(width, quad_segs=8).intersection(district).area < 11.0e6:
            narrow = width
        else:
            wide = width
    return polygons(shapely.simplify(spine.buffer(wide, quad_segs=8).intersection(district), 1.0))[0]
