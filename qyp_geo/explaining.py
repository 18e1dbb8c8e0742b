"""Where a published figure comes from: its row, its formula and clause, what it assumes, and the files beneath it."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.declarations import references
from qyp_geo.errors import MissingError, did_you_mean
from qyp_geo.papers.measures import measures
from qyp_geo.papers.resting import UNVERIFIED, as_of, layers_beneath
from qyp_geo.record import Run, files_of
from qyp_geo.tables import as_read, flat, heading, percent

Standing = Literal["verified", "unverified", "own", "none"]

_OWN: Final = "自定口径"
_SHARE_WORDS: Final = ("达标率", "可达率", "覆盖率", "比例", "share")
"""What people call a share, whatever its heading says."""
_UNSAID: Final = ("area", "requirement", "rule", "item", "kind", "source", "clause")
"""Columns whose words find a row, and are too many to name it by."""
_NO_NAMES: Final = ("note", "left_out", "also_missing")
"""Columns that speak of other things as well."""
_ADDRESS: Final = re.compile(r"(?P<table>analyses/[^:\s]+):(?P<row>\d+):(?P<column>\S+)")
_NUMBER: Final = re.compile(r"-?\d[\d,]*(\.\d+)?%?")
_OF_HOMES: Final = ("_units", "_by_unit", "_legs", "_worst", "_gained", "_unserved", "_accesses", "_edges", "_pairs")
"""Tables of single homes and streets: they are on no page as figures, and are explained by address only."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the last run.

    Attributes
    ----------
    table
        Its table below ``build/``, without suffix: ``analyses/coverage_headline``.
    row
        Its row in the CSV of that table as a spreadsheet counts, the headings being row 1.
    column
        Its column, as the declaration of a page would name it.
    shown
        As the CSV shows it.
    about
        What the row is about, in the words that stand in it.
    """

    table: str
    row: int
    column: str
    shown: str
    about: str

    @property
    def address(self) -> str:
        """What `qyp explain` takes for this figure and no other."""
        return f"{self.table}:{self.row}:{self.column}"


@dataclass(frozen=True, slots=True)
class Input:
    """A layer that a figure rests on.

    Attributes
    ----------
    files
        Its declaration and its data with the SHA-256 of each, by path in the district folder.
    n_rows
        How many rows of it were read; None for a layer that is read by tile.
    """

    reference: str
    title: str
    publisher: str
    as_of: str
    n_rows: int | None
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a figure comes from.

    Attributes
    ----------
    name
        What the figure is called, and of which analysis it is.
    exact
        The value that the CSV rounds, as Parquet holds it.
    formula, numerator, denominator
        In words, as 指标口径 of the workbook has them; empty for a column that is no measure.
    numerator_shown, denominator_shown
        What stands in the same row for them; empty where no column holds it.
    limit_m
        The walk that is judged, as shown; empty where none is.
    source
        The clause, or 自定口径.
    standing
        How far that was held against the official text.
    row
        The whole row: heading and value of each cell that holds anything.
    notes
        The assumptions of the analysis and of the layers beneath it.
    declarations
        Declarations and local standards with the SHA-256 of each.
    command
        What computes it again.
    """

    figure: Figure
    name: str
    analysis: str
    exact: str
    formula: str
    numerator: str
    numerator_shown: str
    denominator: str
    denominator_shown: str
    limit_m: str
    source: str
    standing: Standing
    row: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    inputs: tuple[Input, ...]
    declarations: Mapping[str, str]
    command: str


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """A table of a result as it stands in its CSV, and as it was computed."""

    name: str
    reference: str
    kind: str
    title: str
    of_present: bool
    exact: pd.DataFrame
    read: pd.DataFrame

    def measures(self) -> dict[str, Mapping[str, str]]:
        """Return what `measures.csv` says of the columns of this table."""
        return {one["columns"]: one for one in measures() if one["kind"] == self.kind and one["columns"] in self.read}

    def figures(self) -> list[str]:
        """Return the columns that hold figures."""
        measured = self.measures()
        return [
            name
            for name in map(str, self.read.columns)
            if name in measured or (pd.api.types.is_numeric_dtype(self.exact[name]) and name not in {"lon", "lat"})
        ]

    def shown(self, row: int, column: str) -> str:
        return _shown(column, self.read[column].iloc[row])

    def words(self, *, whole: bool) -> pd.Series:
        """Return the words of each row, the whole of them or those that name it."""
        said = [
            column.where(column.notna(), "").astype(str)
            for name in map(str, self.read.columns)
            if not pd.api.types.is_numeric_dtype(column := self.read[name])
            and name not in _NO_NAMES
            and (whole or name not in _UNSAID)
        ]
        joined = pd.Series("", index=self.read.index, dtype=object)
        for column in said:
            joined = joined + " " + column
        return joined.str.split().str.join(" ")


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
    for table in _tables(run):
        if not table.name.endswith(_OF_HOMES):
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


