from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qyp_geo.declarations import Layer, People, Population
from qyp_geo.errors import Problem
from qyp_geo.frames import LayerData
from tests.layers.folder import SIDE_M, Folder, at, feature, geojson, record, square


def half(code: str, x: float, people: float | None, level: str = "社区", order: int = 1) -> dict[str, Any]:
    """One half of the district, from x on."""
    ring = [at(x, 0), at(x + SIDE_M / 2, 0), at(x + SIDE_M / 2, SIDE_M), at(x, SIDE_M), at(x, 0)]
    return feature("Polygon", [ring], code=code, name=code, level=level, people=people, order=order)


UNITS = {key: key for key in ("name", "code", "level", "people", "order")}
MIDDLE = SIDE_M / 2


def house(name: str, x: float, levels: int | None = 1, n: float | None = None) -> dict[str, Any]:
    """A house of 10 m by 10 m."""
    return feature("Polygon", square(x, 100, 10), id=name, lv=levels, n=n)


def read(
    folder: Folder, *, level: str = "社区", people: People | None = None, counted: bool = False
) -> tuple[LayerData | None, list[Problem]]:
    units = record("units", "polygon", "u.geojson", "EPSG:4548", columns=UNITS)
    columns = {"id": "id", "levels": "lv"} | ({"people": "n"} if counted else {})
    population = {"base": "常住", "year": 2020, "source": "七普", "totals": "layers/units", "level": level}
    more = {"people": people, "population": population}
    houses = record("residents", "polygon", "r.geojson", "EPSG:4548", columns=columns, **more)
    found, problems = folder.read(residents=houses, units=units)  # in the wrong order: totals are read before
    return found.get("residents"), problems


def test_totals_are_spread_over_floor_and_kept(folder: Folder) -> None:
    folder.write("u.geojson", geojson(half("甲", 0, 1000), half("乙", MIDDLE, 7, order=2)))
    folder.write(
        "r.geojson", geojson(house("a", 0), house("b", 50, 3), house("c", 100, None), house("d", MIDDLE + 9, 6))
    )
    layer, problems = read(folder)
    assert problems == []
    assert layer is not None
    assert list(layer.frame["people"]) == [200, 600, 200, 7]
    assert layer.frame["spread"].all()
    assert not layer.frame["estimated"].any()
    assert layer.notes == (
        "residents:人口口径:常住人口,2020 年,七普",
        "residents:4 处人口由社区总数按居住建筑面积摊分(均摊),各总数不变,其中 1 处没有层数,按 1 层计",
    )


def test_totals_are_kept_exactly_over_many_places(folder: Folder) -> None:
    rng = np.random.default_rng(3)
    shapes = [
        feature("Polygon", square(float(x), 100, float(side)), id=f"h{n}", lv=int(levels))
        for n, (x, side, levels) in enumerate(
            zip(rng.uniform(0, 3900, 3000), rng.uniform(8, 60, 3000), rng.integers(1, 34, 3000), strict=True)
        )
    ]
    folder.write("u.geojson", geojson(half("甲", 0, 48_317), half("乙", MIDDLE, 61_003)))
    folder.write("r.geojson", geojson(*shapes))
    layer, _ = read(folder)
    assert layer is not None
    west = layer.frame.centroid.x < at(MIDDLE, 0)[0]
    assert layer.frame.loc[west, "people"].sum() == pytest.approx(48_317, abs=1e-9 * 48_317)
    assert layer.frame.loc[~west, "people"].sum() == pytest.approx(61_003, abs=1e-9 * 61_003)
    per_m2 = layer.frame["people"] / (layer.frame.area * layer.frame["levels"])
    assert per_m2[west].max() == pytest.approx(per_m2[west].min(), rel=1e-9)


def test_who_is_counted_stands_and_the_rest_is_spread(folder: Folder) -> None:
    folder.write("u.geojson", geojson(half("甲", 0, 100), half("乙", MIDDLE, 5)))
    folder.write("r.geojson", geojson(house("a", 0, n=40), house("b", 50), house("c", 90, 2), house("d", MIDDLE + 5)))
    layer, problems = read(folder, counted=True)
    assert problems == []
    assert layer is not None
    assert list(layer.frame["people"]) == [40, 20, 40, 5]
    assert list(layer.frame["spread"]) == [False, True, True, True]


