"""Solve an instance: tabulate, build, optimise, polish, check, report. The one entry to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from exasite.assemble import assemble, excess, supply_cost, with_bound_of, without_design
from exasite.design import SolvedDesign
from exasite.hourly import with_hours
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.instance.schema import Instance
from exasite.memory import Memory
from exasite.models.firmness import joint_target
from exasite.models.workload import flop_per_token
from exasite.objectives import Optimum
from exasite.one_cluster import Asked
from exasite.options import Options
from exasite.result import Result
from exasite.search import Searched, search
from exasite.segments import DEFAULT_TOLERANCE
from exasite.session import INFEASIBLE, NO_SOLUTION, Clock, Stopped
from exasite.setting import Setting, accelerators_for, date_after, setting, workload_for
from exasite.tabulate import DAYS_BUILT, DAYS_RUN, Days, Tabulator, sees_operation
from exasite.verify import CheckedSite, check_site

DEFAULT_GAP = 1e-3
DEFAULT_TIME_LIMIT_S = 600.0

YEAR_TOLERANCE = 5e-3  # of the yearly cost of supply, representative days against the year
_MOST_ROUNDS, _MOST_DAYS = 7, 96
_LEAST_YEAR_S, _MOST_YEAR_S = 20.0, 60.0  # for the run through the year: a design in hand is always checked
_DROPPED_STEP = 0.34  # of the load that may be dropped, brought back under firm power where units fail too often
_STANDBY_STEP, _LEAST_STEP = 0.95, 0.3  # how far standby is cut back where it would run longer than it may

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
    representative_days: int
    rounds: int


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
        return solve_loaded(loaded, how, clock, progress, Memory())


def solve_loaded(loaded: LoadedInstance, how: SolveOptions, clock: Clock, progress: Progress | None,
                 memory: Memory) -> Result:  # fmt: skip
    """`solve` with the clock and the memory of its caller.

    Solves on few representative days and runs the design through the year; where it fails, with more days.
    """
    context, tell = setting(loaded), _teller(progress, clock)
    effort = _Effort(Days(DAYS_RUN if sees_operation(loaded.instance) else DAYS_BUILT), None, loaded.instance)
    best = _attempt(context, how, clock, tell, effort, memory)
    loose = best
    while best.design is not None and not clock.stopped and effort.rounds < _MOST_ROUNDS:
        harder = _harder(context, effort, best)
        if harder is None:
            break
        found = _attempt(context, how, clock, tell, harder, memory)
        if found.design is None:  # the time is up, or tighter limits leave nothing: what is known so far
            break
        effort, best = harder, found
        if effort.instance.limit == loaded.instance.limit and not effort.standby_share:
            loose = found
    if best is not loose:
        return with_bound_of(best.result, loose.result)
    return best.result


@dataclass(frozen=True)
class _Effort:
    """How an attempt is made: on which days, with which availability of each kind of firm source, under which limits,
    how much standby counts beside the grid of a site, and how much of the load that may be dropped needs no firm power.
    """

    days: Days
    firm_availability: float | None
    instance: Instance
    standby_share: Mapping[str, float] = field(default_factory=dict)
    dropped_share: Mapping[str, float] = field(default_factory=dict)
    rounds: int = 1
    kinds: int = 1


@dataclass(frozen=True)
class _Attempt:
    """A result with what it rests on; without a design the other fields are empty."""

    result: Result
    design: SolvedDesign | None = None
    checked: tuple[CheckedSite, ...] = ()


def _harder(context: Setting, effort: _Effort, found: _Attempt) -> _Effort | None:
    """The next attempt for a design that the year shows to fail; None for one that keeps everything."""
    result = found.result
    changes: dict[str, Any] = {}
    assert found.design is not None and result.totals is not None  # callers check
    cost = supply_cost(found.design, [site.evaluation for site in found.checked])
    failing = [site for site in found.checked if site.worst_days and _fails(context, site)]
    short = {site.solved.setting.section.key: site.worst_days for site in failing}
    factors = excess(context.loaded.instance.limit, result.totals)
    unclean = _unclean(context, result)
    far = abs(cost.difference) > YEAR_TOLERANCE or bool(factors)
    if short or (far and effort.days.typical < _MOST_DAYS):
        changes["days"] = _more_days(effort.days, short)
    if min(site.firm_availability for site in found.checked) < context.proven_availability - 1e-9:
        kinds = max(2 * effort.kinds, *(len(_firm_kinds(site)) for site in found.checked))
        changes |= {"kinds": kinds, "firm_availability": joint_target(context.firm_availability, kinds)}
    overusing = [site for site in found.checked if _standby_overused(site)]
    overused = {site.solved.setting.section.key: _less_standby(site) for site in overusing}
    if overused:
        changes["standby_share"] = {**effort.standby_share, **overused}
    exposed = [site.solved for site in found.checked if site.outage_share > context.unserved_share]
    if exposed:
        less = {site.setting.section.key: max(0.0, site.dropped_share - _DROPPED_STEP) for site in exposed}
        changes["dropped_share"] = {**effort.dropped_share, **less}
    if not changes and (factors or unclean):
        changes["instance"] = _tighter(effort.instance, factors, unclean)
    return replace(effort, rounds=effort.rounds + 1, **changes) if changes else None


def _fails(context: Setting, site: CheckedSite) -> bool:
    share = site.evaluation.unserved_mwh / max(site.evaluation.energy_mwh, 1e-9)
    return share > context.unserved_share or site.unproven_hours > 0


def _standby_overused(site: CheckedSite) -> bool:
    return site.standby_mwh > site.standby_limit_mwh * (1.0 + 1e-9)


def _less_standby(site: CheckedSite) -> float:
    """Standby per MW of grid with which its expected use should come within its permit."""
    kinds = {s.source.id: s.source.kind for s in site.evaluation.design.supply}
    line = sum(s.capacity_mw for s in site.evaluation.design.supply if s.source.kind in ("grid", "contract"))
    used = sum(f.mw for f in site.solved.firm if kinds[f.source] == "backup")
    return used / max(line, 1e-9) * _STANDBY_STEP * max(_LEAST_STEP, site.standby_limit_mwh / site.standby_mwh)


def _firm_kinds(site: CheckedSite) -> set[str]:
    return {s.source.id for s in site.evaluation.design.supply if s.source.firm}


def _more_days(days: Days, short: Mapping[str, tuple[int, ...]]) -> Days:
    """Twice the typical days, and the days of each site on which something was short."""
    always = {key: days.always.get(key, ()) for key in {*days.always, *short}}
    always = {key: tuple(sorted({*known, *short.get(key, ())})) for key, known in always.items()}
    return Days(min(2 * days.typical, _MOST_DAYS), always)


def _unclean(context: Setting, result: Result) -> float:
    """By how much the year's share of clean energy falls short of the one asked for."""
    wanted, totals = context.loaded.instance.require.hourly_clean_share, result.totals
    if wanted is None or totals is None:
        return 0.0
    return max(0.0, wanted - totals.hourly_clean_share) if totals.hourly_clean_share < wanted - 2e-3 else 0.0


