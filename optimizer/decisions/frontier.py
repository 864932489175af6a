"""The whole trade-off of a question: every design that is best for some exchange rate between two quantities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from exasite.decisions.frontier_records import AXES, Axis, Frontier, FrontierPoint
from exasite.decisions.hull import Corner, Hull, Lowest, exchange_rates, lower_hull, weight_intervals
from exasite.decisions.sketch import choices_of, prepared
from exasite.decisions.supporting import Supporting
from exasite.errors import InputError, Problem, did_you_mean
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.instance.schema import Instance
from exasite.models.units import HOURS_PER_YEAR
from exasite.objectives import Amounts, Optimum, figure
from exasite.one_cluster import Asked
from exasite.phases import lead_years
from exasite.result import Result
from exasite.search import Place, design_at
from exasite.session import FEASIBLE, OPTIMAL, Clock, Stopped
from exasite.setting import Setting, date_after, setting
from exasite.solving import Run, SolveOptions, finished
from exasite.workbench import Workbench

Progress = Callable[[str, float | None, float | None, float], None]
DATE_AXIS = "date"


def frontier(
    source: str | Path | Mapping[str, Any] | Instance | LoadedInstance,
    sets: Sequence[str] = (),
    *,
    x: str = "capex",
    y: str = "watts",
    unsupported: int = 0,
    time_limit_s: float = 600.0,
    gap: float = 1e-5,
    threads: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Frontier:
    """Every design on the lower hull of (x, y) per effective ExaFLOPS, with the exchange rates it is best for.

    Axes: capex, watts, tco, co2, water; y may be "date" (when the site works). `unsupported`: this many levels
    between any two neighbours at which the best design below is searched, too. Other arguments as of `solve`.
    Raises InputError for bad input; a time limit or Ctrl-C keeps the designs found.
    """
    problems = [
        Problem(name, f"there is no axis {axis}", did_you_mean(axis, (*AXES, DATE_AXIS)))
        for name, axis in (("x", x), ("y", y))
        if axis not in AXES and not (axis == DATE_AXIS and name == "y")
    ]
    if x == y:
        problems.append(Problem("y", "is the same as x", "choose two axes"))
    if problems:
        raise InputError(problems)
    loaded = source if isinstance(source, LoadedInstance) else load_instance(source, sets)
    clock = Clock(time_limit_s)
    bench = Workbench(gap=gap, threads=threads, seed=seed, clock=clock)
    with clock.catching_interrupts():
        if y == DATE_AXIS:
            return _by_date(loaded, bench, AXES[x], clock, progress)
        return _by_hull(loaded, bench, (AXES[x], AXES[y]), unsupported, clock, progress)


@dataclass(frozen=True)
class _Search:
    """What the points of a frontier are read with."""

    context: Setting
    asked: Asked
    axes: tuple[Axis, Axis]
    gap: float
    started_s: float

    def amounts(self, quantities: Mapping[str, float]) -> tuple[float, float]:
        """x and y of a design, in the units of the axes."""
        flops = quantities["counted_exaflops"]
        found = [self.scale(axis) * quantities[axis.quantity] / flops for axis in self.axes]
        return found[0], found[1]

    def scale(self, axis: Axis) -> float:
        return self.context.terms.life_it_years if axis.over_life else 1.0

    def corner(self, place: Place) -> Corner:
        x, y = self.amounts(design_at(place, self.asked, self.context).quantities)
        return Corner(x, y, place)


def _by_hull(loaded: LoadedInstance, bench: Workbench, axes: tuple[Axis, Axis], unsupported: int, clock: Clock,
             progress: Progress | None) -> Frontier:  # fmt: skip
    def tell(stage: str) -> None:
        if progress is not None:
            progress(stage, None, None, clock.elapsed_s)

    tell("tabulating the physics")
    try:
        ready = prepared(loaded, bench, clock)
    except Stopped:
        return _empty(loaded, axes, "no_design", clock, "stopped before a design was found")
    if ready is None:
        return _empty(loaded, axes, "infeasible", clock, "no cluster fits the question: see `exasite explain`")
    context, asked = ready
    search = _Search(context, asked, axes, bench.gap, clock.elapsed_s)
    supporting = Supporting(asked, bench.gap, tuple(axis.quantity for axis in axes))
    hull = lower_hull(
        lambda wx, wy: _lowest(search, supporting, wx, wy), lambda: clock.stopped,
        lambda found, left: tell(f"{found} designs, {left} gaps to look into"),
        new=1e-9 if asked.bounds.fixed.all() and supporting.is_finite else bench.gap,
    )  # fmt: skip
    if not hull.corners:
        words = "no design meets all requirements and limits: see `exasite explain`"
        return _empty(loaded, axes, hull.status, clock, words if hull.status == "infeasible" else "stopped too early")
    between = _unsupported(search, supporting, hull, unsupported, clock, tell)
    points = _points(search, hull, between, clock, tell)
    complete = hull.status == OPTIMAL and (not clock.stopped)
    return Frontier(
        instance=loaded.instance.name, question=loaded.instance.question, x=axes[0].id, y=axes[1].id,
        status=OPTIMAL if complete else FEASIBLE, gap=hull.gap if np.isfinite(hull.gap) else None,
        open_edges=hull.open_edges, seconds=clock.elapsed_s, points=tuple(points),
    )  # fmt: skip


def _lowest(search: _Search, supporting: Supporting, wx: float, wy: float) -> Lowest:
    """The design of least wx x + wy y, and what no design can go below."""
    x, y = search.axes
    weights = {x.quantity: wx * search.scale(x), y.quantity: wy * search.scale(y)}
    found = supporting.best(weights)
    least = 1.0 / found.bound if found.bound > 0 else 0.0
    return Lowest(None if found.place is None else search.corner(found.place), least)


def _unsupported(search: _Search, supporting: Supporting, hull: Hull, levels: int, clock: Clock,
                 tell: Callable[[str], None]) -> list[Corner]:  # fmt: skip
    """Designs that no exchange rate chooses: the least x with y below a level, for levels between neighbours."""
    x, y = search.axes
    found: list[Corner] = []
    for a, b in pairwise(hull.corners):
        for level in np.linspace(a.y, b.y, levels + 2)[1:-1]:
            if clock.stopped:
                return found
            tell(f"{len(hull.corners) + len(found)} designs, looking below {level:.4g} {y.unit}")
            below = supporting.below(y.quantity, float(level) / search.scale(y))
            best = below.best({x.quantity: search.scale(x)})
            if best.place is not None:
                found.append(replace(search, asked=below.asked).corner(best.place))
    known, kept = [*hull.corners], list[Corner]()
    for corner in sorted(found, key=lambda c: (c.x, c.y)):
        if all(corner.x < k.x * (1 - 1e-6) or corner.y < k.y * (1 - 1e-6) for k in [*known, *kept]):
            kept.append(corner)
    return kept


def _points(search: _Search, hull: Hull, between: Sequence[Corner], clock: Clock,
            tell: Callable[[str], None]) -> list[FrontierPoint]:  # fmt: skip
    rates, weights = exchange_rates(hull.corners), weight_intervals(hull.corners)
    axes_weighed = tuple(axis.id for axis in search.axes) == ("capex", "watts")
    points = []
    for number, corner in enumerate(hull.corners):
        tell(f"running the year of design {number + 1} of {len(hull.corners)}")
        points.append(_point(search, corner, clock, rates[number], weights[number] if axes_weighed else None))
    points += [_point(search, corner, clock, None, None) for corner in between]
    return sorted(points, key=lambda point: point.x)


def _point(search: _Search, corner: Corner, clock: Clock, rates: tuple[float, float] | None,
           weights: tuple[float, float] | None) -> FrontierPoint:  # fmt: skip
    design = design_at(corner.place, search.asked, search.context)
    value = _objective(search, design.quantities)
    optimum = Optimum(FEASIBLE, np.zeros(0), value, np.inf, 0)
    run = Run(
        options=SolveOptions(gap=search.gap, threads=search.asked.threads, seed=search.asked.seed),
        seconds=clock.elapsed_s, build_seconds=search.started_s, nodes=0, iterations=0, configurations=0,
        segments=len(search.asked.bounds), dropped=0, representative_days=0, rounds=1,
    )  # fmt: skip
    result, _ = finished(search.context, design, optimum, run, search.asked.memory, Clock())
    most = None if rates is None or not np.isfinite(rates[1]) else rates[1]
    return FrontierPoint(
        x=corner.x, y=corner.y, supported=rates is not None,
        rate_from=None if rates is None else rates[0], rate_to=most,
        weight_from=None if weights is None else weights[0], weight_to=None if weights is None else weights[1],
        choices={key: list(ids) for key, ids in choices_of(design).items()}, result=result,
    )  # fmt: skip


def _objective(search: _Search, q: Mapping[str, float]) -> float:
    names = ("counted_exaflops", "capex_musd", "annual_cost_musd", "facility_mean_mw", "facility_peak_mw")
    return float(figure(
        search.context.loaded.instance, Amounts(*(np.asarray(q[name]) for name in names)),
        life_years=search.context.terms.life_it_years, hours_per_year=HOURS_PER_YEAR,
    ))  # fmt: skip


def _empty(loaded: LoadedInstance, axes: tuple[Axis, ...], status: str, clock: Clock, message: str) -> Frontier:
    return Frontier(
        instance=loaded.instance.name, question=loaded.instance.question, x=axes[0].id,
        y=axes[1].id if len(axes) > 1 else DATE_AXIS, status=status, message=message, seconds=clock.elapsed_s,
    )  # fmt: skip


def _by_date(loaded: LoadedInstance, bench: Workbench, x: Axis, clock: Clock, progress: Progress | None) -> Frontier:
    """The best design for every date at which something new can be there: designs that wait pay, or do not."""
    context = setting(loaded)
    start, ready = loaded.instance.decision_date, context.ready_years
    leads = {lead_years(source, context) for at in context.sites for source in at.sources}
    days = sorted({date_after(start, years) for years in {ready, *(lead for lead in leads if lead > ready)}})
    limit = loaded.instance.limit.online_by
    points: list[FrontierPoint] = []
    for day in [d for d in days if limit is None or d <= limit]:
        if clock.stopped:
            break
        if progress is not None:
            progress(f"{len(points)} designs, by {day}", None, None, clock.elapsed_s)
        result = bench.solve(_by(loaded, x, day), time_limit_s=max(clock.left_s, 1e-3))
        if result.totals is not None:
            points.append(_dated(result, x, day))
    kept = [p for i, p in enumerate(points) if all(p.x < q.x * (1 - 1e-6) for q in points[:i])]
    if not kept:
        words = "no design meets all requirements and limits: see `exasite explain`"
        return _empty(loaded, (x,), "no_design" if clock.stopped else "infeasible", clock, words)
    return Frontier(
        instance=loaded.instance.name, question=loaded.instance.question, x=x.id, y=DATE_AXIS,
        status=FEASIBLE if clock.stopped else OPTIMAL, gap=max((p.result.objective.gap or 0.0) for p in kept),
        seconds=clock.elapsed_s, points=tuple(sorted(kept, key=lambda p: p.x)),
    )  # fmt: skip


def _by(loaded: LoadedInstance, x: Axis, day: date) -> LoadedInstance:
    content = loaded.instance.model_dump(exclude_none=True, exclude={"extends"})
    content["limit"] = {**content.get("limit", {}), "online_by": day}
    content["objective"] = {"maximize": x.objective} if x.objective else content["objective"]
    return load_instance(content)


def _dated(result: Result, x: Axis, day: date) -> FrontierPoint:
    totals = result.totals
    assert totals is not None  # callers look
    chosen: dict[str, dict[str, None]] = {}
    for site in result.sites:
        for cluster in site.clusters:
            for key, item in (("accelerators", cluster.accelerator), ("interconnects", cluster.interconnect),
                              ("cooling", cluster.cooling), ("storage", cluster.storage),
                              ("recovery", cluster.recovery)):  # fmt: skip
                chosen.setdefault(key, {})[item] = None
        chosen.setdefault("power", {}).update(dict.fromkeys(s.source for s in site.supply))
    return FrontierPoint(
        x=x.of_totals(totals.model_dump()), y=float(day.toordinal()), date=totals.online_date, supported=True,
        choices={key: sorted(ids) for key, ids in chosen.items()}, result=result,
    )  # fmt: skip
