"""The network schedule: tiers and ports of every cluster, and the port map by pod."""

from __future__ import annotations

import math
from collections.abc import Iterator

from exasite.plans.bill_equipment import circuit_modules
from exasite.plans.parts import ClusterParts, Parts
from exasite.plans.records import NetworkPlan, PodRow, TierPlan

_MW_PER_W = 1e-6


def network_plans(parts: Parts) -> tuple[NetworkPlan, ...]:
    """The interconnect of each cluster as a whole."""
    return tuple(_network(c) for c in parts.clusters)


def tier_plans(parts: Parts) -> tuple[TierPlan, ...]:
    """Switches and ports by tier."""
    return tuple(row for c in parts.clusters for row in _tiers(c))


def pod_rows(parts: Parts) -> tuple[PodRow, ...]:
    """The port map: one row a pod."""
    return tuple(row for c in parts.clusters for row in _pods(c))


def _network(c: ClusterParts) -> NetworkPlan:
    counted, schedule = c.evaluation.interconnect, c.fabric
    links = c.evaluation.design.components.fabric
    circuits = circuit_modules(c)
    return NetworkPlan(
        site=c.key,
        cluster=c.number,
        interconnect=links.id,
        name=links.name,
        tiers=int(counted.tiers[0]),
        nodes=schedule.nodes,
        accelerators_per_node=schedule.node_gpus,
        planes=schedule.planes,
        switches=int(counted.switches[0]),
        circuit_switches=int(counted.circuit_switches[0]),
        switch_modules=int(counted.switch_modules[0]),
        node_modules=int(counted.nic_modules[0]) - circuits,
        circuit_modules=circuits,
        optical_engines=int(counted.optical_engines[0]),
        links=int(counted.links[0]),
        links_per_leaf_and_spine=schedule.links_per_leaf_and_spine,
        tapered=schedule.is_tapered,
        power_mw=float(counted.power_w[0]) * _MW_PER_W,
    )


def _tiers(c: ClusterParts) -> Iterator[TierPlan]:
    switch = c.evaluation.design.components.fabric.switch.id
    for tier in c.fabric.tiers:
        yield TierPlan(
            site=c.key,
            cluster=c.number,
            tier=tier.name,
            switch=switch,
            switches=tier.switches,
            ports_per_switch=tier.radix,
            links_down=tier.links_down,
            links_up=tier.links_up,
            ports=tier.ports,
            spare_ports=tier.spare_ports,
            oversubscription=tier.oversubscription,
        )


def _pods(c: ClusterParts) -> Iterator[PodRow]:
    several = len(c.fabric.tiers) > 1
    chip = c.evaluation.design.components.accelerator
    nodes_per_rack = c.racks.servers_per_rack * chip.unit_gpus / c.fabric.node_gpus
    for pod in c.fabric.pods:
        own = pod.switches[:-1] if several else pod.switches
        shared = pod.switches[-1:] if several else ()
        yield PodRow(
            site=c.key,
            cluster=c.number,
            pod=pod.number,
            nodes=_span(pod.first_node, pod.last_node),
            racks=_span(math.ceil(pod.first_node / nodes_per_rack), math.ceil(pod.last_node / nodes_per_rack)),
            leaves=_range(own[0]),
            above=", ".join(_range(tier) for tier in own[1:]),
            shared=", ".join(_range(tier) for tier in shared),
            links_down=pod.links_down,
            links_up=pod.links_up,
        )


def _range(tier: tuple[str, int, int]) -> str:
    name, first, last = tier
    return f"{name} {_span(first, last)}"


def _span(first: int, last: int) -> str:
    return f"{first}-{last}" if last > first else str(first)
