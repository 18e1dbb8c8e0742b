"""Which sheets the workbook has, what stands on each, and which of them are charted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.papers.measures import measures_table
from qyp_geo.papers.resting import layers_table, notes_table
from qyp_geo.record import Run
from qyp_geo.tables import as_read, flat, heading

_CODES: Final = (
    *(
        "area",
        "requirement",
        "item",
        "rule",
        "set",
        "list",
        "service",
        "supply",
        "subject",
        "community",
        "fact",
        "centre",
    ),
    *("layer", "missing", "nearest_facility"),
)
"""Columns for machines: they stand last."""
MOST_LETTERS: Final = 31
"""A sheet's name in Excel has no more."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of some columns of a sheet.

    Attributes
    ----------
    rows
        Of which rows: those with this word in this column, which must stand together; all of them where it is empty.
    category, columns
        Columns, under the headings that they have on the sheet.
    """

    title: str
    shape: Literal["bar", "column", "line"]
    category: str
    columns: tuple[str, ...]
    rows: Mapping[str, str] = field(default_factory=dict)
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: a table under its title.

    Attributes
    ----------
    name
        No longer than Excel allows, and like that of no other sheet.
    table
        As it is read: headings are the names of its columns, in the order in which they stand. What is a share is told by
        `shares`.
    shares
        The headings of columns that are shares, shown as percentages.
    frozen
        How many columns stay in view.
    """

    name: str
    title: str
    table: pd.DataFrame
    shares: frozenset[str] = frozenset()
    frozen: int = 1
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """A sheet of one kind of analysis.

    Attributes
    ----------
    part
        Of the result; its table where that is empty.
    columns
        Those that stand on the sheet, in their order; all where none is named.
    make
        Makes the table of the part where it does not stand as it is.
    """

    name: str
    part: str = ""
    columns: tuple[str, ...] = ()
    make: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    frozen: int = 1
    charts: tuple[Chart, ...] = ()


def _shares_by_area(table: pd.DataFrame) -> pd.DataFrame:
    """Return the coverage of the district, its zones and townships side by side, what can be measured before what cannot."""
    wide = table[table["level"] != "community"]
    areas = wide.drop_duplicates(["level", "area"])
    shares = wide.set_index(["requirement", "level", "area"])["people_share"].unstack(["level", "area"])  # noqa: PD010
    shares = shares[[*areas[["level", "area"]].itertuples(index=False, name=None)]]
    names = areas["area_name"].where(areas["level"] != "district", "全区")
    shares.columns = pd.Index([f"share_{name}" for name in unique(names)])
    whole = wide[wide["level"] == "district"].set_index("requirement")
    about = whole.filter(items=["title", "limit_m", "circle", "verdict"])
    shown = about.join(shares).join(whole.filter(items=["source"]))
    measured = whole["people_share"].notna().sort_values(ascending=False, kind="stable")
    return shown.loc[measured.index].reset_index(drop=True)


def _changed(table: pd.DataFrame) -> pd.DataFrame:
    """Return what changes for anybody in the district between two states of it."""
    who = table[["people_gaining", "people_losing", "people_in_doubt"]]
    return table[(table["level"] == "district") & (who > 0).any(axis=1)].drop(columns="level").reset_index(drop=True)


def _by_set(table: pd.DataFrame) -> pd.DataFrame:
    """Return the headline figures one set of requirements after the other."""
    place = {set_: n for n, set_ in enumerate(table["set"].unique())}
    return table.sort_values("set", key=lambda sets: sets.map(place), kind="stable", ignore_index=True)


def _counted(table: pd.DataFrame) -> pd.DataFrame:
    """Return how many gaps there are of each thing, by their type, and how many people live in them."""
    counts = pd.crosstab(table["missing_title"], table["type"])
    people = table.groupby("missing_title")["people"].sum()
    shown = counts.assign(合计=counts.sum(axis=1), people=people)
    return shown.sort_values("合计", ascending=False, kind="stable").reset_index()


