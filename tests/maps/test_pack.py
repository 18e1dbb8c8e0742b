"""Columns and shapes come out as they went in."""

from __future__ import annotations

import base64
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from qyp_geo.maps.pack import Packer, cannot_be_drawn, pack_text
from tests.maps.reading import column, unarmour


@given(st.lists(st.lists(st.integers(-(2**29) + 1, 2**29 - 1), max_size=20), max_size=4))
def test_columns_come_out_as_they_went_in(columns: list[list[int]]) -> None:
    packer = Packer()
    places = [packer.column(values) for values in columns]
    data = unarmour(packer.numbers())
    assert [column(data, place).tolist() for place in places] == columns


def test_a_column_is_laid_out_in_planes_of_folded_differences() -> None:
    packer = Packer()
    packer.column([3, 1, 300])
    # Differences 3, -2, 299 are folded to 6, 3, 598 = 0x256: low bytes 06 03 56, then 00 00 02, then nothing.
    assert unarmour(packer.numbers()) == bytes([6, 3, 0x56, 0, 0, 2] + [0] * 6)


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
    out = {name: column(data, where).tolist() for name, where in packed.items()}
    assert out["dimension"] == [0, 0, 1, 2, 2, 1]
    assert out["paths"] == [1, 2, 1, 3, 0, 2]
    assert out["size"] == [1, 1, 1, 3, 4, -4, 4, 2, 2]
    kept = [vertex for shape in shapes for vertex in _vertices(shape)]
    assert out["x"] == [round(x * 1e6) for x, _ in kept]
    assert out["y"] == [round(y * 1e6) for _, y in kept]


def _vertices(shape: Any) -> list[tuple[float, float]]:
    """Vertices in order, rings without their closing one."""
    if isinstance(shape, shapely.Polygon):
        return [xy for ring in [shape.exterior, *shape.interiors] for xy in list(ring.coords)[:-1]]
    if hasattr(shape, "geoms"):
        return [xy for part in shape.geoms for xy in _vertices(part)]
    return [(xy[0], xy[1]) for xy in shape.coords]


def test_an_empty_frame_packs_to_empty_columns() -> None:
    packer = Packer()
    packed = packer.shapes(gpd.GeoSeries([], crs="EPSG:4326"))
    assert {count for _, count in packed.values()} == {0}


def test_what_cannot_be_drawn_is_named() -> None:
    shapes: Any = [shapely.Point(0, 0), None, shapely.GeometryCollection([shapely.Point(0, 0)]), shapely.Polygon()]
    assert cannot_be_drawn(gpd.GeoSeries(shapes, index=list("abcd"))) == ["b", "c"]


def test_text_that_is_no_utf8_does_not_stop_a_page() -> None:
    assert "半?个" in unarmour(pack_text({"name": "半\ud83c个"})).decode("utf-8")


def test_packed_data_has_no_time_in_it() -> None:
    # Bytes 4 to 7 of a gzip file are its time.
    assert base64.b64decode(pack_text({"a": 1}))[4:8] == bytes(4)
    assert np.array_equal(base64.b64decode(pack_text({})), base64.b64decode(pack_text({})))
