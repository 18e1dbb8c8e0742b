"""Where points stand on the network: positions along edges, with the metres already walked to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.errors import CrsError, NetworkError
from qyp_geo.network.build import some
from qyp_geo.network.exact import Floats, Ints, to_mm, to_units

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
        Metres walked before the edge is reached (the off-network leg), a multiple of `UNIT_M`.
    xy
        Where the access is, shape (accesses, 2), in `crs`.
    too_far
        Owners without any access: the metres from each to its nearest edge, by label. They stay in `labels`.
    left_out
        Positions that were too far though their owner has another that was not: metres, by the label of the position.
    crs
        Reference system of `xy`.
    network
        Fingerprint of the network that the positions are on.
    """

    labels: pd.Index
    owner: Ints
    edge: Ints
    along_m: Floats
    off_m: Floats
    xy: Floats
    too_far: pd.Series
    left_out: pd.Series
    crs: Any
    network: str

    def __post_init__(self) -> None:
        order = np.argsort(self.owner, kind="stable")
        dtypes = {"owner": np.int32, "edge": np.int32, "along_m": np.float64, "off_m": np.float64, "xy": np.float64}
        for name, dtype in dtypes.items():
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=dtype)[order])

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<Positions: {len(self)} owners, {len(self.owner)} accesses, {len(self.too_far)} too far>"

    @property
    def points(self) -> gpd.GeoSeries:
        """The accesses as points, by label of their owner."""
        return gpd.GeoSeries(shapely.points(self.xy), index=self.labels.take(self.owner), crs=self.crs)

    @property
    def accesses(self) -> gpd.GeoDataFrame:
        """One row per access, by label of its owner: `edge`, `along_m`, `off_m` and the point."""
        columns = {"edge": self.edge, "along_m": self.along_m, "off_m": self.off_m, "geometry": self.points.array}
        return gpd.GeoDataFrame(columns, index=self.labels.take(self.owner), crs=self.crs)


def snap_points(
    points: Points,
    *,
    max_off_m: float,
    of: str | None,
    lines: npt.NDArray[np.object_],
    tree: shapely.STRtree,
    length_m: Floats,
    crs: Any,
    network: str,
) -> Positions:
    """Put each point on its nearest edge; `WalkNetwork.snap` says how.

    Parameters
    ----------
    lines, tree, length_m
        The edges: geometry, search tree and length of each.
    """
    geometry = _require_points(points, crs)
    owner, labels = _owners(points, of)
    asked, edge = tree.query_nearest(geometry)
    order = np.lexsort((edge, asked))  # of edges at the same distance the first
    asked, nth = np.unique(asked[order], return_index=True)
    edge = edge[order][nth]
    off_m = shapely.distance(geometry, lines[edge])
    near = to_mm(off_m) <= max_off_m
    has_access = np.zeros(len(labels), dtype=bool)
    has_access[owner[near]] = True
    least_off_m = np.full(len(labels), np.inf)
    np.minimum.at(least_off_m, owner, off_m)
    left_out = ~near & has_access[owner]

    edge = edge[near]
    along_m = shapely.line_locate_point(lines[edge], geometry[near])
    return Positions(
        labels=labels,
        owner=owner[near].astype(np.int32),
        edge=edge,
        along_m=np.minimum(to_units(along_m), length_m[edge]),
        off_m=to_units(off_m[near]),
        xy=shapely.get_coordinates(shapely.line_interpolate_point(lines[edge], along_m)),
        too_far=pd.Series(to_mm(least_off_m[~has_access]), index=labels[~has_access], name="off_m"),
        left_out=pd.Series(to_mm(off_m[left_out]), index=points.index[left_out], name="off_m"),
        crs=crs,
        network=network,
    )


def _require_points(points: Points, crs: Any) -> npt.NDArray[np.object_]:
    if points.crs != crs:
        given = points.crs.to_string() if points.crs is not None else "no reference system"
        raise CrsError(f"points: they are in {given}, the network is in {crs.to_string()}; convert them with to_crs")
    geometry = np.asarray(points.geometry.array, dtype=object)
    fine = (shapely.get_type_id(geometry) == shapely.GeometryType.POINT) & ~shapely.is_empty(geometry)
    fine[fine] = np.isfinite(shapely.get_coordinates(geometry[fine])).all(axis=1)
    if not fine.all():
        raise NetworkError(
            f"points: {(~fine).sum()} are no points with finite coordinates: {some(points.index[~fine])}. "
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
    elif isinstance(points, gpd.GeoDataFrame) and of in points.columns:
        given = pd.Index(points[of])
    else:
        columns = some(points.columns) if isinstance(points, gpd.GeoDataFrame) else "none, it is a GeoSeries"
        raise NetworkError(f"points: of={of!r} names no column (columns: {columns})")
    missing = np.asarray(given.isna())
    if missing.any():
        where = "the index" if of is None else f"column {of!r}"
        raise NetworkError(f"points: {missing.sum()} have no label in {where}: {some(points.index[missing])}")
    if of is None:
        return np.arange(len(given)), given
    return pd.factorize(given)
