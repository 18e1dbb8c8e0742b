from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from qyp_geo.declarations import Layer, Walk
from qyp_geo.layers.streets import street_classes
from tests.layers.folder import Folder, at, feature, geojson, record

TAGS = (
    *("street_class", "access", "foot", "sidewalk", "tunnel", "bridge", "layer", "status", "walkable"),
    *("oneway", "two_sided", "road_type"),
)


def streets(**more: Any) -> Layer:
    columns = {"id": "id", "name": "name", **{tag: tag for tag in TAGS}}
    return record("streets", "line", "s.geojson", "EPSG:4548", columns=columns, **more)


def write(folder: Folder, *tagged: dict[str, str]) -> None:
    lines = [
        feature(
            "LineString",
            [at(0, 10 * n), at(100, 10 * n)],
            id=f"s{n}",
            **{**dict.fromkeys(TAGS, ""), "status": "现状", "name": "", **tags},
        )
        for n, tags in enumerate(tagged)
    ]
    folder.write("s.geojson", geojson(*lines))


def is_walked(folder: Folder, tags: dict[str, str], walk: Walk | None = None) -> bool:
    write(folder, tags)
    return bool(folder.read_one(streets(walk=walk)).frame["walkable"].iloc[0])


@pytest.mark.parametrize(
    ("tags", "walked"),
    [
        ({"street_class": "residential"}, True),
        ({"street_class": "primary"}, True),
        ({"street_class": "steps"}, True),
        ({"street_class": "footway", "bridge": "yes", "layer": "1"}, True),
        ({"street_class": "footway", "tunnel": "yes"}, True),
        ({"street_class": "cycleway"}, True),
        ({"street_class": "motorway"}, False),
        ({"street_class": "trunk"}, False),
        ({"street_class": "trunk_link"}, False),
        ({"street_class": "trunk", "sidewalk": "no"}, False),
        ({"street_class": "trunk", "sidewalk": "separate"}, False),
        ({"street_class": "trunk", "sidewalk": "both"}, True),
        ({"street_class": "trunk", "foot": "yes"}, True),
        ({"street_class": "motorway", "foot": "designated"}, True),
        ({"street_class": "secondary", "tunnel": "yes"}, False),
        ({"street_class": "secondary", "tunnel": "yes", "sidewalk": "right"}, True),
        ({"street_class": "service", "tunnel": "building_passage"}, True),
        ({"street_class": "secondary", "tunnel": "no"}, True),
        ({"street_class": "primary", "bridge": "yes", "layer": "1"}, False),
        ({"street_class": "primary", "bridge": "viaduct", "layer": "2", "foot": "yes"}, True),
        ({"street_class": "primary", "bridge": "yes"}, True),
        ({"street_class": "secondary", "bridge": "yes", "layer": "1"}, True),
        ({"street_class": "residential", "foot": "no"}, False),
        ({"street_class": "residential", "foot": "use_sidepath"}, False),
        ({"street_class": "residential", "access": "no"}, False),
        ({"street_class": "residential", "access": "no", "foot": "permissive"}, True),
        ({"street_class": "residential", "access": "private"}, True),
        ({"street_class": "raceway"}, False),
        ({"street_class": "residential", "status": "规划"}, False),
        ({"street_class": "footway", "status": "在建", "foot": "yes"}, False),
        ({"street_class": "motorway", "walkable": "是"}, True),
        ({"street_class": "secondary", "tunnel": "是"}, False),
        ({"street_class": "secondary", "tunnel": "否", "bridge": "0", "layer": "1"}, True),
        ({"street_class": "trunk", "sidewalk": "有"}, True),
        ({"street_class": "residential", "walkable": "no"}, False),
        ({"street_class": "residential;steps"}, True),
        ({"street_class": "residential;motorway_link"}, False),
    ],
)
def test_walking_rules(folder: Folder, tags: dict[str, str], walked: bool) -> None:
    assert is_walked(folder, tags) is walked


