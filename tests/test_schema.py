"""The schemas say of each declaration what the program itself says of it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from qyp_geo.analyses import KINDS
from qyp_geo.declarations import Layer
from qyp_geo.errors import QypGeoError
from qyp_geo.fetching import Fetching
from qyp_geo.schemas import schemas, write_schemas
from qyp_geo.starting import district_inside
from tests.small import small_district

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": (),
}


def mistakes(schema: Mapping[str, Any], value: Any, whole: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Where a value is not what a schema says: as much of JSON Schema as stands in ours, and a dictionary for its words."""
    if "$ref" in schema:
        yield from mistakes(whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, whole, at)
    for one in schema.get("allOf", []):
        if "if" not in one or not list(mistakes(one["if"], value, whole)):
            yield from mistakes(one.get("then", one), value, whole, at)
    if "anyOf" in schema and all(list(mistakes(one, value, whole)) for one in schema["anyOf"]):
        yield f"{at}: none of the forms"
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        yield f"{at}: no {schema['type']}"
    if ("enum" in schema and value not in schema["enum"]) or ("const" in schema and value != schema["const"]):
        yield f"{at}: not one of the words"
    if isinstance(value, dict):
        yield from mistakes_in_keys(schema, value, whole, at)
    if isinstance(value, list):
        for n, inner in enumerate(value):
            yield from mistakes(schema.get("items", {}), inner, whole, f"{at}[{n}]")


def mistakes_in_keys(
    schema: Mapping[str, Any], value: Mapping[str, Any], whole: Mapping[str, Any], at: str
) -> Iterator[str]:
    known = schema.get("properties", {})
    yield from (f"{at}.{key}: is missing" for key in schema.get("required", []) if key not in value)
    for key, inner in value.items():
        if key in known:
            yield from mistakes(known[key], inner, whole, f"{at}.{key}")
        elif schema.get("additionalProperties") is False:
            yield f"{at}.{key}: unknown"
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from mistakes(schema["additionalProperties"], inner, whole, f"{at}.{key}")


def declared(path: Path) -> Any:
    """A declaration as JSON has it: dates are text."""
    return json.loads(json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=str))


def schema_for(path: Path) -> Mapping[str, Any]:
    name = {"layers": "layer", "analyses": "analysis", "maps": "map"}[path.parent.name]
    return schemas()["district" if path.name == "district.toml" else name]


def test_every_declaration_of_the_sample_is_sound_to_its_schema() -> None:
    files = [path for name in ("layers", "analyses", "maps") for path in (district_inside() / name).glob("*.toml")]
    assert len(files) > 40
    for path in files:
        schema = schema_for(path)
        assert list(mistakes(schema, declared(path), schema)) == [], path.name


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("layers/toilets.toml", 'title = "公厕"', 'title = "公厕"\ntitel = "厕"', ".titel: unknown"),
        ("layers/toilets.toml", '"public_toilet"', '"publik_toilet"', ".kind: not one of the words"),
        ("layers/toilets.toml", 'licence = "CC0"', "", ".provenance.licence: is missing"),
        ("layers/district.toml", "margin_m = 500", 'margin_m = "500"', ".margin_m: no number"),
        ("analyses/gaps.toml", 'kind = "gaps"', 'kind = "gap"', ".kind: not one of the words"),
        ("analyses/gaps.toml", 'coverage = "', 'covrage = "', ".covrage: unknown"),
        (
            "analyses/coverage.toml",
            "public_toilet = 300",
            'public_toilet = "300"',
            ".limits_m.public_toilet: no number",
        ),
        ("maps/planners.toml", '"planners"', '"planers"', ".audience: not one of the words"),
    ],
)
def test_a_slip_is_told_by_the_schema(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    path = small_district(tmp_path / "small") / file
    schema = schema_for(path)
    assert list(mistakes(schema, declared(path), schema)) == []
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert told in list(mistakes(schema, declared(path), schema))


def test_every_key_that_is_described_in_the_program_is_described_in_the_schema() -> None:
    layer = schemas()["layer"]
    assert layer["properties"]["touch_m"]["description"].startswith("An unwalled polygon is reached")
    assert set(layer["properties"]) == set(Layer.model_fields)
    analysis = schemas()["analysis"]
    assert set(KINDS) <= set(analysis["$defs"])
    assert "全" in json.dumps(layer, ensure_ascii=False)


def test_an_editor_finds_each_schema_that_was_written(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    written = write_schemas(folder, others={"fetch.toml": Fetching})
    rules = tomllib.loads((folder / ".taplo.toml").read_text(encoding="utf-8"))["rule"]
    assert [rule["include"] for rule in rules][-1] == ["fetch.toml"]
    for rule in rules:
        schema = json.loads((folder / rule["schema"]["path"]).read_text(encoding="utf-8"))
        assert re.match(r"http://json-schema\.org/", schema["$schema"])
    assert sorted(path.as_posix() for path in written) == sorted(
        [".taplo.toml", *(rule["schema"]["path"] for rule in rules)]
    )


def test_settings_of_the_users_own_stay_and_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    (folder / ".taplo.toml").write_text("# mine\n", encoding="utf-8")
    assert Path(".taplo.toml") not in write_schemas(folder)
    assert (folder / ".taplo.toml").read_text(encoding="utf-8") == "# mine\n"
    other = small_district(tmp_path / "other")
    (other / ".schemas").symlink_to(tmp_path)
    with pytest.raises(QypGeoError, match="link to another place"):
        write_schemas(other)
