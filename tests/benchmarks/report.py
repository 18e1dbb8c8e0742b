"""The figures as Markdown: a table per question, and the goals beside what was measured."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.peers import PEERS
from tests.benchmarks.questions import BOUND, OURS, REFEREE

TITLES = {
    "build": "Building from lines (ours), from arrays (the others)",
    "snap": "Snapping a point per node to its nearest street, to a position along it",
    "nearest": "Nearest of 100 facilities (of 2,000 with 10M nodes) from every node, without a limit",
    "pairs of 2,000": "Every node within 1,000 m of each of 2,000 facilities",
    "all pairs": "Every node within 1,000 m of every node",
    "tally": "Residents within 1,000 m of every node, weighted by 1 - metres / 1,000: no pair is stored",
    "3 nearest": "The three nearest of 2,000 facilities within 1,000 m of every node",
}
HOW = """\
Written by `python tests/benchmarks/engine.py --write docs/benchmarks.md`, whose docstring says how to repeat it; one
run, one machine. Networks are grids of crossroads 110 m apart, each pushed aside by up to 33 m each way, without a
tenth of the streets; facilities and points stand at nodes. Every engine gets the same arrays, its nodes in the Hilbert
order in which this project keeps them, and for *nearest* once more in an order of chance ("shuffled"). Each engine has
a process of its own.

