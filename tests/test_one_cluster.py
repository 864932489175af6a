"""Questions of one cluster, searched segment by segment: the optimum of enumeration, whatever was solved before."""

from dataclasses import replace

import numpy as np
import pytest
from brute_force import HOURS, designs, random_options
from test_brute_force import FLOP_PER_TOKEN, GAP, LIFE_YEARS, allowed, question, values_of

from exasite import Workbench, load_instance, solve
from exasite.instance.schema import Instance
from exasite.memory import Memory, fingerprint
from exasite.one_cluster import Asked, SegmentSearch
from exasite.screening import builds_one_cluster
from exasite.session import Clock

OBJECTIVES = (
    {"maximize": "efficiency"},
    {"maximize": "efficiency", "weights": {"capex": 0.15}},
    {"maximize": "exaflops_per_capex"},
    {"maximize": "exaflops_per_watt"},
)


def one_cluster(seed):
    """Random choices with one site and one cluster; every other one with segments of one size only."""
    options = random_options(seed)
    site = replace(options.sites[0], max_clusters=1)
    if seed % 2:
        table = site.segments
        site = replace(site, segments=replace(table, upper=table.lower.copy()))
    return replace(options, sites=(site,))


def asked(instance, options, clock=None):
    return Asked(instance, options, FLOP_PER_TOKEN, LIFE_YEARS, clock or Clock(60.0), Memory())


@pytest.mark.parametrize("seed", range(200, 224))
def test_agrees_with_enumeration(seed):
    options = one_cluster(seed)
    wanted = question(seed, designs(options))
    total = designs(options, wanted["limit"])
    for objective in OBJECTIVES:
        instance = Instance.model_validate({**wanted, "objective": objective})
        assert builds_one_cluster(instance, options)
        found = SegmentSearch(asked(instance, options), GAP).objective()
        good, values = allowed(instance, total), values_of(instance.objective, total)
        if not good.any():
            assert found.status == "infeasible" and not found.is_design
            continue
        assert found.status == "optimal"
        assert found.value == pytest.approx(values[good].max(), rel=1e-6)
        assert found.bound >= values[good].max() * (1 - 1e-7)


@pytest.mark.parametrize("seed", range(230, 240))
def test_no_segment_is_worth_more_than_its_bound(seed):
    options = one_cluster(seed)
    instance = Instance.model_validate({"objective": {"maximize": "exaflops_per_capex"}})
    search = SegmentSearch(asked(instance, options), GAP)
    bounds, order = search._figures(search.asked.bounds), list(range(len(search.asked.bounds)))
    for j in order:
        found = search._own_objective(j, order)
        assert not found.is_design or found.value <= bounds[j] * (1 + 1e-9)


def test_a_stop_keeps_a_valid_bound():
    options = one_cluster(201)
    instance = Instance.model_validate({"objective": {"maximize": "efficiency"}})
    best = SegmentSearch(asked(instance, options), GAP).objective()
    clock = Clock(60.0)
    clock.interrupted = True
    stopped = SegmentSearch(asked(instance, options, clock), GAP).objective()
    assert not stopped.is_design and stopped.status == "no_solution"
    assert stopped.bound >= best.value * (1 - 1e-9)


SETS = (
    (),
    ("catalog.accelerators.H100-SXM.price_usd=28000",),
    ("scale.failure_rate=1.5",),
    ("sites.0.grid_limit_mw=120",),
    ("objective.weights.capex=0.9",),
    (),
)


def test_a_workbench_gives_the_very_answers_of_solve_in_any_order():
    questions = [load_instance("memphis-100k", sets) for sets in SETS]
    forward, backward = Workbench(), Workbench()
    answers = [forward.solve(one) for one in questions]
    reversed_answers = [backward.solve(one) for one in reversed(questions)][::-1]
    alone = [solve(one) for one in questions]
    for a, b, c in zip(answers, reversed_answers, alone, strict=True):
        for part in ("status", "objective", "totals", "sites", "check"):
            assert getattr(a, part) == getattr(b, part) == getattr(c, part)


def test_fingerprints_tell_values_apart():
    arrays = [np.zeros(3), np.zeros((3, 1)), np.zeros(3, dtype=int), np.ones(3)]
    assert len({fingerprint(a) for a in arrays}) == len(arrays)
    assert fingerprint(1, "a", None) != fingerprint(1, "a", 0)
    assert fingerprint([1, 2], [3]) != fingerprint([1], [2, 3])
    assert fingerprint({"a": 1.0}) == fingerprint({"a": 1.0})
    with pytest.raises(TypeError):
        fingerprint(object())


def test_memory_forgets_the_oldest_and_keeps_only_what_is_final():
    memory, made = Memory(most=2), []

    def recalled(name, value=1):
        return memory.recall(name, lambda: made.append(name) or value)

    recalled("a"), recalled("b"), recalled("a"), recalled("c"), recalled("a"), recalled("b")
    assert made == ["a", "b", "c", "b"]
    memory.recall("x", lambda: made.append("x") or 0)
    memory.recall("x", lambda: made.append("x") or 0)
    assert made[-2:] == ["x", "x"]


def test_hours_are_those_of_the_year():
    assert HOURS == 8760.0


def test_an_interrupted_workbench_stops_its_searches():
    clock = Clock()
    bench = Workbench(clock=clock)
    assert bench.solve(load_instance("hopper-16k")).status == "optimal"
    clock.interrupted = True
    assert bench.solve(load_instance("memphis-100k")).status == "no_design"
