"""What the figures of a report rest on: method, clauses, data, and what went with them."""

from __future__ import annotations

from typing import Final

import pandas as pd

from qyp_geo.frames import LayerData
from qyp_geo.papers.model import Block, Points, Row, Section, figure, in_words, named, said, tabulate
from qyp_geo.papers.telling import Telling
from qyp_geo.papers.words import Words

_METHOD: Final = (
    "method_two",
    "method_walk",
    "method_covered",
    "method_levels",
    "method_verdicts",
    "method_gates",
    "method_edge",
    "method_people",
    "method_siting",
)
_TOLD_ELSEWHERE: Final = (":位置精度 ",)
"""Notes whose figures have a column of their own in the table of sources."""


def grounds(telling: Telling) -> tuple[Section, ...]:
    """Return the last sections of a report: method, assumptions, standards, sources and warnings."""
    words = telling.words
    sections = [
        Section(words("section_method"), (Points(tuple(words(key) for key in _METHOD)),)),
        Section(words("section_standards"), _standards(telling)),
        Section(words("section_sources"), _sources(telling)),
        Section(words("section_notes"), _notes(telling)),
    ]
    return tuple(section for section in sections if section.blocks)


def asked(telling: Telling) -> pd.DataFrame:
    """Return the requirements of all coverage results, each once."""
    tables = [result.parts["requirements"] for result in telling.run.results.values() if "requirements" in result.parts]
    if not tables:
        return pd.DataFrame(columns=["id", "verified"])
    return pd.concat(tables, ignore_index=True).drop_duplicates(["id", "limit_m", "source"])


def _standards(telling: Telling) -> tuple[Block, ...]:
    words, rules = telling.words, asked(telling)
    if rules.empty:
        return ()
    table = tabulate(
        words,
        words("standards_table"),
        rules,
        {
            "item": lambda row: named(words, row),
            ">limit": lambda row: figure(row["limit_m"]),
            "circle": said("circle"),
            "strength": said("strength"),
            "counts_as": lambda row: _counts_as(words, row),
            "clause": in_words(words, "source"),
            "checked": lambda row: words("checked_yes" if row["verified"] else "checked_no"),
        },
        note=words("standards_note"),
    )
    return (words("standards_lead"), table)


def _counts_as(words: Words, row: Row) -> str:
    if row["reference"]:
        return words("counts_reference")
    return words("counts_yes" if row["counted"] else "counts_as_needed")


def _sources(telling: Telling) -> tuple[Block, ...]:
    words = telling.words
    rows = pd.DataFrame([_source(layer) for layer in telling.run.layers.values()])
    columns = {
        "layer": said("title"),
        ">rows": lambda row: figure(row["rows"]),
        "publisher": said("publisher"),
        "as_of": said("as_of"),
        "retrieved": said("retrieved"),
        "completeness": in_words(words, "completeness"),
        ">accuracy": lambda row: figure(row["accuracy_m"]),
        "secrecy": in_words(words, "secrecy"),
        "licence": said("licence"),
    }
    remarks = tuple(
        f"{note}({words('list_joint').join(of['title'])})"
        for note, of in rows[rows["note"] != ""].groupby("note", sort=False)
    )
    table = tabulate(words, words("sources_table"), rows, columns)
    return (table, words("sources_remarks"), Points(remarks)) if remarks else (table,)


def _source(layer: LayerData) -> dict[str, object]:
    record, provenance = layer.record, layer.record.provenance
    return {
        "title": record.title,
        "rows": len(layer.frame),
        "publisher": provenance.publisher,
        "as_of": provenance.as_of.isoformat() if provenance.as_of else "",
        "retrieved": provenance.retrieved.isoformat(),
        "completeness": provenance.completeness or "",
        "accuracy_m": provenance.accuracy_m if provenance.accuracy_m is not None else float("nan"),
        "secrecy": provenance.secrecy or "",
        "licence": provenance.licence,
        "note": provenance.note,
    }


def _notes(telling: Telling) -> tuple[Block, ...]:
    """The assumptions as the run recorded them, each once, and its warnings."""
    words, run = telling.words, telling.run
    notes = dict.fromkeys(note for said_of in run.notes.values() for note in said_of)
    kept = tuple(note for note in notes if not any(mark in note for mark in _TOLD_ELSEWHERE))
    blocks: list[Block] = [words("notes_lead"), Points(kept)] if kept else []
    if run.warnings:
        blocks += [words("warnings_lead", n=len(run.warnings)), Points(tuple(str(problem) for problem in run.warnings))]
    return tuple(blocks)
