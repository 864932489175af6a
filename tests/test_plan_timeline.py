"""Dates: the critical path against an independent longest path, order of tasks, agreement with the result, cash."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_results import SAVED, SMALL, plan, result

import exasite
from exasite.plans.critical_path import Work, critical_path, is_critical, windows


@st.composite
def graphs(draw):
    """Tasks 0 ... n-1, each after some of those before it."""
    n = draw(st.integers(1, 12))
    weeks = draw(st.lists(st.one_of(st.just(0.0), st.floats(0, 200)), min_size=n, max_size=n))
    return {
        str(k): Work(weeks[k], tuple(sorted(draw(st.sets(st.integers(0, k - 1).map(str), max_size=4))) if k else ()))
        for k in range(n)
    }


def longest(tasks, name):
    """Length of the longest chain that ends with a task, by plain recursion."""

    @cache
    def length(at):
        return tasks[at].weeks + max((length(before) for before in tasks[at].after), default=0.0)

    return length(name)


def chains(tasks, name):
    """Every chain of tasks that ends with one."""
    if not tasks[name].after:
        return [(name,)]
    return [(*chain, name) for before in tasks[name].after for chain in chains(tasks, before)]


@given(graphs())
def test_the_critical_path_is_the_longest_path(tasks):
    goal = str(len(tasks) - 1)
    found = windows(tasks, [goal])
    assert found[goal].end == pytest.approx(longest(tasks, goal))
    path = critical_path(tasks, found, goal)
    assert path in chains(tasks, goal)
    assert sum(tasks[name].weeks for name in path) == pytest.approx(found[goal].end, abs=1e-5 * len(path))
    assert all(is_critical(found[name]) for name in path)


@given(graphs())
def test_no_task_starts_before_its_predecessors_end(tasks):
    goal = str(len(tasks) - 1)
    found, leading = windows(tasks, [goal]), {name for chain in chains(tasks, goal) for name in chain}
    for name, work in tasks.items():
        assert found[name].end == found[name].start + work.weeks
        for before in work.after:
            assert found[name].start >= found[before].end
            if (name in leading) or (before not in leading):
                assert found[name].latest_start >= found[before].latest_end - 1e-9
        assert found[name].latest_start >= found[name].start - 1e-6


@given(graphs(), st.integers(0, 11), st.floats(0, 300))
def test_slack_is_what_a_task_may_slip(tasks, which, delay):
    name, goal = str(which % len(tasks)), str(len(tasks) - 1)
    found = windows(tasks, [goal])
    slower = {**tasks, name: Work(tasks[name].weeks + delay, tasks[name].after)}
    late = windows(slower, [goal])[goal].end - found[goal].end
    leads = any(name in chain for chain in chains(tasks, goal))
    assert late == pytest.approx(max(0.0, delay - found[name].slack) if leads else 0.0, abs=1e-5)


def test_circles_and_unknown_tasks_are_refused():
    with pytest.raises(ValueError, match="circle"):
        windows({"a": Work(1, ("b",)), "b": Work(1, ("a",))}, ["a"])
    with pytest.raises(ValueError, match="'c'"):
        windows({"a": Work(1, ("c",))}, ["a"])
    with pytest.raises(ValueError, match="'z'"):
        windows({"a": Work(1)}, ["z"])


@pytest.mark.parametrize("name", (SMALL, *SAVED))
def test_the_dates_are_those_of_the_result(name):
    made, found = plan(name), result(name)
    for at, site in zip(made.timelines, found.sites, strict=True):
        assert at.online_date == site.online_date and at.difference_days == 0
        assert at.full_power_date == site.full_power_date
    assert made.header.online_date == found.totals.online_date


@pytest.mark.parametrize("name", (SMALL, *SAVED))
def test_tasks_of_a_plan_keep_their_order(name):
    tasks = {task.id: task for task in plan(name).tasks}
    for task in tasks.values():
        for before in task.after:
            assert task.start_date >= tasks[before].end_date and task.start_week >= tasks[before].end_week - 1e-9
        assert task.weeks_low <= task.weeks <= task.weeks_high + 1e-9
        assert task.critical == (task.slack_weeks <= 1e-6)


@pytest.mark.parametrize("name", (SMALL, *SAVED))
def test_servers_are_paid_when_they_must_be_there(name):
    made = plan(name)
    first = min(t.latest_start_date for t in made.tasks if t.id.endswith(".servers"))
    last = max(at.online_date for at in made.timelines)
    paid = [q.quarter for q in made.cash if q.lines_usd.get("servers")]
    assert paid[0] >= quarter_of(first) and paid[-1] <= quarter_of(last)


def quarter_of(day):
    return f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}"


@pytest.mark.parametrize("name", (SMALL, *SAVED))
def test_every_row_of_the_bill_is_delivered_by_a_task(name):
    tasks = {task.id for task in plan(name).tasks}
    for row in plan(name).bill:
        assert not row.lead or f"{row.site}.{row.lead}" in tasks, row
        assert row.lead or row.line in ("soft", "contingency", "utility") or row.basis == "remainder"


def test_another_start_moves_every_date_and_nothing_else():
    base, late = plan("off-grid-campus"), exasite.plan(result("off-grid-campus"), start="2027-01-01")
    shift = date(2027, 1, 1) - date.fromisoformat(base.header.start_date)
    for before, after in zip(base.tasks, late.tasks, strict=True):
        assert before.start_week == after.start_week and before.slack_weeks == after.slack_weeks
        assert date.fromisoformat(after.end_date) - date.fromisoformat(before.end_date) == shift
    assert late.total_usd == base.total_usd and "moved" in late.timelines[0].explanation


def test_equipment_slower_than_the_building_delays_the_plan_and_is_named():
    short = exasite.plan(SMALL, ["catalog.schedule.facility_build.duration_weeks=26", "sites.0.grid_wait_years=0.25"])
    at = short.timelines[0]
    assert at.difference_days > 0 and "transformers" in at.explanation
    task = next(t for t in short.tasks if t.id.endswith(".transformer_distribution"))
    assert task.critical and task.id in at.critical_path


@pytest.mark.parametrize("name", (SMALL, *SAVED))
def test_the_cash_flow_is_the_bill_spread_over_time(name):
    made = plan(name)
    assert sum(round(q.total_usd * 100) for q in made.cash) == round(made.total_usd * 100)
    assert made.cash[-1].cumulative_usd == pytest.approx(made.total_usd, abs=0.001)
    for quarter in made.cash:
        assert sum(quarter.lines_usd.values()) == pytest.approx(quarter.total_usd, abs=0.01)
    by_line = {}
    for row in made.bill:
        by_line[row.line] = by_line.get(row.line, 0.0) + row.total_usd
    for line, usd in by_line.items():
        assert sum(q.lines_usd.get(line, 0.0) for q in made.cash) == pytest.approx(usd, abs=0.05)
    first, last = made.header.start_date, max(at.full_power_date for at in made.timelines)
    quarters = [q.quarter for q in made.cash]
    assert quarters == sorted(quarters) and len(set(quarters)) == len(quarters)
    assert quarters[0] >= f"{first[:4]}-Q1" and quarters[-1] <= f"{last[:4]}-Q4"
