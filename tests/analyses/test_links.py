"""Links by hand, and against networks that are built anew with the link as a street."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from qyp_geo import analyses
from qyp_geo.analyses import links as module
from qyp_geo.analyses.causes import ABSENT, NO_WAY
from qyp_geo.analyses.gaps import Gaps
from qyp_geo.frames import LayerData, Result
from qyp_geo.network import WalkNetwork
from tests.analyses.village import (
    EAST,
    box,
    coverage_record,
    frame,
    inputs,
    layer,
    line,
    point,
    residents,
    streets,
)

SCHOOL = "own.primary_school"


def school_beyond_a_wall() -> dict[str, LayerData]:
    """A school 40 m from homes, and 900 m to walk: the street goes round the end of a wall.

    ::

        y=40   S----------------------------------+ (430, 40)
        y=20  =================================   |           the wall, x = -10 ... 420
        y=0    A------B---------------C---------D-+ (430, 0)
               0     100             300       425

        A 70, B 30, C 20, D 5 people; walks to S: 900, 800, 600, 475
    """
    return {
        "layers/boundary": layer(frame("boundary", {"all": box(-500, -500, 1500, 1500)}), "boundary"),
        "layers/streets": streets({"round": line((0, 0), (430, 0), (430, 40), (0, 40))}),
        "layers/residents": residents(
            {"A": point(0, 0), "B": point(100, 0), "C": point(300, 0), "D": point(425, 0)}, [70.0, 30.0, 20.0, 5.0]
        ),
        "layers/schools": layer(frame("primary_school", {"S": point(0, 40)}), "primary_school"),
        "layers/walls": barriers({"w": line((-10, 20), (420, 20))}),
    }


def barriers(lines: Mapping[str, Any], barrier: str = "wall", **columns: list[str]) -> LayerData:
    return layer(frame("barriers", lines, barrier=[barrier] * len(lines), **columns), "barriers")


def results(
    layers: Mapping[str, LayerData], limit_m: float, *, coverage: Mapping[str, Any] | None = None, **more: Any
) -> tuple[Result, Result]:
    """The coverage of a district's primary schools, and its gaps."""
    asked = {
        "facilities": ["layers/schools"],
        "circles": [],
        "areas": [],
        "limits_m": {"primary_school": limit_m},
        "barriers": "layers/walls" if "layers/walls" in layers else None,
    }
    covered = analyses.run(coverage_record(**asked | dict(coverage or {})), inputs(layers))
    record = Gaps.model_validate({"kind": "gaps", "title": "缺口", "coverage": "analyses/coverage"} | more)
    return covered, analyses.run(record, inputs(layers, coverage=covered))


def test_a_gate_in_the_wall_brings_everybody_to_the_school() -> None:
    _, found = results(school_beyond_a_wall(), 500.0)
    gap = found.table.iloc[0]
    assert len(found.table) == 1
    assert gap[["type", "people", "nearest_walk_m", "radius_m"]].tolist() == [NO_WAY, 120.0, 600.0, 40.0]
    best = found.parts["links"].iloc[0]
    assert best[["kind", "crosses", "length_m", "people_gained", "units_gained", "requirement", "gap"]].tolist() == [
        "gate",
        "w",
        40.0,
        120.0,
        3,
        SCHOOL,
        "G001",
    ]
    assert found.parts["links"].crs == "EPSG:4548"


def test_the_way_through_the_gate_meets_the_limit_itself() -> None:
    # Through any gate between them, B walks 100 + 40 m.
    for limit_m, people in ((140.0, 100.0), (139.999, 70.0)):
        _, found = results(school_beyond_a_wall(), limit_m)
        best = found.parts["links"].iloc[0]
        assert (best["people_gained"], best["length_m"]) == (people, 40.0)


def test_no_link_is_longer_than_the_longest_allowed() -> None:
    _, found = results(school_beyond_a_wall(), 500.0, max_link_m=40.0)
    assert set(found.parts["links"]["length_m"]) == {40.0}
    _, found = results(school_beyond_a_wall(), 500.0, max_link_m=39.999)
    assert found.parts["links"].empty
    assert found.parts["links"].columns.tolist() == module._COLUMNS


