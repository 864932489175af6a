"""What each factor is worth, as records: a table, a tornado chart, and how it reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from exasite.decisions.answer import Answer
from exasite.result import Record

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used
    from rich.console import RenderableType


class BreakEven(Record):
    """A value of a factor at which the best design changes: on this side it is the present one, beyond it another.

    `factor` is on all the numbers of the lever; `value` in `unit`. `last` and `next` are the nearest factors looked at
    with the present and with the other design. `change` says what changes, by choice; "no design" where none is left.
    """

    side: str = Field(description="above or below")
    factor: float
    value: float | None
    unit: str
    last: float
    next: float
    change: dict[str, str]


class LeverValue(Record):
    """One factor: where it stands, what it is worth, and where it changes the answer.

    `elasticity`: per cent of the objective for one per cent of the factor, the design chosen anew. `step` is one more
    point of the share it moves (MAMF, SFU, goodput, PUE by 0.01), or one per cent of a price, power or time;
    `worth_usd_per_gpu` and `worth_usd_per_mw` are what the better design may cost more at an equal objective.
    `best_value` is the best known one, from `best_source`; `best_gain` what reaching it gains.
    """

    lever: str
    name: str
    measure: str
    better: str
    value: float | None
    unit: str
    elasticity: float
    gain_at_tenth_less: float | None = Field(None, description="of the objective at 0.9 of the factor")
    gain_at_tenth_more: float | None = Field(None, description="at 1.1 of it, or at its ceiling")
    step: str
    step_gain: float
    worth_usd_per_gpu: float | None = None
    worth_usd_per_mw: float | None = None
    best_value: float | None = None
    best_source: str = ""
    best_gain: float | None = None
    break_evens: tuple[BreakEven, ...] = ()
    confidence: str = ""


class ChipPrice(Record):
    """The price of an accelerator at which it stops, or starts, being the best one."""

    accelerator: str
    chosen: bool
    price_usd: float
    break_even_usd: float | None
    change: dict[str, str] = Field(default_factory=dict)


class Levers(Answer):
    """The factors of a question, strongest first."""

    instance: str
    question: str = ""
    message: str = ""
    objective: str
    value: float | None = None
    gpus: int = 0
    facility_mw_mean: float = 0.0
    choices: dict[str, list[str]] = Field(default_factory=dict)
    levers: tuple[LeverValue, ...] = ()
    chip_prices: tuple[ChipPrice, ...] = ()
    searches: int = 0
    seconds: float = 0.0

    def to_frame(self) -> pd.DataFrame:
        """One row a factor."""
        import pandas as pd

        from exasite.decisions.lever_report import rows

        return pd.DataFrame(rows(self))

    def write_plot(self, path: str | Path) -> Path:
        """One HTML file that needs no network: the tornado chart and the table."""
        from exasite.decisions.lever_report import write_plot

        return write_plot(self, path)

    def shown(self) -> RenderableType:
        from exasite.decisions.lever_report import report

        return report(self)
