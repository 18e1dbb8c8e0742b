"""The five services of a 1+5+X neighbourhood centre: the plan gives two lists, and what corresponds between them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from qyp_geo.standards.packaged import FOLDER


@dataclass(frozen=True, slots=True)
class CentreService:
    """One of the five services of a list.

    Parameters
    ----------
    id
        The same in every list for what corresponds (``education``).
    name_zh
        What the list calls it: 幼儿园 in one, 教育 in the other.
    kinds
        The kinds of facility that count for it; 自定口径.
    relation
        How the wording of the lists differs.
    """

    id: str
    name_zh: str
    kinds: tuple[str, ...]
    relation: str


@dataclass(frozen=True, slots=True)
class CentreList:
    """One of the plan's lists of five, with the plan's words.

    Parameters
    ----------
    id, title_zh
        The key (``chapter1``), and what people call it.
    services
        The five.
    quote, line, chapter
        The plan's words, and where they stand in its text.
    """

    id: str
    title_zh: str
    services: tuple[CentreService, ...]
    quote: str
    line: int
    chapter: str

    @property
    def source(self) -> str:
        """What to cite."""
        return f"纲要 L{self.line}({self.chapter})"


@cache
def centre_lists() -> tuple[CentreList, ...]:
    """Return the lists, in the order of the plan."""
    text = tomllib.loads((FOLDER / "centre_lists.toml").read_text(encoding="utf-8"))
    return tuple(
        CentreList(
            id=one["id"],
            title_zh=one["title"],
            services=tuple(
                CentreService(
                    id=service["id"],
                    name_zh=service[one["id"]]["name"],
                    kinds=tuple(service[one["id"]]["kinds"]),
                    relation=service["relation"],
                )
                for service in text["service"]
            ),
            quote=one["quote"],
            line=one["line"],
            chapter=one["chapter"],
        )
        for one in text["list"]
    )
