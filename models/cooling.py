"""Cooling methods: hourly facility overhead and water of each method in a climate, and what a method accepts.

    PUE = 1 + e + phi c_liquid + (1 - phi) c_air

e: electrical loss per W of IT; phi: share of server heat taken by liquid; c: cooling power per W of heat on
each path (`exasite.models.heat_path`). One sigma of annual PUE against published sites: 0.03 for a modern
site, 0.06 for an unknown design.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from exasite.models.catalog import Catalog
from exasite.models.climate import Climate
from exasite.models.heat_path import (
    CoolingParameters,
    HeatPath,
    cooling_overhead,
    cooling_parameters,
    heat_path,
    water_use,
)
from exasite.models.units import conversion_factor

FloatArray = NDArray[np.float64]

_TABLE = "cooling"


@dataclass(frozen=True)
class CoolingMethod:
    """A cooling method. `liquid` is None for methods that leave all heat in air.

    `liquid_fraction` is the share of the heat of servers; network equipment stays in air. `max_rack_kw` is
    the densest rack shown or claimed for the method, `capex_usd_per_kw` its whole plant per kW of IT.
    `only_for` lists the accelerators it is made for; empty: any that fits.
    """

    id: str
    name: str
    liquid_fraction: float
    liquid: HeatPath | None
    air: HeatPath
    max_rack_kw: float
    cold_plate_racks: bool
    only_for: tuple[str, ...]
    it_power_multiplier: float
    failure_multiplier: float
    capex_usd_per_kw: float
    parameters: CoolingParameters


@dataclass(frozen=True, eq=False)
class CoolingTable:
    """Overheads of a method in a climate, per W of IT heat that goes to liquid and per W that stays in air.

    Arrays follow the entries of the climate. Peaks hold at the temperatures exceeded in 0.4 % of the hours
    plus a margin. `pue*` and `water_l_per_kwh` are for the method's own liquid share; water is per kWh of IT.
    """

    method_id: str
    liquid_fraction: float
    overhead_liquid: FloatArray
    overhead_air: FloatArray
    pue: FloatArray
    mean_overhead_liquid: float
    mean_overhead_air: float
    peak_overhead_liquid: float
    peak_overhead_air: float
    pue_mean: float
    pue_peak: float
    water_liquid_l_per_kwh: float
    water_air_l_per_kwh: float
    water_l_per_kwh: float


class RackUnit(Protocol):
    """What cooling must know of an accelerator (record of `exasite.models.accelerator`)."""

    @property
    def id(self) -> str: ...
    @property
    def server_power_w(self) -> float: ...
    @property
    def unit_gpus(self) -> int: ...
    @property
    def rack_power_w(self) -> float: ...
    @property
    def needs_liquid(self) -> bool: ...


def electrical_loss(catalog: Catalog, architecture: str) -> float:
    """Loss between the meter and the servers [W per W of IT] of an item of table `electrical`."""
    return catalog.value("electrical", architecture, "loss_fraction")


def cooling_method(catalog: Catalog, method_id: str) -> CoolingMethod:
    """One method with its air companion resolved.

    Raises KeyError naming the nearest id for an unknown one, ValueError for a row that cannot be used.
    """
    parameters = cooling_parameters(catalog)
    fraction = catalog.value(_TABLE, method_id, "liquid_fraction")
    if fraction > 1:
        raise ValueError(f"cooling '{method_id}': liquid_fraction must be at most 1, got {fraction:g}")
    own = heat_path(catalog, method_id, parameters)
    companion = catalog.text_or(_TABLE, method_id, "air_companion", "")
    if fraction > 0 and not companion:
        raise ValueError(f"cooling '{method_id}': liquid_fraction is above 0, but air_companion is missing")
    return CoolingMethod(
        id=method_id,
        name=catalog.text(_TABLE, method_id, "name"),
        liquid_fraction=fraction,
        liquid=own if companion else None,
        air=heat_path(catalog, companion, parameters) if companion else own,
        max_rack_kw=catalog.row(_TABLE, method_id, "max_rack_kw").high,
        cold_plate_racks=catalog.text(_TABLE, method_id, "cold_plate_racks") == "yes",
        only_for=catalog.words(_TABLE, method_id, "accelerators"),
        it_power_multiplier=catalog.value(_TABLE, method_id, "it_power_multiplier"),
        failure_multiplier=catalog.value(_TABLE, method_id, "failure_multiplier"),
        capex_usd_per_kw=catalog.value(_TABLE, method_id, "capex_usd_per_kw"),
        parameters=parameters,
    )


def overheads(method: CoolingMethod, climate: Climate, electrical_loss: float) -> CoolingTable:
    """Overheads through the year of a method in a climate, with an electrical loss [W per W of IT].

    Liquid and air are kept apart so that the caller can weigh them with the heat that really goes to each.
    A method without a liquid loop has the overhead of air in both. A peak is at least the mean.
    Raises ValueError for a loss below 0.
    """
    if not electrical_loss >= 0:
        raise ValueError(f"electrical_loss must be at least 0, got {electrical_loss!r}")
    liquid = _path_year(method.liquid or method.air, method.parameters, climate, electrical_loss)
    air = _path_year(method.air, method.parameters, climate, electrical_loss)
    phi = method.liquid_fraction
    return CoolingTable(
        method_id=method.id,
        liquid_fraction=phi,
        overhead_liquid=liquid.overhead,
        overhead_air=air.overhead,
        pue=1.0 + phi * liquid.overhead + (1.0 - phi) * air.overhead,
        mean_overhead_liquid=liquid.mean,
        mean_overhead_air=air.mean,
        peak_overhead_liquid=liquid.peak,
        peak_overhead_air=air.peak,
        pue_mean=1.0 + phi * liquid.mean + (1.0 - phi) * air.mean,
        pue_peak=1.0 + phi * liquid.peak + (1.0 - phi) * air.peak,
        water_liquid_l_per_kwh=liquid.water_l_per_kwh,
        water_air_l_per_kwh=air.water_l_per_kwh,
        water_l_per_kwh=phi * liquid.water_l_per_kwh + (1.0 - phi) * air.water_l_per_kwh,
    )


@dataclass(frozen=True, eq=False)
class _PathYear:
    overhead: FloatArray
    mean: float
    peak: float
    water_l_per_kwh: float


def _path_year(path: HeatPath, parameters: CoolingParameters, climate: Climate, loss: float) -> _PathYear:
    dry_bulb, wet_bulb = climate.dry_bulb_celsius, climate.wet_bulb_celsius
    overhead = loss + cooling_overhead(path, parameters, dry_bulb, wet_bulb)
    mean = climate.mean(overhead)
    design = loss + cooling_overhead(path, parameters, *_design_temperatures(climate, parameters))
    water = climate.mean(water_use(path, parameters, dry_bulb, wet_bulb))
    return _PathYear(overhead=overhead, mean=mean, peak=max(float(design[0]), mean), water_l_per_kwh=water)


def _design_temperatures(climate: Climate, parameters: CoolingParameters) -> tuple[FloatArray, FloatArray]:
    """Dry and wet bulb to size for [degC]: both peaks at once, which is safe, as they rarely meet."""
    dry_bulb = climate.peak_dry_bulb_celsius + parameters.peak_margin_kelvin
    wet_bulb = climate.peak_wet_bulb_celsius + parameters.peak_margin_kelvin
    return np.array([dry_bulb]), np.array([min(wet_bulb, dry_bulb)])


def incompatibility(method: CoolingMethod, accelerator: RackUnit) -> str:
    """Why a method cannot cool an accelerator; empty if it can.

    A rack can be filled in part, so what must fit is the smaller of one deployment unit (a server, a
    rack-scale system) and a full rack: an 8-GPU air-cooled server of 10 kW fits a legacy rack of 15 kW.
    Racks that are sold with cold plates need a cold-plate loop.
    """
    if method.only_for and accelerator.id not in method.only_for:
        return f"'{method.id}' is for {', '.join(method.only_for)} only"
    if accelerator.needs_liquid and not method.cold_plate_racks:
        return f"{accelerator.id} is sold with cold plates, and '{method.id}' has no cold-plate loop"
    unit_w = min(accelerator.server_power_w * accelerator.unit_gpus, accelerator.rack_power_w)
    unit_kw = unit_w * conversion_factor("W", "kW")
    if unit_kw > method.max_rack_kw:
        limit = f"'{method.id}' carries {method.max_rack_kw:.0f} kW"
        return f"{accelerator.id} needs {unit_kw:.0f} kW in one rack, {limit}"
    return ""


def compatible(method: CoolingMethod, accelerator: RackUnit) -> bool:
    """Whether a method can cool an accelerator (see `incompatibility`)."""
    return not incompatibility(method, accelerator)


def it_power_multiplier(method: CoolingMethod, accelerator: RackUnit) -> float:
    """IT power of the method over nameplate [W per W]: the fans saved.

    1 for accelerators sold with cold plates: their nameplate already is that of a liquid-cooled rack.
    """
    return 1.0 if accelerator.needs_liquid else method.it_power_multiplier
