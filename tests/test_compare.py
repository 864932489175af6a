"""Comparisons: the waterfall adds up exactly, for random designs and for real ones."""

import math

import pytest
from command import run
from hypothesis import given
from hypothesis import strategies as st

import exasite as xs
from exasite.decisions.compare import Column, waterfall

LINES = ("servers", "network", "shell", "power")


def columns():
    positive = st.floats(1e-3, 1e3)
    share = st.floats(0.01, 1.0)

    def built(gpus, peak, mamf, sfu, goodput, it_mw, pue, costs):
        lines = dict(zip(LINES, costs, strict=True))
        return Column(
            name="x", status="optimal", choices={}, gpus=gpus, peak_exaflops=peak * gpus, mamf=mamf, sfu=sfu,
            goodput=goodput, effective_exaflops=peak * gpus * mamf * sfu * goodput, it_mw_mean=it_mw * gpus,
            pue_mean=pue, facility_mw_mean=it_mw * gpus * pue, capex_usd=sum(lines.values()), capex_lines_usd=lines,
            figures={},
        )  # fmt: skip

    costs = st.tuples(st.floats(1.0, 1e9), *[st.one_of(st.just(0.0), st.floats(1.0, 1e9)) for _ in LINES[1:]])
    return st.builds(built, st.integers(1, 10**6), positive, share, share, share, positive, st.floats(1.0, 3.0), costs)


@given(columns(), columns(), st.floats(0.0, 1.0))
def test_steps_add_up_to_the_difference(first, other, weight):
    found = waterfall(first, other, weight)
    total = math.log(other.efficiency(weight) / first.efficiency(weight))
    assert found.log_difference == pytest.approx(total, abs=1e-12)
    assert math.fsum(step.log_difference for step in found.steps) == pytest.approx(total, abs=1e-9)


@given(columns(), st.floats(0.0, 1.0))
def test_a_design_does_not_differ_from_itself(column, weight):
    assert all(step.log_difference == 0 for step in waterfall(column, column, weight).steps)


@given(columns(), st.floats(0.1, 0.9), st.floats(1.1, 3.0))
def test_a_factor_alone_is_the_whole_difference(column, weight, factor):
    better = column.model_copy(update={"sfu": column.sfu * factor,
                                       "effective_exaflops": column.effective_exaflops * factor})  # fmt: skip
    steps = {s.factor: s.log_difference for s in waterfall(column, better, weight).steps}
    assert steps["SFU"] == pytest.approx(math.log(factor))
    assert sum(abs(v) for name, v in steps.items() if name != "SFU") == pytest.approx(0, abs=1e-12)


def test_two_labs_differ_by_mamf_sfu_and_goodput():
    found = xs.compare("two-labs")
    assert [c.name for c in found.columns] == ["Lab A", "Lab B"]
    steps = {s.factor: s.share for s in found.waterfalls[0].steps}
    assert steps["MAMF"] == pytest.approx(1 / 0.9 - 1)
    assert steps["SFU"] == pytest.approx(0.2)
    assert steps["goodput"] == pytest.approx(0.35, rel=1e-6)
    assert math.expm1(found.waterfalls[0].log_difference) == pytest.approx(0.8, rel=1e-6)


def test_real_designs_add_up_and_come_from_saved_results(tmp_path, capsys):
    xs.solve("hopper-16k")
    path = tmp_path / "result.json"
    path.write_text(xs.solve("hopper-16k").to_json())
    found = xs.compare(str(path), "interconnect-2x", "memphis-100k")
    for other, fall in zip(found.columns[1:], found.waterfalls, strict=True):
        total = math.log(other.efficiency(0.5) / found.columns[0].efficiency(0.5))
        assert sum(s.log_difference for s in fall.steps) == pytest.approx(total, abs=1e-9)
    plot = tmp_path / "fall.html"
    code, text, err = run(capsys, "compare", str(path), "interconnect-2x", "-o", str(tmp_path / "out"), "--plot", str(plot))
    assert code == 0 and err == "" and "all together" in text
    assert (tmp_path / "out" / "waterfall.csv").read_text().startswith("design,factor")
    assert "http" not in plot.read_text().split("<script")[0]


def test_bad_input_is_said(tmp_path, capsys):
    code, _, err = run(capsys, "compare", "hopper-16k")
    assert code == 2 and "two designs or more" in err
    bad = tmp_path / "x.json"
    bad.write_text("{}")
    code, _, err = run(capsys, "compare", str(bad), "hopper-16k")
    assert code == 2 and "not a result" in err
    code, _, err = run(capsys, "compare", "cannot-rack", "hopper-16k")
    assert code == 2 and "exasite explain" in err
