"""Choices of round numbers, small enough that every row of the model can be read."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from exasite.options import (
    QUANTITIES,
    Configuration,
    CoolingHours,
    Options,
    SegmentTable,
    SiteOptions,
    SupplyOption,
)


def source(name: str, kind: str, hours: int = 2, **changes: Any) -> SupplyOption:
    """A power source of any size that costs 1 M$/MW and is always there, but for what is given."""
    plain = SupplyOption(
        id=name, kind=kind, unit_mw=0.0, max_mw=50.0, capex_musd_per_mw=1.0, capex_musd_per_mwh=0.0,
        annual_capex_factor=0.1, fixed_musd_per_mw_year=0.02, cost_usd_per_mwh=50.0, co2_t_per_mwh=0.4,
        land_acres_per_mw=0.1, availability=np.ones(hours), must_take=False, firm=True, fuel="", firm_mw_per_unit=1.0,
        firm_offset_mw=0.0, full_load_hours=math.inf, round_trip_efficiency=1.0, firm_hours=0.0, lead_years=1.0,
    )  # fmt: skip
    return replace(plain, **changes)


GRID = source("grid", "grid", max_mw=12.0)
TURBINE = source("turbine", "dispatchable", unit_mw=3.0, max_mw=12.0, fuel="natural_gas", firm_mw_per_unit=3.0,
                 firm_offset_mw=3.0, cost_usd_per_mwh=40.0, capex_musd_per_mw=1.5)  # fmt: skip
DIESEL = source("diesel", "backup", unit_mw=2.0, max_mw=8.0, firm_mw_per_unit=2.0, full_load_hours=200.0,
                cost_usd_per_mwh=300.0)  # fmt: skip
SUN = source("sun", "variable", firm=False, availability=np.array([0.0, 0.75]), cost_usd_per_mwh=0.0,
             co2_t_per_mwh=0.0, land_acres_per_mw=5.0)  # fmt: skip
BATTERY = source("battery", "storage", round_trip_efficiency=0.8, firm_hours=4.0, cost_usd_per_mwh=0.0,
                 co2_t_per_mwh=0.0, capex_musd_per_mw=0.2, capex_musd_per_mwh=0.25)  # fmt: skip
NUCLEAR = source("nuclear", "contract", must_take=True, max_mw=4.0, cost_usd_per_mwh=80.0, co2_t_per_mwh=0.0,
                 capex_musd_per_mw=0.0)  # fmt: skip


def segments() -> SegmentTable:
    """Two configurations, one of them in two segments: 2 to 5 and 6 units, and 1 to 3 units of the other."""
    slope = {"gpus": [8, 8, 4], "effective_exaflops": [2.0, 1.75, 1.5], "capex_musd": [50, 50, 30],
             "annual_capex_musd": [10, 10, 6], "fixed_opex_musd": [1, 1, 0.5], "land_acres": [0.5, 0.5, 0.25],
             "liquid_mean_mw": [0.75, 0.75, 0.25], "air_mean_mw": [0.25, 0.25, 0.5],
             "liquid_peak_mw": [1.0, 1.0, 0.5], "air_peak_mw": [0.5, 0.5, 0.75]}  # fmt: skip
    intercept = {name: [0.0, 0.0, 0.0] for name in QUANTITIES} | {"capex_musd": [5.0, 8.0, 2.0]}
    names = (Configuration("chip", "links", "wet", "flash", "restart", 8),
             Configuration("other", "links", "dry", "flash", "restart", 4))  # fmt: skip
    return SegmentTable(
        names, np.array([0, 0, 1]), np.array([2, 6, 1]), np.array([5, 6, 3]),
        {k: np.array(slope[k], dtype=float) for k in QUANTITIES},
        {k: np.array(intercept[k], dtype=float) for k in QUANTITIES}, 0,
    )  # fmt: skip


def site(name: str, *supply: SupplyOption, hours: int = 2, **changes: Any) -> SiteOptions:
    """A site whose hours are one day of equal weights."""
    overhead = np.linspace(0.0, 0.5, hours)
    cooling = (
        CoolingHours("wet", overhead * 0.25, overhead * 0.5, 0.0625, 0.125, 0.125, 0.25, 1.5, 0.5),
        CoolingHours("dry", overhead * 0.5, overhead, 0.125, 0.25, 0.25, 0.5, 0.0, 0.0),
    )
    plain = SiteOptions(
        id=name, segments=segments(), cooling=cooling, supply=supply, hour_weights=np.full(hours, 8760.0 / hours),
        hour_days=np.zeros(hours, dtype=int), max_clusters=1, gas_limit_mw=math.inf, gpus=(0.0, math.inf),
    )  # fmt: skip
    return replace(plain, **changes)


def options(*sites: SiteOptions) -> Options:
    return Options(sites, 1e-3)
