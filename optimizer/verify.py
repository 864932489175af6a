"""The design put to the test: its exact demand, every hour of the year in every phase, and units that fail."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from exasite.design import SolvedSite, terms_of
from exasite.memory import Memory, fingerprint
from exasite.models.dispatch import Plant
from exasite.models.evaluate import SiteDesign, SiteEvaluation, demand_of, evaluate, plants_of
from exasite.models.firmness import expected_shortfall_mw, portfolio_availability
from exasite.models.power import SiteSource
from exasite.models.profiles import DAYS_IN_YEAR, HOURS_IN_DAY, HOURS_IN_YEAR
from exasite.setting import Setting
from exasite.year import Ceiling, Pausable, Proof, YearRun, run_year

_WORST_DAYS = 4  # of each kind, added to the representative days where the year shows a lack
_LEAST_MWH = 1e-3
_GAP_KEPT = 1e-4  # a run that its time limit cut short is not kept


@dataclass(frozen=True)
class CheckedSite:
    """A site evaluated over the whole year.

    worst_days          days of the year on which something was short, most first
    unproven_hours      hours in which sun, wind and storage do not add the firm MW that they count for
    firm_availability   probability that the firm units carry what they must at the peak, all sources together [1]
    outage_share        expected share of the energy that failing units leave unserved where load may be dropped [1]
    operation_gap       how far the schedule of any phase may be from the cheapest one [1]; infinite: not known
    standby_mwh         expected energy of standby in a year, when other units fail [MWh], and
    standby_limit_mwh   what its permit allows [MWh]
    """

    solved: SolvedSite
    evaluation: SiteEvaluation
    worst_days: tuple[int, ...]
    unproven_hours: int
    firm_availability: float
    outage_share: float
    operation_gap: float
    standby_mwh: float
    standby_limit_mwh: float


def check_site(context: Setting, solved: SolvedSite, time_limit_s: float, memory: Memory | None = None) -> CheckedSite:
    """Run a designed site through the year, phase by phase, and evaluate it without the optimiser's model.

    `time_limit_s` is for each phase; `memory` keeps the years that were run.
    """
    design, terms = solved.design, terms_of(context)
    demand, peak = demand_of(design, terms, context.catalog)
    wanted = peak * (1.0 - solved.dropped_share * _droppable(design))
    runs: list[YearRun] = []
    for number, phase in enumerate(design.phases):
        clusters = [
            Pausable(mw, c.paused_share if mw.any() else 0.0, c.droppable_share)
            for mw, c in zip(demand[number], design.clusters, strict=True)
        ]
        there = {s.source.id for s in design.supply if s.source.lead_years <= phase.start_years + 1e-9}
        proof = _proof(solved, wanted, there) if demand[number].any() else None
        ceilings = solved.ceilings[number] if solved.ceilings else ()
        year = (plants_of(design, phase), clusters, proof, ceilings)
        runs.append((memory or Memory()).recall(
            fingerprint("year", *year), partial(_run, *year, time_limit_s), keep=lambda run: run.gap < _GAP_KEPT
        ))  # fmt: skip
    evaluation = evaluate(design, terms, context.catalog, [run.dispatch for run in runs])
    standby, limit = _standby(design, demand[-1].sum(axis=0))
    return CheckedSite(
        solved=solved,
        evaluation=evaluation,
        worst_days=_worst_days(runs),
        unproven_hours=sum(int((run.unproven_mw > _LEAST_MWH).sum()) for run in runs),
        firm_availability=_availability(solved, wanted),
        outage_share=_outages(design, demand[-1].sum(axis=0), runs[-1]),
        operation_gap=max(run.gap for run in runs),
        standby_mwh=standby,
        standby_limit_mwh=limit,
    )


def _run(plants: list[Plant], clusters: list[Pausable], proof: Proof | None, ceilings: tuple[Ceiling, ...],
         time_limit_s: float) -> YearRun:  # fmt: skip
    return run_year(plants, clusters, proof, ceilings=ceilings, time_limit_s=time_limit_s)


def _droppable(design: SiteDesign) -> float:
    """Share of the site's load that may be dropped at once (clusters of a site are operated alike in what matters)."""
    return min((c.droppable_share if c.paused_share > 0 else 0.0 for c in design.clusters), default=0.0)


