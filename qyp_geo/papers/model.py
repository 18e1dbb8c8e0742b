"""What a report is made of, whatever it is printed as, and how figures are written in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pandas as pd

from qyp_geo import tables
from qyp_geo.papers.words import Words
from qyp_geo.standards import kinds

NOTHING: Final = "–"
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Row = Mapping[str, Any]
Cell = Callable[[Row], str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of finished text.

    Attributes
    ----------
    heads
        The heading of each column.
    numeric
        Which columns are figures, set flush right.
    rows
        Cells, as many in each row as there are heads.
    note
        What is said below it.
    """

    title: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as drawn, in both forms."""

    png: bytes
    svg: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A map or a chart.

    Attributes
    ----------
    name
        Of its files.
    is_map
        A map carries its own title; a chart has its title as caption only.
    alt
        What it shows, in words, for who cannot see it.
    """

    name: str
    title: str
    alt: str
    drawing: Drawing
    is_map: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    items: tuple[str, ...]


Block = str | Points | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part of a report."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report, in one language.

    Attributes
    ----------
    mark
        Who may read it: printed on every page.
    facts
        What stands below the title: district, date, publisher and the like, as (label, value).
    cautions
        What a reader must know before any figure: how many clauses are 未核, that data is a sample.
    headlines
        Key figures, as (figure, what it is).
    summary
        The findings, as (what it is about, a sentence or two).
    """

    words: Words
    place: str
    name: str
    mark: str
    date: str
    facts: tuple[tuple[str, str], ...]
    cautions: tuple[str, ...]
    headlines: tuple[tuple[str, str], ...]
    summary: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        """Of which district it is the report, and of what."""
        return f"{self.place}{self.words('title_joint')}{self.name}"

    def captions(self) -> Iterator[str]:
        """Yield the caption of every picture and table, in the order of the report, numbered by sort."""
        numbers = {"figure_word": count(1), "table_word": count(1)}
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Picture | Table):
                    word = "table_word" if isinstance(block, Table) else "figure_word"
                    yield f"{self.words(word)} {next(numbers[word])}  {block.title}"

    def headings(self) -> Iterator[str]:
        """Yield the title of every section, numbered as the language does it."""
        for number, section in enumerate(self.sections, start=1):
            yield self.words("section_title", number=self.words.numeral(number), title=section.title)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Every picture, in the order of the report."""
        return tuple(block for section in self.sections for block in section.blocks if isinstance(block, Picture))


def tabulate(words: Words, title: str, frame: pd.DataFrame, columns: Mapping[str, Cell], *, note: str = "") -> Table:
    """Make a table of the rows of a frame.

    Parameters
    ----------
    columns
        What each column says of a row, by the key of its heading; a key that begins with ``>`` is of figures.
    """
    return Table(
        title=title,
        heads=tuple(words(key.removeprefix(">")) for key in columns),
        numeric=tuple(key.startswith(">") for key in columns),
        rows=tuple(tuple(cell(row) for cell in columns.values()) for row in rows_of(frame)),
        note=note,
    )


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a frame, each by its columns' names."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def said(column: str) -> Cell:
    """Return the cell that says a column's text as it is."""
    return lambda row: NOTHING if _is_nothing(row[column]) else str(row[column])


def in_words(words: Words, column: str) -> Cell:
    """Return the cell that says a column's word (a verdict, a state) in the report's language."""
    return lambda row: NOTHING if _is_nothing(row[column]) else words.of_data(str(row[column]))


def _is_nothing(value: object) -> bool:
    return value == "" or bool(pd.isna(value))  # type: ignore[call-overload]


def in_tens(column: str) -> Cell:
    """Return the cell that says people to tens."""
    return lambda row: people(row[column])


def in_percent(column: str) -> Cell:
    """Return the cell that says a share to 0.1 %."""
    return lambda row: percent(row[column])


def in_figures(column: str, digits: int = 0) -> Cell:
    """Return the cell that says a number to some digits after the point."""
    return lambda row: figure(row[column], digits)


def printable(text: str) -> str:
    """Return text with what XML cannot hold (control characters) shown as the sign for that."""
    return _NOT_XML.sub("�", text)


def width_of(text: str) -> int:
    """Return the width of text in half-width characters; a Chinese one counts as two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def people(count: float) -> str:
    """Return people to tens."""
    return f"{tables.to_tens(count):,.0f}" if pd.notna(count) else NOTHING


def percent(share: float) -> str:
    """Return a share to 0.1 %."""
    return tables.percent(share) if pd.notna(share) else NOTHING


def figure(value: float, digits: int = 0) -> str:
    """Return a number to some digits after the point."""
    return f"{value:,.{digits}f}" if pd.notna(value) else NOTHING


def short(value: float) -> str:
    """Return a number to two digits after the point, without those that are nothing."""
    return f"{round(value, 2):,.2f}".rstrip("0").rstrip(".") if pd.notna(value) else NOTHING


def named(words: Words, row: Row) -> str:
    """Return what is asked for, without its limit: ``公园(≥50000㎡)``; in English by the name of its kind."""
    title = str(row["title"])
    reference = "(参考)" in title
    bare = re.sub(r"\d+米步行可达率|\(步行口径\)|\(参考\)|供需", "", title)
    if words.language == "en" and row.get("kind") in kinds():
        size = re.search(r"\([≥≤<>][^)]*\)", title)
        bare = kinds()[row["kind"]].name_en + (f" {size.group().replace('㎡', ' m²')}" if size else "")
    return f"{bare}{words('reference_mark')}" if reference else bare


def verdict(words: Words) -> Cell:
    """Return the cell that says the verdict, and what a shortfall amounts to by the strength word of its clause."""

    def cell(row: Row) -> str:
        effect = {"fail": words("effect_fail"), "warn": words("effect_warn")}.get(str(row["effect"]), "")
        return words.of_data(str(row["verdict"])) + (effect if row["verdict"] == "未达标" else "")

    return cell
