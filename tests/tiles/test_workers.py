"""Workers: this process, a local cluster, a scheduler; and what is said where one cannot be used."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from qyp_geo.errors import MissingError, QypGeoError
from qyp_geo.tiles import HERE, Job, Question, open_workers, run_tiles
from qyp_geo.tiles import workers as module
from tests.network.brute import frame
from tests.small import small_district
from tests.test_cli import qyp
from tests.tiles.region import region_district
from tests.tiles.test_tiles import assert_same_bits, at_once, job_of

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler of its own with two single-threaded workers, each a process."""
    folder = tmp_path_factory.mktemp("scheduler")
    file = folder / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"}
    common = ["--scheduler-file", str(file)]
    commands = [
        ["dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0", *common],
        *2 * [["dask_worker", "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny", *common]],
    ]
    started = []
    try:
        for name, *options in commands:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{name}", *options],
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            started.append(process)
            while not file.exists() and process.poll() is None:
                time.sleep(0.05)
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        from distributed import Client  # noqa: PLC0415

        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address
    finally:
        for process in started:
            process.kill()  # to end by themselves, workers wait for one another
            process.wait()


def pid(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def fail(item: int) -> int:
    raise ValueError(f"no {item}")


def town(folder: Path) -> tuple[Job, pd.DataFrame]:
    """A grid of streets in 36 tiles, and the answer of one machine."""
    lines = [shapely.LineString([(0, k), (1200, k)]) for k in range(0, 1201, 100)]
    lines += [shapely.LineString([(k, 0), (k, 1200)]) for k in range(0, 1201, 100)]
    streets = frame([line.segmentize(100) for line in lines])
    rng = np.random.default_rng(8)
    homes = frame([shapely.Point(at) for at in rng.uniform(0, 1200, (800, 2))])
    targets = {"shop": homes.iloc[::40].reset_index(drop=True)}
    question = Question(300.0, tile_m=200.0)
    return job_of(folder, streets, homes, targets, question), at_once(streets, homes, targets, question)


def answer(files: list[Path]) -> pd.DataFrame:
    table = pd.concat([pd.read_parquet(file) for file in files])
    return table.sort_values(["kind", "order"], kind="stable", ignore_index=True)


def test_here_is_this_process() -> None:
    with open_workers(HERE) as workers:
        assert list(workers.each(pid, [1, 2])) == [(1, os.getpid()), (2, os.getpid())]


def test_what_a_task_raises_is_raised(scheduler: str) -> None:
    for where in (HERE, scheduler):
        with open_workers(where) as workers, pytest.raises(ValueError, match="no 3"):
            list(workers.each(fail, [3]))


def test_a_local_cluster_goes_on_when_a_worker_is_killed(tmp_path: Path) -> None:
    job, whole = town(tmp_path)
    killed: list[int] = []
    with open_workers() as workers:
        assert "工作进程" in workers.described
        before = {found for _, found in workers.each(pid, range(20))}
        assert os.getpid() not in before

        def kill_one(_: str) -> None:
            if not killed and len(list(job.answers.glob("x*.parquet"))) >= 4:
                killed.append(next(one for one in before if isinstance(one, int)))
                os.kill(killed[0], signal.SIGKILL)

        files = run_tiles(job, workers, progress=kill_one)
        after = {found for _, found in workers.each(pid, range(20))}
    assert len(files) == 36
    assert killed
    assert killed[0] not in after
    assert_same_bits(answer(files), whole)


def test_finished_tiles_are_not_done_again(tmp_path: Path) -> None:
    job, whole = town(tmp_path)
    with open_workers(HERE) as workers:
        files = run_tiles(job, workers)
        for file in files[::2]:
            file.unlink()
        (job.answers / ".x0_y0.parquet.half.part").write_bytes(b"half written")
        kept = {file: file.stat().st_mtime_ns for file in files[1::2]}
        assert run_tiles(job, workers) == files
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    assert sorted(job.answers.iterdir()) == sorted(files)
    assert_same_bits(answer(files), whole)


def test_a_scheduler_gives_the_same(scheduler: str, tmp_path: Path) -> None:
    job, whole = town(tmp_path)
    with open_workers(scheduler) as workers:
        assert os.getpid() not in {found for _, found in workers.each(pid, range(10))}
        assert_same_bits(answer(run_tiles(job, workers)), whole)


def test_a_killed_run_goes_on_from_its_finished_tiles(tmp_path: Path) -> None:
    folder = region_district(tmp_path / "district", n_homes=200, tile_m=150.0)
    command = [sys.executable, "-m", "qyp_geo", "run", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def finished() -> dict[Path, int]:
        return {file: file.stat().st_mtime_ns for file in folder.glob(".cache/tiles/answers/*/x*.parquet")}

    while len(finished()) < 3 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    time.sleep(1.0)  # its workers end when they find it gone
    before = finished()
    answer_ = qyp("run", folder, "--scheduler", "here")
    assert answer_.returncode == 0, answer_.stderr
    after = finished()
    assert 3 <= len(before) < len(after)
    assert {file: after[file] for file in before} == before
    undisturbed = region_district(tmp_path / "other", n_homes=200, tile_m=150.0)
    assert qyp("run", undisturbed, "--scheduler", "here").returncode == 0
    there = "build/analyses/region"
    for file in [f"{there}.parquet", *(f"{there}/tiles/{path.name}" for path in after)]:
        assert (folder / file).read_bytes() == (undisturbed / file).read_bytes()


def test_run_says_when_a_scheduler_had_nothing_to_do(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    answer_ = qyp("run", folder, "--scheduler", "tcp://127.0.0.1:9")
    assert answer_.returncode == 0, answer_.stderr
    assert "tcp://127.0.0.1:9 was not asked: nothing in" in answer_.stdout


def test_batch_runs_every_folder_and_tells_which_failed(scheduler: str, tmp_path: Path) -> None:
    good, region = small_district(tmp_path / "good"), region_district(tmp_path / "region")
    broken, none = small_district(tmp_path / "broken"), tmp_path / "none"
    (broken / "layers/toilets.toml").unlink()
    answer_ = qyp("batch", good, broken, none, region, "--scheduler", scheduler)
    assert answer_.returncode == 1
    assert "Traceback" not in answer_.stdout + answer_.stderr
    assert answer_.stdout.count("failed") == 2
    assert answer_.stdout.count("done") == 2
    assert "is not a district folder" in qyp("batch", none, "--json").stdout
    assert (good / "build/run.json").is_file()
    assert list((region / "build/analyses/region/tiles").glob("*.parquet"))
    assert not (broken / "build").exists()
    assert qyp("batch", good, tmp_path / "x" / ".." / "good").returncode == 1


def test_what_is_said_where_a_scheduler_cannot_be_used(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ANSWERS_WITHIN_S", 1)
    for address in ("tcp://127.0.0.1:9", "nowhere:::", "ftp://127.0.0.1:1"):
        with pytest.raises(QypGeoError, match="no scheduler answers at"), open_workers(address):
            pass
    monkeypatch.setattr(module, "__version__", "0.0.0")
    with pytest.raises(QypGeoError, match="run other versions") as caught, open_workers(scheduler):
        pass
    assert "qyp-geo 0.0.0" in str(caught.value)
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(MissingError, match=r'pip install "qyp-geo\[dask\]"'), open_workers(scheduler):
        pass
    with open_workers() as workers:
        assert "未安装 dask" in workers.described


def test_the_command_says_so_without_a_traceback(tmp_path: Path) -> None:
    answer_ = qyp("batch", region_district(tmp_path / "region"), "--scheduler", "tcp://127.0.0.1:9")
    assert answer_.returncode == 1
    assert "no scheduler answers at tcp://127.0.0.1:9" in answer_.stderr
    assert "Traceback" not in answer_.stderr
