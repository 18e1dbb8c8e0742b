"""Layers of another part of the city: near enough to be kept, but none of it in the district."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import shapely

from qyp_geo.errors import Problem
from qyp_geo.frames import LayerData
from qyp_geo.layers.kinds import STRUCTURES

_BY_CHANCE: Final = 0.001
_LIES_ANYWHERE: Final = frozenset({"residents", "estates", "zones", "units", "candidates", "landuse"})  # and facilities


def doubt_places(layers: Mapping[str, LayerData], *, boundary: str, margin_m: float) -> Iterator[Problem]:
    """Tell of layers of which all lies in the margin, and nothing in the district.

    That nothing lies inside is told where it is unlikely: less than 1 in 1,000 if things lay anywhere in the district and its
    margin.

    Parameters
    ----------
    layers
        The layers as read, by reference.
    boundary
        The reference of the boundary layer.
    margin_m
        How far beyond it things are kept.
    """
    if boundary not in layers:
        return
    area = shapely.union_all(layers[boundary].frame.geometry.to_numpy())
    shapely.prepare(area)
    outside = 1.0 - area.area / area.buffer(margin_m).area
    for reference, layer in layers.items():
        kind, shapes = layer.record.kind, layer.frame.geometry.to_numpy()
        if (
            not len(shapes)
            or (kind in STRUCTURES and kind not in _LIES_ANYWHERE)
            or outside ** len(shapes) > _BY_CHANCE
        ):
            continue
        if not shapely.intersects(area, shapes).any():
            yield Problem(
                f"{reference}.toml",
                "source",
                f"none of its {len(shapes)} things lies in the district, all in the margin of {margin_m:,.0f} m",
                layer.record.source.shown,
                "Check whether this is the file of this district",
                severity="warning",
                check="wrong_place",
            )
