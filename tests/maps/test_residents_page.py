"""The residents' page as its readers meet it: opened from a file in Chromium, without a network.

`open_page` also checks, after each test, that nothing was requested and that the console stayed empty. The district has streets
every 100 m; the school is entered at (420, 100), the toilet at (100, 0), both in metres from its south-west corner.
"""

from __future__ import annotations

import csv
import io
import math
import re
from typing import Any

import pytest

from qyp_geo.maps import release
from tests.maps.acting import click, degrees
from tests.maps.conftest import PHONE, Open, build
from tests.maps.district import HOSTILE
from tests.maps.public import make_public, with_map

pytestmark = pytest.mark.browser

DRAWN_M = 15
"""How far off a start may be that is clicked on streets drawn to four decimals of a degree."""
STANDARD_KMH, ELDERLY_KMH = 4.0, 2.88


@pytest.fixture(scope="module")
def html() -> str:
    return build(make_public())


def needs(page: Any) -> dict[str, tuple[str, str, int, int]]:
    """What the panel tells of each service: the answer, the nearest place, minutes and metres."""
    told = {}
    for row in page.locator("#view .need").all():
        figures = row.locator(".figures").inner_text().replace(",", "")
        minutes, metres = (int(text) for text in re.findall(r"(\d+) (?:分钟|min|m)\b", figures))
        texts = [row.locator(part).inner_text() for part in (".name", ".answer", ".to")]
        told[texts[0]] = (texts[1], texts[2], minutes, metres)
    return told


def in_minutes(metres: int, kmh: float) -> int:
    return math.ceil(metres * 60 / (kmh * 1000) - 1e-9)


def title(page: Any) -> str:
    return str(page.locator("#view h2").text_content())


def address(page: Any) -> dict[str, str]:
    parts: dict[str, str] = page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")
    return parts


def painted(page: Any) -> int:
    """How many pixels the canvas of the circle has."""
    count: int = page.evaluate(
        """async () => {
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          const canvas = document.querySelector(".leaflet-circle-pane canvas");
          if (!canvas) return 0;  // made when something is drawn
          const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          return copy.getImageData(0, 0, canvas.width, canvas.height).data.filter((one, i) => i % 4 === 3 && one).length;
        }"""
    )
    return count


def test_the_page_opens_with_what_it_is_and_how_it_is_used(open_page: Open, html: str) -> None:
    page = open_page(html)
    assert page.title() == page.locator("#title").text_content() == "我家的十五分钟生活圈"
    assert title(page) == "从家门口出发,走得到什么?"
    assert page.locator("#note").text_content() == "示意数据"
    assert "数据截至 20" in page.locator("#dates").inner_text()
    assert page.locator("#north").is_visible()
    assert page.locator(".leaflet-control-scale").inner_text().endswith("m")
    assert "估算结果,不作为学区划分、房产交易或行政依据" in page.locator("#view").inner_text()
    assert "制图 示意" in page.locator("#view .foot").inner_text()
    assert not page.locator(".leaflet-control-attribution").count()


def test_a_draft_is_marked_across_the_map_until_it_is_released(open_page: Open, html: str) -> None:
    page = open_page(html)
    assert page.locator(".watermark span").first.text_content() == "内部资料,未经审核不得公开"
    assert "内部资料,未经审核不得公开" in page.locator("#credits").inner_text()
    page = open_page(release(build(with_map(make_public(), review_number="赣S(2026)001号"))))
    assert not page.locator(".watermark").count()
    assert page.locator("#credits").inner_text().startswith("审图号 赣S(2026)001号")


