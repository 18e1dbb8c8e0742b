"""Tables as files: GeoParquet for machines, and CSV with Chinese headings for a planner's spreadsheet."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from qyp_geo.crs import to_display
from qyp_geo.standards import kinds

_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_WORDS: Final = {
    "level": {"district": "全区", "zone": "分区", "township": "街道", "community": "社区"},
    "effect": {"fail": "不合规", "warn": "提示", "inform": "参考"},
    "status": {
        "existing": "现状",
        "planned": "规划",
        "under_construction": "在建",
        "built_unused": "建成未用",
        "closed": "关闭",
    },
    "method": {"2sfca": "两步移动搜索", "e2sfca": "分段衰减", "gaussian": "高斯衰减", "kernel": "核密度衰减"},
    "role": {"existing": "现状", "chosen": "入选", "candidate": "未选", "left_out": "未纳入"},
    "start": {"gate": "小区出入口", "door": "建筑", "mixed": "小区出入口或建筑"},
}
LINK_WORDS: Final = {"gate": "出入口", "crossing": "过街设施", "footbridge": "天桥"}
_PER: Final = ("requirement", "set", "rule", "kind", "supply", "subject", "scheme")
"""Columns that tell what the figures of an area are of, in tables with a row per area."""
_ONE_HOME: Final = ("_units", "_legs", "_worst", "_gained", "_unserved")
"""The tables of single homes, whose people are not rounded."""


@cache
def headings() -> Mapping[str, str]:
    """Return the Chinese heading of each column."""
    rows = csv.DictReader((files("qyp_geo") / "headings.csv").read_text(encoding="utf-8").splitlines())
    return MappingProxyType({row["column"]: row["zh"] for row in rows})


def percent(share: float) -> str:
    """Return a share to 0.1 % as text (see `to_thousandths`)."""
    return f"{to_thousandths(share) * 100:.1f}%"


def to_thousandths(share: float) -> float:
    """Return a share to 0.1 %; half goes up. What is not all never becomes 100.0 %, nor what is not nothing 0.0 %."""
    thousandths = _half_up(share * 1000)
    if 0.0 < share < 1.0:
        thousandths = min(max(thousandths, 1), 999)
    return thousandths / 1000


def to_tens(people: float) -> float:
    """Return people to tens; half goes up."""
    return _half_up(people / 10) * 10


def _half_up(value: float) -> float:
    return math.floor(round(value, 9) + 0.5)  # 0.0625 * 1000 may come out as 62.49999999999999


def write_table(table: pd.DataFrame | gpd.GeoDataFrame, path: Path, *, as_csv: bool = True) -> None:
    """Write a table as Parquet or GeoParquet and, for a spreadsheet, as CSV.

    Parameters
    ----------
    table
        What is written. Parquet keeps its English names and its exact figures.
    path
        The file's path without suffix.
    as_csv
        Whether `write_csv` writes it beside that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path.with_name(f"{path.name}.parquet"))
    if as_csv:
        write_csv(table, path.with_name(f"{path.name}.csv"), rounded=not path.name.endswith(_ONE_HOME))


def write_csv(table: pd.DataFrame | gpd.GeoDataFrame, path: Path, *, rounded: bool = True) -> None:
    """Write a table as CSV for a spreadsheet.

    UTF-8 with a byte order mark, so that Excel reads it; Chinese headings; shares as percentages to 0.1 %, people to tens; a
    geometry as `lon` and `lat` (WGS 84) of a point within it; text that a spreadsheet would take for a formula preceded by an
    apostrophe.

    Parameters
    ----------
    table
        What is written.
    path
        The file.
    rounded
        False for tables of single homes, whose people are not rounded.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _for_readers(flat(table), rounded=rounded).to_csv(path, encoding="utf-8-sig", index=False)


def flat(table: pd.DataFrame | gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a table without index or geometry; a geometry becomes the place of a point within it (`lon`, `lat`, WGS 84)."""
    if isinstance(table, gpd.GeoDataFrame):
        within = to_display(table.set_geometry(table.representative_point())).geometry
        plain = pd.DataFrame(table.drop(columns=table.geometry.name))
        table = plain.assign(lon=within.x.round(6), lat=within.y.round(6))
    return table if isinstance(table.index, pd.RangeIndex) else table.rename_axis("id").reset_index()


