"""Who reaches what: the nearest facility of each kind by walking, per demand unit, and the shares of people and ground."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from qyp_geo.analyses.access import Facilities, demand_points, find_facilities
from qyp_geo.analyses.areas import Areas, find_areas, pairs_within
from qyp_geo.analyses.checking import Expected, layers_twice, unread, wrong_kinds
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import ASKED_OF_ARTERIALS, Bools, Judgement, judge
from qyp_geo.analyses.land_shares import land_table
from qyp_geo.analyses.margins import uncertain_at_edge
from qyp_geo.analyses.noting import doubts_of, notes_of
from qyp_geo.analyses.sensitivity import sensitivity_table
from qyp_geo.analyses.shares import MARKS, count_items, headlines, items_of, share_table
from qyp_geo.analyses.standing import Standing, legs_table, stand, walls_of
from qyp_geo.analyses.ways import network_parts
from qyp_geo.declarations import Analysis, Layer, Ref
from qyp_geo.errors import DataError, DeclarationError, MissingError, Problem, did_you_mean
from qyp_geo.frames import Result
from qyp_geo.standards import Requirement, kinds, load_profile, requirement_sets, requirements


class Coverage(Analysis):
    """Which share of people, and of their ground, reaches each kind of facility."""

    kind: Literal["coverage"]
    demand: Ref
    network: Ref
    facilities: list[Ref] = Field(min_length=1)
    estates: Ref | None = None
    """Gated estates (封闭小区): their streets carry nobody through, and the walk that is judged begins at their gates."""
    barriers: Ref | None = None
    """Walls, water, railways and elevated roads, which no straight leg to a street crosses."""
    crossings: Ref | None = None
    """Where 干路 are crossed; without it, at every junction."""
    landuse: Ref | None = None
    """Land use, of which land shares are."""
    standard: str
    circles: list[str] = Field(default_factory=lambda: ["15", "10", "5"])
    """Circles of the standard; levels do not include each other."""
    sets: list[str] = Field(default_factory=list)
    """Sets of requirements of the district's plan: culture (15分钟都市文化圈), fitness (群众15分钟健身圈)."""
    areas: list[Ref] = Field(default_factory=list)
    """The zones layer and the units layer for which totals are given."""
    limits_m: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(default_factory=dict)
    """Limits of one's own by kind, judged beside the clause's and printed as 自定口径."""
    max_off_m: float = Field(default=200.0, gt=0)
    """Farther than this from any walkable street, a unit reaches nothing and a facility serves nobody."""


def check_coverage(
    record: Coverage, *, shown_as: str, layers: Mapping[str, Layer], standards: Path
) -> Iterator[Problem]:
    """Yield what is wrong with a coverage declaration that its record alone cannot know."""
    expected: list[Expected] = [
        ("demand", [record.demand], ("residents",)),
        ("network", [record.network], ("streets",)),
        ("facilities", record.facilities, kinds()),
        ("areas", record.areas, ("zones", "units")),
        *((kind, [getattr(record, kind)], (kind,)) for kind in ("estates", "barriers", "crossings", "landuse")),
    ]
    yield from wrong_kinds(expected, shown_as=shown_as, layers=layers)
    yield from layers_twice("facilities", record.facilities, shown_as=shown_as)
    yield from layers_twice("areas", record.areas, shown_as=shown_as)
    area_kinds = [layers[ref].kind for ref in dict.fromkeys(record.areas) if ref in layers]
    for kind in ("zones", "units"):
        if area_kinds.count(kind) > 1:
            yield Problem(
                shown_as, "areas", f"names more than one layer of kind {kind}", remedy="Keep one of each kind"
            )
    words_known = True
    known = requirement_sets()
    circles = [id_ for id_, one in known.items() if one.circles == (id_,)]
    for key, given, words in (
        ("circles", record.circles, circles),
        ("sets", record.sets, [id_ for id_ in known if id_ not in circles]),
        ("limits_m", record.limits_m, kinds()),
    ):
        for word in given:
            if word not in words:
                words_known = False
                yield Problem(shown_as, key, "names what is not known", word, did_you_mean(word, words))
    yield from _check_standard(record, shown_as=shown_as, standards=standards, words_known=words_known)


