"""Damaged inputs looked at one after another, each in a process that may die, hang or swell without harm."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.faults.damage import damaged
from tests.faults.targets import TARGETS, build_target

if TYPE_CHECKING:
    from qyp_geo.frames import LayerData

SECONDS: Final = 30
"""No input may keep its reader longer."""
LETTERS: Final = 20_000
"""No message is longer: it tells many problems, but not the file itself."""
MEMORY_BYTES: Final = 2 << 30
_REMEDY_WITHIN: Final = ". "
"""What a message of two sentences says in the second."""
_ADDRESS_BYTES: Final = 8 << 30
"""Libraries reserve far more than they use; this keeps a broken reader from taking the machine."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one damaged input.

    Attributes
    ----------
    outcome
        ``told``; ``same`` where all was read as from the sound file, ``warned`` where something else was read with a warning,
        ``other`` where it was read without one; or what must not be: ``traceback``, ``crash``, ``hang``, ``memory``,
        ``unhelpful``.
    """

    number: int
    target: str
    fault: str
    outcome: str
    detail: str = ""


def trials(numbers: Sequence[int], *, processes: int = 2, targets: Sequence[str] = tuple(TARGETS)) -> Iterator[Trial]:
    """Make trials, several at once; a trial's number says what is damaged and how."""
    shares = [numbers[start::processes] for start in range(processes)]
    with ThreadPoolExecutor(processes) as pool:
        for done in pool.map(lambda share: list(_in_processes(share, targets)), shares):
            yield from done


def _in_processes(numbers: Sequence[int], targets: Sequence[str]) -> Iterator[Trial]:
    left = list(numbers)
    context = multiprocessing.get_context("spawn")
    while left:
        ours, theirs = context.Pipe()
        place = tempfile.TemporaryDirectory()  # not the process's own: it may not live to remove it
        process = context.Process(target=_work, args=(theirs, Path(place.name), left, list(targets)), daemon=True)
        process.start()
        theirs.close()
        target, fault = "", ""
        try:
            while left:
                if not ours.poll(SECONDS + 60 * (not target)):  # the first waits for the imports too
                    yield Trial(left.pop(0), target, fault, "hang")
                    break
                message = ours.recv()
                if isinstance(message, Trial):
                    left.pop(0)
                    yield message
                else:
                    target, fault = message
        except EOFError:
            yield Trial(left.pop(0), target, fault, "crash", f"exit code {process.exitcode}")
        finally:
            process.kill()
            process.join()
            place.cleanup()


def _work(pipe: Connection, place: Path, numbers: Sequence[int], targets: Sequence[str]) -> None:
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES, _ADDRESS_BYTES))
    sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115  drivers print what they also raise
    built: dict[str, tuple[Path, Path, bytes, Look]] = {}
    for number in numbers:
        name = targets[number % len(targets)]
        if name not in built:
            folder = place / str(len(built))
            file = build_target(folder, name)
            built[name] = folder, file, file.read_bytes(), look(folder)
        folder, file, sound, whole = built[name]
        fault, broken = damaged(sound, file.name, number)
        pipe.send((name, fault))
        file.write_bytes(broken)
        seen = look(folder)
        outcome, detail = seen.outcome if seen.outcome != "read" else _against(whole, seen), seen.detail
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MEMORY_BYTES:
            outcome, detail = "memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB"
        file.write_bytes(sound)
        pipe.send(Trial(number, name, fault, outcome, detail))
        if outcome == "memory":
            return  # the peak of a process never falls
    pipe.close()


@dataclass(frozen=True, slots=True)
class Look:
    """What came of reading a folder: ``read``, ``told``, or what must not be.

    Attributes
    ----------
    warnings
        How many things were told that do not keep the folder from being read.
    content
        Every declaration and every layer as it was read, by a hash.
    """

    outcome: str
    detail: str = ""
    warnings: int = 0
    content: str = ""


def look(folder: Path) -> Look:
    """Read a folder as `qyp check` does, and say what came of it."""
    from qyp_geo import layers  # noqa: PLC0415
    from qyp_geo.errors import QypGeoError  # noqa: PLC0415
    from qyp_geo.project import survey  # noqa: PLC0415

    read: dict[str, LayerData] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Old pyproj tries points as arrays first, of which NumPy warns.
            warnings.filterwarnings("ignore", "Conversion of an array", DeprecationWarning, module=r"pyproj\.")
            project, problems = survey(folder)
            if project is not None:
                read, found = layers.read_layers(project.layers, folder=folder, district=project.district)
                _, told = layers.open_tiled(project.layers, read, folder=folder, district=project.district)
                problems += found + told + layers.check_layers(read, project.district)
    except QypGeoError as error:
        return Look("told" if len(str(error)) < LETTERS else "unhelpful", str(error)[:LETTERS])
    except BaseException:  # all of them are what must not be
        return Look("traceback", traceback.format_exc())
    errors = [problem for problem in problems if problem.severity == "error"]
    lacking = [one for one in errors if not (one.file and one.what and (one.remedy or _REMEDY_WITHIN in one.what))]
    if lacking:
        return Look("unhelpful", str(lacking[0]))
    if errors and len(str(errors[0])) > LETTERS:
        return Look("unhelpful", "a message that nobody reads to its end")
    if errors:
        return Look("told", str(errors[0]))
    frames = (f"{name}\n{layer.frame.to_wkt().to_csv()}" for name, layer in sorted(read.items()))
    written = f"{project!r}\n{''.join(frames)}"
    return Look("read", warnings=len(problems), content=hashlib.sha256(written.encode("utf-8", "replace")).hexdigest())


def _against(whole: Look, seen: Look) -> str:
    """What was read of a damaged file, against what is read of the sound one."""
    if seen.content == whole.content:
        return "same"
    return "warned" if seen.warnings > whole.warnings else "other"


def as_line(trial: Trial) -> str:
    return json.dumps(
        {
            "number": trial.number,
            "target": trial.target,
            "fault": trial.fault,
            "outcome": trial.outcome,
            "detail": trial.detail,
        },
        ensure_ascii=False,
    )


def from_line(line: str) -> Trial:
    content: dict[str, Any] = json.loads(line)
    return Trial(**content)
