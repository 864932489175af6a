"""Hourly files of a user: read as they are, or refused with every problem and its row."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from exasite.models.hourly_file import HourlyFileError, read_prices, read_solar_profile, read_wind_profile

HOURS = 8760
MEMPHIS = -90.0


def sun():
    hours = np.arange(HOURS) % 24
    return np.round(np.clip(np.sin((hours - 5.5) / 13 * np.pi), 0, None) * (hours > 5) * (hours < 19) * 0.8, 4)


def written(path, values, stamps=None, header="price"):
    lines = [f"time,{header}" if stamps is not None else header]
    for i, value in enumerate(values):
        lines.append(f"{stamps[i]},{value}" if stamps is not None else f"{value}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def stamps(offset=""):
    start = datetime(2023, 1, 1)
    return [(start + timedelta(hours=h)).isoformat() + offset for h in range(HOURS)]


def problems(read, path, *args):
    with pytest.raises(HourlyFileError) as error:
        read(path, *args)
    return error.value.problems


def test_one_column_and_times_are_read_alike(tmp_path):
    values = np.round(np.random.default_rng(1).uniform(-10, 300, HOURS), 2)
    plain = read_prices(written(tmp_path / "plain.csv", values))
    timed = read_prices(written(tmp_path / "timed.csv", values, stamps()), MEMPHIS)
    local = read_prices(written(tmp_path / "local.csv", values, stamps("-06:00")), MEMPHIS)
    assert np.array_equal(plain, values) and np.array_equal(timed, values) and np.array_equal(local, values)


def test_a_profile_of_sun_and_one_of_wind(tmp_path):
    path = written(tmp_path / "sun.csv", sun(), header="cf")
    assert np.array_equal(read_solar_profile(path, MEMPHIS), sun())
    assert read_wind_profile(path).max() == sun().max()


def test_text_gaps_and_empty_cells_name_their_rows(tmp_path):
    values = [str(v) for v in sun()]
    values[10], values[20], values[30], values[40] = "n/a", "", "nan", "-0.2"
    found = problems(read_solar_profile, written(tmp_path / "bad.csv", values, header="cf"), MEMPHIS)
    text = "\n".join(found)
    for row in ("row 12", "row 22", "row 32", "row 42"):
        assert row in text
    assert len(found) == 4


@pytest.mark.parametrize("count", [8759, 8784, 0])
def test_a_wrong_number_of_hours_is_said(tmp_path, count):
    text = "\n".join(problems(read_prices, written(tmp_path / "short.csv", np.ones(count))))
    assert "8760" in text or "8,760" in text
    if count == 8784:
        assert "leap" in text


def test_a_missing_and_a_repeated_hour_name_their_rows(tmp_path):
    times = stamps()
    times[100] = times[99]
    text = "\n".join(problems(read_prices, written(tmp_path / "twice.csv", np.ones(HOURS), times), MEMPHIS))
    assert "row 102" in text and "missing" in text


def test_a_leap_day_is_refused(tmp_path):
    times = [(datetime(2024, 1, 1) + timedelta(hours=h)).isoformat() for h in range(HOURS)]
    assert "29" in "\n".join(problems(read_prices, written(tmp_path / "leap.csv", np.ones(HOURS), times), MEMPHIS))


def test_a_clock_in_utc_is_refused(tmp_path):
    text = "\n".join(problems(read_prices, written(tmp_path / "utc.csv", np.ones(HOURS), stamps("+00:00")), MEMPHIS))
    assert "UTC" in text and "row 2" in text
    assert read_prices(written(tmp_path / "here.csv", np.ones(HOURS), stamps("+00:00")), 0.0).sum() == HOURS


def test_a_sun_that_shines_at_night_is_refused(tmp_path):
    shifted = np.roll(sun(), 6)
    text = "\n".join(problems(read_solar_profile, written(tmp_path / "shifted.csv", shifted, header="cf"), MEMPHIS))
    assert "shifted" in text or "noon" in text


def test_no_file_a_folder_and_no_text(tmp_path):
    assert problems(read_prices, tmp_path / "none.csv")
    assert problems(read_prices, tmp_path)
    (tmp_path / "bytes.csv").write_bytes(b"price\n\xff\xfe\x00")
    assert problems(read_prices, tmp_path / "bytes.csv")


def test_columns_that_cannot_be_told_apart_are_named(tmp_path):
    path = tmp_path / "three.csv"
    path.write_text("a,b,c\n" + "1,2,3\n" * HOURS, encoding="utf-8")
    assert "a" in "\n".join(problems(read_prices, path))
