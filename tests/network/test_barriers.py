r"""Points behind walls, and points to which somebody has walked already.

Metres; (x, y) in brackets. Two streets 100 m apart, joined at one end, and walls between::

    (0, 100) +-----------60------------60---+ (200, 100)   edge 1
                                            |
         =====wall=====      d              |              wall: y = 40 from x = -50 to 70
              a                   pond      |              pond: a square around (120, 20), 10 m each way
                    b        c    [  ]      e 100 edge 2
      (0, 0) +-----------60------------60---+ (200, 0)     edge 0

    point   stands at   of its legs                                       taken
    a       (30, 30)    30 down to edge 0, clear                          edge 0, 30
    u       (30, 45)    45 down through the wall; 55 up                   edge 1, 55
    v       (30, 42)    42 down through the wall; 58 up                   edge 1, 58
    c       (120, 35)   35 down through the pond; 65 up                   edge 1, 65
    d       (75, 45)    45 down, past the end of the wall                 edge 0, 45
    e       (120, 20)   20 down out of the pond, 80 up as well, 80 right  cut off, 20
    g       (30, 40)    in the wall: 40 down                              edge 0, 40
"""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest
import shapely
from shapely import LineString, Point, box

from qyp_geo.errors import CrsError, NetworkError
from qyp_geo.network import WalkNetwork
from tests.network.brute import CRS, frame, points

WALL = LineString([(-50, 40), (70, 40)])
POND = box(110, 10, 130, 30)
BARRIERS = gpd.GeoSeries([WALL, POND], index=["wall", "pond"], crs=CRS)
PLACES = {"a": (30, 30), "u": (30, 45), "v": (30, 42), "c": (120, 35), "d": (75, 45), "e": (120, 20), "g": (30, 40)}
TAKEN = {"a": (0, 30.0), "u": (1, 55.0), "v": (1, 58.0), "c": (1, 65.0), "d": (0, 45.0), "g": (0, 40.0)}


@pytest.fixture(scope="module")
def net() -> WalkNetwork:
    lines = [[(0, 0), (200, 0)], [(0, 100), (200, 100)], [(200, 0), (200, 100)]]
    return WalkNetwork.from_lines(frame([LineString(xy) for xy in lines]))


@pytest.fixture
def places() -> gpd.GeoDataFrame:
    return points(*PLACES.values(), index=list(PLACES))


class TestBarriers:
    def test_the_drawing(self, net: WalkNetwork, places: gpd.GeoDataFrame) -> None:
        at = net.snap(places, barriers=BARRIERS)
        taken = zip(at.edge.tolist(), at.off_m.tolist(), strict=True)
        assert dict(zip(at.labels.take(at.owner), taken, strict=True)) == TAKEN
        assert at.cut_off.to_dict() == {"e": 20.0}
        assert at.too_far.empty
        assert at.labels.tolist() == list(PLACES)
        assert net.nearest(at, at)["walk_m"].isna().tolist() == [name == "e" for name in PLACES]

    def test_a_frame_of_barriers_is_as_good(self, net: WalkNetwork, places: gpd.GeoDataFrame) -> None:
        at = net.snap(places, barriers=gpd.GeoDataFrame(geometry=BARRIERS))
        assert at.cut_off.to_dict() == {"e": 20.0}

    def test_without_barriers_nothing_is_cut_off(self, net: WalkNetwork, places: gpd.GeoDataFrame) -> None:
        for at in (net.snap(places), net.snap(places, barriers=gpd.GeoSeries([], crs=CRS))):
            assert at.off_m.tolist() == [30.0, 45.0, 42.0, 35.0, 45.0, 20.0, 40.0]
            assert at.cut_off.empty

    def test_the_limit_holds_for_the_way_round(self, net: WalkNetwork, places: gpd.GeoDataFrame) -> None:
        """58 m up is too far for v, and so its street behind the wall (42 m) makes it cut off; e sees none either."""
        at = net.snap(places, barriers=BARRIERS, max_off_m=57.999)
        assert at.cut_off.to_dict() == {"v": 42.0, "c": 35.0, "e": 20.0}
        assert net.snap(places, barriers=BARRIERS, max_off_m=58.0).cut_off.to_dict() == {"c": 35.0, "e": 20.0}
        assert net.snap(places, barriers=BARRIERS, max_off_m=math.inf).cut_off.to_dict() == {"e": 20.0}

    def test_too_far_is_not_cut_off(self, net: WalkNetwork, places: gpd.GeoDataFrame) -> None:
        at = net.snap(places, barriers=BARRIERS, max_off_m=41.9999)
        assert at.cut_off.to_dict() == {"c": 35.0, "e": 20.0}
        assert at.too_far.to_dict() == {"u": 45.0, "v": 42.0, "d": 45.0}

    def test_of_several_gates_the_open_ones(self, net: WalkNetwork) -> None:
        gates = points((120, 20), (60, 20), (30, 900), of=["park"] * 3, index=["in", "out", "far"])
        at = net.snap(gates, of="of", barriers=BARRIERS)
        assert at.along_m.tolist() == [60.0]
        assert at.left_out.to_dict() == {"in": 20.0, "far": 800.0}
        assert at.cut_off.empty

    @pytest.mark.parametrize("y", [40.00005, 40.0, 39.99995])
    def test_a_gate_in_its_wall_opens_to_both_sides(self, net: WalkNetwork, y: float) -> None:
        assert net.snap(points((30, y)), barriers=BARRIERS).edge.tolist() == [0]

    def test_a_street_that_ends_at_the_wall(self) -> None:
        net = WalkNetwork.from_lines(frame([LineString([(0, 0), (0, 10)])]))
        wall = gpd.GeoSeries([LineString([(-9, 10), (9, 10)])], crs=CRS)
        assert net.snap(points((0, 12)), barriers=wall).off_m.tolist() == [2.0]

    def test_a_wall_in_two_parts_has_no_gap_where_they_meet(self, net: WalkNetwork) -> None:
        parts = gpd.GeoSeries([LineString([(0, 40), (30, 40)]), LineString([(30, 40), (60, 40)])], crs=CRS)
        assert net.snap(points((30, 45)), barriers=parts).edge.tolist() == [1]

    def test_what_is_no_barrier(self, net: WalkNetwork) -> None:
        odd = gpd.GeoSeries([WALL, Point(3, 3)], index=["wall", "post"], crs=CRS)
        with pytest.raises(NetworkError, match="barriers: 1 are neither lines nor polygons: 'post'"):
            net.snap(points((0, 1)), barriers=odd)
        with pytest.raises(CrsError, match="barriers: they are in EPSG:4547, the network is in EPSG:4548"):
            net.snap(points((0, 1)), barriers=BARRIERS.to_crs("EPSG:4547"))


