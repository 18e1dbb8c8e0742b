from __future__ import annotations

import re
from collections import defaultdict

import pytest

from qyp_geo.errors import MissingError
from qyp_geo.standards import TagTest, kinds, kinds_of, nearest_kind, osm_filter
from qyp_geo.standards.packaged import read_rows

CODES = {"amap_typecode": r"\d{6}", "ydyh_2023": r"\d{4,6}", "gbt21010_2017": r"\d{4}"}


@pytest.mark.parametrize(
    ("tags", "area_m2", "expected"),
    [
        # toilets and parking: only what anyone may use
        ({"amenity": "toilets", "fee": "no"}, None, ["public_toilet"]),
        ({"amenity": "toilets", "access": "customers"}, None, []),
        ({"amenity": "parking"}, 900.0, ["public_parking"]),
        ({"amenity": "parking", "access": "private"}, 900.0, []),
        ({"amenity": "parking_entrance"}, None, []),
        ({"amenity": "charging_station"}, None, ["ev_charging"]),
        # schools by level, then by name, else stage unknown
        ({"amenity": "school", "isced:level": "1"}, None, ["primary_school"]),
        ({"amenity": "school", "isced:level": "1;2"}, None, ["primary_school", "junior_school"]),
        ({"amenity": "school", "isced:level": "1-3"}, None, ["primary_school", "junior_school", "high_school"]),
        ({"amenity": "school", "isced:level": "3", "name": "某某中学"}, None, ["high_school"]),
        ({"amenity": "school", "name": "清华附小"}, None, ["primary_school"]),
        ({"amenity": "school", "name": "Qinghua Fuxiao", "name:zh": "清华附小"}, None, ["primary_school"]),
        ({"amenity": "school", "name": "中关村中学"}, None, ["junior_school"]),
        ({"amenity": "school", "name": "贵溪五中"}, None, ["junior_school"]),
        ({"amenity": "school", "name": "南昌市某某高级中学"}, None, ["high_school"]),
        ({"amenity": "school", "name": "博文九年一贯制学校"}, None, ["nine_year_school"]),
        ({"amenity": "school", "name": "诗雅艺术学校"}, None, ["school"]),
        ({"amenity": "school"}, 20_000.0, ["school"]),
        ({"amenity": "school", "name": "清华大学洁华幼儿园"}, None, ["kindergarten"]),
        ({"amenity": "kindergarten"}, None, ["kindergarten"]),
        ({"amenity": "kindergarten", "name": "阳光托育园"}, None, ["kindergarten", "nursery"]),
        ({"amenity": "university"}, None, []),
        # health by name
        ({"amenity": "hospital", "name": "京山街道社区卫生服务中心"}, None, ["health_centre"]),
        ({"amenity": "clinic", "name": "洪园社区卫生服务站"}, None, ["health_station"]),
        ({"amenity": "clinic", "name": "京山街道社区卫生服务中心洪园站"}, None, ["health_station"]),
        ({"amenity": "hospital", "name": "清华大学医院"}, None, ["hospital"]),
        ({"amenity": "doctors"}, None, ["clinic"]),
        ({"amenity": "pharmacy"}, None, ["pharmacy"]),
        # the elderly
        (
            {"amenity": "social_facility", "social_facility": "day_care", "social_facility:for": "senior"},
            None,
            ["elderly_daycare"],
        ),
        ({"amenity": "social_facility", "social_facility": "day_care", "social_facility:for": "child"}, None, []),
        ({"amenity": "social_facility", "social_facility": "nursing_home"}, None, ["elderly_home"]),
        ({"amenity": "social_facility", "name": "青云谱区社会福利院"}, None, ["elderly_home"]),
        # what a community building is, its name tells
        ({"amenity": "community_centre", "name": "洪招社区邻里中心"}, None, ["neighbourhood_centre"]),
        ({"amenity": "community_centre", "name": "某街道便民服务中心"}, None, ["community_service_centre"]),
        ({"amenity": "community_centre", "name": "洪科社区居委会"}, None, ["community_station"]),
        ({"amenity": "community_centre", "name": "青云谱区文化馆"}, None, ["culture_centre"]),
        ({"amenity": "community_centre"}, None, ["culture_station"]),
        ({"amenity": "townhall", "name": "东门街道办事处"}, None, ["subdistrict_office"]),
        ({"amenity": "townhall", "name": "贵溪市人民政府"}, None, []),
        # sports grounds by size, the bounds of each size inside it
        ({"leisure": "pitch"}, 3150.0, ["court_large"]),
        ({"leisure": "pitch"}, 3149.9, ["court_medium"]),
        ({"leisure": "pitch"}, 1310.0, ["court_medium"]),
        ({"leisure": "pitch"}, 1309.9, ["court_small"]),
        ({"leisure": "pitch"}, 770.0, ["court_small"]),
        ({"leisure": "pitch"}, 420.0, ["fitness"]),
        ({"leisure": "pitch"}, 149.9, ["sports_ground"]),
        ({"leisure": "pitch"}, None, ["sports_ground"]),
        ({"leisure": "pitch", "access": "private"}, 420.0, []),
        ({"leisure": "sports_centre"}, None, ["sports_centre"]),
        ({"leisure": "fitness_centre"}, None, ["gym"]),
        # parks by size
        ({"leisure": "park"}, 399.9, ["park"]),
        ({"leisure": "park"}, 400.0, ["pocket_park"]),
        ({"leisure": "park"}, 10_000.0, ["pocket_park"]),
        ({"leisure": "park"}, 10_000.1, ["park"]),
        ({"leisure": "park"}, None, ["park"]),
        ({"leisure": "garden"}, 1000.0, ["pocket_park"]),
        ({"leisure": "garden", "garden:type": "residential"}, 1000.0, []),
        ({"leisure": "garden"}, None, []),
        # shops and markets
        ({"shop": "convenience"}, None, ["convenience_store"]),
        ({"shop": "supermarket", "name": "永辉生鲜"}, None, ["fresh_supermarket", "supermarket"]),
        ({"amenity": "marketplace"}, None, ["wet_market"]),
        ({"amenity": "marketplace", "name": "南昌深圳农产品批发市场"}, None, ["wholesale_market"]),
        ({"landuse": "commercial"}, 50_000.0, []),
        # transport
        ({"highway": "bus_stop"}, None, ["bus_stop"]),
        ({"highway": "platform", "public_transport": "platform", "shelter": "no"}, None, ["bus_stop"]),
        ({"railway": "platform", "public_transport": "platform"}, None, []),
        ({"railway": "station", "public_transport": "stop_position", "subway": "yes"}, None, ["metro_station"]),
        ({"railway": "station"}, None, []),
        ({"railway": "subway_entrance"}, None, ["metro_station"]),
        # several values in one tag; a thing that is no facility; nothing at all
        ({"amenity": "toilets;shower"}, None, ["public_toilet"]),
        ({"amenity": "shelter"}, None, []),
        ({"landuse": "residential", "name": "洪都小区"}, 9000.0, []),
        ({}, None, []),
    ],
)
def test_kinds_of_osm_tags(tags: dict[str, str], area_m2: float | None, expected: list[str]) -> None:
    assert kinds_of(tags, area_m2) == expected


