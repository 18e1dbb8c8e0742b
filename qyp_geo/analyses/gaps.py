"""Where people are left out: unserved demand gathered into gaps, the largest first.

One row per requirement and cluster, since a department answers for one kind of facility; what else most people of a gap lack
stands beside it (``also_missing``).
"""

from __future__ import annotations

from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pydantic import Field
from scipy import sparse

from qyp_geo.analyses.access import Numbers, demand_points, only
from qyp_geo.analyses.areas import Areas, find_areas
from qyp_geo.analyses.coverage import by_requirement, coverage_named
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import NO_DATA, UNMET, Bools, Floats
from qyp_geo.declarations import Analysis, Ref
from qyp_geo.frames import Result
from qyp_geo.network import Positions, WalkNetwork

OUTLINE_M: Final = 25.0
"""A gap is drawn as the convex hull of its demand points, widened by this."""
_BLOCK: Final = 10_000
"""Units whose neighbours are looked for at a time, so that memory does not grow with the square of a city."""


class Gaps(Analysis):
    """Which clusters of people reach no facility of a kind."""

    kind: Literal["gaps"]
    coverage: Ref
    connect_m: float = Field(default=300.0, gt=0)
    """Unserved units within this walk of one another are one gap."""
    min_people: float = Field(default=1.0, gt=0)
    """Smaller gaps are counted in a note, not listed."""


def find_gaps(record: Gaps, given: Inputs) -> Result:
    """Gather the unserved demand of a coverage analysis into gaps.

    A unit is unserved where the verdict is 未达标. A figure for reference has gaps where no other asks for its kind: there it
    is all that tells where people do without. 无数据 is no gap, and neither is the lack of what is to be provided only as
    needed (△). Units too far from any street are gaps of their own.

    Parameters
    ----------
    record
        The question.
    given
        The coverage result that it names, and the layers that this rests on.

    Returns
    -------
    Result
        ``table``: one row per gap, ranked by people; the geometry is the convex hull of its demand points widened by 25 m, an
        outline for the map and no measure. ``units``: the demand units of each gap.

    Raises
    ------
    DeclarationError
        If it does not name a coverage analysis.
    """
    question, covered = coverage_named(record.coverage, given, asked_by=record)
    units, asked = covered.parts["units"], covered.parts["requirements"]
    points = demand_points(gpd.GeoDataFrame(units))
    people = units["people"].to_numpy(dtype=float)
    lacks = _lacks(covered)

    net = given.network(question.network)
    at = net.snap(gpd.GeoSeries(points.to_numpy(), crs=points.crs), max_off_m=question.max_off_m)
    clusters = _cluster(lacks, _neighbours(net, at, np.flatnonzero(lacks.any(axis=1)), record.connect_m))
    members, unlisted = _rank(clusters.assign(people=people[clusters["unit"]]), record.min_people)
    n_gaps = members["gap"].nunique()
    width = max(3, len(str(n_gaps)))
    ids = pd.Index([f"G{n:0{width}d}" for n in range(1, n_gaps + 1)], name="id", dtype=object)

    areas, _ = find_areas(points, [given.layers[ref] for ref in question.areas], given.district)
    table = _table(members, ids, asked, lacks, points, people, areas, nearest=_nearest(members, covered, asked))
    notes = [
        *covered.notes,
        f"缺口:未达标需求沿路网相距不超过 {record.connect_m:g} 米者连成一处;外廓为示意,不是服务范围",
    ]
    as_needed = asked["title"][~asked["counted"] & ~asked["reference"] & asked["has_layer"]]
    if len(as_needed):
        notes.append(f"按需设置(△),不列缺口:{'、'.join(as_needed)}")
    if len(unlisted):
        notes.append(
            f"另有 {len(unlisted)} 处缺口各不足 {record.min_people:g} 人(合计 {unlisted.sum():,.0f} 人次),未列出"
        )
    parts = pd.DataFrame({"gap": ids[members["gap"].to_numpy()], "unit": units.index[members["unit"].to_numpy()]})
    return Result(record=record, table=table, parts={"units": parts}, notes=tuple(notes))


def _lacks(covered: Result) -> Bools:
    """Return which demand units are unserved, shape (demand units, requirements)."""
    asked = covered.parts["requirements"]
    verdict = by_requirement(covered, "verdict")
    beyond = ~by_requirement(covered, "covered").astype(bool) & (verdict != NO_DATA)
    reference = asked["reference"].to_numpy(dtype=bool)
    as_needed = ~asked["counted"].to_numpy(dtype=bool) & ~reference
    judged_otherwise = asked["kind"].isin(asked["kind"][~reference & ~as_needed]).to_numpy()
    lacks: Bools = np.where(reference, beyond & ~judged_otherwise, (verdict == UNMET) & ~as_needed)
    return lacks


def _neighbours(net: WalkNetwork, at: Positions, unserved: Numbers, connect_m: float) -> tuple[Numbers, Numbers]:
    """Return every pair of unserved units, by number, within a walk of `connect_m`; the lower number first."""
    everyone = only(at, unserved)
    first, second = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for start in range(0, len(unserved), _BLOCK):
        pairs = net.walks(only(at, unserved[start : start + _BLOCK]), everyone, within_m=connect_m)
        pairs = pairs[pairs["origin"] < pairs["target"]]
        first.append(pairs["origin"].to_numpy(np.int32))
        second.append(pairs["target"].to_numpy(np.int32))
    return np.concatenate(first), np.concatenate(second)


