"""Power sources, in the catalogue and at a site."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exasite.models.catalog import load_catalog
from exasite.models.firmness import firm_mw
from exasite.models.power import (
    SiteSource,
    power_source,
    regional_factor,
    site_sources,
    source_ids,
    unavailable_sources,
    usable_share,
)
from exasite.models.site import Site, override_site, site, site_ids

CATALOG = load_catalog()
TURBINES = ("gas_cc", "gas_ct_frame", "gas_ct_aero", "gas_ct_mobile")
KINDS = ("grid", "dispatchable", "contract", "variable", "storage", "backup")


def place(site_id: str = "memphis_tn", **values: float) -> Site:
    return override_site(site(CATALOG, site_id), values)


def resolved(source_id: str, where: Site) -> SiteSource:
    return site_sources(CATALOG, where, [source_id])[0]


@pytest.mark.parametrize("source_id", source_ids(CATALOG))
def test_every_source_is_plausible(source_id: str) -> None:
    source = power_source(CATALOG, source_id)
    assert source.kind in KINDS
    assert source.capex_usd_per_kw > 0 or source.kind == "contract"
    assert 0.8 < source.availability <= 1.0
    assert 0.0 <= source.min_load_fraction <= 1.0
    assert source.life_years >= 15
    assert source.lead_years > 0
    assert source.firm == (source.kind not in ("variable", "storage"))
    row = CATALOG.row("power_sources", source_id, "capex_usd_per_kw")
    assert row.low <= row.base <= row.high


def test_there_are_fourteen_sources_and_a_wrong_one_names_the_nearest() -> None:
    assert len(source_ids(CATALOG)) == 14
    with pytest.raises(KeyError, match="gas_ct_aero"):
        site_sources(CATALOG, place(), ["gas_ct_aeroo"])


def test_prices_are_brought_to_one_money_year() -> None:
    row = CATALOG.row("power_sources", "gas_recip", "capex_usd_per_kw")
    assert (row.money_year, row.given) == (2024, 1700.0)
    assert row.base == pytest.approx(1700 * 322.1 / 313.7)


@pytest.mark.parametrize("site_id", site_ids(CATALOG))
def test_sources_at_every_site(site_id: str) -> None:
    where = place(site_id)
    found = site_sources(CATALOG, where)
    assert {s.id for s in found} | set(unavailable_sources(CATALOG, where)) == set(source_ids(CATALOG))
    for source in found:
        assert source.capex_musd_per_mw > 0
        assert 0.5 < source.derate <= 1.0
        assert source.unit_mw == pytest.approx(source.nameplate_unit_mw * source.derate)
        assert source.max_mw > 0
        assert math.isfinite(source.marginal_cost_usd_per_mwh)
        assert (source.profile is not None) == (source.kind == "variable")
        if source.profile is not None:
            assert source.profile.shape == (8760,)
            assert source.profile.min() >= 0.0
            assert source.profile.max() <= 1.0


def test_variable_sources_yield_the_capacity_factor_of_the_site() -> None:
    for site_id in ("abilene_tx", "cheyenne_wy", "desmoines_ia"):
        where = place(site_id)
        sun, wind = site_sources(CATALOG, where, ["solar_pv", "wind"])
        assert sun.profile is not None
        assert wind.profile is not None
        assert sun.profile.mean() == pytest.approx(where.solar_capacity_factor, abs=1e-6)
        assert wind.profile.mean() == pytest.approx(where.wind_capacity_factor, abs=1e-6)


def test_grid_takes_price_limit_wait_and_emission_of_the_site() -> None:
    where = place(grid_limit_mw=150, energy_price_usd_per_mwh=62, grid_wait_years=2)
    grid = resolved("grid", where)
    assert (grid.max_mw, grid.marginal_cost_usd_per_mwh, grid.lead_years) == (150.0, 62.0, 2.0)
    assert grid.co2_t_per_mwh == 0.4
    assert grid.capex_musd_per_mw == pytest.approx(0.6)


def test_fuel_cost_by_hand() -> None:
    aero = resolved("gas_ct_aero", place(gas_price_usd_per_mmbtu=3.0))
    assert aero.fuel_cost_usd_per_mwh == pytest.approx(9.447 * 3.0)
    assert aero.marginal_cost_usd_per_mwh == pytest.approx(9.447 * 3.0 + 5.97)


@given(st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_dearer_gas_makes_dearer_energy(one: float, other: float) -> None:
    low, high = sorted((one, other))
    cheap, dear = (resolved("gas_cc", place(gas_price_usd_per_mmbtu=p)) for p in (low, high))
    assert cheap.marginal_cost_usd_per_mwh <= dear.marginal_cost_usd_per_mwh


def test_nuclear_contract_is_bounded_by_what_is_for_sale_and_costs_no_capex() -> None:
    assert "nuclear_ppa" in unavailable_sources(CATALOG, place())
    contract = resolved("nuclear_ppa", place(nuclear_limit_mw=960))
    assert (contract.max_mw, contract.capex_musd_per_mw, contract.must_take) == (960.0, 0.0, True)
    assert contract.marginal_cost_usd_per_mwh == 100.0
    assert contract.co2_t_per_mwh == 0.0
    assert contract.firm_mw_per_unit == 1.0


def test_no_gas_no_gas_plants() -> None:
    reasons = unavailable_sources(CATALOG, place("lulea_se"))
    assert {"gas_cc", "gas_recip", "sofc"} <= set(reasons)
    assert "gas" in reasons["gas_cc"]


def test_a_gas_limit_bounds_whole_units() -> None:
    aero = resolved("gas_ct_aero", place(gas_limit_mw=200))
    assert aero.max_mw == 200.0
    assert aero.max_units == int(200 / aero.unit_mw)


@given(st.floats(-50, 4000), st.floats(-50, 4000), st.floats(-10, 45), st.sampled_from(TURBINES))
def test_turbines_lose_output_with_altitude(one: float, other: float, peak: float, source_id: str) -> None:
    source = power_source(CATALOG, source_id)
    low, high = sorted((one, other))
    assert 0 < usable_share(source, high, peak) <= usable_share(source, low, peak) <= 1


@given(st.floats(-10, 45), st.floats(-10, 45), st.sampled_from(TURBINES))
def test_turbines_lose_output_with_heat(one: float, other: float, source_id: str) -> None:
    source = power_source(CATALOG, source_id)
    low, high = sorted((one, other))
    assert 0 < usable_share(source, 100.0, high) <= usable_share(source, 100.0, low) <= 1


def test_derate_by_hand_and_out_of_reach() -> None:
    aero = power_source(CATALOG, "gas_ct_aero")
    assert usable_share(aero, 1800.0, 15.0) == pytest.approx(0.82)
    assert usable_share(aero, 0.0, 40.0) == pytest.approx(1 - 0.0068 * 25)
    assert usable_share(power_source(CATALOG, "gas_recip"), 1800.0, 40.0) == 1.0
    with pytest.raises(ValueError, match="no power"):
        usable_share(aero, 12000.0, 15.0)


def test_a_derated_unit_costs_the_same_as_a_whole_one() -> None:
    low, high = (resolved("gas_ct_aero", place(elevation_m=e)) for e in (0, 2000))
    for name in ("capex_musd_per_mw", "fixed_musd_per_mw_year"):
        assert getattr(low, name) * low.unit_mw == pytest.approx(getattr(high, name) * high.unit_mw)


def test_regional_factor_follows_region_else_the_construction_multiplier() -> None:
    texas = place("abilene_tx")
    assert regional_factor(CATALOG, power_source(CATALOG, "gas_cc"), texas) == pytest.approx(0.9024)
    engines = power_source(CATALOG, "gas_recip")
    assert regional_factor(CATALOG, engines, texas) == texas.construction_multiplier
    assert regional_factor(CATALOG, power_source(CATALOG, "grid"), texas) == 1.0
    elsewhere = replace(texas, cost_region="", construction_multiplier=1.3)
    assert regional_factor(CATALOG, power_source(CATALOG, "gas_cc"), elsewhere) == 1.3


def test_regional_cost_of_solar_is_the_published_one() -> None:
    sun = resolved("solar_pv", place("abilene_tx"))
    assert sun.capex_musd_per_mw == pytest.approx(1.342, rel=1e-3)


def test_spares_grow_with_load_and_availability() -> None:
    where = place()
    small, large = (site_sources(CATALOG, where, ["gas_ct_aero"], design_load_mw=m)[0] for m in (100, 1000))
    strict = site_sources(CATALOG, where, ["gas_ct_aero"], design_load_mw=1000, availability=0.9999)[0]
    assert 0 < small.spare_units < large.spare_units <= strict.spare_units


def test_the_firm_line_of_a_site_is_safe() -> None:
    counts = np.arange(40)
    for source in site_sources(CATALOG, place(), [*TURBINES, "gas_recip", "nuclear_smr", "diesel_backup"]):
        promised = source.firm_mw_per_unit * counts - source.firm_offset_mw
        assert (promised <= firm_mw(source, counts, 0.999) + 1e-6).all()


def test_only_standby_diesel_has_an_hours_limit() -> None:
    limited = {s.id for s in site_sources(CATALOG, place()) if math.isfinite(s.annual_limit_hours)}
    assert limited == {"diesel_backup"}


def test_battery_has_power_and_energy_parts() -> None:
    battery = resolved("battery", place())
    four_hours = battery.capex_musd_per_mw + 4 * battery.capex_musd_per_mwh
    assert four_hours == pytest.approx(1.521 * 1.0283, rel=1e-3)
    assert battery.round_trip_efficiency == 0.85
    assert not battery.firm


def test_allowed_sources_come_in_catalogue_order() -> None:
    assert [s.id for s in site_sources(CATALOG, place(), ["battery", "grid"])] == ["grid", "battery"]
