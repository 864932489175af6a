"""Checks of an hourly weather file, row by row: format, calendar, time zone and believable numbers.

Rows are lines of the file, counted from 1. A file must hold the 8,760 hours of a year without a leap day,
in order and in local standard time.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from exasite.models.climate import calendar
from exasite.models.input_file import InputFileError, text_lines
from exasite.models.local_time import check_sun_clock, check_time_zone
from exasite.models.units import HOURS_PER_YEAR

_HOURS = int(HOURS_PER_YEAR)
PASCAL_PER_HPA = 100.0

Moment = tuple[int, int, int]  # month, day, hour that ends (1 to 24)


class WeatherError(InputFileError):
    """A weather file that cannot be used: carries one message per problem."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__("weather", path, problems)


@dataclass(frozen=True)
class _Quantity:
    """A column to check: its place in the file and the range in which a value is believed."""

    label: str
    column: int
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Layout:
    """How a file lays out its rows: "EPW" or "TMY3", its first data row, its columns, its place in row 1.

    `zone_columns` are the columns of row 1 with longitude [degrees east] and time zone [h ahead of UTC].
    """

    kind: str
    first_row: int
    quantities: tuple[_Quantity, ...]
    zone_columns: tuple[int, int]


_SUNSHINE = "global radiation"
# label, low, high, unit, EPW column, EPW factor of the range, TMY3 column; ranges hold the extremes on Earth
_CHECKS = (
    ("dry bulb", -90.0, 60.0, "degC", 6, 1.0, "Dry-bulb (C)"),
    ("relative humidity", 0.0, 100.0, "%", 8, 1.0, "RHum (%)"),
    ("pressure", 450.0, 1100.0, "hPa", 9, PASCAL_PER_HPA, "Pressure (mbar)"),
    (_SUNSHINE, 0.0, math.inf, "W/m2", 13, 1.0, "GHI (W/m^2)"),
    ("direct radiation", 0.0, math.inf, "W/m2", 14, 1.0, "DNI (W/m^2)"),
    ("diffuse radiation", 0.0, math.inf, "W/m2", 15, 1.0, "DHI (W/m^2)"),
)


def check_weather(path: Path, text: str) -> Layout:
    """Layout of a weather file with this text. Raises WeatherError listing every problem of every row."""
    try:
        lines = list(csv.reader(text_lines(text)))
    except csv.Error as error:
        raise WeatherError(path, [f"not a CSV file: {error}"]) from error
    layout = _layout(path, lines)
    problems = [*_calendar_problems(layout, lines), *_value_problems(layout, lines)]
    problems = [*_zone_problems(layout, lines), *problems] or _clock_problems(layout, lines)
    if problems:
        raise WeatherError(path, problems)
    return layout


def _layout(path: Path, lines: list[list[str]]) -> Layout:
    first = lines[0][0].strip().upper() if lines[0] else ""
    if first == "LOCATION":
        return _epw_layout(path, lines)
    if len(lines) > 1 and lines[1][:1] == ["Date (MM/DD/YYYY)"]:
        return _tmy3_layout(path, lines[1])
    expected = "row 1 must start with LOCATION (EPW), or row 2 with Date (MM/DD/YYYY) (TMY3)"
    raise WeatherError(path, [f"neither EPW nor TMY3: {expected}"])


def _epw_layout(path: Path, lines: list[list[str]]) -> Layout:
    header = 8
    if len(lines) < header or lines[header - 1][:1] != ["DATA PERIODS"]:
        raise WeatherError(path, [f"EPW: row {header} must start with DATA PERIODS"])
    quantities = [_Quantity(label, column, low * factor, high * factor, "Pa" if factor != 1 else unit)
                  for label, low, high, unit, column, factor, _ in _CHECKS]  # fmt: skip
    return Layout("EPW", header, tuple(quantities), (7, 8))


def _tmy3_layout(path: Path, header: list[str]) -> Layout:
    missing = [name for *_, name in _CHECKS if name not in header]
    missing += [] if header[1:2] == ["Time (HH:MM)"] else ["Time (HH:MM)"]
    if missing:
        raise WeatherError(path, [f"TMY3: row 2 lacks the column {name}" for name in missing])
    quantities = [_Quantity(label, header.index(name), low, high, unit)
                  for label, low, high, unit, _, _, name in _CHECKS]  # fmt: skip
    return Layout("TMY3", 2, tuple(quantities), (5, 3))


