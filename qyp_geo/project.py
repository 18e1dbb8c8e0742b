"""Open one district folder: read its declarations, cross-check them, and put them in an order that can be run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from qyp_geo import analyses, layers
from qyp_geo.declarations import (
    Analysis,
    District,
    Layer,
    Map,
    Record,
    did_you_mean,
    make_record,
    read_record,
    read_toml,
    references,
)
from qyp_geo.errors import DeclarationError, MissingError, Problem

DISTRICT_FILE = "layers/district.toml"


@dataclass(frozen=True, slots=True)
class Project:
    """The declarations of one district folder, by reference (``layers/toilets``); analyses in the order of a run."""

    folder: Path
    district: District
    layers: Mapping[str, Layer]
    analyses: Mapping[str, Analysis]
    maps: Mapping[str, Map]


def find_project(folder: Path) -> Path:
    """Return the folder if it is a district folder.

    Raises
    ------
    MissingError
        Otherwise; it never falls back to the district carried inside.
    """
    if not (folder / DISTRICT_FILE).is_file():
        raise MissingError(
            f"{folder} is not a district folder: it has no {DISTRICT_FILE}. "
            'Start one with "qyp new NAME" (the sample district) or "qyp new NAME --osm FILE" (an OpenStreetMap extract), '
            'then "qyp run NAME".'
        )
    return folder


def open_project(folder: Path) -> Project:
    """Open a district folder.

    Raises
    ------
    MissingError
        If it is none.
    DeclarationError
        With every problem of its declarations.
    """
    project, problems = survey(folder)
    if project is None or problems:
        raise DeclarationError(f"The declarations of {folder} cannot be used", problems)
    return project


def survey(folder: Path) -> tuple[Project | None, list[Problem]]:
    """Read all that can be read of a folder, beside every problem of its declarations.

    Returns
    -------
    tuple
        The project without the records that cannot stand (None where the district itself cannot), and the problems.
    """
    find_project(folder)
    district, problems = read_record(District, folder / DISTRICT_FILE, DISTRICT_FILE)
    layer_records: dict[str, Layer] = {}
    analysis_records: dict[str, Analysis] = {}
    map_records: dict[str, Map] = {}
    declared = {_reference(folder, path) for path in _declaration_files(folder)}
    for path in _declaration_files(folder):
        reference, shown_as = _reference(folder, path), path.relative_to(folder).as_posix()
        found: list[Problem]
        if path.parent.name == "layers":
            layer, found = read_record(Layer, path, shown_as)
            if layer is not None:
                layer_records[reference] = layer
                found += _check_layer(layer, folder, shown_as)
        elif path.parent.name == "analyses":
            analysis, found = _read_analysis(path, shown_as)
            if analysis is not None:
                analysis_records[reference] = analysis
        else:
            page, found = read_record(Map, path, shown_as)
            if page is not None:
                map_records[reference] = page
        problems += found

    records: dict[str, Record] = {**layer_records, **analysis_records, **map_records}
    if district is not None:
        records["layers/district"] = district
    problems += _check_references(records, declared)
    order, cycle = _order(records)
    problems += cycle
    for reference, analysis in analysis_records.items():
        problems += analyses.check(
            analysis, shown_as=f"{reference}.toml", layers=layer_records, standards=folder / "analyses" / "standards"
        )
    if district is None:
        return None, problems
    in_order = {reference: analysis_records[reference] for reference in order if reference in analysis_records}
    return Project(folder, district, layer_records, in_order, map_records), problems


def _declaration_files(folder: Path) -> list[Path]:
    return [
        path
        for name in ("layers", "analyses", "maps")
        for path in sorted((folder / name).glob("*.toml"))
        if path != folder / DISTRICT_FILE
    ]


def _reference(folder: Path, path: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _read_analysis(path: Path, shown_as: str) -> tuple[Analysis | None, list[Problem]]:
    """Read an analysis as the record of its kind."""
    content, problems = read_toml(path, shown_as)
    if content is None:
        return None, problems
    kind = content.get("kind")
    if kind not in analyses.KINDS:
        remedy = did_you_mean(str(kind), analyses.KINDS) if kind else f"Allowed: {', '.join(analyses.KINDS)}"
        return None, [
            Problem(shown_as, "kind", "is not a kind of question" if kind else "is missing", str(kind or ""), remedy)
        ]
    return make_record(analyses.KINDS[kind].record, content, shown_as)


def _check_layer(layer: Layer, folder: Path, shown_as: str) -> Iterator[Problem]:
    """Check what a layer's record alone cannot know: its kind and its source file."""
    if layer.kind not in layers.known_kinds():
        yield Problem(
            shown_as, "kind", "is not a known kind of layer", layer.kind, did_you_mean(layer.kind, layers.known_kinds())
        )
    source = folder / "layers" / layer.source.path
    if not source.resolve().is_relative_to(folder.resolve()):
        yield Problem(
            shown_as,
            "source.path",
            "leads out of the district folder",
            layer.source.path,
            "Copy the file into layers/data/",
        )
    elif not source.is_file():
        near = [
            path.relative_to(folder / "layers").as_posix() for path in sorted(source.parent.glob("*")) if path.is_file()
        ]
        yield Problem(
            shown_as,
            "source.path",
            "the file does not exist",
            layer.source.path,
            did_you_mean(layer.source.path, near) if near else f"Put it into {source.parent}",
        )


def _check_references(records: Mapping[str, Record], declared: set[str]) -> Iterator[Problem]:
    for owner, record in records.items():
        for key, reference in references(record):
            if reference not in declared:
                same_folder = [name for name in declared if name.split("/")[0] == reference.split("/")[0]]
                yield Problem(
                    f"{owner}.toml",
                    key,
                    "names a file that does not exist",
                    reference,
                    did_you_mean(reference, same_folder),
                )


def _order(records: Mapping[str, Record]) -> tuple[list[str], list[Problem]]:
    """Order the records so that each comes after what it refers to."""
    graph = {owner: [reference for _, reference in references(record)] for owner, record in records.items()}
    try:
        return list(TopologicalSorter(graph).static_order()), []
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        problem = Problem(
            f"{circle[0]}.toml",
            "",
            "refers to itself in a circle",
            " → ".join(circle),
            "Remove one of these references",
        )
        return list(graph), [problem]
