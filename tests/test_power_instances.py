"""The shipped questions of power: what they answer, checked over the year, and where the choice switches."""

import pytest

from exasite import solve

PRICE = "catalog.power_sources.nuclear_ppa.energy_price_usd_per_mwh="
LIMIT = "limit.co2_t_per_year=300000"


def supply(result, source):
    return next((s for site in result.sites for s in site.supply if s.source == source), None)


def share(result, source):
    found = supply(result, source)
    return 0.0 if found is None else found.energy_share


def check_year(result):
    """What the issue of a year asks of every answer: nothing short, and the cost of supply as planned."""
    check = result.check
    assert result.message == ""
    assert check.year_unserved_share <= check.unserved_share_allowed
    assert abs(check.year_supply_cost_usd.difference) <= 5e-3
    assert check.year_unproven_hours == 0
    assert check.firm_availability >= 0.999 - 1e-9
    assert check.standby_expected_mwh <= check.standby_allowed_mwh + 1e-9
    assert max(check.rule_breaks.values()) <= 1e-3


@pytest.mark.parametrize("name", ["memphis-100k", "shale-gas", "nuclear-gigawatt", "rubin-1m", "cooling-pue"])
def test_the_year_keeps_what_representative_days_promise(name):
    check_year(solve(name))


def test_nuclear_stops_winning_at_67_dollars_without_a_limit_on_carbon():
    below, above = solve("nuclear-gigawatt", [PRICE + "65"]), solve("nuclear-gigawatt", [PRICE + "69"])
    assert share(below, "nuclear_ppa") > 0.9 and share(above, "nuclear_ppa") < 0.01
    assert share(above, "gas_ct_frame") > 0.9
    for result in (below, above):
        check_year(result)


def test_with_a_limit_on_carbon_nuclear_wins_at_twice_the_usual_price():
    result = solve("nuclear-gigawatt", [PRICE + "160", LIMIT], gap=5e-3)
    assert share(result, "nuclear_ppa") > 0.5
    assert result.totals.co2_t_per_year_highest <= 300_000 * 1.002


def test_ten_times_the_price_costs_dollars_and_no_watts():
    only = "choices.power=[nuclear_ppa,diesel_backup]"
    usual, tenfold = (solve("nuclear-gigawatt", [PRICE + price, only]) for price in ("80", "800"))
    assert 0.6 < tenfold.objective.value / usual.objective.value < 0.7
    assert tenfold.totals.exaflops_per_megawatt == pytest.approx(usual.totals.exaflops_per_megawatt, rel=0.02)


def test_not_waiting_for_the_grid_is_worth_a_third_of_the_chips_life():
    here, waiting = solve("shale-gas"), solve("shale-gas", ["choices.power=[grid,diesel_backup]"])
    assert here.totals.delay_months == 0 and share(here, "gas_recip") == pytest.approx(1.0)
    assert waiting.totals.delay_months == pytest.approx(22.6, abs=0.2)
    assert waiting.totals.online_date == "2030-01-01"
    assert waiting.objective.value / here.objective.value == pytest.approx(0.63, abs=0.02)


def test_off_grid_sizes_are_those_of_the_reference_screening():
    """Flat 100 MW in the Permian: 200 MW and 400 MWh serve 51 %, 450 MW and 1,600 MWh serve 91 % (reference on power)."""
    result = solve("off-grid-campus", gap=5e-3)
    check_year(result)
    assert result.totals.hourly_clean_share >= 0.44 - 2e-3
    assert 140 < supply(result, "solar_pv").capacity_mw < 200
    assert 100 < supply(result, "battery").storage_mwh < 400
    assert supply(result, "gas_recip").spare_units >= 3


def test_firmer_power_builds_standby_beside_the_grid():
    result = solve("memphis-100k", ["facility.firm_availability=0.9999"])
    assert result.check.firm_availability >= 0.9999
    assert supply(result, "diesel_backup").capacity_mw > 150
    assert result.totals.capex_usd > solve("memphis-100k").totals.capex_usd


def test_no_power_source_delivers_before_it_is_there():
    result = solve("shale-gas", ["limit.online_by=2028-03-01", "objective.count_delay=false"])
    assert result.totals.online_date <= "2028-03-01"
    for phase in result.sites[0].phases:
        there = {s.source for s in result.sites[0].supply if s.online_date <= phase.start_date}
        assert {g for g, mwh in phase.energy_mwh.items() if mwh > 1} <= there
