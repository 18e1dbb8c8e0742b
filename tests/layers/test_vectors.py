from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from qyp_geo.declarations import Layer
from tests.layers.folder import Folder, at, feature, geojson, record, square


def parks(path: str, datum: str = "EPSG:4548", **source: str) -> Layer:
    columns = {"id": "编号", "name": "园名"}
    return record("park", "polygon", path, datum, source=source, columns=columns)


def park_frame(crs: str | None = "EPSG:4548") -> gpd.GeoDataFrame:
    rings = [shapely.Polygon(square(100, 100, 200)[0]), shapely.Polygon(square(600, 600, 50)[0])]
    return gpd.GeoDataFrame({"编号": ["P1", "P2"], "园名": ["八大山人公园", "邮票绿地"]}, geometry=rings, crs=crs)


def write_shapefile(folder: Folder, encoding: str = "GBK", *, cpg: bool = True, crs: str | None = "EPSG:4548") -> None:
    pyogrio.write_dataframe(park_frame(crs), folder.data("p.shp"), encoding=encoding)
    if not cpg:
        folder.data("p.cpg").unlink()


def assert_parks(folder: Folder, one: Layer) -> None:
    frame = folder.read_one(one).frame
    assert list(frame.index) == ["P1", "P2"]
    assert list(frame["name"]) == ["八大山人公园", "邮票绿地"]
    assert list(frame["area_m2"]) == [40_000, 2_500]
    assert frame.crs == "EPSG:4548"


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("p.gpkg", pyogrio.write_dataframe),
        ("p.geojson", pyogrio.write_dataframe),
        ("p.parquet", lambda frame, path: frame.to_parquet(path)),
    ],
)
def test_map_files_are_read(folder: Folder, name: str, write: Any) -> None:
    write(park_frame(), folder.data(name))
    assert_parks(folder, parks(name))


@pytest.mark.parametrize(("encoding", "cpg"), [("GBK", True), ("UTF-8", True), ("UTF-8", False)])
def test_a_shapefile_is_read_in_the_encoding_it_has(folder: Folder, encoding: str, cpg: bool) -> None:
    write_shapefile(folder, encoding, cpg=cpg)
    assert_parks(folder, parks("p.shp"))
    [note] = [note for note in folder.read_one(parks("p.shp")).notes if "编码" in note]
    assert ("utf-8" in note) == (encoding == "UTF-8")


@pytest.mark.parametrize("lost", ["p.shx", "p.dbf"])
def test_a_shapefile_of_which_a_file_was_not_copied_is_told(folder: Folder, lost: str) -> None:
    write_shapefile(folder)
    folder.data(lost).unlink()
    [told] = folder.told(parks("p.shp"))
    assert f"not all of them are here (given: without {lost}). Copy all files of that name together" in told


def test_an_encoding_that_no_file_states_is_suggested_and_not_taken(folder: Folder) -> None:
    write_shapefile(folder, cpg=False)
    [told] = folder.told(parks("p.shp"))
    assert "source.encoding: the text of p.shp cannot be read so (given: utf-8). It can be read as gb18030" in told
    assert_parks(folder, parks("p.shp", encoding="gb18030"))


def test_a_wrong_cpg_is_told_and_does_not_spoil_the_text(folder: Folder) -> None:
    write_shapefile(folder)
    folder.write("p.cpg", "UTF-8")
    [told] = folder.told(parks("p.shp"))
    assert "cannot be read so (given: utf-8). It can be read as gb18030" in told
    assert_parks(folder, parks("p.shp", encoding="gbk"))


def test_a_declared_encoding_that_cannot_be_is_told_with_those_that_can(folder: Folder) -> None:
    write_shapefile(folder, cpg=False)
    [told] = folder.told(parks("p.shp", encoding="utf-8"))
    assert "source.encoding: the text of p.shp cannot be read so (given: utf-8). It can be read as gb18030" in told
    assert_parks(folder, parks("p.shp", encoding="gbk"))


