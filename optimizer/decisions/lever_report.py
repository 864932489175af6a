"""Levers as an investor reads them: ranked, with worth, headroom and break-even, and a tornado chart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exasite.decisions.lever_records import BreakEven, ChipPrice, Levers, LeverValue
from exasite.words import money

_NOTHING = 5e-6  # an elasticity below it is rounding



def rows(found: Levers) -> list[dict[str, Any]]:
    """One row a lever, for DataFrame and CSV."""
    table = []
    for lever in found.levers:
        row = lever.model_dump(exclude={"break_evens"})
        for side in ("below", "above"):
            at = next((b for b in lever.break_evens if b.side == side), None)
            row[f"break_even_{side}"] = None if at is None else at.value if at.value is not None else at.factor
            row[f"changes_{side}"] = "" if at is None else changes(at.change)
        table.append(row)
    return table


def report(found: Levers) -> RenderableType:
    """The levers as a rich renderable."""
    if not found.levers:
        return Text(f"\n{found.instance}  {found.status.upper()}: {found.message}", style="bold yellow")
    heading = Text(f"\n{found.instance}", style="bold")
    heading.append(f"  {found.question}\n", style="not bold")
    heading.append("WHAT EACH FACTOR IS WORTH", style="bold green")
    heading.append(f", strongest first: change of {found.objective.replace('_', ' ')} with the design chosen anew",
                   style="not bold")  # fmt: skip
    telling = [lever for lever in found.levers if abs(lever.elasticity) > _NOTHING]
    silent = [lever.lever for lever in found.levers if lever not in telling]
    blocks: list[RenderableType] = [heading, _table(telling)]
    if found.message:
        blocks.append(Text(found.message, style="yellow"))
    if silent:
        blocks.append(Padding(Text(f"no effect on this objective: {', '.join(silent)}", style="dim"), (0, 1)))
    blocks += _breaks(found)
    blocks += _prices(found)
    return Group(*blocks)


def _table(levers: list[LeverValue]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("factor")
    for name in ("now", "1 % gives", "one step", "gives", "worth per chip", "per MW", "best known", "would give"):
        table.add_column(name, justify="right", no_wrap=True)
    for lever in levers:
        table.add_row(Text(lever.name), *_cells(lever))
    return table


def _cells(lever: LeverValue) -> list[str]:
    """The figures of a lever as texts, in the order of the heads."""
    best, gives = "", ""
    if lever.best_gain is not None:
        best = "low end" if lever.best_value is None else shown(lever, lever.best_value)
        gives = f"{100 * lever.best_gain:+.1f} %"
    worth = [_dollars(lever.worth_usd_per_gpu), _dollars(lever.worth_usd_per_mw)]
    step = [lever.step, f"{100 * lever.step_gain:+.2f} %"]
    return [shown(lever, lever.value), f"{lever.elasticity:+.3f} %", *step, *worth, best, gives]


def shown(lever: LeverValue, value: float | None) -> str:
    """A value in the unit of the lever."""
    if value is None:
        return ""
    if lever.measure in ("mamf", "sfu", "goodput"):
        return f"{100 * value:.1f} %"
    if lever.measure == "pue":
        return f"{value:.3f}"
    return f"{value:,.4g} {lever.unit}" if value < 1000 else f"{value:,.0f} {lever.unit}"


def _dollars(usd: float | None) -> str:
    return "" if usd is None else money(usd)


def _breaks(found: Levers) -> list[RenderableType]:
    lines = [Text(f"  {line}") for lever in found.levers for line in sentences(lever)]
    return [Text("\nWhere the best design changes", style="bold"), *lines] if lines else []


def sentences(lever: LeverValue) -> list[str]:
    """The break-even values of a lever in words."""
    return [
        f"{lever.name}: {at.side} {_at(lever, at)} ({at.factor:.3f} x today) {changes(at.change)}"
        for at in lever.break_evens
    ]


def _at(lever: LeverValue, at: BreakEven) -> str:
    return shown(lever, at.value) if at.value is not None else f"{at.factor:.3f} times its value"


def changes(change: Mapping[str, str]) -> str:
    """What changes, by choice, in one line."""
    return "; ".join(words if key == "design" else f"{key} {words}" for key, words in change.items())


def _prices(found: Levers) -> list[RenderableType]:
    lines = [Text(f"  {price_sentence(price)}") for price in found.chip_prices]
    return [Text("\nBreak-even prices of the chips", style="bold"), *lines] if lines else []


def price_sentence(price: ChipPrice) -> str:
    """What an accelerator may cost, in words."""
    now = f"{price.accelerator} at {price.price_usd:,.0f} $"
    if price.chosen:
        if price.break_even_usd is None:
            return f"{now} is best up to four times its price"
        return f"{now} is best up to {price.break_even_usd:,.0f} $; beyond it {changes(price.change)}"
    if price.break_even_usd is None:
        return f"{now} is not best even at a twentieth of its price"
    return f"{now} would be best below {price.break_even_usd:,.0f} $"


def write_plot(found: Levers, path: str | Path) -> Path:
    """Write the page. Raises InputError without plotly, without levers, or where the file cannot be written."""
    from html import escape

    from exasite.errors import InputError, Problem
    from exasite.page import figure_html, html_table, write_page
    from exasite.plot import require_plotly

    require_plotly()
    if not found.levers:
        raise InputError([Problem("--plot", "there is nothing to draw", "see the message above")])
    heads = ["factor", "now", "1 % gives", "one step", "gives", "worth per chip", "per MW", "best known", "would give",
             "break-even"]  # fmt: skip
    table = [
        [lever.name, *_cells(lever), "; ".join(line.removeprefix(f"{lever.name}: ") for line in sentences(lever))]
        for lever in found.levers
    ]
    parts = [figure_html(_tornado(found), library=True), html_table(heads, table, (1, 2, 4, 5, 6, 7, 8))]
    parts += [f"<p>{escape(price_sentence(price))}</p>" for price in found.chip_prices]
    what = found.objective.replace("_", " ")
    words = f"Change of {what} when a factor is 10 % less or 10 % more, with the design chosen anew."
    return write_page(path, f"{found.instance}: what each factor is worth", words, parts)


def _tornado(found: Levers) -> Any:
    import plotly.graph_objects as go

    from exasite.page import styled

    def span(lever: LeverValue) -> float:
        return max(abs(lever.gain_at_tenth_less or 0.0), abs(lever.gain_at_tenth_more or 0.0))

    shown_levers = sorted((lever for lever in found.levers if span(lever) > _NOTHING), key=span)
    names, figure = [lever.lever.replace("_", " ") for lever in shown_levers], go.Figure()
    sides = (("10 % less", "gain_at_tenth_less", "#4c78a8"), ("10 % more", "gain_at_tenth_more", "#f2b134"))
    for name, field, colour in sides:
        values = [100 * (getattr(lever, field) or 0.0) for lever in shown_levers]
        figure.add_bar(y=names, x=values, name=name, orientation="h", marker_color=colour,
                       hovertemplate="%{y}, " + name + ": %{x:+.2f} %<extra></extra>")  # fmt: skip
    figure.update_layout(barmode="overlay")
    styled(figure, "Tornado", "change of the objective [%]", "", 140 + 26 * len(names))
    return figure.update_layout(margin={"l": 130, "r": 15, "t": 50, "b": 50})
