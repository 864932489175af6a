"""The charts of a study's page: tornado, distributions, sensitivity, parallel coordinates, losses of designs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from exasite.studies.axes import LevelAxis
from exasite.studies.records import value_of
from exasite.studies.regret import RegretTable
from exasite.studies.scenarios import ONE
from exasite.studies.sensitivity import OUTPUTS, SOBOL, Sensitivity, tornado

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used

    from exasite.studies.running import StudyRun

COLOURS = ("#4c78a8", "#f2b134", "#72b7b2", "#e45756", "#54a24b", "#b279a2", "#9d755d", "#8c8c8c")
_MOST_BARS, _MOST_LINES = 15, 5
_LEAST_SAMPLES = 8
_BARS = {"total": "total", "first_order": "first order", "rank_correlation": "rank correlation",
         "rank_regression": "regression on ranks"}  # fmt: skip
_WRAP = 24  # letters of a label on one line: phones are narrow


def styled(figure: Any, title: str, x: str, y: str, height: int = 380) -> Any:
    """One look for all charts; long titles get lines of their own, for phones are narrow."""
    lines = textwrap.wrap(title, 44)
    return figure.update_layout(
        title={"text": "<br>".join(lines), "font": {"size": 15}}, xaxis_title=x, yaxis_title=y,
        template="plotly_white", height=height, legend={"orientation": "h", "y": -0.25},
        margin={"l": 50, "r": 15, "t": 40 + 20 * len(lines), "b": 50}, font={"size": 12},
    )  # fmt: skip


def wrapped(label: str) -> str:
    return "<br>".join(textwrap.wrap(str(label), _WRAP)) or " "


def tornado_chart(run: StudyRun, key: str) -> Any | None:
    """Bars from the value at low to the value at high, around the base; None if no row moves it."""
    import plotly.graph_objects as go

    frame = tornado(run.scenarios, run.outcomes, key)
    if frame is None:
        return None
    frame = frame[(frame["low"] != frame["base"]) | (frame["high"] != frame["base"])]
    if frame.empty:
        return None
    more = len(frame) - _MOST_BARS
    frame = frame.head(_MOST_BARS).iloc[::-1]
    base, labels, figure = float(frame["base"].iloc[0]), [wrapped(row) for row in frame["row"]], go.Figure()
    for column, colour in (("low", COLOURS[0]), ("high", COLOURS[3])):
        figure.add_bar(y=labels, x=frame[column] - base, base=base, orientation="h", name=f"row at its {column}",
                       marker_color=colour, hovertemplate="%{y}: %{customdata:.5g}<extra></extra>",
                       customdata=frame[column])  # fmt: skip
    figure.update_layout(barmode="overlay", yaxis={"automargin": True})
    figure.add_vline(x=base, line={"color": "#222", "width": 1})
    title = f"{OUTPUTS[key]}: each number alone from low to high" + (f" (the {_MOST_BARS} widest)" if more > 0 else "")
    return _bars(styled(figure, title, OUTPUTS[key], ""), len(frame))


def distribution_chart(run: StudyRun, key: str) -> Any | None:
    """How often a headline figure comes out where; None with few designs or a single value."""
    import numpy as np
    import plotly.graph_objects as go

    pairs = zip(run.scenarios, (run.outcomes.get(i) for i in range(len(run.scenarios))), strict=True)
    values = [value_of(o.record, key) for s, o in pairs if s.kind != ONE and o is not None and o.record.get("sites")]
    if len(values) < _LEAST_SAMPLES or max(values) == min(values):
        return None
    low, mid, high = np.percentile(values, [5, 50, 95])
    figure = go.Figure(go.Histogram(x=values, nbinsx=min(40, max(8, len(values) // 8)), marker_color=COLOURS[0]))
    for at, name in ((low, "5 %"), (mid, "half"), (high, "95 %")):
        figure.add_vline(x=float(at), line={"color": COLOURS[3], "dash": "dot"}, annotation_text=name)
    title = f"{OUTPUTS[key]}: {low:.4g} to {high:.4g} in nine of ten designs, half below {mid:.4g}"
    return styled(figure, title, OUTPUTS[key], "scenarios", 340)


def sensitivity_chart(found: Sensitivity) -> Any:
    """Bars by axis, strongest first."""
    import plotly.graph_objects as go

    frame = found.frame.head(_MOST_BARS).iloc[::-1]
    labels, figure = [wrapped(axis) for axis in frame["axis"]], go.Figure()
    columns = [name for name in _BARS if name in frame.columns]
    for column, colour in zip(columns, (COLOURS[1], COLOURS[0]), strict=False):
        name = _BARS[column]
        figure.add_bar(y=labels, x=frame[column], orientation="h", name=name, marker_color=colour)
    title = f"What moves {found.output}"
    if len(found.frame) > _MOST_BARS:
        title += f" (the {_MOST_BARS} strongest of {len(found.frame)})"
    x = "share of the variance" if found.method == SOBOL else "-1 to 1"
    return _bars(styled(figure, title, x, ""), len(frame))


def _bars(figure: Any, count: int) -> Any:
    """Room for two lines of a label at each bar, and the legend above them."""
    top = figure.layout.margin.t + 30
    title = {"y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 14}}
    legend = {"y": 1, "yanchor": "bottom", "x": 0}
    figure.update_layout(height=top + 60 + 36 * count, margin={"t": top}, title=title, legend=legend)
    return figure.update_yaxes(automargin=True, tickfont={"size": 11})


def parallel_chart(run: StudyRun, strongest: Sequence[str]) -> Any | None:
    """A line a scenario across the axes that matter and the headline figures, coloured by the objective."""
    import plotly.graph_objects as go

    rows = [i for i, s in enumerate(run.scenarios)
            if s.kind != ONE and (o := run.outcomes.get(i)) is not None and o.record.get("sites")]  # fmt: skip
    grid = [axis.name for axis in run.design.grid if len(axis.levels) > 1]
    names = [*grid, *[name for name in strongest if name not in grid]][:_MOST_LINES]
    if len(rows) < 3 or not names:
        return None
    by_name = {axis.name: axis for axis in run.design.grid}
    values = [dict(run.scenarios[i].values) for i in rows]
    if any(name not in row for row in values for name in names):
        rows = [i for i, row in zip(rows, values, strict=True) if all(name in row for name in names)]
        values = [dict(run.scenarios[i].values) for i in rows]
    lines = [_line(name, [row[name] for row in values], by_name.get(name)) for name in names]
    for key, name in OUTPUTS.items():
        if key != "objective.value":
            lines.append({"label": name, "values": [value_of(run.outcomes[i].record, key) for i in rows]})
    colour = [value_of(run.outcomes[i].record, "objective.value") for i in rows]
    figure = go.Figure(go.Parcoords(
        dimensions=lines, labelfont={"size": 11}, tickfont={"size": 10},
        line={"color": colour, "colorscale": "Viridis", "showscale": True, "colorbar": {"title": "objective"}},
    ))  # fmt: skip
    return figure.update_layout(template="plotly_white", height=420, margin={"l": 90, "r": 30, "t": 60, "b": 30})


def _line(name: str, values: Sequence[Any], axis: LevelAxis | None) -> dict[str, Any]:
    label = name if len(name) <= 22 else f"{name[:20]}..."  # one line: a second one would cover the numbers
    if all(isinstance(value, float) for value in values):
        return {"label": label, "values": list(values)}
    words = [level.value for level in axis.levels] if axis else sorted(set(values))
    labels = [level.label for level in axis.levels] if axis else words
    return {"label": label, "values": [words.index(value) for value in values],
            "tickvals": list(range(len(words))), "ticktext": [str(text)[:18] for text in labels]}  # fmt: skip


def regret_chart(found: RegretTable) -> Any | None:
    """Losses of each design in all scenarios as boxes; None if no design loses anything."""
    import plotly.graph_objects as go

    figure, summary = go.Figure(), _by_design(found.summary)
    for number, design in enumerate(found.designs):
        losses = 100 * found.losses[design.name].dropna()
        if losses.empty:
            continue
        cannot = int(summary[design.name]["cannot_be_built_in"])
        name = design.name + (f" (not in {cannot})" if cannot else "")
        figure.add_box(y=losses, name=name, boxpoints="all", jitter=0.5, marker={"size": 4},
                       marker_color=COLOURS[number % len(COLOURS)], text=found.losses["scenario"][losses.index],
                       hovertemplate="%{text}: %{y:.2f} %<extra></extra>")  # fmt: skip
    if not figure.data:
        return None
    return styled(figure, "Loss of each design against the best one of each scenario", "", "loss [%]").update_layout(
        showlegend=False
    )


def _by_design(summary: pd.DataFrame) -> Mapping[str, Mapping[Any, Any]]:
    return {row["design"]: row for row in summary.to_dict("records")}
