"""Why a question has no design: the smallest set of demands that conflict, and the least change that frees it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exasite.compiled import Linear
from exasite.decisions.demands import Demand, changed_by, content_of, demands_of, eased, without
from exasite.decisions.sketch import prepared
from exasite.errors import InputError
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.instance.schema import CHOICE_TABLES
from exasite.one_cluster import Asked
from exasite.pricing import PricedSession
from exasite.screening import builds_one_cluster, restricted
from exasite.session import INFEASIBLE, Clock, Stopped
from exasite.workbench import Workbench

_STEPS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0)  # shares by which a demand is eased in turn
_STEPS_DOWN = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99)
_CLOSE = 1e-3  # of the value: how near the least change is found
_LEAST_DAYS = 1
_FIGURES = 4
_MODEST = 8
_ROW_DEMANDS = {
    "limit_energy_price": "limit.energy_price_usd_per_mwh",
    "limit_co2": "limit.co2_t_per_year",
    "limit_co2_per_exaflop": "limit.co2_t_per_exaflop_year",
    "require_clean": "require.hourly_clean_share",
}


@dataclass(frozen=True)
class LeastChange:
    """The least change of one demand alone that frees the question: a value, or items that could be allowed, too."""

    demand: Demand
    value: Any = None
    items: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        return self.value is not None or bool(self.items)


@dataclass
class Oracle:
    """Says of a question in raw data whether it has a design; remembers what it was asked."""

    bench: Workbench
    clock: Clock
    asked: int = 0
    _known: dict[str, bool] = field(default_factory=dict)

    def feasible(self, content: Mapping[str, Any]) -> bool:
        """Raises Stopped when the time is up."""
        self.clock.check()
        try:
            loaded = load_instance(dict(content))
        except InputError:  # such as: the cheapest chips cost more than the budget
            return False
        if loaded.sha256 not in self._known:
            self.asked += 1
            self._known[loaded.sha256] = self._has_design(loaded)
        return self._known[loaded.sha256]

    def _has_design(self, loaded: LoadedInstance) -> bool:
        asked = self.ready(loaded)
        if asked is None:
            return False
        if builds_one_cluster(asked.instance, asked.options) and self._serves(asked, _modest(asked)):
            return True
        return self._serves(asked, np.ones(len(asked.bounds), dtype=bool))

    def _serves(self, asked: Asked, segments: np.ndarray) -> bool:
        """Whether there is a design among some of the segments."""
        session = asked.built(restricted(asked.options, segments & asked.bounds.possible, asked.bounds))[1]
        status = session.maximise(Linear(np.zeros(len(session.model.variables)), 0.0)).status
        if status != INFEASIBLE:
            self.clock.check()
        return status != INFEASIBLE

    def ready(self, loaded: LoadedInstance) -> Asked | None:
        """The question ready to be searched; None where no segment can meet its requirements."""
        prepared_question = prepared(loaded, self.bench, self.clock)
        if prepared_question is None:
            return None
        asked: Asked = prepared_question[1]
        if not builds_one_cluster(asked.instance, asked.options):
            return asked
        return asked if asked.bounds.possible.any() else None

    def session(self, loaded: LoadedInstance) -> PricedSession | None:
        """The question in the solver, with the segments that its requirements leave; None where none is left."""
        asked = self.ready(loaded)
        if asked is None:
            return None
        options = asked.options
        if builds_one_cluster(asked.instance, options):
            options = restricted(options, asked.bounds.possible, asked.bounds)
        return asked.built(options)[1]


def _modest(asked: Asked) -> np.ndarray:
    """A few segments that ask for little: of least peak, of least capex, of most ExaFLOPS a MW."""
    b, chosen = asked.bounds, np.zeros(len(asked.bounds), dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_mw = np.nan_to_num((b.exaflops / b.peak_mw).max(axis=0))
    for order in (b.peak_mw.min(axis=0), b.capex_musd.min(axis=0), -per_mw):
        chosen[np.argsort(np.where(b.possible, order, np.inf), kind="stable")[:_MODEST]] = True
    return chosen


def minimal_conflict(loaded: LoadedInstance, oracle: Oracle) -> tuple[Demand, ...]:
    """Demands that conflict, none of which can be left out; empty where there is no conflict of them.

    Found by deletion: each demand in turn is dropped for good if the rest still conflicts. What the relaxation shows
    to be infeasible narrows the candidates first. Raises Stopped when the time is up.
    """
    content, everything = content_of(loaded), demands_of(loaded)
    if not oracle.feasible(content) and oracle.feasible(without(content, everything)):
        kept = list(_narrowed(loaded, content, everything, oracle))
        for demand in tuple(kept):
            rest = [d for d in kept if d is not demand]
            if not oracle.feasible(_with_only(content, everything, rest)):
                kept = rest
        return tuple(kept)
    return ()


def _with_only(content: Mapping[str, Any], everything: Sequence[Demand], kept: Iterable[Demand]) -> dict[str, Any]:
    names = {demand.key for demand in kept}
    return without(content, tuple(d for d in everything if d.key not in names))


def _narrowed(loaded: LoadedInstance, content: Mapping[str, Any], everything: tuple[Demand, ...],
              oracle: Oracle) -> tuple[Demand, ...]:  # fmt: skip
    """Demands that an infeasible part of the relaxation speaks of, with those that act before it, if they conflict."""
    try:
        session = oracle.session(load_instance(dict(content)))
    except InputError:
        return everything
    if session is None:
        return everything
    nothing = Linear(np.zeros(len(session.model.variables)), 0.0)
    if session.maximise(nothing, relaxed=True).status != INFEASIBLE:
        return everything
    rows, columns = session.conflict()
    named = {key for name in rows for key in [_demand_of_row(name)] if key}
    before = [d for d in everything if _acts_before(d)]
    found = [d for d in everything if d in before or d.key.removesuffix(".min").removesuffix(".max") in named]
    bounded = any(re.search(r"\.(capacity|count)\[", name) for name in columns)
    found += [d for d in everything if bounded and d.path[0] == "sites" and d not in found]
    ordered = tuple(d for d in everything if d in found)
    return ordered if rows and not oracle.feasible(_with_only(content, everything, ordered)) else everything


def _acts_before(demand: Demand) -> bool:
    """Whether a demand shapes the choices themselves, so that no row of the model names it."""
    return demand.path[0] in ("choices", "facility") or "choices" in demand.path or demand.path[-1] == "online_by" or (
        demand.key.startswith("require.coherent_gpus")
    ) or demand.path[-1] in ("grid_limit_mw", "grid_wait_years", "nuclear_limit_mw")  # fmt: skip


def _demand_of_row(name: str) -> str:
    """Key of the demand that a row of the model stands for; empty if it is none of the user's."""
    found = re.match(r"(?P<family>\w+)\[?'?(?P<key>[^'\]]*)'?\]?$", name)
    if found is None:
        inner = re.search(r"\.(gas_limit|land_limit|contract)", name)
        place = re.search(r"\['?([^'\]]+)'?\]", name)
        words = {"gas_limit": "gas_limit_mw", "land_limit": "land_limit_acres", "contract": "tariff.contract_mw"}
        return f"sites.{place[1]}.{words[inner[1]]}" if inner and place else ""
    family, key = found["family"], found["key"]
    if family in ("require_at_least", "require_at_most"):
        return f"require.{key}"
    if family in ("site_at_least", "site_at_most"):
        return f"sites.{key}.gpus"
    return f"limit.{key}" if family == "limit" else _ROW_DEMANDS.get(family, "")


