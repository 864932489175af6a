"""What a better design is worth: the dollars that could be added to it until it is no better than before."""

from __future__ import annotations

import math

from exasite.decisions.sketch import Sketch
from exasite.instance.schema import Instance
from exasite.objectives import capex_weight

_USD_PER_MUSD = 1e6


def gain(instance: Instance, before: float, after: float) -> float:
    """Relative improvement of the objective: above 0 is better, whichever way it is optimised."""
    if not (before > 0 and after > 0):
        return math.nan
    return after / before - 1.0 if instance.objective.is_maximized else before / after - 1.0


def worth_usd(instance: Instance, before: Sketch, after: Sketch, life_years: float) -> float | None:
    """Dollars that `after` may cost more until its objective is that of `before`; None where dollars do not count.

    For the efficiency P / (C^w W^(1-w)) and a ratio f of the objectives: C ((f)^(1/w) - 1). The design is that of
    `after`; were it chosen anew for the higher cost, a little more could be paid.
    """
    kind, q = instance.objective.kind, after.quantities
    better = 1.0 + gain(instance, before.value, after.value)
    weight = {"exaflops_per_capex": 1.0, "exaflops_per_watt": 0.0}.get(kind, capex_weight(instance))
    if kind in ("efficiency", "exaflops_per_capex", "exaflops_per_watt"):
        return None if weight <= 0 else _USD_PER_MUSD * q["capex_musd"] * (better ** (1.0 / weight) - 1.0)
    if kind in ("exaflops_per_tco", "training_cost"):
        return _USD_PER_MUSD * q["annual_cost_musd"] * life_years * (better - 1.0)
    return before.value - after.value if kind in ("capex", "tco") else None
