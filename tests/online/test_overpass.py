from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import osmnx
import pytest
import shapely

from qyp_geo import standards
from qyp_geo.layers.extracts import usual
from qyp_geo.layers.kinds import STRUCTURES
from qyp_geo.layers.online.http import Client, NotKeptError, OnlineError, Settings, TooMuchError
from qyp_geo.layers.online.overpass import (
    Part,
    check_answer,
    fetch_parts,
    moment_of,
    parts_of,
    query,
    wanted_objects,
    write_extract,
)
from qyp_geo.layers.osm import Extract, read_extract
from tests.online.replaying import Osm, Replay, replaying

META = b'<osm version="0.6"><meta osm_base="2026-01-15T08:00:00Z"/>'
NODE = b'<node id="1" lat="28" lon="117"><tag k="name" v="x"/></node>'


@pytest.fixture(scope="module")
def guixi(shared_data: Path) -> Osm:
    return Osm.of(shared_data / "guixi_jiangxi.osm")


@pytest.fixture
def server(guixi: Osm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with replaying(guixi) as replay:
        yield replay


MIDDLE = shapely.box(117.20, 28.29, 117.24, 28.31)


def fetch(
    server: Replay, cache: Path, *, offline: bool = False, area: shapely.Polygon = MIDDLE, tries: int = 3
) -> tuple[dict[Part, bytes], list[float]]:
    waits: list[float] = []
    client = Client(Settings(pause_s=0, timeout_s=10, tries=tries), cache, offline=offline, sleep=waits.append)
    url = f"{server.address}/api/interpreter"
    selectors = wanted_objects()
    return fetch_parts(client, url, area, selectors, part_deg=0.02, progress=lambda _: None), waits


def test_the_grid_covers_the_area_and_stays_where_it_is() -> None:
    area = shapely.box(117.201, 28.299, 117.239, 28.301)
    parts = parts_of(area, 0.02)
    assert [part.box for part in parts] == [
        "28.2800000,117.2000000,28.3000000,117.2200000",
        "28.2800000,117.2200000,28.3000000,117.2400000",
        "28.3000000,117.2000000,28.3200000,117.2200000",
        "28.3000000,117.2200000,28.3200000,117.2400000",
    ]
    assert shapely.union_all([part.shape for part in parts]).covers(area)
    assert set(parts) < set(parts_of(area.buffer(0.02), 0.02))


def test_parts_that_an_area_does_not_touch_are_left_out() -> None:
    ring = shapely.box(117, 28, 117.1, 28.1).exterior.buffer(0.001)
    assert len(parts_of(ring, 0.02)) == len(
        [p for p in parts_of(shapely.box(*ring.bounds), 0.02) if ring.intersects(p.shape)]
    )
    assert len(parts_of(ring, 0.02)) < 49


def test_quarters_are_the_part() -> None:
    part = Part(117.2, 28.28, 117.22, 28.3)
    quarters = part.quarters()
    assert shapely.union_all([one.shape for one in quarters]).equals(part.shape)
    assert sum(one.shape.area for one in quarters) == pytest.approx(part.shape.area)


def test_a_query_is_read_aloud() -> None:
    selectors = [{"highway": frozenset({"*"})}, {"it's": frozenset({"a", "b\\c"}), "name": frozenset({"*"})}]
    assert query(Part(117.2, 28.28, 117.22, 28.3), selectors) == (
        "[out:xml][timeout:170][bbox:28.2800000,117.2000000,28.3000000,117.2200000];\n(\n"
        "nw['highway'];\nrel['highway'][type~'^(multipolygon|boundary)$'];\n"
        "nw['it\\'s'~'(^|; *)(a|b\\\\\\\\c)( *;|$)']['name'];\n"
        "rel['it\\'s'~'(^|; *)(a|b\\\\\\\\c)( *;|$)']['name'][type~'^(multipolygon|boundary)$'];\n"
        ");\n(._;>;);\nout body;\n"
    )


def test_what_a_layer_declares_is_wanted_too() -> None:
    usual_ones = wanted_objects()
    more = wanted_objects([{"boundary": ["administrative"], "name": ["东门街道"]}, {"amenity": ["bench"]}])
    assert {"boundary": {"administrative"}, "name": {"东门街道"}} in more
    amenities = next(one["amenity"] for one in usual_ones if "amenity" in one)
    assert next(one["amenity"] for one in more if "amenity" in one) == amenities | {"bench"}
    assert "*" not in amenities
    assert {"highway": {"*"}} in usual_ones


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "none of Overpass"),
        (b"<html><body>Welcome</body></html>", "none of Overpass"),
        (b'<osm version="0.6"></osm>', "none of Overpass"),
        (b"<p><strong>Error</strong>: runtime error: open64: timeout. Too busy. </p>", "^runtime error: .* Too busy"),
        (META + NODE, "not whole"),
        (META + NODE[:30], "not whole"),
        (META + b"<remark> runtime error: rate_limited </remark></osm>", "not whole: runtime error: rate_limited"),
    ],
)
def test_an_answer_that_is_not_whole(answer: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_answer(answer)


def test_entities_are_refused() -> None:
    laughs = b'<!DOCTYPE osm [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    with pytest.raises(ValueError, match="XML entities are not supported"):
        check_answer(laughs + META + b'<node id="1" lat="1" lon="1"><tag k="name" v="&b;"/></node></osm>')


@pytest.mark.parametrize("remark", ["Query timed out in &quot;query&quot; at line 3", "Query ran out of memory"])
def test_a_part_that_is_too_much(remark: str) -> None:
    with pytest.raises(TooMuchError, match="too much"):
        check_answer(META + f"<remark> runtime error: {remark} </remark></osm>".encode())


def test_a_whole_answer() -> None:
    check_answer(META + NODE + b"</osm>")
    check_answer(META + b"</osm>")  # nothing there
    assert moment_of(META) == "2026-01-15T08:00:00Z"


def test_the_newest_answer_has_the_say(tmp_path: Path) -> None:
    old = META.replace(b"2026-01-15", b"2026-01-14") + NODE.replace(b'"x"', b'"old"') + b"</osm>"
    new = META + NODE.replace(b'"x"', b'"new"') + b"</osm>"
    parts = Part(117.0, 28.0, 117.1, 28.1), Part(117.1, 28.0, 117.2, 28.1)
    written = []
    for n, answers in enumerate([(old, new), (new, old)]):
        target = tmp_path / f"{n}.osm.gz"
        write_extract(dict(zip(parts, answers, strict=True)), target, suffix=".osm.gz")
        extract = read_extract(target)
        assert extract.extent == (117.0, 28.0, 117.2, 28.1)
        assert list(extract.objects["tags"]) == [{"name": "new"}]
        written.append(target.read_bytes())
    assert written[0] == written[1]


def things_in(extract: Extract, kind: str, area: shapely.Polygon) -> dict[str, dict[str, str]]:
    found = (
        extract.streets()
        if kind == "streets"
        else extract.things(usual(kind), as_drawn=STRUCTURES[kind].as_drawn)[0]
        if kind in STRUCTURES
        else extract.things(kind)[0]
    )
    near = found[found.to_crs("EPSG:4326").intersects(area)]
    return dict(zip(near.index, near["tags"], strict=True))


@pytest.mark.parametrize(
    ("file", "area", "occurring"),
    [
        ("guixi_jiangxi.osm", MIDDLE, 6),
        ("tsinghua_beijing.osm", shapely.box(116.310, 39.992, 116.330, 40.010), 30),
    ],
)
def test_what_is_fetched_is_what_is_there(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, area: shapely.Polygon, occurring: int
) -> None:
    """Each kind of layer and facility takes the same objects out of what was fetched as out of the whole file."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with replaying(Osm.of(shared_data / file)) as server:
        answers, waits = fetch(server, tmp_path, area=area)
    target = tmp_path / "x.osm"
    write_extract(answers, target, suffix=".osm")
    whole = read_extract(shared_data / file)
    fetched = read_extract(target, crs=str(whole.objects.crs))
    assert len(fetched.objects) < len(whole.objects)
    structures = [kind for kind, one in STRUCTURES.items() if one.tags]
    expected = {kind: things_in(whole, kind, area) for kind in (*structures, *standards.kinds())}
    assert {kind: things_in(fetched, kind, area) for kind in expected} == expected
    assert sum(bool(things) for things in expected.values()) >= occurring
    assert min(len(expected["streets"]), len(expected["residents"])) > 50
    assert waits == []
    assert server.most_at_once == 1


@pytest.mark.parametrize(
    "fault", ["429", "504", "reset", "truncated", "cut inside", "login page", "noise", "busy", "nothing"]
)
def test_a_fault_changes_nothing(server: Replay, tmp_path: Path, fault: str) -> None:
    area = shapely.box(117.205, 28.285, 117.23, 28.295)
    calm, _ = fetch(server, tmp_path / "calm", area=area)
    server.faults = [fault, "", fault]
    stormy, waits = fetch(server, tmp_path / "stormy", area=area)
    assert stormy == calm
    assert len(waits) == 2
    assert len(server.questions) == 2 * len(calm) + 2


def test_a_dense_part_is_cut_in_four_and_not_asked_for_whole_again(server: Replay, tmp_path: Path) -> None:
    area = shapely.box(117.205, 28.285, 117.21, 28.29)
    server.too_dense = lambda width: width > 0.011
    answers, waits = fetch(server, tmp_path, area=area)
    assert [part.box for part in answers] == server.parts_asked()[1:]
    assert len(answers) == 4
    assert waits == []
    again, _ = fetch(server, tmp_path, area=area)
    assert again == answers
    assert len(server.questions) == 5
    offline, _ = fetch(server, tmp_path, area=area, offline=True)
    assert offline == answers


def test_a_part_without_an_answer_in_time_is_cut_in_four(server: Replay, tmp_path: Path) -> None:
    server.faults = ["504", "504"]
    answers, waits = fetch(server, tmp_path, area=shapely.box(117.205, 28.285, 117.21, 28.29), tries=2)
    assert len(answers) == 4
    assert waits == [5.0]


def test_a_service_that_fails_at_everything_is_told(server: Replay, tmp_path: Path) -> None:
    server.too_dense = lambda _: True
    with pytest.raises(OnlineError, match="though it is small"):
        fetch(server, tmp_path)
    assert len(server.questions) == 5


def test_a_kept_part_is_not_asked_for_again(server: Replay, tmp_path: Path) -> None:
    server.faults = ["", "", "400"]
    with pytest.raises(OnlineError, match="status 400"):
        fetch(server, tmp_path)
    before = server.parts_asked()
    answers, _ = fetch(server, tmp_path)
    asked = server.parts_asked()[len(before) :]
    assert len(before) == 3
    assert asked == [part.box for part in answers][2:]


def test_offline_names_what_is_missing(server: Replay, tmp_path: Path) -> None:
    answers, _ = fetch(server, tmp_path, area=shapely.box(117.205, 28.285, 117.21, 28.29))
    (kept,) = answers
    asked = len(server.questions)
    with pytest.raises(
        NotKeptError, match=r"of 6 parts of the district 5 were never fetched .*28\.2800000,117\.22"
    ) as told:
        fetch(server, tmp_path, offline=True)
    assert kept.box not in str(told.value)
    assert len(server.questions) == asked


def test_osmnx_fetches_the_same(server: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OSMnx, which asks in its own way and reads in its own way, gets the same streets and buildings of the same service."""
    for name, value in {
        "use_cache": False,
        "overpass_rate_limit": False,
        "overpass_url": f"{server.address}/api",
    }.items():
        monkeypatch.setattr(osmnx.settings, name, value)
    theirs = osmnx.features_from_polygon(MIDDLE, tags={"building": True, "highway": True})
    answers, _ = fetch(server, tmp_path)
    write_extract(answers, tmp_path / "x.osm", suffix=".osm")
    objects = read_extract(tmp_path / "x.osm").objects.to_crs("EPSG:4326")
    asked_for = objects["tags"].map(lambda tags: "building" in tags or "highway" in tags)
    ours = objects[asked_for & objects.intersects(MIDDLE)]
    assert {f"{kind[0]}{number}" for kind, number in theirs.index} == set(ours.index)
    assert len(theirs) > 150
