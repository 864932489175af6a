"""The whole chain from options to a proven optimum agrees with full enumeration, for every objective."""

import numpy as np
import pytest
from brute_force import HOURS, designs, limited, random_options

from exasite import pricing
from exasite.formulation import build
from exasite.instance.schema import Instance
from exasite.objectives import optimise
from exasite.pricing import PricedSession
from exasite.session import Clock

GAP = 2e-7
LIFE_YEARS = 5.0
FLOP_PER_TOKEN = 2.5e12
TRAINING_FLOPS = 3e25
OBJECTIVES = (
    {"maximize": "efficiency"},
    {"maximize": "efficiency", "weights": {"capex": 0.15}},
    {"maximize": "efficiency", "weights": {"watts": 0.3}},
    {"maximize": "efficiency", "weights": {"capex": 1.0}},
    {"maximize": "efficiency", "weights": {"capex": 0.0}},
    {"maximize": "exaflops_per_capex"},
    {"maximize": "exaflops_per_watt"},
    {"maximize": "exaflops_per_tco"},
    {"maximize": "exaflops"},
    {"minimize": "capex"},
    {"minimize": "tco"},
    {"minimize": "training_cost"},
    {"minimize": "facility_mw"},
)


def question(seed, everything):
    """Random limits and requirements, near what some of the designs need."""
    rng = np.random.default_rng(1000 + seed)
    limit, require, figures = {}, {"training_flops": TRAINING_FLOPS}, limited(everything)

    def near(values, low, high):
        return float(np.quantile(values, rng.uniform(low, high)) * rng.uniform(1.001, 1.01))

    for key, values in figures.items():
        if rng.random() < 0.3:
            limit[key] = near(values, 0.3, 0.95)
    if rng.random() < 0.7:
        require["effective_exaflops"] = near(everything["effective_exaflops"], 0.05, 0.6)
    if rng.random() < 0.3:
        gpus = near(everything["gpus"], 0.2, 0.8)
        require["gpus"] = {"min": float(int(gpus * 0.6)), "max": float(int(gpus))}
    if rng.random() < 0.2:
        flops = near(everything["effective_exaflops"], 0.05, 0.5) * 1e18
        require["training_days"] = TRAINING_FLOPS / flops / 86400
    if rng.random() < 0.3:
        require["tokens_per_second"] = near(everything["effective_exaflops"], 0.05, 0.5) * 1e18 / FLOP_PER_TOKEN
    return {"limit": limit, "require": require}


def allowed(instance, total):
    """Which designs meet limits and requirements."""
    good = np.ones(len(total["gpus"]), dtype=bool)
    for key, values in limited(total).items():
        most = getattr(instance.limit, key)
        if most is not None:
            good &= values <= most * (1 + 1e-9)
    wanted, rate = instance.require, total["effective_exaflops"] * 1e18
    if wanted.effective_exaflops is not None:
        good &= rate >= wanted.effective_exaflops.lower * 1e18
    if wanted.gpus is not None:
        good &= (total["gpus"] >= wanted.gpus.lower) & (total["gpus"] <= wanted.gpus.upper)
    if wanted.tokens_per_second is not None:
        good &= rate / FLOP_PER_TOKEN >= wanted.tokens_per_second.lower
    if wanted.training_days is not None:
        good &= (TRAINING_FLOPS / rate / 86400 <= wanted.training_days.upper) & (total["clusters"] <= 1)
    return good


def values_of(objective, total):
    """The objective of every design, in the units of the contract."""
    rate, busd, mean = total["effective_exaflops"], total["capex_musd"] / 1e3, total["facility_mean_mw"]
    annual = total["annual_musd"] * 1e6
    if objective.kind == "efficiency":
        given = objective.weights
        weight = 0.5
        if given is not None:
            weight = given.capex if given.capex is not None else 1 - given.watts
        return rate / (busd**weight * mean ** (1 - weight))
    return {
        "exaflops_per_capex": rate / busd,
        "exaflops_per_watt": rate / mean,
        "exaflops_per_tco": rate / (annual * LIFE_YEARS / 1e9),
        "exaflops": rate,
        "capex": total["capex_musd"] * 1e6,
        "tco": annual * LIFE_YEARS,
        "training_cost": annual * TRAINING_FLOPS / (rate * 1e18) / (HOURS * 3600),
        "facility_mw": total["facility_peak_mw"],
    }[objective.kind]


def solved(instance, built, seed=0):
    session = PricedSession(built.compiled, built.choices, clock=Clock(60.0), seed=seed)
    return optimise(
        session, built.compiled.quantities, instance, gap=GAP, life_years=LIFE_YEARS, hours_per_year=HOURS
    )


def check_agreement(found, instance, total):
    good, values = allowed(instance, total), values_of(instance.objective, total)
    if not good.any():
        assert found.status == "infeasible" and found.columns is None
        return
    best = values[good].max() if instance.objective.is_maximized else values[good].min()
    assert found.status == "optimal"
    assert found.value == pytest.approx(best, rel=1e-6)
    side = 1 if instance.objective.is_maximized else -1
    assert side * found.bound >= side * best * (1 - side * 1e-7)  # the solver meets its rows to 1e-7
    assert found.gap <= GAP * 1.01


@pytest.mark.parametrize("seed", range(24))
def test_every_objective_agrees_with_enumeration(seed, monkeypatch):
    if seed % 2:  # every other one with pricing of the segments
        monkeypatch.setattr(pricing, "ALL_AT_ONCE", 0)
    options = random_options(seed)
    asked = question(seed, designs(options))
    total = designs(options, asked["limit"])
    base = Instance.model_validate(asked)
    built = build(base, options, hours_per_year=HOURS, flop_per_token=FLOP_PER_TOKEN)
    for objective in OBJECTIVES:
        instance = Instance.model_validate({**asked, "objective": objective})
        check_agreement(solved(instance, built), instance, total)