def _proof(solved: SolvedSite, wanted_mw: float, there: set[str]) -> Proof | None:
    """What storage must add in each hour to firm units and to what sun and wind have."""
    firm = sum(f.mw for f in solved.firm if f.source in there)
    stores = tuple(s.source.id for s in solved.design.supply if s.source.kind == "storage" and s.source.id in there)
    variable = [s for s in solved.design.supply if s.source.kind == "variable" and s.source.id in there]
    weather = [s.capacity_mw * s.source.profile for s in variable if s.source.profile is not None]
    usable = sum(weather, np.zeros(HOURS_IN_YEAR))
    missing = wanted_mw - firm - usable  # negative where there is room to charge
    return Proof(missing, stores) if missing.max() > _LEAST_MWH else None


def _worst_days(runs: list[YearRun]) -> tuple[int, ...]:
    days: dict[int, None] = {}
    for run in runs:
        for hourly in (run.dispatch.unserved_mw, run.unproven_mw):
            if not len(hourly):
                continue
            daily = hourly.reshape(DAYS_IN_YEAR, HOURS_IN_DAY).sum(axis=1)
            worst = np.argsort(-daily, kind="stable")[:_WORST_DAYS]
            days.update(dict.fromkeys(int(day) for day in worst if daily[day] > _LEAST_MWH))
    return tuple(days)


def _counts(design: SiteDesign, *, standby: bool) -> list[tuple[SiteSource, float]]:
    """Firm sources with their units, or MW; what comes through the same line is one source."""
    found: list[tuple[SiteSource, float]] = []
    line = sum(s.capacity_mw for s in design.supply if s.source.kind in ("grid", "contract"))
    for s in design.supply:
        source = s.source
        if not source.firm or (source.kind == "backup" and not standby):
            continue
        if source.kind in ("grid", "contract"):
            if line > 0:
                found.append((source, line))
                line = 0.0
            continue
        found.append((source, s.capacity_mw / source.unit_mw if source.unit_mw > 0 else s.capacity_mw))
    return found


def _availability(solved: SolvedSite, wanted_mw: float) -> float:
    carried = min(wanted_mw, sum(f.mw for f in solved.firm))
    return portfolio_availability(_counts(solved.design, standby=True), carried)


def _outages(design: SiteDesign, demand_mw: np.ndarray, run: YearRun) -> float:
    """Load that may be dropped needs no spare units; what failing units then cost on average [1].

    Sun, wind, storage and pauses run as scheduled; firm units carry the rest, if enough of them work.
    """
    if _droppable(design) == 0.0:
        return 0.0
    dispatch, kinds = run.dispatch, {s.source.id: s.source.kind for s in design.supply}
    scheduled = [mw for g, mw in dispatch.output_mw.items() if kinds[g] in ("variable", "storage")]
    left = demand_mw - dispatch.paused_mw.sum(axis=0) - sum(scheduled, np.zeros_like(demand_mw))
    left = left + sum(dispatch.charge_mw.values(), np.zeros_like(demand_mw))
    short = expected_shortfall_mw(_counts(design, standby=True), np.maximum(left, 0.0))
    return float(short.sum() / max(demand_mw.sum(), 1e-9))


def _standby(design: SiteDesign, demand_mw: np.ndarray) -> tuple[float, float]:
    """Expected energy of standby because other units fail, and what it may deliver in a year [MWh]."""
    standby = [s for s in design.supply if s.source.kind == "backup"]
    if not standby:
        return 0.0, 0.0
    most = sum(s.capacity_mw for s in standby)
    short = np.minimum(expected_shortfall_mw(_counts(design, standby=False), demand_mw), most)
    limit = sum(s.source.annual_limit_hours * s.capacity_mw for s in standby)
    return float(short.sum()), limit
