"""From a question to a result: statuses, checks, budgets, sources, and the shape of the answer."""

import itertools
import json
import threading
import time

import numpy as np
import pytest
from datacenter import CATALOG, components, curves, terms

from exasite import InputError, Result, load_instance, solve
from exasite.models.capex import LINES
from exasite.models.cluster import site_curves
from exasite.models.cooling import overheads
from exasite.models.power import site_sources
from exasite.models.site import site
from exasite.segments import DEFAULT_TOLERANCE
from exasite.setting import setting

TINY = {
    "name": "tiny",
    "workload": {"model": "llama3-405b", "precision": "bf16"},
    "require": {"coherent_gpus": {"min": 2048, "max": 16_384}},
    "limit": {"capex_usd": 2e9},
    "choices": {"accelerators": ["H100-SXM"], "interconnects": ["hgx8_ndr_ib"], "cooling": ["d2c_dry"],
                "storage": ["flash_200"], "recovery": ["restart_automated"],
                "power": ["grid", "gas_ct_aero", "diesel_backup"]},
    "sites": [{"id": "memphis_tn"}],
}  # fmt: skip
OBJECTIVES = (
    {"maximize": "efficiency"}, {"maximize": "exaflops_per_capex"}, {"maximize": "exaflops_per_watt"},
    {"maximize": "exaflops_per_tco"}, {"maximize": "exaflops"}, {"minimize": "capex"}, {"minimize": "tco"},
    {"minimize": "facility_mw"}, {"minimize": "training_cost"},
)  # fmt: skip


def asked(**changes):
    """The tiny question with whole sections replaced."""
    return {**TINY, **changes}


def for_objective(objective, **changes):
    question = asked(objective=objective, **changes)
    if objective.get("minimize") == "training_cost":
        question["require"] = {**question["require"], "training_flops": 1e25}
    return question


@pytest.fixture(scope="module")
def tiny() -> Result:
    return solve(TINY)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: next(iter(o.values())))
def test_every_objective_is_proven_and_confirmed_by_the_physics(objective):
    found = solve(for_objective(objective))
    assert found.status == "optimal" and found.exit_code == 0
    assert found.objective.kind == next(iter(objective.values()))
    side = 1 if "maximize" in objective else -1
    assert side * found.objective.bound >= side * found.objective.value - 1e-9 * abs(found.objective.value)
    assert 0 <= found.objective.gap <= 1e-3
    check = found.check
    assert check.segment_tolerance == DEFAULT_TOLERANCE
    for figure in (check.effective_exaflops, check.capex_usd, check.facility_mw_mean):
        assert abs(figure.difference) <= DEFAULT_TOLERANCE * 1.001
    assert abs(check.objective.difference) <= 2.5 * DEFAULT_TOLERANCE  # a ratio may miss by both
    assert check.objective.optimizer == pytest.approx(found.objective.value)
    assert check.year_unserved_mwh == pytest.approx(0.0, abs=1e-3 * found.totals.energy_mwh_per_year)
    assert found.totals.capex_usd <= 2e9 * (1 + DEFAULT_TOLERANCE)


def test_each_objective_is_best_at_what_it_asks_for():
    found = {next(iter(o.items())): solve(for_objective(o)) for o in OBJECTIVES[:8]}
    figures = {
        "efficiency": lambda t: t.efficiency,
        "exaflops_per_capex": lambda t: t.exaflops_per_billion_usd,
        "exaflops_per_watt": lambda t: t.exaflops_per_megawatt,
        "exaflops_per_tco": lambda t: t.effective_exaflops / t.tco_usd,
        "exaflops": lambda t: t.effective_exaflops,
        "capex": lambda t: -t.capex_usd,
        "tco": lambda t: -t.tco_usd,
        "facility_mw": lambda t: -t.facility_mw_peak,
    }
    for (_, kind), mine in found.items():
        own = figures[kind](mine.totals)
        for other in found.values():
            assert own >= figures[kind](other.totals) - 4e-3 * abs(own), kind


