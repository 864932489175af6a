"""Files, `extends`, `--set`, and the line a problem stands in."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from instance_catalog import EXAMPLE, small_catalog
from test_weather import epw_rows, write_epw

from exasite import InputError, load_instance
from exasite.errors import Problem
from exasite.instance.merging import merged, parse_set
from exasite.instance.places import key_lines
from exasite.instance.quantities import meant_number, written
from exasite.instance.shipped import shipped_names

CATALOG = small_catalog()
BASE = '[[sites]]\nid = "memphis_tn"\n[limit]\ncapex_usd = 1e9\nfacility_mw = 50\n'


def refused(source: object, *sets: str) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        load_instance(source, sets, catalog=CATALOG)
    assert str(caught.value)
    return caught.value.problems


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        (b"", "is empty", None),
        (b"  \n\n", "is empty", None),
        (b'name = "a"\nquestion = "\xff"\n', "is not UTF-8 text", 2),
        (b'name = "a"\nlimit = [1,\n', "not valid TOML", None),
        (b'name = "a"\nname = "b"\n', "not valid TOML", 2),
        (b"a = " + b"[" * 5000, "nested too deeply", None),
        (b"a = " + b"9" * 5000, "not valid TOML", None),
        (b"a = 2026-13-45\n", "not valid TOML", 1),
        (b"#" * 10_000_000, "has 10.0 MB", None),
    ],
)
def test_unreadable_file(tmp_path: Path, content: bytes, words: str, line: int | None) -> None:
    (problem,) = refused(write(tmp_path, "bad.toml", content))
    assert words in problem.message
    assert line is None or problem.line == line
    assert problem.source.endswith("bad.toml")


def test_missing_file_names_what_is_near(tmp_path: Path) -> None:
    write(tmp_path, "campus.toml", BASE)
    (problem,) = refused(tmp_path / "campsu.toml")
    assert problem.fix == "did you mean campus.toml?"
    assert "no such file" in refused("a" * 5000)[0].message
    assert "no such file" in refused("null\0byte.toml")[0].message
    assert "is a folder" in refused(tmp_path)[0].message


def test_lines_of_problems(tmp_path: Path) -> None:
    text = 'question = """\n[limit]\ncapx_usd = 1\n"""\n[limit]\ncapx_usd = 1 # no\n'
    text += '[[sites]]\nid = "memphis_tn"\n'
    text += '[[sites]]\nid = "x"\n  [sites.given]\n  pue = 0\n[require]\ngpus = {mn = 3}\n'
    lines = {problem.place: problem.line for problem in refused(write(tmp_path, "a.toml", text))}
    assert lines == {"limit.capx_usd": 6, "sites.1.id": 10, "sites.1.given.pue": 12, "require.gpus.mn": 14}


def test_message_reads_as_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "file.toml", '[[sites]]\nid = "memphis_tn"\n[limit]\ncapx_usd = 1\n')
    with pytest.raises(InputError) as caught:
        load_instance("file.toml", catalog=CATALOG)
    assert str(caught.value) == "1. file.toml:4  limit.capx_usd: unknown key; did you mean capex_usd?"


def test_key_lines_of_quoted_and_dotted_keys() -> None:
    lines = key_lines("[a.\"b c\"]\nd.e = 1\n'f' = 2\n[[g]]\nx = 1\n[[g]]\n[g.h]\ny = 1\n")
    assert lines[("a", "b c", "d", "e")] == 2
    assert lines[("a", "b c", "f")] == 3
    assert lines[("g", 1, "h", "y")] == 8


def test_extends_a_file_of_another_folder(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    write_epw(tmp_path / "base" / "hours.epw", epw_rows())
    write(tmp_path / "base", "base.toml", BASE.replace("[limit]", 'weather_file = "hours.epw"\n[limit]'))
    path = write(tmp_path, "child.toml", 'extends = "base/base.toml"\n[limit]\nfacility_mw = 70\n')
    instance = load_instance(path, catalog=CATALOG).instance
    assert (instance.name, instance.limit.capex_usd, instance.limit.facility_mw) == ("child", 1e9, 70)
    assert instance.sites[0].weather_file == str(tmp_path / "base" / "hours.epw")


def test_problem_is_placed_in_the_file_that_says_it(tmp_path: Path) -> None:
    write(tmp_path, "base.toml", BASE + "capx_usd = 1\n")
    child = write(tmp_path, "child.toml", 'extends = "base.toml"\n[limit]\nland_acres = -1\n')
    places = {p.place: (Path(p.source).name, p.line) for p in refused(child)}
    assert places == {"limit.capx_usd": ("base.toml", 6), "limit.land_acres": ("child.toml", 3)}


def test_extends_in_a_circle_or_of_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a.toml", 'extends = "b.toml"\n')
    write(tmp_path, "b.toml", 'extends = "a.toml"\n')
    assert "in a circle" in refused(tmp_path / "a.toml")[0].message
    assert refused(write(tmp_path, "c.toml", 'extends = "d.toml"\n'))[0].place == "extends"
    assert refused(write(tmp_path, "c.toml", "extends = 3\n"))[0].place == "extends"


def test_a_new_objective_replaces_the_old_one() -> None:
    base = {"objective": {"maximize": "efficiency", "weights": {"capex": 0.6, "watts": 0.4}}}
    assert merged(base, {"objective": {"minimize": "tco"}}) == {"objective": {"minimize": "tco"}}
    kept = merged(base, {"objective": {"maximize": "efficiency"}})
    assert kept["objective"]["weights"] == {"capex": 0.6, "watts": 0.4}
    assert merged(base, {"objective": {"weights": {"capex": 0.1}}})["objective"]["weights"] == {"capex": 0.1}
    instance = load_instance(EXAMPLE, ["objective.minimize=tco"], catalog=CATALOG).instance
    assert instance.objective.kind == "tco" and instance.objective.weights is None


def test_sets_reach_everything() -> None:
    sets = [
        "limit.capex_usd=5e9",
        "sites.0.grid_limit_mw=300",
        "sites.memphis_tn.max_clusters=2",
        "sites.abilene_tx.grid_limit_mw=10",
        "limit.facility_mw=",
        "workload.precision=fp8",
        "limit.online_by=2029-01-01",
        "catalog.accelerators.H100-SXM.price_usd=20000",
        "choices.cooling=[air_tower_wse, d2c_dry]",
    ]
    data = EXAMPLE.read_text(encoding="utf-8").replace('name = "own place"\nlike', "id")
    data = data.replace("latitude_degrees = 32.5\nlongitude_degrees = -99.7\n", "")
    loaded = load_instance(tomllib.loads(data), sets, catalog=CATALOG)
    instance = loaded.instance
    assert instance.limit.capex_usd == 5e9 and instance.limit.facility_mw is None
    assert (instance.sites[0].grid_limit_mw, instance.sites[0].max_clusters) == (300, 2)
    assert instance.sites[1].grid_limit_mw == 10
    assert instance.choices.cooling == ("air_tower_wse", "d2c_dry")
    assert loaded.catalog.value("accelerators", "H100-SXM", "price_usd") == 20000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limit", "expected path=value"),
        ("=3", "is not a path"),
        ("a..b=3", "is not a path"),
        ("sites.7.id=x", "numbered from 0"),
        ("sites.memphs.id=x", "did you mean memphis_tn?"),
        ("limit.capex_usd.x=3", "set limit.capex_usd itself"),
        ("limit.nothing=", "nothing to remove"),
    ],
)
def test_unusable_set(text: str, words: str) -> None:
    (problem,) = refused(EXAMPLE, text)
    assert words in str(problem) and problem.source == "--set"


def test_set_values_are_toml_or_a_bare_word() -> None:
    assert parse_set("a.b=[1, 2]") == (["a", "b"], [1, 2])
    assert parse_set("a=b c") == (["a"], "b c")
    assert parse_set('a."b.c"=true') == (["a", "b.c"], True)
    assert parse_set("a=1\nb=2") == (["a"], "1\nb=2")


def test_meant_numbers() -> None:
    cases = [
        ("5 B$", "USD", 5e9),
        ("$5B", "USD", 5e9),
        ("100k", "GPUs", 1e5),
        ("0.15 GW", "MW", 150.0),
        ("1,500", "MW", 1500.0),
        ("8 %", "1", 0.08),
        ("6 c/kWh", "USD/MWh", 60.0),
    ]
    for text, unit, value in cases:
        assert meant_number(text, unit) == pytest.approx(value), text
    assert meant_number("many", "MW") is None and meant_number("5 parsec", "MW") is None
    assert [written(value) for value in (5e9, 1.5e9, 150.0, 0.25)] == ["5e9", "1.5e9", "150", "0.25"]


def test_shipped_names_have_no_suffix() -> None:
    assert all(not name.endswith(".toml") for name in shipped_names())
