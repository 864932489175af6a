"""Heat maps over two axes of a grid: which choice is best where, with the borders where it switches, and its worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from exasite.studies.axes import LevelAxis
from exasite.studies.charts import COLOURS, styled
from exasite.studies.records import value_of
from exasite.studies.scenarios import GRID
from exasite.studies.switches import NOTHING, SWITCHABLE, Found, found_designs

if TYPE_CHECKING:
    from exasite.studies.running import StudyRun

_MOST_SLICES = 60
_BORDER = {"color": "#111", "width": 3}


@dataclass(frozen=True)
class Plane:
    """Two axes to draw, and every combination of levels of the others: the slices."""

    x: int
    y: int | None
    slices: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]


def plane(grid: Sequence[LevelAxis]) -> Plane | None:
    """The plane of a grid: numeric axes with most levels first. None without an axis of two levels."""
    drawn = [i for i, axis in enumerate(grid) if len(axis.levels) > 1]
    drawn.sort(key=lambda i: (not grid[i].is_numeric, -len(grid[i].levels), i))
    if not drawn:
        return None
    x, y = drawn[0], drawn[1] if len(drawn) > 1 else None
    others = [i for i in range(len(grid)) if i not in (x, y)]
    slices, labels = [], []
    for levels in product(*(range(len(grid[i].levels)) if i in others else (-1,) for i in range(len(grid)))):
        slices.append(levels)
        labels.append(", ".join(f"{grid[i].name} {grid[i].levels[levels[i]].label}" for i in others) or "all")
    return Plane(x, y, tuple(slices[:_MOST_SLICES]), tuple(labels[:_MOST_SLICES]))


def choice_maps(run: StudyRun) -> Iterator[Any]:
    """A map for each choice that is not the same everywhere."""
    found = [f for f in found_designs(run.scenarios, run.outcomes) if f.scenario.kind == GRID and not f.scenario.shares]
    area, grid = plane(run.design.grid), run.design.grid
    if area is None:
        return
    for choice in SWITCHABLE:
        words = list(dict.fromkeys(f.choices[choice] for f in found))
        if len(words) > 1:
            yield _choice_map(found, grid, area, choice, sorted(words, key=lambda word: (word == NOTHING, word)))


def _choice_map(found: Sequence[Found], grid: Sequence[LevelAxis], area: Plane, choice: str, words: list[str]) -> Any:
    import plotly.graph_objects as go

    at = {f.scenario.levels: f.choices[choice] for f in found}
    figure, borders = go.Figure(), []
    for number, levels in enumerate(area.slices):
        cells = _cells(area, grid, levels, at.get)
        codes = [[None if word is None else words.index(word) for word in row] for row in cells]
        figure.add_heatmap(
            z=codes, x=_labels(grid[area.x]), y=_rows(area, grid), zmin=-0.5, zmax=len(words) - 0.5, xgap=1, ygap=1,
            colorscale=_steps(len(words)), showscale=False, visible=number == 0, customdata=cells,
            hovertemplate="%{x}, %{y}: %{customdata}<extra></extra>",
        )  # fmt: skip
        borders.append(_borders(cells))
    for number, word in enumerate(words):  # a legend, which heat maps do not have
        square = {"size": 12, "symbol": "square", "color": COLOURS[number % len(COLOURS)]}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=word, marker=square)
    title = f"Best {choice}; thick lines where it switches"
    return _with_slices(styled(figure, title, *_axis_titles(area, grid)), area, borders, len(words))


def value_map(run: StudyRun, key: str, name: str) -> Any | None:
    """A map of a figure over the plane of the grid; None without a grid."""
    import plotly.graph_objects as go

    area, grid = plane(run.design.grid), run.design.grid
    if area is None:
        return None
    at = {
        s.levels: value_of(o.record, key)
        for i, s in enumerate(run.scenarios)
        if s.kind == GRID and not s.shares and (o := run.outcomes.get(i)) is not None and o.record.get("sites")
    }
    if len(set(at.values())) < 2:
        return None
    figure = go.Figure()
    for number, levels in enumerate(area.slices):
        cells = _cells(area, grid, levels, at.get)
        figure.add_heatmap(
            z=cells, x=_labels(grid[area.x]), y=_rows(area, grid), zmin=min(at.values()), zmax=max(at.values()),
            colorscale="Viridis", visible=number == 0, xgap=1, ygap=1, colorbar={"thickness": 12},
            texttemplate="%{z:.3g}", textfont={"size": 10}, hovertemplate="%{x}, %{y}: %{z:.5g}<extra></extra>",
        )  # fmt: skip
    return _with_slices(styled(figure, name, *_axis_titles(area, grid)), area, [[]] * len(area.slices), 0)


def _cells(area: Plane, grid: Sequence[LevelAxis], levels: tuple[int, ...],
           value: Callable[[tuple[int, ...]], Any]) -> list[list[Any]]:  # fmt: skip
    rows = range(len(grid[area.y].levels)) if area.y is not None else (-1,)
    return [[value(_at(area, levels, i, j)) for i in range(len(grid[area.x].levels))] for j in rows]


def _at(area: Plane, levels: tuple[int, ...], x: int, y: int) -> tuple[int, ...]:
    return tuple(x if k == area.x else y if k == area.y else level for k, level in enumerate(levels))


def _labels(axis: LevelAxis) -> list[str]:
    """Text, so that every level is as wide as the others."""
    return [f"{level.label}\u200b" for level in axis.levels]


def _rows(area: Plane, grid: Sequence[LevelAxis]) -> list[str]:
    return _labels(grid[area.y]) if area.y is not None else [" "]


def _axis_titles(area: Plane, grid: Sequence[LevelAxis]) -> tuple[str, str]:
    def title(axis: LevelAxis) -> str:
        return f"{axis.name} [{axis.unit}]" if axis.unit else axis.name

    return title(grid[area.x]), title(grid[area.y]) if area.y is not None else ""


def _steps(count: int) -> list[list[Any]]:
    """A colour scale of whole steps."""
    scale = []
    for number in range(count):
        colour = COLOURS[number % len(COLOURS)]
        scale += [[number / count, colour], [(number + 1) / count, colour]]
    return scale


def _borders(cells: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Lines between neighbouring cells with different choices, in positions of the cells."""
    lines = []
    for j, row in enumerate(cells):
        for i, word in enumerate(row):
            if i + 1 < len(row) and None not in (word, row[i + 1]) and word != row[i + 1]:
                lines.append({"type": "line", "x0": i + 0.5, "x1": i + 0.5, "y0": j - 0.5, "y1": j + 0.5,
                              "line": _BORDER})  # fmt: skip
            if j + 1 < len(cells) and None not in (word, cells[j + 1][i]) and word != cells[j + 1][i]:
                lines.append({"type": "line", "x0": i - 0.5, "x1": i + 0.5, "y0": j + 0.5, "y1": j + 0.5,
                              "line": _BORDER})  # fmt: skip
    return lines


def _with_slices(figure: Any, area: Plane, borders: Sequence[list[dict[str, Any]]], legend: int) -> Any:
    """A menu of the slices, where there are several."""
    count = len(area.slices)
    figure.update_layout(shapes=borders[0], xaxis={"type": "category", "automargin": True},
                         yaxis={"type": "category", "automargin": True}, plot_bgcolor="#fff")  # fmt: skip
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False)
    if count > 1:
        buttons = [
            {"label": label, "method": "update",
             "args": [{"visible": [i == number for i in range(count)] + [True] * legend}, {"shapes": borders[number]}]}
            for number, label in enumerate(area.labels)
        ]  # fmt: skip
        top = figure.layout.margin.t + 45
        menu = {"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom", "pad": {"b": 6},
                "font": {"size": 12}, "bgcolor": "#fff"}  # fmt: skip
        figure.update_layout(updatemenus=[menu], height=430, margin={"t": top}, title={"y": 0.97, "yanchor": "top"})
    return figure
