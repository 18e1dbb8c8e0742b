"""A facility that is put on the map: whom it newly covers, and that qyp reads it back and counts the same people."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import pandas as pd
import pytest

from qyp_geo.run import run
from tests.maps.acting import click, degrees, on_screen
from tests.maps.conftest import PHONE, Open, build
from tests.maps.district import CRS
from tests.maps.measured import make_measured
from tests.small import EAST as SMALL_EAST
from tests.small import NORTH as SMALL_NORTH
from tests.small import small_district

TOILET = "公共厕所 ≤ 300 m"


@pytest.fixture(scope="module")
def measured() -> str:
    """The page of the district with its streets."""
    return build(make_measured())


def _what_if(page: Any, need: str = TOILET) -> None:
    """Open what-if and choose a need."""
    page.locator(".topics button", has_text="设想布点").click()
    page.select_option("#what-if-need", label=need)


def _total(page: Any) -> str:
    return str(page.locator("#what-if-total").text_content())


def _points(page: Any) -> list[str]:
    return [item.input_value() for item in page.locator(".points input").all()]


def _saved(page: Any, name: str, folder: Path) -> Path:
    """Save one of the two files that the page offers."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"下载 {name}").click()
    assert download.value.suggested_filename == name
    download.value.save_as(folder / name)
    return folder / name


def _metres(x_m: float, y_m: float) -> gpd.GeoSeries:
    """A place of the small district."""
    return gpd.GeoSeries.from_xy([SMALL_EAST + x_m], [SMALL_NORTH + y_m], crs=CRS)


