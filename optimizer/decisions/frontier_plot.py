"""The frontier as one HTML file: the curve, the design of each point, and where a choice changes."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from exasite.decisions.frontier_records import AXES, Frontier, FrontierPoint
from exasite.decisions.frontier_report import DATE, advice, best_for, design, weights
from exasite.decisions.sketch import CHOICES
from exasite.errors import InputError, Problem
from exasite.page import COLOURS, figure_html, html_table, styled, write_page
from exasite.plot import require_plotly

_SCRIPT = """<script>
const chart = document.getElementById("frontier");
function mark(number) {
  document.querySelectorAll("tbody tr").forEach((row, i) => row.classList.toggle("on", i === number));
}
chart.on("plotly_hover", event => mark(event.points[0].customdata[0]));
chart.on("plotly_click", event => {
  mark(event.points[0].customdata[0]);
  document.getElementById("row" + event.points[0].customdata[0]).scrollIntoView({block: "nearest"});
});
</script>"""


def write_plot(found: Frontier, path: str | Path) -> Path:
    """Write the page. Raises InputError without plotly, without a design, or where the file cannot be written."""
    require_plotly()
    if not found.points:
        raise InputError([Problem("--plot", "there is no design to draw", "see the message above")])
    words = "Each point is a full design; point at one to see it, choose what the colours show."
    parts = [
        figure_html(_curve(found), library=True, name="frontier"),
        *[f"<p>{escape(line)}</p>" for line in advice(found)],
        "<h2>The designs</h2>",
        _designs(found),
        _SCRIPT,
    ]
    return write_page(path, f"{found.instance}: {found.x} against {found.y}", words, parts)


def _curve(found: Frontier) -> Any:
    import plotly.graph_objects as go

    figure, points = go.Figure(), found.points
    corners = [p for p in points if p.supported]
    figure.add_scatter(x=[p.x for p in corners], y=_y(found, corners), mode="lines", line={"color": "#bbb"},
                       hoverinfo="skip", showlegend=False,
                       line_shape="hv" if found.y == DATE else "linear")  # fmt: skip
    buttons, first = [], 1
    varying = [key for key in CHOICES if len({tuple(p.choices.get(key, [])) for p in points}) > 1] or ["cooling"]
    spans: dict[str, tuple[int, int]] = {}
    for key in varying:
        items = list(dict.fromkeys(" + ".join(p.choices.get(key, [])) for p in points))
        for number, item in enumerate(items):
            chosen = [i for i, p in enumerate(points) if " + ".join(p.choices.get(key, [])) == item]
            figure.add_scatter(
                x=[points[i].x for i in chosen], y=_y(found, [points[i] for i in chosen]), mode="markers", name=item,
                visible=key == varying[0],
                marker={"size": 11, "color": COLOURS[number % len(COLOURS)],
                        "symbol": ["circle" if points[i].supported else "circle-open" for i in chosen]},
                customdata=[[i] for i in chosen], text=[_hover(found, points[i]) for i in chosen],
                hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
        spans[key] = (first, first + len(items))
        first += len(items)
    for key, (start, end) in spans.items():
        shown = [True] + [start <= i < end for i in range(1, first)]
        buttons.append({"label": key, "method": "restyle", "args": ["visible", shown]})
    _mark_changes(figure, found, corners, varying)
    figure.update_layout(updatemenus=[{"buttons": buttons, "x": 1, "xanchor": "right", "y": 1.16}])
    y = "works from" if found.y == DATE else f"{AXES[found.y].name} [{AXES[found.y].unit}]"
    return styled(figure, "Trade-off", f"{AXES[found.x].name} [{AXES[found.x].unit}]", y, 520)


def _y(found: Frontier, points: list[FrontierPoint]) -> list[Any]:
    return [p.date if found.y == DATE else p.y for p in points]


def _mark_changes(figure: Any, found: Frontier, corners: list[FrontierPoint], varying: list[str]) -> None:
    """A word on the curve wherever a choice changes from one corner to the next."""
    for a, b in pairwise(corners):
        changes = [key for key in varying if a.choices.get(key) != b.choices.get(key)]
        if changes:
            y = b.date if found.y == DATE else (a.y + b.y) / 2
            figure.add_annotation(x=(a.x + b.x) / 2, y=y, text=", ".join(changes), showarrow=True, ax=30, ay=-25,
                                  font={"size": 11, "color": "#777"}, arrowcolor="#bbb")  # fmt: skip


def _hover(found: Frontier, point: FrontierPoint) -> str:
    totals = point.result.totals
    assert totals is not None  # every point has a design
    lines = [
        f"<b>{point.x:,.5g} {AXES[found.x].unit}</b>",
        f"<b>{point.date}</b>" if found.y == DATE else f"<b>{point.y:,.5g} {AXES[found.y].unit}</b>",
        f"best for {best_for(found, point)}",
        *(f"{key}: {escape(' + '.join(ids))}" for key, ids in point.choices.items() if ids),
        f"{totals.gpus:,} chips, {totals.effective_exaflops:,.2f} EFLOPS, {totals.capex_usd / 1e9:,.2f} B$, "
        f"{totals.facility_mw_mean:,.1f} MW",
    ]
    return "<br>".join(lines)


def _designs(found: Frontier) -> str:
    rows = []
    for point in found.points:
        t = point.result.totals
        assert t is not None
        y = point.date if found.y == DATE else f"{point.y:,.5g}"
        rows.append([f"{point.x:,.5g}", y, best_for(found, point), weights(point), f"{t.gpus:,}",
                     f"{t.effective_exaflops:,.2f}", f"{t.capex_usd / 1e9:,.3f}", f"{t.facility_mw_mean:,.1f}",
                     f"{t.pue_mean:.3f}", design(point, None)])  # fmt: skip
    heads = [AXES[found.x].unit, AXES[found.y].unit if found.y in AXES else "works from", "best for", "weight", "chips",
             "EFLOPS", "B$", "MW", "PUE", "design"]  # fmt: skip
    return html_table(heads, rows, (0, 1, 4, 5, 6, 7, 8))
