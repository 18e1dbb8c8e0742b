"""What a catchment analysis declares: groups of people, what is supplied to them, and how much each head should have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from qyp_geo.analyses.checking import repeated, unread
from qyp_geo.analyses.floating import THIRDS, Method
from qyp_geo.declarations import Record
from qyp_geo.errors import DeclarationError, MissingError, Problem, did_you_mean
from qyp_geo.standards import Figure, Profile, Rule, kinds, load_profile, nearest_kind

EVERYONE: Final = "people"
OWN_SOURCE: Final = "自定口径"
_HEADS_OF: Final[Mapping[str, tuple[float, str]]] = {
    "per_capita": (1.0, "人"),
    "per_1000": (1000.0, "人"),
    "per_100hh": (100.0, "户"),
}
"""By metric of a rule: how many heads its figure is for, and what is counted."""


class Group(Record):
    """Who is supplied: a column of the residents, or one share of them all (均摊)."""

    id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    column: str = ""
    share: float | None = Field(default=None, gt=0, le=1)
    counts: Literal["人", "户"] = "人"
    year: int = Field(ge=1900, le=2100)
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _column_or_share(self) -> Self:
        if bool(self.column) == (self.share is not None):
            raise ValueError("a group is either a column of the residents or a share of them: give one of the two")
        if self.id == EVERYONE:
            raise ValueError(f'"{EVERYONE}" is everyone: give the group another id')
        return self


class Step(Record):
    """Up to which walk, inclusive, supply counts by which weight."""

    within_m: float = Field(gt=0)
    weight: float = Field(gt=0, le=1)


class Supply(Record):
    """One thing that is supplied, to whom, within which walk, and how much of it each head should have."""

    id: str = Field(min_length=1)
    title: str = ""
    of: str
    """The kind of facility; what else does its work counts too, if its amount is declared."""
    group: str = EVERYONE
    amount: str = "capacity"
    """The column that says how much each facility offers."""
    amount_of: dict[str, str] = Field(default_factory=dict)
    """The column by kind of facility, where it is another one: the seats of one stage in a nine-year school."""
    unit: str = Field(min_length=1)
    method: Method = "2sfca"
    limit_m: float | None = Field(default=None, gt=0)
    """A catchment of one's own (自定口径) in place of the standard's."""
    steps: list[Step] = Field(default_factory=list)
    """Of ``e2sfca``: the last one ends the catchment; without them thirds of it, weighing 1, 0.68 and 0.22."""
    rule: str = ""
    """The rule that says how much each head should have."""
    condition: str = ""
    """Which of its figures, where it has several (新建, 已建)."""
    need_per_head: float | None = Field(default=None, gt=0)
    """Or a figure of one's own (自定口径)."""

    @model_validator(mode="after")
    def _says_one_thing_once(self) -> Self:
        if self.steps and self.method != "e2sfca":
            raise ValueError('only method "e2sfca" has steps')
        if self.steps and self.limit_m is not None:
            raise ValueError("the last of the steps is the limit: give either steps or limit_m")
        if any(one.within_m >= next_.within_m or one.weight < next_.weight for one, next_ in pairwise(self.steps)):
            raise ValueError("steps go outwards, and weigh no more the farther they are")
        if self.rule and self.need_per_head is not None:
            raise ValueError("what each head should have is told by a rule or by need_per_head: give one of the two")
        return self

    @property
    def own_limit_m(self) -> float | None:
        """The declared end of the catchment; None where it is the standard's."""
        return self.steps[-1].within_m if self.steps else self.limit_m

    @property
    def weights(self) -> Sequence[tuple[float, float]]:
        """The steps as shares of the limit, and their weights."""
        if not self.steps:
            return THIRDS
        return [(step.within_m / self.steps[-1].within_m, step.weight) for step in self.steps]

    def amount_column(self, kind: str) -> str:
        """Return the column that says how much a facility of a kind offers; empty where none does.

        A kind that only stands in for `of` may hold more than is asked for, so its column is never taken for granted.
        """
        return self.amount_of.get(kind, self.amount if kind == self.of else "")

    @property
    def name(self) -> str:
        """What it is called."""
        return self.title or kinds()[self.of].name_zh


