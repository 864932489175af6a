"""Sites of an instance: who they are, what they name, and the files they bring along."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from exasite.errors import did_you_mean, shown
from exasite.instance.catalog_checks import id_findings, known_ids
from exasite.instance.findings import Finding
from exasite.instance.places import KeyPath
from exasite.instance.schema import Instance, Range, SiteSection
from exasite.instance.tariff_checks import check_tariff
from exasite.models.catalog import Catalog

SITE_TABLE = "sites"
FILE_KEYS = ("weather_file", "price_file", "solar_file", "wind_file")


def check_sites(instance: Instance, catalog: Catalog) -> Iterable[Finding]:
    """At least one site, each known and named once, with files that exist."""
    if not instance.sites:
        yield Finding(("sites",), "no site is given", 'write [[sites]] and below it id = "memphis_tn"')
    keys = [site.key for site in instance.sites]
    for index, site in enumerate(instance.sites):
        path: KeyPath = ("sites", index)
        yield from _check_identity(path, site, catalog)
        yield from _check_files(path, site, catalog)
        yield from check_tariff(path, site, catalog)
        yield from range_findings((*path, "gpus"), site.gpus)
        if site.key and site.key in keys[:index]:
            fix = "use max_clusters, or give each its own name"
            place = "name" if site.name else "id"
            yield Finding((*path, place), f"{shown(site.key)} stands twice", fix)


def _check_identity(path: KeyPath, site: SiteSection, catalog: Catalog) -> Iterable[Finding]:
    known = known_ids(catalog, SITE_TABLE)
    if site.id is not None:
        yield from id_findings((*path, "id"), SITE_TABLE, site.id, catalog)
        for key in ("like", "latitude_degrees", "longitude_degrees", "elevation_m"):
            if getattr(site, key) is not None:
                message = "belongs to a site that is not in the catalogue"
                yield Finding((*path, key), message, "remove it, or the id")
        return
    place = () if site.like is not None else ("latitude_degrees", "longitude_degrees")
    missing = [key for key in ("name", *place) if getattr(site, key) is None]
    if missing:
        fix = did_you_mean(site.name or "", known)
        yield Finding((*path, missing[0]), f"the site has no id; an own site needs {', '.join(missing)}", fix)
    elif site.like is None and (site.energy_price_usd_per_mwh is None or site.weather_file is None):
        near = _nearest_site(site, catalog)
        message = "an own site needs its energy price and weather_file, or a catalogue site to stand in"
        yield Finding((*path, "like"), message, f'the nearest is like = "{near}"' if near else "")
    if site.like is not None:
        yield from id_findings((*path, "like"), SITE_TABLE, site.like, catalog)


def _nearest_site(site: SiteSection, catalog: Catalog) -> str | None:
    """Catalogue site at the smallest great-circle distance."""

    def cosine(name: str) -> float:
        latitude = math.radians(catalog.value_or(SITE_TABLE, name, "latitude_degrees", math.nan))
        longitude = math.radians(catalog.value_or(SITE_TABLE, name, "longitude_degrees", math.nan))
        own = math.radians(site.latitude_degrees or 0.0)
        turn = math.cos(longitude - math.radians(site.longitude_degrees or 0.0))
        return math.sin(own) * math.sin(latitude) + math.cos(own) * math.cos(latitude) * turn

    located = [name for name in known_ids(catalog, SITE_TABLE) if math.isfinite(cosine(name))]
    return max(located, key=cosine) if located else None


def _check_files(path: KeyPath, site: SiteSection, catalog: Catalog) -> Iterable[Finding]:
    for key in FILE_KEYS:
        name = getattr(site, key)
        if name is None:
            continue
        try:
            found = Path(name).is_file()
        except (OSError, ValueError):  # a name too long, or with a null byte
            found = False
        if not found:
            fix = "the path is relative to the file that names it"
            yield Finding((*path, key), f"no such file: {name[:200]}", fix)
            continue
        problem = _content_problem(key, name, _longitude(site, catalog))
        if problem:
            yield Finding((*path, key), problem, "every hour must be right; nothing is filled in")


def _content_problem(key: str, name: str, longitude_degrees: float) -> str:
    """What is wrong inside a file, row by row, in words; empty for one that can be used."""
    from exasite.models.hourly_file import read_prices, read_solar_profile, read_wind_profile
    from exasite.models.weather import weather_kind

    try:
        if key == "weather_file":
            weather_kind(Path(name))
        else:
            readers = {"price_file": read_prices, "solar_file": read_solar_profile, "wind_file": read_wind_profile}
            readers[key](name, longitude_degrees)
    except ValueError as error:
        return "; ".join(str(error).splitlines())
    return ""


def _longitude(site: SiteSection, catalog: Catalog) -> float:
    if site.longitude_degrees is not None:
        return site.longitude_degrees
    return catalog.value_or(SITE_TABLE, site.base_id, "longitude_degrees", math.nan) if site.base_id else math.nan


def range_findings(path: KeyPath, value: Range | None) -> Iterable[Finding]:
    """A range whose bounds leave no number."""
    if value is None:
        return
    if value.exact is not None and (value.min is not None or value.max is not None):
        yield Finding(path, "has exact beside min or max", "give a number, or a table with min, max or both")
    elif value.lower is not None and value.upper is not None and value.lower > value.upper:
        yield Finding(path, f"min = {value.lower:.12g} is above max = {value.upper:.12g}", "swap them?")
