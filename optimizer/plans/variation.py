"""The design with other numbers in the catalogue: sizes and operation stay, prices and physics are evaluated anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from exasite.assemble import objective_of, totals_of
from exasite.design import terms_of
from exasite.instance.loading import LoadedInstance
from exasite.models.catalog import Catalog, Row, RowKey
from exasite.models.dispatch import Dispatch
from exasite.models.evaluate import SiteDesign, SiteEvaluation, evaluate
from exasite.plans.rebuild import Rebuilt, design_of
from exasite.result import Totals
from exasite.setting import Setting, setting

_SAME = 1e-12
# How many spare units a load needs decides the size of new plant. Sizes are fixed here: a small load makes it quick.
_FIRM_LOAD, _SMALL_MW = ("firmness", "standard", "reference_load_mw"), 1.0


@dataclass(frozen=True)
class Varied:
    """Figures of the design under another catalogue."""

    context: Setting
    evaluations: tuple[SiteEvaluation, ...]
    totals: Totals
    objective: float


class Variations:
    """Evaluates the design of a result again and again, each time with some rows of the catalogue replaced."""

    def __init__(self, rebuilt: Rebuilt) -> None:
        self._rebuilt = rebuilt
        self._instance = _only_what_is_built(rebuilt)
        self._demand = [[float(d.sum()) for d in site.evaluation.demand_mw] for site in rebuilt.sites]

    def ranged_rows(self) -> tuple[Row, ...]:
        """Rows behind the result with a low and a high value that differ, in the order of its provenance."""
        catalog = self._rebuilt.context.catalog
        keys = [(r.table, r.item, r.field) for r in self._rebuilt.result.provenance.rows]
        rows = [catalog.row(*key) for key in keys if catalog.has(*key)]
        return tuple(row for row in rows if not row.is_text and row.low < row.high)

    def at(self, values: Mapping[RowKey, float]) -> Varied | None:
        """Figures with the base of these rows replaced; None where the design then cannot work at all."""
        rebuilt, base = self._rebuilt, self._rebuilt.context.catalog
        rows = dict(base.rows)
        rows[_FIRM_LOAD] = replace(rows[_FIRM_LOAD], base=_SMALL_MW)
        for key, value in values.items():
            rows[key] = replace(rows[key], base=value)
        catalog = Catalog.from_rows(rows)
        context = setting(replace(self._instance, catalog=catalog))
        found = []
        try:
            for number, (site, at) in enumerate(zip(rebuilt.sites, context.sites, strict=True)):
                design = design_of(context, at, site.result, site.design.phases)
                found.append(self._evaluated(number, design, context))
        except ValueError:  # a model that no longer fits in memory, a fabric that no longer reaches
            return None
        totals = totals_of(context, found)
        return Varied(context, tuple(found), totals, objective_of(context, totals, found))

    def _evaluated(self, number: int, design: SiteDesign, context: Setting) -> SiteEvaluation:
        """The site with its known schedule, stretched where other physics draws more or less power."""
        runs, terms = self._rebuilt.sites[number].evaluation.dispatches, terms_of(context)
        found = evaluate(design, terms, context.catalog, runs)
        factors = [
            float(d.sum()) / before if before > 0 else 1.0
            for d, before in zip(found.demand_mw, self._demand[number], strict=True)
        ]
        if all(abs(factor - 1.0) < _SAME for factor in factors):
            return found
        stretched = [_stretched(run, factor) for run, factor in zip(runs, factors, strict=True)]
        return evaluate(design, terms, context.catalog, stretched)


def _stretched(run: Dispatch, factor: float) -> Dispatch:
    return replace(
        run,
        output_mw={g: mw * factor for g, mw in run.output_mw.items()},
        charge_mw={g: mw * factor for g, mw in run.charge_mw.items()},
        level_mwh={g: mwh * factor for g, mwh in run.level_mwh.items()},
        paused_mw=run.paused_mw * factor,
        unserved_mw=run.unserved_mw * factor,
    )


def _only_what_is_built(rebuilt: Rebuilt) -> LoadedInstance:
    """The question with the sites and sources of the design alone: nothing else needs to be looked up."""
    instance = rebuilt.loaded.instance
    by_key = {section.key: section for section in instance.sites}
    sources = tuple(dict.fromkeys(s.source for site in rebuilt.sites for s in site.result.supply))
    sites = tuple(by_key[site.result.site] for site in rebuilt.sites)
    choices = instance.choices.model_copy(update={"power": sources})
    return replace(rebuilt.loaded, instance=instance.model_copy(update={"sites": sites, "choices": choices}))
