"""The least weighted sum of walks: by hand, by trying every plan, against spopt, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qyp_geo.errors import DataError
from qyp_geo.locate.median import shortest_walks
from tests.locate.tried import UNREACHED_M, Asked, questions, scattered

# Three buildings along a street, 100 m apart, and a place for a centre at each of them.
STREET = pd.DataFrame(
    [("a", x, abs("abc".index("a") - "abc".index(x)) * 100.0) for x in "abc"]
    + [("b", x, abs("abc".index("b") - "abc".index(x)) * 100.0) for x in "abc"]
    + [("c", x, abs("abc".index("c") - "abc".index(x)) * 100.0) for x in "abc"],
    columns=["origin", "target", "walk_m"],
)
PEOPLE = pd.Series({"a": 10.0, "b": 20.0, "c": 40.0})


def test_one_centre_goes_where_the_sum_of_walks_is_least() -> None:
    plan = shortest_walks(STREET, PEOPLE, new_sites=1)
    assert list(plan.chosen) == ["c"]  # 10 x 200 + 20 x 100; at b 10 x 100 + 40 x 100
    assert (plan.objective, plan.bound, plan.gap, plan.status) == (4000.0, 4000.0, 0.0, "optimal")
    assert plan.assignment.to_dict("list") == {
        "origin": ["a", "b", "c"],
        "target": ["c", "c", "c"],
        "walk_m": [200.0, 100.0, 0.0],
        "share": [1.0, 1.0, 1.0],
    }
    assert plan.unserved.empty


def test_a_kept_centre_serves_and_is_not_counted() -> None:
    plan = shortest_walks(STREET, PEOPLE, new_sites=1, keep=["b"])
    assert list(plan.chosen) == ["c"]
    assert plan.objective == 1000.0


def test_no_centre_more_than_help() -> None:
    plan = shortest_walks(STREET, PEOPLE, new_sites=3, keep=["a", "b", "c"])
    assert plan.chosen.empty
    assert (plan.objective, plan.status) == (0.0, "optimal")


def test_forced_and_forbidden() -> None:
    plan = shortest_walks(STREET, PEOPLE, new_sites=2, force=["a"], forbid=["c"])
    assert list(plan.chosen) == ["a", "b"]
    assert plan.objective == 4000.0


def test_the_budget_is_met_where_it_is_just_enough() -> None:
    price = pd.Series({"a": 0.1, "b": 0.2, "c": 0.4})
    just = shortest_walks(STREET, PEOPLE, new_sites=None, cost=price, budget=0.3)
    assert list(just.chosen) == ["a", "b"]  # .1 + .2 is more than .3 in binary fractions
    less = shortest_walks(STREET, PEOPLE, new_sites=None, cost=price, budget=0.29)
    assert list(less.chosen) == ["b"]
    assert (just.status, less.status) == ("optimal", "optimal")


def test_whom_no_site_reaches_is_charged_or_makes_it_impossible() -> None:
    people = pd.concat([PEOPLE, pd.Series({"far": 3.0, "empty": 0.0})])
    charged = shortest_walks(STREET, people, new_sites=1, unreached_m=200.0)
    assert charged.objective == 4000.0 + 3.0 * 200.0
    assert list(charged.unserved) == ["far", "empty"]
    assert charged.status == "optimal"
    refused = shortest_walks(STREET, people, new_sites=1)
    assert refused.status == "infeasible"
    assert "far" in refused.reason
    assert "empty" not in refused.reason
    assert math.isnan(refused.objective)


def test_too_few_sites_for_all_says_so() -> None:
    near = STREET[STREET["walk_m"] < 100]
    plan = shortest_walks(near, PEOPLE, new_sites=2)
    assert plan.status == "infeasible"
    assert "no 2 new sites" in plan.reason
    charged = shortest_walks(near, PEOPLE, new_sites=2, unreached_m=500.0)
    assert list(charged.chosen) == ["b", "c"]
    assert list(charged.unserved) == ["a"]


def test_a_forced_site_beyond_the_number_or_the_budget_says_so() -> None:
    many = shortest_walks(STREET, PEOPLE, new_sites=1, force=["a", "b"])
    assert "2 sites are forced, and only 1" in many.reason
    price = pd.Series({"a": 3.0, "b": 1.0, "c": 1.0})
    dear = shortest_walks(STREET, PEOPLE, new_sites=1, force=["a"], cost=price, budget=2.0)
    assert "cost 3, more than the budget of 2" in dear.reason
    assert (many.status, dear.status) == ("infeasible", "infeasible")


@pytest.mark.parametrize("unreached_m", [199.999, math.inf, math.nan])
def test_a_charge_below_the_longest_walk_is_refused(unreached_m: float) -> None:
    with pytest.raises(DataError, match="unreached_m"):
        shortest_walks(STREET, PEOPLE, new_sites=1, unreached_m=unreached_m)


def test_who_finds_no_room_walks_on() -> None:
    room = pd.Series({"a": 0.0, "b": 40.0, "c": 35.0})
    plan = shortest_walks(STREET, PEOPLE, new_sites=2, capacity=room)
    assert list(plan.chosen) == ["b", "c"]
    assert plan.objective == pytest.approx(10 * 100 + 5 * 100)
    split = plan.assignment[plan.assignment["origin"] == "c"].set_index("target")["share"]
    assert split.to_dict() == pytest.approx({"b": 0.125, "c": 0.875})
    assert plan.status == "optimal"
    full = shortest_walks(STREET, PEOPLE, new_sites=1, capacity=room, unreached_m=1000.0)
    assert list(full.chosen) == ["b"]
    assert full.objective == pytest.approx(20 * 100 + 30 * 1000)  # 20 of b, 20 of the others 100 m off, 30 left over
    assert "b" not in full.unserved
    assert shortest_walks(STREET, PEOPLE, new_sites=1, capacity=room).status == "infeasible"


def test_the_answer_does_not_depend_on_the_order_of_rows() -> None:
    asked = scattered(60, 25, seed=3)
    shuffled = asked.walks.sample(frac=1.0, random_state=1)
    one = shortest_walks(asked.walks, asked.weight, new_sites=4, candidates=list(asked.walk_m))
    other = shortest_walks(shuffled, asked.weight, new_sites=4, candidates=list(asked.walk_m))
    assert list(one.chosen) == list(other.chosen)
    pd.testing.assert_frame_equal(one.assignment, other.assignment)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(asked=questions(), unreached_m=st.sampled_from([None, UNREACHED_M]))
def test_equals_trying_every_plan(asked: Asked, unreached_m: float | None) -> None:
    plan = shortest_walks(asked.walks, asked.weight, unreached_m=unreached_m, time_limit_s=60.0, **asked.given())
    best = asked.least_sum(math.inf if unreached_m is None else unreached_m)
    assert plan.status == ("infeasible" if math.isinf(best) else "optimal")
    if math.isinf(best):
        assert plan.reason
        return
    assert plan.objective == pytest.approx(best, rel=1e-9, abs=1e-9)
    told = plan.assignment["share"] * plan.assignment["walk_m"] * asked.weight[plan.assignment["origin"]].to_numpy()
    left = 0.0 if unreached_m is None else unreached_m * asked.weight[plan.unserved].sum()
    assert told.sum() + left == pytest.approx(plan.objective, rel=1e-9, abs=1e-9)
    assert sorted([*plan.chosen, *asked.keep]) in [sorted(sites) for sites in asked.plans()]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(asked=questions(capacities=True), unreached_m=st.sampled_from([None, UNREACHED_M]))
def test_with_capacities_equals_trying_every_plan(asked: Asked, unreached_m: float | None) -> None:
    plan = shortest_walks(
        asked.walks,
        asked.weight,
        unreached_m=unreached_m,
        capacity=asked.capacity,
        time_limit_s=60.0,
        **asked.given(),
    )
    best = asked.least_shared(math.inf if unreached_m is None else unreached_m)
    assert plan.status == ("infeasible" if math.isinf(best) else "optimal")
    if math.isfinite(best):
        assert plan.objective == pytest.approx(best, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2, 5])
def test_closes_a_gap_that_the_lagrangian_leaves(seed: int) -> None:
    asked = scattered(120, 60, seed=seed)
    plan = shortest_walks(asked.walks, asked.weight, new_sites=6, time_limit_s=60.0)
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(asked.by_spopt_median(6, seconds=60), rel=1e-6)


def test_is_never_worse_than_spopt_with_the_same_limit() -> None:
    asked = scattered(250, 80, seed=7)
    plan = shortest_walks(asked.walks, asked.weight, new_sites=8, time_limit_s=3.0)
    assert plan.objective <= asked.by_spopt_median(8, seconds=3) * (1 + 1e-9)
    assert plan.bound <= plan.objective


def test_without_time_the_bound_still_holds() -> None:
    asked = scattered(120, 60, seed=2)
    hurried = shortest_walks(asked.walks, asked.weight, new_sites=6, time_limit_s=0.0)
    patient = shortest_walks(asked.walks, asked.weight, new_sites=6, time_limit_s=60.0)
    assert hurried.bound <= patient.objective * (1 + 1e-9)
    assert patient.objective <= hurried.objective
    enough = shortest_walks(asked.walks, asked.weight, new_sites=6, gap=0.5)
    assert enough.status in {"feasible", "optimal"}
    assert np.isfinite(enough.gap)
