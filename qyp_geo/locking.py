"""One command at a time writes in a district folder.

The lock is one of the operating system, held by an open file: it ends with the process that holds it, however that ends, so
that nothing is ever to be removed by hand. What stands in the file is for people: it says who holds the lock.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from qyp_geo.errors import QypGeoError

LOCK_FILE: Final = ".qyp.lock"
_AT_BYTE: Final = 1 << 20
"""Windows keeps others from reading the bytes that are locked: this one lies behind the text."""
_HELD: Final = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})


@contextmanager
def locked(folder: Path, doing: str) -> Iterator[None]:
    """Hold the lock of a district folder while the block runs.

    Parameters
    ----------
    folder
        The district folder, which exists.
    doing
        What is being done, as others read it: ``qyp run``.

    Raises
    ------
    QypGeoError
        If another command holds it (the message says which, where and since when), if the folder cannot be written to, or if
        it lies on a share that knows no locks.
    """
    with _opened(folder) as file:
        try:
            _lock(file)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                raise QypGeoError(
                    f"{folder} lies on a disk or share that knows no locks ({error.strerror}), so that two commands could "
                    "write into it at once. Copy the folder to a disk of this computer and work there."
                ) from error
            if error.errno not in _HELD:
                raise
            raise QypGeoError(_held_by(folder, file)) from error
        try:
            with suppress(OSError):  # the lock holds on a full disk too, only without a name
                _write(file, _about(doing))
            yield
        finally:
            with suppress(OSError):
                _write(file, "")
            _unlock(file)


def _opened(folder: Path) -> IO[bytes]:
    path = folder / LOCK_FILE
    # A link in its place would have another file emptied.
    flags = (
        os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    )
    try:
        return os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise QypGeoError(f"{path} is a link, not a file of the program: remove it and try again.") from error
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise QypGeoError(f"The disk of {folder} is full: make room and try again; nothing was changed.") from error
        raise QypGeoError(
            f"{folder} cannot be written to: {error.strerror}. Give the folder write permission, or copy it to a disk of this "
            "computer; nothing was changed."
        ) from error


def _about(doing: str) -> str:
    return json.dumps(
        {
            "doing": doing,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        },
        ensure_ascii=False,
    )


def _held_by(folder: Path, file: IO[bytes]) -> str:
    """Say who holds the lock, as far as the file tells; it is read between two writes now and then."""
    try:
        file.seek(0)
        about = json.loads(file.read(4096))
        who = f'"{about["doing"]}" (process {about["pid"]} on {about["host"]}, since {about["since"]})'
    except (OSError, ValueError, TypeError, KeyError):
        who = "another command"
    return (
        f"{folder} is in use by {who}, and two commands would spoil each other's results. "
        "Wait until it has ended, or end it, and try again; nothing was changed."
    )


def _write(file: IO[bytes], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text.encode())


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(_AT_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(file: IO[bytes]) -> None:
        file.seek(_AT_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