def test_every_row_of_the_crosswalk_has_its_kinds(crosswalk: list[dict[str, str]]) -> None:
    rows = read_rows("kinds.csv")
    assert len(crosswalk) == 32
    assert {row["key"] for row in crosswalk} == {row["crosswalk"] for row in rows if row["crosswalk"]}
    assert [row["crosswalk"] for row in rows if row["facility"] == "no"] == ["community", "residential"]
    assert all(row["note"] for row in rows if row["facility"] == "no"), "why it is no facility"


def test_every_code_of_the_crosswalk_is_kept(crosswalk: list[dict[str, str]]) -> None:
    kept: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in read_rows("kinds.csv"):
        for column, cells in {
            "amap_typecode": ("amap", "amap_excluded"),
            "ydyh_2023": ("ydyh_2023",),
            "gbt21010_2017": ("gbt21010_2017",),
            "gb50137_2011": ("gb50137_2011",),
        }.items():
            kept[row["crosswalk"], column] |= {code for cell in cells for code in row[cell].split("|") if code}
    for row in crosswalk:
        for column, pattern in CODES.items():
            missing = set(re.findall(pattern, row[column])) - kept[row["key"], column]
            # 141000 is named there only as unreliable.
            assert missing <= {"141000"}, (row["key"], column)
        codes = set(re.findall(r"[A-Z]\d*", row["gb50137_2011"])) - {"A33"}
        assert codes <= kept[row["key"], "gb50137_2011"], row["key"]


