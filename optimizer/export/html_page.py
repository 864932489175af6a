"""The plan as one self-contained HTML page: no script, nothing from the network, all text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from exasite.export import drawings
from exasite.export.columns import Column
from exasite.export.numbers import shown
from exasite.export.tables import PER_SITE, Table, Value, tables_of
from exasite.export.text import plain, slug
from exasite.plans.records import DayPlan, Plan
from exasite.words import money

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATE = "plan.html.j2"
_MOST_WORD = 600
_LEAST_GAP = 0.01  # in per cent: what is left unproven is never said to be nothing
_WIDE = ("name", "note", "detail", "explanation", "why", "above", "interconnect")


def html_page(plan: Plan) -> str:
    """The whole page. Needs jinja2."""
    environment, tables = _environment(), tables_of(plan)
    names = [slug(site.site, "site") for site in plan.sites]
    sites = [_site(plan, tables, number, f"site-{number + 1}-{name}") for number, name in enumerate(names)]
    return environment.get_template(_TEMPLATE).render(
        head=plan.header,
        cards=_cards(plan),
        verdict=_verdict(plan),
        tables=tables,
        several=len(plan.sites) > 1,
        sites=sites,
        capex=_safe(drawings.capex_chart(plan.capex)),
        cash=_safe(drawings.cash_chart(plan)),
        risks=plan.risks,
        assumptions=plan.assumptions,
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("exasite.export", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=False, lstrip_blocks=False,
    )  # fmt: skip
    made.globals["wide"] = _WIDE
    made.filters |= {"plain": plain, "short": plain, "word": _word, "shown": shown, "positions": _positions}
    return made


def _safe(drawing: str) -> Any:
    """A drawing made by this package, whose text is escaped already."""
    from markupsafe import Markup

    return Markup(drawing)


def _word(value: Value) -> str:
    return plain("" if value is None else str(value), _MOST_WORD)


def _positions(columns: Sequence[Column], hidden: Sequence[str]) -> list[int]:
    """Numbers of the columns that are shown."""
    return [number for number, column in enumerate(columns) if column.key not in hidden]


def _cards(plan: Plan) -> list[tuple[str, str]]:
    return [
        (money(plan.total_usd), "capex, the sum of the bill"),
        (f"{sum(site.effective_exaflops for site in plan.sites):,.1f} EFLOPS", "effective"),
        (f"{sum(site.gpus for site in plan.sites):,}", "accelerators"),
        (f"{sum(site.facility_mw_peak for site in plan.sites):,.0f} MW", "facility at the peak"),
        (money(plan.opex[-1].base), "expenses a year"),
        (plan.header.online_date, "first work of the last site" if len(plan.sites) > 1 else "first work"),
    ]


def _verdict(plan: Plan) -> str:
    head = plan.header
    proven = "" if head.gap is None else f", proven to within {max(100 * head.gap, _LEAST_GAP):.2f} %"
    words = f"The design is {head.status}{proven} for the objective {head.objective}."
    return f"{words} {plain(head.message)}" if head.message else words


def _site(plan: Plan, tables: dict[str, Table], number: int, anchor: str) -> dict[str, Any]:
    site = plan.sites[number]
    own = {name: tables[name].of_site(site.site) for name in PER_SITE}
    own["tasks"] = _without_site(own["tasks"], site.site)
    bill, at = own["bill"], plan.timelines[number]
    days = [(_safe(drawings.day_chart(plan, day)), _caption(day)) for day in plan.days if day.site == site.site]
    racks = sum(r.racks for r in plan.racks if r.site == site.site)
    return {
        "anchor": anchor,
        "plan": site,
        "tables": own,
        "total": sum(round(float(row[bill.column("total_usd")] or 0) * 100) for row in bill.rows) / 100,
        "diagram": _safe(drawings.one_line(plan, site.site)),
        "gantt": _safe(drawings.gantt(plan, site.site)),
        "days": days,
        "words": f"{site.gpus:,} accelerators in {racks:,} racks, {site.effective_exaflops:,.1f} effective ExaFLOPS, "
        f"{money(site.capex_usd)}, {site.facility_mw_peak:,.0f} MW at the peak, {site.land_acres:,.0f} acres, "
        f"{site.water_m3_per_year / 1e3:,.0f} thousand m3 of water a year.",
        "dates": f"First work on {at.online_date}, all power sources on {at.full_power_date}: {at.explanation}.",
    }


def _caption(day: DayPlan) -> str:
    return f"{day.day} day, {day.date}: {day.why}; the line is what is drawn, charging with it"


def _without_site(tasks: Table, site: str) -> Table:
    """What a task waits for, without the name of the site that stands above the table."""
    after = tasks.column("after")
    rows = tuple((*row[:after], str(row[after]).replace(f"{site}.", ""), *row[after + 1 :]) for row in tasks.rows)
    return Table(tasks.name, tasks.title, tasks.about, tasks.columns, rows)
