"""Gaps of the village, by hand. Unserved within 410 m of a toilet: A 100, D 30, E 10, F 5, G 20, I 40 people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses import gaps as module
from qyp_geo.analyses.areas import OUTSIDE
from qyp_geo.analyses.causes import ABSENT, ACTIONS, NO_WAY, SUSPECTED, TOO_SMALL
from qyp_geo.analyses.gaps import Gaps
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import LayerData, Result
from tests.analyses.village import (
    HOMES,
    box,
    coverage_record,
    frame,
    inputs,
    layer,
    line,
    point,
    residents,
    streets,
    village_layers,
)

TOILETS, KINDERGARTENS = "own.public_toilet", "f5.kg"


def gaps_of(
    layers: dict[str, LayerData] | None = None, *, coverage: dict[str, Any] | None = None, **more: Any
) -> Result:
    layers = layers or village_layers()
    covered = analyses.run(coverage_record(**(coverage or {})), inputs(layers))
    record = Gaps.model_validate({"kind": "gaps", "title": "缺口", "coverage": "analyses/coverage"} | more)
    return analyses.run(record, inputs(layers, coverage=covered))


def members(result: Result, requirement: str) -> list[list[str]]:
    """The units of each gap of a requirement, in the order of rank."""
    of = result.table.index[result.table["requirement"] == requirement]
    return [result.parts["units"].query("gap == @gap")["unit"].tolist() for gap in of]


def test_unserved_demand_is_one_gap_if_it_is_near_along_the_network() -> None:
    # D to E is 300 + 390 + 10 = 700 m, A to I is 30 + 300 + 445 = 775 m.
    assert members(gaps_of(connect_m=699.999), TOILETS) == [["A"], ["I"], ["D"], ["G"], ["E"], ["F"]]
    assert members(gaps_of(connect_m=700.0), TOILETS) == [["A"], ["D", "E"], ["I"], ["G"], ["F"]]
    assert members(gaps_of(connect_m=775.0), TOILETS) == [["A", "I"], ["D", "E"], ["G"], ["F"]]


def test_a_chain_of_neighbours_is_one_gap() -> None:
    layers = village_layers()
    homes = {f"h{x}": point(x, 0) for x in (700, 900, 1100, 1350)}
    layers["layers/residents"] = residents(homes, [10.0] * 4)
    assert members(gaps_of(layers, connect_m=200.0, coverage={"limits_m": {"public_toilet": 150.0}}), TOILETS) == [
        ["h700", "h900", "h1100"],
        ["h1350"],
    ]


def test_a_served_unit_is_no_link_and_straight_nearness_is_none() -> None:
    # Two streets 20 m apart meet only at their far end.
    layers = village_layers()
    layers["layers/streets"] = streets({"a": line((0, 0), (1000, 0), (1000, 20), (0, 20))})
    layers["layers/residents"] = residents({"S": point(0, 0), "N": point(0, 20)}, [10.0, 20.0])
    result = gaps_of(layers, coverage={"limits_m": {"public_toilet": 100.0}})
    assert members(result, TOILETS) == [["N"], ["S"]]


def test_a_gap_says_who_lacks_what_where_and_by_how_much() -> None:
    table = gaps_of(connect_m=700.0).table
    gap = table[table["requirement"] == TOILETS].iloc[1]  # D and E
    assert gap[["people", "units", "zone", "township", "community"]].tolist() == [40.0, 2, "东区", "e", "e1"]
    assert gap[["missing", "missing_title", "limit_m"]].tolist() == ["public_toilet", "公厕410米步行可达率", 410.0]
    # D walks 810 m (30 people), E 910 m (10 people): the median person walks 400 m too far.
    assert gap[["nearest_facility", "nearest_walk_m", "median_excess_m", "people_beyond_search"]].tolist() == [
        "T1",
        810,
        400,
        0,
    ]
    # E alone, a quarter of the people, lacks a kindergarten.
    assert gap["also_missing"].split("、") == [
        "公园(≥50000㎡)1000米步行可达率",
        "公园(≥10000㎡)500米步行可达率",
        "公园(≥4000㎡)300米步行可达率",
    ]


def test_the_median_is_that_of_the_people_and_leaves_out_who_has_nothing_within_the_search() -> None:
    layers = village_layers()
    homes = {"near": point(920, 0), "far": point(1400, 0), "island": point(100, -500)}
    layers["layers/residents"] = residents(homes, [10.0, 11.0, 7.0])
    table = gaps_of(layers, connect_m=500.0).table
    first, second = (row for _, row in table[table["requirement"] == TOILETS].iterrows())
    assert first[["people", "median_excess_m", "people_beyond_search"]].tolist() == [21.0, 500.0, 0.0]
    assert second[["people", "people_beyond_search", "nearest_facility"]].tolist() == [7.0, 7.0, ""]
    assert pd.isna(second["median_excess_m"])
    assert pd.isna(second["nearest_walk_m"])


def test_gaps_are_ranked_by_people_over_all_requirements() -> None:
    table = gaps_of().table
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert table.index[:2].tolist() == ["G001", "G002"]
    assert table["people"].is_monotonic_decreasing


def test_no_data_is_no_gap() -> None:
    assert members(gaps_of(), KINDERGARTENS) == [
        ["C", "I"],
        ["G"],
        ["E"],
        ["F"],
    ]  # A and B live near K2, which has no gates
    assert "f10.primary" not in set(gaps_of().table["requirement"])


def test_a_figure_for_reference_has_gaps_where_no_other_asks_for_its_kind() -> None:
    table = gaps_of().table
    assert set(table["requirement"][table["missing"] == "public_toilet"]) == {TOILETS}
    result = gaps_of(coverage={"limits_m": {}})
    toilets = result.table[result.table["requirement"] == "t.55013"]
    assert members(result, "t.55013") == [["C", "I"], ["A"], ["D"], ["G"], ["E"], ["F"]]  # B alone is within 300 m
    assert (set(toilets["reference"]), set(toilets["effect"])) == ({True}, {"inform"})


def test_what_is_to_be_provided_only_as_needed_has_no_gaps() -> None:
    layers = village_layers()
    layers["layers/metro"] = layer(frame("metro_station", {"M": point(1400, 0)}), "metro_station")
    result = gaps_of(layers, coverage={"facilities": ["layers/metro", "layers/toilets"]})
    assert set(result.table["missing"]) == {"public_toilet"}
    assert "按需设置(△),不列缺口:地铁站800米步行可达率" in result.notes


def test_small_gaps_are_counted_in_a_note() -> None:
    result = gaps_of(min_people=21.0, coverage={"circles": [], "facilities": ["layers/toilets"]})
    assert members(result, TOILETS) == [["A"], ["I"], ["D"]]
    assert "另有 3 处缺口各不足 21 人(合计 35 人次),未列出" in result.notes


def test_a_gap_without_zones_or_units_names_none_and_one_outside_says_outside() -> None:
    table = gaps_of().table
    assert table[table["requirement"] == TOILETS]["zone"].tolist()[-2:] == [OUTSIDE, OUTSIDE]  # E, F
    bare = gaps_of(coverage={"areas": []}).table
    assert set(bare["zone"]) | set(bare["township"]) | set(bare["community"]) == {""}


def test_the_outline_holds_the_demand_points() -> None:
    result = gaps_of(connect_m=700.0)
    gap = result.table[result.table["requirement"] == TOILETS].iloc[1]
    assert isinstance(result.table, gpd.GeoDataFrame)
    assert gap.geometry.contains(point(1000, 300))
    assert gap.geometry.contains(point(1390, 10))
    assert not gap.geometry.buffer(-25.001).contains(point(1000, 300))


def test_blocks_of_the_search_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gaps_of(connect_m=775.0)
    monkeypatch.setattr(module, "_BLOCK", 2)
    pd.testing.assert_frame_equal(whole.table, gaps_of(connect_m=775.0).table)


def test_where_everybody_is_served_there_is_no_gap(tmp_path: Path) -> None:
    everybody = {"facilities": ["layers/toilets"], "circles": [], "limits_m": {"public_toilet": 5000.0}}
    layers = village_layers()
    layers["layers/residents"] = residents({"B": point(300, 20)}, [50.0])
    result = gaps_of(layers, coverage=everybody)
    assert len(result.table) == len(result.parts["units"]) == 0
    result.table.to_parquet(tmp_path / "gaps.parquet")
    assert "median_excess_m" in gpd.read_parquet(tmp_path / "gaps.parquet")


def test_gaps_rest_on_a_coverage_analysis() -> None:
    found = gaps_of()
    record = Gaps(kind="gaps", title="缺口", coverage="analyses/gaps")
    with pytest.raises(DeclarationError, match=r"names no coverage analysis \(given: analyses/gaps \(gaps\)\)"):
        analyses.run(record, inputs(village_layers(), gaps=found))


def test_a_kind_of_which_there_is_nothing_leaves_everybody_in_gaps() -> None:
    layers = village_layers()
    layers["layers/schools"] = layer(frame("primary_school", {}), "primary_school")
    result = gaps_of(layers, coverage={"facilities": ["layers/schools"], "circles": ["10"], "limits_m": {}})
    assert result.table["people"].tolist() == [240.0, 150.0, 30.0, 20.0, 10.0, 5.0]  # C with I, A with B, D, G, E, F


def test_a_facility_near_but_too_far_to_walk_wants_a_way() -> None:
    # From C (400, 300) it is 325.7 m straight to the toilet at (500, -10), and 410 m to walk.
    layers = village_layers()
    layers["layers/residents"] = residents({"C": point(400, 300)}, [200.0])
    for limit_m, kind in ((325.7, ABSENT), (325.8, NO_WAY), (409.999, NO_WAY)):
        gap = gaps_of(layers, coverage={"limits_m": {"public_toilet": limit_m}}).table.query("requirement == @TOILETS")
        assert gap["type"].tolist() == [kind]
        assert gap["action"].tolist() == [ACTIONS[kind]]
        assert gap["radius_m"].tolist() == [325.73]


def test_the_type_is_that_of_most_people() -> None:
    # Of two homes in one gap the toilet is near to the one on the lane only.
    layers = village_layers()
    for people, kind in (([11.0, 10.0], NO_WAY), ([10.0, 10.0], ABSENT)):
        layers["layers/residents"] = residents({"C": point(400, 300), "I": point(400, 445)}, people)
        gap = gaps_of(layers, coverage={"limits_m": {"public_toilet": 400.0}}).table.query("requirement == @TOILETS")
        assert gap[["units", "type"]].to_numpy().tolist() == [[2, kind]]


def test_a_facility_within_the_walk_that_is_too_small_is_to_be_enlarged() -> None:
    # The park Y has 10,000 m2; C is 150 m off, D exactly 1,000 m, E 1,450 m.
    layers = village_layers()
    types = {}
    for home in ("C", "D", "E"):
        x, y, _ = HOMES[home]
        layers["layers/residents"] = residents({home: point(x, y)}, [10.0])
        types[home] = gaps_of(layers).table.query("missing_title == '公园(≥50000㎡)1000米步行可达率'")["type"].tolist()
    assert types == {"C": [TOO_SMALL], "D": [TOO_SMALL], "E": [ABSENT]}


def test_a_gap_that_rests_on_poi_or_estimates_is_suspected() -> None:
    layers = village_layers()
    toilets = layers["layers/toilets"]
    poi = toilets.record.provenance.model_copy(update={"completeness": "POI"})
    assert not gaps_of(layers).table["suspected"].any()

    layers["layers/toilets"] = replace(toilets, record=toilets.record.model_copy(update={"provenance": poi}))
    found = gaps_of(layers)
    of_toilets = found.table["missing"] == "public_toilet"
    assert (found.table["suspected"] == of_toilets).all()
    assert set(found.table["action"][of_toilets]) <= {f"{SUSPECTED};{action}" for action in ACTIONS.values()}
    assert f"{of_toilets.sum()} 处依据 POI 数据或估算人口,为{SUSPECTED}" in found.notes

    layers["layers/toilets"] = toilets
    homes = layers["layers/residents"].frame
    estimated = layer(homes.assign(estimated=homes.index == "C"), "residents")
    found = gaps_of(layers | {"layers/residents": estimated})
    with_c = set(found.parts["units"].query("unit == 'C'")["gap"])
    assert with_c == set(found.table.index[found.table["suspected"]])


def test_who_is_responsible_and_what_was_found_is_left_to_fill_in() -> None:
    table = gaps_of().table
    assert set(table["responsible"]) | set(table["checked"]) == {""}


def test_units_of_one_gated_estate_are_one_gap() -> None:
    """Two houses whose doors are far apart by the one gate at (900, 250): each walks out and in again."""
    layers = village_layers()
    layers["layers/residents"] = residents(
        {"N": point(600, 340), "S": point(600, 160), "D": point(1000, 300)}, [9.0, 8.0, 1.0]
    )
    layers["layers/estates"] = layer(
        frame("estates", {"E": box(550, 150, 900, 350)}, name=["东苑"]), "estates", gates="layers/estate_gates"
    )
    layers["layers/estate_gates"] = layer(frame("gates", {"g": point(900, 250)}, of=["E"]), "gates")
    result = gaps_of(layers, connect_m=10.0, coverage={"estates": "layers/estates"})
    assert members(result, TOILETS) == [["N", "S"], ["D"]]
    assert result.table.query("requirement == @TOILETS")["estate"].tolist() == ["东苑", ""]
