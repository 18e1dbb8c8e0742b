"""The least longest walk: by hand, by trying every plan, against spopt, and what is refused."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qyp_geo.errors import DataError
from qyp_geo.locate.centre import shortest_worst_walk
from tests.locate.tried import UNREACHED_M, Asked, questions, scattered

# Four buildings along a street, 100 m apart, and a place for a centre at each of them.
PLACES = "abcd"
STREET = pd.DataFrame(
    [(u, s, abs(PLACES.index(u) - PLACES.index(s)) * 100.0) for u in PLACES for s in PLACES],
    columns=["origin", "target", "walk_m"],
)
PEOPLE = pd.Series({"a": 10.0, "b": 20.0, "c": 20.0, "d": 90.0})


def test_the_longest_walk_decides_and_then_the_sum() -> None:
    one = shortest_worst_walk(STREET, PEOPLE, new_sites=1)
    assert list(one.chosen) == ["c"]  # b has 200 m, too, for 90 people
    assert (one.objective, one.bound, one.gap, one.status) == (200.0, 200.0, 0.0, "optimal")
    two = shortest_worst_walk(STREET, PEOPLE, new_sites=2)
    assert two.objective == 100.0
    assert two.assignment.set_index("origin").loc["d", "walk_m"] == 0.0


def test_kept_forced_and_forbidden() -> None:
    plan = shortest_worst_walk(STREET, PEOPLE, new_sites=1, keep=["a"])
    assert (list(plan.chosen), plan.objective) == (["d"], 100.0)
    plan = shortest_worst_walk(STREET, PEOPLE, new_sites=2, force=["b"], forbid=["c", "d"])
    assert (list(plan.chosen), plan.objective) == (["a", "b"], 200.0)


def test_the_budget_is_met_where_it_is_just_enough() -> None:
    price = pd.Series({"a": 1.0, "b": 3.0, "c": 3.0, "d": 1.0})
    assert shortest_worst_walk(STREET, PEOPLE, new_sites=2, cost=price, budget=4.0).objective == 100.0
    assert list(shortest_worst_walk(STREET, PEOPLE, new_sites=2, cost=price, budget=2.0).chosen) == ["a", "d"]
    assert shortest_worst_walk(STREET, PEOPLE, new_sites=2, cost=price, budget=1.0).objective == 300.0


def test_whom_no_site_reaches_is_charged_and_the_others_are_not_forgotten() -> None:
    people = pd.concat([PEOPLE, pd.Series({"far": 1.0, "empty": 0.0})])
    charged = shortest_worst_walk(STREET, people, new_sites=1, unreached_m=1000.0)
    assert (charged.objective, charged.status) == (1000.0, "optimal")
    assert charged.assignment["walk_m"].max() == 200.0
    assert list(charged.unserved) == ["far", "empty"]
    refused = shortest_worst_walk(STREET, people, new_sites=1)
    assert refused.status == "infeasible"
    assert "far" in refused.reason
    assert "empty" not in refused.reason


def test_too_few_sites_for_all() -> None:
    near = STREET[STREET["walk_m"] < 100]
    assert "no 3 new sites" in shortest_worst_walk(near, PEOPLE, new_sites=3).reason
    charged = shortest_worst_walk(near, PEOPLE, new_sites=3, unreached_m=100.0)
    assert (charged.objective, charged.status) == (100.0, "optimal")
    assert list(charged.unserved) == ["a"]  # the fewest people


def test_who_finds_no_room_walks_on() -> None:
    room = pd.Series({"a": 10.0, "b": 40.0, "c": 20.0, "d": 80.0})
    plan = shortest_worst_walk(STREET, PEOPLE, new_sites=4, capacity=room)
    assert (plan.objective, plan.status) == (100.0, "optimal")
    split = plan.assignment.groupby("origin", observed=True)["share"].sum()
    assert split.to_dict() == pytest.approx(dict.fromkeys(PLACES, 1.0))
    used = plan.assignment.assign(people=plan.assignment["share"] * PEOPLE[plan.assignment["origin"]].to_numpy())
    assert (used.groupby("target", observed=True)["people"].sum() <= room + 1e-6).all()


def test_a_charge_below_the_longest_walk_is_refused() -> None:
    with pytest.raises(DataError, match="unreached_m"):
        shortest_worst_walk(STREET, PEOPLE, new_sites=1, unreached_m=299.9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(asked=questions(), unreached_m=st.sampled_from([None, UNREACHED_M]))
def test_equals_trying_every_plan(asked: Asked, unreached_m: float | None) -> None:
    plan = shortest_worst_walk(asked.walks, asked.weight, unreached_m=unreached_m, time_limit_s=60.0, **asked.given())
    best = asked.least_worst(math.inf if unreached_m is None else unreached_m)
    assert plan.status == ("infeasible" if math.isinf(best) else "optimal")
    if math.isinf(best):
        assert plan.reason
        return
    assert plan.objective == plan.bound == best
    assert sorted([*plan.chosen, *asked.keep]) in [sorted(sites) for sites in asked.plans()]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(asked=questions(capacities=True))
def test_with_capacities_equals_trying_every_plan(asked: Asked) -> None:
    plan = shortest_worst_walk(asked.walks, asked.weight, capacity=asked.capacity, time_limit_s=60.0, **asked.given())
    walks_m = [0.0, *sorted(asked.walks["walk_m"].unique())]
    enough = (w for w in walks_m if math.isfinite(asked.least_shared(math.inf, within_m=w)))
    best = next(enough, math.inf)
    assert plan.status == ("infeasible" if math.isinf(best) else "optimal")
    if math.isfinite(best):
        assert plan.objective == best


@pytest.mark.parametrize("seed", [0, 1])
def test_equals_spopt(seed: int) -> None:
    asked = scattered(60, 25, seed=seed)
    plan = shortest_worst_walk(asked.walks, asked.weight, new_sites=4, time_limit_s=60.0)
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(asked.by_spopt_centre(4, seconds=60), abs=1e-3)


def test_without_time_the_bound_still_holds() -> None:
    asked = scattered(100, 50, seed=2)
    hurried = shortest_worst_walk(asked.walks, asked.weight, new_sites=5, time_limit_s=0.0)
    patient = shortest_worst_walk(asked.walks, asked.weight, new_sites=5, time_limit_s=60.0)
    assert hurried.bound <= patient.objective <= hurried.objective
    assert patient.status == "optimal"
