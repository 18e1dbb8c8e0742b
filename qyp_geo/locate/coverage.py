"""Where new sites cover most, and with how few all is covered.

Maximal covering: Church & ReVelle 1974, *Papers of the Regional Science Association* 32, 101-118. Set covering: Toregas,
Swain, ReVelle & Bergman 1971, *Operations Research* 19(6), 1363-1373.
"""

from __future__ import annotations

import math
from time import perf_counter

import pandas as pd

from qyp_geo.errors import DataError, Problem
from qyp_geo.locate.capacity import few_serving, most_serving
from qyp_geo.locate.cover import left_open
from qyp_geo.locate.instance import Instance, Labels, read_instance, some
from qyp_geo.locate.plan import Plan, found, impossible
from qyp_geo.locate.proof import fewest, most
from qyp_geo.locate.reaching import ROUNDING, too_many_forced


def maximise_coverage(
    walks: pd.DataFrame,
    weight: pd.Series[float],
    *,
    new_sites: int | None,
    keep: Labels = (),
    candidates: Labels | None = None,
    force: Labels = (),
    forbid: Labels = (),
    capacity: pd.Series[float] | None = None,
    cost: pd.Series[float] | None = None,
    budget: float | None = None,
    time_limit_s: float | None = None,
    gap: float = 0.0,
) -> Plan:
    """The new sites that, with the kept ones, cover the greatest weight (MCLP).

    Parameters
    ----------
    walks
        `origin` (demand), `target` (site) and `walk_m` of every pair within the limit: these are the pairs that cover.
    weight
        Of each demand unit, by its label, those that reach nothing among them.
    new_sites
        The most that may be added to those kept; fewer are chosen where more would cover nobody else. None leaves it
        to the budget.
    keep, candidates, force, forbid
        Sites that stand already; where sites may be added (by default every target of `walks`); those that must be
        among the new ones; those that must not.
    capacity
        The weight that each site can serve, kept ones among them, by its label. Demand may then be split.
    cost, budget
        Cost of each candidate, by its label; what the new sites may cost together.
    time_limit_s
        Seconds after which the proof is broken off. The search before it takes a fixed amount of work, and may exceed
        a very short limit. By default no clock breaks it off but a fixed amount of work (`qyp_geo.locate.milp.WORK`), so
        that the plan is the same on every machine, however busy.
    gap
        Relative gap at which the proof stops.

    Returns
    -------
    The plan; its objective is the weight covered (or served), by kept sites too.

    Raises
    ------
    DataError
        With everything that is wrong in the question.
    """
    began = perf_counter()
    until = math.inf if time_limit_s is None else began + time_limit_s
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
    if reason := too_many_forced(instance):
        return impossible(instance, reason, seconds=perf_counter() - began)
    if instance.capacity is not None:
        return most_serving(instance, instance.capacity, gap=gap, began=began, until=until)
    question = left_open(instance)
    chosen, bound = most(question, until=until, gap=gap)
    chosen = question.busy(chosen)
    return found(
        instance,
        question.opened(instance, chosen),
        objective=question.base + question.covered(chosen),
        bound=question.base + bound,
        gap=gap,
        seconds=perf_counter() - began,
    )


def fewest_sites(
    walks: pd.DataFrame,
    weight: pd.Series[float],
    *,
    share: float = 1.0,
    keep: Labels = (),
    candidates: Labels | None = None,
    force: Labels = (),
    forbid: Labels = (),
    capacity: pd.Series[float] | None = None,
    cost: pd.Series[float] | None = None,
    time_limit_s: float | None = None,
    gap: float = 0.0,
) -> Plan:
    """The fewest new sites (or the cheapest) that, with the kept ones, cover a share of all weight (LSCP).

    Parameters
    ----------
    walks, weight, keep, candidates, force, forbid, capacity, time_limit_s, gap
        As in `maximise_coverage`.
    share
        Of the sum of all weights, those that reach nothing among them; inclusive. Demand of weight 0 need not be
        covered.
    cost
        Cost of each candidate, by its label; without it each costs 1.

    Returns
    -------
    The plan; its objective is the number of new sites, or their cost.

    Raises
    ------
    DataError
        With everything that is wrong in the question.
    """
    began = perf_counter()
    until = math.inf if time_limit_s is None else began + time_limit_s
    if not 0 <= share <= 1:
        problem = Problem("share", "", "is no number from 0 to 1", f"{share}", "0.95 is 95 % of all weight")
        raise DataError("The siting question cannot be asked", [problem])
    instance = read_instance(
        walks, weight, candidates=candidates, keep=keep, force=force, forbid=forbid, cost=cost, capacity=capacity
    )
    required = share * float(instance.weight.sum()) * (1 - ROUNDING)
    if reason := _out_of_reach(instance, required):
        return impossible(instance, reason, seconds=perf_counter() - began)
    if instance.capacity is not None:
        return few_serving(instance, instance.capacity, required=required, gap=gap, began=began, until=until)
    question = left_open(instance)
    chosen, bound = fewest(question, required - question.base, until=until, gap=gap)
    forced = float(instance.forced.sum() if instance.cost is None else instance.cost[instance.forced].sum())
    return found(
        instance,
        question.opened(instance, chosen),
        objective=forced + float(question.cost[chosen].sum()),
        bound=forced + bound,
        gap=gap,
        seconds=perf_counter() - began,
    )


def _out_of_reach(instance: Instance, required: float) -> str:
    unreached = instance.unreached
    weight = instance.weight[instance.demand.isin(unreached)]
    within = float(instance.weight.sum() - weight.sum())
    if within >= required:
        return ""
    return (
        f"all sites together reach a weight of {within:g} of the {required:g} asked for; "
        f"no candidate and no kept site reaches {some(unreached[weight > 0])}"
    )
