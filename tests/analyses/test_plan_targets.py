"""Is the plan kept: the village against a plan of its own, sentence by sentence, and against the traps of the real one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.plan_targets import ACHIEVED, CANNOT_TELL, NOT_ACHIEVED, NOT_COMPUTABLE, PlanTargets
from qyp_geo.declarations import Provenance
from qyp_geo.errors import DeclarationError, MissingError
from qyp_geo.frames import LayerData, Result
from qyp_geo.records import make_record
from qyp_geo.tables import headings
from tests.analyses.reading import cells
from tests.analyses.village import box, coverage_record, frame, inputs, layer, point, village_layers

REAL = "qingyunpu-14th"
COUNTS = ["facts", "figures", "figures_now", "achieved", "not_achieved", "cannot_tell"]


def of(kind: str, places: dict[str, Any], completeness: Any = "全量台账", **columns: list[Any]) -> LayerData:
    plain = layer(frame(kind, places, **columns), kind)
    origin = Provenance(
        publisher="t",
        retrieved=date(2026, 1, 15),
        as_of=date(2025, 12, 31),
        licence="CC0",
        completeness=completeness,
    )
    return LayerData(plain.record.model_copy(update={"provenance": origin}), plain.frame)


def followed(
    folder: Path, own: dict[str, LayerData], text: str = "", *, results: dict[str, Result] | None = None, **more: Any
) -> pd.DataFrame:
    return whole(folder, own, text, results=results, **more).table.set_index("fact")


def whole(
    folder: Path, own: dict[str, LayerData], text: str = "", *, results: dict[str, Result] | None = None, **more: Any
) -> Result:
    """Follow the plan of `text`, or the real one, with some layers beside the village's."""
    (folder / "plans").mkdir(exist_ok=True)
    (folder / "plans" / "ours.toml").write_text(f'title = "本区规划"\ncite = "规划"\n{text}', encoding="utf-8")
    asked = {"kind": "plan_targets", "title": "监测", "plan": "ours" if text else REAL, "layers": [*own]}
    record, problems = make_record(PlanTargets, asked | more, "analyses/plan.toml")
    assert record is not None, problems
    given = replace(inputs(village_layers() | own, **(results or {})), standards=folder)
    return analyses.run(record, given)


def fact(id_: str, answer: str, *, kind: str = "target", least: float | None = None, base: float | None = None) -> str:
    figure = [f"least = {least}"] if least is not None else []
    figure += [f"base = {base}"] if base is not None else []
    lines = [
        "[[fact]]",
        f'id = "{id_}"',
        f'title = "{id_}"',
        f'kind = "{kind}"',
        'chapter = "一"',
        "line = 7",
        f'quote = "原文{id_}"',
        "[[fact.figure]]",
        'title = "数"',
        'unit = "所"',
        *figure,
        f"answer = {{ {answer} }}",
    ]
    return "\n".join(lines) + "\n"


SCHOOLS = {"P1": point(100, 0), "P2": point(200, 0), "P3": point(300, 0), "P4": point(5000, 0)}


def schools(**columns: list[Any]) -> dict[str, LayerData]:
    return {"layers/schools": of("primary_school", SCHOOLS, **columns)}


def test_a_target_is_met_at_exactly_its_figure_by_what_exists_in_the_district(tmp_path: Path) -> None:
    text = "".join(
        fact(f"least{least}", 'how = "count", kinds = ["primary_school"]', least=least) for least in (1, 2, 3)
    )
    layers = schools(status=["existing", "existing", "planned", "existing"])  # the last lies outside
    table = followed(tmp_path, layers, text)
    assert table["now"].tolist() == [2, 2, 2]
    assert table["verdict"].tolist() == [ACHIEVED, ACHIEVED, NOT_ACHIEVED]
    assert table["as_of"].unique().tolist() == ["2025-12-31"]
    assert table["source"].unique().tolist() == ["规划 L7"]
    assert table["says"].iloc[0] == "原文least1"


