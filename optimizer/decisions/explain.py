"""Why: which demands conflict, or which limits bind and what easing each is worth, and why not another choice."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from exasite.decisions.answer import Answer
from exasite.decisions.compare import Comparison, compare
from exasite.decisions.conflicts import LeastChange, Oracle, least_changes, minimal_conflict, together
from exasite.decisions.demands import Demand, changed_by, demands_of, put
from exasite.decisions.near_best import Alternatives, alternatives, parsed_why_not, why_not_variant
from exasite.decisions.sketch import Sketch, changed, sketch
from exasite.decisions.worth import gain, worth_usd
from exasite.errors import InputError
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.instance.schema import Instance
from exasite.models.accelerator import accelerator
from exasite.models.cooling import cooling_method, incompatibility
from exasite.result import Record
from exasite.session import INFEASIBLE, Clock, Stopped
from exasite.setting import setting
from exasite.workbench import Workbench

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used
    from rich.console import RenderableType

Progress = Callable[[str, float | None, float | None, float], None]
_EASED = 0.01
_LEAST_GAIN = 1e-4  # smaller ones are within the tolerance of the segments
_MOST_REASONS = 4


class Conflicting(Record):
    """A demand of the smallest conflicting set, and the least change of it alone that frees the question.

    `items` are further items that would free it where the demand is a choice; neither: no change of it was found.
    """

    key: str
    words: str
    value: float | str | list[str]
    freed_by: float | str | None = None
    items: list[str] = Field(default_factory=list)


class Binding(Record):
    """A demand of a question with a design: what easing it by one per cent (a date: by 3.65 days) gains.

    `gain` is of the objective, relative; `worth_usd` the dollars the better design may cost more at an equal one.
    `gain_without` is what dropping the demand altogether gains: one whose next design is far off binds, too.
    """

    key: str
    words: str
    value: float | str
    gain: float
    worth_usd: float | None = None
    gain_without: float | None = None
    binds: bool


class WhyNot(Record):
    """The best design with a choice made otherwise: what it loses, or why there is none.

    A loss below 0 is a gain: the question does not allow that choice.
    """

    choice: str
    items: list[str]
    loss: float | None = None
    changed: dict[str, str] = Field(default_factory=dict)
    comparison: Comparison | None = None
    conflict: tuple[Conflicting, ...] = ()
    message: str = ""


class Explanation(Answer):
    """Why a question has no design (`conflict`, `together`), or what holds its best design back (`bindings`)."""

    instance: str
    question: str = ""
    message: str = ""
    objective: str
    value: float | None = None
    conflict: tuple[Conflicting, ...] = ()
    together: dict[str, float | str] = Field(default_factory=dict)
    bindings: tuple[Binding, ...] = ()
    why_not: WhyNot | None = None
    near_best: Alternatives | None = None
    seconds: float = 0.0

    def to_frame(self) -> pd.DataFrame:
        """One row a demand: of the conflict, or of those that may bind."""
        import pandas as pd

        return pd.DataFrame([entry.model_dump() for entry in self.conflict or self.bindings])

    def shown(self) -> RenderableType:
        from exasite.decisions.explain_report import report

        return report(self)


def explain(
    source: str | Path | Mapping[str, Any] | Instance | LoadedInstance,
    sets: Sequence[str] = (),
    *,
    why_not: str | None = None,
    near_best: int = 0,
    within: float = 0.05,
    time_limit_s: float = 600.0,
    progress: Progress | None = None,
) -> Explanation:
    """Why a question has no design, or what binds its best one.

    `why_not`: a choice made otherwise, "cooling=immersion"; `near_best`: so many alternatives `within` a share of the
    best. Raises InputError for bad input; a time limit or Ctrl-C keeps what is known.
    """
    loaded = source if isinstance(source, LoadedInstance) else load_instance(source, sets)
    wanted = None if why_not is None else parsed_why_not(why_not, loaded)
    clock = Clock(time_limit_s)
    bench = Workbench(gap=1e-5, clock=clock)

    def tell(words: str) -> None:
        if progress is not None:
            progress(words, None, None, clock.elapsed_s)

    with clock.catching_interrupts():
        tell("looking for a design")
        best = sketch(loaded, bench)
        if best.status == INFEASIBLE:
            return _infeasible(loaded, bench, clock, tell)
        if not best.is_design:
            words = "stopped before it was known whether there is a design"
            return Explanation(instance=loaded.instance.name, status="no_design", message=words,
                               objective=loaded.instance.objective.kind, seconds=clock.elapsed_s)  # fmt: skip
        bindings = _bindings(loaded, best, bench, clock, tell)
        asked = None if wanted is None else _why_not(loaded, best, *wanted, bench, clock, tell)
        others = None
        if near_best:
            left = max(clock.left_s, 1e-3)
            others = alternatives(loaded, most=near_best, within=within, time_limit_s=left, progress=progress)
    return Explanation(
        instance=loaded.instance.name, question=loaded.instance.question,
        status="feasible" if clock.stopped else "optimal", objective=loaded.instance.objective.kind, value=best.value,
        bindings=bindings, why_not=asked, near_best=others, seconds=clock.elapsed_s,
    )  # fmt: skip


def _infeasible(loaded: LoadedInstance, bench: Workbench, clock: Clock, tell: Callable[[str], None]) -> Explanation:
    oracle = Oracle(bench, clock)
    conflict: tuple[Demand, ...] = ()
    changes: tuple[LeastChange, ...] = ()
    at_once, message = None, ""
    try:
        tell("looking for what conflicts")
        conflict = minimal_conflict(loaded, oracle)
        changes = tuple(LeastChange(demand) for demand in conflict)
        changes = least_changes(loaded, conflict, oracle, tell)
        tell("looking for the least change of all together")
        at_once = together(loaded, conflict, oracle)
    except Stopped:
        message = "stopped before everything was looked at"
    if not conflict and not message:
        message = _without_demands(loaded)
    if {"accelerators", "cooling"} <= {str(demand.path[-1]) for demand in conflict}:
        message = "; ".join([message] * bool(message) + misfits(loaded))
    return Explanation(
        instance=loaded.instance.name, question=loaded.instance.question, status="infeasible", message=message,
        objective=loaded.instance.objective.kind, conflict=tuple(_conflicting(change) for change in changes),
        together={key: _plain(value) for key, value in (at_once or {}).items()}, seconds=clock.elapsed_s,
    )  # fmt: skip


def _without_demands(loaded: LoadedInstance) -> str:
    """What to say where no line of the question is to blame."""
    sites = ", ".join(site.key for site in loaded.instance.sites)
    return (
        f"no line of the question is to blame: what the catalogue says of {sites} leaves no design, such as its grid, "
        "gas and nuclear limits, or a model that fits in no accelerator's memory; see `exasite catalog sites`"
    )


def misfits(loaded: LoadedInstance) -> list[str]:
    """Why the allowed cooling methods do not suit the allowed accelerators, in words."""
    choices, catalog = loaded.instance.choices, loaded.catalog
    chips = [accelerator(catalog, chip) for chip in choices.accelerators or ()]
    methods = [cooling_method(catalog, method) for method in choices.cooling or ()]
    return [reason for chip in chips for method in methods if (reason := incompatibility(method, chip))][:_MOST_REASONS]


def _conflicting(change: LeastChange) -> Conflicting:
    value = list(change.demand.value) if isinstance(change.demand.value, tuple) else _plain(change.demand.value)
    return Conflicting(
        key=change.demand.key, words=change.demand.words, value=value,
        freed_by=None if change.value is None else _plain(change.value), items=list(change.items),
    )  # fmt: skip


def _plain(value: Any) -> float | str:
    return float(value) if isinstance(value, int | float) else str(value)


def _bindings(loaded: LoadedInstance, best: Sketch, bench: Workbench, clock: Clock,
              tell: Callable[[str], None]) -> tuple[Binding, ...]:  # fmt: skip
    """What easing each demand with a number by one per cent is worth, most first."""
    found, life = [], setting(loaded).terms.life_it_years
    for demand in (d for d in demands_of(loaded) if d.upward is not None):
        if clock.stopped:
            break
        tell(f"what is 1 % of {demand.key} worth?")
        other = sketch(_changed(loaded, demand, changed_by(demand, _EASED)), bench)
        better = _above_tolerance(loaded, best, other)
        without = _above_tolerance(loaded, best, sketch(_changed(loaded, demand, demand.free), bench))
        worth = worth_usd(loaded.instance, best, other, life) if better > 0 else None
        found.append(Binding(
            key=demand.key, words=demand.words, value=_plain(demand.value), gain=better, worth_usd=worth,
            gain_without=without, binds=max(better, without) > 0,
        ))  # fmt: skip
    return tuple(sorted(found, key=lambda b: (-b.gain, -(b.gain_without or 0.0))))


def _above_tolerance(loaded: LoadedInstance, best: Sketch, other: Sketch) -> float:
    """The gain of another question's design; 0 where it is none, or within the tolerance of the segments."""
    better = gain(loaded.instance, best.value, other.value) if other.is_design else 0.0
    return better if math.isfinite(better) and better > _LEAST_GAIN else 0.0


