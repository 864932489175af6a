"""Read the design out of a solved model: which clusters and power sources stand where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyomo.environ import value

from exasite.formulation import BuiltModel
from exasite.formulation.deployment import units_of
from exasite.models.accelerator import accelerator
from exasite.models.cluster import Components
from exasite.models.cooling import cooling_method
from exasite.models.evaluate import ClusterDesign, SiteDesign, SupplyDesign, Terms
from exasite.models.fabric_parts import fabric
from exasite.models.storage import recovery, storage
from exasite.options import Configuration, Options, SiteOptions
from exasite.setting import Setting, SiteSetting, workload_for

_LEAST_MW = 1e-4  # smaller sizes are rounding of the solver


@dataclass(frozen=True)
class Firm:
    """Firm power of a source [MW]."""

    source: str
    mw: float


@dataclass(frozen=True)
class SolvedSite:
    """A site with something on it: the design for the physics, and what the model says of it."""

    setting: SiteSetting
    design: SiteDesign
    firm: tuple[Firm, ...]


@dataclass(frozen=True)
class SolvedDesign:
    """All sites with clusters, and the quantities of the optimiser's own model."""

    sites: tuple[SolvedSite, ...]
    quantities: dict[str, float]


def terms_of(context: Setting) -> Terms:
    return Terms(context.prices, context.terms, context.electrical_loss)


def read_design(model: BuiltModel, options: Options, context: Setting) -> SolvedDesign:
    """Clusters and supply of every site, from the values loaded into the Pyomo model."""
    sites = []
    for site, at in zip(options.sites, context.sites, strict=True):
        clusters = _clusters(model, site, context)
        if clusters:
            sites.append(_site(model, site, at, clusters))
    names = [*model.compiled.quantities, "co2_t"]
    return SolvedDesign(tuple(sites), {name: float(value(model.quantities[name])) for name in names})


def _clusters(model: BuiltModel, site: SiteOptions, context: Setting) -> tuple[ClusterDesign, ...]:
    block, found = model.model.site[site.id], []
    for j in block.segments:
        count = round(value(block.clusters[j]))
        if count == 0:
            continue
        configuration = site.segments.configurations[site.segments.configuration[j]]
        for units in _shares(round(units_of(block, site, j)), count):
            found.append(_cluster(configuration, units, context))
    return tuple(found)


def _shares(units: int, clusters: int) -> list[int]:
    """Deployment units of equal clusters that share a segment, as even as whole units allow."""
    return [int(part) for part in np.diff(np.linspace(0, units, clusters + 1).round())]


def _cluster(configuration: Configuration, units: int, context: Setting) -> ClusterDesign:
    catalog = context.catalog
    chip = accelerator(catalog, configuration.accelerator)
    parts = Components(
        accelerator=chip,
        fabric=fabric(catalog, configuration.interconnect),
        cooling=cooling_method(catalog, configuration.cooling),
        storage=storage(catalog, configuration.storage),
        recovery=recovery(catalog, configuration.recovery),
    )
    return ClusterDesign(parts, units * configuration.unit_gpus, workload_for(context.loaded, chip))


def _site(model: BuiltModel, site: SiteOptions, at: SiteSetting, clusters: tuple[ClusterDesign, ...]) -> SolvedSite:
    block = model.model.supply[site.id]
    supply, firm = [], []
    for source in at.sources:
        if source.id not in block.capacity:
            continue
        capacity = float(value(block.capacity[source.id]))
        if capacity < _LEAST_MW:
            continue
        energy = float(value(block.energy[source.id])) if source.kind == "storage" else 0.0
        supply.append(SupplyDesign(source, capacity, energy))
        firm.append(Firm(source.id, min(float(value(block.firm[source.id])), capacity)))
    design = SiteDesign(at.site, at.climate, clusters, tuple(supply), at.given)
    return SolvedSite(at, design, tuple(firm))
