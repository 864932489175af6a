"""`exasite plan` from the command line: results and instances, formats, exit codes, bad input, hostile questions."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path

import pytest
from hostile import TEXTS
from plan_results import SMALL, result, saved_file

import exasite
from exasite.cli import main
from exasite.plans.records import Plan
from exasite.save import save


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    out, err = capsys.readouterr()
    return int(exit_.value.code or 0), out, err


def test_a_saved_result_alone_is_enough(capsys, tmp_path):
    code, out, _ = run(capsys, "plan", str(saved_file("off-grid-campus")), "-o", "out")
    assert code == 0 and "BUILD PLAN  off-grid-campus" in out and "CRITICAL PATH" in out
    made = Plan.from_json((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert made.total_usd == round(result("off-grid-campus").totals.capex_usd, 2)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"plan.xlsx", "plan.json", "plan.html", "plan.md", "csv"}


def test_the_folder_of_solve_is_a_result_too(capsys):
    save(result(SMALL), "solved")
    code, out, _ = run(capsys, "plan", "solved", "--format", "md,json")
    assert code == 0 and "wrote" in out
    assert {path.name for path in Path(f"{SMALL}-plan").iterdir()} == {"plan.md", "plan.json"}


def test_an_instance_is_solved_first(capsys):
    code, out, _ = run(capsys, "plan", SMALL, "--json")
    made = json.loads(out)
    assert code == 0 and made["header"]["status"] == "optimal"
    assert sum(row["total_usd"] for row in made["bill"]) == pytest.approx(result(SMALL).totals.capex_usd, abs=0.01)
    assert not list(Path().iterdir())  # nothing is written unless it is asked for


def test_the_plan_keeps_to_its_schema(capsys):
    code, out, _ = run(capsys, "schema", "plan")
    schema = json.loads(out)
    assert code == 0 and schema == Plan.model_json_schema()
    assert {"bill", "tasks", "risks", "cash"} <= set(schema["required"])


def test_no_design_has_the_exit_code_of_the_result_and_writes_nothing(capsys):
    code, out, _ = run(capsys, "plan", SMALL, "--set", "limit.capex_usd=6e8", "-o", "out")
    assert code == 3 and "infeasible" in out.lower()
    assert not (Path("out") / "plan.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "nowhere.json"), "cannot be read"),
        (("plan", "no-such-instance"), "no-such-instance"),
        (("plan", SMALL, "--format", "docx"), "there is no format docx"),
        (("plan", SMALL, "--start", "soon"), "is not a date"),
        (("plan", "bad.json"), "is not JSON"),
        (("plan", "other.json"), "result.json"),
        (("plan", str(saved_file("off-grid-campus")), "--set", "limit.capex_usd=1"), "--set works on an instance"),
        (("schema", "plam"), "did you mean plan?"),
    ],
)
def test_bad_input_says_what_to_do(capsys, arguments, said):
    Path("bad.json").write_text("{", encoding="utf-8")
    Path("other.json").write_text('{"a": 1}', encoding="utf-8")
    code, out, err = run(capsys, *arguments)
    assert code == 2 and said in err and out == "" and "Traceback" not in err


def test_missing_libraries_are_named_before_anything_is_solved(capsys, monkeypatch):
    for library in ("xlsxwriter", "jinja2"):
        monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setattr("exasite.plans.source.result_of", lambda *_, **__: pytest.fail("solved first"))
    code, _, err = run(capsys, "plan", SMALL, "-o", "out")
    assert code == 2 and "xlsxwriter" in err and "jinja2" in err and "exasite[plan]" in err


def test_bad_input_is_a_document_with_json(capsys):
    code, out, _ = run(capsys, "plan", "nowhere.json", "--json")
    assert code == 2 and json.loads(out)["status"] == "bad_input"


@pytest.mark.parametrize("content", ["[]", "null", "1", '"text"', "[" * 100_000, '{"instance": {}}', "\x00"])
def test_any_json_file_is_refused_politely(capsys, content):
    Path("odd.json").write_text(content, encoding="utf-8")
    code, _, err = run(capsys, "plan", "odd.json")
    assert code == 2 and "a bug of ours" not in err


def test_a_question_of_hostile_texts_comes_out_inert(capsys):
    """From the question to every file: name, question, site and words of the catalogue."""
    text = "=cmd|'/c calc'!A0 <script>alert(1)</script> \"><img src=x onerror=alert(1)> ../../x [a](http://evil.example)"
    every = "\n".join(t for t in TEXTS if "\x00" not in t and len(t) < 9000)
    question = {"extends": SMALL, "name": text, "question": every, "sites": [{"id": "memphis_tn", "name": text}],
                "catalog": {"accelerators": {"H100-SXM": {"name": every, "vendor": text}}}}  # fmt: skip
    found = exasite.solve(question)
    assert found.sites[0].name == text
    Path("result.json").write_text(found.to_json(), encoding="utf-8")
    code, out, _ = run(capsys, "plan", "result.json", "-o", "out")
    assert code == 0 and "\x1b" not in out
    page = Path("out/plan.html").read_text(encoding="utf-8")
    assert "<script" not in page and not re.search(r"<[^>]+\son\w+=", re.sub(r'"[^"]*"', '""', page))
    assert "<script>alert(1)</script>" in unescape(page)  # the text is there, as text
    assert Plan.from_json(Path("out/plan.json").read_text(encoding="utf-8")).header.name == text
    assert {path.name for path in Path().iterdir()} == {"result.json", "out"}


def test_the_library_plans_and_exports(tmp_path):
    made = exasite.plan(saved_file("off-grid-campus"))
    assert isinstance(made, exasite.Plan) and str(made).startswith("BUILD PLAN")
    frame = made.frame()
    assert len(frame) == len(made.bill) and frame["total_usd"].sum() == pytest.approx(made.total_usd, abs=0.01)
    assert list(made.frame("tasks")["critical"]) == [task.critical for task in made.tasks]
    assert "BUILD PLAN" in made._repr_html_() and "<script" not in made._repr_html_()
    with pytest.raises(KeyError, match="bill"):
        made.frame("bills")
    written = exasite.export_plan(made, tmp_path / "x", ["json"])
    assert [path.name for path in written] == ["plan.json"]


def changed(place, value):
    """A saved result with one value replaced, by its path."""
    document = json.loads(saved_file("off-grid-campus").read_text(encoding="utf-8"))
    at = document
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return document


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("instance", "content"), {}),
        (("instance", "content", "sites"), []),
        (("instance", "content", "sites", 0, "id"), "nowhere"),
        (("sites", 0, "site"), "elsewhere"),
        (("sites", 0, "clusters", 0, "accelerator"), "H1000"),
        (("sites", 0, "clusters", 0, "interconnect"), "string"),
        (("sites", 0, "clusters", 0, "cooling"), ""),
        (("sites", 0, "clusters", 0, "gpus"), 0),
        (("sites", 0, "clusters", 0, "gpus"), -5),
        (("sites", 0, "clusters", 0, "gpus"), 10**9),
        (("sites", 0, "clusters", 0, "precision"), "fp1"),
        (("sites", 0, "supply", 0, "source"), "fusion"),
        (("sites", 0, "online_date"), "soon"),
        (("sites", 0, "clusters"), "many"),
        (("totals",), None),
    ],
)
def test_a_result_that_does_not_fit_its_question_is_bad_input(capsys, place, value):
    Path("result.json").write_text(json.dumps(changed(place, value)), encoding="utf-8")
    code, out, err = run(capsys, "plan", "result.json")
    assert code == 2 and out == "" and "a bug of ours" not in err, err
