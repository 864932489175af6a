"""The base of a study: its raw data for variants, its checked instance, and what a path means in it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from exasite.errors import InputError, Problem, did_you_mean
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.instance.merging import assign, parse_set
from exasite.instance.places import KeyPath
from exasite.instance.reading import read
from exasite.instance.shipped import shipped_names
from exasite.instance.validating import known_keys, unit_of
from exasite.models.catalog import Row
from exasite.studies.reading import StudySource

Change = tuple[str, Any]  # a dotted path and its value
_SITE_FILES = ("weather_file", "price_file", "solar_file", "wind_file")
_OF_MODEL = ("batch_tokens", "sequence_length")  # taken from the model where the workload does not say


@dataclass(frozen=True)
class Base:
    """`data` is what variants are made from: all keys after `extends` and the study's `[set]`, files by full path."""

    data: Mapping[str, Any]
    loaded: LoadedInstance

    def with_changes(self, changes: Iterable[Change]) -> dict[str, Any]:
        """Raw data of a variant. Raises ValueError for a path that leads nowhere."""
        return changed(self.data, changes)

    @cached_property
    def _values(self) -> dict[str, Any]:
        return self.loaded.instance.model_dump()

    def row(self, path: str) -> Row | None:
        """The catalogue row a path stands for, with the overrides of the base; None if it is none."""
        parts = parts_of(path)
        known = len(parts) == 4 and parts[0] == "catalog" and self.loaded.catalog.has(*parts[1:])
        return self.loaded.catalog.row(*parts[1:]) if known else None

    def path_problem(self, path: str) -> tuple[str, str] | None:
        """Why a path leads to no key, and the nearest one; None if it is right."""
        try:
            parts = parts_of(path)
        except ValueError as error:
            return str(error), ""
        if parts[0] == "catalog":
            return self._row_problem(parts)
        try:
            assign(copy.copy(dict(self.data)), parts, 0)
        except ValueError as error:
            return str(error), ""
        place: KeyPath = ()
        for part in parts:
            if place == ("sites",):
                place = ("sites", 0)
                continue
            known = known_keys(place)
            if part not in known:
                return f"unknown key {part}", did_you_mean(part, (*known, "catalog") if not place else known)
            place = (*place, part)
        return None

    def _row_problem(self, parts: list[str]) -> tuple[str, str] | None:
        if len(parts) != 4:
            return "expected catalog.TABLE.ITEM.FIELD", "as in catalog.accelerators.H100-SXM.price_usd"
        try:
            self.loaded.catalog.row(*parts[1:])
        except KeyError as error:
            return str(error.args[0]), ""
        return None

    def value(self, path: str) -> Any:
        """What the base has at a path; for a site and the model also what the catalogue says. None if nothing."""
        parts = parts_of(path)
        if row := self.row(path):
            return row.text if row.is_text else row.base
        data: Any = self._values
        for part in parts:
            if isinstance(data, list | tuple):
                data = data[self._site(part)]
            else:
                data = data.get(part) if isinstance(data, dict) else None
        if isinstance(data, dict) and data.get("exact") is not None:
            data = data["exact"]
        if data is None:
            data = self._catalogue_value(parts)
        return data

    def _site(self, part: str) -> int:
        keys = [site.key for site in self.loaded.instance.sites]
        return int(part) if part.isdigit() else keys.index(part)

    def _catalogue_value(self, parts: list[str]) -> Any:
        catalog, instance = self.loaded.catalog, self.loaded.instance
        key: tuple[str, str, str] = ("", "", "")
        if parts[0] == "sites" and len(parts) == 3:
            key = ("sites", instance.sites[self._site(parts[1])].base_id, parts[2])
        elif parts[0] == "workload" and parts[-1] in _OF_MODEL and isinstance(instance.workload.model, str):
            key = ("models", instance.workload.model, parts[-1])
        return catalog.value(*key) if catalog.has(*key) else None

    def unit(self, path: str) -> str:
        """Unit of the number at a path, empty if it has none."""
        if row := self.row(path):
            return "" if row.unit in ("1", "text") else row.unit
        place = tuple(0 if i == 1 and parts[0] == "sites" else p for parts in [parts_of(path)]
                      for i, p in enumerate(parts))  # fmt: skip
        unit = unit_of(place)
        return "" if unit == "1" else unit

    def is_given(self, table: str, item: str, field: str) -> bool:
        """Whether the instance itself says a site's value, so that the catalogue's is not used."""
        sites = self.loaded.instance.sites
        return table == "sites" and any(s.base_id == item and field in s.site_values for s in sites)


def parts_of(path: str) -> list[str]:
    """A dotted path in parts. Raises ValueError if it is none."""
    if path.isascii() and '"' not in path and "'" not in path and path.strip():
        parts = path.strip().split(".")
        if all(part and part.replace("-", "a").replace("_", "a").isalnum() for part in parts):
            return parts  # the usual case, without a parser
    return parse_set(f"{path}=0")[0]


def changed(data: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """A copy of raw data with values put at paths; what is not changed is shared."""
    variant = dict(data)
    for path, value in changes:
        assign(variant, parts_of(path), copy.deepcopy(value))
    return variant


def load_base(source: StudySource) -> Base:
    """The base instance of a study with its `[set]`. Raises InputError with every problem."""
    study = source.study
    name: str | Path = study.base
    if study.base not in shipped_names():
        name = source.folder / study.base
    try:
        raw = read(name)
    except InputError as error:
        raise InputError([source.problem(("base",), p.message, p.fix) if not p.source else p
                          for p in error.problems]) from None  # fmt: skip
    data = {key: value for key, value in raw.data.items() if key != "extends"}
    first = raw.layers[0].path
    data.setdefault("name", first.stem if first else "unnamed")
    data = _absolute(data)
    base = Base(data, load_instance(data))
    problems = []
    for path, value in study.set.items():
        if found := base.path_problem(path):
            problems.append(source.problem(("set", path), *found))
            continue
        try:
            data = changed(data, [(path, value)])
        except ValueError as error:
            problems.append(source.problem(("set", path), str(error)))
    if problems:
        raise InputError(problems)
    try:
        return Base(data, load_instance(data))
    except InputError as error:
        raise InputError([_placed(source, problem) for problem in error.problems]) from None


def _placed(source: StudySource, problem: Problem) -> Problem:
    """A problem of the base with the study's changes, placed where the study says it."""
    for path in source.study.set:
        if problem.place.startswith(path) or path.startswith(problem.place):
            return source.problem(("set", path), problem.message, problem.fix)
    return problem


def _absolute(data: dict[str, Any]) -> dict[str, Any]:
    """Files of the sites by full path: workers may stand in other folders."""
    sites = data.get("sites")
    if not isinstance(sites, list | tuple):
        return data
    return {**data, "sites": [
        {key: str(Path(value).resolve()) if key in _SITE_FILES else value for key, value in site.items()}
        for site in sites
    ]}  # fmt: skip
