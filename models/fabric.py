"""Interconnects: how many switches, modules and links a cluster needs, what they cost, draw and break.

The compute fabric (back end) is counted part by part; the front end with the management network is a sum
per accelerator.

References
[1] NVIDIA DGX SuperPOD reference architectures (H100, B200, B300).
[2] Wang, W. et al. (2023). Rail-only: a low-cost high-performance network. arXiv:2307.12169.
[3] Jouppi, N. et al. (2023). TPU v4. ISCA '23. doi:10.1145/3579371.3589350.
[4] Llama team (2024). The Llama 3 herd of models. arXiv:2407.21783 (35 switch or cable stops in 54 days).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exasite.models import fabric_counts as counting
from exasite.models.accelerator import Accelerator
from exasite.models.compute import Links
from exasite.models.fabric_counts import IntArray, TreeCounts, ceil_div
from exasite.models.fabric_parts import (
    NATIVE_NIC,
    Fabric,
    NicChange,
    compatible_fabrics,
    congestion_classes,
    fabric,
)

__all__ = [
    "Fabric",
    "Network",
    "compatible_fabrics",
    "congestion_classes",
    "fabric",
    "links_of",
    "network",
    "tier_limits",
]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """The interconnect of clusters of `gpus` accelerators; every field is an array over `gpus`.

    Counts are whole parts of all planes. `optical_engines` are co-packaged and paid with their switch.
    `tiers` is 0 inside a single torus pod. Where `reachable` is False the fabric has too few tiers and the
    other values mean nothing. Money in USD, power in W, `stop_rate_per_gpu_hour` in 1/(GPU hour): stops of a
    whole job by a switch or a link (NICs are counted with the host).
    """

    gpus: IntArray
    reachable: npt.NDArray[np.bool_]
    tiers: IntArray
    leaf_switches: IntArray
    switches: IntArray
    circuit_switches: IntArray
    switch_modules: IntArray
    optical_engines: IntArray
    nic_modules: IntArray
    links: IntArray
    switches_usd: FloatArray
    optics_usd: FloatArray
    cables_usd: FloatArray
    nic_delta_usd: FloatArray
    frontend_usd: FloatArray
    switches_w: FloatArray
    optics_w: FloatArray
    nic_delta_w: FloatArray
    frontend_w: FloatArray
    stop_rate_per_gpu_hour: FloatArray

    @property
    def backend_usd(self) -> FloatArray:
        """Switches, modules and cables of the compute fabric [USD]."""
        return self.switches_usd + self.optics_usd + self.cables_usd

    @property
    def capex_usd(self) -> FloatArray:
        """All networking beyond the server price [USD]."""
        return self.backend_usd + self.nic_delta_usd + self.frontend_usd

    @property
    def backend_w(self) -> FloatArray:
        """Switches and modules of the compute fabric [W]."""
        return self.switches_w + self.optics_w

    @property
    def power_w(self) -> FloatArray:
        """All networking beyond the server's power [W]; its heat goes to air."""
        return self.backend_w + self.nic_delta_w + self.frontend_w


def links_of(fabric: Fabric, accelerator: Accelerator, congestion: Mapping[str, float]) -> Links:
    """The links an accelerator computes over in this fabric.

    Ports on the accelerator itself limit the rate of a fabric without NICs of its own.

    Args: congestion, loss per unit of ln(N/8) [1] by congestion class ("tuned_infiniband", "ethernet").
    Raises KeyError if the fabric's congestion class is missing.
    """
    rate = fabric.scale_out_gbit_per_s
    if fabric.nic == NATIVE_NIC:
        rate = min(rate, accelerator.nic_gbit_per_s)
    return Links(
        scale_up_domain=accelerator.scale_up_domain,
        scale_up_gb_per_s=accelerator.scale_up_gb_per_s,
        scale_out_gbit_per_s=rate,
        congestion=congestion[fabric.congestion_class],
        island_gpus=fabric.island_gpus if fabric.is_tapered else math.inf,
        island_taper=fabric.top_taper,
    )


