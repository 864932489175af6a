"""The times of an hourly file: every hour of a year once, in order, in local standard time.

Times are hour numbers, from 0 or from 1, or ISO timestamps of the beginning of each hour. The year of a
timestamp does not count: the months of a typical year come from different years.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from exasite.models.local_time import FIX, check_time_zone
from exasite.models.units import HOURS_PER_YEAR

Times = Sequence[tuple[int, str]]  # row of the file, cell

_HOURS = int(HOURS_PER_YEAR)
_LEAP_HOURS = _HOURS + 24
_EXPECTED = "expected an ISO timestamp such as 2013-01-31 17:00, or an hour number"
_SECONDS_PER_HOUR = 3600.0
_COMMON_YEAR = 2001
_MARCH = 3


@dataclass(frozen=True)
class _Moment:
    """An hour of the year [0..8759] that stands in a row of the file."""

    row: int
    hour: int


def is_time(cell: str) -> bool:
    """Whether a cell is an hour number or an ISO timestamp."""
    return _hour_number(cell) is not None or _stamp(cell) is not None


def clock_problems(times: Times, longitude_degrees: float) -> list[str]:
    """What is wrong with the times of a file, one message per problem.

    With a longitude [degrees east], not nan, an offset from UTC must be that of local standard time.
    """
    if times and _hour_number(times[0][1]) is not None:
        return _number_problems(times)
    return _stamp_problems(times, longitude_degrees)


def _hour_number(cell: str) -> int | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None


def _stamp(cell: str) -> datetime | None:
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        return None


def _number_problems(times: Times) -> list[str]:
    if len(times) == _LEAP_HOURS:
        return [f"{_LEAP_HOURS} hours are a leap year; leave out 29 February (the hours after the 1,416th)"]
    found = [(row, cell, _hour_number(cell)) for row, cell in times]
    first = 0 if any(number == 0 for _, _, number in found) else 1
    problems, moments = [], []
    for row, cell, number in found:
        if number is None:
            problems.append(_unreadable(row, cell))
        elif not first <= number < first + _HOURS:
            problems.append(f"row {row}: hour {number} is outside {first} to {first + _HOURS - 1}")
        else:
            moments.append(_Moment(row, number - first))
    return [*problems, *_order_problems(moments, lambda hour: f"hour {hour + first}")]


def _stamp_problems(times: Times, longitude_degrees: float) -> list[str]:
    problems, moments, leap = [], [], []
    stamps = [(row, cell, _stamp(cell)) for row, cell in times]
    for row, cell, stamp in stamps:
        if stamp is None:
            problems.append(_unreadable(row, cell))
        elif (stamp.month, stamp.day) == (2, 29):
            leap.append(row)
        else:
            moments.append(_Moment(row, _hour_of_year(stamp)))
    if leap:
        problems.append(f"rows {leap[0]} to {leap[-1]}: 29 February; a year of {_HOURS} hours has no leap day")
    read = [(row, stamp) for row, _, stamp in stamps if stamp is not None]
    order = _order_problems(moments, _stamp_name)
    return [*_offset_problems(read, longitude_degrees), *problems, *order, *_daylight_problems(moments)]


def _unreadable(row: int, cell: str) -> str:
    return f"row {row}: the time cannot be read: '{cell}'; {_EXPECTED}"


def _hour_of_year(stamp: datetime) -> int:
    hour = datetime(_COMMON_YEAR, stamp.month, stamp.day, stamp.hour)
    return int((hour - datetime(_COMMON_YEAR, 1, 1)).total_seconds() // _SECONDS_PER_HOUR)


def _stamp_name(hour: int) -> str:
    return (datetime(_COMMON_YEAR, 1, 1) + timedelta(hours=hour)).strftime("%d %B %H:00")


def _offset_problems(stamps: list[tuple[int, datetime]], longitude_degrees: float) -> list[str]:
    """An offset from UTC that is not local standard time, and every change of it."""
    offsets = [(row, None if (o := stamp.utcoffset()) is None else o.total_seconds() / _SECONDS_PER_HOUR)
               for row, stamp in stamps]  # fmt: skip
    problems = []
    if offsets and offsets[0][1] is not None:
        problem = check_time_zone(offsets[0][1], longitude_degrees)
        problems += [f"row {offsets[0][0]}: {problem}"] if problem else []
    for (_, before), (row, offset) in pairwise(offsets):
        if offset != before:
            problems.append(f"row {row}: the time zone changes from {_zone(before)} to {_zone(offset)}; {FIX}")
    return problems


def _zone(offset: float | None) -> str:
    return "none" if offset is None else f"UTC{offset:+g}"


def _order_problems(moments: list[_Moment], name: Callable[[int], str]) -> list[str]:
    """Hours that are repeated, out of order or missing."""
    problems: list[str] = []
    rows: dict[int, int] = {}
    last = -1
    for moment in moments:
        if moment.hour in rows:
            problems.append(f"row {moment.row}: {name(moment.hour)} stands already in row {rows[moment.hour]}")
            continue
        if moment.hour < last:
            problems.append(f"row {moment.row}: {name(moment.hour)} is out of order; the year begins at {name(0)}")
        last = moment.hour
        rows[last] = moment.row
    return [*problems, *_gaps(rows, name)]


def _gaps(rows: dict[int, int], name: Callable[[int], str]) -> list[str]:
    """Runs of missing hours, given the row of each hour that was found."""
    problems = []
    found = [-1, *sorted(rows), _HOURS]
    for before, after in pairwise(found):
        missing = after - before - 1
        if missing:
            place = f"after row {rows[before]}" if before >= 0 else "before the first row"
            span = " to ".join(dict.fromkeys([name(before + 1), name(after - 1)]))
            problems.append(f"{place}: {missing} of {_HOURS} hours missing: {span}")
    return problems


def _daylight_problems(moments: list[_Moment]) -> list[str]:
    """One hour that is missing in March and one that is repeated in October or November."""
    hours = [moment.hour for moment in moments]
    skipped = [a for a, b in pairwise(hours) if b - a == 2 and _month(a) == _MARCH]
    repeated = [a for a, b in pairwise(hours) if a == b and _month(a) in (10, 11)]
    if len(skipped) == 1 and len(repeated) == 1:
        return [f"one hour is skipped in March and one repeated in autumn, as with daylight saving; {FIX}"]
    return []


def _month(hour: int) -> int:
    return (datetime(_COMMON_YEAR, 1, 1) + timedelta(hours=hour)).month
