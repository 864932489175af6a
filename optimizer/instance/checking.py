"""What keys of an instance must satisfy together, and whether the ids they name exist in the catalogue.

Each check yields findings; none raises. Checks of contradictions compare bounds only: whether a design
exists is for the solver to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from exasite.instance.catalog_checks import cheapest_accelerator, check_catalog_ids, check_fabrics_fit
from exasite.instance.findings import Finding
from exasite.instance.quantities import written
from exasite.instance.schema import InlineModel, Instance, Range
from exasite.instance.site_checks import check_sites, range_findings
from exasite.models.catalog import Catalog

_RANGES = ("gpus", "coherent_gpus", "effective_exaflops", "training_days", "tokens_per_second")
_SIZES = ("gpus", "coherent_gpus", "effective_exaflops", "tokens_per_second")
_WEIGHT_TOLERANCE = 1e-9


def check(instance: Instance, catalog: Catalog) -> Iterator[Finding]:
    """Everything wrong with an instance whose single keys are right. `catalog` has the overrides applied."""
    return chain(
        _check_workload(instance),
        _check_ranges(instance),
        _check_objective(instance),
        _check_dates(instance),
        _check_gpu_counts(instance),
        _check_budget(instance, catalog),
        check_sites(instance, catalog),
        check_catalog_ids(instance, catalog),
        check_fabrics_fit(instance, catalog),
    )


def _check_workload(instance: Instance) -> Iterable[Finding]:
    workload = instance.workload
    if workload.kind == "inference":
        message = "inference is not solved by this version, training only"
        yield Finding(("workload", "kind"), message, 'write kind = "training"')
    if not isinstance(workload.model, InlineModel):
        return
    for key in ("batch_tokens", "sequence_length"):
        if getattr(workload, key) is None and getattr(workload.model, key) is None:
            yield Finding(("workload", key), "is missing", "a model given by its numbers needs it")
    if workload.model.hidden % workload.model.heads:
        yield Finding(("workload", "model", "hidden"), f"is no multiple of heads = {workload.model.heads}")
    kv_heads = workload.model.kv_heads
    if kv_heads is not None and kv_heads > workload.model.heads:
        yield Finding(("workload", "model", "kv_heads"), f"is above heads = {workload.model.heads}")


def _check_ranges(instance: Instance) -> Iterable[Finding]:
    for key in _RANGES:
        yield from range_findings(("require", key), getattr(instance.require, key))
    if instance.require.training_days is not None and instance.require.training_flops is None:
        fix = "give require.training_flops, the FLOP of the whole run"
        yield Finding(("require", "training_days"), "needs to know how much is trained", fix)


def _check_objective(instance: Instance) -> Iterable[Finding]:
    objective, require = instance.objective, instance.require
    if objective.maximize is not None and objective.minimize is not None:
        yield Finding(("objective",), "has both maximize and minimize", "keep one of them")
        return
    if objective.weights is not None:
        if objective.kind != "efficiency":
            yield Finding(("objective", "weights"), f"has no meaning for {objective.kind}", "remove it")
        given = [value for value in (objective.weights.capex, objective.weights.watts) if value is not None]
        if len(given) == 2 and abs(sum(given) - 1.0) > _WEIGHT_TOLERANCE:
            message = f"capex and watts must sum to 1, they sum to {written(sum(given))}"
            yield Finding(("objective", "weights"), message, "give one of them; the other follows")
    if objective.kind == "training_cost" and require.training_flops is None:
        fix = "give require.training_flops, the FLOP of the whole run"
        yield Finding(("objective", "minimize"), "training_cost needs to know how much is trained", fix)
    sizes = [value for key in _SIZES if (value := getattr(require, key)) is not None]
    has_target = any(value.lower is not None for value in sizes) or require.training_days is not None
    site_minimum = any(site.gpus is not None and site.gpus.lower is not None for site in instance.sites)
    if objective.minimize in ("capex", "tco", "facility_mw") and not has_target and not site_minimum:
        message = f"least {objective.minimize} without any requirement is to build nothing"
        yield Finding(("objective", "minimize"), message, "require gpus, effective_exaflops or training_days")
    if objective.kind == "exaflops" and not _is_bounded(instance):
        fix = "limit capex_usd or facility_mw, or require a number of gpus"
        yield Finding(("objective", "maximize"), "most exaflops without any limit has no end", fix)


def _is_bounded(instance: Instance) -> bool:
    limit, require = instance.limit, instance.require
    limits = (limit.capex_usd, limit.opex_usd_per_year, limit.facility_mw, limit.co2_t_per_year,
              limit.water_m3_per_year, limit.land_acres)  # fmt: skip
    if any(value is not None for value in limits):
        return True
    sizes = [value for key in _SIZES if (value := getattr(require, key)) is not None]
    if any(value.upper is not None for value in sizes):
        return True
    return all(
        site.grid_limit_mw is not None or (site.gpus is not None and site.gpus.upper is not None)
        for site in instance.sites
    )


def _check_dates(instance: Instance) -> Iterable[Finding]:
    online_by = instance.limit.online_by
    if online_by is not None and online_by <= instance.decision_date:
        message = f"{online_by} is not after the decision_date {instance.decision_date}"
        yield Finding(("limit", "online_by"), message, "move one of the two dates")


def _check_gpu_counts(instance: Instance) -> Iterable[Finding]:
    gpus, coherent = instance.require.gpus, instance.require.coherent_gpus
    if gpus and coherent and gpus.upper is not None and (coherent.lower or 0) > gpus.upper:
        message = f"{written(coherent.lower or 0)} is more than the {written(gpus.upper)} of require.gpus"
        yield Finding(("require", "coherent_gpus"), message, "raise gpus or lower coherent_gpus")
    ranges = [site.gpus for site in instance.sites if site.gpus is not None]
    if gpus is None or not ranges:
        return
    least = sum(value.lower or 0 for value in ranges)
    if gpus.upper is not None and least > gpus.upper:
        message = f"the sites ask for {written(least)} GPUs together, more than {written(gpus.upper)}"
        yield Finding(("require", "gpus"), message, "lower the numbers of the sites")
    if len(ranges) == len(instance.sites) and all(value.upper is not None for value in ranges):
        most = sum(value.upper or 0 for value in ranges)
        if gpus.lower is not None and gpus.lower > most:
            message = f"{written(gpus.lower)} GPUs are more than the {written(most)} that the sites allow"
            yield Finding(("require", "gpus"), message, "raise the numbers of the sites")


def _check_budget(instance: Instance, catalog: Catalog) -> Iterable[Finding]:
    capex = instance.limit.capex_usd
    if capex is None:
        return
    cheapest = cheapest_accelerator(instance, catalog)
    for key in ("gpus", "coherent_gpus"):
        value: Range | None = getattr(instance.require, key)
        if value is None or value.lower is None or cheapest is None:
            continue
        accelerator, price = cheapest
        if value.lower * price > capex:
            message = (
                f"{written(value.lower)} GPUs cost at least {value.lower * price:.3g} USD for servers alone "
                f"(cheapest: {accelerator} at {price:.0f} USD), above limit.capex_usd = {written(capex)}"
            )
            yield Finding(("require", key), message, f"at most {int(capex // price)} fit")
