"""The order in which scenarios are solved: neighbours one after the other, expensive changes seldom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from exasite.studies.axes import LevelAxis
from exasite.studies.base import parts_of
from exasite.studies.scenarios import GRID, Scenario

_LONGEST_CHAIN = 2_000  # samples linked to their nearest neighbour; more are sorted by their leading axes
_CELLS, _LEADING = 8, 3
_TERMS = ("limit", "require", "objective", "finance")  # nothing is tabulated again


def cost_of(path: str) -> int:
    """How much of what is known of a scenario a change of this path makes useless: 0 (terms) to 4 (another site)."""
    parts = parts_of(path)
    if parts[0] == "sites" and parts[-1] in ("id", "like", "weather_file"):
        return 4
    if parts[0] == "choices" or "choices" in parts:
        return 3
    if parts[0] in _TERMS:
        return 0
    return 1 if "usd" in parts[-1] or "price" in parts[-1] else 2


def ordered(scenarios: Sequence[Scenario], grid: Sequence[LevelAxis]) -> list[Scenario]:
    """Scenarios in the order of solving; those that are listed or vary one row keep theirs, behind the grid."""
    rest = [scenario for scenario in scenarios if scenario.kind != GRID]
    outermost = sorted(range(len(grid)), key=lambda i: -max(map(cost_of, grid[i].paths)))
    crossed = [scenario for scenario in scenarios if scenario.kind == GRID]
    crossed.sort(key=lambda scenario: _boustrophedon([scenario.levels[i] for i in outermost]))
    found: list[Scenario] = []
    for _, group in groupby(crossed, key=lambda scenario: scenario.levels):
        found += _chain(list(group))
    return found + rest


def _boustrophedon(levels: Sequence[int]) -> tuple[int, ...]:
    """Sort key that runs each axis forth and back: one step changes one axis by one level."""
    key: list[int] = []
    turned = 0  # steps of the outer axes so far: odd ones are run backwards
    for level in levels:
        key.append(-level if turned % 2 else level)
        turned += level
    return tuple(key)


def _chain(group: list[Scenario]) -> list[Scenario]:
    if len(group) < 3 or not group[0].shares:
        return group
    points = np.array([scenario.shares for scenario in group])
    if len(group) > _LONGEST_CHAIN:
        cells = np.floor(points[:, :_LEADING] * _CELLS).astype(int)
        order = sorted(range(len(group)), key=lambda i: (*_boustrophedon(cells[i].tolist()), *points[i]))
        return [group[i] for i in order]
    left = np.ones(len(group), dtype=bool)
    at, order = 0, [0]
    left[0] = False
    for _ in range(len(group) - 1):
        distances = np.where(left, ((points - points[at]) ** 2).sum(axis=1), np.inf)
        at = int(np.argmin(distances))
        left[at] = False
        order.append(at)
    return [group[i] for i in order]


def chunks(count: int, lanes: int, most: int = 32, least: int = 4) -> list[range]:
    """Runs of neighbours: long ones first, short ones at the end, so that all lanes end at about the same time."""
    found, start = [], 0
    while start < count:
        size = min(most, max(least, (count - start) // (2 * lanes)))
        found.append(range(start, min(start + size, count)))
        start += size
    return found
