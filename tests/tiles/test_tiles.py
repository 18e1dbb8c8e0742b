"""Tiles against the whole, to the bit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qyp_geo.errors import NetworkError
from qyp_geo.network import WalkNetwork
from qyp_geo.tiles import HERE, Job, Question, open_workers, run_tiles, store
from qyp_geo.tiles.tile import streets_about
from tests.network.brute import frame, plain, points


def with_ids(frame_: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The same rows in the same order, named by text."""
    return frame_.assign(id=[f"n{label}" for label in frame_.index])


def job_of(
    folder: Path,
    streets: gpd.GeoDataFrame,
    origins: gpd.GeoDataFrame,
    targets: dict[str, gpd.GeoDataFrame],
    question: Question,
) -> Job:
    named = {kind: store([with_ids(one)], folder / f"targets_{kind}").folder for kind, one in targets.items()}
    return Job(
        store([streets], folder / "streets").folder,
        store([with_ids(origins)], folder / "origins").folder,
        named,
        question,
        folder / "answers",
    )


def by_tiles(job: Job) -> pd.DataFrame:
    """All answers, in the order of the origins and kinds."""
    with open_workers(HERE) as workers:
        files = run_tiles(job, workers)
    table = pd.concat([pd.read_parquet(file) for file in files])
    assert len({file.name for file in files}) == len(files)
    return table.sort_values(["kind", "order"], kind="stable", ignore_index=True)


def at_once(
    streets: gpd.GeoDataFrame, origins: gpd.GeoDataFrame, targets: dict[str, gpd.GeoDataFrame], question: Question
) -> pd.DataFrame:
    """What one machine answers, in plain terms of `WalkNetwork`."""
    sided = {} if question.two_sided is None else {"two_sided": question.two_sided, "width_m": question.width_m}
    net = WalkNetwork.from_lines(streets, node_crossings=question.node_crossings, **sided)  # type: ignore[arg-type]
    at = net.snap(origins.reset_index(drop=True), max_off_m=question.max_off_m)
    tables = []
    for kind in sorted(targets):
        those = with_ids(targets[kind]).reset_index(drop=True)
        to = net.snap(those, max_off_m=question.max_off_m)
        nearest = net.nearest(at, to, within_m=question.within_m)
        walks = plain(net.walks(at, to, within_m=question.within_m))
        rows = {
            "order": np.arange(len(origins)),
            "origin": with_ids(origins)["id"].to_numpy(),
            "kind": kind,
            "target": those["id"].reindex(nearest["target"]).to_numpy(),
            "walk_m": nearest["walk_m"].to_numpy(),
            "n_targets": np.bincount(walks["origin"], minlength=len(origins)),
        }
        for name in question.weights:
            weight = those[name].to_numpy()[walks["target"].to_numpy(dtype=int)]
            rows[name] = np.bincount(walks["origin"], weights=weight, minlength=len(origins))
        tables.append(pd.DataFrame(rows))
    return pd.concat(tables, ignore_index=True)


def assert_same_bits(tiled: pd.DataFrame, whole: pd.DataFrame) -> None:
    assert tiled["order"].tolist() == whole["order"].tolist()
    for name in whole.columns:
        if name == "target":
            assert tiled[name].isna().tolist() == whole[name].isna().tolist()
            assert tiled[name].dropna().tolist() == whole[name].dropna().tolist()
        elif whole[name].dtype == float:
            assert tiled[name].to_numpy().tobytes() == whole[name].to_numpy().tobytes(), name
        else:
            assert tiled[name].tolist() == whole[name].tolist(), name


def check(
    folder: Path,
    streets: gpd.GeoDataFrame,
    origins: gpd.GeoDataFrame,
    targets: dict[str, gpd.GeoDataFrame],
    question: Question,
) -> pd.DataFrame:
    tiled = by_tiles(job_of(folder, streets, origins, targets, question))
    assert_same_bits(tiled, at_once(streets, origins, targets, question))
    return tiled


def test_by_hand_a_street_of_three_tiles(tmp_path: Path) -> None:
    """One street of 300 m, tiles of 100 m, a shop at 250 m; one home in each tile and two on borders."""
    streets = frame([shapely.LineString([(0, 50), (300, 50)])])
    homes = points((50, 50), (100, 50), (150, 60), (200, 50), (290, 50))
    question = Question(150.0, max_off_m=20.0, tile_m=100.0)
    table = check(tmp_path, streets, homes, {"shop": points((250, 50))}, question)
    assert table["walk_m"].fillna(-1).tolist() == [-1, 150.0, 110.0, 50.0, 40.0]  # 150 m is within 150 m
    assert table["n_targets"].tolist() == [0, 1, 1, 1, 1]
    assert sorted(path.stem for path in (tmp_path / "answers").iterdir()) == ["x0_y0", "x1_y0", "x2_y0"]


