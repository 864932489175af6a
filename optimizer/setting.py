"""From a checked instance to what holds at each site: place, climate, sources, terms, and the ids to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from exasite.errors import InputError, Problem
from exasite.instance.loading import LoadedInstance
from exasite.instance.schema import ChoicesSection, InlineModel, SiteSection
from exasite.models.accelerator import Accelerator, accelerator
from exasite.models.capex import FacilityPrices, facility_prices
from exasite.models.catalog import Catalog
from exasite.models.climate import Climate, site_climate
from exasite.models.cluster import GivenFactors
from exasite.models.cooling import electrical_loss
from exasite.models.fabric import compatible_fabrics
from exasite.models.finance import Finance, finance
from exasite.models.levers import site_factor
from exasite.models.power import SiteSource, site_sources
from exasite.models.schedule import cluster_ready_years
from exasite.models.site import Site, custom_site, override_site, site
from exasite.models.workload import Workload, workload
from exasite.site_power import priced_sources, with_own_profiles

DEFAULT_ELECTRICAL = "ups_double_conversion"
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class SiteSetting:
    """One site of the question: the place with the user's changes, its climate, sources, and measured factors."""

    section: SiteSection
    site: Site
    climate: Climate
    sources: tuple[SiteSource, ...]
    given: GivenFactors


@dataclass(frozen=True)
class Setting:
    """What holds for the whole question."""

    loaded: LoadedInstance
    sites: tuple[SiteSetting, ...]
    prices: FacilityPrices
    terms: Finance
    electrical_loss: float
    ready_years: float
    firm_availability: float
    proven_availability: float
    unserved_share: float

    @property
    def catalog(self) -> Catalog:
        return self.loaded.catalog

    @property
    def years_allowed(self) -> float:
        """Years from the decision to the date the design must be online; infinite without one."""
        limit = self.loaded.instance.limit.online_by
        return float("inf") if limit is None else years_between(self.loaded.instance.decision_date, limit)


def years_between(start: date, end: date) -> float:
    return (end - start).days / _DAYS_PER_YEAR


def date_after(start: date, years: float) -> date:
    return start + timedelta(days=round(years * _DAYS_PER_YEAR))


def decimal_year(day: date) -> float:
    return day.year + (day.timetuple().tm_yday - 1) / _DAYS_PER_YEAR


def setting(loaded: LoadedInstance) -> Setting:
    """Resolve everything the tabulation needs. Raises InputError for weather files that cannot be used."""
    instance, catalog = loaded.instance, loaded.catalog
    firm = instance.facility.firm_availability or catalog.value("firmness", "standard", "availability_target")
    proven = 0.0 if instance.facility.spare_units is not None else firm  # N+k is the user's own judgement
    unserved = instance.facility.unserved_share
    return Setting(
        loaded=loaded,
        sites=tuple(_site_setting(loaded, section) for section in instance.sites),
        prices=_prices(loaded),
        terms=_terms(loaded),
        electrical_loss=electrical_loss(catalog, instance.facility.electrical or DEFAULT_ELECTRICAL),
        ready_years=cluster_ready_years(catalog),
        firm_availability=firm,
        proven_availability=proven,
        unserved_share=1.0 - firm if unserved is None else unserved,
    )


def _site_setting(loaded: LoadedInstance, section: SiteSection) -> SiteSetting:
    catalog = loaded.catalog
    factors = loaded.instance.scale
    changes = {key: value * site_factor(factors, key) if isinstance(value, float | int) else value
               for key, value in section.site_values.items()}  # fmt: skip
    if section.base_id:
        place = override_site(site(catalog, section.base_id), changes)
    else:
        place = custom_site(catalog, {**changes, "name": section.key})
    place = replace(place, id=section.key, name=section.name or place.name)
    place = with_own_profiles(section, place)
    given = GivenFactors(**{
        key: None if value is None else min(value * site_factor(factors, key), 10.0 if key == "pue" else 1.0)
        for key, value in section.given.model_dump().items()
    })  # fmt: skip
    allowed = chosen(section.choices, loaded.instance.choices, "power")
    sources = priced_sources(
        catalog, section, place, site_sources(catalog, place, allowed),
        price_factor=site_factor(factors, "energy_price_usd_per_mwh"),
    )
    return SiteSetting(section, place, _climate(catalog, section), sources, given)