def test_only_a_target_has_a_verdict(tmp_path: Path) -> None:
    kinds = ("completed", "baseline", "direction")
    text = "".join(fact(kind, 'how = "count", kinds = ["primary_school"]', kind=kind, base=1) for kind in kinds)
    result = whole(tmp_path, schools(), text + fact("target", 'how = "count", kinds = ["primary_school"]', least=3))
    table = result.table.set_index("fact")
    assert table["now"].tolist() == [3, 3, 3, 3]
    assert table["verdict"].tolist() == ["不适用", "不适用", "不适用", ACHIEVED]
    totals = result.parts["totals"].set_index("fact_kind")
    assert cells(totals, "合计", COUNTS) == [4, 4, 4, 1, 0, 0]
    assert cells(totals, "已完成工作", COUNTS) == [1, 1, 1, 0, 0, 0]


def test_what_no_layer_answers_says_so_in_these_words(tmp_path: Path) -> None:
    text = fact("a", 'how = "count", kinds = ["library"]', least=1)
    table = followed(tmp_path, schools(), text)
    assert cells(table, "a", ["verdict", "why"]) == [CANNOT_TELL, f"{NOT_COMPUTABLE}:没有图书馆图层"]
    assert np.isnan(cells(table, "a", ["now"])[0])


def test_too_few_in_poi_data_is_no_lack(tmp_path: Path) -> None:
    text = fact("a", 'how = "count", kinds = ["primary_school"]', least=4)
    poi = {"layers/schools": of("primary_school", SCHOOLS, "POI")}
    assert followed(tmp_path, schools(), text)["verdict"].tolist() == [NOT_ACHIEVED]
    assert followed(tmp_path, poi, text)["verdict"].tolist() == [CANNOT_TELL]


def test_named_works_are_looked_up_by_name_and_a_planned_one_is_not_there_yet(tmp_path: Path) -> None:
    answer = 'how = "named", kinds = ["primary_school"], names = ["东|旧东", "西"]'
    text = fact("two", answer, least=2) + fact("one", answer, least=1)
    names = ["旧东小学", "西小学", "丙", "丁"]
    built = schools(name=names, status=["existing", "planned", "existing", "existing"])
    table = followed(tmp_path, built, text)
    assert table["now"].tolist() == [1, 1]
    assert table["verdict"].tolist() == [NOT_ACHIEVED, ACHIEVED]
    assert table["present"].iloc[0] == "东:现状;西:规划"


def test_a_name_that_is_missing_is_a_lack_only_where_the_layer_is_complete(tmp_path: Path) -> None:
    text = fact("a", 'how = "named", kinds = ["primary_school"], names = ["东", "西"]', least=2)
    names = ["东小学", "乙", "丙", "丁"]
    poi = {"layers/schools": of("primary_school", SCHOOLS, "POI", name=names)}
    assert followed(tmp_path, schools(name=names), text)["verdict"].tolist() == [NOT_ACHIEVED]
    assert followed(tmp_path, poi, text)["verdict"].tolist() == [CANNOT_TELL]
    unnamed = {"layers/schools": of("primary_school", SCHOOLS, "POI")}
    assert "中没有这些名称" in followed(tmp_path, unnamed, text)["why"].iloc[0]


def test_sums_and_shares_count_what_exists_and_tell_what_is_not_known(tmp_path: Path) -> None:
    capacity = 'kinds = ["primary_school"], column = "capacity"'
    text = (
        fact("sum", f'how = "sum", {capacity}', kind="direction")
        + fact("good", f'how = "share", {capacity}, where = {{ affordable = "是" }}', least=75)
        + fact("part", f'how = "share", {capacity}, part = "ev_berths"', kind="direction")
    )
    layers = schools(
        capacity=[300.0, 100.0, np.nan, 999.0],
        affordable=["是", "否", "是", "是"],
        ev_berths=[30.0, 10.0, 5.0, 0.0],
    )
    table = followed(tmp_path, layers, text)
    assert table["now"].tolist() == [400, 75, 10]
    assert cells(table, "sum", ["present"])[0] == "3 处合计 400,另有 1 处数量不详,未计"
    assert cells(table, "good", ["verdict"])[0] == ACHIEVED  # 75 is the least
    unsaid = schools(capacity=[300.0, 100.0, 100.0, 1.0], affordable=["是", "否", "", ""], ev_berths=[0.0] * 4)
    assert cells(followed(tmp_path, unsaid, text), "good", ["now", "verdict"]) == [60.0, CANNOT_TELL]
    bare = followed(tmp_path, schools(), text)
    assert bare["why"].str.contains("图层没有填学位或泊位数").all()


