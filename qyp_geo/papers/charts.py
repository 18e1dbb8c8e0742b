"""Charts of a report, drawn plainly: every one has its figures in a table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qyp_geo.papers.figures import INK, MUTED, folded

_WIDTH: Final = 6.7
_PER_ROW: Final = 0.235
_GRID: Final = "#d8dde2"


@dataclass(frozen=True, slots=True)
class Bar:
    """A share of one thing, with the same share measured otherwise beside it (NaN where it is not known)."""

    label: str
    share: float
    beside: float


@dataclass(frozen=True, slots=True)
class Part:
    """One part of every bar of a stack: how many, by bar."""

    label: str
    colour: str
    counts: Sequence[float]
    hatch: str = ""


def share_bars(bars: Sequence[Bar], *, words: tuple[str, str]) -> Figure:
    """Draw shares as bars, the highest first, each with its figure; a mark shows the share measured otherwise."""
    figure, axes = _rows([bar.label for bar in bars])
    places = range(len(bars))
    axes.barh(places, [bar.share for bar in bars], height=0.62, color="#5aa2d8", label=words[0])
    axes.plot(
        [bar.beside for bar in bars], places, linestyle="none", marker="D", markersize=4, markerfacecolor="white",
        markeredgecolor=INK, markeredgewidth=0.8, label=words[1],
    )  # fmt: skip
    for place, bar in zip(places, bars, strict=True):
        axes.text(1.015, place, f"{bar.share:.1%}", va="center", ha="left", fontsize=7)
    axes.set_xlim(0, 1.0)
    axes.set_xticks(np.linspace(0, 1, 6), [f"{tick:.0%}" for tick in np.linspace(0, 1, 6)])
    _legend(figure, axes)
    return figure


def stacked_bars(labels: Sequence[str], parts: Sequence[Part]) -> Figure:
    """Draw counts as bars made of parts, each with its figure where there is room."""
    figure, axes = _rows(labels)
    left = np.zeros(len(labels))
    for part in parts:
        counts = np.nan_to_num(np.asarray(part.counts, dtype=float))
        axes.barh(
            range(len(labels)), counts, left=left, height=0.62, color=part.colour, label=part.label, hatch=part.hatch,
            edgecolor=MUTED, linewidth=0.4,
        )  # fmt: skip
        left += counts
    widest = left.max(initial=1.0)
    below = np.zeros(len(labels))
    for part in parts:
        counts = np.nan_to_num(np.asarray(part.counts, dtype=float))
        for place in map(int, np.flatnonzero(counts > widest * 0.03)):
            told = f"{counts[place]:,.0f}"
            axes.text(
                below[place] + counts[place] / 2, place, told, ha="center", va="center", fontsize=6.5,
                color=_on(part.colour),
            )  # fmt: skip
        below += counts
    axes.set_xlim(0, widest * 1.01)
    _legend(figure, axes)
    return figure


def pairs(labels: Sequence[str], before: Sequence[float], after: Sequence[float], *, words: tuple[str, str]) -> Figure:
    """Draw two shares of each thing as points joined by a line."""
    figure, axes = _rows(labels)
    places = list(range(len(labels)))
    axes.hlines(places, before, after, color="#9aa5b1", linewidth=2.2, zorder=1)
    axes.plot(before, places, "o", markersize=5.5, markerfacecolor="white", markeredgecolor=INK, label=words[0])
    axes.plot(after, places, "o", markersize=5.5, color="#08519c", label=words[1])
    for place, (first, last) in enumerate(zip(before, after, strict=True)):
        axes.text(1.015, place, f"{(last - first) * 100:+.1f}", va="center", ha="left", fontsize=7)
    axes.set_xlim(0, 1)
    axes.set_xticks(np.linspace(0, 1, 6), [f"{tick:.0%}" for tick in np.linspace(0, 1, 6)])
    _legend(figure, axes)
    return figure


def curve(x: Sequence[float], y: Sequence[float], *, across: str, up: str, chosen: float) -> Figure:
    """Draw what each further step brings; the step that is proposed is marked."""
    figure = Figure(figsize=(_WIDTH, 2.6), facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.plot(x, y, "-o", color="#08519c", markersize=4, linewidth=1.4)
    for place, value in zip(x, y, strict=True):
        if place == chosen:
            axes.plot([place], [value], "o", markersize=10, markerfacecolor="none", markeredgecolor="#b35806", mew=1.8)
        axes.annotate(
            f"{value:,.0f}", (place, value), xytext=(0, -11), textcoords="offset points", ha="center", fontsize=6.5
        )
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_xticks(list(x))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.margins(x=0.04, y=0.14)
    _plain(axes, grid="y")
    return figure


def lorenz(lines: Sequence[tuple[str, Sequence[float], Sequence[float]]], *, across: str, up: str, even: str) -> Figure:
    """Draw cumulative shares, beside the line of even shares."""
    figure = Figure(figsize=(_WIDTH, 3.3), facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), label=even)
    strokes = ("solid", (0, (6, 2)), (0, (2, 1.4)), (0, (6, 1.5, 1.5, 1.5)))
    colours = ("#08519c", "#b35806", "#00695c", "#7b3294", "#8c1d40", "#556b2f", "#1f2933", "#a6611a")
    for n, (label, x, y) in enumerate(lines):
        axes.plot(x, y, linewidth=1.5, color=colours[n % 8], linestyle=strokes[n % 4], label=label)
    ticks = np.linspace(0, 1, 6)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel=across, ylabel=up)
    axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
    axes.legend(loc="center left", bbox_to_anchor=(1.04, 0.5), frameon=False, fontsize=7.5, handlelength=3)
    _plain(axes, grid="both")
    return figure


def _rows(labels: Sequence[str]) -> tuple[Figure, Axes]:
    """A figure with a row for each label, the first at the top."""
    height = 0.75 + _PER_ROW * max(len(labels), 2)
    figure = Figure(figsize=(_WIDTH, height), facecolor="white")
    axes = figure.add_axes((0.31, 0.3 / height, 0.61, 1 - 0.72 / height))
    axes.set_yticks(range(len(labels)), ["\n".join(folded(label, 34)[:2]) for label in labels], fontsize=7)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    _plain(axes, grid="x")
    return figure, axes


def _plain(axes: Axes, *, grid: str) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis=grid, color=_GRID, linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(0.3, 1.0), ncols=min(len(labels), 5), frameon=False,
        fontsize=7.5, handlelength=1.4, columnspacing=1.4,
    )  # fmt: skip


def _on(colour: str) -> str:
    """Return the ink that is read on a colour."""
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else INK
