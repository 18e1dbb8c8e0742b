from __future__ import annotations

from typing import Any

import pytest
import shapely

from qyp_geo.declarations import Layer
from qyp_geo.frames import LayerData
from qyp_geo.layers.naming import plain
from tests.layers.folder import Folder, at, feature, geojson, record, square

UNITS = {"name": "name", "code": "code", "level": "level", "aliases": "别名"}
AMONG = ["layers/estates", "layers/units"]


def unit(
    name: str, code: str, x: float, side_m: float = 1000, level: str = "社区", aliases: str = ""
) -> dict[str, Any]:
    return feature("Polygon", square(x, 0, side_m), name=name, code=code, level=level, 别名=aliases)


def named(path: str = "n.csv", **by_name: Any) -> Layer:
    """A layer of canteens given by the name of a place."""
    source = {"datum": "", "by_name": {"column": "地点", "among": AMONG, **by_name}}
    return record("community_canteen", "point", path, source=source, columns={"name": "名称"})


def town(folder: Folder, rows: str, *units: dict[str, Any]) -> dict[str, Layer]:
    """Three communities and two estates, and a table."""
    every = units or (
        unit("徐家坊社区", "U1", 0, aliases="徐坊、老徐坊"),
        unit("三家店社区", "U2", 1000),
        unit("洪都社区", "U3", 2000),
    )
    folder.write("u.geojson", geojson(*every))
    estates = [feature("Polygon", square(x, 2000, 200), name=name) for x, name in ((0, "江铃花园"), (500, "洪都小区"))]
    folder.write("e.geojson", geojson(*estates))
    folder.write("n.csv", f"名称,地点\n{rows}")
    return {
        "units": record("units", "polygon", "u.geojson", "EPSG:4548", columns=UNITS),
        "estates": record("estates", "polygon", "e.geojson", "EPSG:4548", columns={"name": "name"}),
    }


def read(folder: Folder, rows: str, *units: dict[str, Any], **by_name: Any) -> tuple[LayerData | None, list[str]]:
    """The layer by name, and what is told of it; it is declared before what it is looked up in."""
    beside = town(folder, rows, *units)
    found, problems = folder.read(canteens=named(**by_name), **beside)
    told = [str(problem) for problem in problems if problem.file.startswith(("layers/canteens", "layers/data/n."))]
    return found.get("canteens"), told


def where(layer: LayerData) -> dict[str, list[float]]:
    """By name: metres east and north of the corner."""
    places = shapely.get_coordinates(layer.frame.geometry.to_numpy()) - at(0, 0)
    return dict(zip(layer.frame["name"], places.tolist(), strict=True))


def test_rows_stand_in_the_middle_of_the_place_that_they_name(folder: Folder) -> None:
    layer, told = read(folder, "甲,徐家坊社区\n乙,江铃花园\n丙,三家店社区\n")
    assert layer is not None
    assert told == []
    assert where(layer) == {"甲": [500, 500], "乙": [100, 2100], "丙": [1500, 500]}
    assert list(layer.frame["named_place"]) == ["徐家坊社区", "江铃花园", "三家店社区"]
    assert list(layer.frame["named_within_m"]) == [707, 141, 707]  # half a diagonal
    assert list(layer.frame.index) == ["canteens-0002", "canteens-0003", "canteens-0004"]


def test_how_exact_they_are_is_noted(folder: Folder) -> None:
    layer, _ = read(folder, "甲,徐家坊社区\n乙,江铃花园\n丙,三家店社区\n")
    assert layer is not None
    assert [note for note in layer.notes if "地名" in note] == [
        "community_canteen:2 处只有地名,落在同名社区的中部,离实际位置一般不超过 707 m,最远 707 m",
        "community_canteen:1 处只有地名,落在同名estates的中部,离实际位置一般不超过 141 m,最远 141 m",
    ]


