"""Exact solves over very many choices: only the segments that can matter are ever given to the solver.

The LP relaxation is solved over a few segments, all others are priced with its duals and enabled if they would
improve it, until none does: the LP bound then holds for all. A segment whose bound (LP value plus its reduced
value) lies below a known solution cannot be in a better one; the rest, usually a handful, go to the MIP.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exasite.compiled import CompiledModel, Linear
from exasite.session import FEASIBLE, INFEASIBLE, OPTIMAL, Clock, Outcome, Progress, Session

ALL_AT_ONCE = 400  # models with fewer segments are solved as they are
_ADDED_PER_SITE = 12
_MOST_ROUNDS = 60
_HEURISTIC_PER_SITE = 4


@dataclass(frozen=True)
class Choices:
    """Where the segments are in the compiled model, arrays over segments.

    `clusters` and `extra` are columns (extra -1: a segment of one size), `link` the row extra <= width clusters,
    `group` the number of the site.
    """

    clusters: np.ndarray
    extra: np.ndarray
    link: np.ndarray
    width: np.ndarray
    group: np.ndarray

    def __len__(self) -> int:
        return len(self.clusters)


class PricedSession(Session):
    """A session that answers for all segments while the solver sees only those that can matter."""

    def __init__(
        self, model: CompiledModel, choices: Choices, *, clock: Clock, threads: int = 1, seed: int = 0,
        presolve: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(model, clock=clock, threads=threads, seed=seed, presolve=presolve)
        self.choices = choices
        self._priced = len(choices) > ALL_AT_ONCE
        self._enabled = np.full(len(choices), True)
        if self._priced:
            keep = np.ones(model.matrix.shape[0], dtype=bool)
            keep[choices.link[choices.link >= 0]] = False
            self._pricing_rows = np.flatnonzero(keep)
            self._pricing_matrix = model.matrix[self._pricing_rows].T.tocsr()
            self._enable(self._first_choices())

    def maximise(self, objective: Linear, *, absolute_gap: float = 1e-6, relaxed: bool = False,
                 start: np.ndarray | None = None, progress: Progress | None = None) -> Outcome:  # fmt: skip
        """As `Session.maximise`, over all segments."""
        if not self._priced:
            return super().maximise(
                objective, absolute_gap=absolute_gap, relaxed=relaxed, start=start, progress=progress
            )
        if start is not None:
            self._enable(self._enabled | self._used(start))
        relaxation = self._relaxation(objective)
        if relaxed or relaxation.status != OPTIMAL:
            return relaxation
        limits = relaxation.value + self._reduced(objective)
        return self._proven(objective, limits, absolute_gap, start, progress)

    def maximise_enabled(self, objective: Linear, *, absolute_gap: float, start: np.ndarray) -> Outcome:
        """Maximise over what is enabled now, without pricing: for solves in which all segments are fixed."""
        return super().maximise(objective, absolute_gap=absolute_gap, start=start)

    def fix_columns(self, columns: np.ndarray, values: np.ndarray) -> None:
        """Fix columns at values for good."""
        self.set_columns(columns, values, values)

    def _proven(self, objective: Linear, limits: np.ndarray, absolute_gap: float, start: np.ndarray | None,
                progress: Progress | None) -> Outcome:  # fmt: skip
        """MIP over the segments that a known solution leaves; without one, over a few first to get one."""
        known = objective.at(start) if start is not None else -np.inf
        candidates = limits >= known + absolute_gap
        if start is None or candidates.sum() > ALL_AT_ONCE:
            self._enable(self._best_of_each(limits) | (self._used(start) if start is not None else False))
            found = super().maximise(objective, absolute_gap=absolute_gap, start=start, progress=progress)
            if found.columns is not None and found.value > known:
                known, start = found.value, found.columns
            candidates = limits >= known + absolute_gap
        if start is not None:
            candidates = candidates | self._used(start)
        self._enable(candidates)
        outcome = super().maximise(objective, absolute_gap=absolute_gap, start=start, progress=progress)
        left_out = float(limits[~candidates].max(initial=-np.inf))
        if outcome.columns is None and start is not None:
            outcome = Outcome(FEASIBLE, start, known, outcome.bound, outcome.nodes)
        if outcome.status == INFEASIBLE and np.isfinite(left_out):
            return Outcome(FEASIBLE if start is not None else INFEASIBLE, start, known, left_out, outcome.nodes)
        return Outcome(outcome.status, outcome.columns, outcome.value, max(outcome.bound, left_out), outcome.nodes)

    def _relaxation(self, objective: Linear) -> Outcome:
        """LP relaxation over all segments by pricing."""
        for _ in range(_MOST_ROUNDS):
            outcome = super().maximise(objective, relaxed=True)
            if outcome.status == INFEASIBLE and not self._enabled.all():
                self._enable(np.full(len(self.choices), True))
                continue
            if outcome.status != OPTIMAL:
                return outcome
            reduced = self._reduced(objective)
            tolerance = 1e-9 * max(abs(outcome.value), 1e-3)
            improving = (reduced > tolerance) & ~self._enabled
            if not improving.any():
                # What is left of the tolerance may add up over the sites.
                slack = tolerance * (self.choices.group.max(initial=0) + 1)
                return Outcome(OPTIMAL, outcome.columns, outcome.value, outcome.bound + slack, outcome.nodes)
            self._enable(self._enabled | self._best_of_each(np.where(improving, reduced, -np.inf), _ADDED_PER_SITE))
        return Outcome(FEASIBLE, None, -np.inf, np.inf, 0)

    def _reduced(self, objective: Linear) -> np.ndarray:
        """Most that one cluster on each segment can add to the LP value (at most 0 where nothing improves it)."""
        duals = self.row_duals()[self._pricing_rows]
        reduced = objective.coefficients - self._pricing_matrix @ duals
        wide = self.choices.extra >= 0
        value = reduced[self.choices.clusters].copy()
        value[wide] += np.maximum(reduced[self.choices.extra[wide]], 0.0) * self.choices.width[wide]
        return value

    def _used(self, columns: np.ndarray) -> np.ndarray:
        return columns[self.choices.clusters] > 0.5

    def _best_of_each(self, values: np.ndarray, count: int = _HEURISTIC_PER_SITE) -> np.ndarray:
        """The `count` segments of largest finite value of every site."""
        chosen = np.zeros(len(self.choices), dtype=bool)
        for group in np.unique(self.choices.group):
            members = np.flatnonzero((self.choices.group == group) & np.isfinite(values))
            chosen[members[np.argsort(-values[members], kind="stable")[:count]]] = True
        return chosen

    def _first_choices(self) -> np.ndarray:
        """Segments to begin with: for each site a spread over its list, which is ordered by kind and size."""
        chosen = np.zeros(len(self.choices), dtype=bool)
        for group in np.unique(self.choices.group):
            members = np.flatnonzero(self.choices.group == group)
            chosen[members[:: max(len(members) // (4 * _ADDED_PER_SITE), 1)]] = True
        return chosen

    def _enable(self, wanted: np.ndarray) -> None:
        """Let exactly these segments be chosen; the solver does not even see the others."""
        wanted = np.asarray(wanted, dtype=bool)
        if (wanted == self._enabled).all() and len(self._columns) < len(self.model.variables):
            return
        dropped = ~wanted
        columns, rows = np.ones(len(self.model.variables), dtype=bool), np.ones(len(self.model.row_lower), dtype=bool)
        extra, link = self.choices.extra[dropped], self.choices.link[dropped]
        columns[self.choices.clusters[dropped]] = False
        columns[extra[extra >= 0]] = False
        rows[link[link >= 0]] = False
        self.hold(np.flatnonzero(columns), np.flatnonzero(rows))
        self._enabled = wanted.copy()
