from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qyp_geo import standards
from qyp_geo.declarations import District, Layer
from qyp_geo.errors import DeclarationError, MissingError, QypGeoError
from qyp_geo.layers import read_layers
from qyp_geo.layers.online.amap_service import FetchedPlaces, fetch_amap, questions_of
from qyp_geo.layers.online.http import OnlineError, Settings
from qyp_geo.records import make_record, read_toml
from tests.layers.folder import Folder, record
from tests.online.serving import Asked, HangUp, Reply, serving

KEY = "0123456789abcdef0123456789abcdef"
Misbehaviour = Callable[["Amap", dict[str, str]], bytes | None]


@dataclass
class Amap:
    """A place search that pages truly, and misbehaves in the order that it is told to."""

    pois: list[dict[str, Any]]
    address: str = ""
    cap: int = 10_000
    misbehave: list[Misbehaviour] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, question: dict[str, str]) -> bytes:
        self.asked.append(question)
        if self.misbehave and (answer := self.misbehave.pop(0)(self, question)) is not None:
            return answer
        if question["key"] != KEY:
            return trouble("10001", "INVALID_USER_KEY")
        codes, word = question.get("types", "").split("|"), question.get("keywords", "")
        found = [
            poi
            for poi in self.pois
            if lies_in(poi, question)
            and (codes == [""] or any(poi["typecode"].startswith(code.rstrip("0") or code) for code in codes))
            and word in poi["name"]
        ][: self.cap]
        size, number = int(question["page_size"]), int(question["page_num"])
        assert size <= 25
        page = found[(number - 1) * size : number * size]
        return json.dumps(
            {"count": str(len(page)), "infocode": "10000", "pois": page, "status": "1", "info": "OK"}
        ).encode()


def lies_in(poi: dict[str, Any], question: dict[str, str]) -> bool:
    if "region" in question:
        return bool(poi["adcode"] == question["region"])
    x, y = map(float, poi["location"].split(","))
    (west, north), (east, south) = (map(float, corner.split(",")) for corner in question["polygon"].split("|"))
    return west <= x <= east and south <= y <= north


def trouble(code: str, info: str) -> bytes:
    return json.dumps({"status": "0", "info": info, "infocode": code}).encode()


def say(answer: bytes) -> Misbehaviour:
    return lambda _amap, _question: answer


def hang_up(_amap: Amap, _question: dict[str, str]) -> bytes | None:
    raise HangUp


@contextmanager
def answering(amap: Amap) -> Iterator[Amap]:
    def answer(asked: Asked) -> Reply:
        assert asked.path == ("/v5/place/text" if "region" in asked.params else "/v5/place/polygon")
        return Reply(amap.answer(asked.params))

    with serving(answer) as address:
        amap.address = f"{address}/v5/place"
        yield amap


def poi(number: int, typecode: str = "200300", name: str = "公厕", adcode: str = "360104") -> dict[str, Any]:
    location = f"{115.890 + number * 0.0001:.6f},28.640000"
    return {
        "id": f"B{number:04d}",
        "name": f"{name}{number}",
        "typecode": typecode,
        "type": name,
        "adcode": adcode,
        "address": "井冈山大道",
        "location": location,
    }


@pytest.fixture
def amap() -> Iterator[Amap]:
    with answering(Amap([poi(number) for number in range(60)])) as one:
        yield one


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QYP_AMAP_KEY", KEY)


@pytest.fixture
def district(tmp_path: Path) -> Path:
    folder = Folder(tmp_path / "district").path
    (folder / "layers" / "district.toml").write_text(
        'name = "x"\ntitle = "x"\ncrs = "EPSG:4548"\nboundary = "layers/boundary"\n', encoding="utf-8"
    )
    (folder / "layers" / "boundary.toml").write_text(
        'title = "区界"\nkind = "boundary"\ngeometry = "polygon"\n'
        '[source]\npath = "data/boundary.geojson"\ndatum = "EPSG:4548"\n'
        '[provenance]\npublisher = "tests"\nretrieved = 2026-01-15\nlicence = "CC0"\n',
        encoding="utf-8",
    )
    return folder


def fetch(
    folder: Path, amap: Amap, *kinds: str, districts: tuple[str, ...] = ("360104",), **more: Any
) -> FetchedPlaces:
    return fetch_amap(
        folder,
        kinds or ("public_toilet",),
        districts=districts,
        settings=Settings(pause_s=0.0, tries=3, timeout_s=5.0),
        service=amap.address,
        sleep=lambda _: None,
        **more,
    )


