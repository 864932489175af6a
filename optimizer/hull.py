"""The efficiency P / (C^w W^(1-w)), exactly: a search over the lower convex hull of attainable (C/P, W/P).

u^w v^(1-w) is concave, so its minimum over the attainable points is at a corner of their lower convex hull,
and each corner minimises some w1 u + w2 v: one ratio problem. Every such problem also proves a half-plane
w1 u + w2 v >= level that holds all attainable points. The smallest value of the concave function over the
vertices of these half-planes is a bound; the search goes on at the vertex that sets it until the gap closes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from exasite.compiled import Linear
from exasite.ratio import Range, RatioOutcome, denominator_range, maximise_ratio, relaxed_bound
from exasite.session import FEASIBLE, INFEASIBLE, NO_SOLUTION, OPTIMAL, Session

_MAX_CORNERS = 60
_SLACK = 1e-9


@dataclass(frozen=True)
class Corner:
    """A hull corner: direction of the half-plane it supports, proven level, place (u, v) and its columns."""

    first_weight: float
    second_weight: float
    level: float
    first: float
    second: float
    columns: np.ndarray


@dataclass(frozen=True)
class Vertex:
    """Where two proven half-planes meet: no attainable point lies beyond it."""

    first: float
    second: float
    corners: tuple[Corner, Corner]


@dataclass(frozen=True)
class Relaxed:
    """What the LP relaxation says of a ratio: range of its denominator (None: infeasible) and a bound on it."""

    limits: Range | None
    bound: float


@dataclass(frozen=True)
class EfficiencyOutcome:
    """Best efficiency found with a proven upper bound, and the hull corners met on the way."""

    status: str
    columns: np.ndarray | None
    value: float
    bound: float
    iterations: int
    corners: tuple[Corner, ...]


@dataclass(frozen=True)
class EfficiencySearch:
    """The three linear functions of the efficiency and the weight of the first denominator."""

    session: Session
    numerator: Linear
    first: Linear
    second: Linear
    first_weight: float
    gap: float
    progress: Callable[[float, float], None] | None = None

    def run(self, start: np.ndarray | None = None) -> EfficiencyOutcome:
        """Search until the gap is proven or the clock stops; a bound is valid in every case."""
        corners: list[Corner] = []
        iterations = 0
        ends = [(denominator, self._relaxed(denominator, start)) for denominator in (self.first, self.second)]
        # Before any whole number is looked for: whoever stops the search from here on gets a bound.
        bound = ends[0][1].bound ** self.first_weight * ends[1][1].bound ** (1.0 - self.first_weight)
        for weights, (denominator, relaxed) in zip(((1.0, 0.0), (0.0, 1.0)), ends, strict=True):
            outcome = self._maximised(denominator, relaxed, self._best_start(corners, weights, start))
            iterations += outcome.iterations
            if outcome.columns is None:
                if outcome.status == INFEASIBLE:
                    return EfficiencyOutcome(INFEASIBLE, None, -np.inf, -np.inf, iterations, ())
                return self._ended(corners, bound, iterations)
            corners.append(self._corner(weights, outcome))
            bound = min(bound, self._bound(corners))
            self._report(corners, bound)
            if self.session.clock.stopped:
                return self._ended(corners, bound, iterations)
        while len(corners) < _MAX_CORNERS and bound > self._value(corners) * (1.0 + self.gap):
            if self.session.clock.stopped:
                break
            vertex = self._weakest(corners)
            if vertex is None or min(vertex.first, vertex.second) <= 0.0:  # a corner without a bound
                break
            weights = self._direction(vertex)
            outcome = self._supporting(weights, self._best_start(corners, weights, start))
            iterations += outcome.iterations
            if outcome.columns is None:
                break
            corners.append(self._corner(weights, outcome))
            bound = min(bound, self._bound(corners))
            self._report(corners, bound)
            # A half-plane that leaves the vertex standing would be found again and again.
            if weights[0] * vertex.first + weights[1] * vertex.second >= corners[-1].level * (1.0 - _SLACK):
                break
        return self._ended(corners, bound, iterations)

    def _supporting(self, weights: tuple[float, float], start: np.ndarray | None) -> RatioOutcome:
        denominator = weights[0] * self.first + weights[1] * self.second
        return self._maximised(denominator, self._relaxed(denominator, start), start)

    def _relaxed(self, denominator: Linear, start: np.ndarray | None) -> Relaxed:
        limits = denominator_range(self.session, denominator)
        if limits is None:
            return Relaxed(None, np.inf)
        return Relaxed(limits, relaxed_bound(self.session, self.numerator, denominator, start, limits))

    def _maximised(self, denominator: Linear, relaxed: Relaxed, start: np.ndarray | None) -> RatioOutcome:
        if relaxed.limits is None:
            return RatioOutcome(INFEASIBLE, None, -np.inf, -np.inf, 0)
        # A tenth of the gap: the vertices of slightly loose half-planes must not use up the whole of it.
        return maximise_ratio(
            self.session, self.numerator, denominator, gap=0.1 * self.gap, start=start, limits=relaxed.limits,
            bound=relaxed.bound,
        )  # fmt: skip

    def _place(self, columns: np.ndarray) -> tuple[float, float]:
        produced = self.numerator.at(columns)
        return self.first.at(columns) / produced, self.second.at(columns) / produced

    def _corner(self, weights: tuple[float, float], outcome: RatioOutcome) -> Corner:
        assert outcome.columns is not None  # callers stop before when there is none
        u, v = self._place(outcome.columns)
        return Corner(weights[0], weights[1], 1.0 / outcome.bound, u, v, outcome.columns)

    def _best_start(self, corners: list[Corner], weights: tuple[float, float],
                    start: np.ndarray | None) -> np.ndarray | None:  # fmt: skip
        if not corners:
            return start
        return min(corners, key=lambda c: weights[0] * c.first + weights[1] * c.second).columns

    def _product(self, u: float, v: float) -> float:
        return float(u**self.first_weight * v ** (1.0 - self.first_weight))

    def _value(self, corners: list[Corner]) -> float:
        return max(1.0 / self._product(c.first, c.second) for c in corners)

    def _vertices(self, corners: list[Corner]) -> list[Vertex]:
        """Vertices of the intersection of all proven half-planes."""
        found = []
        for a, b in combinations(corners, 2):
            determinant = a.first_weight * b.second_weight - b.first_weight * a.second_weight
            if abs(determinant) < 1e-15:
                continue
            u = (a.level * b.second_weight - b.level * a.second_weight) / determinant
            v = (a.first_weight * b.level - b.first_weight * a.level) / determinant
            if all(c.first_weight * u + c.second_weight * v >= c.level * (1.0 - _SLACK) for c in corners):
                found.append(Vertex(u, v, (a, b)))
        return found

    def _bound(self, corners: list[Corner]) -> float:
        vertices = self._vertices(corners)
        if not vertices:
            return np.inf
        smallest = min(self._product(at.first, at.second) if min(at.first, at.second) > 0 else 0.0 for at in vertices)
        return 1.0 / smallest if smallest > 0 else np.inf

    def _weakest(self, corners: list[Corner]) -> Vertex | None:
        """The vertex that sets the bound; None if the half-planes do not meet."""
        return min(self._vertices(corners), key=lambda at: self._product(at.first, at.second), default=None)

    def _direction(self, vertex: Vertex) -> tuple[float, float]:
        """Direction of the chord between the two corners whose half-planes meet in a vertex."""
        left, right = sorted(vertex.corners, key=lambda c: c.first)
        across, down = right.first - left.first, left.second - right.second
        if across > _SLACK * left.first and down > _SLACK * right.second:
            return _normalised(down, across)
        return _normalised(self.first_weight / vertex.first, (1.0 - self.first_weight) / vertex.second)

    def _report(self, corners: list[Corner], bound: float) -> None:
        if self.progress is not None:
            self.progress(self._value(corners), bound)

    def _ended(self, corners: list[Corner], bound: float, iterations: int) -> EfficiencyOutcome:
        if not corners:
            return EfficiencyOutcome(NO_SOLUTION, None, -np.inf, bound, iterations, ())
        best = min(corners, key=lambda c: self._product(c.first, c.second))
        value = 1.0 / self._product(best.first, best.second)
        status = OPTIMAL if bound <= value * (1.0 + self.gap) else FEASIBLE
        return EfficiencyOutcome(status, best.columns, value, bound, iterations, tuple(corners))


def _normalised(first: float, second: float) -> tuple[float, float]:
    total = first + second
    return first / total, second / total
