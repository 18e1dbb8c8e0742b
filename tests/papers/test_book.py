"""The workbook, read back as a planner's spreadsheet reads it."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import openpyxl
import pandas as pd
import pytest

from qyp_geo.analyses import KINDS
from qyp_geo.declarations import Analysis
from qyp_geo.frames import Result
from qyp_geo.papers import write_book
from qyp_geo.papers.measures import measures, measures_table
from qyp_geo.papers.resting import data_date, layers_beneath, layers_table, times_of
from qyp_geo.papers.sheets import SHEETS, sheet_name, sheets_of, unique
from qyp_geo.record import Run
from tests.maps.district import HOSTILE

FIRST_ROW = 4  # title, link, heads

pytestmark = pytest.mark.filterwarnings("ignore:(Unknown|Conditional Formatting) extension:UserWarning:openpyxl")


def read(run: Run, path: Path) -> Any:
    write_book(run, path)
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def small_book(small: Run, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return read(small, tmp_path_factory.mktemp("book") / "small.xlsx")


@pytest.fixture(scope="module")
def sample_book(sample: Run, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return read(sample, tmp_path_factory.mktemp("book") / "sample.xlsx")


def rows_of(page: Any) -> list[dict[str, Any]]:
    heads, *rows = page.iter_rows(min_row=FIRST_ROW - 1, values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in rows]


def with_result(run: Run, table: pd.DataFrame, *, title: str = "另一问", kind: str = "another") -> Run:
    """A run that has found something more."""
    record = Analysis(kind=kind, title=title)
    reference = f"analyses/another{len(run.results)}"
    project = replace(run.project, analyses={**run.project.analyses, reference: record})
    return replace(run, project=project, results={**run.results, reference: Result(record, table)})


def test_every_kind_of_analysis_has_its_sheets() -> None:
    assert set(SHEETS) == set(KINDS) - {"scenario"}  # its result is of another kind


def test_the_small_district_has_the_sheets_that_are_asked_for(small_book: Any) -> None:
    assert small_book.sheetnames[:3] == ["目录", "图表", "覆盖率一览"]
    assert {"覆盖率表", "缺口清单", "指标口径", "口径与假设", "数据来源"} <= set(small_book.sheetnames)


def test_shares_are_numbers_that_are_shown_as_percentages(small_book: Any) -> None:
    """A and B, 150 of 180 people, are within 300 m of a toilet: B at the limit itself."""
    page = small_book["覆盖率表"]
    heads = [cell.value for cell in page[FIRST_ROW - 1]]
    column = heads.index("单项覆盖率(步行口径)")
    found = next(
        row
        for row in page.iter_rows(min_row=FIRST_ROW)
        if row[heads.index("层级")].value == "全区" and row[heads.index("要求编号")].value == "own.public_toilet"
    )
    assert found[column].value == 0.833
    assert found[column].number_format == "0.0%"
    assert found[heads.index("覆盖人口(步行口径)")].value == 150
    assert found[heads.index("人口合计")].value == 180
    assert found[heads.index("人口合计")].number_format == "#,##0"


def test_every_sheet_is_a_real_table_with_a_frozen_head_and_filters(sample_book: Any) -> None:
    for name in sample_book.sheetnames[2:]:
        page = sample_book[name]
        (table,) = page.tables.values()
        assert table.ref.startswith(f"A{FIRST_ROW - 1}:")
        assert table.autoFilter.ref == table.ref
        assert int(re.sub(r"\D", "", page.freeze_panes)) == FIRST_ROW
        heads = [cell.value for cell in page[FIRST_ROW - 1]]
        assert len({head.casefold() for head in heads}) == len(heads)


def test_the_sheets_of_the_sample_are_those_of_the_deliverables(sample: Run, sample_book: Any) -> None:
    named = {plan.name for kind, plans in SHEETS.items() for plan in plans if kind != "region"}
    assert named <= set(sample_book.sheetnames)
    assert "规划实施后(2030 年,示意)" in sample_book.sheetnames, "a second analysis of a kind has a sheet by its title"
    gaps = sample.results["analyses/gaps"].table
    rows = rows_of(sample_book["缺口清单"])
    assert [row["编号"] for row in rows] == list(gaps.index)
    assert list(rows[0])[:12] == [
        *("编号", "街道", "社区", "小区", "人口", "缺项", "最近设施", "最近设施步行距离(m)"),
        *("类型", "建议措施", "责任单位", "核实情况"),
    ]
    assert not any(row["责任单位"] or row["核实情况"] for row in rows), "these are filled in by hand"
    assert rows[0]["人口"] == 10 * int(gaps["people"].iloc[0] / 10 + 0.5)
    assert {row["类型"] for row in rows} == set(gaps["type"])


def test_gaps_are_counted_by_what_is_lacking(sample: Run, sample_book: Any) -> None:
    gaps = sample.results["analyses/gaps"].table
    rows = rows_of(sample_book["缺口汇总"])
    assert sum(row["合计"] for row in rows) == len(gaps)
    for row in rows:
        of = gaps[gaps["missing_title"] == row["缺项"]]
        assert row["合计"] == len(of)
        assert row["路径不通"] == (of["type"] == "路径不通").sum()


def test_coverage_side_by_side_is_that_of_the_long_table(sample: Run, sample_book: Any) -> None:
    table = sample.results["analyses/coverage"].table
    rows = rows_of(sample_book["覆盖率一览"])
    whole = table[table["level"] == "district"].set_index("title")["people_share"]
    assert len(rows) == len(whole)
    township = table[(table["level"] == "township")].groupby("area_name", sort=False)
    name, of_township = next(iter(township))
    shares = of_township.set_index("title")["people_share"]
    for row in rows:
        for share, heading in ((whole[row["项目"]], "覆盖率:全区"), (shares[row["项目"]], f"覆盖率:{name}")):
            assert (row[heading] is None) == bool(np.isnan(share))
            assert np.isnan(share) or row[heading] == pytest.approx(share, abs=0.001)
    known = [row["覆盖率:全区"] is not None for row in rows]
    assert known == sorted(known, reverse=True), "what cannot be measured stands last"


def test_the_contents_lead_to_every_sheet(sample_book: Any) -> None:
    page = sample_book["目录"]
    links = {cell.hyperlink.location for row in page.iter_rows() for cell in row if cell.hyperlink}
    assert links == {f"'{name}'!A1" for name in sample_book.sheetnames[2:]}
    said = " ".join(str(cell.value) for row in page.iter_rows(max_row=8) for cell in row if cell.value)
    assert "未核" in said
    assert "示意" in said


def test_charts_show_rows_that_there_are(sample: Run, sample_book: Any, tmp_path: Path) -> None:
    write_book(sample, tmp_path / "b.xlsx")
    with zipfile.ZipFile(tmp_path / "b.xlsx") as file:
        charts = [file.read(name).decode() for name in file.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == sum(len(plan.charts) for kind, plans in SHEETS.items() for plan in plans if kind != "region")
    for chart in charts:
        formulas = re.findall(
            r"<c:(cat|val)>.*?<c:f>'?(.*?)'?!\$([A-Z]+)\$(\d+):\$[A-Z]+\$(\d+)</c:f>", chart, re.DOTALL
        )
        assert formulas
        for what, name, column, first, last in formulas:
            cells = [sample_book[name][f"{column}{row}"].value for row in range(int(first), int(last) + 1)]
            assert cells
            wanted: type | tuple[type, ...] = (int, float) if what == "val" else (str, int)
            assert any(isinstance(cell, wanted) for cell in cells)


def test_the_same_run_gives_the_same_bytes_and_the_date_of_its_data(small: Run, tmp_path: Path) -> None:
    write_book(small, tmp_path / "a.xlsx")
    write_book(small, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    made = openpyxl.load_workbook(tmp_path / "a.xlsx").properties.created
    assert made.date() == data_date(small.project.layers.values())


def test_no_text_is_live_and_each_is_shown_as_it_is(small: Run, tmp_path: Path) -> None:
    texts = [*HOSTILE, "+1+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "http://example.org", "_x0041_"]
    hostile = small
    for text in texts:
        table = pd.DataFrame({"name": [text], f"share_{text}": [0.5], "people": [14.0]})
        hostile = with_result(hostile, table, title=text, kind=text)
    book = read(hostile, tmp_path / "h.xlsx")
    places = {sheet.title: place for place, sheet in enumerate(sheets_of(hostile), start=2)}
    for text in texts:
        cell = book.worksheets[places[text]].cell(FIRST_ROW, 1)
        assert cell.data_type == "s"
        assert cell.hyperlink is None
    with zipfile.ZipFile(tmp_path / "h.xlsx") as file:
        parts = {part: file.read(part).decode() for part in file.namelist() if part.endswith((".xml", ".rels"))}
    assert not any("<f>" in parts[part] for part in parts if part.startswith("xl/worksheets/sheet"))
    assert not any('TargetMode="External"' in part for part in parts.values())
    shown = [_unescaped("".join(node.itertext())) for node in ET.fromstring(parts["xl/sharedStrings.xml"])]  # noqa: S314
    assert {text.replace("\r\n", "\n") for text in texts} <= {one.replace("\r\n", "\n") for one in shown}


def _unescaped(text: str) -> str:
    """What a spreadsheet shows of text in which control letters are written _xHHHH_."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


