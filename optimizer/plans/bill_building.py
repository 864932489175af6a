"""Rows of the building: shell, electrical and mechanical plant, land, utility works, soft cost, contingency."""

from __future__ import annotations

import math

from exasite.models.building import PlantItem, plant_items
from exasite.models.capex import KW_PER_MW
from exasite.plans.bill_equipment import Lines
from exasite.plans.cents import Draft, Rest
from exasite.plans.facts import origin, weeks
from exasite.plans.parts import ClusterParts, Parts

_ITEMS, _PRICES = "bill_items", "capex_items"
DECISION, SHELL, FIT_OUT = "decision", "shell", "fit_out"  # tasks of the timeline


def building_drafts(parts: Parts, cluster: ClusterParts) -> Lines:
    """Rows by capex line, and what each line leaves."""
    method = cluster.evaluation.design.components.cooling
    plant = plant_items(parts.catalog, method, parts.electrical, cluster.loads)
    return {
        "shell": _shell(parts, cluster),
        "electrical": _electrical(parts, plant),
        "mechanical": _mechanical(parts, cluster, plant),
        "land": _land(parts, cluster),
        "utility": _whole(parts, "utility", "Utility works", "site", "utility_usd_per_kw", cluster),
        "soft": _whole(parts, "soft", "Design, fees and permits", "facility", "soft_fraction", cluster),
        "contingency": _whole(parts, "contingency", "Owner's contingency", "facility", "contingency_fraction", cluster),
    }


def _shell(parts: Parts, cluster: ClusterParts) -> tuple[list[Draft], Rest]:
    prices, halls = parts.rebuilt.context.prices, cluster.floor.halls
    note = f"{halls} halls, {cluster.floor.floor_m2:,.0f} m2 of floor; the price is per kW of IT"
    drafts = [
        Draft(
            "shell",
            "Building shell, per hall",
            halls,
            "hall",
            weight=prices.shell_usd_per_kw,
            lead=SHELL,
            note=note,
            **origin(parts.catalog, _PRICES, "facility", "shell_usd_per_kw"),
        ),
        Draft(
            "contractor",
            "General contractor",
            1,
            "lot",
            weight=prices.contractor_usd_per_kw,
            lead=SHELL,
            note="site management, preliminaries and margin; per kW of IT",
            **origin(parts.catalog, _PRICES, "facility", "contractor_usd_per_kw"),
        ),
    ]
    return drafts, Rest("shell_rest", "Shell, rest", "")


def _electrical(parts: Parts, plant: tuple[PlantItem, ...]) -> tuple[list[Draft], Rest]:
    drafts = [_plant_draft(parts, item) for item in plant if item.line == "electrical"]
    return drafts, Rest("electrical_rest", "Electrical plant, rest", "")


def _mechanical(parts: Parts, cluster: ClusterParts, plant: tuple[PlantItem, ...]) -> tuple[list[Draft], Rest]:
    """Plant of the cooling method, and the distribution that is the same for all methods."""
    prices, site = parts.rebuilt.context.prices, cluster.site.design.site
    common = cluster.loads.it_kw * site.construction_multiplier * prices.mechanical_common_usd_per_kw
    halls = cluster.floor.halls
    drafts = [_plant_draft(parts, item) for item in plant if item.line == "mechanical"]
    drafts.append(
        Draft(
            "mechanical_common",
            "Cooling distribution common to every method, per hall",
            halls,
            "hall",
            common / halls,
            lead=FIT_OUT,
            note="priced per kW of IT",
            **origin(parts.catalog, _PRICES, "facility", "mechanical_common_usd_per_kw"),
        )
    )
    return drafts, Rest("mechanical_rest", "Mechanical plant, rest", "")


def _plant_draft(parts: Parts, item: PlantItem) -> Draft:
    field = "weight" if item.price_usd is None else "price_usd_per_kw"
    size = f"{item.unit_kw / KW_PER_MW:,.1f} MW each" if item.unit_kw else ""
    spare = f"{item.spare_count} of them stand by (N+1 in each block)" if item.spare_count else ""
    split = "" if item.price_usd is not None else "allocated: a stated share of what priced rows leave of the line"
    return Draft(
        item.id,
        item.name,
        item.count,
        "hall" if item.name.endswith("per hall") else "unit",
        item.price_usd,
        item.weight,
        lead=item.lead or FIT_OUT,
        lead_weeks=weeks(parts.catalog, item.lead),
        note="; ".join(part for part in (size, spare, split) if part),
        **origin(parts.catalog, _ITEMS, item.id, field),
    )


def _land(parts: Parts, cluster: ClusterParts) -> tuple[list[Draft], Rest]:
    prices = parts.rebuilt.context.prices
    acres = cluster.evaluation.cost.capex.land_usd.sum() / max(prices.land_usd_per_acre, 1e-9)
    draft = Draft(
        "land",
        "Land of the campus, without generation",
        math.ceil(float(acres) - 1e-9),
        "acre",
        prices.land_usd_per_acre,
        lead=DECISION,
        **origin(parts.catalog, _PRICES, "site", "land_usd_per_acre"),
    )
    return [draft], Rest(
        "part_acre",
        "Part of an acre that the design does not count",
        f"the design prices {float(acres):,.2f} acres",
        "high",
    )


def _whole(
    parts: Parts, line: str, name: str, item: str, field: str, cluster: ClusterParts
) -> tuple[list[Draft], Rest]:
    """A line that is one row: a share of the construction, or works that cannot be counted."""
    usd = cluster.result.capex_usd.get(line, 0.0)
    draft = Draft(
        line,
        name,
        1 if usd else 0,
        "lot",
        usd,
        note="reserve, spent only if needed" if line == "contingency" else "",
        **origin(parts.catalog, _PRICES, item, field),
    )
    return [draft], Rest(f"{line}_rest", f"{name}, rest", "")
