"""The language of what is printed: which one a reader wants, and every text of the program in it.

A message is raised in English and a heading stands in Chinese; each is put into the reader's language where it is printed.
`words/zh.csv` and `words/en.csv` hold the texts of the program as templates, in which ``{}`` stands for a value, and what
each is called in that language, where values may stand in another order (``{1}`` is the second).
"""

from __future__ import annotations

import os
import string
import sys
from collections.abc import Mapping
from csv import reader
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from qyp_geo.errors import Problem, ProblemsError, QypGeoError

Language = Literal["zh", "en"]
LANGUAGE_VARIABLE: Final = "QYP_LANG"
_LOCALE_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
_DEEPEST: Final = 12
"""No text of the program holds others in others deeper than this; what does is somebody's data."""


@dataclass(frozen=True, slots=True)
class Template:
    """One text of the program, with gaps for values.

    Attributes
    ----------
    pieces
        What stands before, between and after the gaps.
    words
        The same in the other language, for `str.format`.
    """

    pieces: tuple[str, ...]
    words: str

    def values(self, text: str) -> list[str] | None:
        """Return what fills the gaps of this template in a text, each as short as can be; None where the text is another.

        The work grows with the length of the text alone, whatever it holds: names in it come from anybody's data.
        """
        first, *between, last = self.pieces
        if not text.startswith(first):
            return None
        found, at = [], len(first)
        for piece in between:
            end = _find(text, piece, max(at, 1))  # something stands where a text begins with a gap
            if end < 0:
                return None
            found.append(text[at:end])
            at = end + len(piece)
        end = len(text) - len(last)
        if end < max(at, 1) or _find(text, last, end) != end:
            return None
        return [*found, text[at:end]]


@dataclass(frozen=True, slots=True)
class Book:
    """The texts of the program in one language: those without a value, and templates, the most telling first."""

    plain: Mapping[str, str]
    templates: tuple[Template, ...]


def language_of(asked: str | None) -> Language:
    """Return the language to print in.

    Parameters
    ----------
    asked
        What the user asked for, ``zh`` or ``en``; None leaves it to ``QYP_LANG``, and then to the locale (``LC_ALL``,
        ``LC_MESSAGES``, ``LANG``; on Windows the language of its own menus). Every Chinese locale is ``zh``, any other ``en``.

    Raises
    ------
    QypGeoError
        If another language is asked for by name.
    """
    named = asked or os.environ.get(LANGUAGE_VARIABLE, "")
    if named:
        short = named[:2].lower()
        if short not in ("zh", "en"):
            raise QypGeoError(
                f"{named} is no language that is spoken here: give zh or en (--lang, {LANGUAGE_VARIABLE})"
            )
    else:
        short = _locale()[:2].lower()
    return "zh" if short == "zh" else "en"


def translated(text: str, language: Language, *, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return a text of the program in a language; values in it that are texts of the program too are translated with it.

    What is no text of the program, or is in that language already, comes back as it is; so do values: names, paths, figures.

    Parameters
    ----------
    text
        A message, a heading or a cell, whole.
    language
        The reader's.
    names
        What further words are called in that language, such as the kinds of facilities.

    Returns
    -------
    str
        Each line for itself, where there are several.
    """
    return _translated(text, _book(language), names, _DEEPEST)


def _translated(text: str, book: Book, names: Mapping[str, str], depth: int) -> str:
    if said := names.get(text) or book.plain.get(text):
        return said
    if not depth:
        return text
    if "\n" in text:
        return "\n".join(_translated(line, book, names, depth) for line in text.split("\n"))
    place, colon, told = text.rpartition(": ")
    is_problem = bool(colon) and told in book.plain  # one that became text: its file and key, and what is wrong
    for template in book.templates:
        if is_problem and not template.pieces[0]:
            continue
        if (values := template.values(text)) is not None:
            return template.words.format(*(_translated(value, book, names, depth - 1) for value in values))
    return f"{_translated(place, book, names, depth - 1)}:{book.plain[told]}" if is_problem else text


def problem_text(problem: Problem, language: Language) -> str:
    """Return a problem as one line: where, what, what was given, what to do."""
    if language == "en":
        return str(problem)
    where = f",{translated(problem.where, language)}" if problem.where else ""
    given = f"(现为:{translated(problem.given, language)})" if problem.given else ""
    remedy = f"。{translated(problem.remedy, language)}" if problem.remedy else ""
    return f"{problem.file}{where}:{translated(problem.what, language)}{given}{remedy}"


def error_text(error: BaseException, language: Language) -> str:
    """Return what an error says, each of its problems on a line of its own."""
    if language == "en" or not isinstance(error, ProblemsError):
        return translated(str(error), language)
    title = str(error).partition("\n")[0]
    errors = [problem for problem in error.problems if problem.severity == "error"]
    lines = [translated(title, language)]
    lines += [f"  {n}. {problem_text(problem, language)}" for n, problem in enumerate(errors, start=1)]
    lines += [f"  提示:{problem_text(one, language)}" for one in error.problems if one.severity == "warning"]
    return "\n".join(lines)


def read_words(name: str) -> dict[str, str]:
    """Return what each text of the program is in another language, as a file of `words/` has it.

    Parameters
    ----------
    name
        The file, without suffix: ``zh``, ``en``, or ``zh_others`` for what libraries and the system say, and for texts
        that are put together of several.
    """
    path = Path(__file__).parent / "words" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return dict(list(reader(file))[1:])


def make_template(text: str, words: str) -> Template:
    """Return the template of a text with gaps."""
    pieces = [""]
    for literal, gap, *_ in string.Formatter().parse(text):
        pieces[-1] += literal
        if gap is not None:
            pieces.append("")
    return Template(tuple(pieces), words)


@cache
def _book(language: Language) -> Book:
    """Read the words of a language, once: most commands print few texts, and some none."""
    words = read_words(language) | (read_words("zh_others") if language == "zh" else {})
    made = {text: make_template(text, said) for text, said in words.items()}
    gapless = {one.pieces[0]: one.words.format() for one in made.values() if len(one.pieces) == 1}
    # The text with most words of its own is the most particular one that fits: "no id" before "no {}".
    in_order = sorted(made, key=lambda text: (-sum(map(len, made[text].pieces)), len(made[text].pieces), text))
    templates = tuple(made[text] for text in in_order if len(made[text].pieces) > 1)
    return Book(MappingProxyType(gapless), templates)


def _find(text: str, piece: str, at: int) -> int:
    """Where a piece stands in a text, from a place on; -1 nowhere."""
    end = text.find(piece, at)
    while end > 0 and piece.startswith(" ") and text[end - 1] == ":":
        # What something is said of does not end in a colon: "a.toml: cannot be used" says it of nothing.
        end = text.find(piece, end + 1)
    return end


def _locale() -> str:
    for name in _LOCALE_VARIABLES:
        if value := os.environ.get(name, ""):
            return value
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  (Windows alone has what is asked of it)
        import locale  # noqa: PLC0415

        return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    return ""
