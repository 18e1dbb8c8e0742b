"""Where facilities are reached.

A facility has accesses: positions along streets, with metres already walked.

- A point is reached from its street, straight.
- A polygon with gates is reached at its gates.
- An unwalled polygon without gates is reached wherever a walkable street runs within ``touch_m`` of it: one leaves the street
  there and walks straight to the polygon. Of the infinitely many places to leave it, two kinds suffice. Going on along a street
  by ``d`` metres shortens the straight leg by ``d`` at most; so who comes from outside that zone does best to leave the street
  where it crosses the zone's outline, and who joins the street inside it does best to leave it right there. These accesses are
  exact, nothing is sampled.
- How a walled polygon without gates is entered is not known, and nothing is guessed.
- What lies inside a gated estate is reached through the gates of the estate, and directly by who lives there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.analyses.estates import Estates
from qyp_geo.analyses.gates import Numbers, exists, gates_of
from qyp_geo.analyses.standing import Standing
from qyp_geo.frames import LayerData
from qyp_geo.network import Positions, WalkNetwork
from qyp_geo.network.exact import to_units
from qyp_geo.network.kerbs import side_of
from qyp_geo.standards import kinds

__all__ = [
    "CUT_OFF",
    "NO_GATES",
    "NO_STREET",
    "Facilities",
    "Numbers",
    "demand_points",
    "exists",
    "find_facilities",
]

_ARC_SEGMENTS: Final = 32
"""Segments of a quarter circle where a zone turns a corner: a zone of 10 m is then nowhere less than 9.997 m."""

NO_GATES: Final = "有围墙而无出入口数据"
NO_STREET: Final = "近旁无可步行道路"
CUT_OFF: Final = "与道路之间被屏障隔断"


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
    direct
        What residents reach within their own gated estate: ``unit``, ``facility`` (numbers), ``walk_m``.
    """

    table: gpd.GeoDataFrame
    at: Positions
    direct: pd.DataFrame


