"""All scenarios of a study, in the order of its table: grid times sample, then one at a time, then listed ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from exasite.errors import InputError
from exasite.instance.findings import Finding
from exasite.instance.quantities import written
from exasite.studies.axes import AxisReader, Level, LevelAxis, RowRange, SampledAxis
from exasite.studies.base import Base, Change
from exasite.studies.reading import StudySource
from exasite.studies.sampling import sample_size, unit_samples
from exasite.studies.schema import ALL_ROWS, ALLOWED_ROWS, MOST_SCENARIOS

GRID, ONE, LISTED = "grid", "one", "listed"
Values = tuple[tuple[str, float | str], ...]
DesignRows = Callable[[], Sequence[RowRange]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One variant: its number in the table, what it is called, its values by axis, and its changes of the base.

    `levels` are the numbers of its levels on the grid axes, `shares` its place in the sample (quantiles).
    """

    number: int
    kind: str
    name: str
    values: Values
    changes: tuple[Change, ...]
    levels: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()


@dataclass(frozen=True)
class Design:
    """A study resolved against its base: axes, rows to vary one at a time, and the number of scenarios."""

    source: StudySource
    base: Base
    grid: tuple[LevelAxis, ...]
    sampled: tuple[SampledAxis, ...]
    one_at_a_time: tuple[RowRange, ...]

    @property
    def names(self) -> list[str]:
        """Names of all axes, in the order of a scenario's values."""
        return [*(axis.name for axis in self.grid), *(axis.name for axis in self.sampled)]

    @property
    def count(self) -> int:
        study = self.source.study
        count = prod(len(axis.levels) for axis in self.grid) if self.grid or self.sampled else 0
        if self.sampled:
            count *= sample_size(study.sampling, len(self.sampled))
        if study.one_at_a_time is not None:
            count += 1 + 2 * len(self.one_at_a_time)
        return count + len(study.scenarios)


def needs_design_rows(source: StudySource) -> bool:
    """Whether the base must be solved to know which catalogue rows its design rests on."""
    study = source.study
    lists = [axis.rows for axis in study.axes]
    lists.append(study.one_at_a_time.rows if study.one_at_a_time else None)
    return any({ALL_ROWS, ALLOWED_ROWS} & set(rows) for rows in lists if rows)


def resolve(source: StudySource, base: Base, design_rows: DesignRows = tuple) -> Design:
    """Axes and rows of a study. `design_rows` is called where "all" rows are asked for.

    Raises InputError with every problem found.
    """
    study, reader = source.study, AxisReader(base)
    rows = design_rows() if needs_design_rows(source) else ()
    axes = [axis for i, entry in enumerate(study.axes) for axis in reader.read(entry, i, rows)]
    single: tuple[RowRange, ...] = ()
    if study.one_at_a_time is not None:
        single = reader.named_rows(study.one_at_a_time.rows, ("one_at_a_time", "rows"), rows)
    findings = [*reader.findings, *_listed_findings(source, base), *_name_findings(axes)]
    if not (study.axes or study.scenarios or study.one_at_a_time):
        fix = "give [[axes]], [[scenarios]] or [one_at_a_time]"
        findings.append(Finding((), "nothing is varied", fix))
    design = Design(
        source, base,
        tuple(axis for axis in axes if isinstance(axis, LevelAxis)),
        tuple(axis for axis in axes if isinstance(axis, SampledAxis)),
        single,
    )  # fmt: skip
    if design.count > MOST_SCENARIOS:
        message = f"{design.count:,} scenarios are more than {MOST_SCENARIOS:,}"
        findings.append(Finding(("axes",), message, "take fewer values, or sample"))
    if findings:
        raise InputError([source.problem(finding.path, finding.message, finding.fix) for finding in findings])
    return design


def _listed_findings(source: StudySource, base: Base) -> Iterator[Finding]:
    for index, listed in enumerate(source.study.scenarios):
        for path in listed.set:
            if found := base.path_problem(path):
                yield Finding(("scenarios", index, "set", path), *found)


def _name_findings(axes: Sequence[LevelAxis | SampledAxis]) -> Iterator[Finding]:
    names = [axis.name for axis in axes]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield Finding(("axes",), f"{names.count(name)} axes are called {name}", "give each its own name")


def scenarios(design: Design) -> Iterator[Scenario]:
    """Every scenario, in the order of the table."""
    study = design.source.study
    number = 0
    for kind, name, levels, grid, shares in _crossed(design):
        axes = design.names
        values = tuple((axis, level.value) for axis, level in zip(axes, levels, strict=True))
        changes = tuple(change for level in levels for change in level.changes)
        yield Scenario(number, kind, name, values, changes, grid, shares)
        number += 1
    if study.one_at_a_time is not None:
        for scenario in _one_at_a_time(design.one_at_a_time, number):
            yield scenario
            number += 1
    for listed in study.scenarios:
        yield Scenario(number, LISTED, listed.name, (("scenario", listed.name),), tuple(listed.set.items()))
        number += 1


def _crossed(design: Design) -> Iterator[tuple[str, str, tuple[Level, ...], tuple[int, ...], tuple[float, ...]]]:
    if not design.grid and not design.sampled:
        return
    study = design.source.study
    sample: list[tuple[float, ...]] = [()]
    if design.sampled:
        found = unit_samples(study.sampling, len(design.sampled), study.seed)
        sample = [tuple(float(share) for share in row) for row in found]
    for picked in product(*(range(len(axis.levels)) for axis in design.grid)):
        fixed = tuple(axis.levels[i] for axis, i in zip(design.grid, picked, strict=True))
        words = [f"{a.name} {level.label}" for a, level in zip(design.grid, fixed, strict=True)]
        for count, shares in enumerate(sample, start=1):
            drawn = tuple(axis.level(share) for axis, share in zip(design.sampled, shares, strict=True))
            name = ", ".join([*words, *([f"sample {count}"] if shares else [])])
            yield GRID, name, (*fixed, *drawn), picked, shares


def _one_at_a_time(rows: Sequence[RowRange], first: int) -> Iterator[Scenario]:
    yield Scenario(first, ONE, "base", (("varied", "base"), ("level", "base")), ())
    for index, row in enumerate(rows):
        for step, (level, value) in enumerate((("low", row.low), ("high", row.high))):
            values: Values = (("varied", row.name), ("level", level), ("value", value))
            name = f"{row.name} {level} {written(value)}"
            yield Scenario(first + 1 + 2 * index + step, ONE, name, values, ((row.path, value),))
