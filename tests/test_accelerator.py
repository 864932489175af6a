"""Accelerators: the catalogue gives plausible, complete records."""

from __future__ import annotations

import pytest

from exasite.models.accelerator import TABLE, accelerator
from exasite.models.catalog import load_catalog

CATALOG = load_catalog()
IDS = CATALOG.items(TABLE)


def test_expected_accelerators():
    assert set(IDS) == {
        "A100-SXM", "H100-SXM", "H200-SXM", "B200-SXM", "GB200-NVL72", "B300-SXM", "GB300-NVL72",
        "VR200-NVL72", "MI250X", "MI300X", "MI325X", "MI355X", "TPU-v4", "TPU-v5p", "TPU-v6e",
        "TPU-v7", "Trainium2", "Gaudi3",
    }  # fmt: skip


@pytest.mark.parametrize("name", IDS)
def test_plausible(name):
    chip = accelerator(CATALOG, name)
    assert chip.id == name
    assert set(chip.peak_tflops) == set(chip.mamf)
    assert "bf16" in chip.mamf
    assert all(0.3 < share < 1.0 for share in chip.mamf.values())
    assert chip.tdp_w < chip.server_power_w < 3.0 * chip.tdp_w
    assert chip.chip_price_usd < chip.price_usd
    assert 0.5 < chip.mean_power_fraction < 1.0
    assert chip.rack_power_w >= chip.server_power_w * min(chip.unit_gpus, 32)
    assert CATALOG.text(TABLE, name, "validated") in ("yes", "no")


@pytest.mark.parametrize("name", IDS)
def test_lower_precision_is_faster_or_equal(name):
    chip = accelerator(CATALOG, name)
    rates = [chip.peak_tflops[p] * chip.mamf[p] for p in ("bf16", "fp8", "fp4") if p in chip.mamf]
    assert rates == sorted(rates)


def test_h100_as_published():
    chip = accelerator(CATALOG, "H100-SXM")
    assert chip.peak_tflops == {"bf16": 989.0, "fp8": 1979.0}
    assert chip.mamf["bf16"] * chip.peak_tflops["bf16"] == pytest.approx(794.5, rel=1e-3)  # measured matmul
    assert 8 * chip.server_power_w == pytest.approx(10_200)
    assert not chip.needs_liquid


def test_racks_of_72():
    rubin = accelerator(CATALOG, "VR200-NVL72")
    assert rubin.needs_liquid
    assert rubin.unit_gpus == rubin.scale_up_domain == 72
    assert 190e3 <= rubin.rack_power_w <= 230e3


def test_fp4_mixes_two_rates():
    chip = accelerator(CATALOG, "GB300-NVL72")
    share = CATALOG.value("compute_parameters", "step_time", "fp4_share")
    seconds = share / chip.peak_tflops["fp4"] + (1.0 - share) / chip.peak_tflops["fp8"]
    assert chip.peak_tflops["fp4"] * chip.mamf["fp4"] == pytest.approx(chip.mamf["fp8"] / seconds)


def test_missing_precision_is_absent():
    assert set(accelerator(CATALOG, "TPU-v5p").mamf) == {"bf16"}
    assert set(accelerator(CATALOG, "TPU-v6e").peak_tflops) == {"bf16"}


def test_unknown_accelerator_names_the_nearest():
    with pytest.raises(KeyError, match="H100-SXM"):
        accelerator(CATALOG, "H100-SMX")


def test_override_reaches_the_record():
    cheaper = CATALOG.override({TABLE: {"H100-SXM": {"price_usd": 25_000.0}}})
    assert accelerator(cheaper, "H100-SXM").price_usd == 25_000.0


def test_records_can_be_keys():
    assert len({accelerator(CATALOG, name) for name in IDS}) == len(IDS)
