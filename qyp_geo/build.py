"""Folders such as `build/`: written whole or not at all.

Files are written into a folder beside it, which then takes its name. Two renames cannot be one, so a kill between them leaves
no `build/`; the next command puts the last good one back (`repair`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from qyp_geo.declarations import DEVICE_NAMES
from qyp_geo.errors import QypGeoError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ROOM_BYTES: Final = 1 << 16
"""A disk with less room than this is full."""


def file_name(name: str) -> str:
    """Return what people call a thing as a name of a file that every system takes, without suffix."""
    plain = re.sub(r"\W+", "_", name)
    return f"{plain}_" if DEVICE_NAMES.fullmatch(plain) else plain


def restore(folder: Path, name: str) -> None:
    """Bring the last good folder of this name back where a swap was interrupted, and leave all else alone."""
    whole, _, old = _whole_new_old(folder, name)
    if old.exists() and not whole.exists():
        with _told(whole):
            old.rename(whole)


def repair(folder: Path, name: str = "build") -> None:
    """Undo an interrupted swap: the last good folder of this name comes back, what was half written goes.

    Only for who holds the lock of the folder: what looks half written may be what another command is writing.

    Raises
    ------
    QypGeoError
        If something there is a link, or cannot be removed.
    """
    whole, new, old = _whole_new_old(folder, name)
    for path in (whole, new, old):
        require_own(path)
    restore(folder, name)
    with _told(whole):
        for left_over in (new, old):
            if left_over.exists():
                shutil.rmtree(left_over)


def require_own(folder: Path) -> None:
    """Raise where a folder of the program is a link or a file: what it leads to is not for the program to replace or delete."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        what = "a link to another place" if folder.is_symlink() else "a file"
        raise QypGeoError(
            f"{folder} is {what}, where a folder is needed that the program may replace whole. Move it away and try again."
        )


@contextmanager
def replaced_whole(folder: Path, name: str = "build") -> Iterator[Path]:
    """Give an empty folder to write into, which becomes `name` in `folder` when the block ends well.

    What was written is on the disk, not only on its way there, before it takes the place of the last one: a power cut leaves
    one of the two.

    Raises
    ------
    QypGeoError
        If the last one cannot be replaced: because the disk is full, the folder read-only, or a file of it open in another
        program.
    """
    repair(folder, name)
    whole, new, old = _whole_new_old(folder, name)
    try:
        with _told(whole):
            new.mkdir()
            yield new
            _settle(new)
            if whole.exists():
                whole.rename(old)
            new.rename(whole)
            _sync(folder)
    except BaseException:
        # What cannot be cleaned up now is by the next command; the first error is the one to tell.
        with suppress(QypGeoError):
            repair(folder, name)
        raise
    repair(folder, name)


def _whole_new_old(folder: Path, name: str) -> tuple[Path, Path, Path]:
    return folder / name, folder / f".{name}.new", folder / f".{name}.old"


@contextmanager
def _told(whole: Path) -> Iterator[None]:
    """Say in a planner's words why a folder cannot be written."""
    try:
        yield
    except QypGeoError:
        raise
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else None
        # The libraries that write GeoPackages and spreadsheets have errors of their own, which carry no number.
        if number in _FULL or _is_full(whole.parent):
            raise QypGeoError(
                f"{whole} could not be written: the disk is full. Make room on it and run again; "
                "the last results are as they were."
            ) from error
        if isinstance(error, OSError):
            raise QypGeoError(
                f"{whole} could not be written: {_text(error)}. Give the folder write permission, close the files of "
                f"{whole.name}/ that are open in other programs, and run again; the last results are as they were."
            ) from error
        raise


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ROOM_BYTES
    except OSError:
        return False


def _text(error: OSError) -> str:
    said = error.strerror or str(error)
    return f"{said}: {error.filename}" if error.filename else said


def _settle(folder: Path) -> None:
    """Wait until all that was written into a folder is on the disk."""
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def _sync(path: Path) -> None:
    if path.is_dir():
        if os.name == "nt":  # which knows no such thing for folders
            return
        number = os.open(path, os.O_RDONLY)
    else:
        number = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # shares that cannot are still written to
            raise
    finally:
        os.close(number)


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
