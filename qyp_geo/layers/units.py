"""Administrative units: two levels, each a partition of the district."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.declarations import Layer
from qyp_geo.errors import did_you_mean
from qyp_geo.layers.kinds import LEVELS, LEVELS_BESIDE, TOWNSHIP_LEVELS
from qyp_geo.layers.placing import Area
from qyp_geo.layers.report import Report

_LEAST_M2: Final = 1.0  # less is the rounding of coordinates
_NAMED: Final = 5


def check_units(frame: gpd.GeoDataFrame, layer: Layer, *, area: Area | None, report: Report) -> None:
    """Tell of levels that are none, codes given twice, units whose township does not exist, and levels that do not partition.

    Parameters
    ----------
    frame
        Canonical units, in metres.
    layer
        Names the columns.
    area
        The district that each level must cover once.
    report
        Is told what is wrong; overlaps, holes and what reaches out of the district are warnings, with their square metres.
    """
    code, level, parent = (layer.columns.get(key, key) for key in ("code", "level", "parent"))
    for word in dict.fromkeys(frame["level"]):
        if word not in LEVELS:
            report.rows(
                frame.index[frame["level"] == word],
                "not a known level",
                column=level,
                given=[word],
                remedy=did_you_mean(word, LEVELS),
            )
    report.rows(frame.index[frame["code"] == ""], "no code", column=code)
    twice = frame["code"].duplicated(keep=False) & (frame["code"] != "")
    report.rows(frame.index[twice], "duplicate code", column=code, given=frame.loc[twice, "code"])
    townships = frame.loc[frame["level"].isin(TOWNSHIP_LEVELS), "code"]
    orphans = ~frame["level"].isin(TOWNSHIP_LEVELS) & ~frame["parent"].isin(townships) & (frame["parent"] != "")
    report.rows(
        frame.index[orphans],
        "part of a unit that does not exist",
        column=parent,
        given=frame.loc[orphans, "parent"],
        remedy=did_you_mean(str(frame.loc[orphans, "parent"].iloc[0]), townships) if orphans.any() else "",
    )
    for title, levels in LEVELS_BESIDE.items():
        units = frame[frame["level"].isin(levels)]
        if len(units):
            _tell_overlaps(units, title, report)
            if area is not None:
                _tell_cover(units, title, area.shape, report)


def _tell_overlaps(units: gpd.GeoDataFrame, title: str, report: Report) -> None:
    """Tell of ground that two units of a level claim."""
    shapes, names = units.geometry.to_numpy(), units["name"].to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared_m2 = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    order = np.argsort(-shared_m2, kind="stable")
    told = [(f"{names[one[n]]} and {names[other[n]]}", shared_m2[n]) for n in order if shared_m2[n] > _LEAST_M2]
    _tell(f"units of level {title} overlap", told, "Each place belongs to one unit: mend the outlines", report)


def _tell_cover(units: gpd.GeoDataFrame, title: str, district: BaseGeometry, report: Report) -> None:
    """Tell of ground of the district that no unit claims, and of what units claim beyond it."""
    covered = shapely.union_all(units.geometry.to_numpy())
    for what, left, remedy in (
        ("units of level {} leave holes", shapely.difference(district, covered), "Draw the missing units"),
        ("units of level {} reach out of the district", shapely.difference(covered, district), "Check the boundary"),
    ):
        parts = sorted(shapely.get_parts(left), key=shapely.area, reverse=True)
        told = [
            (f"at {part.representative_point().x:.0f}, {part.representative_point().y:.0f}", part.area)
            for part in parts
            if part.area > _LEAST_M2
        ]
        _tell(what.format(title), told, remedy, report)


def _tell(what: str, places: list[tuple[str, float]], remedy: str, report: Report) -> None:
    if places:
        named = ", ".join(f"{place} {m2:,.0f} m²" for place, m2 in places[:_NAMED])
        more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
        total_m2 = sum(m2 for _, m2 in places)
        report.whole(f"{what}, {total_m2:,.0f} m² in all: {named}{more}", remedy=remedy, severity="warning")
