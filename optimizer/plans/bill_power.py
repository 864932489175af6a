"""Rows of a power source: its units, what a connection is made of, and the interest until it works."""

from __future__ import annotations

import math

from exasite.models.building import grid_items
from exasite.models.evaluate import SupplyDesign
from exasite.models.units import conversion_factor
from exasite.plans.cents import Draft, Rest
from exasite.plans.facts import Origin, origin, weeks
from exasite.plans.parts import Parts
from exasite.result import Supply

_USD_PER_MUSD = 1e6
_TABLE = "power_sources"


def power_drafts(parts: Parts, supply: Supply, sized: SupplyDesign) -> tuple[list[Draft], Rest]:
    """Rows of a source, and what they leave of its capex."""
    source, facts = sized.source, origin(parts.catalog, _TABLE, supply.source, "capex_usd_per_kw")
    lead = supply.lead_years * conversion_factor("year", "week")
    rest = Rest(
        f"{source.id}_part", f"Part of a unit not in the design, {source.name}", "only whole units are sold"
    )
    if source.construction_interest_factor > 1.0:
        fact = origin(parts.catalog, _TABLE, supply.source, "construction_interest_factor")
        rest = Rest(
            f"{source.id}_interest",
            f"Interest during construction less rounding to whole units, {source.name}",
            f"factor {source.construction_interest_factor:g} on the overnight cost",
            fact["confidence"],
            fact["source"],
        )
    if source.kind == "grid":
        drafts = _grid(parts, supply, lead)
    elif source.kind == "storage":
        drafts = _storage(parts, supply, sized, facts, lead)
    else:
        drafts = [_units(supply, sized, facts, lead)]
    acres = math.ceil(sized.capacity_mw * source.land_acres_per_mw - 1e-9)
    if acres > 0:
        drafts.append(
            Draft(
                f"{source.id}_land",
                f"Land for {source.name}",
                acres,
                "acre",
                lead="decision",
                note="not priced in the design: lease, or buy at the price of land around the site",
                **origin(parts.catalog, _TABLE, supply.source, "land_acres_per_mw"),
            )
        )
    return drafts, rest


def _units(supply: Supply, sized: SupplyDesign, facts: Origin, lead: float) -> Draft:
    """Whole units, or whole MW of a source of any size."""
    source = sized.source
    count = supply.units if supply.units is not None else math.ceil(sized.capacity_mw - 1e-9)
    size = source.unit_mw if supply.units is not None else 1.0
    price: float | None = source.capex_musd_per_mw * _USD_PER_MUSD * size
    spare = f", {supply.spare_units} of them may stand still (N+{supply.spare_units})" if supply.spare_units else ""
    note = f"{sized.capacity_mw:,.1f} MW at the site's height and heat{spare}"
    if source.kind == "contract":
        price, note = None, f"{sized.capacity_mw:,.1f} MW under contract: no capex, paid by the MWh"
    unit = f"unit of {size:,.1f} MW" if supply.units is not None else "MW"
    return Draft(
        source.id, source.name, count, unit, price, lead=f"power_{source.id}", lead_weeks=lead, note=note, **facts
    )


def _storage(parts: Parts, supply: Supply, sized: SupplyDesign, facts: Origin, lead: float) -> list[Draft]:
    """Power and energy of a store are priced apart."""
    source, task = sized.source, f"power_{sized.source.id}"
    energy = origin(parts.catalog, _TABLE, supply.source, "energy_capex_usd_per_kwh")
    return [
        Draft(
            f"{source.id}_power",
            f"{source.name}, power part",
            math.ceil(sized.capacity_mw - 1e-9),
            "MW",
            source.capex_musd_per_mw * _USD_PER_MUSD,
            lead=task,
            lead_weeks=lead,
            note=f"{sized.capacity_mw:,.2f} MW in the design",
            **facts,
        ),
        Draft(
            f"{source.id}_energy",
            f"{source.name}, energy part",
            math.ceil(sized.energy_mwh - 1e-9),
            "MWh",
            source.capex_musd_per_mwh * _USD_PER_MUSD,
            lead=task,
            lead_weeks=lead,
            note=f"{sized.energy_mwh:,.2f} MWh in the design",
            **energy,
        ),
    ]


def _grid(parts: Parts, supply: Supply, lead: float) -> list[Draft]:
    """A connection is priced per kW as a whole: its items share the price by stated weights."""
    return [
        Draft(
            item.id,
            item.name,
            item.count,
            "unit" if item.unit_kw else "lot",
            weight=item.weight,
            lead=f"power_{supply.source}",
            lead_weeks=weeks(parts.catalog, item.lead) or lead,
            note=f"{supply.capacity_mw:,.1f} MW of connection; allocated: the catalogue prices the connection per kW",
            **origin(parts.catalog, "bill_items", item.id, "weight"),
        )
        for item in grid_items(parts.catalog, supply.capacity_mw)
    ]
