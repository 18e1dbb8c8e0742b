"""The check-up of the village: communities w1 (south-west, A B F, 155 people), w2 (north-west, C I), e1 (east, D E G).

Community w2 is the north of the west: x -50...650, y 200...700; e1 is x 650...1450.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.checkup import ANY_DEMAND, ANY_ITEM, Checkup
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.declarations import Provenance
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import LayerData, Result
from qyp_geo.records import make_record
from tests.analyses.reading import cells
from tests.analyses.village import box, coverage_record, frame, inputs, layer, point, residents, village_layers

STATIONS = "layers/stations"
IN_W1, IN_W2, IN_E1 = (0, 100), (0, 400), (1000, 100)


def stations(*places: tuple[float, float], bldg_m2: list[float] | None = None, **columns: list[Any]) -> LayerData:
    content = frame(
        "community_station",
        {f"S{n}": point(*xy) for n, xy in enumerate(places)},
        bldg_m2=bldg_m2 or [800.0] * len(places),
        **columns,
    )
    return layer(content, "community_station")


def checkup(
    layers: dict[str, LayerData] | None = None,
    *,
    facilities: list[str] | None = None,
    covered: bool = False,
    **more: Any,
) -> Result:
    every = village_layers() | (layers or {})
    asked = {
        "kind": "checkup",
        "title": "体检",
        "units": "layers/units",
        "facilities": facilities or [*(layers or {})],
        "standard": "complete-community-2020",
    }
    results = {}
    if covered:
        results["coverage"] = analyses.run(coverage_record(), inputs(every))
        asked["coverage"] = "analyses/coverage"
    record, problems = make_record(Checkup, asked | more, "analyses/checkup.toml")
    assert record is not None, problems
    return analyses.run(record, inputs(every, **results))


def of_item(result: Result, item: str) -> pd.DataFrame:
    rows = result.table[result.table["item"] == item]
    return rows.set_index("community")


def test_every_community_is_held_against_every_item_in_official_order() -> None:
    table = checkup({STATIONS: stations(IN_W1)}).table
    assert list(dict.fromkeys(table["community"])) == ["w1", "w2", "e1"]
    assert len(table) == 3 * table["item"].nunique()
    assert table["item"].iloc[:2].tolist() == ["w.station", "w.kg"]


def test_a_community_has_what_lies_in_it() -> None:
    found = of_item(checkup({STATIONS: stations(IN_W1, IN_W2, bldg_m2=[800.0, 650.0])}), "w.station")
    assert found["facilities"].tolist() == [1, 1, 0]
    assert found["standard"].tolist() == ["建筑面积≥800㎡"] * 3
    assert found["present"].tolist() == ["1 处,最大建筑面积 800㎡", "1 处,最大建筑面积 650㎡", "0 处"]
    assert found["lacking"].tolist() == ["", "建筑面积差 150㎡", "缺 1 处"]
    assert found["verdict"].tolist() == [MET, UNMET, UNMET]
    assert found["effect"].tolist() == ["", "warn", "warn"]  # 为宜
    assert found["source"].tolist() == ["完整居住社区建设标准(试行)2020 第1项"] * 3


def test_the_largest_of_several_decides_and_one_of_unknown_size_leaves_it_open() -> None:
    places = [IN_W1, IN_W1, IN_W2, IN_W2, IN_E1]
    sizes = [799.0, 800.0, 700.0, np.nan, np.nan]
    found = of_item(checkup({STATIONS: stations(*places, bldg_m2=sizes)}), "w.station")
    assert found["verdict"].tolist() == [MET, NO_DATA, NO_DATA]
    assert found["note"].tolist() == ["", "1 处建筑面积不详", "1 处建筑面积不详"]
    assert found["measured"].iloc[:2].tolist() == [800, 700]


def test_what_is_short_by_less_than_a_square_metre_does_not_read_as_enough() -> None:
    found = of_item(checkup({STATIONS: stations(IN_W1, bldg_m2=[799.7])}), "w.station")
    assert cells(found, "w1", ["present", "lacking"]) == ["1 处,最大建筑面积 799㎡", "建筑面积差 1㎡"]


def test_no_layer_is_no_data_and_not_the_lack_of_a_facility() -> None:
    result = checkup({STATIONS: stations(IN_W1)})
    nursery = of_item(result, "w.nursery")
    assert nursery["verdict"].tolist() == [NO_DATA] * 3
    assert nursery["note"].tolist() == ["没有托育机构图层"] * 3
    assert nursery["present"].tolist() == [""] * 3


def test_another_kind_that_serves_is_enough_but_does_not_stand_for_the_missing_layer() -> None:
    centres = frame("health_centre", {"C": point(*IN_W1)}, bldg_m2=[1700.0])
    found = of_item(checkup({"layers/centres": layer(centres, "health_centre")}), "w.chs")
    assert found["verdict"].tolist() == [MET, NO_DATA, NO_DATA]


def test_land_is_as_declared_or_as_the_area_of_the_polygon() -> None:
    content = frame(
        "playground",
        {"P": point(*IN_W1), "Q": point(*IN_W2), "R": point(*IN_E1)},
        land_m2=[150.0, np.nan, 149.0],
        area_m2=[1.0, 200.0, 500.0],
    )
    found = of_item(checkup({"layers/playgrounds": layer(content, "playground")}), "w.play")
    assert found["measured"].tolist() == [150, 200, 149]
    assert found["lacking"].tolist() == ["", "", "用地面积差 1㎡"]


def test_planned_facilities_and_those_outside_every_community_do_not_count() -> None:
    places = [IN_W1, IN_W2, (5000, 5000)]
    found = checkup({STATIONS: stations(*places, status=["existing", "planned", "existing"])})
    assert of_item(found, "w.station")["facilities"].tolist() == [1, 0, 0]


def test_a_facility_on_a_border_or_in_two_layers_counts_once() -> None:
    twice = {STATIONS: stations((0, 200)), "layers/centres": stations((0, 200))}  # the border of w1 and w2
    assert of_item(checkup(twice), "w.station")["facilities"].tolist() == [1, 0, 0]


def test_what_is_asked_of_new_quarters_is_no_verdict_on_all() -> None:
    found = of_item(checkup({"layers/parks": village_layers()["layers/parks"]}), "w.green")
    assert found["verdict"].tolist() == [NOT_APPLICABLE] * 3
    assert found["note"].tolist() == ["只对新建适用"] * 3
    assert found["present"].tolist() == ["0 处", "1 处,最大用地面积 10000㎡", "0 处"]


def test_a_gap_that_rests_on_poi_is_a_suspicion() -> None:
    poi = stations(IN_W1)
    origin = Provenance(publisher="t", retrieved=date(2026, 1, 15), licence="CC0", completeness="POI")
    poi = LayerData(record=poi.record.model_copy(update={"provenance": origin}), frame=poi.frame)
    found = of_item(checkup({STATIONS: poi}), "w.station")
    assert found["note"].tolist() == ["", *["依据 POI,疑似缺口,待现场核实"] * 2]


def test_totals_count_communities() -> None:
    kindergartens = layer(
        frame(
            "kindergarten", {"K": point(*IN_W1), "L": point(*IN_W2)}, bldg_m2=[2200.0, 2199.0], land_m2=[3500.0, 3500.0]
        ),
        "kindergarten",
    )
    layers = {STATIONS: stations(IN_W1, IN_W2), "layers/kindergartens": kindergartens}
    totals = checkup(layers, covered=True).parts["totals"].set_index("title")
    figures = ["communities", "met", "unmet", "no_data", "not_applicable", "people_unmet"]
    assert cells(totals, "社区综合服务站", figures) == [3, 2, 1, 0, 0, 60]  # e1: D 30, E 10, G 20
    assert cells(totals, "托儿所", figures) == [3, 0, 0, 3, 0, 0]
    # w1 has all that there are data for, but not for all; w2 lacks 1 m² of kindergarten, e1 has nothing.
    assert cells(totals, ANY_ITEM, figures) == [3, 0, 2, 1, 0, 300]
    assert cells(totals, ANY_DEMAND, figures) == [3, 0, 2, 1, 0, 300]
    by_floor_and_land = checkup(layers).parts["totals"].set_index("item")
    assert by_floor_and_land.loc[["w.kg", "w.kg.land"], "unmet"].tolist() == [2, 1]


def test_a_recommendation_counts_in_the_first_total_only() -> None:
    kindergarten = {f"K{n}": point(*xy) for n, xy in enumerate((IN_W1, IN_W2, IN_E1))}
    enough = frame("kindergarten", kindergarten, bldg_m2=[2200.0] * 3, land_m2=[3500.0] * 3)
    layers = {STATIONS: stations(IN_W1), "layers/kindergartens": layer(enough, "kindergarten")}
    totals = checkup(layers).parts["totals"].set_index("title")
    assert cells(totals, ANY_ITEM, ["unmet", "no_data"]) == [2, 1]
    assert cells(totals, ANY_DEMAND, ["unmet", "no_data"]) == [0, 3]
    assert np.isnan(totals["people_unmet"][ANY_ITEM])  # nobody said how many live there


def test_a_community_without_residents_is_not_judged() -> None:
    layers = {
        STATIONS: stations(IN_W1),
        "layers/residents": residents({"A": point(100, 30), "D": point(1000, 300)}, [100.0, 30.0]),
    }
    result = checkup(layers, facilities=[STATIONS], covered=True)
    assert of_item(result, "w.station")["people"].tolist() == [100, 0, 30]
    assert of_item(result, "w.station")["verdict"].tolist() == [MET, NOT_APPLICABLE, UNMET]
    assert cells(result.parts["totals"].set_index("title"), ANY_ITEM, ["unmet", "no_data", "not_applicable"]) == [
        1,
        1,
        1,
    ]


def landuse() -> LayerData:
    plots = frame(
        "landuse",
        {"north": box(0, 200, 500, 450), "east": box(800, 0, 1000, 700)},
        code=["0701", "0701"],
        residential=[True, True],
        construction=[True, True],
    )
    return layer(plots, "landuse", code_system="ydyh2023")


def test_the_2021_check_up_gives_the_share_of_residential_land_that_parks_serve() -> None:
    # Park Y is 300...500 x 450...500, 10,000 m², so that it serves 500 m around it: all of y 200...450 is within 500 m of it
    # down to y = -50 below the park; west of x = 300 the corner (0, 200) is hypot(300, 250) = 390.5 m away.
    layers = {"layers/parks": village_layers()["layers/parks"], "layers/land": landuse()}
    more: dict[str, Any] = {"landuse": "layers/land", "standard": "city-checkup-2021", "facilities": ["layers/parks"]}
    found = of_item(checkup(layers, **more), "pk.tj22")
    assert found["measured"].iloc[1] == pytest.approx(1.0)
    assert np.isnan(found["measured"].iloc[0])  # no homes in w1
    assert 0 < found["measured"].iloc[2] < 1
    assert found["present"].iloc[1] == "居住用地 100.0% 在服务半径内"
    assert found["verdict"].tolist() == [NOT_APPLICABLE] * 3  # the source gives a way to count and no target
    assert found["note"].iloc[1] == "条文只给口径,未给目标值"
    without = of_item(checkup(layers, **more | {"landuse": None}), "pk.tj22")
    assert set(without["note"]) == {"不可计算:没有用地图层"}
    assert set(without["verdict"]) == {NO_DATA}


def test_the_parts_and_what_they_rest_on() -> None:
    layers = {**{ref: village_layers()[ref] for ref in ("layers/parks", "layers/toilets")}, "layers/land": landuse()}
    asked: dict[str, Any] = {"facilities": ["layers/parks", "layers/toilets"], "landuse": "layers/land"}
    result = checkup(layers, covered=True, **asked)
    assert set(result.parts) == {"totals", "parks", "park_list", "toilets", "toilet_streets"}
    assert result.parts["park_list"]["width_m"].tolist() == [50.0]
    assert result.parts["parks"]["area"].unique().tolist() == ["village", "e", "w", "w1", "w2", "e1"]
    assert result.parts["toilets"]["area"].unique().tolist() == ["village", "e", "w"]
    assert "公厕密度的用地类别由用地代码(ydyh2023)归并,为自定口径" in result.notes
    assert "公厕间距:没有声明道路性质(商业性、生活性、交通性),不可计算" in result.notes
    assert set(checkup({STATIONS: stations(IN_W1)}).parts) == {"totals", "parks", "toilets"}
    assert "没有用地图层:居住用地覆盖率和公厕密度不可计算" in checkup({STATIONS: stations(IN_W1)}).notes
    assert any("5 项未核" in note for note in checkup({STATIONS: stations(IN_W1)}).notes)


def test_a_toilet_in_two_layers_counts_once_and_another_of_its_number_does_not() -> None:
    register = {"T1": point(100, 300), "T3": point(200, 300), "T4": point(300, 300)}
    again = frame("public_toilet", {"T1": point(100, 300), "T3": point(210, 300)}, name=["T1", "新厕"])
    layers = {
        "layers/a": layer(frame("public_toilet", register, status=["existing", "existing", "closed"]), "public_toilet"),
        "layers/b": layer(again, "public_toilet"),
        "layers/land": landuse(),
    }
    result = checkup(layers, facilities=["layers/a", "layers/b"], landuse="layers/land")
    toilets = result.parts["toilets"]
    assert toilets[(toilets["area"] == "village") & (toilets["rule"] == "t.den.R")]["toilets"].tolist() == [3]
    assert of_item(result, "w.toilet")["facilities"].tolist() == [0, 3, 0]


def test_the_coverage_must_know_these_units_and_there_must_be_communities() -> None:
    every = village_layers() | {STATIONS: stations(IN_W1)}
    covered = analyses.run(coverage_record(areas=[]), inputs(every))
    record = Checkup(
        kind="checkup", title="体检", units="layers/units", facilities=[STATIONS], coverage="analyses/coverage"
    )
    with pytest.raises(DeclarationError, match="Add layers/units to areas in analyses/coverage"):
        analyses.run(record, inputs(every, coverage=covered))
    townships = every["layers/units"]
    every["layers/units"] = LayerData(record=townships.record, frame=townships.frame.iloc[:2])
    with pytest.raises(DeclarationError, match="no unit of level 社区、村"):
        analyses.run(record.model_copy(update={"coverage": None}), inputs(every))


def test_a_declaration_s_mistakes_are_told_all_at_once() -> None:
    records = {name: one.record for name, one in village_layers().items()}
    record = Checkup(
        kind="checkup",
        title="体检",
        units="layers/zones",
        landuse="layers/parks",
        facilities=["layers/toilets", "layers/toilets", "layers/streets"],
        standard="city-checkup-2012",
    )
    found = analyses.check(record, shown_as="analyses/checkup.toml", layers=records, standards=Path("none"))
    assert [(problem.where, problem.given) for problem in found] == [
        ("units", "zones"),
        ("landuse", "park"),
        ("facilities", "streets"),
        ("facilities", "layers/toilets"),
        ("standard", ""),
    ]
    assert "city-checkup-2021" in found[-1].what
    no_checkup = record.model_copy(update={"standard": "gb50180-2018"})
    last = analyses.check(no_checkup, shown_as="a.toml", layers=records, standards=Path("none"))[-1]
    assert "has no check-up" in last.what


def test_a_rule_that_is_still_to_be_filled_in_is_no_verdict(tmp_path: Path) -> None:
    own = """title = "ours"
extends = "complete-community-2020"
[[rule]]
id = "own.pharmacy"
name_zh = "药店"
metric = "bldg"
unit = "m2"
kind = "pharmacy"
"""
    (tmp_path / "ours.toml").write_text(own, encoding="utf-8")
    record = Checkup(kind="checkup", title="体检", units="layers/units", facilities=[STATIONS], standard="ours")
    given = analyses.Inputs(inputs({}).district, village_layers() | {STATIONS: stations(IN_W1)}, {}, tmp_path)
    found = of_item(analyses.run(record, given), "own.pharmacy")
    assert found["verdict"].tolist() == [NOT_APPLICABLE] * 3
    assert found["note"].tolist() == ["待填"] * 3
