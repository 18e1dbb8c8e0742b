"""Points on the network: where they are put, which are too far, and who owns them."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point

from qyp_geo.errors import NetworkError
from qyp_geo.network import WalkNetwork
from qyp_geo.network.exact import UNIT_M
from tests.network.brute import CRS, frame, points


@pytest.fixture(scope="module")
def net() -> WalkNetwork:
    r"""Two streets, 100 m apart, and a slope between their ends.

    (0, 100) +-----------+ (100, 100)   edge 1
                         |              edge 2
      (0, 0) +-----------+ (100, 0)     edge 0
    """
    return WalkNetwork.from_lines(
        frame(
            [
                LineString([(0, 0), (100, 0)]),
                LineString([(0, 100), (100, 100)]),
                LineString([(100, 0), (100, 100)]),
            ]
        )
    )


def test_the_exact_foot(net: WalkNetwork) -> None:
    at = net.snap(points((30, 7), (100, 64), (-3, -4), index=["a", "b", "c"]))
    assert at.edge.tolist() == [0, 2, 0]
    assert at.along_m.tolist() == [30.0, 64.0, 0.0]
    assert at.off_m.tolist() == [7.0, 0.0, 5.0]
    assert at.points.to_dict() == {"a": Point(30, 0), "b": Point(100, 64), "c": Point(0, 0)}
    assert at.points.crs == net.crs
    assert at.accesses.columns.tolist() == ["edge", "along_m", "off_m", "geometry"]
    assert at.accesses.loc["a", "off_m"] == 7.0
    assert repr(at) == "<Positions: 3 owners, 3 accesses, 0 too far>"


def test_of_edges_equally_near_the_first(net: WalkNetwork) -> None:
    middle, corner = (20, 50), (103, -4)
    at = net.snap(points(middle, corner))
    assert at.edge.tolist() == [0, 0]
    other = WalkNetwork.from_lines(net.edges.iloc[::-1])
    assert other.snap(points(middle, corner)).edge.tolist() == [1, 0]


def test_lengths_and_legs_are_multiples_of_the_unit(net: WalkNetwork) -> None:
    rng = np.random.default_rng(7)
    at = net.snap(points(*map(tuple, rng.uniform(-20, 120, (200, 2)))))
    for metres in (at.along_m, at.off_m, net.edges["length_m"].to_numpy()):
        assert (metres % UNIT_M == 0).all()
    assert (at.along_m <= net.edges["length_m"].to_numpy()[at.edge]).all()


def test_the_far_are_listed_not_moved(net: WalkNetwork) -> None:
    homes = points((30, -10), (30, -250.1234), (30, -200), (30, -200.0004), (30, -200.0006), index=list("abcde"))
    at = net.snap(homes)
    assert at.too_far.to_dict() == {"b": 250.123, "e": 200.001}
    assert at.labels.tolist() == list("abcde")
    assert at.labels.take(at.owner).tolist() == ["a", "c", "d"]
    assert len(net.snap(homes, max_off_m=0).too_far) == 5
    assert net.snap(homes, max_off_m=np.inf).too_far.empty


def test_owners(net: WalkNetwork) -> None:
    """Owners in the order of their first gates; a gate that is too far is listed, and so is an owner without any."""
    gates = points(
        (10, 0), (20, 5), (90, 0), (50, 900), (0, 801), (9, 800),
        of=["park", "school", "park", "park", "zoo", "zoo"],
        index=["g0", "g1", "g2", "g3", "g4", "g5"],
    )  # fmt: skip
    at = net.snap(gates, of="of")
    assert at.labels.tolist() == ["park", "school", "zoo"]
    assert at.owner.tolist() == [0, 0, 1]
    assert at.along_m.tolist() == [10.0, 90.0, 20.0]
    assert at.too_far.to_dict() == {"zoo": 700.0}
    assert at.left_out.to_dict() == {"g3": 800.0}


def test_accesses_may_be_given_in_any_order(net: WalkNetwork) -> None:
    """As when accesses found in other ways are put together with snapped ones."""
    at = net.snap(points((10, 0), (90, 0), (20, 5), of=["park", "school", "park"]), of="of")
    order = [2, 0, 1]
    arrays = {name: getattr(at, name)[order] for name in ("owner", "edge", "along_m", "off_m", "xy")}
    mixed = dataclasses.replace(at, **arrays)
    homes = net.snap(points((15, 0), (99, 0)))
    for a, b in ((homes, mixed), (mixed, homes)):
        plain = [at if side is mixed else side for side in (a, b)]
        pd.testing.assert_frame_equal(net.walks(a, b), net.walks(*plain))
        pd.testing.assert_frame_equal(net.nearest(a, b), net.nearest(*plain))


def test_repeated_labels_need_an_owner(net: WalkNetwork) -> None:
    twice = points((10, 0), (20, 0), (30, 0), index=["a", "b", "a"])
    with pytest.raises(NetworkError, match=r"1 index labels are given more than once: 'a'.*of=\"column\""):
        net.snap(twice)
    with pytest.raises(NetworkError, match="more than once"):
        net.nearest(twice, twice)
    assert net.snap(twice.assign(of=["x", "y", "x"]), of="of").labels.tolist() == ["x", "y"]


def test_owners_must_be_named(net: WalkNetwork) -> None:
    gates = points((10, 0), (20, 0), of=["park", None], index=["g1", "g2"])
    with pytest.raises(NetworkError, match="1 have no label in column 'of': 'g2'"):
        net.snap(gates, of="of")
    with pytest.raises(NetworkError, match=r"of='owner' names no column \(columns: 'of', 'geometry'\)"):
        net.snap(gates, of="owner")
    with pytest.raises(NetworkError, match="it is a GeoSeries"):
        net.snap(gates.geometry, of="of")
    with pytest.raises(NetworkError, match="1 have no label in the index"):
        net.snap(points((10, 0), (20, 0), index=["a", None]))


def test_only_points(net: WalkNetwork) -> None:
    line, several = LineString([(0, 0), (1, 1)]), shapely.MultiPoint([(0, 0)])
    mixed = frame([Point(1, 1), None, Point(), line, Point(np.inf, 0), several], list("abcdef"))
    with pytest.raises(NetworkError, match="5 are no points with finite coordinates: 'b', 'c', 'd', 'e', 'f'"):
        net.snap(mixed)


def test_heights_are_ignored(net: WalkNetwork) -> None:
    assert net.snap(frame([Point(30, 7, 500)])).off_m.tolist() == [7.0]


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([3, 1, 2]),
        pd.Index(["三", "一", "二"]),
        pd.Index([2.5, 1.5, 0.5]),
        pd.date_range("2026-01-03", periods=3),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
    ],
)
def test_any_labels(net: WalkNetwork, index: pd.Index) -> None:
    homes = gpd.GeoSeries([Point(10, 0), Point(20, 900), Point(30, 0)], index=index, crs=CRS)
    near = net.nearest(homes, homes)
    assert near.index.tolist() == index.tolist()
    assert near["target"].isna().tolist() == [False, True, False]
    assert near["target"].iloc[[0, 2]].tolist() == [index[0], index[2]]
    assert net.walks(homes, homes)["target"].tolist() == [index[0], index[2]] * 2
