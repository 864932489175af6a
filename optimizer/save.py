"""Write a result into a folder: JSON, plain text and CSV tables. Each file appears whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from exasite.errors import InputError, Problem
from exasite.report import as_text
from exasite.result import Result

_ANSWER_WIDTH = 150


def save(result: Result, folder: str | Path) -> tuple[Path, ...]:
    """Write result.json, report.txt, and clusters.csv, supply.csv, capex.csv and the
    hours of the year where there is a design.

    Returns the paths written. Raises InputError if the folder cannot be made or written to.
    """
    target = Path(folder)
    texts = {"result.json": result.to_json() + "\n", "report.txt": as_text(result)}
    if result.sites:
        texts["clusters.csv"] = result.to_frame().to_csv(index=False)
        texts["supply.csv"] = result.supply_frame().to_csv(index=False)
        texts["capex.csv"] = result.capex_frame().to_csv(index=False)
        texts |= _hourly(result)
    try:
        writable(target)
        return tuple(write_whole(target / name, text) for name, text in texts.items())
    except OSError as error:
        raise _cannot_write(target, error) from None


def save_answer(found: Any, folder: str | Path, name: str) -> tuple[Path, ...]:
    """Write NAME.json, NAME.txt and NAME.csv of a record that has `to_json`, `to_frame` and a rich display."""
    from exasite.report import text_of

    target = Path(folder)
    texts = {f"{name}.json": found.to_json() + "\n", f"{name}.txt": text_of(found, _ANSWER_WIDTH)}
    frame = found.to_frame()
    if len(frame):
        texts[f"{name}.csv"] = frame.to_csv(index=False)
    if hasattr(found, "waterfall_frame"):
        texts["waterfall.csv"] = found.waterfall_frame().to_csv(index=False)
    try:
        writable(target)
        return tuple(write_whole(target / file, text) for file, text in texts.items())
    except OSError as error:
        raise _cannot_write(target, error) from None


def _hourly(result: Result) -> dict[str, str]:
    """One table of hours for each site and phase, by file name, where the hours are known."""
    found = {}
    for number, site in enumerate(result.sites, start=1):
        for phase, frame in enumerate(result.hours_of(site.site), start=1):
            several = f"_site{number}" if len(result.sites) > 1 else ""
            steps = f"_phase{phase}" if len(result.hours_of(site.site)) > 1 else ""
            found[f"hourly{several}{steps}.csv"] = frame.round(4).to_csv(index=False)
    return found


def writable(folder: str | Path) -> None:
    """Make a folder if it is not there. Raises InputError if it cannot be made or written to."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, ValueError) as error:
        raise _cannot_write(folder, error) from None


def _cannot_write(folder: str | Path, error: OSError | ValueError) -> InputError:
    why = getattr(error, "strerror", None) or error
    return InputError([Problem("-o", f"cannot write to {folder}: {why}", "name a folder that can be written to")])


def write_whole(path: Path, text: str) -> Path:
    """Write under a temporary name, then rename: a reader never sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return path