def exact_figures(gpus):
    """Effective ExaFLOPS, capex with a grid [USD] and mean facility power [MW] by the physics alone, at every size."""
    context = setting(load_instance(asked(choices={**TINY["choices"], "power": ["grid"]})))
    parts, at = components(), context.sites[0]
    found, how = curves(gpus), terms()
    cost = site_curves(
        found, parts.cooling.capex_usd_per_kw, how.prices, how.finance, at.site.construction_multiplier
    )
    over = overheads(parts.cooling, at.climate, context.electrical_loss)
    peak = found.liquid_peak_mw * (1 + over.peak_overhead_liquid) + found.air_peak_mw * (1 + over.peak_overhead_air)
    mean = found.liquid_mean_mw * (1 + over.mean_overhead_liquid) + found.air_mean_mw * (1 + over.mean_overhead_air)
    (grid,) = site_sources(CATALOG, site(CATALOG, "memphis_tn"), ["grid"])
    # Firm power is what counts, and it never is below the mean, not even in the hottest hour.
    capex = cost.capex_usd + peak * grid.capex_musd_per_mw * grid.construction_interest_factor * 1e6
    return found.effective_exaflops, capex, mean


@pytest.mark.parametrize("least", [1.5, 3.0])
@pytest.mark.parametrize("kind", ["exaflops_per_capex", "exaflops_per_watt", "efficiency"])
def test_bound_of_a_ratio_holds_for_every_size(kind, least):
    question = asked(
        objective={"maximize": kind}, require={"effective_exaflops": least, **TINY["require"]},
        choices={**TINY["choices"], "power": ["grid"]},
    )  # fmt: skip
    found = solve(question, gap=1e-5)
    gpus = np.arange(2048, 16_384 + 1, 8)
    rate, capex, mean = exact_figures(gpus)
    per_capex, per_mw = rate / (capex / 1e9), rate / mean
    values = {"exaflops_per_capex": per_capex, "exaflops_per_watt": per_mw, "efficiency": np.sqrt(per_capex * per_mw)}
    best = values[kind][(rate >= least) & (capex <= 2e9)].max()
    slack = 2 * DEFAULT_TOLERANCE
    assert found.status == "optimal"
    assert found.objective.value == pytest.approx(best, rel=slack)
    assert found.objective.bound >= best * (1 - slack)
    assert found.totals.effective_exaflops >= least * (1 - DEFAULT_TOLERANCE)


@pytest.mark.parametrize("kind", ["exaflops", "efficiency", "exaflops_per_capex"])
def test_more_budget_is_never_worse(kind):
    budgets = (0.3e9, 0.6e9, 1e9, 3e9)
    values = [solve(asked(objective={"maximize": kind}, limit={"capex_usd": b})).objective.value for b in budgets]
    assert all(more >= less * (1 - 1.1e-3) for less, more in itertools.pairwise(values))
    assert kind != "exaflops" or values[-1] > 2 * values[0]


def test_a_harder_requirement_is_never_cheaper():
    costs = [
        solve(asked(objective={"minimize": "capex"}, require={**TINY["require"], "effective_exaflops": e}))
        .totals.capex_usd for e in (1.0, 2.0, 3.5)
    ]  # fmt: skip
    assert all(more >= less * (1 - 1e-3) for less, more in itertools.pairwise(costs))


@pytest.mark.parametrize("usd", [7e7, 9e7])
def test_too_little_money_is_infeasible(usd):
    found = solve(asked(limit={"capex_usd": usd}))
    assert found.status == "infeasible" and found.exit_code == 3
    assert found.message and found.totals is None and found.sites == () and found.check is None
    assert found.objective.value is None
    assert Result.from_json(found.to_json()) == found
    assert "INFEASIBLE" in str(found)


def test_no_time_is_no_design_with_a_bound_if_there_is_one():
    found = solve(TINY, time_limit_s=1e-6)
    assert found.status == "no_design" and found.exit_code == 4
    assert found.sites == () and "time limit" in found.message
    best = solve(TINY).objective.value
    assert found.objective.bound is None or found.objective.bound >= best * (1 - 1e-6)
    assert Result.from_json(found.to_json()).status == "no_design"


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3])
def test_little_time_gives_some_status_and_a_valid_bound(tiny, seconds):
    found = solve(asked(choices={**TINY["choices"], "recovery": ["restart_automated", "peer_memory"]}),
                  time_limit_s=seconds)  # fmt: skip
    assert found.status in ("optimal", "feasible", "no_design")
    assert (found.totals is None) == (found.status == "no_design")
    if found.objective.bound is not None:
        assert found.objective.bound >= tiny.objective.value * (1 - 1e-3)


def test_options_out_of_range_are_errors():
    for wrong in ({"gap": 0.0}, {"time_limit_s": 0.0}, {"threads": 0}):
        with pytest.raises(ValueError, match="expected"):
            solve(TINY, **wrong)


