"""From a solved design to the Result: evaluated by the physics, compared with the model, with sources."""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import TYPE_CHECKING

from exasite.design import SolvedDesign, SolvedSite, terms_of
from exasite.instance.schema import LimitSection
from exasite.models.evaluate import ClusterEvaluation, SiteEvaluation, evaluate
from exasite.models.power import unavailable_sources
from exasite.models.units import HOURS_PER_YEAR, SECONDS_PER_HOUR
from exasite.models.workload import flop_per_token
from exasite.objectives import Optimum, capex_weight
from exasite.provenance import low_confidence_share, rows_used
from exasite.result import (
    Check,
    Cluster,
    Comparison,
    InstanceName,
    Objective,
    Provenance,
    Result,
    SiteResult,
    Solver,
    Status,
    Supply,
    Totals,
)
from exasite.session import FEASIBLE, INFEASIBLE, OPTIMAL
from exasite.setting import DEFAULT_ELECTRICAL, Setting, chosen, date_after

if TYPE_CHECKING:
    from exasite.solving import Run

_USD_PER_BUSD, _USD_PER_MUSD, _FLOPS_PER_EXAFLOPS = 1e9, 1e6, 1e18
_SECONDS_PER_DAY = 86400.0
_UNSERVED_TOLERANCE = 1e-3
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


def assemble(context: Setting, design: SolvedDesign, optimum: Optimum, run: Run) -> Result:
    """Result of a solved design."""
    terms = terms_of(context)
    evaluated = [evaluate(site.design, terms, context.catalog) for site in design.sites]
    totals = _totals(context, evaluated)
    instance = context.loaded.instance
    rows = rows_used(
        context.catalog,
        evaluated,
        [site.setting.section.base_id for site in design.sites],
        instance.facility.electrical or DEFAULT_ELECTRICAL,
        instance.workload.model if isinstance(instance.workload.model, str) else None,
    )
    return Result(
        instance=_name(context),
        status=_STATUSES[optimum.status],
        message="; ".join([*limits_exceeded(instance.limit, totals), *_unserved(evaluated, totals)]),
        objective=_objective(context, optimum),
        totals=totals,
        sites=tuple(_site(context, site, found) for site, found in zip(design.sites, evaluated, strict=True)),
        check=_check(context, design, evaluated, totals, optimum, run),
        solver=_solver(run),
        provenance=Provenance(
            exasite_version=version("exasite"),
            catalog_sha256=context.catalog.digest,
            low_confidence_capex_share=low_confidence_share(context.catalog, evaluated),
            rows=rows,
        ),
    )


def excess(limit: LimitSection, totals: Totals) -> dict[str, float]:
    """Limits that the checked figures break, by key, as reached over allowed."""
    reached = {
        "capex_usd": totals.capex_usd,
        "opex_usd_per_year": totals.opex_usd_per_year,
        "facility_mw": totals.facility_mw_peak,
        "energy_price_usd_per_mwh": totals.energy_price_usd_per_mwh,
        "co2_t_per_year": totals.co2_t_per_year,
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


def _unserved(sites: list[SiteEvaluation], totals: Totals) -> list[str]:
    """Energy that the power plant cannot deliver in the whole year, in words."""
    share = sum(site.dispatch.unserved_mwh for site in sites) / totals.energy_mwh_per_year
    if share <= _UNSERVED_TOLERANCE:
        return []
    return [f"over the whole year {100 * share:.1f} % of the energy is unserved: allow firm power for more hours"]


def _name(context: Setting) -> InstanceName:
    loaded = context.loaded
    return InstanceName(name=loaded.instance.name, sha256=loaded.sha256, question=loaded.instance.question)


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


def _totals(context: Setting, sites: list[SiteEvaluation]) -> Totals:
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
        water_m3_per_year=sum(site.water_m3 for site in sites),
        land_acres=sum(site.land_acres for site in sites),
        exaflops_per_billion_usd=per_busd,
        exaflops_per_megawatt=per_mw,
        efficiency=per_busd**weight * per_mw ** (1.0 - weight),
        online_date=_online_date(context, sites),
        training_days=days,
        training_cost_usd=None if days is None else annual / hours_a_year * days,
        tokens_per_second=sum(
            c.curves.effective_exaflops[0] * _FLOPS_PER_EXAFLOPS / flop_per_token(c.design.load) for c in clusters
        ),
    )


def _online_date(context: Setting, sites: list[SiteEvaluation]) -> str:
    """When the last part is there: the building with its cluster, and the slowest power source used."""
    leads = [s.source.lead_years for site in sites for s in site.design.supply]
    return date_after(context.loaded.instance.decision_date, max([context.ready_years, *leads])).isoformat()


def _site(context: Setting, solved: SolvedSite, site: SiteEvaluation) -> SiteResult:
    firm = {f.source: f.mw for f in solved.firm}
    return SiteResult(
        site=solved.setting.section.key,
        name=site.design.site.name,
        clusters=tuple(_cluster(c) for c in site.clusters),
        supply=tuple(_supply(site, s.source.id, firm[s.source.id]) for s in site.design.supply),
        capex_usd=site.capex_usd,
        facility_mw_mean=site.facility_mw_mean,
        facility_mw_peak=site.facility_mw_peak,
        pue_mean=site.facility_mw_mean / site.it_mw_mean,
        pue_peak=site.facility_mw_peak / site.it_mw,
    )


