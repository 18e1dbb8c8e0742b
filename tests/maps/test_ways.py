"""The way to a facility along the streets: what travels in the page, and what the page finds in it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from qyp_geo.maps.network import cut_out, network_content
from qyp_geo.maps.pack import Packer
from tests.maps.conftest import Open, build
from tests.maps.district import CRS, EAST, NORTH, make_district
from tests.maps.measured import GATED, make_measured
from tests.maps.reading import column, numbers, text, unarmour

DEGREE = np.array([0.111319458, 0.110574307])
"""Metres of a millionth of a degree at the equator, by the radii of WGS 84: 6378137 m · π / 180, 6335439.3 m · π / 180."""


def _read(html: str) -> dict[str, dict[str, Any]]:
    """The packed network, homes and facilities, their columns decoded."""
    data = numbers(html)
    return {
        part: {name: column(data, where) for name, where in packed.items() if isinstance(where, list)}
        | {name: packed[name] for name in ("decimals", "owners", "from") if name in packed}
        for part, packed in text(html)["coverage"]["ways"].items()
    }


def test_edges_and_accesses_travel_in_millimetres() -> None:
    parts = make_measured()
    html = build(parts)
    ways = _read(html)
    net, homes = ways["network"], ways["homes"]
    edges = parts[3]["analyses/coverage"].parts["edges"]
    assert len(net["u"]) == len(edges)
    assert sorted(net["length"]) == sorted(edges["length_m"] * 1000)
    degrees = np.bincount(np.concatenate([net["u"], net["v"]]))
    assert sorted(degrees) == sorted(pd.concat([edges["u"], edges["v"]]).value_counts())
    assert net["inner"][net["length"] == 30_000] == [-1]  # nothing to draw where a street is crossed
    ids = next(overlay["ids"] for overlay in text(html)["overlays"] if overlay["role"] == "coverage")
    assert homes["owners"] == len(ids)
    assert homes["owner"].tolist() == list(range(len(ids)))
    assert set(homes["along"]) == {50_000}
    assert set(homes["off"]) == {40_000}


def test_accesses_of_a_facility_are_those_of_its_layer() -> None:
    html = build(make_measured())
    content, places = text(html), _read(html)["facilities"]
    facilities = content["coverage"]["facilities"]
    owner = dict(zip(facilities["facility"], facilities["owner"], strict=True))
    # One of the toilet and one of the school; those of nobody on the page are left out.
    assert sorted(places["owner"]) == sorted(owner[id_] for id_ in ("public_toilet-0", "S1"))


def test_accesses_need_neither_layer_nor_place() -> None:
    parts = make_measured()
    coverage = parts[3]["analyses/coverage"]
    bare = pd.DataFrame(coverage.parts["accesses"]).drop(columns=["layer", "geometry"])
    parts[3]["analyses/coverage"] = replace(coverage, parts={**coverage.parts, "accesses": bare})
    ways = _read(build(parts))
    assert "from" not in ways["homes"]
    # Both accesses of that id are then one toilet's.
    assert len(ways["facilities"]["owner"]) == 3


def test_a_district_without_streets_in_its_coverage_has_no_ways() -> None:
    parts = make_measured()
    coverage = parts[3]["analyses/coverage"]
    parts[3]["analyses/coverage"] = replace(
        coverage, parts={name: part for name, part in coverage.parts.items() if name != "accesses"}
    )
    assert "ways" not in text(build(parts))["coverage"]
    assert "ways" not in text(build(make_district(side=2)))["coverage"]


def _random_network(rng: np.random.Generator) -> dict[str, Any]:
    """A network with loops, parallel edges and parts that are not joined, at the equator, in millionths of a degree."""
    n_nodes, n_edges, n_owners = 12, int(rng.integers(3, 22)), 4
    at = rng.integers(0, 3000, (n_nodes, 2))
    ends = rng.integers(0, n_nodes, (n_edges, 2))
    paths = []
    for u, v in ends:
        bend = rng.integers(0, 3000, (int(rng.integers(0, 3)), 2))
        paths.append(np.vstack([at[u], bend, at[v]]))
    length = [round(1000 * sum(np.hypot(*((b - a) * DEGREE)) for a, b in pairwise(path))) for path in paths]
    length = [max(one, 1) for one in length]
    owner = np.sort(rng.integers(0, n_owners, 9))
    edge = rng.integers(0, n_edges, len(owner))
    along = [int(rng.integers(0, length[one] + 1)) for one in edge]
    return {
        "u": ends[:, 0].tolist(),
        "v": ends[:, 1].tolist(),
        "length": length,
        "size": [len(path) for path in paths],
        "xy": np.concatenate(paths).tolist(),
        "owner": owner.tolist(),
        "edge": edge.tolist(),
        "along": along,
        "off": rng.integers(0, 100_000, len(owner)).tolist(),
    }


def _least(net: dict[str, Any], origin: int, target: int) -> float:
    """The same by networkx, with a node for every access, joined to the ends of its edge and to the others on it."""
    graph = nx.Graph()

    def join(one: object, other: object, far: int) -> None:
        if not graph.has_edge(one, other) or graph[one][other]["far"] > far:
            graph.add_edge(one, other, far=far)

    graph.add_nodes_from(["origin", "target", *net["u"], *net["v"]])
    for u, v, length in zip(net["u"], net["v"], net["length"], strict=True):
        join(u, v, length)
    accesses = list(zip(net["owner"], net["edge"], net["along"], net["off"], strict=True))
    for n, (owner, edge, along, off) in enumerate(accesses):
        join(f"access {n}", net["u"][edge], along)
        join(f"access {n}", net["v"][edge], net["length"][edge] - along)
        for m, (_, edge_too, along_too, _) in enumerate(accesses[:n]):
            if edge_too == edge:
                join(f"access {n}", f"access {m}", abs(along - along_too))
        for end, of in (("origin", origin), ("target", target)):
            if owner == of:
                join(end, f"access {n}", off)
    try:
        return float(nx.dijkstra_path_length(graph, "origin", "target", weight="far"))
    except nx.NetworkXNoPath:
        return np.inf


@pytest.mark.browser
def test_ways_on_random_networks_are_the_least_and_as_long_as_told(open_page: Open) -> None:
    rng = np.random.default_rng(20260115)
    nets = [_random_network(rng) for _ in range(150)]
    found = open_page().evaluate(
        """nets => nets.map(({ size, xy, u, v, length, ...given }) => {
          const end = Int32Array.from(size, (sum => one => (sum += one))(0));
          const net = makeNetwork({
            u: Int32Array.from(u),
            v: Int32Array.from(v),
            length: Int32Array.from(length),
            lead: Int32Array.from(size.keys()),
            begin: end.map((one, edge) => one - size[edge]),
            end,
            x: Int32Array.from(xy, ([x]) => x),
            y: Int32Array.from(xy, ([, y]) => y),
            units: 1e6,
          });
          const first = [0, 1, 2, 3, 4].map(owner => given.owner.filter(one => one < owner).length);
          const accesses = { owners: 4, first, ...given };
          const reached = searchFrom(net, accessesOf(accesses, 0), Infinity);
          const { mm } = nearestOf(net, reached, accesses);
          return [1, 2, 3].map(owner => [wayTo(net, reached, accesses, owner), mm[owner]]);
        })""",
        nets,
    )
    n_ways = 0
    for net, ways in zip(nets, found, strict=True):
        for owner, (way, nearest) in zip((1, 2, 3), ways, strict=True):
            least = _least(net, 0, owner)
            assert nearest == (-1 if np.isinf(least) else least)
            assert (way is None) == np.isinf(least)
            if way is None:
                continue
            n_ways += 1
            assert way["millimetres"] == least
            street = np.array(way["street"])[:, ::-1]
            drawn = 1e9 * np.hypot(*(np.diff(street, axis=0) * DEGREE).T).sum()
            offs = [
                [off for off, one in zip(net["off"], net["owner"], strict=True) if one == end] for end in (0, owner)
            ]
            # The drawn line and one leg at either end make up the whole; each edge is rounded to a millimetre.
            legs = {one + other for one in offs[0] for other in offs[1]}
            assert min(abs(drawn + leg - least) for leg in legs) < len(net["u"])
    assert n_ways > 150


@pytest.mark.browser
def test_the_way_from_each_building_is_as_long_as_the_figure_told(open_page: Open) -> None:
    parts = make_measured()
    page = open_page(parts)
    found = page.evaluate(
        """async () => {
          const page = await readPage(map_page);
          const home = page.overlays.find(({ role }) => role === "coverage");
          return home.ids.map((id, row) => [id, ...[0, 1, 2].map(r => waysFrom(page, { overlay: home, row }, [r]))]);
        }"""
    )
    walks = parts[3]["analyses/coverage"].parts["by_unit"].set_index(["unit", "requirement"])["walk_m"]
    assert len(found) == 36
    for id_, toilet, school, centre in found:
        assert toilet[0]["millimetres"] == pytest.approx(1000 * walks[id_, "t5.toilet"], abs=0.5)
        assert centre == []
        if id_ == GATED:
            # Nearer than by any street, so within the estate.
            assert [way["street"] for way in school] == [[]]
        else:
            # What is not as long as the figure is not drawn.
            assert all(abs(way["millimetres"] - 1000 * walks[id_, "t10.school"]) <= 3000 for way in school)
    assert sum(len(school) == 0 for _, _, school, _ in found) > 20


def _streets(*, two_sided: bool) -> gpd.GeoDataFrame:
    """A street of 100 m to the east and one of 50 m on from there to the north; the first with two kerbs on request."""
    east, north = ([(EAST, NORTH), (EAST + 100, NORTH)], [(EAST + 100, NORTH), (EAST + 100, NORTH + 50)])
    rows = [{"u": 0, "v": 1, "length_m": 100.0, "line": "a", "geometry": shapely.LineString(east), "side": 1}]
    if two_sided:
        rows.append({**rows[0], "u": 2, "v": 3, "side": -1})
    rows.append({"u": 1, "v": 4, "length_m": 50.0, "line": "b", "geometry": shapely.LineString(north), "side": 0})
    edges = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    edges["half_width_m"] = np.where(edges["side"] != 0, 10.0, 0.0)
    return edges if two_sided else gpd.GeoDataFrame(edges.drop(columns=["side", "half_width_m"]))


def _standing(edge: list[int], along_m: list[float]) -> gpd.GeoDataFrame:
    """Things 5 m north of the first street."""
    at = gpd.points_from_xy([EAST + along for along in along_m], NORTH + 5)
    return gpd.GeoDataFrame({"edge": edge, "along_m": along_m, "off_m": 5.0}, geometry=at, crs=CRS)


def _all_walks(edges: gpd.GeoDataFrame, accesses: gpd.GeoDataFrame) -> dict[tuple[int, int], float]:
    """The least walk of every pair of accesses, by networkx."""
    graph = nx.Graph()
    for edge, u, v, length in zip(edges.index, edges["u"], edges["v"], edges["length_m"], strict=True):
        on = accesses[accesses["edge"] == edge].sort_values("along_m")
        stops = [(u, 0.0), *((f"access {n}", along) for n, along in on["along_m"].items()), (v, length)]
        for (one, here), (other, there) in pairwise(stops):
            graph.add_edge(one, other, far=there - here)
    ways = dict(nx.all_pairs_dijkstra_path_length(graph, weight="far"))
    numbers = accesses.index
    return {(a, b): ways[f"access {a}"].get(f"access {b}", np.inf) for a in numbers for b in numbers}


def _drawn(edges: gpd.GeoDataFrame) -> Any:
    lines = edges.geometry.to_numpy()
    return lines[~shapely.is_missing(lines)]


@pytest.mark.parametrize("two_sided", [False, True])
def test_what_lies_in_a_mask_keeps_its_length_and_loses_its_drawing(two_sided: bool) -> None:
    edges = _streets(two_sided=two_sided)
    along_m = [10.0, 30.0, 40.0, 60.0, 90.0]
    accesses = _standing([0] * 5, along_m)
    if two_sided:
        accesses = pd.concat([accesses, _standing([1] * 5, along_m)], ignore_index=True)
    mask = shapely.union(
        shapely.box(EAST + 30, NORTH - 20, EAST + 50, NORTH + 20),
        shapely.box(EAST + 80, NORTH + 25, EAST + 120, NORTH + 99),
    )
    pieces, moved = cut_out(edges, accesses, mask)
    of_a = pieces[pieces["line"] == "a"].sort_values("side" if two_sided else "u", kind="stable")
    assert of_a["length_m"].tolist() == [30.0, 20.0, 50.0] * (1 + two_sided)
    assert of_a.geometry.isna().tolist() == [False, True, False] * (1 + two_sided)
    assert shapely.length(_drawn(of_a)).tolist() == pytest.approx([30.0, 50.0] * (1 + two_sided))
    of_b = pieces[pieces["line"] == "b"]
    assert (of_b["length_m"].tolist(), of_b.geometry.isna().tolist()) == ([25.0, 25.0], [False, True])
    # The two things within the mask, and the one at its edge, are not shown; what is walked is as before.
    assert moved.geometry.isna().tolist() == [False, True, True, False, False] * (1 + two_sided)
    before, after = _all_walks(edges, accesses), _all_walks(pieces, moved)
    assert {pair: pytest.approx(far) for pair, far in before.items()} == after
    if two_sided:
        assert after[0, 5] == np.inf  # nobody crosses where it was cut


def test_a_mask_that_nothing_meets_changes_nothing() -> None:
    edges, accesses = _streets(two_sided=True), _standing([0, 1], [10.0, 20.0])
    pieces, moved = cut_out(edges, accesses, shapely.box(EAST, NORTH + 200, EAST + 50, NORTH + 300))
    assert pieces.equals(edges)
    assert moved.equals(accesses)


def test_random_masks_change_no_walk() -> None:
    rng = np.random.default_rng(5)
    edges = gpd.GeoDataFrame(make_measured()[3]["analyses/coverage"].parts["edges"])
    on = rng.choice(edges.index[edges.geometry.notna()], 30)
    accesses = _standing(on.tolist(), rng.uniform(0, 100, 30).round(3).tolist())
    before = _all_walks(edges, accesses)
    for _ in range(8):
        x, y, radius = rng.uniform(0, 600, 3)
        mask = shapely.Point(EAST + x, NORTH + y).buffer(radius / 2)
        pieces, moved = cut_out(edges, accesses, mask)
        after = _all_walks(pieces, moved)
        assert {pair: pytest.approx(far, abs=1e-6) for pair, far in before.items()} == after
        drawn = _drawn(pieces)
        assert not shapely.intersects(drawn, mask.buffer(-1e-6)).any()
        outside = shapely.difference(_drawn(edges), mask)
        assert shapely.length(drawn).sum() == pytest.approx(shapely.length(outside).sum())


def test_bends_that_do_not_show_are_left_out_and_kerbs_are_drawn_once() -> None:
    bent = shapely.LineString([(EAST, NORTH), (EAST + 50, NORTH + 2), (EAST + 100, NORTH), (EAST + 100, NORTH + 400)])
    edges = _streets(two_sided=True)
    edges.loc[[0, 1], "geometry"] = gpd.GeoSeries([bent, bent], index=[0, 1], crs=CRS)
    for decimals, inner in ((6, 2), (4, 1)):
        packer = Packer()
        content = network_content(edges, packer, decimals=decimals)
        data = unarmour(packer.numbers())
        net = {name: column(data, where) for name, where in content.packed.items() if isinstance(where, list)}
        row = content.row_of_edge
        assert net["inner"][row[[0, 1, 2]]].tolist() == [inner, -2, 0]
        assert row[1] == row[0] + 1
        assert len(net["x"]) == inner
        assert net["side"][row[[0, 1, 2]]].tolist() == [1, -1, 0]
        assert net["half"][row[[0, 1, 2]]].tolist() == [10_000, 10_000, 0]
        # Corners of one junction lie in one place.
        u, v = net["u"][row[0]], net["u"][row[1]]
        assert u != v
        assert (net["nodeX"][u], net["nodeY"][u]) == (net["nodeX"][v], net["nodeY"][v])
