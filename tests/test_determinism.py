"""The same inputs give the same bytes, whatever the machine, its clock, its language, or where the folder lies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

from qyp_geo.build import file_name
from qyp_geo.declarations import Layer
from qyp_geo.records import make_record
from tests.layers.folder import PROVENANCE
from tests.public import public_district

# Runs the commands in a process whose clock (as archives are stamped by) stands on another day, and whose random numbers
# begin elsewhere.
COMMANDS = """
import random, sys, time
import numpy
days = float(sys.argv[1]) * 86400
random.seed(sys.argv[1])
numpy.random.seed(int(days) % 1000)
really = time.time
time.time = lambda: really() + days
time.localtime = lambda at=None, known=time.localtime: known(time.time() if at is None else at)
time.gmtime = lambda at=None, known=time.gmtime: known(time.time() if at is None else at)
from qyp_geo.cli import main
for command in (["run", "."], ["report", "."], ["publish", ".", "--draft"]):
    sys.argv = ["qyp", *command]
    try:
        main()
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
"""
HERE = {
    "PYTHONHASHSEED": "1",
    "NUMBA_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "LC_ALL": "C",
    "LANG": "C",
    "TZ": "Etc/GMT+12",
}
ELSEWHERE = {
    "PYTHONHASHSEED": "4711",
    "NUMBA_NUM_THREADS": "2",
    "OMP_NUM_THREADS": "2",
    "LC_ALL": "zh_CN.UTF-8",
    "LANG": "zh_CN.UTF-8",
    "TZ": "Pacific/Kiritimati",  # 26 hours ahead of the other: always another day
}


def made(folder: Path, environment: dict[str, str], *, days: int, since: float) -> dict[str, bytes]:
    """What a folder's run, report and publication write, by path; all inputs are as old as `since` says."""
    for path in folder.rglob("*"):
        os.utime(path, (since, since))
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, str(days)],
        cwd=folder,
        env={**os.environ, **environment, "PYTHONPATH": root},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    written = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for top in ("build", "draft")
        for path in sorted((folder / top).rglob("*"))
        if path.is_file()
    }
    assert {"build/run.json", "draft/manifest.json", "draft/index.html"} <= set(written)
    return written


def without_seconds(text: bytes) -> object:
    told = json.loads(text)
    assert told.pop("seconds")
    return told


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What is made of the small district here and now."""
    folder = public_district(tmp_path_factory.mktemp("determinism") / "secret_place")
    return made(folder, HERE, days=0, since=1.6e9)


def test_every_output_has_the_same_bytes_wherever_and_whenever(tmp_path: Path, written: dict[str, bytes]) -> None:
    one = dict(written)
    other = made(public_district(tmp_path / "另 一个" / "two"), ELSEWHERE, days=400, since=1.7e9)
    assert {Path(name).suffix for name in one} >= {".html", ".xlsx", ".gpkg", ".parquet", ".csv", ".json"}
    assert without_seconds(one.pop("build/run.json")) == without_seconds(other.pop("build/run.json"))
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name]] == []


@pytest.mark.parametrize(
    "path", [r"data\toilets.csv", "data/toilets.csv", r"data\.\toilets.csv", "data//toilets.csv", r"./data\toilets.csv"]
)
def test_a_path_is_one_text_however_a_system_writes_it(path: str) -> None:
    content = {
        "title": "x",
        "kind": "public_toilet",
        "geometry": "point",
        "source": {"path": path, "datum": "wgs84"},
        "provenance": dict(PROVENANCE),
    }
    record, problems = make_record(Layer, content, "layers/x.toml")
    assert problems == []
    assert record is not None
    assert record.source.path == "data/toilets.csv"
    assert record.source.shown == "layers/data/toilets.csv"
    assert PureWindowsPath("layers", path).as_posix() == record.source.shown


@pytest.mark.parametrize(
    "path",
    [
        r"C:\data\x.csv",
        r"C:x.csv",
        r"\\server\share\x.csv",
        r"\\?\C:\x.csv",
        r"\data\x.csv",
        r"data\..\..\x.csv",
        r"data\con",
        r"data\NUL.csv",
        "data/x.csv:stream",
        "",
    ],
)
def test_a_path_that_leaves_the_folder_on_windows_is_refused_everywhere(path: str) -> None:
    content = {
        "title": "x",
        "kind": "public_toilet",
        "geometry": "point",
        "source": {"path": path, "datum": "wgs84"},
        "provenance": dict(PROVENANCE),
    }
    problems = make_record(Layer, content, "layers/x.toml")[1]
    assert [problem.where for problem in problems] == ["source.path"]


@pytest.mark.parametrize("name", ["青云谱", "a b", "CON", "com1", "x:y", "a\\b", "..", "nul", "Ünïcode", "a.b"])
def test_names_of_files_are_taken_by_every_system(name: str) -> None:
    made_of = PureWindowsPath("C:/out", f"{file_name(name)}.gpkg")
    assert made_of.parent == PureWindowsPath("C:/out")
    assert not set(made_of.name) & set('<>:"/\\|?*')
    assert made_of.stem.upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}


def test_no_output_speaks_of_where_the_folder_lies(written: dict[str, bytes]) -> None:
    """Whatever is written can be given away: neither the place nor a backslash stands in it."""
    assert [name for name, content in written.items() if b"secret_place" in content] == []
    told = json.loads(written["build/run.json"])
    assert all("\\" not in name for name in [*told["inputs"], *told["outputs"]])
    assert all("\\" not in name for name in json.loads(written["draft/manifest.json"])["files"])
