"""The page as its readers meet it: opened from a file in Chromium, without a network.

`open_page` also checks, after each test, that nothing was requested and that the console stayed empty.
"""

from __future__ import annotations

import re

import pytest

from tests.maps.acting import choose, click, colour_at, heading, on_screen, rows
from tests.maps.conftest import PHONE, SMALL, Open, build
from tests.maps.district import HOSTILE, REQUIREMENTS, make_district
from tests.maps.reading import blocks

pytestmark = pytest.mark.browser


def test_the_page_opens_with_the_district_and_its_marks(open_page: Open) -> None:
    page = open_page()
    assert page.title() == "青云谱区十五分钟生活圈"
    assert page.locator("#title").text_content() == "青云谱区十五分钟生活圈"
    assert page.locator("#note").text_content() == "示意数据"
    assert page.locator("#dates").text_content() == "数据时点 2025-12-31"
    assert page.locator("#credits").inner_text().startswith("内部资料,未经审核不得公开")
    assert page.locator("#osm").get_attribute("href") == "https://www.openstreetmap.org/copyright"
    assert page.locator(".leaflet-control-scale").inner_text().endswith("m")
    assert page.locator("#north").is_visible()
    assert not page.locator(".leaflet-control-attribution").count()


def test_the_overview_has_shares_gaps_checks_and_sources(open_page: Open) -> None:
    page = open_page()
    assert heading(page) == "概览"
    people = sum(10.0 * (1 + (column + row) % 9) for column in range(6) for row in range(6))
    table = make_district()[3]["analyses/coverage"].table.set_index(["level", "requirement"])["people_share"]
    shares = {row[0].splitlines()[0]: row[1].splitlines()[0] for row in rows(page, "shares")}
    assert shares["公共厕所 ≤ 300 m"] == f"{table['district', 't5.toilet']:.1%}"
    assert shares["小学 ≤ 500 m"] == f"{table['district', 't10.school']:.1%}"
    assert f"{round(people, -1):,.0f} 人" in page.locator("#panel").inner_text()
    assert page.locator("#panel ol.gaps button").first.text_content() == "G001 公共厕所"
    page.locator("#panel summary", has_text="与规划原文核对").click()
    assert rows(page, "checks") == [
        ["「绵延五公里的商业走廊」\n纲要 L69 · 长度 · ±10% · 走廊长度", "5,000 m", "4,900 m", "✓ 相符"]
    ]
    page.locator("#panel summary", has_text="数据来源").click()
    assert "许可 ODbL 1.0" in page.locator("#panel ul.sources").inner_text()
    assert "没有数据的要求 (1)" in page.locator("#panel").inner_text()


def test_a_click_on_a_building_tells_the_nearest_of_each_kind(open_page: Open) -> None:
    page = open_page()
    # 1排4号楼 stands around 450 m east and 140 m north, beside the school; the toilet is at (100, 0): 350 m + 140 m.
    click(page, 470, 150)
    assert heading(page) == "1排4号楼"
    toilet, school = rows(page, "walks")[1], rows(page, "walks")[0]
    assert toilet == [
        "公共厕所 ≤ 300 m\n不应大于 · GB 50180-2018 · 表C.0.1 未核",
        "东厕",
        "490 m\n8 分钟",
        "✗ 未达标\n缺口 G001",
    ]
    assert school[0] == "小学 ≤ 500 m\n不应大于 · GB 50180-2018 · 表C.0.1"
    assert school[1] == "京山学校"
    assert school[3] == "✓ 达标"
    panel = page.locator("#panel").inner_text()
    assert "60 人" in panel
    assert "可达 1 / 2 项 1 项无数据" in panel
    page.locator("#panel summary", has_text="没有数据的要求").click()
    assert rows(page, "walks")[2] == [
        "邻里中心 ≤ 1,000 m\n不应大于 · GB 50180-2018 · 表C.0.1 未核",
        "—",
        "—",
        "? 无数据",
    ]


