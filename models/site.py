"""Sites: place, hottest hours, grid, fuel and prices; from the catalogue, or given inline."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from exasite.models.catalog import Catalog

_TABLE = "sites"
_DEFAULTS = ("prices", "custom_site")  # table and item that hold the defaults of a site given inline
_REQUIRED = ("name", "latitude_degrees", "energy_price_usd_per_mwh")
_MAY_BE_NEGATIVE = ("_degrees", "_celsius", "_m", "_usd_per_mwh", "_usd_per_mmbtu")  # prices may be negative

SiteValue = float | int | str | bool


@dataclass(frozen=True)
class Site:
    """A place where a datacenter can stand.

    id, name, state, role         words; role lists "candidate", "validation", "custom"
    latitude/longitude_degrees    [degree]; elevation_m [m]
    peak_dry_bulb_celsius         dry bulb of the 99.6 % hour [degC], for the derate of turbines
    cost_region                   region of the catalogue table `regional_cost`, or empty
    construction_multiplier       cost of building here over the national mean [1]
    grid_limit_mw                 firm MW one campus can contract within about five years [MW]
    grid_wait_years               years from order to power [year]
    energy_price_usd_per_mwh      average price of grid energy, demand charges included [USD/MWh]
    wholesale_market              market whose price shape is shipped, or empty
    grid_co2_kg_per_mwh           mean emission of grid energy [kg/MWh]
    gas_available                 whether pipeline or field gas can be had
    gas_price_usd_per_mmbtu       delivered gas [USD/MMBtu]; nan where there is none
    gas_limit_mw                  MW of gas-fired plant that the pipeline can feed, all sources together [MW]
    nuclear_limit_mw              MW of existing nuclear output that is for sale here [MW]
    solar_profile, wind_profile   shipped profile or CSV path, empty: none known
    solar/wind_capacity_factor    annual mean the profile is moved to [1]; nan: the profile's own
    land_limit_acres              land that can be had [acre]
    water_stress, power_market    words
    """

    id: str
    name: str
    latitude_degrees: float
    longitude_degrees: float
    elevation_m: float
    peak_dry_bulb_celsius: float
    state: str
    role: tuple[str, ...]
    cost_region: str
    construction_multiplier: float
    power_market: str
    wholesale_market: str
    grid_limit_mw: float
    grid_wait_years: float
    energy_price_usd_per_mwh: float
    grid_co2_kg_per_mwh: float
    gas_available: bool
    gas_price_usd_per_mmbtu: float
    gas_limit_mw: float
    nuclear_limit_mw: float
    solar_profile: str
    solar_capacity_factor: float
    wind_profile: str
    wind_capacity_factor: float
    water_stress: str
    land_limit_acres: float


def site_ids(catalog: Catalog, role: str | None = None) -> tuple[str, ...]:
    """Ids of the catalogue's sites, in file order; with `role` ("candidate", "validation") only those."""
    ids = catalog.items(_TABLE)
    return tuple(i for i in ids if role is None or role in catalog.words(_TABLE, i, "role"))


def site(catalog: Catalog, site_id: str) -> Site:
    """A site of the catalogue. Raises KeyError naming the nearest known id."""
    number = {
        name: catalog.value(_TABLE, site_id, name)
        for name in (
            "latitude_degrees", "longitude_degrees", "elevation_m", "peak_dry_bulb_celsius",
            "construction_multiplier", "grid_limit_mw", "grid_wait_years", "energy_price_usd_per_mwh",
            "grid_co2_kg_per_mwh", "nuclear_limit_mw", "solar_capacity_factor", "wind_capacity_factor",
        )
    }  # fmt: skip
    word = {
        name: catalog.text_or(_TABLE, site_id, name, "")
        for name in (
            "name", "state", "cost_region", "power_market", "wholesale_market", "solar_profile",
            "wind_profile", "water_stress",
        )
    }  # fmt: skip
    return Site(
        id=site_id,
        role=catalog.words(_TABLE, site_id, "role"),
        gas_available=catalog.text(_TABLE, site_id, "gas_available") == "yes",
        gas_price_usd_per_mmbtu=catalog.value_or(_TABLE, site_id, "gas_price_usd_per_mmbtu", math.nan),
        gas_limit_mw=catalog.value_or(_TABLE, site_id, "gas_limit_mw", math.inf),
        land_limit_acres=catalog.value_or(_TABLE, site_id, "land_limit_acres", math.inf),
        **number,  # type: ignore[arg-type]
        **word,  # type: ignore[arg-type]
    )


