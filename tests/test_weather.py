"""Weather files: what is read, and how a bad file is reported."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pvlib
import pytest

from exasite.models.climate import calendar
from exasite.models.weather import WeatherError, read_weather, wet_bulb_celsius

TMY3 = Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"  # Greensboro NC, public NREL data
COLUMNS = {"dry bulb": 6, "humidity": 8, "pressure": 9, "radiation": 13}
HEADER = [
    "LOCATION,Testville,XX,USA,synthetic,999999,40.0,-100.0,-6.0,100.0",
    "DESIGN CONDITIONS,0",
    "TYPICAL/EXTREME PERIODS,0",
    "GROUND TEMPERATURES,0",
    "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
    "COMMENTS 1,synthetic",
    "COMMENTS 2,synthetic",
    "DATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31",
]
FIRST = len(HEADER) + 1  # row of the first hour
Rows = list[list[str]]


def epw_rows() -> Rows:
    """A year that swings 12 K by season and 5 K by the hour about 12 degC, at 50 % humidity."""
    month, hour = calendar()
    rows = []
    day = 0
    for index in range(8760):
        day = day + 1 if hour[index] == 0 else day
        if index and month[index] != month[index - 1]:
            day = 1
        dry = 12 - 12 * np.cos(2 * np.pi * index / 8760) - 5 * np.cos(2 * np.pi * (hour[index] - 3) / 24)
        date = ["1990", str(month[index]), str(day), str(hour[index] + 1), "0", "?"]
        air = [f"{dry:.2f}", "5", "50", "99000"]
        rows.append([*date, *air, "0", "0", "300", "100", "50", "60", *["0"] * 19])
    return rows


def write_epw(path: Path, rows: Rows, header: list[str] | None = None) -> Path:
    lines = (header or HEADER) + [",".join(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(WeatherError) as caught:
        read_weather(path)
    return caught.value.problems


def test_wet_bulb_of_known_points() -> None:
    """PsychroLib's own reference point, saturation, and a point of the sea-level chart."""
    dry, humidity = np.array([7.0, 20.0, 30.0]), np.array([0.61, 1.0, 0.5])
    wet = wet_bulb_celsius(dry, humidity, np.array([1e5, 1e5, 101325.0]))
    assert wet == pytest.approx([3.927, 20.0, 22.0], abs=0.02)
    assert wet[1] <= 20.0


def test_an_epw_file_is_read(tmp_path: Path) -> None:
    climate = read_weather(write_epw(tmp_path / "year.epw", epw_rows()))
    assert climate.kind == "hourly" and climate.dry_bulb_celsius.shape == (8760,)
    assert climate.name == "Testville 999999" and climate.source == "EPW file year.epw"
    assert climate.mean_dry_bulb_celsius == pytest.approx(12.0, abs=0.01)
    assert climate.peak_dry_bulb_celsius == pytest.approx(np.quantile(climate.dry_bulb_celsius, 0.996))
    assert climate.pressure_hpa == pytest.approx(990.0)
    assert np.all(climate.wet_bulb_celsius < climate.dry_bulb_celsius)
    assert np.array_equal(climate.hour_index(), np.arange(8760))
    assert (climate.month[0], climate.hour[0]) == (1, 0)
    assert (climate.month[-1], climate.hour[-1]) == (12, 23)


