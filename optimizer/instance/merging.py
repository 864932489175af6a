"""One layer of raw data laid upon another, and single values put into it by path.

Tables merge key by key, lists and all else are replaced. Nothing here knows which keys are allowed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from exasite.errors import did_you_mean, nearest, shown
from exasite.instance.places import dotted

_ONE_OF = ("maximize", "minimize")
_BARE_LIST = re.compile(r"^\[[A-Za-z0-9_\-, ]*\]$")


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid upon `base`: tables key by key, everything else replaced.

    Naming an objective drops the one below with its weights: an instance has one objective.
    """
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if key == "objective" and isinstance(value, Mapping) and isinstance(below, Mapping):
            below = _objective_below(below, value)
        if isinstance(value, Mapping) and isinstance(below, Mapping) and key != "weights":
            result[key] = merged(below, value)
        else:
            result[key] = merged({}, value) if isinstance(value, Mapping) else value
    return result


def _objective_below(below: Mapping[str, Any], over: Mapping[str, Any]) -> Mapping[str, Any]:
    if not any(key in over for key in _ONE_OF):
        return below
    dropped = (*_ONE_OF, *(("weights",) if over.get("maximize") != "efficiency" else ()))
    return {key: value for key, value in below.items() if key not in dropped}


def parse_set(text: str) -> tuple[list[str], Any]:
    """Path and value of one "path=value". The value is TOML; what is no TOML is taken as a bare word.

    An empty value removes the key. Raises ValueError.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError("expected path=value, as in --set limit.capex_usd=5e9")
    try:
        path = _key_parts(tomllib.loads(f"{key.strip()} = 0"))
    except (ValueError, RecursionError):
        path = []
    if not path or "\n" in key:
        raise ValueError(f"{shown(key)} is not a path like limit.capex_usd or sites.0.grid_limit_mw")
    return path, _parsed_value(value.strip())


def _key_parts(table: dict[str, Any]) -> list[str]:
    parts = []
    while isinstance(table, dict):
        if len(table) != 1:
            return []
        ((part, table),) = table.items()
        parts.append(part)
    return parts


def _parsed_value(text: str) -> Any:
    if not text:
        return None
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        if _BARE_LIST.match(text):  # quotes are awkward in a shell: [H100-SXM, B200-SXM] will do
            return [word.strip() for word in text[1:-1].split(",") if word.strip()]
        return text
    return parsed["value"] if len(parsed) == 1 else text


def assign(data: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Put a value at a path of merged data (the containers on the way are copied). None removes the key."""
    container: Any = data
    for depth, part in enumerate(path[:-1]):
        where = dotted(tuple(path[: depth + 1]))
        key = _index(container, part, where) if isinstance(container, list) else part
        inner = {} if isinstance(container, dict) and key not in container else container[key]
        if not isinstance(inner, dict | list | tuple):
            raise ValueError(f"{where} is {shown(inner)}, which has no keys; set {where} itself")
        container[key] = dict(inner) if isinstance(inner, dict) else list(inner)
        container = container[key]
    last = path[-1]
    if isinstance(container, list):
        container[_index(container, last, dotted(tuple(path)))] = value
    elif value is None:
        if last not in container:
            near = did_you_mean(last, [str(key) for key in container])
            raise ValueError(f"nothing to remove here; {near}" if near else "nothing to remove here")
        del container[last]
    else:
        if path[0] == "objective" and last in _ONE_OF and len(path) == 2:
            kept = _objective_below(container, {last: value})
            for key in [key for key in container if key not in kept]:
                del container[key]
        container[last] = value


def _index(entries: Sequence[Any], part: str, where: str) -> int:
    """Position in a list: a number, or the id or name of a table in it."""
    names = [str(entry.get("name") or entry.get("id")) for entry in entries if isinstance(entry, dict)]
    ids = [str(entry.get("id")) if isinstance(entry, dict) else "" for entry in entries]
    if part.isascii() and part.isdigit() and len(part) < 7 and int(part) < len(entries):
        return int(part)
    for known in (names, ids):
        if part in known and len(known) == len(entries):
            return known.index(part)
    near = nearest(part, names + ids)
    hint = f"; did you mean {near}?" if near else ""
    raise ValueError(f"{where}: the list has {len(entries)} of them, numbered from 0{hint}")
