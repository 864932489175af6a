"""The catalogue page: tables, items, how sure the numbers are, the weakest ones, and the sources."""

from __future__ import annotations

from collections import Counter

from docpages.markdown import anchor, code, number, page, percent, table
from exasite.models.catalog import MONEY_YEAR, Catalog, Row, load_catalog

_WEAKEST = 40
_WORDS = ("high", "medium", "low")
SUBJECTS = {
    "accelerators": "Chips as they are sold: peak, best matmul, memory, power, links, price, rack.",
    "capex_items": "Prices of building: shell, electrical, mechanical, land, utility works, soft cost, contingency.",
    "compute_parameters": "The step-time model: fitted numbers (with their standard error), memory, search limits.",
    "bill_items": "What a building's plant is counted in: modules, loads, shares of their capex line.",
    "cooling": "Cooling methods: heat path, fans and pumps, rack limit, capex, effect on failures and fans.",
    "cooling_parameters": "Constants that all cooling methods share.",
    "electrical": "Loss between the meter and the servers.",
    "fabric_parameters": "Failure rates and shares that hold for every interconnect.",
    "fabrics": "Interconnects: topology, parts, taper, islands, and the accelerators they fit.",
    "finance": "Rates, lives and yearly expenses.",
    "firmness": "What counts as firm power.",
    "models": "Models to be trained: shape, batch, checkpoint.",
    "nics": "Network adapters.",
    "optics": "Optical modules and cables.",
    "photovoltaics": "The chain from a weather file to solar power.",
    "plan_parameters": "Floor, rows, halls, cable reach and the order of works of a build plan.",
    "power_sources": "Grid, turbines, engines, fuel cells, nuclear, sun, wind, batteries, backup.",
    "price_index": f"Brings every price to dollars of {MONEY_YEAR}.",
    "prices": "Energy and fuel prices by place, and what an own site takes where it says nothing.",
    "profiles": "About the hourly solar and wind profiles that are shipped.",
    "recovery": "What a job does when a part stops.",
    "regional_cost": "Regional cost of power plants over the national mean.",
    "reliability": "Stops by cause, repair times, factors by accelerator.",
    "schedule": "Steps of building a site and how long they take.",
    "sites": "Places: grid, prices, gas, nuclear, climate, cost level.",
    "stations": "Weather stations that stand for the sites.",
    "storage": "Checkpoint storage tiers.",
    "switches": "Network switches.",
}


def catalogue_page() -> str:
    catalog = load_catalog()
    return page(
        "The catalogue",
        _introduction(catalog),
        "## Tables",
        _overview(catalog),
        "## Weakest numbers",
        _weakest(catalog),
        "## Table by table",
        *(_one_table(catalog, name) for name in catalog.tables),
    )


def _rows(catalog: Catalog, name: str) -> list[Row]:
    return [row for item in catalog.items(name) for row in catalog.fields(name, item).values()]


def _introduction(catalog: Catalog) -> str:
    rows = list(catalog.rows.values())
    return f"""\
Every number exasite uses is one row here: {len(rows):,} rows of {len({r.source for r in rows}):,} sources in
{len(catalog.tables)} tables. A row has a unit, a money year if it is a price, a low and a high value where the source
gives them, a confidence, a source and often a note. It is converted once, when it is loaded: to the unit that its
field name says, and to dollars of {MONEY_YEAR}.

    exasite catalog                          the tables
    exasite catalog accelerators             the items of one
    exasite catalog accelerators H100-SXM    every number of an item, with range, source and confidence

Confidence: *high* is published by the maker or an authority, or measured, and was read at its source; *medium* is
second-hand or derived from such numbers; *low* is written down from memory, assumed, or an estimate of one party.
Any number can be replaced in an instance: see
[how to override a price](howto.md#override-a-price-or-any-other-number)."""


def _counts(rows: list[Row]) -> list[str]:
    found = Counter(row.confidence for row in rows)
    return [percent(found[word] / len(rows), 0) for word in _WORDS]


def _overview(catalog: Catalog) -> str:
    lines = []
    for name in catalog.tables:
        rows, link = _rows(catalog, name), f"[{code(name)}](#{anchor(name)})"
        lines.append([link, SUBJECTS.get(name, ""), len(catalog.items(name)), len(rows), *_counts(rows)])
    rows = list(catalog.rows.values())
    items = sum(len(catalog.items(name)) for name in catalog.tables)
    lines.append(["all", "", items, f"{len(rows):,}", *_counts(rows)])
    return table(["table", "subject", "items", "rows", *_WORDS], lines, range(2, 7))


def _weakest(catalog: Catalog) -> str:
    low = [row for row in catalog.rows.values() if row.confidence == "low" and not row.is_text]
    ranged = [row for row in low if row.low > 0 and row.high > row.low]
    ranged.sort(key=lambda row: (-row.high / row.low, row.key))
    single = sum(1 for row in low if row.low == row.high)
    cells = [
        [code(f"{r.table}.{r.item}.{r.field}"), number(r.base), number(r.low), number(r.high), r.unit,
         number(r.high / r.low), r.source]
        for r in ranged[:_WEAKEST]
    ]  # fmt: skip
    by_table = Counter(row.table for row in low)
    most = ", ".join(f"{code(name)} {count}" for name, count in _most_first(by_table)[:8])
    return f"""\
{len(low):,} numbers are of low confidence; {single:,} of them come without a range, so nobody knows how far off they
may be. Most stand in: {most}.

What a given answer rests on is listed in its own `provenance`, with the share of capex that hangs on low-confidence
prices: see [what low confidence means](howto.md#what-low-confidence-means).

The {min(_WEAKEST, len(cells))} of them whose range is the widest, by high over low:

{table(["number", "base", "low", "high", "unit", "high/low", "source"], cells, (1, 2, 3, 5))}"""


def _one_table(catalog: Catalog, name: str) -> str:
    rows, items = _rows(catalog, name), catalog.items(name)
    shares = ", ".join(f"{share} {word}" for share, word in zip(_counts(rows), _WORDS, strict=True))
    sources = Counter(row.source for row in rows)
    listed = "\n".join(f"- {source} ({count})" for source, count in _most_first(sources))
    return f"""\
### {name}

{SUBJECTS.get(name, "")} {len(items)} {_plural("item", len(items))}, {len(rows)} rows: {shares}.

{_items(catalog, name)}

Fields: {_fields(rows)}

<details><summary>{len(sources)} {_plural("source", len(sources))}, with the number of rows</summary>

{listed}

</details>"""


def _items(catalog: Catalog, name: str) -> str:
    items = catalog.items(name)
    names = {item: catalog.text_or(name, item, "name", "") for item in items}
    if not any(names.values()):
        return "Items: " + ", ".join(code(item) for item in items)
    return table(
        ["item", "name", "rows", *_WORDS],
        [[code(item), names[item], len(rows := list(catalog.fields(name, item).values())), *_counts(rows)]
         for item in items],
        range(2, 6),
    )  # fmt: skip


def _fields(rows: list[Row]) -> str:
    units: dict[str, str] = {}
    for row in rows:
        units.setdefault(row.field, "" if row.is_text else row.unit)
    return ", ".join(code(field) + (f" [{unit}]" if unit else "") for field, unit in units.items())


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


