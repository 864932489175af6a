"""Which clusters are built: the choice of segments, their sizes, and the heat they give off."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyomo.environ import Block, Constraint, NonNegativeIntegers, NonNegativeReals, Set, Var

from exasite.options import SiteOptions

HEAT_KINDS = ("liquid_mean", "air_mean", "liquid_peak", "air_peak")


def add_deployment(block: Block, site: SiteOptions) -> None:
    """Variables and constraints of the clusters of one site.

    clusters[j]  clusters on segment j                 [-]   integer, at most `max_clusters` in all
    units[j]     deployment units on segment j         [-]   lower z <= units <= upper z
    heat[c, k]   IT power by cooling method c and kind k [MW]
    """
    table = site.segments
    block.segments = Set(initialize=range(len(table)))
    block.clusters = Var(block.segments, domain=NonNegativeIntegers, bounds=(0, site.max_clusters))
    block.units = Var(
        block.segments, domain=NonNegativeIntegers,
        bounds=lambda b, j: (0, int(table.upper[j]) * site.max_clusters),
    )  # fmt: skip
    block.smallest = Constraint(block.segments, rule=lambda b, j: b.units[j] >= int(table.lower[j]) * b.clusters[j])
    block.largest = Constraint(block.segments, rule=lambda b, j: b.units[j] <= int(table.upper[j]) * b.clusters[j])
    block.one_choice = Constraint(expr=sum(block.clusters[j] for j in block.segments) <= site.max_clusters)
    _add_heat(block, site)


def _add_heat(block: Block, site: SiteOptions) -> None:
    methods = [method.id for method in site.cooling]
    cooling_of = np.array([c.cooling for c in site.segments.configurations])[site.segments.configuration]
    block.heat = Var(methods, HEAT_KINDS, domain=NonNegativeReals)
    block.heat_balance = Constraint(
        methods, HEAT_KINDS,
        rule=lambda b, method, kind: b.heat[method, kind]
        == deployed(b, site, f"{kind}_mw", np.flatnonzero(cooling_of == method)),
    )  # fmt: skip


def deployed(block: Block, site: SiteOptions, quantity: str, segments: np.ndarray | None = None) -> Any:
    """Linear expression of one of options.QUANTITIES at a site, over all segments or the given ones."""
    slope, intercept = site.segments.slope[quantity], site.segments.intercept[quantity]
    chosen = range(len(site.segments)) if segments is None else segments.tolist()
    return sum(
        float(slope[j]) * block.units[j] + float(intercept[j]) * block.clusters[j] for j in chosen
    ) + 0.0 * _zero(block)  # fmt: skip


def _zero(block: Block) -> Any:
    """A term that keeps a sum over no segment an expression of the model."""
    return next(iter(block.clusters.values()))


def facility_mean_mw(block: Block, site: SiteOptions) -> Any:
    """Mean facility power: mean IT draw times one plus the mean overhead of the method [MW]."""
    return sum(
        block.heat[m.id, "liquid_mean"] * (1.0 + m.mean_liquid) + block.heat[m.id, "air_mean"] * (1.0 + m.mean_air)
        for m in site.cooling
    )


def facility_peak_mw(block: Block, site: SiteOptions) -> Any:
    """Peak facility power: nameplate IT power in the hottest hours [MW]."""
    return sum(
        block.heat[m.id, "liquid_peak"] * (1.0 + m.peak_liquid) + block.heat[m.id, "air_peak"] * (1.0 + m.peak_air)
        for m in site.cooling
    )


def demand_mw(block: Block, site: SiteOptions, hour: int) -> Any:
    """Facility power in one representative hour [MW]."""
    return sum(
        block.heat[m.id, "liquid_mean"] * (1.0 + float(m.overhead_liquid[hour]))
        + block.heat[m.id, "air_mean"] * (1.0 + float(m.overhead_air[hour]))
        for m in site.cooling
    )


def water_m3(block: Block, site: SiteOptions, hours: float) -> Any:
    """Water evaporated by cooling in `hours` hours at the mean draw [m3]."""
    return hours * sum(
        block.heat[m.id, "liquid_mean"] * m.water_liquid_m3_per_mwh
        + block.heat[m.id, "air_mean"] * m.water_air_m3_per_mwh
        for m in site.cooling
    )