def test_kinds_are_complete_and_refer_to_one_another() -> None:
    known = kinds()
    order = list(known)
    for kind in known.values():
        assert kind.name_zh
        assert kind.name_en
        assert kind.served_by[0] == kind.kind
        assert set(kind.served_by) <= set(known)
        earlier = order[: order.index(kind.kind)]
        assert set(kind.unless) <= set(earlier), "what rules a kind out must be looked at before it"
        assert all(way[0].sign in {"=", "~"} and way[0].key != "name" for way in kind.osm)
        for expression in (test.value for way in kind.osm for test in way if test.sign.endswith("~")):
            re.compile(expression)
        re.compile(kind.poi_name)
        for test in (test for way in kind.osm for test in way):
            assert (test.key == "area_m2") == (test.sign[0] in "<>")
    assert len(known) == 55


def test_what_is_walled() -> None:
    walled = {kind.kind for kind in kinds().values() if kind.walled}
    assert {"kindergarten", "primary_school", "junior_school", "nine_year_school", "high_school", "school"} <= walled
    assert not walled & {"park", "pocket_park", "square", "public_toilet", "neighbourhood_centre"}


def test_what_serves_what() -> None:
    assert kinds()["park"].served_by == ("park", "pocket_park")
    assert kinds()["primary_school"].served_by == ("primary_school", "nine_year_school")
    assert kinds()["health_station"].served_by == ("health_station", "health_centre")
    assert kinds()["health_centre"].served_by == ("health_centre",)


def test_codes_are_text_with_their_zeros() -> None:
    assert kinds()["neighbourhood_centre"].ydyh_2023 == ("0702",)
    assert kinds()["ev_charging"].amap == ("011100",)
    assert kinds()["public_parking"].amap_excluded == ("150907", "150908", "150909")


def test_a_filter_can_be_read() -> None:
    assert osm_filter("public_toilet") == (
        (TagTest("amenity", "=", "toilets"), TagTest("access", "!=", "private,no,customers")),
    )
    assert osm_filter("greenway") == ()


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(MissingError, match=r"Did you mean public_toilet\?"):
        osm_filter("public_toilets")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("公厕", "Did you mean public_toilet?"),
        ("公共厕所", "Did you mean public_toilet?"),
        ("parks", "Did you mean park?"),
    ],
)
def test_a_kind_may_be_meant_by_its_chinese_name(given: str, said: str) -> None:
    assert nearest_kind(given) == said
    assert nearest_kind(given, ["streets"]) == "Allowed: streets"


@pytest.mark.parametrize(
    ("sign", "area_m2", "holds"),
    [
        (">=", 5.0, True),
        (">", 5.0, False),
        ("<=", 5.0, True),
        ("<", 5.0, False),
        (">=", None, False),
        ("<", None, False),
    ],
)
def test_areas_at_the_bound(sign: str, area_m2: float | None, holds: bool) -> None:
    assert TagTest("area_m2", sign, "5").holds({}, area_m2) == holds


def test_an_absent_tag_meets_what_is_denied() -> None:
    assert TagTest("access", "!=", "private").holds({}, None)
    assert TagTest("isced:level", "!~", ".").holds({}, None)
    assert not TagTest("access", "=", "private").holds({}, None)
    assert not TagTest("name", "~", "小学").holds({}, None)


def test_a_kind_of_one_s_own_is_known_by_its_key_and_judged_by_no_clause() -> None:
    own = kinds()["own_图书驿站"]
    assert (own.kind, own.name_zh, own.served_by, own.walled, own.osm) == (
        "own_图书驿站",
        "图书驿站",
        ("own_图书驿站",),
        False,
        (),
    )
    assert "own_" not in kinds()
    assert "own_a/b" not in kinds()
    assert "own_图书驿站" not in set(kinds()), "iteration goes over the table alone"
