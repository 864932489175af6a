"""`load_instance`: the one way from a source to a checked instance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exasite.errors import InputError, Problem, did_you_mean, shown
from exasite.instance.checking import check
from exasite.instance.findings import Finding
from exasite.instance.places import touch
from exasite.instance.reading import Raw, read
from exasite.instance.schema import Instance, ObjectiveSection, Weights
from exasite.instance.site_checks import FILE_KEYS
from exasite.instance.validating import validate
from exasite.models.catalog import LIKE, Catalog, CatalogError, load_catalog
from exasite.models.levers import LEVER_IDS, scaled

EVEN_WEIGHT = 0.5  # of capex and of watts, where the instance gives none


@dataclass(frozen=True)
class LoadedInstance:
    """A checked instance, the catalogue with its overrides applied, and the hash that names both in results.

    `sha256` covers all keys after `extends` and `--set`, defaults included, and the content of the files the
    sites name; it depends neither on where files lie nor on how the TOML is written. `path` is None for a
    dictionary.
    """

    instance: Instance
    sha256: str
    path: Path | None
    catalog: Catalog


def load_instance(
    source: str | Path | Mapping[str, Any] | Instance,
    sets: Sequence[str] = (),
    *,
    catalog: Catalog | None = None,
) -> LoadedInstance:
    """Read, merge and check an instance.

    `source` is a shipped name, a TOML file, a dictionary of the same shape, or an Instance; `sets` are
    "path=value" texts applied last (see `merging.parse_set`); `catalog` replaces the shipped one.
    A shipped name wins over a file of the same name without ".toml".
    Raises InputError with every problem found.
    """
    data = source.model_dump(exclude_none=True) if isinstance(source, Instance) else source
    try:
        return _load(data, sets, load_catalog() if catalog is None else catalog)
    except RecursionError:
        label = str(source) if isinstance(source, str | Path) else ""
        raise InputError([Problem("", "the values are nested too deeply", source=label)]) from None


def _load(source: str | Path | Mapping[str, Any], sets: Sequence[str], catalog: Catalog) -> LoadedInstance:
    raw = read(source, sets)
    validated = validate(raw.data)
    findings = list(validated.findings)
    if validated.instance is not None:
        catalog, override_findings = _overridden(catalog, validated.instance)
        bad = [finding.path for finding in findings]  # taken out: a check there speaks of what nobody wrote
        later = [*override_findings, *check(validated.instance, catalog)]
        findings += [finding for finding in later if not touch(finding.path, bad)]
    if findings or raw.problems or validated.instance is None:
        problems = [raw.problem(finding.path, finding.message, finding.fix) for finding in findings]
        problems += raw.problems
        raise InputError(sorted(problems, key=lambda problem: (problem.source, problem.line or 0)))
    instance = _completed(validated.instance, raw)
    return LoadedInstance(instance, _digest(instance), raw.layers[0].path, catalog)


def _overridden(catalog: Catalog, instance: Instance) -> tuple[Catalog, list[Finding]]:
    """The catalogue with the instance's numbers; what cannot be replaced is reported and left as it is."""
    factors = {key: factor for key, factor in instance.scale.items() if key in LEVER_IDS}
    findings = [
        Finding(("scale", key), f"no lever is called {shown(key)}", did_you_mean(key, LEVER_IDS))
        for key in instance.scale
        if key not in LEVER_IDS
    ]
    try:
        return scaled(catalog.override(instance.catalog), factors), findings
    except CatalogError:
        for table, items in instance.catalog.items():
            for item, values in items.items():
                for field, value in values.items():
                    try:
                        change = {field: value} if LIKE not in values else {LIKE: values[LIKE], field: value}
                        catalog.override({table: {item: change}})
                    except CatalogError as error:
                        message = error.problems[0].removeprefix(f"catalog.{table}.{item}.{field}: ")
                        findings.append(Finding(("catalog", table, item, field), message))
        return scaled(_applicable(catalog, instance), factors), findings


def _applicable(catalog: Catalog, instance: Instance) -> Catalog:
    """The catalogue with those items of the instance that can be replaced."""
    for table, items in instance.catalog.items():
        for item, values in items.items():
            with suppress(CatalogError):
                catalog = catalog.override({table: {item: values}})
    return catalog


def _completed(instance: Instance, raw: Raw) -> Instance:
    """Defaults that depend on other keys: the name of the file, the objective and its weights."""
    objective = instance.objective
    if objective.kind == "efficiency":
        given = objective.weights or Weights()
        capex = given.capex
        if capex is None:
            capex = EVEN_WEIGHT if given.watts is None else 1.0 - given.watts
        weights = Weights(capex=capex, watts=1.0 - capex if given.watts is None else given.watts)
        objective = ObjectiveSection(maximize="efficiency", weights=weights, count_delay=objective.count_delay)
    changes: dict[str, Any] = {"objective": objective}
    path = raw.layers[0].path
    if "name" not in instance.model_fields_set and path is not None:
        changes["name"] = path.stem
    return instance.model_copy(update=changes)


def _digest(instance: Instance) -> str:
    content = instance.model_dump(mode="json", exclude={"extends"})
    for site in content["sites"]:
        for key in FILE_KEYS:
            if site[key] is not None:
                site[key] = hashlib.sha256(Path(site[key]).read_bytes()).hexdigest()
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
