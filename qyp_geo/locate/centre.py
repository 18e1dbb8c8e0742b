"""Where sites make the longest walk short: the p-center (Hakimi 1964)."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
import pandas as pd

from qyp_geo.locate.covering import Found, covering
from qyp_geo.locate.instance import Bools, Instance, Labels, read_instance
from qyp_geo.locate.interchange import improved
from qyp_geo.locate.median import least_sum, none_found
from qyp_geo.locate.median_task import task_of
from qyp_geo.locate.plan import Plan, found, impossible, relative_gap
from qyp_geo.locate.reaching import check_charge, why_impossible
from qyp_geo.locate.sharing import shared_out, sharing, with_the_weightless


def shortest_worst_walk(
    walks: pd.DataFrame,
    weight: pd.Series[float],
    *,
    new_sites: int | None,
    keep: Labels = (),
    unreached_m: float | None = None,
    candidates: Labels | None = None,
    force: Labels = (),
    forbid: Labels = (),
    capacity: pd.Series[float] | None = None,
    cost: pd.Series[float] | None = None,
    budget: float | None = None,
    time_limit_s: float = 10.0,
    gap: float = 0.0,
) -> Plan:
    """Choose the sites for which the longest walk of anyone is least.

    Parameters
    ----------
    walks, new_sites, keep, candidates, force, forbid, capacity, cost, budget, time_limit_s, gap
        As in `shortest_walks`.
    weight
        Of each demand unit, by its label; those that reach nothing are among them. How great a weight is means nothing
        here, but a unit of weight 0 binds nothing.
    unreached_m
        As in `shortest_walks`. Demand that no site reaches is charged it whatever is chosen, and the longest walk of
        the others is made short. Where the new sites do not do for those, either, the plan is that of `shortest_walks`.

    Returns
    -------
    Plan
        Its objective and bound are in metres. Among the sites with this longest walk they are chosen for short walks in
        all, by exchanges and without proof.

    Raises
    ------
    DataError
        With everything that is wrong with the input.

    Notes
    -----
    The answer is one of the walks. Halving their range, it is asked of one after another if sites with none longer
    exist: exchanges find some, or HiGHS finds some or proves that there are none (Minieka 1970).
    """
    began = time.perf_counter()
    instance = read_instance(
        walks,
        weight,
        new_sites=new_sites,
        candidates=candidates,
        keep=keep,
        force=force,
        forbid=forbid,
        cost=cost,
        budget=budget,
        capacity=capacity,
    )
    check_charge(instance, unreached_m)
    reason = why_impossible(instance, must_reach=unreached_m is None)
    if reason:
        return impossible(instance, reason, seconds=time.perf_counter() - began)
    until = began + time_limit_s
    bound = (instance.weight > 0) & ~instance.demand.isin(instance.unreached)
    least = _halved(instance, bound, until=until, gap=gap)
    if least.opened is not None:
        opened, assignment = _short_in_all(instance, bound, least.opened, within_m=least.walk_m)
    elif unreached_m is None:
        return none_found(instance, least.bound, seconds=time.perf_counter() - began)
    else:
        left_s = max(0.0, until - time.perf_counter())
        plan = least_sum(instance, unreached_m, began=began, time_limit_s=left_s, gap=gap)
        opened, assignment = instance.sites.isin(plan.chosen) | instance.kept, plan.assignment
    lowest_m = least.bound
    if unreached_m is not None and (least.bound == np.inf or (instance.weight[~bound] > 0).any()):
        lowest_m = unreached_m
    answer = found(instance, opened, objective=lowest_m, bound=lowest_m, gap=gap, seconds=0.0, assignment=assignment)
    longest_m = _longest(instance, answer, unreached_m)
    return found(
        instance,
        opened,
        objective=longest_m,
        bound=min(lowest_m, longest_m),
        gap=gap,
        seconds=time.perf_counter() - began,
        assignment=answer.assignment,
    )


def _longest(instance: Instance, plan: Plan, unreached_m: float | None) -> float:
    """The longest walk of demand with weight, that charged among them."""
    heavy = instance.demand[instance.weight > 0]
    if unreached_m is not None and plan.unserved.isin(heavy).any():
        return unreached_m
    walks_m = plan.assignment.loc[plan.assignment["origin"].isin(heavy), "walk_m"]
    return float(walks_m.max()) if len(walks_m) else 0.0


class _Least(NamedTuple):
    """Sites (None where none were found) whose longest walk this is, and what none is less than (infinite: no sites do)."""

    opened: Bools | None
    walk_m: float
    bound: float


def _halved(instance: Instance, bound: Bools, *, until: float, gap: float) -> _Least:
    """The sites with the least longest walk of the units `bound`."""
    pairs = bound[instance.unit] & instance.usable[instance.site]
    nearest_m = np.full(len(bound), np.inf)
    np.minimum.at(nearest_m, instance.unit[pairs], instance.walk_m[pairs])
    steps = np.unique(instance.walk_m[pairs])
    steps = steps[steps >= nearest_m[bound].max(initial=0.0)]  # nobody's walk is shorter than to the nearest of all
    if not len(steps):
        return _Least(instance.kept | instance.forced, 0.0, 0.0)
    status, best = _sites_within(instance, bound, steps[-1], until=until)
    if status != "found":
        return _Least(None, np.inf, np.inf if status == "none" else float(steps[0]))
    low, high = 0, len(steps) - 1
    while relative_gap(steps[high], steps[low]) > gap:
        middle = (low + high) // 2
        status, opened = _sites_within(instance, bound, steps[middle], until=until)
        if status == "unknown":
            break
        if status == "none":
            low = middle + 1
        else:
            high, best = middle, opened
    return _Least(best, float(steps[high]), float(steps[low]))


def _sites_within(instance: Instance, bound: Bools, within_m: float, *, until: float) -> tuple[Found, Bools | None]:
    """Sites that serve every unit `bound` by a walk that is no longer."""
    near = instance.walk_m <= within_m
    if instance.capacity is not None:
        best = shared_out(
            sharing(instance, np.zeros(len(near)), np.where(bound, np.inf, 0.0), within=near),
            [],
            bound=-np.inf,
            until=until,
            gap=0.0,
        )
        return ("found" if best.opened is not None else "none" if np.isinf(best.bound) else "unknown"), best.opened
    task = task_of(instance, np.where(near, 0.0, np.inf), bound.astype(np.float64))
    status, chosen = covering(task, until=until)
    return status, task.opened(instance, chosen)


def _short_in_all(
    instance: Instance, bound: Bools, opened: Bools, *, within_m: float
) -> tuple[Bools, pd.DataFrame | None]:
    """Sites, and who walks where, for shorter walks in all than with `opened`, and none that is longer."""
    near = instance.walk_m <= within_m
    pair_cost = np.where(near, instance.weight[instance.unit] * instance.walk_m, np.inf)
    unreached = np.where(bound, np.inf, 0.0)
    if instance.capacity is not None:
        asked = sharing(instance, pair_cost, unreached, within=near)
        best = shared_out(asked, [opened], bound=-np.inf, until=-np.inf, gap=0.0)
        return opened, with_the_weightless(instance, opened, best.assignment)
    task = task_of(instance, pair_cost, unreached)
    chosen, _ = improved(task, np.flatnonzero(opened[task.sites]))
    return task.opened(instance, chosen), None
