"""One translation of a Pyomo model into arrays: everything the solver session needs, and the way back.

Pyomo is the language of the formulation; its own solver interfaces cost more than the build and hide
bounds and incumbents, so the model is compiled once and the solver works on the arrays.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.environ import ConcreteModel, Constraint, Objective, SolverFactory, Var  # noqa: F401  (registers the compiler)
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler


@dataclass(frozen=True)
class Linear:
    """A linear function of the columns: coefficients [columns] and a constant."""

    coefficients: np.ndarray
    constant: float

    def at(self, columns: np.ndarray) -> float:
        return float(self.coefficients @ columns) + self.constant

    def __add__(self, other: Linear) -> Linear:
        return Linear(self.coefficients + other.coefficients, self.constant + other.constant)

    def __mul__(self, factor: float) -> Linear:
        return Linear(self.coefficients * factor, self.constant * factor)

    def __sub__(self, other: Linear) -> Linear:
        return self + other * -1.0

    __rmul__ = __mul__


@dataclass(frozen=True)
class CompiledModel:
    """Rows `row_lower <= matrix @ x <= row_upper`, columns with bounds, and the named quantities of the model."""

    matrix: Any  # scipy.sparse CSR [rows x columns]
    row_lower: np.ndarray
    row_upper: np.ndarray
    row_names: tuple[str, ...]
    column_lower: np.ndarray
    column_upper: np.ndarray
    integer: np.ndarray
    variables: tuple[Any, ...]
    quantities: Mapping[str, Linear]

    def load(self, columns: np.ndarray) -> None:
        """Put a solution into the Pyomo variables; integers are rounded to whole numbers."""
        values = np.where(self.integer, np.round(columns), columns)
        for variable, value in zip(self.variables, values.tolist(), strict=True):
            variable.set_value(value, skip_validation=True)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the garbage collector: building thousands of small objects otherwise triggers it again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def warm_up() -> None:
    """Translate a model of one variable: all that the first translation imports is there then."""
    model = ConcreteModel()
    model.x = Var(bounds=(0, 1))
    model.row = Constraint(expr=model.x <= 1)
    compile_model(model, {"x": model.x})


def compile_model(model: ConcreteModel, quantities: Mapping[str, Any]) -> CompiledModel:
    """Compile a linear Pyomo model; `quantities` are the named expressions objectives are made of.

    Raises ValueError if the model or a quantity is not linear.
    """
    for name, expression in quantities.items():
        model.add_component(f"quantity_{name}", Objective(expr=expression))
    with _collector_paused():
        form = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=None)
    columns = tuple(form.columns)
    lower = np.array([-np.inf if v.lb is None else v.lb for v in columns])
    upper = np.array([np.inf if v.ub is None else v.ub for v in columns])
    kinds = np.array([row.bound_type for row in form.rows], dtype=int)
    rhs = np.asarray(form.rhs, dtype=float)
    weights, offsets = form.c.toarray(), np.asarray(form.c_offset, dtype=float)
    return CompiledModel(
        matrix=form.A.tocsr(),
        row_lower=np.where(kinds <= 0, rhs, -np.inf),
        row_upper=np.where(kinds >= 0, rhs, np.inf),
        row_names=tuple(row.constraint.name for row in form.rows),
        column_lower=lower,
        column_upper=upper,
        integer=np.array([v.is_integer() or v.is_binary() for v in columns], dtype=bool),
        variables=columns,
        quantities={name: Linear(weights[i], offsets[i]) for i, name in enumerate(quantities)},
    )
