"""Merit order: cheapest first, energy conserved, storage within its limits, and what is short is said."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exasite.models.dispatch import Dispatch, Plant, merit_order, rule_breaks

HOURS = 24


def plant(name, mw, cost, **more):
    return Plant(name, np.broadcast_to(np.asarray(mw, dtype=float), HOURS).copy(), cost, **more)


def store(mw, mwh, efficiency=1.0):
    return plant("store", mw, 0.0, is_storage=True, energy_mwh=mwh, round_trip_efficiency=efficiency)


@st.composite
def fleets(draw):
    """A demand and up to four fuelled plants, a sun, a must-take and a store."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    plants = [plant(f"p{i}", rng.uniform(0, 40, HOURS), float(rng.uniform(1, 100))) for i in range(rng.integers(1, 5))]
    if rng.random() < 0.5:
        plants.append(plant("sun", rng.uniform(0, 60, HOURS), 0.0))
    if rng.random() < 0.5:
        plants.append(plant("flat", float(rng.uniform(0, 30)), 30.0, must_take=True))
    if rng.random() < 0.5:
        plants.append(store(float(rng.uniform(0, 20)), float(rng.uniform(0, 50)), float(rng.uniform(0.5, 1))))
    rng.shuffle(plants)
    return rng.uniform(0, 100, HOURS), plants


@settings(max_examples=150, deadline=None)
@given(fleets())
def test_energy_is_conserved(fleet):
    demand, plants = fleet
    found = merit_order(demand, plants)
    given_out = sum(found.energy_mwh.values()) - sum(float(charge.sum()) for charge in found.charge_mw.values())
    taken = [p for p in plants if p.must_take]
    surplus = sum(float(np.maximum(p.output_mw - demand, 0).sum()) for p in taken)  # nobody can use this
    start = sum(p.energy_mwh for p in plants if p.is_storage)
    assert given_out + found.unserved_mwh >= demand.sum() - 1e-6
    assert given_out + found.unserved_mwh <= demand.sum() + surplus + 1e-6
    assert 0 <= found.unserved_mwh <= demand.sum()
    assert set(found.energy_mwh) == {p.id for p in plants}
    for p in plants:
        assert -1e-9 <= found.energy_mwh[p.id] <= p.output_mw.sum() + (start if p.is_storage else 0) + 1e-9
    assert found.cost_usd == pytest.approx(sum(found.energy_mwh[p.id] * p.cost_usd_per_mwh for p in plants))
    breaks = rule_breaks(found, plants, demand)
    assert breaks["balance"] <= 1e-9 and breaks["output"] <= 1e-9 and breaks["annual limit"] <= 1e-9
    for p in plants:
        if p.is_storage:  # full before the first hour, then what goes in and out
            before = np.concatenate([[p.energy_mwh], found.level_mwh[p.id][:-1]])
            change = p.round_trip_efficiency * found.charge_mw[p.id] - found.output_mw[p.id]
            assert found.level_mwh[p.id] - before == pytest.approx(change, abs=1e-9)
            assert -1e-9 <= found.level_mwh[p.id].min() <= found.level_mwh[p.id].max() <= p.energy_mwh + 1e-9


@settings(max_examples=100, deadline=None)
@given(fleets())
def test_a_plant_runs_only_when_cheaper_ones_are_used_up(fleet):
    demand, plants = fleet
    fuelled = sorted((p for p in plants if p.id.startswith("p")), key=lambda p: p.cost_usd_per_mwh)
    for hour in range(0, HOURS, 5):
        alone = [Plant(p.id, p.output_mw[hour : hour + 1], p.cost_usd_per_mwh) for p in fuelled]
        found = merit_order(demand[hour : hour + 1], alone)
        for cheap, dear in itertools.pairwise(alone):
            if found.energy_mwh[dear.id] > 1e-9:
                assert found.energy_mwh[cheap.id] == pytest.approx(cheap.output_mw[0])


