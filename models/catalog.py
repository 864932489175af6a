"""The catalogue: every number of the product, one row each, with unit, money year, range, source and confidence.

Tables are the CSV files of `models/data`; the file `price_index.csv` holds the index that brings every
price to the money year of the model. Rows are read, validated and converted once.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.resources import files

from exasite.models.units import canonical_unit, conversion_factor

MONEY_YEAR = 2025  # all prices of the model are in US dollars of this year
CONFIDENCES = ("high", "medium", "low", "user")
COLUMNS = ("item", "field", "unit", "money_year", "low", "base", "high", "text", "confidence", "source", "note")
_PRICE_INDEX_TABLE = "price_index"
_USER_SOURCE = "set in the instance"
LIKE = "like"
# Numbers without a unit that are parts of a whole; most others are factors and ratios, which may exceed 1.
_SHARE_STARTS = ("mamf_",)
_SHARE_ENDS = ("_outage", "_share", "_failure", "_capacity_factor", "_efficiency", "_power_fraction", "_load_fraction")

RowKey = tuple[str, str, str]
OverrideValue = float | int | str
Overrides = Mapping[str, Mapping[str, Mapping[str, OverrideValue]]]


class CatalogError(ValueError):
    """A catalogue that cannot be used: carries one message per problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Row:
    """One number (or one word) of the catalogue.

    `low`, `base`, `high` are in the field's canonical unit and in dollars of `MONEY_YEAR`;
    `given`, `given_unit` and `money_year` are what the source says. `text` is set instead for words.
    """

    table: str
    item: str
    field: str
    unit: str
    low: float
    base: float
    high: float
    text: str
    given: float
    given_unit: str
    money_year: int | None
    confidence: str
    source: str
    note: str

    @property
    def key(self) -> RowKey:
        return (self.table, self.item, self.field)

    @property
    def is_text(self) -> bool:
        return self.given_unit == "text"


