"""Efficiency: the geometric mean of two ratios, against enumeration, for every weight, however it is stopped."""

import itertools

import numpy as np
import pytest
from pyomo.environ import Binary, ConcreteModel, Constraint, Var
from small_models import small_model

from exasite.compiled import compile_model
from exasite.hull import EfficiencySearch
from exasite.session import Clock, Session

GAP = 1e-6
WEIGHTS = (0.5, 0.1, 0.35, 0.9)


def efficiency(points, weight):
    return points[:, 0] / (points[:, 1] ** weight * points[:, 2] ** (1 - weight))


def search(small, weight, clock=None, *, gap=GAP, progress=None, start=None):
    session = small.session(clock)
    return EfficiencySearch(session, *small.quantities(), weight, gap, progress).run(start)


@pytest.mark.parametrize("seed", range(100, 112))
def test_value_and_bound_are_those_of_enumeration(seed):
    small = small_model(seed)
    for weight in WEIGHTS:
        found = search(small, weight)
        best = efficiency(small.points, weight).max()
        assert found.status == "optimal"
        assert found.value == pytest.approx(best, rel=1e-6)
        assert best * (1 - 1e-9) <= found.bound <= best * (1 + 2e-6)
        built = np.array([[q.at(found.columns) for q in small.quantities()]])
        assert efficiency(built, weight)[0] == pytest.approx(found.value, rel=1e-12)


@pytest.mark.parametrize("seed", range(120, 126))
def test_every_corner_supports_all_points(seed):
    small = small_model(seed)
    u, v = small.points[:, 1] / small.points[:, 0], small.points[:, 2] / small.points[:, 0]
    for corner in search(small, 0.5).corners:
        reached = corner.first_weight * u + corner.second_weight * v
        assert reached.min() >= corner.level * (1 - 1e-9)
        assert corner.first_weight * corner.first + corner.second_weight * corner.second == pytest.approx(
            reached.min(), rel=1e-6
        )


@pytest.mark.parametrize("gap", [0.2, 0.02])
def test_a_wide_gap_keeps_its_promise(gap):
    for seed in range(130, 136):
        small = small_model(seed)
        found, best = search(small, 0.5, gap=gap), efficiency(small.points, 0.5).max()
        assert found.status == "optimal"
        assert found.bound >= best * (1 - 1e-9)
        assert found.value <= best * (1 + 1e-9) <= found.value * (1 + gap) * (1 + 2e-9)


def test_a_start_changes_nothing_but_the_way():
    for seed in range(140, 144):
        small = small_model(seed)
        start = small.session().maximise(small.quantities()[0]).columns
        found = search(small, 0.5, start=start)
        assert found.value == pytest.approx(efficiency(small.points, 0.5).max(), rel=1e-6)


def test_interrupted_before_the_first_solve():
    small = small_model(7)
    found = search(small, 0.5, Clock(60.0, interrupted=True))
    assert found.status == "no_solution" and found.columns is None
    assert found.bound >= efficiency(small.points, 0.5).max()
    assert found.corners == ()


def test_interrupted_with_a_start_keeps_it():
    small = small_model(7)
    start = small.session().maximise(small.quantities()[0]).columns
    found = search(small, 0.5, Clock(60.0, interrupted=True), start=start)
    built = np.array([[q.at(start) for q in small.quantities()]])
    assert found.status == "feasible"
    assert found.value == pytest.approx(efficiency(built, 0.5)[0])
    assert found.bound >= efficiency(small.points, 0.5).max() * (1 - 1e-9)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_interrupted_on_the_way_keeps_bound_and_best(after):
    for seed in range(150, 156):
        small, clock, calls = small_model(seed), Clock(60.0), itertools.count(1)

        def stop(value, bound, clock=clock, calls=calls):
            clock.interrupted = next(calls) >= after

        found, best = search(small, 0.5, clock, progress=stop), efficiency(small.points, 0.5).max()
        assert found.columns is not None
        assert found.value <= best * (1 + 1e-9) and found.bound >= best * (1 - 1e-9)
        assert found.status == ("optimal" if found.bound <= found.value * (1 + GAP) else "feasible")


@pytest.mark.parametrize("seconds", [1e-9, 0.005, 0.05])
def test_a_tiny_time_limit_never_gives_a_wrong_bound(seconds):
    for seed in range(160, 164):
        small = small_model(seed, places=4, kinds=5)
        found = search(small, 0.4, Clock(seconds))
        assert found.status in ("optimal", "feasible", "no_solution")
        assert found.bound >= efficiency(small.points, 0.4).max() * (1 - 1e-9)
        assert (found.columns is None) == (found.status == "no_solution")


def test_infeasible():
    found = search(small_model(2, needed=1e4), 0.5)
    assert found.status == "infeasible" and found.columns is None


def pick_one(points):
    """A model that chooses exactly one of the points (produced, first, second)."""
    model = ConcreteModel()
    model.chosen = Var(range(len(points)), domain=Binary)
    model.one = Constraint(expr=sum(model.chosen[i] for i in range(len(points))) == 1)
    totals = [sum(float(p[k]) * model.chosen[i] for i, p in enumerate(points)) for k in range(3)]
    compiled = compile_model(model, dict(zip("puv", totals, strict=True)))
    return Session(compiled, clock=Clock(30)), [compiled.quantities[k] for k in "puv"]


def test_known_optimum_at_a_corner_between_the_ends():
    # (u, v) = (1, 16), (16, 1) and (2, 2): products 16, 16 and 4
    session, quantities = pick_one([(1, 1, 16), (1, 16, 1), (1, 2, 2)])
    found = EfficiencySearch(session, *quantities, 0.5, GAP).run()
    assert found.value == pytest.approx(0.5, rel=1e-9)
    assert found.status == "optimal" and found.bound >= 0.5 * (1 - 1e-12)


def test_a_point_above_the_hull_is_never_best():
    # (3, 3) lies above the segment from (1, 4) to (4, 1); the product of the ends is smaller
    session, quantities = pick_one([(1, 1, 4), (1, 4, 1), (1, 3, 3)])
    assert EfficiencySearch(session, *quantities, 0.5, GAP).run().value == pytest.approx(0.5, rel=1e-9)


def test_one_point_is_both_ends_and_the_optimum():
    session, quantities = pick_one([(3, 2, 5)])
    found = EfficiencySearch(session, *quantities, 0.5, GAP).run()
    assert found.status == "optimal"
    assert found.value == pytest.approx(3 / np.sqrt(10), rel=1e-9)


def test_many_equally_good_corners_do_not_stop_the_proof():
    # all points on u^.5 v^.5 = 1 but for one a little better: every half-plane must be found near it
    u = np.geomspace(0.05, 20, 25)
    points = [(1, a, (1 / a) * (0.999 if i == 7 else 1.0)) for i, a in enumerate(u)]
    session, quantities = pick_one(points)
    found = EfficiencySearch(session, *quantities, 0.5, GAP).run()
    assert found.value == pytest.approx(1 / np.sqrt(0.999), rel=1e-9)
    assert found.bound >= found.value * (1 - 1e-12)
    assert found.status == "optimal"
