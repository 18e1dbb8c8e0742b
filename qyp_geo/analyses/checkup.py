"""A check-up (城市体检): each community against each item, 项目—标准—现状—缺口—是否达标, and how many communities fall short.

Unlike coverage, which asks how far people walk, a check-up asks what a community has: a facility belongs to the community
that it lies in (of a polygon the centroid). The shares of parks and the density of toilets are statutory figures with
their own geometry and denominators; they stand in tables of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from qyp_geo.analyses.areas import LEVEL_OF, pairs_within
from qyp_geo.analyses.checking import Expected, layers_twice, unread, wrong_kinds
from qyp_geo.analyses.coverage import coverage_named
from qyp_geo.analyses.gates import exists
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.analyses.land import Ground, find_ground, toilet_density, toilet_spacing
from qyp_geo.analyses.parks import find_parks, park_shares, sized
from qyp_geo.declarations import Analysis, Layer, Ref
from qyp_geo.errors import DeclarationError, MissingError, Problem
from qyp_geo.frames import LayerData, Result
from qyp_geo.standards import (
    CheckupItem,
    ParkRule,
    checkup_items,
    kinds,
    load_profile,
    park_rules,
    pocket_park_rule,
    toilet_density_rules,
    toilet_spacing_rules,
)

ANY_ITEM: Final = "未达标配建的社区(个)"
ANY_DEMAND: Final = "其中:不满足要求性条文的社区(个)"
_AREA_OF: Final = {"bldg_m2": "建筑面积", "land_m2": "用地面积"}
_COUNTED: Final = {"met": MET, "unmet": UNMET, "no_data": NO_DATA, "not_applicable": NOT_APPLICABLE}
_COLUMNS: Final = (
    "community",
    "community_name",
    "township",
    "people",
    "item",
    "title",
    "standard",
    "remark",
    "facilities",
    "measured",
    "threshold",
    "present",
    "lacking",
    "verdict",
    "effect",
    "note",
    "rule",
    "source",
)


class Checkup(Analysis):
    """What each community has of what a standard asks of it."""

    kind: Literal["checkup"]
    units: Ref
    facilities: list[Ref] = Field(min_length=1)
    landuse: Ref | None = None
    """Without it shares of land and densities are not computable."""
    coverage: Ref | None = None
    """Gives the people of each community and the streets along which toilets are spaced."""
    standard: str = "city-checkup-2021"


def check_checkup(record: Checkup, *, shown_as: str, layers: Mapping[str, Layer], standards: Path) -> Iterator[Problem]:
    """Yield what is wrong with a checkup declaration that its record alone cannot know."""
    expected: list[Expected] = [
        ("units", [record.units], ("units",)),
        ("landuse", [record.landuse], ("landuse",)),
        ("facilities", record.facilities, kinds()),
    ]
    yield from wrong_kinds(expected, shown_as=shown_as, layers=layers)
    yield from layers_twice("facilities", record.facilities, shown_as=shown_as)
    try:
        checkup_items(record.standard, standards)
    except (DeclarationError, MissingError) as error:
        yield from unread(error, "standard", shown_as=shown_as)


def check_up(record: Checkup, given: Inputs) -> Result:
    """Hold every community against every item.

    Parameters
    ----------
    record
        The question.
    given
        The layers and the coverage result that it names.

    Returns
    -------
    Result
        ``table``: one row per community (in official order) and item: ``standard`` and what else its rule says
        (``remark``), ``facilities`` of the kind that lie in the community, ``measured`` (the largest known area in m², or
        the share of residential land served), ``threshold``, ``present`` and ``lacking`` (现状, 缺口, in words),
        ``verdict``, ``effect`` (what 未达标 amounts to), ``note``, ``source``. Parts: ``totals`` (communities by verdict,
        per item and over all), ``parks`` (`park_shares`), ``park_list`` (`sized`; where there are parks), ``toilets``
        (`toilet_density`), ``toilet_streets`` (`toilet_spacing`; where a coverage analysis names the streets).

    Raises
    ------
    DeclarationError
        If there is no community to check, or the coverage analysis was not asked about these units.
    """
    items = checkup_items(record.standard, given.standards)
    people = _people(record, given)
    units = given.layers[record.units]
    ground = find_ground(units, given.layers[given.district.boundary], given.district)
    communities = ground.at("community")
    if communities.table.empty:
        known = "、".join(level for level, name in LEVEL_OF.items() if name == "community")
        problem = Problem(record.title, "units", f"{record.units} has no unit of level {known}")
        raise DeclarationError(f"{record.title} cannot be answered", [problem])

    layers = {ref: given.layers[ref] for ref in record.facilities}
    landuse = given.layers[record.landuse] if record.landuse else None
    rules = park_rules(given.standards)
    facilities = _facilities(layers, communities)
    blocks = [
        _serves(item, communities, layers, landuse, rules)
        if item.metric == "within_m"
        else _has(item, communities, facilities, layers)
        for item in items
    ]
    table = _by_community(blocks, items, communities, _townships(units), people)

    parks = find_parks(layers, [kind for rule in rules for kind in rule.kinds])
    toilets = _points(layers, "public_toilet")
    parts: dict[str, pd.DataFrame | gpd.GeoDataFrame] = {
        "totals": _totals(table, items),
        "parks": park_shares(ground, parks, landuse, rules),
        "toilets": toilet_density(ground, toilets, landuse, toilet_density_rules(given.standards)),
    }
    notes = [*_notes(record, given, items, landuse)]
    if parks is not None:
        parts["park_list"] = sized(parks, rules, pocket_park_rule(given.standards))
    if record.coverage and toilets is not None:
        question, _ = coverage_named(record.coverage, given, asked_by=record)
        parts["toilet_streets"], said = toilet_spacing(
            given.layers[question.network],
            toilets,
            toilet_spacing_rules(given.standards),
            within=ground.table.geometry.iloc[0],
        )
        notes += said
    return Result(record=record, table=table, parts=parts, notes=tuple(notes))


def _people(record: Checkup, given: Inputs) -> pd.Series | None:
    """Return the people of each community by its id; None where no coverage analysis tells them."""
    if record.coverage is None:
        return None
    question, covered = coverage_named(record.coverage, given, asked_by=record)
    if record.units not in question.areas:
        remedy = f"Add {record.units} to areas in {record.coverage}"
        problem = Problem(record.title, "coverage", "does not give totals for these units", record.coverage, remedy)
        raise DeclarationError(f"{record.title} cannot be answered", [problem])
    rows = covered.table[covered.table["level"] == "community"].drop_duplicates("area")
    return rows.set_index("area")["people_total"]


def _townships(units: LayerData) -> pd.Series:
    """Return the name of the township of each unit, by the unit's id; empty where the layer does not tell."""
    frame = units.frame
    if not {"code", "parent"} <= set(frame):
        return pd.Series("", index=frame.index)
    names = frame.drop_duplicates("code").set_index("code")["name"]
    return frame["parent"].map(names).fillna("")


