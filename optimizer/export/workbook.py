"""The plan as a workbook: sheets with units and number formats, totals that recalculate, charts, ready to print.

Text is written as text whatever it looks like. Formulas stand only where this module writes them: the total of each row
of the bill, sums, sums by line and by site, running sums, and the check against the capex of the design.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from exasite.export.columns import Column, Form
from exasite.export.tables import Table, Value, tables_of
from exasite.export.text import workbook_text
from exasite.plans.records import DayPlan, Plan

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

SHEETS = {
    "figures": "Summary", "sites": "Sites", "bill": "Bill of materials", "racks": "Racks", "networks": "Networks",
    "tiers": "Switch tiers", "pods": "Port map", "power": "Power", "loads": "Loads", "sources": "Power sources",
    "tasks": "Timeline", "timelines": "Dates", "cash": "Cash flow", "capex": "Capex", "opex": "Expenses",
    "money": "Ownership", "verify": "Verify first", "risks": "Risks", "assumptions": "Assumptions", "rows": "Sources",
}  # fmt: skip
HOURS = "Hours"
_FORMATS: dict[Form, str] = {
    "count": "#,##0", "usd": "#,##0", "price": "#,##0.00", "number": "#,##0.0###", "share": "0.00%",
    "weeks": "0.0", "text": "@", "yes": "@",
}  # fmt: skip
_WIDE = ("note", "source", "detail", "explanation", "title", "assumption", "after", "name", "figure", "critical_path")
_HEAD = 3  # rows above the table: title, what it is, empty; then the header
_TITLE_SIZE, _LEAST_WIDTH, _MOST_WIDTH = 14, 9, 60
_MOST_LABEL = 60
_SUMMED = ("capex", "opex")


@dataclass
class _Book:
    """The workbook while it is written."""

    book: Workbook
    plan: Plan
    tables: dict[str, Table]
    formats: dict[str, Any]

    def style(self, key: str, **properties: Any) -> Any:
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"valign": "top", **properties})
        return self.formats[key]

    def form(self, form: Form, bold: bool = False) -> Any:
        properties: dict[str, Any] = {"num_format": _FORMATS[form], "bold": bold}
        if form == "text":
            properties |= {"text_wrap": True}
        if bold:
            properties |= {"top": 1}
        return self.style(f"{form}{bold}", **properties)


def workbook(plan: Plan) -> bytes:
    """The file as bytes. Needs xlsxwriter."""
    from xlsxwriter import Workbook

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
               "nan_inf_to_errors": False}  # fmt: skip
    with Workbook(stream, options) as book:
        book.set_properties({"title": f"Build plan: {workbook_text(plan.header.name)[:200]}", "author": "exasite",
                             "created": datetime.fromisoformat(plan.header.start_date)})  # fmt: skip
        made = _Book(book, plan, tables_of(plan), {})
        for name in SHEETS:
            _sheet(made, name)
            if name == "sources":
                _hours(made)
    return stream.getvalue()


def _sheet(made: _Book, name: str) -> None:
    table = made.tables[name]
    sheet = made.book.add_worksheet(SHEETS[name])
    _head(made, sheet, table)
    rows = _rows(name, table)
    for number, row in enumerate(rows):
        for k, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            _write(made, sheet, _HEAD + 1 + number, k, column, value)
    writers = {"figures": _summary, "sites": _sites, "bill": _bill, "cash": _cash, "tasks": _tasks}
    if name in writers:
        writers[name](made, sheet, table)
    if name in _SUMMED:
        _summed(made, sheet, table, name)
    _page(sheet, table, rows)


def _rows(name: str, table: Table) -> Sequence[tuple[Value, ...]]:
    """Rows as they are; the sum of a summed table is a formula of its own."""
    return table.rows[:-1] if name in _SUMMED else table.rows


def _head(made: _Book, sheet: Worksheet, table: Table) -> None:
    title = f"Build plan {workbook_text(made.plan.header.name)[:120]}: {table.title}"
    sheet.write_string(0, 0, title, made.style("title", bold=True, font_size=_TITLE_SIZE, valign="vcenter"))
    sheet.write_string(1, 0, table.about, made.style("about", italic=True, font_color="#555555"))
    header = made.style("header", bold=True, text_wrap=True, bottom=1, bg_color="#E8EDF3")
    for k, column in enumerate(table.columns):
        unit = f"\n[{column.unit}]" if column.unit and column.unit not in ("date", "as stated") else ""
        sheet.write_string(_HEAD, k, column.title + unit, header)


def _write(made: _Book, sheet: Worksheet, row: int, column: int, about: Column, value: Value, bold: bool = False
           ) -> None:  # fmt: skip
    if value is None:
        sheet.write_blank(row, column, None, made.form("text", bold))
    elif isinstance(value, bool):
        sheet.write_string(row, column, "yes" if value else "no", made.form("text", bold))
    elif isinstance(value, str):
        sheet.write_string(row, column, workbook_text(value), made.form("text", bold))
    else:
        form: Form = "number" if about.form == "text" else about.form
        sheet.write_number(row, column, value, made.form(form, bold))


def _page(sheet: Worksheet, table: Table, rows: Sequence[tuple[Value, ...]]) -> None:
    """Widths, frozen header, filter, and how it prints."""
    for k, column in enumerate(table.columns):
        longest = max([len(str(row[k])) for row in rows[:200]] + [len(column.title)], default=_LEAST_WIDTH)
        most = _MOST_WIDTH if column.key in _WIDE else 26
        sheet.set_column(k, k, min(max(longest + 2, _LEAST_WIDTH), most))
    sheet.freeze_panes(_HEAD + 1, 1)
    if rows:
        sheet.autofilter(_HEAD, 0, _HEAD + len(rows), len(table.columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEAD)
    sheet.set_footer("&L&A&RPage &P of &N")
    sheet.hide_gridlines(1)


def _label(words: str) -> str:
    """A name in a chart: text that looks like a cell of a sheet would be taken for a reference to it."""
    return workbook_text(words).lstrip(" =").replace("!", "\uff01")[:_MOST_LABEL] or "-"


def _name(row: int, column: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column))


def _range(table: Table, key: str, sheet: str = "", rows: int | None = None) -> str:
    """Cells of a column below the header, fixed, on its sheet."""
    from xlsxwriter.utility import xl_range_abs

    k, last = table.column(key), _HEAD + (len(table.rows) if rows is None else rows)
    place = str(xl_range_abs(_HEAD + 1, k, max(last, _HEAD + 1), k))
    return f"'{sheet}'!{place}" if sheet else place


def _bill(made: _Book, sheet: Worksheet, table: Table) -> None:
    """The total of each row as count x unit price, and their sum."""
    count, price, total = (table.column(key) for key in ("count", "unit_price_usd", "total_usd"))
    for number, row in enumerate(table.rows):
        if row[price] is not None:
            at = _HEAD + 1 + number
            sheet.write_formula(at, total, f"=ROUND({_name(at, count)}*{_name(at, price)},2)", made.form("price"),
                                row[total])  # fmt: skip
    end = _HEAD + 1 + len(table.rows)
    sheet.write_string(end, 0, "Sum", made.form("text", bold=True))
    sheet.write_formula(end, total, f"=SUM({_range(table, 'total_usd')})", made.form("price", bold=True),
                        made.plan.total_usd)  # fmt: skip


def _sum_of_bill(made: _Book) -> str:
    bill = made.tables["bill"]
    return f"'{SHEETS['bill']}'!{_name(_HEAD + 1 + len(bill.rows), bill.column('total_usd'))}"


def _summary(made: _Book, sheet: Worksheet, table: Table) -> None:
    """Headline figures, what the plan is, and the check of the bill against the design."""
    head, row = made.plan.header, _HEAD + 2 + len(table.rows)
    base, wide = table.column("base"), made.form("text")
    checks = (
        ("Sum of the bill", f"={_sum_of_bill(made)}", made.plan.total_usd),
        ("Capex of the design", None, round(made.plan.capex[-1].base, 2)),
        ("Difference", f"=ROUND({_name(row, base)}-{_name(row + 1, base)},2)", 0.0),
    )
    for words, formula, value in checks:
        sheet.write_string(row, 0, words, made.form("text", bold=words == "Difference"))
        if formula is None:
            sheet.write_number(row, base, value, made.form("price"))
        else:
            sheet.write_formula(row, base, formula, made.form("price"), value)
        row += 1
    facts = (
        ("Question", head.question), ("Status", head.status), ("Message", head.message), ("Objective", head.objective),
        ("Decision", head.start_date), ("First work", head.online_date),
        ("Money", f"US dollars of {head.money_year}"), ("exasite", head.exasite_version),
        ("Question, sha256", head.instance_sha256), ("Catalogue, sha256", head.catalog_sha256),
    )  # fmt: skip
    for number, (label, words) in enumerate(facts, start=row + 1):
        sheet.write_string(number, 0, label, wide)
        sheet.write_string(number, 1, workbook_text(words))


def _sites(made: _Book, sheet: Worksheet, table: Table) -> None:
    """Capex of each site as the sum of its rows in the bill."""
    bill, capex = made.tables["bill"], table.column("capex_usd")
    total: dict[str, int] = {}
    for row in made.plan.bill:
        total[row.site] = total.get(row.site, 0) + round(row.total_usd * 100)
    for number, site in enumerate(made.plan.sites):
        at = _HEAD + 1 + number
        places = (_range(bill, "site", SHEETS["bill"]), _range(bill, "total_usd", SHEETS["bill"]))
        formula = f"=SUMIF({places[0]},{_name(at, table.column('site'))},{places[1]})"
        sheet.write_formula(at, capex, formula, made.form("usd"), total.get(site.site, 0) / 100)


def _summed(made: _Book, sheet: Worksheet, table: Table, name: str) -> None:
    """The sum under a table of lines, and a chart of it."""
    lines, end = len(table.rows) - 1, _HEAD + len(table.rows)
    sheet.write_string(end, 0, "total", made.form("text", bold=True))
    for key in ("low", "base", "high"):
        k = table.column(key)
        value = table.rows[-1][k]
        if isinstance(value, int | float):
            sheet.write_formula(end, k, f"=SUM({_range(table, key, rows=lines)})", made.form("price", bold=True), value)
    for number in range(lines):
        for key in ("low", "base", "high"):
            value = table.rows[number][table.column(key)]
            if isinstance(value, int | float):
                sheet.write_number(_HEAD + 1 + number, table.column(key), value, made.form("price"))
    chart = made.book.add_chart({"type": "bar"})
    chart.add_series({"name": "base", "categories": f"='{SHEETS[name]}'!{_range(table, 'figure', rows=lines)}",
                      "values": f"='{SHEETS[name]}'!{_range(table, 'base', rows=lines)}"})  # fmt: skip
    chart.set_title({"name": table.title})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"num_format": "#,##0,,", "name": "million dollars"})
    sheet.insert_chart(_HEAD, len(table.columns) + 1, chart, {"x_scale": 1.4, "y_scale": 1.4})


def _cash(made: _Book, sheet: Worksheet, table: Table) -> None:
    """Sums of each quarter and running sums, and a chart of both."""
    total, running, booked = table.column("total_usd"), table.column("cumulative_usd"), 0.0
    for number, row in enumerate(table.rows):
        at = _HEAD + 1 + number
        for k in range(1, total):
            sheet.write_number(at, k, float(row[k] or 0.0), made.form("price"))
        span = f"{_name(at, 1)}:{_name(at, total - 1)}"
        sheet.write_formula(at, total, f"=SUM({span})", made.form("price"), row[total])
        before = f"{_name(at - 1, running)}+" if number else ""
        booked = float(row[running] or 0.0)
        sheet.write_formula(at, running, f"={before}{_name(at, total)}", made.form("price"), booked)
    end = _HEAD + 1 + len(table.rows)
    sheet.write_string(end, 0, "Sum", made.form("text", bold=True))
    for k, column in enumerate(table.columns[1:running], start=1):
        value = sum(float(row[k] or 0.0) for row in table.rows)
        sheet.write_formula(end, k, f"=SUM({_range(table, column.key)})", made.form("price", bold=True), value)
    chart = made.book.add_chart({"type": "column", "subtype": "stacked"})
    place = f"'{SHEETS['cash']}'!"
    for column in table.columns[1:total]:
        chart.add_series({"name": _label(column.title), "categories": f"={place}{_range(table, 'quarter')}",
                          "values": f"={place}{_range(table, column.key)}"})  # fmt: skip
    chart.set_title({"name": "Capex by quarter"})
    chart.set_y_axis({"num_format": "#,##0,,", "name": "million dollars"})
    sheet.insert_chart(end + 2, 0, chart, {"x_scale": 2.0, "y_scale": 1.4})


def _tasks(made: _Book, sheet: Worksheet, table: Table) -> None:
    """A Gantt chart: bars from the start week, with a bar before them that is not seen."""
    chart = made.book.add_chart({"type": "bar", "subtype": "stacked"})
    place = f"'{SHEETS['tasks']}'!"
    categories = f"={place}{_range(table, 'name')}"
    chart.add_series({"name": "start", "categories": categories, "values": f"={place}{_range(table, 'start_week')}",
                      "fill": {"none": True}, "border": {"none": True}})  # fmt: skip
    chart.add_series({"name": "weeks", "categories": categories, "values": f"={place}{_range(table, 'weeks')}",
                      "fill": {"color": "#3B6FB6"}, "gap": 40})  # fmt: skip
    chart.add_series({"name": "slack", "categories": categories, "values": f"={place}{_range(table, 'slack_weeks')}",
                      "fill": {"color": "#D8DEE6"}})  # fmt: skip
    chart.set_title({"name": "Timeline in weeks from the decision"})
    chart.set_y_axis({"reverse": True})
    chart.set_legend({"position": "bottom", "delete_series": [0]})
    scales = {"x_scale": 2.2, "y_scale": max(1.2, len(table.rows) / 14)}
    sheet.insert_chart(_HEAD + 3 + len(table.rows), 0, chart, scales)


def _hours(made: _Book) -> None:
    """Typical and extreme days, a block each: hours down, sources across, with a chart."""
    sheet = made.book.add_worksheet(HOURS)
    sheet.write_string(0, 0, "Typical and extreme days, MW by hour", made.style("title"))
    row = 2
    for day in made.plan.days:
        row = _day(made, sheet, day, row) + 2
    sheet.set_column(0, 0, 10)
    sheet.set_column(1, 12, 16)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _day(made: _Book, sheet: Worksheet, day: DayPlan, row: int) -> int:
    sheet.write_string(row, 0, workbook_text(f"{day.site}, {day.day} day, {day.date}: {day.why}"),
                       made.style("day", bold=True, text_wrap=False))  # fmt: skip
    series = {**day.sources_mw, "demand": day.demand_mw, "charge": day.charge_mw, "unserved": day.unserved_mw}
    header = made.style("header")
    sheet.write_string(row + 1, 0, "hour", header)
    chart = made.book.add_chart({"type": "column", "subtype": "stacked"})
    demand = made.book.add_chart({"type": "line"})
    for k, (name, values) in enumerate(series.items(), start=1):
        sheet.write_string(row + 1, k, workbook_text(name), header)
        for hour, mw in enumerate(values):
            sheet.write_number(row + 2 + hour, 0, hour, made.form("count"))
            sheet.write_number(row + 2 + hour, k, mw, made.form("number"))
        last = row + 1 + len(values)
        drawn = {"name": [HOURS, row + 1, k], "categories": [HOURS, row + 2, 0, last, 0],
                 "values": [HOURS, row + 2, k, last, k]}  # fmt: skip
        if name == "demand":
            demand.add_series({**drawn, "line": {"color": "#1B2430", "width": 2}})
        elif name in day.sources_mw and max(values, default=0.0) > 0:
            chart.add_series({**drawn, "gap": 10})
    if len(chart.series) > 0:
        chart.combine(demand)
    chart.set_title({"name": _label(f"{day.day} day"), "name_font": {"size": 11}})
    chart.set_y_axis({"name": "MW"})
    sheet.insert_chart(row + 1, len(series) + 2, chart, {"x_scale": 1.3, "y_scale": 1.3})
    return row + 2 + len(day.demand_mw)
