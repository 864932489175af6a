"""Designs side by side, and where a difference in efficiency comes from, factor by factor, exactly additive.

    efficiency = P / (C^w W^(1-w)),   ln efficiency = ln P - w ln C - (1-w) ln W

The factors of P and W multiply, so their logarithms add. Capex is a sum of lines: each line gets its part of the
change of ln C by the logarithmic mean, (c1 - c0) / L(C1, C0), which adds up exactly and takes lines of zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exasite.decisions.answer import Answer
from exasite.errors import InputError, Problem
from exasite.instance.loading import LoadedInstance, load_instance
from exasite.instance.schema import Instance
from exasite.result import Record, Result, SiteResult
from exasite.workbench import Workbench

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used
    from rich.console import RenderableType

Source = str | Path | Mapping[str, Any] | Instance | LoadedInstance | Result
_EVEN = 0.5


class Column(Record):
    """One design: its choices, the chain from peak to effective, watts and dollars."""

    name: str
    status: str
    choices: dict[str, list[str]]
    gpus: int
    peak_exaflops: float
    mamf: float
    sfu: float
    goodput: float
    effective_exaflops: float
    it_mw_mean: float
    pue_mean: float
    facility_mw_mean: float
    capex_usd: float
    capex_lines_usd: dict[str, float]
    figures: dict[str, float | str | None]

    @property
    def exaflops_per_billion_usd(self) -> float:
        return self.effective_exaflops / (self.capex_usd / 1e9)

    @property
    def exaflops_per_megawatt(self) -> float:
        return self.effective_exaflops / self.facility_mw_mean

    def efficiency(self, weight: float) -> float:
        """Effective ExaFLOPS per (billion USD)^w (MW)^(1-w)."""
        return self.exaflops_per_billion_usd**weight * self.exaflops_per_megawatt ** (1.0 - weight)


class Step(Record):
    """What one factor adds to ln(efficiency), from the first design to another."""

    factor: str
    log_difference: float

    @property
    def share(self) -> float:
        """The change on its own: exp of the difference, minus 1."""
        return math.expm1(self.log_difference)


class Waterfall(Record):
    """From one design to another: the steps add up to `log_difference`, the change of ln(efficiency)."""

    name: str
    log_difference: float
    steps: tuple[Step, ...]


class Comparison(Answer):
    """Designs side by side. `weight`: of capex in the efficiency whose difference the waterfalls take apart."""

    status: str = "optimal"
    weight: float
    columns: tuple[Column, ...]
    waterfalls: tuple[Waterfall, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a figure, one column a design."""
        import pandas as pd

        from exasite.decisions.compare_report import rows

        return pd.DataFrame(rows(self), columns=["figure", *[c.name for c in self.columns]])

    def waterfall_frame(self) -> pd.DataFrame:
        """One row a step: design, factor, change of ln(efficiency), the same as a share."""
        import pandas as pd

        return pd.DataFrame([
            {"design": w.name, "factor": s.factor, "log_difference": s.log_difference, "share": s.share}
            for w in self.waterfalls
            for s in w.steps
        ])  # fmt: skip

    def write_plot(self, path: str | Path) -> Path:
        """One HTML file that needs no network: the waterfalls and the table."""
        from exasite.decisions.compare_report import write_plot

        return write_plot(self, path)

    def shown(self) -> RenderableType:
        from exasite.decisions.compare_report import report

        return report(self)


def compare(*sources: Source, sets: Sequence[str] = (), weight: float | None = None,
            bench: Workbench | None = None) -> Comparison:  # fmt: skip
    """Results and instances side by side; one with several sites alone: its sites side by side.

    A source is a Result, the path of a result.json, or anything `solve` takes (solved first, with `sets`).
    `weight` of capex in the efficiency: that of the first instance, or one half.
    Raises InputError for bad input, or where there are not two designs to compare.
    """
    results = [_result(source, sets, bench or Workbench()) for source in sources]
    designs = [(result.instance.name, result) for result in results]
    columns = [_of_result(name, result) for name, result in _named(designs)]
    if len(results) == 1 and len(results[0].sites) > 1:
        columns = [_of_site(site, results[0]) for site in results[0].sites]
    if len(columns) < 2:
        message = "comparing takes two designs or more, or one with several sites"
        raise InputError([Problem("", message, "name another instance or result")])
    if weight is None:
        given = results[0].instance.content.get("objective", {}).get("weights", {}).get("capex")
        weight = _EVEN if given is None else float(given)
    if not 0.0 <= weight <= 1.0:
        raise InputError([Problem("--weight", f"expected a number from 0 to 1, got {weight:g}")])
    return Comparison(
        weight=weight, columns=tuple(columns),
        waterfalls=tuple(waterfall(columns[0], other, weight) for other in columns[1:]),
    )  # fmt: skip


def _result(source: Source, sets: Sequence[str], bench: Workbench) -> Result:
    if isinstance(source, Result):
        result = source
    elif isinstance(source, str | Path) and str(source).endswith(".json"):
        result = read_result(source)
    else:
        loaded = source if isinstance(source, LoadedInstance) else load_instance(source, sets)
        result = bench.solve(loaded)
    if result.totals is None:
        what = f"{result.instance.name} has no design to compare: {result.message or result.status}"
        raise InputError([Problem("", what, f"exasite explain {result.instance.name}")])
    return result


