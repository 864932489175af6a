"""Translation of Pyomo models into arrays, and linear functions of the columns."""

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.environ import Binary, ConcreteModel, Constraint, NonNegativeIntegers, Reals, Var, value

from exasite.compiled import Linear, compile_model

numbers = st.floats(-1e3, 1e3, allow_nan=False)
vectors = st.lists(numbers, min_size=3, max_size=3).map(np.array)
linears = st.builds(Linear, vectors, numbers)


@settings(max_examples=100, deadline=None)
@given(linears, linears, numbers, vectors)
def test_arithmetic_of_linear_functions_is_that_of_their_values(f, g, factor, x):
    near = pytest.approx
    assert (f + g).at(x) == near(f.at(x) + g.at(x), abs=1e-6)
    assert (f - g).at(x) == near(f.at(x) - g.at(x), abs=1e-6)
    assert (f * factor).at(x) == near(factor * f.at(x), abs=1e-4)
    assert (factor * f).at(x) == (f * factor).at(x)
    assert f.at(np.zeros(3)) == f.constant


def example():
    model = ConcreteModel()
    model.n = Var(domain=NonNegativeIntegers, bounds=(1, 7))
    model.z = Var(domain=Binary)
    model.x = Var(domain=Reals)
    model.least = Constraint(expr=model.n + model.x >= 2)
    model.most = Constraint(expr=model.n - model.z <= 5)
    model.equal = Constraint(expr=model.n + 2 * model.z + model.x == 6 + model.z)
    model.ranged = Constraint(expr=(-3, model.x - 1, 4))
    return model, {"first": 2 * model.n + 3 * model.z - 4, "second": model.x + 0.5 * model.n}


def columns_of(compiled):
    return {v.name: i for i, v in enumerate(compiled.variables)}


def test_columns_have_bounds_and_kinds():
    compiled = compile_model(*example())
    at = columns_of(compiled)
    assert (compiled.column_lower[at["n"]], compiled.column_upper[at["n"]]) == (1, 7)
    assert (compiled.column_lower[at["z"]], compiled.column_upper[at["z"]]) == (0, 1)
    assert (compiled.column_lower[at["x"]], compiled.column_upper[at["x"]]) == (-np.inf, np.inf)
    assert [bool(compiled.integer[at[name]]) for name in "nzx"] == [True, True, False]


def sides(compiled, name):
    """Smallest lower and largest upper side of the rows of a constraint, which may take two rows."""
    rows = [i for i, row in enumerate(compiled.row_names) if row == name]
    lower = max(compiled.row_lower[rows])
    return lower, min(compiled.row_upper[rows])


def test_rows_have_both_sides_and_names():
    compiled = compile_model(*example())
    assert set(compiled.row_names) == {"least", "most", "equal", "ranged"}
    assert sides(compiled, "least") == (2, np.inf)
    assert sides(compiled, "most") == (-np.inf, 5)
    assert sides(compiled, "equal") == (6, 6)
    assert sides(compiled, "ranged") == (-2, 5)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 7), st.integers(0, 1), st.floats(-10, 10))
def test_rows_and_quantities_have_the_values_of_the_model(n, z, x):
    model, quantities = example()
    compiled = compile_model(model, quantities)
    point = np.zeros(3)
    for name, entry in zip("nzx", (n, z, x), strict=True):
        point[columns_of(compiled)[name]] = entry
    compiled.load(point)
    for name, expression in quantities.items():
        assert compiled.quantities[name].at(point) == pytest.approx(value(expression))
    for activity, name, low, high in zip(
        compiled.matrix @ point, compiled.row_names, compiled.row_lower, compiled.row_upper, strict=True
    ):
        constraint = model.component(name)
        shift = value(constraint.body) - activity  # constants moved to the right-hand side
        if np.isfinite(low):
            assert value(constraint.lower) - shift == pytest.approx(low)
        if np.isfinite(high):
            assert value(constraint.upper) - shift == pytest.approx(high)


def test_loading_rounds_whole_numbers_and_keeps_the_rest():
    model, quantities = example()
    compiled = compile_model(model, quantities)
    at, point = columns_of(compiled), np.zeros(3)
    point[at["n"]], point[at["z"]], point[at["x"]] = 3.0000004, 0.9999999, 1.25
    compiled.load(point)
    assert (value(model.n), value(model.z), value(model.x)) == (3, 1, 1.25)


def test_the_garbage_collector_is_on_again_also_after_an_error():
    compile_model(*example())
    assert gc.isenabled()
    model = ConcreteModel()
    model.x = Var()
    model.square = Constraint(expr=model.x**2 <= 1)
    with pytest.raises(ValueError, match="linear"):
        compile_model(model, {"x": 1.0 * model.x})
    assert gc.isenabled()


def test_a_quantity_that_is_not_linear_is_refused():
    model = ConcreteModel()
    model.x = Var()
    model.cap = Constraint(expr=model.x <= 1)
    with pytest.raises(ValueError, match=r"(?i)linear"):
        compile_model(model, {"x": model.x**2})
