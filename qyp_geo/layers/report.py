"""Gathers what is wrong with one layer, rows of one mistake together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import pandas as pd

from qyp_geo.errors import Problem, Severity

_ROWS_NAMED: Final = 10
_VALUES_SHOWN: Final = 3
T = TypeVar("T")


@dataclass(slots=True)
class Report:
    """The problems of one layer.

    Parameters
    ----------
    declaration
        The layer's TOML file, as the user knows it.
    data
        Its data file, likewise.
    title
        The layer's title, which its notes begin with.
    row_word
        What a row of the data file is called: a row of a table, a feature of a map file, an OSM object.
    typed
        Whether people typed the values into the file, so that they can be asked to mend them. What cannot be read in an
        extract of OpenStreetMap is a warning instead.
    """

    declaration: str
    data: str
    title: str = ""
    row_word: str = "row"
    typed: bool = True
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether any problem is an error."""
        return any(problem.severity == "error" for problem in self.problems)

    def note(self, text: str) -> None:
        """Add an assumption that every figure resting on this layer prints."""
        self.notes.append(f"{self.title}:{text}")

    def declared(
        self, key: str, what: str, *, given: str = "", remedy: str = "", severity: Severity = "error", check: str = ""
    ) -> None:
        """Tell of a key of the declaration."""
        self.problems.append(Problem(self.declaration, key, what, given, remedy, severity, check))

    def whole(
        self, what: str, *, given: str = "", remedy: str = "", severity: Severity = "error", check: str = ""
    ) -> None:
        """Tell of the data file as a whole."""
        self.problems.append(Problem(self.data, "", what, given, remedy, severity, check))

    def rows(
        self,
        rows: Iterable[object],
        what: str,
        *,
        column: str = "",
        given: Iterable[object] = (),
        remedy: str = "",
        severity: Severity = "error",
        check: str = "",
    ) -> None:
        """Tell of rows that share one mistake; nothing is told where there are none."""
        labels = [str(row) for row in rows]
        if labels:
            where = name_rows(self.row_word, labels) + (f", column {column}" if column else "")
            self.problems.append(Problem(self.data, where, what, show_values(given), remedy, severity, check))


def one_by_one(values: list[T]) -> list[list[T]]:
    """Each mistake for itself, while they are few; many of them together, so that the report can be read."""
    return [[value] for value in values] if len(values) <= _ROWS_NAMED else [values]


def name_rows(word: str, labels: Sequence[str]) -> str:
    """Name rows, the first ten of them where there are more."""
    if len(labels) == 1:
        return f"{word} {labels[0]}"
    named = ", ".join(labels[:_ROWS_NAMED])
    if len(labels) <= _ROWS_NAMED:
        return f"{word}s {named}"
    return f"{len(labels)} {word}s: {named} and {len(labels) - _ROWS_NAMED} more"


def show_values(values: Iterable[object]) -> str:
    """Show the first few different values."""
    different = list(dict.fromkeys(_shown(value) for value in values))
    more = f" and {len(different) - _VALUES_SHOWN} more" if len(different) > _VALUES_SHOWN else ""
    return ", ".join(different[:_VALUES_SHOWN]) + more


def _shown(value: object) -> str:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124  (NaN is what differs from itself)
        return "empty"
    text = str(value)
    return f"'{text}'" if isinstance(value, str) else text
