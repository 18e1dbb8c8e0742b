"""Maps on paper: the district's own ground, what is told of it, and all that a map must carry to be filed.

Figures are made without pyplot, which keeps a state of its own, and inside `drawn`, which sets matplotlib's settings and puts
them back.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any, Final, Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke

from qyp_geo.papers.fonts import chinese_family
from qyp_geo.papers.model import Drawing, printable, width_of

INK: Final = "#1f2933"
MUTED: Final = "#5b6671"
DOTS_PER_INCH: Final = 220
MOST_VECTORS: Final = 8_000
"""More shapes than this are drawn as pixels also in SVG, which programs could hardly open otherwise."""
_SHEET: Final = (6.7, 5.6)
"""Inches: the width of the text on an A4 page."""
_FRAME: Final = (0.012, 0.098, 0.745, 0.83)
_BESIDE: Final = (0.77, 0.098, 0.218, 0.83)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """How things of one sort are drawn, and what the legend calls them.

    Attributes
    ----------
    label
        Empty where the legend leaves it out.
    face, edge
        Colours; "none" for nothing.
    marker
        Of points, as matplotlib writes it.
    size
        Of points, in printer's points across.
    """

    label: str = ""
    face: str = "none"
    edge: str = "none"
    width: float = 0.5
    dash: Literal["solid", "dotted"] | tuple[float, tuple[float, ...]] = "solid"
    alpha: float = 1.0
    marker: str = "o"
    size: float = 5.0


@dataclass(frozen=True, slots=True)
class Shown:
    """Things of one sort on a map; several of a map are drawn in their order."""

    shapes: pd.Series[Any]
    look: Look


@dataclass(frozen=True, slots=True)
class Label:
    """A name on a map: centred on a place, or standing above it."""

    text: str
    x: float
    y: float
    above: bool = False


@dataclass(frozen=True, slots=True)
class Imprint:
    """What every map carries besides what it tells, as finished text.

    Attributes
    ----------
    lines
        Below the frame: 制图单位, date, sources and the like.
    mark
        Who may see it.
    legend, north, metres, kilometres
        Words of the legend, the arrow and the scale bar.
    """

    lines: tuple[str, ...]
    mark: str
    legend: str
    north: str
    metres: str
    kilometres: str


def drawn(make: Callable[[], Figure]) -> Drawing:
    """Return a figure as PNG and SVG; the same figure gives the same bytes.

    Raises
    ------
    MissingError
        If no font with Chinese characters is installed.
    """
    settings: Any = {
        "font.family": [chinese_family(), "DejaVu Sans"],
        "font.size": 8,
        "text.color": INK,
        "text.parse_math": False,  # a name with $ in it is a name
        "axes.unicode_minus": False,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.6,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "svg.fonttype": "path",  # the reader's machine may not have the font
        "svg.hashsalt": "qyp_geo",
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name may have signs that no font here has
        figure = make()
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        figure.savefig(svg, format="svg", dpi=DOTS_PER_INCH, metadata={"Date": None, "Creator": None})
    text = printable(svg.getvalue().decode("utf-8"))  # matplotlib writes every label as a comment, too
    return Drawing(png.getvalue(), text.encode("utf-8"))


def map_sheet(
    title: str,
    *,
    ground: Sequence[Shown],
    themes: Sequence[Shown],
    extent: Floats,
    imprint: Imprint,
    labels: Sequence[Label] = (),
) -> Figure:
    """Draw a map with 图名, legend, scale bar, north arrow and imprint.

    Parameters
    ----------
    ground, themes
        What is drawn below and on top, in the district CRS, in metres. The legend tells the themes first.
    extent
        ``(min x, min y, max x, max y)`` that must be seen, in metres; the frame is filled beyond it.
    """
    figure = Figure(figsize=_SHEET, facecolor="white")
    figure.text(0.5, 0.962, title, ha="center", va="center", fontsize=13, fontweight="bold")
    axes = figure.add_axes(_FRAME)
    axes.set_facecolor("#f4f2ec")
    axes.set(xticks=[], yticks=[])
    _set_extent(axes, extent)
    for level, one in enumerate([*ground, *themes]):
        _draw(axes, one, level)
    for label in labels:
        axes.text(
            label.x, label.y, label.text, ha="center", va="bottom" if label.above else "center", clip_on=True,
            fontsize=7, fontweight="bold", zorder=900, path_effects=[withStroke(linewidth=2.2, foreground="white")],
        )  # fmt: skip
    left, right = axes.get_xlim()
    _beside(figure, right - left, [*themes, *reversed(ground)], imprint)
    figure.add_artist(Rectangle((0.004, 0.006), 0.992, 0.988, fill=False, edgecolor=INK, linewidth=1.1))
    figure.add_artist(Line2D([0.012, 0.988], [0.086, 0.086], color=MUTED, linewidth=0.5))
    figure.text(0.014, 0.077, "\n".join(imprint.lines), fontsize=6, color=MUTED, va="top", linespacing=1.45)
    figure.text(0.986, 0.077, imprint.mark, fontsize=6.5, color="#9b1c1c", va="top", ha="right", fontweight="bold")
    return figure


def _set_extent(axes: Axes, extent: Floats) -> None:
    """Show what must be seen in the middle, at one scale in both directions, and fill the frame."""
    low, high = extent[:2], extent[2:]
    middle = (low + high) / 2
    frame = np.array([_SHEET[0] * _FRAME[2], _SHEET[1] * _FRAME[3]])
    half = frame * float(((high - low) / frame).max()) / 2 * 1.04
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] - half[1], middle[1] + half[1])


def _draw(axes: Axes, one: Shown, level: int) -> None:
    shapes = shapely.get_parts(one.shapes.dropna().to_numpy())
    kinds = shapely.get_dimensions(shapes)
    look, raster = one.look, len(shapes) > MOST_VECTORS
    common: dict[str, Any] = {"alpha": look.alpha, "zorder": level, "rasterized": raster}
    if (areas := shapes[kinds == 2]).size:
        axes.add_collection(
            PathCollection(
                [_outline(shape) for shape in areas], facecolors=look.face, edgecolors=look.edge, linewidths=look.width,
                linestyles=look.dash, **common,
            ),
            autolim=False,
        )  # fmt: skip
    if (lines := shapes[kinds == 1]).size:
        segments = [shapely.get_coordinates(shape) for shape in lines]
        axes.add_collection(
            LineCollection(segments, colors=look.edge, linewidths=look.width, linestyles=look.dash, **common),
            autolim=False,
        )
    if (points := shapes[kinds == 0]).size:
        x, y = shapely.get_coordinates(points).T
        axes.plot(
            x, y, linestyle="none", marker=look.marker, markersize=look.size, markerfacecolor=look.face,
            markeredgecolor=look.edge, markeredgewidth=look.width, scalex=False, scaley=False, **common,
        )  # fmt: skip


def _outline(polygon: shapely.Polygon) -> Outline:
    """Return a polygon as a path; its holes stay holes, for they turn the other way."""
    polygon = shapely.geometry.polygon.orient(polygon)
    rings = [Outline(np.asarray(ring.coords)[:, :2], closed=True) for ring in (polygon.exterior, *polygon.interiors)]
    return Outline.make_compound_path(*rings)


def _scale_bar(axes: Axes, across_m: float, imprint: Imprint) -> None:
    """A bar of two halves in the column beside the frame, of a round length that fits there."""
    of_column = _FRAME[2] / _BESIDE[2] / across_m  # one metre of the frame, as a part of the column
    whole = round_length(0.8 / of_column)
    left, low, long = 0.5 - whole * of_column / 2, 0.745, whole * of_column
    for n, colour in enumerate((INK, "white")):
        axes.add_patch(Rectangle((left + n * long / 2, low), long / 2, 0.011, facecolor=colour, edgecolor=INK, lw=0.7))
    in_km = whole >= 1000
    for part in (0.0, 0.5, 1.0):
        told = f"{whole * part / (1000 if in_km else 1):g}"
        axes.text(left + long * part, low + 0.022, told, fontsize=6.8, ha="center")
    axes.text(0.5, low - 0.03, imprint.kilometres if in_km else imprint.metres, fontsize=6.8, ha="center")


def round_length(metres: float) -> float:
    """Return the greatest of 1, 2 and 5 times a power of ten that is no longer."""
    power = 10.0 ** floor(log10(metres))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= metres)


def _beside(figure: Figure, across_m: float, shown: Sequence[Shown], imprint: Imprint) -> None:
    """The column beside the frame, which is so many metres across: north arrow, scale bar, legend."""
    axes = figure.add_axes(_BESIDE)
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for side, colour in ((-0.075, INK), (0.075, "white")):
        axes.add_patch(
            Polygon([(0.5, 0.985), (0.5 + side, 0.9), (0.5, 0.918)], facecolor=colour, edgecolor=INK, lw=0.7)
        )
    axes.text(0.5, 0.872, imprint.north, ha="center", va="center", fontsize=9, fontweight="bold")
    _scale_bar(axes, across_m, imprint)
    looks = {one.look.label: (one.look, _sort(one)) for one in shown if one.look.label}
    legend = axes.legend(
        handles=[_sample(look, sort) for look, sort in looks.values()],
        labels=[_folded(label) for label in looks],
        loc="lower left", bbox_to_anchor=(0.0, 0.0), borderaxespad=0, frameon=False, fontsize=6.8, labelspacing=0.75,
        handlelength=1.6, title=imprint.legend, title_fontproperties={"weight": "bold", "size": 8.5},
        alignment="left",
    )  # fmt: skip
    legend.set_zorder(10)


def _sort(one: Shown) -> int:
    """Return 0 for points, 1 for lines and outlines that are not filled, 2 for areas."""
    sort = int(shapely.get_dimensions(one.shapes.to_numpy()).max()) if len(one.shapes) else 2
    return 1 if sort == 2 and one.look.face == "none" else sort


def _sample(look: Look, sort: int) -> Artist:
    """What stands beside a label of the legend."""
    if sort == 2:
        return Patch(
            facecolor=look.face, edgecolor=look.edge, linewidth=look.width, linestyle=look.dash, alpha=look.alpha
        )
    if sort == 1:
        return Line2D([], [], color=look.edge, linewidth=look.width, linestyle=look.dash, alpha=look.alpha)
    return Line2D(
        [], [], linestyle="none", marker=look.marker, markersize=min(look.size, 7.0), markerfacecolor=look.face,
        markeredgecolor=look.edge, markeredgewidth=look.width, alpha=look.alpha,
    )  # fmt: skip


def _folded(text: str, width: int = 19) -> str:
    """Break a label so that it fits beside its sample."""
    return "\n".join(folded(text, width))


def folded(text: str, width: int) -> list[str]:
    """Break text into lines of a width in half-width characters: Chinese anywhere, other words at blanks."""
    lines, line, used = [], "", 0
    for word in _words(text):
        size = width_of(word)
        if line and used + size > width:
            lines.append(line.rstrip())
            line, used = "", 0
            word, size = word.lstrip(), size - (len(word) - len(word.lstrip()))  # noqa: PLW2901
        line, used = line + word, used + size
    return [*lines, line.rstrip()] if line else lines


def _words(text: str) -> list[str]:
    """Cut text where a line may break; punctuation stays with what it follows."""
    cut: list[str] = []
    for character in text:
        joins = character in "，,。、；;：:）)」”·/%" or (
            cut and ord(character) < 0x2E80 and ord(cut[-1][-1]) < 0x2E80 and character != " "
        )
        if cut and joins:
            cut[-1] += character
        else:
            cut.append(character)
    return cut