def _facilities(layers: Mapping[str, LayerData], communities: Ground) -> pd.DataFrame:
    """Return the existing facilities that lie in a community, with its number and their areas.

    On the border of two communities a facility is the first's; what two layers hold under one id and name counts once.
    """
    rows = []
    for layer in layers.values():
        frame = layer.frame[exists(layer.frame)]
        point, community = pairs_within(frame.geometry.centroid, communities.table.geometry)
        point, first = np.unique(point, return_index=True)
        frame = frame.iloc[point]
        rows.append(
            pd.DataFrame(
                {
                    "community": community[first],
                    "id": frame.index.astype(str),
                    "name": frame["name"].to_numpy(),
                    "kind": frame["kind"].to_numpy(),
                    "bldg_m2": _numbers(frame, "bldg_m2"),
                    "land_m2": _numbers(frame, "land_m2", "area_m2"),
                }
            )
        )
    return pd.concat(rows, ignore_index=True).drop_duplicates(["id", "name", "kind"])


def _numbers(frame: gpd.GeoDataFrame, *columns: str) -> npt.NDArray[np.float64]:
    """Return the first of some columns that is known, row by row; NaN where none is."""
    found = np.full(len(frame), np.nan)
    for column in columns:
        if column in frame:
            found = np.where(np.isnan(found), frame[column].to_numpy(dtype=float), found)
    return found


