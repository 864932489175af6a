"""Results that the tests of plans share: two are saved, the others are solved once a run."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import exasite
from exasite.instance.shipped import shipped_names
from exasite.plans.records import Plan
from exasite.result import Result

RESULTS = Path(__file__).parent / "data" / "results"
SAVED = ("off-grid-campus", "us-portfolio")  # how they are made: tests/data/results/README.md
SMALL = "hopper-16k"
# questions that have no design on purpose have no plan either
SOLVED = tuple(name for name in shipped_names() if name not in SAVED and not name.startswith("cannot-"))


def saved_file(name: str) -> Path:
    return RESULTS / f"{name}.json"


@cache
def result(name: str) -> Result:
    """The result of a shipped instance."""
    if name in SAVED:
        return Result.from_json(saved_file(name).read_text(encoding="utf-8"))
    return exasite.solve(name)


@cache
def plan(name: str) -> Plan:
    """The build plan of a shipped instance."""
    return exasite.plan(result(name))