def _climate(catalog: Catalog, section: SiteSection) -> Climate:
    if section.weather_file is None:
        return site_climate(catalog, section.base_id)
    from exasite.models.weather import WeatherError, read_weather  # pvlib is an extra, imported only where used

    try:
        return read_weather(section.weather_file)
    except WeatherError as error:
        raise InputError([Problem(f"sites.{section.key}.weather_file", "; ".join(str(error).splitlines()))]) from None


def _prices(loaded: LoadedInstance) -> FacilityPrices:
    prices, given = facility_prices(loaded.catalog), loaded.instance.finance
    if given.contingency_fraction is not None:
        prices = replace(prices, contingency_fraction=given.contingency_fraction)
    if given.soft_cost_fraction is not None:
        prices = replace(prices, soft_fraction=given.soft_cost_fraction)
    return prices


def _terms(loaded: LoadedInstance) -> Finance:
    terms, given = finance(loaded.catalog), loaded.instance.finance
    if given.discount_rate is not None:
        terms = replace(terms, rate_it=given.discount_rate, rate_facility=given.discount_rate)
    if given.it_life_years is not None:
        terms = replace(terms, life_it_years=given.it_life_years)
    if given.facility_life_years is not None:
        terms = replace(terms, life_facility_years=given.facility_life_years)
    return terms


def chosen(own: ChoicesSection, general: ChoicesSection, key: str) -> Sequence[str] | None:
    """Ids a site may use: its own list, within the general one; None means all."""
    mine, everyone = getattr(own, key), getattr(general, key)
    if mine is None or everyone is None:
        return mine if mine is not None else everyone
    return tuple(item for item in mine if item in everyone)


def accelerators_for(loaded: LoadedInstance, section: SiteSection) -> tuple[Accelerator, ...]:
    """Accelerators that may be used at a site and can be had by the date the design must be online."""
    ids = chosen(section.choices, loaded.instance.choices, "accelerators") or loaded.catalog.items("accelerators")
    chips = [accelerator(loaded.catalog, chip) for chip in ids]
    limit = loaded.instance.limit.online_by
    latest = decimal_year(limit) if limit is not None else float("inf")
    if limit is not None and cluster_ready_years(loaded.catalog) > years_between(loaded.instance.decision_date, limit):
        return ()
    return tuple(chip for chip in chips if chip.available_year <= latest and precision_of(loaded, chip) in chip.mamf)


def fabrics_for(loaded: LoadedInstance, section: SiteSection, chip: Accelerator) -> tuple[str, ...]:
    """Interconnects that fit an accelerator and may be used at a site; concepts nobody has built must be named."""
    allowed = chosen(section.choices, loaded.instance.choices, "interconnects")
    fitting = compatible_fabrics(loaded.catalog, chip.id)
    if allowed is not None:
        return tuple(f for f in fitting if f in allowed)
    return tuple(f for f in fitting if loaded.catalog.text("fabrics", f, "status") != "concept")


def ids_for(loaded: LoadedInstance, section: SiteSection, key: str, table: str) -> tuple[str, ...]:
    """Ids of a catalogue table that may be used at a site."""
    return tuple(chosen(section.choices, loaded.instance.choices, key) or loaded.catalog.items(table))


def precision_of(loaded: LoadedInstance, chip: Accelerator) -> str:
    """Precision of the workload on a chip: as asked, else what is usual on it."""
    return loaded.instance.workload.precision or chip.default_precision


def workload_for(loaded: LoadedInstance, chip: Accelerator) -> Workload:
    """The workload of the instance at the precision used on a chip."""
    section, precision = loaded.instance.workload, precision_of(loaded, chip)
    model_id = section.model if isinstance(section.model, str) else "llama3-405b"
    base = workload(
        loaded.catalog, model_id, precision=precision, batch_tokens=section.batch_tokens,
        sequence_length=section.sequence_length, software_year=section.software_year,
    )  # fmt: skip
    return _inline(base, section.model) if isinstance(section.model, InlineModel) else base


def _inline(base: Workload, shape: InlineModel) -> Workload:
    given = {name: value for name, value in shape.model_dump().items() if value is not None}
    given.setdefault("kv_heads", given["heads"])
    dense = {"total_parameters": None, "moe_factor_small_domain": 1.0, "moe_factor_large_domain": 1.0}
    return replace(base, **{**dense, **given})
