"""Accelerators: what one chip with its share of the server computes, holds, draws and costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exasite.models.catalog import Catalog

TABLE = "accelerators"
PRECISIONS = ("bf16", "fp8", "fp4")
_EXAFLOPS_PER_TFLOPS = 1e-6


@dataclass(frozen=True)
class Accelerator:
    """One accelerator. Rates are dense and one way; power and price count its share of the server.

    `peak_tflops` and `mamf` hold the precisions that have both a peak and an achievable fraction (MAMF: the
    share of peak that the chip's best matmul reaches). `server_power_w` is the nameplate maximum, of which
    `mean_power_fraction` is drawn at work. `rack_power_w` is the nameplate of a rack at the vendor's density.
    `sfu_factor` scales the SFU of the model, for variants of a chip.
    """

    id: str
    name: str
    vendor: str
    available_year: float
    peak_tflops: Mapping[str, float] = field(hash=False)
    mamf: Mapping[str, float] = field(hash=False)
    hbm_gb: float
    hbm_tb_per_s: float
    tdp_w: float
    server_power_w: float
    mean_power_fraction: float
    scale_up_domain: int
    scale_up_gb_per_s: float
    nic_gbit_per_s: float
    chip_price_usd: float
    price_usd: float
    unit_gpus: int
    rack_power_w: float
    needs_liquid: bool
    default_precision: str = "bf16"
    sfu_factor: float = 1.0

    def matmul_exaflops(self, precision: str, mamf: float | None = None) -> float:
        """What the best matmul reaches on one chip, with a measured MAMF in place of its own [EFLOP/s]."""
        reached = self.mamf[precision] if mamf is None else mamf
        return self.peak_tflops[precision] * reached * _EXAFLOPS_PER_TFLOPS


def accelerator(catalog: Catalog, accelerator_id: str) -> Accelerator:
    """Accelerator of the catalogue.

    Raises KeyError, naming the nearest known id, for an unknown one.
    """

    def value(name: str) -> float:
        return catalog.value(TABLE, accelerator_id, name)

    peak = _by_precision(catalog, accelerator_id, "peak_{}_tflops")
    mamf = _achievable(catalog, accelerator_id, peak)
    unit_gpus = int(value("unit_gpus"))
    return Accelerator(
        id=accelerator_id,
        name=catalog.text(TABLE, accelerator_id, "name"),
        vendor=catalog.text(TABLE, accelerator_id, "vendor"),
        available_year=value("available_year"),
        peak_tflops={p: rate for p, rate in peak.items() if p in mamf},
        mamf=mamf,
        hbm_gb=value("hbm_gb"),
        hbm_tb_per_s=value("hbm_tb_per_s"),
        tdp_w=value("tdp_w"),
        server_power_w=value("server_power_w"),
        mean_power_fraction=value("mean_power_fraction"),
        scale_up_domain=int(value("scale_up_domain")),
        scale_up_gb_per_s=value("scale_up_gb_per_s"),
        nic_gbit_per_s=value("nic_gbit_per_s"),
        chip_price_usd=value("chip_price_usd"),
        price_usd=value("price_usd"),
        unit_gpus=unit_gpus,
        rack_power_w=value("server_power_w") * unit_gpus * value("rack_units"),
        needs_liquid=catalog.text(TABLE, accelerator_id, "native_cooling") == "liquid",
        default_precision=catalog.text(TABLE, accelerator_id, "default_precision"),
        sfu_factor=catalog.value_or(TABLE, accelerator_id, "sfu_factor", 1.0),
    )


def _by_precision(catalog: Catalog, accelerator_id: str, pattern: str) -> dict[str, float]:
    """The numbers of a field that exists once per precision; an absent precision is left out."""
    rows = catalog.fields(TABLE, accelerator_id)
    return {p: rows[pattern.format(p)].base for p in PRECISIONS if pattern.format(p) in rows}


def _achievable(catalog: Catalog, accelerator_id: str, peak: Mapping[str, float]) -> dict[str, float]:
    """MAMF by precision. That of fp4 follows from fp8: only a share f4 of the linear FLOPs runs in fp4, so
    peak4 MAMF4 = MAMF8 / (f4/peak4 + (1-f4)/peak8)."""
    mamf = _by_precision(catalog, accelerator_id, "mamf_{}")
    if "fp4" in peak and "fp8" in mamf and "fp4" not in mamf:
        share = catalog.value("compute_parameters", "step_time", "fp4_share")
        mamf["fp4"] = mamf["fp8"] / (share + (1.0 - share) * peak["fp4"] / peak["fp8"])
    return {p: share for p, share in mamf.items() if p in peak}