def test_a_tmy3_file_is_read() -> None:
    climate = read_weather(TMY3)
    assert climate.name == "GREENSBORO PIEDMONT TRIAD INT 723170" and climate.kind == "hourly"
    with TMY3.open(encoding="utf-8") as file:
        next(file)
        dry = [float(line["Dry-bulb (C)"]) for line in csv.DictReader(file)]
    assert np.array_equal(climate.dry_bulb_celsius, dry)  # hour 01:00 of the file is entry 0
    assert climate.mean_wet_bulb_celsius == pytest.approx(11.14, abs=0.01)


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_line_ends_and_byte_order_mark(tmp_path: Path, line_end: str) -> None:
    lines = HEADER + [",".join(row) for row in epw_rows()]
    path = tmp_path / "dos.epw"
    path.write_bytes(("\ufeff" + line_end.join(lines) + line_end).encode("utf-8"))
    assert read_weather(path).mean_dry_bulb_celsius == pytest.approx(12.0, abs=0.01)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("dry bulb", "warm", "dry bulb is not a number: 'warm'"),
        ("dry bulb", "nan", "dry bulb is not a number: 'nan'"),
        ("dry bulb", "", "dry bulb is not a number: ''"),
        ("dry bulb", "99.9", "dry bulb is 99.9 degC, expected -90 to 60"),
        ("humidity", "999", "relative humidity is 999 %, expected 0 to 100"),
        ("humidity", "-3", "relative humidity is -3 %, expected 0 to 100"),
        ("pressure", "999999", "pressure is 999999 Pa, expected 45000 to 110000"),
        ("radiation", "-1", "global radiation is -1 W/m2, expected at least 0"),
    ],
)
def test_bad_numbers_are_reported_with_their_row(tmp_path: Path, name: str, value: str, message: str) -> None:
    rows = epw_rows()
    rows[1000][COLUMNS[name]] = value
    assert problems(write_epw(tmp_path / "bad.epw", rows)) == [f"row {FIRST + 1000}: {message}"]


def drop(rows: Rows) -> Rows:
    return rows[:100] + rows[103:]


def cut(rows: Rows) -> Rows:
    return rows[:8000]


def late(rows: Rows) -> Rows:
    return rows[1:]


def repeat(rows: Rows) -> Rows:
    return [*rows[:50], rows[49], *rows[50:]]


def swap(rows: Rows) -> Rows:
    return [*rows[:50], rows[51], rows[50], *rows[52:]]


def leap_day(rows: Rows) -> Rows:
    extra = [[*row[:1], "2", "29", *row[3:]] for row in rows[:24]]
    return [*rows[:1416], *extra, *rows[1416:]]


def hour_zero(rows: Rows) -> Rows:
    return [[*rows[0][:3], "0", *rows[0][4:]], *rows[1:]]


def no_date(rows: Rows) -> Rows:
    return [[*rows[0][:1], "Jan", *rows[0][2:]], *rows[1:]]


def short_row(rows: Rows) -> Rows:
    return [*rows[:-1], rows[-1][:9]]


@pytest.mark.parametrize(
    ("change", "first", "count"),
    [
        (drop, "after row 108: 3 of 8760 hours missing: 01/05 hour 5 to 01/05 hour 7", 1),
        (cut, "after row 8008: 760 of 8760 hours missing: 11/30 hour 9 to 12/31 hour 24", 1),
        (late, "before the first row: 1 of 8760 hours missing: 01/01 hour 1", 1),
        (repeat, "row 59: 01/03 hour 2 stands already in row 58", 1),
        (swap, "row 60: 01/03 hour 3 is out of order", 1),
        (leap_day, "row 1425: 29 February; a year of 8760 hours has no leap day", 24),
        (hour_zero, "row 9: there is no 01/01 hour 0 in a year", 2),
        (no_date, "row 9: date or hour cannot be read: 1990,Jan,1,1", 2),
        (short_row, "row 8768: pressure is missing (9 columns)", 4),
    ],
)
def test_calendar_problems(tmp_path: Path, change: Callable[[Rows], Rows], first: str, count: int) -> None:
    found = problems(write_epw(tmp_path / "bad.epw", change(epw_rows())))
    assert found[0] == first
    assert len(found) == count


def test_all_problems_are_listed_and_the_message_stays_short(tmp_path: Path) -> None:
    rows = epw_rows()
    for row in rows[:300]:
        row[COLUMNS["humidity"]] = "999"
    path = write_epw(tmp_path / "bad.epw", rows)
    with pytest.raises(WeatherError) as caught:
        read_weather(path)
    assert len(caught.value.problems) == 300
    message = str(caught.value).splitlines()
    assert len(message) == 22
    assert "bad.epw: 300 problem(s)" in message[0] and message[-1] == "... and 280 more"


