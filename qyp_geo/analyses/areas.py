"""Which zones, townships and communities hold which demand units.

A unit belongs where its demand point lies, a point on the border included. Zones may overlap, so a unit may be in several, or
in none (区外). Each level of administrative units is a partition: where two of them claim a point, the first in official order
has it, and the doubt is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from qyp_geo.declarations import District
from qyp_geo.errors import Problem
from qyp_geo.frames import LayerData

OUTSIDE: Final = "区外"
UNASSIGNED: Final = "未落入任何单元"
LEVEL_OF: Final = {"街道": "township", "镇": "township", "集聚区": "township", "社区": "community", "村": "community"}
LEVEL_TITLE: Final = {"township": "街道级", "community": "社区级"}

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas of one or more levels, and the demand units in each.

    Attributes
    ----------
    table
        One row per area: ``level`` (``district``, ``zone``, ``township``, ``community``), ``area`` (id), ``area_name``.
    holds
        Areas × units, 1 where the unit lies in the area.
    """

    table: pd.DataFrame
    holds: sparse.csr_array

    def names_of_units(self, level: str) -> npt.NDArray[np.object_]:
        """Return, per unit, the names of its areas of a level, joined by 、; empty where it is in none."""
        names = np.full(self.holds.shape[1], "", dtype=object)
        named = (self.table["level"] == level) & ~self.table["area"].isin(["", OUTSIDE])
        for place in np.flatnonzero(named):
            units = self.holds.indices[self.holds.indptr[place] : self.holds.indptr[place + 1]]
            name = self.table["area_name"].iloc[place]
            names[units] = [f"{others}、{name}" if others else name for others in names[units]]
        return names


def pairs_within(points: gpd.GeoSeries, polygons: gpd.GeoSeries) -> tuple[Positions, Positions]:
    """Return the positions of every (point, polygon) pair in which the point is inside or on the border."""
    polygon, point = shapely.STRtree(points.to_numpy()).query(polygons.to_numpy(), predicate="intersects")
    order = np.lexsort((polygon, point))
    return point[order], polygon[order]


def find_areas(points: gpd.GeoSeries, layers: Sequence[LayerData], district: District) -> tuple[Areas, list[Problem]]:
    """Return the district, and every zone and administrative unit of the layers, with the demand units that each holds.

    Parameters
    ----------
    points
        Demand points within the district, in its CRS.
    layers
        Layers of kind ``zones`` or ``units``.
    district
        Names the first row, which holds every unit.

    Returns
    -------
    tuple
        The areas in the order district, zones (区外 last), townships, communities; and a warning for each level whose units
        overlap or leave demand out. Demand left out has a row of its own, so that the rows of a level sum to the district.
    """
    everything = np.arange(len(points))
    rows = [("district", district.name, district.title, everything)]
    problems: list[Problem] = []
    zones = [layer for layer in layers if layer.record.kind == "zones"]
    units = [layer for layer in layers if layer.record.kind == "units"]
    for layer in zones:
        point, zone = pairs_within(points, layer.frame.geometry)
        rows += _rows("zone", layer.frame, point, zone)
        rows.append(("zone", OUTSIDE, OUTSIDE, np.setdiff1d(everything, point)))
    for level in LEVEL_TITLE:
        for layer in units:
            found, doubts = _partition(level, points, layer)
            rows += found
            problems += doubts
    indptr = np.cumsum([0, *(len(inside) for *_, inside in rows)])
    indices = np.concatenate([inside for *_, inside in rows])
    holds = sparse.csr_array((np.ones(len(indices)), indices, indptr), shape=(len(rows), len(points)))
    table = pd.DataFrame([row[:3] for row in rows], columns=["level", "area", "area_name"])
    return Areas(table, holds), problems


def _rows(
    level: str, frame: gpd.GeoDataFrame, point: Positions, area: Positions
) -> Iterable[tuple[str, str, str, Positions]]:
    for n, (id_, name) in enumerate(zip(frame.index, frame["name"], strict=True)):
        yield level, str(id_), str(name), np.sort(point[area == n])


def _partition(
    level: str, points: gpd.GeoSeries, layer: LayerData
) -> tuple[list[tuple[str, str, str, Positions]], list[Problem]]:
    """Put each point into one unit of a level."""
    frame = layer.frame[layer.frame["level"].map(LEVEL_OF) == level]
    if frame.empty:
        return [], []
    if "order" in frame:
        frame = frame.sort_values("order", key=pd.to_numeric, kind="stable")
    point, unit = pairs_within(points, frame.geometry)
    first = np.unique(point, return_index=True)[1]
    rows = list(_rows(level, frame, point[first], unit[first]))
    nowhere = np.setdiff1d(np.arange(len(points)), point)
    doubtful = np.unique(point[np.setdiff1d(np.arange(len(point)), first)])
    problems = []
    if len(nowhere):
        rows.append((level, "", UNASSIGNED, nowhere))
        problems.append(_doubt(layer, level, points, nowhere, "in no unit", f"They are counted as {UNASSIGNED}"))
    if len(doubtful):
        problems.append(
            _doubt(layer, level, points, doubtful, "in more than one unit", "The first in official order has them")
        )
    return rows, problems


def _doubt(layer: LayerData, level: str, points: gpd.GeoSeries, which: Positions, what: str, remedy: str) -> Problem:
    named = ", ".join(str(id_) for id_ in points.index[which][:5]) + (", …" if len(which) > 5 else "")
    return Problem(
        layer.record.title,
        LEVEL_TITLE[level],
        f"{len(which)} demand unit(s) lie {what}",
        named,
        remedy,
        severity="warning",
    )
