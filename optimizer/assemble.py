"""From a solved design to the Result: evaluated by the physics, compared with the model, with sources."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from exasite.design import SolvedDesign
from exasite.instance.schema import LimitSection
from exasite.models.evaluate import ClusterEvaluation, SiteEvaluation
from exasite.models.power import unavailable_sources
from exasite.models.units import HOURS_PER_YEAR, SECONDS_PER_HOUR
from exasite.models.workload import flop_per_token
from exasite.objectives import Optimum, capex_weight
from exasite.provenance import low_confidence_share, rows_used
from exasite.result import (
    Check,
    Comparison,
    InstanceName,
    Objective,
    Provenance,
    Result,
    Solver,
    Status,
    Totals,
)
from exasite.session import FEASIBLE, INFEASIBLE, OPTIMAL
from exasite.setting import DEFAULT_ELECTRICAL, Setting, chosen, date_after
from exasite.site_power import tariff_items
from exasite.site_result import full_power_years, online_years, site_result
from exasite.verify import CheckedSite

if TYPE_CHECKING:
    from exasite.solving import Run

_USD_PER_BUSD, _USD_PER_MUSD, _FLOPS_PER_EXAFLOPS = 1e9, 1e6, 1e18
_SECONDS_PER_DAY = 86400.0
_GAP_SAID = 1e-3  # of the run through the year
_CLEAN_TOLERANCE = 2e-3
_LIMIT_TOLERANCE = 2e-3  # twice the tolerance of the segments
_STATUSES: dict[str, Status] = {OPTIMAL: "optimal", FEASIBLE: "feasible", INFEASIBLE: "infeasible"}


def without_design(context: Setting, status: str, optimum: Optimum | None, run: Run, message: str) -> Result:
    """Result of a question that has no design, or none yet, with what is known."""
    shown = _STATUSES.get(status, "no_design")
    default = (
        "; ".join(["no design meets all requirements and limits", *_missing_sources(context)])
        if shown == "infeasible"
        else "stopped at the time limit, or interrupted, before a design was found"
    )
    return Result(
        instance=_name(context),
        status=shown,
        message=message or default,
        objective=_objective(context, optimum),
        solver=_solver(run),
        provenance=Provenance(exasite_version=version("exasite"), catalog_sha256=context.catalog.digest),
    )


def _missing_sources(context: Setting) -> list[str]:
    """Power sources that were asked for by name and cannot be had, with the reason."""
    found = []
    for at in context.sites:
        asked = chosen(at.section.choices, context.loaded.instance.choices, "power")
        if asked is not None:
            reasons = unavailable_sources(context.catalog, at.site, asked)
            found += [f"{source} cannot be had at {at.section.key}: {reason}" for source, reason in reasons.items()]
    return found


def assemble(context: Setting, design: SolvedDesign, checked: Sequence[CheckedSite], optimum: Optimum,
             run: Run) -> Result:  # fmt: skip
    """Result of a solved design and its sites checked over the year."""
    evaluated = [site.evaluation for site in checked]
    totals = totals_of(context, evaluated)
    instance = context.loaded.instance
    rows = rows_used(
        context.catalog,
        evaluated,
        [site.setting.section.base_id for site in design.sites],
        instance.facility.electrical or DEFAULT_ELECTRICAL,
        instance.workload.model if isinstance(instance.workload.model, str) else None,
        {item for site in design.sites for item in tariff_items(site.setting.section, site.setting.site)},
    )
    lacks = shortcomings(context, totals, checked)
    # What the year does not bear out is not the answer to the question, however well the model is solved.
    status: Status = "feasible" if lacks else _STATUSES[optimum.status]
    return Result(
        instance=_name(context),
        status=status,
        message="; ".join(lacks),
        objective=_objective(context, optimum),
        totals=totals,
        sites=tuple(site_result(context, site) for site in checked),
        check=_check(context, design, checked, totals, optimum, run),
        solver=_solver(run),
        provenance=Provenance(
            exasite_version=version("exasite"),
            catalog_sha256=context.catalog.digest,
            low_confidence_capex_share=low_confidence_share(context.catalog, evaluated),
            rows=rows,
        ),
    )


def shortcomings(context: Setting, totals: Totals, checked: Sequence[CheckedSite]) -> list[str]:
    """What the year shows that representative days did not, in words; empty for a design that keeps everything."""
    words = limits_exceeded(context.loaded.instance.limit, totals)
    clean = context.loaded.instance.require.hourly_clean_share
    if clean is not None and totals.hourly_clean_share < clean - _CLEAN_TOLERANCE:
        share = totals.hourly_clean_share
        words.append(f"over the whole year {share:.1%} of the energy is clean, below the {clean:.1%} asked for")
    for site in checked:
        found, wanted = site.evaluation, context.proven_availability
        name, share = found.design.site.name, found.unserved_mwh / max(found.energy_mwh, 1e-9)
        if share > context.unserved_share:
            words.append(f"{name}: over the whole year {share:.2%} of the energy is unserved: allow more firm power")
        if site.unproven_hours:
            words.append(f"{name}: sun, wind and storage do not prove the peak in {site.unproven_hours} hours")
        if site.firm_availability < wanted - 1e-9:
            words.append(f"{name}: the peak is carried with {site.firm_availability:.4%}, below {wanted:.4%}")
        if site.operation_gap > _GAP_SAID:
            far = "by an unknown share" if math.isinf(site.operation_gap) else f"by up to {site.operation_gap:.2%}"
            words.append(f"{name}: the run through the year may cost too much {far}, its time was up")
        if site.standby_mwh > site.standby_limit_mwh * (1 + 1e-9):
            run, most = site.standby_mwh, site.standby_limit_mwh
            words.append(f"{name}: standby is expected to run for {run:,.0f} MWh a year, its permit allows {most:,.0f}")
        if site.outage_share > context.unserved_share:
            words.append(f"{name}: failing units leave {site.outage_share:.2%} of the energy unserved on average")
    return words


def excess(limit: LimitSection, totals: Totals) -> dict[str, float]:
    """Limits that the checked figures break, by key, as reached over allowed."""
    reached = {
        "capex_usd": totals.capex_usd,
        "opex_usd_per_year": totals.opex_usd_per_year,
        "facility_mw": totals.facility_mw_peak,
        "energy_price_usd_per_mwh": totals.energy_price_usd_per_mwh,
        "co2_t_per_year": totals.co2_t_per_year_highest,
        "co2_t_per_exaflop_year": totals.co2_t_per_exaflop_year,
        "water_m3_per_year": totals.water_m3_per_year,
        "land_acres": totals.land_acres,
    }
    given = {key: getattr(limit, key) for key in reached}
    return {
        key: value / given[key]
        for key, value in reached.items()
        if given[key] is not None and value > given[key] * (1.0 + _LIMIT_TOLERANCE)
    }


def limits_exceeded(limit: LimitSection, totals: Totals) -> list[str]:
    """The broken limits in words: representative days kept them, the whole year does not."""
    words = []
    for key, factor in excess(limit, totals).items():
        most = getattr(limit, key)
        words.append(f"over the whole year {key} is {factor * most:,.6g}, above limit.{key} = {most:,.6g}")
    return words


def with_bound_of(best: Result, loose: Result) -> Result:
    """A design found under tightened limits, with the bound of the question as it was asked."""
    value, bound, proven = best.objective.value, loose.objective.bound, loose.objective.gap
    if value is None or bound is None or proven is None:
        return best
    gap = abs(bound - value) / abs(value)
    objective = best.objective.model_copy(update={"bound": bound, "gap": gap})
    status = "optimal" if best.status == "optimal" and gap <= proven else "feasible"
    return best.model_copy(update={"objective": objective, "status": status})


def _name(context: Setting) -> InstanceName:
    loaded = context.loaded
    return InstanceName(
        name=loaded.instance.name, sha256=loaded.sha256, question=loaded.instance.question,
        content=loaded.instance.model_dump(mode="json", exclude_none=True, exclude={"extends"}),
    )  # fmt: skip


def _objective(context: Setting, optimum: Optimum | None) -> Objective:
    kind = context.loaded.instance.objective.kind
    if optimum is None or not math.isfinite(optimum.value):
        bound = optimum.bound if optimum is not None and math.isfinite(optimum.bound) else None
        return Objective(kind=kind, bound=bound)
    finite = math.isfinite(optimum.bound)
    return Objective(kind=kind, value=optimum.value, bound=optimum.bound if finite else None,
                     gap=optimum.gap if finite else None)  # fmt: skip


def _solver(run: Run) -> Solver:
    return Solver(
        name="HiGHS", version=version("highspy"), seconds=run.seconds, build_seconds=run.build_seconds,
        nodes=run.nodes, ratio_iterations=run.iterations, threads=run.options.threads, seed=run.options.seed,
        configurations=run.configurations, segments=run.segments, segments_dropped=run.dropped,
    )  # fmt: skip


def totals_of(context: Setting, sites: list[SiteEvaluation]) -> Totals:
    instance, clusters = context.loaded.instance, [c for site in sites for c in site.clusters]
    effective = sum(site.effective_exaflops for site in sites)
    peak = sum(float(c.curves.peak_exaflops[0]) for c in clusters)
    capex = sum(site.capex_usd for site in sites)
    mean = sum(site.facility_mw_mean for site in sites)
    energy = sum(site.energy_mwh for site in sites)
    annual = sum(site.annual_usd for site in sites)
    per_busd, per_mw = effective / (capex / _USD_PER_BUSD), effective / mean
    weight = capex_weight(instance)
    flops = instance.require.training_flops
    days = None if flops is None else flops / (effective * _FLOPS_PER_EXAFLOPS) / _SECONDS_PER_DAY
    hours_a_year = HOURS_PER_YEAR * SECONDS_PER_HOUR / _SECONDS_PER_DAY
    it_mean = sum(site.it_mw_mean for site in sites)
    decided, first = context.loaded.instance.decision_date, [online_years(context, site) for site in sites]
    highest = max(sum(year) for year in zip(*(site.phase_co2_t for site in sites), strict=True))
    return Totals(
        gpus=sum(c.design.gpus for c in clusters),
        peak_exaflops=peak,
        effective_exaflops=effective,
        mfu=effective / peak,
        capex_usd=capex,
        tco_usd=annual * context.terms.life_it_years,
        tco_years=context.terms.life_it_years,
        usd_per_gpu_hour=annual / HOURS_PER_YEAR / sum(c.design.gpus for c in clusters),
        opex_usd_per_year=sum(site.opex_usd for site in sites),
        it_mw=sum(site.it_mw for site in sites),
        it_mw_mean=it_mean,
        facility_mw_mean=mean,
        facility_mw_peak=sum(site.facility_mw_peak for site in sites),
        pue_mean=mean / it_mean,
        energy_mwh_per_year=energy,
        energy_price_usd_per_mwh=sum(sum(site.supply_annual_usd.values()) for site in sites) / energy,
        co2_t_per_year=sum(site.co2_t for site in sites),
        co2_t_per_year_highest=highest,
        co2_t_per_exaflop_year=highest / effective,
        hourly_clean_share=_clean_share(sites),
        paused_share=sum(site.paused_share * site.facility_mw_mean for site in sites) / mean,
        water_m3_per_year=sum(site.water_m3 for site in sites),
        land_acres=sum(site.land_acres for site in sites),
        exaflops_per_billion_usd=per_busd,
        exaflops_per_megawatt=per_mw,
        efficiency=per_busd**weight * per_mw ** (1.0 - weight),
        online_date=date_after(decided, max(first)).isoformat(),
        full_power_date=date_after(decided, max(full_power_years(context, site) for site in sites)).isoformat(),
        delay_months=12.0 * max(0.0, max(first) - context.ready_years),
        training_days=days,
        training_cost_usd=None if days is None else annual / hours_a_year * days,
        tokens_per_second=sum(
            rate * _FLOPS_PER_EXAFLOPS / flop_per_token(c.design.load) for c, rate in _working_flops(sites)
        ),
    )


def _working_flops(sites: list[SiteEvaluation]) -> list[tuple[ClusterEvaluation, float]]:
    """Clusters with the effective ExaFLOPS that pauses leave them."""
    return [
        (c, float(c.curves.effective_exaflops[0]) * kept)
        for site in sites
        for c, kept in zip(site.clusters, site.kept_share, strict=True)
    ]


def _clean_share(sites: list[SiteEvaluation]) -> float:
    """Least share of clean energy in any phase, hour by hour, over all sites [1]."""
    shares = []
    for phase in range(len(sites[0].dispatches)):
        unclean = energy = 0.0
        for site in sites:
            dispatch, clean = site.dispatches[phase], {s.source.id: s.source for s in site.design.supply}
            energy += float(site.demand_mw[phase].sum()) - float(dispatch.paused_mw.sum()) - dispatch.unserved_mwh
            unclean += sum(
                mwh for g, mwh in dispatch.energy_mwh.items() if not clean[g].is_clean and clean[g].kind != "storage"
            )
        if energy > 0:
            shares.append(1.0 - unclean / energy)
    return min(shares, default=0.0)


def _check(context: Setting, design: SolvedDesign, checked: Sequence[CheckedSite], totals: Totals, optimum: Optimum,
           run: Run) -> Check:  # fmt: skip
    model, sites = design.quantities, [site.evaluation for site in checked]
    unserved = sum(site.unserved_mwh for site in sites)
    breaks: dict[str, float] = {}
    for site in sites:
        breaks = {rule: max(breaks.get(rule, 0.0), by) for rule, by in site.rule_breaks.items()}
    return Check(
        effective_exaflops=_compared(model["effective_exaflops"], totals.effective_exaflops),
        capex_usd=_compared(model["capex_musd"] * _USD_PER_MUSD, totals.capex_usd),
        facility_mw_mean=_compared(model["facility_mean_mw"], totals.facility_mw_mean),
        objective=_compared(optimum.value, objective_of(context, totals, sites)),
        year_unserved_mwh=unserved,
        year_unserved_share=unserved / totals.energy_mwh_per_year,
        unserved_share_allowed=context.unserved_share,
        year_opex_usd=_compared(model["opex_musd"] * _USD_PER_MUSD, totals.opex_usd_per_year),
        year_supply_cost_usd=supply_cost(design, sites),
        year_co2_t=_compared(model["co2_t"], totals.co2_t_per_year),
        year_unproven_hours=sum(site.unproven_hours for site in checked),
        firm_availability=min(site.firm_availability for site in checked),
        standby_expected_mwh=sum(site.standby_mwh for site in checked),
        standby_allowed_mwh=sum(site.standby_limit_mwh for site in checked),
        rule_breaks=breaks,
        representative_days=run.representative_days,
        rounds=run.rounds,
        segment_tolerance=run.options.tolerance,
    )


def supply_cost(design: SolvedDesign, sites: Sequence[SiteEvaluation]) -> Comparison:
    """Yearly cost of the power supply on representative days against the whole year [USD/year]."""
    year = sum(sum(site.supply_annual_usd.values()) for site in sites)
    return _compared(design.quantities["supply_annual_musd"] * _USD_PER_MUSD, year)


def _compared(optimizer: float, recomputed: float) -> Comparison:
    difference = 0.0 if recomputed == optimizer else optimizer / recomputed - 1.0 if recomputed else math.inf
    return Comparison(optimizer=optimizer, recomputed=recomputed, difference=difference)


def objective_of(context: Setting, totals: Totals, sites: Sequence[SiteEvaluation]) -> float:
    """The objective from the figures of the physics."""
    kind = context.loaded.instance.objective.kind
    annual = totals.tco_usd / context.terms.life_it_years
    counted = _counted(context, sites)
    flops = context.loaded.instance.require.training_flops or _FLOPS_PER_EXAFLOPS
    seconds = flops / (totals.effective_exaflops * counted * _FLOPS_PER_EXAFLOPS)
    values = {
        "efficiency": totals.efficiency * counted,
        "exaflops_per_capex": totals.exaflops_per_billion_usd * counted,
        "exaflops_per_watt": totals.exaflops_per_megawatt * counted,
        "exaflops_per_tco": totals.effective_exaflops * counted / (totals.tco_usd / _USD_PER_BUSD),
        "exaflops": totals.effective_exaflops * counted,
        "capex": totals.capex_usd,
        "tco": totals.tco_usd,
        "training_cost": annual * seconds / (HOURS_PER_YEAR * SECONDS_PER_HOUR),
        "facility_mw": totals.facility_mw_peak,
    }
    return values[kind]


def _counted(context: Setting, sites: Sequence[SiteEvaluation]) -> float:
    """Share of the ExaFLOPS over the life of the chips that is left of a delay, where the question counts it."""
    if not context.loaded.instance.objective.count_delay:
        return 1.0
    life, rates = context.terms.life_it_years, _working_flops(list(sites))
    kept = sum(rate * (1.0 - max(0.0, c.design.start_years - context.ready_years) / life) for c, rate in rates)
    return kept / sum(rate for _, rate in rates)
