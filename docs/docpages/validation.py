"""The validation page: every published case of tests/validation beside what the models say, with the errors."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from docpages.markdown import anchor, number, page, percent, table

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "validation"
_WORST = 3
_GROUPS = {  # module -> title and what a reader must know before the numbers
    "mfu_cases": ("Model FLOP/s utilisation of training runs", "Predicted with the published split of each run. The "
        "six free numbers of the step-time model were fitted to these very runs, so the errors are those of a fit; "
        "MFU in percent, before checkpoints and failures."),
    "fabric_cases": ("Interconnects: counts, cost, power, failures", "Counts must be exact. Rows marked (recall) were "
        "written down from memory and not read again at their source."),
    "reliability_cases": ("Stops and goodput", "Few runs publish their restart time; where not, the middle of a "
        "plausible range is taken, and the note says so."),
    "pue_cases": ("PUE", "Annual PUE of real sites. What a site is cooled with is rarely published and assumed by "
        "operator; errors are in points of PUE."),
    "capex_cases": ("Cost of building and owning", "Some rows are inputs of the model and only check that they arrive; "
        "the note says so."),
    "power_cases": ("Power sources", "The references are independent calculations with the same technology figures: "
        "they check formulas, units and profiles, not the world."),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One row: published and predicted, their error (relative, or in the unit of the row), and what was stated."""

    name: str
    published: float
    predicted: float
    error: float
    relative: bool
    tolerance: float | None
    source: str
    note: str
    part: str

    @property
    def is_mean(self) -> bool:
        """A mean over other rows, which must not count twice."""
        return self.name.startswith("mean of ")

    @property
    def shown_error(self) -> str:
        return f"{100 * self.error:+.1f} %" if self.relative else f"{self.error:+.4f}"

    @property
    def misses(self) -> bool:
        return self.tolerance is not None and abs(self.error) > self.tolerance

    @property
    def admitted(self) -> bool:
        return "not reproduced" in self.note


def validation_page() -> str:
    groups = {name: _cases(name) for name in modules()}
    return page(
        "Validation",
        _introduction(),
        "## In short",
        _summary(groups),
        "## Where the models are worst",
        _worst(groups),
        *(_group(name, cases) for name, cases in groups.items()),
    )


def modules() -> list[str]:
    """Names of the modules with cases: those known first, in the order of this page, then any other."""
    found = sorted(path.stem for path in FOLDER.glob("*_cases.py") if not path.stem.startswith("test_"))
    known = [name for name in _GROUPS if name in found]
    return known + [name for name in found if name not in known]


def _cases(module: str) -> list[Case]:
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    cases = importlib.import_module(module)
    worst = getattr(cases, "WORST_ERROR_PERCENT", None)  # stated once for all rows
    return [_case({"tolerance": worst / 100.0 if worst else None, **row}) for row in cases.validation_table()]


def _case(row: dict[str, object]) -> Case:
    published, predicted = float(str(row["published"])), float(str(row["predicted"]))
    relative = bool(row.get("relative", True))
    error = _error(row, predicted / published - 1.0 if relative else predicted - published)
    what = [str(row[key]) for key in ("case", "quantity") if row.get(key)]
    run = [str(row[key]) for key in ("accelerator", "precision") if row.get(key)]
    if row.get("gpus"):
        run.insert(0, f"{int(str(row['gpus'])):,} x")
    name = ": ".join(what) + (f" ({' '.join(run)})" if run else "")
    tolerance = row.get("tolerance")
    part = " ".join(run[-2:]) if "accelerator" in row else ""
    return Case(name, published, predicted, error, relative, None if tolerance is None else float(str(tolerance)),
                str(row.get("source", "")), str(row.get("note", "")), part)  # fmt: skip


def _error(row: dict[str, object], default: float) -> float:
    """The error the row states, which knows more digits than the numbers shown."""
    if "error" in row:
        return float(str(row["error"]))
    return float(str(row["error_percent"])) / 100.0 if "error_percent" in row else default


