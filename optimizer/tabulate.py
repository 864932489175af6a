"""Tabulate the physics into segments: every configuration a site can have, cut, pruned and ready for the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from exasite.instance.schema import Instance, Range
from exasite.models.accelerator import Accelerator
from exasite.models.cluster import (
    ClusterCurves,
    Components,
    GivenFactors,
    curves_of_ways,
    one_of,
    reliability_terms,
    site_curves,
    stacked,
)
from exasite.models.cooling import CoolingMethod, CoolingTable, compatible, cooling_method, overheads
from exasite.models.fabric import Fabric, Network, fabric, links_of, network, tier_limits
from exasite.models.fabric_parts import congestion_classes
from exasite.models.representative import RepresentativeDays
from exasite.models.split_search import SfuCurve, best_split, planner_parameters
from exasite.models.storage import recovery, storage
from exasite.models.units import HOURS_PER_YEAR, LITRES_PER_CUBIC_METRE, SECONDS_PER_HOUR
from exasite.models.workload import Workload
from exasite.options import (
    QUANTITIES,
    Configuration,
    CoolingHours,
    Mode,
    Options,
    SegmentTable,
    SiteOptions,
)
from exasite.phases import Timeline, lead_years, modes, timeline
from exasite.segments import DEFAULT_TOLERANCE, join_cells, size_grid, surviving_cells
from exasite.session import Clock
from exasite.setting import (
    Setting,
    SiteSetting,
    accelerators_for,
    fabrics_for,
    ids_for,
    precision_of,
    workload_for,
)
from exasite.supply_options import representative_hours, standby_room, supply_option

LARGEST_CLUSTER_GPUS = 2_000_000  # where the question sets no bound
_USD_PER_MUSD = 1e6
_KWH_PER_MWH = 1e3
_JOINED = tuple(q for q in QUANTITIES if q not in ("gpus", "land_acres"))


@dataclass(frozen=True)
class Part:
    """A configuration over its grid of sizes, before it is placed at a site."""

    configuration: Configuration
    components: Components
    curves: ClusterCurves
    visible: np.ndarray


@dataclass(frozen=True)
class Days:
    """Representative days: how many typical ones, and by site the days of the year that stand for themselves."""

    typical: int
    always: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


# Where only what is built counts, dispatch is a question of feasibility and few days do.
DAYS_RUN, DAYS_BUILT = 8, 3


@dataclass
class Tabulator:
    """Tabulates sites one after the other and keeps what they share: SFU curves, networks, pruned parts."""

    setting: Setting
    tolerance: float = DEFAULT_TOLERANCE
    clock: Clock | None = None
    days: Days | None = None
    firm_availability: float | None = None
    standby_share: Mapping[str, float] = field(default_factory=dict)
    dropped_share: Mapping[str, float] = field(default_factory=dict)
    configurations: int = 0
    dropped: int = 0
    _parts: dict[tuple[object, ...], list[Part]] = field(default_factory=dict)

    def options(self) -> Options:
        """Raises Stopped if the clock stops before all is tabulated."""
        times = timeline(self.setting)
        return Options(tuple(self._site(site, times) for site in self.setting.sites), self.tolerance, times.phases)

    def _site(self, at: SiteSetting, times: Timeline) -> SiteOptions:
        setting, section, ways = self.setting, at.section, modes(self.setting, times)
        allowed = [s for s in at.sources if lead_years(s, setting) <= times.phases[-1].start_years]
        methods = [cooling_method(setting.catalog, c) for c in self._ids(at, "cooling", "cooling")]
        tables = {m.id: overheads(m, at.climate, setting.electrical_loss) for m in methods}
        days = self.days or Days(DAYS_RUN if sees_operation(setting.loaded.instance) else DAYS_BUILT)
        hours = representative_hours(at, allowed, list(tables.values()), days.typical,
                                     days.always.get(section.key, ()), runs=sees_operation(setting.loaded.instance))
        cooling = {m.id: _cooling_hours(m.id, tables[m.id], at, hours) for m in methods}
        segments = self._segments(at, methods, cooling)
        peak = _largest_peak_mw(segments, cooling) * section.max_clusters
        used = {c.cooling for c in segments.configurations}
        lower, upper = _site_gpus(section.gpus, segments)
        linked = any(s.kind in ("variable", "storage") for s in allowed) and sees_operation(setting.loaded.instance)
        return SiteOptions(
            id=section.key,
            segments=_operated(segments, ways, setting),
            cooling=tuple(c for c in cooling.values() if c.id in used),
            supply=tuple(supply_option(s, hours, setting, peak, self.firm_availability) for s in allowed),
            hour_weights=hours.weight_hours,
            hour_days=hours.day_id,
            max_clusters=section.max_clusters,
            gas_limit_mw=at.site.gas_limit_mw,
            land_limit_acres=at.site.land_limit_acres,
            gpus=(lower, upper),
            modes=ways,
            standby_share=self.standby_share.get(section.key, standby_room(allowed, setting, self.firm_availability)),
            dropped_share=self.dropped_share.get(section.key, 1.0),
            calendar=hours.calendar if linked else np.zeros(0, dtype=int),
        )

    def _ids(self, at: SiteSetting, key: str, table: str) -> tuple[str, ...]:
        return ids_for(self.setting.loaded, at.section, key, table)

    def _segments(
        self, at: SiteSetting, methods: list[CoolingMethod], cooling: dict[str, CoolingHours]
    ) -> SegmentTable:
        rows: list[_Row] = []
        configurations: list[Configuration] = []
        for chip in accelerators_for(self.setting.loaded, at.section):
            bounds = self._unit_bounds(at, chip)
            if bounds[0] > bounds[1]:
                continue
            for fabrics, grid in self._grids(at, chip, bounds):
                parts = self._physics(at, chip, fabrics, methods, grid)
                self._place(at, parts, grid, cooling, rows, configurations)
        return _segment_table(rows, configurations, self.dropped)

    def _grids(
        self, at: SiteSetting, chip: Accelerator, bounds: tuple[int, int]
    ) -> list[tuple[list[Fabric], np.ndarray]]:
        """Fabrics of a chip with the sizes they are tabulated at, in deployment units."""
        names = fabrics_for(self.setting.loaded, at.section, chip)
        fabrics = [fabric(self.setting.catalog, name) for name in names]
        limits = sorted({limit // chip.unit_gpus for f in fabrics for limit in tier_limits(f)})
        return [(fabrics, size_grid(*bounds, np.array(limits, dtype=int)))] if fabrics else []

    def _unit_bounds(self, at: SiteSetting, chip: Accelerator) -> tuple[int, int]:
        """Smallest and largest number of deployment units of one cluster that the question leaves."""
        instance, unit = self.setting.loaded.instance, chip.unit_gpus
        lower, upper = 1, LARGEST_CLUSTER_GPUS // unit
        ranges: list[tuple[Range | None, bool]] = [(instance.require.coherent_gpus, True)]
        alone = at.section.max_clusters == 1
        ranges.append((at.section.gpus, alone))
        ranges.append((instance.require.gpus, alone and len(instance.sites) == 1))
        for wanted, each in ranges:
            if wanted is None:
                continue
            if each and wanted.lower is not None:
                lower = max(lower, math.ceil(wanted.lower / unit - 1e-9))
            if wanted.upper is not None:
                exact = wanted.exact is not None and wanted.upper == wanted.exact
                upper = min(upper, math.ceil(wanted.upper / unit - 1e-9) if exact else int(wanted.upper // unit))
        if instance.require.effective_exaflops is not None and alone and len(instance.sites) == 1:
            best = chip.matmul_exaflops(precision_of(self.setting.loaded, chip), at.given.mamf)
            lower = max(lower, math.floor((instance.require.effective_exaflops.lower or 0.0) / best / unit))
        if instance.limit.capex_usd is not None:
            upper = min(upper, int(instance.limit.capex_usd / (chip.price_usd * unit)))
        return lower, upper

    def _physics(self, at: SiteSetting, chip: Accelerator, fabrics: list[Fabric], methods: list[CoolingMethod],
                 grid: np.ndarray) -> list[Part]:  # fmt: skip
        """All configurations of a chip that none of the same fabric and cooling beats; the same at every site."""
        stores, schemes = self._ids(at, "storage", "storage"), self._ids(at, "recovery", "recovery")
        fitting = [m for m in methods if compatible(m, chip)]
        key = (chip.id, tuple(f.id for f in fabrics), tuple(m.id for m in fitting), stores, schemes,
               grid.tobytes(), at.given)  # fmt: skip
        if key not in self._parts:
            load = workload_for(self.setting.loaded, chip)
            self._parts[key] = [
                part
                for f in fabrics
                for part in self._of_fabric(chip, f, fitting, stores, schemes, grid, load, at.given)
            ]
        return self._parts[key]

    def _of_fabric(self, chip: Accelerator, links: Fabric, methods: list[CoolingMethod], stores: tuple[str, ...],
                   schemes: tuple[str, ...], grid: np.ndarray, load: Workload,
                   given: GivenFactors) -> list[Part]:  # fmt: skip
        catalog, gpus = self.setting.catalog, grid * chip.unit_gpus
        counted = network(links, gpus, accelerator=chip)
        sfu = self._sfu(chip, links, load, counted, given)
        visible = counted.reachable & sfu.feasible
        if not visible.any() or not methods or not stores or not schemes:
            return []
        terms, kept = reliability_terms(catalog, chip.id), []
        pairs = [(storage(catalog, k), recovery(catalog, r)) for k in stores for r in schemes]
        ways = [Components(chip, links, method, *pair) for method in methods for pair in pairs]
        if self.clock is not None:
            self.clock.check()
        curves = curves_of_ways(ways, load, terms, counted, sfu, given)
        exists = visible & (curves.effective_exaflops > 0)
        costs = _physical_costs(curves, caps_flops(self.setting.loaded.instance))
        for first in range(0, len(ways), len(pairs)):
            group = slice(first, first + len(pairs))
            for i in self._unbeaten(costs[group], exists[group]):
                way = ways[first + i]
                name = Configuration(chip.id, links.id, way.cooling.id, way.storage.id, way.recovery.id, chip.unit_gpus)
                kept.append(Part(name, way, one_of(curves, first + i), exists[first + i]))
        return kept

    def _sfu(self, chip: Accelerator, links: Fabric, load: Workload, counted: Network, given: GivenFactors) -> SfuCurve:
        """SFU over the sizes the fabric reaches; where it does not reach, or SFU is given, nothing is searched."""
        parameters = planner_parameters(self.setting.catalog)
        gpus = counted.gpus if given.sfu is None else np.array([chip.unit_gpus])
        found = best_split(
            parameters, chip, links_of(links, chip, congestion_classes(self.setting.catalog)), load, gpus
        )
        return found if given.sfu is None else _given_sfu(found, counted, given.sfu)

    def _unbeaten(self, costs: np.ndarray, visible: np.ndarray) -> list[int]:
        """Storage and recovery choices that no other one beats at every size, for one fabric and cooling."""
        self.configurations += len(visible)
        alive = surviving_cells(costs, visible)
        kept = np.flatnonzero(alive.any(axis=1)).tolist()
        self.dropped += len(visible) - len(kept)
        return kept

    def _place(self, at: SiteSetting, parts: list[Part], grid: np.ndarray, cooling: dict[str, CoolingHours],
               rows: list[_Row], configurations: list[Configuration]) -> None:  # fmt: skip
        """Add the cost of the site, drop what is beaten there, and cut the rest into segments."""
        if not parts:
            return
        if self.clock is not None:
            self.clock.check()
        curves = self._site_quantities(at, parts)
        visible = np.stack([part.visible for part in parts])
        hourly = np.stack([_hourly_mw(curves[i], cooling[p.configuration.cooling]) for i, p in enumerate(parts)])
        seen = visible_quantities(self.setting.loaded.instance)
        if math.isfinite(at.site.land_limit_acres):
            seen |= {"land"}
        compared = np.stack([_compared(curves[i], cooling[p.configuration.cooling], seen) for i, p in enumerate(parts)])
        alive = surviving_cells(compared, visible, hourly)
        self.dropped += int((~alive.any(axis=1)).sum())
        joined = [QUANTITIES.index(q) for q in _JOINED]
        for i, part in enumerate(parts):
            for segment in join_cells(grid, curves[i][joined], alive[i], self.tolerance):
                rows.append(_Row(len(configurations), int(grid[segment.first]), int(grid[segment.last]),
                                 curves[i][:, segment.first], curves[i][:, segment.last],
                                 float(part.curves.restart_s[segment.last]) / SECONDS_PER_HOUR))  # fmt: skip
            configurations.append(part.configuration)

    def _site_quantities(self, at: SiteSetting, parts: list[Part]) -> np.ndarray:
        """QUANTITIES of configurations at a site, [configurations x quantities x grid]."""
        curves = stacked([part.curves for part in parts])
        plant = np.array([[part.components.cooling.capex_usd_per_kw] for part in parts])
        cost = site_curves(curves, plant, self.setting.prices, self.setting.terms, at.site.construction_multiplier)
        rows = (
            curves.gpus,
            curves.effective_exaflops,
            cost.capex_usd / _USD_PER_MUSD,
            cost.annual_capital_usd / _USD_PER_MUSD,
            cost.fixed_opex_usd / _USD_PER_MUSD,
            cost.land_acres,
            curves.liquid_mean_mw,
            curves.air_mean_mw,
            curves.liquid_peak_mw,
            curves.air_peak_mw,
        )
        return np.stack(rows, axis=1)


@dataclass(frozen=True)
class _Row:
    configuration: int
    lower: int
    upper: int
    at_lower: np.ndarray
    at_upper: np.ndarray
    restart_hours: float


def _given_sfu(found: SfuCurve, counted: Network, sfu: float) -> SfuCurve:
    """The curve of a measured SFU: the same at every size."""
    size = len(counted.gpus)
    return SfuCurve(
        gpus=counted.gpus.astype(float), sfu=np.full(size, sfu), mfu_before_goodput=np.full(size, np.nan),
        step_time_s=np.full(size, np.nan), split=found.split, feasible=np.ones(size, dtype=bool),
    )  # fmt: skip


def _physical_costs(curves: ClusterCurves, capped: bool) -> np.ndarray:
    """What storage and recovery change, smaller is better: [configurations x quantities x grid].

    FLOPS count twice if too many can be bad.
    """
    heat = (curves.liquid_mean_mw, curves.air_mean_mw, curves.liquid_peak_mw, curves.air_peak_mw)
    costs = (curves.it_capex.total_usd, *heat)
    flops = curves.effective_exaflops
    return np.stack([-flops, *costs, *([flops] if capped else [])], axis=1)


def visible_quantities(instance: Instance) -> frozenset[str]:
    """What the objective and the limits of an instance can see of a configuration, beside FLOPS and power.

    Capex is always seen: of two designs equal in everything else nobody wants the dearer one.
    """
    seen, limit = {"capex"}, instance.limit
    if instance.objective.kind in ("exaflops_per_tco", "tco", "training_cost"):
        seen |= {"annual", "opex"}
    if limit.opex_usd_per_year is not None:
        seen.add("opex")
    if limit.land_acres is not None:
        seen.add("land")
    if limit.water_m3_per_year is not None:
        seen.add("water")
    if caps_flops(instance):
        seen.add("flops")
    return frozenset(seen)


def caps_flops(instance: Instance) -> bool:
    """Whether more FLOPS can be too many: then a slower configuration is not beaten by a faster one."""
    wanted = instance.require
    ranges = (wanted.effective_exaflops, wanted.tokens_per_second)
    return any(r is not None and r.upper is not None for r in ranges) or (
        wanted.training_days is not None and wanted.training_days.min is not None
    )


def sees_operation(instance: Instance) -> bool:
    """Whether the objective or a limit depends on how the power plant is run, not only on what is built."""
    limit = instance.limit
    limits = (limit.opex_usd_per_year, limit.energy_price_usd_per_mwh, limit.co2_t_per_year,
              limit.co2_t_per_exaflop_year, instance.require.hourly_clean_share)  # fmt: skip
    return instance.objective.kind in ("exaflops_per_tco", "tco", "training_cost") or any(x is not None for x in limits)


def _compared(quantities: np.ndarray, hours: CoolingHours, seen: frozenset[str]) -> np.ndarray:
    """What objective, limits and supply can see of a configuration, smaller is better: [quantities x grid]."""
    q = dict(zip(QUANTITIES, quantities, strict=True))
    values = {
        "capex": q["capex_musd"],
        "annual": q["annual_capex_musd"],
        "opex": q["fixed_opex_musd"],
        "land": q["land_acres"],
        "flops": q["effective_exaflops"],
        "water": q["liquid_mean_mw"] * hours.water_liquid_m3_per_mwh + q["air_mean_mw"] * hours.water_air_m3_per_mwh,
    }
    mean = q["liquid_mean_mw"] * (1 + hours.mean_liquid) + q["air_mean_mw"] * (1 + hours.mean_air)
    peak = q["liquid_peak_mw"] * (1 + hours.peak_liquid) + q["air_peak_mw"] * (1 + hours.peak_air)
    return np.stack([-q["effective_exaflops"], mean, peak, *(values[name] for name in sorted(seen))])


def _hourly_mw(quantities: np.ndarray, hours: CoolingHours) -> np.ndarray:
    """Facility power in each representative hour [hours x grid]."""
    liquid, air = quantities[QUANTITIES.index("liquid_mean_mw")], quantities[QUANTITIES.index("air_mean_mw")]
    return (1 + hours.overhead_liquid[:, None]) * liquid + (1 + hours.overhead_air[:, None]) * air


def _segment_table(rows: list[_Row], configurations: list[Configuration], dropped: int) -> SegmentTable:
    """Segments as affine functions of their number of units."""
    kept = sorted({row.configuration for row in rows})
    position = {old: new for new, old in enumerate(kept)}
    lower, upper = np.array([r.lower for r in rows], dtype=int), np.array([r.upper for r in rows], dtype=int)
    first = np.array([r.at_lower for r in rows]).reshape(len(rows), len(QUANTITIES))
    last = np.array([r.at_upper for r in rows]).reshape(len(rows), len(QUANTITIES))
    # A segment of one size has no slope to measure: the proportional line through it keeps integers exact.
    width = np.where(upper > lower, upper - lower, lower)[:, None]
    slope = np.where((upper > lower)[:, None], last - first, first) / width if rows else first
    intercept = first - slope * lower[:, None]
    return SegmentTable(
        configurations=tuple(configurations[i] for i in kept),
        configuration=np.array([position[r.configuration] for r in rows], dtype=int),
        lower=lower,
        upper=upper,
        slope={name: slope[:, i] for i, name in enumerate(QUANTITIES)},
        intercept={name: intercept[:, i] for i, name in enumerate(QUANTITIES)},
        dropped=dropped,
        restart_hours=np.array([r.restart_hours for r in rows]),
    )


def _operated(table: SegmentTable, ways: tuple[Mode, ...], setting: Setting) -> SegmentTable:
    """Every segment in every mode of operation: what is paused, and each restart after it, is taken off the FLOPS."""
    if not len(table) or (len(ways) == 1 and ways[0].paused_share == 0):
        return table
    hours = setting.loaded.instance.curtail.shortest_hours
    if hours is None:
        hours = setting.catalog.value("firmness", "curtailment", "shortest_hours")
    kept = np.concatenate([
        np.maximum(0.0, 1.0 - way.paused_share * (1.0 + table.restart_hours / hours)) for way in ways
    ])  # fmt: skip

    def repeated(values: np.ndarray) -> np.ndarray:
        return np.tile(values, len(ways))

    def lines(given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = {name: repeated(values) for name, values in given.items()}
        return {**found, "effective_exaflops": found["effective_exaflops"] * kept}

    return replace(
        table, configuration=repeated(table.configuration), lower=repeated(table.lower), upper=repeated(table.upper),
        slope=lines(table.slope), intercept=lines(table.intercept), restart_hours=repeated(table.restart_hours),
        mode=np.repeat(np.arange(len(ways)), len(table)),
    )  # fmt: skip


def _largest_peak_mw(table: SegmentTable, cooling: dict[str, CoolingHours]) -> float:
    """Largest facility peak any segment can have [MW]."""
    largest = 0.0
    for j in range(len(table)):
        hours = cooling[table.configurations[table.configuration[j]].cooling]
        liquid, air = (
            table.slope[k][j] * table.upper[j] + table.intercept[k][j] for k in ("liquid_peak_mw", "air_peak_mw")
        )
        largest = max(largest, liquid * (1 + hours.peak_liquid) + air * (1 + hours.peak_air))
    return largest


def _site_gpus(wanted: Range | None, table: SegmentTable) -> tuple[float, float]:
    """Accelerators asked for at a site; an exact number may be exceeded by part of a deployment unit."""
    if wanted is None:
        return 0.0, math.inf
    rounding = max((c.unit_gpus for c in table.configurations), default=1) - 1
    exact = wanted.exact is not None and wanted.upper == wanted.exact
    upper = math.inf if wanted.upper is None else wanted.upper + (rounding if exact else 0)
    return wanted.lower or 0.0, upper


def _cooling_hours(method_id: str, table: CoolingTable, at: SiteSetting, hours: RepresentativeDays) -> CoolingHours:
    """Overheads at the representative hours, moved so that their weighted mean is the mean of the year."""
    index = at.climate.hour_index()[hours.hour_index]
    water = _KWH_PER_MWH / LITRES_PER_CUBIC_METRE
    if at.given.pue is not None:
        flat, over = np.full(hours.hours, at.given.pue - 1.0), at.given.pue - 1.0
        return CoolingHours(method_id, flat, flat, over, over, over, over,
                            table.water_liquid_l_per_kwh * water, table.water_air_l_per_kwh * water)  # fmt: skip

    def moved(values: np.ndarray, mean: float) -> np.ndarray:
        taken = values[index]
        return taken + mean - float(taken @ hours.weight_hours) / HOURS_PER_YEAR

    return CoolingHours(
        id=method_id,
        overhead_liquid=moved(table.overhead_liquid, table.mean_overhead_liquid),
        overhead_air=moved(table.overhead_air, table.mean_overhead_air),
        mean_liquid=table.mean_overhead_liquid,
        mean_air=table.mean_overhead_air,
        peak_liquid=table.peak_overhead_liquid,
        peak_air=table.peak_overhead_air,
        water_liquid_m3_per_mwh=table.water_liquid_l_per_kwh * water,
        water_air_m3_per_mwh=table.water_air_l_per_kwh * water,
    )
