"""The village by radius, near the limit, at other limits, and at the edge of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.standing import DOOR
from qyp_geo.frames import LayerData, Result
from tests.analyses.test_coverage import INSIDE, of_area, of_units
from tests.analyses.village import box, coverage_record, frame, inputs, layer, point, residents, village_layers

TOILETS, KINDERGARTENS, PARKS = "own.public_toilet", "f5.kg", "g10.park"


def covered(layers: dict[str, LayerData] | None = None, **more: Any) -> Result:
    return analyses.run(coverage_record(**more), inputs(layers or village_layers()))


@pytest.fixture(scope="module")
def village() -> Result:
    return covered()


def test_the_radius_is_straight_from_the_point_to_the_facility(village: Result) -> None:
    radius_m = of_units(village, TOILETS, "radius_m")
    by_hand = {"A": (400, 40), "B": (200, 30), "C": (100, 310), "D": (500, 310), "E": (890, 20), "F": (400, 480),
               "G": (200, 310), "I": (100, 455)}  # fmt: skip
    assert radius_m == {name: round(float(np.hypot(*way)), 3) for name, way in by_hand.items()}
    assert of_units(village, PARKS, "radius_m")["I"] == 5.0
    within = of_units(village, TOILETS, "within_radius")
    assert within == {name: name in "ABCG" for name in INSIDE}


def test_a_radius_of_exactly_the_limit_is_within() -> None:
    layers = village_layers()
    layers["layers/residents"] = residents({"X": point(500, 290), "Y": point(500, 290.001)}, [1.0, 1.0])
    at_limit = covered(layers, limits_m={"public_toilet": 300.0})
    assert of_units(at_limit, TOILETS, "within_radius") == {"X": True, "Y": False}


def test_the_radius_needs_no_gates(village: Result) -> None:
    # K2 is walled and no gate of it is known.
    assert of_units(village, KINDERGARTENS, "radius_m")["A"] == round(float(np.hypot(10, 70)), 3)
    assert not of_units(village, KINDERGARTENS, "covered")["A"]


def test_both_measures_stand_in_the_table_under_their_own_names(village: Result) -> None:
    row = of_area(village, TOILETS, "village")
    assert (row["people_covered"], row["people_within_radius"]) == (250, 370)
    assert row["radius_share"] == 370 / 455
    assert np.isnan(of_area(village, "f10.primary", "village")["radius_share"])
    assert np.isnan(of_units(village, "f10.primary", "radius_m")["A"])
    assert any("规范口径" in note and "步行口径" in note for note in village.notes)


def test_people_near_the_limit_are_critical_on_both_sides_and_at_five_per_cent() -> None:
    # C (200 people) walks 410 m, within 5 % of 390.48 ... 431.578; A (100 people) 440 m, within 5 % of 419.05 ... 463.15.
    for limit_m, critical in ((390.0, 0), (400.0, 200), (419.0, 200), (420.0, 300), (431.578, 300), (431.58, 100)):
        row = of_area(covered(limits_m={"public_toilet": limit_m}), TOILETS, "village")
        assert row["people_critical"] == critical, limit_m


def test_the_share_at_other_limits_stands_in_one_table(village: Result) -> None:
    table = village.parts["sensitivity"]
    row = table[(table["area"] == "village") & (table["title"] == "公厕")].iloc[0]
    assert [row[f"people_share_{metres}"] * 455 for metres in (300, 500, 800, 1000)] == pytest.approx(
        [50, 350, 390, 430]
    )
    parks = table[(table["area"] == "village") & (table["kind"] == "park")]
    assert parks["title"].tolist() == ["公园(≥50000㎡)", "公园(≥10000㎡)"]  # as many as count different parks
    assert parks["people_share_1000"].tolist() == pytest.approx([0, (100 + 50 + 200 + 30 + 40) / 455])
    without = table[(table["area"] == "village") & (table["kind"] == "primary_school")].iloc[0]
    assert np.isnan(without["people_share_1000"])


def test_whose_limit_leaves_the_data_is_uncertain_if_unserved(village: Result) -> None:
    # No toilet lies outside the district, so the data end at its boundary: 410 m from it are all but C, G, I.
    uncertain = of_units(village, TOILETS, "uncertain")
    assert uncertain == {name: name in "ADEF" for name in INSIDE} | {"B": False, "G": True, "I": True}
    assert of_area(village, TOILETS, "village")["people_uncertain"] == 205
    layers = village_layers()
    outside = {"T1": point(500, -10), "T9": point(3000, 0)}
    layers["layers/toilets"] = layer(frame("public_toilet", outside), "public_toilet")
    with_margin = covered(layers)  # data go on for 1,000 m
    assert not any(of_units(with_margin, TOILETS, "uncertain").values())
    narrow = inputs(layers)
    narrow = replace(narrow, district=narrow.district.model_copy(update={"margin_m": 340.0}))
    result = analyses.run(coverage_record(), narrow)
    # E lies 60 m from the boundary and 400 m from the edge of the margin, D 400 and 740, F 60 and 400.
    assert {name for name, told in of_units(result, TOILETS, "uncertain").items() if told} == {"E", "F"}


def test_without_estates_every_walk_begins_at_the_door(village: Result) -> None:
    assert set(village.parts["by_unit"]["start"]) == set(village.table["start"][village.table["people_total"] > 0])
    assert set(village.parts["by_unit"]["start"]) == {DOOR}
    assert village.parts["by_unit"]["walk_from_gate_m"].isna().all()
    assert village.parts["units"]["estate"].eq("").all()


def test_doubtful_ways_to_the_street_are_listed_with_people(village: Result) -> None:
    legs = village.parts["legs"]
    assert legs.to_numpy().tolist() == [
        ["G", 20.0, 300.0, "距可步行道路超过 200 米,按不可达计,仍在分母中"],
        ["F", 5.0, 10.0, "所在道路与主路网不连通,仍在分母中"],
    ]
    layers = village_layers()
    layers["layers/residents"] = residents({"X": point(200, 50), "Y": point(200, 50.001)}, [1.0, 2.0])
    assert covered(layers).parts["legs"]["unit"].tolist() == ["Y"]


def test_without_land_use_no_land_share_is_given(village: Result) -> None:
    assert "用地覆盖率不可计算:未声明用地图层" in village.notes


def test_the_land_share_is_of_residential_land_within_the_district_and_straight() -> None:
    layers = village_layers()
    parcels = {
        "near": box(490, -20, 510, 0),
        "again": box(490, -20, 500, 0),
        "far": box(1300, 100, 1340, 140),
        "shop": box(600, 0, 700, 100),
        "half outside": box(1440, 0, 1460, 10),
    }
    residential = [True, True, True, False, True]
    layers["layers/landuse"] = layer(frame("landuse", parcels, residential=residential), "landuse")
    result = covered(layers, landuse="layers/landuse")
    land = result.parts["land"].set_index("requirement")
    assert land["land_within_radius_m2"][TOILETS] == pytest.approx(400)
    assert land["land_total_m2"][TOILETS] == pytest.approx(2100)
    assert land["land_share"][TOILETS] == pytest.approx(400 / 2100)
    assert "f10.primary" not in land.index
    assert not any("用地覆盖率不可计算" in note for note in result.notes)
