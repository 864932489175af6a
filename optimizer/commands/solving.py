"""`exasite solve`. Everything beyond typer is imported inside the command, so that it starts at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from exasite.commands.shared import InstanceArgument, JsonOption, SetOption, answer


def solve(
    instance: InstanceArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Write JSON, text and CSV tables there.")
    ] = None,
    json: JsonOption = False,
    time_limit: Annotated[
        float, typer.Option("--time-limit", metavar="S", min=0.001, help="Seconds to search at most.")
    ] = 600.0,
    gap: Annotated[
        float, typer.Option("--gap", metavar="G", min=1e-9, max=1.0, help="Relative gap to prove: 0.001 is 0.1 %.")
    ] = 0.001,
    threads: Annotated[int, typer.Option("--threads", min=1, max=256, help="Threads of the solver.")] = 1,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the power hour by hour into one HTML file.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2_000_000_000, help="Seed of the solver.")] = 0,
    sets: SetOption = None,
) -> None:
    """Find the provably best design: what to build, what it is worth, and how far it is proven."""
    code = 0

    def produce() -> dict[str, Any]:
        nonlocal code
        from exasite.instance.loading import load_instance
        from exasite.progress import LiveProgress
        from exasite.save import save, writable
        from exasite.solving import solve as find_best

        loaded = load_instance(instance, sets or ())
        if output is not None:
            writable(output)  # before the search, which may take minutes
        if plot is not None:
            from exasite.plot import require_plotly

            require_plotly()
        with LiveProgress() as progress:
            result = find_best(
                loaded, time_limit_s=time_limit, gap=gap, threads=threads, seed=seed, progress=progress
            )
        code = result.exit_code
        if output is not None:
            save(result, output)
        if plot is not None and result.sites:
            from exasite.plot import write_plot

            write_plot(result, plot)
        return {"result": result}

    def show(document: dict[str, Any]) -> None:
        from exasite.terminal import console

        console().print(document["result"])

    answer(json, produce, show)
    raise typer.Exit(code)
