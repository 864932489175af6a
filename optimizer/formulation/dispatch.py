"""How the sources of a site run in one phase: output by representative hour, bills, pauses, and storage."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyomo.core.expr import LinearExpression
from pyomo.environ import Block, Constraint, Expression, NonNegativeIntegers, NonNegativeReals, Reals, Set, Var

from exasite.formulation.deployment import demand_mw
from exasite.models.evaluate import Phase
from exasite.options import SiteOptions, SupplyOption

_USD_PER_MUSD = 1e6


def is_there(option: SupplyOption, phase: Phase) -> bool:
    """Whether a source can deliver in a phase."""
    return option.lead_years <= phase.start_years + 1e-9


def add_dispatch(block: Block, plant: Block, site: SiteOptions, number: int, phase: Phase) -> None:
    """Variables and constraints of the operation of a site in one phase.

    output[g, h]       power delivered in representative hour h                         [MW]
    charge[g, h]       power into storage                                               [MW]
    paused[m, h]       load given up by the clusters of mode m                          [MW]
    spilled[h]         what must be taken and nobody needs                              [MW]
    running[g, d]      units that run on representative day d, where that matters       [-]
    billed[g]          peak that a demand charge is paid for                            [MW]
    unused[g]          energy that is billed though it is not used                      [MWh/year]
    level, morning     state of storage, see `_add_closed_days` and `_add_linked_days`  [MWh]
    bill               energy, demand charges and minimum bills of a year               [M$/year]
    """
    there = [option for option in site.supply if is_there(option, phase)]
    block.sources = Set(initialize=[option.id for option in there])
    block.storages = Set(initialize=[o.id for o in there if o.kind == "storage"])
    block.hours = Set(initialize=range(len(site.hour_weights)))
    block.output = Var(block.sources, block.hours, domain=NonNegativeReals)
    block.charge = Var(block.storages, block.hours, domain=NonNegativeReals)
    _add_output_limits(block, plant, site, there)
    _add_running(block, plant, site, there)
    _add_pauses(block, site, number)
    _add_balance(block, site, there, number)
    _add_storage(block, plant, site, there)
    _add_bill(block, plant, site, there)


def _add_output_limits(block: Block, plant: Block, site: SiteOptions, there: list[SupplyOption]) -> None:
    by_id = {option.id: option for option in there}

    def limit(b: Block, g: str, h: int) -> Any:
        usable = float(by_id[g].availability[h]) * plant.capacity[g]
        return b.output[g, h] == usable if by_id[g].must_take else b.output[g, h] <= usable

    block.output_limit = Constraint(block.sources, block.hours, rule=limit)
    capped = [o.id for o in there if np.isfinite(o.full_load_hours)]
    block.energy_cap = Constraint(
        capped, rule=lambda b, g: energy_mwh(b, site, g) <= by_id[g].full_load_hours * plant.capacity[g]
    )


def _add_running(block: Block, plant: Block, site: SiteOptions, there: list[SupplyOption]) -> None:
    """Whole units run or stand still for a day, where the least output of one is not small against the site."""
    by_id = {o.id: o for o in there if o.min_load_mw > 0 and o.unit_mw > 0}
    day_of = site.hour_days
    days = np.unique(day_of).tolist()
    block.running = Var(list(by_id), days, domain=NonNegativeIntegers)
    block.running_is_built = Constraint(
        list(by_id), days, rule=lambda b, g, d: b.running[g, d] <= plant.count[g]
    )
    block.running_most = Constraint(
        list(by_id), block.hours,
        rule=lambda b, g, h: b.output[g, h]
        <= by_id[g].unit_mw * float(by_id[g].availability[h]) * b.running[g, int(day_of[h])],
    )  # fmt: skip
    block.running_least = Constraint(
        list(by_id), block.hours,
        rule=lambda b, g, h: b.output[g, h] >= by_id[g].min_load_mw * b.running[g, int(day_of[h])],
    )  # fmt: skip


def _add_pauses(block: Block, site: SiteOptions, number: int) -> None:
    """A mode gives up exactly its share of the energy of the year, in the hours the dispatch chooses."""
    place = block.model().site[site.id]
    modes = [m for m, mode in enumerate(site.modes) if mode.paused_share > 0 and mode.start_phase <= number]
    block.paused = Var(modes, block.hours, domain=NonNegativeReals)
    block.paused_limit = Constraint(
        modes, block.hours,
        rule=lambda b, m, h: b.paused[m, h] <= site.modes[m].droppable_share * demand_mw(place, site, h, m),
    )  # fmt: skip
    block.paused_share = Constraint(
        modes,
        rule=lambda b, m: weighted(site, [b.paused[m, h] for h in b.hours])
        == site.modes[m].paused_share
        * sum(float(w) * demand_mw(place, site, h, m) for h, w in enumerate(site.hour_weights)),
    )  # fmt: skip


def _add_balance(block: Block, site: SiteOptions, there: list[SupplyOption], number: int) -> None:
    place = block.model().site[site.id]
    forced = [o.id for o in there if o.must_take or (o.min_load_mw > 0 and o.unit_mw > 0)]
    block.spilled = Var(block.hours if forced else [], domain=NonNegativeReals)
    block.spilled_limit = Constraint(
        block.hours if forced else [], rule=lambda b, h: b.spilled[h] <= sum(b.output[g, h] for g in forced)
    )
    working = [m for m, mode in enumerate(site.modes) if mode.start_phase <= number]
    pausing = [m for m in working if site.modes[m].paused_share > 0]

    def balance(b: Block, h: int) -> Any:
        delivered = sum(b.output[g, h] for g in b.sources) - sum(b.charge[g, h] for g in b.storages)
        wanted = sum(demand_mw(place, site, h, m) for m in working)
        spilled = b.spilled[h] if forced else 0.0
        return delivered + sum(b.paused[m, h] for m in pausing) - spilled == wanted

    block.balance = Constraint(block.hours, rule=balance)


def _add_storage(block: Block, plant: Block, site: SiteOptions, there: list[SupplyOption]) -> None:
    """Power of storage, and its state: within each day, or through the calendar where the site has one."""
    block.level = Var(block.storages, block.hours, domain=Reals)
    block.charge_limit = Constraint(
        block.storages, block.hours, rule=lambda b, g, h: b.charge[g, h] + b.output[g, h] <= plant.capacity[g]
    )
    stores = {option.id: option for option in there if option.kind == "storage"}
    if len(site.calendar):
        _add_linked_days(block, plant, site, stores)
    else:
        _add_closed_days(block, plant, site, stores)


def _add_closed_days(block: Block, plant: Block, site: SiteOptions, stores: dict[str, SupplyOption]) -> None:
    """Every representative day ends where it began; `level` is the energy in the store [MWh]."""
    before = _hour_before(site.hour_days, cyclic=True)
    block.level_balance = Constraint(
        block.storages, block.hours,
        rule=lambda b, g, h: b.level[g, h]
        == b.level[g, before[h]] + stores[g].round_trip_efficiency * b.charge[g, h] - b.output[g, h],
    )  # fmt: skip
    block.full = Constraint(block.storages, block.hours, rule=lambda b, g, h: b.level[g, h] <= plant.energy[g])
    block.empty = Constraint(
        block.storages, block.hours,
        rule=lambda b, g, h: b.level[g, h] >= stores[g].minimum_charge_fraction * plant.energy[g],
    )


def _add_linked_days(block: Block, plant: Block, site: SiteOptions, stores: dict[str, SupplyOption]) -> None:
    """Storage followed through the 365 days of the calendar [1].

    level[g, h]      energy in it against the morning of the representative day         [MWh]
    morning[g, d]    energy in it on the morning of each day of the year, cyclic        [MWh]
    highest, lowest  of `level` on a representative day                                 [MWh]

    [1] L. Kotzur et al., Time series aggregation for energy system design: Modeling seasonal storage,
        Applied Energy 213 (2018) 123-135.
    """
    before, last = _hour_before(site.hour_days, cyclic=False), _last_hours(site.hour_days)
    days, calendar = np.unique(site.hour_days).tolist(), site.calendar.tolist()
    block.highest = Var(block.storages, days, domain=NonNegativeReals)
    block.lowest = Var(block.storages, days, domain=Reals, bounds=(None, 0.0))
    block.morning = Var(block.storages, range(len(calendar)), domain=NonNegativeReals)
    block.level_balance = Constraint(
        block.storages, block.hours,
        rule=lambda b, g, h: b.level[g, h] - (b.level[g, before[h]] if h in before else 0.0)
        == stores[g].round_trip_efficiency * b.charge[g, h] - b.output[g, h],
    )  # fmt: skip
    block.level_high = Constraint(
        block.storages, block.hours, rule=lambda b, g, h: b.level[g, h] <= b.highest[g, int(site.hour_days[h])]
    )
    block.level_low = Constraint(
        block.storages, block.hours, rule=lambda b, g, h: b.level[g, h] >= b.lowest[g, int(site.hour_days[h])]
    )
    numbers = range(len(calendar))
    block.full = Constraint(
        block.storages, numbers, rule=lambda b, g, d: b.morning[g, d] + b.highest[g, calendar[d]] <= plant.energy[g]
    )
    block.empty = Constraint(
        block.storages, numbers,
        rule=lambda b, g, d: b.morning[g, d] + b.lowest[g, calendar[d]]
        >= stores[g].minimum_charge_fraction * plant.energy[g],
    )  # fmt: skip
    block.next_morning = Constraint(
        block.storages, numbers,
        rule=lambda b, g, d: b.morning[g, (d + 1) % len(calendar)]
        == b.morning[g, d] + b.level[g, last[calendar[d]]],
    )  # fmt: skip


def _hour_before(days: np.ndarray, *, cyclic: bool) -> dict[int, int]:
    """Previous hour of each representative hour within its day; the first follows the last if cyclic, else none."""
    previous = {}
    for day in np.unique(days):
        hours = np.flatnonzero(days == day).tolist()
        previous.update(dict(zip(hours[1:], hours[:-1], strict=True)))
        if cyclic:
            previous[hours[0]] = hours[-1]
    return previous


def _last_hours(days: np.ndarray) -> dict[int, int]:
    return {int(day): int(np.flatnonzero(days == day)[-1]) for day in np.unique(days)}


def _add_bill(block: Block, plant: Block, site: SiteOptions, there: list[SupplyOption]) -> None:
    """Energy at its price in each hour, a charge on the billed peak, and what is billed though it is not used."""
    by_id = {option.id: option for option in there}
    charged = [o.id for o in there if o.demand_musd_per_mw_year > 0]
    minimum = [o.id for o in there if o.bills_energy and o.min_bill_fraction > 0]
    block.billed = Var(charged, domain=NonNegativeReals)
    block.billed_peak = Constraint(
        [(g, h) for g in charged for h in _billed_hours(site, by_id[g])],
        rule=lambda b, g, h: b.billed[g] >= b.output[g, h],
    )
    block.billed_minimum = Constraint(
        charged, rule=lambda b, g: b.billed[g] >= by_id[g].min_bill_fraction * plant.capacity[g]
    )
    block.unused = Var(minimum, domain=NonNegativeReals)
    year = float(site.hour_weights.sum())
    block.energy_minimum = Constraint(
        minimum,
        rule=lambda b, g: b.unused[g] + energy_mwh(b, site, g)
        >= by_id[g].min_bill_fraction * year * plant.capacity[g],
    )
    parts = [energy_cost_musd(block, site, option) for option in there]
    parts += [by_id[g].demand_musd_per_mw_year * block.billed[g] for g in charged]
    parts += [mean_price(site, by_id[g]) / _USD_PER_MUSD * block.unused[g] for g in minimum]
    block.bill = Expression(expr=sum(parts))


def _billed_hours(site: SiteOptions, option: SupplyOption) -> list[int]:
    """Representative hours in which the peak of a source is billed."""
    everything = np.ones(len(site.hour_weights), dtype=bool)
    return [int(h) for h in np.flatnonzero(everything if option.billed is None else option.billed)]


def hourly_price(site: SiteOptions, option: SupplyOption) -> np.ndarray:
    """Price of energy of a source in each representative hour [USD/MWh]."""
    return np.broadcast_to(np.asarray(option.cost_usd_per_mwh, dtype=float), len(site.hour_weights))


def mean_price(site: SiteOptions, option: SupplyOption) -> float:
    """Mean price of energy of a source over the year [USD/MWh]."""
    return float(hourly_price(site, option) @ site.hour_weights / site.hour_weights.sum())


def energy_cost_musd(block: Block, site: SiteOptions, option: SupplyOption) -> Any:
    """Cost of the energy of a source in a year [M$/year]."""
    prices = hourly_price(site, option) * site.hour_weights / _USD_PER_MUSD
    return LinearExpression(
        constant=0.0, linear_coefs=prices.tolist(), linear_vars=[block.output[option.id, h] for h in block.hours]
    )


def energy_mwh(block: Block, site: SiteOptions, source: str) -> Any:
    """Energy a source delivers in the year [MWh]."""
    return weighted(site, [block.output[source, h] for h in block.hours])


def weighted(site: SiteOptions, variables: list[Any]) -> Any:
    """Sum of one variable for each representative hour, each as often as its hour stands for [MWh of MW]."""
    return LinearExpression(constant=0.0, linear_coefs=site.hour_weights.tolist(), linear_vars=variables)
