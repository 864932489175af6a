"""Small integer models with three linear quantities, and all their feasible points by enumeration."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from pyomo.environ import Binary, ConcreteModel, Constraint, NonNegativeIntegers, Var

from exasite.compiled import CompiledModel, Linear, compile_model
from exasite.session import Clock, Session

NAMES = ("produced", "money", "power")


@dataclass(frozen=True)
class SmallModel:
    """A compiled model and its feasible points [points x (produced, money, power)]."""

    compiled: CompiledModel
    points: np.ndarray

    def session(self, clock: Clock | None = None) -> Session:
        return Session(self.compiled, clock=clock or Clock(60.0))

    def quantities(self) -> tuple[Linear, ...]:
        return tuple(self.compiled.quantities[name] for name in NAMES)


def small_model(seed: int, *, places: int = 3, kinds: int = 5, needed: float | None = None,
                budget: float = 40.0) -> SmallModel:  # fmt: skip
    """At most one kind at each place, some units of it, a shared budget, at least `needed` produced in all."""
    rng = np.random.default_rng(seed)
    shape = (places, kinds)
    slopes = [rng.uniform(low, 3.0, shape) for low in (0.5, 0.5, 0.5)]
    fixed = [rng.uniform(0.3, 5.0, shape) for _ in NAMES]
    lower = rng.integers(1, 3, shape)
    upper = lower + rng.integers(0, 4, shape)
    wanted = float(rng.uniform(0.0, 8.0)) if needed is None else needed
    model = _pyomo_model(slopes, fixed, (lower, upper), wanted, budget)
    choices = [
        [(0.0, 0.0, 0.0)]
        + [
            tuple(slopes[q][s, j] * n + fixed[q][s, j] for q in range(3))
            for j in range(kinds)
            for n in range(lower[s, j], upper[s, j] + 1)
        ]
        for s in range(places)
    ]
    points = np.array([np.sum(combined, axis=0) for combined in itertools.product(*choices)][1:])
    points = points[(points[:, 1] <= budget + 1e-9) & (points[:, 0] >= wanted - 1e-9)]
    return SmallModel(model, points)


def _pyomo_model(slopes: list[np.ndarray], fixed: list[np.ndarray], sizes: tuple[np.ndarray, ...],
                 wanted: float, budget: float) -> CompiledModel:  # fmt: skip
    lower, upper = sizes
    places, kinds = lower.shape
    model = ConcreteModel()
    model.built = Var(range(places), range(kinds), domain=Binary)
    model.units = Var(range(places), range(kinds), domain=NonNegativeIntegers)
    model.least = Constraint(
        range(places), range(kinds), rule=lambda m, s, j: m.units[s, j] >= int(lower[s, j]) * m.built[s, j]
    )
    model.most = Constraint(
        range(places), range(kinds), rule=lambda m, s, j: m.units[s, j] <= int(upper[s, j]) * m.built[s, j]
    )
    model.one = Constraint(range(places), rule=lambda m, s: sum(m.built[s, j] for j in range(kinds)) <= 1)
    pairs = list(itertools.product(range(places), range(kinds)))
    model.some = Constraint(expr=sum(model.built[p] for p in pairs) >= 1)
    totals = {
        name: sum(float(a[p]) * model.units[p] + float(b[p]) * model.built[p] for p in pairs)
        for name, a, b in zip(NAMES, slopes, fixed, strict=True)
    }
    model.budget = Constraint(expr=totals["money"] <= budget)
    model.needed = Constraint(expr=totals["produced"] >= wanted)
    return compile_model(model, totals)
