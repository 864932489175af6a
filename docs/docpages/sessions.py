"""Pages with worked examples: their commands are run in order, and what they print is put into the page.

- a `toml` block whose first line is a comment with a file name is written to that file
- a `console` block: every line that starts with `$ exasite` is run, its output follows it
- a `bash` block: every line that starts with `exasite` is run, what it prints is not shown
- a `pycon` block: every `>>>` statement is run, its output follows it

All blocks of a page run in one folder, which holds nothing but `own-site.epw`, a made-up year of weather.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docpages.weather_year import write_epw
from exasite.cli import main

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^# ([\w.-]+\.toml)$")
_SECONDS = re.compile(r"\bin \d+\.\d s\b")
_WIDTH = "124"


@dataclass
class Session:
    """A page being run: its folder, the names of its Python, and each command with its exit code."""

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)
    exit_codes: list[tuple[str, int]] = field(default_factory=list)

    def block(self, found: re.Match[str]) -> str:
        kind, text = found[1], found[2]
        if kind == "toml":
            self._write(text)
        elif kind == "console":
            text = self._console(text)
        elif kind == "bash":
            for line in text.splitlines():
                self._run(line)
        elif kind == "pycon":
            text = self._python(text)
        return f"```{kind}\n{text}```"

    def _write(self, text: str) -> None:
        name = _FILE.match(text.split("\n", 1)[0])
        if name:
            (self.folder / name[1]).write_text(text, encoding="utf-8")

    def _console(self, text: str) -> str:
        commands = [line for line in text.splitlines() if line.startswith("$ ")]
        return "\n".join(f"{line}\n{self._run(line[2:])}" for line in commands)

    def _run(self, line: str) -> str:
        words = shlex.split(line, comments=True)
        code, printed = run(words[1:]) if words[:1] == ["exasite"] else (127, "")
        self.exit_codes.append((line, code))
        return printed

    def _python(self, text: str) -> str:
        parts = []
        for example in doctest.DocTestParser().get_examples(text):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(example.source, "<page>", "single"), self.names)
            source = example.source.rstrip("\n").replace("\n", "\n... ")
            parts.append(f">>> {source}\n{tidy(printed.getvalue())}")
        return "".join(parts)


def run(arguments: list[str]) -> tuple[int, str]:
    """Exit code and output of one command of exasite, messages included."""
    printed, code = io.StringIO(), 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            main(arguments)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
    return code, tidy(printed.getvalue())


def tidy(text: str) -> str:
    """No blanks at the ends of lines, no empty lines at either end, and no time that was taken."""
    lines = [line.rstrip() for line in _SECONDS.sub("in ... s", text).split("\n")]
    kept = "\n".join(lines).strip("\n")
    return kept + "\n" if kept else ""


def refreshed(text: str) -> tuple[str, list[tuple[str, int]]]:
    """The page with all outputs as they are now, and its commands with their exit codes."""
    with tempfile.TemporaryDirectory() as name, _inside(Path(name)):
        write_epw(Path(name) / "own-site.epw")
        session = Session(Path(name))
        return _FENCE.sub(session.block, text), session.exit_codes


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before, width = Path.cwd(), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _WIDTH
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.pop("COLUMNS")
        if width is not None:
            os.environ["COLUMNS"] = width
        sys.stdout.flush()
