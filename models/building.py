"""What a building is counted in: electrical and mechanical modules, racks, rows, halls and floor.

Counts follow from the loads at the peak and the module sizes of the tables `bill_items` and `plan_parameters`; spare
modules stand beside each block (N+1 in a block). Module sizes are usual ones, not a design of the plant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from exasite.models.accelerator import Accelerator
from exasite.models.capex import KW_PER_MW
from exasite.models.catalog import Catalog
from exasite.models.climate import Climate
from exasite.models.cooling import CoolingMethod, it_power_multiplier
from exasite.models.evaluate import ClusterEvaluation
from exasite.models.heat_path import HeatPath, compressor_share
from exasite.models.units import conversion_factor

_ITEMS, _PLAN = "bill_items", "plan_parameters"
_GRID = "grid"  # line of what a connection is made of
_EPSILON = 1e-9  # a load that fills its modules exactly must not need one more


@dataclass(frozen=True)
class Racks:
    """Racks of a cluster and what they draw.

    `servers` counts working and spare deployment units; `compute_kw` is the nameplate of a full rack with its share of
    heat to liquid and to air, `limit_kw` what the cooling method carries in one rack. `fits` is false where a single
    unit is above that limit.
    """

    servers: int
    spare_servers: int
    servers_per_rack: float
    compute_racks: int
    network_racks: int
    storage_racks: int
    storage_nodes: int
    compute_kw: float
    liquid_kw: float
    air_kw: float
    limit_kw: float
    fits: bool

    @property
    def total(self) -> int:
        return self.compute_racks + self.network_racks + self.storage_racks


@dataclass(frozen=True)
class Floor:
    """Rows and halls of a number of racks, white space and building floor [m2]."""

    rows: int
    halls: int
    racks_per_row: int
    white_space_m2: float
    floor_m2: float


@dataclass(frozen=True)
class Loads:
    """Peak loads that plant is counted by [kW]; `rejected` by kind of heat sink; racks (with
    servers) and halls as counts."""

    it_kw: float
    facility_kw: float
    liquid_kw: float
    air_kw: float
    compressor_kw: float
    rejected_kw: Mapping[str, float]
    racks: int
    halls: int


@dataclass(frozen=True)
class PlantItem:
    """Modules of one kind: how many, of what size [kW], and their price [USD] or their weight in the rest of a line."""

    id: str
    name: str
    line: str
    count: int
    spare_count: int
    unit_kw: float | None
    price_usd: float | None
    weight: float
    lead: str


def racks_of(catalog: Catalog, cluster: ClusterEvaluation) -> Racks:
    """Racks of an evaluated cluster at the densest the vendor and the cooling method allow."""
    parts, curves = cluster.design.components, cluster.curves
    chip, method = parts.accelerator, parts.cooling
    servers = _ceil(cluster.design.gpus / chip.unit_gpus)
    spares = _ceil(float(curves.spare_gpus[0]) / chip.unit_gpus)
    per_rack, fits = servers_per_rack(chip, method)
    unit_kw = _unit_kw(chip, method)
    network_kw = float(cluster.interconnect.power_w[0]) * conversion_factor("W", "kW")
    write = float(parts.storage.write_bandwidth(cluster.design.gpus))
    storage_kw = write * parts.storage.power_w_per_gb_per_s * conversion_factor("W", "kW")
    return Racks(
        servers=servers + spares,
        spare_servers=spares,
        servers_per_rack=per_rack,
        compute_racks=_ceil((servers + spares) / per_rack),
        network_racks=_ceil(network_kw / catalog.value(_PLAN, "layout", "network_rack_kw")),
        storage_racks=max(1, _ceil(storage_kw / catalog.value(_PLAN, "layout", "storage_rack_kw"))),
        storage_nodes=max(1, _ceil(write / catalog.value(_PLAN, "layout", "storage_node_gb_per_s"))),
        compute_kw=per_rack * unit_kw,
        liquid_kw=per_rack * unit_kw * method.liquid_fraction,
        air_kw=per_rack * unit_kw * (1.0 - method.liquid_fraction),
        limit_kw=method.max_rack_kw,
        fits=fits,
    )


def servers_per_rack(chip: Accelerator, method: CoolingMethod) -> tuple[float, bool]:
    """Deployment units in one rack, and whether one fits: vendor density, thinned to what the cooling carries.

    Below 1 where a unit spans several racks.
    """
    unit_kw = _unit_kw(chip, method)
    dense = chip.rack_power_w / (chip.server_power_w * chip.unit_gpus)
    if dense < 1.0:
        return dense, unit_kw * dense <= method.max_rack_kw * (1.0 + _EPSILON)
    by_heat = math.floor(method.max_rack_kw / unit_kw + _EPSILON)
    return float(max(1, min(round(dense), by_heat))), by_heat >= 1


def _unit_kw(chip: Accelerator, method: CoolingMethod) -> float:
    """Nameplate of a deployment unit under a cooling method [kW]."""
    watts = chip.server_power_w * chip.unit_gpus * it_power_multiplier(method, chip)
    return watts * conversion_factor("W", "kW")


def floor_of(catalog: Catalog, racks: int, it_mw: float) -> Floor:
    """Rows, halls and floor area of a number of racks of `it_mw` in all."""
    per_row = round(catalog.value(_PLAN, "layout", "racks_per_row"))
    white = racks * catalog.value(_PLAN, "layout", "rack_floor_m2")
    return Floor(
        rows=_ceil(racks / per_row),
        halls=max(1, _ceil(it_mw / catalog.value(_PLAN, "layout", "hall_mw"))),
        racks_per_row=per_row,
        white_space_m2=white,
        floor_m2=white * (1.0 + catalog.value(_PLAN, "layout", "support_ratio")),
    )


def loads_of(cluster: ClusterEvaluation, climate: Climate, racks: int, halls: int) -> Loads:
    """Peak loads of a cluster's plant at the design temperatures of its climate."""
    curves, table, method = cluster.curves, cluster.cooling, cluster.design.components.cooling
    liquid, air = float(curves.liquid_peak_mw[0]) * KW_PER_MW, float(curves.air_peak_mw[0]) * KW_PER_MW
    paths = [(method.air, air)] if method.liquid is None else [(method.liquid, liquid), (method.air, air)]
    if method.liquid is None:
        paths = [(method.air, liquid + air)]
    rejected: dict[str, float] = {}
    for path, heat in paths:
        sink = _sink(path)
        rejected[sink] = rejected.get(sink, 0.0) + heat
    return Loads(
        it_kw=liquid + air,
        facility_kw=liquid * (1 + table.peak_overhead_liquid) + air * (1 + table.peak_overhead_air),
        liquid_kw=liquid if method.liquid is not None else 0.0,
        air_kw=air if method.liquid is not None else liquid + air,
        compressor_kw=sum(heat * _compressors(path, method, climate) for path, heat in paths),
        rejected_kw=rejected,
        racks=racks,
        halls=halls,
    )


