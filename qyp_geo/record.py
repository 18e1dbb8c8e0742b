"""What a run found, and `run.json`, which says what its results rest on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from qyp_geo import __version__
from qyp_geo.build import sha256
from qyp_geo.declarations import Layer, left_there
from qyp_geo.errors import Problem
from qyp_geo.frames import LayerData, Result
from qyp_geo.project import Project
from qyp_geo.secrets import masked

_OF_SEVERAL_FILES: Final = (".shp", ".tab", ".mif")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its declarations, its layers and results by reference, and what it took.

    Attributes
    ----------
    warnings
        Of the layers and the analyses, in the order in which they were found.
    outputs
        Files written, relative to `build/`, without `run.json` itself.
    seconds
        Duration of each step, by name.
    """

    project: Project
    layers: Mapping[str, LayerData]
    results: Mapping[str, Result]
    warnings: tuple[Problem, ...]
    outputs: tuple[Path, ...]
    seconds: Mapping[str, float]

    @property
    def notes(self) -> dict[str, tuple[str, ...]]:
        """The assumptions that figures rest on, by the layer or analysis that makes them."""
        said = {reference: layer.notes for reference, layer in self.layers.items()}
        said |= {reference: result.notes for reference, result in self.results.items()}
        return {reference: notes for reference, notes in said.items() if notes}


def run_json(run: Run, command: str, *, written_to: Path) -> str:
    """Return the text of `run.json`, which says all that `qyp_geo.built` needs to open the results again.

    Parameters
    ----------
    run
        What was found.
    command
        The command as typed.
    written_to
        The folder that the outputs lie in by now.

    Returns
    -------
    str
        JSON: the command, every file and table with its hash, every parameter, which question each result answers and what
        parts it has, what is assumed, warnings, and every output with its hash.
    """
    project = run.project
    declared = {
        "district": {"layers/district": project.district},
        "layers": project.layers,
        "analyses": project.analyses,
        "maps": project.maps,
    }
    content: dict[str, Any] = {
        "version": __version__,
        "command": masked(command),
        "crs": project.district.crs,
        "inputs": input_hashes(project.folder),
        "tables": {reference: layer.digest for reference, layer in run.layers.items() if layer.digest},
        "parameters": {
            name: {reference: record.model_dump(mode="json") for reference, record in records.items()}
            for name, records in declared.items()
        },
        "seconds": dict(run.seconds),
        "results": {
            reference: {
                "record": result.record.model_dump(mode="json", exclude_unset=True),  # as answered: with its scenario
                "parts": list(result.parts),
                "files": list(result.files),
            }
            for reference, result in run.results.items()
        },
        "notes": run.notes,
        "warnings": [asdict(problem) for problem in run.warnings],
        "outputs": {path.as_posix(): sha256(written_to / path) for path in run.outputs},
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def input_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of the three declared folders: declarations, data, local standards."""
    found = (path for name in ("layers", "analyses", "maps") for path in (folder / name).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(found) if not left_there(path)}


def files_of(reference: str, layer: Layer, names: Iterable[str]) -> set[str]:
    """Return which of these files or tables a layer is read from: its declaration and its data.

    The data of a shapefile or of MapInfo is all files of that name; that of a folder is what lies in it.
    """
    data = PurePosixPath(layer.source.shown.replace("\\", "/"))
    many = data.suffix.lower() in _OF_SEVERAL_FILES
    own = {f"{reference}.toml"}
    for name in names:
        path = PurePosixPath(name)
        if path == data or data in path.parents or (many and path.with_suffix("") == data.with_suffix("")):
            own.add(name)
    return own
