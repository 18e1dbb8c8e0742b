from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from qyp_geo.cli.entry import answer
from qyp_geo.errors import DeclarationError, MissingError, QypGeoError
from qyp_geo.publishing import publish
from qyp_geo.run import run
from tests.public import EXEMPT, REVIEWED, public_district, silent
from tests.small import at, geojson, layer
from tests.test_run import files

DRAFT, PUBLIC = (f'<meta name="qyp-release" content="{release}">' for release in ("draft", "public"))
WRITTEN = {
    "index.html",
    "maps/residents.html",
    "tables/residents_coverage.csv",
    "tables/residents_headline.csv",
    "downloads/toilets.geojson",
    "downloads/small.gpkg",
    "manifest.json",
    "SHA256SUMS",
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = public_district(tmp_path_factory.mktemp("publishing") / "small", review=REVIEWED)
    run(folder, command="qyp run", progress=silent)
    return folder


@pytest.fixture
def folder(ran: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ran, tmp_path / "small"))


@pytest.fixture
def unreviewed(tmp_path: Path) -> Path:
    folder = public_district(tmp_path / "small")
    run(folder, command="qyp run", progress=silent)
    return folder


def test_a_reviewed_page_is_published_whole(folder: Path) -> None:
    published = publish(folder, draft=False)
    assert published.folder == folder / "public"
    assert {path.as_posix() for path in published.files} == WRITTEN == set(files(folder / "public"))
    assert list(published.left_out) == ["maps/planners"]
    assert not list(folder.glob(".public*"))


def test_only_what_passed_the_gate_loses_the_mark_of_a_draft(folder: Path) -> None:
    publish(folder, draft=False)
    written, public = (
        (folder / name / "maps/residents.html").read_text(encoding="utf-8") for name in ("build", "public")
    )
    assert (written.count(DRAFT), written.count(PUBLIC)) == (1, 0)
    assert public == written.replace(DRAFT, PUBLIC)
    assert PUBLIC in (folder / "public/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("review", ["", 'review_number = "  "\n'])
def test_a_page_without_review_number_or_exemption_is_refused(tmp_path: Path, review: str) -> None:
    folder = public_district(tmp_path / "small", review=review)
    run(folder, command="qyp run", progress=silent)
    with pytest.raises(DeclarationError, match="审图号") as caught:
        publish(folder, draft=False)
    assert [(problem.file, problem.where) for problem in caught.value.problems] == [
        ("maps/residents.toml", "review_number")
    ]
    assert "--draft" in str(caught.value)
    assert not (folder / "public").exists()


def test_an_exemption_opens_the_gate_and_is_shown(tmp_path: Path) -> None:
    folder = public_district(tmp_path / "small", review=EXEMPT)
    run(folder, command="qyp run", progress=silent)
    publish(folder, draft=False)
    assert "免审依据:第六条(市局,2026-03-01)" in (folder / "public/index.html").read_text(encoding="utf-8")


def test_a_draft_is_watermarked_and_lies_elsewhere(unreviewed: Path) -> None:
    published = publish(unreviewed, draft=True)
    assert published.folder == unreviewed / "draft"
    assert published.left_out == {}
    assert set(files(unreviewed / "draft")) == WRITTEN | {"maps/planners.html"}
    assert not (unreviewed / "public").exists()
    for name in ("maps/residents.html", "maps/planners.html", "index.html"):
        page = (unreviewed / "draft" / name).read_text(encoding="utf-8")
        assert (page.count(DRAFT), page.count(PUBLIC)) == (1, 0), name
    assert "内部资料,未经审核不得公开" in (unreviewed / "draft/index.html").read_text(encoding="utf-8")


def test_a_folder_with_planners_pages_alone_is_not_public(folder: Path) -> None:
    (folder / "maps/residents.toml").unlink()
    run(folder, command="qyp run", progress=silent)
    with pytest.raises(QypGeoError, match="declares no page for residents"):
        publish(folder, draft=False)
    publish(folder, draft=True)
    assert "maps/planners.html" in files(folder / "draft")


def test_stale_results_are_not_published(folder: Path) -> None:
    with (folder / "layers/data/toilets.csv").open("a") as file:
        file.write("T3,新厕,391000,3168000\n")
    with pytest.raises(QypGeoError, match=r"toilets\.csv was changed"):
        publish(folder, draft=False)
    assert not (folder / "public").exists()


def test_nothing_to_publish_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="qyp run"):
        publish(public_district(tmp_path / "small", review=REVIEWED), draft=False)


