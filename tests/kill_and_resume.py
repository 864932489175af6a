"""Run a study, kill it twenty times at random moments, resume it each time. Called by test_study_resume.

A process of its own that never solves anything itself, so that it may fork: each run is a fork of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

import exasite.workbench  # noqa: F401  # what each run needs is imported once
from exasite.cli import main
from exasite.studies import library, telling  # noqa: F401


def start(study: Path, folder: Path) -> int:
    """Run `exasite study` in a fork; its process id."""
    process = os.fork()
    if process == 0:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        try:
            main(["study", str(study), "-o", str(folder)])
        except SystemExit as stopped:
            os._exit(int(stopped.code or 0))
        except BaseException:
            os._exit(99)
    return process


def rows(folder: Path) -> int:
    """Scenarios in the store so far."""
    path = folder / "study.sqlite"
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path)) as store, contextlib.suppress(sqlite3.OperationalError):
        return int(store.execute("SELECT count(*) FROM results").fetchone()[0])
    return 0


def disturbed(study: Path, folder: Path, chance: random.Random, longest_s: float) -> list[int]:
    """Kill the study twenty times; rows in the store after each kill."""
    found = []
    for _ in range(20):
        process = start(study, folder)
        time.sleep(chance.uniform(0.02, longest_s))
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        found.append(rows(folder))
    return found


def finished(study: Path, folder: Path) -> int:
    """Exit code of a run to the end."""
    _, status = os.waitpid(start(study, folder), 0)
    return os.waitstatus_to_exitcode(status)


def whole(arguments: list[str]) -> None:
    study, folder, seed, longest_s = Path(arguments[0]), Path(arguments[1]), int(arguments[2]), float(arguments[3])
    after = disturbed(study, folder / "disturbed", random.Random(seed), longest_s)
    codes = [finished(study, folder / name) for name in ("disturbed", "calm")]
    print(json.dumps({"after": after, "codes": codes}))


if __name__ == "__main__":
    whole(sys.argv[1:])