def test_all_problems_of_the_input_are_listed():
    with pytest.raises(InputError) as caught:
        solve(asked(limit={"capex_usd": -1}, choices={"accelerators": ["H10O-SXM"]}))
    assert len(caught.value.problems) >= 2


def test_json_and_back(tiny):
    again = Result.from_json(tiny.to_json())
    assert again == tiny
    plain = json.loads(tiny.to_json())
    assert plain["status"] == "optimal" and plain["totals"]["gpus"] == tiny.totals.gpus
    assert plain["instance"]["name"] == "tiny" and len(plain["instance"]["sha256"]) == 64


def test_totals_are_those_of_the_sites(tiny):
    totals, (place,) = tiny.totals, tiny.sites
    (cluster,) = place.clusters
    assert totals.gpus == cluster.gpus
    assert totals.capex_usd == pytest.approx(sum(cluster.capex_usd.values()) + sum(s.capex_usd for s in place.supply))
    assert totals.effective_exaflops == pytest.approx(totals.peak_exaflops * totals.mfu)
    assert cluster.mfu == pytest.approx(cluster.mamf * cluster.sfu * cluster.goodput)
    assert totals.efficiency == pytest.approx(
        (totals.exaflops_per_billion_usd * totals.exaflops_per_megawatt) ** 0.5
    )
    assert totals.facility_mw_mean == pytest.approx(totals.it_mw_mean * totals.pue_mean)
    assert sum(s.energy_mwh for s in place.supply) == pytest.approx(totals.energy_mwh_per_year, rel=1e-6)
    assert sum(s.firm_mw for s in place.supply) >= totals.facility_mw_peak * (1 - 1e-3)
    assert set(cluster.capex_usd) == set(LINES)


def test_frames_and_table(tiny):
    clusters, supply, capex = tiny.to_frame(), tiny.supply_frame(), tiny.capex_frame()
    assert len(clusters) == 1 and clusters.gpus[0] == tiny.totals.gpus
    assert set(supply.source) == {s.source for s in tiny.sites[0].supply}
    assert capex.capex_usd.sum() == pytest.approx(tiny.totals.capex_usd)
    assert clusters.capex_usd[0] + supply.capex_usd.sum() == pytest.approx(tiny.totals.capex_usd)
    table = tiny.table().set_index("figure").value
    assert table["capex_usd"] == tiny.totals.capex_usd
    assert str(tiny) and "<" in tiny._repr_html_()


def test_every_item_of_the_design_and_every_price_has_its_source(tiny):
    rows = {(r.table, r.item, r.field): r for r in tiny.provenance.rows}
    assert all(r.source for r in rows.values())
    assert all(r.confidence in ("high", "medium", "low", "user") for r in rows.values())
    (place,) = tiny.sites
    (cluster,) = place.clusters
    items = {(t, i) for t, i, _ in rows}
    assert {("accelerators", cluster.accelerator), ("fabrics", cluster.interconnect), ("cooling", cluster.cooling),
            ("storage", cluster.storage), ("recovery", cluster.recovery), ("sites", "memphis_tn")} <= items  # fmt: skip
    assert {("power_sources", s.source) for s in place.supply} <= items
    switch = CATALOG.text("fabrics", cluster.interconnect, "switch")
    optic = CATALOG.text("fabrics", cluster.interconnect, "switch_optic")
    price_of = {
        "servers": [("accelerators", cluster.accelerator, "price_usd")],
        "spares": [("accelerators", cluster.accelerator, "price_usd")],
        "network": [("switches", switch, "price_usd"), ("optics", optic, "price_usd")],
        "storage": [("storage", cluster.storage, "price_usd_per_gb_per_s")],
        "shell": [("capex_items", "facility", "shell_usd_per_kw")],
        "electrical": [("capex_items", "facility", "electrical_usd_per_kw")],
        "mechanical": [("cooling", cluster.cooling, "capex_usd_per_kw")],
        "land": [("capex_items", "site", "land_usd_per_acre")],
        "utility": [("capex_items", "site", "utility_usd_per_kw")],
        "soft": [("capex_items", "facility", "soft_fraction")],
        "contingency": [("capex_items", "facility", "contingency_fraction")],
    }
    assert set(price_of) == set(cluster.capex_usd)
    for line, keys in price_of.items():
        for key in keys:
            assert key in rows, (line, key)
            assert rows[key].value == pytest.approx(CATALOG.value(*key))
    for source in place.supply:
        assert ("power_sources", source.source, "capex_usd_per_kw") in rows
    assert 0 <= tiny.provenance.low_confidence_capex_share <= 1
    assert tiny.provenance.catalog_sha256 == CATALOG.digest


