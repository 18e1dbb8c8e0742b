"""The walking network: built from lines, asked for walks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import geopandas as gpd
import numpy as np
import pandas as pd

from qyp_geo.errors import NetworkError
from qyp_geo.network.answers import (
    Decay,
    k_nearest_table,
    nearest_table,
    require_limit,
    require_threads,
    tally_table,
    walks_table,
)
from qyp_geo.network.build import Lines, join_lines
from qyp_geo.network.joined import StreetNetwork
from qyp_geo.network.kerbs import two_sides, with_kerbs, without_kerbs
from qyp_geo.network.routes import routes_frame
from qyp_geo.network.search import WalksCSR, walks_csr
from qyp_geo.network.service_areas import Method, areas_frame
from qyp_geo.network.snap import Points, Positions, Ways, require_points, snap_points


class WalkNetwork(StreetNetwork):
    """Streets on which people walk, in either direction; made by `from_lines`.

    Metres are those of the plan, in the network's projected reference system. Lengths and off-network legs are
    rounded once to 2^-20 m, so that sums are exact in any order; `walk_m` is then rounded to the millimetre, and that
    figure is reported and meets the limit.

    Attributes
    ----------
    crs
        Reference system of the lines.
    report
        What became of lines that are empty, double, or otherwise not plain.
    """

    @classmethod
    def from_lines(
        cls,
        lines: Lines,
        *,
        node_crossings: bool = False,
        two_sided: str | None = None,
        width_m: str | float | None = None,
        crossings: Points | None = None,
    ) -> Self:
        """Join lines wherever they share a vertex, be it an end or an interior vertex of either.

        Vertices are the same one when their x and y agree after rounding to 0.1 mm. Everything else stays apart:
        lines that cross without a common vertex (see `crossings`) and ends that stop short of a line (see
        `near_misses`). Of stretches that run along each other vertex by vertex one is kept; other parallel lines are
        all kept. What is not used, or used once instead of twice, is in `report`.

        Parameters
        ----------
        lines
            LineStrings or MultiLineStrings, projected, in metres. Heights are ignored.
        node_crossings
            Also join lines where they cross or touch without a common vertex. Right only for data without bridges.
        two_sided
            Column that tells (true or false) which lines are wide streets that one does not cross wherever one likes:
            one walks along either kerb, as long as the centre line, and changes sides only where crossing is allowed,
            or around a dead end. `qyp_geo.network.kerbs` tells how kerbs meet at nodes. Where lines run along each
            other, the first of them, the one that is kept, decides.
        width_m
            Metres from kerb to kerb: the column that has them, or one figure for all. Needed with `two_sided`.
        crossings
            Points where two-sided streets may be crossed: at the nodes within 15 m of one, else in the middle of the
            nearest street within 15 m. The others are listed in the report. Without this argument two-sided streets
            may be crossed at every junction, a node with three or more ends of edges. To cross costs the width.

        Raises
        ------
        CrsError
            The reference system is missing, geographic, or not in metres, or the crossings are in another one.
        NetworkError
            Some geometries are no lines, or none of them has any length; sides or widths are missing; or a crossing
            is no point.
        """
        streets, report = join_lines(lines, node_crossings=node_crossings)
        labels = lines.index.to_flat_index()
        is_two_sided, metres = two_sides(lines, two_sided=two_sided, width_m=width_m)
        if crossings is None:
            places = None
        elif two_sided is None:
            raise NetworkError("crossings: only two-sided streets have any; name their column with two_sided")
        else:
            places = require_points(crossings, lines.crs, what="crossings")
        ways, kerbs = streets, without_kerbs(streets)
        if is_two_sided.any():
            line = streets.part_line[streets.part]
            ways, kerbs, unused = with_kerbs(streets, is_two_sided[line], metres[line], places)
            if crossings is not None:
                report = replace(report, crossings_unused=crossings.index[unused])
        return cls(ways, kerbs, streets, report, labels, lines.crs)

    def snap(
        self,
        points: Points,
        *,
        max_off_m: float = 200.0,
        of: str | None = None,
        walked_m: str | None = None,
        barriers: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
    ) -> Positions:
        """Put points on their nearest edges (of several at the same distance on the first).

        The leg to a two-sided street ends at the kerb on the point's own side: it is half the width shorter, but not
        less than 0. A point on the very centre line has an access on either kerb.

        Parameters
        ----------
        points
            Points in the network's reference system. Their index labels are what `walks` and `nearest` speak of.
        max_off_m
            The farthest that a point may be from its edge, inclusive, to the millimetre. Points farther off are
            listed in the result's `too_far` and have no walks.
        of
            Column that names the owner of each point, where several points are positions of one thing (the gates of
            a park): owners are then the labels, and their least walks count.
        walked_m
            Column with the metres already walked where each point is (inside an estate, to a gate of it). They count
            in every walk, but not towards `max_off_m`.
        barriers
            Lines, or polygons for their outlines, that no leg crosses. A leg goes straight to the nearest point of an
            edge; of the edges whose leg meets no barrier the nearest is taken. What lies within 0.1 mm of either end
            of the leg does not count, so a gate in a wall opens to both sides. Points with streets near enough, but
            all behind barriers, are listed in the result's `cut_off` and have no walks.

        Raises
        ------
        CrsError
            The points or the barriers are in another reference system.
        NetworkError
            Labels are repeated without `of` or are missing, a geometry is no point, metres walked are missing or
            negative, or a barrier is neither line nor polygon.
        """
        if not max_off_m >= 0:
            raise NetworkError(f"max_off_m: a limit is a number of metres, 0 or more (given: {max_off_m})")
        return snap_points(
            points,
            max_off_m=max_off_m,
            of=of,
            walked_m=walked_m,
            barriers=barriers,
            ways=Ways(self._lines, self._tree, self._streets.length_m, self._kerbs),
            crs=self.crs,
            network=self._fingerprint,
        )

    def walks(
        self,
        origins: Positions | Points,
        targets: Positions | Points,
        *,
        within_m: float = 1000.0,
        threads: int | None = None,
        crosses_arterial: bool = False,
    ) -> pd.DataFrame:
        """Every pair of an origin and a target with `walk_m <= within_m`.

        Parameters
        ----------
        origins, targets
            Positions from `snap`, or points, which are then snapped with its defaults.
        within_m
            The longest walk, inclusive.
        threads
            Threads to search with, by default one per processor. The result is the same for any number.
        crosses_arterial
            Also tell which walks cross a two-sided street.

        Returns
        -------
        `origin` and `target` (labels, as categoricals), both in input order, and `walk_m`: the origin's off-network leg,
        the way along the network from its exact position to the target's, and the target's off-network leg, to the
        millimetre. On request `crosses_arterial`: no walk as short goes without crossing a two-sided street.
        """
        return walks_table(
            self._streets,
            self._graph,
            self._positions(origins),
            self._positions(targets),
            within_m=require_limit(within_m),
            threads=require_threads(threads),
            uncrossed=self._uncrossed if crosses_arterial else None,
        )

    def walks_csr(
        self,
        origins: Positions | Points,
        targets: Positions | Points,
        *,
        within_m: float = 1000.0,
        threads: int | None = None,
    ) -> WalksCSR:
        """Every pair as in `walks`, by numbers instead of labels: for millions of them.

        Parameters
        ----------
        origins, targets, within_m, threads
            As in `walks`.
        """
        return walks_csr(
            self._streets,
            self._graph,
            self._positions(origins),
            self._positions(targets),
            within_m=require_limit(within_m),
            threads=require_threads(threads),
        )

    def tally(
        self,
        origins: Positions | Points,
        targets: Positions | Points,
        *,
        within_m: float = 1000.0,
        weights: pd.Series | pd.DataFrame | None = None,
        decay: Decay | None = None,
        threads: int | None = None,
    ) -> pd.DataFrame:
        """Count the targets within a limit of each origin, and add up what they weigh, without storing the pairs.

        Parameters
        ----------
        origins, targets, within_m, threads
            As in `walks`.
        weights
            What each target weighs, by label: one or several columns.
        decay
            Turns `walk_m`, shape (walks,), into factors of the same shape, by which weights are multiplied: what is far
            may count less.

        Returns
        -------
        One row per origin, by label and in input order: `n_targets`, and for each column of `weights` the sum of
        weight times decay. Sums are added up in the order of the targets, so that they have the same bits for any
        number of threads.

        Raises
        ------
        NetworkError
            A target has no weight, or labels of the weights are repeated.
        """
        return tally_table(
            self._streets,
            self._graph,
            self._positions(origins),
            self._positions(targets),
            within_m=require_limit(within_m),
            weights=weights,
            decay=decay,
            threads=require_threads(threads),
        )

    def k_nearest(
        self,
        origins: Positions | Points,
        targets: Positions | Points,
        *,
        k: int,
        within_m: float = 1000.0,
        threads: int | None = None,
    ) -> pd.DataFrame:
        """The `k` nearest targets of each origin, without storing the other pairs.

        Parameters
        ----------
        origins, targets, within_m, threads
            As in `walks`.
        k
            How many; fewer where fewer are within the limit.

        Returns
        -------
        `origin` and `target` (labels, as categoricals), `rank` from 1, and `walk_m`; origins in input order. Of targets
        at the same millimetre the first of the input come first.
        """
        return k_nearest_table(
            self._streets,
            self._graph,
            self._positions(origins),
            self._positions(targets),
            k=k,
            within_m=require_limit(within_m),
            threads=require_threads(threads),
        )

    def nearest(
        self,
        origins: Positions | Points,
        targets: Positions | Points,
        *,
        within_m: float = 5000.0,
        threads: int | None = None,
        crosses_arterial: bool = False,
    ) -> pd.DataFrame:
        """The nearest target of each origin; of several at the same millimetre the first of the input.

        Parameters
        ----------
        origins, targets
            Positions from `snap`, or points, which are then snapped with its defaults.
        within_m
            The longest walk, inclusive; may be infinite, and is then 262 km with 16 million targets, twice that with half of
            them, and so on.
        threads
            As in `walks`.
        crosses_arterial
            Also tell which of the walks cross a two-sided street.

        Returns
        -------
        One row per origin, by label and in input order, those too far from the network included: `target` (label)
        and `walk_m` as in `walks`, both NaN where no target is within the limit; on request `crosses_arterial` as in
        `walks`, false where there is none.
        """
        return nearest_table(
            self._streets,
            self._graph,
            self._positions(origins),
            self._positions(targets),
            within_m=require_limit(within_m),
            threads=require_threads(threads),
            uncrossed=self._uncrossed if crosses_arterial else None,
        )

    def routes(self, origins: Positions | Points, targets: Positions | Points) -> gpd.GeoDataFrame:
        """The least walk from each origin to the target in the same place: a few pairs to some thousands, to draw.

        Parameters
        ----------
        origins, targets
            Positions from `snap`, as many of the one as of the other, or points, which are then snapped with its
            defaults. To walk to one target from many origins, repeat it under other labels.

        Returns
        -------
        One row per origin, by label and in input order: `walk_m` as in `walks`, and the geometry, a LineString from
        where the origin's leg begins to where the target's does, along the lines of the streets that are walked (of
        several least walks one). To cross a two-sided street draws nothing, as both kerbs lie on the centre line.
        NaN and None where there is no way.

        Raises
        ------
        NetworkError
            There are more of the one than of the other.
        """
        return routes_frame(self._streets, self._kerbs, self._lines, self._positions(origins), self._positions(targets))

    def service_areas(
        self,
        targets: Positions | Points,
        *,
        within_m: float | Sequence[float] = 1000.0,
        width_m: float = 50.0,
        method: Method = "contour",
        cell_m: float | None = None,
    ) -> gpd.GeoDataFrame:
        """The areas from which targets are reached: street pieces within the limit, cut exactly there, and widened.

        Parameters
        ----------
        targets
            Positions from `snap`, or points, which are then snapped with its defaults. Of several accesses the
            nearest counts, with its off-network leg, along which nothing is drawn.
        within_m
            The longest walk, inclusive; or several, ascending, for nested bands.
        width_m
            Metres to either side of a street, and beyond the end of each piece, that belong to the area. Kerbs of
            two-sided streets are both drawn on the centre line.
        method
            "contour": an outline on a grid, fast. "buffer": the geometric reference.
        cell_m
            Side of a cell of the contour's grid, at most half of `width_m`; by default a fifth of it.

        Returns
        -------
        One row per target and band, both in input order: `target` (label); `from_m` and `within_m`, between which the
        band lies; `method`; `definition`, what the area is, as a sentence; `area_m2`; `error_m`; and the geometry, a
        polygon, or a multipolygon where it must be, or empty where no street is within the limit. A band is what is
        in the area of its limit, and not in that of the limit before: bands do not overlap, and together they are the
        area of the last limit.

        `error_m`, for an area from 0 and for the two that bound a band: no point of it is farther than this from the
        true area (that with circles in place of segments and cells), and no point of the true area is farther from
        it. So holes and gaps may be lost that are narrower than twice this, and those only.

        Raises
        ------
        NetworkError
            A limit is infinite or the limits do not ascend, the width is not above 0, or cells are too large or too
            small.
        """
        return areas_frame(
            self._streets,
            self._graph,
            self._positions(targets),
            within_m=within_m,
            width_m=width_m,
            method=method,
            cell_m=cell_m,
        )

    def component_of(self, positions: Positions) -> pd.Series:
        """Code of the component that each owner stands on, by label: the longest of several, -1 for the too far."""
        at = self._positions(positions)
        none = np.iinfo(np.int32).max
        code = np.full(len(at), none, np.int32)
        np.minimum.at(code, at.owner, self._component[self._streets.node[at.edge, 0]])
        return pd.Series(np.where(code == none, -1, code), index=at.labels, name="component")

    def _positions(self, at: Positions | Points) -> Positions:
        if not isinstance(at, Positions):
            return self.snap(at)
        if at.network != self._fingerprint:
            raise NetworkError("positions: they were snapped to another network; snap the points to this one")
        return at
