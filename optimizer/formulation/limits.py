"""The user's requirements and limits: each is one named constraint, so that it can be talked about by its name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyomo.environ import ConcreteModel, Constraint

from exasite.instance.schema import Instance, Range
from exasite.options import Options

_SECONDS_PER_DAY = 86400.0
_FLOPS_PER_EXAFLOPS = 1e18
_USD_PER_MUSD = 1e6


def add_limits(model: ConcreteModel, instance: Instance, quantities: Mapping[str, Any]) -> None:
    """One constraint `limit[key]` for each line of [limit]; keys as in the instance."""
    given = instance.limit
    sides = {
        "capex_usd": (quantities["capex_musd"], _millions(given.capex_usd)),
        "opex_usd_per_year": (quantities["opex_musd"], _millions(given.opex_usd_per_year)),
        "facility_mw": (quantities["facility_peak_mw"], given.facility_mw),
        "water_m3_per_year": (quantities["water_m3"], given.water_m3_per_year),
        "land_acres": (quantities["land_acres"], given.land_acres),
    }
    model.limit = Constraint(
        [key for key, (_, most) in sides.items() if most is not None],
        rule=lambda m, key: sides[key][0] <= sides[key][1],
    )
    _add_carbon_limits(model, instance, quantities)
    if given.energy_price_usd_per_mwh is not None:
        paid, energy = quantities["supply_annual_musd"], quantities["energy_mwh"]
        model.limit_energy_price = Constraint(expr=paid <= 1e-6 * given.energy_price_usd_per_mwh * energy)


def _add_carbon_limits(model: ConcreteModel, instance: Instance, quantities: Mapping[str, Any]) -> None:
    """Limits on CO2, and the share of clean energy hour by hour: kept in every phase, not on average."""
    given, phases = instance.limit, range(len(quantities["phase_co2_t"]))
    co2, energy = quantities["phase_co2_t"], quantities["phase_energy_mwh"]
    model.limit_co2 = Constraint(
        phases if given.co2_t_per_year is not None else [], rule=lambda m, k: co2[k] <= given.co2_t_per_year
    )
    per_exaflop = given.co2_t_per_exaflop_year
    model.limit_co2_per_exaflop = Constraint(
        phases if per_exaflop is not None else [],
        rule=lambda m, k: co2[k] <= per_exaflop * quantities["effective_exaflops"],
    )
    clean = instance.require.hourly_clean_share
    model.require_clean = Constraint(
        phases if clean is not None else [],
        rule=lambda m, k: quantities["phase_unclean_mwh"][k] <= (1.0 - (clean or 0.0)) * energy[k],
    )


@dataclass(frozen=True)
class Bounds:
    """One line of [require] as bounds on a quantity of the model; `key` is the line, infinite: no bound."""

    key: str
    quantity: str  # gpus or effective_exaflops
    lower: float = -math.inf
    upper: float = math.inf


def requirements(instance: Instance, options: Options, flop_per_token: float) -> tuple[Bounds, ...]:
    """The lines of [require] that bound the whole design.

    An exact number of accelerators may be exceeded by less than one deployment unit.
    """
    wanted, found = instance.require, []
    if wanted.gpus is not None:
        exact = wanted.gpus.exact is not None and wanted.gpus.upper == wanted.gpus.exact
        found.append(_bounds("gpus", "gpus", wanted.gpus, 1.0, _largest_unit(options) - 1 if exact else 0))
    if wanted.effective_exaflops is not None:
        found.append(_bounds("effective_exaflops", "effective_exaflops", wanted.effective_exaflops))
    if wanted.tokens_per_second is not None:
        exaflops = flop_per_token / _FLOPS_PER_EXAFLOPS
        found.append(_bounds("tokens_per_second", "effective_exaflops", wanted.tokens_per_second, exaflops))
    days, flops = wanted.training_days, wanted.training_flops
    if days is not None and flops is not None:
        least = -math.inf if days.upper is None else _exaflops_for(flops, days.upper)
        most = math.inf if days.min is None else _exaflops_for(flops, days.min)
        found.append(Bounds("training_days", "effective_exaflops", least, most))
    return tuple(found)


def _bounds(key: str, quantity: str, wanted: Range, factor: float = 1.0, rounding: float = 0.0) -> Bounds:
    lower = -math.inf if wanted.lower is None else wanted.lower * factor
    upper = math.inf if wanted.upper is None else (wanted.upper + rounding) * factor
    return Bounds(key, quantity, lower, upper)


def bounds_of_one_cluster(instance: Instance, options: Options, flop_per_token: float) -> tuple[Bounds, ...]:
    """What a single cluster must keep of requirements and limits, for bounds ahead of any search."""
    limit, found = instance.limit, list(requirements(instance, options, flop_per_token))
    if limit.capex_usd is not None:
        found.append(Bounds("capex_usd", "capex_musd", upper=limit.capex_usd / _USD_PER_MUSD))
    if limit.facility_mw is not None:
        found.append(Bounds("facility_mw", "peak_mw", upper=limit.facility_mw))
    return tuple(found)


def add_requirements(model: ConcreteModel, instance: Instance, options: Options, quantities: Mapping[str, Any],
                     flop_per_token: float) -> None:  # fmt: skip
    """One constraint `require_at_least[key]` or `require_at_most[key]` for each line of [require].

    A training run is one coherent job, so a requirement on its days allows one cluster only.
    """
    wanted = instance.require
    rows = {row.key: row for row in requirements(instance, options, flop_per_token)}
    lower = {key: (quantities[row.quantity], row.lower) for key, row in rows.items() if math.isfinite(row.lower)}
    upper = {key: (quantities[row.quantity], row.upper) for key, row in rows.items() if math.isfinite(row.upper)}
    # Rows are scaled to 1, so that tokens per second and exaFLOPS are met to the same relative accuracy.
    model.require_at_least = Constraint(list(lower), rule=lambda m, key: lower[key][0] / lower[key][1] >= 1.0)
    model.require_at_most = Constraint(list(upper), rule=lambda m, key: upper[key][0] / upper[key][1] <= 1.0)
    model.some_cluster = Constraint(expr=quantities["clusters"] >= 1)
    if wanted.training_days is not None:
        model.one_training_run = Constraint(expr=quantities["clusters"] <= 1)
    model.site_at_least = Constraint(
        [s.id for s in options.sites if s.gpus[0] > 0],
        rule=lambda m, s: quantities["site_gpus"][s] >= _by_id(options)[s].gpus[0],
    )
    model.site_at_most = Constraint(
        [s.id for s in options.sites if s.gpus[1] < float("inf")],
        rule=lambda m, s: quantities["site_gpus"][s] <= _by_id(options)[s].gpus[1],
    )


def _exaflops_for(flops: float, days: float) -> float:
    return flops / (days * _SECONDS_PER_DAY * _FLOPS_PER_EXAFLOPS)


def _millions(usd: float | None) -> float | None:
    return None if usd is None else usd / _USD_PER_MUSD


def _largest_unit(options: Options) -> int:
    return max((c.unit_gpus for s in options.sites for c in s.segments.configurations), default=1)


def _by_id(options: Options) -> dict[str, Any]:
    return {site.id: site for site in options.sites}
