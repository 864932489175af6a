"""Many questions that differ in little: what they share is computed once and kept."""

from __future__ import annotations

from dataclasses import dataclass

from exasite.instance.loading import LoadedInstance
from exasite.result import Result
from exasite.session import Clock
from exasite.solving import DEFAULT_GAP, solve


@dataclass
class Workbench:
    """Solves variants of questions one after the other; same answers as `solve`, faster.

    `clock`, if given, is shared by all of them: its end or an interruption stops the search that runs.
    """

    gap: float = DEFAULT_GAP
    threads: int = 1
    seed: int = 0
    clock: Clock | None = None

    def solve(self, loaded: LoadedInstance, *, time_limit_s: float = 600.0) -> Result:
        """Best design of one variant, with its proven gap; statuses as of `exasite.solve`."""
        left = time_limit_s if self.clock is None else min(time_limit_s, max(self.clock.left_s, 1e-3))
        return solve(loaded, time_limit_s=left, gap=self.gap, threads=self.threads, seed=self.seed)
