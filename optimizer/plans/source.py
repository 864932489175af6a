"""What a plan is made from: a result in hand, one that was saved, or an instance that is solved first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exasite.errors import InputError, Problem
from exasite.instance.loading import LoadedInstance
from exasite.instance.schema import Instance
from exasite.instance.shipped import shipped_names
from exasite.result import Result

_SAVED = "result.json"
_MOST_PROBLEMS = 5


def result_of(
    source: str | Path | Mapping[str, Any] | Instance | LoadedInstance | Result,
    sets: Sequence[str] = (),
    **solve_options: Any,
) -> Result:
    """The result that a source is or leads to. Raises InputError for a file that is neither result nor instance."""
    if isinstance(source, Result):
        return _unset(source, sets)
    if isinstance(source, str | Path):
        path = saved_path(source)
        if path is not None:
            return _unset(read_result(path), sets)
    from exasite.solving import solve

    return solve(source, sets, **solve_options)


def saved_path(source: str | Path) -> Path | None:
    """The file of a saved result that a name means: a JSON file, or a folder that `solve -o` wrote; None otherwise."""
    if str(source) in shipped_names():
        return None
    try:
        path = Path(source)
        if path.is_dir() and (path / _SAVED).is_file():
            return path / _SAVED
        return path if path.suffix.lower() == ".json" else None
    except (OSError, ValueError):
        return None


def read_result(path: Path) -> Result:
    """A saved result. Raises InputError that says what is wrong with the file."""
    label = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise InputError(
            [Problem("", f"cannot be read: {why}", "name a result.json of exasite solve -o", label)]
        ) from None
    try:
        return Result.model_validate(json.loads(text))
    except RecursionError:
        raise InputError([Problem("", "the values are nested too deeply", "", label)]) from None
    except ValueError as error:
        raise InputError(_problems(error, label)) from None


def _problems(error: ValueError, label: str) -> list[Problem]:
    """Each thing that keeps a file from being a result."""
    fix = "name a result.json written by exasite solve -o of this version"
    if not hasattr(error, "errors"):
        return [Problem("", f"is not JSON: {error}"[:200], fix, label)]
    found = [Problem(".".join(str(part) for part in one["loc"]), str(one["msg"]), fix, label) for one in error.errors()]
    return found[:_MOST_PROBLEMS]


def _unset(result: Result, sets: Sequence[str]) -> Result:
    if sets:
        message = "a result is planned as it is: --set works on an instance, which is solved first"
        raise InputError([Problem("--set", message, "solve the instance with --set, then plan its result")])
    return result
