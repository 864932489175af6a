"""Study files: what they may say, what is said of mistakes, and which scenarios they stand for."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from exasite.cli import main
from exasite.errors import InputError
from exasite.instance.loading import load_instance
from exasite.instance.shipped import shipped_studies
from exasite.studies.axes import SampledAxis
from exasite.studies.base import load_base
from exasite.studies.distributions import Draw
from exasite.studies.keys import KeyMaker
from exasite.studies.reading import is_study, read_study
from exasite.studies.scenarios import resolve, scenarios
from exasite.studies.starter import study_starter

PRICE = "sites.0.energy_price_usd_per_mwh"


def made(study: dict) -> list:
    source = read_study(study)
    return list(scenarios(resolve(source, load_base(source))))


def problems(study: dict) -> list[str]:
    with pytest.raises(InputError) as caught:
        made(study)
    return [str(problem) for problem in caught.value.problems]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    out, err = capsys.readouterr()
    return int(exit_.value.code or 0), out, err


def test_a_grid_is_every_value_with_every_other():
    found = made({"base": "two-labs", "axes": [
        {"path": PRICE, "values": [40, 60]},
        {"path": "catalog.accelerators.H100-SXM.price_usd", "factors": [0.5, 1]},
        {"sites": ["memphis_tn", "phoenix_az"]},
    ]})  # fmt: skip
    assert len(found) == 8
    assert dict(found[-1].values) == {"energy price": 60.0, "H100-SXM price": 32_000.0, "site": "phoenix_az"}
    assert ("sites.0.id", "phoenix_az") in found[-1].changes


def test_several_paths_move_together_each_from_its_own_base():
    paths = ["catalog.switches.qm9790.price_usd", "catalog.optics.mpo_fibre.price_usd"]
    found = made({"base": "two-labs", "axes": [{"name": "fabric", "paths": paths, "factors": [0.5, 2]}]})
    assert found[0].changes == ((paths[0], 18_000.0), (paths[1], 30.0))
    assert dict(found[1].values) == {"fabric": 2.0}


def test_ranges_are_linear_or_logarithmic():
    steps = {"from": 1, "to": 100, "steps": 3}
    linear = made({"base": "two-labs", "axes": [{"path": PRICE, "range": steps}]})
    log = made({"base": "two-labs", "axes": [{"path": PRICE, "range": {**steps, "scale": "log"}}]})
    assert [dict(s.values)["energy price"] for s in linear] == [1.0, 50.5, 100.0]
    assert [dict(s.values)["energy price"] for s in log] == [1.0, 10.0, 100.0]


def test_one_at_a_time_takes_low_and_high_of_the_catalogue():
    rows = ["accelerators.H100-SXM.price_usd", "catalog.switches.qm9790.price_usd"]
    found = made({"base": "two-labs", "one_at_a_time": {"rows": rows}})
    assert [s.changes for s in found] == [
        (), (("catalog.accelerators.H100-SXM.price_usd", 31_905.0),), (("catalog.accelerators.H100-SXM.price_usd", 41_200.0),),
        (("catalog.switches.qm9790.price_usd", 30_000.0),), (("catalog.switches.qm9790.price_usd", 50_000.0),),
    ]  # fmt: skip


def test_listed_scenarios_follow_the_grid():
    listed = [{"name": "cheap", "set": {"catalog.accelerators.H100-SXM.price_usd": 20_000, "finance.discount_rate": 0.05}}]
    found = made({"base": "two-labs", "axes": [{"path": PRICE, "values": [40]}], "scenarios": listed})
    assert [s.name for s in found] == ["energy price 40", "cheap"]
    assert len(found[1].changes) == 2


@pytest.mark.parametrize(("method", "count"), [("latin_hypercube", 6), ("sobol", 8), ("saltelli", 8 * 4)])
def test_samples_lie_within_their_range_and_are_the_same_for_the_same_seed(method, count):
    axes = [
        {"path": PRICE, "distribution": {"kind": "uniform", "low": 20, "high": 90}},
        {"path": "catalog.accelerators.H100-SXM.price_usd", "distribution": {}},
    ]
    study = {"base": "two-labs", "axes": axes, "seed": 3, "sampling": {"method": method, "samples": 6}}
    first, second, other = made(study), made(study), made({**study, "seed": 4})
    assert len(first) == count and first == second and first != other
    for scenario in first:
        values = dict(scenario.values)
        assert 20 <= values["energy price"] <= 90 and 31_905 <= values["H100-SXM price"] <= 41_200


def test_a_latin_hypercube_has_one_sample_in_each_slice():
    axes = [{"path": PRICE, "distribution": {"kind": "uniform", "low": 0, "high": 10}}]
    found = made({"base": "two-labs", "axes": axes, "sampling": {"samples": 10}})
    assert sorted(int(dict(s.values)["energy price"]) for s in found) == list(range(10))


@given(
    kind=st.sampled_from(["uniform", "loguniform", "triangular", "normal"]),
    low=st.floats(0.1, 10), width=st.floats(0.1, 50), at=st.floats(0, 1),
    shares=st.tuples(st.floats(1e-6, 1 - 1e-6), st.floats(1e-6, 1 - 1e-6)),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_quantiles_rise_and_stay_within_bounds(kind, low, width, at, shares):
    mode, high = low + at * width, low + width
    numbers = {"normal": (low, width), "triangular": (low, mode, high)}.get(kind, (low, high))
    draw = Draw(kind, numbers)
    first, second = (draw.quantile(share) for share in sorted(shares))
    assert first <= second * (1 + 1e-12) + 1e-9
    if kind != "normal":
        assert low * (1 - 1e-9) <= first and second <= high * (1 + 1e-9)


def test_the_triangle_of_the_catalogue_has_its_mean():
    draw = Draw("triangular", (1.0, 2.0, 6.0))
    sample = [draw.quantile(float(u)) for u in qmc.Halton(1, scramble=False).random(4001)[1:, 0]]
    assert sum(sample) / len(sample) == pytest.approx(3.0, rel=2e-3)


def test_a_whole_number_of_the_catalogue_is_sampled_whole():
    axes = [{"rows": ["compute_parameters.planner.max_interleave"]}]
    source = read_study({"base": "two-labs", "axes": axes, "sampling": {"samples": 9}})
    design = resolve(source, load_base(source))
    assert isinstance(design.sampled[0], SampledAxis) and design.sampled[0].whole
    assert all(float(dict(s.values)[design.sampled[0].name]).is_integer() for s in scenarios(design))


def test_keys_name_the_complete_input():
    base = load_base(read_study({"base": "two-labs", "axes": [{"path": PRICE, "values": [1]}]}))
    keys = KeyMaker(base.data, 1e-3, 60.0, 0)
    assert keys.key([(PRICE, 40)]) == keys.key([(PRICE, 40.0)])
    different = {keys.key(c).key for c in ([], [(PRICE, 40)], [("sites.1.energy_price_usd_per_mwh", 40)])}
    different |= {KeyMaker(base.data, *how).key([]).key for how in ((1e-2, 60.0, 0), (1e-3, 61.0, 0), (1e-3, 60.0, 1))}
    assert len(different) == 6
    bad = keys.key([(PRICE, -1)])
    assert bad.bad is not None and bad.bad.status == "bad_input"


def test_a_base_that_a_study_changes_equals_the_instance_changed_the_same_way():
    base = load_base(read_study({"base": "rubin-1m-restored", "set": {"workload.batch_tokens": 1e8}, "axes": []}))
    assert base.loaded.sha256 == load_instance("rubin-1m-restored", ["workload.batch_tokens=1e8"]).sha256


def test_every_mistake_is_named_with_its_nearest_key():
    said = problems({"base": "two-labs", "axes": [
        {"path": "sites.0.energy_price", "values": [1]},
        {"path": "catalog.accelerators.H100-SXM.price", "values": [1]},
        {"path": "limit.capex_usd", "factors": [1]},
        {"path": PRICE, "values": [1], "factors": [1]},
        {"sites": ["memphis"]},
        {"path": "catalog.cooling.imm1_dry.heat_sink", "distribution": {}},
        {"path": PRICE, "distribution": {"kind": "uniform", "low": 5, "high": 2}},
        {"rows": ["models.llama3-405b.layers"]},
        {"path": PRICE, "values": [1], "labels": ["a", "b"], "name": "x"},
    ], "scenarios": [{"name": "s", "set": {"limits.capex_usd": 1}}]})  # fmt: skip
    wanted = [
        "did you mean energy_price_usd_per_mwh?", "did you mean 'price_usd'", "no number in the base", "values and factors",
        "did you mean memphis_tn?", "catalog is for a number", "low must be below high", "has no range",
        "2 names for 1 values", "unknown key limits; did you mean limit?",
    ]  # fmt: skip
    for words in wanted:
        assert any(words in line for line in said), words
    assert len(said) == len(wanted)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('base = "two-labs"\n[[axis]]\n', "s.toml:2  axis: unknown key; did you mean axes?"),
        ('base = "two-labz"\n[one_at_a_time]\n', "s.toml:1  base: no such file or shipped instance"),
        ('base = "two-labs"\n[[axes]]\npath = "a"\nrange = { from = 1, to = 2 }\n', "axes.0.range.steps: is missing"),
        ('base = "two-labs"\n', "nothing is varied"),
        ('base = "two-labs"\nrecord = ["totals.capx_usd"]\n[one_at_a_time]\nrows=["finance.default.life_it_years"]\n',
         "did you mean totals.capex_usd?"),
        ('base = "two-labs"\nseed = "x"\n[one_at_a_time]\n', "s.toml:2  seed: expected a number"),
        ('base = \n', "not valid TOML"),
        ('base = "two-labs"\n[set]\n"require.gpus" = "many"\n[one_at_a_time]\n', "set.require.gpus"),
    ],
)  # fmt: skip
def test_bad_files_end_with_exit_code_2_and_a_place(tmp_path, monkeypatch, capsys, text, said):
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text(text)
    for command in (["study", "s.toml"], ["check", "s.toml"]):
        code, out, err = run(capsys, *command)
        if command[0] == "check" and said == "not valid TOML":
            assert code == 2
            continue
        assert (code, out) == (2, "") and said in err, err
        assert not Path("s-study").exists() or not list(Path("s-study").glob("*.csv"))


@given(data=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["base", "axes", "path", "values", "range", "sampling", "set", "rows", "scenarios", "x"]), inner, max_size=4),
    max_leaves=12,
))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_nonsense_is_bad_input_never_a_crash(data):
    try:
        made({"base": "two-labs", **data} if isinstance(data, dict) else {"base": "two-labs", "axes": data})
    except InputError as error:
        assert str(error)


def test_an_instance_in_the_place_of_a_study_is_said_so(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, words in (("two-labs", "two-labs is an instance, not a study"), ("chip-slop", "did you mean chip-slip?")):
        code, _, err = run(capsys, "study", name)
        assert code == 2 and words in err
    Path("i.toml").write_text('[require]\ngpus = 5\n')
    code, _, err = run(capsys, "study", "i.toml")
    assert code == 2 and "is no study" in err


def test_check_tells_a_study_from_an_instance(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, "check", "chip-price-mamf")
    assert code == 0 and "scenarios  25" in out
    code, out, _ = run(capsys, "check", "two-labs", "--json")
    assert code == 0 and "scenarios" not in json.loads(out)
    code, _, err = run(capsys, "check", "chip-price-mamf", "--set", "seed=1")
    assert code == 2 and "write it into [set]" in err
    code, out, _ = run(capsys, "new", "mine", "--study")
    assert code == 0 and is_study("mine.toml") and is_study("mine")
    code, out, _ = run(capsys, "check", "mine.toml")
    assert code == 0 and out.startswith("ok  mine")
    code, out, _ = run(capsys, "new", "other", "--study", "--from", "chip-slip")
    assert code == 0 and tomllib.loads(Path("other.toml").read_text())["name"] == "other"
    code, out, _ = run(capsys, "schema", "study")
    assert code == 0 and {"axes", "one_at_a_time", "sampling"} <= set(json.loads(out)["properties"])


def test_every_line_of_the_starter_can_be_used():
    text = study_starter("mine")
    with_comments = "\n".join(
        line[2:] if line.startswith(("# [", "# sites", "# paths", "# factors =", "# rows", "# method", "# samples", "# name", "# set"))
        or line.startswith(("# path", "# distribution")) else line
        for line in text.splitlines()
    )  # fmt: skip
    data = tomllib.loads(with_comments.replace('name = "power price"                #', '#').replace(
        'paths = ["catalog.switches.th5.price_usd", "catalog.optics.dr4_400.price_usd"]',
        'paths = ["catalog.switches.qm9790.price_usd", "catalog.optics.mpo_fibre.price_usd"]'))  # fmt: skip
    source = read_study(data)
    design = resolve(source, load_base(source))
    assert len(design.grid) == 4 and len(design.sampled) == 1 and source.study.one_at_a_time is not None


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_are_valid_and_answered(name):
    source = read_study(name)
    design = resolve(source, load_base(source))
    assert source.study.name == name and source.study.question and source.study.answer
    assert design.count >= 10 or source.study.sampling.samples == 1000


def test_rows_of_one_item_have_different_names():
    rows = ["fabric_parameters.all.frontend_usd", "fabric_parameters.all.frontend_w"]
    found = made({"base": "two-labs", "axes": [{"rows": rows}], "sampling": {"samples": 2}})
    assert [name for name, _ in found[0].values] == ["all frontend usd", "all frontend w"]
