"""What differs between two states of the district: who gains, who loses, each person counted once in every figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.analyses.access import demand_points
from qyp_geo.analyses.areas import Areas, find_areas
from qyp_geo.analyses.coverage import Coverage, by_requirement
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import NO_DATA, NOT_APPLICABLE, Bools, Floats
from qyp_geo.analyses.standing import GATE
from qyp_geo.declarations import Analysis, Ref
from qyp_geo.errors import DeclarationError, Problem
from qyp_geo.frames import Result
from qyp_geo.standards import kinds

GAINED: Final = "新增达标"
LOST: Final = "不再达标"
BOTH: Final = "有增有减"
IN_DOUBT: Final = "一方无数据"
ALL_KINDS: Final = "任一类设施"
_AREA: Final = ["level", "area", "area_name"]
_ASKED: Final = ["requirement", "kind", "title", "circle", "limit_m"]


class Compare(Analysis):
    """Two coverage analyses of the same people: before, and after."""

    kind: Literal["compare"]
    before: Ref
    after: Ref


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two coverage results, as far as both ask the same.

    Attributes
    ----------
    before, after
        The results.
    areas
        The zones and units layers of the one before.
    asked
        The requirements of both, as in ``requirements`` of the result before.
    columns
        The places of these among all requirements, before and after.
    """

    before: Result
    after: Result
    areas: list[str]
    asked: pd.DataFrame
    columns: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]

    def both(self, column: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return a column of ``by_unit`` before and after, shape (demand units, requirements of both)."""
        before, after = (
            by_requirement(result, column)[:, places]
            for result, places in zip((self.before, self.after), self.columns, strict=True)
        )
        return before, after

    def judged_m(self) -> tuple[Floats, Floats]:
        """Return the walks that are judged: from the 小区出入口 in a gated estate, else from the door."""
        walks, from_gates, starts = self.both("walk_m"), self.both("walk_from_gate_m"), self.both("start")
        before, after = (
            np.where(start == GATE, from_gate_m, walk_m).astype(float)
            for walk_m, from_gate_m, start in zip(walks, from_gates, starts, strict=True)
        )
        return before, after


@dataclass(frozen=True, slots=True)
class _Difference:
    """What changed, as arrays of shape (demand units, requirements).

    Attributes
    ----------
    gained, lost
        Who is within the limit on one side and certainly not on the other.
    in_doubt
        Who is within the limit on one side, while the other has no data.
    nearer, farther
        Whose walk becomes shorter or longer, within the limit or not; to have no facility within the search is farthest.
    uncertain
        Those gained or lost who are 边界不确定 on the side on which they are not covered.
    """

    gained: Bools
    lost: Bools
    in_doubt: Bools
    nearer: Bools
    farther: Bools
    uncertain: Bools


def compare(record: Compare, given: Inputs) -> Result:
    """Compare two coverage results.

    Parameters
    ----------
    record
        The question.
    given
        The two results, and the zones and units of the one before.

    Returns
    -------
    Result
        ``table``: one row per area and requirement: people covered before and after, ``people_gaining`` (within the limit
        after, and certainly not before), ``people_losing`` (the reverse) and ``people_in_doubt`` (the other side has no data),
        so that after - before = gaining - losing where nobody is in doubt; ``points`` is the change of the share in percentage
        points. ``by_area``: one row per area and kind of facility, and a first one for all kinds, in which everybody is counted
        once: ``people_gaining`` gain something and lose nothing, ``people_losing`` the reverse, ``people_both`` do both.
        ``units``: the demand units where something changed, to be drawn. ``pairs``: one row per such unit and requirement.
        ``changes``: what is there in one of the two states and not in the other (`Altered.changes`).

    Raises
    ------
    DeclarationError
        If the two are not coverage analyses of the same people, or ask nothing in common.
    """
    pair = _pair(record, given)
    units = pair.before.parts["units"]
    people = units["people"].to_numpy(dtype=float)
    areas, _ = find_areas(
        demand_points(gpd.GeoDataFrame(units)), [given.layers[ref] for ref in pair.areas], given.district
    )
    found = _differ(pair)
    by_area = _by_area(pair, found, areas, people)
    pairs = _pairs(pair, found)
    return Result(
        record=record,
        table=_table(pair, found, areas, people),
        parts={"by_area": by_area, "units": _units(pair, found), "pairs": pairs, "changes": _changes(pair, given)},
        notes=tuple(dict.fromkeys((*pair.before.notes, *pair.after.notes, *_notes(pair, found, people)))),
    )


def _pair(record: Compare, given: Inputs) -> _Pair:
    """Return the two results; raise where they cannot be compared."""
    before, after = given.results[record.before], given.results[record.after]
    problems = [
        Problem(record.title, key, "names no coverage analysis", f"{ref} ({given.results[ref].record.kind})")
        for key, ref in (("before", record.before), ("after", record.after))
        if not isinstance(given.results[ref].record, Coverage)
    ]
    if isinstance(before.record, Coverage) and isinstance(after.record, Coverage):
        asked, columns = _in_common(before, after)
        mine, theirs = before.parts["units"], after.parts["units"]
        if not (mine.index.equals(theirs.index) and mine["people"].equals(theirs["people"])):
            what = f"does not count the same people as {record.before}: nobody can be followed from one to the other"
            problems.append(Problem(record.title, "after", what, record.after, "Give both the same demand"))
        elif asked.empty:
            what = f"asks nothing that {record.before} asks"
            problems.append(
                Problem(record.title, "after", what, record.after, "Give both the same standard and limits")
            )
        else:
            return _Pair(before, after, before.record.areas, asked, columns)
    raise DeclarationError(f"{record.title} cannot be answered", problems)


def _in_common(before: Result, after: Result) -> tuple[pd.DataFrame, tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Return the requirements that two results share, limits included, and their places in each."""
    mine, theirs = (pd.MultiIndex.from_frame(one.parts["requirements"][["id", "limit_m"]]) for one in (before, after))
    place = theirs.get_indexer(mine)
    return before.parts["requirements"][place >= 0], (np.flatnonzero(place >= 0), place[place >= 0])


def _differ(pair: _Pair) -> _Difference:
    covered_before, covered_after = (covered.astype(bool) for covered in pair.both("covered"))
    unknown_before, unknown_after = (verdict == NO_DATA for verdict in pair.both("verdict"))
    at_edge_before, at_edge_after = (uncertain.astype(bool) for uncertain in pair.both("uncertain"))
    before_m, after_m = (np.where(np.isnan(walk_m), np.inf, walk_m) for walk_m in pair.judged_m())
    gained = covered_after & ~covered_before & ~unknown_before
    lost = covered_before & ~covered_after & ~unknown_after
    return _Difference(
        gained=gained,
        lost=lost,
        in_doubt=(covered_after & unknown_before & ~covered_before) | (covered_before & unknown_after & ~covered_after),
        nearer=after_m < before_m,
        farther=after_m > before_m,
        uncertain=(gained & at_edge_before) | (lost & at_edge_after),
    )


def _table(pair: _Pair, found: _Difference, areas: Areas, people: Floats) -> pd.DataFrame:
    """Return one row per area and requirement; both results list the same areas, for their demand is the same."""
    row = ["level", "area", "requirement"]
    before = pair.before.table[pair.before.table["requirement"].isin(pair.asked["id"])].reset_index(drop=True)
    after = pair.after.table.set_index(row).loc[pd.MultiIndex.from_frame(before[row])].reset_index()
    return before[[*_AREA, *_ASKED, "people_total", "people_basis"]].assign(
        people_before=before["people_covered"],
        people_after=after["people_covered"],
        **{
            f"people_{name}": (areas.holds @ (people[:, None] * which)).ravel()
            for name, which in (
                ("gaining", found.gained),
                ("losing", found.lost),
                ("in_doubt", found.in_doubt),
                ("uncertain", found.uncertain),
                ("nearer", found.nearer),
                ("farther", found.farther),
            )
        },
        share_before=before["people_share"],
        share_after=after["people_share"],
        points=(100 * (after["people_share"] - before["people_share"])).round(1),
        facilities_before=before["facilities"],
        facilities_after=after["facilities"],
        verdict_before=before["verdict"],
        verdict_after=after["verdict"],
        source=before["source"],
    )


def _by_area(pair: _Pair, found: _Difference, areas: Areas, people: Floats) -> pd.DataFrame:
    """Return one row per area and kind of facility, and a first one for all kinds; everybody is counted once in each."""
    gained, lost = _that_matter(pair, found)
    kind_of = pair.asked["kind"].to_numpy(dtype=object)
    rows = []
    for kind in ("", *dict.fromkeys(kind_of)):
        of_kind = (kind_of == kind) | (kind == "")
        gains, loses = gained[:, of_kind].any(axis=1), lost[:, of_kind].any(axis=1)
        rows.append(
            areas.table.assign(
                kind=kind,
                title=kinds()[kind].name_zh if kind else ALL_KINDS,
                people_total=areas.holds @ people,
                people_gaining=areas.holds @ (people * (gains & ~loses)),
                people_losing=areas.holds @ (people * (loses & ~gains)),
                people_both=areas.holds @ (people * (gains & loses)),
            )
        )
    return pd.concat(rows, ignore_index=True)


def _that_matter(pair: _Pair, found: _Difference) -> tuple[Bools, Bools]:
    """Return the gains and losses without those of no consequence.

    These are of a requirement that the same person meets in another way on the other side (不适用), and of a figure for
    reference where another requirement asks for the kind.
    """
    reference = pair.asked["reference"].to_numpy(dtype=bool)
    beside = reference & pair.asked["kind"].isin(pair.asked["kind"][~reference]).to_numpy()
    otherwise_before, otherwise_after = ((verdict == NOT_APPLICABLE) & ~reference for verdict in pair.both("verdict"))
    return found.gained & ~beside & ~otherwise_before, found.lost & ~beside & ~otherwise_after


def _units(pair: _Pair, found: _Difference) -> gpd.GeoDataFrame:
    """Return the demand units for which something changed, with what they gain and lose."""
    before, after = pair.before.parts["units"], pair.after.parts["units"]
    gained, lost = _that_matter(pair, found)
    gains, loses = gained.any(axis=1), lost.any(axis=1)
    change = np.select([gains & loses, gains, loses], [BOTH, GAINED, LOST], IN_DOUBT)
    names = np.array([kinds()[kind].name_zh for kind in pair.asked["kind"]], dtype=object)
    which = np.flatnonzero(gains | loses | found.in_doubt.any(axis=1))
    known = before[["name", "people", "estate", "township", "community", "zones"]].iloc[which]
    return gpd.GeoDataFrame(
        known.assign(
            change=change[which],
            gained=_listed(names, gained[which]),
            lost=_listed(names, lost[which]),
            n_reached_before=before["n_reached"].iloc[which],
            n_reached_after=after["n_reached"].iloc[which],
        ),
        geometry=before["geometry"].iloc[which],
    )


def _listed(names: npt.NDArray[np.object_], which: Bools) -> list[str]:
    return ["、".join(dict.fromkeys(names[row])) for row in which]


def _pairs(pair: _Pair, found: _Difference) -> pd.DataFrame:
    """Return one row per demand unit and requirement for which the answer changed."""
    unit, asked = np.nonzero(found.gained | found.lost | found.in_doubt)
    words = np.select([found.gained, found.lost], [GAINED, LOST], IN_DOUBT)
    columns = {
        "unit": pair.before.parts["units"].index[unit],
        **{name: pair.asked[given].to_numpy()[asked] for name, given in (("requirement", "id"), ("kind", "kind"))},
        "change": words[unit, asked],
    }
    sides = {
        "verdict": pair.both("verdict"),
        "walk_m": pair.judged_m(),
        "facility_name": pair.both("judged_facility_name"),
    }
    for name, (before, after) in sides.items():
        columns[f"{name}_before"], columns[f"{name}_after"] = before[unit, asked], after[unit, asked]
    return pd.DataFrame(columns)


def _changes(pair: _Pair, given: Inputs) -> gpd.GeoDataFrame:
    """Return what each of the two states changes, with ``state`` (前, 后) telling whose it is."""
    told = [
        result.parts["changes"].assign(state=word)
        for word, result in (("前", pair.before), ("后", pair.after))
        if "changes" in result.parts
    ]
    if not told:
        return gpd.GeoDataFrame({"state": []}, geometry=[], crs=given.district.crs)
    return gpd.GeoDataFrame(pd.concat(told, ignore_index=True), crs=given.district.crs)


def _notes(pair: _Pair, found: _Difference, people: Floats) -> Iterator[str]:
    yield f"比较:前 = {pair.before.record.title},后 = {pair.after.record.title};同一批需求,按步行口径逐处比较"
    for word, one, other in (("前", pair.before, pair.after), ("后", pair.after, pair.before)):
        mine, theirs = (set(result.parts["requirements"]["title"]) for result in (one, other))
        if alone := [title for title in one.parts["requirements"]["title"] if title in mine - theirs]:
            yield f"比较:只有{word}者判断,不作比较:{'、'.join(alone)}"
    gained, lost = _that_matter(pair, found)
    changes = people[(gained | lost).any(axis=1)].sum()
    yield (f"比较:{changes:,.0f} 人的达标情况有变化;分类别和合计中每人只计一次,各类别、各分区(可能重叠)之和不等于合计")
    moved = ~np.isclose(pair.before.parts["units"]["off_m"], pair.after.parts["units"]["off_m"], equal_nan=True)
    if moved.any():
        yield (
            f"比较:{moved.sum()} 处住宅改由另一条道路出入(需求点总接到最近的可步行道路),其步行距离的变化含此影响,"
            "道路停用也可能使距离变短"
        )
    if (doubtful := people[found.in_doubt.any(axis=1)].sum()) > 0:
        yield f"比较:{doubtful:,.0f} 人一方达标而另一方无数据,不计入增减"
    if (at_edge := people[found.uncertain.any(axis=1)].sum()) > 0:
        yield f"比较:增减者中 {at_edge:,.0f} 人在未达标的一方边界不确定"
