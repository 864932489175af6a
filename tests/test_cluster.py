"""Clusters over their size: the chain never gains, heat is shared out, money scales alone."""

import numpy as np
import pytest
from datacenter import CATALOG, MONEY_FACTOR, components, curves, dearer, terms
from hypothesis import given, settings
from hypothesis import strategies as st

from exasite.models.catalog import Catalog
from exasite.models.cluster import GivenFactors, cluster_curves, reliability_terms, site_curves, stacked
from exasite.models.fabric import network
from exasite.models.split_search import SfuCurve
from exasite.models.workload import workload

SIZES = np.array([512, 1024, 4096, 16_384, 24_576, 65_536])
LOAD = workload(CATALOG, "llama3-405b", precision="bf16")


def given_curves(parts, gpus, given, catalog: Catalog = CATALOG):
    """Curves with measured factors: no split is searched."""
    counted, size = network(parts.fabric, np.asarray(gpus), accelerator=parts.accelerator), len(gpus)
    ones = np.ones(size)
    sfu = SfuCurve(np.asarray(gpus, float), ones, ones, ones, None, np.ones(size, dtype=bool))
    return cluster_curves(parts, LOAD, reliability_terms(catalog, parts.accelerator.id), counted, sfu, given)


def facility(found, parts, catalog: Catalog = CATALOG, multiplier=1.0):
    how = terms(catalog)
    return site_curves(found, parts.cooling.capex_usd_per_kw, how.prices, how.finance, multiplier)


@pytest.mark.parametrize(
    "parts",
    [
        components(),
        components(cooling="air_tower_wse", scheme="restart_manual", store="nfs_slow"),
        components(chip="MI300X", links="hgx8_th5_400"),
    ],
    ids=lambda p: f"{p.accelerator.id}-{p.cooling.id}",
)
def test_effective_is_below_peak_and_every_factor_is_a_share(parts):
    found = curves(SIZES, parts)
    assert (found.effective_exaflops > 0).all()
    assert (found.effective_exaflops <= found.peak_exaflops).all()
    for share in (found.mamf, found.sfu, found.goodput, found.mfu):
        assert (share > 0).all() and (share <= 1).all()
    assert found.effective_exaflops == pytest.approx(found.peak_exaflops * found.mfu)
    assert (np.diff(found.goodput) <= 1e-12).all()
    assert (np.diff(found.mttf_hours) < 0).all()
    assert (np.diff(found.it_mw) > 0).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=6, unique=True), st.floats(0.1, 1), st.floats(0.1, 1))
def test_given_factors_replace_those_of_the_model(units, sfu, goodput):
    gpus = 8 * np.sort(np.array(units))
    found = given_curves(components(), gpus, GivenFactors(mamf=0.5, sfu=sfu, goodput=goodput))
    assert found.mfu == pytest.approx(0.5 * sfu * goodput)
    assert found.effective_exaflops == pytest.approx(found.peak_exaflops * 0.5 * sfu * goodput)
    plain = given_curves(components(), gpus, GivenFactors())
    assert found.it_mw == pytest.approx(plain.it_mw)
    assert found.it_capex.total_usd == pytest.approx(plain.it_capex.total_usd)


@settings(max_examples=40, deadline=None)
@given(st.integers(64, 12_000))
def test_heat_splits_into_liquid_and_air(units):
    gpus = np.array([8 * units])
    wet, dry = (given_curves(components(cooling=c), gpus, GivenFactors(sfu=0.5)) for c in ("d2c_dry", "air_tower_wse"))
    for found in (wet, dry):
        assert found.it_mw == pytest.approx(found.liquid_peak_mw + found.air_peak_mw)
        assert (found.it_mw_mean <= found.it_mw).all() and (found.air_peak_mw > 0).all()
    assert (wet.liquid_peak_mw > wet.air_peak_mw).all()
    assert (dry.liquid_peak_mw == 0).all()
    servers = gpus * components().accelerator.server_power_w * 1e-6
    assert (wet.it_mw > 0.8 * servers).all() and (wet.it_mw < 1.5 * servers).all()


