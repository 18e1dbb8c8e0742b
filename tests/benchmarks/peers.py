"""The peers, each asked the questions that it answers."""

from __future__ import annotations

import ctypes
import importlib
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import shapely
from scipy.sparse.csgraph import dijkstra

from tests.benchmarks.networks import WITHIN_M, Arrays, Floats, Ints
from tests.benchmarks.questions import (
    BOUND,
    N_AREAS,
    REFEREE,
    WIDTH_M,
    Answers,
    K,
    Pairs,
    every_node,
    fade,
    n_nearest,
    residents,
)


class Peer(NamedTuple):
    """An engine: the package it is (None: none to import), what it searches with, and how it is asked."""

    package: str | None
    threads: str
    ask: Callable[[Arrays], Answers]


def ask_scipy(arrays: Arrays) -> Answers:
    """`scipy.sparse.csgraph.dijkstra`, which has a row of all nodes for each source: in chunks."""
    graph = _matrix(arrays)
    people = residents(arrays)

    def rows(sources: Ints) -> Iterator[tuple[int, Floats]]:
        return _chunks(lambda some: dijkstra(graph, indices=some, limit=WITHIN_M), sources, arrays.n_nodes)

    def tally() -> Floats:
        return np.concatenate([fade(walk_m) @ people for _, walk_m in rows(every_node(arrays))])

    return {
        "nearest": lambda: dijkstra(graph, indices=arrays.facilities[: n_nearest(arrays)], min_only=True),
        "pairs of 2,000": lambda: _within(rows(arrays.facilities)),
        "all pairs": lambda: _within(rows(every_node(arrays))),
        "tally": tally,
        "3 nearest": lambda: _least(_within(rows(arrays.facilities)), arrays.n_nodes),
    }


def ask_cpp(arrays: Arrays) -> Answers:
    """`bucket.cpp`, compiled to the shared library that QYP_BUCKET names."""
    library = ctypes.CDLL(os.environ["QYP_BUCKET"])
    library.pairs.restype = ctypes.c_void_p
    library.count.restype = ctypes.c_int64
    threads = os.cpu_count() or 1
    graph = (ctypes.c_int32(arrays.n_nodes), _at(arrays.first_arc), _at(arrays.head), _at(arrays.arc_m))

    def nearest() -> Floats:
        walk_m, owner = np.empty(arrays.n_nodes), np.empty(arrays.n_nodes, np.int32)
        n = n_nearest(arrays)
        library.nearest(*graph, ctypes.c_int32(n), _at(arrays.facilities), _at(walk_m), _at(owner))
        return walk_m

    def pairs(sources: Ints) -> Pairs:
        limit_m = ctypes.c_double(WITHIN_M)
        found = ctypes.c_void_p(library.pairs(*graph, ctypes.c_int64(len(sources)), _at(sources), limit_m, threads))
        n = library.count(found)
        answer = Pairs(np.empty(len(sources) + 1, np.int64), np.empty(n, np.int32), np.empty(n))
        library.take(found, _at(answer.indptr), _at(answer.target), _at(answer.walk_m), threads)
        return answer

    return {
        "nearest": nearest,
        "pairs of 2,000": lambda: pairs(arrays.facilities),
        "all pairs": lambda: pairs(every_node(arrays)),
    }


def ask_networkit(arrays: Arrays) -> Answers:
    """networkit searches the whole network from each source; the nearest by a source joined to all facilities."""
    nk = importlib.import_module("networkit")
    tail, head, arc_m = _each_way_once(arrays)
    coo = (arc_m, (tail.astype(np.uint64), head.astype(np.uint64)))
    graph = nk.GraphFromCoo(coo, n=arrays.n_nodes, weighted=True, directed=False)
    joined = nk.GraphFromCoo(coo, n=arrays.n_nodes + 1, weighted=True, directed=False)
    for facility in arrays.facilities[: n_nearest(arrays)].tolist():
        joined.addEdge(arrays.n_nodes, facility, 0.0)

    def nearest() -> Floats:
        search = nk.distance.Dijkstra(joined, arrays.n_nodes, False, False)
        search.run()
        return _without_huge(search.getDistances(asarray=True))[: arrays.n_nodes]

    def some(sources: Ints) -> Floats:
        search = nk.distance.SPSP(graph, sources.tolist())
        search.run()
        return _without_huge(search.getDistances(asarray=True))

    def rows(sources: Ints) -> Iterator[tuple[int, Floats]]:
        return _chunks(some, sources, arrays.n_nodes)

    return {
        "nearest": nearest,
        "pairs of 2,000": lambda: _within(rows(arrays.facilities)),
        "all pairs": lambda: _within(rows(every_node(arrays))),
    }


