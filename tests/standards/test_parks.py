from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from qyp_geo.standards import (
    ParkRule,
    Reach,
    green_per_head_rules,
    load_profile,
    park_rules,
    pocket_park_rule,
)

HISTORIC = "历史街区"


def by_id(folder: Path | None = None) -> dict[str, ParkRule]:
    found = park_rules(folder)
    rules = {rule.id: rule for rule in found}
    assert len(rules) == len(found)
    return rules


def sizes(rule: ParkRule) -> list[tuple[float | None, float | None, float]]:
    return [(reach.min_area_m2, reach.max_area_m2, reach.limit_m) for reach in rule.reaches]


def test_the_rules_that_contradict_each_other_are_records_apart() -> None:
    assert {rule.id: sizes(rule) for rule in park_rules()} == {
        "pk.tj22": [(5000, None, 500), (2000, 5000, 300)],
        "pk.yl22": [(5000, None, 500), (400, 5000, 300)],
        "g15.park": [(50_000, None, 1000)],
        "g10.park": [(10_000, None, 500)],
        "g5.park": [(4000, None, 300)],
        "pk.55014": [],
        "pk.50563": [],
        "pk.500": [(None, None, 500)],
    }
    assert {rule.denominator for rule in park_rules()} == {"居住用地"}


def test_four_parks_are_served_differently_by_each_rule() -> None:
    rules = by_id()
    found = {
        id_: [rules[id_].radius_m(area_m2=area_m2, width_m=40) for area_m2 in (450, 1500, 3000, 6000)]
        for id_ in ("pk.500", "pk.tj22", "pk.yl22", "g5.park")
    }
    assert found == {
        "pk.500": [500, 500, 500, 500],
        "pk.tj22": [None, None, 300, 500],
        "pk.yl22": [300, 300, 300, 500],
        "g5.park": [None, None, None, 300],
    }


@pytest.mark.parametrize(
    ("rule", "area_m2", "radius_m"),
    [
        ("pk.tj22", 1999.99, None),
        ("pk.tj22", 2000, 300),
        ("pk.tj22", 4999.99, 300),
        ("pk.tj22", 5000, 500),
        ("pk.yl22", 399.99, None),
        ("pk.yl22", 400, 300),
        ("pk.yl22", 5000, 500),
        ("pk.500", 0, 500),
    ],
)
def test_bounds_of_size_are_inclusive_and_the_wider_radius_wins(
    rule: str, area_m2: float, radius_m: float | None
) -> None:
    assert by_id()[rule].radius_m(area_m2=area_m2) == radius_m


def test_the_greatest_size_of_a_reach_belongs_to_it() -> None:
    small = Reach(300, None, False, 400, 5000)
    assert [small.takes(area_m2) for area_m2 in (399, 400, 5000, 5000.1)] == [False, True, True, False]
    assert Reach(500, None, False, None, None).takes(0)


@pytest.mark.parametrize(("width_m", "radius_m"), [(None, None), (29.99, None), (30, 300), (200, 300)])
def test_a_park_too_narrow_or_of_unknown_width_does_not_count(width_m: float | None, radius_m: float | None) -> None:
    assert by_id()["g5.park"].radius_m(area_m2=4000, width_m=width_m) == radius_m


def test_circles_ask_for_size_and_width_and_show_the_stricter_walk_beside() -> None:
    rules = by_id()
    found = {
        id_: (rules[id_].min_width_m, rules[id_].reaches[0].beside_m) for id_ in ("g15.park", "g10.park", "g5.park")
    }
    assert found == {"g15.park": (80, 800), "g10.park": (50, None), "g5.park": (30, None)}
    assert (rules["g5.park"].circle, rules["g5.park"].strength, rules["g5.park"].effect) == ("5", "应/原则", "warn")
    assert rules["g5.park"].label() == "GB 50180-2018 表4.0.4(面积)、表3.0.4(步行距离)（未核）"


def test_historic_quarters_have_a_size_of_their_own() -> None:
    rule = by_id()["pk.yl22"]
    assert dict(rule.place_reaches) == {HISTORIC: (Reach(300, None, False, 1000, None),)}
    assert [rule.radius_m(area_m2=area_m2, place=HISTORIC) for area_m2 in (400, 999, 1000, 6000)] == [
        None,
        None,
        300,
        300,
    ]
    assert by_id()["pk.tj22"].radius_m(area_m2=5000, place=HISTORIC) == 500, "it makes no difference there"


def test_targets_hold_where_the_clause_says() -> None:
    found = {
        rule.id: [(one.place, round(one.share, 9), one.strict) for one in rule.targets]
        for rule in park_rules()
        if rule.targets
    }
    assert found == {
        "pk.500": [("", 0.9, True), ("新区", 1, False), ("旧城", 0.8, False)],
        "pk.yl22": [("", 0.85, False)],
        "pk.55014": [("", 0.8, True)],
    }
    garden, mandatory = by_id()["pk.yl22"].target, by_id()["pk.55014"].target
    assert garden is not None
    assert mandatory is not None
    assert [garden.met(share) for share in (0.8499, 0.85, 1.0)] == [False, True, True]
    assert [mandatory.met(share) for share in (0.8, 0.8001)] == [False, True], "应大于 is more than"
    assert by_id()["pk.tj22"].target is None


