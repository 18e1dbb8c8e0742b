"""The figures of a coverage analysis as a page reads them: a few columns per requirement instead of a row per pair."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.maps.network import PARTS, ways_content
from qyp_geo.maps.overlays import plain, table_content
from qyp_geo.maps.pack import Column, Packer

REQUIREMENT: Final = (
    "id",
    "kind",
    "title",
    "circle",
    "limit_m",
    "strict",
    "strength",
    "clause",
    "source",
    "verified",
    "reference",
)
"""The columns of a requirement that pages read."""
_AREA: Final = (
    "level",
    "area",
    "area_name",
    "requirement",
    "people_covered",
    "people_total",
    "people_share",
    "people_within_radius",
    "radius_share",
    "people_critical",
    "people_uncertain",
    "verdict",
)
_HEADLINE: Final = (
    "level",
    "area",
    "area_name",
    "set",
    "n_items",
    "n_items_with_data",
    "mean_reached",
    "all_reached_share",
)
NOTHING: Final = -1
"""Stands for no walk, no facility, and a requirement that was not asked of a unit."""


def coverage_content(result: Result, units: pd.Index, packer: Packer) -> dict[str, object]:
    """Return a coverage analysis as the page reads it.

    Parameters
    ----------
    result
        The analysis.
    units
        Ids of its demand units in the order of the page.
    packer
        Takes per requirement, one number per unit: ``walk`` (whole metres **rounded up**, so that a figure shown never
        contradicts its verdict), ``nearest`` (the row of ``facilities``), ``verdict`` (the row of ``verdicts``), ``covered``;
        where the analysis tells them, ``fromGate`` and ``radius`` (metres, rounded up too), ``withinRadius`` and ``arterial``.
    """
    requirements = result.parts["requirements"]
    requirements = requirements if "id" in requirements else requirements.reset_index()
    by_unit = result.parts["by_unit"]
    row = units.get_indexer(pd.Index(by_unit["unit"]))
    by_unit, row = by_unit[row >= 0], row[row >= 0]

    # One facility may serve requirements of several kinds, and ids are those of a layer.
    one = [name for name in ("facility_layer", "facility") if name in by_unit]
    facility = by_unit.groupby(["kind", *one], sort=False).ngroup().to_numpy()
    first = by_unit[~pd.Series(facility).duplicated().to_numpy()]
    first = first.assign(owner=first.groupby(one, sort=False).ngroup())
    facility = np.where(by_unit["facility"] == "", NOTHING, facility)
    verdict, words = pd.factorize(by_unit["verdict"])
    rows_of = by_unit.reset_index(drop=True).groupby("requirement", sort=False).indices

    def columns(values: np.ndarray) -> list[Column]:
        packed = []
        for requirement in requirements["id"]:
            at = rows_of.get(requirement, np.empty(0, dtype=np.intp))
            column = np.full(len(units), NOTHING, dtype=np.int64)
            column[row[at]] = values[at]
            packed.append(packer.column(column))
        return packed

    packed = {
        "walk": columns(_rounded_up(by_unit["walk_m"])),
        "nearest": columns(facility),
        "verdict": columns(verdict),
        "covered": columns(_truths(by_unit["covered"])),
    }
    for name, column, whole in (
        ("fromGate", "walk_from_gate_m", _rounded_up),
        ("radius", "radius_m", _rounded_up),
        ("withinRadius", "within_radius", _truths),
        ("arterial", "crosses_arterial", _truths),
    ):
        if column in by_unit:
            packed[name] = columns(whole(by_unit[column]))
    content: dict[str, object] = {
        "requirements": table_content(requirements, REQUIREMENT),
        "facilities": table_content(first, ("kind", "facility", "facility_name", "owner")),
        "verdicts": plain(pd.Series(words)),
        **packed,
        "areas": table_content(result.table, _AREA),
    }
    if "headline" in result.parts:
        content["headline"] = table_content(result.parts["headline"], _HEADLINE)
    if result.parts.keys() >= PARTS:
        content["ways"] = ways_content(result, units=units, facilities=first, packer=packer)
    return content


def _rounded_up(metres: pd.Series) -> np.ndarray:
    """Return whole metres, NOTHING where there are none."""
    values = metres.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(values), NOTHING, np.ceil(np.nan_to_num(values))).astype(np.int64)


def _truths(values: pd.Series) -> np.ndarray:
    """Return 1 for true and 0 for false, NOTHING where neither is known."""
    return values.astype("boolean").astype("Int64").to_numpy(dtype=np.int64, na_value=NOTHING)


def members(gaps: Result, *, rows: pd.Index, units: pd.Index, packer: Packer) -> dict[str, Column]:
    """Return which demand units belong to which gap, as pairs of rows of the page.

    Parameters
    ----------
    gaps
        A gaps analysis.
    rows, units
        Ids of the gaps and of the demand units in the order of the page; units that are not on it are left out.
    packer
        Takes both columns.
    """
    pairs = gaps.parts["units"]
    gap, unit = rows.get_indexer(pd.Index(pairs["gap"])), units.get_indexer(pd.Index(pairs["unit"]))
    known = (gap >= 0) & (unit >= 0)
    return {"gap": packer.column(gap[known]), "unit": packer.column(unit[known])}
