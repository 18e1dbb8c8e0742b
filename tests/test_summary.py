"""What the closing tables of a run say, on results of a few rows each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from rich.console import Console

from qyp_geo.analyses import KINDS
from qyp_geo.batch import Outcome
from qyp_geo.declarations import Analysis
from qyp_geo.errors import Problem
from qyp_geo.frames import Result
from qyp_geo.summary import TABLES, cells, print_batch, print_files, print_problems
from qyp_geo.translation import Language

NAN = float("nan")
SILENT = {"scenario", "zones"}
"""Kinds without tables of their own: a scenario's result is of another kind, and zones are told on the map."""


def printed(kind: str, table: list[dict[str, Any]], language: Language = "zh", **parts: list[dict[str, Any]]) -> str:
    """What is printed of a result, words apart by one space."""
    result = Result(
        record=Analysis(kind=kind, title="题"),
        table=pd.DataFrame(table),
        parts={name: pd.DataFrame(rows) for name, rows in parts.items()},
    )
    console = Console(width=200)
    with console.capture() as captured:
        for shown in TABLES[kind](result):
            console.print(cells.drawn(shown, language))
    return "\n".join(" ".join(line.split()) for line in captured.get().splitlines())


def test_every_kind_has_its_closing_table() -> None:
    assert set(TABLES) == set(KINDS) - SILENT


@pytest.mark.parametrize(
    ("value", "people", "percent", "figure"), [(1234.6, "1,230", "123460.0%", "1,235"), (NAN, "–", "–", "–")]
)
def test_figures_that_are_not_known_are_dashes(value: float, people: str, percent: str, figure: str) -> None:
    assert (cells.people(value), cells.percent(value), cells.figure(value)) == (people, percent, figure)


def test_a_shortfall_says_what_it_amounts_to() -> None:
    words = [cells.verdict("未达标", effect) for effect in ("fail", "warn", "inform", "")]
    assert words == ["未达标(不合规)", "未达标(提示)", "未达标", "未达标"]


def test_names_from_data_are_text_and_no_markup() -> None:
    row = {"list_title": "[bold]第一章[/bold]", "title": "教育", "source": "纲要 L1"}
    counts = {"centres": 22, "centres_met": 20, "centres_unmet": 1, "centres_no_data": 1}
    said = printed("centre_completeness", [], totals=[row | counts])
    assert "[bold]第一章[/bold] 教育 22 20 1 1 纲要 L1" in said


def test_catchment_tells_what_is_lacking_or_why_it_is_not_known() -> None:
    known = {
        "title": "小学学位供需(步行口径)",
        "group": "6至11岁",
        "counts": "人",
        "people_demand": 28286.0,
        "supply_total": 31630.0,
        "counted_in": "座",
        "per_head": 1.0583,
        "need_per_head": 1.0,
        "people_short": 1204.0,
        "shortage": 310.2,
        "total_verdict": "达标",
        "verdict": "未达标",
        "effect": "",
        "source": "某标准 1.2",
        "note": "",
    }
    unknown = known | {
        "supply_total": NAN,
        "per_head": NAN,
        "shortage": NAN,
        "total_verdict": "无数据",
        "verdict": "无数据",
        "note": "没有学位数",
    }
    said = printed("catchment", [known, unknown])
    assert "小学学位供需 6至11岁 28,290 人 31,630 座 1.058 1.000 1,200 310 达标 未达标 某标准 1.2" in said
    assert "小学学位供需 6至11岁 28,290 人 – – 1.000 1,200 – 无数据 无数据 没有学位数" in said


def test_equity_is_of_the_district_and_in_its_own_unit() -> None:
    row = {
        "level": "district",
        "title": "公厕300米步行可达率",
        "people_judged": 1000.0,
        "mean": 251.4,
        "counted_in": "米",
        "worst_tenth": 612.6,
        "gini": 0.3126,
        "palma": 1.556,
        "note": "",
    }
    said = printed(
        "equity", [row, row | {"level": "township", "title": "某街道"}, row | {"palma": NAN, "note": "不可计算"}]
    )
    assert "公厕 1,000 251 米 613 0.313 1.56" in said
    assert "0.313 – 不可计算" in said
    assert "某街道" not in said