def _changed(loaded: LoadedInstance, demand: Demand, value: Any) -> LoadedInstance:
    """The question with another value for a demand; as it is where that makes no sense, such as a share above 1."""
    content = loaded.instance.model_dump(exclude_none=True, exclude={"extends"})
    content["sites"] = [dict(site) for site in content["sites"]]
    put(content, demand.path, value)
    try:
        return load_instance(content)
    except InputError:
        return loaded


def _why_not(loaded: LoadedInstance, best: Sketch, choice: str, items: tuple[str, ...], bench: Workbench, clock: Clock,
             tell: Callable[[str], None]) -> WhyNot:  # fmt: skip
    tell(f"the best design with {choice} {', '.join(items)}")
    try:
        variant = why_not_variant(loaded, choice, items)
    except InputError as error:
        return WhyNot(choice=choice, items=list(items), message=error.problems[0].message)
    other = sketch(variant, bench)
    if not other.is_design:
        inner = _infeasible(variant, bench, clock, tell)
        return WhyNot(choice=choice, items=list(items), conflict=inner.conflict, message=inner.message)
    loss = -gain(loaded.instance, best.value, other.value)
    solved = [bench.solve(one) for one in (loaded, variant)]
    side_by_side = None
    if all(result.totals is not None for result in solved):
        names = ["best", f"{choice}: {' or '.join(items)}"]
        renamed = [
            result.model_copy(update={"instance": result.instance.model_copy(update={"name": name})})
            for result, name in zip(solved, names, strict=True)
        ]
        side_by_side = compare(*renamed)
    return WhyNot(choice=choice, items=list(items), loss=loss, changed=changed(best.choices, other.choices),
                  comparison=side_by_side)  # fmt: skip
