"""What the standards ask of parks: how much residential land they serve, their size, and the green land per head.

The rules for the share contradict each other, so that each is a record of its own and none is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from qyp_geo.standards.cited import Cited, citation
from qyp_geo.standards.kinds import kinds
from qyp_geo.standards.profiles import Profile, load_profile, stated_rules
from qyp_geo.standards.requirements import Requirement, requirements
from qyp_geo.standards.rules import CIRCLES, Reach, Rule

_POCKET_PARK = "pocket"
# The sources leave the stroke out where a cell has several units.
_PER_HEAD = ("m2/人", "m2人")
# What the sources write before a target that holds for the whole city.
_WHOLE_CITY = ("", "总", "达标")
# GB/T 51346-2019 4.3.4 gives its radius in the words of the indicator: 500m 服务半径.
_RADIUS_IN_NAME = re.compile(r"(\d+)\s*m\s*服务半径")


@dataclass(frozen=True, slots=True)
class Target:
    """The share that must be served.

    Parameters
    ----------
    share
        Of the denominator, from 0 to 1.
    strict
        Whether the share itself is too little (``>90``).
    place
        Where it holds (``新区``, ``旧城``); empty for the whole.
    """

    share: float
    strict: bool
    place: str = ""

    def met(self, share: float) -> bool:
        """Whether a share (0 to 1) is enough."""
        return share > self.share if self.strict else share >= self.share


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkRule(Cited):
    """One way to count which residential land parks serve; what every rule carries is in `Cited`.

    Parameters
    ----------
    circle
        The rule's circle as written (``15``), ``-`` where its standard has none.
    kinds
        The facility kinds that count.
    reaches
        The radius in metres (`Reach.limit_m`) for each size of park.
    place_reaches
        What stands in their stead in a kind of place (``历史街区``).
    min_width_m
        The least width of a park that counts, in metres; None where any does.
    targets
        The shares asked for; none where the source names no target.
    denominator
        The land that the share is of.
    not_computable
        Why no share can be computed by this rule; empty where one can.
    """

    circle: str = "-"
    kinds: tuple[str, ...]
    reaches: tuple[Reach, ...] = ()
    place_reaches: Mapping[str, tuple[Reach, ...]] = field(default_factory=lambda: MappingProxyType({}))
    min_width_m: float | None = None
    targets: tuple[Target, ...] = ()
    denominator: str = "居住用地"
    not_computable: str = ""

    @property
    def target(self) -> Target | None:
        """The share asked of the whole city, None where the source asks for none."""
        return next((one for one in self.targets if not one.place), None)

    def radius_m(self, *, area_m2: float, width_m: float | None = None, place: str = "") -> float | None:
        """How far a park serves, in metres; None where it is too small or too narrow to count.

        Parameters
        ----------
        area_m2, width_m
            The park's area in m² and width in metres; an unknown width (None) does not meet a least width.
        place
            Where the park lies, if the rule makes a difference (a key of `place_reaches`).
        """
        if self.min_width_m is not None and (width_m is None or width_m < self.min_width_m):
            return None
        reaches = self.place_reaches.get(place, self.reaches)
        return max((reach.limit_m for reach in reaches if reach.takes(area_m2)), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerHeadRule(Cited):
    """Green land for each resident: at least `minimum_m2` (more than that if `strict`), in the rule's circle or city."""

    circle: str
    minimum_m2: float
    strict: bool

    def met(self, m2_per_head: float) -> bool:
        """Whether so many m² for each resident are enough."""
        return m2_per_head > self.minimum_m2 if self.strict else m2_per_head >= self.minimum_m2


@dataclass(frozen=True, slots=True, kw_only=True)
class PocketParkRule(Cited):
    """The size of a pocket park in m², both bounds included."""

    minimum_m2: float
    maximum_m2: float

    def holds(self, area_m2: float) -> bool:
        """Whether a park of this area is a pocket park."""
        return self.minimum_m2 <= area_m2 <= self.maximum_m2


def park_rules(folder: Path | None = None) -> list[ParkRule]:
    """Every rule by which parks serve residential land, one record each: they are not to be mixed.

    Parameters
    ----------
    folder
        The district's ``analyses/standards/``: its own park rules are added, its ``verified.csv`` lifts 未核.

    Raises
    ------
    DeclarationError
        With everything that is wrong in the folder.
    """
    found: list[ParkRule] = []
    for profile, rule in stated_rules(folder):
        if rule.kind != "park":
            continue
        if rule.metric == "min_park":
            found += _of_size(rule, profile)
        elif rule.metric in {"coverage", "service_radius"}:
            found.append(_of_share(rule))
    return found


