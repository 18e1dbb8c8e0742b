"""A layer under the wrong datum is told, one under the right datum never is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from qyp_geo.crs import to_display
from qyp_geo.datum import wgs84_to_bd09, wgs84_to_gcj02
from tests.layers.folder import EAST, NORTH, SIDE_M, Folder, feature, geojson, record
from tests.layers.test_osm import degrees, of_kind, real

CORNER = np.array([EAST, NORTH])
Shift = Callable[..., tuple[np.ndarray, np.ndarray]]
WRITTEN: dict[str, Shift] = {"wgs84": lambda lon, lat: (lon, lat), "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}


def town(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Streets as in the district: blocks of 300 to 500 m, here and there a lane into a block."""
    cuts = [np.cumsum(rng.uniform(300, 500, 20)) - 1000 for _ in range(2)]
    west, east = -1000.0, SIDE_M + 1000
    lines = [shapely.LineString([(x, west), (x + rng.uniform(-60, 60), east)]) for x in cuts[0] if x < east]
    lines += [shapely.LineString([(west, y), (east, y + rng.uniform(-60, 60))]) for y in cuts[1] if y < east]
    for x, y in rng.uniform(0, SIDE_M, (60, 2)):
        lines.append(shapely.LineString([(x, y), (x + rng.uniform(-150, 150), y + rng.uniform(80, 200))]))
    moved = shapely.transform(lines, lambda xy: xy + CORNER)
    return gpd.GeoDataFrame(geometry=list(moved), crs="EPSG:4548")


def beside(
    streets: gpd.GeoDataFrame, count: int, rng: np.random.Generator, *, off_m: tuple[float, float]
) -> gpd.GeoDataFrame:
    """Points beside streets, inside the district."""
    lines = shapely.intersection(streets.geometry.to_numpy(), shapely.box(EAST, NORTH, EAST + SIDE_M, NORTH + SIDE_M))
    lines = lines[shapely.length(lines) > 100]
    chosen = rng.choice(lines, count)
    on = shapely.line_interpolate_point(chosen, rng.uniform(0, 1, count), normalized=True)
    angle, off = rng.uniform(0, 2 * np.pi, count), rng.uniform(*off_m, count)
    xy = shapely.get_coordinates(on) + np.column_stack([off * np.cos(angle), off * np.sin(angle)])
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs="EPSG:4548")


def write(folder: Folder, name: str, frame: gpd.GeoDataFrame, datum: str) -> None:
    """Write a layer with coordinates in a datum that the file does not tell."""
    shapes = to_display(frame).geometry.to_numpy()
    shapes = shapely.transform(shapes, lambda xy: np.column_stack(WRITTEN[datum](xy[:, 0], xy[:, 1])))
    rows = [
        {
            "type": "Feature",
            "properties": {"n": f"{name}{n}", "c": "residential", "p": 10, "v": "社区"},
            "geometry": json.loads(text),
        }
        for n, text in enumerate(shapely.to_geojson(shapes))
    ]
    folder.write(f"{name}.geojson", geojson(*rows))


def doubts(folder: Folder, **declared: tuple[str, str, str]) -> dict[str, str]:
    """What is told of each layer; a layer is given as kind, geometry, declared datum."""
    columns = {"streets": {"street_class": "c"}, "residents": {"people": "p"}}
    records = {
        name: record(kind, geometry, f"{name}.geojson", datum, columns=columns.get(kind, {"name": "n"}))
        for name, (kind, geometry, datum) in declared.items()
    }
    found, problems = folder.read(**records)
    assert [str(problem) for problem in problems if problem.severity == "error"] == []
    told = [problem for problem in folder.check(found) if problem.where == "source.datum"]
    assert all(problem.severity == "warning" for problem in told)
    return {problem.file.removeprefix("layers/").removesuffix(".toml"): problem.what for problem in told}


STREETS = ("streets", "line", "wgs84")


