"""How a site is powered: sizes by whole units or MW, dispatch by representative hour, firmness with spares."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyomo.environ import Binary, Block, Constraint, NonNegativeIntegers, NonNegativeReals, Set, Var

from exasite.formulation.deployment import demand_mw, deployed, facility_peak_mw
from exasite.options import SiteOptions, SupplyOption


def add_supply(block: Block, site: SiteOptions) -> None:
    """Variables and constraints of the power supply of one site.

    capacity[g]      installed capacity of source g                      [MW]
    units[g]         units of g, where it comes in units                 [-]   capacity = unit_mw x units
    built[g]         whether g, which needs spare units, counts as firm  [-]
    output[g, h]     power delivered in representative hour h            [MW]
    charge, level    of storage: power into it [MW], energy in it        [MWh]  cyclic within each day
    """
    block.sources = Set(initialize=[option.id for option in site.supply])
    block.hours = Set(initialize=range(len(site.hour_weights)))
    by_id = {option.id: option for option in site.supply}
    block.capacity = Var(block.sources, domain=NonNegativeReals, bounds=lambda b, g: (0.0, by_id[g].max_mw))
    block.output = Var(block.sources, block.hours, domain=NonNegativeReals)
    block.storages = Set(initialize=[o.id for o in site.supply if o.kind == "storage"])
    _add_units(block, site)
    _add_spares(block, site)
    _add_dispatch(block, site)
    _add_storage(block, site)
    if np.isfinite(site.gas_limit_mw):
        gas = [option.id for option in site.supply if option.fuel == "natural_gas"]
        if gas:
            block.gas_limit = Constraint(expr=sum(block.capacity[g] for g in gas) <= site.gas_limit_mw)
    if np.isfinite(site.land_limit_acres):
        clusters = deployed(block.model().site[site.id], site, "land_acres")
        block.land_limit = Constraint(expr=clusters + supply_land_acres(block, site) <= site.land_limit_acres)
    block.firmness = Constraint(
        expr=sum(block.firm[g] for g in block.sources) >= facility_peak_mw(block.model().site[site.id], site)
    )
    block.balance = Constraint(
        block.hours,
        rule=lambda b, h: sum(b.output[g, h] for g in b.sources) - sum(b.charge[g, h] for g in b.storages)
        >= demand_mw(b.model().site[site.id], site, h),
    )


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
    block.firm_is_installed = Constraint(block.sources, rule=lambda b, g: b.firm[g] <= b.capacity[g])
    block.firm_without_spares = Constraint(
        block.spared_sources,
        rule=lambda b, g: b.firm[g]
        <= by_id[g].firm_mw_per_unit * b.count[g] - by_id[g].firm_offset_mw * b.built[g],
    )
    block.firm_if_built = Constraint(
        block.spared_sources, rule=lambda b, g: b.firm[g] <= by_id[g].max_mw * b.built[g]
    )


def _add_dispatch(block: Block, site: SiteOptions) -> None:
    by_id = {option.id: option for option in site.supply}

    def limit(b: Block, g: str, h: int) -> Any:
        usable = float(by_id[g].availability[h]) * b.capacity[g]
        return b.output[g, h] == usable if by_id[g].must_take else b.output[g, h] <= usable

    block.output_limit = Constraint(block.sources, block.hours, rule=limit)
    capped = [o.id for o in site.supply if np.isfinite(o.full_load_hours)]
    block.energy_cap = Constraint(
        capped, rule=lambda b, g: energy_mwh(b, site, g) <= by_id[g].full_load_hours * b.capacity[g]
    )


def _add_storage(block: Block, site: SiteOptions) -> None:
    by_id = {option.id: option for option in site.supply}
    block.energy = Var(block.storages, domain=NonNegativeReals)
    block.charge = Var(block.storages, block.hours, domain=NonNegativeReals)
    block.level = Var(block.storages, block.hours, domain=NonNegativeReals)
    before = _hour_before(site.hour_days)
    block.charge_limit = Constraint(
        block.storages, block.hours, rule=lambda b, g, h: b.charge[g, h] <= b.capacity[g]
    )
    block.level_limit = Constraint(block.storages, block.hours, rule=lambda b, g, h: b.level[g, h] <= b.energy[g])
    block.level_balance = Constraint(
        block.storages, block.hours,
        rule=lambda b, g, h: b.level[g, h]
        == b.level[g, before[h]] + by_id[g].round_trip_efficiency * b.charge[g, h] - b.output[g, h],
    )  # fmt: skip
    # Stored power is firm only as long as it lasts.
    block.firm_energy = Constraint(
        block.storages, rule=lambda b, g: by_id[g].firm_hours * b.firm[g] <= b.energy[g]
    )


def _hour_before(days: np.ndarray) -> dict[int, int]:
    """Previous hour of each representative hour within its day; the first follows the last (cyclic)."""
    previous = {}
    for day in np.unique(days):
        hours = np.flatnonzero(days == day).tolist()
        previous.update({hour: hours[i - 1] for i, hour in enumerate(hours)})
    return previous


def energy_mwh(block: Block, site: SiteOptions, source: str) -> Any:
    """Energy a source delivers in the year [MWh]."""
    return sum(float(weight) * block.output[source, h] for h, weight in enumerate(site.hour_weights))


def supply_capex_musd(block: Block, site: SiteOptions) -> Any:
    """Capex of all sources [M$]."""
    return sum(_source_capex(block, option) for option in site.supply)


def supply_annual_capex_musd(block: Block, site: SiteOptions) -> Any:
    """Annuity of the capex of all sources [M$/year]."""
    return sum(option.annual_capex_factor * _source_capex(block, option) for option in site.supply)


def _source_capex(block: Block, option: SupplyOption) -> Any:
    capex = option.capex_musd_per_mw * block.capacity[option.id]
    return capex + option.capex_musd_per_mwh * block.energy[option.id] if option.kind == "storage" else capex


def supply_opex_musd(block: Block, site: SiteOptions) -> Any:
    """Fixed and energy cost of all sources in a year [M$/year]."""
    return sum(
        option.fixed_musd_per_mw_year * block.capacity[option.id]
        + 1e-6 * option.cost_usd_per_mwh * energy_mwh(block, site, option.id)
        for option in site.supply
    )


def supply_co2_t(block: Block, site: SiteOptions) -> Any:
    """CO2 of all sources in a year [t/year]."""
    return sum(option.co2_t_per_mwh * energy_mwh(block, site, option.id) for option in site.supply)


def supply_land_acres(block: Block, site: SiteOptions) -> Any:
    """Land under all sources [acres]."""
    return sum(option.land_acres_per_mw * block.capacity[option.id] for option in site.supply)
