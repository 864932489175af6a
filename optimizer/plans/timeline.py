"""From the order to a cluster at work: tasks with lead times, what waits for what, and the date it leads to.

The works of a site are those of table `schedule`: the building is one task there, cut here into shell, installation of
plant, and the systems test at its end, so that equipment ordered at the start can delay it if it comes late. Power
sources take their own lead times beside it. The plan's date is that of the result unless a lead time inside the
building is longer than the building, which the result's model does not look at; then the difference is explained.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from exasite.models.catalog import Catalog
from exasite.models.units import conversion_factor
from exasite.plans.critical_path import Window, Work, critical_path, is_critical, windows
from exasite.plans.parts import Parts
from exasite.plans.rebuild import RebuiltSite
from exasite.plans.records import BillItem, SiteTimeline, Task
from exasite.setting import date_after

Kind = Literal["milestone", "order", "build", "commission", "power"]
WEEKS_TO_YEARS = conversion_factor("week", "year")
DECISION, SHELL, FIT_OUT, TEST = "decision", "shell", "fit_out", "test"
SERVERS, INSTALL, ONLINE, FULL = "servers", "install", "online", "full_power"


@dataclass(frozen=True)
class _Step:
    """A task before its dates: duration low, base and high [weeks]."""

    name: str
    kind: Kind
    weeks: tuple[float, float, float]
    after: tuple[str, ...]
    source: str = ""


def timelines(
    parts: Parts, bill: tuple[BillItem, ...], start: date
) -> tuple[tuple[Task, ...], tuple[SiteTimeline, ...]]:
    """Tasks and dates of all sites, for a decision on the day `start`."""
    tasks: list[Task] = []
    sites: list[SiteTimeline] = []
    for site in parts.rebuilt.sites:
        steps = _steps(parts, site, bill)
        works = {name: Work(step.weeks[1], step.after) for name, step in steps.items()}
        found = windows(works, [ONLINE, FULL])
        own = [_task(site, name, step, works, found, start) for name, step in steps.items()]
        tasks += own
        path = critical_path(works, found, ONLINE)
        sites.append(_site(parts, site, found, path, steps, start))
    return tuple(tasks), tuple(sites)


def _steps(parts: Parts, site: RebuiltSite, bill: tuple[BillItem, ...]) -> dict[str, _Step]:
    """The tasks of a site in the order in which they are read."""
    catalog = parts.catalog
    zero = (0.0, 0.0, 0.0)
    steps = {DECISION: _Step("Decision, orders placed", "milestone", zero, ())}
    inside = {row.lead for row in bill if row.site == site.result.site and row.part.startswith("cluster")}
    orders = [item for item in catalog.items("schedule") if item in inside and _is_order(catalog, item)]
    for item in orders:
        steps[item] = _Step(
            f"{catalog.text('schedule', item, 'name')}: order to delivery",
            "order",
            _range(catalog, "schedule", item, "duration_weeks"),
            (DECISION,),
            catalog.row("schedule", item, "duration_weeks").source,
        )
    shell, fit_out, test = _building(catalog)
    source = catalog.row("schedule", "facility_build", "duration_weeks").source
    steps[SHELL] = _Step("Site works, foundations and shell", "build", shell, (DECISION,), source)
    steps[FIT_OUT] = _Step(
        "Installation of electrical and cooling plant",
        "build",
        fit_out,
        (SHELL, *orders),
        catalog.row("plan_parameters", "timeline", "fit_out_weeks").source,
    )
    steps[TEST] = _Step(
        "Integrated systems test, power on",
        "commission",
        test,
        (FIT_OUT,),
        catalog.row("schedule", "integrated_test", "duration_weeks").source,
    )
    steps[SERVERS] = _Step(
        "Servers, network and storage: burn-in at the factory, delivery",
        "order",
        _range(catalog, "plan_parameters", "timeline", "server_delivery_weeks"),
        (DECISION,),
        catalog.row("plan_parameters", "timeline", "server_delivery_weeks").source,
    )
    steps[INSTALL] = _Step(
        "Cluster installed, burnt in and tested",
        "commission",
        _range(catalog, "schedule", "cluster_install", "duration_weeks"),
        (TEST, SERVERS),
        catalog.row("schedule", "cluster_install", "duration_weeks").source,
    )
    first = []
    for supply in site.result.supply:
        name = f"power_{supply.source}"
        steps[name] = _Step(
            f"{supply.name}: order to power",
            "power",
            _power(catalog, site, supply.source),
            (DECISION,),
            _power_source(catalog, supply.source),
        )
        if supply.online_date <= site.result.online_date:
            first.append(name)
    powers = tuple(name for name in steps if name.startswith("power_"))
    steps[ONLINE] = _Step("Cluster at work", "milestone", zero, (INSTALL, *first))
    steps[FULL] = _Step("All power sources there", "milestone", zero, (ONLINE, *powers))
    return steps


def _is_order(catalog: Catalog, item: str) -> bool:
    return catalog.text("schedule", item, "phase") == "order"


def _range(catalog: Catalog, table: str, item: str, field: str) -> tuple[float, float, float]:
    row = catalog.row(table, item, field)
    return row.low, row.base, row.high


def _building(catalog: Catalog) -> tuple[tuple[float, float, float], ...]:
    """Shell, installation and test, which together take as long as the building; a short one shortens all it must."""
    build = _range(catalog, "schedule", "facility_build", "duration_weeks")
    fit = _range(catalog, "plan_parameters", "timeline", "fit_out_weeks")
    test = _range(catalog, "schedule", "integrated_test", "duration_weeks")
    tested = min(test[1], build[1])
    fitted = min(fit[1], build[1] - tested)
    shell = build[1] - tested - fitted
    # the range of the build is that of the shell; installation and test have their own
    shells = (max(0.0, build[0] - tested - fitted), shell, max(shell, build[2] - tested - fitted))
    return (
        shells,
        (min(fit[0], fitted), fitted, max(fit[2], fitted)),
        (min(test[0], tested), tested, max(test[2], tested)),
    )


def _power(catalog: Catalog, site: RebuiltSite, source: str) -> tuple[float, float, float]:
    """Lead of a source at the site [weeks], with the spread that the catalogue gives it."""
    base = next(s.lead_years for s in site.result.supply if s.source == source)
    low, high = base, base
    if catalog.has("power_sources", source, "lead_years"):
        row = catalog.row("power_sources", source, "lead_years")
        if row.base > 0:
            low, high = base * row.low / row.base, base * row.high / row.base
    return low / WEEKS_TO_YEARS, base / WEEKS_TO_YEARS, high / WEEKS_TO_YEARS


def _power_source(catalog: Catalog, source: str) -> str:
    return (
        catalog.row("power_sources", source, "lead_years").source
        if catalog.has("power_sources", source, "lead_years")
        else "wait of the site's grid"
    )


def _task(
    site: RebuiltSite, name: str, step: _Step, works: dict[str, Work], found: dict[str, Window], start: date
) -> Task:
    window, key = found[name], site.result.site
    slower = windows({**works, name: Work(step.weeks[2], step.after)}, [ONLINE, FULL])
    return Task(
        id=f"{key}.{name}",
        site=key,
        name=step.name,
        kind=step.kind,
        weeks=step.weeks[1],
        weeks_low=step.weeks[0],
        weeks_high=step.weeks[2],
        after=tuple(f"{key}.{before}" for before in step.after),
        start_week=window.start,
        end_week=window.end,
        latest_start_week=window.latest_start,
        slack_weeks=window.slack,
        critical=is_critical(window),
        start_date=_day(start, window.start),
        end_date=_day(start, window.end),
        latest_start_date=_day(start, window.latest_start),
        delay_if_high_weeks=max(0.0, slower[ONLINE].end - found[ONLINE].end),
        source=step.source,
    )


def _day(start: date, weeks: float) -> str:
    return date_after(start, weeks * WEEKS_TO_YEARS).isoformat()


def _site(
    parts: Parts,
    site: RebuiltSite,
    found: dict[str, Window],
    path: tuple[str, ...],
    steps: dict[str, _Step],
    start: date,
) -> SiteTimeline:
    decided, result = parts.rebuilt.loaded.instance.decision_date, site.result
    own = _day(decided, found[ONLINE].end)
    shift = (start - decided).days
    late = (date.fromisoformat(own) - date.fromisoformat(result.online_date)).days
    words = "the date is that of the result"
    if late > 0:
        slow = max((name for name in path if steps[name].kind == "order"), key=lambda n: found[n].end, default="")
        what = steps[slow].name if slow else "the works inside the building"
        words = (
            f"{late} days after the date of the result, which takes the building and the cluster alone: {what} takes "
            f"{found[slow].end if slow else 0:.0f} weeks and must be there before plant is installed"
        )
    elif late < 0:
        words = f"{-late} days before the date of the result: its clusters start with a later phase of the supply"
    if shift:
        words += f"; all dates are moved by {shift} days from the decision date of the question, {decided.isoformat()}"
    return SiteTimeline(
        site=result.site,
        critical_path=tuple(f"{result.site}.{name}" for name in path),
        online_date=_day(start, found[ONLINE].end),
        full_power_date=_day(start, found[FULL].end),
        result_online_date=result.online_date,
        difference_days=late,
        explanation=words,
    )
