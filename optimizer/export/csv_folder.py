"""The plan as a folder of CSV files, one a table, with a data dictionary."""

from __future__ import annotations

import csv
import io

from exasite.export.tables import Table, Value, tables_of
from exasite.export.text import cell
from exasite.plans.records import Plan

DICTIONARY = "dictionary.csv"


def csv_files(plan: Plan) -> dict[str, str]:
    """Text of every file by its name; `dictionary.csv` says what each column holds."""
    tables = tables_of(plan)
    found = {f"{name}.csv": _text([column.key for column in t.columns], t.rows) for name, t in tables.items()}
    found[DICTIONARY] = _dictionary(tables)
    return found


def _dictionary(tables: dict[str, Table]) -> str:
    rows: list[tuple[Value, ...]] = [
        (f"{name}.csv", column.key, column.unit, column.meaning, table.about)
        for name, table in tables.items()
        for column in table.columns
    ]
    return _text(["file", "column", "unit", "meaning", "table"], rows)


def _text(header: list[str], rows: list[tuple[Value, ...]] | tuple[tuple[Value, ...], ...]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([cell(name) for name in header])
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return stream.getvalue()


def _cell(value: Value) -> str | float | int:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return cell(value) if isinstance(value, str) else value
