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

from qyp_geo.analyses.access import NO_GATES, Facilities, demand_points, exists, find_facilities
from qyp_geo.analyses.areas import Areas, find_areas, pairs_within
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import Judgement, judge, search_m
from qyp_geo.analyses.shares import count_items, headlines, items_of, share_table
from qyp_geo.declarations import Analysis, Layer, Ref
from qyp_geo.errors import DataError, DeclarationError, MissingError, Problem, did_you_mean
from qyp_geo.frames import Result
from qyp_geo.network import Positions, WalkNetwork
from qyp_geo.standards import Requirement, kinds, load_profile, requirement_sets, requirements


class Coverage(Analysis):
    """Which share of people, and of their ground, reaches each kind of facility."""

    kind: Literal["coverage"]
    demand: Ref
    network: Ref
    facilities: list[Ref] = Field(min_length=1)
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
    expected = [
        ("demand", [record.demand], ("residents",)),
        ("network", [record.network], ("streets",)),
        ("facilities", record.facilities, tuple(kinds())),
        ("areas", record.areas, ("zones", "units")),
    ]
    for key, refs, allowed in expected:
        for ref in refs:
            if ref in layers and layers[ref].kind not in allowed:
                remedy = "Allowed: a kind of facility" if key == "facilities" else f"Allowed: {' or '.join(allowed)}"
                yield Problem(shown_as, key, f"{ref} is not of a kind that can stand here", layers[ref].kind, remedy)
    for key, refs in (("facilities", record.facilities), ("areas", record.areas)):
        for ref in sorted({ref for ref in refs if refs.count(ref) > 1}):
            yield Problem(shown_as, key, "names a layer twice", ref, "Keep one")
    area_kinds = [layers[ref].kind for ref in dict.fromkeys(record.areas) if ref in layers]
    for kind in ("zones", "units"):
        if area_kinds.count(kind) > 1:
            yield Problem(
                shown_as, "areas", f"names more than one layer of kind {kind}", remedy="Keep one of each kind"
            )
    known = requirement_sets()
    circles = [id_ for id_, one in known.items() if one.circles == (id_,)]
    for key, given, words in (
        ("circles", record.circles, circles),
        ("sets", record.sets, [id_ for id_ in known if id_ not in circles]),
        ("limits_m", record.limits_m, kinds()),
    ):
        for word in given:
            if word not in words:
                yield Problem(shown_as, key, "names what is not known", word, did_you_mean(word, words))
    try:
        load_profile(record.standard, standards)
    except DeclarationError as error:
        yield from error.problems
    except MissingError as error:
        yield Problem(shown_as, "standard", str(error))


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
        ``units`` (the demand units inside the district), ``requirements``.

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
    net = given.network(record.network)
    points = demand_points(demand)
    at = net.snap(points, max_off_m=record.max_off_m)
    facilities = find_facilities(record.facilities, given.layers, net=net, demand=at, max_off_m=record.max_off_m)
    with_layer = frozenset(given.layers[ref].record.kind for ref in record.facilities)
    judged = judge(asked, facilities, with_layer, net=net, demand=at, points=points)

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
    )
    units = _units(demand, at, areas, count_items(items_of(asked), judged))
    return Result(
        record=record,
        table=table,
        parts={
            "headline": headlines(areas, asked, judged, people, _sets(asked)),
            "by_unit": _by_unit(demand.index, asked, facilities.table, judged),
            "units": units,
            "requirements": _requirements(asked, judged),
        },
        notes=tuple(_notes(record, given, asked, judged, units, net, at)),
        problems=(*doubts, *_doubts(facilities.table)),
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


def _units(demand: gpd.GeoDataFrame, at: Positions, areas: Areas, counts: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the demand units inside the district, with what they reach."""
    off_m = pd.Series(at.off_m, index=at.labels.take(at.owner)).reindex(demand.index).round(3)
    return gpd.GeoDataFrame(
        {
            "name": demand["name"],
            "people": demand["people"].astype(float),
            "estimated": demand["estimated"].astype(bool) if "estimated" in demand else False,
            "off_m": off_m.fillna(at.too_far),
            "too_far": demand.index.isin(at.too_far.index),
            "township": areas.names_of_units("township"),
            "community": areas.names_of_units("community"),
            "zones": areas.names_of_units("zone"),
            **{name: counts[name].to_numpy() for name in counts},
        },
        geometry=demand.geometry,
        index=demand.index,
    )


def _by_unit(
    units: pd.Index, asked: Sequence[Requirement], facilities: pd.DataFrame, judged: Judgement
) -> pd.DataFrame:
    """Return one row per demand unit and requirement."""
    n_units, n_asked = judged.covered.shape
    asked_of_row = np.tile(np.arange(n_asked), n_units)

    def nearest(column: str) -> npt.NDArray[np.object_]:
        return np.append(facilities[column].to_numpy(dtype=object), "")[judged.facility.ravel()]  # -1 is the last, ""

    return pd.DataFrame(
        {
            "unit": units.repeat(n_asked),
            "requirement": np.array([one.id for one in asked], dtype=object)[asked_of_row],
            "kind": np.array([one.kind for one in asked], dtype=object)[asked_of_row],
            "facility": nearest("id"),
            "facility_name": nearest("name"),
            "facility_layer": nearest("layer"),
            "walk_m": judged.walk_m.ravel(),
            "limit_m": np.array([one.limit_m for one in asked])[asked_of_row],
            "covered": judged.covered.ravel(),
            "verdict": judged.verdict.ravel(),
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


def _notes(
    record: Coverage,
    given: Inputs,
    asked: Sequence[Requirement],
    judged: Judgement,
    units: gpd.GeoDataFrame,
    net: WalkNetwork,
    at: Positions,
) -> Iterator[str]:
    """Yield the assumptions and marks that every figure carries."""
    rests_on = [record.demand, record.network, *record.facilities]
    yield from dict.fromkeys(note for ref in rests_on for note in given.layers[ref].notes)
    if unverified := [one for one in asked if not one.verified]:
        yield f"未核:{len(unverified)} 项要求的条文未与正式文本核对,来源后标有“未核”"
    if own := [f"{kinds()[one.kind].name_zh} {one.limit_m:g} 米" for one in asked if not one.rule]:
        yield f"自定口径:{'、'.join(own)}"
    if reference := [one.title_zh for one in asked if one.reference]:
        yield f"仅供参考,不作达标判断,不计入平均达标项数与全达标率:{'、'.join(reference)}"
    if as_needed := [kinds()[one.kind].name_zh for one in asked if not one.counted and not one.reference]:
        yield f"按需设置(△),不计入平均达标项数与全达标率:{'、'.join(dict.fromkeys(as_needed))}"
    if unknown := [kinds()[one.kind].name_zh for one, known in zip(asked, judged.known, strict=True) if not known]:
        yield f"无数据(没有声明图层),不等于没有设施:{'、'.join(dict.fromkeys(unknown))}"
    if wide := [f"{one.title_zh} ≥{one.min_width_m:g} 米" for one in asked if one.min_width_m is not None]:
        yield f"只核对了面积,未核对公园宽度:{'、'.join(wide)}"
    for ref in record.facilities:
        if not_counted := int((~exists(given.layers[ref].frame)).sum()):
            yield f"{given.layers[ref].record.title}:{not_counted} 处非现状(规划、在建、未启用或关闭),不计入"
    yield (
        f"步行距离 = 需求点(面取质心)到道路的直线 + 沿路网 + 道路到设施的直线;最近设施只在 {search_m(asked):,.0f} 米内查找"
    )
    if not (units.geom_type != "Point").all():
        yield "需求为点,没有占地面积,面积覆盖率不可计算"
    too_far = units[units["too_far"]]
    if len(too_far):
        yield (
            f"{len(too_far)} 处需求({too_far['people'].sum():,.0f} 人)距可步行道路超过 {record.max_off_m:g} 米,"
            "按不可达计,仍在分母中"
        )
    islands = units[(net.component_of(at) > 0).to_numpy()]
    if len(islands):
        yield f"{len(islands)} 处需求({islands['people'].sum():,.0f} 人)所在道路与主路网不连通,仍在分母中"


def _doubts(facilities: gpd.GeoDataFrame) -> Iterator[Problem]:
    """Yield a warning for the facilities of each layer whose access is not known."""
    for (ref, doubt), group in facilities[facilities["doubt"] != ""].groupby(["layer", "doubt"], sort=False):
        labels = [f"{id_} {name}".strip() for id_, name in zip(group["id"], group["name"], strict=True)]
        named = ", ".join(labels[:5]) + (", …" if len(labels) > 5 else "")
        yield Problem(
            f"{ref}.toml",
            "gates" if doubt == NO_GATES else "",
            f"{len(group)} without known access ({doubt}); unserved demand within the limit in a straight line is 无数据",
            named,
            "Declare a gates layer, or walled = false"
            if doubt == NO_GATES
            else "Check their place, or the streets beside them",
            severity="warning",
        )
