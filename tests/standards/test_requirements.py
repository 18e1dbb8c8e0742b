from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from qyp_geo.errors import DeclarationError, MissingError
from qyp_geo.standards import Requirement, kinds, load_profile, requirement_sets, requirements

# id, kind, limit, beside, effect, counted: what GB 50180-2018 asks of a living circle, written down by hand.
GB50180 = [
    ("g15.park", "park", 1000, 800, "warn", True),
    ("g10.park", "park", 500, None, "warn", True),
    ("g5.park", "park", 300, None, "warn", True),
    ("f15.junior", "junior_school", 1000, 800, "warn", True),
    ("f10.primary", "primary_school", 500, None, "warn", True),
    ("f15.gym", "sports_centre", 1000, 800, "warn", False),
    ("f15.court_l", "court_large", 1000, 800, "warn", True),
    ("f10.court_m", "court_medium", 500, None, "warn", True),
    ("f15.chc", "health_centre", 1000, 800, "warn", True),
    ("f15.clinic", "clinic", 1000, 800, "warn", True),
    ("f15.culture", "culture_centre", 1000, 800, "warn", True),
    ("f15.csc", "community_service_centre", 1000, 800, "warn", True),
    ("f15.subd", "subdistrict_office", 1000, 800, "warn", True),
    ("f15.police", "police_station", 800, None, "warn", False),
    ("f10.mall", "mall", 500, None, "warn", True),
    ("f10.market", "wet_market", 500, None, "warn", True),
    ("f10.fit", "gym", 1000, 800, "warn", False),
    ("f15.metro", "metro_station", 800, None, "warn", False),
    ("f10.bus", "bus_stop", 500, None, "warn", True),
    ("f5.station", "community_station", 300, None, "warn", True),
    ("f5.culture", "culture_station", 500, None, "warn", True),
    ("f5.court_s", "court_small", 300, None, "warn", True),
    ("f5.fit", "fitness", 300, None, "warn", True),
    ("f5.kg", "kindergarten", 300, None, "warn", True),
    ("f5.nursery", "nursery", 300, None, "warn", False),
    ("f5.daycare", "elderly_daycare", 300, None, "warn", True),
    ("f5.chs", "health_station", 300, None, "warn", False),
    ("f5.shop", "community_shop", 300, None, "warn", True),
    ("f5.waste", "waste_collection", 400, None, "warn", True),
    ("t.55013", "public_toilet", 300, None, "inform", False),
    ("p.rad", "public_parking", 300, None, "inform", False),
    ("own.neighbourhood_centre", "neighbourhood_centre", 500, None, "warn", True),
]


def asked(profile: str = "gb50180-2018", **given: Any) -> dict[str, Requirement]:
    found = requirements(load_profile(profile), **given)
    by_id = {one.id: one for one in found}
    assert len(by_id) == len(found), "ids are distinct"
    return by_id


def test_what_gb50180_asks_of_a_living_circle() -> None:
    found = asked().values()
    assert [(one.id, one.kind, one.limit_m, one.beside_m, one.effect, one.counted) for one in found] == GB50180


def test_every_requirement_cites_its_source() -> None:
    for one in asked().values():
        assert one.kind in kinds()
        assert one.served_by[0] == one.kind
        assert one.title_zh.startswith(kinds()[one.kind].name_zh)
        assert (one.source == "自定口径") == (not one.rule)
        assert one.group == one.id
        assert not one.strict


def test_labels_carry_the_mark() -> None:
    found = asked()
    assert found["f5.kg"].label() == "GB 50180-2018 表C.0.2（未核）"
    assert found["t.55013"].label() == "GB 55013-2021 5.0.1"
    assert found["own.neighbourhood_centre"].label() == "自定口径"
    assert found["own.neighbourhood_centre"].note == "各标准均未给邻里中心半径;500 米为自定口径"


def test_toilets_and_parking_are_references_for_residents() -> None:
    toilets, parking = asked()["t.55013"], asked()["p.rad"]
    assert toilets.title_zh == "公厕300米步行可达率(参考)"
    assert toilets.applies_to == "城镇各类工作场所及人流聚集的公共场所"
    assert parking.title_zh == "公共停车场300米步行可达率(参考)"
    assert (toilets.reference, toilets.effect, parking.reference, parking.effect) == (True, "inform", True, "inform")
    # In its own standard the parking rule is a verdict like any other.
    assert asked("gbt51149-2016")["p.rad"].effect == "fail"
    assert asked("gb55013-2021")["t.55013"].reference


CROWDED = "人流聚集的公共场所"


