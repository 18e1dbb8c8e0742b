"""Parks by hand: four of them, far enough apart that nothing overlaps, amid housing without end.

::

    parks, all square, at (2000 n, 0)      area    side       served around it by a radius r: 4 * side * r + pi * r²
      A                                     450    21.213     (the park itself is no residential land)
      B                                    1500    38.730
      C                                    3000    54.772
      D                                    6000    77.460
"""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.ndimage import distance_transform_edt
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.analyses.land import NO_LANDUSE, Ground
from qyp_geo.analyses.parks import find_parks, park_shares, sized
from qyp_geo.analyses.width import width_m
from qyp_geo.frames import LayerData
from qyp_geo.standards import ParkRule, Reach, park_rules, pocket_park_rule
from qyp_geo.standards.parks import Target
from tests.analyses.reading import cells
from tests.analyses.village import CRS, box, frame, layer, point

AREAS_M2 = {"A": 450.0, "B": 1500.0, "C": 3000.0, "D": 6000.0}
SIDES_M = {name: math.sqrt(area_m2) for name, area_m2 in AREAS_M2.items()}
PARKS = {
    name: box(2000 * n - side / 2, -side / 2, 2000 * n + side / 2, side / 2)
    for n, (name, side) in enumerate(SIDES_M.items())
}
HOMES = shapely.difference(box(-1000, -1000, 7000, 1000), shapely.union_all(list(PARKS.values())))
ARC = 1e-3
"""A circle of 256 corners is smaller than a circle by 1 part in 10,000."""


def served_m2(**radius_m: float) -> float:
    return sum(4 * SIDES_M[name] * radius + math.pi * radius**2 for name, radius in radius_m.items())


def ground(**areas: BaseGeometry) -> Ground:
    areas = areas or {"all": box(-1000, -1000, 7000, 1000)}
    columns = {"level": ["district", *["community"] * (len(areas) - 1)], "area": list(areas), "area_name": list(areas)}
    return Ground(gpd.GeoDataFrame(columns, geometry=list(areas.values()), crs=CRS))


def parks(**shapes: BaseGeometry) -> dict[str, LayerData]:
    return {"layers/parks": layer(frame("park", shapes or PARKS), "park")}


def landuse(homes: object = HOMES) -> LayerData:
    plots = frame("landuse", {"homes": homes}, code=["0701"], residential=[True], construction=[True])
    return layer(plots, "landuse", code_system="ydyh2023")


def rule(**more: object) -> ParkRule:
    cited = {"id": "own", "profile": "own", "title_zh": "公园", "source": "自定", "strength": "应", "effect": "fail"}
    reaches = (Reach(300.0, None, False, None, None),)
    return ParkRule(**{**cited, "verified": True, "kinds": ("park",), "reaches": reaches, **more})  # type: ignore[arg-type]


def test_the_four_parks_give_another_share_by_each_rule() -> None:
    rules = park_rules()
    found = park_shares(ground(), find_parks(parks(), ["park"]), landuse(), rules).set_index("rule")
    expected = {
        "pk.500": served_m2(A=500, B=500, C=500, D=500),  # any park, 500 m
        "pk.tj22": served_m2(C=300, D=500),  # from 2,000 m² 300 m, from 5,000 m² 500 m
        "pk.yl22": served_m2(A=300, B=300, C=300, D=500),  # from 400 m² 300 m, from 5,000 m² 500 m
        "g5.park": served_m2(D=300),  # from 4,000 m² and 30 m wide, 300 m
        "g10.park": 0.0,  # from 10,000 m²
        "g15.park": 0.0,  # from 50,000 m²
    }
    for rule_id, served in expected.items():
        assert found.loc[rule_id, "served_m2"] == pytest.approx(served, rel=ARC), rule_id
        assert found.loc[rule_id, "share"] == pytest.approx(served / HOMES.area, rel=ARC)
    assert found["parks"].dropna().to_dict() == {
        "pk.500": 4, "pk.tj22": 2, "pk.yl22": 4, "g5.park": 1, "g10.park": 0, "g15.park": 0,
    }  # fmt: skip
    assert found["share"].dropna().nunique() == 5


def test_a_rule_without_a_radius_says_so() -> None:
    found = park_shares(ground(), find_parks(parks(), ["park"]), landuse(), park_rules()).set_index("rule")
    assert np.isnan(found["share"]["pk.55014"])
    assert cells(found, "pk.55014", ["verdict", "note"]) == [NOT_APPLICABLE, "条文没有给出服务半径"]


def test_targets_of_places_that_no_layer_shows_are_not_used_and_named() -> None:
    found = park_shares(ground(), find_parks(parks(), ["park"]), landuse(), park_rules()).set_index("rule")
    assert cells(found, "pk.500", ["target", "verdict", "note"]) == [0.9, UNMET, "只对新区、旧城的数值未用"]
    assert found.loc["pk.yl22", "note"] == "只对历史街区的数值未用"


