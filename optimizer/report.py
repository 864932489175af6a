"""The answer as a planner reads it: one page for the terminal, as plain text and as HTML."""

from __future__ import annotations

import io
import math

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exasite.report_power import month, power, year_check
from exasite.result import Cluster, Result, SiteResult
from exasite.words import money, percent

_WIDTH = 100
_OBJECTIVES = {
    "efficiency": ("effective ExaFLOPS per capex dollar and per watt", ""),
    "exaflops_per_capex": ("effective ExaFLOPS per billion dollars of capex", "EFLOPS/B$"),
    "exaflops_per_watt": ("effective ExaFLOPS per megawatt", "EFLOPS/MW"),
    "exaflops_per_tco": ("effective ExaFLOPS per billion dollars of ownership", "EFLOPS/B$"),
    "exaflops": ("effective ExaFLOPS", "EFLOPS"),
    "capex": ("least capex", "USD"),
    "tco": ("least cost of ownership", "USD"),
    "training_cost": ("least cost of training", "USD"),
    "facility_mw": ("least facility power", "MW"),
}
_MOST_WEAK = 8
_SHOWN_SHARE = 0.05
# Fields that decide money, power or speed; only these are named when they are weak.
_TELLING = ("price", "capex", "power_w", "mamf", "multiplier", "share", "rate", "restart", "lead", "failure_factor")
_PER_ITEM = ("accelerators", "cooling", "electrical", "optics", "power_sources", "recovery", "storage", "switches")


def one_page(result: Result) -> RenderableType:
    """The whole answer as a rich renderable."""
    parts: list[RenderableType] = [_headline(result)]
    if result.totals is not None:
        parts += [_summary(result)]
        parts += [_site(site) for site in result.sites]
        parts += [_totals(result), _trust(result)]
    return Group(*parts)


def as_text(result: Result) -> str:
    """The answer as plain text of 100 columns."""
    return text_of(one_page(result))


def as_html(result: Result) -> str:
    """The answer as an HTML fragment for notebooks."""
    return html_of(one_page(result))


def text_of(shown: RenderableType, width: int = _WIDTH) -> str:
    """Anything rich can show as plain text."""
    stream = io.StringIO()
    Console(file=stream, width=width, no_color=True, force_terminal=False).print(shown)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def html_of(shown: RenderableType, width: int = _WIDTH) -> str:
    """Anything rich can show as an HTML fragment for notebooks."""
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(shown)
    return console.export_html(inline_styles=True, code_format="<pre style='font-family:monospace'>{code}</pre>")


def duration(hours: float) -> str:
    """A time between events in the unit that suits it."""
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{60 * hours:.0f} min" if hours >= 1 / 30 else f"{3600 * hours:.0f} s"


def _headline(result: Result) -> Text:
    text = Text()
    text.append(f"\n{result.instance.name}", style="bold")
    if result.instance.question:
        text.append(f"  {result.instance.question}")
    text.append("\n")
    words, unit = _OBJECTIVES[result.objective.kind]
    value, gap = result.objective.value, result.objective.gap
    if value is None:
        style = "bold red" if result.status == "infeasible" else "bold yellow"
        text.append(f"{result.status.replace('_', ' ').upper()}: {result.message}\n", style=style)
        return text
    shown = money(value) if unit == "USD" else f"{value:,.4g} {unit}".strip()
    if result.objective.kind == "efficiency" and result.totals is not None:
        t = result.totals
        shown = f"{t.exaflops_per_billion_usd:.3f} EFLOPS/B$ and {t.exaflops_per_megawatt:.4f} EFLOPS/MW"
        shown += f" (index {value:.4g})"
    proof = "no bound proven yet" if gap is None else f"no design can be more than {100 * gap:.2g} % better"
    style = "bold green" if result.status == "optimal" else "bold yellow"
    state = "PROVEN BEST" if result.status == "optimal" else "BEST FOUND SO FAR"
    text.append(f"{state}: ", style=style)
    text.append(f"{words} {shown}; {proof}\n")
    if result.message:
        text.append(f"BUT {result.message}\n", style="bold yellow")
    return text


def _grid(*styles: str) -> Table:
    table = Table.grid(padding=(0, 2))
    for style in styles:
        table.add_column(justify="right" if style == "right" else "left", no_wrap=style == "right")
    return table


