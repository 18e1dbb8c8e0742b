"""Tables as planners have them: CSV in any encoding, and what the cells of any table say.

Every cell is text, and rows are numbered as Excel does.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.declarations import Source
from qyp_geo.errors import did_you_mean
from qyp_geo.layers.report import Report

# GB 18030 contains GBK and GB 2312, so that these need no place of their own.
ENCODINGS: Final = ("utf-8-sig", "gb18030", "big5", "utf-16")
_IN_A_WHOLE: Final = 60  # minutes in a degree, seconds in a minute
_HEADER_WITHIN: Final = 10  # titles and remarks above the header take fewer rows than this


def read_csv(path: Path, source: Source, *, wanted: Iterable[str], report: Report) -> pd.DataFrame | None:
    """Read a CSV file.

    Parameters
    ----------
    path
        The file.
    source
        Gives the encoding; without one the file is UTF-8, with or without a byte order mark.
    wanted
        The columns that the declaration names.
    report
        Is told what is wrong.

    Returns
    -------
    DataFrame or None
        Text, indexed by row number (the header is row 1); None where the file cannot be read at all.
    """
    content, columns = path.read_bytes(), list(wanted)
    encoding = source.encoding or "utf-8-sig"
    try:
        text = content.decode("utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding)
    except LookupError:
        report.declared(
            "source.encoding",
            "is not a known encoding",
            given=encoding,
            remedy=did_you_mean(encoding, ["utf-8", "gb18030", "gbk", "big5"]),
        )
        return None
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        byte = error.start - content.rfind(b"\n", 0, error.start)
        report.rows(
            [row],
            f"cannot be read as {encoding}: byte {byte} of the row does not fit",
            given=[content[error.start : error.start + 4].hex(" ")],
            remedy=_advice(content, columns, not_this=encoding),
        )
        return None
    try:
        cells = _cells_of_csv(text)
    except csv.Error as error:
        report.whole(
            "is not a CSV file that can be read",
            given=str(error),
            remedy="Mend the quotes of that row, or save it again as CSV",
        )
        return None
    table = tabulate(cells, columns, report)
    if (
        table is not None
        and not set(columns) <= set(table.columns)
        and (other := _fitting(content, columns, not_this=encoding))
    ):
        report.declared(
            "source.encoding",
            "gives a text in which the declared columns are missing",
            given=encoding,
            remedy=f'All of them are there when the file is read as {" or ".join(other)}: set encoding = "{other[0]}"',
        )
        return None
    return table


def _cells_of_csv(text: str) -> list[list[str]]:
    """Split a text into rows of cells; a quote that is opened and never closed raises `csv.Error` with its row."""
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)  # the first of them where none occurs
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, begins = [], 1
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])
            begins = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"row {begins}: {error}; a quote is opened there and not closed as it should be") from error
    return rows


def tabulate(cells: list[list[str]], wanted: Sequence[str], report: Report) -> pd.DataFrame | None:
    """Find the header and put the rows under it; blank rows hold nothing and are passed over.

    Parameters
    ----------
    cells
        Every row from the first, as text.
    wanted
        The columns that the declaration names: the header is the row that holds most of them.
    report
        Is told of columns named twice, rows longer than the header, and the like.

    Returns
    -------
    DataFrame or None
        Text, indexed by row number from 1; None where nothing stands under a header.
    """
    filled = [(number, row) for number, row in enumerate(cells, start=1) if any(row)]
    # A sheet often opens with a title: the header is the row that holds most of what is declared, the first such.
    at = max(range(min(len(filled), _HEADER_WITHIN)), key=lambda n: len(set(wanted) & set(filled[n][1])), default=None)
    if at is None:
        report.whole("holds no rows", remedy="Fill it, or remove its declaration")
        return None
    (_, header), rows = filled[at], filled[at + 1 :]
    while header and not header[-1]:
        header = header[:-1]
    report.rows(
        [number for number, row in filled[:at] if _like_data(row, header)],
        "stands above the header and looks like a row of data, left out",
        remedy="Move it below the header; sorting in Excel can carry the header down",
        severity="warning",
    )
    twice = {name for name in header if name and header.count(name) > 1} & set(wanted)
    for name in sorted(twice):
        report.whole("has two columns of one name", given=name, remedy="Rename one of them")
    long = [number for number, row in rows if any(row[len(header) :])]
    report.rows(
        long,
        f"more cells than the header, which has {len(header)}",
        remedy="Put text that holds a comma into quotes",
    )
    # Columns without a name, or with the name of an earlier one, cannot be declared.
    kept = {name: position for position, name in reversed(list(enumerate(header))) if name}
    return pd.DataFrame(
        {name: [row[position] if position < len(row) else "" for _, row in rows] for name, position in kept.items()},
        index=[number for number, _ in rows],
        columns=[name for name in dict.fromkeys(header) if name],
        dtype=object,
    )


def _like_data(row: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row above the header is no title: it fills most columns, some with numbers."""
    filled = [cell for cell in row if cell]
    return len(filled) > len(header) / 2 and not all(math.isnan(parse_number(cell)) for cell in filled)


