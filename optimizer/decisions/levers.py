"""What each factor of the chain is worth, how far it is from the best known, and where it changes the design."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exasite.decisions.lever_records import BreakEven, ChipPrice, Levers, LeverValue
from exasite.decisions.sketch import Sketch
from exasite.decisions.standing import Standing, standing_of
from exasite.decisions.variants import Switch, Variants, first_switch
from exasite.decisions.worth import gain, worth_usd
from exasite.errors import InputError, Problem, did_you_mean
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.instance.schema import Instance
from exasite.models.levers import LEVER_IDS, LEVERS, Lever
from exasite.session import FEASIBLE, INFEASIBLE, OPTIMAL, Clock
from exasite.setting import setting
from exasite.workbench import Workbench

Progress = Callable[[str, float | None, float | None, float], None]
_NUDGE = 0.02  # of a factor, up and down, for its elasticity
_POINT = 0.01  # one more point of a share, and one per cent of all else
_ABOVE = (1.1, 1.25, 1.5, 2.0)
_BELOW = (0.9, 0.8, 0.65, 0.5)
_MOST_CHIPS, _CLOSE_CHIP = 8, 5e-4
_PRICES_ABOVE, _PRICES_BELOW = (1.1, 1.25, 1.5, 2.0, 4.0), (0.8, 0.6, 0.4, 0.2, 0.05)


def levers(
    source: str | Path | Mapping[str, Any] | Instance | LoadedInstance,
    sets: Sequence[str] = (),
    *,
    only: Sequence[str] = (),
    break_evens: bool = True,
    time_limit_s: float = 600.0,
    threads: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Levers:
    """Elasticity, worth, headroom and break-even values of every factor, strongest first.

    `only` names some levers; `break_evens=False` leaves out where the design changes, which takes most of the time.
    Raises InputError for bad input; a time limit or Ctrl-C keeps the levers found.
    """
    unknown = [Problem("--only", f"no lever is called {name}", did_you_mean(name, LEVER_IDS))
               for name in only if name not in LEVER_IDS]  # fmt: skip
    if unknown:
        raise InputError(unknown)
    loaded = source if isinstance(source, LoadedInstance) else load_instance(source, sets)
    clock = Clock(time_limit_s)
    bench = Workbench(gap=1e-5, threads=threads, seed=seed, clock=clock)
    with clock.catching_interrupts():
        search = _started(loaded, bench, clock, progress)
        if not search.base.is_design:
            return _without_design(search)
        values = []
        for one in (entry for entry in LEVERS if not only or entry.id in only):
            if clock.stopped:
                break
            search.tell(one.name)
            value = search.value_of(one, break_evens)
            if not clock.stopped:
                values.append(value)
        prices = search.chip_prices() if break_evens and not only else ()
    complete = not clock.stopped
    return Levers(
        instance=loaded.instance.name, question=loaded.instance.question, status=OPTIMAL if complete else FEASIBLE,
        message="" if complete else "stopped before all levers were looked at",
        objective=loaded.instance.objective.kind, value=search.base.value, gpus=search.gpus,
        facility_mw_mean=search.base.quantities["facility_mean_mw"],
        choices={key: list(ids) for key, ids in search.base.choices.items()},
        levers=tuple(sorted(values, key=lambda v: -abs(v.elasticity))), chip_prices=prices,
        searches=len(search.variants.known), seconds=clock.elapsed_s,
    )  # fmt: skip


def _started(loaded: LoadedInstance, bench: Workbench, clock: Clock, progress: Progress | None) -> _Search:
    variants = Variants(loaded, bench)
    if progress is not None:
        progress("the best design", None, None, clock.elapsed_s)
    return _Search(loaded, variants, variants.base(), setting(loaded).terms.life_it_years, clock, progress)


def _without_design(search: _Search) -> Levers:
    instance, infeasible = search.loaded.instance, search.base.status == INFEASIBLE
    words = "no design meets all requirements and limits: see `exasite explain`"
    return Levers(
        instance=instance.name, status="infeasible" if infeasible else "no_design", objective=instance.objective.kind,
        message=words if infeasible else "stopped before a design was found", seconds=search.clock.elapsed_s,
    )  # fmt: skip


@dataclass
class _Search:
    """The best design of a question, and what the levers do to it."""

    loaded: LoadedInstance
    variants: Variants
    base: Sketch
    life_years: float
    clock: Clock
    progress: Progress | None

    @property
    def gpus(self) -> int:
        return 0 if self.base.chain is None else self.base.chain.gpus

    def tell(self, stage: str) -> None:
        if self.progress is not None:
            self.progress(stage, None, None, self.clock.elapsed_s)

    def gain(self, other: Sketch) -> float:
        return gain(self.loaded.instance, self.base.value, other.value) if other.is_design else math.nan

    def value_of(self, one: Lever, break_evens: bool) -> LeverValue:
        standing = standing_of(one, self.loaded, self.base)
        most = math.inf if one.most is None or standing.value is None else one.most / standing.value
        up = self.variants.scaled(one.id, min(1.0 + _NUDGE, most))
        down = self.variants.scaled(one.id, 1.0 - _NUDGE)
        elasticity = self._elasticity(up, down, min(1.0 + _NUDGE, most))
        better = up if one.better == "more" and most > 1.0 + _NUDGE / 2 else down
        step, step_gain, worth = self._step(one, standing, better, up if better is down else down)
        best, best_gain = standing.best_factor, None
        if best is not None and abs(best - 1.0) > 1e-9:
            found = self.gain(self.variants.scaled(one.id, best))
            best_gain = found if math.isfinite(found) else None
        breaks = self._break_evens(one, standing, most) if break_evens else ()
        tenth = [self.gain(self.variants.scaled(one.id, factor)) for factor in (_BELOW[0], min(_ABOVE[0], most))]
        return LeverValue(
            lever=one.id, name=one.name, measure=one.measure, better=one.better, value=standing.value,
            unit=standing.unit, elasticity=elasticity, step=step, step_gain=step_gain,
            worth_usd_per_gpu=None if worth is None else worth / self.gpus,
            worth_usd_per_mw=None if worth is None else worth / self.base.quantities["facility_mean_mw"],
            best_value=standing.best_value, best_source=standing.best_source, best_gain=best_gain,
            break_evens=breaks, confidence=standing.confidence,
            gain_at_tenth_less=tenth[0] if math.isfinite(tenth[0]) else None,
            gain_at_tenth_more=tenth[1] if math.isfinite(tenth[1]) else None,
        )  # fmt: skip

    def _elasticity(self, up: Sketch, down: Sketch, upper: float) -> float:
        """d ln objective / d ln factor, from both sides where there is a design on both."""
        logs, factors = [], []
        for other, factor in ((up, upper), (down, 1.0 - _NUDGE)):
            if other.is_design and other.value > 0:
                logs.append(math.log(other.value / self.base.value))
                factors.append(math.log(factor))
        if not logs:
            return 0.0
        if len(logs) == 1 or factors[0] == factors[1]:
            return logs[0] / factors[0] if factors[0] else 0.0
        return (logs[0] - logs[1]) / (factors[0] - factors[1])

    def _step(self, one: Lever, standing: Standing, better: Sketch, worse: Sketch
              ) -> tuple[str, float, float | None]:  # fmt: skip
        """One more point, or one per cent: in words, its gain, and its worth [USD]; from a small change, to scale."""
        shown = better if better.is_design else worse
        if not shown.is_design:
            return "", math.nan, None
        gained, worth = self.gain(shown), worth_usd(self.loaded.instance, self.base, shown, self.life_years)
        if one.measure in ("mamf", "sfu", "goodput", "pue"):
            moved = abs(standing.measured(shown) - standing.measured(self.base))
            name = {"mamf": "+1 point MAMF", "sfu": "+1 point SFU", "goodput": "+1 point goodput", "pue": "-0.01 PUE"}
            scale = _POINT / moved if moved > 1e-7 else 0.0
            words = name[one.measure]
        else:
            scale, words = _POINT / _NUDGE, "-1 %" if one.better == "less" else "+1 %"
        sign = 1.0 if shown is better else -1.0
        return words, sign * gained * scale, None if worth is None else sign * worth * scale

    def _break_evens(self, one: Lever, standing: Standing, most: float) -> tuple[BreakEven, ...]:
        found = []
        for side, points in (("below", _BELOW), ("above", tuple(min(p, most) for p in _ABOVE))):
            switch = first_switch(lambda f: self.variants.scaled(one.id, f), self.base, points)
            if switch is not None and not self.clock.stopped:
                found.append(_break_even(side, switch, standing))
        return tuple(found)

    def chip_prices(self) -> tuple[ChipPrice, ...]:
        """For each accelerator that the question allows the price at which it stops, or starts, to be the best."""
        allowed = self.loaded.instance.choices.accelerators or ()
        if not 1 <= len(allowed) <= _MOST_CHIPS:
            return ()
        return tuple(self._chip_price(chip) for chip in allowed if not self.clock.stopped)

    def _chip_price(self, chip: str) -> ChipPrice:
        self.tell(f"price of {chip}")
        chosen = chip in self.base.choices["accelerators"]
        price = self.loaded.catalog.value("accelerators", chip, "price_usd")
        set_price = price / self.loaded.instance.scale.get("chip_price", 1.0)

        def at(factor: float) -> Sketch:
            key = f"catalog.accelerators.{chip}.price_usd"
            return self.variants.with_sets([f"{key}={set_price * factor!r}"] if factor != 1.0 else ())

        def switched(found: Sketch) -> bool:
            return (found.is_design and chip in found.choices["accelerators"]) != chosen

        points = _PRICES_ABOVE if chosen else _PRICES_BELOW
        switch = first_switch(at, self.base, points, _CLOSE_CHIP, switched)
        known = switch is not None and not self.clock.stopped
        return ChipPrice(
            accelerator=chip, chosen=chosen, price_usd=price,
            break_even_usd=price * (switch.last + switch.next) / 2.0 if switch is not None and known else None,
            change=dict(switch.change) if switch is not None and known else {},
        )  # fmt: skip


def _break_even(side: str, switch: Switch, standing: Standing) -> BreakEven:
    factor = (switch.last + switch.next) / 2.0
    value = None if standing.value is None else standing.at(factor)
    return BreakEven(side=side, factor=factor, value=value, unit=standing.unit, last=switch.last, next=switch.next,
                     change=dict(switch.change))  # fmt: skip
