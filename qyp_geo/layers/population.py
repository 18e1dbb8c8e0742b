"""Totals of administrative units, spread over the buildings that people live in."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.declarations import Population
from qyp_geo.errors import Severity
from qyp_geo.layers.kinds import LEVELS_BESIDE
from qyp_geo.layers.report import Report

_NAMED: Final = 5
_ROUNDING: Final = 1e-9  # of a total


def spread_totals(
    people: pd.Series[float],
    floor_m2: pd.Series[float],
    units: gpd.GeoDataFrame,
    *,
    places: gpd.GeoDataFrame,
    population: Population,
    report: Report,
) -> pd.Series[float]:
    """Spread the totals of units over the floor of the places in them whose people nobody has counted.

    Parameters
    ----------
    people
        By place: people that the source counts, NaN elsewhere.
    floor_m2
        By place: residential floor area.
    units
        The canonical units, with `people`.
    places
        The places, with `inside`; their centroids lie in units, on a border in the first of official order.
    population
        Names the level whose totals are taken.
    report
        Is told of places in no unit, and of totals that cannot be kept.

    Returns
    -------
    Series
        People by place, for the places that got some of a total. With those that were counted they sum to each unit's total
        (to 1e-9 of it).
    """
    of_level = units[units["level"].isin(LEVELS_BESIDE[population.level])].sort_values("order", kind="stable")
    where = f"{population.totals} ({population.level})"
    if of_level["people"].isna().all():
        report.declared(
            "population.totals",
            f"gives no people of any unit of level {population.level}",
            given=str(population.totals),
            remedy='Declare columns.people in the units layer, or another "level"',
        )
        return people.iloc[:0]
    unit = _unit_of(places, of_level)
    nowhere = people.isna() & (unit < 0) & places["inside"]
    report.rows(
        people.index[nowhere],
        f"in no unit of {where}, so without a share of its total",
        remedy="Mend the outlines of the units; [people] estimates such places from their floor",
        severity="warning",
    )
    counted = people.groupby(unit).sum()
    floor = floor_m2.where(people.isna(), 0.0).fillna(0.0)
    floor_in = floor.groupby(unit).sum()
    total = of_level["people"].to_numpy(dtype=float)
    rest = total - counted.reindex(range(len(total)), fill_value=0.0).to_numpy()
    room = floor_in.reindex(range(len(total)), fill_value=0.0).to_numpy()
    names = of_level["name"].to_numpy()

    over = rest < -_ROUNDING * total
    _tell(
        report, names[over], -rest[over], f"the places counted one by one in units of {where} exceed the total", "error"
    )
    unplaced = ~over & (rest > _ROUNDING * total) & (room == 0.0)
    _tell(report, names[unplaced], rest[unplaced], f"units of {where} have people, but no floor to spread them over")
    untold = np.isnan(total)
    _tell(report, names[untold], room[untold], f"units of {where} have no total; their residential floor, in m²")

    sound = ~(over | unplaced | untold) & (room > 0.0)
    share = people.isna().to_numpy() & (unit >= 0)
    share[share] = sound[unit[share]]
    at = unit[share]
    return pd.Series(rest[at] * (floor.to_numpy()[share] / room[at]), index=people.index[share])


def _unit_of(places: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> npt.NDArray[np.intp]:
    """The position of the unit that each place lies in, -1 in none."""
    unit, place = shapely.STRtree(places.centroid.to_numpy()).query(units.geometry.to_numpy(), predicate="intersects")
    found = np.full(len(places), len(units), dtype=np.intp)
    np.minimum.at(found, place, unit)
    return np.where(found < len(units), found, -1)


def _tell(
    report: Report,
    names: npt.NDArray[np.object_],
    figures: npt.NDArray[np.floating[Any]],
    what: str,
    severity: Severity = "warning",
) -> None:
    if not len(names):
        return
    told = ", ".join(f"{name} {figure:,.0f}" for name, figure in zip(names[:_NAMED], figures, strict=False))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    report.declared(
        "population.totals",
        f"{what}: {told}{more}",
        remedy="Check the totals, and whether all residential buildings are in the layer",
        severity=severity,
    )
