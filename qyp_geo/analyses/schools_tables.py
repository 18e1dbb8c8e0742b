"""The tables of the seats watch (学位预警): by area, by school, by 施教区; and what is to be said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from qyp_geo.analyses.areas import Areas
from qyp_geo.analyses.causes import SUSPECTED
from qyp_geo.analyses.gates import exists
from qyp_geo.analyses.judging import NO_DATA, NOT_APPLICABLE
from qyp_geo.analyses.schooling import BY_REACH, STAGES, TO_COME, Bools, Catchments, Floats, View
from qyp_geo.analyses.supplies import OWN_SOURCE
from qyp_geo.frames import LayerData

if TYPE_CHECKING:
    from qyp_geo.analyses.schools_watch import SchoolsWatch

ENOUGH, TIGHT, SHORT, NO_SCHOOL = "学位充足", "学位紧张", "学位不足", "无校可上"
SPREAD: Final = "均摊"


def areas_table(
    record: SchoolsWatch,
    views: Sequence[View],
    schools: gpd.GeoDataFrame,
    areas: Areas,
    inside: Bools,
    *,
    boundary: gpd.GeoSeries,
    zones: LayerData | None,
) -> pd.DataFrame:
    """Return one row per area, stage and time.

    ``children`` = those who come to a school + ``children_without`` + ``children_no_data``; ``per_seat`` is of the first of
    these and their ``seats``, and meets the thresholds to 1e-6. ``seats_lacking`` adds up what each school lacks.
    ``seats_here`` are those of the schools that lie in the area, whoever goes there.
    """
    everyone = sparse.csr_array(sparse.eye_array(len(inside)).tocsr()[inside])
    holds = sparse.csr_array(areas.holds @ everyone)
    lies_in = _lies_in(schools, areas, boundary, zones)
    rows = []
    for view in views:
        going = view.going
        without, no_data = holds @ going.without, holds @ going.unknown
        seats = holds @ view.seats_of
        per_seat = children_per_seat(holds @ view.comes_of, seats)
        blind = (holds @ view.comes_of == 0) & (no_data > 0)
        rows.append(
            areas.table.assign(
                stage=STAGES[view.group.id].title,
                horizon=view.horizon,
                method=view.method,
                children=holds @ view.children,
                children_without=without,
                children_no_data=no_data,
                children_uncertain=holds @ np.where(view.uncertain, view.children, 0.0),
                seats=np.where(blind, np.nan, seats),
                per_seat=per_seat,
                tight=record.tight,
                short_at=record.short,
                warning=warnings_of(record, per_seat, without=without, no_data=no_data),
                seats_lacking=np.where(blind, np.nan, holds @ view.lacking_of),
                seats_here=lies_in @ np.nan_to_num(view.seats),
                schools_short=_named_short(record, view, schools, sparse.csr_array(holds @ going.attends)),
                children_basis=SPREAD if view.group.share is not None else "",
                children_source=f"{view.group.source},{view.group.year}年",
                source=view.source,
                note=[_note(view, *each) for each in zip(without, no_data, strict=True)],
            )
        )
    found = pd.concat(rows, ignore_index=True)
    order = {area: place for place, area in enumerate(areas.table["area"])}
    return found.sort_values("area", key=lambda area: area.map(order), kind="stable", ignore_index=True)


def children_per_seat(children: Floats, seats: Floats) -> Floats:
    """Return children per seat to 1e-6, so that no rounding of sums decides a warning; NaN where there is no seat."""
    exact = np.divide(children, seats, out=np.full(len(children), np.nan), where=seats > 0)
    return np.asarray(exact.round(6))


def warnings_of(record: SchoolsWatch, per_seat: Floats, *, without: Floats, no_data: Floats) -> npt.NDArray[np.object_]:
    """Return the warning of each row: 无校可上 where there are children, and no seat for any of them."""
    known = ~np.isnan(per_seat)
    warning = np.select(
        [per_seat > record.short, per_seat > record.tight, no_data > 0, known, without > 0],
        [SHORT, TIGHT, NO_DATA, ENOUGH, NO_SCHOOL],
        NOT_APPLICABLE,
    )
    return warning.astype(object)


def schools_table(
    record: SchoolsWatch, views: Sequence[View], schools: gpd.GeoDataFrame, within: LayerData | None
) -> gpd.GeoDataFrame:
    """Return one row per school, stage and time, with the children who come to it; ``watched`` are those named."""
    named = schools["id"].isin(record.watch) | schools["name"].isin(record.watch)
    rows = []
    for view in views:
        per_seat = children_per_seat(view.comes, np.nan_to_num(view.seats))
        blind = np.isnan(view.seats) | ~view.serves
        warning = np.where(
            blind,
            NO_DATA,
            warnings_of(record, per_seat, without=np.zeros(len(schools)), no_data=np.zeros(len(schools))),
        )
        no_homes = "限距内无住宅,或出入口不通道路"
        why_none = np.where(
            view.method == BY_REACH, no_homes, np.where(schools["now"], "没有施教区", f"没有施教区,{no_homes}")
        )
        columns = schools[["layer", "id", "name", "kind", "status", "open_year", "geometry"]]
        rows.append(
            columns.assign(
                stage=STAGES[view.group.id].title,
                horizon=view.horizon,
                method=view.method,
                watched=named,
                seats=view.seats,
                children=np.where(blind, np.nan, view.comes),
                per_seat=np.where(blind, np.nan, per_seat),
                warning=warning,
                seats_lacking=np.where(blind, np.nan, np.maximum(view.comes - np.nan_to_num(view.seats), 0.0)),
                source=view.source,
                note=np.select([np.isnan(view.seats), ~view.serves], ["学位数不详", why_none], ""),
            )[view.counts]
        )
    found = gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=schools.crs)
    found.insert(5, "zones", _zones_of(found, within))
    return found


def areas_part(table: pd.DataFrame, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of the watched areas with their outlines."""
    watched = table[(table["level"] == "zone") & table["area"].isin(frame.index)]
    outlines = frame.loc[watched["area"]].geometry.to_numpy()
    return gpd.GeoDataFrame(watched.reset_index(drop=True), geometry=outlines, crs=frame.crs)


