"""Paths of a declaration stay in the folder, on every system."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from qyp_geo.declarations import DataPath

PATHS = TypeAdapter(DataPath)


@pytest.mark.parametrize(
    "path",
    [
        *("../x.csv", "data/../../x.csv", "..", "data\\..\\..\\x.csv", "data/.. /x.csv", "data/.. ./x.csv"),
        *("/etc/passwd", "C:/x.csv", "C:x.csv", "c:\\x.csv", "\\\\server\\share\\x.csv", "//server/share/x.csv"),
        *("\\\\?\\C:\\x.csv", "\\\\.\\PhysicalDrive0", "\\x.csv"),
        *("data/NUL", "data/con.csv", "aux/x.csv", "data/COM1.geojson", "data/lpt9", "PRN"),
        *("data/x.csv:stream", "data/a\x00b.csv", "data/a\nb.csv", "data/*.csv", "data/a|b.csv"),
        *("data/" + "长" * 90 + ".csv", "a/" * 40 + "x.csv"),
        *("/vsicurl/http://example.org/x.geojson", "http://example.org/x.geojson"),
    ],
)
def test_a_path_that_leaves_or_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        PATHS.validate_python(path)


@pytest.mark.parametrize(
    "path", ["data/公厕.csv", "data/a..b.csv", "data/子 文件夹/x.gdb", "data/console.csv", "data/.hidden"]
)
def test_usual_paths_are_taken(path: str) -> None:
    assert PATHS.validate_python(path) == path
