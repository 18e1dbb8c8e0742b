"""Where the command begins and ends: its options for all, its exit codes, and what becomes of an error."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer

from qyp_geo.cli.commands import app
from qyp_geo.cli.exits import MISTAKE, OK, REFUSED, STOPPED, UNUSABLE, USAGE
from qyp_geo.cli.talking import Talk
from qyp_geo.errors import QypGeoError, RefusedError
from qyp_geo.secrets import masked
from qyp_geo.translation import language_of, translated

_CLICK_ERROR: Final = cast(type[Exception], typer.BadParameter.__mro__[2])
"""The error of every wrong usage, which typer does not name."""


def main() -> None:
    """Run the command, print what it has to say, and end with one of the codes of `qyp_geo.cli.exits`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name that the terminal has no letters for is no reason to fail
    sys.exit(answer(sys.argv[1:]))


def answer(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments
        What stands behind ``qyp``.
    """
    talk = Talk()
    try:
        _listen(talk, arguments)
        with _noting_ctrl_c(talk):
            code = _run(talk, arguments)
    except _CLICK_ERROR as error:
        code = USAGE
        _tell_usage(talk, error)
    except RefusedError as error:
        code = REFUSED
        talk.failed(error)
    except QypGeoError as error:
        code = UNUSABLE
        talk.failed(error)
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except BrokenPipeError:  # who read the answer has read enough; Python would complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNUSABLE
    except Exception as error:
        code = STOPPED if talk.stopped else MISTAKE
        if code == MISTAKE:
            talk.failed(QypGeoError(_mistake(error)))
    if code == STOPPED:
        talk.failed(QypGeoError("stopped; the last results are whole, as they were"))
    talk.close(code)
    return code


@contextmanager
def _noting_ctrl_c(talk: Talk) -> Iterator[None]:
    """Note Ctrl+C beside raising it.

    While numba compiles, LLVM calls back into Python, where an exception is lost or leaves half a function behind: the next
    step then ends the command, and an error that follows is not a mistake of the program.
    """

    def stop(*_: object) -> None:
        talk.stopped = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # which alone is told of signals
        yield
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _listen(talk: Talk, arguments: Sequence[str]) -> None:
    """Note the options for all, wherever they stand: also an error in what stands before them is told as they ask."""
    given = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    talk.as_json, talk.quiet = "--json" in given, "--quiet" in given
    languages = [word.removeprefix("--lang=") for word in given if word.startswith("--lang=")]
    languages += [after for word, after in pairwise(given) if word == "--lang"]
    try:
        talk.language = language_of(languages[-1] if languages else None)
    except QypGeoError as error:
        raise typer.BadParameter(str(error)) from error


def _run(talk: Talk, arguments: Sequence[str]) -> int:
    command: Any = typer.main.get_command(app)
    for one in (command, *command.commands.values()):
        one.params += _options_for_all()
        for said in (one, *one.params):
            for word in ("help", "epilog"):
                if getattr(said, word, None):
                    setattr(said, word, translated(getattr(said, word), talk.language))
    code = command.main(list(arguments) or ["--help"], prog_name="qyp", standalone_mode=False, obj=talk)
    return code if isinstance(code, int) else OK


def _options_for_all() -> list[Any]:
    """Return the options that every command takes; they were heard already, and are here for the help and the checks."""
    params: list[Any] = typer.main.get_command(_for_all).params
    for one in params:
        one.expose_value = False
    return params


_for_all = typer.Typer(add_completion=False)


@_for_all.command()
def _options(
    lang: Annotated[
        str | None,
        typer.Option(
            metavar="zh|en",
            help="The language of what is printed; by default that of QYP_LANG, else of the system.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object for scripts, with all messages in it, and nothing else."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Are options of every command."""


def _tell_usage(talk: Talk, error: Any) -> None:
    """Say what is wrong with the command, and where its help is."""
    path = error.ctx.command_path if getattr(error, "ctx", None) is not None else "qyp"
    message = translated(error.format_message().rstrip("."), talk.language)
    talk.failed(QypGeoError(f'{message}\nSee "{path} --help"'))


def _mistake(error: Exception) -> str:
    """Keep the trace of a mistake of the program in a file, and return what to say of it."""
    told = masked("".join(traceback.format_exception(error)))
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="qyp-", suffix=".txt", delete=False) as file:
            file.write(told)
        where = str(Path(file.name))
    except OSError:
        where = "nowhere, as the disk takes nothing"
    return (
        f"a mistake of the program, {type(error).__name__}: {error}. The last results are whole, as they were. "
        f"Please report it with the trace, which is kept here: {where}"
    )