@pytest.mark.parametrize(
    ("true", "declared"),
    [
        ("gcj02", "wgs84"),
        ("gcj02", "cgcs2000"),
        ("bd09", "wgs84"),
        ("bd09", "gcj02"),
        ("wgs84", "gcj02"),
        ("wgs84", "bd09"),
    ],
)
def test_a_layer_under_the_wrong_datum_is_told_with_the_right_one(folder: Folder, true: str, declared: str) -> None:
    rng = np.random.default_rng(1)
    streets = town(rng)
    write(folder, "streets", streets, "wgs84")
    write(folder, "toilets", beside(streets, 80, rng, off_m=(5, 25)), true)
    write(folder, "homes", beside(streets, 400, rng, off_m=(10, 60)), true)
    told = doubts(
        folder, streets=STREETS, toilets=("public_toilet", "point", declared), homes=("residents", "point", declared)
    )
    assert set(told) == {"toilets", "homes"}
    for what in told.values():
        assert f"the streets fit far better if its coordinates are {true}" in what
        assert "of the layer would stand beside a street, as declared" in what


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_a_layer_under_the_right_datum_is_never_told(folder: Folder, seed: int, datum: str) -> None:
    rng = np.random.default_rng(100 + seed)
    streets = town(rng)
    anywhere = rng.uniform(0, SIDE_M, (120, 2)) + CORNER
    grid = np.stack(np.meshgrid(np.arange(50, SIDE_M, 200), np.arange(50, SIDE_M, 200)), axis=-1).reshape(-1, 2)
    layers = {
        "toilets": beside(streets, 80, rng, off_m=(5, 25)),
        "centres": beside(streets, 22, rng, off_m=(5, 60)),
        "parks": beside(streets, 6, rng, off_m=(5, 60)),
        "anywhere": gpd.GeoDataFrame(geometry=gpd.points_from_xy(*anywhere.T), crs="EPSG:4548"),
        "grid": gpd.GeoDataFrame(geometry=gpd.points_from_xy(*(grid + CORNER).T), crs="EPSG:4548"),
        "deep": beside(streets, 150, rng, off_m=(60, 120)),
        "gates": beside(streets, 40, rng, off_m=(0, 0)),
    }
    write(folder, "streets", streets, "wgs84")
    for name, frame in layers.items():
        write(folder, name, frame, datum)
    kinds = {"grid": "residents", "gates": "gates"}
    declared = {name: (kinds.get(name, "public_toilet"), "point", datum) for name in layers}
    assert doubts(folder, streets=STREETS, **declared) == {}


def test_streets_under_the_wrong_datum_are_named_too(folder: Folder) -> None:
    rng = np.random.default_rng(2)
    streets = town(rng)
    write(folder, "streets", streets, "gcj02")
    write(folder, "toilets", beside(streets, 80, rng, off_m=(5, 25)), "wgs84")
    told = doubts(folder, streets=STREETS, toilets=("public_toilet", "point", "wgs84"))
    assert "if those of layers/streets are gcj02" in told["toilets"]


def test_points_that_stand_on_streets_are_told_by_that(folder: Folder) -> None:
    rng = np.random.default_rng(3)
    streets = town(rng)
    write(folder, "streets", streets, "wgs84")
    write(folder, "gates", beside(streets, 40, rng, off_m=(0, 0)), "gcj02")
    told = doubts(folder, streets=STREETS, gates=("gates", "point", "wgs84"))
    assert "its coordinates are gcj02: 100% of the layer would stand on a street" in told["gates"]


def test_a_handful_of_things_is_said_to_be_too_few(folder: Folder) -> None:
    rng = np.random.default_rng(4)
    streets = town(rng)
    write(folder, "streets", streets, "wgs84")
    write(folder, "toilets", beside(streets, 4, rng, off_m=(5, 25)), "gcj02")
    assert doubts(folder, streets=STREETS, toilets=("public_toilet", "point", "wgs84")) == {
        "toilets": "4 things are too few to tell whether the datum is right: that takes 20 or more"
    }


def test_a_layer_that_leaves_the_district_on_one_side_is_told_by_the_boundary(folder: Folder) -> None:
    rng = np.random.default_rng(5)
    xy = rng.uniform(0, SIDE_M, (200, 2)) + CORNER
    write(folder, "toilets", gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs="EPSG:4548"), "gcj02")
    told = doubts(folder, toilets=("public_toilet", "point", "wgs84"))
    assert (
        "the boundary fits far better if its coordinates are gcj02: 100% of the layer would lie inside"
        in told["toilets"]
    )
    assert doubts(folder, toilets=("public_toilet", "point", "gcj02")) == {}


