"""Designs near the best one that differ in a named choice, and what each loses."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exasite.decisions.sketch import CHOICES, Sketch, changed, sketch
from exasite.decisions.worth import gain
from exasite.errors import InputError, Problem, did_you_mean
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.instance.schema import CHOICE_TABLES, Instance
from exasite.result import Record
from exasite.session import Clock
from exasite.workbench import Workbench

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used

Progress = Callable[[str, float | None, float | None, float], None]


class Alternative(Record):
    """The best design with a named choice made otherwise; `loss` is of the objective, relative to the best."""

    choice: str
    item: str
    loss: float
    value: float
    choices: dict[str, list[str]]
    changed: dict[str, str]
    effective_exaflops: float
    capex_usd: float
    facility_mw_mean: float


class Alternatives(Record):
    """Near-optimal designs, nearest first; `beaten` are items that no design within the limit uses, with the reason."""

    instance: str
    objective: str
    best_value: float
    best_choices: dict[str, list[str]]
    designs: tuple[Alternative, ...]
    beaten: dict[str, str]

    def to_frame(self) -> pd.DataFrame:
        """One row a design."""
        import pandas as pd

        return pd.DataFrame([
            {"choice": a.choice, "item": a.item, "loss": a.loss, "value": a.value,
             "changed": "; ".join(f"{key}: {words}" for key, words in a.changed.items()),
             "effective_exaflops": a.effective_exaflops, "capex_usd": a.capex_usd,
             "facility_mw_mean": a.facility_mw_mean}
            for a in self.designs
        ])  # fmt: skip


def alternatives(
    source: str | Path | Mapping[str, Any] | Instance | LoadedInstance,
    sets: Sequence[str] = (),
    *,
    most: int = 10,
    within: float = 0.05,
    time_limit_s: float = 600.0,
    progress: Progress | None = None,
) -> Alternatives:
    """The `most` best designs that differ from the best in a named choice, at most `within` (a share) below it.

    For every item that the question allows, the best design that uses it; for power, without each source used.
    Raises InputError for bad input, or where the question has no design.
    """
    loaded = source if isinstance(source, LoadedInstance) else load_instance(source, sets)
    clock = Clock(time_limit_s)
    bench = Workbench(clock=clock)
    with clock.catching_interrupts():
        best = sketch(loaded, bench)
        if not best.is_design:
            fix = f"exasite explain {loaded.instance.name}"
            raise InputError([Problem("", f"{loaded.instance.name} has no design to differ from", fix)])
        found, beaten = [], {}
        for choice, item, items in _variants(loaded, best):
            if clock.stopped:
                break
            if progress is not None:
                progress(f"{choice}: {item}", None, None, clock.elapsed_s)
            name = f"{choice}: {item}"
            try:
                other = sketch(narrowed(loaded, choice, items), bench)
            except InputError as error:
                beaten[name] = error.problems[0].message
                continue
            if not other.is_design:
                beaten[name] = "no design" if not clock.stopped else "not looked at"
                continue
            one = _alternative(loaded, choice, item, best, other)
            if one.loss > within:
                beaten[name] = f"{100 * one.loss:.1f} % below the best"
            else:
                found.append(one)
    return Alternatives(
        instance=loaded.instance.name, objective=loaded.instance.objective.kind, best_value=best.value,
        best_choices={key: list(ids) for key, ids in best.choices.items()},
        designs=tuple(_distinct(sorted(found, key=lambda a: a.loss))[:most]), beaten=beaten,
    )  # fmt: skip


def _alternative(loaded: LoadedInstance, choice: str, item: str, best: Sketch, other: Sketch) -> Alternative:
    q = other.quantities
    return Alternative(
        choice=choice, item=item, loss=max(0.0, -gain(loaded.instance, best.value, other.value)), value=other.value,
        choices={key: list(ids) for key, ids in other.choices.items()}, changed=changed(best.choices, other.choices),
        effective_exaflops=q["effective_exaflops"], capex_usd=1e6 * q["capex_musd"],
        facility_mw_mean=q["facility_mean_mw"],
    )  # fmt: skip


def _distinct(designs: Sequence[Alternative]) -> list[Alternative]:
    """Each design once: the best with an item is often that with another one, too."""
    seen: list[dict[str, list[str]]] = []
    kept = []
    for one in designs:
        if one.choices not in seen:
            seen.append(one.choices)
            kept.append(one)
    return kept


def _variants(loaded: LoadedInstance, best: Sketch) -> list[tuple[str, str, tuple[str, ...]]]:
    """Choice, what is different, and the items it is narrowed to: each other item; power without each used source."""
    found = []
    for choice in CHOICES:
        for item in _allowed(loaded, choice):
            if choice == "power" and item in best.choices["power"]:
                others = tuple(i for i in _allowed(loaded, choice) if i != item)
                if others:
                    found.append((choice, f"without {item}", others))
            elif choice != "power" and best.choices[choice] != (item,):
                found.append((choice, item, (item,)))
    return found


def _allowed(loaded: LoadedInstance, choice: str) -> tuple[str, ...]:
    given: tuple[str, ...] | None = getattr(loaded.instance.choices, choice)
    if given is not None:
        return given
    items = loaded.catalog.items(CHOICE_TABLES[choice])
    if choice != "interconnects":
        return items
    status = {item: loaded.catalog.text_or("fabrics", item, "status", "") for item in items}
    sold = {item: loaded.catalog.text_or("fabrics", item, "selectable", "yes") != "no" for item in items}
    return tuple(item for item in items if status[item] != "concept" and sold[item])


def narrowed(loaded: LoadedInstance, choice: str, items: tuple[str, ...]) -> LoadedInstance:
    """The question with one of its choices narrowed to some items, at every site."""
    content = copy.deepcopy(loaded.instance.model_dump(exclude_none=True, exclude={"extends"}))
    content["choices"] = {**content.get("choices", {}), choice: items}
    for site in content["sites"]:
        own = site.get("choices", {}).get(choice)
        if own is not None:
            kept = tuple(i for i in own if i in items)
            site["choices"] = {**site["choices"], choice: kept or items}
    return load_instance(content)


def parsed_why_not(text: str, loaded: LoadedInstance) -> tuple[str, tuple[str, ...]]:
    """Choice and items of "cooling=immersion": an id, or a word that ids or names hold. Raises InputError."""
    key, equals, word = (part.strip() for part in text.partition("="))
    choice = key if key in CHOICES else f"{key}s" if f"{key}s" in CHOICES else ""
    if not equals or not word or not choice:
        fix = did_you_mean(key, CHOICES) if equals and not choice else "e.g. --why-not cooling=immersion"
        raise InputError([Problem("--why-not", f"{text!r} names no choice and item", fix)])
    table = CHOICE_TABLES[choice]
    items = loaded.catalog.items(table)
    folded = word.casefold()
    exact = tuple(item for item in items if item.casefold() == folded)
    names = {item: loaded.catalog.text(table, item, "name").casefold() for item in items}
    near = tuple(item for item in items if folded in item.casefold() or folded in names[item])
    if not exact and not near:
        raise InputError([Problem("--why-not", f"no {choice} item is called {word}", did_you_mean(word, items))])
    return choice, exact or near


def why_not_variant(loaded: LoadedInstance, choice: str, items: tuple[str, ...]) -> LoadedInstance:
    """The question with a choice made otherwise, whether it allows that or not; power keeps its standby."""
    if choice == "power":
        standby = tuple(i for i in loaded.catalog.items("power_sources")
                        if loaded.catalog.text("power_sources", i, "kind") == "backup")  # fmt: skip
        items = (*items, *(i for i in standby if i not in items))
    return narrowed(loaded, choice, items)
