"""How far an engine's answer is from that of the referee."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.benchmarks.ask import ARRAYS, answer_file
from tests.benchmarks.networks import WITHIN_M, Arrays
from tests.benchmarks.questions import OURS, REFEREE, fade, residents
from tests.benchmarks.report import Figure

REFERENCE_AREAS = "areas: pieces buffered"
SOME = "pairs of 2,000"
Answer = dict[str, npt.NDArray[Any]]


def compared(figure: Figure, work: Path) -> Figure:
    """The figure, and what comparing its answer with the referee's (of areas, with our reference) says."""
    answer = _answer(work, figure.engine, figure.question, figure.order)
    if answer is None:
        return figure
    if figure.question.startswith("areas"):
        return _areas(figure, answer, _answer(work, OURS, REFERENCE_AREAS))
    if (figure.engine, figure.order) == (REFEREE, "Hilbert"):
        return replace(figure, differs="is the referee")
    return replace(figure, differs=_off(figure.question, answer, work))


def _off(question: str, answer: Answer, work: Path) -> str:
    referee = _answer(work, REFEREE, question)
    if referee is not None and "pairs" in question:
        return _of_pairs(answer, referee)
    if referee is not None:
        return _of_values(answer["walk_m"], referee["walk_m"], question)
    some = _answer(work, REFEREE, SOME)
    if question != "tally" or some is None:
        return "not checked"
    arrays = Arrays.load(work / ARRAYS)
    weight = fade(some["walk_m"]) * residents(arrays)[some["target"]]
    sums = np.add.reduceat(weight, some["indptr"][:-1])  # none is empty: each facility reaches its own node
    return _of_values(answer["walk_m"][arrays.facilities], sums, question) + ", at 2,000 nodes"


def _answer(work: Path, engine: str, question: str, order: str = "Hilbert") -> Answer | None:
    file = answer_file(work, engine, order, question)
    if not file.exists():
        return None
    with np.load(file) as stored:
        return dict(stored)


def _of_values(values: npt.NDArray[Any], referee: npt.NDArray[Any], question: str) -> str:
    there = np.isfinite(values) & np.isfinite(referee)
    greatest = np.abs(values[there] - referee[there]).max(initial=0.0)
    only_one = np.count_nonzero(np.isfinite(values) != np.isfinite(referee))
    said = f"{greatest:.1e} people" if question == "tally" else f"{greatest * 1000.0:.2g} mm"
    return f"{said}, {only_one:,} in one answer only" if only_one else said


def _of_pairs(pairs: Answer, referee: Answer) -> str:
    ours, theirs = (_keys(answer) for answer in (pairs, referee))
    at = np.minimum(np.searchsorted(theirs, ours), len(theirs) - 1)
    both = theirs[at] == ours
    greatest = np.abs(pairs["walk_m"][both] - referee["walk_m"][at[both]]).max(initial=0.0)
    in_theirs = np.zeros(len(theirs), dtype=bool)
    in_theirs[at[both]] = True
    lone = np.concatenate([pairs["walk_m"][~both], referee["walk_m"][~in_theirs]])
    said = f"{greatest * 1000.0:.2g} mm"
    if lone.size:
        clear = np.count_nonzero(np.abs(lone - WITHIN_M) > 0.001)
        said += f", {lone.size:,} pairs in one answer only, {clear:,} of them farther than 1 mm from the limit"
    return said


def _keys(pairs: Answer) -> npt.NDArray[np.int64]:
    row = np.repeat(np.arange(len(pairs["indptr"]) - 1, dtype=np.int64), np.diff(pairs["indptr"]))
    return (row << 32) | pairs["target"]


def _areas(figure: Figure, areas: Answer, reference: Answer | None) -> Figure:
    said = ""
    if reference is not None:
        off = np.abs(areas["area_m2"] / reference["area_m2"] - 1.0)
        said = f"{100 * off.mean():.2g} % on average, {100 * off.max():.2g} % at most"
    return replace(
        figure,
        differs=said,
        mean_km2=float(areas["area_m2"].mean() / 1e6),
        mean_vertices=float(areas["vertices"].mean()),
    )
