"""Names that a user makes up come out as text on every page of a decision."""

import re

import pytest

import exasite as xs

BAD = "H<script>alert(1)</script>&"
SETS = [
    f'catalog.accelerators."{BAD}".like="H100-SXM"', f'catalog.accelerators."{BAD}".price_usd=20000',
    f'choices.accelerators=["{BAD}"]', 'name="</script><img src=x onerror=alert(2)>"',
    "choices.cooling=[d2c_dry,d2c_tower]", "choices.storage=[flash_2000]", "choices.recovery=[restart_automated]",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["frontier", "levers", "compare"])
def test_hostile_names_are_text(kind, tmp_path):
    loaded = xs.load_instance("hopper-16k", SETS)
    path = tmp_path / "page.html"
    if kind == "frontier":
        xs.frontier(loaded).write_plot(path)
    elif kind == "levers":
        xs.levers(loaded, only=("sfu",)).write_plot(path)
    else:
        xs.compare(loaded, "hopper-16k").write_plot(path)
    page = path.read_text()
    scripts = r"<script[^>]*>.*?</script>"
    outside = re.sub(scripts, "", page, flags=re.DOTALL)
    assert "<img src=x" not in outside and "alert(1)</script>" not in outside.replace("&lt;/script&gt;", "")
    assert "<script>alert" not in page and "</script><img" not in page
