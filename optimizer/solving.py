"""Solve an instance: tabulate, build, optimise, polish, check, report. The one entry to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exasite.assemble import assemble, excess, with_bound_of, without_design
from exasite.design import SolvedDesign, read_design
from exasite.formulation import BuiltModel, build
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.instance.schema import Instance
from exasite.models.units import HOURS_PER_YEAR
from exasite.models.workload import flop_per_token
from exasite.objectives import Optimum, optimise
from exasite.options import Options
from exasite.pricing import PricedSession
from exasite.result import Result
from exasite.segments import DEFAULT_TOLERANCE
from exasite.session import INFEASIBLE, NO_SOLUTION, Clock, Session, Stopped
from exasite.setting import Setting, accelerators_for, date_after, setting, workload_for
from exasite.tabulate import Days, Tabulator

DEFAULT_GAP = 1e-3
DEFAULT_TIME_LIMIT_S = 600.0
_SEES_CAPEX = ("efficiency", "exaflops_per_capex", "capex")

MORE_DAYS = Days(12, 4)  # where the design of few days does not hold over the whole year
_MOST_TIGHTENINGS = 4

Tell = Callable[[str, float | None, float | None], None]
Progress = Callable[[str, float | None, float | None, float], None]  # (stage, value, bound, elapsed seconds)


@dataclass(frozen=True)
class SolveOptions:
    """How hard to try: time limit [s], relative gap, tolerance of the segments, threads and seed of the solver."""

    time_limit_s: float = DEFAULT_TIME_LIMIT_S
    gap: float = DEFAULT_GAP
    tolerance: float = DEFAULT_TOLERANCE
    threads: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Run:
    """Everything about how a result came to be, for its `solver` block."""

    options: SolveOptions
    seconds: float
    build_seconds: float
    nodes: int
    iterations: int
    configurations: int
    segments: int
    dropped: int


def solve(
    source: str | Path | Mapping[str, Any] | Instance | LoadedInstance,
    sets: Sequence[str] = (),
    *,
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
    gap: float = DEFAULT_GAP,
    threads: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Result:
    """Best design for an instance, with its proven gap.

    `source` is a shipped name, a TOML file, a dictionary or an Instance; `sets` are "path=value" overrides.
    A time limit, an interruption (Ctrl-C) and an infeasible question are statuses of the result, not exceptions.
    Raises InputError with every problem of the input, and ValueError for options out of range.
    """
    if not (time_limit_s > 0 and gap > 0 and threads >= 1):
        raise ValueError("expected a time limit and a gap above 0, and at least one thread")
    loaded = source if isinstance(source, LoadedInstance) else load_instance(source, sets)
    how = SolveOptions(time_limit_s=time_limit_s, gap=gap, threads=threads, seed=seed)
    clock = Clock(time_limit_s)
    with clock.catching_interrupts():
        return _solve(loaded, how, clock, progress)


def _solve(loaded: LoadedInstance, how: SolveOptions, clock: Clock, progress: Progress | None) -> Result:
    """Solve on few representative days; where the whole year breaks a limit or leaves load unserved, on more."""
    context, tell = setting(loaded), _teller(progress, clock)
    result = _attempt(context, how, clock, tell, None, loaded.instance)
    if result.totals is None or not result.message or clock.stopped:
        return result
    finer = _attempt(context, how, clock, tell, MORE_DAYS, loaded.instance)
    if finer.status == "no_design":  # the time is up: what is known so far, with what is wrong with it
        return result
    return _kept_over_the_year(context, how, clock, tell, finer)


def _kept_over_the_year(context: Setting, how: SolveOptions, clock: Clock, tell: Tell, result: Result) -> Result:
    """Tighten the limits that only the whole year breaks until it keeps them, too.

    Such a design is feasible; the bound is that of the untightened question, so the gap says what is not proven.
    """
    best, instance = result, context.loaded.instance
    for _ in range(_MOST_TIGHTENINGS):
        if best.totals is None or clock.stopped:
            break
        factors = excess(context.loaded.instance.limit, best.totals)
        if not factors:
            break
        given = instance.limit.model_dump()
        tighter = {key: given[key] / factor for key, factor in factors.items()}
        instance = instance.model_copy(update={"limit": instance.limit.model_copy(update=tighter)})
        found = _attempt(context, how, clock, tell, MORE_DAYS, instance)
        if found.totals is None:
            break
        best = found
    return best if best is result else with_bound_of(best, result)


def _attempt(context: Setting, how: SolveOptions, clock: Clock, tell: Tell, days: Days | None,
             instance: Instance) -> Result:  # fmt: skip
    """One solve on given representative days (None: as few as the question needs) with the limits of `instance`."""
    tell("tabulating the physics", None, None)
    tabulator = Tabulator(context, how.tolerance, clock, days)
    watch = _Watch(how, tabulator, clock)
    try:
        options = tabulator.options()
    except Stopped:
        return without_design(context, NO_SOLUTION, None, watch.run(), "")
    watch.segments = sum(len(site.segments) for site in options.sites)
    if watch.segments == 0:
        return without_design(context, INFEASIBLE, None, watch.run(), _nothing_fits(context))
    tell("building the model", None, None)
    model = build(instance, options, hours_per_year=HOURS_PER_YEAR, flop_per_token=_flop_per_token(context))
    session = PricedSession(model.compiled, model.choices, clock=clock, threads=how.threads, seed=how.seed)
    watch.built(session)
    optimum = optimise(
        session, model.compiled.quantities, instance, gap=how.gap, life_years=context.terms.life_it_years,
        hours_per_year=HOURS_PER_YEAR, progress=lambda value, bound: tell("solving", value, bound),
    )  # fmt: skip
    if optimum.columns is None:
        return without_design(context, optimum.status, optimum, watch.run(optimum), "")
    tell("checking", optimum.value, optimum.bound)
    columns = _polished(session, model, instance, optimum.columns)
    design = _loaded_design(model, options, context, columns)
    return assemble(context, design, optimum, watch.run(optimum))


@dataclass
class _Watch:
    """Counts and times of an attempt, for the `solver` block of its result."""

    how: SolveOptions
    tabulator: Tabulator
    clock: Clock
    segments: int = 0
    build_seconds: float = 0.0
    session: Session | None = None

    def built(self, session: Session) -> None:
        self.session, self.build_seconds = session, self.clock.elapsed_s

    def run(self, optimum: Optimum | None = None) -> Run:
        return Run(
            options=self.how,
            seconds=self.clock.elapsed_s,
            build_seconds=self.build_seconds,
            nodes=self.session.nodes if self.session else 0,
            iterations=optimum.iterations if optimum else 0,
            configurations=self.tabulator.configurations,
            segments=self.segments,
            dropped=self.tabulator.dropped,
        )


def _loaded_design(model: BuiltModel, options: Options, context: Setting, columns: np.ndarray) -> SolvedDesign:
    model.compiled.load(columns)
    return read_design(model, options, context)


def _polished(session: PricedSession, model: BuiltModel, instance: Instance, columns: np.ndarray) -> np.ndarray:
    """Of all supplies that are equally good for the objective, the one with the least yearly cost.

    An objective of dollars and watts does not see fuel; without this the dispatch would be arbitrary.
    """
    compiled = model.compiled
    names = [v.name for v in compiled.variables]
    chosen = np.array([i for i, n in enumerate(names) if ".clusters[" in n or ".extra[" in n], dtype=int)
    fixed = np.round(columns[chosen])
    session.fix_columns(chosen, fixed)
    if instance.objective.kind in _SEES_CAPEX:
        capex = compiled.quantities["capex_musd"]
        session.add_upper_row(capex, capex.at(columns) * (1.0 + 1e-9))
    session.clock = Clock(max(session.clock.left_s, 10.0))  # a design is in hand: a short LP is always worth it
    cost = -1.0 * compiled.quantities["annual_cost_musd"]
    better = session.maximise_enabled(cost, absolute_gap=1e-6 * abs(cost.at(columns)), start=columns)
    return columns if better.columns is None else better.columns


def _flop_per_token(context: Setting) -> float:
    chips = [chip for at in context.sites for chip in accelerators_for(context.loaded, at.section)]
    return flop_per_token(workload_for(context.loaded, chips[0]))


def _nothing_fits(context: Setting) -> str:
    """Why no cluster at all can be built, in words."""
    if context.ready_years > context.years_allowed:
        day = date_after(context.loaded.instance.decision_date, context.ready_years)
        return (
            f"a building with its cluster takes {12 * context.ready_years:.0f} months from the decision, to {day}: "
            "move limit.online_by or decision_date, or set catalog.schedule.facility_build.duration_weeks"
        )
    sites = ", ".join(at.section.key for at in context.sites)
    return (
        f"no allowed accelerator, interconnect and cooling fit together at the size and date asked for, or the model "
        f"does not fit in their memory ({sites}): widen [choices], the number of GPUs, or limit.online_by"
    )


def _teller(progress: Progress | None, clock: Clock) -> Tell:
    if progress is None:
        return lambda stage, value, bound: None
    return lambda stage, value, bound: progress(stage, value, bound, clock.elapsed_s)
