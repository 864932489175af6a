"""Small random choices of sites, clusters and power plants, and the best of them by full enumeration.

The plants are simple enough that nothing needs a solver once clusters and unit counts are given: sources are
ranked alike by cost and by CO2, so merit order is best for both, and a grid of any size is best at a corner of the
functions of its size, which are piecewise linear.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from exasite.options import (
    QUANTITIES,
    Configuration,
    CoolingHours,
    Options,
    SegmentTable,
    SiteOptions,
    SupplyOption,
)

HOURS = 8760.0
DAY = 4  # representative hours
# What a design is summed up by, over all its sites.
TOTALS = (
    "effective_exaflops", "capex_musd", "facility_mean_mw", "facility_peak_mw", "annual_musd", "opex_musd", "gpus",
    "clusters", "co2_t", "water_m3", "land_acres", "power_musd", "energy_mwh",
)  # fmt: skip
_CHEAPER = ("capex_musd", "annual_musd", "opex_musd", "co2_t", "land_acres", "power_musd")
Design = dict[str, Any]  # numbers, or arrays of numbers of several designs


def limited(totals: Design) -> Design:
    """What the keys of [limit] speak of, in their units."""
    return {
        "capex_usd": totals["capex_musd"] * 1e6,
        "opex_usd_per_year": totals["opex_musd"] * 1e6,
        "facility_mw": totals["facility_peak_mw"],
        "energy_price_usd_per_mwh": totals["power_musd"] * 1e6 / totals["energy_mwh"],
        "co2_t_per_year": totals["co2_t"],
        "water_m3_per_year": totals["water_m3"],
        "land_acres": totals["land_acres"],
    }


def random_options(seed: int) -> Options:
    """One site with a grid of any size, or two or three with a grid in units or one that is only the last resort."""
    rng = np.random.default_rng(seed)
    style = ("sized", "units", "last")[seed % 3]
    sites = 1 if style == "sized" else int(rng.integers(2, 4))
    return Options(tuple(_site(rng, f"site{i}", style, sites) for i in range(sites)), 1e-3)


def _site(rng: np.random.Generator, name: str, style: str, sites: int) -> SiteOptions:
    weights = rng.uniform(500, 3000, DAY)
    cooling = tuple(_cooling(rng, method) for method in ("wet", "dry"))
    return SiteOptions(
        id=name,
        segments=_segments(rng, 4 if sites < 3 else 2),
        cooling=cooling,
        supply=_supply(rng, style),
        hour_weights=weights * HOURS / weights.sum(),
        hour_days=np.zeros(DAY, dtype=int),
        max_clusters=2 if sites == 1 and rng.random() < 0.5 else 1,
        gas_limit_mw=float(rng.uniform(4, 20)) if rng.random() < 0.3 else math.inf,
        gpus=(0.0, float(rng.integers(40, 80)) if rng.random() < 0.3 else math.inf),
    )


def _cooling(rng: np.random.Generator, method: str) -> CoolingHours:
    liquid, air = rng.uniform(0.03, 0.2, DAY), rng.uniform(0.1, 0.5, DAY)
    return CoolingHours(
        method, liquid, air, float(liquid.mean()), float(air.mean()), float(liquid.max() * 1.1), float(air.max() * 1.2),
        float(rng.uniform(0, 2)), float(rng.uniform(0, 2)),
    )  # fmt: skip


def _segments(rng: np.random.Generator, configurations: int) -> SegmentTable:
    rows: list[tuple[int, int, int]] = []
    for q in range(configurations):
        start = int(rng.integers(1, 4))
        for _ in range(int(rng.integers(1, 4))):
            end = start + int(rng.integers(0, 3))
            rows.append((q, start, end))
            start = end + 1
    index, lower, upper = (np.array(column, dtype=int) for column in zip(*rows, strict=True))
    unit = rng.choice([4, 8], configurations)
    scale = {"effective_exaflops": 1.0, "capex_musd": 40.0, "annual_capex_musd": 9.0, "fixed_opex_musd": 1.5,
             "land_acres": 0.5, "liquid_mean_mw": 0.6, "air_mean_mw": 0.3}  # fmt: skip
    slope = {k: v * rng.uniform(0.5, 1.5, len(rows)) for k, v in scale.items()}
    intercept = {k: v * rng.uniform(-0.2, 1.0, len(rows)) for k, v in scale.items()}
    for kind in ("liquid", "air"):
        for line in (slope, intercept):
            line[f"{kind}_peak_mw"] = line[f"{kind}_mean_mw"] * 1.3
    slope["gpus"], intercept["gpus"] = unit[index].astype(float), np.zeros(len(rows))
    names = tuple(
        Configuration(f"chip{q}", "links", ("wet", "dry")[q % 2], "store", "restart", int(unit[q]))
        for q in range(configurations)
    )
    table = {name: slope[name] for name in QUANTITIES}
    return SegmentTable(names, index, lower, upper, table, {name: intercept[name] for name in QUANTITIES}, 0)


def _supply(rng: np.random.Generator, style: str) -> tuple[SupplyOption, ...]:
    """Grid, turbines and diesel, ranked by cost and CO2: diesel last, or it gives no energy at all."""
    ranks = {"sized": (0, 1) if rng.random() < 0.5 else (1, 0), "units": (0, 1), "last": (1, 0)}[style]
    costs, carbon = np.sort(rng.uniform(20, 120, 3)), np.sort(rng.uniform(0.1, 0.9, 3))
    grid = _source(
        rng, "grid", "grid", unit=3.0 if style == "units" else 0.0, units=3, cost=costs[ranks[0]], co2=carbon[ranks[0]]
    )
    if style != "units":
        grid = replace(grid, max_mw=float(rng.uniform(3, 14)))
    unit = float(rng.uniform(1.5, 3.0))
    turbine = replace(
        _source(rng, "turbine", "dispatchable", unit=unit, units=4, cost=costs[ranks[1]], co2=carbon[ranks[1]]),
        fuel="natural_gas", firm_mw_per_unit=unit * float(rng.uniform(0.85, 1.0)),
        firm_offset_mw=unit * float(rng.uniform(0.1, 0.8)), availability=np.full(DAY, 0.95),
    )  # fmt: skip
    diesel = _source(rng, "diesel", "backup", unit=2.0, units=2, cost=costs[2], co2=carbon[2])
    if style == "last":
        diesel = replace(diesel, availability=np.zeros(DAY))
    if rng.random() < 0.5:
        diesel = replace(diesel, firm_offset_mw=2.0 * float(rng.integers(0, 2)))
    return grid, turbine, replace(diesel, full_load_hours=float(rng.uniform(100, 4000)))


def _source(rng: np.random.Generator, name: str, kind: str, *, unit: float, units: int, cost: float,
            co2: float) -> SupplyOption:  # fmt: skip
    return SupplyOption(
        id=name, kind=kind, unit_mw=unit, max_mw=unit * units, capex_musd_per_mw=float(rng.uniform(0.2, 2.5)),
        capex_musd_per_mwh=0.0, annual_capex_factor=float(rng.uniform(0.06, 0.15)),
        fixed_musd_per_mw_year=float(rng.uniform(0.0, 0.05)), cost_usd_per_mwh=float(cost), co2_t_per_mwh=float(co2),
        land_acres_per_mw=float(rng.uniform(0, 0.2)), availability=np.ones(DAY), must_take=False, firm=True, fuel="",
        firm_mw_per_unit=unit, firm_offset_mw=0.0, full_load_hours=math.inf, round_trip_efficiency=1.0, firm_hours=0.0,
        lead_years=1.0,
    )  # fmt: skip


def designs(options: Options, limits: Mapping[str, float] | None = None) -> Design:
    """Totals of every design that meets the rules of all sites, arrays [designs].

    `limits` are upper bounds as in [limit]: where one cuts a grid of any size, the cut is a design too.
    """
    total = np.zeros((len(TOTALS), 1))
    for site in options.sites:
        total = (total[:, :, None] + site_designs(site, limits or {})[:, None, :]).reshape(len(TOTALS), -1)
    kept = total[:, total[TOTALS.index("clusters")] >= 1]
    return dict(zip(TOTALS, kept, strict=True))


def site_designs(site: SiteOptions, limits: Mapping[str, float]) -> np.ndarray:
    """Designs of one site [totals x designs], the empty one included; for equal clusters undominated plants only."""
    found = [np.zeros(len(TOTALS))]
    for built in _clusters(site):
        if not site.gpus[0] <= built["gpus"] <= site.gpus[1]:
            continue
        plants = [plant for counts in _counts(site) for plant in _plants(site, built, counts, limits)]
        found += [np.array([plant[name] for name in TOTALS]) for plant in _undominated(plants)]
    return np.array(found).T


def _undominated(plants: list[Design]) -> list[Design]:
    values = np.array([[plant[name] for name in _CHEAPER] for plant in plants]).reshape(len(plants), len(_CHEAPER))
    kept = []
    for i, row in enumerate(values):
        worse = (values <= row).all(axis=1) & (values < row).any(axis=1)
        if not worse.any():
            kept.append(plants[i])
    return kept


def _clusters(site: SiteOptions) -> Iterator[Design]:
    """Every set of one to `max_clusters` clusters: sums of their quantities, and power by hour as `mw<hour>`."""
    table = site.segments
    singles = [
        _single(site, j, units) for j in range(len(table)) for units in range(table.lower[j], table.upper[j] + 1)
    ]
    for count in range(1, site.max_clusters + 1):
        for chosen in itertools.combinations_with_replacement(singles, count):
            total = {name: sum(one[name] for one in chosen) for name in singles[0]}
            yield {**total, "clusters": float(count)}


def _single(site: SiteOptions, segment: int, units: int) -> Design:
    table = site.segments
    q = {name: float(table.slope[name][segment] * units + table.intercept[name][segment]) for name in QUANTITIES}
    method = table.configurations[table.configuration[segment]].cooling
    over = next(c for c in site.cooling if c.id == method)
    liquid, air = q["liquid_mean_mw"], q["air_mean_mw"]
    q |= {f"mw{h}": liquid * (1 + over.overhead_liquid[h]) + air * (1 + over.overhead_air[h]) for h in range(DAY)}
    q["facility_mean_mw"] = liquid * (1 + over.mean_liquid) + air * (1 + over.mean_air)
    q["facility_peak_mw"] = q["liquid_peak_mw"] * (1 + over.peak_liquid) + q["air_peak_mw"] * (1 + over.peak_air)
    q["water_m3"] = HOURS * (liquid * over.water_liquid_m3_per_mwh + air * over.water_air_m3_per_mwh)
    return q


def _counts(site: SiteOptions) -> Iterator[dict[str, int]]:
    """Every number of units of the sources that come in units."""
    sized = [s for s in site.supply if s.unit_mw > 0]
    for counts in itertools.product(*(range(int(s.max_mw / s.unit_mw + 1e-9) + 1) for s in sized)):
        gas = sum(n * s.unit_mw for n, s in zip(counts, sized, strict=True) if s.fuel == "natural_gas")
        if gas <= site.gas_limit_mw:
            yield {s.id: n for n, s in zip(counts, sized, strict=True)}


def _plants(site: SiteOptions, built: Design, counts: dict[str, int], limits: Mapping[str, float]) -> list[Design]:
    """Designs with these clusters and unit counts: one, or those at the corners of the size of the grid."""
    free, sized = next((s for s in site.supply if s.unit_mw == 0), None), _sized(site)
    mw = {s.id: counts[s.id] * s.unit_mw for s in sized}
    firm = sum(min(_firm(s, counts[s.id]), s.max_mw) for s in sized)
    demand = np.array([built[f"mw{h}"] for h in range(DAY)])
    if free is None:
        plants = [_plant(site, built, mw, demand)] if firm >= built["facility_peak_mw"] else []
        return [plant for plant in plants if _runs(plant)]
    usable = [mw[s.id] * s.availability for s in sized]
    least = max(0.0, built["facility_peak_mw"] - firm, float((demand - sum(usable)).max()))
    kinks = {float(d) for k in range(len(sized) + 1) for some in itertools.combinations(usable, k)
             for d in demand - sum(some)}  # fmt: skip
    sizes = [least, *sorted(k for k in kinks if least < k < free.max_mw), free.max_mw]
    if least > free.max_mw:
        return []
    plants = [_plant(site, built, {**mw, free.id: size}, demand) for size in sizes]
    plants += [_plant(site, built, {**mw, free.id: size}, demand) for size in _cuts(plants, sizes, limits)]
    return [plant for plant in plants if _runs(plant)]


def _sized(site: SiteOptions) -> list[SupplyOption]:
    return [s for s in site.supply if s.unit_mw > 0]


def _firm(source: SupplyOption, units: int) -> float:
    return source.firm_mw_per_unit * units - source.firm_offset_mw if units > 0 else 0.0


def _runs(plant: Design) -> bool:
    return bool(plant["diesel_excess_mwh"] <= 1e-6 and plant["short_mwh"] <= 1e-6)


def _cuts(plants: list[Design], sizes: list[float], limits: Mapping[str, float]) -> list[float]:
    """Sizes of the grid at which a limit, or the hours of the diesel, is met exactly."""
    found = []
    for (low, a), (high, b) in itertools.pairwise(zip(sizes, plants, strict=True)):
        ends = [(limited(a)[name] - most, limited(b)[name] - most) for name, most in limits.items()]
        for before, after in [*ends, (a["diesel_excess_mwh"], b["diesel_excess_mwh"])]:
            if before * after < 0:
                found.append(low + (high - low) * before / (before - after))
    return found


def _plant(site: SiteOptions, built: Design, mw: Mapping[str, float], demand: np.ndarray) -> Design:
    """Totals of a site with clusters and plant, dispatched by merit order."""
    rest, energy = demand.copy(), {}
    for source in sorted(site.supply, key=lambda s: s.cost_usd_per_mwh):
        used = np.minimum(rest, mw[source.id] * source.availability)
        rest = rest - used
        energy[source.id] = float(used @ site.hour_weights)
    capex = {s.id: s.capex_musd_per_mw * mw[s.id] for s in site.supply}
    running = sum(s.fixed_musd_per_mw_year * mw[s.id] + 1e-6 * s.cost_usd_per_mwh * energy[s.id] for s in site.supply)
    annuity = sum(s.annual_capex_factor * capex[s.id] for s in site.supply)
    diesel = next(s for s in site.supply if s.kind == "backup")
    return {
        **built,
        "capex_musd": built["capex_musd"] + sum(capex.values()),
        "annual_musd": built["annual_capex_musd"] + annuity + built["fixed_opex_musd"] + running,
        "opex_musd": built["fixed_opex_musd"] + running,
        "co2_t": sum(s.co2_t_per_mwh * energy[s.id] for s in site.supply),
        "land_acres": built["land_acres"] + sum(s.land_acres_per_mw * mw[s.id] for s in site.supply),
        "power_musd": annuity + running,
        "energy_mwh": HOURS * built["facility_mean_mw"],
        "diesel_excess_mwh": energy[diesel.id] - diesel.full_load_hours * mw[diesel.id],
        "short_mwh": float(rest @ site.hour_weights),
    }
