"""The main job: layers, then analyses, then maps. It orders and records, and computes nothing itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qyp_geo import analyses, layers, maps
from qyp_geo.build import link, repair, replaced_whole
from qyp_geo.errors import DataError
from qyp_geo.frames import Result
from qyp_geo.locking import locked
from qyp_geo.project import Project, find_project, open_project
from qyp_geo.record import Run, run_json
from qyp_geo.tables import write_table
from qyp_geo.tiles import Cache

Progress = Callable[[str], None]


def run(folder: Path, *, command: str, progress: Progress, scheduler: str | None = None) -> Run:
    """Run a district folder and replace its `build/`.

    Parameters
    ----------
    folder
        The district folder.
    command
        The command as typed, for `run.json`.
    progress
        Is told the title of each step as it begins.
    scheduler
        Who does the work that is done by tiles, as `qyp_geo.tiles.open_workers` takes it; all else is done in this process.

    Raises
    ------
    DeclarationError, DataError
        With every problem of the declarations, or of the layers' rows; `build/` stays as it was.
    QypGeoError
        If another command works in the folder, or it cannot be written to.
    """
    find_project(folder)
    with locked(folder, command):
        repair(folder)
        return _run(open_project(folder), command, progress, scheduler)


def _run(project: Project, command: str, progress: Progress, scheduler: str | None) -> Run:
    folder = project.folder
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
            tiled, told = layers.open_tiled(project.layers, read, folder=folder, district=project.district)
            problems += told + layers.check_layers(read, project.district)
            if any(problem.severity == "error" for problem in problems):
                raise DataError(f"The data of {folder} cannot be used", problems)
            for reference, layer in read.items():
                write_table(layer.frame, build / reference, as_csv=False)

        results: dict[str, Result] = {}
        by_tile = analyses.ByTile(tiled, Cache(folder / ".cache" / "tiles"), scheduler, progress)
        given = analyses.Inputs(project.district, read, results, folder / "analyses" / "standards", by_tile)
        for reference, record in project.analyses.items():
            with step(reference, record.title):
                results[reference] = result = analyses.run(record, given)
                problems += result.problems
                write_table(result.table, build / reference)
                for part, table in result.parts.items():
                    write_table(table, build / f"{reference}_{part}", as_csv=part not in maps.WAYS_PARTS)
                for name, file in result.files.items():
                    link(file, build / reference / name)
        by_tile.cache.tidy()

        for reference, page in project.maps.items():
            with step(reference, page.title):
                html = maps.build_page(page, district=project.district, layers=read, results=results)
                target = build / f"{reference}.html"
                target.parent.mkdir(exist_ok=True)
                target.write_text(html, encoding="utf-8", newline="\n")

        outputs = sorted(path.relative_to(build) for path in build.rglob("*") if path.is_file())
        finished = Run(project, read, results, tuple(problems), tuple(outputs), seconds)
        (build / "run.json").write_text(run_json(finished, command, written_to=build), encoding="utf-8", newline="\n")
    return finished
