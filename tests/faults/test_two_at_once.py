from __future__ import annotations

import errno
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from qyp_geo import locking
from qyp_geo.errors import QypGeoError
from qyp_geo.locking import LOCK_FILE, locked
from qyp_geo.publishing import publish
from qyp_geo.run import run
from tests.faults.acting import ROOT, qyp
from tests.small import small_district

HOLD = """
import sys, time
from pathlib import Path
from qyp_geo.locking import locked
with locked(Path(sys.argv[1]), "qyp run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that works in the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_who_holds_the_folder_is_told(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(QypGeoError) as told, locked(tmp_path, "qyp publish"):
        pass
    text = str(told.value)
    assert f'"qyp run" (process {holder.pid} on ' in text
    assert "since 2" in text
    assert "try again" in text


def test_a_dead_holder_blocks_nobody(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert json.loads((tmp_path / LOCK_FILE).read_text())["pid"] == holder.pid, "what it wrote lies there still"
    with locked(tmp_path, "qyp publish"):
        assert json.loads((tmp_path / LOCK_FILE).read_text())["doing"] == "qyp publish"


def test_the_lock_is_free_after_an_error_and_says_nothing_then(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "a"):
        raise ZeroDivisionError
    assert (tmp_path / LOCK_FILE).read_bytes() == b""
    with locked(tmp_path, "b"):
        pass


def test_a_clock_that_went_back_and_a_spoilt_file_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text('{"since": "2999-01-01"')
    os.utime(tmp_path / LOCK_FILE, (2**33, 2**33))
    with locked(tmp_path, "a"), pytest.raises(QypGeoError, match="in use"), locked(tmp_path, "b"):
        pass


def test_a_link_in_place_of_the_lock_empties_no_other_file(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("precious")
    (tmp_path / LOCK_FILE).symlink_to(other)
    with pytest.raises(QypGeoError, match="is a link"), locked(tmp_path, "a"):
        pass
    assert other.read_text() == "precious"


def test_run_and_publish_refuse_while_another_works(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    with locked(folder, "qyp fetch"):
        with pytest.raises(QypGeoError, match="qyp fetch"):
            run(folder, command="qyp run", progress=lambda _: None)
        with pytest.raises(QypGeoError, match="qyp fetch"):
            publish(folder, draft=True)
        told = qyp("run", folder)
        assert told.returncode == 1
        assert "qyp fetch" in told.stderr
        assert "Traceback" not in told.stderr
    assert not (folder / "build").exists()


def test_the_second_of_two_leaves_what_the_first_is_writing(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    with locked(folder, "qyp run"):
        (folder / ".build.new").mkdir()
        (folder / ".build.new" / "half").write_text("being written")
        for command in ("check", "publish"):
            assert "Traceback" not in qyp(command, folder).stderr
        assert (folder / ".build.new" / "half").is_file()


class _Msvcrt(ModuleType):
    """What the locks of Windows do, as far as they are used here: one byte of a file, at its position, is one holder's."""

    LK_NBLCK, LK_UNLCK = 2, 0

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.held: set[tuple[int, int]] = set()

    def locking(self, descriptor: int, mode: int, n_bytes: int) -> None:
        assert n_bytes == 1
        byte = os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR)
        if (byte in self.held) == (mode == self.LK_NBLCK):
            raise OSError(errno.EACCES, "Permission denied")
        self.held ^= {byte}


def test_on_windows_a_byte_behind_the_text_is_locked_so_that_others_read_who_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = _Msvcrt()
    spec = importlib.util.spec_from_file_location("locking_on_windows", locking.__file__)
    assert spec is not None
    assert spec.loader is not None
    there = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "msvcrt", windows)
        patched.setattr(sys, "platform", "win32")
        spec.loader.exec_module(there)
    with there.locked(tmp_path, "qyp run"):
        [(_, byte)] = windows.held
        assert byte > (tmp_path / LOCK_FILE).stat().st_size
        with pytest.raises(QypGeoError, match=f'"qyp run" .process {os.getpid()} on'), there.locked(tmp_path, "b"):
            pass
    assert not windows.held
    with there.locked(tmp_path, "c"):
        pass
