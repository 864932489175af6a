"""The plan on one page for the terminal."""

from __future__ import annotations

from exasite.errors import printable
from exasite.plans.records import Plan
from exasite.words import money

_MOST_NAME = 60
_LARGEST, _FIRST, _MOST_DETAIL = 10, 5, 110


def as_text(plan: Plan) -> str:
    """Headline, largest rows of the bill, dates, cash, and what to verify first, in lines of about 100 characters."""
    head = plan.header
    lines = [f"BUILD PLAN  {printable(head.name)[:_MOST_NAME]}", ""]
    lines.append(f"  {money(plan.total_usd)} of capex, decision {head.start_date}, first work {head.online_date}")
    for site in plan.sites:
        lines.append(
            f"  {printable(site.name)[:_MOST_NAME]}: {site.gpus:,} accelerators, {money(site.capex_usd)}, "
            f"{site.facility_mw_peak:,.0f} MW, at work {site.online_date}"
        )
    lines += ["", f"BILL OF MATERIALS  {len(plan.bill)} rows that add up to {plan.total_usd:,.2f} USD; most of it:"]
    for (_, name), (count, usd) in _largest(plan):
        lines.append(f"  {count:>9,} {printable(name)[:_MOST_NAME]:<{_MOST_NAME}} {money(usd):>10}")
    lines += ["", "CRITICAL PATH"]
    names = {task.id: task for task in plan.tasks}
    for at in plan.timelines:
        for name in at.critical_path:
            task = names[name]
            if task.weeks > 0:
                dates = f"{task.weeks:5.0f} weeks  {task.start_date} to {task.end_date}"
                lines.append(f"  {at.site:<16} {dates}  {task.name}")
        lines.append(f"  {at.site:<16} at work {at.online_date}: {at.explanation}"[: _MOST_DETAIL + 80])
    if plan.cash:
        most = max(plan.cash, key=lambda quarter: quarter.total_usd)
        lines += ["", f"CASH  {len(plan.cash)} quarters; most falls due in {most.quarter}: {money(most.total_usd)}"]
    lines += ["", "VERIFY FIRST  (objective between low and high, the design fixed)"]
    for weak in plan.verify[:_FIRST]:
        unit = "" if weak.unit == "1" else f" {weak.unit}"
        lines.append(f"  {weak.rank}. {weak.table} {weak.item} {weak.field}: {weak.low:g} to {weak.high:g}{unit}, "
                     f"{100 * weak.swing:.1f} % of the objective ({weak.confidence})")  # fmt: skip
    lines += ["", "RISKS"]
    lines += [f"  {risk.kind:<12} {printable(risk.title)[:_MOST_DETAIL]}" for risk in plan.risks]
    return "\n".join(lines) + "\n"


def _largest(plan: Plan) -> list[tuple[tuple[str, str], tuple[int, float]]]:
    """The items that cost most, over all sites: (item, name) with count and total."""
    found: dict[tuple[str, str], tuple[int, float]] = {}
    for row in plan.bill:
        count, usd = found.get((row.item, row.name), (0, 0.0))
        found[row.item, row.name] = (count + row.count, usd + row.total_usd)
    return sorted(found.items(), key=lambda pair: -pair[1][1])[:_LARGEST]
