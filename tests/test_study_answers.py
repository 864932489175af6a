"""What a study says: switches, regret, sensitivity, tables, exit codes, and its page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import exasite
from exasite import solve
from exasite.cli import main
from exasite.studies.running import HowToRun, StudyRun, run_study
from exasite.studies.sensitivity import sensitivities, tornado
from exasite.studies.switches import blocks
from exasite.studies.tables import write_tables
from exasite.studies.telling import regret_sentences, switch_sentences, write_all

CAPEX = "catalog.cooling.imm1_dry.capex_usd_per_kw"
COOLING = {
    "name": "cooling", "question": "Which cooling?", "base": "hopper-16k",
    "set": {
        "choices.cooling": ["d2c_dry", "imm1_dry"], "choices.interconnects": ["hgx8_th5_400"],
        "choices.recovery": ["restart_automated"], "choices.power": ["grid"], "objective.maximize": "exaflops_per_tco",
    },
    "axes": [
        {"name": "immersion", "path": CAPEX, "values": [2200, 2800, 3400]},
        {"name": "power price", "path": "sites.0.energy_price_usd_per_mwh", "values": [40, 120]},
    ],
}  # fmt: skip
ROWS = ["accelerators.H100-SXM.price_usd", "cooling.imm1_dry.capex_usd_per_kw", "accelerators.H100-SXM.mean_power_fraction"]


@pytest.fixture(scope="module")
def cooling() -> StudyRun:
    return run_study(COOLING, HowToRun())


@pytest.fixture(scope="module")
def sampled() -> StudyRun:
    study = {
        "base": "hopper-16k", "set": COOLING["set"], "axes": [{"rows": ROWS}], "one_at_a_time": {"rows": ROWS},
        "sampling": {"method": "saltelli", "samples": 8}, "regret": {"designs": 0},
    }  # fmt: skip
    return run_study(study, HowToRun())


def changed(price: float, energy: float, *more: str):
    sets = [f"{path}={value if isinstance(value, str) else json.dumps(value)}" for path, value in COOLING["set"].items()]
    return solve("hopper-16k", [*sets, f"{CAPEX}={price}", f"sites.0.energy_price_usd_per_mwh={energy}", *more])


def test_rows_are_the_answers_of_single_solves(cooling):
    frame = cooling.frame.set_index(["immersion", "power price"])
    for price, energy in ((2200, 40), (3400, 120)):
        alone, row = changed(price, energy), frame.loc[(price, energy)]
        assert row["objective"] == alone.objective.value
        assert row["cooling"] == alone.sites[0].clusters[0].cooling
        assert row["capex_usd"] == alone.totals.capex_usd


def test_switches_are_where_neighbours_differ(cooling):
    best = cooling.frame.pivot(index="power price", columns="immersion", values="cooling")
    assert set(best.loc[40]) == {"d2c_dry", "imm1_dry"}
    said = [line for line in switch_sentences(cooling) if "gives way" in line and "immersion" in line]
    low = max(price for price in best.columns if best.loc[40, price] == "imm1_dry")
    high = min(price for price in best.columns if best.loc[40, price] == "d2c_dry")
    assert len(said) == 1
    assert said[0] == (
        "Cooling: Single-phase immersion, dry cooler (imm1_dry) gives way to Direct-to-chip cold plate (d2c_dry) "
        f"between {low:.0f} and {high:.0f} USD/kW (immersion), at every power price."
    )


@given(st.sets(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from("12")), min_size=1))
def test_places_are_said_in_products_that_hold_all_of_them_once_and_nothing_else(places):
    said = [place for block in blocks(sorted(places)) for place in product(*block)]
    assert sorted(said) == sorted(places)


def test_regret_is_the_loss_of_a_design_with_its_choices_fixed(cooling):
    found = cooling.regret
    assert found is not None and [d.count for d in found.designs] == sorted((d.count for d in found.designs), reverse=True)
    assert sum(d.count for d in found.designs) == 6
    for design in found.designs:
        method = design.example["sites"][0]["clusters"][0]["cooling"]
        for scenario, loss in zip(cooling.scenarios, found.losses[design.name], strict=True):
            values = dict(scenario.values)
            if values["power price"] == 40:
                fixed = changed(values["immersion"], 40, f"choices.cooling=[{method}]").objective.value
                other = "imm1_dry" if method == "d2c_dry" else "d2c_dry"
                best = max(fixed, changed(values["immersion"], 40, f"choices.cooling=[{other}]").objective.value)
                assert loss == pytest.approx(1 - fixed / best, abs=1e-9)
    largest = found.losses.drop(columns="scenario").max()
    assert found.least_regret == largest.idxmin()
    assert f"Least maximum regret: {found.least_regret}" in " ".join(regret_sentences(cooling))


def test_regret_is_cut_to_the_most_frequent_designs_and_says_so(tmp_path):
    run = run_study({**COOLING, "regret": {"designs": 1, "scenarios": 3}}, HowToRun(), tmp_path)
    assert run.regret is None  # one design has nothing to be compared with
    run = run_study({**COOLING, "regret": {"designs": 2, "scenarios": 3}}, HowToRun(), tmp_path)
    assert run.cached >= 6 and len(run.regret.losses) == 3
    assert "2 of 2 distinct designs were tried in 3 scenarios drawn from 6;" in regret_sentences(run)[0]


def test_sobol_indices_are_shares_and_the_price_of_the_chip_leads_capex(sampled):
    found = {s.output: s for s in sensitivities(sampled.scenarios, sampled.outcomes, sampled.design.sampled, "saltelli")}
    capex = found["EFLOPS per B$"]
    assert capex.method == "sobol" and capex.frame["axis"][0] == "H100-SXM price"
    assert capex.frame["total"][0] > 0.5
    watts = found["EFLOPS per MW"].frame.set_index("axis")["total"]
    assert watts.idxmax() == "H100-SXM mean power fraction" and abs(watts["H100-SXM price"]) < 0.05


def test_without_saltelli_it_is_rank_correlation_and_said_so(sampled):
    first = sensitivities(sampled.scenarios, sampled.outcomes, sampled.design.sampled, "latin_hypercube")[0]
    assert first.method == "ranks" and "rank correlation" in first.note
    row = first.frame.set_index("axis").loc["H100-SXM price"]
    assert row["rank_correlation"] < -0.5 and row["rank_regression"] < -0.5


def test_the_tornado_is_sorted_by_width_and_crosses_the_base(sampled):
    frame = tornado(sampled.scenarios, sampled.outcomes, "totals.exaflops_per_billion_usd")
    width = (frame["high"] - frame["low"]).abs()
    assert list(width) == sorted(width, reverse=True) and len(frame) == 3
    price = frame.set_index("row").loc["H100-SXM price"]
    assert price["high"] < price["base"] < price["low"]


def test_a_prescribed_choice_is_compared_in_words(tmp_path):
    levels = [["restart_slow"], ["restart_automated"]]
    study = {"base": "hopper-16k", "set": {"choices.power": ["grid"], "choices.cooling": ["d2c_dry"]}, "regret": {"designs": 0},
             "axes": [{"name": "scheme", "path": "choices.recovery", "values": levels, "labels": ["slow", "automated"]}]}  # fmt: skip
    run = run_study(study, HowToRun(), tmp_path)
    values = run.frame.set_index("scheme")["objective"]
    assert values["automated"] > values["slow"]
    loss = 100 * (1 - values["slow"] / values["automated"])
    said = switch_sentences(run)
    assert f"scheme: slow is best in 0 of 1 situations and loses {loss:.3g} to {loss:.3g} % in all." in said
    assert "scheme: automated is best in 1 of 1 situations." in said


def test_the_table_is_the_same_in_every_format(cooling, tmp_path):
    pytest.importorskip("pyarrow")
    pytest.importorskip("openpyxl")
    paths, missing = write_tables(cooling.frame, {}, tmp_path)
    assert not missing and {p.name for p in paths} == {"study.csv", "study.parquet", "study.xlsx"}
    for frame in (pd.read_csv(paths[0]), pd.read_parquet(paths[1]), pd.read_excel(paths[2])):
        assert list(frame.columns) == list(cooling.frame.columns)
        assert np.allclose(frame["objective"], cooling.frame["objective"], rtol=1e-14)
        assert list(frame["cooling"]) == list(cooling.frame["cooling"])


def test_recorded_columns_can_be_chosen(tmp_path):
    study = {**COOLING, "regret": {"designs": 0}, "record": ["totals.land_acres", "cluster.sfu", "choices.cooling"]}
    frame = exasite.study(study, output=tmp_path, limit=2)
    assert list(frame.columns) == ["scenario", "name", "immersion", "power price", "status", "reason", "land_acres", "sfu", "cooling"]
    assert len(frame) == 2 and frame.attrs["study"]["counts"] == {"optimal": 2}
    assert json.loads((tmp_path / "manifest.json").read_text())["counts"] == {"optimal": 2}


def test_json_on_stdout_and_exit_codes(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = 'base = "two-labs"\n[[axes]]\npath = "limit.capex_usd"\nvalues = [{}]\n'
    for values, code in (("5e9", 0), ("1e8, 5e9", 0), ("2e6", 3)):
        Path("s.toml").write_text(text.format(values))
        with pytest.raises(SystemExit) as exit_:
            main(["study", "s.toml", "--json"])
        out, _ = capsys.readouterr()
        document = json.loads(out)
        assert exit_.value.code == code, document["counts"]
        assert document["scenarios"] == len(document["rows"]) == len(values.split(","))
    assert (tmp_path / "s-study" / "report.html").exists()


def chromium(path: Path, folder: Path) -> tuple[str, str]:
    """The page's elements after its scripts have run, and what the browser says."""
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={folder / 'browser'}", "--window-size=500,900",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=6000", "--enable-logging=stderr", "--v=0",
        "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout, done.stderr


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("which", ["cooling", "sampled"])
def test_the_page_draws_without_network_and_without_errors(which, request, tmp_path):
    pytest.importorskip("plotly")
    run = request.getfixturevalue(which)
    write_all(run, tmp_path, HowToRun())
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    wanted = page.count("Plotly.newPlot(")
    bare = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert wanted >= 3 and 'src="http' not in bare and 'href="http' not in bare
    dom, said = chromium(tmp_path / "report.html", tmp_path)
    assert dom.count('class="main-svg"') >= wanted  # each chart has drawn itself
    assert "CONSOLE" not in "".join(line for line in said.splitlines() if "rror" in line), said
    headings = {"cooling": ["Where the best choice changes", "Which design is safest", "Best cooling"],
                "sampled": ["What moves the answer most", "One number at a time", "Spread of the headline ratios"]}  # fmt: skip
    for heading in headings[which]:
        assert heading in dom


