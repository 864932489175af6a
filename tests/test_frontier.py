"""The frontier: every corner of the hull of enumeration, right exchange rates and weights, and what it looks like."""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
from command import run
from small_models import small_model

import exasite as xs
from exasite.decisions.hull import Corner, Lowest, exchange_rates, lower_hull, weight_intervals
from exasite.ratio import maximise_ratio

GAP = 1e-9


def searched(small):
    """The hull of a small model by dichotomic search, and its points as (x, y)."""
    session = small.session()
    produced, money, power = small.quantities()

    def lowest(wx, wy):
        found = maximise_ratio(session, produced, wx * money + wy * power, gap=GAP)
        flops = produced.at(found.columns)
        corner = Corner(money.at(found.columns) / flops, power.at(found.columns) / flops, found.columns)
        return Lowest(corner, 1.0 / found.bound)

    return lower_hull(lowest, lambda: False, lambda corners, left: None)


def hull_of(points):
    """Corners of the lower left hull of points, by checking every pair of neighbours (the slow and simple way)."""
    order = points[np.lexsort((points[:, 1], points[:, 0]))]
    kept = []
    for point in order:
        if kept and point[1] >= kept[-1][1] - 1e-9:
            continue
        while len(kept) > 1:
            (ax, ay), (bx, by) = kept[-2], kept[-1]
            if by >= ay + (point[1] - ay) * (bx - ax) / (point[0] - ax) - 1e-12:
                kept.pop()
            else:
                break
        kept.append(tuple(point))
    return kept


@pytest.mark.parametrize("seed", range(300, 325))
def test_corners_are_those_of_enumeration(seed):
    small = small_model(seed)
    points = small.points[:, 1:] / small.points[:, :1]
    found, expected = searched(small), hull_of(points)
    assert found.status == "optimal"
    assert np.array([(c.x, c.y) for c in found.corners]) == pytest.approx(np.array(expected), rel=1e-6)


@pytest.mark.parametrize("seed", range(330, 342))
def test_rates_and_weights_choose_their_corner(seed):
    small = small_model(seed)
    points = small.points[:, 1:] / small.points[:, :1]
    corners = searched(small).corners
    for corner, (low, high), weights in zip(
        corners, exchange_rates(corners), weight_intervals(corners), strict=True
    ):
        for rate in (low, high if math.isfinite(high) else low + 1e3, (low + min(high, low + 10)) / 2):
            assert corner.x + rate * corner.y <= (points[:, 0] + rate * points[:, 1]).min() * (1 + 1e-6)
        if weights is not None:
            for w in np.linspace(*weights, 4):
                product = points[:, 0] ** w * points[:, 1] ** (1 - w)
                assert corner.x**w * corner.y ** (1 - w) <= product.min() * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(342, 350))
def test_every_weight_belongs_to_a_corner(seed):
    corners = searched(small_model(seed)).corners
    intervals = [pair for pair in weight_intervals(corners) if pair is not None]
    for w in np.linspace(0, 1, 21):
        assert any(low - 1e-9 <= w <= high + 1e-9 for low, high in intervals)


CHOICES = ("choices.cooling=[d2c_dry,d2c_tower,imm1_dry,air_evap_wcc]", "choices.storage=[nfs_slow]",
           "choices.interconnects=[hgx8_ndr_ib_top7,hgx8_th5_400_os7]",
           "choices.recovery=[peer_memory]")  # fmt: skip


def test_memphis_is_the_hull_of_every_single_design():
    cooling = ("d2c_dry", "d2c_tower", "imm1_dry", "air_evap_wcc")
    points = []
    for method, fabric in itertools.product(cooling, ("hgx8_ndr_ib_top7", "hgx8_th5_400_os7")):
        result = xs.solve("memphis-100k", [*CHOICES, f"choices.cooling=[{method}]", f"choices.interconnects=[{fabric}]",
                                           "objective.maximize=exaflops_per_capex"], gap=1e-5)  # fmt: skip
        points.append((1e3 / result.totals.exaflops_per_billion_usd, 1 / result.totals.exaflops_per_megawatt))
    found = xs.frontier("memphis-100k", CHOICES)
    assert found.status == "optimal" and found.gap < 1e-3
    expected = np.array(hull_of(np.array(points)))
    assert np.array([(p.x, p.y) for p in found.points]) == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("name", ["memphis-100k", "cooling-pue"])
