"""Parking in the village with its estate, by hand.

Households, of which each needs 1.2 berths: in the estate W M 30 and N 20, outside it O 10, J 5, Q 4, V 2. Lots::

    E1 (650, -160)    配建, in the estate, 45 berths
    E2 (650, -170)    配建, of the estate by its name, 100 berths, built and unused
    P1 (500, -10)     路外, 14 berths, 1 for charging; from gate n of the estate 110 m, from J 55 m, all others over 1,000 m
    R1 (1300, -5)     路内, 10 berths, 1 for charging; nobody within 300 m

The estate needs 60 berths and has 45: of M's 36 that are 27, of N's 24 they are 18. M lacks 9, N 6, J 6: of these 21 the 14
berths of P1 are two thirds. So M lacks 3, N 2 and J 2; O lacks its 12, Q its 4.8 and V its 2.4: 26.2 in all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import sparse

from qyp_geo import analyses
from qyp_geo.analyses.berths import supply
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.analyses.parking import Parking, check_parking
from qyp_geo.analyses.parking_tables import NO_ATTACHED, NO_DEMAND
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import LayerData, Result
from qyp_geo.standards import load_profile
from qyp_geo.tables import headings, write_table
from tests.analyses.reading import cells
from tests.analyses.village import box, frame, inputs, layer, point, walled_layers, walled_record

HOUSEHOLDS = {"M": 30.0, "N": 20.0, "O": 10.0, "J": 5.0, "Q": 4.0, "V": 2.0}
DEMAND = {"households": "households", "berths_per_household": 1.2, "year": 2025, "source": "街道统计"}
OLD = {"title": "居住老区", "of": ["layers/estates"], "built_before": 2000}


def public(lots: dict[str, tuple[Any, str, float, float]], **more: Any) -> LayerData:
    content = frame(
        "public_parking",
        {id_: shape for id_, (shape, *_) in lots.items()},
        parking_type=[one[1] for one in lots.values()],
        capacity=[one[2] for one in lots.values()],
        ev_berths=[one[3] for one in lots.values()],
        **more,
    )
    return layer(content, "public_parking")


P1 = (point(500, -10), "路外", 14.0, 1.0)
R1 = (point(1300, -5), "street_side", 10.0, 1.0)


def parking_layers(*, built_year: float = 1999.0, **more: LayerData) -> dict[str, LayerData]:
    layers = walled_layers()
    homes = layers["layers/residents"].frame
    estates = frame(
        "estates", {"W": box(500, -250, 800, -50)}, name=["西苑"], built_year=[built_year], berths_declared=[50.0]
    )
    own = frame(
        "resident_parking",
        {"E1": point(650, -160), "E2": point(650, -170)},
        parking_type=["", "配建"],
        part_of=["", "西苑"],
        capacity=[45.0, 100.0],
        ev_berths=[np.nan, 50.0],
        status=["existing", "built_unused"],
    )
    stations = frame("metro_station", {"X": point(500, 290), "Y": point(500, -310), "Z": point(1390, 650)})
    layers |= {
        "layers/residents": layer(homes.assign(households=homes.index.map(HOUSEHOLDS).astype(float)), "residents"),
        "layers/estates": layer(estates, "estates", gates="layers/estate_gates"),
        "layers/parking": public({"P1": P1, "R1": R1}),
        "layers/estate_parking": layer(own, "resident_parking"),
        "layers/stations": layer(stations, "metro_station"),
    }
    return layers | {f"layers/{name}": content for name, content in more.items()}


def record(**more: Any) -> Parking:
    asked: dict[str, Any] = {
        "kind": "parking",
        "title": "停车",
        "coverage": "analyses/coverage",
        "parking": ["layers/parking", "layers/estate_parking"],
        "estates": "layers/estates",
        "demand": DEMAND,
        "priority": [OLD],
    }
    return Parking.model_validate(asked | more)


def park(layers: dict[str, LayerData] | None = None, **more: Any) -> Result:
    layers = layers or parking_layers()
    covered = analyses.run(
        walled_record(areas=["layers/zones"], facilities=["layers/toilets"], circles=[]), inputs(layers)
    )
    return analyses.run(record(**more), inputs(layers, coverage=covered))


def of_area(result: Result, *columns: str, area: str = "village") -> list[Any]:
    return [result.table.set_index("area")[column].loc[area] for column in columns]


def test_berths_are_counted_by_type_and_the_idle_apart() -> None:
    result = park()
    columns = ("lots", "berths", "berths_attached", "berths_off_street", "berths_on_street", "berths_idle")
    assert of_area(result, *columns) == [3, 69.0, 45.0, 14.0, 10.0, 100.0]
    assert of_area(result, "attached_share", "ev_berths", "ev_share") == [45 / 69, 2.0, 2 / 24]
    assert of_area(result, *columns, area="z1") == [0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert "建成未用的停车场 1 处(100 个泊位)不计入供给,另列" in result.notes


def test_what_is_lacking_is_what_neither_the_estate_nor_a_public_lot_gives() -> None:
    needed, own, public_, short, share = of_area(
        park(), "berths_needed", "berths_own", "berths_public", "berths_short", "short_share"
    )
    assert (needed, own, public_) == pytest.approx((85.2, 45.0, 14.0), abs=1e-9)
    assert short == pytest.approx(26.2, abs=1e-9)
    assert share == pytest.approx(26.2 / 85.2, abs=1e-9)


def test_berths_of_an_estate_are_of_no_use_to_others() -> None:
    layers = parking_layers()
    own = layers["layers/estate_parking"].frame.assign(capacity=[1000.0, 0.0])
    layers["layers/estate_parking"] = layer(own, "resident_parking")
    # M and N have all they need; J has 6 of the 14 of P1; O, Q and V have nothing.
    assert of_area(park(layers), "berths_own", "berths_public", "berths_short") == pytest.approx([60.0, 6.0, 19.2])


def test_a_walk_of_exactly_the_radius_is_within_it() -> None:
    # From J (520, 25) it is 25 + 275 m to a lot at (795, 0); from gate n it is 5 m less.
    for x, served in ((795.0, 20.0 * 6 / 21), (795.001, 0.0)):
        lots = public({"P": (point(x, 0), "路外", 20.0, 0.0)})
        layers = parking_layers(parking=lots)
        homes = layers["layers/residents"].frame
        layers["layers/residents"] = layer(homes.assign(inside=homes.index == "J"), "residents")
        assert of_area(park(layers), "berths_public")[0] == pytest.approx(served, abs=1e-9)


def test_without_a_declared_demand_nothing_is_lacking_and_nothing_is_enough() -> None:
    result = park(demand=None)
    needed, short, note = of_area(result, "berths_needed", "berths_short", "note")
    assert (np.isnan(needed), np.isnan(short), note) == (True, True, NO_DEMAND)
    assert of_area(result, "berths") == [69.0]
    place = result.parts["areas"].iloc[0]
    assert (place["berths_attached"], place["note"]) == (45.0, f"{NO_DEMAND};许可配建泊位与台账不符")
    assert np.isnan(place["berths_short"])


def test_vehicles_are_spread_over_the_people_and_marked() -> None:
    # M 60 of 151 people, N 70, O 8, J 4, Q 6, V 3.
    result = park(demand={"vehicles": 60.0, "year": 2024, "source": "车管所"})
    needed, basis, source = of_area(result, "berths_needed", "demand_basis", "demand_source")
    assert needed == pytest.approx(60.0)
    assert (basis, source) == ("均摊", "车管所,2024年")
    assert result.parts["areas"]["berths_needed"].tolist() == pytest.approx([60 * 130 / 151])
    total = result.parts["checks"].set_index("rule").loc["p.total"]
    assert (total["measured"], total["verdict"]) == (1.15, MET)


def test_berths_per_vehicle_meet_both_bounds_at_equality() -> None:
    layers = parking_layers(parking=public({"P": (point(500, -10), "路外", 85.0, 0.0)}))  # with the estate's 45: 130
    for vehicles, verdict in ((100.0, MET), (99.0, UNMET), (130 / 1.1, MET), (119.0, UNMET)):
        checks = park(layers, demand={"vehicles": vehicles, "year": 2024, "source": "车管所"}).parts["checks"]
        assert checks.set_index("rule").loc["p.total", "verdict"] == verdict
    checks = park().parts["checks"].set_index("rule")
    assert cells(checks, "p.total", ["verdict", "note"]) == [NO_DATA, "不可计算:未声明机动车保有量"]


def test_shares_by_type_are_held_against_the_clause() -> None:
    checks = park().parts["checks"].query("rule == 'p.split'")
    assert checks["title"].tolist() == ["配建泊位占比", "公共泊位占比", "路内泊位占比"]
    assert checks["standard"].tolist() == ["≥85%", "≥10%,≤15%", "≤5%"]
    assert checks["measured"].tolist() == pytest.approx([45 / 69, 14 / 69, 10 / 69], abs=1e-9)
    assert checks["verdict"].tolist() == [UNMET] * 3
    assert set(checks["source"]) == {"GB/T 51149-2016 4章（未核）"}
    layers = parking_layers(parking=public({"P": (point(500, -10), "路外", 10.0, 0.0), "R": (R1[0], "lane", 5.0, 0.0)}))
    own = layers["layers/estate_parking"].frame.assign(capacity=[85.0, 0.0])
    exact = park(layers | {"layers/estate_parking": layer(own, "resident_parking")})
    assert exact.parts["checks"].query("rule == 'p.split'")["verdict"].tolist() == [MET] * 3


def test_shares_by_type_need_data_of_all_types() -> None:
    only_public = park(parking=["layers/parking"]).parts["checks"].query("rule == 'p.split'")
    assert set(only_public["verdict"]) == {NO_DATA}
    assert set(only_public["note"]) == {"没有配建停车资料"}
    untyped = park(parking_layers(parking=public({"P": (point(500, -10), "", 14.0, 1.0)})))
    assert set(untyped.parts["checks"].query("rule == 'p.split'")["note"]) == {"14 个泊位类型不详"}
    assert of_area(untyped, "berths_untyped", "berths_public") == [14.0, pytest.approx(14.0)]


def test_charging_is_judged_lot_by_lot() -> None:
    result = park()
    lots = result.parts["lots"].set_index("id")
    assert lots["verdict"].to_dict() == {"P1": UNMET, "R1": MET, "E1": NO_DATA, "E2": NOT_APPLICABLE}
    assert lots["effect"].to_dict() == {"P1": "warn", "R1": "", "E1": "", "E2": ""}
    assert lots["estate"].to_dict() == {"P1": "", "R1": "", "E1": "西苑", "E2": "西苑"}
    check = result.parts["checks"].set_index("rule").loc["p.ev"]
    assert (check["measured"], check["verdict"]) == (0.5, UNMET)
    assert check["note"] == "3 处停车场中 2 处有资料,1 处不足 10%"


def test_old_estates_are_those_built_before_the_year() -> None:
    for built_year, listed in ((1999.0, ["西苑"]), (2000.0, []), (np.nan, [])):
        result = park(parking_layers(built_year=built_year))
        assert result.parts["areas"]["name"].tolist() == listed
    assert "居住老区:建成年份早于 2000 年(自定口径);建成年份不详的 1 个未列入" in result.notes
    place = park().parts["areas"].iloc[0]
    assert (place["berths_needed"], place["berths_short"]) == pytest.approx((60.0, 5.0))
    assert (place["berths_near"], place["berths_public"]) == pytest.approx((14.0, 10.0))
    assert place["note"] == "许可配建泊位与台账不符"  # 50 in the permit, 45 in use


def test_places_share_the_berths_within_the_radius() -> None:
    # X and Y are 300 m from P1 in a straight line, Z farther from every lot.
    stations = {"title": "轨道交通外围站点", "of": ["layers/stations"], "needed": 20}
    places = park(priority=[stations]).parts["areas"].set_index("id")
    assert places["berths_near"].to_dict() == {"X": 14.0, "Y": 14.0, "Z": 0.0}
    assert places["berths_public"].to_dict() == {"X": 7.0, "Y": 7.0, "Z": 0.0}
    assert places["berths_short"].to_dict() == {"X": 13.0, "Y": 13.0, "Z": 20.0}
    assert set(places["measure"]) == {"规范口径"}
    moved = parking_layers(stations=layer(frame("metro_station", {"X": point(500, 290.001)}), "metro_station"))
    assert park(moved, priority=[stations]).parts["areas"]["berths_near"].tolist() == [0.0]
    untold = park(priority=[stations | {"needed": None}]).parts["areas"]
    assert (untold["note"] == NO_DEMAND).all()
    assert untold["berths_near"].tolist() == [14.0, 14.0, 0.0]


def test_a_place_has_its_own_berths_first() -> None:
    layers = parking_layers()
    own = frame(
        "resident_parking", {"E1": point(650, -160), "XL": point(500, 280)}, part_of=["W", "X"], capacity=[45.0, 15.0]
    )
    layers["layers/estate_parking"] = layer(own, "resident_parking")
    stations = {"title": "轨道交通外围站点", "of": ["layers/stations"], "needed": 20}
    result = park(layers, priority=[stations])
    places = result.parts["areas"].set_index("id")
    # X needs 5 more beside Y's 20: 14 berths are 2.8 and 11.2 of these.
    assert places["berths_short"].to_dict() == pytest.approx({"X": 2.2, "Y": 8.8, "Z": 20.0})
    assert [problem for problem in result.problems if problem.where == "part_of"] == []
    (lost,) = [problem for problem in park(layers).problems if problem.where == "part_of"]
    assert lost.given == "XL"


def test_berths_that_are_not_known_are_no_lack() -> None:
    # M, N and J walk to P: what they lack beyond their own cannot be told.
    unknown = parking_layers(parking=public({"P": (point(500, -10), "路外", np.nan, 1.0)}))
    result = park(unknown)
    assert of_area(result, "lots_unknown", "berths") == [1, 45.0]
    assert of_area(result, "berths_short", "berths_no_data") == pytest.approx([19.2, 21.0])
    assert of_area(result, "note") == ["有停车场泊位数不详,21 个泊位的需求无数据,缺口为下限"]
    assert any(note.startswith("泊位数不详的停车场 1 处,未计入") for note in result.notes)
    place = result.parts["areas"].iloc[0]
    assert np.isnan(place["berths_short"])
    own = unknown["layers/estate_parking"].frame.assign(capacity=[np.nan, 0.0])
    blind = park(parking_layers() | {"layers/estate_parking": layer(own, "resident_parking")})
    assert of_area(blind, "berths_no_data")[0] == pytest.approx(60 * 52 / 66)  # 14 berths of P1 for 66 that are needed
    assert blind.parts["checks"].query("rule == 'p.split'")["verdict"].tolist() == [NO_DATA] * 3


def test_without_data_of_attached_berths_what_homes_lack_is_not_computable() -> None:
    result = park(parking=["layers/parking"])
    needed, short, note = of_area(result, "berths_needed", "berths_short", "note")
    assert (needed, np.isnan(short), note) == (pytest.approx(85.2), True, NO_ATTACHED)
    assert result.parts["areas"]["note"].tolist() == [NO_ATTACHED + ";许可配建泊位与台账不符"]


def test_a_place_near_a_lot_of_unknown_berths_has_no_data() -> None:
    unknown = parking_layers(parking=public({"P": (point(500, -10), "路外", np.nan, 1.0)}))
    stations = {"title": "轨道交通外围站点", "of": ["layers/stations"], "needed": 20}
    places = park(unknown, priority=[stations]).parts["areas"].set_index("id")
    assert places["note"].to_dict() == {"X": "无数据:有停车场泊位数不详", "Y": "无数据:有停车场泊位数不详", "Z": ""}
    assert places.loc["Z", "berths_short"] == 20.0
    total = park(unknown, demand={"vehicles": 60.0, "year": 2024, "source": "车管所"}).parts["checks"]
    assert cells(total.set_index("rule"), "p.total", ["verdict", "note"]) == [NO_DATA, "1 处停车场泊位数不详,未计入"]


def test_what_is_wrong_is_told_at_once() -> None:
    with pytest.raises(DeclarationError) as told:
        park(
            demand=DEMAND | {"households": "hushu"},
            priority=[{"title": "站点", "of": ["layers/stations"], "needed": "name"}],
        )
    assert [(problem.given, problem.what) for problem in told.value.problems] == [
        ("hushu", "the layer has no such column"),
        ("name", "the column holds no numbers"),
    ]
    layers = {ref: one.record for ref, one in parking_layers().items()}
    wrong = record(
        parking=["layers/stations"],
        standard="gbt51149",
        priority=[
            OLD | {"needed": 5},
            {"title": "站点", "of": ["layers/stations", "layers/streets"], "built_before": 1990},
        ],
    )
    places = [problem.where for problem in check_parking(wrong, shown_as="a", layers=layers, standards=Path("none"))]
    assert places == [
        "parking",
        "priority 居住老区, needed",
        "priority 站点, of",
        "priority 站点, built_before",
        "standard",
    ]
    with pytest.raises(ValidationError, match="give both, or neither"):
        record(demand={"households": "households", "year": 2025, "source": "x"})
    with pytest.raises(ValidationError, match="or vehicles"):
        record(demand={"year": 2025, "source": "x"})


def test_a_standard_of_ones_own_gives_one_figure_to_each_rule(tmp_path: Path) -> None:
    own = 'title = "本市停车标准"\nextends = "gbt51149-2016"\n[[rule]]\nid = "p.ev"\nvalue = ">=20"\n'
    (tmp_path / "nc.toml").write_text(own, encoding="utf-8")
    assert list(check_parking(record(standard="nc"), shown_as="a", layers={}, standards=tmp_path)) == []
    (tmp_path / "nc.toml").write_text(own.replace(">=20", "按一定比例"), encoding="utf-8")
    with pytest.raises(DeclarationError, match="cannot be read as figures"):
        load_profile("nc", tmp_path)
    (tmp_path / "nc.toml").write_text(own.replace(">=20", ">=20;新建>=30"), encoding="utf-8")
    (told,) = check_parking(record(standard="nc"), shown_as="a", layers={}, standards=tmp_path)
    assert "rule p.ev has not one figure" in told.what


def test_tables_can_be_written_with_chinese_headings(tmp_path: Path) -> None:
    for result in (park(), park(priority=[])):
        for name, table in {"table": result.table, **result.parts}.items():
            write_table(table, tmp_path / name)
            assert set(map(str, table.columns)) - set(headings()) <= {"geometry"}


@settings(max_examples=60, deadline=None)
@for_all(data=st.data())
def test_each_berth_is_given_once_and_nobody_gets_more_than_is_needed(data: st.DataObject) -> None:
    n_units, n_estates, n_lots = 5, 2, 3
    figures = st.integers(0, 40).map(float)
    need = np.array(data.draw(st.lists(figures, min_size=n_units, max_size=n_units)))
    estate = np.array(data.draw(st.lists(st.integers(-1, n_estates - 1), min_size=n_units, max_size=n_units)))
    own = np.array(data.draw(st.lists(figures, min_size=n_estates, max_size=n_estates)))
    berths = np.array(data.draw(st.lists(figures, min_size=n_lots, max_size=n_lots)))
    flags = data.draw(st.lists(st.booleans(), min_size=n_units * n_lots, max_size=n_units * n_lots))
    near = np.array(flags).reshape(n_units, n_lots)
    had = supply(need, estate, own, sparse.csr_array(near.astype(float)), berths)

    left = need.copy()
    for one in range(n_estates):
        of_it = [unit for unit in range(n_units) if estate[unit] == one]
        total = need[of_it].sum()
        for unit in of_it:
            left[unit] -= need[unit] * min(1.0, own[one] / total) if total > 0 else 0.0
    given = np.zeros(n_units)
    for lot in range(n_lots):
        sharing = left[near[:, lot]].sum()
        for unit in np.flatnonzero(near[:, lot]).tolist():
            given[unit] += left[unit] * berths[lot] / sharing if sharing > 0 else 0.0
    np.testing.assert_allclose(had.public, np.minimum(given, left), atol=1e-9)
    np.testing.assert_allclose(had.own + had.public + had.short, need, atol=1e-9)
    assert had.public.sum() <= berths.sum() + 1e-9