@pytest.mark.parametrize("tap", [False, True])
def test_a_click_or_a_tap_tells_what_is_within_a_walk(open_page: Open, html: str, tap: bool) -> None:
    page = open_page(html, touch=tap)
    assert painted(page) == 0
    click(page, 470, 190, tap=tap)
    told = needs(page)
    # From (470, 190) straight to (470, 200), then by (400, 200) and (400, 100) to the school.
    answer, name, minutes, metres = told["小学"]
    assert (answer, name) == ("✓ 步行可达", "京山学校")
    assert abs(metres - 200) <= DRAWN_M
    assert minutes == in_minutes(metres, STANDARD_KMH)
    answer, name, minutes, metres = told["公共厕所"]
    assert (answer, name) == ("→ 步行较远", "东厕")
    assert abs(metres - 580) <= DRAWN_M
    assert minutes == in_minutes(metres, STANDARD_KMH)
    assert page.locator(".score").inner_text() == "1 项服务步行可达 / 共 2 项有数据"
    assert "邻里中心" in page.locator("#view details", has_text="暂无设施数据").text_content()
    assert "达标" not in page.locator("#view .needs").first.inner_text()
    assert re.search(r"离最近的街道约 \d+ m", page.locator(".summary").inner_text())
    assert painted(page) > 1000
    assert [
        li.inner_text().split("\n")[-1] for li in page.locator("#legend .legend-part").first.locator("li").all()
    ] == [
        "334 m",
        "667 m",
        "1,000 m",
    ]


@pytest.mark.parametrize(
    ("strict", "walk_mm", "answer"), [(False, 300_000, "near"), (True, 300_000, "far"), (True, 299_999, "near")]
)
def test_a_strict_limit_is_not_met_at_the_limit_itself(
    open_page: Open, html: str, strict: bool, walk_mm: int, answer: str
) -> None:
    given = {"needData": [True], "needs": {"limit_m": [300], "strict": [strict], "unsure": [[]]}}
    walks = {"nearest": [0], "mm": [walk_mm]}
    assert open_page(html).evaluate("([page, walks]) => answerOf(page, walks, 0)", [given, walks]) == answer


def test_speed_changes_minutes_and_the_circle_but_no_answer(open_page: Open, html: str) -> None:
    page = open_page(html)
    click(page, 470, 190)
    standard = needs(page)
    page.locator("#view input[value=elderly]").check(force=True)
    elderly = needs(page)
    assert [one[0] for one in elderly.values()] == [one[0] for one in standard.values()]
    assert all(
        (old[3], old[2]) == (new[3], in_minutes(new[3], STANDARD_KMH)) and new[2] == in_minutes(new[3], ELDERLY_KMH)
        for old, new in zip(standard.values(), elderly.values(), strict=True)
    )
    assert "240 m" in page.locator("#legend .legend-part").first.inner_text()  # 5 min at 2.88 km/h
    assert "Age and Ageing" in page.locator(".speeds").inner_text()
    assert address(page)["speed"] == "elderly"


def test_what_is_open_stays_open_while_starts_are_tried(open_page: Open, html: str) -> None:
    page = open_page(html)
    rules = page.locator("#view details", has_text="用的是哪个标准")
    rules.locator("summary").click()
    click(page, 470, 190)
    page.locator("#view input[value=elderly]").check(force=True)
    assert rules.get_attribute("open") is not None
    page.locator("#language").click()
    assert page.locator("#view details", has_text="Which standard is used?").count() == 1


def test_the_way_is_drawn_on_request_and_put_away_again(open_page: Open, html: str) -> None:
    page = open_page(html)
    click(page, 470, 190)
    row = page.locator("#view button.need", has_text="小学")
    row.click()
    assert row.get_attribute("aria-pressed") == "true"
    assert address(page)["way"] == "t10.school"
    yellow = page.evaluate("Object.values(map_page._layers).filter(l => l.options.color === '#ffdd33').length")
    assert yellow >= 2  # the street, and the legs to it
    row.click()
    assert "way" not in address(page)
    assert row.get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize(("typed", "found"), [("3号路", "3号路"), ("jsxx", "京山学校"), ("东", "东厕")])
