"""What several commands share: their arguments and options, and how an answer is printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from exasite.errors import InputError

EXIT_BUG, EXIT_BAD_INPUT = 1, 2

InstanceArgument = Annotated[
    str, typer.Argument(metavar="INSTANCE", help="A TOML file, or the name of a shipped instance.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a key: limit.capex_usd=5e9. May be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


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
