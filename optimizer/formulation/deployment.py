"""Which clusters are built: the choice of segments, their sizes, and the heat they give off."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyomo.core.expr import LinearExpression
from pyomo.environ import Block, Constraint, NonNegativeIntegers, NonNegativeReals, Set, Var, value

from exasite.options import SiteOptions

HEAT_KINDS = ("liquid_mean", "air_mean", "liquid_peak", "air_peak")


def add_deployment(block: Block, site: SiteOptions) -> None:
    """Variables and constraints of the clusters of one site.

    clusters[j]  clusters on segment j                             [-]   integer, at most `max_clusters` in all
    extra[j]     deployment units beyond the smallest, segment j   [-]   integer, 0 <= extra <= (upper - lower) clusters
    heat[c, m, k]  IT power by cooling method c, mode of operation m and kind k   [MW]

    units = lower x clusters + extra: one row a segment instead of two.
    """
    table = site.segments
    width = table.upper - table.lower
    block.segments = Set(initialize=range(len(table)))
    block.wide = Set(initialize=np.flatnonzero(width > 0).tolist())
    block.clusters = Var(block.segments, domain=NonNegativeIntegers, bounds=(0, site.max_clusters))
    block.extra = Var(
        block.wide, domain=NonNegativeIntegers, bounds=lambda b, j: (0, int(width[j]) * site.max_clusters)
    )
    block.largest = Constraint(block.wide, rule=lambda b, j: b.extra[j] <= int(width[j]) * b.clusters[j])
    block.one_choice = Constraint(expr=sum(block.clusters[j] for j in block.segments) <= site.max_clusters)
    _add_heat(block, site)


def _add_heat(block: Block, site: SiteOptions) -> None:
    methods, modes = [method.id for method in site.cooling], range(len(site.modes))
    cooling_of = np.array([c.cooling for c in site.segments.configurations])[site.segments.configuration]
    mode_of = site.segments.modes
    block.heat = Var(methods, modes, HEAT_KINDS, domain=NonNegativeReals)
    block.heat_balance = Constraint(
        methods, modes, HEAT_KINDS,
        rule=lambda b, method, mode, kind: b.heat[method, mode, kind]
        == deployed(b, site, f"{kind}_mw", np.flatnonzero((cooling_of == method) & (mode_of == mode))),
    )  # fmt: skip


def deployed(block: Block, site: SiteOptions, quantity: str, segments: np.ndarray | None = None) -> Any:
    """Linear expression of one of options.QUANTITIES at a site, over all segments or the given ones."""
    table = site.segments
    slope = table.slope[quantity].tolist()
    smallest = (table.slope[quantity] * table.lower + table.intercept[quantity]).tolist()
    chosen = range(len(table)) if segments is None else segments.tolist()
    variables = [block.clusters[j] for j in chosen]
    weights = [smallest[j] for j in chosen]
    wide = [j for j in chosen if j in block.extra]
    return LinearExpression(
        constant=0.0,
        linear_coefs=weights + [slope[j] for j in wide],
        linear_vars=variables + [block.extra[j] for j in wide],
    )


def units_of(block: Block, site: SiteOptions, segment: int) -> float:
    """Deployment units on a segment in the loaded solution."""
    extra = value(block.extra[segment]) if segment in block.extra else 0.0
    return float(site.segments.lower[segment] * value(block.clusters[segment]) + extra)


def counted_exaflops(block: Block, site: SiteOptions) -> Any:
    """Effective ExaFLOPS, those of a cluster that starts late only for the share of the life that it works."""
    shares = np.array([mode.counted_share for mode in site.modes])[site.segments.modes]
    if (shares == 1.0).all():
        return deployed(block, site, "effective_exaflops")
    parts = [(share, np.flatnonzero(shares == share)) for share in np.unique(shares)]
    return sum(float(share) * deployed(block, site, "effective_exaflops", at) for share, at in parts)


def facility_mean_mw(block: Block, site: SiteOptions) -> Any:
    """Mean facility power: mean IT draw times one plus the mean overhead of the method, less what is paused [MW]."""
    return sum((1.0 - mode.paused_share) * _mean_mw(block, site, m) for m, mode in enumerate(site.modes))


def working_mean_mw(block: Block, site: SiteOptions, mode: int) -> Any:
    """Mean facility power of the clusters in one mode of operation before pauses [MW]."""
    return _mean_mw(block, site, mode)


def _mean_mw(block: Block, site: SiteOptions, mode: int) -> Any:
    return sum(
        block.heat[c.id, mode, "liquid_mean"] * (1.0 + c.mean_liquid)
        + block.heat[c.id, mode, "air_mean"] * (1.0 + c.mean_air)
        for c in site.cooling
    )


def facility_peak_mw(block: Block, site: SiteOptions, mode: int | None = None) -> Any:
    """Peak facility power: nameplate IT power in the hottest hours, of one mode of operation or of all [MW]."""
    modes = range(len(site.modes)) if mode is None else [mode]
    return sum(
        block.heat[c.id, m, "liquid_peak"] * (1.0 + c.peak_liquid)
        + block.heat[c.id, m, "air_peak"] * (1.0 + c.peak_air)
        for c in site.cooling
        for m in modes
    )


def demand_mw(block: Block, site: SiteOptions, hour: int, mode: int | None = None) -> Any:
    """Facility power at work in one representative hour, of one mode of operation or of all [MW]."""
    modes = range(len(site.modes)) if mode is None else [mode]
    return sum(
        block.heat[c.id, m, "liquid_mean"] * (1.0 + float(c.overhead_liquid[hour]))
        + block.heat[c.id, m, "air_mean"] * (1.0 + float(c.overhead_air[hour]))
        for c in site.cooling
        for m in modes
    )


def water_m3(block: Block, site: SiteOptions, hours: float) -> Any:
    """Water evaporated by cooling in `hours` hours at the mean draw, pauses left out [m3]."""
    return hours * sum(
        (1.0 - mode.paused_share)
        * (
            block.heat[c.id, m, "liquid_mean"] * c.water_liquid_m3_per_mwh
            + block.heat[c.id, m, "air_mean"] * c.water_air_m3_per_mwh
        )
        for c in site.cooling
        for m, mode in enumerate(site.modes)
    )
