"""Figures in another unit than square metres and metres, told by what is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.errors import Problem
from qyp_geo.frames import LayerData

_FOOT_M: Final = 0.3048
_AREAS: Final = {
    "square feet": _FOOT_M**2,
    "mu (亩)": 10_000.0 / 15.0,
    "hectares (公顷)": 10_000.0,
    "square kilometres": 1e6,
}
_LIKE: Final = 0.3  # of the unit, to either side
_MOST: Final = 0.6
_FEWEST_AREAS: Final = 5
_FEWEST_BUILDINGS: Final = 50
_FRONT_M: Final = 60.0
_IN_THE_STREET: Final = 0.15
_HARDLY_ANY: Final = 0.05
Floats = npt.NDArray[np.float64]


def doubt_measures(layers: Mapping[str, LayerData]) -> Iterator[Problem]:
    """Tell of areas and widths that fit what is drawn only in another unit.

    Areas are held against the outlines (floor areas against outline times storeys), widths of streets against the buildings
    beside them, few of which stand in a street.

    Parameters
    ----------
    layers
        The layers as read, by reference.
    """
    for reference, layer in layers.items():
        yield from _areas(reference, layer)
    homes = [layer.frame.geometry.to_numpy() for layer in layers.values() if layer.record.kind == "residents"]
    buildings = np.concatenate([np.empty(0, dtype=object), *homes])
    buildings = buildings[shapely.get_dimensions(buildings) == 2]
    for reference, layer in layers.items():
        if layer.record.kind == "streets" and "width_m" in layer.record.columns:
            yield from _widths(reference, layer.frame, buildings)


def _areas(reference: str, layer: LayerData) -> Iterator[Problem]:
    frame = layer.frame
    ground = pd.Series(shapely.area(frame.geometry.to_numpy()), index=frame.index)
    drawn = {"area_m2": ground, "land_m2": ground}
    if "levels" in frame:
        drawn["floor_m2"] = ground * frame["levels"]
    for column, outline_m2 in drawn.items():
        if column not in layer.record.columns or column not in frame:
            continue
        stated = frame[column]
        both = (stated > 0) & (outline_m2 > 0)
        unit = _unit_of((outline_m2[both] / stated[both]).to_numpy(dtype=float))
        if unit:
            yield Problem(
                f"{reference}.toml",
                f"columns.{column}",
                f"fits the outlines only if the figures are {unit}: as square metres they sum to {stated[both].sum():,.6g}, "
                f"the outlines to {outline_m2[both].sum():,.6g}",
                layer.record.columns[column],
                "Give square metres",
                severity="warning",
                check="area_unit",
            )


def _unit_of(m2_each: Floats) -> str:
    """The unit that most figures are in, by how many square metres are drawn for each; empty where none fits."""
    if len(m2_each) < _FEWEST_AREAS:
        return ""
    for unit, m2 in _AREAS.items():
        if (np.abs(m2_each / m2 - 1.0) <= _LIKE).mean() >= _MOST:
            return unit
    return ""


def _widths(reference: str, streets: gpd.GeoDataFrame, buildings: npt.NDArray[Any]) -> Iterator[Problem]:
    stated = streets[streets["width_m"] > 0]
    if stated.empty or not len(buildings):
        return
    tree = shapely.STRtree(stated.geometry.to_numpy())
    (_, street), away_m = tree.query_nearest(buildings, max_distance=_FRONT_M, return_distance=True, all_matches=False)
    half_m = stated["width_m"].to_numpy(dtype=float)[street] / 2.0
    if len(away_m) < _FEWEST_BUILDINGS:
        return
    in_street, if_feet = (away_m < half_m).mean(), (away_m < half_m * _FOOT_M).mean()
    if in_street >= _IN_THE_STREET and if_feet <= _HARDLY_ANY:
        yield Problem(
            f"{reference}.toml",
            "columns.width_m",
            f"fits the buildings only if the figures are feet: as metres {in_street:.0%} of the buildings beside these streets "
            f"stand in them, as feet {if_feet:.0%}",
            f"the median is {stated['width_m'].median():g}",
            "Give metres",
            severity="warning",
            check="width_unit",
        )
