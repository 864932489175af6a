"""What the plan hangs on: weak numbers and the five to verify first, single suppliers, sites, sources and dates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from exasite.models.catalog import Row
from exasite.plans.parts import Parts
from exasite.plans.records import BillItem, Risk, SiteTimeline, Task, Verify
from exasite.plans.risks_works import date_risks, power_risks
from exasite.plans.variation import Variations, Varied
from exasite.report import cautions
from exasite.words import money, percent

MOST_VERIFIED = 25
FIRST_TO_VERIFY = 5
_LEAST_SWING = 1e-6
_LARGE_SHARE = 0.5


def numbers_to_verify(parts: Parts, variations: Variations) -> tuple[tuple[Verify, ...], float, float]:
    """Rows that move the objective most between their low and their high, strongest first.

    Also how far the low-confidence rows with a range move effective ExaFLOPS and capex, root of the sum of squares, as
    shares. Sizes, operation and everything else of the design stay.
    """
    found: list[Verify] = []
    speed = cost = 0.0
    base, totals = parts.rebuilt.objective, parts.rebuilt.figures
    for row in variations.ranged_rows():
        ends = [variations.at({row.key: value}) for value in (row.low, row.high)]
        found.append(_verify(row, ends, base, totals.capex_usd))
        if row.confidence == "low":
            speed += _largest(ends, "effective_exaflops", totals.effective_exaflops) ** 2
            cost += _largest(ends, "capex_usd", totals.capex_usd) ** 2
    moving = sorted((v for v in found if v.swing > _LEAST_SWING), key=lambda v: (-v.swing, v.table, v.item, v.field))
    ranked = [v.model_copy(update={"rank": n}) for n, v in enumerate(moving[:MOST_VERIFIED], start=1)]
    return tuple(ranked), math.sqrt(speed), math.sqrt(cost)


def _largest(ends: Sequence[Varied | None], key: str, base: float) -> float:
    """Largest relative change of a figure; all of it where the design no longer works."""
    return max(1.0 if end is None else abs(getattr(end.totals, key) / base - 1.0) for end in ends)


def _verify(row: Row, ends: Sequence[Varied | None], base: float, capex: float) -> Verify:
    values = [None if end is None else end.objective for end in ends]
    changes = [0.0 if end is None else end.totals.capex_usd - capex for end in ends]
    return Verify(
        rank=0,
        table=row.table,
        item=row.item,
        field=row.field,
        unit=row.unit,
        low=row.low,
        base=row.base,
        high=row.high,
        confidence=row.confidence,
        source=row.source,
        objective_at_low=values[0],
        objective_at_high=values[1],
        swing=max(1.0 if v is None else abs(v / base - 1.0) for v in values),
        capex_change_usd=max(changes, key=abs),
    )


def risks_of(
    parts: Parts,
    bill: Sequence[BillItem],
    tasks: Sequence[Task],
    dates: Sequence[SiteTimeline],
    speed: float,
    cost: float,
) -> tuple[Risk, ...]:
    """All risks, in the order in which they are read."""
    return (
        *_data(parts, bill, speed, cost),
        *_suppliers(bill),
        *_places(parts),
        *power_risks(parts, bill),
        *date_risks(bill, tasks, dates),
        *_doubts(parts),
    )


def _data(parts: Parts, bill: Sequence[BillItem], speed: float, cost: float) -> Iterator[Risk]:
    total = sum(row.total_usd for row in bill) or 1.0
    share = parts.rebuilt.result.provenance.low_confidence_capex_share
    if share is not None:
        yield Risk(
            kind="money",
            title=f"{percent(share)} of capex rests on low-confidence prices",
            detail=f"the low-confidence prices and physics with a range move capex by {percent(cost)} together "
            "(root of the sum of squares), the design fixed",
            share=share,
        )
    allocated = sum(row.total_usd for row in bill if row.basis == "allocated") / total
    yield Risk(
        kind="money",
        title=f"{percent(allocated)} of the bill is allocated, not priced item by item",
        detail="the line as a whole is priced, its split into items is a stated share: ask for quotes before the "
        "rows are used one by one",
        share=allocated,
    )
    yield Risk(
        kind="performance",
        title=f"low-confidence numbers move effective ExaFLOPS by {percent(speed)}",
        detail="root of the sum of squares over all low-confidence numbers with a range, one at a time, the "
        "design fixed",
        share=speed,
    )
    weak = [r for r in parts.rebuilt.result.provenance.rows if r.confidence == "low"]
    open_ended = [r for r in weak if parts.catalog.has(r.table, r.item, r.field) and not _ranged(parts, r)]
    if open_ended:
        yield Risk(
            kind="data",
            title=f"{len(open_ended)} low-confidence numbers have no stated range",
            detail="they cannot be ranked by how far they may be off; they are marked in the appendix",
        )
    if not parts.rebuilt.same_catalog:
        yield Risk(
            kind="data",
            title="the catalogue has changed since the result was made",
            detail="the totals are those of the result; the split into rows uses today's prices, and each line "
            "has a row for the difference; solve again for a consistent plan",
        )


def _ranged(parts: Parts, row: object) -> bool:
    found = parts.catalog.row(row.table, row.item, row.field)  # type: ignore[attr-defined]
    return found.is_text or found.low < found.high


def _suppliers(bill: Sequence[BillItem]) -> Iterator[Risk]:
    total = sum(row.total_usd for row in bill) or 1.0
    spent: dict[str, float] = {}
    for row in bill:
        if row.supplier:
            spent[row.supplier] = spent.get(row.supplier, 0.0) + row.total_usd
    for supplier, usd in sorted(spent.items(), key=lambda pair: -pair[1]):
        if usd / total >= _LARGE_SHARE:
            yield Risk(
                kind="supplier",
                title=f"one supplier, {supplier}, takes {percent(usd / total)} of the capex",
                detail=f"{money(usd)} of servers and network: price, allocation and delivery date are its to "
                "decide; no lead time of accelerators is published",
                share=usd / total,
            )


def _places(parts: Parts) -> Iterator[Risk]:
    sites = parts.rebuilt.result.sites
    if len(sites) == 1:
        yield Risk(
            kind="site",
            title=f"one site carries everything: {sites[0].name}",
            detail="permits, grid, gas and weather of one place decide over the whole plan",
            share=1.0,
        )
        return
    flops = {s.name: sum(c.effective_exaflops for c in s.clusters) for s in sites}
    largest = max(flops, key=lambda name: flops[name])
    share = flops[largest] / sum(flops.values())
    if share >= _LARGE_SHARE:
        yield Risk(kind="site", title=f"{largest} carries {percent(share)} of the ExaFLOPS", detail="", share=share)


def _doubts(parts: Parts) -> Iterator[Risk]:
    result = parts.rebuilt.result
    if result.message:
        yield Risk(kind="data", title="the year does not bear out all of the result", detail=result.message)
    for words in cautions(result):
        yield Risk(kind="supplier", title=words, detail="")
    for c in parts.clusters:
        if not c.racks.fits:
            yield Risk(
                kind="data",
                title=f"{c.key}: one unit is above what the cooling carries in a rack",
                detail=f"{c.racks.compute_kw:.0f} kW against {c.racks.limit_kw:.0f} kW",
            )
