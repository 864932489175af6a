"""Workloads: parameter counts and FLOP per token as published."""

from __future__ import annotations

import pytest

from exasite.models.catalog import load_catalog
from exasite.models.workload import TABLE, checkpoint_gb, flop_per_token, workload

CATALOG = load_catalog()
PARAMETERS = {  # billions, from the models' reports
    "llama3-405b": 405.9, "llama3-70b": 70.6, "nemotron4-340b": 341.0, "gpt3-175b": 174.6,
    "dense-2t": 1924.0, "moe-deepseek-v3": 671.0,
}  # fmt: skip


@pytest.mark.parametrize(("model", "billions"), PARAMETERS.items())
def test_parameters(model, billions):
    assert workload(CATALOG, model, precision="bf16").parameters == pytest.approx(billions * 1e9, rel=2e-3)


def test_all_models_are_tested():
    assert set(CATALOG.items(TABLE)) == set(PARAMETERS)


def test_flop_per_token_of_llama3():
    load = workload(CATALOG, "llama3-405b", precision="bf16")
    assert flop_per_token(load) == pytest.approx(2.6254e12, rel=1e-4)  # from published step time and MFU
    assert flop_per_token(load) > 6.0 * load.parameters


@pytest.mark.parametrize("model", PARAMETERS)
def test_flop_grow_with_the_sequence(model):
    short = flop_per_token(workload(CATALOG, model, precision="bf16", sequence_length=2048.0))
    long = flop_per_token(workload(CATALOG, model, precision="bf16", sequence_length=131_072.0))
    assert short < long


def test_experts_count_for_memory_not_for_compute():
    load = workload(CATALOG, "moe-deepseek-v3", precision="fp8")
    assert load.active_parameters == pytest.approx(37e9, rel=0.02)
    assert flop_per_token(load) < 10.0 * load.active_parameters
    assert checkpoint_gb(load) == pytest.approx(671.0 * 14.0)
    assert load.moe_factor(8) == 0.40
    assert load.moe_factor(72) == load.moe_factor(576) == 0.60


def test_dense_models_have_no_moe_factor():
    load = workload(CATALOG, "llama3-405b", precision="fp8")
    assert load.moe_factor(8) == load.moe_factor(72) == 1.0


def test_what_is_given_wins():
    load = workload(
        CATALOG, "llama3-70b", precision="fp8", batch_tokens=1e6, sequence_length=4096.0, software_year=2024.5
    )
    assert (load.batch_tokens, load.sequence_length, load.software_year) == (1e6, 4096.0, 2024.5)


def test_bad_input():
    with pytest.raises(ValueError, match="bf16, fp8, fp4"):
        workload(CATALOG, "llama3-405b", precision="int8")
    with pytest.raises(KeyError, match="llama3-405b"):
        workload(CATALOG, "llama-405b", precision="bf16")