def test_what_fails_half_way_leaves_the_last_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(folder, draft=False)
    before = files(folder / "public")

    def fail(*_: object, **__: object) -> str:
        raise QypGeoError("no manifest today")

    monkeypatch.setattr("qyp_geo.publishing.manifest_json", fail)
    with pytest.raises(QypGeoError, match="no manifest today"):
        publish(folder, draft=False)
    assert files(folder / "public") == before
    assert not list(folder.glob(".public*"))


def test_the_same_results_give_the_same_bytes(folder: Path) -> None:
    publish(folder, draft=False)
    first = files(folder / "public")
    publish(folder, draft=False)
    assert files(folder / "public") == first


def test_the_manifest_says_what_each_file_is_and_rests_on(folder: Path) -> None:
    publish(folder, draft=False)
    written = files(folder / "public")
    manifest = json.loads(written["manifest.json"])
    assert (manifest["release"], manifest["district"]) == ("public", "小区")
    assert set(manifest["files"]) == set(written) - {"manifest.json", "SHA256SUMS"}
    for name, said in manifest["files"].items():
        assert said["sha256"] == hashlib.sha256(written[name]).hexdigest()
        assert said["bytes"] == len(written[name])
    page = manifest["files"]["maps/residents.html"]
    assert page["maps"] == ["maps/residents"]
    assert page["analyses"] == ["analyses/coverage"]
    assert page["layers"] == ["layers/boundary", "layers/residents", "layers/streets", "layers/toilets"]
    assert any("GB 50180-2018" in clause for clause in page["clauses"])
    download = manifest["files"]["downloads/toilets.geojson"]
    assert (download["maps"], download["analyses"], download["layers"]) == ([], [], ["layers/toilets"])
    toilets = manifest["declarations"]["layers/toilets"]
    assert toilets["provenance"]["licence"] == "CC0"
    assert toilets["inputs"] == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("layers/data/toilets.csv", "layers/toilets.toml")
    }
    assert "maps/planners" not in manifest["declarations"]


def test_the_sums_are_as_sha256sum_reads_them(folder: Path) -> None:
    publish(folder, draft=False)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder / "public", check=True)
    named = (folder / "public/SHA256SUMS").read_text(encoding="utf-8").split()[1::2]
    assert set(named) == WRITTEN - {"SHA256SUMS"}


def test_downloads_hold_the_public_facilities_where_they_are(folder: Path) -> None:
    publish(folder, draft=False)
    downloads = folder / "public/downloads"
    content = json.loads((downloads / "toilets.geojson").read_text(encoding="utf-8"))
    assert (content["licence"], content["publisher"], "crs" in content) == ("CC0", "tests", False)
    for frame in (
        gpd.read_file(downloads / "toilets.geojson"),
        gpd.read_file(downloads / "small.gpkg", layer="toilets"),
    ):
        assert frame.crs == "EPSG:4326"
        assert list(frame.columns) == ["id", "name", "kind", "geometry"]
        assert frame[["id", "name"]].to_numpy().tolist() == [["T1", "南厕"], ["T2", "北厕"]]
        back = frame.to_crs("EPSG:4548").geometry
        assert back.x.to_numpy() == pytest.approx([391000, 392000], abs=0.1)
        assert back.y.to_numpy() == pytest.approx([3168000, 3169000], abs=0.1)
    with sqlite3.connect(downloads / "small.gpkg") as package:
        held = {row[0] for row in package.execute("select table_name from gpkg_contents")}
        styled = package.execute("select f_table_name from layer_styles").fetchall()
    assert held == {"toilets", "layer_styles"}
    assert styled == [("toilets",)]


def test_what_is_not_there_yet_is_no_download(tmp_path: Path) -> None:
    folder = public_district(tmp_path / "small", review=REVIEWED)
    declared, data = folder / "layers/toilets.toml", folder / "layers/data/toilets.csv"
    declared.write_text(
        declared.read_text(encoding="utf-8").replace('id = "id"', 'id = "id"\nstatus = "status"'), "utf-8"
    )
    rows = data.read_text(encoding="utf-8").splitlines()
    data.write_text("\n".join([f"{rows[0]},status", f"{rows[1]},现状", f"{rows[2]},规划", ""]), encoding="utf-8")
    run(folder, command="qyp run", progress=silent)
    publish(folder, draft=False)
    assert gpd.read_file(folder / "public/downloads/toilets.geojson")["name"].tolist() == ["南厕"]
    assert not [name for name, held in files(folder / "public").items() if "北厕".encode() in held]


