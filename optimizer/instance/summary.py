"""What an instance asks for, in a few lines a user can check at a glance."""

from __future__ import annotations

from typing import Any

from exasite.instance.loading import LoadedInstance
from exasite.instance.quantities import written


def summary(loaded: LoadedInstance) -> dict[str, Any]:
    """The document of `exasite check`: words, and lists of words."""
    instance = loaded.instance
    load, objective = instance.workload, instance.objective
    model = load.model if isinstance(load.model, str) else load.model.name
    weights = objective.weights
    choices = instance.choices.model_dump(exclude_none=True)
    return {
        "status": "ok",
        "name": instance.name,
        "sha256": loaded.sha256,
        "catalog_sha256": loaded.catalog.digest,
        "question": instance.question,
        "workload": f"{load.kind} of {model}" + (f" in {load.precision}" if load.precision else ""),
        "objective": ("maximize " if objective.is_maximized else "minimize ")
        + objective.kind
        + (f" (capex {weights.capex:g}, watts {weights.watts:g})" if weights else ""),
        "require": _given(instance.require.model_dump(exclude_none=True)),
        "limit": _given(instance.limit.model_dump(exclude_none=True)),
        "choices": [f"{key}: {' '.join(ids)}" for key, ids in choices.items()],
        "sites": [site.key for site in instance.sites],
        "overrides": [
            f"{table}.{item}.{field} = {value}"
            for table, items in instance.catalog.items()
            for item, fields in items.items()
            for field, value in fields.items()
        ],
    }


def _given(section: dict[str, Any]) -> list[str]:
    """Keys of a section with their values; a range as `min 5 max 9`, an exact number as itself."""
    texts = []
    for key, value in section.items():
        bounds = value if isinstance(value, dict) else {"exact": value}
        words = [("" if word == "exact" else f"{word} ") + _text(bound) for word, bound in bounds.items()]
        texts.append(f"{key} {' '.join(words)}")
    return texts


def _text(value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:,.0f}" if 1e3 <= value < 1e9 and float(value).is_integer() else written(value)
    return str(value)
