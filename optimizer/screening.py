"""What no power supply can mend: the most that each segment can be worth, before any solver sees it.

Where a question builds one cluster, a design stands on one segment, and its value is at most that of the segment with
the cheapest conceivable supply, at a size that the requirements allow. Segments whose bound lies below a known design
cannot be in a better one. The bounds look at one question only, so that an answer never depends on what was solved
before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from exasite.formulation.limits import Bounds, bounds_of_one_cluster
from exasite.instance.schema import Instance
from exasite.models.units import HOURS_PER_YEAR
from exasite.options import Options, SegmentTable, SiteOptions

_SLACK = 1e-9


@dataclass(frozen=True)
class SegmentBounds:
    """Ends of the sizes that each segment may have, arrays [ends x segments] of all sites one after the other.

    `exaflops` is what counts for the objective; capex, annual cost and power are at least as large in any design.
    `possible` [segments]: some size meets the requirements. `fixed`: only one size does.
    """

    site: np.ndarray
    segment: np.ndarray
    exaflops: np.ndarray
    capex_musd: np.ndarray
    annual_musd: np.ndarray
    mean_mw: np.ndarray
    peak_mw: np.ndarray
    water_m3: np.ndarray
    possible: np.ndarray
    fixed: np.ndarray

    def __len__(self) -> int:
        return len(self.site)


def builds_one_cluster(instance: Instance, options: Options) -> bool:
    """Whether no design can have more than one cluster."""
    return instance.require.training_days is not None or sum(site.max_clusters for site in options.sites) == 1


def segment_bounds(instance: Instance, options: Options, *, flop_per_token: float) -> SegmentBounds:
    """Bounds of every segment of every site, for questions that build one cluster."""
    rows = bounds_of_one_cluster(instance, options, flop_per_token)
    found = [_site_bounds(site, rows) for site in options.sites]
    sizes = [len(site.segments) for site in options.sites]
    joined = {name: np.concatenate([f[name] for f in found], axis=-1) for name in found[0]}
    return SegmentBounds(
        site=np.repeat(np.arange(len(sizes)), sizes),
        segment=np.concatenate([np.arange(size) for size in sizes]),
        **joined,
    )


def _site_bounds(site: SiteOptions, rows: tuple[Bounds, ...]) -> dict[str, np.ndarray]:
    table = site.segments
    lower, upper = _allowed(site, rows)
    ends = [_at(site, units) for units in (lower, upper)]
    return {
        **{name: np.stack([end[name] for end in ends]) for name in ends[0]},
        "possible": lower <= upper,
        "fixed": table.lower == table.upper,
    }


def _allowed(site: SiteOptions, rows: tuple[Bounds, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Deployment units of each segment between which every row of one cluster holds (a little more for rounding)."""
    table = site.segments
    lower, upper = table.lower.astype(float), table.upper.astype(float)
    for row in (*rows, Bounds("site", "gpus", *site.gpus)):
        slope, constant = _line(site, row.quantity)
        for most, sign in ((row.upper, 1.0), (row.lower, -1.0)):
            if not np.isfinite(most):
                continue
            room = sign * most + _SLACK * abs(most) - sign * constant
            with np.errstate(divide="ignore", invalid="ignore"):
                limit = room / (sign * slope)
            upper = np.where(sign * slope > 0, np.minimum(upper, limit), upper)
            lower = np.where(sign * slope < 0, np.maximum(lower, limit), lower)
            upper = np.where((slope == 0) & (room < 0), -np.inf, upper)
    lower, upper = np.ceil(lower - 1e-6), np.floor(upper + 1e-6)
    return lower, np.maximum(upper, -1.0)


def _line(site: SiteOptions, quantity: str) -> tuple[np.ndarray, np.ndarray]:
    """Slope and constant over the units of a segment of what a row speaks of (a lower bound of money and power)."""
    table = site.segments
    if quantity in ("gpus", "effective_exaflops"):
        return table.slope[quantity], table.intercept[quantity]
    ones = np.ones(len(table))
    first, zero = _at(site, ones)[quantity], _at(site, 0.0 * ones)[quantity]
    return first - zero, zero


