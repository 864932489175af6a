"""What may be kept from one question to the next: results of pure functions, named by all that goes into them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

_MOST_ENTRIES = 1000
Found = TypeVar("Found")


@dataclass
class Memory:
    """Results by name, the oldest dropped first. A name is made of everything the result depends on."""

    entries: OrderedDict[str, Any] = field(default_factory=OrderedDict)
    most: int = _MOST_ENTRIES

    def recall(self, name: str, compute: Callable[[], Found], *, keep: Callable[[Found], bool] = bool) -> Found:
        """The result of this name, computed if it is not known; kept only if `keep` says that it is final."""
        if name in self.entries:
            self.entries.move_to_end(name)
            known: Found = self.entries[name]
            return known
        found = compute()
        if keep(found):
            self.entries[name] = found
            while len(self.entries) > self.most:
                self.entries.popitem(last=False)
        return found


def fingerprint(*parts: Any) -> str:
    """A name for values: numbers, texts, arrays, records and containers of them, equal exactly if they are equal."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        _feed(digest, part)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"a{value.shape}{value.dtype}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        digest.update(f"d{type(value).__name__}".encode())
        for entry in fields(value):
            _feed(digest, getattr(value, entry.name))
    elif isinstance(value, Mapping):
        digest.update(f"m{len(value)}".encode())
        for key, inner in value.items():
            _feed(digest, key)
            _feed(digest, inner)
    elif isinstance(value, list | tuple | set | frozenset):
        ordered = sorted(value) if isinstance(value, set | frozenset) else value
        digest.update(f"l{len(ordered)}".encode())
        for inner in ordered:
            _feed(digest, inner)
    elif value is None or isinstance(value, str | int | float | bool | np.generic):
        digest.update(f"v{type(value).__name__}{value!r};".encode())
    else:
        raise TypeError(f"a {type(value).__name__} has no fingerprint")
