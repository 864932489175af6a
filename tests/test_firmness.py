"""Firm MW of plants of independent units."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exasite.models.firmness import firm_line, firm_mw, firm_units, portfolio_availability, units_needed


@dataclass(frozen=True)
class Plant:
    unit_mw: float = 50.0
    unit_availability: float = 0.95
    firm: bool = True


unit_mw = st.floats(0.5, 1500.0)
working = st.floats(0.5, 0.999)
targets = st.floats(0.5, 0.9999)
plants = st.builds(Plant, unit_mw, working)


def exact_firm_units(n: int, p: float, target: float) -> int:
    """Largest k with P(at least k of n work) >= target, by direct summation."""
    chance = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    return max(k for k in range(n + 1) if sum(chance[k:]) >= target - 1e-15)


@pytest.mark.parametrize("p", [0.7, 0.931, 0.955, 0.99])
@pytest.mark.parametrize("target", [0.9, 0.99, 0.999, 0.9999])
def test_firm_units_equal_direct_summation(p: float, target: float) -> None:
    counts = np.arange(41)
    assert firm_units(counts, p, target).tolist() == [exact_firm_units(n, p, target) for n in counts]


@given(plants, targets)
def test_firm_mw_never_falls_with_units_and_never_exceeds_installed(plant: Plant, target: float) -> None:
    counts = np.arange(200)
    firm = firm_mw(plant, counts, target)
    assert (np.diff(firm) >= 0).all()
    assert (firm <= plant.unit_mw * counts).all()
    assert firm[0] == 0.0


@given(plants, targets, targets)
def test_higher_availability_never_yields_more(plant: Plant, one: float, other: float) -> None:
    counts = np.arange(60)
    low, high = sorted((one, other))
    assert (firm_mw(plant, counts, high) <= firm_mw(plant, counts, low)).all()


@given(plants, targets, targets, st.floats(1.0, 3000.0))
def test_higher_availability_never_needs_fewer_units(
    plant: Plant, one: float, other: float, load: float
) -> None:
    low, high = sorted((one, other))
    assert units_needed(plant, load, high) >= units_needed(plant, load, low)


@given(plants, targets, st.floats(1.0, 3000.0))
def test_units_needed_are_enough_and_the_fewest(plant: Plant, target: float, load: float) -> None:
    needed = units_needed(plant, load, target)
    working_units = np.ceil(load / plant.unit_mw - 1e-9)
    assert firm_units(needed, plant.unit_availability, target) >= working_units
    assert firm_units(needed - 1, plant.unit_availability, target) < working_units


@settings(max_examples=60, deadline=None)
@given(plants, targets, st.floats(1.0, 3000.0))
def test_firm_line_is_safe_and_touches(plant: Plant, target: float, load: float) -> None:
    line = firm_line(plant, load, target)
    counts = np.arange(3 * line.units + 10)
    promised = line.mw_per_unit * counts - line.offset_mw
    firm = firm_mw(plant, counts, target)
    assert (promised <= firm + 1e-6 * plant.unit_mw).all()
    assert np.isclose(promised, firm, atol=1e-6 * plant.unit_mw).any()
    assert 0.0 <= line.mw_per_unit <= plant.unit_mw * (1 + 1e-9)
    assert line.offset_mw >= -1e-9
    assert line.spare_units >= 0


@given(st.integers(1, 60), working, targets)
def test_portfolio_of_one_plant_is_the_binomial(units: int, p: float, target: float) -> None:
    plant = Plant(10.0, p)
    firm = float(firm_mw(plant, units, target))
    assert portfolio_availability([(plant, units)], firm) >= target - 1e-9
    assert portfolio_availability([(plant, units)], firm + 10.0) < target + 1e-9


def test_portfolio_of_two_plants_equals_enumeration() -> None:
    a, b = Plant(50.0, 0.95), Plant(30.0, 0.9)
    expected = sum(
        comb(3, i) * 0.95**i * 0.05 ** (3 - i) * comb(2, j) * 0.9**j * 0.1 ** (2 - j)
        for i in range(4)
        for j in range(3)
        if 50 * i + 30 * j >= 130
    )
    assert portfolio_availability([(a, 3), (b, 2)], 130.0) == pytest.approx(expected, rel=1e-12)


@given(st.integers(0, 20), st.integers(0, 20), st.floats(1.0, 1500.0))
def test_another_plant_never_lowers_the_availability(first: int, second: int, load: float) -> None:
    a, b = Plant(50.0, 0.95), Plant(31.7, 0.9)
    alone = portfolio_availability([(a, first)], load)
    together = portfolio_availability([(a, first), (b, second)], load)
    assert together >= alone - 1e-9
    assert 0.0 <= together <= 1.0


def test_sources_that_do_not_count_give_nothing() -> None:
    solar = Plant(0.0, 0.99, firm=False)
    assert firm_mw(solar, [0, 100], 0.999).tolist() == [0.0, 0.0]
    assert firm_line(solar, 100.0, 0.999).mw_per_unit == 0.0
    assert portfolio_availability([(solar, 100.0)], 1.0) == 0.0


def test_a_source_of_any_size_is_all_there_or_not_at_all() -> None:
    grid = Plant(0.0, 0.9997)
    assert firm_mw(grid, [0, 150], 0.999).tolist() == [0.0, 150.0]
    assert firm_mw(grid, [0, 150], 0.9999).tolist() == [0.0, 0.0]
    assert portfolio_availability([(grid, 150.0)], 150.0) == pytest.approx(0.9997)
    assert firm_line(grid, 150.0, 0.999).mw_per_unit == 1.0


def test_perfect_units_need_no_spare() -> None:
    perfect = Plant(50.0, 1.0)
    assert units_needed(perfect, 1000.0, 0.999) == 20
    assert firm_mw(perfect, 20, 0.999) == 1000.0


@pytest.mark.parametrize(("p", "target"), [(0.0, 0.9), (1.1, 0.9), (0.9, 0.0), (0.9, 1.0)])
def test_probabilities_out_of_range_are_refused(p: float, target: float) -> None:
    with pytest.raises(ValueError, match="availability"):
        firm_units(3, p, target)


def test_wrong_counts_and_sources_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        firm_units(-1, 0.9, 0.9)
    with pytest.raises(ValueError, match="firm source"):
        units_needed(Plant(0.0), 10.0, 0.9)
    assert units_needed(Plant(), 0.0, 0.9) == 0