def _summary(result: Result) -> RenderableType:
    t = result.totals
    assert t is not None  # callers check
    table = _grid("left", "right", "left", "right")
    table.add_row("accelerators", f"{t.gpus:,}", "capex", money(t.capex_usd))
    table.add_row("effective", f"{t.effective_exaflops:,.2f} EFLOPS", "facility mean", f"{t.facility_mw_mean:,.1f} MW")
    table.add_row("MFU", percent(t.mfu), "facility peak", f"{t.facility_mw_peak:,.1f} MW")
    if result.objective.kind != "efficiency":
        table.add_row("per billion $", f"{t.exaflops_per_billion_usd:.3f} EFLOPS",
                      "per MW", f"{t.exaflops_per_megawatt:.4f} EFLOPS")  # fmt: skip
    return Padding(table, (0, 2))


def _site(site: SiteResult) -> RenderableType:
    heading = Text(f"\n{site.name}", style="bold cyan")
    heading.append(f"  {money(site.capex_usd)}, {site.facility_mw_mean:,.1f} MW", style="not bold")
    blocks: list[RenderableType] = [heading]
    for cluster in site.clusters:
        blocks += [_design(cluster), _chain(cluster), _watts(site, cluster), _capex(site, cluster)]
    blocks.append(power(site))
    return Group(*blocks)


def _design(cluster: Cluster) -> RenderableType:
    names, table = cluster.names, _grid("left", "left")
    spares = f" and {cluster.spare_gpus:,} spares" if cluster.spare_gpus else ""
    tiers = (
        f"{cluster.network_tiers} tiers, {cluster.network_switches:,} switches" if cluster.network_tiers else "torus"
    )
    table.add_row("accelerator", f"{cluster.gpus:,} x {cluster.accelerator}{spares}, {cluster.precision}")
    table.add_row("interconnect", f"{names['interconnect']}; {tiers} ({cluster.interconnect})")
    table.add_row(
        "cooling", f"{names['cooling']}; {percent(cluster.liquid_share)} of IT heat to liquid ({cluster.cooling})"
    )
    writes = f"{cluster.storage_write_gb_per_s:,.0f} GB/s of writes"
    table.add_row("storage", f"{names['storage']}; {writes} ({cluster.storage})")
    table.add_row("recovery", f"{names['recovery']} ({cluster.recovery})")
    if cluster.parallel_split:
        table.add_row("parallel split", cluster.parallel_split)
    return Padding(table, (0, 2))


def _chain(cluster: Cluster) -> RenderableType:
    text = Text("FLOPS   ", style="bold")
    text.append(f"peak {cluster.peak_exaflops:,.2f} x MAMF {percent(cluster.mamf)} x SFU {percent(cluster.sfu)} "
                f"x goodput {percent(cluster.goodput)} = {cluster.effective_exaflops:,.2f} EFLOPS",
                style="not bold")  # fmt: skip
    stops = Text(f"        a failure stops the job every {duration(cluster.job_mttf_hours)}", style="dim")
    if cluster.checkpoint_interval_s is not None and math.isfinite(cluster.checkpoint_interval_s):
        stops.append(f"; a checkpoint every {duration(cluster.checkpoint_interval_s / 3600)}")
    return Padding(Group(text, stops), (0, 2))


def _watts(site: SiteResult, cluster: Cluster) -> RenderableType:
    text = Text("WATTS   ", style="bold")
    text.append(f"IT {cluster.it_mw:,.1f} MW nameplate, {cluster.it_mw_mean:,.1f} MW at work; "
                f"PUE {site.pue_mean:.3f}, hottest hours {site.pue_peak:.3f}", style="not bold")  # fmt: skip
    return Padding(text, (0, 2))


def _capex(site: SiteResult, cluster: Cluster) -> RenderableType:
    lines = {line: cost for line, cost in cluster.capex_usd.items() if cost > 0}
    total = sum(lines.values())
    table = _grid("left", "right", "right", "left", "right", "right")
    cells = [(line, money(cost), percent(cost / total)) for line, cost in lines.items()]
    half = (len(cells) + 1) // 2
    for left, right in zip(cells[:half], [*cells[half:], ("", "", "")], strict=False):
        table.add_row(*left, *right)
    heading = Text("CAPEX   ", style="bold")
    heading.append(f"{money(total)} without power, {money(total / cluster.gpus)} per accelerator", style="not bold")
    return Padding(Group(heading, Padding(table, (0, 8))), (0, 2))