def _points(layers: Mapping[str, LayerData], kind: str) -> gpd.GeoSeries | None:
    """Return where the existing facilities of a kind are; None where no layer has the kind."""
    frames = [
        layer.frame.loc[exists(layer.frame), ["name", "geometry"]]
        for layer in layers.values()
        if layer.record.kind == kind
    ]
    if not frames:
        return None
    every = gpd.GeoDataFrame(pd.concat(frames))
    once = every[~every.assign(id=every.index).duplicated(["id", "name"])]
    return gpd.GeoSeries(once.geometry.centroid.to_numpy(), crs=once.crs)


def _has(
    item: CheckupItem, communities: Ground, facilities: pd.DataFrame, layers: Mapping[str, LayerData]
) -> pd.DataFrame:
    """Return an item's rows, one per community, where it asks for a facility, or for one of a size, in the community."""
    there = facilities[facilities["kind"].isin(item.served_by)]
    count = np.bincount(there["community"], minlength=len(communities.table))
    sources = [layer for layer in layers.values() if layer.record.kind in item.served_by]
    has_layer = any(layer.record.kind == item.kind for layer in sources)
    measured, unsized = np.full(len(count), np.nan), np.zeros(len(count), dtype=np.intp)
    enough = count > 0
    if item.metric != "exists":
        least_m2 = item.threshold or 0.0
        # Coordinates of seven digits leave a drawn area some millionths off.
        largest = there.groupby("community")[item.metric].max().round(3)
        measured = largest.reindex(range(len(count))).to_numpy(dtype=float)
        unsized = np.bincount(there["community"][there[item.metric].isna()], minlength=len(count))
        enough = measured >= least_m2
    verdict = np.select(
        [
            np.full(len(count), item.reference or bool(item.not_computable)),
            enough,
            np.full(len(count), not has_layer) | (unsized > 0),
        ],
        [NOT_APPLICABLE, MET, NO_DATA],
        UNMET,
    )
    doubtful = any(layer.record.provenance.completeness == "POI" for layer in sources)
    short_m2 = (item.threshold or 0.0) - measured
    present, lacking, note = [], [], []
    for n, said in enumerate(verdict):
        area = "" if np.isnan(measured[n]) else f",最大{_AREA_OF[item.metric]} {math.floor(measured[n])}㎡"
        present.append(f"{count[n]} 处{area}" if has_layer or count[n] else "")
        lacking.append(
            "" if said != UNMET else f"{_AREA_OF[item.metric]}差 {math.ceil(short_m2[n])}㎡" if count[n] else "缺 1 处"
        )
        note.append(_why(item, str(said), has_layer=has_layer, unsized=int(unsized[n]), doubtful=doubtful))
    return pd.DataFrame(
        {
            "facilities": count,
            "measured": measured,
            "present": present,
            "lacking": lacking,
            "verdict": verdict,
            "note": note,
        }
    )


def _why(item: CheckupItem, verdict: str, *, has_layer: bool, unsized: int, doubtful: bool) -> str:
    """Return what stands behind a verdict that is neither a plain yes nor a plain no."""
    if verdict == NOT_APPLICABLE:
        return item.not_computable or f"只对{item.applies_to}适用"
    if verdict == NO_DATA:
        return f"{unsized} 处{_AREA_OF[item.metric]}不详" if has_layer else f"没有{kinds()[item.kind].name_zh}图层"
    return "依据 POI,疑似缺口,待现场核实" if verdict == UNMET and doubtful else ""


def _serves(
    item: CheckupItem,
    communities: Ground,
    layers: Mapping[str, LayerData],
    landuse: LayerData | None,
    rules: Sequence[ParkRule],
) -> pd.DataFrame:
    """Return an item's rows, one per community, where it asks which share of the residential land is served."""
    alone = ParkRule(
        id=item.id,
        profile=item.profile,
        title_zh=item.title_zh,
        source=item.source,
        strength=item.strength,
        effect=item.effect,
        verified=item.verified,
        kinds=item.served_by,
        reaches=item.reaches,
        not_computable=item.not_computable,
    )
    rule = next((one for one in rules if one.id == item.rule), alone)
    shares = park_shares(communities, find_parks(layers, rule.kinds), landuse, [rule])
    share_words = [f"居住用地 {share:.1%} 在服务半径内" if pd.notna(share) else "" for share in shares["share"]]
    short = shares["target"] - shares["share"]
    lacking = [f"差 {by:.1%}" if said == UNMET else "" for by, said in zip(short, shares["verdict"], strict=True)]
    no_target = "" if rule.target else "条文只给口径,未给目标值"
    return pd.DataFrame(
        {
            "facilities": shares["parks"],
            "measured": shares["share"],
            "present": share_words,
            "lacking": lacking,
            "verdict": shares["verdict"],
            "note": [note or no_target for note in shares["note"]],
        }
    )


