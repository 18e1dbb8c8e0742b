from __future__ import annotations

import json
import zipfile
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qyp_geo import standards
from qyp_geo.crs import to_display
from qyp_geo.datum import wgs84_to_gcj02
from qyp_geo.declarations import District, Layer, Map
from qyp_geo.layers.amap import chooser, parse_answers, places_of, trouble_of
from qyp_geo.maps.publication import refusals
from tests.layers.folder import PROVENANCE, Folder, record


def place(number: int, typecode: str = "200300", **more: Any) -> dict[str, Any]:
    """A place in the square, the next some 100 m east of it; what AMap does not know is an empty list there."""
    location = f"{115.8900 + number * 0.001:.6f},28.640000"
    return {
        "id": f"B{number:04d}",
        "parent": [],
        "name": f"公厕{number}",
        "type": "公共设施;公共厕所;公共厕所",
        "typecode": typecode,
        "address": [],
        "location": location,
        **more,
    }


def v3(*pois: dict[str, Any], count: int | None = None) -> dict[str, Any]:
    total = len(pois) if count is None else count
    head = {"status": "1", "info": "OK", "infocode": "10000", "count": str(total)}
    return {**head, "suggestion": {"keywords": [], "cities": []}, "pois": list(pois)}


def v5(*pois: dict[str, Any]) -> dict[str, Any]:
    return {"count": str(len(pois)), "infocode": "10000", "pois": list(pois), "status": "1", "info": "OK"}


def toilets(path: str = "t.json", kind: str = "public_toilet", **more: Any) -> Layer:
    source = {"format": "amap", **more.pop("source", {})}
    return record(kind, "point", path, datum="", source=source, **more)


def saved(folder: Folder, content: object, name: str = "t.json") -> None:
    folder.write(name, json.dumps(content, ensure_ascii=False))


def told(folder: Folder, one: Layer) -> list[str]:
    return [str(problem) for problem in folder.read(one=one)[1]]


@pytest.mark.parametrize("answer", [v3, v5])
def test_places_are_read_and_brought_out_of_gcj02(folder: Folder, answer: Any) -> None:
    saved(folder, answer(place(1), place(2)))
    layer = folder.read_one(toilets())
    assert list(layer.frame.index) == ["B0001", "B0002"]
    assert list(layer.frame["name"]) == ["公厕1", "公厕2"]
    assert (layer.frame["kind"] == "public_toilet").all()
    assert layer.record.source.datum == "gcj02"
    there = to_display(layer.frame).geometry
    degrees = shapely.get_coordinates(there.to_numpy())
    shifted = np.column_stack(wgs84_to_gcj02(degrees[:, 0], degrees[:, 1]))
    assert shifted == pytest.approx(np.array([[115.891, 28.64], [115.892, 28.64]]), abs=1e-8)
    assert layer.problems == ()


def test_any_other_datum_is_refused() -> None:
    assert toilets(source={"datum": "gcj02"}).source.datum == "gcj02"
    with pytest.raises(ValidationError, match="leave the datum out"):
        toilets(source={"datum": "wgs84"})


def test_further_columns_are_taken_where_they_are_declared(folder: Folder) -> None:
    saved(folder, v5(place(1, address="井冈山大道1号", business={"tel": "0791-1"}), place(2)))
    layer = folder.read_one(toilets(columns={"address": "address", "tel": "business.tel"}))
    assert list(layer.frame["address"]) == ["井冈山大道1号", ""]
    assert list(layer.frame["tel"]) == ["0791-1", ""]


@pytest.mark.parametrize("form", ["list", "lines", "zip", "bom"])
def test_pages_come_as_a_list_one_a_line_or_in_an_archive(folder: Folder, form: str) -> None:
    pages = [v5(place(n)) for n in range(12)]
    name = "t.zip" if form == "zip" else "t.json"
    match form:
        case "list":
            saved(folder, pages)
        case "lines":
            folder.write(name, "\n".join(json.dumps(page, ensure_ascii=False) for page in pages))
        case "bom":
            folder.write(name, json.dumps(pages).encode("utf-8-sig"))
        case _:
            with zipfile.ZipFile(folder.data(name), "w") as archive:
                for n, page in enumerate(pages):
                    archive.writestr(f"page{n}.json", json.dumps(page))
                    archive.writestr(f"__MACOSX/._page{n}.json", b"\x00\x05\x16\x07")
    layer = folder.read_one(toilets(name))
    assert list(layer.frame.index) == [f"B{n:04d}" for n in range(12)]


def test_what_came_twice_counts_once(folder: Folder) -> None:
    moved = place(1, location="115.900000,28.640000")
    saved(folder, [v5(place(1), place(2)), v5(place(2), place(3), moved)])
    layer = folder.read_one(toilets())
    assert list(layer.frame.index) == ["B0001", "B0002", "B0003"]
    assert "public_toilet:高德结果中重复的 2 条(同一 id)只计一次" in layer.notes
    assert [problem.what for problem in layer.problems] == ["lies in two places, taken where it was first"]
    assert layer.problems[0].where == "place B0001"


