"""The command line: what is printed where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from instance_catalog import EXAMPLE, small_catalog

import exasite
from exasite.cli import main
from exasite.instance import loading
from exasite.models import catalog

BAD = '[[sites]]\nid = "memphis"\n[limit]\ncapx_usd = 1\n'


@pytest.fixture(autouse=True)
def _small_catalog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(catalog, "load_catalog", small_catalog)
    monkeypatch.setattr(loading, "load_catalog", small_catalog)
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    out, err = capsys.readouterr()
    return int(exit_.value.code or 0), out, err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"exasite {exasite.__version__}\n", "")


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys, exasite.cli\n"
        "try: exasite.cli.main(['--version'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pyomo', 'pandas', 'highspy', 'numpy', 'scipy', 'pydantic', 'exasite.models.catalog'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_check_of_a_good_instance(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check", str(EXAMPLE), "--set", "limit.facility_mw=55")
    assert code == 0 and err == ""
    assert out.startswith("ok  example")
    assert "facility_mw 55" in out and "maximize efficiency (capex 0.6, watts 0.4)" in out


def test_check_of_a_bad_instance(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.toml").write_text(BAD)
    code, out, err = run(capsys, "check", "bad.toml")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "1. bad.toml:2  sites.0.id: the catalogue has no sites item 'memphis'; did you mean memphis_tn?",
        "2. bad.toml:4  limit.capx_usd: unknown key; did you mean capex_usd?",
    ]


def test_check_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check", str(EXAMPLE), "--json")
    assert (code, err, json.loads(out)["status"]) == (0, "", "ok")
    Path("bad.toml").write_text(BAD)
    code, out, err = run(capsys, "check", "bad.toml", "--json")
    document = json.loads(out)
    assert (code, err, document["status"]) == (2, "", "bad_input")
    assert document["problems"][1] == {
        "place": "limit.capx_usd",
        "message": "unknown key",
        "fix": "did you mean capex_usd?",
        "source": "bad.toml",
        "line": 4,
    }


def test_catalog(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "catalog")
    assert code == 0 and "accelerators" in out and "\x1b" not in out
    code, out, _ = run(capsys, "catalog", "accelerators")
    assert code == 0 and "H100-SXM" in out
    code, out, _ = run(capsys, "catalog", "accelerators", "H100-SXM")
    assert code == 0 and "30,000" in out and "price_usd" in out


def test_catalog_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    tables = json.loads(run(capsys, "catalog", "--json")[1])["tables"]
    assert {"table": "accelerators", "items": 2, "values": 2, "high": 2, "medium": 0, "low": 0} in tables
    assert json.loads(run(capsys, "catalog", "cooling", "--json")[1])["items"][0]["name"] == "cold plate"
    values = json.loads(run(capsys, "catalog", "accelerators", "H100-SXM", "--json")[1])["values"]
    assert values[0]["base"] == 30000 and values[0]["unit"] == "USD" and values[0]["source"] == "test"
    word = json.loads(run(capsys, "catalog", "cooling", "d2c_dry", "--json")[1])["values"][0]
    assert word["text"] == "cold plate" and word["base"] is None


def test_catalog_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "catalog", "acelerators")
    assert (code, out) == (2, "") and "did you mean accelerators?" in err
    code, out, err = run(capsys, "catalog", "accelerators", "h100")
    assert (code, out) == (2, "") and "did you mean H100-SXM?" in err


def test_new_writes_an_instance_that_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "new", "mine")[0] == 0
    assert run(capsys, "check", "mine.toml")[0] == 0
    assert run(capsys, "check", "mine")[1].startswith("ok  mine")
    before = Path("mine.toml").read_text()
    code, _, err = run(capsys, "new", "mine")
    assert code == 2 and "exists already" in err and Path("mine.toml").read_text() == before


def test_every_line_of_the_starter_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "new", "mine")
    lines = Path("mine.toml").read_text().splitlines()
    optional = [
        line.removeprefix("# ").split(" #")[0] for line in lines if line.startswith("# ") and " = " in line
    ]
    keys = [line.split(" = ")[0] for line in optional]
    assert {"capex_usd", "online_by", "accelerators", "discount_rate"} <= set(keys)
    exasite_schema = json.dumps(exasite.Instance.model_json_schema())
    assert all(f'"{key}"' in exasite_schema for key in keys if key != "price_usd")


def test_new_refuses_odd_names(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("../x", "a/b", "", "-", ".hidden", "x" * 300):
        code, _, _ = run(capsys, "new", "--", name)
        assert code == 2, name
    assert list(Path().iterdir()) == []


def test_new_from_a_shipped_instance(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from exasite.instance import shipped

    monkeypatch.setattr(shipped, "shipped_names", lambda: ("example",))
    monkeypatch.setattr(shipped, "shipped_file", lambda name: EXAMPLE)
    assert run(capsys, "new", "mine", "--from", "example")[0] == 0
    text = Path("mine.toml").read_text()
    assert text == EXAMPLE.read_text().replace('name = "example"', 'name = "mine"')
    code, _, err = run(capsys, "new", "other", "--from", "exmple")
    assert code == 2 and "did you mean example?" in err


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "schema")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert set(exasite.Instance.model_fields) == set(document["properties"])
    assert document["additionalProperties"] is False
    assert run(capsys, "schema", "instnce")[0] == 2


def test_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "chekc")[0] == 2
    assert run(capsys, "check")[0] == 2


def test_a_bug_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("no\nway")

    monkeypatch.delenv("EXASITE_DEBUG", raising=False)
    monkeypatch.setattr(catalog, "load_catalog", broken)
    code, out, err = run(capsys, "catalog")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1 and "please report" in err and "RuntimeError: no\\nway" in err
    monkeypatch.setenv("EXASITE_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main(["catalog"])
