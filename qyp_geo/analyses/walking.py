"""From demand to the nearest of some facilities: from the door, from the 小区出入口, and without leaving the estate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.analyses.access import Facilities
from qyp_geo.analyses.gates import Numbers
from qyp_geo.analyses.standing import Standing
from qyp_geo.network import Positions

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Walks:
    """The nearest facility of each demand unit; the attributes are those of a `Judgement`, of one requirement."""

    facility: npt.NDArray[np.intp]
    judged_facility: npt.NDArray[np.intp]
    walk_m: Floats
    from_gate_m: Floats
    judged_m: Floats
    crosses_arterial: npt.NDArray[np.bool_]


def find_walks(
    standing: Standing, facilities: Facilities, counts: Numbers, *, within_m: float, arterials: bool
) -> Walks:
    """Find the nearest of some facilities from every demand unit.

    A resident reaches what lies in the same gated estate without passing a gate; where that is the least, it is so for both
    distances.

    Parameters
    ----------
    standing, facilities
        Where both stand.
    counts
        The facilities that count, by number, ascending.
    within_m
        The longest walk that is looked for.
    arterials
        Whether to tell if the walk that is judged crosses a 干路.
    """
    targets = facilities.at.take(counts)
    door = _nearest(standing, standing.at, targets, within_m=within_m, arterials=arterials)
    gated = standing.estate >= 0
    gate = _nearest(standing, standing.at_gates, targets, within_m=within_m, arterials=arterials)
    gate = gate.reindex(standing.estate)
    direct = facilities.direct[facilities.direct["facility"].isin(counts)]
    direct = direct.sort_values(["walk_m", "facility"]).drop_duplicates("unit").set_index("unit")
    direct = direct.reindex(range(len(standing.points))).set_axis(["target", "walk_m"], axis=1).assign(crosses=False)
    door, gate = _lesser(door, direct), _lesser(gate, direct)
    return Walks(
        facility=door["target"].fillna(-1).to_numpy(np.intp),
        judged_facility=np.where(gated, gate["target"].fillna(-1), door["target"].fillna(-1)).astype(np.intp),
        walk_m=door["walk_m"].to_numpy(float),
        from_gate_m=np.where(gated, gate["walk_m"], np.nan),
        judged_m=np.where(gated, gate["walk_m"], door["walk_m"]),
        crosses_arterial=np.where(gated, gate["crosses"], door["crosses"]),
    )


def _nearest(
    standing: Standing, origins: Positions, targets: Positions, *, within_m: float, arterials: bool
) -> pd.DataFrame:
    """Return ``target``, ``walk_m`` and ``crosses`` of each origin, by its label."""
    if arterials and standing.two_sided:
        near = standing.net.nearest(origins, targets, within_m=within_m, crosses_arterial=True)
        near = near.rename(columns={"crosses_arterial": "crosses"})
    else:
        near = standing.net.nearest(origins, targets, within_m=within_m).assign(crosses=False)
    return near.set_axis(origins.labels)[["target", "walk_m", "crosses"]]


def _lesser(walks: pd.DataFrame, direct: pd.DataFrame) -> pd.DataFrame:
    """Return, row by row, the lesser of two walks; of two to the millimetre the same the first facility."""
    one, other = walks["walk_m"].to_numpy(float), direct["walk_m"].to_numpy(float)
    first = walks["target"].to_numpy(float) <= direct["target"].to_numpy(float)
    takes = np.isnan(one) | (other < one) | ((other == one) & ~first)
    takes &= ~np.isnan(other)
    return pd.DataFrame(
        {column: np.where(takes, direct[column], walks[column]) for column in ("target", "walk_m", "crosses")}
    )