def _rows(layout: Layout, lines: list[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Row number (from 1) and cells of every data row that is not blank."""
    for number, cells in enumerate(lines[layout.first_row :], start=layout.first_row + 1):
        if any(cell.strip() for cell in cells):
            yield number, cells


def _moment(layout: Layout, cells: list[str]) -> Moment:
    """Month, day and hour (1 to 24, the hour that ends) of a row. Raises ValueError or IndexError."""
    if layout.kind == "EPW":
        return int(cells[1]), int(cells[2]), int(cells[3])
    month, day, _ = cells[0].split("/")
    hour, minute = cells[1].split(":")
    if int(minute) != 0:
        raise ValueError("not on the hour")
    return int(month), int(day), int(hour)


@lru_cache(maxsize=1)
def _year() -> tuple[Moment, ...]:
    """The 8,760 moments of a year, in order."""
    months, hours = calendar()
    moments: list[Moment] = []
    for month, hour in zip(months.tolist(), hours.tolist(), strict=True):
        same_month = bool(moments) and moments[-1][0] == month
        day = (moments[-1][1] if same_month else 1) + (1 if same_month and hour == 0 else 0)
        moments.append((month, day, hour + 1))
    return tuple(moments)


def _calendar_problems(layout: Layout, lines: list[list[str]]) -> list[str]:
    """Hours that are unreadable, of a leap day, repeated, missing or out of order."""
    position = {moment: place for place, moment in enumerate(_year())}
    problems: list[str] = []
    found: dict[int, int] = {}
    last = -1
    for row, cells in _rows(layout, lines):
        try:
            moment = _moment(layout, cells)
        except (ValueError, IndexError):
            problems.append(f"row {row}: date or hour cannot be read: {','.join(cells[:4])}")
            continue
        if moment[:2] == (2, 29):
            problems.append(f"row {row}: 29 February; a year of 8760 hours has no leap day")
        elif moment not in position:
            problems.append(f"row {row}: there is no {_name(moment)} in a year")
        elif position[moment] in found:
            problems.append(f"row {row}: {_name(moment)} stands already in row {found[position[moment]]}")
        else:
            if position[moment] < last:
                problems.append(f"row {row}: {_name(moment)} is out of order")
            last = position[moment]
            found[last] = row
    return problems + _gaps(found)


def _gaps(found: dict[int, int]) -> list[str]:
    """Runs of missing hours, given the row of each hour that was found."""
    year, problems = _year(), []
    start = None
    for hour in range(_HOURS + 1):
        if hour < _HOURS and hour not in found:
            start = hour if start is None else start
        elif start is not None:
            after = f"after row {found[start - 1]}" if start else "before the first row"
            span = " to ".join(dict.fromkeys([_name(year[start]), _name(year[hour - 1])]))
            problems.append(f"{after}: {hour - start} of {_HOURS} hours missing: {span}")
            start = None
    return problems


def _name(moment: Moment) -> str:
    return "{:02d}/{:02d} hour {}".format(*moment)


def _value_problems(layout: Layout, lines: list[list[str]]) -> list[str]:
    problems = []
    for row, cells in _rows(layout, lines):
        for quantity in layout.quantities:
            if quantity.column >= len(cells):
                problems.append(f"row {row}: {quantity.label} is missing ({len(cells)} columns)")
                continue
            problem = _value_problem(quantity, cells[quantity.column])
            if problem:
                problems.append(f"row {row}: {quantity.label} {problem}")
    return problems


def _value_problem(quantity: _Quantity, cell: str) -> str:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        return f"is not a number: '{cell}'"
    if not quantity.low <= value <= quantity.high:
        limits = f"{quantity.low:g} to {quantity.high:g}" if math.isfinite(quantity.high) else "at least 0"
        return f"is {value:g} {quantity.unit}, expected {limits}"
    return ""


def _zone_problems(layout: Layout, lines: list[list[str]]) -> list[str]:
    """Row 1: the time zone against the longitude."""
    longitude, zone = _place(layout, lines)
    problem = check_time_zone(zone, longitude)
    return [f"row 1: {problem}"] if problem else []


def _clock_problems(layout: Layout, lines: list[list[str]]) -> list[str]:
    """The hour of the sun in a file that is whole."""
    (column,) = (q.column for q in layout.quantities if q.label == _SUNSHINE)
    values = np.array([float(cells[column]) for _, cells in _rows(layout, lines)])
    problem = check_sun_clock(values, _place(layout, lines)[0])
    return [f"{_SUNSHINE}: {problem}"] if problem else []


def _place(layout: Layout, lines: list[list[str]]) -> tuple[float, float]:
    """Longitude [degrees east] and time zone [h] of row 1; nan for what is no number, which pvlib reports."""
    found = []
    for column in layout.zone_columns:
        try:
            found.append(float(lines[0][column]))
        except (ValueError, IndexError):
            found.append(math.nan)
    return found[0], found[1]