def districts_table(record: SchoolsWatch, views: Sequence[View], found: Mapping[str, Catchments]) -> gpd.GeoDataFrame:
    """Return one row per 施教区 of each stage and time: its children, and the seats that they have."""
    rows = []
    for view in views:
        if view.group.id not in found:
            continue
        drawn = found[view.group.id]
        holds = sparse.csr_array(drawn.lies_in.T)
        come, seats = holds @ view.comes_of, holds @ view.seats_of
        without, no_data = holds @ view.going.without, holds @ view.going.unknown
        per_seat = children_per_seat(come, seats)
        rows.append(
            drawn.table[["name", "school", "geometry"]].assign(
                stage=STAGES[view.group.id].title,
                horizon=view.horizon,
                method=view.method,
                children=holds @ view.children,
                children_without=without,
                children_no_data=no_data,
                seats=seats,
                per_seat=per_seat,
                warning=warnings_of(record, per_seat, without=without, no_data=no_data),
            )
        )
    return gpd.GeoDataFrame(pd.concat(rows).rename_axis("district").reset_index(), crs=rows[0].crs)


def notes_of(
    record: SchoolsWatch,
    layers: Mapping[str, LayerData],
    views: Sequence[View],
    found: Mapping[str, Catchments],
    schools: gpd.GeoDataFrame,
) -> Iterator[str]:
    """Yield what the figures rest on."""
    yield (
        f"学位预警:每个学位的学龄儿童 > {record.short:g} 为{SHORT},> {record.tight:g} 为{TIGHT}({OWN_SOURCE});"
        "学位为全校各年级合计,学龄儿童为该学段各年龄合计;仅供规划内部使用,不作为学区划分依据"
    )
    yield "学位缺口按学校逐所计算后相加,一校富余不抵另一校不足;现状需求,未计规划住宅将新增的学龄儿童"
    for group in record.children:
        title, stage = group.title, STAGES[group.id].title
        how = f"常住人口的 {group.share:.1%},{SPREAD},不反映各处年龄差异" if group.share else f"列 {group.column}"
        yield f"{stage}学龄人口:{title},{group.source},{group.year} 年({how})"
    for view in views[::2]:
        yield from _of_method(view, found.get(view.group.id))
    to_come = schools[~schools["now"]]
    for year, opening in to_come.groupby("open_year"):
        yield f"{year:.0f} 年开办的规划、在建学校计入至{record.open_by}年:{'、'.join(opening['name'])}"
    for ref in record.schools:
        frame = layers[ref].frame
        if "status" in frame:
            waiting = frame[frame["status"].isin(TO_COME) & ~(frame["open_year"] <= record.open_by)]
            if len(waiting):
                named = "、".join(waiting["name"])
                yield f"未计入:规划、在建而未注明在 {record.open_by} 年底前开办的学校 {len(waiting)} 所({named})"
            idle = int((~exists(frame) & ~frame["status"].isin(TO_COME)).sum())
            if idle:
                yield f"未计入:{layers[ref].record.title}中建成未用或关闭的学校 {idle} 所"
        if layers[ref].record.provenance.completeness == "POI":
            yield f"{layers[ref].record.title}依据 POI,学位预警为{SUSPECTED}"
        if layers[ref].record.kind == "school":
            yield f"未计入:{layers[ref].record.title}中学段不明的学校 {len(frame)} 所"
    for view in views[1::2]:
        idle = schools[view.counts & ~view.serves & ~schools["now"].to_numpy(dtype=bool)]
        if len(idle):
            stage = STAGES[view.group.id].title
            yield (
                f"{stage}:规划、在建学校 {'、'.join(idle['name'])} 没有施教区,限距内也无住宅(或出入口不通道路),"
                "其学位不分给任何住宅,只计入坐落片区的学位"
            )
        unseated = schools["name"][np.isnan(view.seats)]
        if len(unseated):
            stage = STAGES[view.group.id].title
            yield f"{stage}学位数不详的学校 {len(unseated)} 所({'、'.join(unseated)}),可入读其中之一的儿童为{NO_DATA}"