def read_result(path: str | Path) -> Result:
    """A saved result. Raises InputError for a file that is none."""
    try:
        return Result.from_json(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError([Problem("", f"cannot be read: {error.strerror}", "", str(path))]) from None
    except ValueError:
        message, fix = "is not a result of this version of exasite", "solve again with -o DIR, and give DIR/result.json"
        raise InputError([Problem("", message, fix, str(path))]) from None


def _named(designs: Sequence[tuple[str, Result]]) -> Iterable[tuple[str, Result]]:
    """Names made different where the same instance comes twice."""
    names = [name for name, _ in designs]
    for number, (name, result) in enumerate(designs, start=1):
        yield (name if names.count(name) == 1 else f"{name} ({number})"), result


def _of_result(name: str, result: Result) -> Column:
    totals = result.totals
    assert totals is not None  # callers look
    return _column(name, result.status, result.sites, totals.capex_usd, totals.it_mw_mean, totals.facility_mw_mean, {
        "objective": f"{result.objective.kind} {result.objective.value:.5g}" if result.objective.value else "",
        "cost of ownership [B$]": totals.tco_usd / 1e9,
        "$/GPU-hour": totals.usd_per_gpu_hour,
        "energy [$/MWh]": totals.energy_price_usd_per_mwh,
        "CO2 [kt/year]": totals.co2_t_per_year / 1e3,
        "water [thousand m3/year]": totals.water_m3_per_year / 1e3,
        "facility peak [MW]": totals.facility_mw_peak,
        "online": totals.online_date,
    })  # fmt: skip


def _of_site(site: SiteResult, result: Result) -> Column:
    it_mean = sum(c.it_mw_mean for c in site.clusters)
    return _column(site.name, result.status, (site,), site.capex_usd, it_mean, site.facility_mw_mean, {
        "energy [$/MWh]": site.energy_price_usd_per_mwh,
        "facility peak [MW]": site.facility_mw_peak,
        "online": site.online_date,
    })  # fmt: skip


def _column(name: str, status: str, sites: Sequence[SiteResult], capex: float, it_mean: float, mean: float,
            figures: dict[str, float | str | None]) -> Column:  # fmt: skip
    clusters = [c for site in sites for c in site.clusters]
    peak = sum(c.peak_exaflops for c in clusters)
    reached = sum(c.peak_exaflops * c.mamf for c in clusters)
    kept = sum(c.peak_exaflops * c.mamf * c.sfu for c in clusters)
    effective = sum(c.effective_exaflops for c in clusters)
    lines: dict[str, float] = {}
    for cluster in clusters:
        for line, usd in cluster.capex_usd.items():
            lines[line] = lines.get(line, 0.0) + usd
    lines["power"] = capex - sum(lines.values())
    return Column(
        name=name, status=status, choices=_choices(sites), gpus=sum(c.gpus for c in clusters), peak_exaflops=peak,
        mamf=reached / peak, sfu=kept / reached, goodput=effective / kept, effective_exaflops=effective,
        it_mw_mean=it_mean, pue_mean=mean / it_mean, facility_mw_mean=mean, capex_usd=capex, capex_lines_usd=lines,
        figures=figures,
    )  # fmt: skip


def _choices(sites: Sequence[SiteResult]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for site in sites:
        for c in site.clusters:
            for key in ("accelerator", "interconnect", "cooling", "storage", "recovery"):
                found.setdefault(key, {})[getattr(c, key)] = None
        found.setdefault("power", {}).update(dict.fromkeys(s.source for s in site.supply))
    return {key: list(ids) for key, ids in found.items()}


def waterfall(first: Column, other: Column, weight: float) -> Waterfall:
    """Where the efficiency of `other` differs from that of `first`."""
    watts = 1.0 - weight
    steps = {
        "peak per chip": _log(other.peak_exaflops / other.gpus, first.peak_exaflops / first.gpus),
        "MAMF": _log(other.mamf, first.mamf),
        "SFU": _log(other.sfu, first.sfu),
        "goodput": _log(other.goodput, first.goodput),
    }
    costs = [{line: usd / c.gpus for line, usd in c.capex_lines_usd.items()} for c in (first, other)]
    totals = [c.capex_usd / c.gpus for c in (first, other)]
    mean = _logarithmic_mean(totals[1], totals[0])
    for line in dict.fromkeys([*costs[0], *costs[1]]):
        steps[f"capex per chip: {line}"] = -weight * (costs[1].get(line, 0.0) - costs[0].get(line, 0.0)) / mean
    steps["IT power per chip"] = -watts * _log(other.it_mw_mean / other.gpus, first.it_mw_mean / first.gpus)
    steps["PUE"] = -watts * _log(other.pue_mean, first.pue_mean)
    total = _log(other.efficiency(weight), first.efficiency(weight))
    return Waterfall(
        name=other.name, log_difference=total,
        steps=tuple(Step(factor=name, log_difference=value) for name, value in steps.items()),
    )  # fmt: skip


def _log(a: float, b: float) -> float:
    return math.log(a / b)


def _logarithmic_mean(a: float, b: float) -> float:
    """(a - b) / ln(a / b), and a where both are equal."""
    difference = math.log(a / b)
    return a if abs(difference) < 1e-12 else (a - b) / difference