def _introduction() -> str:
    return """\
Published numbers beside what the models say, all of them, also where the agreement is bad. `tests/validation` holds
the cases and fails if an error grows beyond the stated one. MAE is the mean absolute error. An error in percent is
relative to the published number; one without a unit is in the unit of its row."""


def _title(module: str) -> str:
    return _GROUPS[module][0] if module in _GROUPS else module.removesuffix("_cases").replace("_", " ").capitalize()


def _parts(cases: list[Case]) -> list[tuple[bool, list[Case]]]:
    """Cases by kind of error, without means of other rows."""
    single = [case for case in cases if not case.is_mean]
    kinds = [(kind, [case for case in single if case.relative is kind]) for kind in (True, False)]
    return [(kind, found) for kind, found in kinds if found]


def _summary(groups: dict[str, list[Case]]) -> str:
    rows = []
    for module, cases in groups.items():
        link = f"[{_title(module)}](#{anchor(_title(module))})"
        for relative, found in _parts(cases):
            errors = [case.error for case in found]
            show = (lambda e: percent(e)) if relative else (lambda e: f"{e:.4f}")
            worst = max(found, key=lambda case: abs(case.error))
            kind = "relative" if relative else "in its unit"
            rows.append([link, kind, len(found), show(_mae(errors)), show(median(map(abs, errors))),
                         show(sum(errors) / len(errors)), show(abs(worst.error)), worst.name])  # fmt: skip
    header = ["subject", "error", "rows", "MAE", "median", "mean (bias)", "largest", "of"]
    return table(header, rows, range(2, 7))


def _mae(errors: list[float]) -> float:
    return sum(map(abs, errors)) / len(errors)


def _worst(groups: dict[str, list[Case]]) -> str:
    rows = []
    for module, cases in groups.items():
        picked: list[Case] = [case for case in cases if case.admitted or case.misses]
        for _, found in _parts(cases):
            picked += sorted(found, key=lambda case: -abs(case.error))[:_WORST]
        for case in dict.fromkeys(picked):
            if abs(case.error) > 0:
                rows.append([_title(module), case.name, number(case.published), number(case.predicted),
                             case.shown_error, case.note])  # fmt: skip
    missed = [case for cases in groups.values() for case in cases if case.misses]
    said = "No row is outside the error stated for it."
    if missed:
        said = f"{len(missed)} rows are outside the error stated for them."
    return (
        f"The {_WORST} largest errors of each subject, and every row the models do not reproduce. {said}\n\n"
        + table(["subject", "case", "published", "predicted", "error", "note"], rows, (2, 3, 4))
    )


def _group(module: str, cases: list[Case]) -> str:
    sources = list(dict.fromkeys(case.source for case in cases))
    rows = [
        [case.name, number(case.published), number(case.predicted), case.shown_error, _stated(case),
         case.note, sources.index(case.source) + 1]
        for case in cases
    ]  # fmt: skip
    listed = "\n".join(f"{place}. {source}" for place, source in enumerate(sources, start=1))
    parts = [
        f"## {_title(module)}",
        _GROUPS[module][1] if module in _GROUPS else "",
        _by_part(cases),
        table(["case", "published", "predicted", "error", "stated", "note", "source"], rows, (1, 2, 3, 4, 6)),
        f"Sources:\n\n{listed}",
    ]
    return "\n\n".join(part for part in parts if part)


def _stated(case: Case) -> str:
    if case.tolerance is None:
        return ""
    return percent(case.tolerance) if case.relative else f"{case.tolerance:.4g}"


def _by_part(cases: list[Case]) -> str:
    """Errors by accelerator and precision, where rows have them."""
    parts = sorted({case.part for case in cases if case.part})
    rows = []
    for part in parts:
        errors = [case.error for case in cases if case.part == part]
        rows.append([part, len(errors), percent(_mae(errors)), percent(sum(errors) / len(errors)),
                     percent(max(map(abs, errors)))])  # fmt: skip
    return table(["accelerator", "rows", "MAE", "mean (bias)", "largest"], rows, range(1, 5)) if rows else ""
