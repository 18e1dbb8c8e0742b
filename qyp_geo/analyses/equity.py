"""Is it fair: how unevenly supply per head, or the walk to a facility, is spread over people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from qyp_geo.analyses.access import demand_points
from qyp_geo.analyses.areas import Areas, find_areas
from qyp_geo.analyses.catchment import Catchment
from qyp_geo.analyses.coverage import Coverage, by_requirement, coverage_named
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import Bools, Floats
from qyp_geo.analyses.standing import GATE
from qyp_geo.declarations import Analysis, Ref
from qyp_geo.errors import DeclarationError, Problem
from qyp_geo.frames import Result

_LEVELS: Final = ("district", "zone", "township")
_TENTH, _LEAST, _MOST = 0.1, 0.4, 0.1
_STEPS: Final = np.linspace(0.0, 1.0, 21)
"""At which shares of people the Lorenz curve is tabled."""
UNIFORM: Final = "均摊人群(一律按同一比例)不作公平性分析"
NOBODY: Final = "没有可计算的人口"
NOTHING: Final = "没有供给,不可计算"
LEAST_HAVE_NONE: Final = "最少的 40% 人口没有供给,帕尔马比不可计算"


class Equity(Analysis):
    """How evenly what a catchment analysis shares out, or the walks of a coverage analysis, are spread over people."""

    kind: Literal["equity"]
    of: Ref


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing that people have more or less of; arrays of shape (demand units,).

    Attributes
    ----------
    id, title, kind, unit
        What it is, and in what it is counted.
    value
        Per head; NaN where that is not known.
    heads
        Who it is counted over.
    uncertain
        Which values are 边界不确定.
    basis
        The marks of these people, by level and area.
    more_is_better
        False of metres to walk.
    why_not
        Why it is not looked at; else empty.
    """

    id: str
    title: str
    kind: str
    unit: str
    value: Floats
    heads: Floats
    uncertain: Bools
    basis: pd.Series
    more_is_better: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Lorenz:
    """A Lorenz curve: cumulative shares of people, from those who have least, and of what they have, from 0 to 1 each."""

    people: Floats
    has: Floats

    @classmethod
    def of(cls, value: Floats, heads: Floats) -> Lorenz:
        """Return the curve of values per head, each of so many heads; of no heads, or of nothing at all, NaN."""
        order = np.argsort(value, kind="stable")
        people = np.concatenate([[0.0], np.cumsum(heads[order])])
        has = np.concatenate([[0.0], np.cumsum((value * heads)[order])])
        if not has[-1] > 0:
            return cls(np.array([0.0, 1.0]), np.array([np.nan, np.nan]))
        return cls(people / people[-1], has / has[-1])

    def at(self, share: float) -> float:
        """Return which share of all is had by the share of people who have least."""
        return float(np.interp(share, self.people, self.has))

    @property
    def gini(self) -> float:
        """The Gini coefficient: twice the area between the curve and the diagonal; 0 where all have the same."""
        return float(1.0 - np.sum(np.diff(self.people) * (self.has[1:] + self.has[:-1])))

    @property
    def palma(self) -> float:
        """What the tenth who have most have, over what the 40 % who have least have; NaN where these have nothing."""
        least = self.at(_LEAST)
        return (1.0 - self.at(1.0 - _MOST)) / least if least > 0 else np.nan


def measure_equity(record: Equity, given: Inputs) -> Result:
    """Measure how evenly something is spread over people.

    Parameters
    ----------
    record
        The question.
    given
        The catchment or coverage analysis that it names, and the layers that this rests on.

    Returns
    -------
    Result
        ``table``: one row per area (district, zones, townships) and item: ``gini``, ``palma``, ``least40_share`` and
        ``most10_share`` of all that there is, ``mean`` and ``worst_tenth`` (the mean over the tenth of people who are served
        worst, who have least or walk farthest). All weighted by people; ``people_judged`` are those it is measured over,
        ``people_no_data`` have no figure. Parts: ``lorenz``, the curve in steps of 5 %; ``worst``, the homes of the worst
        tenth of the district (`_worst`).

    Raises
    ------
    DeclarationError
        If it names neither a catchment nor a coverage analysis.
    """
    of = given.results[record.of]
    if isinstance(of.record, Catchment):
        coverage, covered = coverage_named(of.record.coverage, given, asked_by=record)
        items = list(_supplies(of.record, of))
    elif isinstance(of.record, Coverage):
        coverage, covered = of.record, of
        items = list(_walks(of))
    else:
        what = "names neither a catchment nor a coverage analysis"
        problem = Problem(record.title, "of", what, f"{record.of} ({of.record.kind})")
        raise DeclarationError(f"{record.title} cannot be answered", [problem])
    units = gpd.GeoDataFrame(covered.parts["units"])
    areas, _ = find_areas(demand_points(units), [given.layers[ref] for ref in coverage.areas], given.district)
    rows, curves = [], []
    for item in items:
        for place in np.flatnonzero(areas.table["level"].isin(_LEVELS)):
            row, curve = _in_area(item, areas, int(place))
            rows.append(row)
            curves.append(curve)
    return Result(
        record=record,
        table=pd.DataFrame(rows),
        parts={
            "lorenz": pd.concat(curves, ignore_index=True),
            "worst": gpd.GeoDataFrame(pd.concat([_worst(item, units) for item in items], ignore_index=True)),
        },
        notes=tuple(dict.fromkeys([*of.notes, *_notes(items)])),
    )


