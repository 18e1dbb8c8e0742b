"""Where sites make people walk least in all: the p-median (Hakimi 1964)."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pandas as pd

from qyp_geo.locate.cuts import closed
from qyp_geo.locate.duals import bounded
from qyp_geo.locate.instance import Floats, Instance, Labels, read_instance
from qyp_geo.locate.interchange import searched
from qyp_geo.locate.median_task import task_of
from qyp_geo.locate.plan import Plan, found, impossible
from qyp_geo.locate.reaching import check_charge, why_impossible
from qyp_geo.locate.sharing import shared_out, sharing, with_the_weightless


def shortest_walks(
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
    """Choose the sites for which the weighted sum of walks to the nearest is least.

    Parameters
    ----------
    walks
        `origin` (demand), `target` (site) and `walk_m`, one row for each pair within reach.
    weight
        Of each demand unit, by its label; those that reach nothing are among them. A unit of weight 0 binds nothing.
    new_sites
        The most that may be added to those kept; fewer are where one more would shorten no walk. None leaves it to
        the budget.
    keep
        Sites that stand already.
    unreached_m
        The walk, in metres, that demand is charged which no site reaches; at least the longest of `walks`. None: all
        demand of any weight must be reached, else the plan is infeasible.
    candidates, force, forbid
        Where sites may be added (by default every target of `walks`), must be, must not be.
    capacity
        The weight that each site can serve, kept ones among them; demand may be split. None: any.
    cost, budget
        Of each candidate, and what all new sites may cost together.
    time_limit_s
        Seconds that HiGHS may take to close the gap. The search and the Lagrangian bound before it are a fixed amount
        of work, a second or two for a million pairs, so that no clock decides what they find.
    gap
        How far from the best, as a share of the objective, is near enough.

    Returns
    -------
    Plan
        Its objective and bound are in weight times metres, charges for the unreached among them.

    Raises
    ------
    DataError
        With everything that is wrong with the input.

    Notes
    -----
    Exchanges from many starts, a Lagrangian bound with which sites are ruled out, and HiGHS on what is left. Nothing
    but the last depends on the clock.
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
    return least_sum(instance, unreached_m, began=began, time_limit_s=time_limit_s, gap=gap)


def least_sum(instance: Instance, unreached_m: float | None, *, began: float, time_limit_s: float, gap: float) -> Plan:
    """`shortest_walks` of a question that is in order, asked at `began` (``perf_counter``)."""
    reason = why_impossible(instance, must_reach=unreached_m is None)
    if reason:
        return impossible(instance, reason, seconds=time.perf_counter() - began)
    pair_cost = instance.weight[instance.unit] * instance.walk_m
    unreached = np.zeros(len(instance.demand))
    charge_m = math.inf if unreached_m is None else unreached_m
    np.multiply(instance.weight, charge_m, out=unreached, where=instance.weight > 0)
    answer = _shared if instance.capacity is not None else _nearest
    return answer(instance, pair_cost, unreached, began=began, time_limit_s=time_limit_s, gap=gap)


def _nearest(
    instance: Instance, pair_cost: Floats, unreached: Floats, *, began: float, time_limit_s: float, gap: float
) -> Plan:
    """Everyone walks to the nearest."""
    task = task_of(instance, pair_cost, unreached)
    chosen, searched_cost = searched(task)
    bound = bounded(task, chosen, searched_cost)
    cost = searched_cost if searched_cost < task.dearest else math.inf
    best = closed(task, chosen, cost, bound, until=time.perf_counter() + time_limit_s, gap=gap)
    if math.isinf(best.cost):
        return none_found(instance, best.bound, seconds=time.perf_counter() - began)
    return found(
        instance,
        task.opened(instance, best.chosen),
        objective=task.value(best.chosen),
        bound=best.bound,
        gap=gap,
        seconds=time.perf_counter() - began,
    )


def _shared(
    instance: Instance, pair_cost: Floats, unreached: Floats, *, began: float, time_limit_s: float, gap: float
) -> Plan:
    """Everyone walks to where there is room, so that the walks are least in all."""
    task = task_of(instance, pair_cost, unreached)
    chosen, cost = searched(task)
    bound = bounded(task, chosen, cost).cost  # with room for all: no plan within capacities is better
    best = shared_out(
        sharing(instance, pair_cost, unreached),
        [task.opened(instance, chosen)],
        bound=bound,
        until=time.perf_counter() + time_limit_s,
        gap=gap,
    )
    if best.opened is None or best.assignment is None:
        return none_found(instance, best.bound, seconds=time.perf_counter() - began)
    return found(
        instance,
        best.opened,
        objective=best.cost,
        bound=best.bound,
        gap=gap,
        seconds=time.perf_counter() - began,
        assignment=with_the_weightless(instance, best.opened, best.assignment),
    )


def none_found(instance: Instance, bound: float, *, seconds: float) -> Plan:
    """The answer where no plan was found; where the bound is infinite, there is none."""
    if math.isinf(bound):
        what = "within their capacities" if instance.capacity is not None else "together"
        reason = (
            f"no {instance.new_sites} new sites {what} serve all demand; allow more, or give unreached_m, the walk that "
            "demand left over is charged"
        )
        return impossible(instance, reason, seconds=seconds)
    reason = "no plan that serves all demand was found in time, and none is proven not to exist"
    return replace(impossible(instance, reason, seconds=seconds), status="time limit", bound=bound)
