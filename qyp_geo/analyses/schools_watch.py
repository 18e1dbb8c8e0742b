"""Are there seats enough (学位预警): children of each stage against seats, now and with the schools to come.

It warns; it draws no 施教区 and admits no child. Its results are for planners alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Literal, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import Field, model_validator
from scipy import sparse

from qyp_geo.analyses.access import Facilities, demand_points, find_facilities
from qyp_geo.analyses.areas import find_areas
from qyp_geo.analyses.checking import Expected, layers_twice, repeated, wrong_kinds
from qyp_geo.analyses.coverage import Coverage, coverage_named, stand_in
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.margins import from_start_m
from qyp_geo.analyses.reach import walks_to_each
from qyp_geo.analyses.schooling import (
    BY_BOTH,
    BY_CATCHMENT,
    BY_REACH,
    IN_SCENARIO,
    NOW,
    STAGES,
    Bools,
    Catchments,
    Floats,
    View,
    attend,
    catchments_of,
    opens,
    schools_by,
)
from qyp_geo.analyses.schools_tables import areas_part, areas_table, districts_table, notes_of, schools_table
from qyp_geo.analyses.standing import Standing
from qyp_geo.analyses.supplies import OWN_SOURCE, Group
from qyp_geo.declarations import Analysis, Layer, Ref
from qyp_geo.errors import DataError, DeclarationError, Problem, did_you_mean
from qyp_geo.frames import Result


class SchoolsWatch(Analysis):
    """Which areas and schools are running out of seats."""

    kind: Literal["schools_watch"]
    coverage: Ref
    """Gives the homes, the streets, and the service radius of each stage."""
    schools: list[Ref] = Field(min_length=1)
    school_districts: Ref | None = None
    """施教区; a stage of which it has none is a spatial estimate (空间估算): children go to schools within reach."""
    areas: Ref | None = None
    """The areas that are watched (片区), a layer of kind zones."""
    watch: list[str] = Field(default_factory=list)
    """Schools that are watched by name, by their id or name."""
    children: list[Group] = Field(min_length=1)
    """The children of each stage; the id is the stage: kindergarten, primary, junior."""
    open_by: int = Field(ge=1900, le=2100)
    """Schools to come count if they say that they open in this year or before."""
    tight: float = Field(gt=0)
    """More children per seat than this are 学位紧张."""
    short: float = Field(gt=0)
    """More children per seat than this are 学位不足."""
    reach_m: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """The reach of a stage, where it is not to be the service radius of the coverage analysis's standard."""

    @model_validator(mode="after")
    def _tight_before_short(self) -> Self:
        if self.tight > self.short:
            raise ValueError("tight is reached before short: give it the smaller figure")
        return self


def check_schools_watch(record: SchoolsWatch, *, shown_as: str, layers: Mapping[str, Layer]) -> Iterator[Problem]:
    """Yield what is wrong with a schools_watch declaration that its record alone cannot know."""
    known = sorted({kind for stage in STAGES.values() for kind in stage.seats} | {"school"})
    expected: list[Expected] = [
        ("schools", record.schools, tuple(known)),
        ("school_districts", [record.school_districts], ("school_districts",)),
        ("areas", [record.areas], ("zones",)),
    ]
    yield from wrong_kinds(expected, shown_as=shown_as, layers=layers)
    yield from layers_twice("schools", record.schools, shown_as=shown_as)
    stages = [group.id for group in record.children]
    said = [*(("children, id", stage) for stage in stages), *(("reach_m", stage) for stage in record.reach_m)]
    for key, word in said:
        if word not in STAGES:
            yield Problem(shown_as, key, "is no stage of schooling", word, did_you_mean(word, STAGES))
    for stage in repeated(stages):
        yield Problem(shown_as, "children, id", "names a stage twice", stage, "Keep one")


