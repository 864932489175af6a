"""The same table whoever solves: any order, any number of workers, a Dask cluster that loses a worker."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_bench import StubBench

from exasite.session import Clock
from exasite.studies.base import load_base
from exasite.studies.engine import Engine, LocalCrew
from exasite.studies.order import chunks, ordered
from exasite.studies.reading import read_study
from exasite.studies.running import HowToRun, run_study
from exasite.studies.scenarios import resolve, scenarios
from exasite.studies.store import FILE_NAME, Store
from exasite.studies.workers import Task, Work

HERE = Path(__file__).parent
SMALL = {
    "base": "hopper-16k",
    "set": {"choices.interconnects": ["hgx8_th5_400"], "choices.recovery": ["restart_automated"], "choices.power": ["grid"]},
    "regret": {"designs": 0},
    "axes": [
        {"path": "sites.0.energy_price_usd_per_mwh", "values": [40, 90]},
        {"path": "catalog.cooling.air_evap_wcc.capex_usd_per_kw", "factors": [0.5, 1.0, 1.5]},
    ],
}
MANY = {"base": "two-labs", "axes": [{"path": "sites.0.energy_price_usd_per_mwh", "range": {"from": 20, "to": 99, "steps": 80}}]}


def test_two_workers_record_the_same_bits_as_one(tmp_path):
    one = run_study(SMALL, HowToRun(), tmp_path / "one")
    two = run_study(SMALL, HowToRun(workers=2), tmp_path / "two")
    assert one.counts == {"optimal": 6}
    assert one.frame.to_csv() == two.frame.to_csv()


def test_the_order_of_solving_is_not_in_the_answers(tmp_path):
    base = load_base(read_study(SMALL))
    made = list(scenarios(resolve(read_study(SMALL), base)))
    tasks = [Task(str(s.number), s.changes) for s in made]
    records = []
    for name, sequence in (("up", tasks), ("down", tasks[::-1])):
        clock = Clock(float("inf"))
        with Store(tmp_path / f"{name}.sqlite") as store:
            crew = LocalCrew(Work(base.data, 1e-3, 60.0, 0, HowToRun().make_bench), 1, clock)
            engine = Engine(crew, store, clock)
            engine.run(sequence, lambda outcome, cached: None)
            engine.close()
            records.append({o.key: o.record for o in store.outcomes(t.key for t in tasks)})
    assert len(records[0]) == 6
    assert records[0] == records[1]


@given(levels=st.lists(st.integers(1, 4), min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_a_grid_is_walked_one_step_at_a_time(levels):
    paths = ["sites.0.energy_price_usd_per_mwh", "limit.capex_usd", "workload.batch_tokens"]
    axes = [{"path": p, "values": [1e9 + i for i in range(n)]} for p, n in zip(paths, levels, strict=False)]
    study = read_study({"base": "two-labs", "axes": axes})
    design = resolve(study, load_base(study))
    made = list(scenarios(design))
    walk = ordered(made, design.grid)
    assert sorted(s.number for s in walk) == list(range(len(made)))
    for here, there in itertools.pairwise(walk):
        assert sum(abs(a - b) for a, b in zip(here.levels, there.levels, strict=True)) == 1


@given(count=st.integers(0, 500), lanes=st.integers(1, 9))
def test_chunks_hold_everything_once(count, lanes):
    assert [i for chunk in chunks(count, lanes) for i in chunk] == list(range(count))


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals of POSIX")
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path):
    (tmp_path / "s.toml").write_text(
        'base = "hopper-16k"\n[[axes]]\npath = "sites.0.energy_price_usd_per_mwh"\n'
        "range = { from = 20, to = 99, steps = 80 }\n"
    )
    code = "from exasite.cli import main; main(['study', 's.toml', '-o', 'out', '--json'])"
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(tmp_path / "out", 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    told = json.loads(out)
    assert "all that was done is kept. Go on with: exasite study s.toml -o out" in err
    assert process.returncode == 5 and told["status"] == "interrupted"
    assert 3 <= told["counts"]["optimal"] < 80
    assert told["counts"]["optimal"] + told["counts"]["pending"] == 80


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_workers_end_with_their_parent(tmp_path):
    psutil = pytest.importorskip("psutil")
    code = "from exasite.cli import main; main(['study', 'cooling-price-overhead', '-o', 'out', '--workers', '2'])"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.DEVNULL)
    wait_for(tmp_path / "out", 1)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert len(workers) >= 2 and not alive


def wait_for(folder: Path, count: int) -> int:
    """Wait until a store has so many rows; how many it has then."""
    deadline, found = time.monotonic() + 60, 0
    while found < count and time.monotonic() < deadline:
        time.sleep(0.05)
        with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(
            sqlite3.connect(f"file:{folder / FILE_NAME}?mode=ro", uri=True)
        ) as store:
            (found,) = store.execute("SELECT count(*) FROM results").fetchone()
    return int(found)


def test_a_dask_cluster_that_loses_a_worker_ends_with_the_right_table(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("STUB_SECONDS", "0.05")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        victim = next(iter(cluster.workers.values()))
        pid = victim.pid

        def kill_half_way() -> None:
            killed.append(wait_for(tmp_path / "dask", 20))
            os.kill(pid, signal.SIGKILL)

        killed: list[int] = []
        killer = threading.Thread(target=kill_half_way)
        killer.start()
        found = run_study(MANY, HowToRun(dask=cluster.scheduler_address, make_bench=StubBench), tmp_path / "dask")
        killer.join()
    assert killed and 20 <= killed[0] < 80
    monkeypatch.setenv("STUB_SECONDS", "0")
    alone = run_study(MANY, HowToRun(make_bench=StubBench), tmp_path / "alone")
    assert found.counts == {"optimal": 80}
    assert found.frame.equals(alone.frame)
