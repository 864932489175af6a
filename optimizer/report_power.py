"""The power of a site as a planner reads it: sources, spares, price, dates, and how it was checked over the year."""

from __future__ import annotations

import re
from datetime import date

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exasite.result import Check, Result, SiteResult, Supply
from exasite.words import money, percent

_LEAST_SHARE = 0.0005  # of the energy: below it a source stands by, and a price of its MWh says nothing
_LEAST_PHASE_SHARE = 0.005
_MOST_NAME = 34


def power(site: SiteResult) -> RenderableType:
    """The POWER block of a site."""
    stores = any(s.storage_mwh is not None for s in site.supply)
    table = Table(box=None, padding=(0, 1), header_style="dim")
    held = ["MWh"] if stores else []
    for name in ("source", "units", "MW", *held, "firm MW", "energy", "capex", "$/MWh", "there from"):
        # numbers stay whole: where the line is too short for all of them, the names are what wraps
        table.add_column(name, justify="left" if name == "source" else "right", no_wrap=name != "source")
    for s in site.supply:
        works = s.energy_share >= _LEAST_SHARE
        price = f"{s.cost_usd_per_mwh:,.1f}" if works and s.cost_usd_per_mwh is not None else "standby"
        stored = [f"{s.storage_mwh:,.0f}" if s.storage_mwh is not None else ""] if stores else []
        table.add_row(plain_name(s.name), _units(s), f"{s.capacity_mw:,.1f}", *stored, f"{s.firm_mw:,.1f}",
                      percent(s.energy_share) if works else "-", money(s.capex_usd), price,
                      month(s.online_date))  # fmt: skip
    lines: list[RenderableType] = [Text("POWER", style="bold"), table]
    lines += [Text(f" {words}") for words in summary(site)]
    return Padding(Group(*lines), (0, 2))


def summary(site: SiteResult) -> list[str]:
    """All-in price, firmness and dates, and the phases of a supply that comes in steps."""
    dates = f"first MW {month(site.online_date)}, last source {month(site.full_power_date)}"
    words = [f"all-in {site.energy_price_usd_per_mwh:,.1f} $/MWh; the peak is carried with "
             f"{100 * site.firm_availability:.3f} %; {dates}"]  # fmt: skip
    words += phases(site)
    paused = max((c.paused_share for c in site.clusters), default=0.0)
    if paused > 0:
        words.append(f"gives up {percent(paused)} of its energy at work, in the hours that cost most")
    return words


def phases(site: SiteResult) -> list[str]:
    """Who delivers when, one line a time with the same sources."""
    names = {s.source: plain_name(s.name) for s in site.supply}
    lines: list[tuple[str, float, str]] = []  # start, years, what delivers
    for phase in site.phases:
        total = sum(phase.energy_mwh.values()) or 1.0
        shares = {g: mwh / total for g, mwh in phase.energy_mwh.items() if mwh / total >= _LEAST_PHASE_SHARE}
        largest = sorted(shares.items(), key=lambda pair: -pair[1])
        parts = ", ".join(f"{names.get(g, g)} {percent(share)}" for g, share in largest)
        text = f"{parts}; {phase.co2_t / 1e3:,.0f} kt CO2 a year"
        if lines and lines[-1][2] == text:
            start, years, _ = lines.pop()
            lines.append((start, years + phase.years, text))
        else:
            lines.append((phase.start_date, phase.years, text))
    return [f"from {month(start)} for {years:.1f} years: {text}" for start, years, text in lines]


def _units(supply: Supply) -> str:
    """N+k: units that must work and units that may stand still."""
    if supply.units is None:
        return ""
    if not supply.spare_units:
        return str(supply.units)
    return f"{supply.units} = {supply.units - supply.spare_units}+{supply.spare_units}"


def year_check(result: Result, check: Check) -> list[str]:
    """What the run through the year found, in lines of the trust section."""
    share, allowed = check.year_unserved_share or 0.0, check.unserved_share_allowed or 0.0
    words = [f"over 8,760 hours {percent(share)} of the energy is unserved, {percent(allowed)} may be"]
    cost = check.year_supply_cost_usd
    if cost is not None:
        rounds = "" if check.rounds == 1 else f", solved {check.rounds} times"
        words.append(f"supply costs {money(cost.recomputed)} a year, {100 * abs(cost.difference):.2f} % from "
                     f"that on {check.representative_days} representative days{rounds}")  # fmt: skip
    if check.standby_allowed_mwh > 0:
        words.append(f"standby is expected to run for {check.standby_expected_mwh:,.0f} MWh a year, "
                     f"{check.standby_allowed_mwh:,.0f} are allowed")  # fmt: skip
    return words


def month(day: str) -> str:
    """A date as a planner writes it: Feb 2028."""
    return date.fromisoformat(day).strftime("%b %Y") if day else "-"


def plain_name(name: str) -> str:
    """The name of a source without what stands in brackets, at a comma if it is long."""
    short = re.sub(r"\s*\(.*?\)", "", name)
    return short if len(short) <= _MOST_NAME else short.split(",")[0][:_MOST_NAME]
