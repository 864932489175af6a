"""Pricing: the solver sees few segments, the answer is that of all of them."""

import numpy as np
import pytest

from exasite import pricing
from exasite.formulation import build
from exasite.instance.loading import load_instance
from exasite.models.units import HOURS_PER_YEAR
from exasite.objectives import optimise
from exasite.pricing import PricedSession
from exasite.session import Clock
from exasite.setting import setting
from exasite.tabulate import Tabulator

QUESTION = {
    "workload": {"precision": "bf16", "batch_tokens": 16_777_216},
    "require": {"effective_exaflops": 8},
    "limit": {"capex_usd": 4e9},
    "choices": {
        "accelerators": ["H100-SXM"],
        "interconnects": ["hgx8_ndr_ib", "hgx8_th5_400"],
        "cooling": ["air_tower_wse", "d2c_dry"],
        "storage": ["flash_200"],
        "recovery": ["restart_automated", "peer_memory"],
        "power": ["grid", "gas_ct_aero", "diesel_backup"],
    },
    "sites": [{"id": "memphis_tn", "grid_limit_mw": 12}, {"id": "quincy_wa"}],
}


@pytest.fixture(scope="module")
def tables():
    loaded = load_instance(QUESTION)
    return loaded, Tabulator(setting(loaded)).options()


@pytest.mark.parametrize("objective", ["efficiency", "exaflops_per_capex", "exaflops_per_watt", "exaflops_per_tco"])
def test_priced_and_plain_solves_agree(tables, objective, monkeypatch):
    loaded, options = tables
    loaded = load_instance({**QUESTION, "objective": {"maximize": objective}})
    model = build(loaded.instance, options, hours_per_year=HOURS_PER_YEAR, flop_per_token=1e12)
    found = {}
    for threshold in (0, 10**9):
        monkeypatch.setattr(pricing, "ALL_AT_ONCE", threshold)
        session = PricedSession(model.compiled, model.choices, clock=Clock(120))
        found[threshold] = optimise(session, model.compiled.quantities, loaded.instance, gap=1e-5,
                                    life_years=5.0, hours_per_year=HOURS_PER_YEAR)  # fmt: skip
    assert found[0].status == found[10**9].status == "optimal"
    assert found[0].value == pytest.approx(found[10**9].value, rel=3e-5)
    assert min(f.bound for f in found.values()) >= max(f.value for f in found.values()) * (1 - 1e-9)


def test_relaxation_by_pricing_is_that_of_all_segments(tables, monkeypatch):
    loaded, options = tables
    model = build(loaded.instance, options, hours_per_year=HOURS_PER_YEAR, flop_per_token=1e12)
    values = []
    for threshold in (0, 10**9):
        monkeypatch.setattr(pricing, "ALL_AT_ONCE", threshold)
        session = PricedSession(model.compiled, model.choices, clock=Clock(60))
        objective = model.compiled.quantities["effective_exaflops"] - 0.004 * model.compiled.quantities["capex_musd"]
        values.append(session.maximise(objective, relaxed=True).value)
    assert values[0] == pytest.approx(values[1], rel=1e-7)


def test_few_segments_reach_the_solver(tables, monkeypatch):
    loaded, options = tables
    monkeypatch.setattr(pricing, "ALL_AT_ONCE", 0)
    model = build(loaded.instance, options, hours_per_year=HOURS_PER_YEAR, flop_per_token=1e12)
    session = PricedSession(model.compiled, model.choices, clock=Clock(60))
    quantities = model.compiled.quantities
    objective = quantities["effective_exaflops"] - 0.02 * quantities["capex_musd"]
    outcome = session.maximise(objective, absolute_gap=1e-4)
    assert outcome.status == "optimal"
    assert np.count_nonzero(session._enabled) < len(model.choices) / 2