def _fitting(content: bytes, wanted: Sequence[str], *, not_this: str) -> list[str]:
    """Other encodings in which the file can be read and holds every declared column."""
    found = []
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
            rows = _cells_of_csv(text)[:_HEADER_WITHIN]
        except (UnicodeError, csv.Error):
            continue
        names = {cell for row in rows for cell in row}
        name = encoding.removesuffix("-sig")
        if name != not_this.removesuffix("-sig") and set(wanted) <= names:
            found.append(name)
    return found


def _advice(content: bytes, wanted: Sequence[str], *, not_this: str) -> str:
    fitting = _fitting(content, wanted, not_this=not_this)
    if not fitting:
        return "No usual encoding gives the declared columns: save the file again as CSV UTF-8"
    return f'It can be read, declared columns and all, as {" or ".join(fitting)}: set encoding = "{fitting[0]}" in [source]'


# Degrees, minutes and seconds: 115°53′12″E, 东经115度53分12秒, 115 53 12, 115:53:12, once every sign has its plain form.
_PLAIN_SIGNS: Final = str.maketrans(
    {
        **dict.fromkeys("º˚⁰゜", "°"),
        **dict.fromkeys("′＇‘’`´ʹ", "'"),
        **dict.fromkeys("″＂“”〃ʺ", '"'),
        **dict.fromkeys("−–", "-"),
    }
)
_SIDE: Final = r"(?:[NSEWnsew]|北纬|南纬|东经|西经|[东西南北])"
_SIZE: Final = (
    r"(?P<degrees>\d{1,3}(?:\.\d+)?)\s*[°度]\s*"
    r"(?:(?P<minutes>\d{1,2}(?:\.\d+)?)\s*['分]\s*)?(?:(?P<seconds>\d{1,2}(?:\.\d+)?)\s*(?:\"|''|秒)\s*)?"
)
_BARE_SIZE: Final = r"(?P<degrees>\d{1,3})(?P<sep>\s+|:)(?P<minutes>\d{1,2})(?P=sep)(?P<seconds>\d{1,2}(?:\.\d+)?)\s*"
_DEGREES: Final = [
    re.compile(rf"(?P<before>{_SIDE}?)\s*(?P<sign>-?)\s*{size}(?P<behind>{_SIDE}?)") for size in (_SIZE, _BARE_SIZE)
]
_SIDED: Final = re.compile(rf"(?P<before>{_SIDE}?)\s*:?\s*(?P<size>\d{{1,3}}(?:\.\d+)?)\s*(?P<behind>{_SIDE}?)")
_THOUSANDS: Final = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_WEST_AND_SOUTH: Final = re.compile(r"[SWsw南西]")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_PLAIN_SIGNS)).translate(_PLAIN_SIGNS).strip()