def test_spares_are_bought_but_do_no_work():
    plain, spared = components(scheme="restart_manual"), components(scheme="restart_automated")
    few, many = (given_curves(p, SIZES, GivenFactors(sfu=0.5, goodput=0.9)) for p in (plain, spared))
    assert (few.spare_gpus >= 0).all() and (many.spare_gpus < 0.2 * SIZES).all()
    assert (many.spare_gpus >= few.spare_gpus).all()
    assert few.effective_exaflops == pytest.approx(many.effective_exaflops)
    assert many.it_capex.spares_usd == pytest.approx(many.spare_gpus * spared.accelerator.price_usd)


def test_scaling_all_money_scales_only_money():
    catalog = dearer()
    cheap, dear = curves(SIZES), curves(SIZES, components(catalog), catalog)
    for name in ("effective_exaflops", "goodput", "sfu", "liquid_peak_mw", "air_mean_mw", "spare_gpus", "interval_s"):
        assert getattr(dear, name) == pytest.approx(getattr(cheap, name)), name
    at_cheap, at_dear = facility(cheap, components()), facility(dear, components(catalog), catalog)
    for name in ("capex_usd", "annual_capital_usd", "fixed_opex_usd"):
        assert getattr(at_dear, name) == pytest.approx(MONEY_FACTOR * getattr(at_cheap, name)), name
    assert at_dear.land_acres == pytest.approx(at_cheap.land_acres)
    for line, cost in at_cheap.capex.lines().items():
        assert at_dear.capex.lines()[line] == pytest.approx(MONEY_FACTOR * cost), line


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 3.0), st.floats(1.01, 2.0))
def test_a_dearer_place_costs_more_to_build_and_nothing_more_in_servers(multiplier, times):
    found = given_curves(components(), SIZES, GivenFactors(sfu=0.5))
    one, other = (facility(found, components(), multiplier=m) for m in (multiplier, multiplier * times))
    assert (other.capex_usd > one.capex_usd).all()
    assert other.capex.servers_usd == pytest.approx(one.capex.servers_usd)
    assert other.capex.shell_usd == pytest.approx(times * one.capex.shell_usd)
    assert other.fixed_opex_usd == pytest.approx(one.fixed_opex_usd)


def test_lines_add_up_and_the_grid_connection_is_not_among_them():
    cost = facility(curves(SIZES), components())
    assert cost.capex_usd == pytest.approx(sum(np.broadcast_to(v, len(SIZES)) for v in cost.capex.lines().values()))
    assert np.all(cost.capex.lines()["utility"] == 0)


def test_stacked_curves_are_the_curves():
    parts = [components(), components(scheme="restart_manual")]
    each = [curves(SIZES, p) for p in parts]
    together = stacked(each)
    plant = np.array([[p.cooling.capex_usd_per_kw] for p in parts])
    how = terms()
    cost = site_curves(together, plant, how.prices, how.finance, 1.2)
    for i, part in enumerate(parts):
        alone = facility(each[i], part, multiplier=1.2)
        assert together.effective_exaflops[i] == pytest.approx(each[i].effective_exaflops)
        assert cost.capex_usd[i] == pytest.approx(alone.capex_usd)
        assert cost.annual_capital_usd[i] == pytest.approx(alone.annual_capital_usd)


def test_a_precision_the_chip_does_not_have_is_an_error():
    with pytest.raises(KeyError):
        load = workload(CATALOG, "llama3-405b", precision="fp4")
        parts = components()
        counted = network(parts.fabric, np.array([1024]), accelerator=parts.accelerator)
        ones = np.ones(1)
        sfu = SfuCurve(ones, ones, ones, ones, None, np.array([True]))
        cluster_curves(parts, load, reliability_terms(CATALOG, "H100-SXM"), counted, sfu)