def test_entrances_of_car_parks_are_removed_and_counted(folder: Folder) -> None:
    codes = ["150904", "150907", "150908", "150909", "150904|150907", "150900", "150906"]
    saved(folder, v5(*(place(n, code, type="停车场;停车场;停车场") for n, code in enumerate(codes))))
    layer = folder.read_one(toilets(kind="public_parking"))
    assert list(layer.frame.index) == ["B0000", "B0004", "B0005", "B0006"]
    assert "public_parking:去掉停车场出入口 3 条(高德类别 150907—150909)" in layer.notes
    assert layer.problems == ()


def test_what_is_of_another_kind_is_left_out_and_told_by_its_sort(folder: Folder) -> None:
    saved(folder, v5(place(1), place(2, "150904", type="交通;停车场;公共停车场"), place(3, "200302")))
    layer = folder.read_one(toilets())
    assert list(layer.frame.index) == ["B0001", "B0003"]
    [problem] = layer.problems
    assert problem.what == "1 of 3 places are not of kind public_toilet by type code and name, left out"
    assert problem.given == "150904 公共停车场 1"


def test_declared_sorts_are_taken_instead(folder: Folder) -> None:
    saved(folder, v5(place(1), place(2, "150904"), place(3, "150907")))
    layer = folder.read_one(toilets(source={"tags": {"typecode": ["150904", "200300"]}}))
    assert list(layer.frame.index) == ["B0001", "B0002"]
    layer = folder.read_one(toilets(source={"tags": {"typecode": ["*"]}}))
    assert list(layer.frame.index) == ["B0001", "B0002"]  # entrances are no car parks, whatever is asked for


@pytest.mark.parametrize(
    ("kind", "typecode", "name", "expected"),
    [
        ("convenience_store", "060201", "7-11", True),  # 060200 stands for all below it
        ("hospital", "090102", "卫生院", False),  # 090101 is named itself, so 090100 stands for itself alone
        ("hospital", "090101", "三甲", True),
        ("pharmacy", "090500", "疾控中心", False),
        ("pharmacy", "090500|090601", "药房", True),
        ("junior_school", "141202", "江铃中学", True),
        ("junior_school", "141202", "某学校", False),
        ("health_centre", "090000", "洪都社区卫生服务中心", True),
        ("health_centre", "090000", "某诊所", False),
        ("police_station", "130501", "洪都派出所", True),
        ("police_station", "", "洪都派出所", True),
        ("clinic", "090300", "诊所", True),  # neither codes nor names are known: what was asked for is taken
    ],
)
def test_a_kind_is_told_by_code_and_name(kind: str, typecode: str, name: str, expected: bool) -> None:
    wanted = chooser(standards.kinds()[kind])
    assert wanted({"typecode": typecode, "name": name}) is expected


def test_places_without_location_are_left_out_and_named(folder: Folder) -> None:
    saved(folder, v5(place(1), place(2, location=[])))
    layer = folder.read_one(toilets())
    assert list(layer.frame.index) == ["B0001"]
    assert [(problem.where, problem.what) for problem in layer.problems] == [("place B0002", "no location, left out")]


def test_half_a_sign_is_no_sign(folder: Folder) -> None:
    saved(folder, v5(place(1, name="公厕")))
    folder.write("t.json", folder.data("t.json").read_bytes().replace("公厕".encode(), b"\\ud83d"))
    layer = folder.read_one(toilets())
    assert list(layer.frame["name"]) == ["?"]


@pytest.mark.parametrize("location", ["115.9", "x,y", "115.9,28.6,3", "nan,inf", "1e3,2", "１１５.9,28.6"])
def test_what_is_no_location_is_an_error(folder: Folder, location: str) -> None:
    saved(folder, v5(place(1), place(2, location=location)))
    assert f"layers/data/t.json: place B0002, column location: not a location (given: '{location}')" in "".join(
        told(folder, toilets())
    )


def test_missing_pages_are_told(folder: Folder) -> None:
    saved(folder, [v3(place(1), place(2), count=5), v3(place(3), count=5)])
    [problem] = folder.read_one(toilets()).problems
    assert problem.what == "AMap says it found 5 places, and 3 of them are here"
    saved(folder, [v3(place(1), place(2), count=3), v3(place(3), count=3)])
    assert folder.read_one(toilets()).problems == ()
    saved(folder, v5(*map(place, range(25))))
    [problem] = folder.read_one(toilets()).problems
    assert problem.what == "the last page is full (25 places), so that others may be missing"
    saved(folder, [v5(*map(place, range(25))), v5()])
    assert folder.read_one(toilets()).problems == ()


def test_an_answer_of_trouble_is_said_in_plain_words(folder: Folder) -> None:
    trouble = {"status": "0", "info": "USER_DAILY_QUERY_OVER_LIMIT", "infocode": "10044"}
    saved(folder, [v5(place(1)), trouble])
    [line] = told(folder, toilets())
    assert line.startswith("layers/data/t.json: holds an answer without places (given: AMap says 10044")
    assert "the account has used up its questions of today" in line
    found = trouble_of({"status": "0", "info": "SOMETHING_NEW", "infocode": "99999"})
    assert found is not None
    assert str(found).startswith("AMap says 99999 SOMETHING_NEW: the question was refused. Look the code up")
    assert trouble_of(v5()) is None


