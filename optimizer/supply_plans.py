"""The power supply of a cluster whose heat is given: the least capex, and of equally cheap ones the least yearly cost.

Where nothing in the question ties supply and cluster together but the power itself, a supply is the same for every
cluster of that heat, whatever its chips cost: it is searched once and kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from exasite.formulation import BuiltModel, build
from exasite.formulation.supply import co2_t, money, sizes
from exasite.instance.schema import Instance, LimitSection, RequireSection
from exasite.memory import Memory, fingerprint
from exasite.models.units import HOURS_PER_YEAR
from exasite.options import QUANTITIES, Options
from exasite.polish import SEES_CAPEX, polished
from exasite.pricing import PricedSession
from exasite.session import INFEASIBLE, NO_SOLUTION, OPTIMAL, Clock

HEAT = ("liquid_mean_mw", "air_mean_mw", "liquid_peak_mw", "air_peak_mw")
_LOOSENESS = 10.0  # supply is a small part of capex: its own gap may be larger than that of the whole
_MOST_GAP, _LEAST_MUSD = 0.02, 1e-3
_SAME = 1e-9
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


@dataclass(frozen=True)
class Planner:
    """How supplies are planned: for which objective, to which gap, by whom and in whose memory."""

    instance: Instance
    gap: float
    clock: Clock
    memory: Memory
    threads: int = 1
    seed: int = 0

    def lean(self, options: Options) -> SupplyPlan:
        """A supply for the mean hour, for options of one site with one segment of one size.

        No supply of all hours is cheaper: hour by hour rows, averaged, are those of the mean hour, and what storage
        takes and gives adds up to nothing. Mostly the same supply carries every hour, too: see `full`.
        """
        mean = _mean_hour(_bare(options))
        return self._recalled("lean", mean, lambda: _planned(self, mean))

    def full(self, options: Options) -> SupplyPlan:
        """The supply of least capex for every hour and, of the cheapest ones, that of least yearly cost."""
        bare = _bare(options)
        return self._recalled("full", bare, lambda: self._full(options, bare))

    def _full(self, options: Options, bare: Options) -> SupplyPlan:
        lean = self.lean(options)
        if lean.status == INFEASIBLE or not lean.sizes:
            return lean
        if self.instance.objective.kind in SEES_CAPEX:
            within = _cheapest_to_run(self, bare, lean)
            if within is not None:
                return within
        return _planned(self, bare, final=True)

    def _recalled(self, what: str, options: Options, compute: Callable[[], SupplyPlan]) -> SupplyPlan:
        kind = self.instance.objective.kind
        name = fingerprint(what, options.sites[0], options.phases, self.gap, kind, self.threads, self.seed)
        return self.memory.recall(name, compute, keep=lambda plan: plan.is_final)

    def built(self, options: Options) -> tuple[BuiltModel, PricedSession, Instance]:
        free = self.instance.model_copy(update={"limit": LimitSection(), "require": RequireSection()})
        model = build(free, options, hours_per_year=HOURS_PER_YEAR, flop_per_token=1.0)
        session = PricedSession(model.compiled, model.choices, clock=self.clock, threads=self.threads, seed=self.seed,
                                presolve=False)  # fmt: skip
        return model, session, free


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


def _mean_hour(options: Options) -> Options:
    """The options with one hour, the mean of all, and without storage."""
    site = options.sites[0]
    share = site.hour_weights / site.hour_weights.sum()

    def mean(values: np.ndarray) -> np.ndarray:
        return np.array([float(values @ share)])

    supply = tuple(
        replace(o, availability=mean(o.availability), billed=None, min_load_mw=0.0,
                cost_usd_per_mwh=mean(np.broadcast_to(o.cost_usd_per_mwh, share.shape)))
        for o in site.supply if o.kind != "storage"
    )  # fmt: skip
    cooling = tuple(
        replace(c, overhead_liquid=mean(c.overhead_liquid), overhead_air=mean(c.overhead_air)) for c in site.cooling
    )
    mean_site = replace(
        site, supply=supply, cooling=cooling, hour_weights=np.array([site.hour_weights.sum()]),
        hour_days=np.zeros(1, dtype=int), calendar=np.zeros(0, dtype=int),
    )  # fmt: skip
    return replace(options, sites=(mean_site,))


def _planned(planner: Planner, options: Options, *, final: bool = False) -> SupplyPlan:
    model, session, free = planner.built(options)
    capex = model.compiled.quantities["capex_musd"]
    least = session.maximise(-1.0 * capex, relaxed=True)
    if least.status == INFEASIBLE:
        return SupplyPlan(INFEASIBLE, {})
    tolerance = max(min(_MOST_GAP, _LOOSENESS * planner.gap) * abs(least.value), _LEAST_MUSD * planner.gap)
    found = session.maximise(-1.0 * capex, absolute_gap=tolerance)
    if found.columns is None:
        status = INFEASIBLE if found.status == INFEASIBLE else NO_SOLUTION
        return SupplyPlan(status, {}, least_capex_musd=-found.bound, nodes=session.nodes)
    columns = polished(session, model, free, found.columns) if final else found.columns
    return _read(model, options, columns, found.status, max(0.0, -found.bound), session.nodes)


def _cheapest_to_run(planner: Planner, options: Options, lean: SupplyPlan) -> SupplyPlan | None:
    """Of the supplies that cost no more than the lean one that of least yearly cost; None if no such one serves."""
    model, session, _ = planner.built(options)
    capex, cost = model.compiled.quantities["capex_musd"], model.compiled.quantities["annual_cost_musd"]
    session.set_columns(model.choices.clusters, np.ones(1), np.ones(1))
    session.add_upper_row(capex, lean.capex_musd * (1.0 + _SAME) + _SAME)
    least = session.maximise(-1.0 * cost, relaxed=True)
    if least.status == INFEASIBLE:
        return None
    found = session.maximise(-1.0 * cost, absolute_gap=1e-6 * abs(least.value))
    if found.columns is None:
        return None
    return _read(model, options, found.columns, found.status, lean.least_capex_musd, session.nodes + lean.nodes)


def _read(model: BuiltModel, options: Options, columns: np.ndarray, status: str, least: float,
          nodes: int) -> SupplyPlan:  # fmt: skip
    model.compiled.load(columns)
    site = options.sites[0]
    plant = model.model.supply[site.id]
    musd, annuity, opex = money(plant, site, options.phases)
    return SupplyPlan(
        status=status, sizes=sizes(plant), capex_musd=musd, least_capex_musd=least, annual_capex_musd=annuity,
        opex_musd=opex, co2_t=co2_t(plant, site, options.phases), nodes=nodes,
    )  # fmt: skip
