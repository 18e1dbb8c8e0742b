"""What a page says: the figures of coverage, gaps and layers, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from qyp_geo.declarations import Analysis, Overlay, Ref
from qyp_geo.errors import DeclarationError, QypGeoError
from qyp_geo.frames import Result
from qyp_geo.maps.overlays import plain
from tests.maps.conftest import build
from tests.maps.district import CRS, REQUIREMENTS, Parts, make_district
from tests.maps.reading import column, numbers, text


class Question(Analysis):
    """An analysis that names its layer, as real ones do."""

    demand: Ref


def _with_overlays(parts: Parts, *overlays: Overlay) -> Parts:
    record, *rest = parts
    return (record.model_copy(update={"overlay": list(overlays)}), *rest)  # type: ignore[return-value]


def _overlay(html: str, role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(overlay for overlay in text(html)["overlays"] if overlay["role"] == role)
    return found


def test_walks_facilities_and_verdicts_are_those_of_the_table() -> None:
    parts = make_district(side=4)
    html = build(parts)
    content, data = text(html), numbers(html)
    coverage = content["coverage"]
    ids = _overlay(html, "coverage")["ids"]
    by_unit = parts[3]["analyses/coverage"].parts["by_unit"].set_index(["requirement", "unit"])
    for n, requirement in enumerate(coverage["requirements"]["id"]):
        packed = {name: column(data, coverage[name][n]) for name in ("walk", "nearest", "verdict", "covered")}
        for place, unit in enumerate(ids):
            row = by_unit.loc[(requirement, unit)]
            assert packed["walk"][place] == (-1 if np.isnan(row["walk_m"]) else np.ceil(row["walk_m"]))
            assert coverage["verdicts"][packed["verdict"][place]] == row["verdict"]
            assert packed["covered"][place] == row["covered"]
            nearest = packed["nearest"][place]
            assert (coverage["facilities"]["facility"][nearest] if nearest >= 0 else "") == row["facility"]


@pytest.mark.parametrize(("walk_m", "shown"), [(300.0, 300), (300.001, 301), (299.999, 300), (0.0, 0)])
def test_metres_shown_never_contradict_the_verdict(walk_m: float, shown: int) -> None:
    parts = make_district(side=2)
    by_unit = parts[3]["analyses/coverage"].parts["by_unit"]
    by_unit.loc[by_unit["requirement"] == "t5.toilet", "walk_m"] = walk_m
    html = build(parts)
    walk = column(numbers(html), text(html)["coverage"]["walk"][0])
    assert set(walk) == {shown}
    assert (shown <= 300) == (walk_m <= 300.0)


def test_a_requirement_that_was_not_asked_of_a_unit_is_marked() -> None:
    parts = make_district(side=2)
    coverage = parts[3]["analyses/coverage"]
    by_unit = coverage.parts["by_unit"]
    parts[3]["analyses/coverage"] = replace(
        coverage, parts={**coverage.parts, "by_unit": by_unit[by_unit["unit"] != "R00002"].reset_index(drop=True)}
    )
    html = build(parts)
    place = _overlay(html, "coverage")["ids"].index("R00002")
    content = text(html)["coverage"]
    assert [column(numbers(html), where)[place] for where in content["verdict"]] == [-1] * len(REQUIREMENTS)


def test_units_of_a_gap_are_found_again() -> None:
    parts = make_district(side=5)
    html = build(parts)
    content = text(html)
    ids = _overlay(html, "coverage")["ids"]
    members = {name: column(numbers(html), where) for name, where in content["members"].items()}
    assert set(members["gap"]) == {0}
    assert {ids[unit] for unit in members["unit"]} == set(parts[3]["analyses/gaps"].parts["units"]["unit"])


def test_neighbours_are_packed_next_to_one_another() -> None:
    html = build(make_district(side=8))
    ids = _overlay(html, "coverage")["ids"]
    places = np.array([[int(id_[1:]) % 8, int(id_[1:]) // 8] for id_ in ids])
    assert sorted(ids) == [f"R{n:05d}" for n in range(64)]
    assert np.abs(np.diff(places, axis=0)).sum(axis=1).max() <= 2


def test_coordinates_are_longitude_and_latitude() -> None:
    html = build(make_district(side=2))
    boundary = _overlay(html, "boundary")
    x, y = (column(numbers(html), boundary["shapes"][axis]) * 1e-6 for axis in "xy")
    corner = gpd.GeoSeries([shapely.Point(394_000, 3_167_000)], crs=CRS).to_crs("EPSG:4326")
    assert np.hypot(x - corner.x.iloc[0], y - corner.y.iloc[0]).min() < 1e-6


def test_declared_columns_are_shown_under_their_headings() -> None:
    html = build(make_district(side=2))
    toilets = next(overlay for overlay in text(html)["overlays"] if overlay["of"] == "layers/toilets")
    assert toilets["fields"] == [{"heading": "开放时间", "values": ["0–24", "0–24"]}]
    assert toilets["facts"]["capacity"] == [12, None]
    assert toilets["facts"]["status"] == ["existing", "planned"]


def test_sources_are_those_that_the_overlays_rest_on_through_analyses_too() -> None:
    parts = make_district(side=2)
    asked = _with_overlays(parts, Overlay(of="analyses/coverage", label="住宅"))
    assert [source["title"] for source in text(build(asked))["sources"]] == ["区界"]

    question = Question(kind="coverage", title="覆盖", demand="layers/residents")
    parts[3]["analyses/coverage"] = replace(parts[3]["analyses/coverage"], record=question)
    content = text(build(asked))
    assert [source["title"] for source in content["sources"]] == ["住宅", "区界"]
    assert content["sources"][0]["asOf"] == "2025-12-31"
    assert content["notes"] == ["人口为估算", "住宅的口径", "区界的口径"]


def test_a_zone_without_ground_is_listed_and_not_drawn() -> None:
    parts = make_district(side=2)
    zones = parts[3]["analyses/zones"]
    outside = gpd.GeoDataFrame(
        {"name": ["区外"], "people": [0.0]}, index=pd.Index(["区外"]), geometry=[shapely.Polygon()], crs=CRS
    )
    table = pd.concat([zones.table, outside])
    parts[3]["analyses/zones"] = replace(zones, table=gpd.GeoDataFrame(table, crs=CRS))
    html = build(parts)
    packed = _overlay(html, "zones")
    assert "区外" in packed["ids"]
    assert sorted(column(numbers(html), packed["shapes"]["paths"])) == [0, 1, 1]


def test_an_empty_layer_is_shown_as_empty() -> None:
    parts = make_district(side=2)
    toilets = parts[2]["layers/toilets"]
    parts[2]["layers/toilets"] = replace(toilets, frame=toilets.frame.iloc[:0])
    overlay = next(one for one in text(build(parts))["overlays"] if one["of"] == "layers/toilets")
    assert overlay["ids"] == []


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (pd.Series([True, False]), [True, False]),
        (pd.Series([True, None], dtype=object), [True, None]),
        (pd.Series([1.0, np.nan, 2.25, np.inf]), [1, None, 2.25, None]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Series(["a", None]), ["a", None]),
        (pd.Series([pd.Timestamp("2026-01-02"), pd.NaT]), ["2026-01-02 00:00:00", None]),
        (pd.Series([[1, 2], np.float64(0.1 + 0.2)], dtype=object), ["[1, 2]", 0.3]),
        (pd.Series([3, 0.12345678], dtype=object), [3, 0.123457]),
    ],
)
def test_values_become_what_json_takes(values: pd.Series[Any], shown: list[object]) -> None:
    assert plain(values) == shown
    assert [type(one) for one in plain(values)] == [type(one) for one in shown]


def test_everything_that_cannot_be_shown_is_named_at_once() -> None:
    parts = make_district(side=2)
    broken = gpd.GeoDataFrame(parts[2]["layers/water"].frame)
    broken.loc["象湖", "geometry"] = None
    parts[2]["layers/water"] = replace(parts[2]["layers/water"], frame=broken)
    parts[3]["analyses/siting"] = Result(Analysis(kind="siting", title="选址"), pd.DataFrame({"a": [1]}))
    asked = _with_overlays(
        parts,
        Overlay(of="layers/nothing", label="a"),
        Overlay(of="analyses/siting", label="b"),
        Overlay(of="layers/water", label="c"),
        Overlay(of="layers/toilets", label="d", popup={"open_hour": "开放时间", "geometry": "形状"}),
        Overlay(of="analyses/coverage", label="e"),
        Overlay(of="analyses/coverage", label="f"),
    )
    with pytest.raises(DeclarationError) as caught:
        build(asked)
    told = [(problem.where, problem.what) for problem in caught.value.problems]
    assert told == [
        ("overlay[0].of", "names nothing that was read or computed"),
        ("overlay[1].of", "is an analysis of kind siting: name the part of it that is to be shown"),
        ("overlay[2].of", "has 1 row(s) whose geometry is missing or a collection"),
        ("overlay[3].popup.open_hour", "is no column of layers/toilets"),
        ("overlay[3].popup.geometry", "is no column of layers/toilets"),
        ("overlay[5].of", "is a second coverage analysis"),
    ]
    assert caught.value.problems[3].remedy == "Did you mean open_hours?"


def test_a_page_for_residents_is_refused() -> None:
    record, district, layers, results = make_district(side=2)
    residents = record.model_copy(update={"audience": "residents"})
    with pytest.raises(QypGeoError, match="cannot be for residents"):
        build((residents, district, layers, results))


def test_nothing_is_written_into_the_arguments() -> None:
    parts = make_district(side=3)
    before = {name: layer.frame.copy() for name, layer in parts[2].items()}
    build(parts)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(parts[2][name].frame), pd.DataFrame(frame))
