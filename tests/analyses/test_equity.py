"""Inequality by hand, by the definition of the Gini coefficient, and of the village's supplies and walks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from qyp_geo import analyses
from qyp_geo.analyses.equity import LEAST_HAVE_NONE, NOBODY, NOTHING, UNIFORM, Equity, Lorenz
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import LayerData, Result
from qyp_geo.tables import headings
from tests.analyses.test_catchment import SEATS, kindergartens, record, without_h
from tests.analyses.village import HOMES, PARK_M, coverage_record, inputs, layer, point, village_layers


def lorenz(value: list[float], heads: list[float]) -> Lorenz:
    return Lorenz.of(np.array(value), np.array(heads))


def equity(of: str = "analyses/catchment") -> Equity:
    return Equity.model_validate({"kind": "equity", "title": "公平", "of": of})


def shared(layers: dict[str, LayerData], *supplies: dict[str, Any], **more: Any) -> Result:
    covered = analyses.run(coverage_record(), inputs(layers))
    catchment = analyses.run(record(*supplies, **more), inputs(layers, coverage=covered))
    return analyses.run(equity(), inputs(layers, coverage=covered, catchment=catchment))


def with_seats(*, capacity: float = 390.0, north: float | None = None) -> dict[str, LayerData]:
    places: dict[str, Any] = {"K": village_layers()["layers/kindergartens"].frame.geometry["K"]}
    seats = [capacity]
    if north is not None:
        places["north"] = point(400, 590)
        seats.append(north)
    return without_h(village_layers() | {"layers/kindergartens": kindergartens(places, capacity=seats)})


def row_at(result: Result, keys: list[str], place: list[str]) -> Any:
    table = result.table
    return table[(table[keys] == place).all(axis=1)].iloc[0]


def test_all_have_the_same() -> None:
    curve = lorenz([3.0, 3.0, 3.0], [10.0, 5.0, 1.0])
    assert curve.gini == pytest.approx(0.0, abs=1e-15)
    assert curve.palma == pytest.approx(0.1 / 0.4)
    assert curve.at(0.25) == pytest.approx(0.25)


def test_one_of_four_has_it_all() -> None:
    curve = lorenz([0.0, 8.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0])
    assert curve.gini == pytest.approx(0.75)
    assert curve.at(0.75) == 0.0
    assert np.isnan(curve.palma)


def test_ten_people_by_hand() -> None:
    # 1, 2, ..., 10 of 55: the four who have least have 10, the one who has most 10; Gini = (n² - 1) / (3 n (n + 1)) = 0.3.
    curve = lorenz([float(n) for n in range(10, 0, -1)], [1.0] * 10)
    assert curve.gini == pytest.approx(0.3)
    assert curve.palma == pytest.approx(1.0)
    assert curve.at(0.1) == pytest.approx(1 / 55)


def test_heads_weigh_like_so_many_people() -> None:
    together, apart = lorenz([2.0, 5.0], [3.0, 2.0]), lorenz([2.0, 2.0, 2.0, 5.0, 5.0], [1.0] * 5)
    assert together.gini == pytest.approx(apart.gini)
    assert together.palma == pytest.approx(apart.palma)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_gini_is_half_the_mean_difference_of_two_people_over_the_mean(seed: int) -> None:
    random = np.random.default_rng(seed)
    value, heads = random.gamma(1.0, 2.0, 60), random.integers(1, 50, 60).astype(float)
    differences = sum(
        heads[a] * heads[b] * abs(value[a] - value[b]) for a in range(len(value)) for b in range(len(value))
    )
    people = heads.sum()
    expected = differences / people**2 / 2 / ((value * heads).sum() / people)
    assert Lorenz.of(value, heads).gini == pytest.approx(expected, rel=1e-12)


def test_what_seats_the_village_has_and_who_has_none() -> None:
    # A 100, B 50, C 200, D 30, E 10 have one seat per head; F 5, G 20, I 40 have none.
    result = shared(with_seats(), SEATS)
    row = row_at(result, ["level", "area"], ["district", "village"])
    assert row[["people_judged", "people_no_data"]].tolist() == [455.0, 0.0]
    assert row["mean"] == pytest.approx(390 / 455)
    assert row["gini"] == pytest.approx(65 / 455)  # the share of those who have nothing, since all others have the same
    assert row["worst_tenth"] == 0.0
    assert row["least40_share"] == pytest.approx((0.4 * 455 - 65) / 390)
    assert row["most10_share"] == pytest.approx(45.5 / 390)
    assert row["palma"] == pytest.approx(45.5 / (0.4 * 455 - 65))
    assert row["note"] == ""


def test_the_worst_tenth_are_named_until_they_are_a_tenth() -> None:
    # 45.5 people: of F 5, G 20 and I 40, who all have nothing, none is worse off than another.
    worst = shared(with_seats(), SEATS).parts["worst"]
    assert worst["unit"].tolist() == ["F", "G", "I"]
    assert worst["value"].tolist() == [0.0, 0.0, 0.0]
    # With 168 seats in the north for A 100, B 50, C 200, D 30 and I 40, within 920 m of it, F and G alone stay with nothing.
    result = shared(with_seats(north=168.0), SEATS)
    named = result.parts["worst"].set_index("unit")["value"]
    assert named.to_dict() == pytest.approx({"F": 0.0, "G": 0.0, "I": 0.4})
    assert result.table["worst_tenth"].iloc[0] == pytest.approx((45.5 - 25) * 0.4 / 45.5)


def test_each_zone_and_township_is_a_town_of_its_own() -> None:
    result = shared(with_seats(), SEATS)
    assert result.table["level"].tolist() == ["district", "zone", "zone", "zone", "township", "township"]
    west = result.table.set_index("area").loc["w"]  # A 100, B 50, C 200; F 5 and I 40 have none
    assert west["people_judged"] == 395.0
    assert west["gini"] == pytest.approx(45 / 395)
    curve = result.parts["lorenz"].query("area == 'w'")
    assert curve["cumulative_people_share"].tolist() == pytest.approx([n / 20 for n in range(21)])
    assert curve["cumulative_share"].iloc[[0, 2, -1]].tolist() == pytest.approx([0.0, 0.0, 1.0])
    assert curve["cumulative_share"].iloc[10] == pytest.approx((0.5 * 395 - 45) / 350)


def test_a_group_of_one_share_of_everyone_is_barred() -> None:
    group = {"id": "old", "title": "60岁及以上", "share": 0.2, "year": 2020, "source": "七普"}
    result = shared(with_seats(), SEATS, {**SEATS, "id": "old", "group": "old"}, group=[group])
    barred = result.table[result.table["subject"] == "old"]
    assert barred["note"].tolist() == [UNIFORM] * 6
    assert barred[["gini", "palma", "mean", "worst_tenth"]].isna().all(axis=None)
    assert result.parts["worst"]["subject"].unique().tolist() == ["seats"]
    assert f"{UNIFORM}:幼儿园" in result.notes


def test_nothing_to_share_and_nobody_to_share_it_are_told() -> None:
    nothing = shared(with_seats(capacity=0.0), SEATS).table.iloc[0]
    assert nothing[["mean", "worst_tenth", "note"]].tolist() == [0.0, 0.0, NOTHING]
    assert nothing[["gini", "palma"]].isna().all()
    most = shared(with_seats(), SEATS | {"limit_m": 300.0}).table.iloc[0]  # D alone
    assert most["note"] == LEAST_HAVE_NONE
    assert most["gini"] == pytest.approx(425 / 455)
    layers = with_seats()
    layers["layers/residents"].frame["people"] = 0.0
    assert shared(layers, SEATS).table["note"].tolist() == [NOBODY] * 6


def test_what_the_catchment_analysis_could_not_compute_is_told_in_its_words() -> None:
    rows = shared(with_seats(capacity=np.nan), SEATS).table
    assert rows["note"].tolist() == ["1 处设施都没有供给量(capacity),不作推算"] * 6
    assert rows["people_no_data"].iloc[0] == 455.0


def test_who_may_have_more_than_was_found_is_not_counted() -> None:
    row = shared(with_seats(north=np.nan), SEATS).table.iloc[0]
    assert row["people_no_data"] == 420.0  # who reaches the school in the north, whose seats are not known
    assert row["people_judged"] == 35.0


def test_walks_may_be_compared_too_and_the_farthest_are_the_worst() -> None:
    layers = without_h(village_layers())
    layers["layers/parks"] = layer(layers["layers/parks"].frame.assign(area_m2=10_000.0), "park", title="公园")
    covered = analyses.run(coverage_record(limits_m={"park": 500.0}), inputs(layers))
    result = analyses.run(equity("analyses/coverage"), inputs(layers, coverage=covered))
    row = row_at(result, ["subject", "area"], ["own.park", "village"])
    people = pd.Series({home: float(HOMES[home][2]) for home in PARK_M})
    walks = pd.Series(PARK_M)
    assert row["people_judged"] == people.sum()
    assert row["people_no_data"] == 25.0  # F and G reach nothing
    assert row["mean"] == pytest.approx((walks * people).sum() / people.sum())
    # The farthest 43 people: E 10 at 1450 m, D 30 at 1000 m, and 3 of A at 780 m.
    assert row["worst_tenth"] == pytest.approx((10 * 1450 + 30 * 1000 + 3 * 780) / 43)
    worst = result.parts["worst"].query("subject == 'own.park'")
    assert worst["unit"].tolist() == ["E", "D", "A"]
    assert row["counted_in"] == "米"


def test_every_column_has_a_heading() -> None:
    result = shared(with_seats(), SEATS)
    tables = [result.table, *result.parts.values()]
    assert {str(name) for table in tables for name in table} - headings().keys() == {"geometry"}


def test_it_is_asked_of_supplies_and_walks_only() -> None:
    layers = with_seats()
    covered = analyses.run(coverage_record(), inputs(layers))
    found = analyses.run(equity("analyses/coverage"), inputs(layers, coverage=covered))
    with pytest.raises(DeclarationError, match="neither a catchment nor a coverage analysis"):
        analyses.run(equity("analyses/equity"), inputs(layers, coverage=covered, equity=found))
