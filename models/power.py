"""Power sources: what the catalogue says of each, and what each costs and delivers at one site.

Formulas:
[1] marginal cost [USD/MWh] = variable cost + heat rate x fuel price, or the energy price of grid and contract
[2] usable share of a turbine = (1 - altitude loss x elevation) (1 - heat loss x degrees above the rating)
[3] capex [M$ per usable MW] = national capex x regional factor / usable share
    regional factor = AEO2026 ratio of the site's region over the mean ratio, else the construction multiplier
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exasite.models.catalog import Catalog
from exasite.models.firmness import firm_line
from exasite.models.profiles import capacity_factors, scaled_to_mean
from exasite.models.site import Site
from exasite.models.tariff import Tariff
from exasite.models.units import BTU_PER_MMBTU, conversion_factor

Floats = NDArray[np.float64]

_TABLE = "power_sources"
_GAS = "natural_gas"
OWN_PROFILES = ("solar_file", "wind_file")  # names of profiles that the caller brings along
_KW_PER_MW = conversion_factor("MW", "kW")
_MUSD_PER_KW_TO_MW = conversion_factor("USD/kW", "M$/MW")  # USD/kW to M$/MW; the same for kWh and MWh
_KG_PER_T = 1e3
_METRES_PER_HECTOMETRE = 1e2


@dataclass(frozen=True)
class PowerSource:
    """A power source as the catalogue has it: national, at its rating, in the units of the field names.

    `kind` is grid, dispatchable, contract, variable, storage or backup. `unit_mw` 0 means any size.
    `firm` says whether its units count towards the peak. Outages and fractions are shares [1].
    """

    id: str
    name: str
    kind: str
    firm: bool
    fuel: str
    unit_mw: float
    capex_usd_per_kw: float
    energy_capex_usd_per_kwh: float
    fixed_usd_per_kw_year: float
    variable_usd_per_mwh: float
    energy_price_usd_per_mwh: float
    heat_rate_btu_per_kwh: float
    fuel_price_usd_per_mmbtu: float
    forced_outage: float
    planned_outage: float
    start_failure: float
    mttf_hours: float
    min_load_fraction: float
    min_bill_fraction: float
    demand_charge_usd_per_kw_month: float
    lead_years: float
    first_year: float
    life_years: float
    construction_interest_factor: float
    co2_kg_per_mwh: float
    land_acres_per_mw: float
    round_trip_efficiency: float
    minimum_charge_fraction: float
    annual_limit_hours: float
    altitude_derate_per_hectometre: float
    heat_derate_per_degree: float
    rating_temperature_celsius: float
    cost_region_technology: str
    regional_mean_ratio: float

    @property
    def availability(self) -> float:
        """Share of the year a unit works [1]."""
        return 1.0 - self.forced_outage - self.planned_outage


@dataclass(frozen=True)
class SiteSource:
    """A power source at one site, in the units of the optimiser, everything per usable MW.

    unit_mw                 usable MW of one unit after altitude and heat [MW]; 0: any size
    nameplate_unit_mw       its rating [MW]
    max_mw, max_units       limit at this site; inf and None where there is none
    capex_musd_per_mw       overnight, regional, without interest during construction [M$/MW]
    capex_musd_per_mwh      energy part of storage [M$/MWh]
    construction_interest_factor   cost with interest during construction over overnight cost [1]
    fixed_musd_per_mw_year  [M$/(MW year)]
    marginal_cost_usd_per_mwh, fuel_cost_usd_per_mwh (part of it) [USD/MWh]
    co2_t_per_mwh           [t/MWh]
    availability            share of the year it works, for energy [1]
    unit_availability       probability that a unit works when called, for firmness [1]
    spare_units             k of N+k at the design load
    firm_mw_per_unit, firm_offset_mw   safe line: firm MW >= firm_mw_per_unit x units - firm_offset_mw;
                            for a source of any size, units are MW
    must_take               delivers and is paid flat (nuclear contract)
    min_bill_fraction       share of the contract that is billed whatever is used [1]
    annual_limit_hours      full-load hours allowed in a year [h]; inf: no limit
    profile                 MW per usable MW in every hour of the year [8760], or None
    lead_years, first_year  years from order to power; first calendar year it can be had (0: now)
    tariff                  what a grid bills hour by hour; None: marginal_cost_usd_per_mwh and nothing else
    """

    id: str
    name: str
    kind: str
    fuel: str
    firm: bool
    unit_mw: float
    nameplate_unit_mw: float
    derate: float
    max_mw: float
    max_units: int | None
    capex_musd_per_mw: float
    capex_musd_per_mwh: float
    construction_interest_factor: float
    fixed_musd_per_mw_year: float
    marginal_cost_usd_per_mwh: float
    fuel_cost_usd_per_mwh: float
    demand_charge_usd_per_kw_month: float
    co2_t_per_mwh: float
    availability: float
    unit_availability: float
    spare_units: int
    firm_mw_per_unit: float
    firm_offset_mw: float
    must_take: bool
    min_load_fraction: float
    min_bill_fraction: float
    annual_limit_hours: float
    round_trip_efficiency: float
    minimum_charge_fraction: float
    lead_years: float
    first_year: float
    life_years: float
    land_acres_per_mw: float
    profile: Floats | None = field(default=None, repr=False, compare=False)
    tariff: Tariff | None = field(default=None, repr=False, compare=False)

    @property
    def is_clean(self) -> bool:
        """Whether its energy counts as clean; that of a grid never does, whatever the mean of the grid."""
        return self.co2_t_per_mwh == 0.0 and self.kind not in ("grid", "storage")


def source_ids(catalog: Catalog) -> tuple[str, ...]:
    """Ids of all power sources, in catalogue order."""
    return catalog.items(_TABLE)


def power_source(catalog: Catalog, source_id: str) -> PowerSource:
    """A power source of the catalogue. Raises KeyError naming the nearest known id."""

    def number(name: str, default: float = 0.0) -> float:
        return catalog.value_or(_TABLE, source_id, name, default)

    def word(name: str) -> str:
        return catalog.text_or(_TABLE, source_id, name, "")

    catalog.fields(_TABLE, source_id)
    return PowerSource(
        id=source_id,
        name=word("name"),
        kind=word("kind"),
        firm=word("firm") == "yes",
        fuel=word("fuel"),
        unit_mw=number("unit_mw"),
        capex_usd_per_kw=catalog.value(_TABLE, source_id, "capex_usd_per_kw"),
        energy_capex_usd_per_kwh=number("energy_capex_usd_per_kwh"),
        fixed_usd_per_kw_year=number("fixed_usd_per_kw_year"),
        variable_usd_per_mwh=number("variable_usd_per_mwh"),
        energy_price_usd_per_mwh=number("energy_price_usd_per_mwh"),
        heat_rate_btu_per_kwh=number("heat_rate_btu_per_kwh"),
        fuel_price_usd_per_mmbtu=number("fuel_price_usd_per_mmbtu"),
        forced_outage=number("forced_outage"),
        planned_outage=number("planned_outage"),
        start_failure=number("start_failure"),
        mttf_hours=number("mttf_hours", math.inf),
        min_load_fraction=number("min_load_fraction"),
        min_bill_fraction=number("min_bill_fraction"),
        demand_charge_usd_per_kw_month=number("demand_charge_usd_per_kw_month"),
        lead_years=number("lead_years"),
        first_year=number("first_year"),
        life_years=catalog.value(_TABLE, source_id, "life_years"),
        construction_interest_factor=number("construction_interest_factor", 1.0),
        co2_kg_per_mwh=number("co2_kg_per_mwh"),
        land_acres_per_mw=number("land_acres_per_mw"),
        round_trip_efficiency=number("round_trip_efficiency", 1.0),
        minimum_charge_fraction=number("minimum_charge_fraction"),
        annual_limit_hours=number("annual_limit_hours", math.inf),
        altitude_derate_per_hectometre=number("altitude_derate_per_hectometre"),
        heat_derate_per_degree=number("heat_derate_per_degree"),
        rating_temperature_celsius=number("rating_temperature_celsius"),
        cost_region_technology=word("cost_region_technology"),
        regional_mean_ratio=number("regional_mean_ratio", 1.0),
    )


def usable_share(source: PowerSource, elevation_m: float, peak_dry_bulb_celsius: float) -> float:
    """Share of a unit's rating left at this altitude [m] in the hottest hours [degC]: formula [2]. In (0, 1].

    Raises ValueError if nothing would be left.
    """
    altitude = source.altitude_derate_per_hectometre * max(0.0, elevation_m) / _METRES_PER_HECTOMETRE
    heat = source.heat_derate_per_degree * max(0.0, peak_dry_bulb_celsius - source.rating_temperature_celsius)
    if altitude >= 1.0 or heat >= 1.0:
        raise ValueError(f"{source.id}: no power at {elevation_m:g} m and {peak_dry_bulb_celsius:g} degC")
    return (1.0 - altitude) * (1.0 - heat)


def regional_factor(catalog: Catalog, source: PowerSource, site: Site) -> float:
    """Capex at the site over national capex [1]: formula [3]. Grid and contracts are not scaled."""
    if source.kind in ("grid", "contract"):
        return 1.0
    ratio = f"{source.cost_region_technology}_ratio"
    if site.cost_region and catalog.has("regional_cost", site.cost_region, ratio):
        return catalog.value("regional_cost", site.cost_region, ratio) / source.regional_mean_ratio
    return site.construction_multiplier


def fuel_cost_usd_per_mwh(source: PowerSource, site: Site) -> float:
    """Fuel cost of one MWh [USD/MWh]; site price for natural gas, the catalogue's for other fuels."""
    price = site.gas_price_usd_per_mmbtu if source.fuel == _GAS else source.fuel_price_usd_per_mmbtu
    if source.heat_rate_btu_per_kwh == 0.0:
        return 0.0
    return source.heat_rate_btu_per_kwh * _KW_PER_MW / BTU_PER_MMBTU * price