def test_private_streets_are_dropped_by_declaration(folder: Folder) -> None:
    drop = Walk(private="drop")
    service = {"street_class": "service"}
    assert not is_walked(folder, {**service, "access": "private"}, drop)
    assert not is_walked(folder, {**service, "foot": "private"}, drop)
    assert is_walked(folder, {**service, "access": "private", "foot": "yes"}, drop)
    assert is_walked(folder, {**service, "access": "permissive"}, drop)


def test_what_is_not_walked_stays_and_is_counted_with_its_length(folder: Folder) -> None:
    write(
        folder,
        {"street_class": "residential"},
        {"street_class": "motorway"},
        {"street_class": "motorway"},
        {"street_class": "primary", "bridge": "yes", "layer": "1", "name": "九州高架"},
    )
    layer = folder.read_one(streets())
    assert list(layer.frame["walkable"]) == [True, False, False, False]
    assert layer.notes == (
        "streets:街道 4 条 0.4 km,其中可步行 1 条 0.1 km",
        "streets:不计入步行:高速公路、快速路主线,未标注人行道,2 条 0.20 km",
        "streets:不计入步行:高架道路或立交(主干路),未标注人行道,1 条 0.10 km(九州高架)",
    )


def test_what_is_planned_tells_whether_it_will_be_walked(folder: Folder) -> None:
    write(
        folder,
        {"street_class": "residential"},
        {"street_class": "residential", "status": "规划"},
        {"street_class": "primary", "status": "在建", "tunnel": "yes", "foot": "no"},
    )
    frame = folder.read_one(streets()).frame
    assert list(frame["walkable"]) == [True, False, False]
    assert list(frame["walkable_if_open"]) == [True, True, False]


def test_an_unknown_class_is_told_and_not_walked(folder: Folder) -> None:
    write(folder, {"street_class": "residental"}, {"street_class": "residental"}, {"street_class": "path"})
    layer = folder.read_one(streets())
    assert list(layer.frame["walkable"]) == [False, False, True]
    [told] = map(str, layer.problems)
    assert "features 1, 2: street class is not known, so it is not walked (0.20 km) (given: 'residental')" in told
    assert "Did you mean residential?" in told


def test_streets_without_class_take_the_declared_one(folder: Folder) -> None:
    write(folder, {"street_class": ""})
    [told] = folder.told(streets())
    assert "feature 1: no street class" in told
    assert is_walked(folder, {"street_class": ""}, Walk(default_class="residential"))
    assert (
        "walk.default_class: is not a known street class (given: street)"
        in folder.told(streets(walk=Walk(default_class="street")))[0]
    )


@pytest.mark.parametrize(
    ("tags", "two_sided"),
    [
        ({"street_class": "primary"}, True),
        ({"street_class": "secondary"}, True),
        ({"street_class": "trunk"}, True),
        ({"street_class": "tertiary"}, False),
        ({"street_class": "primary_link"}, False),
        ({"street_class": "residential;secondary"}, True),
        ({"street_class": "primary", "oneway": "no"}, True),
        ({"street_class": "primary", "oneway": "是"}, False),
        ({"street_class": "primary", "oneway": "yes"}, False),
        ({"street_class": "primary", "oneway": "True"}, False),
        ({"street_class": "primary", "oneway": "-1"}, False),
        ({"street_class": "primary", "oneway": "yes", "two_sided": "yes"}, True),
        ({"street_class": "primary", "two_sided": "否"}, False),
        ({"street_class": "tertiary", "two_sided": "是"}, True),
    ],
)
def test_arterials_drawn_as_one_line_have_two_sides(folder: Folder, tags: dict[str, str], two_sided: bool) -> None:
    write(folder, tags)
    frame = folder.read_one(streets()).frame
    assert list(frame["two_sided"]) == [two_sided]
    assert frame["width_m"].notna().iloc[0] == two_sided


