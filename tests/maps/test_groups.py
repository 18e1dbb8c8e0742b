"""Groups of fewer than ten people are not told of, and no sum gives one away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from qyp_geo.frames import Result
from qyp_geo.maps import published_tables
from qyp_geo.maps.groups import HIDDEN, figures_of_areas, hidden_areas, in_tens
from tests.maps.public import make_public


def hidden(level: str, people: list[float], parent: list[int]) -> list[int]:
    """Rows of areas that are not told of; levels by their first letters."""
    names = {"d": "district", "t": "township", "c": "community", "z": "zone"}
    areas = pd.DataFrame({"level": [names[one] for one in level]})
    return np.flatnonzero(hidden_areas(areas, np.array(people, dtype=float), np.array(parent))).tolist()


def test_nine_are_hidden_ten_and_none_are_not() -> None:
    assert hidden("dttt", [30, 20, 10, 0], [-1, 0, 0, 0]) == []
    assert hidden("dtttt", [53, 9, 9, 20, 15], [-1, 0, 0, 0, 0]) == [1, 2]


def test_one_alone_takes_the_next_smallest_with_it() -> None:
    assert hidden("dtttt", [1059, 9, 50, 1000, 0], [-1, 0, 0, 0, 0]) == [1, 2]


def test_communities_are_hidden_from_their_township_too() -> None:
    # Townships of 500 and 600; the first has communities of 5, 45 and 450, the second of 300 each.
    rows = hidden("dttccccc", [1100, 500, 600, 5, 45, 450, 300, 300], [-1, 0, 0, 1, 1, 1, 2, 2])
    assert rows == [3, 4]


def test_a_township_hidden_for_another_is_not_the_sum_of_its_communities() -> None:
    # The township of 5 hides that of 40, whose communities of 30 and 10 would give it away.
    rows = hidden("dtttcccc", [1045, 5, 40, 1000, 5, 30, 10, 1000], [-1, 0, 0, 0, 1, 2, 2, 3])
    assert rows == [1, 2, 4, 6]


def test_a_district_of_nobody_to_speak_of() -> None:
    assert hidden("dt", [7, 7], [-1, 0]) == [0, 1]


@pytest.mark.parametrize("seed", range(60))
def test_no_sum_of_what_is_told_gives_a_small_area_away(seed: int) -> None:
    level, people, parent = random_areas(np.random.default_rng(seed))
    rows = hidden(level, people.tolist(), parent.tolist())
    small = np.flatnonzero((people > 0) & (people < 10))
    assert set(small) <= set(rows)
    # Every unknown area is one unknown, every family one equation: an area is known if no solution of zeros moves it.
    unknown = {row: n for n, row in enumerate(rows)}
    equations = []
    for of, parts in sums_of(level, parent):
        equation = np.zeros(len(unknown))
        for row, sign in [(of, -1.0), *((part, 1.0) for part in parts)]:
            if row in unknown:
                equation[unknown[row]] = sign
        equations.append(equation)
    if unknown:
        free = null_space(np.array(equations))
    for area in small.tolist():
        assert np.abs(free[unknown[area]]).max(initial=0.0) > 1e-9, (level, people, parent, rows, area)


def random_areas(rng: np.random.Generator) -> tuple[str, npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """A district that lives in more than one place, with townships and their communities."""
    n_townships = int(rng.integers(2, 5))
    parent, people = [-1], [0.0]
    communities = [int(rng.integers(2, 6)) for _ in range(n_townships)]
    parent += [0] * n_townships
    people += [0.0] * n_townships
    for township, count in enumerate(communities):
        for _ in range(count):
            parent.append(1 + township)
            people.append(float(rng.choice([3, 7, 12, 30, 200, 5000], p=[0.15, 0.1, 0.1, 0.15, 0.2, 0.3])))
            people[1 + township] += people[-1]
    people[0] = sum(people[1 : 1 + n_townships])
    return "d" + "t" * n_townships + "c" * sum(communities), np.array(people), np.array(parent)


def sums_of(level: str, parent: npt.NDArray[np.intp]) -> list[tuple[int, list[int]]]:
    """Which areas add up to which."""
    townships = [row for row, one in enumerate(level) if one == "t"]
    communities = [row for row, one in enumerate(level) if one == "c"]
    of_township = [(row, [one for one in communities if parent[one] == row]) for row in townships]
    return [(0, townships), (0, communities), *of_township]


def null_space(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A basis of what a matrix maps to zero, one vector per column."""
    _, values, rows = np.linalg.svd(matrix)
    rank = int((values > 1e-9).sum())
    basis: npt.NDArray[np.float64] = rows[rank:].T
    return basis


@pytest.mark.parametrize(("people", "tens"), [(0, 0), (4.9, 0), (5, 10), (14.999999999999, 20), (1234, 1230)])
def test_half_goes_up(people: float, tens: float) -> None:
    assert in_tens(np.array([people])).tolist() == [tens]


def coverage_of(covered: list[float], total: list[float]) -> Result:
    """A coverage analysis of one requirement: the district and its townships."""
    coverage = make_public()[3]["analyses/coverage"]
    n = len(total)
    table = pd.DataFrame(
        {
            "level": ["district", *["township"] * (n - 1)],
            "area": [f"A{row}" for row in range(n)],
            "area_name": [f"街道{row}" for row in range(n)],
            "requirement": "t5.toilet",
            "people_covered": covered,
            "people_total": total,
            "people_share": [c / t if t else np.nan for c, t in zip(covered, total, strict=True)],
            "people_basis": "",
        }
    )
    requirements = coverage.parts["requirements"].iloc[[0]]
    headline = table[["level", "area"]].assign(set="", n_items_with_data=1, mean_reached=0.56)
    parts = {**coverage.parts, "requirements": requirements, "headline": headline}
    return replace(coverage, table=table, parts=parts)


def test_shares_are_of_figures_to_tens_and_tell_nothing_of_fewer_than_ten() -> None:
    areas, shares = figures_of_areas(coverage_of([143, 9, 14, 120, 0], [400, 20, 20, 128, 232]))
    assert areas["people_total"].tolist() == [400, 20, 20, 130, 230]
    told = shares["t5.toilet"].tolist()
    assert told[0] == 140 / 400
    assert np.isnan(told[1])  # nine are within reach
    assert np.isnan(told[2])  # six are not
    assert np.isnan(told[3])  # eight are not
    assert told[4] == 0.0


def test_what_is_hidden_has_no_figure_at_all() -> None:
    areas, shares = figures_of_areas(coverage_of([60, 5, 20, 35], [140, 8, 60, 72]))
    assert areas["note"].tolist() == ["", HIDDEN, HIDDEN, ""]
    assert areas["people_total"].isna().tolist() == [False, True, True, False]
    assert areas["mean_reached"].isna().tolist() == [False, True, True, False]
    assert shares["t5.toilet"].isna().tolist() == [False, True, True, False]


def test_published_tables_are_those_of_the_page() -> None:
    record, _, _, results = make_public()
    results["analyses/coverage"] = coverage_of([60, 5, 20, 35], [140, 8, 60, 72])
    tables = published_tables(record, results)
    assert sorted(tables) == ["coverage", "headline"]
    long = tables["coverage"]
    assert long["area_name"].tolist() == ["街道0", "街道1", "街道2", "街道3"]
    assert long["requirement"].tolist() == ["t5.toilet"] * 4
    assert long["people_share"].isna().tolist() == [False, True, True, False]
    assert tables["headline"]["mean_reached"].iloc[0] == 0.6
    assert not {"people_covered", "unit", "area"} & {*long, *tables["headline"]}
