from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from qyp_geo.build import sha256
from qyp_geo.errors import DataError, QypGeoError
from qyp_geo.run import run
from tests.small import small_district


def silent(_: str) -> None:
    """Take no note of progress."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_district(tmp_path / "small")


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_small_district_by_hand(folder: Path) -> None:
    """Every distance is in the drawing of `tests/small.py`; B stands exactly at the limit of 300 m."""
    run(folder, command="qyp run", progress=silent)
    units = pd.read_parquet(folder / "build/analyses/coverage_by_unit.parquet")
    toilets = units[(units["kind"] == "public_toilet") & (units["limit_m"] == 300)]
    assert toilets.set_index("unit")["walk_m"].to_dict() == {"A": 100.0, "B": 300.0, "C": 1000.0}
    assert toilets.set_index("unit")["covered"].to_dict() == {"A": True, "B": True, "C": False}
    areas = pd.read_parquet(folder / "build/analyses/coverage.parquet")
    whole = areas[(areas["level"] == "district") & areas["requirement"].isin(toilets["requirement"])].iloc[0]
    assert (whole["people_covered"], whole["people_total"]) == (150.0, 180.0)
    gaps = gpd.read_parquet(folder / "build/analyses/gaps.parquet")
    toilet_gaps = gaps[gaps["requirement"].isin(toilets["requirement"])]
    assert toilet_gaps[["people", "median_excess_m"]].to_numpy().tolist() == [[30.0, 700.0]]


def test_run_json_says_what_the_results_rest_on(folder: Path) -> None:
    run(folder, command="qyp run small", progress=silent)
    record = json.loads((folder / "build/run.json").read_text(encoding="utf-8"))
    assert record["command"] == "qyp run small"
    assert record["crs"] == "EPSG:4548"
    assert record["inputs"]["layers/data/toilets.csv"] == sha256(folder / "layers/data/toilets.csv")
    assert record["parameters"]["layers"]["layers/toilets"]["source"]["datum"] == "EPSG:4548"
    assert set(record["outputs"]) == set(files(folder / "build")) - {"run.json"}
    assert {"layers", "analyses/coverage", "analyses/gaps", "maps/planners"} == set(record["seconds"])


def test_the_same_folder_gives_the_same_bytes(folder: Path) -> None:
    run(folder, command="qyp run", progress=silent)
    first = files(folder / "build")
    run(folder, command="qyp run", progress=silent)
    second = files(folder / "build")
    first.pop("run.json")  # holds the seconds
    second.pop("run.json")
    assert first == second


def test_rows_that_cannot_be_used_stop_a_run_and_leave_the_last_results(folder: Path) -> None:
    run(folder, command="qyp run", progress=silent)
    before = files(folder / "build")
    with (folder / "layers/data/toilets.csv").open("a", encoding="utf-8") as file:
        file.write("T1,东厕,here,there\n")
    with pytest.raises(DataError) as caught:
        run(folder, command="qyp run", progress=silent)
    assert {problem.file for problem in caught.value.problems} == {"layers/data/toilets.csv"}
    assert files(folder / "build") == before


def test_a_page_that_fails_leaves_the_last_results(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(folder, command="qyp run", progress=silent)
    before = files(folder / "build")

    def fail(*_: object, **__: object) -> str:
        raise QypGeoError("no page today")

    monkeypatch.setattr("qyp_geo.run.maps.build_page", fail)
    with pytest.raises(QypGeoError, match="no page today"):
        run(folder, command="qyp run", progress=silent)
    assert files(folder / "build") == before
    assert not list(folder.glob(".build*"))


@pytest.mark.parametrize("after_s", [0.5, 1.5, 2.5])
def test_a_killed_run_leaves_the_last_results_whole(folder: Path, after_s: float) -> None:
    run(folder, command="qyp run", progress=silent)
    before = files(folder / "build")
    process = subprocess.Popen([sys.executable, "-m", "qyp_geo", "run", str(folder)], stdout=subprocess.DEVNULL)
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    after = files(folder / "build") if (folder / "build").exists() else files(folder / ".build.old")
    before.pop("run.json")  # a run that had finished by then has its own seconds
    after.pop("run.json")
    assert after == before
    run(folder, command="qyp run", progress=silent)
    assert not list(folder.glob(".build*"))
