"""Step time of a training run on N accelerators, and the share of achievable FLOP/s it keeps (SFU).

A model of tensor, context, pipeline and data parallelism: compute is anchored to the chip's best matmul
(MAMF), collectives to measured shares of the link rates, six numbers are fitted to published runs.

References
----------
[1] D. Narayanan et al., Efficient Large-Scale Language Model Training on GPU Clusters, arXiv 2104.04473.
[2] V. Korthikanti et al., Reducing Activation Recomputation in Large Transformer Models, arXiv 2205.05198.
[3] M. Isaev et al., Calculon: a methodology and tool for high-level co-design of systems and LLMs, SC 2023.
[4] S. Bekman, Machine Learning Engineering, 2026: achievable matmul FLOP/s and NCCL bandwidths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from exasite.models.accelerator import Accelerator
from exasite.models.catalog import Catalog
from exasite.models.units import BITS_PER_BYTE, BYTES_PER_GB, FLOP_PER_TFLOP
from exasite.models.workload import Workload, flop_per_token

Array = NDArray[np.float64]
TABLE = "compute_parameters"
TERA = 1e3  # GB/s in one TB/s


@dataclass(frozen=True)
class Links:
    """The links an accelerator computes over. Rates are one way, per accelerator.

    `congestion` is kappa: the loss per unit of ln(N/8). A network with `island_taper` > 1 gives the full
    scale-out rate inside islands of `island_gpus` and 1/taper of it between them.
    """

    scale_up_domain: int
    scale_up_gb_per_s: float
    scale_out_gbit_per_s: float
    congestion: float
    island_gpus: float = math.inf
    island_taper: float = 1.0


@dataclass(frozen=True)
class ComputeParameters:
    """Numbers of the step-time model, by the names of their catalogue rows (table `compute_parameters`)."""

    compute_fraction: float
    launch_penalty: float
    maturity_years: float
    attention_fraction: float
    elementwise_bytes: float
    cast_bytes: float
    hbm_efficiency: float
    scale_up_efficiency: float
    scale_out_efficiency: float
    tensor_overlap: float
    pipeline_overlap: float
    unhidden_fraction: float
    collective_latency_s: float
    latency_saturation: float
    link_latency_s: float
    step_fixed_s: float
    congestion_reference_gpus: float


def compute_parameters(catalog: Catalog) -> ComputeParameters:
    """Parameters of the step-time model from the catalogue."""
    names = [entry.name for entry in fields(ComputeParameters)]
    return ComputeParameters(**{name: catalog.value(TABLE, "step_time", name) for name in names})


@dataclass(frozen=True)
class ParallelSplit:
    """How a run is cut; arrays that broadcast together, one entry per candidate.

    tp, cp, pp, dp: tensor, context, pipeline and data parallel ways (their product is the number of
    accelerators); vp: interleaved model chunks per pipeline stage; microbatch: sequences per micro-batch;
    fsdp: parameters sharded over data parallelism; recompute: share of the layers recomputed in full, 0 to 1.
    """

    tp: Array
    cp: Array
    pp: Array
    vp: Array
    dp: Array
    microbatch: Array
    fsdp: NDArray[np.bool_]
    recompute: Array

    @property
    def gpus(self) -> Array:
        return self.tp * self.cp * self.pp * self.dp


@dataclass(frozen=True)
class StepTime:
    """Time of one optimizer step and where it goes [s]; the parts add up to `total_s`.

    `mfu` is the model FLOP/s over peak, `sfu` = mfu / MAMF, both without checkpoints and failures.
    """

    total_s: Array
    linear_s: Array
    attention_s: Array
    elementwise_s: Array
    tensor_s: Array
    context_s: Array
    stage_s: Array
    bubble_s: Array
    congestion_s: Array
    data_s: Array
    optimizer_s: Array
    fixed_s: Array
    experts_s: Array
    microbatches: Array
    mfu: Array
    sfu: Array


@dataclass(frozen=True)
class _Rates:
    """Effective rates of one accelerator and its links [FLOP/s, byte/s]."""

    bf16: float
    linear: float
    memory: float
    up: float
    out: float


@dataclass(frozen=True)
class _MicroBatch:
    """Times of one micro-batch on one pipeline stage [s]; `total` leaves out the transfer between stages."""

    linear: Array
    attention: Array
    elementwise: Array
    tensor: Array
    context: Array
    stage: Array

    @property
    def total(self) -> Array:
        return self.linear + self.attention + self.elementwise + self.tensor + self.context


def software_maturity(parameters: ComputeParameters, launch_year: float, software_year: float) -> float:
    """Share of its later compute rate that a chip gives in some year: 1 - dl exp(-(year - launch)/tau)."""
    age_years = max(software_year - launch_year, 0.0)
    return 1.0 - parameters.launch_penalty * math.exp(-age_years / parameters.maturity_years)


def microbatches(load: Workload, split: ParallelSplit) -> Array:
    """Micro-batches each pipeline works through in a step: batch / (s DP b), not rounded [1]."""
    return load.batch_tokens / (load.sequence_length * split.dp * split.microbatch)


def step_time(
    parameters: ComputeParameters,
    accelerator: Accelerator,
    links: Links,
    load: Workload,
    split: ParallelSplit,
) -> StepTime:
    """Time of one step [s] for each split, on `split.gpus` accelerators.

    T = (m + (PP-1)/VP)(t_mb + t_p2p)(1 + kappa ln(N/8)) + exposed data-parallel traffic + optimizer + fixed.
    Ways of data parallelism and micro-batches need not be integers. A mixture of experts takes the time of
    its dense equivalent over its SFU factor.

    Raises ValueError if the accelerator has no figures for the workload's precision.
    """
    if load.precision not in accelerator.mamf:
        known = ", ".join(accelerator.mamf)
        raise ValueError(f"{accelerator.id} has no rate for precision '{load.precision}'; known: {known}")
    rates = _rates(parameters, accelerator, links, load)
    work = _micro_batch(parameters, rates, links, load, split)
    m = microbatches(load, split)
    bubble = (split.pp - 1.0) / split.vp * (work.total + work.stage)
    pipe = m * (work.total + work.stage) + bubble
    gpus = split.gpus
    doublings = np.log(np.maximum(gpus / parameters.congestion_reference_gpus, 1.0))
    congestion = pipe * links.congestion * doublings
    data = _exposed_data(parameters, rates, links, load, split, micro_batch_s=work.total, m=m)
    optimizer = _optimizer(rates, load, split)
    dense = pipe + congestion + data + optimizer + parameters.step_fixed_s
    total = dense / load.moe_factor(links.scale_up_domain)
    peak = accelerator.peak_tflops[load.precision] * FLOP_PER_TFLOP
    mfu = load.batch_tokens * flop_per_token(load) / (total * gpus * peak)
    return StepTime(
        total_s=total,
        linear_s=m * work.linear,
        attention_s=m * work.attention,
        elementwise_s=m * work.elementwise,
        tensor_s=m * work.tensor,
        context_s=m * work.context,
        stage_s=m * work.stage,
        bubble_s=bubble,
        congestion_s=congestion,
        data_s=data,
        optimizer_s=optimizer,
        fixed_s=np.full_like(total, parameters.step_fixed_s),
        experts_s=total - dense,
        microbatches=m,
        mfu=mfu,
        sfu=mfu / accelerator.mamf[load.precision],
    )


def _rates(parameters: ComputeParameters, accelerator: Accelerator, links: Links, load: Workload) -> _Rates:
    mature = software_maturity(parameters, accelerator.available_year, load.software_year)

    def compute(precision: str) -> float:
        best = accelerator.peak_tflops[precision] * accelerator.mamf[precision] * FLOP_PER_TFLOP
        return best * parameters.compute_fraction * mature

    return _Rates(
        bf16=compute("bf16"),
        linear=compute(load.precision),
        memory=accelerator.hbm_tb_per_s * TERA * BYTES_PER_GB * parameters.hbm_efficiency,
        up=links.scale_up_gb_per_s * BYTES_PER_GB * parameters.scale_up_efficiency,
        out=links.scale_out_gbit_per_s / BITS_PER_BYTE * BYTES_PER_GB * parameters.scale_out_efficiency,
    )


def _micro_batch(
    parameters: ComputeParameters, rates: _Rates, links: Links, load: Workload, split: ParallelSplit
) -> _MicroBatch:
    """Compute and model-parallel traffic of one micro-batch: forward, backward and recompute (r)."""
    L, h, s = load.layers, load.hidden, load.sequence_length
    tokens = split.microbatch * s / split.cp
    share = tokens / split.tp
    r = split.recompute
    stage_layers = L / split.pp
    exposed = 1.0 - parameters.tensor_overlap * load.tensor_overlap

    def link(ways: Array) -> Array:
        return np.where(ways <= links.scale_up_domain, rates.up, rates.out)

    linear = (3.0 + r) * 2.0 * load.parameters_per_layer * share / rates.linear
    attention = _attention(parameters, rates, load, share, r)
    spread = 1.0 / split.tp if load.sequence_parallel else 0.5 / split.tp + 0.5
    touched = parameters.elementwise_bytes + parameters.cast_bytes * (load.precision != "bf16")
    elementwise = (1.0 + r / 3.0) * touched * tokens * h * spread / rates.memory
    moved = 2.0 * tokens * h * (split.tp - 1.0) / split.tp / link(split.tp)
    tensor = (8.0 + 4.0 * r) * (moved + parameters.link_latency_s) * exposed * (split.tp > 1)
    kv = h * load.kv_heads / load.heads
    hop = 4.0 * kv * share / link(split.tp * split.cp) + parameters.link_latency_s
    ring = 3.0 * (split.cp - 1.0) * hop
    context = np.maximum(ring - attention, 0.0) + parameters.unhidden_fraction * np.minimum(ring, attention)
    vocabulary = 6.0 * load.vocabulary * h * share / rates.bf16 / (split.pp if load.balanced_stages else 1.0)
    transfer = 2.0 * share * h / link(split.tp * split.cp * split.pp) + parameters.link_latency_s
    return _MicroBatch(
        linear=stage_layers * linear + vocabulary,
        attention=stage_layers * attention,
        elementwise=stage_layers * elementwise,
        tensor=stage_layers * tensor,
        context=stage_layers * context,
        stage=2.0 * split.vp * transfer * exposed * (split.pp > 1),
    )


def _attention(parameters: ComputeParameters, rates: _Rates, load: Workload, share: Array, r: Array) -> Array:
    s, h = load.sequence_length, load.hidden
    if load.flash_attention:
        return (3.5 + r) * 2.0 * s * h * share / (rates.bf16 * parameters.attention_fraction)
    scores_bytes = (32.0 + 13.0 * r) * load.heads * s * share
    return (3.0 + r) * 4.0 * s * h * share / rates.bf16 + scores_bytes / rates.memory


def _exposed_data(
    parameters: ComputeParameters,
    rates: _Rates,
    links: Links,
    load: Workload,
    split: ParallelSplit,
    *,
    micro_batch_s: Array,
    m: Array,
) -> Array:
    """Data-parallel traffic that computation does not hide [s]."""
    peers = split.dp * split.cp
    near = np.clip(np.floor(links.scale_up_domain / (split.tp * split.cp)), 1.0, np.maximum(split.dp, 1.0))
    far = peers / near
    out = _scale_out_share(links, split, near, far) / (near * rates.out)
    up = (near - 1.0) / (near * rates.up)
    held = load.exchange_bytes_per_parameter * load.active_parameters / (split.tp * split.pp)
    collectives = np.where(split.fsdp, 3.0 * load.layers / split.pp, 2.0 * np.maximum(split.vp, 4.0))
    hops = np.minimum(far, parameters.latency_saturation * np.log2(far))
    exchange = held * (out + up) + collectives * hops * parameters.collective_latency_s
    exchange = exchange * np.where(split.fsdp, m, 1.0)
    overlapped = 1.0 + parameters.pipeline_overlap * (np.minimum(split.pp, m) - 1.0) * (split.vp > 1)
    window = micro_batch_s * np.where(split.fsdp, m, overlapped) * load.data_overlap
    hidden = np.minimum(exchange, window)
    return exchange - hidden + parameters.unhidden_fraction * hidden


def _scale_out_share(links: Links, split: ParallelSplit, near: Array, far: Array) -> Array:
    """Bytes over the scale-out links per byte held, counted at the full rate.

    Own derivation: a hierarchical exchange among k = k1 k2 groups, k1 of them in one island, moves
    (k1-1)/k1 at the full rate and (1/k1)(k2-1)/k2 at rate/taper; with taper 1 that is (k-1)/k.
    """
    inside = np.clip(links.island_gpus / (split.tp * split.pp * near), 1.0, far)
    return (inside - 1.0) / inside + links.island_taper * (far / inside - 1.0) / far


def _optimizer(rates: _Rates, load: Workload, split: ParallelSplit) -> Array:
    held = load.active_parameters / (split.tp * split.pp)
    return (16.0 * held / (split.dp * split.cp) + 6.0 * held) / rates.memory
