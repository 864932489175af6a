"""Rows of the equipment that the owner furnishes: servers, spares, network, storage."""

from __future__ import annotations

import math

from exasite.models.building import cable_class
from exasite.models.fabric_parts import NATIVE_NIC
from exasite.plans.cents import Draft, Rest
from exasite.plans.facts import origin
from exasite.plans.parts import ClusterParts, Parts, walking_distance_m

Lines = dict[str, tuple[list[Draft], Rest]]
SERVERS = "servers"  # task of the timeline that delivers them, the network and the storage
_RACK_SCALE = 32  # accelerators from which a deployment unit is a rack system


def equipment_drafts(parts: Parts, cluster: ClusterParts) -> Lines:
    """Rows by capex line, and what each line leaves."""
    return {
        "servers": _servers(parts, cluster),
        "spares": _spares(parts, cluster),
        "network": _network(parts, cluster),
        "storage": _storage(parts, cluster),
    }


def _server(parts: Parts, cluster: ClusterParts, item: str, name: str, count: int, note: str) -> Draft:
    chip = cluster.evaluation.design.components.accelerator
    rack = chip.unit_gpus >= _RACK_SCALE
    return Draft(
        item,
        f"{chip.name} {'rack system' if rack else 'server'} of {chip.unit_gpus}{name}",
        count,
        "rack system" if rack else "server",
        chip.price_usd * chip.unit_gpus,
        supplier=chip.vendor,
        lead=SERVERS,
        note=note,
        **origin(parts.catalog, "accelerators", chip.id, "price_usd"),
    )


def _servers(parts: Parts, cluster: ClusterParts) -> tuple[list[Draft], Rest]:
    catalog, design = parts.catalog, cluster.evaluation.design
    chip, links = design.components.accelerator, design.components.fabric
    working = cluster.racks.servers - cluster.racks.spare_servers
    drafts = [
        _server(parts, cluster, chip.id, "", working, "price per accelerator with its share of the server, NICs in it"),
        Draft(
            f"{chip.id}_chip",
            f"{chip.name} accelerators in these servers",
            design.gpus,
            "accelerator",
            supplier=chip.vendor,
            lead=SERVERS,
            note=f"in the price of the servers; the chip alone is put at {chip.chip_price_usd:,.0f} $",
            **origin(catalog, "accelerators", chip.id, "chip_price_usd"),
        ),
    ]
    if links.nic != NATIVE_NIC:
        each = catalog.value_or("fabrics", links.id, "nics_per_gpu", 1.0)
        price = catalog.value("nics", links.nic, "price_usd")
        drafts.append(
            Draft(
                links.nic,
                f"{catalog.text('nics', links.nic, 'name')} adapters in these servers",
                math.ceil(each * design.gpus),
                "adapter",
                lead=SERVERS,
                note=f"in the price of the servers; one alone is put at {price:,.0f} $; what a dearer one than the "
                "server's own costs more is a row of the network",
                **origin(catalog, "nics", links.nic, "price_usd"),
            )
        )
    return drafts, Rest("part_server", "Part of a server that the design does not count", "only whole units are sold")


def _spares(parts: Parts, cluster: ClusterParts) -> tuple[list[Draft], Rest]:
    chip, spare = cluster.evaluation.design.components.accelerator, float(cluster.evaluation.curves.spare_gpus[0])
    units = cluster.racks.spare_servers
    drafts = [
        _server(parts, cluster, f"{chip.id}_spare", ", spare", units, f"{spare:,.1f} spare accelerators in the design")
    ]
    return drafts, Rest(
        "part_spare",
        "Part of a spare unit that the design does not count",
        f"the design prices {spare:,.1f} spare accelerators, whole units hold {units * chip.unit_gpus:,}",
        "high",
    )


def _network(parts: Parts, cluster: ClusterParts) -> tuple[list[Draft], Rest]:
    catalog, design = parts.catalog, cluster.evaluation.design
    links, counted = design.components.fabric, cluster.evaluation.interconnect
    vendor = catalog.text_or("switches", links.switch.id, "vendor", "")
    name = catalog.text("switches", links.switch.id, "name")
    drafts = [
        Draft(
            f"{links.switch.id}_{tier.name}",
            f"{name}, {tier.name}",
            tier.switches,
            "switch",
            links.switch.price_usd,
            supplier=vendor,
            lead=SERVERS,
            **origin(catalog, "switches", links.switch.id, "price_usd"),
        )
        for tier in cluster.fabric.tiers
    ]
    drafts += _optics(parts, cluster)
    drafts += _cables(parts, cluster)
    delta = float(counted.nic_delta_usd[0]) / design.gpus
    if delta:
        drafts.append(
            Draft(
                f"{links.nic}_difference",
                f"{catalog.text('nics', links.nic, 'name')}, beyond the server's own adapter",
                design.gpus,
                "accelerator",
                delta,
                lead=SERVERS,
                **origin(catalog, "nics", links.nic, "price_usd"),
            )
        )
    drafts.append(
        Draft(
            "frontend",
            "Front-end and management network, per accelerator",
            design.gpus,
            "accelerator",
            links.frontend_usd_per_gpu,
            lead=SERVERS,
            note="switches, cables and adapters of storage and management",
            **origin(catalog, "fabric_parameters", "all", "frontend_usd"),
        )
    )
    share = float(cluster.evaluation.curves.spare_gpus[0]) / design.gpus
    return drafts, Rest(
        "network_of_spares",
        "Network ports, modules and cables of the spare accelerators",
        f"the design prices the network of the working accelerators and {100 * share:.2f} % of it for the spares",
    )


