"""Measures the network engine and its peers: one run, one machine, every engine on the same arrays.

    pip install ".[bench]"
    python tests/benchmarks/engine.py --sizes 10k,100k,1M,10M --wuhan --write docs/benchmarks.md

Each engine has a process of its own for each network. What is said of each: the least of up to three times, the memory
at its peak and what of it was held before, and the greatest difference from SciPy's answer. An engine that does not
install, fails, or takes longer than `--patience` seconds is named with its reason; one that would by the figure of the
network before, taken as linear, is not run. Linux only: peaks of memory are read from /proc. The streets of 武汉 are
read from beside the checkout. Building the network of 10M nodes takes 16 GB of memory, for its lines above all.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).parents[2]))

import typer

from tests.benchmarks.answers import compared
from tests.benchmarks.ask import NOT_REACHED
from tests.benchmarks.networks import SIZES, WUHAN
from tests.benchmarks.peers import PEERS
from tests.benchmarks.questions import BOUND, OURS
from tests.benchmarks.report import Figure, report

AREAS = [
    "areas: contour",
    "areas: pieces buffered",
    "areas: ways",
    "areas: radius",
    "areas: convex hull of reached nodes",
    "areas: concave hull of reached nodes",
    "areas: reached nodes buffered by what is left",
]
QUESTIONS = {
    "10k": ["snap", "nearest", "pairs of 2,000", "all pairs", "tally", "3 nearest", *AREAS],
    "100k": ["snap", "nearest", "pairs of 2,000", "all pairs", "tally", "3 nearest", *AREAS],
    "1M": ["snap", "nearest", "pairs of 2,000", "tally", "3 nearest"],
    "10M": ["nearest", "pairs of 2,000", "tally", "3 nearest"],
    WUHAN: ["snap", "nearest", "pairs of 2,000", "all pairs", "tally", "3 nearest"],
}


def main(
    sizes: Annotated[str, typer.Option(help="Networks, as 10k,100k,1M,10M.")] = "10k,100k",
    wuhan: Annotated[bool, typer.Option("--wuhan", help="Also the streets of 武汉.")] = False,
    patience: Annotated[int, typer.Option(help="Seconds that any step of a peer may take.")] = 180,
    peers: Annotated[str, typer.Option(help="Only these, as SciPy,igraph.")] = ",".join(PEERS),
    write: Annotated[Path | None, typer.Option(help="File to write the tables to; else they are printed.")] = None,
) -> None:
    """Measure, compare, tell."""
    networks = [*filter(None, sizes.split(",")), *([WUHAN] if wuhan else [])]
    unknown = sorted({*networks} - {*SIZES, WUHAN} | ({*peers.split(",")} - {*PEERS}))
    if unknown:
        raise typer.BadParameter(f"no such network or peer: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        absent = _absent(peers.split(","), work)
        present = [peer for peer in peers.split(",") if peer not in absent]
        figures: list[Figure] = []
        for network in networks:
            typer.echo(f"{network}:", err=True)
            figures += _of_network(network, present, figures, patience_s=patience, work=work / network)
    text = report(figures, absent)
    if write is None:
        typer.echo(text)
    else:
        write.write_text(text, encoding="utf-8")


def _absent(peers: list[str], work: Path) -> dict[str, str]:
    """Peers that cannot be asked here, and why. Compiles the C++ twin on the way."""
    absent = {}
    for peer in peers:
        package = PEERS[peer].package
        if package is not None and importlib.util.find_spec(package) is None:
            absent[peer] = "is not installed"
    compiler = shutil.which("g++")
    if compiler is None:
        absent[BOUND] = "there is no g++"
    else:
        library = work / "bucket.so"
        source = Path(__file__).with_name("bucket.cpp")
        flags = ["-O3", "-march=native", "-std=c++17", "-shared", "-fPIC", "-pthread"]
        subprocess.run([compiler, *flags, source, "-o", library], check=True)
        os.environ["QYP_BUCKET"] = str(library)
    return absent


def _of_network(network: str, peers: list[str], before: list[Figure], *, patience_s: int, work: Path) -> list[Figure]:
    work.mkdir()
    figures = _asked(OURS, network, "Hilbert", QUESTIONS[network], patience_s=0, work=work)
    for peer in peers:
        build = _too_long(peer, "build", network, before, patience_s)
        if build is not None:
            figures.append(Figure(peer, network, "Hilbert", "build", failed=build))
            continue
        worth = []
        for question in QUESTIONS[network]:
            reason = _too_long(peer, question, network, before, patience_s)
            if reason is None:
                worth.append(question)
            else:
                figures.append(Figure(peer, network, "Hilbert", question, failed=reason))
        found = _asked(peer, network, "Hilbert", worth, patience_s=patience_s, work=work)
        figures += found
        if any(figure.question == "nearest" and figure.seconds is not None for figure in found):
            figures += _asked(peer, network, "shuffled", ["nearest"], patience_s=patience_s, work=work)
    checked = [compared(figure, work) for figure in figures]
    shutil.rmtree(work)
    return checked


def _too_long(peer: str, question: str, network: str, before: list[Figure], patience_s: int) -> str | None:
    """Why a peer need not be asked: it took too long, or failed, on the network of a tenth of the size."""
    smaller = {"100k": "10k", "1M": "100k", "10M": "1M"}.get(network)
    for figure in before:
        if (figure.engine, figure.network, figure.order, figure.question) != (peer, smaller, "Hilbert", question):
            continue
        if figure.seconds is None:
            return f"not run: {figure.failed} ({smaller})" if "not run" not in figure.failed else figure.failed
        if 10 * figure.seconds > patience_s:
            return f"not run: {figure.seconds:.0f} s with {smaller}"
    return None


def _asked(engine: str, network: str, order: str, questions: list[str], *, patience_s: int, work: Path) -> list[Figure]:
    """The figures of one engine; where a step takes its process down, the questions after it get a new one."""
    figures: dict[str, Figure] = {}
    left = questions
    while left:
        script = str(Path(__file__).with_name("ask.py"))
        command = [sys.executable, script, engine, network, order, str(work), str(patience_s), *left]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
        told = {line.pop("question"): line for line in map(json.loads, done.stdout.splitlines())}
        left = [question for question, figure in told.items() if figure == NOT_REACHED]
        if done.returncode != 0:
            reason = (
                f"longer than {patience_s} s" if done.returncode == -signal.SIGALRM else f"died ({done.returncode})"
            )
            told[left.pop(0) if left else "build"] = {"failed": reason}
        for question, figure in told.items():
            typer.echo(f"  {engine}, {order}, {question}: {figure}", err=True)
            figures[question] = Figure(engine, network, order, question, **figure)
    return list(figures.values())


if __name__ == "__main__":
    typer.run(main)
