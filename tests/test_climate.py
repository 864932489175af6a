"""Climates: shipped tables, shifts, sites."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exasite.models.catalog import load_catalog
from exasite.models.climate import calendar, climate_names, climate_table, site_climate

SHIFT = st.floats(-15, 15)


def test_twelve_tables_are_shipped() -> None:
    assert len(climate_names()) == 12


@pytest.mark.parametrize("name", climate_names())
def test_a_table_is_a_whole_plausible_year(name: str) -> None:
    climate = climate_table(name)
    assert climate.kind == "table" and climate.dry_bulb_celsius.shape == (288,)
    assert climate.weight_hours.sum() == 8760
    assert np.all(climate.wet_bulb_celsius <= climate.dry_bulb_celsius)
    assert climate.peak_dry_bulb_celsius >= np.quantile(climate.dry_bulb_celsius, 0.99)
    assert climate.peak_wet_bulb_celsius <= climate.peak_dry_bulb_celsius
    assert 700 < climate.pressure_hpa < 1030
    assert climate.source


@pytest.mark.parametrize(
    ("name", "dry_bulb", "wet_bulb", "peak"),
    [
        ("abilene_tx", 17.09, 11.83, 36.7),
        ("singapore_sg", 27.46, 25.11, 33.0),
        ("golden_co", 9.76, 4.47, 32.2),
    ],
)
def test_means_are_those_of_the_station(name: str, dry_bulb: float, wet_bulb: float, peak: float) -> None:
    climate = climate_table(name)
    assert climate.mean_dry_bulb_celsius == pytest.approx(dry_bulb, abs=0.01)
    assert climate.mean_wet_bulb_celsius == pytest.approx(wet_bulb, abs=0.01)
    assert climate.peak_dry_bulb_celsius == peak


def test_an_unknown_table_names_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean 'memphis_tn'"):
        climate_table("memphis")


@given(SHIFT, SHIFT)
def test_shifts_move_the_year_and_keep_air_physical(dry_shift: float, wet_shift: float) -> None:
    base = climate_table("sterling_va")
    moved = climate_table("sterling_va", dry_bulb_shift=dry_shift, wet_bulb_shift=wet_shift)
    assert moved.mean_dry_bulb_celsius == pytest.approx(base.mean_dry_bulb_celsius + dry_shift)
    assert moved.peak_dry_bulb_celsius == pytest.approx(base.peak_dry_bulb_celsius + dry_shift)
    assert np.all(moved.wet_bulb_celsius <= moved.dry_bulb_celsius)
    assert moved.mean_wet_bulb_celsius <= base.mean_wet_bulb_celsius + wet_shift + 1e-9


def test_every_site_has_a_climate_with_the_stations_means() -> None:
    catalog = load_catalog()
    sites = catalog.items("stations")
    assert len(sites) == 17
    for site in sites:
        climate = site_climate(catalog, site)
        wanted = catalog.value("stations", site, "dry_bulb_mean_celsius")
        assert climate.mean_dry_bulb_celsius == pytest.approx(wanted, abs=1e-6)
        wanted = catalog.value("stations", site, "wet_bulb_mean_celsius")
        assert climate.mean_wet_bulb_celsius == pytest.approx(wanted, abs=0.05)  # held at saturation
        assert climate.peak_dry_bulb_celsius == catalog.value("stations", site, "dry_bulb_p996_celsius")


def test_site_climate_answers_to_the_catalogue() -> None:
    warmer = {"stations": {"memphis_tn": {"dry_bulb_mean_celsius": 19.0, "wet_bulb_mean_celsius": 15.0}}}
    climate = site_climate(load_catalog().override(warmer), "memphis_tn")
    assert climate.mean_dry_bulb_celsius == pytest.approx(19.0)
    with pytest.raises(KeyError, match="did you mean 'memphis_tn'"):
        site_climate(load_catalog(), "memphis_tx")


def test_hours_of_the_year_find_their_entry() -> None:
    climate = climate_table("golden_co")
    index = climate.hour_index()
    month, hour = calendar()
    assert index.shape == (8760,)
    assert np.array_equal(climate.month[index], month) and np.array_equal(climate.hour[index], hour)
    assert climate.dry_bulb_celsius[index].mean() == pytest.approx(climate.mean_dry_bulb_celsius)


def test_a_climate_that_cannot_be_is_refused() -> None:
    climate = climate_table("golden_co")
    with pytest.raises(ValueError, match="8760"):
        replace(climate, weight_hours=climate.weight_hours * 2)
    with pytest.raises(ValueError, match="wet bulb lies above"):
        replace(climate, wet_bulb_celsius=climate.dry_bulb_celsius + 1)
    with pytest.raises(ValueError, match="missing"):
        replace(climate, wet_bulb_celsius=climate.wet_bulb_celsius * np.nan)
    with pytest.raises(ValueError, match="different length"):
        replace(climate, wet_bulb_celsius=climate.wet_bulb_celsius[:-1])