def test_links_stand_apart_and_what_is_not_listed_is_counted() -> None:
    _, all_of_them = results(school_beyond_a_wall(), 500.0, links_per_gap=100)
    _, found = results(school_beyond_a_wall(), 500.0, links_per_gap=2)
    links, more = all_of_them.parts["links"], found.parts["links"]
    assert more.index.tolist() == ["L001", "L002"]
    assert links.index[0] == "L001"
    assert links["people_gained"].is_monotonic_decreasing
    middle = gpd.GeoSeries(links.geometry).interpolate(0.5, normalized=True)
    apart_m = shapely.distance(middle.to_numpy()[:, None], middle.to_numpy()[None])
    assert apart_m[~np.eye(len(links), dtype=bool)].min() >= module.APART_M
    assert any(f"另有 {len(links) - 2} 条未列出" in note for note in found.notes)


def test_a_link_leads_through_no_building() -> None:
    layers = school_beyond_a_wall()
    homes = {"A": point(0, 0), "B": point(100, 0), "H": box(-400, 5, 410, 15)}
    layers["layers/residents"] = residents(homes, [70.0, 30.0, 1.0])
    _, found = results(layers, 500.0)
    assert found.parts["links"].empty  # B is 230 m from where the house ends: 100 + 410 more than what is left


@pytest.mark.parametrize(
    ("barrier", "kind", "name"),
    [
        ("wall", "gate", "围墙"),
        ("fence", "gate", "围栏"),
        ("railway", "footbridge", "铁路"),
        ("elevated", "footbridge", "高架"),
    ],
)
def test_what_is_crossed_tells_what_it_takes(barrier: str, kind: str, name: str) -> None:
    layers = school_beyond_a_wall()
    layers["layers/walls"] = barriers({"b": line((-10, 20), (420, 20))}, barrier, name=[""])
    _, found = results(layers, 500.0)
    assert found.parts["links"][["kind", "crosses"]].iloc[0].tolist() == [kind, name]


def test_across_several_barriers_it_takes_the_greatest_effort() -> None:
    layers = school_beyond_a_wall()
    walls = frame(
        "barriers",
        {"wall": line((-10, 15), (420, 15)), "canal": box(-10, 20, 420, 30)},
        barrier=["wall", "water"],
    )
    layers["layers/walls"] = layer(walls, "barriers")
    _, found = results(layers, 500.0)
    assert found.parts["links"][["kind", "crosses", "people_gained"]].iloc[0].tolist() == [
        "footbridge",
        "wall、canal",
        120.0,
    ]


def test_who_has_no_facility_near_is_shown_no_links() -> None:
    layers = school_beyond_a_wall()
    layers["layers/schools"] = layer(frame("primary_school", {"S": point(0, 40)}), "primary_school")
    _, found = results(layers, 35.0)  # the school is 40 m off in a straight line
    assert set(found.table["type"]) == {ABSENT}
    assert found.parts["links"].empty
    assert not any("建议连接" in note for note in found.notes)


def test_a_wide_street_is_crossed_where_no_crossing_is() -> None:
    """A home and a school 60 m apart on either side of a street of 40 m, with junctions 500 m away.

    The straight legs to the kerbs are 10 m, so there are 10 + 500 + 40 + 500 + 10 m to walk; over a crossing 60 m.
    """
    wide = frame(
        "streets",
        {
            "wide": line((-300, 0), (0, 0), (1000, 0), (1300, 0)),
            "a": line((0, -100), (0, 0), (0, 100)),
            "b": line((1000, -100), (1000, 0), (1000, 100)),
        },
        walkable=[True] * 3,
        two_sided=[True, False, False],
        width_m=[40.0, 5.0, 5.0],
    )
    layers = {
        "layers/boundary": layer(frame("boundary", {"all": box(-500, -500, 1500, 1500)}), "boundary"),
        "layers/streets": layer(wide, "streets"),
        "layers/residents": residents({"A": point(500, 30)}, [70.0]),
        "layers/schools": layer(frame("primary_school", {"S": point(500, -30)}), "primary_school"),
    }
    covered, found = results(layers, 500.0)
    assert covered.parts["by_unit"]["walk_m"].tolist() == [1060.0]
    best = found.parts["links"].iloc[0]
    assert best[["kind", "crosses", "length_m", "people_gained"]].tolist() == ["crossing", "wide", 40.0, 70.0]
    east = shapely.get_coordinates(shapely.LineString(best["geometry"]))[:, 0] - EAST
    assert (60 + 2 * np.abs(east - 500) <= 500).all()  # where it is, the detour to it is still within the limit


