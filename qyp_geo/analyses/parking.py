"""Are there berths enough: 配建, 路外 and 路内, charging, and what is lacking against a declared demand.

How near a lot is counts for no living circle: nothing here enters a coverage score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field, model_validator
from scipy import sparse

from qyp_geo.analyses.access import demand_points, find_facilities
from qyp_geo.analyses.areas import find_areas
from qyp_geo.analyses.berths import (
    ATTACHED,
    Bools,
    Floats,
    Places,
    holders_of,
    lots_of,
    own_berths,
    owners_of,
    public_berths,
    supply,
)
from qyp_geo.analyses.checking import Expected, layers_twice, unread, wrong_kinds
from qyp_geo.analyses.coverage import Coverage, coverage_named, stand_in
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.parking_tables import areas_table, checks_table, lots_table, notes_of, places_table
from qyp_geo.analyses.reach import walks_to_each
from qyp_geo.declarations import Analysis, Layer, Record, Ref
from qyp_geo.errors import DataError, DeclarationError, MissingError, Problem, did_you_mean
from qyp_geo.frames import LayerData, Result
from qyp_geo.standards import load_profile

_NOT_PLACES = frozenset({"streets", "boundary", "residents", "gates", "barriers", "crossings"})
RADIUS_RULE, SPLIT_RULE, CHARGING_RULE, TOTAL_RULE = "p.rad", "p.split", "p.ev", "p.total"


class Demand(Record):
    """How many berths are needed: households × berths per household, or the vehicles there are (保有量)."""

    households: str = ""
    """The residents' column of households."""
    berths_per_household: float | None = Field(default=None, gt=0)
    vehicles: float | None = Field(default=None, gt=0)
    """The vehicles of the district; spread over the people (均摊) where no households are declared."""
    year: int = Field(ge=1900, le=2100)
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _says_how_many(self) -> Self:
        if bool(self.households) != (self.berths_per_household is not None):
            raise ValueError("households and berths_per_household go together: give both, or neither")
        if not self.households and self.vehicles is None:
            raise ValueError("give households and berths_per_household, or vehicles")
        return self


class Priority(Record):
    """A sort of place that the plan puts first."""

    title: str = Field(min_length=1)
    of: list[Ref] = Field(min_length=1)
    """Estates, whose need is that of their homes; or other places, with a need of their own."""
    built_before: int | None = Field(default=None, ge=1800, le=2100)
    """Of estates, those built before this year."""
    needed: str | float | None = None
    """Berths that a place needs, of places that are no estates: a column, or one figure for each."""


class Parking(Analysis):
    """What there is of parking, and what is lacking."""

    kind: Literal["parking"]
    coverage: Ref
    """Gives the homes, the streets and the areas."""
    parking: list[Ref] = Field(min_length=1)
    estates: Ref | None = None
    """The estates that 配建 berths belong to."""
    demand: Demand | None = None
    """Without it what is lacking is not computable."""
    priority: list[Priority] = Field(default_factory=list)
    standard: str = "gbt51149-2016"


def check_parking(record: Parking, *, shown_as: str, layers: Mapping[str, Layer], standards: Path) -> Iterator[Problem]:
    """Yield what is wrong with a parking declaration that its record alone cannot know."""
    expected: list[Expected] = [
        ("parking", record.parking, ("public_parking", "resident_parking")),
        ("estates", [record.estates], ("estates",)),
    ]
    yield from wrong_kinds(expected, shown_as=shown_as, layers=layers)
    yield from layers_twice("parking", record.parking, shown_as=shown_as)
    for one in record.priority:
        where = f"priority {one.title}"
        are_estates = [ref == record.estates for ref in one.of]
        for ref in one.of:
            if ref in layers and layers[ref].kind in _NOT_PLACES:
                yield Problem(shown_as, f"{where}, of", f"{ref} holds no places", layers[ref].kind)
            elif ref in layers and layers[ref].kind == "estates" and ref != record.estates:
                yield Problem(
                    shown_as, f"{where}, of", "is not the layer that estates names", ref, f'estates = "{ref}"'
                )
        if any(are_estates) and one.needed is not None:
            what = "estates need what their homes need"
            yield Problem(shown_as, f"{where}, needed", what, str(one.needed), "Remove it")
        if not all(are_estates) and one.built_before is not None:
            what = "only estates are chosen by the year in which they were built"
            yield Problem(shown_as, f"{where}, built_before", what, str(one.built_before), "Remove it")
    yield from _check_standard(record, shown_as=shown_as, standards=standards)


