"""The record of an instance: what each key means, and what it refuses."""

from __future__ import annotations

from datetime import date

import pytest
from instance_catalog import EXAMPLE, example, small_catalog
from test_weather import epw_rows, write_epw

from exasite import InputError, Instance, load_instance

CATALOG = small_catalog()


def problems(data: dict, *sets: str) -> dict[str, str]:
    """Place -> text of every problem of a dictionary."""
    with pytest.raises(InputError) as caught:
        load_instance(data, sets, catalog=CATALOG)
    return {problem.place: f"{problem.message}; {problem.fix}" for problem in caught.value.problems}


def load(data: dict, *sets: str) -> Instance:
    return load_instance(data, sets, catalog=CATALOG).instance


def test_example_is_read_completely() -> None:
    loaded = load_instance(EXAMPLE, catalog=CATALOG)
    instance = loaded.instance
    assert instance.require.coherent_gpus.exact == 16384
    assert (instance.require.gpus.min, instance.require.gpus.max) == (16384, 20000)
    assert instance.require.effective_exaflops.min == 5
    assert instance.require.training_days.max == 120
    assert instance.limit.online_by == date(2028, 6, 30)
    assert instance.sites[0].given.pue == 1.2
    assert instance.sites[1].key == "own place" and instance.sites[1].base_id == "abilene_tx"
    assert instance.sites[1].site_values["latitude_degrees"] == 32.5
    assert loaded.catalog.value("accelerators", "H100-SXM", "price_usd") == 25000
    assert loaded.catalog.row("accelerators", "H100-SXM", "price_usd").confidence == "user"
    assert loaded.path == EXAMPLE.resolve()


def test_defaults() -> None:
    instance = load({"sites": [{"id": "memphis_tn"}]})
    assert instance.objective.kind == "efficiency"
    assert (instance.objective.weights.capex, instance.objective.weights.watts) == (0.5, 0.5)
    assert instance.decision_date == date(2026, 1, 1)
    assert instance.sites[0].max_clusters == 1
    assert instance.workload.precision is None and instance.choices.accelerators is None


def test_one_weight_gives_the_other() -> None:
    data = {"sites": [{"id": "memphis_tn"}], "objective": {"weights": {"capex": 0.7}}}
    assert load(data).objective.weights.watts == pytest.approx(0.3)


def test_instance_is_frozen_and_survives_a_round_trip() -> None:
    loaded = load_instance(EXAMPLE, catalog=CATALOG)
    with pytest.raises(ValueError, match="frozen"):
        loaded.instance.name = "other"
    again = load_instance(loaded.instance, catalog=CATALOG)
    assert again.instance == loaded.instance and again.sha256 == loaded.sha256


def test_hash_follows_content_not_writing() -> None:
    data = example()
    reordered = dict(reversed(data.items()))
    first = load_instance(data, catalog=CATALOG)
    assert load_instance(reordered, catalog=CATALOG).sha256 == first.sha256
    assert load_instance(data, ["limit.facility_mw=60.0"], catalog=CATALOG).sha256 == first.sha256
    assert load_instance(data, ["limit.facility_mw=61"], catalog=CATALOG).sha256 != first.sha256


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ("limit.capx_usd=1", "limit.capx_usd", "did you mean capex_usd?"),
        ("require.capex_usd=1e9", "require.capex_usd", "it belongs into [limit]"),
        ("limit.capex_usd=5 B$", "limit.capex_usd", "say write 5e9"),
        ("limit.facility_mw='0.15 GW'", "limit.facility_mw", "say write 150"),
        ("limit.capex_usd=true", "limit.capex_usd", "expected a number in USD, got true"),
        ("limit.capex_usd=-1", "limit.capex_usd", "above 0"),
        ("limit.capex_usd=0", "limit.capex_usd", "above 0"),
        ("limit.capex_usd=nan", "limit.capex_usd", "got nan"),
        ("limit.capex_usd=inf", "limit.capex_usd", "got inf"),
        ("limit.capex_usd=1e15", "limit.capex_usd", "at most 1e14 in USD"),
        ("require.coherent_gpus=1e9", "require.coherent_gpus", "largest sensible value"),
        ("require.coherent_gpus=1000.5", "require.coherent_gpus", "whole number"),
        ("require.coherent_gpus=100k", "require.coherent_gpus", "say write 100000"),
        ("require.coherent_gpus={mn=3}", "require.coherent_gpus.mn", "did you mean min?"),
        ("require.coherent_gpus={}", "require.coherent_gpus", "a table with min, max or both"),
        ("require.gpus={min=9, max=8}", "require.gpus", "swap them?"),
        ("require.gpus=1000", "require.coherent_gpus", "more than the 1000 of require.gpus"),
        ("require.training_flops=", "require.training_days", "give require.training_flops"),
        ("limit.capex_usd=1e8", "require.coherent_gpus", "cheapest: H100-SXM at 25000 USD"),
        ("limit.online_by=2025-01-01", "limit.online_by", "not after the decision_date"),
        ("limit.online_by=soon", "limit.online_by", "expected a date like 2027-06-30"),
        ("workload.kind=inference", "workload.kind", "training only"),
        ("workload.model=llama-405b", "workload.model", "did you mean llama3-405b?"),
        ("workload.precision=fp16", "workload.precision", "expected one of bf16, fp8, fp4"),
        ("objective.maximize=efficency", "objective.maximize", "did you mean efficiency?"),
        ("objective.weights={capex=0.7, watts=0.7}", "objective.weights", "sum to 1"),
        ("choices.accelerators=[]", "choices.accelerators", "leave the key out"),
        ("choices.accelerators=H100-SXM", "choices.accelerators", 'write ["H100-SXM"]'),
        ("choices.accelerators=[H100]", "choices.accelerators", "did you mean H100-SXM?"),
        ("choices.accelerators=[H100-SXM, H100-SXM]", "choices.accelerators", "2 times"),
        ("choices.interconnects=[nvl72_xdr800]", "choices.interconnects", "none of these fits"),
        ("choices.interconnects=[photonics]", "choices.interconnects", "no published price"),
        ("sites.0.id=memphis", "sites.0.id", "did you mean memphis_tn?"),
        ("sites.0.weather_file=nowhere.epw", "sites.0.weather_file", "no such file"),
        ("sites.0.given.pue=0.9", "sites.0.given.pue", "at least 1"),
        ("sites.0.choices.cooling=[air_tower_wse]", "sites.0.choices.cooling", "can only narrow"),
        ("sites.1.like=", "sites.1.like", 'nearest is like = "abilene_tx"'),
        ("sites.1.name=", "sites.1.name", "an own site needs name"),
        ("sites.1={id='memphis_tn'}", "sites.1.id", "stands twice"),
        ("sites=[]", "sites", "no site is given"),
        ("facility.electrical=efficent", "facility.electrical", "did you mean efficient?"),
        ("facility.spare_units=-1", "facility.spare_units", "at least 0"),
        ("finance.discount_rate=8", "finance.discount_rate", "at most 1"),
        ("catalog.accelerators.H100-SXM.price=1", "catalog.accelerators.H100-SXM.price", "price_usd"),
        ("catalog.accelerators.H100-SXM.price_usd=x", "catalog.accelerators.H100-SXM.price_usd", "number"),
        ("catalog.accelerators=3", "catalog.accelerators", "a table of keys"),
    ],
)
def test_wrong_key_is_named_with_its_fix(change: str, place: str, words: str) -> None:
    found = problems(example(), change)
    assert words in found[place], found
    assert len(found) <= 2, "one mistake must not be reported as many"


