"""The power of a design as one HTML file: weeks hour by hour, duration curves, energy by month."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exasite.errors import InputError, Problem
from exasite.hourly import DEMAND, PAUSED, UNSERVED
from exasite.models.profiles import HOURS_IN_DAY, HOURS_IN_YEAR
from exasite.page import COLOURS, figure_html, styled, write_page
from exasite.report_power import month, plain_name
from exasite.result import Result, SiteResult

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used

_WEEK = 7 * HOURS_IN_DAY


def write_plot(result: Result, path: str | Path) -> Path:
    """Write the page of a result that was just solved, one file that needs no network.

    Raises InputError without plotly (extra `plot`), where nothing was designed, or where the file cannot be written.
    """
    require_plotly()
    if not result.sites:
        raise InputError([Problem("--plot", "there is no design to draw", "see the message above")])
    parts, library = [], True
    for site in result.sites:
        for heading, frame in _phases(result, site):
            parts.append(f"<h2>{escape(heading)}</h2>")
            weeks = [_week(frame, site, kind) for kind in ("lean", "typical")]
            for figure in (*weeks, _duration(frame, site), _months(frame, site)):
                parts.append(figure_html(figure, library=library))
                library = False
    words = "Every hour of the year at least cost with the sizes of the design; drag to zoom, click a name to hide."
    return write_page(path, f"{result.instance.name}: power", words, parts)


def require_plotly() -> None:
    """Raises InputError, with the fix, where the extra `plot` is not installed."""
    try:
        import plotly.graph_objects  # noqa: F401
    except ImportError:
        fix = "pip install 'exasite[plot]'"
        raise InputError([Problem("--plot", "a plot needs plotly, which is not installed", fix)]) from None


def _phases(result: Result, site: SiteResult) -> list[tuple[str, pd.DataFrame]]:
    """Heading and hours of each phase at work; one that runs like the one before it is not drawn again."""
    last = result.hourly_frame(site.site)  # says so where the hours are not known
    if not site.phases:
        return [(site.name, last)]
    at_work = [frame for frame in result.hours_of(site.site) if frame[DEMAND].any()]
    found: list[tuple[str, pd.DataFrame]] = []
    for phase, frame in zip(site.phases, at_work, strict=True):
        if not (found and frame.round(3).equals(found[-1][1].round(3))):
            found.append((f"{site.name}, from {month(phase.start_date)}", frame))
    return found


def _sources(frame: pd.DataFrame, site: SiteResult) -> dict[str, tuple[str, str]]:
    """Column, name and colour of the sources that deliver anything, largest first."""
    energy = {s.source: float(frame[f"{s.source}_mw"].sum()) for s in site.supply if f"{s.source}_mw" in frame}
    names = {s.source: plain_name(s.name) for s in site.supply}
    order = sorted((g for g in energy if energy[g] > 0), key=lambda g: -energy[g])
    return {f"{g}_mw": (names[g], COLOURS[i % len(COLOURS)]) for i, g in enumerate(order)}


def _start(frame: pd.DataFrame, kind: str) -> int:
    """First hour of the week in which fuel and grid deliver most, or of one in the middle."""
    import numpy as np

    steady = [c for c in frame.columns if c.endswith("_mw") and c.split("_mw")[0] in ("solar_pv", "wind")]
    left = frame[DEMAND].to_numpy() - frame[steady].sum(axis=1).to_numpy() if steady else frame[DEMAND].to_numpy()
    weeks = left[: HOURS_IN_YEAR // _WEEK * _WEEK].reshape(-1, _WEEK).sum(axis=1)
    order = np.argsort(weeks)
    return int(order[-1] if kind == "lean" else order[len(order) // 2]) * _WEEK


def _week(frame: pd.DataFrame, site: SiteResult, kind: str) -> Any:
    import plotly.graph_objects as go

    first = _start(frame, kind)
    part = frame.iloc[first : first + _WEEK]
    days, figure = (part["hour"] - first) / HOURS_IN_DAY, go.Figure()
    for column, (name, colour) in _sources(frame, site).items():
        figure.add_scatter(x=days, y=part[column], name=name, stackgroup="out", line={"width": 0}, fillcolor=colour)
    for column in (PAUSED, UNSERVED):
        if part[column].sum() > 0:
            hatched = {"shape": "/", "fgcolor": COLOURS[3], "bgcolor": "#fff", "size": 6}
            figure.add_scatter(x=days, y=part[column], name=column.split("_")[0], stackgroup="out", line={"width": 0},
                               fillpattern=hatched)  # fmt: skip
    for column in (c for c in frame.columns if c.endswith("_charge_mw")):
        figure.add_scatter(x=days, y=-part[column], name="into storage", stackgroup="in", line={"width": 0},
                           fillcolor="#ccc")  # fmt: skip
    figure.add_scatter(x=days, y=part[DEMAND], name="demand", line={"color": "#111", "width": 2})
    title = "Week that leaves most to grid and fuel" if kind == "lean" else "A week in the middle"
    title += f"<br><sub>from day {first // HOURS_IN_DAY + 1} of the year</sub>"  # a line of its own: phones are narrow
    return styled(figure, title, "day of the week", "MW")


def _duration(frame: pd.DataFrame, site: SiteResult) -> Any:
    import numpy as np
    import plotly.graph_objects as go

    share, figure = np.linspace(0, 100, HOURS_IN_YEAR), go.Figure()
    for column, (name, colour) in _sources(frame, site).items():
        figure.add_scatter(x=share, y=np.sort(frame[column])[::-1], name=name, line={"color": colour})
    figure.add_scatter(x=share, y=np.sort(frame[DEMAND])[::-1], name="demand", line={"color": "#111", "width": 2})
    return styled(figure, "Duration curves", "share of the hours of the year [%]", "MW at least")


def _months(frame: pd.DataFrame, site: SiteResult) -> Any:
    import plotly.graph_objects as go

    figure, by_month = go.Figure(), frame.groupby("month").sum()
    for column, (name, colour) in _sources(frame, site).items():
        figure.add_bar(x=by_month.index, y=by_month[column] / 1e3, name=name, marker_color=colour)
    figure.update_layout(barmode="stack")
    return styled(figure, "Energy by month", "month", "GWh")