def parse_number(text: str) -> float:
    """Return the number that a cell holds, NaN where it holds none; full-width digits and 1,200 are numbers."""
    plain = _plain(text)
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        number = float(plain)
    except ValueError:
        return float("nan")
    return number if abs(number) != float("inf") else float("nan")


def parse_coordinate(text: str) -> float:
    """Return a coordinate, in metres or degrees: 391,000.5, 115.8942, 115.8942°E, 115°53′12″ and 东经115度53分12秒 are some."""
    plain = _plain(text)
    if (sided := _SIDED.fullmatch(plain)) is not None and _one_side(sided):
        return _signed(float(sided["size"]), sided)
    found = next((match for form in _DEGREES if (match := form.fullmatch(plain)) is not None), None)
    if found is None:
        return parse_number(plain)
    minutes, seconds = float(found["minutes"] or 0), float(found["seconds"] or 0)
    if minutes >= _IN_A_WHOLE or seconds >= _IN_A_WHOLE or (found["before"] and found["behind"]):
        return float("nan")
    size = float(found["degrees"]) + minutes / _IN_A_WHOLE + seconds / _IN_A_WHOLE**2
    return _signed(-size if found["sign"] else size, found)


def _one_side(found: re.Match[str]) -> bool:
    return bool(found["before"]) != bool(found["behind"])


def _signed(size: float, found: re.Match[str]) -> float:
    return -size if _WEST_AND_SOUTH.search(found["before"] + found["behind"]) else size


def split_pair(text: str) -> tuple[str, str]:
    """Split ``115.89,28.63``, which AMap writes into one cell; blanks part a pair only where no comma does."""
    for between in (r"[,;、\uff0c\uff1b]", r"\s+"):
        parts = re.split(rf"\s*{between}\s*", text.strip())
        if len(parts) == 2:
            return parts[0], parts[1]
    return text, text


def points_of(table: pd.DataFrame, source: Source, report: Report) -> gpd.GeoDataFrame | None:
    """Make points of a table's coordinate columns.

    Returns
    -------
    GeoDataFrame or None
        Without CRS, coordinates as written, no geometry in rows whose coordinates are missing or no numbers (each is told);
        None where the coordinate columns are not declared or not in the file.
    """
    names = {"source.lon": source.lon, "source.lat": source.lat}
    for key, name in names.items():
        if name is None:
            report.declared(key, "is missing", remedy=f"Name the column; the file has: {', '.join(table.columns)}")
        elif name not in table:
            report.declared(key, "the file has no such column", given=name, remedy=did_you_mean(name, table.columns))
    if source.lon is None or source.lat is None or not {source.lon, source.lat} <= set(table.columns):
        return None
    if table.empty:
        report.whole("holds a header and no rows", remedy="Fill it, or remove its declaration")
        return None
    written = table[[source.lon, source.lat]].set_axis(["lon", "lat"], axis="columns")
    if source.lon == source.lat:
        written = pd.DataFrame(
            [split_pair(text) for text in table[source.lon]], index=table.index, columns=["lon", "lat"]
        )
    numbers = written.map(parse_coordinate)
    for axis, name in zip(("lon", "lat"), dict.fromkeys([source.lon, source.lat]), strict=False):
        blank = written[axis] == ""
        report.rows(table.index[blank], "no coordinate", column=name, remedy="Fill the cell, or remove the row")
        wrong = numbers[axis].isna() & ~blank
        report.rows(
            table.index[wrong],
            "not a coordinate",
            column=name,
            given=written.loc[wrong, axis],
            remedy="Write a number such as 115.8942",
        )
    known = numbers.notna().all(axis="columns").to_numpy()
    points = np.full(len(table), None, dtype=object)
    points[known] = shapely.points(numbers[known].to_numpy())
    return gpd.GeoDataFrame(table, geometry=points)