def ask_igraph(arrays: Arrays) -> Answers:
    """igraph searches the whole network from each source; the nearest by a source joined to all facilities."""
    igraph = importlib.import_module("igraph")
    tail, head, arc_m = _each_way_once(arrays)
    few = arrays.facilities[: n_nearest(arrays)]
    ends = np.stack([tail, head], axis=1)
    graph = igraph.Graph(n=arrays.n_nodes, edges=ends)
    joined = igraph.Graph(
        n=arrays.n_nodes + 1,
        edges=np.concatenate([ends, np.stack([np.full(len(few), arrays.n_nodes), few], axis=1)]),
    )
    joined_m = np.concatenate([arc_m, np.zeros(len(few))]).tolist()
    weights = arc_m.tolist()

    def rows(sources: Ints) -> Iterator[tuple[int, Floats]]:
        def some(part: Ints) -> Floats:
            return np.array(graph.distances(source=part.tolist(), weights=weights, algorithm="dijkstra"))

        return _chunks(some, sources, arrays.n_nodes)

    return {
        "nearest": lambda: np.array(
            joined.distances(source=[arrays.n_nodes], weights=joined_m, algorithm="dijkstra")[0][: arrays.n_nodes]
        ),
        "pairs of 2,000": lambda: _within(rows(arrays.facilities)),
        "all pairs": lambda: _within(rows(every_node(arrays))),
    }


def ask_rustworkx(arrays: Arrays) -> Answers:
    """rustworkx searches the whole network from each source; the nearest by a source joined to all facilities."""
    rx = importlib.import_module("rustworkx")
    tail, head, arc_m = (array.tolist() for array in _each_way_once(arrays))
    few = arrays.facilities[: n_nearest(arrays)].tolist()
    graph = rx.PyGraph()
    graph.add_nodes_from(range(arrays.n_nodes))
    graph.add_edges_from(list(zip(tail, head, arc_m, strict=True)))
    joined = graph.copy()
    joined.add_node(arrays.n_nodes)
    joined.add_edges_from([(arrays.n_nodes, facility, 0.0) for facility in few])

    def from_one(of: Any, source: int) -> Floats:
        found = rx.dijkstra_shortest_path_lengths(of, source, float)
        walk_m = np.full(of.num_nodes(), np.inf)
        walk_m[np.fromiter(found.keys(), np.int64, len(found))] = np.fromiter(found.values(), float, len(found))
        walk_m[source] = 0.0
        return walk_m

    def rows(sources: Ints) -> Iterator[tuple[int, Floats]]:
        return _chunks(lambda some: np.stack([from_one(graph, one) for one in some.tolist()]), sources, arrays.n_nodes)

    return {
        "nearest": lambda: from_one(joined, arrays.n_nodes)[: arrays.n_nodes],
        "pairs of 2,000": lambda: _within(rows(arrays.facilities)),
        "all pairs": lambda: _within(rows(every_node(arrays))),
    }


def ask_pandana(arrays: Arrays) -> Answers:
    """pandana: contraction hierarchies."""
    return _ask_pandana(arrays, importlib.import_module("pandana"), total={"type": "sum"})


def ask_pandarm(arrays: Arrays) -> Answers:
    """pandarm: pandana made into another package, which wants to know the reference system."""
    return _ask_pandana(arrays, importlib.import_module("pandarm"), total={"func": "sum"}, crs="EPSG:4548")


def _ask_pandana(arrays: Arrays, package: Any, *, total: dict[str, str], **more: Any) -> Answers:
    tail, head, arc_m = _each_way_once(arrays)
    ends = pd.DataFrame({"tail": tail, "head": head, "m": arc_m})
    x, y = (pd.Series(along) for along in arrays.xy.T)
    net = package.Network(x, y, ends["tail"], ends["head"], ends[["m"]], **more)
    far_m = float(np.ptp(arrays.xy, axis=0).sum())  # it wants a limit; none is meant
    net.set(pd.Series(every_node(arrays)), variable=pd.Series(residents(arrays)), name="people")
    at = arrays.xy[arrays.facilities]

    def k_nearest(k: int, n: int, limit_m: float) -> Floats:
        net.set_pois("facilities", limit_m, k, pd.Series(at[:n, 0]), pd.Series(at[:n, 1]))
        found = net.nearest_pois(limit_m, "facilities", num_pois=k, max_distance=np.inf)
        return np.asarray(found.to_numpy(dtype=float))

    def pairs(sources: Ints) -> Pairs:
        found = net.nodes_in_range(sources, WITHIN_M)
        place = np.full(arrays.n_nodes, -1)
        place[sources] = np.arange(len(sources))
        source = place[found["source"].to_numpy()]
        order = np.argsort(source, kind="stable")
        indptr = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=len(sources)))])
        return Pairs(indptr, found["destination"].to_numpy(np.int32)[order], found["m"].to_numpy(float)[order])

    return {
        "nearest": lambda: k_nearest(1, n_nearest(arrays), far_m)[:, 0],
        "pairs of 2,000": lambda: pairs(arrays.facilities),
        "all pairs": lambda: pairs(every_node(arrays)),
        "tally": lambda: net.aggregate(WITHIN_M, decay="linear", name="people", **total).to_numpy(),
        "3 nearest": lambda: k_nearest(K, len(at), WITHIN_M),
    }


