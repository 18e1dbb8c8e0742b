"""The commands: each loads only what it needs."""
# ruff: noqa: PLC0415  (so that "qyp --help" need not read what draws maps)

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qyp_geo import __version__
from qyp_geo.cli.exits import EPILOG, UNUSABLE
from qyp_geo.cli.helping import Command, Group
from qyp_geo.cli.steps import shown_steps, titles_of_run
from qyp_geo.cli.talking import Talk
from qyp_geo.errors import DataError, Problem, QypGeoError
from qyp_geo.translation import translated

if TYPE_CHECKING:
    from qyp_geo.record import Run

app = typer.Typer(
    name="qyp",
    cls=Group,
    help="Facility coverage in the fifteen-minute living circle (15分钟生活圈).",
    epilog=EPILOG,
    add_completion=True,
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


def _print_version(context: typer.Context, asked: bool) -> None:
    if asked:
        talk: Talk = context.obj
        talk.answer["version"] = __version__
        if not talk.as_json:
            typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    show_version: Annotated[  # noqa: ARG001  (its callback does the work)
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj.command = context.invoked_subcommand or ""


@app.command(cls=Command)
def new(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
    osm: Annotated[Path | None, typer.Option(help="An OpenStreetMap extract: .osm, .osm.bz2 or .osm.pbf.")] = None,
    place: Annotated[
        str | None, typer.Option(help="The administrative area of the extract that is the district.")
    ] = None,
) -> None:
    """Start a district folder: a copy of the sample district, or one made from an OpenStreetMap extract."""
    from qyp_geo import starting
    from qyp_geo.schemas import write_schemas

    talk: Talk = context.obj
    if osm is None:
        if place is not None:
            raise QypGeoError("--place names an area of an extract: give the extract with --osm FILE")
        notes = starting.new_district(folder)
    else:
        with shown_steps(talk, None, ()) as progress:
            progress(osm.name)
            notes = starting.new_from_osm(folder, osm, place)
    write_schemas(folder, others=_other_records())
    talk.answer |= {"folder": folder, "notes": notes}
    for note in notes:
        talk.say(note, indent="  ")
    talk.say(f"{folder} is ready. Next: qyp check {folder}, then qyp run {folder}")


@app.command(cls=Command)
def fetch(
    context: typer.Context,
    folder: Folder = Path(),
    place: Annotated[
        str | None, typer.Option(help="For a new folder: the name of its administrative area, or its relation, r123.")
    ] = None,
    boundary: Annotated[
        Path | None, typer.Option(help="For a new folder: a file with its outline, such as GeoJSON.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only answers that were kept.")] = False,
    amap: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,…",
            help="Fetch facilities of these kinds from AMap's place search instead (with the key in QYP_AMAP_KEY).",
        ),
    ] = None,
    district: Annotated[
        str | None,
        typer.Option(
            metavar="ADCODE,…", help="With --amap: the code of the district, such as 360104; several with commas."
        ),
    ] = None,
) -> None:
    """Bring what OpenStreetMap (or AMap) knows of a district into its folder; without a folder, into a new one."""
    from qyp_geo.fetching import fetch as fetch_osm
    from qyp_geo.project import DISTRICT_FILE
    from qyp_geo.schemas import write_schemas

    talk: Talk = context.obj
    if amap is not None:
        if district is None:
            raise QypGeoError(
                "--amap fetches facilities of AMap's: give the code of the district as well, such as --district 360104"
            )
        if place is not None or boundary is not None:
            raise QypGeoError("--place and --boundary are for OpenStreetMap, and have no meaning with --amap")
        _fetch_amap(talk, folder, amap.split(","), district.split(","), offline=offline)
        return
    if district is not None:
        raise QypGeoError("--district is the code of a district of AMap's: give the kinds as well, with --amap KIND,…")
    is_new = not (folder / DISTRICT_FILE).is_file()
    with shown_steps(talk, None, ()) as progress:
        fetched = fetch_osm(folder, place=place, boundary=boundary, offline=offline, progress=progress)
    if is_new:
        write_schemas(folder, others=_other_records())
    _tell_fetched(talk, folder, [fetched.file], fetched.told, parts=fetched.parts, requests=fetched.asked)


