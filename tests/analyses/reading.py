"""Cells of a table, for comparison with a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd


def cells(table: pd.DataFrame, row: Any, columns: Sequence[str]) -> list[Any]:
    """Return some cells of one row."""
    return [table[column].loc[row] for column in columns]