@settings(max_examples=60, deadline=None)
@given(fleets(), st.floats(0.1, 10))
def test_scaling_costs_scales_only_the_cost(fleet, factor):
    demand, plants = fleet
    scaled = [
        Plant(p.id, p.output_mw, p.cost_usd_per_mwh * factor, p.must_take, p.is_storage, p.energy_mwh,
              p.round_trip_efficiency) for p in plants
    ]  # fmt: skip
    one, other = merit_order(demand, plants), merit_order(demand, scaled)
    assert other.energy_mwh == pytest.approx(one.energy_mwh)
    assert other.cost_usd == pytest.approx(factor * one.cost_usd)


@settings(max_examples=60, deadline=None)
@given(fleets())
def test_one_more_plant_never_leaves_more_unserved(fleet):
    demand, plants = fleet
    more = [*plants, plant("more", 10.0, 500.0)]
    assert merit_order(demand, more).unserved_mwh <= merit_order(demand, plants).unserved_mwh + 1e-9


def test_known_order():
    found = merit_order(np.full(HOURS, 10.0), [plant("dear", 10, 90), plant("cheap", 6, 20), plant("sun", 1, 0)])
    assert found.energy_mwh == {"dear": 3.0 * HOURS, "cheap": 6.0 * HOURS, "sun": 1.0 * HOURS}
    assert found.cost_usd == pytest.approx(HOURS * (3 * 90 + 6 * 20))
    assert found.unserved_mwh == 0.0


def test_what_is_short_is_unserved():
    found = merit_order(np.full(HOURS, 10.0), [plant("cheap", 6, 20)])
    assert found.unserved_mwh == pytest.approx(4 * HOURS)
    assert merit_order(np.full(HOURS, 10.0), []).unserved_mwh == pytest.approx(10 * HOURS)


def test_must_take_is_delivered_and_paid_for_even_if_nobody_needs_it():
    found = merit_order(np.full(HOURS, 2.0), [plant("flat", 5, 30, must_take=True), plant("grid", 9, 10)])
    assert found.energy_mwh == {"flat": 5.0 * HOURS, "grid": 0.0}
    assert found.cost_usd == pytest.approx(5 * HOURS * 30)


def test_a_yearly_limit_is_kept_and_the_rest_falls_to_the_next():
    plants = [plant("capped", 10, 10, annual_limit_mwh=35.0), plant("next", 4, 50)]
    found = merit_order(np.full(HOURS, 10.0), plants)
    assert found.energy_mwh["capped"] == pytest.approx(35.0)
    assert found.energy_mwh["next"] == pytest.approx(4.0 * (HOURS - 3) + 0.0, rel=0.05)
    assert sum(found.energy_mwh.values()) + found.unserved_mwh == pytest.approx(10.0 * HOURS)


def test_storage_starts_full_and_gives_no_more_than_it_holds():
    found = merit_order(np.full(HOURS, 10.0), [store(mw=8, mwh=20)])
    assert found.energy_mwh["store"] == pytest.approx(20.0)
    assert found.unserved_mwh == pytest.approx(10.0 * HOURS - 20.0)


def test_storage_gives_no_more_than_its_power_in_an_hour():
    demand = np.zeros(HOURS)
    demand[5] = 10.0
    found = merit_order(demand, [store(mw=3, mwh=50)])
    assert found.energy_mwh["store"] == pytest.approx(3.0)
    assert found.unserved_mwh == pytest.approx(7.0)


@pytest.mark.parametrize("efficiency", [1.0, 0.8, 0.5])
def test_storage_moves_surplus_to_the_night_and_loses_its_share(efficiency):
    sun = np.zeros(HOURS)
    sun[6:12] = 10.0
    demand = np.full(HOURS, 2.0)
    found = merit_order(demand, [plant("sun", sun, 0.0), store(mw=100, mwh=30, efficiency=efficiency)])
    # full at first: 12 of 30 MWh go in the morning, at most that much is put back from 48 MWh of surplus
    back = min(12.0, 48.0 * efficiency)
    assert found.energy_mwh["store"] == pytest.approx(12.0 + min(18.0 + back, 24.0))
    assert found.charge_mw["store"].sum() * efficiency == pytest.approx(back)
    assert found.energy_mwh["sun"] == pytest.approx(12.0 + back / efficiency)  # what it puts into the store counts


