"""Confidence and source of the catalogue row behind a figure."""

from __future__ import annotations

from typing import TypedDict

from exasite.models.catalog import Catalog

DERIVED = "derived from the design"


class Origin(TypedDict):
    confidence: str
    source: str


def origin(catalog: Catalog, table: str, item: str, field: str) -> Origin:
    """Confidence and source of a row; those of a derived figure where the catalogue has no such row."""
    if not catalog.has(table, item, field):
        return {"confidence": "low", "source": DERIVED}
    row = catalog.row(table, item, field)
    return {"confidence": row.confidence, "source": row.source}


def weeks(catalog: Catalog, step: str) -> float | None:
    """Lead time of a step of table `schedule` [weeks]; None for a step it does not have."""
    return catalog.value("schedule", step, "duration_weeks") if step in catalog.items("schedule") else None
