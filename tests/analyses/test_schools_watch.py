"""Seats watched in the village, by hand.

Children of primary age: A 40, B 30, C 20, D 10, F 5, I 8 inside the district, H 6 outside it (E and G have none). Schools::

    S1 (200, 10), 60 seats      A 140, B 130, H 180, C 510 metres
    S2 (700, -10), 40 seats     B 430, C and D 610
    S3 (410, 300), 25 seats     C 10, I 155, B 430; planned for 2027

Within 500 m A and H go to S1; B goes 30 * 60/100 = 18 to S1 and 12 to S2; C, D, F and I have no school. So 64 come to the 60
seats of S1 and 12 to the 40 of S2. Of the 60 seats A has 60 * 40/64 = 37.5 and B 16.875; B has the 40 of S2 besides.
With S3, B's 30 children are shared as 60 to 40 to 25: 6 of them go there, and 34 come to its 25 seats.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import sparse

from qyp_geo import analyses
from qyp_geo.analyses.judging import NO_DATA, NOT_APPLICABLE
from qyp_geo.analyses.schooling import BY_BOTH, BY_CATCHMENT, BY_REACH, attend
from qyp_geo.analyses.schools_tables import ENOUGH, NO_SCHOOL, SHORT, TIGHT
from qyp_geo.analyses.schools_watch import SchoolsWatch, check_schools_watch
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import LayerData, Result
from qyp_geo.tables import headings, write_table
from tests.analyses.village import box, coverage_record, frame, inputs, layer, point, village_layers

CHILDREN = {"A": 40.0, "B": 30.0, "C": 20.0, "D": 10.0, "E": 0.0, "F": 5.0, "G": 0.0, "I": 8.0, "H": 6.0}
SCHOOLS = {"S1": point(200, 10), "S2": point(700, -10), "S3": point(410, 300)}
OF_PRIMARY = {"id": "primary", "title": "6—11岁", "column": "children_6_11", "year": 2025, "source": "教育局"}
NOW, LATER = "现状", "至2027年"


def school_layers(*, seats: dict[str, float] | None = None, **more: LayerData) -> dict[str, LayerData]:
    layers = village_layers()
    homes = layers["layers/residents"].frame
    homes = homes.assign(children_6_11=homes.index.map(CHILDREN).astype(float))
    seats = {"S1": 60.0, "S2": 40.0, "S3": 25.0} | (seats or {})
    schools = frame(
        "primary_school",
        SCHOOLS,
        name=["一小", "二小", "三小"],
        capacity=[seats[id_] for id_ in SCHOOLS],
        status=["existing", "existing", "planned"],
        open_year=[1990.0, 2000.0, 2027.0],
    )
    watched = frame(
        "zones",
        {"west": box(0, 0, 250, 200), "north": box(380, 250, 1050, 500), "void": box(1100, 400, 1200, 500)},
        name=["西片", "北片", "空片"],
    )
    layers |= {
        "layers/residents": layer(homes, "residents"),
        "layers/schools": layer(schools, "primary_school", title="小学"),
        "layers/watch": layer(watched, "zones"),
    }
    return layers | {f"layers/{name}": content for name, content in more.items()}


def districts(*rows: tuple[str, Any, str], stage: str = "小学") -> LayerData:
    content = frame(
        "school_districts",
        {id_: shape for id_, shape, _ in rows},
        stage=[stage] * len(rows),
        school=[school for *_, school in rows],
    )
    return layer(content, "school_districts", title="施教区")


def record(**more: Any) -> SchoolsWatch:
    asked: dict[str, Any] = {
        "kind": "schools_watch",
        "title": "学位预警",
        "coverage": "analyses/coverage",
        "schools": ["layers/schools"],
        "areas": "layers/watch",
        "children": [OF_PRIMARY],
        "open_by": 2027,
        "tight": 0.9,
        "short": 1.0,
    }
    return SchoolsWatch.model_validate(asked | more)


def watch(layers: dict[str, LayerData] | None = None, **more: Any) -> Result:
    layers = layers or school_layers()
    covered = analyses.run(coverage_record(facilities=["layers/toilets"], areas=[]), inputs(layers))
    return analyses.run(record(**more), inputs(layers, coverage=covered))


def of_area(result: Result, area: str, horizon: str = NOW) -> dict[str, Any]:
    rows = result.table[(result.table["area_name"] == area) & (result.table["horizon"] == horizon)]
    (row,) = rows.to_dict("records")
    return {str(key): value for key, value in row.items()}


def of_school(result: Result, id_: str, horizon: str = NOW) -> list[Any]:
    schools = result.parts["schools"]
    (row,) = schools[(schools["id"] == id_) & (schools["horizon"] == horizon)].to_dict("records")
    return [row["children"], row["seats"], row["per_seat"], row["warning"], row["seats_lacking"]]


def test_within_reach_children_are_shared_by_seats_and_counted_once() -> None:
    result = watch()
    assert of_school(result, "S1") == [64.0, 60.0, 1.066667, SHORT, 4.0]
    assert of_school(result, "S2") == [12.0, 40.0, 0.3, ENOUGH, 0.0]
    district = of_area(result, "村")
    assert district["children"] == 113.0  # H lives outside: it competes, and is not counted
    assert district["children_without"] == 43.0
    assert district["seats"] == pytest.approx(94.375, abs=1e-12)
    assert district["per_seat"] == 0.741722
    assert district["seats_lacking"] == pytest.approx(4 * 58 / 64, abs=1e-12)
    assert (district["method"], district["warning"], district["schools_short"]) == (BY_REACH, ENOUGH, "一小")
    assert "43 名儿童限距内无学校" in district["note"]


def test_a_full_school_is_not_made_up_for_by_an_empty_one() -> None:
    west = of_area(watch(), "西片")  # A alone: 40 children, 37.5 seats
    assert (west["children"], west["seats"], west["per_seat"]) == (40.0, 37.5, 1.066667)
    assert (west["seats_lacking"], west["warning"]) == (2.5, SHORT)


def test_a_walk_of_exactly_the_reach_is_within_it() -> None:
    for reach_m, comes in ((509.999, 64.0), (510.0, 84.0)):  # C, 510 m from S1, and more than 600 m from S2
        assert of_school(watch(reach_m={"primary": reach_m}), "S1")[0] == comes


def test_the_thresholds_are_met_at_equality() -> None:
    # Where S2 has no seats B goes to S1 with all its 30 children: 76 in all.
    for seats, tight, warning in ((76.0, 0.9, TIGHT), (76.0, 1.0, ENOUGH), (75.0, 1.0, SHORT), (95.0, 0.8, ENOUGH)):
        layers = school_layers(seats={"S1": seats, "S2": 0.0})
        assert of_school(watch(layers, tight=tight), "S1")[3] == warning


def test_schools_to_come_count_from_the_year_in_which_they_open() -> None:
    north = of_area(watch(), "北片", LATER)  # C 20 and I 8 go to S3, D has none
    assert (north["children"], north["children_without"]) == (38.0, 10.0)
    assert (north["per_seat"], north["warning"]) == (1.36, SHORT)
    assert (north["seats"], north["seats_lacking"]) == pytest.approx((25 * 28 / 34, 9 * 28 / 34), abs=1e-12)
    now = of_area(watch(), "北片")
    assert (now["children_without"], now["seats"], now["warning"]) == (38.0, 0.0, NO_SCHOOL)
    early = watch(open_by=2026)
    assert of_area(early, "北片", "至2026年")["seats"] == 0.0
    assert set(early.parts["schools"]["id"]) == {"S1", "S2"}
    assert "未计入:规划、在建而未注明在 2026 年底前开办的学校 1 所(三小)" in early.notes
    assert "2027 年开办的规划、在建学校计入至2027年:三小" in watch().notes


def test_in_a_scenario_what_counts_there_counts_at_once() -> None:
    layers = school_layers()
    opened = {"status": ["existing", "planned"], "year": 2027}
    asked = coverage_record(facilities=["layers/toilets"], areas=[], scenario=opened)
    result = analyses.run(record(), inputs(layers, coverage=analyses.run(asked, inputs(layers))))
    assert of_area(result, "北片", "本情景")["seats"] == of_area(watch(), "北片", LATER)["seats"]
    assert NOW not in set(result.table["horizon"])


def test_seats_that_lie_in_an_area_stand_beside_those_its_children_have() -> None:
    result = watch()
    here = {area: of_area(result, area)["seats_here"] for area in ("村", "西片", "北片", "区外")}
    assert here == {"村": 100.0, "西片": 60.0, "北片": 0.0, "区外": 40.0}
    assert of_area(result, "北片", LATER)["seats_here"] == 25.0


def test_a_school_to_come_that_nobody_reaches_is_told() -> None:
    layers = school_layers(districts=districts(("d", box(-50, -550, 1450, 700), "S1")))
    far = layers["layers/schools"].frame
    far = far.set_geometry([*far.geometry.iloc[:2], point(1400, 650)], crs=far.crs)  # 400 m from every street
    result = watch(layers | {"layers/schools": layer(far, "primary_school")}, school_districts="layers/districts")
    assert of_school(result, "S3", LATER)[3] == NO_DATA
    assert any(note.startswith("小学:规划、在建学校 三小 没有施教区,限距内也无住宅") for note in result.notes)


def test_an_area_without_children_is_not_applicable() -> None:
    void = of_area(watch(), "空片")
    assert (void["children"], void["warning"]) == (0.0, NOT_APPLICABLE)


def test_where_catchments_are_drawn_they_decide() -> None:
    drawn = districts(("d1", box(0, -550, 350, 700), "S1"), ("d2", box(350, -50, 1450, 700), "二小"))
    result = watch(school_layers(districts=drawn), school_districts="layers/districts", open_by=2026)
    # S1: A 40, B 30, F 5, H 6; S2, by its name: C 20, D 10, I 8.
    assert of_school(result, "S1") == [81.0, 60.0, 1.35, SHORT, 21.0]
    assert of_school(result, "S2") == [38.0, 40.0, 0.95, TIGHT, 0.0]
    north = of_area(result, "北片")
    assert (north["method"], north["children"], north["seats"], north["warning"]) == (BY_CATCHMENT, 38.0, 40.0, TIGHT)
    by_district = result.parts["districts"].query("horizon == @NOW").set_index("district")
    assert by_district["children"].to_dict() == {"d1": 81.0, "d2": 38.0}
    assert by_district["seats"].to_dict() == pytest.approx({"d1": 60.0, "d2": 40.0}, abs=1e-12)


def test_several_schools_of_one_catchment_are_as_full_as_one_another() -> None:
    drawn = districts(("d", box(-50, -550, 1450, 700), "S1、S2"))
    result = watch(school_layers(districts=drawn), school_districts="layers/districts", open_by=2026)
    assert of_school(result, "S1")[:3] == pytest.approx([71.4, 60.0, 1.19], abs=1e-12)  # of 119 children
    assert of_school(result, "S2")[:3] == pytest.approx([47.6, 40.0, 1.19], abs=1e-12)


def test_a_school_to_come_without_a_catchment_takes_who_reaches_it() -> None:
    drawn = districts(("d", box(-50, -550, 1450, 700), "S1"))
    result = watch(school_layers(districts=drawn), school_districts="layers/districts")
    assert of_school(result, "S1")[0] == 119.0
    # Of the children of B, C and I 25 in 85 go to S3.
    assert of_school(result, "S3", LATER)[0] == pytest.approx(58 * 25 / 85, abs=1e-12)
    assert of_school(result, "S1", LATER)[0] == pytest.approx(119 - 58 * 25 / 85, abs=1e-12)
    assert of_area(result, "村", LATER)["method"] == BY_BOTH


def test_where_no_catchment_is_drawn_or_its_school_is_not_known_there_are_no_data() -> None:
    drawn = districts(
        ("d1", box(0, -50, 350, 200), "S1"),
        ("d2", box(380, 250, 450, 500), ""),
        ("d3", box(950, 250, 1050, 350), "七小"),
    )
    result = watch(school_layers(districts=drawn), school_districts="layers/districts", open_by=2026)
    north = of_area(result, "北片")
    assert (north["children"], north["children_no_data"], north["warning"]) == (38.0, 38.0, NO_DATA)
    assert of_area(result, "村")["children_no_data"] == 43.0  # F is in none
    told = [str(problem) for problem in result.problems]
    assert any("1 施教区 of stage 小学 name no school; their children are 无数据 (given: d2)" in text for text in told)
    assert any("names a school that does not exist and does not open in time (given: 七小)" in text for text in told)
    assert of_school(result, "S2")[3] == NO_DATA  # no 施教区 is its own
    assert "小学:1 所现有学校没有施教区,其学位未计入" in result.notes


def test_a_school_whose_seats_are_not_known_makes_no_data_of_those_it_may_take() -> None:
    result = watch(school_layers(seats={"S2": np.nan}))
    assert of_area(result, "村")["children_no_data"] == 30.0  # B reaches both
    assert of_school(result, "S1")[0] == 46.0
    assert of_school(result, "S2")[3] == NO_DATA
    assert "小学学位数不详的学校 1 所(二小),可入读其中之一的儿童为无数据" in result.notes


def test_where_no_seats_are_known_nothing_is_said_to_be_lacking() -> None:
    result = watch(school_layers(seats={"S1": np.nan, "S2": np.nan}), open_by=2026)
    district = of_area(result, "村")
    assert (district["children_no_data"], district["children_without"]) == (70.0, 43.0)
    assert (district["warning"], np.isnan(district["seats"]), np.isnan(district["seats_lacking"])) == (
        NO_DATA,
        True,
        True,
    )


def test_a_walled_school_without_gates_makes_no_data_of_those_near_it() -> None:
    layers = school_layers()
    walled = frame("primary_school", SCHOOLS | {"S3": box(405, 290, 425, 310)}, capacity=[60.0, 40.0, 25.0])
    layers["layers/schools"] = layer(walled, "primary_school")
    row = of_area(watch(layers), "北片")  # C and I are near; D, 575 m off in a straight line, is not
    assert (row["children_no_data"], row["children_without"]) == (28.0, 10.0)


def test_a_nine_year_school_has_seats_of_each_stage() -> None:
    nine = frame(
        "nine_year_school", {"N": point(200, 10)}, seats_primary=[50.0], seats_junior=[np.nan], capacity=[90.0]
    )
    of_junior = OF_PRIMARY | {"id": "junior", "title": "12—14岁"}
    layers = school_layers(nine=layer(nine, "nine_year_school"))
    result = watch(layers, schools=["layers/nine"], children=[OF_PRIMARY, of_junior])
    found = result.parts["schools"].query("horizon == @NOW").set_index("stage")
    assert found["children"].iloc[0] == 76.0
    assert (found.loc["小学", "seats"], found.loc["初中", "warning"]) == (50.0, NO_DATA)  # 90 in all do not tell


def test_a_share_of_the_people_is_marked() -> None:
    share = {"id": "primary", "title": "小学学龄", "share": 0.05, "year": 2024, "source": "统计公报"}
    row = of_area(watch(children=[share]), "西片")
    assert (row["children"], row["children_basis"], row["children_source"]) == (5.0, "均摊", "统计公报,2024年")
    assert of_area(watch(), "西片")["children_basis"] == ""


def test_what_may_lie_beyond_the_border_makes_figures_uncertain() -> None:
    # No school lies outside. I lives 255 m from the northern border, C and D 400 m; H lives outside, so homes there are known.
    for reach_m, children in ((255.0, 0.0), (255.001, 8.0), (500.0, 38.0)):
        assert of_area(watch(reach_m={"primary": reach_m}), "北片")["children_uncertain"] == children
    beyond = layer(frame("primary_school", {"X": point(0, 900)}, capacity=[9.0]), "primary_school")
    layers, both = school_layers(beyond=beyond), ["layers/schools", "layers/beyond"]
    assert of_area(watch(layers, schools=both), "村")["children_uncertain"] == 0.0
    # Where no home outside is known, S1, 250 m from the western border, may have to be shared: A and B go there.
    homes = layers["layers/residents"].frame
    layers["layers/residents"] = layer(homes[homes.index != "H"], "residents")
    for reach_m, children in ((250.0, 0.0), (250.001, 70.0)):
        result = watch(layers, schools=both, reach_m={"primary": reach_m})
        assert of_area(result, "村")["children_uncertain"] == children


def test_the_watched_by_name_are_marked_and_the_absent_told() -> None:
    result = watch(watch=["二小", "S1", "九小"])
    schools = result.parts["schools"].query("horizon == @LATER").set_index("id")
    assert schools["watched"].to_dict() == {"S1": True, "S2": True, "S3": False}
    assert [problem.given for problem in result.problems if problem.where == "watch"] == ["九小"]


def test_areas_have_their_outlines() -> None:
    part = watch().parts["areas"]
    assert isinstance(part, gpd.GeoDataFrame)
    assert part[["area_name", "horizon"]].to_numpy().tolist() == [
        [name, horizon] for name in ("西片", "北片", "空片") for horizon in (NOW, LATER)
    ]
    assert part.geometry.iloc[0].equals(box(0, 0, 250, 200))


def test_what_is_wrong_is_told_at_once() -> None:
    both = [OF_PRIMARY | {"column": "children"}, OF_PRIMARY | {"id": "kindergarten", "column": "name"}]
    with pytest.raises(DeclarationError) as told:
        watch(children=both)
    assert [problem.given for problem in told.value.problems] == ["children", "name"]
    wrong = record(schools=["layers/schools", "layers/watch"], areas="layers/schools", reach_m={"primry": 1.0})
    layers = {ref: one.record for ref, one in school_layers().items()}
    assert [str(problem) for problem in check_schools_watch(wrong, shown_as="a.toml", layers=layers)] == [
        "a.toml: schools: layers/watch is not of a kind that can stand here (given: zones). "
        "Allowed: junior_school or kindergarten or nine_year_school or primary_school or school",
        "a.toml: areas: layers/schools is not of a kind that can stand here (given: primary_school). Allowed: zones",
        "a.toml: reach_m: is no stage of schooling (given: primry). Did you mean primary?",
    ]
    with pytest.raises(ValidationError, match="tight is reached before short"):
        record(tight=1.2)


def test_tables_can_be_written_with_chinese_headings(tmp_path: Path) -> None:
    drawn = districts(("d", box(-50, -550, 1450, 700), "S1"))
    result = watch(school_layers(districts=drawn), school_districts="layers/districts")
    for name, table in {"table": result.table, **result.parts}.items():
        write_table(table, tmp_path / name)
        assert set(map(str, table.columns)) - set(headings()) <= {"geometry"}


@settings(max_examples=60, deadline=None)
@for_all(data=st.data())
def test_children_and_seats_are_counted_once(data: st.DataObject) -> None:
    n_homes, n_schools = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    children = np.array(data.draw(st.lists(st.integers(0, 50), min_size=n_homes, max_size=n_homes)), dtype=float)
    seats = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 5.0, 30.0, np.nan]), min_size=n_schools, max_size=n_schools))
    )
    is_open = np.array(
        data.draw(st.lists(st.booleans(), min_size=n_homes * n_schools, max_size=n_homes * n_schools))
    ).reshape(n_homes, n_schools)
    unknown = np.array(data.draw(st.lists(st.booleans(), min_size=n_homes, max_size=n_homes)))
    going = attend(children, sparse.csr_array(is_open.astype(float)), seats, unknown)
    for home in range(n_homes):
        to = [school for school in range(n_schools) if is_open[home, school]]
        expected = np.zeros(n_schools)
        total = sum(seats[school] for school in to)
        blind = bool(unknown[home]) or bool(np.isnan(total))
        if not blind and total > 0:
            expected[to] = children[home] * seats[to] / total
        np.testing.assert_allclose(going.attends.toarray()[home], expected, rtol=0, atol=1e-12)
        assert going.unknown[home] == (children[home] if blind else 0.0)
        assert going.without[home] == (children[home] if not blind and total == 0 else 0.0)