def test_search_finds_streets_and_places_by_name_and_initials(
    open_page: Open, html: str, typed: str, found: str
) -> None:
    page = open_page(html)
    page.fill("#search", typed)
    assert page.locator("#search-list li .hit").first.text_content() == found
    page.keyboard.press("ArrowDown")
    assert page.locator("#search").get_attribute("aria-activedescendant") == "search-0"
    page.keyboard.press("Enter")
    assert title(page) == found
    assert page.evaluate("document.activeElement.tagName") == "H2"


def test_search_says_when_there_is_nothing(open_page: Open, html: str) -> None:
    page = open_page(html)
    page.fill("#search", "没有这个地方")
    assert page.locator("#search-list").inner_text() == "没有找到"
    page.keyboard.press("Enter")
    assert page.locator("#search-list").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#search-list").is_hidden()


def test_a_facility_tells_its_declared_facts_and_can_be_begun_at(open_page: Open, html: str) -> None:
    page = open_page(html)
    page.fill("#search", "东厕")
    page.keyboard.press("Enter")
    assert title(page) == "东厕"
    assert "开放时间" in page.locator("#view .facts").inner_text()
    page.locator("#view button", has_text="从这里出发").click()
    assert needs(page)["公共厕所"][3] <= DRAWN_M


def test_a_place_far_from_any_street_says_so(open_page: Open, html: str) -> None:
    page = open_page(html)
    lat, lng = degrees(300, -400)
    page.evaluate("at => { location.hash = `at=${at}` }", f"{lat},{lng}")
    assert "附近没有步行道路" in page.locator("#view .warning").inner_text()
    assert not page.locator("#view .need").count()


def test_the_pin_is_moved_by_keys(open_page: Open, html: str) -> None:
    page = open_page(html)
    click(page, 470, 190)
    before = address(page)["at"]
    page.locator(".pin").focus()
    page.keyboard.press("ArrowLeft")
    after = address(page)["at"]
    assert float(after.split(",")[1]) < float(before.split(",")[1])
    assert float(after.split(",")[0]) == pytest.approx(float(before.split(",")[0]), abs=2e-5)


def test_without_a_pointer_a_start_is_set_from_the_middle_of_the_map(open_page: Open, html: str) -> None:
    page = open_page(html)
    page.locator("#view button", has_text="从地图中心出发").press("Enter")
    assert page.locator("#view .need").count() == 2


def test_my_location_is_confirmed_before_it_is_used(open_page: Open, html: str) -> None:
    page = open_page(html)
    lat, lng = degrees(470, 190)
    page.context.set_geolocation({"latitude": lat, "longitude": lng, "accuracy": 25})
    page.context.grant_permissions(["geolocation"])
    page.click("#locate")
    confirm = page.locator("#view .confirm")
    confirm.wait_for()
    assert "有些手机给出的位置会偏几百米" in confirm.inner_text()
    assert "25 m" in confirm.inner_text()
    assert not page.locator("#view .need").count()
    assert "at" not in address(page)
    page.locator("#view button", has_text="就是这里").click()
    assert abs(needs(page)["小学"][3] - 200) <= DRAWN_M
    assert "at" in address(page)


def test_my_location_outside_the_map_says_so(open_page: Open, html: str) -> None:
    page = open_page(html)
    page.context.set_geolocation({"latitude": 39.9, "longitude": 116.4})
    page.context.grant_permissions(["geolocation"])
    page.click("#locate")
    page.locator("#view [role=alert]", has_text="不在本图范围内").wait_for()


def test_a_refused_location_says_why(open_page: Open, html: str) -> None:
    page = open_page(html)
    page.click("#locate")
    # The page is opened from a file, to which most browsers tell no position.
    page.locator("#view [role=alert]", has_text="从文件打开").wait_for()


def test_everything_in_the_other_language(open_page: Open, html: str) -> None:
    page = open_page(html)
    click(page, 470, 190)
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "en"
    told = needs(page)
    assert told["Primary school"][:2] == ("✓ Within a walk", "京山学校")
    assert page.locator(".score").inner_text() == "1 of 2 services within a walk"
    assert address(page)["lang"] == "en"
    for place in ("#search", "#locate", "#handle", ".leaflet-control-zoom-in"):
        said = page.locator(place).get_attribute("placeholder") or page.locator(place).get_attribute("aria-label")
        assert said
        assert not re.search("[一-鿿]", said)
    page.click("#language")
    assert "小学" in needs(page)