def test_set_overrides_change_the_question(tiny):
    smaller = solve(TINY, ["require.coherent_gpus=4096", "objective.maximize=exaflops_per_watt"])
    assert smaller.totals.gpus == 4096 and smaller.objective.kind == "exaflops_per_watt"
    assert smaller.instance.sha256 != tiny.instance.sha256
    dear = solve(TINY, ["catalog.accelerators.H100-SXM.price_usd=60000"])
    row = next(r for r in dear.provenance.rows if (r.item, r.field) == ("H100-SXM", "price_usd"))
    assert (row.value, row.confidence) == (60_000, "user")
    assert dear.objective.value < tiny.objective.value
    assert dear.provenance.catalog_sha256 != tiny.provenance.catalog_sha256


def same_but_for_time(result):
    plain = json.loads(result.to_json())
    for key in ("seconds", "build_seconds"):
        plain["solver"].pop(key)
    return plain


def test_the_same_seed_gives_the_same_result(tiny):
    assert same_but_for_time(solve(TINY)) == same_but_for_time(tiny)


def test_any_seed_gives_the_same_value(tiny):
    for seed in (1, 7):
        assert solve(TINY, seed=seed).objective.value == pytest.approx(tiny.objective.value, rel=1e-3)


def test_all_kinds_of_source_give_the_same_answer(tiny, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(
        'name = "tiny"\n[workload]\nmodel = "llama3-405b"\nprecision = "bf16"\n[require]\n'
        "coherent_gpus = { min = 2048, max = 16384 }\n[limit]\ncapex_usd = 2e9\n[choices]\n"
        + "\n".join(f"{k} = {json.dumps(v)}" for k, v in TINY["choices"].items())
        + '\n[[sites]]\nid = "memphis_tn"\n',
        encoding="utf-8",
    )
    loaded = load_instance(TINY)
    for source in (path, str(path), loaded, loaded.instance):
        assert solve(source).objective.value == tiny.objective.value


def test_it_can_be_asked_from_another_thread(tiny):
    found = []
    thread = threading.Thread(target=lambda: found.append(solve(TINY)))
    thread.start()
    thread.join()
    assert found[0].objective.value == tiny.objective.value


def test_progress_tells_stage_value_bound_and_time():
    seen, started = [], time.monotonic()
    found = solve(TINY, progress=lambda *told: seen.append(told))
    stages = [stage for stage, *_ in seen]
    assert stages[0].startswith("tabulating") and stages[-1] == "running the year"
    for _, value, bound, elapsed in seen:
        assert 0 <= elapsed <= time.monotonic() - started + 1
        if value is not None and bound is not None:
            assert value <= found.objective.value * (1 + 1e-3) and bound >= found.objective.value * (1 - 1e-6)


def test_two_sites_share_one_budget():
    two = asked(sites=[{"id": "memphis_tn"}, {"id": "quincy_wa"}], objective={"maximize": "exaflops"},
                limit={"capex_usd": 0.9e9})  # fmt: skip
    one = {**two, "sites": two["sites"][:1]}
    both, alone = solve(two), solve(one)
    assert both.objective.value >= alone.objective.value * (1 - 1.1e-3)
    assert both.totals.capex_usd <= 0.9e9 * (1 + DEFAULT_TOLERANCE)


def test_a_limit_on_operation_is_kept_over_the_whole_year():
    question = {
        "workload": {"precision": "bf16", "batch_tokens": 16_777_216},
        "require": {"coherent_gpus": 8192},
        "limit": {"co2_t_per_year": 16_000},
        "choices": {
            "accelerators": ["H100-SXM"], "interconnects": ["hgx8_ndr_ib"], "cooling": ["d2c_dry"],
            "storage": ["flash_2000"], "recovery": ["restart_automated"],
            "power": ["grid", "solar_pv", "battery", "diesel_backup"],
        },
        "sites": [{"id": "columbus_oh"}],
    }  # fmt: skip
    result = solve(question)
    assert result.totals.co2_t_per_year <= 16_000 * 1.003
    assert not result.message
    assert result.objective.bound >= result.objective.value * (1 - 1e-9)
    assert result.objective.gap < 0.05
