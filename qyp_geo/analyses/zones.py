"""What the plan's zones are: their extent, overlaps, content and coverage, and whether the plan's own words hold of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final, Literal, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pydantic import Field, model_validator
from shapely.geometry.base import BaseGeometry

from qyp_geo.analyses.access import demand_points, exists
from qyp_geo.analyses.areas import OUTSIDE, pairs_within
from qyp_geo.analyses.checking import repeated
from qyp_geo.analyses.coverage import Coverage, coverage_named
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.shares import ALL_SETS
from qyp_geo.declarations import Analysis, Layer, Record, Ref
from qyp_geo.errors import DeclarationError, Problem, did_you_mean
from qyp_geo.frames import Result

_UNIT: Final = {"length_m": "m", "area_km2": "km²", "disjoint": "share", "within": "share"}
_DIMENSION: Final = {"length_m": 1, "area_km2": 2}
_SLIVER_M2: Final = 1.0
"""Zones that share less than this touch and do not overlap: it is what rounded coordinates leave."""


class Selection(Record):
    """One feature of a layer or, without `id`, all of them taken together."""

    layer: Ref
    id: str | None = None


class Check(Record):
    """One thing of the plan's words that can be measured.

    `disjoint` and `within` measure which share of `of` (of its area; of a line its length, of points their number) lies inside,
    or outside, `against`: it should be 0. `length_m` and `area_km2` measure `of`: it should be `expected`.
    """

    id: str = Field(min_length=1)
    says: str = Field(min_length=1)
    """The plan's words."""
    source: str = Field(min_length=1)
    test: Literal["disjoint", "within", "length_m", "area_km2"]
    of: Selection
    against: Selection | None = None
    expected: float | None = Field(default=None, gt=0)
    tolerance: float = Field(default=0.001, ge=0, lt=1)
    """By which share the figure may be missed; the default is what rounded coordinates need."""
    note: str = ""

    @model_validator(mode="after")
    def _has_what_its_test_needs(self) -> Self:
        if self.test in _DIMENSION:
            if self.expected is None or self.against is not None:
                raise ValueError(f"{self.test} measures one selection: give of and expected, and no against")
        elif self.against is None or self.expected is not None:
            raise ValueError(f"{self.test} compares two selections: give of and against, and no expected")
        return self


class Zones(Analysis):
    """What each zone is and holds."""

    kind: Literal["zones"]
    zones: Ref
    coverage: Ref
    contains: list[Ref] = Field(default_factory=list)
    """Layers whose features are counted in each zone."""
    check: list[Check] = Field(default_factory=list)


def check_zones(record: Zones, *, shown_as: str, layers: Mapping[str, Layer]) -> Iterator[Problem]:
    """Yield what is wrong with a zones declaration that its record alone cannot know."""
    if record.zones in layers and layers[record.zones].kind != "zones":
        yield Problem(shown_as, "zones", f"{record.zones} is no zones layer", layers[record.zones].kind)
    ids = [check.id for check in record.check]
    for id_ in repeated(ids):
        yield Problem(shown_as, "check", "two checks have one id", id_, "Give each its own")


def describe_zones(record: Zones, given: Inputs) -> Result:
    """Describe the zones and test them against the plan's words.

    Parameters
    ----------
    record
        The question.
    given
        The layers and the coverage result that it names.

    Returns
    -------
    Result
        ``table``: one row per zone and one for 区外 (the district outside all zones), with ``area_km2``, ``people``,
        ``overlaps``, ``n_<kind>`` (existing features whose point, of a polygon the centroid, lies inside), ``share_reached``
        and ``share_<requirement>`` (those with data); there is no total, since zones may overlap. ``overlaps``: one row per
        pair that shares ground. ``checks``: one row per check.

    Raises
    ------
    DeclarationError
        If a check selects a feature that does not exist, or the coverage analysis was not asked about these zones.
    """
    question, coverage = coverage_named(record.coverage, given, asked_by=record)
    _require(record, given, question)
    zones = given.layers[record.zones].frame
    district = given.layers[given.district.boundary].frame.union_all()
    shapes = gpd.GeoSeries(
        [*zones.geometry, shapely.difference(district, zones.union_all())],
        index=pd.Index([*zones.index, OUTSIDE], name="id"),
        crs=zones.crs,
    )
    headline = coverage.parts["headline"]
    headline = (
        headline[(headline["level"] == "zone") & (headline["set"] == ALL_SETS)].set_index("area").loc[shapes.index]
    )
    overlaps = _overlaps(zones, gpd.GeoDataFrame(coverage.parts["units"]))
    both_ways = [*zip(overlaps["a"], overlaps["b"], strict=True), *zip(overlaps["b"], overlaps["a"], strict=True)]
    table = gpd.GeoDataFrame(
        {
            "name": [*zones["name"], OUTSIDE],
            "area_km2": shapes.area / 1e6,
            "people": headline["people_total"],
            "overlaps": ["、".join(b for a, b in both_ways if a == name) for name in (*zones["name"], OUTSIDE)],
            **_contents(record, given, shapes),
            "share_reached": headline["share_reached"],
            **_shares(coverage, shapes.index),
        },
        geometry=shapes,
    )
    checks = _run_checks(record.check, given)
    parts = {"checks": checks, "overlaps": overlaps}
    return Result(
        record=record, table=table, parts=parts, notes=coverage.notes, problems=tuple(_failed(record, checks))
    )


