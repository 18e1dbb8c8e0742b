"""From judged demand units to shares of people and of ground, per area; numerator and denominator always together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.analyses.areas import Areas
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET, Bools, Floats, Judgement, groups
from qyp_geo.analyses.standing import DOOR, GATE
from qyp_geo.standards import Requirement, requirement_sets

ALL_SETS: Final = ""
MARKS: Final = {"估算": "estimated", "均摊": "spread"}
"""Marks of people that travel with every figure derived from them, and the column of the demand that tells."""
CRITICAL_SHARE: Final = 0.05
"""临界人口 walk within this share of the limit, on either side."""
PARTLY: Final = "部分人口无数据,比例为下限"


def share_table(
    areas: Areas,
    requirements: Sequence[Requirement],
    judged: Judgement,
    *,
    people: Floats,
    ground_m2: Floats,
    facilities: npt.NDArray[np.intp],
    uncertain: Bools,
    start: npt.NDArray[np.object_],
    marks: Mapping[str, Bools],
) -> pd.DataFrame:
    """Return one row per area and requirement.

    Parameters
    ----------
    areas
        The areas and the demand units in each.
    requirements, judged
        What was asked, and what was found.
    people, ground_m2
        Of each demand unit; the ground is that of its polygon, NaN for a point.
    facilities
        How many facilities that count lie in each area, shape (areas, requirements).
    uncertain
        Which units are 边界不确定 (`uncertain_at_edge`).
    start
        Where the judged walk of each unit begins: ``gate`` or ``door``.

    Returns
    -------
    DataFrame
        ``people_share`` = ``people_covered`` / ``people_total``; NaN where nobody lives or there are data for nobody. People
        without data (``people_no_data``) stay in the total, so the share is then the least that it can be. The verdict is
        未达标 if anybody is certainly not served, else 无数据 if that cannot be said of somebody, else 达标; it is 不适用 where
        nobody lives and for a figure for reference. ``effect`` is what 未达标 amounts to, else empty. ``_beside`` columns hold
        for the stricter distance, where the clause gives one. ``people_within_radius`` and ``radius_share`` are the 规范口径,
        by straight distance; ``people_critical`` (临界人口) walk within 5 % of the limit; ``people_uncertain`` (边界不确定) are
        among those not covered. ``start`` is ``mixed`` where some walks begin at gates and some at doors, empty where nobody
        lives.
    """

    def total(of_unit: Floats, which: Floats | Bools) -> Floats:
        return np.asarray(areas.holds @ (of_unit[:, None] * which)).ravel()

    everybody = np.ones(judged.covered.shape)
    beside_m = np.array([np.nan if one.beside_m is None else one.beside_m for one in requirements])
    within_beside = np.where(np.isnan(beside_m), np.nan, judged.judged_m <= beside_m)
    people_total = total(people, everybody)
    people_no_data = total(people, judged.verdict == NO_DATA)
    unmet = total(people, judged.verdict == UNMET) > 0
    applies = total(people, judged.verdict != NOT_APPLICABLE) > 0
    verdict = np.select([unmet, people_no_data > 0, applies], [UNMET, NO_DATA, MET], NOT_APPLICABLE)
    has_data = people_no_data < people_total
    one_each = np.ones(len(people))
    limit_m = np.array([one.limit_m for one in requirements])
    critical = np.abs(judged.judged_m - limit_m) <= CRITICAL_SHARE * limit_m

    place = areas.table.iloc[np.repeat(np.arange(len(areas.table)), len(requirements))].reset_index(drop=True)
    asked = [requirements[n] for n in np.tile(np.arange(len(requirements)), len(areas.table))]
    marked = {mark: areas.holds @ (people * which) > 0 for mark, which in marks.items()}
    basis = ["、".join(mark for mark in marked if marked[mark][n]) for n in range(len(areas.table))]
    table = place.assign(
        requirement=[one.id for one in asked],
        kind=[one.kind for one in asked],
        title=[one.title_zh for one in asked],
        circle=[one.circle for one in asked],
        limit_m=[one.limit_m for one in asked],
        people_covered=total(people, judged.covered),
        people_total=people_total,
        people_no_data=people_no_data,
        people_basis=np.repeat(basis, len(requirements)),
        people_covered_beside=total(people, within_beside),
        people_within_radius=total(people, judged.within_radius),
        people_critical=total(people, critical),
        people_uncertain=total(people, uncertain),
        demand_area_covered_m2=total(ground_m2, judged.covered),
        demand_area_total_m2=total(ground_m2, everybody),
        units_covered=total(one_each, judged.covered).astype(int),
        units_total=total(one_each, everybody).astype(int),
        facilities=facilities.ravel(),
        start=np.repeat(_starts(areas, people, start), len(requirements)),
        verdict=verdict,
        effect=np.where(verdict == UNMET, [one.effect for one in asked], ""),
        clause=[one.clause for one in asked],
        source=[one.label() for one in asked],
        note=[one.note for one in asked],
    )
    partly = has_data & (people_no_data > 0)
    table.loc[partly, "note"] = [";".join(filter(None, [note, PARTLY])) for note in table.loc[partly, "note"]]
    for column, covered, whole in (
        ("people_share", "people_covered", "people_total"),
        ("people_share_beside", "people_covered_beside", "people_total"),
        ("demand_area_share", "demand_area_covered_m2", "demand_area_total_m2"),
    ):
        shares = (table[covered] / table[whole].where(table[whole] > 0)).where(has_data)
        table.insert(table.columns.get_loc(covered) + 1, column, shares)  # type: ignore[arg-type, operator]
    has_layer = np.tile(judged.known, len(areas.table))
    radius_share = (table["people_within_radius"] / table["people_total"].where(table["people_total"] > 0)).where(
        has_layer
    )
    table.insert(table.columns.get_loc("people_within_radius") + 1, "radius_share", radius_share)  # type: ignore[arg-type, operator]
    return table


def _starts(areas: Areas, people: Floats, start: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return where the walks of each area's people begin."""
    at_gate = areas.holds @ (people * (start == GATE))
    at_door = areas.holds @ (people * (start == DOOR))
    return np.select([(at_gate > 0) & (at_door > 0), at_gate > 0, at_door > 0], ["mixed", GATE, DOOR], "").astype(
        object
    )


