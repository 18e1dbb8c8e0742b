"""Gates, walls and the big road of the village: every figure by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from qyp_geo import analyses
from qyp_geo.analyses.estates import find_estates, public_streets
from qyp_geo.analyses.judging import MET, NO_DATA, UNMET
from qyp_geo.frames import LayerData, Result
from tests.analyses.test_coverage import of_units
from tests.analyses.village import (
    WALLED_HOMES,
    box,
    frame,
    inputs,
    layer,
    line,
    point,
    residents,
    walled_layers,
    walled_record,
)

TOILETS, KINDERGARTENS = "own.public_toilet", "f5.kg"
OPEN: dict[str, Any] = {"estates": None, "barriers": None}


def covered(layers: dict[str, LayerData] | None = None, **more: Any) -> Result:
    return analyses.run(walled_record(**more), inputs(layers or walled_layers()))


@pytest.fixture(scope="module")
def walled() -> Result:
    return covered()


def present(found: dict[str, Any]) -> dict[str, Any]:
    return {unit: metres for unit, metres in found.items() if pd.notna(metres)}


def test_walks_from_the_door_pass_the_gates(walled: Result) -> None:
    walks = present(of_units(walled, TOILETS, "walk_m"))
    assert walks == {"M": 70.0, "N": 150.0, "O": 270.0, "J": 55.0, "Q": 700.0}
    assert of_units(walled, TOILETS, "facility") == {"M": "T3", "N": "T3", "O": "T3", "J": "T1", "Q": "T1", "V": ""}
    assert present(of_units(walled, KINDERGARTENS, "walk_m")) == {
        "M": 160 + 450,
        "N": 340 + 450,
        "O": 20 + 100 + 160 + 300 + 50 + 40,
        "J": 25 + 410 + 20,
        "Q": 150 + 10 + 40,
    }


def test_walks_from_the_gate_leave_out_the_metres_inside(walled: Result) -> None:
    assert present(of_units(walled, TOILETS, "walk_from_gate_m")) == {"M": 70.0, "N": 110.0}
    assert present(of_units(walled, KINDERGARTENS, "walk_from_gate_m")) == {"M": 450.0, "N": 450.0}
    assert of_units(walled, TOILETS, "start") == dict.fromkeys("OJQV", "door") | dict.fromkeys("MN", "gate")


def test_the_verdict_is_that_of_the_gate_where_there_are_gates() -> None:
    limits = {"kindergarten": 450.0}  # N walks 790 m from the door, J 455 m
    met = of_units(covered(limits_m=limits), "own.kindergarten", "verdict")
    assert met == dict.fromkeys("OV", UNMET) | dict.fromkeys("MNQ", MET) | {"J": NO_DATA}  # K2 is 436 m from J
    closer = of_units(covered(limits_m={"kindergarten": 449.999}), "own.kindergarten", "verdict")
    assert (closer["M"], closer["N"]) == (UNMET, UNMET)


def test_without_a_facility_of_their_own_residents_go_out() -> None:
    layers = walled_layers()
    layers["layers/toilets"] = layer(frame("public_toilet", {"T1": point(500, -10)}), "public_toilet")
    result = covered(layers)
    assert present(of_units(result, TOILETS, "walk_m")) == {"M": 270.0, "N": 450.0, "O": 1090.0, "J": 55.0, "Q": 700.0}
    assert present(of_units(result, TOILETS, "walk_from_gate_m")) == {"M": 110.0, "N": 110.0}


def test_an_estate_that_is_not_declared_is_walked_through(walled: Result) -> None:
    open_village = covered(**OPEN)
    layers = walled_layers()
    layers["layers/toilets"] = layer(frame("public_toilet", {"T1": point(500, -10)}), "public_toilet")
    assert of_units(covered(layers, **OPEN), TOILETS, "walk_m")["O"] == 20 + 50 + 290 + 150 + 50 + 10
    assert set(of_units(open_village, TOILETS, "start").values()) == {"door"}
    assert any(note.startswith("无出入口数据:") for note in open_village.notes)
    assert any(note.startswith("未声明屏障:") for note in open_village.notes)
    assert any(note.startswith("干路按单侧计:") for note in open_village.notes)
    assert any("有出入口的小区 1 个(建筑 2 处)" in note for note in walled.notes)
    assert not any(note.startswith(("无出入口数据", "未声明屏障")) for note in walled.notes)


def test_an_estate_without_gates_stands_open_and_is_named() -> None:
    layers = walled_layers()
    layers["layers/estates"] = replace(
        layers["layers/estates"], record=layers["layers/estates"].record.model_copy(update={"gates": None})
    )
    result = covered(layers)
    assert set(of_units(result, TOILETS, "start").values()) == {"door"}
    assert of_units(result, TOILETS, "walk_m")["O"] == 270.0
    assert "无出入口数据的小区 1 个(西苑):从建筑算起,内部道路按可穿行计" in result.notes


def test_a_gate_that_is_planned_is_no_gate() -> None:
    layers = walled_layers()
    gates = {"n": point(550, -50), "e": point(800, -150)}
    layers["layers/estate_gates"] = layer(frame("gates", gates, of=["", ""], status=["planned", "existing"]), "gates")
    assert of_units(covered(layers), KINDERGARTENS, "walk_from_gate_m")["M"] == 40 + 150 + 160 + 300 + 50 + 40


def test_where_no_inner_street_leads_one_walks_straight() -> None:
    layers = walled_layers()
    streets = layers["layers/streets"].frame.copy()
    streets.geometry = [
        line((550, 0), (550, -50)) if name == "inner" else shape for name, shape in streets.geometry.items()
    ]
    layers["layers/streets"] = layer(gpd.GeoDataFrame(streets), "streets")
    layers["layers/toilets"] = layer(frame("public_toilet", {"T1": point(500, -10)}), "public_toilet")
    walks = of_units(covered(layers), TOILETS, "walk_m")
    assert walks["M"] == pytest.approx((50**2 + 90**2) ** 0.5 + 110, abs=0.001)


def test_a_school_in_an_estate_is_entered_at_its_own_gate_behind_that_of_the_estate() -> None:
    layers = walled_layers()
    layers["layers/kindergartens"] = layer(
        frame("kindergarten", {"L": box(700, -130, 740, -100)}), "kindergarten", gates="layers/gates"
    )
    layers["layers/gates"] = layer(frame("gates", {"l": point(720, -130)}, of=["L"]), "gates")
    result = covered(layers)
    # From the gate l 20 m to the inner street: M 10 + 120, n 270, e 100.
    assert present(of_units(result, KINDERGARTENS, "walk_m")) == {
        "M": 150.0,
        "N": 130.0,
        "O": 20 + 50 + 40 + 100,
        "J": 25 + 30 + 50 + 100 + 170 + 20,
        "Q": 150 + 40 + 300 + 160 + 150 + 40 + 100,
    }


def test_an_open_park_in_an_estate_is_reached_through_the_gates_straight() -> None:
    layers = walled_layers()
    park = frame("park", {"Y": box(560, -150, 790, -60)}, area_m2=[20_700.0])
    layers["layers/parks"] = layer(park, "park")
    result = covered(layers)
    # From n 10 m east and 10 m south, from e 10 m west. M stands in it, N 90 m south of it.
    walks = of_units(result, "g10.park", "walk_m")
    assert (walks["M"], walks["N"], walks["O"]) == (0.0, 90.0, 20 + 50 + 40 + 10)
    assert walks["J"] == pytest.approx(25 + 30 + 50 + 200**0.5, abs=0.001)


def test_a_wall_turns_the_leg_elsewhere_or_cuts_it_off(walled: Result) -> None:
    units = walled.parts["units"]
    assert units["off_m"].to_dict() == {"M": 0.0, "N": 0.0, "O": 20.0, "J": 25.0, "Q": 150.0, "V": 40.0}
    assert units.index[units["cut_off"]].tolist() == ["V"]
    assert not units["too_far"].any()
    legs = walled.parts["legs"].set_index("unit")
    assert legs["people"].to_dict() == {"V": 3.0, "Q": 6.0}
    assert legs["doubt"].to_dict() == {
        "V": "与道路之间被屏障隔断,按不可达计,仍在分母中",
        "Q": "到道路的直线超过 50 米",
    }
    assert "1 处需求(3 人)与道路之间被屏障隔断,按不可达计,仍在分母中" in walled.notes
    free = covered(barriers=None).parts["units"]
    assert free.loc[["Q", "V"], "off_m"].tolist() == [40.0, 40.0]


def test_a_facility_cut_off_by_a_wall_is_in_doubt_and_says_why() -> None:
    layers = walled_layers()
    layers["layers/toilets"] = layer(frame("public_toilet", {"T": point(1350, 60)}), "public_toilet")
    result = covered(layers)
    assert any("与道路之间被屏障隔断" in problem.what for problem in result.problems)
    verdicts = of_units(result, TOILETS, "verdict")  # within 410 m in a straight line: Q and V
    assert verdicts == dict.fromkeys("MNOJ", UNMET) | dict.fromkeys("QV", NO_DATA)


def test_a_gate_opens_the_barrier_it_stands_in() -> None:
    layers = walled_layers()
    fence = frame("barriers", {"fence": box(500, -250, 800, -50)}, barrier=["fence"])
    layers["layers/barriers"] = layer(fence, "barriers")
    streets = layers["layers/streets"].frame.copy()
    streets.geometry = [
        line((550, 0), (550, -40)) if name == "inner" else shape for name, shape in streets.geometry.items()
    ]
    layers["layers/streets"] = layer(gpd.GeoDataFrame(streets), "streets")
    moved = {"n": point(550, -50.5), "e": point(800, -150)}  # half a metre inside the fence
    layers["layers/estate_gates"] = layer(frame("gates", moved, of=["", ""]), "gates")
    assert of_units(covered(layers), KINDERGARTENS, "walk_from_gate_m")["M"] == 10.5 + 40 + 380 + 20


def test_an_open_park_is_not_entered_across_a_wall() -> None:
    layers = walled_layers()
    layers["layers/parks"] = layer(frame("park", {"Y": box(1150, 5, 1350, 60)}, area_m2=[11_000.0]), "park")
    assert of_units(covered(layers), "g10.park", "facility")["J"] == "Y"
    wall = frame("barriers", {"w": line((1100, 2), (1400, 2))}, barrier=["wall"])
    layers["layers/barriers"] = layer(wall, "barriers")
    found = covered(layers)
    assert of_units(found, "g10.park", "facility")["J"] == ""
    assert any("近旁无可步行道路" in problem.what for problem in found.problems)


def test_a_gatehouse_inside_stands_for_the_gate_in_the_outline() -> None:
    layers = walled_layers()
    gates = frame("gates", {"n": point(550, -58), "e": point(800, -150)}, of=["W", ""])
    layers["layers/estate_gates"] = layer(gates, "gates")
    assert present(of_units(covered(layers), KINDERGARTENS, "walk_from_gate_m")) == {"M": 450.0, "N": 450.0}


def test_an_open_park_beside_a_big_road_is_entered_from_its_own_side() -> None:
    layers = walled_layers(arterial=True)
    layers["layers/parks"] = layer(frame("park", {"Y": box(600, 18, 800, 90)}, area_m2=[14_400.0]), "park")
    result = covered(layers)
    # The kerb runs 8 m from the park. From J 10 m from the corner, 6 m before it: 15 + 74 + 10; the zone's arc is a polygon.
    walks = of_units(result, "g10.park", "walk_m")
    along_m = 80 - (20**2 - 18**2) ** 0.5
    assert walks["J"] == pytest.approx(15 + along_m + 10, abs=0.01)
    # From the gate n across at 550.
    assert of_units(result, "g10.park", "walk_from_gate_m")["M"] == pytest.approx(
        50 + 20 + 50 - (20**2 - 18**2) ** 0.5 + 10, abs=0.01
    )


def test_opposite_points_of_a_big_road_go_round_by_the_junction() -> None:
    result = covered(walled_layers(arterial=True))
    walks = of_units(result, TOILETS, "walk_m")
    assert walks["J"] == 115.0
    assert any(note.startswith("未声明过街设施:") for note in result.notes)
    assert not any(note.startswith("干路按单侧计") for note in result.notes)


def test_where_crossings_are_declared_only_they_cross() -> None:
    layers = walled_layers(arterial=True)
    layers["layers/crossings"] = layer(frame("crossings", {"z": point(700, 3)}, crossing=["zebra"]), "crossings")
    result = covered(layers, crossings="layers/crossings")
    assert of_units(result, TOILETS, "walk_m")["J"] == 415.0
    assert not any(note.startswith("未声明过街设施") for note in result.notes)


def test_the_way_to_kindergarten_tells_whether_it_crosses_a_big_road() -> None:
    result = covered(walled_layers(arterial=True))
    assert present(of_units(result, KINDERGARTENS, "walk_from_gate_m")) == {"M": 460.0, "N": 460.0}
    assert of_units(result, KINDERGARTENS, "walk_m")["J"] == 435.0
    crosses = of_units(result, KINDERGARTENS, "crosses_arterial")
    assert {unit: bool(told) for unit, told in crosses.items() if pd.notna(told)} == {
        "M": True, "N": True, "O": True, "J": False, "Q": False,
    }  # fmt: skip
    assert pd.isna(crosses["V"])
    assert all(pd.isna(told) for told in of_units(result, TOILETS, "crosses_arterial").values())


def test_a_street_along_the_outline_stays_public_and_a_big_road_is_never_inside() -> None:
    layers = walled_layers()
    estates = {"W": box(500, -250, 800, -50)}
    lines = {
        "along": line((400, -50.5), (900, -50.5)),
        "through": line((450, -100), (850, -100)),
        "big": line((450, -110), (850, -110)),
        "within": line((600, -200), (700, -200)),
    }
    streets = frame("streets", lines, two_sided=[False, False, True, False])
    layers["layers/estates"] = layer(frame("estates", estates), "estates", gates="layers/estate_gates")
    left = public_streets(streets, find_estates("layers/estates", layers, streets))
    assert left.geometry.length.round(9).to_dict() == {"along": 500.0, "through": 51.0 + 51.0, "big": 400.0}


def test_nothing_is_left_of_streets_in_the_wall_between_two_estates() -> None:
    layers = walled_layers()
    estates = {"W": box(500, -250, 800, -50), "X": box(800, -250, 900, -50)}
    gates = {"w": point(500, -100), "x": point(900, -100)}
    layers["layers/estates"] = layer(frame("estates", estates), "estates", gates="layers/estate_gates")
    layers["layers/estate_gates"] = layer(frame("gates", gates, of=["", ""]), "gates")
    streets = frame("streets", {"through": line((450, -100), (950, -100))})
    found = find_estates("layers/estates", layers, streets)
    left = public_streets(streets, found).geometry.iloc[0]
    assert [part.length for part in shapely.get_parts(left)] == pytest.approx([51.0, 51.0])
    # Nobody walks from one estate into the other.
    assert found.streets is not None
    assert len(found.streets.components) == 2


def test_nobody_attaches_to_the_street_of_the_estate_next_door() -> None:
    layers = walled_layers()
    estates = {"W": box(500, -250, 800, -50), "X": box(800, -250, 900, -50)}
    gates = {"w": point(550, -50), "x": point(850, -50)}
    layers["layers/estates"] = layer(frame("estates", estates), "estates", gates="layers/estate_gates")
    layers["layers/estate_gates"] = layer(frame("gates", gates, of=["", ""]), "gates")
    layers["layers/residents"] = residents({"h": point(802, -150)}, [1.0])  # 2 m from the inner street of W
    layers["layers/toilets"] = layer(frame("public_toilet", {"t": point(850, -250)}), "public_toilet")
    found = covered(layers, barriers=None)
    # Straight to the gate x: 48 east, 100 north; no street of X leads there but the stub at e.
    assert found.parts["units"]["estate"].to_dict() == {"h": found.parts["units"]["estate"].iloc[0]} == {"h": "X"}


def test_an_estate_too_small_to_have_an_inside_stands_open() -> None:
    layers = walled_layers()
    sliver = {"W": box(500, -250, 800, -50), "S": box(900, -100, 901.5, -50)}
    layers["layers/estates"] = layer(frame("estates", sliver), "estates", gates="layers/estate_gates")
    gates = {"n": point(550, -50), "e": point(800, -150), "s": point(900, -70)}
    layers["layers/estate_gates"] = layer(frame("gates", gates, of=["", "", ""]), "gates")
    result = covered(layers)
    assert any(note.startswith("无出入口数据的小区 1 个(S)") for note in result.notes)
    assert present(of_units(result, KINDERGARTENS, "walk_from_gate_m")) == {"M": 450.0, "N": 450.0}


def test_inner_streets_are_joined_where_they_cross_if_the_layer_says_so() -> None:
    layers = walled_layers()
    lines = {
        "main": line((400, 0), (1000, 0)),
        "down": line((550, 0), (550, -240)),
        "across": line((510, -150), (790, -150)),
    }
    streets = frame("streets", lines, walkable=[True] * 3)
    layers["layers/streets"] = layer(streets, "streets", walk={"node_crossings": True})
    layers["layers/residents"] = residents({"h": point(700, -150)}, [1.0])
    layers["layers/toilets"] = layer(frame("public_toilet", {"T1": point(500, -10)}), "public_toilet")
    assert of_units(covered(layers), TOILETS, "walk_m") == {"h": 150 + 100 + 110}


def test_units_name_their_estate(walled: Result) -> None:
    assert walled.parts["units"]["estate"].to_dict() == dict.fromkeys(WALLED_HOMES, "") | {"M": "西苑", "N": "西苑"}
    assert set(walled.table["start"]) == {"mixed"}


def test_what_may_serve_from_the_gate_is_in_doubt_though_the_door_is_too_far() -> None:
    """A walled school of which no gate is known: 299 m straight from the northern gate, further from each door."""
    school = box(540, 249, 560, 270)
    found = covered(
        walled_layers() | {"layers/kindergartens": layer(frame("kindergarten", {"K9": school}), "kindergarten")}
    )
    assert all(point(*WALLED_HOMES[unit][:2]).distance(school) > 300 for unit in "MN")
    verdicts = of_units(found, KINDERGARTENS, "verdict")
    assert {unit: verdicts[unit] for unit in "MNQ"} == {"M": NO_DATA, "N": NO_DATA, "Q": UNMET}


def test_the_facility_judged_is_the_nearest_of_a_gate() -> None:
    """M walks 160 m to the northern gate and 210 m to the eastern one; T1 is 110 m from the first, T9 100 m from the other."""
    toilets = {"T1": point(500, -10), "T9": point(900, -150)}
    found = covered(walled_layers() | {"layers/toilets": layer(frame("public_toilet", toilets), "public_toilet")})
    units = found.parts["by_unit"]
    row = units[(units["requirement"] == TOILETS) & (units["unit"] == "M")].iloc[0]
    from_gate = {"T1": 50 + 50 + 10, "T9": 40 + 60}  # along the streets, then straight
    nearest = min(from_gate, key=lambda name: from_gate[name])
    assert (row["judged_facility"], row["walk_from_gate_m"]) == (nearest, float(from_gate[nearest]))
    assert (row["facility"], row["walk_m"]) == ("T1", 160.0 + 110.0)
