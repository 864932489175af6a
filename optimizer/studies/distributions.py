"""Distributions of the numbers of a study, by their quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from exasite.models.catalog import Row
from exasite.studies.schema import Distribution

_NEEDS: dict[str, tuple[str, ...]] = {
    "uniform": ("low", "high"),
    "loguniform": ("low", "high"),
    "normal": ("mean", "deviation"),
    "triangular": ("low", "mode", "high"),
    "catalog": (),
}


@dataclass(frozen=True)
class Draw:
    """A distribution with its numbers: uniform and loguniform (low, mode or none, high), triangular, normal."""

    kind: str
    numbers: tuple[float, ...]

    def quantile(self, share: float) -> float:
        """The value below which `share` of the samples lie, for 0 < share < 1."""
        if self.kind == "normal":
            from scipy.special import ndtri

            return self.numbers[0] + self.numbers[1] * float(ndtri(share))
        low, high = self.numbers[0], self.numbers[-1]
        if self.kind == "uniform":
            return low + (high - low) * share
        if self.kind == "loguniform":
            return low * math.exp(math.log(high / low) * share)
        return _triangular(low, self.numbers[1], high, share)


def _triangular(low: float, mode: float, high: float, share: float) -> float:
    width = high - low
    rise = mode - low
    if share * width <= rise:
        return low + math.sqrt(share * width * rise)
    return high - math.sqrt((1.0 - share) * width * (high - mode))


def draw(distribution: Distribution, row: Row | None) -> Draw | str:
    """The distribution of an axis, or what is wrong with it. `row` is the catalogue row, if the axis is one."""
    kind = distribution.kind
    given = distribution.model_dump(exclude={"kind"}, exclude_none=True)
    missing = [key for key in _NEEDS[kind] if key not in given]
    extra = [key for key in given if key not in _NEEDS[kind]]
    if missing:
        return f"{kind} needs {' and '.join(missing)}"
    if extra:
        return f"{kind} does not use {' and '.join(extra)}; remove {'it' if len(extra) == 1 else 'them'}"
    if kind == "catalog":
        if row is None or row.is_text:
            return "catalog is for a number of the catalogue; choose uniform, loguniform, normal or triangular"
        if not row.low < row.high:
            return f"{row.table}.{row.item}.{row.field} has no range in the catalogue; choose another distribution"
        return Draw("triangular", (row.low, row.base, row.high))
    numbers = tuple(float(given[key]) for key in _NEEDS[kind])
    return _wrong(kind, numbers) or Draw(kind, numbers)


def _wrong(kind: str, numbers: Sequence[float]) -> str:
    if kind == "normal":
        return ""
    if not numbers[0] < numbers[-1]:
        return f"low must be below high, got {numbers[0]:g} and {numbers[-1]:g}"
    if kind == "loguniform" and numbers[0] <= 0:
        return "loguniform needs low above 0"
    if not numbers[0] <= numbers[1] <= numbers[-1]:
        return f"mode must lie between low and high, got {numbers[1]:g}"
    return ""
