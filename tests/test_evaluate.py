"""A whole site evaluated without a solver: sums, the year's dispatch, and what may not change."""

import numpy as np
import pytest
from datacenter import CATALOG, MONEY_FACTOR, dearer, design, terms

from exasite.models.cluster import GivenFactors
from exasite.models.evaluate import SiteDesign, evaluate


@pytest.fixture(scope="module")
def site():
    return evaluate(design(), terms(), CATALOG)


def test_totals_are_sums_of_their_parts(site):
    (cluster,) = site.clusters
    assert site.capex_usd == pytest.approx(float(cluster.cost.capex_usd[0]) + sum(site.supply_capex_usd.values()))
    annuities = site.annual_usd - site.opex_usd
    assert annuities > float(cluster.cost.annual_capital_usd[0]) > 0
    assert site.opex_usd > float(cluster.cost.fixed_opex_usd[0]) > 0
    assert site.effective_exaflops == pytest.approx(float(cluster.curves.effective_exaflops[0]))
    assert set(site.supply_annual_usd) == {"grid"}


def test_facility_power_exceeds_that_of_it(site):
    assert site.facility_mw_mean > site.it_mw_mean
    assert site.facility_mw_peak > site.it_mw
    assert site.facility_mw_peak > site.facility_mw_mean
    assert site.energy_mwh == pytest.approx(site.facility_mw_mean * 8760, rel=1e-9)


def test_the_year_is_served_by_a_grid_that_is_large_enough(site):
    (dispatch,) = site.dispatches
    assert site.unserved_mwh == dispatch.unserved_mwh == 0.0
    assert site.supply_energy_mwh["grid"] == pytest.approx(site.energy_mwh)
    assert dispatch.cost_usd < site.opex_usd
    assert site.kept_share == (1.0,) and site.paused_share == 0.0
    assert all(by <= 1e-6 for by in site.rule_breaks.values())


def test_too_small_a_grid_leaves_energy_unserved():
    short = evaluate(design(grid=2.0), terms(), CATALOG)
    usable = 2.0 * 8760 * short.design.supply[0].source.availability
    assert short.unserved_mwh == pytest.approx(short.energy_mwh - usable, rel=1e-6)


def test_two_equal_clusters_are_twice_one(site):
    two = evaluate(design(clusters=2), terms(), CATALOG)
    grid_usd = sum(site.supply_capex_usd.values())
    assert two.effective_exaflops == pytest.approx(2 * site.effective_exaflops)
    assert two.facility_mw_peak == pytest.approx(2 * site.facility_mw_peak)
    assert two.capex_usd - grid_usd == pytest.approx(2 * (site.capex_usd - grid_usd))
    assert two.water_m3 == pytest.approx(2 * site.water_m3)


def test_the_cheaper_source_runs_first():
    mixed = evaluate(design(grid=40.0, diesel_backup=20.0), terms(), CATALOG)
    assert mixed.supply_energy_mwh["diesel_backup"] == pytest.approx(0.0)
    assert mixed.supply_annual_usd["diesel_backup"] > 0  # it still costs what it cost to build


def test_scaling_all_money_scales_only_money(site):
    catalog = dearer()
    dear = evaluate(design(catalog), terms(catalog), catalog)
    for name in ("capex_usd", "annual_usd", "opex_usd"):
        assert getattr(dear, name) == pytest.approx(MONEY_FACTOR * getattr(site, name)), name
    for name in ("facility_mw_mean", "facility_mw_peak", "energy_mwh", "co2_t", "water_m3", "land_acres",
                 "effective_exaflops"):  # fmt: skip
        assert getattr(dear, name) == pytest.approx(getattr(site, name)), name


def test_a_given_pue_replaces_the_cooling_physics(site):
    plain = design()
    fixed = evaluate(
        SiteDesign(plain.site, plain.climate, plain.clusters, plain.supply, GivenFactors(pue=1.5)), terms(), CATALOG
    )
    assert fixed.facility_mw_mean == pytest.approx(1.5 * fixed.it_mw_mean)
    assert fixed.facility_mw_peak == pytest.approx(1.5 * fixed.it_mw)
    assert fixed.it_mw == pytest.approx(site.it_mw)
    assert fixed.energy_mwh == pytest.approx(8760 * fixed.facility_mw_mean)


def test_hour_by_hour_power_never_falls_below_that_of_it(site):
    (cluster,) = site.clusters
    index = site.design.climate.hour_index()
    over = np.minimum(cluster.cooling.overhead_liquid, cluster.cooling.overhead_air)[index]
    assert len(index) == 8760 and (over > 0).all()


def test_a_fabric_that_does_not_reach_is_an_error():
    with pytest.raises(ValueError, match=r"reach|fits"):
        evaluate(design(gpus=8 * 10**7), terms(), CATALOG)


def test_a_model_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="no parallel split"):
        evaluate(design(gpus=8), terms(), CATALOG)
