"""Columns and shapes come out as they went in."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st

from qyp_geo.maps.pack import Packer, cannot_be_drawn, pack_text
from tests.maps.reading import column, unarmour


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-(2**29) + 1, 2**29 - 1), max_size=20), max_size=4))
def test_columns_come_out_as_they_went_in(columns: list[list[int]]) -> None:
    packer = Packer()
    places = [packer.column(values) for values in columns]
    data = unarmour(packer.numbers())
    assert [column(data, place).tolist() for place in places] == columns


def test_a_column_is_laid_out_in_planes_of_folded_differences() -> None:
    packer = Packer()
    packer.column([3, 1, 300])
    # Differences 3, -2, 299 are folded to 6, 3, 598 = 0x256: low bytes 06 03 56, then 00 00 02; planes of noughts are left out.
    assert unarmour(packer.numbers()) == bytes([6, 3, 0x56, 0, 0, 2])


def test_a_column_is_added_once_and_one_of_noughts_takes_no_room() -> None:
    packer = Packer()
    first, other, again, noughts = (packer.column(values) for values in ([1, 2], [5, 5], [1, 2], [0, 0, 0]))
    assert again == first
    data = unarmour(packer.numbers())
    assert len(data) == 4
    assert [column(data, place).tolist() for place in (first, other, noughts)] == [[1, 2], [5, 5], [0, 0, 0]]


def test_the_same_shapes_travel_once() -> None:
    shapes = gpd.GeoSeries([shapely.box(115.9, 28.6, 115.91, 28.61), shapely.Point(115.9, 28.6)])
    packer = Packer()
    once = packer.shapes(shapes)
    size = len(unarmour(packer.numbers()))
    assert packer.shapes(shapes) == once
    assert len(unarmour(packer.numbers())) == size


def test_shapes_of_every_type_keep_their_vertices_in_millionths_of_a_degree() -> None:
    square: Any = shapely.box(115.9, 28.6, 115.91, 28.61)
    hole = shapely.box(115.902, 28.602, 115.903, 28.603)
    shapes: list[Any] = [
        shapely.Point(115.9000004, 28.6),
        shapely.MultiPoint([(115.9, 28.6), (115.8, 28.5)]),
        shapely.LineString([(115.9, 28.6), (115.91, 28.6), (115.92, 28.65)]),
        shapely.MultiPolygon([square.difference(hole), shapely.box(115.95, 28.6, 115.96, 28.61)]),
        shapely.Polygon(),
        shapely.MultiLineString([[(0, 0), (-1, 1)], [(5, 5), (6, 6)]]),
    ]
    packer = Packer()
    packed = packer.shapes(gpd.GeoSeries(shapes))
    data = unarmour(packer.numbers())
    assert packed["decimals"] == 6
    out = _columns(data, packed)
    assert out["dimension"] == [0, 0, 1, 2, 2, 1]
    assert out["paths"] == [1, 2, 1, 3, 0, 2]
    assert out["size"] == [1, 1, 1, 3, 4, -4, 4, 2, 2]
    kept = [vertex for shape in shapes for vertex in _vertices(shape)]
    assert out["x"] == [round(x * 1e6) for x, _ in kept]
    assert out["y"] == [round(y * 1e6) for _, y in kept]


def _columns(data: bytes, packed: Mapping[str, Any]) -> dict[str, list[int]]:
    return {name: column(data, where).tolist() for name, where in packed.items() if name != "decimals"}


def _vertices(shape: Any) -> list[tuple[float, float]]:
    """Vertices in order, rings without their closing one."""
    if isinstance(shape, shapely.Polygon):
        return [xy for ring in [shape.exterior, *shape.interiors] for xy in list(ring.coords)[:-1]]
    if hasattr(shape, "geoms"):
        return [xy for part in shape.geoms for xy in _vertices(part)]
    return [(xy[0], xy[1]) for xy in shape.coords]


def _packed(*shapes: Any, decimals: int) -> dict[str, list[int]]:
    packer = Packer(decimals=decimals)
    packed = packer.shapes(gpd.GeoSeries(list(shapes)))
    assert packed["decimals"] == decimals
    return _columns(unarmour(packer.numbers()), packed)


def test_coordinates_are_whole_numbers_of_the_last_decimal() -> None:
    out = _packed(shapely.LineString([(115.90004, 28.60006), (115.92, 28.65)]), decimals=4)
    assert (out["x"], out["y"]) == ([1159000, 1159200], [286001, 286500])


def test_vertices_that_rounding_makes_equal_are_one() -> None:
    line = shapely.LineString([(0, 0), (0.00004, 0), (0.0001, 0), (0.00012, 0.00003), (0, 0)])
    assert _packed(line, decimals=4) == {"dimension": [1], "paths": [1], "size": [3], "x": [0, 1, 0], "y": [0, 0, 0]}
    ring = shapely.Polygon([(0, 0.00002), (0.001, 0), (0.00101, 0), (0.001, 0.001), (0.00003, 0), (0, 0.00002)])
    assert _packed(ring, decimals=4) == {
        "dimension": [2],
        "paths": [1],
        "size": [3],
        "x": [0, 10, 10],
        "y": [0, 0, 10],
    }


def test_a_line_that_collapses_keeps_its_ends() -> None:
    line = shapely.LineString([(0.00001, 0), (0.00002, 0), (0.00003, 0)])
    assert _packed(line, decimals=4) == {"dimension": [1], "paths": [1], "size": [2], "x": [0, 0], "y": [0, 0]}


def test_a_polygon_that_collapses_becomes_the_square_that_its_middle_lies_in() -> None:
    point_like = shapely.box(0.00021, 0.00031, 0.00023, 0.00033)
    line_like = shapely.box(0.0, 0.00001, 0.0009, 0.00002)
    out = _packed(point_like, line_like, decimals=4)
    assert out["size"] == [4, 4]
    assert out["x"] == [2, 3, 3, 2, 4, 5, 5, 4]
    assert out["y"] == [3, 3, 4, 4, 0, 0, 1, 1]


def test_holes_that_collapse_are_gone_and_so_are_those_of_a_polygon_that_does() -> None:
    small = shapely.box(0.0002, 0.0002, 0.00021, 0.00021)
    large = shapely.box(0.0005, 0.0005, 0.0007, 0.0007)
    pierced = shapely.box(0, 0, 0.001, 0.001).difference(shapely.union(small, large))
    tiny = shapely.box(0, 0, 0.00004, 0.00004).difference(shapely.box(0.00001, 0.00001, 0.00002, 0.00002))
    both = shapely.union(pierced, shapely.affinity.translate(tiny, 0.005, 0.005))
    out = _packed(both, decimals=4)
    assert (out["paths"], out["size"]) == ([3], [4, -4, 4])
    assert out["x"][-4:] == [50, 51, 51, 50]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 40), st.integers(0, 6)), min_size=1)
)
def test_every_polygon_is_left_with_an_area(boxes: list[tuple[int, int, int, int]]) -> None:
    shapes = [
        shapely.Point(x / 1e5, y / 1e5)
        .buffer(size / 1e5)
        .difference(shapely.Point(x / 1e5, y / 1e5).buffer(hole / 2e5))
        for x, y, size, hole in boxes
    ]
    out = _packed(*[shape if not shape.is_empty else shapely.box(0, 0, 1, 1) for shape in shapes], decimals=4)
    assert len(out["paths"]) == len(boxes)
    xy = np.column_stack([out["x"], out["y"]])
    rings = np.split(xy, np.cumsum(np.abs(out["size"]))[:-1])
    assert all(shapely.Polygon(ring).area > 0 for ring in rings)
    assert all((np.diff(ring, axis=0, append=ring[:1]) != 0).any(axis=1).all() for ring in rings)


def test_points_say_their_decimals_and_are_0_0_where_there_are_none() -> None:
    packer = Packer(decimals=4)
    points: Any = [shapely.Point(115.123456, 28.5), shapely.Point(), None]
    packed = [packer.points(gpd.GeoSeries(points)), packer.points(gpd.GeoSeries(points), decimals=6)]
    data = unarmour(packer.numbers())
    assert [one["decimals"] for one in packed] == [4, 6]
    assert [_columns(data, one)["x"] for one in packed] == [[1151235, 0, 0], [115123456, 0, 0]]
    assert _columns(data, packed[1])["y"] == [28500000, 0, 0]


def test_an_empty_frame_packs_to_empty_columns() -> None:
    packer = Packer()
    packed = packer.shapes(gpd.GeoSeries([], crs="EPSG:4326"))
    assert _columns(unarmour(packer.numbers()), packed) == {
        name: [] for name in ("dimension", "paths", "size", "x", "y")
    }


def test_what_cannot_be_drawn_is_named() -> None:
    shapes: Any = [shapely.Point(0, 0), None, shapely.GeometryCollection([shapely.Point(0, 0)]), shapely.Polygon()]
    assert cannot_be_drawn(gpd.GeoSeries(shapes, index=list("abcd"))) == ["b", "c"]


def test_text_that_is_no_utf8_does_not_stop_a_page() -> None:
    assert "半?个" in unarmour(pack_text({"name": "半\ud83c个"})).decode("utf-8")


def test_packed_data_has_no_time_in_it() -> None:
    # Bytes 4 to 7 of a gzip file are its time.
    assert base64.b64decode(pack_text({"a": 1}))[4:8] == bytes(4)
    assert np.array_equal(base64.b64decode(pack_text({})), base64.b64decode(pack_text({})))
