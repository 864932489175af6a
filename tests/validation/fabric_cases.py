"""Published network counts, costs and failures, and what the fabric model says about them.

Counts must be exact; money, power and failures carry a stated relative tolerance. "recall" marks a published
number that was written down from memory and not read again at its source.
"""

from __future__ import annotations

from typing import NamedTuple

from exasite.models.catalog import load_catalog
from exasite.models.fabric import Network, fabric, network
from exasite.models.units import HOURS_PER_YEAR

CATALOG = load_catalog()
H100_RA = "NVIDIA DGX H100 SuperPOD reference architecture (recall)"
XDR_RA = "NVIDIA DGX B300 XDR SuperPOD reference architecture"
CPO2 = "On CPO Pt. 2, GB300 NVL72 cost table"
FABRIC_MANAGER_LINKS = 4  # the reference architecture counts them with the node links
NVL72 = 72
SHARED = "not independent: the prices of the XDR switch and module were derived from this table"


class Case(NamedTuple):
    """One published number and the model's, in the unit the quantity says."""

    case: str
    quantity: str
    published: float
    predicted: float
    source: str
    tolerance: float = 0.0
    note: str = ""


def built(fabric_id: str, gpus: int) -> Network:
    return network(fabric(CATALOG, fabric_id), [gpus])


def count(values: Network, name: str) -> int:
    return int(getattr(values, name)[0])


def superpod_cases() -> list[Case]:
    """Single rows of bills of material, so chosen that each needs another part of the counting rules."""
    one, three, four = (built("hgx8_ndr_ib", 8 * nodes) for nodes in (31, 95, 127))
    large = built("hgx8_ndr_ib", 8 * 511)
    xdr = built("hgx8_b300_xdr", 8 * 288)

    def leaf_spine_links(net: Network) -> int:
        return 32 * count(net, "leaf_switches")  # all 32 uplinks of a leaf are in place

    def spines(net: Network) -> int:
        return count(net, "switches") - count(net, "leaf_switches")

    return [
        Case("DGX H100 SuperPOD, 31 nodes", "leaf switches", 8, count(one, "leaf_switches"), H100_RA),
        Case("DGX H100 SuperPOD, 31 nodes", "spine switches", 4, spines(one), H100_RA),
        Case("DGX H100 SuperPOD, 31 nodes", "node-leaf cables", 252,
            count(one, "links") - leaf_spine_links(one) + FABRIC_MANAGER_LINKS, H100_RA),
        Case("DGX H100 SuperPOD, 95 nodes", "spine switches (divisor rule)", 16, spines(three),
            "NVIDIA DGX H100 SuperPOD reference architecture"),
        Case("DGX H100 SuperPOD, 127 nodes", "leaf switches", 32, count(four, "leaf_switches"), H100_RA),
        Case("DGX H100 SuperPOD, 127 nodes", "leaf-spine cables", 1024, leaf_spine_links(four), H100_RA),
        Case("DGX H100 SuperPOD, 511 nodes, three tiers", "switches", 128 + 128 + 64,
            count(large, "switches"), H100_RA),
        Case("DGX B300 XDR SuperPOD, 288 nodes", "spine switches (divisor rule)", 18, spines(xdr), XDR_RA),
    ]  # fmt: skip