def max_mw_at(source: PowerSource, site: Site) -> tuple[float, str]:
    """Limit of a source at a site [MW] and, where it is zero, the reason in words."""
    if source.kind == "grid":
        return site.grid_limit_mw, "the site has no grid MW (grid_limit_mw)"
    if source.kind == "contract":
        return site.nuclear_limit_mw, "no existing nuclear output is for sale here (nuclear_limit_mw)"
    if source.fuel == _GAS:
        return (site.gas_limit_mw if site.gas_available else 0.0), "no gas at the site (gas_available)"
    if source.kind == "variable" and not _profile_name(source, site):
        return 0.0, f"no hourly profile is known here ({'wind' if source.id == 'wind' else 'solar'}_profile)"
    return math.inf, ""


def site_sources(
    catalog: Catalog,
    site: Site,
    allowed: Sequence[str] | None = None,
    *,
    design_load_mw: float | None = None,
    availability: float | None = None,
) -> tuple[SiteSource, ...]:
    """Power sources that the site can have, resolved there, in catalogue order.

    `allowed` lists source ids (None: all). Sources that cannot be had here are left out:
    `unavailable_sources` names them and the reason. Spare units and the firm line are those of
    `design_load_mw` [MW] carried with probability `availability`; both default to item `standard` of the
    catalogue table `firmness`.
    Raises KeyError for an unknown id.
    """
    load, target = design_load_mw, availability
    if load is None:
        load = catalog.value("firmness", "standard", "reference_load_mw")
    if target is None:
        target = catalog.value("firmness", "standard", "availability_target")
    wanted = [power_source(catalog, i) for i in _wanted(catalog, allowed)]
    found = [source for source in wanted if max_mw_at(source, site)[0] > 0]
    return tuple(_resolved(catalog, source, site, load, target) for source in found)


