"""A disk that is full or read-only, a folder that is another's: told in one line, and the last results stay."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from qyp_geo.build import repair, replaced_whole
from qyp_geo.errors import QypGeoError
from qyp_geo.run import run
from qyp_geo.tiles import Cache
from tests.conftest import require
from tests.faults.acting import hashes, qyp
from tests.small import small_district


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB with a district that was run on it."""
    require(hasattr(os, "geteuid") and os.geteuid() == 0, "only root mounts a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)], check=False)
    require(mounted.returncode == 0, "this machine lets nobody mount a small disk")
    try:
        folder = small_district(disk / "small")
        run(folder, command="qyp run", progress=lambda _: None)
        yield folder
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _fill(folder: Path, leaving_bytes: int) -> Path:
    ballast = folder.parent / "ballast"
    ballast.write_bytes(bytes(max(shutil.disk_usage(folder).free - leaving_bytes, 0)))
    return ballast


@pytest.mark.parametrize("leaving_kib", [0, 8, 64, 200, 500])
def test_a_full_disk_leaves_the_last_results(small_disk: Path, leaving_kib: int) -> None:
    before = hashes(small_disk / "build")
    ballast = _fill(small_disk, leaving_kib << 10)
    with pytest.raises(QypGeoError, match="the disk is full"):
        run(small_disk, command="qyp run", progress=lambda _: None)
    assert hashes(small_disk / "build") == before
    assert not (small_disk / ".build.new").exists()
    ballast.unlink()
    run(small_disk, command="qyp run", progress=lambda _: None)


def test_a_full_disk_stops_papers_and_publishing_in_one_line(small_disk: Path) -> None:
    before = hashes(small_disk / "build")
    _fill(small_disk, 32 << 10)
    for command in ("report", "publish"):
        told = qyp(command, small_disk, *(["--draft"] if command == "publish" else []))
        assert told.returncode == 1
        assert "the disk is full" in told.stderr
        assert "Traceback" not in told.stderr
    assert hashes(small_disk / "build") == before


def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path) -> None:
    require(shutil.which("setpriv") is not None, "setpriv takes from root the right to write anywhere")
    folder = small_district(tmp_path / "small")
    run(folder, command="qyp run", progress=lambda _: None)
    before = hashes(folder / "build")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    told = qyp("run", folder, as_root=False)
    assert told.returncode == 1
    assert "cannot be written to" in told.stderr
    assert "Traceback" not in told.stderr
    assert hashes(folder / "build") == before
    looked = qyp("check", folder, as_root=False)
    assert looked.returncode == 0, "looking needs no right to write"


@pytest.mark.parametrize("name", ["build", ".build.new", ".build.old"])
def test_a_link_in_place_of_a_folder_of_ours_is_left_alone(tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "sub").mkdir(parents=True)
    (elsewhere / "precious.txt").write_text("precious")
    folder = tmp_path / "district"
    folder.mkdir()
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(QypGeoError, match="link to another place"), replaced_whole(folder):
        pass
    with pytest.raises(QypGeoError, match="link to another place"):
        repair(folder)
    assert (elsewhere / "precious.txt").read_text() == "precious"


@pytest.mark.parametrize("name", [".cache", ".cache/tiles"])
def test_a_cache_that_is_a_link_is_not_tidied(tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "tiles" / "sub" / "precious").mkdir(parents=True)
    (elsewhere / "sub" / "precious").mkdir(parents=True)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to(elsewhere)
    cache = Cache(tmp_path / ".cache/tiles")
    for act in (cache.tidy, lambda: cache.place("answers", "a")):
        with pytest.raises(QypGeoError, match="link to another place"):
            act()
    assert (elsewhere / "sub/precious").is_dir()
    assert (elsewhere / "tiles/sub/precious").is_dir()


def test_a_file_called_build_is_told(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("mine")
    with pytest.raises(QypGeoError, match="is a file"), replaced_whole(tmp_path):
        pass
    assert (tmp_path / "build").read_text() == "mine"
