"""What a run prints when it ends: coverage by kind and zone, the largest gaps, what it rests on, and where the files are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qyp_geo.batch import Outcome
from qyp_geo.errors import Problem
from qyp_geo.frames import Result
from qyp_geo.record import Run
from qyp_geo.standards import kinds
from qyp_geo.tables import LINK_WORDS, percent, to_tens

TOP_GAPS = 5


def print_run(console: Console, run: Run, folder: Path) -> None:
    """Print the closing tables of a run."""
    district = run.project.district
    console.print(Text(" ".join(filter(None, [district.title, district.note])), style="bold"))
    for result in run.results.values():
        if result.record.kind == "coverage":
            for table in _coverage_tables(result):
                console.print(table)
        elif result.record.kind == "gaps":
            console.print(_gaps_table(result))
            if not result.parts["links"].empty:
                console.print(_links_table(result))
        elif result.record.kind == "checkup":
            console.print(_checkup_table(result))
        elif result.record.kind == "region":
            console.print(_region_table(result))
    notes = dict.fromkeys(note for said in run.notes.values() for note in said)  # several results say the same
    if notes:
        console.print(Text("What the figures rest on 口径与假设", style="bold"))
        for note in notes:
            console.print(Text(f"  · {note}"), soft_wrap=True)
    print_problems(console, run.warnings)
    console.print(Text(f"{len(run.outputs)} files in {folder / 'build'}", style="bold"))
    for page in run.project.maps:
        console.print(Text(f"  open {folder / 'build' / page}.html in a browser"), soft_wrap=True)
    console.print(Text(f"  {sum(run.seconds.values()):.1f} s"))


def print_batch(console: Console, outcomes: Iterable[Outcome]) -> None:
    """Print what became of many folders, and why some failed."""
    table = _table("", "区", "结果", ">秒", "说明")
    for one in outcomes:
        said = one.message or (f"{one.n_warnings} warning(s)" if one.n_warnings else "")
        _add_row(table, one.folder, "失败 failed" if one.message else "完成 done", f"{one.seconds:.1f}", said)
    console.print(table)


def print_problems(console: Console, problems: Iterable[Problem]) -> None:
    """Print warnings, one a line."""
    for problem in problems:
        console.print(Text(f"warning: {problem}", style="yellow"), soft_wrap=True)


def _coverage_tables(result: Result) -> Iterator[Table]:
    """What can be measured, for the district and then by zone; what has no data is listed in the notes."""
    areas = result.table[result.table["people_share"].notna()]
    whole = areas[areas["level"] == "district"]
    in_all = result.parts["requirements"].set_index("id")["n_facilities"]
    district = _table(
        f"{result.record.title}:全区",
        "设施",
        ">限值 m",
        "圈",
        ">设施(+界外)",
        ">覆盖人口",
        ">步行口径",
        ">规范口径",
        "结论",
        "依据",
    )
    for _, row in whole.iterrows():
        _add_row(
            district,
            _short(row["title"]),
            f"{row['limit_m']:.0f}",
            row["circle"],
            f"{row['facilities']:.0f}"
            + (f"+{beyond}" if (beyond := in_all[row["requirement"]] - row["facilities"]) else ""),
            _people(row["people_covered"]),
            _percent(row["people_share"]),
            _percent(row["radius_share"]),
            _verdict(row["verdict"], row["effect"]),
            row["source"],
        )
    yield district

    zones = result.table[result.table["level"] == "zone"]
    if zones.empty:
        return
    share = dict(zip(zip(zones["requirement"], zones["area"], strict=True), zones["people_share"], strict=True))
    names = zones.drop_duplicates("area").set_index("area")["area_name"]
    by_zone = _table(f"{result.record.title}:各分区人口比例", "设施", *(f">{name}" for name in names))
    for _, row in whole.iterrows():
        shares = (_percent(share[(row["requirement"], area)]) for area in names.index)
        _add_row(by_zone, _short(row["title"]), *shares)
    yield by_zone


def _gaps_table(result: Result) -> Table:
    """The gaps with the most people."""
    title = f"{result.record.title}:人口最多的 {min(TOP_GAPS, len(result.table))} 处,共 {len(result.table)} 处"
    table = _table(title, "编号", "类型", "缺项", ">人口", "街道", "社区", "最近设施", ">超出 m")
    for number, row in result.table.head(TOP_GAPS).iterrows():
        excess = f"{row['median_excess_m']:.0f}" if pd.notna(row["median_excess_m"]) else "–"
        what = (row["type"], _short(row["missing_title"]), _people(row["people"]))
        _add_row(table, number, *what, row["township"], row["community"], row["nearest_name"], excess)
    return table


def _links_table(result: Result) -> Table:
    """The links that would bring most people within reach."""
    links = result.parts["links"]
    table = _table(
        f"{result.record.title}:最有用的 {min(TOP_GAPS, len(links))} 条建议连接,共 {len(links)} 条",
        "编号", "形式", "穿越", ">长度 m", ">可新增人口", "缺口",
    )  # fmt: skip
    for number, row in links.head(TOP_GAPS).iterrows():
        kind = LINK_WORDS.get(row["kind"], row["kind"])
        _add_row(
            table, number, kind, row["crosses"], f"{row['length_m']:.0f}", _people(row["people_gained"]), row["gap"]
        )
    return table


def _checkup_table(result: Result) -> Table:
    """How many communities meet each item of the check-up."""
    table = _table(f"{result.record.title}:按社区", "项目", "标准", ">达标", ">未达标", ">无数据", ">不适用")
    for _, row in result.parts["totals"].iterrows():
        counts = (row["met"], row["unmet"], row["no_data"], row["not_applicable"])
        _add_row(table, row["title"], row["standard"], *(f"{count:.0f}" for count in counts))
    return table


def _region_table(result: Result) -> Table:
    """Who has which kind of facility within a walk."""
    table = _table(result.record.title, "设施", ">限值 m", ">设施", ">覆盖人口", ">人口合计", ">步行口径")
    for _, row in result.table.iterrows():
        _add_row(
            table,
            kinds()[row["kind"]].name_zh,
            f"{row['limit_m']:g}",
            f"{row['n_facilities']:.0f}",
            _people(row["people_covered"]),
            _people(row["people_total"]),
            _percent(row["people_share"]),
        )
    return table


def _table(title: str, *headings: str) -> Table:
    """An empty table; a heading that begins with ``>`` is of figures."""
    table = Table(title=Text(title), title_justify="left", header_style="bold", pad_edge=False, box=box.SIMPLE_HEAD)
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading.startswith(">") else "left"
        table.add_column(Text(heading.removeprefix(">")), justify=justify, overflow="fold")
    return table


def _add_row(table: Table, *cells: object) -> None:
    table.add_row(*(Text(str(cell)) for cell in cells))  # names from data are text, never markup


def _short(title: str) -> str:
    """The title of a requirement without its limit, which has a column of its own."""
    return re.sub(r"\d+米步行可达率", "", title)


def _verdict(verdict: str, effect: str) -> str:
    """The verdict, and what a shortfall amounts to by the strength word of its clause."""
    return verdict + {"fail": "(不合规)", "warn": "(提示)"}.get(effect, "")


def _people(count: float) -> str:
    return f"{to_tens(count):,.0f}"


def _percent(share: float) -> str:
    return percent(share) if pd.notna(share) else "–"
