"""What a fuller analysis adds to the page: both distances, what stands in the way, the way, and where to open it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from tests.maps.acting import choose, click, colour_at, degrees, heading, rows
from tests.maps.conftest import PHONE, Open, build
from tests.maps.district import HOSTILE, make_district
from tests.maps.measured import GATED, make_measured
from tests.maps.reading import column, numbers, text

YELLOW = [0xFF, 0xD4, 0x00]


@pytest.fixture(scope="module")
def measured() -> str:
    return build(make_measured())


def test_distances_and_truths_are_those_of_the_table(measured: str) -> None:
    content, data = text(measured), numbers(measured)
    ids = next(overlay["ids"] for overlay in content["overlays"] if overlay["role"] == "coverage")
    by_unit = make_measured()[3]["analyses/coverage"].parts["by_unit"].set_index(["requirement", "unit"])
    for n, requirement in enumerate(content["coverage"]["requirements"]["id"]):
        asked = by_unit.loc[requirement].reindex(ids)
        for name, of in (("fromGate", "walk_from_gate_m"), ("radius", "radius_m")):
            assert column(data, content["coverage"][name][n]).tolist() == np.ceil(asked[of]).fillna(-1).tolist()
        for name, of in (("withinRadius", "within_radius"), ("arterial", "crosses_arterial")):
            assert column(data, content["coverage"][name][n]).tolist() == asked[of].astype("Int64").fillna(-1).tolist()


def test_a_plain_district_carries_none_of_it() -> None:
    content = text(build(make_district(side=2)))
    assert not {"fromGate", "radius", "withinRadius", "arterial", "ways"} & set(content["coverage"])
    assert "links" not in {overlay["role"] for overlay in content["overlays"]}


def test_two_facilities_of_one_id_are_told_apart_by_their_layer() -> None:
    parts = make_measured()
    by_unit = parts[3]["analyses/coverage"].parts["by_unit"]
    toilets = by_unit.index[by_unit["requirement"] == "t5.toilet"]
    by_unit.loc[toilets[:5], "facility_layer"] = "layers/schools"
    by_unit.loc[toilets[:5], "facility_name"] = "校内厕所"
    facilities = text(build(parts))["coverage"]["facilities"]
    named = dict(zip(facilities["facility_name"], facilities["owner"], strict=True))
    assert named["东厕"] != named["校内厕所"]


def test_a_gaps_analysis_without_links_has_no_overlay_for_them() -> None:
    parts = make_measured()
    gaps = parts[3]["analyses/gaps"]
    parts[3]["analyses/gaps"] = replace(
        gaps, parts={**gaps.parts, "links": gpd.GeoDataFrame(gaps.parts["links"]).iloc[:0]}
    )
    assert "links" not in {overlay["role"] for overlay in text(build(parts))["overlays"]}


@pytest.mark.browser
def test_a_building_in_an_estate_tells_both_distances_and_both_measures(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    choose(page, "1排4号楼")
    assert rows(page, "walks")[1] == [
        "公共厕所 ≤ 300 m\n不应大于 · GB 50180-2018 · 表C.0.1 未核",
        "东厕",
        "455 m\n7 分钟\n小区出入口起\n户门起 490 m\n直线 392 m ✗",
        "✗ 未达标\n缺口 G001",
    ]
    panel = page.locator("#panel").inner_text()
    assert "小区\n洪都小区" in panel
    assert "步行口径:" in panel
    assert "规范口径(直线):" in panel
    choose(page, "1排1号楼")
    assert rows(page, "walks")[1][2] == "190 m\n3 分钟\n直线 152 m ✓"
    assert "均摊" in page.locator("#panel").inner_text()
    choose(page, "5排0号楼")
    assert rows(page, "walks")[0][3] == "✗ 未达标\n须过干路"


@pytest.mark.browser
def test_shares_by_walk_and_by_radius_stand_together(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    coverage = make_measured()[3]["analyses/coverage"].table.set_index(["level", "requirement"])
    share = coverage["radius_share"]["district", "t5.toilet"]
    told = {row[0].splitlines()[0]: row[1] for row in rows(page, "shares")}
    assert told["公共厕所 ≤ 300 m"].splitlines()[-1] == f"规范口径 {share:.1%}"


@pytest.mark.browser
def test_colours_go_by_the_walk_that_is_judged(open_page: Open) -> None:
    parts = make_measured()
    by_unit = parts[3]["analyses/coverage"].parts["by_unit"]
    row = by_unit.index[(by_unit["unit"] == GATED) & (by_unit["requirement"] == "t5.toilet")]
    by_unit.loc[row, ["walk_m", "walk_from_gate_m"]] = [400.0, 120.0]
    by_unit.loc[row, "covered"] = True
    by_unit.loc[row, "verdict"] = "达标"
    page = open_page(parts)
    page.select_option("#colour-by", label="公共厕所 ≤ 300 m")
    assert colour_at(page, 475, 150) == pytest.approx([0x08, 0x51, 0x9C], abs=14)


@pytest.mark.browser
def test_the_way_is_drawn_along_the_streets_of_the_chosen_requirement(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    # Only one way is as short: east along the street at 500 m, then south along the one at 100 m.
    choose(page, "5排0号楼")
    page.locator("#panel .walks button", has_text="公共厕所 ≤").click()
    assert page.locator("#panel .walks button[aria-pressed=true]").text_content() == "公共厕所 ≤ 300 m"
    page.evaluate("void map_page.setZoom(17, { animate: false })")
    for east, north in [(80, 500), (100, 420), (100, 250), (100, 50)]:
        page.evaluate("at => void map_page.panTo(at, { animate: false })", degrees(east, north))
        assert _is_yellow(page, east, north)
    assert not _is_yellow(page, 130, 100)
    # Its way to the school is not as long as the figure told, so none is drawn.
    page.locator("#panel .walks button", has_text="小学 ≤").click()
    page.evaluate("at => void map_page.panTo(at, { animate: false })", degrees(100, 250))
    assert not _is_yellow(page, 100, 250)


def _is_yellow(page: Any, east_m: float, north_m: float) -> bool:
    """Whether the line of a way, three pixels wide, passes within about a pixel."""
    beside = [colour_at(page, east_m + x, north_m + y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    return any(colour == YELLOW for colour in beside)


@pytest.mark.browser
def test_what_stands_in_the_way_is_in_the_legend_by_type(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    legend = page.locator("#legend").inner_text().splitlines()
    types = ("围墙", "围栏", "水系", "铁路", "高架路", "信号灯路口", "人行横道", "人行天桥", "人行地道")
    uses = ("居住用地", "其他建设用地", "非建设用地")
    for said in (*types, *uses, "estates", "estate_gates"):
        assert said in legend
    click(page, 40, 185)
    assert heading(page) == "墙"
    assert "类型\n围栏" in page.locator("#panel").inner_text()
    page.keyboard.press("Escape")
    click(page, 300, 300)
    assert "类型\n人行地道" in page.locator("#panel").inner_text()
    choose(page, "洪都小区")
    assert heading(page) == "洪都小区"


@pytest.mark.browser
def test_links_are_shown_with_their_gap_and_told_in_its_panel(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    legend = page.locator("#legend").inner_text()
    assert "建议打通处" in legend
    assert "增开出入口" in legend
    assert legend.count("选一项要求后") == 2
    click(page, 250, 197)
    assert "L001" not in heading(page)
    choose(page, "G001")
    panel = page.locator("#panel").inner_text()
    assert "疑似缺口,待现场核实" in panel
    for said in ("类型\n路径不通", "建议措施\n开设出入口", "直线\n251 m", "小区\n洪都小区"):
        assert said in panel
    assert page.locator("#panel ol.links li").all_inner_texts() == [
        "L001 增开出入口\n约增可达 120 人 · 洪都小区 · 25 m",
        "L002 增设过街处\n约增可达 40 人 · 解放路 · 32 m",
    ]
    page.locator("#panel ol.links button").first.click()
    assert heading(page) == "L001 增开出入口"
    link = page.locator("#panel").inner_text()
    for said in ("约增可达\n120 人", "要求\n公共厕所 ≤ 300 m", "缺口\nG001 公共厕所", "跨越\n洪都小区", "长度\n25 m"):
        assert said in link
    page.locator("#panel button", has_text="G001").click()
    click(page, 250, 197)
    assert heading(page) == "L001 增开出入口"
    page.select_option("#colour-by", label="小学 ≤ 500 m")
    click(page, 350, 197)
    assert heading(page) == "L002 增设过街处"


@pytest.mark.browser
def test_the_new_words_are_told_in_english_too(open_page: Open, measured: str) -> None:
    page = open_page(measured)
    page.click("#language")
    assert not page.evaluate("Object.keys(WORDS.zh).filter(key => !(key in WORDS.en))")
    assert "Suggested links" in page.locator("#legend").inner_text()
    choose(page, "G001")
    assert "Type\nNo way through" in page.locator("#panel").inner_text()


@pytest.mark.browser
def test_nothing_of_it_overflows_on_a_phone(open_page: Open, measured: str) -> None:
    page = open_page(measured, viewport=PHONE, touch=True)
    choose(page, "1排4号楼")
    assert page.evaluate("document.scrollingElement.scrollWidth") == PHONE["width"]


@pytest.mark.browser
def test_hostile_texts_of_links_and_estates_are_shown_as_they_are(open_page: Open) -> None:
    payload = "".join(HOSTILE[:9])
    page = open_page(make_measured(texts=lambda harmless: payload + harmless))
    choose(page, "G001")
    said = page.locator("#panel").text_content()
    for harmless in ("开设出入口", "洪都小区", "解放路"):
        assert payload + harmless in said
    assert page.locator("#panel img, #panel script, #panel svg").count() == 0
