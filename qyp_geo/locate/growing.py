"""A linear program that rows are added to: each solution begins at the one before."""

from __future__ import annotations

import highspy
import numpy as np
from scipy import sparse

from qyp_geo.locate.instance import Floats
from qyp_geo.locate.milp import Answer, Model, loaded


class Growing:
    """`model` in HiGHS, without whole numbers; more rows may follow."""

    def __init__(self, model: Model) -> None:
        self._solver = loaded(model, np.inf)

    def add(self, matrix: sparse.csr_array, *, lower: Floats) -> None:
        """Add the rows ``matrix · x >= lower``."""
        upper = np.full(len(lower), np.inf)
        n_rows = len(lower)
        self._solver.addRows(
            n_rows, lower, upper, matrix.nnz, matrix.indptr[:-1].astype(np.int32), matrix.indices, matrix.data
        )

    def solve(self, *, time_limit_s: float) -> Answer:
        """The least cost, or what hinders it; `values` and `bound` only of an optimum."""
        if time_limit_s <= 0:
            return Answer("time limit", None, -np.inf)
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + time_limit_s)
        self._solver.run()
        status = self._solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            values = np.asarray(self._solver.getSolution().col_value)
            return Answer("optimal", values, self._solver.getInfo().objective_function_value)
        return Answer("infeasible" if status == highspy.HighsModelStatus.kInfeasible else "time limit", None, -np.inf)

    def duals(self) -> Floats:
        """Of the last optimum, by row."""
        return np.asarray(self._solver.getSolution().row_dual)