def _supplies(record: Catchment, of: Result) -> Iterator[_Item]:
    """Yield what a catchment analysis shares out."""
    uniform = {group.id for group in record.group if group.share is not None}
    found = of.parts["units"].groupby("supply", sort=False)
    whole = of.table.set_index("supply")
    by_area = of.parts["areas"].set_index(["supply", "level", "area"])["people_basis"]
    for supply in record.supply:
        units = found.get_group(supply.id)
        barred = supply.group in uniform
        known = ~units["unsure"].to_numpy(dtype=bool) & (not barred)
        yield _Item(
            id=supply.id,
            title=supply.name,
            kind=supply.of,
            unit=f"{supply.unit}/{whole['counts'][supply.id]}",
            value=np.where(known, units["per_head"].to_numpy(dtype=float), np.nan),
            heads=np.nan_to_num(units["people_demand"].to_numpy(dtype=float)),
            uncertain=units["uncertain"].to_numpy(dtype=bool),
            basis=by_area.loc[supply.id],
            more_is_better=True,
            why_not=UNIFORM if barred else str(whole["note"][supply.id]),
        )


def _walks(of: Result) -> Iterator[_Item]:
    """Yield the walks of a coverage analysis: those that are judged, to the nearest facility that counts."""
    asked = of.parts["requirements"]
    gated = by_requirement(of, "start") == GATE
    walk_m = np.where(gated, by_requirement(of, "walk_from_gate_m"), by_requirement(of, "walk_m"))
    uncertain = by_requirement(of, "uncertain").astype(bool)
    by_area = of.table.set_index(["requirement", "level", "area"])["people_basis"]
    for n, one in enumerate(asked.itertuples()):
        if one.has_layer:
            yield _Item(
                id=str(one.id),
                title=str(one.title),
                kind=str(one.kind),
                unit="米",
                value=walk_m[:, n].astype(float),
                heads=of.parts["units"]["people"].to_numpy(dtype=float),
                uncertain=uncertain[:, n],
                basis=by_area.loc[str(one.id)],
                more_is_better=False,
            )


def _in_area(item: _Item, areas: Areas, place: int) -> tuple[dict[str, object], pd.DataFrame]:
    """Return the figures of one item in one area, and the curve that they are read from."""
    there = areas.holds.indices[areas.holds.indptr[place] : areas.holds.indptr[place + 1]]
    value, heads, uncertain = item.value[there], item.heads[there], item.uncertain[there]
    known = ~np.isnan(value) & (heads > 0)
    curve = Lorenz.of(value[known], heads[known])
    judged = heads[known].sum()
    mean = float((value * heads)[known].sum() / judged) if judged > 0 else np.nan
    tenth = curve.at(_TENTH) if item.more_is_better else 1.0 - curve.at(1.0 - _TENTH)
    where = {column: areas.table[column].iloc[place] for column in ("level", "area", "area_name")}
    what = {"subject": item.id, "title": item.title, "kind": item.kind, "counted_in": item.unit}
    row = {
        **where,
        **what,
        "people_judged": judged,
        "people_no_data": heads.sum() - judged,
        "people_uncertain": heads[known & uncertain].sum(),
        "people_basis": item.basis[(where["level"], where["area"])],
        "mean": mean,
        "worst_tenth": 0.0 if mean == 0 else tenth / _TENTH * mean,
        "gini": curve.gini,
        "palma": curve.palma,
        "least40_share": curve.at(_LEAST),
        "most10_share": 1.0 - curve.at(1.0 - _MOST),
        "note": _why_not(item, judged, mean, curve),
    }
    table = pd.DataFrame(
        {
            **where,
            **what,
            "cumulative_people_share": _STEPS,
            "cumulative_share": np.interp(_STEPS, curve.people, curve.has),
        }
    )
    return row, table


def _why_not(item: _Item, judged: float, mean: float, curve: Lorenz) -> str:
    if item.why_not:
        return item.why_not
    if judged == 0:
        return NOBODY
    if mean == 0:
        return NOTHING
    return "" if curve.at(_LEAST) > 0 else LEAST_HAVE_NONE


def _worst(item: _Item, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the homes of the tenth of people who are served worst, and all that are served no better than the last of them."""
    known = np.flatnonzero(~np.isnan(item.value) & (item.heads > 0))
    badness = -item.value[known] if item.more_is_better else item.value[known]
    order = np.argsort(-badness, kind="stable")
    before = np.cumsum(item.heads[known][order]) - item.heads[known][order]
    tenth = order[before < _TENTH * item.heads[known].sum()]
    worst = known[order[badness[order] >= badness[tenth].min(initial=np.inf)]]
    homes = units.iloc[worst]
    return gpd.GeoDataFrame(
        {
            "subject": item.id,
            "title": item.title,
            "unit": homes.index.to_numpy(),
            "name": homes["name"].to_numpy(),
            "township": homes["township"].to_numpy(),
            "community": homes["community"].to_numpy(),
            "people": item.heads[worst],
            "value": item.value[worst],
            "counted_in": item.unit,
        },
        geometry=homes.geometry.to_numpy(),
        crs=units.crs,
    )


def _notes(items: list[_Item]) -> Iterator[str]:
    """Yield what the figures rest on."""
    yield (
        "公平性按人口加权:基尼系数 = 洛伦兹曲线与对角线间面积的两倍;帕尔马比 = 最多 10% 人口所占 ÷ 最少 40% 人口所占;"
        "最差十分之一 = 人均供给最少(步行最远)的 10% 人口的平均。没有规范限值,不作达标判断"
    )
    if any(not item.more_is_better for item in items):
        yield "公平性(步行距离):查找范围内没有设施的人口没有距离,不在其中,另列为无数据人口"
    if barred := [item.title for item in items if item.why_not == UNIFORM]:
        yield f"{UNIFORM}:{'、'.join(dict.fromkeys(barred))}"
