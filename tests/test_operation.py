"""Phases, tariffs, pauses and storage through the calendar: golden LP files, and what every solution must keep."""

from dataclasses import replace

import numpy as np
import pytest
from formulation_checks import HOURS, built, check_site, lp_text, optimum, series, stretched
from pyomo.environ import value
from tiny_options import BATTERY, GRID, NUCLEAR, SUN, TURBINE, site

from exasite.models.evaluate import Phase
from exasite.options import Mode

PHASES = (Phase(1.0, 0.25), Phase(2.0, 0.75))
# By the hour, late, with a charge on the peak of the second hour and at least half of the contract.
TARIFF = replace(GRID, cost_usd_per_mwh=np.array([20.0, 80.0]), lead_years=2.0, demand_musd_per_mw_year=0.125,
                 billed=np.array([False, True]), min_bill_fraction=0.5)  # fmt: skip
AVERAGE = replace(GRID, bills_energy=True, min_bill_fraction=0.75)
PAUSING = (Mode(), Mode(paused_share=0.0625, droppable_share=0.25))
LATE = (Mode(), Mode(paused_share=0.0625, droppable_share=0.25, start_phase=1, counted_share=0.75))
TWO_DAYS = np.array([0, 0, 1, 1])
STORE = replace(BATTERY, firm=False, minimum_charge_fraction=0.125)
LARGE_UNITS = replace(TURBINE, min_load_mw=1.5)
TCO = {"minimize": "tco"}


def operated(at, mode):
    """The site with every segment, or each by its number, in a mode of operation."""
    return replace(at, segments=replace(at.segments, mode=np.broadcast_to(mode, len(at.segments)).copy()))


@pytest.mark.parametrize(
    ("name", "at", "phases"),
    [
        ("two_phases_and_tariff", site("here", TARIFF, TURBINE), PHASES),
        ("minimum_bill_of_energy", site("here", replace(AVERAGE, contract_mw=4.0)), (Phase(),)),
        ("pauses", operated(site("here", GRID, TURBINE, modes=LATE), [0, 0, 1]), PHASES),
        ("storage_through_the_calendar",
         site("here", GRID, SUN, STORE, hours=4, hour_days=TWO_DAYS, calendar=np.array([0, 1, 1])), (Phase(),)),
        ("large_units", site("here", LARGE_UNITS, SUN, hours=4, hour_days=TWO_DAYS), (Phase(),)),
    ],
)  # fmt: skip
def test_golden(name, at, phases, golden, tmp_path):
    _, model = built({}, stretched(at), phases=phases)
    text = lp_text(model.model, tmp_path, "annual_cost_musd")
    assert text == golden(f"{name}.lp", text)


@pytest.mark.parametrize("limit", [{}, {"co2_t_per_year": 20_000}, {"energy_price_usd_per_mwh": 150}])
def test_bridge_power_runs_until_the_grid_is_there(limit):
    at = site("here", TARIFF, TURBINE, BATTERY)
    found, model = optimum({"objective": TCO, "require": {"gpus": 24}, "limit": limit}, at, phases=PHASES)
    assert found.status == "optimal"
    check_site(model, at, PHASES, least_cost=True)
    first, last = (model.model.supply["here"].phase[k] for k in range(2))
    assert "grid" not in first.sources and "grid" in last.sources
    shares = [phase.share * value(model.model.supply["here"].phase[k].bill) for k, phase in enumerate(PHASES)]
    fixed = sum(0.02 * value(model.model.supply["here"].capacity[s.id]) for s in at.supply)
    assert value(model.quantities["supply_opex_musd"]) == pytest.approx(fixed + sum(shares), abs=1e-6)
    if "co2_t_per_year" in limit:
        assert all(value(t) <= 20_000 * (1 + 1e-6) for t in model.quantities["phase_co2_t"])


def test_without_bridge_power_nothing_can_start_early():
    found, _ = optimum({"require": {"gpus": 24}}, site("here", TARIFF), phases=PHASES)
    assert found.status == "infeasible"


