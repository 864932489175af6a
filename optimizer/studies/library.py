"""`exasite.study`: a study from a script or a notebook, as a DataFrame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exasite.studies.running import HowToRun, run_study
from exasite.studies.telling import document, write_all

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used


def study(
    source: str | Path | Mapping[str, Any],
    *,
    output: str | Path | None = None,
    workers: int = 1,
    dask: str | None = None,
    time_limit_s: float = 600.0,
    gap: float = 1e-3,
    seed: int = 0,
    limit: int | None = None,
    resume: bool = True,
    keep_failed: bool = False,
) -> pd.DataFrame:
    """Run a study and return its table, one row a scenario.

    `source` is a shipped name, a TOML file or a dictionary of the same shape. With `output` the store, the tables and
    the report are kept in that folder, and a second run does only what is missing; without it nothing is kept.
    `frame.attrs["study"]` holds the rest: counts, best, ranges, switches, regret, sensitivity and files.
    In a script with several workers, call it below `if __name__ == "__main__":`.
    Raises InputError with every problem of the study, and ValueError for options out of range.
    """
    how = HowToRun(workers=workers, dask=dask, time_limit_s=time_limit_s, gap=gap, seed=seed, limit=limit,
                   resume=resume, keep_failed=keep_failed)  # fmt: skip
    folder = Path(output) if output is not None else None
    run = run_study(source, how, folder)
    files = write_all(run, folder, how) if folder is not None else None
    told = document(run, files, folder)
    frame = run.frame.copy()
    frame.attrs["study"] = {key: value for key, value in told.items() if key != "rows"}
    return frame
