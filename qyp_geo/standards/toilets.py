"""How many public toilets the standards ask for: per square kilometre of land, and along streets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qyp_geo.standards.cited import Cited, citation
from qyp_geo.standards.profiles import stated_rules

_KIND = "public_toilet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToiletDensityRule(Cited):
    """Toilets for each square kilometre of one class of built-up land; what every rule carries is in `Cited`.

    Parameters
    ----------
    land_class
        The land that it is about, in the source's words (``居住用地``); empty for all built-up land.
    minimum_per_km2, maximum_per_km2
        The bounds, inclusive; None where there is none.
    """

    land_class: str
    minimum_per_km2: float | None
    maximum_per_km2: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToiletSpacingRule(Cited):
    """How far apart toilets stand along streets of one type; what every rule carries is in `Cited`.

    Parameters
    ----------
    road_type
        商业性, 生活性 or 交通性; empty for any street.
    minimum_m, maximum_m
        The distance along the street, in metres; None where there is no such bound.
    strict
        Whether the bounds themselves are outside (``<400``).
    """

    road_type: str
    minimum_m: float | None
    maximum_m: float | None
    strict: bool

    def too_far(self, spacing_m: float) -> bool:
        """Whether two neighbouring toilets are farther apart (metres) than the rule allows."""
        if self.maximum_m is None:
            return False
        return spacing_m >= self.maximum_m if self.strict else spacing_m > self.maximum_m


def toilet_density_rules(folder: Path | None = None) -> list[ToiletDensityRule]:
    """Every rule on toilets per square kilometre.

    Parameters
    ----------
    folder
        The district's ``analyses/standards/``: its own rules are added, its ``verified.csv`` lifts 未核.

    Raises
    ------
    DeclarationError
        With everything that is wrong in the folder.
    """
    return [
        ToiletDensityRule(
            **citation(rule),
            land_class=rule.applies_to,
            minimum_per_km2=figure.minimum,
            maximum_per_km2=figure.maximum,
        )
        for _, rule in stated_rules(folder)
        if rule.kind == _KIND and rule.metric == "density"
        for figure in rule.figures
    ]


def toilet_spacing_rules(folder: Path | None = None) -> list[ToiletSpacingRule]:
    """Every rule on toilets along streets; parameters and errors are those of `toilet_density_rules`."""
    return [
        ToiletSpacingRule(
            **citation(rule),
            road_type=rule.applies_to.removesuffix("路段"),
            minimum_m=figure.minimum,
            maximum_m=figure.maximum,
            strict=figure.strict,
        )
        for _, rule in stated_rules(folder)
        if rule.kind == _KIND and rule.metric == "spacing"
        for figure in rule.figures
    ]
