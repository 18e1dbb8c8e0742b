"""What stands in the rows of a source: ids, names, numbers, states, under our own column names."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from qyp_geo.declarations import Layer
from qyp_geo.errors import did_you_mean
from qyp_geo.layers.kinds import NUMBERS_WHERE_DECLARED, Structure
from qyp_geo.layers.report import Report, one_by_one
from qyp_geo.layers.tables import parse_number

_OURS: Final = frozenset(
    {"geometry", "kind", "inside", "estimated", "spread", "residential", "construction", "walkable_if_open"}
)  # columns that no file gives
_MAY_BE_NEGATIVE: Final = frozenset({"order", "layer"})
_YEAR: Final = re.compile(r"(?<!\d)(?:1[5-9]|20)\d{2}(?!\d)")


def packaged_rows(name: str) -> list[dict[str, str]]:
    """Every row of a table that this package carries."""
    return list(csv.DictReader((files(__package__) / name).read_text(encoding="utf-8").splitlines()))


def status_words() -> Mapping[str, str]:
    """The words that a source may use for the state of a thing, and what each means."""
    return {row["word"]: row["status"] for row in packaged_rows("statuses.csv")}


def declared_columns(raw: gpd.GeoDataFrame, layer: Layer, structure: Structure, report: Report) -> dict[str, str]:
    """Return our columns that the file has, each with its name there; tell of those that it lacks."""
    in_file = [str(column) for column in raw.columns if column != raw.geometry.name]
    for ours, column in layer.columns.items():
        if ours in _OURS:
            report.declared(f"columns.{ours}", "is a name that the project gives itself", remedy="Choose another name")
        elif column not in in_file:
            remedy = did_you_mean(column, in_file) if in_file else "The file has no columns"
            report.declared(f"columns.{ours}", "the file has no such column", given=column, remedy=remedy)
    for ours in structure.required:
        if ours not in layer.columns:
            report.declared(
                f"columns.{ours}",
                f"is missing: kind {layer.kind} needs it",
                remedy=f"The file has: {', '.join(in_file)}",
            )
    return {ours: column for ours, column in layer.columns.items() if column in in_file and ours not in _OURS}


def canonical(
    raw: gpd.GeoDataFrame, theirs: Mapping[str, str], structure: Structure, *, name: str, report: Report
) -> gpd.GeoDataFrame:
    """Give a source's rows our columns.

    Parameters
    ----------
    raw
        The source's own columns and geometry; the index is the row, as the user knows it.
    theirs
        Our column = the column of `raw`.
    structure
        Says which columns the layer's kind has.
    name
        The layer's name, from which ids are made where the file gives none.
    report
        Is told of every row that cannot stand.

    Returns
    -------
    GeoDataFrame
        Same rows and geometry, columns `id`, `name`, those of the kind and those declared, in this order.
    """
    columns: dict[str, pd.Series[Any]] = {"id": _ids(raw, theirs.get("id"), name, report)}
    columns["name"] = _names(raw, theirs.get("name"), columns["id"], structure, report)
    for ours in structure.text:
        columns[ours] = _texts(raw[theirs[ours]]) if ours in theirs else pd.Series("", index=raw.index, dtype=object)
    if "status" in structure.text:
        columns["status"] = _statuses(columns["status"], theirs.get("status"), report)
    if structure.word:
        columns[structure.word] = _sorts(columns[structure.word], theirs.get(structure.word, ""), structure, report)
    for ours in structure.numbers:
        if ours not in theirs:
            columns[ours] = pd.Series(np.nan, index=raw.index, dtype=float)
        else:
            columns[ours] = _measured(raw[theirs[ours]], ours, theirs[ours], report)
    for ours, column in theirs.items():
        if ours not in columns and ours in NUMBERS_WHERE_DECLARED:
            columns[ours] = _measured(raw[column], ours, column, report)
        elif ours not in columns:
            kept = raw[column]
            columns[ours] = kept if pd.api.types.is_numeric_dtype(kept.dtype) else _texts(kept)
    return gpd.GeoDataFrame(columns, geometry=raw.geometry, crs=raw.crs)


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.map(_text).astype(object)


def _text(value: object) -> str:
    if value is None or (not isinstance(value, list | dict | np.ndarray) and pd.isna(value)):  # type: ignore[call-overload]
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _ids(raw: gpd.GeoDataFrame, column: str | None, name: str, report: Report) -> pd.Series[Any]:
    """Each row's id; where the file gives none it is made of the row's number."""
    if column is None:
        made = [row if isinstance(row, str) else f"{name}-{row:04d}" for row in raw.index]
        return pd.Series(made, index=raw.index, dtype=object)
    ids = _texts(raw[column])
    report.rows(ids.index[ids == ""], "no id", column=column, remedy="Give each row an id, or leave out columns.id")
    twice = ids.duplicated(keep=False) & (ids != "")
    remedy = "Give each row an id of its own"
    for values in one_by_one(list(dict.fromkeys(ids[twice]))):
        report.rows(ids.index[ids.isin(values)], "duplicate id", column=column, given=values, remedy=remedy)
    return ids


def _names(
    raw: gpd.GeoDataFrame, column: str | None, ids: pd.Series[Any], structure: Structure, report: Report
) -> pd.Series[Any]:
    names = _texts(raw[column]) if column is not None else pd.Series("", index=raw.index, dtype=object)
    if not structure.named or not report.typed:
        return names
    blank = names == ""
    if column is None and report.failed:
        return names  # the file lacks a declared column: that is told already
    if column is None:
        report.declared("columns.name", "is not declared: things are called by their id", severity="warning")
    elif report.row_word == "row":
        report.rows(names.index[blank], "empty name", column=column, remedy="Give it a name")
    else:
        report.rows(names.index[blank], "empty name, called by its id", column=column, severity="warning")
    return names.where(~blank, ids)


def _statuses(written: pd.Series[Any], column: str | None, report: Report) -> pd.Series[Any]:
    if column is None:
        if report.typed:
            report.notes.append("没有状态列的图层,全部按现状计")  # one sentence for all such layers
        return pd.Series("existing", index=written.index, dtype=object)
    words = status_words()
    blank = written == ""
    report.rows(written.index[blank], "no status, counted as existing", column=column, severity="warning")
    found = written.mask(blank, "existing").map(lambda word: words.get(word.lower()))
    unknown = found.isna()
    for word in dict.fromkeys(written[unknown]):
        report.rows(
            written.index[unknown & (written == word)],
            "not a known status",
            column=column,
            given=[word],
            remedy=did_you_mean(word, words),
        )
    return found.fillna("existing")


def _sorts(written: pd.Series[Any], column: str, structure: Structure, report: Report) -> pd.Series[Any]:
    """Say which sort of its kind each row is, in our word for it."""
    ours = {said: word for word, others in structure.words.items() for said in (word, *others)}
    found = written.str.lower().map(ours)
    unknown = found.isna()
    for word in dict.fromkeys(written[unknown]):
        report.rows(
            written.index[unknown & (written == word)],
            f"not a known sort of {structure.word}",
            column=column,
            given=[word],
            remedy=did_you_mean(word, ours),
        )
    return found.fillna("").astype(object)


def _measured(written: pd.Series[Any], ours: str, column: str, report: Report) -> pd.Series[Any]:
    if ours.endswith("_year"):
        return _years(written, column, report)
    return _numbers(written, ours, column, report)


def _numbers(written: pd.Series[Any], ours: str, column: str, report: Report) -> pd.Series[Any]:
    texts = _texts(written)
    numbers = texts.map(parse_number).astype(float)
    _tell_unread(texts, numbers, "not a number", column, report)
    if ours not in _MAY_BE_NEGATIVE:
        negative = numbers < 0
        report.rows(
            numbers.index[negative],
            f"negative {ours}",
            column=column,
            given=texts[negative],
            remedy="Give a number from 0 up",
            severity="error" if report.typed else "warning",
        )
        numbers = numbers if report.typed else numbers.mask(negative)
    return numbers


def _years(written: pd.Series[Any], column: str, report: Report) -> pd.Series[Any]:
    texts = _texts(written)
    found = texts.map(_YEAR.search)
    years = found.map(lambda match: float(match.group()) if match else np.nan).astype(float)
    _tell_unread(texts, years, "names no year", column, report)
    return years


def _tell_unread(texts: pd.Series[Any], numbers: pd.Series[Any], what: str, column: str, report: Report) -> None:
    unread = numbers.isna() & (texts != "")
    if report.typed:
        report.rows(
            texts.index[unread], what, column=column, given=texts[unread], remedy="Correct the cell, or leave it empty"
        )
    else:
        report.rows(texts.index[unread], f"{what}, left empty", column=column, given=texts[unread], severity="warning")
