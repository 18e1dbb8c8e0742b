"""The tables of a parking analysis: by area, by place, by lot, against the standard; and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from qyp_geo.analyses.areas import Areas, find_areas, pairs_within
from qyp_geo.analyses.berths import (
    ATTACHED,
    IDLE,
    OFF_STREET,
    ON_STREET,
    UNTYPED,
    Bools,
    Floats,
    Places,
    own_berths,
    owners_of,
    public_berths,
    supply,
)
from qyp_geo.analyses.causes import SUSPECTED
from qyp_geo.analyses.gates import exists
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET
from qyp_geo.standards import Rule, parse_value

if TYPE_CHECKING:
    from qyp_geo.analyses.berths import Supplied
    from qyp_geo.analyses.coverage import Coverage
    from qyp_geo.analyses.inputs import Inputs
    from qyp_geo.analyses.parking import Homes, Parking, Priority

NO_DEMAND: Final = "不可计算:未声明停车需求"
NO_ATTACHED: Final = "不可计算:没有配建停车资料"
UNKNOWN_LOTS: Final = "有停车场泊位数不详"
BY_WALK, BY_RADIUS = "步行口径", "规范口径"
DIFFERS: Final = "许可配建泊位与台账不符"
_COLUMN_OF: Final = {
    ATTACHED: "berths_attached",
    OFF_STREET: "berths_off_street",
    ON_STREET: "berths_on_street",
    UNTYPED: "berths_untyped",
}
_PUBLIC: Final = "公共"
_TYPES_OF_RULE: Final = {ATTACHED: [ATTACHED], _PUBLIC: [OFF_STREET], ON_STREET: [ON_STREET]}
"""Which berths each figure of the rule about shares is of."""


def areas_table(
    record: Parking,
    given: Inputs,
    question: Coverage,
    homes: Homes,
    lots: gpd.GeoDataFrame,
    areas: Areas,
    supplied: Supplied | None,
) -> pd.DataFrame:
    """Return one row per area: the berths that lie in it, and what its homes need, have and lack.

    ``ev_share`` = charging berths / berths, of the lots that state both. ``berths_short`` = what its homes need - their 配建 -
    their part of public berths within reach, home by home; it is no difference of the columns before it.
    """
    boundary = given.layers[given.district.boundary].frame.geometry
    here = lots.iloc[np.unique(pairs_within(lots.geometry.centroid, boundary)[0])]
    there, _ = find_areas(here.geometry.centroid, [given.layers[ref] for ref in question.areas], given.district)
    place = pd.MultiIndex.from_frame(there.table[["level", "area"]])
    wanted = pd.MultiIndex.from_frame(areas.table[["level", "area"]])

    def in_areas(values: Floats) -> Floats:
        sums = pd.Series(there.holds @ values, index=place)
        return np.asarray(sums.reindex(wanted, fill_value=0.0).to_numpy(dtype=float))

    in_use = here["counts"].to_numpy(dtype=bool)
    berths = here["berths"].fillna(0.0).to_numpy()
    both = in_use & here["ev_berths"].notna().to_numpy() & here["berths"].notna().to_numpy()
    by_type = {
        column: in_areas(np.where(in_use & (here["parking_type"] == type_).to_numpy(), berths, 0.0))
        for type_, column in _COLUMN_OF.items()
    }
    total = in_areas(np.where(in_use, berths, 0.0))
    charging = in_areas(np.where(both, here["ev_berths"].fillna(0.0).to_numpy(), 0.0))
    n_lots = in_areas(in_use.astype(float))
    n_unknown = in_areas((in_use & here["berths"].isna().to_numpy()).astype(float))
    some_known = (n_lots == 0) | (n_unknown < n_lots)
    table = areas.table.assign(
        lots=n_lots.astype(int),
        lots_unknown=n_unknown.astype(int),
        berths=np.where(some_known, total, np.nan),
        **{column: np.where(some_known, count, np.nan) for column, count in by_type.items()},
        **{f"{column.removeprefix('berths_')}_share": _share(count, total) for column, count in by_type.items()},
        ev_berths=charging,
        ev_share=_share(charging, in_areas(np.where(both, berths, 0.0))),
        berths_idle=in_areas(np.where(in_use, 0.0, berths)),
    )
    lives = areas.holds @ sparse.eye_array(len(homes.inside)).tocsr()[homes.inside]
    asked = record.demand
    by_household = asked is not None and asked.households
    table = table.assign(
        households=lives @ np.nan_to_num(homes.households) if by_household else np.nan,
        berths_needed=lives @ np.nan_to_num(homes.need) if asked is not None else np.nan,
        **_had(supplied, lives, len(table)),
    )
    return table.assign(
        short_share=_share(table["berths_short"].to_numpy(float), table["berths_needed"].to_numpy(float)),
        measure=BY_WALK if supplied is not None else "",
        demand_basis=homes.basis,
        demand_source=f"{asked.source},{asked.year}年" if asked is not None else "",
        note=_why(record, supplied, table["berths_no_data"].to_numpy(float)),
    )


def places_table(
    record: Parking,
    given: Inputs,
    homes: Homes,
    lots: gpd.GeoDataFrame,
    owner: Places,
    supplied: Supplied | None,
    radius: Rule,
) -> gpd.GeoDataFrame:
    """Return one row per place of each sort that the plan puts first.

    ``berths_near`` are the public berths within the radius in a straight line, shared with nobody; ``berths_public`` are those
    of them that are the place's, shared in proportion to need: of estates among all homes that walk to them, of other places
    among those of one layer.
    """
    reach_m = radius.limit_m or 0.0
    rows = []
    for one in record.priority:
        for ref in one.of:
            frame = given.layers[ref].frame
            chosen = exists(frame).to_numpy(dtype=bool)
            if one.built_before is not None:
                chosen = chosen & (frame["built_year"] < one.built_before).to_numpy()
            near = _within(frame.geometry.to_numpy(), lots, reach_m)
            found = pd.DataFrame(
                {
                    "priority": one.title,
                    "layer": ref,
                    "id": frame.index,
                    "name": frame["name"].to_numpy(),
                    "built_year": frame["built_year"].to_numpy() if "built_year" in frame else np.nan,
                    "berths_declared": frame["berths_declared"].to_numpy() if "berths_declared" in frame else np.nan,
                    "berths_attached": own_berths(
                        lots, owner if ref == record.estates else owners_of(lots, frame), len(frame)
                    ),
                    "berths_near": near @ np.nan_to_num(public_berths(lots)),
                    **(
                        _of_homes(record, homes, supplied, len(frame))
                        if ref == record.estates
                        else _of_places(one, frame, chosen, lots, near)
                    ),
                    "measure": BY_WALK if ref == record.estates else BY_RADIUS,
                    "source": radius.label(),
                    "geometry": frame.geometry.to_numpy(),
                }
            )
            rows.append(found[chosen])
    if not rows:
        return gpd.GeoDataFrame({"priority": [], "geometry": []}, geometry="geometry", crs=lots.crs)
    places = gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=lots.crs)
    both = places["berths_declared"].notna() & places["berths_attached"].notna()
    differs = both & (places["berths_declared"] != places["berths_attached"])
    said = places["note"].where(~differs, places["note"].str.cat([DIFFERS] * len(places), sep=";").str.strip(";"))
    return places.assign(note=said)


def lots_table(
    lots: gpd.GeoDataFrame, owner: Places, estates: gpd.GeoDataFrame | None, charging: Rule
) -> gpd.GeoDataFrame:
    """Return one row per lot, with its estate and whether enough of its berths are fit for charging."""
    names = np.append([] if estates is None else estates["name"].to_numpy(dtype=object), "")
    share = np.asarray((lots["ev_berths"] / lots["berths"].where(lots["berths"] > 0)).round(9))
    verdict = np.select(
        [~lots["counts"], np.isnan(share), share >= _least(charging)], [NOT_APPLICABLE, NO_DATA, MET], UNMET
    )
    table = lots.drop(columns=["counts", "part_of", "geometry"]).assign(
        estate=names[owner],
        ev_share=share,
        verdict=verdict,
        effect=np.where(verdict == UNMET, charging.effect, ""),
        source=charging.label(),
        note=np.where(lots["status"] == IDLE, "建成未用,不计入泊位", np.where(lots["berths"].isna(), "泊位数不详", "")),
    )
    return gpd.GeoDataFrame(table, geometry=lots.geometry, crs=lots.crs)


def checks_table(
    record: Parking, lots: gpd.GeoDataFrame, given: Inputs, *, split: Rule, charging: Rule, total: Rule
) -> pd.DataFrame:
    """Return the district against the standard: shares by type, lots fit for charging, berths per vehicle."""
    boundary = given.layers[given.district.boundary].frame.geometry
    here = lots.iloc[np.unique(pairs_within(lots.geometry.centroid, boundary)[0])]
    here = here[here["counts"]]
    berths = here.groupby("parking_type")["berths"].sum()
    unknown = int(here["berths"].isna().sum())
    left_out = f"{unknown} 处停车场泊位数不详,未计入" if unknown else ""
    rows = []
    # The row's value names no shares; its name states them.
    figures, _ = parse_value(split.name_zh, unit="%", ceiling=False)
    for figure in (one for one in figures if one.condition in _TYPES_OF_RULE):
        of_type = float(berths.reindex(_TYPES_OF_RULE[figure.condition]).fillna(0.0).sum())
        no_data = NO_ATTACHED.removeprefix("不可计算:") if not berths.get(ATTACHED, 0.0) else ""
        if not no_data and berths.get(UNTYPED, 0.0):
            no_data = f"{berths[UNTYPED]:.0f} 个泊位类型不详"
        share = round(of_type / berths.sum(), 9) if not no_data else np.nan
        least, most = _bounds(figure.minimum, figure.maximum, 100.0)
        rows.append((split, f"{figure.condition}泊位占比", share, least, most, no_data or left_out))
    both = here[here["ev_berths"].notna() & (here["berths"] > 0)]
    fit = (both["ev_berths"] / both["berths"]).round(9) >= _least(charging)
    note = f"{len(here)} 处停车场中 {len(both)} 处有资料,{int((~fit).sum())} 处不足 {_least(charging):.0%}"
    rows.append(
        (charging, "具备充电条件车位比例达标的停车场占比", fit.mean() if len(both) else np.nan, 1.0, np.inf, note)
    )
    vehicles = record.demand.vehicles if record.demand is not None else None
    (figure,) = total.figures
    least, most = _bounds(figure.minimum, figure.maximum, 1.0)
    ratio = round(float(berths.sum()) / vehicles, 9) if vehicles else np.nan
    if unknown and ratio < least:  # what is known of the berths is too few, and not all is known
        ratio = np.nan
    rows.append(
        (total, "停车位总量/机动车保有量", ratio, least, most, left_out if vehicles else "不可计算:未声明机动车保有量")
    )
    return pd.DataFrame([_check(*row) for row in rows])


def notes_of(record: Parking, given: Inputs, homes: Homes, lots: gpd.GeoDataFrame, radius: Rule) -> Iterator[str]:
    """Yield what the figures rest on."""
    asked = record.demand
    if asked is None:
        yield f"停车缺口{NO_DEMAND}(户数 × 车位/户,或机动车保有量)"
    elif asked.households:
        yield (
            f"停车需求 = 户数(列 {asked.households}) × {asked.berths_per_household:g} 车位/户,{asked.source},"
            f"{asked.year} 年(自定口径)"
        )
        if blank := int(np.isnan(homes.households[homes.inside]).sum()):
            yield f"{blank} 处住宅没有户数,按 0 计,缺口为下限"
    else:
        yield f"停车需求 = 机动车保有量 {asked.vehicles:,.0f} 辆按人口均摊,{asked.source},{asked.year} 年"
    yield (
        f"供给:配建泊位只供本小区;公共(路外、路内)泊位由步行 {radius.limit_m:g} 米内的住宅按配建之外的需求比例分摊,"
        f"每个泊位只计一次({radius.label()},原条文为服务半径);到停车场的远近不计入生活圈评分"
    )
    if record.priority:
        yield (
            f"重点地区(纲要:居住老区、综合交通枢纽、轨道交通外围站点、医院、学校、旅游景区):老小区的缺口为其住宅之和(步行口径);"
            f"其他地点按直线 {radius.limit_m:g} 米(规范口径),同一图层的地点之间按需求分摊,与居住需求错时,不互相扣减"
        )
    for one in record.priority:
        if one.built_before is not None:
            frames = [given.layers[ref].frame for ref in one.of]
            undated = sum(int((exists(frame) & frame["built_year"].isna()).sum()) for frame in frames)
            yield f"{one.title}:建成年份早于 {one.built_before} 年(自定口径);建成年份不详的 {undated} 个未列入"
    yield from _of_supply(record, given, lots)


def _of_supply(record: Parking, given: Inputs, lots: gpd.GeoDataFrame) -> Iterator[str]:
    """Yield what is not known of the lots, or not counted."""
    in_use = lots[lots["counts"]]
    idle = lots[~lots["counts"]]
    if len(idle):
        yield f"建成未用的停车场 {len(idle)} 处({idle['berths'].sum():,.0f} 个泊位)不计入供给,另列"
    if unknown := int(in_use["berths"].isna().sum()):
        yield f"泊位数不详的停车场 {unknown} 处,未计入;小区自有或可达停车场泊位数不详的需求为{NO_DATA}"
    if untyped := int((in_use["parking_type"] == UNTYPED).sum()):
        yield f"类型不详的停车场 {untyped} 处,按公共停车场供给,不计入配建、路外、路内占比"
    if not (in_use["parking_type"] == ATTACHED).any():
        yield "没有配建停车资料:住宅的停车缺口不可计算"
    elif record.estates is None:
        yield "未声明小区:配建泊位不知归属,不计入住宅的供给,缺口为上限"
    if any(given.layers[ref].record.provenance.completeness == "POI" for ref in record.parking):
        yield f"停车场依据 POI,缺口为{SUSPECTED}"


def _had(supplied: Supplied | None, holds: sparse.csr_array, n_rows: int) -> dict[str, Floats]:
    """Return what the homes of each row have and lack.

    What is not known is no lack: where nothing is known to be lacking and something is not known, ``berths_short`` is NaN.
    """
    columns = ("berths_own", "berths_public", "berths_short", "berths_no_data")
    if supplied is None:
        return dict.fromkeys(columns, np.full(n_rows, np.nan))
    own, public, short, unknown = (
        np.asarray(holds @ each) for each in (supplied.own, supplied.public, supplied.short, supplied.unknown)
    )
    short = np.where((short == 0.0) & (unknown > 0.0), np.nan, short)
    return dict(zip(columns, (own, public, short, unknown), strict=True))


def _why(record: Parking, supplied: Supplied | None, unknown: Floats) -> list[str]:
    """Return what stands behind what each row lacks."""
    if supplied is None:
        return [NO_DEMAND if record.demand is None else NO_ATTACHED] * len(unknown)
    return [
        f"{UNKNOWN_LOTS},{berths:,.0f} 个泊位的需求{NO_DATA},缺口为下限" if berths > 0 else "" for berths in unknown
    ]


def _of_homes(record: Parking, homes: Homes, supplied: Supplied | None, n_estates: int) -> dict[str, object]:
    """Return what the homes of each estate need, have of public berths, and lack."""
    home = np.flatnonzero(homes.estate >= 0)
    shape = (n_estates, len(homes.estate))
    holds = sparse.csr_array((np.ones(len(home)), (homes.estate[home], home)), shape=shape)
    had = _had(supplied, holds, n_estates)
    return {
        "berths_needed": holds @ np.nan_to_num(homes.need) if record.demand is not None else np.nan,
        **{name: had[name] for name in ("berths_public", "berths_short")},
        "note": _why(record, supplied, had["berths_no_data"]),
    }


def _of_places(
    one: Priority, frame: gpd.GeoDataFrame, chosen: Bools, lots: gpd.GeoDataFrame, near: sparse.csr_array
) -> dict[str, object]:
    """Return what each place of a sort needs, has of public berths, and lacks."""
    if one.needed is None:
        columns = ("berths_needed", "berths_public", "berths_short")
        return {**dict.fromkeys(columns, np.full(len(frame), np.nan)), "note": NO_DEMAND}
    named = isinstance(one.needed, str)
    need = frame[one.needed].to_numpy(dtype=float) if named else np.full(len(frame), float(one.needed))
    own = own_berths(lots, owners_of(lots, frame), len(frame))
    each = np.arange(len(frame))
    had = supply(np.where(chosen, np.nan_to_num(need), 0.0), each, own, near, public_berths(lots))
    blank, unknown = np.isnan(need), had.unknown > 0
    return {
        "berths_needed": need,
        "berths_public": np.where(blank, np.nan, had.public),
        "berths_short": np.where(blank | unknown, np.nan, had.short),
        "note": np.select([blank, unknown], [NO_DEMAND, f"{NO_DATA}:{UNKNOWN_LOTS}"], ""),
    }


def _within(places: np.ndarray, lots: gpd.GeoDataFrame, reach_m: float) -> sparse.csr_array:
    """Return which lots lie within a straight distance, to the millimetre, of each place; shape (places, lots)."""
    metres = shapely.distance(places[:, None], lots.geometry.to_numpy()[None, :]).round(3)
    return sparse.csr_array((metres <= reach_m).astype(float))


def _share(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0))


def _least(rule: Rule) -> float:
    """Return the least share that a rule in percent asks for."""
    (figure,) = rule.figures
    return (figure.minimum or 0.0) / 100.0


def _bounds(least: float | None, most: float | None, per: float) -> tuple[float, float]:
    return (0.0 if least is None else least / per, np.inf if most is None else most / per)


def _check(rule: Rule, title: str, measured: float, least: float, most: float, note: str) -> dict[str, object]:
    """Return one row of the checks."""
    verdict = NO_DATA if np.isnan(measured) else MET if least <= measured <= most else UNMET
    as_text = "{:.0%}".format if "占比" in title else "{:g}".format
    standard = [f"≥{as_text(least)}"] if least > 0 else []
    standard += [f"≤{as_text(most)}"] if np.isfinite(most) else []
    return {
        "rule": rule.id,
        "title": title,
        "standard": ",".join(standard),
        "measured": measured,
        "verdict": verdict,
        "effect": rule.effect if verdict == UNMET else "",
        "source": rule.label(),
        "note": note,
    }
