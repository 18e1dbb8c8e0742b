"""The steps of a command and the time that is left, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qyp_geo.cli.steps import Steps, shown_steps, titles_of_run
from qyp_geo.cli.talking import Talk
from tests.small import small_district


class Clock:
    """Tells the time that it is set to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_left_is_the_rest_of_this_step_and_the_steps_after_it() -> None:
    clock = Clock()
    steps = Steps(["layers", "覆盖", "图"], {"layers": 4.0, "覆盖": 10.0, "图": 2.0}, clock)
    assert (steps.place, steps.left_s()) == ("", None)
    steps.begin("layers")
    assert (steps.place, steps.left_s()) == ("1/3", 16.0)
    clock.now += 3
    assert steps.left_s() == 13.0
    clock.now += 3  # longer than the last time: nothing of this step is left, and nothing is owed
    assert steps.left_s() == 12.0
    steps.begin("覆盖")
    steps.begin("3 / 12")  # a word about the step under way
    clock.now += 1
    assert (steps.place, steps.left_s()) == ("2/3", 11.0)
    assert steps.seconds() == {"layers": 6.0, "覆盖": 1.0}


def test_a_step_that_was_never_timed_has_no_time_left() -> None:
    steps = Steps(["layers", "new"], {"layers": 4.0})
    steps.begin("layers")
    assert (steps.place, steps.left_s()) == ("1/2", None)


def test_the_steps_of_a_run_are_its_declarations(tmp_path: Path) -> None:
    folder = small_district(tmp_path / "small")
    assert titles_of_run(folder) == ["layers", "覆盖", "缺口", "规划用图"]
    (folder / "maps/planners.toml").write_text("title =", encoding="utf-8")
    assert titles_of_run(folder) == ["layers", "覆盖", "缺口", ""]
    assert titles_of_run(tmp_path / "none") == ["layers"]


def test_seconds_are_kept_for_the_next_time_where_they_are_worth_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qyp_geo.cli.steps._WORTH_REMEMBERING_S", 0.0)
    talk = Talk(quiet=True, command="report")
    with shown_steps(talk, tmp_path, ("papers",)) as progress:
        progress("papers")
    kept = json.loads((tmp_path / ".cache/seconds.json").read_text(encoding="utf-8"))
    assert list(kept) == ["report"]
    assert list(kept["report"]) == ["papers"]
    (tmp_path / ".cache/seconds.json").write_text('{"report": ["papers"]}', encoding="utf-8")
    with shown_steps(talk, tmp_path, ("papers",)) as progress:  # what is not ours is nothing
        progress("papers")
    assert list(json.loads((tmp_path / ".cache/seconds.json").read_text(encoding="utf-8"))) == ["report"]


def test_a_command_of_a_moment_keeps_nothing_and_what_fails_neither(tmp_path: Path) -> None:
    with shown_steps(Talk(quiet=True, command="check"), tmp_path, ("layers",)) as progress:
        progress("layers")
    with pytest.raises(ZeroDivisionError), shown_steps(Talk(quiet=True, command="check"), tmp_path, ("layers",)):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
