"""Where points stand on the network: positions along edges, with the metres already walked to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.errors import CrsError, NetworkError
from qyp_geo.network.build import GRID_M, column, some
from qyp_geo.network.exact import MM_SLACK_M, Floats, Ints, to_mm, to_units
from qyp_geo.network.kerbs import Kerbs, side_of

Points = gpd.GeoDataFrame | gpd.GeoSeries


@dataclass(frozen=True, eq=False, repr=False)
class Positions:
    """Things (owners) and their accesses to the network: positions along edges, with metres already walked.

    An owner has any number of accesses: none if it is too far, several if it has several doors or gates; a walk
    starts or ends at whichever makes it shortest.

    Parameters
    ----------
    labels
        One per owner, unique, in input order: what `origin` and `target` will be.
    owner
        Owner of each access, as a position in `labels`; shape (accesses,). Given in any order, kept sorted by owner.
    edge
        Edge that each access lies on.
    along_m
        Metres from the beginning of the edge, a multiple of `UNIT_M`.
    off_m
        Metres walked before the edge is reached (what was walked before the leg, and the off-network leg), a multiple
        of `UNIT_M`.
    xy
        Where the access is, shape (accesses, 2), in `crs`.
    too_far
        Owners without any access: the metres from each to its nearest edge, by label. They stay in `labels`.
    cut_off
        Owners without any access though a street is near enough, because barriers lie between: the metres from each
        to its nearest edge, by label. They stay in `labels` and are not among the `too_far`.
    left_out
        Positions that were too far or cut off though their owner has another that was not: metres to the nearest edge,
        by the label of the position.
    crs
        Reference system of `xy`.
    network
        Fingerprint of the network that the positions are on.
    start_xy
        Where the leg to each access begins, shape (accesses, 2), in `crs`: routes are drawn from there. None: nobody
        knows, and routes are drawn from the street.
    """

    labels: pd.Index
    owner: Ints
    edge: Ints
    along_m: Floats
    off_m: Floats
    xy: Floats
    too_far: pd.Series
    cut_off: pd.Series
    left_out: pd.Series
    crs: Any
    network: str
    start_xy: Floats | None = None

    def __post_init__(self) -> None:
        order = np.argsort(self.owner, kind="stable")
        dtypes = {"owner": np.int32, "edge": np.int32, "along_m": np.float64, "off_m": np.float64, "xy": np.float64}
        for name, dtype in dtypes.items():
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=dtype)[order])
        # Of another length it is left over from other accesses (dataclasses.replace): `routes` refuses it.
        if self.start_xy is not None and len(self.start_xy) == len(order):
            object.__setattr__(self, "start_xy", np.asarray(self.start_xy, dtype=np.float64)[order])

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<Positions: {len(self)} owners, {len(self.owner)} accesses, {len(self.too_far)} too far>"

    def take(self, owners: npt.NDArray[np.integer[Any]]) -> Positions:
        """The positions of some owners, given by their place in `labels`, ascending."""
        number = np.full(len(self), -1, np.int32)
        number[owners] = np.arange(len(owners))
        kept = number[self.owner] >= 0
        return replace(
            self,
            labels=self.labels[owners],
            owner=number[self.owner[kept]],
            edge=self.edge[kept],
            along_m=self.along_m[kept],
            off_m=self.off_m[kept],
            xy=self.xy[kept],
            start_xy=None if self.start_xy is None else self.start_xy[kept],
        )

    @property
    def points(self) -> gpd.GeoSeries:
        """The accesses as points, by label of their owner."""
        return gpd.GeoSeries(shapely.points(self.xy), index=self.labels.take(self.owner), crs=self.crs)

    @property
    def accesses(self) -> gpd.GeoDataFrame:
        """One row per access, by label of its owner: `edge`, `along_m`, `off_m` and the point."""
        columns = {"edge": self.edge, "along_m": self.along_m, "off_m": self.off_m, "geometry": self.points.array}
        return gpd.GeoDataFrame(columns, index=self.labels.take(self.owner), crs=self.crs)


@dataclass(frozen=True, slots=True)
class Ways:
    """What points are put on: the edges of a network.

    Parameters
    ----------
    lines, tree, length_m
        Geometry, search tree and length of the edges.
    kerbs
        Which of them are kerbs of two-sided streets.
    """

    lines: npt.NDArray[np.object_]
    tree: shapely.STRtree
    length_m: Floats
    kerbs: Kerbs


@dataclass(frozen=True, slots=True)
class _Legs:
    """Straight legs from points to edges: the point's number, the edge, and the metres to walk.

    `centre_m` is the whole distance to the line of the edge, of which `off_m` leaves out half the width of a two-sided
    street. `on_centre` tells points that stand on neither side of their street.
    """

    point: npt.NDArray[np.intp]
    edge: npt.NDArray[np.intp]
    centre_m: Floats
    off_m: Floats
    on_centre: npt.NDArray[np.bool_]

    def __getitem__(self, which: npt.NDArray[Any]) -> _Legs:
        return _Legs(*(getattr(self, name)[which] for name in self.__slots__))

    def __add__(self, more: _Legs) -> _Legs:
        return _Legs(*(np.concatenate([getattr(self, name), getattr(more, name)]) for name in self.__slots__))

    def best(self) -> _Legs:
        """The shortest leg of each point; of several the one to the nearest line, then to the first edge."""
        order = np.lexsort((self.edge, self.centre_m, self.off_m, self.point))
        return self[order[np.unique(self.point[order], return_index=True)[1]]]


def snap_points(
    points: Points,
    *,
    max_off_m: float,
    of: str | None,
    walked_m: str | None,
    barriers: gpd.GeoSeries | gpd.GeoDataFrame | None,
    ways: Ways,
    crs: Any,
    network: str,
) -> Positions:
    """Put each point on its nearest edge; `WalkNetwork.snap` says how."""
    geometry = require_points(points, crs, what="points")
    owner, labels = _owners(points, of)
    before_m = _metres_walked(points, walked_m)
    nearest = _nearest_legs(geometry, ways)  # one of each point
    near = to_mm(nearest.off_m) <= max_off_m
    taken = nearest[near]
    if barriers is not None:
        taken = _legs_past(_outlines(barriers, crs), taken, geometry, max_off_m, ways)

    has_access = np.zeros(len(labels), dtype=bool)
    has_access[owner[taken.point]] = True
    has_street = np.zeros(len(labels), dtype=bool)
    has_street[owner[near]] = True
    least_off_m = np.full(len(labels), np.inf)
    np.minimum.at(least_off_m, owner, nearest.off_m)
    too_far, cut_off = ~has_street, has_street & ~has_access
    left_out = ~np.isin(np.arange(len(points)), taken.point) & has_access[owner]

    # Whoever stands on the centre line of a two-sided street may take either kerb; the right one follows the left.
    twins = taken[taken.on_centre]
    taken += replace(twins, edge=twins.edge + 1)
    lines = ways.lines[taken.edge]
    along_m = shapely.line_locate_point(lines, geometry[taken.point])
    return Positions(
        labels=labels,
        owner=owner[taken.point].astype(np.int32),
        edge=taken.edge.astype(np.int32),
        along_m=np.minimum(to_units(along_m), ways.length_m[taken.edge]),
        off_m=to_units(taken.off_m) + before_m[taken.point],
        xy=shapely.get_coordinates(shapely.line_interpolate_point(lines, along_m)),
        too_far=pd.Series(to_mm(least_off_m[too_far]), index=labels[too_far], name="off_m"),
        cut_off=pd.Series(to_mm(least_off_m[cut_off]), index=labels[cut_off], name="off_m"),
        left_out=pd.Series(to_mm(nearest.off_m[left_out]), index=points.index[left_out], name="off_m"),
        crs=crs,
        network=network,
        start_xy=shapely.get_coordinates(geometry[taken.point]),
    )


def _nearest_legs(geometry: npt.NDArray[np.object_], ways: Ways) -> _Legs:
    """The shortest leg of each point."""
    point, edge = ways.tree.query_nearest(geometry)
    widest_m = ways.kerbs.half_width_m.max(initial=0.0)
    if widest_m > 0:  # the kerb of a wide street may be nearer than the nearest line
        centre_m = np.empty(len(geometry))
        centre_m[point] = shapely.distance(geometry[point], ways.lines[edge])
        point, edge = ways.tree.query(geometry, predicate="dwithin", distance=centre_m + widest_m)
    return _legs(geometry, point, edge, ways).best()


def _legs(
    geometry: npt.NDArray[np.object_], point: npt.NDArray[np.intp], edge: npt.NDArray[np.intp], ways: Ways
) -> _Legs:
    """The legs from points to edges, but for those to the far kerb of a street."""
    centre_m = shapely.distance(geometry[point], ways.lines[edge])
    off_m = np.maximum(centre_m - ways.kerbs.half_width_m[edge], 0.0)
    kerb = ways.kerbs.side[edge]
    side = np.zeros(len(edge), np.int8)
    of_kerb = np.flatnonzero(kerb)
    side[of_kerb] = side_of(ways.lines[edge[of_kerb]], geometry[point[of_kerb]])
    return _Legs(point, edge, centre_m, off_m, (kerb != 0) & (side == 0))[kerb * side >= 0]


def _legs_past(
    outlines: npt.NDArray[np.object_], legs: _Legs, geometry: npt.NDArray[np.object_], max_off_m: float, ways: Ways
) -> _Legs:
    """These legs where they are clear of the outlines, and the next best that are where they are not."""
    tree = shapely.STRtree(outlines)
    clear = _clear(legs, geometry, tree, ways)
    behind = legs.point[~clear]
    reach_m = max_off_m + MM_SLACK_M + ways.kerbs.half_width_m.max(initial=0.0)
    nth, edge = ways.tree.query(geometry[behind], predicate="dwithin", distance=reach_m)
    others = _legs(geometry, behind[nth], edge, ways)
    others = others[to_mm(others.off_m) <= max_off_m]
    return legs[clear] + others[_clear(others, geometry, tree, ways)].best()


def _clear(
    legs: _Legs, geometry: npt.NDArray[np.object_], outlines: shapely.STRtree, ways: Ways
) -> npt.NDArray[np.bool_]:
    """Whether legs meet none of the outlines on their way.

    A gate stands in its wall, and a street may begin at one: what is met within `GRID_M` of either end is not crossed.
    """
    start = shapely.get_coordinates(geometry[legs.point])
    foot = shapely.get_coordinates(shapely.shortest_line(geometry[legs.point], ways.lines[legs.edge]))[1::2]
    clear = np.ones(len(legs.point), dtype=bool)
    long = np.flatnonzero(legs.off_m > 2 * GRID_M)
    step = (foot[long] - start[long]) / legs.centre_m[long, None]
    ends = [start[long] + step * GRID_M, start[long] + step * (legs.off_m[long, None] - GRID_M)]
    met, _ = outlines.query(shapely.linestrings(np.stack(ends, axis=1)), predicate="intersects")
    clear[long[met]] = False
    return clear


def _outlines(barriers: gpd.GeoSeries | gpd.GeoDataFrame, crs: Any) -> npt.NDArray[np.object_]:
    """Barriers as lines."""
    if barriers.crs != crs:
        given = barriers.crs.to_string() if barriers.crs is not None else "no reference system"
        raise CrsError(f"barriers: they are in {given}, the network is in {crs.to_string()}; convert them with to_crs")
    geometry = np.asarray(barriers.geometry.array, dtype=object)
    dimension = shapely.get_dimensions(geometry)
    wrong = dimension == 0
    if wrong.any():
        raise NetworkError(f"barriers: {wrong.sum()} are neither lines nor polygons: {some(barriers.index[wrong])}")
    return np.where(dimension == 2, shapely.boundary(geometry), geometry)


def _metres_walked(points: Points, walked_m: str | None) -> Floats:
    """Metres already walked at each point, a multiple of `UNIT_M`."""
    if walked_m is None:
        return np.zeros(len(points))
    given = pd.to_numeric(column(points, walked_m, what="points", option="walked_m"), errors="coerce")
    metres = given.to_numpy(dtype=float, na_value=np.nan)
    wrong = ~(np.isfinite(metres) & (metres >= 0))
    if wrong.any():
        raise NetworkError(
            f"points: {wrong.sum()} have no number of metres, 0 or more, in column {walked_m!r}: "
            f"{some(points.index[wrong])}"
        )
    return to_units(metres)


def require_points(points: Points, crs: Any, *, what: str) -> npt.NDArray[np.object_]:
    """The geometries, which must be points in `crs`; `what` they are says an error that is raised otherwise."""
    if points.crs != crs:
        given = points.crs.to_string() if points.crs is not None else "no reference system"
        raise CrsError(f"{what}: they are in {given}, the network is in {crs.to_string()}; convert them with to_crs")
    geometry = np.asarray(points.geometry.array, dtype=object)
    fine = (shapely.get_type_id(geometry) == shapely.GeometryType.POINT) & ~shapely.is_empty(geometry)
    fine[fine] = np.isfinite(shapely.get_coordinates(geometry[fine])).all(axis=1)
    if not fine.all():
        raise NetworkError(
            f"{what}: {(~fine).sum()} are no points with finite coordinates: {some(points.index[~fine])}. "
            "Leave them out, or give a point for each"
        )
    return geometry


def _owners(points: Points, of: str | None) -> tuple[npt.NDArray[np.intp], pd.Index]:
    """The number of each point's owner, and the owners' labels in the order of their first points."""
    if of is None:
        given = points.index.to_flat_index()
        repeated = given[given.duplicated()].unique()
        if len(repeated):
            raise NetworkError(
                f"points: {len(repeated)} index labels are given more than once: {some(repeated)}. "
                'Make them unique, or name the column that tells whose position each point is with of="column"'
            )
    else:
        given = pd.Index(column(points, of, what="points", option="of"))
    missing = np.asarray(given.isna())
    if missing.any():
        where = "the index" if of is None else f"column {of!r}"
        raise NetworkError(f"points: {missing.sum()} have no label in {where}: {some(points.index[missing])}")
    if of is None:
        return np.arange(len(given)), given
    return pd.factorize(given)
