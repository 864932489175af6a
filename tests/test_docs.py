"""The documentation says what the code says: generated pages, worked examples, links."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    .*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def _load_generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _load_generate()
markdown = sys.modules["docpages.markdown"]
sessions = sys.modules["docpages.sessions"]


@pytest.mark.parametrize("name", generate.GENERATED)
def test_generated_page_is_current(name: str) -> None:
    assert markdown.same((DOCS / name).read_text(encoding="utf-8"), generate.current(name)), (
        f"{name} is out of date; run: python docs/generate.py"
    )


def test_generation_is_deterministic() -> None:
    assert all(generate.current(name) == generate.current(name) for name in generate.GENERATED)


@pytest.mark.parametrize("name", generate.WORKED_EXAMPLES)
def test_worked_examples_run_and_print_what_the_page_says(name: str) -> None:
    pytest.importorskip("pvlib")
    text = generate.page(name).read_text(encoding="utf-8")
    fresh, exit_codes = sessions.refreshed(text)
    assert exit_codes
    expected = 0 if name == "tutorial.md" else None
    for command, code in exit_codes:
        assert code == (_stated_exit_code(command) if expected is None else expected), command
    assert markdown.same(text, fresh), f"{name} is out of date; run: python docs/generate.py"


def _stated_exit_code(command: str) -> int:
    """Exit code a command says it has, as in `exasite check bad.toml   # exit code 2`."""
    found = re.search(r"# exit code (\d)", command)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.name)
def test_relative_links_resolve(path: Path) -> None:
    text = INDENTED.sub("", FENCE.sub("", path.read_text(encoding="utf-8")))
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, part = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        assert page.exists(), f"{path.name} links to {target}"
        if part:
            headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
            assert part in map(markdown.anchor, headings), f"{path.name} links to {target}"


def test_every_page_is_on_the_map() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert {page.name for page in PAGES} - {"index.md"} <= set(LINK.findall(index))


@pytest.mark.parametrize(
    ("old", "new", "agree"),
    [
        ("MAE 6.3 %", "MAE 6.4 %", True),
        ("MAE 6.3 %", "MAE 6.5 %", False),
        ("25 tables", "26 tables", False),
        ("H100", "H200", False),
        ("differs by -0.000 %", "differs by 0.000 %", True),
        ("more than 5.1e-08 % better", "more than 3e-09 % better", True),
        ("1,234.5 MW", "1,234.6 MW", True),
        ("a b", "a  b", False),
    ],
)
def test_texts_are_the_same_up_to_rounding(old: str, new: str, agree: bool) -> None:
    assert markdown.same(old, new) is agree