def _check_standard(record: Coverage, *, shown_as: str, standards: Path, words_known: bool) -> Iterator[Problem]:
    try:
        load_profile(record.standard, standards)
        if words_known and not asked_of(record, standards):
            yield Problem(
                shown_as,
                "standard",
                "asks nothing of the kinds and circles chosen; rows that are to be filled in (待填) ask nothing yet",
                record.standard,
                f"Fill in analyses/standards/{record.standard}.toml, or choose another standard",
            )
    except (DeclarationError, MissingError) as error:
        yield from unread(error, "standard", shown_as=shown_as)


def asked_of(record: Coverage, standards: Path) -> list[Requirement]:
    """Return the requirements that a coverage analysis judges by.

    Raises
    ------
    MissingError, DeclarationError
        What `check_coverage` would have told.
    """
    profile = load_profile(record.standard, standards)
    return requirements(profile, circles=record.circles, sets=record.sets, own_limits_m=record.limits_m)


def measure_coverage(record: Coverage, given: Inputs) -> Result:
    """Find who reaches what.

    Parameters
    ----------
    record
        The question.
    given
        The layers that it names.

    Returns
    -------
    Result
        ``table``: shares per area and requirement (`share_table`). Parts: ``headline`` (平均达标项数, 全达标率, `headlines`),
        ``by_unit`` (one row per demand unit and requirement, unit by unit, in the order of ``units`` and ``requirements``),
        ``units`` (the demand units inside the district), ``requirements``, ``counted`` (which facilities count for each, and
        whether their access is known), ``sensitivity`` (shares at other limits, `sensitivity_table`), ``legs`` (units whose
        way to the street is in doubt, `legs_table`); with land use also ``land`` (用地覆盖率, `land_table`); and ``edges`` and
        ``accesses``, from which a page draws ways (`network_parts`).

    Raises
    ------
    DataError
        If no demand unit lies inside the district.
    """
    demand = given.layers[record.demand].frame
    demand = demand[demand["inside"].astype(bool)]
    if demand.empty:
        raise DataError("Nobody to measure", [Problem(record.demand, "", "no demand unit lies inside the district")])
    asked = asked_of(record, given.standards)
    points = demand_points(demand)
    standing = stand_in(record, given, points)
    facilities = find_facilities(record.facilities, given.layers, standing=standing, max_off_m=record.max_off_m)
    with_layer = frozenset(given.layers[ref].record.kind for ref in record.facilities)
    judged = judge(asked, facilities, with_layer, standing=standing)
    uncertain = uncertain_at_edge(
        asked,
        judged,
        facilities.table,
        standing,
        boundary=given.layers[given.district.boundary].frame.geometry,
        margin_m=given.district.margin_m,
    )

    areas, doubts = find_areas(points, [given.layers[ref] for ref in record.areas], given.district)
    people = demand["people"].to_numpy(dtype=float)
    polygonal = demand.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
    ground_m2 = np.where(polygonal, demand.area.to_numpy(), np.nan)
    table = share_table(
        areas,
        asked,
        judged,
        people=people,
        ground_m2=ground_m2,
        facilities=_facilities_in(areas, facilities, judged, record, given),
        uncertain=uncertain,
        start=standing.start,
        marks={mark: demand[column].to_numpy(dtype=bool) for mark, column in MARKS.items() if column in demand},
    )
    units = _units(demand, standing, areas, count_items(items_of(asked), judged))
    legs = legs_table(standing, people)
    return Result(
        record=record,
        table=table,
        parts={
            "headline": headlines(areas, asked, judged, people, _sets(asked)),
            "by_unit": _by_unit(standing, asked, facilities.table, judged, uncertain),
            "units": units,
            "requirements": _requirements(asked, judged),
            "counted": _counted(asked, judged, facilities.table),
            "sensitivity": sensitivity_table(areas, asked, judged, people),
            "legs": legs,
            **_land(record, given, asked, judged, facilities),
            **network_parts(standing, facilities),
        },
        notes=tuple(notes_of(record, given, asked, judged, units, legs, standing)),
        problems=(*doubts, *doubts_of(facilities.table)),
    )


