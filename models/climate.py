"""Climates: dry and wet bulb through the year, from the shipped tables or shifted to a station.

A shipped table holds the mean of each hour of the day in each month (12 x 24 entries) of a typical year,
with the temperatures exceeded in 0.4 % of its hours. Means hide the spread of days within a month: annual PUE
of a table is from 0.008 below to 0.001 above that of the hourly year it comes from (12 stations, 12 methods).
Hourly files: `exasite.models.weather`.
"""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from exasite.models.catalog import Catalog
from exasite.models.units import HOURS_PER_YEAR

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_FOLDER = "climate"
_DAYS_OF_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, eq=False)
class Climate:
    """Temperatures of a typical year at one place.

    Entries h are hours of the year (kind "hourly") or hours of the day by month (kind "table"); each stands
    for `weight_hours[h]` hours, 8,760 in all. `month` runs from 1 to 12, `hour` from 0 to 23 (hour 0 is
    00:00-01:00 local standard time). Peaks are the temperatures exceeded in 0.4 % of the hours.
    """

    name: str
    dry_bulb_celsius: FloatArray
    wet_bulb_celsius: FloatArray
    weight_hours: FloatArray
    month: IntArray
    hour: IntArray
    peak_dry_bulb_celsius: float
    peak_wet_bulb_celsius: float
    pressure_hpa: float
    source: str
    kind: str

    def __post_init__(self) -> None:
        arrays = (self.wet_bulb_celsius, self.weight_hours, self.month, self.hour)
        if any(array.shape != self.dry_bulb_celsius.shape for array in arrays):
            raise ValueError(f"climate '{self.name}': arrays of different length")
        if not np.isclose(self.weight_hours.sum(), HOURS_PER_YEAR):
            total = self.weight_hours.sum()
            raise ValueError(f"climate '{self.name}': weights add up to {total:g} hours, not 8760")
        temperatures = np.concatenate([self.dry_bulb_celsius, self.wet_bulb_celsius])
        if not np.all(np.isfinite(temperatures)):
            raise ValueError(f"climate '{self.name}': a temperature is missing")
        if np.any(self.wet_bulb_celsius > self.dry_bulb_celsius + 1e-9):
            raise ValueError(f"climate '{self.name}': a wet bulb lies above its dry bulb")

    def mean(self, values: FloatArray) -> float:
        """Mean over the year of values [any unit, one per entry]."""
        return float(np.dot(values, self.weight_hours) / HOURS_PER_YEAR)

    @property
    def mean_dry_bulb_celsius(self) -> float:
        return self.mean(self.dry_bulb_celsius)

    @property
    def mean_wet_bulb_celsius(self) -> float:
        return self.mean(self.wet_bulb_celsius)

    def hour_index(self) -> IntArray:
        """Entry that holds for each of the 8,760 hours of the year [index], hour 0 = 00:00 of 1 January."""
        if self.kind == "hourly":
            return np.arange(int(HOURS_PER_YEAR))
        month, hour = calendar()
        position = np.full((13, 24), -1, dtype=np.int64)
        position[self.month, self.hour] = np.arange(self.month.size)
        return position[month, hour]


def calendar() -> tuple[IntArray, IntArray]:
    """Month [1..12] and hour of the day [0..23] of the 8,760 hours of a year without a leap day."""
    month = np.repeat(np.arange(1, 13), np.array(_DAYS_OF_MONTH) * 24)
    hour = np.tile(np.arange(24), sum(_DAYS_OF_MONTH))
    return month.astype(np.int64), hour.astype(np.int64)


def climate_names() -> tuple[str, ...]:
    """Names of the shipped climate tables."""
    folder = files("exasite.models.data").joinpath(_FOLDER)
    return tuple(sorted(f.name.removesuffix(".csv") for f in folder.iterdir() if f.name.endswith(".csv")))


def climate_table(
    name: str,
    *,
    dry_bulb_shift: float = 0.0,
    wet_bulb_shift: float = 0.0,
    peak_dry_bulb_celsius: float | None = None,
    peak_wet_bulb_celsius: float | None = None,
) -> Climate:
    """A shipped climate (288 entries), its temperatures moved by the shifts [K].

    Peaks move with the shifts unless given [degC]. A shifted wet bulb is held at or below its dry bulb
    (saturated air).
    Raises KeyError naming the nearest table for an unknown name.
    """
    table = _read(name)
    dry_bulb = table.dry_bulb_celsius + dry_bulb_shift
    shifted_peak = table.peak_dry_bulb_celsius + dry_bulb_shift, table.peak_wet_bulb_celsius + wet_bulb_shift
    return Climate(
        name=name,
        dry_bulb_celsius=dry_bulb,
        wet_bulb_celsius=np.minimum(table.wet_bulb_celsius + wet_bulb_shift, dry_bulb),
        weight_hours=table.weight_hours,
        month=table.month,
        hour=table.hour,
        peak_dry_bulb_celsius=shifted_peak[0] if peak_dry_bulb_celsius is None else peak_dry_bulb_celsius,
        peak_wet_bulb_celsius=shifted_peak[1] if peak_wet_bulb_celsius is None else peak_wet_bulb_celsius,
        pressure_hpa=table.pressure_hpa,
        source=table.source,
        kind=table.kind,
    )


def site_climate(catalog: Catalog, site_id: str) -> Climate:
    """Climate of a site: a shipped table, moved to the annual means of the site's weather station.

    The table is of the station itself or of the place that resembles it most. Peaks are the station's own.
    Annual PUE is within 0.007 of the station's hourly year (17 sites, seven methods). Raises KeyError naming
    the nearest site for an unknown one.
    """
    name = catalog.text("stations", site_id, "climate")
    table = _read(name)
    station = {field: catalog.value("stations", site_id, f"{field}_celsius") for field in _STATION_FIELDS}
    return climate_table(
        name,
        dry_bulb_shift=station["dry_bulb_mean"] - table.mean_dry_bulb_celsius,
        wet_bulb_shift=station["wet_bulb_mean"] - table.mean_wet_bulb_celsius,
        peak_dry_bulb_celsius=station["dry_bulb_p996"],
        peak_wet_bulb_celsius=station["wet_bulb_p996"],
    )


_STATION_FIELDS = ("dry_bulb_mean", "wet_bulb_mean", "dry_bulb_p996", "wet_bulb_p996")


@lru_cache(maxsize=64)
def _read(name: str) -> Climate:
    names = climate_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names)}"
        raise KeyError(f"unknown climate table '{name}'; {hint}")
    text = files("exasite.models.data").joinpath(f"{_FOLDER}/{name}.csv").read_text(encoding="utf-8")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    header = dict(re.findall(r"(\S+)=(\S+)", " ".join(comments)))
    lines = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    column = {key: np.array([float(line[key]) for line in lines]) for key in lines[0]}
    month = column["month"].astype(np.int64)
    return Climate(
        name=name,
        dry_bulb_celsius=column["db_mean_C"],
        wet_bulb_celsius=np.minimum(column["wb_mean_C"], column["db_mean_C"]),
        weight_hours=np.array(_DAYS_OF_MONTH, dtype=np.float64)[month - 1],
        month=month,
        hour=column["hour"].astype(np.int64),
        peak_dry_bulb_celsius=float(header["db_p99.6"]),
        peak_wet_bulb_celsius=float(header["wb_p99.6"]),
        pressure_hpa=float(header["pressure_mean_hPa"]),
        source=comments[1].removeprefix("# source="),
        kind="table",
    )
