"""Where facilities are reached: by hand, and against brute force."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from qyp_geo.analyses.access import NO_GATES, NO_STREET, Facilities, find_facilities
from qyp_geo.analyses.standing import stand
from qyp_geo.frames import LayerData
from qyp_geo.network import WalkNetwork
from tests.analyses.village import CRS, STREETS, box, frame, layer, line, point, village_layers

VILLAGE = WalkNetwork.from_lines(frame("streets", {name: line(*xy) for name, xy in STREETS.items()}))
HOME = {"P": point(400, 0), "C": point(400, 300)}


def reached(
    *layers: LayerData,
    gates: gpd.GeoDataFrame | None = None,
    homes: Mapping[Any, Any] = HOME,
    net: WalkNetwork = VILLAGE,
) -> tuple[Facilities, pd.DataFrame]:
    """The facilities of some layers, and the walks to them from homes on the streets."""
    named = {f"layers/{n}": each for n, each in enumerate(layers)}
    standing = stand(gpd.GeoSeries(homes, crs=CRS), net, max_off_m=200.0)
    more = {"layers/gates": layer(gates, "gates")} if gates is not None else {}
    found = find_facilities(list(named), named | more, standing=standing, max_off_m=200.0)
    walks = net.walks(standing.at, found.at, within_m=5000.0)
    return found, walks.pivot_table(index="origin", columns="target", values="walk_m").reindex(list(homes))


def test_a_point_is_reached_straight_from_its_street() -> None:
    _, walks = reached(layer(frame("public_toilet", {"T": point(500, -10)}), "public_toilet"))
    assert walks[0].to_dict() == {"P": 110.0, "C": 410.0}


def test_a_point_far_from_every_street_serves_nobody_and_is_in_doubt() -> None:
    found, walks = reached(layer(frame("public_toilet", {"T": point(700, 300)}), "public_toilet"))
    assert found.table["doubt"].tolist() == [NO_STREET]
    assert walks.empty or walks.isna().all(axis=None)


def test_an_open_park_that_a_lane_runs_through_is_reached_where_the_lane_enters_it() -> None:
    _, walks = reached(layer(frame("park", {"Y": box(300, 450, 500, 500)}), "park"))
    assert walks[0].to_dict() == {"P": 450.0, "C": 150.0}


def test_an_open_park_beside_a_street_is_reached_within_the_tolerance() -> None:
    # The street passes at 5 m. From P one leaves it 10 m from the corner: at y = 200 - sqrt(10^2 - 5^2).
    _, walks = reached(layer(frame("park", {"Y": box(405, 200, 565, 400)}), "park"))
    assert walks.loc["C", 0] == 5.0
    assert walks.loc["P", 0] == pytest.approx(200 - 75**0.5 + 10, abs=0.004)  # 4 mm: the corner's arc is a polygon


def test_a_street_beyond_the_tolerance_does_not_reach_a_park() -> None:
    park = frame("park", {"Y": box(411, 200, 565, 400)})
    found, _ = reached(layer(park, "park"))
    assert found.table["doubt"].tolist() == [NO_STREET]
    found, walks = reached(layer(park, "park", touch_m=11.0))
    assert found.table["doubt"].tolist() == [""]
    assert walks.loc["C", 0] == 11.0


def test_a_walled_school_without_gates_is_in_doubt_though_a_street_touches_it() -> None:
    school = frame("primary_school", {"S": box(400, 200, 500, 280)})
    found, _ = reached(layer(school, "primary_school"))
    assert found.table["doubt"].tolist() == [NO_GATES]
    assert len(found.at.owner) == 0
    _, walks = reached(layer(school, "primary_school", walled=False))
    assert walks[0].to_dict() == {"P": 200.0, "C": 20.0}


def test_a_walled_park_is_entered_at_its_gate_only() -> None:
    park = layer(frame("park", {"Y": box(300, 450, 500, 500)}), "park", walled=True, gates="layers/gates")
    _, walks = reached(park, gates=frame("gates", {"g": point(500, 500)}, of=["Y"]))
    # From P: 500 m up the lane, and 100 m straight from the street to the gate, which lies 100 m off it.
    assert walks[0].to_dict() == {"P": 600.0, "C": 300.0}


def test_gates_belong_to_the_facility_they_name_or_whose_boundary_they_are_on() -> None:
    schools = frame("primary_school", {"S": box(380, 20, 398, 60), "R": box(500, 20, 560, 60)})
    school = layer(schools, "primary_school", gates="layers/gates")
    on_r, off_r = point(530, 19), point(530, 18.9)  # 1 m and 1.1 m from R
    found, _ = reached(school, gates=frame("gates", {"a": on_r}, of=[""]))
    assert found.table["doubt"].tolist() == [NO_GATES, ""]
    found, _ = reached(school, gates=frame("gates", {"a": off_r}, of=[""]))
    assert found.table["doubt"].tolist() == [NO_GATES, NO_GATES]
    found, walks = reached(school, gates=frame("gates", {"a": off_r}, of=["S"]))
    assert found.table["doubt"].tolist() == ["", NO_GATES]
    assert walks.loc["P", 0] == 148.9


def test_a_gate_that_does_not_exist_yet_is_no_gate() -> None:
    school = layer(frame("primary_school", {"S": box(500, 20, 560, 60)}), "primary_school", gates="layers/gates")
    found, _ = reached(school, gates=frame("gates", {"a": point(530, 20)}, of=["S"], status=["planned"]))
    assert found.table["doubt"].tolist() == [NO_GATES]


def test_a_facility_with_five_gates_counts_once_by_its_least_walk() -> None:
    school = layer(frame("primary_school", {"S": box(500, 20, 560, 60)}), "primary_school", gates="layers/gates")
    gates = {f"g{x}": point(x, 20) for x in (500, 515, 530, 545, 560)}
    found, walks = reached(school, gates=frame("gates", gates, of=["S"] * 5))
    assert len(found.table) == 1
    assert len(found.at.owner) == 5
    assert walks.shape == (2, 1)
    assert walks.loc["P", 0] == 120.0


def test_a_park_with_gates_is_not_entered_elsewhere_and_its_neighbour_without_is() -> None:
    parks = frame("park", {"Y": box(300, 450, 500, 500), "X": box(350, 100, 450, 120)})
    gates = frame("gates", {"g": point(500, 475)}, of=["Y"])
    _, walks = reached(layer(parks, "park", gates="layers/gates"), gates=gates)
    assert walks.loc["P"].to_dict() == {0: 575.0, 1: 100.0}


def test_what_is_planned_is_left_out_and_the_numbers_run_on_over_layers() -> None:
    layers = village_layers()
    found, _ = reached(layers["layers/toilets"], layers["layers/parks"])
    assert found.table[["layer", "id"]].to_numpy().tolist() == [["layers/0", "T1"], ["layers/1", "Y"]]


def random_town(seed: int) -> tuple[WalkNetwork, gpd.GeoDataFrame, gpd.GeoSeries]:
    """A jittered grid of streets with dead ends, open facilities of odd shapes, and homes."""
    rng = np.random.default_rng(seed)
    nodes = {
        (i, j): (100 * i + rng.uniform(-30, 30), 100 * j + rng.uniform(-30, 30)) for i in range(4) for j in range(4)
    }
    pairs = [((i, j), (i + 1, j)) for i in range(3) for j in range(4)] + [
        ((i, j), (i, j + 1)) for i in range(4) for j in range(3)
    ]
    lines = {f"s{n}": line(nodes[a], nodes[b]) for n, (a, b) in enumerate(pairs) if rng.random() < 0.85}
    ends = {
        f"d{n}": line(xy, (xy[0] + rng.uniform(-40, 40), xy[1] + rng.uniform(-40, 40)))
        for n, xy in enumerate(nodes.values())
    }
    shapes = {}
    for n in range(6):
        x, y = rng.uniform(0, 300, 2)
        lobes = [box(x, y, x + rng.uniform(10, 120), y + 15), box(x, y, x + 15, y + rng.uniform(10, 120))]
        shapes[f"Y{n}"] = shapely.union_all(lobes) if n % 2 else lobes[0].buffer(20).difference(lobes[0].buffer(-3))
    homes = gpd.GeoSeries([point(*rng.uniform(-20, 320, 2)) for _ in range(8)], crs=CRS)
    return WalkNetwork.from_lines(frame("streets", lines | ends)), frame("park", shapes), homes


@pytest.mark.parametrize("seed", range(8))
def test_contact_with_open_polygons_is_exact_against_dense_sampling(seed: int) -> None:
    """Leaving the street at any of many sampled places is never better, and the best of them is as good but for their step."""
    step_m = 0.5
    net, parks, homes = random_town(seed)
    _, walks = reached(layer(parks, "park"), homes=dict(enumerate(homes)), net=net)

    at = net.snap(homes)
    graph = nx.Graph()
    places: list[tuple[object, shapely.Point]] = []
    for edge, row in net.edges.iterrows():
        here = [(float(at.along_m[k]), ("home", int(at.owner[k]))) for k in np.flatnonzero(at.edge == edge)]
        length_m = row.geometry.length
        stops = sorted({*np.arange(0.0, length_m, step_m), length_m, *(m for m, _ in here)})
        where = {m: row.geometry.interpolate(m) for m in stops}
        name = {m: tuple(np.round(where[m].coords[0], 3)) if m in {0.0, length_m} else (edge, m) for m in stops}
        places += [(name[m], where[m]) for m in stops]
        for a, b in pairwise(stops):
            graph.add_edge(name[a], name[b], m=b - a)
        for m, home in here:
            graph.add_edge(home, name[m], m=0.0)

    points = np.array([place for _, place in places])
    n_checked = 0
    for n, park in enumerate(parks.geometry):
        inside = shapely.intersects(park.buffer(10.0, quad_segs=32), points)
        legs = {places[k][0]: park.distance(places[k][1]) for k in np.flatnonzero(inside)}
        for owner, off_m in zip(at.owner, at.off_m, strict=True):
            way = nx.single_source_dijkstra_path_length(graph, ("home", int(owner)), weight="m")
            best = min((off_m + way[name] + leg for name, leg in legs.items() if name in way), default=np.inf)
            exact = walks.loc[int(owner)].get(n, np.nan)
            if np.isnan(exact):
                assert best == np.inf
                continue
            assert exact <= best + 0.001
            assert exact >= best - 2 * step_m
            n_checked += 1
    assert n_checked >= 20