def _land(
    record: Coverage, given: Inputs, asked: Sequence[Requirement], judged: Judgement, facilities: Facilities
) -> dict[str, pd.DataFrame]:
    """Return the land shares, as a part of the result; nothing without land use."""
    if record.landuse is None:
        return {}
    boundary = given.layers[given.district.boundary].frame.geometry
    return {"land": land_table(asked, judged, facilities.table, given.layers[record.landuse].frame, boundary)}


def stand_in(record: Coverage, given: Inputs, points: gpd.GeoSeries) -> Standing:
    """Put demand points on the network as a coverage analysis declares it: estates, walls, arterials.

    Parameters
    ----------
    record
        The coverage analysis.
    given
        The layers that it names.
    points
        Demand points, by id.
    """
    layers = given.layers
    estates = None if record.estates is None else given.estates(record.estates, streets=record.network)
    named = [ref for ref in (record.estates, *record.facilities) if ref is not None]
    gates = dict.fromkeys(ref for name in named if (ref := layers[name].record.gates) is not None)
    walls = walls_of(
        None if record.barriers is None else layers[record.barriers],
        [layers[ref] for ref in gates],
        estates,
        crs=points.crs,
    )
    net = given.network(record.network, crossings=record.crossings, estates=record.estates)
    return stand(
        points,
        net,
        max_off_m=record.max_off_m,
        estates=estates,
        walls=walls,
        two_sided="side" in net.edges,
    )


def coverage_named(ref: str, given: Inputs, *, asked_by: Analysis) -> tuple[Coverage, Result]:
    """Return the coverage analysis that another rests on, and its result.

    Raises
    ------
    DeclarationError
        If the reference is to an analysis of another kind.
    """
    result = given.results[ref]
    if not isinstance(result.record, Coverage):
        problem = Problem(asked_by.title, "coverage", "names no coverage analysis", f"{ref} ({result.record.kind})")
        raise DeclarationError(f"{asked_by.title} cannot be answered", [problem])
    return result.record, result


def by_requirement(result: Result, column: str) -> npt.NDArray[Any]:
    """Return a column of a coverage result's ``by_unit``, shape (demand units, requirements)."""
    return result.parts["by_unit"][column].to_numpy().reshape(len(result.parts["units"]), -1)


def _sets(asked: Sequence[Requirement]) -> list[str]:
    return list(dict.fromkeys(set_id for requirement in asked for set_id in requirement.sets))


def _facilities_in(
    areas: Areas, facilities: Facilities, judged: Judgement, record: Coverage, given: Inputs
) -> npt.NDArray[np.intp]:
    """Return how many facilities that count lie in each area (of a polygon its centroid), by requirement."""
    district = given.layers[given.district.boundary].frame.geometry
    inside = np.unique(pairs_within(facilities.table.geometry.centroid, district)[0])
    points = facilities.table.iloc[inside].geometry.centroid
    there, _ = find_areas(points, [given.layers[ref] for ref in record.areas], given.district)
    counts = np.zeros((len(facilities.table), len(judged.usable)))
    for n, usable in enumerate(judged.usable):
        counts[usable, n] = 1
    of_area = pd.DataFrame(there.holds @ counts[inside], index=pd.MultiIndex.from_frame(there.table[["level", "area"]]))
    wanted = pd.MultiIndex.from_frame(areas.table[["level", "area"]])
    return of_area.reindex(wanted, fill_value=0.0).to_numpy().astype(np.intp)