SHEETS: Final[Mapping[str, tuple[_Plan, ...]]] = {
    "coverage": (
        _Plan(
            "覆盖率一览",
            make=_shares_by_area,
            charts=(Chart("全区步行口径覆盖率", "bar", "项目", ("覆盖率:全区",)),),
        ),
        _Plan(
            "覆盖率表",
            columns=(
                *("level", "area_name", "title", "circle", "limit_m", "people_share", "people_covered", "people_total"),
                *("verdict", "effect", "radius_share", "people_within_radius", "people_critical", "people_uncertain"),
                *("people_no_data", "people_basis", "people_share_beside", "people_covered_beside", "facilities"),
                *(
                    "demand_area_share",
                    "demand_area_covered_m2",
                    "demand_area_total_m2",
                    "units_covered",
                    "units_total",
                ),
                *("start", "clause", "source", "note", "kind", "requirement", "area"),
            ),
            frozen=3,
        ),
        _Plan(
            "达标项数",
            "headline",
            make=_by_set,
            frozen=3,
            charts=(
                Chart(
                    "各街道平均达标项数(全部圈层)",
                    "column",
                    "名称",
                    ("平均达标项数",),
                    {"圈层名称": "全部", "层级": "街道"},
                ),
            ),
        ),
        _Plan("不同限值覆盖率", "sensitivity", frozen=4),
    ),
    "gaps": (
        _Plan(
            "缺口清单",
            columns=(
                *("id", "township", "community", "estate", "people", "missing_title", "nearest_name", "nearest_walk_m"),
                *("type", "action", "responsible", "checked", "rank", "units", "zone", "limit_m", "median_excess_m"),
                *("people_beyond_search", "radius_m", "also_missing", "effect", "reference", "suspected", "source"),
                *("lon", "lat"),
            ),
        ),
        _Plan(
            "缺口汇总",
            make=_counted,
            charts=(Chart("缺口处数,按缺项和类型", "bar", "缺项", ("设施缺失", "规模不足", "路径不通"), stacked=True),),
        ),
        _Plan("建议连接", "links"),
    ),
    "siting": (
        _Plan("选址比选", frozen=2),
        _Plan("选址点位", "sites", frozen=4),
        _Plan(
            "选址边际效益",
            "marginal",
            charts=(Chart("每增一处的新增达标人口", "line", "新增处数", ("可新增达标人口",)),),
        ),
        _Plan("选址不同限值", "sensitivity", frozen=3),
        _Plan("选址各区受益", "by_area", frozen=3),
    ),
    "checkup": (
        _Plan(
            "体检指标",
            columns=(
                *("township", "community_name", "title", "standard", "present", "lacking", "verdict", "effect"),
                *("people", "measured", "threshold", "facilities", "remark", "note", "source", "item", "rule"),
                "community",
            ),
            frozen=3,
        ),
        _Plan(
            "体检汇总",
            "totals",
            charts=(
                Chart(
                    "城市体检:各项社区数",
                    "bar",
                    "项目",
                    ("达标社区(个)", "未达标配建的社区(个)", "无数据社区(个)", "不适用社区(个)"),
                    stacked=True,
                ),
            ),
        ),
        _Plan("公园服务半径", "parks", frozen=3),
        _Plan("公厕密度", "toilets", frozen=3),
        _Plan("公厕间距", "toilet_streets"),
    ),
    "catchment": (_Plan("供需平衡"), _Plan("各区供需", "areas", frozen=3)),
    "schools_watch": (_Plan("学位预警", frozen=4), _Plan("各校学位", "schools", frozen=2)),
    "parking": (
        _Plan(
            "停车供需",
            frozen=3,
            charts=(Chart("各街道停车需求与缺口", "column", "名称", ("停车需求(泊位)", "泊位缺口"), {"层级": "街道"}),),
        ),
        _Plan("停车重点地区", "areas", frozen=3),
        _Plan("停车与标准比较", "checks"),
    ),
    "centre_completeness": (_Plan("邻里中心完整度"), _Plan("邻里中心服务汇总", "totals")),
    "plan_targets": (_Plan("规划目标监测", frozen=4), _Plan("规划目标汇总", "totals")),
    "zones": (_Plan("分区", frozen=2), _Plan("分区核对", "checks")),
    "equity": (_Plan("公平性", frozen=3),),
    "compare": (
        _Plan(
            "规划前后一览",
            make=_changed,
            frozen=3,
            charts=(Chart("规划前后覆盖率", "bar", "项目", ("前:覆盖率", "后:覆盖率")),),
        ),
        _Plan("规划前后", frozen=4),
        _Plan("情景变动", "changes"),
    ),
    "region": (_Plan("全域覆盖率"),),
}
"""The sheets of the first analysis of each kind; of others, and of kinds that stand not here, there is one, by their title."""


