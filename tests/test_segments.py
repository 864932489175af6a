"""Segments: chords within tolerance, cells complete, dominance never drops a best point."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exasite.segments import Segment, join_cells, size_grid, surviving_cells


def test_grid_has_both_sides_of_every_jump_and_both_ends():
    grid = size_grid(10, 1000, np.array([64, 2000]))
    assert grid[0] == 10 and grid[-1] == 1000
    assert {64, 65} <= set(grid.tolist())
    assert (np.diff(grid) > 0).all()


def test_grid_of_one_size_has_one_point():
    assert size_grid(7, 7, np.array([3])).tolist() == [7]


def test_grid_refuses_reversed_bounds():
    with pytest.raises(ValueError, match="exceeds"):
        size_grid(5, 4, np.array([]))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.2, 0.99), st.floats(1e-4, 1e-2), st.integers(1, 50), st.integers(60, 5000))
def test_joined_chords_stay_within_the_tolerance(power, tolerance, lower, upper):
    grid = size_grid(lower, upper, np.array([55]))
    curves = np.stack([grid**power, 3.0 * grid + (grid > 55) * 100.0])
    segments = join_cells(grid, curves, np.ones(len(grid) - 1, dtype=bool), tolerance)
    assert segments[0].first == 0 and segments[-1].last == len(grid) - 1
    assert all(a.last == b.first for a, b in pairwise(segments))
    for segment in segments:
        inside = slice(segment.first, segment.last + 1)
        chord = np.stack([np.interp(grid[inside], grid[[segment.first, segment.last]], row[[segment.first, segment.last]])
                          for row in curves])  # fmt: skip
        assert (np.abs(chord - curves[:, inside]) <= tolerance * np.abs(curves[:, inside]) * (1 + 1e-9)).all()


def test_dead_cells_are_left_out():
    grid = np.array([1, 2, 4, 8])
    curves = grid[None, :].astype(float)
    assert join_cells(grid, curves, np.array([True, False, True]), 1e-3) == [Segment(0, 1), Segment(2, 3)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_dominance_keeps_a_best_configuration_for_every_weighting(seed):
    rng = np.random.default_rng(seed)
    curves = rng.integers(0, 5, (8, 3, 4)).astype(float)
    visible = rng.random((8, 4)) > 0.1
    alive = surviving_cells(curves, visible)
    exists = visible[:, :-1] & visible[:, 1:]
    assert not (alive & ~exists).any()
    for _ in range(20):
        weights, at = rng.random(3), rng.random()
        for cell in range(3):
            values = curves[:, :, cell] * (1 - at) + curves[:, :, cell + 1] * at
            scores = values @ weights
            if exists[:, cell].any():
                best = scores[exists[:, cell]].min()
                assert scores[alive[:, cell]].min() <= best + 1e-9


def test_of_equal_configurations_exactly_one_stays():
    curves = np.ones((3, 2, 2))
    assert surviving_cells(curves, np.ones((3, 2), dtype=bool)).sum() == 1
