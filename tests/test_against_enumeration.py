"""The optimiser against full enumeration: small random questions, every objective, shared budget, several sites."""

from itertools import product

import numpy as np
import pytest

from exasite.formulation import build
from exasite.instance.schema import Instance
from exasite.objectives import optimise
from exasite.options import QUANTITIES, Configuration, CoolingHours, Options, SegmentTable, SiteOptions, SupplyOption
from exasite.pricing import PricedSession
from exasite.session import Clock

HOURS = np.array([5000.0, 3760.0])
LIFE, YEAR, GAP = 5.0, 8760.0, 1e-7
OBJECTIVES = [
    {"maximize": "efficiency", "weights": {"capex": 0.5, "watts": 0.5}},
    {"maximize": "efficiency", "weights": {"capex": 0.2, "watts": 0.8}},
    {"maximize": "exaflops_per_capex"},
    {"maximize": "exaflops_per_watt"},
    {"maximize": "exaflops_per_tco"},
    {"maximize": "exaflops"},
    {"minimize": "capex"},
    {"minimize": "tco"},
    {"minimize": "training_cost"},
    {"minimize": "facility_mw"},
]


def random_table(rng: np.random.Generator, methods: int) -> SegmentTable:
    configurations, rows = [], []
    for number in range(rng.integers(1, 4)):
        name = Configuration(f"chip{number}", "fabric", f"c{rng.integers(methods)}", "store", "recovery", 4)
        start = int(rng.integers(1, 4))
        for _ in range(rng.integers(1, 3)):
            end = start + int(rng.integers(0, 3))
            slope = {"gpus": 4.0, "effective_exaflops": rng.uniform(0.5, 2), "capex_musd": rng.uniform(20, 60),
                     "annual_capex_musd": rng.uniform(4, 12), "fixed_opex_musd": rng.uniform(0.1, 1),
                     "land_acres": 0.1, "liquid_mean_mw": rng.uniform(0.2, 1), "air_mean_mw": rng.uniform(0.1, 0.5)}  # fmt: skip
            intercept = {"gpus": 0.0, "effective_exaflops": rng.uniform(-0.2, 0.5), "capex_musd": rng.uniform(1, 30),
                         "annual_capex_musd": rng.uniform(0, 5), "fixed_opex_musd": 0.1, "land_acres": 0.0,
                         "liquid_mean_mw": 0.05, "air_mean_mw": 0.05}  # fmt: skip
            for kind in ("liquid", "air"):
                slope[f"{kind}_peak_mw"] = 1.3 * slope[f"{kind}_mean_mw"]
                intercept[f"{kind}_peak_mw"] = 1.3 * intercept[f"{kind}_mean_mw"]
            rows.append((number, start, end, slope, intercept))
            start = end + 1
        configurations.append(name)
    return SegmentTable(
        configurations=tuple(configurations),
        configuration=np.array([r[0] for r in rows]), lower=np.array([r[1] for r in rows]),
        upper=np.array([r[2] for r in rows]),
        slope={q: np.array([r[3][q] for r in rows]) for q in QUANTITIES},
        intercept={q: np.array([r[4][q] for r in rows]) for q in QUANTITIES}, dropped=0,
    )  # fmt: skip


def source(name: str, **changes: object) -> SupplyOption:
    values: dict[str, object] = {
        "id": name, "kind": "dispatchable", "unit_mw": 0.0, "max_mw": 50.0, "capex_musd_per_mw": 1.0,
        "capex_musd_per_mwh": 0.0, "annual_capex_factor": 0.1, "fixed_musd_per_mw_year": 0.02,
        "cost_usd_per_mwh": 60.0, "co2_t_per_mwh": 0.4, "land_acres_per_mw": 0.0, "availability": np.ones(2),
        "must_take": False, "firm": True, "fuel": "", "firm_mw_per_unit": 0.0, "firm_offset_mw": 0.0,
        "full_load_hours": np.inf, "round_trip_efficiency": 1.0, "firm_hours": 0.0, "lead_years": 1.0,
    }  # fmt: skip
    return SupplyOption(**{**values, **changes})  # type: ignore[arg-type]


def random_site(rng: np.random.Generator, number: int) -> SiteOptions:
    methods = int(rng.integers(1, 3))
    cooling = []
    for c in range(methods):
        liquid, air = rng.uniform(0.05, 0.2, 2), rng.uniform(0.1, 0.5, 2)
        cooling.append(CoolingHours(
            f"c{c}", liquid, air, float(liquid @ HOURS) / YEAR, float(air @ HOURS) / YEAR,
            liquid.max() + 0.02, air.max() + 0.05, 0.0, 0.0,
        ))  # fmt: skip
    unit = float(rng.uniform(1.0, 3.0))
    turbine = source("turbine", unit_mw=unit, max_mw=4 * unit, capex_musd_per_mw=rng.uniform(0.5, 2),
                     cost_usd_per_mwh=40.0, firm_mw_per_unit=0.9 * unit, firm_offset_mw=0.6 * unit)  # fmt: skip
    grid = source("grid", kind="grid", max_mw=rng.uniform(2, 12), capex_musd_per_mw=rng.uniform(0.2, 3))
    return SiteOptions(
        id=f"site{number}", segments=random_table(rng, methods), cooling=tuple(cooling), supply=(grid, turbine),
        hour_weights=HOURS, hour_days=np.zeros(2, dtype=int), max_clusters=1, gas_limit_mw=np.inf, gpus=(0.0, np.inf),
    )  # fmt: skip


