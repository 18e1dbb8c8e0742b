"""Tables for a terminal, and figures in them as a planner writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from qyp_geo import tables
from qyp_geo.standards import kinds
from qyp_geo.translation import Language, translated

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as it was made, in the words of its analysis; a heading that begins with ``>`` is of figures."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Add a row."""
        self.rows.append(tuple(str(cell) for cell in cells))


def table(title: str, *headings: str) -> Shown:
    """Return an empty table."""
    return Shown(title, headings)


def drawn(shown: Shown, language: Language) -> Table:
    """Return a table for the terminal, in a language; names from data are never markup, and stay as they are."""
    title = Text(said(shown.title, language))
    made = Table(title=title, title_justify="left", header_style="bold", pad_edge=False, box=box.SIMPLE_HEAD)
    for heading in shown.headings:
        justify: Literal["left", "right"] = "right" if heading.startswith(">") else "left"
        made.add_column(Text(said(heading.removeprefix(">"), language)), justify=justify, overflow="fold")
    for row in shown.rows:
        made.add_row(*(Text(said(cell, language)) for cell in row))
    return made


def said(text: str, language: Language) -> str:
    """Return a text in a language; the kinds of facilities have their English name from the standards."""
    names = {} if language == "zh" else {kind.name_zh: kind.name_en for kind in kinds().values()}
    return translated(text, language, names=names)


def note_said(note: str, language: Language) -> str:
    """Return a note in a language; what stands before its colon may be the title of a layer, which stays as it is."""
    whole = said(note, language)
    title, _, text = note.partition(":")
    return f"{title}: {said(text, language)}" if language == "en" and whole == note and text else whole


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
