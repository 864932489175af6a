"""From a source to raw data: TOML files, `extends`, `--set`, and where each key was written.

A source is read into layers, the file itself first and what it extends after it. Which keys are allowed is
none of this module's business.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exasite.errors import InputError, Problem, did_you_mean, shown
from exasite.instance.merging import assign, merged, parse_set
from exasite.instance.places import KeyPath, dotted, key_lines, line_of
from exasite.instance.shipped import shipped_file, shipped_names

LARGEST_FILE_BYTES = 1_000_000
_SITE_FILES = ("weather_file", "price_file", "solar_file", "wind_file")


@dataclass(frozen=True)
class Layer:
    """One source of keys: a file with its line numbers, or a dictionary (no lines)."""

    label: str
    data: Mapping[str, Any]
    lines: Mapping[KeyPath, int]
    path: Path | None = None


@dataclass(frozen=True)
class Raw:
    """Merged raw data of all layers and `--set` arguments, with the way back to who said what."""

    data: dict[str, Any]
    layers: tuple[Layer, ...]
    set_paths: Mapping[KeyPath, str]
    problems: tuple[Problem, ...] = ()  # of the `--set` arguments

    def problem(self, path: KeyPath, message: str, fix: str = "") -> Problem:
        """A problem at `path`, placed where that key was written."""
        for depth in range(len(path), 0, -1):
            if path[:depth] in self.set_paths:
                return Problem(dotted(path), message, fix, source=f"--set {self.set_paths[path[:depth]]}")
        layer = next((layer for layer in self.layers if _holds(layer.data, path)), self.layers[0])
        return Problem(dotted(path), message, fix, source=layer.label, line=line_of(layer.lines, path))


def _holds(data: Any, path: KeyPath) -> bool:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def read(source: str | Path | Mapping[str, Any], sets: Sequence[str] = ()) -> Raw:
    """All layers of a source merged, with `sets` ("path=value") applied last.

    Raises InputError if a file cannot be read; what is wrong with a `--set` is left to report with the rest.
    """
    layers = _layers(source)
    data: dict[str, Any] = {}
    for layer in reversed(layers):
        data = merged(data, layer.data)
    problems: list[Problem] = []
    set_paths: dict[KeyPath, str] = {}
    for text in sets:
        try:
            path, value = parse_set(text)
            assign(data, path, value)
            set_paths[tuple(path)] = text
        except ValueError as error:
            problems.append(Problem(text.split("=")[0], str(error), source="--set"))
    return Raw(data, layers, set_paths, tuple(problems))


def _layers(source: str | Path | Mapping[str, Any]) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    folder: Path | None = None
    parent = ""
    while True:
        layer = _as_layer(source, folder, parent)
        if any(layer.path is not None and layer.path == earlier.path for earlier in layers):
            chain = " -> ".join([*(earlier.label for earlier in layers), layer.label])
            message = f"the instances extend each other in a circle: {chain}"
            raise InputError([Problem("extends", message, source=parent)])
        layers.append(layer)
        if "extends" not in layer.data:
            return tuple(layers)
        source = layer.data["extends"]
        parent = layer.label
        folder = layer.path.parent if layer.path else Path()
        if not isinstance(source, str) or not source.strip():
            message = f"expected the name of an instance or a file, got {shown(source)}"
            line = line_of(layer.lines, ("extends",))
            raise InputError([Problem("extends", message, source=parent, line=line)])


def _as_layer(source: str | Path | Mapping[str, Any], folder: Path | None, parent: str) -> Layer:
    if isinstance(source, Mapping):
        return Layer("", _anchored(dict(source), Path()), {})
    if isinstance(source, str) and source in shipped_names():
        path = Path(str(shipped_file(source)))
        return file_layer(path, source)
    path = Path(source) if folder is None else folder / source
    if not path.suffix and not _exists(path):
        path = path.with_name(path.name + ".toml") if path.name else path
    if not _exists(path):
        known = (*shipped_names(), *_neighbours(path))
        place = "extends" if parent else ""
        fix = did_you_mean(path.name, known) or "give a TOML file"
        message = f"no such file or shipped instance: {shown(str(source))}"
        raise InputError([Problem(place, message, fix, source=parent)])
    return file_layer(path, str(path) if folder is None else path.name)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a null byte
        return False


def _neighbours(path: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(entry.name for entry in path.parent.glob("*.toml")))[:200]
    except (OSError, ValueError):
        return ()


def file_layer(path: Path, label: str) -> Layer:
    """A TOML file as a layer. Raises InputError if it cannot be read or is no TOML."""
    text = _text(path, label)
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise InputError([Problem("", "the values are nested too deeply", source=label)]) from None
    except ValueError as error:  # TOMLDecodeError, and what Python says of absurd integers and dates
        found = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        message = re.sub(r" \(at .*\)$", "", str(error))
        line = int(found[1]) if found else None
        problem = Problem("", f"not valid TOML: {message}", _toml_hint(text, line), label, line)
        raise InputError([problem]) from None
    return Layer(label, _anchored(data, path.parent), key_lines(text), path.resolve())


def _toml_hint(text: str, line: int | None) -> str:
    lines = text.splitlines()
    if line is None or not 0 < line <= len(lines):
        return "look for an open bracket or quote"
    return f"the line says: {lines[line - 1].strip()[:80]}"


def _text(path: Path, label: str) -> str:
    def refused(message: str, fix: str = "", line: int | None = None) -> InputError:
        return InputError([Problem("", message, fix, label, line)])

    try:
        if path.is_dir():
            inside = did_you_mean(label, _neighbours(path / "x"))
            raise refused("is a folder", inside or "name a TOML file in it")
        if not path.is_file():
            raise refused("is not a regular file", "give a TOML file")
        if path.stat().st_size > LARGEST_FILE_BYTES:
            megabytes, most = path.stat().st_size / 1e6, LARGEST_FILE_BYTES / 1e6
            message = f"has {megabytes:.1f} MB; an instance has at most {most:g} MB"
            raise refused(message, "is it the right file?")
        content = path.read_bytes()
    except OSError as error:
        raise refused(f"cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refused("is not UTF-8 text", "save it as UTF-8", line) from None
    if not text.strip():
        raise refused("is empty", "`exasite new NAME` writes one to start from")
    return text


def _anchored(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """File names of the sites are relative to the file that names them: make them independent of it."""
    sites = data.get("sites")
    if not isinstance(sites, list | tuple):
        return data
    return {**data, "sites": [_anchored_site(site, folder) for site in sites]}


def _anchored_site(site: object, folder: Path) -> object:
    if not isinstance(site, dict):
        return site
    named = [key for key in _SITE_FILES if isinstance(site.get(key), str) and site[key]]
    return {**site, **{key: str(folder / site[key]) for key in named}}