def test_files_that_are_no_weather_files(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.epw") == ["there is no such file"]
    assert problems(tmp_path) == ["this is a folder, not a file"]
    empty, latin, other, nul = (tmp_path / name for name in ("empty", "latin", "other", "nul"))
    empty.write_text("\n \n")
    assert problems(empty) == ["the file is empty"]
    latin.write_bytes("LOCATION,Luleå".encode("latin-1"))
    assert problems(latin) == ["not a UTF-8 text file (byte 13); save it as UTF-8"]
    other.write_text("hour,temperature\n1,20\n")
    assert problems(other)[0].startswith("neither EPW nor TMY3")
    nul.write_bytes(b"\x00\x01" * 50)
    assert problems(nul)


def test_bad_headers(tmp_path: Path) -> None:
    assert problems(write_epw(tmp_path / "a.epw", epw_rows(), HEADER[:5])) == [
        "EPW: row 8 must start with DATA PERIODS"
    ]
    header = ["LOCATION,Testville,XX,USA,synthetic,999999,40.0,-100.0,-6.0,high", *HEADER[1:]]
    found = problems(write_epw(tmp_path / "b.epw", epw_rows(), header))
    assert found[0].startswith("pvlib cannot read it as EPW")


def with_sun(rows: Rows, noon: float) -> Rows:
    """Sunshine of 12 hours a day about an hour of the day."""
    for row in rows:
        hour = float(row[3]) - 0.5
        row[COLUMNS["radiation"]] = f"{max(0.0, 800 * np.cos(2 * np.pi * (hour - noon) / 24)):.0f}"
    return rows


@pytest.mark.parametrize("zone", ["0.0", "-8.5", "6.0", "-5.0"])
def test_a_time_zone_far_from_the_longitude_is_refused(tmp_path: Path, zone: str) -> None:
    header = [HEADER[0].replace("-6.0", zone), *HEADER[1:]]
    (found,) = problems(write_epw(tmp_path / "zone.epw", epw_rows(), header))
    assert found.startswith("row 1: the time zone is UTC") and "longitude -100 is about UTC-6.7" in found


@pytest.mark.parametrize("noon", [10.0, 12.0, 14.0])
def test_sunshine_about_noon_is_read(tmp_path: Path, noon: float) -> None:
    assert read_weather(write_epw(tmp_path / "sun.epw", with_sun(epw_rows(), noon))).kind == "hourly"


@pytest.mark.parametrize(("noon", "hours"), [(18.6, "+7"), (6.0, "-6"), (23.0, "+11"), (15.0, "+3")])
def test_a_sun_that_is_not_about_noon_is_refused(tmp_path: Path, noon: float, hours: str) -> None:
    (found,) = problems(write_epw(tmp_path / "sun.epw", with_sun(epw_rows(), noon)))
    assert found.startswith(f"global radiation: the sun stands highest about hour {noon:.1f} of the day")
    assert f"shifted by {hours} hours" in found


def test_a_tmy3_file_in_utc_is_refused(tmp_path: Path, tmy3_lines: list[str]) -> None:
    path, place = tmp_path / "utc.csv", tmy3_lines[0].split(",")
    place[3] = "0.0"
    path.write_text("\n".join([",".join(place), *tmy3_lines[1:]]))
    assert problems(path)[0].startswith("row 1: the time zone is UTC+0, but longitude -79.9")


@pytest.fixture
def tmy3_lines() -> list[str]:
    return TMY3.read_text(encoding="utf-8").splitlines()


def test_bad_tmy3_files(tmp_path: Path, tmy3_lines: list[str]) -> None:
    path = tmp_path / "bad.csv"
    header = tmy3_lines[1].replace("RHum (%)", "Humidity")
    path.write_text("\n".join([tmy3_lines[0], header, *tmy3_lines[2:]]))
    assert problems(path) == ["TMY3: row 2 lacks the column RHum (%)"]
    cells = tmy3_lines[500].split(",")
    cells[tmy3_lines[1].split(",").index("GHI (W/m^2)")] = "-9900"
    path.write_text("\n".join([*tmy3_lines[:500], ",".join(cells), *tmy3_lines[501:4000]]))
    found = problems(path)
    assert "after row 4000: 4762 of 8760 hours missing: 06/16 hour 15 to 12/31 hour 24" in found
    assert "row 501: global radiation is -9900 W/m2, expected at least 0" in found


def test_without_pvlib_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pvlib", None)
    with pytest.raises(ImportError, match=r"exasite\[weather\]"):
        read_weather(write_epw(tmp_path / "year.epw", epw_rows()))
