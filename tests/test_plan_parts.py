"""Counting facts of a plan (racks, plant, tiers, pods), its power, money and risks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_results import SAVED, SMALL, plan, result

from exasite.models.accelerator import accelerator
from exasite.models.building import Loads, cable_class, floor_of, plant_items, servers_per_rack
from exasite.models.catalog import load_catalog
from exasite.models.cooling import compatible, cooling_method
from exasite.models.fabric import compatible_fabrics, network, tier_limits
from exasite.models.fabric_parts import fabric
from exasite.models.fabric_schedule import fabric_schedule
from exasite.plans.rebuild import rebuild
from exasite.plans.variation import Variations
from exasite.result import Result

CATALOG = load_catalog()
CHIPS = CATALOG.items("accelerators")
METHODS = CATALOG.items("cooling")
FABRICS = sorted({f for chip in CHIPS for f in compatible_fabrics(CATALOG, chip)})
PLANNED = (SMALL, *SAVED)


@pytest.mark.parametrize("method_id", METHODS)
def test_racks_keep_to_what_the_cooling_carries(method_id):
    method = cooling_method(CATALOG, method_id)
    for chip in (accelerator(CATALOG, chip) for chip in CHIPS):
        units, fits = servers_per_rack(chip, method)
        assert units > 0
        dense = chip.rack_power_w / (chip.server_power_w * chip.unit_gpus)
        assert units <= max(dense, 1.0) + 1e-9
        if fits:
            assert units * chip.unit_gpus * chip.server_power_w / 1e3 * 0.8 <= method.max_rack_kw / 0.8
        if compatible(method, chip) and dense >= 1 and method.it_power_multiplier <= 1:
            assert fits or chip.rack_power_w < chip.server_power_w * chip.unit_gpus


@pytest.mark.parametrize("fabric_id", FABRICS)
@given(data=st.data())
@settings(max_examples=25)
def test_tiers_and_pods_add_up_to_the_counted_fabric(fabric_id, data):
    links = fabric(CATALOG, fabric_id)
    gpus = data.draw(st.integers(1, tier_limits(links)[-1]))
    found, counted = fabric_schedule(links, gpus), network(links, np.array([gpus]))
    assert len(found.tiers) == counted.tiers[0]
    assert sum(t.switches for t in found.tiers) == counted.switches[0]
    circuits = counted.nic_modules[0] if not found.tiers else 0
    if found.tiers and links.torus is None:
        assert sum(t.links_down for t in found.tiers) == counted.links[0]
    elif not found.tiers:
        assert found.pods == () and circuits >= 0
    for tier in found.tiers:
        assert tier.spare_ports >= 0, tier
    for below, above in zip(found.tiers, found.tiers[1:], strict=False):
        assert below.links_up == above.links_down
    if found.pods:
        assert sum(p.links_down for p in found.pods) == found.tiers[0].links_down
        assert sum(p.links_up for p in found.pods) == found.tiers[0].links_up
        assert found.pods[0].first_node == 1 and found.pods[-1].last_node == found.nodes
        for before, after in zip(found.pods, found.pods[1:], strict=False):
            assert after.first_node == before.last_node + 1
        for pod in found.pods:
            for (name, first, last), tier in zip(pod.switches, found.tiers, strict=True):
                assert name == tier.name and 1 <= first <= last <= max(tier.switches, 1)


def test_the_port_map_of_a_published_fabric():
    """NVIDIA DGX H100 SuperPOD, 127 nodes of 4 scalable units: 32 leaves, 16 spines, 8 leaves a unit of 32 nodes,
    and 2 cables from each leaf to each spine."""
    found = fabric_schedule(fabric(CATALOG, "hgx8_ndr_ib"), 1024)
    assert [t.switches for t in found.tiers] == [32, 16]
    assert [(p.first_node, p.last_node, p.switches[0]) for p in found.pods] == [
        (1, 32, ("leaf", 1, 8)), (33, 64, ("leaf", 9, 16)), (65, 96, ("leaf", 17, 24)), (97, 128, ("leaf", 25, 32)),
    ]  # fmt: skip
    assert found.links_per_leaf_and_spine == 2.0
    assert all(t.spare_ports == 0 for t in found.tiers)


loads = st.builds(
    Loads, it_kw=st.floats(0, 1e6), facility_kw=st.floats(0, 1e6), liquid_kw=st.floats(0, 1e6),
    air_kw=st.floats(0, 1e6), compressor_kw=st.floats(0, 1e6),
    rejected_kw=st.fixed_dictionaries({"dry": st.floats(0, 1e6)}), racks=st.integers(0, 10_000),
    halls=st.integers(1, 100),
)  # fmt: skip


@given(loads, st.sampled_from(METHODS), st.sampled_from(CATALOG.items("electrical")))
def test_plant_carries_its_load_without_the_spares(load, method_id, electrical):
    items = {i.id: i for i in plant_items(CATALOG, cooling_method(CATALOG, method_id), electrical, load)}
    carried = {"ups": load.it_kw, "transformer_distribution": load.facility_kw, "chiller": load.compressor_kw,
               "dry_cooler": load.rejected_kw["dry"], "standby_generator": load.facility_kw}  # fmt: skip
    for name, kw in carried.items():
        if name in items:
            item = items[name]
            working = item.count - item.spare_count
            assert working * item.unit_kw >= kw * (1 - 1e-6) >= (working - 1) * item.unit_kw * (1 - 1e-6)
    assert not {"ups", "rack_battery"} <= set(items)


def test_floor_and_cables():
    floor = floor_of(CATALOG, 1000, 50.0)
    assert floor.rows == 63 and floor.halls == 3 and floor.floor_m2 > floor.white_space_m2 > 1000
    assert [cable_class(CATALOG, m) for m in (10, 50, 51, 500, 1999, 2001)] == [
        "up to 50 m", "up to 50 m", "up to 500 m", "up to 500 m", "up to 2,000 m", "above 2,000 m",
    ]  # fmt: skip


@pytest.mark.parametrize("name", PLANNED)
def test_pods_stand_in_the_racks_of_their_cluster(name):
    made = plan(name)
    for racks in made.racks:
        rows = [row for row in made.pods if (row.site, row.cluster) == (racks.site, racks.cluster)]
        if rows:
            working = racks.compute_racks - racks.spare_servers / racks.servers_per_rack
            assert rows[0].racks.split("-")[0] == "1"
            assert working - 1 <= int(rows[-1].racks.split("-")[-1]) <= racks.compute_racks


@pytest.mark.parametrize("name", PLANNED)
def test_a_saved_result_is_made_whole_again(name):
    """The physics alone, from the saved result alone, gives its totals back."""
    built = rebuild(result(name))
    assert built.same_catalog, "a number behind a saved result has changed: run python tests/data/results/make.py"
    for key, value in result(name).totals.model_dump().items():
        if isinstance(value, float):
            assert getattr(built.figures, key) == pytest.approx(value, rel=1e-5, abs=1e-9), key
        else:
            assert getattr(built.figures, key) == value, key


@pytest.mark.parametrize("name", (SMALL, "shale-gas"))
def test_hours_run_again_give_the_figures_of_the_hours_after_solving(name):
    """JSON does not keep the hours: the year is run once more, phase by phase."""
    live = result(name)
    assert live.hours_of(live.sites[0].site) and not Result.from_json(live.to_json()).hours_of(live.sites[0].site)
    known, again = rebuild(live), rebuild(Result.from_json(live.to_json()))
    for key, value in known.figures.model_dump().items():
        assert getattr(again.figures, key) == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value), key


@pytest.mark.parametrize("name", PLANNED)
def test_power_and_loads_add_up(name):
    made = plan(name)
    for site in made.sites:
        loads_of = [row for row in made.loads if row.site == site.site]
        assert loads_of[-1].load == "Facility"
        assert sum(row.peak_mw for row in loads_of[:-1]) == pytest.approx(loads_of[-1].peak_mw)
        assert sum(row.mean_mw for row in loads_of[:-1]) == pytest.approx(loads_of[-1].mean_mw)
        assert loads_of[-1].peak_mw == pytest.approx(site.facility_mw_peak)
        days = [day for day in made.days if day.site == site.site]
        assert {"typical", "hottest"} & {day.day for day in days}
        for day in days:
            given_ = np.sum(list(day.sources_mw.values()), axis=0)
            missing = np.array(day.demand_mw) + np.array(day.charge_mw) - np.array(day.unserved_mw) - given_
            assert missing.max() < 1e-2, (site.site, day.day)


@pytest.mark.parametrize("name", PLANNED)
def test_money_adds_up_and_keeps_its_order(name):
    made, totals = plan(name), result(name).totals
    assert made.capex[-1].base == pytest.approx(totals.capex_usd)
    assert made.opex[-1].base == pytest.approx(totals.opex_usd_per_year, rel=1e-6)
    for rows in (made.capex, made.opex):
        assert sum(r.base for r in rows[:-1]) == pytest.approx(rows[-1].base)
        for row in rows:
            assert row.low <= row.base * (1 + 1e-9) and row.base <= row.high * (1 + 1e-9), row
    by_name = {row.figure: row for row in made.money}
    assert by_name["cost of ownership"].base == totals.tco_usd
    assert by_name["cost of an accelerator-hour"].base == totals.usd_per_gpu_hour
    exaflops_hours = totals.effective_exaflops * 8760 * totals.tco_years
    assert by_name["cost of an effective ExaFLOPS for an hour"].base == pytest.approx(totals.tco_usd / exaflops_hours)
    assert next(f for f in made.figures if f.figure == "effective ExaFLOPS").low == pytest.approx(totals.effective_exaflops)


def test_numbers_to_verify_are_those_that_move_the_objective_most():
    """Each is checked against an evaluation of the design with that number alone."""
    made, built = plan(SMALL), rebuild(result(SMALL))
    assert [v.rank for v in made.verify] == list(range(1, len(made.verify) + 1))
    swings = [v.swing for v in made.verify]
    assert swings == sorted(swings, reverse=True) and swings[4] > 0
    variations = Variations(built)
    assert variations.at({}).objective == pytest.approx(built.objective, rel=1e-12)
    for v in made.verify[:5]:
        for value, objective in ((v.low, v.objective_at_low), (v.high, v.objective_at_high)):
            found = variations.at({(v.table, v.item, v.field): value})
            assert (None if found is None else found.objective) == objective
    listed = {(v.table, v.item, v.field) for v in made.verify}
    for row in variations.ranged_rows():
        ends = [variations.at({row.key: value}) for value in (row.low, row.high)]
        swing = max(1.0 if end is None else abs(end.objective / built.objective - 1) for end in ends)
        assert row.key in listed or swing <= max(swings[-1], 1e-6)


def test_a_price_moves_the_capex_by_what_is_bought():
    built = rebuild(result(SMALL))
    cluster = built.result.sites[0].clusters[0]
    key = ("accelerators", cluster.accelerator, "price_usd")
    row = built.context.catalog.row(*key)
    found = Variations(built).at({key: row.base + 1.0})
    spares = float(built.sites[0].evaluation.clusters[0].curves.spare_gpus[0])
    assert found.totals.capex_usd - built.figures.capex_usd == pytest.approx(cluster.gpus + spares, rel=1e-6)


def test_risks_name_what_the_plan_hangs_on():
    one, many = plan("off-grid-campus"), plan("us-portfolio")
    kinds = {risk.kind for risk in one.risks}
    assert {"money", "performance", "supplier", "site", "date"} <= kinds
    assert any("one supplier, NVIDIA" in risk.title for risk in one.risks)
    assert any("one site carries everything" in risk.title for risk in one.risks)
    assert not any("one site carries everything" in risk.title for risk in many.risks)
    assert any("counted twice" in risk.title for risk in one.risks)
    assert len(many.risks) < 30  # what is alike at many sites is said once


def test_a_plan_of_many_sites_has_a_part_for_each():
    made = plan("us-portfolio")
    sites = [site.site for site in result("us-portfolio").sites]
    assert len(sites) > 2 and [s.site for s in made.sites] == sites
    for name in ("bill", "racks", "networks", "power", "loads", "tasks", "timelines"):
        assert {row.site for row in getattr(made, name)} == set(sites), name


def test_every_row_behind_the_plan_is_listed():
    made, catalog = plan(SMALL), load_catalog()
    listed = {(row.table, row.item, row.field): row for row in made.rows}
    assert len(listed) == len(made.rows)
    for table in ("bill_items", "plan_parameters", "schedule"):
        for item in catalog.items(table):
            for field, row in catalog.fields(table, item).items():
                assert listed[table, item, field].confidence == row.confidence
    for used in result(SMALL).provenance.rows:
        assert (used.table, used.item, used.field) in listed


def test_a_number_that_changed_is_noticed_and_others_are_not():
    found = result(SMALL)
    rows = found.provenance.rows
    other = found.provenance.model_copy(update={"catalog_sha256": "0" * 64})
    assert rebuild(found.model_copy(update={"provenance": other})).same_catalog
    at = next(k for k, row in enumerate(rows) if row.field == "price_usd")
    changed = rows[at].model_copy(update={"value": rows[at].value + 1})
    other = found.provenance.model_copy(update={"rows": (*rows[:at], changed, *rows[at + 1 :])})
    assert not rebuild(found.model_copy(update={"provenance": other})).same_catalog