def test_the_radius_begins_at_the_boundary_and_overlaps_count_once() -> None:
    shapes = {"one": box(0, 0, 200, 100), "two": box(0, 0, 200, 100)}
    found = park_shares(ground(), find_parks(parks(**shapes), ["park"]), landuse(box(200, 0, 1000, 100)), [rule()])
    assert found["served_m2"].tolist() == pytest.approx([300 * 100])  # 300 m east of the park's edge, once
    assert found["residential_m2"].tolist() == pytest.approx([800 * 100])
    assert found["share"].tolist() == pytest.approx([0.375])


def test_only_residential_land_counts_and_a_park_outside_the_area_serves_into_it() -> None:
    areas = ground(all=box(0, 0, 1000, 1000), west=box(0, 0, 500, 1000), east=box(500, 0, 1000, 1000))
    outside = parks(P=box(-100, 0, 0, 1000))
    found = park_shares(areas, find_parks(outside, ["park"]), landuse(box(200, 0, 600, 1000)), [rule()])
    assert found["area"].tolist() == ["all", "west", "east"]
    assert found["residential_m2"].tolist() == pytest.approx([400_000, 300_000, 100_000])
    assert found["served_m2"].tolist() == pytest.approx([100_000, 100_000, 0])
    assert found["parks"].tolist() == [1, 1, 0]


def test_a_share_that_is_just_the_target_meets_it_unless_it_must_be_more() -> None:
    served = find_parks(parks(P=box(0, 0, 200, 100)), ["park"])
    land = landuse(box(200, 0, 600, 100))  # 300 of 400 m

    def verdict(**more: object) -> str:
        return str(park_shares(ground(), served, land, [rule(**more)])["verdict"].iloc[0])

    assert verdict(targets=(Target(0.75, strict=False),)) == MET
    assert verdict(targets=(Target(0.75, strict=True),)) == UNMET
    assert verdict(targets=(Target(0.7501, strict=False),)) == UNMET
    assert verdict() == NOT_APPLICABLE


def test_nothing_is_computed_without_land_use_or_without_parks() -> None:
    no_land = park_shares(ground(), find_parks(parks(), ["park"]), None, [rule()]).iloc[0]
    assert no_land["note"] == NO_LANDUSE == "不可计算:没有用地图层"
    assert no_land["verdict"] == NO_DATA
    assert np.isnan(no_land["share"])
    assert find_parks(parks(), ["square"]) is None
    no_parks = park_shares(ground(), None, landuse(), [rule(targets=(Target(0.9, strict=False),))]).iloc[0]
    assert no_parks[["note", "verdict"]].tolist() == ["没有公园图层", NO_DATA]


def test_an_area_without_homes_is_not_judged() -> None:
    areas = ground(all=box(0, 0, 1000, 1000), works=box(500, 0, 1000, 1000))
    asked = rule(targets=(Target(0.9, strict=False),))
    found = park_shares(areas, find_parks(parks(P=box(0, 0, 9, 9)), ["park"]), landuse(box(0, 0, 100, 100)), [asked])
    assert found["verdict"].tolist() == [MET, NOT_APPLICABLE]


def test_a_park_of_unknown_size_counts_only_where_size_is_not_asked() -> None:
    points = frame("park", {"p": point(0, 0), "q": point(500, 0)}, area_m2=[np.nan, 6000.0])
    found = find_parks({"layers/parks": layer(points, "park")}, ["park"])
    by_rule = park_shares(ground(), found, landuse(), park_rules()).set_index("rule")
    assert cells(by_rule, "pk.500", ["parks", "parks_unknown"]) == [2, 0]
    assert cells(by_rule, "pk.tj22", ["parks", "parks_unknown"]) == [1, 1]
    assert cells(by_rule, "g5.park", ["parks", "parks_unknown"]) == [0, 2]  # q is 6,000 m² of unknown width


def test_a_planned_park_does_not_count() -> None:
    content = frame("park", {"p": PARKS["A"], "q": PARKS["B"]}, status=["existing", "planned"])
    found = find_parks({"layers/parks": layer(content, "park")}, ["park"])
    assert found is not None
    assert found["id"].tolist() == ["p"]


@pytest.mark.parametrize(
    ("area_m2", "verdict"),
    [(399.9, UNMET), (400.0, MET), (10_000.0, MET), (10_000.1, UNMET), (np.nan, NO_DATA)],
)
def test_a_pocket_park_has_400_to_10000_m2(area_m2: float, verdict: str) -> None:
    content = frame("pocket_park", {"p": point(0, 0)}, area_m2=[area_m2])
    found = find_parks({"layers/pocket": layer(content, "pocket_park")}, ["pocket_park"])
    assert found is not None
    assert sized(found, park_rules(), pocket_park_rule())["size_verdict"].tolist() == [verdict]


