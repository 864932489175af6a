"""The command line. Everything beyond typer is imported inside the commands, so that each starts at once."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from exasite.commands.deciding import compare, explain, frontier, levers
from exasite.commands.inputs import catalog, check, new, schema
from exasite.commands.plans import plan
from exasite.commands.shared import EXIT_BAD_INPUT, EXIT_BUG
from exasite.commands.solving import solve
from exasite.commands.studying import study
from exasite.errors import InputError, Problem, printable

COMMANDS = (solve, frontier, levers, explain, compare, study, plan, check, catalog, new, schema)

app = typer.Typer(
    name="exasite",
    help="Designs AI datacenters: the provably best design for a question, its worth, and its build plan.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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


for _command in COMMANDS:
    app.command()(_command)
