"""Interconnects of the catalogue: which switches, modules and NICs each one is made of, and what it fits.

A fabric's NIC is paid only where it differs from the one that the server price includes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from exasite.models.catalog import Catalog
from exasite.models.units import FIT_HOURS, HOURS_PER_YEAR

TABLE = "fabrics"
TOPOLOGIES = ("fat_tree", "multi_plane", "rail_only", "torus")
NATIVE_NIC = "native"  # ports on the accelerator's own chip or board
_NO_PRICE = math.nan


@dataclass(frozen=True)
class Part:
    """A switch, an optical module or a cable. Price and power are NaN if the catalogue has none."""

    id: str
    price_usd: float
    power_w: float
    failures_per_hour: float


@dataclass(frozen=True)
class NicChange:
    """What the fabric's NICs cost and draw beyond those in one accelerator's server price."""

    accelerator_id: str
    usd_per_gpu: float
    w_per_gpu: float


@dataclass(frozen=True)
class Torus:
    """Pods of cubes joined by optical circuit switches."""

    pod_gpus: int
    cube_gpus: int
    circuit_switches_per_pod: int
    circuit_ports: int
    circuit_ports_per_cube: int
    circuit_modules_per_cube: int
    circuit_switch: Part
    circuit_optic: Part


@dataclass(frozen=True)
class Fabric:
    """An interconnect with its parts resolved.

    `rails` ports of each node of `node_gpus` accelerators enter every plane, each on its own leaf.
    `top_taper` is the number of downlinks per uplink into the last tier; it acts only between islands of
    `island_gpus`.
    `link_stop_probability` is the chance that a failed link stops the job, `job_stop_share` the share of part
    failures seen in the field as stops. In a torus, nodes and rails describe the tree that joins the pods.
    """

    id: str
    name: str
    topology: str
    switch: Part
    switch_optic: Part
    switch_optic_ports: int
    co_packaged: bool
    nic_optic: Part
    nic_optic_ports: int
    cable: Part
    nic: str
    nic_changes: tuple[NicChange, ...]
    scale_out_gbit_per_s: float
    planes: int
    radix: int
    rails: int
    node_gpus: int
    top_taper: float
    island_gpus: float
    congestion_class: str
    link_stop_probability: float
    job_stop_share: float
    available_year: float
    compatible_accelerators: tuple[str, ...]
    selectable: bool
    maximum_tiers: int
    frontend_usd_per_gpu: float
    frontend_w_per_gpu: float
    torus: Torus | None = None

    @property
    def ports_per_gpu(self) -> float:
        return self.planes * self.rails / self.node_gpus

    @property
    def is_tapered(self) -> bool:
        return self.top_taper > 1.0


def fabric(catalog: Catalog, fabric_id: str) -> Fabric:
    """Fabric of the catalogue with its parts.

    Raises KeyError, naming the nearest known id, for an unknown one; ValueError for one without parts.
    """
    topology = catalog.text(TABLE, fabric_id, "topology")
    if topology not in TOPOLOGIES:
        raise ValueError(f"fabric '{fabric_id}' is {topology} only: its parts cannot be counted")

    def value(name: str) -> float:
        return catalog.value(TABLE, fabric_id, name)

    def text(name: str) -> str:
        return catalog.text(TABLE, fabric_id, name)

    nic, switch_optic = text("nic"), text("switch_optic")
    return Fabric(
        id=fabric_id,
        name=text("name"),
        topology=topology,
        switch=_switch(catalog, text("switch")),
        switch_optic=_optic(catalog, switch_optic),
        switch_optic_ports=int(value("switch_optic_ports")),
        co_packaged=catalog.text("optics", switch_optic, "kind") == "engine",
        nic_optic=_optic(catalog, text("nic_optic")),
        nic_optic_ports=int(value("nic_optic_ports")),
        cable=_optic(catalog, catalog.text("fabric_parameters", "all", "cable")),
        nic=nic,
        nic_changes=_nic_changes(catalog, nic, value("nics_per_gpu")),
        scale_out_gbit_per_s=value("scale_out_gbit_per_s"),
        planes=int(value("planes")),
        radix=int(value("radix")),
        rails=int(value("rails")),
        node_gpus=int(value("node_gpus")),
        top_taper=value("top_taper"),
        island_gpus=catalog.value_or(TABLE, fabric_id, "island_gpus", math.inf),
        congestion_class=text("congestion"),
        link_stop_probability=value("link_stop_probability"),
        job_stop_share=catalog.value("fabric_parameters", "all", "job_stop_share"),
        available_year=value("available_year"),
        compatible_accelerators=catalog.words(TABLE, fabric_id, "compatible_accelerators"),
        selectable=text("selectable") == "yes",
        maximum_tiers=int(catalog.value("fabric_parameters", "all", "maximum_tiers")),
        frontend_usd_per_gpu=catalog.value("fabric_parameters", "all", "frontend_usd"),
        frontend_w_per_gpu=catalog.value("fabric_parameters", "all", "frontend_w"),
        torus=_torus(catalog, fabric_id) if topology == "torus" else None,
    )


def compatible_fabrics(catalog: Catalog, accelerator_id: str) -> tuple[str, ...]:
    """Ids of the selectable fabrics that fit an accelerator, in catalogue order."""
    return tuple(
        item
        for item in catalog.items(TABLE)
        if catalog.text(TABLE, item, "selectable") == "yes"
        and accelerator_id in catalog.words(TABLE, item, "compatible_accelerators")
    )


def congestion_classes(catalog: Catalog) -> dict[str, float]:
    """Loss per unit of ln(N/8) by congestion class of the fabrics [1], as `links_of` takes it."""
    return {
        "tuned_infiniband": catalog.value("compute_parameters", "step_time", "congestion_tuned"),
        "ethernet": catalog.value("compute_parameters", "step_time", "congestion_ethernet"),
    }


def _nic_changes(catalog: Catalog, nic: str, nics_per_gpu: float) -> tuple[NicChange, ...]:
    if nic == NATIVE_NIC:
        return ()
    price, power = catalog.value("nics", nic, "price_usd"), catalog.value("nics", nic, "power_w")
    return tuple(
        NicChange(
            accelerator_id,
            nics_per_gpu * price - catalog.value("nics", included, "price_usd"),
            nics_per_gpu * power - catalog.value("nics", included, "power_w"),
        )
        for included in catalog.items("nics")
        for accelerator_id in catalog.words("nics", included, "default_of")
    )


def _switch(catalog: Catalog, part_id: str) -> Part:
    return Part(
        part_id,
        catalog.value_or("switches", part_id, "price_usd", _NO_PRICE),
        catalog.value_or("switches", part_id, "power_w", _NO_PRICE),
        catalog.value_or("switches", part_id, "failures_per_year", _NO_PRICE) / HOURS_PER_YEAR,
    )


def _optic(catalog: Catalog, part_id: str) -> Part:
    return Part(
        part_id,
        catalog.value("optics", part_id, "price_usd"),
        catalog.value("optics", part_id, "power_w"),
        catalog.value_or("optics", part_id, "failure_fit", 0.0) / FIT_HOURS,
    )


def _torus(catalog: Catalog, fabric_id: str) -> Torus:
    def count(name: str) -> int:
        return int(catalog.value(TABLE, fabric_id, name))

    circuit_switch = catalog.text(TABLE, fabric_id, "circuit_switch")
    return Torus(
        pod_gpus=count("pod_gpus"),
        cube_gpus=count("cube_gpus"),
        circuit_switches_per_pod=count("circuit_switches_per_pod"),
        circuit_ports=int(catalog.value("switches", circuit_switch, "ports")),
        circuit_ports_per_cube=count("circuit_ports_per_cube"),
        circuit_modules_per_cube=count("circuit_modules_per_cube"),
        circuit_switch=_switch(catalog, circuit_switch),
        circuit_optic=_optic(catalog, catalog.text(TABLE, fabric_id, "circuit_optic")),
    )
