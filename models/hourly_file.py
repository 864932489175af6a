"""Reading a user's hourly series of a year: solar or wind capacity factors, prices of power.

A CSV file with a header and 8,760 hours in local standard time, without a leap day. One column of values, or a
column of times (ISO timestamps of the beginning of each hour, or hour numbers from 0 or from 1) and one of
values; where there are more columns the header names the quantity. Every problem is reported with its row,
counted from 1 in the file; nothing is filled in.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exasite.models.hourly_clock import clock_problems, is_time
from exasite.models.input_file import InputFileError, file_text, text_lines
from exasite.models.local_time import check_sun_clock, sun_hour
from exasite.models.units import HOURS_PER_YEAR

Floats = NDArray[np.float64]
Rows = list[tuple[int, list[str]]]  # row of the file, cells

PRICE = "price"
CAPACITY_FACTOR = "capacity factor"
# Prices outside are not believed: far beyond the caps of all US markets, inside the codes of missing values.
LOWEST_PRICE_USD_PER_MWH = -2_000.0
HIGHEST_PRICE_USD_PER_MWH = 20_000.0

_HOURS = int(HOURS_PER_YEAR)
_WORDS = {PRICE: ("price", "prices"), CAPACITY_FACTOR: ("cf", "capacity_factor")}  # of a header
_ANY_WORD = ("value", "values")
_TIME_WORDS = ("time", "hour", "date", "stamp")


class HourlyFileError(InputFileError):
    """An hourly file that cannot be used: carries one message per problem."""

    def __init__(self, quantity: str, path: Path, problems: list[str]) -> None:
        super().__init__(quantity, path, problems)


@dataclass(frozen=True)
class _Series:
    """What a file should hold: the quantity, its unit and the range in which a value is believed."""

    quantity: str
    unit: str
    low: float
    high: float


def read_hourly(
    path: str | Path,
    *,
    quantity: str,
    unit: str,
    low: float,
    high: float,
    longitude_degrees: float = math.nan,
) -> Floats:
    """Hourly values of a year [unit], shape [8760], read-only.

    `quantity` ("price", "capacity factor") names the column where there are several; values outside
    [low, high] are refused. With a longitude [degrees east] timestamps that carry an offset from UTC must
    carry that of local standard time.
    Raises HourlyFileError listing every problem: file missing, a folder, empty, not UTF-8; no header, columns
    that cannot be told apart; a wrong number of hours, a leap day; hours missing, repeated or out of order; a
    wrong or changing offset; empty cells, text, NaN and infinity; values out of range.
    """
    place, series = Path(path), _Series(quantity, unit, low, high)
    text, problem = file_text(place)
    if problem:
        raise HourlyFileError(quantity, place, [problem])
    header, rows = _header_and_rows(series, place, text)
    value_column, time_column, problems = _columns(series, header)
    if problems:
        raise HourlyFileError(quantity, place, problems)
    values, problems = _values(series, rows, value_column, len(header))
    if time_column is not None:
        times = [(number, cells[time_column].strip()) for number, cells in rows if time_column < len(cells)]
        problems = [*clock_problems(times, longitude_degrees), *problems]
    problems = [*_count_problems(rows, timed=time_column is not None), *problems]
    if problems:
        raise HourlyFileError(quantity, place, problems)
    values.setflags(write=False)
    return values


def read_capacity_factors(path: str | Path, longitude_degrees: float = math.nan) -> Floats:
    """Capacity factors of any variable source [1], shape [8760]. Raises HourlyFileError as `read_hourly`."""
    return read_hourly(
        path, quantity=CAPACITY_FACTOR, unit="1", low=0.0, high=1.0, longitude_degrees=longitude_degrees
    )


def read_solar_profile(path: str | Path, longitude_degrees: float = math.nan) -> Floats:
    """Solar capacity factors [1], shape [8760], at a longitude [degrees east].

    Raises HourlyFileError as `read_hourly`, and if the output is spread evenly over the day or does not lie
    about noon.
    """
    values = read_capacity_factors(path, longitude_degrees)
    problem = check_sun_clock(values, longitude_degrees)
    if float(values.max()) <= 0:
        problem = "every hour is 0"
    elif math.isnan(sun_hour(values)):
        problem = "the output is spread over day and night alike, which no sun is; is this a solar profile?"
    if problem:
        raise HourlyFileError(CAPACITY_FACTOR, Path(path), [problem])
    return values


def read_wind_profile(path: str | Path, longitude_degrees: float = math.nan) -> Floats:
    """Wind capacity factors [1], shape [8760], at a longitude [degrees east]. Raises HourlyFileError."""
    return read_capacity_factors(path, longitude_degrees)


def read_prices(
    path: str | Path,
    longitude_degrees: float = math.nan,
    *,
    low: float = LOWEST_PRICE_USD_PER_MWH,
    high: float = HIGHEST_PRICE_USD_PER_MWH,
) -> Floats:
    """Prices of power [USD/MWh], shape [8760], at a longitude [degrees east]; a price may be negative.

    Raises HourlyFileError as `read_hourly`.
    """
    return read_hourly(
        path, quantity=PRICE, unit="USD/MWh", low=low, high=high, longitude_degrees=longitude_degrees
    )


def _header_and_rows(series: _Series, path: Path, text: str) -> tuple[list[str], Rows]:
    """Names of the columns, and the rows below without the empty ones at the end."""
    try:
        lines = list(csv.reader(text_lines(text)))
    except csv.Error as error:
        raise HourlyFileError(series.quantity, path, [f"not a CSV file: {error}"]) from error
    header = [cell.strip() for cell in lines[0]]
    problem = ""
    if not any(header):
        problem = "row 1 is empty; it must name the columns"
    elif any(is_time(cell) or not math.isnan(_number(cell)) for cell in header):
        problem = f"row 1 must name the columns, found: {','.join(header)}"
    elif len(header) == 1 and re.search(r"[;\t]", header[0]):
        problem = "the columns are not separated by commas; save it as CSV with commas and decimal points"
    if problem:
        raise HourlyFileError(series.quantity, path, [problem])
    rows = list(enumerate(lines[1:], start=2))
    while rows and not any(cell.strip() for cell in rows[-1][1]):
        rows.pop()
    return header, rows


def _columns(series: _Series, header: list[str]) -> tuple[int, int | None, list[str]]:
    """Index of the column of values, that of the column of times if there is one, and what is wrong."""
    if len(header) == 1:
        return 0, None, []
    words = _WORDS.get(series.quantity, (series.quantity.replace(" ", "_"),))
    named = _named(header, words) or _named(header, _ANY_WORD)
    if len(header) == 2:
        value = named[0] if len(named) == 1 else 1
        return value, 1 - value, []
    listed = ", ".join(name or "(no name)" for name in header)
    if len(named) != 1:
        wanted = ", ".join([*words, *_ANY_WORD[:1]])
        count = "no column" if not named else f"{len(named)} columns"
        return 0, None, [f"{count} named as the {series.quantity} (one of {wanted}) among: {listed}"]
    others = [i for i in range(len(header)) if i != named[0]]
    times = [i for i in others if any(word in header[i].lower() for word in _TIME_WORDS)]
    times += [0] if not header[0] and not times else []  # how tables are written with their index
    if len(times) > 1:
        return 0, None, [f"more than one column of times among: {listed}; keep one"]
    return named[0], times[0] if times else None, []


def _named(header: list[str], words: tuple[str, ...]) -> list[int]:
    """Columns whose header holds one of the words, whole: "cf_ac" holds cf, "cfm" does not."""
    names = [f"_{re.sub('[^a-z0-9]+', '_', name.lower())}_" for name in header]
    return [i for i, name in enumerate(names) if any(f"_{word}_" in name for word in words)]


def _count_problems(rows: Rows, *, timed: bool) -> list[str]:
    """A wrong number of hours. In a timed file its times tell what is missing, so only the number is said."""
    if len(rows) == _HOURS:
        return []
    leap = len(rows) == _HOURS + 24 and not timed
    hint = "; it has a leap day: leave out 29 February, rows 1418 to 1441" if leap else ""
    return [f"expected {_HOURS} hours below the header, found {len(rows)}{hint}"]


def _values(series: _Series, rows: Rows, column: int, columns: int) -> tuple[Floats, list[str]]:
    values, problems = np.full(len(rows), np.nan), []
    for position, (row, cells) in enumerate(rows):
        if cells and len(cells) != columns:
            problems.append(f"row {row}: {len(cells)} columns, expected {columns}")
            continue
        cell = cells[column].strip() if cells else ""
        values[position] = _number(cell)
        problem = _value_problem(series, cell, float(values[position]))
        if problem:
            problems.append(f"row {row}: {series.quantity} {problem}")
    return values, problems


def _value_problem(series: _Series, cell: str, value: float) -> str:
    if not cell:
        return "is missing"
    if not math.isfinite(value):
        return f"is not a number: '{cell}'"
    if not series.low <= value <= series.high:
        unit = "" if series.unit == "1" else f" {series.unit}"
        return f"is {value:g}{unit}, expected {series.low:g} to {series.high:g}"
    return ""


def _number(cell: str) -> float:
    """The number of a cell; nan for text. Python's own 1_000 is text here."""
    try:
        return math.nan if "_" in cell else float(cell)
    except ValueError:
        return math.nan
