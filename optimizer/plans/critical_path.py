"""Earliest and latest dates of tasks that wait for each other, and how much each may slip (critical path method)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

_SAME_WEEKS = 1e-6  # rounding: smaller slack is none


@dataclass(frozen=True)
class Work:
    """A task: how long it takes [weeks] and which tasks must have ended before it starts."""

    weeks: float
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """When a task can start and end at the earliest, and must at the latest [weeks from the start]."""

    start: float
    end: float
    latest_start: float
    latest_end: float

    @property
    def slack(self) -> float:
        """Weeks it may slip before a goal slips."""
        return max(0.0, self.latest_start - self.start)


def windows(tasks: Mapping[str, Work], goals: Sequence[str]) -> dict[str, Window]:
    """Earliest and latest dates of every task; a goal may not slip at all, and nothing that leads to it.

    Raises ValueError for a predecessor that does not exist, for tasks that wait for each other in a circle, and for an
    unknown goal. A task that leads to no goal may end as late as the last task of all.
    """
    unknown = sorted({a for work in tasks.values() for a in work.after if a not in tasks} | (set(goals) - set(tasks)))
    if unknown:
        raise ValueError(f"no task is called '{unknown[0]}'")
    try:
        order = tuple(TopologicalSorter({name: work.after for name, work in tasks.items()}).static_order())
    except CycleError as error:
        raise ValueError(f"tasks wait for each other in a circle: {' after '.join(error.args[1])}") from None
    start: dict[str, float] = {}
    end: dict[str, float] = {}
    for name in order:
        start[name] = max((end[before] for before in tasks[name].after), default=0.0)
        end[name] = start[name] + tasks[name].weeks
    last = max(end.values(), default=0.0)
    latest = dict.fromkeys(tasks, math.inf) | {goal: end[goal] for goal in goals}
    _backwards(tasks, order, latest)
    aside = {name: tasks[name] for name in tasks if math.isinf(latest[name])}  # lead to no goal, and hold up none
    late = dict.fromkeys(aside, last)
    _backwards(aside, [name for name in order if name in aside], late)
    latest |= late
    return {name: Window(start[name], end[name], latest[name] - tasks[name].weeks, latest[name]) for name in tasks}


def _backwards(tasks: Mapping[str, Work], order: Sequence[str], latest: dict[str, float]) -> None:
    """Bring the latest ends forward so that every task that waits can still start in time."""
    for name in reversed(order):
        for before in tasks[name].after:
            if before in latest:
                latest[before] = min(latest[before], latest[name] - tasks[name].weeks)


def critical_path(tasks: Mapping[str, Work], found: Mapping[str, Window], goal: str) -> tuple[str, ...]:
    """Tasks without slack from the first to `goal`: each starts when the one before it ends."""
    path = [goal]
    while True:
        ends = [b for b in tasks[path[0]].after if abs(found[b].end - found[path[0]].start) <= _SAME_WEEKS]
        if not ends:
            return tuple(path)
        path.insert(0, max(ends, key=lambda name: (tasks[name].weeks, name)))


def is_critical(window: Window) -> bool:
    return window.slack <= _SAME_WEEKS
