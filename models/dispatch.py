"""Merit-order dispatch of a given power plant over the hours of a year: no solver, no foresight.

In every hour what must be taken and what has no fuel runs first, then storage, then the rest by cost; surplus
charges storage. It is the yardstick a planned supply is checked against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plant:
    """A sized source. `output_mw` [hours] is what it can give; `energy_mwh` its store, if it is one.

    `annual_limit_mwh` caps the energy of the year; `must_take` delivers always and is paid for all of it.
    """

    id: str
    output_mw: FloatArray
    cost_usd_per_mwh: float
    must_take: bool = False
    is_storage: bool = False
    energy_mwh: float = 0.0
    round_trip_efficiency: float = 1.0
    annual_limit_mwh: float = np.inf


@dataclass(frozen=True)
class Dispatch:
    """Energy by source [MWh], what it costs [USD], and what stays unserved [MWh]."""

    energy_mwh: Mapping[str, float]
    cost_usd: float
    unserved_mwh: float


def merit_order(demand_mw: FloatArray, plants: Sequence[Plant]) -> Dispatch:
    """Dispatch plants against an hourly demand [hours] in MW, one hour each."""
    rest = demand_mw.astype(np.float64).copy()
    energy: dict[str, float] = {}
    for plant in (p for p in plants if p.must_take):
        rest -= plant.output_mw
        energy[plant.id] = float(plant.output_mw.sum())
    others = sorted((p for p in plants if not p.must_take and not p.is_storage), key=lambda p: p.cost_usd_per_mwh)
    stores = [p for p in plants if p.is_storage]
    free = [p for p in others if p.cost_usd_per_mwh <= 0.0]
    spilled = np.maximum(-rest, 0.0)
    for plant in free:
        used = np.minimum(plant.output_mw, np.maximum(rest, 0.0))
        spilled += plant.output_mw - used
        rest -= used
        energy[plant.id] = float(used.sum())
    for store in stores:
        delivered, spilled = _store(store, np.maximum(rest, 0.0), spilled)
        rest -= delivered
        energy[store.id] = float(delivered.sum())
    for plant in (p for p in others if p.cost_usd_per_mwh > 0.0):
        used = _within_limit(np.minimum(plant.output_mw, np.maximum(rest, 0.0)), plant.annual_limit_mwh)
        rest -= used
        energy[plant.id] = float(used.sum())
    cost = sum(energy[p.id] * p.cost_usd_per_mwh for p in plants)
    return Dispatch(energy, cost, float(np.maximum(rest, 0.0).sum()))


def _within_limit(wanted: FloatArray, limit_mwh: float) -> FloatArray:
    """Serve the hours in order until the energy of the year is used up."""
    if wanted.sum() <= limit_mwh:
        return wanted
    before = np.concatenate([[0.0], np.cumsum(wanted)[:-1]])
    return np.clip(limit_mwh - before, 0.0, wanted)


def _store(store: Plant, short: FloatArray, surplus: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Charge from surplus, discharge into shortage; starts full. Returns delivery and the surplus left."""
    level, delivered, left = store.energy_mwh, np.zeros_like(short), surplus.copy()
    for hour in range(len(short)):
        power = store.output_mw[hour]
        charge = min(surplus[hour], power, (store.energy_mwh - level) / store.round_trip_efficiency)
        level += charge * store.round_trip_efficiency
        left[hour] -= charge
        delivered[hour] = min(short[hour], power, level)
        level -= delivered[hour]
    return delivered, left