def test_solve_with_any_weight_returns_a_corner(name):
    found = xs.frontier(name)
    places = np.array([(p.x, p.y) for p in found.points])
    for weight in (0.02, 0.25, 0.5, 0.75, 0.97):
        totals = xs.solve(name, [f"objective.weights.capex={weight}"], gap=1e-5).totals
        place = np.array([1e3 / totals.exaflops_per_billion_usd, 1 / totals.exaflops_per_megawatt])
        nearest = np.abs(places / place - 1).max(axis=1).argmin()
        assert places[nearest] == pytest.approx(place, rel=3e-4)
        point = found.points[nearest]
        assert point.weight_from - 0.01 <= weight <= point.weight_to + 0.01


def test_designs_between_corners_lie_above_the_chord_and_below_a_level():
    found = xs.frontier("cooling-pue", unsupported=2)
    corners = [p for p in found.points if p.supported]
    between = [p for p in found.points if not p.supported]
    assert between, "two sites with several methods each have designs between the corners"
    for point in between:
        left = max((c for c in corners if c.x <= point.x * (1 + 1e-9)), key=lambda c: c.x)
        right = min((c for c in corners if c.x >= point.x * (1 - 1e-9)), key=lambda c: c.x)
        chord = left.y + (right.y - left.y) * (point.x - left.x) / max(right.x - left.x, 1e-12)
        assert point.y >= chord * (1 - 2e-4)
        assert point.rate_from is None and point.weight_from is None


def test_other_axes_trade_water_and_dates():
    water = xs.frontier("memphis-100k", y="water")
    assert water.points[-1].y == 0 and water.points[0].y > 0  # dry coolers use none
    assert water.points[0].x <= water.points[-1].x
    dates = xs.frontier("shale-gas", ["require.coherent_gpus=50000", "choices.power=[grid,gas_recip]",
                                      "objective.maximize=exaflops_per_capex"], x="capex", y="date")  # fmt: skip
    assert [p.date for p in dates.points] == sorted((p.date for p in dates.points), reverse=True)
    assert dates.status == "optimal"


def test_what_it_cannot_do_is_bad_input():
    with pytest.raises(xs.InputError) as error:
        xs.frontier("memphis-100k", x="capx", y="wats")
    assert [p.fix for p in error.value.problems] == ["did you mean capex?", "did you mean watts?"]
    with pytest.raises(xs.InputError):
        xs.frontier("memphis-100k", x="capex", y="capex")


def test_a_question_without_a_design_and_a_stop_are_answers():
    assert xs.frontier("cannot-budget").status == "infeasible"
    stopped = xs.frontier("us-portfolio", time_limit_s=1e-3)
    assert stopped.status == "no_design" and stopped.exit_code == 4


def test_command_writes_table_json_and_page(capsys, tmp_path):
    out, plot = tmp_path / "out", tmp_path / "curve.html"
    code, text, err = run(capsys, "frontier", "cooling-pue", "-o", str(out), "--plot", str(plot))
    assert code == 0 and err == ""
    assert "PROVEN TRADE-OFF" in text and "$/W" in text
    table, record = pd.read_csv(out / "frontier.csv"), json.loads((out / "frontier.json").read_text())
    assert len(table) == len(record["points"]) >= 4
    assert table["capex [M$/EFLOPS]"].is_monotonic_increasing
    page = plot.read_text()
    assert "src=\"http" not in page and "d2c_tower" in page and "best for" in page
    restored = xs.Frontier.model_validate(record)
    assert restored.to_frame().equals(restored.to_frame()) and restored.points[0].result.totals.gpus == 32_768
