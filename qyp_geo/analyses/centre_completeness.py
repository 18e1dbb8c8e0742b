"""Is each 邻里中心 a whole 1+5+X: the five services of the plan's two lists, the user's own "1", and what there is besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pydantic import Field

from qyp_geo.analyses.access import Facilities, demand_points, find_facilities
from qyp_geo.analyses.areas import find_areas, pairs_within
from qyp_geo.analyses.checking import Expected, repeated, wrong_kinds
from qyp_geo.analyses.coverage import Coverage, coverage_named, stand_in
from qyp_geo.analyses.gates import exists
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import MET, NO_DATA, UNMET
from qyp_geo.analyses.reach import walks_to_each
from qyp_geo.analyses.standing import Standing
from qyp_geo.declarations import Analysis, Layer, Record, Ref
from qyp_geo.errors import Problem
from qyp_geo.frames import LayerData, Result
from qyp_geo.standards import CentreList, CentreService, centre_lists, kinds, nearest_kind

INSIDE: Final = "中心内"
NEAR: Final = "步行可达"
ALL_FIVE: Final = "五类齐全"
UNDEFINED: Final = "纲要未定义"
_ONE: Final = "one"


class One(Record):
    """What the user takes the "1" of 1+5+X to be: the plan does not define it."""

    title: str = Field(min_length=1)
    kinds: list[str] = Field(min_length=1)
    source: str = Field(min_length=1)
    """Who says so."""


class CentreCompleteness(Analysis):
    """Which of the five services each neighbourhood centre has."""

    kind: Literal["centre_completeness"]
    coverage: Ref
    """Gives the streets, gates, walls and areas."""
    centres: Ref
    services: list[Ref] = Field(min_length=1)
    """The layers whose facilities count."""
    lists: list[Literal["chapter1", "chapter8"]] = Field(default=["chapter1", "chapter8"], min_length=1)
    """Which of the plan's two lists is asked; each is reported on its own."""
    within_m: float = Field(ge=0)
    """A service this walk away still belongs to the centre; with 0 only what is inside it does."""
    one: One | None = None


def check_centre_completeness(
    record: CentreCompleteness, *, shown_as: str, layers: Mapping[str, Layer]
) -> Iterator[Problem]:
    """Yield what is wrong with a declaration that its record alone cannot know."""
    expected: list[Expected] = [
        ("centres", [record.centres], ("neighbourhood_centre",)),
        ("services", record.services, kinds()),
    ]
    yield from wrong_kinds(expected, shown_as=shown_as, layers=layers)
    twice: dict[str, list[str]] = {"services": [*record.services], "lists": [*record.lists]}
    for key, names in twice.items():
        for name in repeated(names):
            yield Problem(shown_as, key, "is named twice", name, "Keep one")
    for kind in record.one.kinds if record.one else []:
        if kind not in kinds():
            yield Problem(shown_as, "one.kinds", "is not a kind of facility", kind, nearest_kind(kind))


