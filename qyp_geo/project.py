"""Open one district folder: read its declarations, cross-check them, and put them in an order that can be run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from qyp_geo import analyses, layers, local_datum, maps
from qyp_geo.declarations import LOCAL_DATUM, Analysis, District, Layer, Map, Record, left_there, references
from qyp_geo.errors import DeclarationError, MissingError, Problem, did_you_mean
from qyp_geo.records import make_record, read_toml
from qyp_geo.standards import nearest_kind

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
    files = [folder / DISTRICT_FILE, *_declaration_files(folder)]
    declared = {_reference(folder, path) for path in files[1:]}
    records: dict[str, Record] = {}
    refers: dict[str, list[tuple[str, str]]] = {}
    problems: list[Problem] = []
    for path in files:
        owner, shown_as = _reference(folder, path), path.relative_to(folder).as_posix()
        content, found = read_toml(path, shown_as)
        problems += found
        if content is None:
            continue
        cls, found = _record_of(path, content, shown_as)
        problems += found
        if cls is None:
            continue
        record, found = make_record(cls, content, shown_as)
        problems += found
        refers[owner] = list(references(cls, content))
        found = list(_check_layer(record, folder, shown_as)) if isinstance(record, Layer) else []
        problems += found
        if record is not None and not found:
            records[owner] = record

    problems += _check_links(folder)
    problems += _check_references(refers, declared)
    order, cycle = _order(refers)
    problems += cycle
    district = records.pop(_reference(folder, files[0]), None)
    layer_records = {owner: record for owner, record in records.items() if isinstance(record, Layer)}
    standards = folder / "analyses" / "standards"
    problems += _check_by_tile(refers, records, layer_records)
    for owner, record in records.items():
        if isinstance(record, Analysis):
            problems += analyses.check(record, shown_as=f"{owner}.toml", layers=layer_records, standards=standards)
    if not isinstance(district, District):
        return None, problems
    if district.scenario is not None:
        problems += analyses.check_scenario(district.scenario, shown_as=DISTRICT_FILE, layers=layer_records)
    in_order = {owner: record for owner in order if isinstance(record := records.get(owner), Analysis)}
    pages = {owner: record for owner, record in records.items() if isinstance(record, Map)}
    for owner, page in pages.items():
        problems += maps.basemap_problems(page, f"{owner}.toml")
        problems += maps.refusals(
            page, shown_as=f"{owner}.toml", district=district, layers=layer_records, analyses=in_order
        )
    return Project(folder, district, layer_records, in_order, pages), problems


def _declaration_files(folder: Path) -> list[Path]:
    return [
        path
        for name in ("layers", "analyses", "maps")
        for path in sorted((folder / name).glob("*.toml"))
        if path != folder / DISTRICT_FILE and not left_there(path)
    ]


def _reference(folder: Path, path: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _record_of(path: Path, content: Mapping[str, Any], shown_as: str) -> tuple[type[Record] | None, list[Problem]]:
    """Return the record that a file declares: by its folder and, of an analysis, by its kind."""
    if path.parent.name == "maps":
        return Map, []
    if path.parent.name == "layers":
        return District if path.name == Path(DISTRICT_FILE).name else Layer, []
    kind = str(content.get("kind", ""))
    if kind in analyses.KINDS:
        return analyses.KINDS[kind].record, []
    if not kind:
        return None, [Problem(shown_as, "kind", "is missing", remedy=f"Allowed: {', '.join(analyses.KINDS)}")]
    return None, [Problem(shown_as, "kind", "is not a kind of question", kind, did_you_mean(kind, analyses.KINDS))]


def _check_links(folder: Path) -> Iterator[Problem]:
    """Tell of links that lead out of the folder: what lies elsewhere is neither read nor hashed nor published."""
    home = folder.resolve()
    for name in ("layers", "analyses", "maps"):
        for path in sorted([folder / name, *(folder / name).rglob("*")]):
            if not _lies_in(path, home):
                shown_as = path.relative_to(folder).as_posix()
                yield Problem(
                    shown_as, "", "is a link that leads out of the district folder", "", "Copy the file itself there"
                )


def _lies_in(path: Path, home: Path) -> bool:
    try:
        return path.resolve().is_relative_to(home)
    except (OSError, RuntimeError):  # links in a circle
        return False


def _check_layer(layer: Layer, folder: Path, shown_as: str) -> Iterator[Problem]:
    """Check what a layer's record alone cannot know: its kind and its source file."""
    if layer.kind not in layers.known_kinds():
        yield Problem(
            shown_as, "kind", "is not a known kind of layer", layer.kind, nearest_kind(layer.kind, layers.known_kinds())
        )
    if layer.source.table:
        return
    source = folder / "layers" / layer.source.path
    if not _lies_in(source, folder.resolve()):
        yield Problem(
            shown_as,
            "source.path",
            "leads out of the district folder",
            layer.source.path,
            "Copy the file into layers/data/",
        )
    elif not layers.is_there(source, layer.source):
        near = [
            path.relative_to(folder / "layers").as_posix()
            for path in sorted(source.parent.glob("*"))
            if layers.is_there(path)
        ]
        yield Problem(
            shown_as,
            "source.path",
            "the file does not exist",
            layer.source.path,
            did_you_mean(layer.source.path, near) if near else f"Put it into {source.parent}",
        )
    if layer.source.datum == LOCAL_DATUM and local_datum.lies_in(folder):
        yield Problem(
            shown_as,
            "source.datum",
            "rests on parameters that lie in the district folder, whose files are hashed and handed on",
            layer.source.datum,
            "Move the file that QYP_LOCAL_DATUM names out of the folder",
        )


def _check_references(refers: Mapping[str, list[tuple[str, str]]], declared: set[str]) -> Iterator[Problem]:
    for owner, keys in refers.items():
        for key, reference in keys:
            if reference not in declared:
                same_folder = [name for name in declared if name.split("/")[0] == reference.split("/")[0]]
                remedy = did_you_mean(reference, same_folder)
                yield Problem(f"{owner}.toml", key, "names a file that does not exist", reference, remedy)


def _check_by_tile(
    refers: Mapping[str, list[tuple[str, str]]], records: Mapping[str, Record], layer_records: Mapping[str, Layer]
) -> Iterator[Problem]:
    """Tell of references to what is never whole: layers that are read by tile, and what is answered by tiles."""
    kinds = [kind for kind, one in analyses.KINDS.items() if one.by_tile]
    by_tile = {owner for owner, record in records.items() if isinstance(record, Analysis) and record.kind in kinds}
    for owner, keys in refers.items():
        for key, reference in keys:
            if reference in layer_records and layer_records[reference].by_tile and owner not in by_tile:
                remedy = (
                    f"Only analyses of kind {', '.join(kinds)} refer to it; remove by_tile there to have it read whole"
                )
                yield Problem(f"{owner}.toml", key, "names a layer that is read by tile", reference, remedy)
            elif reference in by_tile:
                what = "names an analysis that is answered by tiles, which is never whole"
                yield Problem(f"{owner}.toml", key, what, reference, "Read its table in build/analyses/ instead")


def _order(refers: Mapping[str, list[tuple[str, str]]]) -> tuple[list[str], list[Problem]]:
    """Order the declarations so that each comes after what it refers to."""
    graph = {owner: [reference for _, reference in keys] for owner, keys in refers.items()}
    try:
        return list(TopologicalSorter(graph).static_order()), []
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        file = f"{error.args[1][-1]}.toml"
        return list(graph), [
            Problem(file, "", "refers to itself in a circle", circle, "Remove one of these references")
        ]
