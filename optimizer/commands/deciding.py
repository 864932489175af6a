"""`exasite frontier`, `levers`, `explain` and `compare`: what a decision needs beyond one optimum."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from exasite.commands.shared import InstanceArgument, JsonOption, SetOption, answer

PlotOption = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="Draw it into one HTML file that needs no network.")
]
OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Write JSON, text and CSV there.")
]
TimeOption = Annotated[
    float, typer.Option("--time-limit", metavar="S", min=0.001, help="Seconds to search at most.")
]


def _finish(found: Any, output: Path | None, plot: Path | None, name: str) -> None:
    """Write the files of an answer, if wanted and if there is one."""
    if output is not None:
        from exasite.save import save_answer

        save_answer(found, output, name)
    if plot is not None and found.exit_code in (0, 5):
        found.write_plot(plot)


def _ready(output: Path | None, plot: Path | None) -> None:
    """What could fail after minutes of search fails before."""
    if output is not None:
        from exasite.save import writable

        writable(output)
    if plot is not None:
        from exasite.plot import require_plotly

        require_plotly()


def _print(document: dict[str, Any]) -> None:
    from exasite.terminal import console

    console().print(document["result"])


def frontier(
    instance: InstanceArgument,
    x: Annotated[str, typer.Option("--x", help="capex, watts, tco, co2 or water, per effective ExaFLOPS.")] = "capex",
    y: Annotated[str, typer.Option("--y", help="The same, or date: when the site works.")] = "watts",
    unsupported: Annotated[
        int, typer.Option("--unsupported", metavar="N", min=0, max=50,
                          help="Search N levels between neighbours, too: designs that no exchange rate chooses.")
    ] = 0,
    output: OutputOption = None,
    plot: PlotOption = None,
    json: JsonOption = False,
    time_limit: TimeOption = 600.0,
    gap: Annotated[float, typer.Option("--gap", metavar="G", min=1e-9, max=1.0, help="Relative gap to prove.")] = 1e-5,
    sets: SetOption = None,
) -> None:  # fmt: skip
    """Show the whole trade-off: every design that is best for some exchange rate of dollars and watts."""
    code = 0

    def produce() -> dict[str, Any]:
        nonlocal code
        from exasite.decisions.frontier import frontier as trade_off
        from exasite.progress import LiveProgress

        _ready(output, plot)
        with LiveProgress() as progress:
            found = trade_off(instance, sets or (), x=x, y=y, unsupported=unsupported, time_limit_s=time_limit, gap=gap,
                              progress=progress)  # fmt: skip
        code = found.exit_code
        _finish(found, output, plot, "frontier")
        return {"result": found}

    answer(json, produce, _print)
    raise typer.Exit(code)


def levers(
    instance: InstanceArgument,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="LEVER", help="Look at this lever only. May be repeated.")
    ] = None,
    break_evens: Annotated[
        bool, typer.Option("--break-evens/--no-break-evens", help="Search where the best design changes.")
    ] = True,
    output: OutputOption = None,
    plot: PlotOption = None,
    json: JsonOption = False,
    time_limit: TimeOption = 600.0,
    sets: SetOption = None,
) -> None:
    """Rank the factors: what one more point of MAMF, SFU, goodput, PUE or a price is worth, and where it decides."""
    code = 0

    def produce() -> dict[str, Any]:
        nonlocal code
        from exasite.decisions.levers import levers as worth_of_factors
        from exasite.progress import LiveProgress

        _ready(output, plot)
        with LiveProgress() as progress:
            found = worth_of_factors(instance, sets or (), only=only or (), break_evens=break_evens,
                                     time_limit_s=time_limit, progress=progress)  # fmt: skip
        code = found.exit_code
        _finish(found, output, plot, "levers")
        return {"result": found}

    answer(json, produce, _print)
    raise typer.Exit(code)


def explain(
    instance: InstanceArgument,
    why_not: Annotated[
        str | None, typer.Option("--why-not", metavar="CHOICE=ITEM", help="What a choice loses: cooling=immersion.")
    ] = None,
    near_best: Annotated[
        int, typer.Option("--near-best", metavar="K", min=0, max=1000, help="List K designs near the best one.")
    ] = 0,
    within: Annotated[
        float, typer.Option("--within", metavar="SHARE", min=0.0, max=1.0, help="How far below the best: 0.05 is 5 %.")
    ] = 0.05,
    output: OutputOption = None,
    json: JsonOption = False,
    time_limit: TimeOption = 600.0,
    sets: SetOption = None,
) -> None:  # fmt: skip
    """Say why there is no design and what would free it, or which limits hold the best design back."""
    code = 0

    def produce() -> dict[str, Any]:
        nonlocal code
        from exasite.decisions.explain import explain as reasons
        from exasite.progress import LiveProgress

        _ready(output, None)
        with LiveProgress() as progress:
            found = reasons(instance, sets or (), why_not=why_not, near_best=near_best, within=within,
                            time_limit_s=time_limit, progress=progress)  # fmt: skip
        code = found.exit_code
        _finish(found, output, None, "explanation")
        return {"result": found}

    answer(json, produce, _print)
    raise typer.Exit(code)


def compare(
    designs: Annotated[
        list[str],
        typer.Argument(metavar="DESIGN...", help="Instances or result.json files; one with several sites: its sites."),
    ],
    weight: Annotated[
        float | None, typer.Option("--weight", min=0.0, max=1.0, help="Of capex in the efficiency taken apart.")
    ] = None,
    output: OutputOption = None,
    plot: PlotOption = None,
    json: JsonOption = False,
    sets: SetOption = None,
) -> None:  # fmt: skip
    """Put designs side by side, and show where the difference in efficiency comes from."""

    def produce() -> dict[str, Any]:
        from exasite.decisions.compare import compare as side_by_side

        _ready(output, plot)
        found = side_by_side(*designs, sets=sets or (), weight=weight)
        _finish(found, output, plot, "comparison")
        return {"result": found}

    answer(json, produce, _print)
