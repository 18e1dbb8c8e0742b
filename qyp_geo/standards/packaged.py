"""The data files that the package carries."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable

FOLDER: Traversable = files(__package__)


def read_rows(name: str) -> list[dict[str, str]]:
    """Every row of a packaged CSV, as text: codes keep their leading zeros."""
    return list(csv.DictReader((FOLDER / name).read_text(encoding="utf-8").splitlines()))


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A remedy that names the nearest known word, or all of them where none is near."""
    words = sorted(known)
    near = difflib.get_close_matches(given.casefold(), words, n=1)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(word or '(empty)' for word in words)}"
