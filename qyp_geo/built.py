"""What a run wrote into `build/`, opened again: papers and publishing rest on it without computing anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from pyarrow import parquet

from qyp_geo import __version__
from qyp_geo.analyses import KINDS
from qyp_geo.build import sha256
from qyp_geo.errors import MissingError, Problem, QypGeoError
from qyp_geo.frames import LayerData, Result
from qyp_geo.project import Project, find_project, open_project
from qyp_geo.record import Run, input_hashes

_READ_BACK = (".parquet", ".html")
"""What is read out of `build/`; a spreadsheet of it may be written into."""
_NAMED = 5


def open_build(folder: Path) -> Run:
    """Open the results of the last run of a district folder.

    Parameters
    ----------
    folder
        The district folder.

    Returns
    -------
    Run
        As the run held it, but that warnings are told of the run as a whole, not of single layers and analyses again.

    Raises
    ------
    MissingError
        If the folder is none, or was not run.
    QypGeoError
        If an input was changed, added or removed since, a result is not as it was written, or another version ran it: what
        rests on such results would say that it rests on what lies there now.
    DeclarationError
        With every problem of the declarations.
    """
    find_project(folder)
    build = folder / "build"
    said = _run_json(folder)
    _require_fresh(folder, said)
    project = open_project(folder)
    return Run(
        project,
        {reference: _layer(build, reference, project, said) for reference in _whole_layers(project)},
        {reference: _result(build, reference, said) for reference in said["results"]},
        tuple(Problem(**problem) for problem in said["warnings"]),
        tuple(Path(path) for path in said["outputs"]),
        said["seconds"],
    )


def _run_json(folder: Path) -> dict[str, Any]:
    path = folder / "build" / "run.json"
    if not path.is_file():
        raise MissingError(f'{folder} has no results yet: run "qyp run {folder}" first')
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if said["version"] != __version__:
        raise QypGeoError(
            f"{path} was written by version {said['version']}; this is {__version__}. "
            f'Run "qyp run {folder}" again, so that the results and what rests on them are of one version.'
        )
    return said


def _require_fresh(folder: Path, said: Mapping[str, Any]) -> None:
    """Raise unless every input and every result that is read is as it was when the run ended."""
    build = folder / "build"
    written = {name: digest for name, digest in said["outputs"].items() if name.endswith(_READ_BACK)}
    lies_there = {name: sha256(build / name) for name in written if (build / name).is_file()}
    differences = [
        *_differences(said["inputs"], input_hashes(folder)),
        *(f"build/{difference}" for difference in _differences(written, lies_there)),
    ]
    if differences:
        more = f" and {len(differences) - _NAMED} more" if len(differences) > _NAMED else ""
        raise QypGeoError(
            f"The results in {build} are not of what lies in {folder} now: {'; '.join(differences[:_NAMED])}{more}. "
            f'Run "qyp run {folder}" again.'
        )


def _differences(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(then.keys() | now.keys()):
        if name not in then:
            yield f"{name} was added"
        elif name not in now:
            yield f"{name} was removed"
        elif then[name] != now[name]:
            yield f"{name} was changed"


def _whole_layers(project: Project) -> list[str]:
    return [reference for reference, record in project.layers.items() if not record.by_tile]


def _layer(build: Path, reference: str, project: Project, said: Mapping[str, Any]) -> LayerData:
    frame = gpd.read_parquet(build / f"{reference}.parquet")
    notes = tuple(said["notes"].get(reference, ()))
    return LayerData(project.layers[reference], frame, notes=notes, digest=said["tables"].get(reference, ""))


def _result(build: Path, reference: str, said: Mapping[str, Any]) -> Result:
    has = said["results"][reference]
    return Result(
        KINDS[has["record"]["kind"]].record.model_validate_json(json.dumps(has["record"])),
        _table(build / f"{reference}.parquet"),
        {part: _table(build / f"{reference}_{part}.parquet") for part in has["parts"]},
        tuple(said["notes"].get(reference, ())),
        files={name: build / reference / name for name in has["files"]},
    )


def _table(path: Path) -> pd.DataFrame | gpd.GeoDataFrame:
    places = b"geo" in (parquet.read_schema(path).metadata or {})
    return gpd.read_parquet(path) if places else pd.read_parquet(path)
