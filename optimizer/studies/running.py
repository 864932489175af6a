"""Run a study: read, resolve, solve what is missing, compare the designs, and tell it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exasite.errors import InputError, Problem
from exasite.save import writable
from exasite.session import Clock
from exasite.studies import regret
from exasite.studies.axes import RowRange, ranged_rows
from exasite.studies.base import Base, load_base
from exasite.studies.cluster import DaskCluster
from exasite.studies.engine import Crew, Engine, LocalCrew
from exasite.studies.keys import Keyed, KeyMaker
from exasite.studies.order import ordered
from exasite.studies.progress import StudyProgress
from exasite.studies.reading import StudySource, read_study
from exasite.studies.records import DEFAULT_KEYS, key_problem
from exasite.studies.sampling import require_salib
from exasite.studies.scenarios import Design, Scenario, needs_design_rows, resolve, scenarios
from exasite.studies.store import AGAIN, FAILED, FILE_NAME, Outcome, Store
from exasite.studies.tables import PENDING, table
from exasite.studies.workers import Bench, Task, Work

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used

_FOREVER_S = float("inf")
_LOOK_S = 0.25
_DESIGNED = ("optimal", "feasible")


def workbench(gap: float, seed: int, clock: Clock | None) -> Bench:
    """The bench that scenarios are solved on."""
    from exasite.workbench import Workbench

    return Workbench(gap=gap, threads=1, seed=seed, clock=clock)


@dataclass(frozen=True)
class HowToRun:
    """How a study is run. `resume` False solves everything anew; `keep_failed` leaves failed rows as they are;
    `limit` takes the first so many scenarios of the table.
    """

    workers: int = 1
    dask: str | None = None
    time_limit_s: float = 600.0
    gap: float = 1e-3
    seed: int = 0
    limit: int | None = None
    resume: bool = True
    keep_failed: bool = False
    make_bench: Callable[[float, int, Clock | None], Bench] = workbench


@dataclass(frozen=True)
class StudyRun:
    """A study that was run: its scenarios with their outcomes, its table, and what the designs would lose."""

    design: Design
    scenarios: tuple[Scenario, ...]
    outcomes: Mapping[int, Outcome]  # by position; those not solved yet are missing
    frame: pd.DataFrame
    regret: regret.RegretTable | None
    interrupted: bool
    solved: int  # in this run, without what was there before
    cached: int

    @property
    def counts(self) -> dict[str, int]:
        """Number of scenarios by status."""
        found = Counter(outcome.status for outcome in self.outcomes.values())
        if len(self.outcomes) < len(self.scenarios):
            found[PENDING] = len(self.scenarios) - len(self.outcomes)
        return dict(found)

    @property
    def exit_code(self) -> int:
        """0 all answered; 5 some stopped or failed; 3 all infeasible; 4 no design yet; 2 all bad; 1 all failed."""
        counts = self.counts
        some_design = any(counts.get(status) for status in _DESIGNED)
        if self.interrupted:
            return 5 if some_design else 4
        if len(counts) == 1:
            only = {FAILED: 1, "bad_input": 2, "infeasible": 3, "no_design": 4, PENDING: 4}
            return only.get(next(iter(counts)), 0)
        if any(counts.get(status) for status in (*AGAIN, PENDING)):
            return 5 if some_design else 4
        return 0 if some_design else 3


def read_and_resolve(source: str | Path | Mapping[str, Any]) -> tuple[StudySource, Base, Design]:
    """A study checked as far as it goes without solving: "all" rows are not known yet. Raises InputError."""
    study = read_study(source)
    base = load_base(study)
    problems = []
    for index, key in enumerate(study.study.record or ()):
        if found := key_problem(key):
            problems.append(study.problem(("record", index), f"{key}: {found[0]}", found[1]))
    try:
        design = resolve(study, base)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    if study.study.sampling.method == "saltelli" and design.sampled:
        require_salib()
    return study, base, design


def run_study(source: str | Path | Mapping[str, Any], how: HowToRun, folder: Path | None = None,
              progress: StudyProgress | None = None) -> StudyRun:  # fmt: skip
    """Run a study with its store in `folder` (None: a temporary one, so that nothing is kept).

    Raises InputError with every problem of the study, before anything is solved.
    """
    _check(how)
    study, base, _ = read_and_resolve(source)
    with _folder(folder) as place, Store(place / FILE_NAME) as store, (progress or StudyProgress()) as shown:
        clock = Clock(_FOREVER_S)
        work = Work(base.data, how.gap, how.time_limit_s, how.seed, how.make_bench)
        crew: Crew = DaskCluster(how.dask, work) if how.dask else LocalCrew(work, how.workers, clock)
        runner = _Runner(study, base, how, store, Engine(crew, store, clock), clock, shown)
        with clock.catching_interrupts():
            try:
                return runner.run()
            finally:
                runner.engine.close()


def _check(how: HowToRun) -> None:
    if not (how.time_limit_s > 0 and how.gap > 0 and how.workers >= 1 and (how.limit is None or how.limit >= 1)):
        raise ValueError("expected a time limit and a gap above 0, and at least one worker and one scenario")
    if how.dask and how.workers != 1:
        raise InputError([Problem("--workers", "has no meaning with --dask", "the cluster has its own workers")])


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        writable(folder)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="exasite-study-", ignore_cleanup_errors=True) as name:
            yield Path(name)


class _Runner:
    """One run of a study, stage by stage."""

    def __init__(self, study: StudySource, base: Base, how: HowToRun, store: Store, engine: Engine, clock: Clock,
                 progress: StudyProgress) -> None:  # fmt: skip
        self._study, self._base, self._how, self._store = study, base, how, store
        self.engine, self._clock, self._progress = engine, clock, progress
        self._keys = KeyMaker(base.data, how.gap, how.time_limit_s, how.seed)
        self._solved = self._cached = 0
        self._maximized = base.loaded.instance.objective.is_maximized
        self._fresh: set[str] = set()  # solved in this run: not to be solved again with --fresh

    def run(self) -> StudyRun:
        rows = self._design_rows() if needs_design_rows(self._study) else ()
        design = resolve(self._study, self._base, lambda: rows)
        wanted = tuple(self._limited(design))
        keyed = [self._keys.key(scenario.changes) for scenario in wanted]
        spot = {scenario.number: i for i, scenario in enumerate(wanted)}
        order = [spot[scenario.number] for scenario in ordered(wanted, design.grid)]
        self._solve("scenarios", [(keyed[i], wanted[i].changes) for i in order])
        outcomes = self._collected(keyed)
        recorded = self._study.study.record or DEFAULT_KEYS
        frame = table(wanted, tuple(recorded), outcomes.get, recorded)
        found = None if self._clock.interrupted else self._regret(wanted, outcomes)
        return StudyRun(design, wanted, outcomes, frame, found, self._clock.interrupted, self._solved, self._cached)

    def _limited(self, design: Design) -> Iterator[Scenario]:
        for scenario in scenarios(design):
            if self._how.limit is not None and scenario.number >= self._how.limit:
                return
            yield scenario

    def _design_rows(self) -> Sequence[RowRange]:
        """Rows with a range among those that the design of the base rests on. Raises InputError without a design."""
        key = f"rows-{self._keys.key(()).key}"
        known = self._store.get(key)
        if known is None:
            known = self._solved_rows(key)
            if self._clock.interrupted:  # perhaps not the best design: not to be kept
                return ()
            self._store.put(known)
        return ranged_rows(self._base, [(table, item, field) for table, item, field in known.record["rows"]])

    def _solved_rows(self, key: str) -> Outcome:
        self._progress.begin("the base design", 1, self._maximized)
        bench = self._how.make_bench(self._how.gap, self._how.seed, self._clock)
        with ThreadPoolExecutor(1) as thread:  # so that Ctrl-C is heard here
            solved = thread.submit(bench.solve, self._base.loaded, time_limit_s=self._how.time_limit_s)
            while not wait([solved], timeout=_LOOK_S).done:
                pass
        result = solved.result()
        if result.totals is None and not self._clock.interrupted:
            message = f"the rows of its design are asked for, but it has none: {result.status} {result.message}".strip()
            raise InputError([self._study.problem(("base",), message, "name the rows instead of all")])
        rows = [[row.table, row.item, row.field] for row in result.provenance.rows]
        return Outcome(key, str(result.status), "", {"rows": rows}, 0.0)

    def _solve(self, stage: str, wanted: Sequence[tuple[Keyed, Sequence[Any]]]) -> None:
        """Solve what the store does not have; each distinct key once."""
        self._progress.begin(stage, len(wanted), self._maximized)
        unique: dict[str, Task] = {}
        times: Counter[str] = Counter()
        for keyed, changes in wanted:
            times[keyed.key] += 1
            if keyed.bad is None:
                unique.setdefault(keyed.key, Task(keyed.key, tuple(changes)))
            else:
                self._progress.tell(keyed.bad, False)
        if not self._how.resume:
            self._store.forget(set(unique) - self._fresh)
        statuses = self._store.statuses(unique)
        again = (PENDING,) if self._how.keep_failed else (PENDING, *AGAIN)
        missing = {key: task for key, task in unique.items() if statuses.get(key, PENDING) in again}

        def tell(outcome: Outcome, cached: bool) -> None:
            self._solved += not cached
            self._cached += cached
            self._fresh.add(outcome.key)
            for repeat in range(times[outcome.key]):
                self._progress.tell(outcome, cached or repeat > 0)

        for outcome in self._store.outcomes(key for key in unique if key not in missing):
            tell(outcome, True)
        self.engine.run(list(missing.values()), tell, self._how.workers if not self._how.dask else 4)

    def _collected(self, keyed: Sequence[Keyed]) -> dict[int, Outcome]:
        """Outcomes by position."""
        known = {outcome.key: outcome for outcome in self._store.outcomes({k.key for k in keyed if k.bad is None})}
        found = {i: k.bad or known.get(k.key) for i, k in enumerate(keyed)}
        return {i: outcome for i, outcome in found.items() if outcome is not None}

    def _regret(self, wanted: Sequence[Scenario], outcomes: Mapping[int, Outcome]) -> regret.RegretTable | None:
        settings = self._study.study.regret
        designs, found = regret.distinct_designs(outcomes, settings.designs)
        answered = [i for i, outcome in sorted(outcomes.items()) if outcome.status in _DESIGNED]
        if len(designs) < 2:
            return None
        positions = regret.picked(answered, settings.scenarios, self._study.study.seed)
        made = regret.cells(designs, positions, outcomes, wanted, self._base)
        tried = [cell for cell in made if cell.changes is not None and not cell.own]
        keys = {cell.at: self._keys.key(cell.changes or ()) for cell in tried}
        self._solve("designs compared", [(keys[cell.at], cell.changes or ()) for cell in tried])
        if self._clock.interrupted:
            return None
        known = {o.key: o for o in self._store.outcomes({keyed.key for keyed in keys.values()})}

        def outcome_of(cell: regret.Cell) -> Outcome | None:
            return known.get(keys[cell.at].key) if cell.at in keys else None

        names = {i: wanted[i].name for i in positions}
        return regret.table(designs, found, made, outcomes, outcome_of, lambda _: self._maximized, names)
