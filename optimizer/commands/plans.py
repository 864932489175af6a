"""`exasite plan`. Everything beyond typer is imported inside the command, so that it starts at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from exasite.commands.shared import JsonOption, SetOption, answer


def plan(
    source: Annotated[
        str,
        typer.Argument(
            metavar="INSTANCE|RESULT",
            help="A saved result (result.json, or the folder of solve -o), or an instance, which is solved first.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Write the plan there, in all formats.")
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="LIST",
            help="Some of xlsx,csv,json,html,md; all if only -o is given. Without -o they go to NAME-plan.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="DATE", help="Day of the decision, as 2026-07-01; all dates move with it."),
    ] = None,
    json: JsonOption = False,
    time_limit: Annotated[
        float, typer.Option("--time-limit", metavar="S", min=0.001, help="Seconds to search, for an instance.")
    ] = 600.0,
    sets: SetOption = None,
) -> None:
    """Write a build plan: bill of materials, layout, power, network, timeline, cash flow, risks."""
    code = 0

    def produce() -> dict[str, Any]:
        nonlocal code
        from exasite.export.write import FORMATS, export_plan, formats_of, require_libraries
        from exasite.plans.build import plan as make
        from exasite.plans.build import start_date
        from exasite.plans.source import result_of
        from exasite.progress import LiveProgress
        from exasite.save import writable

        wanted = formats_of(formats) if formats is not None else FORMATS
        begin = start_date(start)
        if output is not None or formats is not None:
            require_libraries(wanted)
        if output is not None:
            writable(output)  # before the search, which may take minutes
        with LiveProgress() as progress:
            result = result_of(source, sets or (), time_limit_s=time_limit, progress=progress)
        code = result.exit_code
        if not result.sites:
            return {"result": result}
        made = make(result, start=begin)
        written = export_plan(made, output, wanted) if output is not None or formats is not None else ()
        return {"result": made, "written": written}

    def show(document: dict[str, Any]) -> None:
        from exasite.terminal import console

        made = document["result"]
        if "written" not in document:  # no design: the result says why
            console().print(made)
            return
        print(made)
        tables = [path for path in document["written"] if path.suffix == ".csv"]
        for path in document["written"]:
            if path not in tables:
                print(f"wrote {path}")
        if tables:
            print(f"wrote {len(tables)} tables to {tables[0].parent}")

    answer(json, produce, show)
    raise typer.Exit(code)