def structure_cases() -> list[Case]:
    v4, v7 = fabric(CATALOG, "tpu_v4_ocs"), fabric(CATALOG, "tpu_v7_ocs")
    assert v4.torus is not None and v7.torus is not None
    pod = network(v4, [v4.torus.pod_gpus])
    tpu_v4, tpu_v7 = "TPU v4 paper, ISCA 2023", "NextBigFuture summary of TPU v7"
    used = v4.torus.circuit_ports_per_cube * v4.torus.pod_gpus // v4.torus.cube_gpus
    two_tiers = max(n for n in (131_072, 131_080) if built("multiplane_th6_200", n).tiers[0] == 2)
    rail = fabric(CATALOG, "rail_only_hb8_th5")
    one_tier = max(n for n in (1_024, 1_032) if network(rail, [n]).tiers[0] == 1)
    return [
        Case("TPU v4 pod, 4,096 chips", "optical circuit switches", 48,
             count(pod, "circuit_switches"), tpu_v4),
        Case("TPU v4 pod, 4,096 chips", "ports in use per circuit switch", 128, used, tpu_v4),
        Case("TPU v7", "optical modules per chip", 1.5,
            v7.torus.circuit_modules_per_cube / v7.torus.cube_gpus, tpu_v7),
        Case("102.4T switches at 200G", "accelerators in two tiers", 131_072, two_tiers,
            "Broadcom: 128k accelerators in two tiers"),
        Case("Rail-only, 8-GPU domains, radix 128", "GPUs in one tier", 1_024, one_tier, "arXiv:2307.12169"),
    ]  # fmt: skip


def money_cases() -> list[Case]:
    """Dollars per GPU of all networking, and the saving of Ethernet over InfiniBand at 98,304 GPUs."""

    def per_gpu(fabric_id: str, gpus: int) -> float:
        return float(built(fabric_id, gpus).capex_usd[0]) / gpus

    two, three, four = (per_gpu("nvl72_xdr800", n) for n in (10_368, 98_496, 1_048_608))
    infiniband, ethernet = (built(name, 98_304) for name in ("hgx8_ndr_ib_top7", "hgx8_th5_400_os7"))
    saving = float(infiniband.backend_usd[0] - ethernet.backend_usd[0]) / 1e6
    return [
        Case("GB300 NVL72, two tiers", "networking, USD per GPU", 589_529 / NVL72, two, CPO2, 0.03, SHARED),
        Case("GB300 NVL72, three tiers", "networking, USD per GPU", 836_944 / NVL72, three, CPO2, 0.03,
             SHARED),
        Case("GB300 NVL72, four tiers", "networking, USD per GPU", 1_015_959 / NVL72, four, CPO2, 0.08,
             "the table's fourth tier adds half the optics of its third"),
        Case("GB200 NVL72, 1 GW site", "networking, USD per GPU", 10_300, three,
             "Epoch AI, 1 GW cost breakdown", 0.15, "predicted: three tiers of XDR"),
        Case("AI site", "networking, USD per GPU", 10_700, three, "Bernstein network share", 0.10,
             "predicted: three tiers of XDR"),
        Case("Ethernet instead of InfiniBand, about 100,000 GPUs", "saving, M$", 400, saving,
             "SemiAnalysis, 100,000 H100 clusters (headline)", 0.12, "islands joined 7:1"),
    ]  # fmt: skip


def power_and_failure_cases() -> list[Case]:
    nics = {name: CATALOG.value("nics", name, "power_w") for name in ("cx7", "bf3")}
    llama = built("hgx8_th5_400", 16_384)
    stops = float(llama.stop_rate_per_gpu_hour[0]) * HOURS_PER_YEAR
    return [
        Case("BlueField-3 on 100,000 GPUs", "extra power, MW", 5.0, (nics["bf3"] - nics["cx7"]) * 0.1,
             "SemiAnalysis, 100,000 H100 clusters"),
        Case("Llama 3, 16,384 GPUs", "stops by switch or cable per GPU-year", 0.0144, stops,
             "DCD on the Llama 3 paper", 0.30, "stand-in fabric: three tiers of Tomahawk 5"),
    ]  # fmt: skip


def cases() -> list[Case]:
    return superpod_cases() + structure_cases() + money_cases() + power_and_failure_cases()


def validation_table() -> list[dict[str, object]]:
    """Rows for the documentation: case, quantity, published, predicted, source (and error and note)."""
    return [
        {
            "case": case.case,
            "quantity": case.quantity,
            "published": round(case.published, 4),
            "predicted": round(case.predicted, 4),
            "source": case.source,
            "error": round(case.predicted / case.published - 1.0, 4),
            "relative": True,
            "tolerance": case.tolerance,
            "note": case.note,
        }
        for case in cases()
    ]