def test_nothing_of_a_kind_is_a_layer_without_places(folder: Folder) -> None:
    saved(folder, v5())
    layer = folder.read_one(toilets())
    assert len(layer.frame) == 0
    assert [problem.what for problem in layer.problems] == ["holds nothing of this kind"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[1]",
        b'{"type": "FeatureCollection", "features": []}',
        b'{"status": "1", "pois": {}}',
        b'{"status": "1", "pois": [[]]}',
        b'{"status": "1", "pois": [',
        "[" * 100_000,
        b'{"status": "1", "pois": null}',
        '{"status":"1","pois":[{"id":"甲"}]}'.encode("gb18030"),
        b"\xff\xfe\x00",
    ],
)
def test_what_is_none_of_amaps_answers_is_refused(folder: Folder, content: bytes | str) -> None:
    folder.write("t.json", content)
    found, problems = folder.read(one=toilets())
    assert "one" not in found
    assert all(problem.file == "layers/data/t.json" and problem.remedy for problem in problems)
    assert len(problems) == 1


def test_another_encoding_is_read_where_it_is_declared(folder: Folder) -> None:
    folder.write("t.json", json.dumps(v5(place(1)), ensure_ascii=False).encode("gb18030"))
    layer = folder.read_one(toilets(source={"encoding": "gb18030"}))
    assert list(layer.frame["name"]) == ["公厕1"]


def refused(of: str, **layers: Layer) -> list[str]:
    """Why layers may not be on a residents' page, apart from what else such a page needs."""
    page = {"title": "x", "audience": "residents", "overlay": [{"of": f"layers/{of}", "label": "公厕"}]}
    found = refusals(
        Map.model_validate(page),
        shown_as="maps/x.toml",
        district=District(name="x", title="x", crs="EPSG:4548", boundary="layers/boundary"),
        layers={f"layers/{name}": layer for name, layer in layers.items()},
        analyses={},
    )
    return [f"{problem.where}: {problem.what}" for problem in found if problem.where != "overlay"]


def test_what_amap_says_is_on_no_page_for_residents_whatever_its_provenance_says() -> None:
    public = {**PROVENANCE, "publisher": "区城管局", "secrecy": "公开", "may_redistribute": True}
    of_amap = toilets(provenance=public)
    by_name = {"column": "x", "among": ["layers/amap"]}
    named = record("public_toilet", "point", "t.csv", "", source={"by_name": by_name}, provenance=public)
    onward = {"by_name": {**by_name, "among": ["layers/named", "layers/onward"]}}
    onward_layer = record("public_toilet", "point", "t.csv", "", source=onward, provenance=public)
    layers = {"amap": of_amap, "named": named, "onward": onward_layer}
    why = "is a map company's data, which may not be published again"
    assert refused("amap", **layers) == [f"overlay[0].of: {why}"]
    assert refused("named", **layers) == [f"overlay[0].of → by_name: {why}"]
    assert refused("onward", **layers) == [f"overlay[0].of → by_name: {why}"]
    assert refused("free", free=record("public_toilet", "point", "t.csv", provenance=public)) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["status", "pois", "id", "location", "typecode", "name"]))
def test_whatever_a_place_holds_is_text_or_refused(value: Any, key: str) -> None:
    answer = v5(place(1) | {key: value}) | ({key: value} if key in {"status", "pois"} else {})
    if not isinstance(answer["pois"], list) or not all(isinstance(one, dict) for one in answer["pois"]):
        with pytest.raises(ValueError, match="answer 1 "):
            parse_answers(json.dumps(answer).encode())
        return
    for one in places_of(parse_answers(json.dumps(answer).encode())[0]):
        assert all(isinstance(text, str) for text in one.values())


def test_a_folder_of_pages_is_read_in_the_order_of_their_numbers(folder: Folder) -> None:
    folder.data("pages").mkdir()
    for n in (10, 2, 1):
        folder.write(f"pages/page{n}.json", json.dumps(v5(place(n), place(0, name=f"公厕第{n}页"))))
    layer = folder.read_one(toilets("pages"))
    assert list(layer.frame.index) == ["B0001", "B0000", "B0002", "B0010"]
    assert layer.frame.loc["B0000", "name"] == "公厕第1页"


def test_more_than_can_be_held_is_not_read(folder: Folder) -> None:
    with folder.data("t.json").open("wb") as file:
        file.write(b"[")
        file.truncate(65 * 1024 * 1024)
    [line] = told(folder, toilets())
    assert "it is larger than 64 MB" in line


def test_columns_without_end_are_not_kept(folder: Folder) -> None:
    many = [place(n, **{f"k{n}_{k}": "x" for k in range(200)}) for n in range(30)]
    saved(folder, v5(*many) | {"count": "30"})
    layer = folder.read_one(toilets(columns={"own": "k7_3"}))
    assert list(layer.frame["own"])[6:8] == ["", "x"]
    assert len(layer.frame.columns) < 20
