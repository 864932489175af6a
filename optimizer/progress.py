"""Progress of a solve on stderr: incumbent, bound, gap and elapsed time; silent without a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text


class LiveProgress:
    """One live line. Call it with (stage, value, bound, elapsed seconds); a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, transient=True, refresh_per_second=4)
        self._shown = self._console.is_terminal

    def __enter__(self) -> LiveProgress:
        if self._shown:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        if self._shown:
            self._live.stop()

    def __call__(self, stage: str, value: float | None, bound: float | None, elapsed_s: float) -> None:
        if self._shown:
            self._live.update(line(stage, value, bound, elapsed_s))


def line(stage: str, value: float | None, bound: float | None, elapsed_s: float) -> Text:
    """The text of the progress line."""
    text = Text(f"{stage:<22} {elapsed_s:6.1f} s", style="dim")
    if value is not None and abs(value) < float("inf"):
        text.append(f"   best {value:,.5g}")
        if bound is not None and abs(bound) < float("inf") and value:
            text.append(f"   bound {bound:,.5g}   gap {100 * abs(bound / value - 1):.3f} %")
    return text
