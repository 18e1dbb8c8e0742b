"""The long run behind `docs/trust.md`: ``python -m tests.faults.full --damaged 10000 --kills 200 --osm FILE.osm --place NAME``.

Each trial is written to a log as it is made; the same command goes on where an earlier one ended. Killed are `qyp run` and
`qyp publish` of the sample district, and `qyp fetch` of a place in an OSM file, by turns. At the end tables in Markdown are
printed.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from qyp_geo.run import run
from qyp_geo.starting import new_district
from tests.faults.acting import kill_once, qyp
from tests.faults.trials import Trial, as_line, from_line, trials
from tests.online.kills import Killing
from tests.online.replaying import Osm, replaying

GOOD: Final = ("told", "same", "warned", "other")
_AT_ONCE: Final = 500
_WRITTEN: Final = {"run": "build", "publish": "draft"}
"""What a command writes into the folder."""
_COMMANDS: Final = (*_WRITTEN, "fetch")


def main() -> int:
    """Make what is missing in the log, print what came of all, and return 1 where anything came to what must not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--damaged", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--osm", type=Path, required=True, help="an OSM file that holds the place")
    parser.add_argument("--place", required=True, help="an administrative area of the OSM file, by its name")
    parser.add_argument("--log", type=Path, default=Path(tempfile.gettempdir()) / "qyp-faults.jsonl")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    _damage(asked.damaged, asked.log, asked.processes)
    kills = asked.log.with_suffix(".kills.jsonl")
    _kill(asked.kills, kills, asked.processes, asked.osm, asked.place)
    made, killed = list(_logged(asked.log)), _killed(kills)
    print(table(made))  # noqa: T201
    print(kill_table(killed))  # noqa: T201
    return 0 if all(one.outcome in GOOD for one in made) and all(map(_ended_well, killed)) else 1


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


def _kill(wanted: int, log: Path, processes: int, osm: Path, place: str) -> None:
    """Kill commands by turns, each worker in folders of its own."""
    done = {one["number"] for one in _killed(log)}
    left = [number for number in range(wanted) if number not in done]
    if not left:
        return
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        usual_s = _begun(root / "sample")

        def some(worker: int) -> None:
            folder = Path(shutil.copytree(root / "sample", root / str(worker) / "sample"))
            with replaying(Osm.of(osm)) as server:
                fetching = Killing(server, root / str(worker), place)
                for number in left[worker::processes]:
                    command = _COMMANDS[number % len(_COMMANDS)]
                    if command == "fetch":
                        killed = asdict(fetching.once(number))
                    else:
                        killed = _one_kill(folder, command, number, usual_s[command])
                    with log.open("a", encoding="utf-8") as file:
                        file.write(f"{json.dumps({'command': command, **killed})}\n")

        with ThreadPoolExecutor(processes) as pool:
            list(pool.map(some, range(processes)))


def _killed(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def _ended_well(killed: dict[str, Any]) -> bool:
    return bool(killed["whole"] and killed["next"])


def _begun(sample: Path) -> dict[str, float]:
    """Make the sample district with all that is written into it, and return how many seconds each command takes there."""
    new_district(sample)
    run(sample, command="qyp run", progress=lambda _: None)
    usual_s = {}
    for command in _WRITTEN:
        began = time.monotonic()
        done = qyp(*_arguments(command, sample))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        usual_s[command] = time.monotonic() - began
    return usual_s


def _arguments(command: str, folder: Path) -> list[str | Path]:
    return [command, folder, *(["--draft"] if command == "publish" else [])]


def _one_kill(folder: Path, command: str, number: int, usual_s: float) -> dict[str, Any]:
    rng = random.Random(number)  # noqa: S311
    killed = kill_once(folder, *_arguments(command, folder), name=_WRITTEN[command], rng=rng, usual_s=usual_s)
    again = qyp(*_arguments(command, folder))
    return {
        "number": number,
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


def kill_table(made: list[dict[str, Any]]) -> str:
    """Return the counts of kills as Markdown; what did not end well is named below."""
    lines = [
        "| Command | kills | hit it at work | last good results whole | next one succeeded |",
        "|---|---:|---:|---:|---:|",
    ]
    for command in _COMMANDS:
        of = [one for one in made if one["command"] == command]
        counts = " | ".join(str(sum(one[key] for one in of)) for key in ("hit", "whole", "next"))
        lines.append(f"| {command} | {len(of)} | {counts} |")
    return "\n".join([*lines, *(f"- {one}" for one in made if not _ended_well(one))])


if __name__ == "__main__":
    sys.exit(main())
