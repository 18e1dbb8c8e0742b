"""What the command ends with and says: exit codes, JSON for scripts, quiet, languages, completion, Ctrl+C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from qyp_geo import __version__
from qyp_geo.cli import commands
from qyp_geo.cli.entry import answer
from qyp_geo.cli.talking import Talk
from qyp_geo.run import run
from tests.public import REVIEWED, public_district, silent
from tests.small import small_district

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Give a command as typed; get its exit code and what it printed on both streams."""
    monkeypatch.setenv("QYP_LANG", "en")
    monkeypatch.setenv("COLUMNS", "160")

    def asked(*arguments: object) -> tuple[int, str, str]:
        words = [str(argument) for argument in arguments]
        monkeypatch.setattr(sys, "argv", ["qyp", *words])
        code = answer(words)
        return code, *capsys.readouterr()

    return asked


def told(out: str) -> dict[str, Any]:
    """The one object of an answer: anything else on the stream would be no JSON."""
    said: dict[str, Any] = json.loads(out)
    return said


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = public_district(tmp_path_factory.mktemp("answers") / "small", review=REVIEWED)
    run(folder, command="qyp run", progress=silent)
    return folder


def test_what_is_done_ends_with_0_and_tells_a_script_in_one_object(ask: Ask, tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    code, out, err = ask("check", folder, "--json")
    said = told(out)
    assert (code, err) == (0, "")
    assert said == {
        "command": "check",
        "ok": True,
        "exit_code": 0,
        "folder": str(folder),
        "layers": 4,
        "messages": said["messages"],
    }
    assert all(message["severity"] == "warning" for message in said["messages"])


def test_what_is_wrong_ends_with_1_and_is_told_as_objects(ask: Ask, tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    (folder / "layers/toilets.toml").write_text('titel = "厕"\n', encoding="utf-8")
    code, out, err = ask("--json", "run", folder)
    said = told(out)
    assert (code, said["exit_code"], said["ok"], err) == (1, 1, False, "")
    unknown = next(message for message in said["messages"] if message["where"] == "titel")
    assert unknown["file"] == "layers/toilets.toml"
    assert unknown["remedy"] == "Did you mean title?"
    assert unknown["text"].startswith("layers/toilets.toml: titel: unknown key")


def test_no_folder_is_told_to_a_script_too(ask: Ask, tmp_path: Path) -> None:
    code, out, _ = ask("report", tmp_path / "none", "--json")
    assert code == 1
    assert "qyp new" in told(out)["messages"][0]["what"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--nope"),
        ("nope",),
        ("explain",),
        ("serve", "--port", "70000"),
        ("check", "a", "b"),
        ("check", "--lang", "fr"),
        ("run", "--lang"),
    ],
)
def test_wrong_usage_ends_with_2_and_names_the_help(ask: Ask, arguments: tuple[str, ...]) -> None:
    code, out, err = ask(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("qyp: ")
    assert "--help" in err
    code, out, err = ask(*arguments, "--json")
    assert (code, told(out)["exit_code"], err) == (2, 2, "")


def test_what_may_not_be_published_ends_with_3(ask: Ask, tmp_path: Path) -> None:
    folder = public_district(tmp_path / "small")
    run(folder, command="qyp run", progress=silent)
    code, out, _ = ask("publish", folder, "--json")
    said = told(out)
    assert (code, said["exit_code"]) == (3, 3)
    assert said["messages"][0]["where"] == "review_number"
    assert not (folder / "public").exists()


def test_run_report_and_publish_tell_a_script_their_files(ask: Ask, run_folder: Path) -> None:
    code, out, _ = ask("run", run_folder, "--json")
    said = told(out)
    assert code == 0
    assert {path for path in said["files"] if path.endswith(".html")} == {"maps/planners.html", "maps/residents.html"}
    assert said["results"] == {"analyses/coverage": "覆盖", "analyses/gaps": "缺口"}
    assert sum(said["seconds"].values()) > 0
    code, out, _ = ask("publish", run_folder, "--json")
    said = told(out)
    assert code == 0
    assert {"index.html", "SHA256SUMS", "maps/residents.html"} <= set(said["files"])
    assert list(said["left_out"]) == ["maps/planners"]


def test_batch_tells_each_folder_and_ends_with_1_where_one_failed(ask: Ask, tmp_path: Path) -> None:
    good, bad = small_district(tmp_path / "good"), tmp_path / "bad"
    code, out, _ = ask("batch", good, bad, "--scheduler", "here", "--json")
    said = told(out)
    assert code == 1
    assert [(one["folder"], bool(one["message"])) for one in said["folders"]] == [(str(good), False), (str(bad), True)]
    assert [message["file"] for message in said["messages"]] == [str(bad)]


def test_quiet_prints_nothing_but_errors(ask: Ask, tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    assert ask("check", folder, "--quiet") == (0, "", "")
    code, out, err = ask("batch", folder, tmp_path / "bad", "--quiet", "--scheduler", "here")
    assert (code, out) == (1, "")
    assert "bad" in err


def test_the_language_is_that_which_is_asked_for_wherever_it_stands(ask: Ask, tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    for arguments in (("--lang", "zh", "check", folder), ("check", folder, "--lang=zh")):
        code, out, _ = ask(*arguments)
        assert code == 0
        assert "没有错误" in out
    _, _, err = ask("check", tmp_path / "none", "--lang", "zh")
    assert "不是区文件夹" in err
    _, out, _ = ask("check", folder)
    assert "no errors" in out


def test_the_help_is_in_the_language_that_is_asked_for(ask: Ask) -> None:
    code, out, _ = ask("--help", "--lang", "zh")
    assert code == 0
    for expected in ("用法:", "命令:", "退出码:", "显示本帮助"):
        assert expected in out
    _, out, _ = ask("explain", "--help", "--lang", "zh")
    assert "参数:" in out


def test_the_help_tells_commands_exit_codes_and_completion(ask: Ask) -> None:
    code, out, _ = ask("--help")
    assert code == 0
    named = [
        command.name or command.callback.__name__ for command in commands.app.registered_commands if command.callback
    ]
    for expected in (*named, "Exit codes", "130", "--install-completion", "--lang", "--json", "--quiet"):
        assert expected in out
    assert ask("--version")[1].strip() == __version__


def test_the_bare_command_gives_its_help(ask: Ask) -> None:
    assert ask() == ask("--help")


def test_help_is_help_to_a_script_too(ask: Ask) -> None:
    for arguments in (("--help", "--json"), ("check", "--help", "--json")):
        code, out, _ = ask(*arguments)
        assert code == 0
        assert "{" not in out


def test_a_mistake_of_the_program_ends_with_4_and_keeps_its_trace_without_secrets(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("by s3cret-key")

    monkeypatch.setenv("QYP_AMAP_KEY", "s3cret-key")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("qyp_geo.project.find_project", breaks)
    code, out, err = ask("schema", tmp_path)
    [trace] = tmp_path.glob("qyp-*.txt")
    assert (code, out) == (4, "")
    assert str(trace) in err
    assert "Traceback" not in err
    assert "ZeroDivisionError" in trace.read_text(encoding="utf-8")
    assert "s3cret" not in err + trace.read_text(encoding="utf-8")


def test_a_reader_that_has_read_enough_is_no_mistake(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    with subprocess.Popen([sys.executable, "-m", "qyp_geo", "check", str(folder)], **streams()) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=60) in {0, 1}
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl+C to a whole console")
def test_ctrl_c_leaves_everything_whole_and_ends_with_130(run_folder: Path) -> None:
    before = {path: path.read_bytes() for path in (run_folder / "build").rglob("*") if path.is_file()}
    with subprocess.Popen([sys.executable, "-m", "qyp_geo", "run", str(run_folder)], **streams()) as process:
        half = run_folder / ".build.new"
        until = time.monotonic() + 60
        while not half.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        assert half.exists(), "the run had ended before it could be stopped"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert err == "qyp: stopped; the last results are whole, as they were\n"
    assert {path: path.read_bytes() for path in (run_folder / "build").rglob("*") if path.is_file()} == before
    assert not half.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl+C to a whole console")
@pytest.mark.parametrize("after", ["another step", "an error"])
def test_ctrl_c_that_a_library_loses_still_ends_the_command(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """Numba loses it, or ends in an error of its own, where it comes while LLVM calls back."""

    def loses(*_: object, progress: Callable[[str], None], **__: object) -> None:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        if after == "an error":
            raise RuntimeError("half compiled")
        progress("layers")
        raise AssertionError("went on")

    monkeypatch.setattr("qyp_geo.run.run", loses)
    before = signal.getsignal(signal.SIGINT)
    said = "qyp: stopped; the last results are whole, as they were\n"
    assert ask("run", small_district(tmp_path / "small")) == (130, "", said)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_shells_complete_the_commands(shell: str) -> None:
    asks = {"_TYPER_COMPLETE_ARGS": "qyp expl", "COMP_WORDS": "qyp expl", "COMP_CWORD": "1"}
    asks |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "expl"}
    asks |= {"_QYP_COMPLETE": f"complete_{shell}"}
    answered = subprocess.run([sys.executable, "-m", "qyp_geo"], check=False, timeout=60, **streams(**asks))
    assert "explain" in answered.stdout
    assert "Traceback" not in answered.stderr


def streams(**more: str) -> dict[str, Any]:
    """How a process of the command is started."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONUTF8": "1", "QYP_LANG": "en"}
    return {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "encoding": "utf-8",
        "env": environment | more,
    }


def test_the_version_too_is_one_object_for_a_script(ask: Ask) -> None:
    code, out, err = ask("--json", "--version")
    assert (code, told(out)["version"], err) == (0, __version__, "")
    assert ask("--version") == (0, f"{__version__}\n", "")


def test_what_is_indented_is_translated(capsys: pytest.CaptureFixture[str]) -> None:
    Talk(language="zh").say("facilities: none", indent="  ")
    assert capsys.readouterr().out == "  设施:无\n"


def test_what_is_wrong_is_translated_once(capsys: pytest.CaptureFixture[str]) -> None:
    Talk(language="en").complain("没有公厕图层")
    assert capsys.readouterr().err == "qyp: 没有公厕图层\n"