def _sink(path: HeatPath) -> str:
    """Where the heat leaves: a chiller without free cooling rejects through a tower, or is itself air-cooled."""
    if path.heat_sink != "mechanical":
        return path.heat_sink
    return "tower" if path.condenser == "water" else "chiller"


def _compressors(path: HeatPath, method: CoolingMethod, climate: Climate) -> float:
    """Share of the heat that needs compressors in the hottest hours [1]."""
    margin = method.parameters.peak_margin_kelvin
    dry = climate.peak_dry_bulb_celsius + margin
    wet = min(climate.peak_wet_bulb_celsius + margin, dry)
    return float(compressor_share(path, method.parameters, np.array([dry]), np.array([wet]))[0])


def plant_items(catalog: Catalog, method: CoolingMethod, electrical: str, loads: Loads) -> tuple[PlantItem, ...]:
    """Modules of the electrical and mechanical plant for these loads, in the order of the table."""
    words, found = _words(method, electrical, loads), []
    for item in catalog.items(_ITEMS):
        needed = catalog.words(_ITEMS, item, "needs")
        if catalog.text(_ITEMS, item, "line") == _GRID or (needed and not set(needed) & words):
            continue
        found.append(_item(catalog, item, _load(loads, catalog.text(_ITEMS, item, "load"), needed)))
    return tuple(item for item in found if item.count > 0)


