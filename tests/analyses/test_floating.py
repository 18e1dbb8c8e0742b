"""Floating catchments by hand, by plain loops, and against PySAL's access."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from qyp_geo.analyses.floating import THIRDS, Floats, Method, share_out, weigh

METHODS: tuple[Method, ...] = ("2sfca", "e2sfca", "gaussian", "kernel")
LIMIT_M = 900.0


def gaussian(walk_m: float) -> float:
    return (math.exp(-0.5 * (walk_m / LIMIT_M) ** 2) - math.exp(-0.5)) / (1 - math.exp(-0.5))


def steps(walk_m: float) -> float:
    return 1.0 if walk_m <= 300 else 0.68 if walk_m <= 600 else 0.22


PLAIN: dict[Method, Callable[[float], float]] = {
    "2sfca": lambda walk_m: 1.0,
    "e2sfca": steps,
    "gaussian": gaussian,
    "kernel": lambda walk_m: 0.75 * (1 - (walk_m / LIMIT_M) ** 2),  # its constant is without effect
}


class Town:
    """Some hundred homes and a few facilities at random, with every walk of up to the limit."""

    def __init__(self, seed: int, *, homes: int = 120, facilities: int = 9) -> None:
        random = np.random.default_rng(seed)
        places = random.uniform(0, 2500, (homes, 2)), random.uniform(0, 2500, (facilities, 2))
        walk_m = np.abs(places[0][:, None, :] - places[1][None]).sum(axis=2).round(3)
        walk_m[0, 0] = LIMIT_M
        self.shape = walk_m.shape
        self.demand = random.integers(1, 400, homes).astype(float)
        self.supply = random.integers(20, 500, facilities).astype(float)
        self.home, self.facility = np.nonzero(walk_m <= LIMIT_M)
        self.walk_m = walk_m[self.home, self.facility]

    def weight(self, method: Method) -> sparse.csr_array:
        weight = weigh(method, self.walk_m, np.full(len(self.walk_m), LIMIT_M))
        return sparse.csr_array((weight, (self.home, self.facility)), shape=self.shape)

    def per_head(self, method: Method) -> Floats:
        return share_out(self.weight(method), demand=self.demand, supply=self.supply).per_head


def test_two_schools_and_three_homes_by_hand() -> None:
    # School s of 30 seats is reached from homes a (100 heads) and b (200); t of 50 seats from b and c (50).
    weight = sparse.csr_array(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
    found = share_out(weight, demand=np.array([100.0, 200.0, 50.0]), supply=np.array([30.0, 50.0]))
    assert found.demand.tolist() == [300.0, 250.0]
    assert found.share.tolist() == [0.1, 0.2]
    assert found.per_head == pytest.approx([0.1, 0.3, 0.2], abs=1e-15)


def test_what_serves_nobody_is_shared_by_nobody() -> None:
    weight = sparse.csr_array(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    found = share_out(weight, demand=np.array([10.0, 0.0]), supply=np.array([5.0, 7.0, 9.0]))
    assert found.share.tolist() == [0.5, 0.0, 0.0]  # the second is reached by an empty home, the third by none
    assert found.per_head.tolist() == [0.5, 0.0]


@pytest.mark.parametrize(
    ("method", "at_half", "at_limit"),
    [
        ("2sfca", 1.0, 1.0),
        ("e2sfca", 0.68, 0.22),
        ("gaussian", (math.exp(-0.125) - math.exp(-0.5)) / (1 - math.exp(-0.5)), 0.0),
        ("kernel", 0.75, 0.0),
    ],
)
def test_each_form_at_the_door_half_way_and_at_the_limit(method: Method, at_half: float, at_limit: float) -> None:
    found = weigh(method, np.array([0.0, 450.0, 900.0]), np.full(3, 900.0))
    assert found == pytest.approx([1.0, at_half, at_limit], abs=1e-15)


def test_a_walk_of_exactly_a_step_is_within_it_to_the_millimetre() -> None:
    limits_m = np.full(6, 500.0)  # thirds of it end at 166.667 and 333.333 m
    walks_m = np.array([166.666, 166.667, 166.668, 333.333, 333.334, 500.0])
    assert weigh("e2sfca", walks_m, limits_m).tolist() == [1.0, 1.0, 0.68, 0.68, 0.22, 0.22]
    ours = [(0.2, 1.0), (1.0, 0.5)]
    assert weigh("e2sfca", np.array([100.0, 100.001, 500.0]), limits_m[:3], steps=ours).tolist() == [1.0, 0.5, 0.5]


def test_each_facility_may_have_a_limit_of_its_own() -> None:
    assert weigh("kernel", np.array([100.0, 100.0]), np.array([200.0, 100.0])).tolist() == [0.75, 0.0]
    assert weigh("e2sfca", np.array([100.0, 100.0]), np.array([300.0, 200.0])).tolist() == [1.0, 0.68]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [1, 2])
def test_sparse_sums_are_those_of_plain_loops(method: Method, seed: int) -> None:
    town = Town(seed)
    f = PLAIN[method]
    walks = list(zip(town.home, town.facility, town.walk_m, strict=True))
    share = {
        j: town.supply[j] / reached
        for j in range(town.shape[1])
        if (reached := sum(f(walk_m) * town.demand[i] for i, to, walk_m in walks if to == j))
    }
    per_head = [sum(f(walk_m) * share[int(j)] for home, j, walk_m in walks if home == i) for i in range(town.shape[0])]
    assert town.per_head(method) == pytest.approx(per_head, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_demand_gets_all_the_supply_of_whatever_serves_anyone(method: Method, seed: int) -> None:
    town = Town(seed, facilities=14)
    weight = town.weight(method)
    found = share_out(weight, demand=town.demand, supply=town.supply)
    assert (town.demand * found.per_head).sum() == pytest.approx(town.supply[found.demand > 0].sum(), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [6, 7])
@pytest.mark.filterwarnings("ignore:::access")  # of others' code
def test_pysal_access_gives_the_same_to_nine_digits(method: Method, seed: int) -> None:
    fca = importlib.import_module("access.fca")
    town = Town(seed)
    homes = pd.DataFrame({"id": np.arange(town.shape[0]), "demand": town.demand})
    theirs = fca.two_stage_fca(
        homes,
        pd.DataFrame({"supply": town.supply}, index=np.arange(town.shape[1])),
        pd.DataFrame({"origin": town.home, "dest": town.facility, "cost": town.walk_m}),
        max_cost=LIMIT_M,
        demand_index="id",
        demand_name="demand",
        supply_name="supply",
        weight_fn=PLAIN[method],
    )
    theirs = theirs.reindex(range(town.shape[0]), fill_value=0.0)
    assert town.per_head(method) == pytest.approx(theirs.to_numpy(), rel=1e-9, abs=1e-9)
    assert (theirs > 0).sum() > 80


@pytest.mark.filterwarnings("ignore:::access")
def test_the_default_steps_are_those_of_pysal_access() -> None:
    theirs = importlib.import_module("access.weights").step_fn({300: 1.0, 600: 0.68, 900: 0.22})
    walks_m = np.array([0.0, 299.999, 300.0, 300.001, 600.0, 600.001, 900.0])
    assert weigh("e2sfca", walks_m, np.full(7, LIMIT_M), steps=THIRDS).tolist() == [theirs(one) for one in walks_m]
