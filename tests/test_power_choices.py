"""What must hold of the choice of power, whatever the numbers: small random sites, solved exactly."""

from dataclasses import replace

import numpy as np
import pytest
from formulation_checks import check_site
from tiny_options import BATTERY, DIESEL, GRID, NUCLEAR, SUN, TURBINE, options, site

from exasite import solve
from exasite.formulation import build
from exasite.formulation.dispatch import energy_mwh
from exasite.instance.schema import Instance
from exasite.objectives import optimise
from exasite.pricing import PricedSession
from exasite.session import Clock

HOURS = 6
QUESTION = {"objective": {"minimize": "tco"}, "require": {"gpus": {"min": 8}}}


def place(seed, *names):
    """A site with sources of random cost and weather."""
    rng = np.random.default_rng(seed)
    made = {}
    for plain in (GRID, TURBINE, DIESEL, SUN, BATTERY, NUCLEAR):
        steady = np.ones(HOURS) if plain.kind != "variable" else rng.uniform(0, 1, HOURS)
        price = plain.cost_usd_per_mwh * rng.uniform(0.3, 2.0) if plain.kind != "grid" else rng.uniform(10, 150, HOURS)
        made[plain.id] = replace(plain, availability=steady, cost_usd_per_mwh=price, annual_capex_factor=rng.uniform(0.05, 0.12),
                                 demand_musd_per_mw_year=rng.uniform(0, 0.1) if plain.kind == "grid" else 0.0)  # fmt: skip
    return site("here", *(made[name] for name in names), hours=HOURS)


def optimum(at):
    instance = Instance.model_validate(QUESTION)
    model = build(instance, options(at), hours_per_year=8760.0, flop_per_token=1e12)
    session = PricedSession(model.compiled, model.choices, clock=Clock(60.0))
    found = optimise(session, model.compiled.quantities, instance, gap=1e-7, life_years=5.0, hours_per_year=8760.0)
    assert found.status == "optimal"
    model.compiled.load(found.columns)
    check_site(model, at, least_cost=True)  # balance, storage, limits of units and bills, hour by hour
    return found.value, model.model.supply["here"]


def energy(plant, at, name):
    from pyomo.environ import value

    return float(value(energy_mwh(plant.phase[0], at, name)))


EVERYTHING = ("grid", "turbine", "diesel", "sun", "battery", "nuclear")


@pytest.mark.parametrize("seed", range(8))
def test_more_allowed_sources_are_never_worse(seed):
    rng = np.random.default_rng(seed)
    some = ["grid", *rng.choice(EVERYTHING[1:], rng.integers(0, 4), replace=False)]
    more = [name for name in EVERYTHING if name in some or rng.random() < 0.6]
    assert optimum(place(seed, *more))[0] <= optimum(place(seed, *some))[0] * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["grid", "turbine"])
def test_a_higher_price_never_raises_the_energy_of_a_source(seed, name):
    at = place(seed, *EVERYTHING)
    dearer = replace(at, supply=tuple(
        replace(s, cost_usd_per_mwh=np.asarray(s.cost_usd_per_mwh) + 15.0) if s.id == name else s for s in at.supply
    ))  # fmt: skip
    before, after = energy(optimum(at)[1], at, name), energy(optimum(dearer)[1], dearer, name)
    assert after <= before + 1e-3 * 8760


SMALL = ["require.coherent_gpus=2048", "choices.interconnects=[hgx8_ndr_ib]", "objective.maximize=exaflops_per_tco",
         "choices.power=[grid,diesel_backup]"]  # fmt: skip
WHOLESALE = ["sites.columbus_oh.tariff.kind=wholesale", "sites.columbus_oh.tariff.market=ercot_hub",
             "sites.columbus_oh.tariff.year=2023"]  # fmt: skip


def test_pauses_take_the_dearest_hours_and_pay_for_themselves():
    paying = solve("hopper-16k", [*SMALL, *WHOLESALE])
    pausing = solve("hopper-16k", [*SMALL, *WHOLESALE, "curtail.energy_share=0.02", "catalog.accelerators.H100-SXM.price_usd=4000"])
    cheap = solve("hopper-16k", [*SMALL, *WHOLESALE, "catalog.accelerators.H100-SXM.price_usd=4000"])
    assert paying.totals.paused_share == 0.0
    assert pausing.objective.value >= cheap.objective.value * (1 - 1e-3)
    share = pausing.totals.paused_share
    assert 0 < share <= 0.02 + 1e-6
    hours = pausing.hourly_frame()
    assert hours["paused_mw"].sum() == pytest.approx(share * hours["demand_mw"].sum(), rel=1e-4)
    assert hours["unserved_mw"].sum() == 0.0


