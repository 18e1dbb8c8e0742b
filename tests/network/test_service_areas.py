"""Service areas: by hand, against brute force, the contour against the buffer, and on real streets."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point
from shapely.ops import substring

from qyp_geo.errors import NetworkError
from qyp_geo.network import WalkNetwork
from qyp_geo.network.contours import contour, empty_field
from qyp_geo.network.service_areas import Method, _polygons
from tests.network.brute import BruteForce, frame, points
from tests.network.test_kerbs import random_streets
from tests.network.test_oracle import places, streets
from tests.network.test_real import futian, scattered, wuhan  # noqa: F401 - fixtures

METHODS: list[Method] = ["contour", "buffer"]
Geometries = npt.NDArray[np.object_]


def network(*lines: Sequence[tuple[float, float]], **options: Any) -> WalkNetwork:
    return WalkNetwork.from_lines(frame([LineString(xy) for xy in lines]), **options)


def drawn(areas: gpd.GeoDataFrame) -> Geometries:
    return np.asarray(areas.geometry.array, dtype=object)


def assert_near(area: Any, true: Any, *, within_m: float) -> None:
    """No point of the one is farther from the other than `within_m`."""
    assert area.is_valid
    if true.is_empty or area.is_empty:
        assert true.is_empty
        assert area.is_empty
        return
    assert shapely.buffer(true, within_m, quad_segs=64).covers(area)
    assert shapely.buffer(area, within_m, quad_segs=64).covers(true)


@pytest.mark.parametrize("method", METHODS)
class TestByHand:
    """Each true area is written down as lines, widened with very many segments."""

    def check(self, found: gpd.GeoDataFrame, *pieces: Sequence[tuple[float, float]], method: str) -> None:
        true = shapely.union_all(
            shapely.buffer([LineString(xy) if len(xy) > 1 else Point(xy) for xy in pieces], 50, quad_segs=64)
        )
        area, row = found.geometry.iloc[0], found.iloc[0]
        assert row["area_m2"] == area.area == pytest.approx(true.area, rel=0.01)
        assert_near(area, true, within_m=row["error_m"] + 1e-9)
        if method == "contour":  # nothing here is as narrow as a cell, so the whole outlines are near each other
            assert shapely.hausdorff_distance(area.boundary, true.boundary, densify=0.01) <= 10.0
            assert row["error_m"] == 10.0
        else:
            assert shapely.hausdorff_distance(area.boundary, true.boundary) <= row["error_m"] + 1e-9
            assert row["error_m"] == pytest.approx(50 * (1 - math.cos(math.pi / 32)) + 0.001)

    def test_a_street_cut_in_both_directions(self, method: Method) -> None:
        """A stadium: 2 · L · w + π · w²."""
        net = network([(0, 0), (1000, 0)])
        found = net.service_areas(points((500, 0)), within_m=200, method=method)
        self.check(found, [(300, 0), (700, 0)], method=method)
        assert found["area_m2"][0] == pytest.approx(2 * 400 * 50 + math.pi * 50**2, rel=0.003)

    def test_the_leg_is_walked_too(self, method: Method) -> None:
        net = network([(0, 0), (1000, 0)])
        found = net.service_areas(points((500, 60)), within_m=200, method=method)
        self.check(found, [(360, 0), (640, 0)], method=method)

    def test_round_the_bend(self, method: Method) -> None:
        net = network([(0, 0), (100, 0), (100, 300)])
        found = net.service_areas(points((0, 0)), within_m=250, method=method)
        self.check(found, [(0, 0), (100, 0), (100, 150)], method=method)

    def test_a_cross(self, method: Method) -> None:
        net = network([(-500, 0), (0, 0), (500, 0)], [(0, -80), (0, 0), (0, 500)])
        found = net.service_areas(points((-100, 0)), within_m=300, method=method)
        self.check(found, [(-400, 0), (200, 0)], [(0, -80), (0, 200)], method=method)  # a dead end to the south

    def test_a_loop_reached_from_both_sides_with_a_gap(self, method: Method) -> None:
        loop = [(0, 0), (500, 0), (500, 500), (0, 500), (0, 0)]
        net = network(loop)
        found = net.service_areas(points((0, 250)), within_m=900, method=method)
        self.check(found, [(500, 350), (500, 500), (0, 500), (0, 0), (500, 0), (500, 150)], method=method)
        whole = net.service_areas(points((0, 250)), within_m=1000, method=method)
        self.check(whole, loop, method=method)
        assert shapely.get_num_interior_rings(whole.geometry[0]) == 1

    def test_an_island_is_not_reached(self, method: Method) -> None:
        net = network([(0, 0), (300, 0)], [(150, 30), (150, 400)])
        found = net.service_areas(points((0, 0)), within_m=1000, method=method)
        self.check(found, [(0, 0), (300, 0)], method=method)

    def test_two_gates(self, method: Method) -> None:
        """Far apart, so the area has two parts; the leg of each is its own."""
        net = network([(0, 0), (2000, 0)])
        gates = net.snap(points((200, 0), (1800, 40), of=["park", "park"]), of="of")
        found = net.service_areas(gates, within_m=100, method=method)
        assert found["target"].tolist() == ["park"]
        assert found.geom_type.tolist() == ["MultiPolygon"]
        self.check(found, [(100, 0), (300, 0)], [(1740, 0), (1860, 0)], method=method)

    def test_exactly_at_the_limit_is_a_point(self, method: Method) -> None:
        net = network([(0, 0), (1000, 0)])
        there = points((500, 60))
        self.check(net.service_areas(there, within_m=60, method=method), [(500, 0)], method=method)
        assert net.service_areas(there, within_m=59.999, method=method).geometry[0].is_empty

    def test_bands_of_5_10_15_minutes(self, method: Method) -> None:
        net = network([(0, 0), (2000, 0)])
        found = net.service_areas(points((1000, 0), index=["x"]), within_m=[300, 500, 1000], method=method)
        assert found["target"].tolist() == ["x"] * 3
        assert found["from_m"].tolist() == [0, 300, 500]
        assert found["within_m"].tolist() == [300, 500, 1000]
        round_m2 = math.pi * 50**2
        assert found["area_m2"].to_list() == pytest.approx([60_000 + round_m2, 40_000, 100_000], rel=0.003)
        assert found.geom_type.tolist() == ["Polygon", "MultiPolygon", "MultiPolygon"]
        assert found["definition"].is_unique
        whole = net.service_areas(points((1000, 0)), within_m=1000, method=method)
        assert found["area_m2"].sum() == pytest.approx(whole["area_m2"][0], abs=1e-6)

    def test_a_band_that_adds_nothing_is_empty(self, method: Method) -> None:
        found = network([(0, 0), (100, 0)]).service_areas(points((0, 0)), within_m=(50, 100, 200), method=method)
        assert found.geometry.is_empty.tolist() == [False, False, True]
        assert found["area_m2"].iloc[2] == 0

    def test_both_kerbs_are_drawn_on_the_centre_line(self, method: Method) -> None:
        """The far kerb is reached over the link in the middle (250 + 30), and there nothing new is drawn."""
        lines = frame([LineString([(0, 0), (500, 0)]), LineString([(500, 0), (1000, 0)])], wide=[True, True])
        net = WalkNetwork.from_lines(lines, two_sided="wide", width_m=30.0, crossings=points((500, 0)))
        found = net.service_areas(points((250, 15)), within_m=400, method=method)
        self.check(found, [(0, 0), (650, 0)], method=method)

    def test_rows_are_those_of_the_targets(self, method: Method) -> None:
        net = network([(0, 0), (1000, 0)])
        there = points((900, 0), (500, 900), (100, 0), index=["b", "far", "a"])
        found = net.service_areas(there, within_m=100, method=method)
        assert found["target"].tolist() == ["b", "far", "a"]
        assert found.index.tolist() == [0, 1, 2]
        assert found.geometry.is_empty.tolist() == [False, True, False]
        assert found["area_m2"].iloc[1] == 0
        assert found["method"].unique().tolist() == [method]
        assert found.crs == net.crs
        assert net.service_areas(there[:0], method=method).empty
        nowhere = net.service_areas(there[1:2], within_m=[100, 200], method=method)
        assert nowhere.geometry.is_empty.tolist() == [True, True]


def test_the_definition_says_it_all() -> None:
    found = network([(0, 0), (1000, 0)]).service_areas(points((0, 0)), within_m=[500, 1234.5], width_m=40)
    assert found["definition"].tolist() == [
        "all within 40 m of the streets that a walk of 500 m from the target, with its leg to the street, reaches; "
        "drawn as a contour on a grid of 8 m",
        "all within 40 m of the streets that a walk of 1234.5 m from the target, with its leg to the street, reaches, "
        "less the same for 500 m; drawn as a contour on a grid of 8 m",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"within_m": math.inf}, "within_m"),
        ({"within_m": []}, "within_m"),
        ({"within_m": [500, 300]}, "within_m"),
        ({"within_m": [500, 500]}, "within_m"),
        ({"within_m": -1}, "within_m"),
        ({"within_m": [math.nan, 5]}, "within_m"),
        ({"width_m": 0}, "width_m"),
        ({"width_m": math.nan}, "width_m"),
        ({"width_m": math.inf}, "width_m"),
        ({"cell_m": 25.1}, "at most half as large as the width, so 25 m"),
        ({"cell_m": 0.5}, "at least 0.525 m"),
        ({"cell_m": math.nan}, "cell_m"),
        ({"within_m": 100_000}, "cell_m"),
        ({"method": "buffer", "cell_m": 5}, "cell_m"),
        ({"method": "hull"}, "'hull'"),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        network([(0, 0), (1000, 0)]).service_areas(points((0, 0)), **options)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_the_contour_parts_the_points_of_its_grid(data: st.DataObject) -> None:
    """Inside are those and only those that are near enough: so all rings are there, and in the right place."""
    place = st.tuples(st.integers(-60, 60), st.integers(-60, 60))
    xy = data.draw(st.lists(st.tuples(place, place), min_size=1, max_size=12))
    n_first = data.draw(st.integers(0, len(xy)))
    cell_m = data.draw(st.sampled_from([1.0, 2.5, 3.3]))
    segments = np.array(xy, dtype=float).reshape(-1, 4) * 1.03 + [500_000.3, 3_170_000.7] * 2
    field = empty_field(segments, width_m=7.0, cell_m=cell_m)
    rings = [contour(field, s, 7.0, cell_m) for s in (segments[:n_first], segments)]
    rows, columns = field.near_m2.shape
    grid = shapely.points(
        *np.meshgrid((field.column + np.arange(columns)) * cell_m, (field.row + np.arange(rows)) * cell_m)
    )
    areas = _polygons(rings)
    for area, s in zip(areas, (segments[:n_first], segments), strict=True):
        assert area.is_valid
        away_m = shapely.distance(shapely.multilinestrings(s.reshape(-1, 2, 2)), grid) if len(s) else np.inf
        decided = np.abs(away_m - 7.0) > 1e-6
        assert (shapely.contains(area, grid) == (away_m <= 7.0))[decided].all()
    assert areas[0].difference(areas[1]).is_empty  # more pieces, more area
    parts = shapely.get_parts(areas[~shapely.is_empty(areas)])
    assert shapely.is_ccw(shapely.get_exterior_ring(parts)).all()
    assert not any(shapely.is_ccw(hole) for part in parts for hole in part.interiors)


def brute_pieces(lines: gpd.GeoDataFrame, gates: gpd.GeoDataFrame, limit_m: float) -> Geometries:
    """Every stretch of street within the limit of the nearest gate, from either end of what networkx has as an edge."""
    brute = BruteForce(lines)
    where: dict[Any, tuple[float, float]] = {}
    for name, (x, y) in enumerate(shapely.get_coordinates(gates.geometry.to_list())):
        brute.put(name, x, y)
        spots = brute.spots(x, y)
        where["foot of", name] = tuple(spots[spots[:, 3].argmin(), 1:3].tolist())
    graph = brute.graph()
    reached = nx.multi_source_dijkstra_path_length(graph, set(range(len(gates))))
    pieces = []
    for u, v, length_m in graph.edges(data="weight"):
        if not isinstance(u, int) and not isinstance(v, int):  # a leg otherwise
            street = LineString([where.get(u, u), where.get(v, v)])
            for end, line in ((u, street), (v, street.reverse())):
                if reached.get(end, np.inf) <= limit_m:
                    pieces.append(substring(line, 0, min(limit_m - reached[end], length_m)))
    return np.array(pieces, dtype=object)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_brute_force(data: st.DataObject) -> None:
    """All points are gates of one park, on streets with loops, islands, and lines along each other."""
    lines = data.draw(streets())
    gates = data.draw(places(lines)).assign(of="park")
    net = WalkNetwork.from_lines(lines)
    at = net.snap(gates, of="of")
    limits = data.draw(st.sampled_from([[30.0], [12.5, 60.0], [20.0, 40.0, 90.0]]))
    true = [shapely.union_all(shapely.buffer(brute_pieces(lines, gates, limit), 6.0, quad_segs=64)) for limit in limits]
    exact = net.service_areas(at, within_m=limits, width_m=6.0, method="buffer")
    cell_m = data.draw(st.sampled_from([None, 0.7, 3.0]))
    grid = net.service_areas(at, within_m=limits, width_m=6.0, cell_m=cell_m)
    for found in (exact, grid):
        bands = drawn(found)
        assert found.geometry.is_valid.all()
        for nth, area in enumerate(true):
            upto = shapely.union_all(bands[: nth + 1], grid_size=1e-6)
            assert_near(upto, area, within_m=found["error_m"][0] + 0.001)
        for one, other in pairwise(bands):
            assert one.intersection(other).area <= 1e-6
        assert found["area_m2"].sum() == pytest.approx(shapely.union_all(bands).area, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_kerbs_reach_what_walks_reach(seed: int) -> None:
    """On two-sided streets: points on the streets are in the area of a width of next to nothing if they are walked to."""
    rng = np.random.default_rng(seed)
    lines, _ = random_streets(rng)
    wide = (rng.random(len(lines)) < 0.6).tolist()
    net = WalkNetwork.from_lines(frame(lines, wide=wide), two_sided="wide", width_m=20.0)
    target = net.snap(points(tuple(rng.uniform(50, 220, 2))))
    on = net.edges.geometry.interpolate(rng.uniform(0, 1, net.n_edges), normalized=True)
    spots = net.snap(gpd.GeoSeries(on.to_numpy(), crs=net.crs))  # on either kerb, as they are on the centre line
    walks = net.walks(spots, target, within_m=np.inf).set_index("origin")["walk_m"].reindex(spots.labels)
    legs_m = spots.accesses["off_m"].groupby(level=0).min()
    assert legs_m.max() == 0
    area = net.service_areas(target, within_m=150.0, width_m=0.01, method="buffer").geometry[0]
    decided = ~walks.between(149.95, 150.05)
    assert (shapely.dwithin(area, on.to_numpy(), 1e-3) == (walks <= 150.0).to_numpy())[decided.to_numpy()].all()


def test_the_same_bytes_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    net = WalkNetwork.from_lines(frame(random_streets(rng)[0]))
    targets = net.snap(points(*map(tuple, rng.uniform(0, 270, (40, 2)))))
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(os, "cpu_count", lambda n=threads: n)
        areas = net.service_areas(targets, within_m=[100, 200], width_m=20)
        found.append((shapely.to_wkb(drawn(areas)).tolist(), areas["area_m2"].tolist()))
    assert found[0] == found[1]


@pytest.mark.shared
@pytest.mark.parametrize("city", ["futian", "wuhan"])
def test_real_streets(city: str, request: pytest.FixtureRequest) -> None:
    lines = request.getfixturevalue(city)
    net = WalkNetwork.from_lines(lines)
    targets = net.snap(scattered(lines, 12, seed=9))
    grid, exact = net.service_areas(targets), net.service_areas(targets, method="buffer")
    assert (grid["area_m2"] / exact["area_m2"] - 1).abs().max() <= 0.005
    for area, true in zip(drawn(grid), drawn(exact), strict=True):
        assert_near(area, true, within_m=10.0)
        assert true.boundary.buffer(10.0).covers(area.boundary)
        assert true.boundary.buffer(10.0).covers(area.symmetric_difference(true))