def measure_completeness(record: CentreCompleteness, given: Inputs) -> Result:
    """Look for the services of each existing neighbourhood centre of the district.

    A service is there if a facility of one of its kinds is a part of the centre (``part_of`` gives the centre's id or name),
    lies within its polygon, or is within a walk of `within_m` of its point (of a polygon the centroid; of a centre in a gated
    estate the gate). What is declared to be a part of another centre is that one's alone.

    Parameters
    ----------
    record
        The question.
    given
        The layers, and the coverage result that it names.

    Returns
    -------
    Result
        ``table``: one row per centre and list: how many of the five are there (``n_reached``), which lack and which have no
        data, the verdict, the user's "1" and what there is besides (``others``, X). Parts: ``services`` (one row per centre,
        list and service: verdict, how and by which facility), ``totals`` (centres by verdict per service and over all),
        ``centres`` (geometry; the figures of both lists side by side).

    Raises
    ------
    DeclarationError
        If it does not name a coverage analysis.
    """
    question, _ = coverage_named(record.coverage, given, asked_by=record)
    layer = given.layers[record.centres]
    here = layer.frame[exists(layer.frame)]
    boundary = given.layers[given.district.boundary].frame.geometry
    here = here.iloc[np.unique(pairs_within(demand_points(here), boundary)[0])]
    found = _find(record, given, question, here, layer.frame)
    asked = [one for one in centre_lists() if one.id in record.lists]
    rows = [
        _judge(found, service, list_=one.id, list_title=one.title_zh, source=one.source)
        for one in asked
        for service in one.services
    ]
    if record.one is not None:
        own = CentreService(_ONE, record.one.title, tuple(record.one.kinds), "由使用者声明")
        rows.append(_judge(found, own, list_=_ONE, list_title="“1”", source=record.one.source))
    services = pd.concat(rows, ignore_index=True)
    of_point = _areas(here, question, given)
    table = _table(found, services, asked, of_point, record.one)
    problems = []
    if here.empty:
        problems.append(Problem(record.title, record.centres, "no existing centre in the district", severity="warning"))
    return Result(
        record=record,
        table=table,
        parts={
            "services": services,
            "totals": _totals(table, services),
            "centres": _side_by_side(here, table, of_point),
        },
        notes=tuple(_notes(record, given, asked, layer, n_judged=len(here))),
        problems=tuple(problems),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """The centres by number, the facilities by number, and which belong to which.

    Attributes
    ----------
    pairs
        ``centre``, ``facility``, ``inside``, ``walk_m`` (NaN where no walk within the limit is known); the nearest of a
        centre first, what is inside it before what is near.
    doubtful
        Pairs of a centre and a facility within the limit in a straight line, whose access is not known.
    poi
        The kinds whose layers are POI data.
    """

    centres: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    pairs: pd.DataFrame
    doubtful: pd.DataFrame
    with_layer: frozenset[str]
    poi: frozenset[str]


def _find(
    record: CentreCompleteness, given: Inputs, question: Coverage, here: gpd.GeoDataFrame, every: gpd.GeoDataFrame
) -> _Found:
    """Find what is inside each centre or near it."""
    refs = list(dict.fromkeys([*question.facilities, *record.services]))
    points = demand_points(here)
    standing = stand_in(question.model_copy(update={"facilities": refs}), given, points)
    facilities = find_facilities(record.services, given.layers, standing=standing, max_off_m=question.max_off_m)
    owner = _owners(facilities.table, every, given.layers)
    number = pd.Series(np.arange(len(here)), index=here.index)
    owned = np.flatnonzero(owner.isin(number.index))
    facility, polygon = pairs_within(facilities.table.geometry.centroid, here.geometry)
    inside = pd.DataFrame(
        {
            "centre": np.concatenate([number[owner.iloc[owned]].to_numpy(), polygon]),
            "facility": np.concatenate([owned, facility]),
            "inside": True,
        }
    ).drop_duplicates()
    pairs = _walks(standing, facilities, record.within_m).merge(inside, how="outer", on=["centre", "facility"])
    pairs["inside"] = pairs["inside"].notna()
    at = facilities.table.geometry.to_numpy()
    centre, doubtful = shapely.STRtree(at).query(points.to_numpy(), predicate="dwithin", distance=record.within_m)
    in_doubt = (facilities.table["doubt"] != "").to_numpy()[doubtful]
    sources = [given.layers[ref].record for ref in record.services]
    return _Found(
        centres=here,
        facilities=facilities.table,
        pairs=_not_of_another(pairs, owner, here).sort_values(
            ["centre", "inside", "walk_m", "facility"], ascending=[True, False, True, True], ignore_index=True
        ),
        doubtful=_not_of_another(
            pd.DataFrame({"centre": centre[in_doubt], "facility": doubtful[in_doubt]}), owner, here
        ),
        with_layer=frozenset(source.kind for source in sources),
        poi=frozenset(source.kind for source in sources if source.provenance.completeness == "POI"),
    )


def _owners(facilities: gpd.GeoDataFrame, every: gpd.GeoDataFrame, layers: Mapping[str, LayerData]) -> pd.Series:
    """Return the id of the centre that each facility is declared a part of, by its id or else its name; else empty."""
    frames = {ref: layers[ref].frame for ref in facilities["layer"].unique()}
    declared = [
        str(frames[ref].loc[id_, "part_of"]) if "part_of" in frames[ref] else ""
        for ref, id_ in zip(facilities["layer"], facilities["id"], strict=True)
    ]
    named = {
        name: id_ for id_, name in zip(every.index, every["name"], strict=True) if (every["name"] == name).sum() == 1
    }
    ids = named | {id_: id_ for id_ in every.index}
    return pd.Series([ids.get(text, "") for text in declared], index=facilities.index, dtype=object)


def _not_of_another(pairs: pd.DataFrame, owner: pd.Series, here: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the pairs without facilities that are declared a part of another centre."""
    of = owner.to_numpy()[pairs["facility"].to_numpy(dtype=int)]
    centre = here.index.to_numpy()[pairs["centre"].to_numpy(dtype=int)]
    theirs: pd.DataFrame = pairs[(of == "") | (of == centre)]
    return theirs


def _walks(standing: Standing, facilities: Facilities, within_m: float) -> pd.DataFrame:
    """Return every pair of a centre and a facility within a walk."""
    walks = walks_to_each(standing, facilities, np.arange(len(facilities.table)), within_m=within_m)
    centre = np.repeat(np.arange(len(standing.points)), np.diff(walks.indptr))
    return pd.DataFrame({"centre": centre, "facility": walks.target.astype(int), "walk_m": walks.walk_m})


def _judge(found: _Found, service: CentreService, *, list_: str, list_title: str, source: str) -> pd.DataFrame:
    """Return one row per centre: whether it has a service, and by which facility."""
    serves = found.facilities["kind"].isin(service.kinds).to_numpy()
    there = found.pairs[serves[found.pairs["facility"].to_numpy(dtype=int)]]
    best = there.drop_duplicates("centre").set_index("centre").reindex(range(len(found.centres)))
    doubtful = np.zeros(len(found.centres), dtype=bool)
    doubtful[found.doubtful["centre"][serves[found.doubtful["facility"].to_numpy(dtype=int)]]] = True
    has, has_layer = best["facility"].notna().to_numpy(), service.kinds[0] in found.with_layer
    verdict = np.select([has, doubtful | (not has_layer)], [MET, NO_DATA], UNMET)
    nearest = best["facility"].fillna(-1).to_numpy(dtype=int)
    poi = "依据 POI,疑似缺口,待现场核实" if found.poi.intersection(service.kinds) else ""
    no_data = "近旁设施的出入口不详" if has_layer else f"没有{kinds()[service.kinds[0]].name_zh}图层"

    def named(column: str) -> npt.NDArray[np.object_]:
        names = np.array([*found.facilities[column], ""], dtype=object)  # -1 is the last, ""
        return np.asarray(names[nearest])

    return pd.DataFrame(
        {
            "centre": found.centres.index,
            "centre_name": found.centres["name"].to_numpy(),
            "list": list_,
            "list_title": list_title,
            "service": service.id,
            "title": service.name_zh,
            "verdict": verdict,
            "how": np.select([~has, best["inside"].eq(True).to_numpy()], ["", INSIDE], NEAR),
            "facility": named("id"),
            "facility_name": named("name"),
            "facility_layer": named("layer"),
            "nearest_walk_m": best["walk_m"].to_numpy(dtype=float),
            "n_facilities": np.bincount(there["centre"].to_numpy(dtype=int), minlength=len(found.centres)),
            "note": np.select([verdict == NO_DATA, verdict == UNMET], [no_data, poi], ""),
            "relation": service.relation,
            "source": source,
        }
    )


def _areas(here: gpd.GeoDataFrame, question: Coverage, given: Inputs) -> pd.DataFrame:
    """Return the names of the areas that each centre lies in."""
    areas, _ = find_areas(demand_points(here), [given.layers[ref] for ref in question.areas], given.district)
    return pd.DataFrame(
        {
            "township": areas.names_of_units("township"),
            "community": areas.names_of_units("community"),
            "zones": areas.names_of_units("zone"),
        },
        index=here.index,
    )


def _table(
    found: _Found, services: pd.DataFrame, asked: Sequence[CentreList], of_point: pd.DataFrame, one: One | None
) -> pd.DataFrame:
    """Return one row per centre and list."""
    ids = found.centres.index
    own = services[services["list"] == _ONE].set_index("centre")["verdict"]
    rows = []
    for list_ in asked:
        of_list = services[services["list"] == list_.id]
        by_centre = {
            verdict: of_list[of_list["verdict"] == verdict]
            .groupby("centre")["title"]
            .agg("、".join)
            .reindex(ids, fill_value="")
            for verdict in (UNMET, NO_DATA)
        }
        n_reached = (of_list["verdict"] == MET).groupby(of_list["centre"]).sum().reindex(ids, fill_value=0)
        n_no_data = (of_list["verdict"] == NO_DATA).groupby(of_list["centre"]).sum().reindex(ids, fill_value=0)
        n_required = len(list_.services)
        rows.append(
            pd.DataFrame(
                {
                    "centre": ids,
                    "centre_name": found.centres["name"].to_numpy(),
                    **of_point.reset_index(drop=True),
                    "list": list_.id,
                    "list_title": list_.title_zh,
                    "n_required": n_required,
                    "n_reached": n_reached.to_numpy(),
                    "n_no_data": n_no_data.to_numpy(),
                    "verdict": np.select(
                        [(by_centre[UNMET] != "").to_numpy(), (n_no_data > 0).to_numpy()], [UNMET, NO_DATA], MET
                    ),
                    "missing_title": by_centre[UNMET].to_numpy(),
                    "without_data": by_centre[NO_DATA].to_numpy(),
                    "one": own.reindex(ids).to_numpy() if one else UNDEFINED,
                    "others": _others(found, list_, one),
                    "source": list_.source,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _others(found: _Found, list_: CentreList, one: One | None) -> list[str]:
    """Return what else each centre has (X): the kinds that belong neither to the five nor to the "1", and how many of each."""
    counted = {kind for service in list_.services for kind in service.kinds} | set(one.kinds if one else [])
    kind = found.facilities["kind"].to_numpy()[found.pairs["facility"].to_numpy(dtype=int)]
    words = [""] * len(found.centres)
    for centre, of_centre in found.pairs.assign(kind=kind).groupby("centre"):
        counts = of_centre["kind"].value_counts()
        own = [key for key in counts.index if key not in set(kinds())]
        there = (
            f"{kinds()[key].name_zh} {counts[key]}" for key in (*kinds(), *own) if key in counts and key not in counted
        )
        words[int(str(centre))] = "、".join(there)
    return words


def _totals(table: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Return how many centres have each service, and how many have them all."""
    whole = table.assign(service="", title=ALL_FIVE)
    every = pd.concat([services, whole], ignore_index=True)
    counts = [
        {
            **dict(zip(("list", "list_title", "service", "title"), key, strict=True)),
            "centres": len(group),
            "centres_met": int((group["verdict"] == MET).sum()),
            "centres_unmet": int((group["verdict"] == UNMET).sum()),
            "centres_no_data": int((group["verdict"] == NO_DATA).sum()),
            "source": group["source"].iloc[0],
        }
        for key, group in every.groupby(["list", "list_title", "service", "title"], sort=False)
    ]
    columns = ["list", "list_title", "service", "title", "centres", "centres_met", "centres_unmet", "centres_no_data"]
    return pd.DataFrame(counts, columns=[*columns, "source"]).sort_values("list", kind="stable", ignore_index=True)


def _side_by_side(here: gpd.GeoDataFrame, table: pd.DataFrame, of_point: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return one row per centre with its geometry and the figures of every list."""
    columns: dict[str, pd.Series] = {}
    for list_, rows in table.groupby("list", sort=False):
        columns |= {
            f"{name}_{list_}": rows.set_index("centre")[name] for name in ("n_reached", "verdict", "missing_title")
        }
    one = table.drop_duplicates("centre").set_index("centre")["one"]
    return gpd.GeoDataFrame(
        {"name": here["name"], **of_point, **columns, "one": one},
        geometry=here.geometry,
        index=here.index,
        crs=here.crs,
    )


def _notes(
    record: CentreCompleteness, given: Inputs, asked: Sequence[CentreList], layer: LayerData, *, n_judged: int
) -> Iterator[str]:
    """Yield what the figures rest on."""
    yield (
        f"1+5+X 完整度:服务设施在邻里中心内(台账声明所属中心,或落在中心范围内),或步行不超过 {record.within_m:g} 米"
        "(自定口径),即算有;声明属于另一中心的不算。步行从中心所在点(面取形心)算起,封闭小区内的从小区出入口算起"
    )
    used = ";".join(f"{one.title_zh},{one.source}" for one in asked)
    yield f"纲要有两份不同的“五类”,分别报告,不合并;本次采用 {used}"
    for one in asked:
        meant = ";".join(
            f"{service.name_zh} = {'、'.join(kinds()[kind].name_zh for kind in service.kinds)}"
            for service in one.services
        )
        yield f"各类算哪些设施(自定口径),{one.title_zh}:{meant}"
    if record.one is None:
        yield "“1+5+X”的“1”在纲要里没有定义,使用者也没有声明,不评"
    else:
        yield f"“1+5+X”的“1”在纲要里没有定义;由使用者声明为{record.one.title}({record.one.source})"
    counted = {kind for one in asked for service in one.services for kind in service.kinds}
    without = counted - {given.layers[ref].record.kind for ref in record.services}
    if without:
        yield f"没有图层的设施类别,不等于没有设施:{'、'.join(kinds()[kind].name_zh for kind in kinds() if kind in without)}"
    if n_others := len(layer.frame) - n_judged:
        yield f"{layer.record.title}:{n_others} 处非现状或在区外,不评"
