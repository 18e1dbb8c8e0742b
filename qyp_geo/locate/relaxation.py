"""The covering question as a model, and the bounds that prices of its rows give.

Each unit counts only where a chosen site covers it, and the rows of `triples` hold. At a price for each row instead, a
unit is worth its weight less prices, a site the prices of its rows, and the best choice is read off (a Lagrangian bound;
Fisher 1981, *Management Science* 27(1), 1-18). Any prices of 0 or more give a bound. Where taking a site puts it below
what is already found, no better choice has that site.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from qyp_geo.locate.cover import Open
from qyp_geo.locate.instance import Bools, Floats
from qyp_geo.locate.milp import Model
from qyp_geo.locate.triples import Triples


@dataclass(frozen=True, slots=True)
class Certificate:
    """A bound, and by column (`with_site`) the bound of those choices that have it."""

    bound: float
    with_site: Floats


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A question, and the triples of units whose rows its model has."""

    question: Open
    triples: Triples

    def only(self, columns: Bools) -> Relaxation:
        """The same with some columns alone."""
        return Relaxation(self.question.only(columns), self.triples)

    def most_model(self) -> Model:
        """Columns: each site, each unit. Rows: each unit, each triple, the number of sites, their cost."""
        question, sites, units = self.question, len(self.question.site), len(self.question.weight)
        limits = np.vstack((np.ones(sites), question.cost))
        return self._model(
            objective=np.concatenate((np.zeros(sites), question.weight)),
            limits=np.hstack((limits, np.zeros((2, units)))),
            row_lower=np.full(2, -np.inf),
            row_upper=np.array([min(question.most, sites), question.budget]),
            maximise=True,
        )

    def few_model(self, needed: float) -> Model:
        """Columns as in `most_model`. Rows: each unit, each triple, the weight covered."""
        question = self.question
        return self._model(
            objective=np.concatenate((question.cost, np.zeros(len(question.weight)))),
            limits=np.concatenate((np.zeros(len(question.site)), question.weight))[None],
            row_lower=np.array([needed]),
            row_upper=np.array([np.inf]),
            maximise=False,
        )

    def most_certificate(self, prices: Floats) -> Certificate:
        """How much can be covered at most, beyond `base`; a price for each row of `most_model`."""
        question = self.question
        if question.most <= 0:
            return Certificate(0.0, np.zeros(len(question.site)))
        worth, charged = self._priced(prices)
        rate = prices[-1] if np.isfinite(question.budget) else 0.0
        worth = worth - rate * question.cost
        gains = np.sort(np.maximum(worth, 0.0))[::-1]
        last = gains[question.most - 1] if question.most <= len(gains) else 0.0
        bound = float(
            np.maximum(question.weight - charged, 0.0).sum() + self._allowed(prices) + gains[: question.most].sum()
        ) + (rate * question.budget if rate else 0.0)
        return Certificate(bound, bound + np.minimum(0.0, worth - last))

    def least_certificate(self, needed: float, prices: Floats) -> Certificate:
        """What it costs at least to cover `needed`, beyond `base`; a price for each row of `few_model`."""
        worth, charged = self._priced(prices)
        worth = worth - self.question.cost
        bound = float(
            prices[-1] * needed
            - self._allowed(prices)
            - np.maximum(prices[-1] * self.question.weight - charged, 0.0).sum()
            - np.maximum(worth, 0.0).sum()
        )
        return Certificate(bound, bound - np.minimum(0.0, worth))

    def _priced(self, prices: Floats) -> tuple[Floats, Floats]:
        """By site what its rows pay, by unit what its rows charge."""
        by_row = self._rows().T @ prices[: len(self.question.weight) + len(self.triples)]
        sites = len(self.question.site)
        return -by_row[:sites], by_row[sites:]

    def _allowed(self, prices: Floats) -> float:
        units = len(self.question.weight)
        return float(prices[units : units + len(self.triples)].sum())

    def _rows(self) -> sparse.csr_array:
        """The rows of the units, at most 0, and of the triples, at most 1."""
        units, triples = len(self.question.weight), len(self.triples)
        ones = (np.ones(3 * triples), (np.repeat(np.arange(triples), 3), self.triples.ravel()))
        members = sparse.csr_array(ones, shape=(triples, units))
        times = sparse.csr_array(members @ self.question.reach)
        times.data = np.ceil(times.data / 2)
        return sparse.csr_array(
            sparse.vstack(
                (
                    sparse.hstack((-self.question.reach, sparse.eye_array(units))),
                    sparse.hstack((-times, members)),
                )
            )
        )

    def _model(
        self, *, objective: Floats, limits: Floats, row_lower: Floats, row_upper: Floats, maximise: bool
    ) -> Model:
        units, triples = len(self.question.weight), len(self.triples)
        return Model(
            cost=objective,
            lower=np.zeros(len(objective)),
            upper=np.ones(len(objective)),
            integer=np.arange(len(objective)) < len(self.question.site),
            matrix=sparse.csr_array(sparse.vstack((self._rows(), sparse.csr_array(limits)))),
            row_lower=np.concatenate((np.full(units + triples, -np.inf), row_lower)),
            row_upper=np.concatenate((np.zeros(units), np.ones(triples), row_upper)),
            maximise=maximise,
        )
