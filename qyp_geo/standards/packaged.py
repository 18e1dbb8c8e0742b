"""The data files that the package carries."""

from __future__ import annotations

import csv
from importlib.resources import files
from importlib.resources.abc import Traversable

FOLDER: Traversable = files(__package__)


def read_rows(name: str) -> list[dict[str, str]]:
    """Every row of a packaged CSV, as text: codes keep their leading zeros."""
    return list(csv.DictReader((FOLDER / name).read_text(encoding="utf-8").splitlines()))