def layers_of(folder: Path, *kinds: str, **more: Layer) -> dict[str, Any]:
    """The fetched layers as a run reads them, and others."""
    records = {"layers/boundary": record("boundary", "polygon", "boundary.geojson", "EPSG:4548")}
    records |= {f"layers/{name}": layer for name, layer in more.items()}
    for kind in kinds:
        content, problems = read_toml(folder / "layers" / f"{kind}_amap.toml", kind)
        layer, found = make_record(Layer, content or {}, kind)
        assert layer is not None
        assert problems + found == []
        records[f"layers/{kind}_amap"] = layer
    frame = District(name="x", title="x", crs="EPSG:4548", boundary="layers/boundary")
    read, problems = read_layers(records, folder=folder, district=frame)
    assert [str(problem) for problem in problems if problem.severity == "error"] == []
    return dict(read)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written(folder: Path) -> set[str]:
    return {name for name in everything(folder) if "amap" in name}


def test_all_pages_become_a_layer(district: Path, amap: Amap) -> None:
    fetched = fetch(district, amap)
    assert fetched.files == ("layers/data/public_toilet.amap.json", "layers/public_toilet_amap.toml")
    assert [question["page_num"] for question in amap.asked] == ["1", "2", "3", "4"]
    assert {question["types"] for question in amap.asked} == {"200300"}
    assert {question["city_limit"] for question in amap.asked} == {"true"}
    layer = layers_of(district, "public_toilet")["layers/public_toilet_amap"]
    assert list(layer.frame.index) == [f"B{number:04d}" for number in range(60)]
    assert layer.record.source.datum == "gcj02"
    assert not layer.record.provenance.may_redistribute
    assert layer.problems == ()
    assert fetched.told == (
        "layers/public_toilet_amap.toml: 60 places of kind public_toilet among the 60 that AMap gave "
        "(0 entrances of car parks among the others); layers/data/public_toilet.amap.json",
    )


def test_a_page_that_is_not_full_is_not_taken_for_the_last(district: Path, amap: Amap) -> None:
    short = json.dumps({"status": "1", "infocode": "10000", "count": "1", "pois": [poi(0)]}).encode()
    amap.misbehave = [say(short)]
    fetch(district, amap)
    assert len(layers_of(district, "public_toilet")["layers/public_toilet_amap"].frame) == 36  # page 1 was one place


def test_a_server_that_gives_one_page_for_ever_is_left(district: Path, amap: Amap) -> None:
    page = json.dumps({"status": "1", "infocode": "10000", "count": "25", "pois": [poi(n) for n in range(25)]}).encode()
    amap.misbehave = [say(page)] * 50
    fetch(district, amap)
    assert len(amap.asked) == 2


def test_entrances_are_counted_and_several_districts_and_kinds_are_asked(district: Path, amap: Amap) -> None:
    amap.pois += [poi(100, "150904", "停车场"), poi(101, "150907", "入口"), poi(102, "150906", "路边", adcode="360111")]
    amap.pois += [poi(103, "130501", "洪都派出所"), poi(104, "130501", "消防队")]
    fetched = fetch(district, amap, "public_parking", "police_station", districts=("360104", "360111"))
    read = layers_of(district, "public_parking", "police_station")
    assert list(read["layers/public_parking_amap"].frame.index) == ["B0100", "B0102"]
    assert list(read["layers/police_station_amap"].frame.index) == ["B0103"]
    assert "去掉停车场出入口 1 条" in "".join(read["layers/public_parking_amap"].notes)
    assert "2 places of kind public_parking among the 3 that AMap gave (1 entrances of car parks" in fetched.told[0]


def test_what_fails_for_the_moment_is_asked_again(district: Path, amap: Amap) -> None:
    amap.misbehave = [
        say(trouble("10014", "QPS_HAS_EXCEEDED_THE_LIMIT")),
        say(b"<html>gateway</html>"),
        lambda one, question: None,  # page 1 as it is
        hang_up,
        say(b'{"status": "1", "pois": ['),
    ]
    fetch(district, amap)
    assert len(layers_of(district, "public_toilet")["layers/public_toilet_amap"].frame) == 60


