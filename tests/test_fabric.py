"""Interconnects: conservation of ports, monotone counts, reach, cost, power and failures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exasite.models import fabric_counts as counting
from exasite.models.accelerator import accelerator
from exasite.models.catalog import load_catalog
from exasite.models.fabric import (
    Fabric,
    compatible_fabrics,
    congestion_classes,
    fabric,
    links_of,
    network,
    tier_limits,
)

CATALOG = load_catalog()
COUNTED = [i for i in CATALOG.items("fabrics") if CATALOG.text("fabrics", i, "topology") != "described"]
PRICED = [i for i in COUNTED if CATALOG.text("fabrics", i, "selectable") == "yes"]
TREES = [i for i in PRICED if CATALOG.text("fabrics", i, "topology") != "torus"]
LARGEST = 2_000_000
COUNTS = (
    "leaf_switches",
    "switches",
    "circuit_switches",
    "switch_modules",
    "optical_engines",
    "nic_modules",
    "links",
)

fabrics = st.sampled_from(PRICED).map(lambda i: fabric(CATALOG, i))
tree_fabrics = st.sampled_from(TREES).map(lambda i: fabric(CATALOG, i))
sizes = st.integers(1, LARGEST)
radixes = st.sampled_from([64, 128, 144, 256, 512])
tapers = st.sampled_from([1.0, 1.5, 2.0, 3.0, 7.0])


def one(value: int) -> np.ndarray:
    return np.array([value], dtype=np.int64)


def tree(endpoints: int, tiers: int, radix: int, taper: float, ports: int = 2) -> counting.TreeCounts:
    return counting.fat_tree(one(endpoints), one(tiers), radix, np.array([taper]), ports)


# ---------------------------------------------------------------- counting formulas


@given(radix=radixes, tiers=st.integers(1, 4), taper=tapers, share=st.floats(1e-6, 1.0))
def test_ports_in_use_fit_the_switches_and_every_link_has_two_ends(
    radix: int, tiers: int, taper: float, share: float
) -> None:
    taper = taper if tiers > 1 else 1.0
    endpoints = max(1, int(share * min(counting.reach(radix, tiers, taper), 3 * LARGEST)))
    parts = tree(endpoints, tiers, radix, taper)
    assert parts.switch_ends[0] + endpoints == 2 * parts.links[0]
    assert parts.switch_ends[0] <= radix * parts.switches[0]
    assert 2 * parts.switch_modules[0] >= parts.switch_ends[0]
    assert 2 * parts.switch_modules[0] <= parts.switch_ends[0] + parts.switches[0]


@given(radix=radixes, rails=st.sampled_from([1, 4, 8]), share=st.floats(1e-6, 1.0))
def test_rail_groups_spread_uplinks_evenly_over_enough_spines(radix: int, rails: int, share: float) -> None:
    nodes = max(1, int(share * counting.rail_group_reach(radix, rails)))
    parts = counting.rail_groups(one(nodes), radix, rails, 2)
    leaves, spines, up = int(parts.leaf_switches[0]), int(parts.top_switches[0]), radix // 2
    assert up % spines == 0
    assert leaves * up <= spines * radix
    assert leaves * (up // spines) <= radix
    assert leaves % rails == 0 and leaves * (radix // 2) >= nodes * rails
    assert parts.switch_ends[0] + nodes * rails == 2 * parts.links[0]


@given(radix=radixes, tiers=st.integers(2, 4), taper=tapers, endpoints=st.integers(1, LARGEST))
def test_taper_never_needs_more_parts(radix: int, tiers: int, taper: float, endpoints: int) -> None:
    full, thin = tree(endpoints, tiers, radix, 1.0), tree(endpoints, tiers, radix, taper)
    for name in ("switches", "links", "switch_modules"):
        assert getattr(thin, name)[0] <= getattr(full, name)[0]


def test_counts_of_a_full_tree_are_those_of_the_closed_form() -> None:
    for tiers in (2, 3):
        endpoints = counting.reach(64, tiers)
        parts = tree(endpoints, tiers, 64, 1.0)
        assert parts.switches[0] == (2 * tiers - 1) * endpoints // 64
        assert parts.links[0] == tiers * endpoints
        assert parts.switch_modules[0] == (2 * tiers - 1) * endpoints // 2


@pytest.mark.parametrize(
    ("radix", "tiers", "expected"),
    [(64, 2, 2_048), (64, 3, 65_536), (128, 2, 8_192), (128, 3, 524_288), (144, 2, 10_368), (144, 3, 746_496),
     (512, 2, 131_072), (64, 4, 2_097_152)],
)  # fmt: skip
def test_reach(radix: int, tiers: int, expected: int) -> None:
    assert counting.reach(radix, tiers) == expected


def test_a_module_is_not_shared_by_two_switches() -> None:
    assert counting.modules_behind(one(10), one(2), 2)[0] == 6  # 5 ends each need 3 twin modules
    assert counting.modules_behind(one(12), one(2), 2)[0] == 6
    assert counting.modules_behind(one(0), one(0), 2)[0] == 0


# ---------------------------------------------------------------- networks


@settings(deadline=None)
@given(plan=fabrics, gpus=st.lists(sizes, min_size=1, max_size=20))
def test_counts_are_whole_and_rise_with_size_within_a_structure(plan: Fabric, gpus: list[int]) -> None:
    ordered = np.sort(np.array(gpus, dtype=np.int64))
    net = network(plan, ordered)
    structure = np.searchsorted(np.array(tier_limits(plan)), ordered)
    same = np.diff(structure) == 0
    for name in COUNTS:
        values = getattr(net, name)
        assert values.dtype == np.int64 and np.all(values >= 0)
        assert np.all(np.diff(values)[same] >= 0), name
    assert np.all(np.diff(net.capex_usd)[same] >= 0)
    assert np.all(np.diff(net.tiers)[same] == 0)


@settings(deadline=None)
@given(plan=fabrics, gpus=sizes)
def test_cost_and_power_are_the_sum_of_parts(plan: Fabric, gpus: int) -> None:
    net = network(plan, gpus)
    circuit = plan.torus.circuit_optic if plan.torus else plan.nic_optic
    circuit_modules = 0
    if plan.torus:
        circuit_modules = -(-gpus // plan.torus.cube_gpus) * plan.torus.circuit_modules_per_cube
    modules = net.switch_modules + net.optical_engines
    for field, usd_or_w in (("price_usd", net.backend_usd - net.cables_usd), ("power_w", net.backend_w)):
        expected = (
            net.switches * getattr(plan.switch, field)
            + modules * getattr(plan.switch_optic, field)
            + (net.nic_modules - circuit_modules) * getattr(plan.nic_optic, field)
            + circuit_modules * getattr(circuit, field)
        )
        if plan.torus:
            expected = expected + net.circuit_switches * getattr(plan.torus.circuit_switch, field)
        assert usd_or_w == pytest.approx(expected)
    parts = net.switches_usd + net.optics_usd + net.cables_usd + net.nic_delta_usd + net.frontend_usd
    assert net.capex_usd == pytest.approx(parts)
    assert net.power_w == pytest.approx(net.switches_w + net.optics_w + net.nic_delta_w + net.frontend_w)


@settings(deadline=None)
@given(plan=tree_fabrics, gpus=sizes)
def test_twice_the_planes_are_twice_the_parts(plan: Fabric, gpus: int) -> None:
    single, double = network(plan, gpus), network(replace(plan, planes=2 * plan.planes), gpus)
    for name in ("switches", "leaf_switches", "switch_modules", "optical_engines", "links"):
        assert getattr(double, name)[0] == 2 * getattr(single, name)[0]
    assert double.tiers[0] == single.tiers[0]


@settings(deadline=None)
@given(plan=tree_fabrics, gpus=sizes, taper=st.sampled_from([2.0, 3.0, 7.0]))
def test_taper_is_never_dearer(plan: Fabric, gpus: int, taper: float) -> None:
    full = network(replace(plan, top_taper=1.0), gpus)
    thin = network(replace(plan, top_taper=taper, island_gpus=0.0), gpus)
    if full.reachable[0]:
        assert thin.capex_usd[0] <= full.capex_usd[0] + 1e-6
        assert thin.power_w[0] <= full.power_w[0] + 1e-6


@settings(deadline=None)
@given(plan=fabrics, gpus=sizes)
def test_failures_rise_with_parts_and_with_their_rates(plan: Fabric, gpus: int) -> None:
    plan = replace(plan, link_stop_probability=1.0)
    base = network(plan, gpus)
    more = network(replace(plan, planes=2 * plan.planes, nic_optic_ports=2 * plan.nic_optic_ports), gpus)
    assert more.stop_rate_per_gpu_hour[0] >= base.stop_rate_per_gpu_hour[0]
    worse = replace(plan, switch=replace(plan.switch, failures_per_hour=2 * plan.switch.failures_per_hour))
    grows = network(worse, gpus).stop_rate_per_gpu_hour[0] - base.stop_rate_per_gpu_hour[0]
    assert (grows > 0) == (base.switches[0] > 0)
    rare = network(replace(plan, link_stop_probability=0.1), gpus)
    assert rare.stop_rate_per_gpu_hour[0] == pytest.approx(0.1 * base.stop_rate_per_gpu_hour[0])


@pytest.mark.parametrize("fabric_id", COUNTED)
def test_structure_changes_exactly_at_the_limits(fabric_id: str) -> None:
    plan = fabric(CATALOG, fabric_id)
    limits = np.array(tier_limits(plan))
    assert np.all(np.diff(limits) > 0)
    inside, last = limits[:-1], limits[-1]
    before, after = network(plan, inside), network(plan, inside + 1)
    island = plan.is_tapered & (inside == plan.island_gpus)
    assert np.all((after.tiers == before.tiers + 1) | island | (plan.torus is not None))
    assert network(plan, last).reachable[0] and not network(plan, last + 1).reachable[0]


@pytest.mark.parametrize("fabric_id", ["hgx8_ndr_ib", "hgx8_th5_400", "nvl72_xdr800", "multiplane_th6_200"])
def test_limits_are_the_reach_formulas(fabric_id: str) -> None:
    plan = fabric(CATALOG, fabric_id)
    assert tier_limits(plan) == tuple(counting.reach(plan.radix, tiers) for tiers in (1, 2, 3, 4))


def test_rail_only_reaches_one_tree_per_rail() -> None:
    plan = fabric(CATALOG, "rail_only_hb72_xdr")
    assert tier_limits(plan)[:2] == (10_368, 746_496)


def test_island_is_built_without_taper_and_held_below_the_last_tier() -> None:
    thin, full = fabric(CATALOG, "hgx8_ndr_ib_top7"), fabric(CATALOG, "hgx8_ndr_ib")
    island = int(thin.island_gpus)
    assert network(thin, island).capex_usd == pytest.approx(network(full, island).capex_usd)
    assert network(thin, island + 8).tiers[0] == 4
    assert network(thin, 98_304).capex_usd < network(full, 98_304).capex_usd


def test_co_packaged_optics_leave_no_modules_at_switches_and_save_power() -> None:
    pluggable, packaged = (network(fabric(CATALOG, i), 16_416) for i in ("nvl72_xdr800", "nvl72_xdr800_cpo"))
    assert packaged.switch_modules[0] == 0 and packaged.optical_engines[0] > 0
    assert packaged.switches[0] == pluggable.switches[0]
    assert packaged.backend_w[0] < 0.65 * pluggable.backend_w[0]
    assert packaged.stop_rate_per_gpu_hour[0] < pluggable.stop_rate_per_gpu_hour[0]


@pytest.mark.parametrize(
    ("fabric_id", "gpus", "usd", "watts"),
    [("hgx8_ndr_ib", 2_048, 4_802, 70), ("hgx8_ndr_ib_top7", 98_304, 7_597, 116),
     ("hgx8_th5_400_os7", 98_304, 3_170, 59), ("hgx8_b300_specx_dual400", 16_384, 12_998, 175),
     ("nvl72_xdr800", 98_304, 9_772, 258), ("nvl72_xdr800_cpo", 1_048_576, 11_254, 207),
     ("rail_only_hb72_th5", 2_048, 3_331, 65), ("multiplane_th6_200", 1_048_576, 9_009, 160)],
)  # fmt: skip
def test_known_cost_and_power_per_gpu(fabric_id: str, gpus: int, usd: float, watts: float) -> None:
    net = network(fabric(CATALOG, fabric_id), gpus)
    assert net.backend_usd[0] / gpus == pytest.approx(usd, rel=0.005)
    assert net.backend_w[0] / gpus == pytest.approx(watts, rel=0.015)


def test_torus_within_a_pod_has_circuit_switches_only() -> None:
    net = network(fabric(CATALOG, "tpu_v7_ocs"), [64, 9_216, 9_280])
    assert net.switches.tolist()[:2] == [0, 0] and net.switches[2] > 0
    assert net.circuit_switches.tolist() == [48, 48, 96]
    assert net.nic_modules.tolist()[:2] == [96, 96 * 144]
    for fabric_id in ("tpu_v4_ocs", "tpu_v5p_ocs", "tpu_v7_ocs"):
        torus = fabric(CATALOG, fabric_id).torus
        assert torus is not None
        assert torus.pod_gpus // torus.cube_gpus * torus.circuit_ports_per_cube <= torus.circuit_ports


# ---------------------------------------------------------------- catalogue, NICs and links


@pytest.mark.parametrize("fabric_id", COUNTED)
def test_fabric_agrees_with_its_parts(fabric_id: str) -> None:
    plan = fabric(CATALOG, fabric_id)
    port = plan.scale_out_gbit_per_s / plan.ports_per_gpu
    assert plan.radix == CATALOG.value("switches", plan.switch.id, f"radix_{port:.0f}g")
    assert set(plan.compatible_accelerators) <= set(CATALOG.items("accelerators"))
    if plan.selectable:
        net = network(plan, 10_000)
        assert np.all(np.isfinite(net.capex_usd)) and np.all(np.isfinite(net.power_w))
        assert np.all(np.isfinite(net.stop_rate_per_gpu_hour))


def test_every_accelerator_has_a_fabric() -> None:
    for accelerator_id in CATALOG.items("accelerators"):
        assert compatible_fabrics(CATALOG, accelerator_id), accelerator_id


def test_nic_is_paid_only_beyond_the_one_in_the_server() -> None:
    h100, b200, gaudi = (accelerator(CATALOG, name) for name in ("H100-SXM", "B200-SXM", "Gaudi3"))
    same = network(fabric(CATALOG, "hgx8_ndr_ib"), 1_024, accelerator=h100)
    assert same.nic_delta_usd[0] == 0 and same.nic_delta_w[0] == 0
    bluefield = network(fabric(CATALOG, "hgx8_specx400"), 1_024, accelerator=h100)
    assert bluefield.nic_delta_usd[0] == pytest.approx(300 * 1_024)
    assert bluefield.nic_delta_w[0] == pytest.approx(50 * 1_024)
    second = network(fabric(CATALOG, "hgx8_ndr_ib_2x"), 1_024, accelerator=b200)
    assert second.nic_delta_usd[0] == pytest.approx(1_024 * CATALOG.value("nics", "cx7", "price_usd"))
    assert network(fabric(CATALOG, "hgx8_th5_400"), 1_024, accelerator=gaudi).nic_delta_usd[0] == 0


def test_links_take_the_rate_of_the_fabric_or_of_ports_on_the_chip() -> None:
    congestion = congestion_classes(CATALOG)
    h100, a100 = accelerator(CATALOG, "H100-SXM"), accelerator(CATALOG, "A100-SXM")
    links = links_of(fabric(CATALOG, "hgx8_th5_400_os7"), h100, congestion)
    assert (links.scale_up_domain, links.scale_out_gbit_per_s) == (8, 400)
    assert (links.island_gpus, links.island_taper) == (32_768, 7)
    assert links.congestion == congestion["ethernet"] > congestion["tuned_infiniband"]
    assert links_of(fabric(CATALOG, "hgx8_ndr200_ib"), a100, congestion).scale_out_gbit_per_s == 200
    assert np.isinf(links_of(fabric(CATALOG, "hgx8_ndr_ib"), h100, congestion).island_gpus)


def test_unknown_described_and_impossible_are_refused() -> None:
    with pytest.raises(KeyError, match="did you mean 'hgx8_ndr_ib'"):
        fabric(CATALOG, "hgx8_ndr_id")
    with pytest.raises(ValueError, match="described only"):
        fabric(CATALOG, "meta_roce_24k")
    for wrong in (0, -8, 2.5):
        with pytest.raises(ValueError, match="whole and at least 1"):
            network(fabric(CATALOG, "hgx8_ndr_ib"), wrong)
