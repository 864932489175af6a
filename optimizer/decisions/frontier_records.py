"""The frontier as records: axes, points with their designs, a table, and how it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from exasite.decisions.answer import Answer
from exasite.result import Record, Result

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used
    from rich.console import RenderableType


@dataclass(frozen=True)
class Axis:
    """A quantity per effective ExaFLOPS. `over_life`: yearly, shown for the life of the chips.

    `objective` maximises ExaFLOPS per this quantity, where there is such an objective.
    """

    id: str
    name: str
    unit: str
    quantity: str
    total: str
    factor: float = 1.0
    over_life: bool = False
    objective: str = ""

    def of_totals(self, totals: Mapping[str, Any]) -> float:
        """The figure of a result."""
        return float(totals[self.total]) * self.factor / float(totals["effective_exaflops"])


AXES = {
    axis.id: axis
    for axis in (
        Axis("capex", "capex per ExaFLOPS", "M$/EFLOPS", "capex_musd", "capex_usd", 1e-6,
             objective="exaflops_per_capex"),
        Axis("watts", "power per ExaFLOPS", "MW/EFLOPS", "facility_mean_mw", "facility_mw_mean",
             objective="exaflops_per_watt"),
        Axis("tco", "cost of ownership per ExaFLOPS", "M$/EFLOPS", "annual_cost_musd", "tco_usd", 1e-6,
             over_life=True, objective="exaflops_per_tco"),
        Axis("co2", "CO2 per ExaFLOPS", "t/year/EFLOPS", "co2_t", "co2_t_per_year"),
        Axis("water", "water per ExaFLOPS", "m3/year/EFLOPS", "water_m3", "water_m3_per_year"),
    )
}  # fmt: skip


class FrontierPoint(Record):
    """A design on the frontier.

    `x`, `y` are per effective ExaFLOPS in the units of the axes (y of dates: day number). It is the best one for
    whoever gives between `rate_from` and `rate_to` units of x for one unit of y (no end: any more), and maximises
    the efficiency for weights of x between `weight_from` and `weight_to` (none: for no weight). Points that are not
    `supported` are the best below a level of y, but for no exchange rate.
    """

    x: float
    y: float
    date: str = ""
    supported: bool
    rate_from: float | None = None
    rate_to: float | None = None
    weight_from: float | None = None
    weight_to: float | None = None
    choices: dict[str, list[str]]
    result: Result


class Frontier(Answer):
    """The trade-off of a question between two quantities, from least x to least y.

    `gap`: no design lies further below the line through the points than this share; `open_edges`: gaps between
    neighbours that were not looked into, because the time was up.
    """

    instance: str
    question: str = ""
    x: str
    y: str
    message: str = ""
    gap: float | None = None
    open_edges: int = 0
    seconds: float = 0.0
    points: tuple[FrontierPoint, ...] = Field(default=())

    def to_frame(self) -> pd.DataFrame:
        """One row a design: place, exchange rates, weights, choices and headline figures."""
        import pandas as pd

        from exasite.decisions.frontier_report import rows

        return pd.DataFrame(rows(self))

    def write_plot(self, path: str | Path) -> Path:
        """One HTML file that needs no network: the curve, each design, and where a choice changes."""
        from exasite.decisions.frontier_plot import write_plot

        return write_plot(self, path)

    def shown(self) -> RenderableType:
        from exasite.decisions.frontier_report import report

        return report(self)
