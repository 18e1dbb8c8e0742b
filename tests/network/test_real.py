"""Real streets: a walkable network of 深圳福田 against networkx, the streets of 武汉 against SciPy."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import scipy.sparse
import shapely
from scipy.sparse.csgraph import dijkstra

from qyp_geo.network import Positions, WalkNetwork
from tests.network.brute import brute_walks

pytestmark = pytest.mark.shared
Floats = npt.NDArray[np.float64]


def scattered(lines: gpd.GeoDataFrame, n: int, *, seed: int, off_m: float = 20.0) -> gpd.GeoDataFrame:
    """Points beside streets picked at random."""
    rng = np.random.default_rng(seed)
    line = np.asarray(lines.geometry.array)[rng.integers(0, len(lines), n)]
    on = shapely.get_coordinates(shapely.line_interpolate_point(line, rng.random(n), normalized=True))
    return gpd.GeoDataFrame(geometry=shapely.points(on + rng.normal(0, off_m, (n, 2))), crs=lines.crs)


@pytest.fixture(scope="module")
def futian(shared_data: Path) -> gpd.GeoDataFrame:
    graph = nx.read_graphml(shared_data / "shenzhen_futian_walk.graphml")
    xy = {node: (float(at["x"]), float(at["y"])) for node, at in graph.nodes(data=True)}
    lines = [
        shapely.from_wkt(tags["geometry"]) if "geometry" in tags else shapely.LineString([xy[u], xy[v]])
        for u, v, tags in graph.edges(data=True)
    ]
    kinds = [str(tags.get("highway")) for _, _, tags in graph.edges(data=True)]
    streets = gpd.GeoDataFrame({"highway": kinds}, geometry=lines, crs="EPSG:4326").to_crs("EPSG:4547")
    crossed = [xy[node] for node, at in graph.nodes(data=True) if at.get("highway") in {"crossing", "traffic_signals"}]
    crossings = gpd.GeoSeries(gpd.points_from_xy(*zip(*crossed, strict=True)), crs="EPSG:4326").to_crs("EPSG:4547")
    streets.attrs["crossings"] = crossings
    return streets


def test_futian_network(futian: gpd.GeoDataFrame) -> None:
    net = WalkNetwork.from_lines(futian)
    assert len(futian) == 4009
    assert net.n_edges == len(futian) - len(net.report.duplicate)  # most ways are drawn once for each direction
    assert net.report.overlapping.empty
    assert len(net.components) == 1


def test_futian_a_hundred_thousand_pairs_against_networkx(futian: gpd.GeoDataFrame) -> None:
    net = WalkNetwork.from_lines(futian)
    origins, targets = scattered(futian, 160, seed=1), scattered(futian, 640, seed=2)
    expected = brute_walks(futian, origins, targets)
    walks = net.walks(origins, targets, within_m=np.inf)
    assert len(walks) == len(expected) == 102_400
    pairs = zip(walks["origin"], walks["target"], strict=True)
    differences = walks["walk_m"] - [expected[pair] for pair in pairs]
    assert differences.abs().max() <= 1e-3

    near = net.nearest(origins, targets, within_m=np.inf)
    assert (near["walk_m"] == walks.groupby("origin")["walk_m"].min()).all()


def test_futian_routes_are_as_long_as_walks(futian: gpd.GeoDataFrame) -> None:
    net = WalkNetwork.from_lines(futian)
    homes, shops = net.snap(scattered(futian, 1000, seed=5)), net.snap(scattered(futian, 1000, seed=6))
    routes = net.routes(homes, shops)
    walks = net.walks(homes, shops, within_m=np.inf)
    assert routes["walk_m"].tolist() == walks.loc[walks["origin"] == walks["target"], "walk_m"].tolist()
    assert (routes.length - routes["walk_m"]).abs().max() <= 1e-3


@pytest.mark.parametrize("crossed_at", ["junctions", "crossings"])
def test_futian_mid_block_opposite_points_go_round(futian: gpd.GeoDataFrame, crossed_at: str) -> None:
    """In the middle of blocks of arterials, 3 m to the left and to the right of the centre line."""
    arterial = futian["highway"].isin(["trunk", "primary", "secondary"])
    marked = futian.attrs["crossings"] if crossed_at == "crossings" else None
    lines = futian.assign(arterial=arterial)
    net = WalkNetwork.from_lines(lines, two_sided="arterial", width_m=30.0, crossings=marked)
    kerbs = net.edges[(net.edges["side"] == 1) & (net.edges["length_m"] >= 60)]
    middle, ahead = (
        shapely.get_coordinates(kerbs.interpolate(kerbs["length_m"] / 2 + m).to_list()) for m in (0.0, 0.1)
    )
    to_left = (ahead - middle)[:, ::-1] * [-30.0, 30.0]
    opposite = [
        gpd.GeoSeries(gpd.points_from_xy(*(middle + way).T), index=kerbs.index, crs=futian.crs)
        for way in (to_left, -to_left)
    ]
    left, right = (net.snap(points).accesses for points in opposite)
    facing = (left["edge"] == left.index) & (right["edge"] == left.index + 1)  # no other street is nearer
    block_m, left_m, right_m = kerbs["length_m"][facing], left["along_m"][facing], right["along_m"][facing]
    assert len(block_m) >= 100

    walks = net.walks(*opposite, within_m=np.inf, crosses_arterial=True)
    walks = walks[walks["origin"] == walks["target"]].set_index("origin").reindex(block_m.index)
    assert walks["walk_m"].notna().all() or crossed_at == "crossings"  # few are mapped, so some sides have none
    # Out of the block at one of its ends, and in again on the other side.
    least_m = np.minimum(left_m + right_m, 2 * block_m - left_m - right_m)
    assert (walks["walk_m"].fillna(np.inf) >= least_m - 5e-4).all()
    assert walks["crosses_arterial"].fillna(False).sum() >= 50

    straight_over_m = WalkNetwork.from_lines(futian).routes(*opposite)["walk_m"][facing]
    assert straight_over_m.median() == 6.0


@pytest.fixture(scope="module")
def wuhan(shared_data: Path) -> gpd.GeoDataFrame:
    return gpd.read_parquet(shared_data / "wuhan_streets.parquet", columns=["geometry"])


@pytest.fixture(scope="module")
def wuhan_net(wuhan: gpd.GeoDataFrame) -> WalkNetwork:
    return WalkNetwork.from_lines(wuhan)


def with_feet(wuhan: gpd.GeoDataFrame, net: WalkNetwork, *sides: Positions) -> tuple[scipy.sparse.csr_array, list[int]]:
    """SciPy's graph of the same streets, joined by equal coordinates, with the foot of every point as a node.

    Every street there has two vertices. Returned with the number of the first foot of each side.
    """
    xy = shapely.get_coordinates(np.asarray(wuhan.geometry.array))
    places, end = np.unique(xy, axis=0, return_inverse=True)
    ends = end.reshape(-1, 2)
    street = np.concatenate([net.edges["line"].to_numpy()[at.edge] for at in sides])
    foot = len(places) + np.arange(len(street))
    from_start_m = np.hypot(*(np.concatenate([at.xy for at in sides]) - places[ends[street, 0]]).T)
    stops = pd.DataFrame(
        {
            "street": np.concatenate([np.arange(len(wuhan)), street, np.arange(len(wuhan))]),
            "m": np.concatenate([np.zeros(len(wuhan)), from_start_m, wuhan.length]),
            "node": np.concatenate([ends[:, 0], foot, ends[:, 1]]),
        }
    ).sort_values(["street", "m"], kind="stable")
    same = stops["street"].to_numpy()[1:] == stops["street"].to_numpy()[:-1]
    arcs = pd.DataFrame(
        {
            "a": stops["node"].to_numpy()[:-1][same],
            "b": stops["node"].to_numpy()[1:][same],
            "m": np.diff(stops["m"])[same],
        }
    )
    arcs = arcs.sort_values("m").drop_duplicates(["a", "b"])
    n = len(places) + len(street)
    first = np.cumsum([len(places)] + [len(at.edge) for at in sides])
    return scipy.sparse.coo_array((arcs["m"], (arcs["a"], arcs["b"])), shape=(n, n)).tocsr(), first.tolist()


def test_wuhan_joins_by_coordinates(wuhan: gpd.GeoDataFrame, wuhan_net: WalkNetwork) -> None:
    xy = shapely.get_coordinates(np.asarray(wuhan.geometry.array))
    assert wuhan_net.n_nodes == len(np.unique(xy, axis=0))
    assert wuhan_net.n_edges == len(wuhan) - len(wuhan_net.report.duplicate)
    assert wuhan_net.components["length_m"].tolist() == pytest.approx([wuhan_net.edges.length.sum()], abs=0.1)


def test_wuhan_nearest_against_scipy(wuhan: gpd.GeoDataFrame, wuhan_net: WalkNetwork) -> None:
    homes = wuhan_net.snap(scattered(wuhan, 20_000, seed=1))
    shops = wuhan_net.snap(scattered(wuhan, 200, seed=2))
    graph, (first_home, first_shop, end) = with_feet(wuhan, wuhan_net, homes, shops)
    # One extra node, from which a leg leads to every shop.
    legs = scipy.sparse.csr_array((shops.off_m, (np.zeros(200, int), np.arange(first_shop, end))), shape=(1, end))
    graph = scipy.sparse.block_array([[graph, None], [legs, scipy.sparse.csr_array((1, 1))]], format="csr")
    reached = dijkstra(graph, directed=False, indices=[end])[0, first_home:first_shop]
    near = wuhan_net.nearest(homes, shops, within_m=np.inf)
    assert (near["walk_m"] - (reached + homes.off_m)).abs().max() <= 1e-3

    within = wuhan_net.nearest(homes, shops, within_m=1000.0)
    assert within["walk_m"].equals(near["walk_m"].where(near["walk_m"] <= 1000.0))


def test_wuhan_pairs_against_scipy(wuhan: gpd.GeoDataFrame, wuhan_net: WalkNetwork) -> None:
    homes = wuhan_net.snap(scattered(wuhan, 20_000, seed=3))
    shops = wuhan_net.snap(scattered(wuhan, 40, seed=4))
    graph, (first_home, first_shop, end) = with_feet(wuhan, wuhan_net, homes, shops)
    reached = dijkstra(graph, directed=False, indices=np.arange(first_shop, end), limit=3100.0)
    expected = homes.off_m[:, None] + reached[:, first_home:first_shop].T + shops.off_m
    walks = wuhan_net.walks(homes, shops, within_m=3000.0)
    found = np.full(expected.shape, np.inf)
    found[walks["origin"], walks["target"]] = walks["walk_m"]
    in_reach = np.isfinite(found)
    assert np.abs(found[in_reach] - expected[in_reach]).max() <= 1e-3
    assert expected[~in_reach].min() > 3000.0
    assert len(walks) > 1000
