"""The power of one site over 8,760 hours, sized by our model and, independently, by PyPSA: the same optimum.

PyPSA is written here from its own documentation and knows nothing of our records but the numbers.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from tiny_options import source

from exasite.formulation import build
from exasite.instance.schema import Instance
from exasite.models.catalog import load_catalog
from exasite.models.dispatch import Plant, rule_breaks
from exasite.models.finance import finance, plant_annuity_factor
from exasite.models.power import site_sources
from exasite.models.profiles import capacity_factors
from exasite.models.representative import every_day
from exasite.models.site import site as site_of
from exasite.models.tariff import grid_bill_usd, wholesale_prices, wholesale_tariff
from exasite.objectives import optimise
from exasite.options import QUANTITIES, Configuration, CoolingHours, Options, SegmentTable, SiteOptions
from exasite.pricing import PricedSession
from exasite.session import Clock
from exasite.year import Pausable, run_year

pypsa = pytest.importorskip("pypsa")

HOURS = 8760
LOAD_MW, GRID_MW = 100.0, 60.0
EFFICIENCY = 0.85


@dataclass(frozen=True)
class Problem:
    """Yearly cost of a MW (and MWh) of each source [M$], cost of energy [USD/MWh], and what is there in each hour."""

    grid_price: np.ndarray
    demand_charge: float = 0.0
    grid_fixed: float = 0.05
    turbine_fixed: float = 0.20
    turbine_cost: float = 55.0
    turbine_availability: float = 0.95
    solar_fixed: float = 0.14
    battery_mw_fixed: float = 0.05
    battery_mwh_fixed: float = 0.02


def availability():
    return capacity_factors("solar_permian_tx")


def of_the_catalogue():
    """Costs of the catalogue in West Texas, with the gas price at which sun begins to pay."""
    catalog = load_catalog()
    place = replace(site_of(catalog, "permian_tx"), gas_price_usd_per_mmbtu=8.0)
    sources = site_sources(catalog, place, ["grid", "gas_ct_frame", "solar_pv", "battery"])
    grid, turbine, sun, battery = sources
    assert [s.id for s in sources] == ["grid", "gas_ct_frame", "solar_pv", "battery"]

    def yearly(source):
        return float(plant_annuity_factor(finance(catalog), source.life_years)) * source.construction_interest_factor

    def of_a_mw(source):
        return yearly(source) * source.capex_musd_per_mw + source.fixed_musd_per_mw_year

    return Problem(
        np.full(HOURS, grid.marginal_cost_usd_per_mwh), grid_fixed=of_a_mw(grid), turbine_fixed=of_a_mw(turbine),
        turbine_cost=turbine.marginal_cost_usd_per_mwh, turbine_availability=turbine.availability,
        solar_fixed=of_a_mw(sun), battery_mw_fixed=of_a_mw(battery),
        battery_mwh_fixed=yearly(battery) * battery.capex_musd_per_mwh,
    )  # fmt: skip


CASES = {
    "flat": of_the_catalogue(),
    # With a battery cheap enough to be built.
    "hourly": Problem(wholesale_prices(load_catalog(), "ercot_hub", 2023), demand_charge=0.09),
}


def ours(problem, *, whole):
    """Yearly cost [M$] and sizes, through the formulation with every day of the year.

    Not `whole`: only the relaxation, which is the optimum where the one cluster is whole in it: half the time.
    """
    days = every_day({"sun": availability()})
    flat = {"availability": np.ones(HOURS), "annual_capex_factor": 1.0, "fixed_musd_per_mw_year": 0.0, "firm": False,
            "land_acres_per_mw": 0.0, "max_mw": 2000.0, "hours": HOURS}  # fmt: skip
    supply = (
        source("grid", "grid", **{**flat, "max_mw": GRID_MW}, capex_musd_per_mw=problem.grid_fixed,
               cost_usd_per_mwh=problem.grid_price, demand_musd_per_mw_year=problem.demand_charge),
        source("turbine", "dispatchable", **{**flat, "availability": np.full(HOURS, problem.turbine_availability)},
               capex_musd_per_mw=problem.turbine_fixed, cost_usd_per_mwh=problem.turbine_cost),
        source("sun", "variable", **{**flat, "availability": availability()}, capex_musd_per_mw=problem.solar_fixed,
               cost_usd_per_mwh=0.0),
        source("battery", "storage", **flat, capex_musd_per_mw=problem.battery_mw_fixed,
               capex_musd_per_mwh=problem.battery_mwh_fixed, cost_usd_per_mwh=0.0, round_trip_efficiency=EFFICIENCY),
    )  # fmt: skip
    slope = dict.fromkeys(QUANTITIES, np.zeros(1)) | {"gpus": np.ones(1), "effective_exaflops": np.ones(1),
                                                      "liquid_mean_mw": np.full(1, LOAD_MW)}  # fmt: skip
    one = np.ones(1, dtype=int)
    table = SegmentTable((Configuration("chip", "links", "wet", "flash", "restart", 1),), np.zeros(1, dtype=int), one,
                         one, slope, dict.fromkeys(QUANTITIES, np.zeros(1)), 0)  # fmt: skip
    nothing = np.zeros(HOURS)
    site = SiteOptions(
        id="here", segments=table, cooling=(CoolingHours("wet", nothing, nothing, 0, 0, 0, 0, 0, 0),), supply=supply,
        hour_weights=days.weight_hours, hour_days=days.day_id, max_clusters=1, gas_limit_mw=np.inf,
        gpus=(0.0, np.inf), calendar=days.calendar,
    )  # fmt: skip
    instance = Instance.model_validate({"objective": {"minimize": "tco"}, "require": {"gpus": {"min": 1}}})
    model = build(instance, Options((site,), 1e-3), hours_per_year=HOURS, flop_per_token=1.0)
    session = PricedSession(model.compiled, model.choices, clock=Clock(300.0))
    if whole:
        found = optimise(session, model.compiled.quantities, instance, gap=1e-7, life_years=1.0, hours_per_year=HOURS)
        cost = found.value / 1e6
    else:
        found = session.maximise(-1.0 * model.compiled.quantities["annual_cost_musd"], relaxed=True)
        cost = -found.value
    assert found.status == "optimal"
    model.compiled.load(found.columns)
    assert model.model.site["here"].clusters[0].value == pytest.approx(1.0, abs=1e-9)
    block = model.model.supply["here"]
    return cost, {g: block.capacity[g].value for g in block.sources} | {"store": block.energy["battery"].value}


def network(problem, sizes=None):
    """The same problem in PyPSA; with `sizes` only the operation is free. Costs in M$."""
    fixed = sizes is not None
    net = pypsa.Network()
    net.set_snapshots(range(HOURS))
    net.add("Bus", "site")
    net.add("Bus", "cells")
    net.add("Load", "load", bus="site", p_set=LOAD_MW)

    def size(name, cost, most=2000.0):
        return {"p_nom": sizes[name]} if fixed else {"p_nom_extendable": True, "capital_cost": cost, "p_nom_max": most}

    # A bus of its own for the grid: a link to the site whose size is the billed peak.
    net.add("Bus", "line")
    net.add("Generator", "grid", bus="line", marginal_cost=problem.grid_price / 1e6, **size("grid", problem.grid_fixed, GRID_MW))
    net.add("Link", "billed", bus0="line", bus1="site", p_nom_extendable=True, capital_cost=problem.demand_charge)
    net.add("Generator", "turbine", bus="site", marginal_cost=problem.turbine_cost / 1e6, p_max_pu=problem.turbine_availability,
            **size("turbine", problem.turbine_fixed))  # fmt: skip
    net.add("Generator", "sun", bus="site", p_max_pu=availability(), **size("sun", problem.solar_fixed))
    half = problem.battery_mw_fixed / 2
    net.add("Link", "into", bus0="site", bus1="cells", efficiency=EFFICIENCY, **size("battery", half))
    net.add("Link", "out of", bus0="cells", bus1="site", efficiency=1.0, **size("battery", half))
    store = {"e_nom": sizes["store"]} if fixed else {"e_nom_extendable": True, "capital_cost": problem.battery_mwh_fixed}
    net.add("Store", "battery", bus="cells", e_cyclic=True, **store)
    return net


def same_power(net, snapshots):
    rated = net.model["Link-p_nom"]
    net.model.add_constraints(rated.loc["into"] - rated.loc["out of"] == 0, name="one-inverter")


def solved(net, **more):
    status, _ = net.optimize(solver_name="highs", **more)
    assert status == "ok"
    return net.objective + getattr(net, "objective_constant", 0.0)


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.filterwarnings("ignore")
def test_the_same_cost_sizes_and_operation_as_pypsa(name):
    problem = CASES[name]
    cost, sizes = ours(problem, whole=name == "flat")
    net = network(problem)
    assert cost == pytest.approx(solved(net, extra_functionality=same_power), rel=1e-6)
    theirs = net.generators.p_nom_opt.to_dict()
    theirs |= {"battery": net.links.p_nom_opt["out of"], "store": net.stores.e_nom_opt["battery"]}
    for source_name, size in theirs.items():
        assert sizes[source_name] == pytest.approx(size, rel=0.01, abs=0.1)
    assert sizes["sun"] > 10 and sizes["turbine"] > 1  # the problem asks for more than the grid
    if name == "hourly":
        assert sizes["battery"] > 10 and sizes["store"] > 10
        check_operation(problem, sizes)


def check_operation(problem, sizes):
    """With the sizes fixed the run through the year costs what PyPSA's operation costs, demand charge included."""
    charge = problem.demand_charge * 1e6 / 12e3  # M$/(MW year) to USD/(kW month)
    tariff = wholesale_tariff(problem.grid_price, demand_charge_usd_per_kw_month=charge, min_bill_fraction=0.0)
    plants = [
        Plant("grid", np.full(HOURS, sizes["grid"]), problem.grid_price, tariff=tariff, contract_mw=sizes["grid"]),
        Plant("turbine", np.full(HOURS, problem.turbine_availability * sizes["turbine"]), problem.turbine_cost),
        Plant("sun", sizes["sun"] * availability(), 0.0),
        Plant("battery", np.full(HOURS, sizes["battery"]), 0.0, is_storage=True, energy_mwh=sizes["store"],
              round_trip_efficiency=EFFICIENCY),
    ]  # fmt: skip
    found = run_year(plants, [Pausable(np.full(HOURS, LOAD_MW))]).dispatch
    assert max(rule_breaks(found, plants, np.full(HOURS, LOAD_MW)).values()) <= 1e-5
    assert found.unserved_mwh == pytest.approx(0.0, abs=1e-3) and found.energy_mwh["battery"] > 1e3
    demand_usd = grid_bill_usd(tariff, found.output_mw["grid"], sizes["grid"]).demand_usd
    assert (found.cost_usd + demand_usd) / 1e6 == pytest.approx(solved(network(problem, sizes)), rel=1e-6)
