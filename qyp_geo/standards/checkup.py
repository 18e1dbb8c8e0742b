"""The items of a check-up (城市体检): what each community is held against, 项目 by 项目."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from qyp_geo.errors import DeclarationError, MissingError, Problem, did_you_mean
from qyp_geo.standards.cited import Cited, citation
from qyp_geo.standards.kinds import kinds
from qyp_geo.standards.packaged import FOLDER
from qyp_geo.standards.profiles import load_profile
from qyp_geo.standards.rules import AREA_UNITS_M2, Reach, Rule, size_words

Metric = Literal["exists", "bldg_m2", "land_m2", "within_m"]

# What a rule's row measures, and in which column a facility carries it. Rules of other metrics are no item.
_METRICS: Mapping[str, Metric] = MappingProxyType(
    {"count": "exists", "bldg": "bldg_m2", "land": "land_m2", "service_radius": "within_m"}
)
_AREA_WORDS: Mapping[Metric, str] = MappingProxyType({"bldg_m2": "建筑面积", "land_m2": "用地面积"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckupItem(Cited):
    """One item for every community; what every rule carries is in `Cited`.

    Parameters
    ----------
    rule
        The rule that it rests on: where several items rest on one (a kindergarten's floor area and land), `id` tells them
        apart and a community needs them all.
    kind, served_by
        The kind asked for, and every kind that counts for it, itself first.
    metric
        ``exists`` (one lies in the community), ``bldg_m2`` or ``land_m2`` (one of that floor or land area lies in it), or
        ``within_m`` (within a radius; the facility may lie outside).
    threshold
        The least area in m², or the radius in metres; None for ``exists`` and where the radius depends on the size.
    reaches
        For ``within_m`` the radius in metres for each size of facility; else empty.
    standard_zh
        What is asked for, in words (标准): ``建筑面积≥800㎡``.
    note
        What the rule's name says besides, such as what is asked of old or new quarters.
    not_computable
        Why no community can be held against it, such as 待填; empty where it can.
    """

    rule: str
    kind: str
    served_by: tuple[str, ...]
    metric: Metric
    threshold: float | None
    reaches: tuple[Reach, ...] = ()
    standard_zh: str
    note: str = ""
    not_computable: str = ""

    @property
    def reference(self) -> bool:
        """Whether it binds only some communities (新建), so that it is a verdict on none of the others: 不适用."""
        return bool(self.applies_to)


@cache
def _editions() -> Mapping[str, tuple[str, ...]]:
    """The ids of the rules of each edition, by its profile."""
    tables = tomllib.loads((FOLDER / "checkup.toml").read_text(encoding="utf-8"))["checkup"]
    return MappingProxyType({one["profile"]: tuple(one["rules"]) for one in tables})


def checkup_profiles() -> tuple[str, ...]:
    """The packaged profiles that have a check-up; a district's own may extend one of them."""
    return tuple(_editions())


def checkup_items(profile_id: str, folder: Path | None = None) -> list[CheckupItem]:
    """What each community is held against, in the order of the edition, a district's own items last.

    Parameters
    ----------
    profile_id
        One of `checkup_profiles`, or a district's own profile that extends one: its overrides apply, and its new rules on
        a kind's presence, size or radius are added.
    folder
        The district's ``analyses/standards/``; it need not exist.

    Raises
    ------
    DeclarationError
        With everything that is wrong in the folder, or every item that a district's override has made none.
    MissingError
        If there is no such profile, or it has no check-up; the message names the nearest.
    """
    profile = load_profile(profile_id, folder)
    edition = next((_editions()[one] for one in profile.lineage if one in _editions()), None)
    if edition is None:
        raise MissingError(f"profile {profile_id!r} has no check-up. {did_you_mean(profile_id, _editions())}")
    own = [rule.id for rule in profile.rules.values() if rule.profile == profile_id and _fits(rule)]
    rules = [profile.rule(rule_id) for rule_id in dict.fromkeys([*edition, *own])]
    remedy = f"Give it a kind and one of the metrics {', '.join(_METRICS)}"
    problems = [
        Problem(f"analyses/standards/{rule.profile}.toml", f"rule {rule.id}", "is no item", rule.metric, remedy)
        for rule in rules
        if not _fits(rule)
    ]
    if problems:
        raise DeclarationError("items of the check-up", problems)
    return [item for rule in rules for item in _items_of(rule)]


def _fits(rule: Rule) -> bool:
    return bool(rule.kind) and rule.metric in _METRICS


def _items_of(rule: Rule) -> Iterator[CheckupItem]:
    """The items of one rule: what its row measures, and the land that it asks for beside a floor area."""
    metric = _METRICS[rule.metric]
    title, _, bracket = rule.name_zh.partition("(")
    threshold = rule.limit_m if metric == "within_m" else _least_m2(rule)
    lacks = rule.computable or ("" if threshold is not None or rule.reaches else "条文没有给出可用的数值")
    item = CheckupItem(
        **citation(rule, title_zh=title),
        rule=rule.id,
        kind=rule.kind,
        served_by=kinds()[rule.kind].served_by,
        metric=metric,
        threshold=threshold,
        reaches=rule.reaches,
        standard_zh=_in_words(metric, threshold, rule.reaches),
        note=bracket.removesuffix(")"),
        not_computable="" if metric == "exists" else lacks,
    )
    if item.reference:
        item = replace(item, effect="inform")
    yield item
    if metric == "bldg_m2" and (land_m2 := rule.land_min_m2) is not None:
        words = _in_words("land_m2", land_m2, ())
        yield replace(
            item, id=f"{rule.id}.land", metric="land_m2", threshold=land_m2, standard_zh=words, not_computable=""
        )


def _least_m2(rule: Rule) -> float | None:
    """The least area in m², None where the row gives none without a condition."""
    areas = (
        one.minimum * AREA_UNITS_M2[one.unit]
        for one in rule.figures
        if one.minimum is not None and one.unit in AREA_UNITS_M2 and not one.condition
    )
    return next(areas, None)


def _in_words(metric: Metric, threshold: float | None, reaches: Sequence[Reach]) -> str:
    """What is asked for, as a table prints it; empty where there is no figure."""
    if metric == "exists":
        return "有"
    if metric == "within_m" and reaches:
        radii = [f"{one.limit_m:g}米{size_words(one.min_area_m2, one.max_area_m2)}" for one in reaches]
        return f"服务半径{'、'.join(radii)}"
    return "" if threshold is None else f"{_AREA_WORDS[metric]}≥{threshold:g}㎡"
