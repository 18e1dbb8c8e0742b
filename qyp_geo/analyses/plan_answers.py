"""What layers and other analyses say of a figure of the plan: its present value, or why they cannot tell."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from qyp_geo.analyses.areas import pairs_within
from qyp_geo.analyses.centre_completeness import ALL_FIVE
from qyp_geo.analyses.coverage import Coverage
from qyp_geo.analyses.gates import exists
from qyp_geo.analyses.shares import ALL_SETS
from qyp_geo.analyses.zones import Zones
from qyp_geo.frames import LayerData, Result
from qyp_geo.standards import Answer, Fact, kinds, requirement_sets

_COMPLETE: Final = ("全量台账", "普查")
_STATUS: Final = {
    "existing": "现状",
    "planned": "规划",
    "under_construction": "在建",
    "built_unused": "建成未启用",
    "closed": "关闭",
}
_STRUCTURAL: Final = {
    "zones": "分区",
    "units": "街道、社区",
    "landmarks": "地物",
    "streets": "道路",
    "crossings": "过街设施",
}
_COLUMNS: Final = {
    "capacity": "学位或泊位数",
    "ev_berths": "充电泊位",
    "affordable": "是否普惠",
    "parking_type": "停车类型",
    "level": "级别",
}

Sources = tuple[LayerData, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The present value of a figure.

    Attributes
    ----------
    now, most
        The value, and the most that it may be where something is not known (infinite where that has no bound).
    says
        The value in words.
    layers
        What it was taken from.
    decides
        Whether the value can tell if a target is met: what is drawn need not be built.
    """

    now: float
    most: float
    says: str
    layers: Sources
    decides: bool = True

    @property
    def as_of(self) -> str:
        """The dates of the layers; where one tells none, when it was retrieved."""
        dates = {
            str(layer.record.provenance.as_of or f"{layer.record.provenance.retrieved} 取得") for layer in self.layers
        }
        return "、".join(sorted(dates))

    @property
    def sources(self) -> str:
        """The layers' titles."""
        return "、".join(dict.fromkeys(layer.record.title for layer in self.layers))


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where answers are looked for.

    Attributes
    ----------
    layers
        All layers, by reference.
    here
        Those that count, in the order of the declaration.
    boundary
        The district.
    coverage, zones, centres
        Results of analyses that answer some figures; None where none is named.
    """

    layers: Mapping[str, LayerData]
    here: tuple[LayerData, ...]
    boundary: gpd.GeoSeries
    coverage: Result | None
    zones: Result | None
    centres: Result | None

    def of_kinds(self, wanted: Sequence[str]) -> tuple[LayerData, ...]:
        """The layers of some kinds."""
        return tuple(layer for layer in self.here if layer.record.kind in wanted)

    def inside(self, sources: Sequence[LayerData]) -> gpd.GeoDataFrame:
        """The features inside the district (a point within each decides); what two layers hold under one id and name once."""
        frames = []
        for layer in sources:
            frame = layer.frame.iloc[np.unique(pairs_within(layer.frame.representative_point(), self.boundary)[0])]
            frames.append(frame.assign(id=frame.index, status=frame.get("status", "existing")))
        every = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True))
        return every[~every.duplicated(["id", "name", "kind"])]


def find_answer(fact: Fact, answer: Answer, lookup: Lookup) -> Found | str:
    """Return the present value of a figure, or the reason why these layers cannot tell it.

    Parameters
    ----------
    fact
        The sentence that the figure is of.
    answer
        Where its value is found.
    lookup
        The layers and results.
    """
    if answer.how in _ELSEWHERE:
        return _ELSEWHERE[answer.how](fact, answer, lookup)
    sources = lookup.of_kinds([*answer.kinds, *answer.ground])
    return _IN_LAYERS[answer.how](answer, sources, lookup) if sources else f"没有{named_kinds(answer.kinds)}图层"


def named_kinds(names: Sequence[str]) -> str:
    """Return kinds of layers as a reader knows them."""
    return "、".join(kinds()[kind].name_zh if kind in kinds() else _STRUCTURAL.get(kind, kind) for kind in names)


def _says(features: gpd.GeoDataFrame, where: Mapping[str, str]) -> pd.Series:
    """Return which features say one of the words asked for, in every column asked for."""
    says = pd.Series(data=True, index=features.index)
    for column, words in where.items():
        says &= features[column].isin(words.split("|"))
    return says


def _unfilled(features: gpd.GeoDataFrame, columns: Iterable[str]) -> str:
    """Return what the first of some columns is called that no feature fills in; empty where each is."""
    for column in columns:
        if column not in features or not (features[column].notna() & (features[column].astype(str) != "")).any():
            return _COLUMNS.get(column, column)
    return ""


def _count(answer: Answer, sources: Sources, lookup: Lookup) -> Found | str:
    """Return how many features have a status, and stand within what is asked for."""
    features = lookup.inside(sources)
    chosen = features["status"] == answer.status
    if answer.within:
        owners = lookup.of_kinds([answer.within])
        if not owners or _unfilled(features, ["part_of"]):
            return f"图层没有声明哪些在{named_kinds([answer.within])}内"
        names = {text for layer in owners for text in (*layer.frame.index, *layer.frame["name"])}
        chosen &= features["part_of"].isin(names)
    if len(features) and (column := _unfilled(features, answer.where)):
        return f"图层没有填{column}"
    count = int((chosen & _says(features, answer.where)).sum())
    status = "" if answer.status == "existing" else _STATUS[answer.status]
    poi = any(layer.record.provenance.completeness == "POI" for layer in sources)
    says = f"{status} {count}{'(POI,可能不全)' if poi else ''}".strip()
    return Found(count, math.inf if poi else count, says, sources)


def _sum(answer: Answer, sources: Sources, lookup: Lookup) -> Found | str:
    """Return the sum of a column over what exists and says what is asked for."""
    features = lookup.inside(sources)
    features = features[exists(features)]
    if len(features) and (column := _unfilled(features, [answer.column, *answer.where])):
        return f"图层没有填{column}"
    here = features[_says(features, answer.where)]
    total, unknown = float(here[answer.column].sum()), _unknown(here[answer.column].isna())
    return Found(total, math.inf if unknown else total, f"{len(here)} 处合计 {total:,.0f}{unknown}", sources)


def _share(answer: Answer, sources: Sources, lookup: Lookup) -> Found | str:
    """Return the share, in per cent, of a column in what says what is asked for, or of one column in another."""
    features = lookup.inside(sources)
    features = features[exists(features)]
    amounts = [answer.column, answer.part] if answer.part else [answer.column]
    if column := _unfilled(features, [*amounts, *answer.where]):
        return f"图层没有填{column}"
    known = features[amounts].notna().all(axis=1)
    whole, unknown = features.loc[known, answer.column], _unknown(~known)
    if answer.part:
        part = most = float(features.loc[known, answer.part].sum())
    else:
        part = float(whole[_says(features, answer.where)[known]].sum())
        blank = (features.loc[known, [*answer.where]].astype(str) == "").any(axis=1)
        most = part + float(whole[blank].sum())
    if not whole.sum():
        return f"图层的{_COLUMNS.get(answer.column, answer.column)}合计为 0"
    of_what = f"{_COLUMNS.get(answer.part, answer.part)} / " if answer.part else "按"
    says = f"{of_what}{_COLUMNS.get(answer.column, answer.column)}:{part:,.0f} / {whole.sum():,.0f}{unknown}"
    return Found(100 * part / whole.sum(), 100 * most / whole.sum(), says, sources)


def _unknown(which: pd.Series) -> str:
    return f",另有 {int(which.sum())} 处数量不详,未计" if which.any() else ""


def _named(answer: Answer, sources: Sources, _lookup: Lookup) -> Found | str:
    """Return how many of some names exist.

    A name that no layer has says nothing, unless every layer it could be in is declared to be complete.
    """
    complete = set(answer.kinds) <= {layer.record.kind for layer in sources} and all(
        layer.record.provenance.completeness in _COMPLETE for layer in sources
    )
    there, unknown, any_found, says = 0, 0, False, []
    for names in answer.names:
        one_name = names.split("|")
        of_name = [
            layer.frame[layer.frame["name"].map(lambda name, texts=one_name: any(text in str(name) for text in texts))]
            for layer in sources
        ]
        existing = any(exists(frame).any() for frame in of_name)
        states = dict.fromkeys(
            _STATUS.get(state, state) for frame in of_name if "status" in frame for state in frame["status"]
        )
        found = any(len(frame) for frame in of_name)
        any_found |= found
        there += existing
        unknown += not found and not complete
        says.append(f"{one_name[0]}:{'现状' if existing else '、'.join(states) if found else '图层中没有'}")
    if not any_found and not complete:
        return f"{'、'.join(layer.record.title for layer in sources)}中没有这些名称"
    return Found(there, there + unknown, ";".join(says), sources)


def _per_head(answer: Answer, sources: Sources, lookup: Lookup) -> Found | str:
    """Return floor area (of some kinds land) per resident."""
    if lookup.coverage is None:
        return "没有指明覆盖分析,不知常住人口"
    people = float(lookup.coverage.parts["units"]["people"].sum())
    features = lookup.inside(sources)
    features = features[exists(features)]
    floor, ground = features["kind"].isin(answer.kinds), features["kind"].isin(answer.ground)
    area_m2 = pd.Series(np.nan, index=features.index)
    for which, column in ((floor, "bldg_m2"), (ground, "land_m2"), (ground, "area_m2")):
        if column in features:
            area_m2 = area_m2.mask(which & area_m2.isna(), features[column])
    if not area_m2.notna().any() or not people:
        return "没有一处设施有面积,或没有人口"
    without = [kind for kind in (*answer.kinds, *answer.ground) if not lookup.of_kinds([kind])]
    lacks = [f"{int(area_m2.isna().sum())} 处面积不详"] if area_m2.isna().any() else []
    lacks += [f"没有{named_kinds(without)}图层"] if without else []
    now = float(area_m2.sum()) / people
    says = f"{area_m2.sum():,.0f} m² / {people:,.0f} 人" + (f",{'、'.join(lacks)}:为下限" if lacks else "")
    return Found(now, math.inf if lacks else now, says, sources)


def _reached(_: Fact, answer: Answer, lookup: Lookup) -> Found | str:
    """Return the share of people who reach all of a circle's items with data."""
    if lookup.coverage is None or not isinstance(lookup.coverage.record, Coverage):
        return "没有指明覆盖分析"
    record, meant = lookup.coverage.record, requirement_sets()[answer.circle_set]
    headline = lookup.coverage.parts["headline"]
    whole = headline[headline["level"] == "district"].set_index("set")
    if answer.circle_set in whole.index:
        asked = answer.circle_set
    elif meant.circles and set(meant.circles) == set(record.circles):
        asked = ALL_SETS
    else:
        return f"覆盖分析没有问{meant.title_zh}"
    now = 100 * float(whole["all_reached_share"].loc[asked])
    if math.isnan(now):
        return f"{meant.title_zh}没有一项有资料"
    row = whole.loc[asked]
    says = (
        f"{meant.note};{row['n_items_with_data']} 项有资料(应有 {row['n_items']} 项),"
        f"平均达标 {row['mean_reached']:.2f} 项"
    )
    return Found(now, now, says, (lookup.layers[record.demand], lookup.layers[record.network]), decides=False)


