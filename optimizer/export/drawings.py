"""Drawings of the plan: the one-line diagram of a site, its Gantt chart, its days, the cash flow, the capex."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from exasite.export import svg
from exasite.plans.records import BillItem, DayPlan, MoneyRow, Plan, SourcePlan, Task
from exasite.report_power import plain_name

_MUSD = 1e6
_BELOW_BUS = 36.0
_ROUNDING = "rounding"  # a few dollars, not seen in a drawing
_DAYS_A_WEEK = 7.0
# items of the bill that stand in the chain from the sources to the racks, in that order
_CHAIN = (
    ("mv_switchgear", "Medium-voltage switchgear"),
    ("transformer_distribution", "Distribution transformers"),
    ("ups", "UPS modules"),
    ("rack_battery", "Rack batteries"),
    ("power_distribution", "Boards and busways, halls"),
)
_HEAT = (
    ("cdu", "Coolant distribution units"), ("air_handler", "Air handlers"), ("rear_door", "Rear doors"),
    ("immersion_tank", "Immersion tanks"), ("pump", "Pump sets"), ("chiller", "Chillers"),
    ("cooling_tower", "Tower cells"), ("dry_cooler", "Dry coolers"), ("adiabatic_cooler", "Adiabatic coolers"),
    ("evaporative_unit", "Evaporative units"),
)  # fmt: skip


def one_line(plan: Plan, site: str) -> str:
    """From the sources through the bus and the electrical chain to the racks, with the cooling plant beside them."""
    sources = [s for s in plan.sources if s.site == site]
    counts = _counts([row for row in plan.bill if row.site == site])
    power = next(p for p in plan.power if p.site == site)
    racks = sum(r.racks for r in plan.racks if r.site == site)
    per_row = 3
    rows = -(-max(len(sources), 1) // per_row)
    bus = 24 + 74.0 * rows
    body = []
    for number, source in enumerate(sources):
        x, y = 12 + 236 * (number % per_row), 12 + 74.0 * (number // per_row)
        body += [svg.line(x + 106, y + 56, x + 106, bus, "wire"), *_box(x, y, 224, 56, _source_words(source))]
    words = f"Bus: {power.firm_mw:,.0f} MW firm for a peak of {power.facility_mw_peak:,.0f} MW"
    body += [svg.line(12, bus, 708, bus, "bus"), svg.text(360, bus + 20, words, "middle", "tick", 80)]
    chain = [(f"{counts[item]:,} {name}", "") for item, name in _CHAIN if counts.get(item)]
    heat = [(f"{counts[item]:,} {name}", "") for item, name in _HEAT if counts.get(item)]
    y, first = bus + _BELOW_BUS, bus
    for number, (words, _) in enumerate(chain):
        body += [svg.line(180, first, 180, y, "wire"), *_box(60, y, 240, 30, [words])]
        if number == 0 and heat:
            body += [svg.line(540, bus, 540, y, "wire")]
        first, y = y + 30, y + 48
    body += [svg.line(180, first, 180, y, "wire")]
    it = [f"{racks:,} racks, {power.it_mw:,.1f} MW of IT", f"at work {power.it_mw_mean:,.1f} MW"]
    body += _box(40, y, 280, 48, it)
    top = bus + _BELOW_BUS
    for words, _ in heat:
        body += _box(420, top, 240, 30, [words])
        top += 38
    if heat:
        middle = y + 24
        body += [svg.line(320, middle, 540, middle, "heat"), svg.line(540, middle, 540, top - 8, "heat"),
                 svg.text(330, middle - 6, "heat", kind="tick")]  # fmt: skip
        top = max(top, middle + 10)
    title = f"One-line diagram of {site}: sources, bus, chain, racks, cooling"
    return svg.frame(720, max(y + 62, top + 10), title, body)


def _source_words(source: SourcePlan) -> list[str]:
    units = f"{source.units:,} units, " if source.units is not None else ""
    spare = f"N+{source.spare_units}, " if source.spare_units else ""
    store = f", {source.storage_mwh:,.0f} MWh" if source.storage_mwh else ""
    size = f"{units}{source.capacity_mw:,.1f} MW{store}"
    return [plain_name(source.name), size, f"{spare}firm {source.firm_mw:,.1f} MW"]


def _box(x: float, y: float, width: float, height: float, words: Sequence[str]) -> list[str]:
    step = height / (len(words) + 0.4)
    return [
        svg.rect(x, y, width, height, "box"),
        *(svg.text(x + width / 2, y + step * (k + 0.85), line, "middle", most=36) for k, line in enumerate(words)),
    ]


def _counts(bill: Sequence[BillItem]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in bill:
        found[row.item] = found.get(row.item, 0) + row.count
    return found


def gantt(plan: Plan, site: str) -> str:
    """Tasks of a site as bars at their earliest dates, slack behind them, the critical path in its own colour."""
    tasks = [task for task in plan.tasks if task.site == site]
    last = max([task.end_week for task in tasks] + [max(0.0, t.latest_start_week + t.weeks) for t in tasks] + [1.0])
    left, top, step = 250.0, 30.0, 24.0
    width = 720 - left - 12
    body = _years(tasks, last, left, width, top, step * len(tasks))
    for number, task in enumerate(tasks):
        y = top + number * step
        body.append(svg.text(left - 8, y + 15, task.name.split(": ")[0], "end", most=38))
        body += _bar(task, y, left, width / last)
    return svg.frame(720, top + step * len(tasks) + 12, f"Timeline of {site}: tasks, slack and critical path", body)


def _bar(task: Task, y: float, left: float, scale: float) -> list[str]:
    tip = f"{task.name}: {task.start_date} to {task.end_date}, slack {task.slack_weeks:.0f} weeks"
    start, end = left + task.start_week * scale, left + task.end_week * scale
    kind = "late" if task.critical else "s0"
    if task.weeks == 0:
        middle = y + 11
        shape = f"M{start - 6:.1f} {middle}l6 -7 6 7 -6 7z"
        return [f'<path d="{shape}" class="{kind}"><title>{svg.escape(tip)}</title></path>']
    slack = svg.rect(end, y + 8, task.slack_weeks * scale, 5, "slack") if task.slack_weeks > 0 else ""
    return [slack, svg.rect(start, y + 3, end - start, 15, kind, tip)]


def _years(tasks: Sequence[Task], last: float, left: float, width: float, top: float, height: float) -> list[str]:
    """A line at the start of each quarter, named at the start of a year."""
    begin = date.fromisoformat(min(task.start_date for task in tasks))
    parts: list[str] = []
    year, month = begin.year, begin.month
    while True:
        year, month = (year + 1, 1) if month > 9 else (year, 3 * ((month + 2) // 3) + 1)
        weeks = (date(year, month, 1) - begin).days / _DAYS_A_WEEK
        if weeks > last:
            return parts
        x = left + width * weeks / last
        parts.append(svg.line(x, top - 4, x, top + height, "grid"))
        if month == 1:
            parts.append(svg.text(x + 3, top - 10, str(year), kind="tick"))


def day_chart(plan: Plan, day: DayPlan) -> str:
    """The hours of a day, sources by name."""
    charged = [d + c for d, c in zip(day.demand_mw, day.charge_mw, strict=True)]
    names = {s.source: plain_name(s.name) for s in plan.sources if s.site == day.site}
    series = {names.get(source, source): mw for source, mw in day.sources_mw.items()}
    if len(series) < len(day.sources_mw):  # two sources of one name
        series = dict(day.sources_mw)
    series["unserved"] = day.unserved_mw
    return svg.stacked_hours(series, charged, f"{day.site}, {day.day} day ({day.date}), hour by hour")


def cash_chart(plan: Plan) -> str:
    """Capex by quarter and its running sum."""
    lines = dict.fromkeys(row.line for row in plan.bill if row.line != _ROUNDING)
    rows = {q.quarter: {line: q.lines_usd.get(line, 0.0) / _MUSD for line in lines} for q in plan.cash}
    return svg.stacked_bars(rows, "Capex by quarter in million dollars, and its running sum", "M$")


def capex_chart(rows: Sequence[MoneyRow]) -> str:
    """Capex by line with its range."""
    lines = sorted((row for row in rows if row.figure != "total"), key=lambda row: -row.base)
    million = [(r.figure, r.base / _MUSD, None if r.low is None else r.low / _MUSD,
                None if r.high is None else r.high / _MUSD) for r in lines]  # fmt: skip
    return svg.bars(million, "Capex by line in million dollars, with low and high prices", "M$")