def _fetch_amap(talk: Talk, folder: Path, kinds: list[str], districts: list[str], *, offline: bool) -> None:
    from qyp_geo.fetching import read_settings
    from qyp_geo.layers.online.amap_service import fetch_amap

    with shown_steps(talk, None, ()) as progress:
        fetched = fetch_amap(
            folder, kinds, districts=districts, settings=read_settings(folder), offline=offline, progress=progress
        )
    _tell_fetched(talk, folder, fetched.files, fetched.told)


def _tell_fetched(talk: Talk, folder: Path, files: Sequence[str], told: Sequence[str], **more: int) -> None:
    talk.answer |= {"folder": folder, "files": [*files], "notes": [*told], **more}
    for line in told:
        talk.say(line)
    talk.say(f"Next: qyp check {folder}")


@app.command(cls=Command)
def check(context: typer.Context, folder: Folder = Path()) -> None:
    """Read everything, compute nothing, and tell all that is wrong at once."""
    from qyp_geo import layers, summary
    from qyp_geo.project import survey

    talk: Talk = context.obj
    with shown_steps(talk, folder, ("declarations", "layers")) as progress:
        progress("declarations")
        project, problems = survey(folder)
        if project is not None:
            progress("layers")
            read, found = layers.read_layers(project.layers, folder=folder, district=project.district)
            tiled, told = layers.open_tiled(project.layers, read, folder=folder, district=project.district)
            problems += found + told + layers.check_layers(read, project.district)
    if any(problem.severity == "error" for problem in problems):
        raise DataError(f"{folder} cannot be run yet", problems)
    n_layers = len(read) + len(tiled)
    talk.problems = problems
    talk.answer |= {"folder": folder, "layers": n_layers}
    summary.print_problems(talk.screen, problems, talk.language)
    talk.say(f"{folder}: {n_layers} layers read, no errors, {len(problems)} warning(s)")


@app.command(cls=Command)
def run(context: typer.Context, folder: Folder = Path(), scheduler: Scheduler = None) -> None:
    """Compute coverage, gaps and maps, and write them to build/."""
    from qyp_geo import summary
    from qyp_geo.analyses import KINDS
    from qyp_geo.network import compiling_told
    from qyp_geo.run import run as run_folder

    talk: Talk = context.obj
    with shown_steps(talk, folder, titles_of_run(folder)) as progress, compiling_told(progress):
        finished = run_folder(folder, command=_command(), progress=progress, scheduler=scheduler)
    talk.problems = [*finished.warnings]
    talk.answer |= {"folder": folder, **_told_of(finished)}
    summary.print_run(talk.screen, finished, folder, talk.language)
    if scheduler is not None and not any(KINDS[one.kind].by_tile for one in finished.project.analyses.values()):
        talk.say(
            f"  {scheduler} was not asked: nothing in {folder} is answered by tiles (analyses of kind region are). "
            f"To run whole folders there: qyp batch {folder} --scheduler {scheduler}"
        )


def _told_of(finished: Run) -> dict[str, Any]:
    return {
        "build": finished.project.folder / "build",
        "files": [path.as_posix() for path in finished.outputs],
        "results": {reference: result.record.title for reference, result in finished.results.items()},
        "notes": finished.notes,
        "seconds": finished.seconds,
    }


@app.command(cls=Command)
def batch(
    context: typer.Context,
    folders: Annotated[list[Path], typer.Argument(help="The district folders.")],
    scheduler: Scheduler = None,
) -> None:
    """Run many district folders, each as "qyp run" does; one that fails does not keep the others from running."""
    from dataclasses import asdict

    from qyp_geo import summary
    from qyp_geo.batch import run_batch

    talk: Talk = context.obj
    with shown_steps(talk, None, ()) as progress:
        outcomes = run_batch(folders, command=_command(), scheduler=scheduler, progress=progress)
    talk.answer |= {"folders": [asdict(outcome) for outcome in outcomes]}
    summary.print_batch(talk.screen, outcomes, talk.language)
    failed = [outcome for outcome in outcomes if outcome.message]
    for outcome in failed:
        talk.problems.append(Problem(str(outcome.folder), "", outcome.message))
        if talk.quiet:
            talk.complain(translated(f"{outcome.folder}: {outcome.message}", talk.language))
    if failed:
        raise typer.Exit(UNUSABLE)