def test_homes_are_coloured_by_one_service_or_not_at_all(open_page: Open, html: str) -> None:
    page = open_page(html)
    page.locator("#legend select").select_option(label="小学 ≤ 500 m")
    assert page.locator("#legend .classes").first.inner_text().split() == ["步行可达", "步行较远", "暂无数据"]
    assert address(page)["colour"] == "t10.school"
    page.locator("#legend select").select_option(label="不着色")
    assert not page.locator("#legend .classes").count()


def test_the_tables_sort_filter_and_are_saved(open_page: Open, html: str) -> None:
    page = open_page(html)
    click(page, 470, 190)
    page.locator("#view button", has_text="表格与下载").click()
    grid = page.locator("#tables section").first

    def names() -> list[str]:
        return [cell.inner_text() for cell in grid.locator("tbody th").all()]

    def metres() -> list[str]:
        return [cell.inner_text() for cell in grid.locator("tbody td:nth-child(5)").all()]

    assert len(names()) == 3
    grid.locator("th button", has_text="步行(米)").click()
    ascending = metres()
    assert ascending[-1] == ""  # what has no walk comes last
    assert int(ascending[0]) < int(ascending[1])
    grid.locator("th button", has_text="步行(米)").click()
    assert metres() == [ascending[1], ascending[0], ""]
    assert grid.locator("th[aria-sort=descending]").inner_text().strip().startswith("步行(米)")
    grid.locator("input").fill("厕")
    assert names() == ["公共厕所"]
    assert grid.locator(".grid-count").inner_text() == "1 / 3 条"
    with page.expect_download() as saved:
        grid.locator("button", has_text="下载 CSV").click()
    assert saved.value.suggested_filename == "从出发点看各项服务.csv"
    raw = saved.value.path().read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0][0] == "服务"
    assert [row[:2] for row in rows[1:]] == [["公共厕所", "步行较远"]]
    page.keyboard.press("Escape")
    assert page.locator("#tables").is_hidden()


def test_a_row_of_the_tables_leads_to_the_map(open_page: Open, html: str) -> None:
    page = open_page(html)
    page.locator("#view button", has_text="表格与下载").click()
    page.locator("#tables button", has_text="东厕").click()
    assert page.locator("#tables").is_hidden()
    assert title(page) == "东厕"


def test_cells_that_a_spreadsheet_would_run_are_neutralised(open_page: Open, html: str) -> None:
    page = open_page(html)
    made = page.evaluate(
        """rows => csvOf([{ text: "=a" }, { text: "b" }], rows)""",
        [["=1+1", "＝1"], ["-", -2.5], ['say "x",y', "two\nlines"], ["@x", "\tz"]],
    )
    assert made == '\ufeff\'=a,b\r\n\'=1+1,\'＝1\r\n-,-2.5\r\n"say ""x"",y","two\nlines"\r\n\'@x,\'\tz\r\n'


def test_the_address_shows_the_same_view_again(open_page: Open, html: str) -> None:
    page = open_page(html)
    click(page, 470, 190)
    page.locator("#view input[value=child]").check(force=True)
    page.locator("#view button.need", has_text="公共厕所").click()
    page.click("#language")
    wanted, told = page.evaluate("location.hash"), needs(page)
    other = open_page(html)
    other.evaluate("hash => { location.hash = hash }", wanted)
    other.locator("#view .need").first.wait_for()
    assert needs(other) == told
    assert other.locator("#view button.need[aria-pressed=true] .name").inner_text() == "Public toilet"
    assert other.evaluate("location.hash") == wanted


