"""The power supply of a cluster whose heat is given: the least capex, and of equally cheap ones the least yearly cost.

Where nothing in the question ties supply and cluster together but the power itself, a supply is the same for every
cluster of that heat, whatever its chips cost: it is searched once and kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from exasite.formulation import build
from exasite.formulation.supply import co2_t, money, sizes
from exasite.instance.schema import Instance, LimitSection, RequireSection
from exasite.memory import Memory, fingerprint
from exasite.models.units import HOURS_PER_YEAR
from exasite.options import QUANTITIES, Options
from exasite.polish import polished
from exasite.pricing import PricedSession
from exasite.session import INFEASIBLE, NO_SOLUTION, OPTIMAL, Clock

HEAT = ("liquid_mean_mw", "air_mean_mw", "liquid_peak_mw", "air_peak_mw")
_LOOSENESS = 10.0  # supply is a small part of capex: its own gap may be larger than that of the whole
_MOST_GAP, _LEAST_MUSD = 0.02, 1e-3
# Limits that a cluster keeps or breaks by its own capex and power; all others tie the supply to the rest.
_OWN_LIMITS = ("capex_usd", "facility_mw", "online_by")


@dataclass(frozen=True)
class SupplyPlan:
    """Sizes by source (MW, and MWh of a store; empty: none found), and what they cost [M$, M$/year] and emit [t/year].

    `least_capex_musd` is proven: no supply of this cluster is cheaper.
    """

    status: str
    sizes: Mapping[str, tuple[float, float]]
    capex_musd: float = math.inf
    least_capex_musd: float = -math.inf
    annual_capex_musd: float = 0.0
    opex_musd: float = 0.0
    co2_t: float = 0.0
    nodes: int = 0

    @property
    def is_final(self) -> bool:
        return self.status in (OPTIMAL, INFEASIBLE)


def is_separable(instance: Instance, options: Options) -> bool:
    """Whether supply and cluster are tied together by the power alone."""
    limits = instance.limit.model_dump(exclude_none=True)
    land = any(math.isfinite(site.land_limit_acres) for site in options.sites)
    return not land and instance.require.hourly_clean_share is None and set(limits) <= set(_OWN_LIMITS)


def supply_plan(asked: Instance, options: Options, *, gap: float, final: bool, clock: Clock, memory: Memory,
                threads: int = 1, seed: int = 0) -> SupplyPlan:  # fmt: skip
    """The cheapest supply for options of one site with one segment of one size.

    `final`: of the cheapest ones that of least yearly cost; else the first one found, enough to compare clusters.
    """
    bare = _bare(options)
    site = bare.sites[0]
    kind = asked.objective.kind
    name = fingerprint("supply", site, bare.phases, gap, final, kind, threads, seed)
    return memory.recall(
        name, lambda: _planned(asked, bare, gap, final, clock, threads, seed), keep=lambda plan: plan.is_final
    )


def _bare(options: Options) -> Options:
    """The options without what the supply does not see: money and FLOPS of the cluster, and its names."""
    site = options.sites[0]
    table, unseen = site.segments, np.zeros(1)
    heat = {q: table.slope[q] * table.lower + table.intercept[q] if q in HEAT else unseen for q in QUANTITIES}
    ones = np.ones(1, dtype=int)
    cooling = table.configurations[int(table.configuration[0])].cooling
    bare = replace(table.configurations[0], accelerator="", interconnect="", storage="", recovery="", unit_gpus=1,
                   cooling=cooling)  # fmt: skip
    segments = replace(
        table, configurations=(bare,), configuration=0 * ones, lower=ones, upper=ones, dropped=0,
        slope=dict.fromkeys(QUANTITIES, unseen), intercept=heat, restart_hours=np.zeros(1),
    )  # fmt: skip
    return replace(options, sites=(replace(site, segments=segments, gpus=(0.0, math.inf)),), tolerance=0.0)


def _planned(asked: Instance, options: Options, gap: float, final: bool, clock: Clock, threads: int,
             seed: int) -> SupplyPlan:  # fmt: skip
    free = asked.model_copy(update={"limit": LimitSection(), "require": RequireSection()})
    model = build(free, options, hours_per_year=HOURS_PER_YEAR, flop_per_token=1.0)
    session = PricedSession(model.compiled, model.choices, clock=clock, threads=threads, seed=seed,
                            presolve=False)  # fmt: skip
    capex, site = model.compiled.quantities["capex_musd"], options.sites[0]
    least = session.maximise(-1.0 * capex, relaxed=True)
    if least.status == INFEASIBLE:
        return SupplyPlan(INFEASIBLE, {})
    tolerance = max(min(_MOST_GAP, _LOOSENESS * gap) * abs(least.value), _LEAST_MUSD * gap)
    found = session.maximise(-1.0 * capex, absolute_gap=tolerance)
    if found.columns is None:
        status = INFEASIBLE if found.status == INFEASIBLE else NO_SOLUTION
        return SupplyPlan(status, {}, least_capex_musd=-found.bound, nodes=session.nodes)
    columns = polished(session, model, free, found.columns) if final else found.columns
    model.compiled.load(columns)
    plant = model.model.supply[site.id]
    musd, annuity, opex = money(plant, site, options.phases)
    return SupplyPlan(
        status=found.status, sizes=sizes(plant), capex_musd=musd, least_capex_musd=max(0.0, -found.bound),
        annual_capex_musd=annuity, opex_musd=opex, co2_t=co2_t(plant, site, options.phases), nodes=session.nodes,
    )  # fmt: skip
