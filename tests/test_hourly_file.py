"""A user's hourly series: what is read, and how a bad file is reported."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exasite.models.hourly_clock import clock_problems
from exasite.models.hourly_file import (
    HourlyFileError,
    read_capacity_factors,
    read_prices,
    read_solar_profile,
    read_wind_profile,
)
from exasite.models.local_time import check_sun_clock, check_time_zone, sun_hour
from exasite.models.profiles import capacity_factors, profile_names

HOURS = 8760
TEXAS = -100.0  # degrees east: about UTC-6.7
VALUES = [f"{30 + 10 * math.sin(h):.3f}" for h in range(HOURS)]
Lines = list[str]


def stamps(offset: str = "", year: int = 2013, hours: int = HOURS) -> Lines:
    start = datetime(year, 1, 1)
    return [(start + timedelta(hours=h)).isoformat() + offset for h in range(hours)]


def write(path: Path, header: str, *columns: Lines) -> Path:
    rows = [",".join(cells) for cells in zip(*columns, strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def problems(path: Path, longitude: float = TEXAS, read: Callable[..., object] = read_prices) -> list[str]:
    with pytest.raises(HourlyFileError) as caught:
        read(path, longitude)
    return caught.value.problems


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("price", [VALUES]),
        ("hour,price", [[str(h) for h in range(HOURS)], VALUES]),
        ("hour,price", [[str(h + 1) for h in range(HOURS)], VALUES]),
        ("price,time", [VALUES, stamps()]),
        ("time,USD/MWh", [stamps("-06:00"), VALUES]),
        ("time,USD/MWh", [[s.replace("T", " ").replace(":00:00", ":30") for s in stamps()], VALUES]),
        (",node,price_usd,load", [stamps(), ["N1"] * HOURS, VALUES, ["1"] * HOURS]),
        ("hour,value,other", [[str(h) for h in range(HOURS)], VALUES, ["9"] * HOURS]),
        ("price,value", [VALUES, [str(h) for h in range(HOURS)]]),
    ],
)
def test_columns_are_told_apart(tmp_path: Path, header: str, columns: list[Lines]) -> None:
    read = read_prices(write(tmp_path / "p.csv", header, *columns), TEXAS)
    assert read == pytest.approx([float(value) for value in VALUES])
    assert not read.flags.writeable


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, seed: int, end: str, mark: bool) -> None:
    values = np.random.default_rng(seed).normal(40, 60, HOURS)
    path = tmp_path_factory.mktemp("p") / "p.csv"
    text = end.join(["price", *map(repr, values.tolist())]) + end
    path.write_bytes((("\ufeff" if mark else "") + text).encode())
    assert np.array_equal(read_prices(path), values)


@pytest.mark.parametrize("name", profile_names())
def test_shipped_profiles_pass(tmp_path: Path, name: str) -> None:
    values = [str(value) for value in capacity_factors(name).tolist()]
    path = write(tmp_path / "own.csv", "hour,cf_ac", [str(h) for h in range(HOURS)], values)
    read = read_solar_profile if name.startswith("solar") else read_wind_profile
    assert np.array_equal(read(path, TEXAS), capacity_factors(name))
    assert np.array_equal(capacity_factors(str(path)), capacity_factors(name))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "is missing"),
        ("nan", "is not a number: 'nan'"),
        ("-inf", "is not a number: '-inf'"),
        ("dear", "is not a number: 'dear'"),
        ("1_000", "is not a number: '1_000'"),
        ("99999", "is 99999 USD/MWh, expected -2000 to 20000"),
    ],
)
def test_bad_values_are_reported_with_their_row(tmp_path: Path, value: str, message: str) -> None:
    path = write(tmp_path / "p.csv", "time,price", stamps(), [*VALUES[:100], value, *VALUES[101:]])
    assert problems(path) == [f"row 102: price {message}"]


def test_a_capacity_factor_lies_between_0_and_1(tmp_path: Path) -> None:
    path = write(tmp_path / "cf.csv", "cf", ["-0.01", *["0.5"] * 8757, "1", "1.0001"])
    assert problems(path, read=read_wind_profile) == [
        "row 2: capacity factor is -0.01, expected 0 to 1",
        "row 8761: capacity factor is 1.0001, expected 0 to 1",
    ]


def test_an_empty_row_is_a_missing_value_but_not_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("price\n" + "\n".join([*VALUES[:5], "", *VALUES[6:]]) + "\n\n\n")
    assert problems(path) == ["row 7: price is missing"]
    path.write_text("price\n" + "\n".join([*VALUES[:5], "1,5", *VALUES[6:]]))
    assert problems(path) == ["row 7: 2 columns, expected 1"]


def test_files_that_hold_no_series(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.csv") == ["there is no such file"]
    assert problems(tmp_path) == ["this is a folder, not a file"]
    path = tmp_path / "bad.csv"
    path.write_text(" \n\n")
    assert problems(path) == ["the file is empty"]
    path.write_bytes("prix,å".encode("latin-1"))
    assert problems(path) == ["not a UTF-8 text file (byte 5); save it as UTF-8"]
    path.write_bytes(b"price\n\xff\xfe\x00")
    assert problems(path) == ["not a UTF-8 text file (byte 6); save it as UTF-8"]
    path.write_text("\n".join(VALUES))
    assert problems(path) == ["row 1 must name the columns, found: 30.000"]
    path.write_text("2013-01-01T00:00,30\n2013-01-01T01:00,31\n")
    assert problems(path)[0].startswith("row 1 must name the columns")
    path.write_text("\n30\n")
    assert problems(path) == ["row 1 is empty; it must name the columns"]
    path.write_text("hour;price\n0;30\n")
    assert problems(path)[0].startswith("the columns are not separated by commas")
    path.write_text("price\n")
    assert problems(path) == ["expected 8760 hours below the header, found 0"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a,b,c", "no column named as the price (one of price, prices, value) among: a, b, c"),
        ("hour,price_da,price_rt", "2 columns named as the price"),
        ("date,hour,price", "more than one column of times among: date, hour, price; keep one"),
        ("hour,priced,pricey", "no column named as the price"),
    ],
)
def test_columns_that_cannot_be_told_apart(tmp_path: Path, header: str, message: str) -> None:
    (found,) = problems(write(tmp_path / "p.csv", header, VALUES, VALUES, VALUES))
    assert found.startswith(message)


def test_a_leap_day_is_refused(tmp_path: Path) -> None:
    leap = [*VALUES, *VALUES[:24]]
    (found,) = problems(write(tmp_path / "p.csv", "price", leap))
    assert found == (
        "expected 8760 hours below the header, found 8784; it has a leap day: leave out 29 February, rows 1418 to 1441"
    )
    timed = problems(write(tmp_path / "p.csv", "time,price", stamps(year=2024, hours=8784), leap))
    assert "rows 1418 to 1441: 29 February; a year of 8760 hours has no leap day" in timed
    assert len(timed) == 2
    numbered = problems(write(tmp_path / "p.csv", "hour,price", [str(h) for h in range(8784)], leap))
    assert numbered[1].startswith("8784 hours are a leap year")
    cut = problems(write(tmp_path / "p.csv", "time,price", stamps(year=2024), VALUES))
    assert cut[1:] == ["after row 8761: 24 of 8760 hours missing: 31 December 00:00 to 31 December 23:00"]
    assert cut[0].startswith("rows 1418 to 1441: 29 February")


def drop(times: Lines) -> Lines:
    return times[:100] + times[103:]


def late(times: Lines) -> Lines:
    return times[1:]


def repeat(times: Lines) -> Lines:
    return [*times[:50], times[49], *times[51:]]


def swap(times: Lines) -> Lines:
    return [*times[:50], times[51], times[50], *times[52:]]


def unread(times: Lines) -> Lines:
    return ["soon" if i == 9 else time for i, time in enumerate(times)]


def hour_ends(times: Lines) -> Lines:
    return [*times[1:], "2014-01-01T00:00:00"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (drop, ["after row 101: 3 of 8760 hours missing: 05 January 04:00 to 05 January 06:00"]),
        (late, ["before the first row: 1 of 8760 hours missing: 01 January 00:00"]),
        (repeat, ["row 52: 03 January 01:00 stands already in row 51", "after row 51: 1 of 8760 hours missing: 03 January 02:00"]),
        (swap, ["row 53: 03 January 02:00 is out of order; the year begins at 01 January 00:00"]),
        (hour_ends, ["row 8761: 01 January 00:00 is out of order; the year begins at 01 January 00:00"]),
        (unread, ["row 11: the time cannot be read: 'soon'; expected an ISO timestamp such as 2013-01-31 17:00, or an hour number",
                  "after row 10: 1 of 8760 hours missing: 01 January 09:00"]),
    ],
)  # fmt: skip
def test_clock_problems(tmp_path: Path, change: Callable[[Lines], Lines], expected: Lines) -> None:
    times = change(stamps())
    found = problems(write(tmp_path / "p.csv", "time,price", times, VALUES[: len(times)]))
    count = [] if len(times) == HOURS else [f"expected 8760 hours below the header, found {len(times)}"]
    assert found == [*count, *expected]


def test_hour_numbers_are_checked(tmp_path: Path) -> None:
    numbers = [str(h) for h in range(HOURS)]
    numbers[7], numbers[8], numbers[20] = "8", "9000", "soon"
    assert problems(write(tmp_path / "p.csv", "hour,price", numbers, VALUES)) == [
        "row 10: hour 9000 is outside 0 to 8759",
        "row 22: the time cannot be read: 'soon'; expected an ISO timestamp such as 2013-01-31 17:00, or an hour number",
        "after row 8: 1 of 8760 hours missing: hour 7",
        "after row 21: 1 of 8760 hours missing: hour 20",
    ]


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, HOURS - 1), min_size=1, max_size=20), st.sampled_from([0, 1]), st.booleans())
def test_every_missing_hour_is_counted_once(gone: set[int], first: int, timed: bool) -> None:
    times = stamps() if timed else [str(h + first) for h in range(HOURS)]
    rows = [(h + 2, times[h]) for h in range(HOURS) if h not in gone]
    if not timed and {0, HOURS - 1} & gone:
        return  # without its ends a column does not tell whether it counts from 0 or from 1
    found = clock_problems(rows, TEXAS)
    assert sum(int(text.split(": ")[1].split(" of ")[0]) for text in found) == len(gone)


@pytest.mark.parametrize(("offset", "said"), [("+00:00", "UTC+0"), ("Z", "UTC+0"), ("-05:00", "UTC-5"), ("+06:00", "UTC+6")])
def test_a_foreign_time_zone_is_refused(tmp_path: Path, offset: str, said: str) -> None:
    (found,) = problems(write(tmp_path / "p.csv", "time,price", stamps(offset), VALUES))
    assert found.startswith(f"row 2: the time zone is {said}, but longitude -100 is about UTC-6.7")
    assert found.endswith("write local standard time without daylight saving")


def test_a_time_zone_is_not_judged_without_a_longitude(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "time,price", stamps("+00:00"), VALUES)
    assert read_prices(path).shape == (HOURS,)
    assert read_prices(path, 0.0).shape == (HOURS,)  # in Greenwich UTC is local


def test_daylight_saving_is_refused(tmp_path: Path) -> None:
    start, end = 1659, 7369  # about 2 o'clock of 11 March and 4 November
    summer = [s + ("-05:00" if start <= h < end else "-06:00") for h, s in enumerate(stamps())]
    found = problems(write(tmp_path / "p.csv", "time,price", summer, VALUES))
    assert found == [
        "row 1661: the time zone changes from UTC-6 to UTC-5; write local standard time without daylight saving",
        "row 7371: the time zone changes from UTC-5 to UTC-6; write local standard time without daylight saving",
    ]
    plain = stamps()
    clock = [*plain[:start], *plain[start + 1 : end + 1], plain[end], *plain[end + 1 :]]
    found = problems(write(tmp_path / "p.csv", "time,price", clock, VALUES))
    assert len(found) == 3 and "as with daylight saving" in found[-1]


@pytest.mark.parametrize("longitude", [TEXAS, math.nan])
def test_a_solar_profile_in_utc_is_refused(tmp_path: Path, longitude: float) -> None:
    values = np.roll(capacity_factors("solar_abilene_tx"), 6)
    path = write(tmp_path / "cf.csv", "cf", [str(v) for v in values.tolist()])
    (found,) = problems(path, longitude, read_solar_profile)
    assert "looks shifted by +7 hours: is it in UTC?" in found
    assert ("longitude -100 is about UTC-6.7" in found) == (not math.isnan(longitude))
    assert read_wind_profile(path, TEXAS).shape == (HOURS,)


def test_what_is_no_sun_is_refused(tmp_path: Path) -> None:
    dark, flat = (write(tmp_path / f"{v}.csv", "cf", [v] * HOURS) for v in ("0", "0.3"))
    assert problems(dark, read=read_solar_profile) == ["every hour is 0"]
    assert "spread over day and night alike" in problems(flat, read=read_solar_profile)[0]
    assert read_capacity_factors(flat).mean() == pytest.approx(0.3)


@given(st.integers(-11, 11))
def test_the_hour_of_the_sun_follows_a_shift(hours: int) -> None:
    sun = np.tile(np.clip(np.cos(2 * np.pi * (np.arange(24) - 11.5) / 24), 0, None), 365)
    assert sun_hour(np.roll(sun, hours)) == pytest.approx((12 + hours) % 24)
    assert bool(check_sun_clock(np.roll(sun, hours))) == (abs(hours) > 2.5)


@given(st.floats(-180, 180), st.floats(-1.4, 1.4))
def test_standard_time_is_accepted_all_round_the_world(longitude: float, apart: float) -> None:
    zone = longitude / 15 + apart
    assert check_time_zone(zone, longitude) == ""
    assert check_time_zone(zone - 24 if zone > 0 else zone + 24, longitude) == ""  # the date line
    assert check_time_zone(zone + 3, longitude)


def test_all_problems_are_listed_and_the_message_stays_short(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.csv", "price", ["none"] * 300 + VALUES[300:])
    with pytest.raises(HourlyFileError) as caught:
        read_prices(path)
    assert len(caught.value.problems) == 300
    message = str(caught.value).splitlines()
    assert len(message) == 22
    assert message[0].startswith("price file ") and message[0].endswith("bad.csv: 300 problem(s)")
    assert message[-1] == "... and 280 more"
