"""The topics of the planners' page: areas, siting, supply, scenarios, the plan, tables; and the link to a view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qyp_geo.declarations import Analysis, Overlay
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import Result
from qyp_geo.maps import build_page
from qyp_geo.maps.decisions import decisions_content
from tests.maps.conftest import DESKTOP, PHONE, Open, build
from tests.maps.district import HOSTILE, Parts, Texts
from tests.maps.measured import make_measured


def make_decided(*, texts: Texts = str) -> Parts:
    """Return the measured district with siting, supply, comparison and plan."""
    record, district, layers, results = make_measured(texts=texts)
    homes = results["analyses/coverage"].parts["units"]
    results |= {
        "analyses/siting": _siting(homes, texts),
        "analyses/catchment": _catchment(homes, texts),
        "analyses/compare": _compare(homes, texts),
        "analyses/plan": _plan(texts),
    }
    more = [
        Overlay(
            of="analyses/siting",
            part="sites",
            where={"scheme": "S1"},
            colour_by="role",
            label=texts("选址方案一"),
            visible=False,
            popup={"why": texts("说明")},
        ),
        Overlay(
            of="analyses/catchment",
            part="units",
            where={"supply": "seats"},
            colour_by="verdict",
            label=texts("学位"),
            visible=False,
        ),
        Overlay(of="analyses/compare", part="units", colour_by="change", label=texts("前后差异"), visible=False),
    ]
    changed = {"overlay": [*record.overlay, *more], "tables": ["analyses/plan"]}
    return record.model_copy(update=changed), district, layers, results


def _siting(homes: Any, texts: Texts) -> Result:
    table = pd.DataFrame(
        {
            "scheme": ["S1", "S2"],
            "name": [texts("方案一"), texts("方案二")],
            "sites": [texts("甲地块"), texts("乙地块")],
            "n_sites": [1, 1],
            "limit_m": 500.0,
            "people_gained": [400.0, 390.0],
            "people_share": [0.8, 0.79],
            "gap_share": [0.0, 0.025],
            "status": ["模型内最优", "模型内次优"],
            "source": texts("自定口径"),
        }
    )
    marginal = pd.DataFrame(
        {"n_new": [1, 2], "people_gained": [400.0, 600.0], "people_more": [400.0, 200.0], "sites": [texts("甲"), "乙"]}
    )
    sites = homes.iloc[[0, 1]].assign(scheme="S1", role=["chosen", "candidate"], why=texts("现状保留"))
    by_area = pd.DataFrame(
        {
            "level": ["district", "township", "township", "community"],
            "area": ["d", "U1", "U2", "U3"],
            "area_name": [texts(name) for name in ("全区", "京山街道", "岱山街道", "京山社区")],
            "scheme": "S1",
            "people_gained": [400.0, 300.0, 100.0, 50.0],
        }
    )
    return Result(
        Analysis(kind="siting", title=texts("选址")),
        table,
        {"marginal": marginal, "sites": sites, "by_area": by_area},
    )


def _catchment(homes: Any, texts: Texts) -> Result:
    one = {
        "supply": "seats",
        "title": texts("小学学位"),
        "counts": "人",
        "counted_in": "座",
        "per_head": 0.8,
        "need_per_head": 1.0,
        "supply_total": 800.0,
        "people_demand": 1000.0,
        "method": "2sfca",
        "verdict": "未达标",
        "source": texts("表C.0.1"),
    }
    table = pd.DataFrame([one, {**one, "supply": "beds", "title": texts("床位"), "verdict": ""}])
    areas = pd.DataFrame(
        {
            "level": "township",
            "area": ["U1", "U2"],
            "area_name": [texts("京山街道"), texts("岱山街道")],
            "supply": "seats",
            "per_head": [1.2, 0.4],
            "verdict": ["达标", "未达标"],
        }
    )
    units = homes.iloc[:3].assign(supply="seats", verdict=["达标", "未达标", "未达标"])
    return Result(Analysis(kind="catchment", title=texts("供需")), table, {"areas": areas, "units": units})


def _compare(homes: Any, texts: Texts) -> Result:
    table = pd.DataFrame(
        {
            "level": ["district", "district", "township"],
            "area": ["d", "d", "U1"],
            "area_name": [texts("全区")] * 2 + [texts("京山街道")],
            "requirement": ["t5.toilet", "t10.school", "t5.toilet"],
            "title": [texts("公共厕所"), texts("小学"), texts("公共厕所")],
            "share_before": [0.4, 0.5, 0.3],
            "share_after": [0.6, 0.5, 0.45],
            "points": [20.0, 0.0, 15.0],
            "people_gaining": [360.0, 0.0, 120.0],
        }
    )
    units = homes.iloc[:2].assign(change=["新增达标", "不再达标"])
    return Result(Analysis(kind="compare", title=texts("规划前后")), table, {"units": units})


def _plan(texts: Texts) -> Result:
    table = pd.DataFrame(
        {
            "fact_kind": ["目标", "目标", "已完成工作"],
            "figure": [texts("口袋公园"), texts("人均体育面积"), texts("公厕")],
            "base": [float("nan"), 1.5, float("nan")],
            "target": [5.0, 1.8, float("nan")],
            "by": ["", "2025", ""],
            "now": [5.0, float("nan"), float("nan")],
            "measured_in": ["个", "㎡", "座"],
            "verdict": ["已实现", "无法评估", "不适用"],
            "why": ["", texts("图层没有体育设施"), ""],
            "says": [texts("增设口袋公园"), texts("人均达到1.8平方米"), texts("新建35座公厕")],
            "source": texts("纲要 L88"),
        }
    )
    totals = pd.DataFrame({"fact_kind": ["目标"], "achieved": [1], "not_achieved": [0], "cannot_tell": [1]})
    return Result(Analysis(kind="plan_targets", title=texts("规划目标监测")), table, {"totals": totals})


@pytest.fixture(scope="module")
def decided() -> str:
    return build(make_decided())


def _open_topic(page: Any, name: str) -> None:
    page.locator(".topics button", has_text=name).click()
    assert page.locator("#panel h2").text_content() == name


def _charts(page: Any) -> list[str]:
    return [chart.get_attribute("aria-label") for chart in page.locator("#panel svg.chart").all()]


def test_tables_of_communities_stay_out_of_the_page() -> None:
    results = make_decided()[3]
    (siting,) = decisions_content(["analyses/siting", "analyses/siting", "analyses/coverage"], results)
    assert siting["of"] == "analyses/siting"
    tables: Any = siting["tables"]
    assert tables["by_area"]["area"] == ["d", "U1", "U2"]
    assert tables["marginal"]["n_new"] == [1, 2]
    assert set(tables) == {"", "marginal", "by_area"}


def test_residents_are_refused_tables_of_analyses() -> None:
    record, district, layers, results = make_decided()
    asked = record.model_copy(update={"audience": "residents"})
    with pytest.raises(DeclarationError) as refused:
        build_page(asked, district=district, layers=layers, results=results)
    assert [problem.given for problem in refused.value.problems if problem.where == "tables[0]"] == ["analyses/plan"]


def test_a_page_without_decisions_has_no_topics_for_them(open_page: Open) -> None:
    page = open_page()
    tabs = [tab.text_content() for tab in page.locator(".topics button").all()]
    assert tabs == ["概览", "数据表"]


def test_areas_are_compared_by_what_is_chosen(open_page: Open, decided: str) -> None:
    parts = make_measured()
    table = parts[3]["analyses/coverage"].table
    second = table[table["area"] == "U1"].assign(area="U2", area_name="岱山街道", people_share=0.25)
    parts[3]["analyses/coverage"] = Result(
        parts[3]["analyses/coverage"].record,
        pd.concat([table, second], ignore_index=True),
        parts[3]["analyses/coverage"].parts,
    )
    page = open_page(parts)
    page.select_option("#colour-by", label="公共厕所 ≤ 300 m")
    _open_topic(page, "街道与片区")
    share = table[(table["area"] == "U1") & (table["requirement"] == "t5.toilet")]["people_share"].iloc[0]
    assert _charts(page) == [f"各街道(镇): 岱山街道 25.0%; 京山街道 {share:.1%}"]
    page.locator(".grid-table button", has_text="岱山街道").click()
    assert page.locator("#panel h2").text_content() == "岱山街道"
    assert _charts(page)[0].startswith("与全区相比: ")
    page.locator(".back").click()
    assert page.locator("#panel h2").text_content() == "街道与片区"


def test_siting_tells_schemes_curve_and_formula(open_page: Open, decided: str) -> None:
    page = open_page(decided)
    _open_topic(page, "选址")
    cards = [card.text_content() for card in page.locator(".card").all()]
    assert len(cards) == 2
    assert "模型内最优" in cards[0]
    assert "400 人" in cards[0]
    assert "2.5%" in cards[1]
    assert _charts(page)[0] == "新增处数与新增覆盖人口: 1: 400 人; 2: 600 人"
    assert "Church & ReVelle" in page.locator(".formula").text_content()
    show = page.locator(".card").first.get_by_role("button", name="在地图上看")
    show.click()
    assert show.get_attribute("aria-pressed") == "true"
    assert page.locator(".legend .layer", has_text="选址方案一").locator("input").is_checked()
    _open_topic(page, "数据表")
    page.locator(".field select").select_option(label="选址方案一")
    page.locator(".grid-table tbody button").first.click()
    assert page.locator("#panel .facts").nth(1).get_by_text("模型内最优").count() == 1
    assert page.locator("#panel .formula").count() == 1


def test_supply_is_chosen_and_told_with_its_formula(open_page: Open, decided: str) -> None:
    page = open_page(decided)
    _open_topic(page, "供需")
    assert page.locator("#panel .verdict").first.text_content() == "✗ 未达标"
    assert _charts(page) == ["人均可得 (座/人) · 各街道(镇): 京山街道 1.2; 岱山街道 0.4"]
    assert "2sfca" in page.locator("#panel .facts").text_content()
    page.locator(".field select").select_option(label="床位")
    assert _charts(page) == []


def test_the_scenario_switches_layers_and_tells_what_changes(open_page: Open, decided: str) -> None:
    page = open_page(decided)
    page.select_option("#colour-by", label="公共厕所 ≤ 300 m")
    _open_topic(page, "情景")
    assert _charts(page) == ["各项变化(百分点): 公共厕所 +20", "公共厕所 ≤ 300 m · 各街道(镇): 京山街道 45.0%"]
    page.get_by_role("button", name="前后差异").click()
    assert page.locator(".legend .layer", has_text="前后差异").locator("input").is_checked()
    page.get_by_role("button", name="前后差异").click()
    assert not page.locator(".legend .layer", has_text="前后差异").locator("input").is_checked()


def test_targets_have_verdicts_and_the_plans_own_words(open_page: Open, decided: str) -> None:
    page = open_page(decided)
    _open_topic(page, "规划目标")
    targets = page.locator(".plan > li")
    assert targets.count() == 2
    assert targets.nth(0).locator(".verdict").text_content() == "✓ 已实现"
    assert targets.nth(0).locator("blockquote").text_content() == "「增设口袋公园」纲要 L88"
    assert "1.8 ㎡ (2025)" in str(targets.nth(1).text_content())
    assert page.locator(".tally").text_content() == "✓ 已实现 1✗ 未实现 0? 无法评估 1"
    page.locator("#language").click()
    assert page.locator("#panel h2").text_content() == "Plan targets"


def test_every_layer_is_a_table_that_is_saved(open_page: Open, decided: str, tmp_path: Path) -> None:
    page = open_page(decided)
    _open_topic(page, "数据表")
    page.locator(".field select").select_option(label="公共厕所")
    with page.expect_download() as download:
        page.locator(".grid-save").click()
    download.value.save_as(tmp_path / "saved.csv")
    saved = pd.read_csv(tmp_path / "saved.csv", encoding="utf-8-sig")
    assert sorted(saved["名称"]) == ["东厕", "西厕"]
    assert saved["开放时间"].tolist() == ["0–24", "0–24"]


def test_a_link_shows_the_same_view(open_page: Open, decided: str) -> None:
    page = open_page(decided)
    page.locator("#language").click()
    page.select_option("#colour-by", "1")
    page.locator(".topics button", has_text="Siting").click()
    page.locator(".card").first.get_by_role("button", name="Show on the map").click()
    page.evaluate("map_page.setView([28.617, 115.92], 17, {animate: false})")
    address = page.evaluate("location.hash")
    other = open_page(decided)
    other.evaluate("hash => { location.hash = hash; location.reload(); }", address)
    other.wait_for_selector(".topics button[aria-current]:has-text('Siting')")
    assert other.evaluate("location.hash") == address
    assert other.locator("#colour-by").input_value() == "1"
    assert other.locator(".legend .layer", has_text="选址方案一").locator("input").is_checked()
    assert other.evaluate("map_page.getZoom()") == 17


@pytest.mark.parametrize(
    "said",
    ["topic=constructor&by=__proto__&sel=99.x&turned=-1.x.999&at=x&z=1e9&p0=1,2&p1=,,&lang=xx", "at=91,0&z=3", "%"],
)
def test_an_address_without_sense_is_left_out(open_page: Open, decided: str, said: str) -> None:
    page = open_page(decided)
    page.evaluate("hash => { location.hash = hash; location.reload(); }", said)
    page.wait_for_selector(".topics button[aria-current]:has-text('概览')")
    assert page.locator(".what-if-pin").count() == 0


@pytest.mark.parametrize("payload", HOSTILE[:16])
def test_hostile_texts_of_decisions_are_text(open_page: Open, payload: str) -> None:
    page = open_page(make_decided(texts=lambda harmless: payload + harmless))
    for topic, text in [("选址", "方案一"), ("供需", "小学学位"), ("情景", "规划前后"), ("规划目标", "增设口袋公园")]:
        page.locator(".topics button", has_text=topic).click()
        assert payload + text in page.locator("#panel").text_content()
        assert (
            page.evaluate("document.querySelectorAll('#panel :is(img, script, iframe), #panel svg:not(.chart)').length")
            == 0
        )
    assert page.evaluate("document.title") != "owned"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_no_topic_is_wider_than_the_window(open_page: Open, decided: str, viewport: dict[str, int]) -> None:
    page = open_page(decided, viewport=viewport)
    for tab in range(page.locator(".topics button").count()):
        page.locator(".topics button").nth(tab).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        inner, outer = page.evaluate(
            "[document.getElementById('panel').scrollWidth, document.getElementById('panel').clientWidth]"
        )
        assert inner <= outer


def test_a_draft_says_so_across_the_map(open_page: Open, decided: str) -> None:
    page = open_page(decided)
    assert "内部资料,未经审核不得公开" in page.locator(".watermark").text_content()
