"""Supply and demand in the village, by hand.

Walks to K (`tests.analyses.village`): A 880, B 670, C 850, D 290, E 490, I 995, and H, who lives outside the district,
20 + 880 + 20 = 920 m; F and G reach nothing.
Within 920 m live A 100 + B 50 + C 200 + D 30 + E 10 + H 1000 = 1390 people; without H 390.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.catchment import Catchment, check_catchment
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.errors import DataError, DeclarationError
from qyp_geo.frames import LayerData, Result
from qyp_geo.records import make_record
from qyp_geo.standards import load_profile
from qyp_geo.tables import headings
from tests.analyses.village import (
    HOMES,
    box,
    coverage_record,
    frame,
    inputs,
    layer,
    point,
    residents,
    village_layers,
    walled_layers,
    walled_record,
)

NOWHERE = Path("no-such-folder")
SEATS = {"id": "seats", "of": "kindergarten", "unit": "座", "limit_m": 920.0, "need_per_head": 0.1}


def kindergartens(features: Mapping[str, Any] | None = None, **columns: list[Any]) -> LayerData:
    features = features or {"K": box(900, 20, 960, 80)}
    content = frame("kindergarten", features, **({"capacity": [139.0] * len(features)} | columns))
    return layer(content, "kindergarten", gates="layers/gates", title="幼儿园")


def with_seats(features: Mapping[str, Any] | None = None, **columns: list[Any]) -> dict[str, LayerData]:
    return village_layers() | {"layers/kindergartens": kindergartens(features, **columns)}


def without_h(layers: dict[str, LayerData]) -> dict[str, LayerData]:
    homes = layers["layers/residents"]
    return layers | {"layers/residents": layer(homes.frame.drop(index="H"), "residents")}


def record(*supplies: dict[str, Any], **more: Any) -> Catchment:
    asked = {"kind": "catchment", "title": "供需", "coverage": "analyses/coverage", "supply": list(supplies)}
    return Catchment.model_validate(asked | more)


def balance_of(layers: dict[str, LayerData], *supplies: dict[str, Any], **more: Any) -> Result:
    covered = analyses.run(coverage_record(), inputs(layers))
    return analyses.run(record(*supplies, **more), inputs(layers, coverage=covered))


def by_home(result: Result, column: str, supply: str = "seats") -> dict[str, Any]:
    units = result.parts["units"]
    rows = units[units["supply"] == supply]
    return dict(zip(rows["unit"], rows[column], strict=True))


def district(result: Result, *columns: str, row: int = 0) -> list[Any]:
    return result.table[list(columns)].iloc[row].tolist()


def test_seats_are_shared_by_all_who_reach_them_and_those_beyond_the_district_are_not_reported() -> None:
    result = balance_of(with_seats(), SEATS)
    assert by_home(result, "per_head") == pytest.approx(
        dict.fromkeys("ABCDE", 0.1) | dict.fromkeys("FGI", 0.0), abs=1e-15
    )
    assert district(result, "people_demand", "supply_reached", "needed", "shortage") == pytest.approx(
        [455.0, 39.0, 45.5, 6.5]
    )
    assert district(result, "per_head") == pytest.approx([39 / 455])
    assert district(result, "people_short", "people_unreached", "people_no_data") == [65.0, 65.0, 0.0]
    assert district(result, "facilities", "facilities_unknown", "supply_total", "supply_unused") == [1, 0, 139.0, 0.0]


def test_a_walk_of_exactly_the_limit_competes() -> None:
    at_919 = balance_of(with_seats(), SEATS | {"limit_m": 919.999})
    assert by_home(at_919, "per_head")["A"] == pytest.approx(139 / 390, abs=1e-15)
    assert by_home(balance_of(with_seats(), SEATS), "per_head")["A"] == pytest.approx(139 / 1390, abs=1e-15)


def test_just_enough_is_enough_and_who_has_too_little_lacks_the_rest() -> None:
    result = balance_of(with_seats(), SEATS)
    assert by_home(result, "verdict") == dict.fromkeys("ABCDE", MET) | dict.fromkeys("FGI", UNMET)
    assert by_home(result, "shortage") == pytest.approx(dict.fromkeys("ABCDE", 0.0) | {"F": 0.5, "G": 2.0, "I": 4.0})
    more = balance_of(with_seats(), SEATS | {"need_per_head": 0.25})
    assert by_home(more, "shortage")["C"] == pytest.approx(200 * 0.15)
    assert by_home(more, "verdict")["C"] == UNMET


def test_no_home_has_what_another_has_too_much() -> None:
    # 1,390 seats are one for each head; what A has beyond 0.1 does not help I.
    result = balance_of(with_seats(capacity=[1390.0]), SEATS)
    assert district(result, "total_verdict", "verdict", "shortage") == [MET, UNMET, pytest.approx(6.5)]
    assert district(result, "people_short") == [65.0]


def test_an_area_where_all_have_enough_has_enough() -> None:
    areas = balance_of(with_seats(), SEATS).parts["areas"].set_index("area")
    # A 100, B 50, C 200, F 5 and I 40 live in the west; A and B with F in its first community, C and I in its second.
    assert areas["verdict"].to_dict() == dict.fromkeys(
        ["village", "w", "e", "w1", "w2", "e1", "z1", "z2", "区外"], UNMET
    )
    near = balance_of(with_seats(), SEATS | {"need_per_head": 0.09}).parts["areas"].set_index("area")
    assert near["per_head"].to_dict()["w1"] == pytest.approx(15 / 155)
    assert near["total_verdict"].to_dict()["w1"] == MET
    assert near["verdict"].to_dict()["w1"] == UNMET  # F has none
    assert near["total_verdict"].to_dict()["w"] == UNMET  # 35 seats for 395


def test_units_of_a_level_sum_to_the_district() -> None:
    areas = balance_of(with_seats(), SEATS).parts["areas"]
    columns = ["people_demand", "supply_reached", "needed", "shortage", "people_short", "people_unreached"]
    whole = areas[areas["level"] == "district"][columns].sum()
    for level in ("township", "community"):
        assert areas[areas["level"] == level][columns].sum().to_list() == pytest.approx(whole.to_list())
    zones = areas[areas["level"] == "zone"]
    assert zones["area"].tolist() == ["z1", "z2", "区外"]
    assert zones.geometry.area.round().tolist() == [500 * 750, 750 * 750, 1500 * 1250 - 1150 * 750]


def test_demand_gets_all_the_supply_of_whatever_serves_anyone() -> None:
    places = {"K": box(900, 20, 960, 80), "north": point(400, 590), "nowhere": point(700, -300)}
    result = balance_of(
        with_seats(places, capacity=[100.0, 30.0, 7.0]), SEATS, SEATS | {"id": "far", "method": "kernel"}
    )
    facilities = result.parts["facilities"].query("supply == 'seats'").set_index("id")
    assert facilities["doubt"].to_dict() == {"K": "", "north": "", "nowhere": "近旁无可步行道路"}
    # No home in the margin but H, who reaches K alone.
    home_h = facilities["per_head"].to_dict()["K"] * 1000
    assert district(result, "supply_reached")[0] + home_h == pytest.approx(130.0)


def test_far_homes_count_less() -> None:
    result = balance_of(without_h(with_seats()), SEATS | {"method": "e2sfca", "limit_m": 900.0})
    # Thirds of 900 m: D 290 weighs 1; E 490 weighs .68; B 670, C 850 and A 880 weigh .22.
    share = 139 / (30 + 0.68 * 10 + 0.22 * 350)
    assert by_home(result, "per_head") == pytest.approx(
        {"A": 0.22 * share, "B": 0.22 * share, "C": 0.22 * share, "D": share, "E": 0.68 * share}
        | dict.fromkeys("FGI", 0.0)
    )
    ours = {"method": "e2sfca", "steps": [{"within_m": 290.0, "weight": 1.0}, {"within_m": 850.0, "weight": 0.5}]}
    result = balance_of(without_h(with_seats()), {**SEATS, "limit_m": None} | ours)
    share = 139 / (30 + 0.5 * (10 + 50 + 200))
    assert by_home(result, "per_head") == pytest.approx(
        {"D": share} | dict.fromkeys("BCE", share / 2) | dict.fromkeys("AFGI", 0.0)
    )


def test_the_catchment_is_that_of_the_standard_unless_one_declares_another() -> None:
    result = balance_of(without_h(with_seats()), {**SEATS, "limit_m": None})  # 300 m: D alone
    assert by_home(result, "facilities_reached") == dict.fromkeys("ABCEFGI", 0) | {"D": 1}
    assert district(result, "limit_m", "limit_source") == [300.0, "GB 50180-2018 表C.0.2（未核）"]
    own = balance_of(with_seats(), SEATS)
    assert district(own, "limit_m", "limit_source") == [920.0, "自定口径"]
    assert "自定口径:幼儿园搜索范围 920 米" in own.notes


def test_a_park_has_the_longest_radius_that_its_size_allows() -> None:
    parks = {"large": box(0, -105, 100, -5), "small": box(1340, 5, 1380, 45), "tiny": box(990, -15, 1000, -5)}
    layers = without_h(village_layers())
    layers["layers/parks"] = layer(frame("park", parks, area_m2=[50_000.0, 4_000.0, 100.0]), "park", title="公园")
    result = balance_of(layers, {"id": "seats", "of": "park", "amount": "area_m2", "unit": "㎡"})
    facilities = result.parts["facilities"].set_index("id")
    assert facilities["limit_m"].to_dict() == {"large": 1000.0, "small": 300.0}
    assert "公园:1 处设施的规模不在条文所列之内,没有服务半径,不计入" in result.notes
    # To the large one I walks less than 445 + 300 m, D more than 300 + 890 m; E lives beside the small one.
    assert by_home(result, "per_head") == pytest.approx(
        dict.fromkeys("ABCI", 50_000 / 390) | {"E": 400.0} | dict.fromkeys("DFG", 0.0)
    )


def test_who_lives_in_a_gated_estate_walks_from_its_gates_and_straight_to_what_is_inside() -> None:
    layers = walled_layers()
    toilets = {"T1": point(500, -10), "T3": point(650, -160)}
    layers["layers/toilets"] = layer(frame("public_toilet", toilets, capacity=[134.0, 138.0]), "public_toilet")
    covered = analyses.run(walled_record(), inputs(layers))
    asked = {"id": "seats", "of": "public_toilet", "unit": "位"}
    for limit_m, j_too in ((314.999, 0), (315.0, 1)):
        result = analyses.run(record(asked | {"limit_m": limit_m}), inputs(layers, coverage=covered))
        # T1 from the gate 110 m: M 60, N 70, and J 4 (55 m). T3 inside: M, N; through the gates O 8 (270 m) and J (315 m).
        inside = 138 / (138 + 4 * j_too)
        assert by_home(result, "per_head") == pytest.approx(
            {"M": 1 + inside, "N": 1 + inside, "O": inside, "J": 1 + j_too * inside, "Q": 0.0, "V": 0.0}
        )
    # The walks are those of the gate: 110 m is within, and to T3 M and N walk 70 and 150 m without passing one.
    near = analyses.run(record(asked | {"limit_m": 110.0}), inputs(layers, coverage=covered))
    assert by_home(near, "facilities_reached") == {"M": 2, "N": 1, "O": 0, "J": 1, "Q": 0, "V": 0}


def test_a_group_is_a_column_of_the_residents() -> None:
    layers = without_h(with_seats())
    homes = layers["layers/residents"]
    children = pd.Series({"A": 10.0, "B": 0.0, "C": 20.0, "D": np.nan, "E": 4.0, "F": 1.0, "G": 0.0, "I": 5.0})
    layers["layers/residents"] = layer(homes.frame.assign(children=children), "residents")
    group = {"id": "young", "title": "3—5 岁", "column": "children", "year": 2025, "source": "教育局"}
    result = balance_of(layers, SEATS | {"group": "young", "need_per_head": 1.0}, group=[group])
    share = 139 / 34
    assert by_home(result, "per_head")["B"] == pytest.approx(share)
    assert by_home(result, "verdict") == {
        "A": MET,
        "B": NOT_APPLICABLE,  # no child lives there
        "C": MET,
        "D": NO_DATA,  # nobody has counted them
        "E": MET,
        "F": UNMET,
        "G": NOT_APPLICABLE,
        "I": UNMET,
    }
    assert district(result, "group", "people_demand", "shortage") == ["3—5 岁", 40.0, 6.0]
    areas = result.parts["areas"].set_index("area")
    assert areas["verdict"].to_dict()["e"] == NO_DATA  # E has enough, G has no child, and D is not counted
    assert district(result, "demand_source") == ["2025 年,教育局"]
    assert "幼儿园:1 处住宅没有人群数,为无数据,不计入需求(人均供给因此可能偏高)" in result.notes
    assert "3—5 岁:2025 年,教育局" in result.notes


def test_a_group_by_one_share_of_everyone_is_marked() -> None:
    group = {"id": "old", "title": "60岁及以上", "share": 0.2, "year": 2020, "source": "七普"}
    result = balance_of(without_h(with_seats()), SEATS | {"group": "old"}, group=[group])
    assert by_home(result, "per_head")["A"] == pytest.approx(139 / 78)
    assert district(result, "people_demand", "people_basis") == [pytest.approx(91.0), "均摊"]
    assert "60岁及以上:2020 年,七普;按全体居民的 20.0% 均摊,不用于公平性分析" in result.notes


def test_what_is_not_known_is_said_and_not_guessed() -> None:
    layers = with_seats(capacity=[np.nan])
    group = {"id": "young", "title": "学龄", "column": "chlidren", "year": 2025, "source": "教育局"}
    nursery = {"id": "nursery", "of": "nursery", "unit": "个", "limit_m": 500.0}
    young = {"id": "young", "of": "public_toilet", "unit": "位", "group": "young", "limit_m": 500.0}
    layers["layers/toilets"].frame["capacity"] = 3.0
    result = balance_of(layers, SEATS, nursery, young, group=[group])
    assert result.table["verdict"].tolist() == [NO_DATA] * 3
    assert result.table[["per_head", "supply_reached", "shortage", "supply_total"]].isna().all(axis=None)
    assert result.table["people_demand"].tolist() == pytest.approx([455.0, 455.0, np.nan], nan_ok=True)
    assert result.table["people_no_data"].tolist() == pytest.approx([455.0, 455.0, np.nan], nan_ok=True)
    assert result.table["note"].tolist() == [
        "1 处设施都没有供给量(capacity),不作推算",
        "没有声明托育机构的图层,不等于没有设施",
        "居民图层没有所声明的人群数,不作推算",
    ]
    assert [problem.given for problem in result.problems] == ["chlidren"]
    assert result.problems[0].severity == "warning"


def test_words_are_no_numbers_and_negative_numbers_are_refused() -> None:
    places = {"K": box(900, 20, 960, 80), "north": point(400, 590)}
    result = balance_of(without_h(with_seats(places, seats=["39", "待定"])), SEATS | {"amount": "seats"})
    assert result.parts["facilities"]["amount"].tolist() == pytest.approx([39.0, np.nan], nan_ok=True)
    with pytest.raises(DataError, match=r"layers/kindergartens.toml: capacity: 1 are negative \(given: K\)"):
        balance_of(with_seats(capacity=[-1.0]), SEATS)


def test_no_facility_is_not_the_same_as_no_data() -> None:
    layers = with_seats()
    layers["layers/kindergartens"] = layer(layers["layers/kindergartens"].frame.iloc[:0], "kindergarten")
    result = balance_of(layers, SEATS)
    assert district(result, "verdict", "total_verdict", "per_head", "facilities") == [UNMET, UNMET, 0.0, 0]


def test_a_facility_of_unknown_amount_leaves_the_short_without_a_verdict() -> None:
    places = {"K": box(900, 20, 960, 80), "north": point(400, 590)}  # C 290 + 10, I 145 + 10, and others beyond 400 m
    result = balance_of(without_h(with_seats(places, capacity=[3.0, np.nan])), SEATS | {"limit_m": 400.0})
    assert by_home(result, "verdict") == dict.fromkeys("ABEFG", UNMET) | {"C": NO_DATA, "D": MET, "I": NO_DATA}
    assert district(result, "facilities", "facilities_unknown", "people_no_data") == [2, 1, 240.0]
    assert "幼儿园:1 处设施的供给量不明(north),没有计入;所及住宅若不足,为无数据" in result.notes
    assert np.isnan(by_home(result, "shortage")["C"])
    assert district(result, "verdict", "total_verdict") == [UNMET, NO_DATA]
    assert district(result, "shortage") == pytest.approx([0.1 * (100 + 50 + 10 + 5 + 20)])


def test_a_walled_school_without_gates_may_supply_those_near_it() -> None:
    places = {"K": box(900, 20, 960, 80), "K2": box(60, 100, 90, 130)}  # straight from K2: A 70.7, B 224.7
    result = balance_of(without_h(with_seats(places)), SEATS | {"limit_m": 300.0})
    assert by_home(result, "verdict") == dict.fromkeys("CEFGI", UNMET) | {"A": NO_DATA, "B": NO_DATA, "D": MET}
    facilities = result.parts["facilities"].set_index("id")
    assert facilities["doubt"].to_dict() == {"K": "", "K2": "有围墙而无出入口数据"}


def test_a_nine_year_school_offers_the_seats_of_the_stage() -> None:
    schools = {"N": point(930, 0)}
    nine = layer(frame("nine_year_school", schools, capacity=[900.0], seats_primary=[600.0]), "nine_year_school")
    primary = layer(frame("primary_school", {"P": point(0, 0)}, capacity=[130.0]), "primary_school")
    layers = without_h(village_layers()) | {"layers/nine": nine, "layers/primary": primary}
    asked = {"id": "seats", "of": "primary_school", "unit": "座"}
    refs = ["layers/nine", "layers/primary"]
    result = balance_of(layers, asked | {"amount_of": {"nine_year_school": "seats_primary"}}, facilities=refs)
    facilities = result.parts["facilities"].set_index("id")
    assert facilities["amount"].to_dict() == {"N": 600.0, "P": 130.0}
    unsaid = balance_of(layers, asked, facilities=refs).parts["facilities"].set_index("id")
    assert np.isnan(unsaid["amount"].to_dict()["N"])
    assert unsaid["doubt"].to_dict()["N"] == "供给量不明"


def test_a_rule_per_head_is_cited() -> None:
    layers = without_h(village_layers())
    homes = layers["layers/residents"]
    layers["layers/residents"] = layer(homes.frame.assign(households=homes.frame["people"] / 2), "residents")
    care = frame("elderly_daycare", {"D1": point(400, 0)}, bldg_m2=[30.0])
    layers["layers/care"] = layer(care, "elderly_daycare")
    group = {"id": "hh", "title": "户", "column": "households", "counts": "户", "year": 2025, "source": "公安"}
    asked = {
        "id": "seats",
        "of": "elderly_daycare",
        "amount": "bldg_m2",
        "unit": "㎡",
        "group": "hh",
        "rule": "jx.aged",
        "condition": "已建",
    }
    result = balance_of(layers, asked, group=[group], facilities=["layers/care"])
    # 15 m² for 100 households. Within 300 m: B 20 + 100, C 300.
    assert by_home(result, "per_head") == pytest.approx(dict.fromkeys("BC", 30 / 125) | dict.fromkeys("ADEFGI", 0.0))
    assert by_home(result, "shortage")["A"] == pytest.approx(50 * 0.15)
    assert district(result, "need_per_head", "counts", "effect") == [0.15, "户", "fail"]
    assert district(result, "source") == [load_profile("gb50180-2018").rule("jx.aged").label()]


def test_without_a_figure_per_head_nothing_is_judged() -> None:
    result = balance_of(with_seats(), {**SEATS, "need_per_head": None})
    assert set(by_home(result, "verdict").values()) == {NOT_APPLICABLE}
    assert district(result, "verdict", "source") == [NOT_APPLICABLE, "没有人均标准,不作判断"]
    assert district(result, "per_head") == pytest.approx([39 / 455])
    assert np.isnan(district(result, "shortage", "people_short")).all()


EAST = point(1500, 0)  # beyond the district, 100 m from the end of the main street


def uncertain(layers: dict[str, LayerData], **more: Any) -> set[str]:
    homes = by_home(balance_of(layers, SEATS | more), "uncertain")
    return {home for home, is_uncertain in homes.items() if is_uncertain}


def test_without_anybody_beyond_the_district_the_catchments_at_its_border_are_uncertain() -> None:
    # A is 150 m, E 60 m and F 60 m from the border, all others more than 200 m.
    assert uncertain(without_h(with_seats()), limit_m=200.0) == {"A", "E", "F"}
    assert uncertain(without_h(with_seats()), limit_m=150.0) == {"E", "F"}
    with_east = {"K": box(900, 20, 960, 80), "east": EAST}
    assert uncertain(without_h(with_seats(with_east)), limit_m=200.0) == {"A", "E", "F"}
    assert uncertain(with_seats(with_east), limit_m=200.0) == set()


def test_to_share_a_facility_at_the_border_is_to_be_uncertain() -> None:
    # D is 400 m from the border, and so is no nearer than its limit; the school is 390 m from it.
    layers = without_h(with_seats({"north": point(1000, 310)}))
    homes = {name: point(x, y) for name, (x, y, _) in HOMES.items() if name in {"D", "G"}}
    layers["layers/residents"] = residents(homes, [30.0, 20.0])
    assert uncertain(layers, limit_m=400.0) == {"D"}
    assert uncertain(layers, limit_m=390.0) == set()


def test_a_planned_school_has_no_seats_yet() -> None:
    places = {"K": box(900, 20, 960, 80), "new": point(300, 0)}
    layers = with_seats(places, status=["existing", "planned"])
    assert by_home(balance_of(layers, SEATS), "per_head")["A"] == pytest.approx(0.1)


def test_the_same_supply_may_be_shared_in_several_ways() -> None:
    methods = ("2sfca", "e2sfca", "gaussian", "kernel")
    result = balance_of(without_h(with_seats()), *({**SEATS, "id": one, "method": one} for one in methods))
    assert result.table["method"].tolist() == list(methods)
    assert result.table["supply_reached"].tolist() == pytest.approx([139.0] * 4)  # all of it is had
    # Who is near has the more, the more the far count less.
    near = [by_home(result, "per_head", one)["D"] for one in methods]
    assert near == sorted(near[:1]) + near[1:]
    assert min(near[1:]) > near[0]


def test_every_column_has_a_heading() -> None:
    result = balance_of(with_seats(), SEATS)
    tables = [result.table, *result.parts.values()]
    assert {str(name) for table in tables for name in table} - headings().keys() == {"geometry"}


def test_a_supply_of_which_no_layer_is_there_is_no_data_alone() -> None:
    nursery = {"id": "nursery", "of": "nursery", "unit": "个", "limit_m": 500.0}
    assert district(balance_of(village_layers(), nursery), "verdict", "facilities") == [NO_DATA, 0]


def problems_of(*supplies: dict[str, Any], standards: Path = NOWHERE, **more: Any) -> list[str]:
    found, problems = make_record(
        Catchment,
        {"kind": "catchment", "title": "供需", "coverage": "analyses/coverage", "supply": list(supplies)} | more,
        "analyses/x.toml",
    )
    assert problems == []
    assert found is not None
    layers = {ref: one.record for ref, one in village_layers().items()}
    return [str(one) for one in check_catchment(found, shown_as="analyses/x.toml", layers=layers, standards=standards)]


def test_a_standard_that_cannot_be_read_is_told_beside_all_else(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text("title = 1", encoding="utf-8")
    by_rule = {"id": "seats", "of": "kindergarten", "unit": "座", "rule": "f5.kg"}
    told = problems_of(by_rule, {"id": "a", "of": "kindergarden", "unit": "座"}, standards=tmp_path)
    assert any("ours.toml" in said for said in told)
    assert any("kindergarden" in said for said in told)


def test_everything_that_is_wrong_with_a_declaration_is_told_at_once() -> None:
    group = {"id": "hh", "title": "户", "share": 0.3, "counts": "户", "year": 2025, "source": "公安"}
    problems = problems_of(
        SEATS,
        SEATS,
        {"id": "a", "of": "kindergarden", "unit": "座"},
        {"id": "b", "of": "kindergarten", "unit": "座", "group": "h"},
        {"id": "c", "of": "kindergarten", "unit": "座", "rule": "f5.kg"},
        {"id": "d", "of": "elderly_daycare", "unit": "㎡", "rule": "jx.aged", "group": "hh"},
        {"id": "e", "of": "elderly_daycare", "unit": "㎡", "rule": "jx.aged", "condition": "已建"},
        {"id": "f", "of": "nursery", "unit": "个", "rule": "nur.x"},
        {"id": "g", "of": "kindergarten", "unit": "座", "amount_of": {"park": "area_m2"}},
        group=[group],
        facilities=["layers/residents"],
    )
    for said in (
        "layers/residents holds no facilities",
        "supply seats: two have one id",
        "supply a, of: is no kind of facility (given: kindergarden). Did you mean kindergarten?",
        "supply b, group: names no group (given: h). Did you mean hh?",
        "supply c, rule: is no rule per head",
        'supply d, rule: has not one figure that holds here (given: 新建>=20;已建>=15). Declare condition: "新建" or "已建"',
        "supply e, rule: is per 户, but the group counts 人 (given: people)",
        "supply f, rule: no rule is called 'nur.x'",
        "supply g, amount_of: does not do the work of kindergarten (given: park)",
    ):
        assert [problem for problem in problems if said in problem], said
    assert len(problems) == 9


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": [{"within_m": 100.0, "weight": 1.0}]}, 'only method "e2sfca" has steps'),
        ({"method": "e2sfca", "steps": [{"within_m": 100.0, "weight": 1.0}]}, "either steps or limit_m"),
        ({"rule": "nur.k"}, "give one of the two"),
        (
            {
                "method": "e2sfca",
                "limit_m": None,
                "steps": [{"within_m": 100.0, "weight": 0.5}, {"within_m": 50.0, "weight": 0.2}],
            },
            "steps go outwards",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        record(SEATS | wrong)


def test_a_group_is_either_a_column_or_a_share() -> None:
    with pytest.raises(ValueError, match="give one of the two"):
        record(SEATS, group=[{"id": "a", "title": "甲", "year": 2025, "source": "某局"}])
    with pytest.raises(ValueError, match="another id"):
        record(SEATS, group=[{"id": "people", "title": "甲", "share": 0.1, "year": 2025, "source": "某局"}])


def test_a_catchment_without_an_end_is_told() -> None:
    with pytest.raises(DeclarationError, match=r"its catchment has no end .*hospital.*Declare limit_m"):
        balance_of(village_layers(), {"id": "a", "of": "hospital", "unit": "床"})


def test_nobody_to_measure_is_told() -> None:
    layers = with_seats()
    covered = analyses.run(coverage_record(), inputs(layers))
    homes = layers["layers/residents"].frame
    layers["layers/residents"] = layer(homes[homes.index == "H"], "residents")
    with pytest.raises(DataError, match="no demand unit lies inside"):
        analyses.run(record(SEATS), inputs(layers, coverage=covered))