@pytest.mark.parametrize(
    ("code", "info", "said"),
    [
        ("10044", "USER_DAILY_QUERY_OVER_LIMIT", "the account has used up its questions of today"),
        ("10003", "DAILY_QUERY_OVER_LIMIT", "the key has used up its questions of today"),
        ("10001", "INVALID_USER_KEY", "the key is wrong or has expired"),
        ("10009", "USERKEY_PLAT_NOMATCH", "the key is of another sort"),
    ],
)
def test_a_quota_is_said_plainly_and_what_came_before_is_not_asked_again(
    district: Path, amap: Amap, code: str, info: str, said: str
) -> None:
    amap.misbehave = [lambda one, question: None, say(trouble(code, info))]
    with pytest.raises(OnlineError, match=f"AMap says {code} {info}: {said}") as caught:
        fetch(district, amap)
    assert "kept" in str(caught.value)
    assert written(district) == set()
    fetch(district, amap)
    assert [question["page_num"] for question in amap.asked] == ["1", "2", "2", "3", "4"]


def test_too_many_questions_in_a_minute_end_in_plain_words(district: Path, amap: Amap) -> None:
    amap.misbehave = [say(trouble("10004", "ACCESS_TOO_FREQUENT"))] * 3
    with pytest.raises(OnlineError, match="the key asked too often within a minute"):
        fetch(district, amap)
    assert written(district) == set()


def test_more_than_amap_gives_for_one_question_is_asked_for_in_boxes(district: Path, amap: Amap) -> None:
    rng = np.random.default_rng(7)
    places = rng.uniform((115.87, 28.60), (115.95, 28.68), (900, 2))  # the district, and beyond its margin
    amap.cap = 200
    amap.pois = [poi(n) | {"location": f"{lon:.6f},{lat:.6f}"} for n, (lon, lat) in enumerate(places)]
    fetched = fetch(district, amap)
    everywhere = district / "layers" / "data" / "all.json"
    everywhere.write_text(json.dumps({"status": "1", "pois": amap.pois}), encoding="utf-8")
    layer = layers_of(district, "public_toilet")["layers/public_toilet_amap"]
    by_hand = record("public_toilet", "point", "all.json", "", source={"format": "amap"})
    every = layers_of(district, by_hand=by_hand)["layers/by_hand"]
    assert sorted(layer.frame.index) == sorted(every.frame.index)
    assert len(layer.frame) > 200
    assert not any("200 places" in problem.what for problem in layer.problems)
    assert len(fetched.told) == 1


def test_what_even_the_smallest_box_does_not_hold_is_told(district: Path, amap: Amap) -> None:
    amap.pois, amap.cap = [poi(number) | {"location": "115.900000,28.640000"} for number in range(300)], 200
    fetched = fetch(district, amap)
    assert "AMap gave 200 places for 115." in fetched.told[1]
    assert "and gives no more than about 200 for one question: others are likely missing" in fetched.told[1]
    [problem] = layers_of(district, "public_toilet")["layers/public_toilet_amap"].problems
    assert problem.what.startswith("AMap gave 200 places for one question")
    assert problem.given.endswith("200300")


def test_boxes_need_a_boundary_that_can_be_read(district: Path, amap: Amap) -> None:
    amap.pois, amap.cap = [poi(number) for number in range(300)], 200
    (district / "layers" / "boundary.toml").unlink()
    with pytest.raises(DeclarationError, match="has no boundary that AMap could be asked by"):
        fetch(district, amap)
    assert written(district) == set()


