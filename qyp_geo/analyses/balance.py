"""One supply shared among the demand that reaches it: per head, what is lacking, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse
from shapely.geometry.base import BaseGeometry

from qyp_geo.analyses.access import Facilities, Numbers
from qyp_geo.analyses.floating import Shared, share_out, weigh
from qyp_geo.analyses.inputs import Inputs
from qyp_geo.analyses.judging import MET, NO_DATA, NOT_APPLICABLE, UNMET, Bools, Floats, which_count
from qyp_geo.analyses.margins import from_start_m
from qyp_geo.analyses.reach import walks_to_each
from qyp_geo.analyses.standing import Standing
from qyp_geo.analyses.supplies import OWN_SOURCE, Need, Supply
from qyp_geo.errors import DataError, Problem
from qyp_geo.frames import LayerData
from qyp_geo.standards import Requirement, kinds

_NAMED: Final = 5
_DIGITS: Final = 9
"""Of what each head has and should have, when the two are compared: sums of shares are not exact."""


@dataclass(frozen=True, slots=True)
class Offers:
    """The facilities of one supply, as arrays of shape (facilities,).

    Attributes
    ----------
    number
        Their numbers in the table of facilities, ascending.
    amount
        What each offers; NaN where that is not known.
    limit_m, strict
        The end of each one's catchment, and whether a walk of just that is too far.
    doubtful
        Numbers of those that may count, but whose access or size is not known; `doubtful_limit_m` is theirs.
    unsized
        How many of the kind have no catchment, as no clause is about their size.
    """

    number: Numbers
    amount: Floats
    limit_m: Floats
    strict: Bools
    doubtful: Numbers
    doubtful_limit_m: Floats
    unsized: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What was found of one supply; arrays of shape (demand units,) where not said otherwise.

    Attributes
    ----------
    supply, need
        What is supplied, and how much each head should have (None: nothing says so).
    limits
        Where the limits come from, for print.
    longest_m
        The longest limit.
    heads
        Of the group; NaN where nobody has counted them.
    per_head
        NaN where it is not computable.
    reached
        How many facilities are within the limit.
    unsure
        Whether there may be more than was found: a facility of unknown amount or access, or no layer of the kind.
    uncertain
        Whether the catchments reach beyond the data (边界不确定).
    offers, shared
        The facilities; `shared` is None where nothing is computable.
    why_not
        Why nothing is computable, for print; else empty.
    """

    supply: Supply
    need: Need | None
    limits: str
    longest_m: float
    heads: Floats
    per_head: Floats
    reached: npt.NDArray[np.intp]
    unsure: Bools
    uncertain: Bools
    offers: Offers
    shared: Shared | None
    why_not: str = ""

    def of(self, units: Bools) -> Self:
        """Return the same of some demand units."""
        columns = ("heads", "per_head", "reached", "unsure", "uncertain")
        return replace(self, **{name: getattr(self, name)[units] for name in columns})

    @property
    def verdict(self) -> npt.NDArray[np.object_]:
        """达标, 未达标, 无数据, or 不适用 where nobody of the group lives or nothing says how much each should have."""
        nobody = self.heads == 0
        no_data = np.isnan(self.heads) | np.isnan(self.per_head)
        met = enough(self.per_head, self.need)
        verdict = np.select(
            [nobody, no_data, met, self.unsure],
            [NOT_APPLICABLE, NO_DATA, MET if self.need else NOT_APPLICABLE, NO_DATA],
            UNMET,
        )
        return verdict.astype(object)

    @property
    def shortage(self) -> Floats:
        """What is certainly lacking: so much for all the heads of a unit; NaN where that cannot be told."""
        if self.need is None:
            return np.full(len(self.heads), np.nan)
        lacking = np.maximum(self.need.per_head - self.per_head, 0.0) * self.heads
        verdict = self.verdict
        return np.where(verdict == NO_DATA, np.nan, np.where(verdict == UNMET, lacking, 0.0))


def enough(per_head: Floats, need: Need | None) -> Bools:
    """Return whether so much per head is enough, to nine digits; where nothing is needed it always is."""
    if need is None:
        return np.ones(len(per_head), dtype=bool)
    has, should = np.round(per_head, _DIGITS), round(need.per_head, _DIGITS)
    return np.asarray(has > should if need.strict else has >= should)


