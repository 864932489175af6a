"""Reliability: how often a job stops, and the share of time that is left for progress (goodput).

[1] J. T. Daly, A higher order estimate of the optimum checkpoint interval for restart dumps,
    Future Generation Computer Systems 22 (2006) 303-312.
[2] A. Kokolis et al., Revisiting Reliability in Large-Scale ML Research Clusters, arXiv:2410.21680.
[3] Llama Team, The Llama 3 Herd of Models, arXiv:2407.21783, table 5 (stops by cause).
[4] Fault-tolerant HSDP, arXiv:2602.00277 (recovery of single data-parallel replicas).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from exasite.models.catalog import Catalog
from exasite.models.storage import FloatArray, Recovery, Storage
from exasite.models.units import SECONDS_PER_HOUR

_NEWTON_STEPS = 40
_NEWTON_TOLERANCE = 1e-12
_MIN_REPLICAS = 2  # a replica recovers from another one: there must be two


@dataclass(frozen=True)
class StopRates:
    """Stops of a job by cause [1/(accelerator x hour)]."""

    gpu_per_hour: float
    software_per_hour: float
    network_per_hour: float
    maintenance_per_hour: float
    host_per_hour: float
    unknown_per_hour: float

    @property
    def total_per_hour(self) -> float:
        others = self.software_per_hour + self.maintenance_per_hour + self.unknown_per_hour
        return self.hardware_per_hour + others

    @property
    def hardware_per_hour(self) -> float:
        """Stops that take a unit out for repair: accelerator, host, network."""
        return self.gpu_per_hour + self.host_per_hour + self.network_per_hour


@dataclass(frozen=True)
class Goodput:
    """Share of time in which the job makes lasting progress, and how it comes about; arrays over the count.

    `interval_s` is the work between two checkpoints [s]; it is infinite where no stop ever restarts the job.
    """

    goodput: FloatArray
    interval_s: FloatArray
    blocking_s: FloatArray
    lag_s: FloatArray
    restart_s: FloatArray
    mttf_hours: FloatArray


@dataclass(frozen=True)
class Repair:
    """Repair times of a deployment unit [h], and the size from which it is repaired in place as a rack."""

    server_repair_hours: float
    rack_repair_hours: float
    rack_unit_gpus: float

    def hours(self, unit_gpus: int) -> float:
        return self.rack_repair_hours if unit_gpus >= self.rack_unit_gpus else self.server_repair_hours


def base_rates(catalog: Catalog) -> StopRates:
    """Stops by cause of a mature fleet [1/(accelerator x hour)], from [3]."""
    causes = ("gpu", "software", "network", "maintenance", "host", "unknown")
    return StopRates(*(catalog.value("reliability", "base", f"{cause}_per_hour") for cause in causes))


def failure_factor(catalog: Catalog, accelerator_id: str) -> float:
    """Factor on the accelerator and host rates for an accelerator; the default where no record is known."""
    default = catalog.value("reliability", "default", "failure_factor")
    return catalog.value_or("reliability", accelerator_id, "failure_factor", default)


def repair(catalog: Catalog) -> Repair:
    """Repair times of deployment units."""
    fields = ("server_repair_hours", "rack_repair_hours", "rack_unit_gpus")
    return Repair(*(catalog.value("reliability", "repair", field) for field in fields))


def stop_rate_per_gpu_hour(
    rates: StopRates,
    *,
    cooling_multiplier: npt.ArrayLike = 1.0,
    network_rate: npt.ArrayLike | None = None,
    accelerator_factor: npt.ArrayLike = 1.0,
) -> FloatArray:
    """Rate at which a job is stopped, per accelerator [1/h].

    The cooling multiplier applies to accelerator and host stops only: cooling the chips does not change
    software faults or planned maintenance, and switches and optics stay in air whatever cools the servers.
    `network_rate` [1/(accelerator x hour)], if given, replaces the network share (it comes from the parts of
    the fabric and the probability that a lost link stops the job). All arguments broadcast.
    """
    thermal = np.asarray(rates.gpu_per_hour + rates.host_per_hour, dtype=np.float64)
    thermal = thermal * np.asarray(cooling_multiplier) * np.asarray(accelerator_factor)
    network = np.asarray(rates.network_per_hour if network_rate is None else network_rate, dtype=np.float64)
    return thermal + network + rates.software_per_hour + rates.maintenance_per_hour + rates.unknown_per_hour


def mttf_hours(gpus: npt.ArrayLike, rate_per_gpu_hour: npt.ArrayLike) -> FloatArray:
    """Mean time between stops of a job [h]: parts in series, 1/(rate x count). Infinite for a rate of 0."""
    with np.errstate(divide="ignore"):
        return 1.0 / (np.asarray(rate_per_gpu_hour, dtype=np.float64) * np.asarray(gpus, dtype=np.float64))


def renewal_goodput(
    mttf_s: npt.ArrayLike,
    interval_s: npt.ArrayLike,
    blocking_s: npt.ArrayLike,
    lag_s: npt.ArrayLike,
    restart_s: npt.ArrayLike,
) -> FloatArray:
    """Exact goodput of checkpoint and restart with exponential stops, all times in [s].

    G = (tau/M) exp(-(R+L)/M) / (exp((tau+delta)/M) - 1), eq. (13) of [1] with the lag L until a snapshot is
    durable added (a stop within L of a snapshot falls back to the one before). Stops may hit the restart too.
    """
    mttf = np.asarray(mttf_s, dtype=np.float64)
    interval, blocking = np.asarray(interval_s, dtype=np.float64), np.asarray(blocking_s, dtype=np.float64)
    dead = np.asarray(lag_s, dtype=np.float64) + np.asarray(restart_s, dtype=np.float64)
    with np.errstate(over="ignore"):  # a cycle far longer than the MTTF never ends: infinite cost, goodput 0
        cycle = np.expm1((interval + blocking) / mttf)
    return (interval / mttf) * np.exp(-dead / mttf) / cycle


def optimal_interval(mttf_s: npt.ArrayLike, blocking_s: npt.ArrayLike, lag_s: npt.ArrayLike) -> FloatArray:
    """Work between checkpoints that gives the largest exact goodput [s]; arguments in [s].

    The stationary point of `renewal_goodput` solves t = 1 - exp(-(t+d)) with t = tau/M, d = delta/M (convex,
    one root: Newton from above converges monotonically). A snapshot cannot start before the one before is
    durable, and log G is concave in tau, so the optimum is the larger of the root and the lag. It is not
    rounded to whole training steps: near the optimum G is flat.
    """
    times = (np.asarray(time, dtype=np.float64) for time in (mttf_s, blocking_s, lag_s))
    mttf, blocking, lag = np.broadcast_arrays(*times)
    cost = blocking / mttf
    share = np.minimum(1.0, np.sqrt(2.0 * cost))
    for _ in range(_NEWTON_STEPS):
        # At cost 0 the root is 0 and the slope vanishes there; the floor keeps that case at 0.
        slope = np.maximum(-np.expm1(-(share + cost)), np.finfo(np.float64).tiny)
        step = (share + np.expm1(-(share + cost))) / slope
        share = np.maximum(share - step, 0.0)
        if np.all(np.abs(step) <= _NEWTON_TOLERANCE * (share + _NEWTON_TOLERANCE)):
            break
    return np.maximum(share * mttf, lag)


def goodput(
    gpus: npt.ArrayLike,
    stop_rate_per_gpu_hour: npt.ArrayLike,
    checkpoint_gb: float,
    storage: Storage,
    recovery: Recovery,
) -> Goodput:
    """Goodput of one job on `gpus` accelerators, at the best checkpoint interval.

    gpus [accelerators], stop_rate_per_gpu_hour [1/h] (scalar or one per count), checkpoint_gb [GB].
    Modes: "sync" blocks for the whole write; "async" blocks shortly and is durable once written;
    "peer_memory" blocks shortly and is durable when the peer holds the copy, and loads nothing from storage.
    Raises ValueError for counts below 1, negative rates or a negative checkpoint.
    """
    count, rate = np.broadcast_arrays(np.asarray(gpus, dtype=np.float64), np.asarray(stop_rate_per_gpu_hour))
    found = goodputs(count, rate, checkpoint_gb, [(storage, recovery)])
    return Goodput(**{entry.name: getattr(found, entry.name)[0] for entry in fields(Goodput)})


def goodputs(
    gpus: npt.ArrayLike,
    stop_rate_per_gpu_hour: npt.ArrayLike,
    checkpoint_gb: float,
    ways: Sequence[tuple[Storage, Recovery]],
) -> Goodput:
    """`goodput` of several ways to store and recover at once: arrays [ways x counts].

    The stop rate may differ between ways, as [ways x counts].
    """
    count = np.asarray(gpus, dtype=np.float64)
    rate = np.broadcast_to(np.asarray(stop_rate_per_gpu_hour, dtype=np.float64), (len(ways), *count.shape))
    if np.any(count < 1) or np.any(rate < 0) or checkpoint_gb < 0:
        raise ValueError("expected at least 1 accelerator, and a stop rate and a checkpoint of at least 0")
    known = {(s.id, r.id): _delays(count, checkpoint_gb, s, r) for s, r in dict.fromkeys(ways)}
    delays = [known[store.id, scheme.id] for store, scheme in ways]
    blocking, lag, restart = (np.stack(times) for times in zip(*delays, strict=True))
    mttf = mttf_hours(count, rate) * SECONDS_PER_HOUR
    replicas, job_mttf = np.ones_like(blocking), mttf.copy()
    schemes = np.array([scheme.id for _, scheme in ways])
    for scheme in {scheme for _, scheme in ways if scheme.scheme == "replica"}:
        used = schemes == scheme.id
        replicas[used] = _replica_goodput(count, mttf[used], scheme)
        # Only the stops that no other replica survives make the whole job restart.
        job_mttf[used] = mttf_hours(count, rate[used] * scheme.whole_job_share) * SECONDS_PER_HOUR
    value, interval = _whole_job_goodput(job_mttf, blocking, lag, restart)
    return Goodput(
        goodput=replicas * value,
        interval_s=interval,
        blocking_s=blocking,
        lag_s=lag,
        restart_s=restart,
        mttf_hours=mttf / SECONDS_PER_HOUR,
    )


def _delays(
    count: FloatArray, checkpoint_gb: float, storage: Storage, recovery: Recovery
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Blocking time, lag and restart time [s]. A restart reads the checkpoint once; the fabric spreads it."""
    write = checkpoint_gb / storage.write_bandwidth(count)
    load = checkpoint_gb / storage.read_bandwidth(count)
    ones = np.ones_like(count)
    if recovery.checkpoint_mode == "sync":
        return write, 0.0 * ones, recovery.restart_s + load
    if recovery.checkpoint_mode == "async":
        return recovery.blocking_s * ones, write, recovery.restart_s + load
    return recovery.blocking_s * ones, recovery.lag_s * ones, recovery.restart_s * ones


