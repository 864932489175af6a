"""A cluster as a function of its size: the chain from peak to effective FLOPS, its heat, parts and cost.

    effective FLOPS = gpus x peak x MAMF x SFU x goodput

Everything up to `ClusterCurves` is the same at every site; `SiteCurves` adds what building it at a site costs.
Spare accelerators are bought, connected, housed and powered like the others, but do no work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from exasite.models.accelerator import Accelerator
from exasite.models.capex import (
    IT_LINES,
    Capex,
    FacilityPrices,
    capex_of,
    facility_capex,
    it_capex,
    land_acres,
)
from exasite.models.catalog import Catalog
from exasite.models.cooling import CoolingMethod, it_power_multiplier
from exasite.models.fabric import Fabric, Network
from exasite.models.finance import Finance, annual_capital_usd, site_opex_usd
from exasite.models.reliability import (
    Repair,
    StopRates,
    base_rates,
    failure_factor,
    goodputs,
    repair,
    spare_fraction,
    stop_rate_per_gpu_hour,
)
from exasite.models.split_search import SfuCurve
from exasite.models.storage import Recovery, Storage, storage_plant
from exasite.models.units import conversion_factor
from exasite.models.workload import Workload, checkpoint_gb

FloatArray = npt.NDArray[np.float64]
_MW_PER_W = conversion_factor("W", "MW")
_EXAFLOPS_PER_TFLOPS = 1e-6


@dataclass(frozen=True)
class Components:
    """The parts one cluster is made of."""

    accelerator: Accelerator
    fabric: Fabric
    cooling: CoolingMethod
    storage: Storage
    recovery: Recovery


@dataclass(frozen=True)
class GivenFactors:
    """Measured factors that replace those of the model; None keeps the model's."""

    mamf: float | None = None
    sfu: float | None = None
    goodput: float | None = None
    pue: float | None = None


@dataclass(frozen=True)
class ReliabilityTerms:
    """What the failure model needs of the catalogue: stop rates by cause, repair times, factor by accelerator."""

    rates: StopRates
    repair: Repair
    failure_factor: float


@dataclass(frozen=True)
class ClusterCurves:
    """One configuration over sizes `gpus` [n]; every other field is an array [n] as well.

    Power in MW of IT: `liquid_*` and `air_*` say where the heat goes; peak is nameplate, mean the draw at work.
    """

    gpus: FloatArray
    spare_gpus: FloatArray
    peak_exaflops: FloatArray
    mamf: FloatArray
    sfu: FloatArray
    goodput: FloatArray
    effective_exaflops: FloatArray
    it_capex: Capex = field(compare=False)
    liquid_peak_mw: FloatArray
    air_peak_mw: FloatArray
    liquid_mean_mw: FloatArray
    air_mean_mw: FloatArray
    mttf_hours: FloatArray
    interval_s: FloatArray
    restart_s: FloatArray

    @property
    def it_mw(self) -> FloatArray:
        return self.liquid_peak_mw + self.air_peak_mw

    @property
    def it_mw_mean(self) -> FloatArray:
        return self.liquid_mean_mw + self.air_mean_mw

    @property
    def mfu(self) -> FloatArray:
        return self.mamf * self.sfu * self.goodput


@dataclass(frozen=True)
class SiteCurves:
    """What a configuration costs at a site, arrays over sizes: capex by line and in all [USD], yearly [USD/year]."""

    capex: Capex
    capex_usd: FloatArray
    annual_capital_usd: FloatArray
    fixed_opex_usd: FloatArray
    land_acres: FloatArray


def reliability_terms(catalog: Catalog, accelerator_id: str) -> ReliabilityTerms:
    """Stop rates, repair times and failure factor of an accelerator from the catalogue."""
    return ReliabilityTerms(base_rates(catalog), repair(catalog), failure_factor(catalog, accelerator_id))


def cluster_curves(parts: Components, load: Workload, terms: ReliabilityTerms, interconnect: Network,
                   sfu: SfuCurve, given: GivenFactors = GivenFactors()) -> ClusterCurves:  # fmt: skip
    """The chain, heat and equipment cost of a configuration at the sizes of `interconnect.gpus` [n].

    `sfu` must hold the same sizes. Raises KeyError if the accelerator has no rate at the workload's precision.
    """
    return one_of(curves_of_ways([parts], load, terms, interconnect, sfu, given), 0)