@dataclass(frozen=True)
class Catalog:
    """All rows by (table, item, field), with look-up that names the nearest known name when one is wrong."""

    rows: Mapping[RowKey, Row]
    _index: Mapping[str, Mapping[str, Mapping[str, Row]]]

    @staticmethod
    def from_rows(rows: Mapping[RowKey, Row]) -> Catalog:
        index: dict[str, dict[str, dict[str, Row]]] = {}
        for row in rows.values():
            index.setdefault(row.table, {}).setdefault(row.item, {})[row.field] = row
        return Catalog(rows=rows, _index=index)

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(sorted(self._index))

    def items(self, table: str) -> tuple[str, ...]:
        """Item ids of a table, in file order. Raises KeyError for an unknown table."""
        if table not in self._index:
            raise KeyError(_unknown("catalogue table", table, self.tables))
        return tuple(self._index[table])

    def fields(self, table: str, item: str) -> Mapping[str, Row]:
        """Rows of one item by field name. Raises KeyError for an unknown table or item."""
        if item not in self._index.get(table, {}):
            raise KeyError(_unknown(f"item of catalogue table '{table}'", item, self.items(table)))
        return self._index[table][item]

    def row(self, table: str, item: str, field: str) -> Row:
        """One row. Raises KeyError naming the nearest known table, item or field."""
        found = self.fields(table, item)
        if field not in found:
            raise KeyError(_unknown(f"field of {table} '{item}'", field, tuple(found)))
        return found[field]

    def has(self, table: str, item: str, field: str) -> bool:
        return (table, item, field) in self.rows

    def value(self, table: str, item: str, field: str) -> float:
        """Base value of a number, in the unit its field name says and in dollars of `MONEY_YEAR`."""
        return self.row(table, item, field).base

    def value_or(self, table: str, item: str, field: str, default: float) -> float:
        return self.value(table, item, field) if self.has(table, item, field) else default

    def text(self, table: str, item: str, field: str) -> str:
        return self.row(table, item, field).text

    def text_or(self, table: str, item: str, field: str, default: str) -> str:
        return self.text(table, item, field) if self.has(table, item, field) else default

    def words(self, table: str, item: str, field: str) -> tuple[str, ...]:
        """A text field that holds a list separated by semicolons; empty if the field is absent."""
        return tuple(part.strip() for part in self.text_or(table, item, field, "").split(";") if part.strip())

    def override(self, overrides: Overrides) -> Catalog:
        """A catalogue with some numbers or words replaced (canonical unit, dollars of `MONEY_YEAR`).

        `like = "ITEM"` makes a new item: all numbers of ITEM, in all tables, and what fits ITEM fits it, too.
        Raises CatalogError listing every unknown table, item or field and every value of the wrong kind.
        """
        known, problems = self._with_variants(overrides)
        rows: dict[RowKey, Row] = {}
        for table, items in overrides.items():
            for item, values in items.items():
                for field, value in values.items():
                    if field == LIKE:
                        continue
                    try:
                        row = known.row(table, item, field)
                        rows[row.key] = _overridden(row, value)
                    except (KeyError, ValueError) as error:
                        problems.append(f"catalog.{table}.{item}.{field}: {error.args[0]}")
        if problems:
            raise CatalogError(problems)
        return known.replaced(rows)

    def replaced(self, rows: Mapping[RowKey, Row]) -> Catalog:
        """A catalogue with some of its rows replaced; what is not replaced is shared, not copied."""
        if not rows:
            return self
        index = dict(self._index)
        for row in rows.values():
            if index[row.table] is self._index[row.table]:
                index[row.table] = dict(index[row.table])
            item = dict(index[row.table][row.item])
            index[row.table] = {**index[row.table], row.item: {**item, row.field: row}}
        return Catalog(rows={**self.rows, **rows}, _index=index)

    def _with_variants(self, overrides: Overrides) -> tuple[Catalog, list[str]]:
        """The catalogue with the new items, and what is wrong with them."""
        if not any(LIKE in values for items in overrides.values() for values in items.values()):
            return self, []
        rows, problems = dict(self.rows), []
        for table, items in overrides.items():
            for item, values in items.items():
                base = values.get(LIKE)
                if base is None:
                    continue
                where = f"catalog.{table}.{item}.{LIKE}"
                if item in self._index.get(table, {}):
                    problems.append(f"{where}: the catalogue has {table} {item} already")
                elif not isinstance(base, str) or base not in self._index.get(table, {}):
                    known = self.items(table) if table in self._index else self.tables
                    problems.append(f"{where}: {_unknown(f'item of catalogue table {table!r}', str(base), known)}")
                else:
                    rows |= _variant(rows, base, item)
        return Catalog.from_rows(rows), problems

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every row: names the catalogue in results."""
        lines = sorted(f"{row.key}|{row.low}|{row.base}|{row.high}|{row.text}" for row in self.rows.values())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _variant(rows: Mapping[RowKey, Row], base: str, item: str) -> dict[RowKey, Row]:
    """Rows of a new item like another one, and lists that name that one with the new one added."""
    found: dict[RowKey, Row] = {}
    for row in rows.values():
        if row.item == base:
            made = replace(row, item=item, confidence="user" if row.field == "name" else row.confidence)
            made = replace(made, text=f"{row.text}, variant {item}") if row.field == "name" else made
            found[made.key] = made
        elif row.is_text and base in [word.strip() for word in row.text.split(";")]:
            found[row.key] = replace(row, text=f"{row.text};{item}")
    return found


def _overridden(row: Row, value: OverrideValue) -> Row:
    if row.is_text:
        if not isinstance(value, str):
            raise ValueError(f"expected a word, got {value!r}")
        return replace(row, text=value, confidence="user", source=_USER_SOURCE)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"expected a number in {row.unit}, got {value!r}")
    if value < 0 <= row.base:
        raise ValueError(f"expected a number of at least 0 in {row.unit}, got {value!r}")
    if value > 1 and _is_share(row):
        raise ValueError(f"expected a share of at most 1, got {value!r}")
    number = float(value)
    return replace(
        row, low=number, base=number, high=number, given=number, given_unit=row.unit,
        money_year=MONEY_YEAR if row.money_year else None, confidence="user", source=_USER_SOURCE,
    )  # fmt: skip


def _is_share(row: Row) -> bool:
    """Whether a number is a part of a whole: no more than 1 makes sense, whatever the question."""
    name = row.field
    return row.unit == "1" and (name.startswith(_SHARE_STARTS) or name.endswith(_SHARE_ENDS))


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(known[:12])}"
    return f"unknown {kind} '{name}'{hint}"


def read_table(table: str) -> list[dict[str, str]]:
    """Raw lines of one table of the shipped data, as dictionaries by column."""
    text = files("exasite.models.data").joinpath(f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _parse(table: str, line: dict[str, str], index: Mapping[int, float]) -> Row:
    field, unit = line["field"], line["unit"]
    if line["confidence"] not in CONFIDENCES:
        raise ValueError(f"confidence must be one of {', '.join(CONFIDENCES)}, got '{line['confidence']}'")
    if not line["source"]:
        raise ValueError("a source is missing")
    common = {"table": table, "item": line["item"], "field": field, "confidence": line["confidence"],
              "source": line["source"], "note": line["note"] or ""}  # fmt: skip
    if unit == "text":
        return Row(**common, unit="text", low=math.nan, base=math.nan, high=math.nan, text=line["text"],
                   given=math.nan, given_unit="text", money_year=None)  # fmt: skip
    target = canonical_unit(field)
    factor = conversion_factor(unit, target)
    money_year = None
    if "USD" in unit or "$" in unit or unit.startswith("c/"):
        if not line["money_year"]:
            raise ValueError(f"a money year is missing (unit {unit})")
        money_year = int(line["money_year"])
        factor *= index[MONEY_YEAR] / index[money_year]
    base = float(line["base"])
    low = float(line["low"]) if line["low"] else base
    high = float(line["high"]) if line["high"] else base
    if not (math.isfinite(base) and low <= base <= high):
        raise ValueError(f"low <= base <= high does not hold: {low}, {base}, {high}")
    return Row(**common, unit=target, low=low * factor, base=base * factor, high=high * factor, text="",
               given=base, given_unit=unit, money_year=money_year)  # fmt: skip


def price_index() -> dict[int, float]:
    """General price level of each year, as an index (table `price_index`)."""
    return {int(line["item"]): float(line["base"]) for line in read_table(_PRICE_INDEX_TABLE)}


def _is_catalog_table(name: str) -> bool:
    header = files("exasite.models.data").joinpath(name).read_text(encoding="utf-8").split("\n", 1)[0]
    return tuple(header.strip().split(",")) == COLUMNS


@lru_cache(maxsize=1)
def load_catalog() -> Catalog:
    """The shipped catalogue, read, validated and converted once.

    Raises CatalogError listing every bad row with its table, item and field.
    """
    index, rows, problems = price_index(), {}, []
    names = sorted(entry.name for entry in files("exasite.models.data").iterdir() if entry.name.endswith(".csv"))
    for name in filter(_is_catalog_table, names):
        table = name.removesuffix(".csv")
        for line in read_table(table):
            try:
                row = _parse(table, line, index)
                if row.key in rows:
                    raise ValueError("the row stands twice")
                rows[row.key] = row
            except (ValueError, KeyError) as error:
                problems.append(f"{table}.csv: {line.get('item')}.{line.get('field')}: {error}")
    if problems:
        raise CatalogError(problems)
    return Catalog.from_rows(rows)