def test_text_that_looks_like_a_formula_stays_text_when_it_is_edited(small: Run, tmp_path: Path) -> None:
    book = read(with_result(small, pd.DataFrame({"name": ["=1+1", "洪都"]})), tmp_path / "q.xlsx")
    page = book["另一问"]
    assert page.cell(FIRST_ROW, 1).quotePrefix
    assert not page.cell(FIRST_ROW + 1, 1).quotePrefix


def test_what_is_missing_infinite_true_or_too_long_is_written_as_such(small: Run, tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "walk_m": [np.nan, np.inf, 1234.5678],
            "covered": [True, False, True],
            "name": [None, "字" * 40_000, ""],
            "open_year": [np.nan, 2027.0, 1999.0],
        }
    )
    page = read(with_result(small, table), tmp_path / "m.xlsx")["另一问"]
    rows = rows_of(page)
    assert [row["自建筑步行距离(m)"] for row in rows] == [None, "∞", 1234.568]
    assert [row["步行口径达标"] for row in rows] == ["是", "否", "是"]
    assert rows[0]["名称"] is None
    assert len(rows[1]["名称"]) == 32_767
    assert rows[1]["名称"].endswith("…")
    assert page.cell(FIRST_ROW + 1, 4).number_format == "0"


def test_a_table_without_rows_still_has_its_head(small: Run, tmp_path: Path) -> None:
    page = read(with_result(small, pd.DataFrame({"name": pd.Series(dtype=str)})), tmp_path / "e.xlsx")["另一问"]
    assert page["A3"].value == "名称"
    assert len(page.tables) == 1


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("规划[2030]: a/b*?\\", "规划 2030   a b"),
        ("'", "表"),
        ("很" * 40, "很" * 31),
        ("a\x00b", "a b"),
        ("History", "History 表"),
    ],
)
def test_titles_become_names_that_excel_takes(title: str, name: str) -> None:
    assert sheet_name(title) == name


