"""Each demand unit against each requirement: the nearest facility, the walk to it, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from qyp_geo.analyses.access import Facilities, Numbers
from qyp_geo.analyses.standing import Standing
from qyp_geo.analyses.walking import Walks, find_walks
from qyp_geo.analyses.width import width_m
from qyp_geo.network.exact import to_mm
from qyp_geo.standards import Requirement

MET: Final = "达标"
UNMET: Final = "未达标"
NO_DATA: Final = "无数据"
NOT_APPLICABLE: Final = "不适用"

SEARCH_M: Final = 5000.0
"""The nearest facility is looked for within this walk, or within the longest limit if that is longer."""
ASKED_OF_ARTERIALS: Final = frozenset({"primary_school", "kindergarten"})
"""The kinds whose users are too young to cross a 干路 alone."""
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
        Number of the nearest facility that counts, from the door; -1 where none is within the search.
    judged_facility
        The same for the walk that is judged, which begins at the gate where there are gates; mostly the same one.
    walk_m
        The walk to it from the door, to the millimetre; NaN where there is none.
    from_gate_m
        The walk to the nearest from the 小区出入口; NaN also where the unit stands in no gated estate.
    judged_m
        The walk that is judged: from the 小区出入口 in a gated estate, else from the door.
    radius_m
        The straight distance to the nearest facility that counts, also one whose access is not known; NaN where there is
        none.
    covered, within_radius
        Whether the walk, and the straight distance, is within the limit.
    crosses_arterial
        Whether the walk that is judged crosses a 干路; asked for 小学 and 幼儿园 only.
    verdict
        达标, 未达标, 无数据 or 不适用 (a figure for reference, or an alternative whose rule is met another way).
    known
        Whether the kind asked for has a layer at all, shape (requirements,).
    usable
        The facilities that count for each requirement, by number; one array per requirement.
    by_size
        Likewise, those whose access is not known included.
    """

    facility: npt.NDArray[np.intp]
    judged_facility: npt.NDArray[np.intp]
    walk_m: Floats
    from_gate_m: Floats
    judged_m: Floats
    radius_m: Floats
    covered: Bools
    within_radius: Bools
    crosses_arterial: Bools
    verdict: npt.NDArray[np.object_]
    known: Bools
    usable: list[Numbers]
    by_size: list[Numbers]


