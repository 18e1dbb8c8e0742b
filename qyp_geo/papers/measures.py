"""指标口径: of every figure that stands in a paper, its formula, numerator, denominator, time and source."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.papers.resting import kind_title, layers_beneath, times_of
from qyp_geo.record import Run

COLUMNS: Final = ("名称", "公式", "分子", "分母", "时点", "来源", "所在分析")
_MOST_SOURCES: Final = 4


@cache
def measures() -> tuple[Mapping[str, str], ...]:
    """Return what each figure of each kind of analysis is, as `measures.csv` tells it.

    ``kind`` is that of the analysis, followed by the part of the result (``checkup:parks``); ``columns`` is the column; a
    ``source`` that is empty is told by the rows themselves.
    """
    text = (files("qyp_geo.papers") / "measures.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def measures_table(run: Run) -> pd.DataFrame:
    """Return 指标口径: one row per figure of each analysis, and one per thing that a standard asks for."""
    rows = [row for of_kind in _by_kind(run).values() for row in _rows(run, of_kind)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _by_kind(run: Run) -> Mapping[str, Mapping[str, Result]]:
    """Return the results by the kind of their analysis; those of a scenario are measured as those of the present are."""
    found: dict[str, dict[str, Result]] = {}
    for reference, result in run.results.items():
        found.setdefault(result.record.kind, {})[reference] = result
    return found


def _rows(run: Run, of_kind: Mapping[str, Result]) -> Iterator[dict[str, str]]:
    first, result = next(iter(of_kind.items()))
    said = {"时点": _times(run, first), "所在分析": "、".join(one.record.title for one in of_kind.values())}
    for measure in measures():
        kind, _, part = measure["kind"].partition(":")
        table = result.parts.get(part) if part else result.table
        if kind == result.record.kind and table is not None:
            yield said | {
                "名称": measure["name"],
                "公式": measure["formula"],
                "分子": measure["numerator"],
                "分母": measure["denominator"],
                "来源": measure["source"] or _sources(table),
            }
    if result.record.kind == "coverage":
        yield from _of_requirements(run, first, result.parts["requirements"], said)
    if result.record.kind == "checkup":
        yield from _of_items(result, said)


def _of_requirements(run: Run, reference: str, asked: pd.DataFrame, said: dict[str, str]) -> Iterator[dict[str, str]]:
    beneath = [run.project.layers[ref] for ref in layers_beneath(run, reference)]
    for row in asked.to_dict("records"):
        serves = row["served_by"].split("、")
        rests_on = [layer for layer in beneath if layer.kind == "residents" or kind_title(layer.kind) in serves]
        limit = f"{row['limit_m']:g} 米"
        yield said | {
            "名称": row["title"],
            "公式": f"步行距离 {limit}以内的人口 ÷ 人口合计",
            "分子": f"到最近的{'或'.join(serves)}步行 {limit}以内的人口",
            "分母": "人口合计",
            "时点": times_of(rests_on) if row["has_layer"] else "无数据(没有声明图层)",
            "来源": row["source"],
        }


def _of_items(result: Result, said: dict[str, str]) -> Iterator[dict[str, str]]:
    for row in result.table.drop_duplicates("item").to_dict("records"):
        yield said | {
            "名称": f"{row['title']}达标社区(个)",
            "公式": f"现状 与 标准 比较,逐个社区:{row['standard']}",
            "分子": "现状达到标准的社区(未达标、无数据、不适用另列)",
            "分母": "社区总数",
            "来源": row["source"],
        }


def _times(run: Run, reference: str) -> str:
    return times_of(run.project.layers[ref] for ref in layers_beneath(run, reference))


def _sources(table: pd.DataFrame) -> str:
    """Return the sources that the rows of a table name, the first few where there are many."""
    found = [str(source) for source in table["source"].dropna().unique() if source] if "source" in table else []
    more = f" 等 {len(found)} 项,见各行" if len(found) > _MOST_SOURCES else ""
    return ";".join(found[:_MOST_SOURCES]) + more
