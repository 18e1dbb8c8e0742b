"""How lines become a network: where they are joined, what becomes of odd ones, and what is reported."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LinearRing, LineString, MultiLineString, Point, Polygon

from qyp_geo.errors import CrsError, NetworkError
from qyp_geo.network import WalkNetwork
from tests.network.brute import CRS, frame, points


def walk_m(net: WalkNetwork, a: tuple[float, float], b: tuple[float, float]) -> float:
    """Metres from place to place; NaN where there is no way."""
    return float(net.nearest(points(a), points(b), within_m=np.inf)["walk_m"].iloc[0])


def network(*lines: Any, **options: Any) -> WalkNetwork:
    """A network of lines that are labelled a, b, c, …"""
    return WalkNetwork.from_lines(frame(list(lines), list("abcdefghijklm")[: len(lines)]), **options)


STREET = LineString([(0, 0), (100, 0)])


class TestJoining:
    def test_end_to_end(self) -> None:
        net = network(STREET, LineString([(100, 0), (100, 50)]))
        assert walk_m(net, (0, 0), (100, 50)) == 150.0

    def test_end_to_interior_vertex(self) -> None:
        net = network(LineString([(0, 0), (40, 0), (100, 0)]), LineString([(40, 0), (40, 50)]))
        assert walk_m(net, (0, 0), (40, 50)) == 90.0
        assert net.n_edges == 3

    def test_interior_to_interior_vertex(self) -> None:
        net = network(LineString([(0, 0), (40, 0), (100, 0)]), LineString([(40, -50), (40, 0), (40, 50)]))
        assert walk_m(net, (100, 0), (40, 50)) == 110.0
        assert net.n_edges == 4

    def test_a_bend_is_no_node(self) -> None:
        net = network(LineString([(0, 0), (40, 0), (40, 30)]))
        assert (net.n_nodes, net.n_edges) == (2, 1)

    def test_the_same_to_a_tenth_of_a_millimetre(self) -> None:
        assert walk_m(network(STREET, LineString([(100.00004, 0), (200, 0)])), (0, 0), (200, 0)) == 200.0
        assert np.isnan(walk_m(network(STREET, LineString([(100.00006, 0), (200, 0)])), (0, 0), (200, 0)))

    def test_no_coordinate_is_moved(self) -> None:
        ends = [(0.1234567, 1.7654321), (99.9876543, 0.0000111)]
        assert network(LineString(ends)).edges.geometry[0].equals(LineString(ends))

    def test_crossing_lines_stay_apart_and_are_listed(self) -> None:
        net = network(STREET, LineString([(30, -50), (30, 50)]))
        assert np.isnan(walk_m(net, (0, 0), (30, 50)))
        assert net.crossings.to_dict("records") == [{"line": "a", "other_line": "b", "x": 30.0, "y": 0.0}]
        assert net.near_misses.empty

    def test_a_line_that_crosses_itself_stays_apart_and_is_listed(self) -> None:
        net = network(LineString([(0, 0), (100, 0), (100, 50), (30, 50), (30, -50)]))
        assert walk_m(net, (0, 0), (30, -50)) == 320.0
        assert net.crossings.to_dict("records") == [{"line": "a", "other_line": "a", "x": 30.0, "y": 0.0}]

    def test_a_line_that_meets_itself_at_a_vertex_is_joined(self) -> None:
        net = network(LineString([(0, 0), (30, 0), (100, 0), (100, 50), (30, 50), (30, 0), (30, -50)]))
        assert walk_m(net, (0, 0), (30, -50)) == 80.0
        assert net.crossings.empty

    def test_joined_lines_do_not_cross(self) -> None:
        net = network(LineString([(0, 0), (40, 0), (100, 0)]), LineString([(40, -50), (40, 0), (40, 50)]))
        assert net.crossings.empty
        assert net.near_misses.empty


class TestNodeCrossings:
    def test_crossing_lines_are_joined(self) -> None:
        net = network(STREET, LineString([(30, -50), (30, 50)]), node_crossings=True)
        assert walk_m(net, (0, 0), (30, 50)) == 80.0
        assert net.report.crossings_joined == 1
        assert net.crossings.empty

    def test_a_touching_end_is_joined(self) -> None:
        """The end lies on the slanted street but for rounding: 1/3 of the way up."""
        slanted = LineString([(0, 0), (100, 37)])
        foot = slanted.interpolate(1 / 3, normalized=True)
        net = network(slanted, LineString([(foot.x, foot.y), (0, 50)]), node_crossings=True)
        expected = slanted.length / 3 + Point(0, 50).distance(foot)
        assert walk_m(net, (0, 0), (0, 50)) == pytest.approx(expected, abs=1e-3)
        assert net.near_misses.empty

    def test_a_gap_is_not_closed(self) -> None:
        net = network(STREET, LineString([(30, 0.3), (30, 50)]), node_crossings=True)
        assert np.isnan(walk_m(net, (0, 0), (30, 50)))

    def test_a_line_is_joined_to_itself(self) -> None:
        net = network(LineString([(0, 0), (100, 0), (100, 50), (30, 50), (30, -50)]), node_crossings=True)
        assert walk_m(net, (0, 0), (30, -50)) == 80.0

    def test_several_crossings_of_one_segment(self) -> None:
        rungs = [LineString([(x, -5), (x, 5)]) for x in (70, 10, 40)]
        net = network(STREET, *rungs, node_crossings=True)
        assert net.edges.loc[net.edges["line"] == "a", "length_m"].tolist() == [10.0, 30.0, 30.0, 30.0]
        assert walk_m(net, (10, 5), (70, -5)) == 70.0

    def test_lines_upon_each_other_are_used_once(self) -> None:
        net = network(STREET, LineString([(20, 0), (60, 0), (60, 30)]), node_crossings=True)
        assert net.edges["length_m"].tolist() == [20.0, 40.0, 40.0, 30.0]
        assert net.report.overlapping.tolist() == ["b"]

    def test_lines_that_share_their_vertices_are_left_as_they_are(self) -> None:
        lines = (LineString([(0.12345678, 0), (40, 0.1), (100, 7)]), LineString([(40, -50), (40, 0.1), (31, 50)]))
        plain, noded = network(*lines), network(*lines, node_crossings=True)
        assert plain.edges.geometry.geom_equals(noded.edges.geometry).all()
        assert noded.report.crossings_joined == 0


class TestNearMisses:
    @pytest.mark.parametrize(("gap_m", "reported"), [(0.0, True), (0.3, True), (0.5, True), (0.51, False)])
    def test_an_end_beside_a_street(self, gap_m: float, reported: bool) -> None:
        net = network(STREET, LineString([(30, gap_m), (30, 50)]))
        assert np.isnan(walk_m(net, (0, 0), (30, 50)))
        expected = [{"line": "b", "near_line": "a", "distance_m": gap_m, "x": 30.0, "y": gap_m}]
        assert net.near_misses.to_dict("records") == (expected if reported else [])

    def test_two_dead_ends_face_each_other(self) -> None:
        found = network(STREET, LineString([(100.25, 0), (200, 0)])).near_misses
        assert found[["line", "near_line", "distance_m"]].to_numpy().tolist() == [["a", "b", 0.25], ["b", "a", 0.25]]

    def test_every_line_that_ends_there_is_named(self) -> None:
        found = network(STREET, LineString([(30, 0.25), (30, 50)]), LineString([(30, 0.25), (60, 50)])).near_misses
        assert found["line"].tolist() == ["b", "c"]

    def test_the_nearest_of_a_lines_edges_is_told(self) -> None:
        """The end of `b` faces a junction of `a` with `c`: a row for `a`, one for `c`, and one for the end of `c`."""
        through = LineString([(0, 0), (30, 0), (100, 0)])
        found = network(through, LineString([(30.25, 0.25), (50, 50)]), LineString([(30, 0), (30, -9)])).near_misses
        assert found[["line", "near_line"]].to_numpy().tolist() == [["b", "a"], ["b", "c"], ["c", "b"]]
        assert found["distance_m"].tolist() == pytest.approx([0.25, np.hypot(0.25, 0.25), np.hypot(0.25, 0.25)])

    def test_parts_of_one_line_are_apart_as_well(self) -> None:
        found = network(MultiLineString([[(0, 0), (100, 0)], [(30, 0.25), (30, 50)]])).near_misses
        assert found[["line", "near_line"]].to_numpy().tolist() == [["a", "a"]]

    def test_joined_by_a_short_street_is_no_miss(self) -> None:
        assert network(STREET, LineString([(100, 0), (100, 0.4)]), LineString([(100, 0.4), (9, 50)])).near_misses.empty

    def test_a_sharp_fork_is_no_miss_at_the_fork(self) -> None:
        assert network(STREET, LineString([(0, 0), (50, 0.2), (100, 30)])).near_misses.empty


class TestOddLines:
    def test_parts_heights_and_rings(self) -> None:
        net = network(
            MultiLineString([[(0, 0), (10, 0)], [(10, 0), (10, 7)]]),
            LineString([(10, 7, 100.0), (10, 17, 900.0)]),
            LinearRing([(10, 17), (20, 17), (20, 27)]),
            MultiLineString([[(20, 27), (30, 27)]]),
        )
        assert walk_m(net, (0, 0), (10, 17)) == 27.0
        assert walk_m(net, (10, 17), (20, 17)) == 10.0
        assert walk_m(net, (10, 17), (20, 27)) == pytest.approx(np.hypot(10, 10), abs=5e-4)
        assert net.edges["line"].tolist() == ["a", "a", "b", "c", "c", "d"]
        assert net.report.multipart.tolist() == ["a"]
        assert net.report.with_z.tolist() == ["b"]
        assert not net.edges.has_z.any()

    def test_nothing_to_use_is_named(self) -> None:
        net = network(
            STREET,
            None,
            LineString(),
            LineString([(5, 5), (5, 5)]),
            shapely.from_wkt("MULTILINESTRING (EMPTY, (0 0, 0 9))"),
            MultiLineString([[(7, 7), (7, 7)], [(0, 9), (0, 12)]]),
            MultiLineString(),
            LineString([(60, 0), (60, 0.00001)]),
        )
        assert net.report.n_lines == 8
        assert net.report.empty.tolist() == ["b", "c", "e", "g"]
        assert net.report.zero_length.tolist() == ["d", "f", "h"]
        assert net.edges["length_m"].tolist() == [100.0, 9.0, 3.0]

    def test_a_line_without_length_cuts_no_other(self) -> None:
        net = network(LineString([(0, 0), (40, 0), (100, 0)]), LineString([(40, 0), (40, 0)]))
        assert net.n_edges == 1

    def test_repeated_vertices(self) -> None:
        net = network(LineString([(0, 0), (40, 0), (40, 0), (40, 0), (100, 0)]))
        assert (net.n_edges, net.n_nodes) == (1, 2)
        assert walk_m(net, (0, 0), (100, 0)) == 100.0

    def test_duplicates_are_used_once(self) -> None:
        way = [(0, 0), (40, 0), (100, 0)]
        net = network(LineString(way), LineString(way[::-1]), LineString(way), LineString([*way, (100, 9)]))
        assert net.edges["line"].tolist() == ["a", "d"]
        assert net.report.duplicate.tolist() == ["b", "c"]
        assert net.report.overlapping.tolist() == ["d"]
        assert walk_m(net, (0, 0), (100, 9)) == 109.0

    def test_a_way_there_and_back_is_used_once(self) -> None:
        net = network(LineString([(0, 0), (40, 0), (100, 0), (40, 0), (0, 0)]))
        assert net.edges["length_m"].sum() == 100.0
        assert net.report.overlapping.tolist() == ["a"]
        assert walk_m(net, (0, 0), (100, 0)) == 100.0

    def test_a_line_that_turns_back_on_the_way(self) -> None:
        net = network(LineString([(0, 0), (40, 0), (0, 0), (40, 0), (100, 0)]))
        assert net.edges["length_m"].tolist() == [40.0, 60.0]
        assert walk_m(net, (0, 0), (100, 0)) == 100.0

    def test_parallel_lines_are_both_kept(self) -> None:
        net = network(STREET, LineString([(0, 0), (50, 30), (100, 0)]), LineString([(0, 2), (100, 2)]))
        assert net.n_edges == 3
        assert walk_m(net, (0, 0), (100, 0)) == 100.0
        there = 2 * np.hypot(50, 30)
        assert walk_m(net, (50, 30), (100, 0)) == pytest.approx(there / 2, abs=5e-4)

    def test_a_lone_ring(self) -> None:
        net = network(LineString([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]))
        assert (net.n_nodes, net.n_edges) == (1, 1)
        assert walk_m(net, (10, 0), (0, 10)) == 20.0

    def test_a_figure_of_eight(self) -> None:
        net = network(LineString([(0, 0), (50, 0), (50, 50), (0, 0), (-50, 0), (-50, -50), (0, 0)]))
        assert net.n_edges == 2
        assert walk_m(net, (50, 0), (-50, 0)) == 100.0

    def test_tuples_as_labels(self) -> None:
        index = pd.MultiIndex.from_tuples([(1, 2, 0), (2, 3, 0)])
        lines = gpd.GeoSeries([STREET, LineString([(100.25, 0), (200, 0)])], index=index, crs=CRS)
        assert WalkNetwork.from_lines(lines).near_misses["line"].tolist() == [(1, 2, 0), (2, 3, 0)]


class TestRefused:
    @pytest.mark.parametrize(
        ("crs", "named"),
        [(None, "no coordinate reference system"), ("EPSG:4326", "WGS 84 .EPSG:4326. is not projected")],
    )
    def test_not_projected(self, crs: str | None, named: str) -> None:
        with pytest.raises(CrsError, match=named):
            WalkNetwork.from_lines(gpd.GeoDataFrame(geometry=[STREET], crs=crs))

    def test_not_in_metres(self) -> None:
        with pytest.raises(CrsError, match=r"NAD83 / New York Long Island \(ftUS\) counts in US survey foot"):
            WalkNetwork.from_lines(gpd.GeoDataFrame(geometry=[STREET], crs="EPSG:2263"))

    def test_no_lines(self) -> None:
        with pytest.raises(NetworkError, match="2 are no lines but Point, Polygon: 'b', 'd'"):
            network(STREET, Point(0, 0), STREET, Polygon([(0, 0), (1, 0), (1, 1)]))

    def test_no_numbers(self) -> None:
        with np.errstate(invalid="ignore"):
            odd = LineString([(0, 0), (np.nan, 1)]), LineString([(0, 0), (np.inf, 1)])
        with pytest.raises(NetworkError, match="2 have coordinates that are no finite numbers: 'b', 'c'"):
            network(STREET, *odd)

    @pytest.mark.parametrize("lines", [[], [None, LineString()], [LineString([(1, 1), (1, 1)])]])
    def test_nothing_left(self, lines: list[Any]) -> None:
        with pytest.raises(NetworkError, match=f"none of the {len(lines)} lines given has any length"):
            network(*lines)

    def test_the_input_is_left_as_it_was(self) -> None:
        lines = frame([STREET, LineString([(100, 0, 5), (100, 50, 6)])])
        before = lines.copy(deep=True)
        WalkNetwork.from_lines(lines, node_crossings=True)
        pd.testing.assert_frame_equal(lines, before)