def _tighter(instance: Instance, factors: Mapping[str, float], unclean: float) -> Instance:
    """Limits that only the whole year breaks, tightened by what it breaks them.

    A design under tightened limits is feasible; the bound is that of the untightened question, so the gap says what is
    not proven. The share of clean energy on representative days is an estimate of the year's: it is calibrated.
    """
    given = instance.limit.model_dump()
    limit = instance.limit.model_copy(update={key: given[key] / factor for key, factor in factors.items()})
    require = instance.require
    if unclean > 0 and require.hourly_clean_share is not None:
        more = min(1.0, require.hourly_clean_share + unclean)
        require = require.model_copy(update={"hourly_clean_share": more})
    return instance.model_copy(update={"limit": limit, "require": require})


def _attempt(context: Setting, how: SolveOptions, clock: Clock, tell: Tell, effort: _Effort,
             memory: Memory) -> _Attempt:  # fmt: skip
    """One solve on given representative days, checked over the year."""
    tell("tabulating the physics", None, None)
    tabulator = Tabulator(
        context, how.tolerance, clock, effort.days, effort.firm_availability, effort.standby_share,
        effort.dropped_share,
    )
    watch, instance = _Watch(how, tabulator, clock, effort), effort.instance
    try:
        options = tabulator.options()
    except Stopped:
        return _Attempt(without_design(context, NO_SOLUTION, None, watch.run(), ""))
    watch.counted(options)
    if watch.segments == 0:
        return _Attempt(without_design(context, INFEASIBLE, None, watch.run(), _nothing_fits(context)))
    tell("building the model", None, None)
    found = search(
        asked_of(context, instance, options, how, clock, memory), how.gap,
        lambda value, bound: tell("solving", value, bound),
    )  # fmt: skip
    optimum = found.optimum
    watch.searched(found)
    if found.place is None:
        return _Attempt(without_design(context, optimum.status, optimum, watch.run(optimum), ""))
    tell("running the year", optimum.value, optimum.bound)
    design = found.design(context)
    result, checked = finished(context, design, optimum, watch.run(optimum), memory, clock)
    return _Attempt(result, design, checked)


def finished(context: Setting, design: SolvedDesign, optimum: Optimum, run: Run, memory: Memory,
             clock: Clock) -> tuple[Result, tuple[CheckedSite, ...]]:  # fmt: skip
    """The result of a design, run through the year and evaluated without the optimiser's model."""
    seconds = min(max(clock.left_s, _LEAST_YEAR_S), _MOST_YEAR_S)
    checked = tuple(check_site(context, site, seconds, memory) for site in design.sites)
    return with_hours(assemble(context, design, checked, optimum, run), checked), checked


@dataclass
class _Watch:
    """Counts and times of an attempt, for the `solver` block of its result."""

    how: SolveOptions
    tabulator: Tabulator
    clock: Clock
    effort: _Effort
    segments: int = 0
    days: int = 0
    build_seconds: float = 0.0
    nodes: int = 0

    def counted(self, options: Options) -> None:
        self.segments = sum(len(site.segments) for site in options.sites)
        self.days = max(len(np.unique(site.hour_days)) for site in options.sites)

    def searched(self, found: Searched) -> None:
        self.nodes, self.build_seconds = found.nodes, found.built_after_s

    def run(self, optimum: Optimum | None = None) -> Run:
        return Run(
            options=self.how,
            seconds=self.clock.elapsed_s,
            build_seconds=self.build_seconds,
            nodes=self.nodes,
            iterations=optimum.iterations if optimum else 0,
            configurations=self.tabulator.configurations,
            segments=self.segments,
            dropped=self.tabulator.dropped,
            representative_days=self.days,
            rounds=self.effort.rounds,
        )


def asked_of(context: Setting, instance: Instance, options: Options, how: SolveOptions, clock: Clock,
           memory: Memory) -> Asked:  # fmt: skip
    per_token = flop_per_token_of(context)
    return Asked(
        instance=instance, options=options, flop_per_token=per_token, life_years=context.terms.life_it_years,
        clock=clock, memory=memory, threads=how.threads, seed=how.seed,
    )  # fmt: skip


def flop_per_token_of(context: Setting) -> float:
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