def test_a_name_may_be_an_alias_a_code_or_an_id(folder: Folder) -> None:
    rows = "甲,徐坊\n乙,U2\n丙,units-0003\n丁,老徐坊\n戊,大院\n"
    layer, told = read(folder, rows, aliases={"大院": "江铃花园"})
    assert layer is not None
    assert told == []
    assert list(layer.frame["named_place"]) == ["徐家坊社区", "三家店社区", "洪都社区", "徐家坊社区", "江铃花园"]


def test_spaces_and_width_do_not_matter_and_nothing_else_is_passed_over(folder: Folder) -> None:
    assert plain(" A 座(东) ") == plain("a座(东)")
    layer, _ = read(folder, "甲,徐 家坊社区 \n乙,u2\n")
    assert layer is not None
    assert list(layer.frame["named_place"]) == ["徐家坊社区", "三家店社区"]
    layer, told = read(folder, "甲,徐家坊\n")
    assert layer is None
    assert len(told) == 1


def test_unknown_names_are_listed_with_the_nearest_and_taken_for_none(folder: Folder) -> None:
    layer, told = read(folder, "甲,徐家坊居委会\n乙,三家店街道三家店社区\n丙,青山湖\n丁,徐家坊居委会\n戊,\n")
    assert layer is None
    assert told == [
        "layers/data/n.csv: rows 2, 5, column 地点: no place is called so in layers/estates, layers/units "
        "(given: '徐家坊居委会'). Nearest names: 徐家坊社区. If it is the first, write "
        'aliases = { "徐家坊居委会" = "徐家坊社区" } in [source.by_name]',
        "layers/data/n.csv: row 3, column 地点: no place is called so in layers/estates, layers/units "
        "(given: '三家店街道三家店社区'). Nearest names: 三家店社区. If it is the first, write "
        'aliases = { "三家店街道三家店社区" = "三家店社区" } in [source.by_name]',
        "layers/data/n.csv: row 4, column 地点: no place is called so in layers/estates, layers/units (given: '青山湖'). "
        "Nothing there is called like it: correct the name, remove the row, or give it coordinates",
        "layers/data/n.csv: row 6, column 地点: names no place. Fill the cell, or remove the row",
    ]


def test_a_name_that_several_places_bear_is_an_error_and_their_ids_are_told(folder: Folder) -> None:
    units = [unit("新村", "U1", 0), unit("新村", "U2", 1000)]
    layer, told = read(folder, "甲,新村\n乙,U2\n", *units)
    assert layer is None
    assert told == [
        "layers/data/n.csv: row 2, column 地点: 2 places are called so (given: '新村'). "
        "Write the id of the one that is meant: units-0001 (新村, 社区), units-0002 (新村, 社区)"
    ]
    layer, _ = read(folder, "甲,units-0001\n乙,U2\n", *units)
    assert layer is not None
    assert where(layer) == {"甲": [500, 500], "乙": [1500, 500]}


def test_the_first_layer_that_knows_a_name_decides(folder: Folder) -> None:
    for among, expected in ((AMONG, [600, 2100]), (AMONG[::-1], [500, 500])):
        layer, told = read(folder, "甲,洪都小区\n", unit("洪都小区", "U1", 0), among=among)
        assert layer is not None
        assert told == []
        assert where(layer) == {"甲": expected}


def test_an_alias_must_name_a_place_and_be_the_name_of_none(folder: Folder) -> None:
    layer, told = read(folder, "甲,洪都社区\n", aliases={"老街": "三家店", "徐坊": "洪都社区"})
    assert layer is None
    assert told == [
        "layers/canteens.toml: source.by_name.aliases.老街: is said to be a place that these layers do not hold "
        "(given: 三家店). Nearest names: 三家店社区",
        "layers/canteens.toml: source.by_name.aliases.徐坊: is also the name of a place of its own (given: 徐坊). "
        "Remove the alias: rows of this name lie in the place that bears it",
    ]


