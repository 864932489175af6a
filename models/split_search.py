"""The best way to cut a training run over N accelerators: every split that fits in memory is tried.

References
----------
[1] V. Korthikanti et al., Reducing Activation Recomputation in Large Transformer Models, arXiv 2205.05198.
[2] D. Narayanan et al., Efficient Large-Scale Language Model Training on GPU Clusters, arXiv 2104.04473.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exasite.models.accelerator import Accelerator
from exasite.models.catalog import Catalog
from exasite.models.compute import TABLE as PARAMETER_TABLE
from exasite.models.compute import (
    Array,
    ComputeParameters,
    Links,
    ParallelSplit,
    compute_parameters,
    microbatches,
    step_time,
)
from exasite.models.units import BYTES_PER_GB
from exasite.models.workload import Workload

_CHUNK = 16  # counts of accelerators searched at a time: keeps the arrays in the processor's cache
_SPLIT_FIELDS = ("tp", "cp", "pp", "vp", "microbatch")


@dataclass(frozen=True)
class MemoryParameters:
    """Numbers of the memory model, by the names of their catalogue rows (item `memory`)."""

    weight_bytes_per_parameter: float
    optimizer_bytes_per_parameter: float
    activation_bytes: float
    logit_bytes: float
    usable_fraction: float


@dataclass(frozen=True)
class SearchLimits:
    """Largest ways of each kind of parallelism, by the names of their catalogue rows (item `planner`)."""

    max_tensor_parallel: float
    max_context_parallel: float
    max_pipeline_parallel: float
    max_interleave: float
    max_microbatch: float


@dataclass(frozen=True)
class PlannerParameters:
    """All the split search needs from the catalogue."""

    compute: ComputeParameters
    memory: MemoryParameters
    limits: SearchLimits


@dataclass(frozen=True)
class SfuCurve:
    """Best split for each count of accelerators, all arrays of one length.

    `sfu` is the kept share of achievable FLOP/s and `mfu_before_goodput` = MAMF x SFU, both without
    checkpoints and failures. Where no split fits, `feasible` is False, both are 0 and the step never ends.
    """

    gpus: Array
    sfu: Array
    mfu_before_goodput: Array
    step_time_s: Array
    split: ParallelSplit
    feasible: NDArray[np.bool_]


def planner_parameters(catalog: Catalog) -> PlannerParameters:
    """Parameters of the split search from the catalogue."""

    def values(item: str, record: type) -> dict[str, float]:
        return {entry.name: catalog.value(PARAMETER_TABLE, item, entry.name) for entry in fields(record)}

    return PlannerParameters(
        compute=compute_parameters(catalog),
        memory=MemoryParameters(**values("memory", MemoryParameters)),
        limits=SearchLimits(**values("planner", SearchLimits)),
    )


def best_split(
    parameters: PlannerParameters,
    accelerator: Accelerator,
    links: Links,
    load: Workload,
    gpus: ArrayLike,
) -> SfuCurve:
    """Split with the highest SFU for each count of accelerators `gpus` [1].

    Tensor, context, pipeline ways and interleaving are powers of two within the catalogue's limits. Ways of
    data parallelism and micro-batches per pipeline may be fractional (at least 1), so that any count can be
    asked for, and SFU is a maximum of smooth functions of it. As many layers are recomputed as memory asks
    for, no more. Parameters are not sharded over data parallelism (no fsdp).

    Raises ValueError if a count is not positive or the accelerator lacks the workload's precision.
    """
    counts = np.atleast_1d(np.asarray(gpus, dtype=float))
    if not (np.isfinite(counts).all() and (counts > 0).all()):
        raise ValueError("counts of accelerators must be positive numbers")
    found = _search(parameters, _technical(accelerator), links, load, tuple(counts.tolist()))
    return found if accelerator.sfu_factor == 1.0 else _scaled(found, accelerator.sfu_factor)


def _scaled(found: SfuCurve, factor: float) -> SfuCurve:
    """The curve of a variant of the chip: SFU times a factor, at most 1."""
    sfu = np.minimum(1.0, found.sfu * factor)
    gained = np.divide(sfu, found.sfu, out=np.ones_like(sfu), where=found.sfu > 0)
    return replace(found, sfu=sfu, mfu_before_goodput=found.mfu_before_goodput * gained,
                   step_time_s=found.step_time_s / gained)  # fmt: skip


def _technical(accelerator: Accelerator) -> Accelerator:
    """The chip without what the split does not see, so that a price or a draw makes no new search."""
    return replace(accelerator, price_usd=0.0, chip_price_usd=0.0, server_power_w=0.0, mean_power_fraction=0.0,
                   tdp_w=0.0, rack_power_w=0.0, name="", sfu_factor=1.0)  # fmt: skip


@lru_cache(maxsize=512)
def _search(
    parameters: PlannerParameters,
    accelerator: Accelerator,
    links: Links,
    load: Workload,
    gpus: tuple[float, ...],
) -> SfuCurve:
    candidates = _candidates(parameters, accelerator, links, load)
    chunks = [np.array(gpus[start : start + _CHUNK]) for start in range(0, len(gpus), _CHUNK)]
    parts = [_search_chunk(parameters, accelerator, links, load, candidates, gpus=chunk) for chunk in chunks]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    for column in columns.values():
        column.setflags(write=False)  # the curve is shared by all who ask for it again
    split = ParallelSplit(**{entry.name: columns[entry.name] for entry in fields(ParallelSplit)})
    return SfuCurve(
        gpus=np.array(gpus),
        sfu=columns["sfu"],
        mfu_before_goodput=columns["sfu"] * accelerator.mamf[load.precision],
        step_time_s=columns["step_time_s"],
        split=split,
        feasible=columns["sfu"] > 0.0,
    )


def _search_chunk(
    parameters: PlannerParameters,
    accelerator: Accelerator,
    links: Links,
    load: Workload,
    candidates: ParallelSplit,
    *,
    gpus: Array,
) -> dict[str, NDArray]:
    """Winning split for each of a few counts, as columns."""
    split, fits = _fitted(parameters.memory, accelerator, load, _on(candidates, gpus))
    step = step_time(parameters.compute, accelerator, links, load, split)
    sfu = np.where(fits, step.sfu, 0.0)
    best, each = np.argmax(sfu, axis=0), np.arange(gpus.size)
    won = sfu[best, each]
    return {
        **{name: getattr(candidates, name)[best, 0] for name in _SPLIT_FIELDS},
        "dp": split.dp[best, each],
        "fsdp": candidates.fsdp[best, 0],
        "recompute": split.recompute[best, each],
        "sfu": won,
        "step_time_s": np.where(won > 0.0, step.total_s[best, each], np.inf),
    }


def _on(candidates: ParallelSplit, gpus: Array) -> ParallelSplit:
    """The candidates (rows) on each count of accelerators (columns): data parallelism takes what is left."""
    return replace(candidates, dp=gpus[None, :] / (candidates.tp * candidates.cp * candidates.pp))


def _fitted(
    parameters: MemoryParameters, accelerator: Accelerator, load: Workload, split: ParallelSplit
) -> tuple[ParallelSplit, NDArray[np.bool_]]:
    """The splits with as many layers recomputed as memory asks for, and whether they can run at all."""
    m = microbatches(load, split)
    capacity_gb = parameters.usable_fraction * accelerator.hbm_gb
    none_gb = memory_gb(parameters, load, replace(split, recompute=np.zeros_like(split.dp)), m)
    all_gb = memory_gb(parameters, load, replace(split, recompute=np.ones_like(split.dp)), m)
    over_gb = np.maximum(none_gb - capacity_gb, 0.0)
    share = np.minimum(over_gb / np.maximum(none_gb - all_gb, over_gb + np.finfo(float).tiny), 1.0)
    return replace(split, recompute=share), (all_gb <= capacity_gb) & (split.dp >= 1.0) & (m >= 1.0)


def _candidates(
    parameters: PlannerParameters, accelerator: Accelerator, links: Links, load: Workload
) -> ParallelSplit:
    """Splits that fit with endless data parallelism and one micro-batch, as columns of shape (count, 1).

    Tensor parallelism stays inside the scale-up domain, as in practice.
    """
    limits = parameters.limits
    rows = [
        (tp, cp, pp, vp, batch)
        for tp, cp, pp, vp, batch in product(
            _powers(min(limits.max_tensor_parallel, load.heads, links.scale_up_domain)),
            _powers(limits.max_context_parallel),
            _powers(min(limits.max_pipeline_parallel, load.layers)),
            _powers(limits.max_interleave),
            _powers(limits.max_microbatch),
        )
        if vp == 1 or (pp > 1 and vp * pp <= load.layers)
    ]
    columns = dict(zip(_SPLIT_FIELDS, np.array(rows, dtype=float).T[:, :, None], strict=True))
    one = np.ones((len(rows), 1))
    every = ParallelSplit(dp=np.inf * one, recompute=one, fsdp=one < 1.0, **columns)
    least_gb = memory_gb(parameters.memory, load, every, one)
    fits = (least_gb <= parameters.memory.usable_fraction * accelerator.hbm_gb)[:, 0]
    fits[:1] |= not fits.any()  # never empty: one that does not fit stands for none
    return ParallelSplit(**{entry.name: getattr(every, entry.name)[fits] for entry in fields(ParallelSplit)})


def _powers(largest: float) -> list[int]:
    return [2**k for k in range(int(np.log2(max(largest, 1.0))) + 1)]


def memory_gb(parameters: MemoryParameters, load: Workload, split: ParallelSplit, m: Array) -> Array:
    """HBM used by the fullest accelerator [GB], for each split and its `m` micro-batches per pipeline.

    Weights and gradients are held by each data-parallel rank, the optimizer state is sharded over DP x CP. A
    stage keeps the activations of min(m, PP) micro-batches, and (PP-1)/VP more when interleaved [1; 2],
    without attention scores; of recomputed layers only the input, and one working layer. Logits are those of
    one micro-batch. A mixture of experts counts its dense equivalent: its experts are taken to be spread over
    the data-parallel ranks. Sharded parameters (fsdp) are not modelled.
    """
    ranks = split.dp * split.cp
    held = load.active_parameters / (split.tp * split.pp)
    states = held * (parameters.weight_bytes_per_parameter + parameters.optimizer_bytes_per_parameter / ranks)
    tokens = split.microbatch * load.sequence_length / split.cp / split.tp
    kept = parameters.activation_bytes * tokens * load.hidden
    layer = kept * _values_per_layer(load)
    kept_layer = split.recompute * kept + (1.0 - split.recompute) * layer
    in_flight = np.minimum(m, split.pp) + np.where(split.vp > 1, (split.pp - 1.0) / split.vp, 0.0)
    activations = load.layers / split.pp * in_flight * kept_layer + split.recompute * layer
    logits = parameters.logit_bytes * tokens * load.vocabulary
    return (states + activations + logits) / BYTES_PER_GB


def _values_per_layer(load: Workload) -> float:
    """Values one layer keeps for its backward pass, per token and hidden unit.

    Own derivation: the inputs of two norms, of attention and of the feed-forward, the query and the attention
    output (6), keys and values, and the widths inside the feed-forward (three when gated, else two).
    """
    return 6.0 + 2.0 * load.kv_heads / load.heads + (3.0 if load.gated else 2.0) * load.ffn / load.hidden