def demand_points(demand: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the point that each demand unit walks from: the point itself, or the polygon's centroid."""
    return demand.geometry.centroid


def find_facilities(
    refs: Sequence[str], layers: Mapping[str, LayerData], *, standing: Standing, max_off_m: float
) -> Facilities:
    """Gather the existing facilities of some layers and find where they are reached.

    Parameters
    ----------
    refs
        The facility layers.
    layers
        All layers, among them the gates layers that these name.
    standing
        The network, the demand on it, the gated estates and the walls.
    max_off_m
        The farthest that a point or a gate may be from its street.
    """
    net = standing.net
    table = gpd.GeoDataFrame(pd.concat([_existing(ref, layers[ref]) for ref in refs], ignore_index=True), crs=net.crs)
    is_point = (table.geom_type == "Point").to_numpy()
    gates = pd.concat(
        [gates_of(ref, layers, table[(table["layer"] == ref) & ~is_point]) for ref in refs], ignore_index=True
    ).rename(columns={"polygon": "facility"})
    gated = table.index.isin(gates["facility"])
    walled = table["walled"].to_numpy(dtype=bool) & ~is_point & ~gated
    open_sided = ~is_point & ~gated & ~walled

    points = table.loc[is_point, ["geometry"]].assign(facility=np.flatnonzero(is_point))
    entrances = gpd.GeoDataFrame(pd.concat([points, gates], ignore_index=True), crs=net.crs).assign(walked_m=0.0)
    polygons = gpd.GeoDataFrame(table[open_sided])
    direct = pd.DataFrame({"unit": np.empty(0, int), "facility": np.empty(0, int), "walk_m": np.empty(0)})
    if standing.estates is not None:
        # An open polygon within an estate is an entrance as a whole: the nearest of its outline.
        whole = polygons[["geometry"]].assign(facility=polygons.index, walked_m=0.0)
        entrances = gpd.GeoDataFrame(pd.concat([entrances, whole], ignore_index=True), crs=net.crs)
        within = standing.estates.holding(entrances.geometry.to_numpy())
        hidden, in_estate = entrances[within >= 0], within[within >= 0]
        on_street = entrances[(within < 0) & (entrances.geom_type == "Point")]
        polygons = polygons[~polygons.index.isin(hidden["facility"])]
        through = _through_gates(standing.estates, hidden, in_estate)
        entrances = gpd.GeoDataFrame(pd.concat([on_street, through], ignore_index=True), crs=net.crs)
        direct = _direct(standing.estates, standing, hidden, in_estate)
    at_entrances = net.snap(entrances, max_off_m=max_off_m, of="facility", walked_m="walked_m", barriers=standing.walls)
    at = _positions(table.index, at_entrances, _contacts(polygons, net, standing))

    reached = np.isin(np.arange(len(table)), at.owner) | table.index.isin(direct["facility"])
    cut_off = table.index.isin(at_entrances.cut_off.index)
    table["doubt"] = np.select([reached, walled, cut_off], ["", NO_GATES, CUT_OFF], NO_STREET)
    return Facilities(table.drop(columns="touch_m"), at, direct)


def _through_gates(estates: Estates, hidden: gpd.GeoDataFrame, in_estate: Numbers) -> gpd.GeoDataFrame:
    """Return the gates that the entrances within estates are reached through: ``facility``, ``walked_m`` and the gate."""
    gates = estates.gates.geometry.to_numpy()
    inner = estates.walks(
        gates, hidden.geometry.to_numpy(), of_points=estates.gates["estate"].to_numpy(), of_shapes=in_estate
    )
    return gpd.GeoDataFrame(
        {"facility": hidden["facility"].to_numpy()[inner["shape"]], "walked_m": inner["walked_m"].to_numpy()},
        geometry=gates[inner["point"]],
        crs=hidden.crs,
    )


def _direct(estates: Estates, standing: Standing, hidden: gpd.GeoDataFrame, in_estate: Numbers) -> pd.DataFrame:
    """Return the least walks of residents to the facilities of their own estate, which pass no gate."""
    inner = estates.walks(
        standing.points.to_numpy(), hidden.geometry.to_numpy(), of_points=standing.estate, of_shapes=in_estate
    )
    pairs = pd.DataFrame(
        {
            "unit": inner["point"],
            "facility": hidden["facility"].to_numpy()[inner["shape"]],
            "walk_m": inner["walked_m"].round(3),
        }
    )
    return pairs.groupby(["unit", "facility"])["walk_m"].min().reset_index()


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


def _accesses(
    facility: Numbers,
    edge: Numbers,
    along_m: npt.ArrayLike,
    off_m: npt.ArrayLike,
    xy: npt.ArrayLike,
    start: npt.ArrayLike,
) -> pd.DataFrame:
    """Return accesses one per row; what a `Positions` holds as arrays."""
    x, y = np.asarray(xy).reshape(-1, 2).T
    from_x, from_y = np.asarray(start).reshape(-1, 2).T
    return pd.DataFrame(
        {
            "facility": facility,
            "edge": edge,
            "along_m": along_m,
            "off_m": off_m,
            "x": x,
            "y": y,
            "from_x": from_x,
            "from_y": from_y,
        }
    )


def _contacts(polygons: gpd.GeoDataFrame, net: WalkNetwork, standing: Standing) -> pd.DataFrame:
    """Return the accesses of unwalled polygons without gates.

    A two-sided street passes within reach where its kerb does, and only that on the polygon's side.
    """
    number = polygons.index.to_numpy()
    shapes = polygons.geometry.to_numpy()
    lines = net.edges.geometry.to_numpy()
    length_m = net.edges["length_m"].to_numpy()
    half_m = net.edges["width_m"].to_numpy() / 2 if "width_m" in net.edges else np.zeros(len(lines))

    ways = []
    for wide_m in np.unique(half_m):
        zones = shapely.buffer(shapes, polygons["touch_m"].to_numpy() + wide_m, quad_segs=_ARC_SEGMENTS)
        as_wide = np.flatnonzero(half_m == wide_m)
        zone, nth = shapely.STRtree(lines[as_wide]).query(zones, predicate="intersects")
        outlines = shapely.intersection(lines[as_wide[nth]], shapely.boundary(zones[zone]))
        xy, pair = shapely.get_coordinates(outlines, return_index=True)
        edge = as_wide[nth[pair]]
        along_m = np.minimum(to_units(shapely.line_locate_point(lines[edge], shapely.points(xy))), length_m[edge])
        ways.append((zone[pair], edge, along_m, xy))
        for joined in (standing.at, standing.at_gates):  # where somebody joins a street inside the zone
            here = np.flatnonzero(half_m[joined.edge] == wide_m)
            places = np.asarray(shapely.points(joined.xy[here]))
            zone, nth = shapely.STRtree(places).query(zones, predicate="intersects")
            ways.append((zone, joined.edge[here[nth]], joined.along_m[here[nth]], joined.xy[here[nth]]))
    zone, edge, along_m, xy = (np.concatenate(each) for each in zip(*ways, strict=True))

    legs = shapely.shortest_line(shapely.points(xy), shapes[zone])
    ends = shapely.get_point(legs, 1)
    off_m = to_units(np.maximum(shapely.length(legs) - half_m[edge], 0.0))
    free = ~_crosses(legs, standing.walls)
    if "side" in net.edges:
        free &= net.edges["side"].to_numpy()[edge] * side_of(lines[edge], ends) >= 0
    return _accesses(number[zone], edge, along_m, off_m, xy, shapely.get_coordinates(ends))[free]


def _crosses(legs: npt.NDArray[np.object_], walls: gpd.GeoSeries | None) -> npt.NDArray[np.bool_]:
    """Return which straight legs cross a wall; to begin or end at one is not to cross it."""
    crossing = np.zeros(len(legs), dtype=bool)
    if walls is not None:
        crossing[shapely.STRtree(walls.to_numpy()).query(legs, predicate="crosses")[0]] = True
    return crossing


def _positions(labels: pd.Index, snapped: Positions, more: pd.DataFrame) -> Positions:
    """Return positions of the labelled facilities: those at points and gates as snapped, and more accesses of others."""
    owner = snapped.labels.to_numpy(dtype=int)[snapped.owner]
    starts = snapped.xy if snapped.start_xy is None else snapped.start_xy
    at_points = _accesses(owner, snapped.edge, snapped.along_m, snapped.off_m, snapped.xy, starts)
    rows = pd.concat([at_points, more], ignore_index=True).sort_values("facility", kind="stable")
    return replace(
        snapped,
        labels=labels,
        owner=rows["facility"].to_numpy(np.int32),
        edge=rows["edge"].to_numpy(np.int32),
        along_m=rows["along_m"].to_numpy(),
        off_m=rows["off_m"].to_numpy(),
        xy=rows[["x", "y"]].to_numpy(),
        start_xy=rows[["from_x", "from_y"]].to_numpy(),
    )
