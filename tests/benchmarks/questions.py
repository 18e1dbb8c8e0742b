"""The questions that every engine is asked, this project's among them.

A question is a name; an engine is a function that takes the arrays of a network, builds what it needs, and returns the
questions that it answers, each as a function to time. Answers of all engines to one question have one form:

- `snap`: points at all nodes put on their nearest streets; ours alone, and nothing to compare;
- `nearest`: metres from each node to the nearest facility, without a limit, infinite where there is none;
- `pairs of 2,000`, `all pairs`: every node within 1,000 m of each of 2,000 facilities, or of each node, as `Pairs`;
- `tally`: for each node the residents within 1,000 m of it, each weighted by 1 - metres / 1,000;
- `3 nearest`: metres from each node to the three nearest of 2,000 facilities within 1,000 m, ascending, infinite where
  there are fewer, shape (nodes, 3);
- `areas: …`: what 100 facilities serve within 1,000 m, as polygons.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.benchmarks.networks import WITHIN_M, Arrays, Floats, Ints

OURS = "qyp_geo"
REFEREE = "SciPy"
BOUND = "C++ bucket queue"
WIDTH_M = 50.0
K = 3
N_AREAS = 100
Answers = dict[str, Callable[[], Any]]


class Pairs(NamedTuple):
    """The nodes within the limit of source k, in any order: those from `indptr[k]` to `indptr[k + 1]`."""

    indptr: npt.NDArray[np.int64]
    target: Ints
    walk_m: Floats


def n_nearest(arrays: Arrays) -> int:
    """How many facilities are searched for the nearest: 100, and 2,000 on very large networks."""
    return 2000 if arrays.n_nodes > 5_000_000 else 100


def residents(arrays: Arrays) -> Floats:
    """People at each node, whole numbers; those of a place are the same in whatever order the nodes are."""
    return np.asarray(np.floor(np.abs(arrays.xy).sum(axis=1)) % 50.0)


def fade(walk_m: Floats) -> Floats:
    """The weight of a walk: 1 at the door, 0 at the limit and beyond."""
    return np.maximum(1.0 - walk_m / WITHIN_M, 0.0)


def every_node(arrays: Arrays) -> Ints:
    """The numbers of all nodes."""
    return np.arange(arrays.n_nodes, dtype=np.int32)