def test_chips_that_are_dear_do_not_pause_for_a_flat_price():
    result = solve("hopper-16k", [*SMALL, "curtail.energy_share=0.02"])
    hours = result.hourly_frame()
    assert result.objective.value >= solve("hopper-16k", SMALL).objective.value * (1 - 1e-3)
    assert (hours["paused_mw"] <= hours["demand_mw"] + 1e-6).all()


def test_a_delay_that_counts_prefers_power_that_is_there():
    gas = ["require.coherent_gpus=2048", "choices.interconnects=[hgx8_ndr_ib]", "choices.power=[grid,gas_recip,diesel_backup]",
           "objective.maximize=exaflops_per_tco", "facility.spare_units=1"]  # fmt: skip
    counted = solve("hopper-16k", [*gas, "objective.count_delay=true", "sites.columbus_oh.grid_wait_years=6"])
    alone = solve("hopper-16k", [*gas, "objective.count_delay=true", "sites.columbus_oh.grid_wait_years=6",
                                 "choices.power=[grid,diesel_backup]"])  # fmt: skip
    assert counted.totals.delay_months < alone.totals.delay_months
    assert counted.objective.value > alone.objective.value


@pytest.mark.parametrize("spares", [0.0, 1.5])
def test_of_units_that_often_fail_only_a_part_is_firm(spares):
    """Engines of 2 MW of which 1.5 count carry no more than that, with spare units or without."""
    engine = replace(TURBINE, availability=np.ones(HOURS), unit_mw=2.0, max_mw=30.0, firm_mw_per_unit=1.5,
                     firm_offset_mw=spares)  # fmt: skip
    _, plant = optimum(site("here", engine, hours=HOURS))
    firm, units = plant.firm["turbine"].value, plant.count["turbine"].value
    assert 0 < firm <= 1.5 * units - spares + 1e-6


def test_firmer_power_than_the_grid_has_standby_beside_it():
    """0.9997 of the grid is enough for three nines, and not for four."""
    firm = {wanted: solve("hopper-16k", [*SMALL, f"facility.firm_availability={wanted}"]) for wanted in (0.999, 0.9999)}
    grid, standby = ({s.source: s for s in firm[0.9999].sites[0].supply}.get(name) for name in ("grid", "diesel_backup"))
    assert firm[0.9999].check.firm_availability >= 0.9999
    assert grid.capacity_mw > 1 and standby.units >= 1
    assert firm[0.9999].totals.capex_usd > firm[0.999].totals.capex_usd
    assert standby.energy_mwh <= 500 * standby.capacity_mw + 1e-6


def test_bridge_power_carries_a_site_until_the_grid_is_there():
    result = solve("hopper-16k", [*SMALL, "choices.power=[grid,gas_recip,diesel_backup]", "facility.spare_units=1",
                                  "limit.online_by=2028-12-31", "sites.columbus_oh.grid_wait_years=5"])  # fmt: skip
    assert result.status == "optimal" and result.totals.online_date <= "2028-12-31"
    online = {s.source: s.online_date for s in result.sites[0].supply}
    for number, phase in enumerate(result.sites[0].phases):
        late = [g for g, day in online.items() if day > phase.start_date]
        hours = result.hourly_frame(phase=number)
        assert all(f"{g}_mw" not in hours or hours[f"{g}_mw"].sum() == 0.0 for g in late)
        served = sum(hours[f"{g}_mw"] for g in online if f"{g}_mw" in hours)
        assert (served >= hours["demand_mw"] - 1e-3).all()
        assert hours["unserved_mw"].sum() == 0.0
    assert result.sites[0].phases[0].energy_mwh.get("grid", 0.0) == 0.0


def test_a_date_before_the_building_is_ready_is_infeasible_and_says_why():
    result = solve("shale-gas", ["limit.online_by=2027-01-01"])
    assert result.status == "infeasible" and "months from the decision" in result.message


def test_an_answer_that_the_year_does_not_bear_out_is_not_optimal():
    result = solve("hopper-16k", [*SMALL, "require.coherent_gpus=1024", "facility.firm_availability=0.9999"])
    assert (result.status == "optimal") == (result.message == "")
    assert result.check.firm_availability >= 0.9999  # standby carries what lies above a grid smaller than the peak