@pytest.mark.parametrize("profile", ["gb55013-2021", "gb50180-2018"])
def test_the_toilet_rule_is_a_verdict_in_crowded_public_places_alone(profile: str) -> None:
    homes, crowded = asked(profile)["t.55013"], asked(profile, place=CROWDED)["t.55013"]
    assert (homes.effect, homes.reference, homes.counted) == ("inform", True, False)
    assert homes.title_zh == "公厕300米步行可达率(参考)"
    assert (crowded.effect, crowded.reference, crowded.counted) == ("fail", False, True)
    assert crowded.title_zh == "公厕300米步行可达率"
    assert crowded.limit_m == homes.limit_m
    assert asked(profile, place="居住用地")["t.55013"] == homes, "a place that the rule does not name"


def test_a_place_changes_nothing_for_rules_that_bind_everywhere() -> None:
    homes, crowded = asked(), asked(place=CROWDED)
    assert {id_ for id_, one in homes.items() if crowded[id_] != one} == {"t.55013"}


def test_parks_have_a_size_and_the_distance_of_their_circle() -> None:
    sizes = {id_: (one.min_area_m2, one.min_width_m, one.limit_m) for id_, one in asked().items() if one.kind == "park"}
    assert sizes == {
        "g15.park": (50_000, 80, 1000),
        "g10.park": (10_000, 50, 500),
        "g5.park": (4000, 30, 300),
    }
    park = asked()["g5.park"]
    assert park.served_by == ("park", "pocket_park")
    assert (park.strength, park.clause) == ("应/原则", "表4.0.4、表3.0.4")
    assert park.source == "GB 50180-2018 表4.0.4(面积)、表3.0.4(步行距离)"
    assert park.title_zh == "公园(≥4000㎡)300米步行可达率"


def test_sizes_with_a_distance_each_are_alternatives() -> None:
    found = asked("city-checkup-2021")
    big, small = found["pk.tj22.1"], found["pk.tj22.2"]
    assert (big.limit_m, big.min_area_m2, big.max_area_m2) == (500, 5000, None)
    assert (small.limit_m, small.min_area_m2, small.max_area_m2) == (300, 2000, 5000)
    assert big.group == small.group == "pk.tj22"
    assert small.title_zh == "公园(2000-5000㎡)300米步行可达率"


def test_figures_with_other_conditions_are_named_as_left_out() -> None:
    found = asked("garden-city-2022")
    assert list(found) == ["pk.yl22.1", "pk.yl22.2"]
    assert "(历史街区、达标)不参与判定" in found["pk.yl22.1"].note


def test_the_four_park_rules_tell_four_parks_apart() -> None:
    def counting(profile: str, area_m2: float) -> list[float]:
        parks = [one for one in asked(profile).values() if one.kind == "park"]
        return [
            one.limit_m
            for one in parks
            if (one.min_area_m2 or 0) <= area_m2 and (one.max_area_m2 is None or area_m2 <= one.max_area_m2)
        ]

    by_profile = {
        profile: [counting(profile, area_m2) for area_m2 in (450, 1500, 3000, 6000)]
        for profile in ("gb50180-2018", "city-checkup-2021", "garden-city-2022")
    }
    assert by_profile == {
        "gb50180-2018": [[], [], [], [300]],
        "city-checkup-2021": [[], [], [300], [500]],
        "garden-city-2022": [[300], [300], [300], [500]],
    }


@pytest.mark.parametrize(("profile", "expected"), [("cjj14-2016", True), ("gb55013-2021", False)])
def test_less_than_is_told_from_at_most(profile: str, expected: bool) -> None:
    assert [one.strict for one in asked(profile).values()] == [expected]


def test_circles_are_judged_apart_and_do_not_include_each_other() -> None:
    fifteen, ten, five = (set(asked(circles=[one])) for one in ("15", "10", "5"))
    assert "f5.kg" not in fifteen | ten
    assert "f15.junior" not in ten | five
    assert fifteen & ten == {
        "f10.mall",
        "f10.fit",
        "f15.metro",
        "f10.bus",
        "p.rad",
        "own.neighbourhood_centre",
    }
    assert fifteen | ten | five == set(asked())
    assert set(asked(circles=["街坊"])) == {"fb.waste", "fb.park"}
    assert asked()["f10.bus"].sets == ("15", "10")
    assert asked(circles=["街坊"])["fb.waste"].effect == "fail"


def test_a_standard_without_circles_is_taken_whole() -> None:
    assert set(asked("gb50099-2011", circles=["10"])) == {"sch.p", "sch.j"}
    assert asked("gb50099-2011", circles=[]) == {}


def test_a_standard_without_radii_asks_nothing() -> None:
    assert asked("pocket-park-2024") == {}


