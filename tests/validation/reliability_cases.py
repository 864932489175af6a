"""Published reliability results and what the model says about them.

Restart times are not published for most runs: where a range is given, the middle of it is used and the row says so.
`tolerance` is the stated absolute error in the unit of the row (relative where `relative` is true); rows that the
model does not reproduce are kept, with the error they really have.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from exasite.models.catalog import load_catalog
from exasite.models.reliability import goodput, mttf_hours, optimal_interval, renewal_goodput
from exasite.models.storage import recovery, storage

RSC1 = 6.50 / 1000 / 8 / 24  # stops per 1000 node-days of 8 A100 -> 1/(accelerator x hour)
RSC2 = 2.34 / 1000 / 8 / 24
LLAMA3_ALL = 466 / (16_384 * 54 * 24)
NOMINAL = 2.0e-5
MINUTE, HOUR = 60.0, 3600.0
RSC = "Kokolis et al., arXiv:2410.21680"


class Case(NamedTuple):
    """One published number [unit in the name of the case] and the model's."""

    case: str
    published: float
    predicted: float
    tolerance: float
    source: str
    relative: bool = False
    note: str = ""


def at_interval(rate: float, gpus: float, interval: float, restart: float, blocking: float = 0.0) -> float:
    mttf = mttf_hours(gpus, rate) * HOUR
    return float(renewal_goodput(mttf, interval, blocking, 0.0, restart))


def at_best(mttf_s: float, blocking: float, lag: float, restart: float) -> float:
    interval = optimal_interval(mttf_s, blocking, lag)
    return float(renewal_goodput(mttf_s, interval, blocking, lag, restart))


def mttf_cases() -> list[Case]:
    from_small_jobs = 1.0 / (8 * 47.7 * 24)
    return [
        Case("RSC-1 job MTTF at 16,384 A100, h", 1.8, float(mttf_hours(16_384, RSC1)), 0.01, RSC, True),
        Case("RSC-1 job MTTF at 131,072 A100, h", 0.23, float(mttf_hours(131_072, RSC1)), 0.025, RSC, True),
        Case("RSC job MTTF at 1,024 from the 47.7 d of 8-GPU jobs, h", 7.9, float(mttf_hours(1_024, from_small_jobs)),
             0.14, RSC, True),
        Case("RSC job MTTF at 1,024 from 6.50 per 1000 node-days, h", 7.9, float(mttf_hours(1_024, RSC1)), 2.7, RSC, True,
             "not reproduced: the paper's own figures disagree; small research jobs see 3-4 times more stops"),
    ]  # fmt: skip


def rsc_goodput_cases() -> list[Case]:
    mttf_12k = float(mttf_hours(12_000, RSC1)) * HOUR
    return [
        Case("RSC-1, 16,384, checkpoints every 60 min, restart 5 min", 0.70,
             at_interval(RSC1, 16_384, HOUR, 5 * MINUTE), 0.015, RSC + " (recall)"),
        Case("RSC-1, 16,384, checkpoints every 5 min, restart 5 min", 0.93,
             at_interval(RSC1, 16_384, 5 * MINUTE, 5 * MINUTE), 0.005, RSC),
        Case("RSC-1, 12,000, best interval, write 10 s, restart 5 min", 0.90, at_best(mttf_12k, 10.0, 0.0, 5 * MINUTE),
             0.025, RSC),
        Case("RSC-2-like, 100,000, 2 min interval and restart, write 5 s", 0.90,
             at_interval(RSC2, 100_000, 2 * MINUTE, 2 * MINUTE, 5.0), 0.005, RSC, False, "write time not published"),
    ]  # fmt: skip


def training_run_cases() -> list[Case]:
    llama3 = 1.0 / LLAMA3_ALL / 16_384 * HOUR
    write = 5_700.0 / 2_000.0  # 5.7 TB at 2 TB/s
    byterobust = float(mttf_hours(9_600, NOMINAL)) * HOUR
    fault_tolerant = 18 * MINUTE
    return [
        Case("Llama 3 405B, 16,384 H100, restart 10 min", 0.90, at_best(llama3, write, 0.0, 10 * MINUTE), 0.025,
             "arXiv:2407.21783", False, "published: above 0.90; restart 5 / 15 min gives 0.948 / 0.892"),
        Case("ByteRobust, 9,600 GPUs, in-memory checkpoints, restart 7.5 min", 0.97,
             at_best(byterobust, 0.04, 10.0, 7.5 * MINUTE), 0.012, "arXiv:2509.16293", False,
             "restart not published; 5-10 min assumed"),
        Case("MegaScale, 12,288, interval 30 min, restart 10 min", 0.90,
             at_interval(NOMINAL, 12_288, 30 * MINUTE, 10 * MINUTE), 0.005, "arXiv:2402.15627 (recall)", False,
             "published: above 0.90"),
        Case("FT-HSDP baseline, 100,000, MTTF 18 min, restart 12 min", 0.44,
             at_best(fault_tolerant, 10.0, 0.0, 12 * MINUTE), 0.01, "arXiv:2602.00277", False,
             "restart and write time chosen to fit"),
        Case("BLOOM-176B, share of time in writes, 40 s every 3 h", 0.0037, 40.0 / (3 * HOUR), 0.0001,
             "stas00/ml-engineering"),
    ]  # fmt: skip


def replica_cases() -> list[Case]:
    catalog = load_catalog()
    scheme, tier = recovery(catalog, "replica_level"), storage(catalog, "flash_2000")
    rate = 1.0 / (100_000 * 18 / 60)
    with_common = replace(scheme, whole_job_share=0.134)
    note = "not reproduced: replica size, pause and restart are assumptions, not published values"
    return [
        Case("FT-HSDP, 100,000, MTTF 18 min, replica-level, default parameters", 0.80,
             float(goodput(100_000, rate, 28_000.0, tier, scheme).goodput), 0.16, "arXiv:2602.00277", False, note),
        Case("FT-HSDP, same, software stops (13.4 %) hitting every replica", 0.80,
             float(goodput(100_000, rate, 28_000.0, tier, with_common).goodput), 0.07, "arXiv:2602.00277", False, note),
    ]  # fmt: skip


def cases() -> list[Case]:
    return mttf_cases() + rsc_goodput_cases() + training_run_cases() + replica_cases()


def validation_table() -> list[dict[str, object]]:
    """Rows for the documentation: case, published, predicted, source (and error, tolerance, note)."""
    return [
        {
            "case": case.case,
            "published": case.published,
            "predicted": round(case.predicted, 4),
            "error": round(case.predicted / case.published - 1 if case.relative else case.predicted - case.published, 4),
            "relative": case.relative,
            "tolerance": case.tolerance,
            "source": case.source,
            "note": case.note,
        }
        for case in cases()
    ]
