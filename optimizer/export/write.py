"""Write a plan into a folder, each format whole or not at all."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path

from exasite.errors import InputError, Problem, did_you_mean
from exasite.export.text import slug
from exasite.plans.records import Plan
from exasite.save import writable

FORMATS = ("xlsx", "csv", "json", "html", "md")
CSV_FOLDER = "csv"
_LIBRARIES = {"xlsx": "xlsxwriter", "html": "jinja2"}


def formats_of(words: str) -> tuple[str, ...]:
    """Formats from "xlsx,html", in the order of `FORMATS`. Raises InputError that lists every unknown one."""
    wanted = [word.strip().lower() for word in words.split(",") if word.strip()]
    unknown = [word for word in wanted if word not in FORMATS]
    if unknown or not wanted:
        problems = [Problem("--format", f"there is no format {word}", did_you_mean(word, FORMATS)) for word in unknown]
        nothing = Problem("--format", "no format is named", f"name some of {', '.join(FORMATS)}")
        raise InputError(problems or [nothing])
    return tuple(name for name in FORMATS if name in wanted)


def require_libraries(formats: Iterable[str]) -> None:
    """Raises InputError that names every library a format needs and that is not installed."""
    missing = [(name, library) for name, library in _LIBRARIES.items() if name in formats and not _has(library)]
    if missing:
        fix = "pip install 'exasite[plan]', or leave the format out with --format"
        raise InputError(Problem("--format", f"{name} needs {library}, which is not installed", fix)
                         for name, library in missing)  # fmt: skip


def _has(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ValueError:  # a module that was taken out on purpose
        return False


def default_folder(plan: Plan) -> Path:
    """The folder a plan goes to where none is named."""
    return Path(f"{slug(plan.header.name)}-plan")


def export_plan(
    plan: Plan, folder: str | Path | None = None, formats: Iterable[str] = FORMATS
) -> tuple[Path, ...]:
    """Write `plan.xlsx`, `plan.json`, `plan.html`, `plan.md` and the folder `csv`; returns the paths written.

    Without a folder one is made here, named after the question. Raises InputError for an unknown format, a folder that
    cannot be written to, or a library that a format needs and that is not installed.
    """
    wanted = formats_of(",".join(formats))
    require_libraries(wanted)
    target = default_folder(plan) if folder is None else Path(folder)
    files: dict[str, bytes] = {}
    for name in wanted:
        files |= {place: content.encode() if isinstance(content, str) else content
                  for place, content in _content(plan, name).items()}  # fmt: skip
    try:
        writable(target)
        if "csv" in wanted:
            writable(target / CSV_FOLDER)
        return tuple(_whole(target / place, content) for place, content in files.items())
    except OSError as error:
        message = f"cannot write to {target}: {error.strerror or error}"
        raise InputError([Problem("-o", message, "name a folder that can be written to")]) from None


def _content(plan: Plan, name: str) -> dict[str, str | bytes]:
    """The files of a format by their place in the folder."""
    if name == "json":
        return {"plan.json": plan.to_json() + "\n"}
    if name == "csv":
        from exasite.export.csv_folder import csv_files

        return {f"{CSV_FOLDER}/{file}": text for file, text in csv_files(plan).items()}
    if name == "md":
        from exasite.export.markdown_page import markdown_page

        return {"plan.md": markdown_page(plan)}
    if name == "html":
        from exasite.export.html_page import html_page

        return {"plan.html": html_page(plan)}
    from exasite.export.workbook import workbook

    return {"plan.xlsx": workbook(plan)}


def _whole(path: Path, content: bytes) -> Path:
    """Write under a temporary name, then rename: a reader never sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
    return path