def test_the_plans_circles() -> None:
    culture = asked(circles=(), sets=["culture"])
    assert {id_: one.limit_m for id_, one in culture.items()} == {"f15.culture": 1000, "f5.culture": 500}
    fitness = asked(circles=(), sets=["fitness"])
    assert {id_: one.limit_m for id_, one in fitness.items()} == {
        "f15.court_l": 1000,
        "f10.court_m": 500,
        "f5.court_s": 300,
        "f5.fit": 300,
    }
    assert set(asked(circles=(), sets=["life"])) == set(asked())
    assert asked(sets=["culture", "life"])["f15.culture"].sets == ("15", "culture", "life")


def test_the_plans_circles_take_gb50180_where_the_profile_has_nothing() -> None:
    found = asked("gb50099-2011", sets=["culture"])
    assert {id_: one.sets for id_, one in found.items() if one.kind.startswith("culture")} == {
        "f15.culture": ("culture",),
        "f5.culture": ("culture",),
    }
    assert found["sch.p"].sets == ("15", "10", "5")


def test_the_plans_circles_quote_the_plan(shared_standards: Path) -> None:
    facts = json.loads((shared_standards.parent / "plan" / "plan_facts.json").read_text(encoding="utf-8"))
    quotes = {fact["quote"]: fact["line"] for fact in facts}
    plans = [one for one in requirement_sets().values() if one.quote]
    assert [one.id for one in plans] == ["culture", "fitness", "life"]
    for one in plans:
        assert quotes[one.quote] == one.line
        assert one.note.startswith("纲要未定义,采用")
        assert one.chapter


def test_own_limits_stand_beside_the_clauses() -> None:
    found = asked(own_limits_m={"neighbourhood_centre": 800, "primary_school": 400.0, "hospital": 4000})
    assert found["f10.primary"].limit_m == 500
    assert found["own.primary_school"].limit_m == 400
    assert found["own.primary_school"].source == "自定口径"
    assert found["own.hospital"].title_zh == "医院4000米步行可达率"
    assert found["own.neighbourhood_centre"].limit_m == 800, "ours is only a default"
    assert found["own.neighbourhood_centre"].sets == ("15", "10", "5")


def test_a_local_rule_replaces_what_stood_in(tmp_path: Path) -> None:
    (tmp_path / "xihu.toml").write_text(
        """
        title = "西湖区"
        extends = "gb50180-2018"
        [[rule]]
        id = "xh.nc"
        name_zh = "邻里中心"
        metric = "service_radius"
        value = "600"
        unit = "m"
        strength = "宜"
        circle = "5-10"
        kind = "neighbourhood_centre"
        [[rule]]
        id = "f5.toilet"
        value = "500"
        strength = "不应大于"
        [[rule]]
        id = "g5.park"
        value = "3000 / 宽20"
        unit = "m2 / m"
        """,
        encoding="utf-8",
    )
    found = {one.id: one for one in requirements(load_profile("xihu", tmp_path))}
    assert "own.neighbourhood_centre" not in found
    assert "t.55013" not in found
    assert found["p.rad"].reference
    assert (found["xh.nc"].limit_m, found["xh.nc"].sets, found["xh.nc"].label()) == (600, ("10", "5"), "西湖区（未核）")
    assert (found["f5.toilet"].limit_m, found["f5.toilet"].effect) == (500, "fail")
    assert (found["g5.park"].min_area_m2, found["g5.park"].min_width_m) == (3000, 20)


def test_a_verified_rule_loses_the_mark_only_when_all_it_rests_on_is_verified(tmp_path: Path) -> None:
    lines = ["rule,edition,clause,page,checked_by,date", "g5.park,gb50180-2018,表4.0.4,20,张三,2026-01-15"]
    (tmp_path / "verified.csv").write_text("\n".join(lines), encoding="utf-8")
    assert not {one.id: one for one in requirements(load_profile("gb50180-2018", tmp_path))}["g5.park"].verified
    lines.append("t5.walk,gb50180-2018,表3.0.4,15,张三,2026-01-15")
    (tmp_path / "verified.csv").write_text("\n".join(lines), encoding="utf-8")
    assert {one.id: one for one in requirements(load_profile("gb50180-2018", tmp_path))}["g5.park"].verified


def test_what_does_not_exist_is_named() -> None:
    with pytest.raises(MissingError, match="no circle is called '20'"):
        asked(circles=["20"])
    with pytest.raises(MissingError, match=r"no set of requirements is called 'cultur'. Did you mean culture\?"):
        asked(sets=["cultur"])


def test_every_wrong_limit_is_named_at_once() -> None:
    limits = {"libary": 500, "museum": -1, "hospital": math.inf, "park": math.nan, "gym": True, "mall": "500"}
    with pytest.raises(DeclarationError) as caught:
        asked(own_limits_m=limits)
    said = str(caught.value)
    assert len(caught.value.problems) == 6
    assert "libary: no facility kind is called so. Did you mean library?" in said
    assert "museum: is no distance (given: -1)" in said
    assert "mall: is no distance (given: '500')" in said
