"""One way out for heat: cooling overhead and water at a dry and a wet bulb.

Formula, per hour [1], fitted to the simulated zone medians of [2]; all parameters are rows of the tables
`cooling` and `cooling_parameters`:

    c   = a + k x / COP                                a: fans and pumps; k: heat the compressors carry
    x   = clip((T_source - T_supply) / range, 0, 1)    share of heat that needs compressors, 1 if mechanical
    COP = min(COP_max, eta (T_e + 273.15) / max(lift_min, T_c - T_e))

    T_source: tower T_wb + 7 | dry T_db + 8 | adiabatic T_db - 0.8 (T_db - T_wb) + 8 | outside air T_wb
    T_c     : water-cooled T_wb + 10 | air-cooled T_db + 15;   T_e: T_supply - 3 unless given

[1] exasite reference: sections 1-3 on cooling; errors in tests/validation/test_pue.py.
[2] Lei, Lu, Shehabi, Masanet, Resources, Conservation & Recycling 219 (2025) 108310.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from exasite.models.catalog import Catalog
from exasite.models.units import KELVIN_AT_ZERO_CELSIUS

FloatArray = NDArray[np.float64]

_TABLE = "cooling"
_SINKS = ("tower", "dry", "adiabatic", "wet_bulb", "mechanical")
_CONDENSERS = ("water", "air")
_WATER_MODELS = ("tower", "evaporative", "adiabatic", "constant", "none")


@dataclass(frozen=True)
class CoolingParameters:
    """Constants all methods share (table `cooling_parameters`, item `formula`)."""

    tower_approach_kelvin: float
    dry_approach_kelvin: float
    adiabatic_effectiveness: float
    water_condenser_kelvin: float
    air_condenser_kelvin: float
    minimum_lift_kelvin: float
    maximum_cop: float
    compressor_heat_factor: float
    evaporator_approach_kelvin: float
    peak_margin_kelvin: float
    evaporation_l_per_kwh: float
    latent_share: float
    cycles_of_concentration: float
    evaporative_l_per_kwh: float


@dataclass(frozen=True)
class HeatPath:
    """One way out for heat: where it goes, at what temperature, with which machines."""

    heat_sink: str
    condenser: str
    supply_celsius: float
    range_kelvin: float
    evaporator_celsius: float
    carnot_fraction: float
    fans_pumps_fraction: float
    water_model: str
    water_l_per_kwh: float


def cooling_parameters(catalog: Catalog) -> CoolingParameters:
    """Shared constants of the formula. Raises ValueError for cycles of concentration of 1 or less."""
    names = [field.name for field in fields(CoolingParameters)]
    parameters = CoolingParameters(**{n: catalog.value("cooling_parameters", "formula", n) for n in names})
    if parameters.cycles_of_concentration <= 1:
        raise ValueError("cooling_parameters.formula.cycles_of_concentration must be above 1")
    return parameters


def heat_path(catalog: Catalog, item: str, parameters: CoolingParameters) -> HeatPath:
    """The path of one item of table `cooling`. Raises ValueError for an unknown word or a range of 0."""
    supply = catalog.value_or(_TABLE, item, "supply_celsius", 0.0)
    evaporator = supply - parameters.evaporator_approach_kelvin
    span = catalog.value_or(_TABLE, item, "range_kelvin", 1.0)
    if span <= 0:
        raise ValueError(f"cooling '{item}': range_kelvin must be above 0, got {span:g}")
    return HeatPath(
        heat_sink=_word(catalog, item, "heat_sink", _SINKS),
        condenser=_word(catalog, item, "condenser", _CONDENSERS),
        supply_celsius=supply,
        range_kelvin=span,
        evaporator_celsius=catalog.value_or(_TABLE, item, "evaporator_celsius", evaporator),
        carnot_fraction=catalog.value(_TABLE, item, "carnot_fraction"),
        fans_pumps_fraction=catalog.value(_TABLE, item, "fans_pumps_fraction"),
        water_model=_word(catalog, item, "water_model", _WATER_MODELS),
        water_l_per_kwh=catalog.value_or(_TABLE, item, "water_l_per_kwh", 0.0),
    )


def _word(catalog: Catalog, item: str, field: str, known: tuple[str, ...]) -> str:
    word = catalog.text(_TABLE, item, field)
    if word not in known:
        raise ValueError(f"cooling '{item}': {field} must be one of {', '.join(known)}, got '{word}'")
    return word


def source_temperature(
    path: HeatPath, parameters: CoolingParameters, dry_bulb: FloatArray, wet_bulb: FloatArray
) -> FloatArray:
    """Temperature [degC] offered without compressors, at dry and wet bulb [degC] (T_source)."""
    if path.heat_sink == "tower":
        return wet_bulb + parameters.tower_approach_kelvin
    if path.heat_sink == "wet_bulb":
        return wet_bulb
    effectiveness = parameters.adiabatic_effectiveness if path.heat_sink == "adiabatic" else 0.0
    return dry_bulb - effectiveness * (dry_bulb - wet_bulb) + parameters.dry_approach_kelvin


def compressor_share(
    path: HeatPath, parameters: CoolingParameters, dry_bulb: FloatArray, wet_bulb: FloatArray
) -> FloatArray:
    """Share of the heat that needs compressors [0..1] (x of the formula)."""
    if path.heat_sink == "mechanical":
        return np.ones_like(dry_bulb)
    excess = source_temperature(path, parameters, dry_bulb, wet_bulb) - path.supply_celsius
    return np.clip(excess / path.range_kelvin, 0.0, 1.0)


def cooling_overhead(
    path: HeatPath, parameters: CoolingParameters, dry_bulb: FloatArray, wet_bulb: FloatArray
) -> FloatArray:
    """Cooling power [W per W of heat], at dry and wet bulb [degC] (c of the formula)."""
    if path.condenser == "water":
        condensing = wet_bulb + parameters.water_condenser_kelvin
    else:
        condensing = dry_bulb + parameters.air_condenser_kelvin
    lift = np.maximum(parameters.minimum_lift_kelvin, condensing - path.evaporator_celsius)
    carnot = path.carnot_fraction * (path.evaporator_celsius + KELVIN_AT_ZERO_CELSIUS) / lift
    cop = np.minimum(parameters.maximum_cop, carnot)
    share = compressor_share(path, parameters, dry_bulb, wet_bulb)
    return path.fans_pumps_fraction + parameters.compressor_heat_factor * share / cop


def water_use(
    path: HeatPath, parameters: CoolingParameters, dry_bulb: FloatArray, wet_bulb: FloatArray
) -> FloatArray:
    """Water drawn on site [L per kWh of heat], at dry and wet bulb [degC].

    Tower: evaporation of the latent share of the heat, plus blow-down at the cycles of concentration.
    Evaporative: in proportion to the compressor share (fit, RMSE 0.13). Adiabatic: vapour taken up by the air
    that carries the heat over `range_kelvin`, when dry air alone does not do; no free parameter, RMSE 0.15
    against [2] in the zones of twelve stations. [2] gives 2.2 for towers, 0.5 above this formula at 5 cycles.
    """
    if path.water_model == "tower":
        heat = 1.0 + cooling_overhead(path, parameters, dry_bulb, wet_bulb)
        cycles = parameters.cycles_of_concentration
        return parameters.evaporation_l_per_kwh * parameters.latent_share * heat * cycles / (cycles - 1.0)
    if path.water_model == "evaporative":
        return parameters.evaporative_l_per_kwh * compressor_share(path, parameters, dry_bulb, wet_bulb)
    if path.water_model == "adiabatic":
        needed = (dry_bulb + parameters.dry_approach_kelvin - path.supply_celsius) / path.range_kelvin
        cooled = parameters.adiabatic_effectiveness * (dry_bulb - wet_bulb) / path.range_kelvin
        return parameters.evaporation_l_per_kwh * np.clip(needed, 0.0, 1.0) * cooled
    return np.full_like(dry_bulb, path.water_l_per_kwh)
