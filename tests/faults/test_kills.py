"""A command killed at any moment leaves the last good results whole, and the next one succeeds."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

from tests.faults.acting import kill_once, qyp
from tests.small import small_district

KILLS = 5


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A district that was run."""
    folder = small_district(tmp_path_factory.mktemp("killed") / "small")
    done = qyp("run", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_killed_run_leaves_the_last_results_whole(sound: Path) -> None:
    began = time.monotonic()
    assert qyp("run", sound).returncode == 0
    usual_s = time.monotonic() - began
    rng = random.Random(7)  # noqa: S311
    for _ in range(KILLS):
        killed = kill_once(sound, "run", sound, name="build", rng=rng, usual_s=usual_s)
        assert killed.whole, killed
    again = qyp("run", sound)
    assert again.returncode == 0, again.stderr
    assert not list(sound.glob(".build.*")), "nothing half written stays"


def test_what_a_killed_publishing_leaves_is_whole(sample_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(sample_folder, folder)
    began = time.monotonic()
    first = qyp("publish", folder, "--draft")
    assert first.returncode == 0, first.stderr
    usual_s = time.monotonic() - began
    rng = random.Random(8)  # noqa: S311
    for _ in range(KILLS):
        killed = kill_once(folder, "publish", folder, "--draft", name="draft", rng=rng, usual_s=usual_s)
        assert killed.whole, killed
    assert qyp("publish", folder, "--draft").returncode == 0
    assert not list(folder.glob(".draft.*"))
