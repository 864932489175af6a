"""Levers: elasticities of the physics, worth at an equal objective, and break-even values that really switch."""

import json
import math

import pytest
from command import run
from hypothesis import given
from hypothesis import strategies as st

import exasite as xs
from exasite.decisions.worth import gain
from exasite.models.catalog import load_catalog
from exasite.models.levers import LEVER_IDS, LEVERS, rows_of, scaled
from exasite.models.published import best_published_sfu

CATALOG = load_catalog()
FEW = ("sfu", "mamf", "chip_price", "cooling_price", "energy_price")


@pytest.fixture(scope="module")
def memphis():
    return xs.levers("memphis-100k", only=FEW)


def of(found, lever):
    return next(value for value in found.levers if value.lever == lever)


def test_every_lever_stands_for_numbers_of_the_catalogue():
    for lever in LEVERS:
        assert all(rows_of(CATALOG, numbers) for numbers in lever.numbers), lever.id


@given(st.sampled_from(LEVER_IDS), st.floats(0.1, 5.0))
def test_scaling_multiplies_its_rows_and_no_others(lever_id, factor):
    lever = next(entry for entry in LEVERS if entry.id == lever_id)
    touched = {row.key: numbers.inverse for numbers in lever.numbers for row in rows_of(CATALOG, numbers)}
    after = scaled(CATALOG, {lever_id: factor})
    for key, row in after.rows.items():
        before = CATALOG.rows[key]
        if key not in touched:
            assert row is before
        else:
            wanted = before.base / factor if touched[key] else before.base * factor
            assert row.base == pytest.approx(min(wanted, 1.0) if row.field.startswith("mamf_") else wanted) or (
                row.field == "loss_fraction" and row.base == 1.0
            )


def test_scaling_there_and_back_is_nothing():
    there = scaled(CATALOG, {"chip_price": 1.25, "failure_rate": 0.5})
    back = scaled(there, {"chip_price": 0.8, "failure_rate": 2.0})
    for key, row in back.rows.items():
        if not row.is_text:
            assert row.base == pytest.approx(CATALOG.rows[key].base)


def test_ranked_and_complete(memphis):
    assert {value.lever for value in memphis.levers} == set(FEW)
    sizes = [abs(value.elasticity) for value in memphis.levers]
    assert sizes == sorted(sizes, reverse=True)
    assert memphis.status == "optimal" and memphis.gpus == 100_000


def test_elasticities_are_those_of_the_physics(memphis):
    assert of(memphis, "sfu").elasticity == pytest.approx(1.0, abs=1e-3)  # FLOPS are proportional to it
    assert 0.7 < of(memphis, "mamf").elasticity < 1.0  # faster chips wait more
    base = xs.solve("memphis-100k")
    capex, servers = base.totals.capex_usd, base.sites[0].clusters[0].capex_usd
    share = (servers["servers"] + servers["spares"]) / capex
    assert of(memphis, "chip_price").elasticity == pytest.approx(-0.5 * share, rel=0.02)  # half the weight is capex
    assert of(memphis, "energy_price").elasticity == 0.0  # capex and watts do not see it


def test_worth_is_what_leaves_the_efficiency_equal(memphis):
    """The improved design, dearer by its worth, is no better than the present one."""
    value = of(memphis, "sfu")
    base = xs.solve("memphis-100k", gap=1e-5)
    sfu = base.sites[0].clusters[0].sfu
    better = xs.solve("memphis-100k", [f"scale.sfu={(sfu + 0.01) / sfu}"], gap=1e-5).totals
    extra = value.worth_usd_per_gpu * better.gpus
    equal = better.effective_exaflops / (((better.capex_usd + extra) / 1e9) ** 0.5 * better.facility_mw_mean**0.5)
    assert equal == pytest.approx(base.totals.efficiency, rel=2e-4)


def test_headroom_reaches_the_best_known_value(memphis):
    value = of(memphis, "sfu")
    assert value.best_value == pytest.approx(best_published_sfu(CATALOG)[0])
    assert value.best_gain == pytest.approx(value.best_value / value.value - 1, rel=1e-3)
    assert 0.6 < value.best_value < 0.8


def design(result):
    cluster = result.sites[0].clusters[0]
    power = sorted(s.source for s in result.sites[0].supply)
    return (cluster.accelerator, cluster.interconnect, cluster.cooling, cluster.storage, cluster.recovery, *power)


def test_break_even_values_switch_the_design(memphis):
    """Solving in full just below and just above shows the switch, for every break-even found."""
    present, seen = design(xs.solve("memphis-100k", gap=1e-5)), 0
    for value in memphis.levers:
        for at in value.break_evens:
            near = [xs.solve("memphis-100k", [f"scale.{value.lever}={f!r}"], gap=1e-5) for f in (at.last, at.next)]
            assert design(near[0]) == present
            assert design(near[1]) != present
            assert abs(at.last / at.next - 1) < 2e-3
            seen += 1
    assert seen >= 2


@pytest.mark.parametrize("name", ["silicon-millimetres"])
def test_break_even_price_of_a_chip(name):
    narrow = ["choices.cooling=[d2c_dry]", "choices.storage=[nfs_slow]", "choices.recovery=[peer_memory]"]
    loaded = xs.load_instance(name, narrow)
    found = {price.accelerator: price for price in _prices(loaded)}
    wide = found["H100-wide-IO"]
    assert wide.chosen and 50_000 < wide.break_even_usd < 70_000  # +20 % SFU at weights of one half: capex x 1.44
    key = "catalog.accelerators.H100-wide-IO.price_usd"
    chips = [
        xs.solve(name, [*narrow, f"{key}={wide.break_even_usd * f}"], gap=1e-5).sites[0].clusters[0].accelerator
        for f in (0.999, 1.001)
    ]
    assert chips == ["H100-wide-IO", "H100-SXM"]


