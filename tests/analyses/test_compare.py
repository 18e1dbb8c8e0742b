"""Before and after in the village, by hand.

Afterwards T2 (300, 10) serves, and the lane is closed; the limit for toilets is 410 m::

             before         after
      A      440            30 + 200 + 10 = 240      gained   100 people
      B      230            30                                 50
      C      410            on no street             lost     200
      I      555            155 m from the back street         40
      D, E   810, 910       the same                           30, 10

The park Y is reached by the lane alone: afterwards nobody knows how. C (150 m) and I (5 m) had it within 300 m.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.compare import ALL_KINDS, Compare
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import Result
from tests.analyses.reading import cells
from tests.analyses.test_coverage import TOILETS
from tests.analyses.test_scenario import layers_with_plans
from tests.analyses.village import box, coverage_record, frame, inputs, layer, residents

CHANGE = [{"layer": "layers/toilets", "open": ["T2"]}, {"layer": "layers/streets", "close": ["lane"]}]
PEOPLE = ["people_before", "people_after", "people_gaining", "people_losing", "people_in_doubt"]


def covered(scenario: dict[str, Any] | None = None, **more: Any) -> Result:
    return analyses.run(coverage_record(scenario=scenario, **more), inputs(layers_with_plans()))


def compared(before: Result, after: Result, **more: Any) -> Result:
    record = Compare.model_validate(
        {"kind": "compare", "title": "前后", "before": "analyses/before", "after": "analyses/after"}
    )
    return analyses.run(record, inputs(layers_with_plans(), before=before, after=after, **more))


@pytest.fixture(scope="module")
def sides() -> tuple[Result, Result]:
    return covered(), covered({"change": CHANGE})


@pytest.fixture(scope="module")
def village(sides: tuple[Result, Result]) -> Result:
    return compared(*sides)


def of(table: pd.DataFrame, area: str, requirement: str = TOILETS) -> pd.Series:
    return table[(table["area"] == area) & (table["requirement"] == requirement)].iloc[0]


def by_area(result: Result, area: str, kind: str) -> list[float]:
    table = result.parts["by_area"]
    row = table[(table["area"] == area) & (table["kind"] == kind)].iloc[0]
    return [row[name] for name in ("people_gaining", "people_losing", "people_both")]


def test_who_gains_and_who_loses_is_counted(village: Result) -> None:
    row = of(village.table, "village")
    assert [row[name] for name in PEOPLE] == [250, 150, 100, 200, 0]
    assert (row["people_total"], row["share_before"], row["share_after"]) == (455, 250 / 455, 150 / 455)
    assert row["points"] == -22.0  # 54.9 % and 33.0 %
    assert (row["facilities_before"], row["facilities_after"]) == (1, 2)


def test_zones_may_overlap_and_the_district_counts_everybody_once(village: Result) -> None:
    gained, lost = (
        {area: of(village.table, area)[f"people_{how}"] for area in ("z1", "z2")} for how in ("gaining", "losing")
    )
    assert gained == {"z1": 100, "z2": 0}
    assert lost == {"z1": 200, "z2": 200}  # C lives in both


def test_what_is_lost_to_want_of_data_is_in_doubt(village: Result) -> None:
    row = of(village.table, "village", "g10.park")
    assert row["people_after"] == 0
    assert (row["people_losing"], row["people_in_doubt"]) == (0, row["people_before"])
    assert "比较:240 人一方达标而另一方无数据,不计入增减" in village.notes


def test_after_less_before_is_gained_less_lost(village: Result) -> None:
    table = village.table[village.table["people_in_doubt"] == 0]
    change = table["people_after"] - table["people_before"]
    assert (change == table["people_gaining"] - table["people_losing"]).all()
    assert len(table) > 20
    assert (change != 0).any()


def people_of(result: Result, units: set[str]) -> float:
    people = dict(result.parts["units"]["people"])
    return sum(float(people[unit]) for unit in units)


@pytest.mark.parametrize(("area", "members"), [("village", "ABCDEFGI"), ("z1", "ABCI"), ("z2", "CDGI")])
def test_every_count_is_that_of_asking_everybody(
    sides: tuple[Result, Result], village: Result, area: str, members: str
) -> None:
    gains: dict[tuple[str, str], set[str]] = {}
    loses: dict[tuple[str, str], set[str]] = {}
    before, after = (one.parts["by_unit"].to_dict("records") for one in sides)
    for now, then in zip(before, after, strict=True):
        key, unit = (now["kind"], now["requirement"]), now["unit"]
        gain = then["covered"] and not now["covered"] and now["verdict"] != "无数据"
        loss = now["covered"] and not then["covered"] and then["verdict"] != "无数据"
        gains.setdefault(key, set()).update({unit} if gain and unit in members else ())
        loses.setdefault(key, set()).update({unit} if loss and unit in members else ())
    for key, units in gains.items():
        row = of(village.table, area, key[1])
        assert row["people_gaining"] == people_of(sides[0], units)
        assert row["people_losing"] == people_of(sides[0], loses[key])
    for kind in ("kindergarten", "park"):  # of these no one meets a requirement in another way
        gaining = {unit for key, found in gains.items() if key[0] == kind for unit in found}
        losing = {unit for key, found in loses.items() if key[0] == kind for unit in found}
        once = [gaining - losing, losing - gaining, gaining & losing]
        assert by_area(village, area, kind) == [people_of(sides[0], found) for found in once]


def test_rows_of_a_level_sum_to_the_district(village: Result) -> None:
    for column in PEOPLE:
        sums = village.table.groupby(["level", "requirement"])[column].sum()
        pd.testing.assert_series_equal(sums["township"], sums["district"])
        pd.testing.assert_series_equal(sums["community"], sums["district"])


def test_in_a_kind_and_in_all_kinds_everybody_is_counted_once(village: Result) -> None:
    assert by_area(village, "village", "public_toilet") == [100, 200, 0]
    # Toilets have a second figure, for reference, of 300 m: nobody is counted again for it.
    assert of(village.table, "village", "t.55013")["people_gaining"] == 100
    assert by_area(village, "village", "") == [100, 200, 0]
    whole = village.parts["by_area"].iloc[0]
    assert cells(village.parts["by_area"], whole.name, ["level", "title", "people_total"]) == [
        "district",
        ALL_KINDS,
        455,
    ]


def test_a_rule_that_is_met_in_another_way_is_not_lost() -> None:
    # 500 m to a park of 5,000 m2, or 300 m to one of 2,000. Y closes, which served C and I; S, of 2,500 m2, opens near both.
    layers = layers_with_plans()
    parks = {"Y": box(300, 450, 500, 500), "S": box(405, 280, 455, 330)}
    layers["layers/parks"] = layer(
        frame("park", parks, area_m2=[10_000.0, 2500.0], status=["existing", "planned"]), "park", title="公园"
    )
    given = inputs(layers)
    change = [{"layer": "layers/parks", "close": ["Y"], "open": ["S"]}]
    sides = [
        analyses.run(coverage_record(standard="city-checkup-2021", scenario=scenario), given)
        for scenario in (None, {"change": change})
    ]
    result = compared(*sides)
    assert of(result.table, "village", "pk.tj22.1")["people_losing"] == 240
    assert by_area(result, "village", "park") == [0, 0, 0]
    assert result.parts["units"].empty


def test_who_gains_one_and_loses_another_is_counted_apart() -> None:
    # T1 closes and T2 opens; a limit of 231 m: B had 230 and has 30. Kindergarten K loses both gates, but T2 serves.
    change = [{"layer": "layers/toilets", "open": ["T2"]}, {"layer": "layers/kindergartens", "close": ["K"]}]
    limits = {"public_toilet": 240.0, "kindergarten": 880.0}
    result = compared(covered(limits_m=limits), covered({"change": change}, limits_m=limits))
    assert of(result.table, "village")["people_gaining"] == 100  # A: 440, then 240
    # A walked 880 m to K; K2, whose gates are not known, is 70.7 m from A: that is no loss but a doubt.
    assert of(result.table, "village", "own.kindergarten")["people_in_doubt"] == 350
    assert by_area(result, "village", "kindergarten") == [0, 40, 0]  # D and E, to whom K2 is too far
    assert by_area(result, "village", "") == [100, 40, 0]


def test_the_units_that_change_are_drawn(sides: tuple[Result, Result], village: Result) -> None:
    units = village.parts["units"]
    assert dict(units["change"]) == {"A": "新增达标", "C": "不再达标", "I": "一方无数据"}
    assert cells(units, "A", ["people", "gained", "lost"]) == [100, "公厕", ""]
    assert units.crs == sides[0].parts["units"].crs
    assert units.geometry["A"].equals(sides[0].parts["units"].geometry["A"])


def test_each_answer_that_changes_is_listed(village: Result) -> None:
    pairs = village.parts["pairs"]
    row = pairs[(pairs["unit"] == "A") & (pairs["requirement"] == TOILETS)].iloc[0]
    assert [row[name] for name in ("change", "verdict_before", "verdict_after")] == ["新增达标", "未达标", "达标"]
    assert (row["walk_m_before"], row["walk_m_after"]) == (440.0, 240.0)
    assert (row["facility_name_before"], row["facility_name_after"]) == ("南厕", "西厕")
    assert "B" not in set(pairs["unit"])


def test_shorter_walks_are_counted_beside_the_limit(village: Result) -> None:
    row = of(village.table, "village")
    assert row["people_nearer"] == 150  # A and B
    assert row["people_farther"] == 240  # C and I


def test_who_leaves_by_another_street_is_told(village: Result) -> None:
    # C and I lived on the lane; the next street is 300 m and 155 m away.
    assert any(note.startswith("比较:2 处住宅改由另一条道路出入") for note in village.notes)


def test_the_other_way_round_gains_are_losses(sides: tuple[Result, Result], village: Result) -> None:
    back = compared(sides[1], sides[0])
    for one, other in (
        ("gaining", "losing"),
        ("before", "after"),
        ("nearer", "farther"),
        ("in_doubt", "in_doubt"),
    ):
        np.testing.assert_array_equal(village.table[f"people_{one}"], back.table[f"people_{other}"])


def test_without_a_change_there_is_no_difference(sides: tuple[Result, Result]) -> None:
    result = compared(sides[0], sides[0])
    counted = [name for name in result.table if str(name).startswith("people_")][4:]
    assert (result.table[counted] == 0).all(axis=None)
    assert len(result.parts["units"]) == len(result.parts["pairs"]) == len(result.parts["changes"]) == 0


def test_what_was_changed_is_told_and_drawn(village: Result) -> None:
    changes = village.parts["changes"]
    assert dict(zip(changes["id"], changes["change"], strict=True)) == {"T2": "投用", "lane": "不可步行"}
    assert set(changes["state"]) == {"后"}
    assert "情景:公厕:投用 1 处(西厕)" in village.notes


def test_what_one_side_alone_asks_is_named_and_left_out(sides: tuple[Result, Result]) -> None:
    result = compared(sides[0], covered(limits_m={"public_toilet": 500.0}))
    assert TOILETS not in set(result.table["requirement"])
    assert any(note.startswith("比较:只有后者判断,不作比较") for note in result.notes)


def test_other_people_are_not_compared(sides: tuple[Result, Result]) -> None:
    layers = layers_with_plans()
    homes = layers["layers/residents"].frame
    other = residents(dict(homes.geometry), list(homes["people"] + 1), list(homes["inside"]))
    after = analyses.run(coverage_record(), inputs(layers | {"layers/residents": other}))
    with pytest.raises(DeclarationError, match="does not count the same people as analyses/before"):
        compared(sides[0], after)


def test_only_coverage_is_compared(sides: tuple[Result, Result]) -> None:
    other = replace(sides[0], record=Compare(kind="compare", title="前后", before="analyses/a", after="analyses/b"))
    with pytest.raises(DeclarationError, match=r"before: names no coverage analysis .given: analyses/before .compare"):
        compared(other, sides[1])
