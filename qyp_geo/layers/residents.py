"""How many people live where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import shapely

from qyp_geo.declarations import Layer
from qyp_geo.layers.placing import Area
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


def with_people(frame: gpd.GeoDataFrame, layer: Layer, *, area: Area | None, report: Report) -> gpd.GeoDataFrame:
    """Count the people of each place, from the file, or from floor area where the file gives none.

    Parameters
    ----------
    frame
        Canonical residents, in metres.
    layer
        Its `people` says how many square metres of floor a person has.
    area
        The district: only who lives inside it counts.
    report
        Is told of places without people; its notes get the assumptions.

    Returns
    -------
    GeoDataFrame
        With `people`, `estimated` and `inside`.
    """
    if "people" not in layer.columns and layer.people is None:
        report.declared(
            "people",
            "is missing: the file gives no number of residents",
            remedy="Declare columns.people, or [people] with m2_per_person to estimate from floor area",
        )
        return frame
    ground = frame.area.where(shapely.get_dimensions(frame.geometry.to_numpy()) == 2)  # NaN for points
    unknown = frame["people"].isna()
    estimated = unknown & (ground.notna() | frame["floor_m2"].notna()) & (layer.people is not None)
    lost = unknown & ~estimated
    if lost.any() and not report.typed:
        report.rows(frame.index[lost], "no outline to count people by, left out", severity="warning")
        return with_people(frame[~lost], layer, area=area, report=report)
    report.rows(
        frame.index[lost],
        "no number of people",
        column=layer.columns.get("people", ""),
        remedy="Fill it (0 where nobody lives), or give the building's outline or floor area and declare [people]",
    )
    people = frame["people"]
    if layer.people is not None:
        rule = layer.people
        no_levels = frame["levels"].isna() | (frame["levels"] <= 0)
        floor = frame["floor_m2"].fillna(ground * frame["levels"].mask(no_levels, rule.default_levels))
        people = people.mask(estimated, floor / rule.m2_per_person)
        assumed = estimated & no_levels & frame["floor_m2"].isna()
        if estimated.any():
            report.note(
                f"人口为估算:{int(estimated.sum())} 处按 基底面积 × 层数 ÷ {rule.m2_per_person:g} ㎡/人"
                f",其中 {int(assumed.sum())} 处没有层数,按 {rule.default_levels} 层计"
            )
    inside = shapely.intersects(area.shape, frame.centroid.to_numpy()) if area is not None else True
    return frame.assign(people=people, estimated=estimated, inside=inside)
