"""Who lives where: when estates were built, their households, and their people of the ages that services are for."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from qyp_geo.sample.estates import Built

_BUILT: Final = ((4, 1988, 2016), (7, 1982, 2004), (11, 2000, 2014), (26, 2008, 2023))
"""Storeys up to, and the years in which houses of so many were built; up to four are village houses."""
_ERAS: Final = (2000, 2010)
"""Old, middle-aged and new begin before the first, before the second, and after."""
_PER_HOUSEHOLD: Final = np.array([2.4, 2.7, 2.9])
_SHARES: Final = {
    # of people, in old, middle-aged and new estates: families move into new flats, and their parents stay
    "children_3_5": np.array([0.022, 0.030, 0.044]),
    "children_6_11": np.array([0.050, 0.066, 0.094]),
    "children_12_14": np.array([0.026, 0.032, 0.040]),
    "aged_60": np.array([0.27, 0.19, 0.11]),
}
_NOT_FILLED_IN: Final = 13
"""Of so many estates the register lacks the year of one."""


def years_built(built: Built, rng: np.random.Generator) -> dict[str, int]:
    """Return the year in which each estate and village was built, by its name."""
    years: dict[str, int] = {}
    for building in built.buildings:
        if building.estate not in years:
            start, end = next(years_of for upto, *years_of in _BUILT if building.levels <= upto)
            years[building.estate] = int(rng.integers(start, end))
    return years


def households_and_ages(built: Built, years: dict[str, int], rng: np.random.Generator) -> pd.DataFrame:
    """Return the households of each building, and its people by age group, in the order of the buildings."""
    people = np.array([building.people for building in built.buildings])
    era = np.digitize([years[building.estate] for building in built.buildings], _ERAS)
    counts = {"households": np.ceil(people / _PER_HOUSEHOLD[era])}
    for group, shares in _SHARES.items():
        counts[group] = np.round(people * shares[era] * rng.uniform(0.75, 1.25, len(people)))
    return pd.DataFrame(counts).astype(int)


def estate_register(
    estates: gpd.GeoDataFrame, built: Built, years: dict[str, int], homes: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Return the estates with the year they were built and their households; some years nobody filled in."""
    names = [building.estate for building in built.buildings]
    households = homes["households"].groupby(names).sum()
    year = estates["name"].map(years).astype(float).mask(np.arange(len(estates)) % _NOT_FILLED_IN == 0)
    return estates.assign(built_year=year, households=estates["name"].map(households))