def test_a_peak_is_shaved_in_billed_hours_only():
    """A charge on the peak of one hour is worth a battery; the other hours may draw more."""
    dear = replace(TARIFF, demand_musd_per_mw_year=1.0, min_bill_fraction=0.0, cost_usd_per_mwh=np.array([50.0, 50.0]))
    at = site("here", dear, replace(BATTERY, firm=False))
    _, model = optimum({"objective": TCO, "require": {"gpus": 40}}, at)
    check_site(model, at, least_cost=True)
    plant = model.model.supply["here"].phase[0]
    drawn = series(plant.output, "grid", plant.hours)
    assert value(plant.billed["grid"]) == pytest.approx(drawn[1], abs=1e-6)
    assert drawn[1] < drawn[0] - 0.5


def test_the_contract_is_billed_at_least_in_part():
    """Half a large contract that has to be signed is paid whatever is drawn, by peak or by energy."""
    signed = {"contract_mw": 12.0, "min_bill_fraction": 0.5}
    for grid in (replace(TARIFF, **signed), replace(AVERAGE, **signed)):
        at = site("here", grid)
        _, model = optimum({"objective": TCO, "require": {"gpus": 8}}, at)
        check_site(model, at, least_cost=True)
        plant = model.model.supply["here"]
        assert value(plant.capacity["grid"]) == pytest.approx(12.0)
        least = 0.125 * 6.0 if grid is not None and not grid.bills_energy else 50e-6 * 6.0 * HOURS
        assert value(plant.phase[0].bill) >= least - 1e-6


@pytest.mark.parametrize("modes", [PAUSING, LATE], ids=["both phases", "late"])
def test_pauses_fall_into_dear_hours_and_keep_their_share(modes):
    dear = replace(TARIFF, lead_years=1.0, demand_musd_per_mw_year=0.0)
    at = operated(site("here", dear, modes=modes), 1)
    found, model = optimum({"objective": TCO, "require": {"gpus": 40}}, at, phases=PHASES)
    assert found.status == "optimal"
    check_site(model, at, PHASES, least_cost=True)
    working = [k for k in range(2) if modes[1].start_phase <= k]
    for k in range(2):
        block = model.model.supply["here"].phase[k]
        paused = [value(block.paused[1, h]) for h in block.hours] if k in working else [0.0, 0.0]
        assert paused[0] == pytest.approx(0.0, abs=1e-6)  # the hour at 20 USD/MWh, not the one at 80
        assert paused[1] > 0.1 or k not in working
    place, share = model.model.site["here"], sum(PHASES[k].share for k in working)
    full = sum(value(place.heat[c.id, 1, f"{kind}_mean"]) * (1 + over) for c in at.cooling
               for kind, over in (("liquid", c.mean_liquid), ("air", c.mean_air)))  # fmt: skip
    assert value(model.quantities["energy_mwh"]) == pytest.approx(HOURS * share * full * (1 - 0.0625), rel=1e-6)
    counted = value(model.quantities["effective_exaflops"]) * modes[1].counted_share
    assert value(model.quantities["counted_exaflops"]) == pytest.approx(counted)


def test_what_can_be_dropped_needs_no_firm_power():
    """The same clusters need a quarter less firm grid where a quarter of the load can be dropped at once, and less
    of that where only a part of what can be dropped is counted on.
    """
    sizes = []
    for mode, counted in ((0, 1.0), (1, 1.0), (1, 0.25), (1, 0.0)):
        at = operated(site("here", GRID, modes=PAUSING, dropped_share=counted), mode)
        _, model = optimum({"objective": {"minimize": "capex"}, "require": {"gpus": 48}}, at)
        check_site(model, at)
        sizes.append(value(model.model.supply["here"].firm["grid"]))
    peak = sizes[0]
    assert 0.75 * peak - 1e-6 <= sizes[1] < sizes[2] - 0.1
    assert sizes[2] < sizes[3] == pytest.approx(peak)


