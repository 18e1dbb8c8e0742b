"""Bombs, ways out of the folder, and XML that fetches or multiplies: refused before a reader opens the file."""

from __future__ import annotations

import bz2
import gzip
import io
import stat
import zipfile
from pathlib import Path

import openpyxl
import pytest

from qyp_geo.layers import limits
from qyp_geo.layers.limits import check_archive, refusal_of
from qyp_geo.layers.osm import read_extract
from qyp_geo.layers.report import Report
from qyp_geo.project import survey
from tests.layers.extract import small_town
from tests.layers.folder import Folder, feature, geojson, record
from tests.small import small_district

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<osm version="0.6"><node id="1" version="1" lon="115.89" lat="28.63"><tag k="name" v="&b;"/></node></osm>'
)
FETCHES = '<?xml version="1.0"?><!DOCTYPE osm SYSTEM "file:///etc/passwd"><osm version="0.6"/>'


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return path


@pytest.mark.parametrize("text", [LAUGHS, FETCHES])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_xml_that_declares_entities_is_refused_in_any_encoding(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "a.osm"
    path.write_bytes(text.replace('<?xml version="1.0"?>', "").encode(encoding))
    assert "document type" in str(refusal_of(path))
    (tmp_path / "a.osm.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert "document type" in str(refusal_of(tmp_path / "a.osm.gz"))
    (tmp_path / "a.kml").write_bytes(path.read_bytes())
    assert "document type" in str(refusal_of(tmp_path / "a.kml"))
    assert "document type" in str(refusal_of(zipped(tmp_path / "a.kmz", doc__kml=path.read_bytes())))


@pytest.mark.parametrize("name", ["a.osm.gz", "a.osm.bz2"])
def test_a_stream_is_unpacked_no_further_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(limits, "MAX_EXTRACT_BYTES", 3 * limits.MIB)
    content = small_town().xml().encode()
    pack = gzip.compress if name.endswith(".gz") else bz2.compress
    at_limit = content + b" " * (limits.MAX_EXTRACT_BYTES - len(content))
    (tmp_path / name).write_bytes(pack(at_limit))
    assert refusal_of(tmp_path / name) is None, "the limit itself is allowed"
    (tmp_path / name).write_bytes(pack(at_limit + b" "))
    assert "larger than 3 MiB" in str(refusal_of(tmp_path / name))


def test_a_zip_bomb_is_refused_by_what_it_states_and_a_lie_by_its_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_WORKBOOK_BYTES", 3 * limits.MIB)
    zeros = bytes(2 * limits.MIB)
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2):
            archive.writestr(f"xl/{number}.bin", zeros)
    assert bomb.stat().st_size < limits.MIB / 100
    assert "larger than 3 MiB" in str(refusal_of(bomb))
    lying = bomb.read_bytes().replace(len(zeros).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    bomb.write_bytes(lying)
    assert "not an Excel workbook" in str(refusal_of(bomb))


@pytest.mark.parametrize("name", ["../out.shp", "/etc/passwd", "a/../../b.shp", "..\\out.shp", "C:\\out.shp"])
def test_an_archive_with_a_way_out_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    assert "leads out of the archive" in str(refusal_of(tmp_path / "a.zip"))


def test_links_passwords_and_archives_in_archives_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.shp")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, b"/etc/passwd")
    assert "a link instead of a file" in str(refusal_of(tmp_path / "link.zip"))
    assert "inside the archive" in str(refusal_of(zipped(tmp_path / "nested.zip", inner__zip=b"PK")))
    locked = zipped(tmp_path / "locked.zip", a__shp=b"x")
    content = bytearray(locked.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(content)
    assert "password" in str(refusal_of(locked))


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_MEMBERS", 2)
    assert refusal_of(zipped(tmp_path / "a.zip", a=b"1", b=b"2")) is None
    assert "more than 2 files" in str(refusal_of(zipped(tmp_path / "a.zip", a=b"1", b=b"2", c=b"3")))


@pytest.mark.parametrize("how", ["cell", "merged"])
def test_a_sheet_that_reaches_to_its_last_corner_is_refused(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "id"
    if how == "cell":
        book.worksheets[0]["XFD1048576"] = 1
        book.save(path)
    else:
        book.save(path)
        with zipfile.ZipFile(path) as old:
            members = {name: old.read(name) for name in old.namelist()}
        sheet = members["xl/worksheets/sheet1.xml"]
        merged = b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        members["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", b"</sheetData>" + merged)
        with zipfile.ZipFile(path, "w") as new:
            for name, content in members.items():
                new.writestr(name, content)
    assert "Delete the empty rows and columns" in str(refusal_of(path))


def test_a_map_file_that_is_something_else_is_not_given_to_a_driver(tmp_path: Path) -> None:
    """The drivers choose by content: a virtual file in XML would read any file, or ask any server."""
    folder = Folder(tmp_path / "f")
    source = '<OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
    virtual = f"<OGRVRTDataSource>{source}</OGRVRTDataSource>"
    for name in ("x.geojson", "x.gpkg", "x.shp", "x.parquet"):
        folder.write(name, virtual)
        told = folder.told(record("public_toilet", "point", name, "EPSG:4548"))
        assert "it begins otherwise" in told[0]
        assert "passwd" not in told[0]


def test_what_is_sound_is_opened(tmp_path: Path) -> None:
    report = Report("layers/x.toml", "layers/data/x")
    (tmp_path / "a.osm").write_text(small_town().xml(), encoding="utf-8")
    (tmp_path / "a.geojson").write_text("\ufeff \n" + geojson(feature("Point", [115.9, 28.6])), encoding="utf-8")
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    (tmp_path / "a.csv").write_text("id\n", encoding="utf-8")
    for path in tmp_path.iterdir():
        assert check_archive(path, report), report.problems
    assert len(read_extract(tmp_path / "a.osm").objects) > 5
    assert check_archive(tmp_path, report), "of a folder nothing is known here"


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    report = Report("layers/x.toml", "layers/data/a.geojson")
    (tmp_path / "a.geojson").touch()
    assert not check_archive(tmp_path / "a.geojson", report)
    assert "0 bytes" in str(report.problems[0])


def test_the_real_extracts_pass(shared_data: Path) -> None:
    for path in shared_data.iterdir():
        assert refusal_of(path) is None, path.name


@pytest.mark.parametrize("at", ["layers/data/link.csv", "layers/link.toml", "analyses/link.toml", "layers/data/sub"])
def test_a_link_that_leaves_the_folder_is_told(tmp_path: Path, at: str) -> None:
    folder = small_district(tmp_path / "small")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_text("root:x:0:0:secret words")
    (folder / at).symlink_to(outside if at.endswith("sub") else outside / "x")
    told = "\n".join(map(str, survey(folder)[1]))
    assert f"{at}: is a link that leads out of the district folder" in told
    assert "secret words" not in told


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    (folder / "layers/data/a.csv").symlink_to(folder / "layers/data/b.csv")
    (folder / "layers/data/b.csv").symlink_to(folder / "layers/data/a.csv")
    assert [one.file for one in survey(folder)[1] if "leads out" in one.what] == [
        "layers/data/a.csv",
        "layers/data/b.csv",
    ]


def test_a_workbook_within_a_workbook_is_left_alone(tmp_path: Path) -> None:
    path, inner = tmp_path / "a.xlsx", io.BytesIO()
    openpyxl.Workbook().save(path)
    openpyxl.Workbook().save(inner)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/embeddings/one.xlsx", inner.getvalue())
    assert refusal_of(path) is None