def test_names_that_are_taken_get_a_number() -> None:
    assert unique(["a", "A", "a"]) == ["a", "A 2", "a 3"]
    assert unique(["很" * 300]) == ["很" * 255]
    assert unique(["很" * 31, "很" * 31], most=31) == ["很" * 31, "很" * 29 + " 2"]


def test_two_analyses_of_one_title_have_sheets_of_their_own(small: Run, tmp_path: Path) -> None:
    book = read(with_result(small, pd.DataFrame({"name": ["甲"]}), title="缺口清单"), tmp_path / "t.xlsx")
    assert "缺口清单 2" in book.sheetnames


def test_measures_tell_of_columns_that_there_are(sample: Run) -> None:
    told = {(measure["kind"], measure["columns"]) for measure in measures()}
    assert len(told) == len(measures())
    assert {kind.partition(":")[0] for kind, _ in told} == set(KINDS) - {"scenario"}
    for kind, column in told:
        of, _, part = kind.partition(":")
        for result in sample.results.values():
            if result.record.kind == of:
                assert column in (result.parts[part] if part else result.table), (kind, column)


def test_every_requirement_says_its_formula_time_and_source(sample: Run) -> None:
    table = measures_table(sample).set_index("名称")
    school = table.loc["小学500米步行可达率"]
    assert school["公式"] == "步行距离 500 米以内的人口 ÷ 人口合计"
    assert school["分子"] == "到最近的小学或九年一贯制学校步行 500 米以内的人口"
    assert school["时点"] == "2026-01-01"
    assert school["来源"] == "GB 50180-2018 表B.0.1/C.0.1（未核）"
    assert table.loc["派出所800米步行可达率", "时点"] == "无数据(没有声明图层)"
    assert table.loc["平均达标项数", "来源"] == "自定口径"
    assert (table[["公式", "分子", "来源"]] != "").all(axis=None)