def test_of_layers_that_are_not_public_nothing_is_told(folder: Path) -> None:
    """What only the analysis of the zones counts is named nowhere."""
    for name, kind, secrecy in (("zones", "zones", "公开"), ("candidates", "candidates", "内部")):
        square = [[at(x, y) for x, y in ((0, 0), (500, 0), (500, 500), (0, 500), (0, 0))]]
        (folder / f"layers/data/{name}.geojson").write_text(geojson(("Polygon", square, {"name": "北片"})), "utf-8")
        source = f'path = "data/{name}.geojson"\ndatum = "EPSG:4548"\n[columns]\nname = "name"'
        declared = layer(f"不可外传{name}", kind, "polygon", source)
        public = f'licence = "CC0"\nsecrecy = "{secrecy}"\nmay_redistribute = true'
        (folder / f"layers/{name}.toml").write_text(declared.replace('licence = "CC0"', public), encoding="utf-8")
    (folder / "analyses/zones.toml").write_text(
        'kind = "zones"\ntitle = "分区"\nzones = "layers/zones"\ncoverage = "analyses/coverage"\n'
        'contains = ["layers/candidates"]\n',
        encoding="utf-8",
    )
    coverage = folder / "analyses/coverage.toml"
    asked = coverage.read_text(encoding="utf-8")
    coverage.write_text(asked.replace("standard =", 'areas = ["layers/zones"]\nstandard ='), encoding="utf-8")
    with (folder / "maps/residents.toml").open("a", encoding="utf-8") as page:
        page.write('[[overlay]]\nof = "analyses/zones"\nlabel = "分区"\n')
    run(folder, command="qyp run", progress=silent)
    publish(folder, draft=False)
    written = files(folder / "public")
    assert "analyses/zones" in json.loads(written["manifest.json"])["declarations"]
    said = {name: held for name, held in written.items() if not name.startswith("maps/")}  # a page's data is packed
    assert not [name for name, held in said.items() if b"candidates" in held]


@pytest.mark.parametrize("name", ["../../outside", "南昌/青云谱", "CON", 'a:b?"<x>'])
def test_a_district_of_any_name_has_a_package_within_the_folder(tmp_path: Path, name: str) -> None:
    folder = public_district(tmp_path / "small", review=REVIEWED)
    path = folder / "layers/district.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"small"', f"'{name}'"), encoding="utf-8")
    run(folder, command="qyp run", progress=silent)
    publish(folder, draft=False)
    (package,) = (folder / "public").rglob("*.gpkg")
    assert re.fullmatch(r"\w+", package.stem)
    assert package.stem.upper() != "CON"
    assert not list(tmp_path.glob("*.gpkg"))


@pytest.mark.parametrize("made", ["folder", "link", "file"])
def test_what_publishing_did_not_write_is_not_thrown_away(folder: Path, made: str) -> None:
    site = folder.parent / "site"
    site.mkdir()
    (site / "CNAME").write_text("example")
    if made == "folder":
        site.rename(folder / "public")
    elif made == "link":
        (folder / "public").symlink_to(site)
    else:
        (folder / "public").write_text("mine")
    with pytest.raises(QypGeoError, match="not written by qyp publish"):
        publish(folder, draft=False)
    if made == "file":
        assert (folder / "public").read_text() == "mine"
    else:
        assert (folder / "public/CNAME").read_text() == "example"


def test_tables_are_read_by_a_spreadsheet(folder: Path) -> None:
    publish(folder, draft=False)
    path = folder / "public/tables/residents_headline.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(path, encoding="utf-8-sig")
    assert len(table) >= 1


def test_the_command_tells_what_was_written_and_what_was_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(["publish", str(folder), "--lang", "en"]) == 0
    output = capsys.readouterr().out
    assert "maps/residents.html" in output
    assert "left out: maps/planners" in output
    assert "qyp serve" in output


class Reader(HTMLParser):
    """What a front page links to, and the tags that it holds."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"} and value]


def test_the_front_page_links_to_all_that_is_there_and_runs_nothing(folder: Path) -> None:
    publish(folder, draft=False)
    html = (folder / "public/index.html").read_text(encoding="utf-8")
    read = Reader(html)
    assert {link.removeprefix("./") for link in read.links} - {"data:,"} == WRITTEN - {"index.html"}
    assert not read.tags & {"script", "iframe", "img", "form", "object", "base"}
    assert "default-src 'none'; style-src 'sha256-" in html
    assert "审图号:赣S(2026)000号" in html
