"""Asks one engine about one network, in a process of its own, so that the memory measured is that engine's alone.

`engine.py` calls it: ENGINE NETWORK ORDER FOLDER PATIENCE QUESTION…, and reads lines of JSON from it: of each step one,
and after building one of each question that the engine answers, as not reached yet. The answers come to lie in the
folder. A step that takes longer than the patience (seconds; 0: no end) ends the process.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import shapely

from qyp_geo.network import WalkNetwork
from tests.benchmarks.networks import Arrays, Ints, arrays_of, grid, shuffled, streets
from tests.benchmarks.ours import ask_ours
from tests.benchmarks.peers import PEERS
from tests.benchmarks.questions import OURS, Answers, Pairs

REPEATS = 3
ARRAYS = "arrays.npz"
"""The file in the folder with the network that all engines get."""

NOT_REACHED = {"failed": "not reached"}

LONG_S = 5.0
"""What takes longer is timed once."""


def main(engine: str, network: str, order: str, folder: str, patience: str, *questions: str) -> None:
    """Build, ask, write."""
    warnings.simplefilter("ignore")  # the packages' own
    asked = Asked(int(patience))
    file = Path(folder) / ARRAYS
    number = None
    answers: Answers | None
    if engine == OURS:
        warm_up(ask_ours, questions)
        answers = ours(asked, network, file)
    else:
        ask = PEERS[engine].ask
        warm_up(lambda arrays, _: ask(arrays), questions)
        arrays, number = in_order(Arrays.load(file), order)
        answers = asked.step("build", lambda: ask(arrays), repeats=1)
    asking = [question for question in questions if answers is not None and question in answers]
    for question in asking:
        asked.tell(question, NOT_REACHED)
    for question in asking:
        answer = asked.step(question, answers[question], repeats=REPEATS)
        if answer is not None and question != "snap":
            np.savez(answer_file(Path(folder), engine, order, question), **kept(question, answer, number))


class Asked:
    """Steps of one engine: timed, their memory measured, told as a line of JSON each."""

    def __init__(self, patience_s: int) -> None:
        self.patience_s = patience_s
        self.out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)  # what engines print, from whatever language, is no answer

    def step(self, what: str, do: Callable[[], Any], *, repeats: int) -> Any:
        """What `do` returns, or None where it fails; of several times the least counts."""
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # memory that is free but not handed back would hide what a search takes
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is from here on
        held_mb = _memory_mb("VmRSS")
        told: dict[str, Any]
        answer = None
        seconds: list[float] = []
        signal.alarm(self.patience_s)
        try:
            while len(seconds) < repeats and sum(seconds) < LONG_S:
                answer = None
                start = time.perf_counter()
                answer = do()
                seconds.append(time.perf_counter() - start)
        except Exception as error:  # whatever it is, it is the engine's answer
            told = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:150]}
        else:
            told = {"seconds": min(seconds), "held_mb": held_mb, "peak_mb": _memory_mb("VmHWM")}
        signal.alarm(0)
        self.tell(what, told)
        return None if "failed" in told else answer

    def tell(self, what: str, told: dict[str, Any]) -> None:
        """Write a line."""
        self.out.write(json.dumps({"question": what} | told) + "\n")
        self.out.flush()


def ours(asked: Asked, network: str, file: Path) -> Answers:
    """This project's answers; also writes the arrays that the others get."""
    net = asked.step("build", partial(WalkNetwork.from_lines, streets(network)), repeats=1)  # which are then let go
    arrays = arrays_of(net)
    arrays.save(file)
    none = arrays.arc_m[:0].copy()
    return ask_ours(arrays._replace(head=none.astype(np.int32), arc_m=none), net)  # the network has its own


def warm_up(ask: Callable[[Arrays, WalkNetwork], Answers], questions: Sequence[str]) -> None:
    """Import, and compile or load what is compiled, before anything is timed: ask once about a small network."""
    net = WalkNetwork.from_lines(grid(400))
    answers = ask(arrays_of(net), net)
    for question in answers.keys() & set(questions):
        try:
            answers[question]()
        except Exception:  # noqa: S112 it is told when it is timed
            continue


def in_order(arrays: Arrays, order: str) -> tuple[Arrays, Ints | None]:
    """The network with its nodes in that order, and their new numbers where it is another one."""
    return shuffled(arrays) if order == "shuffled" else (arrays, None)


def answer_file(folder: Path, engine: str, order: str, question: str) -> Path:
    """Where an answer is, in a name that every file system takes."""
    return folder / f"{engine} {order} {question.replace(':', '')}.npz"


def kept(question: str, answer: Any, number: Ints | None) -> dict[str, Any]:
    """What there is to compare: of nodes in Hilbert order, of pairs in ascending order, of polygons the size."""
    if question.startswith("areas"):
        return {"area_m2": shapely.area(answer), "vertices": shapely.get_num_coordinates(answer)}
    if "pairs" in question:
        row = np.repeat(np.arange(len(answer.indptr) - 1), np.diff(answer.indptr))
        order = np.lexsort((answer.target, row))
        return Pairs(answer.indptr, answer.target[order], answer.walk_m[order])._asdict()
    return {"walk_m": answer if number is None else answer[number]}


def _memory_mb(field: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    line = next(line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024.0


if __name__ == "__main__":
    main(*sys.argv[1:])
