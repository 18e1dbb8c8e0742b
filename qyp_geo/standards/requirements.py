"""What a home must have within reach: the (kind, distance) pairs that a profile asks for, each with its source."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from qyp_geo.errors import DeclarationError, MissingError, Problem, did_you_mean
from qyp_geo.standards.kinds import Kind, kinds
from qyp_geo.standards.packaged import FOLDER
from qyp_geo.standards.profiles import Profile
from qyp_geo.standards.rules import AREA_UNITS_M2, CIRCLES, Effect, Reach, Rule, labelled, size_words

OWN_SOURCE = "自定口径"
_MILDEST_FIRST: tuple[Effect, ...] = ("inform", "warn", "fail")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One kind of facility within one distance.

    Parameters
    ----------
    id
        Unique in a list of requirements: the rule's id (``f5.kg``), with a number where the rule has several figures
        (``pk.tj22.1``), or ``own.`` and the kind.
    group
        Requirements of one group are alternatives: a home that meets any of them has what the rule asks for. Most are
        alone in theirs.
    rule, profile
        The rule it rests on and the profile that states its figures; both empty for a limit of one's own.
    kind, served_by
        The kind asked for, and every kind that counts for it, itself first.
    title_zh
        What the share of people is called: never the name of a statutory indicator, which has its own formula.
    circle, sets
        The rule's circle as written (``15/10``), and which of the chosen sets it belongs to.
    limit_m, beside_m
        The longest walk in metres, and the stricter distance to show beside it, None where there is none.
    strict
        Whether the limit itself is too far (``<200``); nearly always the limit is within.
    min_area_m2, max_area_m2, min_width_m
        Which facilities count: their area in m² (inclusive) and least width in m; None where any does.
    strength, effect
        The source's word, and what missing the limit amounts to: `fail`, `warn` or `inform`.
    oblig
        ▲ to be provided, △ as needed, empty where the source says neither.
    source, clause
        What to cite: ``GB 50180-2018 表C.0.2``, or 自定口径; and the clause alone.
    verified
        False where the figure rests on a source not held against the official text: 未核 is then printed.
    applies_to, reference, note
        What the rule binds; whether its figure is for residents a reference only (参考), which is no verdict and is
        left out of headline shares; and why it stands here where its own standard does not put it here.
    """

    id: str
    group: str
    kind: str
    served_by: tuple[str, ...]
    title_zh: str
    limit_m: float
    effect: Effect
    source: str
    verified: bool
    rule: str = ""
    profile: str = ""
    circle: str = ""
    sets: tuple[str, ...] = ()
    beside_m: float | None = None
    strict: bool = False
    min_area_m2: float | None = None
    max_area_m2: float | None = None
    min_width_m: float | None = None
    strength: str = ""
    oblig: str = ""
    clause: str = ""
    applies_to: str = ""
    reference: bool = False
    note: str = ""

    @property
    def counted(self) -> bool:
        """Whether it belongs in the headline shares: neither a reference nor provided only as needed (△)."""
        return not self.reference and self.oblig != "△"

    def label(self) -> str:
        """The source to print beside a result, with 未核 where unverified."""
        return labelled(self.source, verified=self.verified)


@dataclass(frozen=True, slots=True)
class RequirementSet:
    """Requirements that belong together: a circle of GB 50180, or a circle that the district's plan speaks of.

    Parameters
    ----------
    id, title_zh
        The key, and what people call it.
    circles
        The circles of the profile whose rules it takes. Levels do not include each other, so that the fifteen-minute
        level of a district needs the sets 15, 10 and 5.
    rules
        Or the rules it takes, one by one.
    quote, line, chapter
        The plan's words, and where they stand in its text; empty (0) for the circles of the standard.
    note
        What was adopted because the plan defines no distance.
    """

    id: str
    title_zh: str
    circles: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    quote: str = ""
    line: int = 0
    chapter: str = ""
    note: str = ""

    def takes(self, circles: Sequence[str]) -> bool:
        """Whether a rule of these circles belongs to it; a rule of no circle belongs to each."""
        return bool(self.circles) and (not circles or not set(circles).isdisjoint(self.circles))


@dataclass(frozen=True, slots=True)
class _StandIn:
    """What is asked of a living circle though its standard gives no radius: another standard's rule, or our own limit."""

    profile: str
    kind: str
    circles: tuple[str, ...]
    why: str
    rule: str = ""
    limit_m: float = 0.0
    reference: bool = False