def test_the_middle_lies_in_the_place_whatever_its_shape(folder: Folder) -> None:
    ring = [at(*corner) for corner in ((0, 0), (900, 0), (900, 900), (800, 900), (800, 100), (0, 100), (0, 0))]
    bent = feature("Polygon", [ring], name="弯社区", code="U1", level="社区", 别名="")
    layer, _ = read(folder, "甲,弯社区\n", bent)
    assert layer is not None
    x, y = where(layer)["甲"]
    assert (0 <= x <= 900 and 0 <= y <= 100) or (800 <= x <= 900 and 0 <= y <= 900)


def test_what_is_only_roughly_drawn_is_told_as_rough(folder: Folder) -> None:
    beside = town(folder, "甲,江铃花园\n")
    rough = beside["estates"].provenance.model_copy(update={"accuracy_m": 50.0})
    beside["estates"] = beside["estates"].model_copy(update={"provenance": rough})
    found, _ = folder.read(canteens=named(), **beside)
    assert list(found["canteens"].frame["named_within_m"]) == [191]


def test_places_by_name_may_be_looked_up_in_places_by_name_but_not_in_a_circle(folder: Folder) -> None:
    beside = town(folder, "甲,徐坊\n")
    folder.write("m.csv", "名称,地点\n乙,甲\n")
    found, _ = folder.read(second=named("m.csv", among=["layers/first"]), first=named(), **beside)
    assert list(found["second"].frame["named_within_m"]) == [707]
    second = named("m.csv", among=["layers/first"])
    found, problems = folder.read(second=second, first=named(among=["layers/second"]), **beside)
    assert not {"first", "second"} & set(found)
    assert any("source.by_name.among: names a layer that cannot be read" in str(problem) for problem in problems)


def test_far_places_are_left_out_as_everything_far_is(folder: Folder) -> None:
    layer, told = read(folder, "甲,远社区\n乙,近社区\n", unit("远社区", "U1", 4900), unit("近社区", "U2", 4000))
    assert layer is not None
    assert list(layer.frame["name"]) == ["乙"]
    assert any("row 2: 1 of 2 lie more than 1,000 m beyond the boundary, left out" in line for line in told)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"datum": "wgs84"}, "source.datum: is given beside by_name (given: wgs84)"),
        ({"lon": "x", "lat": "y"}, "source.lat: is given beside by_name (given: y)"),
        ({"path": "data/e.geojson"}, "source.path: is no table with names of places (given: e.geojson)"),
    ],
)
def test_what_does_not_go_with_names_is_refused(folder: Folder, changed: dict[str, Any], expected: str) -> None:
    beside = town(folder, "甲,徐坊\n")
    one = named()
    content = one.model_dump() | {"source": one.source.model_dump() | changed}
    found, problems = folder.read(canteens=Layer.model_validate(content), **beside)
    assert "canteens" not in found
    assert any(expected in str(problem) for problem in problems)


def test_a_polygon_cannot_be_given_by_name(folder: Folder) -> None:
    beside = town(folder, "甲,徐坊\n")
    _, problems = folder.read(canteens=named().model_copy(update={"geometry": "polygon"}), **beside)
    assert any("geometry: is not what places by name are (given: polygon)" in str(problem) for problem in problems)


def test_a_column_that_is_not_there_is_told(folder: Folder) -> None:
    _, told = read(folder, "甲,徐坊\n", column="地点 ")
    assert told == [
        "layers/canteens.toml: source.by_name.column: the file has no such column (given: 地点 ). Did you mean 地点?"
    ]


def test_a_damaged_table_is_told(folder: Folder) -> None:
    beside = town(folder, "")
    folder.write("n.csv", b"")
    found, problems = folder.read(canteens=named(), **beside)
    assert "canteens" not in found
    assert any(problem.file == "layers/data/n.csv" for problem in problems)