def ask_cityseer(arrays: Arrays) -> Answers:
    """cityseer: sums over what is within a distance of each node; its searches hand out no pairs."""
    rust = importlib.import_module("cityseer.rustalgos")
    net = rust.graph.NetworkStructure()
    people = residents(arrays)
    for node, (x, y) in enumerate(arrays.xy.tolist()):
        net.add_street_node(str(node), x, y, True, people[node])
    tail, head = arrays.tail, arrays.head
    straight_m = np.hypot(*(arrays.xy[tail] - arrays.xy[head]).T)
    drawn = shapely.to_wkt(
        shapely.linestrings(np.stack([arrays.xy[tail], arrays.xy[head]], axis=1)), rounding_precision=-1
    )
    stretch = arrays.arc_m / straight_m
    for k, (u, v) in enumerate(zip(tail.tolist(), head.tolist(), strict=True)):
        net.add_street_edge(u, v, k, str(u), str(v), drawn[k], stretch[k])

    def tally() -> Floats:
        found = net.centrality_shortest(
            distances=[int(WITHIN_M)], closeness_exprs=[("people", "1 - p")], pbar_disabled=True
        )
        return np.asarray(found.metrics["people"][int(WITHIN_M)]) + people  # it leaves the node itself out

    return {"tally": tally}


def ask_objectnat(arrays: Arrays) -> Answers:
    """ObjectNat: isochrones from pieces of the streets of the nodes in reach, or from circles around these nodes."""
    objectnat = importlib.import_module("objectnat")
    urban_graph = importlib.import_module("iduedu").UrbanGraph
    tail, head, arc_m = _each_way_once(arrays)
    lines = shapely.linestrings(np.stack([arrays.xy[tail], arrays.xy[head]], axis=1))
    graph = urban_graph(
        arrays.points("EPSG:4548").to_frame("geometry"),
        gpd.GeoDataFrame(
            {"u": tail, "v": head, "length_meter": arc_m, "time_min": arc_m / 80.0}, geometry=lines, crs="EPSG:4548"
        ),
        is_multigraph=False,
        is_directed=False,
        adjacency_weight="length_meter",
        crs="EPSG:4548",
        graph_type="walk",
    )

    def areas(kind: str) -> Any:
        return objectnat.get_graph_isochrones(
            graph,
            weight_value_cutoff=WITHIN_M,
            origin_nodes=arrays.facilities[:N_AREAS].tolist(),
            weight_type="length_meter",
            geometry_type=kind,
            road_buffer_size=WIDTH_M,
        ).geometry.to_numpy()

    return {"areas: ways": lambda: areas("ways"), "areas: radius": lambda: areas("radius")}


PEERS = {
    REFEREE: Peer("scipy", "1", ask_scipy),
    BOUND: Peer(None, "nearest 1, pairs all", ask_cpp),
    "networkit": Peer("networkit", "nearest 1, pairs all", ask_networkit),
    "igraph": Peer("igraph", "1", ask_igraph),
    "rustworkx": Peer("rustworkx", "1", ask_rustworkx),
    "pandana": Peer("pandana", "all", ask_pandana),
    "pandarm": Peer("pandarm", "all", ask_pandarm),
    "cityseer": Peer("cityseer", "all", ask_cityseer),
    "ObjectNat": Peer("objectnat", "search all, polygons 1", ask_objectnat),
}


def _at(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _matrix(arrays: Arrays) -> Any:
    shape = (arrays.n_nodes, arrays.n_nodes)
    return scipy.sparse.csr_array((arrays.arc_m, arrays.head, arrays.first_arc), shape=shape)


def _each_way_once(arrays: Arrays) -> tuple[Ints, Ints, Floats]:
    once = arrays.tail < arrays.head
    return arrays.tail[once], arrays.head[once], arrays.arc_m[once]


def _without_huge(walk_m: Any) -> Floats:
    """What networkit hands out; it says the largest of all floats where there is no way."""
    metres = np.asarray(walk_m)
    return np.where(metres > 1e300, np.inf, metres)


def _chunks(search: Callable[[Ints], Floats], sources: Ints, n_nodes: int) -> Iterator[tuple[int, Floats]]:
    """The rows of some sources at a time, as many as 64 MB hold, with the number of sources before them."""
    size = max(1, 8_000_000 // n_nodes)
    for start in range(0, len(sources), size):
        yield start, search(sources[start : start + size])


def _within(rows: Iterator[tuple[int, Floats]]) -> Pairs:
    count, target, metres = [], [], []
    for _, walk_m in rows:
        near = walk_m <= WITHIN_M
        count.append(np.count_nonzero(near, axis=1))
        target.append(np.nonzero(near)[1].astype(np.int32))
        metres.append(walk_m[near])
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(count), dtype=np.int64)])
    return Pairs(indptr, np.concatenate(target), np.concatenate(metres))


def _least(pairs: Pairs, n_nodes: int) -> Floats:
    """Metres of the `K` least of the pairs of each target."""
    order = np.lexsort((pairs.walk_m, pairs.target))
    target = pairs.target[order]
    rank = np.arange(len(order)) - np.searchsorted(target, target)
    among = rank < K
    least = np.full((n_nodes, K), np.inf)
    least[target[among], rank[among]] = pairs.walk_m[order][among]
    return least