def site_outcomes(site: SiteOptions) -> list[np.ndarray]:
    """All (P, capex, annual, opex, mean, peak, gpus) of a site; grid energy is dearer, so the least grid is best."""
    found, table = [np.zeros(7)], site.segments
    grid, turbine = site.supply
    for j in range(len(table)):
        method = next(c for c in site.cooling if c.id == table.configurations[table.configuration[j]].cooling)
        for n in range(table.lower[j], table.upper[j] + 1):
            q = {k: table.slope[k][j] * n + table.intercept[k][j] for k in QUANTITIES}
            mean = q["liquid_mean_mw"] * (1 + method.mean_liquid) + q["air_mean_mw"] * (1 + method.mean_air)
            peak = q["liquid_peak_mw"] * (1 + method.peak_liquid) + q["air_peak_mw"] * (1 + method.peak_air)
            hourly = (q["liquid_mean_mw"] * (1 + method.overhead_liquid)
                      + q["air_mean_mw"] * (1 + method.overhead_air))  # fmt: skip
            for units in range(5):
                capacity = units * turbine.unit_mw
                firm = min(max(turbine.firm_mw_per_unit * units - turbine.firm_offset_mw, 0.0), capacity)
                needed = max(peak - firm, (hourly - capacity).max(), 0.0)
                if needed > grid.max_mw:
                    continue
                own = np.minimum(hourly, capacity)
                fuel = 1e-6 * float((own * 40.0 + (hourly - own) * 60.0) @ HOURS)
                plant = grid.capex_musd_per_mw * needed + turbine.capex_musd_per_mw * capacity
                opex = q["fixed_opex_musd"] + fuel + 0.02 * (needed + capacity)
                annual = q["annual_capex_musd"] + 0.1 * plant + opex
                found.append(np.array([q["effective_exaflops"], q["capex_musd"] + plant, annual, opex, mean, peak,
                                       q["gpus"]]))  # fmt: skip
    return found


def enumerated(options: Options, instance: Instance) -> float:
    """Best value of the objective over every combination of the sites' outcomes."""
    totals = np.array([np.sum(c, axis=0) for c in product(*(site_outcomes(s) for s in options.sites))])
    allowed = totals[:, 6] > 0
    if instance.limit.capex_usd is not None:
        allowed &= totals[:, 1] <= instance.limit.capex_usd / 1e6 + 1e-9
    if instance.limit.facility_mw is not None:
        allowed &= totals[:, 5] <= instance.limit.facility_mw + 1e-9
    wanted = instance.require.effective_exaflops
    if wanted is not None:
        allowed &= totals[:, 0] >= wanted.min - 1e-9
    p, capex, annual, _, mean, peak, _ = totals[allowed].T
    if not allowed.any():
        return np.nan
    weight = instance.objective.weights.capex if instance.objective.weights else 0.5
    return {
        "efficiency": lambda: (p / ((capex / 1e3) ** weight * mean ** (1 - weight))).max(),
        "exaflops_per_capex": lambda: (p / (capex / 1e3)).max(),
        "exaflops_per_watt": lambda: (p / mean).max(),
        "exaflops_per_tco": lambda: (p / (annual * LIFE / 1e3)).max(),
        "exaflops": lambda: p.max(),
        "capex": lambda: capex.min() * 1e6,
        "tco": lambda: annual.min() * LIFE * 1e6,
        "training_cost": lambda: (annual / p).min() * 1e6 / (YEAR * 3600),
        "facility_mw": lambda: peak.min(),
    }[instance.objective.kind]()  # fmt: skip


def question(seed: int, objective: dict) -> tuple[Options, Instance]:
    rng = np.random.default_rng(seed)
    options = Options(tuple(random_site(rng, i) for i in range(rng.integers(1, 4))), 0.0)
    content: dict = {"objective": objective, "limit": {}, "require": {"effective_exaflops": float(rng.uniform(0.5, 5))}}
    if rng.random() < 0.7:
        content["limit"]["capex_usd"] = float(rng.uniform(80, 500) * 1e6)
    if rng.random() < 0.5:
        content["limit"]["facility_mw"] = float(rng.uniform(3, 20))
    return options, Instance.model_validate(content)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: "-".join(map(str, o.values()))[:24])
@pytest.mark.parametrize("seed", range(24))
def test_optimum_equals_enumeration_and_bound_is_valid(seed, objective):
    options, instance = question(seed, objective)
    best = enumerated(options, instance)
    model = build(instance, options, hours_per_year=YEAR, flop_per_token=1e12)
    session = PricedSession(model.compiled, model.choices, clock=Clock(60))
    found = optimise(session, model.compiled.quantities, instance, gap=GAP, life_years=LIFE, hours_per_year=YEAR)
    if np.isnan(best):
        assert found.status == "infeasible"
        return
    assert found.value == pytest.approx(best, rel=1e-6)
    if instance.objective.is_maximized:
        assert found.bound >= best * (1 - 1e-7)
    else:
        assert found.bound <= best * (1 + 1e-7)


def test_the_random_questions_are_of_both_kinds():
    infeasible = [np.isnan(enumerated(*question(seed, OBJECTIVES[0]))) for seed in range(24)]
    assert 1 <= sum(infeasible) <= 12
    assert any(len(question(seed, OBJECTIVES[0])[0].sites) > 1 for seed in range(24))
