"""What a coverage result says of itself: assumptions, marks, and facilities whose access is not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from qyp_geo.analyses.access import NO_GATES
from qyp_geo.analyses.gates import exists
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import Judgement, search_m
from qyp_geo.analyses.shares import CRITICAL_SHARE
from qyp_geo.analyses.standing import Standing
from qyp_geo.errors import Problem
from qyp_geo.standards import Requirement, kinds, load_profile
from qyp_geo.standards.rules import TO_FILL_IN

if TYPE_CHECKING:
    from qyp_geo.analyses.coverage import Coverage


def notes_of(
    record: Coverage,
    given: Inputs,
    asked: Sequence[Requirement],
    judged: Judgement,
    units: gpd.GeoDataFrame,
    legs: pd.DataFrame,
    standing: Standing,
) -> Iterator[str]:
    """Yield the assumptions and marks that every figure carries."""
    ground = [record.estates, record.barriers, record.crossings, record.landuse]
    rests_on = [record.demand, record.network, *record.facilities, *(ref for ref in ground if ref is not None)]
    yield from dict.fromkeys(note for ref in rests_on for note in given.layers[ref].notes)
    if unverified := [one for one in asked if not one.verified]:
        yield f"未核:{len(unverified)} 项要求的条文未与正式文本核对,来源后标有“未核”"
    profile = load_profile(record.standard, given.standards)
    if waiting := [rule.name_zh for rule in profile.not_computable if rule.computable == TO_FILL_IN]:
        yield f"待填(本地标准尚无数值,不作判断):{'、'.join(waiting)}"
    if own := [f"{kinds()[one.kind].name_zh} {one.limit_m:g} 米" for one in asked if not one.rule]:
        yield f"自定口径:{'、'.join(own)}"
    if reference := [one.title_zh for one in asked if one.reference]:
        yield f"仅供参考,不作达标判断,不计入平均达标项数与全达标率:{'、'.join(reference)}"
    if as_needed := [kinds()[one.kind].name_zh for one in asked if not one.counted and not one.reference]:
        yield f"按需设置(△),不计入平均达标项数与全达标率:{'、'.join(dict.fromkeys(as_needed))}"
    if unknown := [kinds()[one.kind].name_zh for one, known in zip(asked, judged.known, strict=True) if not known]:
        yield f"无数据(没有声明图层),不等于没有设施:{'、'.join(dict.fromkeys(unknown))}"
    if wide := [f"{one.title_zh} ≥{one.min_width_m:g} 米" for one in asked if one.min_width_m is not None]:
        yield f"公园按面积和宽度计(宽度 = 园内各圆合计盖住四分之三面积时的最大直径,自定口径):{'、'.join(wide)}"
    for ref in record.facilities:
        if not_counted := int((~exists(given.layers[ref].frame)).sum()):
            yield f"{given.layers[ref].record.title}:{not_counted} 处非现状(规划、在建、未启用或关闭),不计入"
    yield (
        "两种口径:规范口径 = 需求点到设施的直线距离不超过服务半径;步行口径 = 步行距离不超过同一限值。"
        f"临界人口 = 步行距离在限值 ±{CRITICAL_SHARE:.0%} 以内(自定口径)"
    )
    yield "边界不确定 = 未达标而限值伸出资料范围(某类设施在区外没有资料时,以区界为资料范围)"
    yield (
        "步行距离 = 需求点(面取质心)到道路的直线 + 沿路网 + 道路到设施的直线,进出小区经出入口;"
        f"最近设施只在 {search_m(asked):,.0f} 米内查找"
    )
    if not (units.geom_type != "Point").all():
        yield "需求为点,没有占地面积,面积覆盖率不可计算"
    yield from _of_ground(record, standing)
    for doubt, listed in legs.groupby("doubt", sort=False):
        yield f"{len(listed)} 处需求({listed['people'].sum():,.0f} 人){doubt}"


def _of_ground(record: Coverage, standing: Standing) -> Iterator[str]:
    """Yield what is assumed of walls, gates and big roads."""
    if standing.estates is None:
        yield "无出入口数据:未声明小区,步行距离从建筑算起,小区内部道路按可穿行计"
    else:
        n_gated = int((standing.estate >= 0).sum())
        yield (
            f"有出入口的小区 {len(standing.estates.table)} 个(建筑 {n_gated} 处):从小区出入口算起判断达标,"
            "内部道路不供穿行"
        )
        if ungated := standing.estates.ungated:
            shown = "、".join(ungated[:5]) + ("等" if len(ungated) > 5 else "")
            yield f"无出入口数据的小区 {len(ungated)} 个({shown}):从建筑算起,内部道路按可穿行计"
    if record.barriers is None:
        yield "未声明屏障:到道路的直线可能穿过围墙、水系或铁路"
    if not standing.two_sided:
        yield "干路按单侧计:未区分道路两侧,可随处过街"
    elif record.crossings is None:
        yield "未声明过街设施:干路在各交叉口均可过街,路段中间不可过街"
    else:
        yield "过街设施 15 米内的干路交叉口,各方向均按可过街计(自定口径)"
    if standing.two_sided:
        yield "干路尽端(含资料边缘)按可绕过计"
    if record.landuse is None:
        yield "用地覆盖率不可计算:未声明用地图层"


def doubts_of(facilities: gpd.GeoDataFrame) -> Iterator[Problem]:
    """Yield a warning for the facilities of each layer whose access is not known."""
    for (ref, doubt), group in facilities[facilities["doubt"] != ""].groupby(["layer", "doubt"], sort=False):
        labels = [
            f"{id_} {name}".strip() if name != id_ else id_
            for id_, name in zip(group["id"], group["name"], strict=True)
        ]
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
