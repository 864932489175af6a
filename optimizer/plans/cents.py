"""Money in whole cents, so that a bill adds up exactly: rows of a line with prices, with weights, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exasite.plans.records import Basis, BillItem

_CENTS = 100
_WORTH_A_ROW = 100  # cents: a smaller rest joins the rounding row of the site


@dataclass(frozen=True)
class Draft:
    """A row before its money is settled: a price [USD a unit], or a weight in what priced rows leave of the line.

    Neither: the row is part of another row's price.
    """

    item: str
    name: str
    count: int
    unit: str
    price_usd: float | None = None
    weight: float = 0.0
    confidence: str = "low"
    source: str = ""
    supplier: str = ""
    lead: str = ""
    lead_weeks: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Rest:
    """What is left of a line after its rows: its name and why it is there."""

    item: str
    name: str
    note: str
    confidence: str = "low"
    source: str = "derived: the line of the design less its rows"


def cents(usd: float) -> int:
    return round(usd * _CENTS)


def settled(site: str, part: str, line: str, line_usd: float, drafts: Sequence[Draft], rest: Rest) -> list[BillItem]:
    """Rows of a line that add up to it, but for the cents that cutting prices to whole cents leaves.

    Rows with a price cost that; rows with a weight share what those leave. Where priced rows alone exceed a line that
    has weighted ones, the prices do not fit the line: all rows then share it in proportion, as `allocated`.
    """
    total = cents(line_usd)
    drafts = [draft for draft in drafts if draft.count > 0]
    priced = sum(_row_cents(d.count, d.price_usd) for d in drafts if d.price_usd is not None)
    weights = sum(d.weight for d in drafts if d.price_usd is None)
    scale = 1.0
    if weights > 0 and priced > total:
        scale = max(0, total) / (priced + priced * weights)
    left = total - sum(_row_cents(d.count, d.price_usd * scale) for d in drafts if d.price_usd is not None)
    rows = [_row(site, part, line, d, _price(d, left, weights, scale), scale) for d in drafts]
    difference = total - sum(cents(row.total_usd) for row in rows)
    room = sum(row.count for row in rows)  # what cutting prices to whole cents can leave
    if abs(difference) >= max(_WORTH_A_ROW, room):
        rows.append(
            BillItem(
                site=site,
                part=part,
                line=line,
                item=rest.item,
                name=rest.name,
                count=1,
                unit="lot",
                unit_price_usd=difference / _CENTS,
                total_usd=difference / _CENTS,
                basis="remainder",
                confidence=rest.confidence,
                source=rest.source,
                note=rest.note,
            )
        )
    return rows


def rounding(site: str, part: str, line: str, difference: int) -> list[BillItem]:
    """The row that takes up the cents that rounding left; none if there are none."""
    if difference == 0:
        return []
    usd = difference / _CENTS
    return [
        BillItem(
            site=site,
            part=part,
            line=line,
            item="rounding",
            name="Rounding of unit prices to whole cents",
            count=1,
            unit="lot",
            unit_price_usd=usd,
            total_usd=usd,
            basis="remainder",
            confidence="high",
            source="derived",
            note="makes the bill equal to the capex of the design to the cent",
        )
    ]


def _price(draft: Draft, left: int, weights: float, scale: float) -> int | None:
    """Price of one unit [cents]; None for a row that is part of another's price."""
    if draft.price_usd is not None:
        return cents(draft.price_usd * scale)
    if draft.weight <= 0:
        return None
    return int(left * draft.weight / weights / draft.count)


def _row_cents(count: int, price_usd: float | None) -> int:
    return count * cents(price_usd or 0.0)


def _row(site: str, part: str, line: str, draft: Draft, price: int | None, scale: float) -> BillItem:
    basis: Basis = "included" if price is None else "catalogue"
    if price is not None and (draft.price_usd is None or scale != 1.0):
        basis = "allocated"
    return BillItem(
        site=site,
        part=part,
        line=line,
        item=draft.item,
        name=draft.name,
        count=draft.count,
        unit=draft.unit,
        unit_price_usd=None if price is None else price / _CENTS,
        total_usd=0.0 if price is None else draft.count * price / _CENTS,
        basis=basis,
        confidence=draft.confidence,
        source=draft.source,
        supplier=draft.supplier,
        lead=draft.lead,
        lead_weeks=draft.lead_weeks,
        note=draft.note,
    )
