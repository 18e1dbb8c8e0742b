"""Other states of the village: what opens, closes and is added, and every figure by hand.

T2 (300, 10), planned for 2028, lies 10 m from the main street; walks to it: A 30 + 200 + 10 = 240, B 20 + 10 = 30,
C 300 + 100 + 10 = 410, I 445 + 100 + 10 = 555. With the limit of 410 m it is A who gains.

Drawn in but not there yet (`planned_streets`)::

    cut      (400, 300) ... (1000, 300), past G (700, 300): G to T1 = 300 + 300 + 100 + 10 = 710 by C
    tunnel   (0, 0) ... (0, 600), for vehicles
    loose    (0, 650) ... (200, 650), joined to nothing
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.compare import Compare
from qyp_geo.analyses.scenario import UnderScenario, alter, check_scenario
from qyp_geo.declarations import District, Scenario
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import LayerData, Result
from qyp_geo.project import open_project
from qyp_geo.run import run as run_folder
from tests.analyses.test_coverage import TOILETS, of_units
from tests.analyses.village import (
    CRS,
    STREETS,
    coverage_record,
    frame,
    inputs,
    layer,
    line,
    point,
    village_layers,
)
from tests.small import EAST, NORTH, small_district

JOINED = STREETS | {
    "lane": [(400, 0), (400, 300), (400, 600)],
    "back": [(400, 600), (1000, 600), (1000, 300), (1000, 0)],
}
PLANNED = {"cut": [(400, 300), (1000, 300)], "tunnel": [(0, 0), (0, 600)], "loose": [(0, 650), (200, 650)]}


def layers_with_plans() -> dict[str, LayerData]:
    """The village, in which toilets and streets tell their state and year, and a candidate plot."""
    lines = {name: line(*xy) for name, xy in (JOINED | PLANNED).items()}
    drawn = [name in PLANNED for name in lines]
    toilets = {"T1": point(500, -10), "T2": point(300, 10), "T3": point(1000, 290), "T4": point(0, 0)}
    streets = frame(
        "streets",
        lines,
        name=["" if name == "island" else f"{name}路" for name in lines],
        status=["planned" if new else "existing" for new in drawn],
        open_year=[2027.0 if new else float("nan") for new in drawn],
        walkable=[not new for new in drawn],
        walkable_if_open=[name != "tunnel" for name in lines],
    )
    public = frame(
        "public_toilet",
        toilets,
        status=["existing", "planned", "planned", "built_unused"],
        open_year=[2010.0, 2028.0, float("nan"), float("nan")],
        name=["南厕", "西厕", "东厕", ""],
    )
    plots = frame("candidates", {"P": point(990, 300)}, status=["需调整"], cost=[80.0])
    return village_layers() | {
        "layers/streets": layer(streets, "streets", title="道路"),
        "layers/toilets": layer(public, "public_toilet", title="公厕"),
        "layers/candidates": layer(plots, "candidates"),
    }


def altered(**scenario: Any) -> Any:
    return alter(Scenario.model_validate(scenario), layers_with_plans(), crs=CRS, declared_by="情景")


def changed(**scenario: Any) -> dict[str, str]:
    table = altered(**scenario).changes
    return dict(zip(table["id"], table["change"], strict=True))


def toilets_then(**scenario: Any) -> list[str]:
    then = altered(**scenario).layers["layers/toilets"].frame
    return list(then.index[then["status"] == "existing"])


def covered(scenario: dict[str, Any] | None, *, limit_m: float = 410.0, **more: Any) -> Result:
    record = coverage_record(limits_m={"public_toilet": limit_m}, scenario=scenario, **more)
    return analyses.run(record, inputs(layers_with_plans()))


def who_is_covered(result: Result) -> set[str]:
    return {unit for unit, is_so in of_units(result, TOILETS, "covered").items() if is_so}


def test_an_empty_scenario_is_the_present() -> None:
    assert changed() == {}
    assert altered().notes == ()
    pd.testing.assert_frame_equal(covered({}).table, covered(None).table)


@pytest.mark.parametrize(
    ("scenario", "there"),
    [
        ({}, ["T1"]),
        ({"status": ["existing", "planned"]}, ["T1", "T2", "T3"]),
        ({"status": ["existing", "planned"], "year": 2028}, ["T1", "T2"]),  # in that year or before
        ({"status": ["existing", "planned"], "year": 2027}, ["T1"]),
        ({"status": ["existing", "built_unused"]}, ["T1", "T4"]),
        ({"year": 2009}, []),  # T1 opened in 2010
        ({"year": 2010}, ["T1"]),
    ],
)
def test_status_and_year_say_what_counts(scenario: dict[str, Any], there: list[str]) -> None:
    assert toilets_then(**scenario) == there


def test_what_has_no_year_is_not_counted_and_named() -> None:
    notes = altered(status=["existing", "planned", "built_unused"], year=2030).notes
    assert notes[0] == "情景:计入现状、规划、建成未用,2030 年及以前开放的(按各图层的状态和开放年份,均视为投用)"
    assert "情景:公厕:2 处没有开放年份,不计入(东厕、T4)" in notes
    assert "情景:公厕:投用 1 处(西厕)" in notes


def test_things_are_opened_and_closed_by_id_or_name_whatever_their_state() -> None:
    change = [{"layer": "layers/toilets", "open": ["东厕", "T4"], "close": ["T1"]}]
    assert toilets_then(change=change) == ["T3", "T4"]
    assert changed(change=change) == {"T1": "停用", "T3": "投用", "T4": "投用"}


def test_what_closes_by_hand_is_closed_though_its_year_has_come() -> None:
    change = [{"layer": "layers/toilets", "close": ["T2"]}]
    assert toilets_then(status=["existing", "planned"], year=2028, change=change) == ["T1"]
    assert changed(year=2009) == {"T1": "不计入"}


def test_a_planned_toilet_serves_whom_it_should() -> None:
    result = covered({"status": ["existing", "planned"], "year": 2028})
    walks = of_units(result, TOILETS, "walk_m")
    assert {name: walks[name] for name in "ABCDEI"} == {
        "A": 240.0,
        "B": 30.0,
        "C": 410.0,
        "D": 810.0,
        "E": 910.0,
        "I": 555.0,
    }
    assert who_is_covered(result) == {"A", "B", "C"}
    assert who_is_covered(covered(None)) == {"B", "C"}


@pytest.mark.parametrize("year", [2009, 2010, 2026, 2027, 2028])
def test_a_scenario_answers_as_a_file_of_that_year_would(year: int) -> None:
    layers = layers_with_plans()
    toilets, streets = layers["layers/toilets"].frame, layers["layers/streets"].frame
    by_then = {  # what such files would hold, read off the drawing
        "T1": year >= 2010,
        "T2": year >= 2028,
        **{name: name in JOINED or (name in {"cut", "loose"} and year >= 2027) for name in streets.index},
    }
    then = layers | {
        "layers/toilets": layer(
            toilets.loc[[t for t in ("T1", "T2") if by_then[t]]].assign(status="existing"), "public_toilet"
        ),
        "layers/streets": layer(streets[[by_then[name] for name in streets.index]].assign(walkable=True), "streets"),
    }
    limits = {"public_toilet": 710.0}
    oracle = analyses.run(coverage_record(limits_m=limits), inputs(then))
    result = covered({"status": ["existing", "planned"], "year": year}, limit_m=710.0)
    pd.testing.assert_frame_equal(result.parts["by_unit"], oracle.parts["by_unit"])
    pd.testing.assert_frame_equal(result.table, oracle.table)


def test_a_street_that_opens_is_walked_and_one_for_vehicles_is_not() -> None:
    scenario = {"status": ["existing", "planned"], "year": 2027}
    assert changed(**scenario) == {"cut": "可步行", "tunnel": "通车,不供步行", "loose": "可步行"}
    result = covered(scenario, limit_m=710.0)
    assert of_units(result, TOILETS, "walk_m")["G"] == 710.0
    assert "G" in who_is_covered(result)
    assert not result.parts["units"].loc["G", "too_far"]


def test_a_street_opened_by_hand_is_walked_whatever_its_tags() -> None:
    change = [{"layer": "layers/streets", "open": ["tunnel"]}]
    then = altered(change=change).layers["layers/streets"].frame
    assert changed(change=change) == {"tunnel": "可步行(按声明,与标注不符)"}
    assert bool(then.loc["tunnel", "walkable"])


def test_a_street_that_closes_carries_nobody() -> None:
    change = [{"layer": "layers/streets", "close": ["lane路"]}]
    assert changed(change=change) == {"lane": "不可步行"}
    result = covered({"change": change}, limit_m=5000.0)
    walks = of_units(result, TOILETS, "walk_m")
    assert (walks["A"], walks["B"]) == (440.0, 230.0)
    assert pd.isna(walks["C"])  # 300 m from the main street and the back street


def test_the_pieces_of_a_street_are_meant_by_its_name() -> None:
    layers = layers_with_plans()
    streets = layers["layers/streets"]
    frame_ = streets.frame.assign(name=["同名路"] * len(streets.frame))
    scenario = Scenario.model_validate({"change": [{"layer": "layers/streets", "close": ["同名路"]}]})
    found = alter(scenario, layers | {"layers/streets": replace(streets, frame=frame_)}, crs=CRS, declared_by="情景")
    assert list(found.changes["id"]) == list(JOINED)  # the others are not walked as it is


def test_a_candidate_becomes_a_facility_of_the_layer() -> None:
    change = [{"layer": "layers/toilets", "add_from": "layers/candidates", "add": ["P"]}]
    toilets = altered(change=change).layers["layers/toilets"].frame
    assert list(toilets.columns) == list(layers_with_plans()["layers/toilets"].frame.columns)
    assert list(toilets.loc["P", ["name", "kind", "status"]]) == ["P", "public_toilet", "existing"]
    assert changed(change=change) == {"P": "新增"}
    # D stands on the east street at (1000, 300), P is 10 m off it, and the limit is just met.
    result = covered({"change": change}, limit_m=10.0)
    assert who_is_covered(result) == {"D"}
    assert of_units(result, TOILETS, "facility")["D"] == "P"


def test_all_of_a_layer_is_added_where_none_is_named() -> None:
    layers = layers_with_plans() | {
        "layers/drawn": layer(
            frame("streets", {"bridge": line((400, 300), (1000, 300))}, walkable=[False], walkable_if_open=[True]),
            "streets",
        )
    }
    scenario = Scenario.model_validate({"change": [{"layer": "layers/streets", "add_from": "layers/drawn"}]})
    record = coverage_record(scenario=scenario, limits_m={"public_toilet": 710.0})
    result = analyses.run(record, inputs(layers))
    assert of_units(result, TOILETS, "walk_m")["G"] == 710.0
    assert list(result.parts["changes"]["id"]) == ["bridge"]


def test_a_layer_without_states_loses_what_closes() -> None:
    found = altered(change=[{"layer": "layers/gates", "close": ["g1"]}])
    assert list(found.layers["layers/gates"].frame.index) == ["g2"]
    assert list(found.changes["change"]) == ["停用"]
    # K is then entered at g2 alone: E walks 10 + 390 + 40.
    walks = of_units(covered({"change": [{"layer": "layers/gates", "close": ["g1"]}]}), "f5.kg", "walk_m")
    assert walks["E"] == 440.0 + 50.0


def test_layers_that_do_not_change_are_the_very_same_and_networks_are_shared() -> None:
    given = inputs(layers_with_plans())
    now = analyses.run(coverage_record(), given)
    scenario = Scenario.model_validate({"change": [{"layer": "layers/toilets", "open": ["T2"]}]})
    then = given.altered(scenario, declared_by="情景")
    assert then is given.altered(scenario.model_copy(), declared_by="情景")
    unchanged = [ref for ref in given.layers if then.layers[ref] is given.layers[ref]]
    assert set(given.layers) - set(unchanged) == {"layers/toilets"}
    assert replace(given, layers=then.layers).network("layers/streets") is given.network("layers/streets")
    assert "changes" not in now.parts


def test_nothing_is_written_into_the_layers() -> None:
    layers = layers_with_plans()
    before = {ref: one.frame.copy() for ref, one in layers.items()}
    scenario = {
        "status": ["existing", "planned"],
        "change": [{"layer": "layers/toilets", "close": ["T1"], "add_from": "layers/candidates"}],
    }
    alter(Scenario.model_validate(scenario), layers, crs=CRS, declared_by="情景")
    for ref, one in layers.items():
        pd.testing.assert_frame_equal(one.frame, before[ref])


def test_streets_that_join_nothing_are_told() -> None:
    result = covered({"status": ["existing", "planned"]})
    told = [str(problem) for problem in result.problems if "share no vertex" in problem.what]
    assert told == [
        "layers/streets.toml: 1 street(s) of the scenario: share no vertex with any other street that is walked: "
        "nobody gets onto them (given: loose). "
        "Draw them to a vertex of the street that they meet, or set walk.node_crossings = true"
    ]


def test_all_names_that_are_wrong_are_told_at_once() -> None:
    change = [
        {"layer": "layers/toilets", "open": ["东厕所", "T2"], "close": ["西厕"]},
        {"layer": "layers/streets", "close": ["lan路"]},
        {"layer": "layers/toilets", "add_from": "layers/toilets", "add": ["T1"]},
        {"layer": "layers/parks", "add_from": "layers/candidates"},
        {"layer": "layers/parks", "add_from": "layers/candidates", "add": ["P"]},
    ]
    with pytest.raises(DeclarationError) as caught:
        altered(change=change)
    assert [str(problem) for problem in caught.value.problems] == [
        "情景: scenario.change[0].close: is opened and closed in layers/toilets (given: T2). Keep one of the two",
        "情景: scenario.change[0].open: names nothing in layers/toilets (given: 东厕所). Did you mean 东厕?",
        "情景: scenario.change[1].close: names nothing in layers/streets (given: lan路). Did you mean lane路?",
        "情景: scenario.change[2].add: bears an id that the layer has already (given: T1). Give it an id of its own",
        "情景: scenario.change[4].add: bears an id that the layer has already (given: P). Give it an id of its own",
    ]


def test_what_a_scenario_cannot_change_is_told_before_a_run() -> None:
    scenario = Scenario.model_validate(
        {
            "change": [
                {"layer": "layers/toilets"},
                {"layer": "layers/residents", "close": ["A"]},
                {"layer": "layers/streets", "add_from": "layers/toilets"},
                {"layer": "layers/toilets", "add": ["T1"]},
            ]
        }
    )
    layers = {ref: one.record for ref, one in layers_with_plans().items()}
    told = [str(problem) for problem in check_scenario(scenario, shown_as="analyses/a.toml", layers=layers)]
    assert told == [
        "analyses/a.toml: scenario.change[0]: changes nothing. Name what to open or to close, or give add_from",
        "analyses/a.toml: scenario.change[1].layer: is of a kind in which nothing is changed (given: residents). "
        "Allowed: a kind of facility, barriers, crossings, estates, gates, streets",
        "analyses/a.toml: scenario.change[2].add_from: holds nothing that could be of kind streets "
        "(given: public_toilet). Add from kind streets",
        "analyses/a.toml: scenario.change[3]: changes nothing. Name what to open or to close, or give add_from",
        "analyses/a.toml: scenario.change[3].add_from: is missing. Name the layer that holds what is added",
    ]


def under(of: str, **scenario: Any) -> UnderScenario:
    return UnderScenario.model_validate({"kind": "scenario", "title": "规划后", "of": of, "scenario": scenario})


def test_another_analysis_is_asked_again_in_the_scenario() -> None:
    now = covered(None)
    then = analyses.run(
        under("analyses/now", status=["existing", "planned"], year=2028), inputs(layers_with_plans(), now=now)
    )
    assert (then.record.kind, then.record.title) == ("coverage", "规划后")
    assert who_is_covered(then) == {"A", "B", "C"}
    assert set(then.parts["changes"]["id"]) == {"T2", "cut", "tunnel", "loose"}


def test_what_rests_on_an_analysis_is_asked_in_its_state() -> None:
    given = inputs(layers_with_plans(), then=covered({"status": ["existing", "planned"], "year": 2028}))
    gaps = analyses.KINDS["gaps"].record.model_validate({"kind": "gaps", "title": "缺口", "coverage": "analyses/then"})
    found = analyses.run(gaps, given)
    short = found.table[found.table["requirement"] == TOILETS]
    assert "A" not in set(found.parts["units"].loc[found.parts["units"]["gap"].isin(short.index), "unit"])
    assert found.record.scenario == given.results["analyses/then"].record.scenario


def test_a_question_and_what_it_rests_on_are_of_one_state() -> None:
    given = inputs(layers_with_plans(), now=covered(None))
    gaps = {"kind": "gaps", "title": "缺口", "coverage": "analyses/now", "scenario": {"year": 2030}}
    with pytest.raises(
        DeclarationError, match=r"another than that of an analysis that it rests on .given: analyses/now"
    ):
        analyses.run(analyses.KINDS["gaps"].record.model_validate(gaps), given)


def test_a_comparison_is_of_no_state() -> None:
    record = Compare.model_validate({"kind": "compare", "title": "前后", "before": "analyses/a", "after": "analyses/b"})
    given = inputs(layers_with_plans(), both=replace(covered(None), record=record))
    with pytest.raises(DeclarationError, match="of: compares states of the district, and is of none"):
        analyses.run(under("analyses/both"), given)


def test_a_folder_may_be_looked_at_in_a_scenario_and_one_analysis_in_the_present() -> None:
    given = inputs(layers_with_plans())
    district = District.model_validate(
        given.district.model_dump() | {"scenario": {"status": ["existing", "planned"], "year": 2028}}
    )
    given = replace(given, district=district)
    assert who_is_covered(analyses.run(coverage_record(), given)) == {"A", "B", "C"}
    assert who_is_covered(analyses.run(coverage_record(scenario={}), given)) == {"B", "C"}


def folder_with_plans(folder: Path, **files: str) -> Path:
    """Write the small district with a toilet T3 at (250, 0) that is planned for 2028, and declarations to be added."""
    small_district(folder)
    toilets = folder / "layers/data/toilets.csv"
    header, *rows = toilets.read_text(encoding="utf-8").splitlines()
    rows = [f"{row},现状,2010" for row in rows] + [f"T3,中厕,{EAST + 250},{NORTH},规划,2028"]
    toilets.write_text("\n".join([f"{header},状态,年份", *rows]), encoding="utf-8")
    declared = folder / "layers/toilets.toml"
    columns = '[columns]\nstatus = "状态"\nopen_year = "年份"'
    declared.write_text(declared.read_text(encoding="utf-8").replace("[columns]", columns), encoding="utf-8")
    for name, text in files.items():
        path = folder / "analyses" / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
    return folder


PLAN = """
kind = "scenario"
title = "规划后"
of = "analyses/coverage"
[scenario]
status = ["existing", "planned"]
year = 2028
"""
COMPARE = 'kind = "compare"\ntitle = "前后"\nbefore = "analyses/coverage"\nafter = "analyses/plan"\n'


def test_a_folder_declares_a_scenario_and_what_it_changes(tmp_path: Path) -> None:
    folder = folder_with_plans(tmp_path / "small", plan=PLAN, compare=COMPARE)
    finished = run_folder(folder, command="qyp run", progress=lambda _: None)
    result = finished.results["analyses/compare"]
    row = result.table[result.table["requirement"] == TOILETS].iloc[0]
    # Within 300 m of T1 live A and B; nobody is new, but B walks 50 m instead of 300, and C 750 instead of 1,000.
    assert [row[name] for name in ("people_before", "people_after", "people_gaining", "people_nearer")] == [
        150,
        150,
        0,
        80,
    ]
    written = {path.name for path in (folder / "build/analyses").iterdir()}
    assert {
        "compare.csv",
        "compare_by_area.csv",
        "compare_units.csv",
        "compare_pairs.csv",
        "plan_changes.csv",
    } <= written
    csv = (folder / "build/analyses/compare.csv").read_text(encoding="utf-8-sig").splitlines()
    assert not [heading for heading in csv[0].split(",") if heading.isascii()]
    changes = gpd.read_parquet(folder / "build/analyses/plan_changes.parquet")
    assert list(changes["name"]) == ["中厕"]


def test_a_folder_is_looked_at_in_the_scenario_of_its_district_file(tmp_path: Path) -> None:
    folder = folder_with_plans(tmp_path / "small")
    district = folder / "layers/district.toml"
    text = district.read_text(encoding="utf-8")
    district.write_text(f'{text}\n[scenario]\nstatus = ["existing", "planned"]\n', encoding="utf-8")
    finished = run_folder(folder, command="qyp run", progress=lambda _: None)
    assert of_units(finished.results["analyses/coverage"], TOILETS, "walk_m")["B"] == 50.0
    assert "情景:公厕:投用 1 处(中厕)" in finished.results["analyses/gaps"].notes


def test_what_is_wrong_with_a_scenario_is_told_with_its_file_and_key(tmp_path: Path) -> None:
    wrong = PLAN.replace("year = 2028", 'yaer = 2028\n[[scenario.change]]\nlayer = "layers/toilet"\nopen = ["T3"]')
    folder = folder_with_plans(tmp_path / "small", plan=wrong)
    district = folder / "layers/district.toml"
    text = district.read_text(encoding="utf-8")
    district.write_text(f'{text}\n[[scenario.change]]\nlayer = "layers/residents"\nclose = ["A"]\n', encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        open_project(folder)
    told = [str(problem) for problem in caught.value.problems]
    assert told == [
        "analyses/plan.toml: scenario.yaer: unknown key (given: 2028). Did you mean year?",
        "analyses/plan.toml: scenario.change[0].layer: names a file that does not exist (given: layers/toilet). "
        "Did you mean layers/toilets?",
        "layers/district.toml: scenario.change[0].layer: is of a kind in which nothing is changed (given: residents). "
        "Allowed: a kind of facility, barriers, crossings, estates, gates, streets",
    ]