def test_an_address_that_makes_no_sense_is_left_out(open_page: Open, html: str) -> None:
    page = open_page(html)
    for value in [*HOSTILE, "1e999,0", "91,0", "NaN,NaN", "-1", "9" * 300]:
        page.evaluate(
            """value => {
              const names = ["at", "place", "speed", "way", "facility", "colour", "lang", "map"];
              location.hash = names.map(name => `${name}=${encodeURIComponent(value)}`).join("&");
            }""",
            value,
        )
        page.wait_for_function("!location.hash.includes('facility')")
        assert title(page) == "从家门口出发,走得到什么?"
        assert page.title() == "我家的十五分钟生活圈"
        assert set(address(page)) == {"map"}
    page.evaluate("location.hash = 'at=%E0%A4%A&%'")
    page.wait_for_function("!location.hash.includes('at=')")
    assert set(address(page)) == {"map"}


def test_on_a_phone_the_panel_is_a_sheet(open_page: Open, html: str) -> None:
    page = open_page(html, viewport=PHONE, touch=True)

    def height() -> float:
        return float(page.locator("#panel").bounding_box()["height"])

    half = height()
    assert 0.4 * PHONE["height"] < half < 0.5 * PHONE["height"]
    page.locator("#handle").tap()
    assert height() > 0.8 * PHONE["height"]
    page.locator("#handle").tap()
    assert height() < 0.2 * PHONE["height"]
    assert page.locator("#handle").get_attribute("aria-expanded") == "false"
    click(page, 470, 190, tap=True)
    assert height() == half
    assert len(needs(page)) == 2
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_on_a_phone_the_sheet_makes_room_for_a_way(open_page: Open, html: str) -> None:
    page = open_page(html, viewport=PHONE, touch=True)
    click(page, 470, 190, tap=True)
    page.locator("#handle").tap()
    assert page.locator("#panel").get_attribute("data-sheet") == "high"
    page.locator("#view button.need", has_text="小学").tap()
    assert page.locator("#panel").get_attribute("data-sheet") == "half"
    assert address(page)["way"] == "t10.school"
    page.wait_for_function("innerHeight / 2 > document.getElementById('panel').offsetHeight")
    row = page.locator("#view button.need", has_text="小学").bounding_box()
    assert row["y"] + row["height"] <= PHONE["height"]


def test_lines_of_the_legend_are_large_enough_for_a_finger(open_page: Open, html: str) -> None:
    page = open_page(html, viewport=PHONE, touch=True)
    for summary in page.locator("#legend summary").all():
        summary.tap()
    lines = page.locator("#legend summary, #legend label").all()
    assert len(lines) > 4
    assert [box for line in lines if (box := line.bounding_box())["height"] < 44] == []


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1400, "height": 900}])
def test_what_is_pressed_is_large_enough_for_a_finger(open_page: Open, html: str, viewport: dict[str, int]) -> None:
    page = open_page(html, viewport=viewport)
    click(page, 470, 190)
    pressed = page.locator(
        "body > :not(dialog) button:visible:not(#handle), body input:visible:not([type=radio]), .speed:visible"
    )
    small = [box for one in pressed.all() if (box := one.bounding_box())["height"] < 44 and box["width"] > 20]
    assert small == []


def test_print_has_map_legend_scale_and_date_and_no_controls(open_page: Open, html: str) -> None:
    page = open_page(html)
    click(page, 470, 190)
    page.emulate_media(media="print")
    page.wait_for_timeout(100)
    for shown in (
        "#title",
        "#dates",
        "#legend",
        ".leaflet-control-scale",
        ".watermark",
        "#view .need",
        "#view .foot",
        "#north",
    ):
        assert page.locator(shown).first.is_visible(), shown
    for hidden in ("#search", "#language", "#view .actions", ".leaflet-control-zoom"):
        assert page.locator(hidden).first.is_hidden(), hidden
    assert page.locator("#map_page").bounding_box()["y"] < page.locator("#view").bounding_box()["y"]
    size = page.evaluate("[map_page.getSize().x, document.querySelector('#map_page').clientWidth]")
    assert size[0] == size[1]
