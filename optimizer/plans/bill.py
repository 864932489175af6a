"""The bill of materials: every capex line of the design as rows that add up to it to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from exasite.plans.bill_building import building_drafts
from exasite.plans.bill_equipment import equipment_drafts
from exasite.plans.bill_power import power_drafts
from exasite.plans.cents import Draft, Rest, cents, rounding, settled
from exasite.plans.parts import ClusterParts, Parts
from exasite.plans.rebuild import RebuiltSite
from exasite.plans.records import BillItem

Line = tuple[str, str, float, Sequence[Draft], Rest]  # part, line, USD, rows, name of what they leave
_CHANGED = "the catalogue has changed since the result was made: what prices moved is in here"


def bill_of_materials(parts: Parts) -> tuple[BillItem, ...]:
    """All rows, site by site; their totals add up to `totals.capex_usd`."""
    rows: list[BillItem] = []
    last = len(parts.rebuilt.sites) - 1
    for number, site in enumerate(parts.rebuilt.sites):
        found: list[BillItem] = []
        for part, line, usd, drafts, rest in _lines(parts, site):
            kept = rest if parts.rebuilt.same_catalog else _changed(rest)
            found += settled(site.result.site, part, line, usd, drafts, kept)
        # each site comes to its own capex, and the last one takes up what rounding them leaves of the whole
        goal = cents(site.result.capex_usd)
        if number == last:
            goal = cents(parts.rebuilt.totals.capex_usd) - sum(cents(row.total_usd) for row in rows)
        left = goal - sum(cents(row.total_usd) for row in found)
        rows += [*found, *rounding(site.result.site, "site", "rounding", left)]
    return tuple(rows)


def _changed(rest: Rest) -> Rest:
    return replace(rest, note="; ".join(words for words in (rest.note, _CHANGED) if words))


def _lines(parts: Parts, site: RebuiltSite) -> list[Line]:
    found: list[Line] = []
    for cluster in parts.of(site):
        drafts = equipment_drafts(parts, cluster) | building_drafts(parts, cluster)
        for line, usd in cluster.result.capex_usd.items():
            rows, rest = drafts.get(line, ([], Rest(line, line, "")))
            if rows or usd:
                found.append((cluster.label, line, usd, rows, rest))
    for supply, sized in zip(site.result.supply, site.design.supply, strict=True):
        rows, rest = power_drafts(parts, supply, sized)
        found.append((supply.source, "power", supply.capex_usd, rows, rest))
    return found


__all__ = ["ClusterParts", "bill_of_materials"]