def tier_limits(fabric: Fabric) -> tuple[int, ...]:
    """Numbers of accelerators after which the structure changes (one more tier, more than one island or pod),
    ascending; the last one is the fabric's reach. [accelerators]"""
    flat = _gpu_limits(fabric, tapered=False)
    if fabric.torus is not None:
        pod = fabric.torus.pod_gpus
        return (pod, *(limit for limit in flat if limit > pod))
    if not fabric.is_tapered:
        return flat
    island = int(min(fabric.island_gpus, flat[-1]))
    inside = [limit for limit in flat if limit < island] + [island] * (island > 0)
    return tuple(inside) + tuple(limit for limit in _gpu_limits(fabric, tapered=True) if limit > island)


def network(fabric: Fabric, gpus: npt.ArrayLike, *, accelerator: Accelerator | None = None) -> Network:
    """Parts, cost, power and failures of a fabric for clusters of each size in `gpus`.

    cost = planes x (switches + modules + cables) + front end + NIC difference; power likewise. Failures are
    the sum of part counts x their rates x the shares that stop a job, which comes near a field record [4].

    Args: gpus, whole numbers of at least 1 [accelerators]; accelerator, whose server price includes its own
    NIC: without one the fabric's NIC is taken to be in the server price.
    Raises ValueError for a size below 1 or not whole.
    """
    sizes = _whole_sizes(gpus)
    tree, reachable = tree_counts(fabric, sizes)
    nic_modules = _nic_modules(fabric, sizes, tree)
    cubes, circuits = _torus_parts(fabric, sizes)
    circuit_modules = cubes * (fabric.torus.circuit_modules_per_cube if fabric.torus else 0)
    links = tree.links + circuit_modules
    nothing = np.zeros_like(sizes)
    modules, engines = tree.switch_modules, nothing
    if fabric.co_packaged:
        modules, engines = engines, modules
    change, each = _nic_change(fabric, accelerator), sizes.astype(np.float64)

    def total(field: str) -> tuple[FloatArray, FloatArray]:
        """Switches and optics together, of one property of the parts."""
        circuit = fabric.torus
        in_switches = tree.switches * getattr(fabric.switch, field)
        in_optics = tree.switch_modules * getattr(fabric.switch_optic, field)
        in_optics = in_optics + nic_modules * getattr(fabric.nic_optic, field)
        if circuit is not None:
            in_switches = in_switches + circuits * getattr(circuit.circuit_switch, field)
            in_optics = in_optics + circuit_modules * getattr(circuit.circuit_optic, field)
        return in_switches, in_optics

    switches_usd, optics_usd = total("price_usd")
    switches_w, optics_w = total("power_w")
    failures = sum(total("failures_per_hour"))
    return Network(
        gpus=sizes,
        reachable=reachable,
        tiers=tree.tiers,
        leaf_switches=tree.leaf_switches,
        switches=tree.switches,
        circuit_switches=circuits,
        switch_modules=modules,
        optical_engines=engines,
        nic_modules=nic_modules + circuit_modules,
        links=links,
        switches_usd=switches_usd,
        optics_usd=optics_usd,
        cables_usd=links.astype(np.float64) * fabric.cable.price_usd,
        nic_delta_usd=each * change.usd_per_gpu,
        frontend_usd=each * fabric.frontend_usd_per_gpu,
        switches_w=switches_w,
        optics_w=optics_w,
        nic_delta_w=each * change.w_per_gpu,
        frontend_w=each * fabric.frontend_w_per_gpu,
        stop_rate_per_gpu_hour=failures * fabric.job_stop_share * fabric.link_stop_probability / sizes,
    )