def test_storage_is_not_charged_from_fuel():
    found = merit_order(np.full(HOURS, 5.0), [plant("grid", 50, 10), store(mw=5, mwh=10)])
    assert found.energy_mwh["store"] == pytest.approx(10.0)
    assert found.energy_mwh["grid"] == pytest.approx(5 * HOURS - 10)


def test_storage_keeps_its_minimum():
    kept = plant("store", 8, 0.0, is_storage=True, energy_mwh=20, minimum_mwh=5.0)
    found = merit_order(np.full(HOURS, 10.0), [kept])
    assert found.energy_mwh["store"] == pytest.approx(15.0)
    assert found.level_mwh["store"].min() == pytest.approx(5.0)


def test_prices_by_the_hour_are_paid_by_the_hour():
    price = np.where(np.arange(HOURS) < 12, 10.0, 90.0)
    found = merit_order(np.full(HOURS, 10.0), [plant("grid", 8, price), plant("gas", 5, 60.0)])
    assert found.energy_mwh == {"grid": 8.0 * HOURS, "gas": 2.0 * HOURS}  # its mean, 50, is below 60
    assert found.cost_usd == pytest.approx(12 * 8 * 10 + 12 * 8 * 90 + HOURS * 2 * 60)


def schedule():
    """A day of 10 MW that keeps every rule: a grid, and a battery that goes up and down by 2 MWh."""
    swing = np.tile([2.0, -2.0], HOURS // 2)  # into the store
    charge, output = np.maximum(swing, 0.0), np.maximum(-swing, 0.0)
    plants = [plant("grid", 15, 50, annual_limit_mwh=240.0), store(mw=3, mwh=4), plant("flat", 1, 20, must_take=True)]
    outputs = {"grid": 9.0 + charge - output, "store": output, "flat": np.ones(HOURS)}
    level = 1.0 + np.cumsum(swing)
    none = np.zeros(HOURS)
    return Dispatch(outputs, {"store": charge}, {"store": level}, np.zeros((1, HOURS)), none, 0.0), plants


def test_a_schedule_that_keeps_every_rule_breaks_none():
    dispatch, plants = schedule()
    assert all(by <= 1e-9 for by in rule_breaks(dispatch, plants, np.full(HOURS, 10.0)).values())


@pytest.mark.parametrize(
    ("rule", "changes", "by"),
    [
        ("balance", {"unserved_mw": np.full(HOURS, -1.0)}, 1.0),
        ("balance", {"paused_mw": np.full((1, HOURS), -0.5)}, 0.5),
        ("output", {"output_mw": {"grid": 16.0}}, 1.0),
        ("output", {"output_mw": {"grid": -1.0}}, 1.0),
        ("output", {"output_mw": {"flat": 0.5}}, 0.5),
        ("annual limit", {"output_mw": {"grid": 11.0}}, 24.0),
        ("storage", {"level_mwh": {"store": 5.0}}, 2.0),
        ("storage", {"charge_mw": {"store": 4.0}}, 4.0),
        ("storage", {"level_mwh": {"store": -3.0}}, 3.0),
    ],
)
def test_every_broken_rule_is_found_with_its_size(rule, changes, by):
    dispatch, plants = schedule()
    for name, new in changes.items():
        by_plant = isinstance(new, dict)
        changed = {k: np.full(HOURS, v) for k, v in new.items()} if by_plant else new
        dispatch = replace(dispatch, **{name: {**getattr(dispatch, name), **changed} if by_plant else changed})
    assert rule_breaks(dispatch, plants, np.full(HOURS, 10.0))[rule] == pytest.approx(by)


def test_a_store_that_ends_the_year_emptier_than_it_began_breaks_a_rule():
    dispatch, plants = schedule()
    one = np.eye(1, HOURS, HOURS - 1)[0]
    drained = replace(dispatch, output_mw={**dispatch.output_mw, "store": dispatch.output_mw["store"] + one},
                      level_mwh={"store": dispatch.level_mwh["store"] - one})  # fmt: skip
    assert rule_breaks(drained, plants, np.full(HOURS, 10.0))["storage"] == pytest.approx(1.0)
