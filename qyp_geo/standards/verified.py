"""``verified.csv``: who held which rule against which page of the official text."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path

from qyp_geo.errors import Problem, did_you_mean

VERIFIED_FILE = "verified.csv"
_COLUMNS = ("rule", "edition", "clause", "page", "checked_by", "date")
# A text read on a screen may have no pages.
_MAY_BE_EMPTY = frozenset({"page"})


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``verified.csv``: `row` counts the header as 1, as a spreadsheet does."""

    file: str
    row: int
    rule: str
    edition: str

    def covers(self, rule_id: str, *names: str) -> bool:
        """Whether the line vouches for a rule of a standard that goes by any of these names."""
        return self.rule == rule_id and _bare(self.edition) in {_bare(name) for name in names if name}


def _bare(name: str) -> str:
    """A standard's name without what people write differently: ``GB/T 51149-2016`` and ``gbt51149-2016``."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def read_checks(path: Path, shown: str) -> tuple[tuple[Check, ...], list[Problem]]:
    """Every sound line of the file, and what is wrong with the others; nothing where there is no file.

    Parameters
    ----------
    path
        The CSV, in UTF-8 with or without a byte-order mark.
    shown
        How messages name it.
    """
    if not path.exists():
        return (), []
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(StringIO(text))
        header = [name.strip() for name in reader.fieldnames or []]
        rows = list(reader)
    except UnicodeDecodeError:
        return (), [Problem(shown, "", "not in UTF-8", "", "Save it as CSV UTF-8")]
    except csv.Error as error:
        return (), [Problem(shown, "", "is not a CSV file that can be read", str(error), "Save it again as CSV UTF-8")]
    problems = [
        Problem(shown, f"column {name}", "unknown column", name, did_you_mean(name, _COLUMNS))
        for name in header
        if name not in _COLUMNS
    ]
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        columns = ",".join(_COLUMNS)
        problems.append(Problem(shown, "row 1", f"lacks {', '.join(missing)}", "", f"The columns are {columns}"))
    if problems:
        return (), problems

    checks = []
    for number, row in enumerate(rows, start=2):
        cells = {name: (row.get(name) or "").strip() for name in _COLUMNS}
        if not any(cells.values()):
            continue
        wrong = [
            Problem(shown, f"row {number}, {name}", "is empty", "", "未核 is lifted only by a complete line")
            for name in _COLUMNS
            if not cells[name] and name not in _MAY_BE_EMPTY
        ]
        if cells["date"] and not _is_date(cells["date"]):
            place = f"row {number}, date"
            wrong.append(Problem(shown, place, "not a date", cells["date"], "Write it as 2026-01-15"))
        problems += wrong
        if not wrong:
            checks.append(Check(shown, number, cells["rule"], cells["edition"]))
    return tuple(checks), problems


def _is_date(text: str) -> bool:
    try:
        # A spreadsheet turns 2026-01-15 into 2026/1/15.
        datetime.strptime(text.replace("/", "-"), "%Y-%m-%d")
    except ValueError:
        return False
    return True
