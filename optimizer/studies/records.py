"""What is recorded of a result, and the columns of the table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from exasite.errors import did_you_mean
from exasite.result import Cluster, Result, SiteResult, Totals

CHOICES = ("accelerator", "interconnect", "cooling", "storage", "recovery")  # of a cluster
_OBJECTIVE = ("kind", "value", "bound", "gap")
_CHOICE_KEYS = ("site", *CHOICES, "power")
KEYS = (
    *(f"objective.{key}" for key in _OBJECTIVE),
    *(f"totals.{key}" for key in Totals.model_fields),
    *(f"choices.{key}" for key in _CHOICE_KEYS),
    *(f"cluster.{key}" for key in ("mamf", "sfu", "goodput", "network_tiers")),
)
DEFAULT_KEYS = (
    "objective.value", "objective.gap", "choices.site", *(f"choices.{key}" for key in CHOICES), "choices.power",
    "totals.gpus", "totals.effective_exaflops", "totals.mfu", "totals.capex_usd", "totals.tco_usd",
    "totals.facility_mw_mean", "totals.facility_mw_peak", "totals.pue_mean", "totals.energy_price_usd_per_mwh",
    "totals.co2_t_per_year", "totals.exaflops_per_billion_usd", "totals.exaflops_per_megawatt", "totals.efficiency",
    "totals.online_date", "totals.delay_months",
)  # fmt: skip
_JOIN = " + "


def record_of(result: Result) -> dict[str, Any]:
    """What is kept of a result: the objective, all totals, and the design. No times, which differ from run to run."""
    record: dict[str, Any] = {"objective": result.objective.model_dump()}
    if result.totals is not None:
        record["totals"] = result.totals.model_dump()
        record["sites"] = [_site(site) for site in result.sites]
    return record


def _site(site: SiteResult) -> dict[str, Any]:
    return {
        "site": site.site,
        "clusters": [_cluster(cluster) for cluster in site.clusters],
        "supply": [
            {"source": s.source, "name": s.name, "units": s.units, "capacity_mw": s.capacity_mw,
             "energy_share": s.energy_share}
            for s in site.supply
        ],
    }  # fmt: skip


def _cluster(cluster: Cluster) -> dict[str, Any]:
    keys = (*CHOICES, "gpus", "mamf", "sfu", "goodput", "network_tiers")
    return {**{key: getattr(cluster, key) for key in keys}, "names": dict(cluster.names)}


def choices_of(record: Mapping[str, Any]) -> dict[str, str]:
    """The choices of a design in a word each; several clusters or sites are joined by a plus."""
    sites = record.get("sites", ())
    clusters = [cluster for site in sites for cluster in site["clusters"]]
    found = {key: _joined(cluster[key] for cluster in clusters) for key in CHOICES}
    found["site"] = _joined(site["site"] for site in sites)
    found["power"] = _joined(supply["source"] for site in sites for supply in site["supply"])
    return found


def _joined(words: Iterable[str]) -> str:
    return _JOIN.join(dict.fromkeys(words))


def names_of(record: Mapping[str, Any]) -> dict[str, str]:
    """What the ids of a design are called in words."""
    names: dict[str, str] = {}
    for site in record.get("sites", ()):
        for cluster in site["clusters"]:
            names |= {cluster[key]: name for key, name in cluster["names"].items() if key in CHOICES}
        names |= {supply["source"]: supply["name"] for supply in site["supply"]}
    return names


def value_of(record: Mapping[str, Any], key: str) -> Any:
    """The value of a column; None where there is no design."""
    section, name = key.split(".", 1)
    if section == "choices":
        return choices_of(record)[name] if "sites" in record else None
    if section == "cluster":  # of the first cluster
        return record["sites"][0]["clusters"][0][name] if record.get("sites") else None
    return record.get(section, {}).get(name)


def signature(record: Mapping[str, Any]) -> str:
    """What makes two designs the same: the choices of every site, not the sizes. Empty without a design."""
    if not record.get("sites"):
        return ""
    sites = []
    for site in record["sites"]:
        clusters = sorted({tuple(cluster[key] for key in CHOICES) for cluster in site["clusters"]})
        sites.append([site["site"], clusters, sorted(supply["source"] for supply in site["supply"])])
    return json.dumps(sites)


def key_problem(key: str) -> tuple[str, str] | None:
    """Why a key of `record` is none, and the nearest one; None if it is right."""
    return None if key in KEYS else ("there is no such column", did_you_mean(key, KEYS))
