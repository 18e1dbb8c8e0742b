"""Walks the slow and obvious way: every vertex and every point a node of a networkx graph, in plain floats.

Shares nothing with the package: it finds the nearest segment by trying all, and joins lines by their rounded vertices.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

CRS = "EPSG:4548"
Vertex = tuple[float, float]


def frame(geometries: list[Any], index: list[Any] | None = None, **columns: Any) -> gpd.GeoDataFrame:
    """A frame in the tests' reference system."""
    return gpd.GeoDataFrame(columns, geometry=geometries, index=index, crs=CRS)


def points(*xy: tuple[float, float], index: list[Any] | None = None, **columns: Any) -> gpd.GeoDataFrame:
    """A frame of points."""
    return frame([shapely.Point(p) for p in xy], index, **columns)


class BruteForce:
    """Streets, with points standing on them."""

    def __init__(self, lines: gpd.GeoDataFrame) -> None:
        place: dict[Vertex, Vertex] = {}  # the exact place of each rounded vertex
        segments = set()
        for line in lines.geometry.explode(ignore_index=True):
            xy = [(float(x), float(y)) for x, y in shapely.get_coordinates(line)]
            vertices = [(round(x, 4), round(y, 4)) for x, y in xy]
            place |= dict(zip(vertices, xy, strict=True))
            segments |= {(min(s), max(s)) for s in pairwise(vertices) if s[0] != s[1]}
        self.segments = sorted(segments)
        self._a = np.array([place[a] for a, _ in self.segments])
        self._way = np.array([place[b] for _, b in self.segments]) - self._a
        self._on: dict[int, list[tuple[float, Any]]] = defaultdict(list)
        self._legs: list[tuple[Any, Any, float]] = []

    def spots(self, x: float, y: float) -> npt.NDArray[np.float64]:
        """The nearest place on each segment, and its distance: shape (segments, 4), share, x, y, distance."""
        share = ((np.array([x, y]) - self._a) * self._way).sum(axis=1) / (self._way**2).sum(axis=1)
        share = share.clip(0, 1)
        spot = self._a + share[:, None] * self._way
        return np.column_stack([share, spot, np.hypot(spot[:, 0] - x, spot[:, 1] - y)])

    def ambiguous(self, x: float, y: float) -> bool:
        """Whether two segments are equally near, and not just because they begin or end there together."""
        spots = self.spots(x, y)
        near = np.flatnonzero(spots[:, 3] <= spots[:, 3].min() + 1e-4)
        at = {self.segments[k][round(spots[k, 0])] if spots[k, 0] in (0, 1) else k for k in near}
        return len(at) > 1

    def put(self, name: Any, x: float, y: float) -> None:
        """Let the point `name` stand at its nearest street."""
        spots = self.spots(x, y)
        nearest = int(spots[:, 3].argmin())
        self._on[nearest].append((spots[nearest, 0], ("foot of", name)))
        self._legs.append((name, ("foot of", name), spots[nearest, 3]))

    def graph(self) -> nx.MultiGraph:
        """Everything as nodes."""
        graph = nx.MultiGraph()
        for k, (a, b) in enumerate(self.segments):
            length_m = float(np.hypot(*self._way[k]))
            stops = [(0.0, a), *sorted(self._on[k], key=lambda stop: stop[0]), (1.0, b)]
            for (share, stop), (next_share, next_stop) in pairwise(stops):
                graph.add_edge(stop, next_stop, weight=(next_share - share) * length_m)
        for name, foot, off_m in self._legs:
            graph.add_edge(name, foot, weight=off_m)
        return graph


def brute_walks(
    lines: gpd.GeoDataFrame, origins: gpd.GeoDataFrame, targets: gpd.GeoDataFrame, *, max_off_m: float = 200.0
) -> dict[tuple[Any, Any], float]:
    """Metres of every pair that is connected at all, by labels; the least where labels are repeated."""
    streets = BruteForce(lines)
    names: dict[str, list[Any]] = {"origin": [], "target": []}
    for side, frame_ in (("origin", origins), ("target", targets)):
        for nth, (label, x, y) in enumerate(zip(frame_.index, frame_.geometry.x, frame_.geometry.y, strict=True)):
            if streets.spots(x, y)[:, 3].min() <= max_off_m:
                streets.put((side, label, nth), x, y)
                names[side].append((side, label, nth))
    graph = streets.graph()
    walks: dict[tuple[Any, Any], float] = {}
    for origin in names["origin"]:
        reached = nx.single_source_dijkstra_path_length(graph, origin)
        for target in names["target"]:
            if target in reached:
                pair = (origin[1], target[1])
                walks[pair] = min(walks.get(pair, np.inf), reached[target])
    return walks


def plain(walks: pd.DataFrame) -> pd.DataFrame:
    """Walks with labels as they are, rather than as categoricals."""
    return walks.assign(**{name: walks[name].astype(walks[name].cat.categories.dtype) for name in ("origin", "target")})
