"""Places in a TOML text: on which line a key stands, found by a small scan of the text.

The scan reads table headers and `key = value` lines. It is for messages only: what it does not find
(keys inside an inline table, odd quoting) falls back to the line of the nearest enclosing key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

KeyPath = tuple[str | int, ...]

_PART = re.compile(r"""\s*(?:"([^"\n]*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))\s*(\.|$)""")
_HEADER = re.compile(r"^\s*(\[\[?)([^\[\]]+)\]")
_KEY = re.compile(r"""^\s*((?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_.\- ])+?)\s*=""")


def touch(path: KeyPath, places: Iterable[KeyPath]) -> bool:
    """Whether one of the places lies at, above or below `path`."""
    return any(path[: len(place)] == place or place[: len(path)] == path for place in places)


def dotted(path: KeyPath) -> str:
    """A path as `--set` writes it: sites.0.grid_limit_mw"""
    return ".".join(str(part) for part in path)


def _parts(key: str) -> list[str]:
    parts, position = [], 0
    while position < len(key):
        match = _PART.match(key, position)
        if match is None:
            return []
        parts.append(next(group for group in match.groups()[:3] if group is not None))
        position = match.end()
    return parts


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Line number (from 1) of every table header and key of a TOML text that the scan can see."""
    lines: dict[KeyPath, int] = {}
    entries: dict[KeyPath, int] = {}  # arrays of tables: index of the entry being read
    table: KeyPath = ()
    quote = ""  # the kind of multi-line string the scan is inside of
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:
            quote = "" if quote in line else quote
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            table = _located(_parts(header[2].strip()), entries)
            if header[1] == "[[":
                entries[table] = entries.get(table, -1) + 1
                table = (*table, entries[table])
            lines.setdefault(table, number)
        elif key and (parts := _parts(key[1].strip())):
            for depth in range(1, len(parts) + 1):
                lines.setdefault((*table, *parts[:depth]), number)
        for mark in ('"""', "'''"):
            if line.count(mark) % 2:
                quote = mark
    return lines


def _located(parts: list[str], entries: Mapping[KeyPath, int]) -> KeyPath:
    """A header's parts as a path, with the index of the current entry of every array of tables passed."""
    path: KeyPath = ()
    for depth, part in enumerate(parts):
        path = (*path, part)
        if path in entries and depth < len(parts) - 1:
            path = (*path, entries[path])
    return path


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """Line of a path, or of its nearest enclosing key; None if the text shows neither."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in lines:
            return lines[path[:depth]]
    return None
