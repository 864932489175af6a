"""The catalogue as a user reads it: its tables, the items of a table, the numbers of an item."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

from rich.table import Table

from exasite.errors import InputError, Problem, did_you_mean, shown
from exasite.models.catalog import CONFIDENCES, MONEY_YEAR, Catalog, Row


def table_summaries(catalog: Catalog) -> list[dict[str, Any]]:
    """One record per table: items, values, and how many of them by confidence."""
    summaries = []
    for table in catalog.tables:
        rows = [row for item in catalog.items(table) for row in catalog.fields(table, item).values()]
        summaries.append({"table": table, "items": len(catalog.items(table)), **_counts(rows)})
    return summaries


def item_summaries(catalog: Catalog, table: str) -> list[dict[str, Any]]:
    """One record per item of a table. Raises InputError that names the nearest table."""
    _require("table", table, catalog.tables)
    summaries = []
    for item in catalog.items(table):
        rows = list(catalog.fields(table, item).values())
        name = catalog.text_or(table, item, "name", "")
        summaries.append({"item": item, "name": name, **_counts(rows)})
    return summaries


def item_rows(catalog: Catalog, table: str, item: str) -> list[dict[str, Any]]:
    """One record per field of an item. Raises InputError that names the nearest table or item."""
    _require("table", table, catalog.tables)
    _require(f"item of {table}", item, catalog.items(table))
    return [_record(row) for row in catalog.fields(table, item).values()]


def _require(kind: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        message = f"the catalogue has no {kind} {shown(name)}"
        raise InputError([Problem("", message, did_you_mean(name, known), source="catalog")])


def _counts(rows: list[Row]) -> dict[str, int]:
    found = Counter(row.confidence for row in rows)
    words = [word for word in CONFIDENCES if word != "user" or found[word]]
    return {"values": len(rows), **{word: found[word] for word in words}}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _record(row: Row) -> dict[str, Any]:
    """A row for JSON: in canonical unit and dollars of the model's year, and as the source gives it."""
    return {
        "field": row.field,
        "unit": row.unit,
        "money_year": MONEY_YEAR if row.money_year else None,
        "low": _number(row.low),
        "base": _number(row.base),
        "high": _number(row.high),
        "text": row.text if row.is_text else None,
        "given": _number(row.given),
        "given_unit": row.given_unit,
        "given_money_year": row.money_year,
        "confidence": row.confidence,
        "source": row.source,
        "note": row.note,
    }


def summary_table(records: list[dict[str, Any]], title: str) -> Table:
    """A rich table of summaries, one column per key."""
    table = Table(title=title, title_justify="left")
    for key in records[0] if records else ():
        side: Literal["left", "right"] = "right" if isinstance(records[0][key], int) else "left"
        table.add_column(key, justify=side, overflow="fold", no_wrap=key == "item")
    for record in records:
        table.add_row(*_cells(str(value) for value in record.values()))
    return table


def rows_table(records: list[dict[str, Any]], title: str) -> Table:
    """A rich table of the values of an item: base, and low to high where they differ."""
    table = Table(title=title, title_justify="left")
    for key in ("field", "base (low to high)", "unit", "confidence", "source"):
        table.add_column(key, overflow="fold", no_wrap=key in ("field", "confidence"))
    for record in records:
        unit = f"{record['unit']} of {record['money_year']}" if record["money_year"] else record["unit"]
        if record["text"] is not None:
            value, unit = record["text"], ""
        else:
            value = _shown_number(record["base"], record["unit"])
            if record["low"] != record["high"]:
                low, high = (_shown_number(record[key], record["unit"]) for key in ("low", "high"))
                value += f" ({low} to {high})"
        parts = [record["source"], _as_given(record), record["note"]]
        source = "; ".join(part for part in parts if part)
        table.add_row(*_cells((record["field"], value, unit, record["confidence"], source)))
    return table


def _cells(texts: Iterable[str]) -> Iterable[str]:
    """Square brackets are text here, not rich markup."""
    return (text.replace("[", r"\[") for text in texts)


def _as_given(record: dict[str, Any]) -> str:
    if record["given"] is None or (record["given_unit"] == record["unit"] and record["given_money_year"] in (
        None, record["money_year"],
    )):  # fmt: skip
        return ""
    year = f" of {record['given_money_year']}" if record["given_money_year"] else ""
    return f"given as {_shown_number(record['given'], record['given_unit'])} {record['given_unit']}{year}"


def _shown_number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "calendar year":
        return f"{value:g}"
    return f"{value:,.6g}" if value == 0 or 1e-3 <= abs(value) < 1e6 else f"{value:.4g}"
