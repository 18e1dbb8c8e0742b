"""The figures of the pages as Markdown: one table, and the goals beside what was measured."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qyp_geo import __version__

PAGES: Final = {"residents": "ours, for residents", "planners": "ours, for planners", "folium": "plain folium"}
HOW: Final = """\
Written by `python tests/benchmarks/pages.py --sizes 1k,10k,50k,100k --write docs/pages.md`, whose docstring says how a page
is opened and a click timed; one run, one machine, without a graphics card.

A town of so many homes has about as many crossroads, 110 m apart, homes of seven corners beside its streets, a facility of
each of eight kinds for every 250 homes, and the requirements of a 15-minute circle. The residents' page carries the homes by
class, the walking network, the facilities and the search; a click on it snaps to the street, searches the network, draws what
is within 5, 10 and 15 minutes, and lists what is within reach. The planners' page tells every figure of every home; a click
on it fills the panel and draws the ways. The page of plain folium has the homes alone, each with a colour, a tooltip and a
popup: no network, no facilities, no search.

"Live circle" is what the residents' page computes for a click, without drawing: snapping, the bounded search, the nearest
facilities and the reached pieces of street, over 200 positions.
"""


@dataclass(frozen=True)
class Figure:
    """What one page took: its megabytes, the seconds until it could be used, and the milliseconds of each click."""

    page: str
    size: str
    mb: float
    usable_s: float
    clicks_ms: list[float]
    circles_ms: list[float]


def report(figures: list[Figure]) -> str:
    """The whole page."""
    parts = ["# Pages", HOW, _machine(), "## Goals", _goals(figures), "## Measured", _table(figures)]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _machine() -> str:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    asked = [shutil.which("chromium") or "chromium", "--version"]
    chromium = subprocess.run(asked, capture_output=True, check=True, text=True).stdout.split(" built")[0].strip()
    told = [chromium, f"folium {importlib.metadata.version('folium')}", f"qyp-geo {__version__}"]
    return f"{os.cpu_count()} processors ({model}); {', '.join(told)}."


def _table(figures: list[Figure]) -> str:
    head = ["homes", "page", "MB", "s until usable", "ms a click: median", "worst", "live circle: median", "worst"]
    rows = [
        [
            figure.size,
            PAGES[figure.page],
            f"{figure.mb:.2f}",
            f"{figure.usable_s:.2f}",
            *_median_and_worst(figure.clicks_ms),
            *_median_and_worst(figure.circles_ms),
        ]
        for figure in figures
    ]
    return _markdown(head, rows)


def _median_and_worst(ms: list[float]) -> list[str]:
    return [f"{statistics.median(ms):.1f}", f"{max(ms):.1f}"] if ms else ["", ""]


def _goals(figures: list[Figure]) -> str:
    """What was aimed at for residents, what came out, and whether it is met."""
    found = next((figure for figure in figures if (figure.page, figure.size) == ("residents", "50k")), None)
    if found is None:
        return "The goals are for 50k homes, which this run did not measure."
    goals = [
        ("size of the residents' page, 50k homes", found.mb, 2.0, "MB"),
        ("until it can be used", found.usable_s, 1.5, "s"),
        ("live circle, 50k crossroads, median", statistics.median(found.circles_ms), 16.0, "ms"),
        ("live circle, 50k crossroads, worst", max(found.circles_ms), 16.0, "ms"),
        ("a click, drawing and panel included, median", statistics.median(found.clicks_ms), 16.0, "ms"),
    ]
    rows = [
        [what, f"≤ {aim:g} {unit}", f"{measured:.3g} {unit}", "met" if measured <= aim else "**missed**"]
        for what, measured, aim, unit in goals
    ]
    return _markdown(["goal", "aim", "measured", ""], rows)


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
