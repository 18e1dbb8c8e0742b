"""The help of the commands in the language of the reader: what the library that prints it says in English alone."""

from __future__ import annotations

from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

from qyp_geo.translation import Language, translated

_WORDS: Final = (
    "Usage:",
    "Options:",
    "Commands:",
    "Arguments:",
    "Show this message and exit.",
    "[default: ",
    "[required]",
)


class Command(TyperCommand):
    """A command."""

    def get_help(self, ctx: Any) -> str:
        """Return its help."""
        return _told(super().get_help(ctx), ctx.obj.language)


class Group(TyperGroup):
    """The command of commands."""

    def get_help(self, ctx: Any) -> str:
        """Return its help."""
        return _told(super().get_help(ctx), ctx.obj.language)


def _told(text: str, language: Language) -> str:
    for word in _WORDS:
        text = text.replace(word, translated(word, language))
    return text
