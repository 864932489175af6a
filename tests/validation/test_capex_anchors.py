"""Capex and finance against published anchors, each within its stated error."""

from __future__ import annotations

import pytest
from capex_cases import cases, construction, validation_table
from published import error

AIR_METHODS_USD_PER_KW = (2_100.0, 1_500.0, 1_700.0, 2_200.0, 2_200.0)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.case)
def test_published_anchor(case):
    assert abs(error(case)) <= case.tolerance


def test_air_is_seven_to_ten_per_cent_cheaper_on_average():
    cold_plate = construction(1.0, 3_000.0)
    air = [construction(1.0, method) for method in AIR_METHODS_USD_PER_KW]
    premium = cold_plate / (sum(air) / len(air)) - 1
    assert 0.07 < premium < 0.10


def test_cold_plate_lies_between_the_two_bases():
    assert 11.4e6 <= construction(1.0, 2_800.0) <= construction(1.0, 3_000.0) <= 12.7e6


def test_table_for_the_documentation():
    rows = validation_table()
    assert {"case", "published", "predicted", "source"} <= set(rows[0])
