"""One rule of a standard, as its source has it, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Annotated, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from qyp_geo.errors import did_you_mean
from qyp_geo.standards.figures import Figure, parse_value
from qyp_geo.standards.kinds import kinds
from qyp_geo.standards.packaged import read_rows

Effect = Literal["fail", "warn", "inform"]

CIRCLES = ("15", "10", "5", "街坊")
# What else stands in the sources' column, and which circles it means.
_CIRCLES_OF: Mapping[str, tuple[str, ...]] = MappingProxyType({"5-10": ("10", "5"), "社区": (), "-": ()})
METRICS = (
    "service_radius",
    "walk_distance",
    "walk_time",
    "spacing",
    "min_park",
    "min_width",
    "area",
    "land",
    "bldg",
    "count",
    "coverage",
    "density",
    "dwellings",
    "households",
    "population",
    "per_1000",
    "per_100hh",
    "per_100m2",
    "per_capita",
    "ratio",
    "threshold",
    "origin",
)
# A bare number is the most that is allowed for these, the least for every other metric.
_CEILINGS = ("service_radius", "walk_distance", "walk_time", "spacing")
_REACHES = ("service_radius", "walk_distance")
AREA_UNITS_M2: Mapping[str, float] = MappingProxyType({"m2": 1.0, "hm2": 10_000.0})
UNVERIFIED = "未核"
# A row that a district has named and not yet given its figure.
TO_FILL_IN = "待填"


@dataclass(frozen=True, slots=True)
class Strength:
    """What a strength word amounts to: `fail`, `warn` or `inform`, and why."""

    effect: Effect
    reason: str


@cache
def strengths() -> Mapping[str, Strength]:
    """Every strength word of the sources, the empty one included."""
    rows = read_rows("strengths.csv")
    return MappingProxyType({row["strength"]: Strength(cast("Effect", row["effect"]), row["reason"]) for row in rows})


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a rule lets a facility of one size be.

    Parameters
    ----------
    limit_m, beside_m
        The longest walk in metres, and the stricter one beside it, None where there is none.
    strict
        Whether the limit itself is too far.
    min_area_m2, max_area_m2
        The size of the facilities it is about, inclusive; None where any.
    """

    limit_m: float
    beside_m: float | None
    strict: bool
    min_area_m2: float | None
    max_area_m2: float | None

    def takes(self, area_m2: float) -> bool:
        """Whether a facility of this area (m²) is of the size that the distance is about."""
        return (self.min_area_m2 or 0.0) <= area_m2 and (self.max_area_m2 is None or area_m2 <= self.max_area_m2)


def labelled(source: str, *, verified: bool) -> str:
    """A source as it is printed beside a result, with 未核 where unverified."""
    return source if verified else f"{source}（{UNVERIFIED}）"


def size_words(min_area_m2: float | None, max_area_m2: float | None) -> str:
    """The size of the facilities that a distance is about, in words; empty where any."""
    if min_area_m2 is None:
        return ""
    return f"(≥{min_area_m2:g}㎡)" if max_area_m2 is None else f"({min_area_m2:g}-{max_area_m2:g}㎡)"


