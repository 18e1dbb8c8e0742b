"""What can go wrong, said so that a planner can mend it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

_MOVES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, marks of direction, and halves of characters; line ends and tabs are none."""

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
    check
        The name of the check that found what is plausible but wrong, such as ``swapped_axes``; empty for plain mistakes.
    """

    file: str
    where: str
    what: str
    given: str = ""
    remedy: str = ""
    severity: Severity = "error"
    check: str = ""

    def __str__(self) -> str:
        place = f"{self.file}: {shortened(self.where)}" if self.where else self.file
        given = f" (given: {shortened(self.given)})" if self.given else ""
        remedy = f". {shortened(self.remedy, 4000)}" if self.remedy else ""
        return f"{place}: {shortened(self.what, 1000)}{given}{remedy}"


def shortened(text: str, letters: int = 240) -> str:
    """Return a text as a message shows it: a long one without its middle."""
    return text if len(text) <= letters else f"{text[: letters // 2]} … {text[-letters // 2 :]}"


def printable(text: str) -> str:
    """Return a text that moves no cursor and turns no writing round: what does is shown by its number instead."""
    return _MOVES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return ``Did you mean …?`` or the list of what is allowed."""
    names = sorted(allowed)
    close = [name for name in names if name.casefold() == given.casefold()] or difflib.get_close_matches(
        given, names, n=1, cutoff=0.6
    )
    if close:
        return f"Did you mean {close[0]}?"
    return f"Allowed: {', '.join(names)}" if names else "There are none"


class QypGeoError(Exception):
    """The base of every error that a user's input can cause."""

    def __str__(self) -> str:
        return printable(super().__str__())


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


class RefusedError(DeclarationError):
    """A page may not be published as it is declared."""


class DataError(ProblemsError):
    """The rows of a source hold something that cannot be used."""


class CrsError(QypGeoError, ValueError):
    """Two frames differ in their coordinate reference system, or one has none that fits."""


class NetworkError(QypGeoError, ValueError):
    """A walking network was asked something that its input does not allow."""


class MissingError(QypGeoError, LookupError):
    """Something that was named does not exist."""