@dataclass(frozen=True, slots=True)
class DataEdge:
    """Where the data end: the district, its margin, and whether demand is known in the margin."""

    district: BaseGeometry
    margin: BaseGeometry
    demand_beyond: bool

    @classmethod
    def of(cls, given: Inputs, demand: gpd.GeoDataFrame) -> Self:
        """Return where the data of a district end."""
        district = shapely.union_all(given.layers[given.district.boundary].frame.geometry.to_numpy())
        margin = shapely.buffer(district, given.district.margin_m, quad_segs=64)
        return cls(district, margin, not demand["inside"].all())

    def uncertain(
        self,
        reach: sparse.csr_array,
        offers: Offers,
        facilities: gpd.GeoDataFrame,
        standing: Standing,
        longest_m: float,
    ) -> Bools:
        """Return which demand units are 边界不确定, shape (demand units,).

        Such a unit reaches a facility that others may share, from where demand is not known; or it may itself reach one where
        facilities, or those who share them, are not known.
        """
        shapes = facilities.geometry.to_numpy()[offers.number]
        demand_ends = self.margin if self.demand_beyond else self.district
        shared_beyond = ~shapely.within(shapes, demand_ends)
        shared_beyond |= shapely.distance(shapes, shapely.boundary(demand_ends)) < offers.limit_m
        facilities_beyond = ~shapely.intersects(self.district, shapes).all()
        all_ends = self.margin if self.demand_beyond and facilities_beyond else self.district
        near = from_start_m(standing, shapely.boundary(all_ends)) < longest_m
        return np.asarray(near | (reach @ shared_beyond.astype(float) > 0))


def balance(
    supply: Supply,
    need: Need | None,
    asked: Sequence[Requirement],
    heads: Floats | None,
    *,
    layers: Mapping[str, LayerData],
    standing: Standing,
    facilities: Facilities,
    edge: DataEdge,
) -> Balance:
    """Share one supply among those who reach it.

    Parameters
    ----------
    supply, need
        What is supplied, and how much each head should have.
    asked
        The requirements of its kind, of which the longest limit that takes a facility ends its catchment.
    heads
        Of the group in each demand unit, those in the margin too; None where they are not known.
    layers
        The layers of facilities.
    standing, facilities
        Where both stand.
    edge
        Where the data end.
    """
    n_units = len(standing.points)
    offers = _offers(supply, asked, facilities, layers)
    longest_m = supply.own_limit_m or max(one.limit_m for one in asked)
    limits = OWN_SOURCE if supply.own_limit_m else "、".join(dict.fromkeys(one.label() for one in asked))
    known_kinds = {layer.record.kind for layer in layers.values()}
    nothing = Balance(
        supply=supply,
        need=need,
        limits=limits,
        longest_m=longest_m,
        heads=np.full(n_units, np.nan) if heads is None else heads,
        per_head=np.full(n_units, np.nan),
        reached=np.zeros(n_units, dtype=np.intp),
        unsure=np.ones(n_units, dtype=bool),
        uncertain=np.zeros(n_units, dtype=bool),
        offers=offers,
        shared=None,
    )
    if known_kinds.isdisjoint(kinds()[supply.of].served_by):
        return replace(nothing, why_not=f"没有声明{kinds()[supply.of].name_zh}的图层,不等于没有设施")
    if len(offers.number) and np.isnan(offers.amount).all():
        return replace(nothing, why_not=f"{len(offers.number)} 处设施都没有供给量({supply.amount}),不作推算")
    if heads is None or np.isnan(heads).all():
        return replace(nothing, why_not="居民图层没有所声明的人群数,不作推算")

    walks = walks_to_each(standing, facilities, offers.number, within_m=float(offers.limit_m.max(initial=0.0)))
    unit = np.repeat(np.arange(n_units), np.diff(walks.indptr))
    limit_m = offers.limit_m[walks.target]
    kept = (walks.walk_m < limit_m) | ((walks.walk_m == limit_m) & ~offers.strict[walks.target])
    target, limit_m = walks.target[kept], limit_m[kept]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(unit[kept], minlength=n_units))])
    shape = (n_units, len(offers.number))
    reach = sparse.csr_array((np.ones(len(target)), target, indptr), shape=shape)
    counts_as = weigh(supply.method, walks.walk_m[kept], limit_m, steps=supply.weights)
    weight = sparse.csr_array((counts_as, target, indptr), shape=shape)
    shared = share_out(weight, demand=np.nan_to_num(heads), supply=np.nan_to_num(offers.amount))

    unsure = reach @ np.isnan(offers.amount).astype(float) > 0
    unsure |= supply.of not in known_kinds
    unsure |= _straight_near(standing, facilities.table.geometry.to_numpy()[offers.doubtful], offers.doubtful_limit_m)
    return replace(
        nothing,
        per_head=shared.per_head,
        reached=np.diff(reach.indptr).astype(np.intp),
        unsure=unsure,
        uncertain=edge.uncertain(reach, offers, facilities.table, standing, longest_m),
        shared=shared,
    )


