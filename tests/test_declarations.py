from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qyp_geo.declarations import District, Layer, Map, references
from qyp_geo.records import make_record, read_toml

LAYER: dict[str, Any] = {
    "title": "公共厕所",
    "kind": "public_toilet",
    "geometry": "point",
    "source": {"path": "data/toilets.csv", "datum": "gcj02", "lon": "经度", "lat": "纬度"},
    "provenance": {"publisher": "区城管局", "retrieved": "2026-01-15", "licence": "内部"},
}


def problems_of(**changes: object) -> list[str]:
    return [str(problem) for problem in make_record(Layer, LAYER | changes, "layers/toilets.toml")[1]]


def test_a_sound_layer_is_a_frozen_record() -> None:
    layer, problems = make_record(Layer, LAYER, "layers/toilets.toml")
    assert problems == []
    assert layer is not None
    with pytest.raises(ValueError, match="frozen"):
        layer.title = "other"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"titel": "x"}, "layers/toilets.toml: titel: unknown key (given: 'x'). Did you mean title?"),
        ({"title": ""}, "layers/toilets.toml: title: is empty. Give at least one value"),
        (
            {"source": {"path": "../secret.csv", "datum": "gcj02"}},
            "layers/toilets.toml: source.path: cannot be used (given: '../secret.csv'). "
            "a data path stays inside the district folder: give it relative to layers/, without ..",
        ),
        (
            {"source": {"path": "data/a.csv", "datum": "gcj-02"}},
            "layers/toilets.toml: source.datum: cannot be used (given: 'gcj-02'). "
            'allowed: wgs84, cgcs2000, gcj02, bd09, local or an EPSG code such as "EPSG:4548"',
        ),
        ({"source": {"path": "data/a.csv"}}, "layers/toilets.toml: source.datum: is missing. Add this key"),
        (
            {"geometry": "dot"},
            "layers/toilets.toml: geometry: is not one of the allowed words (given: 'dot'). "
            "Allowed: 'point', 'line', 'polygon' or 'mixed'",
        ),
        (
            {"gates": "layers/gates.toml"},
            "layers/toilets.toml: gates: cannot be used (given: 'layers/gates.toml'). "
            "a reference is layers/NAME or analyses/NAME, without suffix",
        ),
    ],
)
def test_what_is_wrong_is_said_with_key_value_and_remedy(changes: dict[str, object], message: str) -> None:
    assert problems_of(**changes) == [message]


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "C:\\data\\a.csv", "\\\\server\\a.csv", "data/../../a.csv", "data\\..\\..\\a.csv"]
)
def test_a_path_that_leaves_the_folder_is_refused(path: str) -> None:
    assert "stays inside the district folder" in problems_of(source={"path": path, "datum": "wgs84"})[0]


def test_all_problems_of_a_file_come_together_and_the_rest_still_stands() -> None:
    layer, problems = make_record(Layer, LAYER | {"titel": "x", "walled": "perhaps", "touch_m": -1}, "layers/t.toml")
    assert [problem.where for problem in problems] == ["walled", "touch_m", "titel"]
    assert layer is not None
    assert layer.touch_m == 10.0


def test_a_record_that_cannot_stand_is_none() -> None:
    district, problems = make_record(
        District, {"name": "x", "title": "x", "boundary": "layers/b"}, "layers/district.toml"
    )
    assert district is None
    assert [problem.where for problem in problems] == ["crs"]


def test_references_are_found_in_nested_records_and_beside_what_is_wrong() -> None:
    content = {
        "title": "layers/not_a_reference",
        "audience": "planers",
        "overlay": [{"of": "layers/a", "labl": "A"}, {"of": "analyses/b", "label": "B"}, {"of": "a.toml"}],
    }
    assert make_record(Map, content, "maps/p.toml")[0] is None
    assert list(references(Map, content)) == [
        ("overlay[0].of", "layers/a"),
        ("overlay[1].of", "analyses/b"),
        ("overlay[2].of", "a.toml"),
    ]
    assert list(references(Layer, LAYER | {"gates": "layers/gates"})) == [("gates", "layers/gates")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"title = ", "is not valid TOML"),
        ("title = '公厕'".encode("gb18030"), "is not UTF-8 text"),
        (
            "a = '，'\nkind = “public_toilet”".encode(),
            "Chinese sign in line 2 where TOML has an English one (given: “)",
        ),
        ("kind ＝ 'park'".encode(), "(given: ＝). Type these signs with the keyboard set to English"),
        ("kind = '“' 1 # ，".encode(), "is not valid TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_toml_is_a_problem(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "x.toml"
    if content is not None:
        path.write_bytes(content)
    read, problems = read_toml(path, "layers/x.toml")
    assert read is None
    assert said in str(problems[0])


def test_a_byte_order_mark_is_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "d.toml"
    path.write_text('title="甲"', encoding="utf-8-sig")
    assert read_toml(path, "layers/district.toml") == ({"title": "甲"}, [])


@pytest.mark.parametrize("margin_m", [50_001, 1e308, float("nan"), -1])
def test_a_margin_that_nobody_walks_is_refused(margin_m: float) -> None:
    content = {"name": "x", "title": "x", "crs": "EPSG:4548", "boundary": "layers/boundary", "margin_m": margin_m}
    _, [problem] = make_record(District, content, "layers/district.toml")
    assert problem.where == "margin_m"
    assert problem.remedy
