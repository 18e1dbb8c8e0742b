"""The GeoPackage and the files beside it, read back; and the styles that QGIS finds in it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from geopandas.testing import assert_geodataframe_equal
from shapely import LineString, MultiPolygon, Point, Polygon, box

from qyp_geo.papers import Drawn, write_geopackage, write_layers
from qyp_geo.papers.colours import FACILITY_COLOURS, SHARES, WORD_COLOURS
from qyp_geo.papers.qml import style_of
from qyp_geo.record import Run
from tests.maps.district import HOSTILE

CRS: Final = "EPSG:4548"
AT: Final = Point(391869.5, 3169038.3)  # 115.8942 E, 28.6325 N
DAY: Final = "2026-01-15"


def frame_of(geometry: Sequence[Any], **columns: Any) -> gpd.GeoDataFrame:
    index = pd.Index([f"X{n}" for n in range(len(geometry))], name="id")
    return gpd.GeoDataFrame(columns, index=index, geometry=list(geometry), crs=CRS)


def styles_in(path: Path) -> dict[str, ET.Element]:
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault").fetchall()
    return {name: ET.fromstring(text.split("\n", 1)[1]) for name, text in rows}  # noqa: S314  (our own)


@pytest.fixture(scope="module")
def written(small: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gpkg") / "small.gpkg"
    write_geopackage(small, path)
    return path


def test_layers_are_those_of_the_run_in_the_district_crs(small: Run, written: Path) -> None:
    names = [name for name, _ in pyogrio.list_layers(written)]
    assert {"boundary", "streets", "toilets", "residents", "result_coverage_units", "result_gaps"} <= set(names)
    assert not any(name.endswith(("_edges", "_accesses")) for name in names), "ways are for pages only"
    toilets = gpd.read_file(written, layer="toilets").set_index("id")
    assert toilets.crs == CRS
    whole = small.layers["layers/toilets"].frame
    assert toilets["name"].tolist() == whole["name"].tolist()
    assert toilets.geometry.geom_equals(whole.geometry).all()


def test_the_same_rows_stand_in_geojson_and_geoparquet(written: Path) -> None:
    for name, _ in pyogrio.list_layers(written):
        if name == "layer_styles":
            continue
        held = gpd.read_file(written, layer=name)
        parquet = gpd.read_parquet(written.with_suffix("") / f"{name}.parquet")
        assert parquet.crs == CRS
        assert len(held) == len(parquet)
        assert parquet.geometry.geom_equals(held.geometry).all()
        features = json.loads((written.with_suffix("") / f"{name}.geojson").read_text(encoding="utf-8"))["features"]
        assert len(features) == len(held)


def test_geojson_is_in_wgs84_longitude_first(tmp_path: Path) -> None:
    write_layers([Drawn("t", "厕", "public_toilet", frame_of([AT], name=["甲"]))], tmp_path / "x.gpkg", day=DAY)
    (feature,) = json.loads((tmp_path / "x/t.geojson").read_text(encoding="utf-8"))["features"]
    assert feature["geometry"]["coordinates"] == pytest.approx([115.8942, 28.6325], abs=1e-6)
    assert feature["properties"]["id"] == "X0"


def test_qgis_finds_a_style_for_every_layer(written: Path) -> None:
    layers = {name: shape for name, shape in pyogrio.list_layers(written) if name != "layer_styles"}
    styles = styles_in(written)
    assert set(styles) == set(layers)
    symbol = {"Point": "marker", "LineString": "line", "Polygon": "fill"}
    for name, style in styles.items():
        kinds = {one.get("type") for one in style.iter("symbol")}
        assert kinds == {symbol[layers[name].removeprefix("Multi")]}
        symbols = {one.get("name") for one in style.iter("symbol")}
        assert {rule.get("symbol") for rule in style.iter("rule")} == symbols
        fields = pyogrio.read_info(written, layer=name)["fields"]
        assert [alias.get("field") for alias in style.iter("alias")] == list(fields)
    assert (
        next(one for one in styles["result_coverage_units"].iter("alias") if one.get("field") == "people").get("name")
        == "人口"
    )
    with closing(sqlite3.connect(written)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kinds_of = dict(file.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall())
        columns = {row[1] for row in file.execute("SELECT * FROM gpkg_geometry_columns").fetchall()}
    assert kinds_of["layer_styles"] == "attributes"
    assert columns == {"geometry"}


def test_homes_have_the_classes_of_the_pages_and_every_row_has_one(written: Path) -> None:
    rules = [rule.get("filter") for rule in styles_in(written)["result_coverage_units"].iter("rule")]
    assert len(rules) == 6
    with closing(sqlite3.connect(written)) as file:
        counts = [
            file.execute(f"SELECT count(*) FROM result_coverage_units WHERE {rule}").fetchone()[0]  # noqa: S608
            for rule in rules
        ]
        (n_homes,) = file.execute("SELECT count(*) FROM result_coverage_units").fetchone()
    assert sum(counts) == n_homes


def test_the_colours_are_those_of_the_pages() -> None:
    style = (files("qyp_geo.maps") / "page" / "common" / "style.js").read_text(encoding="utf-8")
    facilities = dict(re.findall(r'\["(\w+)", \["[^"]+", "(#[0-9a-f]{6})"\]\]', style))
    assert dict(FACILITY_COLOURS) == facilities
    shares = re.findall(r'\{ from: ([0-9.]+), colour: "(#[0-9a-f]{6})"', style)
    assert [(float(least), colour) for least, colour in shares] == [(least, colour) for _, least, colour in SHARES]
    words = dict(re.findall(r'\["(\w+)", \{ colour: "(#[0-9a-f]{6})"', style))
    assert {word: colour for word, colour in WORD_COLOURS.items() if word != "无数据"} == words


def test_the_same_layers_give_the_same_bytes(small: Run, written: Path, tmp_path: Path) -> None:
    write_geopackage(small, tmp_path / "small.gpkg")
    files = [path.relative_to(written.parent) for path in written.parent.rglob("*") if path.is_file()]
    assert len(files) > 10
    for file in files:
        assert (tmp_path / file).read_bytes() == (written.parent / file).read_bytes(), file


def test_what_is_of_several_dimensions_becomes_a_layer_of_each(tmp_path: Path) -> None:
    square, two = box(0, 0, 9, 9), MultiPolygon([box(20, 0, 29, 9), box(40, 0, 49, 9)])
    frame = frame_of([AT, LineString([(0, 0), (9, 9)]), square, two, None, Polygon()], name=list("甲乙丙丁戊己"))
    write_layers([Drawn("marks", "标", "landmarks", frame)], tmp_path / "m.gpkg", day=DAY)
    held = {
        name: gpd.read_file(tmp_path / "m.gpkg", layer=name) for name, _ in pyogrio.list_layers(tmp_path / "m.gpkg")
    }
    held.pop("layer_styles")
    assert {name: list(frame["name"]) for name, frame in held.items()} == {
        "marks_point": ["甲", "戊"],
        "marks_line": ["乙"],
        "marks_polygon": ["丙", "丁", "己"],
    }
    assert set(held["marks_polygon"].geom_type.dropna()) == {"MultiPolygon"}
    assert set(styles_in(tmp_path / "m.gpkg")) == set(held)


def test_layers_of_one_name_and_title_and_columns_that_differ_in_case_alone(tmp_path: Path) -> None:
    frame = frame_of([AT], Name=["a"], name=["b"], geom=["c"], fid=["d"])
    layers = [Drawn("t", "厕", "public_toilet", frame), Drawn("T", "厕", "public_toilet", frame)]
    write_layers(layers, tmp_path / "c.gpkg", day=DAY)
    for name in ("t", "T 2"):
        held = gpd.read_file(tmp_path / "c.gpkg", layer=name)
        assert held[["Name", "name_2", "geom", "fid"]].iloc[0].tolist() == ["a", "b", "c", "d"]


def test_a_layer_without_rows_is_left_out(tmp_path: Path) -> None:
    empty = Drawn("none", "空", "park", frame_of([], name=[]))
    write_layers([empty, Drawn("t", "厕", "public_toilet", frame_of([AT], name=["甲"]))], tmp_path / "e.gpkg", day=DAY)
    assert [name for name, _ in pyogrio.list_layers(tmp_path / "e.gpkg")] == ["t", "layer_styles"]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_travels_whole_and_a_style_stays_well_formed(tmp_path: Path, text: str) -> None:
    frame = frame_of([AT, AT], name=[text, "甲"], verdict=[text, "达标"])
    write_layers([Drawn("t", text, "checkup:park_list", frame)], tmp_path / "h.gpkg", day=DAY)
    (style,) = styles_in(tmp_path / "h.gpkg").values()
    assert len(list(style.iter("rule"))) == 3
    held = gpd.read_file(tmp_path / "h.gpkg", layer="t")
    parquet = gpd.read_parquet(tmp_path / "h" / "t.parquet")
    shown = text.replace("\x00", "\ufffd")
    assert held["name"].tolist() == [shown, "甲"]
    assert parquet["name"].tolist() == [shown, "甲"]


def test_words_are_quoted_in_conditions() -> None:
    style = style_of(frame_of([AT], verdict=["it's"]), kind="x", shape="point")
    assert """filter="&quot;verdict&quot; = 'it''s'\"""" in style


def test_bytes_do_not_depend_on_what_was_there(tmp_path: Path) -> None:
    one = [Drawn("t", "厕", "public_toilet", frame_of([AT], name=["甲"]))]
    write_layers(one, tmp_path / "a.gpkg", day=DAY)
    (tmp_path / "b.gpkg").write_bytes(b"something else")
    write_layers(one, tmp_path / "b.gpkg", day=DAY)
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    assert_geodataframe_equal(gpd.read_parquet(tmp_path / "a/t.parquet"), gpd.read_parquet(tmp_path / "b/t.parquet"))
