"""A sized power plant run through all 8,760 hours at least cost: one linear program a site and phase.

Sizes are fixed; what is free is what an operator is free to do: output, storage, pauses, and which large units run on a
day. Storage ends the year as it began. What cannot be served is unserved, at a price that makes it the last resort.
The operator foresees the year; a store that must guess does worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from exasite.compiled import CompiledModel, Linear
from exasite.models.dispatch import Dispatch, Plant
from exasite.models.profiles import DAYS_IN_YEAR, HOURS_IN_DAY, HOURS_IN_YEAR
from exasite.session import Clock, Session

# Penalties in multiples of the dearest MWh and of the dearest demand charge, which one hour alone may have to bear:
# then only what cannot be served is not. A large unit that runs all day for one MWh is the reason for the hundreds.
_UNSERVED, _UNPROVEN = (300.0, 4.0), (30.0, 2.0)
_GAP = 1e-4
_HOURS = np.arange(HOURS_IN_YEAR)


@dataclass(frozen=True)
class Pausable:
    """Demand of a cluster at work [hours], the share of its energy it gives up, and of its load at once."""

    demand_mw: np.ndarray
    paused_share: float = 0.0
    droppable_share: float = 1.0


@dataclass(frozen=True)
class Proof:
    """Firm MW that variable sources and storage must add in every hour [hours]: the peak less firm units and sun."""

    wanted_mw: np.ndarray
    stores: tuple[str, ...]


@dataclass(frozen=True)
class Ceiling:
    """What the energy of a year may amount to: sum over the sources of weight x MWh is at most `most`.

    With t/MWh as weights a limit on CO2, with 1 for what is not clean a share of clean energy.
    """

    weights: Mapping[str, float]
    most: float


@dataclass(frozen=True)
class YearRun:
    """The schedule of a year and, by hour, the firm MW that storage should have proven and did not.

    `gap` is how far its cost may be from the least one, relative; infinite where the time was up before any schedule of
    whole units was found, and large units run in fractions.
    """

    dispatch: Dispatch
    unproven_mw: np.ndarray
    gap: float


@dataclass
class _Program:
    """Columns and rows of a linear program as they are added; rows are `lower <= sum <= upper`."""

    lower: list[np.ndarray] = field(default_factory=list)
    upper: list[np.ndarray] = field(default_factory=list)
    cost: list[np.ndarray] = field(default_factory=list)
    integer: list[np.ndarray] = field(default_factory=list)
    entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    row_lower: list[np.ndarray] = field(default_factory=list)
    row_upper: list[np.ndarray] = field(default_factory=list)
    columns: int = 0
    rows: int = 0

    def add(self, size: int, upper: np.ndarray | float, cost: np.ndarray | float = 0.0,
            lower: np.ndarray | float = 0.0, integer: bool = False) -> np.ndarray:  # fmt: skip
        """New columns; returns their numbers."""
        parts = ((self.lower, lower), (self.upper, upper), (self.cost, cost), (self.integer, float(integer)))
        for kept, given in parts:
            kept.append(np.broadcast_to(np.asarray(given, dtype=float), size))
        self.columns += size
        return np.arange(self.columns - size, self.columns)

    def require(self, parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray | float]], size: int,
                lower: np.ndarray | float, upper: np.ndarray | float) -> None:  # fmt: skip
        """New rows: each part is (row within these, column, coefficient)."""
        for row, column, weight in parts:
            weights = np.broadcast_to(np.asarray(weight, dtype=float), len(column))
            self.entries.append((row + self.rows, column, weights))
        self.row_lower.append(np.broadcast_to(np.asarray(lower, dtype=float), size))
        self.row_upper.append(np.broadcast_to(np.asarray(upper, dtype=float), size))
        self.rows += size

    def model(self) -> CompiledModel:
        row, column, weight = (np.concatenate(parts) for parts in zip(*self.entries, strict=True))
        matrix = sparse.csr_matrix((weight, (row, column)), shape=(self.rows, self.columns))
        return CompiledModel(
            matrix=matrix,
            row_lower=np.concatenate(self.row_lower),
            row_upper=np.concatenate(self.row_upper),
            row_names=("",) * self.rows,
            column_lower=np.concatenate(self.lower),
            column_upper=np.concatenate(self.upper),
            integer=np.concatenate(self.integer) > 0,
            variables=(None,) * self.columns,
            quantities={},
        )


@dataclass
class _Columns:
    """Where the parts of the operation are in the program."""

    output: dict[str, np.ndarray] = field(default_factory=dict)
    charge: dict[str, np.ndarray] = field(default_factory=dict)
    level: dict[str, np.ndarray] = field(default_factory=dict)
    paused: list[np.ndarray] = field(default_factory=list)
    unserved: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    unproven: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))


def run_year(plants: Sequence[Plant], clusters: Sequence[Pausable], proof: Proof | None = None, *,
             ceilings: Sequence[Ceiling] = (), time_limit_s: float = 60.0) -> YearRun:  # fmt: skip
    """Least-cost operation of sized plants over the year. Every demand has a schedule: what is short is unserved.

    A ceiling that cannot be kept is exceeded by as little as can be: load is not left unserved for it.

    Raises RuntimeError if the solver finds none within the time limit.
    """
    program, at = _Program(), _Columns()
    for plant in plants:
        _add_plant(program, at, plant)
    for cluster in clusters:
        at.paused.append(_add_pauses(program, cluster))
    at.unserved = program.add(HOURS_IN_YEAR, np.inf, _penalty(plants, _UNSERVED))
    if proof is not None:
        at.unproven = program.add(HOURS_IN_YEAR, np.inf, _penalty(plants, _UNPROVEN))
        parts = [(_HOURS, at.output[s], 1.0) for s in proof.stores if s in at.output]
        parts += [(_HOURS, at.charge[s], -1.0) for s in proof.stores if s in at.charge]
        program.require([*parts, (_HOURS, at.unproven, 1.0)], HOURS_IN_YEAR, proof.wanted_mw, np.inf)
    for ceiling in ceilings:
        _add_ceiling(program, at, ceiling, _penalty(plants, _UNPROVEN))
    _add_balance(program, at, plants, clusters)
    columns, gap = _solved(program, time_limit_s)
    return YearRun(_dispatch(columns, at, plants), columns[at.unproven], gap)


def _penalty(plants: Sequence[Plant], multiples: tuple[float, float]) -> float:
    """Penalty [USD/MWh] that exceeds what serving one more MWh can cost, demand charges included."""
    dearest = max((float(np.max(p.cost_usd_per_mwh)) for p in plants), default=0.0)
    charge = max((p.tariff.demand_usd_per_mw_year for p in plants if p.tariff is not None), default=0.0)
    return multiples[0] * max(dearest, 1.0) + multiples[1] * charge


def _add_plant(program: _Program, at: _Columns, plant: Plant) -> None:
    usable = np.maximum(plant.output_mw, 0.0)
    cost = np.asarray(plant.cost_usd_per_mwh, dtype=float)
    output = program.add(HOURS_IN_YEAR, usable, cost, usable if plant.must_take else 0.0)
    at.output[plant.id] = output
    if plant.is_storage:
        _add_store(program, at, plant, output)
    if np.isfinite(plant.annual_limit_mwh):
        program.require([(np.zeros(HOURS_IN_YEAR, dtype=int), output, 1.0)], 1, -np.inf, plant.annual_limit_mwh)
    if plant.min_load_mw > 0 and plant.units > 0:
        _add_running(program, plant, output)
    if plant.tariff is not None:
        _add_charges(program, plant, output)


def _add_store(program: _Program, at: _Columns, store: Plant, output: np.ndarray) -> None:
    charge = program.add(HOURS_IN_YEAR, store.output_mw)
    level = program.add(HOURS_IN_YEAR, store.energy_mwh, lower=store.minimum_mwh)
    at.charge[store.id], at.level[store.id] = charge, level
    program.require([(_HOURS, charge, 1.0), (_HOURS, output, 1.0)], HOURS_IN_YEAR, -np.inf, store.output_mw)
    flow = [(_HOURS, level, 1.0), (_HOURS, np.roll(level, 1), -1.0),
            (_HOURS, charge, -store.round_trip_efficiency), (_HOURS, output, 1.0)]  # fmt: skip
    program.require(flow, HOURS_IN_YEAR, 0.0, 0.0)


def _add_running(program: _Program, plant: Plant, output: np.ndarray) -> None:
    running = program.add(DAYS_IN_YEAR, plant.units, integer=True)[_HOURS // HOURS_IN_DAY]
    program.require([(_HOURS, output, 1.0), (_HOURS, running, -plant.unit_mw)], HOURS_IN_YEAR, -np.inf, 0.0)
    program.require([(_HOURS, output, 1.0), (_HOURS, running, -plant.min_load_mw)], HOURS_IN_YEAR, 0.0, np.inf)


def _add_charges(program: _Program, plant: Plant, output: np.ndarray) -> None:
    """The billed peak with its minimum; of a flat tariff the energy that is paid though it is not used."""
    tariff = plant.tariff
    assert tariff is not None  # callers check
    if tariff.kind == "flat":
        if tariff.min_bill_fraction > 0:
            unused = program.add(1, np.inf, float(tariff.energy_usd_per_mwh.mean()))
            least = tariff.min_bill_fraction * plant.contract_mw * HOURS_IN_YEAR
            zeros = np.zeros(HOURS_IN_YEAR, dtype=int)
            program.require([(zeros, output, 1.0), (np.zeros(1, dtype=int), unused, 1.0)], 1, least, np.inf)
        return
    billed_hours = np.flatnonzero(tariff.billed_hours)
    least_mw = tariff.min_bill_fraction * plant.contract_mw
    billed = program.add(1, np.inf, tariff.demand_usd_per_mw_year, least_mw)
    rows = np.arange(len(billed_hours))
    parts = [(rows, np.repeat(billed, len(rows)), 1.0), (rows, output[billed_hours], -1.0)]
    program.require(parts, len(rows), 0.0, np.inf)


def _add_ceiling(program: _Program, at: _Columns, ceiling: Ceiling, penalty: float) -> None:
    over = program.add(1, np.inf, penalty)
    zeros = np.zeros(HOURS_IN_YEAR, dtype=int)
    parts: list[tuple[np.ndarray, np.ndarray, float]] = [(np.zeros(1, dtype=int), over, -1.0)]
    parts += [(zeros, at.output[source], w) for source, w in ceiling.weights.items() if source in at.output and w > 0]
    program.require(parts, 1, -np.inf, ceiling.most)


def _add_pauses(program: _Program, cluster: Pausable) -> np.ndarray:
    if cluster.paused_share == 0.0:
        return program.add(HOURS_IN_YEAR, 0.0)
    paused = program.add(HOURS_IN_YEAR, cluster.droppable_share * cluster.demand_mw)
    share = cluster.paused_share * float(cluster.demand_mw.sum())
    program.require([(np.zeros(HOURS_IN_YEAR, dtype=int), paused, 1.0)], 1, share, share)
    return paused


def _add_balance(program: _Program, at: _Columns, plants: Sequence[Plant], clusters: Sequence[Pausable]) -> None:
    demand = sum((c.demand_mw for c in clusters), np.zeros(HOURS_IN_YEAR))
    forced = [p for p in plants if p.must_take or (p.min_load_mw > 0 and p.units > 0)]
    most = sum((p.output_mw for p in forced), np.zeros(HOURS_IN_YEAR))
    spilled = program.add(HOURS_IN_YEAR, np.maximum(most, 0.0))
    parts: list[tuple[np.ndarray, np.ndarray, float]] = [(_HOURS, o, 1.0) for o in at.output.values()]
    parts += [(_HOURS, c, -1.0) for c in at.charge.values()]
    parts += [(_HOURS, p, 1.0) for p in at.paused]
    parts += [(_HOURS, at.unserved, 1.0), (_HOURS, spilled, -1.0)]
    program.require(parts, HOURS_IN_YEAR, demand, demand)


def _solved(program: _Program, time_limit_s: float) -> tuple[np.ndarray, float]:
    """The best schedule and its proven relative gap.

    Costs are in USD: in M$ the price of a MWh drowns in the tolerance of the solver.
    """
    model = program.model()
    cost = Linear(-np.concatenate(program.cost), 0.0)
    session = Session(model, clock=Clock(time_limit_s))
    relaxed = session.maximise(cost, relaxed=True)
    if relaxed.columns is None:
        raise RuntimeError(f"no schedule of the year was found in {time_limit_s:g} s ({relaxed.status})")
    if not model.integer.any():
        return relaxed.columns, 0.0
    found = session.maximise(cost, absolute_gap=_GAP * abs(relaxed.value))
    if found.columns is None:
        return relaxed.columns, np.inf
    return found.columns, max(0.0, (found.bound - found.value) / max(abs(found.value), 1.0))


def _dispatch(columns: np.ndarray, at: _Columns, plants: Sequence[Plant]) -> Dispatch:
    output = {p.id: np.maximum(columns[at.output[p.id]], 0.0) for p in plants}
    cost = sum(float((output[p.id] * p.cost_usd_per_mwh).sum()) for p in plants)
    return Dispatch(
        output_mw=output,
        charge_mw={name: np.maximum(columns[c], 0.0) for name, c in at.charge.items()},
        level_mwh={name: columns[c] for name, c in at.level.items()},
        paused_mw=np.array([np.maximum(columns[p], 0.0) for p in at.paused]).reshape(len(at.paused), HOURS_IN_YEAR),
        unserved_mw=np.where(columns[at.unserved] > 1e-7, columns[at.unserved], 0.0),
        cost_usd=cost,
    )
