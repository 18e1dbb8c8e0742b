from __future__ import annotations

from pathlib import Path

import pytest

from qyp_geo.build import repair, replaced_whole, sha256
from qyp_geo.errors import QypGeoError


def content(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def write_build(folder: Path, text: str) -> None:
    with replaced_whole(folder) as build:
        (build / "run.json").write_text(text)


def test_build_is_replaced_whole(tmp_path: Path) -> None:
    write_build(tmp_path, "first")
    with replaced_whole(tmp_path) as build:
        (build / "other.json").write_text("second")
        assert content(tmp_path / "build") == ["run.json"], "the last results stand until the new ones are whole"
    assert content(tmp_path) == ["build/other.json"]


def test_a_failed_run_leaves_the_last_results(tmp_path: Path) -> None:
    write_build(tmp_path, "first")

    def fail_half_way() -> None:
        with replaced_whole(tmp_path) as build:
            (build / "run.json").write_text("half")
            raise QypGeoError("half way")

    with pytest.raises(QypGeoError, match="half way"):
        fail_half_way()
    assert (tmp_path / "build/run.json").read_text() == "first"
    assert content(tmp_path) == ["build/run.json"]


@pytest.mark.parametrize("moment", ["writing", "between the renames", "before the clean-up"])
def test_a_run_killed_at_any_moment_is_repaired(tmp_path: Path, moment: str) -> None:
    write_build(tmp_path, "last good")
    new = tmp_path / ".build.new"
    new.mkdir()
    (new / "run.json").write_text("new")
    if moment != "writing":
        (tmp_path / "build").rename(tmp_path / ".build.old")
    if moment == "before the clean-up":
        new.rename(tmp_path / "build")
    repair(tmp_path)
    assert content(tmp_path) == ["build/run.json"]
    assert (tmp_path / "build/run.json").read_text() == ("new" if moment == "before the clean-up" else "last good")


def test_a_disk_that_refuses_is_told_with_what_to_do(tmp_path: Path) -> None:
    write_build(tmp_path, "first")
    with pytest.raises(QypGeoError, match="close the files"), replaced_whole(tmp_path):
        raise PermissionError(13, "Permission denied")
    assert (tmp_path / "build/run.json").read_text() == "first"


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
