"""Representative days: the calendar, the energy of the year, and the extremes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exasite.models.profiles import HOURS_IN_YEAR, capacity_factors, month_of_hour, wholesale_markets, wholesale_shape
from exasite.models.representative import Floats, RepresentativeDays, every_day, representative_days

DAYS = 365
seeds = st.integers(0, 2**31)


def weather(seed: int, *, price: bool = True) -> dict[str, Floats]:
    """A year of sun, wind with spells of days, and a price that may fall below zero."""
    random = np.random.default_rng(seed)
    clear = np.repeat(random.beta(2.0, 1.5, DAYS), 24)
    noon = np.round(np.maximum(0.0, np.sin((np.arange(24) - 6) / 12 * np.pi)), 6)  # sin(pi) is not quite zero
    sun = np.tile(noon, DAYS) * clear
    spells = np.repeat(random.beta(1.2, 2.0, 73), 120)
    wind = np.clip(spells + random.normal(0.0, 0.1, HOURS_IN_YEAR), 0.0, 1.0)
    profiles = {"sun": sun, "wind": wind}
    if price:
        profiles["price"] = 30.0 - 40.0 * sun * wind + random.normal(0.0, 15.0, HOURS_IN_YEAR)
    return profiles


def daily(values: Floats) -> Floats:
    return values.reshape(DAYS, 24).sum(axis=1)


def over_the_year(found: RepresentativeDays, values: Floats) -> Floats:
    """Values at the representative hours laid out along the calendar, shape [8760]."""
    return values.reshape(-1, 24)[found.calendar].ravel()


def clustering_error(profiles: Mapping[str, Floats], typical: int) -> float:
    """Mean square distance of the days of the year from the days that stand for them, in ranges of the profiles."""
    found = representative_days(profiles, typical=typical)
    days = {name: values.reshape(DAYS, 24) for name, values in profiles.items()}
    stands_in = found.days[found.calendar]
    return float(sum(np.mean(((d - d[stands_in]) / np.ptp(d)) ** 2) for d in days.values()))


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 40), st.sets(st.integers(0, DAYS - 1), max_size=5))
def test_the_calendar_agrees_with_days_and_weights(seed: int, typical: int, always: set[int]) -> None:
    found = representative_days(weather(seed), typical=typical, extremes={"wind": "low"}, always=sorted(always))
    assert found.calendar.shape == (DAYS,)
    assert np.bincount(found.calendar, minlength=found.day_count).tolist() == found.weight_days.tolist()
    assert found.calendar[found.days].tolist() == list(range(found.day_count))  # each stands for itself at least
    assert found.weight_days.sum() == DAYS
    assert found.weight_hours.sum() == HOURS_IN_YEAR
    assert found.hours == 24 * found.day_count == len(found.weight_hours)
    assert (np.diff(found.days) > 0).all()
    assert (found.hour_index // 24 == found.days[found.day_id]).all()
    assert found.hour.tolist() == list(range(24)) * found.day_count
    assert (found.month == month_of_hour()[found.hour_index]).all()
    assert typical <= found.day_count <= typical + 4 + len(always)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 40))
def test_the_mean_of_the_year_is_exact_and_bounds_are_kept(seed: int, typical: int) -> None:
    profiles = weather(seed)
    found = representative_days(profiles, typical=typical, extremes={"sun": "low", "price": "high"})
    for name, values in profiles.items():
        taken = found.profiles[name]
        assert float(found.weight_hours @ taken) == pytest.approx(values.sum(), rel=1e-8, abs=1e-6)
        assert over_the_year(found, taken).mean() == pytest.approx(values.mean(), rel=1e-9, abs=1e-9)
        if name != "price":
            assert taken.min() >= 0.0
            assert taken.max() <= values.max() + 1e-12
    assert (found.profiles["sun"].reshape(-1, 24)[:, 0] == 0.0).all()  # nights stay dark


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 20), st.integers(0, DAYS - 1))
def test_extreme_days_stand_for_themselves_as_they_are(seed: int, typical: int, kept: int) -> None:
    profiles = weather(seed)
    found = representative_days(
        profiles, typical=typical, extremes={"wind": "low", "sun": "high", "price": "high"}, always=[kept]
    )
    wind = daily(profiles["wind"])
    window = [wind[[day, (day + 1) % DAYS, (day + 2) % DAYS]].sum() for day in range(DAYS)]
    start = int(np.argmin(window))
    wanted = {int(wind.argmin()), *((start + i) % DAYS for i in range(3)), kept}
    wanted |= {int(daily(profiles["sun"]).argmax()), int(daily(profiles["price"]).argmax())}
    alone = dict(zip(found.days.tolist(), found.weight_days.tolist(), strict=True))
    assert all(alone[day] == 1 for day in wanted)
    for name, values in profiles.items():
        for day in wanted:
            taken = found.profiles[name].reshape(-1, 24)[found.calendar[day]]
            assert taken.tolist() == values.reshape(DAYS, 24)[day].tolist()


@pytest.mark.parametrize("typical", [361, 365, 400])
def test_enough_days_are_the_year_itself(typical: int) -> None:
    profiles = weather(0)
    found = representative_days(profiles, typical=typical, always=[3, 5, 200, 364])
    whole = every_day(profiles)
    for each in (found, whole):
        assert each.days.tolist() == each.calendar.tolist() == list(range(DAYS))
        assert (each.weight_hours == 1.0).all()
        assert all((each.profiles[name] == values).all() for name, values in profiles.items())


def test_more_typical_days_stand_closer_to_the_year() -> None:
    counts = (1, 2, 4, 8, 16, 32, 64, 128, 256)
    errors = np.mean([[clustering_error(weather(seed), n) for n in counts] for seed in range(6)], axis=0)
    assert (np.diff(errors) <= 0.0).all()
    assert errors[5] < 0.6 * errors[0]


def test_sun_wind_and_price_of_a_real_site_follow_the_seasons() -> None:
    profiles = {
        "sun": capacity_factors("solar_permian_tx"),
        "wind": capacity_factors("wind_permian_tx"),
        "price": wholesale_shape(wholesale_markets()[0], 2024),
    }
    found = representative_days(profiles, typical=16)
    sun = over_the_year(found, found.profiles["sun"])
    month = month_of_hour()
    by_month = np.array([[values[month == m].mean() for m in range(1, 13)] for values in (sun, profiles["sun"])])
    assert np.corrcoef(by_month)[0, 1] > 0.9
    assert np.corrcoef(daily(sun), daily(profiles["sun"]))[0, 1] > 0.7


def test_the_order_of_profiles_and_their_units_do_not_matter() -> None:
    profiles = weather(1)
    first = representative_days(profiles, typical=9, extremes={"wind": "low"})
    cents = {name: profiles[name] * (1.0 if name == "wind" else 128.0) for name in reversed(profiles)}
    again = representative_days(cents, typical=9, extremes={"wind": "low"})
    assert first.calendar.tolist() == again.calendar.tolist()
    assert first.days.tolist() == again.days.tolist()


def test_a_typical_day_is_the_medoid_of_its_days() -> None:
    profiles = weather(2, price=False)
    found = representative_days(profiles, typical=5)
    shapes = np.concatenate([v.reshape(DAYS, 24) / np.ptp(v) for v in profiles.values()], axis=1)
    for position, day in enumerate(found.days):
        members = np.flatnonzero(found.calendar == position)
        sums = [np.linalg.norm(shapes[members] - shapes[one], axis=1).sum() for one in members]
        assert np.linalg.norm(shapes[members] - shapes[day], axis=1).sum() == pytest.approx(min(sums))


def test_without_profiles_days_are_spread_evenly() -> None:
    for found in (representative_days({}, typical=12), representative_days({"x": np.full(8760, 0.4)}, typical=12)):
        assert found.day_count == 12
        assert set(found.weight_days.tolist()) <= {30, 31}
        assert np.diff(found.days).min() >= 29
        assert (np.diff(found.calendar) >= 0).all()
    kept = representative_days({}, typical=4, always=[100])
    assert kept.day_count == 5
    assert kept.weight_days[kept.calendar[100]] == 1


def test_days_that_are_alike_are_not_repeated() -> None:
    seasons = np.repeat((month_of_hour()[::24] - 1) // 3, 24) / 4.0  # four kinds of days
    found = representative_days({"season": seasons}, typical=10)
    assert found.day_count == 4
    assert over_the_year(found, found.profiles["season"]) == pytest.approx(seasons)


def test_a_profile_of_one_spike_keeps_its_energy() -> None:
    spike = np.zeros(HOURS_IN_YEAR)
    spike[5000] = 1.0
    found = representative_days({"spike": spike, **weather(3)}, typical=6)
    assert float(found.weight_hours @ found.profiles["spike"]) == pytest.approx(1.0)
    exact = representative_days({"spike": spike}, typical=6, extremes={"spike": "high"})
    assert exact.profiles["spike"].max() == 1.0
    assert exact.profiles["spike"].sum() == pytest.approx(1.0)


def test_everything_that_does_not_fit_is_listed() -> None:
    with pytest.raises(ValueError, match="short") as caught:
        representative_days(
            {"short": np.zeros(100), "broken": np.full(HOURS_IN_YEAR, np.nan)},
            typical=0,
            extremes={"other": "low", "short": "middle"},  # type: ignore[dict-item]
            always=[365, -1],
        )
    message = str(caught.value)
    for part in ("(8760,)", "finite", "at least one typical day", "no such profile", "'middle'", "[365, -1]"):
        assert part in message
    with pytest.raises(ValueError, match="shape"):
        every_day({"short": np.zeros(8784)})