@dataclass(frozen=True, slots=True)
class Need:
    """How much each head should have; more than that if `strict`. `source` is to be cited, `effect` what less amounts to."""

    per_head: float
    strict: bool
    source: str
    effect: str


def need_of(supply: Supply, profile: Profile) -> Need | None:
    """Return how much each head should have; None where nothing says so.

    Raises
    ------
    MissingError
        If there is no such rule.
    """
    if supply.need_per_head is not None:
        return Need(supply.need_per_head, strict=False, source=OWN_SOURCE, effect="inform")
    if not supply.rule:
        return None
    rule = profile.rule(supply.rule)
    (figure,) = _figures(supply, rule)
    heads, _ = _HEADS_OF[rule.metric]
    return Need((figure.minimum or 0.0) / heads, figure.strict, rule.label(), rule.effect)


def check_supplies(
    supplies: Sequence[Supply], groups: Sequence[Group], standard: str, *, shown_as: str, standards: Path
) -> Iterator[Problem]:
    """Yield what is wrong with supplies and groups beside one another, the kinds and the standards."""
    for key, ids in (("supply", [one.id for one in supplies]), ("group", [one.id for one in groups])):
        for id_ in repeated(ids):
            yield Problem(shown_as, f"{key} {id_}", "two have one id", id_, "Give each its own")
    known_groups = {EVERYONE: "人"} | {group.id: group.counts for group in groups}
    profile = None
    if any(supply.rule for supply in supplies):
        try:
            profile = load_profile(standard, standards)
        except (DeclarationError, MissingError) as error:
            yield from unread(error, "standard", shown_as=shown_as)
    for supply in supplies:
        where = f"supply {supply.id}"
        for key, kind in (("of", supply.of), *(("amount_of", kind) for kind in supply.amount_of)):
            if kind not in kinds():
                yield Problem(shown_as, f"{where}, {key}", "is no kind of facility", kind, nearest_kind(kind))
        if supply.of in kinds():
            served_by = kinds()[supply.of].served_by
            for kind in supply.amount_of.keys() & kinds().keys() - set(served_by):
                what = f"does not do the work of {supply.of}"
                yield Problem(shown_as, f"{where}, amount_of", what, kind, f"Allowed: {', '.join(served_by)}")
        if supply.group not in known_groups:
            remedy = did_you_mean(supply.group, known_groups)
            yield Problem(shown_as, f"{where}, group", "names no group", supply.group, remedy)
        elif supply.rule and profile is not None:
            yield from _check_rule(supply, profile, known_groups[supply.group], shown_as=shown_as)


def _check_rule(supply: Supply, profile: Profile, counts: str, *, shown_as: str) -> Iterator[Problem]:
    where = f"supply {supply.id}, rule"
    try:
        rule = profile.rule(supply.rule)
    except MissingError as error:
        yield Problem(shown_as, where, str(error), supply.rule)
        return
    if rule.metric not in _HEADS_OF:
        yield Problem(shown_as, where, f"is no rule per head ({rule.name_zh})", supply.rule, "Declare need_per_head")
    elif len(_figures(supply, rule)) != 1:
        conditions = [f'"{figure.condition}"' for figure in rule.figures if figure.condition]
        remedy = f"Declare condition: {' or '.join(conditions)}" if conditions else "Declare need_per_head"
        yield Problem(shown_as, where, "has not one figure that holds here", rule.value or rule.computable, remedy)
    elif _HEADS_OF[rule.metric][1] != counts:
        what = f"is per {_HEADS_OF[rule.metric][1]}, but the group counts {counts}"
        yield Problem(shown_as, where, what, supply.group, "Name a group that counts the same")


def _figures(supply: Supply, rule: Rule) -> list[Figure]:
    """Return the figures of a rule that are least amounts and hold under the declared condition."""
    least = [one for one in rule.figures if one.minimum is not None]
    return [one for one in least if one.condition == supply.condition] if supply.condition or len(least) > 1 else least
