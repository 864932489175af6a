"""What a study is worth against single solves: ratios of times in one run, and what its bookkeeping costs.

python tests/benchmarks/studies.py            200 scenarios of memphis-100k, and 10,000 of a stand-in solver
python tests/benchmarks/studies.py 40         fewer scenarios
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from study_bench import StubBench  # beside the tests

from exasite.instance.loading import load_instance
from exasite.studies.base import load_base
from exasite.studies.order import ordered
from exasite.studies.reading import read_study
from exasite.studies.running import HowToRun, run_study
from exasite.studies.scenarios import resolve, scenarios
from exasite.workbench import Workbench

_TRIED = 5  # single solves that are timed and scaled up
_KB_PER_MB = 1024.0


def grid(count: int) -> dict[str, Any]:
    """Prices of power, chips and fabric, and waits for the grid, around memphis-100k; `count` scenarios or a few more."""
    prices = max(2, round(count / 20))
    return {
        "base": "memphis-100k",
        "regret": {"designs": 0},
        "axes": [
            {"path": "sites.0.energy_price_usd_per_mwh", "range": {"from": 30, "to": 100, "steps": prices}},
            {"path": "catalog.accelerators.H100-SXM.price_usd", "factors": [0.8, 0.9, 1.0, 1.1, 1.2]},
            {"path": "catalog.switches.qm9790.price_usd", "factors": [0.5, 0.8, 1.25, 2.0]},
        ],
    }


def seconds(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def study_seconds(study: dict[str, Any], workers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return seconds(lambda: run_study(study, HowToRun(workers=workers), Path(folder)))


def single_seconds(study: dict[str, Any], count: int) -> tuple[float, float]:
    """Mean seconds of `exasite solve` in its own process, and of a solve from scratch on a fresh workbench."""
    source = read_study(study)
    base = load_base(source)
    made = list(scenarios(resolve(source, base)))
    picked = made[:: max(1, len(made) // count)][:count]
    processes, fresh = [], []
    for scenario in picked:
        sets = [word for path, value in scenario.changes for word in ("--set", f"{path}={value}")]
        command = [sys.executable, "-c", "from exasite.cli import main; main()", "solve", "memphis-100k", "--json", *sets]
        processes.append(seconds(lambda command=command: subprocess.run(command, capture_output=True, check=True)))
        loaded = load_instance(base.with_changes(scenario.changes))
        fresh.append(seconds(lambda loaded=loaded: Workbench().solve(loaded)))
    return sum(processes) / len(picked), sum(fresh) / len(picked)


def against_single_solves(count: int) -> None:
    study = grid(count)
    process, fresh = single_seconds(study, _TRIED)
    one, two = study_seconds(study, 1), study_seconds(study, 2)
    made = 5 * 4 * study["axes"][0]["range"]["steps"]
    print(f"{made} scenarios of memphis-100k, one worker: {made / one:.2f} a second")
    print(f"separate processes / study: {process * made / one:.2f} times the time (of {_TRIED} timed and scaled)")
    print(f"one process, each from scratch / study: {fresh * made / one:.2f} times the time")
    print(f"one worker / two workers: {one / two:.2f} times the time")


def bookkeeping(count: int = 10_000) -> None:
    """Store and scheduler alone: a solver that answers at once."""
    steps = {"from": 20, "to": 120, "steps": count}
    study = {"base": "two-labs", "axes": [{"path": "sites.0.energy_price_usd_per_mwh", "range": steps}]}
    for few in (count // 10, count):
        study["axes"][0]["range"] = {**steps, "steps": few}  # type: ignore[index]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KB_PER_MB
        with tempfile.TemporaryDirectory() as folder:
            first = seconds(lambda few=few, folder=folder: run_study(study, HowToRun(make_bench=StubBench), Path(folder)))
            again = seconds(lambda few=few, folder=folder: run_study(study, HowToRun(make_bench=StubBench), Path(folder)))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KB_PER_MB
        print(f"{few:,} scenarios that solve at once: {1e3 * first / few:.2f} ms each, {1e3 * again / few:.2f} ms from the "
              f"store; peak memory {after:.0f} MB, {after - before:.0f} MB more than before")  # fmt: skip
    source = read_study(study)
    design = resolve(source, load_base(source))
    made = list(scenarios(design))
    print(f"ordering {count:,} scenarios: {1e3 * seconds(lambda: ordered(made, design.grid)) / count:.3f} ms each")


if __name__ == "__main__":
    bookkeeping()
    against_single_solves(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