def watch_schools(record: SchoolsWatch, given: Inputs) -> Result:
    """Hold the children of each stage against the seats of the schools they go to.

    Parameters
    ----------
    record
        The question.
    given
        The coverage analysis that it names, and the layers.

    Returns
    -------
    Result
        ``table``: one row per area (the district, then the watched ones), stage and time (`areas_table`); ``warning`` is
        学位充足, 学位紧张, 学位不足, 无校可上, 无数据 or 不适用. Parts: ``schools`` (one row per school, stage and time;
        geometry), ``areas`` (the rows of the watched areas with their outlines, where there are such), ``districts`` (one row
        per 施教区 and time; geometry, where there are such).

    Raises
    ------
    DeclarationError
        If the residents have no such column, or a stage has no reach.
    DataError
        If no demand unit lies inside the district.
    """
    question, covered = coverage_named(record.coverage, given, asked_by=record)
    homes = given.layers[question.demand].frame
    inside = homes["inside"].to_numpy(dtype=bool)
    if not inside.any():
        raise DataError("Nobody to measure", [Problem(question.demand, "", "no demand unit lies inside the district")])
    reaches = _reaches(record, covered, homes)
    points = demand_points(homes)
    schools = schools_by(record.schools, given.layers, open_by=record.open_by)
    asking = _Asking(record, given, question, points, schools, inside)
    views, found, problems = asking.views(homes, reaches)

    layers = [given.layers[record.areas]] if record.areas else []
    areas, doubts = find_areas(gpd.GeoSeries(points[inside]), layers, given.district)
    by_school = schools_table(record, views, schools, layers[0] if layers else None)
    table = areas_table(
        record,
        views,
        schools,
        areas,
        inside,
        boundary=given.layers[given.district.boundary].frame.geometry,
        zones=layers[0] if layers else None,
    )
    parts: dict[str, pd.DataFrame | gpd.GeoDataFrame] = {"schools": by_school}
    if record.areas:
        parts["areas"] = areas_part(table, given.layers[record.areas].frame)
    if found:
        parts["districts"] = districts_table(record, views, found)
    return Result(
        record=record,
        table=table,
        parts=parts,
        notes=tuple(notes_of(record, given.layers, views, found, schools)),
        problems=(*doubts, *problems, *_not_there(record, schools)),
    )


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far children of a stage walk to school, and who says so."""

    within_m: float
    source: str


def _reaches(record: SchoolsWatch, covered: Result, homes: gpd.GeoDataFrame) -> dict[str, _Reach]:
    """Return the reach of each stage; raise one error with every stage that has none and every column that is missing."""
    asked = covered.parts["requirements"]
    problems, found = [], {}
    for group in record.children:
        rules = asked[asked["kind"] == STAGES[group.id].kind]
        if group.id in record.reach_m:
            found[group.id] = _Reach(record.reach_m[group.id], OWN_SOURCE)
        elif len(rules):
            found[group.id] = _Reach(float(rules["limit_m"].iloc[0]), str(rules["source"].iloc[0]))
        else:
            what = f"the coverage analysis asks nothing of {STAGES[group.id].kind}, so that its reach is not known"
            remedy = f"Declare reach_m = {{ {group.id} = … }}, or add the layer to {record.coverage}"
            problems.append(Problem(record.title, "reach_m", what, group.id, remedy))
        if group.column and group.column not in homes:
            what = "the residents have no such column"
            remedy = did_you_mean(group.column, map(str, homes.columns))
            problems.append(Problem(record.title, f"children {group.id}, column", what, group.column, remedy))
        elif group.column and not pd.api.types.is_numeric_dtype(homes[group.column]):
            what = "the residents' column holds no numbers"
            problems.append(Problem(record.title, f"children {group.id}, column", what, group.column))
    if problems:
        raise DeclarationError(f"{record.title} cannot be answered", problems)
    return found


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is asked, and of what."""

    record: SchoolsWatch
    given: Inputs
    question: Coverage
    points: gpd.GeoSeries
    schools: gpd.GeoDataFrame
    inside: Bools

    def views(
        self, homes: gpd.GeoDataFrame, reaches: Mapping[str, _Reach]
    ) -> tuple[list[View], dict[str, Catchments], list[Problem]]:
        """Return every stage now and later, the 施教区 by stage, and what is wrong with the data."""
        standing, facilities = self._on_streets()
        found: dict[str, Catchments] = {}
        problems: list[Problem] = []
        views: list[View] = []
        for group in self.record.children:
            children = _heads(group, homes)
            if blank := int((np.isnan(children) & self.inside).sum()):
                what = f"{blank} homes have no number in column {group.column}; they are counted as 0"
                problems.append(Problem(f"{self.question.demand}.toml", group.column, what, severity="warning"))
            if self.record.school_districts:
                drawn, doubts = catchments_of(
                    STAGES[group.id], self.record.school_districts, self.given.layers, self.schools, self.points
                )
                problems += doubts
                if drawn is not None:
                    found[group.id] = drawn
            view = partial(
                self._view,
                group,
                np.nan_to_num(children),
                found.get(group.id),
                reaches[group.id],
                standing,
                facilities,
            )
            views += [view(later=False), view(later=True)]
        return views, found, problems

    def _on_streets(self) -> tuple[Standing, Facilities]:
        """Put the homes and all schools, those to come among them, on the streets."""
        layers = dict(self.given.layers)
        for ref in self.record.schools:
            frame = layers[ref].frame
            there = frame[opens(frame, self.record.open_by)]
            layers[ref] = replace(layers[ref], frame=gpd.GeoDataFrame(there.assign(status="existing")))
        # Walls are opened at the gates of the schools too.
        refs = list(dict.fromkeys([*self.question.facilities, *self.record.schools]))
        standing = stand_in(self.question.model_copy(update={"facilities": refs}), self.given, self.points)
        facilities = find_facilities(self.record.schools, layers, standing=standing, max_off_m=self.question.max_off_m)
        return standing, facilities

    def _view(
        self,
        group: Group,
        children: Floats,
        drawn: Catchments | None,
        reach: _Reach,
        standing: Standing,
        facilities: Facilities,
        *,
        later: bool,
    ) -> View:
        """Return one stage at one time."""
        has = self.schools[f"has_{group.id}"].to_numpy(dtype=bool)
        now = self.schools["now"].to_numpy(dtype=bool)
        counts: Bools = has if later else has & now
        seats = np.where(counts, self.schools[group.id].to_numpy(dtype=float), 0.0)
        at_first = NOW if self.record.scenario is None else IN_SCENARIO
        horizon = f"至{self.record.open_by}年" if later else at_first
        uncertain = np.zeros(len(self.points), dtype=bool)
        if drawn is None:
            near, doubtful = self._near(counts, reach, standing, facilities)
            method, source, open_to, unknown = BY_REACH, reach.source, near, doubtful
            uncertain = self._at_edge(reach, standing, open_to)
        else:
            # A school to come of which no 施教区 is drawn yet is open to who reaches it.
            undrawn = counts & ~now & (drawn.open_to.sum(axis=0) == 0)
            near, _ = self._near(undrawn, reach, standing, facilities)
            method = BY_BOTH if undrawn.any() else BY_CATCHMENT
            source = self.given.layers[self.record.school_districts or ""].record.title
            open_to, unknown = sparse.csr_array(drawn.open_to + near), drawn.unknown
        going = attend(children, open_to, seats, unknown)
        serves = np.asarray(open_to.sum(axis=0) > 0)
        return View(group, horizon, method, source, children, seats, counts, serves, going, uncertain)

    def _near(
        self, which: Bools, reach: _Reach, standing: Standing, facilities: Facilities
    ) -> tuple[sparse.csr_array, Bools]:
        """Return which of some schools each home reaches, and the homes near one of which the access is not known."""
        doubted = (facilities.table["doubt"] != "").to_numpy()
        places = np.flatnonzero(which & ~doubted)
        walks = walks_to_each(standing, facilities, places, within_m=reach.within_m)
        shape = (len(self.points), len(self.schools))
        near = sparse.csr_array((np.ones(len(walks.target)), places[walks.target], walks.indptr), shape=shape)
        unknown = np.zeros(len(self.points), dtype=bool)
        shapes = facilities.table.geometry.to_numpy()[which & doubted]
        tree = shapely.STRtree(self.points.to_numpy())
        unknown[tree.query(shapes, predicate="dwithin", distance=reach.within_m)[1]] = True
        return near, unknown

    def _at_edge(self, reach: _Reach, standing: Standing, open_to: sparse.csr_array) -> Bools:
        """Return the homes of which what is not in the data, beyond the district, may change the figure.

        There may be a school to go to within reach of a home, and children who come to a school within reach of them.
        """
        boundary = self.given.layers[self.given.district.boundary].frame.union_all()
        edge = shapely.boundary(boundary)
        uncertain = np.zeros(len(self.points), dtype=bool)
        shapes = self.schools.geometry.to_numpy()
        if shapely.intersects(boundary, shapes).all():
            uncertain |= from_start_m(standing, edge) < reach.within_m
        if self.inside.all():
            shared = shapely.distance(shapes, edge) < reach.within_m
            uncertain |= open_to @ shared.astype(float) > 0
        return uncertain


def _heads(group: Group, homes: gpd.GeoDataFrame) -> Floats:
    """Return the children of each home, NaN where nobody has counted them."""
    if group.share is not None:
        return np.asarray(homes["people"].to_numpy(dtype=float) * group.share)
    return np.asarray(homes[group.column].to_numpy(dtype=float))


def _not_there(record: SchoolsWatch, schools: gpd.GeoDataFrame) -> Iterator[Problem]:
    """Yield a warning for each school that is to be watched and is in no layer."""
    known = [*schools["id"].astype(str), *schools["name"]]
    for name in record.watch:
        if name not in known:
            what = "this school is in none of the layers: 无数据"
            yield Problem(record.title, "watch", what, name, did_you_mean(name, known), severity="warning")
