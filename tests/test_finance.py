"""Annuities, yearly cost and cost of ownership."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exasite.models.capex import LINES, capex_of
from exasite.models.catalog import load_catalog
from exasite.models.finance import (
    annual_capital_usd,
    annual_cost,
    annuity_factors,
    crf,
    finance,
    plant_annuity_factor,
    site_opex_usd,
    tco_usd,
    training_cost_usd,
    usd_per_gpu_hour,
)

TERMS = finance(load_catalog())
money = st.floats(0.0, 1e11)


def test_capital_recovery_of_known_loans():
    assert crf(0.059, 5) == pytest.approx(0.2368, abs=1e-4)
    assert crf(0.08, 14) == pytest.approx(0.1213, abs=1e-4)
    assert crf(0.0, 8) == 0.125
    assert crf(0.07, np.inf) == pytest.approx(0.07)
    assert crf([0.0, 0.05], 10).shape == (2,)
    with pytest.raises(ValueError, match="rate of at least 0"):
        crf(-0.01, 5)
    with pytest.raises(ValueError, match="life above 0"):
        crf(0.05, 0)


@given(st.floats(0.0, 0.5), st.floats(0.5, 60.0), st.floats(0.0, 0.2), st.floats(0.0, 20.0))
def test_capital_recovery_is_monotone(rate, years, more_rate, more_years):
    assert crf(rate + more_rate, years) >= crf(rate, years) * (1 - 1e-12)
    assert crf(rate, years + more_years) <= crf(rate, years) * (1 + 1e-12)
    assert crf(rate, years) >= max(rate, 1.0 / years) * (1 - 1e-9)


@given(st.floats(1e-6, 0.3), st.integers(1, 40))
def test_annuities_pay_back_the_loan(rate, years):
    paid = sum(float(crf(rate, years)) / (1 + rate) ** year for year in range(1, years + 1))
    assert paid == pytest.approx(1.0, rel=1e-9)


def test_every_line_has_a_life():
    assert set(annuity_factors(TERMS)) == set(LINES)
    factors = annuity_factors(TERMS)
    assert factors["servers"] > factors["shell"] > factors["land"]
    assert plant_annuity_factor(TERMS, [15.0, 30.0])[0] > plant_annuity_factor(TERMS, 30.0)


@given(money, money, money, st.floats(0.1, 10.0))
def test_scaling_all_money_scales_only_money(servers, shell, energy, factor):
    def total(scale: float) -> float:
        capex = capex_of(servers=servers * scale, shell=shell * scale)
        return float(tco_usd(TERMS, annual_cost(TERMS, capex, it_mw=0.0, energy_usd=energy * scale)))

    assert total(factor) == pytest.approx(factor * total(1.0), rel=1e-9)


def test_yearly_cost_is_capital_and_opex():
    capex = capex_of(servers=[1e9, 2e9], network=1e8, land=1e7)
    cost = annual_cost(TERMS, capex, it_mw=[50.0, 100.0], energy_usd=30e6, plant_annuity_usd=5e6)
    assert cost.capital_usd == pytest.approx(annual_capital_usd(TERMS, capex) + 5e6)
    assert cost.opex_usd == pytest.approx(30e6 + sum(site_opex_usd(TERMS, [50.0, 100.0]).values()))
    assert cost.total_usd == pytest.approx(cost.capital_usd + cost.opex_usd)
    assert tco_usd(TERMS, cost) == pytest.approx(cost.total_usd * 5)
    assert usd_per_gpu_hour(cost, [1_000, 2_000]) == pytest.approx(cost.total_usd / [8.76e6, 17.52e6])
    assert training_cost_usd(cost, 365.0) == pytest.approx(cost.total_usd)


def test_a_longer_it_life_costs_less_each_year():
    capex = capex_of(servers=1e9)
    yearly = [float(annual_capital_usd(replace(TERMS, life_it_years=n), capex)) for n in (3.0, 5.0, 7.0)]
    assert yearly[0] > yearly[1] > yearly[2]
