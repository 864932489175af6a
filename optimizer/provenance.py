"""Which catalogue rows a design rests on, and how much of its capex hangs on weak numbers."""

from __future__ import annotations

from collections.abc import Iterable

from exasite.models.catalog import Catalog, Row
from exasite.models.evaluate import ClusterEvaluation, SiteEvaluation
from exasite.models.fabric_parts import Fabric
from exasite.result import SourceRow

# Tables of parameters that every design uses as a whole.
_GENERAL = ("compute_parameters", "reliability", "cooling_parameters", "capex_items", "finance", "fabric_parameters",
            "firmness")  # fmt: skip
# Capex line -> field of the catalogue row that carries its price.
_FACILITY_ROWS = {
    "shell": ("capex_items", "facility", "shell_usd_per_kw"),
    "electrical": ("capex_items", "facility", "electrical_usd_per_kw"),
    "land": ("capex_items", "site", "land_usd_per_acre"),
    "utility": ("capex_items", "site", "utility_usd_per_kw"),
    "soft": ("capex_items", "facility", "soft_fraction"),
    "contingency": ("capex_items", "facility", "contingency_fraction"),
}


def rows_used(catalog: Catalog, sites: Iterable[SiteEvaluation], site_ids: Iterable[str], electrical: str,
              model_id: str | None, others: Iterable[tuple[str, str]] = ()) -> tuple[SourceRow, ...]:  # fmt: skip
    """Every catalogue row of the items a design is made of, and of `others` (table, item), in table order."""
    items: set[tuple[str, str]] = {("electrical", electrical), *others}
    if model_id is not None:
        items.add(("models", model_id))
    for site, base in zip(sites, site_ids, strict=True):
        items |= {("sites", base), ("stations", base), ("regional_cost", site.design.site.cost_region)}
        items |= {("power_sources", s.source.id) for s in site.design.supply}
        for cluster in site.clusters:
            items |= _cluster_items(cluster)
    rows = [row for row in catalog.rows.values() if (row.table, row.item) in items or row.table in _GENERAL]
    return tuple(source_row(row) for row in sorted(rows, key=lambda row: row.key))


def _cluster_items(cluster: ClusterEvaluation) -> set[tuple[str, str]]:
    parts = cluster.design.components
    links = parts.fabric
    return {
        ("accelerators", parts.accelerator.id),
        ("fabrics", links.id),
        ("switches", links.switch.id),
        ("optics", links.switch_optic.id),
        ("optics", links.nic_optic.id),
        ("optics", links.cable.id),
        ("nics", links.nic),
        ("cooling", parts.cooling.id),
        ("storage", parts.storage.id),
        ("recovery", parts.recovery.id),
    }


def source_row(row: Row) -> SourceRow:
    """A catalogue row as results and plans list it."""
    shown: float | str = row.text if row.is_text else row.base
    return SourceRow(table=row.table, item=row.item, field=row.field, value=shown, unit=row.unit,
                     money_year=row.money_year, confidence=row.confidence, source=row.source)  # fmt: skip


def low_confidence_share(catalog: Catalog, sites: Iterable[SiteEvaluation]) -> float:
    """Share of capex whose price is a low-confidence number of the catalogue."""
    weak, total = 0.0, 0.0
    for site in sites:
        for cluster in site.clusters:
            for line, cost in cluster.cost.capex.lines().items():
                spent = float(cost.sum())
                total += spent
                weak += spent * _weak_share(catalog, cluster, line)
        for source, capex in site.supply_capex_usd.items():
            total += capex
            weak += capex * _is_low(catalog, ("power_sources", source, "capex_usd_per_kw"))
    return weak / total if total > 0 else 0.0


def _weak_share(catalog: Catalog, cluster: ClusterEvaluation, line: str) -> float:
    parts = cluster.design.components
    if line in ("servers", "spares"):
        return _is_low(catalog, ("accelerators", parts.accelerator.id, "price_usd"))
    if line == "network":
        return _weak_network(catalog, cluster, parts.fabric)
    if line == "storage":
        return _is_low(catalog, ("storage", parts.storage.id, "price_usd_per_gb_per_s"))
    if line == "mechanical":
        return _is_low(catalog, ("cooling", parts.cooling.id, "capex_usd_per_kw"))
    return _is_low(catalog, _FACILITY_ROWS[line])


def _weak_network(catalog: Catalog, cluster: ClusterEvaluation, links: Fabric) -> float:
    counted = cluster.interconnect
    all_in = float(counted.capex_usd[0])
    switches = float(counted.switches_usd[0]) * _is_low(catalog, ("switches", links.switch.id, "price_usd"))
    optics = float(counted.optics_usd[0]) * _is_low(catalog, ("optics", links.switch_optic.id, "price_usd"))
    return (switches + optics) / all_in if all_in > 0 else 0.0


def _is_low(catalog: Catalog, key: tuple[str, str, str]) -> float:
    return 1.0 if catalog.has(*key) and catalog.row(*key).confidence == "low" else 0.0
