"""What a run prints when it ends: its answers as tables, what they rest on, and where the files are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qyp_geo.analyses.compare import Compare
from qyp_geo.batch import Outcome
from qyp_geo.errors import Problem
from qyp_geo.frames import Result
from qyp_geo.record import Run
from qyp_geo.summary import decisions, services
from qyp_geo.summary.cells import add_row, table

TABLES: Final[Mapping[str, Callable[[Result], Iterator[Table]]]] = MappingProxyType(
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


def print_run(console: Console, run: Run, folder: Path) -> None:
    """Print the closing tables of a run."""
    district = run.project.district
    console.print(Text(" ".join(filter(None, [district.title, district.note])), style="bold"))
    compared = {one.record.after for one in run.results.values() if isinstance(one.record, Compare)}
    for ref, result in run.results.items():
        if result.record.kind in TABLES and ref not in compared:  # of these the comparison tells what is new
            for shown in TABLES[result.record.kind](result):
                console.print(shown)
    notes = dict.fromkeys(note for said in run.notes.values() for note in said)  # several results say the same
    if notes:
        console.print(Text("What the figures rest on 口径与假设", style="bold"))
        for note in notes:
            console.print(Text(f"  · {note}"), soft_wrap=True)
    print_problems(console, run.warnings)
    console.print(Text(f"{len(run.outputs)} files in {folder / 'build'}", style="bold"))
    for page in run.project.maps:
        console.print(Text(f"  open {folder / 'build' / page}.html in a browser"), soft_wrap=True)
    console.print(Text(f"  {sum(run.seconds.values()):.1f} s"))


def print_files(console: Console, folder: Path) -> None:
    """Print which files a folder holds, and how large they are; of a folder in it with many, how many and how large in all."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    console.print(Text(f"{len(files)} files in {folder}", style="bold"), soft_wrap=True)
    for beside, group in groupby(files, key=lambda path: path.parent):
        inside = list(group)
        many = beside != folder and len(inside) > _MOST_NAMED
        lines = [(f"{beside.relative_to(folder).as_posix()}/  {len(inside)} files", inside)] if many else []
        lines = lines or [(path.relative_to(folder).as_posix(), [path]) for path in inside]
        for said, held in lines:
            kilobytes = max(round(sum(path.stat().st_size for path in held) / 1000), 1)
            console.print(Text(f"  {said}  {kilobytes:,} kB"), soft_wrap=True)


def print_batch(console: Console, outcomes: Iterable[Outcome]) -> None:
    """Print what became of many folders, and why some failed."""
    shown = table("", "区", "结果", ">秒", "说明")
    for one in outcomes:
        said = one.message or (f"{one.n_warnings} warning(s)" if one.n_warnings else "")
        add_row(shown, one.folder, "失败 failed" if one.message else "完成 done", f"{one.seconds:.1f}", said)
    console.print(shown)


def print_problems(console: Console, problems: Iterable[Problem]) -> None:
    """Print warnings, one a line."""
    for problem in problems:
        console.print(Text(f"warning: {problem}", style="yellow"), soft_wrap=True)
