"""The solver session: statuses, bounds, rows, what is held, and interruption."""

import signal
import threading

import highspy
import numpy as np
import pytest
from pyomo.environ import ConcreteModel, Constraint, NonNegativeIntegers, NonNegativeReals, Var
from small_models import small_model

from exasite.compiled import compile_model
from exasite.session import Clock, Session


def knapsack(**changes):
    """maximise 5 a + 4 b + 3 c, 2 a + 3 b + c <= 5 and 4 a + b + 2 c <= 11, c <= 1, whole numbers: 13 at (2, 0, 1)."""
    model = ConcreteModel()
    most = {"a": 10, "b": 10, "c": 1}
    model.x = Var("abc", domain=NonNegativeIntegers, bounds=lambda m, i: (0, most[i]))
    x = model.x
    model.first = Constraint(expr=2 * x["a"] + 3 * x["b"] + x["c"] <= 5)
    model.second = Constraint(expr=4 * x["a"] + x["b"] + 2 * x["c"] <= 11)
    if "least" in changes:
        model.third = Constraint(expr=x["a"] >= changes["least"])
    compiled = compile_model(model, {"value": 5 * x["a"] + 4 * x["b"] + 3 * x["c"], "a": 1.0 * x["a"]})
    return compiled, compiled.quantities["value"]


def session_of(compiled, **options):
    return Session(compiled, clock=options.pop("clock", Clock(30.0)), **options)


def test_optimal_with_value_and_bound():
    compiled, value = knapsack()
    outcome = session_of(compiled).maximise(value)
    assert outcome.status == "optimal"
    assert outcome.value == pytest.approx(13) and outcome.bound == pytest.approx(13)
    assert outcome.columns == pytest.approx([2, 0, 1])


def test_minimising_is_maximising_the_negative():
    compiled, value = knapsack(least=1)
    outcome = session_of(compiled).maximise(-1.0 * value)
    assert outcome.value == pytest.approx(-5)


def test_a_constant_counts_in_value_and_bound():
    compiled, value = knapsack()
    shifted = type(value)(value.coefficients, 100.0)
    outcome = session_of(compiled).maximise(shifted)
    assert outcome.value == pytest.approx(113) and outcome.bound == pytest.approx(113)
    assert session_of(compiled).maximise(shifted, relaxed=True).value >= 113


def test_relaxation_is_no_worse_and_can_be_followed_by_the_integer_solve():
    compiled, value = knapsack()
    session = session_of(compiled)
    relaxed = session.maximise(value, relaxed=True)
    assert relaxed.status == "optimal" and relaxed.bound == relaxed.value >= 13
    assert session.maximise(value).value == pytest.approx(13)
    assert session.solves == 2


def test_objective_changes_in_place():
    compiled, value = knapsack()
    session = session_of(compiled)
    for factor in (1.0, 0.25, -1.0, 2.0):
        expected = 13 * factor if factor > 0 else 0.0
        assert session.maximise(factor * value).value == pytest.approx(expected)


def test_infeasible_and_unbounded_are_statuses():
    compiled, value = knapsack(least=9)
    outcome = session_of(compiled).maximise(value)
    assert outcome.status == "infeasible" and outcome.columns is None
    model = ConcreteModel()
    model.x = Var(domain=NonNegativeReals)
    model.some = Constraint(expr=model.x >= 1)
    free = compile_model(model, {"x": 1.0 * model.x})
    found = session_of(free).maximise(free.quantities["x"])
    assert found.status == "unbounded" and found.bound == np.inf
    assert session_of(free).maximise(-1.0 * free.quantities["x"]).value == pytest.approx(-1)


def test_bounds_of_columns_change_and_change_back():
    compiled, value = knapsack()
    session, place = session_of(compiled), np.array([0])
    assert session.maximise(value).value == pytest.approx(13)
    session.set_columns(place, np.array([0.0]), np.array([0.0]))
    assert session.maximise(value).value == pytest.approx(7)
    session.set_columns(place, np.array([3.0]), np.array([10.0]))
    assert session.maximise(value).status == "infeasible"
    session.set_columns(place, np.array([0.0]), np.array([10.0]))
    assert session.maximise(value).value == pytest.approx(13)


def test_an_added_row_binds_and_knows_the_constant():
    compiled, value = knapsack()
    session = session_of(compiled)
    shifted = type(value)(value.coefficients, 100.0)
    session.add_upper_row(shifted, 109.0)
    assert session.maximise(value).value == pytest.approx(9)


def test_held_columns_only_are_used_and_the_rest_is_zero():
    compiled, value = knapsack()
    session, rows = session_of(compiled), np.arange(2)
    session.hold(np.array([0, 1]), rows)
    outcome = session.maximise(value)
    assert outcome.columns.shape == (3,) and outcome.columns[2] == 0
    assert outcome.value == pytest.approx(10)
    session.set_columns(np.array([0]), np.array([0.0]), np.array([1.0]))
    assert session.maximise(value).value == pytest.approx(9)
    session.hold(np.arange(3), rows)
    assert session.maximise(value).value == pytest.approx(9)  # bounds changed before are remembered


