"""A figure explained: found by its words, its value or its address, and traced to the bytes that it rests on."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from qyp_geo.built import open_build
from qyp_geo.cli.entry import answer
from qyp_geo.errors import MissingError
from qyp_geo.explaining import explain, find_figures
from qyp_geo.papers.measures import measures
from qyp_geo.record import Run
from qyp_geo.run import run
from qyp_geo.standards import kinds
from qyp_geo.translation import translated
from tests.small import small_district


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """150 of 180 people reach a toilet within 300 m."""
    folder = small_district(tmp_path_factory.mktemp("explain") / "small")
    run(folder, command="qyp run", progress=lambda _: None)
    return open_build(folder)


def only(run: Run, asked: str) -> str:
    [figure] = find_figures(run, asked)
    return figure.address


def test_a_figure_is_found_by_its_words_its_value_and_its_address(small: Run) -> None:
    [figure] = find_figures(small, "公厕 自定 全区 覆盖率")
    assert figure.shown == "83.3%"
    assert only(small, "公厕 自定 全区 83.3%") == figure.address
    assert only(small, "公厕　自定　83.3%") == figure.address, "full-width spaces are spaces"
    assert only(small, figure.address) == figure.address
    assert only(small, "公厕 自定 人口合计 180").endswith(":people_total")


def test_the_address_is_the_row_of_the_csv_that_a_spreadsheet_counts(small: Run) -> None:
    [figure] = find_figures(small, "公厕 自定 全区 83.3%")
    path = small.project.folder / "build" / f"{figure.table}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert figure.shown in rows[figure.row - 1]


def test_an_explanation_says_formula_parts_clause_and_hashes(small: Run) -> None:
    explanation = explain(small, find_figures(small, "公厕 自定 全区 83.3%")[0])
    assert explanation.name == "单项覆盖率(步行口径)"
    assert float(explanation.exact) == 150 / 180
    assert "÷" in explanation.formula
    assert (explanation.numerator_shown, explanation.denominator_shown) == ("150", "180")
    assert explanation.limit_m == "300"
    assert explanation.source
    assert explanation.command == "qyp run"
    assert {one.reference: one.n_rows for one in explanation.inputs} == {
        "layers/residents": 3,
        "layers/streets": 10,
        "layers/toilets": 2,
    }
    folder = small.project.folder
    files = {name: digest for one in explanation.inputs for name, digest in one.files.items()}
    files |= dict(explanation.declarations)
    assert {"layers/data/toilets.csv", "layers/toilets.toml", "analyses/coverage.toml", "layers/district.toml"} <= set(
        files
    )
    for name, digest in files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_what_is_not_verified_is_said_so(small: Run) -> None:
    standings = {figure.address: explain(small, figure) for figure in find_figures(small, "公厕 全区 覆盖率")}
    assert standings
    for explanation in standings.values():
        assert (explanation.standing == "unverified") == ("未核" in explanation.source)
        assert (explanation.standing == "own") == (explanation.source == "自定口径")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("公厕 全区 火星", "goes by 火星"),
        ("公厕 99.9%", "goes by 99.9%"),
        ("  ", "nothing was asked"),
        ("analyses/covrage:2:people_share", "Did you mean analyses/coverage?"),
        ("analyses/coverage:2:people_shar", "Did you mean people_share?"),
        ("analyses/coverage:1:people_share", "its rows are 2 to"),
        ("analyses/coverage:99999:people_share", "its rows are 2 to"),
    ],
)
def test_what_is_nowhere_is_told(small: Run, asked: str, told: str) -> None:
    with pytest.raises(MissingError) as error:
        find_figures(small, asked)
    assert told in str(error.value)


def test_what_changed_since_the_run_is_not_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = small_district(tmp_path / "small")
    run(folder, command="qyp run", progress=lambda _: None)
    assert answer(["explain", "公厕 自定 全区 83.3%", str(folder), "--lang", "en"]) == 0
    assert "Formula:" in capsys.readouterr().out
    with (folder / "layers/data/toilets.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert answer(["explain", "公厕 自定 全区 83.3%", str(folder), "--lang", "en"]) == 1
    assert "layers/data/toilets.csv was changed" in capsys.readouterr().err


def test_the_command_lists_several_and_explains_one(small: Run, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(small.project.folder)
    assert answer(["explain", "公厕 自定 全区 83.3%", folder, "--json", "--lang", "zh"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["figures"]) == 1
    assert said["explanation"]["numerator_shown"] == "150"
    assert answer(["explain", "缺口 人口", folder, "--lang", "zh"]) == 0
    capsys.readouterr()
    assert answer(["explain", "全区", folder, "--json", "--lang", "zh"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["figures"]) > 1
    assert said["explanation"] is None


def test_every_figure_of_the_sample_that_is_a_share_of_something_shows_both_parts(sample_folder: Path) -> None:
    opened = open_build(sample_folder)
    [figure] = find_figures(opened, "公园(≥50000㎡) 全区 单项覆盖率(步行口径) 十五分钟")
    explanation = explain(opened, figure)
    assert explanation.numerator_shown
    assert explanation.denominator_shown
    assert float(explanation.exact) == pytest.approx(
        float(explanation.numerator_shown) / float(explanation.denominator_shown), abs=1e-3
    )


def test_a_figure_is_found_as_a_page_rounds_it(sample_folder: Path) -> None:
    """The page says 69,480 berths where the table has 69479.954, and 7,120 seats where it has 7118."""
    opened = open_build(sample_folder)
    [berths] = find_figures(opened, "泊位缺口 全区 69,480")
    assert (berths.column, berths.shown) == ("berths_short", "69479.954")
    assert only(opened, "小学 学位缺口 7,120 现状 全区").endswith(":seats_lacking")


def test_the_whole_name_of_a_column_is_meant_before_a_part_of_another(sample_folder: Path) -> None:
    assert only(open_build(sample_folder), "公厕 全区 覆盖率").endswith(":people_share")


def test_what_is_no_clause_is_not_said_to_be_verified(sample_folder: Path) -> None:
    opened = open_build(sample_folder)
    standings = {
        asked: explain(opened, find_figures(opened, asked)[0]).standing
        for asked in ("analyses/parking:2:attached_share", "公厕 全区 覆盖率", "泊位缺口 全区 69,480")
    }
    assert [*standings.values()] == ["other", "verified", "own"]


def test_every_measure_has_its_english() -> None:
    names = {kind.name_zh: kind.name_en for kind in kinds().values()}
    told = {
        one[key] for one in measures() for key in ("name", "formula", "numerator", "denominator", "source") if one[key]
    }
    assert [text for text in sorted(told) if translated(text, "en", names=names) == text] == []


def test_ratios_of_the_sample_agree_with_the_parts_that_are_shown(sample_folder: Path) -> None:
    """Recomputed from what stands in the CSV files, without the program that explains."""
    for table, column, over, under in (
        ("coverage", "单项覆盖率(步行口径)", "覆盖人口(步行口径)", "人口合计"),
        ("parking", "配建占比", "配建泊位", "泊位"),
        ("parking", "缺口占需求", "泊位缺口", "停车需求(泊位)"),
    ):
        path = sample_folder / "build" / "analyses" / f"{table}.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            row = next(csv.DictReader(file))
        assert column in row, [*row]
        assert float(row[over]) / float(row[under]) * 100 == pytest.approx(float(row[column].rstrip("%")), abs=0.06)
