"""The tables of a run as their CSV files show them, and the figures in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from qyp_geo.papers.measures import measures
from qyp_geo.record import Run
from qyp_geo.tables import as_read, flat, percent

OF_HOMES: Final = ("_units", "_by_unit", "_legs", "_worst", "_gained", "_unserved", "_accesses", "_edges", "_pairs")
"""How the names of tables of single homes and streets end: they are on no page as figures, and explained by address only."""
_UNSAID: Final = ("area", "requirement", "rule", "item", "kind", "source", "clause")
"""Columns whose words find a row, and are too many to name it by."""
_OF_OTHER_THINGS: Final = ("note", "left_out", "also_missing")
"""Columns that speak of other things than their row: their words do not find it."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Held:
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
        """Return a cell as the CSV shows it; rows count from 0."""
        return shown_cell(column, self.read[column].iloc[row])

    def words(self, *, whole: bool) -> pd.Series:
        """Return the words of each row, the whole of them or those that name it."""
        said = [
            column.where(column.notna(), "").astype(str)
            for name in map(str, self.read.columns)
            if not pd.api.types.is_numeric_dtype(column := self.read[name])
            and name not in _OF_OTHER_THINGS
            and (whole or name not in _UNSAID)
        ]
        joined = pd.Series("", index=self.read.index, dtype=object)
        for column in said:
            joined = joined + " " + column
        return joined.str.split().str.join(" ")


def tables_of(run: Run) -> Iterator[Held]:
    """Yield every table of the results, as its CSV has it."""
    for reference, result in run.results.items():
        for part, table in {"": result.table, **result.parts}.items():
            exact = flat(table)
            yield Held(
                f"{reference}_{part}" if part else reference,
                reference,
                f"{result.record.kind}:{part}" if part else result.record.kind,
                result.record.title,
                result.record.scenario is None,
                exact,
                as_read(exact, rounded=not f"_{part}".endswith(OF_HOMES)),
            )


def shown_cell(column: str, value: object) -> str:
    """Return a cell as the CSV shows it."""
    if is_empty(value):
        return ""
    if isinstance(value, float):
        return percent(value) if "share" in column else f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)


def is_empty(value: object) -> bool:
    """Whether a cell holds nothing."""
    return value is None or value is pd.NA or value != value  # noqa: PLR0124  (NaN is what differs from itself)
