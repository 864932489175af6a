"""Step time and split search: parts add up, curves bend the right way, known values come out."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exasite.models.accelerator import accelerator
from exasite.models.catalog import load_catalog
from exasite.models.compute import Links, ParallelSplit, compute_parameters, software_maturity, step_time
from exasite.models.split_search import best_split, memory_gb, planner_parameters
from exasite.models.workload import workload

CATALOG = load_catalog()
PARAMETERS = planner_parameters(CATALOG)
MI = 2**20
CHIPS = {  # accelerator, precision, software year of the extrapolation table
    "H100": ("H100-SXM", "bf16", 2024.6),
    "GB200": ("GB200-NVL72", "fp8", 2026.5),
    "GB300": ("GB300-NVL72", "fp8", 2026.5),
    "Rubin": ("VR200-NVL72", "fp8", 2027.5),
}
# chip: domain, NIC [Gbit/s], MFU [%] of Llama 3 405B with 16 Mi tokens at 8k, 32k, 131k, 1M accelerators,
# from the planner of the model's fit (its extrapolation table)
EXTRAPOLATION = {
    "H100": (8, 400, [52.60, 46.20, 33.03, 7.95]),
    "GB200": (72, 400, [39.50, 31.04, 16.98, 3.07]),
    "GB300": (72, 800, [42.63, 33.42, 18.80, 3.82]),
    "Rubin": (72, 1600, [30.82, 21.37, 9.96, 1.59]),
}
COUNTS = np.array([8192, 32768, 131072, 1048576])
# chip, accelerators, domain: SFU by NIC [Gbit/s] of the same model and batch (the fit's fabric sweep)
FABRIC_SWEEP = {
    ("H100", 32_768, 8): {100: 0.446, 200: 0.529, 400: 0.575, 800: 0.612},
    ("GB300", 131_072, 8): {200: 0.117, 400: 0.168, 800: 0.217, 1600: 0.259},
    ("GB300", 131_072, 72): {200: 0.196, 400: 0.232, 800: 0.252, 1600: 0.275},
    ("GB300", 131_072, 576): {200: 0.283, 400: 0.313, 800: 0.315, 1600: 0.316},
}
# chip: S0, N50 at 16 Mi tokens of 405B, batch exponent, gamma (the closed form of the same table)
CLOSED_FORM = {
    "H100": (8, 400, 0.7576, 204674, 1.004, 1.057),
    "GB300": (72, 800, 0.6967, 90596, 1.001, 0.956),
}
counts = st.floats(4096, 1e6)
few = settings(max_examples=25, deadline=None)


def load_of(model="llama3-405b", chip="H100", batch=16.0):
    _, precision, year = CHIPS[chip]
    given_numbers = {"batch_tokens": batch * MI, "sequence_length": 8192.0, "software_year": year}
    return workload(CATALOG, model, precision=precision, **given_numbers)


def links_of(chip="H100", **changes):
    found = accelerator(CATALOG, CHIPS[chip][0])
    links = Links(found.scale_up_domain, found.scale_up_gb_per_s, found.nic_gbit_per_s, congestion=0.015)
    return replace(links, **changes)


def sfu(gpus, chip="H100", load=None, links=None):
    found = accelerator(CATALOG, CHIPS[chip][0])
    return best_split(PARAMETERS, found, links or links_of(chip), load or load_of(chip=chip), gpus).sfu


def split_of(dp, *, tp=8, cp=2, pp=8, vp=8, recompute=0.0):
    ways = {"tp": tp, "cp": cp, "pp": pp, "vp": vp, "dp": dp, "microbatch": 1, "recompute": recompute}
    return ParallelSplit(fsdp=np.array([False]), **{name: np.array([float(n)]) for name, n in ways.items()})


@pytest.mark.parametrize("chip", EXTRAPOLATION)
def test_planner_reproduces_the_extrapolation(chip):
    domain, nic, expected = EXTRAPOLATION[chip]
    links = links_of(chip, scale_up_domain=domain, scale_out_gbit_per_s=float(nic))
    found = accelerator(CATALOG, CHIPS[chip][0])
    curve = best_split(PARAMETERS, found, links, load_of(chip=chip), COUNTS)
    assert 100.0 * curve.mfu_before_goodput == pytest.approx(expected, rel=0.01)
    assert curve.split.gpus == pytest.approx(COUNTS)


@pytest.mark.parametrize(("chip", "gpus", "domain"), FABRIC_SWEEP)
def test_fabric_sweep(chip, gpus, domain):
    for nic, expected in FABRIC_SWEEP[chip, gpus, domain].items():
        links = links_of(chip, scale_up_domain=domain, scale_out_gbit_per_s=float(nic))
        assert sfu(gpus, chip, links=links)[0] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("chip", CLOSED_FORM)
@pytest.mark.parametrize("batch", [16, 64, 256])
def test_closed_form_agrees(chip, batch):
    domain, nic, S0, N50, a, gamma = CLOSED_FORM[chip]
    gpus = 2.0 ** np.arange(12, 21)
    closed = S0 / (1 + 0.015 * np.log(gpus / 8)) / (1 + (gpus / (N50 * (batch / 16) ** a)) ** gamma)
    links = links_of(chip, scale_up_domain=domain, scale_out_gbit_per_s=float(nic))
    assert sfu(gpus, chip, load_of(chip=chip, batch=batch), links) == pytest.approx(closed, rel=0.07)


def test_llama3_at_16k_as_published():
    load = replace(load_of(), software_year=2024.3)
    found = best_split(PARAMETERS, accelerator(CATALOG, "H100-SXM"), links_of(congestion=0.035), load, 16_384)
    assert 0.38 < found.mfu_before_goodput[0] < 0.47  # 41 % published, with a split that was not the best


@given(counts, st.floats(1.01, 4.0), st.sampled_from(sorted(CHIPS)))
@few
def test_falls_with_count_at_fixed_batch(gpus, ratio, chip):
    near, far = sfu([gpus, gpus * ratio], chip)
    assert far < near * (1 + 1e-3)  # memory freed by sharding the optimizer may spare a little recompute
    assert far > 0.0
    assert near < 1.05


@given(counts, st.floats(1.0, 8.0), st.sampled_from(sorted(CHIPS)))
@few
def test_better_links_never_hurt(gpus, ratio, chip):
    links = links_of(chip)
    base = sfu(gpus, chip)[0] * (1 - 1e-9)
    faster_out = replace(links, scale_out_gbit_per_s=links.scale_out_gbit_per_s * ratio)
    faster_up = replace(links, scale_up_gb_per_s=links.scale_up_gb_per_s * ratio)
    assert sfu(gpus, chip, links=faster_out)[0] >= base
    assert sfu(gpus, chip, links=faster_up)[0] >= base


@given(counts, st.floats(1.05, 8.0), st.sampled_from(sorted(CHIPS)))
@few
def test_larger_batch_helps(gpus, ratio, chip):
    assert sfu(gpus, chip, load_of(chip=chip, batch=16 * ratio))[0] >= sfu(gpus, chip)[0] * (1 - 1e-3)


@given(counts, st.floats(1.0, 8.0), st.floats(1.0, 4.0), st.floats(512, 65_536), st.sampled_from(list(CHIPS)))
@few
def test_larger_taper_never_helps(gpus, taper, ratio, island, chip):
    links = links_of(chip, island_gpus=island, island_taper=taper)
    worse = replace(links, island_taper=taper * ratio)
    assert sfu(gpus, chip, links=worse)[0] <= sfu(gpus, chip, links=links)[0] * (1 + 1e-9)


@given(counts, st.floats(512, 65_536))
@few
def test_taper_of_one_is_no_taper(gpus, island):
    assert sfu(gpus, links=links_of(island_gpus=island))[0] == pytest.approx(sfu(gpus)[0], rel=1e-9)


@given(counts, st.floats(0.0, 0.05), st.floats(0.0, 0.05))
@few
def test_congestion_costs(gpus, kappa, more):
    tuned, other = links_of(congestion=kappa), links_of(congestion=kappa + more)
    assert sfu(gpus, links=other)[0] <= sfu(gpus, links=tuned)[0]


@given(st.floats(2020, 2035), st.floats(0.0, 5.0))
@few
def test_software_matures(year, wait):
    compute = compute_parameters(CATALOG)
    early, late = (software_maturity(compute, 2022.0, y) for y in (year, year + wait))
    assert 1 - compute.launch_penalty <= early <= late < 1
    assert software_maturity(compute, 2022.0, 2022.0) == pytest.approx(0.757)
    assert software_maturity(compute, 2022.0, 2023.0) == pytest.approx(0.875, abs=1e-3)


def test_throughput_is_nearly_concave_and_smooth():
    gpus = np.geomspace(4096, 262_144, 200)
    found = sfu(gpus)
    assert np.all(np.diff(gpus * found) > 0)
    assert np.max(np.abs(np.diff(found) / found[:-1])) < 0.02  # no jumps between neighbours 2 % apart


def test_mixture_of_experts_scales_the_dense_equivalent():
    load = workload(CATALOG, "moe-deepseek-v3", precision="fp8")
    dense = replace(load, moe_factor_small_domain=1.0, moe_factor_large_domain=1.0)
    for domain, factor in ((8, 0.40), (72, 0.60)):
        links = links_of("GB300", scale_up_domain=domain)
        assert sfu(8192, "GB300", load, links) == pytest.approx(factor * sfu(8192, "GB300", dense, links))


@given(st.floats(1, 2048), st.sampled_from([1, 4, 8]), st.sampled_from([1, 2, 8]), st.floats(0, 1))
@few
def test_parts_add_up(dp, tp, pp, recompute):
    split = split_of(dp, tp=tp, pp=pp, vp=8 if pp > 1 else 1, recompute=recompute)
    step = step_time(PARAMETERS.compute, accelerator(CATALOG, "H100-SXM"), links_of(), load_of(), split)
    parts = [getattr(step, entry.name) for entry in fields(step) if entry.name.endswith("_s")]
    assert sum(parts[1:]) == pytest.approx(step.total_s)
    assert all(part >= 0 for part in parts)
    assert step.sfu == pytest.approx(step.mfu / 0.803)


def test_recompute_costs_time_and_saves_memory():
    load, chip = load_of(), accelerator(CATALOG, "H100-SXM")
    m = np.array([8.0])
    none, half, full = (split_of(64, recompute=share) for share in (0.0, 0.5, 1.0))
    times = [step_time(PARAMETERS.compute, chip, links_of(), load, s).total_s[0] for s in (none, half, full)]
    sizes = [memory_gb(PARAMETERS.memory, load, s, m)[0] for s in (none, half, full)]
    assert times[0] < times[1] < times[2]
    assert sizes[0] > sizes[1] > sizes[2]


def test_split_fits_in_memory():
    load, chip = load_of("dense-2t"), accelerator(CATALOG, "H100-SXM")
    curve = best_split(PARAMETERS, chip, links_of(), load, np.geomspace(2048, 1e6, 20))
    m = load.batch_tokens / (load.sequence_length * curve.split.dp * curve.split.microbatch)
    assert curve.feasible.all()
    assert np.all(memory_gb(PARAMETERS.memory, load, curve.split, m) <= 0.9 * chip.hbm_gb * (1 + 1e-9))
    assert np.all(m >= 1) and np.all(curve.split.dp >= 1)


def test_too_few_accelerators_are_infeasible():
    load, chip = load_of("dense-2t"), accelerator(CATALOG, "H100-SXM")
    curve = best_split(PARAMETERS, chip, links_of(), load, [8, 8192])
    assert curve.feasible.tolist() == [False, True]
    assert curve.sfu[0] == curve.mfu_before_goodput[0] == 0
    assert math.isinf(curve.step_time_s[0])


def test_a_model_that_never_fits():
    giant = replace(load_of("dense-2t"), hidden=2**20, ffn=2**22)
    chip = accelerator(CATALOG, "H100-SXM")
    assert not best_split(PARAMETERS, chip, links_of(), giant, [1e6]).feasible.any()


def test_any_count_can_be_asked_for():
    gpus = [100_000, 98_760, 12_345.5]
    assert np.all(sfu(gpus) > 0.3)


@pytest.mark.parametrize("gpus", [0, -8, math.nan, math.inf])
def test_bad_counts(gpus):
    with pytest.raises(ValueError, match="positive"):
        sfu(gpus)


def test_missing_precision():
    load = replace(load_of(), precision="fp4")
    with pytest.raises(ValueError, match="no rate for precision 'fp4'; known: bf16, fp8"):
        sfu(8192, load=load)
