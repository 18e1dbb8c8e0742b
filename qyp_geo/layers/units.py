"""Administrative units: two levels, each a partition of the district."""

from __future__ import annotations

import geopandas as gpd

from qyp_geo.declarations import Layer
from qyp_geo.errors import did_you_mean
from qyp_geo.layers.kinds import LEVELS, TOWNSHIP_LEVELS
from qyp_geo.layers.report import Report


def check_units(frame: gpd.GeoDataFrame, layer: Layer, report: Report) -> None:
    """Tell of levels that are none, codes given twice, and units whose township unit does not exist."""
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