def test_from_a_building_to_its_facility_its_gap_and_back(open_page: Open) -> None:
    page = open_page()
    click(page, 550, 540)
    assert heading(page) == "5排5号楼"
    page.locator("#panel button", has_text="G001").click()
    assert page.locator("#colour-by").input_value() == "0"
    gap = page.locator("#panel").inner_text()
    assert heading(page) == "G001 公共厕所"
    assert "岱山社区" in gap
    assert "121 m" in gap  # a median excess of 120.4 m, rounded up
    page.locator("#panel button", has_text="东厕").click()
    assert heading(page) == "东厕"
    facility = page.locator("#panel").inner_text()
    assert "开放时间\n0–24" in facility
    assert "公共厕所 ≤ 300 m · 不应大于 · GB 50180-2018 · 表C.0.1 未核" in facility
    page.locator("#panel button", has_text="返回概览").click()
    assert heading(page) == "概览"


def test_a_click_between_buildings_tells_the_zone(open_page: Open) -> None:
    page = open_page()
    click(page, 12, 12)
    assert heading(page) == "一核"
    zone = page.locator("#panel").inner_text()
    assert "0.18 km²" in zone
    assert "1,890 人" in zone  # as the coverage table has it
    assert [row[2] for row in rows(page, "shares")] == ["✗ 未达标", "✗ 未达标"]
    page.locator("#panel summary", has_text="区内设施").click()
    assert "公厕\n1" in page.locator("#panel").inner_text()


def test_a_click_on_one_area_within_another_finds_the_smaller(open_page: Open) -> None:
    page = open_page()
    for layer, on in [("zones", False), ("gaps", False), ("units", True)]:
        page.locator("#legend label.layer", has_text=layer).locator("input").set_checked(on)
    click(page, 5, 300)
    assert heading(page) == "京山街道"
    assert "级别\n街道" in page.locator("#panel").inner_text()
    click(page, 100, 300)
    assert heading(page) == "京山社区"


def test_a_click_on_the_gap_between_buildings_tells_the_gap(open_page: Open) -> None:
    page = open_page()
    click(page, 510, 570)
    assert heading(page) == "一带"  # gaps of different requirements overlap, so none is drawn until one is chosen
    page.select_option("#colour-by", label="小学 ≤ 500 m")
    click(page, 510, 570)
    assert heading(page) == "一带"
    page.select_option("#colour-by", label="公共厕所 ≤ 300 m")
    click(page, 510, 570)
    assert heading(page) == "G001 公共厕所"


def test_search_by_keyboard(open_page: Open) -> None:
    page = open_page()
    page.focus("#search")
    page.keyboard.type("5排")
    assert page.locator("#search-list li").count() == 6
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#search-list li[aria-selected=true] .hit").text_content()
    page.keyboard.press("Enter")
    assert heading(page) == chosen
    assert page.evaluate("document.activeElement === document.querySelector('#panel h2')")
    assert page.locator("#search-list").is_hidden()
    column = int(re.findall(r"排(\d)", chosen)[0])
    x, y = on_screen(page, 100 * column + 50, 540)
    box, legend = page.locator("#map_page").bounding_box(), page.locator("#legend").bounding_box()
    # In the middle of what the legend leaves of the map.
    assert (x, y) == pytest.approx(((box["x"] + legend["x"]) / 2, box["y"] + box["height"] / 2), abs=20)


@pytest.mark.parametrize(
    ("typed", "found", "title"),
    [
        ("京山学校", "京山学校", "京山学校"),
        ("一带", "一带", "一带"),
        ("g001", "G001 公共厕所", "G001 公共厕所"),
        ("岱山街道", "岱山街道", "岱山街道"),
    ],
)
def test_search_finds_facilities_zones_gaps_and_units(open_page: Open, typed: str, found: str, title: str) -> None:
    page = open_page()
    page.fill("#search", typed)
    page.locator("#search-list li", has=page.get_by_text(found, exact=True)).first.click()
    assert heading(page) == title


def test_search_that_finds_nothing_says_so(open_page: Open) -> None:
    page = open_page()
    page.fill("#search", "没有这个名字")
    assert page.locator("#search-list").inner_text() == "没有找到"
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.locator("#search-list").is_hidden()


def test_layers_are_switched_off_and_on(open_page: Open) -> None:
    page = open_page()
    box = page.locator("#legend label.layer", has_text="coverage").locator("input")
    box.uncheck()
    click(page, 50, 40)
    assert heading(page) == "一核"
    page.locator("#legend label.layer", has_text="coverage").locator("input").check()
    click(page, 50, 40)
    assert heading(page) == "0排0号楼"
    assert not page.locator("#legend label.layer", has_text="units").locator("input").is_checked()


