"""Hourly profiles: shipped, own, scaled, and wholesale price shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exasite.models.catalog import load_catalog
from exasite.models.profiles import (
    HOURS_IN_YEAR,
    capacity_factors,
    hour_of_day,
    month_of_hour,
    profile_names,
    scaled_to_mean,
    wholesale_markets,
    wholesale_shape,
)

seeds = st.integers(0, 2**31)


def test_calendar_of_the_year() -> None:
    month, hour = month_of_hour(), hour_of_day()
    assert month.shape == hour.shape == (HOURS_IN_YEAR,)
    days = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    assert np.bincount(month)[1:].tolist() == [24 * d for d in days]
    assert np.bincount(hour).tolist() == [365] * 24
    assert (month[31 * 24 - 1], month[31 * 24], hour[25]) == (1, 2, 1)


@pytest.mark.parametrize("name", profile_names())
def test_shipped_profiles_are_whole_and_match_the_catalogue(name: str) -> None:
    values = capacity_factors(name)
    assert values.shape == (HOURS_IN_YEAR,)
    assert values.min() >= 0.0
    assert values.max() <= 1.0
    mean = load_catalog().value("profiles", name, "annual_capacity_factor")
    assert values.mean() == pytest.approx(mean, abs=1e-4)


def test_solar_is_dark_at_night_and_the_catalogue_names_every_profile() -> None:
    catalog = load_catalog()
    assert set(catalog.items("profiles")) == set(profile_names())
    for name in profile_names():
        if catalog.text("profiles", name, "kind") == "solar":
            assert capacity_factors(name)[hour_of_day() == 0].max() == 0.0


def test_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(KeyError, match="solar_memphis_tn"):
        capacity_factors("solar_memphis")


def test_own_profile_file(tmp_path: Path) -> None:
    good = tmp_path / "own.csv"
    good.write_text("hour,cf\n" + "".join(f"{h},0.25\n" for h in range(HOURS_IN_YEAR)), encoding="utf-8")
    assert capacity_factors(str(good)).mean() == pytest.approx(0.25)


@pytest.mark.parametrize(("lines", "message"), [
    (["0.1"] * 100, "found 100"),
    (["0.1"] * 10 + ["1.2"] + ["0.1"] * 8749, "row 12"),
    (["0.1"] * 10 + ["none"] + ["0.1"] * 8749, "row 12"),
])  # fmt: skip
def test_bad_profile_files_are_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("cf\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        capacity_factors(str(bad))


@given(seeds, st.floats(0.0, 1.0))
def test_scaling_reaches_the_mean_within_the_bounds(seed: int, share: float) -> None:
    values = np.clip(np.random.default_rng(seed).normal(0.3, 0.3, 200), 0.0, 1.0)
    mean = share * float(values.max())
    scaled = scaled_to_mean(values, mean)
    assert scaled.mean() == pytest.approx(mean, abs=1e-9)
    assert scaled.min() >= 0.0
    assert scaled.max() <= values.max() + 1e-12


def test_scaling_up_keeps_the_nights_dark() -> None:
    solar = capacity_factors("solar_memphis_tn")
    scaled = scaled_to_mean(solar, 0.30)
    assert scaled.mean() == pytest.approx(0.30)
    assert (scaled[solar == 0.0] == 0.0).all()


def test_a_mean_out_of_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be reached"):
        scaled_to_mean(np.array([0.0, 0.5]), 0.6)


@pytest.mark.parametrize("market", wholesale_markets())
@pytest.mark.parametrize("year", [2022, 2023, 2024])
@pytest.mark.parametrize("median", [False, True])
def test_wholesale_shapes_have_mean_one(market: str, year: int, median: bool) -> None:
    shape = wholesale_shape(market, year, median=median)
    assert shape.shape == (HOURS_IN_YEAR,)
    assert shape.mean() == pytest.approx(1.0)
    assert shape.min() > 0.0


def test_unknown_markets_and_years_are_refused() -> None:
    with pytest.raises(KeyError, match="ercot_hub"):
        wholesale_shape("caiso", 2024)
    with pytest.raises(KeyError, match="2024"):
        wholesale_shape("ercot_hub", 1999)
