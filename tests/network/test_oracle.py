"""Random small networks against brute force, and the answers of the network against each other."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import LineString

from qyp_geo.network import Positions, WalkNetwork
from tests.network.brute import BruteForce, brute_walks, frame, plain, points

STRETCH = st.sampled_from([1.0, 0.25, math.sqrt(2), math.pi / 3, 1 / 3])
CORNER = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda c: (10 * c[0], 10 * c[1]))
PLACE = st.tuples(st.integers(-50, 650), st.integers(-50, 650)).map(lambda c: (0.1037 * c[0], 0.1041 * c[1]))


@st.composite
def streets(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """Lines between few corners, so that they share vertices, run along each other, cross, and close into loops."""
    corners = draw(st.lists(CORNER, min_size=2, max_size=9, unique=True))
    scale = draw(STRETCH)
    line = st.lists(st.sampled_from(corners), min_size=2, max_size=5).map(
        lambda xy: LineString([(scale * x, scale * y) for x, y in xy])
    )
    lines = draw(st.lists(line, min_size=1, max_size=9))
    assume(any(line.length > 0 for line in lines))
    return frame(lines)


@st.composite
def places(draw: st.DrawFn, lines: gpd.GeoDataFrame, *, grid: bool = False) -> gpd.GeoDataFrame:
    """Points around the streets; on request on corners and at simple shares of segments, where ties abound."""
    brute = BruteForce(lines)
    if grid:
        on = st.tuples(
            st.sampled_from(brute.segments), st.sampled_from([0, 0.25, 0.5, 1]), st.sampled_from([0, 2e-4, 4e-4])
        )
        spot = on.map(
            lambda s: (
                s[0][0][0] + s[1] * (s[0][1][0] - s[0][0][0]),
                s[0][0][1] + s[1] * (s[0][1][1] - s[0][0][1]) + s[2],
            )
        )
    else:
        spot = PLACE
    xy = draw(st.lists(spot, min_size=1, max_size=7))
    assume(grid or not any(brute.ambiguous(x, y) for x, y in xy))
    owners = draw(st.lists(st.sampled_from("abcde"), min_size=len(xy), max_size=len(xy)))
    return points(*xy, of=owners)


def as_dict(walks: pd.DataFrame) -> dict[tuple[Any, Any], float]:
    return dict(zip(zip(walks["origin"], walks["target"], strict=True), walks["walk_m"], strict=True))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_brute_force(data: st.DataObject) -> None:
    lines = data.draw(streets())
    origins, targets = data.draw(places(lines)), data.draw(places(lines))
    max_off_m = data.draw(st.sampled_from([200.0, 5.0]))
    owned = data.draw(st.booleans())
    net = WalkNetwork.from_lines(lines)
    of = "of" if owned else None
    at_origins = net.snap(origins, of=of, max_off_m=max_off_m)
    at_targets = net.snap(targets, of=of, max_off_m=max_off_m)
    if owned:
        origins, targets = origins.set_index("of"), targets.set_index("of")
    expected = brute_walks(lines, origins, targets, max_off_m=max_off_m)

    found = as_dict(net.walks(at_origins, at_targets, within_m=math.inf))
    assert found == pytest.approx(expected, abs=1e-3, rel=0)

    limit = data.draw(st.integers(0, 120)) + 0.5
    within = as_dict(net.walks(at_origins, at_targets, within_m=limit))
    assert within == {pair: m for pair, m in found.items() if m <= limit}


def first_least(walks: pd.DataFrame, origins: Positions) -> pd.DataFrame:
    """What `nearest` must say, read off the table of all pairs."""
    least = plain(walks).sort_values("walk_m", kind="stable").drop_duplicates("origin").set_index("origin")
    return least.reindex(origins.labels.rename("origin"))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_walks_and_nearest_agree(data: st.DataObject) -> None:
    """Also on ties, exact or within the millimetre, and in either direction."""
    lines = data.draw(streets())
    net = WalkNetwork.from_lines(lines)
    grid = data.draw(st.booleans())
    of = data.draw(st.sampled_from([None, "of"]))
    origins = net.snap(data.draw(places(lines, grid=grid)), of=of)
    targets = net.snap(data.draw(places(lines, grid=grid)), of=of)
    limit = data.draw(st.sampled_from([0.0, 10.0, 30.0, 60.0, math.inf]))

    walks = net.walks(origins, targets, within_m=limit, threads=1)
    back = net.walks(targets, origins, within_m=limit, threads=2)
    assert {(b, a): m for (a, b), m in as_dict(back).items()} == as_dict(walks)
    nearest = net.nearest(origins, targets, within_m=limit)
    pd.testing.assert_frame_equal(nearest, first_least(walks, origins), check_dtype=False)


@pytest.mark.parametrize("seed", range(5))
def test_walks_and_nearest_agree_where_targets_crowd(seed: int) -> None:
    """Many targets at the same corners of a grid, fractions of a millimetre apart."""
    rng = np.random.default_rng(seed)
    steps = range(0, 60, 10)
    lines = [LineString([(x, y), (x + 10, y)]) for x in steps for y in steps]
    lines += [LineString([(x, y), (x, y + 10)]) for x in steps for y in steps]
    net = WalkNetwork.from_lines(frame(lines))
    corner = rng.integers(0, 7, (80, 2)) * 10.0
    targets = net.snap(points(*map(tuple, corner + rng.integers(0, 9, (80, 2)) * 1e-4)))
    origins = net.snap(points(*map(tuple, rng.uniform(0, 60, (200, 2)))))
    nearest = net.nearest(origins, targets)
    pd.testing.assert_frame_equal(nearest, first_least(net.walks(origins, targets), origins), check_dtype=False)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_the_order_and_direction_of_lines_do_not_matter(data: st.DataObject) -> None:
    lines = data.draw(streets())
    origins, targets = data.draw(places(lines)), data.draw(places(lines))
    reverse = frame([line.reverse() for line in lines.geometry[::-1]])
    one, other = WalkNetwork.from_lines(lines), WalkNetwork.from_lines(reverse)
    assert one.n_nodes == other.n_nodes
    assert one.components["length_m"].tolist() == pytest.approx(other.components["length_m"].tolist(), abs=1e-4)
    found = as_dict(one.walks(origins, targets, within_m=math.inf))
    assert as_dict(other.walks(origins, targets, within_m=math.inf)) == pytest.approx(found, abs=1e-3, rel=0)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(streets())
def test_noded_crossings_are_what_geometry_says(lines: gpd.GeoDataFrame) -> None:
    net = WalkNetwork.from_lines(lines, node_crossings=True)
    union = shapely.union_all(lines.geometry, grid_size=1e-4)
    assert net.edges["length_m"].sum() == pytest.approx(union.length, abs=1e-2)
    assert net.crossings.empty
    assert (net.near_misses["distance_m"] > 1e-4).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_bytes_for_any_number_of_threads(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 2000, (150, 2))
    pairs = rng.integers(0, 150, (260, 2))
    net = WalkNetwork.from_lines(frame([LineString(corner[pair]) for pair in pairs]))
    origins = net.snap(points(*map(tuple, rng.uniform(0, 2000, (300, 2)))))
    targets = net.snap(points(*map(tuple, rng.uniform(0, 2000, (170, 2)))))
    for a, b in ((origins, targets), (targets, origins)):
        tables = [net.walks(a, b, within_m=800.0, threads=threads) for threads in (1, 2, 5, None)]
        assert len(tables[0]) > 500
        for table in tables[1:]:
            for column in table:
                assert table[column].to_numpy().tobytes() == tables[0][column].to_numpy().tobytes()
        nearest = [net.nearest(a, b, within_m=800.0, threads=threads) for threads in (1, 2, 5, None)]
        for table in nearest[1:]:
            pd.testing.assert_frame_equal(table, nearest[0], check_exact=True)


def test_a_street_longer_than_the_limit() -> None:
    """Hundreds of points on one edge, no node in reach of most of them."""
    net = WalkNetwork.from_lines(frame([LineString([(0, 0), (100_000, 0)])]))
    x = np.random.default_rng(3).uniform(0, 100_000, 400)
    at = net.snap(points(*((v, 0.0) for v in x)))
    found = as_dict(net.walks(at, at, within_m=500.0))
    apart = np.rint(np.abs(x[:, None] - x) * 1000) / 1000
    assert found.keys() == set(zip(*(k.tolist() for k in np.nonzero(apart <= 500.0)), strict=True))
    assert list(found.values()) == pytest.approx([apart[pair] for pair in found], abs=1e-3, rel=0)
