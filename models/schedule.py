"""Steps of building a site and how long they take: lead times of equipment, construction, commissioning."""

from __future__ import annotations

from dataclasses import dataclass

from exasite.models.catalog import Catalog
from exasite.models.units import conversion_factor

PHASES = ("order", "build", "commission")
_TABLE = "schedule"


@dataclass(frozen=True)
class Step:
    """A step with its duration [weeks]: "order" (order to delivery), "build" or "commission"."""

    id: str
    name: str
    phase: str
    low_weeks: float
    base_weeks: float
    high_weeks: float
    source: str


def steps(catalog: Catalog) -> tuple[Step, ...]:
    """All steps in the order of the table. Raises ValueError for an unknown phase."""
    return tuple(_step(catalog, item) for item in catalog.items(_TABLE))


def _step(catalog: Catalog, item: str) -> Step:
    phase = catalog.text(_TABLE, item, "phase")
    if phase not in PHASES:
        raise ValueError(f"schedule.{item}.phase must be one of {', '.join(PHASES)}, got '{phase}'")
    row = catalog.row(_TABLE, item, "duration_weeks")
    return Step(item, catalog.text(_TABLE, item, "name"), phase, row.low, row.base, row.high, row.source)


def cluster_ready_years(catalog: Catalog) -> float:
    """Years from the start of construction to a working cluster: facility build, then installation.

    Equipment is ordered at the start and arrives within the build (all leads but that of utility
    transformers are shorter, and those belong to the grid connection, which has its own wait); the systems
    test is part of the build.
    """
    weeks = catalog.value(_TABLE, "facility_build", "duration_weeks")
    weeks += catalog.value(_TABLE, "cluster_install", "duration_weeks")
    return weeks * conversion_factor("week", "year")
