"""Stand-ins for the workbench of a study: fast, exact, and able to fail in every way."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from exasite.instance.loading import LoadedInstance
from exasite.result import InstanceName, Objective, Provenance, Result, Solver
from exasite.session import Clock

SOLVER = Solver(name="stub", version="0", seconds=0, build_seconds=0, nodes=0, ratio_iterations=0, threads=1, seed=0,
                configurations=0, segments=0, segments_dropped=0)  # fmt: skip
POISON = 13.0  # an energy price on which a worker dies
CRASH = 14.0  # ... an exception is raised
LATE = 15.0  # ... the time is up
NEVER = 16.0  # ... there is no design


class StubBench:
    """Answers from the instance alone, in a given time, as a text file can be told."""

    def __init__(self, gap: float, seed: int, clock: Clock | None) -> None:
        self.gap = gap

    def solve(self, loaded: LoadedInstance, *, time_limit_s: float = 600.0) -> Result:
        time.sleep(float(os.environ.get("STUB_SECONDS", "0")))
        if log := os.environ.get("STUB_LOG"):
            with Path(log).open("a") as file:
                file.write(loaded.sha256 + "\n")
        site = loaded.instance.sites[0]
        price = site.energy_price_usd_per_mwh or 0.0
        if price == POISON:
            os._exit(9)
        if price == CRASH:
            raise ArithmeticError("a bug")
        status = {LATE: "no_design", NEVER: "infeasible"}.get(price, "optimal")
        value = int(hashlib.sha256(loaded.sha256.encode()).hexdigest()[:8], 16) / 2.0**32 + 1.0
        objective = Objective(kind="efficiency", value=value if status == "optimal" else None, bound=value, gap=0.0)
        name = InstanceName(name=loaded.instance.name, sha256=loaded.sha256)
        return Result(instance=name, status=status, objective=objective, solver=SOLVER,  # type: ignore[arg-type]
                      provenance=Provenance(exasite_version="0", catalog_sha256=""))  # fmt: skip
