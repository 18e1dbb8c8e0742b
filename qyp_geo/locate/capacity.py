"""Sites that can serve only so much: HiGHS shares demand out among them, from a greedy start; the bound is its own."""

from __future__ import annotations

import math
from time import perf_counter

import numpy as np
import pandas as pd

from qyp_geo.locate.cover import whole
from qyp_geo.locate.instance import Bools, Floats, Instance
from qyp_geo.locate.milp import WORK, Answer, solve
from qyp_geo.locate.plan import Plan, assigned, found, impossible, nearest_open
from qyp_geo.locate.shares import Shares, new_cost, shares_of

_ROUNDING = 1e-6  # what the solver's tolerance leaves of a share


def most_serving(instance: Instance, capacity: Floats, *, gap: float, began: float, until: float) -> Plan:
    """The plan whose sites, within their capacities, serve the greatest weight."""
    shares = shares_of(instance, capacity)
    start = shares.serving(_greedy(shares, math.inf))
    answer = solve(
        shares.model(shares.all_served, maximise=True),
        time_limit_s=until - perf_counter(),
        gap=gap,
        start=start,
        work=WORK if math.isinf(until) else math.inf,
    )
    values = max((start, _or(answer, start)), key=lambda columns: float(shares.all_served @ columns))
    opened = _opened(shares, values)
    assignment = _nearest(shares, opened, float(shares.all_served @ values))
    served = _served(instance, assignment)
    bound = min(answer.bound, float(instance.weight.sum()))
    return found(
        instance,
        opened,
        objective=served,
        bound=served if answer.status == "optimal" and gap == 0 else max(bound, served),
        gap=gap,
        seconds=perf_counter() - began,
        assignment=assignment,
    )


def few_serving(
    instance: Instance, capacity: Floats, *, required: float, gap: float, began: float, until: float
) -> Plan:
    """The plan with the fewest (or cheapest) sites that, within their capacities, serve the weight `required`."""
    shares = shares_of(instance, capacity)
    required *= 1 - _ROUNDING
    start = shares.serving(instance.usable)
    most = float(shares.all_served @ start)
    if most < required:
        reason = f"all sites together can serve a weight of {most:g} of the {required:g} asked for"
        return impossible(instance, reason, seconds=perf_counter() - began)
    greedy = shares.serving(_greedy(shares, required))
    if shares.all_served @ greedy >= required:
        start = greedy
    cost = new_cost(instance)
    answer = solve(
        shares.model(np.concatenate((cost, np.zeros(len(shares.pairs)))), served=required, maximise=False),
        time_limit_s=until - perf_counter(),
        gap=gap,
        start=start,
        work=WORK if math.isinf(until) else math.inf,
    )
    opened = min((_opened(shares, start), _opened(shares, _or(answer, start))), key=lambda sites: float(cost @ sites))
    spent = float(cost @ opened)
    bound = max(
        0.0, math.ceil(answer.bound - _ROUNDING) if whole(cost) and math.isfinite(answer.bound) else answer.bound
    )
    return found(
        instance,
        opened,
        objective=spent,
        bound=spent if answer.status == "optimal" and gap == 0 else min(bound, spent),
        gap=gap,
        seconds=perf_counter() - began,
        assignment=_nearest(shares, opened, float(shares.all_served @ shares.serving(opened))),
    )


def _greedy(shares: Shares, enough: float) -> Bools:
    """Sites that serve much for their cost: each takes the nearest of those whom nobody serves, up to its capacity."""
    instance = shares.instance
    unit, site = instance.unit[shares.pairs], instance.site[shares.pairs]
    walk_m = instance.walk_m[shares.pairs]
    left = instance.weight.copy()
    cost = new_cost(instance)
    budget = math.inf if instance.budget is None else instance.budget

    def take(number: int) -> None:
        pairs = np.flatnonzero(site == number)
        units = unit[pairs[np.argsort(walk_m[pairs], kind="stable")]]
        room = np.maximum(0.0, shares.capacity[number] - np.cumsum(left[units]) + left[units])
        left[units] -= np.minimum(left[units], room)

    opened = instance.kept | instance.forced
    for number in np.flatnonzero(opened):
        take(int(number))
    while instance.weight.sum() - left.sum() < enough:
        allowed = instance.free & ~opened & (cost @ opened + cost <= budget)
        gain = np.where(allowed, np.minimum(shares.capacity, np.bincount(site, left[unit], minlength=len(opened))), 0.0)
        best = int(np.argmax(gain / np.maximum(cost, _ROUNDING)))
        if gain[best] <= 0 or np.count_nonzero(opened & ~instance.kept) >= instance.new_sites:
            break
        opened[best] = True
        take(best)
    return opened


def _or(answer: Answer, start: Floats) -> Floats:
    return start if answer.values is None else answer.values


def _opened(shares: Shares, columns: Floats) -> Bools:
    """The sites that a solution opens; of those that may be closed, without those that serve nobody."""
    instance = shares.instance
    site = instance.site[shares.pairs]
    used = np.bincount(site, columns[len(instance.sites) :], minlength=len(instance.sites)) > _ROUNDING
    return instance.kept | instance.forced | ((columns[: len(instance.sites)] > 0.5) & used)


def _nearest(shares: Shares, opened: Bools, served: float) -> pd.DataFrame:
    """Who walks where, so that the weight `served` is served by the least walking; demand without weight to the nearest."""
    instance = shares.instance
    walking = np.concatenate((np.zeros(len(opened)), shares.weight * instance.walk_m[shares.pairs]))
    model = shares.model(walking, opened=opened, served=served, maximise=False)
    answer = solve(model, time_limit_s=math.inf)
    columns = _or(answer, shares.serving(opened))[len(opened) :]
    carried = columns > _ROUNDING
    pairs, share = shares.pairs[carried], columns[carried]
    shared = assigned(
        instance,
        instance.unit[pairs],
        instance.site[pairs],
        instance.walk_m[pairs],
        np.where(share > 1 - _ROUNDING, 1.0, share),
    )
    nearest = nearest_open(instance, opened)
    weightless = nearest["origin"].isin(instance.demand[instance.weight == 0])
    return pd.concat((shared, nearest[weightless]), ignore_index=True)


def _served(instance: Instance, assignment: pd.DataFrame) -> float:
    weight = instance.weight[instance.demand.get_indexer(pd.Index(assignment["origin"]))]
    return float(weight @ assignment["share"].to_numpy())
