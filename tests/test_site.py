"""Sites of the catalogue and sites given inline."""

from __future__ import annotations

import math

import pytest

from exasite.models.catalog import load_catalog
from exasite.models.profiles import profile_names, wholesale_markets
from exasite.models.site import custom_site, override_site, site, site_ids

CATALOG = load_catalog()


def test_there_are_seventeen_sites_thirteen_of_them_candidates() -> None:
    assert len(site_ids(CATALOG)) == 17
    assert len(site_ids(CATALOG, "candidate")) == 13
    assert "memphis_tn" in site_ids(CATALOG, "validation")


@pytest.mark.parametrize("site_id", site_ids(CATALOG))
def test_every_site_is_complete_and_plausible(site_id: str) -> None:
    place = site(CATALOG, site_id)
    assert 20 < place.latitude_degrees < 70
    assert 20 < place.peak_dry_bulb_celsius < 45
    assert 20 < place.energy_price_usd_per_mwh < 200
    assert 0 < place.grid_limit_mw <= 2000
    assert 0.9 < place.construction_multiplier < 1.1
    assert place.nuclear_limit_mw == 0.0
    assert place.gas_available == (not math.isnan(place.gas_price_usd_per_mmbtu))
    assert place.solar_profile in (*profile_names(), "")
    assert place.wind_profile in (*profile_names(), "")
    assert place.wholesale_market in (*wholesale_markets(), "")
    assert place.cost_region in (*CATALOG.items("regional_cost"), "")


def test_known_values_of_memphis() -> None:
    memphis = site(CATALOG, "memphis_tn")
    assert memphis.energy_price_usd_per_mwh == pytest.approx(64.3)
    assert memphis.gas_price_usd_per_mmbtu == 4.0
    assert memphis.grid_limit_mw == 300.0
    assert memphis.cost_region == "SRCE"


def test_abilene_wind_is_capped_for_prudence() -> None:
    assert site(CATALOG, "abilene_tx").wind_capacity_factor == 0.45
    assert CATALOG.row("sites", "abilene_tx", "wind_capacity_factor").high == pytest.approx(0.5181)


def test_unknown_site_names_the_nearest() -> None:
    with pytest.raises(KeyError, match="memphis_tn"):
        site(CATALOG, "memphis")


def test_override_replaces_only_what_is_given() -> None:
    base = site(CATALOG, "memphis_tn")
    changed = override_site(base, {"grid_limit_mw": 150, "nuclear_limit_mw": 10})
    assert (changed.grid_limit_mw, changed.nuclear_limit_mw) == (150.0, 10.0)
    assert override_site(changed, {"grid_limit_mw": 300, "nuclear_limit_mw": 0}) == base


def test_a_gas_price_means_gas() -> None:
    lulea = site(CATALOG, "lulea_se")
    assert not lulea.gas_available
    assert override_site(lulea, {"gas_price_usd_per_mmbtu": 9}).gas_available
    with pytest.raises(ValueError, match="gas_price"):
        override_site(lulea, {"gas_available": True})


def test_every_problem_of_an_override_is_told() -> None:
    with pytest.raises(ValueError, match="grid_limit_mw") as caught:
        override_site(site(CATALOG, "memphis_tn"), {
            "grid_limit": 5, "elevation_m": "high", "state": 3, "gas_available": 1,
            "grid_wait_years": -1, "role": "x",
        })  # fmt: skip
    assert len(str(caught.value).splitlines()) == 6


def test_custom_site_needs_three_values_and_takes_defaults() -> None:
    given = {"name": "Here", "latitude_degrees": 45, "energy_price_usd_per_mwh": 50, "grid_limit_mw": 200}
    place = custom_site(CATALOG, given)
    assert place.id == place.name == "Here"
    assert place.grid_limit_mw == 200.0
    assert place.grid_wait_years == CATALOG.value("prices", "custom_site", "grid_wait_years")
    assert not place.gas_available
    assert place.nuclear_limit_mw == 0.0
    assert place.solar_profile == ""
    assert place.role == ("custom",)
    assert math.isinf(place.gas_limit_mw)


def test_custom_site_tells_everything_missing() -> None:
    with pytest.raises(ValueError, match="missing") as caught:
        custom_site(CATALOG, {"gas_price": 3})
    assert len(str(caught.value).splitlines()) == 4
