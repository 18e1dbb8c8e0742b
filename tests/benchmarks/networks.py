"""The networks that every engine is asked about, as streets and as plain arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from qyp_geo.network import WalkNetwork

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

WITHIN_M = 1000.0
SIZES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000, "10M": 10_000_000}
WUHAN = "Wuhan"
SPACING_M = 110.0
"""Between crossroads: with a tenth of the streets gone, about 170 nodes lie within 1,000 m of one."""


class Arrays(NamedTuple):
    """A network as an engine takes it: both directions of every street, by the node they leave.

    `first_arc` has shape (nodes + 1,), `head` and `arc_m` (arcs,), `xy` (nodes, 2); of parallel streets the shortest
    is there, and none that ends where it begins. `facilities` are node numbers, in an order of chance.
    """

    first_arc: Ints
    head: Ints
    arc_m: Floats
    xy: Floats
    facilities: Ints

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.xy)

    def points(self, crs: Any) -> gpd.GeoSeries:
        """The nodes as points, by their numbers."""
        return gpd.GeoSeries(shapely.points(self.xy), crs=crs)

    @property
    def tail(self) -> Ints:
        """The node that each arc leaves."""
        return np.repeat(np.arange(self.n_nodes, dtype=np.int32), np.diff(self.first_arc))

    def save(self, file: Path) -> None:
        """Write all arrays to one file."""
        np.savez(file, **self._asdict())

    @classmethod
    def load(cls, file: Path) -> Arrays:
        """Read what `save` has written."""
        with np.load(file) as stored:
            return cls(**stored)


def streets(name: str) -> gpd.GeoDataFrame:
    """The lines of a network: one of `SIZES`, or the streets of 武汉, which are read from beside the checkout."""
    if name == WUHAN:
        return gpd.read_parquet(Path(__file__).parents[3] / "shared" / "data" / "wuhan_streets.parquet")
    return grid(SIZES[name])


def grid(n_nodes: int) -> gpd.GeoDataFrame:
    """A grid of about so many crossroads, each pushed aside by up to 33 m each way, without a tenth of its streets."""
    rng = np.random.default_rng(n_nodes)
    side = round(n_nodes**0.5)
    place = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) * SPACING_M
    place += rng.uniform(-33.0, 33.0, place.shape)
    across = np.stack([place[:, :-1], place[:, 1:]], axis=2).reshape(-1, 2, 2)
    along = np.stack([place[:-1], place[1:]], axis=2).reshape(-1, 2, 2)
    street = np.concatenate([across, along])
    return gpd.GeoDataFrame(geometry=shapely.linestrings(street[rng.random(len(street)) >= 0.1]), crs="EPSG:4548")


def arrays_of(net: WalkNetwork) -> Arrays:
    """The arrays of a network, its nodes in their Hilbert order, and 2,000 facilities at nodes."""
    streets = net._streets  # `net.edges` has the same as geometries: 18 million of them, where there are 10M nodes
    ends = streets.node
    xy = np.empty((net.n_nodes, 2))
    xy[ends[:, 0]] = streets.xy[streets.first_vertex[:-1]]
    xy[ends[:, 1]] = streets.xy[streets.first_vertex[1:] - 1]
    leads = ends[:, 0] != ends[:, 1]
    tail = np.concatenate([ends[leads, 0], ends[leads, 1]])
    head = np.concatenate([ends[leads, 1], ends[leads, 0]])
    arc_m = np.tile(streets.length_m[leads], 2)
    order = np.lexsort((arc_m, head, tail))
    tail, head, arc_m = tail[order], head[order], arc_m[order]
    first = np.ones(len(tail), dtype=bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    facilities = np.random.default_rng(1).permutation(net.n_nodes)[:2000]
    return _arrays(tail[first], head[first], arc_m[first], xy, facilities)


def shuffled(arrays: Arrays) -> tuple[Arrays, Ints]:
    """The same network with its nodes in an order of chance, and the new number of each node."""
    number = np.random.default_rng(2).permutation(arrays.n_nodes).astype(np.int32)
    tail, head = number[arrays.tail], number[arrays.head]
    order = np.lexsort((head, tail))
    xy = np.empty_like(arrays.xy)
    xy[number] = arrays.xy
    return _arrays(tail[order], head[order], arrays.arc_m[order], xy, number[arrays.facilities]), number


def _arrays(tail: npt.ArrayLike, head: npt.ArrayLike, arc_m: Floats, xy: Floats, facilities: npt.ArrayLike) -> Arrays:
    first_arc = np.concatenate([[0], np.cumsum(np.bincount(np.asarray(tail), minlength=len(xy)))]).astype(np.int32)
    return Arrays(first_arc, np.asarray(head, np.int32), arc_m, xy, np.asarray(facilities, np.int32))
