"""The plan as plain tables with named, described columns: what every format of rows and columns is written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from exasite.export.columns import COLUMNS, Column
from exasite.plans.records import Plan

Value = str | float | int | bool | None


@dataclass(frozen=True)
class Table:
    """A table: file name, title, what it is, columns and rows."""

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]

    def of_site(self, site: str) -> Table:
        """The rows of one site."""
        if not self.rows:
            return self
        at = self.column("site")
        return replace(self, rows=tuple(row for row in self.rows if row[at] == site))

    def column(self, key: str) -> int:
        """Number of a column from 0. Raises KeyError for one that is not there."""
        for number, column in enumerate(self.columns):
            if column.key == key:
                return number
        raise KeyError(key)


# name of the table -> title, what it is, field of the plan
_TABLES = {
    "figures": ("Headline figures", "The design at a glance, at low, base and high prices."),
    "sites": ("Sites", "One row a site."),
    "bill": ("Bill of materials", "Every row adds up to the capex of the design, to the cent."),
    "racks": ("Racks and floor", "Racks, rows, halls and floor of each cluster."),
    "networks": ("Networks", "The interconnect of each cluster."),
    "tiers": ("Switch tiers", "Switches and ports by tier."),
    "pods": ("Port map", "Which nodes stand on which leaves and spines; switches are numbered through each tier."),
    "power": ("Power and cooling", "Power, PUE and water of each site."),
    "loads": ("Loads", "What draws the power, at the peak and in the mean."),
    "sources": ("Power sources", "Units, N+k, what each delivers, from when."),
    "tasks": ("Timeline", "Tasks, what they wait for, and how much each may slip."),
    "timelines": ("Dates", "When each site works, and how that agrees with the result."),
    "capex": ("Capex by line", "At low, base and high prices, the design fixed."),
    "opex": ("Expenses by line", "A year, at low, base and high prices, the design and its operation fixed."),
    "money": ("Cost of ownership", "And of a unit of work."),
    "verify": ("Numbers to verify", "Strongest effect on the objective between low and high first, the design fixed."),
    "risks": ("Risks", "What the plan hangs on."),
    "rows": ("Sources", "Every catalogue row the plan rests on."),
}
# tables that each site has its own part of
PER_SITE = ("bill", "racks", "networks", "tiers", "pods", "power", "loads", "sources", "tasks", "timelines")
_ORDER = (
    "figures",
    "sites",
    "bill",
    "racks",
    "networks",
    "tiers",
    "pods",
    "power",
    "loads",
    "sources",
    "days",
    "tasks",
    "timelines",
    "cash",
    "capex",
    "opex",
    "money",
    "verify",
    "risks",
    "assumptions",
    "rows",
)


def tables_of(plan: Plan) -> dict[str, Table]:
    """All tables by name, in the order in which they are read."""
    found = {name: _records(name, getattr(plan, name)) for name in _TABLES}
    found["days"] = _days(plan)
    found["cash"] = _cash(plan)
    found["assumptions"] = Table(
        "assumptions",
        "Assumptions",
        "What the plan takes for granted.",
        (COLUMNS["assumption"],),
        tuple((words,) for words in plan.assumptions),
    )
    return {name: found[name] for name in _ORDER}


def _records(name: str, records: Sequence[BaseModel]) -> Table:
    title, about = _TABLES[name]
    # the columns are those of the record, whether or not there are rows
    keys = list(type(records[0]).model_fields) if records else list(_EMPTY.get(name, ()))
    columns = tuple(COLUMNS[f"{name}.{key}"] if f"{name}.{key}" in COLUMNS else COLUMNS[key] for key in keys)
    return Table(name, title, about, columns, tuple(tuple(_value(getattr(r, k)) for k in keys) for r in records))


_EMPTY = {
    "verify": ("rank", "table", "item", "field"),
    "tiers": ("site", "cluster", "tier"),
    "pods": ("site", "cluster", "pod"),
    "rows": ("table", "item", "field"),
}


def _value(value: Any) -> Value:
    if isinstance(value, tuple | list):
        return "; ".join(str(part) for part in value)
    return value if isinstance(value, str | float | int | bool) or value is None else str(value)


def _days(plan: Plan) -> Table:
    """Hours of the typical and extreme days, one row an hour and series."""
    keys = ("site", "day", "date", "hour", "series", "mw")
    rows: list[tuple[Value, ...]] = []
    for day in plan.days:
        series = {**day.sources_mw, "demand": day.demand_mw, "charge": day.charge_mw, "unserved": day.unserved_mw}
        for name, values in series.items():
            rows += [(day.site, day.day, day.date, hour, name, mw) for hour, mw in enumerate(values)]
    return Table(
        "days",
        "Days hour by hour",
        "Typical and extreme days of each site.",
        tuple(COLUMNS[key] for key in keys),
        tuple(rows),
    )


def _cash(plan: Plan) -> Table:
    """Capex by quarter, one column a line of the bill."""
    due = {line for quarter in plan.cash for line in quarter.lines_usd}
    lines = tuple(line for line in dict.fromkeys(row.line for row in plan.bill) if line in due)
    columns = (
        COLUMNS["quarter"],
        *(Column(line, line, "USD", "usd", f"capex of the line {line} that falls due") for line in lines),
        COLUMNS["total_usd"],
        COLUMNS["cumulative_usd"],
    )
    rows: list[tuple[Value, ...]] = [
        (q.quarter, *(q.lines_usd.get(line, 0.0) for line in lines), q.total_usd, q.cumulative_usd) for q in plan.cash
    ]
    return Table("cash", "Cash flow", "Capex by the quarter in which it falls due.", columns, tuple(rows))
