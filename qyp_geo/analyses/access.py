"""How demand and facilities stand on the network.

A demand unit walks from one point (of a polygon the centroid), straight to its street. A facility has accesses: positions along
streets, with metres already walked.

- A point is reached from its street, straight.
- A polygon with gates is reached at its gates.
- An unwalled polygon without gates is reached wherever a walkable street runs within ``touch_m`` of it: one leaves the street
  there and walks straight to the polygon. Of the infinitely many places to leave it, two kinds suffice. Going on along a street
  by ``d`` metres shortens the straight leg by ``d`` at most; so who comes from outside that zone does best to leave the street
  where it crosses the zone's outline, and who joins the street inside it does best to leave it right there. These accesses are
  exact, nothing is sampled.
- How a walled polygon without gates is entered is not known, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.frames import LayerData
from qyp_geo.network import Positions, WalkNetwork
from qyp_geo.network.exact import to_units
from qyp_geo.standards import kinds

GATE_REACH_M: Final = 1.0
"""A gate that names no facility belongs to the polygons whose boundary it lies within this of."""
_ARC_SEGMENTS: Final = 32
"""Segments of a quarter circle where a zone turns a corner: a zone of 10 m is then nowhere less than 9.997 m."""

NO_GATES: Final = "有围墙而无出入口数据"
NO_STREET: Final = "近旁无可步行道路"

Numbers = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Facilities:
    """Existing facilities of several layers, and where they are reached.

    Attributes
    ----------
    table
        One row per facility, numbered from 0 in the order of the layers: ``layer`` (reference), ``id``, ``name``, ``kind``,
        ``area_m2``, ``doubt`` (why its access is not known, else empty), geometry.
    at
        The accesses of each, by its number; none where there is a doubt.
    """

    table: gpd.GeoDataFrame
    at: Positions


def demand_points(demand: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the point that each demand unit walks from: the point itself, or the polygon's centroid."""
    return demand.geometry.centroid


def exists(frame: gpd.GeoDataFrame) -> pd.Series:
    """Return which features exist: all of them where a layer says nothing of ``status``."""
    return frame["status"] == "existing" if "status" in frame else pd.Series(data=True, index=frame.index)


def only(at: Positions, owners: Numbers) -> Positions:
    """Return the positions of some owners, given by their place in ``at.labels``, ascending."""
    number = np.full(len(at), -1, np.int32)
    number[owners] = np.arange(len(owners))
    kept = number[at.owner] >= 0
    return replace(
        at,
        labels=at.labels[owners],
        owner=number[at.owner[kept]],
        edge=at.edge[kept],
        along_m=at.along_m[kept],
        off_m=at.off_m[kept],
        xy=at.xy[kept],
    )


def find_facilities(
    refs: Sequence[str],
    layers: Mapping[str, LayerData],
    *,
    net: WalkNetwork,
    demand: Positions,
    max_off_m: float,
) -> Facilities:
    """Gather the existing facilities of some layers and find where they are reached.

    Parameters
    ----------
    refs
        The facility layers.
    layers
        All layers, among them the gates layers that these name.
    net
        The network.
    demand
        Where the demand stands on it, one access each.
    max_off_m
        The farthest that a point or a gate may be from its street.
    """
    table = gpd.GeoDataFrame(pd.concat([_existing(ref, layers[ref]) for ref in refs], ignore_index=True), crs=net.crs)
    is_point = (table.geom_type == "Point").to_numpy()
    gates = pd.concat(
        [_gates(ref, layers, table[(table["layer"] == ref) & ~is_point]) for ref in refs], ignore_index=True
    )
    gated = table.index.isin(gates["facility"])
    walled = table["walled"].to_numpy(dtype=bool) & ~is_point & ~gated

    points = table.loc[is_point, ["geometry"]].assign(facility=np.flatnonzero(is_point))
    entrances = gpd.GeoDataFrame(pd.concat([points, gates], ignore_index=True), crs=net.crs)
    at_entrances = net.snap(entrances, max_off_m=max_off_m, of="facility")
    open_sided = table[~is_point & ~gated & ~walled]
    at = _positions(table.index, at_entrances, _contacts(open_sided, net, demand))

    reached = np.isin(np.arange(len(table)), at.owner)
    table["doubt"] = np.select([reached, walled], ["", NO_GATES], NO_STREET)
    return Facilities(table.drop(columns=["walled", "touch_m"]), at)


