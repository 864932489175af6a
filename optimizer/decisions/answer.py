"""What the records of decisions have in common: JSON, exit code, and how they show in a terminal and in a notebook."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from exasite.result import EXIT_CODES, Record

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult


class Answer(Record):
    """An answer with a status; `shown` is what it looks like."""

    status: str

    @property
    def exit_code(self) -> int:
        """Exit code of the command line for this status."""
        return EXIT_CODES[self.status]

    def to_json(self, indent: int | None = 2) -> str:
        return self.model_dump_json(indent=indent)

    @abstractmethod
    def shown(self) -> RenderableType:
        """The answer as a rich renderable."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.shown()

    def _repr_html_(self) -> str:
        from exasite.report import html_of

        return html_of(self.shown())
