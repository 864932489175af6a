"""Counting of switches, links and optical modules of Clos fabrics: pure formulas, integer counts, numpy.

Symbols: E endpoints (ports that enter one tree), k switch radix at the port speed in use, t tiers,
o taper (downlinks per uplink into the last tier), d = floor(k o / (1 + o)) downlinks of a tapered switch.

References
[1] NVIDIA DGX SuperPOD reference architectures (H100, B200, B300): scalable units, leaf and spine tables.
[2] Leiserson, C. E. (1985). Fat-trees. IEEE Transactions on Computers C-34(10), 892-901.
[3] Wang, W. et al. (2023). Rail-only: a low-cost high-performance network. arXiv:2307.12169.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
_ROUNDING = 1e-9  # a taper such as 7.0 must not lose a port to floating point


@dataclass(frozen=True)
class TreeCounts:
    """Parts of one tree, or of many equal ones, as integer arrays over the number of endpoints.

    `links` counts cables, endpoint links included; `switch_ends` their ends at switches, which is the number
    of switch ports in use; `switch_modules` the pluggable modules (or optical engines) behind those ends.
    """

    tiers: IntArray
    leaf_switches: IntArray
    top_switches: IntArray
    switches: IntArray
    links: IntArray
    switch_ends: IntArray
    switch_modules: IntArray

    def times(self, copies: int) -> TreeCounts:
        """The parts of `copies` equal trees; the number of tiers stays."""
        parts = {f.name: getattr(self, f.name) * copies for f in fields(self) if f.name != "tiers"}
        return TreeCounts(tiers=self.tiers, **parts)


def ceil_div(numerator: IntArray, denominator: int | IntArray) -> IntArray:
    """Integer division rounded up."""
    return -(-numerator // denominator)


def down_ports(radix: int, taper: float = 1.0) -> int:
    """Downlinks d = floor(k o / (1 + o)) of a switch below a tier with taper o [ports]."""
    return math.floor(radix * taper / (1.0 + taper) + _ROUNDING)


def reach(radix: int, tiers: int, taper: float = 1.0) -> int:
    """Largest number of endpoints of a tree: k for one tier, else k (k/2)^(t-2) d. [endpoints] [2]"""
    if tiers == 1:
        return radix
    return int(radix * (radix // 2) ** (tiers - 2) * down_ports(radix, taper))


def pod_reach(radix: int, tiers: int, taper: float) -> int:
    """Endpoints of one rail below the tapered last tier that reach each other at full rate [endpoints]:
    (k/2)^(t-2) d, and d for the leaves of a tree of two tiers."""
    return 1 if tiers == 1 else int((radix // 2) ** (tiers - 2) * down_ports(radix, taper))


def tiers_needed(endpoints: IntArray, limits: tuple[int, ...]) -> IntArray:
    """Tiers of a tree of `endpoints` when t tiers reach `limits[t-1]`; one more if none does."""
    return np.searchsorted(np.asarray(limits, dtype=np.int64), endpoints, side="left").astype(np.int64) + 1


def modules_behind(ends: IntArray, switches: IntArray, ports_per_module: int) -> IntArray:
    """Modules behind `ends` spread evenly over `switches`: a module cannot be shared by two switches."""
    at_least_one = np.maximum(switches, 1)
    each, fuller = ends // at_least_one, ends % at_least_one
    behind, behind_fuller = ceil_div(each, ports_per_module), ceil_div(each + 1, ports_per_module)
    return (switches - fuller) * behind + fuller * behind_fuller


def fat_tree(
    endpoints: IntArray, tiers: IntArray, radix: int, taper: npt.NDArray[np.float64], ports_per_module: int
) -> TreeCounts:
    """Parts of a tree that is non-blocking up to its last tier, which is tapered by `taper`. [2]

    Links between neighbouring tiers are E each and ceil(E/o) into the last; a tier holds as many switches as
    the ends of its links fill: ceil(2E/k) in the middle, ceil((E + E/o)/k) below the last, ceil(E/o/k) there.

    Args: endpoints, tiers and taper, equal shapes; radix [ports]; ports_per_module [ports].
    """
    several = tiers >= 2
    uplinks = np.where(several, np.ceil(endpoints / taper - _ROUNDING).astype(np.int64), 0)
    middle_tiers = np.maximum(tiers - 2, 0)
    middle = ceil_div(2 * endpoints, radix)
    below_top = ceil_div(endpoints + uplinks, radix)  # with one tier this is that tier
    top = ceil_div(uplinks, radix)
    modules = (
        middle_tiers * modules_behind(2 * endpoints, middle, ports_per_module)
        + modules_behind(endpoints + uplinks, below_top, ports_per_module)
        + modules_behind(uplinks, top, ports_per_module)
    )
    links = (middle_tiers + 1) * endpoints + uplinks
    return TreeCounts(
        tiers=tiers,
        leaf_switches=np.where(middle_tiers > 0, middle, below_top),
        top_switches=np.where(several, top, below_top),
        switches=middle_tiers * middle + below_top + top,
        links=links,
        switch_ends=2 * links - endpoints,
        switch_modules=modules,
    )


def rail_groups(nodes: IntArray, radix: int, rails: int, ports_per_module: int) -> TreeCounts:
    """Parts of a non-blocking, rail-optimised fabric of two tiers, with the rounding of its vendor. [1]

    Nodes stand in groups of d = k/2, the last one perhaps part-filled; every group has one leaf per rail with
    all its uplinks in place. The spines are the smallest divisor of the uplinks of a leaf that offers enough
    ports, so that every leaf reaches every spine with equally many links.

    Args: nodes [nodes], each with `rails` ports; radix, rails, ports_per_module [ports].
    """
    down = radix // 2
    up = radix - down
    groups = ceil_div(nodes, down)
    leaves = rails * groups
    uplinks = leaves * up
    divisors = np.array([n for n in range(1, up + 1) if up % n == 0], dtype=np.int64)
    wanted = np.minimum(ceil_div(uplinks, radix), up)
    spines = divisors[np.searchsorted(divisors, wanted, side="left")]
    last = nodes - (groups - 1) * down
    leaf_modules = (groups - 1) * -(-radix // ports_per_module) + ceil_div(last + up, ports_per_module)
    links = rails * nodes + uplinks
    return TreeCounts(
        tiers=np.full_like(nodes, 2),
        leaf_switches=leaves,
        top_switches=spines,
        switches=leaves + spines,
        links=links,
        switch_ends=links + uplinks,
        switch_modules=rails * leaf_modules + modules_behind(uplinks, spines, ports_per_module),
    )


def rail_group_reach(radix: int, rails: int) -> int:
    """Nodes of a rail-optimised fabric of two tiers: floor(k/R) groups of k/2 nodes. [nodes] [1]"""
    return (radix // rails) * (radix // 2)


def select(condition: npt.NDArray[np.bool_], if_true: TreeCounts, if_false: TreeCounts) -> TreeCounts:
    """Element-wise choice between two counts."""
    names = [f.name for f in fields(TreeCounts)]
    return TreeCounts(**{n: np.where(condition, getattr(if_true, n), getattr(if_false, n)) for n in names})
