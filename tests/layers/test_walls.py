"""Estates, barriers, crossings and units, of files and of OpenStreetMap."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from qyp_geo.declarations import Layer
from qyp_geo.records import make_record
from tests.layers.extract import OsmFile
from tests.layers.folder import PROVENANCE, SIDE_M, Folder, at, feature, geojson, record, square


def line(*places: tuple[float, float], **properties: Any) -> dict[str, Any]:
    return feature("LineString", [at(x, y) for x, y in places], **properties)


def osm(kind: str, geometry: str = "mixed", **more: Any) -> Layer:
    return record(kind, geometry, "x.osm", **more)


# Files


def test_barriers_and_crossings_say_their_sort_in_our_word(folder: Folder) -> None:
    words = ["wall", "围墙", "水系", "Railway", "铁路", "高架", "围栏"]
    folder.write("b.geojson", geojson(*(line((0, 9 * n), (50, 9 * n), s=word) for n, word in enumerate(words))))
    frame = folder.read_one(record("barriers", "line", "b.geojson", "EPSG:4548", columns={"barrier": "s"})).frame
    assert list(frame["barrier"]) == ["wall", "wall", "water", "railway", "railway", "elevated", "fence"]
    words = ["signals", "斑马线", "过街天桥", "地道"]
    folder.write("c.geojson", geojson(*(feature("Point", at(9 * n, 0), s=word) for n, word in enumerate(words))))
    frame = folder.read_one(record("crossings", "point", "c.geojson", "EPSG:4548", columns={"crossing": "s"})).frame
    assert list(frame["crossing"]) == ["signals", "zebra", "footbridge", "underpass"]


def test_a_sort_that_is_none_is_told(folder: Folder) -> None:
    folder.write("b.geojson", geojson(line((0, 0), (9, 9), s="篱笆"), line((0, 5), (9, 9), s="")))
    told = folder.told(record("barriers", "line", "b.geojson", "EPSG:4548", columns={"barrier": "s"}))
    assert any("feature 1, column s: not a known sort of barrier (given: '篱笆')" in one for one in told)
    assert any("feature 2, column s: not a known sort of barrier (given: '')" in one for one in told)
    [told_of_column] = folder.told(record("barriers", "line", "b.geojson", "EPSG:4548"))[:1]
    assert "columns.barrier: is missing: kind barriers needs it" in told_of_column


def estates(**more: Any) -> Layer:
    return record("estates", "polygon", "e.geojson", "EPSG:4548", columns={"id": "id", "name": "n"}, **more)


def test_estates_without_gates_are_told(folder: Folder) -> None:
    folder.write(
        "e.geojson",
        geojson(*(feature("Polygon", square(200 * n, 0, 100), id=f"e{n}", n=f"{n}号小区") for n in range(4))),
    )
    gates = [
        (50.0, 0.9, ""),
        (250.0, -1.1, ""),
        (450.0, 50.0, ""),
        (5.0, 5.0, "e3"),
    ]  # within a metre, not, inside, named
    folder.write("g.geojson", geojson(*(feature("Point", at(x, y), of=of) for x, y, of in gates)))
    found, _ = folder.read(
        estates=estates(gates="layers/gates"),
        gates=record("gates", "point", "g.geojson", "EPSG:4548", columns={"of": "of"}),
    )
    [told] = [str(problem) for problem in folder.check(found) if problem.where == "gates"]
    assert (
        "layers/estates.toml: gates: 2 of 4 estates have no gate (无出入口数据) (given: '1号小区', '2号小区')" in told
    )
    assert found["estates"].notes == ()
    assert folder.read_one(estates()).notes == ("estates:无出入口数据",)


def test_a_gate_of_nothing_is_told(folder: Folder) -> None:
    folder.write("e.geojson", geojson(feature("Polygon", square(0, 0, 100), id="e1", n="甲")))
    rows = [("g1", "e1"), ("g2", ""), ("g3", "E1")]
    folder.write("g.geojson", geojson(*(feature("Point", at(0, 0), id=id_, of=of) for id_, of in rows)))
    gates = record("gates", "point", "g.geojson", "EPSG:4548", columns={"id": "id", "of": "of"})
    found, _ = folder.read(estates=estates(gates="layers/gates"), gates=gates)
    assert [str(problem) for problem in folder.check(found)] == [
        "layers/gates.toml: id g3: gate of a place that no layer holds (given: 'E1'). "
        "Correct the column of; the id is that of the other layer"
    ]


def test_gates_are_gates(folder: Folder) -> None:
    folder.write("e.geojson", geojson(feature("Polygon", square(0, 0, 100), id="e", n="甲")))
    found, _ = folder.read(estates=estates(gates="layers/boundary"))
    [told] = map(str, folder.check(found))
    assert told == ("layers/estates.toml: gates: names no gates (given: boundary). Name a layer of kind gates")


def test_what_a_facility_is_part_of_exists(folder: Folder) -> None:
    rows = [("k1", "c1"), ("k2", "nowhere"), ("k3", ""), ("k4", "e")]
    folder.write("k.geojson", geojson(*(feature("Point", at(5, 5), id=id_, of=of, a=900) for id_, of in rows)))
    folder.write("c.geojson", geojson(feature("Point", at(5, 5), id="c1")))
    folder.write("e.geojson", geojson(feature("Polygon", square(0, 0, 100), id="e", n="甲")))
    columns = {"id": "id", "name": "id", "part_of": "of", "land_m2": "a"}
    found, _ = folder.read(
        estates=record("estates", "polygon", "e.geojson", "EPSG:4548", columns={"id": "id", "name": "n"}),
        k=record("kindergarten", "point", "k.geojson", "EPSG:4548", columns=columns),
        c=record("neighbourhood_centre", "point", "c.geojson", "EPSG:4548", columns={"id": "id", "name": "id"}),
    )
    assert list(found["k"].frame["part_of"]) == ["c1", "nowhere", "", "e"]
    assert list(found["k"].frame["land_m2"]) == [900, 900, 900, 900]
    assert [str(problem) for problem in folder.check(found)] == [
        "layers/k.toml: id k2: part of a facility or estate that no layer holds (given: 'nowhere'). "
        "Correct the column part_of; the id is that of the other layer"
    ]


def units(folder: Folder, *parts: tuple[float, float, float, float]) -> list[str]:
    """What is told of communities that are rectangles: west, south, east, north."""
    shapes = [
        feature("Polygon", [[at(w, s), at(e, s), at(e, n), at(w, n), at(w, s)]], c=f"{k}", n=f"社区{k}", l="社区")
        for k, (w, s, e, n) in enumerate(parts, start=1)
    ]
    folder.write("u.geojson", geojson(*shapes))
    columns = {"code": "c", "name": "n", "level": "l"}
    return folder.told(record("units", "polygon", "u.geojson", "EPSG:4548", columns=columns))


def test_units_that_partition_the_district_are_silent(folder: Folder) -> None:
    assert units(folder, (0, 0, 1500, SIDE_M), (1500, 0, SIDE_M, SIDE_M)) == []
    # Less than a square metre is the rounding of coordinates.
    assert units(folder, (0, 0, 1500, SIDE_M), (1500.0002, 0, SIDE_M, SIDE_M)) == []


def test_overlaps_and_holes_are_listed_with_their_ground(folder: Folder) -> None:
    told = units(
        folder, (0, 0, 1500, SIDE_M), (1499, 0, 3990, SIDE_M), (3990, 0, SIDE_M, 3000), (3990, 3100, 4020, SIDE_M)
    )
    assert [one.removeprefix("layers/data/u.geojson: ") for one in told] == [
        "units of level 社区 overlap, 4,000 m² in all: 社区1 and 社区2 4,000 m². Each place belongs to one unit: "
        "mend the outlines",
        "units of level 社区 leave holes, 1,000 m² in all: at 394995, 3171050 1,000 m². Draw the missing units",
        "units of level 社区 reach out of the district, 18,000 m² in all: at 395010, 3171550 18,000 m². Check the boundary",
    ]


def test_levels_are_checked_apart(folder: Folder) -> None:
    whole = square(0, 0, SIDE_M)
    folder.write(
        "u.geojson",
        geojson(
            feature("Polygon", whole, c="1", n="街道", l="街道"),
            feature("Polygon", whole, c="101", n="社区", l="社区"),
        ),
    )
    columns = {"code": "c", "name": "n", "level": "l"}
    assert folder.told(record("units", "polygon", "u.geojson", "EPSG:4548", columns=columns)) == []


# Provenance


def test_a_state_secret_is_not_even_opened(folder: Folder) -> None:
    folder.write("e.geojson", "no map at all")
    [told] = folder.told(estates(provenance={**PROVENANCE, "secrecy": "涉密"}))
    assert told.startswith(
        "layers/one.toml: provenance.secrecy: a state secret has no place here, and the file is not opened (given: 涉密)"
    )
    assert folder.read(one=estates(provenance={**PROVENANCE, "secrecy": "涉密"}))[1][0].severity == "error"


def test_what_a_layer_does_not_say_of_itself_is_noted(folder: Folder) -> None:
    folder.write("g.geojson", geojson(feature("Point", at(0, 0))))

    def notes(**more: Any) -> tuple[str, ...]:
        return folder.read_one(
            record("gates", "point", "g.geojson", "EPSG:4548", provenance={**PROVENANCE, **more})
        ).notes

    assert notes() == ()
    assert notes(completeness=None) == ("gates:完整性未声明",)
    assert notes(accuracy_m=2.5) == ("gates:位置精度 2.5 m",)
    assert notes(as_of=None, completeness=None) == ("gates:数据时点、完整性未声明",)


def test_what_is_not_said_to_be_free_is_not() -> None:
    provenance = record("gates", "point", "g.geojson").provenance
    assert (provenance.secrecy, provenance.may_redistribute, provenance.accuracy_m) == (None, False, None)
    given = {**PROVENANCE, "secrecy": "秘密", "accuracy_m": 0, "retrieved": date(2026, 1, 1)}
    content = record("gates", "point", "g.geojson").model_dump(exclude_none=True) | {"provenance": given}
    told = [str(problem) for problem in make_record(Layer, content, "layers/g.toml")[1]]
    assert any("provenance.secrecy: is not one of the allowed words (given: '秘密')" in one for one in told)
    assert any("provenance.accuracy_m: Input should be greater than 0 (given: 0)" in one for one in told)


# OpenStreetMap


def walled_town() -> OsmFile:
    town = OsmFile()
    ring = [(0, 0), (5, 0), (10, 0), (10, 10), (0, 10), (0, 0)]
    town.node((5, 0), {"barrier": "gate"})
    town.way(1, ring, landuse="residential", name="带门小区")
    town.block(2, 20, 0, 30, 10, landuse="residential", name="围墙小区", barrier="wall")
    town.block(3, 40, 0, 50, 10, landuse="residential", access="private")
    town.block(4, 60, 0, 70, 10, landuse="residential", name="开放街区")
    town.way(5, [(0, 20), (50, 20)], barrier="wall")
    town.way(6, [(0, 22), (50, 22)], barrier="fence")
    town.way(7, [(0, 24), (50, 24)], railway="rail")
    town.way(8, [(0, 26), (50, 26)], railway="rail", tunnel="yes")
    town.way(9, [(0, 28), (50, 28)], waterway="river", bridge="no")
    town.way(10, [(0, 30), (50, 30)], waterway="river", tunnel="culvert")
    town.block(11, 0, 40, 10, 50, natural="water")
    town.way(12, [(0, 32), (25, 32), (50, 32)], missing=[2], waterway="canal")
    town.relation(20, [9], type="waterway", waterway="river", name="抚河")
    town.node((1, 60), {"highway": "crossing", "crossing": "traffic_signals"})
    town.node((2, 60), {"highway": "traffic_signals"})
    town.node((3, 60), {"highway": "crossing"})
    town.way(13, [(4, 60), (6, 60)], highway="footway", bridge="yes")
    town.way(14, [(8, 60), (10, 60)], highway="footway", tunnel="yes")
    town.way(15, [(12, 60), (14, 60)], highway="footway", footway="crossing")
    town.way(16, [(16, 60), (18, 60)], highway="footway")
    return town


def test_only_estates_with_a_wall_or_a_gate_are_closed(folder: Folder) -> None:
    folder.write("x.osm", walled_town().xml())
    layer = folder.read_one(osm("estates", "polygon", gates="layers/gates"))
    assert list(layer.frame.index) == ["w1", "w2", "w3"]
    assert list(layer.frame["name"]) == ["带门小区", "围墙小区", ""]
    assert layer.notes == ("estates:1 处居住用地未标围墙、门禁或边界上的出入口,不作封闭小区",)
    chosen = osm("estates", "polygon", source={"tags": {"landuse": ["residential"]}})
    assert len(folder.read_one(chosen).frame) == 4


def test_barriers_are_lines_as_they_are_drawn_and_never_under_ground(folder: Folder) -> None:
    folder.write("x.osm", walled_town().xml())
    layer = folder.read_one(osm("barriers"))
    frame = layer.frame
    expected = {
        "w2": "wall",
        "w5": "wall",
        "w6": "fence",
        "w7": "railway",
        "w9": "water",
        "w11": "water",
        "w12": "water",
    }
    assert dict(frame["barrier"]) == expected
    assert [str(problem) for problem in layer.problems] == [
        "layers/one.toml: object w12: not whole in the extract, kept as far as they are in it"
    ]
    assert frame.length["w5"] == pytest.approx(500, rel=0.01)
    assert frame.length["w12"] == pytest.approx(250, rel=0.01)
    assert frame.geom_type["w11"] == "Polygon"


def test_crossings_are_points_of_four_sorts(folder: Folder) -> None:
    folder.write("x.osm", walled_town().xml())
    layer = folder.read_one(osm("crossings", "point"))
    assert sorted(layer.frame["crossing"]) == ["footbridge", "signals", "signals", "underpass", "zebra", "zebra"]
    assert set(layer.frame.geom_type) == {"Point"}


@pytest.mark.shared
def test_barriers_and_crossings_of_real_places(folder: Folder, shared_data: Path) -> None:
    shutil.copy(shared_data / "tsinghua_beijing.osm", folder.data("x.osm"))
    west, south, east, north = 116.25, 39.95, 116.40, 40.05
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    folder.write("boundary.geojson", geojson(feature("Polygon", [ring])))
    boundary = record("boundary", "polygon", "boundary.geojson")
    found, problems = folder.read(boundary=boundary, barriers=osm("barriers"), crossings=osm("crossings", "point"))
    assert [problem for problem in problems if problem.severity == "error"] == []
    assert dict(found["barriers"].frame["barrier"].value_counts()) == {"water": 10, "wall": 6, "fence": 4, "railway": 1}
    counted = found["crossings"].frame["crossing"].value_counts()
    assert dict(counted) == {"signals": 124, "footbridge": 30, "zebra": 8, "underpass": 1}


def test_a_gate_whose_owner_may_be_one_of_two_is_told(folder: Folder) -> None:
    folder.write("e.geojson", geojson(feature("Polygon", square(0, 0, 100), id="1", n="甲")))
    folder.write("g.geojson", geojson(feature("Point", at(0, 0), id="g1", of="1")))
    gates = record("gates", "point", "g.geojson", "EPSG:4548", columns={"id": "id", "of": "of"})
    found, _ = folder.read(estates=estates(gates="layers/gates"), others=estates(gates="layers/gates"), gates=gates)
    assert [str(problem) for problem in folder.check(found)] == [
        "layers/gates.toml: columns.of: 1 gates name an id that stands in several of layers/estates, layers/others "
        "(given: '1'). Give each layer a gates layer of its own, or ids that no other layer has"
    ]
