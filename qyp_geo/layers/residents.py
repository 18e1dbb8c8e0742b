"""How many people live where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from qyp_geo.declarations import Layer
from qyp_geo.layers.placing import Area
from qyp_geo.layers.population import spread_totals
from qyp_geo.layers.report import Report

_DWELLINGS: Final = frozenset(
    {"residential", "apartments", "house", "dormitory", "detached", "semidetached_house", "terrace", "bungalow"}
)
_OTHER_USES: Final = (
    "amenity", "shop", "office", "tourism", "leisure", "healthcare", "craft", "industrial", "man_made", "railway",
    "public_transport", "aeroway", "military", "power", "religion", "sport", "government", "emergency", "historic",
)  # fmt: skip


def is_dwelling(tags: Mapping[str, str]) -> bool:
    """Whether an OSM building counts as lived in: by its value, or `yes` without any other use."""
    building = tags.get("building")
    return building in _DWELLINGS or (building == "yes" and not any(key in tags for key in _OTHER_USES))


def with_people(
    frame: gpd.GeoDataFrame, layer: Layer, *, area: Area | None, units: gpd.GeoDataFrame | None, report: Report
) -> gpd.GeoDataFrame:
    """Count the people of each place: from the file, else from the total of its unit, else from its floor area.

    Parameters
    ----------
    frame
        Canonical residents, in metres.
    layer
        Its `people` says how many square metres of floor a person has, its `population` who is counted.
    area
        The district: only who lives inside it counts.
    units
        The layer that `population.totals` names.
    report
        Is told of places without people; its notes get the assumptions.

    Returns
    -------
    GeoDataFrame
        With `people`, `inside`, `estimated` (from floor area, or so declared) and `spread` (a share of a unit's total).
    """
    rule, population = layer.people, layer.population
    if "people" not in layer.columns and frame["people"].isna().all() and rule is None and units is None:
        if population is None or population.totals is None:  # else its units are not there, and that is told
            report.declared(
                "people",
                "is missing: the file gives no number of residents",
                remedy="Declare columns.people, [population] with totals to spread, or [people] with m2_per_person to estimate",
            )
        return frame
    ground = frame.area.where(shapely.get_dimensions(frame.geometry.to_numpy()) == 2)  # NaN for points
    no_levels = frame["levels"].isna() | (frame["levels"] <= 0)
    default_levels = rule.default_levels if rule is not None else 1
    floor = frame["floor_m2"].fillna(ground * frame["levels"].mask(no_levels, default_levels))
    unknown = frame["people"].isna()
    countable = unknown & floor.notna() & (rule is not None or units is not None)
    lost = unknown & ~countable
    if lost.any() and not report.typed:
        report.rows(frame.index[lost], "no outline to count people by, left out", severity="warning")
        return with_people(frame[~lost], layer, area=area, units=units, report=report)
    report.rows(
        frame.index[lost],
        "no number of people",
        column=layer.columns.get("people", ""),
        remedy="Fill it (0 where nobody lives), or give the building's outline or floor area and declare [people]",
    )
    inside = shapely.intersects(area.shape, frame.centroid.to_numpy()) if area is not None else True
    frame = frame.assign(inside=inside)
    people, spread = frame["people"], countable & False
    if population is None:
        report.note("人口口径未声明")
    else:
        report.note(f"人口口径:{population.base}人口,{population.year} 年,{population.source}")
        if units is not None:
            shares = spread_totals(people, floor, units, places=frame, population=population, report=report)
            people, spread = people.fillna(shares), pd.Series(frame.index.isin(shares.index), index=frame.index)
            report.note(
                f"{len(shares)} 处人口由{population.level}总数按居住建筑面积摊分(均摊),各总数不变"
                + _assumed(spread & no_levels & frame["floor_m2"].isna(), default_levels)
            )
    estimated = countable & ~spread
    if rule is not None:
        people = people.mask(estimated, floor * (rule.occupancy or 1.0) / rule.m2_per_person)
        if estimated.any():
            lived_in = "未声明,按 100%" if rule.occupancy is None else f"{rule.occupancy:.0%}"
            report.note(
                f"人口为估算:{int(estimated.sum())} 处按 基底面积 × 层数 ÷ {rule.m2_per_person:g} ㎡/人(入住率{lived_in})"
                + _assumed(estimated & no_levels & frame["floor_m2"].isna(), default_levels)
            )
    else:
        people = people.mask(estimated, 0.0)  # in no unit, which is told
    if population is not None and population.base == "估算":
        estimated = estimated | ~unknown
    return frame.assign(people=people, estimated=estimated, spread=spread)


def _assumed(these: pd.Series[bool], levels: int) -> str:
    return f",其中 {int(these.sum())} 处没有层数,按 {levels} 层计"
