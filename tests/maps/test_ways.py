"""The way to a facility along the streets: what travels in the page, and what the page finds in it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from tests.maps.conftest import Open, build
from tests.maps.district import make_district
from tests.maps.measured import GATED, make_measured
from tests.maps.reading import column, numbers, text


def _read(html: str) -> dict[str, Any]:
    """The packed network, its columns decoded."""
    packed, data = text(html)["coverage"]["ways"], numbers(html)
    names = ("u", "v", "length", "owner", "edge", "along", "off")
    return {name: column(data, packed[name]) for name in names} | {
        "paths": column(data, packed["shapes"]["paths"]),
        "x": column(data, packed["start"]["x"]),
        "y": column(data, packed["start"]["y"]),
    }


def test_edges_and_accesses_travel_in_millimetres() -> None:
    parts = make_measured()
    html = build(parts)
    net = _read(html)
    edges = parts[3]["analyses/coverage"].parts["edges"]
    assert len(net["u"]) == len(edges)
    assert sorted(net["length"]) == sorted(edges["length_m"] * 1000)
    degrees = np.bincount(np.concatenate([net["u"], net["v"]]))
    assert sorted(degrees) == sorted(pd.concat([edges["u"], edges["v"]]).value_counts())
    assert net["paths"][net["length"] == 30_000] == [0]  # nothing to draw where a street is crossed
    ids = next(overlay["ids"] for overlay in text(html)["overlays"] if overlay["role"] == "coverage")
    assert net["owner"][: len(ids)].tolist() == list(range(len(ids)))
    assert set(net["along"][: len(ids)]) == {50_000}
    assert set(net["off"][: len(ids)]) == {40_000}


def test_accesses_of_a_facility_are_those_of_its_layer() -> None:
    html = build(make_measured())
    content, net = text(html), _read(html)
    n_units = len(next(overlay["ids"] for overlay in content["overlays"] if overlay["role"] == "coverage"))
    facilities = content["coverage"]["facilities"]
    owner = dict(zip(facilities["facility"], facilities["owner"], strict=True))
    # One of the toilet and one of the school; those of nobody on the page are left out.
    assert sorted(net["owner"][n_units:]) == sorted(n_units + owner[id_] for id_ in ("public_toilet-0", "S1"))


def test_accesses_need_neither_layer_nor_place() -> None:
    parts = make_measured()
    coverage = parts[3]["analyses/coverage"]
    bare = pd.DataFrame(coverage.parts["accesses"]).drop(columns=["layer", "geometry"])
    parts[3]["analyses/coverage"] = replace(coverage, parts={**coverage.parts, "accesses": bare})
    html = build(parts)
    packed = text(html)["coverage"]["ways"]
    assert "start" not in packed
    # Both accesses of that id are then one toilet's.
    assert packed["owner"][1] == len(coverage.parts["units"]) + 3


def test_a_district_without_streets_in_its_coverage_has_no_ways() -> None:
    parts = make_measured()
    coverage = parts[3]["analyses/coverage"]
    parts[3]["analyses/coverage"] = replace(
        coverage, parts={name: part for name, part in coverage.parts.items() if name != "accesses"}
    )
    assert "ways" not in text(build(parts))["coverage"]
    assert "ways" not in text(build(make_district(side=2)))["coverage"]


def _random_network(rng: np.random.Generator) -> dict[str, Any]:
    """A network with loops, parallel edges and parts that are not joined; one millionth of a degree is a metre of it."""
    n_nodes, n_edges, n_owners = 12, int(rng.integers(3, 22)), 4
    at = rng.integers(0, 300, (n_nodes, 2))
    ends = rng.integers(0, n_nodes, (n_edges, 2))
    paths = []
    for u, v in ends:
        bend = rng.integers(0, 300, (int(rng.integers(0, 3)), 2))
        paths.append(np.vstack([at[u], bend, at[v]]))
    length = [round(1000 * sum(np.hypot(*(b - a)) for a, b in pairwise(path))) for path in paths]
    length = [max(one, 1) for one in length]
    owner = np.sort(rng.integers(0, n_owners, 9))
    edge = rng.integers(0, n_edges, len(owner))
    along = [int(rng.integers(0, length[one] + 1)) for one in edge]
    return {
        "u": ends[:, 0].tolist(),
        "v": ends[:, 1].tolist(),
        "length": length,
        "shapes": [{"dimension": 1, "paths": [(path * 1e-6).tolist()], "holes": [False]} for path in paths],
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
        """nets => nets.map(given => {
          const net = joinEdges(given);
          const walks = walksFrom(net, accessesOf(net, 0), Infinity);
          return [1, 2, 3].map(owner => wayTo(net, walks, owner));
        })""",
        nets,
    )
    n_ways = 0
    for net, ways in zip(nets, found, strict=True):
        for owner, way in zip((1, 2, 3), ways, strict=True):
            least = _least(net, 0, owner)
            assert (way is None) == np.isinf(least)
            if way is None:
                continue
            n_ways += 1
            assert way["millimetres"] == least
            street = np.array(way["street"]) * 1e6
            drawn = 1000 * np.hypot(*np.diff(street, axis=0).T).sum()
            offs = [
                [off for off, one in zip(net["off"], net["owner"], strict=True) if one == end] for end in (0, owner)
            ]
            # The drawn line and one leg at either end make up the whole; each edge is rounded to a millimetre.
            legs = {one + other for one in offs[0] for other in offs[1]}
            assert min(abs(drawn + leg - least) for leg in legs) < len(net["u"])
    assert n_ways > 150


@pytest.mark.browser
def test_walks_end_at_their_bound(open_page: Open) -> None:
    net = {
        "u": [0, 1],
        "v": [1, 2],
        "length": [100, 100],
        "shapes": [],
        "owner": [0],
        "edge": [0],
        "along": [40],
        "off": [5],
    }
    far = open_page().evaluate(
        """given => [44, 45, 164, 165].map(within => {
          const { far } = walksFrom(joinEdges(given), [0], within);
          return Array.from(far, one => (one === Infinity ? null : one));
        })""",
        net,
    )
    assert far == [[None] * 3, [45, None, None], [45, 65, None], [45, 65, 165]]


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
