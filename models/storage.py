"""Checkpoint storage and recovery schemes: what a job writes to, and what it does when a part stops.

[1] Llama Team, The Llama 3 Herd of Models, arXiv:2407.21783 (storage of 2 TB/s sustained, 7 TB/s peak).
[2] NVIDIA DGX SuperPOD storage reference: read and write bandwidth per scalable unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exasite.models.catalog import Catalog

FloatArray = npt.NDArray[np.float64]

SCALINGS = ("fixed", "per_accelerator")
SCHEMES = ("whole_job", "replica")
CHECKPOINT_MODES = ("sync", "async", "peer_memory")


@dataclass(frozen=True)
class Storage:
    """A checkpoint storage tier.

    Bandwidth [GB/s] and capacity [TB] are of one plant if `scaling` is "fixed", of each accelerator's share
    if it is "per_accelerator". Price [USD per GB/s of write] holds the capacity; power [W per GB/s of write].
    A plant is widened until every accelerator has `minimum_gb_per_s_per_gpu` of write bandwidth [GB/s].
    """

    id: str
    name: str
    scaling: str
    write_gb_per_s: float
    read_gb_per_s: float
    capacity_tb: float
    price_usd_per_gb_per_s: float
    power_w_per_gb_per_s: float
    minimum_gb_per_s_per_gpu: float = 0.0

    def _widened(self, gpus: npt.ArrayLike) -> FloatArray:
        """How much wider than its tier a plant is built so that every accelerator has the least bandwidth [1]."""
        own = self.write_gb_per_s * self._accelerators(gpus)
        return np.maximum(1.0, self.minimum_gb_per_s_per_gpu * np.asarray(gpus, dtype=np.float64) / own)

    def _accelerators(self, gpus: npt.ArrayLike) -> FloatArray:
        count = np.asarray(gpus, dtype=np.float64)
        return count if self.scaling == "per_accelerator" else np.ones_like(count)

    def write_bandwidth(self, gpus: npt.ArrayLike) -> FloatArray:
        """Write bandwidth of the plant behind `gpus` accelerators [GB/s]."""
        return self.write_gb_per_s * self._accelerators(gpus) * self._widened(gpus)

    def read_bandwidth(self, gpus: npt.ArrayLike) -> FloatArray:
        """Read bandwidth of the plant behind `gpus` accelerators [GB/s]."""
        return self.read_gb_per_s * self._accelerators(gpus) * self._widened(gpus)

    def capacity(self, gpus: npt.ArrayLike) -> FloatArray:
        """Usable capacity of the plant behind `gpus` accelerators [TB]."""
        return self.capacity_tb * self._accelerators(gpus) * self._widened(gpus)


@dataclass(frozen=True)
class Recovery:
    """A recovery scheme.

    `restart_s` [s] is detection, rescheduling and warm-up, without the load from storage.
    `blocking_s` [s] is the pause of an asynchronous or peer-memory checkpoint; `lag_s` [s] the time until a
    peer's copy is safe. `replica_gpus`, `stall_s` and `whole_job_share` serve the scheme "replica" only.
    `spare_margin` [standard deviations] sizes the pool of spare units.
    """

    id: str
    name: str
    scheme: str
    checkpoint_mode: str
    restart_s: float
    blocking_s: float
    lag_s: float
    replica_gpus: float
    stall_s: float
    whole_job_share: float
    spare_margin: float


@dataclass(frozen=True)
class StoragePlant:
    """Cost and power of the storage plant, arrays over the count of accelerators."""

    capex_usd: FloatArray
    power_w: FloatArray
    write_gb_per_s: FloatArray
    capacity_tb: FloatArray


def _one_of(word: str, allowed: tuple[str, ...], where: str) -> str:
    if word not in allowed:
        raise ValueError(f"{where} must be one of {', '.join(allowed)}, got '{word}'")
    return word


def storage(catalog: Catalog, storage_id: str) -> Storage:
    """Storage tier by id. Raises KeyError naming the nearest known id, ValueError for an unknown scaling."""

    def value(field: str) -> float:
        return catalog.value("storage", storage_id, field)

    scaling = catalog.text("storage", storage_id, "scaling")
    return Storage(
        id=storage_id,
        name=catalog.text("storage", storage_id, "name"),
        scaling=_one_of(scaling, SCALINGS, f"storage.{storage_id}.scaling"),
        write_gb_per_s=value("write_gb_per_s"),
        read_gb_per_s=value("read_gb_per_s"),
        capacity_tb=value("capacity_tb"),
        price_usd_per_gb_per_s=value("price_usd_per_gb_per_s"),
        power_w_per_gb_per_s=value("power_w_per_gb_per_s"),
        minimum_gb_per_s_per_gpu=catalog.value("reliability", "storage", "minimum_write_gb_per_s"),
    )


def recovery(catalog: Catalog, recovery_id: str) -> Recovery:
    """Recovery scheme by id.

    Raises KeyError naming the nearest known id, ValueError for an unknown scheme or checkpoint mode.
    Fields a scheme does not use may be absent from the catalogue; they are 0.
    """

    def value(field: str) -> float:
        return catalog.value_or("recovery", recovery_id, field, 0.0)

    where = f"recovery.{recovery_id}"
    mode = catalog.text("recovery", recovery_id, "checkpoint_mode")
    scheme = catalog.text("recovery", recovery_id, "scheme")
    return Recovery(
        id=recovery_id,
        name=catalog.text("recovery", recovery_id, "name"),
        scheme=_one_of(scheme, SCHEMES, f"{where}.scheme"),
        checkpoint_mode=_one_of(mode, CHECKPOINT_MODES, f"{where}.checkpoint_mode"),
        restart_s=catalog.value("recovery", recovery_id, "restart_s"),
        blocking_s=value("blocking_s"),
        lag_s=value("lag_s"),
        replica_gpus=value("replica_gpus"),
        stall_s=value("stall_s"),
        whole_job_share=value("whole_job_share"),
        spare_margin=value("spare_margin"),
    )


def storage_plant(tier: Storage, gpus: npt.ArrayLike) -> StoragePlant:
    """Capex [USD], power [W], write bandwidth [GB/s] and capacity [TB] of the plant of `gpus` accelerators.

    Cost and power follow the write bandwidth; the capacity that comes with it is enough for checkpoints
    and text corpora, so it is not priced again.
    """
    bandwidth = tier.write_bandwidth(gpus)
    return StoragePlant(
        capex_usd=bandwidth * tier.price_usd_per_gb_per_s,
        power_w=bandwidth * tier.power_w_per_gb_per_s,
        write_gb_per_s=bandwidth,
        capacity_tb=tier.capacity(gpus),
    )
