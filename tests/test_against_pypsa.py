"""The power of one site over 8,760 hours, sized by our model and, independently, by PyPSA: the same optimum.

PyPSA is written here from its own documentation and knows nothing of our records but the numbers.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from tiny_options import source

from exasite.formulation import build
from exasite.instance.schema import Instance
from exasite.models.catalog import load_catalog
from exasite.models.dispatch import Plant
from exasite.models.profiles import capacity_factors
from exasite.models.representative import every_day
from exasite.models.tariff import wholesale_prices
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
    solar_fixed: float = 0.14
    battery_mw_fixed: float = 0.05
    battery_mwh_fixed: float = 0.02


def availability():
    return capacity_factors("solar_permian_tx")


CASES = {
    "flat": Problem(np.full(HOURS, 62.0), solar_fixed=0.10, battery_mwh_fixed=0.012),
    "hourly": Problem(wholesale_prices(load_catalog(), "ercot_hub", 2023), demand_charge=0.09),
}


def ours(problem):
    """Yearly cost [M$] and sizes, through the formulation with every day of the year."""
    days = every_day({"sun": availability()})
    flat = {"availability": np.ones(HOURS), "annual_capex_factor": 1.0, "fixed_musd_per_mw_year": 0.0, "firm": False,
            "land_acres_per_mw": 0.0, "max_mw": 2000.0, "hours": HOURS}  # fmt: skip
    supply = (
        source("grid", "grid", **{**flat, "max_mw": GRID_MW}, capex_musd_per_mw=problem.grid_fixed,
               cost_usd_per_mwh=problem.grid_price, demand_musd_per_mw_year=problem.demand_charge),
        source("turbine", "dispatchable", **{**flat, "availability": np.full(HOURS, 0.95)},
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
    found = optimise(session, model.compiled.quantities, instance, gap=1e-7, life_years=1.0, hours_per_year=HOURS)
    assert found.status == "optimal"
    model.compiled.load(found.columns)
    block = model.model.supply["here"]
    return found.value / 1e6, {g: block.capacity[g].value for g in block.sources} | {"store": block.energy["battery"].value}


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
    net.add("Generator", "turbine", bus="site", marginal_cost=problem.turbine_cost / 1e6, p_max_pu=0.95,
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
    cost, sizes = ours(problem)
    net = network(problem)
    assert cost == pytest.approx(solved(net, extra_functionality=same_power), rel=1e-4)  # asked for: 1e-3
    theirs = net.generators.p_nom_opt.to_dict()
    theirs |= {"battery": net.links.p_nom_opt["out of"], "store": net.stores.e_nom_opt["battery"]}
    for source_name, size in theirs.items():
        assert sizes[source_name] == pytest.approx(size, rel=0.02, abs=0.5)
    assert sizes["sun"] > 10 and sizes["turbine"] > 1  # the problem asks for more than the grid
    assert name == "flat" or sizes["store"] > 10
    if name == "flat":
        check_operation(problem, sizes)


def check_operation(problem, sizes):
    """With the sizes fixed the run through the year costs what PyPSA's operation costs."""
    plants = [
        Plant("grid", np.full(HOURS, sizes["grid"]), problem.grid_price),
        Plant("turbine", np.full(HOURS, 0.95 * sizes["turbine"]), problem.turbine_cost),
        Plant("sun", sizes["sun"] * availability(), 0.0),
        Plant("battery", np.full(HOURS, sizes["battery"]), 0.0, is_storage=True, energy_mwh=sizes["store"],
              round_trip_efficiency=EFFICIENCY),
    ]  # fmt: skip
    found = run_year(plants, [Pausable(np.full(HOURS, LOAD_MW))]).dispatch
    assert found.unserved_mwh == pytest.approx(0.0, abs=1e-3)
    assert found.cost_usd / 1e6 == pytest.approx(solved(network(problem, sizes)), rel=1e-5)
