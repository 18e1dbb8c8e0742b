"""Maps and charts: what they must carry, and what no name may do to them."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pytest
import shapely
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from qyp_geo.errors import MissingError
from qyp_geo.papers import charts, figures
from qyp_geo.papers.figures import Imprint, Label, Look, Shown, drawn, folded, map_sheet, round_length
from qyp_geo.papers.fonts import FAMILIES, choose_family

EXTENT = np.array([0.0, 0.0, 7000.0, 8000.0])
IMPRINT = Imprint(("制图单位:规划处    资料时点:2026-01-01",), "内部资料", "图例", "北", "m", "km")
RING = shapely.box(1000, 1000, 6000, 6000).difference(shapely.box(3000, 3000, 4000, 4000))
HOSTILE = [
    "$\\frac{1}{0}$",
    "</text><script>alert(1)</script>",
    "{{7*7}}",
    "_hidden",
    "bell \x07 -- --> 🚻",
    "%s \\u2019 `${x}`",
]


SVG = {f"{{http://www.w3.org/2000/svg}}{tag}" for tag in ("metadata", "defs", "g")}


def sheet(*themes: Shown, labels: Sequence[Label] = (), extent: np.ndarray = EXTENT) -> Figure:
    return map_sheet("测试区服务缺口", ground=(), themes=themes, extent=extent, imprint=IMPRINT, labels=labels)


def shown(*shapes: shapely.Geometry, label: str = "缺口", face: str = "#a3006b") -> Shown:
    return Shown(gpd.GeoSeries(list(shapes)), Look(label, face, "#000000"))


def texts(figure: Figure) -> set[str]:
    told = {text.get_text() for text in figure.texts}
    for axes in figure.axes:
        told |= {text.get_text() for text in axes.texts}
        if (legend := axes.get_legend()) is not None:
            told |= {text.get_text() for text in (legend.get_title(), *legend.get_texts())}
    return told


@pytest.mark.parametrize(
    ("metres", "round_one"),
    [(1000.0, 1000.0), (1999.0, 1000.0), (2000.0, 2000.0), (4999.9, 2000.0), (5000.0, 5000.0), (0.7, 0.5)],
)
def test_a_scale_bar_has_a_round_length_that_fits(metres: float, round_one: float) -> None:
    assert round_length(metres) == round_one


def test_text_is_folded_at_its_width_and_punctuation_stays_with_its_word() -> None:
    assert folded("青云谱区,洪都街道", 8) == ["青云谱", "区,洪都", "街道"]
    assert folded("within a walk of 500 m", 13) == ["within a walk", "of 500 m"]
    assert folded("", 5) == []


def test_without_a_chinese_font_the_package_to_install_is_named() -> None:
    with pytest.raises(MissingError, match=r"fonts-noto-cjk.*微软雅黑"):
        choose_family({"DejaVu Sans", "Arial"})


def test_the_best_family_that_is_installed_is_taken() -> None:
    assert choose_family({"SimHei", "Microsoft YaHei", "DejaVu Sans"}) == "Microsoft YaHei"
    assert choose_family(FAMILIES) == FAMILIES[0]


def test_a_map_carries_title_legend_north_scale_and_imprint() -> None:
    told = texts(sheet(shown(RING), labels=[Label("G001", 2000, 2000)]))
    assert {"测试区服务缺口", "图例", "缺口", "北", "km", "G001", "内部资料", IMPRINT.lines[0]} <= told


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    figure = sheet(shown(RING))
    frame, beside = figure.axes
    bar = [patch for patch in beside.patches if isinstance(patch, Rectangle)]
    to_pixels = beside.transData.transform
    long = sum(to_pixels((one.get_x() + one.get_width(), 0))[0] - to_pixels((one.get_x(), 0))[0] for one in bar)
    per_m = frame.transData.transform((1, 0))[0] - frame.transData.transform((0, 0))[0]
    said = max(float(text.get_text()) for text in beside.texts if text.get_text().replace(".", "").isdigit())
    assert long / per_m == pytest.approx(said * 1000)


@pytest.mark.parametrize("extent", [EXTENT, np.array([0.0, 0.0, 9000.0, 1000.0]), np.array([5.0, 5.0, 105.0, 2005.0])])
def test_all_that_must_be_seen_is_in_the_frame_at_one_scale(extent: np.ndarray) -> None:
    frame = sheet(shown(RING), extent=extent).axes[0]
    (left, right), (low, high) = frame.get_xlim(), frame.get_ylim()
    assert left <= extent[0] < extent[2] <= right
    assert low <= extent[1] < extent[3] <= high
    corner, across, up = (frame.transData.transform(point) for point in ((0, 0), (100, 0), (0, 100)))
    assert across[0] - corner[0] == pytest.approx(up[1] - corner[1])


def test_a_hole_of_a_polygon_stays_a_hole() -> None:
    (path,) = sheet(shown(RING)).axes[0].collections[0].get_paths()
    assert path.contains_point((2000, 2000))
    areas = [
        0.5 * float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
        for x, y in (np.asarray(ring, dtype=float).T for ring in path.to_polygons())
    ]
    assert sum(areas) == pytest.approx(RING.area)  # rings that turn opposite ways leave out what both surround


def test_a_line_that_is_not_filled_is_a_line_in_the_legend() -> None:
    figure = sheet(shown(RING, label="区界", face="none"), shown(RING, label="缺口"))
    legend = figure.axes[1].get_legend()
    assert legend is not None
    assert [type(handle).__name__ for handle in legend.legend_handles] == ["Line2D", "Rectangle"]


def test_the_same_figure_gives_the_same_bytes() -> None:
    first, second = (drawn(lambda: sheet(shown(RING), labels=[Label("洪都", 2000, 2000)])) for _ in range(2))
    assert first == second
    assert first.png.startswith(b"\x89PNG")
    assert b"<svg" in first.svg


def test_names_are_drawn_as_they_are_and_nothing_in_them_lives() -> None:
    labels = [Label(name, 1000.0 * n, 1000) for n, name in enumerate(HOSTILE)]
    figure = sheet(shown(RING), labels=labels)
    assert set(HOSTILE) <= texts(figure)
    svg = drawn(lambda: sheet(shown(RING), labels=labels)).svg
    assert b"<script" not in svg
    assert {element.tag for element in ET.fromstring(svg)} <= SVG  # noqa: S314  (well formed, and nothing but drawing)
    bars = [charts.Bar(name, 0.5, float("nan")) for name in HOSTILE]
    assert b"<script" not in drawn(lambda: charts.share_bars(bars, words=("步行", "半径"))).svg


def test_many_shapes_are_pixels_also_in_svg(monkeypatch: pytest.MonkeyPatch) -> None:
    homes = shown(*(shapely.box(x, x, x + 20, x + 20) for x in range(0, 5000, 50)))
    vectors = drawn(lambda: sheet(homes)).svg
    monkeypatch.setattr(figures, "MOST_VECTORS", 99)
    pixels = drawn(lambda: sheet(homes)).svg
    assert vectors.count(b"<image") == 0
    assert pixels.count(b"<image") == 1


def test_shares_are_bars_of_their_length_with_their_figure() -> None:
    bars = [charts.Bar("公园", 0.386968, 0.41), charts.Bar("小学", 1.0, float("nan"))]
    axes = charts.share_bars(bars, words=("步行口径", "规范口径")).axes[0]
    assert [patch.get_width() for patch in axes.patches if isinstance(patch, Rectangle)] == [0.386968, 1.0]
    assert [text.get_text() for text in axes.texts] == ["38.7%", "100.0%"]


def test_parts_of_a_stack_follow_each_other() -> None:
    parts = [charts.Part("达标", "#5aa2d8", [3, 0]), charts.Part("未达标", "#b35806", [2, float("nan")])]
    axes = charts.stacked_bars(["甲", "乙"], parts).axes[0]
    bars = [(patch.get_x(), patch.get_width()) for patch in axes.patches if isinstance(patch, Rectangle)]
    assert bars == [(0, 3), (0, 0), (3, 2), (0, 0)]
    assert [text.get_text() for text in axes.texts] == ["3", "2"]
