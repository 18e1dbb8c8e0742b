"""The figures of a coverage analysis as a page reads them: a few columns per requirement instead of a row per pair."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from qyp_geo.frames import Result
from qyp_geo.maps.overlays import plain, table_content
from qyp_geo.maps.pack import Column, Packer

_REQUIREMENT: Final = (
    "id",
    "kind",
    "title",
    "circle",
    "limit_m",
    "strength",
    "clause",
    "source",
    "verified",
    "reference",
)
_AREA: Final = (
    "level",
    "area",
    "requirement",
    "people_covered",
    "people_total",
    "people_share",
    "verdict",
)
_HEADLINE: Final = ("level", "area", "set", "n_items", "n_items_with_data", "mean_reached", "all_reached_share")
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
        contradicts its verdict), ``nearest`` (the row of ``facilities``), ``verdict`` (the row of ``verdicts``), ``covered``.
    """
    requirements = result.parts["requirements"]
    requirements = requirements if "id" in requirements else requirements.reset_index()
    by_unit = result.parts["by_unit"]
    row = units.get_indexer(pd.Index(by_unit["unit"]))
    by_unit, row = by_unit[row >= 0], row[row >= 0]

    facility = by_unit.groupby(["kind", "facility"], sort=False).ngroup().to_numpy()
    first = by_unit[~pd.Series(facility).duplicated().to_numpy()]
    facility = np.where(by_unit["facility"] == "", NOTHING, facility)
    verdict, words = pd.factorize(by_unit["verdict"])
    walk_m = by_unit["walk_m"].to_numpy(dtype=np.float64)
    walk_up = np.where(np.isnan(walk_m), NOTHING, np.ceil(np.nan_to_num(walk_m))).astype(np.int64)
    rows_of = by_unit.reset_index(drop=True).groupby("requirement", sort=False).indices

    def columns(values: np.ndarray) -> list[Column]:
        packed = []
        for requirement in requirements["id"]:
            at = rows_of.get(requirement, np.empty(0, dtype=np.intp))
            column = np.full(len(units), NOTHING, dtype=np.int64)
            column[row[at]] = values[at]
            packed.append(packer.column(column))
        return packed

    headline = {"headline": table_content(result.parts["headline"], _HEADLINE)} if "headline" in result.parts else {}
    return {
        **headline,
        "requirements": table_content(requirements, _REQUIREMENT),
        "facilities": table_content(first, ("kind", "facility", "facility_name")),
        "verdicts": plain(pd.Series(words)),
        "walk": columns(walk_up),
        "nearest": columns(facility),
        "verdict": columns(verdict),
        "covered": columns(by_unit["covered"].to_numpy(dtype=np.int64)),
        "areas": table_content(result.table, _AREA),
    }


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
