"""A small catalogue and a small instance, so that the tests of instances do not depend on shipped numbers."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

from exasite.models.catalog import Catalog, Row
from exasite.models.units import canonical_unit

EXAMPLE = Path(__file__).parent / "data" / "example.toml"

NUMBERS = {
    ("accelerators", "H100-SXM", "price_usd"): 30_000.0,
    ("accelerators", "B200-SXM", "price_usd"): 45_000.0,
    ("sites", "memphis_tn", "latitude_degrees"): 35.06,
    ("sites", "memphis_tn", "longitude_degrees"): -90.15,
    ("sites", "abilene_tx", "latitude_degrees"): 32.45,
    ("sites", "abilene_tx", "longitude_degrees"): -99.73,
}
WORDS = {
    ("models", "llama3-405b", "name"): "Llama 3 405B",
    ("cooling", "d2c_dry", "name"): "cold plate",
    ("cooling", "air_tower_wse", "name"): "air",
    ("fabrics", "hgx8_ndr_ib", "compatible_accelerators"): "H100-SXM;B200-SXM",
    ("fabrics", "nvl72_xdr800", "compatible_accelerators"): "GB200-NVL72",
    ("fabrics", "photonics", "selectable"): "no",
    ("storage", "flash_200", "name"): "flash",
    ("recovery", "restart_slow", "name"): "restart",
    ("power_sources", "grid", "name"): "grid",
    ("electrical", "efficient", "name"): "efficient",
}


def small_catalog() -> Catalog:
    rows = {}
    for (table, item, field), value in {**NUMBERS, **WORDS}.items():
        text = isinstance(value, str)
        number = math.nan if text else float(value)
        unit = "text" if text else canonical_unit(field)
        rows[table, item, field] = Row(
            table=table, item=item, field=field, unit=unit, low=number, base=number, high=number,
            text=value if text else "", given=number, given_unit=unit, money_year=None, confidence="high",
            source="test", note="",
        )  # fmt: skip
    return Catalog.from_rows(rows)


def example() -> dict[str, Any]:
    return tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
