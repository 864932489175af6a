"""Hourly profiles of a year: solar and wind capacity factors, wholesale price shapes.

A year has 8,760 hours in local standard time (no leap day); hour 0 is the first hour of 1 January.
"""

from __future__ import annotations

import csv
import difflib
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from exasite.models.hourly_file import read_capacity_factors
from exasite.models.units import HOURS_PER_YEAR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOURS_IN_YEAR = int(HOURS_PER_YEAR)
HOURS_IN_DAY = 24
DAYS_IN_YEAR = HOURS_IN_YEAR // HOURS_IN_DAY
DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DATA = "exasite.models.data.profiles"
_WHOLESALE_PREFIX = "wholesale_"
_BISECTIONS = 80


def month_of_hour() -> Ints:
    """Month of every hour of the year [1..12], shape [8760]."""
    days = np.repeat(np.arange(1, len(DAYS_IN_MONTH) + 1), DAYS_IN_MONTH)
    return np.repeat(days, HOURS_IN_DAY).astype(np.int64)


def hour_of_day() -> Ints:
    """Hour of the day of every hour of the year [0..23], shape [8760]."""
    return np.tile(np.arange(HOURS_IN_DAY, dtype=np.int64), DAYS_IN_YEAR)


def profile_names() -> tuple[str, ...]:
    """Names of the shipped capacity-factor profiles, sorted."""
    return tuple(name for name in _shipped_names() if not name.startswith(_WHOLESALE_PREFIX))


def _shipped_names() -> list[str]:
    names = (entry.name for entry in files(_DATA).iterdir())
    return sorted(name.removesuffix(".csv") for name in names if name.endswith(".csv"))


@lru_cache(maxsize=128)
def capacity_factors(name: str) -> Floats:
    """Capacity factor of every hour of the year [1], shape [8760], read-only.

    `name` is a shipped profile (`solar_memphis_tn`) or the path of a CSV as `exasite.models.hourly_file` reads
    it. Raises KeyError for an unknown name and HourlyFileError (a ValueError), with row numbers, for a file
    that does not fit.
    """
    if name.endswith(".csv"):
        return read_capacity_factors(name)
    if name not in profile_names():
        near = difflib.get_close_matches(name, profile_names(), n=1, cutoff=0.4)
        hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(profile_names())}"
        raise KeyError(f"unknown profile '{name}'{hint}")
    lines = files(_DATA).joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
    values = np.array([float(line.rsplit(",", 1)[-1]) for line in lines])
    values.setflags(write=False)
    return values


def scaled_to_mean(values: Floats, mean: float, weights: Floats | None = None) -> Floats:
    """`values` with their weighted mean moved to `mean`, kept between 0 and their largest value.

    Scaling down is proportional. Scaling up is proportional with a ceiling at the largest value, so that
    a night stays a night; only if that cannot reach the mean are all values drawn towards the ceiling.
    Raises ValueError if `mean` lies outside [0, largest value].
    """
    share = np.full(len(values), 1.0 / len(values)) if weights is None else weights / weights.sum()
    ceiling, present = float(np.max(values)), float(share @ values)
    if not -1e-12 <= mean <= ceiling * (1 + 1e-9) + 1e-12:
        raise ValueError(f"a mean of {mean:g} cannot be reached by values between 0 and {ceiling:g}")
    if mean <= present:
        return values * (mean / present) if present > 0 else values.copy()
    positive = float(share[values > 0].sum()) * ceiling
    if positive <= mean:
        return values + (ceiling - values) * (mean - present) / (ceiling - present)
    low, high = 1.0, ceiling / float(np.min(values[values > 0]))
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        reached = float(share @ np.minimum(ceiling, middle * values))
        low, high = (middle, high) if reached < mean else (low, middle)
    return np.minimum(ceiling, high * values)


def wholesale_markets() -> tuple[str, ...]:
    """Names of the markets whose price shapes are shipped, sorted."""
    names = _shipped_names()
    return tuple(n.removeprefix(_WHOLESALE_PREFIX) for n in names if n.startswith(_WHOLESALE_PREFIX))


@lru_cache(maxsize=32)
def wholesale_shape(market: str, year: int, *, median: bool = False) -> Floats:
    """Wholesale price of every hour over the year's mean price [1], shape [8760], mean exactly 1, read-only.

    A month x hour-of-day shape: it holds the daily and seasonal swing, not the few dearest hours.
    `median` takes the medians of month and hour, which rare price spikes do not move.
    Raises KeyError for an unknown market or year.
    """
    if market not in wholesale_markets():
        raise KeyError(f"unknown wholesale market '{market}'; known: {', '.join(wholesale_markets())}")
    text = files(_DATA).joinpath(f"{_WHOLESALE_PREFIX}{market}.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(text.splitlines()))
    column = "shape_median" if median else "shape_mean"
    table = np.full((len(DAYS_IN_MONTH), HOURS_IN_DAY), np.nan)
    for line in lines:
        if int(line["year"]) == year:
            table[int(line["month"]) - 1, int(line["hour"])] = float(line[column])
    if np.isnan(table).any():
        years = sorted({line["year"] for line in lines})
        raise KeyError(f"no price shape of {market} for {year}; known years: {', '.join(years)}")
    shape = table[month_of_hour() - 1, hour_of_day()]
    shape = shape / shape.mean()
    shape.setflags(write=False)
    return shape


@lru_cache(maxsize=32)
def wholesale_median_level(market: str, year: int) -> float:
    """Mean of the medians by month and hour over the mean price of a year [1]."""
    text = files(_DATA).joinpath(f"{_WHOLESALE_PREFIX}{market}.csv").read_text(encoding="utf-8")
    lines = [line for line in csv.DictReader(text.splitlines()) if int(line["year"]) == year]
    weights = np.array([DAYS_IN_MONTH[int(line["month"]) - 1] for line in lines], dtype=float)
    medians, means = (np.array([float(line[f"{kind}_usd_per_mwh"]) for line in lines]) for kind in ("median", "mean"))
    return float((weights @ medians) / (weights @ means))
