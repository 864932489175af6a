"""A persistent HiGHS session: pass the arrays once, then change objective and bounds in place.

Statuses are answers, not exceptions: a time limit or an interruption returns the best solution and bound so far.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import highspy
import numpy as np

from exasite.compiled import CompiledModel, Linear

OPTIMAL, FEASIBLE, INFEASIBLE, NO_SOLUTION, UNBOUNDED = "optimal", "feasible", "infeasible", "no_solution", "unbounded"


@dataclass
class Clock:
    """Time budget and interruption flag shared by all solves of one question."""

    time_limit_s: float = 3600.0
    started: float = field(default_factory=time.monotonic)
    interrupted: bool = False

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started

    @property
    def left_s(self) -> float:
        return max(self.time_limit_s - self.elapsed_s, 0.0)

    @property
    def stopped(self) -> bool:
        return self.interrupted or self.left_s <= 0.0

    @contextmanager
    def catching_interrupts(self) -> Iterator[None]:
        """Within this block Ctrl-C sets the flag, so that the best design so far is kept; a second one is final."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = signal.getsignal(signal.SIGINT)

        def handle(number: int, frame: FrameType | None) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True

        signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)


@dataclass(frozen=True)
class Outcome:
    """What one solve found: status, columns (None without a solution), objective value and proven bound."""

    status: str
    columns: np.ndarray | None
    value: float
    bound: float
    nodes: int


Progress = Callable[[float, float], None]  # called with (incumbent value, proven bound) of the running solve


class Session:
    """One model held by HiGHS. Objectives are maximised; minimising is maximising the negative."""

    def __init__(self, model: CompiledModel, *, clock: Clock, threads: int = 1, seed: int = 0) -> None:
        self.model = model
        self.clock = clock
        self.nodes = 0
        self.solves = 0
        self._solver = highspy.Highs()
        for name, value in (("output_flag", False), ("threads", threads), ("random_seed", seed),
                            ("mip_rel_gap", 0.0), ("mip_feasibility_tolerance", 1e-7)):  # fmt: skip
            self._set(name, value)
        self._solver.passModel(_highs_model(model))
        self._progress: Progress | None = None
        self._solver.cbMipInterrupt += self._on_check
        self._solver.cbSimplexInterrupt += self._on_check
        self._solver.cbMipLogging += self._on_log

    def maximise(self, objective: Linear, *, absolute_gap: float = 1e-6, relaxed: bool = False,
                 start: np.ndarray | None = None, progress: Progress | None = None) -> Outcome:  # fmt: skip
        """Maximise a linear function over the model, or over its LP relaxation if `relaxed`.

        `absolute_gap` is in the unit of the objective. The proven bound is valid in every status.
        """
        count = len(objective.coefficients)
        self._solver.changeColsCost(count, np.arange(count, dtype=np.int32), objective.coefficients)
        self._solver.changeObjectiveOffset(objective.constant)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self._set("solve_relaxation", relaxed)
        self._set("mip_abs_gap", max(absolute_gap, 1e-12))
        self._set("time_limit", max(self.clock.left_s, 1e-3))
        if start is not None and not relaxed:
            solution = highspy.HighsSolution()
            solution.col_value = start.tolist()
            self._solver.setSolution(solution)
        self._progress = progress
        self._solver.run()
        self.solves += 1
        return self._outcome(relaxed or not self.model.integer.any())

    def set_row_upper(self, row: int, upper: float) -> None:
        self._solver.changeRowBounds(row, self.model.row_lower[row], upper)

    def set_columns(self, columns: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """Change the bounds of some columns (indices [k], lower [k], upper [k])."""
        self._solver.changeColsBounds(len(columns), columns.astype(np.int32), lower.astype(float), upper.astype(float))

    def add_upper_row(self, objective: Linear, upper: float) -> None:
        """Add the row `objective <= upper`."""
        nonzero = np.flatnonzero(objective.coefficients).astype(np.int32)
        self._solver.addRow(
            -highspy.kHighsInf, upper - objective.constant, len(nonzero), nonzero, objective.coefficients[nonzero]
        )

    def _set(self, name: str, value: bool | float | int) -> None:
        # A refused option is silent in HiGHS, so every one is checked.
        if self._solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise RuntimeError(f"HiGHS refused the option {name}={value}")

    def _on_check(self, event: highspy.highs.HighsCallbackEvent) -> None:
        if self.clock.interrupted:
            event.interrupt()

    def _on_log(self, event: highspy.highs.HighsCallbackEvent) -> None:
        if self._progress is not None:
            self._progress(event.data_out.mip_primal_bound, event.data_out.mip_dual_bound)

    def _outcome(self, linear: bool) -> Outcome:
        status, info = self._solver.getModelStatus(), self._solver.getInfo()
        nodes = max(int(info.mip_node_count), 0)
        self.nodes += nodes
        kinds = highspy.HighsModelStatus
        if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
            return Outcome(INFEASIBLE, None, -np.inf, -np.inf, nodes)
        if status == kinds.kUnbounded:
            return Outcome(UNBOUNDED, None, np.inf, np.inf, nodes)
        optimal = status == kinds.kOptimal
        if linear:
            found, value = optimal, float(info.objective_function_value)
            bound = value if optimal else np.inf
        else:
            found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
            value, bound = float(info.objective_function_value), float(info.mip_dual_bound)
        if not found:
            return Outcome(NO_SOLUTION, None, -np.inf, bound, nodes)
        columns = np.array(self._solver.getSolution().col_value)
        return Outcome(OPTIMAL if optimal else FEASIBLE, columns, value, max(bound, value), nodes)


def _highs_model(model: CompiledModel) -> highspy.HighsLp:
    lp, matrix = highspy.HighsLp(), model.matrix.tocsr()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.row_lower_, lp.row_upper_ = model.row_lower, model.row_upper
    lp.col_lower_, lp.col_upper_ = model.column_lower, model.column_upper
    lp.col_cost_ = np.zeros(matrix.shape[1])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    integer, continuous = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [integer if whole else continuous for whole in model.integer]
    return lp
