"""Is an hourly file in local standard time? Its offset from UTC against the longitude, and the hour of its sun.

Standard time is within about an hour of longitude / 15 degrees in most of the world. The limit of 1.5 h lets
the usual borders of time zones pass and finds UTC and daylight saving where they matter; it also refuses the
legal time of a few places far west in their zone (western China, the west of Spain).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HOURS_PER_DAY = 24
DEGREES_PER_HOUR = 15.0
MOST_ZONE_HOURS = 1.5  # between a time zone and the sun
MOST_SUN_HOURS = 2.5  # between the middle of the day's energy and noon
_NOON = 12.0
_FLAT = 0.2  # length of the mean vector below which a series has no hour of its own; sunlight has 0.5 to 0.8


def solar_offset_hours(longitude_degrees: float) -> float:
    """Hours that the sun of a longitude [degrees east] is ahead of UTC [h]."""
    return longitude_degrees / DEGREES_PER_HOUR


def check_time_zone(offset_hours: float, longitude_degrees: float) -> str:
    """What is wrong with a UTC offset [h] at a longitude [degrees east]; empty if nothing, or if one is nan."""
    sun = solar_offset_hours(longitude_degrees)
    difference = (offset_hours - sun + HOURS_PER_DAY / 2) % HOURS_PER_DAY - HOURS_PER_DAY / 2
    if math.isnan(difference) or abs(difference) <= MOST_ZONE_HOURS:
        return ""
    place = f"longitude {longitude_degrees:g} is about UTC{sun:+.1f}"
    return f"the time zone is UTC{offset_hours:+g}, but {place}; {FIX}"


FIX = "write local standard time without daylight saving"


def sun_hour(values: Floats) -> float:
    """Hour of the day [0..24) about which the energy of an hourly series lies; nan if it is spread evenly.

    The direction of the mean of the hours as points of a circle, weighted by the values: unlike the plain
    mean hour it stays right when the day is cut by midnight. Each hour counts at its middle.
    """
    by_hour = values.reshape(-1, HOURS_PER_DAY).sum(axis=0)
    total = float(by_hour.sum())
    if total <= 0:
        return math.nan
    angle = 2 * np.pi * (np.arange(HOURS_PER_DAY) + 0.5) / HOURS_PER_DAY
    x, y = float(by_hour @ np.cos(angle)) / total, float(by_hour @ np.sin(angle)) / total
    if math.hypot(x, y) < _FLAT:
        return math.nan
    return math.atan2(y, x) / (2 * math.pi) * HOURS_PER_DAY % HOURS_PER_DAY


def check_sun_clock(values: Floats, longitude_degrees: float = math.nan) -> str:
    """What is wrong with the clock of hourly sunshine or solar output [any unit, at least 0], shape [8760].

    Its energy must lie within 2.5 h of noon, local standard time. Empty if it does, or if the series has no
    hour of its own. A file in UTC is found where UTC is more than 2.5 h away, so not in western Europe.
    """
    shift = sun_hour(values) - _NOON
    if math.isnan(shift) or abs(shift) <= MOST_SUN_HOURS:
        return ""
    found = f"the sun stands highest about hour {shift + _NOON:.1f} of the day: looks shifted by {shift:+.0f} hours"
    if math.isnan(longitude_degrees):
        return f"{found}: is it in UTC? {FIX}"
    sun = solar_offset_hours(longitude_degrees)
    return f"{found}: is it in UTC? longitude {longitude_degrees:g} is about UTC{sun:+.1f}; {FIX}"
