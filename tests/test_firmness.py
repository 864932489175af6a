"""Firm MW of plants of independent units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exasite.models.catalog import load_catalog
from exasite.models.firmness import (
    expected_shortfall_mw,
    firm_line,
    firm_mw,
    firm_units,
    joint_target,
    paired_availability,
    portfolio_availability,
    units_needed,
)
from exasite.models.power import power_source


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


def every_outcome(portfolio: list[tuple[Plant, float]]) -> Iterator[tuple[float, float]]:
    """MW and probability of every combination of single units that work or not."""
    units = [
        (plant.unit_mw or count, plant.unit_availability)
        for plant, count in portfolio
        if plant.firm
        for _ in range(int(count) if plant.unit_mw else 1)
    ]
    for works in product((True, False), repeat=len(units)):
        chance = 1.0
        for (_, p), up in zip(units, works, strict=True):
            chance *= p if up else 1.0 - p
        yield sum(mw for (mw, _), up in zip(units, works, strict=True) if up), chance


sizes = st.sampled_from([7.5, 18.3, 40.0, 48.0, 62.123456789])
small_portfolios = st.lists(
    st.one_of(
        st.tuples(st.builds(Plant, sizes, working), st.integers(0, 3).map(float)),
        st.tuples(st.builds(Plant, st.just(0.0), working), st.floats(1.0, 100.0)),
        st.tuples(st.builds(Plant, sizes, working, st.just(False)), st.integers(0, 3).map(float)),
    ),
    max_size=4,
)


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


@settings(max_examples=60, deadline=None)
@given(small_portfolios, st.floats(0.0, 500.0))
def test_availability_and_shortfall_equal_the_sum_over_all_states(
    portfolio: list[tuple[Plant, float]], load: float
) -> None:
    states = list(every_outcome(portfolio))
    carried = sum(chance for mw, chance in states if mw >= load)
    if all(abs(mw - load) > 1e-4 for mw, _ in states):
        assert portfolio_availability(portfolio, load) == pytest.approx(carried, abs=1e-9)
    missing = sum(chance * max(0.0, load - mw) for mw, chance in states)
    assert float(expected_shortfall_mw(portfolio, load)) == pytest.approx(missing, abs=1e-5)


def test_availability_and_shortfall_agree_with_random_outages() -> None:
    portfolio = [(Plant(48.0, 0.955), 8), (Plant(18.3, 0.931), 12), (Plant(0.0, 0.98), 150.0)]
    random, draws, load = np.random.default_rng(0), 200_000, 640.0
    mw = sum(
        random.binomial(int(n) if p.unit_mw else 1, p.unit_availability, draws) * (p.unit_mw or n)
        for p, n in portfolio
    )
    carried, missing = np.asarray(mw >= load), np.maximum(0.0, load - mw)
    assert portfolio_availability(portfolio, load) == pytest.approx(
        carried.mean(), abs=5 * carried.std() / np.sqrt(draws)
    )
    assert float(expected_shortfall_mw(portfolio, load)) == pytest.approx(
        missing.mean(), abs=5 * missing.std() / np.sqrt(draws)
    )


@given(small_portfolios, st.floats(0.0, 500.0), st.floats(0.0, 500.0))
def test_shortfall_grows_with_load_by_no_more_than_the_load(
    portfolio: list[tuple[Plant, float]], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    small, large = expected_shortfall_mw(portfolio, [low, high])
    assert -1e-9 <= large - small <= high - low + 1e-9
    assert 0.0 <= small <= low


def test_shortfall_has_the_shape_of_the_load() -> None:
    portfolio = [(Plant(48.0, 0.955), 24), (Plant(18.3, 0.931), 20)]
    load = np.random.default_rng(1).uniform(0.0, 1600.0, (365, 24))
    found = expected_shortfall_mw(portfolio, load)
    assert found.shape == (365, 24)
    assert found[100, 7] == expected_shortfall_mw(portfolio, float(load[100, 7]))
    assert expected_shortfall_mw([], load).tolist() == load.tolist()
    installed = 24 * 48.0 + 20 * 18.3
    mean_mw = 24 * 48.0 * 0.955 + 20 * 18.3 * 0.931
    assert float(expected_shortfall_mw(portfolio, installed)) == pytest.approx(installed - mean_mw, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.5, 0.9999), st.lists(st.tuples(plants, st.integers(0, 30)), min_size=1, max_size=4))
def test_firm_mw_at_the_joint_target_add_up(target: float, portfolio: list[tuple[Plant, int]]) -> None:
    each = joint_target(target, len(portfolio))
    firm = sum(float(firm_mw(plant, count, each)) for plant, count in portfolio)
    assert portfolio_availability(portfolio, firm) >= target - 1e-9


def test_firm_mw_at_the_plain_target_need_not_add_up() -> None:
    lines = [(Plant(0.0, 0.9993), 100.0), (Plant(0.0, 0.9993), 100.0)]
    plain, joint = (sum(float(firm_mw(p, mw, a)) for p, mw in lines) for a in (0.999, joint_target(0.999, 2)))
    assert (plain, joint) == (200.0, 0.0)
    assert portfolio_availability(lines, plain) == pytest.approx(0.9993**2)
    assert 0.9993**2 < 0.999


@given(targets, st.floats(0.0, 1.0))
def test_grid_or_standby_carry_the_load(target: float, grid: float) -> None:
    standby = paired_availability(target, grid)
    assert 0.0 <= standby <= target + 1e-12
    assert 1.0 - (1.0 - grid) * (1.0 - standby) >= target - 1e-12
    if standby > 0.0:
        assert (1.0 - grid) * (1.0 - standby) == pytest.approx(1.0 - target)
    else:
        assert grid >= target


def test_a_paired_standby_is_a_portfolio_of_two() -> None:
    standby = paired_availability(0.9999, 0.999)
    assert standby == pytest.approx(0.9)
    both = [(Plant(0.0, 0.999), 100.0), (Plant(0.0, standby), 100.0)]
    assert portfolio_availability(both, 100.0) == pytest.approx(0.9999)


# installed over load for a firm 1 GW at 99.9 % from units of one size, counted apart from this code
@pytest.mark.parametrize(("source_id", "size_mw", "ratio"), [
    ("sofc", 10.0, 1.10),
    ("gas_recip", 4.5, 1.14),
    ("gas_recip", 18.3, 1.23),
    ("gas_ct_aero", 48.0, 1.25),
    ("gas_ct_frame", 237.0, 1.90),
    ("gas_cc", 355.0, 2.13),
    ("gas_cc", 627.0, 2.51),
])  # fmt: skip
def test_installed_over_load_of_a_firm_gigawatt(source_id: str, size_mw: float, ratio: float) -> None:
    plant = Plant(size_mw, power_source(load_catalog(), source_id).availability)
    units = units_needed(plant, 1000.0, 0.999)
    assert units * size_mw / 1000.0 == pytest.approx(ratio, abs=0.005)
    assert portfolio_availability([(plant, units)], 1000.0) >= 0.999 > portfolio_availability([(plant, units - 1)], 1000.0)


def test_sources_that_do_not_count_give_nothing() -> None:
    solar = Plant(0.0, 0.99, firm=False)
    assert float(expected_shortfall_mw([(solar, 100.0)], 40.0)) == 40.0
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
    with pytest.raises(ValueError, match="kinds"):
        joint_target(0.999, 0)
    with pytest.raises(ValueError, match="grid"):
        paired_availability(0.999, 1.2)
    for refused in (0.0, 1.0):
        with pytest.raises(ValueError, match="wanted availability"):
            joint_target(refused, 2)
        with pytest.raises(ValueError, match="wanted availability"):
            paired_availability(refused, 0.9)
