"""`plan`: from a question or a result to the frozen Plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from exasite.errors import InputError, Problem
from exasite.instance.loading import LoadedInstance
from exasite.instance.schema import Instance
from exasite.models.catalog import MONEY_YEAR
from exasite.plans.bill import bill_of_materials
from exasite.plans.cash import cash_flow
from exasite.plans.layout import rack_plans
from exasite.plans.money import money_of
from exasite.plans.networks import network_plans, pod_rows, tier_plans
from exasite.plans.parts import Parts, parts_of
from exasite.plans.power import day_plans, load_rows, power_plans, source_plans
from exasite.plans.rebuild import rebuild
from exasite.plans.records import Header, Plan, SitePlan, SiteTimeline
from exasite.plans.risks import numbers_to_verify, risks_of
from exasite.plans.source import result_of
from exasite.plans.timeline import timelines
from exasite.plans.variation import Variations
from exasite.provenance import source_row
from exasite.result import Result, SourceRow

_MOST_QUOTED = 40
_OWN_TABLES = ("bill_items", "plan_parameters", "schedule")
ASSUMPTIONS = (
    "All money in US dollars of {year}, without sales tax, freight or discounts for volume.",
    "The bill adds up to the capex of the design; where only a line is priced, its rows share it (basis: allocated).",
    "Module sizes of the electrical and mechanical plant are usual ones; a designer will choose others.",
    "Racks are as dense as the vendor sells them, thinned to what the cooling method carries; rows, halls and floor "
    "area are planning figures.",
    "Pods, leaves and spines are numbered through each tier; switches are shared out among pods as evenly as whole "
    "ones allow.",
    "Equipment is ordered at the decision; the manufacturing lead time of accelerators is not published and not in the "
    "dates.",
    "Capex is paid evenly from order to delivery, works over their time, servers in the weeks before they are needed.",
    "Low and high put every price at that end of its range at once, with the design and its operation fixed.",
    "Land for generation is shown and not priced; so are permits, taxes on purchase and fibre to the site.",
)


def plan(
    source: str | Path | Mapping[str, Any] | Instance | LoadedInstance | Result,
    sets: Sequence[str] = (),
    *,
    start: date | str | None = None,
    **solve_options: Any,
) -> Plan:
    """Build plan of a result, of a saved result (`result.json` or its folder), or of an instance, solved first.

    `start` is the day of the decision, by default that of the question; all dates move with it. `solve_options` are
    those of `exasite.solve`. Raises InputError for input that cannot be used and for a result without a design.
    """
    result = result_of(source, sets, **solve_options)
    parts = parts_of(rebuild(result))
    begin = start_date(start) or parts.rebuilt.loaded.instance.decision_date
    bill = bill_of_materials(parts)
    tasks, dates = timelines(parts, bill, begin)
    variations = Variations(parts.rebuilt)
    money = money_of(parts, variations)
    verify, speed, cost = numbers_to_verify(parts, variations)
    return Plan(
        header=_header(parts, begin, dates),
        figures=money.figures,
        sites=_sites(parts, dates),
        bill=bill,
        racks=rack_plans(parts),
        networks=network_plans(parts),
        tiers=tier_plans(parts),
        pods=pod_rows(parts),
        power=power_plans(parts),
        loads=load_rows(parts),
        sources=source_plans(parts),
        days=day_plans(parts),
        tasks=tasks,
        timelines=dates,
        cash=cash_flow(bill, tasks, begin),
        capex=money.capex,
        opex=money.opex,
        money=money.ownership,
        verify=verify,
        risks=risks_of(parts, bill, tasks, dates, speed, cost),
        assumptions=tuple(words.format(year=MONEY_YEAR) for words in ASSUMPTIONS),
        rows=(*result.provenance.rows, *_own_rows(parts)),
    )


def start_date(start: date | str | None) -> date | None:
    """The day of the decision, if one is given. Raises InputError for text that is no date."""
    if not isinstance(start, str):
        return start
    try:
        return date.fromisoformat(start)
    except ValueError:
        message = f"'{start[:_MOST_QUOTED]}' is not a date"
        raise InputError([Problem("--start", message, "write it as 2026-07-01")]) from None


def _header(parts: Parts, start: date, dates: tuple[SiteTimeline, ...]) -> Header:
    result = parts.rebuilt.result
    return Header(
        name=result.instance.name,
        question=result.instance.question,
        instance_sha256=result.instance.sha256,
        status=result.status,
        message=result.message,
        objective=result.objective.kind,
        objective_value=result.objective.value,
        gap=result.objective.gap,
        decision_date=parts.rebuilt.loaded.instance.decision_date.isoformat(),
        start_date=start.isoformat(),
        online_date=max(at.online_date for at in dates),
        exasite_version=result.provenance.exasite_version,
        catalog_sha256=result.provenance.catalog_sha256,
        money_year=MONEY_YEAR,
        same_catalog=parts.rebuilt.same_catalog,
    )


def _own_rows(parts: Parts) -> tuple[SourceRow, ...]:
    """Rows that the plan uses beyond those of the result."""
    return tuple(source_row(row) for row in parts.catalog.rows.values() if row.table in _OWN_TABLES)


def _sites(parts: Parts, dates: tuple[SiteTimeline, ...]) -> tuple[SitePlan, ...]:
    return tuple(
        SitePlan(
            site=site.result.site,
            name=site.result.name,
            clusters=len(site.result.clusters),
            gpus=sum(c.gpus for c in site.result.clusters),
            effective_exaflops=sum(c.effective_exaflops for c in site.result.clusters),
            capex_usd=site.result.capex_usd,
            facility_mw_peak=site.result.facility_mw_peak,
            it_mw=site.evaluation.it_mw,
            land_acres=site.evaluation.land_acres,
            water_m3_per_year=site.evaluation.water_m3,
            online_date=at.online_date,
            full_power_date=at.full_power_date,
        )
        for site, at in zip(parts.rebuilt.sites, dates, strict=True)
    )
