"""How a site is powered: sizes by whole units or MW, firm power with spares, and what the sources cost.

How the sources run, hour by hour, is in `dispatch`; one block of it for each phase.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pyomo.environ import Binary, Block, Constraint, NonNegativeIntegers, NonNegativeReals, Set, Var, value

from exasite.formulation.deployment import deployed, facility_peak_mw
from exasite.formulation.dispatch import add_dispatch, energy_mwh, is_there
from exasite.models.evaluate import Phase
from exasite.options import SiteOptions, SupplyOption


def add_supply(block: Block, site: SiteOptions, phases: tuple[Phase, ...]) -> None:
    """Variables and constraints of the power supply of one site.

    capacity[g]      installed capacity of source g                      [MW]
    units[g]         units of g, where it comes in units                 [-]   capacity = unit_mw x units
    built[g]         whether g, which needs spare units, counts as firm  [-]
    firm[g]          what of g can be counted on                         [MW]
    energy[g]        size of the store of g                              [MWh]
    phase[k]         how the sources run in phase k, see `dispatch`
    """
    block.sources = Set(initialize=[option.id for option in site.supply])
    by_id = {option.id: option for option in site.supply}
    block.storages = Set(initialize=[o.id for o in site.supply if o.kind == "storage"])
    block.capacity = Var(block.sources, domain=NonNegativeReals, bounds=lambda b, g: (0.0, by_id[g].max_mw))
    block.energy = Var(block.storages, domain=NonNegativeReals)
    _add_units(block, site)
    _add_spares(block, site)
    _add_site_limits(block, site)
    block.phase = Block(range(len(phases)))
    for k, phase in enumerate(phases):
        add_dispatch(block.phase[k], block, site, k, phase)
        _add_firmness(block.phase[k], block, site, k, phase)


def _add_units(block: Block, site: SiteOptions) -> None:
    sized = {option.id: option for option in site.supply if option.unit_mw > 0}
    block.unit_sources = Set(initialize=list(sized))
    block.count = Var(
        block.unit_sources, domain=NonNegativeIntegers,
        bounds=lambda b, g: (0, int(sized[g].max_mw / sized[g].unit_mw + 1e-9)),
    )  # fmt: skip
    block.whole_units = Constraint(
        block.unit_sources, rule=lambda b, g: b.capacity[g] == sized[g].unit_mw * b.count[g]
    )


def _add_spares(block: Block, site: SiteOptions) -> None:
    """Firm capacity: everything installed, less the spare units that must be able to stand still."""
    by_id = {option.id: option for option in site.supply}
    spared = [o.id for o in site.supply if o.firm and o.unit_mw > 0 and o.firm_offset_mw > 0]
    block.spared_sources = Set(initialize=spared)
    block.built = Var(block.spared_sources, domain=Binary)
    block.firm = Var(
        block.sources, domain=NonNegativeReals, bounds=lambda b, g: (0.0, by_id[g].max_mw if by_id[g].firm else 0.0)
    )
    block.firm_is_installed = Constraint(
        block.sources, rule=lambda b, g: b.firm[g] <= _firm_share(by_id[g]) * b.capacity[g]
    )
    block.firm_without_spares = Constraint(
        block.spared_sources,
        rule=lambda b, g: b.firm[g]
        <= by_id[g].firm_mw_per_unit * b.count[g] - by_id[g].firm_offset_mw * b.built[g],
    )
    block.firm_if_built = Constraint(
        block.spared_sources, rule=lambda b, g: b.firm[g] <= by_id[g].max_mw * b.built[g]
    )
    # Stored power is firm only as long as it lasts.
    block.firm_energy = Constraint(
        block.storages, rule=lambda b, g: by_id[g].firm_hours * b.firm[g] <= b.energy[g]
    )


def _firm_share(option: SupplyOption) -> float:
    """Firm MW of an installed MW at most; units with spares among them have a row of their own."""
    if option.unit_mw <= 0:
        return option.firm_mw_per_unit
    return 1.0 if option.firm_offset_mw > 0 else option.firm_mw_per_unit / option.unit_mw


def _add_site_limits(block: Block, site: SiteOptions) -> None:
    """What the pipeline feeds, the land that can be had, and a contract whose size is given."""
    place = block.model().site[site.id]
    if np.isfinite(site.gas_limit_mw):
        gas = [option.id for option in site.supply if option.fuel == "natural_gas"]
        if gas:
            block.gas_limit = Constraint(expr=sum(block.capacity[g] for g in gas) <= site.gas_limit_mw)
    if np.isfinite(site.land_limit_acres):
        clusters = deployed(place, site, "land_acres")
        block.land_limit = Constraint(expr=clusters + supply_land_acres(block, site) <= site.land_limit_acres)
    signed = {o.id: o.contract_mw for o in site.supply if np.isfinite(o.contract_mw)}
    block.contract = Constraint(
        list(signed),
        rule=lambda b, g: b.capacity[g] == signed[g] * sum(place.clusters[j] for j in place.segments),
    )


def _add_firmness(block: Block, plant: Block, site: SiteOptions, number: int, phase: Phase) -> None:
    """The peak is carried with the wanted availability; what may be dropped at once needs no firm power.

    Sun and wind count for what they have in each hour, storage for what the dispatch adds from it: then the row
    stands in every representative hour, the leanest ones among them.
    """
    place, there = plant.model().site[site.id], [o for o in site.supply if is_there(o, phase)]
    peak = sum(
        (1.0 - site.dropped_share * mode.droppable_share) * facility_peak_mw(place, site, m)
        for m, mode in enumerate(site.modes)
        if mode.start_phase <= number
    )
    firm = sum(plant.firm[o.id] for o in there if o.firm)
    proven = [o for o in there if not o.firm and o.kind in ("variable", "storage")]
    hours = range(len(site.hour_weights)) if proven else [0]

    def carried(b: Block, h: int) -> Any:
        usable = sum(float(o.availability[h]) * plant.capacity[o.id] for o in proven if o.kind == "variable")
        stored = sum(b.output[o.id, h] - b.charge[o.id, h] for o in proven if o.kind == "storage")
        return firm + usable + stored >= peak

    block.firmness = Constraint(hours, rule=carried)
    standby = [o.id for o in there if o.kind == "backup" and o.firm]
    if standby:  # engines that may run few hours stand by for the grid, they do not replace it
        beside = sum(plant.capacity[o.id] for o in there if o.kind in ("grid", "contract"))
        block.standby_beside_grid = Constraint(expr=sum(plant.firm[g] for g in standby) <= site.standby_share * beside)


def sizes(block: Block) -> dict[str, tuple[float, float]]:
    """Capacity [MW] and store [MWh] of every source in the loaded solution."""
    stores = {g: float(value(block.energy[g])) for g in block.storages}
    return {g: (float(value(block.capacity[g])), stores.get(g, 0.0)) for g in block.sources}


def money(block: Block, site: SiteOptions, phases: tuple[Phase, ...]) -> tuple[float, float, float]:
    """Capex [M$], its annuity and the yearly cost beside it [M$/year] in the loaded solution."""
    annual = (supply_annual_capex_musd(block, site), supply_opex_musd(block, site, phases))
    capex, annuity, opex = (float(value(part)) for part in (supply_capex_musd(block, site), *annual))
    return capex, annuity, opex


def co2_t(block: Block, site: SiteOptions, phases: tuple[Phase, ...]) -> float:
    """CO2 of a year, mean over the phases, in the loaded solution [t/year]."""
    return sum(phase.share * float(value(supply_co2_t(block, site, k))) for k, phase in enumerate(phases))


def supply_capex_musd(block: Block, site: SiteOptions) -> Any:
    """Capex of all sources [M$]."""
    return sum(_source_capex(block, option) for option in site.supply)


def supply_annual_capex_musd(block: Block, site: SiteOptions) -> Any:
    """Annuity of the capex of all sources [M$/year]."""
    return sum(option.annual_capex_factor * _source_capex(block, option) for option in site.supply)


def _source_capex(block: Block, option: SupplyOption) -> Any:
    capex = option.capex_musd_per_mw * block.capacity[option.id]
    return capex + option.capex_musd_per_mwh * block.energy[option.id] if option.kind == "storage" else capex


def supply_opex_musd(block: Block, site: SiteOptions, phases: tuple[Phase, ...]) -> Any:
    """Fixed and energy cost of all sources in a year, mean over the phases [M$/year]."""
    fixed = sum(option.fixed_musd_per_mw_year * block.capacity[option.id] for option in site.supply)
    return fixed + sum(phase.share * block.phase[k].bill for k, phase in enumerate(phases))


def supply_co2_t(block: Block, site: SiteOptions, phase: int) -> Any:
    """CO2 of all sources in a year of a phase [t/year]."""
    return sum(o.co2_t_per_mwh * energy_mwh(block.phase[phase], site, o.id) for o in site.supply
               if o.id in block.phase[phase].sources)  # fmt: skip


def unclean_mwh(block: Block, site: SiteOptions, phase: int) -> Any:
    """Energy from sources that are not clean in a year of a phase [MWh/year]; stored energy counts where made."""
    return sum(energy_mwh(block.phase[phase], site, o.id) for o in site.supply
               if o.id in block.phase[phase].sources and not o.clean and o.kind != "storage")  # fmt: skip


def supply_land_acres(block: Block, site: SiteOptions) -> Any:
    """Land under all sources [acres]."""
    return sum(option.land_acres_per_mw * block.capacity[option.id] for option in site.supply)
