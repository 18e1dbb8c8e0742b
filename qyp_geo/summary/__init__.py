"""What a run prints when it ends: its answers as tables, what they rest on, and where the files are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.text import Text

from qyp_geo.analyses.compare import Compare
from qyp_geo.batch import Outcome
from qyp_geo.errors import Problem
from qyp_geo.frames import Result
from qyp_geo.record import Run
from qyp_geo.summary import decisions, services
from qyp_geo.summary.cells import Shown, drawn, note_said, table
from qyp_geo.translation import Language, problem_text, translated

TABLES: Final[Mapping[str, Callable[[Result], Iterator[Shown]]]] = MappingProxyType(
    {
        "coverage": services.coverage,
        "gaps": services.gaps,
        "checkup": services.checkup,
        "region": services.region,
        "catchment": decisions.catchment,
        "equity": decisions.equity,
        "schools_watch": decisions.schools_watch,
        "parking": decisions.parking,
        "centre_completeness": decisions.centre_completeness,
        "siting": decisions.siting,
        "compare": decisions.compare,
        "plan_targets": decisions.plan_targets,
    }
)
"""The closing tables of each kind of analysis; of what lies in which zone the map and the files tell."""
_MOST_NAMED: Final = 30
"""Of a folder with more files than this, only their number is told."""


def print_run(console: Console, run: Run, folder: Path, language: Language) -> None:
    """Print the closing tables of a run, what they rest on, its warnings, and where its files are."""
    district = run.project.district
    console.print(Text(" ".join(filter(None, [district.title, district.note])), style="bold"))
    compared = {one.record.after for one in run.results.values() if isinstance(one.record, Compare)}
    for ref, result in run.results.items():
        if result.record.kind in TABLES and ref not in compared:  # of these the comparison tells what is new
            for shown in TABLES[result.record.kind](result):
                console.print(drawn(shown, language))
    notes = dict.fromkeys(note for said in run.notes.values() for note in said)  # several results say the same
    if notes:
        console.print(Text(translated("What the figures rest on", language), style="bold"))
        for note in notes:
            console.print(Text(f"  · {note_said(note, language)}"), soft_wrap=True)
    print_problems(console, run.warnings, language)
    console.print(Text(translated(f"{len(run.outputs)} files in {folder / 'build'}", language), style="bold"))
    for page in run.project.maps:
        console.print(Text(translated(f"  open {folder / 'build' / page}.html in a browser", language)), soft_wrap=True)
    console.print(Text(f"  {sum(run.seconds.values()):.1f} s"))


def print_files(console: Console, folder: Path, language: Language) -> None:
    """Print which files a folder holds, and how large they are; of a folder in it with many, how many and how large in all."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    console.print(Text(translated(f"{len(files)} files in {folder}", language), style="bold"), soft_wrap=True)
    for beside, group in groupby(files, key=lambda path: path.parent):
        inside = list(group)
        many = beside != folder and len(inside) > _MOST_NAMED
        counted = translated(f"{len(inside)} files", language)
        lines = [(f"{beside.relative_to(folder).as_posix()}/  {counted}", inside)] if many else []
        lines = lines or [(path.relative_to(folder).as_posix(), [path]) for path in inside]
        for line, held in lines:
            kilobytes = max(round(sum(path.stat().st_size for path in held) / 1000), 1)
            console.print(Text(f"  {line}  {kilobytes:,} kB"), soft_wrap=True)


def print_batch(console: Console, outcomes: Iterable[Outcome], language: Language) -> None:
    """Print what became of many folders, and why some failed."""
    shown = table("", "区", "结果", ">秒", "说明")
    for one in outcomes:
        why = one.message or (f"{one.n_warnings} warning(s)" if one.n_warnings else "")
        shown.add(one.folder, "失败" if one.message else "完成", f"{one.seconds:.1f}", why)
    console.print(drawn(shown, language))


def print_problems(console: Console, problems: Iterable[Problem], language: Language) -> None:
    """Print warnings, one a line."""
    warning = translated("warning", language) + (": " if language == "en" else ":")
    for problem in problems:
        console.print(Text(f"{warning}{problem_text(problem, language)}", style="yellow"), soft_wrap=True)
