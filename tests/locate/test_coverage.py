"""Coverage by new sites: by hand, by brute force, against spopt, and what is said where there is no answer."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from qyp_geo.errors import DataError
from qyp_geo.locate import Plan, fewest_sites, maximise_coverage, proof
from qyp_geo.locate.cover import left_open
from qyp_geo.locate.instance import read_instance
from qyp_geo.locate.milp import relaxed
from qyp_geo.locate.relaxation import Relaxation
from qyp_geo.locate.triples import violated
from tests.locate.brute import Case

# Five homes along a street; what a shop at a, b or c covers.
STREET = Case(
    walk_m={(1, "a"): 100.0, (2, "a"): 0.0, (2, "b"): 300.0, (3, "b"): 50.0, (4, "b"): 200.0, (4, "c"): 100.0},
    weight={1: 10.0, 2: 20.0, 3: 5.0, 4: 30.0, 5: 7.0},
    sites=("a", "b", "c"),
)


def test_one_shop_goes_where_it_covers_most() -> None:
    plan = maximise_coverage(STREET.walks, STREET.weights, new_sites=1)
    assert list(plan.chosen) == ["b"]
    assert plan.objective == plan.bound == 55.0
    assert (plan.gap, plan.status, plan.reason) == (0.0, "optimal", "")
    assert list(plan.unserved) == [1, 5]


def test_two_shops_and_who_walks_where() -> None:
    plan = maximise_coverage(STREET.walks, STREET.weights, new_sites=2)
    assert list(plan.chosen) == ["a", "b"]
    assert plan.objective == 65.0
    assert plan.assignment.to_dict("list") == {
        "origin": [1, 2, 3, 4],
        "target": ["a", "a", "b", "b"],
        "walk_m": [100.0, 0.0, 50.0, 200.0],
        "share": [1.0, 1.0, 1.0, 1.0],
    }


def test_a_third_shop_that_covers_nobody_else_is_not_chosen() -> None:
    assert list(maximise_coverage(STREET.walks, STREET.weights, new_sites=3).chosen) == ["a", "b"]


def test_a_kept_shop_covers_and_counts_for_none_of_the_new() -> None:
    plan = maximise_coverage(STREET.walks, STREET.weights, new_sites=1, keep=["b"])
    assert list(plan.chosen) == ["a"]
    assert plan.objective == 65.0
    assert set(plan.assignment["target"]) == {"a", "b"}


def test_forced_forbidden_and_offered_sites() -> None:
    forced = maximise_coverage(STREET.walks, STREET.weights, new_sites=1, force=["c"])
    assert (list(forced.chosen), forced.objective) == (["c"], 30.0)
    forbidden = maximise_coverage(STREET.walks, STREET.weights, new_sites=2, forbid=["b"])
    assert (list(forbidden.chosen), forbidden.objective) == (["a", "c"], 60.0)
    offered = maximise_coverage(STREET.walks, STREET.weights, new_sites=2, candidates=["c", "nowhere"])
    assert (list(offered.chosen), offered.objective) == (["c"], 30.0)


def test_a_budget_that_is_met_exactly_is_met() -> None:
    cost = pd.Series({"a": 0.1, "b": 0.2, "c": 0.25})
    plan = maximise_coverage(STREET.walks, STREET.weights, new_sites=None, cost=cost, budget=0.3)
    assert (list(plan.chosen), plan.objective, plan.status) == (["a", "b"], 65.0, "optimal")
    less = maximise_coverage(STREET.walks, STREET.weights, new_sites=None, cost=cost, budget=0.29)
    assert (list(less.chosen), less.objective) == (["b"], 55.0)


def test_capacity_splits_a_demand_unit_and_says_who_is_left() -> None:
    capacity = pd.Series({"a": 25.0, "b": 20.0, "c": 15.0})
    plan = maximise_coverage(STREET.walks, STREET.weights, new_sites=3, capacity=capacity)
    assert plan.objective == pytest.approx(60.0, abs=1e-6)
    assert plan.status == "optimal"
    carried = plan.assignment["share"] * plan.assignment["origin"].map(STREET.weight)
    assert (carried.groupby(plan.assignment["target"]).sum() <= capacity + 1e-6).all()
    assert (plan.assignment.groupby("origin")["share"].sum() <= 1 + 1e-9).all()
    assert 5 in plan.unserved


def test_those_served_within_capacity_walk_least() -> None:
    walks = pd.DataFrame({"origin": [1, 1, 2, 2], "target": list("abab"), "walk_m": [10.0, 900.0, 900.0, 10.0]})
    plan = maximise_coverage(walks, pd.Series({1: 1.0, 2: 1.0}), new_sites=2, capacity=pd.Series({"a": 1.0, "b": 1.0}))
    assert list(plan.assignment["walk_m"]) == [10.0, 10.0]


def test_the_fewest_for_all_that_can_be_reached_and_for_a_share() -> None:
    reached = STREET.weights.drop(5)
    assert list(fewest_sites(STREET.walks, reached).chosen) == ["a", "b"]
    plan = fewest_sites(STREET.walks, STREET.weights, share=55 / 72)  # b alone covers 55 of 72: the limit is met
    assert (list(plan.chosen), plan.objective, plan.bound, plan.status) == (["b"], 1.0, 1.0, "optimal")
    assert fewest_sites(STREET.walks, STREET.weights, share=56 / 72).objective == 2.0


def test_kept_sites_may_be_enough() -> None:
    plan = fewest_sites(STREET.walks, STREET.weights, share=0.7, keep=["b"])
    assert (list(plan.chosen), plan.objective, plan.status) == ([], 0.0, "optimal")


def test_demand_without_weight_need_not_be_covered() -> None:
    nobody = STREET.weights.where(STREET.weights.index != 5, 0.0)
    assert fewest_sites(STREET.walks, nobody).status == "optimal"


def test_what_cannot_be_says_why() -> None:
    unreached = fewest_sites(STREET.walks, STREET.weights)
    assert unreached.status == "infeasible"
    assert "reaches 5" in unreached.reason
    assert math.isnan(unreached.objective)
    assert list(unreached.unserved) == [1, 2, 3, 4, 5]
    forced = maximise_coverage(STREET.walks, STREET.weights, new_sites=1, force=["a", "c"])
    assert forced.status == "infeasible"
    assert "a, c" in forced.reason
    cost = pd.Series({"a": 5.0, "b": 1.0, "c": 1.0})
    dear = maximise_coverage(STREET.walks, STREET.weights, new_sites=2, force=["a"], cost=cost, budget=4.0)
    assert "more than the budget of 4" in dear.reason
    full = fewest_sites(STREET.walks, STREET.weights, share=0.8, capacity=pd.Series({"a": 25, "b": 20, "c": 10}))
    assert full.status == "infeasible"
    assert "can serve a weight of 55" in full.reason


def test_all_that_is_wrong_is_told_at_once() -> None:
    walks = pd.concat(
        (STREET.walks, STREET.walks.iloc[:1].assign(origin=99), STREET.walks.iloc[:1].assign(walk_m=-1.0))
    )
    with pytest.raises(DataError) as told:
        maximise_coverage(walks, STREET.weights, new_sites=-1, keep=["a"], forbid=["a", "z"], budget=3.0)
    for part in ("99", "-1", "given: z", "given: a", "needs the cost"):
        assert part in str(told.value)
    assert len(told.value.problems) == 6
    with pytest.raises(DataError, match="twice"):
        maximise_coverage(pd.concat((STREET.walks, STREET.walks)), STREET.weights, new_sites=1)
    with pytest.raises(DataError, match="lacks sites"):
        maximise_coverage(STREET.walks, STREET.weights, new_sites=1, capacity=pd.Series({"a": 1.0}))
    with pytest.raises(DataError, match="is missing"):
        maximise_coverage(STREET.walks.drop(columns="walk_m"), STREET.weights, new_sites=1)
    with pytest.raises(DataError, match="from 0 to 1"):
        fewest_sites(STREET.walks, STREET.weights, share=95)


def test_no_walk_at_all_is_a_plan_that_serves_nobody() -> None:
    plan = maximise_coverage(STREET.walks.iloc[:0], STREET.weights, new_sites=2)
    assert (len(plan.chosen), plan.objective, plan.status) == (0, 0.0, "optimal")


def test_categorical_labels_give_the_same_plan() -> None:
    walks = STREET.walks.astype({"origin": "category", "target": "category"})
    plain, coded = (maximise_coverage(table, STREET.weights, new_sites=2) for table in (STREET.walks, walks))
    assert list(plain.chosen) == list(coded.chosen)
    assert plain.assignment.astype(str).equals(coded.assignment.astype(str))


@st.composite
def cases(draw: st.DrawFn, *, capacities: bool = False) -> Case:
    units = draw(st.integers(1, 6))
    sites = tuple("abcde"[: draw(st.integers(1, 5))])
    pairs = draw(st.sets(st.tuples(st.integers(0, units - 1), st.sampled_from(sites))))
    sizes = st.sampled_from([0.0, 0.3, 1.0, 2.0, 2.0, 5.5, 100.0])
    some = st.frozensets(st.sampled_from(sites), max_size=2)
    keep = draw(some)
    forbid = draw(some) - keep
    costs = draw(st.booleans())
    return Case(
        walk_m={pair: draw(st.sampled_from([0.0, 10.0, 20.0])) for pair in sorted(pairs)},
        weight={unit: draw(sizes) for unit in range(units)},
        sites=sites,
        keep=keep,
        force=draw(some) - forbid,
        forbid=forbid,
        capacity={site: draw(sizes) for site in sites} if capacities else {},
        cost={site: draw(st.sampled_from([0.0, 0.5, 1.0, 3.0])) for site in sites} if costs else {},
        budget=draw(st.sampled_from([0.0, 1.5, 4.0])) if costs else None,
    )


def arguments(case: Case, *, budget: bool = True) -> dict[str, Any]:
    asked: dict[str, Any] = {"candidates": case.sites, "keep": case.keep, "force": case.force, "forbid": case.forbid}
    if case.capacity:
        asked["capacity"] = pd.Series(case.capacity)
    if case.cost:
        asked |= {"cost": pd.Series(case.cost), **({"budget": case.budget} if budget else {})}
    return asked


def assert_most(case: Case, new_sites: int) -> None:
    plan = maximise_coverage(case.walks, case.weights, new_sites=new_sites, **arguments(case))
    allowed = {choice: case.served(choice) for choice in case.choices(new_sites)}
    if not allowed:
        assert plan.status == "infeasible"
        return
    assert plan.status == "optimal"
    assert frozenset(plan.chosen) in allowed
    assert plan.objective == pytest.approx(max(allowed.values()), abs=1e-5)
    assert allowed[frozenset(plan.chosen)] == pytest.approx(plan.objective, abs=1e-5)
    assert_served(plan, case)


def assert_fewest(case: Case, share: float) -> None:
    plan = fewest_sites(case.walks, case.weights, share=share, **arguments(case, budget=False))
    required = share * sum(case.weight.values())
    everything = Case(**{**case.__dict__, "budget": None})
    good = {
        choice: case.spent(choice)
        for choice in everything.choices(len(case.sites))
        if case.served(choice) >= required - 1e-6
    }
    if not good:
        assert plan.status == "infeasible"
        assert plan.reason
        return
    assert plan.status == "optimal"
    assert frozenset(plan.chosen) in good
    assert plan.objective == pytest.approx(min(good.values()), abs=1e-6)
    assert case.spent(frozenset(plan.chosen)) == pytest.approx(plan.objective, abs=1e-6)
    assert_served(plan, case)


def assert_served(plan: Plan, case: Case) -> None:
    """The assignment keeps to open sites and capacities, serves what is said, and `unserved` is the rest."""
    table = plan.assignment
    assert set(table["target"]) <= set(plan.chosen) | case.keep
    assert all((unit, site) in case.walk_m for unit, site in zip(table["origin"], table["target"], strict=True))
    carried = table["share"] * table["origin"].map(case.weight)
    for site, weight in carried.groupby(table["target"]).sum().items():
        assert weight <= case.capacity.get(str(site), math.inf) + 1e-5
    assert carried.sum() == pytest.approx(case.served(frozenset(plan.chosen)), abs=1e-5)
    full = table.groupby("origin")["share"].sum()
    assert set(plan.unserved) == set(case.weight) - set(full[full > 1 - 1e-9].index)


@settings(max_examples=150, deadline=None)
@given(case=cases(), new_sites=st.integers(0, 3))
def test_most_covered_is_that_of_every_choice_tried(case: Case, new_sites: int) -> None:
    assert_most(case, new_sites)


@settings(max_examples=60, deadline=None)
@given(case=cases(capacities=True), new_sites=st.integers(0, 3))
def test_most_served_within_capacities_is_that_of_every_choice_tried(case: Case, new_sites: int) -> None:
    assert_most(case, new_sites)


@settings(max_examples=150, deadline=None)
@given(case=cases(), share=st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_the_fewest_are_those_of_every_choice_tried(case: Case, share: float) -> None:
    assert_fewest(case, share)


@settings(max_examples=60, deadline=None)
@given(case=cases(capacities=True), share=st.sampled_from([0.0, 0.5, 1.0]))
def test_the_fewest_within_capacities_are_those_of_every_choice_tried(case: Case, share: float) -> None:
    assert_fewest(case, share)


def town(
    units: int, sites: int, within_m: float, seed: int
) -> tuple[pd.DataFrame, pd.Series[float], np.ndarray[Any, Any]]:
    """Homes and candidates strewn over 4 km: the walks in reach, the people, and all distances."""
    random = np.random.default_rng(seed)
    homes, shops = random.uniform(0, 4000, (units, 2)), random.uniform(0, 4000, (sites, 2))
    apart = np.hypot(*(homes[:, None, :] - shops[None, :, :]).transpose(2, 0, 1))
    home, shop = np.nonzero(apart <= within_m)
    walks = pd.DataFrame({"origin": home, "target": shop, "walk_m": apart[home, shop]})
    return walks, pd.Series(random.integers(1, 200, units).astype(np.float64)), apart


def test_a_certificate_holds_where_the_proof_is_broken_off() -> None:
    walks, people, _ = town(400, 120, 500.0, seed=1)
    best = maximise_coverage(walks, people, new_sites=10, time_limit_s=60.0)
    assert best.status == "optimal"
    hasty = maximise_coverage(walks, people, new_sites=10, time_limit_s=0.0)
    assert hasty.objective <= best.objective <= hasty.bound
    assert hasty.gap == pytest.approx((hasty.bound - hasty.objective) / hasty.objective)
    content = maximise_coverage(walks, people, new_sites=10, gap=0.2)
    assert content.status in {"optimal", "feasible"}
    assert content.gap <= 0.2
    assert content.objective <= best.objective <= content.bound


def strewn(units: int, sites: int, share: float) -> tuple[pd.DataFrame, pd.Series[float]]:
    """Sites that reach units by chance, which no bound settles before HiGHS branches."""
    unit, site = np.nonzero(np.random.default_rng(0).uniform(size=(units, sites)) < share)
    return pd.DataFrame({"origin": unit, "target": site, "walk_m": 1.0}), pd.Series(1.0, index=range(units))


def test_without_a_clock_a_fixed_amount_of_work_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    walks, people = strewn(160, 60, 0.07)
    monkeypatch.setattr(proof, "WORK", 2e4)
    broken_off = [maximise_coverage(walks, people, new_sites=8) for _ in range(2)]
    one, other = broken_off
    assert one.status == "time limit"
    assert 0 < one.gap < 0.5
    assert (one.objective, one.bound) == (other.objective, other.bound)
    assert list(one.chosen) == list(other.chosen)
    pd.testing.assert_frame_equal(one.assignment, other.assignment)
    monkeypatch.setattr(proof, "WORK", np.inf)
    best = maximise_coverage(walks, people, new_sites=8)
    assert best.status == "optimal"
    assert one.objective <= best.objective <= one.bound


def test_rows_of_three_units_hold_for_every_choice_and_cut_off_half_open_sites() -> None:
    pairs = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [0, 1, 1, 1]])  # sites 0, 1, 2 cover two units each, site 3 one
    reach = sparse.csr_array(pairs.astype(np.float64))
    half = np.array([0.5, 0.5, 0.5, 0.0])
    triples = violated(reach, half, np.ones(3))
    assert triples.tolist() == [[0, 1, 2]]
    allowed = 1 + np.ceil(pairs.sum(axis=0) / 2)
    assert half @ (allowed - 1) + 1 < 3
    for chosen in itertools.product((0, 1), repeat=4):
        covered = (pairs @ np.array(chosen) > 0).sum()
        assert covered <= 1 + np.array(chosen) @ (allowed - 1)
    question = left_open(
        read_instance(
            pd.DataFrame(
                [(unit, site, 1.0) for unit, site in np.argwhere(pairs)], columns=["origin", "target", "walk_m"]
            ),
            pd.Series([2.0, 2.0, 2.0]),
            new_sites=1,
        )
    )
    without, with_row = Relaxation(question, triples[:0]), Relaxation(question, triples)
    bounds = [r.most_certificate(relaxed(r.most_model(), time_limit_s=9.0)[1]).bound for r in (without, with_row)]
    assert bounds == pytest.approx([4.0, 4.0], abs=1e-4)
    few = [r.least_certificate(6.0, relaxed(r.few_model(6.0), time_limit_s=9.0)[1]).bound for r in (without, with_row)]
    assert few == pytest.approx([1.5, 2.0], abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(case=cases(), prices=st.lists(st.sampled_from([0.0, 0.4, 1.0, 7.0]), min_size=40, max_size=40))
def test_any_prices_bound_what_can_be_covered(case: Case, prices: list[float]) -> None:
    asked = {**arguments(case), "force": (), "keep": ()}
    question = left_open(read_instance(case.walks, case.weights, new_sites=2, **asked))
    units = len(question.weight)
    triples = np.array(list(itertools.combinations(range(units), 3)), dtype=np.intp).reshape(-1, 3)[:10]
    relaxation = Relaxation(question, triples)
    for_rows = np.array(prices[: units + len(triples) + 2])
    certificate = relaxation.most_certificate(for_rows)
    few = relaxation.least_certificate(float(question.weight.sum()), for_rows[:-1])
    for taken in itertools.product((False, True), repeat=len(question.site)):
        chosen = np.array(taken, dtype=np.bool_)
        covered, cost = question.covered(chosen), float(question.cost[chosen].sum())
        if chosen.sum() <= question.most and cost <= question.budget:
            assert covered <= certificate.bound + 1e-9
            assert (covered <= certificate.with_site[chosen] + 1e-9).all()
        if covered == question.weight.sum():
            assert cost >= few.bound - 1e-9
            assert (cost >= few.with_site[chosen] - 1e-9).all()


def test_rounds_of_tightening_change_the_way_and_not_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    walks, people, _ = town(400, 120, 700.0, seed=4)
    direct = maximise_coverage(walks, people, new_sites=8, time_limit_s=60.0)
    few = fewest_sites(walks, people, share=0.9, time_limit_s=60.0)
    monkeypatch.setattr("qyp_geo.locate.proof._SMALL", 0)
    tightened = maximise_coverage(walks, people, new_sites=8, time_limit_s=60.0)
    assert (tightened.objective, tightened.status) == (direct.objective, "optimal")
    few_tightened = fewest_sites(walks, people, share=0.9, time_limit_s=60.0)
    assert (few_tightened.objective, few_tightened.status) == (few.objective, "optimal")


def test_the_same_question_has_the_same_answer() -> None:
    walks, people, _ = town(300, 80, 500.0, seed=2)
    one, other = (maximise_coverage(walks, people, new_sites=8) for _ in range(2))
    assert list(one.chosen) == list(other.chosen)
    assert one.assignment.equals(other.assignment)


def test_never_worse_than_spopt() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own and its dependencies'
        from pulp import PULP_CBC_CMD  # noqa: PLC0415
        from spopt.locate import LSCP, MCLP  # noqa: PLC0415

        walks, people, apart = town(250, 60, 600.0, seed=3)
        solver = PULP_CBC_CMD(msg=False, timeLimit=10)
        most = MCLP.from_cost_matrix(apart, people.to_numpy(), service_radius=600.0, p_facilities=6).solve(solver)
        reached = (apart <= 600.0).any(axis=1)
        fewest = LSCP.from_cost_matrix(apart[reached], service_radius=600.0).solve(solver)
    ours = maximise_coverage(walks, people, new_sites=6, time_limit_s=10.0)
    assert ours.objective >= most.problem.objective.value() - 1e-6
    assert ours.bound >= most.problem.objective.value() - 1e-6
    few = fewest_sites(walks, people[people.index.isin(walks["origin"])], time_limit_s=10.0)
    assert few.objective <= fewest.problem.objective.value() + 1e-6
    assert few.status == "optimal"
