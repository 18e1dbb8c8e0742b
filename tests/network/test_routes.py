"""The lines of walks: by hand, and against the metres that `walks` gives."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from qyp_geo.errors import NetworkError
from qyp_geo.network import Positions, WalkNetwork, routes
from tests.network.brute import frame, points
from tests.network.test_by_hand import PLACES, STREETS
from tests.network.test_kerbs import random_streets
from tests.network.test_oracle import places, streets


@pytest.fixture(scope="module")
def net() -> WalkNetwork:
    """The drawing of `test_by_hand`."""
    return WalkNetwork.from_lines(frame([LineString(xy) for xy in STREETS.values()], list(STREETS)))


def route(net: WalkNetwork, a: str, b: str) -> tuple[float, list[list[float]]]:
    found = net.routes(points(PLACES[a], index=[a]), points(PLACES[b], index=[b]))
    assert found.index.tolist() == [a]
    return found["walk_m"].iloc[0], shapely.get_coordinates(found.geometry.iloc[0]).tolist()


class TestByHand:
    def test_along_one_edge(self, net: WalkNetwork) -> None:
        assert route(net, "s", "s") == (8.0, [[230, -4], [230, 0], [230, -4]])
        on = points((210, 0)), points((250, 0))
        assert list(net.routes(*on).geometry[0].coords) == [(210, 0), (250, 0)]
        assert list(net.routes(*on[::-1]).geometry[0].coords) == [(250, 0), (210, 0)]

    def test_over_nodes_and_bends(self, net: WalkNetwork) -> None:
        assert route(net, "p", "q") == (108.0, [[50, 5], [50, 0], [100, 0], [150, 0], [150, 3]])
        bypass = [[150, -43], [150, -40], [100, -40], [100, 0], [50, 0], [50, 5]]
        assert route(net, "r", "p") == (148.0, bypass)
        assert route(net, "p", "r") == (148.0, bypass[::-1])

    def test_the_shorter_way_around_a_loop(self, net: WalkNetwork) -> None:
        """Both on the loop: 55 m through F, not 65 m along the edge."""
        assert route(net, "t", "w") == (61.0, [[293, 15], [290, 15], [290, 0], [260, 0], [260, 10], [257, 10]])

    def test_whole_edges_between(self, net: WalkNetwork) -> None:
        assert route(net, "p", "s") == (189.0, [[50, 5], [50, 0], [100, 0], [200, 0], [230, 0], [230, -4]])

    def test_from_node_to_node(self, net: WalkNetwork) -> None:
        found = net.routes(points((100, 0)), points((200, 0)))
        assert found["walk_m"].tolist() == [100.0]
        assert list(found.geometry[0].coords) == [(100, 0), (200, 0)]

    def test_nowhere_to_go(self, net: WalkNetwork) -> None:
        here = points((150, 0), (5, 5), (5, 5), (1, 0), index=list("abcd"))
        there = points((150, 0), (1025, 1000), (5, 900), (0, 0), index=list("wxyz"))
        found = net.routes(here, there)
        assert found["walk_m"].to_dict() == pytest.approx({"a": 0.0, "b": np.nan, "c": np.nan, "d": 1.0}, nan_ok=True)
        assert found.geometry.isna().tolist() == [False, True, True, False]
        assert list(found.geometry["a"].coords) == [(150, 0), (150, 0)]
        assert found.index.name == "origin"
        assert found.crs == net.crs
        assert net.routes(here[:0], there[:0]).empty

    def test_the_gate_that_is_nearest_on_foot(self, net: WalkNetwork) -> None:
        gates = net.snap(points((0, 0), (260, 3), of=["park", "park"]), of="of")
        found = net.routes(net.snap(points((230, -4), index=["s"])), gates)
        assert found["walk_m"].tolist() == [4 + 30 + 3]  # as the loop begins at F
        assert list(found.geometry["s"].coords)[-1] == (260, 3)

    def test_metres_already_walked_take_no_line(self, net: WalkNetwork) -> None:
        home = net.snap(points((50, 5), inside_m=[100.0]), walked_m="inside_m")
        found = net.routes(home, points((60, 0)))
        assert found["walk_m"].tolist() == [115.0]
        assert list(found.geometry[0].coords) == [(50, 5), (50, 0), (60, 0)]

    def test_over_a_street_with_two_sides(self) -> None:
        """From one side to the other by way of a crossing at x = 60."""
        lines = frame([LineString([(0, 0), (100, 0)])], wide=[True])
        net = WalkNetwork.from_lines(lines, two_sided="wide", width_m=30, crossings=points((60, 3)))
        found = net.routes(points((40, 20)), points((45, -19)))
        assert found["walk_m"].tolist() == [5 + 20 + 30 + 15 + 4]
        assert list(found.geometry[0].coords) == [(40, 20), (40, 0), (60, 0), (45, 0), (45, -19)]


class TestPositions:
    def test_as_many_of_each(self, net: WalkNetwork) -> None:
        with pytest.raises(NetworkError, match="there are 1 origins, but 2 targets"):
            net.routes(points((0, 0)), points((0, 0), (5, 0)))

    def test_accesses_put_together(self, net: WalkNetwork) -> None:
        at = net.snap(points((40, 3), (50, 5)))
        unknown = dataclasses.replace(at, start_xy=None)
        assert list(net.routes(unknown, at).geometry[0].coords) == [(40, 0), (40, 3)]
        one: dict[str, Any] = {
            name: getattr(at, name)[:1] for name in ("labels", "owner", "edge", "along_m", "off_m", "xy")
        }
        with pytest.raises(NetworkError, match="positions have 1 accesses, but start_xy of 2"):
            net.routes(dataclasses.replace(at, **one), points((0, 0)))

    def test_sorted_with_their_accesses(self, net: WalkNetwork) -> None:
        at = net.snap(points((40, 3), (50, 5)))
        names = ("owner", "edge", "along_m", "off_m", "xy", "start_xy")
        reverse: dict[str, Any] = {name: getattr(at, name)[::-1] for name in names}
        mixed = dataclasses.replace(at, **reverse)
        assert mixed.start_xy is not None
        assert mixed.start_xy.tolist() == [[40, 3], [50, 5]]


def every_pair(net: WalkNetwork, origins: Positions, targets: Positions) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Routes and walks of all pairs that are connected."""
    walks = net.walks(origins, targets, within_m=math.inf)
    here, there = (
        repeated(at, at.labels.get_indexer(pd.Index(walks[side])))
        for at, side in ((origins, "origin"), (targets, "target"))
    )
    return net.routes(here, there), walks


