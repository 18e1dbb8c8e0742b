"""The command `qyp`: what a planner types, and what is printed back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from qyp_geo import __version__, summary
from qyp_geo.build import repair, replaced_whole
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
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="A Dask scheduler, such as tcp://10.0.0.1:8786, whose workers see the same folders. By default this machine's "
        'processors share the work, where dask is installed; "here" keeps it in this process.'
    ),
]


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
            tiled, told = layers.open_tiled(project.layers, read, folder=folder, district=project.district)
            problems += found + told + layers.check_layers(read, project.district)
    if any(problem.severity == "error" for problem in problems):
        raise DataError(f"{folder} cannot be run yet", problems)
    summary.print_problems(console, problems)
    console.print(
        f"{folder}: {len(read) + len(tiled)} layers read, no errors, {len(problems)} warning(s)",
        markup=False,
        soft_wrap=True,
    )


@app.command()
def run(folder: Folder = Path(), scheduler: Scheduler = None) -> None:
    """Compute coverage, gaps and maps, and write them to build/."""
    from qyp_geo.analyses import KINDS  # noqa: PLC0415
    from qyp_geo.network import compiling_told  # noqa: PLC0415
    from qyp_geo.run import run as run_folder  # noqa: PLC0415

    console = _screen()
    repair(folder)
    with _progress(console) as progress, compiling_told(progress):
        finished = run_folder(folder, command=_command(), progress=progress, scheduler=scheduler)
    summary.print_run(console, finished, folder)
    if scheduler is not None and not any(KINDS[one.kind].by_tile for one in finished.project.analyses.values()):
        console.print(
            f"  {scheduler} was not asked: nothing in {folder} is answered by tiles (analyses of kind region are). "
            f"To run whole folders there: qyp batch {folder} --scheduler {scheduler}",
            markup=False,
            soft_wrap=True,
        )


@app.command()
def batch(
    folders: Annotated[list[Path], typer.Argument(help="The district folders.")], scheduler: Scheduler = None
) -> None:
    """Run many district folders, each as "qyp run" does; one that fails does not keep the others from running."""
    from qyp_geo.batch import run_batch  # noqa: PLC0415

    console = _screen()
    with _progress(console) as progress:
        outcomes = run_batch(folders, command=_command(), scheduler=scheduler, progress=progress)
    summary.print_batch(console, outcomes)
    if any(outcome.message for outcome in outcomes):
        raise typer.Exit(1)


@app.command()
def report(folder: Folder = Path()) -> None:
    """Write the papers of the last run (workbook, report, maps, GeoPackage) to build/report/."""
    from qyp_geo.built import open_build  # noqa: PLC0415
    from qyp_geo.papers import write_papers  # noqa: PLC0415

    console = _screen()
    repair(folder)
    with _progress(console) as progress:
        progress("results")
        finished = open_build(folder)
        progress("papers")
        with replaced_whole(folder / "build", "report") as target:
            write_papers(finished, target)
    summary.print_files(console, folder / "build" / "report")


@app.command()
def publish(
    folder: Folder = Path(),
    draft: Annotated[
        bool,
        typer.Option(
            "--draft", help="Write draft/ instead, which needs no review number: watermarked, for the office."
        ),
    ] = False,
) -> None:
    """Write what the last run made for residents to public/, ready for any static host."""
    from qyp_geo.publishing import publish as publish_folder  # noqa: PLC0415

    console = _screen()
    repair(folder)
    with _progress(console) as progress:
        progress("pages, tables and downloads")
        published = publish_folder(folder, draft=draft)
    summary.print_files(console, published.folder)
    for page, reason in published.left_out.items():
        console.print(f"  left out: {page}: {reason}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"Next: qyp serve {folder}", markup=False, soft_wrap=True)


@app.command()
def serve(
    folder: Folder = Path(),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
) -> None:
    """Show what was published (public/, or else draft/) in a browser of this computer, until Ctrl+C."""
    from qyp_geo import serving  # noqa: PLC0415

    published = serving.published_folder(folder)
    with serving.open_server(published, port=port) as server:
        _screen().print(f"{published} is at {serving.address(server)} (Ctrl+C ends)", markup=False, soft_wrap=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def _command() -> str:
    return " ".join(["qyp", *sys.argv[1:]])


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