def test_a_name_cut_within_a_character_is_kept_as_far_as_it_goes(folder: Folder) -> None:
    write_shapefile(folder, cpg=False)
    short, width = "邮票绿地".encode("gbk"), 80
    content = folder.data("p.dbf").read_bytes()
    assert short.ljust(width) in content
    cut = b"A" + "绿".encode("gbk") * (width // 2)
    folder.write("p.dbf", content.replace(short.ljust(width), cut[:width]))
    assert folder.read_one(parks("p.shp", encoding="gbk")).frame["name"]["P2"] == "A" + "绿" * 39


@pytest.mark.parametrize(
    ("written", "declared", "told_of"),
    [
        ("EPSG:32650", "cgcs2000", "EPSG:32650, WGS 84 / UTM zone 50N"),
        ("EPSG:32650", "EPSG:4548", "EPSG:32650, WGS 84 / UTM zone 50N (given: EPSG:4548, CGCS2000"),
        ("EPSG:4547", "EPSG:4548", 'declare datum = "EPSG:4547"'),
        ("EPSG:4326", "EPSG:4548", 'declare datum = "EPSG:4326"'),
        ("EPSG:2384", "EPSG:4548", "西安80、北京54 的转换参数未公开"),
    ],
)
def test_a_file_that_contradicts_the_declared_datum_is_refused(
    folder: Folder, written: str, declared: str, told_of: str
) -> None:
    pyogrio.write_dataframe(park_frame(written), folder.data("p.gpkg"))
    [told] = folder.told(parks("p.gpkg", declared))
    assert "layers/one.toml: source.datum: contradicts the file" in told
    assert told_of in told


def test_zones_of_three_and_six_degrees_are_one_where_their_figures_are(folder: Folder) -> None:
    pyogrio.write_dataframe(park_frame("EPSG:4509"), folder.data("p.gpkg"))
    assert_parks(folder, parks("p.gpkg", "EPSG:4548"))


def test_a_prj_of_another_dialect_agrees_with_its_code(folder: Folder) -> None:
    write_shapefile(folder)
    assert "D_China_2000" in folder.data("p.prj").read_text()
    assert_parks(folder, parks("p.shp"))


def test_a_datum_without_public_parameters_is_refused(folder: Folder) -> None:
    folder.write("p.geojson", geojson(feature("Polygon", square(100, 100, 200), 编号="P1", 园名="甲")))
    [told] = folder.told(parks("p.geojson", "EPSG:2384"))
    assert "source.datum: cannot be used (given: EPSG:2384)" in told


def test_geojson_without_crs_is_what_is_declared(folder: Folder) -> None:
    """The format says WGS 84, but metres and GCJ-02 are handed around in it as well."""
    folder.write("p.geojson", geojson(feature("Polygon", square(100, 100, 200), 编号="P1", 园名="甲")))
    assert folder.read_one(parks("p.geojson")).frame["area_m2"]["P1"] == 40_000


def test_a_file_of_several_layers_must_name_one(folder: Folder) -> None:
    for name in ("parks", "squares"):
        pyogrio.write_dataframe(park_frame(), folder.data("p.gpkg"), layer=name)
    [told] = folder.told(parks("p.gpkg"))
    assert "source.layer: the file holds several layers. Name one of them: parks, squares" in told
    [told] = folder.told(parks("p.gpkg", layer="park"))
    assert "source.layer: the file has no such layer (given: park). Did you mean parks?" in told
    assert_parks(folder, parks("p.gpkg", layer="squares"))


@pytest.mark.parametrize(
    ("name", "content", "told_of"),
    [
        ("p.geojson", "{not json", "cannot be read"),
        ("p.gpkg", "no database", "cannot be read"),
        ("p.parquet", "no parquet", "cannot be read"),
        ("p.geojson", '{"type": "FeatureCollection", "features": []}', "holds no features"),
        ("p.dwg", "", "is a file of a kind that cannot be read (given: p.dwg). Supported: .csv, .xlsx"),
        ("p.xls", "", "is a file of a kind that cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told(folder: Folder, name: str, content: str, told_of: str) -> None:
    folder.write(name, content)
    told = folder.told(parks(name))
    assert len(told) == 1
    assert told_of in told[0]


def test_what_a_driver_warns_of_is_repeated(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    pyogrio.write_dataframe(park_frame(), folder.data("p.gpkg"))
    as_it_is = pyogrio.read_dataframe

    def warning(*given: Any, **named: Any) -> Any:
        warnings.warn("the index is corrupt", RuntimeWarning, stacklevel=2)
        return as_it_is(*given, **named)

    monkeypatch.setattr(pyogrio, "read_dataframe", warning)
    [told] = folder.read_one(parks("p.gpkg")).problems[:1]
    assert str(told) == "layers/data/p.gpkg: was read with a warning: the index is corrupt"


def test_a_table_without_geometry_is_told(folder: Folder, tmp_path: Path) -> None:
    pyogrio.write_dataframe(park_frame().drop(columns="geometry"), folder.data("p.gpkg"))
    [told] = folder.told(parks("p.gpkg"))
    assert "holds a table without geometry" in told


def test_geometry_of_the_wrong_sort_is_told_by_feature(folder: Folder) -> None:
    lines = [at(0, 0), at(10, 0)]
    bow_tie = [[at(300, 0), at(400, 100), at(400, 0), at(300, 100), at(300, 0)]]
    folder.write(
        "p.geojson",
        geojson(
            feature("LineString", lines, 编号="P1", 园名="线"),
            feature("Polygon", bow_tie, 编号="P2", 园名="自交"),
            {"type": "Feature", "properties": {"编号": "P3", "园名": "无"}, "geometry": None},
            feature("Polygon", [], 编号="P4", 园名="空"),
            feature("Polygon", [[at(0, 0), at(9, 9), at(0, 0)]], 编号="P5", 园名="平"),
        ),
    )
    told = folder.told(parks("p.geojson"))
    assert any("feature 1: not a polygon (given: 'line')" in line for line in told)
    assert any("feature 2: crosses itself, repaired" in line for line in told)
    assert any("feature 3: no geometry" in line for line in told)
    assert any("feature 4: empty geometry" in line for line in told)
    assert any("feature 5: geometry cannot be repaired" in line for line in told)
    assert len(told) == 5


def test_a_repaired_polygon_is_kept_and_only_warned_of(folder: Folder) -> None:
    bow_tie = [[at(300, 0), at(400, 100), at(400, 0), at(300, 100), at(300, 0)]]
    folder.write("p.geojson", geojson(feature("Polygon", bow_tie, 编号="P2", 园名="自交")))
    layer = folder.read_one(parks("p.geojson"))
    assert layer.frame["area_m2"]["P2"] == pytest.approx(5_000)
    assert [problem.severity for problem in layer.problems] == ["warning"]


def test_collections_of_one_are_that_one_and_several_points_are_told(folder: Folder) -> None:
    folder.write(
        "p.geojson",
        geojson(
            feature("MultiPolygon", [square(100, 100, 200)], 编号="P1", 园名="一"),
            feature("MultiPoint", [at(1, 1)], 编号="P2", 园名="二"),
        ),
    )
    mixed = parks("p.geojson").model_copy(update={"geometry": "mixed"})
    assert list(folder.read_one(mixed).frame.geom_type) == ["Polygon", "Point"]
    folder.write("p.geojson", geojson(feature("MultiPoint", [at(1, 1), at(2, 2)], 编号="P2", 园名="二")))
    assert "several points in one" in folder.told(mixed)[0]


def test_a_geometry_that_the_kind_does_not_have_is_told(folder: Folder) -> None:
    folder.write("p.geojson", geojson(feature("Polygon", square(100, 100, 200), 编号="P1", 园名="甲")))
    [told] = folder.told(parks("p.geojson").model_copy(update={"geometry": "line"}))
    assert "geometry: is not what a layer of kind park holds (given: line). Allowed: point, polygon, mixed" in told


@pytest.mark.parametrize("name", ["p.gpkg", "p.parquet"])
def test_a_vertex_that_is_no_number_is_told_by_its_feature(folder: Folder, name: str) -> None:
    frame = park_frame()
    # A moved vertex of a sound ring: shapely warns of a ring that is built so.
    slip = np.array([[0, 0], [np.nan, 0], [0, 0], [0, 0], [0, 0]])
    bad = shapely.transform(frame.geometry.iloc[1], lambda xy: np.add(xy, slip))
    frame.geometry = [frame.geometry.iloc[0], bad]
    if name.endswith("parquet"):
        frame.to_parquet(folder.data(name))
    else:
        pyogrio.write_dataframe(frame, folder.data(name))
    told = folder.told(parks(name))
    assert any(f"layers/data/{name}: feature 2: coordinates that are no numbers" in line for line in told)