def judge(
    requirements: Sequence[Requirement],
    facilities: Facilities,
    kinds_with_layer: frozenset[str],
    *,
    standing: Standing,
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
    standing
        The network, and where the demand stands on it.
    """
    shape = (len(standing.points), len(requirements))
    facility, judged_facility = np.full(shape, -1, np.intp), np.full(shape, -1, np.intp)
    walk_m, from_gate_m, judged_m, radius_m = (np.full(shape, np.nan) for _ in range(4))
    crosses = np.zeros(shape, dtype=bool)
    doubtful = np.zeros(shape, dtype=bool)
    usable, by_size = [], []
    within_m = search_m(requirements)
    points = standing.points.to_numpy()
    tree = shapely.STRtree(points)
    gate_tree = shapely.STRtree([] if standing.estates is None else standing.estates.gates.geometry.to_numpy())
    shapes = facilities.table.geometry.to_numpy()
    searched: dict[tuple[bytes, bool], Walks] = {}
    straight: dict[bytes, Floats] = {}
    for n, requirement in enumerate(requirements):
        counts, may_count, in_size = which_count(requirement, facilities.table)
        usable.append(counts)
        by_size.append(in_size)
        key = (counts.tobytes(), requirement.kind in ASKED_OF_ARTERIALS)
        if key not in searched:
            searched[key] = find_walks(standing, facilities, counts, within_m=within_m, arterials=key[1])
        found = searched[key]
        facility[:, n], walk_m[:, n] = found.facility, found.walk_m
        judged_facility[:, n] = found.judged_facility
        from_gate_m[:, n], judged_m[:, n], crosses[:, n] = found.from_gate_m, found.judged_m, found.crosses_arterial
        if in_size.tobytes() not in straight:
            straight[in_size.tobytes()] = _straight_m(points, shapes[in_size])
        radius_m[:, n] = straight[in_size.tobytes()]
        reach_m = requirement.limit_m + _HALF_MM
        doubtful[tree.query(shapes[may_count], predicate="dwithin", distance=reach_m)[1], n] = True
        if standing.estates is not None:  # the walk that is judged begins at the gate
            gates = standing.estates.gates
            near = gate_tree.query(shapes[may_count], predicate="dwithin", distance=reach_m)[1]
            doubtful[np.isin(standing.estate, gates["estate"].to_numpy()[near]), n] = True

    covered, within_radius = _all_within(judged_m, requirements), _all_within(radius_m, requirements)
    known = np.array([requirement.kind in kinds_with_layer for requirement in requirements], dtype=bool)
    verdict = np.select([covered, doubtful | ~known], [MET, NO_DATA], UNMET).astype(object)
    for n, requirement in enumerate(requirements):
        if requirement.reference:
            verdict[verdict[:, n] != NO_DATA, n] = NOT_APPLICABLE
    for group in groups(requirements):
        met = covered[:, group].any(axis=1, keepdims=True)
        verdict[:, group] = np.where(met & ~covered[:, group], NOT_APPLICABLE, verdict[:, group])
        # One alternative that may be met leaves the others open.
        may_be_met = (verdict[:, group] == NO_DATA).any(axis=1, keepdims=True) & (verdict[:, group] == UNMET)
        verdict[:, group] = np.where(may_be_met, NO_DATA, verdict[:, group])
    return Judgement(
        facility=facility,
        judged_facility=judged_facility,
        walk_m=walk_m,
        from_gate_m=from_gate_m,
        judged_m=judged_m,
        radius_m=radius_m,
        covered=covered,
        within_radius=within_radius,
        crosses_arterial=crosses,
        verdict=verdict,
        known=known,
        usable=usable,
        by_size=by_size,
    )


def within(metres: Floats, requirement: Requirement) -> Bools:
    """Return which distances are within the limit of a requirement: the limit itself is, unless the clause says "less than"."""
    return metres < requirement.limit_m if requirement.strict else metres <= requirement.limit_m


def _all_within(metres: Floats, requirements: Sequence[Requirement]) -> Bools:
    """Return the same for every requirement, a column of distances each."""
    found = np.zeros(metres.shape, dtype=bool)
    for n, requirement in enumerate(requirements):
        found[:, n] = within(metres[:, n], requirement)
    return found


def _straight_m(points: npt.NDArray[np.object_], shapes: npt.NDArray[np.object_]) -> Floats:
    """Return the straight distance of each point to the nearest shape, to the millimetre; NaN where there is no shape."""
    nearest_m = np.full(len(points), np.nan)
    (point, _), metres = shapely.STRtree(shapes).query_nearest(points, return_distance=True, all_matches=False)
    nearest_m[point] = to_mm(metres)
    return nearest_m


def search_m(requirements: Sequence[Requirement]) -> float:
    """Return how far the nearest facility is looked for, in metres of walk."""
    return max([SEARCH_M, *(requirement.limit_m for requirement in requirements)])


def groups(requirements: Sequence[Requirement]) -> list[list[int]]:
    """Return the requirements that are alternatives of one another, by their places; most stand alone."""
    places: dict[str, list[int]] = {}
    for n, requirement in enumerate(requirements):
        places.setdefault(requirement.group, []).append(n)
    return list(places.values())


def which_count(requirement: Requirement, facilities: gpd.GeoDataFrame) -> tuple[Numbers, Numbers, Numbers]:
    """Return the facilities that count for a requirement, those that may count, and those that count by kind and size.

    What may count has an access that is not known, or no known area or width where the requirement asks for one. A straight
    distance needs no access.
    """
    serves = facilities["kind"].isin(requirement.served_by).to_numpy()
    area_m2 = facilities["area_m2"].to_numpy(dtype=float)
    sized = np.ones(len(facilities), dtype=bool)
    too_small_or_large = np.zeros(len(facilities), dtype=bool)
    if requirement.min_area_m2 is not None or requirement.max_area_m2 is not None:
        least, most = requirement.min_area_m2 or 0.0, requirement.max_area_m2 or np.inf
        sized = ~np.isnan(area_m2)
        too_small_or_large = (area_m2 < least) | (area_m2 > most)
    candidates = serves & ~too_small_or_large
    if requirement.min_width_m is not None:
        wide_m = np.full(len(facilities), np.nan)
        polygonal = (facilities.geom_type != "Point").to_numpy()
        wide_m[candidates & polygonal] = [width_m(shape) for shape in facilities.geometry[candidates & polygonal]]
        sized &= ~np.isnan(wide_m) | ~candidates
        candidates &= ~(wide_m < requirement.min_width_m)
    in_doubt = (facilities["doubt"] != "").to_numpy() | ~sized
    return (
        np.flatnonzero(candidates & ~in_doubt),
        np.flatnonzero(candidates & in_doubt),
        np.flatnonzero(candidates & sized),
    )
