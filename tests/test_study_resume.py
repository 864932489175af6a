"""What a study has done is kept: kills, second runs, two runs at once, failed rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from study_bench import CRASH, LATE, NEVER, POISON, StubBench

from exasite.errors import InputError
from exasite.studies.running import HowToRun, run_study
from exasite.studies.store import FILE_NAME, Outcome, Store

HERE = Path(__file__).parent
STUDY = """
base = "hopper-16k"
[regret]
designs = 2
scenarios = 4
[set]
"choices.interconnects" = ["hgx8_th5_400"]
"choices.recovery" = ["restart_automated"]
"choices.power" = ["grid"]
"choices.cooling" = ["air_tower_wse", "air_evap_wcc"]
[[axes]]
path = "sites.0.energy_price_usd_per_mwh"
values = [40, 80, 120, 160]
[[axes]]
path = "catalog.cooling.air_evap_wcc.capex_usd_per_kw"
factors = [0.5, 0.8, 1.0, 1.6]
"""


def prices(*values: float) -> dict:
    return {"base": "two-labs", "axes": [{"path": "sites.0.energy_price_usd_per_mwh", "values": list(values)}]}


def run(study: dict, folder: Path, **how):
    return run_study(study, HowToRun(make_bench=StubBench, **how), folder)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_twenty_times_a_study_ends_with_the_table_of_an_undisturbed_run(tmp_path):
    (tmp_path / "s.toml").write_text(STUDY)
    command = [sys.executable, str(HERE / "kill_and_resume.py"), str(tmp_path / "s.toml"), str(tmp_path), "1", "0.9"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["codes"] == [0, 0]
    after = told["after"]
    assert after == sorted(after)  # nothing that was done is lost
    assert any(0 < count < 16 for count in after)  # some kills came in the middle
    for name in ("study.csv", "regret.csv"):
        texts = [(tmp_path / folder / name).read_bytes() for folder in ("disturbed", "calm")]
        assert texts[0] == texts[1] and texts[0].count(b"\n") >= 4
    assert (tmp_path / "calm" / "study.csv").read_text().count("optimal") == 16


def test_a_second_run_solves_only_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("STUB_LOG", str(tmp_path / "log"))
    first = run(prices(10, 20, 30), tmp_path)
    assert (first.solved, first.cached) == (3, 0)
    second = run(prices(20, 30, 40), tmp_path)
    assert (second.solved, second.cached) == (1, 2)
    assert len((tmp_path / "log").read_text().split()) == 4
    assert run(prices(20, 30, 40), tmp_path, resume=False).solved == 3
    assert run(prices(20, 30, 40), tmp_path, gap=1e-2).solved == 3  # other conditions, other keys


def test_equal_scenarios_are_solved_once(tmp_path, monkeypatch):
    monkeypatch.setenv("STUB_LOG", str(tmp_path / "log"))
    listed = [{"name": f"again {i}", "set": {"sites.0.energy_price_usd_per_mwh": 10}} for i in range(4)]
    found = run({**prices(10, 20), "scenarios": listed}, tmp_path)
    assert len((tmp_path / "log").read_text().split()) == found.solved == 2
    assert len(found.frame) == 6
    assert found.frame["objective"].nunique() == 2


def test_a_scenario_that_goes_wrong_is_a_row(tmp_path):
    study = prices(10, CRASH, LATE, NEVER, 20, -5)
    found = run(study, tmp_path)
    assert found.frame["status"].tolist() == ["optimal", "failed", "no_design", "infeasible", "optimal", "bad_input"]
    assert found.frame["reason"][1] == "ArithmeticError: a bug"
    assert "energy_price_usd_per_mwh" in found.frame["reason"][5]
    assert found.exit_code == 5
    again = run(study, tmp_path)
    assert (again.solved, again.cached) == (2, 3)  # the bug and the time limit are tried again
    kept = run(study, tmp_path, keep_failed=True)
    assert (kept.solved, kept.cached) == (0, 5)
    assert kept.frame.equals(found.frame)


def test_a_worker_that_dies_costs_one_row(tmp_path):
    found = run(prices(10, 20, POISON, 30, 40, 50), tmp_path, workers=2)
    assert found.frame["status"].tolist() == ["optimal", "optimal", "failed", "optimal", "optimal", "optimal"]
    assert "died" in found.frame["reason"][2]


def test_two_runs_at_once_do_no_harm(tmp_path, monkeypatch):
    monkeypatch.setenv("STUB_SECONDS", "0.01")
    study = prices(*range(20, 60))
    found = {}
    threads = [threading.Thread(target=lambda k=k: found.update({k: run(study, tmp_path)})) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0].frame.equals(found[1].frame)
    assert found[0].counts == {"optimal": 40}
    late = run(study, tmp_path)
    assert (late.solved, late.cached) == (0, 40) and late.frame.equals(found[0].frame)


def test_an_answer_is_not_replaced_by_a_failure(tmp_path):
    with Store(tmp_path / FILE_NAME) as store:
        store.put(Outcome("k", "failed", "x", {}, 0.0))
        store.put(Outcome("k", "optimal", "", {"objective": {"value": 1.0}}, 0.0))
        store.put(Outcome("k", "failed", "x", {}, 0.0))
        assert store.get("k").status == "optimal"
        assert store.statuses(["k", "other"]) == {"k": "optimal"}


def test_a_file_that_is_no_store_is_said_so(tmp_path):
    (tmp_path / FILE_NAME).write_text("not a database, but long enough to look at")
    with pytest.raises(InputError, match="cannot be used as the store"):
        run(prices(10), tmp_path)
