"""Of all supplies that are equally good for the objective, the one with the least yearly cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exasite.formulation import BuiltModel
from exasite.instance.schema import Instance
from exasite.pricing import PricedSession
from exasite.session import Clock

SEES_CAPEX = ("efficiency", "exaflops_per_capex", "capex")


def polished(session: PricedSession, model: BuiltModel, instance: Instance, columns: np.ndarray,
             held: Sequence[str] = ()) -> np.ndarray:  # fmt: skip
    """Of all supplies that are equally good for the objective, the one with the least yearly cost.

    `held` are the quantities that must not grow: those that the search was for, if not those of the objective.
    An objective of dollars and watts does not see fuel; without this the dispatch would be arbitrary.
    """
    compiled = model.compiled
    names = [v.name for v in compiled.variables]
    chosen = np.array([i for i, n in enumerate(names) if ".clusters[" in n or ".extra[" in n], dtype=int)
    fixed = np.round(columns[chosen])
    session.fix_columns(chosen, fixed)
    for name in held or (["capex_musd"] if instance.objective.kind in SEES_CAPEX else []):
        quantity = compiled.quantities[name]
        session.add_upper_row(quantity, quantity.at(columns) * (1.0 + 1e-9))
    session.clock = Clock(max(session.clock.left_s, 10.0))  # a design is in hand: a short LP is always worth it
    cost = -1.0 * compiled.quantities["annual_cost_musd"]
    better = session.maximise_enabled(cost, absolute_gap=1e-6 * abs(cost.at(columns)), start=columns)
    return columns if better.columns is None else better.columns