def unavailable_sources(catalog: Catalog, site: Site, allowed: Sequence[str] | None = None) -> dict[str, str]:
    """Sources that the site cannot have, with the reason in words."""
    found = [power_source(catalog, i) for i in _wanted(catalog, allowed)]
    return {source.id: max_mw_at(source, site)[1] for source in found if max_mw_at(source, site)[0] <= 0}


def _wanted(catalog: Catalog, allowed: Sequence[str] | None) -> tuple[str, ...]:
    if allowed is None:
        return source_ids(catalog)
    for source_id in allowed:
        catalog.fields(_TABLE, source_id)
    return tuple(i for i in source_ids(catalog) if i in allowed)


def _profile_name(source: PowerSource, site: Site) -> str:
    if source.kind != "variable":
        return ""
    return site.wind_profile if source.id == "wind" else site.solar_profile


def _profile(source: PowerSource, site: Site) -> Floats | None:
    """Hourly output per MW: the site's profile moved to its annual mean. Losses and outages are in it."""
    name = _profile_name(source, site)
    if not name or name in OWN_PROFILES:
        return None
    values = capacity_factors(name)
    mean = site.wind_capacity_factor if source.id == "wind" else site.solar_capacity_factor
    if math.isnan(mean):
        return values
    values = scaled_to_mean(values, mean)
    values.setflags(write=False)
    return values


