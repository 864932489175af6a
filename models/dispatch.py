"""How a sized power plant runs through the 8,760 hours of a year: the record, its rules, and a merit order.

`rule_breaks` checks any schedule hour by hour, whoever made it. `merit_order` makes one without a solver and without
foresight: what must be taken and what has no fuel runs first, then storage, then the rest by cost; surplus charges
storage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from exasite.models.tariff import Tariff

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plant:
    """A sized source. `output_mw` [hours] is what it can give; `energy_mwh` its store, if it is one.

    `cost_usd_per_mwh` is a number or one for each hour; `tariff` says what else a grid bills. `annual_limit_mwh`
    caps the energy of the year; `must_take` delivers always and is paid for all of it. A plant of units that cannot
    run below `min_load_mw` each has `units` of `unit_mw` usable MW; they run or stand still for whole days.
    `minimum_mwh` stays in a store.
    """

    id: str
    output_mw: FloatArray
    cost_usd_per_mwh: float | FloatArray
    must_take: bool = False
    is_storage: bool = False
    energy_mwh: float = 0.0
    round_trip_efficiency: float = 1.0
    annual_limit_mwh: float = np.inf
    minimum_mwh: float = 0.0
    units: int = 0
    unit_mw: float = 0.0
    min_load_mw: float = 0.0
    contract_mw: float = 0.0
    tariff: Tariff | None = field(default=None, compare=False)

    @property
    def mean_cost_usd_per_mwh(self) -> float:
        return float(np.mean(self.cost_usd_per_mwh))


@dataclass(frozen=True)
class Dispatch:
    """A schedule of the year, everything [hours] in MW, levels in MWh at the end of the hour.

    `output_mw` by plant, stores included; `charge_mw` and `level_mwh` by store; `paused_mw` [clusters x hours] what the
    clusters give up; `unserved_mw` what nobody delivers; `cost_usd` of the energy.
    """

    output_mw: Mapping[str, FloatArray]
    charge_mw: Mapping[str, FloatArray]
    level_mwh: Mapping[str, FloatArray]
    paused_mw: FloatArray
    unserved_mw: FloatArray
    cost_usd: float

    @property
    def energy_mwh(self) -> dict[str, float]:
        """Energy by plant [MWh]."""
        return {name: float(output.sum()) for name, output in self.output_mw.items()}

    @property
    def unserved_mwh(self) -> float:
        return float(self.unserved_mw.sum())


def rule_breaks(dispatch: Dispatch, plants: Sequence[Plant], demand_mw: FloatArray) -> dict[str, float]:
    """By how much a schedule breaks each rule in its worst hour [MW or MWh]: all about 0 for one that keeps them.

    Rules: balance (delivered and given up covers the demand), output and charge within what is there, levels within
    the store and following from what goes in and out (the last hour leads to the first), energy of the year within its
    limit, nothing negative. `demand_mw` [hours] is the demand before pauses.
    """
    served = sum(dispatch.output_mw.values(), np.zeros_like(demand_mw)) - sum(dispatch.charge_mw.values())
    short = demand_mw - served - dispatch.paused_mw.sum(axis=0) - dispatch.unserved_mw
    breaks = {"balance": float(short.max(initial=0.0)), "output": 0.0, "storage": 0.0, "annual limit": 0.0}
    for plant in plants:
        output = dispatch.output_mw[plant.id]
        over = max(float((output - plant.output_mw).max()), float(-output.min()))
        if plant.must_take:
            over = max(over, float(np.abs(output - plant.output_mw).max()))
        breaks["output"] = max(breaks["output"], over)
        breaks["annual limit"] = max(breaks["annual limit"], float(output.sum()) - plant.annual_limit_mwh)
        if plant.is_storage:
            breaks["storage"] = max(breaks["storage"], _storage_break(dispatch, plant))
    return breaks


def _storage_break(dispatch: Dispatch, store: Plant) -> float:
    output, charge = dispatch.output_mw[store.id], dispatch.charge_mw[store.id]
    level = dispatch.level_mwh[store.id]
    follows = level - np.roll(level, 1) - store.round_trip_efficiency * charge + output
    return max(
        float(np.abs(follows).max()),
        float((level - store.energy_mwh).max()),
        float((store.minimum_mwh - level).max()),
        float((charge - store.output_mw).max()),
        float(-charge.min()),
    )


def merit_order(demand_mw: FloatArray, plants: Sequence[Plant]) -> Dispatch:
    """Dispatch plants against an hourly demand [hours] in MW, one hour each. Stores start full."""
    rest = demand_mw.astype(np.float64).copy()
    output: dict[str, FloatArray] = {}
    charge: dict[str, FloatArray] = {}
    level: dict[str, FloatArray] = {}
    for plant in (p for p in plants if p.must_take):
        rest -= plant.output_mw
        output[plant.id] = plant.output_mw
    others = sorted((p for p in plants if not p.must_take and not p.is_storage), key=lambda p: p.mean_cost_usd_per_mwh)
    spilled = np.maximum(-rest, 0.0)
    for plant in (p for p in others if p.mean_cost_usd_per_mwh <= 0.0):
        used = _within_limit(np.minimum(plant.output_mw, np.maximum(rest, 0.0)), plant.annual_limit_mwh)
        spilled += plant.output_mw - used
        rest -= used
        output[plant.id] = used
    for store in (p for p in plants if p.is_storage):
        delivered, charged, level[store.id] = _store(store, np.maximum(rest, 0.0), spilled)
        spilled = spilled - charged
        rest -= delivered
        output[store.id], charge[store.id] = delivered, charged
    for plant in (p for p in others if p.mean_cost_usd_per_mwh > 0.0):
        used = _within_limit(np.minimum(plant.output_mw, np.maximum(rest, 0.0)), plant.annual_limit_mwh)
        rest -= used
        output[plant.id] = used
    # What charges a store was given by the sources without fuel beyond what they deliver to the load.
    output = _with_charging(output, charge, [p for p in others if p.id in output and p.mean_cost_usd_per_mwh <= 0.0])
    cost = sum(float((output[p.id] * p.cost_usd_per_mwh).sum()) for p in plants)
    return Dispatch(output, charge, level, np.zeros((0, len(rest))), np.maximum(rest, 0.0), cost)


def _with_charging(output: dict[str, FloatArray], charge: Mapping[str, FloatArray],
                   free: Sequence[Plant]) -> dict[str, FloatArray]:  # fmt: skip
    """Output of the free sources with what they put into storage (what must be taken is in full already)."""
    wanted = sum(charge.values(), np.zeros(1))
    for plant in free:
        more = np.minimum(plant.output_mw - output[plant.id], wanted)
        output[plant.id] = output[plant.id] + more
        wanted = wanted - more
    return output


def _within_limit(wanted: FloatArray, limit_mwh: float) -> FloatArray:
    """Serve the hours in order until the energy of the year is used up."""
    if wanted.sum() <= limit_mwh:
        return wanted
    before = np.concatenate([[0.0], np.cumsum(wanted)[:-1]])
    return np.clip(limit_mwh - before, 0.0, wanted)


def _store(store: Plant, short: FloatArray, surplus: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Charge from surplus, discharge into shortage; starts full. Returns delivery, charge and level by hour."""
    level, delivered, charged = store.energy_mwh, np.zeros_like(short), np.zeros_like(short)
    levels = np.zeros_like(short)
    for hour in range(len(short)):
        power = store.output_mw[hour]
        charged[hour] = min(surplus[hour], power, (store.energy_mwh - level) / store.round_trip_efficiency)
        level += charged[hour] * store.round_trip_efficiency
        delivered[hour] = min(short[hour], power, max(level - store.minimum_mwh, 0.0))
        level -= delivered[hour]
        levels[hour] = level
    return delivered, charged, levels
