"""Solar power from a weather file: within its rating, dark at night, more for more sun, at the right hour."""

import csv
import math

import numpy as np
import pytest
from test_weather import HEADER, TMY3, epw_rows, write_epw

from exasite.models.catalog import load_catalog
from exasite.models.local_time import sun_hour
from exasite.models.photovoltaics import solar_capacity_factors
from exasite.models.weather import WeatherError

GHI, DNI, DHI, TEMPERATURE, WIND = 13, 14, 15, 6, 21


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


def sunny(rows, strength, temperature=None):
    """Rows with a sun from 6 to 18 o'clock, brightest at noon."""
    for index, row in enumerate(rows):
        height = max(0.0, math.sin((index % 24 + 0.5 - 6) / 12 * math.pi))
        row[GHI], row[DNI], row[DHI] = (f"{strength * v * height:.1f}" for v in (800, 700, 150))
        if temperature is not None:
            row[TEMPERATURE] = f"{temperature}"
    return rows


def factors(tmp_path, catalog, strength, temperature=None):
    path = write_epw(tmp_path / f"sun{strength}_{temperature}.epw", sunny(epw_rows(), strength, temperature))
    return solar_capacity_factors(path, catalog)


def test_output_lies_within_the_rating_and_nights_are_dark(tmp_path, catalog):
    found = factors(tmp_path, catalog, 1.0)
    night = (np.arange(8760) % 24 < 4) | (np.arange(8760) % 24 > 20)
    assert found.shape == (8760,) and found.min() >= 0.0 and found.max() <= 1.0
    assert (found[night] == 0.0).all()
    assert 0.15 < found.mean() < 0.45


def test_more_sun_is_more_power_and_heat_is_less(tmp_path, catalog):
    dim, bright = factors(tmp_path, catalog, 0.4), factors(tmp_path, catalog, 0.8)
    assert (bright >= dim - 1e-9).all() and bright.sum() > 1.5 * dim.sum()
    assert factors(tmp_path, catalog, 0.4, 40).sum() < factors(tmp_path, catalog, 0.4, 0).sum()


@pytest.mark.parametrize("longitude", [-70.0, -90.0, -110.0])
def test_the_day_is_that_of_the_longitude(tmp_path, catalog, longitude):
    """A file that has the same radiation day and night: output only while the sun is up, about solar noon."""
    rows = epw_rows()
    for row in rows:
        row[GHI], row[DNI], row[DHI] = "300", "0", "300"
    header = [HEADER[0].replace("-100.0", str(longitude)), *HEADER[1:]]
    lit = solar_capacity_factors(write_epw(tmp_path / "even.epw", rows, header), catalog) > 0
    assert 0.50 < lit.mean() < 0.60
    assert sun_hour(lit.astype(float)) == pytest.approx(12 + (-6 - longitude / 15), abs=0.2)


def test_both_formats_give_the_same_output(tmp_path, catalog):
    """A TMY3 file stamps the end of the hour, an EPW file its beginning as pvlib reads it: the same hours."""
    found = solar_capacity_factors(TMY3, catalog)
    with TMY3.open(encoding="utf-8") as file:
        place = next(file).strip().replace('"', "").split(",")
        lines = list(csv.DictReader(file))
    rows = epw_rows()
    for row, line in zip(rows, lines, strict=True):
        row[TEMPERATURE], row[WIND] = line["Dry-bulb (C)"], line["Wspd (m/s)"]
        row[GHI], row[DNI], row[DHI] = (line[f"{name} (W/m^2)"] for name in ("GHI", "DNI", "DHI"))
    location = ["LOCATION", "Greensboro", "NC", "USA", "TMY3", "723170", place[4], place[5], place[3], place[6]]
    epw = solar_capacity_factors(write_epw(tmp_path / "same.epw", rows, [",".join(location), *HEADER[1:]]), catalog)
    assert epw == pytest.approx(found, abs=1e-6)
    assert 0.20 < found.mean() < 0.26  # the shipped profiles of Ashburn and Fayetteville, on both sides: .219, .247
    assert sun_hour(found) == pytest.approx(12 + (-5 - float(place[5]) / 15), abs=0.3)


def test_parameters_come_from_the_catalogue(tmp_path, catalog):
    more = catalog.override({"photovoltaics": {"plant": {"system_loss_fraction": 0.5}}})
    path = write_epw(tmp_path / "sun.epw", sunny(epw_rows(), 0.5))
    assert solar_capacity_factors(path, more).sum() < 0.7 * solar_capacity_factors(path, catalog).sum()


def test_a_bad_file_is_refused(tmp_path, catalog):
    rows = sunny(epw_rows(), 1.0)
    rows[100][GHI] = "-5"
    with pytest.raises(WeatherError, match="global radiation"):
        solar_capacity_factors(write_epw(tmp_path / "bad.epw", rows), catalog)