def _for_readers(table: pd.DataFrame, *, rounded: bool) -> pd.DataFrame:
    """Return a table as a CSV holds it: shares as percentages, text that is no formula, Chinese headings."""
    table = as_read(table, rounded=rounded)
    for name in map(str, table.columns):
        if "share" in name:
            table[name] = _each(table[name], percent)
        if not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = _each(table[name], _inert)
    return table.rename(columns=heading)


def as_read(table: pd.DataFrame, *, rounded: bool = True) -> pd.DataFrame:
    """Return a table as it is read: words for codes, and figures rounded as figures of a plan are.

    Parameters
    ----------
    table
        Without geometry.
    rounded
        Whether people are given to tens.

    Returns
    -------
    DataFrame
        With the same columns, index and order. Shares are to 0.1 %, other figures to three digits after the point.
    """
    counts = [name for name in map(str, table.columns) if rounded and _counts_people(table, name)]
    tens = {name: _in_tens(table, name) for name in counts}
    table = table.copy()
    for name in map(str, table.columns):
        column = table[name]
        if "share" in name:
            table[name] = _each(column, to_thousandths).astype("Float64")
        elif name in tens:
            table[name] = tens[name]
        elif pd.api.types.is_bool_dtype(column):
            table[name] = _each(column, lambda yes: "是" if yes else "否")
        elif name in _WORDS:
            table[name] = _each(column, partial(_in_words, _WORDS[name]))
        elif name in {"kind", "missing"}:
            table[name] = _each(
                column, lambda kind: kinds()[kind].name_zh if kind in kinds() else LINK_WORDS.get(kind, kind)
            )
        elif pd.api.types.is_float_dtype(column) and name not in {"lon", "lat"}:
            table[name] = column.round(3)
    return table


def _in_words(words: Mapping[str, str], code: str) -> str:
    return words.get(code, code)


def _each(column: pd.Series, function: Callable[[Any], object]) -> pd.Series:
    """Return what a function makes of each value, asked once for each different one; what is missing stays so."""
    codes, values = pd.factorize(column)
    made = np.empty(len(values) + 1, dtype=object)  # the last, which is None, stands for what is missing
    made[:-1] = [function(value) for value in values]
    return pd.Series(made[codes], index=column.index)


def _counts_people(table: pd.DataFrame, name: str) -> bool:
    return name.startswith("people") and "share" not in name and pd.api.types.is_numeric_dtype(table[name])


def _in_tens(table: pd.DataFrame, name: str) -> pd.Series:
    """Return people in tens. Rows of a level that sum to the district still do: the largest remainders go up."""
    tens = table[name].map(to_tens, na_action="ignore").astype("Int64")
    keys = [key for key in _PER if key in table]
    if "level" not in table or not keys:
        return tens
    of = pd.MultiIndex.from_frame(table[keys])
    whole = table.loc[table["level"] == "district", name].set_axis(of[table["level"] == "district"])
    if not whole.index.is_unique:
        return tens
    for level in ("township", "community"):
        part = table.loc[table["level"] == level, name]
        group = of[table["level"] == level]
        total = whole.reindex(group).to_numpy(dtype=float)
        down = part // 10 * 10
        sums = (
            pd.DataFrame({"part": part.to_numpy(), "down": down.to_numpy()}).groupby(group, sort=False).transform("sum")
        )
        n_up = (np.floor(np.round(total / 10, 9) + 0.5) * 10 - sums["down"]) / 10
        rank = (part - down).set_axis(range(len(part))).groupby(group, sort=False).rank(method="first", ascending=False)
        adds_up = (np.abs(sums["part"] - total) < 1e-6).to_numpy()
        shown = down + 10.0 * (rank <= n_up).to_numpy()
        tens.loc[part.index[adds_up]] = shown[adds_up].astype("Int64")
    return tens


def heading(name: str) -> str:
    """Return the heading of a column; that of a count or a share of one thing names the thing."""
    known = headings()
    if name in known:
        return known[name]
    if name.startswith("n_") and name[2:] in kinds():
        return f"{kinds()[name[2:]].name_zh}数"
    if name.startswith("share_"):
        return f"覆盖率:{name.removeprefix('share_')}"
    return name


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and len(cell) > 1 and cell.startswith(_FORMULA_SIGNS) else cell
