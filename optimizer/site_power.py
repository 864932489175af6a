"""What a user says of a site's power: own hourly profiles and prices, the tariff, the cost of the connection."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from exasite.errors import InputError, Problem
from exasite.instance.schema import SiteSection
from exasite.models.catalog import Catalog
from exasite.models.power import OWN_PROFILES, SiteSource
from exasite.models.site import Site
from exasite.models.tariff import Tariff, flat_tariff, market_terms, wholesale_prices, wholesale_tariff

_SOLAR, _WIND = OWN_PROFILES
_MUSD_PER_MW = 1e-3  # of USD/kW
_ALL_HOURS = tuple(range(24))


def priced_sources(catalog: Catalog, section: SiteSection, place: Site,
                   sources: tuple[SiteSource, ...], price_factor: float = 1.0) -> tuple[SiteSource, ...]:  # fmt: skip
    """The sources of a site with its own profiles, the tariff of its grid and the cost of its connection.

    `price_factor` multiplies wholesale prices; an average price has it already.

    Raises InputError with every problem of a file, row by row.
    """
    own = _own_profiles(catalog, section, place, {source.id for source in sources})
    return tuple(_priced(catalog, section, place, source, own, price_factor) for source in sources)


def _priced(catalog: Catalog, section: SiteSection, place: Site, source: SiteSource,
            own: dict[str, np.ndarray], price_factor: float) -> SiteSource:  # fmt: skip
    if source.id in own:
        source = replace(source, profile=own[source.id])
    if source.kind != "grid":
        return source
    if section.connection_usd_per_kw is not None:
        source = replace(source, capex_musd_per_mw=section.connection_usd_per_kw * _MUSD_PER_MW)
    tariff = _tariff(catalog, section, place, price_factor)
    return replace(source, tariff=tariff, marginal_cost_usd_per_mwh=float(tariff.energy_usd_per_mwh.mean()))


def _own_profiles(catalog: Catalog, section: SiteSection, place: Site, wanted: set[str]) -> dict[str, np.ndarray]:
    """Capacity factors from the files of the user: a profile as it is, or the sun of a weather file by pvlib."""
    from exasite.models.hourly_file import read_solar_profile, read_wind_profile

    own, longitude = {}, place.longitude_degrees
    if section.solar_file is not None and "solar_pv" in wanted:
        own["solar_pv"] = _read(section, "solar_file", lambda: read_solar_profile(section.solar_file or "", longitude))
    elif section.weather_file is not None and "solar_pv" in wanted:
        from exasite.models.photovoltaics import solar_capacity_factors

        own["solar_pv"] = _read(section, "weather_file",
                                lambda: solar_capacity_factors(section.weather_file or "", catalog))  # fmt: skip
    if section.wind_file is not None and "wind" in wanted:
        own["wind"] = _read(section, "wind_file", lambda: read_wind_profile(section.wind_file or "", longitude))
    return own


def _read(section: SiteSection, key: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except ValueError as error:
        raise InputError([Problem(f"sites.{section.key}.{key}", "; ".join(str(error).splitlines()))]) from None


def with_own_profiles(section: SiteSection, place: Site) -> Site:
    """The site with a name for each profile that a file of the user brings, so that its source can be had."""
    own_sun, own_wind = section.solar_file or section.weather_file, section.wind_file
    return replace(
        place,
        solar_profile=place.solar_profile or (_SOLAR if own_sun else ""),
        wind_profile=place.wind_profile or (_WIND if own_wind else ""),
    )


def _tariff(catalog: Catalog, section: SiteSection, place: Site, price_factor: float) -> Tariff:
    """The tariff of a site's grid.

    An average price without a minimum bill would make an idle connection free standby, which no utility sells to a
    large load: the share of the energy that large-load tariffs bill in any case is the default.
    """
    given = section.tariff
    contract = math.nan if given.contract_mw is None else given.contract_mw
    if not is_wholesale(section):
        least = given.min_bill_fraction
        if least is None:
            least = catalog.value("prices", "tariff_dominion_gs5", "generation_min_bill_fraction")
        return flat_tariff(place.energy_price_usd_per_mwh, min_bill_fraction=least, contract_mw=contract)
    usual = market_terms(catalog, given.market or place.wholesale_market)
    return wholesale_tariff(
        price_factor * _prices(catalog, section, place),
        loss_fraction=given.loss_fraction or 0.0,
        adder_usd_per_mwh=given.adder_usd_per_mwh or 0.0,
        demand_charge_usd_per_kw_month=_or(given.demand_charge_usd_per_kw_month, usual.demand_charge_usd_per_kw_month),
        capacity_charge_usd_per_kw_month=_or(
            given.capacity_charge_usd_per_kw_month, usual.capacity_charge_usd_per_kw_month
        ),
        billed_months=given.billed_months or usual.billed_months,
        billed_hours_of_day=given.billed_hours_of_day or _ALL_HOURS,
        min_bill_fraction=_or(given.min_bill_fraction, catalog.value("power_sources", "grid", "min_bill_fraction")),
        contract_mw=contract,
    )


def tariff_items(section: SiteSection, place: Site) -> set[tuple[str, str]]:
    """Catalogue items (table, item) that the tariff and the sun of a site rest on."""
    found = {("photovoltaics", "plant"), ("photovoltaics", "tracker")} if section.weather_file else set()
    if not is_wholesale(section):
        return found | {("prices", "tariff_dominion_gs5")}
    market = section.tariff.market or place.wholesale_market
    if section.price_file is None:
        found.add(("prices", f"{market}_{section.tariff.year}"))
    return found | {("prices", "tariff_ercot_4cp" if market.startswith("ercot") else "pjm_capacity")}


def is_wholesale(section: SiteSection) -> bool:
    """Whether the grid is paid by the hour: said by the tariff, or by a file of prices."""
    return section.tariff.kind == "wholesale" or section.price_file is not None


def _or(given: float | None, usual: float) -> float:
    return usual if given is None else given


def _prices(catalog: Catalog, section: SiteSection, place: Site) -> np.ndarray:
    if section.price_file is not None:
        from exasite.models.hourly_file import read_prices

        name = section.price_file
        return np.asarray(_read(section, "price_file", lambda: read_prices(name, place.longitude_degrees)))
    market, year = section.tariff.market or place.wholesale_market, section.tariff.year or 0
    return wholesale_prices(catalog, market, year)
