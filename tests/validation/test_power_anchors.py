"""The power model against reference figures, each within its stated error."""

from __future__ import annotations

import pytest
from power_cases import cases, validation_table
from published import Case, error


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.case)
def test_anchor(case: Case) -> None:
    assert abs(error(case)) <= case.tolerance


def test_table_for_the_documentation() -> None:
    rows = validation_table()
    assert len(rows) == len(cases()) >= 28
    assert {"case", "published", "predicted", "source"} <= set(rows[0])
