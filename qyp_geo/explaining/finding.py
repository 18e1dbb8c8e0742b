"""Which figure is meant by words that were copied from a page, a paper or a table."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.errors import MissingError, did_you_mean
from qyp_geo.explaining.held import OF_HOMES, Figure, Held, is_empty, shown_cell, tables_of
from qyp_geo.record import Run
from qyp_geo.tables import heading, to_tens

_SHARE_WORDS: Final = ("达标率", "可达率", "覆盖率", "比例", "share")
"""What people call a share, whatever its heading says."""
_ADDRESS: Final = re.compile(r"(?P<table>analyses/[^:\s]+):(?P<row>\d+):(?P<column>\S+)")
_NUMBER: Final = re.compile(r"-?\d[\d,]*(\.\d+)?%?")
_WORTH_ROUNDING: Final = 100


def find_figures(run: Run, asked: str) -> list[Figure]:
    """Return the figures that are meant.

    Parameters
    ----------
    run
        The last run, as `qyp_geo.built.open_build` opens it.
    asked
        An address (``analyses/coverage:2:people_share``), or words copied from a page or a table, and the number itself where
        that helps: every one must stand in the row, in the heading, or be the value. Where no word names a column, the first
        measure of the table is meant.

    Raises
    ------
    MissingError
        If there is none; the message says which word stands nowhere.
    """
    if found := _ADDRESS.fullmatch(asked.strip()):
        return [_at_address(run, found["table"], int(found["row"]), found["column"])]
    words = _folded(asked).split()
    if not words:
        raise MissingError('nothing was asked: give words of a row and a column, such as "公厕 全区 覆盖率"')
    hits: list[tuple[tuple[int, ...], Figure]] = []
    known: set[str] = set()
    for table in tables_of(run):
        if not table.name.endswith(OF_HOMES):
            hits += _matches(table, words, known)
    if not hits:
        strange = next((word for word in words if word not in known), "")
        if strange:
            near = difflib.get_close_matches(strange, _names(run), n=3, cutoff=0.3)
            raise MissingError(
                f"no figure of the last run goes by {strange}. Names like it: {', '.join(near) or 'none'}"
            )
        raise MissingError(f"no row of the last run holds all of {' '.join(words)}: leave a word out")
    likeliest = max(likely for likely, _ in hits)
    return [figure for likely, figure in hits if likely == likeliest]


def _matches(table: Held, words: Sequence[str], known: set[str]) -> Iterator[tuple[tuple[int, ...], Figure]]:
    """Yield the figures that all words fit, with how likely each is meant; add to `known` the words that fit anything.

    Likelier is the value that was given, then a column whose whole name was, then a measure, then the present state of the
    district. Of the columns of a row that fit alike the first measure is meant.
    """
    columns, measured = table.figures(), table.measures()
    if not columns or table.read.empty:
        return
    about = table.words(whole=False)
    folded = (table.words(whole=True) + " " + table.title).map(_folded)
    in_row = np.array([folded.str.contains(word, regex=False) for word in words])
    called = [_names_of(name, measured) for name in columns]
    in_heading = np.array([[any(word in said for said in names) for names in called] for word in words])
    by_name = np.array([[word in names for names in called] for word in words]).sum(axis=0)
    is_value = np.array([[_shows(table.read[name], name, word) for name in columns] for word in words])
    fits = in_row[:, None, :] | in_heading[:, :, None] | (is_value > 0)
    known.update(word for word, anywhere in zip(words, fits.any(axis=(1, 2)), strict=True) if anywhere)
    by_value = is_value.sum(axis=0)
    first = next((name for name in columns if name in measured), "")
    preferred = 4 * by_name + np.array([2 * (name == first) + (name in measured) for name in columns])
    is_named = in_heading.any(axis=0) | (preferred > 0)
    most = preferred.max() + 1  # a value counts for more than any name
    rank = np.where(fits.all(axis=0) & (is_named[:, None] | (by_value > 0)), most * by_value + preferred[:, None], -1)
    best = (rank == rank.max(axis=0)) & (rank >= 0)
    for row, place in zip(*best.T.nonzero(), strict=True):
        name, shown = columns[place], table.shown(int(row), columns[place])
        likely = (int(by_value[place, row]), int(by_name[place]), name in measured, table.of_present)
        yield likely, Figure(table.name, int(row) + 2, name, shown, str(about.iloc[row]))


def _names_of(name: str, measured: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return all that a column may be called."""
    said = [name, heading(name), measured[name]["name"] if name in measured else ""]
    return tuple(map(_folded, [*said, *(_SHARE_WORDS if "share" in name else ())]))


def _shows(column: pd.Series, name: str, word: str) -> npt.NDArray[np.int_]:
    """Return which rows of a column show a number: 2 as it stands in the CSV, 1 as a page or a paper rounds it."""
    plain = word.replace(",", "")
    if not _NUMBER.fullmatch(word) or plain.endswith("%") != ("share" in name):
        return np.zeros(len(column), dtype=int)
    return np.array([2 if shown_cell(name, value) == plain else int(_rounds_to(value, plain)) for value in column])


def _rounds_to(value: object, plain: str) -> bool:
    """Whether a page would show a value so: to fewer digits, or to tens; small whole numbers are too many to guess at."""
    if plain.endswith("%") or not isinstance(value, int | float | np.number) or is_empty(value):
        return False
    digits = len(plain.partition(".")[2])
    if not digits and abs(float(plain)) < _WORTH_ROUNDING:
        return False
    return f"{value:.{digits}f}" == plain or f"{to_tens(float(value)):.0f}" == plain


def _at_address(run: Run, name: str, row: int, column: str) -> Figure:
    tables = {table.name: table for table in tables_of(run)}
    if name not in tables:
        raise MissingError(f"the last run has no table {name}. {did_you_mean(name, tables)}")
    table = tables[name]
    if column not in table.read:
        raise MissingError(f"{name} has no column {column}. {did_you_mean(column, map(str, table.read.columns))}")
    if not 2 <= row <= len(table.read) + 1:
        raise MissingError(f"{name} has no row {row}: its rows are 2 to {len(table.read) + 1}, after the headings")
    return Figure(name, row, column, table.shown(row - 2, column), str(table.words(whole=False).iloc[row - 2]))


def _names(run: Run) -> list[str]:
    """Return what places, facilities and requirements are called."""
    tables = [table.read for table in tables_of(run) if not table.name.endswith(OF_HOMES)]
    columns = [table[name] for table in tables for name in ("title", "area_name", "name") if name in table]
    return [str(name) for name in pd.concat(columns).dropna().unique()] if columns else []


def _folded(text: str) -> str:
    """Return text without what people write differently: width of characters, case, spaces of any sort."""
    return unicodedata.normalize("NFKC", text).casefold()
