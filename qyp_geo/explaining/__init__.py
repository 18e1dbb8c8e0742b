"""Where a published figure comes from: its row, its formula and clause, what it assumes, and the files beneath it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from qyp_geo.declarations import references
from qyp_geo.explaining.finding import find_figures
from qyp_geo.explaining.held import Figure, is_empty, tables_of
from qyp_geo.papers.resting import UNVERIFIED, as_of, layers_beneath
from qyp_geo.record import Run, files_of
from qyp_geo.standards.profiles import stated_rules
from qyp_geo.tables import heading

__all__ = ["Explanation", "Figure", "Input", "Standing", "explain", "find_figures"]

Standing = Literal["verified", "unverified", "own", "other", "none"]
_OWN: Final = "自定口径"


@dataclass(frozen=True, slots=True)
class Input:
    """A layer that a figure rests on.

    Attributes
    ----------
    files
        Its declaration and its data with the SHA-256 of each, by path in the district folder.
    n_rows
        How many rows of it were read; None for a layer that is read by tile.
    """

    reference: str
    title: str
    publisher: str
    as_of: str
    n_rows: int | None
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a figure comes from.

    Attributes
    ----------
    name
        What the figure is called, and of which analysis it is.
    exact
        The value that the CSV rounds, as Parquet holds it.
    formula, numerator, denominator
        In words, as 指标口径 of the workbook has them; empty for a column that is no measure.
    numerator_shown, denominator_shown
        What stands in the same row for them; empty where no column holds it.
    limit_m
        The walk that is judged, as shown; empty where none is.
    source
        The clause, or 自定口径, or what else the row rests on.
    standing
        How far that was held against the official text; ``other`` where it is no clause of a standard.
    row
        The whole row: column, heading and value of each cell that holds anything.
    notes
        The assumptions of the analysis and of the layers beneath it.
    declarations
        Declarations and local standards with the SHA-256 of each.
    command
        What computes it again.
    """

    figure: Figure
    name: str
    analysis: str
    exact: str
    formula: str
    numerator: str
    numerator_shown: str
    denominator: str
    denominator_shown: str
    limit_m: str
    source: str
    standing: Standing
    row: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    inputs: tuple[Input, ...]
    declarations: Mapping[str, str]
    command: str


def explain(run: Run, figure: Figure) -> Explanation:
    """Return where a figure comes from.

    Parameters
    ----------
    run
        The last run, as `qyp_geo.built.open_build` opens it: that refuses what is older than its inputs.
    figure
        One that `find_figures` returned.
    """
    table = next(one for one in tables_of(run) if one.name == figure.table)
    row = figure.row - 2
    measure = table.measures().get(figure.column, {})
    said = {str(name): table.shown(row, str(name)) for name in table.read.columns}
    source = said.get("source") or measure.get("source", "")
    recorded = json.loads((run.project.folder / "build" / "run.json").read_text(encoding="utf-8"))
    hashes: Mapping[str, str] = recorded["inputs"]
    layers = layers_beneath(run, table.reference)
    notes = [*run.results[table.reference].notes, *(note for ref in layers for note in run.notes.get(ref, ()))]
    inputs = tuple(_input(run, reference, hashes) for reference in layers)
    of_layers = {name for one in inputs for name in one.files}
    declared = {f"{reference}.toml" for reference in _analyses_beneath(run, table.reference)} | {"layers/district.toml"}
    return Explanation(
        figure=figure,
        name=measure.get("name") or heading(figure.column),
        analysis=table.title,
        exact=_exact(table.exact[figure.column].iloc[row]),
        formula=measure.get("formula", ""),
        numerator=measure.get("numerator", ""),
        numerator_shown=_value_of(measure.get("numerator", ""), said),
        denominator=measure.get("denominator", ""),
        denominator_shown=_value_of(measure.get("denominator", ""), said),
        limit_m=said.get("limit_m", ""),
        source=source,
        standing=_standing(source, run.project.folder / "analyses" / "standards"),
        row=tuple((name, heading(name), value) for name, value in said.items() if value),
        notes=tuple(dict.fromkeys(notes)),
        inputs=inputs,
        declarations={
            name: digest
            for name, digest in hashes.items()
            if name not in of_layers and (name in declared or name.startswith("analyses/standards/"))
        },
        command=recorded["command"],
    )


def _input(run: Run, reference: str, hashes: Mapping[str, str]) -> Input:
    layer, read = run.project.layers[reference], run.layers.get(reference)
    of_table = {layer.source.shown: read.digest} if read is not None and read.digest else {}
    return Input(
        reference,
        layer.title,
        layer.provenance.publisher,
        as_of(layer).isoformat(),
        len(read.frame) if read is not None else None,
        {name: hashes[name] for name in sorted(files_of(reference, layer, hashes) & hashes.keys())} | of_table,
    )


def _analyses_beneath(run: Run, reference: str) -> set[str]:
    found, waiting = set(), [reference]
    while waiting:
        here = waiting.pop()
        if here in run.project.analyses and here not in found:
            found.add(here)
            record = run.project.analyses[here]
            waiting += [ref for _, ref in references(type(record), record.model_dump())]
    return found


def _standing(source: str, standards: Path) -> Standing:
    if UNVERIFIED in source:
        return "unverified"
    if not source:
        return "none"
    if source == _OWN:
        return "own"
    # A plan, the data or "as each row says" is no standard, and nobody held that against one.
    cited = any(source.startswith(rule.code) for _, rule in stated_rules(standards) if rule.verified)
    return "verified" if cited else "other"


def _value_of(what: str, said: Mapping[str, str]) -> str:
    """Return what a row says of a numerator or a denominator: that of the column whose heading begins its description."""
    name = re.split("[:;]", what)[0]
    for bare in (name, name.partition("(")[0]):
        for column, value in said.items():
            if heading(column) == bare:
                return value
    return ""


def _exact(value: object) -> str:
    return "" if is_empty(value) else str(value)
