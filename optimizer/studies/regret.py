"""What each design found would lose in the other scenarios, and which design is the safest choice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exasite.instance.schema import CHOICE_TABLES
from exasite.studies.base import Base, Change
from exasite.studies.records import CHOICES, signature
from exasite.studies.scenarios import Scenario
from exasite.studies.store import Outcome

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used

_KEYS = dict(zip(CHOICES, ("accelerators", "interconnects", "cooling", "storage", "recovery"), strict=True))
_DESIGNED = ("optimal", "feasible")


@dataclass(frozen=True)
class KnownDesign:
    """A design found: its name (D1 is the most frequent), in how many scenarios it is best, and its choices by site.

    `example` is the record of one scenario in which it is best.
    """

    name: str
    signature: str
    count: int
    example: Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """A design in a scenario (by position), and the changes that fix the design; None: not allowed there."""

    design: str
    position: int
    changes: tuple[Change, ...] | None
    own: bool  # the design is the best of the scenario: nothing to solve

    @property
    def at(self) -> tuple[str, int]:
        return self.design, self.position


@dataclass(frozen=True)
class RegretTable:
    """Losses of designs [share of the best value] by scenario; NaN where a design cannot be built or was not tried."""

    designs: tuple[KnownDesign, ...]
    found: int  # distinct designs before the most frequent were taken
    scenarios: int
    losses: pd.DataFrame  # one row a scenario, one column a design
    summary: pd.DataFrame  # one row a design
    least_regret: str | None
    best_expected: str | None


def distinct_designs(outcomes: Mapping[int, Outcome], most: int) -> tuple[tuple[KnownDesign, ...], int]:
    """The most frequent designs, most frequent first, and how many there are in all."""
    by_signature: Counter[str] = Counter()
    examples: dict[str, Mapping[str, Any]] = {}
    for position in sorted(outcomes):
        record = outcomes[position].record
        if mark := _free_of_place(record):
            by_signature[mark] += 1
            examples.setdefault(mark, record)
    chosen = by_signature.most_common(most)
    designs = tuple(KnownDesign(f"D{i}", mark, count, examples[mark]) for i, (mark, count) in enumerate(chosen, 1))
    return designs, len(by_signature)


def _free_of_place(record: Mapping[str, Any]) -> str:
    """Signature of a design; with one site the place does not count, so that it can be tried at another."""
    sites = record.get("sites", ())
    if len(sites) == 1:
        return signature({**record, "sites": [{**sites[0], "site": ""}]})
    return signature(record)


def picked(positions: Sequence[int], most: int, seed: int) -> list[int]:
    """At most so many positions, drawn without favour: every n-th would always meet the same levels of a grid."""
    if len(positions) <= most:
        return list(positions)
    return sorted(random.Random(seed).sample(list(positions), most))


def cells(designs: Sequence[KnownDesign], positions: Sequence[int], outcomes: Mapping[int, Outcome],
          scenarios: Sequence[Scenario], base: Base) -> list[Cell]:  # fmt: skip
    """Every design in every scenario that has an answer. Scenarios without any design are left out by the caller."""
    found = []
    for position in positions:
        own = _free_of_place(outcomes[position].record)
        data = base.with_changes(scenarios[position].changes)
        for design in designs:
            fixed = _fixed(design, data)
            changes = None if fixed is None else (*scenarios[position].changes, *fixed)
            found.append(Cell(design.name, position, changes, design.signature == own))
    return found


def _fixed(design: KnownDesign, data: Mapping[str, Any]) -> tuple[Change, ...] | None:
    """Changes that leave only this design; None if the scenario does not allow it."""
    sites = data.get("sites", ())
    keys = [str(site.get("name") or site.get("id") or "") for site in sites]
    changes: list[Change] = []
    used = set()
    for number, built in enumerate(design.example["sites"]):
        single = len(sites) == 1 == len(design.example["sites"])
        if not single and built["site"] not in keys:
            return None
        index = 0 if single else keys.index(built["site"])
        used.add(index)
        narrowed = {_KEYS[key]: sorted({cluster[key] for cluster in built["clusters"]}) for key in CHOICES}
        narrowed["power"] = sorted(supply["source"] for supply in built["supply"])
        for key in CHOICE_TABLES:
            if not _allows(data, number if single else index, key, narrowed[key]):
                return None
            changes.append((f"sites.{index}.choices.{key}", narrowed[key]))
    if len(used) < len(sites):  # sites the design leaves empty are not for it to use
        return (*changes, ("sites", [_with(sites[i], i, changes) for i in sorted(used)]))
    return tuple(changes)


def _with(site: Mapping[str, Any], index: int, changes: Sequence[Change]) -> dict[str, Any]:
    prefix = f"sites.{index}.choices."
    narrowed = {path.removeprefix(prefix): value for path, value in changes if path.startswith(prefix)}
    return {**site, "choices": {**site.get("choices", {}), **narrowed}}


def _allows(data: Mapping[str, Any], index: int, key: str, ids: Sequence[str]) -> bool:
    lists = [data.get("choices", {}).get(key), data["sites"][index].get("choices", {}).get(key)]
    return all(allowed is None or set(ids) <= set(allowed) for allowed in lists)


def table(designs: Sequence[KnownDesign], found: int, all_cells: Sequence[Cell], outcomes: Mapping[int, Outcome],
          cell_outcome: Callable[[Cell], Outcome | None], maximized: Callable[[int], bool],
          names: Mapping[int, str]) -> RegretTable:  # fmt: skip
    """Losses against the best value known of each scenario, its own design or any other."""
    import pandas as pd

    values: dict[int, dict[str, float | None]] = {}
    for cell in all_cells:
        outcome = outcomes[cell.position] if cell.own else cell_outcome(cell)
        values.setdefault(cell.position, {})[cell.design] = _value(outcome)
    losses = {p: _losses(row, _value(outcomes[p]), maximized(p)) for p, row in values.items()}
    heads = [design.name for design in designs]
    frame = pd.DataFrame([[losses[p].get(d) for d in heads] for p in losses], columns=heads, dtype=float)
    frame.insert(0, "scenario", [names[p] for p in losses])
    summary = pd.DataFrame([_summary_row(design, frame[design.name]) for design in designs])
    return RegretTable(tuple(designs), found, len(losses), frame, summary, _least(summary, "largest_loss"),
                       _least(summary, "mean_loss"))  # fmt: skip


def _value(outcome: Outcome | None) -> float | None:
    if outcome is None or outcome.status not in _DESIGNED:
        return None
    value = outcome.record["objective"]["value"]
    return None if value is None else float(value)


def _losses(row: Mapping[str, float | None], best: float | None, maximized: bool) -> dict[str, float | None]:
    known = [value for value in (*row.values(), best) if value is not None]
    if not known:
        return dict.fromkeys(row)
    top = max(known) if maximized else min(known)
    if top == 0:
        return dict.fromkeys(row)
    return {name: None if value is None else abs(value - top) / abs(top) for name, value in row.items()}


def _summary_row(design: KnownDesign, losses: pd.Series[float]) -> dict[str, Any]:
    built = losses.dropna()
    return {
        "design": design.name,
        "best_in": design.count,
        "cannot_be_built_in": int(losses.isna().sum()),
        "largest_loss": float(built.max()) if len(built) else None,
        "mean_loss": float(built.mean()) if len(built) else None,
    }


def _least(summary: pd.DataFrame, column: str) -> str | None:
    """The design with the least loss among those that can be built in most scenarios."""
    if summary.empty or summary[column].isna().all():
        return None
    order = summary.sort_values(["cannot_be_built_in", column, "design"], kind="stable")
    return str(order.iloc[0]["design"])
