"""One site in the records of the result: its clusters, its power supply as a planner reads it, and its dates."""

from __future__ import annotations

import math

from exasite.design import SolvedSite
from exasite.models.evaluate import ClusterEvaluation, SiteEvaluation, SupplyDesign
from exasite.result import Cluster, PhaseResult, SiteResult, Supply
from exasite.setting import Setting, date_after
from exasite.verify import CheckedSite


def site_result(context: Setting, checked: CheckedSite) -> SiteResult:
    """The record of a checked site."""
    solved, site = checked.solved, checked.evaluation
    decided = context.loaded.instance.decision_date
    return SiteResult(
        site=solved.setting.section.key,
        name=site.design.site.name,
        clusters=tuple(_cluster(*pair) for pair in zip(site.clusters, site.kept_share, strict=True)),
        supply=tuple(_supply(context, solved, site, s) for s in site.design.supply),
        capex_usd=site.capex_usd,
        facility_mw_mean=site.facility_mw_mean,
        facility_mw_peak=site.facility_mw_peak,
        pue_mean=site.facility_mw_mean / site.it_mw_mean,
        pue_peak=site.facility_mw_peak / site.it_mw,
        energy_price_usd_per_mwh=sum(site.supply_annual_usd.values()) / site.energy_mwh,
        online_date=date_after(decided, online_years(context, site)).isoformat(),
        full_power_date=date_after(decided, full_power_years(context, site)).isoformat(),
        firm_availability=checked.firm_availability,
        phases=_phases(context, site),
    )


def online_years(context: Setting, site: SiteEvaluation) -> float:
    """Years from the decision to the first MW at work: the cluster and the sources it starts with are ready."""
    start = max((c.start_years for c in site.design.clusters), default=0.0)
    first = min(phase.start_years for phase in site.design.phases)
    limit = start if start > 0 else first
    leads = [s.source.lead_years for s in site.design.supply if s.source.lead_years <= limit + 1e-9]
    return max([context.ready_years, *leads])


def full_power_years(context: Setting, site: SiteEvaluation) -> float:
    """Years from the decision to the last source of the design."""
    return max([online_years(context, site), *(s.source.lead_years for s in site.design.supply)])


def _phases(context: Setting, site: SiteEvaluation) -> tuple[PhaseResult, ...]:
    """The phases of a supply that comes in steps; none where everything is there from the start."""
    if len(site.dispatches) == 1:
        return ()
    found, decided = [], context.loaded.instance.decision_date
    for phase, demand, dispatch, co2 in zip(
        site.design.phases, site.demand_mw, site.dispatches, site.phase_co2_t, strict=True
    ):
        if demand.any():
            found.append(PhaseResult(
                start_date=date_after(decided, phase.start_years).isoformat(),
                years=phase.share * context.terms.life_it_years,
                energy_mwh={g: mwh for g, mwh in dispatch.energy_mwh.items() if mwh > 0},
                co2_t=co2,
                unserved_mwh=dispatch.unserved_mwh,
            ))  # fmt: skip
    return tuple(found)


def _cluster(found: ClusterEvaluation, kept: float) -> Cluster:
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
        goodput=float(curves.goodput[0]) * kept,
        mfu=float(curves.mfu[0]) * kept,
        effective_exaflops=float(curves.effective_exaflops[0]) * kept,
        paused_share=found.design.paused_share,
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


def _supply(context: Setting, solved: SolvedSite, site: SiteEvaluation, sized: SupplyDesign) -> Supply:
    source, firm = sized.source, {f.source: f.mw for f in solved.firm}
    energy, unit = site.supply_energy_mwh[source.id], source.unit_mw
    units = round(sized.capacity_mw / unit) if unit > 0 else None
    stores = {s.source.id for s in site.design.supply if s.source.kind == "storage"}
    made = sum(mwh for g, mwh in site.supply_energy_mwh.items() if g not in stores)
    spare = None
    if units is not None and source.firm:
        spare = units - math.ceil(firm[source.id] / unit - 1e-6)
    return Supply(
        source=source.id,
        name=source.name,
        units=units,
        spare_units=spare,
        capacity_mw=sized.capacity_mw,
        firm_mw=firm[source.id],
        energy_mwh=energy,
        energy_share=energy / made if made > 0 else 0.0,
        storage_mwh=sized.energy_mwh if source.kind == "storage" else None,
        capex_usd=site.supply_capex_usd[source.id],
        cost_usd_per_mwh=site.supply_annual_usd[source.id] / energy if energy > 0 else None,
        lead_years=source.lead_years,
        online_date=date_after(context.loaded.instance.decision_date, source.lead_years).isoformat(),
    )
