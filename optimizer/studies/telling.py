"""What a study says in the end: one document, a text, and its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exasite.save import write_whole
from exasite.studies.records import choices_of, value_of
from exasite.studies.running import HowToRun, StudyRun
from exasite.studies.sensitivity import sensitivities
from exasite.studies.switches import (
    all_names,
    changes_one_at_a_time,
    compared,
    found_designs,
    sentences,
    shares,
    switches,
    winners,
)
from exasite.studies.tables import write_tables
from exasite.words import percent

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used

_MOST_LINES = 12
_HEADLINES = ("totals.exaflops_per_billion_usd", "totals.exaflops_per_megawatt", "totals.capex_usd",
              "totals.facility_mw_mean", "totals.mfu", "totals.pue_mean")  # fmt: skip


@dataclass(frozen=True)
class Files:
    """Paths written, and what could not be written for want of a library."""

    paths: tuple[Path, ...]
    missing: tuple[str, ...]


def switch_sentences(run: StudyRun) -> list[str]:
    """Where choices change, along grid axes, one at a time, and over samples."""
    names, found = all_names(run.outcomes), found_designs(run.scenarios, run.outcomes)
    grid, maximized = run.design.grid, run.design.base.loaded.instance.objective.is_maximized
    changes = [*winners(run.scenarios, run.outcomes, grid, maximized), *switches(found, grid)]
    numeric = {axis.name for axis in grid if axis.is_numeric}
    said = sentences(sorted(changes, key=lambda change: change.axis not in numeric), names, grid)
    said = [*compared(run.scenarios, run.outcomes, grid, maximized), *said]
    return [*said, *changes_one_at_a_time(found, names), *shares(found, names)]


def regret_sentences(run: StudyRun) -> list[str]:
    """Which designs were compared, which is safest, and what was left out."""
    found = run.regret
    if found is None:
        return []
    rows = {row["design"]: row for row in found.summary.to_dict("records")}
    drawn = f" drawn from {len(run.scenarios):,}" if found.scenarios < len(run.scenarios) else ""
    said = [f"{len(found.designs)} of {found.found} distinct designs were tried in {found.scenarios} scenarios{drawn}; "
            "sizes and operation follow the scenario, everything else stays."]  # fmt: skip
    for name, what in ((found.least_regret, "Least maximum regret"), (found.best_expected, "Best on average")):
        if name is None:
            continue
        row, design = rows[name], next(d for d in found.designs if d.name == name)
        cannot = int(row["cannot_be_built_in"])
        blocked = f"; it cannot be built, or is not allowed, in {cannot} of them" if cannot else ""
        most, mean = (percent(float(row[key])) for key in ("largest_loss", "mean_loss"))
        said.append(f"{what}: {name}, {design_in_words(design.example)}: loses at most {most}, "
                    f"{mean} on average{blocked}.")  # fmt: skip
    return said


def design_in_words(record: Any) -> str:
    """A design as its choices: ids, for six names would fill lines."""
    choices = choices_of(record)
    keys = ("accelerator", "interconnect", "cooling", "storage", "recovery", "power")
    return ", ".join(choices[key] for key in keys)


def best(run: StudyRun) -> tuple[int, float] | None:
    """Position and objective of the best scenario; None without any design."""
    maximized = run.design.base.loaded.instance.objective.is_maximized
    values = {
        i: outcome.record["objective"]["value"]
        for i, outcome in run.outcomes.items()
        if outcome.record.get("sites") and outcome.record["objective"]["value"] is not None
    }
    if not values:
        return None
    position = (max if maximized else min)(values, key=lambda i: values[i])
    return position, values[position]


def ranges(run: StudyRun) -> dict[str, dict[str, float]]:
    """Least, median and largest of the headline figures over all designs."""
    import numpy as np

    found = {}
    for key in _HEADLINES:
        values = [value_of(o.record, key) for o in run.outcomes.values() if o.record.get("sites")]
        if values:
            low, mid, high = (float(v) for v in np.percentile(values, [5, 50, 95]))
            found[key.split(".")[1]] = {"p5": low, "median": mid, "p95": high, "least": float(min(values)),
                                        "largest": float(max(values))}  # fmt: skip
    return found


def document(run: StudyRun, files: Files | None, folder: Path | None) -> dict[str, Any]:
    """All of it as JSON can hold it."""
    study, at = run.design.source.study, best(run)
    return {
        "study": study.name,
        "question": study.question,
        "sha256": run.design.source.sha256,
        "status": "interrupted" if run.interrupted else "done",
        "base": run.design.base.loaded.instance.name,
        "scenarios": len(run.scenarios),
        "counts": run.counts,
        "solved_now": run.solved,
        "from_store": run.cached,
        "best": None if at is None else {"scenario": run.scenarios[at[0]].name, "objective": at[1],
                                         "choices": choices_of(run.outcomes[at[0]].record)},
        "ranges": ranges(run),
        "switches": switch_sentences(run),
        "regret": _regret(run),
        "sensitivity": [
            {"output": s.output, "method": s.method, "note": s.note, "rows": _rows(s.frame)}
            for s in sensitivities(run.scenarios, run.outcomes, run.design.sampled, study.sampling.method)
        ],
        "rows": _rows(run.frame),
        "folder": None if folder is None else str(folder),
        "files": [] if files is None else [str(path) for path in files.paths],
        "not_written": [] if files is None else list(files.missing),
    }  # fmt: skip


def _regret(run: StudyRun) -> dict[str, Any] | None:
    found = run.regret
    if found is None:
        return None
    return {
        "sentences": regret_sentences(run),
        "designs": {d.name: {"best_in": d.count, "choices": choices_of(d.example)} for d in found.designs},
        "distinct_designs": found.found,
        "scenarios": found.scenarios,
        "least_maximum_regret": found.least_regret,
        "best_expected": found.best_expected,
        "summary": _rows(found.summary),
        "losses": _rows(found.losses),
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON values: NaN is null."""
    found: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return found


