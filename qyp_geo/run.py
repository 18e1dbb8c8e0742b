"""The main job: layers, then analyses, then maps. It orders and records, and computes nothing itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qyp_geo import __version__, analyses, layers, maps
from qyp_geo.build import replaced_whole, sha256, write_table
from qyp_geo.errors import DataError, Problem
from qyp_geo.frames import LayerData, Result
from qyp_geo.project import Project, open_project

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What a run found, for its summary."""

    project: Project
    layers: Mapping[str, LayerData]
    results: Mapping[str, Result]
    warnings: tuple[Problem, ...]
    outputs: tuple[Path, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)


def run(folder: Path, *, command: str, progress: Progress) -> Run:
    """Run a district folder and replace its `build/`.

    Parameters
    ----------
    folder
        The district folder.
    command
        The command as typed, for `run.json`.
    progress
        Is told the title of each step as it begins.

    Raises
    ------
    DeclarationError, DataError
        With every problem of the declarations, or of the layers' rows; `build/` stays as it was.
    """
    project = open_project(folder)
    seconds: dict[str, float] = {}

    @contextmanager
    def step(name: str, title: str) -> Iterator[None]:
        progress(title)
        began = time.perf_counter()
        yield
        seconds[name] = round(time.perf_counter() - began, 3)

    with replaced_whole(folder) as build:
        with step("layers", "layers"):
            read, problems = layers.read_layers(project.layers, folder=folder, district=project.district)
            problems += layers.check_layers(read, project.district)
            if any(problem.severity == "error" for problem in problems):
                raise DataError(f"The data of {folder} cannot be used", problems)
            for reference, layer in read.items():
                write_table(layer.frame, build / reference, csv=False)

        results: dict[str, Result] = {}
        given = analyses.Inputs(project.district, read, results, folder / "analyses" / "standards")
        for reference, record in project.analyses.items():
            with step(reference, record.title):
                results[reference] = result = analyses.run(record, given)
                problems += result.problems
                write_table(result.table, build / reference)
                for part, table in result.parts.items():
                    write_table(table, build / f"{reference}_{part}")

        for reference, page in project.maps.items():
            with step(reference, page.title):
                html = maps.build_page(page, district=project.district, layers=read, results=results)
                target = build / f"{reference}.html"
                target.parent.mkdir(exist_ok=True)
                target.write_text(html, encoding="utf-8", newline="\n")

        outputs = sorted(path.relative_to(build) for path in build.rglob("*") if path.is_file())
        finished = Run(project, read, results, tuple(problems), tuple(outputs), seconds)
        (build / "run.json").write_text(_record_of(finished, command, folder), encoding="utf-8", newline="\n")
    return finished


def _record_of(run: Run, command: str, folder: Path) -> str:
    """`run.json`: what the results rest on."""
    content: dict[str, Any] = {
        "version": __version__,
        "command": command,
        "crs": run.project.district.crs,
        "inputs": {path.relative_to(folder).as_posix(): sha256(path) for path in _inputs(folder)},
        "parameters": {
            name: {reference: record.model_dump(mode="json") for reference, record in records.items()}
            for name, records in (
                ("district", {"layers/district": run.project.district}),
                ("layers", run.project.layers),
                ("analyses", run.project.analyses),
                ("maps", run.project.maps),
            )
        },
        "seconds": dict(run.seconds),
        "notes": {
            reference: list(found.notes)
            for reference, found in [*run.layers.items(), *run.results.items()]
            if found.notes
        },
        "warnings": [str(problem) for problem in run.warnings],
        "outputs": [path.as_posix() for path in run.outputs],
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def _inputs(folder: Path) -> list[Path]:
    """Every file of the three declared folders: declarations, data, local standards."""
    return sorted(
        path for name in ("layers", "analyses", "maps") for path in (folder / name).rglob("*") if path.is_file()
    )
