"""The searches, compiled on first use.

What was tried, by its seconds against those of what stands (100,000 and 1M nodes of a jittered grid, 武汉, two cores; least of
several runs). Kept: sixteen sources at once against one heap each (all pairs 5 to 8 times as fast); metres and owner in one
integer (1.1); lengths of 32 bits (1.1); items of a queue side by side rather than linked (1.5); windows of steps with more
nodes than fit in the cache (3.0 at 10M, but .6 at 1M: there they are not used); room that is short leaves the loop, rather
than arrays that grow within it (2.6); ties looked for in a sweep of their own (1.7).

Lost: lanes of 32-bit integers (1.0: the sums are faster, the whole is not); unsigned indices (1.0); steps much shorter or
longer than an edge (.8 to 1.0); contracting chains of nodes with two arcs (1.2 to 1.6 on 武汉, where these are 76 % of the
nodes: not worth a second graph beside the one whose edges are those of the lines).
"""

from qyp_geo.network.kernels.inputs import Accesses, Beside, Edges, Graph, OnEdges, Sinks, compiled, compiling_told
from qyp_geo.network.kernels.nearest import NO_LABEL, Labelling, labels_from, nearest_of
from qyp_geo.network.kernels.within import LANES, least_of_rows, place_rows, walks_within

__all__ = [
    "LANES",
    "NO_LABEL",
    "Accesses",
    "Beside",
    "Edges",
    "Graph",
    "Labelling",
    "OnEdges",
    "Sinks",
    "compiled",
    "compiling_told",
    "labels_from",
    "least_of_rows",
    "nearest_of",
    "place_rows",
    "walks_within",
]
