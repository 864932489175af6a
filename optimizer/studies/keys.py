"""The key of a scenario: a hash of everything its answer depends on. Cache, resume and deduplication in one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exasite.errors import InputError
from exasite.instance.loading import load_instance
from exasite.studies.base import Change, changed
from exasite.studies.store import Outcome


@dataclass(frozen=True)
class Keyed:
    """A scenario's key, or the outcome of one whose input is bad and that needs no solving."""

    key: str
    bad: Outcome | None = None


class KeyMaker:
    """Keys for variants of one base, under fixed conditions: catalogue, version, gap, time limit and seed."""

    def __init__(self, data: Mapping[str, Any], gap: float, time_limit_s: float, seed: int) -> None:
        import exasite
        from exasite.models.catalog import load_catalog

        self._data = data
        self._conditions = [load_catalog().digest, exasite.__version__, repr(gap), repr(time_limit_s), repr(seed)]

    def key(self, changes: Iterable[Change]) -> Keyed:
        """Key of the base with changes."""
        variant: Mapping[str, Any] = self._data
        changes = tuple(changes)
        try:
            variant = changed(self._data, changes)
            loaded = load_instance(variant)
        except (InputError, ValueError) as error:
            reason = "; ".join(str(p) for p in error.problems) if isinstance(error, InputError) else str(error)
            key = self._hash(json.dumps([variant, changes], sort_keys=True, default=str))
            return Keyed(key, Outcome(key, "bad_input", reason[:500], {}, 0.0))
        return Keyed(self._hash(loaded.sha256))

    def _hash(self, content: str) -> str:
        return hashlib.sha256("\n".join([content, *self._conditions]).encode()).hexdigest()
