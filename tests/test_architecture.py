"""One arrow from facts to choices, small files, a light import, and no numbers where they do not belong."""

import ast
import math
import subprocess
import sys
from pathlib import Path

import pytest

import exasite
import exasite.instances
import exasite.models

OPTIMIZER = Path(exasite.__file__).parent
MODELS = Path(exasite.models.__file__).parent
TESTS = Path(__file__).parent
MOST_LINES = 500
# What a choice may know of the world: counts, tolerances and conversions of units; no prices, no physics.
_WORDS_OF_FACTS = ("price", "cost", "watt", "tdp", "pue", "co2", "efficiency", "celsius", "tflops")


def modules(folder, *, without=None):
    found = sorted(p for p in folder.rglob("*.py") if without is None or without not in p.parents)
    assert found
    return found


def imported(path):
    """Names of all modules a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", modules(MODELS), ids=lambda p: p.stem)
def test_models_know_neither_solver_nor_optimizer(path):
    for name in imported(path):
        top = name.split(".")[0]
        assert top not in ("pyomo", "highspy", "typer", "rich", "pydantic"), name
        assert top != "exasite" or name.startswith("exasite.models"), name


@pytest.mark.parametrize("path", modules(MODELS), ids=lambda p: p.stem)
def test_models_write_no_file(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("write_text", "write_bytes", "mkdir", "to_csv", "savetxt", "unlink"), path.name


def constants(path):
    """Numbers that a module gives a name: (name, value)."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        pairs = [(target, node.value) for target in targets]
        if isinstance(targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(targets[0].elts, node.value.elts, strict=True))
        for target, value in pairs:
            if isinstance(value, ast.Constant) and type(value.value) in (int, float):
                yield ast.unparse(target), value.value


@pytest.mark.parametrize("path", modules(OPTIMIZER, without=MODELS), ids=lambda p: p.stem)
def test_the_optimizer_holds_no_price_and_no_physical_constant(path):
    for name, value in constants(path):
        words = name.lower()
        assert not any(word in words for word in _WORDS_OF_FACTS), f"{path.name}: {name}"
        if "usd" in words:  # only from one unit to another
            assert math.log10(value).is_integer(), f"{path.name}: {name}"


def test_only_the_session_and_the_compiler_know_the_solver_and_its_language():
    users = {p.stem for p in modules(OPTIMIZER, without=MODELS) if any(n.split(".")[0] == "highspy" for n in imported(p))}
    assert users == {"session"}
    language = {p for p in modules(OPTIMIZER, without=MODELS) if any(n.split(".")[0] == "pyomo" for n in imported(p))}
    assert {p.stem for p in language if p.parent.name != "formulation"} <= {"compiled", "design"}


@pytest.mark.parametrize("folder", [OPTIMIZER, MODELS, TESTS], ids=["optimizer", "models", "tests"])
def test_no_file_is_longer_than_a_subject(folder):
    long = {p.name: n for p in modules(folder) if (n := len(p.read_text(encoding="utf-8").splitlines())) > MOST_LINES}
    assert not long


@pytest.mark.parametrize("path", modules(OPTIMIZER), ids=lambda p: p.stem)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def loaded_by(statement):
    """Top-level packages that a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_is_light():
    loaded = loaded_by("import exasite")
    assert not loaded & {"pyomo", "highspy", "pandas", "numpy", "pydantic", "rich", "typer", "pvlib"}


def test_the_physics_needs_no_solver():
    loaded = loaded_by("import exasite.models.evaluate")
    assert not loaded & {"pyomo", "highspy", "pandas", "pydantic", "rich", "typer", "pvlib"}


def test_public_names_are_there_and_a_wrong_one_is_an_attribute_error():
    for name in exasite.__all__:
        assert getattr(exasite, name) is not None
    assert set(exasite.__all__) <= set(dir(exasite))
    with pytest.raises(AttributeError):
        exasite.no_such_name  # noqa: B018
