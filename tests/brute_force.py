"""Small random choices of sites, clusters and power plants, and the best of them by full enumeration.

The plants are simple enough that nothing needs a solver once clusters and unit counts are given: sources are
ranked alike by cost and by CO2, so merit order is best for both, and a grid of any size is best at a corner of the
functions of its size, which are piecewise linear. Hourly prices keep the rank, a minimum bill on energy comes only
where the grid is first, and a demand charge only on the whole contract, so that none of them changes the order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from exasite.models.evaluate import Phase
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
    "clusters", "first_co2_t", "last_co2_t", "water_m3", "land_acres", "power_musd", "energy_mwh",
)  # fmt: skip
_CHEAPER = ("capex_musd", "annual_musd", "opex_musd", "first_co2_t", "last_co2_t", "land_acres", "power_musd")
_LATE_YEARS = 2.0  # when what comes late is there
Design = dict[str, Any]  # numbers, or arrays of numbers of several designs


def limited(totals: Design) -> Design:
    """What the keys of [limit] speak of, in their units."""
    return {
        "capex_usd": totals["capex_musd"] * 1e6,
        "opex_usd_per_year": totals["opex_musd"] * 1e6,
        "facility_mw": totals["facility_peak_mw"],
        "energy_price_usd_per_mwh": totals["power_musd"] * 1e6 / totals["energy_mwh"],
        "co2_t_per_year": np.maximum(totals["first_co2_t"], totals["last_co2_t"]),  # kept in every phase
        "water_m3_per_year": totals["water_m3"],
        "land_acres": totals["land_acres"],
    }


def random_options(seed: int) -> Options:
    """One site with a grid of any size, or two or three with a grid in units or one that is only the last resort."""
    rng = np.random.default_rng(seed)
    style = ("sized", "units", "last")[seed % 3]
    sites = 1 if style == "sized" else int(rng.integers(2, 4))
    found = tuple(_site(rng, f"site{i}", style, sites) for i in range(sites))
    return Options(found, 1e-3, (Phase(1.0, 0.3), Phase(_LATE_YEARS, 0.7)) if seed % 4 == 3 else (Phase(),))


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
        standby_share=float(rng.uniform(0.2, 1.0)),
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
        grid = replace(grid, max_mw=float(rng.uniform(3, 14)), firm_mw_per_unit=float(rng.uniform(0.8, 1.0)))
    grid = _with_tariff(rng, grid, costs, ranks[0])
    unit = float(rng.uniform(1.5, 3.0))
    turbine = replace(
        _source(rng, "turbine", "dispatchable", unit=unit, units=4, cost=costs[ranks[1]], co2=carbon[ranks[1]]),
        fuel="natural_gas", firm_mw_per_unit=unit * float(rng.uniform(0.85, 1.0)),
        firm_offset_mw=unit * float(rng.uniform(0.1, 0.8)), availability=np.full(DAY, 0.95),
        lead_years=_LATE_YEARS if rng.random() < 0.5 else 1.0,
    )  # fmt: skip
    diesel = _source(rng, "diesel", "backup", unit=2.0, units=2, cost=costs[2], co2=carbon[2])
    if style == "last":
        diesel = replace(diesel, availability=np.zeros(DAY))
    if rng.random() < 0.5:
        diesel = replace(diesel, firm_offset_mw=2.0 * float(rng.integers(0, 2)))
    return grid, turbine, replace(diesel, full_load_hours=float(rng.uniform(100, 4000)))


def _with_tariff(rng: np.random.Generator, grid: SupplyOption, costs: np.ndarray, rank: int) -> SupplyOption:
    """Half the grids by the hour, a third with a minimum bill; what they bill leaves the merit order as it is."""
    if rng.random() < 0.5:
        cheaper = costs[rank - 1] if rank > 0 else 0.2 * costs[0]
        grid = replace(grid, cost_usd_per_mwh=rng.uniform(cheaper, costs[rank], DAY))
    if rng.random() < 0.67:
        return grid
    if rank == 0:
        return replace(grid, bills_energy=True, min_bill_fraction=float(rng.uniform(0.5, 1.0)))
    return replace(grid, demand_musd_per_mw_year=float(rng.uniform(0.05, 0.2)), min_bill_fraction=1.0)


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
        found = site_designs(site, limits or {}, options.phases)
        total = (total[:, :, None] + found[:, None, :]).reshape(len(TOTALS), -1)
    kept = total[:, total[TOTALS.index("clusters")] >= 1]
    return dict(zip(TOTALS, kept, strict=True))


def site_designs(site: SiteOptions, limits: Mapping[str, float], phases: tuple[Phase, ...]) -> np.ndarray:
    """Designs of one site [totals x designs], the empty one included; for equal clusters undominated plants only."""
    found = [np.zeros(len(TOTALS))]
    for built in _clusters(site):
        if not site.gpus[0] <= built["gpus"] <= site.gpus[1]:
            continue
        plants = [plant for counts in _counts(site) for plant in _plants(site, phases, built, counts, limits)]
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


def _plants(site: SiteOptions, phases: tuple[Phase, ...], built: Design, counts: dict[str, int],
            limits: Mapping[str, float]) -> list[Design]:  # fmt: skip
    """Designs with these clusters and unit counts: one, or those at the corners of the size of the grid."""
    free, sized = next((s for s in site.supply if s.unit_mw == 0), None), _sized(site)
    mw = {s.id: counts[s.id] * s.unit_mw for s in sized}
    demand = np.array([built[f"mw{h}"] for h in range(DAY)])
    if free is None:
        carried = all(_least_free(site, phase, built, counts, None, demand) == 0.0 for phase in phases)
        plants = [_plant(site, phases, built, mw, demand)] if carried else []
        return [plant for plant in plants if _runs(plant)]
    usable = [mw[s.id] * s.availability for s in sized]
    least = max(_least_free(site, phase, built, counts, free, demand) for phase in phases)
    if least > free.max_mw:
        return []
    kinks = {float(d) for k in range(len(sized) + 1) for some in itertools.combinations(usable, k)
             for d in demand - sum(some)}  # fmt: skip
    sizes = [least, *sorted(k for k in kinks if least < k < free.max_mw), free.max_mw]
    plants = [_plant(site, phases, built, {**mw, free.id: size}, demand) for size in sizes]
    for cut_by in ({}, limits):  # first where the minimum bill begins: between those sizes everything is linear
        cuts = _cuts(plants, sizes, cut_by)
        sizes = sorted({*sizes, *cuts})
        plants = [_plant(site, phases, built, {**mw, free.id: size}, demand) for size in sizes]
    return [plant for plant in plants if _runs(plant)]


def _least_free(site: SiteOptions, phase: Phase, built: Design, counts: dict[str, int], free: SupplyOption | None,
                demand: np.ndarray) -> float:  # fmt: skip
    """The least grid of any size [MW] that carries peak and demand in a phase; inf if there is none and it cannot.

    Standby counts for no more than a share of the grid it stands by for, so the firm power of a grid of any size
    first rises with standby and then alone.
    """
    there = [s for s in _sized(site) if s.lead_years <= phase.start_years]
    firm = {s.id: min(max(_firm(s, counts[s.id]), 0.0), s.max_mw) for s in there}
    standby = sum(firm[s.id] for s in there if s.kind == "backup")
    missing = built["facility_peak_mw"] - (sum(firm.values()) - standby)
    usable = sum((counts[s.id] * s.unit_mw * s.availability for s in there), np.zeros(DAY))
    if free is None:
        beside = sum(counts[s.id] * s.unit_mw for s in there if s.kind == "grid")
        carried = missing <= min(standby, site.standby_share * beside)
        return 0.0 if carried and (usable >= demand).all() else math.inf
    together = missing / (free.firm_mw_per_unit + site.standby_share)
    if site.standby_share * together > standby:
        together = (missing - standby) / free.firm_mw_per_unit
    return max(0.0, together, float((demand - usable).max()))


def _sized(site: SiteOptions) -> list[SupplyOption]:
    return [s for s in site.supply if s.unit_mw > 0]


def _firm(source: SupplyOption, units: int) -> float:
    return source.firm_mw_per_unit * units - source.firm_offset_mw if units > 0 else 0.0


def _runs(plant: Design) -> bool:
    return max(*plant["diesel_excess_mwh"], *plant["short_mwh"]) <= 1e-6


def _signed(plant: Design, limits: Mapping[str, float]) -> list[float]:
    """Everything whose sign matters: the limits, the hours of the diesel and the minimum bill in every phase."""
    found = [limited(plant)[name] - most for name, most in limits.items() if name != "co2_t_per_year"]
    if "co2_t_per_year" in limits:
        found += [plant[name] - limits["co2_t_per_year"] for name in ("first_co2_t", "last_co2_t")]
    return [*found, *plant["diesel_excess_mwh"], *plant["unused_mwh"]]


def _cuts(plants: list[Design], sizes: list[float], limits: Mapping[str, float]) -> list[float]:
    """Sizes of the grid at which a limit, the hours of the diesel, or a minimum bill is met exactly."""
    found = []
    for (low, a), (high, b) in itertools.pairwise(zip(sizes, plants, strict=True)):
        for before, after in zip(_signed(a, limits), _signed(b, limits), strict=True):
            if before * after < 0:
                found.append(low + (high - low) * before / (before - after))
    return found


def _plant(site: SiteOptions, phases: tuple[Phase, ...], built: Design, mw: Mapping[str, float],
           demand: np.ndarray) -> Design:  # fmt: skip
    """Totals of a site with clusters and plant, dispatched by merit order in every phase."""
    runs = [_run(site, phase, mw, demand) for phase in phases]
    capex = {s.id: s.capex_musd_per_mw * mw[s.id] for s in site.supply}
    running = sum(s.fixed_musd_per_mw_year * mw[s.id] for s in site.supply)
    running += sum(phase.share * run["bill_musd"] for phase, run in zip(phases, runs, strict=True))
    annuity = sum(s.annual_capex_factor * capex[s.id] for s in site.supply)
    return {
        **built,
        "capex_musd": built["capex_musd"] + sum(capex.values()),
        "annual_musd": built["annual_capex_musd"] + annuity + built["fixed_opex_musd"] + running,
        "opex_musd": built["fixed_opex_musd"] + running,
        "first_co2_t": runs[0]["co2_t"],
        "last_co2_t": runs[-1]["co2_t"],
        "land_acres": built["land_acres"] + sum(s.land_acres_per_mw * mw[s.id] for s in site.supply),
        "power_musd": annuity + running,
        "energy_mwh": HOURS * built["facility_mean_mw"],
        **{name: [run[name] for run in runs] for name in ("diesel_excess_mwh", "short_mwh", "unused_mwh")},
    }


def _run(site: SiteOptions, phase: Phase, mw: Mapping[str, float], demand: np.ndarray) -> Design:
    """The bill [M$/year] and CO2 of a year, and by how much the rules of the year are broken or the grid unused."""
    there = [s for s in site.supply if s.lead_years <= phase.start_years]
    rest, bill, co2, excess, unused = demand.copy(), 0.0, 0.0, 0.0, 0.0
    for source in sorted(there, key=lambda s: float(np.mean(s.cost_usd_per_mwh))):
        used = np.minimum(rest, mw[source.id] * source.availability)
        rest = rest - used
        energy = float(used @ site.hour_weights)
        price = np.broadcast_to(source.cost_usd_per_mwh, DAY)
        bill += 1e-6 * float((used * price) @ site.hour_weights)
        co2 += source.co2_t_per_mwh * energy
        bill += source.demand_musd_per_mw_year * max(float(used.max()), source.min_bill_fraction * mw[source.id])
        if source.bills_energy:
            unused = source.min_bill_fraction * HOURS * mw[source.id] - energy
            bill += 1e-6 * max(unused, 0.0) * float(price @ site.hour_weights) / HOURS
        if source.kind == "backup":
            excess = energy - source.full_load_hours * mw[source.id]
    return {"bill_musd": bill, "co2_t": co2, "diesel_excess_mwh": excess, "unused_mwh": unused,
            "short_mwh": float(rest @ site.hour_weights)}  # fmt: skip
