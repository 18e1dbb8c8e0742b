r"""A network whose every distance can be read off its drawing.

Metres; (x, y) in brackets. Streets: `main` A-B-C-F, `square` B-D-E-C, `bypass` below B-C, `loop` at F, `island`, and
`bridge`, which crosses four of them without joining any::

                        + (170, 150)
         d              :
    D----o-----100------:---E (200, 100)                  (1000, 1000) +----i----+ (1050, 1000)
    |         bridge -> :   |                                            island, 50
   100   square         :  100
    |         q         :   |          w   +----30----+ (290, 30)
    A--p-100--B----o----:---C----s--60--F  30        30
              |   100   :   |          loop|          t
              40        :  40              F----30----+ (290, 0)
              +----r----:---+  bypass
            (100, -40)  :
                        + (170, -100)

    A (0, 0)  B (100, 0)  C (200, 0)  F (260, 0)  D (100, 100)

    point   stands at     street    foot at       off   to the street's nodes
    p       (50, 5)       main      (50, 0)        5    A 50, B 50
    q       (150, 3)      main      (150, 0)       3    B 50, C 50
    r       (150, -43)    bypass    (150, -40)     3    B 40 + 50, C 50 + 40
    s       (230, -4)     main      (230, 0)       4    C 30, F 30
    t       (293, 15)     loop      (290, 15)      3    F 30 + 15 one way, 15 + 30 + 30 the other
    w       (257, 10)     loop      (260, 10)      3    F 10 one way, 20 + 30 + 30 + 30 the other
    d       (150, 104)    square    (150, 100)     4    B 100 + 50, C 50 + 100
    i       (1025, 1002)  island    (1025, 1000)   2
    z       (170, 400)    bridge    (170, 150)   250    too far
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from qyp_geo.errors import CrsError, NetworkError
from qyp_geo.network import Positions, WalkNetwork
from tests.network.brute import brute_walks, frame, points

STREETS = {
    "main": [(0, 0), (100, 0), (200, 0), (260, 0)],
    "square": [(100, 0), (100, 100), (200, 100), (200, 0)],
    "bypass": [(100, 0), (100, -40), (200, -40), (200, 0)],
    "loop": [(260, 0), (290, 0), (290, 30), (260, 30), (260, 0)],
    "island": [(1000, 1000), (1050, 1000)],
    "bridge": [(170, -100), (170, 150)],
}
PLACES = {
    "p": (50, 5),
    "q": (150, 3),
    "r": (150, -43),
    "s": (230, -4),
    "t": (293, 15),
    "w": (257, 10),
    "d": (150, 104),
    "i": (1025, 1002),
    "z": (170, 400),
}
# Off-network leg, way, off-network leg.
WALKS = {
    ("p", "q"): 5 + (50 + 50) + 3,
    ("p", "r"): 5 + (50 + 90) + 3,
    ("p", "s"): 5 + (50 + 100 + 30) + 4,
    ("p", "t"): 5 + (50 + 100 + 60 + 45) + 3,
    ("p", "w"): 5 + (50 + 100 + 60 + 10) + 3,
    ("p", "d"): 5 + (50 + 150) + 4,
    ("q", "r"): 3 + (50 + 90) + 3,
    ("q", "s"): 3 + (50 + 30) + 4,
    ("q", "t"): 3 + (50 + 60 + 45) + 3,
    ("q", "w"): 3 + (50 + 60 + 10) + 3,
    ("q", "d"): 3 + (50 + 150) + 4,
    ("r", "s"): 3 + (90 + 30) + 4,
    ("r", "t"): 3 + (90 + 60 + 45) + 3,
    ("r", "w"): 3 + (90 + 60 + 10) + 3,
    ("r", "d"): 3 + (90 + 150) + 4,
    ("s", "t"): 4 + (30 + 45) + 3,
    ("s", "w"): 4 + (30 + 10) + 3,
    ("s", "d"): 4 + (30 + 150) + 4,
    ("t", "w"): 3 + (45 + 10) + 3,  # both on the loop: 55 through F is shorter than 65 along the edge
    ("t", "d"): 3 + (45 + 60 + 150) + 4,
    ("w", "d"): 3 + (10 + 60 + 150) + 4,
}
OFF_M = {"p": 5, "q": 3, "r": 3, "s": 4, "t": 3, "w": 3, "d": 4, "i": 2}


@pytest.fixture(scope="module")
def net() -> WalkNetwork:
    return WalkNetwork.from_lines(frame([shapely.LineString(xy) for xy in STREETS.values()], list(STREETS)))


@pytest.fixture(scope="module")
def at(net: WalkNetwork) -> Positions:
    return net.snap(points(*PLACES.values(), index=list(PLACES)))


def all_walks() -> dict[tuple[str, str], float]:
    """Both directions, and from each point out to the street and back to itself."""
    there = {pair: float(m) for pair, m in WALKS.items()}
    back = {(b, a): m for (a, b), m in there.items()}
    return there | back | {(name, name): 2.0 * off_m for name, off_m in OFF_M.items()}


def test_the_drawing_agrees_with_brute_force() -> None:
    lines = frame([shapely.LineString(xy) for xy in STREETS.values()])
    everyone = points(*PLACES.values(), index=list(PLACES))
    assert brute_walks(lines, everyone, everyone) == pytest.approx(all_walks())


def test_every_distance_of_the_drawing(net: WalkNetwork, at: Positions) -> None:
    walks = net.walks(at, at, within_m=1000.0)
    found = dict(zip(zip(walks["origin"], walks["target"], strict=True), walks["walk_m"], strict=True))
    assert found == all_walks()  # to the bit


def test_walks_are_in_input_order(net: WalkNetwork, at: Positions) -> None:
    walks = net.walks(at, at, within_m=150.0)
    order = list(PLACES)
    expected = sorted(
        (pair for pair, m in all_walks().items() if m <= 150.0), key=lambda p: [order.index(k) for k in p]
    )
    assert list(zip(walks["origin"], walks["target"], strict=True)) == expected
    assert list(walks.columns) == ["origin", "target", "walk_m"]
    assert walks.index.equals(pd.RangeIndex(len(walks)))


@pytest.mark.parametrize(("within_m", "found"), [(108.0, True), (107.999, False), (108, True)])
def test_the_limit_is_inclusive(net: WalkNetwork, at: Positions, within_m: float, found: bool) -> None:
    walks = net.walks(at, at, within_m=within_m)
    assert bool(((walks["origin"] == "p") & (walks["target"] == "q")).any()) is found
    near = net.nearest(net.snap(points((50, 5), index=["p"])), net.snap(points((150, 3))), within_m=within_m)
    assert near["walk_m"].notna().tolist() == [found]


@pytest.mark.parametrize(
    ("metres", "walk_m"), [(100.0004, 100.0), (99.9996, 100.0), (100.0006, None), (100.00049, 100.0), (100.0, 100.0)]
)
def test_the_millimetre_meets_the_limit(metres: float, walk_m: float | None) -> None:
    net = WalkNetwork.from_lines(
        frame([shapely.LineString([(0, 0), (60, 0)]), shapely.LineString([(60, 0), (300, 0)])])
    )
    here, there = net.snap(points((0, 0))), net.snap(points((metres, 0)))
    for origins, targets in ((here, there), (there, here)):
        assert net.walks(origins, targets, within_m=100.0)["walk_m"].tolist() == ([] if walk_m is None else [walk_m])
        nearest = net.nearest(origins, targets, within_m=100.0)["walk_m"]
        assert nearest.dropna().tolist() == ([] if walk_m is None else [walk_m])


def test_nearest_in_input_order_with_nan(net: WalkNetwork, at: Positions) -> None:
    shops = net.snap(points((150, -43), (257, 10), index=["r", "w"]))
    near = net.nearest(at, shops, within_m=150.0)
    assert near.index.tolist() == list(PLACES)
    assert near.index.name == "origin"
    expected = {"p": 148.0, "q": 126.0, "r": 6.0, "s": 47.0, "t": 61.0, "w": 6.0, "d": np.nan, "i": np.nan, "z": np.nan}
    assert near["walk_m"].to_dict() == pytest.approx(expected, abs=0.0, nan_ok=True)
    assert near["target"].fillna("").tolist() == ["r", "w", "r", "w", "w", "w", "", "", ""]
    assert list(near.columns) == ["target", "walk_m"]


def test_nearest_without_a_limit(net: WalkNetwork, at: Positions) -> None:
    near = net.nearest(at, net.snap(points((50, 5), index=["p"])), within_m=np.inf)
    assert near["walk_m"].to_dict() == pytest.approx(
        {"p": 10, "q": 108, "r": 148, "s": 189, "t": 263, "w": 228, "d": 209, "i": np.nan, "z": np.nan},
        abs=0.0,
        nan_ok=True,
    )


def test_ties_go_to_the_earlier_target(net: WalkNetwork) -> None:
    middle = net.snap(points((50, 0), index=["middle"]))
    ends = {"A": (0, 0), "B": (100, 0)}
    for order in (["A", "B"], ["B", "A"]):
        targets = net.snap(points(*(ends[name] for name in order), index=order))
        near = net.nearest(middle, targets)
        assert (near.loc["middle", "target"], near.loc["middle", "walk_m"]) == (order[0], 50.0)


@pytest.mark.parametrize(("ahead_m", "winner"), [(0.0004, "first"), (0.002, "second")])
def test_a_tie_is_what_is_reported_as_one(ahead_m: float, winner: str) -> None:
    """Of two targets reported at the same millimetre the earlier wins, though the later is a little nearer."""
    steps = [shapely.LineString([(x, 0), (x + 10, 0)]) for x in range(0, 200, 10)]
    net = WalkNetwork.from_lines(frame(steps))
    targets = net.snap(points((0, 0), (ahead_m, 0), index=["first", "second"]))
    for x in (5.0, 100.0, 200.0):
        assert net.nearest(points((x, 0)), targets)["target"].tolist() == [winner]


def test_several_ties_at_one_node() -> None:
    """Six targets less than a millimetre apart, the nearest last: the first of the input wins at every distance."""
    steps = [shapely.LineString([(x, 0), (x + 10, 0)]) for x in range(0, 100, 10)]
    net = WalkNetwork.from_lines(frame(steps))
    targets = net.snap(points(*((1.0 + k * 0.0001, 0.0) for k in range(6))))
    origins = net.snap(points(*((x, 0.0) for x in (11.0001, 55.0001, 99.0001))))
    near = net.nearest(origins, targets)
    assert near["target"].tolist() == [0, 0, 0]
    assert near["walk_m"].tolist() == [10.0, 54.0, 98.0]


def test_owners_with_several_positions(net: WalkNetwork) -> None:
    """A park with gates at A and at F, a school with one gate; the least walk counts, each is one thing."""
    gates = points((0, 0), (150, -40), (260, 0), of=["park", "school", "park"], index=["g1", "g2", "g3"])
    targets = net.snap(gates, of="of")
    people = net.snap(points((50, 5), (230, -4), index=["p", "s"]))
    walks = net.walks(people, targets, within_m=1000.0)
    assert walks.to_dict("split")["data"] == [
        ["p", "park", 55.0],
        ["p", "school", 145.0],
        ["s", "park", 34.0],
        ["s", "school", 124.0],
    ]
    back = net.walks(targets, people, within_m=1000.0)
    assert back.to_dict("split")["data"] == [
        ["park", "p", 55.0],
        ["park", "s", 34.0],
        ["school", "p", 145.0],
        ["school", "s", 124.0],
    ]
    assert net.nearest(targets, people)["walk_m"].to_dict() == {"park": 34.0, "school": 124.0}


def test_points_are_snapped_with_the_defaults(net: WalkNetwork, at: Positions) -> None:
    raw = points(*PLACES.values(), index=list(PLACES))
    pd.testing.assert_frame_equal(net.walks(raw, raw.geometry), net.walks(at, at))
    pd.testing.assert_frame_equal(net.nearest(raw, raw), net.nearest(at, at))


def test_nobody_and_nothing(net: WalkNetwork, at: Positions) -> None:
    nobody = net.snap(points())
    far = net.snap(points((0, 5000), index=["far"]))
    for a, b in ((nobody, at), (at, nobody), (nobody, nobody), (far, at), (at, far)):
        walks = net.walks(a, b)
        assert walks.empty
        assert list(walks.columns) == ["origin", "target", "walk_m"]
        assert walks["walk_m"].dtype == np.float64
        near = net.nearest(a, b)
        assert near.index.equals(a.labels.rename("origin"))
        assert near["walk_m"].isna().all()
        assert near["target"].isna().all()


def test_components(net: WalkNetwork, at: Positions) -> None:
    assert net.components["length_m"].tolist() == [860.0, 250.0, 50.0]
    assert net.components["n_edges"].tolist() == [6, 1, 1]
    assert net.components["n_nodes"].tolist() == [4, 2, 2]  # A, B, C, F: D and E are only bends
    of = net.component_of(at)
    assert of.to_dict() == {"p": 0, "q": 0, "r": 0, "s": 0, "t": 0, "w": 0, "d": 0, "i": 2, "z": -1}
    gates = points((1025, 1000), (50, 0), of=["park", "park"])
    assert net.component_of(net.snap(gates, of="of")).to_dict() == {"park": 0}
    assert net.edges.groupby("component")["length_m"].sum().tolist() == [860.0, 250.0, 50.0]


def test_edges(net: WalkNetwork, at: Positions) -> None:
    assert net.edges["line"].tolist() == ["main", "main", "main", "square", "bypass", "loop", "island", "bridge"]
    assert net.edges["length_m"].tolist() == [100.0, 100.0, 60.0, 300.0, 180.0, 120.0, 50.0, 250.0]
    assert (net.n_edges, net.n_nodes) == (8, 8)
    assert net.edges.crs == net.crs
    for edge, along_m, point in zip(at.edge, at.along_m, at.points, strict=True):
        assert net.edges.geometry[int(edge)].interpolate(along_m).equals(point)
    assert repr(net) == "<WalkNetwork: 8 nodes, 8 edges, 1.2 km>"


@pytest.mark.parametrize("bad", [-1.0, float("nan")])
def test_a_limit_must_be_one(net: WalkNetwork, at: Positions, bad: float) -> None:
    with pytest.raises(NetworkError, match=r"within_m.*given: (-1|nan)"):
        net.walks(at, at, within_m=bad)
    with pytest.raises(NetworkError, match="within_m"):
        net.nearest(at, at, within_m=bad)
    with pytest.raises(NetworkError, match="max_off_m"):
        net.snap(points((0, 0)), max_off_m=bad)
    with pytest.raises(NetworkError, match="threads"):
        net.walks(at, at, threads=0)


def test_positions_belong_to_their_network(net: WalkNetwork, at: Positions) -> None:
    other = WalkNetwork.from_lines(frame([shapely.LineString([(0, 0), (100, 0)])]))
    with pytest.raises(NetworkError, match="another network"):
        other.walks(at, at)
    again = WalkNetwork.from_lines(frame([shapely.LineString(xy) for xy in STREETS.values()], list(STREETS)))
    pd.testing.assert_frame_equal(again.walks(at, at), net.walks(at, at))


def test_points_in_another_frame(net: WalkNetwork) -> None:
    with pytest.raises(CrsError, match="they are in EPSG:4547, the network is in EPSG:4548"):
        net.snap(points((0, 0)).to_crs("EPSG:4547"))
    with pytest.raises(CrsError, match="no reference system"):
        net.snap(gpd.GeoSeries([shapely.Point(0, 0)]))


def test_labels_that_are_integers_stay_integers_beside_those_without() -> None:
    net = WalkNetwork.from_lines(gpd.GeoSeries([shapely.LineString([(0, 0), (100, 0)])], crs="EPSG:4548"))
    origins = gpd.GeoSeries([shapely.Point(0, 0), shapely.Point(0, 5000)], crs="EPSG:4548")
    targets = gpd.GeoSeries([shapely.Point(90, 0)], index=[2**53 + 1], crs="EPSG:4548")
    near = net.nearest(net.snap(origins), net.snap(targets))
    assert near["target"].tolist()[0] == 2**53 + 1
    assert near["walk_m"].tolist()[0] == 90.0
    assert near.iloc[1].isna().all()
