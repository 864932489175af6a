"""Ids of an instance against the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exasite.errors import did_you_mean, shown
from exasite.instance.findings import Finding
from exasite.instance.places import KeyPath
from exasite.instance.schema import CHOICE_TABLES, ChoicesSection, Instance
from exasite.models.catalog import Catalog


def known_ids(catalog: Catalog, table: str) -> tuple[str, ...]:
    """Ids of a table; none if the catalogue has no such table."""
    return catalog.items(table) if table in catalog.tables else ()


def id_findings(path: KeyPath, table: str, name: str, catalog: Catalog) -> Iterable[Finding]:
    """An id that the catalogue does not know."""
    known = known_ids(catalog, table)
    if name not in known:
        yield Finding(path, f"the catalogue has no {table} item {shown(name)}", did_you_mean(name, known))


def _all_choices(instance: Instance) -> Iterator[tuple[KeyPath, ChoicesSection]]:
    yield ("choices",), instance.choices
    for index, site in enumerate(instance.sites):
        yield ("sites", index, "choices"), site.choices


def check_catalog_ids(instance: Instance, catalog: Catalog) -> Iterable[Finding]:
    """Unknown and repeated ids of the choices, the model and the electrical architecture."""
    if isinstance(instance.workload.model, str):
        yield from id_findings(("workload", "model"), "models", instance.workload.model, catalog)
    electrical = instance.facility.electrical
    if electrical is not None:
        yield from id_findings(("facility", "electrical"), "electrical", electrical, catalog)
    for path, choices in _all_choices(instance):
        for key, table in CHOICE_TABLES.items():
            ids: tuple[str, ...] = getattr(choices, key) or ()
            for name in dict.fromkeys(ids):
                yield from id_findings((*path, key), table, name, catalog)
                if ids.count(name) > 1:
                    message = f"names {shown(name)} {ids.count(name)} times"
                    yield Finding((*path, key), message, "name it once")
            yield from _not_at_top(instance, path, key, ids)


def _not_at_top(instance: Instance, path: KeyPath, key: str, ids: tuple[str, ...]) -> Iterable[Finding]:
    """A site narrows the choices of the instance; it cannot widen them."""
    top: tuple[str, ...] | None = getattr(instance.choices, key)
    if path == ("choices",) or top is None:
        return
    for name in dict.fromkeys(ids):
        if name not in top:
            message = f"{shown(name)} is not among choices.{key}; a site can only narrow them"
            yield Finding((*path, key), message, f"add it to choices.{key}")


def check_fabrics_fit(instance: Instance, catalog: Catalog) -> Iterable[Finding]:
    """Interconnects that cannot be bought, and choices in which no interconnect fits any accelerator."""
    for path, choices in _all_choices(instance):
        fabrics = [name for name in choices.interconnects or () if name in known_ids(catalog, "fabrics")]
        for name in fabrics:
            if catalog.text_or("fabrics", name, "selectable", "yes") == "no":
                message = f"{name} has no published price, so it cannot be chosen"
                yield Finding((*path, "interconnects"), message, "remove it")
        accelerators = choices.accelerators or instance.choices.accelerators
        if not fabrics or not accelerators:
            continue
        words = (catalog.words("fabrics", name, "compatible_accelerators") for name in fabrics)
        fitting = {word for fitted in words for word in fitted}
        if fitting and not fitting & set(accelerators):
            message = f"none of these fits {' or '.join(accelerators[:4])}"
            yield Finding((*path, "interconnects"), message, f"they fit {', '.join(sorted(fitting)[:8])}")


def cheapest_accelerator(instance: Instance, catalog: Catalog) -> tuple[str, float] | None:
    """Id and price [USD] of the cheapest accelerator the instance allows; None if no price is known."""
    names = set(instance.choices.accelerators or ())
    if not names:
        lists = [site.choices.accelerators for site in instance.sites]
        every = known_ids(catalog, "accelerators")
        names = {name for ids in lists for name in ids or every} or set(every)
    prices = {
        name: catalog.value("accelerators", name, "price_usd")
        for name in sorted(names)
        if catalog.has("accelerators", name, "price_usd")
    }
    if not prices:
        return None
    name = min(prices, key=prices.__getitem__)
    return name, prices[name]
