"""A published number beside the model's, and the rows the documentation shows of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Case(NamedTuple):
    """One published number [unit in the name of the case] and the model's; tolerance is of the error."""

    case: str
    published: float
    predicted: float
    tolerance: float
    source: str
    note: str = ""
    relative: bool = True


def error(case: Case) -> float:
    """Predicted against published: relative, or the difference where the case says so."""
    return case.predicted / case.published - 1.0 if case.relative else case.predicted - case.published


def table(cases: Iterable[Case]) -> list[dict[str, object]]:
    """Rows for the documentation: case, published, predicted, source (and error, tolerance, note)."""
    return [
        {
            "case": case.case,
            "published": round(case.published, 4),
            "predicted": round(case.predicted, 4),
            "source": case.source,
            "error": round(error(case), 4),
            "relative": case.relative,
            "tolerance": case.tolerance,
            "note": case.note,
        }
        for case in cases
    ]