def test_a_hidden_layer_is_shown_while_its_requirement_is_chosen(open_page: Open) -> None:
    record, *rest = make_district()
    hidden = [one.model_copy(update={"visible": one.of != "layers/schools"}) for one in record.overlay]
    page = open_page((record.model_copy(update={"overlay": hidden}), *rest))
    page.locator("#legend summary", has_text="更多设施 (1)").click()
    box = page.locator("#legend label.layer", has_text="schools").locator("input")
    assert not box.is_checked()
    page.select_option("#colour-by", label="小学 ≤ 500 m")
    assert box.is_checked()
    page.select_option("#colour-by", label="公共厕所 ≤ 300 m")
    assert not box.is_checked()


def test_what_is_found_on_a_hidden_layer_is_shown(open_page: Open) -> None:
    page = open_page()
    choose(page, "岱山街道")
    assert page.locator("#legend label.layer", has_text="units").locator("input").is_checked()


def test_choosing_a_requirement_recolours_the_homes(open_page: Open) -> None:
    page = open_page()
    near, far = (50, 40), (550, 540)
    assert colour_at(page, *near) == pytest.approx([0x08, 0x51, 0x9C], abs=14)
    by_all = page.locator("#classes").inner_text()
    page.select_option("#colour-by", label="公共厕所 ≤ 300 m")
    by_toilet = page.locator("#classes").inner_text()
    assert "✓ ≤ 150 m · 3 分钟" in by_toilet
    assert "✗ ≤ 600 m · 9 分钟" in by_toilet
    assert by_toilet != by_all
    assert colour_at(page, *near) == pytest.approx([0x08, 0x51, 0x9C], abs=14)
    assert colour_at(page, *far) == pytest.approx([0xB3, 0x58, 0x06], abs=14)
    page.select_option("#colour-by", label="小学 ≤ 500 m")
    assert colour_at(page, 450, 240) == pytest.approx([0x08, 0x51, 0x9C], abs=14)


@pytest.mark.parametrize("requirement", [0, 1])
def test_the_legend_adds_up_to_the_share_of_the_table(open_page: Open, requirement: int) -> None:
    page = open_page()
    page.select_option("#colour-by", value=str(requirement))
    lines = [item.inner_text().splitlines() for item in page.locator("#classes li").all()[1:]]
    shares = [float(line[-1].rstrip("%")) for line in lines]
    table = make_district()[3]["analyses/coverage"].table.set_index(["level", "requirement"])["people_share"]
    assert sum(shares[:2]) == pytest.approx(100 * table["district", REQUIREMENTS[requirement][0]], abs=0.11)
    assert sum(shares) == pytest.approx(100, abs=0.3)


def test_a_requirement_is_chosen_in_the_overview_too(open_page: Open) -> None:
    page = open_page()
    page.locator("#panel button", has_text="小学 ≤ 500 m").press("Enter")
    assert page.locator("#colour-by").input_value() == "1"
    assert page.evaluate("document.activeElement.textContent") == "小学 ≤ 500 m"
    assert page.locator("#panel button", has_text="小学 ≤ 500 m").get_attribute("aria-pressed") == "true"


def test_the_language_is_switched_and_back(open_page: Open) -> None:
    page = open_page()
    click(page, 470, 150)
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("#language").text_content() == "中文"
    assert rows(page, "walks")[1][2:] == ["490 m\n8 min", "✗ Not met\nGap G001"]
    assert rows(page, "walks")[0][0].startswith("primary school 小学 ≤ 500 m")
    assert "Layers and legend" in page.locator("#legend").inner_text()
    assert page.locator("#credits").inner_text().startswith("Internal, not for publication")
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert rows(page, "walks")[1][3] == "✗ 未达标\n缺口 G001"


def test_a_page_of_one_language_has_no_switch(open_page: Open) -> None:
    record, *rest = make_district(side=2)
    page = open_page((record.model_copy(update={"language": ["en"]}), *rest))
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("#language").is_hidden()


def test_a_review_number_takes_the_place_of_the_internal_mark(open_page: Open) -> None:
    record, *rest = make_district(side=2)
    page = open_page((record.model_copy(update={"review_number": "赣S(2026)001号"}), *rest))
    assert page.locator("#review").text_content() == "审图号 赣S(2026)001号"


