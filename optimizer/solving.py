"""Solve an instance: tabulate, build, optimise, polish, check, report. The one entry to an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exasite.assemble import assemble, without_design
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
from exasite.tabulate import Tabulator

DEFAULT_GAP = 1e-3
DEFAULT_TIME_LIMIT_S = 600.0
_SEES_CAPEX = ("efficiency", "exaflops_per_capex", "capex")

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
    started = time.monotonic()
    tell = _teller(progress, clock)
    tell("tabulating the physics", None, None)
    context = setting(loaded)
    tabulator = Tabulator(context, how.tolerance, clock)
    segments = 0

    def run(session: Session | None, optimum: Optimum | None) -> Run:
        return Run(
            options=how,
            seconds=time.monotonic() - started,
            build_seconds=built_at - started,
            nodes=session.nodes if session else 0,
            iterations=optimum.iterations if optimum else 0,
            configurations=tabulator.configurations,
            segments=segments,
            dropped=tabulator.dropped,
        )

    try:
        options = tabulator.options()
    except Stopped:
        built_at = time.monotonic()
        return without_design(context, NO_SOLUTION, None, run(None, None), "")
    segments = sum(len(site.segments) for site in options.sites)
    built_at = time.monotonic()
    if segments == 0:
        return without_design(context, INFEASIBLE, None, run(None, None), _nothing_fits(context))
    tell("building the model", None, None)
    model = build(loaded.instance, options, hours_per_year=HOURS_PER_YEAR, flop_per_token=_flop_per_token(context))
    session = PricedSession(model.compiled, model.choices, clock=clock, threads=how.threads, seed=how.seed)
    built_at = time.monotonic()
    optimum = optimise(
        session, model.compiled.quantities, loaded.instance, gap=how.gap, life_years=context.terms.life_it_years,
        hours_per_year=HOURS_PER_YEAR, progress=lambda value, bound: tell("solving", value, bound),
    )  # fmt: skip
    if optimum.columns is None:
        return without_design(context, optimum.status, optimum, run(session, optimum), "")
    tell("checking", optimum.value, optimum.bound)
    columns = _polished(session, model, loaded.instance, optimum.columns)
    design = _loaded_design(model, options, context, columns)
    return assemble(context, design, optimum, run(session, optimum))


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


def _teller(progress: Progress | None, clock: Clock) -> Callable[[str, float | None, float | None], None]:
    if progress is None:
        return lambda stage, value, bound: None
    return lambda stage, value, bound: progress(stage, value, bound, clock.elapsed_s)
