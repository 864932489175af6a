"""Cut the curves of a configuration over its size into segments on which everything is affine.

A curve is known at grid points (counts of deployment units). Between two neighbouring grid points the chord is
the model. Segments join neighbouring cells as long as the chord stays within the tolerance at every grid point
inside; cells that another configuration beats in every quantity are dropped first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DEFAULT_TOLERANCE = 1e-3
_COMPARISON_SLACK = 1e-12
_FEW = 64  # configurations compared with each other all at once


@dataclass(frozen=True)
class Segment:
    """Grid indices of the first and the last point of a segment (equal for a single point)."""

    first: int
    last: int


def size_grid(lower: int, upper: int, jumps: np.ndarray, *, points: int = 64) -> np.ndarray:
    """Counts of deployment units at which curves are tabulated.

    Geometric from `lower` to `upper`, and both sides of every jump (a jump at J means that J and J + 1 differ
    in kind). Returns increasing integers [points]; a single one if lower equals upper.
    """
    if lower > upper:
        raise ValueError(f"lower {lower} exceeds upper {upper}")
    smooth = np.geomspace(max(lower, 1), max(upper, 1), points)
    sides = np.concatenate([jumps, jumps + 1]) if len(jumps) else np.array([], dtype=int)
    grid = np.unique(np.concatenate([[lower, upper], np.round(smooth), sides]).astype(int))
    return grid[(grid >= lower) & (grid <= upper)]


def surviving_cells(curves: np.ndarray, visible: np.ndarray, hourly: np.ndarray | None = None) -> np.ndarray:
    """Which cells of which configurations no other configuration dominates.

    curves [configurations x quantities x grid], smaller is better in every quantity; visible [configurations x grid]
    marks the points at which a configuration exists. A cell (between two neighbouring points; the point itself if
    the grid has one) is dropped only if one other configuration is no worse in every quantity at both ends:
    both are affine inside the cell, so it is then no worse everywhere in it. Of equals the first is kept.
    `hourly` [configurations x hours x grid] are further quantities, looked at only where all others agree.
    Returns [configurations x cells] of bool.
    """
    ends = _cell_values(curves)  # [configurations x quantities*2 x cells]
    hours = None if hourly is None else _cell_values(hourly)
    exists = visible[:, :-1] & visible[:, 1:] if visible.shape[1] > 1 else visible
    if hours is None and len(ends) <= _FEW:
        return exists & ~_beaten(ends, exists)
    alive = exists.copy()
    for cell in range(ends.shape[2]):
        here = np.flatnonzero(exists[:, cell])
        if len(here) == 0:
            continue
        alive[here, cell] = _undominated(ends[here, :, cell], None if hours is None else hours[here, :, cell])
    return alive


def _cell_values(curves: np.ndarray) -> np.ndarray:
    if curves.shape[2] == 1:
        return curves
    return np.concatenate([curves[:, :, :-1], curves[:, :, 1:]], axis=1)


def _beaten(ends: np.ndarray, exists: np.ndarray) -> np.ndarray:
    """Which cells [configurations x cells] some other configuration is no worse than, all cells at once.

    `ends` [configurations x quantities x cells]. Of equals the one of the better sum beats the other.
    """
    values = np.where(exists[:, None, :], ends, np.inf)
    size = np.max(np.abs(ends), axis=0, where=exists[:, None, :], initial=0.0)
    slack = _COMPARISON_SLACK * size
    no_worse = np.ones((len(ends), len(ends), ends.shape[2]), dtype=bool)  # row i no worse than row j
    for quantity in range(ends.shape[1]):
        here = values[:, quantity]
        no_worse &= here[:, None] <= here[None, :] + slack[quantity]
    sums = np.where(exists, (ends / (size + 1e-300)).sum(axis=1), np.inf)
    number = np.arange(len(ends))[:, None]
    first = (sums[:, None] < sums[None, :]) | ((sums[:, None] == sums[None, :]) & (number < number.T)[:, :, None])
    beats = no_worse & exists[:, None] & exists[None, :] & (first | ~no_worse.swapaxes(0, 1))
    return np.asarray(beats.any(axis=0))


def _undominated(values: np.ndarray, hours: np.ndarray | None) -> np.ndarray:
    """Rows of values [rows x quantities] that no other row is no worse than; of equal rows one stays."""
    slack = _COMPARISON_SLACK * np.abs(values).max(axis=0, initial=0.0)
    alive = np.ones(len(values), dtype=bool)
    # Best sums first: a row can only be dominated by one with a sum that is no larger.
    for row in np.lexsort((np.arange(len(values)), (values / (np.abs(values).max(axis=0) + 1e-300)).sum(axis=1))):
        if not alive[row]:
            continue
        worse = alive & (values[row] <= values + slack).all(axis=1)
        worse[row] = False
        if hours is not None and worse.any():
            candidates = np.flatnonzero(worse)
            worse[candidates] = (hours[row] <= hours[candidates] * (1.0 + _COMPARISON_SLACK)).all(axis=1)
        alive &= ~worse
    return alive


def join_cells(grid: np.ndarray, curves: np.ndarray, alive: np.ndarray, tolerance: float) -> list[Segment]:
    """Segments of one configuration: runs of living cells joined while chords stay within the tolerance.

    grid [points], curves [quantities x points], alive [cells]. The deviation of the chord is measured relative to
    the value at every grid point inside, for every quantity.
    """
    if len(grid) == 1:
        return [Segment(0, 0)] if alive[0] else []
    segments, start = [], 0
    while start < len(alive):
        if not alive[start]:
            start += 1
            continue
        run_end = start + int(np.argmin(alive[start:])) if not alive[start:].all() else len(alive)
        last = _farthest(grid, curves, start, run_end, tolerance)
        segments.append(Segment(start, last))
        start = last
    return segments


def _farthest(grid: np.ndarray, curves: np.ndarray, start: int, limit: int, tolerance: float) -> int:
    """Largest end point (found by galloping, then bisection) whose chord from `start` is within the tolerance."""
    good, step = start + 1, 2
    while good < limit and _fits(grid, curves, start, min(start + step, limit), tolerance):
        good = min(start + step, limit)
        step *= 2
    low, high = good, min(start + step, limit)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _fits(grid, curves, start, middle, tolerance) else (low, middle)
    return low


def _fits(grid: np.ndarray, curves: np.ndarray, start: int, end: int, tolerance: float) -> bool:
    inside = slice(start, end + 1)
    share = (grid[inside] - grid[start]) / (grid[end] - grid[start])
    chord = curves[:, start, None] * (1.0 - share) + curves[:, end, None] * share
    return bool((np.abs(chord - curves[:, inside]) <= tolerance * np.abs(curves[:, inside]) + 1e-15).all())
