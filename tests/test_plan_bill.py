"""The bill of materials: it adds up to the capex to the cent, and its counts are those of the counting formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_results import SAVED, SMALL, SOLVED, plan, result

import exasite
from exasite import load_instance
from exasite.models.accelerator import accelerator
from exasite.models.catalog import Catalog, load_catalog
from exasite.models.fabric import network
from exasite.models.fabric_parts import fabric
from exasite.plans.bill import bill_of_materials
from exasite.plans.cents import Draft, Rest, settled
from exasite.plans.parts import parts_of
from exasite.plans.rebuild import rebuild

EVERY = (*SOLVED, *SAVED)
REST = Rest("rest", "rest", "")


def bill_of(name):
    return plan(name).bill if name == SMALL else bill_of_materials(parts_of(rebuild(result(name))))


@pytest.mark.parametrize("name", EVERY)
def test_the_bill_adds_up_to_the_capex_of_every_shipped_instance(name):
    bill, found = bill_of(name), result(name)
    assert sum(round(row.total_usd * 100) for row in bill) == round(found.totals.capex_usd * 100)
    for site in found.sites:
        own = sum(row.total_usd for row in bill if row.site == site.site)
        assert own == pytest.approx(site.capex_usd, abs=0.01 * len(found.sites))
        for number, cluster in enumerate(site.clusters, start=1):
            for line, usd in cluster.capex_usd.items():
                rows = [r for r in bill if (r.site, r.part, r.line) == (site.site, f"cluster {number}", line)]
                # what is not in the rows of a line is rounding to cents: less than one for each unit
                assert abs(sum(r.total_usd for r in rows) - usd) <= 0.01 * sum(r.count for r in rows) + 1.0


@pytest.mark.parametrize("name", EVERY)
def test_rows_are_whole_counts_at_prices_in_cents(name):
    for row in bill_of(name):
        assert row.count >= 1
        if row.unit_price_usd is None:
            assert row.total_usd == 0.0 and row.basis == "included"
        else:
            assert round(row.unit_price_usd * 100) == pytest.approx(row.unit_price_usd * 100, abs=1e-4)
            assert round(row.total_usd * 100) == row.count * round(row.unit_price_usd * 100)
        assert row.confidence in ("high", "medium", "low", "user") and row.source


@pytest.mark.parametrize("name", EVERY)
def test_switches_and_modules_are_those_of_the_counting_formulas(name):
    catalog, bill = load_instance(result(name).instance.content).catalog, bill_of(name)
    for site in result(name).sites:
        for number, cluster in enumerate(site.clusters, start=1):
            links = fabric(catalog, cluster.interconnect)
            counted = network(links, np.array([cluster.gpus]), accelerator=accelerator(catalog, cluster.accelerator))
            own = [r for r in bill if r.site == site.site and r.part == f"cluster {number}" and r.line == "network"]

            def total(start):
                return sum(r.count for r in own if r.item.startswith(start))  # noqa: B023

            assert total(f"{links.switch.id}_") == counted.switches[0] == cluster.network_switches
            at_switches = counted.switch_modules[0] + counted.optical_engines[0]
            same = links.switch_optic.id == links.nic_optic.id
            expected = at_switches + counted.nic_modules[0] if same else at_switches
            assert total(f"{links.switch_optic.id}_") == expected
            if not same:
                assert total(f"{links.nic_optic.id}_") == counted.nic_modules[0]
            assert total(f"{links.cable.id}_") == counted.links[0]


@pytest.mark.parametrize("name", (SMALL, *SAVED))
def test_servers_hold_all_accelerators(name):
    catalog = load_catalog()
    for site in result(name).sites:
        for number, cluster in enumerate(site.clusters, start=1):
            unit = accelerator(catalog, cluster.accelerator).unit_gpus
            own = {r.item: r.count for r in plan(name).bill if r.site == site.site and r.part == f"cluster {number}"}
            assert own[cluster.accelerator] * unit >= cluster.gpus > (own[cluster.accelerator] - 1) * unit
            assert own[f"{cluster.accelerator}_spare"] * unit >= cluster.spare_gpus
            assert own[f"{cluster.accelerator}_chip"] == cluster.gpus


def test_units_of_power_sources_are_those_of_the_design():
    found = {(r.site, r.item): r.count for r in plan("us-portfolio").bill}
    for site in result("us-portfolio").sites:
        for supply in site.supply:
            if supply.units is not None and supply.source != "grid":
                assert found[site.site, supply.source] == supply.units


def test_a_changed_catalogue_still_adds_up_and_says_so():
    """Prices of the result stay; what today's rows cost more or less is in a row of its own."""
    built = rebuild(result(SMALL))
    rows = dict(built.context.catalog.rows)
    key = ("accelerators", built.result.sites[0].clusters[0].accelerator, "price_usd")
    rows[key] = replace(rows[key], base=rows[key].base * 1.1)
    catalog = Catalog.from_rows(rows)
    loaded = replace(built.loaded, catalog=catalog)
    chip = accelerator(catalog, key[1])
    site = built.sites[0]
    cluster = site.evaluation.clusters[0]
    parts = replace(cluster.design.components, accelerator=chip)
    evaluation = replace(cluster, design=replace(cluster.design, components=parts))
    dear = replace(built, context=replace(built.context, loaded=loaded), same_catalog=False,
                   sites=(replace(site, evaluation=replace(site.evaluation, clusters=(evaluation,))),))  # fmt: skip
    bill = bill_of_materials(parts_of(dear))
    assert sum(round(r.total_usd * 100) for r in bill) == round(built.totals.capex_usd * 100)
    left = next(r for r in bill if r.line == "servers" and r.basis == "remainder")
    assert left.total_usd == pytest.approx(-0.1 / 1.1 * sum(r.total_usd for r in bill if r.item == key[1]), rel=1e-6)
    assert "changed" in left.note


drafts = st.lists(
    st.builds(
        Draft,
        item=st.text("abc", min_size=1, max_size=3), name=st.just("x"), count=st.integers(0, 10**6),
        unit=st.just("unit"), price_usd=st.one_of(st.none(), st.floats(0, 1e6)), weight=st.floats(0, 1),
    ),
    max_size=6,
)  # fmt: skip


@given(drafts, st.floats(0, 1e10))
def test_any_line_settles_but_for_rounding(rows, usd):
    found = settled("s", "p", "l", usd, rows, REST)
    left = round(usd * 100) - sum(round(row.total_usd * 100) for row in found)
    assert [r.item for r in found if r.basis != "remainder"] == [d.item for d in rows if d.count]
    # only rounding is left for the rounding row
    assert abs(left) <= max(100, sum(r.count for r in found))


@given(drafts.filter(lambda rows: any(r.count and r.price_usd is None and r.weight > 0.01 for r in rows)), st.floats(1, 1e10))
def test_rows_of_a_line_with_weights_are_never_negative(rows, usd):
    found = settled("s", "p", "l", usd, rows, REST)
    assert all(row.total_usd >= 0 for row in found if row.basis != "remainder")


def test_a_plan_of_a_result_without_a_design_is_refused():
    empty = result(SMALL).model_copy(update={"totals": None, "sites": (), "status": "infeasible"})
    with pytest.raises(exasite.InputError, match="no design"):
        exasite.plan(empty)
