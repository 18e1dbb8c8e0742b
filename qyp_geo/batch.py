"""Many district folders, each run as `qyp run` runs one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from qyp_geo.errors import QypGeoError
from qyp_geo.run import Progress, run
from qyp_geo.tiles import HERE, open_workers


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one folder.

    Attributes
    ----------
    folder
        The folder, as it was given.
    seconds
        How long it took.
    message
        Why it failed; empty where it was run, and its `build/` is new.
    n_warnings
        Warnings that its run would print.
    """

    folder: Path
    seconds: float = 0.0
    message: str = ""
    n_warnings: int = 0


def run_batch(folders: Sequence[Path], *, command: str, scheduler: str | None, progress: Progress) -> list[Outcome]:
    """Run folders, several at once where there are several workers; what one does by tiles it does on its own worker.

    Parameters
    ----------
    folders
        District folders, which the workers see under the same paths.
    command
        The command as typed, for each `run.json`.
    scheduler
        As `qyp_geo.tiles.open_workers` takes it.
    progress
        Is told which folders are done.

    Returns
    -------
    What became of each folder, in their order.

    Raises
    ------
    QypGeoError
        A folder is given twice, or the scheduler cannot be used.
    """
    given = {folder.resolve(): folder for folder in folders}
    if len(given) < len(folders):
        raise QypGeoError("a folder is given twice: each is run once, and two runs of one would write the same build/")
    found: dict[Path, Outcome] = {}
    with open_workers(scheduler) as workers:
        progress(f"0 / {len(given)}")
        for folder, outcome in workers.each(partial(_run_one, command), given):
            found[folder] = Outcome(folder, message=str(outcome)) if isinstance(outcome, QypGeoError) else outcome
            progress(f"{len(found)} / {len(given)} {given[folder]}")
    return [replace(found[folder], folder=as_given) for folder, as_given in given.items()]


def _run_one(command: str, folder: Path) -> Outcome:
    began = time.perf_counter()
    message, n_warnings = "", 0
    try:
        n_warnings = len(run(folder, command=command, progress=lambda _: None, scheduler=HERE).warnings)
    except QypGeoError as error:
        message = str(error)
    except Exception as error:  # a mistake of the program in one district leaves the others their results
        message = f"stopped by a mistake of the program, {type(error).__name__}: {error}"
    return Outcome(folder, time.perf_counter() - began, message, n_warnings)
