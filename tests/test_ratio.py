"""Ratios: the enumerated optimum is found and proven, and the bound holds whenever the search is stopped."""

import numpy as np
import pytest
from pyomo.environ import ConcreteModel, Constraint, NonNegativeIntegers, NonNegativeReals, Var
from small_models import small_model

from exasite.compiled import compile_model
from exasite.ratio import Range, RatioOutcome, denominator_range, maximise_ratio
from exasite.session import Clock, Session

GAP = 1e-7


def best_ratio(points):
    return (points[:, 0] / points[:, 1]).max()


@pytest.mark.parametrize("seed", range(25))
def test_value_and_bound_are_those_of_enumeration(seed):
    small = small_model(seed)
    produced, money, _ = small.quantities()
    found = maximise_ratio(small.session(), produced, money, gap=GAP)
    best = best_ratio(small.points)
    assert found.status == "optimal"
    assert found.ratio == pytest.approx(best, rel=1e-6)
    assert best * (1 - 1e-9) <= found.bound <= best * (1 + 1e-6)
    assert produced.at(found.columns) / money.at(found.columns) == pytest.approx(found.ratio, rel=1e-12)


@pytest.mark.parametrize("seed", range(30, 36))
def test_any_start_leads_to_the_same_optimum(seed):
    small = small_model(seed)
    produced, money, power = small.quantities()
    best = best_ratio(small.points)
    for objective in (produced, -1.0 * money, -1.0 * power):
        session = small.session()
        start = session.maximise(objective).columns
        found = maximise_ratio(session, produced, money, gap=GAP, start=start)
        assert found.status == "optimal"
        assert found.ratio == pytest.approx(best, rel=1e-6)
        assert found.bound >= best * (1 - 1e-9)


@pytest.mark.parametrize("gap", [0.3, 0.03, 1e-3])
def test_a_wide_gap_keeps_its_promise(gap):
    for seed in range(40, 48):
        small = small_model(seed)
        produced, money, _ = small.quantities()
        found = maximise_ratio(small.session(), produced, money, gap=gap)
        best = best_ratio(small.points)
        assert found.status == "optimal" and found.gap <= gap
        assert best / (1 + gap) <= found.ratio * (1 + 1e-9)
        assert found.bound >= best * (1 - 1e-9)


def test_interrupted_before_the_first_solve_keeps_bound_and_start():
    small = small_model(3)
    produced, money, _ = small.quantities()
    start = small.session().maximise(-1.0 * money).columns
    clock = Clock(60.0, interrupted=True)
    without = maximise_ratio(small.session(clock), produced, money, gap=GAP)
    assert without.status == "no_solution" and without.columns is None and without.gap == np.inf
    assert without.bound >= best_ratio(small.points)
    kept = maximise_ratio(small.session(clock), produced, money, gap=GAP, start=start)
    assert kept.status == "feasible"
    assert kept.columns is start
    assert kept.ratio == pytest.approx(produced.at(start) / money.at(start))
    assert kept.bound >= best_ratio(small.points) * (1 - 1e-9)


def test_interrupted_while_running_keeps_bound_and_best():
    for seed in range(50, 60):
        small, clock = small_model(seed), Clock(60.0)
        produced, money, _ = small.quantities()

        def stop(ratio, bound, clock=clock):
            clock.interrupted = True

        found = maximise_ratio(small.session(clock), produced, money, gap=GAP, progress=stop)
        best = best_ratio(small.points)
        assert found.ratio <= best * (1 + 1e-9) and found.bound >= best * (1 - 1e-9)
        assert found.status == ("optimal" if found.gap <= GAP else "feasible")


@pytest.mark.parametrize("seconds", [1e-9, 1e-3, 0.02])
def test_a_tiny_time_limit_never_gives_a_wrong_bound(seconds):
    for seed in range(60, 66):
        small = small_model(seed, places=4, kinds=5)
        produced, money, _ = small.quantities()
        found = maximise_ratio(small.session(Clock(seconds)), produced, money, gap=GAP)
        assert found.status in ("optimal", "feasible", "no_solution")
        assert found.bound >= best_ratio(small.points) * (1 - 1e-9)
        assert (found.columns is None) == (found.status == "no_solution")


