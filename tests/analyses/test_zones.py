"""The village's two zones: 西区 x -50...450 and 东区 x 350...1100, both y -50...700."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.areas import OUTSIDE
from qyp_geo.analyses.zones import Zones
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import LayerData, Result
from qyp_geo.records import make_record
from tests.analyses.village import box, coverage_record, frame, inputs, layer, line, point, village_layers


def check(test: str, of: str, **more: Any) -> dict[str, Any]:
    layer_, _, id_ = of.partition("#")
    chosen = {"layer": layer_} | ({"id": id_} if id_ else {})
    return {"id": test, "says": "…", "source": "纲要 L69", "test": test, "of": chosen} | more


def zones_of(*checks: dict[str, Any], layers: dict[str, LayerData] | None = None, **more: Any) -> Result:
    layers = village_layers() | (layers or {})
    covered = analyses.run(coverage_record(**more.pop("coverage", {})), inputs(layers))
    asked = {
        "kind": "zones",
        "title": "分区",
        "zones": "layers/zones",
        "coverage": "analyses/coverage",
        "contains": ["layers/toilets", "layers/parks", "layers/kindergartens"],
        "check": list(checks),
    }
    record, problems = make_record(Zones, asked | more, "analyses/zones.toml")
    assert record is not None, problems
    return analyses.run(record, inputs(layers, coverage=covered))


LANDMARKS = {
    "corridor": line((0, 0), (1000, 0), (1000, 500)),
    "half": line((0, 0), (900, 0)),
    "stop": point(0, 0),
}


def checked(test: str, of: str, *, layers: dict[str, LayerData] | None = None, **more: Any) -> pd.Series:
    """The one row of a check; a check that fails is also a warning."""
    landmarks = {"layers/landmarks": layer(frame("landmarks", LANDMARKS), "landmarks")}
    result = zones_of(check(test, of, **more), layers=landmarks | (layers or {}))
    row = result.parts["checks"].iloc[0]
    assert len(result.problems) == (0 if row["holds"] else 1)
    return row


def test_each_zone_has_its_extent_people_content_and_shares() -> None:
    table = zones_of().table
    assert table.index.tolist() == ["z1", "z2", OUTSIDE]
    assert table["name"].tolist() == ["西区", "东区", OUTSIDE]
    # 500 x 750 m, 750 x 750 m, and the rest of 1,500 x 1,250 m; they share 100 x 750 m.
    assert table["area_km2"].tolist() == pytest.approx([0.375, 0.5625, 1.875 - 0.375 - 0.5625 + 0.075])
    assert table["people"].tolist() == [390, 290, 15]
    assert table["overlaps"].tolist() == ["东区", "西区", ""]
    assert table["n_public_toilet"].tolist() == [0, 1, 0]  # T2 in the west is planned
    assert table["n_park"].tolist() == [1, 1, 0]  # its centre is in both
    assert table["n_kindergarten"].tolist() == [1, 1, 0]
    assert table["share_own.public_toilet"].tolist() == [250 / 390, 200 / 290, 0]
    # Shares of items that each unit reaches: A 0, B 1/4, C 3/5, D 1/5, G 0, I 2/5.
    assert table["share_reached"].tolist() == pytest.approx([(12.5 + 120 + 16) / 390, (120 + 6 + 16) / 290, 0])
    assert "share_f10.primary" not in table  # it has no layer


def test_overlaps_are_listed_with_the_people_in_both() -> None:
    overlaps = zones_of().parts["overlaps"]
    assert overlaps[["a", "b", "people"]].to_numpy().tolist() == [["西区", "东区", 240.0]]
    assert overlaps["area_km2"].tolist() == pytest.approx([0.075])


def test_zones_that_touch_do_not_overlap() -> None:
    touching = frame("zones", {"z1": box(-50, -50, 450, 700), "z2": box(450, -50, 1100, 700)})
    result = zones_of(layers={"layers/zones": layer(touching, "zones")})
    assert result.parts["overlaps"].empty
    assert result.table["overlaps"].tolist() == ["", "", ""]


def test_what_lies_on_the_border_of_a_zone_is_not_outside() -> None:
    toilets = layer(
        frame("public_toilet", {"on": point(1100, 300), "out": point(1101, 300), "away": point(5000, 0)}),
        "public_toilet",
    )
    assert zones_of(layers={"layers/toilets": toilets}).table["n_public_toilet"].tolist() == [0, 1, 1]


def test_disjoint_measures_the_share_that_is_shared() -> None:
    apart = checked("disjoint", "layers/zones#z1", against={"layer": "layers/zones", "id": "z2"})
    assert (apart["measured"], apart["expected"], apart["unit"]) == (pytest.approx(0.2), 0.0, "share")
    assert not apart["holds"]
    tolerated = checked("disjoint", "layers/zones#z1", against={"layer": "layers/zones", "id": "z2"}, tolerance=0.21)
    assert tolerated["holds"]


def test_disjoint_holds_for_zones_that_only_touch() -> None:
    touching = {
        "layers/zones": layer(frame("zones", {"z1": box(0, 0, 450, 700), "z2": box(450, 0, 900, 700)}), "zones")
    }
    result = checked("disjoint", "layers/zones#z1", against={"layer": "layers/zones", "id": "z2"}, layers=touching)
    assert (result["measured"], result["holds"]) == (0.0, True)


def test_within_measures_the_share_that_is_outside() -> None:
    assert checked("within", "layers/zones", against={"layer": "layers/boundary"})["holds"]
    corridor = checked("within", "layers/landmarks#corridor", against={"layer": "layers/zones", "id": "z1"})
    assert corridor["measured"] == pytest.approx(1050 / 1500)
    stop = checked("within", "layers/landmarks#stop", against={"layer": "layers/zones", "id": "z1"})
    assert (stop["measured"], stop["holds"]) == (0.0, True)
    stop = checked("within", "layers/landmarks#stop", against={"layer": "layers/zones", "id": "z2"})
    assert (stop["measured"], stop["holds"]) == (1.0, False)


def test_length_and_area_may_miss_by_the_tolerance_and_no_more() -> None:
    corridor = checked("length_m", "layers/landmarks#corridor", expected=1500.0)
    assert (corridor["measured"], corridor["unit"], corridor["holds"]) == (1500.0, "m", True)
    half = "layers/landmarks#half"  # 900 m
    assert checked("length_m", half, expected=1000.0, tolerance=0.1)["holds"]
    assert not checked("length_m", half, expected=1000.0, tolerance=0.0999)["holds"]
    assert checked("area_km2", "layers/zones#z1", expected=0.37, tolerance=0.02)["holds"]
    assert not checked("area_km2", "layers/zones#z1", expected=0.37, tolerance=0.01)["holds"]


def test_a_check_that_fails_is_a_warning_with_the_plan_s_words() -> None:
    problem = zones_of(check("area_km2", "layers/zones#z1", expected=1.0, tolerance=0.1)).problems[0]
    assert problem.severity == "warning"
    assert str(problem) == (
        "分区: check area_km2: the plan's words do not hold of these data (given: 0.375 km²). "
        "Expected 1 ± 0.1 (纲要 L69: …)"
    )


def test_all_that_checks_select_in_vain_is_told_at_once() -> None:
    with pytest.raises(DeclarationError) as raised:
        zones_of(
            check("length_m", "layers/streets#mian", expected=1000.0),
            check("area_km2", "layers/streets#main", expected=1.0),
            check("within", "layers/zones#z3", against={"layer": "layers/units", "id": "w9"}),
            coverage={"areas": []},
        )
    told = [(problem.where, problem.given) for problem in raised.value.problems]
    assert told == [
        ("check length_m, of.id", "mian"),
        ("check area_km2, of", "layers/streets main"),
        ("check within, of.id", "z3"),
        ("check within, against.id", "w9"),
        ("coverage", "analyses/coverage"),
    ]
    assert "Did you mean main?" in str(raised.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (check("length_m", "layers/streets"), "give of and expected, and no against"),
        (check("within", "layers/zones"), "give of and against, and no expected"),
        (check("within", "layers/zones", against={"layer": "layers/boundary"}, expected=1.0), "and no expected"),
        (check("length_m", "layers/streets", expected=1.0, against={"layer": "layers/boundary"}), "and no against"),
    ],
)
def test_a_check_that_lacks_what_its_test_needs_is_refused(given: dict[str, Any], told: str) -> None:
    asked = {
        "kind": "zones",
        "title": "分区",
        "zones": "layers/zones",
        "coverage": "analyses/coverage",
        "check": [given],
    }
    record, problems = make_record(Zones, asked, "analyses/zones.toml")
    assert record is None
    assert [problem.where for problem in problems] == ["check[0]"]
    assert told in problems[0].remedy
