"""The tables of a catchment analysis: by supply, by area, by demand unit, by facility; and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from qyp_geo.analyses.areas import OUTSIDE, Areas
from qyp_geo.analyses.balance import Balance, enough
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET, Bools, Floats
from qyp_geo.analyses.supplies import OWN_SOURCE, Group

SPREAD: Final = "均摊"
_NAMED: Final = 5
_OF_SUPPLY: Final = ["supply_reached", "per_head", "shortage", "people_short", "people_unreached", "people_uncertain"]
_OF_HEADS: Final = ["people_demand", "needed", "people_no_data"]
"""Columns that cannot be told without the supply, and without the heads."""
_OF_AREA: Final = ["level", "area", "area_name", "geometry"]


def areas_table(
    balances: Sequence[Balance],
    groups: Mapping[str, Group],
    areas: Areas,
    *,
    marks: Mapping[str, Bools],
    sources: Mapping[str, str],
    shapes: gpd.GeoSeries,
) -> gpd.GeoDataFrame:
    """Return one row per area and supply.

    Parameters
    ----------
    balances
        What was found, of the demand units inside the district.
    groups
        The declared groups, by id.
    areas
        The areas and the demand units in each.
    marks
        By mark (估算, 均摊), which demand units bear it.
    sources
        By group, the year and source of its heads.
    shapes
        The areas' geometry (`area_shapes`).

    Returns
    -------
    GeoDataFrame
        ``people_demand`` heads of the group (户 where the group counts these) get ``supply_reached`` of the supply, so
        ``per_head`` = ``supply_reached`` / ``people_demand``. ``needed`` is what they should have; ``shortage`` the sum of what
        single homes certainly lack, which more than enough elsewhere does not make good. ``people_short`` lack it,
        ``people_unreached`` reach no facility, of ``people_no_data`` it cannot be told, ``people_uncertain`` are 边界不确定.
        ``verdict`` is 未达标 if anybody certainly has too little. ``total_verdict`` is on the ``per_head`` of the area, as
        rules per head are, and ``effect`` is what 未达标 there amounts to. Where it is 达标 and the other is not, there is
        enough, but not where it is needed.
    """
    rows = [_of_areas(one, groups, areas, marks, sources, shapes) for one in balances]
    return gpd.GeoDataFrame(pd.concat(rows, ignore_index=True))


def _of_areas(
    one: Balance,
    groups: Mapping[str, Group],
    areas: Areas,
    marks: Mapping[str, Bools],
    sources: Mapping[str, str],
    shapes: gpd.GeoSeries,
) -> gpd.GeoDataFrame:
    """Return the rows of one supply."""
    supply, need = one.supply, one.need
    heads = np.nan_to_num(one.heads)
    verdicts = one.verdict

    def total(which: Floats | Bools) -> Floats:
        return np.asarray(areas.holds @ (heads * which))

    demand, no_data = total(np.ones(len(heads))), total(verdicts == NO_DATA)
    reached = total(np.nan_to_num(one.per_head))
    per_head = reached / np.where(demand > 0, demand, np.nan)
    short, met = total(verdicts == UNMET), total(verdicts == MET)
    untold = no_data + areas.holds @ np.isnan(one.heads).astype(float) > 0
    verdict = np.select([short > 0, untold, met > 0], [UNMET, NO_DATA, MET], NOT_APPLICABLE)
    in_total = np.select(
        [(demand == 0) & ~untold, enough(per_head, need), untold],
        [NOT_APPLICABLE, MET if need else NOT_APPLICABLE, NO_DATA],
        UNMET,
    )
    lacking = np.asarray(areas.holds @ np.nan_to_num(one.shortage))
    group = groups.get(supply.group)
    uniform = group is not None and group.share is not None
    basis = {mark: total(which) > 0 for mark, which in marks.items()}
    basis[SPREAD] = basis.get(SPREAD, np.zeros(len(demand), dtype=bool)) | (uniform & (demand > 0))
    rows = gpd.GeoDataFrame(
        {
            "level": areas.table["level"],
            "area": areas.table["area"],
            "area_name": areas.table["area_name"],
            "supply": supply.id,
            "title": f"{supply.name}供需(步行口径)",
            "kind": supply.of,
            "group": "全体居民" if group is None else group.title,
            "counts": "人" if group is None else group.counts,
            "counted_in": supply.unit,
            "people_demand": demand,
            "people_basis": ["、".join(mark for mark in basis if basis[mark][n]) for n in range(len(demand))],
            "demand_source": sources[supply.group],
            "supply_reached": reached,
            "per_head": per_head,
            "need_per_head": np.nan if need is None else need.per_head,
            "needed": np.nan if need is None else demand * need.per_head,
            "shortage": np.nan if need is None else lacking,
            "people_short": np.nan if need is None else short,
            "people_unreached": total(one.reached == 0),
            "people_no_data": no_data,
            "people_uncertain": total(one.uncertain),
            "verdict": verdict,
            "total_verdict": in_total,
            "effect": np.where(in_total == UNMET, "" if need is None else need.effect, ""),
            "source": "没有人均标准,不作判断" if need is None else need.source,
            "note": one.why_not,
        },
        geometry=shapes,
    )
    if one.shared is None:
        rows = rows.assign(**dict.fromkeys(_OF_SUPPLY, np.nan), verdict=NO_DATA, total_verdict=NO_DATA, effect="")
    if np.isnan(one.heads).all():
        rows = rows.assign(**dict.fromkeys(_OF_HEADS, np.nan))
    return rows


def area_shapes(areas: Areas, given: Inputs, refs: Sequence[str]) -> gpd.GeoSeries:
    """Return the geometry of each area: 区外 is what of the district lies in no zone; demand in no unit has none."""
    layers = [given.layers[ref] for ref in refs]
    district = given.layers[given.district.boundary].frame.union_all()
    zones = [layer.frame.union_all() for layer in layers if layer.record.kind == "zones"]
    known = {id_: shape for layer in layers for id_, shape in layer.frame.geometry.items()}
    shapes: list[BaseGeometry] = []
    for level, area in areas.table[["level", "area"]].itertuples(index=False):
        if level == "district":
            shapes.append(district)
        elif area == OUTSIDE:
            shapes.append(shapely.difference(district, shapely.union_all(zones)))
        else:
            shapes.append(known.get(area, shapely.Polygon()))
    return gpd.GeoSeries(shapes, crs=given.district.crs)


def units_table(balances: Sequence[Balance], demand: gpd.GeoDataFrame, areas: Areas) -> gpd.GeoDataFrame:
    """Return one row per demand unit inside the district and supply, supply by supply.

    Parameters
    ----------
    balances
        What was found, of these demand units.
    demand
        The demand units.
    areas
        The areas that hold them.

    Returns
    -------
    GeoDataFrame
        ``unit``, ``people_demand`` (heads of the group), ``facilities_reached``, ``per_head``, ``need_per_head``, ``shortage``
        (what is certainly lacking, NaN where that cannot be told), ``verdict``, ``uncertain`` (边界不确定), ``unsure``
        (there may be more than was found), and where it is.
    """
    named = {level: areas.names_of_units(level) for level in ("township", "community")}
    rows = [
        gpd.GeoDataFrame(
            {
                "supply": one.supply.id,
                "unit": demand.index.to_numpy(),
                "name": demand["name"].to_numpy(),
                **named,
                "people_demand": one.heads,
                "facilities_reached": one.reached,
                "per_head": one.per_head,
                "need_per_head": np.nan if one.need is None else one.need.per_head,
                "shortage": one.shortage,
                "verdict": one.verdict,
                "uncertain": one.uncertain,
                "unsure": one.unsure,
            },
            geometry=demand.geometry.to_numpy(),
            crs=demand.crs,
        )
        for one in balances
    ]
    return gpd.GeoDataFrame(pd.concat(rows, ignore_index=True))


def facilities_table(balances: Sequence[Balance], facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return one row per supply and facility of it, those of unknown access or size last.

    Returns
    -------
    GeoDataFrame
        ``amount`` (NaN where not known), ``limit_m``, ``demand_in_catchment`` (heads, the far ones weighing less),
        ``per_head`` = ``amount`` / ``demand_in_catchment``, ``doubt`` (why it does not count).
    """
    rows = []
    for one in balances:
        offers = one.offers
        number = np.concatenate([offers.number, offers.doubtful])
        nothing = np.full(len(offers.doubtful), np.nan)
        table = facilities.iloc[number]
        in_catchment = np.full(len(offers.number), np.nan) if one.shared is None else one.shared.demand
        unknown = np.isnan(offers.amount)
        share = np.full(len(unknown), np.nan) if one.shared is None else np.where(unknown, np.nan, one.shared.share)
        doubts = np.where(table["doubt"] == "", "面积或宽度不明", table["doubt"])[len(offers.number) :]
        rows.append(
            gpd.GeoDataFrame(
                {
                    "supply": one.supply.id,
                    "id": table["id"].to_numpy(),
                    "name": table["name"].to_numpy(),
                    "layer": table["layer"].to_numpy(),
                    "kind": table["kind"].to_numpy(),
                    "amount": np.concatenate([offers.amount, nothing]),
                    "counted_in": one.supply.unit,
                    "limit_m": np.concatenate([offers.limit_m, offers.doubtful_limit_m]),
                    "demand_in_catchment": np.concatenate([in_catchment, nothing]),
                    "per_head": np.concatenate([share, nothing]),
                    "doubt": np.concatenate([np.where(unknown, "供给量不明", ""), doubts]),
                },
                geometry=table.geometry.to_numpy(),
                crs=facilities.crs,
            )
        )
    return gpd.GeoDataFrame(pd.concat(rows, ignore_index=True))


