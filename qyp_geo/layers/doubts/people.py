"""People in thousands, or thousands taken for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from qyp_geo.errors import Problem
from qyp_geo.frames import LayerData
from qyp_geo.layers.kinds import LEVELS_BESIDE

_TIMES: Final = 30.0  # more cannot be incomplete, or another year
_FEWEST: Final = 20
_FLOOR_M2: Final = (1.5, 2000.0)  # for one person, in most buildings
_LARGEST_BUILDING_M2: Final = 20_000.0  # a larger outline is an estate or a cell of a grid
_PER_KM: Final = (3.0, 100_000.0)  # people for each kilometre of street
_WHOLE: Final = 0.5  # of those who are counted one by one few are fractions


def doubt_people(layers: Mapping[str, LayerData], *, boundary: str) -> Iterator[Problem]:
    """Tell of layers whose people are too few or too many by a thousand.

    They are held against the totals of units, the floor they live on, the streets of the district, and whole numbers. What is
    estimated from floor areas, or so declared, is held against totals and streets only.

    Parameters
    ----------
    layers
        The layers as read, by reference.
    boundary
        The reference of the boundary layer.
    """
    units = [layer.frame for layer in layers.values() if layer.record.kind == "units" and "people" in layer.frame]
    street_km = _street_km(layers, boundary)
    for reference, layer in layers.items():
        if layer.record.kind == "residents" and "inside" in layer.frame:
            frame = layer.frame[layer.frame["people"] > 0]
            inside = frame[frame["inside"].astype(bool)]
            told = (
                next(filter(None, (_by_units(inside, one) for one in units)), "")
                or _by_floor(frame)
                or _by_streets(float(inside["people"].sum()), len(inside), street_km)
                or _by_fractions(frame)
            )
            if told:
                yield Problem(
                    f"{reference}.toml",
                    "columns.people" if "people" in layer.record.columns else "population",
                    told,
                    f"{inside['people'].sum():,.6g} people in {len(inside)} places",
                    "Give people, not thousands or ten thousands (千人、万人) of them",
                    severity="warning",
                    check="people_scale",
                )


def _by_units(places: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> str:
    """Held against the totals of the level that has most of them."""
    levels = [units[units["level"].isin(words) & (units["people"] > 0)] for words in LEVELS_BESIDE.values()]
    of_level = max(levels, key=len)
    unit, place = shapely.STRtree(places.centroid.to_numpy()).query(
        of_level.geometry.to_numpy(), predicate="intersects"
    )
    counted = np.bincount(unit, weights=places["people"].to_numpy(dtype=float)[place], minlength=len(of_level))
    total = of_level["people"].to_numpy(dtype=float)
    ratio = counted[counted > 0] / total[counted > 0]
    if not len(ratio) or 1.0 / _TIMES < np.median(ratio) < _TIMES:
        return ""
    return f"there are {np.median(ratio):,.6g} times as many people as the totals of the units say"


def _by_floor(places: gpd.GeoDataFrame) -> str:
    ground = pd.Series(shapely.area(places.geometry.to_numpy()), index=places.index)
    floor = places["floor_m2"].fillna(ground.where(ground < _LARGEST_BUILDING_M2) * places["levels"].fillna(1.0))
    counted = places[~places["estimated"].astype(bool) & (floor > 0)]
    if len(counted) < _FEWEST:
        return ""
    each_m2 = float((floor[counted.index] / counted["people"]).median())
    least, most = _FLOOR_M2
    if least <= each_m2 <= most:
        return ""
    return f"each person would have {each_m2:,.3g} m² of floor, in the middle of {len(counted)} places"


def _by_streets(people: float, count: int, street_km: float) -> str:
    if count < _FEWEST or street_km < 1.0:
        return ""
    each_km = people / street_km
    fewest, most = _PER_KM
    if fewest <= each_km <= most:
        return ""
    return f"there would be {each_km:,.3g} people for each of the {street_km:,.0f} km of streets that are walked"


def _by_fractions(places: gpd.GeoDataFrame) -> str:
    counted = places.loc[~(places["estimated"] | places["spread"]).astype(bool), "people"].to_numpy(dtype=float)
    fractions = np.abs(counted - np.round(counted)) > 1e-9
    thousandths = np.abs(counted * 1e4 - np.round(counted * 1e4)) < 1e-6
    if len(counted) < _FEWEST or fractions.mean() <= _WHOLE or not thousandths.all():
        return ""
    return f"{fractions.mean():.0%} of {len(counted)} counts are no whole numbers, such as {counted[fractions][0]:g}"


def _street_km(layers: Mapping[str, LayerData], boundary: str) -> float:
    """Kilometres of streets in the district that are walked; 0 where that is not known."""
    if boundary not in layers:
        return 0.0
    area = shapely.union_all(layers[boundary].frame.geometry.to_numpy())
    walked = [
        layer.frame.loc[layer.frame["walkable"].astype(bool)].geometry.to_numpy()
        for layer in layers.values()
        if layer.record.kind == "streets"
    ]
    lines = np.concatenate([np.empty(0, dtype=object), *walked])
    return float(shapely.length(shapely.intersection(lines, area)).sum()) / 1000.0