def as_text(found: dict[str, Any]) -> str:
    """The document for a terminal."""
    counts = ", ".join(f"{count:,} {status}" for status, count in found["counts"].items())
    lines = [f"{found['study']}  {found['question']}".rstrip(),
             f"{found['scenarios']:,} scenarios of {found['base']}: {counts or 'none'}; "
             f"{found['solved_now']:,} solves now and {found['from_store']:,} answers from the store"
             f"{', designs compared included' if found['regret'] else ''}"]  # fmt: skip
    if found["best"]:
        lines += ["", f"Best: {found['best']['scenario'] or 'base'}, objective {found['best']['objective']:.5g}"]
    for key, row in found["ranges"].items():
        if row["largest"] > row["least"]:
            lines.append(f"  {key:<28} {row['least']:>12.5g} to {row['largest']:.5g}, median {row['median']:.5g}")
    lines += _section("Where the best choice changes", found["switches"])
    if found["regret"]:
        lines += _section("Which design is safest", found["regret"]["sentences"])
    for entry in found["sensitivity"][:1]:
        first, *columns = list(entry["rows"][0]) if entry["rows"] else ["axis"]
        rows = [_axis_line(row, first, columns[:2]) for row in entry["rows"][:6]]
        lines += _section(f"What moves {entry['output']} most", rows)
    lines += ["", *[f"wrote {path}" for path in found["files"]]]
    lines += [f"not written: {what}" for what in found["not_written"]]
    return "\n".join(lines) + "\n"


def _axis_line(row: dict[str, Any], first: str, columns: Sequence[str]) -> str:
    figures = [f"{column.replace('_', ' ')} {row[column]:.2f}" for column in columns]
    return f"{row[first]}: {', '.join(figures)}"


def _section(heading: str, said: Sequence[str]) -> list[str]:
    if not said:
        return []
    more = [f"  ... and {len(said) - _MOST_LINES} more in the report"] if len(said) > _MOST_LINES else []
    return ["", heading, *[f"  {line}" for line in said[:_MOST_LINES]], *more]


def write_all(run: StudyRun, folder: Path, how: HowToRun) -> Files:
    """Tables, report and manifest, each whole or not at all."""
    sheets: dict[str, pd.DataFrame] = {}
    if run.regret is not None:
        sheets |= {"designs": run.regret.summary, "regret": run.regret.losses}
    paths, missing = write_tables(run.frame, sheets, folder)
    if run.regret is not None:
        paths.append(write_whole(folder / "regret.csv", run.regret.losses.to_csv(index=False)))
    try:
        from exasite.studies.report import report_page

        paths.append(write_whole(folder / "report.html", report_page(run)))
    except ImportError:
        missing.append("report.html (pip install 'exasite[plot]')")
    paths.append(write_whole(folder / "manifest.json", json.dumps(_manifest(run, how), indent=2) + "\n"))
    return Files(tuple(paths), tuple(missing))


def _manifest(run: StudyRun, how: HowToRun) -> dict[str, Any]:
    import exasite
    from exasite.models.catalog import load_catalog

    times = [outcome.seconds for outcome in run.outcomes.values()]
    return {
        "study": run.design.source.study.name, "study_sha256": run.design.source.sha256,
        "base": run.design.base.loaded.instance.name, "base_sha256": run.design.base.loaded.sha256,
        "catalog_sha256": load_catalog().digest, "exasite_version": exasite.__version__,
        "gap": how.gap, "time_limit_s": how.time_limit_s, "solver_seed": how.seed,
        "sampling_seed": run.design.source.study.seed,
        "workers": how.dask or how.workers, "scenarios": len(run.scenarios), "counts": run.counts,
        "solved_now": run.solved, "solver_seconds": round(sum(times), 3),
    }  # fmt: skip
