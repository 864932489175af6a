"""Where a factor stands in a design, and the best value of it that is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from exasite.decisions.sketch import Sketch
from exasite.instance.loading import LoadedInstance
from exasite.models.catalog import Catalog, Row
from exasite.models.levers import Lever, rows_of
from exasite.models.published import best_published_sfu

_SHARES = ("mamf", "sfu", "goodput", "pue")


@dataclass(frozen=True)
class Standing:
    """A factor in a design: its value (of a share: of the whole design), the best known one, and how it is measured.

    `best_factor` is what the lever must be scaled by to reach the best known value; None where none is known.
    """

    value: float | None
    unit: str
    best_value: float | None
    best_factor: float | None
    best_source: str
    confidence: str
    measured: Callable[[Sketch], float]
    proportional: bool

    def at(self, factor: float) -> float | None:
        """The value at a factor; None where it is not proportional to it (goodput and PUE)."""
        return self.value * factor if self.proportional and self.value is not None else None


def standing_of(one: Lever, loaded: LoadedInstance, base: Sketch) -> Standing:
    """Where a lever stands in the best design of a question."""
    row = _telling_row(one, loaded, base)
    low, high = (math.nan, math.nan) if row is None else (row.low, row.high)
    best_row = low if one.better == "less" else high
    factor = best_row / row.base if row is not None and row.base and math.isfinite(best_row) else None
    source = "" if row is None or factor is None else f"range of {row.table}.{row.item}.{row.field}"
    confidence = "" if row is None else row.confidence

    def measured(found: Sketch) -> float:
        return _measured(one.measure, found)

    if one.measure in ("mamf", "sfu"):
        now = measured(base)
        best, source = _best_mamf(loaded.catalog) if one.measure == "mamf" else best_published_sfu(loaded.catalog)
        return Standing(now, "1", best, max(1.0, best / now), source, confidence, measured, True)
    if one.measure in _SHARES:
        return Standing(measured(base), "1", None, factor, source, confidence, measured, False)
    value, unit = _sum_of(one, loaded, row)
    best_value = None if factor is None or value is None else value * factor
    return Standing(value, unit, best_value, factor, source, confidence, measured, True)


def _measured(measure: str, found: Sketch) -> float:
    chain = found.chain
    if chain is None:
        return math.nan
    if measure == "pue":
        return found.quantities["facility_mean_mw"] / chain.it_mw_mean
    return float(getattr(chain, measure, math.nan))


def _telling_row(one: Lever, loaded: LoadedInstance, base: Sketch) -> Row | None:
    """The row of the lever that the design uses: of the chosen item where it is of one."""
    used = {item for ids in base.choices.values() for item in ids}
    used |= {site.base_id for site in loaded.instance.sites}
    for fabric in base.choices.get("interconnects", ()):
        used.add(loaded.catalog.text_or("fabrics", fabric, "switch", ""))
    used.add(loaded.instance.facility.electrical or "ups_double_conversion")
    if isinstance(loaded.instance.workload.model, str):
        used.add(loaded.instance.workload.model)
    rows = [row for numbers in one.numbers for row in rows_of(loaded.catalog, numbers)]
    mine = [row for row in rows if row.item in used]
    return (mine or [row for row in rows if row.item in ("base", "facility", "formula")] or [None])[0]  # type: ignore[list-item]


def _sum_of(one: Lever, loaded: LoadedInstance, row: Row | None) -> tuple[float | None, str]:
    """What a planner knows the lever by: a number, or for the building the sum of its parts."""
    given = [getattr(site, field) for site in loaded.instance.sites for field in one.site_fields
             if getattr(site, field, None) is not None]  # fmt: skip
    if row is None:
        return None, ""
    if given:
        return float(given[0]), row.unit
    if row.table == "capex_items":
        rows = [r for numbers in one.numbers for r in rows_of(loaded.catalog, numbers)]
        return sum(r.base for r in rows), row.unit
    return row.base, row.unit


def _best_mamf(catalog: Catalog) -> tuple[float, str]:
    """The highest MAMF of any accelerator of the catalogue."""
    rows = [row for row in catalog.rows.values() if row.table == "accelerators" and row.field.startswith("mamf_")]
    best = max(rows, key=lambda row: row.base)
    return best.base, f"{best.item}, {best.field.removeprefix('mamf_')}"
