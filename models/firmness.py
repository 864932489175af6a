"""Firm power: how many MW of a plant of equal, independent units can be counted on.

With n units that each work with probability p, the MW usable with probability A are u k(n), where k is the
largest count with P(at least k of n work) >= A [1]. Planned outage counts as outage: an island has no season
without load.

References:
[1] Binomial capacity outage model: R. Billinton, R. N. Allan, Reliability Evaluation of Power Systems, ch. 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, bdtrik

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PRUNED_PROBABILITY = 1e-13  # outcomes rarer than this are counted as zero MW
_TIE = 1e-9  # a risk equal to the allowed one but for rounding is allowed
_SAME_MW = 6  # outcomes equal to this many decimals of a MW are one outcome
_TIE_MW = 1e-5  # more than the rounding of a dozen plants adds up to: a load met but for rounding is met


class FirmUnits(Protocol):
    """What firmness needs of a source: size of a unit (0: any size), its availability, whether it counts."""

    @property
    def unit_mw(self) -> float: ...
    @property
    def unit_availability(self) -> float: ...
    @property
    def firm(self) -> bool: ...


@dataclass(frozen=True)
class FirmLine:
    """A line that never promises more than the firm MW: firm_mw(n) >= mw_per_unit n - offset_mw for all n.

    Touches the curve at the number of units that the load needs. For a continuous source the slope is per MW.
    """

    mw_per_unit: float
    offset_mw: float
    units: int
    spare_units: int


def firm_units(units: ArrayLike, unit_availability: float, availability: float) -> Ints:
    """Units out of `units` that can be counted on with probability `availability`, same shape as `units`.

    Formula [1]. Raises ValueError if a probability lies outside its range or a count is negative.
    """
    _check(unit_availability, availability)
    count = np.asarray(units, dtype=np.int64)
    if (count < 0).any():
        raise ValueError("a number of units must not be negative")
    if unit_availability == 1.0:
        return count.copy()
    risk = (1.0 - availability) * (1.0 + _TIE)
    n = np.maximum(count, 1)
    # first guess by the continuous inverse, then exact: k is the largest with P(X <= k - 1) <= risk
    k = np.nan_to_num(np.floor(bdtrik(risk, n.astype(float), unit_availability)), nan=0.0) + 2.0
    k = np.minimum(k, n)
    for _ in range(4):
        k = np.where((k > 0) & (_below(k, n, unit_availability) > risk), k - 1.0, k)
    return np.where(count > 0, k, 0.0).astype(np.int64)


def _below(k: Floats, n: Ints, unit_availability: float) -> Floats:
    """P(fewer than k of n units work)."""
    return np.where(k > 0, bdtr(np.maximum(k - 1.0, 0.0), n, unit_availability), 0.0)


def firm_mw(source: FirmUnits, units: ArrayLike, availability: float) -> Floats:
    """MW of `source` usable with probability `availability`, same shape as `units` [MW].

    `units` counts units, or MW for a continuous source (grid, contract), which is all there or not at all.
    A source that does not count towards the peak gives zero.
    """
    count = np.asarray(units, dtype=float)
    if not source.firm:
        return np.zeros_like(count)
    if source.unit_mw == 0.0:
        _check(source.unit_availability, availability)
        return count if source.unit_availability >= availability else np.zeros_like(count)
    working = firm_units(np.asarray(units), source.unit_availability, availability)
    return working.astype(np.float64) * source.unit_mw


def units_needed(source: FirmUnits, load_mw: float, availability: float) -> int:
    """Fewest units that carry `load_mw` [MW] with probability `availability`.

    Raises ValueError for a source without units or one that does not count towards the peak.
    """
    if source.unit_mw <= 0.0 or not source.firm:
        raise ValueError("a load can only be carried by a firm source made of units")
    if load_mw <= 0.0:
        return 0
    working = math.ceil(load_mw / source.unit_mw - 1e-9)
    high = max(working, 1)
    while _firm_count(source, high, availability) < working:
        high *= 2
    low = working
    while low < high:
        middle = (low + high) // 2
        if _firm_count(source, middle, availability) < working:
            low = middle + 1
        else:
            high = middle
    return high


def _firm_count(source: FirmUnits, units: int, availability: float) -> int:
    return int(firm_units(units, source.unit_availability, availability))


def firm_line(source: FirmUnits, load_mw: float, availability: float) -> FirmLine:
    """The support line of the firm MW near the units that `load_mw` [MW] needs: N+k with an exact offset.

    The line is the edge of the lower convex hull of the firm MW over unit counts, from zero to three times
    the units needed, so it is safe at every count in that range.
    """
    if not source.firm:
        return FirmLine(0.0, 0.0, 0, 0)
    if source.unit_mw == 0.0:
        return FirmLine(float(firm_mw(source, 1.0, availability)), 0.0, 0, 0)
    needed = units_needed(source, load_mw, availability)
    spare = needed - math.ceil(max(load_mw, 0.0) / source.unit_mw - 1e-9)
    counts = np.arange(3 * max(needed, 1) + 10)
    start, end = _hull_edge(firm_mw(source, counts, availability), needed)
    low, high = firm_mw(source, np.array([start, end]), availability)
    slope = float(high - low) / (end - start)
    return FirmLine(slope, slope * start - float(low), needed, spare)


def _hull_edge(values: Floats, position: int) -> tuple[int, int]:
    """Ends of the edge of the lower convex hull of (i, values[i]) that spans `position`."""
    hull: list[int] = []
    for point in range(len(values)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (values[b] - values[a]) * (point - a) < (values[point] - values[a]) * (b - a) - 1e-9:
                break
            hull.pop()
        hull.append(point)
    place = min(int(np.searchsorted(hull, position, side="right")), len(hull) - 1)
    return hull[place - 1], hull[place]


def portfolio_availability(plants: Sequence[tuple[FirmUnits, float]], load_mw: float) -> float:
    """Probability that plants of independent units carry `load_mw` [MW] together.

    `plants` pairs a source with its units (or its MW, if continuous). Outcomes rarer than 1e-13 count as
    zero MW, so the answer errs low. Sources that do not count towards the peak are left out.
    """
    outcomes, chance = _outcome_distribution(plants)
    return float(min(1.0, chance[outcomes >= load_mw - _TIE_MW].sum()))


def expected_shortfall_mw(plants: Sequence[tuple[FirmUnits, float]], load_mw: ArrayLike) -> Floats:
    """Expected load that plants of independent units leave unserved, same shape as `load_mw` [MW].

    E[max(0, load - available MW)], the expected demand not served of [1]; summed over the hours of a year it
    is the expected energy not served [MWh]. A unit is out as often at one load as at another.
    `plants` as in `portfolio_availability`; outcomes rarer than 1e-13 count as zero MW, so the answer errs
    high by less than 1e-13 of the load for each of them.
    """
    load = np.asarray(load_mw, dtype=np.float64)
    outcomes, chance = _outcome_distribution(plants)
    at_most = np.concatenate([[0.0], np.cumsum(chance)])
    mw_at_most = np.concatenate([[0.0], np.cumsum(chance * outcomes)])
    below = np.searchsorted(outcomes, load, side="right")
    return np.maximum(0.0, load * at_most[below] - mw_at_most[below])


def _outcome_distribution(plants: Sequence[tuple[FirmUnits, float]]) -> tuple[Floats, Floats]:
    """MW that may be available together, ascending, and the probability of each: exact convolution [1]."""
    outcomes: Floats = np.zeros(1)
    chance: Floats = np.ones(1)
    for source, units in plants:
        if not source.firm or units <= 0:
            continue
        n = 1 if source.unit_mw == 0.0 else round(units)
        size = units if source.unit_mw == 0.0 else source.unit_mw
        k: Floats = np.arange(n + 1, dtype=np.float64)
        at_most = bdtr(k, n, source.unit_availability)
        part = np.diff(at_most, prepend=0.0)
        mw = np.round(np.add.outer(outcomes, size * k).ravel(), _SAME_MW)
        probability = np.multiply.outer(chance, part).ravel()
        mw = np.where(probability < _PRUNED_PROBABILITY, 0.0, mw)
        outcomes, place = np.unique(mw, return_inverse=True)
        chance = np.asarray(np.bincount(place.ravel(), weights=probability), dtype=np.float64)
    return outcomes, chance


def paired_availability(availability: float, grid_availability: float) -> float:
    """Availability a standby needs so that grid or standby, each able to carry the load alone, do so [1].

    Load is lost only while both are out: (1 - a_grid)(1 - a_standby) <= 1 - A, outages being independent.
    Zero if the grid alone is good enough.
    Raises ValueError unless `availability` lies in (0, 1) and `grid_availability` in [0, 1].
    """
    _check_target(availability)
    if not 0.0 <= grid_availability <= 1.0:
        raise ValueError(f"the availability of the grid must lie in [0, 1], got {grid_availability}")
    if grid_availability >= availability:
        return 0.0
    return 1.0 - (1.0 - availability) / (1.0 - grid_availability)


def joint_target(availability: float, kinds: int) -> float:
    """Availability to ask of each of several kinds of source, so that the sum of their firm MW holds [1].

    With 1 - (1 - A)/kinds each, one of them falls short with probability 1 - A at most, whether their outages
    are independent or not (Bonferroni's inequality). Counting each kind at A itself would promise too much.
    Raises ValueError unless `availability` lies in (0, 1) and `kinds` is at least 1.
    """
    _check_target(availability)
    if kinds < 1:
        raise ValueError(f"the number of kinds of source must be at least 1, got {kinds}")
    return 1.0 - (1.0 - availability) / kinds


def _check(unit_availability: float, availability: float) -> None:
    if not 0.0 < unit_availability <= 1.0:
        raise ValueError(f"the availability of a unit must lie in (0, 1], got {unit_availability}")
    _check_target(availability)


def _check_target(availability: float) -> None:
    if not 0.0 < availability < 1.0:
        raise ValueError(f"the wanted availability must lie in (0, 1), got {availability}")