def items_of(requirements: Sequence[Requirement], set_id: str = ALL_SETS) -> list[list[int]]:
    """Return what the headline shares count (项): requirements by their places, alternatives together.

    Figures for reference and what is to be provided only as needed (△) are not counted.
    """
    return [
        group
        for group in groups(requirements)
        if requirements[group[0]].counted and (set_id == ALL_SETS or set_id in requirements[group[0]].sets)
    ]


def count_items(items: Sequence[Sequence[int]], judged: Judgement) -> pd.DataFrame:
    """Return, per demand unit, how many items are required (``n_required``), reached and without data.

    An item of which no layer is declared is without data for everybody, also for those who reach another kind that does its
    work: else it would count only where it is met. ``share_reached`` = ``n_reached`` / (``n_required`` - ``n_no_data``), NaN
    where there are data for none.
    """
    with_data = [item for item in items if judged.known[item].any()]
    shape = (len(judged.covered), len(with_data))
    reached, no_data = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for n, alternatives in enumerate(with_data):
        reached[:, n] = judged.covered[:, alternatives].any(axis=1)
        no_data[:, n] = ~reached[:, n] & (judged.verdict[:, alternatives] == NO_DATA).any(axis=1)
    n_no_data = len(items) - len(with_data) + no_data.sum(axis=1)
    counts = pd.DataFrame({"n_required": len(items), "n_reached": reached.sum(axis=1), "n_no_data": n_no_data})
    judgeable = counts["n_required"] - counts["n_no_data"]
    return counts.assign(share_reached=counts["n_reached"] / judgeable.where(judgeable > 0))


def headlines(
    areas: Areas, requirements: Sequence[Requirement], judged: Judgement, people: Floats, sets: Sequence[str]
) -> pd.DataFrame:
    """Return the headline figures, one row per area and set of requirements (the empty set id: all of them).

    Returns
    -------
    DataFrame
        ``n_items`` and ``n_items_with_data`` (of which a layer is declared); ``mean_reached`` (平均达标项数) and
        ``share_reached``, means over people; ``people_all_reached`` (全达标) of ``people_total``: those who certainly reach
        every item with data; ``people_no_data``: those of whom that cannot be said of some such item; ``left_out``: the items
        without a layer.
    """
    rows = []
    people_total = areas.holds @ people
    for set_id in (ALL_SETS, *sets):
        items = items_of(requirements, set_id)
        left_out = [requirements[item[0]].title_zh for item in items if not judged.known[item].any()]
        n_with_data = len(items) - len(left_out)
        counts = count_items(items, judged)
        n_reached, share = counts["n_reached"].to_numpy(), counts["share_reached"].to_numpy()
        judged_people = np.where(np.isnan(share), 0.0, people)
        all_reached = areas.holds @ (people * (n_reached == n_with_data))
        rows.append(
            areas.table.assign(
                set=set_id,
                set_title=requirement_sets()[set_id].title_zh if set_id else "全部",
                n_items=len(items),
                n_items_with_data=n_with_data,
                people_total=people_total,
                mean_reached=_ratio(areas.holds @ (people * n_reached), people_total),
                share_reached=_ratio(areas.holds @ (judged_people * np.nan_to_num(share)), areas.holds @ judged_people),
                people_all_reached=all_reached if n_with_data else np.nan,
                all_reached_share=_ratio(all_reached, people_total) if n_with_data else np.nan,
                people_no_data=areas.holds @ (people * (counts["n_no_data"] > len(left_out)).to_numpy()),
                left_out="、".join(left_out),
            )
        )
    return pd.concat(rows, ignore_index=True)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return part / np.where(whole > 0, whole, np.nan)
