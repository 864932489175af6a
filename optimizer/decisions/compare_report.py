"""A comparison as a planner reads it: figures side by side, and the waterfall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exasite.decisions.compare import Column, Comparison, Waterfall
from exasite.words import money, percent

_LEAST_SHOWN = 5e-4  # of the efficiency: smaller steps are shown together
_BAR = 24

_FIGURES: tuple[tuple[str, Callable[[Column], str]], ...] = (
    ("chips", lambda c: f"{c.gpus:,}"),
    *((key, lambda c, key=key: " + ".join(c.choices.get(key, []))) for key in (
        "accelerator", "interconnect", "cooling", "storage", "recovery", "power")),
    ("peak [EFLOPS]", lambda c: f"{c.peak_exaflops:,.2f}"),
    ("MAMF", lambda c: percent(c.mamf)),
    ("SFU", lambda c: percent(c.sfu)),
    ("goodput", lambda c: percent(c.goodput)),
    ("MFU", lambda c: percent(c.mamf * c.sfu * c.goodput)),
    ("effective [EFLOPS]", lambda c: f"{c.effective_exaflops:,.2f}"),
    ("IT at work [MW]", lambda c: f"{c.it_mw_mean:,.1f}"),
    ("PUE", lambda c: f"{c.pue_mean:.3f}"),
    ("facility mean [MW]", lambda c: f"{c.facility_mw_mean:,.1f}"),
    ("capex", lambda c: money(c.capex_usd)),
    ("capex per chip", lambda c: money(c.capex_usd / c.gpus)),
    ("EFLOPS per B$", lambda c: f"{c.exaflops_per_billion_usd:.3f}"),
    ("EFLOPS per MW", lambda c: f"{c.exaflops_per_megawatt:.4f}"),
)  # fmt: skip


def rows(found: Comparison) -> list[list[str]]:
    """Name and value in each design of every figure."""
    table = [[name, *[text(column) for column in found.columns]] for name, text in _FIGURES]
    table.append(["efficiency", *[f"{c.efficiency(found.weight):.4f}" for c in found.columns]])
    extra = list(dict.fromkeys(key for column in found.columns for key in column.figures))
    table += [[key, *[_text(column.figures.get(key)) for column in found.columns]] for key in extra]
    return table


def _text(value: float | str | None) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return "-" if value is None else str(value)


def report(found: Comparison) -> RenderableType:
    """The comparison as a rich renderable."""
    table = Table(box=None, padding=(0, 2), header_style="bold")
    table.add_column("")
    for column in found.columns:
        table.add_column(Text(column.name), justify="right")
    for row in rows(found):
        differs = len(set(row[1:])) > 1
        table.add_row(*[Text(cell) for cell in row], style="" if differs else "dim")
    blocks: list[RenderableType] = [Text(""), table]
    for one in found.waterfalls:
        blocks += [_heading(found, one), Padding(_steps(one), (0, 2))]
    return Group(*blocks)


def _heading(found: Comparison, one: Waterfall) -> Text:
    first = found.columns[0].name
    text = Text(f"\n{one.name} against {first}: ", style="bold")
    change = Text(_percent(one.log_difference), style="bold green" if one.log_difference >= 0 else "bold red")
    text.append(change)
    return text.append(f" efficiency (weight of capex {found.weight:g}), and where it comes from", style="not bold")


def _steps(one: Waterfall) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "left"):
        table.add_column(justify=justify)  # type: ignore[arg-type]
    largest = max((abs(step.log_difference) for step in one.steps), default=0.0) or 1.0
    for name, value in shown_steps(one):
        bar = "█" * max(1, round(_BAR * abs(value) / largest))
        table.add_row(name, _percent(value), Text(bar, style="green" if value >= 0 else "red"))
    table.add_row(Text("all together", style="bold"), Text(_percent(one.log_difference), style="bold"), "")
    return table


def shown_steps(one: Waterfall) -> list[tuple[str, float]]:
    """Steps worth a line of their own, and the rest in one."""
    large = [(s.factor, s.log_difference) for s in one.steps if abs(s.log_difference) >= _LEAST_SHOWN]
    rest = one.log_difference - sum(value for _, value in large)
    return [*large, ("everything else", rest)] if abs(rest) > 1e-9 else large


def _percent(log_difference: float) -> str:
    import math

    return f"{100 * math.expm1(log_difference):+.2f} %"


def write_plot(found: Comparison, path: str | Path) -> Path:
    """Write the page. Raises InputError without plotly, or where the file cannot be written."""
    from html import escape

    from exasite.page import figure_html, html_table, write_page
    from exasite.plot import require_plotly

    require_plotly()
    parts, library = [], True
    for one in found.waterfalls:
        parts.append(f"<h2>{escape(one.name)} against {escape(found.columns[0].name)}</h2>")
        parts.append(figure_html(_figure(found, one), library=library))
        library = False
    parts.append("<h2>Side by side</h2>")
    parts.append(html_table(["", *[c.name for c in found.columns]], rows(found), range(1, len(found.columns) + 1)))
    names = ", ".join(column.name for column in found.columns)
    words = "The factors of the efficiency multiply: each bar is what one of them adds to its logarithm, as a share."
    return write_page(path, f"{names}: where the difference comes from", words, parts)


def _figure(found: Comparison, one: Waterfall) -> Any:
    import math

    import plotly.graph_objects as go

    from exasite.page import styled

    steps = shown_steps(one)
    names = [name for name, _ in steps] + ["all together"]
    values = [100 * value for _, value in steps] + [100 * one.log_difference]
    figure = go.Figure(go.Waterfall(
        x=names, y=values, measure=["relative"] * len(steps) + ["total"],
        text=[f"{100 * math.expm1(v / 100):+.1f} %" for v in values], textposition="outside",
        increasing={"marker": {"color": "#54a24b"}}, decreasing={"marker": {"color": "#e45756"}},
        totals={"marker": {"color": "#4c78a8"}}, connector={"line": {"color": "#ccc"}},
    ))  # fmt: skip
    return styled(figure, f"Efficiency, weight of capex {found.weight:g}", "", "100 x change of the logarithm", 480)
