"""What may starve or delay the sites of a plan: single power sources, spares counted twice, dates that may slip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exasite.plans.parts import Parts
from exasite.plans.rebuild import RebuiltSite
from exasite.plans.records import BillItem, Risk, SiteTimeline, Task
from exasite.words import percent

_ONE_SOURCE = 0.9  # share of the energy from which a site hangs on a source
_MOST_DATES = 5
_OWN = ("dispatchable", "backup")  # kinds of sources that stand on the site and carry its peak


def power_risks(parts: Parts, bill: Sequence[BillItem]) -> Iterator[Risk]:
    """Sites that hang on one source, the weakest peak, and standby that may be bought twice."""
    sites = parts.rebuilt.sites
    carried: dict[str, list[RebuiltSite]] = {}
    for site in sites:
        for supply in site.result.supply:
            if supply.energy_share >= _ONE_SOURCE:
                carried.setdefault(supply.name, []).append(site)
    for name, found in carried.items():
        where = "" if len(sites) == 1 else f" at {len(found)} of {len(sites)} sites ({_names(found)})"
        yield Risk(
            kind="power",
            title=f"more than {percent(_ONE_SOURCE)} of the energy comes from one source, {name}{where}",
            detail="its price, its fuel and its date carry the site",
            share=len(found) / len(sites),
        )
    weakest = min(sites, key=lambda site: site.result.firm_availability)
    if weakest.result.firm_availability < 1.0:
        yield Risk(
            kind="power",
            title=f"the peak of {weakest.result.name} is carried with {100 * weakest.result.firm_availability:.3f} %",
            detail="probability that the firm units carry what they must, all sources together"
            + ("" if len(sites) == 1 else "; all other sites are at least as safe"),
        )
    standby = {row.site for row in bill if row.item == "standby_generator"}
    twice = [s for s in sites if s.result.site in standby and any(x.source.kind in _OWN for x in s.design.supply)]
    if twice:
        yield Risk(
            kind="power",
            title=f"standby generators may be counted twice: {_names(twice)}",
            detail="the price of the electrical chain already holds standby of a grid-fed site; the design buys units "
            "of its own as a power source: settle the overlap before ordering",
        )


def date_risks(bill: Sequence[BillItem], tasks: Sequence[Task], dates: Sequence[SiteTimeline]) -> Iterator[Risk]:
    """The critical path of the last site, the largest delays that a long lead would cause, and dates that differ."""
    by_id = {task.id: task for task in tasks}
    last = max(dates, key=lambda at: at.online_date)
    names = ", then ".join(by_id[name].name for name in last.critical_path if by_id[name].weeks > 0)
    yield Risk(
        kind="date",
        title=f"{last.site}: at work on {last.online_date} if nothing on the critical path slips",
        detail=f"critical: {names}" + ("" if len(dates) == 1 else "; all other sites are no later"),
    )
    slow = sorted((t for t in tasks if t.delay_if_high_weeks > 0), key=lambda t: (-t.delay_if_high_weeks, t.id))
    for task in slow[:_MOST_DATES]:
        yield Risk(
            kind="date",
            title=f"{task.site}: {task.name} may delay it by {task.delay_if_high_weeks:.0f} weeks",
            detail=f"base {task.weeks:.0f} weeks, high {task.weeks_high:.0f} weeks, slack {task.slack_weeks:.0f} weeks",
        )
    for at in dates:
        if at.difference_days:
            title = f"{at.site}: the plan's date differs from that of the result"
            yield Risk(kind="date", title=title, detail=at.explanation)
    yield from _transformers(bill, by_id)


def _transformers(bill: Sequence[BillItem], tasks: dict[str, Task]) -> Iterator[Risk]:
    """Transformers of a connection that take longer than the connection itself is said to take."""
    for row in bill:
        task = tasks.get(f"{row.site}.{row.lead}")
        if task is None or task.kind != "power" or row.lead_weeks is None or row.lead_weeks <= task.weeks + 1.0:
            continue
        lead = f"{row.lead_weeks:.0f} weeks, the power they serve is due in {task.weeks:.0f}"
        yield Risk(
            kind="date",
            title=f"{row.site}: {row.name.lower()} take {lead}",
            detail="the wait of the source is taken as it stands: make sure that its transformers are on order already",
        )


def _names(sites: Sequence[RebuiltSite]) -> str:
    return ", ".join(site.result.name for site in sites)
