"""Solar power from a user's weather file: capacity factor of every hour by pvlib [1].

Chain: solar position in the middle of the hour -> single-axis tracker with backtracking -> Hay-Davies sky ->
physical incidence loss -> SAPM cell temperature (open rack) -> PVWatts DC and AC, per kW of AC. It is the chain
the shipped profiles were made with; its parameters are rows of the catalogue table `photovoltaics`. From the TMY3
files behind five shipped profiles it gives their annual means within 0.0001 and every hour within 0.007; from those
of Phoenix, Midland and Abilene the published means 0.311, 0.290 and 0.281.

[1] K. Anderson et al., pvlib python: 2023 project update, Journal of Open Source Software 8(92), 5994 (2023).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exasite.models.catalog import Catalog
from exasite.models.local_time import DEGREES_PER_HOUR
from exasite.models.weather import weather_kind

Floats = NDArray[np.float64]

_TABLE = "photovoltaics"
_YEAR = 1990  # of the calendar: no leap day
_HALF_HOUR_DEGREES = DEGREES_PER_HOUR / 2  # lower than this in the middle, the sun is down all the hour


def solar_capacity_factors(path: str | Path, catalog: Catalog) -> Floats:
    """Output of a tracking plant over its AC rating in every hour [1], shape [8760], from an EPW or TMY3 file.

    Raises WeatherError listing every problem of the file, ImportError without pvlib (extra `weather`).
    """
    data, latitude, longitude, altitude = _weather(Path(path))
    from pvlib import iam, irradiance, solarposition, temperature, tracking

    middle = data.index + data.attrs["to_middle"]
    sun = solarposition.get_solarposition(middle, latitude, longitude, altitude)
    tracker = tracking.singleaxis(
        sun["apparent_zenith"], sun["azimuth"], axis_tilt=0, axis_azimuth=180, backtrack=True,
        max_angle=_number(catalog, "tracker", "largest_angle_degrees"),
        gcr=_number(catalog, "tracker", "ground_cover_ratio"),
    )  # fmt: skip
    tilt, azimuth = tracker["surface_tilt"].fillna(0.0), tracker["surface_azimuth"].fillna(180.0)
    columns = {name: data[name].to_numpy(dtype=float) for name in ("ghi", "dni", "dhi", "temp_air", "wind_speed")}
    on_plane = irradiance.get_total_irradiance(
        tilt, azimuth, sun["apparent_zenith"], sun["azimuth"], columns["dni"], columns["ghi"], columns["dhi"],
        dni_extra=irradiance.get_extra_radiation(middle), albedo=_number(catalog, "plant", "ground_albedo"),
        model="haydavies",
    )  # fmt: skip
    beam = on_plane["poa_direct"] * iam.physical(tracker["aoi"].fillna(90.0))
    usable = (beam + on_plane["poa_diffuse"]).fillna(0.0).clip(lower=0.0)
    usable = usable.where(sun["apparent_elevation"] > -_HALF_HOUR_DEGREES, 0.0)  # whatever the file says of a night
    kind = temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_polymer"]
    cell = temperature.sapm_cell(on_plane["poa_global"].fillna(0.0), columns["temp_air"], columns["wind_speed"], **kind)
    return _ac(catalog, usable.to_numpy(dtype=float), np.asarray(cell, dtype=float))


def _ac(catalog: Catalog, usable_w_per_m2: Floats, cell_celsius: Floats) -> Floats:
    """AC output over the AC rating [1] of irradiance on the cells and their temperature: PVWatts."""
    from pvlib import inverter, pvsystem

    ratio = _number(catalog, "plant", "dc_over_ac")
    dc = pvsystem.pvwatts_dc(usable_w_per_m2, cell_celsius, ratio, _number(catalog, "plant", "power_per_degree"))
    dc = np.asarray(dc) * (1.0 - _number(catalog, "plant", "system_loss_fraction"))
    efficiency = _number(catalog, "plant", "inverter_efficiency")
    ac = np.clip(inverter.pvwatts(dc, 1.0 / efficiency, eta_inv_nom=efficiency), 0.0, 1.0)
    ac = np.where(usable_w_per_m2 > 0, np.nan_to_num(ac), 0.0)
    ac.setflags(write=False)
    return ac


def _number(catalog: Catalog, item: str, name: str) -> float:
    return catalog.value(_TABLE, item, name)


def _weather(path: Path) -> tuple[Any, float, float, float]:
    """Radiation, air temperature and wind by hour, latitude, longitude [degree] and altitude [m]."""
    kind = weather_kind(path)
    import pandas as pd
    from pvlib import iotools

    if kind == "EPW":
        data, meta = iotools.read_epw(str(path), coerce_year=_YEAR)
        shift = pd.Timedelta(minutes=30)  # pvlib stamps the beginning of the hour
        places = (meta["latitude"], meta["longitude"], meta["altitude"])
    else:
        data, meta = iotools.read_tmy3(str(path), map_variables=True, coerce_year=_YEAR, encoding="utf-8-sig")
        shift = -pd.Timedelta(minutes=30)  # pvlib stamps the end of the hour
        places = (meta["latitude"], meta["longitude"], meta["altitude"])
    data.attrs["to_middle"] = shift
    return data, float(places[0]), float(places[1]), float(places[2])
