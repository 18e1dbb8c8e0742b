"""Gated estates (封闭小区): what lies inside, and how far one walks there.

Inside is what lies deeper than 1 m within an estate that has gates: outlines are drawn along streets and walls no better than
that. Streets inside serve who and what is inside; they carry nobody through, so they are cut out of the public network. An
estate without gates is no estate here: how it is left is not known, and its streets and buildings stand open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.analyses.gates import Numbers, exists, gates_of
from qyp_geo.frames import GATE_REACH_M, LayerData
from qyp_geo.network import Positions, WalkNetwork

_LEG_M: Final = 200.0
"""The farthest that a door or a gate may be from an inner street that it is reached along."""
_SCRAP_M: Final = 4 * GATE_REACH_M
"""Of a street that estates cut, pieces between them up to this long are dropped."""
_SEARCH_M: Final = 10_000.0
"""Longer than any walk within one estate."""

Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Estates:
    """The estates with gates, numbered from 0.

    Attributes
    ----------
    table
        ``id``, ``name`` and the inside of each as geometry.
    gates
        ``estate`` (number) and the point of each gate.
    ungated
        Names of the estates of which no gate is known.
    streets
        The streets inside, every estate moved as ``moves`` says; None where there are none.
    moves
        Where each estate is put, metres east and north, shape (estates, 2): so far apart that nobody attaches to a
        street on the other side of a wall that two of them share.
    """

    table: gpd.GeoDataFrame
    gates: gpd.GeoDataFrame
    ungated: tuple[str, ...]
    streets: WalkNetwork | None
    moves: Floats

    def holding(self, shapes: Shapes) -> Numbers:
        """Return the estate that holds all of each shape, -1 where none does; of overlapping ones the first."""
        shape, estate = shapely.STRtree(self.table.geometry.to_numpy()).query(shapes, predicate="covered_by")
        found = np.full(len(shapes), len(self.table))
        np.minimum.at(found, shape, estate)
        return np.where(found == len(self.table), -1, found)

    def walks(self, points: Shapes, shapes: Shapes, *, of_points: Numbers, of_shapes: Numbers) -> pd.DataFrame:
        """Return how far it is from points to shapes of the same estate without leaving it.

        Two points walk along the inner streets where both attach to them and these join them; else, and to a polygon, straight.

        Parameters
        ----------
        points, shapes
            What is walked between.
        of_points, of_shapes
            The estate of each; -1 has no pairs.

        Returns
        -------
        DataFrame
            ``point``, ``shape`` (places), ``walked_m``; every pair of one estate.
        """
        pairs = pd.DataFrame({"point": np.flatnonzero(of_points >= 0), "estate": of_points[of_points >= 0]}).merge(
            pd.DataFrame({"shape": np.flatnonzero(of_shapes >= 0), "estate": of_shapes[of_shapes >= 0]}), on="estate"
        )
        straight_m = shapely.distance(points[pairs["point"]], shapes[pairs["shape"]])
        if self.streets is None:
            return pairs.assign(walked_m=straight_m).drop(columns="estate")
        origins, targets = self._attach(self.streets, points, of_points), self._attach(self.streets, shapes, of_shapes)
        along = self.streets.walks(origins, targets, within_m=_SEARCH_M).set_axis(
            ["point", "shape", "walked_m"], axis=1
        )
        along = along.astype({"point": np.intp, "shape": np.intp})
        pairs = pairs.drop(columns="estate").merge(along, how="left", on=["point", "shape"])
        return pairs.assign(walked_m=pairs["walked_m"].astype(float).fillna(pd.Series(straight_m)))

    def _attach(self, streets: WalkNetwork, shapes: Shapes, estate: Numbers) -> Positions:
        """Put the points among some shapes on the inner streets, by their places."""
        which = np.flatnonzero((estate >= 0) & (shapely.get_type_id(shapes) == shapely.GeometryType.POINT))
        moved = shapely.points(shapely.get_coordinates(shapes[which]) + self.moves[estate[which]])
        return streets.snap(gpd.GeoSeries(moved, index=which, crs=self.table.crs), max_off_m=_LEG_M)


def find_estates(
    ref: str, layers: Mapping[str, LayerData], streets: gpd.GeoDataFrame, *, node_crossings: bool = False
) -> Estates:
    """Find the gated estates of a layer.

    Parameters
    ----------
    ref, layers
        The estates' layer, and all layers, among them the gates layer that it names.
    streets
        The walkable streets.
    node_crossings
        Join streets that cross without a shared vertex.
    """
    frame = layers[ref].frame[exists(layers[ref].frame)]
    polygons = gpd.GeoDataFrame(
        {"id": frame.index, "name": frame["name"].to_numpy()}, geometry=frame.geometry.to_numpy(), crs=frame.crs
    )
    gates = gates_of(ref, layers, polygons)
    insides = polygons.buffer(-GATE_REACH_M)
    gated = polygons.index.isin(gates["polygon"]) & ~insides.is_empty
    gates = gates[gates["polygon"].isin(polygons.index[gated])]
    number = pd.Series(np.cumsum(gated) - 1, index=polygons.index)
    table = polygons.set_geometry(insides)[gated].reset_index(drop=True)
    places = _on_outline(gates.geometry.to_numpy(), polygons.geometry.to_numpy()[gates["polygon"].to_numpy()])
    moves = _moves(table)
    lines = streets.geometry.to_numpy()[~_arterial(streets)]
    estate, line = shapely.STRtree(lines).query(table.geometry.to_numpy(), predicate="intersects")
    pieces, pair = shapely.get_parts(
        shapely.intersection(lines[line], table.geometry.to_numpy()[estate]), return_index=True
    )
    long = shapely.length(pieces) > 0
    xy, piece = shapely.get_coordinates(pieces[long], return_index=True)
    moved = shapely.linestrings(xy + moves[estate[pair[long]][piece]], indices=piece)
    return Estates(
        table=table,
        gates=gpd.GeoDataFrame({"estate": number[gates["polygon"]].to_numpy()}, geometry=places, crs=frame.crs),
        ungated=tuple(polygons["name"][~gated]),
        streets=WalkNetwork.from_lines(gpd.GeoSeries(moved, crs=frame.crs), node_crossings=node_crossings)
        if long.any()
        else None,
        moves=moves,
    )


def public_streets(streets: gpd.GeoDataFrame, estates: Estates) -> gpd.GeoDataFrame:
    """Return the streets without what runs inside gated estates; a street that an estate cuts keeps its row.

    Declared 干路 are whole: none runs inside an estate, however its outline is drawn.
    """
    lines = streets.geometry.to_numpy().copy()
    insides = estates.table.geometry.to_numpy()
    line, estate = shapely.STRtree(insides).query(lines, predicate="intersects")
    for cut, each in pd.Series(estate[~_arterial(streets)[line]]).groupby(line[~_arterial(streets)[line]]):
        parts = shapely.get_parts(shapely.difference(lines[cut], shapely.union_all(insides[each])))
        # In the wall between two estates a scrap of the street is left that leads nowhere.
        at_end = shapely.distance(parts, shapely.boundary(lines[cut])) == 0
        lines[cut] = shapely.multilinestrings(parts[at_end | (shapely.length(parts) > _SCRAP_M)])
    return streets.set_geometry(gpd.GeoSeries(lines, index=streets.index, crs=streets.crs))[~shapely.is_empty(lines)]


def _on_outline(gates: Shapes, polygons: Shapes) -> Shapes:
    """Return the gates; one that is drawn deep inside its estate (a gatehouse) stands where the outline is nearest."""
    outlines = shapely.boundary(polygons)
    deep = shapely.within(gates, polygons) & (shapely.distance(gates, outlines) > GATE_REACH_M)
    return np.where(deep, shapely.get_point(shapely.shortest_line(outlines, gates), 0), gates)


def _arterial(streets: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Return which streets are two-sided."""
    return streets["two_sided"].to_numpy(dtype=bool) if "two_sided" in streets else np.zeros(len(streets), dtype=bool)


def _moves(table: gpd.GeoDataFrame) -> Floats:
    """Return where each estate is put: its corner to a cell of a chequered field. Whole metres, so that shapes stay exact."""
    bounds = table.bounds.to_numpy()
    corner = np.floor(bounds[:, :2])
    cell_m = np.ceil((bounds[:, 2:] - corner).max(initial=0.0) + 2 * _LEG_M)
    side = int(np.ceil(np.sqrt(len(table))))
    place = np.arange(len(table))
    moves: Floats = np.stack([place % max(side, 1), place // max(side, 1)], axis=1) * cell_m - corner
    return moves
