"""`report.xlsx`: every answer as a table that a spreadsheet can sort and filter, with charts; no text of data is ever live."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from qyp_geo.papers.resting import data_date, unverified_sources
from qyp_geo.papers.sheets import Chart, Sheet, one_line, sheets_of
from qyp_geo.record import Run

MOST_IN_CELL: Final = 32_767
"""A cell of a spreadsheet holds no more characters."""
_HEAD_ROW: Final = 2
_NARROW, _WIDE = 8, 44
_MOST_FROZEN, _MOST_PRINTED = 80, 240
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
_FONT: Final = {"font_name": "微软雅黑", "font_size": 10}
_CHART_FONT: Final = {"name": "微软雅黑", "size": 9}
_COLOURS: Final = ("#08519c", "#d55e00", "#9aa5b1", "#cc79a7", "#009e73", "#e69f00")
_VERDICT_COLOURS: Final = {
    "达标社区(个)": "#5aa2d8",
    "未达标配建的社区(个)": "#b35806",
    "无数据社区(个)": "#c3cad1",
    "不适用社区(个)": "#e8ebee",
}
_CONTENTS, _CHARTS = "目录", "图表"


def write_book(run: Run, path: Path) -> None:
    """Write a run's workbook.

    Parameters
    ----------
    run
        What was found.
    path
        The file, ``….xlsx``. The same run gives the same bytes: it bears the date of its data, not that of its making.
    """
    sheets = sheets_of(run)
    day = data_date(run.project.layers.values())
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties(
            {
                "title": one_line(run.project.district.title),
                "created": datetime.combine(day, time(), UTC).replace(tzinfo=None),
            }
        )
        formats = _Formats(book)
        contents, charts = book.add_worksheet(_CONTENTS), book.add_worksheet(_CHARTS)
        laid = [0, 0]
        for n, sheet in enumerate(sheets, start=1):
            page = book.add_worksheet(sheet.name)
            _write_sheet(page, sheet, formats, number=n)
            for chart in sheet.charts:
                _draw(book, charts, sheet, chart, laid)
        _write_contents(contents, run, sheets, formats)
        charts.hide_gridlines(2)
        _set_up(charts, _CHARTS)
        if not any(laid):
            charts.hide()


class _Formats:
    """The looks of cells; each is made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __call__(self, **look: Any) -> Format:
        key = tuple(sorted(look.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format({**_FONT, **look})
        return self._made[key]


def _write_sheet(page: Worksheet, sheet: Sheet, formats: _Formats, *, number: int) -> None:
    table, n_columns = sheet.table, len(sheet.table.columns)
    page.write_string(0, 0, sheet.title, formats(bold=True, font_size=14, font_color="#1f2933"))
    page.write_url(1, 0, f"internal:'{_CONTENTS}'!A1", formats(font_color="#08519c", underline=1), "返回目录")
    head = formats(bold=True, font_color="#ffffff", bg_color="#2f4b66", text_wrap=True, valign="vcenter", border=1)
    last = _HEAD_ROW + max(len(table), 1)
    page.add_table(
        _HEAD_ROW,
        0,
        last,
        n_columns - 1,
        {
            "name": f"table_{number}",
            "style": "Table Style Light 1",
            "columns": [{"header": str(name), "header_format": head} for name in table.columns],
        },
    )
    widths = [_width(str(name), table[name]) for name in table.columns]
    for place, (name, width) in enumerate(zip(table.columns, widths, strict=True)):
        column = table[name]
        number_format = "0.0%" if name in sheet.shares else _number_format(str(name), column)
        page.set_column(place, place, width)
        for row, value in enumerate(column, start=_HEAD_ROW + 1):
            _write_cell(page, row, place, value, formats, number_format, wrapped=width >= _WIDE)
        _colour(page, place, last, str(name), sheet, formats)
    lines = max(math.ceil((_letters(str(name)) + 3) / width) for name, width in zip(table.columns, widths, strict=True))
    page.set_row(_HEAD_ROW, 15 * lines + 4)
    frozen = sum(1 for width in itertools.accumulate(widths[: sheet.frozen]) if width <= _MOST_FROZEN)
    page.freeze_panes(_HEAD_ROW + 1, max(frozen, 1))
    _set_up(page, sheet.title)
    page.repeat_rows(_HEAD_ROW)
    if sum(widths) > _MOST_PRINTED:  # on one page it would be too small to read
        page.fit_to_pages(0, 0)
        page.set_print_scale(60)
        page.repeat_columns(0, max(frozen, 1) - 1)


def _write_cell(
    page: Worksheet, row: int, column: int, value: object, formats: _Formats, number_format: str, *, wrapped: bool
) -> None:
    """Write one value: numbers as numbers, anything else as text that no spreadsheet takes for more."""
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124  (NaN is not equal to itself)
        page.write_blank(row, column, None, formats(valign="top"))
    elif isinstance(value, bool) or not hasattr(value, "__float__"):
        text = str(value)
        cut = text if len(text) <= MOST_IN_CELL else f"{text[: MOST_IN_CELL - 1]}…"
        # A cell with this mark stays text when somebody edits it.
        marked = {"quote_prefix": True} if cut.startswith(_FORMULA_SIGNS) else {}
        page.write_string(row, column, cut, formats(valign="top", align="left", indent=1, text_wrap=wrapped, **marked))
    elif math.isinf(float(value)):
        page.write_string(row, column, "∞", formats(valign="top", align="right"))
    else:
        page.write_number(row, column, float(value), formats(valign="top", num_format=number_format))


def _number_format(name: str, column: pd.Series) -> str:
    if not pd.api.types.is_numeric_dtype(column):
        return "General"
    if name in {"经度", "纬度"}:
        return "0.000000"
    known = column.dropna()
    if name.endswith(("年", "年份")):
        return "0"
    return "#,##0" if (known % 1 == 0).all() else "#,##0.0##"


def _width(name: str, column: pd.Series) -> float:
    """Return the width of a column in characters; a Chinese character is as wide as two."""
    if pd.api.types.is_numeric_dtype(column):
        longest, most = max((len(f"{value:,.1f}") for value in column.dropna()), default=0), 20
    else:
        longest, most = max((_letters(str(value)) for value in column.dropna().unique()), default=0), _WIDE
    return min(max(_NARROW, _letters(name) / 2 + 3, longest + 3), most)


def _letters(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _colour(page: Worksheet, column: int, last: int, name: str, sheet: Sheet, formats: _Formats) -> None:
    """Set apart what falls short, and shares by a bar as long as they are."""
    cells = (_HEAD_ROW + 1, column, last, column)
    if name in sheet.shares:
        bar = {"type": "data_bar", "bar_color": "#b9dbf2", "bar_solid": True, "bar_border_color": "#b9dbf2"}
        page.conditional_format(*cells, {**bar, "min_type": "num", "min_value": 0, "max_type": "num", "max_value": 1})
    elif "达标" in name or name in {"结论", "预警", "相符"}:
        for word, fill, ink in (("未达标", "#fde3cf", "#7a3800"), ("无数据", "#eef0f2", "#52606d")):
            look = formats(bg_color=fill, font_color=ink)
            page.conditional_format(*cells, {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": look})


def _set_up(page: Worksheet, title: str) -> None:
    """Make a sheet fit for printing: A4 across, one page wide, numbered."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    page.set_footer(f"&L{one_line(title)[:100].replace('&', '&&')}&R&P / &N")


def _write_contents(page: Worksheet, run: Run, sheets: Sequence[Sheet], formats: _Formats) -> None:
    """Write what the workbook is, what its figures rest on, and where each sheet is."""
    district = run.project.district
    unverified = unverified_sources(run)
    said = [
        ("数据时点", f"至 {data_date(run.project.layers.values()).isoformat()},各图层见“数据来源”"),
        ("坐标系", district.crs),
        ("未核条文", f"{len(unverified)} 处依据未与正式文本核对,来源后标有“未核”" if unverified else "无"),
        ("用途", "内部工作资料;步行口径为估算结果,不作为学区划分、房产交易或行政依据"),
    ]
    page.write_string(0, 0, district.title, formats(bold=True, font_size=18, font_color="#1f2933"))
    page.write_string(1, 0, district.note, formats(font_size=11, font_color="#7a3800"))
    for row, (label, text) in enumerate(said, start=3):
        page.write_string(row, 0, label, formats(bold=True))
        page.write_string(row, 1, text, formats())
    first = 4 + len(said)
    for place, label in enumerate(("工作表", "内容", "行数")):
        page.write_string(first, place, label, formats(bold=True, font_color="#ffffff", bg_color="#2f4b66"))
    link = formats(font_color="#08519c", underline=1)
    for row, sheet in enumerate(sheets, start=first + 1):
        quoted = sheet.name.replace("'", "''")
        page.write_url(row, 0, f"internal:'{quoted}'!A1", link, sheet.name)
        page.write_string(row, 1, sheet.title, formats())
        page.write_number(row, 2, len(sheet.table), formats(num_format="#,##0"))
    page.set_column(0, 0, 28)
    page.set_column(1, 1, 90)
    page.hide_gridlines(2)
    _set_up(page, district.title)


def _draw(book: Workbook, page: Worksheet, sheet: Sheet, chart: Chart, laid: list[int]) -> None:
    """Draw a chart on the sheet of charts, if there is anything to draw, below those of the column that ends first.

    `laid` tells how many rows each of the two columns of charts takes so far.
    """
    table = sheet.table
    values = [name for name in chart.columns if name in table]
    shown = table[values].notna().any(axis=1)
    for column, word in chart.rows.items():
        shown &= table[column] == word
    rows = [n for n, yes in enumerate(shown) if yes]
    if not rows:
        return
    across = "x" if chart.shape == "bar" else "y"
    drawn = book.add_chart({"type": chart.shape} | ({"subtype": "stacked"} if chart.stacked else {}))

    def cells(name: str) -> list[object]:
        column = table.columns.get_loc(name)
        return [sheet.name, _HEAD_ROW + 1 + rows[0], column, _HEAD_ROW + 1 + rows[-1], column]

    for n, name in enumerate(values):
        colour = _VERDICT_COLOURS.get(name, _COLOURS[n % len(_COLOURS)])
        labels = {"value": True, "font": _CHART_FONT, "num_format": _label_format(sheet, name)}
        drawn.add_series(
            {
                "name": [sheet.name, _HEAD_ROW, table.columns.get_loc(name)],
                "categories": cells(chart.category),
                "values": cells(name),
                "fill": {"color": colour},
                "line": {"color": colour, "width": 2.25} if chart.shape == "line" else {"none": True},
                "marker": {"type": "circle", "size": 6, "fill": {"color": colour}, "border": {"color": colour}},
                "gap": 45,
                "data_labels": {} if chart.stacked else labels,
            }
        )
    drawn.set_title({"name": chart.title, "overlay": False, "name_font": {**_CHART_FONT, "size": 12}})
    axes = {"x": drawn.set_x_axis, "y": drawn.set_y_axis}
    scale = {"num_font": _CHART_FONT, "major_gridlines": {"visible": True, "line": {"color": "#e1e5ea"}}, "min": 0}
    axes.pop(across)(scale | ({"num_format": "0%", "max": 1} if values[0] in sheet.shares else {"num_format": "#,##0"}))
    (of_categories,) = axes.values()
    # Categories of bars run downwards, as the rows of the table do; the scale stays below them.
    downwards = {"reverse": True, "crossing": "max"} if chart.shape == "bar" else {}
    of_categories({"num_font": _CHART_FONT, "interval_unit": 1, "major_gridlines": {"visible": False}, **downwards})
    drawn.set_legend({"position": "bottom", "font": _CHART_FONT} if len(values) > 1 else {"none": True})
    per_row = 14 + 12 * (1 if chart.stacked else len(values))
    height = max(400, 120 + per_row * len(rows)) if chart.shape == "bar" else 400
    drawn.set_size({"width": 760, "height": height})
    place = laid.index(min(laid))
    page.insert_chart(laid[place], place * 12, drawn, {"description": chart.title})
    laid[place] += math.ceil(height / 20) + 1


def _label_format(sheet: Sheet, name: str) -> str:
    return "0.0%" if name in sheet.shares else "#,##0" if (sheet.table[name].dropna() % 1 == 0).all() else "#,##0.0"
