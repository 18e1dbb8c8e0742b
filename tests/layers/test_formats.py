"""Files as planners have them, written by the real drivers, read to the same two parks."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely

from qyp_geo.declarations import Layer
from qyp_geo.record import input_hashes
from tests.layers.folder import Folder, at, feature, geojson, record, square

NAMES = ["八大山人公园", "邮票绿地"]
COLUMNS = {"id": "bh", "name": "ym"}
DRAWN = {"id": "EntityHandle", "name": "Layer"}


def parks(path: str, datum: str = "EPSG:4548", *, columns: Mapping[str, str] | None = None, **source: Any) -> Layer:
    return record("park", "polygon", path, datum, source=source, columns=columns or COLUMNS)


def frame(crs: str | None = "EPSG:4548") -> gpd.GeoDataFrame:
    rings = [shapely.Polygon(square(100, 100, 200)[0]), shapely.Polygon(square(600, 600, 50)[0])]
    return gpd.GeoDataFrame({"bh": ["P1", "P2"], "ym": NAMES}, geometry=rings, crs=crs)


def assert_parks(folder: Folder, one: Layer) -> None:
    found = folder.read_one(one).frame
    assert list(found.index) == ["P1", "P2"]
    assert list(found["name"]) == NAMES
    assert list(found["area_m2"]) == pytest.approx([40_000, 2_500], rel=1e-3)


def write_kml(path: Path) -> None:
    pyogrio.write_dataframe(frame().to_crs("EPSG:4326"), path, driver="LIBKML")


def write_geodatabase(path: Path, **named: Any) -> None:
    pyogrio.write_dataframe(frame(), path, driver="OpenFileGDB", **named)


def pack(target: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def shapefile(place: Path, name: str, one: gpd.GeoDataFrame, encoding: str = "UTF-8") -> dict[str, bytes]:
    place.mkdir()
    pyogrio.write_dataframe(one, place / f"{name}.shp", encoding=encoding)
    return contents(place)


@pytest.mark.parametrize("charset", ["CP936", "UTF-8"])
def test_mapinfo_tables_are_read_in_the_character_set_they_state(folder: Folder, charset: str) -> None:
    pyogrio.write_dataframe(
        frame(),
        folder.data("p.mif"),
        driver="MapInfo File",
        encoding="UTF-8",
        layer_options={"ENCODING": charset},
        dataset_options={"FORMAT": "MIF"},
    )
    assert_parks(folder, parks("p.mif"))


def test_a_mapinfo_tab_is_read(folder: Folder) -> None:
    pyogrio.write_dataframe(
        frame(),
        folder.data("p.tab"),
        driver="MapInfo File",
        encoding="UTF-8",
        layer_options={"ENCODING": "CP936", "BOUNDS": "0,0,1000000,10000000"},
    )
    assert b"WindowsSimpChinese" in folder.data("p.tab").read_bytes()
    assert_parks(folder, parks("p.tab"))


def test_mapinfo_text_of_no_character_set_is_read_as_declared_and_suggested_else(folder: Folder) -> None:
    ring = "\n".join(f"{x} {y}" for x, y in square(100, 100, 200)[0])
    head = (
        'Version 300\nCharset "Neutral"\nDelimiter ","\nCoordSys Earth Projection 8, 104, "m", 117, 0, 1, 500000, 0\n'
    )
    folder.write(
        "p.mif", f"{head}Columns 2\n  编号 Char(20)\n  园名 Char(40)\nData\n\nRegion 1\n  5\n{ring}\n".encode("gbk")
    )
    folder.write("p.mid", '"P1","八大山人公园"\n'.encode("gbk"))
    columns = {"id": "编号", "name": "园名"}
    [told] = folder.told(parks("p.mif", columns=columns))
    assert "source.encoding: the text of p.mif cannot be read so (given: utf-8). It can be read as gb18030" in told
    assert list(folder.read_one(parks("p.mif", columns=columns, encoding="gbk")).frame["name"]) == NAMES[:1]


def test_a_mapinfo_table_that_names_others_is_not_opened(folder: Folder) -> None:
    folder.write(
        "p.tab",
        '!table\n!version 300\n!charset Neutral\n\nDefinition Table\n  Type LINKED\n  File "../../secret.tab"\n',
    )
    [told] = folder.told(parks("p.tab"))
    assert "it begins otherwise" in told


def test_a_mapinfo_file_of_no_earth_is_what_is_declared(folder: Folder) -> None:
    ring = "\n".join(f"{x} {y}" for x, y in square(100, 100, 200)[0])
    head = 'Version 300\nCharset "WindowsSimpChinese"\nDelimiter ","\nCoordSys NonEarth Units "m" Bounds (0, 0) (1e7, 1e7)\n'
    folder.write("p.mif", f"{head}Columns 2\n  bh Char(20)\n  ym Char(40)\nData\n\nRegion 1\n  5\n{ring}\n")
    folder.write("p.mid", '"P1","a"\n')
    assert list(folder.read_one(parks("p.mif")).frame["area_m2"]) == [40_000]


def test_a_geodatabase_is_read_and_every_file_of_it_hashed(folder: Folder) -> None:
    write_geodatabase(folder.data("p.gdb"))
    assert_parks(folder, parks("p.gdb"))
    assert "layers/data/p.gdb/a00000001.gdbtable" in input_hashes(folder.path)


def test_a_geodatabase_of_several_layers_must_name_one_and_tables_do_not_count(folder: Folder) -> None:
    write_geodatabase(folder.data("p.gdb"), layer="parks")
    rows = frame().drop(columns="geometry")
    pyogrio.write_dataframe(rows, folder.data("p.gdb"), driver="OpenFileGDB", layer="owners")
    assert_parks(folder, parks("p.gdb"))
    write_geodatabase(folder.data("p.gdb"), layer="squares")
    [told] = folder.told(parks("p.gdb"))
    assert "source.layer: the file holds several layers. Name one of them: parks, squares" in told
    assert_parks(folder, parks("p.gdb", layer="squares"))


def test_a_folder_that_is_no_geodatabase_is_told(folder: Folder) -> None:
    folder.data("p.gdb").mkdir()
    [told] = folder.told(parks("p.gdb"))
    assert "is not a File Geodatabase: it has no a00000001.gdbtable" in told


@pytest.mark.parametrize("inside", ["p.gdb/", "数据/p.gdb/", ""])
def test_a_zipped_geodatabase_is_read(folder: Folder, tmp_path: Path, inside: str) -> None:
    write_geodatabase(tmp_path / "p.gdb")
    pack(folder.data("p.gdb.zip"), {inside + name: content for name, content in contents(tmp_path / "p.gdb").items()})
    assert_parks(folder, parks("p.gdb.zip"))


def test_kml_and_kmz_are_read(folder: Folder) -> None:
    write_kml(folder.data("p.kml"))
    pack(folder.data("p.kmz"), {"doc.kml": folder.data("p.kml").read_bytes(), "files/icon.png": b"x"})
    assert_parks(folder, parks("p.kml", "wgs84"))
    assert_parks(folder, parks("p.kmz", "cgcs2000"))
    [told] = folder.told(parks("p.kml", "EPSG:4548"))
    assert "source.datum: contradicts the file" in told


def test_the_closed_paths_of_a_hand_drawn_kml_are_polygons(folder: Folder) -> None:
    rings = frame().to_crs("EPSG:4326")
    pyogrio.write_dataframe(rings.set_geometry(rings.boundary), folder.data("p.kml"), driver="LIBKML")
    assert_parks(folder, parks("p.kml", "wgs84"))
    assert "park:2 条闭合线按多边形读取" in folder.read_one(parks("p.kml", "wgs84")).notes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_xml_with_entities_is_refused_before_a_driver_sees_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    text = '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]><kml><name>&x;</name></kml>'
    opened: list[str] = []
    as_it_is = pyogrio.list_layers

    def listed(path: str) -> Any:
        opened.append(path)
        return as_it_is(path)

    monkeypatch.setattr(pyogrio, "list_layers", listed)
    folder.write("p.kml", text.encode(encoding))
    pack(folder.data("p.kmz"), {"doc.kml": text.encode(encoding)})
    for name in ("p.kml", "p.kmz"):
        [told] = folder.told(parks(name, "wgs84"))
        assert "DOCTYPE" in told
    assert {Path(path).name for path in opened} == {"boundary.geojson"}


@pytest.mark.parametrize("name", ["p.kml", "p.geojson", "p.dxf", "p.mif", "p.tab", "p.gpkg"])
def test_a_text_that_names_other_files_is_no_map_file(folder: Folder, name: str) -> None:
    """The library underneath opens what it recognises, whatever it is called."""
    folder.write("secret.geojson", geojson(feature("Polygon", square(100, 100, 200), bh="P1", ym="机密")))
    source = folder.data("secret.geojson")
    folder.write(
        name,
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer>'
        "</OGRVRTDataSource>",
    )
    assert pyogrio.read_dataframe(folder.data(name))["ym"].tolist() == ["机密"]
    [told] = folder.told(parks(name))
    assert "it begins otherwise" in told


def test_a_json_that_is_a_command_is_not_run(folder: Folder) -> None:
    folder.write(
        "p.geojson", json.dumps({"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read x.shp"})
    )
    [told] = folder.told(parks("p.geojson"))
    assert "layers/data/p.geojson: cannot be read (given: " in told
    assert "GeoJSON" in told


@pytest.mark.parametrize(
    ("member", "declared", "told_of"),
    [
        ("urn:ogc:def:crs:EPSG::4548", "EPSG:4548", ""),
        ("EPSG:4547", "EPSG:4548", 'declare datum = "EPSG:4547"'),
        ("urn:ogc:def:crs:EPSG::2384", "EPSG:4548", "西安80、北京54 的转换参数未公开"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_crs_member_of_a_geojson_counts(
    folder: Folder, member: str, declared: str, told_of: str, first: bool
) -> None:
    crs = {"crs": {"type": "name", "properties": {"name": member}}}
    body = json.loads(geojson(feature("Polygon", square(100, 100, 200), bh="P1", ym="甲")))
    folder.write("p.geojson", json.dumps({**crs, **body} if first else {**body, **crs}))
    told = folder.told(parks("p.geojson", declared))
    assert len(told) == (1 if told_of else 0)
    assert told_of in "".join(told)


def test_a_property_called_crs_is_no_crs_member(folder: Folder) -> None:
    folder.write("p.geojson", geojson(feature("Polygon", square(100, 100, 200), bh="P1", ym="甲", crs={"name": "x"})))
    assert list(folder.read_one(parks("p.geojson")).frame["area_m2"]) == [40_000]


def test_the_json_of_arcgis_is_read_with_its_reference(folder: Folder) -> None:
    def content(wkid: int) -> str:
        shape = {"attributes": {"bh": "P1", "ym": "甲"}, "geometry": {"rings": square(100, 100, 200)}}
        fields = [{"name": name, "type": "esriFieldTypeString", "alias": name, "length": 20} for name in ("bh", "ym")]
        return json.dumps(
            {
                "displayFieldName": "",
                "geometryType": "esriGeometryPolygon",
                "spatialReference": {"wkid": wkid},
                "fields": fields,
                "features": [shape],
            }
        )

    folder.write("p.json", content(4548))
    assert list(folder.read_one(parks("p.json")).frame["area_m2"]) == [40_000]
    folder.write("p.json", content(4547))
    [told] = folder.told(parks("p.json"))
    assert 'declare datum = "EPSG:4547"' in told


def test_a_geojson_in_gbk_is_told(folder: Folder) -> None:
    text = json.dumps(
        json.loads(geojson(feature("Polygon", square(100, 100, 200), bh="P1", ym="甲"))), ensure_ascii=False
    )
    folder.write("p.geojson", text.encode("gbk"))
    [told] = folder.told(parks("p.geojson"))
    assert "is not UTF-8, in which GeoJSON is written (given: it can be read as gb18030)" in told


def drawing(*lines: tuple[str, list[list[float]]], version: str = "AC1015", page: str = "ANSI_936") -> str:
    """A DXF of closed polylines, each on a layer."""
    pairs: list[tuple[int, object]] = [(0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, version)]
    pairs += [(9, "$DWGCODEPAGE"), (3, page)] if page else []
    pairs += [(0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES")]
    for number, (layer, ring) in enumerate(lines):
        pairs += [(0, "LWPOLYLINE"), (5, f"A{number}"), (8, layer), (90, len(ring) - 1), (70, 1)]
        pairs += [pair for x, y in ring[:-1] for pair in ((10, x), (20, y))]
    pairs += [(0, "ENDSEC"), (0, "EOF")]
    return "".join(f"{code:3d}\n{value}\n" for code, value in pairs)


PARK, POND = ("公园绿地", square(100, 100, 200)[0]), ("水面", square(600, 600, 50)[0])


@pytest.mark.parametrize(
    ("version", "page", "encoding"), [("AC1015", "ANSI_936", "gbk"), ("AC1021", "ANSI_936", "utf-8")]
)
def test_a_layer_of_a_drawing_is_read(folder: Folder, version: str, page: str, encoding: str) -> None:
    folder.write("p.dxf", drawing(PARK, POND, version=version, page=page).encode(encoding))
    [told] = folder.told(parks("p.dxf", columns=DRAWN))
    assert "source.layer: the drawing holds several layers. Name one of them: 公园绿地, 水面" in told
    [told] = folder.told(parks("p.dxf", columns=DRAWN, layer="公园"))
    assert "source.layer: the drawing has no such layer (given: 公园). Did you mean 公园绿地?" in told
    found = folder.read_one(parks("p.dxf", columns=DRAWN, layer="公园绿地")).frame
    assert list(found["name"]) == ["公园绿地"]
    assert list(found["area_m2"]) == [40_000]


@pytest.mark.parametrize("page", ["ANSI_1252", ""])
def test_a_drawing_that_does_not_say_its_encoding_is_told(folder: Folder, page: str) -> None:
    folder.write("p.dxf", drawing(PARK, page=page).encode("gbk"))
    [told] = folder.told(parks("p.dxf", columns=DRAWN))
    assert "source.encoding: is missing: the drawing does not say" in told
    assert list(folder.read_one(parks("p.dxf", columns=DRAWN, encoding="gbk")).frame["name"]) == ["公园绿地"]
    assert pyogrio.get_gdal_config_option("DXF_ENCODING") is None


def test_what_the_driver_writes_as_a_drawing_is_read_back(folder: Folder) -> None:
    pyogrio.write_dataframe(frame()[["geometry"]].assign(Layer="parks"), folder.data("p.dxf"), driver="DXF")
    assert list(folder.read_one(parks("p.dxf", columns=DRAWN)).frame["area_m2"]) == [40_000, 2_500]


@pytest.mark.parametrize("as_named", ["utf-8", "gbk"])
def test_a_zipped_shapefile_is_read_by_names_of_any_encoding(folder: Folder, tmp_path: Path, as_named: str) -> None:
    members = shapefile(tmp_path / "one", "公园", frame(), encoding="GBK")
    if as_named == "utf-8":
        pack(folder.data("p.zip"), {f"资料/{name}": content for name, content in members.items()})
    else:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            for name, content in members.items():
                archive.writestr(name.replace("公园", "~~~~"), content)
        folder.write("p.zip", written.getvalue().replace(b"~~~~", "公园".encode("gbk")))
    assert_parks(folder, parks("p.zip"))
    assert_parks(folder, parks("p.zip", layer="公园"))


def test_one_of_several_zipped_shapefiles_is_named(folder: Folder, tmp_path: Path) -> None:
    other = frame().iloc[:1]
    members = shapefile(tmp_path / "one", "公园", frame()) | shapefile(tmp_path / "two", "广场", other)
    pack(folder.data("p.zip"), members)
    [told] = folder.told(parks("p.zip"))
    assert "source.layer: the archive holds several layers. Name one of them: 公园, 广场" in told
    assert_parks(folder, parks("p.zip", layer="公园"))


def test_what_a_mac_puts_beside_each_file_is_no_layer(folder: Folder, tmp_path: Path) -> None:
    members = shapefile(tmp_path / "one", "公园", frame())
    pack(folder.data("p.zip"), members | {f"__MACOSX/._{name}": b"\x00\x05\x16\x07" for name in members})
    assert_parks(folder, parks("p.zip"))


def test_shapefiles_of_one_name_are_told_apart_by_their_folders(folder: Folder, tmp_path: Path) -> None:
    first, second = shapefile(tmp_path / "a", "p", frame()), shapefile(tmp_path / "b", "P", frame().iloc[:1])
    members = {f"东/{name}": content for name, content in first.items()}
    pack(folder.data("p.zip"), members | {f"西/{name.upper()}": content for name, content in second.items()})
    assert "Name one of them: p, P" in folder.told(parks("p.zip"))[0]
    pack(folder.data("p.zip"), members | {f"西/{name.lower()}": content for name, content in second.items()})
    assert "Name one of them: 东/p.shp, 西/p.shp" in folder.told(parks("p.zip"))[0]
    assert_parks(folder, parks("p.zip", layer="东/p.shp"))


def test_a_zip_without_a_map_file_or_broken_is_told(folder: Folder) -> None:
    pack(folder.data("p.zip"), {"readme.txt": b"x"})
    [told] = folder.told(parks("p.zip"))
    assert "holds no map file. Supported inside: .geojson" in told
    folder.write("p.zip", b"PK no zip")
    [told] = folder.told(parks("p.zip"))
    assert "layers/data/p.zip" in told


@pytest.mark.parametrize(
    ("name", "datum"),
    [
        ("EPSG:2384", "D_Xian_1980"),
        ("EPSG:2437", "D_Beijing_1954"),
        ("EPSG:4555", "D_New_Beijing"),
        ("EPSG:2333", "D_Xian_1980"),
    ],
)
def test_a_prj_of_a_closed_datum_is_refused_whatever_is_declared(folder: Folder, name: str, datum: str) -> None:
    pyogrio.write_dataframe(frame(name), folder.data("p.shp"), encoding="UTF-8")
    assert datum in folder.data("p.prj").read_text()
    for declared in ("EPSG:4548", "cgcs2000"):
        [told] = folder.told(parks("p.shp", declared))
        assert "source.datum: contradicts the file" in told
        assert "西安80、北京54 的转换参数未公开" in told


def test_a_prj_that_names_a_closed_datum_by_hand_is_refused(folder: Folder) -> None:
    pyogrio.write_dataframe(frame(), folder.data("p.shp"), encoding="UTF-8")
    prj = folder.data("p.prj").read_text()
    folder.write("p.prj", prj.replace("D_China_2000", "D_Krasovsky_1940").replace("6378137.0", "6378245.0"))
    [told] = folder.told(parks("p.shp"))
    assert "西安80、北京54 的转换参数未公开" in told


def wkt_sheet(cells: list[str]) -> str:
    return "bh,ym,shape\n" + "".join(
        f'P{n},{name},"{cell}"\n' for n, (name, cell) in enumerate(zip(NAMES, cells, strict=True), 1)
    )


def as_xlsx(text: str, path: Path) -> None:
    book = openpyxl.Workbook()
    for line in text.splitlines():
        head, _, tail = line.partition(',"')
        book.active.append([*head.split(","), tail.rstrip('"')] if tail else head.split(","))
    book.save(path)


@pytest.mark.parametrize("write", [lambda text, path: path.write_text(text, encoding="utf-8"), as_xlsx])
@pytest.mark.parametrize("before", ["", "SRID=4548;", "srid = 4548 ; "])
def test_a_column_of_wkt_is_read(folder: Folder, write: Callable[[str, Path], None], before: str) -> None:
    name = "p.xlsx" if write is as_xlsx else "p.csv"
    write(wkt_sheet([f"{before}{shape.wkt}" for shape in frame().geometry]), folder.data(name))
    assert_parks(folder, parks(name, wkt="shape"))


def test_what_is_no_wkt_is_told_by_row(folder: Folder) -> None:
    folder.write("p.csv", wkt_sheet(["POLYGON ((1 2, 3", ""]))
    told = folder.told(parks("p.csv", wkt="shape"))
    assert any("row 2, column shape: not a geometry in WKT (given: 'POLYGON ((1 2, 3')" in line for line in told)
    assert any("row 3: no geometry" in line for line in told)
    assert len(told) == 2


def test_a_geometry_that_excel_cut_off_is_told_as_such(folder: Folder) -> None:
    ring = ", ".join(f"{x} {y}" for x, y in square(0, 0, 100)[0] * 1000)
    folder.write("p.csv", wkt_sheet([f"POLYGON (({ring}))"[:32767], frame().geometry.iloc[1].wkt]))
    [told] = folder.told(parks("p.csv", wkt="shape"))
    assert "row 2, column shape: a geometry that Excel cut off" in told


@pytest.mark.parametrize(
    ("source", "cell", "told_of"),
    [
        ({"wkt": "shap"}, "POINT (1 2)", "source.wkt: the file has no such column (given: shap). Did you mean shape?"),
        ({"wkt": "shape", "lon": "bh", "lat": "ym"}, "POINT (1 2)", "source.wkt: is given beside lon and lat"),
        (
            {"wkt": "shape"},
            "SRID=4547;POINT (1 2)",
            'states SRID 4547 (given: EPSG:4548). If the file is right, declare datum = "EPSG:4547"',
        ),
    ],
)
def test_a_wkt_that_does_not_fit_its_declaration_is_told(
    folder: Folder, source: dict[str, Any], cell: str, told_of: str
) -> None:
    folder.write("p.csv", wkt_sheet([cell, cell]))
    [told] = folder.told(parks("p.csv", **source))
    assert told_of in told


def test_a_vertex_of_wkt_that_is_no_number_is_told(folder: Folder) -> None:
    bad = f"POLYGON (({at(0, 0)[0]} {at(0, 0)[1]}, nan 1, 2 2, {at(0, 0)[0]} {at(0, 0)[1]}))"
    folder.write("p.csv", wkt_sheet([bad, frame().geometry.iloc[1].wkt]))
    told = folder.told(parks("p.csv", wkt="shape"))
    assert any("row 2" in line for line in told)