def test_all_rows_of_the_base_design_are_found_once_and_kept(tmp_path):
    study = {"base": "two-labs", "one_at_a_time": {"rows": "all"}, "regret": {"designs": 0}}
    first = run_study(study, HowToRun(limit=4), tmp_path)
    rows = {r.path for r in first.design.one_at_a_time}
    used = {f"catalog.{r.table}.{r.item}.{r.field}" for r in solve("two-labs").provenance.rows}
    assert len(rows) > 20 and rows <= used and "catalog.accelerators.H100-SXM.price_usd" in rows
    assert len({r.name for r in first.design.one_at_a_time}) == len(rows)
    again = run_study(study, HowToRun(limit=4), tmp_path)
    assert (again.solved, again.cached) == (0, 4) and again.frame.equals(first.frame)


POINT_AT_IT = """<script>
window.addEventListener("load", () => setTimeout(() => {
  const charts = [...document.querySelectorAll(".js-plotly-plot")];
  const map = charts.find(chart => chart.data[0].type === "heatmap");
  Plotly.Fx.hover(map, [{curveNumber: 0, xval: 0, yval: 0}]);
  const menu = map.layout.updatemenus[0].buttons;
  const before = map.layout.shapes.length, last = menu[menu.length - 1].args;
  Plotly.update(map, last[0], last[1]).then(() => {
    document.body.dataset.hover = document.querySelectorAll(".hovertext").length;
    document.body.dataset.visible = map.data.map(trace => trace.visible).join(" ");
    document.body.dataset.wide = document.documentElement.scrollWidth > window.innerWidth;
  });
}, 500));
</script>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_charts_answer_to_a_hand_and_the_page_fits_a_phone(tmp_path):
    pytest.importorskip("plotly")
    sites = {"name": "site", "sites": ["columbus_oh", "phoenix_az"]}
    run = run_study({**COOLING, "axes": [*COOLING["axes"], sites], "regret": {"designs": 0}}, HowToRun())
    write_all(run, tmp_path, HowToRun())
    path = tmp_path / "report.html"
    path.write_text(path.read_text(encoding="utf-8").replace("</body>", POINT_AT_IT + "</body>"), encoding="utf-8")
    dom, _ = chromium(path, tmp_path)
    body = re.search(r"<body([^>]*)>", dom)[1]
    assert 'data-wide="false"' in body and re.search(r'data-hover="[1-9]', body), body
    assert re.search(r'data-visible="false true( true)+"', body), body


def test_allowed_rows_spare_no_rival(tmp_path):
    study = {"base": "hopper-16k", "one_at_a_time": {"rows": "allowed"}, "regret": {"designs": 0}}
    rows = {r.path for r in run_study(study, HowToRun(limit=1), tmp_path).design.one_at_a_time}
    own = {r.path for r in run_study({**study, "one_at_a_time": {"rows": "all"}}, HowToRun(limit=1), tmp_path).design.one_at_a_time}
    assert own < rows
    capex = {path.split(".")[2] for path in rows if path.startswith("catalog.cooling.") and path.endswith(".capex_usd_per_kw")}
    assert capex == {"air_tower_wse", "air_evap_wcc", "air_evap_acc", "air_dry_adiab"}  # what the instance allows
    assert "catalog.accelerators.B200-SXM.price_usd" not in rows
    assert any(path.startswith("catalog.switches.") for path in rows)
