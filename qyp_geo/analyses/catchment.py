"""Is it enough: what each home is supplied with per head where facilities are shared with all who reach them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import geopandas as gpd
from pydantic import Field

from qyp_geo.analyses.access import demand_points, find_facilities
from qyp_geo.analyses.areas import find_areas
from qyp_geo.analyses.balance import DataEdge, amounts_in, balance
from qyp_geo.analyses.catchment_tables import (
    area_shapes,
    areas_table,
    facilities_table,
    notes_of,
    summary,
    units_table,
)
from qyp_geo.analyses.coverage import asked_of, coverage_named, stand_in
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import Floats
from qyp_geo.analyses.shares import MARKS
from qyp_geo.analyses.supplies import EVERYONE, Group, Supply, check_supplies, need_of
from qyp_geo.declarations import Analysis, Layer, Population, Ref
from qyp_geo.errors import DataError, DeclarationError, Problem, did_you_mean
from qyp_geo.frames import Result
from qyp_geo.standards import Requirement, kinds, load_profile


class Catchment(Analysis):
    """How much of each thing there is per head, and how much is lacking, by floating catchments."""

    kind: Literal["catchment"]
    coverage: Ref
    """Gives the demand, the streets, the facilities, the limits and the areas."""
    facilities: list[Ref] = Field(default_factory=list)
    """Layers of facilities that the coverage analysis does not name."""
    standard: str = "gb50180-2018"
    """Where rules per head are looked up first; then in all packaged standards."""
    group: list[Group] = Field(default_factory=list)
    supply: list[Supply] = Field(min_length=1)


def check_catchment(
    record: Catchment, *, shown_as: str, layers: Mapping[str, Layer], standards: Path
) -> Iterator[Problem]:
    """Yield what is wrong with a catchment declaration that its record alone cannot know."""
    for ref in record.facilities:
        if ref in layers and layers[ref].kind not in kinds():
            yield Problem(shown_as, "facilities", f"{ref} holds no facilities", layers[ref].kind)
    yield from check_supplies(record.supply, record.group, record.standard, shown_as=shown_as, standards=standards)


def measure_catchment(record: Catchment, given: Inputs) -> Result:
    """Share what facilities offer among the demand that reaches them.

    Demand beyond the district competes, and is not reported.

    Parameters
    ----------
    record
        The question.
    given
        The coverage analysis that it names, and the layers that this rests on.

    Returns
    -------
    Result
        ``table``: one row per supply, for the district (`summary`). Parts: ``areas`` (area × supply, `areas_table`), ``units``
        (demand unit inside the district × supply, `units_table`), ``facilities`` (supply × facility, `facilities_table`).

    Raises
    ------
    DeclarationError
        If it does not name a coverage analysis, or the catchment of a supply has no end.
    DataError
        If no demand unit lies inside the district, or numbers of people or what facilities offer are negative.
    """
    coverage, covered = coverage_named(record.coverage, given, asked_by=record)
    refs = list(dict.fromkeys([*coverage.facilities, *record.facilities]))
    question = coverage.model_copy(update={"facilities": refs})
    demand = given.layers[question.demand].frame
    inside = demand["inside"].to_numpy(dtype=bool)
    if not inside.any():
        raise DataError("Nobody to measure", [Problem(question.demand, "", "no demand unit lies inside the district")])
    asked = {supply.id: _asked(supply, asked_of(question, given.standards)) for supply in record.supply}
    _require_limits(record, asked)
    points = demand_points(demand)
    standing = stand_in(question, given, points)
    # Where no layer holds anything of the kinds, the first stands for an empty table.
    wanted = {kind for supply in record.supply for kind in kinds()[supply.of].served_by}
    suppliers = [ref for ref in refs if given.layers[ref].record.kind in wanted] or refs[:1]
    facilities = find_facilities(suppliers, given.layers, standing=standing, max_off_m=question.max_off_m)
    profile = load_profile(record.standard, given.standards)
    edge = DataEdge.of(given, demand)
    groups = {group.id: group for group in record.group}
    balances = [
        balance(
            supply,
            need_of(supply, profile),
            asked[supply.id],
            _heads(demand, groups.get(supply.group), ref=question.demand),
            layers={ref: given.layers[ref] for ref in suppliers},
            standing=standing,
            facilities=facilities,
            edge=edge,
        )
        for supply in record.supply
    ]
    areas, doubts = find_areas(
        gpd.GeoSeries(points[inside]), [given.layers[ref] for ref in question.areas], given.district
    )
    marks = {mark: demand[column].to_numpy(dtype=bool)[inside] for mark, column in MARKS.items() if column in demand}
    reported = [one.of(inside) for one in balances]
    by_area = areas_table(
        reported,
        groups,
        areas,
        marks=marks,
        sources=_sources(record.group, given.record_of(question.demand).population),
        shapes=area_shapes(areas, given, question.areas),
    )
    own_notes = notes_of(balances, groups, facilities.table, inside)
    return Result(
        record=record,
        table=summary(by_area, balances),
        parts={
            "areas": by_area,
            "units": units_table(reported, gpd.GeoDataFrame(demand[inside]), areas),
            "facilities": facilities_table(balances, facilities.table),
        },
        notes=tuple(dict.fromkeys([*covered.notes, *own_notes])),
        problems=(*doubts, *_no_columns(record, demand)),
    )


def _asked(supply: Supply, requirements: Sequence[Requirement]) -> list[Requirement]:
    return [one for one in requirements if one.kind == supply.of]


def _require_limits(record: Catchment, asked: Mapping[str, Sequence[Requirement]]) -> None:
    """Raise one `DeclarationError` for all supplies whose catchment has no end."""
    problems = [
        Problem(
            record.title,
            f"supply {supply.id}, limit_m",
            f"{record.coverage} asks for no distance to this kind, so its catchment has no end",
            supply.of,
            "Declare limit_m",
        )
        for supply in record.supply
        if supply.own_limit_m is None and not asked[supply.id]
    ]
    if problems:
        raise DeclarationError(f"{record.title} cannot be answered", problems)


def _heads(demand: gpd.GeoDataFrame, group: Group | None, *, ref: str) -> Floats | None:
    """Return the heads of a group in each demand unit, NaN where not counted; None where its column is not there."""
    if group is None:
        return demand["people"].to_numpy(dtype=float)
    if group.share is not None:
        return demand["people"].to_numpy(dtype=float) * group.share
    if group.column not in demand:
        return None
    return amounts_in(demand, group.column, ref=ref)


def _sources(groups: Sequence[Group], everyone: Population | None) -> dict[str, str]:
    """Return the year and source of each group's heads."""
    of_all = "人口口径未声明" if everyone is None else f"{everyone.base}人口,{everyone.year} 年,{everyone.source}"
    return {EVERYONE: of_all} | {group.id: f"{group.year} 年,{group.source}" for group in groups}


def _no_columns(record: Catchment, demand: gpd.GeoDataFrame) -> Iterator[Problem]:
    """Yield a warning for each group whose column the residents do not have."""
    for group in record.group:
        if group.column and group.column not in demand:
            columns = [str(column) for column in demand.columns]
            yield Problem(
                record.title,
                f"group {group.id}, column",
                "the residents have no such column; what is supplied to the group is not computable",
                group.column,
                did_you_mean(group.column, columns),
                severity="warning",
            )