def _optics(parts: Parts, cluster: ClusterParts) -> list[Draft]:
    """Modules by type and place; engines of co-packaged switches are in the switch price."""
    catalog, links = parts.catalog, cluster.evaluation.design.components.fabric
    counted, torus = cluster.evaluation.interconnect, links.torus
    modules, engines = int(counted.switch_modules[0]), int(counted.optical_engines[0])
    circuits = circuit_modules(cluster)

    def optic(part: str, place: str, count: int, price: float | None) -> Draft:
        return Draft(
            f"{part}_{place.split(maxsplit=1)[0]}",
            f"{catalog.text('optics', part, 'name')}; {place}",
            count,
            "module",
            price,
            lead=SERVERS,
            note="reach: " + catalog.text_or("optics", part, "reach", "not stated"),
            **origin(catalog, "optics", part, "price_usd"),
        )

    found = [optic(links.switch_optic.id, "at switches", modules, links.switch_optic.price_usd)]
    found.append(optic(links.switch_optic.id, "engines, in the price of the switches", engines, None))
    found.append(
        optic(links.nic_optic.id, "at nodes", int(counted.nic_modules[0]) - circuits, links.nic_optic.price_usd)
    )
    if torus is not None:
        optical, switches = torus.circuit_optic, int(counted.circuit_switches[0])
        found.append(optic(optical.id, "towards circuit switches", circuits, optical.price_usd))
        found.append(
            Draft(
                torus.circuit_switch.id,
                catalog.text("switches", torus.circuit_switch.id, "name"),
                switches,
                "switch",
                torus.circuit_switch.price_usd,
                supplier=catalog.text_or("switches", torus.circuit_switch.id, "vendor", ""),
                lead=SERVERS,
                **origin(catalog, "switches", torus.circuit_switch.id, "price_usd"),
            )
        )
    return found


def circuit_modules(cluster: ClusterParts) -> int:
    """Modules towards optical circuit switches; 0 without a torus."""
    torus = cluster.evaluation.design.components.fabric.torus
    if torus is None:
        return 0
    return -(-cluster.evaluation.design.gpus // torus.cube_gpus) * torus.circuit_modules_per_cube


def _cables(parts: Parts, cluster: ClusterParts) -> list[Draft]:
    """One row a tier of links, with the length class its run across the floor needs."""
    catalog, links = parts.catalog, cluster.evaluation.design.components.fabric
    facts = origin(catalog, "optics", links.cable.id, "price_usd")
    whole = cluster.floor.white_space_m2
    below, found = "nodes", []
    for tier in cluster.fabric.tiers:
        pods = max(1, len(cluster.fabric.pods)) if below == "nodes" else 1
        length = cable_class(catalog, walking_distance_m(whole / pods))
        found.append(
            Draft(
                f"{links.cable.id}_{below}_{tier.name}",
                f"Cables, {below} to {tier.name}, {length}",
                tier.links_down,
                "cable",
                links.cable.price_usd,
                lead=SERVERS,
                note="length class by the longest run across the floor of the pod or the cluster",
                **facts,
            )
        )
        below = tier.name
    if circuit_modules(cluster):
        found.append(
            Draft(
                f"{links.cable.id}_circuits",
                f"Cables, cubes to circuit switches, {cable_class(catalog, walking_distance_m(whole))}",
                circuit_modules(cluster),
                "cable",
                links.cable.price_usd,
                lead=SERVERS,
                **facts,
            )
        )
    return found


def _storage(parts: Parts, cluster: ClusterParts) -> tuple[list[Draft], Rest]:
    tier, gpus = cluster.evaluation.design.components.storage, cluster.evaluation.design.gpus
    write, capacity = float(tier.write_bandwidth(gpus)), float(tier.capacity(gpus))
    draft = Draft(
        tier.id,
        f"Storage nodes: {tier.name}",
        cluster.racks.storage_nodes,
        "node",
        weight=1.0,
        lead=SERVERS,
        note=f"{write:,.0f} GB/s of write and {capacity:,.0f} TB in all; the catalogue prices the bandwidth",
        **origin(parts.catalog, "storage", tier.id, "price_usd_per_gb_per_s"),
    )
    return [draft], Rest("storage_rest", "Storage, rest", "")