def test_what_cannot_be_computed_says_why() -> None:
    assert {rule.id: rule.not_computable for rule in park_rules() if rule.not_computable} == {
        "pk.55014": "条文没有给出服务半径",
        "pk.50563": "“I级80/II级70/III级60”读不出可比较的数值",
    }
    mandatory = by_id()["pk.55014"]
    assert (mandatory.title_zh, mandatory.label(), mandatory.effect) == (
        "公园绿地服务半径覆盖率",
        "GB 55014-2021 2.1.3",
        "fail",
    )
    assert mandatory.radius_m(area_m2=50_000, width_m=100) is None


def test_squares_count_only_where_the_rule_names_them() -> None:
    assert {rule.id for rule in park_rules() if "square" in rule.kinds} == {"pk.500"}
    assert all({"park", "pocket_park"} <= set(rule.kinds) for rule in park_rules())


def test_every_figure_is_that_of_the_rules_row() -> None:
    changed = by_id()
    for id_ in ("pk.tj22", "pk.yl22"):
        row = load_profile(changed[id_].profile).rules[id_]
        assert changed[id_].reaches == row.reaches
        assert (changed[id_].source, changed[id_].strength, changed[id_].verified) == (
            row.source,
            row.strength,
            row.verified,
        )
    assert "500m 服务半径" in load_profile("gbt51346-2019").rules["pk.500"].name_zh


def test_a_district_adds_its_own_rule_and_lifts_the_mark(tmp_path: Path) -> None:
    (tmp_path / "garden.toml").write_text(
        'title = "本市"\nextends = "garden-city-2022"\n'
        '[[rule]]\nid = "pk.yl22"\nvalue = ">=600m2→400;达标>=90%"\n'
        '[[rule]]\nid = "my.coverage"\nname_zh = "公园 300m 服务半径覆盖率"\nmetric = "coverage"\nunit = "%"\nkind = "park"\n'
        '[[rule]]\nid = "my.size"\nname_zh = "公园"\nmetric = "min_park"\nvalue = "1"\nunit = "hm2"\nkind = "park"\n',
        encoding="utf-8",
    )
    (tmp_path / "verified.csv").write_text(
        "rule,edition,clause,page,checked_by,date\npk.tj22,城市体检2021(65项),65项指标表,3,张三,2026-01-15\n",
        encoding="utf-8",
    )
    found = {(rule.profile, rule.id): rule for rule in park_rules(tmp_path)}
    assert len(found) == len(park_rules()) + 3
    assert sizes(found["garden", "pk.yl22"]) == [(600, None, 400)]
    assert sizes(found["garden-city-2022", "pk.yl22"]) == sizes(by_id()["pk.yl22"])
    assert found["garden", "my.coverage"].not_computable == "待填"
    assert found["garden", "my.size"].not_computable == "所在圈层没有步行距离"
    assert found["city-checkup-2021", "pk.tj22"].verified
    assert not by_id()["pk.tj22"].verified


def test_land_per_head() -> None:
    found = {rule.id: (rule.title_zh, rule.circle, rule.minimum_m2, rule.strict) for rule in green_per_head_rules()}
    assert found == {
        "g15.pc": ("15min 人均公共绿地", "15", 2, False),
        "g10.pc": ("10min 人均公共绿地", "10", 1, False),
        "g5.pc": ("5min 人均公共绿地", "5", 1, False),
        "pk.55014": ("人均公园绿地", "-", 8, True),
        "pk.55014b.1": ("人均综合公园", "-", 3, True),
        "pk.55014b.2": ("人均社区公园", "-", 3, True),
    }
    rules = {rule.id: rule for rule in green_per_head_rules()}
    assert [rules["g5.pc"].met(1.0), rules["pk.55014"].met(8.0), rules["pk.55014"].met(8.01)] == [True, False, True]
    assert rules["pk.55014"].label() == "GB 55014-2021 2.1.3"


def test_a_pocket_park_has_400_to_10000_square_metres() -> None:
    rule = pocket_park_rule()
    assert [rule.holds(area_m2) for area_m2 in (399.9, 400, 10_000, 10_000.1)] == [False, True, True, False]
    assert asdict(rule) == {
        "id": "pocket",
        "profile": "pocket-park-2024",
        "title_zh": "口袋公园",
        "source": "口袋公园建设指南(试行)2024 第二条",
        "strength": "一般",
        "effect": "inform",
        "verified": True,
        "applies_to": "",
        "minimum_m2": 400,
        "maximum_m2": 10_000,
    }