def test_parts_of_centres_and_units_by_level(tmp_path: Path) -> None:
    text = fact("parts", 'how = "count", kinds = ["primary_school"], within = "neighbourhood_centre"', kind="direction")
    text += fact("units", 'how = "count", kinds = ["units"], where = { level = "街道|镇" }', kind="baseline", base=2)
    layers = schools(part_of=["N", "甲", "", "N"]) | {
        "layers/centres": of("neighbourhood_centre", {"N": point(0, 0)}, name=["甲"]),
        "layers/units": village_layers()["layers/units"],
    }
    assert followed(tmp_path, layers, text)["now"].tolist() == [2, 2]
    without = schools() | {"layers/units": layers["layers/units"]}
    assert followed(tmp_path, without, text)["why"].iloc[0] == f"{NOT_COMPUTABLE}:图层没有声明哪些在邻里中心内"


def test_area_per_resident_is_a_lower_bound_where_areas_are_missing(tmp_path: Path) -> None:
    # 455 people live in the village; 500 m2 of floor and 10,000 m2 of ground.
    answer = 'how = "per_head", kinds = ["library"], ground = ["fitness"]'
    text = fact("kept", answer, least=23.07) + fact("missed", answer, least=23.1)
    layers = {
        "layers/libraries": of("library", {"L": point(10, 10)}, bldg_m2=[500.0], area_m2=[9999.0]),
        "layers/fitness": of("fitness", {"F": box(0, 100, 100, 200)}, land_m2=[np.nan], area_m2=[10_000.0]),
    }
    covered = {"coverage": analyses.run(coverage_record(), inputs(village_layers()))}
    more: dict[str, Any] = {"results": covered, "coverage": "analyses/coverage"}
    table = followed(tmp_path, layers, text, **more)
    assert table["now"].tolist() == pytest.approx([10500 / 455] * 2)
    assert table["verdict"].tolist() == [ACHIEVED, NOT_ACHIEVED]
    only = {"layers/libraries": layers["layers/libraries"]}
    short = followed(tmp_path, only, text, **more)
    assert short["verdict"].tolist() == [CANNOT_TELL, CANNOT_TELL]
    assert "没有室外综合健身场地图层:为下限" in short["present"].iloc[0]
    assert "不知常住人口" in followed(tmp_path, layers, text)["why"].iloc[0]


def test_circles_are_answered_by_the_coverage_analysis(tmp_path: Path) -> None:
    text = fact("life", 'how = "reached", circle_set = "life"', kind="direction")
    text += fact("culture", 'how = "reached", circle_set = "culture"', kind="direction")
    covered = {"coverage": analyses.run(coverage_record(), inputs(village_layers()))}
    table = followed(tmp_path, schools(), text, results=covered, coverage="analyses/coverage")
    headline = covered["coverage"].parts["headline"]
    assert cells(table, "life", ["now"])[0] == 100 * headline["all_reached_share"].iloc[0]
    assert "纲要未定义,采用" in cells(table, "life", ["present"])[0]
    assert cells(table, "culture", ["why"])[0] == f"{NOT_COMPUTABLE}:覆盖分析没有问15分钟都市文化圈"
    five = {"coverage": analyses.run(coverage_record(circles=["5"]), inputs(village_layers()))}
    table = followed(tmp_path, schools(), text, results=five, coverage="analyses/coverage")
    assert cells(table, "life", ["why"])[0] == f"{NOT_COMPUTABLE}:覆盖分析没有问15分钟生活圈"
    assert followed(tmp_path, schools(), text)["why"].str.contains("没有指明覆盖分析").all()