def _by_community(
    blocks: Sequence[pd.DataFrame],
    items: Sequence[CheckupItem],
    communities: Ground,
    townships: pd.Series,
    people: pd.Series | None,
) -> pd.DataFrame:
    """Return the rows of all items, community by community."""
    named = {"area": "community", "area_name": "community_name"}
    place = pd.DataFrame(communities.table[list(named)]).rename(columns=named)
    place = place.assign(
        township=place["community"].map(townships).fillna(""),
        people=place["community"].map(people) if people is not None else np.nan,
    )
    rows = [
        pd.concat([place, block], axis=1).assign(
            item=item.id,
            title=item.title_zh,
            standard=item.standard_zh,
            remark=item.note,
            threshold=np.nan if item.threshold is None else item.threshold,
            effect=np.where(block["verdict"] == UNMET, item.effect, ""),
            rule=item.rule,
            source=item.label(),
        )
        for item, block in zip(items, blocks, strict=True)
    ]
    table = pd.concat(rows, ignore_index=True)
    nobody = table["people"] == 0
    table.loc[nobody, ["verdict", "effect", "lacking", "note"]] = [NOT_APPLICABLE, "", "", "无居民"]
    order = np.arange(len(table)).reshape(len(items), -1).T.ravel()
    return table.iloc[order][list(_COLUMNS)].reset_index(drop=True)


def _totals(table: pd.DataFrame, items: Sequence[CheckupItem]) -> pd.DataFrame:
    """Return how many communities have each verdict, per item and over all items.

    Over all, a community is 未达标 if it is so in any item that its source asks for or recommends (in the last row: asks
    for), else 无数据 if it is so in any of these, else 达标; it is 不适用 where none of them applies.
    """
    rows = [_total(table[table["item"] == item.id], item.id, item.title_zh, item.standard_zh) for item in items]
    for title, effects in ((ANY_ITEM, ("fail", "warn")), (ANY_DEMAND, ("fail",))):
        binding = [item.id for item in items if item.effect in effects and not item.reference]
        of_binding = table[table["item"].isin(binding)].groupby("community", sort=False)
        overall = pd.DataFrame(
            {
                "verdict": of_binding["verdict"].agg(_worst),
                "people": of_binding["people"].first(),
            }
        )
        rows.append(_total(overall, "", title, f"{len(binding)} 项"))
    return pd.DataFrame(rows)


def _worst(verdicts: pd.Series) -> str:
    return next((one for one in (UNMET, NO_DATA, MET) if (verdicts == one).any()), NOT_APPLICABLE)


def _total(rows: pd.DataFrame, item: str, title: str, standard: str) -> dict[str, object]:
    of = {name: int((rows["verdict"] == verdict).sum()) for name, verdict in _COUNTED.items()}
    unmet_people = rows["people"][rows["verdict"] == UNMET].sum(min_count=0 if rows["people"].notna().any() else 1)
    return {
        "item": item,
        "title": title,
        "standard": standard,
        "communities": len(rows),
        **of,
        "people_unmet": unmet_people,
    }


def _notes(record: Checkup, given: Inputs, items: Sequence[CheckupItem], landuse: LayerData | None) -> Iterator[str]:
    """Yield what the figures rest on."""
    profile = load_profile(record.standard, given.standards)
    unverified = sum(not item.verified for item in items)
    yield f"体检标准:{profile.title},{len(items)} 项中 {unverified} 项未核"
    yield "体检:设施按所在社区计(面取形心),社区外的设施不计;已声明用地面积者用之,否则面状设施以图上面积为用地面积"
    yield "公园服务半径从公园边界量起,覆盖居住用地面积 ÷ 居住用地面积;各口径互不相容,分别列出"
    if landuse is None:
        yield "没有用地图层:居住用地覆盖率和公厕密度不可计算"
    else:
        yield f"公厕密度的用地类别由用地代码({landuse.record.code_system})归并,为自定口径"
