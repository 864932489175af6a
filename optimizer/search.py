"""The search for the best design of a question: segment by segment for one cluster, by ratios for several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exasite.design import SolvedDesign, planned_design, read_design
from exasite.formulation import BuiltModel
from exasite.models.units import HOURS_PER_YEAR
from exasite.objectives import Optimum, optimise
from exasite.one_cluster import Asked, OnSegment, Progress, SegmentSearch
from exasite.options import Options
from exasite.polish import polished
from exasite.pricing import PricedSession
from exasite.screening import builds_one_cluster
from exasite.setting import Setting

# Objectives that a segment bounds well on its own; what depends on the operation of the plant is searched as a whole.
_BOUNDED = ("efficiency", "exaflops_per_capex", "exaflops_per_watt")


@dataclass(frozen=True)
class Place:
    """Where a design was found: columns of a model of some options, or a segment with a planned supply.

    `held` are the quantities it was searched for, where they are not those of the instance's objective.
    """

    model: BuiltModel | None = None
    options: Options | None = None
    columns: np.ndarray | None = None
    by_segment: SegmentSearch | None = None
    on_segment: OnSegment | None = None
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Searched:
    """What a search found. `status`, `value` and `bound` as of `Optimum`, in the user's units."""

    asked: Asked
    status: str
    value: float
    bound: float
    iterations: int
    nodes: int
    built_after_s: float
    place: Place | None

    @property
    def optimum(self) -> Optimum:
        columns = None if self.place is None else np.zeros(0)
        return Optimum(self.status, columns, self.value, self.bound, self.iterations)

    def design(self, context: Setting) -> SolvedDesign:
        """The design with, of all equally good supplies, the one of least yearly cost."""
        assert self.place is not None  # callers have a design
        return design_at(self.place, self.asked, context)


def design_at(place: Place, asked: Asked, context: Setting) -> SolvedDesign:
    """The design found at a place, its supply polished."""
    if place.by_segment is not None and place.on_segment is not None:
        segment = place.on_segment.segment
        plan, b = place.on_segment.plan, asked.bounds
        assert plan is not None  # the place is one of a plan
        return planned_design(plan, asked.options, context, int(b.site[segment]), int(b.segment[segment]))
    assert place.model is not None and place.options is not None and place.columns is not None
    model = place.model
    session = PricedSession(
        model.compiled, model.choices, clock=asked.clock, threads=asked.threads, seed=asked.seed
    )
    model.compiled.load(polished(session, model, asked.instance, place.columns, place.held))
    return read_design(model, place.options, context)


def place_of(found: OnSegment, by_segment: SegmentSearch, held: tuple[str, ...] = ()) -> Place | None:
    """Where a design of one cluster was found; None without one."""
    if found.plan is not None:
        return Place(by_segment=by_segment, on_segment=found)
    if found.part is None or found.columns is None:
        return None
    return Place(found.part.model, found.part.options, found.columns, held=held)


def search(asked: Asked, gap: float, progress: Progress) -> Searched:
    """Best design of a question to a proven gap, or as far as the clock allows."""
    if asked.instance.objective.kind in _BOUNDED and builds_one_cluster(asked.instance, asked.options):
        by_segment = SegmentSearch(asked, gap)
        found = by_segment.objective(progress)
        return Searched(
            asked, found.status, found.value if found.is_design else np.nan, found.bound, by_segment.iterations,
            by_segment.nodes, by_segment.built_after_s, place_of(found, by_segment),
        )  # fmt: skip
    model, session = asked.built(asked.options)
    built_after_s = asked.clock.elapsed_s
    optimum = optimise(
        session, model.compiled.quantities, asked.instance, gap=gap, life_years=asked.life_years,
        hours_per_year=HOURS_PER_YEAR, progress=progress,
    )  # fmt: skip
    place = None if optimum.columns is None else Place(model, asked.options, optimum.columns)
    return Searched(asked, optimum.status, optimum.value, optimum.bound, optimum.iterations, session.nodes,
                    built_after_s, place)  # fmt: skip
