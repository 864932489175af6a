"""A question with one number changed: a lever scaled, or any key set; and where the best design changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from exasite.decisions.sketch import Sketch, changed, sketch
from exasite.errors import InputError
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.session import INFEASIBLE
from exasite.workbench import Workbench

NO_DESIGN = {"design": "-> no design"}
_CLOSE = 1e-3  # how near two factors come between which the best design changes


@dataclass
class Variants:
    """Sketches of a question with other numbers; each is searched once."""

    loaded: LoadedInstance
    bench: Workbench
    known: dict[str, Sketch] = field(default_factory=dict)

    def base(self) -> Sketch:
        return self.with_sets(())

    def with_sets(self, sets: Sequence[str]) -> Sketch:
        """The question with some keys set, as by `--set`; one that cannot be is like one without a design."""
        name = "|".join(sets)
        if name not in self.known:
            content = self.loaded.instance.model_dump(mode="json", exclude_none=True, exclude={"extends"})
            try:
                self.known[name] = sketch(load_instance(content, sets), self.bench)
            except InputError:
                self.known[name] = Sketch(INFEASIBLE, float("nan"), float("nan"), {}, None, {})
        return self.known[name]

    def scaled(self, lever: str, factor: float) -> Sketch:
        """The question with a lever at a factor, beside what the question scales itself."""
        own = self.loaded.instance.scale.get(lever, 1.0)
        return self.with_sets([f"scale.{lever}={own * factor!r}"] if factor != 1.0 else ())


@dataclass(frozen=True)
class Switch:
    """Between `last` and `next` the best design changes from the present one; `change` by choice."""

    last: float
    next: float
    change: Mapping[str, str]


def first_switch(at: Callable[[float], Sketch], base: Sketch, points: Sequence[float], close: float = _CLOSE,
                 switched: Callable[[Sketch], bool] | None = None) -> Switch | None:  # fmt: skip
    """The first change of the best design on the way from 1 along `points`, narrowed to a part in a thousand.

    Looked at are the points and, between the last one without and the first one with a change, ever finer halves.
    `switched` says what counts as a change; without it any other choice does.
    """
    has_switched = switched or (lambda found: differs(base, found))
    last = 1.0
    for point in points:
        other = at(point)
        if has_switched(other):
            return _narrowed(at, has_switched, last, point, close)
        last = point
    return None


def _narrowed(at: Callable[[float], Sketch], switched: Callable[[Sketch], bool], last: float, beyond: float,
              close: float) -> Switch:  # fmt: skip
    while abs(beyond - last) > close * max(abs(last), abs(beyond)):
        middle = (last + beyond) / 2.0
        last, beyond = (last, middle) if switched(at(middle)) else (middle, beyond)
    before, after = at(last), at(beyond)
    return Switch(last, beyond, changed(before.choices, after.choices) if after.is_design else NO_DESIGN)


def differs(base: Sketch, other: Sketch) -> bool:
    """Whether another design is best, or none is left; a search that was stopped does not tell."""
    if not other.is_design:
        return other.status == INFEASIBLE
    return bool(changed(base.choices, other.choices))