def test_each_park_is_listed_with_the_rules_that_count_it() -> None:
    found = find_parks(parks(), ["park"])
    assert found is not None
    listed = sized(found, park_rules(), pocket_park_rule()).set_index("id")
    assert listed["area_m2"].tolist() == pytest.approx(list(AREAS_M2.values()))
    assert listed["width_m"].tolist() == [21.2, 38.7, 54.8, 77.5]
    assert listed["counts_for"].to_dict() == {
        "A": "pk.yl22、pk.500",
        "B": "pk.yl22、pk.500",
        "C": "pk.tj22、pk.yl22、pk.500",
        "D": "pk.tj22、pk.yl22、g5.park、pk.500",
    }
    assert set(listed["size_verdict"]) == {NOT_APPLICABLE}


L_OF_70 = shapely.union(box(0, 0, 70, 400), box(0, 0, 400, 70))


@pytest.mark.parametrize(
    ("shape", "width"),
    [
        (box(0, 0, 80, 625), 80.0),
        (affinity.rotate(box(0, 0, 80, 625), 33), 80.0),
        (box(0, 0, 80, 80), 80.0),
        (point(0, 0).buffer(50, quad_segs=64), 100.0),
        # An L is as wide as its arms: its hull is 283 m wide, the largest circle in its corner 82 m.
        (L_OF_70, 70.0),
        # A park around a lake, 50 m on every side.
        (box(0, 0, 400, 300) - box(50, 50, 350, 250), 50.0),
        # A tail of less than a quarter of the park does not make it narrow, one of more does.
        (shapely.union(box(0, 0, 100, 100), box(100, 0, 200, 10)), pytest.approx(92.0, abs=3)),
        (shapely.union(box(0, 0, 100, 100), box(100, 0, 500, 10)), 10.0),
        (shapely.MultiPolygon([box(0, 0, 20, 300), box(100, 0, 120, 300)]), 20.0),
    ],
)
def test_the_width_of_a_park(shape: shapely.Polygon, width: float) -> None:
    assert width_m(shape) == width


def test_a_park_of_five_hectares_must_be_80_m_wide() -> None:
    shapes = {"just": box(0, 0, 80, 625), "narrow": box(1000, 0, 1079.5, 629)}
    found = find_parks(parks(**shapes), ["park"])
    assert found is not None
    listed = sized(found, park_rules(), pocket_park_rule())
    assert ["g15.park" in one for one in listed["counts_for"]] == [True, False]
    assert (listed["area_m2"] >= 50_000 - 1e-6).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_share_agrees_with_counting_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 3000, (6, 2))
    sides = rng.uniform(15, 120, (6, 2))
    some = {f"p{n}": box(x, y, x + w, y + h) for n, ((x, y), (w, h)) in enumerate(zip(corners, sides, strict=True))}
    homes = shapely.union_all([box(x, y, x + 700, y + 500) for x, y in rng.uniform(0, 2500, (8, 2))])
    rules = [one for one in park_rules() if not one.not_computable]
    found = park_shares(ground(all=homes.envelope), find_parks(parks(**some), ["park"]), landuse(homes), rules)
    share = found.set_index("rule")["share"]
    x, y = np.meshgrid(np.arange(5, 3300, 15), np.arange(5, 3300, 15))
    places = np.array([point(*xy) for xy in np.stack([x, y], axis=-1).reshape(-1, 2).tolist()])
    shapely.prepare(homes)
    places = places[shapely.contains(homes, places)]
    for one in rules:
        served = np.zeros(len(places), dtype=bool)
        for park, (width, height) in zip(some.values(), sides, strict=True):
            radius_m = one.radius_m(area_m2=width * height, width_m=min(width, height))
            if radius_m is not None:
                served |= shapely.distance(places, park) <= radius_m
        assert share[one.id] == pytest.approx(served.mean(), abs=0.005), one.id


@pytest.mark.parametrize("seed", range(4))
def test_the_width_agrees_with_circles_on_a_raster(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inside = np.zeros((240, 240), dtype=bool)
    for x, y in rng.integers(20, 110, (5, 2)):
        inside[x : x + rng.integers(20, 100), y : y + rng.integers(20, 100)] = True
    shape = shapely.union_all([shapely.box(x, y, x + 1, y + 1) for x, y in np.argwhere(inside)])
    depth = distance_transform_edt(inside)

    def reached(radius: float) -> Any:
        centres = depth >= radius
        return (distance_transform_edt(~centres) < radius).sum() / inside.sum() if centres.any() else 0.0

    broad = max(width for width in np.arange(1, 240, 0.5) if reached(width / 2) >= 0.75)
    assert width_m(shape) == pytest.approx(broad, abs=2.0)
