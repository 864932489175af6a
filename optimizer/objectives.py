"""Objectives: how each one is optimised exactly, and how its value and bound read in the user's units.

Inside the model money is M$ and the exact search works on ExaFLOPS, M$ and MW; a `Scale` brings value and
bound to the figures of the contract (ExaFLOPS per billion USD, per MW, USD).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from exasite.compiled import Linear
from exasite.hull import EfficiencySearch
from exasite.instance.schema import Instance
from exasite.ratio import maximise_ratio
from exasite.session import INFEASIBLE, NO_SOLUTION, OPTIMAL, Session

_MUSD_PER_BUSD = 1e3
_USD_PER_MUSD = 1e6

Progress = Callable[[float, float], None]  # called with (incumbent, bound) in the user's units


@dataclass(frozen=True)
class Optimum:
    """Best columns found with the objective's value and proven bound in the user's units."""

    status: str
    columns: np.ndarray | None
    value: float
    bound: float
    iterations: int

    @property
    def gap(self) -> float:
        """Relative distance of bound and value."""
        if self.columns is None or not np.isfinite(self.bound) or self.value == 0:
            return np.inf
        return abs(self.bound - self.value) / abs(self.value)


@dataclass(frozen=True)
class _Scale:
    """Turns a maximised model value into the user's figure: factor * value, or factor / value if inverted."""

    factor: float
    inverted: bool = False

    def __call__(self, value: float) -> float:
        if not np.isfinite(value):
            return np.inf if (value > 0) != self.inverted else -np.inf
        if self.inverted:
            return self.factor / value if value > 0 else np.inf
        return self.factor * value


def capex_weight(instance: Instance) -> float:
    """Weight of capex in the efficiency; the watts have the rest. One half each unless set."""
    weights = instance.objective.weights
    if weights is None or (weights.capex is None and weights.watts is None):
        return 0.5
    return weights.capex if weights.capex is not None else 1.0 - (weights.watts or 0.0)


@dataclass(frozen=True)
class Amounts:
    """What an objective is made of, numbers or arrays: ExaFLOPS that count, M$, M$/year, MW."""

    exaflops: np.ndarray
    capex_musd: np.ndarray
    annual_musd: np.ndarray
    mean_mw: np.ndarray
    peak_mw: np.ndarray


def figure(instance: Instance, found: Amounts, *, life_years: float, hours_per_year: float) -> np.ndarray:
    """The objective in the user's units from what it is made of; infinite (0 if minimised) where that says nothing."""
    weight, kind = capex_weight(instance), instance.objective.kind
    with np.errstate(divide="ignore", invalid="ignore"):
        per_capex = np.where(found.capex_musd > 0, _MUSD_PER_BUSD * found.exaflops / found.capex_musd, np.inf)
        per_watt = np.where(found.mean_mw > 0, found.exaflops / found.mean_mw, np.inf)
        per_annual = np.where(found.annual_musd > 0, found.exaflops / found.annual_musd, np.inf)
        training = _training_factor(instance, hours_per_year) / per_annual
    return np.asarray({
        "efficiency": per_capex**weight * per_watt ** (1.0 - weight),
        "exaflops_per_capex": per_capex,
        "exaflops_per_watt": per_watt,
        "exaflops_per_tco": per_annual * (_MUSD_PER_BUSD / life_years),
        "training_cost": training,
        "exaflops": found.exaflops,
        "capex": found.capex_musd * _USD_PER_MUSD,
        "tco": np.maximum(found.annual_musd, 0.0) * (life_years * _USD_PER_MUSD),
        "facility_mw": found.peak_mw,
    }[kind])  # fmt: skip


