"""The command-line page, from the commands themselves."""

from __future__ import annotations

from typing import Any

import typer

from docpages.markdown import code, page, table
from exasite.cli import app
from exasite.result import EXIT_CODES

_MEANING = {
    0: "done; for `solve` and `plan`: a design, proven best to the gap asked for; for `study`: all scenarios have one",
    1: "a bug of ours; please report it (`EXASITE_DEBUG=1` shows where)",
    2: "bad input: every problem is listed with its place and fix",
    3: "proven: no design meets the requirements and limits; for `study`: in no scenario",
    4: "stopped at the time limit before a design was found; for `study`: interrupted or failed, no design yet",
    5: "stopped at the time limit with a design and its proven gap; for `study`: some scenarios are not answered yet",
}


def commands_page() -> str:
    group: Any = typer.main.get_command(app)
    commands = [(name, command) for name, command in group.commands.items() if not getattr(command, "hidden", False)]
    return page(
        "The command line",
        _introduction(),
        table(["command", "what it does"],
              [[f"[{code(name)}](#exasite-{name})", _first_line(command.help)] for name, command in commands]),
        *(_command(name, command) for name, command in commands),
        "## Exit codes",
        table(["code", "status of the result", "meaning"],
              [[number, _statuses(number), meaning] for number, meaning in _MEANING.items()], (0,)),
    )  # fmt: skip


def _introduction() -> str:
    return """\
`INSTANCE` is a TOML file or the name of a shipped question; every key of the file is in [instance keys](instance.md).
Results go to stdout, progress and problems to stderr. With `--json` one JSON document is printed and nothing else.
Without a terminal there is no colour and no live line; `COLUMNS` sets the width."""


def _first_line(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not getattr(p, "hidden", False)]
    words = [_argument(p) for p in arguments] + ["[OPTIONS]"] * bool(options)
    parts = [f"## exasite {name}", _first_line(command.help), f"    exasite {' '.join([name, *words])}"]
    rows = [[code(_metavar(p)), p.help or "", _default(p)] for p in arguments]
    rows += [[code(_option(p)), p.help or "", _default(p)] for p in options]
    return "\n\n".join([*parts, table(["argument or option", "meaning", "default"], rows)])


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _argument(parameter: Any) -> str:
    return _metavar(parameter) if parameter.required else f"[{_metavar(parameter)}]"


def _option(parameter: Any) -> str:
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return names if getattr(parameter, "is_flag", False) else f"{names} {_metavar(parameter)}"


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if value is None or value is False or callable(value):
        return ""
    return code(f"{value:g}" if isinstance(value, int | float) else str(value))


def _statuses(number: int) -> str:
    return ", ".join(code(status) for status, exit_code in EXIT_CODES.items() if exit_code == number)
