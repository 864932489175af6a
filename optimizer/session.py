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
    parent: Clock | None = None  # whose interruption is this one's, too

    @property
    def halted(self) -> bool:
        """Whether this clock or the one it belongs to was interrupted."""
        return self.interrupted or (self.parent is not None and self.parent.halted)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started

    @property
    def left_s(self) -> float:
        return max(self.time_limit_s - self.elapsed_s, 0.0)

    @property
    def stopped(self) -> bool:
        return self.halted or self.left_s <= 0.0

    def check(self) -> None:
        """Raises Stopped when the time is used up or the user has interrupted."""
        if self.stopped:
            raise Stopped

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


class Stopped(Exception):  # noqa: N818
    """The clock stopped before there was anything to answer with."""


@dataclass(frozen=True)
class Outcome:
    """What one solve found: status, columns (None without a solution), objective value and proven bound."""

    status: str
    columns: np.ndarray | None
    value: float
    bound: float
    nodes: int


_IIS_FROM_LP = 2  # from a dual ray where there is one, then reduced

Progress = Callable[[float, float], None]  # called with (incumbent value, proven bound) of the running solve


class Session:
    """One model held by HiGHS. Objectives are maximised; minimising is maximising the negative."""

    def __init__(self, model: CompiledModel, *, clock: Clock, threads: int = 1, seed: int = 0,
                 presolve: bool = True) -> None:  # fmt: skip
        self.model = model
        self.clock = clock
        self.nodes = 0
        self.solves = 0
        self._progress: Progress | None = None
        self._lower, self._upper = model.column_lower.copy(), model.column_upper.copy()
        self._columns = np.arange(len(model.variables))  # columns and rows of the model that the solver holds
        self._rows = np.arange(len(model.row_lower))
        self._solver = highspy.Highs()
        # Not output_flag: without it HiGHS does not report progress either.
        for name, value in (("log_to_console", False), ("threads", threads), ("random_seed", seed),
                            ("mip_rel_gap", 0.0), ("mip_feasibility_tolerance", 1e-7)):  # fmt: skip
            self._set(name, value)
        if not presolve:  # on small models its restarts cost more than the search
            self._set("presolve", "off")
        self._pass_model()
        self._solver.cbMipInterrupt += self._on_check
        self._solver.cbSimplexInterrupt += self._on_check
        self._solver.cbMipLogging += self._on_log

    def maximise(self, objective: Linear, *, absolute_gap: float = 1e-6, relaxed: bool = False,
                 start: np.ndarray | None = None, progress: Progress | None = None) -> Outcome:  # fmt: skip
        """Maximise a linear function over the model, or over its LP relaxation if `relaxed`.

        `absolute_gap` is in the unit of the objective. The proven bound is valid in every status.
        """
        if not np.isfinite(objective.coefficients).all():
            raise ValueError("an objective must be finite")  # HiGHS would neither stop nor say so
        count = len(self._columns)
        self._solver.changeColsCost(count, np.arange(count, dtype=np.int32), objective.coefficients[self._columns])
        self._solver.changeObjectiveOffset(objective.constant)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self._set("solve_relaxation", relaxed)
        self._set("mip_abs_gap", max(absolute_gap, 1e-12))
        self._set("time_limit", max(self.clock.left_s, 1e-3))
        if start is not None and not relaxed:
            solution = highspy.HighsSolution()
            solution.col_value = start[self._columns].tolist()
            self._solver.setSolution(solution)
        self._progress = progress
        self._solver.run()
        self.solves += 1
        return self._outcome(relaxed or not self.model.integer.any())

    def row_duals(self) -> np.ndarray:
        """Dual values of the rows of the last LP, such that objective - matrix' @ duals are the reduced costs."""
        duals = np.zeros(len(self.model.row_lower))
        duals[self._rows] = self._solver.getSolution().row_dual
        return duals

    def conflict(self) -> tuple[list[str], list[str]]:
        """Names of rows and columns of a small infeasible part of the last LP, found infeasible; none if not known."""
        self._set("iis_strategy", _IIS_FROM_LP)
        status, found = self._solver.getIis()
        if status != highspy.HighsStatus.kOk or not found.valid_:
            return [], []
        rows = [self.model.row_names[self._rows[i]] for i in found.row_index_]
        columns = [self.model.variables[self._columns[i]].name for i in found.col_index_]
        return rows, columns

    def set_columns(self, columns: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """Change the bounds of some columns (indices [k], lower [k], upper [k])."""
        self._lower[columns], self._upper[columns] = lower, upper
        held = self._columns.astype(np.int32)
        self._solver.changeColsBounds(
            len(held), np.arange(len(held), dtype=np.int32), self._lower[held], self._upper[held]
        )

    def hold(self, columns: np.ndarray, rows: np.ndarray) -> None:
        """Give the solver only some columns and rows of the model; columns left out are zero.

        The basis of the last LP is kept for what stays.
        """
        basis = self._solver.getBasis()
        column_status, row_status = dict(zip(self._columns.tolist(), basis.col_status, strict=False)), dict(
            zip(self._rows.tolist(), basis.row_status, strict=False)
        )
        known = basis.valid
        self._columns, self._rows = columns, rows
        self._pass_model()
        if known:
            fresh = highspy.HighsBasis()
            at_lower, basic = highspy.HighsBasisStatus.kLower, highspy.HighsBasisStatus.kBasic
            fresh.col_status = [column_status.get(c, at_lower) for c in columns.tolist()]
            fresh.row_status = [row_status.get(r, basic) for r in rows.tolist()]
            self._solver.setBasis(fresh)

    def _pass_model(self) -> None:
        self._solver.passModel(_highs_model(self.model, self._columns, self._rows, self._lower, self._upper))

    def add_upper_row(self, objective: Linear, upper: float) -> None:
        """Add the row `objective <= upper`."""
        weights = objective.coefficients[self._columns]
        nonzero = np.flatnonzero(weights).astype(np.int32)
        self._solver.addRow(-highspy.kHighsInf, upper - objective.constant, len(nonzero), nonzero, weights[nonzero])

    def _set(self, name: str, value: bool | float | int | str) -> None:
        # A refused option is silent in HiGHS, so every one is checked.
        if self._solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise RuntimeError(f"HiGHS refused the option {name}={value}")

    def _on_check(self, event: highspy.highs.HighsCallbackEvent) -> None:
        if self.clock.halted:
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
        columns = np.zeros(len(self.model.variables))
        columns[self._columns] = self._solver.getSolution().col_value
        return Outcome(OPTIMAL if optimal else FEASIBLE, columns, value, max(bound, value), nodes)


def _highs_model(model: CompiledModel, columns: np.ndarray, rows: np.ndarray, lower: np.ndarray,
                 upper: np.ndarray) -> highspy.HighsLp:  # fmt: skip
    """The part of a model that has these columns and rows, with the present bounds of the columns."""
    whole = len(columns) == model.matrix.shape[1] and len(rows) == model.matrix.shape[0]
    lp, matrix = highspy.HighsLp(), model.matrix if whole else model.matrix[rows][:, columns].tocsr()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.row_lower_, lp.row_upper_ = model.row_lower[rows], model.row_upper[rows]
    lp.col_lower_, lp.col_upper_ = lower[columns], upper[columns]
    lp.col_cost_ = np.zeros(matrix.shape[1])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    integer, continuous = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [integer if entry else continuous for entry in model.integer[columns]]
    return lp