def green_per_head_rules(folder: Path | None = None) -> list[PerHeadRule]:
    """Every rule on park land per head; parameters and errors are those of `park_rules`."""
    return [one for _, rule in stated_rules(folder) if rule.kind == "park" for one in _per_head(rule)]


def pocket_park_rule(folder: Path | None = None) -> PocketParkRule:
    """What size a pocket park has; parameters and errors are those of `park_rules`."""
    rule = load_profile("pocket-park-2024", folder).rules[_POCKET_PARK]
    (size,) = rule.figures
    return PocketParkRule(**citation(rule), minimum_m2=size.minimum or 0.0, maximum_m2=size.maximum or float("inf"))


def _per_head(rule: Rule) -> list[PerHeadRule]:
    """The figures of a rule that are land per head, numbered where there are several."""
    found = [
        PerHeadRule(
            **citation(rule, title_zh=_part_named(rule, figure.condition)),
            circle=rule.circle,
            minimum_m2=figure.minimum,
            strict=figure.strict,
        )
        for figure in rule.figures
        if figure.unit in _PER_HEAD and figure.minimum is not None
    ]
    if len(found) == 1:
        return found
    return [replace(one, id=f"{rule.id}.{number}") for number, one in enumerate(found, start=1)]


def _of_share(rule: Rule) -> ParkRule:
    """A share of land within a radius; the radius is the rule's value or, where that is the share, in its name."""
    if rule.metric == "coverage":
        radii = _RADIUS_IN_NAME.findall(rule.name_zh)
        reaches = tuple(Reach(float(radius), None, False, None, None) for radius in radii)
    else:
        reaches = rule.reaches
    places: dict[str, tuple[Reach, ...]] = {}
    for one in rule.figures:
        if one.unit == "m" and one.condition and one.maximum is not None:
            reach = Reach(one.maximum, one.minimum, one.strict, one.min_area_m2, one.max_area_m2)
            places[one.condition] = (*places.get(one.condition, ()), reach)
    shares = [one for one in rule.figures if one.unit == "%" and one.minimum is not None]
    names = (*_WHOLE_CITY, *rule.parts)
    return ParkRule(
        **citation(rule, title_zh=_part_named(rule, shares[0].condition if shares else "")),
        circle=rule.circle,
        kinds=_counting(rule),
        reaches=reaches,
        place_reaches=MappingProxyType(places),
        targets=tuple(
            Target((one.minimum or 0.0) / 100, one.strict, "" if one.condition in names else one.condition)
            for one in shares
        ),
        not_computable=rule.computable or ("" if reaches else "条文没有给出服务半径"),
    )


def _of_size(rule: Rule, profile: Profile) -> list[ParkRule]:
    """The park of a circle: its size by one clause, its radius by the one on the circle's walking distance."""
    asked = [one for one in requirements(profile, circles=CIRCLES) if one.rule == rule.id]
    if not asked:
        reason = rule.computable or "所在圈层没有步行距离"
        return [ParkRule(**citation(rule), circle=rule.circle, kinds=_counting(rule), not_computable=reason)]
    return [_of_requirement(one, rule) for one in asked]


def _of_requirement(one: Requirement, rule: Rule) -> ParkRule:
    return ParkRule(
        id=one.id,
        profile=one.profile,
        title_zh=rule.name_zh,
        source=one.source,
        strength=one.strength,
        effect=one.effect,
        verified=one.verified,
        applies_to=one.applies_to,
        circle=one.circle,
        kinds=_counting(rule),
        reaches=(Reach(one.limit_m, one.beside_m, one.strict, one.min_area_m2, one.max_area_m2),),
        min_width_m=one.min_width_m,
    )


def _counting(rule: Rule) -> tuple[str, ...]:
    """The kinds that count: parks and what serves as one, squares only where the rule names them."""
    served_by = kinds()[rule.kind].served_by
    return (*served_by, "square") if "广场" in rule.name_zh else served_by


def _part_named(rule: Rule, condition: str) -> str:
    """What one figure is called: the rule's own name, or its part of a name that covers several figures."""
    return condition if condition in rule.parts else rule.name_zh
