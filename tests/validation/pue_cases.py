"""Published and reference PUE and what the model says about them (rows of `models/data/validation_pue.csv`).

kinds of rows
    site          published annual PUE of a real site; the method is assumed from the operator, the climate is
                  that of the place, or of a place 100-250 km away (proxy)
    zone_median   median of simulated data centers in the climate zone of a station [Lei et al. 2025]; the
                  formula was fitted to such medians with other stations, so US zones are nearly in-sample,
                  Stockholm and Singapore are not
    hourly        the same formula on the hourly year: what the shipped 12 x 24 tables lose
    hourly_site   the same for the 17 sites, some of which have a table of another place, shifted
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

from exasite.models.catalog import Catalog, load_catalog, read_table
from exasite.models.climate import climate_table, site_climate
from exasite.models.cooling import CoolingTable, cooling_method, electrical_loss, overheads

# largest error of a site by operator, as measured; groups of rows with the largest error of their mean
LARGEST_ERROR = {"AWS": 0.032, "Google": 0.057, "Azure": 0.120, "NREL": 0.085}
GROUPS = {
    "zone_median": "mean of simulated zone medians",
    "hourly": "mean of the 12 x 24 tables against hourly years",
    "hourly_site": "mean of the site climates against hourly years",
}
GROUP_TOLERANCE = {"zone_median": 0.005, "hourly": 0.003, "hourly_site": 0.003}


class Case(NamedTuple):
    """One annual PUE [W per W] and water use [L per kWh of IT, None if unknown], and the model's."""

    kind: str
    operator: str
    site: str
    method: str
    climate: str
    proxy: bool
    pue: float
    pue_model: float
    water_l_per_kwh: float | None
    water_model_l_per_kwh: float
    source: str

    @property
    def error(self) -> float:
        return self.pue_model - self.pue


class Summary(NamedTuple):
    """Errors of one operator: as predicted, and after one constant per operator fitted without the row."""

    operator: str
    rows: int
    bias: float
    mean_absolute_error: float
    constant_mean_absolute_error: float
    constant_max_error: float
    constant_only_mean_absolute_error: float


@lru_cache(maxsize=1)
def pue_cases() -> tuple[Case, ...]:
    return tuple(_case(load_catalog(), line) for line in read_table("validation_pue"))


def _case(catalog: Catalog, line: dict[str, str]) -> Case:
    table = _model(catalog, line)
    return Case(
        kind=line["kind"],
        operator=line["operator"],
        site=line["site"],
        method=line["method"],
        climate=line["climate"],
        proxy=line["proxy"] == "yes",
        pue=float(line["pue"]),
        pue_model=table.pue_mean,
        water_l_per_kwh=float(line["wue_l_per_kwh"]) if line["wue_l_per_kwh"] else None,
        water_model_l_per_kwh=table.water_l_per_kwh,
        source=line["source"],
    )


def _model(catalog: Catalog, line: dict[str, str]) -> CoolingTable:
    if line["supply_celsius"]:
        supply = {line["method"]: {"supply_celsius": float(line["supply_celsius"])}}
        catalog = catalog.override({"cooling": supply})
    at_site = line["kind"] == "hourly_site"
    climate = site_climate(catalog, line["climate"]) if at_site else climate_table(line["climate"])
    loss = electrical_loss(catalog, "ups_double_conversion")
    return overheads(cooling_method(catalog, line["method"]), climate, loss)


def cases_of(kind: str) -> list[Case]:
    return [case for case in pue_cases() if case.kind == kind]


def mean_absolute_error(cases: list[Case]) -> float:
    return sum(abs(case.error) for case in cases) / len(cases)


def by_method(cases: list[Case]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.method].append(case)
    return dict(groups)


def operator_summaries() -> list[Summary]:
    """Errors on published sites by operator; operators with one site have no fitted constant (nan)."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases_of("site"):
        groups[case.operator].append(case)
    return [_summary(operator, cases) for operator, cases in groups.items()]


def _summary(operator: str, cases: list[Case]) -> Summary:
    count = len(cases)
    bias = sum(case.error for case in cases) / count
    mean = sum(case.pue for case in cases) / count
    factor = count / (count - 1) if count > 1 else float("nan")  # residual as if left out of the fit
    leave_one_out = [(case.error - bias) * factor for case in cases]
    no_climate = [(mean - case.pue) * factor for case in cases]
    return Summary(
        operator=operator,
        rows=count,
        bias=bias,
        mean_absolute_error=mean_absolute_error(cases),
        constant_mean_absolute_error=sum(map(abs, leave_one_out)) / len(leave_one_out),
        constant_max_error=max(map(abs, leave_one_out)),
        constant_only_mean_absolute_error=sum(map(abs, no_climate)) / len(no_climate),
    )


def validation_table() -> list[dict[str, object]]:
    """Rows for the documentation: case, published, predicted, source (and error, tolerance, note)."""
    sites = [_site_row(case) for case in cases_of("site")]
    return sites + [_operator_row(s) for s in operator_summaries()] + [_group_row(kind) for kind in GROUPS]


def _site_row(case: Case) -> dict[str, object]:
    note = f"method assumed: {case.method}" + ("; climate of a place nearby" if case.proxy else "")
    tolerance = LARGEST_ERROR[case.operator]
    title = f"annual PUE, {case.operator} {case.site}"
    return _row(title, (case.pue, case.pue_model), case.source, tolerance, note)


def _operator_row(summary: Summary) -> dict[str, object]:
    cases = [case for case in cases_of("site") if case.operator == summary.operator]
    note = f"mean absolute error {summary.mean_absolute_error:.3f}"
    if summary.rows > 1:
        constant = summary.constant_mean_absolute_error
        note += f"; {constant:.3f} after one constant per operator, fitted without the site"
    return _mean_row(f"mean of {summary.operator} sites", cases, LARGEST_ERROR[summary.operator], note)


def _group_row(kind: str) -> dict[str, object]:
    cases = cases_of(kind)
    worst = max(abs(case.error) for case in cases)
    note = f"mean absolute error {mean_absolute_error(cases):.4f}, largest {worst:.3f}"
    return _mean_row(GROUPS[kind], cases, GROUP_TOLERANCE[kind], note)


def _mean_row(title: str, cases: list[Case], tolerance: float, note: str) -> dict[str, object]:
    published = sum(case.pue for case in cases) / len(cases)
    predicted = sum(case.pue_model for case in cases) / len(cases)
    return _row(f"{title} ({len(cases)})", (published, predicted), cases[0].source, tolerance, note)


def _row(case: str, pues: tuple[float, float], source: str, tolerance: float, note: str) -> dict[str, object]:
    published, predicted = pues
    return {
        "case": case,
        "published": round(published, 4),
        "predicted": round(predicted, 4),
        "source": source,
        "error": round(predicted - published, 4),
        "relative": False,
        "tolerance": tolerance,
        "note": note,
    }
