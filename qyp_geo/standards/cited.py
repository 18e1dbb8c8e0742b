"""What a rule made ready for one question carries of its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from qyp_geo.standards.rules import Effect, Rule, labelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A rule's name and standing, whatever it asks for.

    Parameters
    ----------
    id, profile
        The rule's id, with a suffix where one row makes several records, and the profile that states its figures.
    title_zh
        What the rule's row calls it.
    source
        What to cite: ``GB/T 51346-2019 4.3.4(算法A.0.3)``.
    strength, effect
        The source's word, and what missing it amounts to: `fail`, `warn` or `inform`.
    verified
        False where the figures rest on a source not held against the official text.
    applies_to
        What the rule binds, where that is not everything; empty where it is.
    """

    id: str
    profile: str
    title_zh: str
    source: str
    strength: str
    effect: Effect
    verified: bool
    applies_to: str = ""

    def label(self) -> str:
        """The source to print beside a result, with 未核 where unverified."""
        return labelled(self.source, verified=self.verified)


class Citation(TypedDict):
    """What every `Cited` takes from its rule."""

    id: str
    profile: str
    title_zh: str
    source: str
    strength: str
    effect: Effect
    verified: bool
    applies_to: str


def citation(rule: Rule, *, title_zh: str = "") -> Citation:
    """A rule's name and standing, ready for the constructor of a `Cited`; `title_zh` where it is not the row's name."""
    return Citation(
        id=rule.id,
        profile=rule.profile,
        title_zh=title_zh or rule.name_zh,
        source=rule.source,
        strength=rule.strength,
        effect=rule.effect,
        verified=rule.verified,
        applies_to=rule.applies_to,
    )