def test_standby_is_firm_only_beside_the_grid():
    diesel = replace(TURBINE, id="diesel", kind="backup", fuel="", firm_offset_mw=0.0, capex_musd_per_mw=0.1,
                     full_load_hours=500.0)  # fmt: skip
    for share in (0.25, 1.0):
        at = site("here", GRID, diesel, standby_share=share)
        _, model = optimum({"objective": {"minimize": "capex"}, "require": {"gpus": 48}}, at)
        check_site(model, at)
        plant, place = model.model.supply["here"], model.model.site["here"]
        peak = sum(value(place.heat[c.id, 0, f"{kind}_peak"]) * (1 + over) for c in at.cooling
                   for kind, over in (("liquid", c.peak_liquid), ("air", c.peak_air)))  # fmt: skip
        assert value(plant.firm["diesel"]) > 0.1
        assert value(plant.capacity["grid"]) >= peak / (1.0 + share) - 1e-5


def weather_site(days, hours_a_day, seed, **changes):
    """Sun of random days, a dear grid that need not be firm, and a cheap store."""
    rng = np.random.default_rng(seed)
    hours = days * hours_a_day
    shine = np.clip(np.sin(np.linspace(0, np.pi, hours_a_day)) * rng.uniform(0, 1, (days, 1)), 0, None).ravel()
    sun = replace(SUN, availability=shine, capex_musd_per_mw=0.3)
    grid = replace(GRID, availability=np.ones(hours), cost_usd_per_mwh=400.0, capex_musd_per_mw=0.1)
    store = replace(STORE, availability=np.ones(hours), capex_musd_per_mwh=0.02, max_mw=100.0)
    return site("here", grid, sun, store, hours=hours, hour_days=np.repeat(np.arange(days), hours_a_day), **changes)


@pytest.mark.parametrize("seed", range(4))
def test_a_calendar_of_its_own_days_is_the_chronological_year(seed):
    """If every day stands for itself, storage through the calendar is storage through one long cyclic day."""
    days = 5
    linked = weather_site(days, 4, seed, calendar=np.arange(days))
    chronological = replace(linked, calendar=np.zeros(0, dtype=int), hour_days=np.zeros(4 * days, dtype=int))
    question = {"objective": TCO, "require": {"gpus": 24}}
    values = []
    for at in (linked, chronological):
        found, model = optimum(question, at)
        check_site(model, at, least_cost=True)
        values.append(found.value)
    assert values[0] == pytest.approx(values[1], rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_storage_through_365_days(seed):
    """A store that may carry energy from day to day never costs more than one that closes every day."""
    calendar = np.random.default_rng(seed).integers(0, 3, 365)
    weights = np.repeat(np.bincount(calendar, minlength=3), 4) * 6.0
    linked = weather_site(3, 4, seed, calendar=calendar, hour_weights=weights)
    closed = replace(linked, calendar=np.zeros(0, dtype=int))
    question = {"objective": TCO, "require": {"gpus": 24}}
    values = []
    for at in (linked, closed):
        found, model = optimum(question, at)
        assert found.status == "optimal"
        check_site(model, at, least_cost=True)
        values.append(found.value)
        if at is linked:
            block = model.model.supply["here"].phase[0]
            mornings = [value(block.morning["battery", d]) for d in range(365)]
            assert max(mornings) - min(mornings) > 0.5
    assert values[0] < values[1] * (1 - 1e-4)


def test_large_units_run_for_whole_days_and_spill_what_nobody_needs():
    at = stretched(site("here", replace(LARGE_UNITS, min_load_mw=2.5), replace(SUN, capex_musd_per_mw=0.01),
                        replace(NUCLEAR, max_mw=1.0), hours=4, hour_days=TWO_DAYS))  # fmt: skip
    found, model = optimum({"objective": TCO, "require": {"gpus": 40}}, at)
    assert found.status == "optimal"
    check_site(model, at, least_cost=True)
