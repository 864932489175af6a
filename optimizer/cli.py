"""The command line. Everything beyond typer is imported inside the commands, so that each starts at once."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from exasite.errors import InputError, Problem, did_you_mean, printable

EXIT_BUG, EXIT_BAD_INPUT = 1, 2

app = typer.Typer(
    name="exasite",
    help="Designs AI datacenters: the provably best design for a question, its worth, and its build plan.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

InstanceArgument = Annotated[
    str, typer.Argument(metavar="INSTANCE", help="A TOML file, or the name of a shipped instance.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a key: limit.capex_usd=5e9. May be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 2 bad input, 1 a bug of ours; `solve` adds 3, 4 and 5."""
    _print_anything()
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if "--json" in given:
            sys.exit(_usage_as_json(given))
        app(args=given, prog_name="exasite")
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except Exception as error:
        if os.environ.get("EXASITE_DEBUG") == "1":
            raise
        what = printable(f"{type(error).__name__}: {error}")[:300]
        advice = "please report it with your input (EXASITE_DEBUG=1 shows where)"
        print(f"exasite: a bug of ours, {advice}: {what}", file=sys.stderr)
        sys.exit(EXIT_BUG)
    sys.exit(0)


def _print_anything() -> None:
    """Characters that the terminal's encoding does not have are escaped: an answer is never lost to a name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _usage_as_json(arguments: list[str]) -> int:
    """Run a command whose answer is JSON: options it cannot read are a document like any other bad input."""
    from exasite.terminal import print_json

    try:
        return int(app(args=arguments, prog_name="exasite", standalone_mode=False) or 0)
    except Exception as error:
        if not hasattr(error, "format_message"):  # not an error of the command line
            raise
        print_json({"status": "bad_input", "problems": [vars(Problem("command line", error.format_message()))]})
        return EXIT_BAD_INPUT


def answer(
    as_json: bool, produce: Callable[[], dict[str, Any]], show: Callable[[dict[str, Any]], None]
) -> None:
    """Produce a document and print it as JSON or by `show`; with --json bad input is a document, too."""
    from exasite.terminal import print_json

    try:
        document = produce()
    except InputError as error:
        if not as_json:
            raise
        print_json({"status": "bad_input", "problems": [vars(problem) for problem in error.problems]})
        raise typer.Exit(EXIT_BAD_INPUT) from None
    if as_json:
        print_json(document["result"].model_dump(mode="json") if "result" in document else document)
    else:
        show(document)


def _print_version(wanted: bool) -> None:
    if wanted:
        import exasite

        print(f"exasite {exasite.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


@app.command()
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


@app.command()
def check(instance: InstanceArgument, sets: SetOption = None, json: JsonOption = False) -> None:
    """List every problem of an instance at once, with place and fix."""

    def produce() -> dict[str, Any]:
        from exasite.instance.loading import load_instance
        from exasite.instance.summary import summary

        return summary(load_instance(instance, sets or ()))

    def show(document: dict[str, Any]) -> None:
        print(f"ok  {printable(document['name'])}  sha256 {document['sha256'][:12]}")
        for key, value in document.items():
            if value and key not in ("status", "name", "sha256", "catalog_sha256"):
                text = value if isinstance(value, str) else ", ".join(value)
                print(f"    {key:<10} {printable(text)}")

    answer(json, produce, show)


@app.command()
def catalog(
    table: Annotated[str | None, typer.Argument(help="A table; none: list the tables.")] = None,
    item: Annotated[str | None, typer.Argument(help="An item; none: list the items of the table.")] = None,
    json: JsonOption = False,
) -> None:
    """Show every number with unit, money year, range, source and confidence."""
    from exasite import catalog_view as view
    from exasite.models.catalog import MONEY_YEAR, load_catalog
    from exasite.terminal import console

    def produce() -> dict[str, Any]:
        everything = load_catalog()
        if table is None:
            tables = view.table_summaries(everything)
            return {"money_year": MONEY_YEAR, "sha256": everything.digest, "tables": tables}
        if item is None:
            return {"table": table, "items": view.item_summaries(everything, table)}
        return {"table": table, "item": item, "values": view.item_rows(everything, table, item)}

    def show(document: dict[str, Any]) -> None:
        if "tables" in document:
            shown = view.summary_table(document["tables"], f"catalogue, prices in dollars of {MONEY_YEAR}")
        elif "items" in document:
            shown = view.summary_table(document["items"], f"{table}")
        else:
            shown = view.rows_table(document["values"], f"{table} {item}")
        console().print(shown)

    answer(json, produce, show)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the instance; the file NAME.toml is written here.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="SHIPPED", help="Copy a shipped instance instead.")
    ] = None,
) -> None:
    """Write a commented instance to start from."""
    from exasite.instance.shipped import copied_text, is_file_name, shipped_names, starter_text

    name = name.removesuffix(".toml")
    if not is_file_name(name):
        message = "is no name for a file; use letters, digits, dot, dash and underscore"
        raise InputError([Problem(name, message, "e.g. my-campus")])
    if source is not None and source not in shipped_names():
        message = f"no shipped instance is called {source}"
        raise InputError([Problem("--from", message, did_you_mean(source, shipped_names()))])
    path = Path(f"{name}.toml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter_text(name) if source is None else copied_text(source, name))
    except FileExistsError:
        message = "exists already and is not overwritten"
        raise InputError([Problem("", message, "choose another name", str(path))]) from None
    except OSError as error:
        raise InputError([Problem("", f"cannot be written: {error.strerror}", "", str(path))]) from None
    print(f"wrote {path}; next: exasite check {path}")


@app.command()
def schema(
    record: Annotated[str, typer.Argument(help="instance or result")] = "instance",
) -> None:
    """Print the JSON schema of an instance or of a result."""
    from exasite.terminal import print_json

    if record == "instance":
        from exasite.instance.schema import Instance

        print_json(Instance.model_json_schema())
    elif record == "result":
        from exasite.result import Result

        print_json(Result.model_json_schema())
    else:
        fix = did_you_mean(record, ("instance", "result"))
        raise InputError([Problem("schema", f"there is no schema of {record}", fix)])
