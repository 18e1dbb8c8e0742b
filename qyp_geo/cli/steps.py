"""Which step of a command is under way, and how long the rest will take, going by the last time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from qyp_geo.cli.talking import Talk
from qyp_geo.records import read_toml
from qyp_geo.translation import translated

_REMEMBERED: Final = ".cache/seconds.json"
_WORTH_REMEMBERING_S: Final = 1.0


class Steps:
    """The steps of a command: those done, the one under way, and what is left.

    Parameters
    ----------
    titles
        The steps that are known beforehand, in any order.
    last
        How many seconds each took the last time.
    """

    def __init__(
        self, titles: Iterable[str], last: Mapping[str, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._titles = list(dict.fromkeys(titles))
        self._last = last
        self._clock = clock
        self._began: dict[str, float] = {}

    def begin(self, title: str) -> None:
        """Note that a step begins, which ends the one before; what is no step is a word about the present one."""
        if title in self._titles:
            self._began.setdefault(title, self._clock())

    def seconds(self) -> dict[str, float]:
        """Return how long each step took, the present one ending now."""
        begins = [*self._began.values(), self._clock()]
        return {title: round(begins[n + 1] - begins[n], 3) for n, title in enumerate(self._began)}

    @property
    def place(self) -> str:
        """The number of the present step among all: ``3/12``; empty before the first."""
        return f"{len(self._began)}/{len(self._titles)}" if self._began else ""

    def left_s(self) -> float | None:
        """Return the seconds that are left; None where a step that is left was never timed."""
        begun = self.seconds()
        left = [title for title in self._titles if title not in begun]
        under_way = list(begun)[-1:]
        if not begun or any(title not in self._last for title in [*left, *under_way]):
            return None
        rest = sum(self._last[title] for title in left)
        return rest + sum(max(self._last[title] - begun[title], 0.0) for title in under_way)


class _Left(ProgressColumn):
    """The time that is left."""

    def __init__(self, steps: Steps, talk: Talk) -> None:
        super().__init__()
        self._steps, self._talk = steps, talk

    def render(self, task: Task) -> Text:  # noqa: ARG002  the steps know more than the task
        left_s = self._steps.left_s()
        if left_s is None:
            return Text(self._steps.place)
        minutes, seconds = divmod(round(left_s), 60)
        left = translated(f"about {minutes}:{seconds:02d} left", self._talk.language)
        return Text(f"{self._steps.place} {left}")


@contextmanager
def shown_steps(talk: Talk, folder: Path | None, titles: Iterable[str]) -> Iterator[Callable[[str], None]]:
    """Show which step is under way, since when, and how long the rest will take; nothing of it stays on the screen.

    Parameters
    ----------
    talk
        Nothing is shown to a script, to who wants no words, and in a pipe.
    folder
        The district folder, in whose cache the seconds are kept for the next time; None for a command of no one folder.
    titles
        The steps that are known beforehand.
    """
    remembered = _read(folder) if folder is not None else {}
    steps = Steps(titles, remembered.get(talk.command, {}))
    console = Console(stderr=True)
    hidden = talk.as_json or talk.quiet or not console.is_terminal
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn(), _Left(steps, talk))
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("")

        def begin(title: str) -> None:
            if talk.stopped:  # and what was raised then was lost on the way
                raise KeyboardInterrupt
            steps.begin(title)
            bar.update(task, description=translated(title, talk.language))

        yield begin
    took = steps.seconds()
    if folder is not None and sum(took.values()) >= _WORTH_REMEMBERING_S:
        _write(folder, {**remembered, talk.command: took})


def titles_of_run(folder: Path) -> list[str]:
    """Return the titles of the steps that `qyp run` will tell, as far as the declarations can be read."""
    files = [path for name in ("analyses", "maps") for path in sorted((folder / name).glob("*.toml"))]
    declared = (read_toml(path, path.name)[0] or {} for path in files)
    return ["layers", *(str(content.get("title", "")) for content in declared)]


def _read(folder: Path) -> dict[str, dict[str, float]]:
    """Return the seconds of the last time; what anybody else wrote there is nothing."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        said = json.loads((folder / _REMEMBERED).read_text(encoding="utf-8"))
        return {str(one): {str(t): float(s) for t, s in took.items()} for one, took in said.items()}
    return {}


def _write(folder: Path, seconds: Mapping[str, Mapping[str, float]]) -> None:
    """Keep the seconds; a folder that takes none goes without them."""
    cache = (folder / _REMEMBERED).parent
    with suppress(OSError):
        if not cache.is_symlink():
            cache.mkdir(exist_ok=True)
            (cache / ".gitignore").write_text("*\n", encoding="utf-8")
            new = folder / f"{_REMEMBERED}.new"
            new.write_text(json.dumps(seconds, ensure_ascii=False), encoding="utf-8")
            new.replace(folder / _REMEMBERED)