def test_infeasible_by_the_relaxation_and_by_integers_only():
    small = small_model(5, needed=1e4)
    produced, money, _ = small.quantities()
    assert maximise_ratio(small.session(), produced, money, gap=GAP).status == "infeasible"
    model = ConcreteModel()
    model.n = Var(domain=NonNegativeIntegers, bounds=(0, 5))
    model.between = Constraint(expr=(2.2, model.n, 2.8))
    compiled = compile_model(model, {"p": 1.0 * model.n, "d": model.n + 1})
    quantities = compiled.quantities
    found = maximise_ratio(Session(compiled, clock=Clock(10)), quantities["p"], quantities["d"], gap=GAP)
    assert found.status == "infeasible" and found.columns is None


def test_known_optimum_with_constants():
    # (3 n + 1) / (n + 2) grows with n: its best whole n under 2 n <= 9 is 4, its relaxation 4.5
    model = ConcreteModel()
    model.n = Var(domain=NonNegativeIntegers)
    model.cap = Constraint(expr=2 * model.n <= 9)
    compiled = compile_model(model, {"p": 3 * model.n + 1, "d": model.n + 2})
    quantities = compiled.quantities
    found = maximise_ratio(Session(compiled, clock=Clock(10)), quantities["p"], quantities["d"], gap=GAP)
    assert found.ratio == pytest.approx(13 / 6, rel=1e-9)
    assert 13 / 6 * (1 - 1e-9) <= found.bound <= 14.5 / 6.5


def test_a_continuous_model_is_a_ratio_of_linear_functions():
    model = ConcreteModel()
    model.x = Var(domain=NonNegativeReals, bounds=(1, 10))
    compiled = compile_model(model, {"p": model.x + 4, "d": model.x + 1})
    session = Session(compiled, clock=Clock(10))
    found = maximise_ratio(session, compiled.quantities["p"], compiled.quantities["d"], gap=GAP)
    assert found.ratio == pytest.approx(2.5, rel=1e-9)
    assert found.status == "optimal"


def test_range_of_a_denominator():
    small = small_model(9)
    _, money, _ = small.quantities()
    limits = denominator_range(small.session(), money)
    assert limits.lower <= small.points[:, 1].min() and limits.upper >= small.points[:, 1].max()
    assert limits.upper <= 40.0 + 1e-9
    assert denominator_range(small_model(9, needed=1e4).session(), money) is None


def test_bound_holds_when_denominators_differ_by_orders_of_magnitude():
    # of three choices the smallest has the best ratio; the gains of the large ones are larger in absolute terms
    sizes, ratios = (1e6, 9e5, 1.0), (1.0, 1.0 + 9e-10, 1.0005)
    model = ConcreteModel()
    model.chosen = Var(range(3), domain=NonNegativeIntegers, bounds=(0, 1))
    model.one = Constraint(expr=sum(model.chosen[i] for i in range(3)) == 1)
    produced = sum(r * d * model.chosen[i] for i, (r, d) in enumerate(zip(ratios, sizes, strict=True)))
    compiled = compile_model(model, {"p": produced, "d": sum(d * model.chosen[i] for i, d in enumerate(sizes))})
    session, quantities = Session(compiled, clock=Clock(10)), compiled.quantities
    found = maximise_ratio(session, quantities["p"], quantities["d"], gap=1e-6)
    assert found.bound >= 1.0005 * (1 - 1e-9)
    assert found.ratio == pytest.approx(1.0005, rel=1e-6)


def test_progress_reports_values_below_and_bounds_above_the_optimum():
    small, seen = small_model(12), []
    produced, money, _ = small.quantities()
    maximise_ratio(small.session(), produced, money, gap=GAP, progress=lambda *pair: seen.append(pair))
    best = best_ratio(small.points)
    assert seen and all(value <= best * (1 + 1e-9) and bound >= best * (1 - 1e-9) for value, bound in seen)


def test_gap_of_an_outcome():
    columns = np.zeros(1)
    assert RatioOutcome("feasible", columns, 2.0, 2.5, 1).gap == pytest.approx(0.25)
    assert RatioOutcome("feasible", columns, 2.0, 1.9, 1).gap == 0.0
    assert RatioOutcome("no_solution", None, -np.inf, 2.0, 1).gap == np.inf
    assert Range(1.0, 2.0).lower == 1.0