@pytest.mark.parametrize("seed", range(3))
def test_a_crossing_brings_what_the_network_with_it_brings(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "APART_M", 1e-6)
    rng = np.random.default_rng(seed)
    wide = frame(
        "streets",
        {"wide": line((-900, 0), (0, 0), (800, 0), (1700, 0)), "a": line((0, -90), (0, 0), (0, 90))},
        walkable=[True] * 2,
        two_sided=[True, False],
        width_m=[36.0, 5.0],
    )
    homes = {f"h{n}": point(rng.uniform(100, 700), rng.choice([-1, 1]) * rng.uniform(20, 40)) for n in range(30)}
    layers = {
        "layers/boundary": layer(frame("boundary", {"all": box(-2000, -500, 2500, 500)}), "boundary"),
        "layers/streets": layer(wide, "streets"),
        "layers/residents": residents(homes, list(rng.integers(1, 99, 30) * 1.0)),
        "layers/schools": layer(frame("primary_school", {"S": point(rng.uniform(300, 500), -30)}), "primary_school"),
    }
    _, found = results(layers, 250.0, links_per_gap=1000)
    people = layers["layers/residents"].frame["people"]
    assert len(found.parts["links"]) > 10
    for _, link in found.parts["links"].iterrows():
        crossings = gpd.GeoSeries([point(0, 0), shapely.LineString(link["geometry"]).centroid], crs=wide.crs)
        net = WalkNetwork.from_lines(wide, two_sided="two_sided", width_m="width_m", crossings=crossings)
        walk_m = net.nearest(layers["layers/residents"].frame.geometry, layers["layers/schools"].frame.geometry)[
            "walk_m"
        ]
        members = found.parts["units"].query("gap == @link.gap")["unit"]
        gained = [unit for unit in members if walk_m[unit] <= 250.0]
        assert link[["people_gained", "units_gained"]].tolist() == [people[gained].sum(), len(gained)]


def test_a_new_gate_serves_a_whole_estate() -> None:
    """An estate between two streets, with a gate on the north only; a school on the street in the south.

    ::

        y=100   +------g------------------ (600, 100)
                |  estate 0...200 x 10...90       |
        y=0     S---------------------------------+ (600, 0)

    From the gate at (100, 90) it is 10 + 500 + 100 + 600 m to the school at (0, 0); from a gate in the south 10 m and along.
    """
    layers = {
        "layers/boundary": layer(frame("boundary", {"all": box(-500, -500, 1500, 1500)}), "boundary"),
        "layers/streets": streets({"round": line((0, 100), (600, 100), (600, 0), (0, 0))}),
        "layers/residents": residents(
            {"A": point(100, 50), "B": point(150, 80), "out": point(590, 100)}, [70.0, 50.0, 9.0]
        ),
        "layers/schools": layer(frame("primary_school", {"S": point(0, 0)}), "primary_school"),
        "layers/estates": layer(
            frame("estates", {"E": box(0, 10, 200, 90)}, name=["南苑"]), "estates", gates="layers/gates"
        ),
        "layers/gates": layer(frame("gates", {"g": point(100, 90)}, of=["E"]), "gates"),
    }
    covered, found = results(layers, 300.0, coverage={"estates": "layers/estates"})
    assert covered.parts["by_unit"]["walk_from_gate_m"].tolist()[:2] == [1210.0, 1210.0]
    first = found.table.iloc[0]
    assert first[["type", "estate", "people", "nearest_walk_m"]].tolist() == [NO_WAY, "南苑", 120.0, 1210.0]
    links = found.parts["links"]
    assert links[["kind", "crosses", "length_m", "people_gained", "units_gained", "gap"]].iloc[0].tolist() == [
        "gate",
        "南苑",
        10.0,
        120.0,
        2,
        first.name,
    ]