def test_more_people_counted_than_the_total_are_an_error(folder: Folder) -> None:
    folder.write("u.geojson", geojson(half("甲", 0, 100), half("乙", MIDDLE, 5)))
    folder.write("r.geojson", geojson(house("a", 0, n=130), house("b", 50), house("d", MIDDLE + 5)))
    layer, problems = read(folder, counted=True)
    assert layer is None
    [told] = map(str, problems)
    assert (
        "population.totals: the places counted one by one in units of layers/units (社区) exceed the total: 甲 30"
        in told
    )


def test_totals_that_cannot_be_kept_are_told(folder: Folder) -> None:
    folder.write("u.geojson", geojson(half("甲", 0, 100), half("乙", MIDDLE, None)))
    folder.write("r.geojson", geojson(house("d", MIDDLE + 5, 6)))
    layer, problems = read(folder, people=People(m2_per_person=25))
    assert layer is not None
    assert (layer.frame["people"].iloc[0], layer.frame["estimated"].iloc[0]) == (24, True)  # 600 m² ÷ 25
    told = [str(problem) for problem in problems]
    assert any(
        "units of layers/units (社区) have people, but no floor to spread them over: 甲 100" in line for line in told
    )
    assert any("have no total; their residential floor, in m²: 乙 600" in line for line in told)
    assert len(told) == 2


def test_places_in_no_unit_are_listed_and_estimated_or_empty(folder: Folder) -> None:
    folder.write("u.geojson", geojson(half("甲", 0, 100)))
    folder.write("r.geojson", geojson(house("a", 0), house("b", MIDDLE + 50, 2), house("margin", SIDE_M + 50, 2)))
    for people, expected in ((None, [100, 0, 0]), (People(m2_per_person=20), [100, 10, 10])):
        layer, problems = read(folder, people=people)
        assert layer is not None
        assert list(layer.frame["people"]) == expected
        assert list(layer.frame["spread"]) == [True, False, False]
        told = [str(problem) for problem in problems if "so without a share" in problem.what]
        assert len(told) == 1
        assert "feature 2: in no unit of layers/units (社区), so without a share of its total" in told[0]


def test_a_border_belongs_to_the_first_in_official_order(folder: Folder) -> None:
    folder.write("u.geojson", geojson(half("乙", MIDDLE, 5, order=1), half("甲", 0, 100, order=2)))
    folder.write("r.geojson", geojson(house("a", 0), house("edge", MIDDLE - 5)))
    layer, _ = read(folder)
    assert layer is not None
    assert dict(layer.frame["people"]) == {"a": 100, "edge": 5}


def test_the_level_that_is_declared_is_taken(folder: Folder) -> None:
    folder.write("u.geojson", geojson(half("甲", 0, 60, "镇"), half("乙", MIDDLE, 40, "街道"), half("丙", 0, 7, "村")))
    folder.write("r.geojson", geojson(house("a", 0), house("b", MIDDLE + 50)))
    layer, _ = read(folder, level="街道")
    assert layer is not None
    assert list(layer.frame["people"]) == [60, 40]
    folder.write("u.geojson", geojson(half("甲", 0, None, "镇"), half("乙", MIDDLE, 40, "社区")))
    told = [str(problem) for problem in read(folder, level="街道")[1]]
    assert any("population.totals: gives no people of any unit of level 街道" in line for line in told)


def test_totals_come_from_units(folder: Folder) -> None:
    folder.write("r.geojson", geojson(house("a", 0)))
    population = {"base": "常住", "year": 2020, "source": "七普", "totals": "layers/boundary"}
    one = record("residents", "polygon", "r.geojson", "EPSG:4548", population=population)
    [told] = folder.told(one)
    assert "population.totals: names no layer of kind units that can be read (given: layers/boundary)" in told


def test_what_is_declared_an_estimate_is_one(folder: Folder) -> None:
    folder.write("r.geojson", geojson(feature("Point", at(5, 5), id="a", n=12)))
    population = Population(base="估算", year=2024, source="规划院")
    one: Layer = record("residents", "point", "r.geojson", "EPSG:4548", columns={"people": "n"}, population=population)
    layer = folder.read_one(one)
    assert layer.frame["estimated"].all()
    assert layer.notes == ("residents:人口口径:估算人口,2024 年,规划院",)
