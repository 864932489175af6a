"""Questions that build one cluster: segment by segment, best bound first, until no segment can be better.

On a segment of one size FLOPS and watts are given, so that the search is for the cheapest power supply only: one
small problem instead of a ratio. What is found of a segment is kept: another weighting of dollars and watts asks for
little that is new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from exasite.compiled import Linear
from exasite.formulation import BuiltModel, RatioLimits, build
from exasite.instance.schema import Instance
from exasite.memory import Memory
from exasite.models.units import HOURS_PER_YEAR
from exasite.objectives import Amounts, figure, optimise
from exasite.options import Options
from exasite.pricing import PricedSession
from exasite.ratio import maximise_ratio
from exasite.screening import SegmentBounds, restricted, segment_bounds
from exasite.session import FEASIBLE, INFEASIBLE, NO_SOLUTION, OPTIMAL, Clock
from exasite.supply_plans import Planner, SupplyPlan, is_separable

Progress = Callable[[float, float], None]
_FIRST, _GROWTH = 6, 2  # segments of the first model, and how much larger each next one is
_GIVE_UP = 12  # segments without a design in a row: the question is probably infeasible, one search says so
_NO_BETTER = 1e-9
_USD_PER_MUSD = 1e6
# With FLOPS and watts given, these are the better the less capex is spent (the last one does not see it).
_LEFT_TO_MINIMISE = ("efficiency", "exaflops_per_capex", "exaflops_per_watt")


@dataclass(frozen=True)
class Asked:
    """A question ready to be searched: its options, and what the search needs to know."""

    instance: Instance
    options: Options
    flop_per_token: float
    life_years: float
    clock: Clock
    memory: Memory
    threads: int = 1
    seed: int = 0
    ratio_limits: RatioLimits = ()

    @cached_property
    def bounds(self) -> SegmentBounds:
        return segment_bounds(self.instance, self.options, flop_per_token=self.flop_per_token)

    def built(self, options: Options) -> tuple[BuiltModel, PricedSession]:
        model = build(
            self.instance, options, hours_per_year=HOURS_PER_YEAR, flop_per_token=self.flop_per_token,
            ratio_limits=self.ratio_limits,
        )  # fmt: skip
        session = PricedSession(
            model.compiled, model.choices, clock=self.clock, threads=self.threads, seed=self.seed
        )
        return model, session


@dataclass(frozen=True)
class Part:
    """A model of some of the segments: `place` of each in it."""

    options: Options
    model: BuiltModel
    session: PricedSession
    place: dict[int, int]

    def only(self, segment: int) -> None:
        """Let nothing but one segment be chosen."""
        columns = self.model.choices.clusters
        one = (np.arange(len(columns)) == self.place[segment]).astype(float)
        self.session.set_columns(columns, one, one)


@dataclass(frozen=True)
class OnSegment:
    """Best design found on a segment, its value and a bound of it (larger is better).

    The design is columns of the model of a part, or a supply planned for a cluster of one size.
    """

    status: str
    value: float
    bound: float
    segment: int = -1
    part: Part | None = None
    columns: np.ndarray | None = None
    plan: SupplyPlan | None = None

    @property
    def is_design(self) -> bool:
        return self.columns is not None or self.plan is not None


@dataclass
class SegmentSearch:
    """Exact optima of a question that builds one cluster."""

    asked: Asked
    gap: float
    iterations: int = 0
    built_after_s: float = 0.0
    _parts: list[Part] = field(default_factory=list)
    _known: dict[int, OnSegment] = field(default_factory=dict)
    _full: set[int] = field(default_factory=set)  # segments whose supply is planned for every hour
    _plan_nodes: int = 0

    @property
    def nodes(self) -> int:
        return self._plan_nodes + sum(part.session.nodes for part in self._parts)

    @property
    def _sign(self) -> float:
        return 1.0 if self.asked.instance.objective.is_maximized else -1.0

    @cached_property
    def _separable(self) -> bool:
        return not self.asked.ratio_limits and is_separable(self.asked.instance, self.asked.options)

    def objective(self, progress: Progress | None = None) -> OnSegment:
        """Optimum of the instance's own objective, in the user's units, negative where it is minimised."""
        bounds = self._sign * self._figures(self.asked.bounds)
        return self._confirmed(lambda: self._best_first(bounds, self._own_objective, progress))

    def ratio(self, denominator: Mapping[str, float], progress: Progress | None = None) -> OnSegment:
        """Most counted ExaFLOPS per weighted sum of quantities of the model (M$, M$/year, MW, tonnes, m3)."""
        b = self.asked.bounds
        least = {"capex_musd": b.capex_musd, "annual_cost_musd": b.annual_musd, "facility_mean_mw": b.mean_mw,
                 "water_m3": b.water_m3}  # fmt: skip
        size = sum(
            (weight * least.get(name, np.zeros_like(b.exaflops)) for name, weight in denominator.items()),
            np.zeros_like(b.exaflops),
        )
        with np.errstate(divide="ignore"):
            bounds = np.where(size > 0, b.exaflops / size, np.inf).max(axis=0, initial=-np.inf)
        return self._confirmed(
            lambda: self._best_first(bounds, lambda j, order: self._ratio_on(j, denominator, order), progress)
        )

    def _figures(self, b: SegmentBounds) -> np.ndarray:
        """Best conceivable objective of every segment, in the user's units."""
        most = b.exaflops.max(axis=0)

        def per(quantity: np.ndarray) -> np.ndarray:
            """As if all FLOPS came at the cost of the better end: a ratio of affine functions is largest at one."""
            with np.errstate(divide="ignore", invalid="ignore"):
                best = most / np.nanmax(b.exaflops / quantity, axis=0)
            return np.asarray(np.where(quantity.min(axis=0) > 0, best, quantity.min(axis=0)))

        amounts = Amounts(most, per(b.capex_musd), per(b.annual_musd), per(b.mean_mw), b.peak_mw.min(axis=0))
        return figure(
            self.asked.instance, amounts, life_years=self.asked.life_years, hours_per_year=HOURS_PER_YEAR
        )

    def _best_first(self, bounds: np.ndarray, solved: Callable[[int, list[int]], OnSegment],
                    progress: Progress | None) -> OnSegment:  # fmt: skip
        """The best segment: those of large bound first, until the rest cannot be better."""
        clock, possible = self.asked.clock, self.asked.bounds.possible
        order = [int(j) for j in np.argsort(-bounds, kind="stable") if possible[j]]
        best, proven, failures = OnSegment(NO_SOLUTION, -np.inf, -np.inf), -np.inf, 0
        for number, j in enumerate(order):
            enough = best.is_design and bounds[j] <= best.value + _NO_BETTER * abs(best.value)
            if enough or clock.stopped:
                return self._ended(best, max(proven, float(bounds[j])))
            if not best.is_design and failures >= _GIVE_UP:
                if self._hopeless(order[number:]):
                    break
                failures = -len(order)  # some design is there: look on
            found = solved(j, order[number:])
            self.iterations += 1
            proven = max(proven, min(found.bound, float(bounds[j])))
            failures += not found.is_design
            if found.is_design and found.value > best.value:
                best = found
            if progress is not None and best.is_design:
                rest = float(bounds[order[number + 1]]) if number + 1 < len(order) else -np.inf
                progress(best.value, max(proven, rest, best.value))
        return self._ended(best, proven)

    def _ended(self, best: OnSegment, bound: float) -> OnSegment:
        if not best.is_design:
            stopped = self.asked.clock.stopped
            return OnSegment(NO_SOLUTION if stopped else INFEASIBLE, -np.inf, bound if stopped else np.nan)
        bound = max(bound, best.value)
        status = OPTIMAL if bound - best.value <= self.gap * abs(best.value) * (1.0 + 1e-9) else FEASIBLE
        return replace(best, status=status, bound=bound)

    def _hopeless(self, left: list[int]) -> bool:
        """Whether no segment at all has a design: asked of all of them at once."""
        _, session = self.asked.built(restricted(self.asked.options, self._mask(left), self.asked.bounds))
        nothing = Linear(np.zeros(len(session.model.variables)), 0.0)
        return session.maximise(nothing).status == INFEASIBLE

    def _mask(self, segments: list[int]) -> np.ndarray:
        mask = np.zeros(len(self.asked.bounds), dtype=bool)
        mask[segments] = True
        return mask

    def _part(self, segment: int, order: list[int]) -> Part:
        """A model with the segment and those that come next, in which nothing but the segment can be chosen."""
        for part in self._parts:
            if segment in part.place:
                part.only(segment)
                return part
        known = {j for part in self._parts for j in part.place}
        mask = self._mask([j for j in order if j not in known][: _FIRST * _GROWTH ** len(self._parts)])
        options = restricted(self.asked.options, mask, self.asked.bounds)
        model, session = self.asked.built(options)
        self._parts.append(Part(options, model, session, {int(j): i for i, j in enumerate(np.flatnonzero(mask))}))
        self.built_after_s = self.built_after_s or self.asked.clock.elapsed_s
        return self._part(segment, order)

    def full_plan(self, segment: int) -> SupplyPlan:
        """The supply of a cluster of one size for every hour, where it depends on nothing else."""
        return self._planner.full(self._alone(segment))

    @cached_property
    def _planner(self) -> Planner:
        asked = self.asked
        return Planner(asked.instance, self.gap, asked.clock, asked.memory, asked.threads, asked.seed)

    def _alone(self, segment: int) -> Options:
        number = int(self.asked.bounds.site[segment])
        alone = restricted(self.asked.options, self._mask([segment]), self.asked.bounds)
        return replace(alone, sites=(alone.sites[number],))

    def _confirmed(self, search: Callable[[], OnSegment]) -> OnSegment:
        """The best segment, its supply checked in every hour; where that costs more, the search goes on with it."""
        found = search()
        while found.plan is not None and found.segment not in self._full and not self.asked.clock.stopped:
            self._full.add(found.segment)
            self._known[found.segment] = self._with_supply(found.segment, self.full_plan(found.segment))
            found = search()
        return found

    def _cheapest(self, segment: int, order: list[int]) -> OnSegment:
        """The design of least capex on a segment of one size; value and bound are minus its capex [M$]."""
        if segment not in self._known:
            if self._separable:
                self._known[segment] = self._with_supply(segment, self._planner.lean(self._alone(segment)))
            else:
                self._known[segment] = self._searched(segment, order)
        return self._known[segment]

    def _with_supply(self, segment: int, plan: SupplyPlan) -> OnSegment:
        self._plan_nodes += plan.nodes
        if plan.status == INFEASIBLE:
            return OnSegment(INFEASIBLE, -np.inf, -np.inf, segment)
        own = self._own_capex_musd(segment)
        limit = self.asked.instance.limit.capex_usd
        if limit is not None and own + plan.least_capex_musd > limit / _USD_PER_MUSD:
            return OnSegment(INFEASIBLE, -np.inf, -np.inf, segment)
        if not plan.sizes:
            return OnSegment(NO_SOLUTION, -np.inf, np.inf, segment)
        return OnSegment(plan.status, -own - plan.capex_musd, -own - plan.least_capex_musd, segment, plan=plan)

    def _own_capex_musd(self, segment: int) -> float:
        b, site = self.asked.bounds, self.asked.options.sites[int(self.asked.bounds.site[segment])]
        table, j = site.segments, int(b.segment[segment])
        return float(table.slope["capex_musd"][j] * table.lower[j] + table.intercept["capex_musd"][j])

    def _searched(self, segment: int, order: list[int]) -> OnSegment:
        part = self._part(segment, order)
        tolerance = 0.5 * self.gap * max(float(self.asked.bounds.capex_musd[:, segment].min()), 1e-3)
        found = part.session.maximise(-1.0 * part.model.compiled.quantities["capex_musd"], absolute_gap=tolerance)
        return OnSegment(found.status, found.value, found.bound, segment, part, found.columns)

    def _own_objective(self, segment: int, order: list[int]) -> OnSegment:
        instance = self.asked.instance
        if self.asked.bounds.fixed[segment] and instance.objective.kind in _LEFT_TO_MINIMISE:
            found = self._cheapest(segment, order)
            return replace(found, value=self._figure(found, found.value), bound=self._figure(found, found.bound))
        part = self._part(segment, order)
        optimum = optimise(
            part.session, part.model.compiled.quantities, instance, gap=0.5 * self.gap,
            life_years=self.asked.life_years, hours_per_year=HOURS_PER_YEAR,
        )  # fmt: skip
        value = self._sign * optimum.value if optimum.columns is not None else -np.inf
        bound = -np.inf if optimum.status == INFEASIBLE else self._sign * optimum.bound
        return OnSegment(optimum.status, value, bound, segment, part, optimum.columns)

    def _figure(self, found: OnSegment, minus_capex: float) -> float:
        """The objective on a segment of one size at a capex; infinities stay what they are."""
        if not np.isfinite(minus_capex):
            return minus_capex
        b, j = self.asked.bounds, found.segment
        amounts = Amounts(
            b.exaflops[0, j], np.asarray(-minus_capex), np.asarray(np.nan), b.mean_mw[0, j], b.peak_mw[0, j]
        )
        return self._sign * float(
            figure(self.asked.instance, amounts, life_years=self.asked.life_years, hours_per_year=HOURS_PER_YEAR)
        )

    def _ratio_on(self, segment: int, denominator: Mapping[str, float], order: list[int]) -> OnSegment:
        b, names = self.asked.bounds, set(denominator)
        if b.fixed[segment] and names <= {"capex_musd", "facility_mean_mw", "water_m3"}:
            found = self._cheapest(segment, order)
            capex = denominator.get("capex_musd", 0.0)
            given = denominator.get("facility_mean_mw", 0.0) * b.mean_mw[0, segment]
            given += denominator.get("water_m3", 0.0) * b.water_m3[0, segment]

            def ratio(minus_capex: float) -> float:
                size = given - capex * minus_capex
                return float(b.exaflops[0, segment] / size) if np.isfinite(minus_capex) else minus_capex

            return replace(found, value=ratio(found.value), bound=ratio(found.bound))
        part = self._part(segment, order)
        quantities = part.model.compiled.quantities
        whole = weighted(quantities, denominator)
        best = maximise_ratio(part.session, quantities["counted_exaflops"], whole, gap=0.5 * self.gap)
        return OnSegment(best.status, best.ratio, best.bound, segment, part, best.columns)


def weighted(quantities: Mapping[str, Linear], weights: Mapping[str, float]) -> Linear:
    """Weighted sum of named quantities."""
    terms = [weight * quantities[name] for name, weight in weights.items()]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
