"""Many questions that differ in little: what they share is computed once and kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from exasite.instance.loading import LoadedInstance
from exasite.memory import Memory
from exasite.result import Result
from exasite.session import Clock
from exasite.solving import DEFAULT_GAP, SolveOptions, solve_loaded


@dataclass
class Workbench:
    """Solves variants of questions one after the other: the very answers of `solve`, faster.

    Everything kept is the result of a pure function of its inputs, so that no answer depends on what was solved
    before. `clock`, if given, is shared by all: its end or an interruption stops the search that runs.
    """

    gap: float = DEFAULT_GAP
    threads: int = 1
    seed: int = 0
    clock: Clock | None = None
    memory: Memory = field(default_factory=Memory)

    def solve(self, loaded: LoadedInstance, *, time_limit_s: float = 600.0) -> Result:
        """Best design of one variant, with its proven gap; statuses as of `exasite.solve`."""
        left = time_limit_s if self.clock is None else min(time_limit_s, max(self.clock.left_s, 1e-3))
        clock = Clock(left, parent=self.clock)
        how = SolveOptions(time_limit_s=left, gap=self.gap, threads=self.threads, seed=self.seed)
        with clock.catching_interrupts():
            result = solve_loaded(loaded, how, clock, None, self.memory)
        if clock.interrupted and self.clock is not None:
            self.clock.interrupted = True
        return result