def test_a_point_on_a_border_belongs_to_one_tile(tmp_path: Path) -> None:
    streets = frame([shapely.LineString([(-100, 0), (100, 0)])])
    homes = points((-50, 0), (0, 0), (50, 0))
    job = job_of(tmp_path, streets, homes, {"shop": points((0, 0))}, Question(100.0, tile_m=50.0))
    by_tiles(job)
    rows = {path.stem: pd.read_parquet(path)["origin"].tolist() for path in job.answers.iterdir()}
    assert rows == {"x-1_y0": ["n0"], "x0_y0": ["n1"], "x1_y0": ["n2"]}


def test_the_first_of_two_targets_at_one_millimetre(tmp_path: Path) -> None:
    """The first in the order of the input, though the second is stored before it."""
    streets = frame([shapely.LineString([(0, 0), (1000, 0)])])
    shops = points((600, 0), (400, 0), index=["b", "a"])
    table = check(tmp_path, streets, points((500, 0)), {"shop": shops}, Question(300.0, tile_m=100.0))
    assert table["target"].tolist() == ["nb"]
    assert table["n_targets"].tolist() == [2]


def test_no_street_and_no_target_within_reach(tmp_path: Path) -> None:
    streets = frame([shapely.LineString([(0, 0), (100, 0)]), shapely.LineString([(5000, 0), (5000.00001, 0)])])
    homes = points((10, 0), (5000, 0), (9000, 0))
    table = check(
        tmp_path,
        streets,
        homes,
        {"shop": points((90, 0)), "far": points((8000, 0))},
        Question(500.0, tile_m=1000.0),
    )
    assert table.set_index(["kind", "order"])["walk_m"].dropna().to_dict() == {("shop", 0): 80.0}


def edges(net: WalkNetwork, lines: pd.Index) -> list[tuple[Any, ...]]:
    """The edges cut from some lines, to the bit."""
    table = net.edges[net.edges["line"].isin(lines)]
    return list(zip(table["line"], table.geometry.to_wkb(), table["length_m"], strict=True))


def check_edges(
    folder: Path, streets: gpd.GeoDataFrame, core: shapely.Polygon, halo_m: float, *, node_crossings: bool = False
) -> None:
    """Lines that a tile's walks may lead along are cut as among all lines."""
    about = streets_about(core, store([streets], folder), halo_m)
    ring = about.index[shapely.distance(about.geometry.to_numpy(), core.buffer(halo_m, join_style="mitre")) == 0]
    if len(ring) and about.length.max() > 0.001:
        tile = WalkNetwork.from_lines(about, node_crossings=node_crossings)
        assert edges(tile, ring) == edges(WalkNetwork.from_lines(streets, node_crossings=node_crossings), ring)


def test_the_place_of_a_shared_vertex_is_that_of_a_line_outside_the_halo(tmp_path: Path) -> None:
    """Three lines meet at (900, 0), far from the tile of the home; the first of them has it .04 mm off."""
    away = 0.00004
    streets = frame(
        [
            shapely.LineString([(900 + away, away), (900, 4000)]),
            shapely.LineString([(900, 0), (0, 0)]),
            shapely.LineString([(900, -away), (1300, 0)]),
        ]
    )
    core = shapely.box(0, 0, 100, 100)
    about = streets_about(core, store([streets], tmp_path / "streets"), 100.0)
    assert about.index.tolist() == [0, 1, 2]  # the first and the last are ring 2
    net = WalkNetwork.from_lines(about)
    assert shapely.get_coordinates(net.edges.geometry.iloc[1])[0].tolist() == [900 + away, away]
    check_edges(tmp_path / "again", streets, core, 100.0)
    homes = points((10, 3), (90, 5), (500, 1))
    question = Question(1000.0, max_off_m=50.0, tile_m=100.0)
    check(tmp_path / "job", streets, homes, {"shop": points((650, 7), (20, 0))}, question)


def test_long_edges_that_cross_several_tiles(tmp_path: Path) -> None:
    """Roads of some kilometres without a vertex, tiles of 500 m; the ends of an edge lie far outside the halo."""
    roads = [
        shapely.LineString([(-3000, 13), (4000, 1717.3)]),
        shapely.LineString([(-2500, 3000), (4000, 1717.3), (5000, -2000.1)]),
        shapely.LineString([(0, -3000), (111.7, 5000)]),
        shapely.LineString([(-3000, 13), (-2500, 3000), (-2000, -3000), (0, -3000)]),
    ]
    rng = np.random.default_rng(4)
    road = np.array(roads)[rng.integers(0, 4, 300)]
    on = shapely.get_coordinates(shapely.line_interpolate_point(road, rng.random(300), normalized=True))
    homes = frame([shapely.Point(at) for at in on + rng.normal(0, 20, on.shape)])
    shops = homes.iloc[::7].reset_index(drop=True).assign(seats=rng.random(43))
    question = Question(700.0, max_off_m=60.0, tile_m=500.0, weights=("seats",))
    table = check(tmp_path, frame(roads), homes, {"shop": shops}, question)
    assert table["walk_m"].notna().sum() > 200


