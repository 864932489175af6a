"""Read the design out of a solved model: which clusters and power sources stand where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pyomo.environ import value

from exasite.formulation import BuiltModel
from exasite.formulation.deployment import units_of
from exasite.formulation.supply import sizes, supply_co2_t, unclean_mwh
from exasite.models.accelerator import accelerator
from exasite.models.cluster import Components
from exasite.models.cooling import cooling_method
from exasite.models.evaluate import ClusterDesign, SiteDesign, SupplyDesign, Terms
from exasite.models.fabric_parts import fabric
from exasite.models.storage import recovery, storage
from exasite.options import Configuration, Mode, Options, SiteOptions, SupplyOption
from exasite.screening import facility_mw, water_m3_per_year
from exasite.setting import Setting, SiteSetting, workload_for
from exasite.supply_plans import SupplyPlan
from exasite.year import Ceiling

_LEAST_MW = 1e-4  # smaller sizes are rounding of the solver


@dataclass(frozen=True)
class Firm:
    """What of a source can be counted on [MW]."""

    source: str
    mw: float


@dataclass(frozen=True)
class SolvedSite:
    """A site with something on it: the design for the physics, and what the model says of it.

    `ceilings` of each phase are the site's part of the limits on CO2 and on energy that is not clean.
    """

    setting: SiteSetting
    design: SiteDesign
    firm: tuple[Firm, ...]
    dropped_share: float = 1.0
    ceilings: tuple[tuple[Ceiling, ...], ...] = ()


@dataclass(frozen=True)
class SolvedDesign:
    """All sites with clusters, and the quantities of the optimiser's own model."""

    sites: tuple[SolvedSite, ...]
    quantities: dict[str, float]


def terms_of(context: Setting) -> Terms:
    return Terms(context.prices, context.terms, context.electrical_loss)


def read_design(model: BuiltModel, options: Options, context: Setting) -> SolvedDesign:
    """Clusters and supply of every site, from the values loaded into the Pyomo model."""
    sites = []
    for site, at in zip(options.sites, context.sites, strict=True):
        clusters = _clusters(model, site, options, context)
        if clusters:
            found = _site(sizes(model.model.supply[site.id]), site, options, at, clusters)
            phases = range(len(options.phases))
            ceilings = tuple(tuple(_ceilings(model, site, context, found, k)) for k in phases)
            sites.append(replace(found, ceilings=ceilings))
    names = [*model.compiled.quantities, "supply_annual_musd"]
    return SolvedDesign(tuple(sites), {name: float(value(model.quantities[name])) for name in names})


def _clusters(model: BuiltModel, site: SiteOptions, options: Options, context: Setting) -> tuple[ClusterDesign, ...]:
    block, found = model.model.site[site.id], []
    for j in block.segments:
        count = round(value(block.clusters[j]))
        if count == 0:
            continue
        configuration = site.segments.configurations[site.segments.configuration[j]]
        mode = site.modes[site.segments.modes[j]]
        for units in _shares(round(units_of(block, site, j)), count):
            found.append(_operated(_cluster(configuration, units, context), mode, options))
    return tuple(found)


def _operated(cluster: ClusterDesign, mode: Mode, options: Options) -> ClusterDesign:
    start = options.phases[mode.start_phase].start_years
    return replace(
        cluster, paused_share=mode.paused_share, droppable_share=mode.droppable_share,
        start_years=start if np.isfinite(start) else 0.0,
    )  # fmt: skip


def _shares(units: int, clusters: int) -> list[int]:
    """Deployment units of equal clusters that share a segment, as even as whole units allow."""
    return [int(part) for part in np.diff(np.linspace(0, units, clusters + 1).round())]


def _cluster(configuration: Configuration, units: int, context: Setting) -> ClusterDesign:
    catalog = context.catalog
    chip = accelerator(catalog, configuration.accelerator)
    parts = Components(
        accelerator=chip,
        fabric=fabric(catalog, configuration.interconnect),
        cooling=cooling_method(catalog, configuration.cooling),
        storage=storage(catalog, configuration.storage),
        recovery=recovery(catalog, configuration.recovery),
    )
    return ClusterDesign(parts, units * configuration.unit_gpus, workload_for(context.loaded, chip))


