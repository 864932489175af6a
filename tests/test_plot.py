"""The plot of the power: one file that needs no network, and the report that says the same in words."""

import re

import pytest

import exasite
from exasite import InputError, solve
from exasite.report_power import month, phases, plain_name, summary
from exasite.result import PhaseResult, Result


@pytest.fixture(scope="module")
def result():
    return solve("shale-gas", gap=5e-3)


def test_the_page_needs_no_network(result, tmp_path):
    path = exasite.write_plot(result, tmp_path / "power.html")
    text = path.read_text(encoding="utf-8")
    assert "Gas reciprocating engines" in text and "Duration curves" in text
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=\"https?:", text)
    assert text.count("plotly-graph-div") >= 4


def test_names_of_users_are_inert(result, tmp_path):
    named = result.model_copy(update={"instance": result.instance.model_copy(update={"name": "<script>alert(1)</script>"})})
    named._hourly.update(result._hourly)
    text = exasite.write_plot(named, tmp_path / "power.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in text


def test_a_saved_result_has_no_hours(result, tmp_path):
    with pytest.raises(ValueError, match="solve again"):
        exasite.write_plot(Result.from_json(result.to_json()), tmp_path / "power.html")


def test_no_design_no_plot(tmp_path):
    nothing = solve("shale-gas", ["limit.facility_mw=100"])
    assert nothing.status == "infeasible"
    with pytest.raises(InputError, match="no design"):
        exasite.write_plot(nothing, tmp_path / "power.html")


def test_a_file_that_cannot_be_written_is_said(result, tmp_path):
    with pytest.raises(InputError, match="cannot write"):
        exasite.write_plot(result, tmp_path / "no" / "such" / "power.html")


def test_hours_of_the_year_are_a_table(result):
    frame = result.hourly_frame()
    assert len(frame) == 8760
    delivered = frame[[c for c in frame.columns if c.endswith("_mw") and c != "demand_mw"]].sum(axis=1)
    assert (delivered - frame["demand_mw"]).abs().max() < 1e-3
    with pytest.raises(KeyError):
        result.hourly_frame("nowhere")


def test_the_report_shows_spares_dates_and_the_all_in_price(result):
    text = str(result)
    assert "33 = 25+8" in text and "Feb 2028" in text and "all-in" in text and "(bridge" not in text


def test_phases_in_words(result):
    step = PhaseResult(start_date="2028-02-13", years=1.9, energy_mwh={"gas_recip": 90.0, "grid": 10.0}, co2_t=12_000, unserved_mwh=0)
    site = result.sites[0].model_copy(update={"phases": (step,)})
    assert phases(site) == ["from Feb 2028 for 1.9 years: Gas reciprocating engines 90.0 %, grid 10.0 %; 12 kt CO2 a year"]
    assert len(summary(site)) == 2
    twice = site.model_copy(update={"phases": (step, step.model_copy(update={"start_date": "2030-01-01"}))})
    assert phases(twice) == [phases(site)[0].replace("1.9 years", "3.8 years")]


def test_names_and_months():
    assert plain_name("Li-ion battery (capex columns at 4 h; size with power + energy parts)") == "Li-ion battery"
    assert month("2028-02-13") == "Feb 2028" and month("") == "-"


def test_no_number_of_a_store_is_cut(result):
    own = result.sites[0].supply[0]
    store = own.model_copy(update={
        "source": "battery", "name": "Li-ion battery (capex at 4 h)", "units": None, "spare_units": None,
        "capacity_mw": 12_345.6, "storage_mwh": 123_456.0, "capex_usd": 83.23e6, "cost_usd_per_mwh": 1_234.5,
    })  # fmt: skip
    sites = (result.sites[0].model_copy(update={"supply": (own, store)}),)
    text = str(result.model_copy(update={"sites": sites}))
    power = text[text.index("  POWER") : text.index("All sites")]
    assert "…" not in power and all(len(line) <= 100 for line in power.splitlines())
    assert all(number in power for number in ("12,345.6", "123,456", "83.23 M$", "1,234.5", "33 = 25+8"))


def test_phases_are_drawn_once_each(result, tmp_path):
    site, hours = result.sites[0], result.hourly_frame()
    steps = tuple(
        PhaseResult(start_date=f"{year}-01-01", years=1.0, energy_mwh={"gas_recip": 1.0}, co2_t=1.0, unserved_mwh=0)
        for year in (2028, 2029, 2030)
    )
    stepped = result.model_copy(update={"sites": (site.model_copy(update={"phases": steps}),)})
    other = hours.assign(gas_recip_mw=hours["gas_recip_mw"] * 0.9, paused_mw=hours["gas_recip_mw"] * 0.1)
    stepped._hourly = {site.site: (hours * 0, hours, hours, other)}  # nothing runs in the first one
    text = exasite.write_plot(stepped, tmp_path / "power.html").read_text(encoding="utf-8")
    assert re.findall("<h2>.*?, from (.*?)</h2>", text) == ["Jan 2028", "Jan 2030"]
    assert "fillpattern" in text