def curves_of_ways(ways: Sequence[Components], load: Workload, terms: ReliabilityTerms, interconnect: Network,
                   sfu: SfuCurve, given: GivenFactors = GivenFactors()) -> ClusterCurves:  # fmt: skip
    """`cluster_curves` of configurations of one accelerator and fabric: arrays [configurations x n]."""
    chip, precision = ways[0].accelerator, load.precision
    gpus = interconnect.gpus.astype(np.float64)
    stops = stop_rate_per_gpu_hour(
        terms.rates, cooling_multiplier=_column(way.cooling.failure_multiplier for way in ways),
        network_rate=interconnect.stop_rate_per_gpu_hour, accelerator_factor=terms.failure_factor,
    )  # fmt: skip
    kept = goodputs(gpus, stops, checkpoint_gb(load), [(way.storage, way.recovery) for way in ways])
    shape = kept.goodput.shape
    mamf = np.full(shape, chip.mamf[precision] if given.mamf is None else given.mamf)
    share = np.broadcast_to(np.asarray(sfu.sfu) if given.sfu is None else np.full_like(gpus, given.sfu), shape)
    good = kept.goodput if given.goodput is None else np.full(shape, given.goodput)
    peak = np.broadcast_to(gpus * chip.peak_tflops[precision] * _EXAFLOPS_PER_TFLOPS, shape)
    spares = gpus * _spare_share(ways, terms, gpus)
    plants = {key: storage_plant(store, gpus) for key, store in {way.storage.id: way.storage for way in ways}.items()}
    plant_usd = np.stack([plants[way.storage.id].capex_usd for way in ways])
    plant_w = np.stack([plants[way.storage.id].power_w for way in ways])
    equipment = _equipment(chip, gpus, spares, interconnect, plant_usd)
    heat = _heat(ways, gpus, spares, interconnect, plant_w)
    return ClusterCurves(
        gpus=np.broadcast_to(gpus, shape), spare_gpus=spares, peak_exaflops=peak, mamf=mamf, sfu=share, goodput=good,
        effective_exaflops=peak * mamf * share * good, it_capex=equipment, liquid_peak_mw=heat[0],
        air_peak_mw=heat[1], liquid_mean_mw=heat[2], air_mean_mw=heat[3], mttf_hours=kept.mttf_hours,
        interval_s=kept.interval_s, restart_s=kept.restart_s,
    )  # fmt: skip


def one_of(curves: ClusterCurves, number: int) -> ClusterCurves:
    """The curves of one configuration out of several."""
    names = [entry.name for entry in fields(ClusterCurves) if entry.name != "it_capex"]
    shape = curves.gpus.shape
    lines = curves.it_capex.lines()
    equipment = capex_of(**{line: np.broadcast_to(lines[line], shape)[number] for line in IT_LINES})
    return ClusterCurves(it_capex=equipment, **{name: getattr(curves, name)[number] for name in names})


def _column(values: Iterable[float]) -> FloatArray:
    return np.array(list(values), dtype=np.float64)[:, None]


def _spare_share(ways: Sequence[Components], terms: ReliabilityTerms, gpus: FloatArray) -> FloatArray:
    """Spare accelerators per working one: those in repair on average and a margin of the recovery scheme."""
    hardware = (terms.rates.gpu_per_hour + terms.rates.host_per_hour) * terms.failure_factor
    unit = ways[0].accelerator.unit_gpus
    margins = _column(way.recovery.spare_margin for way in ways)
    rate = hardware * _column(way.cooling.failure_multiplier for way in ways)
    return spare_fraction(gpus, rate, unit, terms.repair.hours(unit), margins)


def _equipment(chip: Accelerator, gpus: FloatArray, spares: FloatArray, interconnect: Network,
               plant_usd: FloatArray) -> Capex:  # fmt: skip
    return it_capex(
        gpus=gpus,
        price_usd_per_gpu=chip.price_usd,
        spare_gpus=spares,
        network_usd=interconnect.capex_usd * (1.0 + spares / gpus),
        storage_usd=plant_usd,
    )


def _heat(ways: Sequence[Components], gpus: FloatArray, spares: FloatArray, interconnect: Network,
          plant_w: FloatArray) -> tuple[FloatArray, ...]:  # fmt: skip
    """Nameplate and mean IT power, by where the heat goes: network and storage gear stays in air [MW]."""
    chip = ways[0].accelerator
    draw = _column(it_power_multiplier(way.cooling, chip) for way in ways)
    server = (gpus + spares) * chip.server_power_w * draw * _MW_PER_W
    network = interconnect.power_w * (1.0 + spares / gpus)
    other = (network + plant_w) * _MW_PER_W
    mean = server * chip.mean_power_fraction
    phi = _column(way.cooling.liquid_fraction for way in ways)
    return phi * server, (1.0 - phi) * server + other, phi * mean, (1.0 - phi) * mean + other


def site_curves(curves: ClusterCurves, cooling_usd_per_kw: npt.ArrayLike, prices: FacilityPrices, terms: Finance,
                construction_multiplier: float) -> SiteCurves:  # fmt: skip
    """Capex, annuities, expenses and land of configurations built at a site with this cost level.

    `cooling_usd_per_kw` is the plant of the cooling method and broadcasts with the curves, which may be stacked
    (see `stacked`).

    The connection to the grid is not in here: it belongs to the grid as a power source.
    """
    facility = facility_capex(
        prices, it_mw=curves.it_mw, cooling_usd_per_kw=cooling_usd_per_kw,
        site_multiplier=construction_multiplier, with_utility_works=False,
    )  # fmt: skip
    capex = curves.it_capex.plus(facility)
    expenses = site_opex_usd(terms, curves.it_mw)
    return SiteCurves(
        capex=capex,
        capex_usd=capex.total_usd,
        annual_capital_usd=annual_capital_usd(terms, capex),
        fixed_opex_usd=sum(expenses.values(), np.zeros_like(curves.gpus)),
        land_acres=land_acres(prices, curves.it_mw),
    )


def stacked(curves: Sequence[ClusterCurves]) -> ClusterCurves:
    """Curves of several configurations over the same sizes as one record of arrays [configurations x sizes]."""
    names = [entry.name for entry in fields(ClusterCurves) if entry.name != "it_capex"]
    lines = [c.it_capex.lines() for c in curves]
    shape = curves[0].gpus.shape
    equipment = capex_of(**{
        line: np.stack([np.broadcast_to(costs[line], shape) for costs in lines]) for line in IT_LINES
    })  # fmt: skip
    arrays = {name: np.stack([getattr(c, name) for c in curves]) for name in names}
    return ClusterCurves(it_capex=equipment, **arrays)
