"""Siting by trying every choice of sites: what the solver's answers are held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain, combinations

import numpy as np
import pandas as pd
from scipy.optimize import linprog


@dataclass(frozen=True)
class Case:
    """A small question; sites are letters, demand is numbered."""

    walk_m: Mapping[tuple[int, str], float]
    weight: Mapping[int, float]
    sites: tuple[str, ...]
    keep: Set[str] = frozenset()
    force: Set[str] = frozenset()
    forbid: Set[str] = frozenset()
    capacity: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)
    budget: float | None = None

    @property
    def walks(self) -> pd.DataFrame:
        pairs = list(self.walk_m)
        return pd.DataFrame(
            {
                "origin": pd.Series([unit for unit, _ in pairs], dtype="int64"),
                "target": pd.Series([site for _, site in pairs], dtype="object"),
                "walk_m": pd.Series(list(self.walk_m.values()), dtype="float64"),
            }
        )

    @property
    def weights(self) -> pd.Series[float]:
        return pd.Series(self.weight, dtype="float64")

    def choices(self, new_sites: int) -> Iterator[frozenset[str]]:
        """Every allowed set of new sites."""
        free = sorted(set(self.sites) - self.keep - self.forbid - self.force)
        for chosen in chain.from_iterable(combinations(free, size) for size in range(len(free) + 1)):
            new = (self.force - self.keep) | set(chosen)
            affordable = self.budget is None or self.spent(new) <= self.budget + 1e-9
            if len(new) <= new_sites and affordable:
                yield frozenset(new)

    def spent(self, new: Set[str]) -> float:
        return sum(self.cost.get(site, 1.0) for site in new)

    def served(self, new: Set[str]) -> float:
        """The weight that kept and new sites serve."""
        opened = new | self.keep
        if self.capacity:
            return self._shared(opened)
        return sum(w for unit, w in self.weight.items() if any((unit, site) in self.walk_m for site in opened))

    def _shared(self, opened: Set[str]) -> float:
        pairs = [(unit, site) for unit, site in self.walk_m if site in opened]
        if not pairs:
            return 0.0
        units, sites = sorted(self.weight), sorted(opened)
        rows = np.zeros((len(units) + len(sites), len(pairs)))
        for column, (unit, site) in enumerate(pairs):
            rows[units.index(unit), column] = 1.0
            rows[len(units) + sites.index(site), column] = 1.0
        limits = [self.weight[unit] for unit in units] + [self.capacity[site] for site in sites]
        shared = linprog(-np.ones(len(pairs)), A_ub=rows, b_ub=limits)
        assert shared.fun is not None
        return -float(shared.fun)
