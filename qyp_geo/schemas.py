"""JSON schemas of the declarations, by which an editor completes and checks them while they are written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qyp_geo import __version__
from qyp_geo.analyses import KINDS
from qyp_geo.build import require_own
from qyp_geo.declarations import DATUMS, District, Layer, Map, Record
from qyp_geo.errors import QypGeoError
from qyp_geo.layers import known_kinds

FOLDER: Final = ".schemas"
_FINDER: Final = ".taplo.toml"
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"


def write_schemas(folder: Path, *, others: Mapping[str, type[Record]] | None = None) -> list[Path]:
    """Write the schemas into `.schemas/` of a district folder, and `.taplo.toml`, by which editors find them.

    Parameters
    ----------
    folder
        The district folder.
    others
        Further declarations that it may have, by the name of the file.

    Returns
    -------
    list of Path
        The files written, relative to the folder. A `.taplo.toml` that is there already is the user's, and stays.

    Raises
    ------
    QypGeoError
        If the folder cannot be written to.
    """
    others = others or {}
    declared = {Path(name).stem: schema_of(record, name) for name, record in others.items()}
    files = {f"{FOLDER}/{name}.json": _text(content) for name, content in {**schemas(), **declared}.items()}
    if not (folder / _FINDER).exists():
        files[_FINDER] = _finder(others)
    require_own(folder / FOLDER)
    try:
        (folder / FOLDER).mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise QypGeoError(
            f"{folder} cannot be written to: {error.strerror}. Give the folder write permission."
        ) from error
    return [Path(name) for name in files]


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each declaration, by its name: ``district``, ``layer``, ``map``, ``analysis``.

    What a key means is told by the words that describe it in the program; a file that is sound to the schema may still be
    wrong: whether what it names exists is for `qyp check` to say.
    """
    layer = schema_of(Layer, "layers/NAME.toml")
    layer["properties"]["kind"]["enum"] = sorted(known_kinds())
    layer["$defs"]["Source"]["properties"]["datum"]["examples"] = [*DATUMS, "EPSG:4548"]
    return {
        "district": schema_of(District, "layers/district.toml"),
        "layer": layer,
        "map": schema_of(Map, "maps/NAME.toml"),
        "analysis": _analysis(),
    }


def schema_of(record: type[Record], title: str) -> dict[str, Any]:
    """Return the schema of one record."""
    schema = record.model_json_schema()
    return {"$schema": _DRAFT, **schema, "title": title}


def _analysis() -> dict[str, Any]:
    """Return the schema of every kind of question: which keys there are, its `kind` says."""
    definitions: dict[str, Any] = {}
    for kind, one in KINDS.items():
        schema = one.record.model_json_schema()
        definitions |= schema.pop("$defs", {})
        definitions[kind] = schema
    return {
        "$schema": _DRAFT,
        "title": "analyses/NAME.toml",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(KINDS)}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{kind}"},
            }
            for kind in KINDS
        ],
        "$defs": definitions,
    }


def _finder(others: Mapping[str, object]) -> str:
    """Return the text of `.taplo.toml`: which files are checked by which schema."""
    rules = [
        ("district", ["layers/district.toml"], []),
        ("layer", ["layers/*.toml"], ["layers/district.toml"]),
        ("analysis", ["analyses/*.toml"], []),
        ("map", ["maps/*.toml"], []),
        *((Path(name).stem, [name], []) for name in others),
    ]
    lines = [f"# qyp {__version__}"]
    for name, include, exclude in rules:
        lines += ["", "[[rule]]", f"include = {json.dumps(include)}"]
        lines += [f"exclude = {json.dumps(exclude)}"] if exclude else []
        lines += [f'schema = {{ path = "{FOLDER}/{name}.json", enabled = true }}']
    return "\n".join(lines) + "\n"


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
