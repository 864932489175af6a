"""The step-time model against 63 published training runs, given their splits."""

from __future__ import annotations

import numpy as np
import pytest
from mfu_cases import MEAN_ERROR_PERCENT, WORST_ERROR_PERCENT, cases, mean_error_percent, validation_table

FOUND = cases()


def test_mean_error():
    assert len(FOUND) == 63
    assert mean_error_percent(FOUND) <= MEAN_ERROR_PERCENT


def test_little_bias():
    assert abs(np.mean([case.error_percent for case in FOUND])) < 4.0


def test_no_run_is_far_off():
    assert max(abs(case.error_percent) for case in FOUND) <= WORST_ERROR_PERCENT


@pytest.mark.parametrize(
    ("small", "large", "observed"),
    [
        ("mlp31-gpt3-h100-512", "mlp31-gpt3-h100-10752", 0.743),
        ("dgxc-nem340B-gb200-bf16-strong-128", "dgxc-nem340B-gb200-bf16-strong-512", 0.964),
        ("mosaic-h100-70B-128", "mosaic-h100-70B-512", 0.951),
    ],
)
def test_loss_with_scale(small, large, observed):
    found = {case.case: case for case in FOUND}
    assert found[large].published / found[small].published == pytest.approx(observed, abs=2e-3)
    assert found[large].predicted / found[small].predicted == pytest.approx(observed, rel=0.03)


def test_ranks_runs_as_published():
    published = np.argsort(np.argsort([case.published for case in FOUND]))
    predicted = np.argsort(np.argsort([case.predicted for case in FOUND]))
    assert np.corrcoef(published, predicted)[0, 1] > 0.85


def test_table_for_the_documentation():
    rows = validation_table()
    assert len(rows) == 63
    assert {"case", "published", "predicted", "error_percent", "source"} <= set(rows[0])