def _measured(fact: Fact, answer: Answer, lookup: Lookup) -> Found | str:
    """Return what a check of the zones analysis that cites the same line has measured."""
    if lookup.zones is None or not isinstance(lookup.zones.record, Zones):
        return "没有指明分区分析"
    for check, row in zip(lookup.zones.record.check, lookup.zones.parts["checks"].itertuples(), strict=True):
        if check.test == answer.test and re.search(rf"L{fact.line}(?!\d)", check.source):
            says = f"图上量得,{'相符' if row.holds else '不符'}(容差 {check.tolerance:.0%})"
            now = float(str(row.measured))
            return Found(now, now, says, (lookup.layers[check.of.layer],), decides=False)
    return f"分区分析没有核对这一句(L{fact.line})"


def _centres(_: Fact, answer: Answer, lookup: Lookup) -> Found | str:
    """Return how many neighbourhood centres have all five services of a list."""
    if lookup.centres is None:
        return "没有指明邻里中心完整度分析"
    totals = lookup.centres.parts["totals"]
    rows = totals[(totals["list"] == answer.centre_list) & (totals["title"] == ALL_FIVE)]
    if rows.empty:
        return "邻里中心完整度分析没有问这一份“五类”"
    row = rows.iloc[0]
    met, open_ = int(row["centres_met"]), int(row["centres_no_data"])
    says = f"{row['centres']} 个中 {met} 个" + (f",{open_} 个无数据" if open_ else "")
    centres = lookup.layers[lookup.centres.record.model_dump()["centres"]]
    return Found(met, met + open_, says, (centres,), decides=False)


_ELSEWHERE: Final[Mapping[str, Callable[[Fact, Answer, Lookup], Found | str]]] = MappingProxyType(
    {"reached": _reached, "measured": _measured, "centres": _centres}
)
_IN_LAYERS: Final[Mapping[str, Callable[[Answer, Sources, Lookup], Found | str]]] = MappingProxyType(
    {"named": _named, "count": _count, "per_head": _per_head, "sum": _sum, "share": _share}
)
