"""Capital cost by line: scope, additivity, monotonicity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exasite.models.capex import (
    CONSTRUCTION_LINES,
    LINES,
    capex_of,
    facility_capex,
    facility_prices,
    it_capex,
    land_acres,
)
from exasite.models.catalog import load_catalog
from exasite.models.schedule import cluster_ready_years, steps

CATALOG = load_catalog()
PRICES = facility_prices(CATALOG)
COLD_PLATE_USD_PER_KW = 3_000.0

sizes = st.floats(0.1, 5_000.0)
methods = st.floats(0.0, 10_000.0)


def construction_usd_per_kw(method_usd_per_kw: float) -> float:
    capex = facility_capex(PRICES, it_mw=1.0, cooling_usd_per_kw=method_usd_per_kw)
    return sum(float(capex.lines()[line]) for line in CONSTRUCTION_LINES) / 1_000.0


def test_lines_stand_in_their_fixed_order():
    assert tuple(capex_of().lines()) == LINES
    with pytest.raises(ValueError, match="unknown capex line 'cooling'"):
        capex_of(cooling=1.0)


def test_default_method_gives_the_mechanical_chain_of_the_base():
    assert COLD_PLATE_USD_PER_KW + PRICES.mechanical_common_usd_per_kw == pytest.approx(4_190)


def test_every_shipped_cooling_method_has_a_price():
    assert CATALOG.value("cooling", "d2c_tower", "capex_usd_per_kw") == COLD_PLATE_USD_PER_KW
    for method in CATALOG.items("cooling"):
        if CATALOG.has("cooling", method, "capex_usd_per_kw"):
            price = CATALOG.value("cooling", method, "capex_usd_per_kw")
            assert 9_000 < construction_usd_per_kw(price) < 15_000


@given(sizes, methods, st.floats(0.5, 2.0))
def test_total_is_the_sum_of_its_lines(it_mw, method, multiplier):
    capex = facility_capex(PRICES, it_mw=it_mw, cooling_usd_per_kw=method, site_multiplier=multiplier)
    assert capex.total_usd == pytest.approx(sum(float(cost) for cost in capex.lines().values()))
    assert all(float(cost) >= 0 for cost in capex.lines().values())


@given(sizes, methods, st.floats(1.0, 3.0))
def test_cost_is_proportional_to_size(it_mw, method, factor):
    small, large = (
        facility_capex(PRICES, it_mw=mw, cooling_usd_per_kw=method) for mw in (it_mw, it_mw * factor)
    )
    assert large.total_usd == pytest.approx(factor * float(small.total_usd))


@given(sizes, methods, st.floats(0.0, 1_000.0))
def test_a_dearer_method_costs_its_price_and_its_share_of_fees(it_mw, method, more):
    cheap, dear = (facility_capex(PRICES, it_mw=it_mw, cooling_usd_per_kw=c) for c in (method, method + more))
    shares = 1.0 + PRICES.soft_fraction + PRICES.contingency_fraction
    assert dear.total_usd - cheap.total_usd == pytest.approx(it_mw * 1e3 * more * shares, rel=1e-6, abs=1.0)


def test_site_multiplier_leaves_land_alone():
    base = facility_capex(PRICES, it_mw=100.0, cooling_usd_per_kw=3_000.0)
    dear = facility_capex(PRICES, it_mw=100.0, cooling_usd_per_kw=3_000.0, site_multiplier=1.2)
    assert dear.land_usd == base.land_usd
    assert dear.total_usd - dear.land_usd == pytest.approx(1.2 * float(base.total_usd - base.land_usd))


def test_utility_works_can_be_left_to_the_grid_source():
    capex = facility_capex(PRICES, it_mw=100.0, cooling_usd_per_kw=3_000.0, with_utility_works=False)
    assert capex.utility_usd == 0.0


def test_own_price_of_land():
    capex = facility_capex(PRICES, it_mw=100.0, cooling_usd_per_kw=3_000.0, land_usd_per_acre=1e6)
    assert capex.land_usd == pytest.approx(land_acres(PRICES, 100.0) * 1e6)


def test_records_add_line_by_line_over_arrays():
    gpus = np.array([1_000.0, 2_000.0])
    spares, network = gpus * 0.01, gpus * 7_000.0
    equipment = it_capex(gpus=gpus, price_usd_per_gpu=32_000.0, spare_gpus=spares, network_usd=network)
    site = equipment.plus(facility_capex(PRICES, it_mw=gpus * 1.4e-3, cooling_usd_per_kw=3_000.0))
    assert site.servers_usd == pytest.approx([32e6, 64e6])
    assert site.spares_usd == pytest.approx([0.32e6, 0.64e6])
    assert site.total_usd.shape == (2,)
    assert site.total_usd[1] == pytest.approx(2 * site.total_usd[0])


def test_schedule():
    table = {step.id: step for step in steps(CATALOG)}
    assert table["facility_build"].base_weeks == pytest.approx(104.3, abs=0.5)
    assert all(step.low_weeks <= step.base_weeks <= step.high_weeks for step in table.values())
    assert cluster_ready_years(CATALOG) == pytest.approx(2.0 + 6 / 52.14, abs=0.01)
    broken = CATALOG.override({"schedule": {"ups": {"phase": "later"}}})
    with pytest.raises(ValueError, match=r"schedule\.ups\.phase"):
        steps(broken)