def explain(run: Run, figure: Figure) -> Explanation:
    """Return where a figure comes from.

    Parameters
    ----------
    run
        The last run, as `qyp_geo.built.open_build` opens it: that refuses what is older than its inputs.
    figure
        One that `find_figures` returned.
    """
    table = next(one for one in _tables(run) if one.name == figure.table)
    row = figure.row - 2
    measure = table.measures().get(figure.column, {})
    said = {str(name): table.shown(row, str(name)) for name in table.read.columns}
    source = said.get("source") or measure.get("source", "")
    recorded = json.loads((run.project.folder / "build" / "run.json").read_text(encoding="utf-8"))
    hashes: Mapping[str, str] = recorded["inputs"]
    layers = layers_beneath(run, table.reference)
    notes = [*run.results[table.reference].notes, *(note for ref in layers for note in run.notes.get(ref, ()))]
    inputs = tuple(_input(run, reference, hashes) for reference in layers)
    of_layers = {name for one in inputs for name in one.files}
    declared = {f"{reference}.toml" for reference in _analyses_beneath(run, table.reference)} | {"layers/district.toml"}
    return Explanation(
        figure=figure,
        name=measure.get("name") or heading(figure.column),
        analysis=table.title,
        exact=_exact(table.exact[figure.column].iloc[row]),
        formula=measure.get("formula", ""),
        numerator=measure.get("numerator", ""),
        numerator_shown=_value_of(measure.get("numerator", ""), said),
        denominator=measure.get("denominator", ""),
        denominator_shown=_value_of(measure.get("denominator", ""), said),
        limit_m=said.get("limit_m", ""),
        source=source,
        standing=_standing(source),
        row=tuple((heading(name), value) for name, value in said.items() if value),
        notes=tuple(dict.fromkeys(notes)),
        inputs=inputs,
        declarations={
            name: digest
            for name, digest in hashes.items()
            if name not in of_layers and (name in declared or name.startswith("analyses/standards/"))
        },
        command=recorded["command"],
    )


def _tables(run: Run) -> Iterator[_Held]:
    """Yield every table of the results, as its CSV has it."""
    for reference, result in run.results.items():
        for part, table in {"": result.table, **result.parts}.items():
            exact = flat(table)
            yield _Held(
                f"{reference}_{part}" if part else reference,
                reference,
                f"{result.record.kind}:{part}" if part else result.record.kind,
                result.record.title,
                result.record.scenario is None,
                exact,
                as_read(exact, rounded=not f"_{part}".endswith(_OF_HOMES)),
            )


