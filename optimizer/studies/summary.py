"""What a study varies, in a few lines a user can check before anything is solved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exasite.instance.quantities import written
from exasite.models.catalog import load_catalog
from exasite.studies.axes import LevelAxis, SampledAxis
from exasite.studies.running import read_and_resolve
from exasite.studies.scenarios import needs_design_rows

_MOST_SHOWN = 8


def study_summary(source: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """The document of `exasite check` for a study. Raises InputError with every problem."""
    study, base, design = read_and_resolve(source)
    known = study.study
    unknown = needs_design_rows(study)
    count = "known once the base is solved: all rows of its design are varied" if unknown else f"{design.count:,}"
    return {
        "status": "ok",
        "name": known.name,
        "sha256": study.sha256,
        "catalog_sha256": load_catalog().digest,
        "question": known.question,
        "base": base.loaded.instance.name,
        "set": [f"{path} = {value}" for path, value in known.set.items()],
        "scenarios": count,
        "axes": [*map(_axis, design.grid), *map(_axis, design.sampled)],
        "sampling": f"{known.sampling.method}, {known.sampling.samples:,} samples" if _samples(known.axes) else "",
        "one_at_a_time": list(known.one_at_a_time.rows) if known.one_at_a_time else [],
        "listed": [scenario.name for scenario in known.scenarios],
    }


def _samples(axes: Any) -> bool:
    return any(axis.rows is not None or axis.distribution is not None for axis in axes)


def _axis(axis: LevelAxis | SampledAxis) -> str:
    unit = f" [{axis.unit}]" if axis.unit else ""
    if isinstance(axis, SampledAxis):
        numbers = " ".join(written(number) for number in axis.draw.numbers)
        return f"{axis.name}{unit}: {axis.draw.kind} {numbers}"
    labels = [level.label for level in axis.levels]
    more = f" ... ({len(labels)} values)" if len(labels) > _MOST_SHOWN else ""
    return f"{axis.name}{unit}: {' | '.join(labels[:_MOST_SHOWN])}{more}"
