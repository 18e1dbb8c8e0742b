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

from qyp_geo.analyses.access import Numbers, demand_points, find_facilities
from qyp_geo.analyses.areas import Areas, find_areas
from qyp_geo.analyses.causes import ABSENT, NO_WAY, SUSPECTED, TOO_SMALL, blocked_in, causes_of
from qyp_geo.analyses.coverage import asked_of, by_requirement, coverage_named, stand_in
from qyp_geo.analyses.ground import ground_of
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import NO_DATA, UNMET, Bools, Floats
from qyp_geo.analyses.links import find_links
from qyp_geo.analyses.standing import GATE, Standing
from qyp_geo.declarations import Analysis, Ref
from qyp_geo.frames import Result

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
    max_link_m: float = Field(default=60.0, gt=0, le=500)
    """The longest gate, crossing or footbridge that is looked for where a facility is near but the way is blocked."""
    links_per_gap: int = Field(default=3, ge=1)
    """How many of these are listed for each gap, the best first."""


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
        outline for the map and no measure. ``type`` says why people do without: 路径不通 where a facility that would do lies
        within the limit in a straight line of most of the gap's people, else 规模不足 where most walk to one that is only too
        small, else 设施缺失. ``units``: the demand units of each gap. ``links``: where a gate, a crossing or a footbridge
        would bring most people of a 路径不通 gap within the limit (`find_links`).

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

    requirements = asked_of(question, given.standards)
    standing = stand_in(question, given, points)
    facilities = find_facilities(question.facilities, given.layers, standing=standing, max_off_m=question.max_off_m)
    neighbours = _neighbours(standing, np.flatnonzero(lacks.any(axis=1)), record.connect_m)
    clusters = _cluster(lacks, neighbours, standing.estate)
    members, unlisted = _rank(clusters.assign(people=people[clusters["unit"]]), record.min_people)
    n_gaps = members["gap"].nunique()
    width = max(3, len(str(n_gaps)))
    ids = pd.Index([f"G{n:0{width}d}" for n in range(1, n_gaps + 1)], name="id", dtype=object)

    areas, _ = find_areas(points, [given.layers[ref] for ref in question.areas], given.district)
    layers = [given.layers[ref] for ref in question.facilities]
    causes = causes_of(members, covered, requirements, layers, standing=standing, facilities=facilities)
    nearest = _nearest(members, covered, asked)
    table = _table(members, ids, asked, lacks, points, people, areas, nearest=nearest, causes=causes)
    blocked = list(blocked_in(members, causes["type"], ids, requirements, facilities))
    links, n_more_links = find_links(
        blocked,
        ground_of(question, given, standing, facilities),
        standing=standing,
        people=people,
        facilities=facilities,
        max_link_m=record.max_link_m,
        per_gap=record.links_per_gap,
    )
    notes = [
        *covered.notes,
        f"缺口:未达标需求沿路网相距不超过 {record.connect_m:g} 米者连成一处;外廓为示意,不是服务范围",
        f"缺口类型:{NO_WAY} = 缺口内过半人口的直线限距内有可用设施而步行超限;{TOO_SMALL} = 过半人口步行可达的设施只是规模不够;"
        f"其余为{ABSENT}",
    ]
    if table["suspected"].any():
        notes.append(f"{int(table['suspected'].sum())} 处依据 POI 数据或估算人口,为{SUSPECTED}")
    if blocked:
        notes.append(
            f"建议连接:在墙、水系、铁路、高架、小区围墙或干路两侧各处试连 {record.max_link_m:g} 米以内的直线(自定口径),"
            f"逐条计算限距内新增人口,各条单独计;每处缺口列前 {record.links_per_gap} 条,相距不足 50 米的只列最优,"
            f"另有 {n_more_links} 条未列出;小区新开出入口按从出入口算起的口径计;用地、产权、工程条件未核"
        )
    as_needed = asked["title"][~asked["counted"] & ~asked["reference"] & asked["has_layer"]]
    if len(as_needed):
        notes.append(f"按需设置(△),不列缺口:{'、'.join(as_needed)}")
    if len(unlisted):
        notes.append(
            f"另有 {len(unlisted)} 处缺口各不足 {record.min_people:g} 人(合计 {unlisted.sum():,.0f} 人次),未列出"
        )
    parts = pd.DataFrame({"gap": ids[members["gap"].to_numpy()], "unit": units.index[members["unit"].to_numpy()]})
    return Result(record=record, table=table, parts={"units": parts, "links": links}, notes=tuple(notes))


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


