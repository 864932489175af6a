"""Assemble the model: sites one by one, then what they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.environ import Block, ConcreteModel, Constraint

from exasite.compiled import CompiledModel, compile_model
from exasite.formulation import deployment, supply
from exasite.formulation.limits import add_limits, add_requirements
from exasite.instance.schema import Instance
from exasite.options import Options, SiteOptions
from exasite.pricing import Choices

# Quantities that objectives and reports are made of.
OBJECTIVE_QUANTITIES = (
    "effective_exaflops",
    "counted_exaflops",
    "capex_musd",
    "facility_mean_mw",
    "facility_peak_mw",
    "annual_cost_musd",
    "opex_musd",
    "supply_opex_musd",
    "gpus",
    "co2_t",
    "water_m3",
)

RatioLimits = tuple[tuple[str, float], ...]  # quantity, most of it per counted ExaFLOPS


@dataclass(frozen=True)
class BuiltModel:
    """The Pyomo model, its quantities as expressions, its compiled form, and where its choices are in it."""

    model: ConcreteModel
    quantities: Mapping[str, Any]
    compiled: CompiledModel
    choices: Choices


def build(instance: Instance, options: Options, *, hours_per_year: float, flop_per_token: float,
          ratio_limits: RatioLimits = ()) -> BuiltModel:  # fmt: skip
    """Build and compile the model of docs/model.md for all sites of an instance.

    `ratio_limits` are further rows: at most so much of a quantity per ExaFLOPS that counts.
    """
    model = ConcreteModel(name=instance.name)
    model.site = Block([site.id for site in options.sites])
    model.supply = Block([site.id for site in options.sites])
    for site in options.sites:
        deployment.add_deployment(model.site[site.id], site)
        supply.add_supply(model.supply[site.id], site, options.phases)
    quantities = _quantities(model, options, hours_per_year)
    add_limits(model, instance, quantities)
    add_requirements(model, instance, options, quantities, flop_per_token)
    counted, most = quantities["counted_exaflops"], dict(ratio_limits)
    model.ratio_limit = Constraint(list(most), rule=lambda m, name: quantities[name] <= most[name] * counted)
    compiled = compile_model(model, {name: quantities[name] for name in OBJECTIVE_QUANTITIES})
    return BuiltModel(model, quantities, compiled, _choices(model, options, compiled))


def _choices(model: ConcreteModel, options: Options, compiled: CompiledModel) -> Choices:
    """Columns and linking row of every segment of every site."""
    column = {id(variable): i for i, variable in enumerate(compiled.variables)}
    row = {name: i for i, name in enumerate(compiled.row_names)}
    clusters, extra, link, width, group = [], [], [], [], []
    for number, site in enumerate(options.sites):
        block, spans = model.site[site.id], (site.segments.upper - site.segments.lower).tolist()
        for j in block.segments:
            clusters.append(column[id(block.clusters[j])])
            extra.append(column[id(block.extra[j])] if j in block.extra else -1)
            link.append(row[block.largest[j].name] if j in block.extra else -1)
            width.append(spans[j])
            group.append(number)
    return Choices(*(np.array(values, dtype=int) for values in (clusters, extra, link, width, group)))


def _quantities(model: ConcreteModel, options: Options, hours_per_year: float) -> dict[str, Any]:
    """Linear expressions of everything an objective, a limit or a requirement may speak of, over all sites."""
    pairs = [(model.site[s.id], model.supply[s.id], s) for s in options.sites]

    def deployed(quantity: str) -> Any:
        return sum(deployment.deployed(site, s, quantity) for site, _, s in pairs)

    phases = range(len(options.phases))
    mean = sum(deployment.facility_mean_mw(site, s) for site, _, s in pairs)
    supply_opex = sum(supply.supply_opex_musd(plant, s, options.phases) for _, plant, s in pairs)
    supply_annuity = sum(supply.supply_annual_capex_musd(plant, s) for _, plant, s in pairs)
    opex = deployed("fixed_opex_musd") + supply_opex
    energy = [hours_per_year * sum(_working_mw(site, s, k) for site, _, s in pairs) for k in phases]
    return {
        "effective_exaflops": deployed("effective_exaflops"),
        "counted_exaflops": sum(deployment.counted_exaflops(site, s) for site, _, s in pairs),
        "capex_musd": deployed("capex_musd") + sum(supply.supply_capex_musd(plant, s) for _, plant, s in pairs),
        "facility_mean_mw": mean,
        "facility_peak_mw": sum(deployment.facility_peak_mw(site, s) for site, _, s in pairs),
        "annual_cost_musd": deployed("annual_capex_musd") + supply_annuity + opex,
        "opex_musd": opex,
        "supply_opex_musd": supply_opex,
        "gpus": deployed("gpus"),
        "clusters": sum(site.clusters[j] for site, _, _ in pairs for j in site.segments),
        "site_gpus": {s.id: deployment.deployed(site, s, "gpus") for site, _, s in pairs},
        "energy_mwh": sum(phase.share * energy[k] for k, phase in enumerate(options.phases)),
        "phase_energy_mwh": energy,
        "supply_annual_musd": supply_annuity + supply_opex,
        "co2_t": sum(
            phase.share * supply.supply_co2_t(plant, s, k)
            for k, phase in enumerate(options.phases)
            for _, plant, s in pairs
        ),
        "phase_co2_t": [sum(supply.supply_co2_t(plant, s, k) for _, plant, s in pairs) for k in phases],
        "phase_unclean_mwh": [sum(supply.unclean_mwh(plant, s, k) for _, plant, s in pairs) for k in phases],
        "water_m3": sum(deployment.water_m3(site, s, hours_per_year) for site, _, s in pairs),
        "land_acres": deployed("land_acres") + sum(supply.supply_land_acres(plant, s) for _, plant, s in pairs),
    }


def _working_mw(block: Any, site: SiteOptions, phase: int) -> Any:
    """Mean facility power, pauses left out, of the clusters that work in a phase [MW]."""
    return sum(
        (1.0 - mode.paused_share) * deployment.working_mean_mw(block, site, m)
        for m, mode in enumerate(site.modes)
        if mode.start_phase <= phase
    )
