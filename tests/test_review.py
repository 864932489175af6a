"""What users run into: names the terminal cannot print, mistyped options, folders they may not write, broken limits."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from instance_catalog import EXAMPLE
from small_models import small_model

from exasite.assemble import limits_exceeded
from exasite.cli import main
from exasite.errors import InputError
from exasite.hull import EfficiencySearch
from exasite.instance.loading import load_instance
from exasite.instance.schema import LimitSection
from exasite.models.catalog import CatalogError, load_catalog
from exasite.result import Totals
from exasite.save import writable
from exasite.session import Clock
from exasite.solving import solve


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    out, err = capsys.readouterr()
    return int(exit_.value.code or 0), out, err


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve", "two-labs", "--json", "--gap", "2"),
        ("solve", "--json"),
        ("solve", "two-labs", "--json", "--time-limit", "soon"),
        ("check", "two-labs", "--json", "--no-such-option"),
    ],
)
def test_options_that_cannot_be_read_are_json_too(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, out, err = run(capsys, *arguments)
    document = json.loads(out)
    assert (code, document["status"], err) == (2, "bad_input", "")
    assert document["problems"][0]["message"]


def test_without_json_a_usage_error_is_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "solve", "two-labs", "--gap", "2")
    assert code == 2 and out == "" and "--gap" in err


def test_a_terminal_that_lacks_a_character_gets_it_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    with pytest.raises(SystemExit) as exit_:
        main(("check", "two-labs", "--set", "question=Zürich 数"))
    sys.stdout.flush()
    assert not exit_.value.code
    assert b"Z\\xfcrich \\u6570" in raw.getvalue()


def test_a_folder_that_cannot_be_written_is_said_before_the_search(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("searched first")

    monkeypatch.setattr("exasite.solving.solve", never)
    file = tmp_path / "taken"
    file.write_text("")
    code, out, _ = run(capsys, "solve", "two-labs", "--json", "-o", str(file))
    assert code == 2 and json.loads(out)["problems"][0]["place"] == "-o"
    writable(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    with pytest.raises(InputError):
        writable("nul\0byte")


def test_removing_what_is_not_there_is_said_without_a_dangling_fix() -> None:
    with pytest.raises(InputError) as caught:
        load_instance(EXAMPLE, ["finance.contingency_fraction="])
    assert not str(caught.value).rstrip().endswith(";")
    with pytest.raises(InputError) as caught:
        load_instance("two-labs", ["objective.maximize="])
    assert str(caught.value).rstrip().endswith("nothing to remove here")


def test_shares_above_one_are_refused_and_factors_are_not() -> None:
    catalog = load_catalog()
    for table, item, field in (
        ("accelerators", "H100-SXM", "mamf_bf16"),
        ("accelerators", "H100-SXM", "mean_power_fraction"),
        ("power_sources", "grid", "forced_outage"),
        ("power_sources", "battery", "round_trip_efficiency"),
    ):
        assert catalog.has(table, item, field)
        with pytest.raises(CatalogError, match="at most 1"):
            catalog.override({table: {item: {field: 1.4}}})
        catalog.override({table: {item: {field: 1.0}}})
    catalog.override({"power_sources": {"gas_cc": {"construction_interest_factor": 1.4}}})


def test_no_shipped_share_is_above_one() -> None:
    catalog = load_catalog()
    refused = []
    for row in catalog.rows.values():
        try:
            catalog.override({row.table: {row.item: {row.field: row.text if row.is_text else row.base}}})
        except CatalogError:  # the shipped value must be one a user may write
            refused.append(row.key)
    assert refused == []


def test_limits_broken_over_the_whole_year_are_said() -> None:
    names = [name for name, field in Totals.model_fields.items() if field.is_required()]
    values = dict.fromkeys(names, 1.0) | {"gpus": 8, "online_date": "2028-01-01", "full_power_date": "2028-01-01",
                                           "co2_t_per_year_highest": 23_684.0}
    totals = Totals(**values)
    assert limits_exceeded(LimitSection(), totals) == []
    assert limits_exceeded(LimitSection(co2_t_per_year=23_650.0, water_m3_per_year=1.0), totals) == []
    (said,) = limits_exceeded(LimitSection(co2_t_per_year=20_000.0, capex_usd=2.0), totals)
    assert "co2_t_per_year is 23,684" in said and "limit.co2_t_per_year = 20,000" in said


@pytest.mark.parametrize("seed", range(100, 104))
def test_a_search_stopped_after_its_first_design_has_a_bound(seed: int) -> None:
    small = small_model(seed)
    clock = Clock()
    found = EfficiencySearch(
        small.session(clock), *small.quantities(), 0.5, 1e-6, lambda value, bound: setattr(clock, "interrupted", True)
    ).run()
    best = (small.points[:, 0] / np.sqrt(small.points[:, 1] * small.points[:, 2])).max()
    assert found.columns is not None
    assert found.value <= best * (1 + 1e-9)
    assert best * (1 - 1e-9) <= found.bound < np.inf


def test_tabulation_stops_at_once_when_the_clock_does() -> None:
    result = solve("two-labs", time_limit_s=1e-9)
    assert (result.status, result.exit_code, result.totals) == ("no_design", 4, None)
    assert result.solver.configurations == 0 and "stopped" in result.message


def test_a_broken_limit_stands_at_the_top_of_the_answer() -> None:
    result = solve("two-labs").model_copy(update={"message": "over the whole year co2_t_per_year is 3, above 2"})
    head = str(result).split("accelerators", maxsplit=1)[0]
    assert "BUT over the whole year co2_t_per_year is 3, above 2" in head
