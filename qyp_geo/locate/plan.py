"""What a siting question is answered with: the sites, whom they serve, and how good that provably is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from qyp_geo.locate.instance import Bools, Codes, Floats, Instance

Status = Literal["optimal", "feasible", "time limit", "infeasible"]

_PROVEN = 1e-9


@dataclass(frozen=True, slots=True)
class Plan:
    """Sites chosen, with their certificate.

    Parameters
    ----------
    chosen
        The new sites, in the order of the candidates; without those kept.
    assignment
        `origin`, `target`, `walk_m`, and the `share` of the origin's weight that walks there: 1 unless capacities split
        it. Targets are new and kept sites.
    unserved
        The demand that is not served in full, in the order of `weight`.
    objective
        What the question asks for: weight covered, sites (or their cost), weighted metres, or the worst walk in metres.
        NaN without a plan.
    bound
        What no plan can pass: from above where the objective is maximised, from below where it is minimised. NaN where
        there can be no plan.
    gap
        ``abs(objective - bound) / abs(objective)``; 0 is proof.
    status
        ``optimal`` only where proven. ``feasible``: the gap asked for was reached. ``time limit``: the time, or the work
        that may be done, was over before that. ``infeasible``: there can be no plan, and `reason` says why.
    seconds
        How long it took.
    reason
        Why there can be no plan; empty where there is one.
    """

    chosen: pd.Index
    assignment: pd.DataFrame
    unserved: pd.Index
    objective: float
    bound: float
    gap: float
    status: Status
    seconds: float
    reason: str = ""


def relative_gap(objective: float, bound: float) -> float:
    """How far `objective` may be from the best, as a share of itself; 0 where nothing but rounding is between them."""
    apart = abs(objective - bound)
    if apart <= _PROVEN * max(1.0, abs(objective)):
        return 0.0
    return apart / abs(objective) if objective else math.inf


def found(
    instance: Instance,
    opened: Bools,
    *,
    objective: float,
    bound: float,
    gap: float,
    seconds: float,
    assignment: pd.DataFrame | None = None,
) -> Plan:
    """The plan that opens `opened`, kept sites among them; everyone walks to the nearest unless `assignment` is given."""
    left = relative_gap(objective, bound)
    served = np.zeros(len(instance.demand))
    if assignment is None:
        assignment = nearest_open(instance, opened)
        served[instance.unit[opened[instance.site]]] = 1.0
    else:
        np.add.at(served, instance.demand.get_indexer(pd.Index(assignment["origin"])), assignment["share"].to_numpy())
    return Plan(
        chosen=instance.sites[opened & ~instance.kept],
        assignment=assignment,
        unserved=instance.demand[served < 1 - _PROVEN],
        objective=objective,
        bound=objective if left == 0 else bound,
        gap=left,
        status="optimal" if left == 0 else "feasible" if left <= gap else "time limit",
        seconds=seconds,
    )


def impossible(instance: Instance, reason: str, *, seconds: float) -> Plan:
    """The answer to a question that has none."""
    return Plan(
        chosen=instance.sites[:0],
        assignment=nearest_open(instance, np.zeros(len(instance.sites), dtype=np.bool_)),
        unserved=instance.demand,
        objective=math.nan,
        bound=math.nan,
        gap=math.nan,
        status="infeasible",
        seconds=seconds,
        reason=reason,
    )


def nearest_open(instance: Instance, opened: Bools) -> pd.DataFrame:
    """Each demand unit that reaches an opened site, with the nearest of them; of equally near ones the first."""
    open_pairs = np.flatnonzero(opened[instance.site])
    unit, site, walk_m = instance.unit[open_pairs], instance.site[open_pairs], instance.walk_m[open_pairs]
    order = np.lexsort((site, walk_m, unit))
    first = order[np.r_[True, np.diff(unit[order]) > 0][: len(order)]]
    return assigned(instance, unit[first], site[first], walk_m[first], np.ones(len(first)))


def assigned(instance: Instance, unit: Codes, site: Codes, walk_m: Floats, share: Floats) -> pd.DataFrame:
    """`Plan.assignment` from numbers of demand units and sites."""
    return pd.DataFrame(
        {"origin": instance.demand[unit], "target": instance.sites[site], "walk_m": walk_m, "share": share}
    )
