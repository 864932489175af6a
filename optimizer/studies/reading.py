"""From a study file to a checked record: what it may say, and every problem with its place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from exasite.errors import InputError, Problem, did_you_mean, shown
from exasite.instance.findings import Finding
from exasite.instance.places import KeyPath, dotted, line_of, touch
from exasite.instance.reading import Layer, file_layer
from exasite.instance.shipped import shipped_names, shipped_studies, shipped_study
from exasite.studies.schema import STUDY_KEYS, Study

_NUMBERS = ("float_type", "int_type", "int_from_float", "finite_number")


@dataclass(frozen=True)
class StudySource:
    """A study as it was written: its record, its text with lines, and the folder its paths are relative to."""

    study: Study
    layer: Layer
    folder: Path

    @property
    def sha256(self) -> str:
        """Names what the study asks; words about it (question, answer) do not count."""
        content = self.study.model_dump(mode="json", exclude={"question", "answer"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def problem(self, path: KeyPath, message: str, fix: str = "") -> Problem:
        line = _line(self.layer, path)
        return Problem(dotted(path), message, fix, source=self.layer.label, line=line)


def is_study(source: str | Path) -> bool:
    """Whether a name or a file is a study rather than an instance: told by its keys. False for what cannot be read."""
    if isinstance(source, str) and source in shipped_studies():
        return source not in shipped_names()
    path = _path(source)
    try:
        return path.is_file() and bool(STUDY_KEYS & set(file_layer(path, str(path)).data))
    except (InputError, OSError, ValueError):
        return False


def read_study(source: str | Path | Mapping[str, Any]) -> StudySource:
    """Read and validate a study: a shipped name, a TOML file or a dictionary of the same shape.

    Raises InputError with every problem that can be seen without looking at the base instance.
    """
    layer, folder = _layer(source)
    study, findings = _validated(dict(layer.data))
    if findings or study is None:
        problems = [
            Problem(dotted(found.path), found.message, found.fix, source=layer.label, line=_line(layer, found.path))
            for found in findings
        ]
        raise InputError(sorted(problems, key=lambda problem: problem.line or 0))
    if "name" not in study.model_fields_set and layer.path is not None:
        study = study.model_copy(update={"name": layer.path.stem})
    return StudySource(study, layer, folder)


def _line(layer: Layer, path: KeyPath) -> int | None:
    """Line of a key; of the first entry for a list of tables."""
    return line_of(layer.lines, path) or line_of(layer.lines, (*path, 0))


def _layer(source: str | Path | Mapping[str, Any]) -> tuple[Layer, Path]:
    if isinstance(source, Mapping):
        return Layer("", dict(source), {}), Path()
    if isinstance(source, str) and source in shipped_studies():
        path = Path(str(shipped_study(source)))
        return file_layer(path, source), path.parent
    path = _path(source)
    try:
        there = path.exists()
    except (OSError, ValueError):
        there = False
    if not there and str(source) in shipped_names():
        fix = f'a study has base = "{source}" and says what is varied; `exasite new NAME --study` writes one'
        raise InputError([Problem("", f"{source} is an instance, not a study", fix)])
    if not there:
        fix = did_you_mean(path.name, shipped_studies()) or "give a TOML file"
        raise InputError([Problem("", f"no such file or shipped study: {shown(str(source))}", fix)])
    layer = file_layer(path, str(path))
    if not STUDY_KEYS & set(layer.data):
        message = "is no study: it has none of base, axes, scenarios and one_at_a_time"
        fix = "a study names a base instance and what is varied; `exasite new NAME --study` writes one"
        raise InputError([Problem("", message, fix, str(path))])
    return layer, path.parent


def _path(source: str | Path) -> Path:
    path = Path(source)
    try:
        if not path.suffix and not path.exists() and path.name:
            return path.with_name(path.name + ".toml")
    except (OSError, ValueError):
        pass
    return path


def _validated(data: dict[str, Any]) -> tuple[Study | None, list[Finding]]:
    try:
        return Study.model_validate(data), []
    except ValidationError as error:
        findings: list[Finding] = []
        for details in error.errors(include_url=False):
            path = _there(details["loc"], data)
            if not touch(path, [finding.path for finding in findings]):
                findings.append(_finding(path, details))
        return None, findings


def _there(location: tuple[str | int, ...], data: Any) -> KeyPath:
    """The place of an error as far as the file has it; the key itself where it is missing."""
    for depth, part in enumerate(location):
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return location[: depth + 1] if isinstance(data, dict) else location[:depth]
    return location


def _finding(path: KeyPath, details: Mapping[str, Any]) -> Finding:
    kind, value = details["type"], details["input"]
    if kind == "extra_forbidden":
        return Finding(path, "unknown key", did_you_mean(str(path[-1]), known_keys(path[:-1])))
    if kind == "missing":
        return Finding(path, "is missing", "give it")
    if kind in _NUMBERS:
        fix = "write a plain number without quotes and unit" if isinstance(value, str) else ""
        return Finding(path, f"expected a number, got {shown(value)}", fix)
    if kind == "value_error":
        return Finding(path, str(details["ctx"]["error"]))
    return Finding(path, f"{details['msg'][:1].lower()}{details['msg'][1:]}, got {shown(value)}")


def known_keys(path: KeyPath) -> tuple[str, ...]:
    """Keys of the section of a study at `path`; empty if it is none."""
    section: type[BaseModel] | None = Study
    for part in path:
        if isinstance(part, int):
            continue
        fields = section.model_fields if section else {}
        section = next(_models_in(fields[part].annotation), None) if part in fields else None
    if section is None:
        return ()
    return tuple(field.alias or key for key, field in section.model_fields.items())


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