def test_all_problems_at_once() -> None:
    data = example()
    data["limit"].update(capex_usd="2 B$", facility_mw=-1, capx=3)
    data["sites"][0]["id"] = "memphis"
    data["choices"]["cooling"] = ["d2c"]
    assert set(problems(data, "finance.x=1", "nonsense")) == {
        "limit.capex_usd",
        "limit.facility_mw",
        "limit.capx",
        "sites.0.id",
        "choices.cooling",
        "finance.x",
        "nonsense",
    }


def test_objectives_that_have_no_answer() -> None:
    sites = [{"id": "memphis_tn"}]
    both = {"sites": sites, "objective": {"maximize": "exaflops", "minimize": "tco"}}
    assert "both maximize and minimize" in problems(both)["objective"]
    least = {"sites": sites, "objective": {"minimize": "tco"}}
    assert "build nothing" in problems(least)["objective.minimize"]
    most = {"sites": sites, "objective": {"maximize": "exaflops"}}
    assert "has no end" in problems(most)["objective.maximize"]
    cost = {"sites": sites, "objective": {"minimize": "training_cost"}, "require": {"gpus": 8}}
    assert "training_flops" in problems(cost)["objective.minimize"]


def test_site_counts_against_the_total() -> None:
    sites = [{"id": "memphis_tn", "gpus": 600}, {"id": "abilene_tx", "gpus": {"max": 500}}]
    assert "the sites ask for" in problems({"sites": sites, "require": {"gpus": 500}})["require.gpus"]
    assert "that the sites allow" in problems({"sites": sites, "require": {"gpus": 5000}})["require.gpus"]
    assert load({"sites": sites, "require": {"gpus": 1000}}).require.gpus.exact == 1000


def test_inline_model_needs_its_batch() -> None:
    model = {"layers": 80, "hidden": 8192, "heads": 64, "ffn": 28672, "vocabulary": 128256}
    data = {"sites": [{"id": "memphis_tn"}], "workload": {"model": model}}
    assert set(problems(data)) == {"workload.batch_tokens", "workload.sequence_length"}
    data["workload"].update(batch_tokens=4e6, sequence_length=8192)
    assert load(data).workload.model.layers == 80
    del model["layers"]
    assert "is missing" in problems(data)["workload.model.layers"]


def test_own_site_without_like_needs_price_and_weather(tmp_path) -> None:
    weather = tmp_path / "own.epw"
    rows = epw_rows()
    write_epw(weather, rows)
    site = {"name": "here", "latitude_degrees": 35, "longitude_degrees": -90, "weather_file": str(weather)}
    assert "energy price" in problems({"sites": [site]})["sites.0.like"]
    first = load_instance({"sites": [{**site, "energy_price_usd_per_mwh": 60}]}, catalog=CATALOG)
    rows[100][6] = "11.5"  # another dry bulb in one hour
    write_epw(weather, rows)
    second = load_instance({"sites": [{**site, "energy_price_usd_per_mwh": 60}]}, catalog=CATALOG)
    assert first.sha256 != second.sha256, "the hash covers the content of the files"


def test_a_file_that_is_no_weather_is_refused_where_it_is_named(tmp_path) -> None:
    weather = tmp_path / "own.epw"
    weather.write_text("hours")
    site = {"name": "here", "like": "memphis_tn", "weather_file": str(weather)}
    assert "EPW" in problems({"sites": [site]})["sites.0.weather_file"]
