"""Land and public toilets by hand: two squares of 1 km, and one street with five toilets.

::

    0 ........ 1000 ....... 2000          toilets on land:  a (100, 100), b (200, 200), c (900, 900) on 居住用地
    :  0701 homes :  1401 green  :                          d (1100, 500) on 绿地
    :  all        :  0-500 only  :                          e (1500, 500) where no land use is known
    1000 ........................:
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.analyses.land import (
    ALL_LAND,
    NO_LANDUSE,
    NO_TOILETS,
    Ground,
    find_ground,
    land_classes,
    neighbour_spacings,
    toilet_density,
    toilet_spacing,
)
from qyp_geo.declarations import District
from qyp_geo.frames import LayerData
from qyp_geo.network import WalkNetwork
from qyp_geo.standards import ToiletDensityRule, ToiletSpacingRule, toilet_density_rules, toilet_spacing_rules
from tests.analyses.reading import cells
from tests.analyses.village import CRS, box, frame, layer, line, point, village_layers

TOILETS = {
    "a": point(100, 100), "b": point(200, 200), "c": point(900, 900), "d": point(1100, 500), "e": point(1600, 500),
}  # fmt: skip
EVERYWHERE = box(-5000, -5000, 9000, 9000)


def points(**shapes: shapely.Point) -> gpd.GeoSeries:
    return gpd.GeoSeries(shapes, crs=CRS)


def landuse(code_system: str = "ydyh2023", **plots: tuple[str, shapely.Polygon, bool]) -> LayerData:
    plots = plots or {
        "homes": ("0701", box(0, 0, 1000, 1000), True),
        "green": ("1401", box(1000, 0, 1500, 1000), False),
        "lake": ("1702", box(1500, 0, 1600, 1000), False),
    }
    codes = [code for code, _, _ in plots.values()]
    content = frame(
        "landuse",
        {name: shape for name, (_, shape, _) in plots.items()},
        code=codes,
        residential=[residential for _, _, residential in plots.values()],
        construction=[not code.startswith("17") for code in codes],
    )
    return layer(content, "landuse", code_system=code_system)


def ground() -> Ground:
    table = {
        "level": ["district", "township", "community"],
        "area": ["all", "w", "w1"],
        "area_name": ["全区", "西", "西一"],
    }
    shapes = [box(0, 0, 2000, 1000), box(0, 0, 1000, 500), box(0, 0, 1000, 500)]
    return Ground(gpd.GeoDataFrame(table, geometry=shapes, crs=CRS))


def density(toilets: gpd.GeoSeries | None, land: LayerData | None, **more: Any) -> pd.DataFrame:
    return toilet_density(ground(), toilets, land, more.get("rules", toilet_density_rules()))


def test_toilets_per_km2_of_each_class_of_land() -> None:
    found = density(points(**TOILETS), landuse())
    whole = found[found["area"] == "all"].set_index("rule")
    figures = ["land_km2", "toilets", "per_km2", "short", "verdict"]
    assert cells(whole, "t.den.R", figures) == [pytest.approx(1.0), 3, pytest.approx(3.0), 0, MET]
    # 5 per km² on half a km²: 2.5 toilets are asked for, one is there, so that two more are needed.
    assert cells(whole, "t.den.G", figures) == [pytest.approx(0.5), 1, pytest.approx(2.0), 2, UNMET]
    assert cells(whole, "t.den.MW", ["land_km2", "toilets", "verdict"]) == [0, 0, NOT_APPLICABLE]
    assert cells(whole, "", ["land", "land_km2", "toilets", "verdict"]) == [
        ALL_LAND, pytest.approx(1.5), 4, NOT_APPLICABLE,
    ]  # fmt: skip
    assert whole.loc["t.den.R", "source"] == "GB/T 50337-2018 公厕设置密度指标表（未核）"


def test_density_is_given_by_township_and_not_by_community() -> None:
    found = density(points(**TOILETS), landuse()).set_index(["area", "rule"])
    assert found.index.get_level_values("area").unique().tolist() == ["all", "w"]
    assert cells(found, ("w", "t.den.R"), ["land_km2", "toilets", "verdict"]) == [pytest.approx(0.5), 2, MET]


def test_the_least_density_itself_is_enough() -> None:
    figures = density(points(a=point(1, 1), b=point(2, 2)), landuse())
    assert figures[figures["rule"] == "t.den.R"]["verdict"].tolist() == [UNMET, MET]  # 2 on 1 km², 2 on 0.5 km²


def test_plots_that_overlap_are_counted_once() -> None:
    square = box(0, 0, 1000, 1000)
    found = density(points(a=point(1, 1)), landuse(one=("0701", square, True), two=("0702", square, True)))
    assert cells(found, 0, ["land_km2", "toilets"]) == [pytest.approx(1.0), 1]


def test_what_is_missing_is_said_and_not_judged() -> None:
    no_land = density(points(**TOILETS), None)
    assert set(no_land["note"]) == {NO_LANDUSE}
    assert no_land["land_km2"].isna().all()
    assert no_land[no_land["rule"] == "t.den.R"]["verdict"].tolist() == [NO_DATA, NO_DATA]
    no_toilets = density(None, landuse())
    assert set(no_toilets["note"]) == {NO_TOILETS}
    assert no_toilets[no_toilets["rule"] == "t.den.R"]["verdict"].tolist() == [NO_DATA, NO_DATA]


def test_a_rule_of_one_s_own_may_speak_of_all_land_but_not_of_unknown_land() -> None:
    cited = {
        "profile": "own",
        "title_zh": "公厕密度",
        "source": "自定",
        "strength": "应",
        "effect": "fail",
        "verified": True,
    }
    rules = [
        ToiletDensityRule(**cited, id=name, land_class=land, minimum_per_km2=2.0, maximum_per_km2=None)  # type: ignore[arg-type]
        for name, land in (("all", ""), ("sea", "海域"))
    ]
    found = density(points(**TOILETS), landuse(), rules=rules)
    assert found["rule"].tolist() == ["all", "sea"] * 2
    assert cells(found, 0, ["land", "toilets", "verdict"]) == [ALL_LAND, 4, MET]
    assert cells(found, 1, ["note", "verdict"]) == ["不可计算:“海域”没有对应的用地代码", NO_DATA]


@pytest.mark.parametrize(
    ("code_system", "codes", "classes"),
    [
        ("ydyh2023", ["070102", "0703", "1401", "0809", "0901", "1207", "1201", "1001", "1101", "1309", "1702"],
         ["", "", "绿地与广场", "公共管理与公共服务", "商业服务业", "道路交通", "", "工业", "仓储", "公用设施", ""]),
        # The same figures mean other things in other lists: 0810 is green, 0702 is a village home, 1207 is bare rock.
        ("gbt21010_2017", ["0701", "0702", "0810", "0801", "0809", "1207", "0604"],
         ["", "", "绿地与广场", "公共管理与公共服务", "公用设施", "", "仓储"]),
        ("sd3", ["0508", "05H1", "0810"], ["仓储", "商业服务业", "绿地与广场"]),
        ("gb50137_2011", ["R2", "R22", "A33", "B1", "S42", "M1", "W1", "U22", "G1", "H14", "E1"],
         ["", "", "公共管理与公共服务", "商业服务业", "道路交通", "工业", "仓储", "公用设施", "绿地与广场", "", ""]),
    ],
)  # fmt: skip
def test_a_code_is_of_the_class_that_its_own_list_says(code_system: str, codes: list[str], classes: list[str]) -> None:
    assert land_classes(codes, code_system) == classes


def test_the_ground_is_cut_to_the_district_and_in_official_order() -> None:
    layers = village_layers()
    layers["layers/boundary"] = layer(frame("boundary", {"all": box(-50, 0, 1450, 700)}), "boundary")
    district = District(name="village", title="村", crs=CRS, boundary="layers/boundary")
    found = find_ground(layers["layers/units"], layers["layers/boundary"], district)
    assert found.table["area"].tolist() == ["village", "e", "w", "w1", "w2", "e1"]
    assert found.table["level"].tolist() == ["district", *["township"] * 2, *["community"] * 3]
    assert found.of_m2(box(0, -500, 100, 300)).tolist() == pytest.approx([30_000, 0, 30_000, 20_000, 10_000, 0])
    assert found.counts(points(P=point(0, 200), Q=point(0, -100))).tolist() == [1, 0, 1, 1, 1, 0]


# One street of 2,000 m in two lines, toilets 10 m beside it at 0, 300, 700 and 1,200 m; T5 stands on a side street.
STREET = {"s1": line((0, 0), (700, 0), (1000, 0)), "s2": line((1000, 0), (2000, 0)), "lane": line((700, 0), (700, 400))}
ALONG = {"T1": point(0, 10), "T2": point(300, -10), "T3": point(700, 10), "T4": point(1200, 10), "T5": point(690, 300)}


def streets(lines: dict[str, Any], *, road_type: list[str], names: list[str]) -> LayerData:
    content = frame("streets", lines, walkable=[True] * len(lines), road_type=road_type, name=names)
    return layer(content, "streets")


def spacing(road_type: str, toilets: gpd.GeoSeries, within: Any = EVERYWHERE) -> pd.Series:
    layer_ = streets(STREET, road_type=[road_type, road_type, ""], names=["大街", "大街", "巷"])
    table, _ = toilet_spacing(layer_, toilets, toilet_spacing_rules(), within=within)
    assert len(table) == 1
    return table.iloc[0]


def test_successive_toilets_along_a_street() -> None:
    row = spacing("商业性", points(**ALONG))
    # 10 + 300 + 10, 10 + 400 + 10 and 10 + 500 + 10 m; T5 is 300 m off the street.
    assert row[["street", "road_type", "length_m", "toilets"]].tolist() == ["大街", "商业性", 2000, 4]
    assert row[["spacing_max_m", "spacing_mean_m"]].tolist() == [520, 420]
    assert row[["limit_m", "verdict", "rule"]].tolist() == [400, UNMET, "t.sp.c"]
    assert spacing("生活性", points(**ALONG))[["limit_m", "verdict"]].tolist() == [600, MET]


@pytest.mark.parametrize(
    ("road_type", "apart_m", "verdict"),
    [("商业性", 379.999, MET), ("商业性", 380.0, UNMET), ("生活性", 580.0, MET), ("生活性", 580.001, UNMET)],
)
def test_a_spacing_of_just_the_limit(road_type: str, apart_m: float, verdict: str) -> None:
    # Both legs are 10 m. A commercial street must have less than 400 m, one for living at most 600 m.
    n = 5 if road_type == "商业性" else 3
    row = spacing(road_type, points(**{f"T{k}": point(k * apart_m, 10) for k in range(n)}))
    assert row["spacing_max_m"] == pytest.approx(apart_m + 20)
    assert row["verdict"] == verdict


def test_a_street_too_long_for_its_toilets_cannot_keep_the_limit() -> None:
    nobody = points(far=point(0, 3000))
    assert spacing("交通性", nobody)[["toilets", "verdict"]].tolist() == [0, UNMET]  # 2,000 m without any
    assert np.isnan(spacing("交通性", nobody)["spacing_max_m"])
    assert spacing("交通性", points(T=point(900, 0)))[["toilets", "verdict"]].tolist() == [1, NOT_APPLICABLE]
    assert spacing("生活性", points(T=point(900, 0)))[["toilets", "verdict"]].tolist() == [1, UNMET]  # 2,000 > 2 * 600
    assert spacing("交通性", nobody, box(0, -9, 1200, 9))["verdict"] == NOT_APPLICABLE  # 1,200 m in the district


def test_streets_without_a_type_are_not_measured_and_without_a_name_are_told() -> None:
    untyped = streets(STREET, road_type=["", "", ""], names=["大街", "大街", "巷"])
    table, notes = toilet_spacing(untyped, points(**ALONG), toilet_spacing_rules(), within=EVERYWHERE)
    assert table.empty
    assert notes == ["公厕间距:没有声明道路性质(商业性、生活性、交通性),不可计算"]
    nameless = streets(STREET, road_type=["商业性", "商业性", ""], names=["大街", "", "巷"])
    table, notes = toilet_spacing(nameless, points(**ALONG), toilet_spacing_rules(), within=EVERYWHERE)
    assert table["length_m"].tolist() == [1000]
    assert notes[1] == "公厕间距:1 段有道路性质而无名称的道路(共 1.0 公里)未评"


def test_toilets_that_no_walk_joins_are_infinitely_far_apart() -> None:
    lines = {"a": line((0, 0), (300, 0)), "b": line((310, 0), (600, 0))}
    apart = streets(lines, road_type=["生活性", "生活性"], names=["大街", "大街"])
    table, _ = toilet_spacing(apart, points(P=point(0, 0), Q=point(600, 0)), toilet_spacing_rules(), within=EVERYWHERE)
    assert cells(table, 0, ["spacing_max_m", "verdict"]) == [np.inf, UNMET]


def test_two_toilets_at_one_place_are_neighbours_at_no_distance() -> None:
    row = spacing("生活性", points(P=point(0, 0), Q=point(0, 0), R=point(500, 0), S=point(1000, 0), T=point(1500, 0)))
    assert row[["toilets", "spacing_max_m", "verdict"]].tolist() == [5, 500, MET]


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_are_the_least_spanning_tree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = gpd.GeoSeries(
        [line((x, 0), (x, 200), (x, 400)) for x in (0, 200, 400)]
        + [line((0, y), (200, y), (400, y)) for y in (0, 200, 400)],
        crs=CRS,
    )
    net = WalkNetwork.from_lines(grid)
    at = net.snap(gpd.GeoSeries([point(x, y) for x, y in rng.uniform(0, 400, (12, 2))], crs=CRS))
    walks = net.walks(at, at, within_m=np.inf)
    graph = nx.from_pandas_edgelist(walks[walks["origin"] != walks["target"]], "origin", "target", "walk_m")
    expected = [walk_m for *_, walk_m in nx.minimum_spanning_tree(graph, weight="walk_m").edges(data="walk_m")]
    assert sorted(neighbour_spacings(at, net)) == pytest.approx(sorted(expected))


def test_a_rule_for_every_street_needs_a_type_all_the_same() -> None:
    any_street = ToiletSpacingRule(
        id="own", profile="own", title_zh="间距", source="自定", strength="应", effect="fail", verified=True,
        road_type="", minimum_m=None, maximum_m=600.0, strict=False,
    )  # fmt: skip
    layer_ = streets(STREET, road_type=["商业性", "商业性", ""], names=["大街", "大街", "巷"])
    table, _ = toilet_spacing(layer_, points(**ALONG), [any_street], within=EVERYWHERE)
    assert table["street"].tolist() == ["大街"]
    assert table["rule"].tolist() == ["own"]
