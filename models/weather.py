"""Reading a user's weather file: hourly EPW or TMY3, checked row by row, nothing filled in.

pvlib (optional extra `weather`) parses the files [1, 2]; wet bulb comes from PsychroLib [3].

[1] EnergyPlus Auxiliary Programs, "EPW CSV Format".  [2] Wilcox, Marion, NREL/TP-581-43156 (TMY3).
[3] Meyer, Thevenard, J. Open Source Software 4(33), 1137 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psychrolib

from exasite.models.climate import Climate, FloatArray, calendar
from exasite.models.input_file import file_text
from exasite.models.weather_check import PASCAL_PER_HPA, WeatherError, check_weather

__all__ = ["WeatherError", "read_weather", "weather_kind", "wet_bulb_celsius"]

_EXCEEDED = 0.004  # share of the hours above the peak temperatures


@dataclass(frozen=True)
class _Parsed:
    dry_bulb_celsius: FloatArray
    relative_humidity: FloatArray
    pressure_pascal: FloatArray
    name: str


def read_weather(path: str | Path) -> Climate:
    """Climate of 8,760 hours from an EPW or TMY3 file.

    Raises WeatherError listing every problem: file missing, a folder, empty, not UTF-8, neither format; rows
    missing, repeated, out of order or of a leap day; text for a number; a temperature, humidity, pressure or
    radiation out of range (which is how missing values are coded); a clock that is not local standard time.
    Raises ImportError without pvlib.
    """
    place = Path(path)
    kind = weather_kind(place)
    try:
        parsed = _parse(place, kind)
    except (ValueError, KeyError, IndexError) as error:
        raise WeatherError(place, [f"pvlib cannot read it as {kind}: {error}"]) from error
    return _climate(place, kind, parsed)


def weather_kind(path: Path) -> str:
    """Kind of a weather file without a fault, EPW or TMY3. Raises WeatherError listing every problem."""
    text, problem = file_text(path)
    if problem:
        raise WeatherError(path, [problem])
    return check_weather(path, text).kind


def wet_bulb_celsius(dry_bulb: FloatArray, relative_humidity: FloatArray, pressure: FloatArray) -> FloatArray:
    """Wet bulb [degC] of dry bulb [degC], relative humidity [0..1] and pressure [Pa], by PsychroLib."""
    psychrolib.SetUnitSystem(psychrolib.SI)
    points = zip(dry_bulb.tolist(), relative_humidity.tolist(), pressure.tolist(), strict=True)
    wet_bulb = np.array([psychrolib.GetTWetBulbFromRelHum(*point) for point in points])
    return np.minimum(wet_bulb, dry_bulb)  # the iteration stops within 0.001 K, on either side at saturation


def _parse(path: Path, kind: str) -> _Parsed:
    try:
        from pvlib import iotools
    except ImportError as error:
        raise ImportError("reading weather files needs pvlib: pip install 'exasite[weather]'") from error
    if kind == "EPW":
        data, meta = iotools.read_epw(str(path))
        pressure = data["atmospheric_pressure"].to_numpy(dtype=float)
        name = f"{meta['city']} {meta['WMO_code']}"
    else:
        data, meta = iotools.read_tmy3(str(path), map_variables=True, coerce_year=1990, encoding="utf-8-sig")
        pressure = data["pressure"].to_numpy(dtype=float) * PASCAL_PER_HPA
        name = f"{meta['Name']} {meta['USAF']}"
    humidity = data["relative_humidity"].to_numpy(dtype=float) / 100.0
    return _Parsed(data["temp_air"].to_numpy(dtype=float), humidity, pressure, name.replace('"', "").strip())


def _climate(path: Path, kind: str, parsed: _Parsed) -> Climate:
    dry_bulb = parsed.dry_bulb_celsius
    wet_bulb = wet_bulb_celsius(dry_bulb, parsed.relative_humidity, parsed.pressure_pascal)
    month, hour = calendar()
    return Climate(
        name=parsed.name,
        dry_bulb_celsius=dry_bulb,
        wet_bulb_celsius=wet_bulb,
        weight_hours=np.ones(month.size),
        month=month,
        hour=hour,
        peak_dry_bulb_celsius=float(np.quantile(dry_bulb, 1.0 - _EXCEEDED)),
        peak_wet_bulb_celsius=float(np.quantile(wet_bulb, 1.0 - _EXCEEDED)),
        pressure_hpa=float(parsed.pressure_pascal.mean() / PASCAL_PER_HPA),
        source=f"{kind} file {path.name}",
        kind="hourly",
    )