def repeated(at: Positions, owners: npt.NDArray[np.intp]) -> Positions:
    """The accesses of some owners, each under its number in the list."""
    taken = [np.flatnonzero(at.owner == k) for k in owners]
    access = np.concatenate([np.empty(0, int), *taken])
    assert at.start_xy is not None
    return dataclasses.replace(
        at,
        labels=pd.RangeIndex(len(owners)),
        owner=np.repeat(np.arange(len(owners)), [len(k) for k in taken]),
        edge=at.edge[access],
        along_m=at.along_m[access],
        off_m=at.off_m[access],
        xy=at.xy[access],
        start_xy=at.start_xy[access],
    )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_lines_are_as_long_as_walks(data: st.DataObject) -> None:
    lines = data.draw(streets())
    net = WalkNetwork.from_lines(lines)
    grid = data.draw(st.booleans())
    of = data.draw(st.sampled_from([None, "of"]))
    origins = net.snap(data.draw(places(lines, grid=grid)), of=of)
    targets = net.snap(data.draw(places(lines, grid=grid)), of=of)
    found, walks = every_pair(net, origins, targets)
    assert found["walk_m"].tolist() == walks["walk_m"].tolist()
    assert found.length.to_numpy() == pytest.approx(walks["walk_m"].to_numpy(), abs=2e-3, rel=0)


@pytest.mark.parametrize("seed", range(6))
def test_kerbs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many short tables of distances and several reaches, and streets with two sides."""
    monkeypatch.setattr(routes, "_TABLE_SIZE", 400)
    monkeypatch.setattr(routes, "_REACHES_M", (80.0, 200.0, math.inf))
    rng = np.random.default_rng(seed)
    lines, corner = random_streets(rng)
    wide = frame(lines, wide=rng.random(len(lines)) < 0.6)
    net = WalkNetwork.from_lines(wide, two_sided="wide", width_m=16.0, crossings=points(*map(tuple, corner[::3])))
    origins = net.snap(points(*map(tuple, rng.uniform(-20, 290, (25, 2)))))
    targets = net.snap(points(*map(tuple, rng.uniform(-20, 290, (9, 2)))))
    found, walks = every_pair(net, origins, targets)
    assert found["walk_m"].tolist() == walks["walk_m"].tolist()
    # What is drawn lies on the streets, but for the two legs.
    drawn = [shapely.get_coordinates(line) for line in found.geometry]
    on_streets = gpd.GeoSeries([LineString([xy[1], *xy[1:-1]]) for xy in drawn])
    assert on_streets.difference(wide.union_all().buffer(1e-6)).length.max() == 0.0
    # Half the width is not walked of either leg, and a width is walked at each crossing, where nothing is drawn.
    assert (found.length - walks["walk_m"] <= 16.0 + 1e-3).all()
