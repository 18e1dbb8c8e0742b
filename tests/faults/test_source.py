"""What the program does not do, read off its own source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import qyp_geo

SOURCE = sorted(Path(qyp_geo.__file__).parent.rglob("*.py"))
UNPICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}


def _trees() -> Iterator[tuple[Path, ast.AST]]:
    for path in SOURCE:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_nothing_is_unpickled() -> None:
    found = []
    for path, tree in _trees():
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=names):
                    found += [(path.name, one.name) for one in names if one.name.split(".")[0] in UNPICKLES]
                case ast.ImportFrom(module=str(module)) if module.split(".")[0] in UNPICKLES:
                    found.append((path.name, module))
                case ast.Attribute(attr="read_pickle" | "to_pickle"):
                    found.append((path.name, node.attr))
                case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                    found.append((path.name, "allow_pickle"))
    assert found == []


def test_no_text_is_run() -> None:
    found = [
        (path.name, node.lineno, node.func.id)
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RUNS_TEXT
    ]
    shell = [
        (path.name, node.value.lineno)
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "shell"
    ]
    assert found + shell == []


def test_sql_is_never_put_together_from_texts() -> None:
    """A statement is a constant, or is composed by the driver; no f-string, no %, no + makes one."""
    statement = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|SET|WITH)\s", re.ASCII)
    found = []
    for path, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
                if statement.match(text) and any(isinstance(part, ast.FormattedValue) for part in node.values):
                    found.append((path.name, node.lineno, text))
    assert found == []


def test_only_one_module_knows_the_environment_s_secrets() -> None:
    names = re.compile(r"environ(\.get\(|\[)\s*[\"']QYP_(POSTGIS_DSN|AMAP_KEY|LOCAL_DATUM)")
    assert [path.name for path in SOURCE if names.search(path.read_text(encoding="utf-8"))] == []
