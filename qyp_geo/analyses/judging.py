"""Each demand unit against each requirement: the nearest facility, the walk to it, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from qyp_geo.analyses.access import Facilities, Numbers, only
from qyp_geo.network import Positions, WalkNetwork
from qyp_geo.standards import Requirement

MET: Final = "达标"
UNMET: Final = "未达标"
NO_DATA: Final = "无数据"
NOT_APPLICABLE: Final = "不适用"

SEARCH_M: Final = 5000.0
"""The nearest facility is looked for within this walk, or within the longest limit if that is longer."""
_HALF_MM: Final = 0.0005
"""A walk of up to this over a limit is rounded down to it."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found, as arrays of shape (demand units, requirements) where not said otherwise.

    Attributes
    ----------
    facility
        Number of the nearest facility that counts, -1 where none is within the search.
    walk_m
        The walk to it, to the millimetre; NaN where there is none.
    covered
        Whether that walk is within the limit.
    verdict
        达标, 未达标, 无数据 or 不适用 (a figure for reference, or an alternative whose rule is met another way).
    known
        Whether the kind asked for has a layer at all, shape (requirements,).
    usable
        The facilities that count for each requirement, by number; one array per requirement.
    """

    facility: npt.NDArray[np.intp]
    walk_m: Floats
    covered: Bools
    verdict: npt.NDArray[np.object_]
    known: Bools
    usable: list[Numbers]


def judge(
    requirements: Sequence[Requirement],
    facilities: Facilities,
    kinds_with_layer: frozenset[str],
    *,
    net: WalkNetwork,
    demand: Positions,
    points: gpd.GeoSeries,
) -> Judgement:
    """Judge every demand unit by every requirement.

    Parameters
    ----------
    requirements
        What is asked.
    facilities
        The existing facilities and their accesses.
    kinds_with_layer
        The kinds of which a layer is declared, be it empty. A kind without one is 无数据: a facility of another kind that does
        its work (``served_by``) can still meet the requirement, but the lack of one proves nothing.
    net, demand, points
        The network, where the demand stands on it, and the demand points themselves, in one order.
    """
    shape = (len(points), len(requirements))
    facility = np.full(shape, -1, np.intp)
    walk_m = np.full(shape, np.nan)
    covered = np.zeros(shape, dtype=bool)
    doubtful = np.zeros(shape, dtype=bool)
    usable = []
    within_m = search_m(requirements)
    tree = shapely.STRtree(points.to_numpy())
    searched: dict[bytes, tuple[Numbers, Floats]] = {}
    for n, requirement in enumerate(requirements):
        counts, may_count = _which_count(requirement, facilities.table)
        usable.append(counts)
        if counts.tobytes() not in searched:
            near = net.nearest(demand, only(facilities.at, counts), within_m=within_m)
            searched[counts.tobytes()] = near["target"].fillna(-1).to_numpy(np.intp), near["walk_m"].to_numpy(float)
        facility[:, n], walk_m[:, n] = searched[counts.tobytes()]
        limit_m = requirement.limit_m
        covered[:, n] = walk_m[:, n] < limit_m if requirement.strict else walk_m[:, n] <= limit_m
        shapes = facilities.table.geometry.to_numpy()[may_count]
        doubtful[tree.query(shapes, predicate="dwithin", distance=limit_m + _HALF_MM)[1], n] = True

    known = np.array([requirement.kind in kinds_with_layer for requirement in requirements], dtype=bool)
    verdict = np.select([covered, doubtful | ~known], [MET, NO_DATA], UNMET).astype(object)
    for n, requirement in enumerate(requirements):
        if requirement.reference:
            verdict[verdict[:, n] != NO_DATA, n] = NOT_APPLICABLE
    for group in groups(requirements):
        met_another_way = covered[:, group].any(axis=1, keepdims=True) & ~covered[:, group]
        verdict[:, group] = np.where(met_another_way, NOT_APPLICABLE, verdict[:, group])
    return Judgement(facility, walk_m, covered, verdict, known, usable)


def search_m(requirements: Sequence[Requirement]) -> float:
    """Return how far the nearest facility is looked for, in metres of walk."""
    return max([SEARCH_M, *(requirement.limit_m for requirement in requirements)])


def groups(requirements: Sequence[Requirement]) -> list[list[int]]:
    """Return the requirements that are alternatives of one another, by their places; most stand alone."""
    places: dict[str, list[int]] = {}
    for n, requirement in enumerate(requirements):
        places.setdefault(requirement.group, []).append(n)
    return list(places.values())


def _which_count(requirement: Requirement, facilities: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Return the facilities that count for a requirement, and those of which that cannot be said.

    The latter have an access that is not known, or no known area where the requirement asks for one.
    """
    serves = facilities["kind"].isin(requirement.served_by).to_numpy()
    area_m2 = facilities["area_m2"].to_numpy(dtype=float)
    sized = np.ones(len(facilities), dtype=bool)
    too_small_or_large = np.zeros(len(facilities), dtype=bool)
    if requirement.min_area_m2 is not None or requirement.max_area_m2 is not None:
        least, most = requirement.min_area_m2 or 0.0, requirement.max_area_m2 or np.inf
        sized = ~np.isnan(area_m2)
        too_small_or_large = (area_m2 < least) | (area_m2 > most)
    in_doubt = (facilities["doubt"] != "").to_numpy() | ~sized
    candidates = serves & ~too_small_or_large
    return np.flatnonzero(candidates & ~in_doubt), np.flatnonzero(candidates & in_doubt)
