"""A made-up year of weather as an EPW file, for examples that need one."""

from __future__ import annotations

import math
from pathlib import Path

from exasite.models.climate import calendar

_HEADER = (
    "LOCATION,Own site,TX,USA,synthetic,999999,32.0,-101.5,-6.0,800.0",
    "DESIGN CONDITIONS,0",
    "TYPICAL/EXTREME PERIODS,0",
    "GROUND TEMPERATURES,0",
    "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
    "COMMENTS 1,synthetic",
    "COMMENTS 2,synthetic",
    "DATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31",
)
_HOURS_PER_DAY = 24


def write_epw(path: Path) -> None:
    """A warm, dry year: 11 K of season and 7 K of day about 17 degC, at 45 % humidity."""
    months, hours = (values.tolist() for values in calendar())
    lines, day = list(_HEADER), 0
    for index, (month, hour) in enumerate(zip(months, hours, strict=True)):
        day = 1 if index == 0 or month != months[index - 1] else day + (hour == 0)
        season = math.cos(2 * math.pi * index / len(months))
        daily = math.cos(2 * math.pi * (hour - 4) / _HOURS_PER_DAY)
        air = [f"{17 - 11 * season - 7 * daily:.2f}", "5", "45", "92000"]
        date = ["1990", str(month), str(day), str(hour + 1), "0", "?"]
        lines.append(",".join([*date, *air, "0", "0", "300", "100", "50", "60", *["0"] * 19]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