def sheets_of(run: Run) -> list[Sheet]:
    """Return the sheets of a run's workbook: its answers, then what the figures mean, rest on and assume."""
    sheets: list[Sheet] = []
    for kind in _kinds_in_order(run):
        for n, result in enumerate(_of_kind(run, kind)):
            plans = SHEETS.get(kind, ()) if n == 0 else ()
            sheets += [
                _sheet(result, plan, part)
                for plan in plans or (_Plan(result.record.title),)
                if (part := result.parts.get(plan.part) if plan.part else result.table) is not None
            ]
    about = [("指标口径", measures_table(run)), ("口径与假设", notes_table(run)), ("数据来源", layers_table(run))]
    sheets += [Sheet(name, name, table) for name, table in about]
    names = unique((sheet_name(sheet.name) for sheet in sheets), most=MOST_LETTERS)
    return [replace(one, name=name) for name, one in zip(names, sheets, strict=True)]


def _kinds_in_order(run: Run) -> list[str]:
    """Return the kinds of a run's analyses: those of the papers that every plan needs first, then in the order of the run."""
    asked = dict.fromkeys(result.record.kind for result in run.results.values())
    first = [kind for kind in ("coverage", "gaps", "siting", "checkup") if kind in asked]
    return list(dict.fromkeys([*first, *asked]))


def _of_kind(run: Run, kind: str) -> list[Result]:
    """Return the results of a kind, those of the present before those of a scenario."""
    found = [result for result in run.results.values() if result.record.kind == kind]
    return sorted(found, key=lambda result: result.record.scenario is not None)


def _sheet(result: Result, plan: _Plan, part: pd.DataFrame) -> Sheet:
    plain = flat(plan.make(part) if plan.make else part)
    if "lon" not in plan.columns:
        plain = plain.drop(columns=["lon", "lat"], errors="ignore")
    if plan.columns:
        plain = plain[[name for name in plan.columns if name in plain]]
    else:
        codes = [name for name in _CODES if name in plain and (name != "community" or "community_name" in plain)]
        plain = plain[[*(name for name in plain if name not in codes), *codes]]
    read = as_read(plain)
    names = list(map(str, read.columns))
    heads = unique(_head(name) for name in names)
    shares = frozenset(head for head, name in zip(heads, names, strict=True) if "share" in name)
    read.columns = pd.Index(heads)
    title = f"{plan.name} — {result.record.title}" if plan.name != result.record.title else plan.name
    return Sheet(plan.name, title, read, shares, plan.frozen, plan.charts)


def _head(column: str) -> str:
    """Return a heading as a table of Excel takes it: never empty, and without what it would read as the code of a letter."""
    return re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "＿", one_line(heading(column)).strip()) or "列"


def sheet_name(title: str) -> str:
    """Return a title as the name of a sheet: without what Excel forbids there, and cut."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", one_line(title)).strip(" '")
    name = plain[:MOST_LETTERS].strip(" '") or "表"
    return f"{name} 表" if name.casefold() == "history" else name  # which Excel keeps for itself


def one_line(text: str) -> str:
    """Return text as an attribute of XML can hold it: a space for what is no character of a line."""
    return re.sub(r"[\x00-\x1f\ufffe\uffff]", " ", text)


def unique(names: Iterable[str], *, most: int = 255) -> list[str]:
    """Return names with a number behind those that are taken already, whatever their case; each of `most` letters at most."""
    taken: set[str] = set()
    made: list[str] = []
    for name in names:
        tried, n = name[:most], 1
        while tried.casefold() in taken:
            n += 1
            tried = f"{name[: most - len(str(n)) - 1]} {n}"
        taken.add(tried.casefold())
        made.append(tried)
    return made
