"""The reliability model against published runs, each within its stated error."""

from __future__ import annotations

import pytest
from published import error
from reliability_cases import at_interval, cases, validation_table

RSC1 = 6.50 / 1000 / 8 / 24


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.case)
def test_published_case(case):
    assert abs(error(case)) <= case.tolerance


@pytest.mark.parametrize("gpus", [2_048, 4_096])
def test_rsc_jobs_keep_more_than_nine_tenths(gpus):
    assert at_interval(RSC1, gpus, 3600.0, 300.0) > 0.9


def test_table_for_the_documentation():
    rows = validation_table()
    assert len(rows) >= 12
    assert {"case", "published", "predicted", "source"} <= set(rows[0])
