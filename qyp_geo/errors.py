"""What can go wrong, said so that a planner can mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, what was given, what to do.

    Parameters
    ----------
    file
        Path of the declaration or data file, relative to the district folder.
    where
        The key (``source.datum``) or the row and column (``row 12, column 经度``).
    what
        What is wrong, in one clause.
    given
        The value found, as text; empty where there is none.
    remedy
        What is allowed, or what to do.
    severity
        An ``error`` stops a run; a ``warning`` is repeated in its summary.
    """

    file: str
    where: str
    what: str
    given: str = ""
    remedy: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        place = f"{self.file}: {self.where}" if self.where else self.file
        given = f" (given: {self.given})" if self.given else ""
        remedy = f". {self.remedy}" if self.remedy else ""
        return f"{place}: {self.what}{given}{remedy}"


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return ``Did you mean …?`` or the list of what is allowed."""
    names = sorted(allowed)
    close = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Allowed: {', '.join(names)}" if names else "There are none"


class QypGeoError(Exception):
    """The base of every error that a user's input can cause."""


class ProblemsError(QypGeoError, ValueError):
    """Everything that is wrong, in one message.

    Attributes
    ----------
    problems
        Each problem, in the order of the message.
    """

    def __init__(self, title: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        errors = [problem for problem in self.problems if problem.severity == "error"]
        lines = [f"{title}: {len(errors)} problem(s)"]
        lines += [f"  {n}. {problem}" for n, problem in enumerate(errors, start=1)]
        lines += [f"  warning: {problem}" for problem in self.problems if problem.severity == "warning"]
        super().__init__("\n".join(lines))


class DeclarationError(ProblemsError):
    """The TOML files of a district folder say something that cannot be."""


class DataError(ProblemsError):
    """The rows of a source hold something that cannot be used."""


class CrsError(QypGeoError, ValueError):
    """Two frames differ in their coordinate reference system, or one has none that fits."""


class NetworkError(QypGeoError, ValueError):
    """A walking network was asked something that its input does not allow."""


class MissingError(QypGeoError, LookupError):
    """Something that was named does not exist."""