def test_units_that_do_not_cover_the_district_are_told_by_the_boundary(folder: Folder) -> None:
    half = SIDE_M / 2
    quarters = [
        shapely.box(EAST + x, NORTH + y, EAST + x + half, NORTH + y + half) for x in (0, half) for y in (0, half)
    ]
    write(folder, "units", gpd.GeoDataFrame(geometry=quarters, crs="EPSG:4548"), "bd09")

    def told(datum: str) -> list[str]:
        columns = {"name": "n", "code": "n", "level": "v"}
        units = record("units", "polygon", "units.geojson", datum, columns=columns)
        found, problems = folder.read(units=units)
        assert [problem for problem in problems if problem.severity == "error"] == []
        return [problem.what for problem in folder.check(found)]

    assert told("bd09") == []
    [what] = told("wgs84")
    assert "if its coordinates are bd09: 100% of the layer would lie inside the district, as declared 67%" in what


# Real streets and real things: what OpenStreetMap draws of a neighbourhood of Beijing, handed on in GCJ-02.

THINGS = (
    "residents",
    "public_parking",
    "park",
    "bus_stop",
    "convenience_store",
    "public_toilet",
    "court_large",
    "library",
)


def handed_on(tmp_path: Path, shared_data: Path, datum: str) -> tuple[Folder, dict[str, tuple[str, str, str]]]:
    """The folder of an extract, with its things once more in files of their own, written in a datum."""
    path = shared_data / "tsinghua_beijing.osm"
    folder = real(tmp_path, path, "EPSG:4548", (116.3084, 39.9905, 116.3320, 40.0123))
    found, _ = folder.read(boundary=degrees(), **{kind: of_kind(kind, path=path.name) for kind in THINGS})
    for kind in THINGS:
        write(folder, kind, found[kind].frame, datum)
    return folder, {kind: (kind, "mixed", "wgs84") for kind in THINGS}


def told_of_tsinghua(folder: Folder, declared: dict[str, tuple[str, str, str]]) -> dict[str, str]:
    records = {
        name: record(
            kind, geometry, f"{name}.geojson", datum, columns={"people": "p"} if kind == "residents" else {"name": "n"}
        )
        for name, (kind, geometry, datum) in declared.items()
    }
    streets = of_kind("streets", "line", "tsinghua_beijing.osm")
    found, _ = folder.read(boundary=degrees(), streets=streets, **records)
    told = [problem for problem in folder.check(found) if problem.where == "source.datum"]
    return {problem.file.removeprefix("layers/").removesuffix(".toml"): problem.what for problem in told}


@pytest.mark.shared
def test_tsinghua_in_gcj02_is_told(tmp_path: Path, shared_data: Path) -> None:
    told = told_of_tsinghua(*handed_on(tmp_path, shared_data, "gcj02"))
    assert {"residents", "bus_stop"} <= set(told)  # the others are too few to stand out
    assert all("if its coordinates are gcj02" in what for what in told.values())


@pytest.mark.shared
def test_tsinghua_as_it_is_is_never_told(tmp_path: Path, shared_data: Path) -> None:
    assert told_of_tsinghua(*handed_on(tmp_path, shared_data, "wgs84")) == {}


def test_the_pieces_of_the_network_are_counted_with_the_people_on_them(folder: Folder) -> None:
    folder.write(
        "streets.geojson",
        geojson(
            *(
                feature("LineString", [[EAST + x, NORTH + y] for x, y in line], c="footway")
                for line in ([(0, 0), (900, 0)], [(900, 0), (900, 50)], [(0, 300), (50, 300)])
            )
        ),
    )
    homes = {"a": (100, 5), "b": (40, 305), "c": (30, 310)}
    folder.write("homes.geojson", geojson(*(feature("Point", [EAST + x, NORTH + y], p=7) for x, y in homes.values())))
    records = {
        "streets": record("streets", "line", "streets.geojson", "EPSG:4548", columns={"street_class": "c"}),
        "homes": record("residents", "point", "homes.geojson", "EPSG:4548", columns={"people": "p"}),
    }
    found, _ = folder.read(**records)
    told = [problem for problem in folder.check(found) if problem.where == ""]
    assert [problem.what for problem in told] == [
        "the walking network is in 2 pieces: the largest holds 95.0% of 1.0 km",
        "14 people in 2 places live on the smaller pieces of layers/streets",
    ]


def test_streets_of_which_none_is_walked_are_an_error(folder: Folder) -> None:
    folder.write("streets.geojson", geojson(feature("LineString", [[EAST, NORTH], [EAST + 9, NORTH]], c="motorway")))
    found, _ = folder.read(
        streets=record("streets", "line", "streets.geojson", "EPSG:4548", columns={"street_class": "c"})
    )
    [told] = folder.check(found)
    assert told.severity == "error"
    assert "holds no network that can be walked" in told.what
