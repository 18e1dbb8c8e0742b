"""What must hold before the question of whom a plan reaches can be asked."""

from __future__ import annotations

import numpy as np

from qyp_geo.errors import DataError, Problem
from qyp_geo.locate.instance import Instance, some

ROUNDING = 1e-9
"""Sums of weights and costs that differ by this share are the same."""


def check_charge(instance: Instance, unreached_m: float | None) -> None:
    """Refuse a charge for the unreached that is less than a walk, since then to reach somebody would be a loss.

    Raises
    ------
    DataError
        If it is less than the longest walk, or no number.
    """
    longest_m = float(instance.walk_m.max(initial=0.0))
    if unreached_m is not None and not longest_m <= unreached_m < np.inf:
        problem = Problem(
            "unreached_m",
            "",
            "is less than the longest walk, or no number",
            f"{unreached_m} m; the longest walk is {longest_m} m",
            "Give at least the longest walk, or None where all must be reached",
        )
        raise DataError("The siting question cannot be asked", [problem])


def too_many_forced(instance: Instance) -> str:
    """Why the sites that are forced are more than may be added, or dearer; empty where they are not."""
    forced = instance.sites[instance.forced]
    if len(forced) > instance.new_sites:
        return f"{len(forced)} sites are forced, and only {instance.new_sites} may be added: {some(forced)}"
    if instance.cost is None or instance.budget is None:
        return ""
    needed = float(instance.cost[instance.forced].sum())
    if needed > instance.budget * (1 + ROUNDING):
        return f"the forced sites cost {needed:g}, more than the budget of {instance.budget:g}: {some(forced)}"
    return ""


def why_impossible(instance: Instance, *, must_reach: bool) -> str:
    """Why there can be no plan, as far as one look tells; empty where there may be one."""
    if reason := too_many_forced(instance):
        return reason
    unreached = instance.unreached
    unreached = unreached[instance.weight[instance.demand.get_indexer(unreached)] > 0]
    if must_reach and len(unreached):
        return f"no candidate and no kept site reaches {some(unreached)}; to charge them a walk, give unreached_m"
    return ""
