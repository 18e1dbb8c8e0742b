"""Who walks to which site, existing or possible, as numbers; and what a choice of sites amounts to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qyp_geo.analyses.access import Numbers
from qyp_geo.analyses.judging import Bools, Floats


@dataclass(frozen=True, slots=True)
class Reach:
    """Walks from demand units to sites, each pair once.

    Attributes
    ----------
    unit, site
        Numbers of the demand unit and of the site, shape (pairs,); by unit, then by site.
    walk_m
        The walk that is judged, in metres, shape (pairs,).
    n_units, n_sites
        How many there are of each, those without any walk among them.
    """

    unit: Numbers
    site: Numbers
    walk_m: Floats
    n_units: int
    n_sites: int

    def within(self, limit_m: float, *, strict: bool = False) -> Reach:
        """Return the walks within a limit, the limit itself among them unless `strict`."""
        near = self.walk_m < limit_m if strict else self.walk_m <= limit_m
        return Reach(self.unit[near], self.site[near], self.walk_m[near], self.n_units, self.n_sites)

    def served(self, opened: Bools) -> Bools:
        """Return which units reach one of the sites that are open, shape (units,)."""
        served = np.zeros(self.n_units, dtype=bool)
        served[self.unit[opened[self.site]]] = True
        return served

    def nearest(self, opened: Bools) -> tuple[Numbers, Floats]:
        """Return the nearest open site of each unit (of equally near ones the first; -1 for none) and the walk (NaN)."""
        pairs = np.flatnonzero(opened[self.site])
        pairs = pairs[np.lexsort((self.site[pairs], self.walk_m[pairs], self.unit[pairs]))]
        units, first = np.unique(self.unit[pairs], return_index=True)
        site, walk_m = np.full(self.n_units, -1), np.full(self.n_units, np.nan)
        site[units], walk_m[units] = self.site[pairs[first]], self.walk_m[pairs[first]]
        return site, walk_m

    def margin(self, opened: Bools, people: Floats) -> Floats:
        """Return, by site, the people served with it and not without it, all else being as it is."""
        by_others = np.bincount(self.unit[opened[self.site]], minlength=self.n_units)[self.unit] - opened[self.site]
        return np.bincount(self.site, weights=people[self.unit] * (by_others == 0), minlength=self.n_sites).astype(
            float
        )
