"""Catalogue rows of everything an instance may choose, so that no alternative is spared its uncertainty."""

from __future__ import annotations

from collections.abc import Iterator

from exasite.instance.schema import CHOICE_TABLES, Instance
from exasite.models.catalog import Catalog
from exasite.studies.base import Base

RowKey = tuple[str, str, str]
_PART_TABLES = ("switches", "optics", "nics")  # of which interconnects are made


def allowed_rows(base: Base) -> list[RowKey]:
    """Rows (table, item, field) of all items that the choices of the base allow, and of the parts of interconnects."""
    instance, catalog = base.loaded.instance, base.loaded.catalog
    items = list(dict.fromkeys(_items(instance, catalog)))
    parts = [part for table, item in items if table == "fabrics" for part in _parts(catalog, item)]
    return [(table, item, field) for table, item in dict.fromkeys([*items, *parts])
            for field in catalog.fields(table, item)]  # fmt: skip


def _items(instance: Instance, catalog: Catalog) -> Iterator[tuple[str, str]]:
    chips = set(_ids(instance, catalog, "accelerators"))
    for key, table in CHOICE_TABLES.items():
        for item in _ids(instance, catalog, key):
            if table != "fabrics" or chips & set(catalog.words("fabrics", item, "compatible_accelerators")):
                yield table, item


def _ids(instance: Instance, catalog: Catalog, key: str) -> tuple[str, ...]:
    """Ids of a choice: the lists of instance and sites, or all items of the table where neither has one."""
    everyone: tuple[str, ...] | None = getattr(instance.choices, key)
    own = [getattr(site.choices, key) for site in instance.sites]
    if everyone is not None:
        return everyone
    if own and all(ids is not None for ids in own):
        return tuple(dict.fromkeys(item for ids in own for item in ids))
    return catalog.items(CHOICE_TABLES[key])


def _parts(catalog: Catalog, fabric: str) -> Iterator[tuple[str, str]]:
    for row in catalog.fields("fabrics", fabric).values():
        for table in _PART_TABLES:
            if row.is_text and row.text in catalog.items(table):
                yield table, row.text