def random_district(seed: int) -> dict[str, LayerData]:
    """Lanes either side of a wall that is open at its west end; a third of them is missing; all are on lanes."""
    rng = np.random.default_rng(seed)
    columns, rows = np.arange(7) * 80.0, np.array([-140.0, -80.0, -20.0, 20.0, 80.0, 140.0])
    place = {
        (i, j): (x + rng.uniform(-9, 9), y + rng.uniform(-4, 4))
        for i, x in enumerate(columns)
        for j, y in enumerate(rows)
    }
    lanes = {"open": line(place[0, 2], place[0, 3])}
    for (i, j), here in place.items():
        for other in ((i + 1, j), (i, j + 1)):
            if other in place and {j, other[1]} != {2, 3} and rng.random() < 0.75:
                lanes[f"{i},{j}-{other}"] = line(here, place[other])
    on = [str(name) for name in rng.choice(list(lanes), 40)]
    at = [lanes[name].interpolate(rng.uniform(0, 1), normalized=True) for name in on]
    return {
        "layers/boundary": layer(frame("boundary", {"all": box(-500, -500, 1500, 1500)}), "boundary"),
        "layers/streets": streets(lanes),
        "layers/residents": residents(
            {f"h{n}": home for n, home in enumerate(at[:37])}, list(rng.integers(1, 99, 37) * 1.0)
        ),
        "layers/schools": layer(frame("primary_school", {f"s{n}": at[37 + n] for n in range(3)}), "primary_school"),
        "layers/walls": barriers({"w": line((20, 0), (900, 0))}),
    }


def walks_anew(layers: Mapping[str, LayerData], link: shapely.LineString) -> pd.Series:
    """The least walks to a school once a link is there: the network is built anew of lanes cut at the ends of the link."""
    lanes = layers["layers/streets"].frame.geometry
    lines = []
    for lane in lanes:
        cuts = [lane.project(end) for end in link.boundary.geoms if lane.distance(end) < 1e-6]
        places = [lane.coords[0], *(lane.interpolate(cut).coords[0] for cut in sorted(cuts)), lane.coords[-1]]
        lines.append(shapely.LineString(places))
    net = WalkNetwork.from_lines(gpd.GeoSeries([*lines, link], crs=lanes.crs))
    on_lanes = [layers[f"layers/{name}"].frame.geometry for name in ("residents", "schools")]
    return net.nearest(*on_lanes)["walk_m"]


@pytest.mark.parametrize("seed", [0, 1, 2, 4])
def test_what_a_link_brings_is_what_the_network_with_it_brings(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "APART_M", 1e-6)
    layers = random_district(seed)
    limit_m = 250.0
    _, found = results(layers, limit_m, links_per_gap=1000)
    people = layers["layers/residents"].frame["people"]
    links = found.parts["links"]
    assert len(links) > 10
    for _, link in links.iloc[:: max(1, len(links) // 40)].iterrows():
        walk_m = walks_anew(layers, shapely.LineString(link["geometry"]))
        members = found.parts["units"].query("gap == @link.gap")["unit"]
        gained = [unit for unit in members if walk_m[unit] <= limit_m]
        assert (link["people_gained"], link["units_gained"]) == (people[gained].sum(), len(gained))
    monkeypatch.setattr(module, "_PAIRS", 7)
    pd.testing.assert_frame_equal(links, results(layers, limit_m, links_per_gap=1000)[1].parts["links"])
