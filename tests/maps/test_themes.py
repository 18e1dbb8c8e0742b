"""Parts of results on the map: rows coloured by a column, and overlays of which one is shown at a time."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from qyp_geo.declarations import Analysis, Overlay
from qyp_geo.errors import DeclarationError
from qyp_geo.frames import Result
from qyp_geo.maps.themes import theme_content
from tests.maps.acting import click, heading
from tests.maps.conftest import Open, build
from tests.maps.district import CRS, EAST, HOSTILE, NORTH, Parts, make_district


def with_plots(*overlays: Overlay, roles: tuple[str, ...] = ("chosen", "candidate", "left out")) -> Parts:
    """The district with a result whose part `sites` has square plots far north of the homes, each of another role."""
    record, district, layers, results = make_district()
    plots = [shapely.box(EAST + 120 * n, NORTH + 640, EAST + 120 * n + 90, NORTH + 730) for n in range(len(roles))]
    sites = gpd.GeoDataFrame(
        {"name": [f"地块{n}" for n in range(len(roles))], "role": roles, "gain": np.arange(len(roles)) * 10.0},
        geometry=plots,
        crs=CRS,
    )
    results["analyses/siting"] = Result(
        Analysis(kind="siting", title="选址"), pd.DataFrame({"a": [1]}), parts={"sites": sites}
    )
    return record.model_copy(update={"overlay": [*record.overlay, *overlays]}), district, layers, results


SITES = Overlay(of="analyses/siting", part="sites", colour_by="role", label="选址方案", popup={"gain": "新增人口"})


def test_words_are_classes_in_an_order_of_their_own() -> None:
    content = theme_content(pd.Series(["未达标", "达标", None, "b", "a", "达标"]))
    assert content == {"labels": ["达标", "未达标", "a", "b"], "ordered": False, "of": [1, 0, -1, 3, 2, 0]}
    assert theme_content(pd.Series([True, False])) == {"labels": [False, True], "ordered": False, "of": [1, 0]}
    assert theme_content(pd.Series(list("abcdefghi"))) == (
        "has 9 different values, and a map tells no more than 8 apart"
    )


def test_numbers_are_five_classes_of_as_many_rows() -> None:
    content = theme_content(pd.Series([*range(100), np.nan], dtype=float))
    assert isinstance(content, dict)
    of = np.array(content["of"])
    assert np.bincount(of[:-1]).tolist() == [20] * 5
    assert of[-1] == -1
    assert content["labels"][0] == "0 – 19.8"  # type: ignore[index]
    assert theme_content(pd.Series([2.0, 2.0])) == {"labels": ["2 – 2"], "ordered": True, "of": [0, 0]}
    assert theme_content(pd.Series([np.nan])) == {"labels": [], "ordered": True, "of": [-1]}


def test_what_cannot_be_a_theme_is_told() -> None:
    asked = with_plots(
        Overlay(of="analyses/siting", part="site", label="a"),
        Overlay(of="analyses/siting", part="sites", colour_by="rolle", label="b"),
        Overlay(of="analyses/coverage", colour_by="people", label="c"),
    )
    with pytest.raises(DeclarationError) as caught:
        build(asked)
    told = {problem.where: f"{problem.what} {problem.remedy}" for problem in caught.value.problems}
    assert "Did you mean sites?" in told["overlay[10].of"]
    assert "Did you mean role?" in told["overlay[11].colour_by"]
    assert "Name a part" in told["overlay[12].colour_by"]


@pytest.mark.browser
def test_the_legend_names_the_classes_and_a_click_tells_the_row(open_page: Open) -> None:
    page = open_page(with_plots(SITES))
    legend = page.locator("#legend").inner_text()
    assert all(word in legend for word in ("选址方案", "选中", "候选", "left out"))
    click(page, 120 + 45, 640 + 45)
    assert heading(page) == "地块1"
    assert "新增人口" in page.locator("#panel").inner_text()


@pytest.mark.browser
def test_of_overlays_of_one_choice_one_is_shown(open_page: Open) -> None:
    before = SITES.model_copy(update={"label": "之前", "choice": "scenario"})
    after = SITES.model_copy(update={"label": "之后", "choice": "scenario", "visible": False})
    page = open_page(with_plots(before, after))
    page.locator("#legend summary", has_text="分析专题").click()
    boxes = [page.locator("#legend label.layer", has_text=word).locator("input") for word in ("之前", "之后")]
    assert [box.is_checked() for box in boxes] == [True, False]
    boxes[1].check()
    assert [box.is_checked() for box in boxes] == [False, True]


@pytest.mark.browser
def test_hostile_classes_are_shown_as_they_are(open_page: Open) -> None:
    for start in range(0, len(HOSTILE), 8):
        roles = HOSTILE[start : start + 8]
        page = open_page(with_plots(SITES, roles=roles))
        shown = page.locator("#legend ul.classes li").all_inner_texts()
        assert page.title() == "青云谱区十五分钟生活圈"
        assert sum(any(role.split()[0] in text for text in shown) for role in roles) == len(roles)
