"""The page of a study: one HTML file with everything in it, which needs no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from exasite.studies import charts, maps
from exasite.studies.records import CHOICES, choices_of
from exasite.studies.running import StudyRun
from exasite.studies.sensitivity import OUTPUTS, sensitivities
from exasite.studies.telling import best, design_in_words, ranges, regret_sentences, switch_sentences
from exasite.words import money, percent

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used

_MOST_ROWS, _MOST_SENTENCES, _MOST_AXES = 200, 40, 6
_OBJECTIVES = {
    "efficiency": "effective ExaFLOPS per dollar and per watt (index)",
    "exaflops_per_capex": "effective ExaFLOPS per B$ of capex",
    "exaflops_per_watt": "effective ExaFLOPS per MW",
    "exaflops_per_tco": "effective ExaFLOPS per B$ of cost of ownership",
    "exaflops": "effective ExaFLOPS",
    "capex": "capex [USD]",
    "tco": "cost of ownership [USD]",
    "training_cost": "cost of the training run [USD]",
    "facility_mw": "facility power [MW]",
}
_CONFIG = {"responsive": True, "displayModeBar": False}
_STYLE = """
body{font-family:system-ui,sans-serif;margin:0 auto;max-width:1200px;padding:1rem;color:#222;line-height:1.45}
h1{font-size:1.4rem;margin-bottom:.2rem}
h2{font-size:1.15rem;margin-top:2.2rem;border-top:1px solid #ddd;padding-top:1rem}
p{color:#444}.question{font-size:1.05rem;margin-top:0}
.answer{background:#eef4fb;border-left:4px solid #4c78a8;padding:.6rem .8rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:.6rem;margin:1rem 0}
.tile{background:#f6f7f9;border-radius:6px;padding:.6rem .8rem}.tile b{display:block;font-size:1.2rem}
.tile span{color:#555;font-size:.85rem}.wide{overflow-x:auto}.wide>div{min-width:960px}
table{border-collapse:collapse;font-size:.85rem;width:100%}th,td{padding:.3rem .5rem;text-align:left;
border-bottom:1px solid #e5e5e5;white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.rows{max-height:420px;overflow:auto}.rows .wide{overflow:visible}thead th{position:sticky;top:0;background:#fff}
li{margin:.25rem 0}details summary{cursor:pointer;color:#4c78a8}
"""


def report_page(run: StudyRun) -> str:
    """The whole page. Raises ImportError without plotly (extra `plot`)."""
    from plotly.offline import get_plotlyjs

    study = run.design.source.study
    parts = [f"<h1>{escape(study.name)}</h1>", f'<p class="question">{escape(study.question)}</p>']
    if study.answer:
        parts.append(f'<p class="answer">{escape(study.answer)}</p>')
    parts += [_tiles(run), *_sections(run)]
    head = ('<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(study.name)}</title><style>{_STYLE}</style>"
            f"<script>{get_plotlyjs()}</script></head><body>")  # fmt: skip
    return head + "".join(parts) + "</body></html>"


def _sections(run: StudyRun) -> Iterator[str]:
    yield from _switch_section(run)
    yield from _figures("The worth of each scenario", (
        maps.value_map(run, key, name) for key, name in _mapped(run).items()
    ), f"Each cell is the best design of a scenario. The objective is {objective_words(run)}.")  # fmt: skip
    yield from _figures("One number at a time", (
        charts.tornado_chart(run, key) for key in OUTPUTS if key != "objective.value"
    ), "Each catalogue number alone at its low and its high, the design chosen anew each time.")  # fmt: skip
    method = run.design.source.study.sampling.method
    found = sensitivities(run.scenarios, run.outcomes, run.design.sampled, method)
    note = found[0].note + "." if found else ""
    yield from _figures("What moves the answer most", map(charts.sensitivity_chart, found[:2]), note)
    yield from _figures("Spread of the headline ratios", (
        charts.distribution_chart(run, key) for key in OUTPUTS if key != "objective.value"
    ), "Over all scenarios with a design, each counted once.")  # fmt: skip
    strongest = [str(axis) for axis in found[0].frame["axis"]] if found else []
    words = "A line is a scenario. Drag along an axis to keep the lines that pass there; drag its name to move it."
    yield from _figures("All scenarios at a glance", (charts.parallel_chart(run, strongest),), words, wide=True)
    yield from _regret_section(run)
    yield from _rows_section(run, strongest)


def objective_words(run: StudyRun) -> str:
    """What is sought, in words."""
    objective = run.design.base.loaded.instance.objective
    return f"{'most' if objective.is_maximized else 'least'} {_OBJECTIVES[objective.kind]}"


def _mapped(run: StudyRun) -> dict[str, str]:
    """The figures to map: the objective first, where it is not one of the headline ratios."""
    kind = run.design.base.loaded.instance.objective.kind
    own = kind not in ("exaflops_per_capex", "exaflops_per_watt")
    found = {"objective.value": f"Objective: {_OBJECTIVES[kind]}"} if own else {}
    return found | {key: name for key, name in OUTPUTS.items() if key != "objective.value"}


def _figures(heading: str, figures: Iterable[Any], words: str, wide: bool = False) -> Iterator[str]:
    """A section with its charts; nothing where there is none."""
    drawn = [figure for figure in figures if figure is not None]
    if not drawn:
        return
    yield f"<h2>{escape(heading)}</h2><p>{escape(words)}</p>"
    for figure in drawn:
        html = figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)
        yield f'<div class="wide">{html}</div>' if wide else html


def _tiles(run: StudyRun) -> str:
    counts = run.counts
    designed = counts.get("optimal", 0) + counts.get("feasible", 0)
    tiles = [(f"{len(run.scenarios):,}", f"scenarios of {run.design.base.loaded.instance.name}"),
             (f"{designed:,}", "with a design")]  # fmt: skip
    words = {"infeasible": "proven to have none", "no_design": "stopped at the time limit", "failed": "failed",
             "bad_input": "with input that cannot be", "pending": "not solved yet"}  # fmt: skip
    tiles += [(f"{counts[status]:,}", text) for status, text in words.items() if counts.get(status)]
    found = ranges(run)
    for key, text in (("exaflops_per_billion_usd", "EFLOPS per B$"), ("exaflops_per_megawatt", "EFLOPS per MW")):
        if key in found:
            row = found[key]
            tiles.append((f"{row['least']:.3g} to {row['largest']:.3g}", text))
    if "capex_usd" in found:
        row = found["capex_usd"]
        tiles.append((f"{money(row['least'])} to {money(row['largest'])}", "capex"))
    body = "".join(f'<div class="tile"><b>{escape(a)}</b><span>{escape(b)}</span></div>' for a, b in tiles)
    at = best(run)
    said = ""
    if at is not None:
        name = run.scenarios[at[0]].name or "base"
        said = f"<p>Best of all: {escape(name)}: {escape(design_in_words(run.outcomes[at[0]].record))}.</p>"
    return f'<div class="tiles">{body}</div>{said}'


def _switch_section(run: StudyRun) -> Iterator[str]:
    said = switch_sentences(run)
    yield "<h2>Where the best choice changes</h2>"
    if not said:
        yield "<p>The same choices are best in all scenarios that have a design: " + escape(_one_design(run)) + ".</p>"
    first, rest = said[:_MOST_SENTENCES], said[_MOST_SENTENCES:]
    yield _list(first)
    if rest:
        yield f"<details><summary>{len(rest)} more</summary>{_list(rest)}</details>"
    for figure in maps.choice_maps(run):
        yield figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)


def _one_design(run: StudyRun) -> str:
    record = next((o.record for o in run.outcomes.values() if o.record.get("sites")), None)
    return "there is none" if record is None else design_in_words(record)


def _regret_section(run: StudyRun) -> Iterator[str]:
    found = run.regret
    if found is None:
        return
    yield "<h2>Which design is safest</h2>"
    yield _list(regret_sentences(run))
    figure = charts.regret_chart(found)
    if figure is not None:
        yield figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)
    rows = {row["design"]: row for row in found.summary.to_dict("records")}
    lines = []
    for design in found.designs:
        row, choices = rows[design.name], choices_of(design.example)
        lines.append([design.name, str(design.count), _share(row["largest_loss"]), _share(row["mean_loss"]),
                      str(row["cannot_be_built_in"]), *(choices[key] for key in (*CHOICES, "power"))])  # fmt: skip
    head = ["design", "best in", "largest loss", "mean loss", "not possible in", *CHOICES, "power"]
    yield _table(head, lines, numbers=(1, 2, 3, 4))


def _list(said: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in said)}</ul>" if said else ""


def _share(value: Any) -> str:
    return "" if _is_missing(value) else percent(float(value))


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def _rows_section(run: StudyRun, strongest: Sequence[str]) -> Iterator[str]:
    frame = run.frame
    hidden = {axis.name for axis in run.design.sampled} - set(strongest[:_MOST_AXES])
    shown = frame.head(_MOST_ROWS)
    more = f" The first {_MOST_ROWS} of {len(frame):,}; study.csv has all." if len(frame) > _MOST_ROWS else ""
    yield f"<h2>Scenarios</h2><p>One row a scenario, as in study.csv, study.parquet and study.xlsx.{more}</p>"
    columns = [name for name in shown.columns if name != "name" and name not in hidden and not _empty(shown[name])]
    numbers = [i for i, name in enumerate(columns) if shown[name].dtype.kind in "if"]
    rows = [[_cell(value) for value in row] for row in shown[columns].itertuples(index=False)]
    yield f'<div class="rows">{_table([name.replace("_", " ") for name in columns], rows, numbers)}</div>'
    yield ("<p>A status of optimal means proven best within the gap; where two choices differ by less than the gap, "
           "either may be named. Units are in the names of the columns.</p>")  # fmt: skip


def _empty(column: pd.Series[Any]) -> bool:
    return bool(column.isna().all() or (column == "").all())


def _cell(value: Any) -> str:
    if _is_missing(value):
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:.5g}"
    return str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        marks = (' class="n"' if i in numbers else "" for i in range(len(cells)))
        return "<tr>" + "".join(f"<{tag}{m}>{escape(c)}</{tag}>" for m, c in zip(marks, cells, strict=True)) + "</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f'<div class="wide"><table><thead>{row(head, "th")}</thead><tbody>{body}</tbody></table></div>'