def _neighbours(standing: Standing, unserved: Numbers, connect_m: float) -> tuple[Numbers, Numbers]:
    """Return every pair of unserved units, by number, within a walk of `connect_m`; the lower number first."""
    everyone = standing.at.take(unserved)
    first, second = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for start in range(0, len(unserved), _BLOCK):
        some = everyone.take(np.arange(start, min(start + _BLOCK, len(unserved))))
        pairs = standing.net.walks_csr(some, everyone, within_m=connect_m)
        one = start + np.repeat(np.arange(len(some)), np.diff(pairs.indptr))
        first.append(unserved[one[one < pairs.target]].astype(np.intp))
        second.append(unserved[pairs.target[one < pairs.target]].astype(np.intp))
    return np.concatenate(first), np.concatenate(second)


def _cluster(lacks: Bools, neighbours: tuple[Numbers, Numbers], estate: Numbers) -> pd.DataFrame:
    """Return the clusters of units that lack the same thing: columns ``cluster``, ``unit`` and ``requirement`` (numbers).

    Units of one gated estate are together, however far it is from door to door around by the gates.
    """
    first, second = neighbours
    found = []
    n_clusters = 0
    for requirement in range(lacks.shape[1]):
        lacking = np.flatnonzero(lacks[:, requirement])
        both = lacks[first, requirement] & lacks[second, requirement]
        place = np.full(len(lacks), -1)
        place[lacking] = np.arange(len(lacking))
        gated = np.flatnonzero(estate[lacking] >= 0)
        _, one_of_each, which = np.unique(estate[lacking[gated]], return_index=True, return_inverse=True)
        ends = [
            np.concatenate([place[first[both]], gated]),
            np.concatenate([place[second[both]], gated[one_of_each[which]]]),
        ]
        joined = sparse.coo_array((np.ones(len(ends[0]), np.int8), tuple(ends)), shape=(len(lacking), len(lacking)))
        n_here, cluster = sparse.csgraph.connected_components(joined, directed=False)
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
    causes: pd.DataFrame,
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
            "estate": causes["estate"].to_numpy(),
            "type": causes["type"].to_numpy(),
            "missing": of_gap["kind"],
            "missing_title": of_gap["title"],
            "requirement": of_gap["id"],
            "limit_m": of_gap["limit_m"],
            **nearest.set_axis(ids),
            "effect": of_gap["effect"],
            "reference": of_gap["reference"],
            "source": of_gap["source"],
            "also_missing": ["、".join(titles[which]) for which in also],
            "action": causes["action"].to_numpy(),
            "responsible": "",
            "checked": "",
            "suspected": causes["suspected"].to_numpy(),
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

    The median is over those who have a facility within the search; the others are ``people_beyond_search``. Walks are those
    that are judged: from the 小区出入口 of a gated estate, else from the door. ``radius_m`` is the least straight distance.
    """
    unit, requirement = members["unit"].to_numpy(), members["requirement"].to_numpy()
    gated = by_requirement(covered, "start") == GATE
    from_gate_m = by_requirement(covered, "walk_from_gate_m")
    found = pd.DataFrame(
        {
            "gap": members["gap"],
            "people": members["people"],
            "nearest_facility": by_requirement(covered, "judged_facility")[unit, requirement],
            "nearest_name": by_requirement(covered, "judged_facility_name")[unit, requirement],
            "nearest_walk_m": np.where(gated, from_gate_m, by_requirement(covered, "walk_m"))[unit, requirement],
            "radius_m": by_requirement(covered, "radius_m")[unit, requirement],
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
    nearest["radius_m"] = found.groupby("gap")["radius_m"].min()
    columns = [
        "median_excess_m",
        "people_beyond_search",
        "nearest_facility",
        "nearest_name",
        "nearest_walk_m",
        "radius_m",
    ]
    return nearest[columns]