def optimise(session: Session, quantities: Mapping[str, Linear], instance: Instance, *, gap: float,
             life_years: float, hours_per_year: float, start: np.ndarray | None = None,
             progress: Progress | None = None) -> Optimum:  # fmt: skip
    """Optimise the objective of an instance to a proven relative gap, or as far as the clock allows.

    `life_years` turns the annual cost into the cost of ownership over the life of the IT equipment.
    """
    kind, effective = instance.objective.kind, quantities["counted_exaflops"]
    annual = quantities["annual_cost_musd"]
    weight = capex_weight(instance)
    if kind == "efficiency" and 0.0 < weight < 1.0:
        return _efficiency(session, quantities, weight, gap, start, progress)
    ratios: dict[str, tuple[Linear, _Scale]] = {
        "exaflops_per_capex": (quantities["capex_musd"], _Scale(_MUSD_PER_BUSD)),
        "exaflops_per_watt": (quantities["facility_mean_mw"], _Scale(1.0)),
        "exaflops_per_tco": (annual * life_years, _Scale(_MUSD_PER_BUSD)),
        "training_cost": (annual, _training_scale(instance, hours_per_year)),
    }
    if kind == "efficiency":
        kind = "exaflops_per_capex" if weight == 1.0 else "exaflops_per_watt"
    if kind in ratios:
        denominator, scale = ratios[kind]
        return _ratio(session, effective, denominator, scale, gap, start, progress)
    plain: dict[str, tuple[Linear, _Scale]] = {
        "exaflops": (effective, _Scale(1.0)),
        "capex": (-1.0 * quantities["capex_musd"], _Scale(-_USD_PER_MUSD)),
        "tco": (annual * -life_years, _Scale(-_USD_PER_MUSD)),
        "facility_mw": (-1.0 * quantities["facility_peak_mw"], _Scale(-1.0)),
    }
    objective, scale = plain[kind]
    return _plain(session, objective, scale, gap, start, progress)


def _training_scale(instance: Instance, hours_per_year: float) -> _Scale:
    """Cost of the run in USD = annual cost / year x FLOP / rate; per 1e18 FLOP if the instance has no target."""
    return _Scale(_training_factor(instance, hours_per_year), inverted=True)


def _training_factor(instance: Instance, hours_per_year: float) -> float:
    flops = instance.require.training_flops or 1e18
    return _USD_PER_MUSD * flops / 1e18 / (hours_per_year * 3600.0)


def _efficiency(session: Session, quantities: Mapping[str, Linear], weight: float, gap: float,
                start: np.ndarray | None, progress: Progress | None) -> Optimum:  # fmt: skip
    scale = _Scale(_MUSD_PER_BUSD**weight)
    search = EfficiencySearch(
        session, quantities["counted_exaflops"], quantities["capex_musd"], quantities["facility_mean_mw"],
        weight, gap, _scaled(progress, scale),
    )  # fmt: skip
    found = search.run(start)
    return Optimum(found.status, found.columns, scale(found.value), scale(found.bound), found.iterations)


def _ratio(session: Session, numerator: Linear, denominator: Linear, scale: _Scale, gap: float,
           start: np.ndarray | None, progress: Progress | None) -> Optimum:  # fmt: skip
    found = maximise_ratio(session, numerator, denominator, gap=gap, start=start, progress=_scaled(progress, scale))
    return Optimum(found.status, found.columns, scale(found.ratio), scale(found.bound), found.iterations)


def _plain(session: Session, objective: Linear, scale: _Scale, gap: float, start: np.ndarray | None,
           progress: Progress | None) -> Optimum:  # fmt: skip
    relaxed = session.maximise(objective, relaxed=True)
    if relaxed.status == INFEASIBLE:
        return Optimum(INFEASIBLE, None, np.nan, np.nan, 1)
    tolerance = gap * abs(relaxed.value) if relaxed.status == OPTIMAL else 1e-6
    found = session.maximise(objective, absolute_gap=tolerance, start=start, progress=_scaled(progress, scale))
    bound = min(found.bound, relaxed.bound)
    status = found.status
    if found.columns is not None and abs(bound - found.value) <= gap * abs(found.value) * (1.0 + 1e-9):
        status = OPTIMAL
    if found.columns is None and status != INFEASIBLE:
        status = NO_SOLUTION
    return Optimum(status, found.columns, scale(found.value), scale(bound), 1)


def _scaled(progress: Progress | None, scale: _Scale) -> Progress | None:
    if progress is None:
        return None
    return lambda value, bound: progress(scale(value), scale(bound))
