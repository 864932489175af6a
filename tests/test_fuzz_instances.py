"""Whatever an instance holds, `load_instance` either reads it or says what is wrong: no other exception."""

from __future__ import annotations

import copy
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from instance_catalog import EXAMPLE, example, small_catalog

from exasite import InputError, load_instance

CATALOG = small_catalog()
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}

numbers = st.one_of(
    st.sampled_from(
        [0, -1, 1e-300, 1e300, -1e300, 10**400, -(10**4000), 1e9, float("nan"), float("inf"), -0.0, 0.5]
    ),
    st.integers(),
    st.floats(),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    numbers,
    st.text(max_size=30),
    st.text("\ud800\0\n[]{}\"'", max_size=5),
    st.sampled_from(["5 B$", "H100-SXM", "memphis_tn", "x" * 100_000]),
    st.dates(),
    st.binary(max_size=4),
)
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["min", "max", "id", "name"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
keys = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["limit", "sites", "choices", "gpus", "<id>", "[key]", "capex_usd", "extends", "weights", "\ud800"]
    ),
    st.integers(),
)


def places(data: Any, path: tuple = ()) -> list[tuple]:
    """Paths of everything inside nested data."""
    found = [path] if path else []
    if isinstance(data, dict):
        for key, value in data.items():
            found += places(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            found += places(value, (*path, index))
    return found


def mutate(data: dict, draw: Any) -> None:
    """One random change somewhere in the data."""
    *way, last = draw(st.sampled_from(places(data)))
    holder: Any = data
    for part in way:
        holder = holder[part]
    kind = draw(st.sampled_from(["value", "value", "delete", "rename", "add", "copy"]))
    if kind == "value":
        holder[last] = draw(junk)
    elif kind == "delete":
        del holder[last]
    elif kind == "copy":
        *_, taken = draw(st.sampled_from(places(data)))
        value = copy.deepcopy(data.get(taken)) if isinstance(taken, str) else copy.deepcopy(holder[last])
        holder[last] = value
    elif isinstance(holder, list):
        holder.append(draw(junk))
    else:
        holder[draw(keys)] = holder.pop(last) if kind == "rename" else draw(junk)


def check_loaded_or_refused(source: Any, sets: list[str] | tuple = ()) -> None:
    try:
        loaded = load_instance(source, sets, catalog=CATALOG)
    except InputError as error:
        assert error.problems, "a refusal names at least one problem"
        assert str(error).encode("utf-8"), "and can be printed"
        assert all(line.isprintable() for line in str(error).splitlines())
    else:
        again = load_instance(loaded.instance, catalog=CATALOG)
        assert again.sha256 == loaded.sha256


@settings(max_examples=600, **QUIET)
@given(st.data())
def test_mutated_dictionaries(data: Any) -> None:
    instance = copy.deepcopy(example())
    for _ in range(data.draw(st.integers(1, 4))):
        if places(instance):
            mutate(instance, data.draw)
    check_loaded_or_refused(instance)


@settings(max_examples=200, **QUIET)
@given(st.data())
def test_mutated_text(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    text = EXAMPLE.read_bytes()
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 40)))
        piece = data.draw(st.binary(max_size=6) | st.text(string.printable, max_size=10).map(str.encode))
        text = text[:start] + piece + text[end:]
    path: Path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_bytes(text)
    check_loaded_or_refused(path)


@settings(max_examples=200, **QUIET)
@given(
    st.lists(
        st.tuples(st.sampled_from(places(example())), st.text(max_size=12) | numbers.map(str))
        | st.text(max_size=20),
        max_size=3,
    )
)
def test_random_sets(sets: list) -> None:
    texts = [
        entry if isinstance(entry, str) else f"{'.'.join(str(part) for part in entry[0])}={entry[1]}"
        for entry in sets
    ]
    check_loaded_or_refused(EXAMPLE, texts)


@settings(max_examples=100, **QUIET)
@given(junk)
def test_junk_in_place_of_every_section(value: Any) -> None:
    check_loaded_or_refused(dict.fromkeys(example(), value))


def test_data_that_holds_itself() -> None:
    data = example()
    data["limit"]["again"] = data
    check_loaded_or_refused(data)
    deep: Any = {}
    for _ in range(5000):
        deep = {"catalog": deep}
    check_loaded_or_refused(deep)
