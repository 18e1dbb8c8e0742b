"""What a district's plan says, sentence by sentence, and how layers can answer it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from qyp_geo.declarations import Record
from qyp_geo.errors import DeclarationError, MissingError, Problem, did_you_mean
from qyp_geo.records import make_record, read_toml
from qyp_geo.standards.packaged import FOLDER

PLANS: Final = "plans"
"""The folder of plans, in the package and within a district's ``analyses/standards/``."""
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "count": ("kinds",),
    "sum": ("kinds", "column"),
    "share": ("kinds", "column"),
    "named": ("kinds", "names"),
    "per_head": ("kinds",),
    "reached": ("circle_set",),
    "measured": ("test",),
    "centres": ("centre_list",),
}


class Answer(Record):
    """Where the present value of a figure is found.

    ``count`` and ``sum`` (of a column) are over the features of some kinds inside the district; ``share`` is the share of a
    column that lies in features where another column says so, or the share of `part` in `column`; ``named`` counts which of
    some names exist; ``per_head`` is floor and ground area per resident. ``reached`` is a coverage analysis's 全达标率,
    ``measured`` what a check of a zones analysis measured, ``centres`` the complete ones of a centre_completeness analysis.
    """

    how: Literal["count", "sum", "share", "named", "per_head", "reached", "measured", "centres"]
    kinds: list[str] = Field(default_factory=list)
    ground: list[str] = Field(default_factory=list)
    """For ``per_head``: the kinds that count with their land; `kinds` count with their floor area."""
    names: list[str] = Field(default_factory=list)
    """Texts that a name contains; ``徐坊街道|徐家坊街道`` is one thing with two names."""
    column: str = ""
    part: str = ""
    where: dict[str, str] = Field(default_factory=dict)
    """Only features of which a column says one of some words (``街道|镇``)."""
    status: str = "existing"
    within: str = ""
    """Only what is declared a part of a facility of this kind."""
    circle_set: str = ""
    test: Literal["", "length_m", "area_km2"] = ""
    centre_list: str = ""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if lacking := [key for key in _NEEDS[self.how] if not getattr(self, key)]:
            raise ValueError(f"{self.how} needs {', '.join(lacking)}")
        if self.how == "share" and bool(self.part) == bool(self.where):
            raise ValueError("share is of a part, or of where a column says so: give one of these")
        return self


class PlanFigure(Record):
    """One figure that a sentence is about."""

    title: str = Field(min_length=1)
    unit: str
    base: float | None = None
    """How it stood (基期值), or how much work was done; never a target."""
    base_of: str = ""
    base_line: int | None = None
    """Where the plan says so, if in another line."""
    least: float | None = None
    """The target: this or more."""
    by: int | None = None
    answer: Answer | None = None
    why: str = ""
    """Why no layer can answer it, where that is not the sentence's `note`."""


class Fact(Record):
    """One sentence of a plan."""

    id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    kind: Literal["target", "completed", "baseline", "direction"]
    """``target``: a number, a number of named works, or all of something by a date; ``direction``: none of these."""
    chapter: str
    line: int = Field(gt=0)
    quote: str = Field(min_length=1)
    note: str = ""
    """What a reader must know so as not to misread it."""
    figure: list[PlanFigure] = Field(default_factory=list)

    @model_validator(mode="after")
    def _only_a_target_has_a_target(self) -> Self:
        if self.kind != "target" and any(figure.least is not None for figure in self.figure):
            raise ValueError(f"{self.id}: only a fact of kind target has a figure with least")
        return self


class Plan(Record):
    """A plan, as the sentences that can be followed up."""

    title: str = Field(min_length=1)
    cite: str = Field(min_length=1)
    """How a line of it is cited: ``纲要`` L25."""
    notes: list[str] = Field(default_factory=list)
    fact: list[Fact] = Field(min_length=1)

    @field_validator("fact")
    @classmethod
    def _ids_are_unique(cls, facts: list[Fact]) -> list[Fact]:
        ids = [fact.id for fact in facts]
        if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
            raise ValueError(f"two facts have one id: {', '.join(twice)}")
        return facts


def plan_ids(folder: Path | None = None) -> tuple[str, ...]:
    """The plans that can be named: those of the package and those of a district's standards folder."""
    packaged = sorted(one.name.removesuffix(".toml") for one in (FOLDER / PLANS).iterdir())
    local = sorted(path.stem for path in (folder / PLANS).glob("*.toml")) if folder else []
    return (*packaged, *(one for one in local if one not in packaged))


def load_plan(plan_id: str, folder: Path | None = None) -> Plan:
    """One plan.

    Parameters
    ----------
    plan_id
        A packaged plan, or the name of a TOML file in ``plans/`` of `folder` without its suffix; the district's own comes
        first.
    folder
        The district's ``analyses/standards/``; it need not exist.

    Raises
    ------
    DeclarationError
        With everything that is wrong in the district's own file.
    MissingError
        If there is no such plan; the message names the nearest.
    """
    own = folder / PLANS / f"{plan_id}.toml" if folder else None
    problems: list[Problem] = []
    content: dict[str, Any] | None
    if own is not None and own.is_file():
        shown = f"analyses/standards/{PLANS}/{own.name}"
        content, problems = read_toml(own, shown)
    elif plan_id in plan_ids():
        shown = f"{plan_id}.toml"
        content = tomllib.loads((FOLDER / PLANS / shown).read_text(encoding="utf-8"))
    else:
        raise MissingError(f"no plan is called {plan_id!r}. {did_you_mean(plan_id, plan_ids(folder))}")
    plan = None
    if content is not None:
        plan, problems = make_record(Plan, content, shown)
    if plan is None or problems:
        raise DeclarationError(f"the plan {plan_id} cannot be used", problems)
    return plan