def override_site(base: Site, values: Mapping[str, SiteValue]) -> Site:
    """`base` with some fields replaced, in the units of their names.

    A gas price without `gas_available` means that gas can be had. A capacity factor is kept when only the
    profile changes to another shipped one, so set both, or set the factor to nan for the profile's own.
    Raises ValueError listing every unknown field and every value of the wrong kind.
    """
    changes, problems = _checked(values)
    if problems:
        raise ValueError("\n".join(problems))
    if "gas_price_usd_per_mmbtu" in changes and "gas_available" not in changes:
        changes["gas_available"] = True
    changed = replace(base, **changes)  # type: ignore[arg-type]
    if changed.gas_available and math.isnan(changed.gas_price_usd_per_mmbtu):
        raise ValueError("gas_available needs gas_price_usd_per_mmbtu")
    return changed


def custom_site(catalog: Catalog, values: Mapping[str, SiteValue]) -> Site:
    """A site that is not in the catalogue, from a mapping of field names of `Site` to values.

    Required: name, latitude_degrees, energy_price_usd_per_mwh. What is left out:
    - elevation, peak dry bulb, grid wait, grid CO2, construction multiplier and nuclear limit (none for sale)
      come from the catalogue item `custom_site` of table `prices`;
    - grid, gas and land are not limited; gas is there only if its price is given;
    - solar and wind are there only if a profile is named (their mean is the profile's own).
    Raises ValueError listing every missing, unknown or wrong field.
    """
    _, problems = _checked(values)
    problems += [f"{name} is missing" for name in _REQUIRED if name not in values]
    if problems:
        raise ValueError("\n".join(problems))
    default = {
        name: catalog.value(*_DEFAULTS, name)
        for name in (
            "elevation_m", "peak_dry_bulb_celsius", "construction_multiplier", "grid_wait_years",
            "grid_co2_kg_per_mwh", "nuclear_limit_mw",
        )
    }  # fmt: skip
    blank = dict.fromkeys(
        ("state", "cost_region", "power_market", "wholesale_market", "solar_profile", "wind_profile",
         "water_stress"), "",
    )  # fmt: skip
    unknown = dict.fromkeys(
        ("longitude_degrees", "latitude_degrees", "energy_price_usd_per_mwh", "gas_price_usd_per_mmbtu",
         "solar_capacity_factor", "wind_capacity_factor"), math.nan,
    )  # fmt: skip
    unlimited = dict.fromkeys(("grid_limit_mw", "gas_limit_mw", "land_limit_acres"), math.inf)
    name = str(values["name"])
    base = Site(
        id=name, name=name, role=("custom",), gas_available=False,
        **default, **blank, **unknown, **unlimited,  # type: ignore[arg-type]
    )  # fmt: skip
    return override_site(base, values)


def _checked(values: Mapping[str, SiteValue]) -> tuple[dict[str, object], list[str]]:
    """Values by field with numbers as floats, and one message per problem."""
    kinds = {field.name: str(field.type) for field in fields(Site)}
    changes: dict[str, object] = {}
    problems = []
    for name, value in values.items():
        kind = kinds.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind is None:
            near = difflib.get_close_matches(name, kinds, n=1, cutoff=0.4)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            problems.append(f"unknown field of a site '{name}'{hint}")
        elif kind == "float" and not is_number:
            problems.append(f"{name}: expected a number, got {value!r}")
        elif kind.startswith("tuple"):
            problems.append(f"{name} cannot be set")
        elif kind == "str" and not isinstance(value, str):
            problems.append(f"{name}: expected a word, got {value!r}")
        elif kind == "bool" and not isinstance(value, bool):
            problems.append(f"{name}: expected true or false, got {value!r}")
        else:
            changes[name] = float(value) if kind == "float" else value
            if is_number and float(value) < 0 and not name.endswith(_MAY_BE_NEGATIVE):
                problems.append(f"{name}: expected a number of at least 0, got {value!r}")
    return changes, problems
