"""Commands as a user starts them: in processes of their own, which a test may stop, starve or shut out."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from qyp_geo.build import sha256

ROOT = Path(__file__).parents[2]


_NO_RIGHTS = "-dac_override,-dac_read_search,-fowner"
"""Without these root is refused what the mode of a file refuses."""


def qyp(*arguments: str | Path, as_root: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, if asked without the rights that root has over every file."""
    shut_out = [] if as_root else ["setpriv", f"--bounding-set={_NO_RIGHTS}", f"--inh-caps={_NO_RIGHTS}"]
    return subprocess.run(
        [*shut_out, sys.executable, "-m", "qyp_geo", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=_environment(environment),
        timeout=300,
        check=False,
    )


def begin(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start a command, and do not wait."""
    return subprocess.Popen(
        [sys.executable, "-m", "qyp_geo", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=_environment(environment),
    )


def _environment(more: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "QYP_LANG": "en", **more}


@dataclass(frozen=True, slots=True)
class Killed:
    """What a kill left: whether it hit the command at work, and whether a whole folder was there before the next one."""

    after_s: float
    hit: bool
    whole: bool


def kill_once(folder: Path, *arguments: str | Path, name: str, rng: random.Random, usual_s: float) -> Killed:
    """Kill a command at a random moment of its usual duration, and look at what lies in `name` of the folder."""
    before = hashes(folder / name)
    after_s = rng.uniform(0, usual_s)
    process = begin(*arguments)
    time.sleep(after_s)
    hit = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    present = [one for one in (folder / name, folder / f".{name}.old") if one.is_dir()]
    # The last good folder lies under its name, or beside it between the two renames; or the new one is there already.
    now = hashes(present[0]) if present else {}
    return Killed(after_s, hit, now == before or (bool(now) and is_complete(present[0])))


def is_complete(folder: Path) -> bool:
    """Whether what was written last in a folder is there, so that all before it is."""
    return (folder / "run.json").is_file() or (folder / "SHA256SUMS").is_file()


def hashes(folder: Path) -> dict[str, str]:
    """Every file of a folder, by its hash."""
    return {p.relative_to(folder).as_posix(): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}
