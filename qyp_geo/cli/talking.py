"""How a command answers: in which language, for people or for a script, and how much."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console

from qyp_geo.errors import Problem, ProblemsError
from qyp_geo.secrets import masked
from qyp_geo.translation import Language, error_text, problem_text, translated


@dataclass(slots=True)
class Talk:
    """What a command says, and to whom.

    Attributes
    ----------
    language
        Of all that is printed.
    as_json
        Whether one JSON object is all that goes to the standard output.
    quiet
        Whether nothing but errors is printed.
    command
        The command that is under way; empty until it is known.
    answer
        What a script is told beside the messages.
    problems
        Warnings that were found.
    stopped
        Whether Ctrl+C was pressed.
    """

    language: Language = "en"
    as_json: bool = False
    quiet: bool = False
    command: str = ""
    answer: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    stopped: bool = False

    @property
    def screen(self) -> Console:
        """The terminal, silent where nobody reads it; where tables go to a file or a pipe they get room."""
        width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
        return Console(width=width, quiet=self.as_json or self.quiet)

    def say(self, text: str, *, indent: str = "") -> None:
        """Print a line, in the language of the reader."""
        line = f"{indent}{translated(text, self.language)}"
        self.screen.print(line, markup=False, highlight=False, soft_wrap=True)

    def complain(self, text: str) -> None:
        """Print what is wrong, as it is given, where errors go; names from data are no markup, and secrets are masked."""
        Console(stderr=True).print(f"qyp: {masked(text)}", style="red", markup=False, highlight=False, soft_wrap=True)

    def failed(self, error: BaseException) -> None:
        """Tell of an error: as text for people, and among the messages for a script."""
        if isinstance(error, ProblemsError):
            self.problems = [*error.problems]
        else:
            self.problems.append(Problem("", "", str(error)))
        if not self.as_json:
            self.complain(error_text(error, self.language))

    def close(self, exit_code: int) -> None:
        """Print the one JSON object that a script reads; who asked for help got that."""
        if self.as_json and (self.answer or exit_code):
            said = {"command": self.command, "ok": exit_code == 0, "exit_code": exit_code}
            told = said | self.answer | {"messages": [*self._messages(self.problems)]}
            plain = sys.stdout.encoding.lower().replace("-", "") != "utf8"
            sys.stdout.write(masked(json.dumps(told, ensure_ascii=plain, indent=1, default=str)) + "\n")

    def _messages(self, problems: Iterable[Problem]) -> Iterable[dict[str, str]]:
        for problem in problems:
            text = problem_text(problem, self.language) if problem.file else translated(problem.what, self.language)
            yield {**asdict(problem), "text": text}
