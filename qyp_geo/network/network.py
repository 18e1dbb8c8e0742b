"""The walking network: built from lines, asked for walks."""

from __future__ import annotations

import hashlib
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
from qyp_geo.network.search import graph_of, nearest_table, walks_table
from qyp_geo.network.snap import Points, Positions, snap_points


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

    def __init__(self, streets: Streets, report: BuildReport, labels: pd.Index, crs: Any) -> None:
        self.crs = crs
        self.report = report
        self._streets = streets
        self._labels = labels
        self._graph = graph_of(streets)

    @classmethod
    def from_lines(cls, lines: Lines, *, node_crossings: bool = False) -> Self:
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

        Raises
        ------
        CrsError
            The reference system is missing, geographic, or not in metres.
        NetworkError
            Some geometries are no lines, or none of them has any length.
        """
        streets, report = join_lines(lines, node_crossings=node_crossings)
        return cls(streets, report, lines.index.to_flat_index(), lines.crs)

    def __repr__(self) -> str:
        total_km = self._streets.length_m.sum() / 1000.0
        return f"<WalkNetwork: {self.n_nodes:,} nodes, {self.n_edges:,} edges, {total_km:,.1f} km>"

    @property
    def n_nodes(self) -> int:
        """Number of nodes: ends of lines, and vertices where lines meet."""
        return self._streets.n_nodes

    @property
    def n_edges(self) -> int:
        """Number of edges: stretches of lines from node to node."""
        return len(self._streets.length_m)

    def snap(self, points: Points, *, max_off_m: float = 200.0, of: str | None = None) -> Positions:
        """Put points on their nearest edges (of several at the same distance on the first).

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

        Raises
        ------
        CrsError
            The points are in another reference system.
        NetworkError
            Labels are repeated without `of` or are missing, or a geometry is no point.
        """
        if not max_off_m >= 0:
            raise NetworkError(f"max_off_m: a limit is a number of metres, 0 or more (given: {max_off_m})")
        return snap_points(
            points,
            max_off_m=max_off_m,
            of=of,
            lines=self._lines,
            tree=self._tree,
            length_m=self._streets.length_m,
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

        Returns
        -------
        `origin` and `target` (labels), both in input order, and `walk_m`: the origin's off-network leg, the way along
        the network from its exact position to the target's, and the target's off-network leg, to the millimetre.
        """
        return walks_table(
            self._streets,
            self._graph,
            self._positions(origins),
            self._positions(targets),
            within_m=within_m,
            threads=threads,
        )

    def nearest(
        self, origins: Positions | Points, targets: Positions | Points, *, within_m: float = 5000.0
    ) -> pd.DataFrame:
        """The nearest target of each origin; of several at the same millimetre the first of the input.

        Parameters
        ----------
        origins, targets
            Positions from `snap`, or points, which are then snapped with its defaults.
        within_m
            The longest walk, inclusive; may be infinite.

        Returns
        -------
        One row per origin, by label and in input order, those too far from the network included: `target` (label)
        and `walk_m` as in `walks`, both NaN where no target is within the limit.
        """
        return nearest_table(
            self._streets, self._graph, self._positions(origins), self._positions(targets), within_m=within_m
        )

    @cached_property
    def edges(self) -> gpd.GeoDataFrame:
        """One row per edge: `line` (label of the line it is cut from), `length_m`, `component`, geometry."""
        columns = {
            "line": self._labels.take(self._streets.part_line[self._streets.part]),
            "length_m": self._streets.length_m,
            "component": self._component[self._streets.node[:, 0]],
        }
        index = pd.RangeIndex(self.n_edges, name="edge")
        return gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=self._lines, crs=self.crs)

    def edge_line(self, edge: int) -> shapely.LineString:
        """Geometry of one edge, in the direction in which `along_m` counts."""
        return self._lines[edge]  # type: ignore[no-any-return]

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
        return unjoined.near_misses(self._streets, self._lines, self._tree, self._labels)

    @cached_property
    def crossings(self) -> pd.DataFrame:
        """Points where lines cross without a common vertex, so that nobody can turn: bridges, or drawing errors.

        Columns `line`, `other_line` (labels; the same where a line crosses itself), `x`, `y`.
        """
        return unjoined.crossings(self._streets, self._labels)

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
        return digest.hexdigest()

    @cached_property
    def _lines(self) -> npt.NDArray[np.object_]:
        edge = np.repeat(np.arange(self.n_edges), np.diff(self._streets.first_vertex))
        return np.asarray(shapely.linestrings(self._streets.xy, indices=edge))

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
