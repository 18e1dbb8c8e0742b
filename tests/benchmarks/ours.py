"""This project's engine, asked the questions of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely

from qyp_geo.network import Positions, WalkNetwork
from tests.benchmarks.networks import WITHIN_M, Arrays, Floats, Ints
from tests.benchmarks.questions import N_AREAS, WIDTH_M, Answers, K, every_node, fade, n_nearest, residents


def ask_ours(arrays: Arrays, net: WalkNetwork) -> Answers:
    """This project; it is built from lines, so that its network comes in from outside."""
    nodes = at_nodes(net, every_node(arrays))
    some = at_nodes(net, arrays.facilities)
    few = at_nodes(net, arrays.facilities[: n_nearest(arrays)])
    centres = at_nodes(net, arrays.facilities[:N_AREAS])
    people = pd.DataFrame({"people": residents(arrays)}, index=nodes.labels)

    def three() -> Floats:
        found = net.k_nearest(nodes, some, k=K, within_m=WITHIN_M)
        walk_m = np.full((arrays.n_nodes, K), np.inf)
        walk_m[found["origin"].to_numpy(), found["rank"].to_numpy() - 1] = found["walk_m"]
        return walk_m

    def reached() -> Iterator[tuple[Floats, Floats]]:
        walks = net.walks_csr(centres, nodes, within_m=WITHIN_M)
        for start, stop in zip(walks.indptr[:-1], walks.indptr[1:], strict=True):
            yield arrays.xy[walks.target[start:stop]], walks.walk_m[start:stop]

    def tally() -> Floats:
        return np.asarray(net.tally(nodes, nodes, within_m=WITHIN_M, weights=people, decay=fade)["people"])

    def areas(method: Literal["contour", "buffer"]) -> Any:
        return net.service_areas(centres, within_m=WITHIN_M, width_m=WIDTH_M, method=method).geometry.to_numpy()

    return {
        "snap": lambda: net.snap(arrays.points(net.crs)),
        "nearest": lambda: net.nearest(nodes, few, within_m=np.inf)["walk_m"].fillna(np.inf).to_numpy(),
        "pairs of 2,000": lambda: net.walks_csr(some, nodes, within_m=WITHIN_M),
        "all pairs": lambda: net.walks_csr(nodes, nodes, within_m=WITHIN_M),
        "tally": tally,
        "3 nearest": three,
        "areas: contour": lambda: areas("contour"),
        "areas: pieces buffered": lambda: areas("buffer"),
        "areas: convex hull of reached nodes": lambda: [
            shapely.convex_hull(shapely.multipoints(xy)) for xy, _ in reached()
        ],
        "areas: concave hull of reached nodes": lambda: [
            shapely.concave_hull(shapely.multipoints(xy), ratio=0.3) for xy, _ in reached()
        ],
        "areas: reached nodes buffered by what is left": lambda: [
            shapely.union_all(shapely.buffer(shapely.points(xy), WITHIN_M - walk_m)) for xy, walk_m in reached()
        ],
    }


def at_nodes(net: WalkNetwork, nodes: Ints) -> Positions:
    """Positions at nodes, by their numbers: what snapping points there gives, without the search for an edge."""
    streets = net._streets
    edge_of = np.empty(net.n_nodes, np.int32)
    edge_of[streets.node.ravel()] = np.repeat(np.arange(net.n_edges), 2)
    edge = edge_of[nodes]
    begins = streets.node[edge, 0] == nodes
    first = streets.first_vertex[edge]
    last = streets.first_vertex[edge + 1] - 1
    none = pd.Series(dtype=float)
    return Positions(
        labels=pd.Index(nodes),
        owner=np.arange(len(nodes), dtype=np.int32),
        edge=edge,
        along_m=np.where(begins, 0.0, streets.length_m[edge]),
        off_m=np.zeros(len(nodes)),
        xy=streets.xy[np.where(begins, first, last)],
        too_far=none,
        cut_off=none,
        left_out=none,
        crs=net.crs,
        network=net._fingerprint,
    )
