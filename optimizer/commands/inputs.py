"""`exasite check`, `catalog`, `new` and `schema`: what an input may say, and what the numbers are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from exasite.commands.shared import JsonOption, SetOption, answer
from exasite.errors import InputError, Problem, did_you_mean, printable


def check(
    instance: Annotated[
        str, typer.Argument(metavar="INSTANCE|STUDY", help="A TOML file, or the name of a shipped instance or study.")
    ],
    sets: SetOption = None,
    json: JsonOption = False,
) -> None:
    """List every problem of an instance or a study at once, with place and fix."""

    def produce() -> dict[str, Any]:
        from exasite.studies.reading import is_study

        if is_study(instance):
            from exasite.studies.summary import study_summary

            if sets:
                raise InputError([Problem("--set", "is for instances", "write it into [set] of the study")])
            return study_summary(instance)
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


def new(
    name: Annotated[str, typer.Argument(help="Name of the instance; the file NAME.toml is written here.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="SHIPPED", help="Copy a shipped instance instead.")
    ] = None,
    study: Annotated[bool, typer.Option("--study", help="Write a study instead of an instance.")] = False,
) -> None:
    """Write a commented instance, or study, to start from."""
    from exasite.instance.shipped import copied_text, is_file_name, shipped_names, starter_text
    from exasite.studies.starter import copied_study, study_names, study_starter

    name = name.removesuffix(".toml")
    if not is_file_name(name):
        message = "is no name for a file; use letters, digits, dot, dash and underscore"
        raise InputError([Problem(name, message, "e.g. my-campus")])
    known = study_names() if study else shipped_names()
    if source is not None and source not in known:
        message = f"no shipped {'study' if study else 'instance'} is called {source}"
        raise InputError([Problem("--from", message, did_you_mean(source, known))])
    start, copy = (study_starter, copied_study) if study else (starter_text, copied_text)
    path = Path(f"{name}.toml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(start(name) if source is None else copy(source, name))
    except FileExistsError:
        message = "exists already and is not overwritten"
        raise InputError([Problem("", message, "choose another name", str(path))]) from None
    except OSError as error:
        raise InputError([Problem("", f"cannot be written: {error.strerror}", "", str(path))]) from None
    print(f"wrote {path}; next: exasite check {path}")


def schema(
    record: Annotated[str, typer.Argument(help="instance, result, study or plan")] = "instance",
) -> None:
    """Print the JSON schema of an instance, of a result, of a study or of a plan."""
    from exasite.terminal import print_json

    if record == "instance":
        from exasite.instance.schema import Instance

        print_json(Instance.model_json_schema())
    elif record == "result":
        from exasite.result import Result

        print_json(Result.model_json_schema())
    elif record == "study":
        from exasite.studies.schema import Study

        print_json(Study.model_json_schema())
    elif record == "plan":
        from exasite.plans.records import Plan

        print_json(Plan.model_json_schema())
    else:
        fix = did_you_mean(record, ("instance", "result", "study", "plan"))
        raise InputError([Problem("schema", f"there is no schema of {record}", fix)])