def _tables(name: str) -> list[dict[str, Any]]:
    """The ``[[name]]`` tables of ``circles.toml``, their lists as tuples."""
    read: dict[str, list[dict[str, Any]]] = tomllib.loads((FOLDER / "circles.toml").read_text(encoding="utf-8"))
    return [
        {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
        for table in read[name]
    ]


@cache
def requirement_sets() -> Mapping[str, RequirementSet]:
    """Every set by its id: the four circles of GB 50180-2018 and the three that the district's plan speaks of."""
    return MappingProxyType({row["id"]: RequirementSet(**row) for row in _tables("set")})


@cache
def _stand_ins() -> tuple[_StandIn, ...]:
    return tuple(_StandIn(**row) for row in _tables("stand_in"))


def requirements(
    profile: Profile,
    *,
    circles: Sequence[str] = ("15", "10", "5"),
    sets: Sequence[str] = (),
    own_limits_m: Mapping[str, float] = MappingProxyType({}),
    place: str = "",
) -> list[Requirement]:
    """What coverage judges by a profile, in the profile's order, stand-ins and own limits last.

    A rule is judged if it gives a kind a service radius in metres, or a park of the circle a size (the distance is then
    the circle's own walking distance). A rule that cannot be computed is in ``profile.not_computable``. For GB 50180
    and what extends it, toilets and public parking borrow another standard's radius for reference and neighbourhood
    centres get 500 m of our own, unless the profile or `own_limits_m` says better.

    Parameters
    ----------
    profile
        As `load_profile` gives it.
    circles
        The circles asked for: 15, 10, 5, 街坊. A standard without circles is taken whole, if any is asked for.
    sets
        Sets of the district's plan to add, by id (`requirement_sets`); alone, with ``circles=()``.
    own_limits_m
        Limits of one's own in metres, by kind. Each is judged beside the clause's, under 自定口径.
    place
        What the demand is, where it is not homes, in the words of the rules' `applies_to` (``人流聚集的公共场所``). A rule
        that binds only certain places is a verdict there, and for everyone else a reference.

    Raises
    ------
    MissingError
        If a circle or a set does not exist; the message names the nearest.
    DeclarationError
        With every limit of one's own that is for no known kind, or is not a positive number of metres.
    """
    chosen = _chosen_sets(circles, sets)
    found: list[Requirement] = []
    for rule_id in dict.fromkeys([*profile.rules, *(rule for one in chosen for rule in one.rules)]):
        rule = profile.rule(rule_id)
        takers = tuple(
            one.id for one in chosen if rule_id in one.rules or (rule_id in profile.rules and one.takes(rule.circles))
        )
        if takers:
            found += [replace(one, sets=takers) for one in _of_rule(rule, profile, reference=not _binds(rule, place))]

    _check_own_limits(own_limits_m)
    every_circle = tuple(one.id for one in chosen if one.circles)
    own = [replace(_of_own_limit(kind, limit_m), sets=every_circle) for kind, limit_m in own_limits_m.items()]
    settled = {one.kind for one in found}
    for stand_in in _stand_ins():
        takers = tuple(one.id for one in chosen if one.takes(stand_in.circles))
        if not takers or stand_in.profile not in profile.lineage or stand_in.kind in settled:
            continue
        if stand_in.rule:
            rule = profile.rule(stand_in.rule)
            lent = _of_rule(rule, profile, reference=stand_in.reference or not _binds(rule, place))
        elif stand_in.kind in own_limits_m:
            continue
        else:
            lent = [_of_own_limit(stand_in.kind, stand_in.limit_m)]
        found += [replace(one, sets=takers, note=stand_in.why) for one in lent]
    return [*found, *own]


def _chosen_sets(circles: Sequence[str], sets: Sequence[str]) -> list[RequirementSet]:
    known = requirement_sets()
    for asked, what, allowed in (
        (circles, "circle", CIRCLES),
        (sets, "set of requirements", tuple(known.keys() - set(CIRCLES))),
    ):
        for one in asked:
            if one not in allowed:
                raise MissingError(f"no {what} is called {one!r}. {did_you_mean(str(one), allowed)}")
    return [known[one] for one in dict.fromkeys([*circles, *sets])]


def _check_own_limits(own_limits_m: Mapping[str, float]) -> None:
    problems = []
    for kind, limit_m in own_limits_m.items():
        if kind not in kinds():
            problems.append(
                Problem("own_limits_m", kind, "no facility kind is called so", "", did_you_mean(kind, kinds()))
            )
        is_number = isinstance(limit_m, int | float) and not isinstance(limit_m, bool)
        if not is_number or not 0 < limit_m < math.inf:
            remedy = "Write a positive number of metres"
            problems.append(Problem("own_limits_m", kind, "is no distance", repr(limit_m), remedy))
    if problems:
        raise DeclarationError("limits of one's own", problems)


def _binds(rule: Rule, place: str) -> bool:
    """Whether a rule is about demand of this kind (empty for homes), or only a reference for it."""
    return not rule.applies_to or (bool(place) and place in rule.applies_to)


def _of_rule(rule: Rule, profile: Profile, *, reference: bool) -> list[Requirement]:
    """What one rule asks for; nothing where it is not about the distance to a kind of facility."""
    if not rule.kind:
        return []
    found: list[Requirement] = []
    if rule.metric == "min_park":
        found = _of_park_size(rule, profile)
    elif rule.metric == "service_radius":
        found = [_of_reach(rule, reach, profile) for reach in rule.reaches]
        if len(found) > 1:
            found = [replace(one, id=f"{rule.id}.{number}") for number, one in enumerate(found, start=1)]
    if conditions := [one.condition for one in rule.figures if one.condition and rule.metric == "service_radius"]:
        note = f"“{rule.value}”中带条件的数值({'、'.join(conditions)})不参与判定"
        found = [replace(one, note=note) for one in found]
    if reference:
        found = [replace(one, reference=True, effect="inform", title_zh=f"{one.title_zh}(参考)") for one in found]
    return found


def _of_reach(rule: Rule, reach: Reach, profile: Profile) -> Requirement:
    """The requirement of one distance."""
    kind = kinds()[rule.kind]
    beside_m = reach.beside_m
    if beside_m is None:
        # Where the limit is the circle's own walking distance, the circle's stricter one (800 of 800-1000) goes with it.
        walks = [walk for circle in rule.circles for walk in _walks_of(circle, profile)]
        beside_m = next((walk.beside_m for walk in walks if walk.limit_m == reach.limit_m), None)
    return Requirement(
        id=rule.id,
        group=rule.id,
        rule=rule.id,
        profile=rule.profile,
        kind=rule.kind,
        served_by=kind.served_by,
        title_zh=_title(kind, reach.limit_m, size_words(reach.min_area_m2, reach.max_area_m2)),
        circle=rule.circle,
        limit_m=reach.limit_m,
        beside_m=beside_m,
        strict=reach.strict,
        min_area_m2=reach.min_area_m2,
        max_area_m2=reach.max_area_m2,
        strength=rule.strength,
        effect=rule.effect,
        oblig=rule.oblig,
        source=rule.source,
        clause=rule.cited or rule.clause,
        verified=rule.verified,
        applies_to=rule.applies_to,
    )


def _of_park_size(rule: Rule, profile: Profile) -> list[Requirement]:
    """The park of a circle: its least area and width by one clause, within the circle's walking distance by another."""
    if rule.computable:
        return []
    area, *others = rule.figures
    least_m2 = float(round((area.minimum or 0.0) * AREA_UNITS_M2[area.unit]))
    width_m = next((one.minimum for one in others if one.condition == "宽"), None)
    found = []
    for circle in rule.circles:
        for walk in _walks_of(circle, profile):
            one = _of_reach(rule, replace(walk.reaches[0], min_area_m2=least_m2), profile)
            key = rule.id if len(rule.circles) == 1 else f"{rule.id}.{circle}"
            found.append(
                replace(
                    one,
                    id=key,
                    group=key,
                    min_width_m=width_m,
                    strength=f"{rule.strength}/{walk.strength}",
                    # A judgement that two clauses make together is no stricter than the milder one.
                    effect=min(rule.effect, walk.effect, key=_MILDEST_FIRST.index),
                    source=f"{rule.source}(面积)、{walk.cited or walk.clause}(步行距离)",
                    clause=f"{one.clause}、{walk.cited or walk.clause}",
                    verified=rule.verified and walk.verified,
                )
            )
    return found


def _walks_of(circle: str, profile: Profile) -> list[Rule]:
    """The rule that gives a circle its walking distance, where the profile has one."""
    walks = [rule for rule in profile.rules.values() if rule.metric == "walk_distance" and circle in rule.circles]
    return [walk for walk in walks if walk.limit_m is not None][:1]


def _of_own_limit(kind: str, limit_m: float) -> Requirement:
    key = f"own.{kind}"
    return Requirement(
        id=key,
        group=key,
        kind=kind,
        served_by=kinds()[kind].served_by,
        title_zh=_title(kinds()[kind], limit_m),
        limit_m=float(limit_m),
        effect="warn",
        source=OWN_SOURCE,
        # There is no official text to hold it against.
        verified=True,
    )


def _title(kind: Kind, limit_m: float, size: str = "") -> str:
    return f"{kind.name_zh}{size}{limit_m:g}米步行可达率"
