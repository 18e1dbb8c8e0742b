"""Fetches that are killed at a random moment of their work.

By turns a fetch into a new folder and one that renews its extract.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from qyp_geo.errors import QypGeoError
from qyp_geo.fetching import fetch
from tests.faults.acting import begin
from tests.online.replaying import Replay

ANSWER_S = 0.03
LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class KilledFetch:
    """What a kill of `qyp fetch` left.

    Attributes
    ----------
    hit
        Whether it was at work, and not done yet.
    whole
        Whether the folder was as before, or as after a whole fetch, be it that what is ready has yet to be moved in.
    next
        Whether the next fetch succeeded, and left what an undisturbed one leaves.
    said
        What the next one said where it failed.
    """

    number: int
    hit: bool
    whole: bool
    next: bool
    said: str


class Killing:
    """Kills fetches of one place, which a server of this machine knows."""

    def __init__(self, server: Replay, root: Path, place: str) -> None:
        self.server, self.place = server, place
        server.delay_s = ANSWER_S
        self._root = root
        undisturbed = self._new("undisturbed")
        self._work_s = self._until_done(begin("fetch", undisturbed, "--place", place))
        self._whole = contents(undisturbed)

    def once(self, number: int) -> KilledFetch:
        """Kill one: a new folder is made by even numbers, by odd ones an extract is renewed."""
        rng = random.Random(number)  # noqa: S311
        folder = self._new(str(number))
        if number % 2:
            fetch(folder, place=self.place)
            kept = sorted((folder / ".cache" / "fetch").glob("*.answer"))
            for path in rng.sample(kept, rng.randint(2, len(kept))):
                path.unlink()
        before = contents(folder)
        process = begin("fetch", folder, *([] if number % 2 else ["--place", self.place]))
        self._until_at_work(process)
        time.sleep(rng.uniform(0, self._work_s))
        hit = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        ready = folder / ".cache" / "fetch" / "ready" / "new"
        whole = contents(folder) in (before, self._whole) or (ready.is_dir() and not (folder / "layers").exists())
        is_one = (folder / "layers" / "district.toml").is_file() or ready.is_dir()
        said = ""
        try:
            fetch(folder, place=None if is_one else self.place)
        except QypGeoError as error:
            said = str(error)
        return KilledFetch(number, hit, whole, not said and contents(folder) == self._whole, said)

    def _new(self, name: str) -> Path:
        folder = self._root / name / "district"
        folder.mkdir(parents=True)
        (folder / "fetch.toml").write_text(self.server.settings, encoding="utf-8")
        return folder

    def _until_at_work(self, process: subprocess.Popen[str]) -> None:
        """Wait for its first request: the moments before it, when it only starts, are not worth a kill."""
        asked, until = len(self.server.questions), time.monotonic() + LONGEST_S
        while len(self.server.questions) == asked and process.poll() is None:
            if time.monotonic() > until:
                process.kill()
                raise TimeoutError("the fetch has asked nothing")
            time.sleep(0.002)

    def _until_done(self, process: subprocess.Popen[str]) -> float:
        self._until_at_work(process)
        began = time.monotonic()
        _, said = process.communicate(timeout=LONGEST_S)
        if process.returncode != 0:
            raise RuntimeError(said)
        return time.monotonic() - began


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder that is not hidden."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