def _cluster(lacks: Bools, neighbours: tuple[Numbers, Numbers]) -> pd.DataFrame:
    """Return the clusters of units that lack the same thing: columns ``cluster``, ``unit`` and ``requirement`` (numbers)."""
    first, second = neighbours
    found = []
    n_clusters = 0
    for requirement in range(lacks.shape[1]):
        lacking = np.flatnonzero(lacks[:, requirement])
        both = lacks[first, requirement] & lacks[second, requirement]
        place = np.full(len(lacks), -1)
        place[lacking] = np.arange(len(lacking))
        links = sparse.coo_array(
            (np.ones(both.sum(), np.int8), (place[first[both]], place[second[both]])),
            shape=(len(lacking), len(lacking)),
        )
        n_here, cluster = sparse.csgraph.connected_components(links, directed=False)
        found.append(pd.DataFrame({"cluster": cluster + n_clusters, "unit": lacking, "requirement": requirement}))
        n_clusters += n_here
    return pd.concat(found, ignore_index=True)


def _rank(clusters: pd.DataFrame, min_people: float) -> tuple[pd.DataFrame, pd.Series]:
    """Return the members of each gap that is listed, gaps numbered from 0 by people, and the people of those that are not.

    Gaps of as many people stand in the order of the requirements, then of the units.
    """
    size = clusters.groupby("cluster", sort=False)["people"].sum()
    listed = size[size >= min_people].sort_values(ascending=False, kind="stable")
    number = pd.Series(np.arange(len(listed)), index=listed.index)
    members = clusters[clusters["cluster"].isin(listed.index)]
    members = members.assign(gap=members["cluster"].map(number).astype(int))
    return members.sort_values(["gap", "unit"], kind="stable", ignore_index=True), size[size < min_people]


def _table(
    members: pd.DataFrame,
    ids: pd.Index,
    asked: pd.DataFrame,
    lacks: Bools,
    points: gpd.GeoSeries,
    people: Floats,
    areas: Areas,
    *,
    nearest: pd.DataFrame,
) -> gpd.GeoDataFrame:
    """Return what each gap is: how many people, where, and what they lack."""
    gap, unit = members["gap"].to_numpy(), members["unit"].to_numpy()
    shape = (len(ids), len(points))
    holds = sparse.csr_array((np.ones(len(members)), (gap, unit)), shape=shape)
    weighs = sparse.csr_array((people[unit], (gap, unit)), shape=shape)
    own = members.drop_duplicates("gap")["requirement"].to_numpy()
    of_gap = asked.iloc[own].set_axis(ids)
    total = weighs.sum(axis=1)
    also = (weighs @ lacks.astype(float)) > total[:, None] / 2
    also[np.arange(len(ids)), own] = False
    titles = asked["title"].to_numpy(dtype=object)
    hulls = shapely.convex_hull(shapely.multipoints(points.to_numpy()[unit], indices=gap))
    return gpd.GeoDataFrame(
        {
            "rank": np.arange(1, len(ids) + 1),
            "people": total,
            "units": holds.sum(axis=1).astype(int),
            **{level: _mostly_in(areas, level, weighs) for level in ("zone", "township", "community")},
            "missing": of_gap["kind"],
            "missing_title": of_gap["title"],
            "requirement": of_gap["id"],
            "limit_m": of_gap["limit_m"],
            **nearest.set_axis(ids),
            "effect": of_gap["effect"],
            "reference": of_gap["reference"],
            "source": of_gap["source"],
            "also_missing": ["、".join(titles[which]) for which in also],
        },
        geometry=shapely.buffer(hulls, OUTLINE_M),
        crs=points.crs,
        index=ids,
    )


def _mostly_in(areas: Areas, level: str, weighs: sparse.csr_array) -> npt.NDArray[np.object_]:
    """Return the area of a level that holds most people of each gap; empty where there are none of that level."""
    of_level = np.flatnonzero(areas.table["level"] == level)
    if not len(of_level):
        return np.full(weighs.shape[0], "", dtype=object)
    most = (weighs @ areas.holds[of_level].T).toarray().argmax(axis=1)
    return np.asarray(areas.table["area_name"].to_numpy(dtype=object)[of_level][most])


def _nearest(members: pd.DataFrame, covered: Result, asked: pd.DataFrame) -> pd.DataFrame:
    """Return the nearest facility of each gap, and by how much the walk of half its people exceeds the limit.

    The median is over those who have a facility within the search; the others are ``people_beyond_search``.
    """
    unit, requirement = members["unit"].to_numpy(), members["requirement"].to_numpy()
    found = pd.DataFrame(
        {
            "gap": members["gap"],
            "people": members["people"],
            "nearest_facility": by_requirement(covered, "facility")[unit, requirement],
            "nearest_name": by_requirement(covered, "facility_name")[unit, requirement],
            "nearest_walk_m": by_requirement(covered, "walk_m")[unit, requirement].astype(float),
        }
    )
    found["median_excess_m"] = found["nearest_walk_m"] - asked["limit_m"].to_numpy()[requirement]
    found = found.sort_values(["gap", "nearest_walk_m"], kind="stable", na_position="last")
    reaching = found[found["nearest_walk_m"].notna()]
    passed = reaching.groupby("gap")["people"].cumsum()
    half = reaching.groupby("gap")["people"].transform("sum") / 2
    nearest = found.drop_duplicates("gap").set_index("gap")
    nearest["median_excess_m"] = (
        reaching[passed >= half].drop_duplicates("gap").set_index("gap")["median_excess_m"].round(3)
    )
    nearest["people_beyond_search"] = (
        found["people"].where(found["nearest_walk_m"].isna(), 0.0).groupby(found["gap"]).sum()
    )
    return nearest[["median_excess_m", "people_beyond_search", "nearest_facility", "nearest_name", "nearest_walk_m"]]