def test_what_is_drawn_is_measured_and_not_taken_as_built(tmp_path: Path) -> None:
    text = fact("a", 'how = "measured", test = "area_km2"', least=0.1)
    covered = analyses.run(coverage_record(), inputs(village_layers()))
    for line, said in ((7, "图上的数不说明是否建成"), (71, f"{NOT_COMPUTABLE}:分区分析没有核对这一句(L7)")):
        check: dict[str, Any] = {"id": "c", "says": "…", "source": f"纲要 L{line}", "test": "area_km2"}
        check |= {"of": {"layer": "layers/zones", "id": "z1"}, "expected": 0.375}
        asked: dict[str, Any] = {
            "kind": "zones",
            "title": "区",
            "zones": "layers/zones",
            "coverage": "analyses/coverage",
        }
        record, problems = make_record(analyses.KINDS["zones"].record, asked | {"check": [check]}, "z.toml")
        assert record is not None, problems
        zones = analyses.run(record, inputs(village_layers(), coverage=covered))
        row = followed(tmp_path, schools(), text, results={"zones": zones}, zones="analyses/zones")
        assert cells(row, "a", ["verdict", "why"]) == [CANNOT_TELL, said]
    assert followed(tmp_path, schools(), text)["why"].tolist() == [f"{NOT_COMPUTABLE}:没有指明分区分析"]


def test_complete_centres_are_counted_by_the_list_that_is_meant(tmp_path: Path) -> None:
    text = fact("a", 'how = "centres", centre_list = "chapter8"', kind="direction")
    text += fact("b", 'how = "centres", centre_list = "chapter1"', kind="direction")
    layers = schools() | {"layers/centres": of("neighbourhood_centre", {"N": point(0, 0), "M": point(500, 0)})}
    asked = {
        "kind": "centre_completeness",
        "title": "完整度",
        "coverage": "analyses/coverage",
        "centres": "layers/centres",
        "services": ["layers/schools"],
        "lists": ["chapter8"],
        "within_m": 100,
    }
    record, problems = make_record(analyses.KINDS["centre_completeness"].record, asked, "c.toml")
    assert record is not None, problems
    covered = Result(record=coverage_record(), table=pd.DataFrame())
    centres = analyses.run(record, inputs(village_layers() | layers, coverage=covered))
    table = followed(tmp_path, layers, text, results={"centres": centres}, centres="analyses/centres")
    assert cells(table, "a", ["now", "present"]) == [0, "2 个中 0 个,2 个无数据"]
    assert cells(table, "b", ["why"])[0] == f"{NOT_COMPUTABLE}:邻里中心完整度分析没有问这一份“五类”"


def real(folder: Path, own: dict[str, LayerData]) -> pd.DataFrame:
    return followed(folder, own)


def gardens(*affordable: str) -> dict[str, LayerData]:
    places = {f"K{n}": point(100 * n, 0) for n in range(len(affordable))}
    seats = [100.0] * len(affordable)
    return {"layers/gardens": of("kindergarten", places, capacity=seats, affordable=list(affordable))}


def test_affordable_kindergartens_were_above_the_target_before_it_was_set(tmp_path: Path) -> None:
    table = real(tmp_path, schools())
    row = table[table["figure"] == "普惠性幼儿园覆盖率"]
    assert cells(row, "D.kg", ["base", "base_of", "target", "verdict"]) == [94.5, "2020 纲要 L23", 90, ACHIEVED]
    assert cells(row, "D.kg", ["why"])[0] == f"按基期值,警惕倒退;现状值 {NOT_COMPUTABLE}:没有幼儿园图层"
    assert "不是还差 4.5 个百分点" in cells(row, "D.kg", ["note"])[0]


