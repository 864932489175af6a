"""Goodput: known values, properties and a Monte Carlo of the event process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exasite.models.catalog import load_catalog
from exasite.models.reliability import (
    base_rates,
    failure_factor,
    goodput,
    mttf_hours,
    optimal_interval,
    renewal_goodput,
    repair,
    spare_fraction,
    spare_units,
    stop_rate_per_gpu_hour,
)
from exasite.models.storage import Recovery, Storage, recovery, storage, storage_plant

CATALOG = load_catalog()
# The tiers as they are, without the widening for large clusters.
STORAGES = [replace(storage(CATALOG, item), minimum_gb_per_s_per_gpu=0.0) for item in CATALOG.items("storage")]
RECOVERIES = [recovery(CATALOG, item) for item in CATALOG.items("recovery")]
LLAMA3_RATE = 1.97e-5  # 1/(accelerator x hour), all unexpected stops
SIZES = np.array([16_384, 32_768, 100_000, 300_000, 1_000_000])

tiers = st.sampled_from(STORAGES)
schemes = st.sampled_from(RECOVERIES)
rates = st.floats(1e-7, 1e-4)
checkpoints = st.floats(0.0, 30_000.0)


def whole_job(restart_s: float, blocking_s: float) -> Recovery:
    """A whole-job scheme whose total restart and blocking times are given."""
    base = recovery(CATALOG, "peer_memory")
    return replace(base, restart_s=restart_s, blocking_s=blocking_s, lag_s=0.0)


# ------------------------------------------------------------------ known values


def test_rates_are_the_stops_of_llama3():
    rate = base_rates(CATALOG)
    assert rate.total_per_hour == pytest.approx(419 / (16_384 * 54 * 24), rel=1e-3)
    assert rate.hardware_per_hour / rate.total_per_hour == pytest.approx(0.773, abs=0.01)


def test_cooling_touches_accelerator_and_host_only():
    rate = base_rates(CATALOG)
    cooled = stop_rate_per_gpu_hour(rate, cooling_multiplier=0.0)
    assert cooled == pytest.approx(rate.total_per_hour - rate.gpu_per_hour - rate.host_per_hour)
    assert stop_rate_per_gpu_hour(rate, network_rate=[0.0, 1e-6]).shape == (2,)
    better_fabric = 1.0 - stop_rate_per_gpu_hour(rate, network_rate=0.0) / rate.total_per_hour
    assert 0.05 < better_fabric < 0.10  # a perfect fabric removes the network share only


def test_failure_factor_falls_back_to_the_default():
    assert failure_factor(CATALOG, "TPU-v4") < 1.0
    assert failure_factor(CATALOG, "no-such-chip") == 1.0


WHAT_SCALE_DOES = {  # restart s, blocking s -> goodput at SIZES
    (600.0, 30.0): (0.880, 0.808, 0.597, 0.268, 0.02),
    (300.0, 5.0): (0.945, 0.908, 0.787, 0.536, 0.152),
    (120.0, 1.0): (0.976, 0.960, 0.906, 0.775, 0.466),
}


@pytest.mark.parametrize(("restart_s", "blocking_s"), WHAT_SCALE_DOES)
def test_whole_job_restart_collapses_with_scale(restart_s, blocking_s):
    # The published table uses the closed form: within 0.012 of the exact one where G > 0.8, 0.03 elsewhere.
    scheme = whole_job(restart_s, blocking_s)
    value = goodput(SIZES, LLAMA3_RATE, 5_670.0, STORAGES[0], scheme).goodput
    assert value == pytest.approx(WHAT_SCALE_DOES[restart_s, blocking_s], abs=0.025)


def test_replica_level_recovery_holds_at_a_million():
    # The published formula leaves out stops that take every replica down.
    scheme = replace(recovery(CATALOG, "replica_level"), whole_job_share=0.0)
    value = goodput(SIZES, LLAMA3_RATE, 5_670.0, STORAGES[0], scheme).goodput
    assert value == pytest.approx((0.973, 0.972, 0.970, 0.965, 0.946), abs=0.002)


def test_stops_of_every_replica_bring_the_storage_back():
    scheme = replace(recovery(CATALOG, "replica_level"), whole_job_share=0.134)
    tiers = (STORAGES[0], STORAGES[2])
    slow, fast = (goodput(100_000, LLAMA3_RATE, 28_000.0, tier, scheme) for tier in tiers)
    assert slow.goodput < fast.goodput < 0.95
    assert np.isfinite(fast.interval_s)


def test_storage_bandwidth_at_100k():
    # 14 TB at 100,000 GPUs: the lag of 200 GB/s costs 3.8 % of goodput, that of 2 TB/s 0.4 %.
    scheme = replace(recovery(CATALOG, "restart_automated"), blocking_s=0.1)
    free = replace(STORAGES[0], write_gb_per_s=1e9, read_gb_per_s=1e9)
    best = goodput(100_000, LLAMA3_RATE, 14_000.0, free, scheme).goodput
    lag_only = [replace(storage(CATALOG, item), read_gb_per_s=1e9, minimum_gb_per_s_per_gpu=0.0) for item in ("flash_200", "flash_2000")]
    lost = [1.0 - goodput(100_000, LLAMA3_RATE, 14_000.0, tier, scheme).goodput / best for tier in lag_only]
    assert lost[0] == pytest.approx(0.038, abs=0.02)
    assert lost[1] == pytest.approx(0.004, abs=0.002)


def test_spare_pool():
    mending = repair(CATALOG)
    rate = base_rates(CATALOG).hardware_per_hour
    assert spare_fraction(1e9, rate, 8, mending.hours(8), 2.0) == pytest.approx(0.009, abs=0.0005)
    racks = spare_fraction(16_384, rate, 72, mending.hours(72), 2.0)
    assert 0.015 < racks < 0.05  # guidance for NVL72: at least 2 %
    assert spare_units(16_384, rate, mending.hours(8), 2.0) == 27
    assert spare_units(16_384, rate, mending.hours(8), 0.0) == 18


def test_storage_plant():
    plant = storage_plant(STORAGES[2], [1_000, 100_000])
    assert plant.capex_usd == pytest.approx([12e6, 12e6])
    assert plant.power_w == pytest.approx([70e3, 70e3])
    scaled = storage_plant(storage(CATALOG, "flash_scaled"), [1_000, 2_000])
    assert scaled.capex_usd[1] == pytest.approx(2 * scaled.capex_usd[0])
    # Storage is 1-1.5 % of a 35 B$ site with 5,932 racks of 72 (Bernstein): 820-1,230 $ per accelerator.
    assert 800 < scaled.capex_usd[0] / 1_000 < 1_600


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least 1 accelerator"):
        goodput(0, LLAMA3_RATE, 100.0, STORAGES[0], RECOVERIES[0])
    with pytest.raises(ValueError, match="stop rate"):
        goodput(8, -1.0, 100.0, STORAGES[0], RECOVERIES[0])
    with pytest.raises(KeyError, match="did you mean 'flash_scaled'"):
        storage(CATALOG, "flash_scale")
    broken = CATALOG.override({"recovery": {"peer_memory": {"checkpoint_mode": "sometimes"}}})
    with pytest.raises(ValueError, match="checkpoint_mode must be one of"):
        recovery(broken, "peer_memory")
    broken = CATALOG.override({"storage": {"nfs_slow": {"scaling": "none"}}})
    with pytest.raises(ValueError, match="scaling must be one of"):
        storage(broken, "nfs_slow")


# ------------------------------------------------------------------ properties


@given(tiers, schemes, rates, checkpoints)
def test_goodput_is_a_share_and_falls_with_size(tier: Storage, scheme: Recovery, rate, checkpoint):
    # A tier that grows with the cluster may gain more by bandwidth than it loses by stops: held fixed here.
    tier = replace(tier, scaling="fixed")
    sizes = np.geomspace(8, 1e6, 60)
    result = goodput(sizes, rate, checkpoint, tier, scheme)
    value = result.goodput
    assert np.all((value >= 0) & (value <= 1))
    # Positive wherever the dead time is not hundreds of times the MTTF (where a double underflows).
    dead_s = result.restart_s + result.lag_s + result.blocking_s
    assert np.all(value[dead_s < 100 * 3600 * result.mttf_hours] > 0)
    assert np.all(np.diff(value) <= 1e-12)


@given(tiers, schemes, rates, checkpoints, st.floats(1.0, 10.0))
def test_goodput_rises_with_mttf(tier: Storage, scheme: Recovery, rate, checkpoint, factor):
    worse, better = (goodput(SIZES, r, checkpoint, tier, scheme) for r in (rate, rate / factor))
    assert np.all(better.goodput >= worse.goodput - 1e-12)
    assert np.all(better.mttf_hours >= worse.mttf_hours)


@given(tiers, schemes, rates, checkpoints, st.floats(1.0, 100.0))
def test_more_bandwidth_never_hurts(tier: Storage, scheme: Recovery, rate, checkpoint, factor):
    scheme = replace(scheme, whole_job_share=0.134 if scheme.scheme == "replica" else 0.0)
    for field in ("write_gb_per_s", "read_gb_per_s"):
        faster = replace(tier, **{field: getattr(tier, field) * factor})
        gain = goodput(SIZES, rate, checkpoint, faster, scheme).goodput - goodput(
            SIZES, rate, checkpoint, tier, scheme
        ).goodput
        assert np.all(gain >= -1e-12)


@given(st.floats(10.0, 1e6), st.floats(0.001, 1_000.0), st.floats(0.0, 1_000.0), st.floats(1.01, 3.0))
def test_interval_beats_its_neighbours(mttf_s, blocking_s, lag_s, factor):
    best = optimal_interval(mttf_s, blocking_s, lag_s)
    value = renewal_goodput(mttf_s, best, blocking_s, lag_s, 60.0)
    longer = renewal_goodput(mttf_s, best * factor, blocking_s, lag_s, 60.0)
    shorter = renewal_goodput(mttf_s, np.maximum(best / factor, lag_s), blocking_s, lag_s, 60.0)
    assert best >= lag_s
    assert value >= longer * (1 - 1e-12)
    assert value >= shorter * (1 - 1e-12)


@given(st.floats(1e3, 1e6), st.floats(0.1, 100.0))
def test_interval_agrees_with_daly(mttf_s, blocking_s):
    x = np.sqrt(blocking_s / (2 * mttf_s))
    daly = np.sqrt(2 * blocking_s * mttf_s) * (1 + x / 3 + x**2 / 9) - blocking_s
    assert optimal_interval(mttf_s, blocking_s, 0.0) == pytest.approx(daly, rel=0.01)


@given(tiers, schemes, st.floats(8, 1e6))
def test_a_job_that_never_stops(tier: Storage, scheme: Recovery, gpus):
    result = goodput(gpus, 0.0, 5_000.0, tier, scheme)
    assert result.goodput == 1.0
    assert result.interval_s == np.inf


def test_vector_equals_scalars():
    sizes = np.linspace(8, 500_000, 50)
    rate = np.linspace(1e-5, 3e-5, 50)
    for scheme in RECOVERIES:
        together = goodput(sizes, rate, 5_670.0, STORAGES[2], scheme).goodput
        pairs = zip(sizes, rate, strict=True)
        alone = [float(goodput(n, r, 5_670.0, STORAGES[2], scheme).goodput) for n, r in pairs]
        assert together == pytest.approx(alone, rel=1e-12)


def test_free_checkpoints_lose_only_the_restart():
    value = goodput(100_000, LLAMA3_RATE, 0.0, STORAGES[0], whole_job(300.0, 0.0))
    mttf_s = mttf_hours(100_000, LLAMA3_RATE) * 3600
    assert value.goodput == pytest.approx(np.exp(-300.0 / mttf_s))


# ------------------------------------------------------------------ Monte Carlo


def simulate_whole_job(*, mttf, interval, blocking, lag, restart, stops, seed):
    """Walk the clock through `stops` stops; share of time whose work was durable when it was needed."""
    random = np.random.default_rng(seed)
    now = kept = 0.0
    for _ in range(stops):
        up_until = now + random.exponential(mttf)
        clock, done, durable, pending = now + restart, 0.0, 0.0, []
        while clock + interval + blocking <= up_until:
            clock += interval + blocking
            done += interval
            pending.append((clock + lag, done))
        for at, work in pending:
            durable = work if at <= up_until else durable
        kept += durable
        now = up_until
    return kept / now


@pytest.mark.parametrize(
    ("gpus", "blocking", "lag", "restart"),
    [
        (16_384, 30.0, 0.0, 600.0),
        (100_000, 1.0, 28.0, 180.0),
        (100_000, 0.04, 10.0, 120.0),
        (300_000, 5.0, 0.0, 300.0),
    ],
)
def test_exact_formula_against_the_event_process(gpus, blocking, lag, restart):
    mttf = float(mttf_hours(gpus, LLAMA3_RATE)) * 3600
    interval = float(optimal_interval(mttf, blocking, lag))
    exact = float(renewal_goodput(mttf, interval, blocking, lag, restart))
    seen = simulate_whole_job(
        mttf=mttf, interval=interval, blocking=blocking, lag=lag, restart=restart, stops=10_000, seed=1
    )
    assert seen == pytest.approx(exact, abs=0.01)


def simulate_replicas(*, gpus, rate_per_s, scheme, stops, seed):
    """Each stop pauses the job and sends one replica away; share of replica-time at work."""
    random = np.random.default_rng(seed)
    count = round(gpus / scheme.replica_gpus)
    back = np.zeros(count)  # time at which each replica is there again
    now = work = 0.0
    for _ in range(stops):
        gap = random.exponential(1.0 / (rate_per_s * gpus))
        # Replica-seconds at work between the stops, less the pause at the head of the gap.
        work += np.clip(now + gap - np.maximum(back, now + min(scheme.stall_s, gap)), 0.0, None).sum()
        now += gap
        back[random.integers(count)] = now + scheme.restart_s
    return work / (now * count)


@pytest.mark.parametrize("gpus", [98_304, 999_424])
def test_replica_formula_against_the_event_process(gpus):
    scheme = replace(recovery(CATALOG, "replica_level"), whole_job_share=0.0)
    exact = goodput(gpus, LLAMA3_RATE, 0.0, STORAGES[0], scheme).goodput
    seen = simulate_replicas(gpus=gpus, rate_per_s=LLAMA3_RATE / 3600, scheme=scheme, stops=20_000, seed=2)
    assert seen == pytest.approx(float(exact), abs=0.004)


def test_a_plant_is_widened_for_a_large_cluster():
    tier = storage(CATALOG, "nfs_slow")
    small, large = tier.write_bandwidth(100), tier.write_bandwidth(100_000)
    assert small == tier.write_gb_per_s
    assert large == pytest.approx(100_000 * tier.minimum_gb_per_s_per_gpu)
    assert storage_plant(tier, 100_000).capex_usd == pytest.approx(large * tier.price_usd_per_gb_per_s)
