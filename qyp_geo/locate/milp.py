"""Linear programs with whole numbers in them, handed to HiGHS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import highspy
import numpy as np
from scipy import sparse

from qyp_geo.locate.instance import Bools, Floats

WORK: Final = 2e6
"""The work after which a search ends that no clock ends: some ten seconds."""
_STATUSES: dict[highspy.HighsModelStatus, Literal["optimal", "time limit", "infeasible"]] = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kTimeLimit: "time limit",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",  # no model here is unbounded
}


@dataclass(frozen=True, slots=True)
class Model:
    """``min or max cost · x`` where ``row_lower <= matrix · x <= row_upper`` and ``lower <= x <= upper``.

    Parameters
    ----------
    cost, lower, upper, integer
        One for each column.
    matrix
        Rows by columns.
    row_lower, row_upper
        One for each row; ``-inf`` and ``inf`` where a side is open.
    maximise
        The greatest instead of the least.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    integer: Bools
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    maximise: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What HiGHS found.

    Parameters
    ----------
    status
        ``optimal`` within the gap asked for, ``time limit`` (or the end of the work that may be done), or ``infeasible``.
    values
        One for each column; None where nothing was found.
    bound
        What no solution can pass; infinite where nothing is known, without meaning where the model is infeasible.
    """

    status: Literal["optimal", "time limit", "infeasible"]
    values: Floats | None
    bound: float


class _Silent(highspy.Highs):
    """HiGHS without its banner, which it would print while its callbacks are set up."""

    def enableCallbacks(self) -> None:  # noqa: N802
        """Set them up after the output is off."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def solve(
    model: Model, *, time_limit_s: float, gap: float = 0.0, start: Floats | None = None, work: float = np.inf
) -> Answer:
    """Solve `model` on one thread, with a fixed seed; only the time limit can make two machines differ.

    Parameters
    ----------
    model
        The model; it may have no integer columns.
    time_limit_s
        Seconds after which the best so far is returned.
    gap
        Relative gap at which to stop.
    start
        A solution to begin from, one value for each column.
    work
        The work after which the best so far is returned, the same on every machine: coefficients of the model times how
        often HiGHS asked, after a step of its search for whole numbers, whether to go on.
    """
    solver = loaded(model, time_limit_s)
    if work < np.inf:
        _end_after(solver, steps=work / max(1, model.matrix.nnz))
    solver.setOptionValue("mip_rel_gap", gap)
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = list(start)
        solver.setSolution(solution)
    solver.run()
    status = _STATUSES.get(solver.getModelStatus(), "time limit")
    info = solver.getInfo()
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if model.integer.any():
        bound = info.mip_dual_bound
    elif status == "optimal":
        bound = info.objective_function_value
    else:
        bound = np.inf if model.maximise else -np.inf
    return Answer(status=status, values=np.asarray(solver.getSolution().col_value) if feasible else None, bound=bound)


def _end_after(solver: _Silent, *, steps: float) -> None:
    """Have the search for whole numbers end after so many steps."""
    done = 0

    def count(event: Any) -> None:
        nonlocal done
        done += 1
        if done > steps:
            event.interrupt()

    solver.cbMipInterrupt.subscribe(count)


def relaxed(model: Model, *, time_limit_s: float) -> tuple[Floats, Floats]:
    """About the best values of the columns if none need be whole, and about the price (0 or more) of each row.

    They come from an interior point method, far sooner than the optimum itself, and prove nothing by themselves. Put
    into a Lagrangian, any prices give a bound; these give a good one.

    Parameters
    ----------
    model
        The model.
    time_limit_s
        Seconds after which what is reached so far is returned.
    """
    solver = loaded(replace(model, integer=np.zeros_like(model.integer)), time_limit_s)
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("run_crossover", "off")
    solver.run()
    solution = solver.getSolution()
    values, duals = (np.asarray(found, dtype=np.float64) for found in (solution.col_value, solution.row_dual))
    rows, columns = model.matrix.shape
    return (values if len(values) else np.zeros(columns)), (np.abs(duals) if len(duals) else np.zeros(rows))


def loaded(model: Model, time_limit_s: float) -> _Silent:
    """HiGHS with a model in it, ready to run."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = model.matrix.shape
    lp.sense_ = highspy.ObjSense.kMaximize if model.maximise else highspy.ObjSense.kMinimize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.cost, model.lower, model.upper
    lp.row_lower_, lp.row_upper_ = model.row_lower, model.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = model.matrix.indptr
    lp.a_matrix_.index_ = model.matrix.indices
    lp.a_matrix_.value_ = model.matrix.data
    if model.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(integer)] for integer in model.integer]
    solver = _Silent()  # type: ignore[no-untyped-call]
    # The number of threads is not set: one process can have only one, and it may be set already. MIPs run on one.
    solver.setOptionValue("parallel", "off")
    solver.setOptionValue("random_seed", 0)
    solver.setOptionValue("time_limit", max(0.0, time_limit_s))
    solver.passModel(lp)
    return solver
