"""Tariffs in an instance: what does not go together is said with its reason, files with their rows."""

import pytest

from exasite import InputError, load_instance


def messages(*sets, text=""):
    with pytest.raises(InputError) as error:
        load_instance("hopper-16k", list(sets))
    return str(error.value)


def site(key, value):
    return f"sites.columbus_oh.{key}={value}"


def test_an_average_price_has_no_demand_charge():
    said = messages(site("tariff.demand_charge_usd_per_kw_month", 9))
    assert "paid twice" in said and "wholesale" in said


def test_a_year_belongs_to_a_wholesale_tariff():
    assert "no meaning" in messages(site("tariff.year", 2024))


def test_wholesale_needs_a_known_market_and_a_year():
    assert "pjm_dom" in messages(site("tariff.kind", "wholesale"), site("tariff.market", "pjm"))
    assert "choose one of" in messages(site("tariff.kind", "wholesale"), site("tariff.market", "pjm_dom"))
    unknown = messages(site("tariff.kind", "wholesale"), site("tariff.market", "pjm_dom"), site("tariff.year", 2012))
    assert "no prices of 2012" in unknown


def test_an_average_price_beside_hourly_prices():
    said = messages(site("tariff.kind", "wholesale"), site("tariff.market", "pjm_dom"), site("tariff.year", 2024),
                    site("energy_price_usd_per_mwh", 60))  # fmt: skip
    assert "average price beside hourly prices" in said


def test_a_contract_fits_the_grid_and_serves_one_cluster():
    assert "above grid_limit_mw" in messages(site("tariff.contract_mw", 500), site("grid_limit_mw", 100))
    assert "one cluster" in messages(site("tariff.contract_mw", 50), site("max_clusters", 2))


@pytest.mark.parametrize("key", ["price_file", "solar_file", "wind_file", "weather_file"])
def test_a_bad_file_is_refused_with_its_rows(tmp_path, key):
    path = tmp_path / "bad.csv"
    path.write_text("price\n" + "\n".join(["1"] * 10 + ["x"] + ["1"] * 8749) + "\n", encoding="utf-8")
    said = messages(site(key, path))
    assert key in said and "\\n" not in said
    assert "row" in said


def test_a_missing_file_is_said(tmp_path):
    assert "no such file" in messages(site("price_file", tmp_path / "none.csv"))
