"""The model row by row: golden LP files, and what every solution must keep."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from brute_force import random_options
from pyomo.environ import Objective, value
from tiny_options import BATTERY, DIESEL, GRID, NUCLEAR, SUN, TURBINE, options, site

from exasite.formulation import build
from exasite.formulation.deployment import demand_mw, facility_peak_mw, units_of
from exasite.instance.schema import Instance
from exasite.objectives import optimise
from exasite.pricing import PricedSession
from exasite.session import Clock

HOURS = 8760.0
EVERY_LIMIT = {
    "limit": {"capex_usd": 600e6, "opex_usd_per_year": 90e6, "facility_mw": 15, "energy_price_usd_per_mwh": 120,
              "co2_t_per_year": 40_000, "water_m3_per_year": 1e5, "land_acres": 40},
    "require": {"gpus": {"min": 16, "max": 64}, "effective_exaflops": {"min": 4, "max": 16}, "training_flops": 4e24,
                "training_days": {"min": 3, "max": 20}, "tokens_per_second": 1e6},
}  # fmt: skip


def built(question, *sites):
    instance = Instance.model_validate(question)
    return instance, build(instance, options(*sites), hours_per_year=HOURS, flop_per_token=2e12)


def lp_text(model, folder, quantity):
    """The model as an LP file, without its comments, with one of the quantities as the objective."""
    for objective in model.component_objects(Objective):
        objective.deactivate()
    model.component(f"quantity_{quantity}").activate()
    model.write(str(folder / "model.lp"), io_options={"symbolic_solver_labels": True})
    lines = (folder / "model.lp").read_text(encoding="utf-8").splitlines()
    kept = "\n".join(line for line in lines if line and not line.startswith("\\")) + "\n"
    # Ten digits, so that the last bit of a product does not matter.
    return re.sub(r"(?<![\w.(])[+-]?\d+\.\d+(e[+-]?\d+)?", lambda m: f"{float(m[0]):+.10g}", kept)


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
    _, model = built(question, *(_stretched(s) for s in sites))
    golden(f"{name}.lp", lp_text(model.model, tmp_path, quantity))


def _stretched(at):
    """Availability given for two hours, repeated over the hours of the site."""
    hours = len(at.hour_weights)
    return replace(at, supply=tuple(replace(s, availability=np.resize(s.availability, hours)) for s in at.supply))


def optimum(question, *sites):
    instance, model = built(question, *(_stretched(s) for s in sites))
    session = PricedSession(model.compiled, model.choices, clock=Clock(30.0))
    found = optimise(
        session, model.compiled.quantities, instance, gap=1e-6, life_years=5.0, hours_per_year=HOURS
    )
    if found.columns is not None:
        model.compiled.load(found.columns)
    return found, model


def check_site(model, at):
    """Everything that must hold at one site, whatever the question."""
    plant, place, near = model.model.supply[at.id], model.model.site[at.id], 1e-5
    weights = at.hour_weights
    for option in at.supply:
        g = option.id
        capacity, output = value(plant.capacity[g]), np.array([value(plant.output[g, h]) for h in plant.hours])
        firm = value(plant.firm[g])
        assert -near <= capacity <= option.max_mw + near and -near <= firm <= capacity + near
        assert (output <= option.availability * capacity + near).all()
        assert not option.must_take or output == pytest.approx(option.availability * capacity, abs=near)
        assert option.firm or abs(firm) <= near
        if math.isfinite(option.full_load_hours):
            assert output @ weights <= option.full_load_hours * capacity + near * HOURS
        if option.unit_mw > 0:
            units = value(plant.count[g])
            assert capacity == pytest.approx(option.unit_mw * units, abs=near)
            if capacity > near:
                assert firm <= option.firm_mw_per_unit * units - option.firm_offset_mw + near
        if option.kind == "storage":
            check_storage(plant, at, option, output)
    assert sum(value(plant.firm[s.id]) for s in at.supply) >= value(facility_peak_mw(place, at)) - near
    for h in plant.hours:
        charged = sum(value(plant.charge[g, h]) for g in plant.storages)
        served = sum(value(plant.output[s.id, h]) for s in at.supply) - charged
        assert served >= value(demand_mw(place, at, h)) - near
    check_clusters(place, at)


def check_storage(plant, at, option, output):
    """Levels follow from what goes in and out, and end each day where they began."""
    g, near = option.id, 1e-5
    charge, level = (np.array([value(v[g, h]) for h in plant.hours]) for v in (plant.charge, plant.level))
    energy = value(plant.energy[g])
    assert (level >= -near).all() and (level <= energy + near).all()
    assert (charge <= value(plant.capacity[g]) + near).all()
    for day in np.unique(at.hour_days):
        hours = np.flatnonzero(at.hour_days == day)
        change = option.round_trip_efficiency * charge[hours] - output[hours]
        assert level[hours] - np.roll(level[hours], 1) == pytest.approx(change, abs=near)
        assert change.sum() == pytest.approx(0.0, abs=10 * near)
    assert option.firm_hours * value(plant.firm[g]) <= energy + near


def check_clusters(place, at):
    counts = np.array([value(place.clusters[j]) for j in place.segments])
    units = np.array([units_of(place, at, j) for j in place.segments])
    assert counts.sum() <= at.max_clusters
    assert (units >= at.segments.lower * counts - 1e-6).all()
    assert (units <= at.segments.upper * counts + 1e-6).all()


@pytest.mark.parametrize("objective", [{"minimize": "tco"}, {"maximize": "efficiency"}, {"minimize": "capex"}])
@pytest.mark.parametrize("seed", range(6))
def test_solutions_conserve_energy_and_keep_spares(seed, objective):
    sites = random_options(seed).sites
    found, model = optimum({"objective": objective}, *sites)
    assert found.status == "optimal"
    for at in sites:
        check_site(model, at)


@pytest.mark.parametrize("limit", [{}, {"co2_t_per_year": 9_000}, {"co2_t_per_year": 1_000, "land_acres": 200}])
def test_sun_and_storage_conserve_energy(limit):
    at = site("here", GRID, TURBINE, SUN, BATTERY, NUCLEAR, DIESEL, hours=8,
              hour_days=np.repeat([0, 1], 4))  # fmt: skip
    question = {"objective": {"minimize": "tco"}, "require": {"effective_exaflops": 8}, "limit": limit}
    found, model = optimum(question, at)
    assert found.status == "optimal"
    check_site(model, _stretched(at))
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
    assert set(m.limit) | {"energy_price_usd_per_mwh"} == set(EVERY_LIMIT["limit"])
    assert m.limit_energy_price.active
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