def _offers(
    supply: Supply, asked: Sequence[Requirement], facilities: Facilities, layers: Mapping[str, LayerData]
) -> Offers:
    """Return the facilities of one supply."""
    table = facilities.table
    of_kind = table["kind"].isin(kinds()[supply.of].served_by).to_numpy()
    limit_m, strict = np.full(len(table), -1.0), np.zeros(len(table), dtype=bool)
    counts = np.zeros(len(table), dtype=bool)
    if supply.own_limit_m is not None:
        limit_m[of_kind] = supply.own_limit_m
        counts = of_kind & (table["doubt"] == "").to_numpy()
    else:
        for requirement in sorted(asked, key=lambda one: one.limit_m):  # the longest limit that takes a facility stays
            certain, possible, _ = which_count(requirement, table)
            either = np.concatenate([certain, possible])
            limit_m[either], strict[either] = requirement.limit_m, requirement.strict
            counts[certain] = True
    number = np.flatnonzero(counts)
    doubtful = np.flatnonzero(~counts & (limit_m >= 0))
    return Offers(
        number=number,
        amount=_amounts(supply, table, layers)[number],
        limit_m=limit_m[number],
        strict=strict[number],
        doubtful=doubtful,
        doubtful_limit_m=limit_m[doubtful],
        unsized=int((of_kind & (limit_m < 0)).sum()),
    )


def _amounts(supply: Supply, table: gpd.GeoDataFrame, layers: Mapping[str, LayerData]) -> Floats:
    """Return how much each facility offers, NaN where its layer does not tell."""
    amount = np.full(len(table), np.nan)
    for ref, rows in table.groupby("layer", sort=False):
        frame = layers[str(ref)].frame
        column = supply.amount_column(layers[str(ref)].record.kind)
        if column in frame:
            amount[rows.index] = amounts_in(frame.loc[rows["id"]], column, ref=str(ref))
    return amount


def amounts_in(frame: gpd.GeoDataFrame, column: str, *, ref: str) -> Floats:
    """Return a column as numbers, NaN where a cell is none.

    Raises
    ------
    DataError
        If some are negative.
    """
    amounts = np.asarray(pd.to_numeric(frame[column], errors="coerce"), dtype=float)
    if (negative := amounts < 0).any():
        named = ", ".join(map(str, frame.index[negative][:_NAMED])) + (", …" if negative.sum() > _NAMED else "")
        problem = Problem(f"{ref}.toml", column, f"{negative.sum()} are negative", named, "Give numbers from 0 up")
        raise DataError(f"{ref} cannot be used", [problem])
    return amounts


def _straight_near(standing: Standing, shapes: npt.NDArray[np.object_], limit_m: Floats) -> Bools:
    """Return which units are within the limit of any of some shapes in a straight line, from where their walk begins."""
    near = np.zeros(len(standing.points), dtype=bool)
    near[shapely.STRtree(standing.points.to_numpy()).query(shapes, predicate="dwithin", distance=limit_m)[1]] = True
    if standing.estates is not None:
        gates = standing.estates.gates
        at_gate = shapely.STRtree(gates.geometry.to_numpy()).query(shapes, predicate="dwithin", distance=limit_m)[1]
        near |= np.isin(standing.estate, gates["estate"].to_numpy()[at_gate])
    return near
