"""Siting in the village: a centre N1 stands where the toilet does; 410 m serve B and C.

Who is not served: A 100 people, D 30, E 10, F 5, G 20 (too far from every street), I 40.

Plots, as points, and who reaches them within 410 m::

    P1 (200, 0)     A 130, B 120                     gains A          100
    P2 (400, 450)   C 150, I 5                       gains I           40
    P6 (1050, 0)    D 350, E 350                     gains D and E     40
    P3 (1000, 150)  D 150 (E 550)                    gains D           30
    P4 (1200, 0)    E 200 (D 500)                    gains E           10
    P5 (100, -500)  F 10                             gains F            5

With three new centres P1, P2, P6 gain 180; the next best, P1, P2, P3, 170.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses import siting_schemes
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.analyses.siting import Siting
from qyp_geo.analyses.siting_plots import norms_of
from qyp_geo.analyses.siting_reach import Reach
from qyp_geo.analyses.siting_schemes import AS_GOOD, SCHEMES, ask, choose
from qyp_geo.analyses.siting_tables import NEARLY, NO_PLOT, NO_WAY, NOT_CHOSEN, PROVEN
from qyp_geo.declarations import Layer
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import LayerData, Result
from qyp_geo.records import make_record
from tests.analyses.reading import cells
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
)

PLOTS = {
    "P1": (200.0, 0.0),
    "P2": (400.0, 450.0),
    "P3": (1000.0, 150.0),
    "P4": (1200.0, 0.0),
    "P5": (100.0, -500.0),
    "P6": (1050.0, 0.0),
}
ASKED: dict[str, Any] = {
    "kind": "siting",
    "title": "选址",
    "coverage": "analyses/coverage",
    "candidates": "layers/plots",
    "facility": "neighbourhood_centre",
    "new_sites": 3,
}
COVERAGE: dict[str, Any] = {
    "facilities": ["layers/centres", "layers/toilets"],
    "limits_m": {"neighbourhood_centre": 410.0},
    "circles": [],  # nothing else is asked
}


def plots(places: dict[str, tuple[float, float]] | None = None, **columns: list[Any]) -> LayerData:
    places = PLOTS if places is None else places
    return layer(frame("candidates", {name: point(*xy) for name, xy in places.items()}, **columns), "candidates")


def centres(*places: tuple[float, float], **columns: list[Any]) -> LayerData:
    at = {f"N{n}": point(*xy) for n, xy in enumerate(places or [(500.0, -10.0)], start=1)}
    return layer(frame("neighbourhood_centre", at, **columns), "neighbourhood_centre")


def sited(layers: dict[str, LayerData] | None = None, *, coverage: dict[str, Any] | None = None, **more: Any) -> Result:
    every = village_layers() | {"layers/plots": plots(), "layers/centres": centres()} | (layers or {})
    covered = analyses.run(coverage_record(**(COVERAGE | (coverage or {}))), inputs(every))
    record, problems = make_record(Siting, ASKED | more, "analyses/siting.toml")
    assert record is not None, problems
    return analyses.run(record, inputs(every, coverage=covered))


@cache
def by_hand() -> Result:
    return sited()


def of_role(result: Result, role: str, *, scheme: str = "S1") -> pd.DataFrame:
    sites = result.parts["sites"]
    return pd.DataFrame(sites[(sites["role"] == role) & (sites["scheme"] == scheme)]).set_index("id")


def test_the_best_scheme_gains_what_it_gains_by_hand_and_is_proven() -> None:
    table = by_hand().table
    assert len(table) == 1  # the next best is 170 of 180
    best = table.iloc[0]
    assert best[["scheme", "name", "sites", "n_sites", "differs"]].tolist() == ["S1", "方案一", "P1、P2、P6", 3, 0]
    assert best[["people_before", "people_gained", "people_after", "people_total"]].tolist() == [250, 180, 430, 455]
    assert best["people_share"] == 430 / 455
    assert best[["people_unserved", "people_unreachable"]].tolist() == [25, 20]  # F and G; F has P5
    assert best[["objective", "bound", "gap_share", "best_share", "status"]].tolist() == [180, 180, 0, 1, PROVEN]


def test_the_limit_is_met_by_who_walks_exactly_that_far() -> None:
    # A walks 130 m to P1, B 120 m.
    for limit_m, gained in ((130.0, 150), (129.999, 50)):
        result = sited(coverage={"limits_m": {"neighbourhood_centre": limit_m}}, new_sites=1)
        assert result.table[["sites", "people_gained"]].iloc[0].tolist() == ["P1", gained]


def test_what_every_site_adds() -> None:
    result = sited(people_per_household=2.5)
    chosen = of_role(result, "chosen")
    assert chosen["people_added"].to_dict() == {"P1": 100, "P2": 40, "P6": 40}
    assert chosen["people_added"].sum() == result.table["people_gained"].iloc[0]
    # B walks 120 m to P1 and 230 to N1, C 150 to P2 and 410 to N1: served before, now nearer.
    assert chosen["people_served"].to_dict() == {"P1": 150, "P2": 240, "P6": 40}
    assert chosen["households"].to_dict() == {"P1": 60, "P2": 96, "P6": 16}
    assert chosen.loc["P1", "why"] == "新增 100 人,其中 100 人只有此处可达"
    assert cells(of_role(result, "existing"), "N1", ["people_served", "people_margin", "why"]) == [
        0,
        0,
        "现状保留",
    ]
    others = of_role(result, "candidate")
    assert others["people_alone"].to_dict() == {"P3": 30, "P4": 10, "P5": 5}
    assert others["people_margin"].to_dict() == {"P3": 0, "P4": 0, "P5": 5}
    assert others.loc["P5", "why"] == "未选:本方案之外再加此处,新增 10 人"


def test_what_two_sites_share_belongs_to_the_nearer_and_is_no_margin() -> None:
    # Both plots serve A (100 people): Q at 60 m, P1 at 130 m.
    only = plots({"P1": PLOTS["P1"], "Q": (130.0, 0.0), "P2": PLOTS["P2"]})
    result = sited({"layers/plots": only}, force=["P1", "Q"], new_sites=2)
    chosen = of_role(result, "chosen")
    assert chosen["people_added"].to_dict() == {"P1": 0, "Q": 100}
    assert chosen["people_margin"].to_dict() == {"P1": 0, "Q": 0}
    assert chosen["people_alone"].to_dict() == {"P1": 100, "Q": 100}


def test_a_coverage_analysis_with_the_chosen_plots_built_finds_the_same() -> None:
    result = by_hand()
    built = centres((500.0, -10.0), *(PLOTS[id_] for id_ in of_role(result, "chosen").index))
    layers = village_layers() | {"layers/centres": built}
    covered = analyses.run(coverage_record(**COVERAGE), inputs(layers)).table
    covered = covered[covered["requirement"] == "own.neighbourhood_centre"].set_index(["level", "area"])
    by_area = result.parts["by_area"].set_index(["level", "area"])
    assert by_area.index.tolist() == covered.index.tolist()
    assert by_area["people_after"].tolist() == covered["people_covered"].tolist()
    assert by_area["people_share"].tolist() == pytest.approx(covered["people_share"].tolist(), nan_ok=True)
    before = sited(new_sites=1).parts["by_area"].set_index(["level", "area"])["people_before"]
    assert before.loc[("district", "village")] == 250


def test_people_gained_are_told_by_zone_and_community() -> None:
    by_area = by_hand().parts["by_area"].set_index("area_name")["people_gained"]
    assert by_area[["村", "西区", "东区", "区外"]].tolist() == [180, 140, 70, 10]  # I is in both zones, E in none
    assert by_area[["w1", "w2", "e1"]].tolist() == [100, 40, 40]


def test_schemes_are_as_good_as_the_best_and_told_apart() -> None:
    # With two sites P1 and either of P2 and P6 gain 140; the next best, P1 and P3, 130.
    result = sited(new_sites=2)
    assert sorted(result.table["sites"]) == ["P1、P2", "P1、P6"]
    assert result.table["status"].tolist() == [PROVEN, PROVEN]
    assert result.table["differs"].tolist() == [0, 1]
    assert result.table["people_differ"].tolist() == [0, 80]  # I or D and E
    assert (
        "同样处数、与最优相差不超过 1% 的方案连同方案一共 2 个(已证明,其余方案目标值不超过 130);不足 3 个"
        in result.notes
    )


def test_three_schemes_differ_most_among_those_as_good() -> None:
    # Four homes of 50 people at four plots, and a fifth of 49.5: ten pairs, six of 100 and four of 99.5.
    places = {f"Q{n}": (float(x), 0.0) for n, x in enumerate((50, 150, 250, 350, 700), start=1)}
    layers = {
        "layers/plots": plots(places),
        "layers/residents": residents({f"h{x}": point(x, 0) for x, _ in places.values()}, [50, 50, 50, 50, 49.5]),
    }
    result = sited(layers, new_sites=2, coverage={"limits_m": {"neighbourhood_centre": 40.0}})
    chosen = [set(of_role(result, "chosen", scheme=id_).index) for id_ in ("S1", "S2", "S3")]
    assert result.table["objective"].tolist()[:2] == [100, 100]
    assert chosen[0].isdisjoint(chosen[1])
    assert len(chosen[0] | chosen[1] | chosen[2]) == 5 or max(len(chosen[2] & one) for one in chosen[:2]) == 1
    assert "连同方案一共 10 个(已证明,没有其他方案),列出彼此差别最大的 3 个" in " ".join(result.notes)
    assert set(result.table["status"]) <= {PROVEN, NEARLY}


def test_schemes_that_serve_others_differ_more_than_schemes_of_neighbouring_plots() -> None:
    # Two plots beside one another serve one home; two others serve one home each.
    places = {"a": (0.0, 0.0), "b": (5.0, 0.0), "c": (200.0, 0.0), "d": (700.0, 0.0)}
    homes = residents({f"h{x}": point(x, 0) for x in (0, 200, 700)}, [50.0, 50, 50])
    layers = {"layers/plots": plots(places), "layers/residents": homes}
    result = sited(layers, new_sites=1, coverage={"limits_m": {"neighbourhood_centre": 40.0}})
    assert result.table["people_differ"].tolist() == [0, 100, 100]
    assert not {"a", "b"} <= set(result.table["sites"])


def test_the_curve_by_number_of_new_sites_has_its_bound_beside_it() -> None:
    curve = sited(most_sites=8).parts["marginal"]
    assert curve["n_new"].tolist() == [1, 2, 3, 4]  # five serve all that can be: P1, P2, P6, P5 gain as much as any
    assert curve["people_gained"].tolist() == [100, 140, 180, 185]
    assert curve["people_more"].tolist() == [100, 40, 40, 5]
    assert curve["bound"].tolist() == curve["objective"].tolist()
    assert set(curve["status"]) == {PROVEN}


def test_more_sites_than_help_are_not_built() -> None:
    result = sited(new_sites=6)
    assert result.table["sites"].tolist() == ["P1、P2、P5、P6"]
    assert "新增 4 处后再加不增加人口,各方案按 4 处" in result.notes


def test_the_same_sites_at_other_limits() -> None:
    holding = by_hand().parts["sensitivity"].set_index("limit_m")
    assert holding.index.tolist() == [300, 410, 500, 800, 1000]
    # At 300 m N1 serves B; P1 gains A, P2 C and I, P6 nobody; P3 gains D.
    assert cells(holding, 300, ["people_before", "people_gained"]) == [50, 340]
    assert holding.loc[300, "best_share"] == 340 / 370
    assert holding.loc[300, "best_sites"] == "P1、P2、P3"
    # At 1,000 m N1 serves all but F and G, and only P5 gains anybody.
    assert cells(holding, 1000, ["people_before", "people_gained", "best_share"]) == [430, 0, 0]


def test_who_gains_and_who_is_left() -> None:
    result = by_hand()
    gained = result.parts["gained"].set_index("unit")
    assert gained["site"].to_dict() == {"A": "P1", "D": "P6", "E": "P6", "I": "P2"}
    assert gained["site_walk_m"].to_dict() == {"A": 130, "D": 350, "E": 350, "I": 5}
    left = result.parts["unserved"].set_index("unit")
    assert left["why"].to_dict() == {"F": NOT_CHOSEN, "G": NO_WAY}
    assert left["schemes"].tolist() == ["方案一", "方案一"]
    without = sited({"layers/plots": plots({"P1": PLOTS["P1"]})}).parts["unserved"].set_index("unit")
    assert without.loc[["D", "F", "G"], "why"].tolist() == [NO_PLOT, NO_PLOT, NO_WAY]
    assert without.loc["D", "nearest_walk_m"] == 810


def test_plots_are_left_out_with_every_reason() -> None:
    told = plots(
        bldg_m2=[900.0, 599.0, np.nan, 800.0, 700.0, 600.0],
        zoning=["符合控规", "不符合", "符合控规", "符合控规", "不符合", "符合控规"],
    )
    layers = {
        "layers/plots": told,
        "layers/water": layer(frame("water", {"W": box(1150, -50, 1250, 50)}), "water"),
    }
    result = sited(
        layers,
        unsuitable=[{"column": "zoning", "says": ["不符合"], "reason": "控规不允许"}],
        red_lines=[{"layer": "layers/water", "reason": "占用水域"}],
        forbid={"P5": "已另有用途"},
    )
    why = of_role(result, "left_out", scheme="")["why"]
    assert why.to_dict() == {
        "P2": "控规不允许(不符合);建筑面积 599 ㎡,不足 600 ㎡(城市社区嵌入式服务设施建设导则(试行)2024 导则)",
        "P4": "占用水域",
        "P5": "已另有用途;控规不允许(不符合)",
    }
    assert result.table["sites"].tolist() == ["P1、P6"]
    chosen = of_role(result, "chosen")
    assert chosen["area_ok"].tolist() == [MET, MET]
    assert chosen["area_advised"].tolist() == [MET, UNMET]
    assert of_role(result, "candidate").loc["P3", "area_ok"] == NO_DATA
    assert result.table["n_area_ok"].tolist() == [2]
    assert "3 处候选地块未纳入比选,原因见候选地块表" in result.notes


def test_a_least_area_of_ones_own_is_told_as_such() -> None:
    told = plots(bldg_m2=[900.0, 599.0, 500.0, 400.0, 1000.0, 1000.0])
    assert of_role(sited({"layers/plots": told}, min_bldg_m2=0.0), "left_out", scheme="").empty
    why = of_role(sited({"layers/plots": told}, min_bldg_m2=500.0), "left_out", scheme="")["why"]
    assert why.to_dict() == {"P4": "建筑面积 400 ㎡,不足 500 ㎡(自定口径)"}


def test_a_plot_that_touches_a_red_line_is_not_on_it() -> None:
    shapes = {"P1": box(190, -10, 210, 10), "P2": box(390, 440, 410, 460)}
    layers = {
        "layers/plots": layer(frame("candidates", shapes), "candidates"),
        "layers/water": layer(frame("water", {"W": box(210, -50, 395, 445)}), "water"),
    }
    result = sited(layers, red_lines=[{"layer": "layers/water", "reason": "占用水域"}])
    assert of_role(result, "left_out", scheme="")["why"].to_dict() == {"P2": "占用水域"}
    assert result.table["sites"].tolist() == ["P1"]


def test_a_plot_that_nobody_can_walk_to_is_left_out() -> None:
    far = {"P1": PLOTS["P1"], "far": (700.0, 300.0), "beyond": (2000.0, 0.0)}
    why = of_role(sited({"layers/plots": plots(far)}), "left_out", scheme="")["why"]
    assert why.to_dict() == {"far": "近旁无可步行道路", "beyond": "在区界外;近旁无可步行道路"}


def test_the_status_of_a_plot_is_its_plans_and_leaves_nothing_out() -> None:
    assert len(of_role(sited({"layers/plots": plots(status=["已批"] * 6)}), "chosen")) == 3


def test_walks_begin_at_gates_and_come_in_through_them() -> None:
    # The estate's people, M 60 and N 70, walk 110 m from gate n to (500, -10); T3 lies inside the estate.
    layers = walled_layers() | {
        "layers/plots": plots({"out": (500.0, -10.0), "in": (650.0, -160.0)}),
        "layers/centres": centres((1000.0, -300.0)),
    }
    coverage: dict[str, Any] = {"estates": "layers/estates", "barriers": "layers/barriers", "areas": []}

    def gained(limit_m: float) -> dict[str, float]:
        more = coverage | {"limits_m": {"neighbourhood_centre": limit_m}}
        sites = sited(layers, coverage=more, new_sites=1).parts["sites"]
        return dict(sites[~sites["people_alone"].isna()].groupby("id")["people_alone"].first())

    assert gained(109.999) == {"out": 4, "in": 60}  # J at 55 m; M at 70 m, N at 150
    assert gained(110.0) == {"out": 134, "in": 60}
    assert gained(150.0) == {"out": 134, "in": 130}
    # O walks 270 m in through gate e, and 20 + 100 + 160 to N1. J: 25 + 30 + 50 to gate n, then 210.
    assert gained(270.0)["in"] == 138
    assert gained(314.999)["in"] == 130
    assert gained(315.0)["in"] == 134


def test_households_are_held_against_the_clause() -> None:
    layers = {"layers/residents": village_layers()["layers/residents"]}
    content = layers["layers/residents"].frame
    many = content.assign(households=[1500.0, 0, 3200, 1, 1, 1, 1, np.nan, 1])
    layers["layers/residents"] = layer(many, "residents")
    result = sited(layers)
    chosen = of_role(result, "chosen")
    assert chosen["households"].to_dict() == {"P1": 1500, "P2": 3200, "P6": 2}
    assert chosen["households_ok"].to_dict() == {"P1": MET, "P2": MET, "P6": UNMET}
    assert result.table["n_households_ok"].tolist() == [2]
    assert "1 处需求没有户数,按 0 计" in result.notes
    assert set(of_role(by_hand(), "chosen")["households_ok"]) == {NO_DATA}
    assert "服务户数无数据:需求图层没有户数列,也未声明户均人口" in by_hand().notes


def test_the_norms_are_those_of_the_clauses() -> None:
    norms = norms_of("neighbourhood_centre", inputs({}).standards)
    assert (norms.least_m2, norms.advised_m2) == (600, 800)
    assert [norms.of_area(m2, 600.0) for m2 in (599.9, 600.0, np.nan)] == [UNMET, MET, NO_DATA]
    verdicts = [norms.of_households(number) for number in (1499.0, 1500.0, 3200.0, 3201.0, np.nan)]
    assert verdicts == [UNMET, MET, MET, UNMET, NO_DATA]
    others = norms_of("wet_market", inputs({}).standards)
    assert others.of_households(1.0) == NOT_APPLICABLE


def test_groups_can_count_more_and_people_are_told_unweighted() -> None:
    content = village_layers()["layers/residents"].frame
    aged = content.assign(aged_60=[0.0, 0, 0, 30, 10, 0, 0, 0, 0])  # D and E
    layers = {"layers/residents": layer(aged, "residents")}
    result = sited(layers, weights={"aged_60": 2.0}, new_sites=1)
    assert result.table[["sites", "objective", "people_gained"]].iloc[0].tolist() == ["P6", 120, 40]
    # F is on the island: the only one with a plot and no centre within 1,000 m.
    assert sited(new_sites=1, worst_served=100.0).table[["sites", "objective"]].iloc[0].tolist() == ["P5", 505]


def test_forced_plots_are_in_every_scheme() -> None:
    result = sited(new_sites=2, force=["P5"])
    assert result.table["sites"].tolist() == ["P1、P5"]
    assert result.parts["marginal"]["sites"].iloc[0] == "P5"


def test_a_budget_holds_and_plots_without_a_cost_are_left_out() -> None:
    told = plots(cost=[100.0, 10.0, 10.0, 10.0, 10.0, np.nan])
    result = sited({"layers/plots": told}, budget=30.0)
    assert result.table[["sites", "cost", "people_gained"]].iloc[0].tolist() == ["P2、P3、P4", 30, 80]
    assert of_role(result, "left_out", scheme="")["why"].to_dict() == {"P6": "没有造价,不能计入预算"}


def test_without_a_layer_of_what_stands_the_gain_is_an_upper_bound() -> None:
    result = sited(coverage={"facilities": ["layers/toilets"]})
    assert result.table["people_before"].tolist() == [0]
    assert result.table["people_no_data"].tolist() == result.table["people_gained"].tolist()
    assert "现状邻里中心无数据:按没有现状设施计,新增人口为上限" in result.notes


def test_gain_over_facilities_of_poi_data_is_to_be_checked_on_the_ground() -> None:
    told = "现状邻里中心依据 POI 数据,可能不全:新增人口待现场核实"
    poi = centres()
    provenance = poi.record.provenance.model_copy(update={"completeness": "POI"})
    poi = replace(poi, record=poi.record.model_copy(update={"provenance": provenance}))
    assert told in sited({"layers/centres": poi}).notes
    assert told not in by_hand().notes


def test_fractions_of_people_leave_no_doubt_about_what_is_best() -> None:
    content = village_layers()["layers/residents"].frame
    layers = {"layers/residents": layer(content.assign(people=content["people"] / 3), "residents")}
    best = sited(layers).table.iloc[0]
    assert best[["gap_share", "best_share", "status"]].tolist() == [0, 1, PROVEN]


def test_no_usable_plot_is_told_and_still_tabled() -> None:
    result = sited({"layers/plots": plots({"far": (700.0, 300.0)})})
    assert result.table.empty
    assert "people_gained" in result.table
    assert result.parts["sites"]["role"].tolist() == ["existing", "left_out"]
    assert result.parts["unserved"]["schemes"].unique().tolist() == [""]
    (problem,) = (one for one in result.problems if one.where == "candidates")
    assert problem.what == "no scheme: none of the 0 plot(s) that can be used brings anybody within 410 m"
    assert problem.severity == "warning"


def test_a_word_that_no_plot_says_is_told() -> None:
    told = {"layers/plots": plots(zoning=["符合控规"] * 6)}
    result = sited(told, unsuitable=[{"column": "zoning", "says": ["不符"], "reason": "控规"}])
    assert [str(one.given) for one in result.problems if one.where == "unsuitable[0].says"] == ["不符"]


def test_everything_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(DeclarationError) as told:
        sited(
            force=["P9"],
            forbid={"P8": "无"},
            unsuitable=[{"column": "zoning", "says": ["不符合"], "reason": "控规"}],
            weights={"aged": 1.0},
            budget=1.0,
        )
    where = [problem.where for problem in told.value.problems]
    assert where == ["force", "forbid", "unsuitable[0].column", "budget", "weights.aged"]


def test_a_forced_plot_that_is_left_out_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"forces a plot that is left out \(近旁无可步行道路\)"):
        sited({"layers/plots": plots({"far": (700.0, 300.0)})}, force=["far"])


def test_which_requirement_is_to_be_met_is_asked_where_there_are_several() -> None:
    coverage = {"facilities": ["layers/kindergartens"], "limits_m": {"kindergarten": 500.0}, "circles": ["5"]}
    with pytest.raises(
        DeclarationError, match=r"has to say which of several.*f5\.kg \(300 m\), own\.kindergarten \(500 m\)"
    ):
        sited(coverage=coverage, facility="kindergarten")
    with pytest.raises(DeclarationError, match="names no requirement of this kind"):
        sited(coverage=coverage, facility="kindergarten", requirement="f15.metro")
    # K serves D and E; P1 gains A, B and C (500 m), P2 adds I, P5 F. How K2 is entered is not known: A to I may be served.
    one = sited(coverage=coverage, facility="kindergarten", requirement="own.kindergarten")
    assert one.table[["sites", "people_before", "people_gained"]].iloc[0].tolist() == ["P1、P2、P5", 40, 395]
    assert one.table["people_no_data"].tolist() == [390]
    assert "1 处现状幼儿园的到达方式不明,未计其服务" in one.notes


def test_a_kind_that_the_coverage_analysis_does_not_ask_for_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"asks nothing of this kind.*limits_m = \{ hospital = 500 \}"):
        sited(facility="hospital")


def test_a_declaration_is_checked_against_the_layers() -> None:
    record = Siting.model_validate(
        ASKED
        | {"facility": "邻里", "force": ["P1", "P1", "P2", "P3"], "forbid": {"P1": "无"}, "candidates": "layers/zones"}
    )
    layers: dict[str, Layer] = {ref: one.record for ref, one in village_layers().items()}
    problems = analyses.check(record, shown_as="analyses/siting.toml", layers=layers, standards=inputs({}).standards)
    assert [problem.where for problem in problems] == ["candidates", "facility", "force", "force", "force"]


def test_points_of_gained_and_left_are_those_of_the_homes() -> None:
    result = by_hand()
    shapes = village_layers()["layers/residents"].frame.geometry
    for part in ("gained", "unserved"):
        found = gpd.GeoDataFrame(result.parts[part])
        assert found.geometry.tolist() == [shapes[unit] for unit in found["unit"]]
    assert set(result.parts["gained"]["unit"]) | set(result.parts["unserved"]["unit"]) < set(HOMES)


def some_reach(seed: int, *, n_units: int = 40, n_sites: int = 9) -> tuple[Reach, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    reaches = rng.random((n_units, n_sites)) < 0.22
    unit, site = np.nonzero(reaches)
    walk_m = rng.integers(0, 400, len(unit)).astype(float)
    weight = rng.integers(1, 60, n_units).astype(float)
    existing = np.zeros(n_sites, dtype=bool)
    existing[:2] = True
    return Reach(unit, site, walk_m, n_units, n_sites), weight, existing


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("forced", "budget"), [((), None), ((4,), None), ((), 14.0), ((5,), 17.0)])
def test_schemes_as_good_as_the_best_are_those_of_brute_force(
    seed: int, forced: tuple[int, ...], budget: float | None
) -> None:
    near, weight, existing = some_reach(seed)
    cost = np.arange(near.n_sites, dtype=float)
    before = near.served(existing)

    def gains(sites: tuple[int, ...]) -> float:
        opened = existing.copy()
        opened[list(sites)] = True
        return float(weight[near.served(opened) & ~before].sum())

    question = ask(near, weight, existing, cost=None if budget is None else cost, budget=budget, forced=forced)
    best = question.best(3)
    every = {
        sites: gains(sites)
        for sites in combinations(range(2, near.n_sites), len(best.chosen))
        if set(forced) <= set(sites) and (budget is None or cost[list(sites)].sum() <= budget)
    }
    most = max(every.values())
    assert (best.objective, best.status) == (most, "optimal")
    choice = choose(question, best)
    beyond = [gain for gain in every.values() if gain < most * (1 - AS_GOOD)]
    assert choice.all_found
    assert choice.n_as_good == len(every) - len(beyond)
    assert max(beyond, default=0.0) <= choice.next_bound < most * (1 - AS_GOOD)
    assert [scheme.objective for scheme in choice.schemes] == [
        every[tuple(one.sites.tolist())] for one in choice.schemes
    ]
    assert len({tuple(scheme.sites) for scheme in choice.schemes}) == min(SCHEMES, choice.n_as_good)


def test_a_search_that_is_broken_off_says_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(siting_schemes, "_WORK", 0.0)
    result = sited(new_sites=2)  # one swap away from each other: these are looked at first
    assert len(result.table) == 2
    assert "同样处数、与最优相差不超过 1% 的方案连同方案一至少 2 个,列出其中彼此差别最大的 2 个" in result.notes


def test_margins_are_what_leaving_out_and_adding_changes() -> None:
    near, weight, existing = some_reach(7)
    opened = existing.copy()
    opened[[3, 5, 6]] = True

    def total(with_site: bool, site: int) -> float:
        changed = opened.copy()
        changed[site] = with_site
        return float(weight[near.served(changed)].sum())

    expected = [total(True, site) - total(False, site) for site in range(near.n_sites)]
    assert near.margin(opened, weight).tolist() == expected


def test_the_nearest_is_the_first_of_equally_near_ones() -> None:
    near = Reach(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([5.0, 5.0, 7.0]), 3, 2)
    site, walk_m = near.nearest(np.array([True, True]))
    assert site.tolist() == [0, 1, -1]
    assert walk_m[:2].tolist() == [5, 7]
    assert np.isnan(walk_m[2])
