"""Progress of a study on stderr: how many scenarios are done, how fast, how long yet; silent without a terminal."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from exasite.studies.store import FAILED, Outcome

_RATE_OVER = 100  # scenarios over which the rate is measured
_DESIGNED = ("optimal", "feasible")


class StudyProgress:
    """Counts of a study, and one live line of them. A context manager."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._live = Live(console=console, transient=True, refresh_per_second=4)
        self._shown = console.is_terminal
        self._stage, self._total, self._maximized = "", 0, True
        self._counts: Counter[str] = Counter()
        self._times: list[float] = []
        self._best: float | None = None

    def __enter__(self) -> StudyProgress:
        if self._shown:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        if self._shown:
            self._live.stop()

    def begin(self, stage: str, total: int, maximized: bool = True) -> None:
        """A new stage with its own counts."""
        self._stage, self._total, self._maximized = stage, total, maximized
        self._counts, self._times, self._best = Counter(), [time.monotonic()], None
        self._draw()

    def tell(self, outcome: Outcome, cached: bool) -> None:
        """One more scenario is done, or was done before."""
        self._counts["done"] += 1
        self._counts["cached"] += cached
        self._counts[outcome.status] += 1
        if not cached:
            self._times = [*self._times[-_RATE_OVER:], time.monotonic()]
        value = outcome.record.get("objective", {}).get("value")
        if outcome.status in _DESIGNED and value is not None:
            better = max if self._maximized else min
            self._best = value if self._best is None else better(self._best, value)
        self._draw()

    def _draw(self) -> None:
        if self._shown:
            self._live.update(self.line())

    def line(self) -> Text:
        """The text of the progress line."""
        counts, text = self._counts, Text(f"{self._stage}  ", style="dim")
        text.append(f"{counts['done']:,} of {self._total:,}")
        for name, count in (("cached", counts["cached"]), ("infeasible", counts["infeasible"]),
                            ("failed", counts[FAILED] + counts["no_design"] + counts["bad_input"])):  # fmt: skip
            if count:
                text.append(f"   {count:,} {name}")
        fresh, seconds = len(self._times) - 1, self._times[-1] - self._times[0]
        if fresh > 0 and seconds > 0:
            rate = fresh / seconds
            left = (self._total - counts["done"]) / rate
            pace = f"{rate:.2g} a second" if rate >= 1 else f"{1 / rate:.2g} s each"
            text.append(f"   {pace}   {_duration(left)} left")
        if self._best is not None:
            text.append(f"   best {self._best:,.5g}")
        return text


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
