"""A saved result made whole again: the design as the physics sees it, its hours and its evaluation; no optimisation.

A result carries its whole question, its sizes and its dates. From these follow the site designs. The hours of the year
are those of the run after solving where they are known; else each site runs through the year once more with the energy
of every source held at what the result says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from exasite.assemble import objective_of, totals_of
from exasite.design import terms_of
from exasite.errors import InputError, Problem
from exasite.hourly import DEMAND, PAUSED, UNSERVED, hours_of
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.models.accelerator import accelerator
from exasite.models.catalog import Catalog
from exasite.models.cluster import Components
from exasite.models.cooling import cooling_method
from exasite.models.dispatch import Dispatch
from exasite.models.evaluate import (
    ClusterDesign,
    Phase,
    SiteDesign,
    SiteEvaluation,
    SupplyDesign,
    demand_of,
    evaluate,
    plants_of,
)
from exasite.models.fabric_parts import fabric
from exasite.models.storage import recovery, storage
from exasite.phases import timeline
from exasite.result import Cluster, Result, SiteResult, Totals
from exasite.setting import Setting, SiteSetting, date_after, setting, workload_for
from exasite.year import Ceiling, Pausable, run_year

_YEAR_S = 20.0  # for the run of one phase of a site
_MOST_MESSAGE = 300
_SLACK = 1.0 + 1e-6  # on the energy of each source: what rounding needs


@dataclass(frozen=True)
class RebuiltSite:
    """A site of the result with its design, its evaluation, and the hours of each phase [MW]."""

    result: SiteResult
    at: SiteSetting
    evaluation: SiteEvaluation

    @property
    def design(self) -> SiteDesign:
        return self.evaluation.design


@dataclass(frozen=True)
class Rebuilt:
    """A result with everything the plan is computed from.

    `same_catalog` is false where numbers that the result rests on have changed since it was made: totals then are those
    of the result, their split into items is that of the present catalogue.
    """

    result: Result
    totals: Totals
    context: Setting
    sites: tuple[RebuiltSite, ...]
    figures: Totals
    objective: float
    same_catalog: bool

    @property
    def loaded(self) -> LoadedInstance:
        return self.context.loaded


def rebuild(result: Result) -> Rebuilt:
    """Everything behind a result. Raises InputError for a result without a design or whose question cannot be read."""
    if result.totals is None or not result.sites:
        message = f"this result has no design ({result.status}): there is nothing to plan"
        raise InputError([Problem("status", message, "plan a result that was solved", result.instance.name)])
    if not result.instance.content:
        message = "this result does not carry its question: it was made by an older version"
        raise InputError([Problem("instance.content", message, "solve the question again", result.instance.name)])
    loaded = load_instance(result.instance.content)
    full = setting(loaded)
    phases = timeline(full).phases
    try:
        sites = _sites(full, phases, result)
    except (KeyError, ValueError, OverflowError) as error:
        # what a result names must be in its question and in the catalogue, with sizes that can be built
        message = f"this result does not fit its question or this catalogue: {error}"[:_MOST_MESSAGE]
        raise InputError([Problem("sites", message, "solve the question again", result.instance.name)]) from None
    context = replace(full, sites=tuple(site.at for site in sites))
    evaluations = [site.evaluation for site in sites]
    totals = totals_of(context, evaluations)
    return Rebuilt(
        result=result,
        totals=result.totals,
        context=context,
        sites=sites,
        figures=totals,
        objective=objective_of(context, totals, evaluations),
        same_catalog=_same_numbers(result, loaded.catalog) and math.isclose(totals.capex_usd, result.totals.capex_usd),
    )


def _same_numbers(result: Result, catalog: Catalog) -> bool:
    """Whether every catalogue row that the result rests on still says the same; other rows do not matter."""
    for used in result.provenance.rows:
        if not catalog.has(used.table, used.item, used.field):
            return False
        row = catalog.row(used.table, used.item, used.field)
        if used.value != (row.text if row.is_text else row.base):
            return False
    return True


def _sites(full: Setting, phases: tuple[Phase, ...], result: Result) -> tuple[RebuiltSite, ...]:
    by_key = {at.section.key: at for at in full.sites}
    for site in result.sites:
        for day in (site.online_date, site.full_power_date, *(s.online_date for s in site.supply)):
            date.fromisoformat(day)  # what is no date cannot be planned with
    return tuple(_site(full, by_key[site.site], site, phases, result) for site in result.sites)


def design_of(context: Setting, at: SiteSetting, site: SiteResult, phases: tuple[Phase, ...]) -> SiteDesign:
    """The design of a site of a result, with the facts of `context`; its lead times are those of the result."""
    sources = {source.id: source for source in at.sources}
    supply = tuple(
        SupplyDesign(replace(sources[s.source], lead_years=s.lead_years), s.capacity_mw, s.storage_mwh or 0.0)
        for s in site.supply
    )
    start = _start_years(context, site, phases)
    clusters = tuple(_cluster(context, cluster, start) for cluster in site.clusters)
    return SiteDesign(at.site, at.climate, clusters, supply, at.given, phases)


def _site(
    context: Setting, at: SiteSetting, site: SiteResult, phases: tuple[Phase, ...], result: Result
) -> RebuiltSite:
    design, terms = design_of(context, at, site, phases), terms_of(context)
    known = result.hours_of(site.site)
    if known:
        dispatches = [_known(design, frame) for frame in known]
    else:
        dispatches = _run(design, demand_of(design, terms, context.catalog)[0], site, context.loaded)
    return RebuiltSite(site, at, evaluate(design, terms, context.catalog, dispatches))


def _cluster(context: Setting, found: Cluster, start_years: float) -> ClusterDesign:
    catalog = context.catalog
    chip = accelerator(catalog, found.accelerator)
    parts = Components(
        accelerator=chip,
        fabric=fabric(catalog, found.interconnect),
        cooling=cooling_method(catalog, found.cooling),
        storage=storage(catalog, found.storage),
        recovery=recovery(catalog, found.recovery),
    )
    load = replace(workload_for(context.loaded, chip), precision=found.precision)
    droppable = context.loaded.instance.curtail.load_share if found.paused_share > 0 else 0.0
    return ClusterDesign(parts, found.gpus, load, found.paused_share, droppable, start_years)


def _start_years(context: Setting, site: SiteResult, phases: tuple[Phase, ...]) -> float:
    """Years from the decision to the phase in which the clusters of a site start; 0 where time does not count."""
    finite = [phase.start_years for phase in phases if np.isfinite(phase.start_years)]
    if not finite:
        return 0.0
    decided = context.loaded.instance.decision_date
    wanted = date.fromisoformat(site.phases[0].start_date if site.phases else site.online_date)
    return min(finite, key=lambda years: abs((date_after(decided, years) - wanted).days))


def _known(design: SiteDesign, frame: object) -> Dispatch:
    """The schedule of a phase from the table of its hours."""
    import pandas as pd

    assert isinstance(frame, pd.DataFrame)
    column = {name: frame[name].to_numpy(dtype=float) for name in frame.columns}
    ids = [s.source.id for s in design.supply if f"{s.source.id}_mw" in column]
    stores = [g for g in ids if f"{g}_charge_mw" in column]
    paused = column[PAUSED]
    shares = _shares(design)
    return Dispatch(
        output_mw={g: column[f"{g}_mw"] for g in ids},
        charge_mw={g: column[f"{g}_charge_mw"] for g in stores},
        level_mwh={g: column[f"{g}_level_mwh"] for g in stores},
        paused_mw=np.outer(shares, paused) if paused.any() else np.zeros((len(design.clusters), len(paused))),
        unserved_mw=column[UNSERVED],
        cost_usd=0.0,
    )


def _shares(design: SiteDesign) -> np.ndarray:
    """How pauses known for a site as a whole are shared among its clusters: by their number of accelerators."""
    pausing = np.array([c.gpus if c.paused_share > 0 else 0 for c in design.clusters], dtype=float)
    return np.asarray(pausing / max(pausing.sum(), 1.0))


def _run(design: SiteDesign, demand: Sequence[np.ndarray], site: SiteResult, loaded: LoadedInstance) -> list[Dispatch]:
    """The year of each phase once more, with the energy of each source at most that of the result."""
    decided, found = loaded.instance.decision_date, []
    by_date = {phase.start_date: phase.energy_mwh for phase in site.phases}
    for phase, wanted in zip(design.phases, demand, strict=True):
        clusters = [
            Pausable(mw, c.paused_share if mw.any() else 0.0, c.droppable_share)
            for mw, c in zip(wanted, design.clusters, strict=True)
        ]
        day = date_after(decided, phase.start_years).isoformat() if np.isfinite(phase.start_years) else ""
        energy = by_date.get(day) if site.phases else {s.source: s.energy_mwh for s in site.supply}
        run = run_year(plants_of(design, phase), clusters, None, ceilings=_held(design, energy), time_limit_s=_YEAR_S)
        found.append(run.dispatch)
    return found


def _held(design: SiteDesign, energy: dict[str, float] | None) -> tuple[Ceiling, ...]:
    """The energy of every source but stores in a year is at most what the result says."""
    if energy is None:
        return ()
    flexible = [s.source for s in design.supply if s.source.kind != "storage" and not s.source.must_take]
    return tuple(Ceiling({s.id: 1.0}, energy.get(s.id, 0.0) * _SLACK + 1e-6) for s in flexible)


def hours_table(site: RebuiltSite, phase: int = -1) -> object:
    """The hours of the year of a phase as a table; columns as in `Result.hourly_frame`."""
    evaluation = site.evaluation
    return hours_of(evaluation.demand_mw[phase].sum(axis=0), evaluation.dispatches[phase])


__all__ = ["DEMAND", "Rebuilt", "RebuiltSite", "design_of", "hours_table", "rebuild"]