def test_widths_are_those_of_the_file_else_of_the_class_and_said(folder: Folder) -> None:
    write(folder, *({"street_class": name} for name in ("trunk", "primary", "secondary", "primary")))
    columns = {"street_class": "street_class", "width_m": "w", "sidewalk": "sidewalk", "oneway": "oneway"}
    lines = json.loads(folder.data("s.geojson").read_text(encoding="utf-8"))
    for line, width in zip(lines["features"], (None, 0, 18.5, None), strict=True):
        line["properties"]["w"] = width
    lines["features"][0]["properties"]["sidewalk"] = "both"
    lines["features"][3]["properties"]["oneway"] = "yes"
    folder.write("s.geojson", json.dumps(lines))
    layer = folder.read_one(record("streets", "line", "s.geojson", "EPSG:4548", columns=columns))
    assert list(layer.frame["width_m"].fillna(-1)) == [40, 30, 18.5, -1]
    assert layer.notes[-2:] == (
        "streets:双侧道路(只在过街处穿越)可步行 0.30 km,其中 0.20 km 未标宽度,按等级取值"
        "(自定口径:primary 30 m、trunk 40 m)",
        "streets:单向绘制(oneway,多为双线干路)的干路 0.10 km 按普通街道计,不分两侧",
    )


def test_classes_with_two_sides_are_declared(folder: Folder) -> None:
    write(folder, {"street_class": "primary"}, {"street_class": "tertiary"})
    frame = folder.read_one(streets(walk=Walk(two_sided=["tertiary"]))).frame
    assert list(frame["two_sided"]) == [False, True]
    assert list(frame["width_m"].fillna(-1)) == [-1, 18]
    assert not folder.read_one(streets(walk=Walk(two_sided=[]))).frame["two_sided"].any()
    [told] = folder.told(streets(walk=Walk(two_sided=["primry"])))
    assert "walk.two_sided: is not a known street class (given: primry). Did you mean primary?" in told


def test_a_road_type_is_one_of_three(folder: Folder) -> None:
    write(folder, {"street_class": "primary", "road_type": "生活性"}, {"street_class": "primary", "road_type": "商业"})
    [told] = folder.told(streets())
    assert "feature 2: not a known road type (given: '商业'). Did you mean 商业性?" in told


@pytest.mark.shared
def test_sides_of_the_streets_of_futian(folder: Folder, shared_data: Path) -> None:
    shutil.copy(shared_data / "shenzhen_futian_walk.graphml", folder.data("f.graphml"))
    lon, lat = 114.055, 22.54
    ring = [[lon - 0.1, lat - 0.1], [lon + 0.1, lat - 0.1], [lon + 0.1, lat + 0.1], [lon - 0.1, lat + 0.1]]
    folder.write("boundary.geojson", geojson(feature("Polygon", [[*ring, ring[0]]])))
    folder.crs = "EPSG:4547"
    boundary = record("boundary", "polygon", "boundary.geojson")
    found, _ = folder.read(boundary=boundary, one=record("streets", "line", "f.graphml"))
    frame = found["one"].frame
    arterial = (
        frame["street_class"].str.split(";").map(lambda words: bool({"trunk", "primary", "secondary"} & set(words)))
    )
    one_line = frame["oneway"] == "no"
    assert list(frame["two_sided"]) == list(arterial & one_line)
    assert 0 < frame["two_sided"].sum() < arterial.sum()
    assert frame["width_m"].between(24, 40).equals(frame["two_sided"])


def test_a_walkable_column_speaks_yes_or_no(folder: Folder) -> None:
    write(folder, {"street_class": "path", "walkable": "也许"})
    [told] = folder.told(streets())
    assert "feature 1: walkable is neither yes nor no (given: '也许')" in told


def test_a_line_without_length_is_left_out_and_named(folder: Folder) -> None:
    folder.write(
        "s.geojson",
        geojson(
            feature("LineString", [at(0, 0), at(0, 0)], c="path"), feature("LineString", [at(0, 0), at(5, 0)], c="path")
        ),
    )
    layer = folder.read_one(record("streets", "line", "s.geojson", "EPSG:4548", columns={"street_class": "c"}))
    assert list(layer.frame.index) == ["one-0002"]
    assert "feature 1: no length, left out" in str(layer.problems[0])


def test_the_table_of_classes_is_complete() -> None:
    classes = street_classes()
    assert {row.walkable for row in classes.values()} == {"yes", "no", "tagged"}
    assert all(row.reason for row in classes.values())
    assert {name for name, row in classes.items() if row.walkable == "tagged"} == {
        *["motorway", "motorway_link", "trunk", "trunk_link"]
    }
