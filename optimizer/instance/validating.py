"""From raw data to the frozen Instance: what the record refuses becomes findings a user can act on."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from exasite.errors import did_you_mean, nearest, shown
from exasite.instance.findings import Finding
from exasite.instance.places import KeyPath, touch
from exasite.instance.quantities import meant_number, written
from exasite.instance.schema import Instance

_TAG = "<"  # pydantic puts the tags of a union, `<id>` and `<inline>`, into the place of an error
_ROUNDS = 20


@dataclass(frozen=True)
class Validated:
    """`instance` is what remains when all bad places are taken out; None if nothing could be saved."""

    instance: Instance | None
    findings: tuple[Finding, ...]


def validate(data: Mapping[str, Any]) -> Validated:
    """Check raw data against the record. Bad places are reported and taken out, so the rest is checked on."""
    findings: list[Finding] = []
    remaining: Any = data
    for _ in range(_ROUNDS):
        try:
            return Validated(Instance.model_validate(remaining), tuple(findings))
        except ValidationError as error:
            bad: set[KeyPath] = set()
            known = [finding.path for finding in findings]  # what follows from taking these out is no news
            for details in error.errors(include_url=False):
                path = _path(details["loc"], remaining)
                finding = _finding(path, details)
                if not touch(path, known):
                    findings.append(finding)
                bad.add(path[:-1] if details["type"] == "missing" else path)
            for path in sorted(bad, key=len, reverse=True):
                remaining = _without(remaining, path)
    return Validated(None, tuple(findings))


def _path(location: tuple[str | int, ...], data: object) -> KeyPath:
    path = tuple(part for part in location if part != "[key]" and str(part)[:1] != _TAG)
    for depth, part in enumerate(path):
        if not isinstance(data, dict | list | tuple):
            return path[:depth]  # a plain number that the record turned into a range
        try:
            data = data[part]  # type: ignore[call-overload, index]
        except (KeyError, IndexError, TypeError):
            return path
    return path


def _without(data: Any, path: KeyPath) -> Any:
    """A copy of data without the value at `path`.

    A bad entry of `sites` becomes empty, so that the others keep their place; any other list goes as a whole.
    """
    if not path:
        return {}
    head, rest = path[0], path[1:]
    if isinstance(data, dict) and head in data:
        inner = data[head]
        is_list = isinstance(inner, list | tuple)
        if not rest or (is_list and head != "sites") or not (is_list or isinstance(inner, dict)):
            return {key: value for key, value in data.items() if key != head}
        return {**data, head: _without(inner, rest)}
    if isinstance(data, list | tuple) and isinstance(head, int) and head < len(data):
        entry = _without(data[head], rest) if rest and isinstance(data[head], dict) else {}
        return [*data[:head], entry, *data[head + 1 :]]
    # nothing stands there: a key that cannot be named, so drop every key that is no text
    return {key: value for key, value in data.items() if key != head} if isinstance(data, dict) else {}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, types.UnionType, tuple):
        for part in get_args(annotation):
            yield from _models_in(part)


def _literals_in(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(str(word) for word in get_args(annotation))
    return tuple(word for part in get_args(annotation) for word in _literals_in(part))


def _fields(path: KeyPath) -> tuple[FieldInfo, ...]:
    """Record fields met on the way to `path`, outermost first, as far as the path is known."""
    section: type[BaseModel] | None = Instance
    met: list[FieldInfo] = []
    for part in path:
        if isinstance(part, int):
            continue
        if section is None or part not in section.model_fields:
            break
        met.append(section.model_fields[part])
        section = next(_models_in(met[-1].annotation), None)
    return tuple(met)


def known_keys(path: KeyPath) -> tuple[str, ...]:
    """Keys of the section at `path`; empty if it is no section."""
    met = _fields(path)
    if len(met) < sum(isinstance(part, str) for part in path):
        return ()
    section = next(_models_in(met[-1].annotation), None) if met else Instance
    return tuple(section.model_fields) if section else ()


def unit_of(path: KeyPath) -> str:
    """Unit of the key at `path`, empty if it has none."""
    for field in reversed(_fields(path)):
        if isinstance(field.json_schema_extra, dict) and "unit" in field.json_schema_extra:
            return str(field.json_schema_extra["unit"])
    return ""


def _in_unit(path: KeyPath) -> str:
    unit = unit_of(path)
    return f" in {unit}" if unit not in ("", "1") else ""


def _no_number(path: KeyPath, value: object) -> Finding:
    kind = "a whole number" if unit_of(path) in ("layers", "heads", "clusters", "units") else "a number"
    message = f"expected {kind}{_in_unit(path)}, got {shown(value)}"
    if isinstance(value, str):
        number = meant_number(value, unit_of(path))
        if number is not None:
            return Finding(path, message, f"say write {written(number)}, without quotes")
        return Finding(path, message, "write a plain number without quotes and unit")
    return Finding(path, message)


def _out_of_bounds(path: KeyPath, kind: str, details: Mapping[str, Any]) -> Finding:
    (bound,) = details["ctx"].values()
    words = {
        "greater_than": "expected a number above {}",
        "greater_than_equal": "expected a number of at least {}",
        "less_than": "expected a number below {}",
        "less_than_equal": "expected a number of at most {}",
    }
    wanted = words[kind].format(written(float(bound))) + _in_unit(path)
    fix = "check the unit" if kind == "less_than_equal" else ""
    return Finding(path, f"{wanted}, got {shown(details['input'])}", fix)


def _unknown_key(path: KeyPath) -> Finding:
    known = known_keys(path[:-1])
    name = str(path[-1]) if path else ""
    if nearest(name, known) is None:
        holders = tuple(key for key in known_keys(()) if name in known_keys((key,)))
        if holders:
            return Finding(path, "unknown key here", f"it belongs into [{holders[0]}]")
    return Finding(path, "unknown key", did_you_mean(name, known))


def _wrong_kind(path: KeyPath, details: Mapping[str, Any]) -> Finding:
    kind, value = details["type"], details["input"]
    wanted = {
        "string_type": "a text in quotes",
        "bool_type": "true or false",
        "date_type": "a date like 2027-06-30",
        "tuple_type": "a list",
        "model_type": "a table of keys",
        "model_attributes_type": "a table of keys",
        "dict_type": "a table of keys",
        "union_tag_not_found": "a catalogue id in quotes, or a table of numbers",
    }.get(kind)
    if wanted is None:
        return Finding(path, f"{details['msg']}, got {shown(value)}")
    if kind == "model_type" and unit_of(path):
        wanted = "a number, or a table with min, max or both"
    fix = ""
    if kind == "tuple_type" and isinstance(value, str):
        words = [word.strip() for word in value[:200].split(",")]
        fix = "write [" + ", ".join(f'"{word}"' for word in words) + "]"
    elif path == ("sites",) and isinstance(value, dict):
        fix = "write [[sites]] with two brackets"
    return Finding(path, f"expected {wanted}, got {shown(value)}", fix)


def _no_option(path: KeyPath, value: object) -> Finding:
    met = _fields(path)
    words = _literals_in(met[-1].annotation) if met else ()
    near = nearest(value, words) if isinstance(value, str) else None
    fix = f"did you mean {near}?" if near else ""
    return Finding(path, f"expected one of {', '.join(words)}, got {shown(value)}", fix)


def _plain_finding(path: KeyPath, details: Mapping[str, Any]) -> Finding | None:
    kind = details["type"]
    if kind == "missing":
        return Finding(path, "is missing", f"give it{_in_unit(path)}")
    if kind in ("too_short", "string_too_short"):
        every = "name at least one, or leave the key out to allow all"
        return Finding(path, "is empty", every if kind == "too_short" else "")
    if kind == "value_error":
        return Finding(path, str(details["ctx"]["error"]))
    return None


def _finding(path: KeyPath, details: Mapping[str, Any]) -> Finding:
    kind, value = details["type"], details["input"]
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind in ("float_type", "int_type", "int_from_float", "finite_number"):
        return _no_number(path, value)
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return _out_of_bounds(path, kind, details)
    if kind == "literal_error":
        return _no_option(path, value)
    return _plain_finding(path, details) or _wrong_kind(path, details)
