"""The least-cost operation of a year: it keeps every rule, is never dearer than merit order, and pays its bills."""

from dataclasses import replace

import numpy as np
import pytest

from exasite.models.dispatch import Plant, merit_order, rule_breaks
from exasite.models.tariff import flat_tariff, grid_bill_usd, wholesale_tariff
from exasite.year import Ceiling, Pausable, Proof, run_year

HOURS = 8760
NIGHT_AND_DAY = np.tile(np.clip(np.sin(np.linspace(0, 2 * np.pi, 24, endpoint=False)), 0, None), 365)


def plant(name, mw, cost, **more):
    return Plant(name, np.broadcast_to(np.asarray(mw, dtype=float), HOURS).copy(), cost, **more)


def store(mw, mwh, **more):
    return plant("store", mw, 0.0, is_storage=True, energy_mwh=mwh, round_trip_efficiency=0.8, **more)


def wholesale(prices, charge=0.0, **more):
    return wholesale_tariff(prices, demand_charge_usd_per_kw_month=charge,
                            **{"min_bill_fraction": 0.0, **more})  # fmt: skip


def grid(mw, tariff, **more):
    return plant("grid", mw, tariff.energy_usd_per_mwh, tariff=tariff, contract_mw=mw, **more)


def check(run, plants, clusters):
    """Every rule of the year, and every pause within its share and its load."""
    demand = sum(c.demand_mw for c in clusters)
    breaks = rule_breaks(run.dispatch, plants, demand)
    assert all(by <= 1e-4 for rule, by in breaks.items() if rule != "annual limit")
    assert breaks["annual limit"] <= 1e-2
    for cluster, paused in zip(clusters, run.dispatch.paused_mw, strict=True):
        assert (paused <= cluster.droppable_share * cluster.demand_mw + 1e-6).all()
        assert paused.sum() == pytest.approx(cluster.paused_share * cluster.demand_mw.sum(), abs=1e-2)


@pytest.mark.parametrize("seed", range(4))
def test_it_keeps_the_rules_and_is_no_dearer_than_merit_order(seed):
    rng = np.random.default_rng(seed)
    demand = rng.uniform(8, 10, HOURS)
    plants = [
        plant("cheap", rng.uniform(2, 6), 30.0), plant("dear", 14, 120.0),
        plant("sun", rng.uniform(0, 15) * NIGHT_AND_DAY, 0.0), store(rng.uniform(1, 4), rng.uniform(2, 20)),
        plant("flat", rng.uniform(0, 2), 70.0, must_take=True), plant("capped", 5, 10.0, annual_limit_mwh=2000.0),
    ]  # fmt: skip
    run = run_year(plants, [Pausable(demand)])
    check(run, plants, [Pausable(demand)])
    ordered = merit_order(demand, plants)
    assert run.dispatch.unserved_mwh == ordered.unserved_mwh == 0.0
    # Merit order starts with a full store that it need not fill again.
    head_start = next(p.energy_mwh for p in plants if p.is_storage) * 120.0
    assert run.dispatch.cost_usd <= ordered.cost_usd + head_start


def test_what_nobody_can_deliver_is_unserved_and_nothing_more():
    demand = np.where(np.arange(HOURS) == 5000, 12.0, 9.0)
    run = run_year([plant("gas", 10, 60.0)], [Pausable(demand)])
    assert run.dispatch.unserved_mwh == pytest.approx(2.0)
    assert run.dispatch.unserved_mw[5000] == pytest.approx(2.0)


@pytest.mark.parametrize("hours", [1, 3, 9])
def test_a_peak_is_served_however_high_its_charge(hours):
    """A demand charge of a year falls on a single hour: it is still paid rather than leaving load unserved."""
    demand = np.full(HOURS, 10.0)
    demand[100 : 100 + hours] = 11.0
    tariff = wholesale(np.full(HOURS, 40.0), 25.0)
    run = run_year([grid(20, tariff)], [Pausable(demand)])
    assert run.dispatch.unserved_mwh == 0.0
    assert grid_bill_usd(tariff, run.dispatch.output_mw["grid"], 20).billed_mw == pytest.approx(11.0)


