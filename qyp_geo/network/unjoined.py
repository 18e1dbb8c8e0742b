"""Places that look joined on a map but are not: a planner should look at them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import shapely

from qyp_geo.network.build import Streets

NEAR_M = 0.5
"""An end of a line that is no farther than this from another line was probably meant to be on it."""


def near_misses(
    streets: Streets, lines: npt.NDArray[np.object_], tree: shapely.STRtree, labels: pd.Index
) -> pd.DataFrame:
    """Ends of lines within `NEAR_M` of a line of which they are no vertex, in the order of the lines.

    Left out are ends that a street no longer than `NEAR_M` joins to that line already.

    Parameters
    ----------
    lines, tree
        The edges: geometry and search tree.
    labels
        Label of each line of the input.

    Returns
    -------
    `line` (whose end it is), `near_line`, `distance_m`, `x`, `y`.
    """
    part = np.repeat(np.arange(len(streets.part_end)), 2)
    node = streets.part_end.ravel()
    part, node = part[node >= 0], node[node >= 0]
    ends, nth = np.unique(node, return_inverse=True)
    node_xy = np.empty((streets.n_nodes, 2))
    node_xy[streets.node[:, 0]] = streets.xy[streets.first_vertex[:-1]]
    node_xy[streets.node[:, 1]] = streets.xy[streets.first_vertex[1:] - 1]
    point = np.asarray(shapely.points(node_xy[ends]))
    at, edge = tree.query(point, predicate="dwithin", distance=NEAR_M)

    # Ends of the lines (parts) that pass through the place of the end have it as a vertex.
    n_parts = len(streets.part_end)
    passing = streets.node.astype(np.int64) * n_parts + streets.part[:, None]
    apart = ~np.isin(ends[at].astype(np.int64) * n_parts + streets.part[edge], passing)
    short = streets.node[streets.length_m <= NEAR_M]
    links = scipy.sparse.coo_array((np.ones(len(short)), short.T), shape=(streets.n_nodes, streets.n_nodes))
    group = scipy.sparse.csgraph.connected_components(links, directed=False)[1]
    apart &= (group[streets.node[edge]] != group[ends[at]][:, None]).all(axis=1)
    at, edge = at[apart], edge[apart]

    found = pd.DataFrame(
        {
            "at": at,
            "near": streets.part_line[streets.part[edge]],
            "distance_m": shapely.distance(point[at], lines[edge]),
        }
    )
    here = pd.DataFrame({"at": nth, "line": streets.part_line[part]}).drop_duplicates()
    found = here.merge(found, on="at").sort_values("distance_m").drop_duplicates(["line", "at", "near"])
    found = found.sort_values(["line", "at", "near"])
    xy = node_xy[ends[found["at"].to_numpy()]]
    return pd.DataFrame(
        {
            "line": labels.take(found["line"].to_numpy()),
            "near_line": labels.take(found["near"].to_numpy()),
            "distance_m": found["distance_m"].to_numpy(),
            "x": xy[:, 0],
            "y": xy[:, 1],
        }
    )


def crossings(streets: Streets, labels: pd.Index) -> pd.DataFrame:
    """Points where two lines, or a line and itself, cross without a common vertex, in the order of the lines.

    Returns
    -------
    `line`, `other_line`, `x`, `y`.
    """
    last = np.zeros(len(streets.xy), dtype=bool)
    last[streets.first_vertex[1:] - 1] = True
    start = np.flatnonzero(~last)
    segment = np.asarray(shapely.linestrings(np.stack([streets.xy[start], streets.xy[start + 1]], axis=1)))
    a, b = shapely.STRtree(segment).query(segment, predicate="crosses")
    a, b = a[a < b], b[a < b]
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    line = streets.part_line[streets.part[np.searchsorted(streets.first_vertex, start, side="right") - 1]]
    xy = shapely.get_coordinates(shapely.intersection(segment[a], segment[b]))
    return pd.DataFrame(
        {"line": labels.take(line[a]), "other_line": labels.take(line[b]), "x": xy[:, 0], "y": xy[:, 1]}
    )
