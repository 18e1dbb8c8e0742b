"""What the searches take, and how they are compiled.

Arrays come in with the dtypes named here and C-contiguous, so that each kernel is compiled once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import event

from qyp_geo.network.exact import Floats, Ints


class Graph(NamedTuple):
    """Arcs by the node that they leave: `first_arc` (n + 1), then `head` and `arc_units` of each arc, both directions.

    Lengths are counted in `UNIT_M`, as uint32 where all are shorter than 4,096 m. 2 ** `step_bits` of them are about
    the mean.
    """

    first_arc: Ints
    head: Ints
    arc_units: Any
    step_bits: int


class Accesses(NamedTuple):
    """Positions on edges, sorted by owner: those of owner k are `first[k]` to `first[k + 1]`.

    `node` and `node_m`, shape (accesses, 2), are the two ends of the edge and the metres to each, off-network leg
    included; infinite where the other end does as well.
    """

    first: Ints
    owner: Ints
    edge: Ints
    node: Ints
    node_m: Floats
    along_m: Floats
    off_m: Floats


class Sinks(NamedTuple):
    """Who waits at which node, how many metres from it: those of node k are `first[k]` to `first[k + 1]`."""

    first: Ints
    owner: Ints
    node_m: Floats


class Beside(NamedTuple):
    """Who lies on which edge: on edge k those from `first[k]` to `first[k + 1]`."""

    first: Ints
    owner: Ints
    along_m: Floats
    off_m: Floats


class OnEdges(NamedTuple):
    """Positions on edges, sorted by owner."""

    owner: Ints
    edge: Ints
    along_m: Floats
    off_m: Floats


class Edges(NamedTuple):
    """The two nodes of each edge, shape (edges, 2), and its length."""

    node: Ints
    length_m: Floats


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel at its first call, and keep the result where a folder can be written to."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # what numba raises where it finds no folder that it may write to
        logging.getLogger(__name__).warning(
            "%s: no cache folder is writable, so the network search is compiled anew in every run (some seconds). "
            "Set NUMBA_CACHE_DIR to a writable folder to avoid it.",
            function.__name__,
        )
        return numba.njit(nogil=True)(function)


class _Listener(event.Listener):
    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def on_start(self, event: Any) -> None:
        if event.data["dispatcher"].py_func.__module__.startswith("qyp_geo"):
            self._tell("compiling the network search: once on this machine, some seconds")

    def on_end(self, event: Any) -> None:
        pass


@contextmanager
def compiling_told(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell that a kernel is being compiled, whenever one is; kernels kept from an earlier run are not."""
    with event.install_listener("numba:compile", _Listener(tell)):
        yield


@numba.njit
def with_room(array: Any, size: Any) -> Any:
    """`array`, or a longer copy of it that holds `size` elements."""
    if size <= array.size:
        return array
    longer = np.empty(size + array.size, array.dtype)
    for k in range(array.size):  # a slice assignment takes far longer to compile
        longer[k] = array[k]
    return longer
