"""The shipped questions give the answers that published clusters and the physics lead to."""

import pytest

from exasite import load_instance, solve
from exasite.instance.schema import Range
from exasite.instance.shipped import shipped_names

NAMES = (
    "two-labs", "hopper-16k", "memphis-100k", "blackwell-300k", "rubin-1m", "rubin-1m-restored",
    "interconnect-2x", "cooling-pue", "chip-market", "us-portfolio",
)  # fmt: skip


def cluster(result, number=0):
    return result.sites[number].clusters[0]


def test_all_are_shipped_and_valid():
    assert set(NAMES) <= set(shipped_names())
    for name in shipped_names():
        assert load_instance(name).instance.question


@pytest.mark.parametrize("name", [n for n in NAMES if n != "us-portfolio"])
def test_solved_to_a_tenth_of_a_percent_and_confirmed_by_the_physics(name):
    result = solve(name)
    assert result.status == "optimal"
    assert result.objective.gap <= 1e-3
    assert abs(result.check.objective.difference) <= 1.5e-3
    assert result.check.year_unserved_mwh <= 1e-3 * result.totals.energy_mwh_per_year


def test_two_labs_turn_30_and_54_percent_of_peak_into_training():
    result = solve("two-labs")
    assert [round(cluster(result, i).mfu, 4) for i in (0, 1)] == [0.30, 0.54]


def test_hopper_16k_lies_in_the_published_range():
    built = cluster(solve("hopper-16k"))
    assert built.gpus == 16_384
    assert 0.38 <= built.mfu <= 0.43
    assert built.goodput > 0.90


def test_memphis_is_near_what_such_clusters_report():
    result = solve("memphis-100k")
    assert result.totals.gpus == 100_000
    assert 125 <= result.totals.it_mw <= 150  # published: 140-150 MW of IT
    grid = next(s for s in result.sites[0].supply if s.source == "grid")
    assert grid.capacity_mw <= 150 + 1e-6
    assert sum(s.firm_mw for s in result.sites[0].supply) >= result.totals.facility_mw_peak - 1e-6


def test_rubin_collapses_and_what_restores_it():
    collapsed = solve("rubin-1m")
    larger_batch = solve("rubin-1m", ["workload.batch_tokens=268435456"])
    replicas = solve("rubin-1m", ["choices.recovery=[replica_level]"])
    restored = solve("rubin-1m-restored")
    assert collapsed.totals.mfu < 0.03
    assert cluster(collapsed).sfu < 0.05
    assert larger_batch.totals.mfu > 5 * collapsed.totals.mfu
    assert replicas.totals.mfu > 1.3 * collapsed.totals.mfu
    assert restored.totals.mfu > 10 * collapsed.totals.mfu


def test_double_interconnect_pays_at_scale_only():
    chosen = {
        n: cluster(solve("interconnect-2x", [f"require.coherent_gpus={n}"])).interconnect for n in (16_384, 300_000)
    }
    assert chosen == {16_384: "hgx8_ndr_ib", 300_000: "hgx8_ndr_ib_2x"}


def test_cooling_beats_legacy_air_by_most_in_the_heat():
    best, legacy = solve("cooling-pue"), solve("cooling-pue", ["choices.cooling=[legacy_acc]"])
    assert all(site.pue_mean < 1.2 for site in best.sites)
    hot, cold = legacy.sites
    assert hot.site == "phoenix_az" and hot.pue_mean > cold.pue_mean > 1.7
    assert best.objective.value > 1.2 * legacy.objective.value


def test_software_decides_what_an_mi300x_is_worth():
    values = [
        solve("chip-market", ["choices.accelerators=[MI300X]", f"catalog.accelerators.MI300X.mamf_bf16={m}"])
        .objective.value
        for m in (0.25, 0.60)
    ]  # fmt: skip
    h100 = solve("chip-market", ["choices.accelerators=[H100-SXM]"]).objective.value
    assert values[0] < h100 < values[1]


def test_portfolio_keeps_its_shared_limits():
    whole = load_instance("us-portfolio").instance
    require = whole.require.model_copy(update={"effective_exaflops": Range(min=250)})
    result = solve(whole.model_copy(update={"sites": whole.sites[:5], "require": require}))
    assert len(whole.sites) >= 12
    assert result.status == "optimal"
    assert result.totals.capex_usd <= 60e9 and result.totals.gpus <= 600_000
    assert result.totals.effective_exaflops >= 250 * (1 - 1e-3)
    assert all(c.gpus >= 50_000 for s in result.sites for c in s.clusters)


def test_chips_that_are_not_sold_or_not_validated_are_said():
    market = str(solve("chip-market", ["choices.accelerators=[TPU-v6e]"]))
    assert "not simply for sale: rent only" in market
    assert "no published run was compared" in market
    assert "not simply for sale" not in str(solve("hopper-16k"))
