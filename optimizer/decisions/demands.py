"""What a question demands: its requirements, limits and choices, each as something that can be eased or dropped."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from exasite.instance.loading import LoadedInstance
from exasite.instance.schema import CHOICE_TABLES, LATEST, MOST_GPUS, MOST_USD
from exasite.words import money

Path = tuple[str | int, ...]
_NO_OBJECTIVE = {"maximize": "exaflops_per_capex"}
# What a site may give, and the value with which it demands nothing.
_SITE_FREE: dict[str, float] = {
    "grid_limit_mw": 1e6, "gas_limit_mw": 1e6, "nuclear_limit_mw": 1e6, "land_limit_acres": 1e7, "grid_wait_years": 0.0,
}  # fmt: skip
_FACILITY_FREE: dict[str, float] = {"firm_availability": 0.5, "spare_units": 0, "unserved_share": 0.5}
_LOWER_FREES = ("grid_wait_years", "firm_availability", "spare_units", "hourly_clean_share", "training_flops")
_UNITS = {
    "capex_usd": "", "opex_usd_per_year": " a year", "facility_mw": " MW", "energy_price_usd_per_mwh": " $/MWh",
    "co2_t_per_year": " t CO2 a year", "co2_t_per_exaflop_year": " t CO2 a year and ExaFLOPS",
    "water_m3_per_year": " m3 of water a year", "land_acres": " acres",
}  # fmt: skip


@dataclass(frozen=True)
class Demand:
    """One line of the question.

    `key` is written as for `--set`; `free` is the value that demands nothing (None: leave the key out). `upward`: it
    is eased by a larger number; None where it is no number.
    """

    key: str
    path: Path
    words: str
    value: Any
    free: Any = None
    upward: bool | None = None
    whole: bool = False

    @property
    def is_date(self) -> bool:
        return isinstance(self.value, date)

    @property
    def is_number(self) -> bool:
        return self.upward is not None and not self.is_date


def content_of(loaded: LoadedInstance) -> dict[str, Any]:
    """The question as raw data, without an objective that would need one of its demands."""
    content = loaded.instance.model_dump(exclude_none=True, exclude={"extends"})
    sites = [dict(site) for site in content.get("sites", ())]
    return {**copy.deepcopy(content), "sites": sites, "objective": dict(_NO_OBJECTIVE)}


def demands_of(loaded: LoadedInstance) -> tuple[Demand, ...]:
    """Everything of the question that can stand in the way of a design, choices first."""
    instance = loaded.instance
    found = [*_choices("choices", ("choices",), instance.choices.model_dump(exclude_none=True))]
    for number, site in enumerate(instance.sites):
        here = site.choices.model_dump(exclude_none=True)
        found += _choices(f"sites.{site.key}.choices", ("sites", number, "choices"), here, f" at {site.key}")
    found += _facility(instance.facility.model_dump(exclude_none=True))
    for number, site in enumerate(instance.sites):
        found += _site(number, site.key, site.model_dump(exclude_none=True))
    found += _limits(instance.limit.model_dump(exclude_none=True))
    found += _requirements(instance.require.model_dump(exclude_none=True))
    return tuple(found)


def _choices(key: str, path: Path, given: Mapping[str, Any], where: str = "") -> Iterator[Demand]:
    for name in CHOICE_TABLES:
        if name in given:
            ids = tuple(given[name])
            shown = ", ".join(ids[:4]) + (", ..." if len(ids) > 4 else "")
            yield Demand(f"{key}.{name}", (*path, name), f"only {name} {shown}{where}", ids)


def _facility(given: Mapping[str, Any]) -> Iterator[Demand]:
    words = {
        "firm_availability": "the peak carried with {:.4%}",
        "spare_units": "{} spare units",
        "unserved_share": "at most {:.2%} unserved",
    }
    for name, free in _FACILITY_FREE.items():
        if name in given:
            yield Demand(f"facility.{name}", ("facility", name), words[name].format(given[name]), given[name], free,
                         upward=name not in _LOWER_FREES, whole=name == "spare_units")  # fmt: skip


def _site(number: int, key: str, given: Mapping[str, Any]) -> Iterator[Demand]:
    names = {"grid_limit_mw": "MW of grid", "gas_limit_mw": "MW of gas", "nuclear_limit_mw": "MW of nuclear",
             "land_limit_acres": "acres of land"}  # fmt: skip
    for name, free in _SITE_FREE.items():
        if name in given:
            value = given[name]
            words = f"{value:,.6g} years until the grid is there" if name == "grid_wait_years" else (
                f"at most {value:,.6g} {names[name]}")  # fmt: skip
            yield Demand(f"sites.{key}.{name}", ("sites", number, name), f"{words} at {key}", value, free,
                         upward=name not in _LOWER_FREES)  # fmt: skip
    if "gpus" in given:
        yield from _range(f"sites.{key}.gpus", ("sites", number, "gpus"), given["gpus"], f"chips at {key}", whole=True)
    contract = given.get("tariff", {}).get("contract_mw")
    if contract is not None:
        yield Demand(f"sites.{key}.tariff.contract_mw", ("sites", number, "tariff", "contract_mw"),
                     f"a contract of {contract:,.6g} MW at {key}", contract, upward=True)  # fmt: skip


def _limits(given: Mapping[str, Any]) -> Iterator[Demand]:
    for name, value in given.items():
        if name == "online_by":
            yield Demand("limit.online_by", ("limit", name), f"online by {value}", value, upward=True)
            continue
        shown = money(value) if name in ("capex_usd", "opex_usd_per_year") else f"{value:,.6g}"
        what = "at most " + shown + _UNITS[name] + (" of capex" if name == "capex_usd" else "")
        yield Demand(f"limit.{name}", ("limit", name), what, value, upward=True)


def _requirements(given: Mapping[str, Any]) -> Iterator[Demand]:
    names = {"gpus": "chips", "coherent_gpus": "chips in one cluster", "effective_exaflops": "effective ExaFLOPS",
             "training_days": "days of training", "tokens_per_second": "tokens per second"}  # fmt: skip
    for name, words in names.items():
        if name in given:
            yield from _range(f"require.{name}", ("require", name), given[name], words, whole="gpus" in name)
    if "hourly_clean_share" in given:
        share = given["hourly_clean_share"]
        yield Demand("require.hourly_clean_share", ("require", "hourly_clean_share"),
                     f"{share:.1%} clean energy in every hour", share, upward=False)  # fmt: skip


def _range(key: str, path: Path, given: Mapping[str, float], words: str, *, whole: bool) -> Iterator[Demand]:
    """Bounds of a range: an exact number, a least and a largest one are three demands."""
    texts = {"exact": "{} ", "min": "at least {} ", "max": "at most {} "}
    for bound, value in given.items():
        name, shown = (key if bound == "exact" else f"{key}.{bound}"), texts[bound].format(f"{value:,.8g}") + words
        yield Demand(name, (*path, bound), shown, value, upward=bound == "max", whole=whole)


def without(content: Mapping[str, Any], demands: tuple[Demand, ...]) -> dict[str, Any]:
    """The question without some demands."""
    data = copy.deepcopy(dict(content))
    for demand in demands:
        put(data, demand.path, demand.free)
    return data


def eased(content: Mapping[str, Any], changes: Mapping[Demand, Any]) -> dict[str, Any]:
    """The question with other values for some demands."""
    data = copy.deepcopy(dict(content))
    for demand, value in changes.items():
        put(data, demand.path, value)
    return data


def put(data: dict[str, Any], path: Path, value: Any) -> None:
    """Set a value in nested data; None takes the key away, and a table that it leaves empty."""
    above: list[tuple[Any, str | int]] = []
    inner: Any = data
    for part in path[:-1]:
        above.append((inner, part))
        inner = inner.setdefault(str(part), {}) if isinstance(inner, dict) else inner[part]
    if value is not None:
        inner[path[-1]] = value
        return
    inner.pop(path[-1], None)
    for outer, part in reversed(above):
        if isinstance(outer, dict) and outer[part] == {}:
            del outer[part]


def changed_by(demand: Demand, share: float) -> Any:
    """The demand's value, eased by a share of it (dates by days: a share of a year)."""
    if demand.is_date:
        day: date = demand.value
        return min(LATEST, day + timedelta(days=round(365.25 * share)))
    value = demand.value * (1.0 + share) if demand.upward else demand.value * max(0.0, 1.0 - share)
    if demand.upward and demand.value == 0:
        value = share
    most = MOST_USD if "usd" in demand.key else MOST_GPUS if "gpus" in demand.key else 1e12
    value = min(value, most)
    if demand.path[-1] in ("hourly_clean_share", "firm_availability", "unserved_share"):
        value = min(value, 1.0)
    return _rounded(demand, value)


def _rounded(demand: Demand, value: float) -> float | int:
    if not demand.whole:
        return value
    return int(math.ceil(value) if demand.upward else math.floor(value))

