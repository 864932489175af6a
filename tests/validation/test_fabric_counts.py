"""The fabric model against published counts, costs and failures: exact counts, stated errors for the rest."""

from __future__ import annotations

import pytest
from fabric_cases import Case, cases, validation_table


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.case}: {case.quantity}")
def test_published_number(case: Case) -> None:
    assert case.predicted == pytest.approx(case.published, rel=case.tolerance, abs=1e-9)


def test_table_names_every_source() -> None:
    assert all(row["source"] and row["quantity"] for row in validation_table())
