"""A cluster as a function of its size: the chain from peak to effective FLOPS, its heat, parts and cost.

    effective FLOPS = gpus x peak x MAMF x SFU x goodput

Everything up to `ClusterCurves` is the same at every site; `SiteCurves` adds what building it at a site costs.
Spare accelerators are bought, connected, housed and powered like the others, but do no work.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    goodput,
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
    chip, precision = parts.accelerator, load.precision
    gpus = interconnect.gpus.astype(np.float64)
    stops = stop_rate_per_gpu_hour(
        terms.rates, cooling_multiplier=parts.cooling.failure_multiplier,
        network_rate=interconnect.stop_rate_per_gpu_hour, accelerator_factor=terms.failure_factor,
    )  # fmt: skip
    kept = goodput(gpus, stops, checkpoint_gb(load), parts.storage, parts.recovery)
    mamf = np.full_like(gpus, chip.mamf[precision] if given.mamf is None else given.mamf)
    share = np.asarray(sfu.sfu) if given.sfu is None else np.full_like(gpus, given.sfu)
    good = kept.goodput if given.goodput is None else np.full_like(gpus, given.goodput)
    peak = gpus * chip.peak_tflops[precision] * _EXAFLOPS_PER_TFLOPS
    spares = gpus * _spare_share(parts, terms, gpus)
    equipment = _equipment(parts, gpus, spares, interconnect)
    heat = _heat(parts, gpus, spares, interconnect)
    return ClusterCurves(
        gpus=gpus, spare_gpus=spares, peak_exaflops=peak, mamf=mamf, sfu=share, goodput=good,
        effective_exaflops=peak * mamf * share * good, it_capex=equipment, liquid_peak_mw=heat[0],
        air_peak_mw=heat[1], liquid_mean_mw=heat[2], air_mean_mw=heat[3], mttf_hours=kept.mttf_hours,
        interval_s=kept.interval_s, restart_s=np.broadcast_to(kept.restart_s, gpus.shape),
    )  # fmt: skip


def _spare_share(parts: Components, terms: ReliabilityTerms, gpus: FloatArray) -> FloatArray:
    """Spare accelerators per working one: those in repair on average and a margin of the recovery scheme."""
    hardware = (terms.rates.gpu_per_hour + terms.rates.host_per_hour) * terms.failure_factor
    unit = parts.accelerator.unit_gpus
    return spare_fraction(
        gpus, hardware * parts.cooling.failure_multiplier, unit, terms.repair.hours(unit), parts.recovery.spare_margin
    )


def _equipment(parts: Components, gpus: FloatArray, spares: FloatArray, interconnect: Network) -> Capex:
    return it_capex(
        gpus=gpus,
        price_usd_per_gpu=parts.accelerator.price_usd,
        spare_gpus=spares,
        network_usd=interconnect.capex_usd * (1.0 + spares / gpus),
        storage_usd=storage_plant(parts.storage, gpus).capex_usd,
    )


def _heat(parts: Components, gpus: FloatArray, spares: FloatArray, interconnect: Network) -> tuple[FloatArray, ...]:
    """Nameplate and mean IT power, by where the heat goes: network and storage gear stays in air [MW]."""
    chip, method = parts.accelerator, parts.cooling
    server = (gpus + spares) * chip.server_power_w * it_power_multiplier(method, chip) * _MW_PER_W
    network = interconnect.power_w * (1.0 + spares / gpus)
    other = (network + storage_plant(parts.storage, gpus).power_w) * _MW_PER_W
    mean = server * chip.mean_power_fraction
    phi = method.liquid_fraction
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
