"""The hours of the year as a table for each site and phase: what a duration curve or an hourly stack is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from exasite.models.dispatch import Dispatch
from exasite.models.profiles import HOURS_IN_YEAR, hour_of_day, month_of_hour
from exasite.result import Result
from exasite.verify import CheckedSite

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used: the command line starts at once

DEMAND, PAUSED, UNSERVED = "demand_mw", "paused_mw", "unserved_mw"


def with_hours(result: Result, checked: Sequence[CheckedSite]) -> Result:
    """The result with the hours of its sites, for `Result.hourly_frame`."""
    for site in checked:
        found = site.evaluation
        frames = tuple(hours_of(d.sum(axis=0), run) for d, run in zip(found.demand_mw, found.dispatches, strict=True))
        result._hourly[site.solved.setting.section.key] = frames
    return result


def hours_of(demand_mw: np.ndarray, dispatch: Dispatch) -> pd.DataFrame:
    """One row an hour of the year: demand before pauses, sources, charge, level, what is paused and unserved."""
    import pandas as pd

    columns: dict[str, np.ndarray] = {"hour": np.arange(HOURS_IN_YEAR)}
    columns |= {"month": month_of_hour(), "hour_of_day": hour_of_day()}
    columns[DEMAND] = demand_mw
    columns |= {f"{source}_mw": output for source, output in dispatch.output_mw.items()}
    columns |= {f"{store}_charge_mw": charge for store, charge in dispatch.charge_mw.items()}
    columns |= {f"{store}_level_mwh": level for store, level in dispatch.level_mwh.items()}
    columns[PAUSED] = dispatch.paused_mw.sum(axis=0) if len(dispatch.paused_mw) else np.zeros(HOURS_IN_YEAR)
    columns[UNSERVED] = dispatch.unserved_mw
    return pd.DataFrame(columns)