def test_offline_gives_the_same_without_a_key(district: Path, amap: Amap, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(QypGeoError, match="not among those that were kept"):
        fetch(district, amap, offline=True)
    fetch(district, amap)
    before, asked = everything(district), len(amap.asked)
    monkeypatch.delenv("QYP_AMAP_KEY")
    fetched = fetch(district, amap, offline=True)
    assert fetched.asked == 0
    assert len(amap.asked) == asked
    assert {name: text for name, text in everything(district).items() if name.startswith("layers/")} == {
        name: text for name, text in before.items() if name.startswith("layers/")
    }


def test_the_key_is_written_nowhere(
    district: Path, amap: Amap, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = json.dumps({"status": "1", "infocode": "10000", "pois": [poi(0) | {"name": f"公厕{KEY}"}]}).encode()
    said: list[str] = []
    amap.misbehave = [say(b"garbage " + KEY.encode()), say(echo)]
    fetched = fetch(district, amap, progress=said.append)
    said += fetched.told
    for bad in (trouble("20001", f"MISSING {KEY}"), trouble("99999", KEY)):
        amap.misbehave = [say(bad)]
        with pytest.raises(OnlineError) as caught:
            fetch(district, amap, "pharmacy", progress=said.append)
        said += [str(caught.value), repr(caught.getrepr(chain=True, showlocals=False))]
    amap.misbehave = [say(b"garbage " + KEY.encode())] * 3
    with pytest.raises(OnlineError) as caught:
        fetch(district, amap, "pharmacy", progress=said.append)
    said += [str(caught.value)]
    monkeypatch.setenv("QYP_AMAP_KEY", f"{KEY} and more")
    with pytest.raises(QypGeoError, match="holds no key of AMap's") as refused:
        fetch(district, amap, "pharmacy")
    printed = capfd.readouterr()
    assert KEY not in "\n".join([*said, str(refused.value), printed.out, printed.err])
    found = everything(district)
    assert any(name.startswith(".cache/fetch/") for name in found)
    for name, content in found.items():
        assert KEY not in name
        assert KEY.encode() not in content
    assert amap.asked[0]["key"] == KEY


def test_without_a_key_it_is_told_how_to_get_one(district: Path, amap: Amap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QYP_AMAP_KEY")
    with pytest.raises(MissingError, match="QYP_AMAP_KEY is not set in the environment: AMap answers those only"):
        fetch(district, amap)
    assert amap.asked == []


def test_what_cannot_be_asked_is_told_all_at_once(district: Path, amap: Amap) -> None:
    with pytest.raises(DeclarationError) as caught:
        fetch(district, amap, "public_toilets", "clinic", districts=("青云谱区",))
    said = str(caught.value)
    assert "--amap: is not a known kind of facility (given: public_toilets). Did you mean public_toilet?" in said
    assert "--amap: AMap has neither a code nor a name for this kind (given: clinic)" in said
    assert "--district: is not the code of a district (given: 青云谱区)" in said
    assert amap.asked == []
    with pytest.raises(MissingError, match="is not a district folder"):
        fetch(district / "layers", amap)


def test_a_declaration_of_ones_own_is_kept_but_for_the_day(district: Path, amap: Amap) -> None:
    fetch(district, amap)
    declaration = district / "layers" / "public_toilet_amap.toml"
    text = declaration.read_text(encoding="utf-8").replace("公厕(高德)", "公厕一览")
    day = re.search(r"retrieved = (\S+)", text)
    assert day is not None
    declaration.write_text(text.replace(day[1], "2020-01-01"), encoding="utf-8")
    fetch(district, amap)
    assert declaration.read_text(encoding="utf-8") == text


def test_a_declaration_of_something_else_is_left_alone(district: Path, amap: Amap) -> None:
    declaration = district / "layers" / "public_toilet_amap.toml"
    declaration.write_text('title = "mine"\n', encoding="utf-8")
    with pytest.raises(DeclarationError, match="is there already and does not read"):
        fetch(district, amap)
    assert declaration.read_text(encoding="utf-8") == 'title = "mine"\n'
    assert amap.asked == []


def test_one_kind_that_fails_leaves_none(district: Path, amap: Amap) -> None:
    amap.misbehave = [*[lambda one, question: None] * 4, say(trouble("10003", "DAILY_QUERY_OVER_LIMIT"))]
    with pytest.raises(OnlineError):
        fetch(district, amap, "public_toilet", "pharmacy")
    assert written(district) == set()


def test_every_kind_is_asked_in_words_that_amap_takes() -> None:
    for kind in standards.kinds().values():
        for question in questions_of(kind):
            assert re.fullmatch(r"\w{0,20}", question.get("keywords", ""))
            assert re.fullmatch(r"(\d{6}(\|\d{6})*)?", question.get("types", ""))
            assert question


def test_a_link_out_of_the_folder_is_not_written_through(district: Path, amap: Amap, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (district / "layers" / "data").rename(outside)
    (district / "layers" / "data").symlink_to(outside)
    before = everything(outside)
    with pytest.raises(QypGeoError, match="a link to another place"):
        fetch(district, amap)
    assert everything(outside) == before
