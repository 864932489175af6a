"""The plan as one Markdown page that any viewer reads."""

from __future__ import annotations

from collections.abc import Sequence

from exasite.export.columns import Column
from exasite.export.numbers import shown
from exasite.export.tables import PER_SITE, Table, Value, tables_of
from exasite.export.text import markdown
from exasite.plans.records import Plan
from exasite.words import money

_MOST_ROWS = 60  # of a table on the page; workbook and CSV have all
_LEAST_GAP = 0.01  # in per cent
_MOST_TITLE, _MOST_QUESTION = 120, 2000
_NO_UNIT = ("date", "as stated")
_FIRST = ("figures", "sites")
_LEFT_OUT = ("days",)
_CENTS = 100
_HIDDEN = {
    "bill": ("item", "source", "lead_weeks", "supplier"),
    "tasks": ("id", "source", "kind", "after", "start_week", "end_week", "latest_start_week"),
}


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
    parts += [_section(tables[name]) for name in _FIRST if name != "sites" or len(plan.sites) > 1]
    for site in plan.sites:
        parts.append(f"## {markdown(site.name, _MOST_TITLE)}")
        parts += [_section(tables[name].of_site(site.site), "###") for name in PER_SITE]
    parts += [_section(tables[name]) for name in tables if name not in (*_FIRST, *PER_SITE, *_LEFT_OUT)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(table: Table, level: str = "##") -> str:
    """A heading, what the table is, the table, and what is cut off."""
    head = f"{level} {table.title}\n\n"
    if table.name == "assumptions":
        return head + "\n".join(f"- {markdown(str(row[0]))}" for row in table.rows)
    hidden = {*_HIDDEN.get(table.name, ()), *(("site",) if level == "###" else ())}
    kept = [k for k, column in enumerate(table.columns) if column.key not in hidden]
    text = _table([table.columns[k] for k in kept], [[row[k] for k in kept] for row in table.rows[:_MOST_ROWS]])
    more = len(table.rows) - _MOST_ROWS
    rest = f"\n\n{more:,} more rows are in {table.name}.csv and in the workbook." if more > 0 else ""
    total = ""
    if table.name == "bill":
        sums = sum(round(float(row[table.column("total_usd")] or 0) * _CENTS) for row in table.rows) / _CENTS
        total = f"\n\nSum of all rows: {sums:,.2f} USD."
    return f"{head}{table.about}\n\n{text}{rest}{total}"


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> str:
    if not rows:
        return "None."
    head = [markdown(c.title) + (f" [{c.unit}]" if c.unit and c.unit not in _NO_UNIT else "") for c in columns]
    rule = ["---" if c.form == "text" else "---:" for c in columns]
    lines = [head, rule, *([_cell(v, c) for v, c in zip(row, columns, strict=True)] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: Value, column: Column) -> str:
    return markdown(value) if isinstance(value, str) else shown(value, column.form)
