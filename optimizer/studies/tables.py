"""The tidy table of a study, one row a scenario, and its files: CSV, Parquet, Excel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exasite.save import write_whole
from exasite.studies.records import value_of
from exasite.studies.scenarios import Scenario
from exasite.studies.store import Outcome

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used

PENDING = "pending"
_MOST_EXCEL_ROWS = 1_048_575


def column_names(keys: Sequence[str], taken: Sequence[str]) -> dict[str, str]:
    """Column of each recorded key: its last word, with its section where an axis has that name."""
    names: dict[str, str] = {}
    for key in keys:
        section, name = key.split(".", 1)
        if section == "objective":
            name = {"value": "objective", "kind": "objective_kind"}.get(name, name)
        names[key] = f"{section}_{name}" if name in (*taken, *names.values()) else name
    return names


def table(scenarios: Sequence[Scenario], keys: Sequence[str], outcomes: Callable[[int], Outcome | None],
          recorded: Sequence[str]) -> pd.DataFrame:  # fmt: skip
    """One row a scenario: number, name, its values by axis, status, reason, and the recorded columns.

    `outcomes` gives the outcome of the scenario at a position; None: not solved yet.
    """
    import pandas as pd

    axes = list(dict.fromkeys(name for scenario in scenarios for name, _ in scenario.values))
    fixed = ("scenario", "name", "status", "reason")
    heads = {axis: axis if axis not in fixed else f"axis {axis}" for axis in axes}
    names = column_names(recorded, [*fixed, *heads.values()])
    rows: dict[str, list[Any]] = {head: [] for head in ("scenario", "name", *heads.values(), "status", "reason")}
    rows |= {name: [] for name in names.values()}
    for position, scenario in enumerate(scenarios):
        outcome, values = outcomes(position), dict(scenario.values)
        rows["scenario"].append(scenario.number)
        rows["name"].append(scenario.name)
        for axis in axes:
            rows[heads[axis]].append(values.get(axis))
        rows["status"].append(outcome.status if outcome else PENDING)
        rows["reason"].append(outcome.reason if outcome else "")
        record: Mapping[str, Any] = outcome.record if outcome else {}
        for key, name in names.items():
            rows[name].append(value_of(record, key) if record else None)
    return pd.DataFrame({name: pd.Series(values, dtype=_kind(values)) for name, values in rows.items()})


def _kind(values: Sequence[Any]) -> Any:
    given = [value for value in values if value is not None]
    if given and all(isinstance(value, int) and not isinstance(value, bool) for value in given):
        return "int64" if len(given) == len(values) else "Int64"
    if given and all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return "float64"
    return "object"


def write_tables(frame: pd.DataFrame, sheets: Mapping[str, pd.DataFrame], folder: Path) -> tuple[list[Path], list[str]]:
    """study.csv always; study.parquet and study.xlsx (with more sheets) where the libraries are there.

    Returns the paths written, and what could not be written and why.
    """
    written = [write_whole(folder / "study.csv", frame.to_csv(index=False))]
    missing = []
    try:
        written.append(_whole_file(folder / "study.parquet", lambda path: _plain(frame).to_parquet(path, index=False)))
    except ImportError:
        missing.append("study.parquet (pip install 'exasite[study]')")
    if len(frame) > _MOST_EXCEL_ROWS:
        return written, [*missing, f"study.xlsx ({len(frame):,} rows are more than a sheet holds)"]
    try:
        written.append(_whole_file(folder / "study.xlsx", lambda path: _excel({"scenarios": frame, **sheets}, path)))
    except ImportError:
        missing.append("study.xlsx (pip install 'exasite[study]')")
    return written, missing


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of one kind each: what mixes numbers and words becomes words."""
    mixed = [name for name in frame.columns if len({type(v) for v in frame[name].dropna()}) > 1]
    return frame.assign(**{name: frame[name].map(str, na_action="ignore") for name in mixed})


def _excel(sheets: Mapping[str, pd.DataFrame], path: Path) -> None:
    import pandas as pd

    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for name, frame in sheets.items():
            frame.map(_as_text).to_excel(book, sheet_name=name[:31], index=False, freeze_panes=(1, 2))


def _as_text(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@" and value[:1] else value


def _whole_file(path: Path, write: Callable[[Path], None]) -> Path:
    """Write under a temporary name of the same ending, then rename."""
    temporary = path.with_name(f".new.{path.name}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
