"""The long run behind `docs/trust.md`: ``python -m tests.faults.full --damaged 10000 --kills 200``.

Each trial is written to a log as it is made; the same command goes on where an earlier one ended. At the end a table in
Markdown is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from qyp_geo.run import run
from qyp_geo.starting import new_district
from tests.faults.acting import kill_once, qyp
from tests.faults.trials import Trial, as_line, from_line, trials

GOOD: Final = ("told", "same", "warned", "other")
_AT_ONCE: Final = 500
_COMMANDS: Final = {"run": "build", "publish": "draft"}


def main() -> None:
    """Make what is missing in the log, and print what came of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--damaged", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--log", type=Path, default=Path(tempfile.gettempdir()) / "qyp-faults.jsonl")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    _damage(asked.damaged, asked.log, asked.processes)
    kills = asked.log.with_suffix(".kills.jsonl")
    _kill(asked.kills, kills, asked.processes)
    print(table(list(_logged(asked.log))))  # noqa: T201
    print(kill_table(kills))  # noqa: T201


def _logged(log: Path) -> Iterator[Trial]:
    if log.exists():
        yield from (from_line(line) for line in log.read_text(encoding="utf-8").splitlines())


def _damage(wanted: int, log: Path, processes: int) -> None:
    done = {trial.number for trial in _logged(log)}
    left = [number for number in range(wanted) if number not in done]
    for start in range(0, len(left), _AT_ONCE):
        made = list(trials(left[start : start + _AT_ONCE], processes=processes))
        with log.open("a", encoding="utf-8") as file:
            file.writelines(f"{as_line(trial)}\n" for trial in made)


def _kill(wanted: int, log: Path, processes: int) -> None:
    """Kill commands by turns, each worker in a folder of its own."""
    done = len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0
    if done >= wanted:
        return
    with tempfile.TemporaryDirectory() as place:
        sample = Path(place) / "0"
        new_district(sample)
        run(sample, command="qyp run", progress=lambda _: None)
        if qyp("publish", sample, "--draft").returncode != 0:
            raise RuntimeError("the sample district cannot be published as a draft")
        folders = [sample, *(Path(place) / str(number) for number in range(1, processes))]
        for folder in folders[1:]:
            shutil.copytree(sample, folder)
        usual_s = {command: _seconds(command, sample) for command in _COMMANDS}

        def some(worker: int) -> None:
            for number in range(done + worker, wanted, processes):
                line = json.dumps(_one_kill(folders[worker], number, usual_s))
                with log.open("a", encoding="utf-8") as file:
                    file.write(f"{line}\n")

        with ThreadPoolExecutor(processes) as pool:
            list(pool.map(some, range(processes)))


def _arguments(command: str, folder: Path) -> list[str | Path]:
    return [command, folder, *(["--draft"] if command == "publish" else [])]


def _seconds(command: str, folder: Path) -> float:
    began = time.monotonic()
    qyp(*_arguments(command, folder))
    return time.monotonic() - began


def _one_kill(folder: Path, number: int, usual_s: dict[str, float]) -> dict[str, Any]:
    command = list(_COMMANDS)[number // 2 % len(_COMMANDS)]
    rng = random.Random(number)  # noqa: S311
    killed = kill_once(folder, *_arguments(command, folder), name=_COMMANDS[command], rng=rng, usual_s=usual_s[command])
    again = qyp(*_arguments(command, folder))
    return {
        "number": number,
        "command": command,
        "hit": killed.hit,
        "whole": killed.whole,
        "next": again.returncode == 0 and not list(folder.glob(".*.new")),
        "said": again.stderr[-500:] if again.returncode else "",
    }


def table(made: list[Trial]) -> str:
    """Return the counts by format, and by fault, as Markdown; what came to neither end is named below."""
    by_format = _counted("Format", [(one.target, one.outcome) for one in made])
    by_fault = _counted("Fault", [(one.fault.removesuffix(", inside"), one.outcome) for one in made])
    bad = [one for one in made if one.outcome not in GOOD]
    named = [f"- {one.number} {one.target}, {one.fault}: {one.outcome} {one.detail[-200:]!r}" for one in bad]
    return "\n".join([*by_format, "", *by_fault, "", *named])


def _counted(heading: str, made: list[tuple[str, str]]) -> Iterator[str]:
    yield f"| {heading} | inputs | told | read the same | read otherwise, with a warning | read otherwise | none of these |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name in [*sorted({name for name, _ in made}), "all"]:
        counts = Counter(outcome for one, outcome in made if name in {one, "all"})
        good = [counts[outcome] for outcome in GOOD]
        yield f"| {name} | {' | '.join(f'{count:,}' for count in (counts.total(), *good, counts.total() - sum(good)))} |"


def kill_table(log: Path) -> str:
    """Return the counts of kills as Markdown."""
    made = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    lines = [
        "| Command | kills | hit it at work | last good results whole | next one succeeded |",
        "|---|---:|---:|---:|---:|",
    ]
    for command in _COMMANDS:
        of = [one for one in made if one["command"] == command]
        counts = " | ".join(str(sum(one[key] for one in of)) for key in ("hit", "whole", "next"))
        lines.append(f"| {command} | {len(of)} | {counts} |")
    return "\n".join([*lines, *(f"- {one}" for one in made if not (one["whole"] and one["next"]))])


if __name__ == "__main__":
    main()