def _at(site: SiteOptions, units: np.ndarray) -> dict[str, np.ndarray]:
    """The quantities at a number of deployment units of each segment, with the cheapest conceivable supply."""
    table = site.segments
    q = {name: table.slope[name] * units + table.intercept[name] for name in table.slope}
    peak = _facility(site, q, "peak")
    firm = peak * (1.0 - site.dropped_share * _by_mode(site, "droppable_share"))
    mean = _facility(site, q, "mean") * (1.0 - _by_mode(site, "paused_share"))
    energy = HOURS_PER_YEAR * mean * _worked_share(site)
    water = q["liquid_mean_mw"] * _by_cooling(site, "water_liquid_m3_per_mwh")
    water = water + q["air_mean_mw"] * _by_cooling(site, "water_air_m3_per_mwh")
    return {
        "exaflops": q["effective_exaflops"] * _by_mode(site, "counted_share"),
        "capex_musd": q["capex_musd"] + _least(o.capex_musd_per_mw for o in site.supply) * firm,
        "annual_musd": q["annual_capex_musd"] + q["fixed_opex_musd"] + _least_musd_per_mwh(site) * energy,
        "mean_mw": mean,
        "peak_mw": peak,
        "water_m3": HOURS_PER_YEAR * water * (1.0 - _by_mode(site, "paused_share")),
    }


def facility_mw(site: SiteOptions, segment: int, units: int) -> tuple[float, float]:
    """Mean facility power, pauses left out, and peak of one cluster on a segment [MW]."""
    found = _at(site, np.full(len(site.segments), float(units)))
    return float(found["mean_mw"][segment]), float(found["peak_mw"][segment])


def water_m3_per_year(site: SiteOptions, segment: int, units: int) -> float:
    """Water of a year of one cluster on a segment at the mean draw, pauses left out [m3]."""
    return float(_at(site, np.full(len(site.segments), float(units)))["water_m3"][segment])


def _worked_share(site: SiteOptions) -> np.ndarray:
    """Share of the years in which a cluster draws power at least: late starts are counted as never."""
    return np.where(_by_mode(site, "start_phase") > 0, 0.0, 1.0)


def _least(values: Iterator[float]) -> float:
    return min(values, default=0.0)


def _least_musd_per_mwh(site: SiteOptions) -> float:
    """No source delivers a MWh for less than its annuity over all hours and its cheapest hour [M$/MWh]."""
    costs = []
    for option in site.supply:
        if option.kind == "storage":
            continue
        share = float(np.max(option.availability, initial=0.0))
        fixed = option.annual_capex_factor * option.capex_musd_per_mw + option.fixed_musd_per_mw_year
        spread = fixed / (HOURS_PER_YEAR * share) if share > 0 else np.inf
        costs.append(spread + 1e-6 * float(np.min(option.cost_usd_per_mwh)))
    # a price below 0 is paid for energy that a site may never need: nothing is bounded then
    return min(costs, default=0.0) if min(costs, default=0.0) > 0 else -np.inf


def _by_mode(site: SiteOptions, name: str) -> np.ndarray:
    return np.array([getattr(mode, name) for mode in site.modes])[site.segments.modes]


def _by_cooling(site: SiteOptions, name: str) -> np.ndarray:
    methods = {method.id: getattr(method, name) for method in site.cooling}
    by_configuration = np.array([methods.get(c.cooling, np.nan) for c in site.segments.configurations])
    return by_configuration[site.segments.configuration] if len(site.segments) else np.zeros(0)


def _facility(site: SiteOptions, q: Mapping[str, np.ndarray], kind: str) -> np.ndarray:
    liquid = q[f"liquid_{kind}_mw"] * (1.0 + _by_cooling(site, f"{kind}_liquid"))
    air = q[f"air_{kind}_mw"] * (1.0 + _by_cooling(site, f"{kind}_air"))
    return np.asarray(liquid + air)


def restricted(options: Options, chosen: np.ndarray, bounds: SegmentBounds) -> Options:
    """The options with only some of the segments (mask over all of `bounds`)."""
    sites = []
    for number, site in enumerate(options.sites):
        kept = np.zeros(len(site.segments), dtype=bool)
        kept[bounds.segment[chosen & (bounds.site == number)]] = True
        sites.append(_restricted(site, kept))
    return replace(options, sites=tuple(sites))


def _restricted(site: SiteOptions, kept: np.ndarray) -> SiteOptions:
    table = site.segments
    segments = SegmentTable(
        configurations=table.configurations,
        configuration=table.configuration[kept],
        lower=table.lower[kept],
        upper=table.upper[kept],
        slope={name: values[kept] for name, values in table.slope.items()},
        intercept={name: values[kept] for name, values in table.intercept.items()},
        dropped=table.dropped,
        mode=table.modes[kept],
        restart_hours=table.restart_hours[kept] if len(table.restart_hours) else table.restart_hours,
    )
    used = {table.configurations[i].cooling for i in segments.configuration}
    return replace(site, segments=segments, cooling=tuple(c for c in site.cooling if c.id in used))