def _existing(ref: str, layer: LayerData) -> pd.DataFrame:
    """Return the existing facilities of a layer."""
    frame = layer.frame[exists(layer.frame)]
    walled = layer.record.walled
    return pd.DataFrame(
        {
            "layer": ref,
            "id": frame.index.to_numpy(),
            "name": frame["name"].to_numpy(),
            "kind": frame["kind"].to_numpy(),
            "area_m2": frame["area_m2"].to_numpy(dtype=float) if "area_m2" in frame else np.nan,
            "walled": kinds()[layer.record.kind].walled if walled is None else walled,
            "touch_m": layer.record.touch_m,
            "geometry": frame.geometry.to_numpy(),
        }
    )


def _gates(ref: str, layers: Mapping[str, LayerData], polygons: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the gates of a layer's polygons: ``facility`` (the polygon's number) and the gate's point."""
    gates_ref = layers[ref].record.gates
    if gates_ref is None:
        return gpd.GeoDataFrame({"facility": np.empty(0, int)}, geometry=[], crs=polygons.crs)
    gates = layers[gates_ref].frame
    gates = gates[exists(gates)]
    number = pd.Series(polygons.index, index=polygons["id"])
    named = gates[gates["of"].isin(number.index)]
    unnamed = gates[gates["of"] == ""].geometry.to_numpy()
    polygon, gate = shapely.STRtree(unnamed).query(
        polygons.boundary.to_numpy(), predicate="dwithin", distance=GATE_REACH_M
    )
    return gpd.GeoDataFrame(
        {"facility": [*number[named["of"]], *polygons.index[polygon]]},
        geometry=[*named.geometry, *unnamed[gate]],
        crs=gates.crs,
    )


def _accesses(
    facility: Numbers, edge: Numbers, along_m: npt.ArrayLike, off_m: npt.ArrayLike, xy: npt.ArrayLike
) -> pd.DataFrame:
    """Return accesses one per row; what a `Positions` holds as arrays."""
    x, y = np.asarray(xy).reshape(-1, 2).T
    return pd.DataFrame({"facility": facility, "edge": edge, "along_m": along_m, "off_m": off_m, "x": x, "y": y})


def _contacts(polygons: gpd.GeoDataFrame, net: WalkNetwork, demand: Positions) -> pd.DataFrame:
    """Return the accesses of unwalled polygons without gates."""
    number = polygons.index.to_numpy()
    shapes = polygons.geometry.to_numpy()
    zones = polygons.buffer(polygons["touch_m"], quad_segs=_ARC_SEGMENTS).to_numpy()
    lines = net.edges.geometry.to_numpy()
    length_m = net.edges["length_m"].to_numpy()

    zone, edge = shapely.STRtree(lines).query(zones, predicate="intersects")
    xy, pair = shapely.get_coordinates(
        shapely.intersection(lines[edge], shapely.boundary(zones[zone])), return_index=True
    )
    zone, edge, crossing = zone[pair], edge[pair], shapely.points(xy)
    along_m = np.minimum(to_units(shapely.line_locate_point(lines[edge], crossing)), length_m[edge])
    from_outside = _accesses(number[zone], edge, along_m, to_units(shapely.distance(crossing, shapes[zone])), xy)

    joins = demand.points.to_numpy()
    zone, join = shapely.STRtree(joins).query(zones, predicate="intersects")
    legs_m = to_units(shapely.distance(joins[join], shapes[zone]))
    from_inside = _accesses(number[zone], demand.edge[join], demand.along_m[join], legs_m, demand.xy[join])
    return pd.concat([from_outside, from_inside], ignore_index=True)


def _positions(labels: pd.Index, snapped: Positions, more: pd.DataFrame) -> Positions:
    """Return positions of the labelled facilities: those at points and gates as snapped, and more accesses of others."""
    owner = snapped.labels.to_numpy(dtype=int)[snapped.owner]
    at_points = _accesses(owner, snapped.edge, snapped.along_m, snapped.off_m, snapped.xy)
    rows = pd.concat([at_points, more], ignore_index=True).sort_values("facility", kind="stable")
    return replace(
        snapped,
        labels=labels,
        owner=rows["facility"].to_numpy(np.int32),
        edge=rows["edge"].to_numpy(np.int32),
        along_m=rows["along_m"].to_numpy(),
        off_m=rows["off_m"].to_numpy(),
        xy=rows[["x", "y"]].to_numpy(),
    )