def summary(by_area: gpd.GeoDataFrame, balances: Sequence[Balance]) -> pd.DataFrame:
    """Return one row per supply, for the whole district.

    Parameters
    ----------
    by_area
        The rows of `areas_table`.
    balances
        What was found, of all demand units.

    Returns
    -------
    DataFrame
        Those of the district, and of the facilities: ``facilities`` that count, ``facilities_unknown`` of unknown amount;
        ``supply_total`` they offer, of which ``supply_unused`` is of those that serve nobody. The rest of it that is not
        ``supply_reached`` goes to people beyond the district.
    """
    of_district = pd.DataFrame(by_area[by_area["level"] == "district"].drop(columns=_OF_AREA)).reset_index(drop=True)
    amounts = [one.offers.amount for one in balances]
    facilities = pd.DataFrame(
        {
            "method": [one.supply.method for one in balances],
            "limit_m": [one.longest_m for one in balances],
            "limit_source": [one.limits for one in balances],
            "facilities": [len(amount) for amount in amounts],
            "facilities_unknown": [int(np.isnan(amount).sum()) for amount in amounts],
            "supply_total": [np.nan if one.shared is None else np.nansum(one.offers.amount) for one in balances],
            "supply_unused": [
                np.nan if one.shared is None else np.nansum(one.offers.amount[one.shared.demand == 0])
                for one in balances
            ],
        }
    )
    place = list(of_district).index("people_demand")
    return pd.concat([of_district.iloc[:, :place], facilities, of_district.iloc[:, place:]], axis=1)


