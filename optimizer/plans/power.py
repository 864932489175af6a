"""Power and cooling schedule: loads, sources with N+k, water, and the hours of typical and extreme days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from exasite.models.evaluate import SiteEvaluation
from exasite.models.profiles import DAYS_IN_YEAR, HOURS_IN_DAY
from exasite.plans.parts import Parts
from exasite.plans.rebuild import RebuiltSite
from exasite.plans.records import DayPlan, LoadRow, PowerPlan, SourcePlan

_ORDINARY_YEAR = 2025  # of 365 days, to name a day
_LEAST_MW = 1e-6
_DIGITS = 4


def power_plans(parts: Parts) -> tuple[PowerPlan, ...]:
    """One record a site."""
    return tuple(_power(parts, site) for site in parts.rebuilt.sites)


def _power(parts: Parts, site: RebuiltSite) -> PowerPlan:
    found, result = site.evaluation, site.result
    liquid = sum(float(c.curves.liquid_peak_mw[0]) for c in found.clusters)
    names = dict.fromkeys(c.names["cooling"] for c in result.clusters)
    known = parts.rebuilt.result.hours_of(result.site)
    return PowerPlan(
        site=result.site,
        it_mw=found.it_mw,
        it_mw_mean=found.it_mw_mean,
        facility_mw_peak=result.facility_mw_peak,
        facility_mw_mean=result.facility_mw_mean,
        pue_mean=result.pue_mean,
        pue_peak=result.pue_peak,
        cooling="; ".join(names),
        liquid_share=liquid / found.it_mw,
        water_m3_per_year=found.water_m3,
        firm_mw=sum(s.firm_mw for s in result.supply),
        firm_availability=result.firm_availability,
        hours="the run through the year after solving"
        if known
        else "one run through the year with the sizes of the design and the energy of each source as in the result",
    )


def load_rows(parts: Parts) -> tuple[LoadRow, ...]:
    """What draws the power of each site, at the peak and in the mean; the last row of a site is the sum."""
    return tuple(row for site in parts.rebuilt.sites for row in _loads(parts, site))


def _loads(parts: Parts, site: RebuiltSite) -> Iterator[LoadRow]:
    found, key = site.evaluation, site.result.site
    working = 1.0 - found.paused_share
    liquid = sum(float(c.curves.liquid_peak_mw[0]) for c in found.clusters)
    liquid_mean = working * sum(float(c.curves.liquid_mean_mw[0]) for c in found.clusters)
    yield LoadRow(site=key, load="IT, heat to liquid", peak_mw=liquid, mean_mw=liquid_mean)
    yield LoadRow(
        site=key,
        load="IT, heat to air (network and storage with it)",
        peak_mw=found.it_mw - liquid,
        mean_mw=found.it_mw_mean - liquid_mean,
    )
    peak, mean = found.facility_mw_peak - found.it_mw, found.facility_mw_mean - found.it_mw_mean
    loss = parts.rebuilt.context.electrical_loss
    if site.design.given.pue is None:
        yield LoadRow(
            site=key,
            load="Electrical loss between meter and servers",
            peak_mw=loss * found.it_mw,
            mean_mw=loss * found.it_mw_mean,
        )
        peak, mean = peak - loss * found.it_mw, mean - loss * found.it_mw_mean
        yield LoadRow(site=key, load="Cooling: fans, pumps, compressors", peak_mw=peak, mean_mw=mean)
    else:
        yield LoadRow(site=key, load="Cooling and electrical loss (PUE as given)", peak_mw=peak, mean_mw=mean)
    yield LoadRow(site=key, load="Facility", peak_mw=found.facility_mw_peak, mean_mw=found.facility_mw_mean)


def source_plans(parts: Parts) -> tuple[SourcePlan, ...]:
    """One record a power source and site."""
    return tuple(
        SourcePlan(
            site=site.result.site,
            source=s.source,
            name=s.name,
            kind=sized.source.kind,
            units=s.units,
            unit_mw=sized.source.unit_mw or None,
            spare_units=s.spare_units,
            capacity_mw=s.capacity_mw,
            storage_mwh=s.storage_mwh,
            firm_mw=s.firm_mw,
            energy_mwh=s.energy_mwh,
            energy_share=s.energy_share,
            cost_usd_per_mwh=s.cost_usd_per_mwh,
            online_date=s.online_date,
        )
        for site in parts.rebuilt.sites
        for s, sized in zip(site.result.supply, site.design.supply, strict=True)
    )


def day_plans(parts: Parts) -> tuple[DayPlan, ...]:
    """Typical and extreme days of each site in its last phase, and a typical one of its first if that differs."""
    return tuple(day for site in parts.rebuilt.sites for day in _days(site))


def _days(site: RebuiltSite) -> Iterator[DayPlan]:
    found = site.evaluation
    working = [k for k, demand in enumerate(found.demand_mw) if demand.any()]
    last = working[-1] if working else len(found.demand_mw) - 1
    seen: set[int] = set()
    for name, why, day in _chosen(found, last):
        if day not in seen:
            seen.add(day)
            yield _day(site, last, name, why, day)
    if len(working) > 1 and set(found.dispatches[working[0]].output_mw) != set(found.dispatches[last].output_mw):
        yield _day(
            site,
            working[0],
            "typical, first phase",
            "before the last power sources are there",
            _typical(found, working[0]),
        )


def _chosen(found: SiteEvaluation, phase: int) -> Iterator[tuple[str, str, int]]:
    demand = _daily(found.demand_mw[phase].sum(axis=0))
    yield "typical", "closest to the mean day of the year", _typical(found, phase)
    yield "hottest", "most power drawn", int(demand.sum(axis=1).argmax())
    outputs = found.dispatches[phase].output_mw
    weather = [
        outputs[s.source.id] for s in found.design.supply if s.source.kind == "variable" and s.source.id in outputs
    ]
    if weather:
        yield "leanest", "least sun and wind", int(_daily(sum(weather)).sum(axis=1).argmin())
    tariffs = [s.source.tariff for s in found.design.supply if s.source.tariff is not None]
    for tariff in tariffs:
        if float(np.ptp(tariff.energy_usd_per_mwh)) > 0:
            yield "dearest", "highest grid prices", int(_daily(tariff.energy_usd_per_mwh).sum(axis=1).argmax())
    short = _daily(found.dispatches[phase].unserved_mw).sum(axis=1)
    if short.max() > _LEAST_MW:
        yield "shortest", "most energy that nobody delivers", int(short.argmax())


def _typical(found: SiteEvaluation, phase: int) -> int:
    """The day closest to the mean day, all sources and the demand together."""
    series = [found.demand_mw[phase].sum(axis=0), *found.dispatches[phase].output_mw.values()]
    shape = np.concatenate([_daily(values) for values in series], axis=1)
    return int(((shape - shape.mean(axis=0)) ** 2).sum(axis=1).argmin())


def _daily(hourly: np.ndarray | int) -> np.ndarray:
    return np.asarray(hourly).reshape(DAYS_IN_YEAR, HOURS_IN_DAY)


def _day(site: RebuiltSite, phase: int, name: str, why: str, day: int) -> DayPlan:
    run, found = site.evaluation.dispatches[phase], site.evaluation

    def hours(values: np.ndarray) -> tuple[float, ...]:
        return tuple(round(max(0.0, float(v)), _DIGITS) for v in _daily(values)[day])

    charge = sum(run.charge_mw.values(), np.zeros(DAYS_IN_YEAR * HOURS_IN_DAY))
    return DayPlan(
        site=site.result.site,
        day=name,
        why=why,
        date=(date(_ORDINARY_YEAR, 1, 1) + timedelta(days=day)).strftime("%d %b"),
        sources_mw={g: hours(output) for g, output in run.output_mw.items()},
        demand_mw=hours(found.demand_mw[phase].sum(axis=0)),
        charge_mw=hours(charge),
        unserved_mw=hours(run.unserved_mw),
    )
