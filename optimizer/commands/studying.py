"""`exasite study`. Everything beyond typer is imported inside the command, so that it starts at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from exasite.commands.shared import JsonOption, answer


def study(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A TOML file, or the name of a shipped study.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Store, tables and report; left out: NAME-study."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=1024, help="Processes on this machine.")] = 1,
    dask: Annotated[
        str | None, typer.Option("--dask", metavar="ADDRESS", help="Solve on a Dask cluster, e.g. tcp://10.0.0.5:8786.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--fresh", help="Take what the folder has (the default), or solve all anew.")
    ] = True,
    keep_failed: Annotated[
        bool, typer.Option("--keep-failed", help="Do not try again what failed or ran out of time.")
    ] = False,
    time_limit: Annotated[
        float, typer.Option("--time-limit", metavar="S", min=0.001, help="Seconds for each scenario at most.")
    ] = 600.0,
    gap: Annotated[
        float, typer.Option("--gap", metavar="G", min=1e-9, max=1.0, help="Relative gap to prove in each scenario.")
    ] = 0.001,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N scenarios of the table.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2_000_000_000, help="Seed of the solver.")] = 0,
    json: JsonOption = False,
) -> None:
    """Solve many scenarios of a question: a table, a report, where choices switch, and which design is safest."""
    code = 0

    def produce() -> dict[str, Any]:
        nonlocal code
        from exasite.instance.shipped import is_file_name
        from exasite.studies.reading import read_study
        from exasite.studies.running import HowToRun, run_study
        from exasite.studies.telling import document, write_all

        name = read_study(study).study.name
        folder = output or Path(f"{name}-study" if is_file_name(name) else "study-results")
        how = HowToRun(workers=workers, dask=dask, time_limit_s=time_limit, gap=gap, seed=seed, limit=limit,
                       resume=resume, keep_failed=keep_failed)  # fmt: skip
        run = _run_or_leave(lambda: run_study(study, how, folder), study, folder)
        code = run.exit_code
        return document(run, write_all(run, folder, how), folder)

    def show(found: dict[str, Any]) -> None:
        from exasite.studies.telling import as_text

        print(as_text(found), end="")

    answer(json, produce, show)
    raise typer.Exit(code)


def _run_or_leave(work: Any, study: str, folder: Path) -> Any:
    """The first Ctrl-C lets the study end by itself; a second one leaves at once. The store has all that was done."""
    import os

    from exasite.terminal import message

    resume = f"exasite study {study} -o {folder}"
    try:
        run = work()
    except KeyboardInterrupt:
        message(f"stopped at once; go on with: {resume}")
        os._exit(130)  # a search in a thread cannot be waited for
    if run.interrupted:
        message(f"stopped; all that was done is kept. Go on with: {resume}")
    return run