def grid_items(catalog: Catalog, capacity_mw: float) -> tuple[PlantItem, ...]:
    """What a grid connection of `capacity_mw` is counted in."""
    loads = {"connection": capacity_mw * KW_PER_MW, "lot": 1.0}
    items = [item for item in catalog.items(_ITEMS) if catalog.text(_ITEMS, item, "line") == _GRID]
    return tuple(_item(catalog, item, loads[catalog.text(_ITEMS, item, "load")]) for item in items)


def _item(catalog: Catalog, item: str, load: float) -> PlantItem:
    count, spare = _modules(catalog, item, load)
    unit = catalog.value_or(_ITEMS, item, "unit_kw", math.nan)
    price = catalog.value_or(_ITEMS, item, "price_usd_per_kw", math.nan)
    return PlantItem(
        id=item,
        name=catalog.text(_ITEMS, item, "name"),
        line=catalog.text(_ITEMS, item, "line"),
        count=count,
        spare_count=spare,
        unit_kw=None if math.isnan(unit) else unit,
        price_usd=None if math.isnan(price * unit) else price * unit,
        weight=catalog.value_or(_ITEMS, item, "weight", 0.0),
        lead=catalog.text_or(_ITEMS, item, "lead", ""),
    )


def _words(method: CoolingMethod, electrical: str, loads: Loads) -> set[str]:
    """What a building has that items may need."""
    words = {method.id, *(sink for sink, heat in loads.rejected_kw.items() if heat > 0)}
    words.add("rack_battery" if electrical == "rack_battery" else "ups")
    if words & {"tower", "dry", "adiabatic"}:
        words.add("water_loop")
    if loads.compressor_kw > 0:
        words.add("compressor")
    if method.cold_plate_racks:
        words.add("cold_plate")
    return words


def _load(loads: Loads, kind: str, needed: tuple[str, ...]) -> float:
    """The load an item is counted by [kW], or a count."""
    if kind == "rejected":
        sinks = [s for s in needed if s in loads.rejected_kw] or [s for s in loads.rejected_kw if s != "wet_bulb"]
        return sum(loads.rejected_kw[sink] for sink in sinks)
    values = {
        "it": loads.it_kw,
        "facility": loads.facility_kw,
        "liquid": loads.liquid_kw,
        "air": loads.air_kw,
        "compressor": loads.compressor_kw,
        "rack": float(loads.racks),
        "hall": float(loads.halls),
    }
    return values[kind]


def _modules(catalog: Catalog, item: str, load: float) -> tuple[int, int]:
    """Modules for a load, spares included, and the spares among them."""
    unit = catalog.value_or(_ITEMS, item, "unit_kw", 1.0)
    wanted = _ceil(load / unit)
    block = catalog.value_or(_ITEMS, item, "block_units", math.inf)
    spare = 0 if math.isinf(block) else round(catalog.value(_ITEMS, item, "spare_units_per_block"))
    spares = spare * _ceil(wanted / block) if spare and wanted else 0
    return wanted + spares, spares


def _ceil(value: float) -> int:
    return math.ceil(value - _EPSILON)


def cable_class(catalog: Catalog, distance_m: float) -> str:
    """Length class of a cable of at most `distance_m` [m], by what the optics reach."""
    for reach in ("short_m", "medium_m", "long_m"):
        most = catalog.value(_PLAN, "cables", reach)
        if distance_m <= most:
            return f"up to {most:,.0f} m"
    return f"above {catalog.value(_PLAN, 'cables', 'long_m'):,.0f} m"
