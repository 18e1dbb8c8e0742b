"""Tables for a terminal, and figures in them as a planner writes them."""

from __future__ import annotations

from typing import Literal

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from qyp_geo import tables

NOTHING = "–"


def table(title: str, *headings: str) -> Table:
    """Return an empty table; a heading that begins with ``>`` is of figures."""
    made = Table(title=Text(title), title_justify="left", header_style="bold", pad_edge=False, box=box.SIMPLE_HEAD)
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading.startswith(">") else "left"
        made.add_column(Text(heading.removeprefix(">")), justify=justify, overflow="fold")
    return made


def add_row(shown: Table, *cells: object) -> None:
    """Add a row of text: names from data are never markup."""
    shown.add_row(*(Text(str(cell)) for cell in cells))


def people(count: float) -> str:
    """Return people to tens."""
    return f"{tables.to_tens(count):,.0f}" if pd.notna(count) else NOTHING


def percent(share: float) -> str:
    """Return a share to 0.1 %."""
    return tables.percent(share) if pd.notna(share) else NOTHING


def figure(value: float, digits: int = 0) -> str:
    """Return a number to some digits after the point."""
    return f"{value:,.{digits}f}" if pd.notna(value) else NOTHING


def verdict(word: str, effect: str) -> str:
    """Return the verdict, and what a shortfall amounts to by the strength word of its clause."""
    return word + {"fail": "(不合规)", "warn": "(提示)"}.get(effect, "")