def _check_standard(record: Parking, *, shown_as: str, standards: Path) -> Iterator[Problem]:
    try:
        profile = load_profile(record.standard, standards)
        for id_ in (RADIUS_RULE, CHARGING_RULE, TOTAL_RULE):
            if len((rule := profile.rule(id_)).figures) != 1:
                what = f"rule {id_} has not one figure ({rule.computable or rule.value})"
                yield Problem(shown_as, "standard", what, record.standard, "Give it one in the district's own standard")
    except (DeclarationError, MissingError) as error:
        yield from unread(error, "standard", shown_as=shown_as)


@dataclass(frozen=True, slots=True)
class Homes:
    """The homes, and what they need; shape (homes,) each.

    Attributes
    ----------
    points
        By id.
    inside
        Whether in the district: the others compete and are not reported.
    households, need
        NaN where not declared.
    estate
        The number of the estate that holds each; -1 where none does.
    basis
        均摊 where the need is spread over the people; else empty.
    """

    points: gpd.GeoSeries
    inside: Bools
    households: Floats
    need: Floats
    estate: Places
    basis: str


def measure_parking(record: Parking, given: Inputs) -> Result:
    """Count berths and hold them against what is needed.

    Parameters
    ----------
    record
        The question.
    given
        The coverage analysis that it names, and the layers.

    Returns
    -------
    Result
        ``table``: one row per area with the berths in it by type, charging, idle ones, and what its homes need and lack
        (步行口径). Parts: ``areas`` (one row per place that the plan puts first; geometry), ``lots`` (geometry),
        ``checks`` (the district against the standard's shares).

    Raises
    ------
    DeclarationError
        If a column that is named does not exist.
    DataError
        If no demand unit lies inside the district.
    """
    question, _ = coverage_named(record.coverage, given, asked_by=record)
    rule = load_profile(record.standard, given.standards).rule
    radius = rule(RADIUS_RULE)
    reach_m = radius.limit_m or 0.0
    homes = _homes(record, given, question)
    lots = lots_of(record.parking, given.layers)
    estates = None if record.estates is None else given.layers[record.estates].frame
    owner = np.full(len(lots), -1) if estates is None else owners_of(lots, estates)
    n_estates = 0 if estates is None else len(estates)

    counted = lots["counts"].to_numpy(dtype=bool)
    is_public = (lots["parking_type"] != ATTACHED).to_numpy() & counted
    near, doubtful = _near(record, given, question, homes, lots, is_public, reach_m)
    supplied = None
    if record.demand is not None and _knows_attached(record, given.layers, lots):
        own = own_berths(lots, owner, n_estates)
        supplied = supply(np.nan_to_num(homes.need), homes.estate, own, near, public_berths(lots))
    areas, doubts = find_areas(
        gpd.GeoSeries(homes.points[homes.inside]), [given.layers[ref] for ref in question.areas], given.district
    )
    return Result(
        record=record,
        table=areas_table(record, given, question, homes, lots, areas, supplied),
        parts={
            "areas": places_table(record, given, homes, lots, owner, supplied, radius),
            "lots": lots_table(lots, owner, estates, rule(CHARGING_RULE)),
            "checks": checks_table(
                record, lots, given, split=rule(SPLIT_RULE), charging=rule(CHARGING_RULE), total=rule(TOTAL_RULE)
            ),
        },
        notes=tuple(notes_of(record, given, homes, lots, radius)),
        problems=(*doubts, *_unplaced(record, given, lots, owner), *doubtful),
    )


def _knows_attached(record: Parking, layers: Mapping[str, LayerData], lots: gpd.GeoDataFrame) -> bool:
    """Whether anything is known of 配建 berths; else nothing can be said of what is lacking."""
    declared = any(layers[ref].record.kind == "resident_parking" for ref in record.parking)
    return declared or bool((lots["parking_type"] == ATTACHED).any())


