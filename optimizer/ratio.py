"""Exact optimisation of ratios with integers, by Dinkelbach's method, with a certified bound on the ratio.

maximise P / D, both linear and D > 0: maximise P - lambda D, set lambda = P / D of the solution, repeat.
If a solve proves P - lambda D <= B for every feasible point, then P / D <= lambda + B / D for each of them,
so lambda + B / D_min (B >= 0) or lambda + B / D_max (B < 0) bounds the ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from exasite.compiled import Linear
from exasite.session import FEASIBLE, INFEASIBLE, NO_SOLUTION, OPTIMAL, UNBOUNDED, Session

_MAX_ITERATIONS = 60
_RELAXED_TOLERANCE = 1e-9

RatioProgress = Callable[[float, float], None]  # called with (best ratio, proven bound of the ratio)


@dataclass(frozen=True)
class RatioOutcome:
    """Best solution found, its ratio, and a proven upper bound on the ratio of any solution."""

    status: str
    columns: np.ndarray | None
    ratio: float
    bound: float
    iterations: int

    @property
    def gap(self) -> float:
        """Relative distance between bound and ratio; infinite without a solution or bound."""
        if self.columns is None or not np.isfinite(self.bound) or self.ratio <= 0:
            return np.inf
        return max(self.bound / self.ratio - 1.0, 0.0)


@dataclass(frozen=True)
class Range:
    """Smallest and largest value a denominator takes over the LP relaxation."""

    lower: float
    upper: float


def denominator_range(session: Session, denominator: Linear) -> Range | None:
    """Range of a linear function over the relaxation; None if the relaxation is infeasible."""
    low = session.maximise(-1.0 * denominator, relaxed=True)
    if low.status == INFEASIBLE:
        return None
    high = session.maximise(denominator, relaxed=True)
    return Range(-low.value if low.status == OPTIMAL else 0.0, high.value if high.status == OPTIMAL else np.inf)


def maximise_ratio(session: Session, numerator: Linear, denominator: Linear, *, gap: float,
                   start: np.ndarray | None = None, limits: Range | None = None, bound: float | None = None,
                   progress: RatioProgress | None = None) -> RatioOutcome:  # fmt: skip
    """Maximise numerator / denominator to a proven relative gap.

    `start` is a feasible point to warm-start from; `limits` the known range of the denominator and `bound` the
    ratio of the relaxation (both computed if absent). Returns the best ratio and a valid bound in every case,
    also at a time limit or interruption.
    """
    limits = limits or denominator_range(session, denominator)
    if limits is None:
        return RatioOutcome(INFEASIBLE, None, -np.inf, -np.inf, 0)
    if bound is None:
        bound = relaxed_bound(session, numerator, denominator, start, limits)
    best, ratio = start, (numerator.at(start) / denominator.at(start) if start is not None else -np.inf)
    guess = ratio if best is not None else bound
    if not np.isfinite(guess):
        guess = 0.0
    for iteration in range(1, _MAX_ITERATIONS + 1):
        if best is not None and bound <= ratio * (1.0 + gap):
            return RatioOutcome(OPTIMAL, best, ratio, bound, iteration - 1)
        if session.clock.stopped:
            break
        tolerance = 0.5 * gap * abs(guess) * max(limits.lower, 1e-9)
        outcome = session.maximise(
            numerator - guess * denominator, absolute_gap=tolerance, start=best,
            progress=_translated(progress, ratio, bound, guess, limits),
        )  # fmt: skip
        if outcome.status == INFEASIBLE:
            return RatioOutcome(INFEASIBLE, None, -np.inf, -np.inf, iteration)
        bound = min(bound, _ratio_bound(guess, outcome.bound, limits))
        found = None if outcome.columns is None else numerator.at(outcome.columns) / denominator.at(outcome.columns)
        improved = found is not None and found > ratio * (1.0 + 1e-12)
        if improved and found is not None:
            best, ratio = outcome.columns, found
        if progress is not None and best is not None:
            progress(ratio, bound)
        if outcome.status in (NO_SOLUTION, UNBOUNDED) or (not improved and guess == ratio):
            break
        guess = ratio
    if best is None:
        return RatioOutcome(NO_SOLUTION, None, -np.inf, bound, session.solves)
    return RatioOutcome(OPTIMAL if bound <= ratio * (1.0 + gap) else FEASIBLE, best, ratio, bound, iteration)


def relaxed_bound(session: Session, numerator: Linear, denominator: Linear, start: np.ndarray | None,
                  limits: Range) -> float:  # fmt: skip
    """Ratio of the LP relaxation (Dinkelbach on the relaxation): a first bound at the price of a few LPs."""
    guess, bound = numerator.at(start) / denominator.at(start) if start is not None else 0.0, np.inf
    for _ in range(_MAX_ITERATIONS):
        outcome = session.maximise(numerator - guess * denominator, relaxed=True)
        if outcome.status != OPTIMAL or outcome.columns is None:
            break
        size = denominator.at(outcome.columns)
        if size <= 0:
            break
        bound = min(bound, _ratio_bound(guess, max(outcome.bound, 0.0), limits) + _RELAXED_TOLERANCE * abs(guess))
        ratio = numerator.at(outcome.columns) / size
        if ratio <= guess or bound <= guess * (1.0 + 2.0 * _RELAXED_TOLERANCE):
            break
        guess = ratio
    return bound


def _ratio_bound(guess: float, bound: float, limits: Range) -> float:
    """Bound on the ratio that follows from `numerator - guess * denominator <= bound`."""
    if not np.isfinite(bound):
        return np.inf
    if bound >= 0:
        return guess + bound / max(limits.lower, 1e-9)
    return guess + (bound / limits.upper if np.isfinite(limits.upper) else 0.0)


def _translated(progress: RatioProgress | None, ratio: float, bound: float, guess: float,
                limits: Range) -> Callable[[float, float], None] | None:  # fmt: skip
    """Progress of a running solve, in terms of the ratio."""
    if progress is None:
        return None

    def report(primal: float, dual: float) -> None:
        if np.isfinite(dual) and abs(dual) < 1e20 and ratio > 0:
            progress(ratio, min(bound, _ratio_bound(guess, dual, limits)))

    return report