def tree_counts(fabric: Fabric, gpus: IntArray) -> tuple[TreeCounts, npt.NDArray[np.bool_]]:
    """Counts of all planes and rails of the packet-switched part, and whether its tiers suffice."""
    nodes = ceil_div(gpus, fabric.node_gpus)
    tapered = (gpus > fabric.island_gpus) & fabric.is_tapered
    needed = np.where(
        tapered,
        counting.tiers_needed(nodes, _node_limits(fabric, tapered=True)),
        counting.tiers_needed(nodes, _node_limits(fabric, tapered=False)),
    )
    reachable = needed <= fabric.maximum_tiers
    tiers = np.minimum(needed, fabric.maximum_tiers)
    taper = np.where(tapered, fabric.top_taper, 1.0)
    modules = fabric.switch_optic_ports
    if fabric.topology == "rail_only":
        tree = counting.fat_tree(nodes, tiers, fabric.radix, taper, modules).times(fabric.rails)
    else:
        general = counting.fat_tree(nodes * fabric.rails, tiers, fabric.radix, taper, modules)
        grouped = counting.rail_groups(nodes, fabric.radix, fabric.rails, modules)
        tree = counting.select((tiers == 2) & ~tapered, grouped, general)
    tree = tree.times(fabric.planes)
    if fabric.torus is None:
        return tree, reachable
    one_pod = gpus <= fabric.torus.pod_gpus
    empty = TreeCounts(*(np.zeros_like(gpus) for _ in range(7)))
    return counting.select(one_pod, empty, tree), reachable | one_pod


def _node_limits(fabric: Fabric, *, tapered: bool) -> tuple[int, ...]:
    """Nodes that trees of 1, 2, ... tiers reach. A tapered tree must also hold a whole island below its last
    tier, else that number of tiers reaches nothing. [nodes]"""
    taper = fabric.top_taper if tapered else 1.0
    trees = 1 if fabric.topology == "rail_only" else fabric.rails
    limits = []
    for tiers in range(1, fabric.maximum_tiers + 1):
        limit = counting.reach(fabric.radix, tiers, taper) // trees
        if tiers == 2 and not tapered and fabric.topology != "rail_only":
            limit = counting.rail_group_reach(fabric.radix, fabric.rails)
        if tapered and counting.pod_reach(fabric.radix, tiers, taper) * fabric.node_gpus < fabric.island_gpus:
            limit = 0
        limits.append(limit)
    return tuple(limits)


def _gpu_limits(fabric: Fabric, *, tapered: bool) -> tuple[int, ...]:
    limits = {limit * fabric.node_gpus for limit in _node_limits(fabric, tapered=tapered) if limit > 0}
    return tuple(sorted(limits))


def _nic_modules(fabric: Fabric, gpus: IntArray, tree: TreeCounts) -> IntArray:
    """Modules at the nodes: the ports of one node in all planes share cages; a part-filled node is cabled in
    full."""
    per_node = math.ceil(fabric.planes * fabric.rails / fabric.nic_optic_ports)
    return np.where(tree.tiers > 0, ceil_div(gpus, fabric.node_gpus) * per_node, 0)


def _torus_parts(fabric: Fabric, gpus: IntArray) -> tuple[IntArray, IntArray]:
    """Cubes and optical circuit switches; every pod gets all its circuit switches. [3]"""
    if fabric.torus is None:
        return np.zeros_like(gpus), np.zeros_like(gpus)
    pods = ceil_div(gpus, fabric.torus.pod_gpus)
    return ceil_div(gpus, fabric.torus.cube_gpus), pods * fabric.torus.circuit_switches_per_pod


def _whole_sizes(gpus: npt.ArrayLike) -> IntArray:
    sizes = np.atleast_1d(np.asarray(gpus))
    whole = sizes.astype(np.int64)
    if np.any(whole < 1) or np.any(whole != sizes):
        raise ValueError("numbers of accelerators must be whole and at least 1")
    return whole


def _nic_change(fabric: Fabric, accelerator: Accelerator | None) -> NicChange:
    """The difference for this accelerator; none for ports of its own or an unknown server."""
    name = accelerator.id if accelerator is not None else ""
    for change in fabric.nic_changes:
        if change.accelerator_id == name:
            return change
    return NicChange(name, 0.0, 0.0)