def _known(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    if word not in known:
        raise ValueError(f"not a known word. {did_you_mean(word, known)}")
    return word


def _as_text(value: object) -> object:
    """A plain TOML number as the text it would be in the source's table."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Area = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Rule(BaseModel):
    """One row of a standard.

    Parameters
    ----------
    id
        Unique among all packaged profiles (``f5.kg``).
    name_zh, circle, metric, value, unit, strength, oblig, site, clause, confidence, evidence
        As the source's row has them, word for word; `circle` may name several (``15/10``), ``-`` is none. `oblig` is
        ▲ (to be provided), △ (as needed) or empty. `confidence` is V1 (the clause's text was seen), V2 (second hand),
        M+, M, M- (memory), or ``local`` for what a district wrote itself.
    bldg_min_m2, bldg_max_m2, land_min_m2, land_max_m2
        Floor area and land area in m², None where the row gives none.
    kind
        The facility kind that the rule judges; empty where it judges none.
    applies_to
        What the rule binds, where that is not the residents' home; for residents its figure is then a reference only.
    parts
        What each figure of `value` is of, where only the rule's name says so.
    cited
        The clause in full, where the row says 同上.
    profile, code
        The profile that states the figures, and its standard's name as printed (``GB 50180-2018``).
    verified
        Whether the figures are free of 未核.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    name_zh: str = Field(min_length=1)
    circle: str = "-"
    metric: str
    value: Annotated[str, BeforeValidator(_as_text)] = ""
    unit: str = "-"
    strength: str = ""
    bldg_min_m2: Area | None = None
    bldg_max_m2: Area | None = None
    land_min_m2: Area | None = None
    land_max_m2: Area | None = None
    oblig: Literal["", "▲", "△"] = ""
    site: str = ""
    clause: str = ""
    confidence: Literal["V1", "V2", "M+", "M", "M-", "local"]
    evidence: str = ""
    kind: str = ""
    applies_to: str = ""
    parts: tuple[str, ...] = ()
    cited: str = ""
    profile: str
    code: str
    verified: bool

    @field_validator("circle")
    @classmethod
    def _circle_is_known(cls, circle: str) -> str:
        for one in circle.split("/"):
            _known(one, (*CIRCLES, *_CIRCLES_OF))
        return circle

    @field_validator("metric")
    @classmethod
    def _metric_is_known(cls, metric: str) -> str:
        return _known(metric, METRICS)

    @field_validator("strength")
    @classmethod
    def _strength_is_known(cls, strength: str) -> str:
        return _known(strength, strengths())

    @field_validator("kind")
    @classmethod
    def _kind_is_known(cls, kind: str) -> str:
        return kind and _known(kind, kinds())

    @field_validator("unit")
    @classmethod
    def _unit_suits_metric(cls, unit: str, info: ValidationInfo) -> str:
        first, metric = unit.split(" / ", maxsplit=1)[0], info.data.get("metric")
        if metric in _REACHES and first != "m":
            raise ValueError('a distance is in metres. Write unit = "m"')
        if metric == "min_park" and first not in AREA_UNITS_M2:
            raise ValueError('the size of a park is an area. Write unit = "hm2 / m" or "m2"')
        return unit

    @model_validator(mode="after")
    def _least_before_most(self) -> Rule:
        for least, most in (("bldg_min_m2", "bldg_max_m2"), ("land_min_m2", "land_max_m2")):
            low, high = getattr(self, least), getattr(self, most)
            if low is not None and high is not None and low > high:
                raise ValueError(f"{least} is more than {most}")
        return self

    @property
    def circles(self) -> tuple[str, ...]:
        """The circles that the rule belongs to (15, 10, 5, 街坊); none where its standard is not divided by circles."""
        return tuple(circle for word in self.circle.split("/") for circle in _CIRCLES_OF.get(word, (word,)))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The value in figures; none where it is not computable."""
        return self._parsed()[0]

    @property
    def computable(self) -> str:
        """Empty where the value could be read, else the reason why not."""
        return TO_FILL_IN if self.confidence == "local" and not self.value else self._parsed()[1]

    def _parsed(self) -> tuple[tuple[Figure, ...], str]:
        ceiling = self.metric in _CEILINGS
        return parse_value(self.value, unit=self.unit, ceiling=ceiling, parts=self.parts)

    @property
    def reaches(self) -> tuple[Reach, ...]:
        """The distances that hold without a condition: mostly one, or one for each size of facility."""
        if self.metric not in _REACHES:
            return ()
        return tuple(
            Reach(one.maximum, one.minimum, one.strict, one.min_area_m2, one.max_area_m2)
            for one in self.figures
            if one.unit == "m" and not one.condition and one.maximum is not None
        )

    @property
    def limit_m(self) -> float | None:
        """The longest walk in metres (1000 of ``800-1000``); None where the rule gives none, or one for each size."""
        return self.reaches[0].limit_m if len(self.reaches) == 1 else None

    @property
    def beside_m(self) -> float | None:
        """The stricter distance to show beside the limit (800 of ``800-1000``), in metres."""
        return self.reaches[0].beside_m if len(self.reaches) == 1 else None

    @property
    def effect(self) -> Effect:
        """What missing the figures amounts to, by the strength word."""
        return strengths()[self.strength].effect

    @property
    def source(self) -> str:
        """The standard and the clause, as cited."""
        clause = self.cited or self.clause
        return self.code if clause in {"", "-"} else f"{self.code} {clause}"

    def label(self) -> str:
        """The source to print beside a result, with 未核 where unverified."""
        return labelled(self.source, verified=self.verified)
