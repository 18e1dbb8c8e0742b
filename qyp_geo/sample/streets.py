"""The streets: main axes, a bent grid that thins out to the south, lanes within estates, and what cannot be walked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from qyp_geo.sample import ground

MARGIN_M: Final = 1200.0
_NAMES_NS: Final = (
    "抚河南路", "象湖东路", "洪都南大道", "三店西路", "航空路", "京山南路",
    "解放南路", "何坊东路", "昌南大道", "城南大道",
    "朱桥西路", "金鹰路", "青云谱路", "南莲路", "岱山东路", "博学路", "施尧路", "振兴路", "团结路",
)  # fmt: skip
_NAMES_EW: Final = (
    "十字街路", "司马庙路", "建设路", "京山北路", "三家店路", "解放东路", "洪都中路", "上海南路", "新溪桥一路", "新溪桥二路",
    "新溪桥路", "迎宾中路", "朱桥东路", "包家花园路", "岱山路", "梅湖大道", "邓埠路",
    "高潮湖路", "城南一路", "城南二路", "麻坊路",
)  # fmt: skip
_TO_COME: Final = (
    ("规划三路", "规划", 2025, ((115.9065, 28.6300), (115.9165, 28.6300))),
    ("规划一路", "在建", 2026, ((115.9095, 28.6262), (115.9095, 28.6338))),
    ("规划二路", "规划", 2027, ((115.9135, 28.6262), (115.9135, 28.6338))),
    ("规划四路", "规划", 2028, ((115.9065, 28.6320), (115.9165, 28.6320))),
)
"""Roads of 洪都新城, drawn across the old works and led on to the streets around them."""
_BRIDGE_M: Final = 250.0
"""A footbridge is led so far at most from the railway to a street."""


@dataclass(slots=True)
class Street:
    """One street: its centre line and what its file says of it."""

    line: LineString
    street_class: str
    name: str = ""
    more: dict[str, str | int] = field(default_factory=dict)


def main_streets(district: Polygon, rng: np.random.Generator) -> list[Street]:
    """Return the axes and the bent grid, joined where they cross."""
    water = shapely.union_all(list(ground.lakes().values()))
    works = shapely.union_all([site.buffer(20) for site in ground.factories().values()])
    west, south, east, north = district.buffer(MARGIN_M).bounds
    axes = [
        Street(ground.jinggangshan_avenue(), "primary", "井冈山大道"),
        Street(ground.yingbin_avenue(), "primary", "迎宾大道"),
        Street(ground.guangzhou_road(), "primary", "广州路"),
    ]
    bend = rng.uniform(0, 2 * np.pi, 4)
    grid = []
    northing, easting = np.arange(south, north + 100, 100.0), np.arange(west, east + 100, 100.0)
    for n, x in enumerate(_spaced(west + 150, east, rng)):
        line = LineString(
            np.column_stack(
                [x + 110 * np.sin(northing / 1900 + bend[0]) + 25 * np.sin(northing / 610 + bend[1]), northing]
            )
        )
        grid.append(Street(line, ("tertiary", "residential", "secondary")[n % 3], _NAMES_NS[n % len(_NAMES_NS)]))
    for n, y in enumerate(_spaced(south + 100, north, rng)):
        line = LineString(
            np.column_stack([easting, y + 90 * np.sin(easting / 2300 + bend[2]) + 30 * np.sin(easting / 700 + bend[3])])
        )
        grid.append(Street(line, ("residential", "tertiary", "secondary")[n % 3], _NAMES_EW[n % len(_NAMES_EW)]))
    railway, canal = ground.railway(), ground.canal()
    axis_lines = shapely.union_all([*(axis.line for axis in axes), railway, canal])
    dry = shapely.union_all([water.buffer(35), works])
    blocked = shapely.union_all([dry, railway.buffer(14), canal.buffer(10)])
    kept = [
        Street(piece, street.street_class, street.name)
        for n, street in enumerate(grid)
        # Every third street passes under the railway and over the canal.
        for piece in _pieces(street.line.difference(blocked if n % 3 else dry))
        # A grid line that runs beside an axis is the axis.
        if piece.length > 120 and piece.intersection(axis_lines.buffer(70)).length < 0.5 * piece.length
    ]
    within = district.buffer(MARGIN_M)
    return _thinned(_cut(noded(axes + kept), within), district, rng)


def noded(streets: Sequence[Street]) -> list[Street]:
    """Give streets a common vertex wherever they cross."""
    lines = np.array([street.line for street in streets], dtype=object)
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    meetings: list[list[tuple[float, float]]] = [[] for _ in streets]
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if a < b:
            for x, y in shapely.get_coordinates(shapely.intersection(lines[a], lines[b])):
                spot = (round(float(x), 3), round(float(y), 3))
                meetings[a].append(spot)
                meetings[b].append(spot)
    return [
        Street(with_vertices(street.line, spots), street.street_class, street.name, street.more)
        for street, spots in zip(streets, meetings, strict=True)
    ]


def with_vertices(line: LineString, spots: Sequence[tuple[float, ...]]) -> LineString:
    """Insert vertices into a line at spots that lie on it."""
    xy = [(line.project(Point(v)), v) for v in [(round(x, 3), round(y, 3)) for x, y in line.coords]]
    extra = [(line.project(Point(spot)), spot) for spot in spots]
    merged: list[tuple[float, ...]] = []
    for _, spot in sorted(xy + extra):
        if not merged or Point(merged[-1]).distance(Point(spot)) > 0.01:
            merged.append(spot)
        elif spot in spots:
            merged[-1] = spot  # the common vertex wins over one of the line's own beside it
    return LineString(merged)


def special_streets() -> list[Street]:
    """Return what is not walked, be it there or being built, and the walks around the lakes."""
    tunnel = ground.line((115.8800, 28.6250), (115.8915, 28.6244))
    elevated = ground.line((115.880, 28.6600), (115.915, 28.6592), (115.964, 28.6588))
    river_walk = LineString(ground.lakes()["梅湖"].buffer(20, quad_segs=4).exterior.coords)
    lake_walk = LineString(ground.lakes()["象湖"].buffer(20, quad_segs=4).exterior.coords)
    return [
        Street(
            tunnel, "primary", "广州路—象湖隧道", {"tunnel": "yes", "foot": "no", "status": "在建", "open_year": 2025}
        ),
        Street(elevated, "trunk", "九州高架", {"bridge": "yes", "layer": "2", "foot": "no"}),
        Street(river_walk, "footway", "梅湖步道"),
        Street(lake_walk, "footway", "象湖步道"),
    ]


def to_come(streets: Sequence[Street], walls: Sequence[Polygon]) -> list[Street]:
    """Return the roads and the footbridge that are planned; the streets they lead to get a vertex there.

    Parameters
    ----------
    streets
        What there is.
    walls
        The gated estates, which the footbridge does not cross.
    """
    open_to_all = [street for street in streets if not {"access", "foot", "status"} & set(street.more)]
    roads = []
    for name, status, open_year, (start, end) in _TO_COME:
        first, last = ground.place(*start), ground.place(*end)
        led_on = [_meet(Point(first), open_to_all), first, last, _meet(Point(last), open_to_all)]
        road = Street(LineString(led_on), "tertiary", name, {"status": status, "open_year": open_year})
        for street in open_to_all:
            if street.line.crosses(road.line):
                spots = shapely.get_coordinates(street.line.intersection(road.line)).round(3).tolist()
                street.line, road.line = (with_vertices(one.line, [(x, y) for x, y in spots]) for one in (street, road))
        roads.append(road)
    bridge = [_meet(end, open_to_all) for end in _over_the_railway(open_to_all, shapely.union_all(walls))]
    told: dict[str, str | int] = {"bridge": "yes", "layer": "1", "foot": "yes", "status": "规划", "open_year": 2027}
    return [*noded(roads), Street(LineString(bridge), "footway", "京九铁路人行天桥", told)]


def _over_the_railway(streets: Sequence[Street], walls: BaseGeometry) -> tuple[Point, Point]:
    """Return where a footbridge meets a street on either side, as far as can be from where streets pass under the railway."""
    rail, lines = ground.railway(), shapely.union_all([street.line for street in streets])
    under, district = rail.intersection(lines), ground.outline()
    found: dict[float, tuple[Point, Point]] = {}
    for metres in np.arange(0.0, rail.length, 20.0):
        at, on = rail.interpolate(float(metres)), rail.interpolate(float(metres) + 1.0)
        east_m, north_m = (on.y - at.y) * _BRIDGE_M, (at.x - on.x) * _BRIDGE_M
        west, east = (
            LineString([(at.x, at.y), (at.x + side * east_m, at.y + side * north_m)]).intersection(lines)
            for side in (-1, 1)
        )
        if at.within(district) and not (west.is_empty or east.is_empty):
            ends = (nearest_points(at, west)[1], nearest_points(at, east)[1])
            if not LineString(ends).intersects(walls):
                found[at.distance(under)] = ends
    return found[max(found)]


def beside(at: Point, streets: Sequence[Street]) -> Point:
    """Return the place 9 m beside the street that is nearest to a place, on its side."""
    lines = [street.line for street in streets if not {"access", "foot", "status"} & set(street.more)]
    line = lines[int(shapely.STRtree(lines).nearest(at))]
    foot = line.interpolate(line.project(at))
    return LineString([foot, at]).interpolate(9.0)


def _meet(start: Point, streets: Sequence[Street]) -> tuple[float, float]:
    """Return where a way from a place meets the nearest street, which gets a vertex there."""
    n = int(shapely.STRtree([street.line for street in streets]).nearest(start))
    end = streets[n].line.interpolate(streets[n].line.project(start))
    spot = (round(end.x, 3), round(end.y, 3))
    streets[n].line = with_vertices(streets[n].line, [spot])
    return spot


def join_to_nearest(street: Street, others: list[Street]) -> list[Street]:
    """Return short footways that tie a street to the nearest others, each with a vertex given to both."""
    ties = []
    for share in (0.0, 0.2, 0.4, 0.6, 0.8):
        start = street.line.interpolate(share, normalized=True)
        lines = [other.line for other in others]
        n = int(shapely.STRtree(lines).nearest(start))
        end = lines[n].interpolate(lines[n].project(start))
        spot_a, spot_b = ((round(p.x, 3), round(p.y, 3)) for p in (start, end))
        if start.distance(end) < 500 and spot_a != spot_b:
            street.line = with_vertices(street.line, [spot_a])
            others[n].line = with_vertices(others[n].line, [spot_b])
            ties.append(Street(LineString([spot_a, spot_b]), "footway"))
    return ties


def blocks(streets: Sequence[Street], district: Polygon) -> list[Polygon]:
    """Return the blocks between streets, railway and canal, the southernmost first, those within the district."""
    edges = noded([*streets, Street(ground.railway(), "rail"), Street(ground.canal(), "canal")])
    faces = shapely.get_parts(shapely.polygonize([piece for edge in edges for piece in _segments(edge.line)]))
    inside = [face for face in faces.tolist() if face.representative_point().within(district) and face.area > 8000]
    return sorted(inside, key=lambda face: (round(face.centroid.y), round(face.centroid.x)))


def _segments(line: LineString) -> list[LineString]:
    return [LineString(pair) for pair in pairwise(line.coords)]


def _spaced(start: float, stop: float, rng: np.random.Generator) -> list[float]:
    at, found = start, []
    while at < stop:
        found.append(at)
        at += float(rng.uniform(330, 480))
    return found


def _pieces(shape: BaseGeometry) -> list[LineString]:
    return [
        piece for piece in shapely.get_parts(shape).tolist() if isinstance(piece, LineString) and not piece.is_empty
    ]


def _cut(streets: Sequence[Street], within: Polygon) -> list[Street]:
    return [
        Street(piece, street.street_class, street.name, street.more)
        for street in streets
        for piece in _pieces(street.line.intersection(within))
    ]


def _thinned(streets: Sequence[Street], district: Polygon, rng: np.random.Generator) -> list[Street]:
    """Leave out stretches of minor streets, more of them to the south, where streets are sparse."""
    _, south, _, north = district.bounds
    ends: dict[tuple[float, ...], int] = {}
    for street in streets:
        for vertex in street.line.coords:
            ends[vertex] = ends.get(vertex, 0) + 1
    kept = []
    for street in streets:
        run = [street.line.coords[0]]
        for vertex in street.line.coords[1:]:
            run.append(vertex)
            if ends[vertex] > 1 or vertex == street.line.coords[-1]:
                southern = 1.0 - (run[0][1] - south) / (north - south)
                minor = street.street_class in {"residential", "tertiary"}
                if not (minor and rng.random() < 0.06 + 0.34 * max(southern - 0.35, 0.0) / 0.65):
                    kept.append(Street(LineString(run), street.street_class, street.name))
                run = [vertex]
    return kept
