"""The frontier as a planner reads it: one row a design, and what changes from one to the next."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exasite.decisions.frontier_records import AXES, Frontier, FrontierPoint
from exasite.decisions.sketch import CHOICES

DATE = "date"


def rows(found: Frontier) -> list[dict[str, Any]]:
    """One row a design, for DataFrame and CSV."""
    units = {axis: AXES[axis].unit for axis in (found.x, found.y) if axis in AXES}
    table = []
    for point in found.points:
        totals = point.result.totals
        row: dict[str, Any] = {f"{found.x} [{units[found.x]}]": point.x}
        row |= {"online_date": point.date} if found.y == DATE else {f"{found.y} [{units[found.y]}]": point.y}
        for name in ("supported", "rate_from", "rate_to", "weight_from", "weight_to"):
            row[name] = getattr(point, name)
        row |= {key: " + ".join(point.choices.get(key, [])) for key in CHOICES}
        if totals is not None:
            row |= {name: getattr(totals, name) for name in (
                "gpus", "effective_exaflops", "mfu", "capex_usd", "facility_mw_mean", "pue_mean", "tco_usd",
                "exaflops_per_billion_usd", "exaflops_per_megawatt",
            )}  # fmt: skip
        table.append(row)
    return table


def report(found: Frontier) -> RenderableType:
    """The frontier as a rich renderable."""
    if not found.points:
        return Text(f"\n{found.instance}  {found.status.upper()}: {found.message}", style="bold yellow")
    words = Text(f"\n{found.instance}", style="bold")
    words.append(f"  {found.question}\n", style="not bold")
    words.append(_headline(found))
    return Group(words, Padding(_table(found), (0, 2)), *[Padding(Text(line), (0, 2)) for line in advice(found)])


def _headline(found: Frontier) -> str:
    what = f"{_name(found.x)} against {_name(found.y)}"
    count = len(found.points)
    designs = f"{count} designs" if count > 1 else "one design is best for everyone"
    if found.status == "optimal":
        proof = "every one that is best for some exchange rate" if found.y != DATE else "the best one for every date"
        return f"PROVEN TRADE-OFF, {what}: {designs}, {proof}"
    return f"TRADE-OFF SO FAR, {what}: {designs}; {found.open_edges} gaps between them were not looked into"


def _name(axis: str) -> str:
    return AXES[axis].name if axis in AXES else "the date it works"


def _table(found: Frontier) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    heads = ["", _unit(found.x), _unit(found.y), "best for", "weight", "EFLOPS", "B$", "MW", "design"]
    for name in heads:
        table.add_column(name, justify="left" if name in ("design", "best for") else "right",
                         no_wrap=name != "design")  # fmt: skip
    before: FrontierPoint | None = None
    for number, point in enumerate(found.points, start=1):
        totals = point.result.totals
        assert totals is not None  # every point has a design
        y = point.date if found.y == DATE else f"{point.y:,.4g}"
        table.add_row(str(number), f"{point.x:,.5g}", y, best_for(found, point), weights(point),
                      f"{totals.effective_exaflops:,.2f}", f"{totals.capex_usd / 1e9:,.3f}",
                      f"{totals.facility_mw_mean:,.1f}", design(point, before))  # fmt: skip
        before = point
    return table


def _unit(axis: str) -> str:
    return AXES[axis].unit if axis in AXES else "works from"


def best_for(found: Frontier, point: FrontierPoint) -> str:
    """For whom a design is best: what one unit of y is worth to him."""
    if not point.supported:
        return "no one rate"
    if found.y == DATE:
        return "this date"
    factor, unit = _rate_unit(found)
    low, high = factor * (point.rate_from or 0.0), point.rate_to
    if high is None:
        return f"above {_rate(low)} {unit}" if low > 0 else "every rate"
    high *= factor
    return f"below {_rate(high)} {unit}" if low == 0 else f"{_rate(low)} to {_rate(high)} {unit}"


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _rate_unit(found: Frontier) -> tuple[float, str]:
    """Factor and unit in which a planner says what one unit of y is worth."""
    first, second = AXES[found.x].unit.split("/")[0], AXES[found.y].unit.split("/")[0]
    if first != "M$":
        return 1.0, f"{first} per {second}"
    if second == "MW":
        return 1.0, "$/W"
    return 1e6, f"$/({second}/year)" if "year" in AXES[found.y].unit else f"$/{second}"


def weights(point: FrontierPoint) -> str:
    """Weights of the efficiency for which a design is best."""
    if point.weight_from is None or point.weight_to is None:
        return "-"
    return f"{point.weight_from:.2f}-{point.weight_to:.2f}"


def design(point: FrontierPoint, before: FrontierPoint | None) -> str:
    """The choices of a design; after the first one only those that differ from the one before."""
    if before is None:
        return ", ".join(" + ".join(point.choices[key]) for key in CHOICES if point.choices.get(key))
    same = [key for key in CHOICES if point.choices.get(key) != before.choices.get(key)]
    return ", ".join(" + ".join(point.choices.get(key, [])) or f"no {key}" for key in same) or "the same, other sizes"


def advice(found: Frontier) -> list[str]:
    """What the trade-off says, in sentences."""
    if len(found.points) < 2:
        return []
    first, last = found.points[0], found.points[-1]
    if found.y == DATE:
        return []
    more, less = last.x / first.x - 1.0, 1.0 - last.y / first.y if first.y > 0 else 0.0
    lines = [f"From the first design to the last, {_name(found.x)} rises by {100 * more:.1f} % and "
             f"{_name(found.y)} falls by {100 * less:.1f} %."]  # fmt: skip
    if (found.x, found.y) == ("capex", "watts"):
        lines.append("A rate of 3 $/W means: to save a watt of mean draw you would spend 3 dollars of capex. "
                     "The weight is that of capex in `objective.weights`.")  # fmt: skip
    return lines
