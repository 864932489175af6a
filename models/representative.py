"""Representative days: a few real days that stand for the 365 of a year, with the calendar kept.

The calendar says which representative day stands for each day of the year, so that what is stored can be
followed from day to day [1]. Typical days come from hierarchical clustering: Ward's linkage, every cluster
stood for by its medoid, profiles scaled to their range, the mean corrected afterwards. These are the methods
`hierarchical` and `medoidRepresentation` of tsam [2]. Extreme days are kept as they are, beside the clusters.

References:
[1] L. Kotzur, P. Markewitz, M. Robinius, D. Stolten, Time series aggregation for energy system design:
    Modeling seasonal storage, Applied Energy 213 (2018) 123-135.
[2] M. Hoffmann, L. Kotzur, D. Stolten, The Pareto-optimal temporal aggregation of energy system models,
    Applied Energy 315 (2022) 119029; github.com/FZJ-IEK3-VSA/tsam.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from exasite.models.profiles import (
    DAYS_IN_YEAR,
    HOURS_IN_DAY,
    HOURS_IN_YEAR,
    hour_of_day,
    month_of_hour,
    scaled_to_mean,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Extreme = Literal["low", "high"]

_LEAN_WINDOW_DAYS = 3  # a lull of sun and wind lasts days: one dark day alone is bridged by any store


@dataclass(frozen=True)
class RepresentativeDays:
    """D days that stand for the year, in the order of the calendar.

    days          calendar day of each [0..364], shape [D], ascending
    weight_days   days of the year each stands for [d], shape [D], sum 365
    calendar      for every day of the year the position [0..D-1] of its representative day, shape [365]
    hour_index    hour of the year each hour was taken from [0..8759], shape [24 D]
    weight_hours  hours of the year each hour stands for [h], shape [24 D], sum 8760
    day_id        position [0..D-1] of the day of each hour, shape [24 D]
    profiles      the given profiles at these hours, shape [24 D] each, with the weighted mean of the year
    """

    days: Ints
    weight_days: Ints
    calendar: Ints
    hour_index: Ints
    weight_hours: Floats
    day_id: Ints
    profiles: Mapping[str, Floats]

    @property
    def day_count(self) -> int:
        """Number of representative days D."""
        return len(self.days)

    @property
    def hours(self) -> int:
        """Number of representative hours 24 D."""
        return len(self.hour_index)

    @property
    def month(self) -> Ints:
        """Month of every hour [1..12], shape [24 D]."""
        return month_of_hour()[self.hour_index]

    @property
    def hour(self) -> Ints:
        """Hour of the day of every hour [0..23], shape [24 D]."""
        return hour_of_day()[self.hour_index]


def representative_days(
    profiles: Mapping[str, Floats],
    *,
    typical: int,
    extremes: Mapping[str, Extreme] | None = None,
    always: Sequence[int] = (),
) -> RepresentativeDays:
    """At most `typical` typical days of the year, and its extreme days, each of which stands for itself alone.

    `profiles` have shape [8760]; all are clustered together, so that they keep their joint weather, each over
    its range (largest less smallest value), so that none counts more for its unit. A profile that is constant
    does not count. Without profiles the days are spread evenly over the year. There are fewer than `typical`
    days only where days are alike.

    `extremes` names profiles whose day of lowest ("low") or highest ("high") total is kept; for "low" also the
    three days in a row with the least total, the last day of the year being followed by the first. `always`
    lists calendar days [0..364] to keep. Extreme days are taken out before clustering.

    Days that stand for themselves alone keep their profiles. Those of the others are moved so that the mean
    over the year is exact: see `scaled_to_mean`; a profile with negative values (prices) is shifted instead.
    Where `typical` and extreme days reach 365, every day stands for itself.

    Deterministic; ties go to the earlier day. Raises ValueError listing all that does not fit.
    """
    wanted = dict(extremes or {})
    _check(profiles, typical, wanted, always)
    kept = np.unique(np.array([*always, *_extreme_days(profiles, wanted)], dtype=np.int64))
    if typical + len(kept) >= DAYS_IN_YEAR:
        return every_day(profiles)
    common = np.setdiff1d(np.arange(DAYS_IN_YEAR), kept)
    shapes = _day_shapes(profiles)[common]
    stands_in = np.arange(DAYS_IN_YEAR)
    stands_in[common] = common[_medoids(shapes, typical) if shapes.size else _middles(len(common), typical)]
    return _record(profiles, stands_in)


def every_day(profiles: Mapping[str, Floats]) -> RepresentativeDays:
    """The whole year in the same record: every day stands for itself. Raises ValueError for wrong lengths."""
    _check(profiles, 1, {}, ())
    return _record(profiles, np.arange(DAYS_IN_YEAR))


def _check(profiles: Mapping[str, Floats], typical: int, extremes: Mapping[str, str], always: Sequence[int]) -> None:
    wrong = []
    for name, values in profiles.items():
        if np.shape(values) != (HOURS_IN_YEAR,):
            wrong.append(f"profile '{name}' must have shape ({HOURS_IN_YEAR},), got {np.shape(values)}")
        elif not np.isfinite(values).all():
            wrong.append(f"profile '{name}' must hold finite numbers only")
    if typical < 1:
        wrong.append(f"there must be at least one typical day, got {typical}")
    for name, end in extremes.items():
        if name not in profiles:
            wrong.append(f"extreme of '{name}': no such profile; given: {', '.join(sorted(profiles)) or 'none'}")
        if end not in ("low", "high"):
            wrong.append(f"extreme of '{name}' must be 'low' or 'high', got '{end}'")
    outside = [day for day in always if not 0 <= day < DAYS_IN_YEAR]
    if outside:
        wrong.append(f"days to keep must lie in 0..{DAYS_IN_YEAR - 1}, got {outside}")
    if wrong:
        raise ValueError("; ".join(wrong))


def _extreme_days(profiles: Mapping[str, Floats], extremes: Mapping[str, Extreme]) -> list[int]:
    """Calendar days of the extremes, with repetitions."""
    found: list[int] = []
    for name, end in extremes.items():
        total = profiles[name].reshape(DAYS_IN_YEAR, HOURS_IN_DAY).sum(axis=1)
        if end == "high":
            found.append(int(total.argmax()))
            continue
        found.append(int(total.argmin()))
        window = sum(np.roll(total, -later) for later in range(_LEAN_WINDOW_DAYS))
        start = int(np.argmin(window))
        found.extend((start + later) % DAYS_IN_YEAR for later in range(_LEAN_WINDOW_DAYS))
    return found


def _day_shapes(profiles: Mapping[str, Floats]) -> Floats:
    """Profiles over their range, one row a day, shape [365, 24 x profiles]; constant profiles left out."""
    parts = [
        (values / np.ptp(values)).reshape(DAYS_IN_YEAR, HOURS_IN_DAY)
        for _, values in sorted(profiles.items())
        if np.ptp(values) > 0
    ]
    return np.concatenate(parts, axis=1) if parts else np.empty((DAYS_IN_YEAR, 0))


def _medoids(shapes: Floats, clusters: int) -> Ints:
    """For every row the row that stands for it: the one of its cluster with the least sum of distances to it."""
    if len(shapes) == 1:
        return np.zeros(1, dtype=np.int64)
    distances = pdist(shapes)
    cluster = fcluster(linkage(distances, method="ward"), clusters, criterion="maxclust")
    square = squareform(distances)
    stands_in = np.empty(len(shapes), dtype=np.int64)
    for one in np.unique(cluster):
        members = np.flatnonzero(cluster == one)
        stands_in[members] = members[np.argmin(square[np.ix_(members, members)].sum(axis=0))]
    return stands_in


def _middles(count: int, runs: int) -> Ints:
    """For every one of `count` days the middle of its run, with runs of equal length."""
    return np.concatenate([np.full(len(run), run[len(run) // 2]) for run in np.array_split(np.arange(count), runs)])


def _record(profiles: Mapping[str, Floats], stands_in: Ints) -> RepresentativeDays:
    days, calendar, weight_days = np.unique(stands_in, return_inverse=True, return_counts=True)
    hour_index = (days[:, None] * HOURS_IN_DAY + np.arange(HOURS_IN_DAY)).ravel()
    weight_hours = np.repeat(weight_days, HOURS_IN_DAY).astype(np.float64)
    return RepresentativeDays(
        days=days,
        weight_days=weight_days.astype(np.int64),
        calendar=calendar.ravel().astype(np.int64),
        hour_index=hour_index,
        weight_hours=weight_hours,
        day_id=np.repeat(np.arange(len(days), dtype=np.int64), HOURS_IN_DAY),
        profiles={name: _taken(values, hour_index, weight_hours) for name, values in sorted(profiles.items())},
    )


def _taken(values: Floats, hour_index: Ints, weight_hours: Floats) -> Floats:
    """Values at the hours, those that stand for other days too moved so that the sum over the year is exact."""
    taken = values[hour_index].astype(np.float64)
    moved = weight_hours > 1.0
    if not moved.any():
        return taken
    weights = weight_hours[moved]
    mean = (float(values.sum()) - float(taken[~moved].sum())) / float(weights.sum())
    taken[moved] = _moved_to_mean(taken[moved], mean, weights, negative=bool(values.min() < 0.0))
    return taken


def _moved_to_mean(values: Floats, mean: float, weights: Floats, *, negative: bool) -> Floats:
    if negative:
        return values + (mean - float(weights @ values) / float(weights.sum()))
    if values.max() < mean:  # a few spikes that no typical day holds: flat, it keeps the energy
        return np.full(len(values), mean)
    return scaled_to_mean(values, max(0.0, mean), weights)
