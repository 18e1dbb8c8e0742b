"""Folders such as `build/`: written whole or not at all.

Files are written into a folder beside it, which then takes its name. Two renames cannot be one, so a kill between them leaves
no `build/`; the next command puts the last good one back (`repair`).
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from qyp_geo.errors import QypGeoError

_NO_NAMES: Final = re.compile(r"(?i:con|prn|aux|nul|(com|lpt)\d)")
"""Names that Windows keeps for devices."""


def file_name(name: str) -> str:
    """Return what people call a thing as a name of a file that every system takes, without suffix."""
    plain = re.sub(r"\W+", "_", name)
    return f"{plain}_" if _NO_NAMES.fullmatch(plain) else plain


def restore(folder: Path, name: str) -> None:
    """Bring the last good folder of this name back where a swap was interrupted, and leave all else alone."""
    whole, _, old = _whole_new_old(folder, name)
    if old.exists() and not whole.exists():
        old.rename(whole)


def repair(folder: Path, name: str = "build") -> None:
    """Undo an interrupted swap: the last good folder of this name comes back, what was half written goes."""
    restore(folder, name)
    _, new, old = _whole_new_old(folder, name)
    for left_over in (new, old):
        if left_over.exists():
            shutil.rmtree(left_over)


@contextmanager
def replaced_whole(folder: Path, name: str = "build") -> Iterator[Path]:
    """Give an empty folder to write into, which becomes `name` in `folder` when the block ends well.

    Raises
    ------
    QypGeoError
        If the last one cannot be replaced, for instance because a file of it is open in another program.
    """
    repair(folder, name)
    whole, new, old = _whole_new_old(folder, name)
    try:
        new.mkdir()
    except OSError as error:
        raise QypGeoError(
            f"{folder} cannot be written to: {error.strerror}. Give the folder write permission."
        ) from error
    try:
        yield new
        if whole.exists():
            whole.rename(old)
        new.rename(whole)
    except OSError as error:
        raise QypGeoError(
            f"{whole} could not be written: {error.strerror}. Close the files of {name}/ that are open in other programs, "
            "make room on the disk, and run again; the last results are as they were."
        ) from error
    finally:
        repair(folder, name)


def _whole_new_old(folder: Path, name: str) -> tuple[Path, Path, Path]:
    return folder / name, folder / f".{name}.new", folder / f".{name}.old"


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
