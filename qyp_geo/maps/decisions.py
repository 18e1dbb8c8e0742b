"""What the analyses that decide something say beside the map: siting, supply, scenarios and the plan, as tables of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.maps.overlays import table_content

_LEVELS: Final = ("district", "township", "zone")
"""The levels that figures by area are told for."""
_AREA: Final = ("level", "area", "area_name")
_TABLES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "siting": {
        "": (
            *("scheme", "name", "sites", "n_sites", "limit_m", "people_gained", "people_before", "people_after"),
            *(
                "people_total",
                "people_share",
                "people_unserved",
                "people_unreachable",
                "people_uncertain",
                "people_differ",
            ),
            *("bound", "gap_share", "best_share", "status", "n_area_ok", "n_households_ok", "cost", "source"),
        ),
        "marginal": (
            *("n_new", "sites", "people_gained", "people_more", "people_after", "people_share", "bound"),
            *("gap_share", "status"),
        ),
        "sensitivity": ("scheme", "limit_m", "people_gained", "people_share", "best_share"),
        "by_area": (*_AREA, "scheme", "people_gained", "people_before", "people_after", "people_total", "people_share"),
    },
    "catchment": {
        "": (
            *("supply", "title", "group", "counts", "counted_in", "method", "limit_m", "limit_source", "facilities"),
            *(
                "supply_total",
                "supply_unused",
                "people_demand",
                "people_basis",
                "demand_source",
                "supply_reached",
                "per_head",
            ),
            *("need_per_head", "needed", "shortage", "people_short", "people_unreached", "verdict", "total_verdict"),
            *("source", "note"),
        ),
        "areas": (*_AREA, "supply", "people_demand", "supply_reached", "per_head", "needed", "shortage", "verdict"),
    },
    "compare": {
        "": (
            *(*_AREA, "requirement", "title", "limit_m", "people_before", "people_after", "people_gaining"),
            *("people_losing", "share_before", "share_after", "points", "facilities_before", "facilities_after"),
        ),
    },
    "plan_targets": {
        "": (
            *("fact_kind", "title", "figure", "base", "target", "by", "now", "measured_in", "as_of", "present"),
            *("verdict", "why", "says", "chapter", "source"),
        ),
        "totals": ("fact_kind", "facts", "figures", "figures_now", "achieved", "not_achieved", "cannot_tell"),
    },
}
"""By kind of analysis: of which parts, "" for its table, which columns travel; those that a part lacks are left out."""


def decisions_content(references: Iterable[str], results: Mapping[str, Result]) -> list[dict[str, object]]:
    """Return the tables of the analyses that a page names, in its order; of other kinds there are none.

    Parameters
    ----------
    references
        What the page names, twice or not: overlays and tables.
    results
        The results by reference.

    Returns
    -------
    list
        Per analysis ``of`` (its reference), ``kind``, ``title``, and ``tables``: by part, "" for the result's own table, the
        columns of the page. Tables by area hold the district, 街道 and zones, and name each area.
    """
    return [
        {
            "of": reference,
            "kind": results[reference].record.kind,
            "title": results[reference].record.title,
            "tables": _tables(results[reference]),
        }
        for reference in dict.fromkeys(references)
        if reference in results and results[reference].record.kind in _TABLES
    ]


def _tables(result: Result) -> dict[str, dict[str, list[object]]]:
    content = {}
    for part, names in _TABLES[result.record.kind].items():
        table = result.parts.get(part) if part else result.table
        if table is not None:
            content[part] = table_content(_by_area(table), names)
    return content


def _by_area(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the areas of other levels."""
    return table[table["level"].isin(_LEVELS)] if "level" in table else table
