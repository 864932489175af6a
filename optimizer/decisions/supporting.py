"""The design that is best for one exchange rate between two quantities: a corner of the frontier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from exasite.formulation import BuiltModel
from exasite.one_cluster import Asked, SegmentSearch, weighted
from exasite.pricing import PricedSession
from exasite.ratio import maximise_ratio
from exasite.screening import builds_one_cluster
from exasite.search import Place, place_of

# Beside capex, what a cluster of one size has whatever its supply; all else is searched in one model.
_GIVEN_OR_CAPEX = {"capex_musd", "facility_mean_mw", "water_m3"}


@dataclass(frozen=True)
class Supported:
    """Design with most ExaFLOPS per weighted sum of quantities: where it is (None: none), the ratio and a bound."""

    status: str
    place: Place | None
    ratio: float
    bound: float


@dataclass
class Supporting:
    """Answers `best` for one question again and again; what is known of it is used each time."""

    asked: Asked
    gap: float
    axes: tuple[str, ...]  # the quantities that are traded
    _by_segment: SegmentSearch | None = None
    _built: tuple[BuiltModel, PricedSession] | None = None
    _found: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        if builds_one_cluster(self.asked.instance, self.asked.options):
            self._by_segment = SegmentSearch(self.asked, self.gap)

    @property
    def is_finite(self) -> bool:
        """Whether designs are found segment by segment, each with one best supply."""
        return self._by_segment is not None and set(self.axes) <= _GIVEN_OR_CAPEX

    def best(self, weights: Mapping[str, float]) -> Supported:
        """Most counted ExaFLOPS per weighted sum of quantities of the model."""
        weights = {name: weight for name, weight in weights.items() if weight > 0}
        if self._by_segment is not None and set(weights) <= _GIVEN_OR_CAPEX:
            found = self._by_segment.ratio(weights)
            place = place_of(found, self._by_segment, self.axes) if found.is_design else None
            return Supported(found.status, place, found.value, found.bound)
        return self._searched(weights)

    def _searched(self, weights: Mapping[str, float]) -> Supported:
        if self._built is None:
            self._built = self.asked.built(self.asked.options)
        model, session = self._built
        quantities = model.compiled.quantities
        flops, size = quantities["counted_exaflops"], weighted(quantities, weights)
        start = max(self._found, key=lambda c: flops.at(c) / size.at(c), default=None)
        found = maximise_ratio(session, flops, size, gap=self.gap, start=start)
        if found.columns is None:
            return Supported(found.status, None, -np.inf, found.bound)
        self._found.append(found.columns)
        place = Place(model, self.asked.options, found.columns, held=self.axes)
        return Supported(found.status, place, found.ratio, found.bound)

    def below(self, name: str, most: float) -> Supporting:
        """The same question with at most so much of a quantity per ExaFLOPS."""
        limits = {**dict(self.asked.ratio_limits), name: most}
        return Supporting(replace(self.asked, ratio_limits=tuple(limits.items())), self.gap, self.axes)
