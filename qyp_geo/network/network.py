"""The walking network: built from lines, asked for walks."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import shapely

from qyp_geo.errors import NetworkError
from qyp_geo.network import unjoined
from qyp_geo.network.build import BuildReport, Lines, Streets, join_lines
from qyp_geo.network.exact import Ints
from qyp_geo.network.kerbs import Kerbs, two_sides, with_kerbs, without_kerbs
from qyp_geo.network.kernels import Graph
from qyp_geo.network.routes import routes_frame
from qyp_geo.network.search import graph_of, nearest_table, walks_table
from qyp_geo.network.snap import Points, Positions, Ways, require_points, snap_points


class WalkNetwork:
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

    def __init__(
        self, streets: Streets, kerbs: Kerbs, drawn: Streets, report: BuildReport, labels: pd.Index, crs: Any
    ) -> None:
        self.crs = crs
        self.report = report
        self._streets = streets
        self._kerbs = kerbs
        self._drawn = drawn  # the same but for kerbs: streets as they were given
        self._labels = labels
        self._graph = graph_of(streets, kerbs)

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

    def __repr__(self) -> str:
        total_km = self._streets.length_m.sum() / 1000.0
        return f"<WalkNetwork: {self.n_nodes:,} nodes, {self.n_edges:,} edges, {total_km:,.1f} km>"

    @property
    def n_nodes(self) -> int:
        """Number of nodes: ends of lines, and vertices where lines meet (corners there, where streets have two sides)."""
        return self._streets.n_nodes

    @property
    def n_edges(self) -> int:
        """Number of edges: stretches of lines from node to node, two of a two-sided street."""
        return len(self._streets.length_m)

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
        `origin` and `target` (labels), both in input order, and `walk_m`: the origin's off-network leg, the way along
        the network from its exact position to the target's, and the target's off-network leg, to the millimetre. On
        request `crosses_arterial`: no walk as short goes without crossing a two-sided street.
        """
        return walks_table(
            self._streets,
            self._graph,
            self._positions(origins),
            self._positions(targets),
            within_m=within_m,
            threads=threads,
            uncrossed=self._uncrossed if crosses_arterial else None,
        )

    def nearest(
        self,
        origins: Positions | Points,
        targets: Positions | Points,
        *,
        within_m: float = 5000.0,
        crosses_arterial: bool = False,
    ) -> pd.DataFrame:
        """The nearest target of each origin; of several at the same millimetre the first of the input.

        Parameters
        ----------
        origins, targets
            Positions from `snap`, or points, which are then snapped with its defaults.
        within_m
            The longest walk, inclusive; may be infinite.
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
            within_m=within_m,
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

    @cached_property
    def edges(self) -> gpd.GeoDataFrame:
        """One row per edge: `line` (label of the line it is cut from), `u`, `v` (nodes), `length_m`, `component`, geometry.

        With two-sided streets also `side`: 1 for a left kerb, -1 for the right one in the next row, both drawn on the
        centre line, and 0 for all other edges; and `width_m` from kerb to kerb, 0 for all other edges.
        """
        columns = {
            "line": self._labels.take(self._streets.part_line[self._streets.part]),
            "u": self._streets.node[:, 0],
            "v": self._streets.node[:, 1],
            "length_m": self._streets.length_m,
            "component": self._component[self._streets.node[:, 0]],
        }
        if self._kerbs.side.any():
            columns |= {"side": self._kerbs.side, "width_m": 2 * self._kerbs.half_width_m}
        index = pd.RangeIndex(self.n_edges, name="edge")
        return gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=self._lines, crs=self.crs)

    @property
    def crossing_links(self) -> pd.DataFrame:
        """One row per place where a two-sided street is crossed from kerb to kerb: `u`, `v` (nodes), `length_m`."""
        return pd.DataFrame({"u": self._kerbs.link[:, 0], "v": self._kerbs.link[:, 1], "length_m": self._kerbs.link_m})

    @cached_property
    def components(self) -> pd.DataFrame:
        """One row per connected component, the longest first, by its code: `length_m`, `n_edges`, `n_nodes`."""
        of_edge = self._component[self._streets.node[:, 0]]
        return pd.DataFrame(
            {
                "length_m": np.bincount(of_edge, weights=self._streets.length_m),
                "n_edges": np.bincount(of_edge),
                "n_nodes": np.bincount(self._component),
            }
        ).rename_axis("component")

    def component_of(self, positions: Positions) -> pd.Series:
        """Code of the component that each owner stands on, by label: the longest of several, -1 for the too far."""
        at = self._positions(positions)
        none = np.iinfo(np.int32).max
        code = np.full(len(at), none, np.int32)
        np.minimum.at(code, at.owner, self._component[self._streets.node[at.edge, 0]])
        return pd.Series(np.where(code == none, -1, code), index=at.labels, name="component")

    @cached_property
    def near_misses(self) -> pd.DataFrame:
        """Ends of lines within 0.5 m of a line of which they are no vertex: reported, not joined.

        Columns `line` (the label of the line that ends), `near_line`, `distance_m`, `x`, `y` (of the end). Ends that
        a street no longer than 0.5 m joins to that line are left out.
        """
        lines = self._lines if self._drawn is self._streets else self._drawn.lines()
        tree = self._tree if self._drawn is self._streets else shapely.STRtree(lines)
        return unjoined.near_misses(self._drawn, lines, tree, self._labels)

    @cached_property
    def crossings(self) -> pd.DataFrame:
        """Points where lines cross without a common vertex, so that nobody can turn: bridges, or drawing errors.

        Columns `line`, `other_line` (labels; the same where a line crosses itself), `x`, `y`.
        """
        return unjoined.crossings(self._drawn, self._labels)

    def _positions(self, at: Positions | Points) -> Positions:
        if not isinstance(at, Positions):
            return self.snap(at)
        if at.network != self._fingerprint:
            raise NetworkError("positions: they were snapped to another network; snap the points to this one")
        return at

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.blake2b(self._streets.xy.tobytes(), digest_size=16)
        digest.update(self._streets.first_vertex.tobytes())
        for corners in (self._streets.node, self._kerbs.link, self._kerbs.link_m, self._kerbs.half_width_m):
            digest.update(corners.tobytes())
        return digest.hexdigest()

    @cached_property
    def _uncrossed(self) -> Graph:
        """The graph without links between kerbs."""
        return graph_of(self._streets, without_kerbs(self._streets))

    @cached_property
    def _lines(self) -> npt.NDArray[np.object_]:
        return self._streets.lines()

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._lines)

    @cached_property
    def _component(self) -> Ints:
        """Component of each node, numbered from the longest down."""
        ones = np.ones(len(self._graph.head), np.int8)
        shape = (self.n_nodes, self.n_nodes)
        links = scipy.sparse.csr_array((ones, self._graph.head, self._graph.first_arc), shape=shape)
        code = scipy.sparse.csgraph.connected_components(links, directed=False)[1]
        length_m = np.bincount(code[self._streets.node[:, 0]], weights=self._streets.length_m)
        rank = np.empty(len(length_m), np.int32)
        rank[np.argsort(-length_m, kind="stable")] = np.arange(len(length_m))
        return rank[code]
