"""People as a public page tells of them: in groups, none of fewer than ten, and no figure finer than ten people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from qyp_geo.declarations import Map
from qyp_geo.frames import Result

FEWEST: Final = 10
"""A group of fewer people is not told of."""
HIDDEN: Final = "不足 10 人,或可由其他数字推得,不公布"
_AREA: Final = ["level", "area"]
_ALL_SETS: Final = ""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def coverage_shown(record: Map, results: Mapping[str, Result]) -> Result:
    """Return the coverage analysis that a map shows; a residents' page has exactly one."""
    return next(
        results[one.of] for one in record.overlay if one.of in results and results[one.of].record.kind == "coverage"
    )


def published_tables(record: Map, results: Mapping[str, Result]) -> dict[str, pd.DataFrame]:
    """Return the tables that go with a residents' page.

    Parameters
    ----------
    record
        The map's declaration, ``audience = "residents"``.
    results
        Among them the coverage analysis that it shows.

    Returns
    -------
    dict
        ``coverage``: one row per area and requirement, with ``people_total`` and ``people_share``; ``headline``: one row per
        area, with ``people_total``, ``n_items_with_data`` and ``mean_reached``. People to tens, shares of such figures; what is
        not told is NaN, and ``note`` says why.
    """
    coverage = coverage_shown(record, results)
    areas, shares = figures_of_areas(coverage)
    asked = coverage.parts["requirements"][["id", "title", "limit_m", "source"]]
    asked = asked.rename(columns={"id": "requirement"})
    place = areas[["level", "area_name", "people_total", "people_basis", "note"]]
    long = place.merge(asked, how="cross").assign(people_share=shares.to_numpy().ravel())
    columns = ["level", "area_name", "requirement", "title", "limit_m", "people_total", "people_share", "people_basis"]
    return {
        "coverage": long[[*columns, "source", "note"]],
        "headline": areas.drop(columns="area"),
    }


def figures_of_areas(coverage: Result) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what may be told of the groups of people of a coverage analysis.

    Parameters
    ----------
    coverage
        The analysis, with its parts ``requirements`` and ``units`` and, where there is one, ``headline``.

    Returns
    -------
    tuple
        One row per area: ``level``, ``area``, ``area_name``, ``people_total`` (to tens), ``people_basis`` (估算, 均摊),
        ``n_items_with_data``, ``mean_reached``, ``note``. And the share of people within reach, one row per area and one column
        per requirement: of figures to tens, so that it tells no more than they do. NaN where there is nothing to tell or it is
        not told: an area of fewer than ten people, or one that would give such an area away (`hidden_areas`), and a share where
        fewer than ten people are on either side of it.
    """
    table = coverage.table
    areas = table.drop_duplicates(_AREA).reset_index(drop=True)
    people = areas["people_total"].to_numpy(dtype=float)
    hidden = hidden_areas(areas, people, parents_of(areas, coverage.parts["units"]))

    key = pd.MultiIndex.from_frame(areas[_AREA])
    asked = coverage.parts["requirements"]["id"].tolist()
    covered = table.pivot_table(index=_AREA, columns="requirement", values="people_covered", sort=False, dropna=False)
    reached = covered.reindex(index=key, columns=asked).to_numpy(dtype=float)
    share_known = table.pivot_table(index=_AREA, columns="requirement", values="people_share", sort=False, dropna=False)
    known = share_known.reindex(index=key, columns=asked).notna().to_numpy()
    beyond = people[:, None] - reached
    few = ((reached > 0) & (reached < FEWEST)) | ((beyond > 0) & (beyond < FEWEST))
    whole = np.where(people >= FEWEST, in_tens(people), np.nan)[:, None]
    shares = np.where(hidden[:, None] | few | ~known, np.nan, in_tens(reached) / whole)

    told = pd.DataFrame(
        {
            **{name: areas[name] for name in (*_AREA, "area_name")},
            "people_total": np.where(hidden, np.nan, in_tens(people)),
            "people_basis": areas.get("people_basis", ""),
            "n_items_with_data": np.nan,
            "mean_reached": np.nan,
            "note": np.where(hidden, HIDDEN, ""),
        }
    )
    if "headline" in coverage.parts:
        headline = coverage.parts["headline"]
        headline = headline[headline["set"] == _ALL_SETS].set_index(_AREA).reindex(key)
        told["n_items_with_data"] = headline["n_items_with_data"].to_numpy(dtype=float)
        told["mean_reached"] = np.where(hidden, np.nan, headline["mean_reached"].to_numpy(dtype=float).round(1))
    return told, pd.DataFrame(shares, columns=asked)


def parents_of(areas: pd.DataFrame, units: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Return the row of the area that each is a part of: of a community its township, else the district; of this -1."""
    district = int(np.flatnonzero(areas["level"] == "district")[0])
    parent = np.where(areas["level"] == "district", -1, district)
    townships = areas.index[areas["level"] == "township"]
    place = pd.Series(townships, index=areas.loc[townships, "area_name"]).groupby(level=0).first()
    lies_in = units.groupby("community")["township"].first().map(place)
    of_community = areas["area_name"].map(lies_in).to_numpy(dtype=float, na_value=np.nan)
    known = (areas["level"] == "community").to_numpy() & ~np.isnan(of_community)
    parent[known] = of_community[known].astype(np.intp)
    return parent


def hidden_areas(areas: pd.DataFrame, people: Floats, parent: npt.NDArray[np.intp]) -> Bools:
    """Return the areas that are not told of.

    Parameters
    ----------
    areas
        ``level`` of each area.
    people
        People in each.
    parent
        The row of the area that each is a part of, -1 for the whole.

    Returns
    -------
    array
        Those of fewer than ten people and, since areas of a level may add up to the area that they are parts of, the smallest
        others until no sum gives one away: of the parts of an area that is told none or at least two are hidden, of the parts
        of one that is not at least one.
    """
    hidden = (people > 0) & (people < FEWEST)
    families = list(_families(areas["level"].to_numpy(), parent))
    settled = False
    while not settled:
        settled = True
        for of, parts in families:
            n_hidden = int(hidden[parts].sum())
            wanted = 1 if hidden[of] else min(2 * n_hidden, 2)
            others = [
                part
                for part in parts[np.argsort(people[parts], kind="stable")]
                if people[part] > 0 and not hidden[part]
            ]
            more = others[: max(wanted - n_hidden, 0)]
            hidden[more] = True
            settled = settled and not more
    return hidden


def _families(
    level: npt.NDArray[np.object_], parent: npt.NDArray[np.intp]
) -> Iterator[tuple[int, npt.NDArray[np.intp]]]:
    """Yield each area that has parts, with those of one level."""
    for of in np.unique(parent[parent >= 0]):
        for one in pd.unique(level[parent == of]):
            yield int(of), np.flatnonzero((parent == of) & (level == one))
    # All communities add up to the district too, whichever townships they lie in.
    district, communities = np.flatnonzero(parent < 0), np.flatnonzero(level == "community")
    if len(communities):
        yield int(district[0]), communities


def in_tens(people: Floats) -> Floats:
    """Return people to tens; half goes up."""
    tens: Floats = np.floor(np.round(people / 10, 9) + 0.5) * 10
    return tens
