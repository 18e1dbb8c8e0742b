"""The `build/` folder: written whole or not at all.

Results are written into a folder beside it, which then takes its name. Two renames cannot be one, so a kill between them leaves
no `build/`; the next command puts the last good one back (`repair`).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qyp_geo.errors import QypGeoError

_NEW, _OLD = ".build.new", ".build.old"


def repair(folder: Path) -> None:
    """Undo an interrupted swap: the last good `build/` comes back, what was half written goes."""
    build, new, old = folder / "build", folder / _NEW, folder / _OLD
    if old.exists() and not build.exists():
        old.rename(build)
    for left_over in (new, old):
        if left_over.exists():
            shutil.rmtree(left_over)


@contextmanager
def replaced_whole(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write into, which becomes `build/` when the block ends well.

    Raises
    ------
    QypGeoError
        If `build/` cannot be replaced, for instance because a file of it is open in another program.
    """
    repair(folder)
    build, new, old = folder / "build", folder / _NEW, folder / _OLD
    try:
        new.mkdir()
    except OSError as error:
        raise QypGeoError(
            f"{folder} cannot be written to: {error.strerror}. Give the folder write permission."
        ) from error
    try:
        yield new
        if build.exists():
            build.rename(old)
        new.rename(build)
    except OSError as error:
        raise QypGeoError(
            f"{build} could not be written: {error.strerror}. Close the files of build/ that are open in other programs, "
            "make room on the disk, and run again; the last results are as they were."
        ) from error
    finally:
        repair(folder)


def link(file: Path, target: Path) -> None:
    """Put a finished file in a second place as well, without a copy of its contents where the disk can do that."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(file)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(file, target)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
