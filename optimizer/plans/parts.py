"""What several parts of a plan are computed from: each cluster with its racks, floor, loads and fabric."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from exasite.models.building import Floor, Loads, Racks, floor_of, loads_of, racks_of
from exasite.models.catalog import Catalog
from exasite.models.evaluate import ClusterEvaluation
from exasite.models.fabric_schedule import FabricSchedule, fabric_schedule
from exasite.plans.rebuild import Rebuilt, RebuiltSite
from exasite.result import Cluster
from exasite.setting import DEFAULT_ELECTRICAL


@dataclass(frozen=True)
class ClusterParts:
    """A cluster of a site, numbered from 1, with everything counted once."""

    site: RebuiltSite
    number: int
    result: Cluster
    evaluation: ClusterEvaluation
    racks: Racks
    floor: Floor
    loads: Loads
    fabric: FabricSchedule

    @property
    def key(self) -> str:
        return self.site.result.site

    @property
    def label(self) -> str:
        return f"cluster {self.number}"


@dataclass(frozen=True)
class Parts:
    """Everything a plan is made of."""

    rebuilt: Rebuilt
    clusters: tuple[ClusterParts, ...]

    @property
    def catalog(self) -> Catalog:
        return self.rebuilt.context.catalog

    @property
    def electrical(self) -> str:
        """Id of the electrical architecture."""
        return self.rebuilt.loaded.instance.facility.electrical or DEFAULT_ELECTRICAL

    def of(self, site: RebuiltSite) -> tuple[ClusterParts, ...]:
        return tuple(c for c in self.clusters if c.site is site)


def parts_of(rebuilt: Rebuilt) -> Parts:
    """Count every cluster of a result."""
    return Parts(rebuilt, tuple(_clusters(rebuilt)))


def _clusters(rebuilt: Rebuilt) -> Iterator[ClusterParts]:
    catalog = rebuilt.context.catalog
    for site in rebuilt.sites:
        for number, (found, evaluation) in enumerate(
            zip(site.result.clusters, site.evaluation.clusters, strict=True), start=1
        ):
            racks = racks_of(catalog, evaluation)
            floor = floor_of(catalog, racks.total, float(evaluation.curves.it_mw[0]))
            loads = loads_of(evaluation, site.design.climate, racks.compute_racks, floor.halls)
            schedule = fabric_schedule(evaluation.design.components.fabric, evaluation.design.gpus)
            yield ClusterParts(site, number, found, evaluation, racks, floor, loads, schedule)


def walking_distance_m(area_m2: float) -> float:
    """Longest cable run across a square floor along its walls [m]."""
    return 2.0 * math.sqrt(area_m2)
