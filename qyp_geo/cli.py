"""The command `qyp`: what a planner types, and what is printed back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from qyp_geo import __version__, summary
from qyp_geo.build import repair
from qyp_geo.errors import DataError, QypGeoError

app = typer.Typer(
    name="qyp",
    help="Facility coverage in the fifteen-minute living circle (15分钟生活圈).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Folder = Annotated[Path, typer.Argument(help="The district folder; the current one by default.")]


def main() -> None:
    """Run the command; an error that input can cause is printed as text and ends with status 1."""
    try:
        app()
    except QypGeoError as error:
        # The text goes out as it is: names from data are no markup.
        Console(stderr=True).print(f"qyp: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
    osm: Annotated[Path | None, typer.Option(help="An OpenStreetMap extract: .osm, .osm.bz2 or .osm.pbf.")] = None,
    place: Annotated[
        str | None, typer.Option(help="The administrative area of the extract that is the district.")
    ] = None,
) -> None:
    """Start a district folder: a copy of the sample district, or one made from an OpenStreetMap extract."""
    from qyp_geo import starting  # noqa: PLC0415  (each command loads only what it needs)

    if osm is None:
        if place is not None:
            raise QypGeoError("--place names an area of an extract: give the extract with --osm FILE")
        notes = starting.new_district(folder)
    else:
        notes = starting.new_from_osm(folder, osm, place)
    console = _screen()
    for note in notes:
        console.print(f"  {note}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"{folder} is ready. Next: qyp check {folder}, then qyp run {folder}", markup=False, soft_wrap=True)


@app.command()
def check(folder: Folder = Path()) -> None:
    """Read everything, compute nothing, and tell all that is wrong at once."""
    from qyp_geo import layers  # noqa: PLC0415
    from qyp_geo.project import survey  # noqa: PLC0415

    repair(folder)
    console = _screen()
    with _progress(console) as progress:
        progress("declarations")
        project, problems = survey(folder)
        if project is not None:
            progress("layers")
            read, found = layers.read_layers(project.layers, folder=folder, district=project.district)
            problems += found + layers.check_layers(read, project.district)
    if any(problem.severity == "error" for problem in problems):
        raise DataError(f"{folder} cannot be run yet", problems)
    summary.print_problems(console, problems)
    console.print(
        f"{folder}: {len(read)} layers read, no errors, {len(problems)} warning(s)", markup=False, soft_wrap=True
    )


@app.command()
def run(folder: Folder = Path()) -> None:
    """Compute coverage, gaps and maps, and write them to build/."""
    from qyp_geo.run import run as run_folder  # noqa: PLC0415

    console = _screen()
    repair(folder)
    with _progress(console) as progress:
        finished = run_folder(folder, command=" ".join(["qyp", *sys.argv[1:]]), progress=progress)
    summary.print_run(console, finished, folder)


def _screen() -> Console:
    """The terminal; where the tables go to a file or a pipe they get room."""
    return Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120)


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str], None]]:
    """Show which step is under way and since when; nothing of it stays on the screen."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")
        yield lambda title: bar.update(task, description=title)
