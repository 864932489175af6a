"""What may be chosen, as numbers: the records between the physics and the formulation.

Units throughout: ExaFLOPS, M$ of the model's money year, MW, hours, tonnes, cubic metres, acres.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from exasite.models.evaluate import Phase

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
    number of deployment units; `slope` and `intercept` map each of QUANTITIES to an array [segments]; `mode`
    [segments] is the index of the mode of operation at the site (empty: all the first), `restart_hours` [segments] the
    time to start again after a pause.
    """

    configurations: tuple[Configuration, ...]
    configuration: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    slope: Mapping[str, np.ndarray]
    intercept: Mapping[str, np.ndarray]
    dropped: int
    mode: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    restart_hours: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __len__(self) -> int:
        return len(self.lower)

    @property
    def modes(self) -> np.ndarray:
        """Index of the mode of operation of every segment."""
        return self.mode if len(self.mode) else np.zeros(len(self), dtype=int)


@dataclass(frozen=True)
class Mode:
    """How a cluster is operated.

    paused_share    share of its energy at work that it gives up, where the dispatch wants it [1]
    droppable_share share of its load that can be dropped at once [1]
    start_phase     first phase in which it works
    counted_share   share of the life of the chips from then on, where the question counts a delay [1]
    """

    paused_share: float = 0.0
    droppable_share: float = 0.0
    start_phase: int = 0
    counted_share: float = 1.0


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

    cost_usd_per_mwh          of energy delivered, a number or one for each representative hour
    demand_musd_per_mw_year   charge on the billed peak, the highest draw in the hours of `billed` (None: in all)
    min_bill_fraction         share of the contract that is billed whatever is used: of its MW, or, if
                              `bills_energy`, of the energy of a year at full draw
    contract_mw               the contract is of this size; nan: as large as the design needs
    min_load_mw               least output of a running unit; 0 where on or off does not matter
    minimum_charge_fraction   of storage, never to be used
    clean                     counts as clean energy
    """

    id: str
    kind: str
    unit_mw: float
    max_mw: float
    capex_musd_per_mw: float
    capex_musd_per_mwh: float
    annual_capex_factor: float
    fixed_musd_per_mw_year: float
    cost_usd_per_mwh: float | np.ndarray
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
    demand_musd_per_mw_year: float = 0.0
    billed: np.ndarray | None = None
    min_bill_fraction: float = 0.0
    bills_energy: bool = False
    contract_mw: float = math.nan
    min_load_mw: float = 0.0
    minimum_charge_fraction: float = 0.0
    clean: bool = False


@dataclass(frozen=True)
class SiteOptions:
    """Everything that can be built at one site.

    `gpus` is the (lower, upper) number of accelerators asked for here. `calendar` [365] names the representative day
    of every day of the year, so that storage is followed through it; empty: storage ends each day where it began.
    `standby_share` is how much standby counts as firm, per MW of the grid it stands by for; `dropped_share` how much of
    the load that may be dropped at once needs no firm power.
    """

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
    modes: tuple[Mode, ...] = (Mode(),)
    calendar: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    standby_share: float = 1.0
    dropped_share: float = 1.0


@dataclass(frozen=True)
class Options:
    """The whole choice: sites, the tolerance their segments were cut to, and the phases of their power supply."""

    sites: tuple[SiteOptions, ...]
    tolerance: float
    phases: tuple[Phase, ...] = (Phase(),)