def _whole_job_goodput(
    mttf_s: FloatArray, blocking: FloatArray, lag: FloatArray, restart: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Goodput and interval [s] of whole-job restarts; 1 and infinite where the job never stops."""
    never = np.isinf(mttf_s)
    finite = np.where(never, 1.0, mttf_s)
    interval = optimal_interval(finite, blocking, lag)
    # Checkpoints that neither block nor lag may be taken at every instant: G tends to exp(-R/M).
    at_once = (interval <= 0.0) & ~never
    value = renewal_goodput(finite, np.where(at_once, 1.0, interval), blocking, lag, restart)
    value = np.where(at_once, np.exp(-restart / finite), value)
    return np.where(never, 1.0, value), np.where(never, np.inf, interval)


def _replica_goodput(count: FloatArray, mttf_s: FloatArray, recovery: Recovery) -> FloatArray:
    """Goodput of replica-level recovery [4]: exp(-(N stall + g R) lambda).

    Every stop pauses the job for `stall_s`, and takes out one replica of g accelerators for R. This is the
    published 1 - lambda N stall - lambda g R to first order, but stays positive; it treats stops during
    a pause as restarting that pause, as the whole-job formula does. With fewer than two full
    replicas the job is split into two, since a replica recovers its state from another one.
    """
    replica = np.minimum(recovery.replica_gpus, count / _MIN_REPLICAS)
    lost = recovery.stall_s + replica / count * recovery.restart_s
    return np.exp(-lost / mttf_s)


def spare_units(
    gpus: npt.ArrayLike,
    hardware_rate_per_gpu_hour: npt.ArrayLike,
    repair_hours: float,
    margin: float,
) -> FloatArray:
    """Deployment units to buy beyond those the job uses: E + z sqrt(E), rounded up [units].

    E = rate x count x repair time is the mean number of units in repair (Poisson; each stop drains one unit,
    whatever its size), z = `margin` standard deviations. Spares are bought, housed and powered, but do no
    work: add them to servers, network ports and IT power, not to effective FLOPS.
    """
    return np.ceil(_spares(gpus, hardware_rate_per_gpu_hour, repair_hours, margin))


def spare_fraction(
    gpus: npt.ArrayLike,
    hardware_rate_per_gpu_hour: npt.ArrayLike,
    unit_gpus: int,
    repair_hours: float,
    margin: npt.ArrayLike,
) -> FloatArray:
    """Spare accelerators per working accelerator, without rounding to whole units (smooth in the count)."""
    count = np.asarray(gpus, dtype=np.float64)
    return _spares(count, hardware_rate_per_gpu_hour, repair_hours, margin) * unit_gpus / count


def _spares(gpus: npt.ArrayLike, rate: npt.ArrayLike, repair_hours: float,
            margin: npt.ArrayLike) -> FloatArray:  # fmt: skip
    mean = np.asarray(rate, dtype=np.float64) * np.asarray(gpus, dtype=np.float64) * repair_hours
    return mean + np.asarray(margin) * np.sqrt(mean)
