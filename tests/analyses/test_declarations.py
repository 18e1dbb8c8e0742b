"""What is wrong with a declaration is told before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from qyp_geo import analyses
from qyp_geo.analyses.coverage import Coverage
from qyp_geo.analyses.zones import Zones
from qyp_geo.declarations import Layer, references
from qyp_geo.errors import Problem
from qyp_geo.records import make_record
from tests.analyses.village import coverage_record, village_layers, walled_layers, walled_record

LAYERS: Mapping[str, Layer] = {name: layer.record for name, layer in village_layers().items()}


def problems_of(folder: Path = Path("no-such-folder"), **more: Any) -> list[Problem]:
    record = coverage_record(**more)
    return analyses.check(record, shown_as="analyses/coverage.toml", layers=LAYERS, standards=folder)


def test_the_village_has_no_problem() -> None:
    assert problems_of() == []


def test_every_reference_is_found() -> None:
    assert {reference for _, reference in references(Coverage, coverage_record().model_dump())} == LAYERS.keys() - {
        "layers/boundary",
        "layers/gates",
    }


def test_layers_of_the_wrong_kind_are_named() -> None:
    found = problems_of(
        demand="layers/streets",
        network="layers/residents",
        facilities=["layers/toilets", "layers/zones"],
        areas=["layers/zones", "layers/toilets"],
    )
    assert [(problem.where, problem.given) for problem in found] == [
        ("demand", "streets"),
        ("network", "residents"),
        ("facilities", "zones"),
        ("areas", "public_toilet"),
    ]


def test_estates_barriers_crossings_and_land_use_are_layers_of_their_own_kinds() -> None:
    layers = {name: layer.record for name, layer in walled_layers().items()}
    record = walled_record(crossings="layers/estate_gates", landuse="layers/parks")
    found = list(analyses.check(record, shown_as="a.toml", layers=layers, standards=Path("none")))
    assert [(problem.where, problem.given) for problem in found] == [("crossings", "gates"), ("landuse", "park")]
    named = {reference for _, reference in references(Coverage, record.model_dump())}
    assert {"layers/estates", "layers/barriers", "layers/estate_gates"} <= named


def test_a_layer_named_twice_is_told() -> None:
    found = problems_of(facilities=["layers/toilets", "layers/toilets"])
    assert [(problem.where, problem.given) for problem in found] == [("facilities", "layers/toilets")]


def test_two_layers_of_zones_are_one_too_many() -> None:
    record = coverage_record(areas=["layers/zones", "layers/others"])
    layers = {**LAYERS, "layers/others": LAYERS["layers/zones"]}
    found = analyses.check(record, shown_as="a.toml", layers=layers, standards=Path("none"))
    assert [problem.what for problem in found] == ["names more than one layer of kind zones"]


def test_unknown_standards_circles_and_kinds_are_told_with_the_nearest() -> None:
    found = problems_of(
        standard="gb50180", circles=["15", "20"], sets=["cultur", "5"], limits_m={"public_toilets": 300.0}
    )
    assert [(problem.where, problem.given) for problem in found] == [
        ("circles", "20"),
        ("sets", "cultur"),
        ("sets", "5"),
        ("limits_m", "public_toilets"),
        ("standard", ""),
    ]
    remedies = [problem.remedy for problem in found]
    assert remedies[1] == "Did you mean culture?"
    assert remedies[3] == "Did you mean public_toilet?"
    assert "Did you mean gb50180-2018?" in found[4].what


@pytest.mark.parametrize("limit_m", [0.0, -1.0, float("inf"), float("nan")])
def test_a_limit_of_one_s_own_is_a_positive_number_of_metres(limit_m: float) -> None:
    asked = coverage_record().model_dump() | {"limits_m": {"public_toilet": limit_m}}
    _, problems = make_record(Coverage, asked, "analyses/coverage.toml")
    assert [problem.where for problem in problems] == ["limits_m.public_toilet"]


def test_mistakes_in_the_district_s_own_standards_are_told(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text("title = 1", encoding="utf-8")
    assert any("ours.toml" in problem.file for problem in problems_of(tmp_path))


def test_zones_need_a_zones_layer_and_checks_of_their_own_names() -> None:
    same = {
        "id": "a",
        "says": "…",
        "source": "L1",
        "test": "within",
        "of": {"layer": "layers/zones"},
        "against": {"layer": "layers/boundary"},
    }
    record = Zones.model_validate(
        {
            "kind": "zones",
            "title": "分区",
            "zones": "layers/units",
            "coverage": "analyses/coverage",
            "check": [same, same],
        }
    )
    found = analyses.check(record, shown_as="analyses/zones.toml", layers=LAYERS, standards=Path("none"))
    assert [(problem.where, problem.given) for problem in found] == [("zones", "units"), ("check", "a")]


def test_each_kind_of_question_has_its_record() -> None:
    for kind, one in analyses.KINDS.items():
        assert get_args(one.record.model_fields["kind"].annotation) == (kind,)
