"""The plan as one Markdown page that any viewer reads."""

from __future__ import annotations

from collections.abc import Sequence

from exasite.export.columns import Column
from exasite.export.numbers import shown
from exasite.export.tables import Table, Value, tables_of
from exasite.export.text import markdown
from exasite.plans.records import Plan
from exasite.words import money

_MOST_ROWS = 60  # of a table on the page; workbook and CSV have all
_LEAST_GAP = 0.01  # in per cent
_MOST_TITLE, _MOST_QUESTION = 120, 2000
_NO_UNIT = ("date", "as stated")
_LEFT_OUT = ("days",)
_HIDDEN = {"bill": ("source", "lead_weeks", "supplier"), "tasks": ("source", "kind", "after")}


def markdown_page(plan: Plan) -> str:
    """The whole page: what is planned, then every table."""
    head, tables = plan.header, tables_of(plan)
    gap = "" if head.gap is None else f", proven to within {max(100 * head.gap, _LEAST_GAP):.2f} %"
    parts = [
        f"# Build plan: {markdown(head.name, _MOST_TITLE)}",
        markdown(head.question, _MOST_QUESTION),
        f"{money(plan.total_usd)} of capex, first work on {head.online_date} after a decision on {head.start_date}; "
        f"the design is {markdown(head.status)}{gap}. Money in US dollars of {head.money_year}.",
    ]
    for name, table in tables.items():
        if name not in _LEFT_OUT:
            parts.append(_section(name, table, several=len(plan.sites) > 1))
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(name: str, table: Table, *, several: bool) -> str:
    if name == "assumptions":
        lines = "\n".join(f"- {markdown(str(row[0]))}" for row in table.rows)
        return f"## {table.title}\n\n{lines}"
    hidden = set(_HIDDEN.get(name, ())) | (set() if several else {"site"})
    kept = [k for k, column in enumerate(table.columns) if column.key not in hidden]
    text = _table([table.columns[k] for k in kept], [[row[k] for k in kept] for row in table.rows[:_MOST_ROWS]])
    more = len(table.rows) - _MOST_ROWS
    rest = f"\n\n{more:,} more rows are in {name}.csv and in the workbook." if more > 0 else ""
    total = ""
    if name == "bill":
        sums = sum(float(row[table.column("total_usd")] or 0) for row in table.rows)
        total = f"\n\nSum of all rows: {sums:,.2f} USD."
    return f"## {table.title}\n\n{table.about}\n\n{text}{rest}{total}"


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> str:
    if not rows:
        return "None."
    head = [markdown(c.title) + (f" [{c.unit}]" if c.unit and c.unit not in _NO_UNIT else "") for c in columns]
    rule = ["---" if c.form == "text" else "---:" for c in columns]
    lines = [head, rule, *([_cell(v, c) for v, c in zip(row, columns, strict=True)] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: Value, column: Column) -> str:
    return markdown(value) if isinstance(value, str) else shown(value, column.form)
