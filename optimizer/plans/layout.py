"""Racks, rows, halls and floor of every cluster."""

from __future__ import annotations

from collections.abc import Iterator

from exasite.plans.parts import Parts
from exasite.plans.records import RackPlan


def rack_plans(parts: Parts) -> tuple[RackPlan, ...]:
    """One record a cluster."""
    return tuple(_plans(parts))


def _plans(parts: Parts) -> Iterator[RackPlan]:
    for c in parts.clusters:
        yield RackPlan(
            site=c.key,
            cluster=c.number,
            accelerator=c.result.accelerator,
            servers=c.racks.servers,
            spare_servers=c.racks.spare_servers,
            servers_per_rack=c.racks.servers_per_rack,
            compute_racks=c.racks.compute_racks,
            network_racks=c.racks.network_racks,
            storage_racks=c.racks.storage_racks,
            racks=c.racks.total,
            rows=c.floor.rows,
            racks_per_row=c.floor.racks_per_row,
            halls=c.floor.halls,
            white_space_m2=c.floor.white_space_m2,
            floor_m2=c.floor.floor_m2,
            rack_kw=c.racks.compute_kw,
            rack_limit_kw=c.racks.limit_kw,
            rack_liquid_kw=c.racks.liquid_kw,
            rack_air_kw=c.racks.air_kw,
            fits=c.racks.fits,
            pods=len(c.fabric.pods),
        )
