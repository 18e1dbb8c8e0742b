"""Excel workbooks: their cells as a planner would type them, and formulas that no program has computed."""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path

import openpyxl
import pandas as pd
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from qyp_geo.declarations import Source
from qyp_geo.errors import did_you_mean
from qyp_geo.layers.report import Report
from qyp_geo.layers.tables import tabulate


def read_xlsx(path: Path, source: Source, *, wanted: Iterable[str], report: Report) -> pd.DataFrame | None:
    """Read one sheet of a workbook; a cell merged over several rows or columns counts in each of them.

    Parameters
    ----------
    path
        The file.
    source
        Its `layer` names the sheet; it may be left out where only one holds anything.
    wanted
        The columns that the declaration names.
    report
        Is told what is wrong.

    Returns
    -------
    DataFrame or None
        Text, indexed by row number as Excel shows it; None where the file cannot be read at all.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of validation rules and styles that it will not keep
            # The values of merged cells are known in a whole workbook only, not in one that is read as a stream.
            book = openpyxl.load_workbook(path, data_only=True)
            formulas = _formulas(path, source.layer)
    except Exception as error:  # openpyxl raises anything on a damaged workbook
        report.whole(
            "is not an Excel workbook that can be read",
            given=str(error),
            remedy="Open it in Excel and save it as .xlsx",
        )
        return None
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    filled = [
        name
        for name, sheet in sheets.items()
        if any(cell is not None for row in sheet.iter_rows(values_only=True) for cell in row)
    ]
    if source.layer is not None and source.layer not in sheets:
        report.declared(
            "source.layer",
            "the workbook has no such sheet",
            given=source.layer,
            remedy=did_you_mean(source.layer, sheets),
        )
        return None
    if source.layer is None and len(filled) > 1:
        report.declared(
            "source.layer", "the workbook holds several sheets", remedy=f"Name one of them: {', '.join(filled)}"
        )
        return None
    if not filled:
        report.whole("holds no rows", remedy="Fill it, or remove its declaration")
        return None
    sheet = sheets[source.layer or filled[0]]
    cells = _cells_of_sheet(sheet)
    unknown = {at: text for at, text in formulas.get(sheet.title, {}).items() if _not_computed(sheet.cell(*at))}
    for (row, column), formula in unknown.items():
        cells[row - 1][column - 1] = formula
    table = tabulate(cells, list(wanted), report)
    return None if table is None or _told_of_formulas(table, set(unknown.values()), wanted, report) else table


def _formulas(path: Path, layer: str | None) -> dict[str, dict[tuple[int, int], str]]:
    """Return the formulas of the sheet of that name, or where none is named of each, by row and column."""
    with zipfile.ZipFile(path) as parts:
        names = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
        if not any(re.search(rb"<(\w+:)?f[ >/]", parts.read(name)) for name in names):
            return {}
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        return {
            sheet.title: {
                (cell.row, cell.column): str(getattr(cell.value, "text", cell.value))  # of an array formula its text
                for row in sheet.iter_rows()
                for cell in row
                if cell.data_type == "f"
            }
            for sheet in book.worksheets
            if layer in (None, sheet.title)
        }
    finally:
        book.close()


def _not_computed(cell: Cell | MergedCell) -> bool:
    """Whether the cell of a formula holds no result; the empty text that a formula may give is of another type."""
    return cell.value is None and cell.data_type == "n" and not isinstance(cell, MergedCell)


def _told_of_formulas(table: pd.DataFrame, formulas: set[str], wanted: Iterable[str], report: Report) -> bool:
    """Tell of formulas in the columns that are declared: an empty cell there is no cell that was left empty."""
    told = False
    for column in (name for name in dict.fromkeys(wanted) if name in table):
        found = table.loc[table[column].isin(formulas), column]
        report.rows(
            found.index,
            "a formula whose result is not in the file",
            column=column,
            given=list(found),
            remedy="Open the workbook in Excel or WPS and save it",
        )
        told |= len(found) > 0
    return told


def _cells_of_sheet(sheet: Worksheet) -> list[list[str]]:
    cells = [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    blank = [not any(row) for row in cells]
    for merged in sheet.merged_cells.ranges:
        value = cells[merged.min_row - 1][merged.min_col - 1]
        for number in range(merged.min_row - 1, merged.max_row):
            if not blank[number]:  # a row that holds nothing of its own is no row
                cells[number][merged.min_col - 1 : merged.max_col] = [value] * (merged.max_col - merged.min_col + 1)
    return cells


def _text(value: object) -> str:
    """A cell as a planner would type it: no .0 behind a whole number, no midnight behind a date."""
    match value:
        case None:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime() if value.time() == dt.time():
            return value.date().isoformat()
        case _:
            return str(value).strip()