def _require(record: Zones, given: Inputs, coverage: Coverage) -> None:
    """Raise one `DeclarationError` with all that the question asks for and its inputs do not have."""
    problems = list(_unusable_selections(record, given))
    if record.zones not in coverage.areas:
        remedy = f"Add {record.zones} to areas in {record.coverage}"
        problems.append(
            Problem(record.title, "coverage", "does not give totals for these zones", record.coverage, remedy)
        )
    if problems:
        raise DeclarationError(f"{record.title} cannot be answered", problems)


def _unusable_selections(record: Zones, given: Inputs) -> Iterator[Problem]:
    """Yield the checks that select a feature that does not exist, or that measure what has no length or area."""
    for check in record.check:
        there = True
        for key, chosen in (("of", check.of), ("against", check.against)):
            known: list[str] = list(given.layers[chosen.layer].frame.index) if chosen else []
            if chosen and chosen.id is not None and chosen.id not in known:
                what = f"{chosen.layer} has no such feature"
                yield Problem(
                    record.title, f"check {check.id}, {key}.id", what, chosen.id, did_you_mean(chosen.id, known)
                )
                there = False
        dimension = _DIMENSION.get(check.test)
        if there and dimension and shapely.get_dimensions(_select(check.of, given)) != dimension:
            what = f"{check.test} measures {'lines' if dimension == 1 else 'polygons'}, and this is none"
            yield Problem(record.title, f"check {check.id}, of", what, f"{check.of.layer} {check.of.id or ''}".strip())


def _contents(record: Zones, given: Inputs, shapes: gpd.GeoSeries) -> dict[str, npt.NDArray[np.intp]]:
    """Return, by kind, how many existing features of the layers have their point (of a polygon the centroid) in each shape.

    The last shape, 区外, has what lies in no other.
    """
    counts: dict[str, npt.NDArray[np.intp]] = {}
    for ref in record.contains:
        layer = given.layers[ref]
        point, shape = pairs_within(layer.frame[exists(layer.frame)].geometry.centroid, shapes)
        in_zone = point[shape < len(shapes) - 1]
        kept = (shape < len(shapes) - 1) | ~np.isin(point, in_zone)
        column = f"n_{layer.record.kind}"
        counts[column] = counts.get(column, 0) + np.bincount(shape[kept], minlength=len(shapes))
    return counts


def _shares(coverage: Result, zones: pd.Index) -> dict[str, pd.Series]:
    """Return the share of people of each zone who are within the limit, by requirement of which there are data."""
    asked = coverage.parts["requirements"]
    of_zone = coverage.table[coverage.table["level"] == "zone"]
    return {
        f"share_{id_}": of_zone[of_zone["requirement"] == id_].set_index("area")["people_share"].loc[zones]
        for id_ in asked["id"][asked["has_layer"]]
    }


def _overlaps(zones: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the pairs of zones that share ground: names, area, and the people who live on it."""
    points = demand_points(units)
    point, zone = pairs_within(points, zones.geometry)
    inside = np.zeros((len(points), len(zones)), dtype=bool)
    inside[point, zone] = True
    people = units["people"].to_numpy(dtype=float)
    rows = []
    for a, b in combinations(range(len(zones)), 2):
        area_m2 = zones.geometry.iloc[a].intersection(zones.geometry.iloc[b]).area
        if area_m2 > _SLIVER_M2:
            both = people[inside[:, a] & inside[:, b]].sum()
            rows.append((zones["name"].iloc[a], zones["name"].iloc[b], area_m2 / 1e6, both))
    return pd.DataFrame(rows, columns=["a", "b", "area_km2", "people"])


def _run_checks(checks: Sequence[Check], given: Inputs) -> pd.DataFrame:
    """Return one row per check."""
    rows = []
    for check in checks:
        of = _select(check.of, given)
        measured = _measure(check, of, given)
        expected, tolerance = check.expected or 0.0, check.tolerance * (check.expected or 1.0)
        rows.append(
            {
                "check": check.id,
                "says": check.says,
                "source": check.source,
                "test": check.test,
                "unit": _UNIT[check.test],
                "expected": expected,
                "tolerance": tolerance,
                "measured": measured,
                "holds": bool(abs(measured - expected) <= tolerance),
                "note": check.note,
            }
        )
    columns = ["check", "says", "source", "test", "unit", "expected", "tolerance", "measured", "holds", "note"]
    return pd.DataFrame(rows, columns=columns).astype({"holds": bool})


def _failed(record: Zones, checks: pd.DataFrame) -> Iterator[Problem]:
    """Yield a warning for each check that does not hold."""
    for check in checks[~checks["holds"]].itertuples():
        yield Problem(
            record.title,
            f"check {check.check}",
            "the plan's words do not hold of these data",
            f"{check.measured:.4g} {check.unit}",
            f"Expected {check.expected:g} ± {check.tolerance:.3g} ({check.source}: {check.says})",
            severity="warning",
        )


def _select(chosen: Selection, given: Inputs) -> BaseGeometry:
    frame = given.layers[chosen.layer].frame
    return frame.union_all() if chosen.id is None else frame.geometry[chosen.id]


def _measure(check: Check, of: BaseGeometry, given: Inputs) -> float:
    if check.against is None:
        return float(of.length if check.test == "length_m" else of.area / 1e6)
    against = _select(check.against, given)
    part = of.intersection(against) if check.test == "disjoint" else of.difference(against)
    return _size(part, of) / _size(of, of)


def _size(part: BaseGeometry, whole: BaseGeometry) -> float:
    """Return how much of `whole` a part of it is: its area, of a line its length, of points their number."""
    match shapely.get_dimensions(whole):
        case 2:
            return float(part.area)
        case 1:
            return float(part.length)
        case _:
            return float(len(shapely.get_coordinates(part)))
