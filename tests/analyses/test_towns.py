"""Random towns with estates, gates and walls, against a graph built on its own with plain loops.

Nothing of the fast code is used: the streets are straight and estates upright rectangles, so that
what is inside is clipped by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise, product
from math import hypot, inf

import networkx as nx
import numpy as np
import pytest
import shapely

from qyp_geo import analyses
from qyp_geo.analyses import Inputs
from qyp_geo.analyses.coverage import Coverage
from qyp_geo.frames import LayerData
from tests.analyses.village import box, coverage_record, frame, inputs, layer, line, point, residents, streets

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]
MAX_OFF_M = 200.0


@dataclass
class Town:
    """A town as drawn: a street is a pair of named nodes; rectangles are (west, south, east, north)."""

    nodes: dict[str, Point]
    streets: list[tuple[str, str]]
    estates: dict[str, Rectangle]
    gates: dict[str, tuple[str, Point]]
    walls: list[tuple[Point, Point]]
    homes: dict[str, Point]
    toilets: dict[str, Point]


def random_town(seed: int) -> Town:
    rng = np.random.default_rng(seed)
    nodes = {
        f"{i}{j}": (100 * i + rng.uniform(-30, 30), 100 * j + rng.uniform(-30, 30)) for i in range(5) for j in range(5)
    }
    pairs = [(f"{i}{j}", f"{i + 1}{j}") for i in range(4) for j in range(5)]
    pairs += [(f"{i}{j}", f"{i}{j + 1}") for i in range(5) for j in range(4)]
    estates = {}
    for n, (x, y) in enumerate([(0.0, 0.0), (210.0, 20.0), (60.0, 230.0)]):
        west, south = x + rng.uniform(0, 40), y + rng.uniform(0, 40)
        estates[f"E{n}"] = (west, south, west + rng.uniform(80, 160), south + rng.uniform(80, 160))
    gates = {}
    for name, (west, south, east, north) in estates.items():
        for n in range(rng.integers(1, 4)):
            along_x, along_y = rng.uniform(west, east), rng.uniform(south, north)
            sides = [(along_x, south), (along_x, north), (west, along_y), (east, along_y)]
            gates[f"{name}g{n}"] = (name, sides[rng.integers(4)])
    walls = []
    for _ in range(6):
        x, y = rng.uniform(0, 400, 2)
        walls.append(((x, y), (x + rng.uniform(-120, 120), y + rng.uniform(-120, 120))))
    return Town(
        nodes=nodes,
        streets=[pair for pair in pairs if rng.random() < 0.85],
        estates=estates,
        gates=gates,
        walls=walls,
        homes={f"h{n}": (rng.uniform(-40, 440), rng.uniform(-40, 440)) for n in range(40)},
        toilets={f"t{n}": (rng.uniform(-20, 420), rng.uniform(-20, 420)) for n in range(6)},
    )


def town_inputs(town: Town) -> Inputs:
    estates = {name: box(*sides) for name, sides in town.estates.items()}
    gates = {name: point(*place) for name, (_, place) in town.gates.items()}
    walls = {f"w{n}": line(*ends) for n, ends in enumerate(town.walls)}
    layers: dict[str, LayerData] = {
        "layers/boundary": layer(frame("boundary", {"all": box(-500, -500, 900, 900)}), "boundary"),
        "layers/streets": streets({f"{a}-{b}": line(town.nodes[a], town.nodes[b]) for a, b in town.streets}),
        "layers/residents": residents({name: point(*at) for name, at in town.homes.items()}, [1.0] * len(town.homes)),
        "layers/toilets": layer(
            frame("public_toilet", {name: point(*at) for name, at in town.toilets.items()}), "public_toilet"
        ),
        "layers/estates": layer(frame("estates", estates), "estates", gates="layers/gates"),
        "layers/gates": layer(frame("gates", gates, of=[""] * len(gates)), "gates"),
        "layers/barriers": layer(frame("barriers", walls, barrier=["wall"] * len(walls)), "barriers"),
    }
    return inputs(layers)


def town_record() -> Coverage:
    return coverage_record(
        facilities=["layers/toilets"], areas=[], estates="layers/estates", barriers="layers/barriers", circles=[]
    )


def clip(a: Point, b: Point, sides: Rectangle) -> tuple[float, float] | None:
    """From where to where, in shares of its length, a street runs in a rectangle."""
    first, last = 0.0, 1.0
    for start, way, least, most in ((a[0], b[0] - a[0], sides[0], sides[2]), (a[1], b[1] - a[1], sides[1], sides[3])):
        enters, leaves = sorted(((least - start) / way, (most - start) / way))
        first, last = max(first, enters), min(last, leaves)
    return (first, last) if first < last else None


def inset(sides: Rectangle) -> Rectangle:
    west, south, east, north = sides
    return west + 1, south + 1, east - 1, north - 1


def holds(sides: Rectangle, at: Point) -> bool:
    west, south, east, north = inset(sides)
    return west <= at[0] <= east and south <= at[1] <= north


@dataclass
class Ways:
    """Straight pieces of street, and the metres between their ends."""

    pieces: list[tuple[str, str]] = field(default_factory=list)
    places: dict[str, Point] = field(default_factory=dict)
    graph: nx.Graph = field(default_factory=nx.Graph)

    def add(self, a: str, at_a: Point, b: str, at_b: Point) -> None:
        self.places |= {a: at_a, b: at_b}
        self.pieces.append((a, b))
        self.graph.add_edge(a, b, m=hypot(at_b[0] - at_a[0], at_b[1] - at_a[1]))

    def attach(
        self, at: Point, walls: list[shapely.Geometry], openings: list[Point]
    ) -> tuple[int, float, float] | None:
        """The piece that a point goes straight to, the metres along it, and the leg."""
        best = None
        for n, (a, b) in enumerate(self.pieces):
            (ax, ay), (bx, by) = self.places[a], self.places[b]
            length_m = hypot(bx - ax, by - ay)
            share = ((at[0] - ax) * (bx - ax) + (at[1] - ay) * (by - ay)) / length_m**2
            share = min(max(share, 0.0), 1.0)
            foot = ax + share * (bx - ax), ay + share * (by - ay)
            leg_m = hypot(foot[0] - at[0], foot[1] - at[1])
            if round(leg_m, 3) > MAX_OFF_M or (best is not None and leg_m >= best[2]):
                continue
            if leg_m < 0.001 or not crosses(at, foot, walls, openings):
                best = n, share * length_m, leg_m
        return best

    def between(self, one: tuple[int, float, float], other: tuple[int, float, float]) -> float:
        """The walk from attachment to attachment, legs included."""
        legs_m = one[2] + other[2]
        least = abs(one[1] - other[1]) if one[0] == other[0] else inf
        for a, b in product((0, 1), (0, 1)):
            from_, to = self.pieces[one[0]][a], self.pieces[other[0]][b]
            if nx.has_path(self.graph, from_, to):
                ends_m = nx.dijkstra_path_length(self.graph, from_, to, weight="m")
                least = min(least, self._to_end(one, a) + ends_m + self._to_end(other, b))
        return legs_m + least

    def _to_end(self, at: tuple[int, float, float], end: int) -> float:
        a, b = self.pieces[at[0]]
        return float(at[1] if end == 0 else self.graph[a][b]["m"] - at[1])


def crosses(a: Point, b: Point, walls: list[shapely.Geometry], openings: list[Point]) -> bool:
    """Whether a leg meets a wall elsewhere than at its ends, and not where a gate opens it."""
    step = 1e-4 / hypot(b[0] - a[0], b[1] - a[1])
    ends = [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for t in (step, 1 - step)]
    leg = shapely.LineString(ends)
    for n, wall in enumerate(walls):
        for place in shapely.get_coordinates(leg.intersection(wall)):
            opened = n < len(walls) - 3 and any(hypot(place[0] - x, place[1] - y) < 1 for x, y in openings)
            if not opened:
                return True
    return False


def brute_force(town: Town) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """The walk from every home to every toilet, from its door and from its gates."""
    public, inner = Ways(), {name: Ways() for name in town.estates}
    for a, b in town.streets:
        at_a, at_b = town.nodes[a], town.nodes[b]
        cuts = []
        for name, sides in town.estates.items():
            if clipped := clip(at_a, at_b, inset(sides)):
                cuts.append((*clipped, name))
        stops = [(0.0, a)]
        for first, last, name in sorted(cuts):
            stops += [
                (first, a if first == 0.0 else f"{a}{b}{name}in"),
                (last, b if last == 1.0 else f"{a}{b}{name}out"),
            ]
        stops.append((1.0, b))

        def place(share: float, at_a: Point = at_a, at_b: Point = at_b) -> Point:
            return at_a[0] + share * (at_b[0] - at_a[0]), at_a[1] + share * (at_b[1] - at_a[1])

        for n, ((t, name), (next_t, next_name)) in enumerate(pairwise(stops)):
            if t < next_t:
                ways = public if n % 2 == 0 else inner[sorted(cuts)[n // 2][2]]
                ways.add(name, place(t), next_name, place(next_t))

    walls: list[shapely.Geometry] = [shapely.LineString(ends) for ends in town.walls]
    walls += [shapely.box(*inset(sides)).boundary for sides in town.estates.values()]
    openings = [at for _, at in town.gates.values()]

    def estate_of(at: Point) -> str:
        return next((name for name, sides in town.estates.items() if holds(sides, at)), "")

    def inside(name: str, one: Point, other: Point) -> float:
        ends = [inner[name].attach(at, [], []) for at in (one, other)]
        along_m = inf if ends[0] is None or ends[1] is None else inner[name].between(ends[0], ends[1])
        return along_m if along_m < inf else hypot(other[0] - one[0], other[1] - one[1])

    def accesses(at: Point) -> list[tuple[float, tuple[int, float, float]]]:
        name = estate_of(at)
        starts = [(0.0, at)] if not name else [
            (inside(name, at, gate), gate) for of, gate in town.gates.values() if of == name
        ]  # fmt: skip
        found = [(inside_m, public.attach(start, walls, openings)) for inside_m, start in starts]
        return [(inside_m, attached) for inside_m, attached in found if attached is not None]

    door: dict[str, dict[str, float]] = {}
    gate: dict[str, dict[str, float]] = {}
    of_toilet = {toilet: accesses(at) for toilet, at in town.toilets.items()}
    for home, at in town.homes.items():
        mine, name = accesses(at), estate_of(at)
        door[home], gate[home] = {}, {}
        for toilet, its in of_toilet.items():
            found = [(one, other, public.between(a, b)) for (one, a), (other, b) in product(mine, its)]
            direct = inside(name, at, town.toilets[toilet]) if name and estate_of(town.toilets[toilet]) == name else inf
            door[home][toilet] = min([direct, *(one + other + m for one, other, m in found)])
            gate[home][toilet] = min([direct, *(other + m for _, other, m in found)]) if name else inf
    return door, gate


@pytest.mark.parametrize("seed", range(6))
def test_every_walk_is_that_of_the_plain_loops(seed: int) -> None:
    town = random_town(seed)
    door, gate = brute_force(town)
    by_unit = analyses.run(town_record(), town_inputs(town)).parts["by_unit"]
    rows = by_unit[by_unit["requirement"] == "own.public_toilet"].set_index("unit")
    n_reached = n_gated = 0
    for home, row in rows.iterrows():
        least_m, from_gate_m = min(door[str(home)].values()), min(gate[str(home)].values())
        # The metres inside are rounded to the millimetre on either side, and so is their sum.
        assert row["walk_m"] == pytest.approx(least_m if least_m < inf else np.nan, abs=0.002, nan_ok=True), home
        assert row["walk_from_gate_m"] == pytest.approx(
            from_gate_m if from_gate_m < inf else np.nan, abs=0.002, nan_ok=True
        ), home
        n_reached += least_m < inf
        n_gated += from_gate_m < inf
    assert n_reached >= 25
    assert n_gated >= 1
