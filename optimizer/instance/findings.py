"""A problem of an instance before it is known which file and line it stands in."""

from __future__ import annotations

from dataclasses import dataclass

from exasite.instance.places import KeyPath


@dataclass(frozen=True)
class Finding:
    """What is wrong at a key, and how to put it right."""

    path: KeyPath
    message: str
    fix: str = ""
