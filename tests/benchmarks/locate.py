"""Measures the siting solvers, on a made-up town of 6 km by 6 km: one run, one machine.

    python tests/benchmarks/locate.py --peers

What is said of each question: the objective, what it is proven to be within, and seconds. With `--peers` spopt answers
the same with HiGHS and the same limit; the seconds that it takes to build its model are not counted against that limit.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import numpy.typing as npt
import pandas as pd
import pulp
import typer
from spopt.locate import MCLP, PCenter, PMedian

from qyp_geo.locate.centre import shortest_worst_walk
from qyp_geo.locate.coverage import maximise_coverage
from qyp_geo.locate.median import shortest_walks
from qyp_geo.locate.plan import Plan

SIDE_M = 6000.0
DETOUR = 1.3
COVERED_M = 1000.0


@dataclass(frozen=True)
class Town:
    """Walks of demand (rows) to candidates (columns), in metres, and the people at each demand unit."""

    walk_m: npt.NDArray[np.float64]
    people: npt.NDArray[np.float64]

    def walks(self, within_m: float) -> pd.DataFrame:
        """The walks table."""
        unit, site = np.nonzero(self.walk_m <= within_m)
        return pd.DataFrame({"origin": unit, "target": site, "walk_m": self.walk_m[unit, site]})


def town(n_units: int, n_sites: int, seed: int) -> Town:
    """Demand about 30 centres, candidates anywhere."""
    chance = np.random.default_rng(seed)
    centres = chance.random((30, 2)) * SIDE_M
    units = np.clip(centres[chance.integers(0, 30, n_units)] + chance.normal(0.0, 700.0, (n_units, 2)), 0.0, SIDE_M)
    sites = chance.random((n_sites, 2)) * SIDE_M
    walk_m = np.hypot(*(units[:, None] - sites[None]).transpose(2, 0, 1)) * DETOUR
    return Town(np.round(walk_m, 3), chance.integers(20, 400, n_units).astype(np.float64))


def main(
    seeds: Annotated[int, typer.Option(help="Towns of each kind.")] = 2,
    limit: Annotated[int, typer.Option(help="Seconds for each question.")] = 10,
    peers: Annotated[bool, typer.Option("--peers", help="Ask spopt, too.")] = False,
) -> None:
    """Ask, measure, tell."""
    warnings.simplefilter("ignore")  # the packages' own
    _warm_up()
    for seed in range(seeds):
        place = town(5000, 1000, seed)
        people = pd.Series(place.people)
        near = place.walks(COVERED_M)
        plan = maximise_coverage(near, people, new_sites=20, time_limit_s=limit)
        _tell(f"MCLP 5,000 x 1,000, p = 20, seed {seed}", plan)
        if peers:
            _ask(partial(MCLP.from_cost_matrix, place.walk_m, place.people, COVERED_M, p_facilities=20), limit)
        for n_units in (1000, 5000):
            place = town(n_units, 500, seed)
            people, walks = pd.Series(place.people), place.walks(np.inf)
            plan = shortest_walks(walks, people, new_sites=10, time_limit_s=limit)
            _tell(f"p-median {n_units:,} x 500, p = 10, seed {seed}", plan)
            if peers:
                _ask(partial(PMedian.from_cost_matrix, place.walk_m, place.people, p_facilities=10), limit)
        place = town(1000, 500, seed)
        plan = shortest_worst_walk(place.walks(np.inf), pd.Series(place.people), new_sites=10, time_limit_s=limit)
        _tell(f"p-center 1,000 x 500, p = 10, seed {seed}", plan)
        if peers:
            _ask(partial(PCenter.from_cost_matrix, place.walk_m, p_facilities=10), limit)


def _warm_up() -> None:
    place = town(30, 10, 0)
    for ask in (maximise_coverage, shortest_walks, shortest_worst_walk):
        ask(place.walks(np.inf), pd.Series(place.people), new_sites=2)


def _tell(question: str, plan: Plan) -> None:
    typer.echo(f"{question}: {plan.objective:,.0f}, {plan.status}, gap {100 * plan.gap:.4f} %, {plan.seconds:.1f} s")


def _ask(build: Callable[[], Any], limit: int) -> None:
    began = time.perf_counter()
    model = build()
    built = time.perf_counter()
    model.problem.solve(pulp.HiGHS(msg=False, timeLimit=limit))
    solved = time.perf_counter() - built
    value = model.problem.objective.value()
    said = "nothing" if value is None else f"{value:,.0f}"
    typer.echo(f"  spopt with HiGHS: {said}, built in {built - began:.1f} s, solved in {solved:.1f} s")


if __name__ == "__main__":
    typer.run(main)
