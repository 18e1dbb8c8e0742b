"""How a TOML file becomes a record.

Nothing here raises: `read_toml` and `make_record` return every problem of a file, so that those of a folder can be told in one
message.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from qyp_geo.declarations import Record
from qyp_geo.errors import Problem, did_you_mean

_MAX_BYTES: Final = 1 << 20
_AT_LINE: Final = re.compile(r"line\s(\d+)")
_WIDE: Final = re.compile("[“”‘’＝，。：【】［］｛｝＂＇]")

R = TypeVar("R", bound=Record)


def read_toml(path: Path, shown_as: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Read a TOML file; a file that cannot be read is a problem, not an exception."""
    try:
        if path.stat().st_size <= _MAX_BYTES:
            text = path.read_bytes().decode("utf-8-sig")
            return _loaded(text), []
        remedy = "Data belongs into layers/data/, not into a declaration"
        return None, [Problem(shown_as, "", "is larger than 1 MiB, the most that a declaration takes", "", remedy)]
    except (ValueError, RecursionError, OSError) as error:
        return None, [_unread(error, shown_as)]


class _WideSignError(ValueError):
    """A Chinese keyboard's quotation mark or equals sign, where TOML has its own; and the number of its line."""


def _loaded(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if line := _AT_LINE.search(str(error)):
            written = text.split("\n")[int(line[1]) - 1]
            # What stands in quotes, or behind #, may hold any sign.
            if wide := _WIDE.search(re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", written)):
                raise _WideSignError(wide[0], line[1]) from error
        raise


def _unread(error: ValueError | RecursionError | OSError, shown_as: str) -> Problem:
    match error:
        case tomllib.TOMLDecodeError():
            return Problem(shown_as, "", f"is not valid TOML: {error}", "", "Mend the line that is named")
        case _WideSignError(args=(sign, line)):
            remedy = "Type these signs with the keyboard set to English: \" ' = , [ ] { }"
            return Problem(
                shown_as, "", f"holds a Chinese sign in line {line} where TOML has an English one", sign, remedy
            )
        case UnicodeDecodeError():
            return Problem(shown_as, "", "is not UTF-8 text", "", "Save the declaration as UTF-8")
        case RecursionError():
            return Problem(
                shown_as, "", "is nested too deeply", "", "Take the brackets apart: no declaration needs so many"
            )
        case OSError():
            return Problem(shown_as, "", f"cannot be read: {error.strerror}", "", "Give the file read permission")
        case _:  # a number of thousands of digits
            return Problem(
                shown_as, "", f"holds a value that cannot be read: {error}", "", "Write a usual number there"
            )


def make_record(cls: type[R], content: Mapping[str, Any], shown_as: str) -> tuple[R | None, list[Problem]]:
    """Make a record of a file's content, and tell all that is wrong with it.

    Where the record can stand without the values that are wrong, it is returned beside the problems, so that what rests on it
    can be checked in the same pass; a run stops on the problems in any case.
    """
    try:
        return cls.model_validate(content), []
    except ValidationError as error:
        problems = [_problem_of(cls, dict(detail), shown_as) for detail in error.errors()]
        sound = copy.deepcopy(dict(content))
        for detail in error.errors():
            _remove(sound, detail["loc"])
    try:
        return cls.model_validate(sound), problems
    except ValidationError:
        return None, problems


def _remove(content: Any, path: tuple[str | int, ...]) -> None:
    """Remove the value at a path of keys; items of a list stay in place, for the sake of the positions after them."""
    if not path:  # the record as a whole, which then cannot stand
        content.clear()
        return
    *parents, last = path
    for part in parents:
        if not (isinstance(content, dict) and part in content):
            return
        content = content[part]
    if isinstance(content, dict):
        content.pop(last, None)


def _problem_of(cls: type[Record], detail: Mapping[str, Any], shown_as: str) -> Problem:
    """Say one of pydantic's errors in a planner's words."""
    path = [part for part in detail["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    given = repr(detail["input"]) if isinstance(detail["input"], str | int | float | bool) else ""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            what, remedy = "unknown key", did_you_mean(str(path[-1]), _keys_at(cls, path[:-1]))
        case "missing":
            what, given, remedy = "is missing", "", "Add this key"
        case "literal_error":
            what, remedy = "is not one of the allowed words", f"Allowed: {context['expected']}"
        case "value_error":
            what, remedy = "cannot be used", str(context["error"])
        case "date_from_datetime_parsing" | "date_parsing" | "date_type":
            what, remedy = "is not a date", "Write it as 2026-01-15"
        case "string_too_short" | "too_short":
            what, given, remedy = "is empty", "", "Give at least one value"
        case "string_type":
            what, remedy = "is not a text", "Write it in quotes"
        case "float_type" | "int_type" | "int_from_float" | "finite_number":
            what, remedy = "is not a number that can be used here", "Write a plain number, without quotes"
        case "bool_type":
            what, remedy = "is neither true nor false", "Write true or false, without quotes"
        case "list_type":
            what, remedy = "is not a list", 'Write it as ["…", "…"]'
        case "dict_type" | "model_type" | "model_attributes_type":
            what, remedy = "is not a table of keys", "Write its keys under a heading in brackets, one a line"
        case _:
            what, remedy = str(detail["msg"]), "Give a value that fits"
    return Problem(shown_as, where, what, given, remedy)


def _keys_at(cls: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """Keys that are allowed at a place inside a record."""
    here: type[BaseModel] = cls
    for part in path:
        if isinstance(part, int):
            continue
        annotation = here.model_fields[part].annotation
        nested = [a for a in (annotation, *_inside(annotation)) if isinstance(a, type) and issubclass(a, BaseModel)]
        here = nested[0]
    return list(here.model_fields)


def _inside(annotation: object) -> Iterator[object]:
    for inner in getattr(annotation, "__args__", ()):
        yield inner
        yield from _inside(inner)
