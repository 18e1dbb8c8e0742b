from __future__ import annotations

import datetime as dt
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from qyp_geo.errors import DataError, DeclarationError, MissingError, QypGeoError
from qyp_geo.fetching import Fetched, fetch, read_settings
from qyp_geo.layers import read_layers
from qyp_geo.layers.online.http import NotKeptError, OnlineError
from qyp_geo.locking import locked
from qyp_geo.project import open_project
from qyp_geo.run import run
from qyp_geo.starting import new_from_osm
from tests.faults.acting import begin
from tests.online.kills import ANSWER_S, Killing, contents
from tests.online.replaying import MOMENT, Osm, Replay, replaying

PLACE = "东门街道"
KILLS = 3
EXTRACT = "layers/data/extract.osm.gz"


@pytest.fixture(scope="module")
def guixi(shared_data: Path) -> Osm:
    return Osm.of(shared_data / "guixi_jiangxi.osm")


@pytest.fixture
def server(guixi: Osm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with replaying(guixi) as replay:
        yield replay


@pytest.fixture
def folder(server: Replay, tmp_path: Path) -> Path:
    """A folder that holds its settings only."""
    folder = tmp_path / "dongmen"
    folder.mkdir()
    (folder / "fetch.toml").write_text(server.settings, encoding="utf-8")
    return folder


def ask(folder: Path, *, place: str | None = None, boundary: Path | None = None, offline: bool = False) -> Fetched:
    return fetch(folder, place=place, boundary=boundary, offline=offline, sleep=lambda _: None)


def test_fetch_check_run(folder: Path, server: Replay, tmp_path: Path, shared_data: Path) -> None:
    """A district that was fetched says the same as one made of the whole file."""
    fetched = ask(folder, place=PLACE)
    assert fetched.file == EXTRACT
    assert fetched.asked == fetched.parts + 1
    assert set(server.agents) == {"qyp-geo/0.1.0 (planner@example.org)"}
    assert not any("no contact" in line for line in fetched.told)
    project = open_project(folder)
    assert (project.district.name, project.district.title) == ("dongmen", PLACE)
    provenance = project.layers["layers/streets"].provenance
    assert provenance.retrieved == fetched.retrieved == dt.datetime.now(tz=dt.UTC).date()
    assert (provenance.publisher, provenance.licence) == ("OpenStreetMap contributors", "ODbL 1.0")
    assert provenance.as_of == dt.date.fromisoformat(MOMENT[:10])
    read, problems = read_layers(project.layers, folder=folder, district=project.district)
    assert [str(problem) for problem in problems if problem.severity == "error"] == []
    assert set(read) == set(project.layers)
    assert not any("beyond the boundary" in str(problem) for problem in problems)  # an extract always reaches further

    other = tmp_path / "other" / "dongmen"
    new_from_osm(other, shared_data / "guixi_jiangxi.osm", PLACE)
    tables = []
    for one in (folder, other):
        run(one, command="qyp run", progress=lambda _: None)
        tables.append({path.name: path for path in sorted((one / "build" / "analyses").rglob("*.csv"))})
    assert set(tables[0]) == set(tables[1])
    assert len(tables[0]) > 1
    for name, path in tables[0].items():
        assert path.read_text(encoding="utf-8") == tables[1][name].read_text(encoding="utf-8"), name


def test_fetched_again_only_the_extract_and_its_dates_change(folder: Path, server: Replay) -> None:
    ask(folder, place=PLACE)
    streets = folder / "layers" / "streets.toml"
    mine = streets.read_text(encoding="utf-8").replace('title = "道路"', 'title = "我的道路"    # 改过')
    streets.write_text(mine.replace(dt.datetime.now(tz=dt.UTC).date().isoformat(), "2020-02-02"), encoding="utf-8")
    before = contents(folder)
    (folder / EXTRACT).unlink()
    told = ask(folder)
    assert told.asked == 0
    after = contents(folder)
    assert streets.read_text(encoding="utf-8") == mine
    assert after == {**before, "layers/streets.toml": after["layers/streets.toml"]}
    assert tomllib.loads(mine)["title"] == "我的道路"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_as_of_is_written_where_it_was_not_and_renewed_where_it_was(folder: Path, server: Replay, end: str) -> None:
    ask(folder, place=PLACE)
    streets, homes = (folder / "layers" / f"{name}.toml" for name in ("streets", "residents"))
    before = streets.read_text(encoding="utf-8")
    line = f"as_of = {MOMENT[:10]}\n"
    streets.write_bytes(before.replace(line, "").replace("\n", end).encode())
    homes.write_text(homes.read_text(encoding="utf-8").replace(line, "as_of = '2019-01-01'  # 旧\n"), encoding="utf-8")
    told = ask(folder).told
    assert any(f", as_of = {MOMENT[:10]} in " in one for one in told)
    assert line.strip() in homes.read_text(encoding="utf-8")
    assert "# 旧" in homes.read_text(encoding="utf-8")
    text = streets.read_bytes().decode()
    assert tomllib.loads(text) == tomllib.loads(before)
    assert text.count("\r\n") == (text.count("\n") if end == "\r\n" else 0)


def test_a_tag_that_a_layer_declares_is_fetched(folder: Path, server: Replay) -> None:
    ask(folder, place=PLACE)
    (folder / "layers" / "landmarks.toml").write_text(
        'title = "铁路站"\nkind = "landmarks"\ngeometry = "mixed"\n'
        '[source]\npath = "data/extract.osm.gz"\ndatum = "wgs84"\ntags = { place = ["*"] }\n'
        '[provenance]\npublisher = "OSM"\nretrieved = 2020-01-01\nlicence = "ODbL 1.0"\n',
        encoding="utf-8",
    )
    asked = len(server.questions)
    ask(folder)
    assert all("nw['place'];" in one["data"] for one in server.questions[asked:])
    project = open_project(folder)
    read, _ = read_layers(project.layers, folder=folder, district=project.district)
    assert len(read["layers/landmarks"].frame) > 0


def test_a_boundary_from_a_file(folder: Path, tmp_path: Path) -> None:
    outline = tmp_path / "outline.gpkg"
    box = gpd.GeoSeries([shapely.box(117.20, 28.285, 117.23, 28.305)], crs="EPSG:4326").to_crs("EPSG:4548")
    box.to_file(outline)
    ask(folder, boundary=outline)
    boundary = gpd.read_file(folder / "layers" / "data" / "boundary.geojson")
    assert shapely.hausdorff_distance(boundary.geometry.iloc[0], shapely.box(117.20, 28.285, 117.23, 28.305)) < 1e-5
    assert len(ask(folder).told) == 2
    provenance = open_project(folder).layers["layers/boundary"].provenance
    assert (provenance.publisher, provenance.secrecy, provenance.may_redistribute) == ("outline.gpkg", None, False)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.geojson", None, "does not exist"),
        ("x.txt", b"117 28", "cannot be read as a boundary: give one of"),
        ("x.geojson", b"{", "cannot be read as a boundary"),
        ("x.geojson", b'{"type":"Point","coordinates":[117,28]}', "holds no polygon"),
    ],
)
def test_a_boundary_that_cannot_be_used(
    folder: Path, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(QypGeoError, match=message):
        ask(folder, boundary=tmp_path / name)
    assert list(contents(folder)) == ["fetch.toml"]


def test_places_are_told_apart(folder: Path, server: Replay) -> None:
    other = {**server.osm.administrative[0], "osm_id": 5, "display_name": "东门街道, 别处"}
    station = {**server.osm.administrative[0], "osm_id": 6, "category": "railway"}
    server.osm.administrative[1:] = [other, station]
    try:
        with pytest.raises(
            MissingError, match=r"2 areas may be meant by 东门街道.*r6662718 东门街道, 中国; r5 东门街道, 别处"
        ):
            ask(folder, place=PLACE)
        with pytest.raises(MissingError, match="no administrative area is called 西门街道"):
            ask(folder, place="西门街道")
        with pytest.raises(MissingError, match="no administrative area is called r99"):
            ask(folder, place="r99")
        assert list(contents(folder)) == ["fetch.toml"]
        assert ask(folder, place="r6662718").parts == 11
    finally:
        del server.osm.administrative[1:]


def test_what_is_to_be_fetched_must_be_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(QypGeoError, match=r"give its place .--place. or a file"):
        ask(folder)
    with pytest.raises(QypGeoError, match="give its place"):
        ask(folder, place=PLACE, boundary=tmp_path / "x.geojson")
    with pytest.raises(QypGeoError, match="give its place"):
        ask(tmp_path / "mistyped")
    assert not (tmp_path / "mistyped").exists()
    ask(folder, place=PLACE)
    with pytest.raises(QypGeoError, match="a boundary of its own"):
        ask(folder, place=PLACE)


def test_a_folder_of_something_else_is_left_alone(folder: Path, server: Replay) -> None:
    (folder / "thesis.docx").write_text("mine")
    with pytest.raises(QypGeoError, match=r"holds thesis\.docx: nothing in it is overwritten"):
        ask(folder, place=PLACE)
    assert server.questions == []


def test_a_part_that_fails_leaves_all_as_it_was(folder: Path, server: Replay) -> None:
    server.faults = ["", "", "400"]
    with pytest.raises(OnlineError, match="status 400"):
        ask(folder, place=PLACE)
    assert list(contents(folder)) == ["fetch.toml"]
    first = ask(folder, place=PLACE)
    assert first.asked == 10  # of 11 parts one, and the place, were there
    before = contents(folder)
    for path in (folder / ".cache" / "fetch").glob("*.answer"):
        path.unlink()
    server.faults = ["", "400"]
    with pytest.raises(OnlineError, match="status 400"):
        ask(folder)
    assert contents(folder) == before


def test_an_answer_without_streets_does_not_replace_them(folder: Path, server: Replay) -> None:
    ask(folder, place=PLACE)
    before = contents(folder)
    with replaying(Osm()) as empty:
        (folder / "fetch.toml").write_text(empty.settings, encoding="utf-8")
        before["fetch.toml"] = empty.settings.encode()
        with pytest.raises(QypGeoError, match=r"knows no streets here: .* is left as it is"):
            ask(folder)
    assert contents(folder) == before


def test_offline_uses_what_was_kept(folder: Path, server: Replay) -> None:
    with pytest.raises(NotKeptError, match="without --offline"):
        ask(folder, place=PLACE, offline=True)
    assert server.questions == []
    ask(folder, place=PLACE)
    before = contents(folder)
    asked = len(server.questions)
    assert ask(folder, offline=True).asked == 0
    assert contents(folder) == before
    sorted((folder / ".cache" / "fetch").glob("*.answer"), key=lambda path: path.stat().st_size)[-1].unlink()
    with pytest.raises(NotKeptError, match=r"of 11 parts of the district 1 were never fetched"):
        ask(folder, offline=True)
    assert contents(folder) == before
    assert len(server.questions) == asked


def test_several_extracts_are_not_guessed_at(folder: Path) -> None:
    ask(folder, place=PLACE)
    streets = folder / "layers" / "streets.toml"
    streets.write_text(streets.read_text(encoding="utf-8").replace("extract.osm.gz", "own.osm"), encoding="utf-8")
    with pytest.raises(QypGeoError, match=r"several extracts .data/extract\.osm\.gz, data/own\.osm"):
        ask(folder)


def test_an_extract_that_nothing_reads_is_told(folder: Path) -> None:
    ask(folder, place=PLACE)
    for path in (folder / "layers").glob("*.toml"):
        path.write_text(path.read_text(encoding="utf-8").replace("extract.osm.gz", "own.gpkg"), encoding="utf-8")
    before = contents(folder)
    (folder / EXTRACT).unlink()
    fetched = ask(folder)
    assert fetched.told[1] == 'no layer reads it yet: declare one with path = "data/extract.osm.gz" and datum = "wgs84"'
    assert contents(folder) == before


def test_a_link_out_of_the_folder_is_not_written_through(folder: Path, tmp_path: Path) -> None:
    ask(folder, place=PLACE)
    outside = tmp_path / "outside.osm.gz"
    outside.write_bytes(b"mine")
    (folder / EXTRACT).unlink()
    (folder / EXTRACT).symlink_to(outside)
    with pytest.raises(QypGeoError, match="leads out of the district folder"):
        ask(folder)
    assert outside.read_bytes() == b"mine"


def test_a_boundary_that_is_not_there(folder: Path) -> None:
    ask(folder, place=PLACE)
    (folder / "layers" / "data" / "boundary.geojson").unlink()
    with pytest.raises(DataError, match="The boundary of"):
        ask(folder)
    (folder / "layers" / "boundary.toml").unlink()
    with pytest.raises(MissingError, match=r"layers/boundary\.toml, the boundary"):
        ask(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("overpas = 1", "Did you mean overpass"),
        ("pause_s = -1", "pause_s"),
        ('overpass = "file:///etc/passwd"', "an address is written https"),
        ('nominatim = "https://user:word@example.org"', "an address is written https"),
        ('contact = "青云谱"', "ASCII"),
        ("pause_s = ", "is not valid TOML"),
    ],
)
def test_settings_that_cannot_be_used(folder: Path, text: str, message: str) -> None:
    (folder / "fetch.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=message):
        ask(folder, place=PLACE)


def test_the_usual_settings_are_polite(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    assert settings.overpass.startswith("https://")
    assert settings.nominatim.startswith("https://")
    assert settings.pause_s >= 1  # Nominatim's policy: at most one request in a second
    assert settings.sender.startswith("qyp-geo/")


def test_one_fetch_at_a_time(folder: Path, server: Replay) -> None:
    with locked(folder, "qyp run"), pytest.raises(QypGeoError, match="qyp run"):
        ask(folder, place=PLACE)
    assert server.questions == []


def test_killed_in_the_middle_and_gone_on_with(server: Replay, tmp_path: Path) -> None:
    killing = Killing(server, tmp_path, PLACE)
    for number in range(KILLS):
        killed = killing.once(number)
        assert killed.whole, killed
        assert killed.next, killed


def test_what_was_fetched_before_a_kill_is_not_asked_for_again(folder: Path, server: Replay) -> None:
    server.delay_s = ANSWER_S
    process = begin("fetch", folder, "--place", PLACE)
    while len(server.questions) < 6 and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert list(contents(folder)) == ["fetch.toml"]
    before = len(server.questions)
    fetched = ask(folder, place=PLACE)
    assert fetched.parts == 11
    parts = server.parts_asked()
    assert sum(parts.count(part) - 1 for part in set(parts)) <= 1  # the one that was under way
    assert len(server.questions) - before in {6, 7}


def test_a_new_folder_whose_filling_was_killed_is_filled(folder: Path, server: Replay, tmp_path: Path) -> None:
    ask(folder, place=PLACE)
    whole = contents(folder)
    ready = folder / ".cache" / "fetch" / "ready" / "new"
    ready.mkdir(parents=True)
    for name in ("layers", "maps"):  # the analyses had come over
        (folder / name).rename(ready / name)
    ask(folder)
    assert contents(folder) == whole


def test_the_frame_of_a_fetched_extract_reaches_beyond_the_margin(folder: Path) -> None:
    ask(folder, place=PLACE)
    project = open_project(folder)
    read, _ = read_layers(project.layers, folder=folder, district=project.district)
    district = shapely.union_all(read["layers/boundary"].frame.geometry.to_numpy())
    streets = read["layers/streets"].frame.geometry
    assert pd.Series(streets.distance(district)).max() > 500
