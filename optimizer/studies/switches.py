"""Where the best choice changes: pairs of neighbouring scenarios with different choices, told in a sentence each."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exasite.instance.quantities import written
from exasite.studies.axes import LevelAxis
from exasite.studies.records import CHOICES, choices_of, names_of
from exasite.studies.scenarios import GRID, ONE, Scenario
from exasite.studies.store import Outcome

SWITCHABLE = (*CHOICES, "power")
_WORDS = {"accelerator": "Accelerator", "interconnect": "Interconnect", "cooling": "Cooling", "storage": "Storage",
          "recovery": "Recovery", "power": "Power"}  # fmt: skip
NOTHING = "no design"
_MOST_NAME = 60  # letters of a name before it is cut at a comma
_MOST_PLACES = 4  # said one by one; more are counted


@dataclass(frozen=True)
class Found:
    """A scenario with the choices of its best design, NOTHING for all of them where there is none."""

    scenario: Scenario
    choices: Mapping[str, str]


@dataclass(frozen=True)
class Switch:
    """Along an axis `before` gives way to `after` between two neighbouring levels, with the others at `places`."""

    choice: str
    axis: str
    before: str
    after: str
    low: str
    high: str
    unit: str
    places: tuple[tuple[tuple[str, str], ...], ...]


def found_designs(scenarios: Sequence[Scenario], outcomes: Mapping[int, Outcome]) -> list[Found]:
    """Scenarios that have been answered, with their choices."""
    found = []
    for position, scenario in enumerate(scenarios):
        outcome = outcomes.get(position)
        if outcome is not None and outcome.record.get("sites"):
            found.append(Found(scenario, choices_of(outcome.record)))
        elif outcome is not None and outcome.status == "infeasible":
            found.append(Found(scenario, dict.fromkeys(SWITCHABLE, NOTHING)))
    return found


def all_names(outcomes: Mapping[int, Outcome]) -> dict[str, str]:
    """Names in words of all ids that occur."""
    names: dict[str, str] = {}
    for outcome in outcomes.values():
        names |= names_of(outcome.record)
    return names


def switches(found: Sequence[Found], grid: Sequence[LevelAxis]) -> list[Switch]:
    """All switches along the axes of a grid without samples; those alike but for the other axes are one."""
    at = {f.scenario.levels: f for f in found if f.scenario.kind == GRID and not f.scenario.shares}
    merged: dict[tuple[str, str, str, str, str, str, str], list[tuple[tuple[str, str], ...]]] = {}
    for number, axis in enumerate(grid):
        for levels, here in at.items():
            there = at.get((*levels[:number], levels[number] + 1, *levels[number + 1 :]))
            if there is None:
                continue
            low, high = axis.levels[levels[number]].label, axis.levels[levels[number] + 1].label
            others = tuple((a.name, a.levels[i].label) for k, (a, i) in enumerate(zip(grid, levels, strict=True))
                           if k != number)  # fmt: skip
            for choice in SWITCHABLE:
                before, after = here.choices[choice], there.choices[choice]
                if NOTHING in (before, after) and choice != "accelerator":
                    continue  # said once, not for each choice
                if before != after and NOTHING in (before, after):  # whatever is built where something is
                    before, after = (before, "") if before == NOTHING else ("", after)
                if before != after and not any(_is_varied(a, choice) for a in grid):
                    merged.setdefault((choice, axis.name, before, after, low, high, axis.unit), []).append(others)
    return [Switch(*key, tuple(places)) for key, places in merged.items()]


def winners(scenarios: Sequence[Scenario], outcomes: Mapping[int, Outcome], grid: Sequence[LevelAxis],
            maximized: bool) -> list[Switch]:  # fmt: skip
    """Where an axis prescribes a choice: along each other axis, where its best level changes."""
    found: dict[tuple[str, str, str, str, str, str, str], list[tuple[tuple[str, str], ...]]] = {}
    values = _values(scenarios, outcomes)
    for number in _prescribed(grid):
        best: dict[tuple[int, ...], tuple[float, int]] = {}
        for levels, value in values.items():
            rest = (*levels[:number], -1, *levels[number + 1 :])
            mine = (value if maximized else -value, -levels[number])
            best[rest] = max(best.get(rest, mine), mine)
        for rest, (_, here) in best.items():
            for other in (i for i in range(len(grid)) if i != number):
                beyond = best.get((*rest[:other], rest[other] + 1, *rest[other + 1 :]))
                if beyond is None or beyond[1] == here:
                    continue
                axis, prescribed = grid[other], grid[number]
                places = tuple((grid[i].name, grid[i].levels[rest[i]].label) for i in range(len(grid))
                               if i not in (number, other))  # fmt: skip
                key = (prescribed.name, axis.name, prescribed.levels[-here].label, prescribed.levels[-beyond[1]].label,
                       axis.levels[rest[other]].label, axis.levels[rest[other] + 1].label, axis.unit)  # fmt: skip
                found.setdefault(key, []).append(places)
    return [Switch(*key, tuple(places)) for key, places in found.items()]


def _values(scenarios: Sequence[Scenario], outcomes: Mapping[int, Outcome]) -> dict[tuple[int, ...], float]:
    """Objective of each point of the grid that has a design."""
    return {
        scenario.levels: outcome.record["objective"]["value"]
        for position, scenario in enumerate(scenarios)
        if scenario.kind == GRID and not scenario.shares and (outcome := outcomes.get(position)) is not None
        and outcome.record.get("sites")
    }  # fmt: skip


def _prescribed(grid: Sequence[LevelAxis]) -> list[int]:
    """Axes whose levels are choices: what is compared rather than what happens."""
    return [i for i, axis in enumerate(grid) if len(axis.levels) > 1 and any("choices" in p for p in axis.paths)]


def compared(scenarios: Sequence[Scenario], outcomes: Mapping[int, Outcome], grid: Sequence[LevelAxis],
             maximized: bool) -> list[str]:  # fmt: skip
    """Where an axis prescribes a choice: how often each level is best, and what it loses otherwise, in a sentence."""
    values, lines = _values(scenarios, outcomes), []
    for number in _prescribed(grid):
        groups: dict[tuple[int, ...], dict[int, float]] = {}
        for levels, value in values.items():
            groups.setdefault((*levels[:number], *levels[number + 1 :]), {})[levels[number]] = value
        for index, level in enumerate(grid[number].levels):
            tops = [(max if maximized else min)(group.values()) for group in groups.values() if index in group]
            own = [group[index] for group in groups.values() if index in group]
            losses = [abs(value - top) / abs(top) for value, top in zip(own, tops, strict=True) if top]
            wins = sum(loss == 0 for loss in losses)
            said = f"{grid[number].name}: {level.label} is best in {wins} of {len(groups)} situations"
            if wins < len(losses):
                worse = [100 * loss for loss in losses if loss > 0]
                said += f" and loses {min(worse):.3g} to {max(worse):.3g} % in {'the others' if wins else 'all'}"
            if len(losses) < len(groups):
                said += f"; it has no design in {len(groups) - len(losses)}"
            lines.append(said + ".")
    return lines


def _is_varied(axis: LevelAxis, choice: str) -> bool:
    """Whether the axis itself prescribes the choice, so that its change says nothing."""
    return any("choices" in path and choice[:5] in path for path in axis.paths)


def sentences(found: Sequence[Switch], names: Mapping[str, str], grid: Sequence[LevelAxis]) -> list[str]:
    """One plain sentence a switch."""
    return [_sentence(switch, names, {axis.name: axis for axis in grid}) for switch in found]


def _sentence(switch: Switch, names: Mapping[str, str], axes: Mapping[str, LevelAxis]) -> str:
    axis = axes[switch.axis]
    unit = f" {switch.unit}" if switch.unit and _is_number(switch.high) else ""
    between = f"between {_number(switch.low)} and {_number(switch.high)}{unit}"
    if not axis.is_numeric:
        between = f"from {switch.low} to {switch.high}"
    where = _where(switch, axes)
    if NOTHING in (switch.before, switch.after):
        ends = "can no longer be met" if switch.after == NOTHING else "can be met again"
        return f"{axis.name}: the question {ends} {between}{where}."
    before, after = in_words(switch.before, names), in_words(switch.after, names)
    return f"{_WORDS.get(switch.choice, switch.choice)}: {before} gives way to {after} {between} ({axis.name}){where}."


def _where(switch: Switch, axes: Mapping[str, LevelAxis]) -> str:
    places = [place for place in switch.places if place]
    if not places:
        return ""
    names = [name for name, _ in places[0]]
    found = blocks(tuple(tuple(label for _, label in place) for place in places))
    return ", at " + "; and at ".join(_block(block, names, axes) for block in found)


def blocks(places: Sequence[tuple[str, ...]]) -> list[tuple[tuple[str, ...], ...]]:
    """Places as few products of lists: every place is in one of them, and nothing else is."""
    if not places:
        return []
    if len(places[0]) == 1:
        return [(tuple(dict.fromkeys(place[0] for place in places)),)]
    lasts: dict[tuple[str, ...], list[str]] = {}
    for place in places:
        lasts.setdefault(place[:-1], []).append(place[-1])
    alike: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for front, last in lasts.items():
        alike.setdefault(tuple(dict.fromkeys(last)), []).append(front)
    return [(*block, last) for last, fronts in alike.items() for block in blocks(fronts)]


def _block(block: Sequence[Sequence[str]], names: Sequence[str], axes: Mapping[str, LevelAxis]) -> str:
    parts = []
    for name, seen in zip(names, block, strict=True):
        unit = f" {axes[name].unit}" if axes[name].unit and all(map(_is_number, seen)) else ""
        if len(seen) == len(axes[name].levels) and len(seen) > 1:
            parts.append(f"every {name}")
        elif len(seen) <= _MOST_PLACES:
            parts.append(f"{name} {_listed([_number(s) for s in seen])}{unit}")
        else:
            parts.append(f"{len(seen)} of the {len(axes[name].levels)} values of {name}")
    return " and ".join(parts)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _is_number(label: str) -> bool:
    try:
        return math.isfinite(float(label))
    except ValueError:
        return False


def _number(label: str) -> str:
    if not _is_number(label):
        return label
    value = float(label)
    return f"{value:,.0f}" if abs(value) >= 1e4 and value.is_integer() else written(float(f"{value:.6g}"))


def in_words(choice: str, names: Mapping[str, str]) -> str:
    """Ids joined by a plus as names, short enough for a sentence."""
    words = choice.split(" + ")
    most = _MOST_NAME if len(words) == 1 else _MOST_NAME // 2
    return " + ".join(_short(names.get(word, word), word, most) for word in words)


def _short(name: str, word: str, most: int) -> str:
    plain = re.sub(r"\s*\(.*?\)", "", name).split(";")[0]
    if len(plain) > most and "," in plain:
        plain = plain.split(",")[0]
    return f"{plain} ({word})" if plain not in (word, "") else word


def changes_one_at_a_time(found: Sequence[Found], names: Mapping[str, str]) -> list[str]:
    """Rows whose low or high alone changes a choice of the base design, one sentence each."""
    single = [f for f in found if f.scenario.kind == ONE]
    base = next((f for f in single if f.scenario.name == "base"), None)
    return [] if base is None else list(_single_changes(base, single, names))


def _single_changes(base: Found, single: Sequence[Found], names: Mapping[str, str]) -> Iterator[str]:
    for one in single:
        values = dict(one.scenario.values)
        for choice in SWITCHABLE:
            before, after = base.choices[choice], one.choices[choice]
            if before == after or (NOTHING in (before, after) and choice != "accelerator"):
                continue
            at = f"with {values['varied']} at its {values['level']} ({_number(str(values['value']))})"
            if after == NOTHING:
                yield f"The question can no longer be met {at}."
            else:
                yield f"{_WORDS[choice]}: {in_words(before, names)} gives way to {in_words(after, names)} {at}."


def shares(found: Sequence[Found], names: Mapping[str, str]) -> list[str]:
    """How often each choice is the best one among samples, one sentence a choice that varies."""
    everything = [f for f in found if f.scenario.shares]
    sampled = [f for f in everything if f.choices["accelerator"] != NOTHING]
    lines = []
    if len(sampled) < len(everything):
        count = len(everything) - len(sampled)
        lines.append(f"{count} of {len(everything):,} samples have no design: the question cannot be met there.")
    for choice in SWITCHABLE if sampled else ():
        counts = Counter(f.choices[choice] for f in sampled)
        if len(counts) > 1:
            parts = [f"{in_words(word, names)} in {100 * count / len(sampled):.0f} %"
                     for word, count in counts.most_common(4)]  # fmt: skip
            lines.append(f"{_WORDS[choice]} over {len(sampled):,} samples: {', '.join(parts)}.")
    return lines