def _totals(result: Result) -> RenderableType:
    t = result.totals
    assert t is not None  # callers check
    table = _grid("left", "right", "left", "right")
    owned = f"{money(t.tco_usd)}, {t.usd_per_gpu_hour:.2f} $/GPU-hour"
    table.add_row(f"cost over {t.tco_years:.0f} years", owned, "opex per year", money(t.opex_usd_per_year))
    table.add_row("energy price", f"{t.energy_price_usd_per_mwh:,.1f} $/MWh", "energy per year",
                  f"{t.energy_mwh_per_year / 1e3:,.0f} GWh")  # fmt: skip
    table.add_row("CO2 per year", f"{t.co2_t_per_year / 1e3:,.0f} kt", "water per year",
                  f"{t.water_m3_per_year / 1e3:,.0f} thousand m3")  # fmt: skip
    table.add_row("online", f"{t.online_date} ({month(t.online_date)})", "land", f"{t.land_acres:,.0f} acres")
    if t.hourly_clean_share > _SHOWN_SHARE:
        table.add_row("clean, hour by hour", percent(t.hourly_clean_share),
                      "CO2 per EFLOPS", f"{t.co2_t_per_exaflop_year:,.0f} t/year")  # fmt: skip
    if t.delay_months > _SHOWN_SHARE:
        table.add_row("ready, without power", f"{t.delay_months:.0f} months", "", "")
    if t.training_days is not None and t.training_cost_usd is not None:
        table.add_row("training run", f"{t.training_days:,.1f} days", "its cost", money(t.training_cost_usd))
    return Group(Text("\nAll sites", style="bold cyan"), Padding(table, (0, 2)))


def _trust(result: Result) -> RenderableType:
    """What is proven, what was checked, and what rests on weak data."""
    lines = [Text("\nHow far to trust it", style="bold cyan")]
    check, solver = result.check, result.solver
    lines.append(Text(f"  proven over {solver.configurations:,} configurations in "
                      f"{solver.seconds:.1f} s"))  # fmt: skip
    if check is not None:
        differs = f"{100 * abs(check.objective.difference):.3f} %"
        lines.append(Text(f"  re-evaluated without the solver: objective differs by {differs}"))
        lines += [Text(f"  {words}") for words in year_check(result, check)]
    share = result.provenance.low_confidence_capex_share
    if share is not None:
        lines.append(Text(f"  {percent(share)} of capex rests on low-confidence prices"))
    lines += [Text(f"  {words}", style="yellow") for words in cautions(result)]
    weak = weak_numbers(result)
    if weak:
        more = f"; and {len(weak) - _MOST_WEAK} more in the JSON" if len(weak) > _MOST_WEAK else ""
        lines.append(Text("  low-confidence numbers behind this answer: " + "; ".join(weak[:_MOST_WEAK]) + more))
    return Group(*lines)


def cautions(result: Result) -> list[str]:
    """What a buyer must know of the chosen chips: not on the market, or never compared with a published run."""
    words = []
    rows = {(row.item, row.field): str(row.value) for row in result.provenance.rows if row.table == "accelerators"}
    for (chip, field), value in rows.items():
        if field == "status" and value != "available":
            words.append(f"{chip} is not simply for sale: {value}; its price is an estimate")
        if field == "validated" and value == "no":
            words.append(f"the speed of {chip} follows from its numbers alone: no published run was compared")
    return words


def weak_numbers(result: Result) -> list[str]:
    """Low-confidence rows of the chosen items: item and what of it is weak."""
    found: dict[str, list[str]] = {}
    for row in result.provenance.rows:
        if row.confidence == "low" and row.table in _PER_ITEM and any(word in row.field for word in _TELLING):
            found.setdefault(row.item, []).append(_plain(row.field))
    return [f"{item} ({', '.join(fields)})" for item, fields in found.items()]


def _plain(field: str) -> str:
    """A field's name without its unit."""
    return (
        field.split("_usd", maxsplit=1)[0]
        .split("_w_per", maxsplit=1)[0]
        .removesuffix("_w")
        .removesuffix("_s")
        .replace("_", " ")
    )