@dataclass(frozen=True)
class _Unit:
    """What firmness needs to know of a source."""

    unit_mw: float
    unit_availability: float
    firm: bool


def _unit(catalog: Catalog, source: PowerSource, share: float) -> _Unit:
    works = source.availability - source.start_failure
    if source.kind == "contract":  # delivered through the grid, whose reliability it has
        works = power_source(catalog, "grid").availability
    return _Unit(source.unit_mw * share, works, source.firm)


def _resolved(catalog: Catalog, source: PowerSource, site: Site, load_mw: float, target: float) -> SiteSource:
    share = usable_share(source, site.elevation_m, site.peak_dry_bulb_celsius)
    unit = _unit(catalog, source, share)
    line = firm_line(unit, load_mw, target)
    limit = max_mw_at(source, site)[0]
    fuel_cost = fuel_cost_usd_per_mwh(source, site)
    is_grid = source.kind == "grid"
    energy_price = site.energy_price_usd_per_mwh if is_grid else source.energy_price_usd_per_mwh
    scale = regional_factor(catalog, source, site) * _MUSD_PER_KW_TO_MW
    return SiteSource(
        id=source.id,
        name=source.name,
        kind=source.kind,
        fuel=source.fuel,
        firm=source.firm,
        unit_mw=unit.unit_mw,
        nameplate_unit_mw=source.unit_mw,
        derate=share,
        max_mw=limit,
        max_units=_whole_units(limit, unit.unit_mw),
        capex_musd_per_mw=source.capex_usd_per_kw * scale / share,
        capex_musd_per_mwh=source.energy_capex_usd_per_kwh * scale,
        construction_interest_factor=source.construction_interest_factor,
        fixed_musd_per_mw_year=source.fixed_usd_per_kw_year * _MUSD_PER_KW_TO_MW / share,
        marginal_cost_usd_per_mwh=energy_price + source.variable_usd_per_mwh + fuel_cost,
        fuel_cost_usd_per_mwh=fuel_cost,
        demand_charge_usd_per_kw_month=source.demand_charge_usd_per_kw_month,
        co2_t_per_mwh=(site.grid_co2_kg_per_mwh if is_grid else source.co2_kg_per_mwh) / _KG_PER_T,
        availability=source.availability,
        unit_availability=unit.unit_availability,
        spare_units=line.spare_units,
        firm_mw_per_unit=line.mw_per_unit,
        firm_offset_mw=line.offset_mw,
        must_take=source.kind == "contract",
        min_load_fraction=source.min_load_fraction,
        min_bill_fraction=source.min_bill_fraction,
        annual_limit_hours=source.annual_limit_hours,
        round_trip_efficiency=source.round_trip_efficiency,
        minimum_charge_fraction=source.minimum_charge_fraction,
        lead_years=site.grid_wait_years if is_grid else source.lead_years,
        first_year=source.first_year,
        life_years=source.life_years,
        land_acres_per_mw=source.land_acres_per_mw,
        profile=_profile(source, site),
    )


def _whole_units(limit_mw: float, unit_mw: float) -> int | None:
    if unit_mw == 0.0 or math.isinf(limit_mw):
        return None
    return int(limit_mw / unit_mw + 1e-9)
