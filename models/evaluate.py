"""The whole chain for a given design, without a solver: clusters, heat, power, dispatch over the year, money.

`evaluate` takes what is built (clusters and sized power sources at a site) and says what it is worth. The
optimiser's answer is checked against it, and it can be used on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from exasite.models.capex import FacilityPrices
from exasite.models.catalog import Catalog
from exasite.models.climate import Climate
from exasite.models.cluster import (
    ClusterCurves,
    Components,
    GivenFactors,
    SiteCurves,
    cluster_curves,
    reliability_terms,
    site_curves,
)
from exasite.models.cooling import CoolingTable, overheads
from exasite.models.dispatch import Dispatch, Plant, merit_order
from exasite.models.fabric import Network, links_of, network
from exasite.models.fabric_parts import congestion_classes
from exasite.models.finance import Finance, plant_annuity_factor
from exasite.models.power import SiteSource
from exasite.models.site import Site
from exasite.models.split_search import SfuCurve, best_split, planner_parameters
from exasite.models.units import HOURS_PER_YEAR, LITRES_PER_CUBIC_METRE
from exasite.models.workload import Workload

FloatArray = npt.NDArray[np.float64]
_USD_PER_MUSD = 1e6
_KWH_PER_MWH = 1e3


@dataclass(frozen=True)
class ClusterDesign:
    """One cluster: its parts, its number of working accelerators, and what it trains."""

    components: Components
    gpus: int
    load: Workload


@dataclass(frozen=True)
class SupplyDesign:
    """One sized power source: power [MW] and, for storage, energy [MWh]."""

    source: SiteSource
    capacity_mw: float
    energy_mwh: float = 0.0


@dataclass(frozen=True)
class SiteDesign:
    """What is built at one site."""

    site: Site
    climate: Climate
    clusters: tuple[ClusterDesign, ...]
    supply: tuple[SupplyDesign, ...]
    given: GivenFactors = field(default_factory=GivenFactors)


@dataclass(frozen=True)
class Terms:
    """Prices of building, finance, and the electrical loss between meter and servers [W per W of IT]."""

    prices: FacilityPrices
    finance: Finance
    electrical_loss: float


@dataclass(frozen=True)
class ClusterEvaluation:
    """One cluster evaluated; curves hold one size."""

    design: ClusterDesign
    curves: ClusterCurves
    cost: SiteCurves
    interconnect: Network
    sfu: SfuCurve
    cooling: CoolingTable


@dataclass(frozen=True)
class SiteEvaluation:
    """A site evaluated: power [MW], money [USD, USD/year], energy [MWh], water [m3], CO2 [t], land [acre], a year each.

    `supply_annual_usd` holds annuities, fixed and energy cost of each source; `dispatch` is hour by hour.
    """

    design: SiteDesign
    clusters: tuple[ClusterEvaluation, ...]
    facility_mw_mean: float
    facility_mw_peak: float
    energy_mwh: float
    capex_usd: float
    supply_capex_usd: Mapping[str, float]
    supply_annual_usd: Mapping[str, float]
    annual_usd: float
    opex_usd: float
    co2_t: float
    water_m3: float
    land_acres: float
    dispatch: Dispatch

    @property
    def effective_exaflops(self) -> float:
        return sum(float(c.curves.effective_exaflops[0]) for c in self.clusters)

    @property
    def it_mw_mean(self) -> float:
        return sum(float(c.curves.it_mw_mean[0]) for c in self.clusters)

    @property
    def it_mw(self) -> float:
        return sum(float(c.curves.it_mw[0]) for c in self.clusters)


def evaluate(design: SiteDesign, terms: Terms, catalog: Catalog) -> SiteEvaluation:
    """Evaluate a design at its site over the 8,760 hours of a year.

    Raises ValueError if a fabric does not reach the size of a cluster or no parallel split fits in memory.
    """
    clusters = tuple(evaluate_cluster(c, design, terms, catalog) for c in design.clusters)
    hourly, mean, peak, water = _facility(design, clusters)
    dispatch = merit_order(hourly, [_plant(s) for s in design.supply])
    capex = {s.source.id: _capex_usd(s) for s in design.supply}
    fixed = {s.source.id: s.capacity_mw * s.source.fixed_musd_per_mw_year * _USD_PER_MUSD for s in design.supply}
    fuel = {s.source.id: dispatch.energy_mwh[s.source.id] * s.source.marginal_cost_usd_per_mwh for s in design.supply}
    annuity = {
        s.source.id: capex[s.source.id] * float(plant_annuity_factor(terms.finance, s.source.life_years))
        for s in design.supply
    }
    opex = sum(float(c.cost.fixed_opex_usd[0]) for c in clusters) + sum(fixed.values()) + sum(fuel.values())
    capital = sum(float(c.cost.annual_capital_usd[0]) for c in clusters) + sum(annuity.values())
    return SiteEvaluation(
        design=design,
        clusters=clusters,
        facility_mw_mean=mean,
        facility_mw_peak=peak,
        energy_mwh=float(hourly.sum()),
        capex_usd=sum(float(c.cost.capex_usd[0]) for c in clusters) + sum(capex.values()),
        supply_capex_usd=capex,
        supply_annual_usd={g: annuity[g] + fixed[g] + fuel[g] for g in capex},
        annual_usd=capital + opex,
        opex_usd=opex,
        co2_t=sum(dispatch.energy_mwh[s.source.id] * s.source.co2_t_per_mwh for s in design.supply),
        water_m3=water,
        land_acres=sum(float(c.cost.land_acres[0]) for c in clusters)
        + sum(s.capacity_mw * s.source.land_acres_per_mw for s in design.supply),
        dispatch=dispatch,
    )


def evaluate_cluster(cluster: ClusterDesign, design: SiteDesign, terms: Terms, catalog: Catalog) -> ClusterEvaluation:
    """Evaluate one cluster: counts, split, chain, heat and cost at exactly its size."""
    parts, chip = cluster.components, cluster.components.accelerator
    counted = network(parts.fabric, np.array([cluster.gpus]), accelerator=chip)
    if not counted.reachable[0]:
        raise ValueError(f"{parts.fabric.id} does not reach {cluster.gpus} accelerators")
    links = links_of(parts.fabric, chip, congestion_classes(catalog))
    sfu = best_split(planner_parameters(catalog), chip, links, cluster.load, np.array([cluster.gpus]))
    if design.given.sfu is None and not sfu.feasible[0]:
        raise ValueError(f"no parallel split of {cluster.load.name} fits {cluster.gpus} x {chip.id}")
    curves = cluster_curves(parts, cluster.load, reliability_terms(catalog, chip.id), counted, sfu, design.given)
    cost = site_curves(
        curves, parts.cooling.capex_usd_per_kw, terms.prices, terms.finance, design.site.construction_multiplier
    )
    table = overheads(parts.cooling, design.climate, terms.electrical_loss)
    return ClusterEvaluation(cluster, curves, cost, counted, sfu, table)


def _facility(design: SiteDesign, clusters: tuple[ClusterEvaluation, ...]) -> tuple[FloatArray, float, float, float]:
    """Facility power by hour of the year [MW], its mean and peak [MW], and the water of a year [m3]."""
    index = design.climate.hour_index()
    hourly, mean, peak, water = np.zeros(len(index)), 0.0, 0.0, 0.0
    for c in clusters:
        liquid, air = float(c.curves.liquid_mean_mw[0]), float(c.curves.air_mean_mw[0])
        liquid_peak, air_peak = float(c.curves.liquid_peak_mw[0]), float(c.curves.air_peak_mw[0])
        t, fixed = c.cooling, design.given.pue
        water += liquid * t.water_liquid_l_per_kwh + air * t.water_air_l_per_kwh
        if fixed is not None:
            hourly = hourly + fixed * (liquid + air)
            mean += fixed * (liquid + air)
            peak += fixed * (liquid_peak + air_peak)
            continue
        hourly = hourly + (liquid * (1 + t.overhead_liquid) + air * (1 + t.overhead_air))[index]
        mean += liquid * (1 + t.mean_overhead_liquid) + air * (1 + t.mean_overhead_air)
        peak += liquid_peak * (1 + t.peak_overhead_liquid) + air_peak * (1 + t.peak_overhead_air)
    return hourly, mean, peak, water * HOURS_PER_YEAR * _KWH_PER_MWH / LITRES_PER_CUBIC_METRE


def _capex_usd(supply: SupplyDesign) -> float:
    source = supply.source
    overnight = supply.capacity_mw * source.capex_musd_per_mw + supply.energy_mwh * source.capex_musd_per_mwh
    return overnight * source.construction_interest_factor * _USD_PER_MUSD


def _plant(supply: SupplyDesign) -> Plant:
    source = supply.source
    usable = np.full(int(HOURS_PER_YEAR), source.availability) if source.profile is None else source.profile
    return Plant(
        id=source.id,
        output_mw=supply.capacity_mw * usable,
        cost_usd_per_mwh=source.marginal_cost_usd_per_mwh,
        must_take=source.must_take,
        is_storage=source.kind == "storage",
        energy_mwh=supply.energy_mwh,
        round_trip_efficiency=source.round_trip_efficiency,
        annual_limit_mwh=source.annual_limit_hours * supply.capacity_mw,
    )