def _homes(record: Parking, given: Inputs, question: Coverage) -> Homes:
    """Return the homes and what they need."""
    frame = given.layers[question.demand].frame
    inside = frame["inside"].to_numpy(dtype=bool)
    if not inside.any():
        raise DataError("Nobody to measure", [Problem(question.demand, "", "no demand unit lies inside the district")])
    problems = list(_missing_columns(record, given, frame))
    if problems:
        raise DeclarationError(f"{record.title} cannot be answered", problems)
    points = demand_points(frame)
    unknown = np.full(len(frame), np.nan)
    households, need, basis = unknown, unknown, ""
    asked = record.demand
    if asked is not None and asked.berths_per_household is not None:
        households = np.asarray(frame[asked.households].to_numpy(dtype=float))
        need = households * asked.berths_per_household
    elif asked is not None and asked.vehicles is not None:
        people = frame["people"].to_numpy(dtype=float)
        need, basis = np.asarray(asked.vehicles * people / people[inside].sum()), "均摊"
    estates = None if record.estates is None else given.layers[record.estates].frame
    estate = np.full(len(frame), -1) if estates is None else holders_of(points, estates)
    return Homes(points, inside, households, need, estate, basis)


def _missing_columns(record: Parking, given: Inputs, homes: gpd.GeoDataFrame) -> Iterator[Problem]:
    """Yield a problem for each column that is named and is not there, or holds no numbers."""
    named = [("demand, households", record.demand.households if record.demand else "", homes)]
    for one in record.priority:
        for ref in one.of:
            if isinstance(one.needed, str):
                named.append((f"priority {one.title}, needed", one.needed, given.layers[ref].frame))
            if one.built_before is not None:
                named.append((f"priority {one.title}, built_before", "built_year", given.layers[ref].frame))
    for where, column, frame in named:
        if column and column not in frame:
            remedy = did_you_mean(column, map(str, frame.columns))
            yield Problem(record.title, where, "the layer has no such column", column, remedy)
        elif column and not pd.api.types.is_numeric_dtype(frame[column]):
            yield Problem(record.title, where, "the column holds no numbers", column)


def _near(
    record: Parking,
    given: Inputs,
    question: Coverage,
    homes: Homes,
    lots: gpd.GeoDataFrame,
    is_public: Bools,
    reach_m: float,
) -> tuple[sparse.csr_array, list[Problem]]:
    """Return which public lots each home reaches, shape (homes, lots), and a warning where no way to a lot is known."""
    standing = stand_in(question, given, homes.points)
    facilities = find_facilities(record.parking, given.layers, standing=standing, max_off_m=question.max_off_m)
    # The facilities are those that exist, in the order of the lots.
    lot_of = np.flatnonzero(lots["counts"].to_numpy(dtype=bool))
    doubt = (facilities.table["doubt"] != "").to_numpy()
    usable = np.flatnonzero(is_public[lot_of] & ~doubt)
    walks = walks_to_each(standing, facilities, usable, within_m=reach_m)
    shape = (len(homes.points), len(lots))
    near = sparse.csr_array((np.ones(len(walks.target)), lot_of[usable[walks.target]], walks.indptr), shape=shape)
    lost = lots.iloc[lot_of[is_public[lot_of] & doubt]]
    if lost.empty:
        return near, []
    what = f"{len(lost)} public lots stand at no street that is walked; they serve no home"
    return near, [Problem(record.title, "parking", what, _named(lost), "Check their place", severity="warning")]


def _unplaced(record: Parking, given: Inputs, lots: gpd.GeoDataFrame, owner: Places) -> Iterator[Problem]:
    """Yield a warning for the 配建 lots that belong to no estate and to no other place that is asked about."""
    others = [ref for one in record.priority for ref in one.of if ref != record.estates]
    placed = np.any([owner >= 0, *(owners_of(lots, given.layers[ref].frame) >= 0 for ref in others)], axis=0)
    lost = lots[(lots["parking_type"] == ATTACHED).to_numpy() & ~placed]
    if len(lost) and record.estates is not None:
        what = f"{len(lost)} 配建 lots belong to no estate: their berths serve no home"
        remedy = "Name the estate in part_of, or draw it"
        yield Problem(f"{lost['layer'].iloc[0]}.toml", "part_of", what, _named(lost), remedy, severity="warning")


def _named(lots: gpd.GeoDataFrame) -> str:
    return ", ".join(lots["id"].astype(str)[:5]) + (", …" if len(lots) > 5 else "")
