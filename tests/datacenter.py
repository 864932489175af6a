"""One ordinary cluster at one ordinary site, from the shipped catalogue, for tests of the whole chain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from exasite.models.accelerator import accelerator
from exasite.models.capex import facility_prices
from exasite.models.catalog import Catalog, load_catalog
from exasite.models.climate import site_climate
from exasite.models.cluster import ClusterCurves, Components, cluster_curves, reliability_terms
from exasite.models.cooling import cooling_method, electrical_loss
from exasite.models.evaluate import ClusterDesign, SiteDesign, SupplyDesign, Terms
from exasite.models.fabric import fabric, links_of, network
from exasite.models.fabric_parts import congestion_classes
from exasite.models.finance import finance
from exasite.models.power import site_sources
from exasite.models.site import site
from exasite.models.split_search import best_split, planner_parameters
from exasite.models.storage import recovery, storage
from exasite.models.workload import workload

CATALOG = load_catalog()
SITE = "memphis_tn"
MONEY_FACTOR = 3.0


def components(catalog: Catalog = CATALOG, chip: str = "H100-SXM", links: str = "hgx8_ndr_ib", cooling: str = "d2c_dry",
               store: str = "flash_200", scheme: str = "restart_automated") -> Components:  # fmt: skip
    return Components(
        accelerator(catalog, chip), fabric(catalog, links), cooling_method(catalog, cooling), storage(catalog, store),
        recovery(catalog, scheme),
    )  # fmt: skip


def curves(gpus: Any, parts: Components | None = None, catalog: Catalog = CATALOG) -> ClusterCurves:
    """Curves of a cluster of H100 (or of `parts`) over sizes."""
    made, sizes = parts or components(catalog), np.atleast_1d(np.asarray(gpus))
    load = workload(catalog, "llama3-405b", precision="bf16")
    counted = network(made.fabric, sizes, accelerator=made.accelerator)
    links = links_of(made.fabric, made.accelerator, congestion_classes(catalog))
    sfu = best_split(planner_parameters(catalog), made.accelerator, links, load, sizes)
    return cluster_curves(made, load, reliability_terms(catalog, made.accelerator.id), counted, sfu)


def terms(catalog: Catalog = CATALOG) -> Terms:
    return Terms(facility_prices(catalog), finance(catalog), electrical_loss(catalog, "ups_double_conversion"))


def design(catalog: Catalog = CATALOG, *, gpus: int = 4096, clusters: int = 1, **supply_mw: float) -> SiteDesign:
    """Clusters of H100 at the site with sized sources, by default a grid connection of 40 MW."""
    where = site(catalog, SITE)
    load = workload(catalog, "llama3-405b", precision="bf16")
    one = ClusterDesign(components(catalog), gpus, load)
    sized = supply_mw or {"grid": 40.0}
    sources = {s.id: s for s in site_sources(catalog, where)}
    supply = tuple(SupplyDesign(sources[name], mw) for name, mw in sized.items())
    return SiteDesign(where, site_climate(catalog, SITE), (one,) * clusters, supply)


def dearer(factor: float = MONEY_FACTOR) -> Catalog:
    """The catalogue with all money multiplied."""
    rows = {
        key: replace(row, low=row.low * factor, base=row.base * factor, high=row.high * factor)
        if row.money_year is not None
        else row
        for key, row in CATALOG.rows.items()
    }
    return Catalog.from_rows(rows)