def planned_design(plan: SupplyPlan, options: Options, context: Setting, site_number: int,
                   segment: int) -> SolvedDesign:  # fmt: skip
    """The design of one cluster on a segment of one size, with a supply that was planned for its heat."""
    site, at = options.sites[site_number], context.sites[site_number]
    table, units = site.segments, int(site.segments.lower[segment])
    mode = site.modes[table.modes[segment]]
    one = _cluster(table.configurations[table.configuration[segment]], units, context)
    solved = _site(plan.sizes, site, options, at, (_operated(one, mode, options),))
    q = {name: float(table.slope[name][segment] * units + table.intercept[name][segment]) for name in table.slope}
    mean, peak = facility_mw(site, segment, units)
    opex = q["fixed_opex_musd"] + plan.opex_musd
    quantities = {
        "effective_exaflops": q["effective_exaflops"],
        "counted_exaflops": q["effective_exaflops"] * mode.counted_share,
        "capex_musd": q["capex_musd"] + plan.capex_musd,
        "facility_mean_mw": mean,
        "facility_peak_mw": peak,
        "annual_cost_musd": q["annual_capex_musd"] + plan.annual_capex_musd + opex,
        "opex_musd": opex,
        "supply_opex_musd": plan.opex_musd,
        "gpus": q["gpus"],
        "co2_t": plan.co2_t,
        "water_m3": water_m3_per_year(site, segment, units),
        "supply_annual_musd": plan.annual_capex_musd + plan.opex_musd,
    }
    return SolvedDesign((replace(solved, ceilings=tuple(() for _ in options.phases)),), quantities)


def _site(sized_as: Mapping[str, tuple[float, float]], site: SiteOptions, options: Options, at: SiteSetting,
          clusters: tuple[ClusterDesign, ...]) -> SolvedSite:  # fmt: skip
    supply, firm = [], []
    sized = {option.id: option for option in site.supply}
    for source in at.sources:
        capacity, energy = sized_as.get(source.id, (0.0, 0.0))
        if capacity < _LEAST_MW:
            continue
        option = sized[source.id]
        arriving = replace(source, lead_years=option.lead_years)
        supply.append(SupplyDesign(arriving, capacity, energy, option.min_load_mw))
        firm.append(Firm(source.id, _firm_mw(option, capacity)))
    design = SiteDesign(at.site, at.climate, clusters, tuple(supply), at.given, options.phases)
    return SolvedSite(at, design, _beside_grid(design, firm, site.standby_share), site.dropped_share)


def _ceilings(model: BuiltModel, site: SiteOptions, context: Setting, solved: SolvedSite,
              phase: int) -> Iterator[Ceiling]:  # fmt: skip
    """The site's part of what the question allows in a phase, as the solution shares it among the sites."""
    limit, clean = context.loaded.instance.limit, context.loaded.instance.require.hourly_clean_share
    plant, totals = model.model.supply[site.id], model.quantities
    sources = [s.source for s in solved.design.supply]

    def part(most: float, here: Any, everywhere: Any) -> float:
        total = float(value(everywhere))
        return most * (float(value(here)) / total if total > 0 else 1.0)

    allowed = [limit.co2_t_per_year] if limit.co2_t_per_year is not None else []
    if limit.co2_t_per_exaflop_year is not None:
        allowed.append(limit.co2_t_per_exaflop_year * float(value(totals["effective_exaflops"])))
    if allowed:
        most = part(min(allowed), supply_co2_t(plant, site, phase), totals["phase_co2_t"][phase])
        yield Ceiling({s.id: s.co2_t_per_mwh for s in sources}, most)
    if clean is not None:
        most = (1.0 - clean) * float(value(totals["phase_energy_mwh"][phase]))
        most = part(most, unclean_mwh(plant, site, phase), totals["phase_unclean_mwh"][phase])
        unclean = [s for s in sources if not s.is_clean and s.kind != "storage"]
        yield Ceiling({s.id: 1.0 for s in unclean}, most)


def _firm_mw(option: SupplyOption, capacity_mw: float) -> float:
    """What of an installed source can be counted on [MW]."""
    if not option.firm:
        return 0.0
    units = round(capacity_mw / option.unit_mw) if option.unit_mw > 0 else capacity_mw
    return min(max(option.firm_mw_per_unit * units - option.firm_offset_mw, 0.0), capacity_mw)


def _beside_grid(design: SiteDesign, firm: list[Firm], share: float) -> tuple[Firm, ...]:
    """Standby counts for no more than the grid it stands by for."""
    kinds = {s.source.id: s.source.kind for s in design.supply}
    room = share * sum(s.capacity_mw for s in design.supply if s.source.kind in ("grid", "contract"))
    found = []
    for one in firm:
        mw = min(one.mw, room) if kinds[one.source] == "backup" else one.mw
        room -= mw if kinds[one.source] == "backup" else 0.0
        found.append(Firm(one.source, mw))
    return tuple(found)