def _prices(loaded):
    from exasite.decisions.levers import _started
    from exasite.session import Clock

    return _started(loaded, xs.Workbench(gap=1e-5, clock=Clock()), Clock(), None).chip_prices()


@pytest.mark.parametrize(("mamf", "winner"), [(0.25, "H100-SXM"), (0.60, "MI300X")])
def test_mi300x_wins_with_better_software_only(mamf, winner):
    """A MAMF of 25 % makes it worth a fraction of its price, 60 % more than it."""
    sets = ["choices.accelerators=[H100-SXM,MI300X]", f"catalog.accelerators.MI300X.mamf_bf16={mamf}",
            "choices.recovery=[peer_memory]", "choices.storage=[nfs_slow]", "choices.cooling=[d2c_dry]"]  # fmt: skip
    loaded = xs.load_instance("chip-market", sets)
    found = {price.accelerator: price for price in _prices(loaded)}
    assert found[winner].chosen
    chip = found["MI300X"]
    assert chip.break_even_usd is None or (chip.break_even_usd > chip.price_usd) == (winner == "MI300X")


@given(st.floats(0.1, 10), st.floats(0.1, 10))
def test_a_gain_is_above_zero_exactly_where_it_is_better(before, after):
    most = xs.load_instance("hopper-16k").instance
    least = xs.load_instance("hopper-16k", ["objective.minimize=tco"]).instance
    assert (gain(most, before, after) > 0) == (after > before)
    assert (gain(least, before, after) > 0) == (after < before)


def test_a_minimised_objective_has_dollars():
    found = xs.levers("hopper-16k", ["objective.minimize=tco"], only=("chip_price",), break_evens=False)
    value = found.levers[0]
    result = xs.solve("hopper-16k", ["objective.minimize=tco"])
    assert value.elasticity > 0 and value.step_gain > 0
    assert value.worth_usd_per_gpu == pytest.approx(0.01 * value.elasticity * result.totals.tco_usd / 16_384, rel=0.05)


def test_a_stop_and_a_question_without_design_are_answers():
    stopped = xs.levers("memphis-100k", time_limit_s=0.9)
    assert stopped.status in ("feasible", "no_design") and stopped.exit_code in (4, 5)
    assert xs.levers("cannot-budget").status == "infeasible"


def test_command(capsys, tmp_path):
    plot = tmp_path / "tornado.html"
    code, text, err = run(capsys, "levers", "hopper-16k", "--only", "sfu", "--only", "chip_price", "--no-break-evens",
                          "-o", str(tmp_path), "--plot", str(plot))  # fmt: skip
    assert code == 0 and err == "" and "WHAT EACH FACTOR IS WORTH" in text
    record = json.loads((tmp_path / "levers.json").read_text())
    assert len(record["levers"]) == 2 and math.isfinite(record["levers"][0]["elasticity"])
    assert "Tornado" in plot.read_text() and 'src="http' not in plot.read_text()
    code, _, err = run(capsys, "levers", "hopper-16k", "--only", "sfuu")
    assert code == 2 and "did you mean sfu?" in err


def test_scale_is_a_part_of_the_question(capsys):
    halved = xs.solve("hopper-16k", ["scale.sfu=0.5"]).sites[0].clusters[0]
    assert halved.sfu == pytest.approx(0.5 * xs.solve("hopper-16k").sites[0].clusters[0].sfu)
    labs = xs.solve("two-labs", ["scale.sfu=0.5"])  # measured factors are scaled, too
    assert [c.clusters[0].sfu for c in labs.sites] == pytest.approx([0.25, 0.3])
    dear = xs.solve("memphis-100k", ["sites.0.energy_price_usd_per_mwh=50", "scale.energy_price=2"]).totals
    plain = xs.solve("memphis-100k", ["sites.0.energy_price_usd_per_mwh=100"]).totals
    assert dear.opex_usd_per_year == pytest.approx(plain.opex_usd_per_year)
    code, _, err = run(capsys, "check", "hopper-16k", "--set", "scale.mafm=2")
    assert code == 2 and "did you mean mamf?" in err


def test_a_variant_of_an_item_has_all_its_numbers_and_fits_where_it_fits():
    made = CATALOG.override({"accelerators": {"H100-X": {"like": "H100-SXM", "price_usd": 1.0}}})
    assert made.value("accelerators", "H100-X", "price_usd") == 1.0
    assert made.value("accelerators", "H100-SXM", "price_usd") == CATALOG.value("accelerators", "H100-SXM", "price_usd")
    for field in CATALOG.fields("accelerators", "H100-SXM"):
        assert made.has("accelerators", "H100-X", field)
    assert "H100-X" in made.words("fabrics", "hgx8_ndr_ib", "compatible_accelerators")
    with pytest.raises(ValueError, match="already"):
        CATALOG.override({"accelerators": {"H100-SXM": {"like": "B200-SXM"}}})
    with pytest.raises(ValueError, match="did you mean 'H100-SXM'"):
        CATALOG.override({"accelerators": {"H100-X": {"like": "H100-SX"}}})


@given(st.dictionaries(st.sampled_from(LEVER_IDS), st.floats(0.5, 2.0), max_size=3))
def test_a_catalogue_that_shares_rows_is_one_that_does_not(factors):
    from exasite.models.catalog import Catalog

    made = scaled(CATALOG, factors)
    copied = Catalog.from_rows(made.rows)
    assert made.digest == copied.digest and made.tables == copied.tables
    for (table, item, field), row in list(made.rows.items())[::97]:
        assert made.row(table, item, field) is row
        assert made.items(table) == copied.items(table)