def least_changes(loaded: LoadedInstance, conflict: Sequence[Demand], oracle: Oracle,
                  told: Callable[[str], None] = lambda words: None) -> tuple[LeastChange, ...]:  # fmt: skip
    """For each demand of a conflict the least change of it alone after which the question has a design."""
    found = []
    for demand in conflict:
        told(f"how far must {demand.key} give way?")
        found.append(_least_change(loaded, demand, oracle))
    return tuple(found)


def _least_change(loaded: LoadedInstance, demand: Demand, oracle: Oracle) -> LeastChange:
    content = content_of(loaded)
    if demand.upward is None:
        return LeastChange(demand, items=_items_that_free(loaded, content, demand, oracle))

    def frees(share: float) -> bool:
        return oracle.feasible(eased(content, {demand: changed_by(demand, share)}))

    share = _least_share(frees, _STEPS if demand.upward else _STEPS_DOWN, demand)
    return LeastChange(demand, None if share is None else _round(demand, changed_by(demand, share)))


def _round(demand: Demand, value: Any) -> Any:
    """The value in four figures, rounded to the side that eases."""
    if demand.is_date or value == 0:
        return value
    digits = _FIGURES - 1 - math.floor(math.log10(abs(value)))
    step = 10.0**-digits
    rounded = (math.ceil if demand.upward else math.floor)(value / step - (1e-9 if demand.upward else -1e-9)) * step
    return round(rounded) if demand.whole else float(f"{rounded:.{_FIGURES}g}")


def together(loaded: LoadedInstance, conflict: Sequence[Demand], oracle: Oracle) -> dict[str, Any] | None:
    """The least share by which all demands with a number give way at once, as new values by key; None: none frees."""
    content = content_of(loaded)
    numbers = [d for d in conflict if d.upward is not None]
    if len(numbers) < 2:
        return None

    def frees(share: float) -> bool:
        return oracle.feasible(eased(content, {d: changed_by(d, share) for d in numbers}))

    share = _least_share(frees, _STEPS[:7], None)
    return None if share is None else {d.key: _round(d, changed_by(d, share)) for d in numbers}


def _least_share(frees: Callable[[float], bool], steps: Sequence[float], demand: Demand | None) -> float | None:
    """The least share that frees, to a part in a thousand of the value (dates: to a day)."""
    below = 0.0
    for above in steps:
        if frees(above):
            break
        below = above
    else:
        return None
    close = _CLOSE if demand is None or not demand.is_date else _LEAST_DAYS / 365.25
    while above - below > close * (1.0 if above < 1.0 else above):
        middle = (above + below) / 2.0
        above, below = (middle, below) if frees(middle) else (above, middle)
    return above


def _items_that_free(loaded: LoadedInstance, content: Mapping[str, Any], demand: Demand,
                     oracle: Oracle) -> tuple[str, ...]:  # fmt: skip
    """Single items that, allowed beside those that are, give the question a design."""
    table = CHOICE_TABLES[str(demand.path[-1])]
    known = [item for item in loaded.catalog.items(table) if item not in demand.value]
    found = []
    for item in known:
        if oracle.feasible(eased(content, {demand: (*demand.value, item)})):
            found.append(item)
    return tuple(found)


__all__ = ["LeastChange", "Oracle", "Stopped", "least_changes", "minimal_conflict", "together"]