Seconds are the least of up to three times (once where it takes more than 5 s), after compilation, without building,
which has a table of its own, and with handing over the answer as an array. "× ours" and "× SciPy" are ratios of seconds
to those in Hilbert order on the same network. Memory is what the process held before the search, and what its peak
added during the search, the answer included. "Off" is the greatest difference from SciPy's answer; ours is off by what
rounding to the millimetre takes, up to .5 mm.
"""


NOT_ASKED = {"access": "installs; it answers two-step floating catchments, which are no question here yet"}


@dataclass(frozen=True)
class Figure:
    """What one engine needed for one question: seconds and memory, or why there are none."""

    engine: str
    network: str
    order: str
    question: str
    seconds: float | None = None
    held_mb: float | None = None
    peak_mb: float | None = None
    failed: str = ""
    differs: str = ""
    mean_km2: float | None = None
    mean_vertices: float | None = None

    @property
    def added_mb(self) -> float:
        """What the peak added to what was held."""
        return (self.peak_mb or 0.0) - (self.held_mb or 0.0)


def report(figures: list[Figure], absent: dict[str, str]) -> str:
    """The whole page."""
    parts = ["# Benchmarks", HOW, _machine(), "## Goals", _goals(figures)]
    for question, title in TITLES.items():
        rows = [figure for figure in figures if figure.question == question]
        if rows:
            parts += [f"## {title}", _table(rows, figures)]
    areas = [figure for figure in figures if figure.question.startswith("areas")]
    if areas:
        parts += ["## What 100 facilities serve within 1,000 m, as polygons", _areas(areas)]
    left_out = [f"- {peer}: {reason}" for peer, reason in (absent | NOT_ASKED).items()]
    parts += ["## Not asked", "\n".join(left_out)]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _machine() -> str:
    packages = [OURS.replace("_", "-"), "numpy", "numba", "shapely", *(peer.package for peer in PEERS.values())]
    versions = [f"{name} {_version(name)}" for name in packages if name is not None]
    model = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    return f"{os.cpu_count()} processors ({', '.join(sorted(set(model)))}), Python {platform.python_version()}; " + (
        ", ".join(versions) + "."
    )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "(absent)"


def _table(rows: list[Figure], figures: list[Figure]) -> str:
    head = ["network", "engine", "threads", "s", "× ours", "× SciPy", "held MB", "+ MB at peak", "off"]
    return _markdown(head, [_row(figure, figures) for figure in rows])


def _row(figure: Figure, figures: list[Figure]) -> list[str]:
    engine = figure.engine if figure.order == "Hilbert" else f"{figure.engine}, {figure.order}"
    threads = PEERS[figure.engine].threads if figure.engine in PEERS else "nearest 1, else all"
    if figure.seconds is None:
        return [figure.network, engine, threads, figure.failed, "", "", "", "", ""]
    ratios = []
    for other in (OURS, REFEREE):
        base = _seconds(figures, other, figure.network, figure.question)
        ratios.append(f"{figure.seconds / base:.2g}" if base else "")
    memory = [f"{figure.held_mb:,.0f}", f"{figure.added_mb:,.0f}"]
    return [figure.network, engine, threads, _s(figure.seconds), *ratios, *memory, figure.differs]


def _areas(rows: list[Figure]) -> str:
    head = [
        "network",
        "engine",
        "what",
        "s",
        "mean km²",
        "vertices",
        "held MB",
        "+ MB at peak",
        "area off the reference",
    ]
    table = []
    for figure in rows:
        what = figure.question.removeprefix("areas: ")
        if figure.seconds is None:
            table.append([figure.network, figure.engine, what, figure.failed, "", "", "", "", ""])
        else:
            size = [f"{figure.mean_km2:.3f}", f"{figure.mean_vertices:,.0f}"]
            memory = [f"{figure.held_mb:,.0f}", f"{figure.added_mb:,.0f}"]
            table.append([figure.network, figure.engine, what, _s(figure.seconds), *size, *memory, figure.differs])
    note = (
        "The reference is the reached street pieces, cut at the limit, buffered by 50 m and put together. Hulls and "
        "circles around reached nodes are there to show what they are worth; their search is ours."
    )
    return f"{_markdown(head, table)}\n\n{note}"


def _goals(figures: list[Figure]) -> str:
    """What was aimed at, what came out, and whether it is met; what was not measured in this run is said to be so."""

    def seconds(network: str, question: str, engine: str = OURS) -> float | None:
        return _seconds(figures, engine, network, question)

    def ratio(one: float | None, other: float | None) -> float | None:
        return one / other if one and other else None

    def added_mb(network: str, question: str) -> float | None:
        return next((f.added_mb for f in _of(figures, OURS, network, question)), None)

    def peak_mb(network: str, question: str) -> float | None:
        return next((f.peak_mb for f in _of(figures, OURS, network, question)), None)

    goals: list[tuple[str, float | None, float, str]] = [
        (
            "nearest, 1M nodes: seconds, × C++",
            ratio(seconds("1M", "nearest"), seconds("1M", "nearest", BOUND)),
            1.3,
            "",
        ),
        ("nearest, 10M nodes: seconds, × 1M", ratio(seconds("10M", "nearest"), seconds("1M", "nearest")), 12.0, ""),
        ("nearest, 10M nodes: memory at peak", peak_mb("10M", "nearest"), 2500.0, " MB"),
        ("nearest, 10M nodes: of it added by the search", added_mb("10M", "nearest"), 2500.0, " MB"),
        ("all pairs, 100k nodes", seconds("100k", "all pairs"), 0.75, " s"),
        (
            "all pairs, 100k nodes: seconds, × C++ in double (.75 s against .60)",
            ratio(seconds("100k", "all pairs"), seconds("100k", "all pairs", BOUND)),
            1.25,
            "",
        ),
        ("all pairs, 100k nodes: memory added by the search", added_mb("100k", "all pairs"), 500.0, " MB"),
        ("100 service areas by contour, 100k nodes", seconds("100k", "areas: contour"), 0.1, " s"),
    ]
    rows = []
    for what, measured, aim, unit in goals:
        if measured is None:
            rows.append([what, f"≤ {aim:g}{unit}", "not measured in this run", ""])
        else:
            rows.append(
                [what, f"≤ {aim:g}{unit}", f"{measured:,.3g}{unit}", "met" if measured <= aim else "**missed**"]
            )
    return _markdown(["goal", "aim", "measured", ""], rows)


def _of(figures: list[Figure], engine: str, network: str, question: str) -> list[Figure]:
    return [f for f in figures if (f.engine, f.network, f.order, f.question) == (engine, network, "Hilbert", question)]


def _seconds(figures: list[Figure], engine: str, network: str, question: str) -> float | None:
    return next((figure.seconds for figure in _of(figures, engine, network, question)), None)


def _s(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds < 10 else f"{seconds:,.0f}"


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