@app.command(cls=Command)
def report(context: typer.Context, folder: Folder = Path()) -> None:
    """Write the papers of the last run (workbook, report, maps, GeoPackage) to build/report/."""
    from qyp_geo import summary
    from qyp_geo.papers import renew_papers

    talk: Talk = context.obj
    with shown_steps(talk, folder, ("papers",)) as progress:
        progress("papers")
        written = renew_papers(folder)
    talk.answer |= {"folder": folder, "report": written, "files": _files_in(written)}
    summary.print_files(talk.screen, written, talk.language)


@app.command(cls=Command)
def publish(
    context: typer.Context,
    folder: Folder = Path(),
    draft: Annotated[
        bool,
        typer.Option(
            "--draft", help="Write draft/ instead, which needs no review number: watermarked, for the office."
        ),
    ] = False,
) -> None:
    """Write what the last run made for residents to public/, ready for any static host."""
    from qyp_geo import summary
    from qyp_geo.publishing import publish as publish_folder

    talk: Talk = context.obj
    with shown_steps(talk, folder, ("pages, tables and downloads",)) as progress:
        progress("pages, tables and downloads")
        published = publish_folder(folder, draft=draft)
    files = [path.as_posix() for path in published.files]
    talk.answer |= {"folder": folder, "published": published.folder, "files": files, "left_out": published.left_out}
    summary.print_files(talk.screen, published.folder, talk.language)
    for page, reason in published.left_out.items():
        talk.say(f"  left out: {page}: {reason}")
    talk.say(f"Next: qyp serve {folder}")


@app.command(cls=Command)
def serve(
    context: typer.Context,
    folder: Folder = Path(),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
) -> None:
    """Show what was published (public/, or else draft/) in a browser of this computer, until Ctrl+C."""
    from qyp_geo import serving

    talk: Talk = context.obj
    published = serving.published_folder(folder)
    with serving.open_server(published, port=port) as server:
        talk.answer |= {"folder": published, "address": serving.address(server)}
        talk.say(f"{published} is at {serving.address(server)} (Ctrl+C ends)")
        with suppress(KeyboardInterrupt):
            server.serve_forever()


@app.command(cls=Command)
def explain(
    context: typer.Context,
    figure: Annotated[
        str,
        typer.Argument(
            help='Words of its row and column as a page or a table has them, and its value where that helps ("公厕 京山街道 '
            '覆盖率", "公园 38.7%"); or its address (analyses/coverage:2:people_share).'
        ),
    ],
    folder: Folder = Path(),
) -> None:
    """Tell where a figure of the last run comes from: formula, clause, row, assumptions, and the files beneath it."""
    from dataclasses import asdict

    from qyp_geo.built import open_build
    from qyp_geo.cli.explained import print_explanation, print_figures
    from qyp_geo.explaining import explain as explain_figure
    from qyp_geo.explaining import find_figures

    talk: Talk = context.obj
    with shown_steps(talk, folder, ("results", "figures")) as progress:
        progress("results")
        finished = open_build(folder)
        progress("figures")
        found = find_figures(finished, figure)
    explanation = explain_figure(finished, found[0]) if len(found) == 1 else None
    talk.answer |= {
        "folder": folder,
        "figures": [{"address": one.address, **asdict(one)} for one in found],
        "explanation": asdict(explanation) if explanation else None,
    }
    if explanation is not None:
        print_explanation(talk, explanation, folder)
    else:
        print_figures(talk, found)


@app.command(cls=Command)
def schema(context: typer.Context, folder: Folder = Path()) -> None:
    """Write JSON schemas of the declarations to .schemas/, by which editors complete and check them."""
    from qyp_geo.project import find_project
    from qyp_geo.schemas import write_schemas

    talk: Talk = context.obj
    files = write_schemas(find_project(folder), others=_other_records())
    talk.answer |= {"folder": folder, "files": [path.as_posix() for path in files]}
    talk.say(f"{len(files)} files in {folder / '.schemas'}")
    talk.say("An editor that knows TOML schemas (such as VS Code with Even Better TOML) finds them by .taplo.toml")


def _other_records() -> dict[str, Any]:
    """Return the declarations that a folder may have beside layers, analyses and maps."""
    from qyp_geo.fetching import SETTINGS_FILE, Fetching

    return {SETTINGS_FILE: Fetching}


def _command() -> str:
    """Return the command as typed."""
    return " ".join(["qyp", *sys.argv[1:]])


def _files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
