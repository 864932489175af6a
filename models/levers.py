"""Levers: the factors that make a datacenter better, and which numbers of the catalogue each one stands for.

A lever scales a set of numbers together: `scaled` multiplies them by a factor, 1 leaves everything as it is. What a
site gives itself, instead of the catalogue (its energy price, its measured SFU), is scaled with `site_factor`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from exasite.models.catalog import Catalog, Row, RowKey

_SHARE_FIELDS = ("mamf_", "loss_fraction")
SFU_FACTOR = "sfu_factor"


@dataclass(frozen=True)
class Numbers:
    """Rows of a table by patterns of item and field; `inverse`: divided by the factor instead."""

    table: str
    item: str
    field: str
    inverse: bool = False


@dataclass(frozen=True)
class Lever:
    """A factor of the chain.

    `measure` is what of a result shows it: a share ("mamf", "sfu", "goodput"), "pue", or the numbers themselves
    ("price"). `better` says which way is better; `site_fields` are what a site may give of it; `most` is the largest
    value a share can take.
    """

    id: str
    name: str
    numbers: tuple[Numbers, ...]
    measure: str
    better: str
    site_fields: tuple[str, ...] = ()
    most: float | None = None


LEVERS: tuple[Lever, ...] = (
    Lever("mamf", "MAMF: what the best matmul reaches of peak",
          (Numbers("accelerators", "*", "mamf_*"),), "mamf", "more", ("mamf",), 1.0),
    Lever("sfu", "SFU: what interconnect, memory and pipeline leave of it",
          (Numbers("accelerators", "*", SFU_FACTOR),), "sfu", "more", ("sfu",), 1.0),
    Lever("failure_rate", "failures of chips, hosts, links and software",
          (Numbers("reliability", "base", "*_per_hour"), Numbers("switches", "*", "failures_per_year"),
           Numbers("nics", "*", "failure_fit"), Numbers("optics", "*", "failure_fit")), "goodput", "less"),
    Lever("checkpoint_time", "time to take and to store a checkpoint",
          (Numbers("models", "*", "checkpoint_bytes_per_parameter"), Numbers("recovery", "*", "blocking_s"),
           Numbers("recovery", "*", "lag_s")), "goodput", "less"),
    Lever("restart_time", "time to restart after a failure",
          (Numbers("recovery", "*", "restart_s"), Numbers("recovery", "*", "stall_s")), "goodput", "less"),
    Lever("fans_and_pumps", "PUE: power of fans and pumps", (Numbers("cooling", "*", "fans_pumps_fraction"),), "pue",
          "less"),
    Lever("chillers", "PUE: power of compressors",
          (Numbers("cooling", "*", "carnot_fraction", inverse=True),
           Numbers("cooling_parameters", "formula", "maximum_cop", inverse=True)), "pue", "less"),
    Lever("electrical_loss", "PUE: loss between the meter and the servers",
          (Numbers("electrical", "*", "loss_fraction"),), "pue", "less"),
    Lever("chip_price", "price of accelerators with their servers",
          (Numbers("accelerators", "*", "price_usd"),), "price", "less"),
    Lever("chip_power", "power of accelerators with their servers",
          (Numbers("accelerators", "*", "server_power_w"),), "power", "less"),
    Lever("fabric_price", "price of switches, optics and network cards",
          tuple(Numbers(table, "*", "price_usd") for table in ("switches", "optics", "nics")), "price", "less"),
    Lever("fabric_power", "power of switches, optics and network cards",
          tuple(Numbers(table, "*", "power_w") for table in ("switches", "optics", "nics")), "power", "less"),
    Lever("storage_price", "price of checkpoint storage", (Numbers("storage", "*", "price_usd_per_gb_per_s"),), "price",
          "less"),
    Lever("facility_price", "building, electrical and common mechanical works per MW",
          (Numbers("capex_items", "facility", "*_usd_per_kw"),), "price", "less"),
    Lever("cooling_price", "cooling plant per MW", (Numbers("cooling", "*", "capex_usd_per_kw"),), "price", "less"),
    Lever("generation_price", "grid connection, generators and batteries per MW",
          (Numbers("power_sources", "*", "capex_usd_per_kw"),
           Numbers("power_sources", "*", "energy_capex_usd_per_kwh")), "price", "less"),
    Lever("energy_price", "price of grid and contract energy",
          (Numbers("sites", "*", "energy_price_usd_per_mwh"),
           Numbers("power_sources", "*", "energy_price_usd_per_mwh")), "price", "less", ("energy_price_usd_per_mwh",)),
    Lever("gas_price", "price of gas", (Numbers("sites", "*", "gas_price_usd_per_mmbtu"),), "price", "less",
          ("gas_price_usd_per_mmbtu",)),
    Lever("grid_wait", "years until the grid is there", (Numbers("sites", "*", "grid_wait_years"),), "time", "less",
          ("grid_wait_years",)),
    Lever("construction_time", "weeks to order, build and commission", (Numbers("schedule", "*", "duration_weeks"),),
          "time", "less"),
)  # fmt: skip
LEVER_IDS = tuple(lever.id for lever in LEVERS)


def lever(lever_id: str) -> Lever:
    """A lever by its id. Raises KeyError for an unknown one."""
    return {entry.id: entry for entry in LEVERS}[lever_id]


def rows_of(catalog: Catalog, numbers: Numbers) -> tuple[Row, ...]:
    """Rows with a number that some patterns name."""
    return tuple(
        row
        for (table, item, field), row in catalog.rows.items()
        if table == numbers.table
        and not row.is_text
        and fnmatchcase(item, numbers.item)
        and fnmatchcase(field, numbers.field)
    )


def scaled(catalog: Catalog, factors: Mapping[str, float]) -> Catalog:
    """The catalogue with the numbers of some levers multiplied; shares stay at most 1. Raises KeyError, ValueError."""
    if not factors:
        return catalog
    rows: dict[RowKey, Row] = {}
    for lever_id, factor in factors.items():
        if not factor >= 0:
            raise ValueError(f"{lever_id}: expected a factor of at least 0, got {factor!r}")
        for numbers in lever(lever_id).numbers:
            for row in rows_of(catalog, numbers):
                rows[row.key] = _multiplied(rows.get(row.key, row), _applied(factor, numbers))
    return catalog.replaced(rows)


def _applied(factor: float, numbers: Numbers) -> float:
    if not numbers.inverse:
        return factor
    return 1.0 / factor if factor > 0 else float("inf")


def _multiplied(row: Row, factor: float) -> Row:
    most = 1.0 if row.field.startswith(_SHARE_FIELDS) else float("inf")
    low, base, high = (min(most, value * factor) for value in (row.low, row.base, row.high))
    return replace(row, low=low, base=base, high=high, note=f"{row.note}; scaled by {factor:g}".lstrip("; "))


def site_factor(factors: Mapping[str, float], field: str) -> float:
    """Factor on a field that a site gives itself."""
    product = 1.0
    for lever_id, factor in factors.items():
        if field in lever(lever_id).site_fields:
            product *= factor
    return product
