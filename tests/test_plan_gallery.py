"""The gallery shows what `exasite plan` writes now, is small, and tells nothing of the machine it was made on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from plan_results import result

from exasite.words import money

GALLERY = Path(__file__).resolve().parents[1] / "docs" / "gallery"
NAMES = ("memphis-100k", "shale-gas")


@pytest.mark.parametrize("name", NAMES)
def test_the_gallery_is_current(name):
    text = (GALLERY / name / "plan.md").read_text(encoding="utf-8")
    total = float(re.search(r"Sum of all rows: ([\d,.]+) USD", text).group(1).replace(",", ""))
    found = result(name)
    assert total == pytest.approx(found.totals.capex_usd, rel=1e-6), "run: python docs/gallery.py"
    page = (GALLERY / name / "plan.html").read_text(encoding="utf-8")
    assert found.totals.online_date in page and f"<b>{money(found.totals.capex_usd)}</b>" in page


@pytest.mark.parametrize("name", NAMES)
def test_the_gallery_is_small_and_says_nothing_of_its_maker(name):
    files = list((GALLERY / name).iterdir())
    assert {path.name for path in files} == {"plan.html", "plan.md", "plan.xlsx"}
    assert all(path.stat().st_size < 500_000 for path in files)
    for path in files:
        content = path.read_bytes()
        assert str(Path(__file__).parents[1]).encode() not in content and str(Path.home()).encode() + b"/" not in content