def test_seats_now_and_later_stand_beside_each_other() -> None:
    now = {
        "area_name": "洪都片区",
        "stage": "小学",
        "horizon": "现状",
        "children": 1500.0,
        "seats": 1000.0,
        "per_seat": 1.5,
        "warning": "学位不足",
        "seats_lacking": 500.0,
    }
    later = now | {
        "horizon": "至2030年",
        "seats": 2620.0,
        "per_seat": 0.5725,
        "warning": "学位充足",
        "seats_lacking": 0.0,
    }
    said = printed("schools_watch", [now, later])
    assert "现状学位 现状每学位儿童 现状缺口 现状预警 至2030年学位" in said
    assert "洪都片区 小学 1,500 1,000 1.50 500 学位不足 2,620 0.57 0 学位充足" in said


def test_berths_are_summed_by_sort_of_place_and_held_against_the_standard() -> None:
    area = {
        "level": "district",
        "area_name": "全区",
        "berths": 1000.0,
        "attached_share": 0.8,
        "off_street_share": 0.15,
        "on_street_share": 0.05,
        "ev_share": 0.1,
        "berths_idle": 50.0,
        "berths_needed": 1500.0,
        "berths_short": 600.0,
        "short_share": 0.4,
        "note": "",
    }
    old = {"priority": "居住老区", "measure": "步行口径", "berths_needed": 100.0, "berths_short": 40.0}
    hub = {"priority": "枢纽", "measure": "规范口径", "berths_needed": NAN, "berths_short": NAN}
    check = {
        "title": "路内泊位占比",
        "standard": "≤15%",
        "measured": 0.05,
        "verdict": "达标",
        "effect": "",
        "note": "",
        "source": "GB 1",
    }
    said = printed(
        "parking",
        [area, area | {"level": "township", "area_name": "某街道"}],
        areas=[old, old | {"berths_short": 0.0}, hub],
        checks=[check],
    )
    assert "全区 1,000 80.0% 15.0% 5.0% 10.0% 50 1,500 600 40.0%" in said
    assert "居住老区 步行口径 2 200 40 1" in said
    assert "枢纽 规范口径 1 – – –" in said
    assert "路内泊位占比 ≤15% 5.0% 达标 GB 1" in said
    assert "某街道" not in said


def test_schemes_stand_beside_their_bound_and_above_the_curve() -> None:
    scheme = {
        "name": "方案一",
        "sites": "甲、乙",
        "limit_m": 500.0,
        "people_gained": 1234.0,
        "people_after": 5234.0,
        "people_share": 0.5234,
        "bound": 1234.0,
        "status": "模型内最优",
        "n_area_ok": 1,
        "n_households_ok": 2,
        "n_sites": 2,
        "cost": NAN,
    }
    step = {"n_new": 1, "people_gained": 800.0, "people_more": 800.0, "people_share": 0.48, "status": "模型内最优"}
    said = printed("siting", [scheme], marginal=[step])
    assert "方案一 甲、乙 500 1,230 5,230 52.3% 1,230 模型内最优 1/2 2/2 –" in said
    assert "1 800 800 48.0% 模型内最优" in said
    assert "每增一处" not in printed("siting", [], marginal=[])


def test_only_what_changes_is_compared() -> None:
    row = {
        "level": "district",
        "title": "小学500米步行可达率",
        "limit_m": 500.0,
        "people_gaining": 120.0,
        "people_losing": 0.0,
        "people_in_doubt": 0.0,
        "share_before": 0.5,
        "share_after": 0.512,
        "points": 1.2,
        "verdict_before": "未达标",
        "verdict_after": "未达标",
    }
    same = row | {"title": "公园", "people_gaining": 0.0}
    better = row | {"title": "初中", "verdict_after": "达标"}
    said = printed("compare", [row, same, better, row | {"level": "zone", "title": "某分区"}])
    assert "小学 500 120 0 50.0% 51.2% +1.2 未达标" in said
    assert "初中 500 120 0 50.0% 51.2% +1.2 未达标 → 达标" in said
    assert "另有 1 项无变化" in said
    assert "公园" not in said
    assert "某分区" not in said