def _of_method(view: View, drawn: Catchments | None) -> Iterator[str]:
    """Yield how children go to school at one stage."""
    stage = STAGES[view.group.id].title
    if drawn is None:
        yield (
            f"{stage}为{BY_REACH}:没有该学段的施教区资料,儿童按学位数比例分到步行可达({view.source})的各校,不是招生划片;"
            "限距内无学校的儿童另列,不计入每学位人数"
        )
        if view.uncertain.any():
            yield f"{stage}:缺区外住宅或学校资料,距区界一个限距以内的儿童为边界不确定"
    else:
        yield f"{stage}按施教区匹配:多校划片按学位数比例分;规划新校尚无施教区的,按步行可达作空间估算"
        if drawn.several:
            yield f"{stage}:{drawn.several} 处住宅落入一个以上施教区,按多校划片计"
        unserving = int((view.counts & ~view.serves).sum())
        if unserving:
            yield f"{stage}:{unserving} 所现有学校没有施教区,其学位未计入"


def _note(view: View, without: float, no_data: float) -> str:
    """Return what a row's figures leave out."""
    by_reach = view.method == BY_REACH
    said = []
    if without > 0:
        said.append(f"{without:.0f} 名儿童" + ("限距内无学校" if by_reach else "的施教区学校尚未开办或无学位"))
    if no_data > 0:
        said.append(
            f"{no_data:.0f} 名儿童{NO_DATA}" + ("" if by_reach else "(无施教区、学校或学位不详)") + ",缺口为下限"
        )
    return ";".join(said)


def _named_short(record: SchoolsWatch, view: View, schools: gpd.GeoDataFrame, going: sparse.csr_array) -> list[str]:
    """Return, per area, the schools without seats enough that any of its children come to."""
    per_seat = children_per_seat(view.comes, np.nan_to_num(view.seats))
    full = per_seat > record.short
    names = schools["name"].to_numpy(dtype=object)
    here = going.toarray() > 0
    return ["、".join(names[row & full]) for row in here]


def _lies_in(
    schools: gpd.GeoDataFrame, areas: Areas, boundary: gpd.GeoSeries, zones: LayerData | None
) -> npt.NDArray[np.bool_]:
    """Return which schools lie in each area, of a polygon its centroid; shape (areas, schools)."""
    at = schools.geometry.centroid
    in_district = at.intersects(boundary.union_all()).to_numpy()
    in_zones = [] if zones is None else [at.intersects(zone).to_numpy() for zone in zones.frame.geometry]
    # The district, the zones and 区外, in the order of the areas.
    rows = [in_district, *in_zones, *([in_district & ~np.any(in_zones, axis=0)] if in_zones else [])]
    return np.array(rows, dtype=bool).reshape(len(areas.table), len(schools))


def _zones_of(schools: gpd.GeoDataFrame, within: LayerData | None) -> list[str]:
    """Return the names of the watched areas that each school lies in, of a polygon its centroid."""
    if within is None:
        return [""] * len(schools)
    at = schools.geometry.centroid
    return ["、".join(within.frame["name"][within.frame.intersects(point)]) for point in at]