def notes_of(
    balances: Sequence[Balance], groups: Mapping[str, Group], facilities: gpd.GeoDataFrame, inside: Bools
) -> Iterator[str]:
    """Yield the assumptions that every figure carries.

    Parameters
    ----------
    balances
        What was found, of all demand units.
    groups
        The declared groups, by id.
    facilities
        All facilities.
    inside
        Which demand units lie inside the district.
    """
    yield (
        "供需按两步移动搜索法:各设施的供给由搜索范围内的需求按距离权重分摊,再对每处住宅所及设施求和;"
        "为步行口径的人均供给,不是法定人均指标(后者为总量除以人口)"
    )
    yield "缺口 = 各住宅 人数 ×(应有人均 − 人均供给)之和,别处的富余不抵扣;总量按各区域的人均供给判断,是否达标看有无住宅不足"
    if inside.all():
        yield "没有区外居民数据:搜索范围伸出区界者为边界不确定(区外需求也会占用供给)"
    else:
        yield f"区外居民 {int((~inside).sum())} 处参与分摊,不列入结果;搜索范围伸出资料范围者为边界不确定"
    used = [one.supply.group for one in balances]
    for group in groups.values():
        if group.id in used:
            said = f"{group.title}:{group.year} 年,{group.source}"
            yield said if group.share is None else f"{said};按全体居民的 {group.share:.1%} 均摊,不用于公平性分析"
    for one in balances:
        counts = groups[one.supply.group].counts if one.supply.group in groups else "人"
        yield from _of_supply(one, counts, facilities, inside)


def _of_supply(one: Balance, counts: str, facilities: gpd.GeoDataFrame, inside: Bools) -> Iterator[str]:
    """Yield what one supply rests on."""
    name, offers = one.supply.name, one.offers
    if one.why_not:
        yield f"{name}不可计算:{one.why_not}"
        return
    if one.limits == OWN_SOURCE:
        yield f"自定口径:{name}搜索范围 {one.longest_m:g} 米"
    if one.need is not None and one.need.source == OWN_SOURCE:
        yield f"自定口径:{name}应有 {one.need.per_head:g} {one.supply.unit}/{counts}"
    if (unknown := np.isnan(offers.amount)).any():
        names = list(facilities["name"].iloc[offers.number[unknown]])
        shown = "、".join(names[:_NAMED]) + ("等" if len(names) > _NAMED else "")
        yield f"{name}:{len(names)} 处设施的供给量不明({shown}),没有计入;所及住宅若不足,为无数据"
    if len(offers.doubtful):
        yield f"{name}:{len(offers.doubtful)} 处设施的出入口或规模不明,没有计入;限距内的住宅若不足,为无数据"
    if offers.unsized:
        yield f"{name}:{offers.unsized} 处设施的规模不在条文所列之内,没有服务半径,不计入"
    if (uncounted := np.isnan(one.heads) & inside).any():
        yield f"{name}:{int(uncounted.sum())} 处住宅没有人群数,为无数据,不计入需求(人均供给因此可能偏高)"
