"""Every word of a report that does not come from data, in Chinese and in English: `words.csv`, by key.

What the analyses write, such as a verdict, is told in English by `words_of_data.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """Return a word or a sentence, with values put into it."""
        return _words(self.language)[key].format_map(values)

    def numeral(self, number: int) -> str:
        """Return the number of a section, below a hundred: 一, 十二, 二十; or 1, 12, 20."""
        if self.language == "en":
            return str(number)
        tens, ones = divmod(number, 10)
        digits = " 一二三四五六七八九"
        return f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{digits[ones]}".strip()

    def of_data(self, word: str) -> str:
        """Return a word that the analyses write, such as a verdict, in this language; other text as it is."""
        return _of_data().get(word, word) if self.language == "en" else word


@cache
def _words(language: Language) -> Mapping[str, str]:
    return MappingProxyType({row["key"]: row[language] for row in _rows("words.csv")})


@cache
def _of_data() -> Mapping[str, str]:
    return MappingProxyType({row["zh"]: row["en"] for row in _rows("words_of_data.csv")})


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("qyp_geo") / "papers" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
