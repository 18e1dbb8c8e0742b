"""An explanation as it is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from qyp_geo.cli.talking import Talk
from qyp_geo.explaining import Explanation, Figure
from qyp_geo.summary.cells import drawn, note_said, said, table
from qyp_geo.translation import Language

_MOST_LISTED: Final = 20
_STANDINGS: Final = {
    "verified": "held against the official text",
    "unverified": "not held against the official text yet: a line of analyses/standards/verified.csv lifts 未核",
    "own": "a definition of our own, of no clause",
    "other": "no clause of a standard, so there is nothing to hold it against",
    "none": "",
}


def print_figures(talk: Talk, figures: Sequence[Figure]) -> None:
    """Print the figures that may be meant, the first of them where there are many."""
    shown = table("", "数值", "所在行", "编址")
    for one in figures[:_MOST_LISTED]:
        shown.add(one.shown, one.about, one.address)
    talk.screen.print(drawn(shown, talk.language))
    talk.say(f"{len(figures)} figures may be meant: add words, or its value, or give one by its address")


def print_explanation(talk: Talk, explanation: Explanation, folder: Path) -> None:
    """Print where a figure comes from, one thing a line."""
    for line in _lines(explanation, folder, talk.language):
        talk.say(line)


def _lines(of: Explanation, folder: Path, language: Language) -> Iterator[str]:
    figure = of.figure
    yield f"{_called(of.name, figure.column, language)} = {figure.shown or '–'}"
    yield f"  {figure.about}"
    yield f"Exact value: {of.exact or '–'}"
    yield f"Where it stands: row {figure.row} of build/{figure.table}.csv ({of.analysis}), address {figure.address}"
    if of.formula:
        yield f"Formula: {said(of.formula, language)}"
    if of.numerator:
        yield f"Numerator: {said(of.numerator, language)}" + (f" = {of.numerator_shown}" if of.numerator_shown else "")
    if of.denominator:
        yield f"Denominator: {said(of.denominator, language)}" + (
            f" = {of.denominator_shown}" if of.denominator_shown else ""
        )
    if of.limit_m:
        yield f"Limit: {of.limit_m} m"
    if of.source:
        yield f"Clause: {said(of.source, language)}"
        yield f"How far verified: {_STANDINGS[of.standing]}"
    yield "The whole row:"
    for column, heading, value in of.row:
        yield f"  {_called(heading, column, language)} = {said(value, language)}"
    if of.notes:
        yield "What the figures rest on"
        yield from (f"  · {note_said(note, language)}" for note in of.notes)
    yield "Layers:"
    for one in of.inputs:
        rows = f"{one.n_rows} rows" if one.n_rows is not None else "read by tile"
        yield f"  {one.title} {one.reference}: {rows}, {one.publisher}, {one.as_of}"
        yield from (f"    {digest}  {name}" for name, digest in one.files.items())
    yield "Declarations:"
    yield from (f"  {digest}  {name}" for name, digest in of.declarations.items())
    yield f"Computed by: {of.command}; to check it: qyp run {folder}, then qyp explain {figure.address} {folder}"


def _called(heading: str, column: str, language: Language) -> str:
    """Return what a column is called; where its heading is Chinese alone, an English reader has its name in Parquet."""
    called = said(heading, language)
    return column if language == "en" and called == heading else called
