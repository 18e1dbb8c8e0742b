"""Streets that are drawn, but not joined: without vertices where they cross, cut off at the boundary, in several pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.declarations import Walk
from qyp_geo.errors import NetworkError, Problem
from qyp_geo.frames import LayerData
from qyp_geo.network import WalkNetwork

_FEWEST_CROSSINGS: Final = 10
_UNJOINED: Final = 0.4  # of all places where streets meet; a city whose bridges are not tagged has a fifth
_FEWEST_EDGES: Final = 100
_AT_BOUNDARY_M: Final = 5.0  # to either side
_FEWEST_CUT: Final = 5
_CUT: Final = 0.5  # of the streets that reach the boundary
_STEP_M: Final = 200.0
_BESIDE_M: Final = 300.0
_LESS: Final = 0.25  # of what is near a street within the boundary
_APART: Final = frozenset({"", "no", "0"})


def doubt_streets(layers: Mapping[str, LayerData], *, boundary: str, margin_m: float) -> Iterator[Problem]:
    """Tell of streets that do not carry walks as they seem to.

    Parameters
    ----------
    layers
        The layers as read, by reference.
    boundary
        The reference of the boundary layer.
    margin_m
        How far beyond it streets are to be.
    """
    residents = {reference: layer for reference, layer in layers.items() if layer.record.kind == "residents"}
    area = shapely.union_all(layers[boundary].frame.geometry.to_numpy()) if boundary in layers else None
    for reference, layer in layers.items():
        if layer.record.kind != "streets":
            continue
        rules = layer.record.walk or Walk()
        walked = layer.frame[layer.frame["walkable"].astype(bool)]
        try:
            net = WalkNetwork.from_lines(walked, node_crossings=rules.node_crossings)
        except NetworkError as error:
            yield Problem(f"{reference}.toml", "", "holds no network that can be walked", remedy=str(error))
            continue
        yield from _unnoded(reference, net, walked)
        if area is not None and net.n_edges >= _FEWEST_EDGES:
            yield from _cut(reference, net, area, margin_m)
        yield from _pieces(reference, net, residents)


def _unnoded(reference: str, net: WalkNetwork, walked: gpd.GeoDataFrame) -> Iterator[Problem]:
    """Tell of streets that cross without a common vertex, other than on bridges and in tunnels."""
    crossings = net.crossings
    passes = pd.Series(walked["bridge"].isin(_APART) & walked["tunnel"].isin(_APART), index=walked.index)
    layer = walked["layer"].replace("", "0")
    one, other = crossings["line"], crossings["other_line"]
    at_grade = (
        passes.loc[one].to_numpy()
        & passes.loc[other].to_numpy()
        & (layer.loc[one].to_numpy() == layer.loc[other].to_numpy())
    )
    unjoined = int(at_grade.sum()) + len(net.near_misses)
    joined = int((_ends_at(net) >= 3).sum())
    if unjoined >= _FEWEST_CROSSINGS and unjoined > _UNJOINED * (joined + unjoined):
        yield Problem(
            f"{reference}.toml",
            "walk.node_crossings",
            f"streets meet without a common vertex in {unjoined} of {joined + unjoined} places, so that nobody can turn there",
            remedy="Set walk.node_crossings = true, or have the lines broken at their crossings in QGIS (v.clean)",
            severity="warning",
            check="unnoded_streets",
        )


def _ends_at(net: WalkNetwork) -> npt.NDArray[np.int64]:
    """How many ends of edges each node has."""
    return np.bincount(net.edges[["u", "v"]].to_numpy().ravel(), minlength=net.n_nodes)


def _cut(reference: str, net: WalkNetwork, area: BaseGeometry, margin_m: float) -> Iterator[Problem]:
    """Tell of streets that end at the boundary, or of a margin without streets."""
    shapes = net.edges.geometry.to_numpy()
    reach, go_on = (_crossing(shapes, area.buffer(by_m)) for by_m in (-_AT_BOUNDARY_M, _AT_BOUNDARY_M))
    remedy = f"Give streets up to {margin_m:,.0f} m beyond the boundary: residents walk out of the district"
    if reach >= _FEWEST_CUT and go_on < (1.0 - _CUT) * reach:
        yield Problem(
            f"{reference}.toml",
            "source",
            f"{reach} streets reach the boundary, and {go_on} go on beyond it",
            remedy=remedy,
            severity="warning",
            check="streets_cut_at_border",
        )
        return
    tree = shapely.STRtree(shapes)
    within, beyond = (_near_streets(area.buffer(by_m), tree) for by_m in (-margin_m / 2.0, margin_m / 2.0))
    if margin_m >= _BESIDE_M and beyond < _LESS * within:
        yield Problem(
            f"{reference}.toml",
            "source",
            f"the margin is without streets: {margin_m / 2.0:,.0f} m beyond the boundary {beyond:.0%} of all places are near "
            f"one, as far within {within:.0%}",
            remedy=remedy,
            severity="warning",
            check="streets_cut_at_border",
        )


def _crossing(shapes: npt.NDArray[np.object_], area: BaseGeometry) -> int:
    """In how many places streets cross an outline; what runs along it does not."""
    met = shapely.get_parts(shapely.intersection(shapes, shapely.boundary(area)))
    return int((shapely.get_dimensions(shapely.get_parts(met)) == 0).sum())


def _near_streets(area: BaseGeometry, tree: shapely.STRtree) -> float:
    """The share of places along an outline that have a street nearby."""
    outline: Any = shapely.boundary(area)
    if outline.is_empty:
        return 0.0
    places = shapely.line_interpolate_point(outline, np.arange(0.0, outline.length, _STEP_M))
    near = tree.query(places, predicate="dwithin", distance=_BESIDE_M)[0]
    return len(np.unique(near)) / len(places)


def _pieces(reference: str, net: WalkNetwork, residents: Mapping[str, LayerData]) -> Iterator[Problem]:
    """Tell of the components of a street network, and of the people on the smaller ones."""
    pieces = net.components
    if len(pieces) == 1:
        return
    total_m = float(pieces["length_m"].sum())
    largest = f"{float(pieces['length_m'].iloc[0]) / total_m:.1%} of {total_m / 1000:,.1f} km"
    yield Problem(
        f"{reference}.toml",
        "",
        f"the walking network is in {len(pieces)} pieces: the largest holds {largest}",
        remedy="Lines are joined where they share a vertex; set walk.node_crossings = true if they cross without one",
        severity="warning",
    )
    for other, layer in residents.items():
        inside = layer.frame[layer.frame["inside"].astype(bool)]
        doors = gpd.GeoDataFrame(geometry=inside.centroid, crs=inside.crs)
        if doors.empty:
            continue
        piece = net.component_of(net.snap(doors))
        cut_off = inside.loc[piece.index[piece > 0]]
        if len(cut_off):
            yield Problem(
                f"{other}.toml",
                "",
                f"{cut_off['people'].sum():,.0f} people in {len(cut_off)} places live on the smaller pieces of {reference}",
                given=f"{cut_off['people'].sum() / max(inside['people'].sum(), 1.0):.1%} of the people",
                remedy="They reach only what lies on their piece: mend the streets where they are not joined",
                severity="warning",
                check="island",
            )
