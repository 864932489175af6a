"""What pricing and safe dominance are worth: ratios of times in one run, on four sites of the portfolio question.

python tests/benchmarks/solving.py
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from exasite import pricing, tabulate
from exasite.formulation import build
from exasite.instance.loading import load_instance
from exasite.models.units import HOURS_PER_YEAR
from exasite.objectives import optimise
from exasite.pricing import PricedSession
from exasite.session import Clock
from exasite.setting import setting


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def question(sites: int, exaflops: float = 150) -> Any:
    whole = load_instance("us-portfolio").instance
    smaller = whole.model_copy(update={"sites": whole.sites[:sites]})
    return load_instance(smaller.model_dump(exclude_none=True) | {"require": {"effective_exaflops": exaflops}})


def main() -> None:
    loaded = question(4)
    seconds, options = timed(lambda: tabulate.Tabulator(setting(loaded)).options())
    print(f"tabulating four sites after one {seconds / timed(lambda: one_site())[0]:.2f} times the time of one")
    loaded = question(2, 60)
    few = tabulate.Tabulator(setting(loaded)).options()
    model = build(loaded.instance, few, hours_per_year=HOURS_PER_YEAR, flop_per_token=1e12)
    found = {}
    for name, threshold in (("priced", 400), ("all segments at once", 10**9)):
        pricing.ALL_AT_ONCE = threshold
        session = PricedSession(model.compiled, model.choices, clock=Clock(300))
        found[name] = timed(lambda session=session: optimise(
            session, model.compiled.quantities, loaded.instance, gap=1e-3, life_years=5.0,
            hours_per_year=HOURS_PER_YEAR,
        ))  # fmt: skip
    (priced, first), (plain, second) = found["priced"], found["all segments at once"]
    print(f"all segments at once / priced: {plain / priced:.1f} times the time, {len(model.choices)} segments")
    print(f"same value: {abs(first.value / second.value - 1):.1e} apart, gaps {first.gap:.1e} and {second.gap:.1e}")
    loaded = question(4)
    kept = tabulate.surviving_cells
    tabulate.surviving_cells = lambda curves, visible, hourly=None: np.ones_like(kept(curves, visible), dtype=bool)
    everything = tabulate.Tabulator(setting(loaded)).options()
    tabulate.surviving_cells = kept
    before, after = (sum(len(s.segments) for s in o.sites) for o in (everything, options))
    print(f"segments without dominance / with: {before / after:.1f}")


def one_site() -> Any:
    return tabulate.Tabulator(setting(question(1))).options()


if __name__ == "__main__":
    main()