def _newly_covered(x_m: float, y_m: float) -> set[str]:
    """By brute force: buildings that no toilet covers and whose way along the grid to a place on it is 300 m at most."""
    coverage = make_measured()[3]["analyses/coverage"]
    edges, accesses = coverage.parts["edges"], coverage.parts["accesses"]
    graph = nx.Graph()
    for edge in edges.itertuples():
        graph.add_edge(edge.u, edge.v, weight=edge.length_m)
    south, north = 1000 * int(x_m // 100) + int(y_m // 100), 1000 * int(x_m // 100) + int(y_m // 100) + 1
    graph.add_edge("point", south, weight=y_m % 100)
    graph.add_edge("point", north, weight=100 - y_m % 100)
    walks = nx.single_source_dijkstra_path_length(graph, "point")
    by_unit = coverage.parts["by_unit"]
    toilet = by_unit[by_unit["requirement"] == "t5.toilet"].set_index("unit")
    ends = edges.loc[accesses["edge"], ["u", "v", "length_m"]].to_numpy()
    near = set()
    for (u, v, length_m), (of, unit, along_m, off_m) in zip(
        ends, accesses[["of", "id", "along_m", "off_m"]].to_numpy(), strict=True
    ):
        walk_m = min(walks[u] + along_m, walks[v] + length_m - along_m) + off_m
        if of == "unit" and walk_m <= 300 and not toilet.loc[unit, "covered"]:
            near.add(str(unit))
    return near


def test_the_people_newly_covered_are_counted_at_once(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    _what_if(page)
    assert page.locator(".points").count() == 0
    click(page, 300, 430)
    people = make_measured()[3]["analyses/coverage"].parts["units"]["people"]
    gained = _newly_covered(300, 430)
    assert 4 < len(gained) < 20
    assert _total(page) == f"{round(people[list(gained)].sum() / 10) * 10:,.0f} 人"
    assert page.locator(".total").get_by_text(f"{len(gained)} 处住宅").count() == 1
    assert page.locator("#classes li", has_text="设想新增").count() == 1
    assert page.locator("svg.chart").get_attribute("aria-label") == f"新增覆盖按街道(镇): 京山街道 {_total(page)}"


def test_points_are_dragged_named_and_removed(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    _what_if(page)
    click(page, 300, 430)
    first = _total(page)
    page.mouse.move(*on_screen(page, 300, 430))
    page.mouse.down()
    page.mouse.move(*on_screen(page, 200, 200), steps=4)
    page.mouse.up()
    assert _total(page) != first
    assert len(_points(page)) == 1
    page.locator(".points input").fill("东门")
    page.locator(".points input").blur()
    assert page.locator(".what-if-pin").get_attribute("title") == "东门"
    click(page, 500, 520)
    assert _points(page)[0] == "东门"
    assert len(_points(page)) == 2
    page.get_by_role("button", name="移除: 东门").click()
    assert len(_points(page)) == 1
    assert page.locator(".what-if-pin").count() == 1


def test_two_points_count_nobody_twice(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    _what_if(page)
    click(page, 300, 430)
    alone = _total(page)
    page.evaluate("at => map_page.setView(at, map_page.getZoom(), {animate: false})", degrees(300, 430))
    page.locator(".choices button", has_text="放在地图中心").click()
    assert _total(page) == alone
    assert page.locator(".points li").nth(1).get_by_text("0 人", exact=True).count() == 1


def test_placing_ends_with_the_topic(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    _what_if(page)
    page.locator(".choices button", has_text="点地图放置").click()
    click(page, 250, 240)
    assert page.locator(".what-if-pin").count() == 0
    assert page.locator("#panel h2").text_content() == "2排2号楼"
    page.locator(".back").click()
    assert page.locator("#panel h2").text_content() == "设想布点"


def test_by_keyboard_alone(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    page.locator(".topics button", has_text="设想布点").focus()
    page.keyboard.press("Enter")
    page.locator("#what-if-need").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".folium-map.placing")
    page.locator(".choices button", has_text="放在地图中心").focus()
    page.keyboard.press("Enter")
    assert page.locator(".what-if-pin").count() == 1
    assert page.locator(".what-if-pin").get_attribute("role") == "button"


def test_on_a_phone(open_page: Open, measured: str) -> None:
    page = open_page(measured, viewport=PHONE, touch=True)
    _what_if(page)
    click(page, 300, 430, tap=True)
    assert page.locator(".what-if-pin").count() == 1
    for one in page.locator(".choices button").all():
        assert one.bounding_box()["height"] >= 44


def test_a_link_shows_the_points_again(open_page: Open, measured: str, tmp_path: Path) -> None:
    page = open_page(measured)
    _what_if(page)
    click(page, 300, 430)
    page.locator(".points input").fill("东门&x=1")
    page.locator(".points input").blur()
    total, address = _total(page), page.evaluate("location.hash")
    other = open_page(measured)
    other.evaluate("hash => { location.hash = hash; location.reload(); }", address)
    other.wait_for_selector("html[data-ready='1']", state="attached")
    other.wait_for_selector("#what-if-total")
    assert _total(other) == total
    assert _points(other) == ["东门&x=1"]


def test_the_files_are_read_back_as_a_candidates_layer(open_page: Open, tmp_path: Path) -> None:
    """C is 1,000 m from both toilets; one at (500, 250) is 250 m from it. What the page counts, a scenario counts too."""
    folder = small_district(tmp_path / "small")
    run(folder, command="qyp run", progress=lambda _: None)
    page = open_page((folder / "build/maps/planners.html").read_text("utf-8"))
    _what_if(page, "公厕 ≤ 300 m")
    place = _metres(500, 250).to_crs("EPSG:4326")
    page.evaluate("at => map_page.setView(at, 18, {animate: false})", [place.y.iloc[0], place.x.iloc[0]])
    page.locator(".choices button", has_text="放在地图中心").click()
    assert _total(page) == "30 人"
    page.locator(".points input").fill('=东"门\\')
    page.locator(".points input").blur()

    points = json.loads(_saved(page, "what_if.geojson", folder / "layers/data").read_text("utf-8"))
    assert [feature["properties"]["kind"] for feature in points["features"]] == ["public_toilet"]
    assert {feature["properties"]["status"] for feature in points["features"]} == {"planned"}
    assert points["features"][0]["properties"]["people_gained"] == 30
    tomllib.loads(_saved(page, "what_if.toml", folder / "layers").read_text("utf-8"))

    (folder / "analyses/with.toml").write_text(
        'kind = "scenario"\ntitle = "设想"\nof = "analyses/coverage"\n[scenario]\n'
        '[[scenario.change]]\nlayer = "layers/toilets"\nadd_from = "layers/what_if"\n',
        encoding="utf-8",
    )
    finished = run(folder, command="qyp run", progress=lambda _: None)
    layer = finished.layers["layers/what_if"]
    assert layer.record.kind == "candidates"
    assert layer.frame["name"].tolist() == ['=东"门\\']
    assert layer.frame["facility"].tolist() == ["public_toilet"]
    assert layer.frame.distance(_metres(500, 250), align=False).tolist() == pytest.approx([0], abs=0.2)
    by_unit = pd.read_parquet(folder / "build/analyses/with_by_unit.parquet")
    by_unit = by_unit[by_unit["requirement"] == "own.public_toilet"].set_index("unit")
    assert by_unit.loc["C", "covered"]
    assert by_unit.loc["C", "walk_m"] == pytest.approx(250, abs=0.2)


def test_without_streets_there_is_no_what_if(open_page: Open) -> None:
    page = open_page()
    assert page.locator(".topics button", has_text="设想布点").count() == 0


@pytest.mark.parametrize(("strict", "sign"), [(False, "≤"), (True, "<")])
def test_a_strict_limit_is_not_met_at_the_limit_itself(open_page: Open, strict: bool, sign: str) -> None:
    record, district, layers, results = make_measured()
    coverage = results["analyses/coverage"]
    asked = coverage.parts["requirements"].assign(strict=strict)
    results["analyses/coverage"] = replace(coverage, parts={**coverage.parts, "requirements": asked})
    page = open_page((record, district, layers, results))
    assert page.locator("#colour-by option", has_text=f"公共厕所 {sign} 300 m").count() == 1
    # From 10 m off a crossroads, homes are 100, 200, 300 m away and so on: 10 m, whole streets, half a street, and 40 m.
    walks = page.evaluate(
        """async () => {
          const [text, bytes] = await Promise.all([unpackBytes("qyp-text"), unpackBytes("qyp-numbers")]);
          const { coverage } = JSON.parse(new TextDecoder().decode(text));
          const { network, homes } = unpackWays(bytes, coverage.ways);
          const start = { edge: 0, along: 0, off: 10000 };
          return [...new Set(homesWithin(network, homes, start, longestWalk({ coverage }, 0)).mm)].sort();
        }"""
    )
    assert walks == [100_000, 200_000] + [300_000] * (not strict)
