"""Who reaches what in the village: every figure by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.areas import OUTSIDE, UNASSIGNED
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET, judge
from qyp_geo.analyses.standing import stand
from qyp_geo.errors import DataError
from qyp_geo.frames import LayerData, Result
from qyp_geo.standards import Requirement
from tests.analyses.test_access import VILLAGE, reached
from tests.analyses.village import (
    HOMES,
    KINDERGARTEN_M,
    PARK_M,
    TOILET_M,
    box,
    coverage_record,
    frame,
    inputs,
    layer,
    point,
    residents,
    village_layers,
)

TOILETS, KINDERGARTENS, PARKS = "own.public_toilet", "f5.kg", "g10.park"
INSIDE = [name for name in HOMES if name != "H"]


def covered(layers: dict[str, LayerData] | None = None, **more: Any) -> Result:
    return analyses.run(coverage_record(**more), inputs(layers or village_layers()))


@pytest.fixture(scope="module")
def village() -> Result:
    return covered()


def of_units(result: Result, requirement: str, column: str) -> dict[str, Any]:
    by_unit = result.parts["by_unit"]
    chosen = by_unit[by_unit["requirement"] == requirement]
    return dict(zip(chosen["unit"], chosen[column], strict=True))


def of_area(result: Result, requirement: str, area: str) -> pd.Series:
    table = result.table
    return table[(table["requirement"] == requirement) & (table["area"] == area)].iloc[0]


@pytest.mark.parametrize(
    ("requirement", "by_hand"), [(TOILETS, TOILET_M), (KINDERGARTENS, KINDERGARTEN_M), (PARKS, PARK_M)]
)
def test_every_walk_is_that_of_the_drawing(village: Result, requirement: str, by_hand: dict[str, float]) -> None:
    walks = of_units(village, requirement, "walk_m")
    assert list(walks) == INSIDE  # H lives outside the district
    assert {name: walk_m for name, walk_m in walks.items() if pd.notna(walk_m)} == by_hand


def test_a_walk_of_exactly_the_limit_is_covered(village: Result) -> None:
    assert of_units(village, TOILETS, "limit_m")["C"] == TOILET_M["C"]
    assert of_units(village, TOILETS, "covered") == {name: name in {"B", "C"} for name in INSIDE}
    closer = covered(limits_m={"public_toilet": 409.999})
    assert of_units(closer, TOILETS, "covered") == {name: name == "B" for name in INSIDE}


def test_the_nearest_facility_is_named(village: Result) -> None:
    for column, nearest in (("facility", "T1"), ("facility_name", "T1"), ("facility_layer", "layers/toilets")):
        named = of_units(village, TOILETS, column)
        assert (named["A"], named["F"]) == (nearest, "")


def test_a_planned_facility_does_not_count_and_is_mentioned(village: Result) -> None:
    assert set(of_units(village, TOILETS, "facility").values()) == {"T1", ""}  # T2 would be 40 m from B
    assert "公厕:1 处非现状(规划、在建、未启用或关闭),不计入" in village.notes


def test_a_walled_school_without_gates_makes_no_data_of_those_it_may_serve(village: Result) -> None:
    verdicts = of_units(village, KINDERGARTENS, "verdict")
    assert verdicts == dict.fromkeys(INSIDE, UNMET) | {"A": NO_DATA, "B": NO_DATA, "D": MET}
    assert any("K2" in problem.given and problem.severity == "warning" for problem in village.problems)


def test_who_is_served_otherwise_is_not_in_doubt() -> None:
    # From A, K2 is 70.7 m away in a straight line, and K 880 m on foot.
    result = covered(limits_m={"kindergarten": 880.0})
    assert of_units(result, "own.kindergarten", "verdict")["A"] == MET


def test_a_kind_without_a_layer_is_no_data_for_all_and_named(village: Result) -> None:
    assert set(of_units(village, "f10.primary", "verdict").values()) == {NO_DATA}
    row = of_area(village, "f10.primary", "village")
    assert (row["people_covered"], row["people_no_data"], row["people_total"]) == (0, 455, 455)
    assert np.isnan(row["people_share"])
    assert (row["verdict"], row["effect"]) == (NO_DATA, "")
    assert "小学" in next(note for note in village.notes if note.startswith("无数据"))


def test_a_kind_with_an_empty_layer_is_a_lack() -> None:
    layers = village_layers()
    layers["layers/schools"] = layer(frame("primary_school", {}), "primary_school")
    result = covered(layers, facilities=["layers/toilets", "layers/schools"])
    assert set(of_units(result, "f10.primary", "verdict").values()) == {UNMET}
    assert of_area(result, "f10.primary", "village")["people_share"] == 0.0


def test_a_figure_for_reference_is_no_verdict(village: Result) -> None:
    assert of_units(village, "t.55013", "covered")["B"]
    assert set(of_units(village, "t.55013", "verdict").values()) == {NOT_APPLICABLE}
    row = of_area(village, "t.55013", "village")
    assert (row["people_covered"], row["verdict"], row["effect"]) == (50, NOT_APPLICABLE, "")


def test_the_too_far_and_the_island_stay_in_every_denominator(village: Result) -> None:
    units = village.parts["units"]
    assert units.index[units["too_far"]].tolist() == ["G"]
    assert units.loc["G", "off_m"] == 300.0
    assert of_units(village, TOILETS, "verdict")["G"] == UNMET
    assert of_area(village, TOILETS, "village")["people_total"] == 455
    text = "\n".join(village.notes)
    assert "1 处需求(20 人)距可步行道路超过 200 米" in text
    assert "1 处需求(5 人)所在道路与主路网不连通" in text


def test_shares_of_people_and_ground_have_numerator_and_denominator(village: Result) -> None:
    row = of_area(village, TOILETS, "village")
    assert (row["people_covered"], row["people_total"], row["people_share"]) == (250, 455, 250 / 455)
    assert (row["demand_area_covered_m2"], row["demand_area_total_m2"]) == pytest.approx((400, 1600))
    assert row["demand_area_share"] == pytest.approx(0.25)
    assert (row["units_covered"], row["units_total"], row["facilities"]) == (2, 8, 1)
    assert (row["verdict"], row["effect"], row["source"]) == (UNMET, "warn", "自定口径")
    served = of_area(village, PARKS, "w2")
    assert (served["people_share"], served["verdict"], served["effect"]) == (1.0, MET, "")


def test_people_without_data_stay_in_the_total(village: Result) -> None:
    row = of_area(village, KINDERGARTENS, "village")
    assert (row["people_covered"], row["people_no_data"], row["people_total"]) == (30, 150, 455)
    assert row["people_share"] == 30 / 455
    assert "下限" in row["note"]


def test_an_area_in_which_nobody_is_certainly_unserved_is_no_data() -> None:
    layers = village_layers()
    layers["layers/residents"] = residents({"A": point(100, 30)}, [100.0])
    row = of_area(covered(layers), KINDERGARTENS, "village")
    assert (row["verdict"], row["effect"]) == (NO_DATA, "")
    empty = of_area(covered(layers), KINDERGARTENS, "e")
    assert (empty["verdict"], empty["people_total"]) == (NOT_APPLICABLE, 0)
    assert np.isnan(empty["people_share"])


def test_points_have_no_ground() -> None:
    layers = village_layers()
    layers["layers/residents"] = residents({"A": point(100, 30), "D": box(990, 295, 1010, 305)}, [100.0, 30.0])
    result = covered(layers)
    assert np.isnan(of_area(result, TOILETS, "w")["demand_area_total_m2"])
    assert of_area(result, TOILETS, "e")["demand_area_total_m2"] == pytest.approx(200)
    assert any("面积覆盖率不可计算" in note for note in result.notes)


def test_zones_may_overlap_and_what_is_in_none_is_outside(village: Result) -> None:
    zones = village.table[(village.table["level"] == "zone") & (village.table["requirement"] == TOILETS)]
    assert zones["area_name"].tolist() == ["西区", "东区", OUTSIDE]
    assert zones["people_total"].tolist() == [390, 290, 15]  # C and I, 240 people, are in both
    assert zones["facilities"].tolist() == [0, 1, 0]
    units = village.parts["units"]
    assert units["zones"].to_dict() | {"C": "", "I": ""} == {
        "A": "西区", "B": "西区", "C": "", "D": "东区", "E": "", "F": "", "G": "东区", "I": "",
    }  # fmt: skip
    assert units.loc[["C", "I"], "zones"].tolist() == ["西区、东区"] * 2


@pytest.mark.parametrize("level", ["township", "community"])
def test_the_rows_of_a_level_sum_to_the_district(village: Result, level: str) -> None:
    sums = ["people_covered", "people_total", "people_no_data", "demand_area_covered_m2", "units_covered", "facilities"]
    table = village.table
    parts = table[table["level"] == level].groupby("requirement", sort=False)[sums].sum()
    whole = table[table["level"] == "district"].set_index("requirement")[sums]
    assert parts.to_numpy() == pytest.approx(whole.to_numpy())


def test_areas_stand_in_official_order(village: Result) -> None:
    rows = village.table[village.table["requirement"] == TOILETS]
    assert rows["area"].tolist() == ["village", "z1", "z2", OUTSIDE, "e", "w", "w1", "w2", "e1"]


def test_demand_in_no_unit_has_a_row_and_a_warning() -> None:
    layers = village_layers()
    layers["layers/units"] = layer(frame("units", {"w": box(-50, -550, 650, 700)}, level=["街道"]), "units")
    result = covered(layers)
    townships = result.table[(result.table["level"] == "township") & (result.table["requirement"] == TOILETS)]
    assert townships["area_name"].tolist() == ["w", UNASSIGNED]
    assert townships["people_total"].sum() == 455
    assert any("3 demand unit(s) lie in no unit" in problem.what for problem in result.problems)
    assert result.parts["units"].loc["D", "township"] == ""


def test_demand_claimed_by_two_units_goes_to_the_first_in_official_order() -> None:
    layers = village_layers()
    units = frame(
        "units", {"b": box(0, 0, 650, 700), "a": box(-50, -550, 1450, 700)}, level=["街道"] * 2, order=["2", "10"]
    )
    layers["layers/units"] = layer(units, "units")
    result = covered(layers)
    assert result.parts["units"]["township"].to_dict() == {
        "A": "b", "B": "b", "C": "b", "D": "a", "E": "a", "F": "a", "G": "a", "I": "b",
    }  # fmt: skip
    assert any("4 demand unit(s) lie in more than one unit" in problem.what for problem in result.problems)


def test_the_headline_counts_items_with_data_only(village: Result) -> None:
    # Items with a layer: three parks (none of 5 ha) and kindergartens, and the limit of one's own.
    n_reached = {"A": 0, "B": 1, "C": 3, "D": 1, "E": 0, "F": 0, "G": 0, "I": 2}
    units = village.parts["units"]
    assert units["n_reached"].to_dict() == n_reached
    assert units["share_reached"].to_dict() == pytest.approx(
        {"A": 0 / 4, "B": 1 / 4, "C": 3 / 5, "D": 1 / 5, "E": 0, "F": 0, "G": 0, "I": 2 / 5}
    )
    headline = village.parts["headline"].iloc[0]
    assert (headline["level"], headline["set"]) == ("district", "")
    assert headline["n_items_with_data"] == 5
    assert headline["n_items"] == 5 + len(headline["left_out"].split("、"))
    assert headline["mean_reached"] == (50 * 1 + 200 * 3 + 30 * 1 + 40 * 2) / 455
    assert headline["people_all_reached"] == 0
    assert headline["people_no_data"] == 150


def test_who_reaches_every_item_with_data_is_counted() -> None:
    result = covered(facilities=["layers/toilets"], circles=["10"])
    headline = result.parts["headline"].iloc[0]
    assert headline["n_items_with_data"] == 1
    assert (headline["people_all_reached"], headline["all_reached_share"]) == (250, 250 / 455)


def test_each_set_of_requirements_has_its_headline() -> None:
    layers = village_layers()
    layers["layers/culture"] = layer(frame("culture_centre", {"W": point(100, 0)}), "culture_centre")
    result = covered(layers, facilities=["layers/culture"], circles=[], sets=["culture"], limits_m={})
    assert result.parts["requirements"]["id"].tolist() == ["f15.culture", "f5.culture"]
    headline = result.parts["headline"].set_index(["set", "area"])
    assert headline.loc[("culture", "village"), "set_title"] == "15分钟都市文化圈"
    # Within 1,000 m of W on the main street: A 30, B 220, C 600, I 745.
    assert headline.loc[("culture", "village"), "people_all_reached"] == 390
    assert headline.loc[("culture", "village"), "left_out"] == "文化活动站500米步行可达率"


def test_a_kind_that_does_the_work_of_another_serves_but_its_lack_proves_nothing() -> None:
    layers = village_layers()
    layers["layers/culture"] = layer(frame("culture_centre", {"W": point(100, 0)}), "culture_centre")
    result = covered(layers, facilities=["layers/culture"], circles=["5"], limits_m={})
    verdicts = of_units(result, "f5.culture", "verdict")  # a station within 500 m, and only centres are declared
    assert verdicts == dict.fromkeys(INSIDE, NO_DATA) | {"A": MET, "B": MET}


def test_the_stricter_distance_of_the_circle_stands_beside() -> None:
    layers = village_layers()
    parks = frame("park", {"Y": box(300, 430, 500, 580)}, area_m2=[50_000.0])  # A 760, B 550, C 130, I 0, D 920
    layers["layers/parks"] = layer(parks, "park")
    row = of_area(covered(layers), "g15.park", "village")
    assert row["limit_m"] == 1000.0
    assert (row["people_covered"], row["people_covered_beside"]) == (100 + 50 + 200 + 40 + 30, 100 + 50 + 200 + 40)
    assert row["people_share_beside"] == 390 / 455
    assert np.isnan(of_area(covered(layers), "g10.park", "village")["people_covered_beside"])


def test_parks_count_by_size_and_of_unknown_size_they_are_no_data() -> None:
    layers = village_layers()
    small = frame("park", {"Y": box(300, 450, 500, 500)}, area_m2=[9_999.0])
    layers["layers/parks"] = layer(small, "park")
    assert of_units(covered(layers), PARKS, "verdict")["C"] == UNMET
    layers["layers/parks"] = layer(small.assign(area_m2=np.nan), "park")
    verdicts = of_units(covered(layers), PARKS, "verdict")
    # In a straight line, of those within 500 m: A 461, B 430, C 150, G 250, I 5; D is 539 m away.
    assert verdicts == dict.fromkeys(INSIDE, UNMET) | dict.fromkeys("ABCGI", NO_DATA)


def requirement(id_: str, **more: Any) -> Requirement:
    values: dict[str, Any] = {
        "group": id_,
        "kind": "park",
        "served_by": ("park",),
        "title_zh": id_,
        "limit_m": 150.0,
        "effect": "fail",
        "source": "tests",
        "verified": True,
    }
    return Requirement(id=id_, **(values | more))


def judged(*asked: Requirement) -> Any:
    homes = {"C": point(400, 300), "P": point(400, 0)}
    park = layer(frame("park", {"Y": box(300, 450, 500, 500)}, area_m2=[10_000.0]), "park")
    found, _ = reached(park, homes=homes)
    standing = stand(frame("residents", homes).geometry, VILLAGE, max_off_m=200.0)
    return judge(asked, found, frozenset({"park"}), standing=standing)


def test_a_strict_limit_leaves_the_limit_itself_out() -> None:
    found = judged(requirement("at most"), requirement("less than", strict=True))
    assert found.walk_m.tolist() == [[150.0, 150.0], [450.0, 450.0]]
    assert found.covered.tolist() == [[True, False], [False, False]]


def test_alternatives_of_one_rule_do_not_apply_where_another_of_them_is_met() -> None:
    large = requirement("large", group="rule", limit_m=500.0, min_area_m2=10_001.0)
    small = requirement("small", group="rule", limit_m=150.0, max_area_m2=10_000.0)
    found = judged(large, small)
    assert found.verdict.tolist() == [[NOT_APPLICABLE, MET], [UNMET, UNMET]]


def test_the_strength_word_decides_between_warning_and_failure(village: Result, tmp_path: Path) -> None:
    assert of_area(village, KINDERGARTENS, "village")["effect"] == "warn"  # 不宜大于
    (tmp_path / "ours.toml").write_text(
        'title = "ours"\nextends = "gb50180-2018"\n[[rule]]\nid = "f5.kg"\nstrength = "不应大于"\n', encoding="utf-8"
    )
    stricter = analyses.run(coverage_record(standard="ours"), replace(inputs(village_layers()), standards=tmp_path))
    assert of_area(stricter, KINDERGARTENS, "village")["effect"] == "fail"
    assert of_area(stricter, PARKS, "w2")["effect"] == ""


def test_what_is_unverified_or_ones_own_is_marked(village: Result) -> None:
    asked = village.parts["requirements"].set_index("id")
    assert not asked.loc[KINDERGARTENS, "verified"]
    assert not asked["strict"].any()
    assert "未核" in of_area(village, KINDERGARTENS, "village")["source"]
    assert any(note.startswith("未核:") for note in village.notes)
    assert "自定口径:邻里中心 500 米、公厕 410 米" in village.notes


def test_assumptions_of_the_layers_are_repeated_once() -> None:
    layers = village_layers()
    for name in ("layers/residents", "layers/streets"):
        layers[name] = replace(layers[name], notes=("人口按 35 平方米/人估算",))
    assert covered(layers).notes.count("人口按 35 平方米/人估算") == 1


def test_the_order_of_the_input_changes_no_figure() -> None:
    layers = village_layers()
    turned = dict(layers)
    for name in ("layers/residents", "layers/streets", "layers/kindergartens"):
        turned[name] = replace(layers[name], frame=layers[name].frame.iloc[::-1])
    one, other = covered(layers), covered(turned)
    pd.testing.assert_frame_equal(one.table, other.table)
    unit = ["unit", "requirement"]
    pd.testing.assert_frame_equal(
        one.parts["by_unit"].sort_values(unit, ignore_index=True),
        other.parts["by_unit"].sort_values(unit, ignore_index=True),
    )


def test_a_district_without_demand_says_so() -> None:
    layers = village_layers()
    layers["layers/residents"] = residents({"H": point(50, 20)}, [1000.0], [False])
    with pytest.raises(DataError, match="no demand unit lies inside the district"):
        covered(layers)