def test_layers_beneath_are_found_at_any_remove(sample: Run) -> None:
    beneath = layers_beneath(sample, "analyses/gaps")
    assert {"layers/residents", "layers/streets", "layers/toilets", "layers/units"} <= set(beneath)
    assert layers_beneath(sample, "layers/toilets") == ["layers/toilets"]
    assert str(layers_table(sample).set_index("图层").loc["公共厕所(示意)", "用于"]).startswith("十五分钟生活圈覆盖")


def test_times_are_told_once_where_all_are_of_one_day(small: Run) -> None:
    toilets, streets = (small.project.layers[f"layers/{name}"] for name in ("toilets", "streets"))
    assert times_of([toilets, streets]) == "2026-01-15"
    later = streets.model_copy(
        update={"provenance": streets.provenance.model_copy(update={"as_of": data_date([streets]).replace(year=2027)})}
    )
    assert times_of([toilets, later]) == "2026-01-15(公厕);2027-01-15(路)"
    assert data_date([toilets, later]).isoformat() == "2027-01-15"


@pytest.mark.parametrize("without", ["coverage", "gaps"])
def test_a_run_without_some_analyses_has_a_book_as_well(small: Run, tmp_path: Path, without: str) -> None:
    results = {ref: result for ref, result in small.results.items() if result.record.kind != without}
    names = [sheet.name for sheet in sheets_of(replace(small, results=results))]
    assert not {plan.name for plan in SHEETS[without]} & set(names)
    write_book(replace(small, results=results), tmp_path / "w.xlsx")
    assert openpyxl.load_workbook(tmp_path / "w.xlsx").sheetnames[2:] == names


def test_the_book_is_as_excel_is_strict_about(small: Run, tmp_path: Path) -> None:
    """A file that breaks one of these is opened by Excel with an offer to repair it."""
    texts = ["字" * 300, "", " ", "a\nb", "A\nB", "History", "x'y", "[1]", "_x000a_"]
    strict = small
    for text in texts:
        strict = with_result(strict, pd.DataFrame({text: [text], f"{text}2": [1.0]}), title=text or "空", kind="k")
    write_book(strict, tmp_path / "s.xlsx")
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(tmp_path / "s.xlsx") as file:
        parts = {name: ET.fromstring(file.read(name)) for name in file.namelist() if name.endswith((".xml", ".rels"))}  # noqa: S314
    names = [sheet.get("name", "") for sheet in parts["xl/workbook.xml"].iter(f"{main}sheet")]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name) <= 31
        assert not set(name) & set("[]:*?/\\")
        assert name == name.strip("'")
        assert name.casefold() != "history"
    shared = ["".join(one.itertext()) for one in parts["xl/sharedStrings.xml"]]
    tables = {name: part for name, part in parts.items() if name.startswith("xl/tables/")}
    assert len({table.get("displayName") for table in tables.values()}) == len(tables) == len(names) - 2
    assert len({table.get("id") for table in tables.values()}) == len(tables)
    for n in range(1, len(names) + 1):
        rels = parts.get(f"xl/worksheets/_rels/sheet{n}.xml.rels")
        of_sheet = (
            [rel.get("Target", "") for rel in rels if "/tables/" in rel.get("Target", "")] if rels is not None else []
        )
        for target in of_sheet:
            table = tables[f"xl/{target.removeprefix('../')}"]
            heads = [column.get("name", "") for column in table.iter(f"{main}tableColumn")]
            row = next(one for one in parts[f"xl/worksheets/sheet{n}.xml"].iter(f"{main}row") if one.get("r") == "3")
            assert [shared[int(cell.findtext(f"{main}v", ""))] for cell in row] == heads
            assert all(0 < len(head) <= 255 and head.strip() for head in heads)
            assert len({head.casefold() for head in heads}) == len(heads)
            assert table.get("ref", "").startswith("A3:")
    assert not [
        part for name, part in parts.items() if name.startswith("xl/worksheets/") for _ in part.iter(f"{main}f")
    ]
