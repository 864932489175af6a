"""Power anchors: levelised costs, reserve by unit size and off-grid solar, against reference figures.

`tolerance` is the stated relative error. The references are independent calculations with the same technology
figures, rounded; they check units, money years, profiles and formulas rather than the world. Levelised costs
take a WACC of 7.1 %, capacity factor .90, no reserve and no credits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from published import Case, table

from exasite.models.catalog import load_catalog
from exasite.models.firmness import units_needed
from exasite.models.power import PowerSource, fuel_cost_usd_per_mwh, power_source
from exasite.models.profiles import capacity_factors
from exasite.models.site import override_site, site

WACC = 0.071
HAND = "hand calculation of levelised cost, WACC 7.1 %, capacity factor .90"
BINOMIAL = "independent binomial calculation, firm 1 GW at 99.9 %"
OFF_GRID = "independent hourly screening, flat 100 MW, battery 85 %"


@dataclass(frozen=True)
class Block:
    """A plant of units, for the reserve."""

    unit_mw: float
    unit_availability: float
    firm: bool = True


def annuity(rate: float, years: float) -> float:
    return rate / (1.0 - (1.0 + rate) ** -years)


def lcoe(source: PowerSource, capacity_factor: float, fuel_usd_per_mwh: float) -> float:
    """Levelised cost of energy at national capex [USD/MWh]."""
    capital = source.capex_usd_per_kw * source.construction_interest_factor * annuity(WACC, source.life_years)
    fixed = (capital + source.fixed_usd_per_kw_year) * 1000.0 / (8760.0 * capacity_factor)
    return fixed + source.variable_usd_per_mwh + fuel_usd_per_mwh


def lcoe_cases() -> list[Case]:
    catalog = load_catalog()
    place = site(catalog, "permian_tx")
    reference = {
        "gas_cc": (39, 52), "gas_ct_frame": (32, 50), "gas_ct_aero": (48, 67), "gas_recip": (49, 66),
        "gas_ct_mobile": (52, 72), "sofc": (74, 87),
    }  # fmt: skip
    cases = []
    for source_id, pair in reference.items():
        source = power_source(catalog, source_id)
        for gas, value in zip((1.5, 3.5), pair, strict=True):
            fuel = fuel_cost_usd_per_mwh(source, override_site(place, {"gas_price_usd_per_mmbtu": gas}))
            cost = lcoe(source, 0.9, fuel)
            cases.append(Case(f"{source_id}, gas at {gas}, $/MWh", value, cost, 0.03, HAND))
    for source_id, value in {"nuclear_smr": 140, "nuclear_lwr_new": 134}.items():
        source = power_source(catalog, source_id)
        cost = lcoe(source, 0.9, fuel_cost_usd_per_mwh(source, place))
        cases.append(Case(f"{source_id}, $/MWh", value, cost, 0.03, HAND))
    for source_id, profile, value in (
        ("solar_pv", "solar_phoenix_az", 54), ("solar_pv", "solar_ashburn_va", 78),
        ("wind", "wind_abilene_tx", 40), ("wind", "wind_permian_tx", 58),
    ):  # fmt: skip
        source, mean = power_source(catalog, source_id), float(capacity_factors(profile).mean())
        cases.append(Case(f"{profile}, $/MWh", value, lcoe(source, mean, 0.0), 0.03, HAND))
    return cases


def reserve_cases() -> list[Case]:
    """Installed MW over load for a firm 1 GW at 99.9 %, by unit size."""
    catalog = load_catalog()
    cases = []
    for source_id, unit_mw, value in (
        ("sofc", 10.0, 1.10), ("gas_recip", 4.5, 1.14), ("gas_recip", 18.3, 1.23),
        ("gas_ct_aero", 48.0, 1.25), ("gas_ct_frame", 237.0, 1.90),
        ("gas_cc", 355.0, 2.13), ("gas_cc", 627.0, 2.51),
    ):  # fmt: skip
        plant = Block(unit_mw, power_source(catalog, source_id).availability)
        installed = units_needed(plant, 1000.0, 0.999) * unit_mw / 1000.0
        name = f"{source_id}, {unit_mw:g} MW units, installed over load"
        cases.append(Case(name, value, installed, 0.005, BINOMIAL))
    return cases


def share_served(sun: np.ndarray, sun_mw: float, battery_mwh: float, load_mw: float) -> float:
    """Share of a flat load that solar and a battery serve, the battery filled whenever it can be."""
    efficiency = power_source(load_catalog(), "battery").round_trip_efficiency
    level = served = 0.0
    for output in sun_mw * sun:
        direct = min(output, load_mw)
        charge = min(output - direct, (battery_mwh - level) / efficiency)
        discharge = min(load_mw - direct, level)
        level += efficiency * charge - discharge
        served += direct + discharge
    return float(served / (load_mw * len(sun)))


def off_grid_cases() -> list[Case]:
    sun = capacity_factors("solar_permian_tx")
    note = "battery power is not limited here; the reference does not state it"
    return [
        Case(f"Permian, solar {sun_mw:g} MW, battery {battery_mwh:g} MWh, share of 100 MW served", value,
             share_served(sun, sun_mw, battery_mwh, 100.0), 0.04, OFF_GRID, note)
        for sun_mw, battery_mwh, value in ((200, 400, 0.51), (380, 1200, 0.82), (450, 1600, 0.91))
    ]  # fmt: skip


@lru_cache(maxsize=1)
def cases() -> tuple[Case, ...]:
    return (*lcoe_cases(), *reserve_cases(), *off_grid_cases())


def validation_table() -> list[dict[str, object]]:
    """Rows for the documentation."""
    return table(cases())
