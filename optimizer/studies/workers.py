"""Who solves: the work on one scenario, and lanes that hand scenarios to a thread, a process or a Dask worker.

A lane solves one scenario at a time with one workbench that it keeps. All lanes look the same to the engine.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.context import BaseContext
from typing import Any, Protocol

from exasite.errors import InputError, printable
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.result import Result
from exasite.session import Clock
from exasite.studies.base import Change, changed
from exasite.studies.records import record_of
from exasite.studies.store import FAILED, Outcome

_LONGEST_REASON = 500


class Bench(Protocol):
    """What solves variants one after the other: `exasite.workbench.Workbench`, or a stand-in."""

    def solve(self, loaded: LoadedInstance, *, time_limit_s: float = 600.0) -> Result: ...


@dataclass(frozen=True)
class Work:
    """What all scenarios of a study share: the base's data, how well and how long to solve, and on which bench.

    `make_bench` is called with (gap, seed, clock) once in each worker; it must be importable there.
    """

    data: Mapping[str, Any]
    gap: float
    time_limit_s: float
    seed: int
    make_bench: Callable[[float, int, Clock | None], Bench]


@dataclass(frozen=True)
class Task:
    """One scenario to solve: the key of its complete input, and its changes of the base."""

    key: str
    changes: tuple[Change, ...]


class Worker:
    """One workbench and its work. Not for two threads at once."""

    def __init__(self, work: Work, clock: Clock | None = None) -> None:
        self._work = work
        self._bench = work.make_bench(work.gap, work.seed, clock)

    def run(self, task: Task) -> Outcome:
        """Solve a scenario. Whatever goes wrong is its outcome, not an exception."""
        started = time.monotonic()
        record: dict[str, Any]
        try:
            loaded = load_instance(changed(self._work.data, task.changes))
            result = self._bench.solve(loaded, time_limit_s=self._work.time_limit_s)
            status, reason, record = str(result.status), result.message, record_of(result)
        except InputError as error:
            status, reason, record = "bad_input", "; ".join(str(p) for p in error.problems), {}
        except Exception as error:
            status, reason, record = FAILED, f"{type(error).__name__}: {error}", {}
        reason = printable(reason)[:_LONGEST_REASON]
        return Outcome(task.key, status, reason, record, time.monotonic() - started)


# The worker of this process, if it is one of a pool or of a Dask cluster.
_here: dict[int, Worker] = {}
_lock = threading.Lock()


def _start(work: Work) -> None:
    """Begin a worker process: deaf to Ctrl-C, which is the parent's to handle, and gone when the parent is gone."""
    with contextlib.suppress(AttributeError):  # no such call on Windows
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _here[0] = Worker(work)


def _context() -> BaseContext:
    """How worker processes begin: forked from a server that has imported everything and solved nothing, else spawned.

    A fork after a solve hangs, so that this process is never forked.
    """
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["exasite.studies.warm"])
    return context


def _get_ready() -> None:
    """Import what every search needs, so that the first scenario does not wait for it."""
    import exasite.workbench  # noqa: F401


def _end_with_parent() -> None:
    import os

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_here(task: Task) -> Outcome:
    return _here[0].run(task)


def run_anywhere(work_id: int, work: Work, task: Task) -> Outcome:
    """Solve a scenario in a Dask worker, which keeps its workbench from task to task, one scenario at a time."""
    with _lock:
        if work_id not in _here:
            _here.clear()  # of an earlier study
            _here[work_id] = Worker(work)
        return _here[work_id].run(task)


class Lane(ABC):
    """One worker. `submit` hands it a scenario; `restart` replaces it when it has died."""

    @abstractmethod
    def submit(self, task: Task) -> Future[Outcome]:
        """Hand over a scenario."""

    def restart(self) -> None:  # noqa: B027
        """Nothing that can die here."""

    @abstractmethod
    def close(self, at_once: bool = False) -> None:
        """End the worker; `at_once`: whatever it is doing."""


class ThreadLane(Lane):
    """A thread of this process: no start-up, for one worker. The clock ends its search."""

    def __init__(self, work: Work, clock: Clock) -> None:
        self._worker = Worker(work, clock)
        self._pool: Executor = ThreadPoolExecutor(1)

    def submit(self, task: Task) -> Future[Outcome]:
        return self._pool.submit(self._worker.run, task)

    def close(self, at_once: bool = False) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


class ProcessLane(Lane):
    """A process of its own."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(1, mp_context=_context(), initializer=_start, initargs=(self._work,))
        pool.submit(_get_ready)  # starts while the study is still being read
        return pool

    def submit(self, task: Task) -> Future[Outcome]:
        return self._pool.submit(_run_here, task)

    def restart(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._new_pool()

    def close(self, at_once: bool = False) -> None:
        processes = list((getattr(self._pool, "_processes", None) or {}).values()) if at_once else []
        for process in processes:
            process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