def test_on_a_phone_nothing_overflows_and_a_tap_fills_the_panel(open_page: Open) -> None:
    page = open_page(viewport=PHONE, touch=True)
    assert page.evaluate("document.scrollingElement.scrollWidth") == PHONE["width"]
    assert not page.locator("#legend details").evaluate("element => element.open")
    click(page, 470, 150, tap=True)
    page.locator("#panel h2", has_text="1排4号楼").wait_for()
    assert page.evaluate("document.scrollingElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_texts_are_shown_as_they_are(open_page: Open, payload: str) -> None:
    page = open_page(make_district(side=5, texts=lambda harmless: payload + harmless), viewport=SMALL)
    shown = page.evaluate(
        """payload => {
          const missing = [];
          const texts = selector => [...document.querySelectorAll(selector)].map(one => one.textContent);
          const expect = (what, selector, text) => {
            if (!texts(selector).some(one => one.includes(payload + text))) missing.push(what);
          };
          expect("title", "#title", "青云谱区十五分钟生活圈");
          expect("document title", "title", "青云谱区十五分钟生活圈");
          expect("place", "#place", "青云谱区");
          expect("note", "#note", "示意数据");
          expect("label", "#legend label span", "公共厕所");
          expect("choice", "#colour-by option", "公共厕所");
          expect("overview table", ".shares button", "公共厕所");
          expect("rule", ".rule", "不应大于");
          expect("clause", ".rule", "表C.0.1");
          expect("check", ".checks td", "走廊长度");
          expect("quote", ".checks td", "绵延五公里的商业走廊");
          expect("gap", ".gaps button", "公共厕所");
          expect("gap's place", ".gaps .small", "岱山社区");
          expect("note of a result", ".notes li", "人口为估算");
          expect("source", ".sources strong", "公共厕所");
          expect("licence", ".sources .small", "ODbL 1.0");
          return missing;
        }""",
        payload,
    )
    assert shown == []
    # An input of one line drops line ends, so the search is for the harmless end of the name.
    for typed, facts in [
        ("4排2号楼", ["京山街道", "东厕"]),
        ("京山学校", []),
        ("东厕", ["开放时间", "0–24"]),
        ("一核", ["一带"]),
    ]:
        choose(page, typed)
        assert heading(page) == payload + typed
        said = page.locator("#panel").text_content()
        assert all(payload + fact in said for fact in facts)
    x, y = on_screen(page, 100, 0)
    page.mouse.move(x, y)
    assert (
        page.evaluate(
            "document.querySelectorAll('#panel img, #panel script, #panel svg:not(.chart), #legend img').length"
        )
        == 0
    )
    assert page.evaluate("document.querySelector('title').textContent") == payload + "青云谱区十五分钟生活圈"
    assert page.evaluate("({}).polluted === undefined && Object.keys(Object.prototype).length === 0")


def test_a_name_under_the_pointer_is_text_too(open_page: Open) -> None:
    payload = "<img src=x onerror=\"document.title='owned'\">"
    page = open_page(make_district(texts=lambda harmless: payload + harmless))
    x, y = on_screen(page, 50, 40)
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    page.locator(".leaflet-tooltip").wait_for()
    assert page.locator(".leaflet-tooltip").text_content() == f"{payload}0排0号楼"
    assert page.locator(".leaflet-tooltip img").count() == 0


def test_damaged_data_is_told_and_not_half_drawn(open_page: Open) -> None:
    html = build(make_district(side=2))
    packed = blocks(html)["qyp-text"]
    page = open_page(html.replace(packed, packed[: len(packed) // 2 // 4 * 4]), ready="failed")
    assert page.locator("#panel").inner_text().startswith("这一页打不开:")


def test_a_map_of_layers_alone_opens(open_page: Open) -> None:
    record, district, layers, _ = make_district(side=3)
    shown = [overlay for overlay in record.overlay if overlay.of.startswith("layers/")]
    page = open_page((record.model_copy(update={"overlay": shown}), district, layers, {}))
    assert page.locator("#colour-tool").is_hidden()
    assert heading(page) == "概览"
    choose(page, "东厕")
    assert heading(page) == "东厕"
