"""Tariffs of an instance: an average price, or hourly prices with charges on the peak; never both."""

from __future__ import annotations

from collections.abc import Iterable

from exasite.errors import did_you_mean
from exasite.instance.findings import Finding
from exasite.instance.places import KeyPath
from exasite.instance.schema import SiteSection
from exasite.models.catalog import Catalog
from exasite.models.profiles import wholesale_markets

_CHARGES = (
    "demand_charge_usd_per_kw_month", "capacity_charge_usd_per_kw_month", "billed_months", "billed_hours_of_day",
)  # fmt: skip
_HOURLY = ("market", "year", "loss_fraction", "adder_usd_per_mwh")


def check_tariff(path: KeyPath, site: SiteSection, catalog: Catalog) -> Iterable[Finding]:
    """Keys that do not go together, and a market or year whose prices are not known."""
    given, place = site.tariff, (*path, "tariff")
    said_average = given.kind == "average" and "kind" in given.model_fields_set
    if site.price_file is not None and said_average:
        fix = 'write tariff.kind = "wholesale", or remove it'
        yield Finding((*path, "price_file"), "hourly prices beside an average price", fix)
        return
    if given.kind == "wholesale" or site.price_file is not None:
        yield from _check_wholesale(path, site, catalog)
    else:
        for key in (*_CHARGES, *_HOURLY):
            if getattr(given, key) is not None:
                fix = 'write kind = "wholesale" and a market or price_file, or remove it'
                yield Finding((*place, key), _why_not(key), fix)
    if given.contract_mw is not None and site.max_clusters != 1:
        yield Finding((*place, "contract_mw"), "a signed contract serves one cluster", "remove it, or max_clusters")
    if given.contract_mw is not None and site.grid_limit_mw is not None and given.contract_mw > site.grid_limit_mw:
        message = f"{given.contract_mw:g} MW is above grid_limit_mw = {site.grid_limit_mw:g}"
        yield Finding((*place, "contract_mw"), message, "raise grid_limit_mw or lower the contract")


def _why_not(key: str) -> str:
    if key in _CHARGES:
        return "an average price holds its demand and capacity charges already; both would be paid twice"
    return "has no meaning beside an average price"


def _check_wholesale(path: KeyPath, site: SiteSection, catalog: Catalog) -> Iterable[Finding]:
    given, place = site.tariff, (*path, "tariff")
    if site.energy_price_usd_per_mwh is not None:
        message = "an average price beside hourly prices"
        yield Finding((*path, "energy_price_usd_per_mwh"), message, "remove it, or the wholesale tariff")
    if site.price_file is not None:
        for key in ("market", "year"):
            if getattr(given, key) is not None:
                yield Finding((*place, key), "the prices come from price_file", "remove one of the two")
        return
    market = given.market or ""
    if not market and site.base_id:
        market = catalog.text_or("sites", site.base_id, "wholesale_market", "")
    known = wholesale_markets()
    if not market:
        fix = f"give price_file, or market: {', '.join(known)}"
        yield Finding((*place, "market"), "no wholesale market is known here", fix)
        return
    if market not in known:
        yield Finding((*place, "market"), f"unknown market '{market}'", did_you_mean(market, known))
        return
    years = sorted(int(item.rsplit("_", 1)[1]) for item in catalog.items("prices") if item.startswith(f"{market}_"))
    if given.year is None:
        yield Finding((*place, "year"), "the year of the prices is missing: years differ much",
                      f"choose one of {', '.join(map(str, years))}")  # fmt: skip
    elif given.year not in years:
        yield Finding((*place, "year"), f"no prices of {given.year}", f"known: {', '.join(map(str, years))}")
