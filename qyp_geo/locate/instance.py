"""A siting question as arrays: checked once, all that is wrong told at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.errors import DataError, Problem

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]
Labels = Iterable[Hashable]

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Instance:
    """Demand, sites, and the walks between them in compressed rows, one row for each demand unit.

    Parameters
    ----------
    demand, sites
        Their labels. Sites are the candidates, then the kept ones that are no candidates.
    weight
        One for each demand unit, 0 or more.
    indptr
        The walks of demand unit `i` are at ``indptr[i]:indptr[i + 1]``; a unit that reaches nothing has none.
    unit, site, walk_m
        The walks: number of the demand unit, number of the site, metres; by unit, then by site. A walk of 0 m is one.
    kept, forced, forbidden
        By site: stands already; must be among the new ones; must not.
    new_sites
        The most that may be added to those kept.
    cost, budget
        What each site costs (0 for those kept), and what all new ones together may.
    capacity
        What weight each site can serve; may be infinite.
    """

    demand: pd.Index
    sites: pd.Index
    weight: Floats
    indptr: npt.NDArray[np.int64]
    unit: Codes
    site: Codes
    walk_m: Floats
    kept: Bools
    forced: Bools
    forbidden: Bools
    new_sites: int
    cost: Floats | None = None
    budget: float | None = None
    capacity: Floats | None = None

    @property
    def free(self) -> Bools:
        """By site: may be added, or not."""
        return ~(self.kept | self.forced | self.forbidden)

    @property
    def usable(self) -> Bools:
        """By site: kept, forced or free."""
        return ~self.forbidden

    @property
    def unreached(self) -> pd.Index:
        """The demand that no usable site reaches."""
        reached = np.zeros(len(self.demand), dtype=np.bool_)
        reached[self.unit[self.usable[self.site]]] = True
        return self.demand[~reached]

    def by_site(self) -> tuple[npt.NDArray[np.int64], Codes, Floats]:
        """The walks in rows of sites: `indptr`, `unit`, `walk_m`; by site, then by unit."""
        order = np.argsort(self.site, kind="stable")
        ends = np.cumsum(np.bincount(self.site, minlength=len(self.sites)))
        return np.concatenate(([0], ends)), self.unit[order], self.walk_m[order]


def read_instance(
    walks: pd.DataFrame,
    weight: pd.Series[float],
    *,
    new_sites: int | None = None,
    candidates: Labels | None = None,
    keep: Labels = (),
    force: Labels = (),
    forbid: Labels = (),
    cost: pd.Series[float] | None = None,
    budget: float | None = None,
    capacity: pd.Series[float] | None = None,
) -> Instance:
    """The question as arrays.

    Parameters
    ----------
    walks
        `origin` (demand), `target` (site) and `walk_m`, one row for each pair within reach. Labels may be categorical.
    weight
        Of each demand unit, by its label, those that reach nothing among them.
    new_sites
        The most that may be added; by default any number.
    candidates
        Where something may be added; by default every target of `walks` (of a categorical, every category). Walks to
        targets that are neither candidates nor kept are left out.
    keep, force, forbid
        Sites that stand already, that must be added, that must not be.
    cost, budget
        Cost of each candidate, by its label; what the new sites may cost together.
    capacity
        The weight that each site can serve, kept ones among them, by its label.

    Raises
    ------
    DataError
        With everything that is wrong.
    """
    missing = [column for column in ("origin", "target", "walk_m") if column not in walks.columns]
    if missing:
        raise _wrong([Problem("walks", f"column {name}", "is missing", remedy="Give it") for name in missing])
    keeps, forces, forbids = pd.Index(list(keep)), pd.Index(list(force)), pd.Index(list(forbid))
    origins, origin = _labels(walks["origin"])
    targets, target = _labels(walks["target"])
    offered = targets if candidates is None else pd.Index(list(candidates))
    sites = offered.append(keeps[~keeps.isin(offered)]) if len(keeps) else offered
    walk_m = _numbers(walks["walk_m"])
    unit_of = weight.index.unique().get_indexer(origins)
    problems = [
        *_twice("weight", weight.index),
        *_twice("candidates", sites),
        *_twice("keep", keeps),
        *_bad_numbers("weight", weight),
        *_bad_walks(walk_m, origin, target),
        *_without_weight(origins[np.unique(origin[(origin >= 0) & (unit_of[origin] < 0)])]),
        *_unknown("force", forces, sites),
        *_unknown("forbid", forbids, sites),
        *_both("keep", keeps, "forbid", forbids),
        *_both("force", forces, "forbid", forbids),
        *_bad_counts(new_sites, budget, cost),
        *(_bad_table("cost", cost, offered[~offered.isin(keeps)]) if cost is not None else ()),
        *(_bad_table("capacity", capacity, sites) if capacity is not None else ()),
    ]
    if problems:
        raise _wrong(problems)
    unit = unit_of[origin].astype(np.int32)
    site = sites.get_indexer(targets)[target].astype(np.int32)
    order = np.lexsort((site, unit))
    order = order[site[order] >= 0]
    unit, site, walk_m = unit[order], site[order], walk_m[order]
    again = np.flatnonzero((np.diff(unit) == 0) & (np.diff(site) == 0))
    if len(again):
        pair = f"{weight.index[unit[again[0]]]} to {sites[site[again[0]]]}"
        raise _wrong(
            [Problem("walks", "", f"{len(again)} pair(s) stand in it twice", pair, "Keep one row for each pair")]
        )
    kept = np.asarray(sites.isin(keeps), dtype=np.bool_)
    forced = np.asarray(sites.isin(forces), dtype=np.bool_) & ~kept
    return Instance(
        demand=weight.index,
        sites=sites,
        weight=_numbers(weight),
        indptr=np.concatenate(([0], np.cumsum(np.bincount(unit, minlength=len(weight))))),
        unit=unit,
        site=site,
        walk_m=walk_m,
        kept=kept,
        forced=forced,
        forbidden=np.asarray(sites.isin(forbids), dtype=np.bool_),
        new_sites=int((~kept).sum()) if new_sites is None else new_sites,
        cost=None if cost is None else np.where(kept, 0.0, _numbers(cost.reindex(sites))),
        budget=budget,
        capacity=None if capacity is None else _numbers(capacity.reindex(sites)),
    )


def some(labels: pd.Index) -> str:
    """The labels as text; of many the first ten and how many there are."""
    more = f", … ({len(labels)} in all)" if len(labels) > _NAMED else ""
    return ", ".join(str(label) for label in labels[:_NAMED]) + more


def _wrong(problems: list[Problem]) -> DataError:
    return DataError("The siting question cannot be asked", problems)


def _labels(column: pd.Series[str]) -> tuple[pd.Index, npt.NDArray[np.intp]]:
    """The distinct labels of a column, and for each row the number of its own; -1 where it has none."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.categories, np.asarray(column.cat.codes, dtype=np.intp)
    codes, labels = pd.factorize(column)
    return pd.Index(labels), np.asarray(codes, dtype=np.intp)


