"""Money of the plan: capex and expenses by line, cost of ownership and of a unit of work, at low, base, high prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exasite.models.evaluate import SiteEvaluation
from exasite.models.finance import plant_annuity_factor, site_opex_usd
from exasite.models.units import HOURS_PER_YEAR
from exasite.plans.parts import Parts
from exasite.plans.records import MoneyRow
from exasite.plans.variation import Variations, Varied
from exasite.result import Totals
from exasite.setting import Setting

POWER = "power"


@dataclass(frozen=True)
class Money:
    """All tables of money."""

    figures: tuple[MoneyRow, ...]
    capex: tuple[MoneyRow, ...]
    opex: tuple[MoneyRow, ...]
    ownership: tuple[MoneyRow, ...]


def money_of(parts: Parts, variations: Variations) -> Money:
    """Tables with every price at its low and at its high, the design and its operation fixed."""
    prices = [row for row in variations.ranged_rows() if row.money_year is not None]
    low = variations.at({row.key: row.low for row in prices})
    high = variations.at({row.key: row.high for row in prices})
    rebuilt = parts.rebuilt
    base = Varied(rebuilt.context, tuple(s.evaluation for s in rebuilt.sites), rebuilt.figures, rebuilt.objective)
    cases = (low, base, high)
    capex = _booked(parts)
    return Money(
        figures=_figures(rebuilt.totals, cases),
        capex=_lines(capex, [capex_lines(case) for case in cases], "USD"),
        opex=_lines(opex_lines(base), [opex_lines(case) for case in cases], "USD/year"),
        ownership=_ownership(rebuilt.totals, cases),
    )


def _booked(parts: Parts) -> dict[str, float]:
    """Capex by line as the result has it [USD]."""
    found: dict[str, float] = {}
    for site in parts.rebuilt.result.sites:
        for cluster in site.clusters:
            for line, usd in cluster.capex_usd.items():
                found[line] = found.get(line, 0.0) + usd
        found[POWER] = found.get(POWER, 0.0) + sum(s.capex_usd for s in site.supply)
    return {line: usd for line, usd in found.items() if usd}


def capex_lines(case: Varied | None) -> dict[str, float] | None:
    """Capex by line [USD]."""
    if case is None:
        return None
    found: dict[str, float] = {}
    for site in case.evaluations:
        for cluster in site.clusters:
            for line, usd in cluster.cost.capex.lines().items():
                found[line] = found.get(line, 0.0) + float(usd.sum())
        found[POWER] = found.get(POWER, 0.0) + sum(site.supply_capex_usd.values())
    return found


def opex_lines(case: Varied | None) -> dict[str, float] | None:
    """Yearly expenses by line [USD/year]: power by source without its annuity, then those of the site."""
    if case is None:
        return None
    found: dict[str, float] = {}
    for site in case.evaluations:
        for source, usd in running_usd(case.context, site).items():
            found[source] = found.get(source, 0.0) + usd
        for kind, amount in site_opex_usd(case.context.terms, site.it_mw).items():
            found[kind] = found.get(kind, 0.0) + float(amount)
    return found


def running_usd(context: Setting, site: SiteEvaluation) -> dict[str, float]:
    """What each source costs a year beside its annuity [USD/year]: fuel, bills, fixed cost."""
    lives = {s.source.id: s.source.life_years for s in site.design.supply}
    return {
        f"power: {source}": usd
        - site.supply_capex_usd[source] * float(plant_annuity_factor(context.terms, lives[source]))
        for source, usd in site.supply_annual_usd.items()
    }


def _lines(
    base: Mapping[str, float] | None, cases: Sequence[Mapping[str, float] | None], unit: str
) -> tuple[MoneyRow, ...]:
    """One row a line and their sum; low and high move with today's catalogue, the base is that of the result."""
    assert base is not None
    low, middle, high = cases
    assert middle is not None
    rows = []
    for line, usd in base.items():
        factor = usd / middle[line] if middle.get(line) else 1.0
        rows.append(
            MoneyRow(
                figure=line,
                unit=unit,
                base=usd,
                low=None if low is None else low.get(line, 0.0) * factor,
                high=None if high is None else high.get(line, 0.0) * factor,
            )
        )
    rows.append(
        MoneyRow(
            figure="total",
            unit=unit,
            base=sum(base.values()),
            low=None if low is None else sum(r.low or 0.0 for r in rows),
            high=None if high is None else sum(r.high or 0.0 for r in rows),
        )
    )
    return tuple(rows)


def _figures(totals: Totals, cases: Sequence[Varied | None]) -> tuple[MoneyRow, ...]:
    wanted = (
        ("capex", "USD", "capex_usd"),
        ("effective ExaFLOPS", "EFLOPS", "effective_exaflops"),
        ("accelerators", "", "gpus"),
        ("MFU", "", "mfu"),
        ("IT power, nameplate", "MW", "it_mw"),
        ("facility power, mean", "MW", "facility_mw_mean"),
        ("facility power, peak", "MW", "facility_mw_peak"),
        ("PUE, mean", "", "pue_mean"),
        ("energy price, all in", "USD/MWh", "energy_price_usd_per_mwh"),
        ("expenses a year", "USD/year", "opex_usd_per_year"),
        ("cost of ownership", "USD", "tco_usd"),
        ("CO2", "t/year", "co2_t_per_year"),
        ("water", "m3/year", "water_m3_per_year"),
        ("land", "acre", "land_acres"),
        ("ExaFLOPS per billion USD of capex", "EFLOPS/B$", "exaflops_per_billion_usd"),
        ("ExaFLOPS per megawatt", "EFLOPS/MW", "exaflops_per_megawatt"),
    )
    return tuple(_figure(name, unit, key, totals, cases) for name, unit, key in wanted)


def _figure(name: str, unit: str, key: str, totals: Totals, cases: Sequence[Varied | None], note: str = "") -> MoneyRow:
    values = [None if case is None else getattr(case.totals, key) for case in cases]
    base, middle = getattr(totals, key), values[1]
    factor = base / middle if middle else 1.0
    low, high = (None if v is None else v * factor for v in (values[0], values[2]))
    return MoneyRow(figure=name, unit=unit, base=base, low=low, high=high, note=note)


def _ownership(totals: Totals, cases: Sequence[Varied | None]) -> tuple[MoneyRow, ...]:
    """Cost of ownership, of an accelerator-hour, of an effective ExaFLOPS for an hour, and of the run."""
    years = f"{totals.tco_years:g} years, annuities and expenses, not discounted"
    rows = [
        _figure("cost of ownership", "USD", "tco_usd", totals, cases, years),
        _figure("cost of an accelerator-hour", "USD/h", "usd_per_gpu_hour", totals, cases, "every hour counted"),
    ]

    def hourly(t: Totals) -> float:
        return t.tco_usd / t.tco_years / HOURS_PER_YEAR / t.effective_exaflops

    values = [None if case is None else hourly(case.totals) for case in cases]
    factor = hourly(totals) / values[1] if values[1] else 1.0
    low, high = (None if v is None else v * factor for v in (values[0], values[2]))
    rows.append(
        MoneyRow(
            figure="cost of an effective ExaFLOPS for an hour",
            unit="USD/(EFLOPS h)",
            low=low,
            base=hourly(totals),
            high=high,
        )
    )
    if totals.training_cost_usd is not None:
        days = f"{totals.training_days:,.1f} days" if totals.training_days is not None else ""
        rows.append(_figure("cost of the training run", "USD", "training_cost_usd", totals, cases, days))
    return tuple(rows)
