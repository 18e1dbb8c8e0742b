"""What each published file rests on, and the sums by which a reader checks that it is as it was published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from qyp_geo import __version__, maps
from qyp_geo.build import sha256
from qyp_geo.declarations import Record, references
from qyp_geo.record import Run, files_of, input_hashes

RELEASES = {False: "public", True: "draft"}


def beneath(run: Run, refs: Iterable[str]) -> list[str]:
    """Return all declarations that these rest on, at whatever remove, themselves included, in the order of their names.

    Of what stands beneath a residents' page those alone of which it shows something: it does not name the plots that the
    analysis of its zones counts.
    """
    return sorted({found for ref in refs for found in _beneath(run, ref)})


def _beneath(run: Run, ref: str) -> set[str]:
    declared: dict[str, Record] = {**run.project.layers, **run.project.maps}
    declared |= {reference: result.record for reference, result in run.results.items()}
    of_residents = ref in run.project.maps and run.project.maps[ref].audience == "residents"
    found: set[str] = set()
    waiting = [ref, run.project.district.boundary] if ref in run.project.maps else [ref]
    while waiting:
        one = waiting.pop()
        if one not in found and one in declared:
            found.add(one)
            record = declared[one]
            seen = maps.seen_of(record) if of_residents else references(type(record), record.model_dump())
            waiting += [reference for _, reference in seen]
    return found


def manifest_json(run: Run, folder: Path, rests_on: Mapping[str, Sequence[str]], *, draft: bool) -> str:
    """Return the text of `manifest.json`.

    Parameters
    ----------
    run
        What was published.
    folder
        Where it lies by now.
    rests_on
        The pages or layers that each file is made of.
    draft
        Whether it is a draft.

    Returns
    -------
    str
        JSON. Of each file: its sum, its size, and the declarations and clauses that it rests on. Of each declaration: title,
        sums of its files and, of layers, provenance; of a layer that is not public only that it is not.
    """
    tables = {layer.record.source.shown: layer.digest for layer in run.layers.values() if layer.digest}
    inputs = input_hashes(run.project.folder) | tables
    files = {
        path.relative_to(folder).as_posix(): {
            "sha256": sha256(path),
            "bytes": path.stat().st_size,
            **_rests_on(run, beneath(run, rests_on[path.relative_to(folder).as_posix()])),
        }
        for path in sorted(path for path in folder.rglob("*") if path.is_file())
    }
    used = sorted({ref for one in rests_on.values() for ref in beneath(run, one)})
    content = {
        "release": RELEASES[draft],
        "district": run.project.district.title,
        "note": run.project.district.note,
        "version": __version__,
        "files": files,
        "declarations": {ref: _declaration(run, ref, inputs) for ref in used},
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def sha256sums(folder: Path) -> str:
    """Return the sums of all files of a folder as `sha256sum --check` reads them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)


def _rests_on(run: Run, refs: Sequence[str]) -> dict[str, list[str]]:
    clauses: dict[str, None] = {}
    for ref in refs:
        asked = run.results[ref].parts.get("requirements") if ref in run.results else None
        if asked is not None and {"source", "clause"} <= set(asked.columns):
            said = (
                source if clause in source else f"{source} {clause}"
                for source, clause in zip(asked["source"].fillna(""), asked["clause"].fillna(""), strict=True)
            )
            clauses |= dict.fromkeys(said)
    of = {name: [ref for ref in refs if ref.startswith(f"{name}/")] for name in ("maps", "analyses", "layers")}
    return {**of, "clauses": list(clauses)}


def _declaration(run: Run, ref: str, inputs: Mapping[str, str]) -> dict[str, object]:
    layer = run.project.layers.get(ref)
    if layer is None:
        title = run.project.maps[ref].title if ref in run.project.maps else run.project.analyses[ref].title
        return {"title": title, "inputs": _sums(inputs, {f"{ref}.toml"})}
    if not maps.is_public(layer):
        return {"public": False}
    said = {"title": layer.title, "provenance": layer.provenance.model_dump(mode="json")}
    return {**said, "inputs": _sums(inputs, files_of(ref, layer, inputs))}


def _sums(inputs: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: inputs[name] for name in sorted(names) if name in inputs}
