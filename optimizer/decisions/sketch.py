"""A question answered by the optimiser's model alone: the design and its worth, without the run through the year.

Decisions ask hundreds of neighbouring questions; each is searched exactly, and what is finally shown is solved in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from exasite.design import SolvedDesign, terms_of
from exasite.instance.loading import LoadedInstance
from exasite.models.evaluate import evaluate_cluster
from exasite.one_cluster import Asked
from exasite.search import Searched, search
from exasite.session import INFEASIBLE, NO_SOLUTION, Clock, Stopped
from exasite.setting import Setting, setting
from exasite.solving import SolveOptions, asked_of
from exasite.tabulate import Tabulator
from exasite.workbench import Workbench

CHOICES = ("accelerators", "interconnects", "cooling", "storage", "recovery", "power")


@dataclass(frozen=True)
class Chain:
    """The chain of a design over all its clusters: each share weighs clusters by what reaches it."""

    peak_exaflops: float
    mamf: float
    sfu: float
    goodput: float
    gpus: int
    it_mw_mean: float


@dataclass(frozen=True)
class Sketch:
    """Status, objective and bound in the user's units, choices by kind and site, chain and quantities of the model."""

    status: str
    value: float
    bound: float
    choices: Mapping[str, tuple[str, ...]]
    chain: Chain | None
    quantities: Mapping[str, float]

    @property
    def is_design(self) -> bool:
        return self.chain is not None


def prepared(loaded: LoadedInstance, bench: Workbench, clock: Clock) -> tuple[Setting, Asked] | None:
    """The question tabulated and ready to be searched; None where nothing fits. Raises Stopped."""
    context = setting(loaded)
    options = Tabulator(context, clock=clock).options()
    if not sum(len(site.segments) for site in options.sites):
        return None
    how = SolveOptions(gap=bench.gap, threads=bench.threads, seed=bench.seed)
    return context, asked_of(context, loaded.instance, options, how, clock, bench.memory)


def sketch(loaded: LoadedInstance, bench: Workbench) -> Sketch:
    """Search a question and read its design; a stop or an infeasible question has no chain."""
    clock = bench.clock or Clock()
    try:
        ready = prepared(loaded, bench, clock)
    except Stopped:
        return Sketch(NO_SOLUTION, np.nan, np.nan, {}, None, {})
    if ready is None:
        return Sketch(INFEASIBLE, np.nan, np.nan, {}, None, {})
    context, asked = ready
    return read(search(asked, bench.gap, lambda value, bound: None), context)


def read(found: Searched, context: Setting) -> Sketch:
    """The sketch of a search."""
    if found.place is None:
        return Sketch(found.status, np.nan, found.bound, {}, None, {})
    design = found.design(context)
    return Sketch(
        found.status, found.value, found.bound, choices_of(design), chain_of(design, context), design.quantities
    )


def choices_of(design: SolvedDesign) -> dict[str, tuple[str, ...]]:
    """Ids of what was chosen, by key of [choices]; where sites differ, in the order of the sites."""
    found: dict[str, dict[str, None]] = {key: {} for key in CHOICES}
    for site in design.sites:
        for cluster in site.design.clusters:
            parts = cluster.components
            ids = (parts.accelerator.id, parts.fabric.id, parts.cooling.id, parts.storage.id, parts.recovery.id)
            for key, item in zip(CHOICES, ids, strict=False):
                found[key][item] = None
        for supply in site.design.supply:
            found["power"][supply.source.id] = None
    return {key: tuple(sorted(ids)) for key, ids in found.items()}


def chain_of(design: SolvedDesign, context: Setting) -> Chain:
    """Peak, MAMF, SFU and goodput of all clusters together."""
    peak = reached = kept = effective = it_mean = 0.0
    gpus = 0
    for site in design.sites:
        for cluster in site.design.clusters:
            c = evaluate_cluster(cluster, site.design, terms_of(context), context.catalog).curves
            p, m, s, g = (float(v[0]) for v in (c.peak_exaflops, c.mamf, c.sfu, c.goodput))
            peak, reached, kept, effective = peak + p, reached + p * m, kept + p * m * s, effective + p * m * s * g
            it_mean += float(c.it_mw_mean[0])
            gpus += cluster.gpus
    return Chain(peak, reached / peak, kept / reached, effective / kept, gpus, it_mean)


def changed(before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Choices that differ, as "this -> that"."""
    return {
        key: f"{' + '.join(before.get(key, ())) or '-'} -> {' + '.join(after.get(key, ())) or '-'}"
        for key in CHOICES
        if before.get(key, ()) != after.get(key, ())
    }


__all__ = ["CHOICES", "Chain", "Sketch", "changed", "choices_of", "prepared", "read", "sketch"]
