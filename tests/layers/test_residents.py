from __future__ import annotations

from typing import Any

import pytest

from qyp_geo.declarations import Layer, People
from qyp_geo.layers.residents import is_dwelling
from tests.layers.folder import SIDE_M, Folder, at, feature, geojson, record, square


def residents(geometry: str = "polygon", people: People | None = None, **columns: str) -> Layer:
    renamed = {"id": "id", **{name.removesuffix("_"): column for name, column in columns.items()}}
    return record("residents", geometry, "r.geojson", "EPSG:4548", columns=renamed, people=people)


def house(name: str, x: float, **more: Any) -> dict[str, Any]:
    """A house of 10 m by 10 m."""
    return feature("Polygon", square(x, 100, 10), id=name, **more)


def test_people_of_the_file_are_taken_as_they_are(folder: Folder) -> None:
    folder.write(
        "r.geojson", geojson(feature("Point", at(5, 5), id="a", n=12.5), feature("Point", at(9, 5), id="b", n=0))
    )
    layer = folder.read_one(residents("point", people_="n"))
    assert list(layer.frame["people"]) == [12.5, 0]
    assert not layer.frame["estimated"].any()
    assert not layer.frame["spread"].any()
    assert layer.notes == ("residents:人口口径未声明",)


def test_people_are_estimated_from_the_ground_and_levels(folder: Folder) -> None:
    folder.write(
        "r.geojson", geojson(house("a", 0, lv=6), house("b", 50, lv=None), house("c", 100, lv=0), house("d", 150, lv=3))
    )
    layer = folder.read_one(residents(people=People(m2_per_person=25, default_levels=2), levels="lv"))
    assert list(layer.frame["people"]) == [24, 8, 8, 12]  # 100 m² × levels ÷ 25 m²
    assert layer.frame["estimated"].all()
    assert layer.notes == (
        "residents:人口口径未声明",
        "residents:人口为估算:4 处按 基底面积 × 层数 ÷ 25 ㎡/人(入住率未声明,按 100%),其中 2 处没有层数,按 2 层计",
    )


def test_an_occupancy_is_counted_in_and_printed(folder: Folder) -> None:
    folder.write("r.geojson", geojson(house("a", 0, lv=5)))
    layer = folder.read_one(residents(people=People(m2_per_person=25, occupancy=0.8), levels="lv"))
    assert list(layer.frame["people"]) == [16]
    assert "÷ 25 ㎡/人(入住率80%)" in layer.notes[1]


def test_only_houses_without_a_figure_are_estimated(folder: Folder) -> None:
    folder.write("r.geojson", geojson(house("a", 0, n=7), house("b", 50, n=None), house("c", 100, n=None, floor=50)))
    layer = folder.read_one(residents(people=People(m2_per_person=25), people_="n", floor_m2="floor"))
    assert list(layer.frame["people"]) == [7, 4, 2]
    assert list(layer.frame["estimated"]) == [False, True, True]


def test_without_figures_or_a_rule_nobody_is_guessed(folder: Folder) -> None:
    folder.write("r.geojson", geojson(house("a", 0)))
    [told] = folder.told(residents())
    assert "layers/one.toml: people: is missing: the file gives no number of residents" in told


def test_a_row_without_people_is_told(folder: Folder) -> None:
    folder.write(
        "r.geojson", geojson(feature("Point", at(5, 5), id="a", n=None), feature("Point", at(9, 5), id="b", n=-1))
    )
    told = folder.told(residents("point", people_="n"))
    assert any("feature 2, column n: negative people (given: '-1')" in line for line in told)
    assert any("feature 1, column n: no number of people" in line for line in told)
    assert len(told) == 2


def test_only_who_lives_inside_is_inside(folder: Folder) -> None:
    places = {"in": 10.0, "edge": SIDE_M, "margin": SIDE_M + 500}
    folder.write("r.geojson", geojson(*(feature("Point", at(x, 10), id=name, n=1) for name, x in places.items())))
    layer = folder.read_one(residents("point", people_="n"))
    assert dict(layer.frame["inside"]) == {"in": True, "edge": True, "margin": False}


@pytest.mark.parametrize(
    ("tags", "lived_in"),
    [
        ({"building": "apartments"}, True),
        ({"building": "dormitory"}, True),
        ({"building": "residential", "shop": "convenience"}, True),
        ({"building": "yes"}, True),
        ({"building": "yes", "name": "3号楼"}, True),
        ({"building": "yes", "amenity": "school"}, False),
        ({"building": "yes", "office": "company"}, False),
        ({"building": "industrial"}, False),
        ({"amenity": "school"}, False),
    ],
)
def test_dwellings_of_openstreetmap(tags: dict[str, str], lived_in: bool) -> None:
    assert is_dwelling(tags) is lived_in