def _cluster(found: ClusterEvaluation) -> Cluster:
    parts, curves, counted = found.design.components, found.curves, found.interconnect
    return Cluster(
        accelerator=parts.accelerator.id,
        gpus=found.design.gpus,
        spare_gpus=math.ceil(float(curves.spare_gpus[0]) - 1e-9),
        interconnect=parts.fabric.id,
        network_tiers=int(counted.tiers[0]),
        network_switches=int(counted.switches[0]),
        cooling=parts.cooling.id,
        storage=parts.storage.id,
        recovery=parts.recovery.id,
        names={
            "accelerator": parts.accelerator.name,
            "interconnect": parts.fabric.name,
            "cooling": parts.cooling.name,
            "storage": parts.storage.name,
            "recovery": parts.recovery.name,
        },
        precision=found.design.load.precision,
        parallel_split=_split(found),
        peak_exaflops=float(curves.peak_exaflops[0]),
        mamf=float(curves.mamf[0]),
        sfu=float(curves.sfu[0]),
        goodput=float(curves.goodput[0]),
        mfu=float(curves.mfu[0]),
        effective_exaflops=float(curves.effective_exaflops[0]),
        storage_write_gb_per_s=float(parts.storage.write_bandwidth(found.design.gpus)),
        job_mttf_hours=float(curves.mttf_hours[0]),
        checkpoint_interval_s=_finite(float(curves.interval_s[0])),
        it_mw=float(curves.it_mw[0]),
        it_mw_mean=float(curves.it_mw_mean[0]),
        liquid_share=float(curves.liquid_peak_mw[0] / curves.it_mw[0]),
        capex_usd={line: float(cost) for line, cost in ((k, v.sum()) for k, v in found.cost.capex.lines().items())},
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _split(found: ClusterEvaluation) -> str:
    split = found.sfu.split
    if not found.sfu.feasible[0]:
        return ""
    ways = (("TP", split.tp), ("CP", split.cp), ("PP", split.pp), ("VP", split.vp), ("MBS", split.microbatch))
    return " ".join(f"{name}{round(float(values[0]))}" for name, values in ways)


def _supply(site: SiteEvaluation, source_id: str, firm_mw: float) -> Supply:
    sized = next(s for s in site.design.supply if s.source.id == source_id)
    energy, unit = site.dispatch.energy_mwh[source_id], sized.source.unit_mw
    return Supply(
        source=source_id,
        name=sized.source.name,
        units=round(sized.capacity_mw / unit) if unit > 0 else None,
        capacity_mw=sized.capacity_mw,
        firm_mw=firm_mw,
        energy_mwh=energy,
        storage_mwh=sized.energy_mwh if sized.source.kind == "storage" else None,
        capex_usd=site.supply_capex_usd[source_id],
        cost_usd_per_mwh=site.supply_annual_usd[source_id] / energy if energy > 0 else None,
        lead_years=sized.source.lead_years,
    )


def _check(context: Setting, design: SolvedDesign, sites: list[SiteEvaluation], totals: Totals, optimum: Optimum,
           run: Run) -> Check:  # fmt: skip
    model = design.quantities
    return Check(
        effective_exaflops=_compared(model["effective_exaflops"], totals.effective_exaflops),
        capex_usd=_compared(model["capex_musd"] * _USD_PER_MUSD, totals.capex_usd),
        facility_mw_mean=_compared(model["facility_mean_mw"], totals.facility_mw_mean),
        objective=_compared(optimum.value, _recomputed_objective(context, totals)),
        year_unserved_mwh=sum(site.dispatch.unserved_mwh for site in sites),
        year_opex_usd=_compared(model["opex_musd"] * _USD_PER_MUSD, totals.opex_usd_per_year),
        year_co2_t=_compared(model["co2_t"], totals.co2_t_per_year),
        segment_tolerance=run.options.tolerance,
    )


def _compared(optimizer: float, recomputed: float) -> Comparison:
    difference = 0.0 if recomputed == optimizer else optimizer / recomputed - 1.0 if recomputed else math.inf
    return Comparison(optimizer=optimizer, recomputed=recomputed, difference=difference)


def _recomputed_objective(context: Setting, totals: Totals) -> float:
    """The objective from the figures of the physics."""
    kind = context.loaded.instance.objective.kind
    annual = totals.tco_usd / context.terms.life_it_years
    flops = context.loaded.instance.require.training_flops or _FLOPS_PER_EXAFLOPS
    seconds = flops / (totals.effective_exaflops * _FLOPS_PER_EXAFLOPS)
    values = {
        "efficiency": totals.efficiency,
        "exaflops_per_capex": totals.exaflops_per_billion_usd,
        "exaflops_per_watt": totals.exaflops_per_megawatt,
        "exaflops_per_tco": totals.effective_exaflops / (totals.tco_usd / _USD_PER_BUSD),
        "exaflops": totals.effective_exaflops,
        "capex": totals.capex_usd,
        "tco": totals.tco_usd,
        "training_cost": annual * seconds / (HOURS_PER_YEAR * SECONDS_PER_HOUR),
        "facility_mw": totals.facility_mw_peak,
    }
    return values[kind]
