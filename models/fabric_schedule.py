"""Where the switches of a counted fabric stand: tiers with their ports, and pods with their part of each tier.

The totals are those of `exasite.models.fabric`; this only says how they are spread: leaves to pods in order and as even
as whole switches allow, every pod to all switches of the last tier.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exasite.models import fabric_counts as counting
from exasite.models.fabric import Network, network, tree_counts
from exasite.models.fabric_parts import Fabric

_NAMES = {1: ("leaf",), 2: ("leaf", "spine"), 3: ("leaf", "spine", "core"), 4: ("leaf", "spine", "super-spine", "core")}


@dataclass(frozen=True)
class Tier:
    """Switches of a tier over all planes and rails, and what their ports are used for.

    `links_down` go to the nodes or the tier below, `links_up` to the tier above.
    """

    name: str
    switches: int
    radix: int
    links_down: int
    links_up: int

    @property
    def ports(self) -> int:
        return self.switches * self.radix

    @property
    def spare_ports(self) -> int:
        return self.ports - self.links_down - self.links_up

    @property
    def oversubscription(self) -> float | None:
        """Links down per link up; None in the last tier."""
        return self.links_down / self.links_up if self.links_up else None


@dataclass(frozen=True)
class Pod:
    """Nodes that share their leaves, with ranges of switch numbers, first and last, in each tier they reach.

    `switches` holds (tier, first, last) for the tiers of the pod alone, then the last tier, which all pods share.
    """

    number: int
    first_node: int
    last_node: int
    switches: tuple[tuple[str, int, int], ...]
    links_down: int
    links_up: int


@dataclass(frozen=True)
class FabricSchedule:
    """Tiers and pods of a fabric; inside one torus pod both are empty and optical circuit switches join the cubes."""

    counted: Network
    nodes: int
    node_gpus: int
    planes: int
    tiers: tuple[Tier, ...]
    pods: tuple[Pod, ...]
    links_per_leaf_and_spine: float | None
    is_tapered: bool


def fabric_schedule(links: Fabric, gpus: int) -> FabricSchedule:
    """Tiers and pods of a fabric of `gpus` accelerators. Raises ValueError where the fabric does not reach that far."""
    sizes = np.array([gpus])
    counted = network(links, sizes)
    if not counted.reachable[0]:
        raise ValueError(f"{links.id} does not reach {gpus} accelerators")
    tree, _ = tree_counts(links, sizes)
    nodes = -(-gpus // links.node_gpus)
    tiers = tiers_of(links, tree, nodes)
    tapered = bool(links.is_tapered and gpus > links.island_gpus)
    each = None
    if len(tiers) == 2 and tiers[1].switches:
        pairs = tiers[0].switches * tiers[1].switches / _copies(links)
        each = tiers[0].links_up / pairs
    return FabricSchedule(
        counted=counted,
        nodes=nodes,
        node_gpus=links.node_gpus,
        planes=links.planes,
        tiers=tiers,
        pods=_pods(links, tiers, nodes, tapered),
        links_per_leaf_and_spine=each,
        is_tapered=tapered,
    )


def _copies(links: Fabric) -> int:
    """Equal trees that do not meet: planes, and rails where they are never joined."""
    return links.planes * (links.rails if links.topology == "rail_only" else 1)


def tiers_of(links: Fabric, tree: counting.TreeCounts, nodes: int) -> tuple[Tier, ...]:
    """Switches and links by tier from the totals of a tree [1]: between lower tiers as many links as endpoints."""

    def one(values: Any) -> int:
        return int(values[0])

    count = one(tree.tiers)
    if count == 0:
        return ()
    leaf, top, every = one(tree.leaf_switches), one(tree.top_switches), one(tree.switches)
    endpoints = nodes * links.rails * links.planes
    if count == 1:
        switches, joined = [every], [endpoints]
    else:
        middle = [leaf] * (count - 2)
        switches = [*middle, every - top - sum(middle), top]
        joined = [endpoints] * (count - 1)
        joined.append(one(tree.links) - sum(joined))
    up = [*joined[1:], 0]
    return tuple(
        Tier(name, n, links.radix, below, above)
        for name, n, below, above in zip(_NAMES[count], switches, joined, up, strict=True)
    )


def pod_nodes(links: Fabric, tiers: int, tapered: bool) -> int:
    """Nodes of a pod: those that reach each other below the last tier [nodes]."""
    taper = links.top_taper if tapered else 1.0
    if tiers == 2 and not tapered and links.topology != "rail_only":
        return links.radix // 2  # a group of the rail-optimised tree, one leaf per rail
    endpoints = counting.pod_reach(links.radix, tiers, taper)
    return max(1, endpoints if links.topology == "rail_only" else endpoints // links.rails)


def _pods(links: Fabric, tiers: Sequence[Tier], nodes: int, tapered: bool) -> tuple[Pod, ...]:
    if not tiers:
        return ()
    size = nodes if len(tiers) == 1 else pod_nodes(links, len(tiers), tapered)
    number = -(-nodes // size)
    ends = np.minimum(np.arange(1, number + 1) * size, nodes)
    starts = np.concatenate([[0], ends[:-1]])
    share = ends / nodes
    own = tiers[:-1] if len(tiers) > 1 else tiers
    # groups of a rail-optimised tree have all their leaves even if they hold few nodes
    full = len(tiers) == 2 and not tapered and links.topology != "rail_only"
    part = np.arange(1, number + 1) / number if full else share
    spread = {tier.name: _ranges(tier.switches, part) for tier in own}
    leaves = np.round(part * tiers[0].switches) / tiers[0].switches
    down, up = _parts(tiers[0].links_down, share), _parts(tiers[0].links_up, leaves)  # every leaf is cabled in full
    found = []
    for k in range(number):
        reached = [(name, *ranges[k]) for name, ranges in spread.items()]
        if len(tiers) > 1:
            reached.append((tiers[-1].name, 1, tiers[-1].switches))
        found.append(Pod(k + 1, int(starts[k]) + 1, int(ends[k]), tuple(reached), down[k], up[k]))
    return tuple(found)


def _ranges(switches: int, share: np.ndarray) -> list[tuple[int, int]]:
    """First and last switch of each pod, numbered through; a pod without one of its own shares its neighbour's."""
    ends = np.concatenate([[0], np.round(switches * share)]).astype(int)
    return [(min(int(a) + 1, int(b)) if b > 0 else 1, max(int(b), 1)) for a, b in itertools.pairwise(ends)]


def _parts(total: int, share: np.ndarray) -> list[int]:
    """Whole parts of a total in proportion, which add up to it."""
    ends = np.concatenate([[0], np.round(total * share)]).astype(int)
    return [int(part) for part in np.diff(ends)]
