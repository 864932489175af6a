"""What may be chosen, as numbers: the records between the physics and the formulation.

Units throughout: ExaFLOPS, M$ of the model's money year, MW, hours, tonnes, cubic metres, acres.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# What every segment carries, affine in its number of deployment units.
QUANTITIES = (
    "gpus",
    "effective_exaflops",
    "capex_musd",
    "annual_capex_musd",
    "fixed_opex_musd",
    "land_acres",
    "liquid_mean_mw",
    "air_mean_mw",
    "liquid_peak_mw",
    "air_peak_mw",
)


@dataclass(frozen=True)
class Configuration:
    """One way to build a cluster; ids are of the catalogue. `unit_gpus` accelerators make a deployment unit."""

    accelerator: str
    interconnect: str
    cooling: str
    storage: str
    recovery: str
    unit_gpus: int


@dataclass(frozen=True)
class SegmentTable:
    """Segments of all configurations of a site: quantity = slope x units + intercept x clusters.

    `configuration`, `lower`, `upper` [segments] are the index of the configuration and the smallest and largest
    number of deployment units; `slope` and `intercept` map each of QUANTITIES to an array [segments].
    """

    configurations: tuple[Configuration, ...]
    configuration: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    slope: Mapping[str, np.ndarray]
    intercept: Mapping[str, np.ndarray]
    dropped: int

    def __len__(self) -> int:
        return len(self.lower)


@dataclass(frozen=True)
class CoolingHours:
    """Facility overhead of a cooling method at a site, as facility watts per IT watt minus one.

    `overhead_*` [hours] at the representative hours; means over the year, peaks in the hottest hours; water in
    m3 per MWh of IT heat taken by liquid or by air.
    """

    id: str
    overhead_liquid: np.ndarray
    overhead_air: np.ndarray
    mean_liquid: float
    mean_air: float
    peak_liquid: float
    peak_air: float
    water_liquid_m3_per_mwh: float
    water_air_m3_per_mwh: float


@dataclass(frozen=True)
class SupplyOption:
    """A power source as the site can have it.

    `kind` is grid, dispatchable, contract, variable, storage or backup. `unit_mw` 0 means any size; otherwise
    whole units up to `max_mw`. `availability` [hours] is the share of capacity usable in each representative hour.
    `must_take` sources are paid for and deliver all of it. `full_load_hours` caps the yearly energy. A firm source
    in units carries firm_mw_per_unit x units - firm_offset_mw if it counts as firm (spare units stand still).
    """

    id: str
    kind: str
    unit_mw: float
    max_mw: float
    capex_musd_per_mw: float
    capex_musd_per_mwh: float
    annual_capex_factor: float
    fixed_musd_per_mw_year: float
    cost_usd_per_mwh: float
    co2_t_per_mwh: float
    land_acres_per_mw: float
    availability: np.ndarray
    must_take: bool
    firm: bool
    fuel: str
    firm_mw_per_unit: float
    firm_offset_mw: float
    full_load_hours: float
    round_trip_efficiency: float
    firm_hours: float
    lead_years: float


@dataclass(frozen=True)
class SiteOptions:
    """Everything that can be built at one site. `gpus` is the (lower, upper) number of accelerators asked for here."""

    id: str
    segments: SegmentTable
    cooling: tuple[CoolingHours, ...]
    supply: tuple[SupplyOption, ...]
    hour_weights: np.ndarray
    hour_days: np.ndarray
    max_clusters: int
    gas_limit_mw: float
    gpus: tuple[float, float]
    land_limit_acres: float = math.inf


@dataclass(frozen=True)
class Options:
    """The whole choice: sites and the tolerance their segments were cut to."""

    sites: tuple[SiteOptions, ...]
    tolerance: float