def test_targets_are_listed_where_it_can_be_said_whether_they_are_kept() -> None:
    total = {"fact_kind": "目标", "facts": 3, "figures": 3, "figures_now": 1}
    verdicts = {"achieved": 1, "not_achieved": 0, "cannot_tell": 2}
    kept = {
        "figure": "普惠性幼儿园覆盖率",
        "base": 94.5,
        "target": 90.0,
        "now": NAN,
        "measured_in": "%",
        "verdict": "已实现",
        "why": "按基期值",
        "source": "纲要 L323",
    }
    said = printed("plan_targets", [kept, kept | {"figure": "绿地", "verdict": "无法评估"}], totals=[total | verdicts])
    assert "目标 3 3 1 1 0 2" in said
    assert "普惠性幼儿园覆盖率 94.5 90 – % 已实现 按基期值 纲要 L323" in said
    assert "绿地" not in said


def test_files_are_named_and_many_of_one_folder_are_counted(tmp_path: Path) -> None:
    for name in ["a.txt", "few/b.txt", *(f"many/{n}.txt" for n in range(31))]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 2000)
    console = Console(width=200)
    with console.capture() as captured:
        print_files(console, tmp_path, "zh")
    assert captured.get().splitlines()[1:] == ["  a.txt  2 kB", "  few/b.txt  2 kB", "  many/  31 个文件  62 kB"]


def test_a_table_is_told_in_english_with_the_names_of_its_data_as_they_are() -> None:
    row = {"list_title": "[bold]第一章[/bold]", "title": "公厕", "source": "纲要 L1"}
    counts = {"centres": 22, "centres_met": 20, "centres_unmet": 1, "centres_no_data": 1}
    said = printed("centre_completeness", [], "en", totals=[row | counts]).splitlines()
    assert "List Service Centres Have Lack No data Source".lower() in [line.lower() for line in said]
    assert "[bold]第一章[/bold] public toilet 22 20 1 1 纲要 L1" in said


@pytest.mark.parametrize(
    ("note", "english"),
    [
        ("公厕(示意):位置精度 1 m", "公厕(示意): accuracy of position 1 m"),
        ("自定口径:公厕 500 米", "Our own choice: public toilet 500 m"),
        ("住宅:人口口径:常住人口,2025 年,统计局", "住宅: population: resident, 2025, 统计局"),
        ("规划自己的话:照原样", "规划自己的话:照原样"),
    ],
)
def test_a_note_keeps_the_title_before_its_colon(note: str, english: str) -> None:
    assert cells.note_said(note, "en").replace(": ", ":") == english.replace(": ", ":")
    assert cells.note_said(note, "zh") == note


def test_warnings_are_told_in_the_language_of_the_reader() -> None:
    problem = Problem("layers/a.toml", "", "holds nothing of this kind", severity="warning")
    told = []
    for language in get_args(Language):
        console = Console(width=200)
        with console.capture() as captured:
            print_problems(console, [problem], language)
        told.append(captured.get().strip())
    assert told == ["提示:layers/a.toml:没有这类要素", "warning: layers/a.toml: holds nothing of this kind"]


def test_what_became_of_many_folders_is_told_with_what_is_wrong() -> None:
    outcomes = [Outcome(Path("a"), 1.0, 'a has no results yet: run "qyp run a" first'), Outcome(Path("b"), 2.0, "", 3)]
    console = Console(width=200)
    with console.capture() as captured:
        print_batch(console, outcomes, "zh")
    lines = [" ".join(line.split()) for line in captured.get().splitlines()]
    assert "a 失败 1.0 a 还没有结果:请先运行“qyp run a”" in lines
    assert "b 完成 2.0 3 条提示" in lines
