"""What is wrong but plausible is told, and by the check that is named here; a sound town is told of nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.crs import to_display
from qyp_geo.datum import wgs84_to_gcj02
from qyp_geo.declarations import Layer, Walk
from qyp_geo.errors import Problem
from qyp_geo.layers.doubts import checks
from tests.layers.folder import EAST, NORTH, SIDE_M, Folder, feature, geojson, record
from tests.layers.test_osm import degrees, of_kind, real

MARGIN_M, BLOCK_M = 1000.0, 250.0
Shapes = list[BaseGeometry]
Write = Callable[[np.ndarray], np.ndarray]


_OFF = np.random.default_rng(7).uniform(-60.0, 60.0, 25)


def line_at(nominal_m: float) -> float:
    """Where the street stands that is to stand here: 60 m to either side, but for those that a test speaks of."""
    return (
        nominal_m
        if nominal_m in {-MARGIN_M, 0.0, 3500.0, 3750.0, SIDE_M, SIDE_M + MARGIN_M}
        else nominal_m + _OFF[int(nominal_m / BLOCK_M)]
    )


def lattice(least_m: float, most_m: float, *, noded: bool = True) -> Shapes:
    """Streets about every 250 m in both directions, from and to about these metres beyond the corner."""
    at = [line_at(nominal) for nominal in np.arange(least_m, most_m + 1, BLOCK_M)]
    along = at if noded else [at[0], at[-1]]
    northward: Shapes = [shapely.LineString([(x, y) for y in along]) for x in at]
    return moved([*northward, *(shapely.LineString([(x, y) for x in along]) for y in at)])


def moved(shapes: Shapes, east_m: float = 0.0, north_m: float = 0.0) -> Shapes:
    return [shapely.transform(shape, lambda xy: xy + np.array([EAST + east_m, NORTH + north_m])) for shape in shapes]


def homes() -> Shapes:
    """A building of 20 m by 20 m, 20 m from the middle of each street that runs north, 16 in a row and column."""
    corners = [(line_at(BLOCK_M * i) + 20, BLOCK_M * j + 115) for i in range(16) for j in range(16)]
    return moved([shapely.box(x, y, x + 20, y + 20) for x, y in corners])


def toilets() -> Shapes:
    """Points 10 m beside streets, all over the district."""
    rng = np.random.default_rng(1)
    return moved(
        [shapely.Point(line_at(BLOCK_M * i) + 10, y) for i in range(16) for y in rng.uniform(50, SIDE_M - 50, 5)]
    )


def units() -> Shapes:
    half = SIDE_M / 2
    return moved([shapely.box(x, y, x + half, y + half) for x in (0, half) for y in (0, half)])


@dataclass
class Town:
    """A sound town; a test changes one thing of it.

    `write` makes the coordinates of a layer what its file holds; by default metres of EPSG:4548.
    """

    boundary: Shapes = field(default_factory=lambda: moved([shapely.box(0, 0, SIDE_M, SIDE_M)]))
    streets: Shapes = field(default_factory=lambda: lattice(-MARGIN_M, SIDE_M + MARGIN_M))
    homes: Shapes = field(default_factory=homes)
    toilets: Shapes = field(default_factory=toilets)
    parks: Shapes = field(
        default_factory=lambda: moved([shapely.box(x, 60, x + 90, 120) for x in range(50, 2000, 250)])
    )
    people: float = 90.0
    unit_people: float = 90.0 * 64
    park_m2: float = 90.0 * 60.0
    floor_m2: float = 20.0 * 20.0 * 6
    width_m: float = 12.0
    datum: dict[str, str] = field(default_factory=dict)
    write: dict[str, Write] = field(default_factory=dict)
    level: str = "街道"

    def records(self, folder: Folder) -> dict[str, Layer]:
        """Write the files, and declare them."""
        properties: dict[str, tuple[str, str, Shapes, dict[str, Any], dict[str, str]]] = {
            "boundary": ("boundary", "polygon", self.boundary, {}, {}),
            "streets": (
                "streets",
                "line",
                self.streets,
                {"c": "secondary", "w": self.width_m},
                {"street_class": "c", "width_m": "w"},
            ),
            "homes": (
                "residents",
                "polygon",
                self.homes,
                {"p": self.people, "l": 6, "f": self.floor_m2},
                {"people": "p", "levels": "l", "floor_m2": "f"},
            ),
            "toilets": ("public_toilet", "point", self.toilets, {}, {"name": "n"}),
            "parks": ("park", "polygon", self.parks, {"a": self.park_m2}, {"name": "n", "area_m2": "a"}),
            "units": (
                "units",
                "polygon",
                units(),
                {"v": self.level, "p": self.unit_people},
                {"name": "n", "code": "n", "level": "v", "people": "p"},
            ),
        }
        found = {}
        for name, (kind, geometry, shapes, values, columns) in properties.items():
            written = shapely.transform(np.array(shapes, dtype=object), self.write.get(name, lambda xy: xy))
            rows = [
                {"type": "Feature", "properties": {"n": f"{name}{n}", **values}, "geometry": json.loads(text)}
                for n, text in enumerate(shapely.to_geojson(written))
            ]
            folder.write(f"{name}.geojson", geojson(*rows))
            found[name] = record(kind, geometry, f"{name}.geojson", self.datum.get(name, "EPSG:4548"), columns=columns)
        return found

    def problems(self, folder: Folder) -> list[Problem]:
        found, problems = folder.read(**self.records(folder))
        return problems + folder.check(found)

    def told(self, folder: Folder) -> dict[str, set[str]]:
        """By check, the layers that it told of; the boundary being wrong, what lies in it is told too."""
        by_check: dict[str, set[str]] = {}
        for problem in self.problems(folder):
            if problem.check:
                layer = problem.file.removeprefix("layers/").removeprefix("data/").split(".")[0]
                by_check.setdefault(problem.check, set()).add(layer)
        return by_check


def flipped(xy: np.ndarray) -> np.ndarray:
    return xy[:, ::-1]


def feet(xy: np.ndarray) -> np.ndarray:
    return xy / 0.3048


def in_degrees(xy: np.ndarray) -> np.ndarray:
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs="EPSG:4548")
    return shapely.get_coordinates(to_display(points).geometry.to_numpy())


def in_gcj02(xy: np.ndarray) -> np.ndarray:
    return np.column_stack(wgs84_to_gcj02(*in_degrees(xy).T))


def test_a_sound_town_is_told_of_nothing(folder: Folder) -> None:
    assert [str(problem) for problem in Town().problems(folder)] == []


@pytest.mark.parametrize("layer", ["toilets", "boundary"])
def test_swapped_degrees(folder: Folder, layer: str) -> None:
    town = Town(write={layer: lambda xy: flipped(in_degrees(xy))}, datum={layer: "wgs84"})
    assert town.told(folder).get("swapped_axes") == {layer}


@pytest.mark.parametrize("layer", ["toilets", "boundary"])
def test_swapped_metres(folder: Folder, layer: str) -> None:
    """Chinese surveyors call the north X."""
    assert Town(write={layer: flipped}).told(folder).get("swapped_axes") == {layer}


def test_a_boundary_in_the_west_where_both_could_be_latitudes(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "west", crs="EPSG:4534")
    ring = [[[lat, lon] for lon, lat in [(76.0, 39.4), (76.1, 39.4), (76.1, 39.5), (76.0, 39.5), (76.0, 39.4)]]]
    folder.write("boundary.geojson", geojson(feature("Polygon", ring)))
    _, problems = folder.read(boundary=degrees())
    assert "swapped_axes" in {problem.check for problem in problems}


@pytest.mark.parametrize("layer", ["toilets", "boundary"])
@pytest.mark.parametrize("write", [feet, lambda xy: xy / 1000.0])
def test_coordinates_in_another_unit(folder: Folder, layer: str, write: Write) -> None:
    told = Town(write={layer: write}).problems(folder)
    named = [(problem.file, problem.severity) for problem in told if problem.check == "wrong_unit"]
    assert named == [(f"layers/data/{layer}.geojson", "error")]


def test_toilets_in_gcj02_declared_as_wgs84(folder: Folder) -> None:
    datum = {"toilets": "wgs84", "homes": "cgcs2000"}
    right: dict[str, Write] = {"toilets": in_degrees, "homes": in_degrees}
    assert Town(write=right, datum=datum).told(folder) == {}
    assert Town(write=right | {"toilets": in_gcj02}, datum=datum).told(folder) == {"wrong_datum": {"toilets"}}


def test_few_things_that_cannot_be_told_are_said_to_be_too_few(folder: Folder) -> None:
    town = Town(toilets=toilets()[:7], write={"toilets": in_gcj02}, datum={"toilets": "wgs84"})
    [said] = town.problems(folder)
    assert "7 things are too few to tell whether the datum is right" in said.what
    assert (said.check, said.severity) == ("", "warning")


def test_small_layers_of_one_datum_are_judged_together(folder: Folder) -> None:
    """Eight layers of 8: those of a file that is right are told neither alone nor together."""
    town = Town()
    every = town.records(folder)
    rng = np.random.default_rng(0)
    some = rng.permutation(np.array(toilets(), dtype=object))[:64].reshape(8, 8)

    def told(write: Write) -> list[Problem]:
        few = {}
        for n, shapes in enumerate(some):
            rows = [feature("Point", in_degreed(shape, write), n=f"{n}{m}") for m, shape in enumerate(shapes)]
            folder.write(f"few{n}.geojson", geojson(*rows))
            few[f"few{n}"] = record("public_toilet", "point", f"few{n}.geojson", "wgs84", columns={"name": "n"})
        found, problems = folder.read(**every, **few)
        return problems + folder.check(found)

    assert told(in_degrees) == []
    assert {problem.check for problem in told(in_gcj02)} == {"wrong_datum"}


def in_degreed(shape: BaseGeometry, write: Write) -> list[float]:
    [[lon, lat]] = write(shapely.get_coordinates(shape)).tolist()
    return [lon, lat]


@pytest.mark.parametrize(
    ("factor", "unit"),
    [(0.3048**2, "square feet"), (10_000 / 15, "mu"), (10_000.0, "hectares"), (1e6, "square kilometres")],
)
def test_areas_in_another_unit(folder: Folder, factor: float, unit: str) -> None:
    [said] = Town(park_m2=90.0 * 60.0 / factor).problems(folder)
    assert (said.check, said.file) == ("area_unit", "layers/parks.toml")
    assert unit in said.what


def test_floors_in_square_feet(folder: Folder) -> None:
    assert Town(floor_m2=20 * 20 * 6 / 0.3048**2).told(folder) == {"area_unit": {"homes"}}


def test_an_area_that_differs_from_the_outline_is_no_other_unit(folder: Folder) -> None:
    assert Town(park_m2=90.0 * 60.0 * 4).told(folder) == {}


def test_widths_in_feet(folder: Folder) -> None:
    """The buildings stand 20 m from the middle: a street of 12 m reaches 6 m, of 20 m in feet 33 m."""
    assert Town(width_m=20.0).told(folder) == {}
    assert Town(width_m=20.0 / 0.3048).told(folder) == {"width_unit": {"streets"}}


@pytest.mark.parametrize("factor", [1e-4, 1e3])
def test_people_against_the_totals_of_units(folder: Folder, factor: float) -> None:
    assert Town(people=90.0 * factor).told(folder) == {"people_scale": {"homes"}}
    assert Town(unit_people=90.0 * 64 / factor).told(folder) == {"people_scale": {"homes"}}


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_people_against_the_floor_they_live_on(folder: Folder, factor: float) -> None:
    town = Town(people=90.0 * factor, unit_people=0.0)
    [said] = town.problems(folder)
    assert said.check == "people_scale"
    assert "m² of floor" in said.what


def test_people_of_points_against_the_streets(folder: Folder) -> None:
    """No floor, no totals: 23,040 people on 136 km of streets are 169 for each, in thousands 0.17."""
    every = Town().records(folder)
    del every["units"]

    def told(people: float) -> list[Problem]:
        rows = [
            feature("Point", list(shape.centroid.coords[0]), n=f"p{n}", p=people) for n, shape in enumerate(homes())
        ]
        folder.write("homes.geojson", geojson(*rows))
        points = record("residents", "point", "homes.geojson", "EPSG:4548", columns={"people": "p"})
        found, problems = folder.read(**{**every, "homes": points})
        return problems + folder.check(found)

    assert told(90) == []
    [said] = told(0.09)
    assert (said.check, said.file) == ("people_scale", "layers/homes.toml")
    assert "for each of the" in said.what


def test_a_layer_of_another_city(folder: Folder) -> None:
    away = [shapely.transform(shape, lambda xy: xy + np.array([90_000.0, 0.0])) for shape in toilets()]
    assert Town(toilets=away).told(folder) == {"wrong_place": {"toilets"}}


def test_a_layer_of_the_next_district_but_one(folder: Folder) -> None:
    """Near enough for a neighbour, beyond the margin all the same."""
    away = [shapely.transform(shape, lambda xy: xy + np.array([9_000.0, 0.0])) for shape in toilets()]
    assert Town(toilets=away).told(folder) == {"wrong_place": {"toilets"}}


def test_a_layer_of_the_next_district(folder: Folder) -> None:
    """What is left of it lies in the margin."""
    away = [shapely.transform(shape, lambda xy: xy + np.array([SIDE_M + 10, 0.0])) for shape in toilets()]
    assert Town(toilets=away).told(folder) == {"wrong_place": {"toilets"}}
    three = sorted(away, key=lambda shape: shape.bounds[0])[:3]
    assert Town(toilets=three).told(folder) == {}  # three may well all lie outside


def test_a_boundary_of_another_city(folder: Folder) -> None:
    told = Town(boundary=moved([shapely.box(0, 0, SIDE_M, SIDE_M)], east_m=80_000.0)).told(folder)
    assert told == {"wrong_place": {"streets", "homes", "toilets", "parks", "units"}}


def test_streets_without_common_vertices(folder: Folder) -> None:
    town = Town(streets=lattice(-MARGIN_M, SIDE_M + MARGIN_M, noded=False))
    told = town.told(folder)
    assert told["unnoded_streets"] == {"streets"}
    assert set(told) == {"unnoded_streets", "island"}  # each street is a piece, with people on it


def test_streets_that_are_joined_where_they_cross_are_not_told(folder: Folder) -> None:
    every = Town(streets=lattice(-MARGIN_M, SIDE_M + MARGIN_M, noded=False)).records(folder)
    every["streets"] = every["streets"].model_copy(update={"walk": Walk(node_crossings=True)})
    found, problems = folder.read(**every)
    assert problems + folder.check(found) == []


def test_streets_cut_off_at_the_boundary(folder: Folder) -> None:
    area = shapely.box(EAST + 100, NORTH + 100, EAST + SIDE_M - 100, NORTH + SIDE_M - 100)
    clipped = [shape.intersection(area) for shape in lattice(-MARGIN_M, SIDE_M + MARGIN_M) if shape.intersects(area)]
    town = Town(boundary=[area], streets=clipped)
    [said] = [problem for problem in town.problems(folder) if problem.check == "streets_cut_at_border"]
    assert said.what == "60 streets reach the boundary, and 0 go on beyond it"


def test_a_margin_without_streets(folder: Folder) -> None:
    """No street reaches the boundary."""
    [said] = [
        problem for problem in Town(streets=lattice(250, SIDE_M - 250)).problems(folder) if "margin" in problem.what
    ]
    assert said.check == "streets_cut_at_border"
    assert "0% of all places are near one, as far within 100%" in said.what


def test_a_river_on_one_side_is_no_cut(folder: Folder) -> None:
    river = shapely.box(EAST - 2000, NORTH - 2000, EAST, NORTH + 2 * SIDE_M)
    streets = [
        shape for shape in shapely.difference(lattice(-MARGIN_M, SIDE_M + MARGIN_M), river) if not shape.is_empty
    ]
    assert Town(streets=streets).told(folder) == {}


def test_an_island_with_a_tenth_of_the_people(folder: Folder) -> None:
    """What lies east of 3,500 m keeps its streets, but no bridge leads there."""
    strait = shapely.box(EAST + 3510, NORTH - 2000, EAST + 3740, NORTH + 2 * SIDE_M)
    rest = shapely.difference(np.array(lattice(-MARGIN_M, SIDE_M + MARGIN_M), dtype=object), strait)
    town = Town(streets=list(shapely.get_parts(rest)))
    [said] = [problem for problem in town.problems(folder) if problem.check]
    assert (said.check, said.file) == ("island", "layers/homes.toml")
    assert "1,440 people in 16 places" in said.what
    assert said.given == "6.2% of the people"


def test_every_check_is_named_in_the_table_and_tried_here() -> None:
    named = {check.name for check in checks()}
    tried = (Path(__file__), Path(__file__).with_name("test_coordinates.py"))
    source = "".join(path.read_text(encoding="utf-8") for path in tried)
    assert {name for name in named if f'"{name}"' in source} == named
    package = Path(__file__).parents[2] / "qyp_geo" / "layers"
    written = "".join(path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py")))
    assert {name for name in named if f'"{name}"' in written} == named
    assert all(check.zh and check.en and check.needs for check in checks())


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "crs", "box"),
    [
        ("tsinghua_beijing.osm", "EPSG:4548", (116.3165, 39.9970, 116.3250, 40.0060)),
        ("guixi_jiangxi.osm", "EPSG:4548", (117.2100, 28.2800, 117.2500, 28.3100)),
        ("shenzhen_futian_walk.graphml", "EPSG:4547", (114.0120, 22.5300, 114.0270, 22.5420)),
    ],
)
def test_real_towns_are_told_of_nothing_that_is_not_so(
    tmp_path: Path, shared_data: Path, file: str, crs: str, box: tuple[float, float, float, float]
) -> None:
    """Their pieces and the people on them are so; nothing else is told."""
    folder = real(tmp_path, shared_data / file, crs, box)
    folder.margin_m = 500.0
    layers = {"streets": of_kind("streets", "line", file)}
    if file.endswith(".osm"):
        kinds = ("residents", "public_toilet", "park", "bus_stop", "public_parking", "convenience_store")
        layers |= {kind: of_kind(kind, path=file) for kind in kinds}
    found, problems = folder.read(boundary=degrees(), **layers)
    told = {problem.check for problem in problems + folder.check(found)}
    assert told <= {"", "island"}
