"""The whole chain for a given design, without a solver: clusters, heat, power, dispatch over the year, money.

`evaluate` takes what is built (clusters and sized power sources at a site) and says what it is worth. The
optimiser's answer is checked against it, and it can be used on its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
from exasite.models.dispatch import Dispatch, Plant, merit_order, rule_breaks
from exasite.models.fabric import Network, links_of, network
from exasite.models.fabric_parts import congestion_classes
from exasite.models.finance import Finance, plant_annuity_factor
from exasite.models.power import SiteSource
from exasite.models.site import Site
from exasite.models.split_search import SfuCurve, best_split, planner_parameters
from exasite.models.tariff import grid_bill_usd
from exasite.models.units import HOURS_PER_YEAR, LITRES_PER_CUBIC_METRE, SECONDS_PER_HOUR
from exasite.models.workload import Workload

FloatArray = npt.NDArray[np.float64]
_USD_PER_MUSD = 1e6
_KWH_PER_MWH = 1e3


@dataclass(frozen=True)
class ClusterDesign:
    """One cluster: its parts, its number of working accelerators, what it trains, and how it is operated.

    It gives up `paused_share` of its energy at work, at most `droppable_share` of its load at once, and works from
    `start_years` after the decision.
    """

    components: Components
    gpus: int
    load: Workload
    paused_share: float = 0.0
    droppable_share: float = 1.0
    start_years: float = 0.0


@dataclass(frozen=True)
class Phase:
    """A time with the same power sources, from `start_years` after the decision, for `share` of the life."""

    start_years: float = math.inf
    share: float = 1.0


@dataclass(frozen=True)
class SupplyDesign:
    """One sized power source: power [MW], for storage energy [MWh], and the least output of a running unit [MW]."""

    source: SiteSource
    capacity_mw: float
    energy_mwh: float = 0.0
    min_load_mw: float = 0.0


@dataclass(frozen=True)
class SiteDesign:
    """What is built at one site."""

    site: Site
    climate: Climate
    clusters: tuple[ClusterDesign, ...]
    supply: tuple[SupplyDesign, ...]
    given: GivenFactors = field(default_factory=GivenFactors)
    phases: tuple[Phase, ...] = (Phase(),)


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

    `supply_annual_usd` holds annuities, fixed and energy cost of each source; energies, costs, CO2 and water are means
    over the phases; `dispatches` are hour by hour, one for each phase, with the demand they meet before pauses
    `demand_mw` [phases x clusters x hours]; `kept_share` [clusters] is what pauses leave of the FLOPS, `paused_share`
    the energy at work that is given up.
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
    dispatches: tuple[Dispatch, ...]
    demand_mw: tuple[FloatArray, ...]
    kept_share: tuple[float, ...]
    phase_co2_t: tuple[float, ...]
    paused_share: float

    @property
    def effective_exaflops(self) -> float:
        pairs = zip(self.clusters, self.kept_share, strict=True)
        return sum(float(c.curves.effective_exaflops[0]) * kept for c, kept in pairs)

    @property
    def supply_energy_mwh(self) -> dict[str, float]:
        """Energy of each source in a year [MWh], mean over the phases."""
        found = dict.fromkeys((s.source.id for s in self.design.supply), 0.0)
        for phase, dispatch in zip(self.design.phases, self.dispatches, strict=True):
            for source, energy in dispatch.energy_mwh.items():
                found[source] += phase.share * energy
        return found

    @property
    def unserved_mwh(self) -> float:
        """Energy nobody delivers in a year [MWh], mean over the phases."""
        pairs = zip(self.design.phases, self.dispatches, strict=True)
        return sum(phase.share * dispatch.unserved_mwh for phase, dispatch in pairs)

    @property
    def rule_breaks(self) -> dict[str, float]:
        """The worst break of each rule of operation in any hour of any phase [MW or MWh]."""
        found: dict[str, float] = {}
        for number, dispatch in enumerate(self.dispatches):
            plants = plants_of(self.design, self.design.phases[number])
            broken = rule_breaks(dispatch, plants, self.demand_mw[number].sum(axis=0))
            found = {rule: max(found.get(rule, 0.0), by) for rule, by in broken.items()}
        return found

    @property
    def it_mw_mean(self) -> float:
        return sum(float(c.curves.it_mw_mean[0]) for c in self.clusters) * (1.0 - self.paused_share)

    @property
    def it_mw(self) -> float:
        return sum(float(c.curves.it_mw[0]) for c in self.clusters)


def evaluate(design: SiteDesign, terms: Terms, catalog: Catalog,
             dispatches: Sequence[Dispatch] | None = None) -> SiteEvaluation:  # fmt: skip
    """Evaluate a design at its site over the 8,760 hours of a year.

    `dispatches` say how the plant runs in each phase; without them it runs by merit order, which knows no pauses.
    Raises ValueError if a fabric does not reach the size of a cluster or no parallel split fits in memory.
    """
    clusters = tuple(evaluate_cluster(c, design, terms, catalog) for c in design.clusters)
    hourly, mean, peak, water = _facility(design, clusters)
    demand = tuple(_working(design, hourly, phase) for phase in design.phases)
    if dispatches is None:
        plants = [plants_of(design, phase) for phase in design.phases]
        dispatches = [merit_order(d.sum(axis=0), p) for d, p in zip(demand, plants, strict=True)]
    kept, paused = _kept(clusters, demand, dispatches, design.phases)
    share = sum(p * float(m.sum()) for p, m in zip(paused, mean, strict=True)) / max(float(mean.sum()), 1e-12)
    money = _supply_money(design, terms, dispatches)
    opex = sum(float(c.cost.fixed_opex_usd[0]) for c in clusters) + sum(money.running_usd.values())
    capital = sum(float(c.cost.annual_capital_usd[0]) for c in clusters) + sum(money.annuity_usd.values())
    co2 = tuple(_co2_t(design, dispatch) for dispatch in dispatches)
    energy = sum(
        phase.share * (float(d.sum()) - float(run.paused_mw.sum()))
        for phase, d, run in zip(design.phases, demand, dispatches, strict=True)
    )
    return SiteEvaluation(
        design=design,
        clusters=clusters,
        facility_mw_mean=float(mean.sum()) * (1.0 - share),
        facility_mw_peak=peak,
        energy_mwh=energy,
        capex_usd=sum(float(c.cost.capex_usd[0]) for c in clusters) + sum(money.capex_usd.values()),
        supply_capex_usd=money.capex_usd,
        supply_annual_usd={g: money.annuity_usd[g] + money.running_usd[g] for g in money.capex_usd},
        annual_usd=capital + opex,
        opex_usd=opex,
        co2_t=sum(phase.share * t for phase, t in zip(design.phases, co2, strict=True)),
        water_m3=water * (1.0 - share),
        land_acres=sum(float(c.cost.land_acres[0]) for c in clusters)
        + sum(s.capacity_mw * s.source.land_acres_per_mw for s in design.supply),
        dispatches=tuple(dispatches),
        demand_mw=demand,
        kept_share=kept,
        phase_co2_t=co2,
        paused_share=share,
    )


def _working(design: SiteDesign, hourly: FloatArray, phase: Phase) -> FloatArray:
    """Facility power of the clusters that work in a phase [clusters x hours], zero for the others."""
    there = np.array([c.start_years <= phase.start_years + 1e-9 for c in design.clusters])
    return hourly * there[:, None]


def _kept(clusters: tuple[ClusterEvaluation, ...], demand: Sequence[FloatArray], dispatches: Sequence[Dispatch],
          phases: Sequence[Phase]) -> tuple[tuple[float, ...], tuple[float, ...]]:  # fmt: skip
    """Shares of the FLOPS that pauses leave, and of the energy given up, of each cluster over its working phases.

    A part of a cluster that is paused does nothing; when it comes back it spends the restart time of its recovery
    scheme. The checkpoint is written just before, so no work is lost.
    """
    kept, given_up = [], []
    for i, cluster in enumerate(clusters):
        lost = energy = weight = 0.0
        for wanted, run, phase in zip(demand, dispatches, phases, strict=True):
            if wanted[i].sum() <= 0:
                continue
            weight += phase.share
            if not len(run.paused_mw):
                continue
            part = run.paused_mw[i] / np.maximum(wanted[i], 1e-12)
            restarts = float(np.maximum(part - np.roll(part, -1), 0.0).sum())
            hours = restarts * float(cluster.curves.restart_s[0]) / SECONDS_PER_HOUR
            lost += phase.share * (float(part.sum()) + hours) / HOURS_PER_YEAR
            energy += phase.share * float(run.paused_mw[i].sum() / wanted[i].sum())
        kept.append(max(0.0, 1.0 - lost / max(weight, 1e-12)))
        given_up.append(energy / max(weight, 1e-12))
    return tuple(kept), tuple(given_up)


@dataclass(frozen=True)
class _SupplyMoney:
    """By source: capex [USD], its annuity and what running it costs [USD/year]."""

    capex_usd: dict[str, float]
    annuity_usd: dict[str, float]
    running_usd: dict[str, float]


def _supply_money(design: SiteDesign, terms: Terms, dispatches: Sequence[Dispatch]) -> _SupplyMoney:
    capex = {s.source.id: _capex_usd(s) for s in design.supply}
    annuity = {
        s.source.id: capex[s.source.id] * float(plant_annuity_factor(terms.finance, s.source.life_years))
        for s in design.supply
    }
    running = {s.source.id: s.capacity_mw * s.source.fixed_musd_per_mw_year * _USD_PER_MUSD for s in design.supply}
    for phase, dispatch in zip(design.phases, dispatches, strict=True):
        for s in design.supply:
            if s.source.id in dispatch.output_mw:
                running[s.source.id] += phase.share * _energy_usd(s, dispatch.output_mw[s.source.id])
    return _SupplyMoney(capex, annuity, running)


def _energy_usd(supply: SupplyDesign, output_mw: FloatArray) -> float:
    """What the energy of a year costs [USD], demand charges and minimum bills of a tariff included."""
    tariff = supply.source.tariff
    if tariff is None:
        return float(output_mw.sum()) * supply.source.marginal_cost_usd_per_mwh
    bill = grid_bill_usd(tariff, output_mw, supply.capacity_mw)
    return bill.energy_usd + bill.demand_usd + bill.minimum_usd


def _co2_t(design: SiteDesign, dispatch: Dispatch) -> float:
    energy = dispatch.energy_mwh
    return sum(energy.get(s.source.id, 0.0) * s.source.co2_t_per_mwh for s in design.supply)


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


def _facility(design: SiteDesign, clusters: tuple[ClusterEvaluation, ...]
              ) -> tuple[FloatArray, FloatArray, float, float]:  # fmt: skip
    """Facility power at work [clusters x hours] and its mean [clusters] [MW], the peak [MW], water of a year [m3]."""
    index = design.climate.hour_index()
    hourly, mean, peak, water = np.zeros((len(clusters), len(index))), np.zeros(len(clusters)), 0.0, 0.0
    for i, c in enumerate(clusters):
        liquid, air = float(c.curves.liquid_mean_mw[0]), float(c.curves.air_mean_mw[0])
        liquid_peak, air_peak = float(c.curves.liquid_peak_mw[0]), float(c.curves.air_peak_mw[0])
        t, fixed = c.cooling, design.given.pue
        water += liquid * t.water_liquid_l_per_kwh + air * t.water_air_l_per_kwh
        if fixed is not None:
            hourly[i] = fixed * (liquid + air)
            mean[i] = fixed * (liquid + air)
            peak += fixed * (liquid_peak + air_peak)
            continue
        hourly[i] = (liquid * (1 + t.overhead_liquid) + air * (1 + t.overhead_air))[index]
        mean[i] = liquid * (1 + t.mean_overhead_liquid) + air * (1 + t.mean_overhead_air)
        peak += liquid_peak * (1 + t.peak_overhead_liquid) + air_peak * (1 + t.peak_overhead_air)
    return hourly, mean, peak, water * HOURS_PER_YEAR * _KWH_PER_MWH / LITRES_PER_CUBIC_METRE


def demand_of(design: SiteDesign, terms: Terms, catalog: Catalog) -> tuple[tuple[FloatArray, ...], float]:
    """Facility power at work in each phase [clusters x hours] and the peak of the site [MW], before any dispatch."""
    clusters = tuple(evaluate_cluster(c, design, terms, catalog) for c in design.clusters)
    hourly, _, peak, _ = _facility(design, clusters)
    return tuple(_working(design, hourly, phase) for phase in design.phases), peak


def plants_of(design: SiteDesign, phase: Phase) -> list[Plant]:
    """The sources that are there in a phase, as plants of the dispatch."""
    return [_plant(s) for s in design.supply if s.source.lead_years <= phase.start_years + 1e-9]


def _capex_usd(supply: SupplyDesign) -> float:
    source = supply.source
    overnight = supply.capacity_mw * source.capex_musd_per_mw + supply.energy_mwh * source.capex_musd_per_mwh
    return overnight * source.construction_interest_factor * _USD_PER_MUSD


def _plant(supply: SupplyDesign) -> Plant:
    source, tariff = supply.source, supply.source.tariff
    usable = np.full(int(HOURS_PER_YEAR), source.availability) if source.profile is None else source.profile
    units = round(supply.capacity_mw / source.unit_mw) if source.unit_mw > 0 else 0
    return Plant(
        id=source.id,
        output_mw=supply.capacity_mw * usable,
        cost_usd_per_mwh=source.marginal_cost_usd_per_mwh if tariff is None else tariff.energy_usd_per_mwh,
        must_take=source.must_take,
        is_storage=source.kind == "storage",
        energy_mwh=supply.energy_mwh,
        round_trip_efficiency=source.round_trip_efficiency,
        annual_limit_mwh=source.annual_limit_hours * supply.capacity_mw,
        minimum_mwh=source.minimum_charge_fraction * supply.energy_mwh,
        units=units,
        unit_mw=source.unit_mw * source.availability,
        min_load_mw=supply.min_load_mw,
        contract_mw=supply.capacity_mw,
        tariff=tariff,
    )
