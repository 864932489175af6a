"""Axes of a study resolved against its base: levels with the changes they make, or distributions of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exasite.errors import did_you_mean, shown
from exasite.instance.findings import Finding
from exasite.instance.places import KeyPath
from exasite.instance.quantities import written
from exasite.models.catalog import Catalog, Row
from exasite.studies.allowed import allowed_rows
from exasite.studies.base import Base, Change, parts_of
from exasite.studies.distributions import Draw, draw
from exasite.studies.schema import ALL_ROWS, ALLOWED_ROWS, Axis, Steps

_DIGITS = 12  # of every number a study makes: the same on all machines, and readable
_TIMES = "x base"
_UNIT_WORDS = re.compile(r"(?<=[a-z])_(usd(_per_\w+)?|mw|kw|w|years|months|hours|weeks|s|celsius|kelvin|acres)$")


@dataclass(frozen=True)
class Level:
    """One value of an axis: what it is called, its number (or word) in the table, and the changes it makes."""

    label: str
    value: float | str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class LevelAxis:
    """An axis of a grid. `paths` tell how expensive its changes are."""

    name: str
    unit: str
    levels: tuple[Level, ...]
    paths: tuple[str, ...]

    @property
    def is_numeric(self) -> bool:
        return all(isinstance(level.value, float) for level in self.levels)


@dataclass(frozen=True)
class SampledAxis:
    """A number with a distribution, put at one or several paths, times `bases` where it is relative."""

    name: str
    unit: str
    paths: tuple[str, ...]
    bases: tuple[float, ...] | None
    draw: Draw
    whole: bool = False

    def level(self, share: float) -> Level:
        """The level at a quantile between 0 and 1."""
        number = rounded(self.draw.quantile(share))
        value = float(round(number)) if self.whole else number
        factors = self.bases or (1.0,) * len(self.paths)
        changes = tuple((path, rounded(value * base)) for path, base in zip(self.paths, factors, strict=True))
        shown_value = changes[0][1] if self.bases is not None and len(self.paths) == 1 else value
        return Level(written(shown_value), shown_value, changes)


@dataclass(frozen=True)
class RowRange:
    """A catalogue row that has a range, for one-at-a-time runs."""

    path: str
    name: str
    unit: str
    low: float
    base: float
    high: float


def rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def number_of(value: Any) -> Any:
    """A value for the record: whole floats stay floats, bools stay bools."""
    return rounded(value) if isinstance(value, float) else value


def row_path(name: str) -> str:
    """Path of a catalogue row, which may be written with or without "catalog."."""
    return name if name.startswith("catalog.") else f"catalog.{name}"


def ranged_rows(base: Base, rows: Sequence[tuple[str, str, str]]) -> tuple[RowRange, ...]:
    """Of catalogue rows (table, item, field) those that have a range and that the instance itself does not replace."""
    catalog, found = base.loaded.catalog, []
    for key in rows:
        if not catalog.has(*key) or base.is_given(*key):
            continue
        row = catalog.row(*key)
        if not row.is_text and row.low < row.high:
            path, name = "catalog." + ".".join(key), row_name(row, catalog)
            found.append(RowRange(path, name, _unit(row), row.low, row.base, row.high))
    return tuple(found)


def row_name(row: Row, catalog: Catalog) -> str:
    """A row in words; with its unit or its table where another row would be called the same."""
    words = in_words(row.field)
    if sum(in_words(field) == words for field in catalog.fields(row.table, row.item)) > 1:
        words = row.field.replace("_", " ")
    alike = [t for t in catalog.tables if catalog.has(t, row.item, row.field)]
    return f"{row.item} {words}" if len(alike) == 1 else f"{row.table} {row.item} {words}"


def in_words(field: str) -> str:
    """The name of a key without its unit: energy_price_usd_per_mwh is energy price."""
    return _UNIT_WORDS.sub("", field).replace("_", " ") or field


def _unit(row: Row) -> str:
    return "" if row.unit == "1" else row.unit


def is_whole(row: Row) -> bool:
    """Whether a number of the catalogue counts something: bounds of the planner of parallel splits."""
    return row.field.startswith("max_") and all(float(v).is_integer() for v in (row.low, row.base, row.high))


class AxisReader:
    """Resolves the axes of a study; what is wrong with them is gathered in `findings`."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self.findings: list[Finding] = []

    def read(self, axis: Axis, index: int, all_rows: Sequence[RowRange]) -> Iterator[LevelAxis | SampledAxis]:
        """The axes that one entry of the file stands for: several for `rows`."""
        place: KeyPath = ("axes", index)
        before = len(self.findings)
        self._check_shape(axis, place)
        if len(self.findings) > before:
            return
        if axis.sites is not None:
            yield from self._sites(axis, place)
        elif axis.rows is not None:
            yield from self._rows(axis, place, all_rows)
        else:
            key = "path" if axis.path is not None else "paths"
            paths = (axis.path,) if axis.path is not None else axis.paths or ()
            if self._paths_are_known(paths, (*place, key)):
                yield from self._of_paths(axis, place, paths)

    def _say(self, place: KeyPath, message: str, fix: str = "") -> None:
        self.findings.append(Finding(place, message, fix))

    def _check_shape(self, axis: Axis, place: KeyPath) -> None:
        what = [key for key in ("path", "paths", "rows", "sites") if getattr(axis, key) is not None]
        how = [key for key in ("values", "factors", "range", "distribution") if getattr(axis, key) is not None]
        if len(what) != 1:
            said = " and ".join(what) or "none of them"
            self._say(place, f"expected one of path, paths, rows and sites, got {said}", "say once what is varied")
        if what == ["sites"]:
            for key in how:
                self._say((*place, key), "has no meaning for sites", "remove it")
        elif what == ["rows"] and how not in ([], ["distribution"]):
            self._say(place, "rows are sampled between low and high of the catalogue", "leave values and range out")
        elif what and what != ["rows"] and len(how) != 1:
            said = " and ".join(how) or "none of them"
            message = f"expected one of values, factors, range and distribution, got {said}"
            self._say(place, message, "say once which values it takes")
        if axis.relative and (axis.factors is not None or axis.values is not None):
            self._say((*place, "relative"), "is for range and distribution", "write factors for multiples of the base")

    def _paths_are_known(self, paths: Sequence[str], place: KeyPath) -> bool:
        problems = [(path, found) for path in paths if (found := self._base.path_problem(path))]
        for path, (message, fix) in problems:
            self._say(place, f"{path}: {message}", fix)
        return not problems

    def _sites(self, axis: Axis, place: KeyPath) -> Iterator[LevelAxis]:
        known = self._base.loaded.catalog.items("sites")
        unknown = [site for site in axis.sites or () if site not in known]
        for site in unknown:
            self._say((*place, "sites"), f"the catalogue has no site {shown(site)}", did_you_mean(site, known))
        if not self._base.loaded.instance.sites:
            self._say((*place, "sites"), "the base has no site that could be replaced", "give the base a [[sites]]")
        elif not unknown:
            sites = axis.sites or ()
            names = self._labels(axis, place, sites)
            levels = tuple(Level(name, site, (("sites.0.id", site),)) for name, site in zip(names, sites, strict=True))
            yield LevelAxis(axis.name or "site", "", levels, ("sites.0.id",))

    def _labels(self, axis: Axis, place: KeyPath, values: Sequence[Any]) -> Sequence[str]:
        if axis.labels is None:
            return [_text(value) for value in values]
        if len(axis.labels) != len(values):
            self._say((*place, "labels"), f"has {len(axis.labels)} names for {len(values)} values", "name each value")
            return [_text(value) for value in values]
        return axis.labels

    def _rows(self, axis: Axis, place: KeyPath, all_rows: Sequence[RowRange]) -> Iterator[SampledAxis]:
        if axis.distribution is not None and axis.distribution.kind not in ("catalog", "uniform"):
            message = "rows take their low and high from the catalogue: catalog (triangular) or uniform"
            self._say((*place, "distribution", "kind"), message)
            return
        for row in self.named_rows(axis.rows or (), (*place, "rows"), all_rows):
            parts = (row.low, row.base, row.high)
            uniform = axis.distribution is not None and axis.distribution.kind == "uniform"
            how = Draw("uniform", parts) if uniform else Draw("triangular", parts)
            found = self._base.row(row.path)
            yield SampledAxis(row.name, row.unit, (row.path,), None, how, found is not None and is_whole(found))

    def named_rows(self, names: Sequence[str], place: KeyPath, all_rows: Sequence[RowRange]) -> tuple[RowRange, ...]:
        """Rows by name; "all" are those of the base design, "allowed" also of its rivals; all with a range."""
        found: dict[str, RowRange] = {}
        for name in names:
            if name == ALL_ROWS:
                found |= {row.path: row for row in all_rows}
                continue
            if name == ALLOWED_ROWS:
                more = ranged_rows(self._base, allowed_rows(self._base))
                found |= {row.path: row for row in (*all_rows, *more)}
                continue
            path = row_path(name)
            if problem := self._base.path_problem(path):
                self._say(place, f"{name}: {problem[0]}", problem[1])
                continue
            _, table, item, field = parts_of(path)
            ranged = ranged_rows(self._base, [(table, item, field)])
            if ranged:
                found[ranged[0].path] = ranged[0]
            elif self._base.is_given(table, item, field):
                self._say(place, f"{name} is set by the site of the base, so the catalogue's is not used",
                          f"vary sites.0.{field}")  # fmt: skip
            else:
                self._say(place, f"{name} has no range in the catalogue", "give an axis with values or a range")
        return tuple(found.values())

    def _of_paths(self, axis: Axis, place: KeyPath, paths: Sequence[str]) -> Iterator[LevelAxis | SampledAxis]:
        relative = axis.relative or axis.factors is not None
        bases = self._bases(paths, place) if relative else None
        if relative and bases is None:
            return
        name = axis.name or self._name(paths)
        unit = axis.unit or (_TIMES if bases and len(paths) > 1 else self._base.unit(paths[0]))
        if axis.distribution is not None:
            row = self._base.row(paths[0]) if len(paths) == 1 else None
            how = draw(axis.distribution, row)
            if isinstance(how, str):
                self._say((*place, "distribution"), how)
                return
            yield SampledAxis(name, unit, tuple(paths), bases, how, row is not None and is_whole(row))
            return
        given: Sequence[Any] = axis.values or axis.factors or self._steps(axis.range, place)
        values = [number_of(value) for value in given]
        levels, single = [], bases is not None and len(paths) == 1
        shown_values = [rounded(value * bases[0]) for value in values] if single and bases else values
        for value, label, said in zip(values, self._labels(axis, place, shown_values), shown_values, strict=True):
            numbers = [value] * len(paths) if bases is None else [rounded(value * base) for base in bases]
            changes = tuple(zip(paths, numbers, strict=True))
            levels.append(Level(label, _table_value(said, label), changes))
        yield LevelAxis(name, unit, tuple(levels), tuple(paths))

    def _bases(self, paths: Sequence[str], place: KeyPath) -> tuple[float, ...] | None:
        values = [self._base.value(path) for path in paths]
        bad = [p for p, v in zip(paths, values, strict=True) if isinstance(v, bool) or not isinstance(v, int | float)]
        for path in bad:
            self._say(place, f"{path} has no number in the base to multiply", "give values instead of factors")
        return None if bad else tuple(float(value) for value in values)

    def _name(self, paths: Sequence[str]) -> str:
        row = self._base.row(paths[0])
        if row is not None:
            return row_name(row, self._base.loaded.catalog)
        parts = [part for part in parts_of(paths[0]) if part not in ("min", "max", "exact")]
        return in_words(parts[-1])

    def _steps(self, steps: Steps | None, place: KeyPath) -> list[float]:
        assert steps is not None  # one of four, checked by _check_shape
        if steps.scale == "linear":
            return [rounded(value) for value in np.linspace(steps.from_, steps.to, steps.steps)]
        if steps.from_ <= 0 or steps.to <= 0:
            self._say((*place, "range"), "a log scale needs numbers above 0", 'use scale = "linear"')
            return []
        return [rounded(value) for value in np.geomspace(steps.from_, steps.to, steps.steps)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return written(value)
    if isinstance(value, list | tuple):
        return " ".join(_text(entry) for entry in value)
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_text(entry)}" for key, entry in value.items())
    return str(value)


def _table_value(value: Any, label: str) -> float | str:
    """Numbers stay numbers in the table, whatever they are called; all else goes by its label."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return label
    return float(value)
