"""Streets joined into a network: what it consists of."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import shapely

from qyp_geo.network import unjoined
from qyp_geo.network.build import BuildReport, Streets
from qyp_geo.network.exact import Ints
from qyp_geo.network.kerbs import Kerbs, without_kerbs
from qyp_geo.network.kernels import Graph
from qyp_geo.network.search import graph_of


class StreetNetwork:
    """Edges and nodes of a network, its components, and what is not joined. Made and asked as `WalkNetwork`.

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