@pytest.mark.parametrize(
    ("n_affordable", "verdict", "why"),
    [
        (10, ACHIEVED, ""),
        (9, ACHIEVED, "已达标,但低于基期值:警惕倒退"),
        (8, NOT_ACHIEVED, "低于目标,也低于基期值:已经倒退"),
    ],
)
def test_with_a_register_the_share_of_today_decides(tmp_path: Path, n_affordable: int, verdict: str, why: str) -> None:
    table = real(tmp_path, gardens(*["是"] * n_affordable, *["否"] * (10 - n_affordable)))
    row = table[table["figure"] == "普惠性幼儿园覆盖率"]
    assert cells(row, "D.kg", ["now", "verdict", "why"]) == [10.0 * n_affordable, verdict, why]


def test_the_traps_of_the_plan(tmp_path: Path) -> None:
    layers = village_layers()
    own = {ref: layers[ref] for ref in ("layers/toilets", "layers/parks", "layers/units")}
    own["layers/centres"] = of("neighbourhood_centre", {f"N{n}": point(10 * n, 0) for n in range(23)})
    own["layers/parking"] = of("public_parking", {"P": point(0, 0)}, capacity=[9000.0])
    result = whole(tmp_path, own)
    table = result.table.set_index("fact")
    for done in ("B.toilet.new", "B.parking", "B.nc"):
        assert set(table["verdict"][table.index == done]) == {"不适用"}
        assert table["target"][table.index == done].isna().all()
    assert cells(table, "B.nc", ["base", "now"]) == [22, 23]
    assert np.isnan(cells(table, "B.parking", ["now"])[0])  # what there is now is not what was added
    assert cells(table, "D.green", ["verdict"])[0] == CANNOT_TELL
    assert "不能用公园面算" in cells(table, "D.green", ["why"])[0]
    assert cells(table, "D.nursery", ["verdict"])[0] == "不适用"
    assert result.table["fact"].nunique() == 115
    assert (result.table["verdict"][result.table["fact_kind"] != "目标"] == "不适用").all()
    silent = result.table["now"].isna()
    assert result.table["why"][silent].str.contains(NOT_COMPUTABLE).all()
    assert any("8439 个公共泊位" in note for note in result.notes)
    columns = [*result.table.columns, *result.parts["totals"].columns]
    assert [name for name in columns if name not in headings()] == []


def test_in_a_scenario_the_values_are_told_not_to_be_of_the_present(tmp_path: Path) -> None:
    text = fact("a", 'how = "count", kinds = ["primary_school"]', least=4)
    layers = schools(status=["existing", "existing", "planned", "existing"])
    result = whole(tmp_path, layers, text, scenario={"status": ["existing", "planned"]})
    assert result.table["now"].tolist() == [3]
    assert "规划目标监测按情景计:“现状值”和判断是情景中的,不是现状" in result.notes


def test_a_declaration_s_mistakes_are_told(tmp_path: Path) -> None:
    asked = {"kind": "plan_targets", "title": "监测", "layers": ["layers/toilets", "layers/toilets", "analyses/x"]}
    record = PlanTargets.model_validate(asked | {"plan": "qingyunpu"})
    records = {name: one.record for name, one in village_layers().items()}
    found = analyses.check(record, shown_as="a.toml", layers=records, standards=tmp_path)
    assert [(one.where, one.given) for one in found] == [
        ("layers", "layers/toilets"),
        ("layers", "analyses/x"),
        ("plan", ""),
    ]
    assert "no plan is called 'qingyunpu'" in found[-1].what
    with pytest.raises(MissingError):
        analyses.run(record.model_copy(update={"layers": ["layers/toilets"]}), inputs(village_layers()))
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "qingyunpu.toml").write_text('title = "x"', encoding="utf-8")
    found = analyses.check(record, shown_as="a.toml", layers=records, standards=tmp_path)
    assert [one.file for one in found[2:]] == ["analyses/standards/plans/qingyunpu.toml"] * 2


def test_references_are_to_analyses_of_the_right_kind(tmp_path: Path) -> None:
    covered = {"coverage": Result(record=coverage_record(), table=pd.DataFrame())}
    with pytest.raises(DeclarationError, match="zones: is not of a kind that can stand here"):
        followed(tmp_path, schools(), results=covered, zones="analyses/coverage")