def _units(demand: gpd.GeoDataFrame, standing: Standing, areas: Areas, counts: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the demand units inside the district, with what they reach."""
    return gpd.GeoDataFrame(
        {
            "name": demand["name"],
            "people": demand["people"].astype(float),
            "estimated": demand["estimated"].astype(bool) if "estimated" in demand else False,
            "spread": demand["spread"].astype(bool) if "spread" in demand else False,
            "estate": standing.estate_names,
            "start": standing.start,
            "off_m": standing.off_m,
            "too_far": demand.index.isin(standing.at.too_far.index),
            "cut_off": demand.index.isin(standing.at.cut_off.index),
            "township": areas.names_of_units("township"),
            "community": areas.names_of_units("community"),
            "zones": areas.names_of_units("zone"),
            **{name: counts[name].to_numpy() for name in counts},
        },
        geometry=demand.geometry,
        index=demand.index,
    )


def _by_unit(
    standing: Standing,
    asked: Sequence[Requirement],
    facilities: pd.DataFrame,
    judged: Judgement,
    uncertain: Bools,
) -> pd.DataFrame:
    """Return one row per demand unit and requirement."""
    n_units, n_asked = judged.covered.shape
    asked_of_row = np.tile(np.arange(n_asked), n_units)

    told = np.array([one.kind in ASKED_OF_ARTERIALS for one in asked], dtype=bool)
    not_told = (~told | np.isnan(judged.judged_m)).ravel()

    def named(column: str, number: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
        return np.append(facilities[column].to_numpy(dtype=object), "")[number.ravel()]  # -1 is the last, ""

    return pd.DataFrame(
        {
            "unit": standing.points.index.repeat(n_asked),
            "requirement": np.array([one.id for one in asked], dtype=object)[asked_of_row],
            "kind": np.array([one.kind for one in asked], dtype=object)[asked_of_row],
            "facility": named("id", judged.facility),
            "facility_name": named("name", judged.facility),
            "facility_layer": named("layer", judged.facility),
            "judged_facility": named("id", judged.judged_facility),
            "judged_facility_name": named("name", judged.judged_facility),
            "walk_m": judged.walk_m.ravel(),
            "walk_from_gate_m": judged.from_gate_m.ravel(),
            "start": standing.start.repeat(n_asked),
            "limit_m": np.array([one.limit_m for one in asked])[asked_of_row],
            "covered": judged.covered.ravel(),
            "verdict": judged.verdict.ravel(),
            "radius_m": judged.radius_m.ravel(),
            "within_radius": judged.within_radius.ravel(),
            "uncertain": uncertain.ravel(),
            "crosses_arterial": pd.arrays.BooleanArray(judged.crosses_arterial.ravel(), not_told),
        }
    )


def _requirements(asked: Sequence[Requirement], judged: Judgement) -> pd.DataFrame:
    """Return one row per requirement."""
    return pd.DataFrame(
        {
            "id": one.id,
            "kind": one.kind,
            "title": one.title_zh,
            "circle": one.circle,
            "sets": "、".join(one.sets),
            "limit_m": one.limit_m,
            "strict": one.strict,
            "beside_m": np.nan if one.beside_m is None else one.beside_m,
            "strength": one.strength,
            "effect": one.effect,
            "clause": one.clause,
            "source": one.label(),
            "verified": one.verified,
            "applies_to": one.applies_to,
            "reference": one.reference,
            "counted": one.counted,
            "served_by": "、".join(kinds()[kind].name_zh for kind in one.served_by),
            "has_layer": known,
            "n_facilities": len(usable),
            "note": one.note,
        }
        for one, known, usable in zip(asked, judged.known, judged.usable, strict=True)
    )


def _counted(asked: Sequence[Requirement], judged: Judgement, facilities: pd.DataFrame) -> pd.DataFrame:
    """Return one row per requirement and facility that counts for it by kind and size."""
    number = np.concatenate(judged.by_size)
    of = np.repeat(np.arange(len(asked)), [len(counts) for counts in judged.by_size])
    known = [np.isin(counts, usable) for counts, usable in zip(judged.by_size, judged.usable, strict=True)]
    return pd.DataFrame(
        {
            "requirement": np.array([one.id for one in asked], dtype=object)[of],
            "facility_layer": facilities["layer"].to_numpy()[number],
            "facility": facilities["id"].to_numpy()[number],
            "access_known": np.concatenate(known),
        }
    )
