"""The lower hull of attainable (x, y) by dichotomic search: every corner, and for each the weights that choose it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from exasite.search import Place

_NEW = 1e-9  # a corner lies below the chord by more than this share
_LEXICOGRAPHIC = 1e-6  # weight of the second quantity where the first alone is asked for


@dataclass(frozen=True)
class Corner:
    """A design and its place: x and y per ExaFLOPS."""

    x: float
    y: float
    place: Place


@dataclass(frozen=True)
class Lowest:
    """Answer for one direction: the corner, and the least weighted sum that any design can have (proven)."""

    corner: Corner | None
    least: float


@dataclass(frozen=True)
class Hull:
    """Corners from least x to least y; `gap` is the largest relative distance of an edge from what is proven.

    `open_edges` were not looked below because the time was up.
    """

    corners: tuple[Corner, ...]
    gap: float
    open_edges: int
    status: str


Lookup = Callable[[float, float], Lowest]  # the corner of least wx x + wy y


def lower_hull(lowest: Lookup, stopped: Callable[[], bool], found: Callable[[int, int], None],
               *, new: float = _NEW) -> Hull:  # fmt: skip
    """All corners of the lower hull between least x and least y.

    `new`: a design counts as a corner of its own if it lies below the chord by more than this share.
    `found` is told the number of corners and of edges still to be looked below.
    """
    first = lowest(1.0, 0.0)
    if first.corner is None:
        return Hull((), math.inf, 0, "no_design" if stopped() else "infeasible")
    first = _lexicographic(lowest, first, 1.0 / first.corner.x, _LEXICOGRAPHIC / max(first.corner.y, 1e-12), stopped)
    assert first.corner is not None  # that of the first look at worst
    if first.corner.y <= 0.0:  # nothing is left to trade for
        return Hull((first.corner,), 0.0, 0, "optimal")
    last = Lowest(None, -math.inf) if stopped() else lowest(_LEXICOGRAPHIC / first.corner.x, 1.0 / first.corner.y)
    if last.corner is None:
        return Hull((first.corner,), math.inf, 1, "feasible")
    corners, gap = [first.corner, last.corner], 0.0
    left: list[tuple[Corner, Corner]] = [(first.corner, last.corner)]
    while left and not stopped():
        a, b = left.pop()
        if b.x - a.x <= _NEW * a.x or a.y - b.y <= _NEW * max(b.y, 1e-12):
            corners = [c for c in corners if c is not b] if len(corners) > 1 and b is not first.corner else corners
            continue
        wx, wy = a.y - b.y, b.x - a.x
        chord, below = wx * a.x + wy * a.y, lowest(wx, wy)
        c = below.corner
        if c is not None and wx * c.x + wy * c.y < chord * (1.0 - new) and a.x < c.x < b.x:
            corners.append(c)
            left += [(c, b), (a, c)]
        else:
            gap = max(gap, chord / below.least - 1.0 if below.least > 0 else math.inf)
        found(len(corners), len(left))
    ordered = tuple(sorted(corners, key=lambda corner: corner.x))
    return Hull(_convex(ordered), gap, len(left), "feasible" if left else "optimal")


def _lexicographic(lowest: Lookup, known: Lowest, wx: float, wy: float, stopped: Callable[[], bool]) -> Lowest:
    """Of all designs equally good in one quantity the one that is best in the other."""
    if stopped():
        return known
    better = lowest(wx, wy)
    return better if better.corner is not None else known


def _convex(corners: Sequence[Corner]) -> tuple[Corner, ...]:
    """Corners that stay corners beside each other: searched to a gap, a few may lie a little above a chord."""
    kept: list[Corner] = []
    for corner in corners:
        if kept and corner.y >= kept[-1].y * (1.0 - _NEW):
            continue
        while len(kept) > 1 and _above(kept[-2], kept[-1], corner):
            kept.pop()
        kept.append(corner)
    return tuple(kept)


def _above(a: Corner, b: Corner, c: Corner) -> bool:
    chord = a.y + (c.y - a.y) * (b.x - a.x) / (c.x - a.x)
    return b.y >= chord * (1.0 - 1e-12)


def exchange_rates(corners: Sequence[Corner]) -> list[tuple[float, float]]:
    """For each corner the least and largest r with which it has the least x + r y (r: units of x for one of y)."""
    edges = [(b.x - a.x) / (a.y - b.y) for a, b in pairwise(corners)]
    return list(zip([0.0, *edges], [*edges, math.inf], strict=True))


def weight_intervals(corners: Sequence[Corner]) -> list[tuple[float, float] | None]:
    """For each corner the weights w with which it has the least x^w y^(1-w); None: with none of them.

    The product is concave, so that not every corner of the hull is best for some weight.
    """
    found: list[tuple[float, float] | None] = []
    if any(min(corner.x, corner.y) <= 0.0 for corner in corners):
        return [None for _ in corners]
    for corner in corners:
        low, high = 0.0, 1.0
        for other in corners:
            dx, dy = math.log(corner.x / other.x), math.log(corner.y / other.y)
            slope = dx - dy  # w dx + (1 - w) dy <= 0
            if slope > 0:
                high = min(high, -dy / slope)
            elif slope < 0:
                low = max(low, -dy / slope)
            elif dy > 0:
                high = -1.0
        found.append((low, high) if low <= high else None)
    return found