def _matches(table: _Held, words: Sequence[str], known: set[str]) -> Iterator[tuple[tuple[int, ...], Figure]]:
    """Yield the figures that all words fit, with how likely each is meant; add to `known` the words that fit anything.

    Likelier is the value that was given, then a measure, then the present state of the district. Of the columns of a row that
    fit alike the first measure is meant.
    """
    columns, measured = table.figures(), table.measures()
    if not columns or table.read.empty:
        return
    about = table.words(whole=False)
    folded = (table.words(whole=True) + " " + table.title).map(_folded)
    in_row = np.array([folded.str.contains(word, regex=False) for word in words])
    called = [_column_words(name, measured) for name in columns]
    in_heading = np.array([[word in said for said in called] for word in words])
    is_value = np.array([[_shows(table.read[name], name, word) for name in columns] for word in words])
    fits = in_row[:, None, :] | in_heading[:, :, None] | is_value
    known.update(word for word, anywhere in zip(words, fits.any(axis=(1, 2)), strict=True) if anywhere)
    by_value = is_value.sum(axis=0)
    first = next((name for name in columns if name in measured), "")
    preferred = np.array([2 * (name == first) + (name in measured) for name in columns])
    is_named = in_heading.any(axis=0) | (preferred > 0)
    rank = np.where(fits.all(axis=0) & (is_named[:, None] | (by_value > 0)), 4 * by_value + preferred[:, None], -1)
    best = (rank == rank.max(axis=0)) & (rank >= 0)
    for row, place in zip(*best.T.nonzero(), strict=True):
        name, shown = columns[place], table.shown(int(row), columns[place])
        likely = (int(by_value[place, row]), name in measured, table.of_present)
        yield likely, Figure(table.name, int(row) + 2, name, shown, str(about.iloc[row]))


def _column_words(name: str, measured: Mapping[str, Mapping[str, str]]) -> str:
    """Return all that a column may be called."""
    said = [name, heading(name), measured[name]["name"] if name in measured else ""]
    if "share" in name:
        said += _SHARE_WORDS
    return _folded(" ".join(said))


def _shows(column: pd.Series, name: str, word: str) -> npt.NDArray[np.bool_]:
    """Return which rows of a column show a number."""
    plain = word.replace(",", "")
    if not _NUMBER.fullmatch(word) or plain.endswith("%") != ("share" in name):
        return np.zeros(len(column), dtype=bool)
    return np.array([_shown(name, value) == plain for value in column], dtype=bool)


def _at_address(run: Run, name: str, row: int, column: str) -> Figure:
    tables = {table.name: table for table in _tables(run)}
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
    tables = [table.read for table in _tables(run) if not table.name.endswith(_OF_HOMES)]
    columns = [table[name] for table in tables for name in ("title", "area_name", "name") if name in table]
    return [str(name) for name in pd.concat(columns).dropna().unique()] if columns else []


def _input(run: Run, reference: str, hashes: Mapping[str, str]) -> Input:
    layer, read = run.project.layers[reference], run.layers.get(reference)
    of_table = {layer.source.shown: read.digest} if read is not None and read.digest else {}
    return Input(
        reference,
        layer.title,
        layer.provenance.publisher,
        as_of(layer).isoformat(),
        len(read.frame) if read is not None else None,
        {name: hashes[name] for name in sorted(files_of(reference, layer, hashes) & hashes.keys())} | of_table,
    )


def _analyses_beneath(run: Run, reference: str) -> set[str]:
    found, waiting = set(), [reference]
    while waiting:
        here = waiting.pop()
        if here in run.project.analyses and here not in found:
            found.add(here)
            record = run.project.analyses[here]
            waiting += [ref for _, ref in references(type(record), record.model_dump())]
    return found


def _standing(source: str) -> Standing:
    if UNVERIFIED in source:
        return "unverified"
    if not source:
        return "none"
    return "own" if source == _OWN else "verified"


def _value_of(what: str, said: Mapping[str, str]) -> str:
    """Return what a row says of a numerator or a denominator: that of the column whose heading begins its description."""
    name = re.split("[:;]", what)[0]
    for bare in (name, name.partition("(")[0]):
        for column, value in said.items():
            if heading(column) == bare:
                return value
    return ""


def _shown(column: str, value: object) -> str:
    """Return a cell as the CSV shows it."""
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124  (NaN is what differs from itself)
        return ""
    if isinstance(value, float):
        return percent(value) if "share" in column else f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)


def _exact(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)  # noqa: PLR0124


def _folded(text: str) -> str:
    """Return text without what people write differently: width of characters, case, spaces of any sort."""
    return unicodedata.normalize("NFKC", text).casefold()