def open_leg(place: npt.NDArray[np.float64], line: LineString, walls: list[Any], max_off_m: float) -> float:
    """Metres of the leg to a line, infinite where it is too far or meets a wall: one by one."""
    leg = shapely.shortest_line(Point(place), line)
    free = leg.length <= max_off_m and not any(leg.intersects(wall) for wall in walls)
    return float(leg.length) if free else math.inf


@pytest.mark.parametrize("seed", range(8))
def test_brute_force(seed: int) -> None:
    """Random streets, walls and points; each point tries every street."""
    rng = np.random.default_rng(seed)
    lines = [LineString(xy) for xy in rng.uniform(0, 300, (12, 3, 2))]
    walls: list[Any] = [LineString(xy) for xy in rng.uniform(0, 300, (15, 2, 2))]
    ponds = [box(x, y, x + 30, y + 20) for x, y in rng.uniform(0, 300, (4, 2))]
    outlines = walls + [pond.boundary for pond in ponds]
    xy = rng.uniform(0, 300, (60, 2))
    net = WalkNetwork.from_lines(frame(lines))
    at = net.snap(points(*map(tuple, xy)), barriers=gpd.GeoSeries(walls + ponds, crs=CRS), max_off_m=40.0)
    legs = np.array([[open_leg(place, line, outlines, 40.0) for line in lines] for place in xy])
    nearest = np.array([min(line.distance(Point(place)) for line in lines) for place in xy])
    has_access = np.isfinite(legs.min(axis=1))
    assert at.owner.tolist() == np.flatnonzero(has_access).tolist()
    assert at.edge.tolist() == legs.argmin(axis=1)[has_access].tolist()
    assert at.off_m == pytest.approx(legs.min(axis=1)[has_access], abs=1e-6)
    assert at.cut_off.index.tolist() == np.flatnonzero(~has_access & (nearest <= 40.0)).tolist()
    assert at.too_far.index.tolist() == np.flatnonzero(nearest > 40.0).tolist()
    assert at.cut_off.to_numpy() == pytest.approx(nearest[at.cut_off.index], abs=1e-3)
    assert len(at.cut_off) > 0


class TestMetresWalked:
    def test_they_count_in_every_walk(self, net: WalkNetwork) -> None:
        """Two gates: 50 m inside and 5 m off at x = 10; 7.25 m inside and 8 m off at x = 100. The shop is at x = 20."""
        gates = points((10, 5), (100, 8), of=["home", "home"], inside_m=[50.0, 7.25])
        home = net.snap(gates, of="of", walked_m="inside_m")
        assert home.off_m.tolist() == [55.0, 15.25]
        shop, kiosk = net.snap(points((20, 0), index=["shop"])), net.snap(points((90, 0), index=["kiosk"]))
        assert net.walks(home, shop)["walk_m"].tolist() == [65.0]
        assert net.nearest(home, kiosk)["walk_m"].tolist() == [25.25]
        assert net.nearest(kiosk, home)["walk_m"].tolist() == [25.25]

    def test_they_do_not_count_towards_the_reach(self, net: WalkNetwork) -> None:
        at = net.snap(points((10, 5), inside_m=[500]), walked_m="inside_m", max_off_m=5.0)
        assert at.off_m.tolist() == [505.0]
        assert at.too_far.empty

    @pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf, "near", None])
    def test_they_must_be_metres(self, net: WalkNetwork, bad: Any) -> None:
        gates = points((10, 5), (20, 5), index=["g1", "g2"], inside_m=[1.0, bad])
        with pytest.raises(NetworkError, match="1 have no number of metres, 0 or more, in column 'inside_m': 'g2'"):
            net.snap(gates, walked_m="inside_m")

    def test_their_column_must_exist(self, net: WalkNetwork) -> None:
        with pytest.raises(NetworkError, match=r"walked_m='m' names no column \(columns: 'geometry'\)"):
            net.snap(points((10, 5)), walked_m="m")
