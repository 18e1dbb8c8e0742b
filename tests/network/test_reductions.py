"""Counts, sums and the k nearest against the table of all walks, to the bit."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from qyp_geo.errors import NetworkError
from qyp_geo.network import Positions, WalkNetwork, answers
from tests.network.brute import frame, plain, points
from tests.network.test_oracle import places, streets


def sums_one_by_one(walks: pd.DataFrame, origins: Positions, factors: pd.Series) -> list[float]:
    """What the targets of each origin weigh, added up in their order by plain Python."""
    total = dict.fromkeys(origins.labels, 0.0)
    for origin, factor in zip(walks["origin"], factors, strict=True):
        total[origin] += factor
    return list(total.values())


def assert_agree(net: WalkNetwork, origins: Positions, targets: Positions, limit: float, weight: pd.Series) -> None:
    """Pairs, counts, sums, the nearest and the k nearest say the same."""
    walks = plain(net.walks(origins, targets, within_m=limit))
    csr = net.walks_csr(origins, targets, within_m=limit, threads=3)
    assert np.repeat(origins.labels, np.diff(csr.indptr)).tolist() == walks["origin"].tolist()
    assert targets.labels[csr.target].tolist() == walks["target"].tolist()
    assert csr.walk_m.tobytes() == walks["walk_m"].to_numpy().tobytes()

    weights = pd.DataFrame({"people": weight, "seats": weight * 3.7})
    tally = net.tally(origins, targets, within_m=limit, weights=weights, decay=lambda m: np.exp(-m / 100), threads=2)
    assert tally.index.tolist() == origins.labels.tolist()
    count = walks["origin"].value_counts().reindex(origins.labels, fill_value=0)
    assert tally["n_targets"].tolist() == count.tolist()
    for name in weights:
        factors = weights[name].reindex(walks["target"]).to_numpy() * np.exp(-walks["walk_m"] / 100)
        assert tally[name].tolist() == sums_one_by_one(walks, origins, factors)

    for k in (1, 3):
        near = plain(net.k_nearest(origins, targets, k=k, within_m=limit))
        least = walks.sort_values("walk_m", kind="stable").groupby("origin", sort=False).head(k)
        expected = least.sort_values("origin", key=lambda o: origins.labels.get_indexer(pd.Index(o)), kind="stable")
        pd.testing.assert_frame_equal(near.drop(columns="rank"), expected.reset_index(drop=True), check_dtype=False)
        assert near["rank"].tolist() == (near.groupby("origin", sort=False).cumcount() + 1).tolist()
    nearest = net.nearest(origins, targets, within_m=limit)["target"].dropna()
    first = plain(net.k_nearest(origins, targets, k=1, within_m=limit)).set_index("origin")["target"]
    assert nearest.to_dict() == first.to_dict()


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.data())
def test_on_random_networks(data: st.DataObject) -> None:
    """With islands, parallel edges, loops, several points on one edge, several accesses, and limits that are just met."""
    lines = data.draw(streets())
    net = WalkNetwork.from_lines(lines)
    of = data.draw(st.sampled_from([None, "of"]))
    origins, targets = (net.snap(data.draw(places(lines, grid=True)), of=of) for _ in range(2))
    every_m = net.walks_csr(origins, targets, within_m=math.inf).walk_m.tolist()
    limit = data.draw(st.sampled_from([0.0, 30.0, math.inf, *every_m]))
    weight = pd.Series(
        data.draw(st.lists(st.floats(0, 9), min_size=len(targets), max_size=len(targets))), targets.labels
    )
    assert_agree(net, origins, targets, limit, weight)


@pytest.mark.parametrize(("n_origins", "n_targets"), [(600, 40), (40, 600)])
@pytest.mark.parametrize("at_once", [7, 65_536])
def test_from_either_side(n_origins: int, n_targets: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few targets are searched from, in parts, many origins one block after the other: the sums have the same bits."""
    monkeypatch.setattr(answers, "_TARGETS_AT_ONCE", at_once)
    rng = np.random.default_rng(5)
    corner = rng.uniform(0, 1500, (200, 2))
    net = WalkNetwork.from_lines(frame([LineString(corner[pair]) for pair in rng.integers(0, 200, (400, 2))]))
    origins = net.snap(points(*map(tuple, rng.uniform(0, 1500, (n_origins, 2)))))
    targets = net.snap(points(*map(tuple, rng.uniform(0, 1500, (n_targets, 2)))))
    assert_agree(net, origins, targets, 700.0, pd.Series(rng.uniform(0, 100, n_targets), targets.labels))


def test_by_hand() -> None:
    """Shops at 10 m and 60 m from a home on a street: at 60 m both count, at 59 m one."""
    net = WalkNetwork.from_lines(frame([LineString([(0, 0), (100, 0)])]))
    home, shops = net.snap(points((20, 0))), net.snap(points((30, 0), (80, 0), index=["a", "b"]))
    goods = pd.Series({"b": 5.0, "a": 2.0}, name="goods")
    for limit, n, total in ((60.0, 2, 7.0), (59.0, 1, 2.0), (9.0, 0, 0.0)):
        tally = net.tally(home, shops, within_m=limit, weights=goods)
        assert tally.to_dict("records") == [{"n_targets": n, "goods": total}]
    halved = net.tally(home, shops, within_m=60.0, weights=goods, decay=lambda walk_m: np.where(walk_m > 30, 0.5, 1.0))
    assert halved["goods"].tolist() == [4.5]
    assert net.k_nearest(home, shops, k=5, within_m=60.0)["walk_m"].tolist() == [10.0, 60.0]


def test_very_long_edges_beside_short_ones() -> None:
    """A ferry of 900 km and alleys of 1 m: steps and windows come round many times."""
    alleys = [LineString([(k, 0), (k + 1, 0)]) for k in range(200)]
    ferry = LineString([(200, 0), (900_200, 0)])
    net = WalkNetwork.from_lines(frame([*alleys, ferry, LineString([(900_200, 0), (900_201, 0)])]))
    at = net.snap(points((0, 0), (150, 0), (900_201, 0), (500_000, 0)))
    walks = plain(net.walks(at, at, within_m=math.inf)).pivot_table(index="origin", columns="target", values="walk_m")
    x = np.array([0, 150, 900_201, 500_000.0])
    assert (walks.to_numpy() == np.abs(x[:, None] - x)).all()
    assert net.nearest(at, at.take(np.array([2])), within_m=math.inf)["walk_m"].tolist() == (900_201 - x).tolist()


def test_what_is_refused() -> None:
    net = WalkNetwork.from_lines(frame([LineString([(0, 0), (100, 0)])]))
    home, shops = net.snap(points((20, 0))), net.snap(points((30, 0), (80, 0), index=["a", "b"]))
    with pytest.raises(NetworkError, match="1 targets have none: 'b'"):
        net.tally(home, shops, weights=pd.Series({"a": 1.0}))
    with pytest.raises(NetworkError, match="more than once"):
        net.tally(home, shops, weights=pd.Series([1.0, 2.0, 3.0], index=["a", "a", "b"]))
    with pytest.raises(NetworkError, match="1 or more"):
        net.k_nearest(home, shops, k=0)
