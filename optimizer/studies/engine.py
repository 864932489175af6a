"""Hands scenarios to lanes in runs of neighbours, keeps what comes back, and survives lost workers and Ctrl-C."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import Protocol

from exasite.errors import InputError, Problem
from exasite.session import Clock
from exasite.studies.order import chunks
from exasite.studies.store import AGAIN, FAILED, Outcome, Store
from exasite.studies.workers import Lane, ProcessLane, Task, ThreadLane, Work

_AHEAD = 2  # scenarios a lane holds, so that it never waits for the next one
_LOOK_S = 0.25
_TRIES = 2  # of a scenario whose worker died
_FALSE_STARTS = 3

Tell = Callable[[Outcome, bool], None]  # an outcome, and whether another run had it ready


class Crew(Protocol):
    """Who works: lanes that are there from the start, or come later."""

    def new_lanes(self) -> list[Lane]: ...

    def close(self) -> None: ...


class LocalCrew:
    """Workers on this machine: a thread for one, a process each for more."""

    def __init__(self, work: Work, workers: int, clock: Clock) -> None:
        alone = workers == 1
        self._lanes: list[Lane] = [ThreadLane(work, clock) if alone else ProcessLane(work) for _ in range(workers)]
        self.count = workers

    def new_lanes(self) -> list[Lane]:
        lanes, self._lanes = self._lanes, []
        return lanes

    def close(self) -> None:
        """Nothing but lanes, which the engine closes."""


class Engine:
    """Runs tasks on a crew. `run` may be called several times; the lanes keep their workbenches."""

    def __init__(self, crew: Crew, store: Store, clock: Clock) -> None:
        self._crew, self._store, self._clock = crew, store, clock
        self._lanes: list[Lane] = []
        self._began = False  # whether any scenario has come back from a worker
        self._breaks = 0

    def run(self, tasks: Sequence[Task], tell: Tell, lanes_expected: int = 1) -> None:
        """Solve tasks in about their order; each outcome is stored, then told. Returns early when interrupted.

        Raises InputError if workers cannot even start.
        """
        waiting = deque(deque(tasks[i] for i in chunk) for chunk in chunks(len(tasks), lanes_expected))
        queues: dict[Lane, deque[Task]] = {lane: deque() for lane in self._lanes}
        flying: dict[Future[Outcome], tuple[Lane, Task]] = {}
        tries: Counter[str] = Counter()
        while not self._clock.interrupted:
            for lane in self._crew.new_lanes():
                self._lanes.append(lane)
                queues[lane] = deque()
            held = Counter(lane for lane, _ in flying.values())
            for lane, queue in queues.items():
                for task in self._next(queue, waiting, _AHEAD - held[lane], tell):
                    flying[lane.submit(task)] = (lane, task)
            if not flying:
                if not waiting and not any(queues.values()):
                    return
                time.sleep(_LOOK_S if not self._lanes else 0.0)
                continue
            done, _ = wait(flying, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            if self._clock.interrupted:  # what a search cut short comes up with is no answer
                return
            for future in sorted(done, key=list(flying).index):
                if future in flying:
                    self._take(future, flying, queues, tries, tell)

    def _next(self, queue: deque[Task], waiting: deque[deque[Task]], count: int, tell: Tell) -> Iterator[Task]:
        """Up to `count` tasks of a lane: its own neighbours first, then another run of them."""
        while count > 0:
            if not queue and waiting:
                queue.extend(waiting.popleft())
            if not queue:
                return
            task = queue.popleft()
            known = self._store.get(task.key)
            if known is not None and known.status not in AGAIN:  # another run was quicker
                tell(known, True)
                continue
            count -= 1
            yield task

    def _take(self, future: Future[Outcome], flying: dict[Future[Outcome], tuple[Lane, Task]],
              queues: dict[Lane, deque[Task]], tries: Counter[str], tell: Tell) -> None:  # fmt: skip
        lane, task = flying.pop(future)
        error: BaseException | None = CancelledError() if future.cancelled() else future.exception()
        if error is None:
            self._began = True
            self._keep(future.result(), tell)
            return
        # The worker died. The first scenario it held is what it was at; the others did nothing wrong.
        others = [(f, t) for f, (at, t) in flying.items() if at is lane]
        for other, _ in others:
            del flying[other]
        if not self._began:
            self._breaks += 1
            if self._breaks >= _FALSE_STARTS:
                raise _cannot_start(error)
        tries[task.key] += 1
        again = [t for _, t in others]
        if tries[task.key] < _TRIES:
            again.insert(0, task)
        else:
            reason = f"the worker died twice on it ({type(error).__name__}); out of memory?"
            self._keep(Outcome(task.key, FAILED, reason, {}, 0.0), tell)
        queues[lane].extendleft(reversed(again))
        lane.restart()

    def _keep(self, outcome: Outcome, tell: Tell) -> None:
        self._store.put(outcome)
        tell(outcome, False)

    def close(self) -> None:
        """End the lanes: at once if interrupted, for nothing they still hold is wanted."""
        for lane in self._lanes:
            lane.close(at_once=self._clock.interrupted)
        self._crew.close()


def _cannot_start(error: BaseException) -> InputError:
    message = f"the workers cannot start: {type(error).__name__}: {error}"
    fix = 'in a script, call it below if __name__ == "__main__":, or use one worker'
    return InputError([Problem("--workers", message, fix)])