def _numbers(values: pd.Series[Any]) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _twice(what: str, labels: pd.Index) -> Iterator[Problem]:
    again = labels[labels.duplicated()].unique()
    if len(again):
        yield Problem(what, "", "holds labels more than once", some(again), "Give each once")


def _bad_numbers(what: str, values: pd.Series[float]) -> Iterator[Problem]:
    numbers = _numbers(values)
    bad = ~(np.isfinite(numbers) & (numbers >= 0)) if what == "weight" else ~(numbers >= 0)
    if bad.any():
        given = ", ".join(
            f"{label}: {number}" for label, number in zip(values.index[bad][:_NAMED], numbers[bad], strict=False)
        )
        yield Problem(
            what, f"{int(bad.sum())} row(s)", "is no number of 0 or more", given, "Mend or leave out these rows"
        )


def _bad_walks(walk_m: Floats, origin: npt.NDArray[np.intp], target: npt.NDArray[np.intp]) -> Iterator[Problem]:
    for column, bad in (("origin", origin < 0), ("target", target < 0)):
        if bad.any():
            yield Problem(
                "walks", f"column {column}", f"{int(bad.sum())} row(s) have no label", "", "Mend or leave them out"
            )
    bad = ~(np.isfinite(walk_m) & (walk_m >= 0))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        what = f"{int(bad.sum())} walk(s) are no metres of 0 or more"
        yield Problem(
            "walks", f"column walk_m, row {row}", what, f"{walk_m[row]}", "Leave out pairs that cannot be walked"
        )


def _without_weight(labels: pd.Index) -> Iterator[Problem]:
    if len(labels):
        remedy = "Give each origin a weight, 0 where nobody is"
        yield Problem("walks", "column origin", f"{len(labels)} of these labels have no weight", some(labels), remedy)


def _unknown(what: str, labels: pd.Index, sites: pd.Index) -> Iterator[Problem]:
    strangers = labels[~labels.isin(sites)]
    if len(strangers):
        yield Problem(what, "", "names what is neither a candidate nor kept", some(strangers), "Name only known ones")


def _both(one: str, these: pd.Index, other: str, those: pd.Index) -> Iterator[Problem]:
    common = these[these.isin(those)]
    if len(common):
        yield Problem(one, "", f"names what {other} names too", some(common), "Take them out of one of the two")


def _bad_counts(new_sites: int | None, budget: float | None, cost: pd.Series[float] | None) -> Iterator[Problem]:
    if new_sites is not None and new_sites < 0:
        yield Problem("new_sites", "", "is no number of 0 or more", f"{new_sites}", "Say how many sites may be added")
    if budget is not None and not budget >= 0:
        yield Problem(
            "budget", "", "is no number of 0 or more", f"{budget}", "Say what the new sites may cost together"
        )
    if budget is not None and cost is None:
        yield Problem("budget", "", "needs the cost of each candidate", f"{budget}", "Give cost, or leave out budget")


def _bad_table(what: str, values: pd.Series[float], needed: pd.Index) -> Iterator[Problem]:
    lacking = needed[~needed.isin(values.index)]
    if len(lacking):
        yield Problem(what, "", "lacks sites", some(lacking), "Give one number for each site")
    yield from _twice(what, values.index)
    yield from _bad_numbers(what, values)