def test_a_large_unit_runs_for_a_day_rather_than_leave_an_hour_unserved():
    demand = np.full(HOURS, 5.0)
    demand[1000] = 8.0
    unit = plant("unit", 10, 70.0, units=2, unit_mw=5.0, min_load_mw=3.0)
    plants = [plant("gas", 6, 60.0), unit]
    run = run_year(plants, [Pausable(demand)])
    check(run, plants, [Pausable(demand)])
    assert run.dispatch.unserved_mwh == 0.0
    running = run.dispatch.output_mw["unit"].reshape(-1, 24)
    assert (running[1000 // 24] >= 3.0 - 1e-6).all()
    assert running.sum() == pytest.approx(24 * 3.0, abs=1.0)  # one of them, for one day, at its least


def test_a_battery_lowers_the_billed_peak_but_only_in_billed_hours():
    demand = np.full(HOURS, 10.0)
    demand[::24] = 12.0
    noon = demand.copy()
    for hours, expected in ((range(24), 10.0 + 2.0 / 1.5), (range(12, 24), 10.0)):
        tariff = wholesale(np.full(HOURS, 40.0), 15.0, billed_hours_of_day=tuple(hours))
        plants = [grid(20, tariff), store(0.0, 0.0)]
        without = run_year(plants, [Pausable(noon)]).dispatch.output_mw["grid"]
        run = run_year([plants[0], store(3.0, 3.0)], [Pausable(noon)])
        drawn = run.dispatch.output_mw["grid"]
        peak = grid_bill_usd(tariff, drawn, 20).billed_mw
        assert peak <= grid_bill_usd(tariff, without, 20).billed_mw + 1e-6
        assert peak < expected and peak >= 9.0
        if len(hours) == 12:
            assert drawn.max() >= peak


def test_pauses_fall_into_the_dearest_hours_up_to_the_load_that_can_be_dropped():
    prices = np.full(HOURS, 40.0)
    prices[::100] = 900.0  # 88 hours, a hundredth of the year
    cluster = Pausable(np.full(HOURS, 10.0), paused_share=0.004, droppable_share=0.5)
    plants = [grid(20, wholesale(prices))]
    run = run_year(plants, [cluster, Pausable(np.full(HOURS, 2.0))])
    check(run, plants, [cluster, Pausable(np.full(HOURS, 2.0))])
    paused = run.dispatch.paused_mw
    assert paused[0][prices < 900].sum() == pytest.approx(0.0, abs=1e-3) and (paused[1] == 0.0).all()


def test_an_average_price_is_paid_for_its_minimum_so_cheaper_gas_does_not_replace_it():
    """Half the contract is billed in any case: up to there the grid is free."""
    demand = np.full(HOURS, 10.0)
    gas = plant("gas", 10, 30.0)
    for fraction, grid_mw in ((0.0, 0.0), (0.5, 5.0), (1.0, 10.0)):
        run = run_year([grid(10, flat_tariff(60.0, min_bill_fraction=fraction)), gas], [Pausable(demand)])
        assert run.dispatch.energy_mwh["grid"] == pytest.approx(grid_mw * HOURS, rel=1e-4, abs=1.0)


def test_firm_power_of_storage_is_proven_by_running_it():
    """Where sun and storage must prove the peak in every hour, the store delivers; what it cannot is said."""
    demand = np.full(HOURS, 5.0)
    plants = [grid(10, wholesale(np.full(HOURS, 40.0))), plant("sun", 40 * NIGHT_AND_DAY, 0.0), store(6, 60)]
    wanted = np.where(np.arange(HOURS) % 24 == 20, 2.0, -100.0)
    run = run_year(plants, [Pausable(demand)], Proof(wanted, ("store",)))
    net = run.dispatch.output_mw["store"] - run.dispatch.charge_mw["store"]
    assert (net >= wanted - 1e-5).all() and run.unproven_mw.max() <= 1e-6
    more = run_year(plants, [Pausable(demand)], Proof(np.where(wanted > 0, 8.0, -100.0), ("store",)))
    # No more than the demand of the hour can be delivered, so the rest is not proven.
    assert more.unproven_mw[20::24] == pytest.approx(np.full(365, 3.0), abs=1e-4)
    check(more, plants, [Pausable(demand)])


def test_a_ceiling_on_co2_is_kept_where_it_can_be_and_exceeded_by_the_least_where_it_cannot():
    """Dirty power is cheaper: without a ceiling it runs alone, with one the clean source takes what it must."""
    demand = np.full(HOURS, 10.0)
    plants = [plant("coal", 20, 20.0), plant("clean", 6, 90.0)]
    weights = {"coal": 0.5, "clean": 0.0}
    for most, coal in ((np.inf, 10.0), (0.5 * 7.0 * HOURS, 7.0), (0.5 * 4.0 * HOURS, 4.0), (0.0, 4.0)):
        run = run_year(plants, [Pausable(demand)], ceilings=[Ceiling(weights, most)])
        assert run.dispatch.energy_mwh["coal"] == pytest.approx(coal * HOURS, rel=1e-6)
        assert run.dispatch.unserved_mwh == 0.0


def test_no_schedule_within_the_time_is_an_error():
    plants = [plant("gas", 20, 60.0), replace(store(3, 10))]
    with pytest.raises(RuntimeError, match="schedule"):
        run_year(plants, [Pausable(np.full(HOURS, 5.0))], time_limit_s=0.0)


def random_plants(rng, *, units=True):
    """A small plant of everything, enough for 10 MW without its weather: the first is the grid, by the hour."""
    # Whole units beside prices below zero, or beside a demand charge, are not solved to the gap within the time.
    prices = rng.uniform(20 if units else -10, 60, HOURS) + 400.0 * (rng.random(HOURS) < 0.01)
    charge = 0.0 if units else rng.uniform(1, 15)
    tariff = wholesale(prices, charge, billed_months=(6, 7, 8, 9), min_bill_fraction=rng.uniform(0, 0.6))
    size = rng.uniform(3, 5)
    turbine = plant("turbine", 2 * size, rng.uniform(20, 80), **({"units": 2, "unit_mw": size, "min_load_mw": size / 2} if units else {}))
    return [
        grid(rng.uniform(5, 9), tariff), turbine, plant("sun", rng.uniform(0, 12) * NIGHT_AND_DAY, 0.0),
        store(rng.uniform(0, 4), rng.uniform(1, 20), minimum_mwh=0.1), plant("nuclear", rng.uniform(0, 3), 70.0, must_take=True),
        plant("standby", 11, 250.0, annual_limit_mwh=500.0), plant("last", 11, 500.0),
    ]  # fmt: skip


def random_clusters(rng):
    demand = rng.uniform(3, 5, HOURS)
    return [Pausable(demand, rng.uniform(0, 0.02), rng.uniform(0.3, 1.0)), Pausable(demand[::-1].copy())]


def yearly_usd(run, plants):
    """Energy and all that the grid bills beside it."""
    drawn = next(p for p in plants if p.id == "grid")
    bill = grid_bill_usd(drawn.tariff, run.dispatch.output_mw["grid"], drawn.contract_mw)
    return run.dispatch.cost_usd + bill.demand_usd + bill.minimum_usd


@pytest.mark.parametrize("seed", [1])  # others take the solver up to its time limit of a minute
def test_a_plant_of_everything_keeps_every_rule_and_serves_every_hour(seed):
    rng = np.random.default_rng(100 + seed)
    plants, clusters = random_plants(rng), random_clusters(rng)
    run = run_year(plants, clusters)
    check(run, plants, clusters)
    assert run.dispatch.unserved_mwh == pytest.approx(0.0, abs=1e-3)
    turbine = plants[1]
    daily = run.dispatch.output_mw["turbine"].reshape(-1, 24)
    # A number of units that fits the day: at least its least output in the lowest hour, at most its size in the highest.
    counts = np.arange(turbine.units + 1)
    fits = (counts * turbine.min_load_mw <= daily.min(axis=1, keepdims=True) + 1e-5) & (
        counts * turbine.unit_mw >= daily.max(axis=1, keepdims=True) - 1e-5
    )
    assert fits.any(axis=1).all()


@pytest.mark.parametrize("seed", range(3))
def test_one_more_plant_is_never_dearer_and_a_higher_price_never_sells_more(seed):
    rng = np.random.default_rng(200 + seed)
    plants, clusters = random_plants(rng, units=False), random_clusters(rng)
    run = run_year(plants, clusters)
    cost = yearly_usd(run, plants)
    more = [*plants, plant("more", rng.uniform(0.5, 3), rng.uniform(5, 60))]
    assert yearly_usd(run_year(more, clusters), more) <= cost * (1 + 1e-6)
    for name in ("turbine", "grid"):
        dearer = [replace(p, cost_usd_per_mwh=p.cost_usd_per_mwh + 12.0) if p.id == name else p for p in plants]
        sold = run_year(dearer, clusters).dispatch.energy_mwh[name]
        assert sold <= run.dispatch.energy_mwh[name] + 1e-2


@pytest.mark.parametrize("fraction", [0.0, 0.4, 0.9])
def test_the_bill_the_operator_minds_is_the_bill_of_the_tariff(fraction):
    """Against a marginal peak: drawing less than the billed minimum saves nothing, more costs its whole charge."""
    rng = np.random.default_rng(300)
    demand = rng.uniform(6, 10, HOURS)
    tariff = wholesale(np.full(HOURS, 30.0), 10.0, min_bill_fraction=fraction)
    plants = [grid(10.0, tariff), plant("gas", 10, 90.0)]
    drawn = run_year(plants, [Pausable(demand)]).dispatch.output_mw["grid"]
    bill = grid_bill_usd(tariff, drawn, 10.0)

    def usd(peak):
        """Below `peak` from the grid, above it from gas."""
        taken = np.minimum(demand, peak)
        return 30.0 * taken.sum() + 90.0 * (demand - taken).sum() + 120e3 * max(peak, fraction * 10.0)

    best = min(usd(peak) for peak in np.linspace(0, 10, 2001))
    found = 30.0 * drawn.sum() + 90.0 * (demand - drawn).sum() + bill.demand_usd + bill.minimum_usd
    assert found == pytest.approx(best, rel=1e-5)
    assert bill.billed_mw == pytest.approx(max(drawn.max(), fraction * 10.0))