def test_limits_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="nearest without a limit is not exact under tiling"):
        Question(math.inf)
    for wrong in ({"within_m": -1.0}, {"within_m": math.nan}, {"within_m": 1.0, "tile_m": 0.0}):
        with pytest.raises(NetworkError, match=r"not a length"):
            Question(**wrong)  # type: ignore[arg-type]


COORDINATE = st.integers(-8, 8).map(lambda k: 60.0 * k)
NUDGE = st.sampled_from([0.0, 0.0, 0.0, 0.00004, -0.00003])


@st.composite
def networks(draw: st.DrawFn) -> dict[str, Any]:
    """Streets on a coarse grid: islands, parallel edges, loops, long lines, shared vertices that agree to .1 mm only."""
    vertex = st.tuples(COORDINATE, COORDINATE)
    lines = draw(st.lists(st.lists(vertex, min_size=2, max_size=5), min_size=1, max_size=14))
    drawn = [[(x + draw(NUDGE), y + draw(NUDGE)) for x, y in line] for line in lines]
    copies = draw(st.lists(st.integers(0, len(lines) - 1), max_size=2))
    drawn += [drawn[k][::-1] for k in copies]
    off = st.tuples(st.integers(-480, 480), st.integers(-480, 480)).map(lambda xy: (float(xy[0]), float(xy[1])))
    return {
        "lines": drawn,
        "two_sided": [draw(st.booleans()) for _ in drawn],
        "homes": draw(st.lists(off | vertex, min_size=1, max_size=25)),
        "shops": draw(st.lists(off | vertex, min_size=1, max_size=12)),
        "within_m": draw(st.sampled_from([0.0, 60.0, 150.0, 180.0, 420.0])),
        "tile_m": draw(st.sampled_from([60.0, 97.3, 240.0])),
    }


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.booleans(), st.booleans())
def test_random_networks(
    tmp_path_factory: pytest.TempPathFactory, drawn: dict[str, Any], node_crossings: bool, kerbs: bool
) -> None:
    streets = frame([shapely.LineString(line) for line in drawn["lines"]], two_sided=drawn["two_sided"])
    streets = streets.assign(width_m=12.0 + np.arange(len(streets)))
    if not (streets.length > 0.001).any():
        return
    sided: dict[str, Any] = (
        {"two_sided": "two_sided", "width_m": "width_m", "widest_m": 26.0 + len(streets)} if kerbs else {}
    )
    homes, shops = points(*drawn["homes"]), points(*drawn["shops"])
    shops = shops.assign(seats=np.sqrt(np.arange(len(shops)) + 2.0))
    question = Question(
        drawn["within_m"],
        max_off_m=40.0,
        tile_m=drawn["tile_m"],
        weights=("seats",),
        node_crossings=node_crossings,
        **sided,
    )
    folder = tmp_path_factory.mktemp("job")
    check(folder, streets, homes, {"shop": shops}, question)
    side_m = drawn["tile_m"]
    for corner in ((0.0, 0.0), (-480.0, 60.0)):
        core = shapely.box(*corner, corner[0] + side_m, corner[1] + side_m)
        check_edges(folder / "about", streets, core, 30.0, node_crossings=node_crossings)


@pytest.mark.shared
def test_wuhan_cut_into_many_tiles(shared_data: Path, tmp_path: Path) -> None:
    """The streets of 武汉 in tiles of 2 km; homes beside streets, at corners, and on the borders of tiles."""
    streets = gpd.read_parquet(shared_data / "wuhan_streets.parquet")[["geometry"]]
    inner = streets.cx[230_000:246_000, 3_378_000:3_390_000].reset_index(drop=True)
    rng = np.random.default_rng(11)
    line = np.asarray(inner.geometry.array)[rng.integers(0, len(inner), 3000)]
    on = shapely.get_coordinates(shapely.line_interpolate_point(line, rng.random(3000), normalized=True))
    beside = on[:2200] + rng.normal(0, 25, (2200, 2))
    corners = shapely.get_coordinates(shapely.get_point(line[2200:2600], 0))
    borders = on[2600:]
    borders[:, 0] = np.rint(borders[:, 0] / 2000) * 2000
    borders[::2, 1] = np.rint(borders[::2, 1] / 2000) * 2000
    xy = np.concatenate([beside, corners, borders])
    homes = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=streets.crs)
    shops = homes.iloc[::9].reset_index(drop=True)
    shops = shops.assign(seats=rng.random(len(shops)))
    targets = {"shop": shops, "school": shops.iloc[::-5].reset_index(drop=True).assign(seats=1.0)}
    question = Question(1000.0, tile_m=2000.0, weights=("seats",))
    table = check(tmp_path, streets, homes, targets, question)
    assert len(list((tmp_path / "answers").iterdir())) >= 48
    assert table["walk_m"].notna().mean() > 0.5
    assert table["n_targets"].max() > 10