def test_reduced_costs_follow_from_the_row_duals():
    small = small_model(4)
    session, produced = small.session(), small.quantities()[0]
    outcome = session.maximise(produced - 0.3 * small.quantities()[1], relaxed=True)
    reduced = (produced - 0.3 * small.quantities()[1]).coefficients - small.compiled.matrix.T @ session.row_duals()
    inside = (outcome.columns > 1e-7) & (outcome.columns < small.compiled.column_upper - 1e-7)
    assert np.abs(reduced[inside]).max(initial=0.0) < 1e-6


def test_start_is_used_as_first_incumbent():
    small = small_model(8)
    produced = small.quantities()[0]
    start = small.session().maximise(-1.0 * produced).columns
    outcome = small.session().maximise(produced, start=start)
    assert outcome.value == pytest.approx(small.points[:, 0].max())


@pytest.mark.parametrize("seed", range(6))
def test_values_agree_with_enumeration(seed):
    small = small_model(200 + seed)
    for index, quantity in enumerate(small.quantities()):
        session = small.session()
        assert session.maximise(quantity).value == pytest.approx(small.points[:, index].max(), rel=1e-7)
        assert -session.maximise(-1.0 * quantity).value == pytest.approx(small.points[:, index].min(), rel=1e-7)


def test_same_seed_same_columns():
    small = small_model(11)
    objective = small.quantities()[0] - 0.4 * small.quantities()[1]
    first, second = (small.session().maximise(objective).columns for _ in range(2))
    assert (first == second).all()


def test_a_refused_option_is_an_error():
    compiled, _ = knapsack()
    with pytest.raises(RuntimeError, match="refused"):
        session_of(compiled, threads=-5)


def test_a_model_without_integers_needs_no_search():
    model = ConcreteModel()
    model.x = Var("ab", domain=NonNegativeReals, bounds=(0, 1))
    model.sum = Constraint(expr=model.x["a"] + 2 * model.x["b"] <= 2)
    compiled = compile_model(model, {"v": model.x["a"] + model.x["b"]})
    outcome = session_of(compiled).maximise(compiled.quantities["v"])
    assert (outcome.status, outcome.nodes) == ("optimal", 0)
    assert outcome.value == outcome.bound == pytest.approx(1.5)


def hard_model(items=60, rows=12, seed=3):
    """A multidimensional knapsack that takes far longer than the tests wait."""
    rng = np.random.default_rng(seed)
    model = ConcreteModel()
    model.x = Var(range(items), domain=NonNegativeIntegers, bounds=(0, 3))
    weights = rng.integers(10, 1000, (rows, items))
    model.row = Constraint(
        range(rows), rule=lambda m, r: sum(int(weights[r, i]) * m.x[i] for i in range(items)) <= int(weights[r].sum())
    )
    worth = weights.sum(axis=0) / rows + rng.integers(0, 100, items)
    compiled = compile_model(model, {"v": sum(float(worth[i]) * model.x[i] for i in range(items))})
    return compiled, compiled.quantities["v"]


def test_time_limit_keeps_incumbent_and_bound():
    compiled, value = hard_model()
    outcome = session_of(compiled, clock=Clock(0.5)).maximise(value, absolute_gap=1e-6)
    assert outcome.status == "feasible"
    assert outcome.value <= outcome.bound < np.inf
    assert value.at(outcome.columns) == pytest.approx(outcome.value)
    assert (compiled.matrix @ outcome.columns <= compiled.row_upper + 1e-6).all()


def test_the_flag_stops_a_running_solve():
    compiled, value = hard_model()
    clock = Clock(60.0)
    stopper = threading.Timer(0.5, lambda: setattr(clock, "interrupted", True))
    stopper.start()
    outcome = session_of(compiled, clock=clock).maximise(value, absolute_gap=1e-6)
    stopper.join()
    assert clock.left_s > 10.0
    assert outcome.status in ("feasible", "no_solution")
    assert outcome.bound >= outcome.value


def test_progress_is_called_with_values_below_bounds():
    compiled, value = hard_model()
    seen = []
    session_of(compiled, clock=Clock(1.0)).maximise(
        value, absolute_gap=1e-6, progress=lambda *pair: seen.append(pair)
    )
    finite = [(primal, dual) for primal, dual in seen if abs(primal) < highspy.kHighsInf]
    assert finite and all(primal <= dual * (1 + 1e-9) for primal, dual in finite)


def test_clock():
    clock = Clock(100.0)
    assert 0 <= clock.elapsed_s < 50 < clock.left_s <= 100
    assert not clock.stopped
    clock.interrupted = True
    assert clock.stopped
    assert Clock(0.0).stopped and Clock(0.0).left_s == 0.0


def test_first_interrupt_sets_the_flag_and_the_second_is_final():
    clock = Clock(10.0)
    before = signal.getsignal(signal.SIGINT)
    with clock.catching_interrupts():
        signal.raise_signal(signal.SIGINT)
        assert clock.interrupted
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_leave_the_signals_alone():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with Clock(1.0).catching_interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
