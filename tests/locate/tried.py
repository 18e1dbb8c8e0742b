"""Small siting questions, and their answers by trying every plan."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pulp
from hypothesis import strategies as st
from scipy.optimize import linprog
from spopt.locate import PCenter, PMedian

UNREACHED_M = 500.0


@dataclass(frozen=True)
class Asked:
    """A question small enough to try every plan."""

    walk_m: pd.DataFrame  # demand by sites, NaN out of reach
    weight: pd.Series[float]
    new_sites: int
    keep: list[str]
    force: list[str]
    forbid: list[str]
    cost: pd.Series[float] | None
    budget: float | None
    capacity: pd.Series[float] | None = None

    @property
    def walks(self) -> pd.DataFrame:
        """The walks table."""
        column = self.walk_m.rename_axis("origin").reset_index().melt("origin", var_name="target", value_name="walk_m")
        return column.dropna().reset_index(drop=True)

    def given(self) -> dict[str, Any]:
        """The keywords of a solver."""
        return {
            "new_sites": self.new_sites,
            "keep": self.keep,
            "candidates": list(self.walk_m.columns),
            "force": self.force,
            "forbid": self.forbid,
            "cost": self.cost,
            "budget": self.budget,
        }

    def plans(self) -> Iterator[list[str]]:
        """Every set of sites, kept ones among them, that may stand in the end."""
        free = [site for site in self.walk_m.columns if site not in {*self.keep, *self.forbid, *self.force}]
        for n in range(self.new_sites - len(self.force) + 1):
            for more in combinations(free, n):
                new = [*self.force, *more]
                if self.budget is None or self.cost is None or self.cost[new].sum() <= self.budget:
                    yield [*self.keep, *new]

    def least_walks(self, sites: list[str]) -> pd.Series[float]:
        """The walk of each unit to the nearest of the sites; infinite out of reach."""
        return self.walk_m[sites].min(axis=1).fillna(math.inf) if sites else self.weight * 0 + math.inf

    def least_sum(self, unreached_m: float) -> float:
        """The least weighted sum of walks; infinite where there is no plan."""
        here = self.weight > 0
        sums = (
            (self.weight[here] * self.least_walks(sites)[here].clip(upper=unreached_m)).sum() for sites in self.plans()
        )
        return float(min(sums, default=math.inf))

    def least_worst(self, unreached_m: float) -> float:
        """The least worst walk; infinite where there is no plan."""
        here = self.weight > 0
        worst = (self.least_walks(sites)[here].clip(upper=unreached_m).max() for sites in self.plans())
        return float(min((0.0 if math.isnan(w) else w for w in worst), default=math.inf))

    def least_shared(self, unreached_m: float, *, within_m: float = math.inf) -> float:
        """The least weighted sum of walks where sites have capacities and demand is split; infinite without a plan."""
        return min((self._transported(sites, unreached_m, within_m) for sites in self.plans()), default=math.inf)

    def by_spopt_median(self, n_sites: int, *, seconds: int) -> float:
        """The weighted sum of walks of the plan that spopt's p-median gives with HiGHS in so many seconds."""
        opened = self._by_spopt(PMedian, self.walk_m.to_numpy(), self.weight.to_numpy(), n_sites, seconds)
        return float((self.weight * self.least_walks(opened)).sum())

    def by_spopt_centre(self, n_sites: int, *, seconds: int) -> float:
        """The longest walk of the plan that spopt's p-center gives with HiGHS in so many seconds."""
        return float(self.least_walks(self._by_spopt(PCenter, self.walk_m.to_numpy(), n_sites, seconds)).max())

    def _by_spopt(self, kind: Any, *given: Any) -> list[str]:
        *data, n_sites, seconds = given
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # spopt's and PuLP's own
            model = kind.from_cost_matrix(*data, p_facilities=n_sites)
            model.problem.solve(pulp.HiGHS(msg=False, timeLimit=seconds))
        return [
            str(site) for site, column in zip(self.walk_m, model.fac_vars, strict=True) if (column.value() or 0) > 0.5
        ]

    def _transported(self, sites: list[str], unreached_m: float, within_m: float) -> float:
        units = self.weight.index[self.weight > 0]
        if not len(units):
            return 0.0
        assert self.capacity is not None
        pairs = [(u, s) for u in units for s in sites if self.walk_m.loc[u, s] <= within_m]
        free = [] if math.isinf(unreached_m) else list(units)
        cost = [self.weight[u] * self.walk_m.loc[u, s] for u, s in pairs] + [self.weight[u] * unreached_m for u in free]
        if not cost:
            return math.inf
        served = np.array(
            [[pair[0] == u for pair in pairs] + [other == u for other in free] for u in units], dtype=float
        )
        room = np.array([[self.weight[u] * (s == site) for u, s in pairs] + [0.0] * len(free) for site in sites])
        most = self.capacity[sites].to_numpy()
        answer = linprog(
            cost, A_ub=room if sites else None, b_ub=most if sites else None, A_eq=served, b_eq=np.ones(len(units))
        )
        return math.inf if answer.fun is None else float(answer.fun)


def scattered(n_units: int, n_sites: int, *, seed: int) -> Asked:
    """Units and sites at random in a square of 4 km, all within reach of each other, by 1.3 times the straight line."""
    chance = np.random.default_rng(seed)
    units, sites = chance.random((n_units, 2)) * 4000.0, chance.random((n_sites, 2)) * 4000.0
    walk_m = np.round(np.hypot(*(units[:, None] - sites[None]).transpose(2, 0, 1)) * 1.3, 3)
    names = [f"u{i}" for i in range(n_units)]
    weight = pd.Series(chance.integers(20, 400, n_units).astype(np.float64), index=names)
    places = [f"s{j}" for j in range(n_sites)]
    return Asked(pd.DataFrame(walk_m, index=names, columns=places), weight, n_sites, [], [], [], None, None)


@st.composite
def questions(draw: st.DrawFn, *, capacities: bool = False) -> Asked:
    """Up to 7 demand units and 6 sites, with every keyword."""
    n_units, n_sites = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    units = [f"u{i}" for i in range(n_units)]
    sites = [f"s{j}" for j in range(n_sites)]
    metres = st.one_of(st.none(), st.integers(0, 400), st.sampled_from([100, 100.001, 300]))
    walk_m = pd.DataFrame([[draw(metres) for _ in sites] for _ in units], index=units, columns=sites, dtype=np.float64)
    roles = [draw(st.sampled_from(["free"] * 6 + ["keep", "force", "forbid"])) for _ in sites]
    of = {role: [site for site, its in zip(sites, roles, strict=True) if its == role] for role in set(roles)}
    priced = draw(st.booleans())
    return Asked(
        walk_m=walk_m,
        weight=pd.Series([float(draw(st.integers(0, 5))) for _ in units], index=units),
        new_sites=draw(st.integers(0, 4)),
        keep=of.get("keep", []),
        force=of.get("force", []),
        forbid=of.get("forbid", []),
        cost=pd.Series([float(draw(st.integers(0, 9))) for _ in sites], index=sites) if priced else None,
        budget=float(draw(st.integers(0, 20))) if priced else None,
        capacity=pd.Series([float(draw(st.integers(0, 10))) for _ in sites], index=sites) if capacities else None,
    )
