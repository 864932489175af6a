"""When the capex falls due: every row of the bill spread over the task that delivers it, summed by quarter.

Equipment is paid evenly from its order to its delivery, works over their time, land at the decision, servers in the
weeks before they are needed at the latest. The catalogue has no terms of payment: this is a convention.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from exasite.plans.cents import cents
from exasite.plans.records import BillItem, Quarter, Task
from exasite.plans.timeline import DECISION, FIT_OUT, INSTALL, ONLINE, SERVERS, SHELL, TEST, WEEKS_TO_YEARS
from exasite.setting import date_after

_CENTS = 100
_EQUIPMENT = ("servers", "spares", "network", "storage")
_PLANT = ("electrical", "mechanical")


def cash_flow(bill: Sequence[BillItem], tasks: Sequence[Task], start: date) -> tuple[Quarter, ...]:
    """Capex by quarter and line; the quarters add up to the bill to the cent."""
    by_id = {task.id: task for task in tasks}
    due: dict[str, dict[str, int]] = {}
    for row in bill:
        for quarter, amount in _spread(cents(row.total_usd), *_window(row, by_id, start)):
            lines = due.setdefault(quarter, {})
            lines[row.line] = lines.get(row.line, 0) + amount
    found, booked = [], 0
    for quarter in _quarters(due):
        lines = due.get(quarter, {})
        total = sum(lines.values())
        booked += total
        found.append(
            Quarter(
                quarter=quarter,
                lines_usd={line: amount / _CENTS for line, amount in lines.items() if amount},
                total_usd=total / _CENTS,
                cumulative_usd=booked / _CENTS,
            )
        )
    return tuple(found)


def _window(row: BillItem, tasks: Mapping[str, Task], start: date) -> tuple[date, date]:
    """First and last day on which a row is paid."""
    first, last = _weeks(row, tasks)
    return date_after(start, first * WEEKS_TO_YEARS), date_after(start, last * WEEKS_TO_YEARS)


def _weeks(row: BillItem, tasks: Mapping[str, Task]) -> tuple[float, float]:
    """First and last week in which a row is paid."""

    def task(name: str) -> Task:
        return tasks[f"{row.site}.{name}"]

    power = f"{row.site}.power_{row.part}"
    if row.line == "land":
        found = (task(DECISION).start_week, task(DECISION).start_week)
    elif row.line in _EQUIPMENT:
        # the servers are the largest bill and are paid no sooner than they must be there
        installed = task(INSTALL)
        found = (task(SERVERS).latest_start_week, installed.latest_start_week + installed.weeks)
    elif power in tasks:
        found = (tasks[power].start_week, tasks[power].end_week)
    elif row.line in _PLANT or row.line == SHELL:
        first = task(row.lead) if f"{row.site}.{row.lead}" in tasks and row.lead != FIT_OUT else task(SHELL)
        found = (first.start_week, task(FIT_OUT).end_week)
    elif row.part.startswith("cluster"):
        found = (task(SHELL).start_week, task(TEST).end_week)
    else:
        found = (0.0, task(ONLINE).end_week)
    return found


def _spread(amount: int, first: date, last: date) -> Iterator[tuple[str, int]]:
    """Cents by quarter, even over the days from `first` to `last`."""
    days = (last - first).days
    if days <= 0:
        yield _name(first), amount
        return
    booked, at = 0, first
    while at < last:
        end = min(_next(at), last)
        part = round(amount * (end - first).days / days) - booked
        booked += part
        yield _name(at), part
        at = end


def _name(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _next(day: date) -> date:
    """First day of the next quarter."""
    month = 3 * ((day.month + 2) // 3) + 1
    return date(day.year + 1, 1, 1) if month > 12 else date(day.year, month, 1)


def _quarters(due: Mapping[str, object]) -> list[str]:
    """All quarters from the first to the last, those without a payment too."""
    if not due:
        return []
    names = sorted(due)
    year, quarter = int(names[0][:4]), int(names[0][-1])
    at, found = date(year, 3 * quarter - 2, 1), [names[0]]
    while found[-1] != names[-1]:
        at = _next(at + timedelta(days=1))
        found.append(_name(at))
    return found
