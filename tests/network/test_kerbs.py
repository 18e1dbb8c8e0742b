r"""Two-sided streets: every distance of a drawing, and random networks against a graph built another way.

Metres; (x, y) in brackets. `avenue` A-B-C is 40 m wide and two-sided; `lane` L-B-M crosses it at B, `side` leaves it
at C to the north, where the avenue ends too::

                L (100, 80)              S (300, 80)
                |                        |
         n      |        p               |
    A ==========B========================C          A (0, 0)  B (100, 0)  C (300, 0)
         s      |        q
                |
                M (100, -80)

    point   stands at     street   kerb    leg          to A   to B   to C
    n       (40, 25)      avenue   north   25 - 20 = 5    40     60
    s       (40, -27)     avenue   south   27 - 20 = 7    40     60
    p       (200, 21)     avenue   north   21 - 20 = 1          100    100
    q       (200, -12)    avenue   south   12 < 20: 0           100    100
    o       (240, 0)      avenue   both    0                    140     60
    h       (104, 70)     lane             4                     70

At the dead end A one walks around; so one does at C, where `side` (not two-sided) joins what is beside it. B is the only
junction (C has two ends of edges): without a layer of crossings one may cross there, for 40 m.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point

from qyp_geo.errors import CrsError, NetworkError
from qyp_geo.network import WalkNetwork
from qyp_geo.network.kerbs import side_of
from tests.network.brute import frame, plain, points

STREETS = {
    "avenue": [(0, 0), (100, 0), (300, 0)],
    "lane": [(100, 80), (100, 0), (100, -80)],
    "side": [(300, 0), (300, 80)],
}
PLACES = {"n": (40, 25), "s": (40, -27), "p": (200, 21), "q": (200, -12), "o": (240, 0), "h": (104, 70)}


def streets(two_sided: tuple[str, ...] = ("avenue",)) -> gpd.GeoDataFrame:
    names = list(STREETS)
    return frame([LineString(xy) for xy in STREETS.values()], names, wide=[name in two_sided for name in names])


def build(crossings: gpd.GeoDataFrame | None = None, **options: Any) -> WalkNetwork:
    return WalkNetwork.from_lines(streets(), two_sided="wide", **({"width_m": 40.0} | options), crossings=crossings)


def walk(net: WalkNetwork, a: str, b: str) -> tuple[float, bool]:
    """Metres between two places, and whether one crosses; both tables must say so, in both directions."""
    one, other = points(PLACES[a], index=[a]), points(PLACES[b], index=[b])
    tables = [
        net.walks(one, other, within_m=5000.0, crosses_arterial=True),
        net.walks(other, one, within_m=5000.0, crosses_arterial=True),
        net.nearest(one, other, crosses_arterial=True),
        net.nearest(other, one, crosses_arterial=True),
    ]
    found = {(float(t["walk_m"].iloc[0]), bool(t["crosses_arterial"].iloc[0])) for t in tables}
    assert len(found) == 1
    return found.pop()


class TestTheDrawing:
    @pytest.mark.parametrize(
        ("a", "b", "walk_m", "crosses"),
        [
            ("n", "p", 5 + 60 + 100 + 1, False),  # past the lane on the north kerb
            ("s", "q", 7 + 60 + 100 + 0, False),
            ("n", "s", 5 + 40 + 40 + 7, False),  # around the dead end
            ("p", "q", 1 + 100 + 100 + 0, False),  # around C: 200 and a little, less than 240 by way of B
            ("n", "q", 5 + 60 + 40 + 100 + 0, True),  # over at B
            ("s", "h", 7 + 60 + 40 + 70 + 4, True),
            ("n", "h", 5 + 60 + 70 + 4, False),
            ("o", "p", 0 + 40 + 1, False),  # in the middle one is on both sides
            ("o", "q", 0 + 40 + 0, False),
        ],
    )
    def test_walks(self, a: str, b: str, walk_m: float, crosses: bool) -> None:
        assert walk(build(), a, b) == (walk_m, crosses)

    def test_without_two_sides_one_walks_straight_over(self) -> None:
        net = WalkNetwork.from_lines(streets())
        assert walk(net, "n", "s") == (25 + 27, False)
        assert walk(net, "p", "q") == (21 + 12, False)

    def test_positions(self) -> None:
        at = build().snap(points(*PLACES.values(), index=list(PLACES)))
        assert at.labels.take(at.owner).tolist() == ["n", "s", "p", "q", "o", "o", "h"]
        assert at.edge.tolist() == [0, 1, 2, 3, 2, 3, 4]
        assert at.off_m.tolist() == [5.0, 7.0, 1.0, 0.0, 0.0, 0.0, 4.0]
        assert at.along_m.tolist() == [40.0, 40.0, 100.0, 100.0, 140.0, 140.0, 10.0]
        assert at.points["p"] == Point(200, 0)

    def test_edges(self) -> None:
        edges = build().edges
        assert edges["line"].tolist() == ["avenue"] * 4 + ["lane"] * 2 + ["side"]
        assert edges["side"].tolist() == [1, -1, 1, -1, 0, 0, 0]
        assert edges["width_m"].tolist() == [40.0] * 4 + [0.0] * 3
        assert edges["length_m"].tolist() == [100.0, 100.0, 200.0, 200.0, 80.0, 80.0, 80.0]
        assert edges["component"].tolist() == [0] * 7

    def test_the_reach_is_that_of_the_leg(self) -> None:
        """At 25 m from the centre line n is 5 m from its kerb; and the kerb may be nearer than the nearest line."""
        assert build().snap(points(PLACES["n"]), max_off_m=4.999).too_far.to_dict() == {0: 5.0}
        assert build().snap(points(PLACES["n"]), max_off_m=5.0).too_far.empty
        at = build().snap(points((85, 21)))  # 15 m from the lane, 21 m from the avenue
        assert (at.edge.tolist(), at.off_m.tolist()) == ([0], [1.0])

    def test_a_leg_ends_at_the_kerb(self) -> None:
        """A barrier in the middle of the street (a railway on piers) is not met; a wall along the kerb is."""
        three = points((200, 21), (200, 12), (230, -25), index=["p", "q", "r"])
        for y, cut_off in ((0.0, {}), (20.5, {"p": 1.0}), (-20.5, {"r": 5.0}), (12.0, {})):
            barriers = frame([LineString([(0, y), (280, y)])])
            assert build().snap(three, barriers=barriers, max_off_m=60.0).cut_off.to_dict() == cut_off

    def test_of_lines_upon_each_other_the_first_decides(self) -> None:
        avenue = LineString([(0, 0), (200, 0)])
        both = frame([avenue, avenue.reverse()], wide=[True, False])
        for lines, n_edges in ((both, 2), (both.iloc[::-1], 1)):
            assert WalkNetwork.from_lines(lines, two_sided="wide", width_m=20).n_edges == n_edges


class TestCrossings:
    """The same drawing with a layer of crossings: only there one may cross."""

    def test_none_at_all(self) -> None:
        net = build(points())
        assert walk(net, "n", "q") == (5 + 40 + 100 + 100 + 0, False)  # around A
        assert net.report.crossings_unused.empty

    @pytest.mark.parametrize(("x", "allowed"), [(115.0, True), (115.001, False)])
    def test_at_a_node_within_15_m(self, x: float, allowed: bool) -> None:
        """At B for 40 m; else in mid-block, 15.001 m beyond B."""
        net = build(points((x, 0)))
        ahead_m = 0.0 if allowed else 15.001
        assert walk(net, "n", "q") == (5 + 60 + 40 + 100, True)
        assert walk(net, "s", "h") == (round(7 + 60 + 2 * ahead_m + 40 + 70 + 4, 3), True)

    def test_in_mid_block(self) -> None:
        """A footbridge at x = 210, drawn 9 m beside the centre line: p and q are 10 m from it along the street."""
        net = build(points((210, 9)))
        assert walk(net, "p", "q") == (1 + 10 + 40 + 10 + 0, True)
        assert walk(net, "n", "q") == (5 + 60 + 110 + 40 + 10, True)
        assert net.edges["length_m"].tolist() == [100.0, 100.0, 110.0, 110.0, 90.0, 90.0, 80.0, 80.0, 80.0]
        assert net.near_misses.empty
        assert net.crossings.empty

    def test_several_on_one_block(self) -> None:
        net = build(points((250, 0), (130, 3), (205, -8), (205, 4)))
        assert walk(net, "p", "q") == (1 + 5 + 40 + 5, True)
        assert net.edges.loc[net.edges["side"] == 1, "length_m"].tolist() == [100.0, 30.0, 75.0, 45.0, 50.0]

    def test_a_walk_as_short_without_crossing_does_not_cross(self) -> None:
        """p to q is 201 m around C. By a crossing 80 m off it is 1 + 80 + 40 + 80 = 201 m as well."""
        net = build(points((120, 0)))
        assert walk(net, "p", "q") == (201.0, False)
        assert walk(build(points((120.5, 0))), "p", "q") == (200.0, True)

    def test_the_far_are_listed(self) -> None:
        crossings = points((210, 15), (210, 15.001), (100, 60), (320, 5), index=list("abcd"))
        assert build(crossings).report.crossings_unused.tolist() == ["b", "c", "d"]

    def test_the_width_of_each_street(self) -> None:
        lines = streets(("avenue", "lane")).assign(metres=[40.0, 24.0, np.nan])
        net = WalkNetwork.from_lines(lines, two_sided="wide", width_m="metres")
        assert walk(net, "n", "p") == (5 + 60 + 24 + 100 + 1, True)
        assert walk(net, "n", "q") == (5 + 60 + 64 + 100, True)  # 40 + 24: over both
        assert net.edges["width_m"].tolist() == [40.0] * 4 + [24.0] * 4 + [0.0]


class TestSides:
    BEND = LineString([(0, 0), (100, 0), (50, 10)])  # turns back sharply to the left

    @pytest.mark.parametrize(
        ("place", "side"),
        [
            ((50, 2), 1),
            ((50, -2), -1),
            ((50, 9), 1),  # between the arms
            ((50, 13), -1),  # beyond the second arm
            ((104, 5), -1),  # outside of the bend, though left of the first arm
            ((104, -5), -1),
            ((-3, 1), 1),
            ((-3, -1), -1),
            ((-3, 0), 0),
            ((30, 0.00009), 0),
            ((30, 0.00011), 1),
            ((100, 0), 0),
        ],
    )
    def test_of_a_bend(self, place: tuple[float, float], side: int) -> None:
        for line, expected in ((self.BEND, side), (self.BEND.reverse(), -side)):
            assert side_of(np.array([line]), np.array([Point(place)])).tolist() == [expected]

    def test_of_far_coordinates(self) -> None:
        """As in the plane of a district."""
        shift = np.array([404_321.123, 3_170_654.321])
        line = LineString(shapely.get_coordinates(self.BEND) + shift)
        for place, side in (((50, 0.002), 1), ((50, -0.002), -1), ((104, 5), -1), ((33.3, 0), 0)):
            assert side_of(np.array([line]), np.array([Point(np.array(place) + shift)])).tolist() == [side]


class TestNodes:
    """How kerbs meet. All streets are two-sided and 10 m wide; no crossing anywhere."""

    @staticmethod
    def net(*lines: Any) -> WalkNetwork:
        wide = frame([LineString(xy) for xy in lines], wide=[True] * len(lines))
        return WalkNetwork.from_lines(wide, two_sided="wide", width_m=10, crossings=points())

    def test_four_corners(self) -> None:
        net = self.net([(-100, 0), (0, 0), (100, 0)], [(0, -100), (0, 0), (0, 100)])
        corners = net.snap(points((50, 5), (5, 50), (-5, 50), (50, -5), index=["ne", "en", "wn", "se"]))
        walks = net.walks(corners, corners)
        from_ne = walks[walks["origin"] == "ne"].set_index("target")["walk_m"]
        # The next corner is reached around the dead ends, 100 m out and back.
        assert from_ne.to_dict() == {"ne": 0.0, "en": 100.0, "wn": 200.0, "se": 100.0}

    def test_a_ring_has_an_inside(self) -> None:
        net = self.net([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])
        within, without = net.snap(points((50, 9))), net.snap(points((50, -9)))
        assert net.nearest(within, without, within_m=math.inf)["walk_m"].isna().all()
        assert len(net.components) == 2
        assert net.components["length_m"].tolist() == [400.0, 400.0]

    def test_a_street_cut_where_nothing_joins_stays_apart(self) -> None:
        net = self.net([(0, 0), (100, 0)], [(300, 0), (100, 0)])
        home, shop = net.snap(points((80, 6))), net.snap(points((150, -6)))
        assert net.nearest(home, shop)["walk_m"].tolist() == [1 + 80 + 100 + 50 + 1]
        assert net.nearest(home, net.snap(points((150, 6))))["walk_m"].tolist() == [1 + 70 + 1]


class TestRefused:
    def test_columns(self) -> None:
        lines = streets()
        with pytest.raises(NetworkError, match=r"lines: two_sided='broad' names no column \(columns: 'wide', 'geom"):
            WalkNetwork.from_lines(lines, two_sided="broad", width_m=40)
        with pytest.raises(NetworkError, match=r"two_sided='wide' names no column \(columns: none, it"):
            WalkNetwork.from_lines(lines.geometry, two_sided="wide", width_m=40)
        with pytest.raises(NetworkError, match="width_m: two-sided streets need their metres"):
            WalkNetwork.from_lines(lines, two_sided="wide")
        with pytest.raises(NetworkError, match="width_m: only two-sided streets have a width"):
            WalkNetwork.from_lines(lines, width_m=40)
        with pytest.raises(NetworkError, match="crossings: only two-sided streets have any"):
            WalkNetwork.from_lines(lines, crossings=points((0, 0)))

    @pytest.mark.parametrize("bad", [None, "yes", math.nan, 3])
    def test_neither_true_nor_false(self, bad: Any) -> None:
        with pytest.raises(NetworkError, match="1 are neither true nor false in column 'wide': 'lane'"):
            WalkNetwork.from_lines(streets().assign(wide=[True, bad, False]), two_sided="wide", width_m=40)

    @pytest.mark.parametrize("bad", [None, 0.0, -3.0, math.nan, math.inf, "broad"])
    def test_no_width(self, bad: Any) -> None:
        lines = streets().assign(metres=pd.Series([bad, 7, 7], index=list(STREETS), dtype=object))
        with pytest.raises(NetworkError, match=r"1 two-sided ones have no width_m.*'metres'\): 'avenue'"):
            WalkNetwork.from_lines(lines, two_sided="wide", width_m="metres")

    def test_crossings(self) -> None:
        with pytest.raises(CrsError, match="crossings: they are in EPSG:4547"):
            build(points((0, 0)).to_crs("EPSG:4547"))
        with pytest.raises(NetworkError, match="crossings: 1 are no points with finite coordinates: 0"):
            build(frame([LineString([(0, 0), (1, 1)])]))


def test_no_street_with_two_sides_changes_nothing() -> None:
    lines = streets(())
    plain, asked = WalkNetwork.from_lines(lines), WalkNetwork.from_lines(lines, two_sided="wide", width_m="wide")
    everyone = points(*PLACES.values(), index=list(PLACES))
    pd.testing.assert_frame_equal(plain.edges, asked.edges)
    pd.testing.assert_frame_equal(plain.walks(everyone, everyone), asked.walks(everyone, everyone))
    positions = plain.snap(everyone)
    pd.testing.assert_frame_equal(asked.nearest(positions, positions), plain.nearest(positions, positions))


class Brute:
    """Kerbs as nodes of a networkx graph, joined around each node one after the other by links without length.

    Every line has two vertices. `ends[k][e]` is the place of the end e (0 or 1) of line k.
    """

    def __init__(
        self, lines: list[LineString], wide: list[bool], width_m: list[float], crossings: list[Point] | None
    ) -> None:
        self.lines, self.wide, self.width_m = lines, wide, width_m
        self.ends = [[(round(x, 4), round(y, 4)) for x, y in line.coords] for line in lines]
        self.stops: dict[tuple[int, str], list[tuple[float, Any]]] = defaultdict(list)
        self.graph = nx.MultiGraph()
        self.links: list[tuple[Any, Any, float]] = []
        around: dict[Any, list[tuple[float, int, int]]] = defaultdict(list)
        for k, (a, b) in enumerate(self.ends):
            around[a].append((math.atan2(b[1] - a[1], b[0] - a[0]), k, 0))
            around[b].append((math.atan2(a[1] - b[1], a[0] - b[0]), k, 1))
            for side in self.sides(k):
                self.stops[k, side] = [(0.0, (k, 0, side)), (1.0, (k, 1, side))]
        for ends in around.values():
            ends.sort()
            for (_, k, e), (_, j, f) in zip(ends, ends[1:] + ends[:1], strict=True):
                self.graph.add_edge((k, e, self.kerb(k, "LR"[e])), (j, f, self.kerb(j, "RL"[f])), weight=0.0)
        junctions = {place for place, ends in around.items() if len(ends) >= 3}
        for place in junctions if crossings is None else self.place(crossings):
            for _, k, e in around[place]:
                if wide[k]:
                    self.links.append(((k, e, "L"), (k, e, "R"), width_m[k]))

    def sides(self, k: int) -> str:
        return "LR" if self.wide[k] else "-"

    def kerb(self, k: int, side: str) -> str:
        return side if self.wide[k] else "-"

    def place(self, crossings: list[Point]) -> set[Any]:
        """Nodes to cross at; the other crossings become stops on the nearest street."""
        allowed = set()
        wide = [k for k in range(len(self.lines)) if self.wide[k]]
        for nth, point in enumerate(crossings):
            nodes = {end for k in wide for end in self.ends[k] if math.dist(end, (point.x, point.y)) <= 15}
            allowed |= nodes
            nearest = min(wide, key=lambda k: self.lines[k].distance(point))
            if not nodes and self.lines[nearest].distance(point) <= 15:
                share = self.lines[nearest].project(point, normalized=True)
                for side in "LR":
                    self.stops[nearest, side].append((share, ("crossing", nth, side)))
                self.links.append((("crossing", nth, "L"), ("crossing", nth, "R"), self.width_m[nearest]))
        return allowed

    def put(self, name: Any, x: float, y: float) -> None:
        """Let `name` stand on the nearest kerb of its side."""
        centre_m = [line.distance(Point(x, y)) for line in self.lines]
        off_m = [max(m - w / 2 * wide, 0.0) for m, w, wide in zip(centre_m, self.width_m, self.wide, strict=True)]
        k = min(range(len(self.lines)), key=lambda k: (off_m[k], centre_m[k], k))
        (ax, ay), (bx, by) = self.lines[k].coords
        left = (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0
        share = self.lines[k].project(Point(x, y), normalized=True)
        self.stops[k, self.kerb(k, "L" if left else "R")].append((share, ("foot of", name)))
        self.graph.add_edge(name, ("foot of", name), weight=off_m[k])

    def walks(self, origins: list[Any], targets: list[Any], *, crossing: bool) -> dict[tuple[Any, Any], float]:
        graph = self.graph.copy()
        for (k, _), stops in self.stops.items():
            for (share, stop), (next_share, next_stop) in pairwise(sorted(stops, key=lambda s: s[0])):
                graph.add_edge(stop, next_stop, weight=(next_share - share) * self.lines[k].length)
        if crossing:
            graph.add_weighted_edges_from(self.links)
        found: dict[tuple[Any, Any], float] = {}
        for origin in origins:
            reached = nx.single_source_dijkstra_path_length(graph, origin)
            found |= {(origin[1], target[1]): reached[target] for target in targets if target in reached}
        return found


def random_streets(rng: np.random.Generator) -> tuple[list[LineString], npt.NDArray[np.float64]]:
    """Streets between the corners of a distorted grid, some missing, a few from corner to corner across a block."""
    size = 4
    corner = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1) * 90.0 + rng.uniform(
        -20, 20, (size, size, 2)
    )
    pairs = [((i, j), (i, j + 1)) for i in range(size) for j in range(size - 1)]
    pairs += [((j, i), (j + 1, i)) for i in range(size) for j in range(size - 1)]
    pairs += [((0, 0), (1, 1)), ((2, 2), (1, 3)), ((2, 1), (3, 0))]
    pairs = [(a, b) if rng.random() < 0.5 else (b, a) for a, b in pairs if rng.random() < 0.8]
    return [LineString([corner[a], corner[b]]) for a, b in pairs], corner.reshape(-1, 2)


@pytest.mark.parametrize("layer", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_brute_force(seed: int, layer: bool) -> None:
    rng = np.random.default_rng(seed)
    lines, corner = random_streets(rng)
    wide = (rng.random(len(lines)) < 0.6).tolist()
    width_m = rng.uniform(10, 45, len(lines)).tolist()
    near_corners = corner[rng.integers(0, len(corner), 5)] + rng.normal(0, 8, (5, 2))
    anywhere = rng.uniform(0, 270, (6, 2))
    on = np.array([line.interpolate(rng.uniform(0.3, 0.7), normalized=True).coords[0] for line in lines[::4]])
    crossings = points(*map(tuple, np.concatenate([near_corners, anywhere, on]))) if layer else None
    homes, shops = rng.uniform(-20, 290, (30, 2)), rng.uniform(-20, 290, (12, 2))

    brute = Brute(
        lines,
        wide,
        width_m,
        None if crossings is None else [Point(xy) for xy in crossings.get_coordinates().to_numpy()],
    )
    for side, places in (("home", homes), ("shop", shops)):
        for nth, (x, y) in enumerate(places):
            brute.put((side, nth), x, y)
    names = [("home", nth) for nth in range(30)], [("shop", nth) for nth in range(12)]
    expected, without = (brute.walks(*names, crossing=crossing) for crossing in (True, False))

    net = WalkNetwork.from_lines(
        frame(lines, wide=wide, metres=width_m), two_sided="wide", width_m="metres", crossings=crossings
    )
    at_homes, at_shops = net.snap(points(*map(tuple, homes))), net.snap(points(*map(tuple, shops)))
    walks = net.walks(at_homes, at_shops, within_m=math.inf, crosses_arterial=True)
    pairs = list(zip(walks["origin"], walks["target"], strict=True))
    assert dict(zip(pairs, walks["walk_m"], strict=True)) == pytest.approx(expected, abs=1e-3, rel=0)
    crossing = [pair not in without or without[pair] > expected[pair] + 1e-6 for pair in pairs]
    assert walks["crosses_arterial"].tolist() == crossing
    assert len({*crossing}) == 2

    near = net.nearest(at_homes, at_shops, within_m=math.inf, crosses_arterial=True)
    least = plain(walks).sort_values("walk_m", kind="stable").drop_duplicates("origin").set_index("origin")
    pd.testing.assert_frame_equal(near, least.reindex(at_homes.labels.rename("origin")), check_dtype=False)


@pytest.mark.parametrize("seed", range(8))
def test_bends(seed: int) -> None:
    """Streets with bends, drawn in either direction, against pieces without: a bend is no junction."""
    rng = np.random.default_rng(100 + seed)
    lines, _ = random_streets(rng)
    bends = [line.interpolate(0.5, normalized=True).coords[0] + rng.normal(0, 9, 2) for line in lines]
    bent = [LineString([line.coords[0], bend, line.coords[1]]) for line, bend in zip(lines, bends, strict=True)]
    pieces = [LineString(line.coords[k : k + 2]) for line in bent for k in (0, 1)]
    wide = rng.random(len(bent)) < 0.6
    homes, shops = rng.uniform(-20, 290, (25, 2)), rng.uniform(-20, 290, (10, 2))
    brute = Brute(pieces, np.repeat(wide, 2).tolist(), [20.0] * len(pieces), None)
    for side, places in (("home", homes), ("shop", shops)):
        for nth, (x, y) in enumerate(places):
            brute.put((side, nth), x, y)
    names = [("home", nth) for nth in range(25)], [("shop", nth) for nth in range(10)]
    expected = brute.walks(*names, crossing=True)
    for drawn in (bent, [line.reverse() for line in bent]):
        net = WalkNetwork.from_lines(frame(drawn, wide=wide), two_sided="wide", width_m=20.0)
        walks = net.walks(points(*map(tuple, homes)), points(*map(tuple, shops)), within_m=math.inf)
        pairs = zip(walks["origin"], walks["target"], strict=True)
        assert dict(zip(pairs, walks["walk_m"], strict=True)) == pytest.approx(expected, abs=1e-3, rel=0)
