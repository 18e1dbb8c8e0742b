"""Why the people of a gap do without, how sure that is, and who among them wants a way rather than a facility."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.analyses.access import Facilities
from qyp_geo.analyses.coverage import by_requirement
from qyp_geo.analyses.judging import Bools, which_count, within
from qyp_geo.analyses.links import Blocked
from qyp_geo.analyses.standing import Standing
from qyp_geo.analyses.walking import find_walks
from qyp_geo.frames import LayerData, Result
from qyp_geo.standards import Requirement

ABSENT: Final = "设施缺失"
TOO_SMALL: Final = "规模不足"
NO_WAY: Final = "路径不通"
ACTIONS: Final = {
    ABSENT: "增设设施",
    TOO_SMALL: "扩建现有设施,或另行增设",
    NO_WAY: "开设出入口或过街设施,缩短绕行",
}
SUSPECTED: Final = "疑似缺口,待现场核实"
_ESTATES: Final = 3
"""Estates of a gap that are named."""


def causes_of(
    members: pd.DataFrame,
    covered: Result,
    requirements: Sequence[Requirement],
    layers: Sequence[LayerData],
    *,
    standing: Standing,
    facilities: Facilities,
) -> pd.DataFrame:
    """Return why the people of each gap do without, and what to do.

    Parameters
    ----------
    members
        The units of each gap, by number: ``gap``, ``unit``, ``requirement``, ``people``.
    covered, requirements
        The coverage result, and what it asks.
    layers
        The facilities' layers.
    standing, facilities
        Its demand units and facilities on the network.

    Returns
    -------
    DataFrame
        One row per gap: ``type``, ``action``, ``estate`` (names of gated estates), ``suspected``.
    """
    types = _types(members, covered, requirements, standing, facilities)
    suspected = _suspected(members, covered, requirements, layers)
    actions = [ACTIONS[one] for one in types]
    return pd.DataFrame(
        {
            "type": types,
            "action": [f"{SUSPECTED};{act}" if doubt else act for act, doubt in zip(actions, suspected, strict=True)],
            "estate": _estates(members, covered.parts["units"]),
            "suspected": suspected,
        }
    )


def _types(
    members: pd.DataFrame,
    covered: Result,
    requirements: Sequence[Requirement],
    standing: Standing,
    facilities: Facilities,
) -> npt.NDArray[np.object_]:
    """Return why the people of each gap do without: what is so for more than half of them."""
    unit, requirement = members["unit"].to_numpy(), members["requirement"].to_numpy()
    near = by_requirement(covered, "within_radius")[unit, requirement].astype(bool)
    small = np.zeros(len(members), dtype=bool)
    for number in np.unique(requirement):
        here = requirement == number
        small[here] = _reach_too_small(requirements[number], standing, facilities)[unit[here]]
    people = members["people"]
    gap = members["gap"].to_numpy()
    half = people.groupby(gap).sum() / 2
    blocked, outgrown = (people.where(which, 0.0).groupby(gap).sum() > half for which in (near, small))
    return np.select([blocked, outgrown], [NO_WAY, TOO_SMALL], ABSENT).astype(object)


def _reach_too_small(requirement: Requirement, standing: Standing, facilities: Facilities) -> Bools:
    """Return which units walk to a facility that would do but for its area or width."""
    if requirement.min_area_m2 is None and requirement.min_width_m is None:
        return np.zeros(len(standing.points), dtype=bool)
    table = facilities.table
    would_do = table["kind"].isin(requirement.served_by) & (table["doubt"] == "")
    if requirement.max_area_m2 is not None:
        would_do &= ~(table["area_m2"] > requirement.max_area_m2)
    small = np.setdiff1d(np.flatnonzero(would_do), which_count(requirement, table)[0])
    walk_m = find_walks(standing, facilities, small, within_m=requirement.limit_m, arterials=False).judged_m
    return within(walk_m, requirement)


def _suspected(
    members: pd.DataFrame, covered: Result, requirements: Sequence[Requirement], layers: Sequence[LayerData]
) -> Bools:
    """Return which gaps rest on a layer of POI, which may lack what is there, or on people who are estimated."""
    poi = set()
    for layer in layers:
        if layer.record.provenance.completeness == "POI":
            poi |= {layer.record.kind, *layer.frame["kind"]}
    of_requirement = np.array([not poi.isdisjoint(one.served_by) for one in requirements], dtype=bool)
    doubtful = covered.parts["units"]["estimated"].to_numpy(dtype=bool)[members["unit"]]
    doubtful |= of_requirement[members["requirement"]]
    suspected: Bools = pd.Series(doubtful).groupby(members["gap"].to_numpy()).any().to_numpy(dtype=bool)
    return suspected


def _estates(members: pd.DataFrame, units: pd.DataFrame) -> list[str]:
    """Return the gated estates that the people of each gap live in, that of most people first; some, if there are many."""
    homes = members.assign(estate=units["estate"].to_numpy(dtype=object)[members["unit"]])
    of_estate = homes[homes["estate"] != ""].groupby(["gap", "estate"], sort=False)["people"].sum().reset_index()
    of_estate = of_estate.sort_values(["gap", "people"], ascending=[True, False], kind="stable")
    named = of_estate.groupby("gap")["estate"].agg(list).to_dict()
    return [_some(named.get(gap, [])) for gap in range(members["gap"].nunique())]


def _some(names: list[str]) -> str:
    return "、".join(names[:_ESTATES]) + (f"等 {len(names)} 个" if len(names) > _ESTATES else "")


def blocked_in(
    members: pd.DataFrame,
    types: pd.Series,
    ids: pd.Index,
    requirements: Sequence[Requirement],
    facilities: Facilities,
) -> Iterator[Blocked]:
    """Yield, by requirement, the units of the gaps that want a way.

    Parameters
    ----------
    members, types, ids
        The units of each gap, by number; the type and the id of each gap.
    requirements, facilities
        What is asked, and the facilities.
    """
    wanting = members[(types == NO_WAY).to_numpy()[members["gap"]]].sort_values(["requirement", "unit"])
    for number, here in wanting.groupby("requirement"):
        requirement = requirements[int(str(number))]
        yield Blocked(
            requirement,
            serving=which_count(requirement, facilities.table)[0],
            units=here["unit"].to_numpy(),
            gaps=ids[here["gap"]].to_numpy(dtype=object),
        )
