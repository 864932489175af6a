"""The model row by row: golden LP files, and what every solution must keep."""

import math
from dataclasses import replace

import numpy as np
import pytest
from brute_force import random_options
from formulation_checks import built, check_site, lp_text, optimum, stretched
from pyomo.environ import value
from tiny_options import BATTERY, DIESEL, GRID, NUCLEAR, SUN, TURBINE, site

from exasite.formulation.deployment import facility_peak_mw

EVERY_LIMIT = {
    "limit": {"capex_usd": 600e6, "opex_usd_per_year": 90e6, "facility_mw": 15, "energy_price_usd_per_mwh": 120,
              "co2_t_per_year": 40_000, "water_m3_per_year": 1e5, "land_acres": 40},
    "require": {"gpus": {"min": 16, "max": 64}, "effective_exaflops": {"min": 4, "max": 16}, "training_flops": 4e24,
                "training_days": {"min": 3, "max": 20}, "tokens_per_second": 1e6},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "quantity", "question", "sites"),
    [
        ("deployment", "effective_exaflops", {}, [site("here", GRID)]),
        ("several_clusters", "gpus", {}, [site("here", GRID, max_clusters=3, gpus=(16.0, 48.0))]),
        ("units_and_spares", "capex_musd", {}, [site("here", GRID, TURBINE, DIESEL, gas_limit_mw=6.0)]),
        ("storage_and_sun", "annual_cost_musd", {}, [site("here", GRID, SUN, BATTERY, NUCLEAR, hours=3)]),
        ("limits", "facility_mean_mw", EVERY_LIMIT, [site("here", GRID), site("there", TURBINE)]),
    ],
)
def test_golden(name, quantity, question, sites, golden, tmp_path):
    _, model = built(question, *(stretched(s) for s in sites))
    text = lp_text(model.model, tmp_path, quantity)
    assert text == golden(f"{name}.lp", text)


@pytest.mark.parametrize("objective", [{"minimize": "tco"}, {"maximize": "efficiency"}, {"minimize": "capex"}])
@pytest.mark.parametrize("seed", range(6))
def test_solutions_conserve_energy_and_keep_spares(seed, objective):
    choice = random_options(seed)
    found, model = optimum({"objective": objective}, *choice.sites, phases=choice.phases)
    assert found.status == "optimal"
    for at in choice.sites:
        check_site(model, at, choice.phases, least_cost=objective == {"minimize": "tco"})


@pytest.mark.parametrize("limit", [{}, {"co2_t_per_year": 9_000}, {"co2_t_per_year": 1_000, "land_acres": 200}])
def test_sun_and_storage_conserve_energy(limit):
    at = site("here", GRID, TURBINE, SUN, BATTERY, NUCLEAR, DIESEL, hours=8,
              hour_days=np.repeat([0, 1], 4))  # fmt: skip
    question = {"objective": {"minimize": "tco"}, "require": {"effective_exaflops": 8}, "limit": limit}
    found, model = optimum(question, at)
    assert found.status == "optimal"
    check_site(model, stretched(at), least_cost=True)
    if "land_acres" in limit:
        assert value(model.model.supply["here"].energy["battery"]) > 1.0


def test_spare_units_are_built_on_top_of_the_peak():
    for spares in (0, 1, 2, 3):
        plenty = replace(TURBINE, max_mw=60.0, firm_offset_mw=3.0 * spares)
        question = {"require": {"gpus": 48}, "objective": {"minimize": "capex"}}
        found, model = optimum(question, site("here", plenty))
        peak = value(facility_peak_mw(model.model.site["here"], site("here", plenty)))
        assert found.status == "optimal"
        assert value(model.model.supply["here"].count["turbine"]) == math.ceil(peak / 3.0) + spares


def test_gas_limit_binds():
    at = site("here", GRID, TURBINE, gas_limit_mw=6.0)
    cheap = replace(at, supply=(replace(GRID, capex_musd_per_mw=90.0), TURBINE))
    _, model = optimum({"require": {"gpus": 48}, "objective": {"minimize": "capex"}}, cheap)
    assert value(model.model.supply["here"].capacity["turbine"]) == pytest.approx(6.0)


def test_firm_hours_size_the_store():
    stored = replace(BATTERY, firm_hours=4.0)
    at = site("here", replace(GRID, firm=False), stored)
    _, model = optimum({"require": {"gpus": 16}, "objective": {"minimize": "capex"}}, at)
    plant = model.model.supply["here"]
    peak = value(facility_peak_mw(model.model.site["here"], at))
    assert value(plant.energy["battery"]) == pytest.approx(4.0 * peak, rel=1e-5)


def test_not_enough_power_is_infeasible():
    found, _ = optimum({}, site("here", replace(GRID, max_mw=0.5)))
    assert found.status == "infeasible"


def test_a_site_without_clusters_needs_no_power():
    poor = site("poor", replace(GRID, max_mw=0.1))
    found, model = optimum({"objective": {"minimize": "capex"}}, site("rich", GRID), poor)
    assert found.status == "optimal"
    assert sum(value(model.model.site["poor"].clusters[j]) for j in model.model.site["poor"].segments) == 0


def test_an_exact_number_of_gpus_is_rounded_up_to_whole_units():
    at = site("here", GRID)
    _, model = optimum({"require": {"gpus": 33}, "objective": {"minimize": "capex"}}, at)
    assert value(model.quantities["gpus"]) == 40
    _, model = optimum({"require": {"gpus": 40}, "objective": {"minimize": "capex"}}, at)
    assert value(model.quantities["gpus"]) == 40


def test_every_limit_is_a_constraint_with_its_name():
    _, model = built(EVERY_LIMIT, site("here", GRID), site("there", TURBINE))
    m = model.model
    assert set(m.limit) | {"energy_price_usd_per_mwh", "co2_t_per_year"} == set(EVERY_LIMIT["limit"])
    assert m.limit_energy_price.active and list(m.limit_co2) == [0]
    assert set(m.require_at_least) == {"gpus", "effective_exaflops", "tokens_per_second", "training_days"}
    assert set(m.require_at_most) == {"gpus", "effective_exaflops", "training_days"}
    assert m.one_training_run.upper == 1


def test_choices_point_at_columns_and_rows_of_the_compiled_model():
    _, model = built({}, site("here", GRID), site("there", GRID, max_clusters=2))
    names, rows = [v.name for v in model.compiled.variables], model.compiled.row_names
    choices = model.choices
    assert len(choices) == 6
    for k in range(len(choices)):
        where, j = ("here", "there")[choices.group[k]], k % 3
        assert names[choices.clusters[k]] == f"site[{where}].clusters[{j}]"
        if choices.extra[k] >= 0:
            assert names[choices.extra[k]] == f"site[{where}].extra[{j}]"
            assert rows[choices.link[k]] == f"site[{where}].largest[{j}]"
    assert choices.width.tolist() == [3, 0, 2] * 2
    assert (choices.extra >= 0).tolist() == [True, False, True] * 2
