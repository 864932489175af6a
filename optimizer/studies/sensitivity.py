"""Which sampled number moves a headline figure most: Sobol indices where the sample allows, else rank correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exasite.studies.axes import SampledAxis
from exasite.studies.records import value_of
from exasite.studies.sampling import unit_problem
from exasite.studies.scenarios import ONE, Scenario
from exasite.studies.store import Outcome

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used

OUTPUTS = {
    "totals.exaflops_per_billion_usd": "EFLOPS per B$",
    "totals.exaflops_per_megawatt": "EFLOPS per MW",
    "objective.value": "objective",
}
_LEAST_ROWS = 10
_NOISE = 2.0  # standard deviations of a correlation of what is not related
SOBOL, RANKS = "sobol", "ranks"


@dataclass(frozen=True)
class Sensitivity:
    """One row an axis, strongest first; what its columns are, in words, says `method`."""

    output: str
    method: str
    note: str
    frame: pd.DataFrame


def sensitivities(scenarios: Sequence[Scenario], outcomes: Mapping[int, Outcome], axes: Sequence[SampledAxis],
                  method: str) -> list[Sensitivity]:  # fmt: skip
    """For each headline figure. Empty without samples or with too few of them."""
    if not axes:
        return []
    rows = [i for i, scenario in enumerate(scenarios) if scenario.shares]
    found = []
    for key, name in OUTPUTS.items():
        pairs = [(i, value_of(o.record, key) if (o := outcomes.get(i)) and o.record else None) for i in rows]
        values = np.array([np.nan if value is None else float(value) for _, value in pairs])
        shares = np.array([scenarios[i].shares for i, _ in pairs])
        if method == "saltelli" and len({scenarios[i].levels for i in rows}) == 1 and np.isfinite(values).all():
            found.append(_sobol(name, values, axes))
        elif np.isfinite(values).sum() >= _LEAST_ROWS and np.nanstd(values) > 0:
            complete = np.isfinite(values)
            missing = "" if method != "saltelli" else "; Sobol indices need an answer in every scenario of one sample"
            found.append(_ranks(name, shares[complete], values[complete], axes, missing))
    return found


def _sobol(name: str, values: np.ndarray, axes: Sequence[SampledAxis]) -> Sensitivity:
    import pandas as pd
    from SALib.analyze import sobol

    if np.std(values) == 0:
        zero = np.zeros(len(axes))
        indices = {"S1": zero, "ST": zero, "S1_conf": zero, "ST_conf": zero}
    else:
        indices = sobol.analyze(unit_problem(len(axes)), values, calc_second_order=False, seed=0)
    frame = pd.DataFrame({
        "axis": [axis.name for axis in axes], "first_order": indices["S1"], "total": indices["ST"],
        "first_order_error": indices["S1_conf"], "total_error": indices["ST_conf"],
    })  # fmt: skip
    note = "Share of the variance that an axis explains alone (first order) and with all others (total); 95 % errors"
    return Sensitivity(name, SOBOL, note, frame.sort_values("total", ascending=False, ignore_index=True))


def _ranks(name: str, shares: np.ndarray, values: np.ndarray, axes: Sequence[SampledAxis], why: str) -> Sensitivity:
    import pandas as pd
    from scipy.stats import rankdata

    ranked = np.column_stack([rankdata(column) for column in shares.T])
    ranked = (ranked - ranked.mean(axis=0)) / np.maximum(ranked.std(axis=0), 1e-300)
    output = rankdata(values)
    output = (output - output.mean()) / output.std()
    correlation = ranked.T @ output / len(output)
    names = [axis.name for axis in axes]
    why = f"; correlations below {_NOISE / len(output) ** 0.5:.2f} may be chance{why}"
    if len(output) < len(axes) + 2:
        frame = pd.DataFrame({"axis": names, "rank_correlation": correlation})
        note = f"Spearman rank correlation; {len(output)} samples are too few for a regression on {len(axes)} axes{why}"
        return Sensitivity(name, RANKS, note, _strongest_first(frame, "rank_correlation"))
    fit, *_ = np.linalg.lstsq(ranked, output, rcond=None)
    left = output - ranked @ fit
    explained = max(0.0, 1.0 - float(left @ left) / float(output @ output))
    frame = pd.DataFrame({"axis": names, "rank_correlation": correlation, "rank_regression": fit})
    note = ("Spearman rank correlation, and standardised regression on ranks, which explains "
            f"{100 * explained:.0f} % of the variance of the ranks{why}")  # fmt: skip
    return Sensitivity(name, RANKS, note, _strongest_first(frame, "rank_regression"))


def _strongest_first(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    return frame.loc[frame[column].abs().sort_values(ascending=False).index].reset_index(drop=True)


def tornado(scenarios: Sequence[Scenario], outcomes: Mapping[int, Outcome], key: str) -> pd.DataFrame | None:
    """Of one-at-a-time runs: value with each row at low and at high, widest first; None without a base value."""
    import pandas as pd

    base: float | None = None
    rows: dict[str, dict[str, float]] = {}
    for position, scenario in enumerate(scenarios):
        outcome = outcomes.get(position)
        if scenario.kind != ONE or outcome is None or not outcome.record:
            continue
        values, found = dict(scenario.values), value_of(outcome.record, key)
        if found is None:
            continue
        if values["level"] == "base":
            base = float(found)
        else:
            rows.setdefault(str(values["varied"]), {})[str(values["level"])] = float(found)
    if base is None:
        return None
    frame = pd.DataFrame([
        {"row": name, "low": r.get("low", base), "base": base, "high": r.get("high", base)} for name, r in rows.items()
    ], columns=["row", "low", "base", "high"])  # fmt: skip
    width = (frame[["low", "high"]].max(axis=1) - frame[["low", "high"]].min(axis=1)).sort_values(ascending=False)
    return frame.loc[width.index].reset_index(drop=True)
